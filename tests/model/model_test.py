#!/usr/bin/env python3
"""Checks the protocol models exhaustively with spin, and that planted bugs are found.

    model_test.py [DIRECTORY]      the short form, about half a minute
    model_test.py --full           more kills and claims: a few minutes, 1.5 GB

limit: 600 s. A line per model, then "N passed, N failed". Skipped (exit code 77) without spin.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
SHORT = {"worker": ["-DTROUBLES=1", "-DCLAIMS=4"], "payout": ["-DTROUBLES=1", "-DCLAIMS=3"]}
FULL = {"worker": ["-DTROUBLES=2", "-DCLAIMS=5"], "payout": ["-DTROUBLES=2", "-DCLAIMS=4"]}
DEPTH = "-m1000000"

# (model, options of the variant, what is planted or None, the assertion that must find it)
RUNS = [
    ("worker", [], None, None),
    ("worker", [], "NO_CAS", "applied[cause]==0"),
    ("worker", [], "REEMIT", "present[1]"),
    ("worker", [], "EARLY", "present[published]"),
    ("worker", [], "SLOT", "slot["),
    ("worker", [], "OFFSET_FIRST", "applied[1]==1"),
    ("payout", ["-DLOOKUP"], None, None),
    ("payout", ["-DLOOKUP"], "NEW_KEY", "effects<=1"),
    ("payout", ["-DLOOKUP"], "NOT_FOUND", "state!="),
    ("payout", ["-DLOOKUP"], "UNSAVED", "effects<=1"),
    ("payout", [], None, None),
    ("payout", [], "NEW_KEY", "effects<=1"),
    ("payout", [], "UNSAVED", "effects<=1"),
    ("payout", [], "KEY_LIFE", "effects<=1"),
    ("payout", [], "WINDOW", "effects<=1"),
]


def search(folder, model, defines):
    """What spin's search prints."""
    def run(*command):
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    run("spin", *defines, "-a", str(HERE / f"{model}.pml"))
    run("cc", "-w", "-O2", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c")
    return run("./pan", DEPTH)


def judge(output, wanted):
    """(good, what was seen)"""
    errors = re.search(r"errors: (\d+)", output)
    states = re.search(r"(\d[\d.e+]*) states, stored", output)
    found = re.search(r"^pan:\d+: (.*?) \(at depth", output, re.M)
    seen = f"{states.group(1)} states, {found.group(1) if found else 'nothing found'}"
    if "max search depth too small" in output or not errors:
        return False, "the search is not whole: " + seen
    if wanted is None:
        return errors.group(1) == "0", seen
    return bool(found) and "assertion violated" in found.group(1) and wanted in found.group(1), seen


def main():
    if shutil.which("spin") is None:
        print("skipped: spin is not installed")
        return SKIPPED
    bounds = FULL if "--full" in sys.argv else SHORT
    counts = {True: 0, False: 0}
    with tempfile.TemporaryDirectory(prefix="redress-model-") as folder:
        for model, variant, planted, wanted in RUNS:
            defines = bounds[model] + variant + ([f"-DBROKEN_{planted}"] if planted else [])
            good, seen = judge(search(folder, model, defines), wanted)
            counts[good] += 1
            name = " ".join([model, *(part[2:].lower() for part in variant),
                             f"with the bug {planted}" if planted else "as it is"])
            print(f"{'ok    ' if good else 'FAILED'} {name}: {seen}", flush=True)
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
