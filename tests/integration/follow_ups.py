"""Scenarios: answers, appeals and cancellations; and erasing what a customer wrote."""

import counting
import shop
from journey import Journey
from shop import ORDERS, REQUESTS, Order, units
from stack import CommandFailed


def scenarios(stack):
    def publish(order, *requests):
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, *requests)
        return Journey(stack, order)

    def answered():
        order = Order("answer", delivered=None)
        journey = publish(order, order.request())
        asked = journey.await_status(shop.ASSESSED, "NEEDS_INFO")
        counting.equal("because", (asked or {}).get("reasons"), ["NOT_DELIVERED"])
        journey.await_standing("NEEDS_INFO")
        stack.publish(ORDERS, order.delivered(0))
        counting.until(lambda: stack.lag("intake") == 0)
        stack.publish(REQUESTS, order.follow_up("answer"), order.follow_up("answer"))
        journey.await_paid(255)
        journey.check_statuses("assessed twice", shop.ASSESSED, ["NEEDS_INFO", "COMPLIANT"])

    def never_received():
        order = Order("lost", delivered=None)
        publish(order, order.request(reason="REASON_CODE_NOT_RECEIVED")).await_paid(255)

    def excluded():
        order = Order("excluded", category="non_goods")
        declined = publish(order, order.request()).await_status(shop.ASSESSED, "DECLINED")
        counting.equal("because", (declined or {}).get("reasons"), ["EXCLUDED_CATEGORY"])

    def appealed():
        order = Order("appeal", delivered=100)
        journey = publish(order, order.request())
        declined = journey.await_status(shop.ASSESSED, "DECLINED")
        counting.equal("because", (declined or {}).get("reasons"), ["RETURN_WINDOW"])
        journey.await_standing("DECLINED")
        stack.publish(REQUESTS, order.follow_up("appeal"))
        routed = journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        counting.equal("one level up", (routed or {}).get("authority"), "AUTHORITY_LEVEL_LEVEL_2")
        counting.check("it is an exception: a policy reviewer advises first",
                       routed and routed["case"].get("awaitsReview"), routed)
        stack.ctl("decide", journey.case()["case_id"], "recommend", "--advice", "approve", "--as",
                  "rita")
        counting.until(lambda: journey.case()["reviewers"] == ["rita"])
        stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "lea")
        journey.await_paid(255)

    def appealed_by_a_person_s_decline():
        order = Order("appeal-person", lines=(("1", 1, 30000),))
        journey = publish(order, order.request())
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        stack.ctl("decide", journey.case()["case_id"], "decline", "--as", "mia")
        journey.await_standing("DECLINED")
        stack.publish(REQUESTS, order.follow_up("appeal"))
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "mia", "--wait", "0")
        refused = counting.until(lambda: [
            event for event in stack.events(shop.CONTROL)
            if event.get("decisionRefused", {}).get("refundId") == journey.refund_id])
        counting.equal("who declined cannot decide the appeal",
                       refused and refused[0]["decisionRefused"]["reason"], "ALREADY_DECIDED")
        stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "tom")
        journey.await_paid(30000)

    def who_appealed_does_not_decide():
        order = Order("appeal-own", lines=(("1", 1, 30000),))
        journey = publish(order, order.request())
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        stack.ctl("decide", journey.case()["case_id"], "decline", "--as", "mia")
        journey.await_standing("DECLINED")
        stack.publish(REQUESTS, order.follow_up("appeal", by="tom"))
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        counting.equal("the case says who appealed", journey.case()["appealed_by"], "tom")
        stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "tom", "--wait", "0")
        refused = counting.until(lambda: [
            event for event in stack.events(shop.CONTROL)
            if event.get("decisionRefused", {}).get("refundId") == journey.refund_id])
        counting.equal("who appealed cannot approve it",
                       refused and refused[0]["decisionRefused"]["reason"], "OWN_REQUEST")
        stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "lea")
        journey.await_paid(30000)

    def who_answered_does_not_decide():
        order = Order("answer-own", lines=(("1", 1, 30000),))
        journey = publish(order, order.request())
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        stack.ctl("decide", journey.case()["case_id"], "ask", "--as", "mia", "--note", "how worn?")
        journey.await_standing("NEEDS_INFO")
        stack.publish(REQUESTS, order.follow_up("answer", by="tom"))
        counting.until(lambda: journey.case()["status"] == "OPEN")
        counting.equal("the case says who answered", journey.case()["answered_by"], ["tom"])
        try:
            stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "tom")
            counting.check("who answered cannot approve it", False)
        except CommandFailed as failure:
            counting.check("who answered cannot approve it", "OWN_REQUEST" in str(failure),
                           str(failure))
        shown = stack.ctl("case", journey.case()["case_id"])
        counting.check("and people see it", "answered by: tom" in shown, shown)
        stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "lea")
        journey.await_paid(30000)

    def claim_taken_before_the_appeal():
        order = Order("taken", delivered=100, lines=(("1", 1, 500),))
        journey = publish(order, order.request())
        journey.await_standing("DECLINED")
        stack.publish(REQUESTS, order.request("other", days=75))
        Journey(stack, order, "other").await_status(shop.ROUTED, "APPROVED")
        stack.publish(REQUESTS, order.follow_up("appeal"))
        rejected = journey.await_rejection("CLAIM_TAKEN")
        counting.equal("the rejection names who has it", rejected.get("refundId"),
                       Journey(stack, order, "other").refund_id)

    def appealed_twice():
        order = Order("appeal-twice", delivered=100)
        journey = publish(order, order.request())
        journey.await_standing("DECLINED")
        stack.publish(REQUESTS, order.follow_up("appeal"))
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        stack.ctl("decide", journey.case()["case_id"], "decline", "--as", "lea")
        journey.await_standing("DECLINED")
        stack.publish(REQUESTS, order.follow_up("appeal", number=2))
        journey.await_rejection("NOT_APPEALABLE")

    def follow_up_to_nothing():
        order = Order("nothing")
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.follow_up("appeal"))
        Journey(stack, order).await_rejection("NOT_APPEALABLE")

    def cancelled_while_people_decide():
        order = Order("cancel", lines=(("1", 1, 30000),))
        journey = publish(order, order.request())
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        stack.publish(REQUESTS, order.follow_up("cancellation"))
        journey.await_status(shop.PAYOUTS, "CANCELLED")
        journey.await_standing("CANCELLED")
        for topic in (shop.VALIDATED, shop.ASSESSED, shop.ROUTED):
            journey.await_status(topic, "CANCEL_REQUESTED")
        counting.equal("the case is closed", journey.case()["status"], "CANCELLED")
        stack.publish(REQUESTS, order.request("again"))
        Journey(stack, order, "again").await_status(shop.ROUTED, "PENDING_APPROVAL")

    def cancelled_too_late():
        order = Order("too-late")
        journey = publish(order, order.request())
        journey.await_standing("PAID")
        stack.publish(REQUESTS, order.follow_up("cancellation"))
        journey.await_rejection("CANCEL_TOO_LATE")
        counting.equal("paid stays paid", journey.statuses(shop.PAYOUTS)[-1], "SUCCEEDED")

    def erased():
        order = Order("erase", customer="cust-erase", lines=(("1", 2, 60000),))
        journey = publish(order, order.request(note="my name is Ada"))
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        counting.check("the case view has the note", "my name is Ada" in stack.ctl(
            "refund", journey.refund_id))
        stack.ctl("erase", "cust-erase", "--merchant", order.merchant)
        counting.check("the note is gone", "my name is Ada" not in stack.ctl(
            "refund", journey.refund_id))
        counting.check("others are told", counting.until(lambda: [
            event for event in stack.events(shop.CONTROL)
            if event.get("customerErased", {}).get("customerToken") == "cust-erase"]))
        stack.publish(REQUESTS, order.request("r2", lines=units(("1", 1))))
        Journey(stack, order, "r2").await_status(shop.ROUTED, "PENDING_APPROVAL")

    return [answered, never_received, excluded, appealed, appealed_by_a_person_s_decline,
            who_appealed_does_not_decide, who_answered_does_not_decide,
            claim_taken_before_the_appeal, appealed_twice, follow_up_to_nothing,
            cancelled_while_people_decide, cancelled_too_late, erased]
