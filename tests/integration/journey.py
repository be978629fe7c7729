"""What became of a request: its events on the topics of the stages."""

import counting
import shop

PREFIXES = {shop.VALIDATED: "VALIDATION_STATUS_", shop.ASSESSED: "ASSESSMENT_STATUS_",
            shop.ROUTED: "ROUTING_STATUS_", shop.PAYOUTS: "PAYOUT_STATUS_"}


class Journey:
    """Of the request `name` of an order."""

    def __init__(self, stack, order, name="r1"):
        self.stack, self.order, self.name = stack, order, name
        self._refund_id = None

    @property
    def refund_id(self):
        if self._refund_id is None:
            rows = self.stack.sql(
                "intake", "SELECT refund_id FROM view.refund WHERE merchant_id ="
                f" '{self.order.merchant}' AND request_id = '{self.order.order_id}/{self.name}'")
            self._refund_id = rows[0][0] if rows else None
        return self._refund_id

    def events(self, topic, headers=False):
        """In the order of their versions; an event that was published again counts once."""
        found = {}
        for entry in self.stack.events(topic, self.order.order_id, headers=True):
            if entry["event"].get("refundId") == self.refund_id and self.refund_id:
                found[int(entry["event"]["version"])] = entry if headers else entry["event"]
        return [found[version] for version in sorted(found)]

    def first(self, topic, headers=False):
        """Its first event on the topic, which may be read later here than what followed from it."""
        found = counting.until(lambda: self.events(topic, headers))
        if not found:
            raise AssertionError(f"{self.name} has no event on {topic}")
        return found[0]

    def statuses(self, topic):
        return [event["status"].removeprefix(PREFIXES[topic]) for event in self.events(topic)]

    def check_statuses(self, what, topic, wanted):
        """All its statuses on the topic, once they were read here."""
        counting.until(lambda: self.statuses(topic) == wanted)
        counting.equal(what, self.statuses(topic), wanted)

    def await_status(self, topic, status):
        """The last event of the topic once it has this status; None and a failed check if it never
        has."""
        def arrived():
            events = self.events(topic)
            return events and events[-1]["status"] == PREFIXES[topic] + status and events[-1]
        event = counting.until(arrived)
        short = topic.removeprefix("refunds.").removesuffix(".v1")
        counting.check(f"{self.name} becomes {status} ({short})", event, self.trace())
        return event or None

    def await_rejection(self, reason):
        event = self.await_status(shop.VALIDATED, "REJECTED")
        rejection = (event or {}).get("rejection", {})
        counting.equal(f"{self.name} is rejected because", rejection.get("reason"),
                       "REJECTION_REASON_" + reason)
        return rejection

    def await_paid(self, minor):
        event = self.await_status(shop.PAYOUTS, "SUCCEEDED")
        counting.equal(f"{self.name} is paid", int(((event or {}).get("amount") or {})
                                                   .get("minor", 0)), minor)
        return event

    def standing(self):
        """(status, waiting for) as intake knows it."""
        rows = self.stack.sql("intake", "SELECT status, coalesce(waiting_for, '') FROM view.refund"
                              f" WHERE refund_id = '{self.refund_id}'")
        return tuple(rows[0]) if rows else None

    def await_standing(self, status):
        found = counting.until(lambda: (self.standing() or ("",))[0] == status)
        counting.check(f"{self.name} stands at {status}", found, self.standing())

    def case(self):
        """The newest case about it, as view.approval_case shows it."""
        cases = [case for case in self.stack.ctl_json("cases", "--all")
                 if case["refund_id"] == self.refund_id]
        return max(cases, key=lambda case: case["opened_at"]) if cases else None

    def trace(self):
        """For messages: the statuses at each stage, and what routing knows."""
        if not self.refund_id:
            return "intake knows no such request"
        return {topic: self.statuses(topic) for topic in PREFIXES}
