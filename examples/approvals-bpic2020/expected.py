"""Expected results for approvals-bpic2020, from the raw files."""

import datetime
import pathlib
import sys
from decimal import ROUND_HALF_UP

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")


def step(r):
    f = r.fields
    return {
        "request": f["case_id"],
        "at": timestamp(f["time:timestamp"]),
        "unit": f["(case)_OrganizationalEntity"],
        "project": f["(case)_Project"],
        "amount": Decimal(f["(case)_RequestedAmount"]).quantize(Decimal("0.01"), ROUND_HALF_UP),
        "activity": f["concept:name"],
        "step": f["id"],
        "resource": f["org:resource"],
        "role": f["org:role"],
    }


steps = Population(
    "steps", read_csv(data_dir(), "RequestForPayment.csv.gz"), step, ("step",),
    required=("request", "at", "unit", "project", "activity", "resource", "role"),
    day=lambda r: r["at"].astimezone(AMSTERDAM).date(), first="2017-01-01", last="2018-12-31",
    outside="leave_out", totals=("amount",))
lines = [t for t in text_of(data_dir() / "RequestForPayment.xes.gz").split("\n") if t != ""]
xes = Population("xes", [Record(i + 1, "", {"line": t}) for i, t in enumerate(lines)],
                 lambda r: r.fields, "position")

requests = group(steps.items, "request")
traces = sum("<trace>" in t for t in lines)
steps.compare("requests-in-xes", len(requests), traces)
steps.compare("steps-in-xes", len(steps.items),
              sum('key="time:timestamp" value="2017-' in t or 'key="time:timestamp" value="2018-' in t for t in lines))
xes.compare("traces-stated", traces, 6760)
xes.compare("events-stated", sum("<event>" in t for t in lines), 36072)

before = {}
for rows in requests.values():
    for i, r in enumerate(rows):
        before[r["step"]] = rows[:i]


def payment(r):
    return r["activity"] == "Payment Handled"


def final(r):
    return "FINAL_APPROVED" in r["activity"]


def last(r, wanted):
    found = [b for b in before[r["step"]] if wanted(b)]
    return found[-1] if found else None


def rejected(r):
    return "REJECTED" in r["activity"]


def checked(r):
    return r["activity"].endswith("APPROVED by ADMINISTRATION")


def not_rejected_since(r, approval):
    a, j = last(r, approval), last(r, rejected)
    if a is None:
        return NOT_APPLICABLE
    return j is None or j["item"] < a["item"]


def in_time(r):
    approvals = [b["at"] for b in before[r["step"]] if final(b)]
    return r["at"] - max(approvals) <= datetime.timedelta(days=30) if approvals else None


def at(kind, judge):
    return lambda r: judge(r) if kind(r) else NOT_APPLICABLE


emit([steps, xes], {
    "PR-01.T1": test(
        steps,
        A=at(payment, lambda r: last(r, final) is not None),
        B=at(payment, lambda r: not_rejected_since(r, final)),
        C=at(payment, lambda r: last(r, lambda b: b["activity"] == "Request Payment") is not None),
        D=at(payment, lambda r: sum(payment(x) for x in requests[r["request"],]) == 1)),
    "PR-02.T1": test(steps, A=at(final, lambda r: last(r, checked) is not None),
                     B=at(final, lambda r: not_rejected_since(r, checked))),
    "PR-03.T1": test(steps, A=at(payment, in_time),
                     B=at(final, lambda r: any(payment(x) for x in requests[r["request"],]))),
})
