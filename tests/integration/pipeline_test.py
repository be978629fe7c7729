#!/usr/bin/env python3
"""The whole pipeline on a real Kafka and PostgreSQL, from the events of a shop to money paid back.

    pipeline_test.py DIRECTORY [PATTERN]     DIRECTORY holds the programs; PATTERN selects scenarios

limit: 600 s. Each scenario has orders of its own, so several run at once. A line per check, then
"N passed, N failed". With KEEP_STACK=1 the stack's folder with its logs is left for a look.
"""

import os
import re
import sys

sys.dont_write_bytecode = True

import approvals
import authority
import counting
import follow_ups
import forgers
import intruders
import ledgers
import policies
import purchases
import stops
from stack import Stack

PARK_DEADLINE = "20s"
THREADS = 4


def settled(stack):
    """No worker is behind or blocked, whatever came."""
    def calm():
        status = stack.ctl_json("status")
        good = all(worker["ready"] and worker["lag"] == 0 and not worker["blocked"]
                   for worker in status["workers"])
        return good and status
    counting.section("at the end")
    counting.check("every worker is ready and has read everything", counting.until(calm),
                   stack.ctl("status"))


def payouts_are_single(stack):
    """The provider's log holds no payout twice, and the ledger adds up to nothing."""
    ids = [effect["metadata"]["payout_id"] for effect in stack.effects()]
    counting.equal("no payout twice at the provider", len(ids), len(set(ids)))
    sums = stack.sql("settlement", "SELECT currency, sum(amount_minor) FROM view.ledger GROUP BY 1")
    counting.check("the ledger has entries, and they add up to 0 in each currency",
                   sums and all(total == "0" for _, total in sums), sums)
    over = stack.sql("settlement", "SELECT payment_id FROM view.payment WHERE over OR"
                     " refunded_minor + in_flight_minor + disputed_minor > captured_minor")
    counting.equal("no payment gave back more than was captured", over, [])


def main():
    wanted = re.compile(sys.argv[2] if len(sys.argv) > 2 else "")
    with Stack(sys.argv[1], f"intake:REDRESS_PARK_DEADLINE={PARK_DEADLINE}",
               "settlement:REDRESS_STRIPE_RATE=0",
               "settlement:REDRESS_LEDGER_EVERY=2s") as stack:
        scenarios = [scenario for part in (purchases, policies, approvals, authority, follow_ups,
                                               intruders, forgers, ledgers, stops)
                     for scenario in part.scenarios(stack) if wanted.search(scenario.__name__)]
        counting.run_all(scenarios, THREADS)
        settled(stack)
        if not wanted.pattern:
            payouts_are_single(stack)
        ledgers.verified(stack)
        stack.keep = bool(os.environ.get("KEEP_STACK"))
    return counting.end()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
