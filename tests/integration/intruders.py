"""Scenarios: what can never be applied becomes a dead letter with a reason, and stops nothing."""

import random

import counting
from journey import Journey
from shop import DEAD_LETTERS, ORDERS, REQUESTS, Order, days_ago, units

PARTITIONS = 6
TYPE = "redress.v1.RefundRequest"
SEED = 20101201


def headers(event_id, **other):
    """The headers of a request; None leaves one out."""
    usual = {"ce_specversion": "1.0", "ce_id": event_id, "ce_source": "test", "ce_type": TYPE}
    return [(name, text) for name, text in {**usual, **other}.items() if text is not None]


def field(number, content):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes(encoded + bytes([value]))


def request_bytes(order_id, *more):
    return b"".join((field(1, b"test-shop"), field(2, order_id.encode()), *more))


def good_request(order_id):
    """One unit of line 1, for OTHER."""
    return request_bytes(
        order_id, field(3, f"{order_id}/r2".encode()), field(4, b"\x08" + varint(1_700_000_000)),
        b"\x28\x01\x30\x0d", field(7, field(1, b"1") + b"\x10\x01"),
        field(14, field(1, b"agent-4") + b"\x10\x02"))


def nested(depth):
    """Sub-messages in sub-messages, in a field that nobody knows."""
    content = b""
    for _ in range(depth):
        content = field(100, content)
    return content


def noise(size):
    return random.Random(SEED + size).randbytes(size)


# Values of a request for the order `o`; each with the reason for its dead letter.
POISON = {
    "random bytes": (lambda o: b"\xff\xff\xff\xff" + noise(200), "MALFORMED"),
    "random bytes, many": (lambda o: b"\x0f" + noise(60000), "MALFORMED"),
    "truncated": (lambda o: request_bytes(o, field(3, b"req"))[:-2], "MALFORMED"),
    "too deep": (lambda o: request_bytes(o, nested(64)), None),
    "too deep in a known field": (lambda o: request_bytes(o, field(7, nested(40))), None),
    "a field longer than the value": (lambda o: request_bytes(o) + b"\x1a\xff\xff\xff\xff\x0f",
                                      "MALFORMED"),
    "a group": (lambda o: request_bytes(o) + b"\x1b\x1c", "MALFORMED"),
    "invalid UTF-8": (lambda o: request_bytes(o, field(3, b"r\xff\xfe")), "MALFORMED"),
    "overlong UTF-8": (lambda o: request_bytes(o, field(3, b"r\xc0\x80")), "MALFORMED"),
    "NUL inside a string": (lambda o: request_bytes(o, field(3, b"re\0q")), "MALFORMED"),
    "a sub-message twice": (lambda o: request_bytes(o, field(4, b""), field(4, b"")), "MALFORMED"),
    "too many fields": (lambda o: request_bytes(o, b"\x30\x01" * 30000), None),
    "empty": (lambda o: b"", "FIELD_MISSING"),
    "70,000 bytes": (lambda o: request_bytes(o, field(13, b"n" * 70000)), "TOO_LARGE"),
}

# What is asked, wrongly; the reason and the field that the dead letter names.
BAD_FIELDS = {
    "negative units": ({"lines": units(("1", -1))}, "FIELD_OUT_OF_RANGE", "lines[0].units"),
    "no units": ({"lines": units(("1", 0))}, "FIELD_OUT_OF_RANGE", "lines[0].units"),
    "too many units": ({"lines": units(("1", 10**12))}, "FIELD_OUT_OF_RANGE", "lines[0].units"),
    "the same line twice": ({"lines": units(("1", 1), ("1", 1))}, "FIELD_OUT_OF_RANGE", "lines"),
    "no line id": ({"lines": units(("", 1))}, "FIELD_MISSING", "lines[0].line_id"),
    "a control character": ({"lines": units(("1\n", 1))}, "FIELD_OUT_OF_RANGE",
                            "lines[0].line_id"),
    "unknown currency": ({"amount": {"minor": 100, "currency": "XYZ"}}, "UNKNOWN_CURRENCY",
                         "amount.currency"),
    "negative amount": ({"amount": {"minor": -100, "currency": "GBP"}}, "FIELD_OUT_OF_RANGE",
                        "amount.minor"),
    "unknown reason": ({"reason": 99}, "UNKNOWN_ENUM", "reason"),
    "goods that nobody saw": ({"trigger": "TRIGGER_RETURN_RECEIPT"}, "FIELD_OUT_OF_RANGE", "trigger"),
    "no reason": ({"reason": 0}, "FIELD_MISSING", "reason"),
    "no time": ({"occurredAt": None}, "FIELD_MISSING", "occurred_at"),
    "no request id": ({"requestId": ""}, "FIELD_MISSING", "request_id"),
    "no merchant": ({"merchantId": ""}, "FIELD_MISSING", "merchant_id"),
    "a note that is too long": ({"note": "n" * 2001}, "FIELD_OUT_OF_RANGE", "note"),
    "nothing asked for": ({"lines": []}, "FIELD_MISSING", None),
}


def scenarios(stack):
    letters_of = {}

    def letter(order_id, reason, what):
        """Waits for a dead letter with this key and a reason that it had not before."""
        def arrived():
            for entry in stack.events(DEAD_LETTERS, headers=True):
                told = entry["headers"]
                if entry["key"] == order_id and entry["offset"] not in letters_of:
                    if reason is None or told["redress_reason"] == reason:
                        letters_of[entry["offset"]] = told
                        return told
            return None
        found = counting.until(arrived)
        counting.check(f"{what} is a dead letter{': ' + reason if reason else ''}", found,
                       [entry["headers"] for entry in stack.events(DEAD_LETTERS, headers=True)
                        if entry["key"] == order_id])
        return found or {}

    def works_on(order):
        """What follows on the same partition is handled."""
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request("good"))
        Journey(stack, order, "good").await_paid(255)

    def partition_of(order_id):
        """Where redressctl puts the key."""
        probe = Order(order_id)
        stack.publish(REQUESTS, probe.request("probe"))
        return counting.until(lambda: stack.events(REQUESTS, order_id, headers=True))[0]["partition"]

    def poison():
        for number, (what, (value, reason)) in enumerate(POISON.items()):
            order_id = f"poison-{number}"
            stack.raw(REQUESTS, value(order_id), order_id, headers=headers(f"poison-{number}"))
            told = letter(order_id, reason, what)
            counting.check(f"{what}: its origin is named", told.get("redress_topic") == REQUESTS and
                           told.get("redress_worker") == "intake" and
                           told.get("ce_id") == f"poison-{number}", told)
            works_on(Order(order_id))

    def huge_order():
        """1 MiB and more than 1,000 lines, as real orders have, are fine; the value is not."""
        lines = tuple((str(n), 1, 100) for n in range(1, 2000))
        order = Order("huge", lines=lines, title="t" * 400)
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        Journey(stack, order).await_paid(100)
        stack.raw(ORDERS, b"\0" * (1024 * 1024 + 1), "huge-2",
                  headers=headers("huge-2", ce_type="redress.v1.OrderEvent"))
        told = letter("huge-2", "TOO_LARGE", "an order above 1 MiB")
        counting.equal("a large value is kept in part", (told.get("redress_bytes"),
                                                         told.get("redress_truncated")),
                       (str(1024 * 1024 + 1), "true"))

    def wrong_partition():
        order_id = "partitioned"
        wrong = (partition_of(order_id) + 1) % PARTITIONS
        stack.raw(REQUESTS, request_bytes(order_id), order_id, wrong, headers("partitioned"))
        told = letter(order_id, "WRONG_PARTITION", "a record of another partitioner")
        counting.check("the rule names the setting", "murmur2" in told.get("redress_rule", ""),
                       told)

    def key_unlike_the_payload():
        stack.raw(REQUESTS, good_request("other-order"), "key-order", headers=headers("key"))
        letter("key-order", "KEY_MISMATCH", "a key unlike the order id")

    def no_key():
        stack.raw(REQUESTS, request_bytes("keyless"), None, 0, headers("keyless"))
        letter(None, "KEY_MISSING", "a record without a key")

    def headers_missing_or_wrong():
        cases = [("no " + name, {name: None}, "HEADER_MISSING")
                 for name in ("ce_specversion", "ce_id", "ce_source", "ce_type")]
        cases += [("another specversion", {"ce_specversion": "2.0"}, "HEADER_INVALID"),
                  ("another content type", {"content-type": "application/json"}, "HEADER_INVALID"),
                  ("an id that is too long", {"ce_id": "i" * 300}, "HEADER_INVALID"),
                  ("another message", {"ce_type": "redress.v1.OrderEvent"}, "UNKNOWN_TYPE")]
        for number, (what, changed, reason) in enumerate(cases):
            order_id = f"headers-{number}"
            stack.raw(REQUESTS, request_bytes(order_id), order_id,
                      headers=headers(order_id, **changed))
            letter(order_id, reason, what)
        stack.raw(REQUESTS, request_bytes("headless"), "headless")
        letter("headless", "HEADER_MISSING", "a record without headers")

    def bad_fields():
        for number, (what, (asked, reason, path)) in enumerate(BAD_FIELDS.items()):
            order = Order(f"fields-{number}")
            event = {name: value for name, value in order.request(**asked).items()
                     if value is not None}
            stack.publish(REQUESTS, event)
            told = letter(order.order_id, reason, what)
            if path:
                counting.equal(f"{what}: the field", told.get("redress_field"), path)

    def conflicting_order():
        order = Order("conflict")
        stack.publish(ORDERS, *order.events())
        stack.publish(ORDERS, Order("conflict", lines=(("1", 5, 99),)).placed())
        letter("conflict", "CONFLICT", "an order that is placed again with other lines")
        works_on(order)

    def redriven():
        order = Order("redrive")
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        journey = Journey(stack, order)
        journey.await_paid(255)
        stack.raw(REQUESTS, good_request("redrive"), "wrong-key", headers=headers("redrive"))
        letter("wrong-key", "KEY_MISMATCH", "a request with the key of another order")
        found = [entry for entry in stack.ctl_json("dead-letters", "list")
                 if entry["key"] == "wrong-key"]
        counting.equal("listed", len(found), 1)
        stack.ctl("dead-letters", "redrive", str(found[0]["id"]), "--key", "redrive")
        Journey(stack, order, "r2").await_paid(255)

    def refused_by_redressctl():
        """What cannot be published says why, and publishes nothing."""
        for what, event in (("no such field", {"orderid": 1}),
                            ("no such enum value", {"orderId": "x", "reason": "NONSENSE"}),
                            ("no time", {"orderId": "x", "occurredAt": "yesterday"})):
            try:
                stack.publish(REQUESTS, {"merchantId": "m", "occurredAt": days_ago(0), **event})
                counting.check(f"{what} is refused", False, event)
            except Exception as problem:  # pylint: disable=broad-except
                counting.check(f"{what} is refused, with its line", "-:1:" in str(problem),
                               str(problem))

    return [poison, huge_order, wrong_partition, key_unlike_the_payload, no_key,
            headers_missing_or_wrong, bad_fields, conflicting_order, redriven,
            refused_by_redressctl]
