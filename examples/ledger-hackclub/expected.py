"""Expected results for ledger-hackclub, from the raw files."""

import datetime
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *


def posting(r):
    f = r.fields
    return {
        "txn": integer(f["txn"]),
        "source_line": integer(f["source_line"]),
        "date": date(f["date"]),
        "payee": f["payee"],
        "account": f["account"],
        "amount": decimal(f["amount_usd"]),
        "receipt": f["receipt"],
        "entered_by": f["entered_by"],
        "entered_on": date(f["entered_on"]),
    }


postings = Population(
    "postings", read_csv(data_dir(), "postings.csv"), posting, "position",
    required=("txn", "source_line", "date", "payee", "account", "amount", "entered_by", "entered_on"),
    day=lambda r: r["date"], first="2015-01-01", last="2017-12-31",
    totals=("txn", "source_line", "amount"))
# Empty lines are no records.
texts = [t for t in text_of(data_dir() / "main.ledger").split("\n") if t != ""]
journal = Population("journal", [Record(i + 1, "main.ledger", {"line": t}) for i, t in enumerate(texts)],
                     lambda r: dict(r.fields), "position", required=("line",))
items = postings.items

dated = sum(re.match("[0-9]", t) is not None for t in texts)
postings.compare("transactions", len({r["txn"] for r in items}), dated)
postings.compare("posting-lines", len(items), sum(re.match(" +[A-Z]", t) is not None for t in texts))
per_account = {}
for t in texts:
    if re.match(" +[A-Z]", t):
        name = re.split(" {2,}", t.strip(" "))[0]
        per_account[name] = per_account.get(name, 0) + 1
postings.compare("accounts", {k[0]: len(v) for k, v in group(items, "account").items()}, per_account)
postings.compare("stated", len(items), 2777)
postings.compare("balanced", sum(r["amount"] for r in items), 0)
journal.compare("transactions-stated", dated, 1360)

of_txn = group(items, "txn")
users = {}
for r in items:
    users.setdefault(r["receipt"], set()).add(r["txn"])

# Groups come in the order of their keys, which are texts.
transactions = sorted(({"txn": k[0], "balance": sum(x["amount"] for x in v)} for k, v in of_txn.items()),
                      key=lambda t: key(t["txn"]))

# Every month from the first in which the account is expected to the end of the
# period; a posting in a month is in time, and one before the first is extra.
RECURRING = {"Expenses:Operating:Staff:Salary": "2015-05", "Expenses:Operating:Office:Rent": "2016-11"}
MONTHS = ["%d-%02d" % (y, m) for y in (2015, 2016, 2017) for m in range(1, 13)]
slots = []
for account, first in sorted(RECURRING.items()):
    months = [r["date"].strftime("%Y-%m") for r in items if r["account"] == account]
    for m in MONTHS:
        if m >= first or m in months:
            slots.append({"account": account, "month": m, "postings": months.count(m), "expected": m >= first})


def expense(r):
    return r["account"].startswith("Expenses:")


def person(r):
    parts = r["account"].split(":")
    return parts[2] if parts[:2] == ["Liabilities", "Reimbursement"] and len(parts) > 2 else None


def own(r, wanted):
    if person(r) is None or not wanted(r["amount"]):
        return NOT_APPLICABLE
    return person(r) != r["entered_by"]


def when(condition, result):
    return result if condition else NOT_APPLICABLE


emit([postings, journal], {
    "GL-01.T1": test(
        postings, rows=transactions, key_of=lambda t: key(t["txn"]), A=lambda t: t["balance"] == 0),
    "GL-01.T2": test(postings, A=lambda r: len(of_txn[r["txn"],]) >= 2),
    "GL-02.T1": test(postings, A=lambda r: when(expense(r), r["receipt"] is not None),
                     B=lambda r: when(expense(r) and r["receipt"] is not None, len(users[r["receipt"]]) == 1)),
    "GL-03.T1": test(postings, A=lambda r: (r["entered_on"] - r["date"]).days <= 60,
                     B=lambda r: r["date"].isoweekday() < 6,
                     C=lambda r: when(expense(r), r["amount"] == 0 or r["amount"] % 100 != 0)),
    "GL-05.T1": test(
        postings, rows=slots, key_of=lambda s: key(s["account"], s["month"] + "-01"),
        A=lambda s: s["postings"] > 0, B=lambda s: True if s["postings"] else NOT_APPLICABLE, C=lambda s: s["expected"]),
    "GL-04.T1": test(postings, A=lambda r: own(r, lambda a: a < 0), B=lambda r: own(r, lambda a: a > 0)),
})
