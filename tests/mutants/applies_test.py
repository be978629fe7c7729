#!/usr/bin/env python3
"""Tests that every planted bug still applies to the sources as they are, and says what it breaks and
who must find it; that it is found takes longer (run.py).

    applies_test.py [PROGRAMS]        limit: 120 s
"""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def flaw(patch):
    """What is wrong with it; "" if nothing is."""
    head = patch.read_text(encoding="utf-8").split("--- a/", 1)[0]
    for word in ("promise: ", "found by: "):
        if not any(line.startswith(word) for line in head.splitlines()):
            return f"no line begins with {word!r}"
    done = subprocess.run(["git", "apply", "--check", str(patch)], cwd=ROOT, text=True, check=False,
                          capture_output=True)
    return done.stderr.strip() if done.returncode != 0 else ""


def main():
    patches = sorted(HERE.glob("*.patch"))
    failed = 0
    for patch in patches:
        wrong = flaw(patch)
        failed += bool(wrong)
        if wrong:
            print(f"FAILED {patch.name}: {wrong}")
    print(f"{len(patches) - failed} passed, {failed} failed")
    return 1 if failed or not patches else 0


if __name__ == "__main__":
    sys.exit(main())
