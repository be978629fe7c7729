"""Scenarios: payouts that are stopped, and go on."""

import copy

import counting
import shop
from journey import Journey
from shop import ORDERS, REQUESTS, Order
from signing import Signer
from stack import CommandFailed

RULES = "refunds.rules.v1"


def scenarios(stack):
    def ask(order):
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        return Journey(stack, order)

    signed = ("--as", "fiona", "--key", stack.folder / "secrets/rules-1.key")

    def stop(*what):
        return stack.ctl_json("stop", *what, "--reason", "fire", *signed)["id"]

    def resume(stop_id):
        stack.ctl("resume", stop_id, "--reason", "all clear", *signed)

    def await_held(journey, stop_id):
        def held():
            events = journey.events(shop.PAYOUTS)
            return events and events[-1].get("reason") == f"STOPPED:{stop_id}"
        counting.check("the payout waits, and names the stop", counting.until(held),
                       journey.trace())
        waiting = stack.ctl_json("payouts", "--order", journey.order.order_id)
        counting.equal("and is listed with it", [payout["waits_for"] for payout in waiting],
                       [f"stop {stop_id} to be resumed"])
        counting.equal("nothing was paid", [
            effect for effect in stack.effects()
            if effect["metadata"].get("refund_id") == journey.refund_id], [])

    def a_merchant_is_stopped():
        stop_id = stop("--merchant", "stopped-shop")
        journey = ask(Order("stop-merchant", merchant="stopped-shop"))
        await_held(journey, stop_id)
        ask(Order("stop-other")).await_paid(255)
        counting.check("the list says who and why", any(
            entry["id"] == stop_id and entry["author"] == "fiona" and entry["reason"] == "fire"
            for entry in stack.ctl_json("stop", "--list")))
        verdicts = counting.until(lambda: [event["rule"] for event in stack.events(shop.CONTROL)
                                           if event.get("rule", {}).get("id") == stop_id])
        counting.equal("everybody is told who stopped it, and why", [
            (told.get("author"), told.get("stopped"), told.get("why")) for told in verdicts],
            [("fiona", True, "fire")])
        resume(stop_id)
        journey.await_paid(255)
        counting.check("it is no longer listed", all(
            entry["id"] != stop_id for entry in stack.ctl_json("stop", "--list")))

    def a_customer_is_stopped():
        stop_id = stop("--customer", "cust-stopped")  # at every merchant
        journey = ask(Order("stop-customer", customer="cust-stopped"))
        await_held(journey, stop_id)
        said = counting.until(lambda: [event["stop"] for event in stack.events(RULES)
                                       if event["id"] == stop_id])
        counting.check("nobody is told the token", said and
                       "cust-stopped" not in repr(said), said)
        stack.ctl("erase", "cust-other", "--merchant", journey.order.merchant)
        resume(stop_id)
        journey.await_paid(255)

    def a_customer_of_one_merchant_is_stopped():
        stop_id = stop("--customer", "cust-own", "--merchant", shop.MERCHANT)
        await_held(ask(Order("stop-own", customer="cust-own")), stop_id)
        ask(Order("stop-own-elsewhere", customer="cust-own", merchant="elsewhere")).await_paid(255)
        resume(stop_id)

    def a_customer_named_in_clear_is_erased():
        signer = Signer(stack.secret("rules-1.key"))
        rules = {"id": "stop-clear", "version": "1", "publishedAt": shop.now(),
                 "author": {"id": "fiona", "role": "ROLE_FINANCE"}, "stop": {
                     "stopped": True, "merchantId": shop.MERCHANT, "customerToken": "cust-clear",
                     "reason": "said in clear"}}
        stack.publish(RULES, signer.sign_rules(rules))
        def kept():
            return stack.ctl_json("stop", "--list")
        counting.check("a stop in clear holds", counting.until(lambda: any(
            entry["id"] == "stop-clear" for entry in kept())))
        journey = ask(Order("stop-clear", customer="cust-clear"))
        await_held(journey, "stop-clear")
        stack.ctl("erase", "cust-clear", "--merchant", shop.MERCHANT)
        names = stack.sql("settlement", "SELECT customer_token FROM rule_stop"
                          " WHERE id = 'stop-clear'")
        counting.check("the token is gone from the stop", names and
                       names[0][0].startswith("sha256:"), names)
        resume("stop-clear")
        journey.await_paid(255)

    def a_stopped_refund_can_be_cancelled():
        order = Order("stop-refund", lines=(("1", 2, 60000),))
        journey = ask(order)
        journey.await_status(shop.ROUTED, "PENDING_APPROVAL")
        stop_id = stop("--refund", journey.refund_id)
        stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "mia")
        await_held(journey, stop_id)
        stack.ctl("request", order.order_id, "--merchant", order.merchant, "--id",
                  f"{order.order_id}/r1", "--cancel", "never mind")
        journey.await_status(shop.PAYOUTS, "CANCELLED")

    def a_stop_that_nobody_may_publish():
        stop_id = stop("--merchant", "quiet-shop")
        accepted = counting.until(lambda: [event for event in stack.events(RULES)
                                           if event["id"] == stop_id])[-1]
        forged = copy.deepcopy(accepted)
        forged.update(version=int(accepted["version"]) + 1)
        forged["stop"] = dict(forged["stop"], stopped=False)
        stack.publish(RULES, forged)  # the signature is that of another version
        unsigned = {name: value for name, value in forged.items() if name != "signatures"}
        stack.publish(RULES, dict(unsigned, version=forged["version"] + 1))
        def refused():
            return [row for row in stack.sql(
                "settlement", "SELECT id FROM view.rule_set WHERE NOT accepted AND id LIKE"
                f" '{stop_id}/%'")]
        counting.check("forged resumptions are refused", counting.until(
            lambda: len(refused()) == 2), refused())
        await_held(ask(Order("stop-quiet", merchant="quiet-shop")), stop_id)
        try:
            stack.ctl("stop", "--merchant", "quiet-shop", "--reason", "x", "--as", "y", "--key",
                      stack.folder / "secrets/console.key")
            counting.check("a key that may not sign rules is refused", False)
        except CommandFailed as problem:
            counting.check("a key that may not sign rules is refused",
                           "console may not sign rules" in str(problem), str(problem))
        try:
            stack.ctl("stop", "--reason", "x", *signed)
            counting.check("a stop of nothing is refused", False)
        except CommandFailed as problem:
            counting.check("a stop of nothing is refused", "name what to stop" in str(problem),
                           str(problem))

    def several_stops_are_listed():
        held = [stop("--merchant", f"held-{number}") for number in (1, 2)]
        try:
            stack.ctl("resume", "--reason", "x", *signed)
            counting.check("which of several goes on has to be said", False)
        except CommandFailed as problem:
            counting.check("which of several goes on has to be said",
                           "stops hold: name one" in str(problem), str(problem))
        for stop_id in held:
            resume(stop_id)

    return [a_merchant_is_stopped, a_customer_is_stopped, a_customer_of_one_merchant_is_stopped,
            a_customer_named_in_clear_is_erased, a_stopped_refund_can_be_cancelled,
            a_stop_that_nobody_may_publish, several_stops_are_listed]
