"""Effects: the log, what a restart keeps, and the faults."""

import http.client
import json
import signal
import subprocess
import threading
import time

from checking import DEADLINE_S, Sandbox, check, equal, program, until


def strip(summary):
    """What a restart must keep."""
    return {k: v for k, v in summary.items() if k != "faults"}


def restart():
    with Sandbox("--faults", "http500-after=0.2,http500-before=0.2", "--seed", "7") as s:
        s.register("pi_r", 5000, "eur", charge="ch_r")
        answers = {}
        for i in range(60):
            form = {
                "payment_intent": f"pi_{i % 7}" if i % 5 else "pi_r",
                "amount": 100 + i,
                "metadata[payout_id]": f"po_{i}",
                "metadata[text]": 'ü"\\\n',
            }
            answers[f"k{i}"] = (form, s.post("/v1/refunds", form, key=f"k{i}"))
        good = [reply.json["id"] for _, reply in answers.values() if reply.status == 200]
        check("faults made 500s and successes", 10 < len(good) < 58, len(good))
        update = s.post("/v1/refunds/" + good[0], {"metadata[x]": "y"}, key="u1")
        s.post("/sandbox/refunds/" + good[1], {"status": "failed", "failure_reason": "declined"})
        s.post("/sandbox/disputes", {"payment_intent": "pi_3", "amount": 50})
        charges = {name: s.get("/v1/refunds/" + name).text for name in good}
        everything = s.get("/v1/refunds?limit=100").text
        before = strip(s.summary())
        for what, sig in (("after SIGTERM", signal.SIGTERM), ("after SIGKILL", signal.SIGKILL)):
            s.restart(sig)
            equal(f"{what} the summary is the same", strip(s.summary()), before)
            equal(
                f"{what} all refunds are the same", s.get("/v1/refunds?limit=100").text, everything
            )
            equal(
                f"{what} each one is found",
                {name: s.get("/v1/refunds/" + name).text for name in good},
                charges,
            )
            replayed = {
                key: s.post("/v1/refunds", form, key=key) for key, (form, _) in answers.items()
            }
            equal(
                f"{what} every key replays its bytes",
                {k: (r.status, r.text) for k, r in replayed.items()},
                {k: (r.status, r.text) for k, (_, r) in answers.items()},
            )
            check(
                f"{what} as a replay",
                all(r.headers["Idempotent-Replayed"] == "true" for r in replayed.values()),
            )
            equal(
                f"{what} an update replays",
                s.post("/v1/refunds/" + good[0], {"metadata[x]": "y"}, key="u1").text,
                update.text,
            )
            equal(f"{what} a dispute holds", s.refund("pi_3").error.get("code"), "charge_disputed")
        s.stop()
        with open(s.log, "a") as log:
            log.write('{"effect":"refund.created","at_us":17')
        s.start()
        equal("a cut last line is dropped", strip(s.summary())["refunds"], before["refunds"])
        s.stop()
        with open(s.log, "a") as log:
            log.write('{"effect":"nonsense"}\n')
        refused = subprocess.run(
            [program(), "--listen", "127.0.0.1:0", "--log", s.log],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        check(
            "a log that is none is refused",
            refused.returncode == 1 and "line " in refused.stderr,
            refused.stderr,
        )


def log_is_the_truth():
    with Sandbox() as s:
        seen, stop = [], threading.Event()

        def load(worker):
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    seen.append(s.refund(f"pi_{worker}", n, key=f"{worker}-{n}").json["id"])
                except (OSError, http.client.HTTPException):
                    return

        threads = [threading.Thread(target=load, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        until(lambda: len(seen) > 500)
        s.stop(signal.SIGKILL)
        stop.set()
        for thread in threads:
            thread.join()
        s.start()
        logged = {e["refund"] for e in s.effects("refund.created")}
        check(
            f"killed after {len(seen)} answers: each is in the log",
            set(seen) <= logged,
            len(set(seen) - logged),
        )
        check(
            "at most one more for each connection",
            len(logged) - len(seen) <= 8,
            len(logged) - len(seen),
        )
        effect = s.effects("refund.created")[0]
        equal(
            "fields of a line",
            sorted(effect),
            sorted(
                [
                    "effect",
                    "at_us",
                    "refund",
                    "provider",
                    "payment",
                    "payment_intent",
                    "charge",
                    "currency",
                    "amount",
                    "status",
                    "failure_reason",
                    "reason",
                    "origin",
                    "idempotency_key",
                    "fingerprint",
                    "request",
                    "metadata",
                ]
            ),
        )
        size = s.summary()["log_bytes"]
        equal("the log can be read on from a byte", s.get(f"/sandbox/effects?from={size}").text, "")
        refund = s.refund("pi_more", 3).json["id"]
        equal(
            "and gives what came since",
            json.loads(s.get(f"/sandbox/effects?from={size}").text)["refund"],
            refund,
        )
        equal("past the end is refused", s.get(f"/sandbox/effects?from={size * 10}").status, 400)


def fault_kinds():
    def faulty(spec):
        return Sandbox("--faults", spec, "--seed", "3")

    with faulty("lost-before=1") as s:
        check(
            "lost-before: no answer",
            s.lost("POST", "/v1/refunds", {"payment_intent": "pi_1", "amount": 1}, "k"),
        )
        equal("lost-before: no effect", s.summary()["refunds"], 0)
    with faulty("lost-after=1") as s:
        form = {"payment_intent": "pi_1", "amount": 1}
        check("lost-after: no answer", s.lost("POST", "/v1/refunds", form, "k"))
        equal("lost-after: an effect", s.summary()["refunds"], 1)
        s.post("/sandbox/faults", {"spec": ""})
        again = s.post("/v1/refunds", form, key="k")
        equal(
            "lost-after: the key tells it",
            (again.status, again.headers["Idempotent-Replayed"], s.summary()["refunds"]),
            (200, "true", 1),
        )
    with faulty("http429=1") as s:
        reply = s.refund(key="k")
        equal(
            "http429",
            (reply.status, reply.error.get("code"), s.summary()["refunds"]),
            (429, "rate_limit", 0),
        )
        s.post("/sandbox/faults", {"spec": ""})
        equal("http429: not saved", s.refund(key="k").status, 200)
    with faulty("http503=1") as s:
        equal("http503", (s.refund(key="k").status, s.summary()["refunds"]), (503, 0))
        s.post("/sandbox/faults", {"spec": ""})
        equal("http503: not saved", s.refund(key="k").status, 200)
    for spec, effects in (("http500-before=1", 0), ("http500-after=1", 1)):
        with faulty(spec) as s:
            reply = s.refund(key="k", **{"metadata[payout_id]": "po_1"})
            equal(
                f"{spec}",
                (reply.status, reply.error.get("type"), s.summary()["refunds"]),
                (500, "api_error", effects),
            )
            s.post("/sandbox/faults", {"spec": ""})
            again = s.refund(key="k", **{"metadata[payout_id]": "po_1"})
            equal(
                f"{spec}: replayed by its key",
                (again.status, again.text, again.headers["Idempotent-Replayed"]),
                (500, reply.text, "true"),
            )
            found = s.get("/v1/refunds?payment_intent=pi_1").json["data"]
            equal(
                f"{spec}: the look-up tells",
                [r["metadata"].get("payout_id") for r in found],
                ["po_1"] * effects,
            )
    with faulty("slow=1,slow-ms=300") as s:
        start = time.monotonic()
        status = s.refund().status
        check("slow", status == 200 and time.monotonic() - start >= 0.3, time.monotonic() - start)
    with faulty("pending=1,pending-ms=300") as s:
        refund = s.refund(key="k")
        equal("pending at first", refund.json["status"], "pending")
        check(
            "then succeeded",
            until(lambda: s.get("/v1/refunds/" + refund.json["id"]).json["status"] == "succeeded"),
        )
        equal("pending: the saved answer stays", s.refund(key="k").text, refund.text)
    with faulty("pending=1,pending-ms=500") as s:
        refund = s.refund().json
        s.restart(signal.SIGKILL)
        check(
            "pending: also after a restart",
            until(lambda: s.get("/v1/refunds/" + refund["id"]).json["status"] == "succeeded"),
        )
    with faulty("late-failure=1,late-ms=200") as s:
        refund = s.refund().json
        equal("late-failure: succeeded at first", refund["status"], "succeeded")
        check(
            "then failed",
            until(lambda: s.get("/v1/refunds/" + refund["id"]).json["status"] == "failed"),
        )
        equal(
            "late-failure in the log",
            [e["refund"] for e in s.effects("refund.failed")],
            [refund["id"]],
        )
    with faulty("by-hand=1") as s:
        s.register("pi_1", 1000)
        s.refund(amount=600)
        created = s.effects("refund.created")
        equal("by-hand: a second refund", [e["origin"] for e in created], ["api", "dashboard"])
        check("by-hand: within what is left", 0 < created[1]["amount"] <= 400, created[1]["amount"])
    with faulty("chargeback=1") as s:
        s.refund(amount=600)
        equal("chargeback", [e["amount"] for e in s.effects("dispute.created")], [600])
        equal(
            "chargeback: no further refund", s.refund(amount=1).error.get("code"), "charge_disputed"
        )
    with faulty("key-forgotten=1") as s:
        first, second = s.refund(key="k").json, s.refund(key="k").json
        check("key-forgotten: paid twice", first["id"] != second["id"])
        equal("admin paths have no faults", s.get("/livez").status, 200)

    def pattern(seed):
        with Sandbox("--faults", "http500-before=0.3,http429=0.1", "--seed", str(seed)) as s:
            statuses = [s.refund(key=f"k{i}").status for i in range(100)]
            hits = s.summary()["faults"]
            equal(
                "faults are counted",
                (statuses.count(500), statuses.count(429)),
                (hits["http500-before"], hits["http429"]),
            )
            return statuses

    one, two = pattern(1), pattern(1)
    equal("the same seed gives the same faults", one, two)
    check("another seed gives others", pattern(2) != one)
    check(
        "at about the rate",
        15 <= one.count(500) <= 45 and 2 <= one.count(429) <= 22,
        (one.count(500), one.count(429)),
    )


PARTS = (restart, log_is_the_truth, fault_kinds)
