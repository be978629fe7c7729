#!/usr/bin/env python3
"""Receives the sandbox's webhooks as a merchant would: checks each signature, hands on what it got.

    receiver.py --sandbox URL --redressctl PROGRAM [--from BYTE]

Polls URL/sandbox/webhooks and publishes what is new to refunds.provider-inbox.v1, in the order of
delivery, until SIGTERM; what was delivered before that is still handed on. Environment: that of redressctl,
and WEBHOOK_STRIPE_SECRET, WEBHOOK_ADYEN_HMAC_KEY, WEBHOOK_PAYPAL_ID where they are not the sandbox's own.
On stderr: how many of each provider, and how many had no good signature (these are handed on as not
verified).

The schemes, each with its source, stand at the functions; check_dialects.py tries them with the vendors'
published vectors.
"""

import argparse
import base64
import collections
import datetime
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
import zlib

POLL_S = 0.1
SECRETS = {"stripe": os.environ.get("WEBHOOK_STRIPE_SECRET", "whsec_sandbox"),
           "adyen": os.environ.get("WEBHOOK_ADYEN_HMAC_KEY",
                                   "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"),
           "paypal": os.environ.get("WEBHOOK_PAYPAL_ID", "4JH86294D6297924G")}


def stripe_holds(secret, header, body):
    """https://docs.stripe.com/webhooks#verify-manually; its age is not looked at, as tests replay."""
    pairs = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t" and value]
    signed = hmac.new(secret.encode(), f"{times[0]}.".encode() + body, hashlib.sha256).hexdigest() \
        if times else ""
    return any(name == "v1" and signed and hmac.compare_digest(value, signed)
               for name, _, value in pairs)


def adyen_data(item):
    """https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures"""
    amount = item.get("amount", {})
    return ":".join(str(part) for part in (
        item.get("pspReference", ""), item.get("originalReference", ""),
        item.get("merchantAccountCode", ""), item.get("merchantReference", ""),
        amount.get("value", ""), amount.get("currency", ""), item.get("eventCode", ""),
        item.get("success", "")))


def adyen_holds(key, body):
    items = [entry["NotificationRequestItem"] for entry in json.loads(body)["notificationItems"]]
    return bool(items) and all(hmac.compare_digest(
        item.get("additionalData", {}).get("hmacSignature", ""), adyen_signature(key, item))
        for item in items)


def adyen_signature(key, item):
    signed = hmac.new(bytes.fromhex(key), adyen_data(item).encode(), hashlib.sha256).digest()
    return base64.b64encode(signed).decode()


def paypal_data(webhook_id, headers, body):
    """https://developer.paypal.com/api/rest/webhooks/rest/"""
    return "|".join((headers.get("paypal-transmission-id", ""),
                     headers.get("paypal-transmission-time", ""), webhook_id,
                     str(zlib.crc32(body))))


def rsa_holds(numbers, text, signature):
    """PKCS #1 v1.5 with SHA-256 (RFC 8017, 8.2.2)."""
    modulus, exponent = numbers
    size = (modulus.bit_length() + 7) // 8
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + \
        hashlib.sha256(text.encode()).digest()
    wanted = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    got = pow(int.from_bytes(signature, "big"), exponent, modulus)
    return got.to_bytes(size, "big") == wanted


class Receiver:
    def __init__(self, sandbox):
        self.sandbox, self.certificates, self.counts = sandbox, {}, collections.Counter()
        self.pems = {}

    def get(self, path):
        with urllib.request.urlopen(self.sandbox + path, timeout=30) as answer:
            return answer.read()

    def certificate(self, url):
        """(modulus, exponent) of the certificate of that address, fetched from the sandbox."""
        name = url.rsplit("/", 1)[-1]
        if name not in self.certificates:
            pem = self.get(f"/v1/notifications/certs/{name}")
            self.pems[name] = pem.decode()
            key = subprocess.run(["openssl", "x509", "-noout", "-modulus"], input=pem,
                                 capture_output=True, check=True).stdout.decode()
            self.certificates[name] = int(key.strip().partition("=")[2], 16), 65537
        return self.certificates[name]

    def holds(self, entry):
        headers, body = entry["headers"], entry["body"].encode()
        secret = SECRETS[entry["provider"]]
        if entry["provider"] == "stripe":
            return stripe_holds(secret, headers.get("stripe-signature", ""), body)
        if entry["provider"] == "adyen":
            return adyen_holds(secret, body)
        signature = base64.b64decode(headers.get("paypal-transmission-sig", ""))
        return rsa_holds(self.certificate(headers.get("paypal-cert-url", "")),
                         paypal_data(secret, headers, body), signature)

    def event(self, entry):
        """The ProviderNotification, in canonical JSON."""
        good = self.holds(entry)
        self.counts[entry["provider"]] += 1
        self.counts["not verified"] += not good
        headers = entry["headers"]
        if entry["provider"] == "paypal":  # settlement fetches nothing: what it needs goes along
            name = headers.get("paypal-cert-url", "").rsplit("/", 1)[-1]
            headers = {**headers, "paypal-cert-pem": self.pems.get(name, "")}
        now = datetime.datetime.now(datetime.timezone.utc)
        return {"provider": f"PROVIDER_{entry['provider'].upper()}",
                "providerAccount": entry["account"], "providerReference": entry["reference"],
                "receivedAt": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "headers": headers,
                "body": base64.b64encode(entry["body"].encode()).decode(), "verified": good}

    def fetch(self, start):
        """The webhooks from a byte of the outbox on, and the byte behind them."""
        lines = self.get(f"/sandbox/webhooks?from={start}")
        return [json.loads(line) for line in lines.splitlines()], start + len(lines)


class Bridge:
    """One `redressctl publish` that is fed as webhooks come would hold them back until its end: each
    group is published by one of its own."""

    def __init__(self, sandbox, redressctl, start=0):
        self.receiver, self.redressctl, self.at = Receiver(sandbox), redressctl, start
        self.environment = None  # of redressctl; None: ours

    def step(self):
        """Hands on what is new; True if there was any."""
        entries, after = self.receiver.fetch(self.at)
        if not entries:
            return False
        lines = "".join(json.dumps(self.receiver.event(entry)) + "\n" for entry in entries)
        subprocess.run([self.redressctl, "publish", "refunds.provider-inbox.v1", "-"],
                       input=lines.encode(), check=True, capture_output=True,
                       env=self.environment)
        self.at = after
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sandbox", required=True)
    parser.add_argument("--redressctl", required=True)
    parser.add_argument("--from", dest="start", type=int, default=0)
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    bridge = Bridge(options.sandbox.rstrip("/"), options.redressctl, options.start)
    while not ended.is_set():
        if not bridge.step():
            ended.wait(POLL_S)
    while bridge.step():
        pass
    print(f"webhooks: {dict(bridge.receiver.counts)}, {bridge.at} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
