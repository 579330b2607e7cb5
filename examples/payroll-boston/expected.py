"""Expected results for payroll-boston, from the raw file."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

COMPONENTS = ("regular", "retro", "other", "overtime", "injured", "detail", "quinn_education")
MONEY = COMPONENTS + ("total_gross",)
DETAIL = {"Boston Police Department", "Boston Fire Department", "Property Management", "Parks Department"}


def employee(r):
    f = r.fields
    row = {"year": integer(f["year"]), "zip_code": f["zip_code"]}
    row.update({c: f[c] for c in ("name", "department", "title")})
    row.update({c: decimal(f[c]) for c in MONEY})
    return row


earnings = Population(
    "earnings", read_csv(data_dir(), "boston_payroll_2023_2024.csv.gz"), employee,
    ("year", "name", "department", "title"), required=MONEY, totals=("year",) + MONEY)
items = earnings.items

earnings.compare("count-2023", sum(r["year"] == 2023 for r in items), 25810)
earnings.compare("count-2024", sum(r["year"] == 2024 for r in items), 25525)

post = {(r["year"], r["name"], r["department"], r["title"]): r for r in items}
names = group(items, "year", "name")


def rise(r):
    before = post.get((r["year"] - 1, r["name"], r["department"], r["title"]))
    if before is None or before["regular"] <= 0:
        return NOT_APPLICABLE
    return r["regular"] <= before["regular"] * Decimal("1.5")


def when(condition, result):
    return result if condition else NOT_APPLICABLE


emit([earnings], {
    "PAY-01.T1": test(earnings, A=lambda r: r["total_gross"] == sum(r[c] for c in COMPONENTS)),
    "PAY-02.T1": test(earnings, A=lambda r: r["total_gross"] > 0,
                      B=lambda r: min(r[c] for c in COMPONENTS) >= 0, C=rise),
    "PAY-03.T1": test(
        earnings,
        A=lambda r: when(r["overtime"] > 0, r["regular"] > 0),
        B=lambda r: when(r["quinn_education"] != 0, r["department"] == "Boston Police Department"),
        C=lambda r: when(r["overtime"] > 0 and r["regular"] > 0, r["overtime"] <= r["regular"]),
        D=lambda r: when(r["detail"] != 0, r["department"] in DETAIL)),
    "PAY-04.T1": test(
        earnings,
        A=lambda r: r["title"].strip() != "",
        B=lambda r: r["zip_code"] is not None and r["zip_code"].strip() != "",
        C=lambda r: when(r["zip_code"] is not None,
                         re.fullmatch("[0-9]{5}(-[0-9]{4})?", r["zip_code"] or "") is not None),
        D=lambda r: len(names[r["year"], r["name"]]) == 1),
})
