"""Webhooks as their receivers put them on refunds.provider-inbox.v1, signed as the providers sign."""

import base64
import ctypes
import ctypes.util
import datetime
import hashlib
import hmac
import json
import time

INBOX = "refunds.provider-inbox.v1"
ADYEN_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
STRIPE_SECRET = "whsec_test"


def notification(provider, reference, body, headers=None):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    return {"provider": f"PROVIDER_{provider}", "providerReference": reference, "receivedAt": now,
            "headers": headers or {}, "body": base64.b64encode(body).decode()}


def adyen(code, payment, psp, minor, reference, success=True, currency="GBP", key=ADYEN_KEY,
          reason="", account="Shop"):
    item = {"pspReference": psp, "originalReference": payment, "merchantAccountCode": account,
            "merchantReference": reference, "amount": {"value": minor, "currency": currency},
            "eventCode": code, "success": "true" if success else "false", "reason": reason,
            "eventDate": "2026-01-02T03:04:05+00:00"}
    text = ":".join([psp, payment, account, reference, str(minor), currency, code, item["success"]])
    mac = hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).digest()
    item["additionalData"] = {"hmacSignature": base64.b64encode(mac).decode()}
    body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
    return notification("ADYEN", payment, json.dumps(body).encode())


def stripe(kind, payment, entry, event="evt_1", secret=STRIPE_SECRET, **more):
    body = json.dumps({"id": event, "object": "event", "type": kind, "created": int(time.time()),
                       "data": {"object": entry}, **more}).encode()
    at = str(int(time.time()))
    mac = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return notification("STRIPE", payment, body, {"stripe-signature": f"t={at},v1={mac}"})


class Person:
    """Somebody of finance, with a key."""

    def __init__(self, name):
        self.name = name
        self.sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
        self.public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_keypair(self.public, self.secret)

    @property
    def key(self):
        return f"{self.name}:{self.public.raw.hex()}"

    def reports(self, **what):
        body = json.dumps(what).encode()
        whole = b"redress.manual.v1\n" + body
        mark = ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_detached(mark, None, whole, ctypes.c_ulonglong(len(whole)),
                                         self.secret)
        return notification("MANUAL", what["payment_id"], body, {
            "redress-person": self.name,
            "redress-signature": base64.b64encode(mark.raw).decode()})
