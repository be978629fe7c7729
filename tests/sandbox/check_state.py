"""State: idempotency keys, concurrent requests, lists, updates and statuses."""

import threading
import time

from checking import Sandbox, check, equal, until


def idempotency():
    with Sandbox() as s:
        first = s.refund(key="k1", **{"metadata[payout_id]": "po_1"})
        again = s.refund(key="k1", **{"metadata[payout_id]": "po_1"})
        equal("same bytes", (again.status, again.text), (200, first.text))
        equal(
            "Idempotent-Replayed",
            (first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]),
            (None, "true"),
        )
        equal("Original-Request", again.headers["Original-Request"], first.headers["Request-Id"])
        check("a Request-Id of its own", again.headers["Request-Id"] != first.headers["Request-Id"])
        equal("the key is echoed", again.headers["Idempotency-Key"], "k1")
        shuffled = s.post(
            "/v1/refunds",
            {"metadata[payout_id]": "po_1", "amount": 1000, "payment_intent": "pi_1"},
            key="k1",
        )
        equal("order of parameters does not matter", shuffled.text, first.text)
        other = s.refund(amount=1001, key="k1", **{"metadata[payout_id]": "po_1"})
        equal("other parameters", (other.status, other.error["type"]), (400, "idempotency_error"))
        check(
            "words of it",
            other.error["message"].startswith(
                "Keys for idempotent requests can only be used with the same parameters "
                "they were first used with. "
                "Try using a key other than 'k1'"
            ),
            other.error,
        )
        other = s.post("/v1/refunds/" + first.json["id"], {"metadata[a]": "b"}, key="k1")
        equal("other endpoint", (other.status, other.error["type"]), (400, "idempotency_error"))
        check(
            "words of that",
            "same endpoint they were first used for" in other.error["message"],
            other.error,
        )
        equal("still one refund", s.summary()["refunds"], 1)
        s.refund()
        s.refund()
        equal("without a key each is a refund", s.summary()["refunds"], 3)
        equal("key of 255", s.refund(key="x" * 255).status, 200)
        equal("key of 256", s.refund(key="x" * 256).status, 400)
        equal("a refused key had no effect", s.summary()["refunds"], 4)
        equal("validation errors", s.refund(amount="abc", key="k2").status, 400)
        equal("are not saved", s.refund(amount=5, key="k2").status, 200)
        equal(
            "401 is not saved",
            (s.refund(key="k3", auth=None).status, s.refund(key="k3").status),
            (401, 200),
        )
        s.register("pi_small", 100)
        refused = s.refund("pi_small", 101, key="k4")
        s.register("pi_big", 1000)
        again = s.refund("pi_small", 101, key="k4")
        equal(
            "errors of execution are saved",
            (again.status, again.text, again.headers["Idempotent-Replayed"]),
            (400, refused.text, "true"),
        )
        update = s.post("/v1/refunds/" + first.json["id"], {"metadata[a]": "b"}, key="k5")
        s.post("/v1/refunds/" + first.json["id"], {"metadata[a]": "c"})
        again = s.post("/v1/refunds/" + first.json["id"], {"metadata[a]": "b"}, key="k5")
        equal(
            "an update is replayed, not repeated",
            (again.text, s.get("/v1/refunds/" + first.json["id"]).json["metadata"]["a"]),
            (update.text, "c"),
        )
        equal(
            "a creation is replayed as it was",
            s.refund(key="k1", **{"metadata[payout_id]": "po_1"}).text,
            first.text,
        )
        gone = s.post("/sandbox/keys/forget", {"key": "k1"})
        fresh = s.refund(key="k1", **{"metadata[payout_id]": "po_1"})
        check(
            "a forgotten key pays twice",
            gone.status == 200 and fresh.json["id"] != first.json["id"],
            fresh.text,
        )
        equal("which the summary shows", s.summary()["payouts"]["duplicates"], 1)
        equal(
            "by name",
            s.summary()["payouts"]["duplicated"],
            [{"payout": "po_1", "first_refund": first.json["id"], "refunds": 2}],
        )
    with Sandbox("--key-life-s", "1") as s:
        first = s.refund(key="k1")
        equal("young key", s.refund(key="k1").text, first.text)
        check("old key is pruned", until(lambda: s.refund(key="k1").json["id"] != first.json["id"]))
        check("only by age", s.summary()["refunds"] == 2, s.summary()["refunds"])


def concurrency():
    with Sandbox("--delay-ms", "400") as s:
        replies = {}

        def send(name, **keywords):
            replies[name] = s.refund(**keywords)

        start = time.monotonic()
        threads = [threading.Thread(target=send, args=("first",), kwargs={"key": "k1"})]
        threads[0].start()
        until(lambda: s.summary()["refunds"] == 1)
        threads.append(threading.Thread(target=send, args=("second",), kwargs={"key": "k1"}))
        threads.append(
            threading.Thread(target=send, args=("third",), kwargs={"key": "k1", "amount": 7})
        )
        for thread in threads[1:]:
            thread.start()
        for i in range(100):
            threads.append(threading.Thread(target=send, args=(i,), kwargs={"key": f"n{i}"}))
            threads[-1].start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - start
        equal("first", replies["first"].status, 200)
        for name in ("second", "third"):
            equal(
                f"{name} is in progress",
                (
                    replies[name].status,
                    replies[name].error.get("type"),
                    replies[name].error.get("code"),
                ),
                (409, "idempotency_error", "idempotency_key_in_use"),
            )
        equal("then it is replayed", s.refund(key="k1").text, replies["first"].text)
        check("103 delayed answers wait side by side", 0.4 <= took < 10, took)
        equal("each had one effect", s.summary()["refunds"], 101)
        thread = threading.Thread(target=send, args=("late",), kwargs={"key": "late"})
        thread.start()
        until(lambda: s.summary()["refunds"] == 102)
        start = time.monotonic()
        code = s.stop()
        thread.join()
        equal("SIGTERM with a held answer: exit code", code, 0)
        check("within a second", time.monotonic() - start < 1, time.monotonic() - start)
        equal("and the answer still came", replies["late"].status, 200)


def lists():
    with Sandbox() as s:
        equal(
            "an empty list",
            s.get("/v1/refunds").json,
            {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"},
        )
        ids = []
        for i in range(25):
            ids.append(s.refund("pi_a" if i % 2 else "pi_b").json["id"])
        newest = ids[::-1]

        def page(query):
            reply = s.get("/v1/refunds?" + query)
            return [refund["id"] for refund in reply.json["data"]], reply.json["has_more"]

        equal("ten by default, newest first", page(""), (newest[:10], True))
        equal("limit", page("limit=3"), (newest[:3], True))
        equal("all", page("limit=100"), (newest, False))
        equal("exactly all", page("limit=25"), (newest, False))
        equal("starting_after", page(f"limit=10&starting_after={newest[9]}"), (newest[10:20], True))
        equal("last page", page(f"limit=10&starting_after={newest[19]}"), (newest[20:], False))
        equal("after the last", page(f"starting_after={newest[24]}"), ([], False))
        equal("ending_before", page(f"limit=5&ending_before={newest[10]}"), (newest[5:10], True))
        equal(
            "ending_before, first page",
            page(f"limit=5&ending_before={newest[3]}"),
            (newest[:3], False),
        )
        of_a = [name for i, name in enumerate(ids) if i % 2][::-1]
        equal("of a payment", page("payment_intent=pi_a&limit=100"), (of_a, False))
        equal(
            "of a payment, paged",
            page(f"payment_intent=pi_a&limit=4&starting_after={of_a[3]}"),
            (of_a[4:8], True),
        )
        equal(
            "of a payment, backwards",
            page(f"payment_intent=pi_a&limit=4&ending_before={of_a[6]}"),
            (of_a[2:6], True),
        )
        charge = s.get("/v1/refunds/" + of_a[0]).json["charge"]
        equal("of a charge", page(f"charge={charge}&limit=100"), (of_a, False))
        equal("of an unknown payment", page("payment_intent=pi_none"), ([], False))
        walked, after = [], ""
        while True:
            some, more = page("limit=7" + after)
            walked += some
            if not more:
                break
            after = "&starting_after=" + some[-1]
        equal("walking the pages gives all, once", walked, newest)
        now = int(time.time())
        equal("created[gte] in the future", page(f"created[gte]={now + 100}"), ([], False))
        equal(
            "created[lt] and [gt]",
            page(f"limit=100&created%5Bgt%5D={now - 100}&created%5Blt%5D={now + 100}"),
            (newest, False),
        )
        for query in (
            "limit=0",
            "limit=101",
            "limit=abc",
            "foo=1",
            "created[x]=y&starting_after=re_x",
            "starting_after=re_x",
            f"starting_after={newest[0]}&ending_before={newest[1]}",
            f"payment_intent=pi_a&starting_after={ids[0]}",
        ):
            status = s.get("/v1/refunds?" + query).status
            check(f"refused: {query[:24]}", status in (400, 404), status)


def changes():
    with Sandbox("--outcome", "requires_action") as s:
        refund = s.refund(**{"metadata[a]": "1", "metadata[b]": "2"}, key="c1").json
        equal(
            "needs action",
            (refund["status"], refund["balance_transaction"], refund["next_action"]["type"]),
            ("requires_action", None, "display_details"),
        )
        path = "/v1/refunds/" + refund["id"]
        equal(
            "metadata merges",
            s.post(path, {"metadata[b]": "3", "metadata[c]": "4"}).json["metadata"],
            {"a": "1", "b": "3", "c": "4"},
        )
        equal(
            "an empty value unsets",
            s.post(path, {"metadata[a]": ""}).json["metadata"],
            {"b": "3", "c": "4"},
        )
        equal(
            "unknown parameter of an update",
            s.post(path, {"amount": 1}).error.get("code"),
            "parameter_unknown",
        )
        equal("empty metadata unsets all", s.post(path, {"metadata": ""}).json["metadata"], {})
        canceled = s.post(path + "/cancel", key="c2")
        equal(
            "cancel",
            (canceled.status, canceled.json["status"], canceled.json["failure_reason"]),
            (200, "canceled", "merchant_request"),
        )
        equal("cancel is replayed", s.post(path + "/cancel", key="c2").text, canceled.text)
        equal("cancel again", s.post(path + "/cancel").status, 400)
        equal(
            "its creation is replayed as it was",
            s.refund(**{"metadata[a]": "1", "metadata[b]": "2"}, key="c1").json,
            refund,
        )
        equal("cancel of none", s.post("/v1/refunds/re_1/cancel").status, 404)
        equal("update of none", s.post("/v1/refunds/re_1", {"metadata[a]": "1"}).status, 404)
        equal(
            "effects",
            [e["effect"] for e in s.effects()],
            ["log.started", "refund.created"]
            + ["refund.updated"] * 3
            + ["refund.canceled", "answer.saved"][:1],
        )
    with Sandbox("--outcome", "pending") as s:
        refund = s.refund().json
        equal(
            "pending",
            (refund["status"], refund["pending_reason"], refund["balance_transaction"]),
            ("pending", "processing", None),
        )
        equal(
            "a pending one cannot be canceled",
            s.post(f"/v1/refunds/{refund['id']}/cancel").status,
            400,
        )

        def become(status, **more):
            return s.post("/sandbox/refunds/" + refund["id"], {"status": status, **more})

        equal("becomes succeeded", become("succeeded").json["status"], "succeeded")
        equal("never pending again", become("pending").status, 409)
        failed_refund = become("failed", failure_reason="lost_or_stolen_card").json
        equal(
            "fails after success",
            (failed_refund["status"], failed_refund["failure_reason"]),
            ("failed", "lost_or_stolen_card"),
        )
        check(
            "with its balance transaction",
            failed_refund["failure_balance_transaction"].startswith("txn_"),
        )
        equal(
            "that is the end",
            [become(x).status for x in ("succeeded", "failed", "canceled", "nonsense")],
            [409, 409, 409, 400],
        )
        by_hand = s.post("/sandbox/refunds", {"payment_intent": "pi_1", "amount": 5}).json
        equal(
            "by hand",
            (by_hand["status"], s.effects("refund.created")[-1]["origin"]),
            ("succeeded", "dashboard"),
        )


PARTS = (idempotency, concurrency, lists, changes)
