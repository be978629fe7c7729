#!/usr/bin/env python3
"""redressctl import online-retail against a second reading of its rules; needs no broker.

    online_retail_import_test.py PROGRAMS

Compares counts, money, and the purchase that each return is given to: for made files full of odd
cases, and for the real file where RETAIL_DATA or ../shared/data has it. limit: 120 s
"""
import csv
import io
import json
import lzma
import os
import pathlib
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import online_retail_expected as second

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL_NAME = "online_retail_2010-12_2011-05.csv.xz"
SEEDS = range(1, 21)
ROWS = 400
HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
          "CustomerID", "Country"]


def made_rows(dice):
    """Few customers, codes and invoices, so that everything meets everything."""
    for number in range(ROWS):
        kind = dice.choices(["", "C", "A"], [70, 25, 5])[0]
        quantity = dice.choice([0, 1, 2, 3, 5, 12, 74215])
        if kind == "C":
            quantity = -quantity
        if dice.random() < 0.05:
            quantity = -quantity
        date = (f"2011-{1 + number * 11 // ROWS:02}-{dice.randint(1, 28):02} "
                f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:00")
        if dice.random() < 0.3:
            year, month, rest = date.split("-")
            day, time = rest.split(" ")
            hour, minute, _ = time.split(":")
            date = f"{int(month)}/{int(day)}/{year} {int(hour)}:{minute}"
        yield [f"{kind}{dice.randint(536000, 536060)}",
               dice.choice(["85123A", "85123a", "POST", "M", "22423 ", " 22423", "22423"]),
               dice.choice(["PLAIN", 'A "QUOTED" ONE', "COMMA, HERE", "TWO\nLINES", "5\" PLATE",
                            "", "CAF\u00c9"]),
               quantity, date,
               dice.choice(["2.55", "0.001", "0.005", "0", "-3.10", "1", "12.345", "0.835"]),
               dice.choice(["17850", "17850.0", "13047", "", ""]), "United Kingdom"]


def write_made(path, seed):
    dice = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=dice.choice(["\n", "\r\n"]),
                        quoting=dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer.writerow(HEADER)
    writer.writerows(made_rows(dice))
    content = text.getvalue().encode("utf-8-sig" if dice.random() < 0.5 else "utf-8")
    path.write_bytes(lzma.compress(content) if dice.random() < 0.5 else content)


def run_import(program, *arguments):
    done = subprocess.run([program, "import", "online-retail", *arguments, "--json"],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def given_to(folder):
    """Of each request: order, line and units, as published."""
    path = folder / "refunds.requests.v1.jsonl"
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as file:
        requests = [json.loads(line) for line in file]
    return {request["requestId"]: (f"{request['orderId']}:{request['lines'][0]['lineId']}",
                                   int(request["lines"][0]["units"])) for request in requests}


def compare(program, path, folder):
    found = run_import(program, path, "--out", folder)
    orders, returns, skipped = second.read(path)
    lines = [line for order in orders.values() for line in order]
    expected = {
        "orders": len(orders),
        "order_lines": len(lines),
        "captured": {second.CURRENCY: sum(line.total for line in lines)},
        "requests": len(returns),
        "requests_without_order": sum(entry.line is None for entry in returns),
        "skipped": dict(skipped),
    }
    assert found == expected, f"{found} instead of {expected}"
    assert run_import(program, path, "--dry-run") == expected
    published = given_to(folder)
    assert len(published) == len(returns)
    for entry in returns:
        place, units = published[entry.id]
        assert units == entry.units, f"{entry.id}: {units} units"
        if entry.line is None:
            assert place.startswith("UNKNOWN-") and place.endswith(":1"), f"{entry.id}: {place}"
        else:
            assert place == entry.line.name, f"{entry.id}: {place}, not {entry.line.name}"


def real_file():
    named = os.environ.get("RETAIL_DATA")
    path = pathlib.Path(named) if named else ROOT.parent / "shared" / "data" / REAL_NAME
    return path if path.exists() else None


def check(name, program, prepare):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        try:
            compare(program, prepare(folder), folder / "out")
        except (AssertionError, KeyError, ValueError, subprocess.CalledProcessError) as error:
            print(f"FAILED {name}: {error}")
            return False
    print(f"ok     {name}")
    return True


def made(seed):
    def prepare(folder):
        path = folder / "made.csv"
        write_made(path, seed)
        return path
    return prepare


def main():
    program = pathlib.Path(sys.argv[1]) / "redressctl"
    results = [check(f"made file {seed}", program, made(seed)) for seed in SEEDS]
    real = real_file()
    if real is not None:
        results.append(check("the real file", program, lambda folder: real))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, {int(real is None)} skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
