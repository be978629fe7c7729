"""Money: paid once, never above the cap by what was known, booked as the provider has it."""

import base64
import collections
import json

from checker import Rule, enum, minor

FREED = {"FAILED", "CANCELLED", "REFUSED", "FALLBACK_PENDING"}
REAL_PROVIDERS = {"STRIPE", "ADYEN", "PAYPAL"}
OUTSIDE = "", "dashboard"


class Provider:
    """What stands in the provider's log: refunds and disputes as they are after its last line."""

    def __init__(self):
        self.refunds, self.disputes = {}, {}

    def effect(self, effect):
        kind = effect["effect"]
        if kind.startswith("refund."):
            self.refunds[effect["refund"]] = effect
        elif kind.startswith("dispute."):
            key = effect.get("dispute") or f"dispute {len(self.disputes)}"
            self.disputes[key] = effect

    @staticmethod
    def payment(effect):
        return effect.get("payment") or effect.get("payment_intent") or effect.get("charge")

    @staticmethod
    def stands(effect):
        return effect["status"] not in ("failed", "canceled")


def payout_of(effect):
    return (effect.get("metadata") or {}).get("payout_id", "")


class PaidOnce(Rule):
    name = "paid-once"
    promise = "at most one provider effect per payout, each of a payout that we made, for its amount"
    wants_effects = True

    def __init__(self):
        super().__init__()
        self.first = {}

    def effect(self, effect):
        if effect["effect"] != "refund.created" or effect.get("origin") != "api":
            return
        self.counts["effects"] += 1
        payout = payout_of(effect)
        if payout == "":
            self.break_("{} was made by API without a payout id", effect["refund"])
        elif payout in self.first:
            self.break_("payout {} was paid twice: {} and {}", payout, self.first[payout]["refund"],
                        effect["refund"])
        else:
            self.first[payout] = effect

    def finish(self, facts):
        rows = {row["payout_id"]: row for row in facts.rows("settlement.payout")}
        self.counts["payouts"] = len(rows)
        for payout, effect in self.first.items():
            row = rows.get(payout)
            if row is None:
                self.break_("{} was paid for payout {}, which nobody has", effect["refund"], payout)
            elif (int(row["amount_minor"]), row["currency"].lower()) != \
                    (effect["amount"], effect["currency"].lower()):
                self.break_("payout {} is of {} {}, the provider paid {} {}", payout,
                            row["amount_minor"], row["currency"], effect["amount"],
                            effect["currency"])


class WithinApproval(Rule):
    name = "within-approval"
    promise = "each payout belongs to a share of one approval and is at most as much; each approval is used once"
    topics = frozenset({"refunds.routed.v1"})

    def __init__(self):
        super().__init__()
        self.shares = {}

    def record(self, topic, record):
        event = record["event"]
        if enum(event.get("status"), "ROUTING_STATUS_") != "APPROVED":
            return
        self.counts["approvals"] += 1
        approval, version = event.get("approval") or {}, int(event.get("version", 0))
        split = collections.Counter()
        for share in approval.get("split", ()):
            split[share["paymentId"]] += minor(share.get("amount"))
        self.shares[event["refundId"], version] = split

    def finish(self, facts):
        used = collections.Counter()
        for row in facts.rows("settlement.payout"):
            self.counts["payouts"] += 1
            key = row["refund_id"], int(row["routed_version"])
            if key not in self.shares:
                self.break_("payout {} has no approval", row["payout_id"])
                continue
            used[key + (row["payment_id"],)] += int(row["amount_minor"])
        for (refund, version, payment), total in used.items():
            most = self.shares[refund, version][payment]
            if total > most:
                self.break_("refund {} version {} was approved {} of payment {}, payouts are {}",
                            refund, version, most, payment, total)


class Cap(Rule):
    """Replays each payment: its payouts in the order of the topic, and between them, by the times at
    which settlement recorded it, what happened outside. At the same instant the order that allows most
    is taken: what was given back outside before the payouts, what was taken outside after them."""

    name = "cap"
    promise = "no payout was started above captured - refunded - in flight - disputed, by the facts recorded before it"
    topics = frozenset({"refunds.payouts.v1"})

    BEFORE, PAYOUTS, AFTER = 0, 1, 2

    def __init__(self):
        super().__init__()
        self.moves = collections.defaultdict(list)
        self.seen = set()

    def record(self, topic, record):
        if record["headers"]["ce_id"] in self.seen:
            return
        self.seen.add(record["headers"]["ce_id"])
        event = record["event"]
        payout = event.get("payoutId")
        if not payout:
            return
        status = enum(event.get("status"), "PAYOUT_STATUS_")
        if status in ("AWAITING_GOODS", "CANCEL_TOO_LATE"):
            return
        key = event["merchantId"], event["orderId"], event.get("paymentId", "")
        self.moves[key].append((time_us(event["decidedAt"]), self.PAYOUTS, record["offset"], payout,
                                0 if status in FREED else minor(event.get("amount"))))

    def finish(self, facts):
        payments = {(r["merchant_id"], r["order_id"], r["payment_id"]): r
                    for r in facts.rows("settlement.payment")}
        by_reference = {(k[0], k[1], r["provider_reference"]): k for k, r in payments.items()}
        own = {row["provider_refund_id"] for row in facts.rows("settlement.payout")
               if row["provider_refund_id"]}
        for row in facts.rows("settlement.evidence"):
            self.outside(row, payments, by_reference, own)
        for key, moves in self.moves.items():
            if key not in payments:
                self.break_("payment {} has payouts and no capture", key)
            else:
                self.replay(payments[key], moves)

    def outside(self, row, payments, by_reference, own):
        """Refunds that are none of ours, and disputes."""
        key = row["merchant_id"], row["order_id"], row["payment_id"]
        key = key if key in payments else by_reference.get(
            (row["merchant_id"], row["order_id"], row["provider_reference"]))
        if key is None:
            return
        at, amount = int(row["applied_us"]), int(row["amount_minor"])
        if row["kind"] in ("DISPUTE", "3"):
            counts = row["status"] in ("2", "4")  # open, lost
            self.moves[key].append((at, self.AFTER if counts else self.BEFORE, 0,
                                    "dispute " + row["dispute_id"], amount if counts else 0))
        elif row["kind"] in ("REFUND", "0") and row["payout_id"] == "" and \
                row["provider_refund_id"] not in own:
            counts = row["status"] in ("1", "2", "3")
            self.moves[key].append((at, self.AFTER if counts else self.BEFORE, 0,
                                    "refund " + row["provider_refund_id"], amount if counts else 0))

    def replay(self, payment, moves):
        held, captured, begun = {}, int(payment["captured_minor"]), set()
        for _, kind, _, what, amount in sorted(moves, key=lambda m: m[:3]):
            starts = kind == self.PAYOUTS and amount > 0 and what not in begun
            held[what] = amount
            if not starts:
                continue
            begun.add(what)  # once; evidence that it lives after all is none of our doing
            self.counts["payouts"] += 1
            if sum(held.values()) > captured:
                self.break_("payout {} was started with {} of {} already used of payment {}", what,
                            sum(held.values()) - amount, captured, payment["payment_id"])


def time_us(text):
    """RFC 3339 in UTC -> microseconds since 1970."""
    day, _, clock = text.rstrip("Z").partition("T")
    year, month, date = map(int, day.split("-"))
    clock, _, fraction = clock.partition(".")
    hours, minutes, seconds = map(int, clock.split(":"))
    days = days_of(year, month, date)
    return ((days * 24 + hours) * 60 + minutes) * 60_000_000 + seconds * 1_000_000 + \
        int((fraction + "000000")[:6])


def days_of(year, month, day):
    """Days since 1970 (proleptic Gregorian)."""
    year -= month <= 2
    era_year = year % 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return (year // 400) * 146097 + era_year * 365 + era_year // 4 - era_year // 100 + \
        day_of_year - 719468


class Delivered:
    """Which of the provider's refunds and disputes settlement was told of: ids in provider events, and
    in the inbox's bodies where settlement runs a reader of the inbox (it has evidence from there)."""

    topics = frozenset({"refunds.provider-inbox.v1", "refunds.provider-events.v1"})

    def __init__(self):
        self.ids = {}  # id -> statuses in words, as far as an event says them
        self.inbox = []

    def take(self, topic, record):
        event = record["event"]
        if topic == "refunds.provider-events.v1":
            refund, dispute = event.get("refund") or {}, event.get("dispute") or {}
            self.note(refund.get("providerRefundId"), refund.get("status"))
            self.note(dispute.get("disputeId"), dispute.get("status"))
            return
        self.inbox += webhook_says(event)

    def finish(self, facts):
        if any(row["source"] in ("3", "WEBHOOK") for row in facts.rows("settlement.evidence")):
            for one, status in self.inbox:
                self.note(one, status)

    def note(self, one, status):
        if one:
            self.ids.setdefault(one, set()).add(str(status or ""))

    def ended(self, one):
        return any(word in status.upper() for status in self.ids.get(one, ())
                   for word in ("FAIL", "CANCEL"))

    def told(self, one):
        return one in self.ids

    def takes(self, one, effect):
        """Whether the bank has the money of a dispute of which we were told, as far as we were: that it
        was won counts only if its webhook was delivered."""
        won = effect.get("status", "open") == "won" and any(
            word in status.upper() for status in self.ids.get(one, ())
            for word in ("WON", "REVERSED", "RESOLVED"))
        return self.told(one) and not won


def webhook_says(event):
    """(id, status in words) of what a ProviderNotification is about, of all three providers."""
    try:
        body = json.loads(base64.b64decode(event.get("body", "")))
    except ValueError:
        return []
    return [(one, word) for one, word in said(body) if one] if isinstance(body, dict) else []


def said(body):
    for item in body.get("notificationItems", ()):
        inner = item.get("NotificationRequestItem", {})
        word = str(inner.get("eventCode")) + (" failed" if inner.get("success") == "false" else "")
        yield inner.get("pspReference"), word
    resource = body.get("resource") or (body.get("data") or {}).get("object")
    if isinstance(resource, dict):
        yield resource.get("id") or resource.get("dispute_id"), resource.get("status")


class Ledger(Rule):
    """Compared where the provider's last word was delivered: what nobody told cannot be booked."""

    name = "ledger"
    promise = "the ledger sums to zero per currency and says what the provider's log says"
    topics = Delivered.topics
    wants_effects = True

    def __init__(self):
        super().__init__()
        self.delivered, self.provider = Delivered(), Provider()

    def record(self, topic, record):
        self.delivered.take(topic, record)

    def effect(self, effect):
        self.provider.effect(effect)

    def finish(self, facts):
        self.delivered.finish(facts)
        rows = facts.rows("settlement.ledger")
        sums = collections.Counter()
        taken, outside = collections.Counter(), collections.Counter()
        for row in rows:
            self.counts["entries"] += 1
            sums[row["currency"]] += int(row["minor"])
            if row["account"] != "CLEARING":
                continue
            if row["payout_id"]:
                taken[row["payout_id"]] -= int(row["minor"])
            else:
                outside[row["merchant_id"], row["payment_id"]] -= int(row["minor"])
        for currency, total in sums.items():
            if total != 0:
                self.break_("the entries in {} sum to {}", currency, total)
        self.ours(facts, taken)
        self.theirs(facts, outside)

    def ours(self, facts, taken):
        made = {payout_of(e): e for e in self.provider.refunds.values() if e["origin"] == "api"}
        for row in facts.rows("settlement.payout"):
            if row["provider"] not in REAL_PROVIDERS:
                continue
            effect, payout, status = made.get(row["payout_id"]), row["payout_id"], row["status"]
            booked, amount = taken[payout], int(row["amount_minor"])
            self.counts["payouts"] += 1
            if booked != (amount if status == "SUCCEEDED" else 0):
                self.break_("payout {} is {} of {}, booked as taken: {}", payout, status, amount,
                            booked)
            if status == "SUCCEEDED" and effect is None:
                self.break_("payout {} is SUCCEEDED, the provider has no refund", payout)
            elif status == "SUCCEEDED" and not Provider.stands(effect) and \
                    self.delivered.ended(effect["refund"]):
                self.break_("payout {} is SUCCEEDED, the provider said that it is {}", payout,
                            effect["status"])
            elif status in FREED and effect is not None and Provider.stands(effect):
                self.break_("payout {} is {}, the provider's refund {} is {}", payout, status,
                            effect["refund"], effect["status"])

    def theirs(self, facts, outside):
        """Refunds made by hand and disputes, per payment, as far as we were told of them."""
        wanted, known = collections.Counter(), {}
        for row in facts.rows("settlement.payment"):
            known[row["provider_reference"]] = row["merchant_id"], row["payment_id"]
        unsure = set()
        for one, effect in [*self.provider.refunds.items(), *self.provider.disputes.items()]:
            key = known.get(Provider.payment(effect))
            if key is None or effect.get("origin") == "api":
                continue
            if not self.delivered.told(one):
                unsure.add(key)
                self.counts["not told"] += 1
            elif one in self.provider.disputes:
                wanted[key] += effect["amount"] if self.delivered.takes(one, effect) else 0
            elif Provider.stands(effect):
                wanted[key] += effect["amount"]
        for key in (wanted.keys() | outside.keys()) - unsure:
            self.counts["payments with facts from outside"] += 1
            if wanted[key] != outside[key]:
                self.break_("payment {}: {} was taken outside, {} is booked", key[1], wanted[key],
                            outside[key])


class OverShows(Rule):
    name = "over-shows"
    promise = "where facts from outside exceed the capture, the payment is OVER and an alarm says so"
    topics = Delivered.topics | {"refunds.control.v1"}
    wants_effects = True

    def __init__(self):
        super().__init__()
        self.delivered, self.provider, self.alarms = Delivered(), Provider(), set()

    def record(self, topic, record):
        if topic == "refunds.control.v1":
            over = record["event"].get("paymentOver")
            if over:
                self.alarms.add((record["event"].get("merchantId", ""), over.get("paymentId", "")))
        else:
            self.delivered.take(topic, record)

    def effect(self, effect):
        self.provider.effect(effect)

    def finish(self, facts):
        self.delivered.finish(facts)
        used = collections.Counter()
        for one, effect in self.provider.refunds.items():
            if Provider.stands(effect) and self.delivered.told(one):
                used[Provider.payment(effect)] += effect["amount"]
        for one, effect in self.provider.disputes.items():
            if self.delivered.takes(one, effect):
                used[Provider.payment(effect)] += effect["amount"]
        for row in facts.rows("settlement.payment"):
            self.counts["payments"] += 1
            excess = used[row["provider_reference"]] - int(row["captured_minor"])
            over = row["over"] in ("t", "true", True)
            recorded = sum(int(row[f"{part}_minor"]) for part in
                           ("refunded", "in_flight", "disputed")) - int(row["captured_minor"])
            self.counts["over"] += over
            if excess > 0 and not over:
                self.break_("payment {} is above its capture by {} and not OVER", row["payment_id"],
                            excess)
            if over != (recorded > 0):
                self.break_("payment {}: recorded excess {}, OVER {}", row["payment_id"], recorded,
                            over)
            if over and (row["merchant_id"], row["payment_id"]) not in self.alarms:
                self.break_("payment {} is OVER, and no alarm says so", row["payment_id"])


RULES = (PaidOnce, WithinApproval, Cap, Ledger, OverShows)
