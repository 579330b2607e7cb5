"""Expected results for payables-salford, from the raw files."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *


def payment(r):
    f = r.fields
    return {
        "authority": f["Authority Name"],
        "paid_on": date(f["Date of Payment"]),
        "document": text(f["SAP Document Number"], trim=True),
        "gross": decimal(f["Gross"]),
        "vat": decimal(f["VAT"]),
        "net": decimal(f["Net"]),
        "supplier": text(f["Supplier Name"], trim=True),
        "directorate": text(f["Directorate"], trim=True),
        "file": r.file,
    }


payments = Population(
    "payments", read_csv(data_dir(), "20*.csv"), payment, "position",
    required=("authority", "paid_on", "gross", "vat", "net", "supplier", "directorate"),
    day=lambda row: row["paid_on"], first="2019-04-01", last="2020-03-31",
    totals=("gross", "vat", "net"))
items = payments.items

payments.compare("count-stated", len(items), 16767)
payments.compare("foots", sum(r["gross"] - r["net"] - r["vat"] for r in items), Decimal("0.00"))
payments.compare("boundary", {"2019-04-01", "2020-03-31"} - {r["paid_on"].isoformat() for r in items}, set())

COPY = ("supplier", "paid_on", "gross", "net", "vat", "document")
same_line = group(items, *COPY)
same_amount = group(items, "supplier", "gross")
of_document = group(items, "document")


def sign(row):
    if row["vat"] == 0:
        return NOT_APPLICABLE
    return row["vat"] * row["net"] >= 0


def a_rate(row):
    v, n, t = row["vat"], row["net"], Decimal("0.05")
    return v == 0 or abs(v - n * Decimal("0.2")) <= t or abs(v - n * Decimal("0.05")) <= t


def named(judge):
    return lambda row: NOT_APPLICABLE if row["supplier"].startswith("Redacted") else judge(row)


def alone(row):
    """No other payment to the supplier of this amount less than four days away."""
    return all(r is row or abs((r["paid_on"] - row["paid_on"]).days) > 3
               for r in same_amount[row["supplier"], row["gross"]])


def digits(row):
    if row["document"] is None:
        return NOT_APPLICABLE
    return re.fullmatch("[0-9]{9,10}", row["document"]) is not None


def one_supplier(row):
    if row["document"] is None:
        return NOT_APPLICABLE
    return len({r["supplier"] for r in of_document[row["document"],]}) == 1


emit([payments], {
    "AP-01.T1": test(payments, A=lambda r: r["gross"] == r["net"] + r["vat"]),
    "AP-02.T1": test(payments, A=sign, C=a_rate,
                     B=lambda r: abs(r["vat"]) <= abs(r["net"]) * Decimal("0.2") + Decimal("0.05")),
    "AP-03.T1": test(payments, A=named(lambda r: len(same_line[tuple(r[c] for c in COPY)]) == 1), B=named(alone)),
    "AP-04.T1": test(payments, A=lambda r: r["file"] == r["paid_on"].strftime("%Y-%m.csv")),
    "AP-04.T2": test(payments, A=lambda r: r["paid_on"].weekday() < 5),
    "AP-05.T1": test(payments, A=lambda r: r["document"] is not None, B=digits, C=one_supplier),
})
