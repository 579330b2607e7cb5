"""Expected results for ledger-hackclub, from the raw files."""

import datetime
import pathlib
import re
import sys

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
postings.compare("stated", len(items), 2777)
postings.compare("balanced", sum(r["amount"] for r in items), 0)
journal.compare("transactions-stated", dated, 1360)

of_txn = group(items, "txn")
users = {}
for r in items:
    users.setdefault(r["receipt"], set()).add(r["txn"])


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
    "GL-01.T1": test(postings, A=lambda r: sum(x["amount"] for x in of_txn[r["txn"],]) == 0,
                     B=lambda r: len(of_txn[r["txn"],]) >= 2),
    "GL-02.T1": test(postings, A=lambda r: when(expense(r), r["receipt"] is not None),
                     B=lambda r: when(expense(r) and r["receipt"] is not None, len(users[r["receipt"]]) == 1)),
    "GL-03.T1": test(postings, A=lambda r: (r["entered_on"] - r["date"]).days <= 60,
                     B=lambda r: r["date"].isoweekday() < 6,
                     C=lambda r: when(expense(r), r["amount"] == 0 or r["amount"] % 100 != 0)),
    "GL-04.T1": test(postings, A=lambda r: own(r, lambda a: a < 0), B=lambda r: own(r, lambda a: a > 0)),
})
