"""Scenarios: somebody who can write to the topics of settlement tries to move money, or to free it."""

import copy
import json

import counting
import shop
from journey import Journey
from shop import CONTROL, ORDERS, REQUESTS, ROUTED, Order

GOODS = "refunds.goods.v1"
PROVIDER_EVENTS = "refunds.provider-events.v1"
NO_MAC = "A" * 43 + "="  # 32 bytes


def scenarios(stack):
    def paid(name):
        """A refund of 255 that was paid, and its payout's last event."""
        order = Order(name)
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        journey = Journey(stack, order)
        return journey, journey.await_paid(255)

    def pending(name):
        """A refund of 300.00 that waits for a person, and what routing said of it."""
        order = Order(name, lines=(("1", 2, 60000),))
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        journey = Journey(stack, order)
        return journey, journey.await_status(ROUTED, "PENDING_APPROVAL")

    def evidence(journey, payout, number, **said):
        return {"merchantId": journey.order.merchant, "orderId": journey.order.order_id,
                "eventId": f"forged-{number}", "occurredAt": shop.days_ago(0),
                "provider": "PROVIDER_STRIPE", "paymentId": payout["paymentId"],
                "providerReference": journey.order.reference(),
                "source": "EVIDENCE_SOURCE_WEBHOOK", "verified": True, "epoch": 1,
                "seal": NO_MAC, **said}

    def await_applied(journey, number):
        rows = counting.until(lambda: stack.sql(
            "settlement", "SELECT verified FROM view.evidence WHERE order_id ="
            f" '{journey.order.order_id}' AND event_id = 'forged-{number}'"))
        counting.equal(f"forgery {number} is kept, as not verified", rows, [["f"]])

    def money(journey):
        return stack.sql("settlement", "SELECT refunded_minor, in_flight_minor, disputed_minor FROM"
                         f" view.payment WHERE order_id = '{journey.order.order_id}'")

    def refused(journey):
        return [event["approvalRefused"]["reason"] for event in stack.events(CONTROL)
                if event.get("approvalRefused", {}).get("refundId") == journey.refund_id]

    def await_refused(journey, reason):
        counting.check(f"settlement says that the approval is refused: {reason}",
                       counting.until(lambda: reason in refused(journey)), refused(journey))

    def effects(journey):
        return [effect for effect in stack.effects()
                if effect["metadata"].get("refund_id") == journey.refund_id]

    def forged_failure():
        journey, payout = paid("forged-failure")
        for number, status in enumerate(("FAILED", "CANCELLED")):
            stack.publish(PROVIDER_EVENTS, evidence(journey, payout, number, refund={
                "refundId": journey.refund_id, "payoutId": payout["payoutId"],
                "providerRefundId": payout["provider"]["refundId"],
                "status": f"PROVIDER_REFUND_STATUS_{status}", "amount": payout["amount"],
                "failureCode": "declined"}))
            await_applied(journey, number)
        stack.publish(PROVIDER_EVENTS, evidence(journey, payout, 2, callFailed={
            "payoutId": payout["payoutId"], "failure": "CALL_FAILURE_REFUSED",
            "code": "declined"}))
        await_applied(journey, 2)
        counting.equal("the money counts as paid", money(journey), [["255", "0", "0"]])
        counting.equal("the payout succeeded, and nothing followed",
                       journey.statuses(shop.PAYOUTS)[-1], "SUCCEEDED")

    def forged_won_dispute():
        journey, payout = paid("forged-dispute")
        dispute = {"disputeId": "dp-1", "status": "DISPUTE_STATUS_OPEN", "amount": payout["amount"]}
        stack.publish(PROVIDER_EVENTS, evidence(journey, payout, 0, dispute=dispute))
        await_applied(journey, 0)
        stack.publish(PROVIDER_EVENTS, evidence(
            journey, payout, 1, dispute=dict(dispute, status="DISPUTE_STATUS_WON")))
        await_applied(journey, 1)
        counting.equal("what is disputed stays disputed", money(journey), [["255", "0", "255"]])

    def approval_without_a_mac():
        journey, routed = pending("unsigned")
        forged = copy.deepcopy(routed)
        forged.update(version=int(routed["version"]) + 1, status="ROUTING_STATUS_APPROVED",
                      automatic=True, approval={
                          "keyId": "k1", "method": "REFUND_METHOD_ORIGINAL",
                          "split": [{"paymentId": journey.order.payment(),
                                     "amount": {"minor": 30000, "currency": "GBP"}}],
                          "amount": {"minor": 30000, "currency": "GBP"},
                          "expiresAt": shop.days_ago(-30)})
        stack.publish_sealed(ROUTED, json.dumps(forged))
        await_refused(journey, "MAC")
        forged["approval"]["keyId"] = "nobody"
        stack.publish_sealed(ROUTED, json.dumps(forged))
        await_refused(journey, "UNKNOWN_KEY")
        counting.equal("nothing was told of a payout", journey.statuses(shop.PAYOUTS), [])
        counting.equal("nothing was paid", effects(journey), [])
        stack.ctl("request", journey.order.order_id, "--merchant", journey.order.merchant, "--id",
                  f"{journey.order.order_id}/r1", "--cancel", "never mind")
        journey.await_status(shop.PAYOUTS, "CANCELLED")

    def mac_of_another_refund():
        genuine, _ = paid("genuine")
        journey, routed = pending("borrowed")
        approval = genuine.events(ROUTED)[-1]["approval"]
        forged = copy.deepcopy(routed)
        forged.update(version=int(routed["version"]) + 1, status="ROUTING_STATUS_APPROVED",
                      approval=approval)
        stack.publish_sealed(ROUTED, json.dumps(forged))
        await_refused(journey, "MAC")
        counting.equal("nothing was paid", effects(journey), [])

    def approval_again_with_a_new_version():
        journey, _ = paid("again")
        again = copy.deepcopy(journey.events(ROUTED)[-1])
        stack.publish_sealed(ROUTED, json.dumps(again))  # byte for byte: a duplicate
        again["version"] = int(again["version"]) + 1
        stack.publish_sealed(ROUTED, json.dumps(again))
        await_refused(journey, "MAC")
        counting.equal("it was paid once", len(effects(journey)), 1)

    def one_payment_for_two_orders():
        first = Order("shares-first", lines=(("1", 1, 255),))
        others = [Order(f"shares-other-{number}", lines=(("1", 1, 255),)) for number in (1, 2)]
        def borrowed(order):
            capture = order.captured()
            capture["captured"]["providerReference"] = first.reference()
            return [capture, order.delivered(), order.placed()]
        stack.publish(ORDERS, *first.events(), *borrowed(others[0]))
        counting.until(lambda: stack.lag("settlement") == 0)
        stack.publish(ORDERS, *borrowed(others[1]))
        holders = counting.until(lambda: stack.sql(
            "settlement", "SELECT order_id FROM view.payment WHERE provider_reference ="
            f" '{first.reference()}'"))
        counting.equal("one order has the payment", len(holders), 1)
        orders = [first, *others]
        late = [order for order in orders if order.order_id != holders[0][0]]
        for order in late:
            await_letters(order.order_id, 1, "settlement", reason="PAYMENT_TAKEN")
        for order in orders:
            stack.publish(REQUESTS, order.request())
        for order in orders:
            if order not in late:
                Journey(stack, order).await_paid(255)
        for order in late:
            journey = Journey(stack, order)
            journey.await_status(ROUTED, "APPROVED")
            counting.check("what has no payment waits for its capture", counting.until(
                lambda journey=journey: stack.sql(
                    "settlement", "SELECT status FROM view.payout WHERE refund_id ="
                    f" '{journey.refund_id}'") == [["AWAITING_CAPTURE"]]), journey.trace())
        counting.equal("the provider paid once", len(
            [effect for effect in stack.effects() if first.reference() in json.dumps(effect)]), 1)

    def await_letters(order_id, count, *workers, reason="NOT_SEALED"):
        """Each of these workers met what no worker said `count` times, and put it aside."""
        def met():
            letters = [entry["headers"] for entry in
                       stack.events(shop.DEAD_LETTERS, order_id, headers=True)]
            return [letter["redress_worker"] for letter in letters
                    if letter["redress_reason"] == reason]
        counting.check(f"{reason}: a dead letter of {' and '.join(workers)}",
                       counting.until(lambda: all(met().count(each) == count for each in workers)),
                       met())

    def assessment_of_nobody():
        """What policy never said: an order that was never asked for is compliant, and small."""
        genuine, _ = paid("assessed")
        order = Order("never-asked-for")
        stack.publish(ORDERS, *order.events())
        forged = json.loads(json.dumps(genuine.await_status(shop.ASSESSED, "COMPLIANT"))
                            .replace("assessed", "never-asked-for")
                            .replace(genuine.refund_id, "rf_" + "0" * 32))
        stack.publish(shop.ASSESSED, forged)
        await_letters(order.order_id, 1, "routing", "intake")
        counting.equal("routing says nothing of it", stack.events(ROUTED, order.order_id), [])
        counting.equal("nothing was paid", [effect for effect in stack.effects() if
                                            effect["metadata"].get("refund_id") ==
                                            forged["refundId"]], [])

    def end_of_a_refund():
        """What would free a claim, or stop a refund: a decline and a cancellation."""
        journey, routed = pending("ended")
        said = {**routed, "version": int(routed["version"]) + 1}
        stack.publish(ROUTED, {**said, "status": "ROUTING_STATUS_DECLINED"},
                      {**said, "status": "ROUTING_STATUS_CANCEL_REQUESTED"})
        await_letters(journey.order.order_id, 2, "settlement", "intake")
        stack.publish(REQUESTS, journey.order.request("r2", lines=shop.units(("1", 2))))
        Journey(stack, journey.order, "r2").await_rejection("UNITS_ALREADY_CLAIMED")

    def seal_of_another_record():
        """A record that a worker did seal, under another id."""
        genuine, _ = paid("sealed")
        entry = counting.until(
            lambda: stack.events(shop.ASSESSED, genuine.order.order_id, headers=True))[-1]
        entry["headers"]["ce_id"] += "0"
        stack.ctl("publish", shop.ASSESSED, "-", stdin=json.dumps(
            {"headers": entry["headers"], "event": entry["event"]}).encode())
        await_letters(genuine.order.order_id, 1, "routing")

    def goods_that_nobody_saw():
        """Accepted goods make a request, or open the gate of one: only who sees goods may say it."""
        order = Order("goods")
        stack.publish(ORDERS, *order.events())
        said = {"merchantId": order.merchant, "orderId": order.order_id, "eventId": "parcel-1",
                "occurredAt": shop.days_ago(0), "actor": {"id": "warehouse", "role": "ROLE_SYSTEM"},
                "inspected": {"lines": [{"lineId": "1", "units": 1, "acceptedUnits": 1}]}}
        stack.ctl("publish", GOODS, "-", stdin=json.dumps(said).encode(),
                  environment={"REDRESS_CONSOLE_KEY_FILE": str(stack.folder / "secrets/rules-1.key")})
        await_letters(order.order_id, 1, "settlement", "intake", reason="NOT_SIGNED")
        counting.equal("no request was made of them",
                       stack.events(shop.VALIDATED, order.order_id), [])
        stack.publish(GOODS, said)
        counting.check("those that the warehouse has signed for are paid", counting.until(
            lambda: [event["status"] for event in stack.events(shop.PAYOUTS, order.order_id)][-1:]
            == ["PAYOUT_STATUS_SUCCEEDED"]), stack.events(shop.VALIDATED, order.order_id))

    return [one_payment_for_two_orders, assessment_of_nobody, goods_that_nobody_saw,
            end_of_a_refund, seal_of_another_record, forged_failure, forged_won_dispute,
            approval_without_a_mac, mac_of_another_refund, approval_again_with_a_new_version]
