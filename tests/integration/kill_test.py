#!/usr/bin/env python3
"""Kills every worker in the middle of traffic, again and again, and compares with a quiet run.

    kill_test.py PROGRAMS [--orders N] [--rounds N] [--seed S]        limit: 900 s

The same made shop (no request hangs on another's release) goes through two stacks. One is left
alone. In the other every worker is killed with SIGKILL in every round; besides, instances come and
go, one is frozen past its session and woken, Kafka and PostgreSQL are restarted. Afterwards the
reports must be equal, no payout may have been paid twice by the sandbox's log, every version of
every refund must have been said, in order, and what was said again must be the same; the checker
(tests/faults) finds no promise broken.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import urllib.request

import counting
from counting import check, equal, until
from stack import ROOT, Stack, run

sys.path.append(str(ROOT / "tests/faults/checker"))
import check as checker  # pylint: disable=wrong-import-position

WORKERS = ["intake", "policy", "routing", "settlement", "analytics"]
SETTINGS = ["intake:REDRESS_PARK_DEADLINE=20s", "settlement:REDRESS_STRIPE_RATE=0",
            "workers:REDRESS_SESSION_TIMEOUT=1500ms", "workers:REDRESS_DATABASE_TIMEOUT=2s"]
OUTPUTS = ["refunds.validated.v1", "refunds.assessed.v1", "refunds.routed.v1",
           "refunds.payouts.v1"]
SETTLED_S = 180
APPROVERS = ["--as", "mia", "--as", "tom", "--as", "lea", "--reviewer", "rita", "--reviewer", "rob",
             "--controller", "fay"]


def make_shop(programs, orders, seed, folder):
    run([pathlib.Path(programs) / "redressctl", "generate", "--independent", "--orders", orders,
         "--seed", seed, "--out", folder])
    return {name: (folder / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
            for name in ("orders.events.v1", "refunds.requests.v1")}


def parts(lines, count):
    size = -(-len(lines) // count)
    return [b"".join(lines[i:i + size]) for i in range(0, len(lines), size)]


def quiet(stack):
    """Nothing moves, and nothing waits but for people."""
    status = stack.ctl_json("status")
    waits = [item["what"] for worker in status["workers"] for item in worker.get("waiting", [])
             if item["count"] > 0]
    return all(worker.get("lag", 1) == 0 and worker.get("unpublished", 1) == 0
               for worker in status["workers"]) and \
        not any(what in ("parked", "payouts under way") for what in waits)


def settle(stack):
    """Sample approvers decide until nothing is left to decide."""
    def done():
        if not quiet(stack):
            return False
        stack.ctl("decide", "--all", "approve", *APPROVERS)
        return until(lambda: quiet(stack), SETTLED_S) and not stack.ctl_json("cases")
    return until(done, SETTLED_S)


class Trouble:
    """What is done to the disturbed run, by a seed."""

    def __init__(self, stack, seed):
        self.stack, self.random = stack, random.Random(seed)
        self.kills = collections.Counter()

    def pid(self, name):
        path = self.stack.folder / "run" / f"{name}.pid"
        return int(path.read_text()) if path.exists() else None

    def kill(self, name):
        """Once it is there and has taken part since it was started."""
        until(lambda: self.events_of(name) > 0, 10)
        pid = until(lambda: self.pid(name))
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.kills[name] += 1

    def events_of(self, name):
        try:
            port = (self.stack.folder / "run" / f"{name}.port").read_text().strip()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                return sum(int(line.rsplit(" ", 1)[1]) for line in answer.read().decode().split("\n")
                           if line.startswith("redress_batches_total"))
        except (OSError, ValueError):
            return 0

    def special(self, turn):
        name = self.random.choice(WORKERS)
        if turn == 1:
            for worker in ("policy", "settlement"):
                self.stack.script("start", f"{worker}.2")
        elif turn == 3:
            pid = until(lambda: self.pid("settlement"))
            os.kill(pid, signal.SIGSTOP)
            until(lambda: self.stack.sql("settlement", "SELECT 1 FROM shard WHERE owner_backend IS"
                                         " NOT NULL GROUP BY owner HAVING count(*) = 6"), 15)
            os.kill(pid, signal.SIGCONT)
        elif turn == 5:
            run([ROOT / "deploy/local/postgres.sh", "restart", self.stack.folder / "postgres"])
        elif turn == 7:
            run([ROOT / "deploy/local/kafka.sh", "restart", self.stack.folder / "kafka"])
        elif turn == 8:
            self.stack.script("stop", "policy.2")
        else:
            self.kill(name)

    def round(self, turn):
        self.special(turn)
        for name in self.random.sample(WORKERS, len(WORKERS)):
            self.kill(name)


def differences(got, wanted, path=""):
    """Where two reports differ: {path: (got, wanted)}."""
    if not isinstance(got, dict) or not isinstance(wanted, dict):
        return {} if got == wanted else {path: (got, wanted)}
    found = {}
    for key in got.keys() | wanted.keys():
        found.update(differences(got.get(key), wanted.get(key), f"{path}/{key}"))
    return found


def drive(stack, shop, rounds, trouble):
    """All orders first: a request that waits for its order longer in one run than in the other
    would rightly end in another way."""
    stack.ctl("publish", "orders.events.v1", "-", stdin=b"".join(shop["orders.events.v1"]))
    for turn, chunk in enumerate(parts(shop["refunds.requests.v1"], rounds)):
        stack.ctl("publish", "refunds.requests.v1", "-", stdin=chunk)
        if trouble is not None:
            trouble.round(turn)
    check("everything settles", settle(stack), stack.ctl("status"))
    return stack.ctl_json("report")


def check_outputs(stack):
    """Every version once, in order, per refund; repeated ones with the same bytes."""
    for topic in OUTPUTS:
        seen, wrong, again = {}, collections.Counter(), 0
        last = collections.Counter()
        for record in stack.events(topic, headers=True):
            key, event = record["headers"]["ce_id"], json.dumps(record["event"], sort_keys=True)
            if key in seen:
                again += 1
                wrong["differs"] += seen[key] != event
                continue
            seen[key] = event
            refund, version = record["event"]["refundId"], int(record["event"]["version"])
            wrong["gap or disorder"] += version != last[refund] + 1
            last[refund] = version
        equal(f"{topic}: versions in order, repeats identical ({again} repeats)", +wrong, {})


def check_money(stack):
    payouts = collections.Counter(effect["metadata"]["payout_id"] for effect in stack.effects())
    equal("no payout was paid twice", [key for key, n in payouts.items() if n > 1], [])
    paid = dict(stack.sql("settlement", "SELECT payout_id, amount_minor FROM view.payout"
                          " WHERE status = 'SUCCEEDED'"))
    sent = {effect["metadata"]["payout_id"]: str(effect["amount"]) for effect in stack.effects()}
    equal("what succeeded is what the provider paid", paid, sent)
    equal("the ledger sums to zero", stack.sql(
        "settlement", "SELECT currency FROM view.ledger GROUP BY currency"
        " HAVING sum(amount_minor) <> 0"), [])
    over = stack.sql("settlement", "SELECT payment_id FROM view.payment WHERE refunded_minor +"
                     " in_flight_minor + disputed_minor > captured_minor")
    equal("no payment is over its cap", over, [])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs")
    parser.add_argument("--orders", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = make_shop(options.programs, options.orders, options.seed, pathlib.Path(folder))
    counting.section("left alone")
    with Stack(options.programs, *SETTINGS) as stack:
        wanted = drive(stack, shop, options.rounds, None)
        check_money(stack)
        stack.keep = counting.counts["failed"] > 0
    counting.section("disturbed")
    with Stack(options.programs, *SETTINGS) as stack:
        trouble = Trouble(stack, options.seed)
        got = drive(stack, shop, options.rounds, trouble)
        check(f"every worker was killed {options.rounds - 1} times or more: {dict(trouble.kills)}",
              all(trouble.kills[name] >= options.rounds - 1 for name in WORKERS))
        equal("the report is that of the run that was left alone", differences(got, wanted), {})
        check("there is something to compare", wanted["payouts"]["SUCCEEDED"]["count"] > 100)
        check_money(stack)
        check_outputs(stack)
        for result in checker.run(stack.folder, stack.programs):
            check(f"{result.name}: {result.promise}", result.held, result.violations[:5])
        equal("no dead letters", stack.ctl_json("dead-letters", "list"), [])
        stack.keep = counting.counts["failed"] > 0
    print(f"{counting.counts['passed']} passed, {counting.counts['failed']} failed")
    return 0 if counting.counts["failed"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
