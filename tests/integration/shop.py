"""Events of a shop, as redressctl publishes them (canonical protobuf JSON)."""

import datetime
import re

ORDERS, REQUESTS = "orders.events.v1", "refunds.requests.v1"
VALIDATED, ASSESSED, ROUTED = "refunds.validated.v1", "refunds.assessed.v1", "refunds.routed.v1"
DECISIONS, PAYOUTS, CONTROL = "refunds.decisions.v1", "refunds.payouts.v1", "refunds.control.v1"
DEAD_LETTERS = "refunds.dead-letters.v1"

MERCHANT = "test-shop"
_START = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def days_ago(days):
    return (_START - datetime.timedelta(days=days)).isoformat().replace("+00:00", "Z")


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


class Order:
    """An order with lines (line id, units, paid minor), delivered `delivered` days ago, or not."""

    def __init__(self, order_id, lines=(("1", 6, 1530),), currency="GBP", delivered=2, shipping=0,
                 payments=None, category="goods", customer="", merchant=MERCHANT, title="thing",
                 sku="sku"):
        self.order_id, self.currency, self.merchant = order_id, currency, merchant
        self.lines, self.shipping, self.delivered_days = lines, shipping, delivered
        self.category, self.customer, self.title = category, customer, title
        self.sku = sku
        total = sum(paid for _, _, paid in lines) + shipping
        self.amounts = [total] if payments is None else payments
        self.base = (delivered or 0) + 3

    def event(self, days, **kind):
        return {"merchantId": self.merchant, "orderId": self.order_id,
                "occurredAt": days_ago(days), **kind}

    def placed(self):
        lines = [{"lineId": line, "sku": f"{self.sku}-{line}", "title": self.title,
                  "category": self.category, "units": units, "grossMinor": paid,
                  "taxMinor": paid // 6, "taxRatePpm": 200000}
                 for line, units, paid in self.lines]
        return self.event(self.base, placed={
            "customer": {"token": self.customer, "market": "GB"}, "currency": self.currency,
            "channel": "CHANNEL_WEB", "lines": lines, "shippingMinor": self.shipping,
            "shippingTaxMinor": self.shipping // 6, "shippingTaxRatePpm": 200000})

    def captured(self, number=1):
        return self.event(self.base, captured={
            "paymentId": self.payment(number), "provider": "PROVIDER_STRIPE",
            "providerReference": self.reference(number),
            "method": "PAYMENT_METHOD_CARD",
            "amount": {"minor": self.amounts[number - 1], "currency": self.currency}})

    def payment(self, number=1):
        return f"pay-{self.order_id}-{number}"

    def reference(self, number=1):
        """The provider's id of the payment."""
        return "pi_" + re.sub(r"\W", "", f"{self.merchant}{self.order_id}x{number}")

    def captures(self):
        return [self.captured(number) for number in range(1, len(self.amounts) + 1)]

    def delivered(self, days=None):
        lines = [{"lineId": line, "units": units} for line, units, _ in self.lines]
        return self.event(self.delivered_days if days is None else days,
                          delivered={"deliveryId": "d1", "lines": lines})

    def events(self):
        """The order's placing comes last: a request can be settled once it and a capture are there,
        and all else shall be known by then."""
        delivery = [] if self.delivered_days is None else [self.delivered()]
        return [*self.captures(), *delivery, self.placed()]

    def request(self, name="r1", days=0, **asked):
        """Asks for one unit of line 1 unless `asked` says something else."""
        if not asked.keys() & {"lines", "amount", "wholeOrder", "shipping"}:
            asked["lines"] = [{"lineId": "1", "units": 1}]
        return {"merchantId": self.merchant, "orderId": self.order_id,
                "requestId": f"{self.order_id}/{name}", "occurredAt": days_ago(days),
                "trigger": "TRIGGER_CUSTOMER_REQUEST", "reason": "REASON_CODE_OTHER",
                "requester": {"id": "agent-4", "role": "ROLE_SERVICE_AGENT"}, **asked}

    def follow_up(self, kind, name="r1", number=1, by="agent-4"):
        """An answer, an appeal or a cancellation."""
        return {"merchantId": self.merchant, "orderId": self.order_id,
                "requestId": f"{self.order_id}/{name}", "occurredAt": days_ago(0),
                "requester": {"id": by, "role": "ROLE_SERVICE_AGENT"},
                kind: {f"{kind}Id": f"{kind}-{number}", "note": "as asked"}}


def units(*pairs):
    return [{"lineId": line, "units": count} for line, count in pairs]
