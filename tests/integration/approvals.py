"""Scenarios: what people must decide, and the decisions that are refused."""

import json

import counting
import shop
from journey import Journey
from shop import DECISIONS, ORDERS, REQUESTS, Order, units
from signing import Signer
from stack import CommandFailed

# (what the line cost, days since delivery, authority, people needed); all of the line is asked for
LADDER = (
    (25000, 2, "AUTO", 0),
    (25001, 2, "LEVEL_1", 1),
    (250000, 2, "LEVEL_1", 1),
    (250001, 2, "LEVEL_2", 1),
    (1000000, 2, "LEVEL_2", 1),
    (1000001, 2, "LEVEL_2_TWO_APPROVERS", 2),
    (500, 31, "LEVEL_1", 1),
    (250001, 45, "LEVEL_2", 1),
)


def scenarios(stack):
    console = Signer(stack.secret("console.key"))

    def ask(order, **asked):
        """Publishes an order and a request for it that a person must decide."""
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request(**asked))
        journey = Journey(stack, order)
        routed = journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        return journey, routed["case"] if routed else {}

    def dear(name, minor=30000, **what):
        return Order(name, lines=(("1", 2, 2 * minor),), **what)

    def decide(journey, *arguments):
        stack.ctl("decide", journey.case()["case_id"], *arguments)

    def refused(reason, journey, *arguments):
        """Whoever decides on the command line is told why it does not count."""
        try:
            decide(journey, *arguments)
            counting.check(f"refused: {reason}", False)
        except CommandFailed as failure:
            counting.check(f"refused: {reason}", f"refuses the decision: {reason}" in str(failure),
                           str(failure))

    def decision(journey, case, number, who="mia", verdict="APPROVE", **other):
        return console.sign({
                "merchantId": journey.order.merchant, "orderId": journey.order.order_id,
                "refundId": journey.refund_id, "caseId": case["caseId"],
                "caseVersion": case["version"], "subjectHash": case["subjectHash"],
                "actor": {"id": who, "role": "ROLE_APPROVER"}, "verdict": f"VERDICT_{verdict}",
                "occurredAt": shop.now(), "note": "seen",
                "decisionId": f"{journey.order.order_id}/{number}", **other})

    def refusals(journey):
        return [event["decisionRefused"]["reason"] for event in stack.events(shop.CONTROL)
                if event.get("decisionRefused", {}).get("refundId") == journey.refund_id]

    def await_refusal(journey, reason):
        counting.check(f"the decision is refused: {reason}", counting.until(
            lambda: reason in refusals(journey)), refusals(journey))

    def ladder():
        for number, (minor, days, authority, people) in enumerate(LADDER):
            order = Order(f"ladder-{number}", lines=(("1", 1, minor),), delivered=days)
            stack.publish(ORDERS, *order.events())
            stack.publish(REQUESTS, order.request())
            journey = Journey(stack, order)
            routed = journey.await_status(shop.ROUTED,
                                          "PENDING_APPROVAL" if people else "APPROVED")
            counting.equal(f"{minor} after {days} days goes to",
                           ((routed or {}).get("authority"),
                            (routed or {}).get("case", {}).get("approversNeeded", 0)),
                           (f"AUTHORITY_LEVEL_{authority}", people))

    def no_limits_for_the_currency():
        order = Order("limitless", currency="CHF", lines=(("1", 1, 100),))
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        routed = Journey(stack, order).await_status(shop.ROUTED, "PENDING_APPROVAL")
        counting.equal("a currency without limits goes to finance", (routed or {}).get("authority"),
                       "AUTHORITY_LEVEL_FINANCE_CONTROLLER")

    def approved_by_a_person():
        journey, case = ask(dear("approve"))
        counting.check("the case says why", case.get("why"), case)
        decide(journey, "approve", "--as", "mia", "--note", "fine")
        routed = journey.await_status(shop.ROUTED, "APPROVED")
        counting.equal("approved by", routed and routed["approval"]["approvers"], ["mia"])
        journey.await_paid(30000)
        life = stack.ctl("refund", journey.refund_id)
        counting.check("its life names who decided", "mia" in life, life)

    def declined_by_a_person():
        order = dear("decline")
        journey, _ = ask(order, lines=units(("1", 2)))
        decide(journey, "decline", "--as", "mia", "--note", "worn")
        declined = journey.await_status(shop.ROUTED, "DECLINED")
        counting.check("the customer is told, and how to appeal", declined and
                       declined["notice"]["template"] == "refund_declined" and
                       declined["notice"].get("appeal"), declined)
        journey.await_standing("DECLINED")
        stack.publish(REQUESTS, order.request("r2"))
        Journey(stack, order, "r2").await_status(shop.ROUTED, "PENDING_APPROVAL")

    def approved_for_less():
        journey, _ = ask(dear("less"))
        decide(journey, "reduce", "--as", "mia", "--amount", "120.50", "--note", "half used")
        journey.await_paid(12050)

    def two_different_approvers():
        journey, case = ask(dear("two", 1500000), lines=units(("1", 1)))
        counting.equal("people needed", case.get("approversNeeded"), 2)
        decide(journey, "approve", "--as", "mia")
        counting.check("one approval is not enough", counting.until(
            lambda: (journey.case() or {}).get("approvers") == ["mia"]), journey.case())
        refused("ALREADY_DECIDED", journey, "approve", "--as", "mia")
        counting.equal("its life tells which of the two was refused, and why", [
            (step["status"], step["outcome"], step["refusal"])
            for step in stack.ctl_json("refund", journey.refund_id)["steps"]
            if step["stage"] == "decision"], [("APPROVE", "TAKEN", None),
                                              ("APPROVE", "REFUSED", "ALREADY_DECIDED")])
        life = stack.ctl("refund", journey.refund_id)
        counting.check("in words, too", "refused, ALREADY_DECIDED (" in life, life)
        counting.equal("nothing is paid by then", journey.statuses(shop.PAYOUTS), [])
        decide(journey, "approve", "--as", "tom")
        journey.await_paid(1500000)

    def stale_version():
        journey, case = ask(dear("stale", 1500000))
        stack.publish(DECISIONS, decision(journey, case, 1, "mia"))
        counting.until(lambda: (journey.case() or {}).get("approvers") == ["mia"])
        stack.publish(DECISIONS, decision(journey, case, 2, "tom"))
        await_refusal(journey, "STALE_VERSION")
        counting.equal("the case is as it was", journey.case()["approvers"], ["mia"])

    def stale_subject():
        journey, case = ask(dear("subject"))
        stack.publish(DECISIONS, decision(journey, case, 1, subjectHash="0" * 64))
        await_refusal(journey, "STALE_SUBJECT")
        counting.equal("the case is open", journey.case()["status"], "OPEN")

    def own_request():
        journey, case = ask(dear("own"))
        stack.publish(DECISIONS, decision(journey, case, 1, "agent-4"))
        await_refusal(journey, "OWN_REQUEST")
        counting.equal("nothing was approved", journey.statuses(shop.ROUTED), ["PENDING_APPROVAL"])

    def wrong_role():
        journey, case = ask(dear("role"))
        stack.publish(DECISIONS, decision(journey, case, 1, actor={
            "id": "quinn", "role": "ROLE_APPROVER"}))
        await_refusal(journey, "ROLE")

    def advice_that_advises_nothing():
        journey, case = ask(dear("advice", delivered=45))
        reviewer = {"id": "rita", "role": "ROLE_POLICY_REVIEWER"}
        stack.publish(DECISIONS, decision(journey, case, 1, verdict="RECOMMEND", actor=reviewer))
        letters = counting.until(lambda: [
            entry["headers"] for entry in stack.events(
                shop.DEAD_LETTERS, journey.order.order_id, headers=True)])
        counting.equal("it is a dead letter that says why", letters and [
            (each["redress_worker"], each["redress_reason"], each["redress_field"])
            for each in letters], [("routing", "FIELD_MISSING", "recommended")])
        counting.check("the case still waits for a review",
                       journey.events(shop.ROUTED)[-1]["case"].get("awaitsReview"))
        refused("NOT_REVIEWED", journey, "approve", "--as", "mia")

    def the_same_decision_again():
        journey, case = ask(dear("repeat", 1500000))
        for _ in range(3):
            stack.publish(DECISIONS, decision(journey, case, 1))
        counting.until(lambda: (journey.case() or {}).get("approvers") == ["mia"])
        case = journey.events(shop.ROUTED)[-1]["case"]
        stack.publish(DECISIONS, decision(journey, case, 2, "tom"))
        journey.await_paid(1500000)
        counting.equal("repeats are no refusals", refusals(journey), [])

    def unknown_case():
        journey, case = ask(dear("unknown"))
        stack.publish(DECISIONS, decision(journey, dict(case, caseId="c_" + "0" * 32), 1))
        await_refusal(journey, "UNKNOWN_CASE")

    def each_line_for_itself():
        first, _ = ask(dear("line-1"))
        second, _ = ask(dear("line-2"))
        lines = ['{"case": "c_1", verdict}', [1],
                 {"case": first.case()["case_id"], "verdict": "approve", "as": "mia"},
                 {"case": "c_" + "0" * 32, "verdict": "approve", "as": "mia"},
                 {"case": first.case()["case_id"], "verdict": "perhaps", "as": "mia"},
                 {"case": second.case()["case_id"], "verdict": "approve", "as": "mia", "by": "x"},
                 {"case": second.case()["case_id"], "verdict": "decline", "as": "tom"}]
        try:
            stack.ctl("decide", "--from", "-", stdin="".join(
                (line if isinstance(line, str) else json.dumps(line)) + "\n"
                for line in lines).encode())
            counting.check("a line that cannot be published is told", False)
        except CommandFailed as failure:
            counting.check("a line that cannot be published is told",
                           "there is no case" in str(failure), str(failure))
            counting.check("so is one that is not JSON, by its number",
                           "-:1: column" in str(failure) and "-:2: (no case): wanted" in str(failure)
                           and "-:4: c_0" in str(failure)
                           and "5 lines were not published" in str(failure), str(failure))
            counting.check("and words that mean nothing",
                           '"perhaps" is no verdict' in str(failure)
                           and '"by" is no field' in str(failure), str(failure))
        first.await_paid(30000)
        second.await_status(shop.ROUTED, "DECLINED")

    def told_why_it_does_not_count():
        journey, _ = ask(dear("told"))
        refused("UNKNOWN_PERSON", journey, "approve", "--as", "mallory", "--role", "APPROVER")
        refused("TIME", journey, "ask", "--as", "mia", "--by", shop.days_ago(1))
        try:
            decide(journey, "approve", "--as", "mia", "--amount", "1.00")
            counting.check("an amount is for less than all", False)
        except CommandFailed as failure:
            counting.check("an amount is for less than all", "for reduce only" in str(failure),
                           str(failure))
        for said, words in ((("reduce", "--as", "mia"), "reduce wants an amount or a method"),
                            (("reduce", "--as", "mia", "--amount", "0"), "more than nothing"),
                            (("recommend", "--as", "rob"), "recommend wants advice"),
                            (("recommend", "--as", "rob", "--advice", "maybe"), "--advice maybe"),
                            (("approve", "--as", "rob"), "rob has no role that may say APPROVE"),
                            (("approve", "--as", "mallory"), "mallory is not in the roster")):
            try:
                decide(journey, *said)
                counting.check("what routing would not read is not published", False, said)
            except CommandFailed as failure:
                counting.check("what routing would not read is not published",
                               words in str(failure), str(failure))
        decide(journey, "approve", "--as", "mallory", "--role", "APPROVER", "--wait", "0")
        counting.until(lambda: stack.lag("routing") == 0)
        life = stack.ctl("refund", journey.refund_id)
        counting.equal("the life tells what was never genuine",
                       life.count("refused, UNKNOWN_PERSON ("), 2)
        counting.equal("the case is open", journey.case()["status"], "OPEN")
        shown = stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "mia")
        counting.check("and what became of the case", "is APPROVED" in shown, shown)
        journey.await_paid(30000)

    def decided_too_late():
        journey, case = ask(dear("late"))
        decide(journey, "decline", "--as", "mia")
        journey.await_status(shop.ROUTED, "DECLINED")
        last = journey.events(shop.ROUTED)[-1]["case"]
        stack.publish(DECISIONS, decision(journey, dict(case, version=last["version"]), 9, "tom"))
        await_refusal(journey, "CASE_NOT_OPEN")
        counting.equal("declined stays declined", journey.statuses(shop.ROUTED)[-1], "DECLINED")

    return [ladder, no_limits_for_the_currency, approved_by_a_person, declined_by_a_person,
            approved_for_less, two_different_approvers, stale_version, stale_subject, own_request,
            wrong_role, advice_that_advises_nothing, the_same_decision_again, unknown_case,
            each_line_for_itself, told_why_it_does_not_count, decided_too_late]
