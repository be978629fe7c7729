"""Scenarios: from a purchase to money back, all rejections, duplicates, and events out of order."""

import counting
import shop
from journey import Journey
from shop import ORDERS, REQUESTS, Order, units

# Of an order that was paid, and delivered two days ago:
# name: (what it is like, what is asked before and goes through, what is asked, reason, facts)
REJECTIONS = {
    "line not on order": (
        {}, [], {"lines": units(("9", 1))}, "LINE_NOT_ON_ORDER", {"lineId": "9"}),
    "units exceed purchase": (
        {}, [], {"lines": units(("1", 7))}, "UNITS_EXCEED_PURCHASE",
        {"lineId": "1", "asked": "7", "left": "6"}),
    "units already claimed": (
        {}, [{"lines": units(("1", 4))}], {"lines": units(("1", 3))}, "UNITS_ALREADY_CLAIMED",
        {"lineId": "1", "asked": "3", "left": "2"}),
    "amount exceeds paid": (
        {}, [], {"amount": {"minor": 1531, "currency": "GBP"}}, "AMOUNT_EXCEEDS_PAID",
        {"asked": "1531", "left": "1530"}),
    "amount exceeds what is left": (
        {}, [{"amount": {"minor": 1000, "currency": "GBP"}}],
        {"amount": {"minor": 531, "currency": "GBP"}}, "AMOUNT_EXCEEDS_PAID",
        {"asked": "531", "left": "530"}),
    "currency mismatch": (
        {}, [], {"amount": {"minor": 100, "currency": "EUR"}}, "CURRENCY_MISMATCH", {}),
    "duplicate reference": (
        {}, [{"externalReference": "desk:1"}], {"externalReference": "desk:1"},
        "DUPLICATE_REQUEST", {}),
    "too large": (
        {"lines": tuple((str(n), 1, 100) for n in range(1, 2000)), "sku": "s" * 120}, [],
        {"wholeOrder": True}, "TOO_LARGE", {}),
}


def scenarios(stack):
    def happy_path():
        order = Order("happy", shipping=495, customer="17850")
        stack.publish(ORDERS, order.placed(), *order.captures(), order.delivered())
        counting.until(lambda: stack.lag("intake") == 0)
        stack.publish(REQUESTS, order.request(lines=units(("1", 2)), note="two arrived broken"))
        journey = Journey(stack, order)
        paid = journey.await_paid(510)
        counting.check("the payout names its end and the provider's refund", paid and
                       paid["payoutsEnded"] == 1 and paid["provider"]["refundId"][:3] == "re_"
                       and paid["expectedBy"], paid)
        credit = (paid or {}).get("creditNote", [{}])[0]
        counting.equal("the credit note has net and tax",
                       (credit.get("lineId"), credit.get("netMinor"), credit.get("taxMinor")),
                       ("1", "425", "85"))
        journey.await_standing("PAID")
        check_claim(journey)
        check_chain(journey)
        check_provider(journey, 510)
        life = stack.ctl("refund", journey.refund_id)
        counting.check("its life tells of every stage", all(
            word in life for word in ("intake", "policy", "routing", "settlement")), life)

    def check_claim(journey):
        validated = journey.first(shop.VALIDATED)
        counting.equal("the claim is two of six units",
                       (validated["claim"], validated["facts"]["lines"][0]["unitsBought"]),
                       ({"minor": "510", "currency": "GBP"}, "6"))
        counting.check("the note stays in intake", "note" not in validated["request"], validated)
        counting.check("the customer is told at each stage",
                       validated["notice"]["template"] == "refund_received" and
                       journey.events(shop.PAYOUTS)[-1]["notice"]["template"] == "refund_sent",
                       journey.trace())

    def check_chain(journey):
        """Each event names the one that it answers and carries its trace on."""
        chain = [journey.first(topic, headers=True)["headers"]
                 for topic in (shop.VALIDATED, shop.ASSESSED, shop.ROUTED, shop.PAYOUTS)]
        counting.equal("each event names the one that it answers",
                       [later["ce_causationid"] for later in chain[1:]],
                       [earlier["ce_id"] for earlier in chain[:-1]])
        counting.equal("one trace", len({entry["traceparent"].split("-")[1] for entry in chain}), 1)
        counting.check("headers say what the value says", all(
            entry["ce_refundid"] == journey.refund_id and entry["ce_version"] == "1"
            for entry in chain), chain)

    def check_provider(journey, minor):
        done = [effect for effect in stack.effects()
                if effect["metadata"]["refund_id"] == journey.refund_id]
        counting.equal("the provider paid once",
                       [(effect["amount"], effect["currency"]) for effect in done],
                       [(minor, "gbp")])

    def rejection(name):
        what, before, asked, reason, facts = REJECTIONS[name]

        def scenario():
            order = Order(f"reject-{name.replace(' ', '-')}", **what)
            stack.publish(ORDERS, *order.events())
            names = [f"before-{number}" for number in range(len(before))]
            stack.publish(REQUESTS, *(order.request(first, **content)
                                      for first, content in zip(names, before)))
            stack.publish(REQUESTS, order.request("late", **asked))
            rejected = Journey(stack, order, "late").await_rejection(reason)
            counting.equal("the rejection tells",
                           {field: rejected.get(field) for field in facts}, facts)
            if reason in ("UNITS_ALREADY_CLAIMED", "DUPLICATE_REQUEST"):
                counting.equal("the rejection names the refund that was first",
                               rejected.get("refundId"), Journey(stack, order, names[0]).refund_id)
        scenario.__name__ = f"rejected: {name}"
        return scenario

    def no_order_before_the_deadline():
        order = Order("no-order")
        stack.publish(REQUESTS, order.request())
        Journey(stack, order).await_rejection("ORIGINAL_TRANSACTION_NOT_FOUND")

    def no_payment_before_the_deadline():
        order = Order("no-payment")
        stack.publish(ORDERS, order.placed())
        stack.publish(REQUESTS, order.request())
        Journey(stack, order).await_rejection("PAYMENT_NOT_CAPTURED")

    def request_before_its_order():
        order = Order("early")
        journey = Journey(stack, order)
        stack.publish(REQUESTS, order.request())
        counting.check("it is parked", counting.until(lambda: journey.standing() == (
            "PARKED", "order")), journey.standing())
        stack.publish(ORDERS, *order.events())
        journey.await_paid(255)

    def request_before_the_capture():
        order = Order("unpaid")
        journey = Journey(stack, order)
        stack.publish(ORDERS, order.placed(), order.delivered())
        stack.publish(REQUESTS, order.request())
        counting.check("it is parked", counting.until(lambda: journey.standing() == (
            "PARKED", "payment")), journey.standing())
        stack.publish(ORDERS, order.captured())
        journey.await_paid(255)

    def parked_requests_in_order_of_arrival():
        order = Order("queue", lines=(("1", 1, 100),))
        stack.publish(REQUESTS, order.request("first"), order.request("second"))
        stack.publish(ORDERS, *order.events())
        Journey(stack, order, "first").await_paid(100)
        Journey(stack, order, "second").await_rejection("UNITS_ALREADY_CLAIMED")

    def order_events_in_any_order():
        order = Order("shuffled")
        stack.publish(ORDERS, order.delivered(), order.captured(), order.placed())
        stack.publish(REQUESTS, order.request())
        Journey(stack, order).await_paid(255)

    def the_same_events_again():
        order = Order("again")
        for _ in range(3):
            stack.publish(ORDERS, *order.events())
            stack.publish(REQUESTS, order.request())
        stack.publish(REQUESTS, order.request(lines=units(("1", 3))))
        journey = Journey(stack, order)
        journey.await_paid(255)
        marker = Order("again-marker", merchant="other")
        stack.publish(REQUESTS, order.request("marker"))
        Journey(stack, order, "marker").await_paid(255)
        journey.check_statuses("one answer to many repeats", shop.VALIDATED, ["VALIDATED"])
        counting.equal("captured once", stack.sql(
            "settlement", "SELECT captured_minor FROM view.payment"
            f" WHERE payment_id = '{order.payment()}'"), [["1530"]])
        counting.check("no such merchant", Journey(stack, marker).refund_id is None)

    def all_units_one_by_one():
        order = Order("cents", lines=(("1", 3, 100),))
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, *(order.request(name) for name in "abc"))
        for name, minor in zip("abc", (34, 33, 33)):
            Journey(stack, order, name).await_paid(minor)
        stack.publish(REQUESTS, order.request("d"))
        Journey(stack, order, "d").await_rejection("UNITS_ALREADY_CLAIMED")

    def whole_order_over_two_payments():
        order = Order("split", lines=(("1", 2, 1000), ("2", 1, 501)), shipping=300,
                      payments=[800, 1001])
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request(wholeOrder=True))
        journey = Journey(stack, order)
        counting.check("both payments give back all", counting.until(lambda: stack.sql(
            "settlement", "SELECT payment_id, refunded_minor FROM view.payment"
            f" WHERE order_id = '{order.order_id}' ORDER BY 1") ==
            [[order.payment(1), "800"], [order.payment(2), "1001"]]), journey.trace())
        journey.await_standing("PAID")
        last = journey.events(shop.PAYOUTS)[-1]
        counting.equal("payouts in all and ended", (last["payoutsTotal"], last["payoutsEnded"]),
                       (2, 2))

    def amounts_of_other_currencies():
        for currency in ("JPY", "KWD"):
            order = Order(f"money-{currency}", lines=(("1", 2, 2000),), currency=currency)
            stack.publish(ORDERS, *order.events())
            stack.publish(REQUESTS, order.request())
            Journey(stack, order).await_paid(1000)
            check_provider_currency(order, currency)

    def check_provider_currency(order, currency):
        done = [effect["currency"] for effect in stack.effects()
                if effect["payment_intent"] == order.captured()["captured"]["providerReference"]]
        counting.equal("the provider paid in", done, [currency.lower()])

    def two_merchants_with_one_order_number():
        here, there = Order("shared"), Order("shared", merchant="other-shop", lines=(("1", 1, 77),))
        there.amounts = [77]
        stack.publish(ORDERS, *here.events(), *there.events())
        stack.publish(REQUESTS, here.request(), there.request())
        Journey(stack, here).await_paid(255)
        Journey(stack, there).await_paid(77)

    return [happy_path, no_order_before_the_deadline, no_payment_before_the_deadline,
            *map(rejection, REJECTIONS), request_before_its_order, request_before_the_capture,
            parked_requests_in_order_of_arrival, order_events_in_any_order, the_same_events_again,
            all_units_one_by_one, whole_order_over_two_payments, amounts_of_other_currencies,
            two_merchants_with_one_order_number]
