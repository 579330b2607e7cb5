"""Expected results for itsm-incidents, from the raw file."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

HOURS = {"1 - Critical": 8, "2 - High": 24, "3 - Moderate": 120, "4 - Low": 240}
PRIORITY = ("1 - Critical", "2 - High", "3 - Moderate", "4 - Low")


def event(r):
    f = {k: None if v == "?" else v for k, v in r.fields.items()}
    row = {c: f[c] for c in ("number", "incident_state", "sys_updated_by", "impact", "urgency", "priority",
                             "assignment_group", "assigned_to", "problem_id", "rfc", "closed_code", "resolved_by")}
    for c in ("reassignment_count", "reopen_count", "sys_mod_count"):
        row[c] = integer(f[c])
    for c in ("active", "made_sla"):
        row[c] = boolean(f[c], ("TRUE",), ("FALSE",))
    for c in ("opened_at", "sys_updated_at", "resolved_at", "closed_at"):
        row[c] = timestamp(f[c], "UTC", "%d-%m-%Y %H:%M")
    return row


events = Population(
    "events", read_csv(data_dir(), "incident_event_log.csv"), event, ("number", "sys_mod_count"),
    required=("incident_state", "active", "made_sla", "opened_at", "sys_updated_at", "sys_updated_by",
              "impact", "urgency", "priority", "reassignment_count", "reopen_count"),
    day=lambda r: r["sys_updated_at"].date(), first="2016-02-29", last="2017-02-28",
    totals=("reassignment_count", "reopen_count", "sys_mod_count"))
items = events.items

incidents = {}
for r in items:
    incidents.setdefault(r["number"], []).append(r)
for rows in incidents.values():
    rows.sort(key=lambda r: r["sys_mod_count"])
    closes = [r for r in rows if r["incident_state"] == "Closed"]
    for before, r in zip([None] + rows, rows):
        r["before"] = before
        r["last_close"] = bool(closes) and r is closes[-1]

events.compare("events-stated", len(items), 5998)
events.compare("incidents-stated", len(incidents), 890)


def closing(judge):
    return lambda r: judge(r) if r["last_close"] else NOT_APPLICABLE


def in_time(r):
    if r["resolved_at"] is None:
        return None
    return (r["resolved_at"] - r["opened_at"]).total_seconds() <= HOURS[r["priority"]] * 3600


def by_matrix(r):
    score = int(r["impact"][0]) + int(r["urgency"][0])
    return r["priority"] == PRIORITY[min(max(score - 2, 0), 3)]


def when_by_matrix(r):
    """The matrix has each combination once, from before the period on."""
    return True if by_matrix(r) else NOT_APPLICABLE


def steady(r):
    return len({x["priority"] for x in incidents[r["number"]]}) == 1


def in_order(r):
    return r["resolved_at"] is not None and r["opened_at"] <= r["resolved_at"] <= r["closed_at"]


def later(r):
    return NOT_APPLICABLE if r["before"] is None else r["sys_updated_at"] >= r["before"]["sys_updated_at"]


def from_zero(r):
    return r["sys_mod_count"] == 0 if r["before"] is None else NOT_APPLICABLE


def next_number(r):
    return NOT_APPLICABLE if r["before"] is None else r["sys_mod_count"] == r["before"]["sys_mod_count"] + 1


emit([events], {
    "IM-01.T1": test(events, A=closing(in_time), B=closing(lambda r: r["made_sla"])),
    "IM-02.T1": test(events, A=by_matrix, B=steady),
    "IM-02.T2": test(events, A=by_matrix, B=when_by_matrix, C=when_by_matrix),
    "IM-03.T1": test(events, A=closing(in_order), B=closing(lambda r: r["assigned_to"] is not None),
                     C=closing(lambda r: None not in (r["assignment_group"], r["resolved_by"])),
                     D=closing(lambda r: r["reopen_count"] == 0)),
    "IM-04.T1": test(events, A=later, B=from_zero, C=next_number),
})
