#!/usr/bin/env python3
"""Decides each promise of Redress for a run that is over.

    check.py --stack DIR [--programs DIR] [--rules NAME,...] [--without NAME,...]
             [--canary KIND=TEXT]... [--secrets] [--json FILE]

DIR is the folder of a stack (deploy/local/stack.sh) whose brokers and databases still run and whose
workers have nothing left to do. Read are all topics, the databases, the provider's log of effects and
the logs of the programs. KIND of a canary is token, note, evidence or secret.

One line per rule with what it looked at, and below it what broke it; at the end "N passed, N failed".
Exit code 0 if every rule held, 1 if one was broken, 2 for wrong usage. --list prints the rules.
Callable from Python: run(folder, programs, ...) gives the results (checker.Result).
"""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import rules_events  # pylint: disable=wrong-import-position
import rules_money  # pylint: disable=wrong-import-position
import rules_people  # pylint: disable=wrong-import-position
import rules_secrets  # pylint: disable=wrong-import-position
from checker import check  # pylint: disable=wrong-import-position
from facts import ROOT, StackFacts  # pylint: disable=wrong-import-position

SECRET_LEAST = 16  # characters: what is shorter stands anywhere by chance
RULES = (*rules_money.RULES, *rules_events.RULES, *rules_people.RULES, *rules_secrets.RULES)


def make(only=(), without=(), canaries=(), workers=None):
    """The rules; `workers` are those that ran."""
    rules = [rule() for rule in RULES
             if (not only or rule.name in only) and rule.name not in without]
    for rule in rules:
        if rule.name == "canaries":
            rule.planted = tuple(canaries)
        if rule.name == "progress" and workers is not None:
            rule.workers = tuple(workers)
    return rules


def secrets(folder):
    """Canaries: the keys and passwords of a stack, which must be nowhere."""
    found = []
    for path in sorted((pathlib.Path(folder) / "secrets").iterdir()):
        if path.suffix not in (".password", ".key", ".keys"):
            continue
        for word in path.read_text(encoding="utf-8").replace(",", " ").split():
            value = word.rpartition(":")[2]
            if len(value) >= SECRET_LEAST:
                found.append(("secret", value))
    return found


def run(folder, programs=ROOT / "build/release/bin", **choice):
    return check(StackFacts(folder, programs), make(**choice))


def canary(text):
    kind, _, value = text.partition("=")
    if kind not in rules_secrets.ALLOWED or not value:
        raise argparse.ArgumentTypeError("KIND=TEXT with token, note, evidence or secret")
    return kind, value


def names(text):
    found = tuple(name for name in text.split(",") if name)
    unknown = set(found) - {rule.name for rule in RULES}
    if unknown:
        raise argparse.ArgumentTypeError(f"no such rule: {', '.join(sorted(unknown))}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", type=pathlib.Path)
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--rules", type=names, default=())
    parser.add_argument("--without", type=names, default=())
    parser.add_argument("--canary", type=canary, action="append", default=[])
    parser.add_argument("--secrets", action="store_true",
                        help="the stack's keys and passwords are canaries, too")
    parser.add_argument("--workers", type=lambda text: text.split(","),
                        help="those that ran (default: all five)")
    parser.add_argument("--json", type=pathlib.Path, help="results, as JSON")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        for rule in RULES:
            print(f"{rule.name:18} {rule.promise}")
        return 0
    if options.stack is None:
        parser.error("--stack DIR is needed")
    canaries = options.canary + (secrets(options.stack) if options.secrets else [])
    results = run(options.stack, options.programs, only=options.rules, without=options.without,
                  canaries=canaries, workers=options.workers)
    for result in results:
        print(result)
    if options.json:
        options.json.write_text(json.dumps([vars(result) for result in results], indent=1) + "\n")
    broken = sum(not result.held for result in results)
    print(f"{len(results) - broken} passed, {broken} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
