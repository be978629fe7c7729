#!/usr/bin/env python3
"""The decision engine against Python's decimal, calendar and time zones, and the truth tables.

    reference_test.py PROGRAMS        limit: 120 s

Random expressions with what Python makes of them become cases in the layout of the test kit, each
asking whether the two are the same to the last digit, and `redressctl dmn test` runs them. The
random numbers are the same every time; SEED in the environment takes others.
"""

import calendar
import datetime
import decimal
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import zoneinfo
from xml.sax.saxutils import escape

D = decimal.Decimal
CONTEXT = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144)
RANDOM = random.Random(int(os.environ.get("SEED", "1")))
MODEL = "https://www.omg.org/spec/DMN/20230324/MODEL/"
ROUNDINGS = {"decimal": decimal.ROUND_HALF_EVEN, "floor": decimal.ROUND_FLOOR,
             "ceiling": decimal.ROUND_CEILING, "round up": decimal.ROUND_UP,
             "round down": decimal.ROUND_DOWN, "round half up": decimal.ROUND_HALF_UP,
             "round half down": decimal.ROUND_HALF_DOWN}
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Etc/UTC")


def number(digits=12, scale=8):
    whole = RANDOM.randrange(10 ** RANDOM.randrange(1, digits))
    return D(RANDOM.choice((-1, 1)) * whole).scaleb(-RANDOM.randrange(scale), CONTEXT)


def plain(value):
    """As FEEL writes it: no exponent, no minus before zero."""
    text = format(value, "f")
    return text.lstrip("-") if value.is_zero() else text


def literal(value):
    return f"({plain(value)})"


def exactly(expression, value):
    return f'string({expression}) = "{plain(value)}"'


def rounded(value, scale, rounding):
    context = decimal.Context(prec=60, rounding=rounding)
    return value.quantize(D(1).scaleb(-scale), context=context)


def arithmetic():
    operations = {"+": CONTEXT.add, "-": CONTEXT.subtract, "*": CONTEXT.multiply, "/": CONTEXT.divide}
    for _ in range(600):
        a, b = number(*RANDOM.choice(((12, 8), (30, 20)))), number()
        sign = RANDOM.choice("+-*/")
        if sign == "/" and b.is_zero():
            yield f"{literal(a)} / 0 = null"
            continue
        yield exactly(f"{literal(a)} {sign} {literal(b)}", operations[sign](a, b))
        yield f"({literal(a)} < {literal(b)}) = {str(a < b).lower()}"
        yield f"({literal(a)} = {literal(b)}) = {str(a == b).lower()}"
    for _ in range(150):
        a, b = number(), number()
        if not b.is_zero():
            floor = (a / b).to_integral_value(decimal.ROUND_FLOOR)
            yield f"modulo({literal(a)}, {literal(b)}) = {literal(a - b * floor)}"
        yield exactly(f"sqrt({literal(abs(a))})", CONTEXT.sqrt(abs(a)))


def rounding():
    for name, mode in ROUNDINGS.items():
        for _ in range(60):
            value, scale = number(), RANDOM.randrange(0, 7)
            yield f"{name}({literal(value)}, {scale}) = {literal(rounded(value, scale, mode))}"
        for tie in ("0.5", "1.5", "2.5", "-0.5", "-1.5", "-2.5"):
            yield f"{name}({tie}, 0) = {literal(rounded(D(tie), 0, mode))}"


def lists():
    for _ in range(80):
        values = [number() for _ in range(RANDOM.randrange(1, 9))]
        text = "[" + ", ".join(map(literal, values)) + "]"
        total = values[0]
        for value in values[1:]:
            total = CONTEXT.add(total, value)
        yield exactly(f"sum({text})", total)
        yield exactly(f"mean({text})", CONTEXT.divide(total, D(len(values))))
        yield f"min({text}) = {literal(min(values))}"
        yield f"max({text}) = {literal(max(values))}"
        ordered = ", ".join(map(literal, sorted(values)))
        yield f"sort({text}, function(a, b) a < b) = [{ordered}]"


def date():
    return datetime.date.fromordinal(RANDOM.randrange(1, datetime.date.max.toordinal()))


def add_months(day, months):
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        return None
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(start, end):
    if start > end:
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (1 if end.day < start.day else 0)


def at(day):
    return f'@"{day.isoformat()}"'


def duration(months):
    sign = "-" if months < 0 else ""
    years, rest = divmod(abs(months), 12)
    return f'@"{sign}P{years}Y{rest}M"'


def dates():
    for _ in range(300):
        a, b = date(), date()
        yield f'{at(a)} - {at(b)} = duration("{"-" if a < b else ""}P{abs((a - b).days)}D")'
        yield f"({at(a)} < {at(b)}) = {str(a < b).lower()}"
        yield f"{at(a)}.weekday = {a.isoweekday()}"
        yield f"day of year({at(a)}) = {a.timetuple().tm_yday}"
        yield f"week of year({at(a)}) = {a.isocalendar()[1]}"
        yield f'day of week({at(a)}) = "{calendar.day_name[a.weekday()]}"'
        days = RANDOM.randrange(-4000, 4000)
        if 1 <= a.toordinal() + days <= datetime.date.max.toordinal():
            moved = a + datetime.timedelta(days=days)
            yield f'{at(a)} + duration("{"-" if days < 0 else ""}P{abs(days)}D") = {at(moved)}'
        months = RANDOM.randrange(-600, 600)
        if add_months(a, months) is not None:
            yield f"{at(a)} + {duration(months)} = {at(add_months(a, months))}"
        yield f"years and months duration({at(a)}, {at(b)}) = {duration(months_between(a, b))}"


def seconds(total):
    return f'duration("{"-" if total < 0 else ""}PT{abs(total)}S")'


def moments():
    first = int(datetime.datetime(1975, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
    last = int(datetime.datetime(2036, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
    for _ in range(300):
        zone = RANDOM.choice(ZONES)
        one = datetime.datetime.fromtimestamp(RANDOM.randrange(first, last), zoneinfo.ZoneInfo(zone))
        other = datetime.datetime.fromtimestamp(RANDOM.randrange(first, last), datetime.timezone.utc)
        if one.fold:
            continue  # the second of two equal local times cannot be written
        a = f'@"{one.replace(tzinfo=None).isoformat()}@{zone}"'
        b = f'@"{other.replace(tzinfo=None).isoformat()}Z"'
        yield f"{a}.time offset = {seconds(int(one.utcoffset().total_seconds()))}"
        yield f"{a} - {b} = {seconds(int((one - other).total_seconds()))}"
        yield f"({a} < {b}) = {str(one < other).lower()}"


def truth(value):
    return "null" if value is None else str(value).lower()


def logic():
    values = (True, False, None)
    for a, b in itertools.product(values, repeat=2):
        both = False if False in (a, b) else None if None in (a, b) else True
        either = True if True in (a, b) else None if None in (a, b) else False
        yield f"is({truth(a)} and {truth(b)}, {truth(both)})"
        yield f"is({truth(a)} or {truth(b)}, {truth(either)})"
    for a in values:
        yield f"is(not({truth(a)}), {truth(None if a is None else not a)})"
    for size in range(5):
        for items in itertools.product(values, repeat=size):
            text = "[" + ", ".join(map(truth, items)) + "]"
            every = False if False in items else None if None in items else True
            some = True if True in items else None if None in items else False
            yield f"is(all({text}), {truth(every)})"
            yield f"is(any({text}), {truth(some)})"
            yield f"is((every x in {text} satisfies x), {truth(every)})"
            yield f"is((some x in {text} satisfies x), {truth(some)})"


def write_folder(folder, name, expressions):
    """One decision and one case per expression: each must come to true."""
    decisions, cases = [], []
    for i, expression in enumerate(expressions):
        decisions.append(f'<decision name="{i}" id="_{i}"><variable name="d{i}"/><literalExpression>'
                         f"<text>{escape(expression)}</text></literalExpression></decision>")
        cases.append(f'<testCase id="{escape(expression, {chr(34): "&quot;"})}"><resultNode name="{i}">'
                     '<expected><value xsi:type="xsd:boolean">true</value></expected></resultNode>'
                     "</testCase>")
    directory = folder / name
    directory.mkdir()
    (directory / "model.dmn").write_text(
        f'<definitions xmlns="{MODEL}" name="{name}" namespace="{name}">{"".join(decisions)}</definitions>')
    (directory / "model-test-01.xml").write_text(
        '<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><modelName>model.dmn</modelName>'
        f'{"".join(cases)}</testCases>')


def main():
    with tempfile.TemporaryDirectory() as made:
        for group in (arithmetic, rounding, lists, dates, moments, logic):
            write_folder(pathlib.Path(made), group.__name__, group())
        done = subprocess.run([f"{sys.argv[1]}/redressctl", "dmn", "test", "--json", made],
                              stdout=subprocess.PIPE, text=True)
    result = json.loads(done.stdout)
    for folder in result["folders"]:
        print(f'{folder["name"]}: {folder["passed"]} the same, {folder["failed"]} not')
        for failure in folder["failures"][:10]:
            print(f'  {failure["case"]}: {failure["actual"]}')
    print(f'{result["passed"]} passed, {result["failed"]} failed')
    return 0 if done.returncode == 0 and result["failed"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
