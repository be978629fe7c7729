#!/usr/bin/env python3
"""Counts the instructions of what the workers do for each event, and holds them to a baseline.

    count.py PROGRAM [--write]

PROGRAM is build/release/bin/bench/count, run once for each case under callgrind; counted is only what
runs inside the functions of CASES, with all that they call. Fails if a count has grown by more than
3 % over count.json; --write replaces that file, in the same commit as what made it grow. Counts
depend on the compiler and the C library, so that they are compared only where these are those of the
baseline. The last line is "N passed, N failed" or, with exit code 77, why nothing was compared.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = pathlib.Path(__file__).with_name("count.json")
GROWTH, SKIPPED = 1.03, 77
# callgrind turns counting on where such a function is entered, off where one is entered inside it, and
# back on leaving: signature_holds is libsodium's work, which would hide all else.
CASES = {
    "intake": ("intake_decide",),
    "routing": ("routing_assessed", "routing_decided", "routing_payout", "routing_due",
                "signature_holds"),
    "settlement": ("settle_capture", "settle_approval", "settle_cancel", "settle_decline",
                   "settle_evidence", "settle_goods", "settle_due"),
    "codec": ("message_pack", "message_unpack"),
    "ring": ("ring_append", "ring_next"),
}
# The C library picks its copies by what the processor has; these all have.
PLAIN = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM"


def built_with(program):
    """The compiler of the program, and the C library that it runs on."""
    comments = subprocess.run(["readelf", "-p", ".comment", program], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    found = re.search(r"GCC: .*", comments)
    return f"{found.group(0) if found else 'unknown'}, {' '.join(platform.libc_ver())}"


def instructions(program, case):
    """Per event."""
    toggles = [f"--toggle-collect={function}" for function in CASES[case]]
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
         *toggles, program, case], capture_output=True, text=True, check=True, timeout=300, cwd=ROOT,
        env={**os.environ, "GLIBC_TUNABLES": PLAIN})
    counted = int(re.search(r"Collected : (\d+)", done.stderr).group(1))
    return round(counted / int(done.stdout))


def skip(reason):
    print(f"skipped: {reason}")
    return SKIPPED


def compare(program, baseline):
    failed = 0
    for case, before in baseline["instructions"].items():
        now = instructions(program, case)
        good = 0 < now <= before * GROWTH
        failed += not good
        print(f"{'ok    ' if good else 'FAILED'} {case:<12}{now:>9,} instructions per event,"
              f" {now / before - 1:+.1%} of the baseline")
    print(f"{len(baseline['instructions']) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("--write", action="store_true", help="write the baseline anew")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        return skip("there is no valgrind")
    made = built_with(options.program)
    if options.write:
        counts = {case: instructions(options.program, case) for case in CASES}
        BASELINE.write_text(json.dumps({"made": made, "instructions": counts}, indent=1) + "\n",
                            encoding="utf-8")
        return 0
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    if baseline["made"] != made:
        return skip(f"this is {made}, the baseline is of {baseline['made']}")
    return compare(options.program, baseline)


if __name__ == "__main__":
    sys.exit(main())
