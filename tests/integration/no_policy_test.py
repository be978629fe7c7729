#!/usr/bin/env python3
"""A merchant without any policy, and models and a roster that an earlier program accepted and this one
cannot read: the request waits, operators hear of it, nothing is decided by a default; and it goes on once a
policy is published.

    no_policy_test.py DIRECTORY     DIRECTORY holds the programs

limit: 300 s. A line per check, then "N passed, N failed". With KEEP_STACK=1 the stack's folder with
its logs is left for a look.
"""

import base64
import json
import os
import sys

sys.dont_write_bytecode = True

import counting
import shop
from journey import Journey
from shop import ASSESSED, CONTROL, ORDERS, REQUESTS, Order
from stack import ROOT, CommandFailed, Stack

PATIENCE_S = 3  # looked for a decision that must not come


def stalled(stack, journey, worker="policy"):
    return [event["stalled"]["waitingFor"] for event in stack.events(CONTROL)
            if event.get("stalled", {}).get("refundId") == journey.refund_id and
            journey.refund_id and event["source"] == worker]


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


def spoil(stack, worker, model, name, another):
    """Where a name stood that models could use, what is kept has one that nothing has."""
    was, now = (f"encode('{word}', 'hex')" for word in (name, another))
    stack.sql(worker, "UPDATE rule_set SET body = decode(replace(encode(body, 'hex'),"
              f" {was}, {now}), 'hex') WHERE id = '{model}'")
    counting.equal("the kept model is another one now", stack.sql(
        worker, f"SELECT count(*) FROM rule_set WHERE id = '{model}' AND"
        f" position('{another}'::bytea IN body) > 0"), [["1"]])


def readable_no_more(stack):
    counting.section("models that were accepted, and cannot be read now")
    workers = ("policy", "routing")
    stack.script("stop", *workers)
    spoil(stack, "policy", "late-rules", "line.category", "lime.category")
    spoil(stack, "routing", "authority", "queueOf(market)", "queueOf(markat)")
    stack.script("start", *workers)
    order = Order("unread")
    stack.publish(ORDERS, *order.events())
    stack.publish(REQUESTS, order.request())
    journey = Journey(stack, order)
    journey.await_status(shop.VALIDATED, "VALIDATED")
    told = counting.until(lambda: stalled(stack, journey))
    counting.check("operators hear which policy cannot be read", told and
                   "late-rules/1 was accepted, and cannot be read now" in told[0], told)
    counting.check("no default decides it", not counting.until(
        lambda: journey.statuses(ASSESSED), PATIENCE_S), journey.trace())
    signed = ("--key", stack.folder / "secrets/rules-1.key")
    stack.ctl("policy", "publish", ROOT / "deploy/policies/first-rules.dmn", "--id", "late-rules",
              "--valid-from", "1970-01-01T00:00:00Z", "--correction", "unreadable", "--again", *signed)
    assessed = journey.await_status(ASSESSED, "COMPLIANT") or {}
    counting.equal("by the version that came", assessed.get("model", {}).get("version"), "2")
    told = counting.until(lambda: stalled(stack, journey, "routing"))
    counting.check("operators hear which authority model cannot be read", told and
                   "authority/1 was accepted, and cannot be read now" in told[0], told)
    counting.equal("nothing is routed", journey.statuses(shop.ROUTED), [])
    again = json.loads((ROOT / "deploy/rules/authority.json").read_text())
    rules = stack.folder / "authority-2.json"
    rules.write_text(json.dumps({**again, "version": "2"}))
    stack.ctl("rules", "publish", rules, "--model", ROOT / "deploy/policies/authority.dmn",
              "--again", *signed)
    journey.await_paid(255)
    counting.equal("it is judged once", journey.statuses(ASSESSED), ["COMPLIANT"])


def publish_roster(stack, version, **keys):
    """The sample people, some with a key of their own."""
    rules = json.loads((ROOT / "deploy/rules/sample-roster.json").read_text())
    for person in rules["roster"]["people"]:
        if person["id"] in keys:
            person.update(keyId=f"{person['id']}-1",
                          publicKey=base64.b64encode(keys[person["id"]]).decode())
    path = stack.folder / f"roster-{version}.json"
    path.write_text(json.dumps({**rules, "version": str(version)}))
    secrets = stack.folder / "secrets"
    stack.ctl("rules", "publish", path, "--application", f"console={secrets / 'console.key'}",
              "--again", "--key", secrets / "rules-1.key", "--key", secrets / "rules-2.key")


def one_key_of_two_people(stack):
    counting.section("a roster that was accepted, in which one key is two people's")
    keys = {"mia": os.urandom(32), "tom": os.urandom(32)}
    publish_roster(stack, 2, **keys)
    stack.script("stop", "routing")
    stack.sql("routing", "UPDATE rule_set SET body = decode(replace(encode(body, 'hex'),"
              f" '{keys['tom'].hex()}', '{keys['mia'].hex()}'), 'hex') WHERE id = 'sample-roster'")
    stack.script("start", "routing")
    order = Order("one-key", lines=(("1", 1, 30000),))
    stack.publish(ORDERS, *order.events())
    stack.publish(REQUESTS, order.request())
    journey = Journey(stack, order)
    journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
    for who in ("mia", "lea"):
        try:
            stack.ctl("decide", journey.case()["case_id"], "approve", "--as", who, "--role",
                      "APPROVER")
            counting.check(f"it lets nobody decide, not {who}", False)
        except CommandFailed as problem:
            counting.check(f"it lets nobody decide, not {who}", "NO_ROSTER" in str(problem),
                           str(problem))
    log = (stack.folder / "run/routing.log").read_text(errors="replace")
    counting.check("the log says which and why", "sample-roster/2 was accepted, and cannot be read"
                   in log and "once in a roster" in log, log[-2000:])
    publish_roster(stack, 3, mia=keys["mia"])
    stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "mia", "--role", "APPROVER")
    journey.await_paid(30000)


def main():
    os.environ["SAMPLE_POLICY"] = "no"
    with Stack(sys.argv[1]) as stack:
        waits_and_goes_on(stack)
        readable_no_more(stack)
        one_key_of_two_people(stack)
        stack.keep = bool(os.environ.get("KEEP_STACK"))
    return counting.end()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
