#!/usr/bin/env python3
"""Settlement and its providers: Adyen and PayPal, outages, the shared rate limit, and webhooks.

    providers_test.py DIRECTORY [PATTERN]     DIRECTORY holds the programs; PATTERN selects scenarios

limit: 420 s. Adyen and PayPal are doubles (provider_double.py), Stripe is the sandbox. A line per
check, then "N passed, N failed".
"""

import re
import sys
import urllib.request

sys.dont_write_bytecode = True

import counting
import shop
import provider_webhooks as webhooks
from journey import Journey
from provider_double import BUSY_S, Double
from shop import ORDERS, PAYOUTS, REQUESTS, ROUTED, Order
from stack import Stack
from provider_webhooks import INBOX

RATE = 10
LIMITED = 60
THREADS = 4
OUTAGE = 12
FALLBACKS = 3  # REDRESS_FALLBACKS_MAX
ACCOUNT_A_SECRET = "whsec_account_a"


class Paid(Order):
    """An order that was paid through another provider."""

    def __init__(self, order_id, provider, reference, account="", **how):
        super().__init__(order_id, **how)
        self.provider, self.named, self.account = provider, reference, account

    def captured(self, number=1):
        event = super().captured(number)
        event["captured"].update(provider=f"PROVIDER_{self.provider}",
                                 providerReference=self.named, providerAccount=self.account)
        return event


def refunded(name, minor=300, status="succeeded", **payment):
    """Stripe's refund of a payment, made elsewhere."""
    return {"id": f"re_{name}", "object": "refund", "amount": minor, "currency": "gbp",
            "created": 1767323000, "status": status, "metadata": {}, "payment_intent": None,
            "charge": None, **payment}


def ask(stack, *orders):
    """A refund of the first unit of each, approved by itself."""
    stack.publish(ORDERS, *[event for order in orders for event in order.events()])
    stack.publish(REQUESTS, *[order.request() for order in orders])
    return [Journey(stack, order) for order in orders]


def payout_of(journey):
    """Of its latest event, which may be read later here than the database shows what it says."""
    events = counting.until(lambda: journey.events(PAYOUTS))
    return events[-1]["payoutId"] if events else None


def payment(stack, order):
    rows = stack.sql("settlement", "SELECT refunded_minor, in_flight_minor, disputed_minor, over"
                     f" FROM view.payment WHERE order_id = '{order.order_id}'")
    return rows[0] if rows else None


def state(stack, journey):
    rows = stack.sql("settlement", "SELECT status FROM view.payout WHERE refund_id ="
                     f" '{journey.refund_id}'")
    return rows[0][0] if rows else None


def await_state(stack, journey, wanted):
    found = counting.until(lambda: state(stack, journey) == wanted)
    counting.check(f"the payout is {wanted}", found, (state(stack, journey), journey.trace()))


def payouts_of(stack, journey):
    """(provider, status), the oldest first."""
    return [tuple(row) for row in stack.sql(
        "settlement", "SELECT provider, status FROM view.payout WHERE refund_id ="
        f" '{journey.refund_id}' ORDER BY reserved_at")]


def await_last(stack, journey, wanted):
    found = counting.until(lambda: payouts_of(stack, journey)[-1][1] == wanted)
    counting.check(f"the latest payout is {wanted}", found, payouts_of(stack, journey))


def cases_of(journey):
    """The cases that were opened, in order."""
    return list(dict.fromkeys(event["case"]["caseId"] for event in journey.events(ROUTED)
                              if event.get("case")))


def next_case(journey, number):
    counting.check(f"people are asked, case {number}",
                   counting.until(lambda: len(cases_of(journey)) >= number), journey.trace())
    return (cases_of(journey) + [""] * number)[number - 1]


def fails_as_closed(stack, double, order):
    """A refund at Adyen that has succeeded, and comes back as the customer's account was closed."""
    journey, = ask(stack, order)
    await_state(stack, journey, "PENDING")
    payout = payout_of(journey)
    told = (order.named, double.refunds[payout]["id"], 255, payout)
    stack.publish(INBOX, webhooks.adyen("REFUND", *told))
    journey.await_paid(255)
    stack.publish(INBOX, webhooks.adyen("REFUND_FAILED", *told, reason="Account closed"))
    journey.await_status(PAYOUTS, "FALLBACK_PENDING")
    counting.equal("the money is free", payment(stack, order)[:2], ["0", "0"])
    return journey, told


def scenarios(stack, double, finance):
    def adyen_pays_by_webhook():
        order = Paid("adyen-1", "ADYEN", "ADYENPAYMENT0001")
        journey, = ask(stack, order)
        await_state(stack, journey, "PENDING")
        payout = payout_of(journey)
        refund = double.refunds[payout]
        counting.equal("asked for once, with the payout as key and reference",
                       (refund["body"]["reference"], refund["body"]["amount"]),
                       (payout, {"value": 255, "currency": "GBP"}))
        told = (order.named, refund["id"], 255, payout)
        stack.publish(INBOX, webhooks.adyen("REFUND", *told, success=False, key="00" * 32,
                                            reason="Refused"))
        stack.publish(INBOX, webhooks.adyen("REFUND", *told))
        stack.publish(INBOX, webhooks.adyen("REFUND", *told))
        journey.await_paid(255)
        stack.publish(INBOX, webhooks.adyen("REFUND_FAILED", *told, reason="Account closed"))
        journey.await_status(PAYOUTS, "FALLBACK_PENDING")
        counting.equal("the money is free again", payment(stack, order)[:2], ["0", "0"])

    def paypal_pays_with_a_token():
        first, second = ask(stack, Paid("paypal-1", "PAYPAL", "CAPTURE1"),
                            Paid("paypal-2", "PAYPAL", "CAPTURE2"))
        first.await_paid(255)
        second.await_paid(255)
        counting.equal("one token for both", double.tokens, 1)

    def a_lost_answer_is_learned_by_the_same_key():
        double.mode["paypal"] = "lost"
        journey, = ask(stack, Paid("paypal-lost", "PAYPAL", "CAPTURE3"))
        await_state(stack, journey, "UNKNOWN")
        double.mode["paypal"] = "up"
        journey.await_paid(255)
        counting.equal("one refund", [r["payment"] for r in double.refunds.values()]
                       .count("CAPTURE3"), 1)

    def an_outage_delays_only_its_own_refunds():
        double.mode["adyen"] = "down"
        down = ask(stack, *[Paid(f"down-{n}", "ADYEN", f"ADYENDOWN{n}") for n in range(OUTAGE)])
        up = ask(stack, *[Paid(f"up-{n}", "PAYPAL", f"CAPTUREUP{n}") for n in range(OUTAGE)],
                 *[Order(f"up-stripe-{n}") for n in range(OUTAGE)])
        for journey in up:
            await_state(stack, journey, "SUCCEEDED")
        opened = counting.until(lambda: breakers(stack) == 1)
        counting.check("the breaker of one provider is open", opened, breakers(stack))
        double.mode["adyen"] = "up"
        for journey in down:
            await_state(stack, journey, "PENDING")
        closed = counting.until(lambda: breakers(stack) == 0)
        counting.check("and closes", closed, breakers(stack))
        keys = [r["payment"] for r in double.refunds.values()]
        counting.equal("each once", [keys.count(f"ADYENDOWN{n}") for n in range(OUTAGE)],
                       [1] * OUTAGE)

    def a_busy_provider_is_left_alone():
        """For as long as it asks, which is longer than after a 429 that asks for nothing."""
        before = len(double.made("paypal"))
        double.mode["paypal"] = "busy"
        journey, = ask(stack, Paid("paypal-busy", "PAYPAL", "CAPTURE4"))
        counting.until(lambda: len(double.made("paypal")) > before)
        double.mode["paypal"] = "up"
        journey.await_paid(255)
        first, second, *more = double.made("paypal")[before:]
        counting.check("for as long as it asks", second - first >= BUSY_S, second - first)
        counting.equal("and then called once", more, [])

    def a_call_that_waited_too_long_is_not_made():
        """The machine stood still between the decision and the call, for an hour by the clock of
        PostgreSQL as the sender reads it."""
        def sender_reads(path):
            stack.sql("settlement", f"ALTER ROLE settlement IN DATABASE settlement {path}")
            stack.sql("settlement", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      " WHERE application_name = 'settlement sender'")
        stack.sql("settlement", "CREATE SCHEMA later; GRANT USAGE ON SCHEMA later TO settlement;"
                  " CREATE FUNCTION later.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
                  " $$ SELECT pg_catalog.clock_timestamp() + CASE"
                  " WHEN current_setting('application_name') = 'settlement sender'"
                  " THEN interval '1 hour' ELSE interval '0' END $$")
        sender_reads("SET search_path = later, public, pg_catalog")
        order = Order("waited-too-long")
        journey, = ask(stack, order)
        def refused():
            return stack.sql("settlement", "SELECT DISTINCT code FROM view.evidence WHERE order_id ="
                             f" '{order.order_id}'") == [["window_passed"]]
        counting.check("the call is not made", counting.until(refused), journey.trace())
        counting.equal("nothing was paid", [effect for effect in stack.effects() if
                                            effect["metadata"].get("refund_id") ==
                                            journey.refund_id], [])
        sender_reads("RESET search_path")
        journey.await_paid(255)

    def what_comes_before_the_capture_waits_for_it():
        orders = [Order("early"), Order("early-too")]
        for order in orders:  # the second while the first waits
            name = order.order_id
            entry = {"id": f"re_{name}", "object": "refund", "amount": 300, "currency": "gbp",
                     "created": 1767323000, "status": "succeeded", "metadata": {},
                     "payment_intent": order.reference(), "charge": f"ch_{name}"}
            for _ in range(2):
                stack.publish(INBOX, webhooks.stripe("refund.created", order.reference(), entry,
                                                     f"evt_{name}"))
            waits = counting.until(lambda name=name: stack.sql(
                "settlement", "SELECT verified, status FROM view.provider_notice"
                f" WHERE event_id = 'stripe/evt_{name}'"))
            counting.equal("it is kept, verified, in sight", waits, [["t", "WAITING"]])
        for order in orders:
            stack.publish(ORDERS, *order.events())
            counted = counting.until(
                lambda order=order: (payment(stack, order) or [""])[0] == "300")
            counting.check("it counts once the payment is captured", counted,
                           payment(stack, order))
        gone = counting.until(lambda: stack.sql(
            "settlement", "SELECT 1 FROM view.provider_notice WHERE event_id LIKE 'stripe/evt_e%'")
            == [])
        counting.check("and waits no more", gone)

    def a_payment_has_one_cap_under_both_its_names():
        """Captured as an intent, and refunded as a charge; and the other way round."""
        for name, captured, other in (("intent", "pi_both1", "ch_both1"),
                                      ("charge", "ch_both2", "pi_both2")):
            order = Paid(f"both-{name}", "STRIPE", captured)
            stack.publish(ORDERS, *order.events())
            counting.check("captured", counting.until(lambda order=order: payment(stack, order)))
            names = {"payment_intent" if n.startswith("pi") else "charge": n
                     for n in (captured, other)}
            alone = {"payment_intent" if other.startswith("pi") else "charge": other}
            stack.publish(INBOX, webhooks.stripe(
                "refund.created", other, refunded(name, **alone), f"evt_alone_{name}"))
            counting.check("under the other name it waits", counting.until(
                lambda name=name: stack.sql("settlement", "SELECT status FROM view.provider_notice"
                                            f" WHERE event_id = 'stripe/evt_alone_{name}'")))
            stack.publish(INBOX, webhooks.stripe("charge.succeeded", other, {
                "id": names["charge"], "object": "charge",
                "payment_intent": names["payment_intent"]}, f"evt_forged_{name}", secret="forged"))
            counting.equal("a forger teaches no name", payment(stack, order)[0], "0")
            stack.publish(INBOX, webhooks.stripe("charge.succeeded", other, {
                "id": names["charge"], "object": "charge",
                "payment_intent": names["payment_intent"]}, f"evt_names_{name}"))
            counting.check("until Stripe tells both: it counts", counting.until(
                lambda order=order: payment(stack, order)[0] == "300"), payment(stack, order))
            again = Paid(f"both-{name}-again", "STRIPE", other)
            stack.publish(ORDERS, *again.events())
            taken = counting.until(lambda again=again: [e for e in stack.events(
                shop.DEAD_LETTERS, headers=True) if e["headers"].get("redress_reason") ==
                "PAYMENT_TAKEN" and e["key"] == again.order_id])
            counting.check("another order cannot capture it again", taken)
            counting.equal("and has no payment", payment(stack, again), None)

    def an_account_vouches_for_its_own_payments():
        order = Paid("account-b", "STRIPE", "pi_account_b", account="acct_B")
        adyen = Paid("account-shop", "ADYEN", "ADYENACCOUNT")
        stack.publish(ORDERS, *order.events(), *adyen.events())
        counting.check("captured", counting.until(
            lambda: payment(stack, order) and payment(stack, adyen)))
        def letters():
            return [e for e in stack.events(shop.DEAD_LETTERS, headers=True)
                    if e["headers"].get("redress_topic") == INBOX and
                    e["headers"].get("redress_reason") == "NOT_SIGNED"]
        entry = refunded("account", payment_intent="pi_account_b")
        stack.publish(INBOX, webhooks.stripe("refund.created", "pi_account_b", entry, "evt_acct_a",
                                             secret=ACCOUNT_A_SECRET))
        stack.publish(INBOX, webhooks.adyen("CHARGEBACK", adyen.named, "DISPUTEOTHER", 100, "ref",
                                            account="Another"))
        counting.check("another account's word is refused, and told",
                       counting.until(lambda: len(letters()) >= 2), letters())
        counting.equal("it counts for nothing", (payment(stack, order), payment(stack, adyen)),
                       (["0", "0", "0", "f"],) * 2)
        def verified():
            return stack.sql("settlement", "SELECT verified FROM view.evidence WHERE order_id ="
                             " 'account-b' ORDER BY verified")
        stack.publish(INBOX, webhooks.stripe("refund.created", "pi_account_b", entry, "evt_none"))
        counting.check("who names no account vouches for nothing", counting.until(
            lambda: verified() == [["f"]]), verified())
        stack.publish(INBOX, webhooks.stripe("refund.updated", "pi_account_b", entry, "evt_acct_b",
                                             account="acct_B"))
        counting.check("the platform vouches for the account that it names", counting.until(
            lambda: verified() == [["f"], ["t"]]), verified())

    def a_closed_account_is_paid_another_way_once():
        order = Paid("closed-1", "ADYEN", "ADYENCLOSED1")
        journey, told = fails_as_closed(stack, double, order)
        case = next_case(journey, 1)
        counting.equal("nothing more is sent meanwhile", payouts_of(stack, journey),
                       [("ADYEN", "FALLBACK_PENDING")])
        stack.ctl("decide", case, "reduce", "--method", "STORE_CREDIT", "--as", "mia")
        paid = counting.until(
            lambda: ("STORE_CREDIT", "SUCCEEDED") in payouts_of(stack, journey))
        counting.check("what was approved anew is paid", paid, payouts_of(stack, journey))
        stack.publish(INBOX, webhooks.adyen("REFUND_FAILED", *told, reason="Account closed"))
        counting.until(lambda: stack.lag("settlement") == 0)
        counting.equal("once", (payment(stack, order), [status for _, status in
                                                        payouts_of(stack, journey)].count(
                                                            "SUCCEEDED")),
                       (["255", "0", "0", "f"], 1))
        journey.await_standing("PAID")
        counting.equal("and nobody is asked again", len(cases_of(journey)), 1)
        counting.equal("Adyen was asked once", [refund["payment"] for refund in
                                                double.refunds.values()].count(order.named), 1)

    def what_fails_again_and_again_ends():
        """Each time people are asked anew, and after the third time it has failed."""
        order = Paid("closed-2", "ADYEN", "ADYENCLOSED2")
        journey, _ = fails_as_closed(stack, double, order)
        for number in range(1, FALLBACKS + 1):
            stack.ctl("decide", next_case(journey, number), "approve", "--as", "mia")
            by_hand = counting.until(lambda: stack.sql(
                "settlement", "SELECT payout_id FROM view.payout WHERE provider = 'MANUAL' AND"
                f" status = 'MANUAL' AND refund_id = '{journey.refund_id}'"))
            counting.equal("finance is to pay by hand", len(by_hand or []), 1)
            stack.publish(INBOX, finance.reports(
                event_id=f"closed-{number}", merchant_id=order.merchant, order_id=order.order_id,
                payment_id=order.payment(), payout_id=by_hand[0][0],
                reference=f"BANK-{number}", status="FAILED", reason="account_closed",
                amount={"value": "2.55", "currency": "GBP"}))
            await_last(stack, journey, "FALLBACK_PENDING" if number < FALLBACKS else "FAILED")
        journey.await_standing("FAILED")
        counting.equal("nobody is asked any more", len(cases_of(journey)), FALLBACKS)
        counting.equal("nothing was paid, and all of it is free", payment(stack, order),
                       ["0", "0", "0", "f"])

    def disputes_take_and_give():
        order = Paid("dispute", "ADYEN", "ADYENDISPUTE")
        stack.publish(ORDERS, *order.events())
        told = (order.named, "DISPUTE1", 1530, "ref")
        stack.publish(INBOX, webhooks.adyen("CHARGEBACK", *told))
        counting.check("a chargeback counts", counting.until(
            lambda: (payment(stack, order) or [0, 0, ""])[2] == "1530"), payment(stack, order))
        stack.publish(INBOX, webhooks.adyen("CHARGEBACK_REVERSED", *told, key="00" * 32))
        stack.publish(INBOX, webhooks.adyen("CHARGEBACK_REVERSED", *told))
        counting.check("and is given back once Adyen says so", counting.until(
            lambda: payment(stack, order)[2] == "0"), payment(stack, order))
        evidence = stack.sql("settlement", "SELECT verified, count(*) FROM view.evidence WHERE"
                             " order_id = 'dispute' GROUP BY 1 ORDER BY 1")
        counting.equal("the forged word is kept beside the true ones", evidence,
                       [["f", "1"], ["t", "2"]])

    def finance_reports_what_it_paid():
        order = Paid("by-hand", "MAGENTO", "5/1/7")
        journey, = ask(stack, order)
        await_state(stack, journey, "MANUAL")
        said = {"event_id": "hand-1", "merchant_id": order.merchant, "order_id": order.order_id,
                "payment_id": order.payment(), "payout_id": payout_of(journey),
                "reference": "BANK-77", "status": "SUCCEEDED",
                "amount": {"value": "2.55", "currency": "GBP"}}
        stranger = webhooks.Person("ann")
        stack.publish(INBOX, stranger.reports(**said))
        stack.publish(INBOX, finance.reports(**dict(said, event_id="hand-2")))
        paid = journey.await_paid(255)
        counting.equal("under the reference that was given",
                       (paid or {}).get("provider", {}).get("refundId"), "BANK-77")
        refused = counting.until(lambda: [e for e in stack.events(
            shop.DEAD_LETTERS, headers=True) if e["headers"].get("redress_topic") == INBOX and
            e["headers"].get("redress_reason") == "HEADER_INVALID"])
        counting.equal("a stranger's report is a dead letter", len(refused), 1)

    def the_only_stop_need_not_be_named():
        signed = ("--reason", "fire", "--as", "fiona", "--key", stack.folder / "secrets/rules-1.key")
        stack.ctl("stop", "--everything", *signed)
        shown = stack.ctl("stop", "--list")
        counting.check("the list says that it is everything", " everything " in shown, shown)
        journey, = ask(stack, Order("stopped"))
        await_state(stack, journey, "RESERVED")
        stack.ctl("resume", *signed)
        journey.await_paid(255)

    def what_is_no_webhook_is_a_dead_letter():
        stack.publish(INBOX, webhooks.notification("STRIPE", "pi_x", b"{\"not\": \"an event\"}"))
        stack.raw(INBOX, b"\xff\xff\xff", key="x")
        found = counting.until(lambda: len([e for e in stack.events(
            shop.DEAD_LETTERS, headers=True) if e["headers"].get("redress_topic") == INBOX and
            e["headers"].get("redress_reason") == "MALFORMED"]) >= 2)
        counting.check("both are", found)

    return (adyen_pays_by_webhook, paypal_pays_with_a_token,
            what_comes_before_the_capture_waits_for_it, disputes_take_and_give,
            a_payment_has_one_cap_under_both_its_names, an_account_vouches_for_its_own_payments,
            a_closed_account_is_paid_another_way_once, what_fails_again_and_again_ends,
            finance_reports_what_it_paid, what_is_no_webhook_is_a_dead_letter), \
        (a_lost_answer_is_learned_by_the_same_key, a_busy_provider_is_left_alone,
         a_call_that_waited_too_long_is_not_made, an_outage_delays_only_its_own_refunds,
         the_only_stop_need_not_be_named)


def metrics(stack, name, worker="settlement"):
    port = (stack.folder / f"run/{worker}.port").read_text().strip()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.search(rf"^redress_{name}\S* (\S+)$", answer.read().decode(), re.M)
    return int(float(found.group(1)))


def breakers(stack):
    return metrics(stack, "provider_breakers_open")


def the_rate_limit_is_shared(stack, double):
    """Two instances, one provider, and never more calls than it allows."""
    counting.section("the rate limit is shared")
    stack.script("start", "settlement.2")
    counting.until(lambda: (stack.folder / "run/settlement.2.port").exists())
    both = counting.until(lambda: metrics(stack, "shards") > 0 and
                          metrics(stack, "shards", "settlement.2") > 0)
    counting.check("two instances share the shards", both)
    before = len(double.made("adyen"))
    journeys = ask(stack, *[Paid(f"rate-{n}", "ADYEN", f"ADYENRATE{n}") for n in range(LIMITED)])
    counting.check("all are sent", counting.until(
        lambda: len(double.made("adyen")) - before >= LIMITED, 120), len(journeys))
    times = double.made("adyen")[before:]
    early = [n for n, at in enumerate(times) if n >= RATE * (int(at - times[0]) + 2)]
    counting.equal("no second sees more calls than the limit allows", early, [])
    counting.check("both instances made some", metrics(stack, "provider_calls_total") > 0 and
                   metrics(stack, "provider_calls_total", "settlement.2") > 0)


def main():
    wanted = re.compile(sys.argv[2] if len(sys.argv) > 2 else "")
    double, finance = Double(), webhooks.Person("ann")
    settings = {"STRIPE_RATE": 0, "ADYEN_RATE": RATE, "ADYEN_URL": double.url, "ADYEN_KEY": "k",
                "ADYEN_MERCHANT": "Shop", "PAYPAL_URL": double.url, "PAYPAL_CLIENT": "c",
                "PAYPAL_KEY": "s", "PAYPAL_RATE": 0, "FINANCE_KEYS": finance.key,
                "ADYEN_WEBHOOK_KEY": webhooks.ADYEN_KEY,
                "STRIPE_WEBHOOK_SECRET": f"{webhooks.STRIPE_SECRET},acct_A:{ACCOUNT_A_SECRET}",
                "SEND_WINDOW": "2s",
                "PROVIDER_TIMEOUT": "2s", "PROVIDER_DELAY": "500ms"}
    with Stack(sys.argv[1], *[f"settlement:REDRESS_{name}={value}"
                              for name, value in settings.items()]) as stack:
        together, alone = scenarios(stack, double, finance)
        chosen = [s for s in together if wanted.search(s.__name__)]
        counting.run_all(chosen, THREADS)
        for scenario in alone:
            if wanted.search(scenario.__name__):
                counting.run_all([scenario], 1)
        if not wanted.pattern:
            the_rate_limit_is_shared(stack, double)
    double.close()
    return counting.end()


sys.exit(main())
