"""Expected results for invoices-online-retail, from the raw files."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

COLUMNS = ("invoice_no", "stock_code", "description", "quantity", "unit_price", "invoiced_at", "customer", "country")


def line(r):
    f = r.fields
    return {
        "invoice_no": f["InvoiceNo"],
        "stock_code": f["StockCode"],
        "description": text(f["Description"], trim=True),
        "quantity": integer(f["Quantity"]),
        "invoiced_at": timestamp(f["InvoiceDate"], "Europe/London", "%Y-%m-%d %H:%M:%S"),
        "unit_price": decimal(f["UnitPrice"]),
        "customer": f["CustomerID"],
        "country": f["Country"],
        "file": r.file,
    }


LONDON = zoneinfo.ZoneInfo("Europe/London")
lines = Population(
    "lines", read_csv(data_dir(), "2010-12/*.csv"), line, "position",
    required=("invoice_no", "stock_code", "quantity", "invoiced_at", "unit_price", "country"),
    day=lambda r: r["invoiced_at"].astimezone(LONDON).date(), first="2010-12-01", last="2010-12-31",
    totals=("quantity", "unit_price"))
items = lines.items


def number(row):
    return int(row["invoice_no"].lstrip("C"))


def credit(row):
    return row["invoice_no"].startswith("C")


numbers = {number(r) for r in items}
first, last = min(numbers), max(numbers)
lines.compare("count-stated", len(items), 42481)
lines.compare("files-stated", len({r["file"] for r in items}), 20)
lines.compare("numbers", len(numbers), last - first + 1)

times = group(items, *COLUMNS)
of_invoice = group(items, "invoice_no")
sales = group([r for r in items if not credit(r)], "customer", "stock_code")


def on_sales(judge):
    return lambda r: NOT_APPLICABLE if credit(r) else judge(r)


def on_credits(judge):
    return lambda r: judge(r) if credit(r) else NOT_APPLICABLE


def sale_before(r):
    if r["customer"] is None:
        return NOT_APPLICABLE
    return any(s["invoiced_at"] <= r["invoiced_at"] and s["quantity"] + r["quantity"] >= 0
               for s in sales.get((r["customer"], r["stock_code"]), []))


emit([lines], {
    "BIL-01.T1": test(lines, A=lambda r: NOT_APPLICABLE if number(r) == first else number(r) - 1 in numbers),
    "BIL-02.T1": test(lines, A=on_sales(lambda r: r["unit_price"] > 0),
                      B=on_sales(lambda r: r["quantity"] > 0),
                      C=on_sales(lambda r: re.fullmatch("[0-9]{5}[A-Za-z]{0,2}", r["stock_code"]) is not None),
                      D=on_sales(lambda r: r["quantity"] < 1000)),
    "BIL-03.T1": test(lines, A=on_credits(lambda r: r["quantity"] < 0),
                      B=on_credits(lambda r: r["customer"] is not None),
                      C=on_credits(sale_before)),
    "BIL-04.T1": test(lines, A=lambda r: len(times[tuple(r[c] for c in COLUMNS)]) == 1,
                      B=lambda r: r["_day"].isoformat() + ".csv" == r["file"],
                      C=lambda r: r["description"] is not None,
                      D=lambda r: len({x["invoiced_at"] for x in of_invoice[r["invoice_no"],]}) == 1,
                      E=lambda r: r["customer"] is not None),
})
