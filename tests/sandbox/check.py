#!/usr/bin/env python3
"""Checks the provider sandbox against the rules in README.md, over HTTP.

Usage: check.py SANDBOX_PROGRAM

One line per check, then "N passed, N failed"; exit code 0 only if all passed.
Every wait is for a condition, with a deadline.
"""

import sys

sys.dont_write_bytecode = True  # the source folder stays as it is

import check_dialects
import check_effects
import check_requests
import check_state
from checking import check, counts


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for part in check_requests.PARTS + check_state.PARTS + check_effects.PARTS + check_dialects.PARTS:
        counts["section"] = part.__name__.replace("_", " ")
        try:
            part()
        except Exception as problem:  # a broken part must not hide the others
            check("runs to its end", False, repr(problem))
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(1 if counts["failed"] else 0)


main()
