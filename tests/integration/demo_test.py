#!/usr/bin/env python3
"""The demo on a made shop, and a demo that is interrupted.

    demo_test.py DIRECTORY       DIRECTORY holds the programs

limit: 600 s. What remains running afterwards is found by tests/run.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import counting
from stack import ROOT

ORDERS = 400
DEMO_S = 400
# Cases of the made shop by the rejection that each must end in; the requests of each case.
REJECTED = {"TOO_MANY_UNITS": "UNITS_EXCEED_PURCHASE", "UNKNOWN_LINE": "LINE_NOT_ON_ORDER",
            "UNKNOWN_ORDER": "ORIGINAL_TRANSACTION_NOT_FOUND",
            "NEVER_CAPTURED": "PAYMENT_NOT_CAPTURED", "TOO_MUCH_MONEY": "AMOUNT_EXCEEDS_PAID",
            "OTHER_CURRENCY": "CURRENCY_MISMATCH", "SAME_REFERENCE": "DUPLICATE_REQUEST"}


def interruptible():
    """What a background job starts ignores SIGINT, and bash cannot undo that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(folder):
    return subprocess.Popen([ROOT / "deploy/demo.sh", folder], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
                            preexec_fn=interruptible,
                            start_new_session=True,
                            env=dict(os.environ, ORDERS=str(ORDERS), SEED="7",
                                     STACK_BIN=str(pathlib.Path(sys.argv[1]).resolve())))


def check_report(folder):
    report = json.loads((folder / "report.json").read_text())
    made = json.loads((folder / "input.json").read_text())
    counting.equal("orders", report["orders"], made["orders"])
    for case, reason in REJECTED.items():
        counting.equal(f"{case} ends in", report["outcomes"].get(f"REJECTED/{reason}", {})
                       .get("count", 0), made["cases"].get(case, 0))
    outcomes = sum(entry["count"] for entry in report["outcomes"].values())
    counting.equal("each request has an outcome", outcomes, report["requests"])
    finished = json.loads((folder / "status.json").read_text())
    counting.check("no worker is behind", all(worker["lag"] == 0 for worker in finished["workers"]),
                   finished)


def whole(folder):
    demo = start(folder)
    output, _ = demo.communicate(timeout=DEMO_S)
    print(output)
    if counting.check("the demo ends well", demo.returncode == 0, output[-1500:]):
        check_report(folder)
        counting.check("it shows the life of a refund", "settlement" in output and
                       "SUCCEEDED" in output)


def interrupted(folder):
    """In a state folder that was used before."""
    demo = start(folder)
    for line in demo.stdout:
        if line.startswith("== Waiting"):
            os.killpg(demo.pid, signal.SIGINT)
            break
    rest = demo.stdout.read()
    counting.check("the interrupted demo ends", demo.wait(DEMO_S) == 130, rest[-500:])
    status = subprocess.run([ROOT / "deploy/local/stack.sh", "status", folder / "stack"],
                            capture_output=True, text=True, check=False)
    counting.check("it has stopped everything", " pid " not in status.stdout and
                   "kafka 127" not in status.stdout, status.stdout)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="redress-demo-"))
    try:
        for part in (whole, interrupted):
            counting.section(part.__name__)
            part(folder)
    finally:
        subprocess.run([ROOT / "deploy/local/stack.sh", "destroy", folder / "stack"], check=False)
        shutil.rmtree(folder)
    return counting.end()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
