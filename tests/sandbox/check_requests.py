"""Requests: authentication, parameters, the refund object, captured amounts, the command line."""

import base64
import json
import os
import random
import socket
import subprocess
import tempfile
import time

from checking import DEADLINE_S, Sandbox, check, equal, program

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("REDRESS_SHARED", os.path.join(HERE, "..", "..", "..", "shared"))
FIXTURE = os.path.join(SHARED, "fixtures", "stripe", "refund.json")


def authentication():
    with Sandbox() as s:
        for auth, what in (
            (None, "no key"),
            ("Bearer ", "empty key"),
            ("Bearer sk_live_1", "live key"),
            ("Bearer sk_test_", "prefix alone"),
            ("Basic !!!", "broken Basic"),
            ("Bearer " + "x" * 5000, "very long key"),
            ("Digest x", "other scheme"),
        ):
            reply = s.refund(auth=auth)
            equal(
                f"{what} is 401",
                (reply.status, reply.error.get("type")),
                (401, "invalid_request_error"),
            )
        check(
            "401 asks for Basic",
            "Basic" in s.get("/v1/refunds", auth=None).headers.get("WWW-Authenticate", ""),
        )
        for key in ("sk_test_1", "rk_test_1"):
            equal(f"Bearer {key}", s.refund(auth=f"Bearer {key}").status, 200)
            basic = base64.b64encode(f"{key}:".encode()).decode()
            equal(f"Basic {key}", s.refund(auth=f"Basic {basic}").status, 200)
        equal("nothing happened without a key", len(s.effects("refund.created")), 4)
        wrong = s.get("/v1/refunds", auth="Bearer sk_live_4eC39HqLyjWDarjtT1zdp7dc").text
        check("a wrong key is not shown whole", "4eC39HqLyjWDarjtT1zd" not in wrong, wrong)
    with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
        file.write("secret-of-this-stack\n")
        file.flush()
        with Sandbox("--key-file", file.name) as s:
            equal(
                "the key of the file is let in",
                s.refund(auth="Bearer secret-of-this-stack").status,
                200,
            )
            equal("any other is not", s.refund(auth="Bearer sk_test_1").status, 401)


def refund_object():
    with Sandbox() as s:
        reply = s.refund(
            "pi_abc",
            1234,
            reason="requested_by_customer",
            **{"metadata[payout_id]": "po_1", "metadata[note]": 'quote " \\ ünï\n'},
        )
        refund = reply.json
        equal("status", reply.status, 200)
        equal(
            "values",
            {
                k: refund[k]
                for k in (
                    "object",
                    "amount",
                    "currency",
                    "payment_intent",
                    "reason",
                    "status",
                    "receipt_number",
                    "transfer_reversal",
                    "source_transfer_reversal",
                )
            },
            {
                "object": "refund",
                "amount": 1234,
                "currency": "usd",
                "payment_intent": "pi_abc",
                "reason": "requested_by_customer",
                "status": "succeeded",
                "receipt_number": None,
                "transfer_reversal": None,
                "source_transfer_reversal": None,
            },
        )
        equal(
            "metadata survives",
            refund["metadata"],
            {"payout_id": "po_1", "note": 'quote " \\ ünï\n'},
        )
        check(
            "ids",
            refund["id"].startswith("re_")
            and refund["charge"].startswith("ch_")
            and refund["balance_transaction"].startswith("txn_"),
            refund,
        )
        check("created in seconds", abs(refund["created"] - time.time()) < 60, refund["created"])
        equal("content type", reply.headers["Content-Type"], "application/json")
        check("Request-Id", reply.headers["Request-Id"].startswith("req_"))
        echoed = s.get("/v1/refunds", headers={"Stripe-Version": "2024-06-20"})
        equal("Stripe-Version is echoed", echoed.headers["Stripe-Version"], "2024-06-20")
        equal(
            "retrieve gives the same bytes", s.get("/v1/refunds/" + refund["id"]).text, reply.text
        )
        if os.path.exists(FIXTURE):
            with open(FIXTURE) as file:
                equal(
                    "members of the provider's own sample", sorted(refund), sorted(json.load(file))
                )
        by_charge = s.post("/v1/refunds", {"charge": refund["charge"], "amount": 1})
        equal("the charge names the same payment", by_charge.json["payment_intent"], "pi_abc")
        alone = s.post("/v1/refunds", {"charge": "ch_old", "amount": 5}).json
        equal(
            "a charge without an intent",
            (alone["charge"], alone["payment_intent"]),
            ("ch_old", None),
        )
        equal(
            "currency by metadata",
            s.refund("pi_gbp", **{"metadata[currency]": "GBP"}).json["currency"],
            "gbp",
        )
        equal("currency by parameter", s.refund("pi_jpy", currency="jpy").json["currency"], "jpy")
        equal(
            "charge object",
            {
                k: s.get("/v1/charges/" + refund["charge"]).json[k]
                for k in ("amount_refunded", "payment_intent", "disputed")
            },
            {"amount_refunded": 1235, "payment_intent": "pi_abc", "disputed": False},
        )
        equal(
            "payment intent object",
            s.get("/v1/payment_intents/pi_abc").json["latest_charge"],
            refund["charge"],
        )


def validation():
    bad = "parameter_invalid_integer"
    cases = [
        ("no payment", {"amount": 1}, None, None),
        ("both", {"payment_intent": "pi_1", "charge": "ch_1", "amount": 1}, None, None),
        (
            "unknown parameter",
            {"payment_intent": "pi_1", "amount": 1, "foo": 1},
            "parameter_unknown",
            "foo",
        ),
        (
            "unknown nested",
            {"payment_intent": "pi_1", "foo[bar]": 1},
            "parameter_unknown",
            "foo[bar]",
        ),
        ("amount text", {"payment_intent": "pi_1", "amount": "abc"}, bad, "amount"),
        ("amount decimal", {"payment_intent": "pi_1", "amount": "10.00"}, bad, "amount"),
        ("amount empty", {"payment_intent": "pi_1", "amount": ""}, bad, "amount"),
        ("amount space", {"payment_intent": "pi_1", "amount": " 1"}, bad, "amount"),
        ("amount zero", {"payment_intent": "pi_1", "amount": 0}, bad, "amount"),
        ("amount negative", {"payment_intent": "pi_1", "amount": -1}, bad, "amount"),
        ("amount minus", {"payment_intent": "pi_1", "amount": "-"}, bad, "amount"),
        (
            "amount 20 digits",
            {"payment_intent": "pi_1", "amount": "9" * 20},
            "amount_too_large",
            "amount",
        ),
        ("reason", {"payment_intent": "pi_1", "amount": 1, "reason": "because"}, None, "reason"),
        ("currency", {"payment_intent": "pi_1", "amount": 1, "currency": "us1"}, None, "currency"),
        (
            "empty payment",
            {"payment_intent": "", "amount": 1},
            "parameter_invalid_empty",
            "payment_intent",
        ),
        (
            "metadata text",
            {"payment_intent": "pi_1", "amount": 1, "metadata": "abc"},
            None,
            "metadata",
        ),
        (
            "metadata key of 41",
            {"payment_intent": "pi_1", "amount": 1, f"metadata[{'k' * 41}]": "v"},
            None,
            f"metadata[{'k' * 41}]",
        ),
        (
            "metadata value of 501",
            {"payment_intent": "pi_1", "amount": 1, "metadata[k]": "v" * 501},
            None,
            "metadata[k]",
        ),
        (
            "metadata brackets",
            {"payment_intent": "pi_1", "amount": 1, "metadata[a[b]]": "v"},
            None,
            "metadata[a[b]]",
        ),
        (
            "metadata of 51",
            {"payment_intent": "pi_1", "amount": 1, **{f"metadata[k{i}]": "v" for i in range(51)}},
            None,
            "metadata",
        ),
        (
            "customer balance",
            {"payment_intent": "pi_1", "amount": 1, "origin": "customer_balance"},
            None,
            "origin",
        ),
    ]
    with Sandbox() as s:
        for what, form, code, param in cases:
            reply = s.post("/v1/refunds", form)
            equal(
                what,
                (
                    reply.status,
                    reply.error.get("type"),
                    reply.error.get("code"),
                    reply.error.get("param"),
                ),
                (400, "invalid_request_error", code, param),
            )
        reply = s.post("/v1/refunds", {"payment_intent": "pi_1", "amount": 1, "foo": 1})
        equal(
            "words of an unknown parameter",
            reply.error["message"],
            "Received unknown parameter: foo",
        )
        equal(
            "doc_url",
            reply.error["doc_url"],
            "https://stripe.com/docs/error-codes/parameter-unknown",
        )
        equal(
            "limits of metadata hold",
            s.refund(
                **{
                    **{f"metadata[k{i}]": "v" for i in range(49)},
                    f"metadata[{'ü' * 40}]": "ü" * 500,
                }
            ).status,
            200,
        )
        equal("expand is taken", s.refund(**{"expand[]": "charge"}).status, 200)
        kind = {"Content-Type": "application/json"}
        equal(
            "JSON body",
            s.call("POST", "/v1/refunds", body='{"amount":1}', headers=kind).status,
            400,
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for what, body in (
            ("broken escape", b"payment_intent=pi_1&amount=%zz"),
            ("encoded NUL", b"payment_intent=pi_%00"),
            ("raw NUL", b"payment_intent=pi_1\0&amount=1"),
            ("invalid UTF-8", b"payment_intent=pi_%ff&amount=1"),
            ("surrogate", b"payment_intent=pi_%ed%a0%80&amount=1"),
            ("too many fields", b"&".join(b"metadata[a]=1" for _ in range(200))),
        ):
            equal(what, s.call("POST", "/v1/refunds", body=body, headers=form).status, 400)
        equal(
            "body above 16 KiB",
            s.call("POST", "/v1/refunds", body=b"a=" + b"x" * 20000, headers=form).status,
            413,
        )
        equal("unknown path", s.get("/v1/nothing").status, 404)
        equal("unknown method", s.call("DELETE", "/v1/refunds/re_1").status, 404)
        for name in ("re_1", "re_" + "z" * 24, "re_" + "3" * 23, "%00", "re_3%ff", "x" * 3000):
            reply = s.get("/v1/refunds/" + name)
            check(f"no such refund {name[:12]}", reply.status in (400, 404), reply.status)
        equal(
            "words of a missing refund",
            s.get("/v1/refunds/re_1").error,
            {
                "code": "resource_missing",
                "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
                "message": "No such refund: 're_1'",
                "param": "id",
                "type": "invalid_request_error",
            },
        )
        equal(
            "a payment that cannot be one",
            s.refund("order_1").error.get("code"),
            "resource_missing",
        )
        equal("a key that is no UTF-8", s.refund(key=b"k\xff").status, 400)
        equal("an API key that is no UTF-8", s.refund(auth=b"Bearer \xff" * 3).status, 401)
        equal("only the two good requests had an effect", s.summary()["refunds"], 2)
        random.seed(1)
        for _ in range(300):
            body = bytes(
                random.choice(b"=&%[]metadatamount\xff\x00pi_0123")
                for _ in range(random.randrange(200))
            )
            status = s.call("POST", "/v1/refunds", body=body, headers=form).status
            if status not in (400, 404):
                check("random bytes are refused", False, (body, status))
        equal("300 bodies of random bytes did nothing", s.summary()["refunds"], 2)


def captured_amounts():
    with Sandbox() as s:
        equal("register", s.register("pi_r", 1000, "gbp", charge="ch_r").status, 200)
        equal("register again", s.register("pi_r", 1000, "gbp").status, 200)
        equal("register otherwise", s.register("pi_r", 999, "gbp").status, 409)
        first = s.refund("pi_r", 400).json
        equal(
            "charge and currency of the registration",
            (first["charge"], first["currency"]),
            ("ch_r", "gbp"),
        )
        reply = s.refund("pi_r", 601)
        equal(
            "above what is left",
            (reply.status, reply.error.get("code"), reply.error.get("param")),
            (400, None, "amount"),
        )
        equal(
            "words of it",
            reply.error["message"],
            "Refund amount (£6.01) is greater than unrefunded amount on charge (£6.00)",
        )
        equal(
            "another currency", s.refund("pi_r", 1, currency="usd").error.get("param"), "currency"
        )
        rest = s.post("/v1/refunds", {"charge": "ch_r"}).json
        equal("without an amount all that is left", rest["amount"], 600)
        reply = s.refund("pi_r", 1)
        equal(
            "fully refunded",
            (reply.status, reply.error.get("code"), reply.error.get("message")),
            (400, "charge_already_refunded", "Charge ch_r has already been refunded."),
        )
        equal("charge is refunded", s.get("/v1/charges/ch_r").json["refunded"], True)
        s.post("/sandbox/refunds/" + first["id"], {"status": "failed"})
        equal("a failed refund can be refunded again", s.refund("pi_r", 400).status, 200)
        equal(
            "without a limit an amount is needed",
            s.post("/v1/refunds", {"payment_intent": "pi_x"}).error.get("code"),
            "parameter_missing",
        )
        s.register("pi_d", 1000)
        equal(
            "chargeback",
            s.post("/sandbox/disputes", {"payment_intent": "pi_d", "amount": 1000}).status,
            200,
        )
        equal("a disputed charge", s.refund("pi_d", 1).error.get("code"), "charge_disputed")
        equal(
            "net sum of the summary",
            s.summary()["currencies"]["gbp"],
            {"refunds": 3, "amount": 1400, "undone": 1, "undone_amount": 400, "net_amount": 1000},
        )
    with Sandbox("--payments", "registered") as s:
        reply = s.refund("pi_unknown")
        equal(
            "registered only: no such payment",
            (reply.status, reply.error),
            (
                404,
                {
                    "code": "resource_missing",
                    "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
                    "message": "No such payment_intent: 'pi_unknown'",
                    "param": "payment_intent",
                    "type": "invalid_request_error",
                },
            ),
        )
        equal("registered only: list", s.get("/v1/refunds?payment_intent=pi_unknown").status, 404)


def command_line():
    def run(*arguments, **environment):
        return subprocess.run(
            [program(), *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            env={**os.environ, **environment},
        )

    shown = run("--help")
    check(
        "--help",
        shown.returncode == 0 and "--faults" in shown.stdout and "lost-after" in shown.stdout,
    )
    for arguments in (
        ["--nonsense", "1"],
        ["--delay-ms"],
        ["--delay-ms", "x"],
        ["--delay-ms", "-1"],
        ["--outcome", "failed"],
        ["--payments", "x"],
        ["--currency", "USD"],
        ["--faults", "x=1"],
        ["--faults", "slow=2"],
        ["--faults", "slow"],
        ["--faults", "slow=0.5x"],
        ["--listen", "nonsense"],
        ["--key-file", "/nonexistent"],
        ["--log", "/nonexistent/x"],
        ["--max-refunds", "0"],
    ):
        result = run(*arguments)
        check(
            " ".join(arguments),
            result.returncode == 1 and result.stderr.count("\n") == 1,
            result.stderr,
        )
    result = run(SANDBOX_DELAY_MS="x")
    check(
        "the environment is checked",
        result.returncode == 1 and "SANDBOX_DELAY_MS" in result.stderr,
        result.stderr,
    )
    with Sandbox("--max-refunds", "3") as s:
        statuses = [s.refund(f"pi_{i}", key=f"k{i}").status for i in range(5)]
        equal("a full sandbox says so", statuses, [200, 200, 200, 500, 500])
        equal("and did nothing", s.summary()["refunds"], 3)
        with socket.create_connection(("127.0.0.1", s.port)):
            start = time.monotonic()
            equal("SIGTERM with an open connection", s.stop(), 0)
            check("within a second", time.monotonic() - start < 1)


PARTS = (authentication, refund_object, validation, captured_amounts, command_line)
