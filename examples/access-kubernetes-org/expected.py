"""Expected results for access-kubernetes-org, from the raw files."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *


def low(s):
    return None if s is None else s.lower()


def change(r):
    f = r.fields
    return {
        "sha": f["sha"],
        "merged_at": timestamp(f["merged_at"]),
        "merge_author": f["merge_author"],
        "committer": f["committer"],
        "subject": f["subject"],
        "pr": integer(f["pr"]),
        "requester": low(f["pr_author_login"]),
        "is_merge": f["is_merge"],
    }


def grant(r):
    f = r.fields
    row = {c: f["access_changes"][c] for c in ("op", "file", "scope", "role", "team")}
    row["subject"] = f["access_changes"]["subject"].lower()
    row["sha"] = f["sha"]
    row["merged_at"] = timestamp(f["merged_at"])
    row["pr"] = integer(f["pr"])
    row["requester"] = low(f["pr_author_login"])
    return row


def members(ident, day, what):
    """The top-level list called what of each org.yaml: enough YAML for these files."""
    records = []
    for path in sorted(data_dir().glob("snapshots/" + day + "/*/org.yaml")):
        name, inside, handles = None, False, []
        for line in text_of(path).split("\n"):
            top = re.match("([a-z_]+): *(.*)", line)
            if top:
                inside = top.group(1) == what
                name = top.group(2) if top.group(1) == "name" else name
            elif inside and line.startswith("- "):
                handles.append(line[2:].strip().strip("\"'"))
        records += [(name, h, path) for h in handles]
    return Population(
        ident, [Record(i + 1, p.name, {"organization": n, "handle": h.lower()}) for i, (n, h, p) in enumerate(records)],
        lambda r: dict(r.fields), ("organization", "handle"), required=("organization", "handle"))


span = {"day": lambda r: r["merged_at"].date(), "first": "2025-01-01", "last": "2025-12-31"}
changes = Population("changes", read_json(data_dir(), "*.jsonl"), change, ("sha",),
                     required=("merge_author", "committer", "subject", "is_merge"), totals=("pr",), **span)
grants = Population("grants", read_json(data_dir(), "*.jsonl", explode="access_changes"), grant, "position",
                    required=("op", "file", "scope", "role"), totals=("pr",), **span)
lists = {(what, year): members("%s_%s" % (what, year), year + "-12-31", what)
         for what in ("members", "admins") for year in ("2024", "2025")}

changes.compare("count-stated", len(changes.items), 359)


def is_member(g):
    return g["scope"] == "org" and g["role"] == "member"


assert len(lists["members", "2024"].items) == 2458 and len(lists["members", "2025"].items) == 2232

for what in ("members", "admins"):
    opening = len(lists[what, "2024"].items)
    moves = [g["op"] for g in grants.items if g["scope"] == "org" and g["role"] + "s" == what]
    grants.compare("%s-rolled-forward" % what, opening + moves.count("add") - moves.count("remove"),
                   len(lists[what, "2025"].items))
    lists[what, "2025"].compare("rolled-forward", len(lists[what, "2025"].items),
                                opening + moves.count("add") - moves.count("remove"))
    lists[what, "2024"].compare("rolled-back", opening,
                                len(lists[what, "2025"].items) - moves.count("add") + moves.count("remove"))

# Organization names by directory, read from the files themselves.
names = {}
for p in data_dir().glob("snapshots/2025-12-31/*/org.yaml"):
    names["config/%s/org.yaml" % p.parent.name] = re.search("^name: (.*)$", text_of(p), re.M).group(1)
closing = {(what[:-1], r["organization"], r["handle"])
           for (what, year), p in lists.items() if year == "2025" for r in p.items}
# The last word: the latest change; within one change an addition beats a removal.
last = {}
for g in grants.items:
    k = (g["scope"], g["role"], g["file"], g["subject"])
    rank = (g["merged_at"], g["op"] == "add", g["item"])
    if k not in last or rank > last[k][0]:
        last[k] = (rank, g["item"])

opened, ruled = ({(r["organization"], r["handle"]) for r in lists[what, "2024"].items} for what in ("members", "admins"))
added = {(names[g["file"]], g["subject"]) for g in grants.items if is_member(g) and g["op"] == "add"}


def in_force(op):
    def judge(g):
        k = (g["scope"], g["role"], g["file"], g["subject"])
        if g["scope"] != "org" or g["op"] != op or last[k][1] != g["item"]:
            return NOT_APPLICABLE
        return ((g["role"], names[g["file"]], g["subject"]) in closing) == (op == "add")
    return judge


def others(*scope_roles):
    def judge(g):
        if g["op"] != "add" or (g["scope"], g["role"]) not in scope_roles:
            return NOT_APPLICABLE
        return None if g["requester"] is None else g["requester"] != g["subject"]
    return judge


emit([changes, grants] + list(lists.values()), {
    "AC-01.T1": test(changes, A=lambda c: c["pr"] is not None or re.search(r"\(#[0-9]+\)$", c["subject"]) is not None,
                     B=lambda c: c["merge_author"] == "Kubernetes Prow Robot", C=lambda c: c["is_merge"]),
    "AC-02.T1": test(grants, A=others(("org", "admin")), B=others(("team", "maintainer")),
                     C=others(("org", "member"), ("team", "member"))),
    "AC-03.T1": test(grants, A=in_force("add"), B=in_force("remove")),
    "AC-03.T2": test(lists["members", "2025"],
                     A=lambda m: (m["organization"], m["handle"]) in opened or (m["organization"], m["handle"]) in added),
    "AC-03.T3": test(lists["admins", "2025"], A=lambda m: (m["organization"], m["handle"]) in ruled),
})
