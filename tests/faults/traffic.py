"""Captures and approvals for settlement alone, made from a seed: what intake to routing would have led to.

An order has one payment and one to three approvals, which together may ask for more than was captured.
Some approvals are forged or expired, some are said twice, some come before their capture, some are
cancelled afterwards. Amounts are what providers can represent.
"""

import datetime
import hashlib
import hmac
import random
import struct

MERCHANT = "torture"
ORDERS, ROUTED = "orders.events.v1", "refunds.routed.v1"
EXPIRES = "2099-01-01T00:00:00Z"
EXPIRED = "2001-01-01T00:00:00Z"
CURRENCIES = ("EUR", "USD", "GBP", "JPY")
METHOD_ORIGINAL = 1

# Per hundred approvals.
FORGED, OTHERS, EXPIRED_RATE, TWICE, EARLY, CANCELLED = 1, 1, 1, 3, 3, 4


def text(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data


def integer(value):
    return struct.pack(">q", value)


def microseconds(time):
    parsed = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return int(parsed.timestamp()) * 1_000_000


def mac(key, event):
    """redress.approval.v1 (proto/README.md): HMAC-SHA-512, its first 32 bytes."""
    approval = event["approval"]
    split = approval["split"]
    data = text("redress.approval.v1") + text(event["merchantId"]) + text(event["orderId"]) + \
        text(event["refundId"]) + integer(int(event["version"])) + integer(0) + integer(len(split))
    for share in split:
        data += text(share["paymentId"]) + integer(int(share["amount"]["minor"]))
    data += text(approval["amount"]["currency"]) + integer(METHOD_ORIGINAL) + integer(0) + integer(0)
    data += (integer(0) + text("") + integer(0) + text("")) * 2
    data += integer(microseconds(approval["expiresAt"]))
    return hmac.new(key, data, hashlib.sha512).digest()[:32]


def encoded(data):
    import base64
    return base64.b64encode(data).decode()


class Traffic:
    def __init__(self, seed, keys, providers):
        """`keys` is the text of the approval keys' file: id:hex."""
        self.seed, self.random = seed, random.Random(seed)
        self.key_id, _, secret = keys.strip().split(",")[0].partition(":")
        self.key, self.providers = bytes.fromhex(secret), providers
        self.orders = self.approvals = 0
        self.worthless = set()  # refund ids whose approval must not be paid
        self.now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def hits(self, per_hundred):
        return self.random.random() * 100 < per_hundred

    def order(self):
        """The lines of one order: [(topic, line)], in the order in which they are published."""
        number, rng = self.orders, self.random
        self.orders += 1
        order, payment = f"t{self.seed}-{number}", f"pay-{self.seed}-{number}"
        currency = rng.choice(CURRENCIES)
        captured = rng.randrange(200, 100_000)
        head = {"merchantId": MERCHANT, "orderId": order, "occurredAt": self.now}
        provider = rng.choice(self.providers)
        capture = (ORDERS, {**head, "captured": {
            "paymentId": payment, "provider": f"PROVIDER_{provider.upper()}",
            "providerReference": reference(provider, self.seed, number), "providerAccount":
            "TortureECOM" if provider == "adyen" else "", "method": "PAYMENT_METHOD_CARD",
            "amount": {"minor": captured, "currency": currency}}})
        lines = []
        for ordinal in range(rng.choice((1, 1, 1, 2, 2, 3))):
            amount = rng.randrange(1, max(2, captured * 7 // 10))
            lines += self.approval(head, payment, currency, amount, f"{number}-{ordinal}")
        early = self.hits(EARLY)
        return [*lines, capture] if early else [capture, *lines]

    def approval(self, head, payment, currency, amount, name):
        self.approvals += 1
        refund = "rf_" + hashlib.sha256(f"{self.seed}/{name}".encode()).hexdigest()[:32]
        money = {"minor": str(amount), "currency": currency}
        event = {**head, "refundId": refund, "version": "1", "status": "ROUTING_STATUS_APPROVED",
                 "decidedAt": self.now, "automatic": True, "authority": "AUTHORITY_LEVEL_AUTO",
                 "approval": {"keyId": self.key_id, "method": "REFUND_METHOD_ORIGINAL",
                              "split": [{"paymentId": payment, "amount": money}], "amount": money,
                              "expiresAt": EXPIRED if self.hits(EXPIRED_RATE) else EXPIRES},
                 "assessed": {"request": {"reason": "REASON_CODE_CHANGED_MIND",
                                          "requester": {"id": "torture", "role": "ROLE_SYSTEM"}},
                              "facts": {"lines": [{"lineId": "1", "units": "1",
                                                   "refundableMinor": str(amount)}]}}}
        event["approval"]["mac"] = encoded(mac(self.key, event))
        worthless = event["approval"]["expiresAt"] == EXPIRED
        if self.hits(FORGED):
            event["approval"]["mac"] = encoded(self.random.randbytes(32))
            worthless = True
        elif self.hits(OTHERS):  # a good MAC, of another refund
            event["approval"]["mac"] = encoded(mac(self.key, {**event, "refundId": "rf_other"}))
            worthless = True
        if worthless:
            self.worthless.add(refund)
        lines = [self.record(event, "APPROVED")]
        if self.hits(TWICE):
            lines.append(lines[0])
        if self.hits(CANCELLED):
            lines.append(self.record({**head, "refundId": refund, "version": "2", "decidedAt":
                                      self.now, "status": "ROUTING_STATUS_CANCEL_REQUESTED"},
                                     "CANCEL_REQUESTED"))
        return lines

    def record(self, event, status):
        one = hashlib.sha256(f"{event['refundId']}/{event['version']}".encode()).hexdigest()
        return ROUTED, {"headers": {
            "ce_specversion": "1.0", "ce_id": f"routed-{one[:32]}", "ce_source": "torture",
            "ce_type": "redress.v1.RefundRouted", "ce_time": self.now, "ce_status": status,
            "content-type": "application/protobuf"}, "event": event}

    def chunk(self, approvals):
        """Lines until `approvals` more were made."""
        wanted, lines = self.approvals + approvals, []
        while self.approvals < wanted:
            lines += self.order()
        return lines


def reference(provider, seed, number):
    """Of a payment, as the provider names them: unique, and of its alphabet."""
    return {"stripe": f"pi_t{seed}x{number}", "adyen": f"{seed % 1000:03}{number:013}",
            "paypal": f"{seed % 10000:04}{number:013}"}[provider]
