"""Expected results for change-golang-tools, from the raw files."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

REVIEW = re.compile(r"https://go-review\.googlesource\.com/c/tools/\+/[0-9]+")


def change(r):
    f = r.fields
    parents = f["parents"]
    row = {c: f[c] for c in ("sha", "author_name", "message", "committer_name")}
    row["parent"] = parents[0]
    row["merged"] = parents[1] if len(parents) > 1 else None
    row["author_email"] = f["author_email"].lower()
    row["author_date"] = timestamp(f["author_date"])
    row["commit_date"] = timestamp(f["commit_date"])
    trailers = {}
    for line in f["message"].split("\n"):
        name, colon, value = line.partition(": ")
        if colon:
            trailers.setdefault(name, []).append(value)
    row["trailers"] = trailers
    return row


def release(r):
    f = r.fields
    return {"name": f["name"], "object": f["object"], "tagged_at": timestamp(f["tagged_at"])}


span = {"first": "2023-01-01", "last": "2025-12-31"}
changes = Population(
    "changes", read_json(data_dir(), "commits-2023-2025.jsonl"), change, ("sha",),
    required=("parent", "author_date", "message"), day=lambda r: r["commit_date"].date(), **span)
releases = Population(
    "releases", read_csv(data_dir(), "tags-2023-2025.tsv", names=["name", "object", "tagged_at"], tsv=True),
    release, ("name",), required=("object",), day=lambda r: r["tagged_at"].date(), **span)

changes.compare("count-stated", len(changes.items), 3059)
children = {}
for c in changes.items:
    children[c["parent"]] = children.get(c["parent"], 0) + 1
# As many distinct parents as changes: no change has two children.
changes.compare("linear", len(children), len(changes.items))
releases.compare("count-stated", len(releases.items), 141)

before = {c["item"]: changes.items[c["item"] - 1]["sha"] if c["item"] else None for c in changes.items}
on_main = {c["sha"] for c in changes.items}


def person(value):
    name, _, address = value.partition(" <")
    return name.strip(), address.rstrip(">").lower()


def reviewed_by_other(c):
    people = [person(v) for v in c["trailers"].get("Reviewed-by", [])]
    if not people:
        return NOT_APPLICABLE
    return any(n != c["author_name"] and a != c["author_email"] for n, a in people)


def tested(c):
    return any(t in c["trailers"] for t in ("TryBot-Result", "LUCI-TryBot-Result", "TryBot-Bypass"))


def bypassed_by_other(c):
    values = c["trailers"].get("TryBot-Bypass")
    if not values:
        return NOT_APPLICABLE
    return person(values[0])[1] != c["author_email"]


def links(c):
    return sum(REVIEW.fullmatch(v) is not None for v in c["trailers"].get("Reviewed-on", []))


def follows(c):
    if before[c["item"]] is None:
        return NOT_APPLICABLE
    return c["parent"] == before[c["item"]] and c["merged"] is None


def has_id(c):
    return any(re.fullmatch("I[0-9a-f]{40}", v) for v in c["trailers"].get("Change-Id", []))


def tagged_on_main(t):
    return NOT_APPLICABLE if t["name"].startswith("gopls/") else t["object"] in on_main


emit([changes, releases], {
    "CM-01.T1": test(changes, A=lambda c: bool(c["trailers"].get("Reviewed-by")), B=reviewed_by_other),
    "CM-02.T1": test(changes, A=tested, B=bypassed_by_other),
    "CM-03.T1": test(changes, A=lambda c: links(c) > 0, B=has_id, C=follows,
                     D=lambda c: links(c) == 1, E=lambda c: c["author_date"] <= c["commit_date"]),
    "CM-04.T1": test(releases, A=tagged_on_main),
})
