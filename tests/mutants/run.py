#!/usr/bin/env python3
"""Plants bugs, one at a time, in a copy of the sources, and shows which instrument finds each.

    tests/mutants/run.py [--work DIRECTORY] [--only PATTERN] [--list]

A bug is a file tests/mutants/*.patch: a diff below a few lines that say what it breaks and who must
find it,

    promise: what is broken, in words
    found by: simulate [--payouts] | unit NAME | script PATH [ARGUMENT...]

`simulate` runs a world of the simulation, `unit NAME` the Criterion program of that name under the
sanitizers, `script` any test program with the folder of the release programs behind its arguments.
Each instrument is run once on the unchanged copy first, and must pass there. A bug that does not
compile, or does not apply, counts as not caught. The last line is "N passed, N failed": passed are
the bugs that were caught.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 300
SEEDS = 2500


@dataclasses.dataclass
class Bug:
    name: str
    path: pathlib.Path
    promise: str
    found_by: list


def read_bug(path):
    head = path.read_text(encoding="utf-8").partition("\n--- ")[0]
    promise = re.search(r"^promise: (.+)$", head, re.M)
    found_by = re.search(r"^found by: (.+)$", head, re.M)
    if not promise or not found_by:
        sys.exit(f"{path}: says no promise, or not who finds it")
    return Bug(path.stem, path, promise.group(1), found_by.group(1).split())


def run(command, tree, log):
    """Its exit code; what it says goes to the log."""
    with open(log, "ab") as output:
        output.write(f"$ {' '.join(map(str, command))}\n".encode())
        output.flush()
        try:
            return subprocess.run([str(part) for part in command], cwd=tree, stdout=output,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  timeout=LIMIT_S, check=False,
                                  env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1")).returncode
        except subprocess.TimeoutExpired:
            output.write(b"took too long\n")
            return -1


class Copy:
    """The copy of the sources, with a build of its own."""

    def __init__(self, folder):
        self.tree, self.logs = folder / "tree", folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.make = ["make", "-s", f"-j{os.cpu_count()}"]
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                                capture_output=True).stdout.decode().split("\0")
        wanted = {name for name in listed if name and (ROOT / name).is_file()}
        for path in self.tree.glob("*/**/*"):
            name = str(path.relative_to(self.tree))
            if path.is_file() and not name.startswith("build/") and name not in wanted:
                path.unlink()
        for name in wanted:
            self.take(name)

    def take(self, name):
        """Only what differs, with a new time, so that what was built of it is built again."""
        ours, theirs = ROOT / name, self.tree / name
        if theirs.is_file() and theirs.read_bytes() == ours.read_bytes():
            return
        theirs.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ours, theirs)

    def build(self, instrument, log):
        if instrument[0] == "unit":
            return run([*self.make, "FLAVOUR=asan", f"build/asan/bin/unit/{instrument[1]}"],
                       self.tree, log) == 0
        target = "build/release/bin/simulate" if instrument[0] == "simulate" else "test-programs"
        return run([*self.make, "FLAVOUR=release", target], self.tree, log) == 0

    def passes(self, instrument, log):
        kind, *rest = instrument
        command = {"simulate": ["build/release/bin/simulate", *rest, "--seeds", SEEDS],
                   "unit": [f"build/asan/bin/unit/{rest[0] if rest else ''}"],
                   "script": [*rest, "build/release/bin"]}[kind]
        return run(command, self.tree, log) == 0

    def patch(self, path, log, *options):
        return run(["patch", "-p1", "--no-backup-if-mismatch", "--fuzz=0", *options, "-i", path],
                   self.tree, log) == 0


def baseline(copy, bugs):
    """Every instrument must be silent where nothing is planted."""
    good = True
    for instrument in sorted({tuple(bug.found_by) for bug in bugs}):
        log = copy.logs / "unchanged.log"
        if not copy.build(instrument, log) or not copy.passes(instrument, log):
            print(f"FAILED unchanged sources: {' '.join(instrument)} does not pass (see {log})")
            good = False
    return good


def plant(copy, bug):
    """(caught, what was seen)"""
    log = copy.logs / f"{bug.name}.log"
    log.unlink(missing_ok=True)
    if not copy.patch(bug.path, log):
        return False, "does not apply"
    try:
        if not copy.build(bug.found_by, log):
            return False, "does not compile"
        if copy.passes(bug.found_by, log):
            return False, f"{' '.join(bug.found_by)} does not see it"
        return True, f"found by {' '.join(bug.found_by)}"
    finally:
        copy.patch(bug.path, log, "-R")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/mutants")
    parser.add_argument("--only", default="", metavar="PATTERN")
    parser.add_argument("--list", action="store_true", help="only list them")
    options = parser.parse_args()
    bugs = [bug for bug in map(read_bug, sorted((ROOT / "tests/mutants").glob("*.patch")))
            if re.search(options.only, bug.name)]
    if options.list:
        for bug in bugs:
            print(f"{bug.name}: {bug.promise} ({' '.join(bug.found_by)})")
        return 0
    copy = Copy(options.work.resolve())
    if not bugs or not baseline(copy, bugs):
        print("0 passed, 1 failed")
        return 1
    caught = 0
    for bug in bugs:
        good, seen = plant(copy, bug)
        caught += good
        print(f"{'ok    ' if good else 'FAILED'} {bug.name} ({bug.promise}): {seen}", flush=True)
    print(f"{caught} passed, {len(bugs) - caught} failed")
    return 0 if caught == len(bugs) else 1


if __name__ == "__main__":
    sys.exit(main())
