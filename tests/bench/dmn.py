#!/usr/bin/env python3
"""Measures the decision engine beside hand-written C and Apache KIE's DMN engine.

    dmn.py --program build/release/bin/bench/dmn --work build/bench/dmn [--rounds 3] [--no-kie] ...

Each round runs every model once in each engine, so that what else the machine does meets all of
them; medians and the spread of the rounds are given. Exits 1 when a gate is missed: a result that
is wrong or another than KIE's, or less than ten times ahead of KIE."""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

import dmn_cases

HERE = pathlib.Path(__file__).resolve().parent
GATE = 10
FIGURES = ("us", "trace_us", "written_us", "hand_us", "load_ms", "kib")


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--milliseconds", type=int, default=300, help="CPU per model and figure")
    parser.add_argument("--kie-warm-milliseconds", type=int, default=4000)
    parser.add_argument("--no-kie", action="store_true")
    parser.add_argument("--no-instructions", action="store_true")
    parser.add_argument("--models", help="of those that there are, separated by commas")
    return parser.parse_args()


def lines(command):
    """The JSON lines that a command prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def kie_class_path(work):
    """Fetches the jars once and compiles the driver with the compiler among them."""
    jars, classes = work / "kie-jars", work / "kie-classes"
    if not (jars / ".complete").exists():
        subprocess.run(["mvn", "-q", "-B", "-f", HERE / "kie" / "pom.xml", "dependency:copy-dependencies",
                        f"-DoutputDirectory={jars.resolve()}", "-DincludeScope=runtime"], check=True)
        (jars / ".complete").touch()
    subprocess.run(["java", "-cp", f"{jars}/*", "org.eclipse.jdt.internal.compiler.batch.Main", "-17",
                    "-nowarn", "-cp", ":".join(str(jar) for jar in sorted(jars.glob("*.jar"))),
                    "-d", classes, HERE / "kie" / "KieBench.java"], check=True)
    return f"{classes}:{jars}/*"


def kie(arguments, class_path, models):
    return lines(["java", "-Xmx1g", "-cp", class_path, "KieBench", arguments.work,
                  str(arguments.kie_warm_milliseconds), str(arguments.milliseconds), *models])


def write_cases(arguments, model):
    """Facts for both engines beside a shipped model, with what ours says."""
    facts = dmn_cases.lines(model)
    if facts:
        source = arguments.work / f"{model}.feel"
        source.write_text("\n".join(facts) + "\n")
        with open(arguments.work / f"{model}.cases", "w") as file:
            subprocess.run([arguments.program, "judge", model, source], stdout=file, check=True)


def instructions(arguments, model, how, count=200):
    """Instructions per evaluation: what `count` more evaluations cost."""
    totals = []
    for times in (count, 2 * count):
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                               arguments.program, "once", model, how, str(times)],
                              stderr=subprocess.PIPE, text=True, check=True)
        totals.append(int(re.search(r"Collected : (\d+)", done.stderr).group(1)))
    return (totals[1] - totals[0]) / count


def gather(rounds):
    """{model: {figure: [value of each round]}}"""
    result = {}
    for row in (row for one in rounds for row in one):
        for figure, value in row.items():
            if figure not in ("model", "why"):
                result.setdefault(row["model"], {}).setdefault(figure, []).append(value)
    return result


def median(values):
    return statistics.median(values)


def spread(values):
    return (max(values) - min(values)) / median(values) if len(values) > 1 and median(values) else 0


def summary(arguments, models, ours, theirs):
    rows = []
    for model in models:
        figures = ours[model]
        row = {"model": model, "aim_us": figures["aim_us"][0], "spread": spread(figures["us"])}
        row.update({figure: median(figures[figure]) for figure in FIGURES})
        if not arguments.no_instructions:
            row["instructions"] = instructions(arguments, model, "plain")
            row["trace_instructions"] = instructions(arguments, model, "trace")
        if model in theirs:
            row["kie_us"] = median(theirs[model]["us"])
            row["kie_spread"] = spread(theirs[model]["us"])
            row["kie_load_ms"] = median(theirs[model]["load_ms"])
            row["ahead"] = row["kie_us"] / row["us"]
        rows.append(row)
    return rows


COLUMNS = (("model", "", 14, "s"), ("aim_us", "aim us", 7, ".1f"), ("us", "us", 8, ".3f"),
           ("spread", "spread", 7, ".0%"), ("instructions", "instr", 8, ".0f"),
           ("trace_us", "traced us", 10, ".3f"), ("trace_instructions", "instr", 8, ".0f"),
           ("written_us", "written us", 11, ".1f"), ("hand_us", "by hand us", 11, ".3f"),
           ("load_ms", "load ms", 9, ".1f"), ("kib", "KiB", 8, ".0f"), ("kie_us", "KIE us", 9, ".1f"),
           ("kie_spread", "spread", 7, ".0%"), ("kie_load_ms", "load ms", 9, ".0f"),
           ("ahead", "ahead", 8, ".0f"))


def show(rows):
    used = [column for column in COLUMNS if any(column[0] in row for row in rows)]
    print("".join(f"{title:>{width}}" for _, title, width, _ in used))
    for row in rows: # what there is none of is 0
        print("".join(f"{format(row[key], form) if row.get(key) else '-':>{width}}"
                      for key, _, width, form in used))


def main():
    arguments = options()
    arguments.work.mkdir(parents=True, exist_ok=True)
    there = subprocess.run([arguments.program, "write", arguments.work], stdout=subprocess.PIPE,
                           text=True, check=True).stdout.split()
    models = [model for model in there if not arguments.models or model in arguments.models.split(",")]
    for model in models:
        write_cases(arguments, model)
    class_path = None if arguments.no_kie else kie_class_path(arguments.work)
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(lines([arguments.program, "run", str(arguments.milliseconds), *models]))
        if class_path:
            theirs.append(kie(arguments, class_path, models))
    rows = summary(arguments, models, gather(ours), gather(theirs))
    show(rows)
    result = arguments.work.parent / "dmn.json"
    result.write_text(json.dumps({"models": rows, "rounds": {"redress": ours, "kie": theirs}}, indent=1))
    print(f"written to {result}")
    for row in theirs[0] if theirs else []:
        if "why" in row:
            print(f"KIE does not take {row['model']}, or judges otherwise: {row['why']}")
    differ = [row["model"] for row in theirs[0] if "why" in row] if theirs else []
    beside = [row for row in rows if class_path and (row["aim_us"] or "ahead" in row)]
    missed = [row["model"] for row in beside if row.get("ahead", 0) < GATE]
    if missed:
        print(f"less than {GATE} times ahead of KIE: {', '.join(missed)}")
    return 1 if missed or differ else 0


if __name__ == "__main__":
    sys.exit(main())
