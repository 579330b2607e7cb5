"""Expected results for billing-focus, from the raw file."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

DECIMALS = {"billed_cost": ("BilledCost", 11, 18), "list_cost": ("ListCost", 11, 18),
            "contracted_cost": ("ContractedCost", 11, 18), "effective_cost": ("EffectiveCost", 11, 18),
            "list_unit_price": ("ListUnitPrice", 12, 18), "contracted_unit_price": ("ContractedUnitPrice", 12, 18),
            "pricing_quantity": ("PricingQuantity", 12, 18), "consumed_quantity": ("ConsumedQuantity", 15, 24)}
TIMES = {"starts_at": "ChargePeriodStart", "ends_at": "ChargePeriodEnd",
         "billing_starts_at": "BillingPeriodStart", "billing_ends_at": "BillingPeriodEnd"}
TEXTS = {"id": "Id", "provider": "ProviderName", "category": "ChargeCategory", "description": "ChargeDescription",
         "currency": "BillingCurrency", "resource": "ResourceId", "sub_account": "SubAccountName", "tags": "Tags"}


def charge(r):
    f = {k: None if v == "NULL" else v for k, v in r.fields.items()}
    row = {c: f[h] for c, h in TEXTS.items()}
    row.update({c: timestamp(f[h], "UTC", "%Y-%m-%d %H:%M:%S") for c, h in TIMES.items()})
    row.update({c: decimal(f[h], scale, precision) for c, (h, scale, precision) in DECIMALS.items()})
    return row


charges = Population(
    "charges", read_csv(data_dir(), "focus_sample.csv"), charge, ("id",),
    required=("provider", "category", "currency", "billed_cost", "list_cost", "effective_cost",
              "pricing_quantity") + tuple(TIMES),
    day=lambda r: r["starts_at"].date(), first="2024-09-01", last="2024-09-30", totals=tuple(DECIMALS))
charges.compare("count-stated", len(charges.items), 1000)
charges.compare("aws-stated", sum(r["provider"] == "AWS" for r in charges.items), 942)


def product(cost, price):
    def judge(r):
        if r[cost] is None or r[price] is None:
            return None
        return abs(r[cost] - r[price] * r["pricing_quantity"]) <= Decimal("1e-10")
    return judge


def in_period(r):
    return r["billing_starts_at"] <= r["starts_at"] < r["ends_at"] <= r["billing_ends_at"]


def when(condition, judge):
    return lambda r: judge(r) if condition(r) else NOT_APPLICABLE


emit([charges], {
    "BIL-01.T1": test(charges, A=product("list_cost", "list_unit_price")),
    "BIL-01.T2": test(charges, A=product("contracted_cost", "contracted_unit_price")),
    "BIL-02.T1": test(charges, A=lambda r: r["billed_cost"] <= r["list_cost"]),
    "BIL-02.T2": test(charges, A=lambda r: r["currency"] == "USD"),
    "BIL-03.T1": test(charges, A=in_period,
                      B=when(lambda r: r["category"] == "Usage", lambda r: bool(r["resource"])),
                      C=when(lambda r: r["billed_cost"] < 0, lambda r: r["category"] in ("Credit", "Adjustment")),
                      D=lambda r: bool(r["tags"])),
})
