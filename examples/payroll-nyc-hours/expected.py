"""Expected results for payroll-nyc-hours, from the raw file."""

import pathlib
import sys
from decimal import ROUND_HALF_UP

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

MONEY = {"base_salary": "BaseSalary", "hours": "RegularHours", "gross": "RegularGrossPaid",
         "ot_hours": "OTHours", "ot_paid": "TotalOTPaid", "other_paid": "TotalOtherPay"}


def employee(r):
    f = r.fields
    row = {"fiscal_year": integer(f["FiscalYear"]), "started_on": date(f["AgencyStartDate"], "%m/%d/%Y")}
    for c, h in (("agency", "AgencyName"), ("title", "TitleDescription"), ("status", "LeaveStatus"),
                 ("pay_basis", "PayBasis")):
        row[c] = text(f[h], trim=True)
    for c, h in MONEY.items():
        row[c] = decimal(f[h], precision=9 if c.endswith("hours") else 11)
    return row


register = Population(
    "register", read_csv(data_dir(), "nyc_fy2016_da_manhattan.csv"), employee, "position",
    required=("fiscal_year", "agency", "started_on", "title", "status", "pay_basis") + tuple(MONEY),
    totals=("fiscal_year",) + tuple(MONEY))
register.compare("count-stated", len(register.items), 1773)


def when(condition, judge):
    return lambda r: judge(r) if condition(r) else NOT_APPLICABLE


def by_the_hour(r):
    due = r["base_salary"] * r["hours"]
    return abs(r["gross"] - due) <= due * Decimal("0.01")


def by_the_year(r):
    due = (r["base_salary"] * r["hours"] / 1830).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return abs(r["gross"] - due) <= due * Decimal("0.05")


def overtime_rate(r):
    if r["pay_basis"] == "per Day":
        return None
    year = 1830 if r["pay_basis"] == "per Annum" else 1
    return r["ot_paid"] * year <= r["base_salary"] * r["ot_hours"] * Decimal("1.515")


emit([register], {
    "PAY-01.T1": test(
        register,
        A=when(lambda r: r["pay_basis"] == "per Hour" and r["base_salary"] > 1, by_the_hour),
        B=lambda r: r["base_salary"] > 1,
        C=when(lambda r: r["pay_basis"] == "per Annum" and r["hours"] > 0, by_the_year)),
    "PAY-02.T1": test(
        register,
        A=when(lambda r: r["gross"] > 0, lambda r: r["hours"] > 0),
        B=when(lambda r: r["hours"] > 0, lambda r: r["gross"] > 0),
        C=lambda r: r["status"] != "CEASED"),
    "PAY-03.T1": test(
        register,
        A=when(lambda r: r["ot_paid"] > 0, lambda r: r["ot_hours"] > 0),
        B=when(lambda r: r["ot_hours"] > 0, lambda r: r["ot_paid"] > 0),
        C=when(lambda r: r["ot_hours"] > 0 and r["ot_paid"] > 0, overtime_rate),
        D=lambda r: r["ot_hours"] >= 0),
})
