"""Dialects: Adyen and PayPal as they document themselves, and the webhooks of all three."""

import base64
import hmac
import json
import os
import pathlib
import signal
import threading

import receiver
from checking import Sandbox, check, equal, until

ADYEN = {"merchantAccount": "ShopECOM", "amount": {"value": 1000, "currency": "EUR"},
         "reference": "po_1", "merchantRefundReason": "CUSTOMER REQUEST"}
FIXTURES = pathlib.Path(os.environ.get(
    "PROVIDER_FIXTURES", pathlib.Path(__file__).resolve().parents[3] / "shared/fixtures"))


def adyen(s, body=None, key="po_1", payment="8836183819713023", **headers):
    sent = {"X-API-Key": "k", "Content-Type": "application/json", **headers}
    return s.call("POST", f"/v71/payments/{payment}/refunds", key=key, auth=None,
                  headers={n: v for n, v in sent.items() if v},
                  body=json.dumps(ADYEN if body is None else body))


def token(s, pair="client:secret"):
    basic = "Basic " + base64.b64encode(pair.encode()).decode()
    return s.call("POST", "/v1/oauth2/token", {"grant_type": "client_credentials"}, auth=basic)


def paypal(s, value="10.99", currency="USD", key="po_1", capture="2GG279541U471931P", bearer=None,
           **more):
    body = {"amount": {"value": value, "currency_code": currency}, "custom_id": key or "po", **more}
    headers = {"Content-Type": "application/json"}
    if key:
        headers["PayPal-Request-Id"] = key
    bearer = bearer or token(s).json["access_token"]
    return s.call("POST", f"/v2/payments/captures/{capture}/refund", auth=f"Bearer {bearer}",
                  headers=headers, body=json.dumps(body))


def read_paypal(s, refund):
    return s.get(f"/v2/payments/refunds/{refund}", auth=f"Bearer {token(s).json['access_token']}")


def issue(reply):
    return reply.status, (reply.json.get("details") or [{}])[0].get("issue", reply.json.get("name"))


def adyen_refunds():
    with Sandbox() as s:
        first = adyen(s)
        psp = first.json["pspReference"]
        equal("received", (first.status, {k: v for k, v in first.json.items() if k != "pspReference"}),
              (201, {"merchantAccount": "ShopECOM", "paymentPspReference": "8836183819713023",
                     "reference": "po_1", "status": "received", "merchantRefundReason":
                     "CUSTOMER REQUEST", "amount": {"currency": "EUR", "value": 1000}}))
        check("a reference of 16 capitals and digits", len(psp) == 16 and psp.isalnum() and
              psp == psp.upper(), psp)
        check("it succeeds by itself", until(lambda: s.effects("refund.updated")))
        again = adyen(s)
        equal("a key gets the first answer", (again.status, again.text, s.summary()["refunds"]),
              (201, first.text, 1))
        equal("of Stripe's the same key is another", s.refund(key="po_1").status, 200)
        effect = s.effects("refund.created")[0]
        equal("its line of the log",
              {k: effect[k] for k in ("refund", "provider", "payment", "payment_intent", "amount",
                                      "currency", "status", "idempotency_key")},
              {"refund": psp, "provider": "adyen", "payment": "8836183819713023",
               "payment_intent": None, "amount": 1000, "currency": "eur", "status": "pending",
               "idempotency_key": "po_1"})
        equal("the payout", effect["metadata"]["payout_id"], "po_1")
        equal("no API key", (adyen(s, **{"X-API-Key": None}).status), 401)
        equal("no JSON", s.call("POST", "/v71/payments/X/refunds", key="k", auth=None, body="{",
                                headers={"X-API-Key": "k", "Content-Type": "application/json"})
              .json["errorCode"], "702")
        equal("a form", adyen(s, **{"Content-Type": "text/plain"}).status, 415)
        for what, change in (("no amount", {"amount": None}), ("a decimal", {"amount": {
                "value": 10.5, "currency": "EUR"}}), ("nothing", {"amount": {
                "value": 0, "currency": "EUR"}}), ("a currency of 4 letters", {"amount": {
                "value": 1, "currency": "EURO"}}), ("no reference", {"reference": None}),
                ("a reference of 81", {"reference": "x" * 81}), ("an unknown member", {"foo": 1}),
                ("an unknown reason", {"merchantRefundReason": "BECAUSE"})):
            body = {k: v for k, v in {**ADYEN, **change}.items() if v is not None}
            reply = adyen(s, body, key="other")
            equal(f"refused: {what}", (reply.status, reply.json["errorType"]), (422, "validation"))
        equal("refused: no key", adyen(s, key=None).status, 422)
        equal("refused: a key of 65", adyen(s, key="x" * 65).status, 400)
        equal("refused: the key with another body",
              adyen(s, {**ADYEN, "reference": "po_2"}).status, 422)
        equal("nothing of that was done", s.summary()["refunds"], 2)
    with Sandbox("--adyen-key", "right", "--adyen-merchant", "ShopECOM",
                 "--payments", "registered") as s:
        equal("another API key", adyen(s).status, 401)
        equal("an unknown payment", adyen(s, **{"X-API-Key": "right"}).json["errorCode"], "167")
        s.post("/sandbox/payments", {"id": "8836183819713023", "amount": 1500, "currency": "eur",
                                     "provider": "adyen"})
        equal("another merchant account", adyen(
            s, {**ADYEN, "merchantAccount": "x"}, **{"X-API-Key": "right"}).json["errorCode"], "901")
        equal("with both", adyen(s, **{"X-API-Key": "right"}).status, 201)
        equal("too much is accepted", adyen(s, key="po_2", **{"X-API-Key": "right"}).status, 201)
        check("and fails", until(lambda: [e["amount"] for e in s.effects("refund.failed")] == [1000]))
    with Sandbox("--faults", "slow=1,slow-ms=60000") as s:
        thread = threading.Thread(target=adyen, args=(s,))
        thread.start()
        check("the first is worked on", until(lambda: s.summary()["refunds"] == 1))
        s.post("/sandbox/faults", {"spec": ""})
        reply = adyen(s)
        equal("its key meanwhile", (reply.status, reply.json["errorCode"]), (422, "704"))
        s.stop()
        thread.join()


def paypal_refunds():
    with Sandbox() as s:
        equal("no client", s.call("POST", "/v1/oauth2/token", {"grant_type": "client_credentials"},
                                  auth=None).json["error"], "invalid_client")
        equal("another grant", s.call("POST", "/v1/oauth2/token", {"grant_type": "password"},
                                      auth="Basic YTpi").status, 400)
        got = token(s).json
        equal("a token", (got["token_type"], got["expires_in"]), ("Bearer", 32400))
        first = paypal(s)
        equal("completed", (first.status, first.json["status"], first.json["amount"],
                            first.json["custom_id"]),
              (201, "COMPLETED", {"currency_code": "USD", "value": "10.99"}, "po_1"))
        again = paypal(s)
        equal("a key gets the refund as it is", (again.status, again.json, s.summary()["refunds"]),
              (200, first.json, 1))
        equal("it can be read", read_paypal(s, first.json["id"]).json, first.json)
        equal("one that is none", issue(read_paypal(s, "R" * 17)), (404, "INVALID_RESOURCE_ID"))
        equal("minor units in the log", s.effects("refund.created")[0]["amount"], 1099)
        equal("another token", paypal(s, bearer="A21AAx").json["error"], "invalid_token")
        for what, wanted, value, currency in (
                ("nothing", "CANNOT_BE_ZERO_OR_NEGATIVE", "0.00", "USD"),
                ("less", "CANNOT_BE_ZERO_OR_NEGATIVE", "-1.00", "USD"),
                ("three decimals", "DECIMAL_PRECISION", "1.001", "USD"),
                ("yen with decimals", "DECIMALS_NOT_SUPPORTED", "1.50", "JPY"),
                ("an unknown currency", "INVALID_CURRENCY_CODE", "1.00", "XXQ"),
                ("another currency", "REFUND_CAPTURE_CURRENCY_MISMATCH", "1.00", "EUR")):
            equal(f"refused: {what}", issue(paypal(s, value, currency, key="k2")), (422, wanted))
        equal("refused: words", issue(paypal(s, "ten", key="k2")), (400, "INVALID_PARAMETER_SYNTAX"))
        equal("refused: no key", paypal(s, key=None).status, 400)
        equal("refused: an unknown member", paypal(s, key="k2", foo=1).status, 400)
        equal("refused: the key with another body", paypal(s, "1.00").status, 422)
        equal("nothing of that was done", s.summary()["refunds"], 1)
        for currency, value, minor in (("JPY", "150", 150), ("HUF", "150", 15000),
                                       ("EUR", "1", 100), ("EUR", "1.5", 150)):
            reply = paypal(s, value, currency, key=f"{currency}{value}", capture=f"C{currency}")
            equal(f"{value} {currency}", (reply.status, s.effects("refund.created")[-1]["amount"]),
                  (201, minor))
        equal("said as PayPal does", reply.json["amount"]["value"], "1.50")
    with Sandbox("--payments", "registered", "--paypal-client", "me:secret") as s:
        equal("another client", token(s).status, 401)
        bearer = token(s, "me:secret").json["access_token"]
        equal("an unknown capture", issue(paypal(s, bearer=bearer)), (404, "INVALID_RESOURCE_ID"))
        s.post("/sandbox/payments", {"id": "2GG279541U471931P", "amount": 1500, "currency": "usd",
                                     "provider": "paypal"})
        equal("more than there is", issue(paypal(s, "15.01", bearer=bearer)),
              (422, "REFUND_AMOUNT_EXCEEDED"))
        equal("all there is", paypal(s, "15.00", bearer=bearer).status, 201)
        equal("and more", issue(paypal(s, "0.01", key="k2", bearer=bearer)),
              (422, "CAPTURE_FULLY_REFUNDED"))
        s.post("/sandbox/disputes", {"payment": "2GG279541U471931P", "amount": 5})
        equal("under dispute", issue(paypal(s, "0.01", key="k3", bearer=bearer)),
              (422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK"))
        refund = s.effects("refund.created")[0]["refund"]
        s.post("/sandbox/refunds/" + refund, {"status": "failed"})
        equal("a failed one reads so", s.get(f"/v2/payments/refunds/{refund}",
                                             auth=f"Bearer {bearer}").json["status"], "FAILED")


def dialect_faults():
    for name, call in (("Adyen", adyen), ("PayPal", paypal)):
        with Sandbox() as s:
            bearer = {} if name == "Adyen" else {"bearer": token(s).json["access_token"]}
            for spec, status in (("http429=1", 429), ("http503=1", 503), ("http500-before=1", 500)):
                s.post("/sandbox/faults", {"spec": spec})
                equal(f"{name}: {spec}", (call(s, **bearer).status, s.summary()["refunds"]),
                      (status, 0))
            s.post("/sandbox/faults", {"spec": ""})
            check(f"{name}: no 500 is replayed", call(s, **bearer).status == 201)
            s.post("/sandbox/faults", {"spec": "http500-after=1"})
            equal(f"{name}: 500 with an effect",
                  (call(s, key="po_2", **bearer).status, s.summary()["refunds"]), (500, 2))
            s.post("/sandbox/faults", {"spec": ""})
            equal(f"{name}: its key tells", (call(s, key="po_2", **bearer).status in (200, 201),
                                             s.summary()["refunds"]), (True, 2))
            s.post("/sandbox/faults", {"spec": "key-forgotten=1"})
            call(s, key="po_3", **bearer)
            equal(f"{name}: keys live as documented",
                  (call(s, key="po_3", **bearer).status in (200, 201), s.summary()["refunds"]),
                  (True, 3))
    with Sandbox() as s:
        bearer = token(s).json["access_token"]
        s.post("/sandbox/faults", {"spec": "token-expired=1"})
        equal("token-expired", paypal(s, bearer=bearer).status, 401)
    with Sandbox("--faults", "refused=1,pending-ms=100") as s:
        equal("refused: PayPal's is pending", paypal(s).json["status"], "PENDING")
        check("and fails", until(lambda: s.effects("refund.failed")))
    with Sandbox("--faults", "late-failure=1,late-ms=100") as s:
        adyen(s)
        check("late-failure: Adyen's succeeds, then fails",
              until(lambda: [e["effect"] for e in s.effects()][-2:] ==
                    ["refund.updated", "refund.failed"]))
    with Sandbox("--faults", "chargeback=1,chargeback-won=1,late-ms=100") as s:
        adyen(s)
        check("chargeback-won", until(lambda: [e["status"] for e in s.effects("dispute.closed")] ==
                                      ["won"]))
        equal("its amount is free again", s.summary()["disputes"], 1)


def restart_of_dialects():
    with Sandbox("--faults", "late-failure=0.5,chargeback=0.3,chargeback-won=0.5,late-ms=1",
                 "--seed", "5") as s:
        for i in range(40):
            adyen(s, {**ADYEN, "reference": f"a{i}"}, key=f"a{i}", payment=f"PSP{i % 7}")
            paypal(s, key=f"p{i}", capture=f"CAP{i % 7}")
        s.post("/sandbox/faults", {"spec": ""})
        until(lambda: not s.summary()["statuses"]["pending"])

        def state():
            return {k: v for k, v in s.summary().items() if k not in ("faults", "webhooks")}
        before = state()
        refunds = [e["refund"] for e in s.effects("refund.created") if e["provider"] == "paypal"]
        shown = [read_paypal(s, refund).text for refund in refunds]
        first = adyen(s, {**ADYEN, "reference": "a0"}, key="a0", payment="PSP0").text
        s.restart(signal.SIGKILL)
        equal("the same summary", state(), before)
        equal("the same refunds", [read_paypal(s, refund).text for refund in refunds], shown)
        equal("the same answer to a key",
              adyen(s, {**ADYEN, "reference": "a0"}, key="a0", payment="PSP0").text, first)
        check("there were faults", before["statuses"]["failed"] and before["effects"]
              ["dispute.closed"], before)


def deliveries(s):
    return receiver.Receiver(f"http://127.0.0.1:{s.port}").fetch(0)[0]


def signed_webhooks():
    with Sandbox("--webhooks", "memory", "--faults", "late-failure=1,late-ms=50,chargeback=1,"
                 "chargeback-won=1") as s:
        s.refund("pi_1", 1000, key="po_s", **{"metadata[payout_id]": "po_s"})
        adyen(s)
        paypal(s)
        check("all come", until(lambda: len(deliveries(s)) == 12), len(deliveries(s)))
        merchant = receiver.Receiver(f"http://127.0.0.1:{s.port}")
        entries = deliveries(s)
        for entry in entries:
            check(f"{entry['provider']}: its signature holds", merchant.holds(entry), entry)
            changed = dict(entry, body=entry["body"].replace("1000", "9000").replace("10.99", "90.99"))
            check(f"{entry['provider']}: and only over these bytes", not merchant.holds(changed), "")
        bodies = {p: [json.loads(e["body"]) for e in entries if e["provider"] == p]
                  for p in ("stripe", "adyen", "paypal")}
        equal("Stripe's events", sorted(b["type"] for b in bodies["stripe"]),
              ["charge.dispute.closed", "charge.dispute.created", "refund.created", "refund.failed"])
        items = [b["notificationItems"][0]["NotificationRequestItem"] for b in bodies["adyen"]]
        equal("Adyen's events", sorted((i["eventCode"], i["success"]) for i in items),
              [("CHARGEBACK", "true"), ("CHARGEBACK_REVERSED", "true"), ("REFUND", "true"),
               ("REFUND_FAILED", "true")])
        equal("of the payment", {(i["originalReference"], i["merchantAccountCode"]) for i in items},
              {("8836183819713023", "ShopECOM")})
        equal("PayPal's events", sorted(b["event_type"] for b in bodies["paypal"]),
              ["CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.RESOLVED", "PAYMENT.CAPTURE.REFUNDED",
               "PAYMENT.REFUND.FAILED"])
        equal("ids differ", len({b["id"] for b in bodies["stripe"] + bodies["paypal"]}), 8)
        equal("each names its payment", {(e["provider"], e["reference"]) for e in entries},
              {("stripe", "pi_1"), ("adyen", "8836183819713023"), ("paypal", "2GG279541U471931P")})
    with Sandbox("--webhooks", "memory") as s:
        s.refund("pi_1", 1000)
        s.post("/sandbox/refunds", {"payment": "pi_1", "amount": 5})
        adyen(s)
        s.post("/sandbox/refunds", {"payment": "8836183819713023", "amount": 7})
        check("those made by hand too", until(lambda: len(deliveries(s)) == 4), len(deliveries(s)))
    with Sandbox() as s:
        equal("none without --webhooks", s.get("/sandbox/webhooks").status, 404)


def webhook_faults():
    def run(spec, count=20):
        with Sandbox("--webhooks", "memory", "--faults", spec, "--seed", "2") as s:
            for i in range(count):
                s.refund(f"pi_{i}", 1000)
            made = s.summary()["webhooks"]
            check(f"{spec}: all were made", made["made"] == count, made)
            until(lambda: s.summary()["webhooks"]["delivered"] + s.summary()["webhooks"]["lost"] >=
                  count * (2 if "duplicate=1" in spec else 1))
            return [entry["webhook"] for entry in deliveries(s)], made["delivered"]

    numbers, _ = run("webhook-duplicate=1")
    equal("webhook-duplicate: each twice", sorted(numbers), sorted(list(range(1, 21)) * 2))
    numbers, _ = run("webhook-lost=1")
    equal("webhook-lost: none", numbers, [])
    numbers, _ = run("webhook-reordered=0.5,reorder-ms=50")
    check("webhook-reordered: all, in another order", sorted(numbers) == list(range(1, 21)) and
          numbers != sorted(numbers), numbers)
    numbers, soon = run("webhook-slow=1,webhook-ms=300")
    check("webhook-slow: all, later", sorted(numbers) == list(range(1, 21)) and soon == 0, soon)


def published_vectors():
    """The schemes by which the checks above judge, on what the vendors published."""
    if not FIXTURES.is_dir():
        print(f"skipped: there is no {FIXTURES} (PROVIDER_FIXTURES)")
        return
    stripe = json.loads((FIXTURES / "stripe/signature_vectors.json").read_text())
    body = (FIXTURES / "stripe" / stripe["body_file"]).read_bytes()
    check("Stripe's holds", receiver.stripe_holds(stripe["secret"], stripe["header"], body))
    check("and not over other bytes", not receiver.stripe_holds(
        stripe["secret"], stripe["header"], body + stripe["reject_body_suffix"].encode()))
    for header in stripe["malformed_headers_must_reject"]:
        check(f"Stripe's {header[:20]} is refused",
              not receiver.stripe_holds(stripe["secret"], header, body))
    for vector in json.loads((FIXTURES / "adyen/signature_vectors.json").read_text()):
        if "notification" not in vector or "expected" not in vector:
            continue
        equal(f"Adyen: {vector['name']}: what is signed", receiver.adyen_data(vector["notification"]),
              vector["data_to_sign"])
        check(f"Adyen: {vector['name']}", hmac.compare_digest(
            receiver.adyen_signature(vector["hmac_key_hex"], vector["notification"]),
            vector["expected"]))
    paypal_vector = json.loads((FIXTURES / "paypal/signature_vectors.json").read_text())
    headers = {"paypal-transmission-id": paypal_vector["transmission_id"],
               "paypal-transmission-time": paypal_vector["timestamp"]}
    body = (FIXTURES / "paypal" / paypal_vector["body_file"]).read_bytes()
    equal("PayPal: what is signed", receiver.paypal_data(paypal_vector["webhook_id"], headers, body),
          paypal_vector["expected_signed_string"])


PARTS = (adyen_refunds, paypal_refunds, dialect_faults, restart_of_dialects, signed_webhooks,
         webhook_faults, published_vectors)
