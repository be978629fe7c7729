"""Signatures of decisions and rule sets, by the layouts in proto/README.md and not by the code under
test. Ed25519 is openssl's."""

import base64
import datetime
import hashlib
import pathlib
import re
import struct
import subprocess
import tempfile

ROLES = {name: number for number, name in enumerate(
    ("UNSPECIFIED", "CUSTOMER", "SERVICE_AGENT", "POLICY_REVIEWER", "APPROVER", "FINANCE",
     "QUALITY", "SYSTEM"))}
VERDICTS = {name: number for number, name in enumerate(
    ("UNSPECIFIED", "APPROVE", "APPROVE_REDUCED", "DECLINE", "ASK", "RECOMMEND", "TAKE",
     "GIVE_BACK", "COMMENT", "LIFT", "VERIFY_PAYEE"))}
METHODS = {name: number for number, name in enumerate(
    ("UNSPECIFIED", "ORIGINAL", "STORE_CREDIT", "BANK_TRANSFER", "MANUAL"))}

# A private key of Ed25519 in PKCS #8 is these bytes and its seed (RFC 8410).
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def text(value):
    encoded = value.encode()
    return struct.pack(">I", len(encoded)) + encoded


def integer(value):
    return struct.pack(">q", value)


def number(names, value, prefix):
    return names[(value or "UNSPECIFIED").removeprefix(prefix)]


def microseconds(time):
    """Of RFC 3339 in UTC, as the tests write it."""
    if not time:
        return 0
    moment = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return int(round(moment.timestamp() * 1_000_000))


def listed(items, layout_of):
    return integer(len(items)) + b"".join(layout_of(item) for item in items)


def blob(encoded):
    content = base64.b64decode(encoded)
    return struct.pack(">I", len(content)) + content


def money(amount):
    return integer(int(amount["minor"])) + text(amount["currency"])


def period(part):
    return integer(microseconds(part["from"])) + integer(microseconds(part["until"]))


def person_layout(person):
    return b"".join((
        text(person["id"]), blob(person.get("publicKey", "")),
        listed(person.get("roles", []), lambda role: integer(number(ROLES, role, "ROLE_"))),
        listed(person.get("queues", []), text), integer(person.get("level", 0)),
        listed(person.get("limitPerRefund", []), money),
        listed(person.get("limitPerDay", []), money),
        listed(person.get("delegates", []), lambda one: text(one["personId"]) + period(one)),
        listed(person.get("absences", []), period), text(person.get("keyId", "")),
        text(person.get("timeZone", ""))))


def roster_layout(roster):
    return listed(roster.get("people", []), person_layout) + listed(
        roster.get("applications", []), lambda one: text(one["id"]) + text(one["keyId"]) +
        blob(one["publicKey"]) + listed(one.get("people", []), text))


def model_layout(model):
    return (integer({"MODEL_PURPOSE_POLICY": 1, "MODEL_PURPOSE_AUTHORITY": 2}[model["purpose"]]) +
            integer({"JUDGED_BY_PURCHASE": 1, "JUDGED_BY_REQUEST": 2}[model["judgedBy"]]) +
            text(model["sha256"]))


def calendar_layout(calendar):
    return text(calendar.get("timeZone", "")) + listed(
        calendar.get("hours", []), lambda one: integer(one["weekday"]) +
        integer(one.get("fromMinute", 0)) + integer(one["untilMinute"])) + listed(
        calendar.get("holidays", []), text)


def stop_layout(stop):
    """Of a stop that names no provider."""
    return (integer(int(stop["stopped"])) + text(stop.get("merchantId", "")) + integer(0) +
            text(stop.get("customerToken", "")) + text(stop.get("refundId", "")) +
            text(stop["reason"]))


CONTENTS = {"model": (9, model_layout), "roster": (10, roster_layout),
            "calendar": (13, calendar_layout), "stop": (12, stop_layout)}


def rules_layout(rules):
    """The bytes of a rule set that are signed."""
    kind = next(kind for kind in CONTENTS if kind in rules)
    field, content = CONTENTS[kind]
    return b"".join((
        text("redress.rules.v1"), text(rules.get("merchantId", "")), text(rules["id"]),
        integer(int(rules["version"])), integer(microseconds(rules["publishedAt"])),
        integer(microseconds(rules.get("validFrom"))), text(rules["author"]["id"]),
        integer(number(ROLES, rules["author"]["role"], "ROLE_")),
        text(rules.get("correction", "")), integer(field), content(rules[kind])))


def model(name, content, purpose="MODEL_PURPOSE_AUTHORITY"):
    """A model of one file, as a rule set holds it."""
    hashed = hashlib.sha256(name.encode() + b"\0" + struct.pack(">Q", len(content)) + content)
    return {"purpose": purpose, "judgedBy": "JUDGED_BY_REQUEST", "sha256": hashed.hexdigest(),
            "files": [{"name": name, "content": base64.b64encode(content).decode()}]}


def layout(decision, key_id):
    """The bytes of a decision that are signed."""
    amount = decision.get("amount", {})
    return b"".join((
        text("redress.decision.v1"), text(decision["merchantId"]), text(decision["orderId"]),
        text(decision["refundId"]), text(decision["caseId"]),
        integer(int(decision["caseVersion"])), text(decision.get("subjectHash", "")),
        text(decision["actor"]["id"]), integer(number(ROLES, decision["actor"]["role"], "ROLE_")),
        integer(number(VERDICTS, decision["verdict"], "VERDICT_")),
        integer(int(amount.get("minor", 0))), text(amount.get("currency", "")),
        integer(number(METHODS, decision.get("method"), "REFUND_METHOD_")),
        text(hashlib.sha256(decision.get("note", "").encode()).hexdigest()),
        integer(microseconds(decision["occurredAt"])), text(key_id),
        text(decision["decisionId"]), text(decision.get("onBehalfOf", "")),
        integer(microseconds(decision.get("answerBy"))),
        integer(number(VERDICTS, decision.get("recommended"), "VERDICT_")),
        text(decision["payee"]) if decision.get("payee") else b""))


def ed25519(seed, message):
    with tempfile.TemporaryDirectory() as folder:
        key, content = pathlib.Path(folder, "key.der"), pathlib.Path(folder, "content")
        key.write_bytes(PKCS8 + seed)
        content.write_bytes(message)
        return subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", key, "-in",
             content], capture_output=True, check=True).stdout


class Signer:
    """Signs with a key as redressctl keeps it: id:<64 hex of its seed>."""

    def __init__(self, key):
        self.key_id, seed = re.fullmatch(r"([\w-]+):([0-9a-f]{64})", key.strip()).groups()
        self.seed = bytes.fromhex(seed)

    def public(self):
        """The public key, base64."""
        der = subprocess.run(
            ["openssl", "pkey", "-inform", "DER", "-outform", "DER", "-pubout"],
            input=PKCS8 + self.seed, capture_output=True, check=True).stdout
        return base64.b64encode(der[-32:]).decode()

    def sign_rules(self, rules):
        """With one signature more."""
        signature = base64.b64encode(ed25519(self.seed, rules_layout(rules))).decode()
        return {**rules, "signatures": rules.get("signatures", []) + [
            {"keyId": self.key_id, "signature": signature}]}

    def sign(self, decision):
        signature = ed25519(self.seed, layout(decision, self.key_id))
        return {**decision, "keyId": self.key_id,
                "signature": base64.b64encode(signature).decode()}
