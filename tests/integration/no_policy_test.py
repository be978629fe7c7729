#!/usr/bin/env python3
"""A merchant without any policy: the request waits, operators hear of it, nothing is decided by a
default; and it goes on once a policy is published.

    no_policy_test.py DIRECTORY     DIRECTORY holds the programs

limit: 300 s. A line per check, then "N passed, N failed". With KEEP_STACK=1 the stack's folder with
its logs is left for a look.
"""

import os
import sys

sys.dont_write_bytecode = True

import counting
import shop
from journey import Journey
from shop import ASSESSED, CONTROL, ORDERS, REQUESTS, Order
from stack import ROOT, Stack

PATIENCE_S = 3  # looked for a decision that must not come


def stalled(stack, journey):
    return [event["stalled"]["waitingFor"] for event in stack.events(CONTROL)
            if event.get("stalled", {}).get("refundId") == journey.refund_id and
            journey.refund_id and event["source"] == "policy"]


def waiting(stack):
    """How many requests wait in policy."""
    policy = next(worker for worker in stack.ctl_json("status")["workers"]
                  if worker["worker"] == "policy")
    return policy["waiting"][0]["count"]


def waits_and_goes_on(stack):
    counting.section("without any policy")
    order = Order("unruled")
    stack.publish(ORDERS, *order.events())
    stack.publish(REQUESTS, order.request())
    journey = Journey(stack, order)
    journey.await_status(shop.VALIDATED, "VALIDATED")
    told = counting.until(lambda: stalled(stack, journey))
    counting.check("operators hear that it waits for a policy", told and "policy" in told[0], told)
    counting.check("the status counts it", counting.until(lambda: waiting(stack) == 1),
                   stack.ctl("status"))
    counting.check("no default decides it", not counting.until(
        lambda: journey.statuses(ASSESSED), PATIENCE_S), journey.trace())
    stack.ctl("policy", "publish", ROOT / "deploy/policies/first-rules.dmn", "--id", "late-rules",
              "--valid-from", "1970-01-01T00:00:00Z", "--correction", "there was none", "--key",
              stack.folder / "secrets/rules-1.key")
    assessed = journey.await_status(ASSESSED, "COMPLIANT") or {}
    counting.equal("by the policy that came", assessed.get("model", {}).get("id"), "late-rules")
    journey.await_paid(255)
    counting.equal("it is judged once", journey.statuses(ASSESSED), ["COMPLIANT"])
    counting.check("nothing waits any more", counting.until(lambda: waiting(stack) == 0),
                   stack.ctl("status"))


def main():
    os.environ["SAMPLE_POLICY"] = "no"
    with Stack(sys.argv[1]) as stack:
        waits_and_goes_on(stack)
        stack.keep = bool(os.environ.get("KEEP_STACK"))
    return counting.end()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
