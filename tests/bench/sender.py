#!/usr/bin/env python3
"""How many payouts per second one settlement makes at a provider that takes its time.

    sender.py PROGRAMS [--payouts 20000] [--delay-ms 200] [--in-flight 400] [--provider stripe] [--rate 0]

Captures and approvals lie on the topics before settlement starts; the sandbox answers each call after the
delay. What is measured stands in the sandbox's own log: the effects between the first and the last tenth.
Prints one line of JSON.
"""

import argparse
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "faults")]

import traffic  # pylint: disable=wrong-import-position
from counting import until  # pylint: disable=wrong-import-position
from stack import Stack  # pylint: disable=wrong-import-position

CHUNK = 5000
DEADLINE_S = 300


class Components(Stack):
    start = "components"


class Plain(traffic.Traffic):
    """Everything holds and comes once, in order, one approval for each payment."""

    def hits(self, per_hundred):
        return False

    def order(self):
        lines = super().order()
        return lines[:2]


def publish(stack, payouts, provider):
    made = Plain(1, (stack.folder / "secrets/approval.keys").read_text(), [provider])
    for first in range(0, payouts, CHUNK):
        lines = [made.order() for _ in range(min(CHUNK, payouts - first))]
        for number, topic in enumerate((traffic.ORDERS, traffic.ROUTED)):
            stack.publish_sealed(topic, "".join(
                json.dumps(order[number][1]) + "\n" for order in lines))


def paid(stack):
    return sorted(effect["at_us"] for effect in stack.effects())


def memory_kib(stack):
    pid = stack.script("pid", "settlement").strip()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--payouts", type=int, default=20000)
    parser.add_argument("--delay-ms", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=400)
    parser.add_argument("--provider", choices=("stripe", "adyen", "paypal"), default="stripe")
    parser.add_argument("--rate", type=int, default=0)
    options = parser.parse_args()
    sandbox = f"sandbox:SANDBOX_FAULTS=slow=1,slow-ms={options.delay_ms}"
    settings = {"STRIPE_RATE": options.rate, "ADYEN_RATE": options.rate,
                "PAYPAL_RATE": options.rate, "PROVIDER_IN_FLIGHT": options.in_flight}
    with Components(options.programs, sandbox, *[f"settlement:REDRESS_{name}={value}" for
                                                 name, value in settings.items()]) as stack:
        publish(stack, options.payouts, options.provider)
        stack.script("start", "settlement")
        until(lambda: len(paid(stack)) >= options.payouts, DEADLINE_S)
        times = paid(stack)
        first, last = times[len(times) // 10], times[len(times) * 9 // 10]
        print(json.dumps({"provider": options.provider, "payouts": len(times),
                          "delay_ms": options.delay_ms, "in_flight": options.in_flight,
                          "rate": options.rate,
                          "payouts_per_s": round(len(times) * 0.8 / (last - first) * 1e6),
                          "settlement_peak_kib": memory_kib(stack)}))


if __name__ == "__main__":
    main()
