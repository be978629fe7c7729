"""Facts for the shipped models, to hold two engines against each other: the same ones in every run."""

import datetime
import random

COUNT = 300
REASONS = ("DAMAGED", "DEFECTIVE", "WRONG_ITEM", "NOT_AS_DESCRIBED", "NOT_RECEIVED", "LATE", "CHANGED_MIND",
           "SERVICE_FAILURE", "PRICE_ADJUSTMENT", "GOODWILL", "DUPLICATE_CHARGE", "FRAUD", "OTHER", None)
TRIGGERS = ("CUSTOMER_REQUEST", "RETURN_RECEIPT", "SERVICE_FAILURE")
CATEGORIES = ("goods", "apparel", "electronics", "digital", "perishable", "non_goods", "hygiene", "")
AMOUNTS = (0, 1, 2999, 3000, 4999, 5000, 5001, 12345, 250000)
AGES = (0, 1, 2, 3, 14, 15, 28, 30, 31, 44, 45, 60, 61, 90, 91, 365, 366, 730, 731)


class Moment(str):
    """A date and time or a duration as FEEL writes it."""


def feel(value):
    """A value as a FEEL expression."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {feel(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(feel(item) for item in value) + "]"
    if isinstance(value, Moment):
        return f'@"{value}"'
    if isinstance(value, str):
        return f'"{value}"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def moment(time):
    return Moment(time.strftime("%Y-%m-%dT%H:%M:%SZ"))


def since(name, start, now):
    """When something was, how long before `now`, and in whole days; nulls where it was not."""
    noun = {"placed": "Order", "delivered": "Delivery", "shipped": "Shipment"}[name]
    age = now - start if start else None
    return {f"{name}At": moment(start) if start else None,
            f"since{noun}": Moment(f"P{age.days}DT{age.seconds}S") if start else None,
            f"daysSince{noun}": age.days if start else None}


def assessment(pick):
    now = datetime.datetime(2024, 1, 1, 10) + datetime.timedelta(days=pick.randrange(730))
    delivered = pick.choice((None, *[now - datetime.timedelta(days=days, seconds=pick.choice((0, 1, 40000)))
                                     for days in pick.choices(AGES, k=4)]))
    shipped = (delivered or now) - datetime.timedelta(days=2)
    placed = shipped - datetime.timedelta(days=pick.randrange(4), hours=pick.randrange(20))
    amount = pick.choice(AMOUNTS)
    request = {"reason": pick.choice(REASONS), "trigger": pick.choice(TRIGGERS), "occurredAt": moment(now),
               "lines": 1, "wholeOrder": pick.random() < 0.5, "shipping": False, "amountMinor": None,
               "wishedMethod": None, "requesterRole": "CUSTOMER", "appeal": False,
               "evidenceCount": pick.randrange(3), "imageCount": pick.randrange(2)}
    order = {"market": pick.choice(("GB", "DE", "AT", "FR", "NL", "US", "JP", "")),
             "channel": pick.choice(("WEB", "STORE", "PHONE", "MARKETPLACE", "APP", None)), "currency": "EUR",
             "totalMinor": amount, **since("placed", placed, now), "delivered": delivered is not None,
             **since("delivered", delivered, now)}
    line = {"isOrder": False, "sku": "S-1", "category": pick.choice(CATEGORIES),
            "tags": pick.sample(("final_sale", "hygiene", "fragile"), pick.choice((0, 0, 1, 2))),
            "units": 1, "unitsBought": 2, "unitsClaimedBefore": 0, "refundableMinor": amount, "taxMinor": 0,
            "paidMinor": amount, "delivered": delivered is not None, **since("delivered", delivered, now),
            **since("shipped", shipped, now)}
    return {"request": request, "order": order, "line": line}


def route(pick):
    limit = pick.choice((0, 100, 250, 1000, 2500, 4000, 10000, 50000, 500000, 2000000))
    return {"amount": pick.choice((limit, limit + 0.001, limit + 1)),
            "currency": pick.choice(("GBP", "EUR", "USD", "JPY", "KWD", "CHF")),
            "outcome": pick.choice(("COMPLIANT", "EXCEPTION", "DECLINED")),
            "market": pick.choice(("GB", "de", "a_b-1", "", "no market", "X" * 33)),
            "personRequired": pick.random() < 0.5}


def lines(model):
    """A FEEL context per line for one of the shipped models; None: it is not one of them."""
    make = {"shop": assessment, "first-rules": assessment, "authority": route}.get(model)
    pick = random.Random(4)
    return make and [feel(make(pick)) for _ in range(COUNT)]
