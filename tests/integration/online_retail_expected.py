#!/usr/bin/env python3
"""What `redressctl report --json` must show after an import of an "Online Retail" file.

    online_retail_expected.py FILE.csv[.xz]                    prints the expected report
    online_retail_expected.py FILE.csv[.xz] --check REPORT     compares; exit code 1 and a line for
                                                               each difference

A second reading of the import's rules and of the first rules of intake, policy and routing, which
shares nothing with the programs. Sample approvers approve every case, so claims are released by
policy's declines only. Whether that happens before the next request for the same units depends on
timing: figures that hang on it are printed as {"least": a, "most": b}.
"""
import argparse
import collections
import csv
import datetime
import decimal
import io
import json
import lzma
import sys

CURRENCY = "GBP"
CARRIAGE = {"POST", "DOT", "C2"}
NON_GOODS = {"M", "m", "D", "S", "B", "PADS", "CRUK", "BANK CHARGES", "AMAZONFEE"}
COMPLIANT_WITHIN = datetime.timedelta(days=30)
EXCEPTION_WITHIN = datetime.timedelta(days=90)
ROUTES = ((25_000, "AUTO"), (250_000, "LEVEL_1"), (1_000_000, "LEVEL_2"))
NAMES = {"Invoice": "InvoiceNo", "Price": "UnitPrice", "Customer ID": "CustomerID"}

Return = collections.namedtuple("Return", "id when line units")


class Line:
    def __init__(self, name, when, units, total, category):
        self.name = name        # "invoice:row"
        self.order_time, self.units, self.total, self.category = when, units, total, category
        self.given = 0          # to returns, when these look for their purchase
        self.claimed = None     # one flag per unit, made when first needed

    def claim(self, wanted):
        """Takes the lowest free units; gives what they are worth and which they are."""
        if self.claimed is None:
            self.claimed = bytearray(self.units)
        whole, remainder = divmod(self.total, self.units)
        taken = []
        at = 0
        while len(taken) < wanted:
            at = self.claimed.index(0, at)
            self.claimed[at] = 1
            taken.append(at)
        return sum(whole + (unit < remainder) for unit in taken), taken

    def free(self):
        return self.units if self.claimed is None else self.claimed.count(0)

    def release(self, taken):
        for unit in taken:
            self.claimed[unit] = 0


def rows(path):
    with open(path, "rb") as raw:
        packed = raw.read(6) == b"\xfd7zXZ\x00"
    binary = lzma.open(path) if packed else open(path, "rb")
    with io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape",
                          newline="") as text:
        reader = csv.reader(text)
        header = [NAMES.get(name, name) for name in next(reader)]
        for fields in reader:
            if fields:
                yield dict(zip(header, fields))


def moment(text):
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M"):
        try:
            return datetime.datetime.strptime(text, form)
        except ValueError:
            pass
    raise ValueError(f"no date: {text!r}")


def pence(price, units):
    exact = price * units * 100
    return int(exact.quantize(decimal.Decimal(1), rounding=decimal.ROUND_HALF_UP))


def skip_reason(invoice, units, price):
    if not (invoice[0] == "C" or invoice[0] in "0123456789"):
        return "OTHER_DOCUMENT"
    if units <= 0:
        return "QUANTITY"
    if price <= 0:
        return "PRICE"
    return "ZERO_TOTAL" if pence(price, units) == 0 else None


def category(stock):
    return "carriage" if stock in CARRIAGE else "non_goods" if stock in NON_GOODS else "goods"


def find_purchase(bought, units):
    for line in reversed(bought):
        if line.units - line.given >= units:
            return line
    return bought[-1] if bought else None


def read(path):
    """The lines of all orders by invoice, the returns, and what was left out."""
    orders = {}
    first_time = {}
    bought = collections.defaultdict(list)
    returns = []
    skipped = collections.Counter()
    row_of = collections.Counter()
    for row in rows(path):
        invoice, stock = row["InvoiceNo"], row["StockCode"]
        row_of[invoice] += 1
        name = f"{invoice}:{row_of[invoice]}"
        customer = row["CustomerID"].removesuffix(".0")
        is_return = invoice[0] == "C"
        units = int(decimal.Decimal(row["Quantity"])) * (-1 if is_return else 1)
        price = decimal.Decimal(row["UnitPrice"])
        reason = skip_reason(invoice, units, price)
        if reason is not None:
            skipped[reason] += 1
            continue
        when = moment(row["InvoiceDate"])
        if is_return:
            line = find_purchase(bought[customer, stock] if customer else [], units)
            if line is not None:
                line.given += units
            returns.append(Return(name, when, line, units))
            continue
        line = Line(name, first_time.setdefault(invoice, when), units, pence(price, units),
                    category(stock))
        orders.setdefault(invoice, []).append(line)
        if customer:
            bought[customer, stock].append(line)
    return orders, returns, skipped


def assess(line, when):
    if line.category == "non_goods":
        return "DECLINED/EXCLUDED_CATEGORY"
    passed = when - line.order_time
    if passed <= COMPLIANT_WITHIN:
        return "COMPLIANT"
    return "EXCEPTION/RETURN_WINDOW" if passed <= EXCEPTION_WITHIN else "DECLINED/RETURN_WINDOW"


def route(minor):
    return next((name for most, name in ROUTES if minor <= most), "LEVEL_2_TWO_APPROVERS")


def settle(returns, released):
    """Outcome and worth of each return, in order; claims of declines are released, or kept."""
    for entry in returns:
        if entry.line is not None:
            entry.line.claimed = None
    for _, when, line, units in returns:
        if line is None:
            yield "REJECTED/ORIGINAL_TRANSACTION_NOT_FOUND", 0
        elif units > line.units:
            yield "REJECTED/UNITS_EXCEED_PURCHASE", 0
        elif units > line.free():
            yield "REJECTED/UNITS_ALREADY_CLAIMED", 0
        else:
            worth, taken = line.claim(units)
            outcome = assess(line, when)
            if outcome.startswith("DECLINED") and released:
                line.release(taken)
            yield outcome, worth


def counted(pairs, with_amount=lambda name: True):
    table = {}
    for name, minor in pairs:
        entry = table.setdefault(name, {"count": 0})
        entry["count"] += 1
        if with_amount(name):
            amount = entry.setdefault("amount_minor", {CURRENCY: 0})
            amount[CURRENCY] += minor
    return table


def report(orders, returns, skipped, released):
    outcomes = list(settle(returns, released))
    paid = [minor for name, minor in outcomes if name.startswith(("COMPLIANT", "EXCEPTION"))]
    lines = [line for order in orders.values() for line in order]
    return {
        "orders": len(orders),
        "order_lines": len(lines),
        "captured": {CURRENCY: sum(line.total for line in lines)},
        "requests": len(returns),
        "skipped": dict(skipped),
        "outcomes": counted(outcomes, lambda name: not name.startswith("REJECTED")),
        "routes": counted((route(minor), minor) for name, minor in outcomes if name == "COMPLIANT"),
        "payouts": counted(("SUCCEEDED", minor) for minor in paid),
    }


def merged(one, other):
    """Equal figures as they are, others as a range."""
    if isinstance(one, dict) or isinstance(other, dict):
        one, other = one or {}, other or {}
        return {name: merged(one.get(name), other.get(name)) for name in {**one, **other}}
    one, other = one or 0, other or 0
    return one if one == other else {"least": min(one, other), "most": max(one, other)}


def differences(expected, found, path=""):
    if isinstance(expected, dict) and set(expected) == {"least", "most"}:
        if not (isinstance(found, int) and expected["least"] <= found <= expected["most"]):
            yield f"{path}: expected {expected['least']} to {expected['most']}, found {found}"
    elif isinstance(expected, dict):
        found = found if isinstance(found, dict) else {}
        for name in {**expected, **found}:
            if name not in expected and path == "":
                continue    # a report may tell more than is expected of it
            yield from differences(expected.get(name, 0), found.get(name, 0), f"{path}/{name}")
    elif expected != found:
        yield f"{path}: expected {expected}, found {json.dumps(found)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--check", metavar="REPORT", help="a report to compare")
    options = parser.parse_args()
    orders, returns, skipped = read(options.file)
    expected = merged(report(orders, returns, skipped, True),
                      report(orders, returns, skipped, False))
    if options.check is None:
        json.dump(expected, sys.stdout, indent=2)
        print()
        return 0
    with open(options.check, encoding="utf-8") as file:
        wrong = list(differences(expected, json.load(file)))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
