#!/usr/bin/env python3
"""Every rule of the checker lets a sound run pass, and catches each way in which it can be broken.

The sound run is made by hand: an order with two payments and two refunds, one automatic, one approved by
two people, a refund made in the provider's dashboard, and an event said twice. Each test breaks one thing.
"""

import base64
import copy
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "checker"))

import check as command  # pylint: disable=wrong-import-position
from checker import check  # pylint: disable=wrong-import-position
from facts import MadeFacts  # pylint: disable=wrong-import-position
from rules_events import murmur2  # pylint: disable=wrong-import-position
from rules_money import time_us  # pylint: disable=wrong-import-position

counts = {"passed": 0, "failed": 0}
ORDER, SHARDS = "o-1", 6
PARTITION = (murmur2(ORDER.encode()) & 0x7FFFFFFF) % SHARDS
BASE_US = time_us("2026-01-05T10:00:00Z")
CANARIES = (("token", "CANARY-token"), ("note", "CANARY-note"), ("evidence", "CANARY-evidence"))


def say(what, good, detail=""):
    counts["passed" if good else "failed"] += 1
    print(f"{'ok    ' if good else 'FAILED'} {what}{'' if good else f': {detail}'}", flush=True)


def at(second):
    return f"2026-01-05T10:00:{second:02}Z"


class Run:
    """Facts to be broken."""

    def __init__(self):
        self.topics, self.effects, self.rows, self.logs = {}, [], {}, []
        self.committed, self.ends = {}, {}

    def add(self, topic, ce_id, event, **more):
        records = self.topics.setdefault(topic, [])
        record = {"topic": topic, "partition": PARTITION, "offset": len(records), "key": ORDER,
                  "headers": {"ce_id": ce_id}, "event": event, "sha256": json.dumps(event)}
        record.update(more)
        records.append(record)
        self.ends[topic, record["partition"]] = len(records)

    def facts(self):
        return MadeFacts(self.topics, self.effects, self.rows, self.logs, self.committed, self.ends)


def money(amount):
    return {"minor": str(amount), "currency": "EUR"}


def routed(refund, amount, approvers=(), requester="anna"):
    event = {"merchantId": "m", "orderId": ORDER, "refundId": refund, "version": "1",
             "status": "ROUTING_STATUS_APPROVED", "decidedAt": at(3), "automatic": not approvers,
             "authority": "AUTHORITY_LEVEL_AUTO",
             "approval": {"split": [{"paymentId": "pay-1", "amount": money(amount)}],
                          "amount": money(amount), "approvers": list(approvers)},
             "assessed": {"request": {"requester": {"id": requester}}}}
    if approvers:
        event["authority"] = "AUTHORITY_LEVEL_LEVEL_2_TWO_APPROVERS"
        event["case"] = {"approversNeeded": 2, "decisions": [
            {"actor": {"id": person, "role": "ROLE_APPROVER"}, "verdict": "VERDICT_APPROVE"}
            for person in approvers]}
    return event


def payout(refund, version, status, amount, second):
    return {"merchantId": "m", "orderId": ORDER, "refundId": refund, "version": str(version),
            "status": f"PAYOUT_STATUS_{status}", "decidedAt": at(second),
            "payoutId": f"po-{refund}", "paymentId": "pay-1", "amount": money(amount)}


def effect(refund, amount, origin="api", status="succeeded", kind="refund.created"):
    return {"effect": kind, "refund": f"re-{refund}", "payment": "pi-1", "currency": "eur",
            "amount": amount, "status": status, "origin": origin,
            "metadata": {"payout_id": f"po-{refund}"} if origin == "api" else {}}


def evidence(one, refund, payout_id, amount, second, kind="REFUND", status="3"):
    return {"merchant_id": "m", "order_id": ORDER, "event_id": one, "payout_id": payout_id,
            "payment_id": "pay-1", "kind": kind, "source": "1", "verified": "t",
            "provider_refund_id": refund, "provider_reference": "pi-1", "status": status,
            "amount_minor": str(amount), "currency": "EUR", "dispute_id": "",
            "applied_us": str(BASE_US + second * 1_000_000)}


def payout_row(refund, amount):
    return {"merchant_id": "m", "order_id": ORDER, "payout_id": f"po-{refund}", "refund_id": refund,
            "payment_id": "pay-1", "status": "SUCCEEDED", "amount_minor": str(amount),
            "currency": "EUR", "provider": "STRIPE", "provider_refund_id": f"re-{refund}",
            "reason": "", "routed_version": "1", "attempts": "1", "due_us": "", "now_us": str(BASE_US)}


def webhook(run, refund, status):
    body = json.dumps({"data": {"object": {"id": refund, "status": status}}}).encode()
    run.add("refunds.provider-inbox.v1", f"w-{refund}-{status}", {
        "body": base64.b64encode(body).decode(), "providerReference": "pi-1"})


def ledger(account, payout_id, minor):
    return {"merchant_id": "m", "account": account, "currency": "EUR", "payout_id": payout_id,
            "payment_id": "pay-1", "minor": str(minor)}


def sound():
    """Captured 1000; 300 and 200 paid back by us, 100 in the dashboard."""
    run = Run()
    run.add("orders.events.v1", "c", {"merchantId": "m", "orderId": ORDER,
                                      "customer": "CANARY-token",
                                      "captured": {"paymentId": "pay-1"}})
    run.add("refunds.requests.v1", "r1", {"merchantId": "m", "requestId": "q-1",
                                          "note": "CANARY-note", "evidence": "CANARY-evidence"})
    for refund, approvers in (("rf-1", ()), ("rf-2", ("mia", "tom"))):
        for topic, stage in (("refunds.validated.v1", "v"), ("refunds.assessed.v1", "a")):
            run.add(topic, f"{stage}-{refund}", {"orderId": ORDER, "refundId": refund,
                                                 "version": "1", "decidedAt": at(2)})
        run.add("refunds.routed.v1", f"t-{refund}",
                routed(refund, 300 if refund == "rf-1" else 200, approvers))
    second = 4
    for refund, amount in (("rf-1", 300), ("rf-2", 200)):
        for version, status in enumerate(("RESERVED", "SUBMITTED", "SUCCEEDED"), 1):
            run.add("refunds.payouts.v1", f"p-{refund}-{version}",
                    payout(refund, version, status, amount, second))
            second += 1
    run.add("refunds.payouts.v1", "p-rf-2-3", payout("rf-2", 3, "SUCCEEDED", 200, second - 1))
    run.effects += [effect("rf-1", 300), effect("rf-2", 200), effect("hand", 100, "dashboard")]
    events = [("e1", "re-rf-1", "po-rf-1", 300, 6), ("e2", "re-rf-2", "po-rf-2", 200, 9),
              ("e3", "re-hand", "", 100, 10)]
    for one, refund, payout_id, amount, when in events:
        run.add("refunds.provider-events.v1", one,
                {"refund": {"providerRefundId": refund, "payoutId": payout_id,
                            "status": "PROVIDER_REFUND_STATUS_SUCCEEDED"}})
        run.rows.setdefault("settlement.evidence", []).append(
            evidence(one, refund, payout_id, amount, when))
    webhook(run, "re-rf-1", "succeeded")
    run.rows["settlement.evidence"][0]["source"] = "3"
    run.rows["settlement.payment"] = [
        {"merchant_id": "m", "order_id": ORDER, "payment_id": "pay-1", "provider": "STRIPE",
         "provider_reference": "pi-1", "currency": "EUR", "captured_minor": "1000",
         "refunded_minor": "600", "in_flight_minor": "0", "disputed_minor": "0", "over": "f"}]
    run.rows["settlement.payout"] = [payout_row("rf-1", 300), payout_row("rf-2", 200)]
    run.rows["settlement.refund"] = [
        {"merchant_id": "m", "order_id": ORDER, "refund_id": r, "routed_version": "1"}
        for r in ("rf-1", "rf-2")]
    run.rows["settlement.ledger"] = [
        ledger("REFUNDS", "po-rf-1", 300), ledger("CLEARING", "po-rf-1", -300),
        ledger("REFUNDS", "po-rf-2", 200), ledger("CLEARING", "po-rf-2", -200),
        ledger("REFUNDS", "", 100), ledger("CLEARING", "", -100)]
    run.rows["intake.refund"] = [
        {"merchant_id": "m", "order_id": ORDER, "refund_id": "rf-1", "request_id": "q-1",
         "status": "PAID", "waiting_for": "", "due_us": "", "now_us": str(BASE_US)}]
    run.rows["routing.case"] = [{"merchant_id": "m", "case_id": "c-1", "refund_id": "rf-2",
                                 "status": "APPROVED", "due_us": ""}]
    run.rows["settlement.shard"] = [
        {"shard": str(shard), "epoch": "1", "batch_seq": "7", "published_seq": "7", "blocked": ""}
        for shard in range(SHARDS)]
    run.rows["settlement.progress"] = [
        {"shard": str(PARTITION), "topic": "refunds.routed.v1", "next_offset": "2"}]
    run.committed = {("settlement", "refunds.routed.v1", PARTITION): 2}
    run.logs = [("settlement.log", "ready")]
    return run


def cancelled_in_between():
    """One is reserved and cancelled in the instant in which the other is reserved, and both together
    would be too much."""
    run = sound()
    run.rows["settlement.payment"][0]["captured_minor"] = "650"
    records = run.topics["refunds.payouts.v1"]
    run.topics["refunds.payouts.v1"] = []
    for version, status in ((1, "RESERVED"), (2, "CANCELLED")):
        run.add("refunds.payouts.v1", f"p-rf-0-{version}", payout("rf-0", version, status, 500, 4))
    for record in records:
        run.add("refunds.payouts.v1", record["headers"]["ce_id"], record["event"])
    return run


def disputed(*told):
    """A chargeback of 100 that was won at the provider; `told` are the statuses that were delivered, and
    booked is that it is open."""
    run = sound()
    run.effects += [{"effect": "dispute." + kind, "dispute": "dp-1", "payment": "pi-1",
                     "currency": "eur", "amount": 100, "status": status}
                    for kind, status in (("created", "open"), ("closed", "won"))]
    for status in told:
        run.add("refunds.provider-events.v1", f"d-{status}", {
            "dispute": {"disputeId": "dp-1", "status": f"DISPUTE_STATUS_{status}"}})
    run.rows["settlement.ledger"] += [ledger("DISPUTED", "", 100), ledger("CLEARING", "", -100)]
    return run


def last(run, topic):
    return run.topics[topic][-1]


# How a run can be broken, and the rule that must see it. X(run) changes it.
BREAKS = []


def breaks(rule, what):
    def keep(function):
        BREAKS.append((rule, what, function))
        return function
    return keep


@breaks("paid-once", "a payout is paid twice")
def _(run):
    run.effects.append(dict(effect("rf-1", 300), refund="re-again"))


@breaks("paid-once", "a payout is paid with another amount")
def _(run):
    run.effects[0]["amount"] = 301


@breaks("paid-once", "somebody pays what is no payout of ours")
def _(run):
    run.effects.append(effect("stranger", 5))


@breaks("paid-once", "a refund by API names no payout")
def _(run):
    run.effects.append(dict(effect("x", 5), metadata={}))


@breaks("within-approval", "a payout is above its approval")
def _(run):
    run.rows["settlement.payout"][0]["amount_minor"] = "301"


@breaks("within-approval", "a payout has no approval")
def _(run):
    run.rows["settlement.payout"][0]["routed_version"] = "2"


@breaks("within-approval", "an approval is used twice")
def _(run):
    run.rows["settlement.payout"].append(dict(payout_row("rf-1", 300), payout_id="po-more"))


@breaks("cap", "a payout starts above the cap")
def _(run):
    run.rows["settlement.payment"][0]["captured_minor"] = "499"


@breaks("cap", "a payout starts after a refund from outside that leaves too little")
def _(run):
    run.rows["settlement.evidence"][2].update(amount_minor="600", applied_us=str(BASE_US + 5_000_000))


@breaks("cap", "a payout starts on a payment under dispute")
def _(run):
    row = evidence("e4", "", "", 900, 4, "DISPUTE", "2")
    run.rows["settlement.evidence"].append(dict(row, dispute_id="dp-1"))


@breaks("cap", "a payout has no captured payment")
def _(run):
    run.rows["settlement.payment"].clear()


@breaks("ledger", "an entry is missing")
def _(run):
    run.rows["settlement.ledger"].pop(0)


@breaks("ledger", "a payout succeeded that the provider does not have")
def _(run):
    run.effects.pop(0)


@breaks("ledger", "a payout failed that the provider has")
def _(run):
    run.rows["settlement.payout"][0]["status"] = "FAILED"
    run.rows["settlement.ledger"][:2] = []


@breaks("ledger", "a payout succeeded and is not booked")
def _(run):
    run.rows["settlement.ledger"][:2] = []


@breaks("ledger", "a failure that was told is not believed")
def _(run):
    run.effects.append(effect("rf-1", 300, status="failed", kind="refund.failed"))
    webhook(run, "re-rf-1", "failed")


@breaks("ledger", "a refund from outside is not booked")
def _(run):
    run.rows["settlement.ledger"][-2:] = []


@breaks("over-shows", "a payment above its capture is not OVER")
def _(run):
    run.effects[2]["amount"] = 600


@breaks("over-shows", "an OVER without alarm")
def _(run):
    run.rows["settlement.payment"][0].update(over="t", refunded_minor="1001")


@breaks("over-shows", "an OVER without excess")
def _(run):
    run.rows["settlement.payment"][0].update(over="t")


@breaks("repeats", "a repeat differs in its bytes")
def _(run):
    last(run, "refunds.payouts.v1")["sha256"] = "other"


@breaks("repeats", "a repeat differs in a header")
def _(run):
    last(run, "refunds.payouts.v1")["headers"]["ce_time"] = "x"


@breaks("repeats", "a repeat is on another partition")
def _(run):
    last(run, "refunds.payouts.v1")["partition"] = (PARTITION + 1) % SHARDS


@breaks("versions", "a version is missing")
def _(run):
    del run.topics["refunds.payouts.v1"][1]


@breaks("versions", "a version is given twice")
def _(run):
    run.topics["refunds.payouts.v1"][2]["event"]["version"] = "2"


@breaks("versions", "versions come in another order")
def _(run):
    records = run.topics["refunds.payouts.v1"]
    records[0], records[1] = records[1], records[0]


@breaks("order", "an order's events change places")
def _(run):
    records = run.topics["refunds.payouts.v1"]
    records[2], records[3] = records[3], records[2]


@breaks("order", "an event is keyed by another order")
def _(run):
    run.topics["refunds.routed.v1"][0]["key"] = "o-2"


@breaks("order", "an event is on another partition")
def _(run):
    run.topics["refunds.routed.v1"][0]["partition"] = (PARTITION + 1) % SHARDS


@breaks("order", "a whole topic is partitioned in another way")
def _(run):
    for record in run.topics["refunds.payouts.v1"]:
        record["partition"] = (PARTITION + 1) % SHARDS


@breaks("progress", "an input is not read to its end")
def _(run):
    run.rows["settlement.progress"][0]["next_offset"] = "1"


@breaks("progress", "an offset is beyond the end")
def _(run):
    run.rows["settlement.progress"][0]["next_offset"] = "3"


@breaks("progress", "a batch is saved and not published")
def _(run):
    run.rows["settlement.shard"][0]["batch_seq"] = "8"


@breaks("progress", "a shard is blocked")
def _(run):
    run.rows["settlement.shard"][0]["blocked"] = "gap"


@breaks("progress", "Kafka's offset is ahead of the database's")
def _(run):
    run.committed["settlement", "refunds.routed.v1", PARTITION] = 3


@breaks("ended-or-waiting", "a payout hangs without a deadline")
def _(run):
    run.rows["settlement.payout"][0]["status"] = "SUBMITTED"


@breaks("ended-or-waiting", "a payout is past its deadline")
def _(run):
    run.rows["settlement.payout"][0].update(status="UNKNOWN", due_us=str(BASE_US - 3_600_000_000))


@breaks("ended-or-waiting", "a refund hangs")
def _(run):
    run.rows["intake.refund"][0]["status"] = "OPEN"


@breaks("ended-or-waiting", "a case hangs")
def _(run):
    run.rows["routing.case"][0]["status"] = "OPEN"


@breaks("accounted", "a request vanishes")
def _(run):
    run.rows["intake.refund"].clear()


@breaks("accounted", "a provider event vanishes")
def _(run):
    run.rows["settlement.evidence"].pop()


@breaks("accounted", "a webhook vanishes")
def _(run):
    webhook(run, "re-hand", "failed")


@breaks("accounted", "an approval vanishes")
def _(run):
    run.rows["settlement.refund"].pop()


@breaks("accounted", "an approval is refused and used")
def _(run):
    run.add("refunds.control.v1", "x", {"merchantId": "m", "approvalRefused": {
        "refundId": "rf-1", "version": "1"}})


@breaks("accounted", "a capture vanishes")
def _(run):
    run.rows["settlement.payment"].clear()


@breaks("accounted", "an event is applied and dead-lettered")
def _(run):
    run.add("refunds.dead-letters.v1", "e1", {}, headers={
        "ce_id": "e1", "redress_worker": "settlement", "redress_offset": "0",
        "redress_topic": "refunds.provider-events.v1", "redress_partition": str(PARTITION)})


def person(run):
    return run.topics["refunds.routed.v1"][1]["event"]


@breaks("approvals", "one person approves twice")
def _(run):
    person(run)["approval"]["approvers"] = ["mia", "mia"]


@breaks("approvals", "one person approves where two must")
def _(run):
    person(run)["approval"]["approvers"] = ["mia"]


@breaks("approvals", "the requester approves")
def _(run):
    person(run)["assessed"]["request"]["requester"]["id"] = "tom"


@breaks("approvals", "an approver has not decided")
def _(run):
    person(run)["case"]["decisions"].pop()


@breaks("approvals", "an agent approves")
def _(run):
    person(run)["case"]["decisions"][0]["actor"]["role"] = "ROLE_SERVICE_AGENT"


@breaks("approvals", "an automatic approval names people")
def _(run):
    run.topics["refunds.routed.v1"][0]["event"]["approval"]["approvers"] = ["mia"]


@breaks("approvals", "the split is more than what was approved")
def _(run):
    run.topics["refunds.routed.v1"][0]["event"]["approval"]["amount"] = money(299)


for _kind, _topic in (("token", "refunds.payouts.v1"), ("note", "refunds.assessed.v1"),
                      ("evidence", "refunds.provider-events.v1")):
    @breaks("canaries", f"the {_kind} is in {_topic}")
    def _(run, kind=_kind, topic=_topic):
        run.topics[topic][0]["event"]["text"] = f"x CANARY-{kind} x"


@breaks("canaries", "the note is in a log")
def _(run):
    run.logs.append(("intake.log", 'level=warning note="CANARY-note"'))


def results_of(run):
    return {result.name: result for result in check(
        run.facts(), command.make(canaries=CANARIES, workers=("settlement",)))}


def main():
    for result in results_of(sound()).values():
        say(f"{result.name}: a sound run passes", result.held, result.violations)
        say(f"{result.name}: it looked at something", sum(result.counts.values()) > 0, result.counts)
    refused = sound()
    refused.add("refunds.routed.v1", "t-rf-9", routed("rf-9", 5))
    refused.add("refunds.control.v1", "x", {"merchantId": "m", "approvalRefused": {
        "refundId": "rf-9", "version": "1"}})
    result = results_of(refused)["accounted"]
    say("accounted: what was refused is accounted for", result.held, result.violations)
    result = results_of(cancelled_in_between())["cap"]
    say("cap: what was cancelled before does not count", result.held, result.violations)
    result = results_of(disputed("OPEN"))["ledger"]
    say("ledger: a dispute won of which nobody told is open", result.held, result.violations)
    say("ledger: one that was told is not", not results_of(disputed("OPEN", "WON"))["ledger"].held)
    for rule, what, change in BREAKS:
        run = copy.deepcopy(sound())
        change(run)
        broken = [name for name, result in results_of(run).items() if not result.held]
        say(f"{rule}: {what}", rule in broken, broken)
    missing = {rule.name for rule in command.RULES} - {rule for rule, _, _ in BREAKS}
    say("every rule is tried", not missing, missing)
    say("murmur2 is Kafka's", murmur2(b"21") == 0xFFFFFFFF & -973932308 and
        murmur2(b"foobar") == 0xFFFFFFFF & -790332482, "")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
