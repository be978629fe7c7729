#!/usr/bin/env python3
"""The whole pipeline under load while everything that can fail fails, along a seed.

    torture.py PROGRAMS [--seed N] [--minutes M] [--orders N] [--instances N] [--faults NAME,...]
               [--json FILE] [--record FILE]

Several instances of each worker take a made shop's orders and requests (redressctl generate
--independent) while, by a schedule that follows from the seed, one thing after the other goes wrong:

    kill        SIGKILL of an instance that has saved batches since its start
    zombie      SIGSTOP until its shards have other owners, then SIGCONT
    come-and-go an instance more, or one less: a rebalance
    broker      SIGKILL of Kafka, and a start on the same data
    database    SIGKILL of PostgreSQL, and a start on the same data
    cut         every connection of one worker to PostgreSQL is cut
    hostile     bytes that mean nothing, on every topic that is written from outside

and the provider goes wrong all the while (PROVIDER below). Afterwards the provider's faults end, sample
approvers decide what is left, and the checker (checker/check.py) decides each promise. What was really
done is counted and printed; --record adds a row to a table such as RESULTS.md. The last line is
"N passed, N failed". The seed gives the schedule; how it meets the traffic is up to the machine.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE / "checker"), str(HERE.parent / "integration")]

import check as checker  # pylint: disable=wrong-import-position
import counting  # pylint: disable=wrong-import-position
from counting import check, equal, until  # pylint: disable=wrong-import-position
from kill_test import SETTINGS, WORKERS, make_shop, parts, settle  # pylint: disable=wrong-import-position
from stack import ROOT, CommandFailed, Stack, run  # pylint: disable=wrong-import-position

# How often of a hundred; the rest are kills.
SCHEDULE = {"zombie": 7, "come-and-go": 7, "broker": 3, "database": 3, "cut": 8, "hostile": 8}
PROVIDER = ("lost-before=0.02,lost-after=0.03,http429=0.03,http503=0.02,http500-before=0.01,"
            "http500-after=0.01,slow=0.01,slow-ms=2500,pending=0.03,pending-ms=500")
SETTINGS = [*SETTINGS, "settlement:REDRESS_SEND_WINDOW=1s", "settlement:REDRESS_PROVIDER_TIMEOUT=1500ms",
            "settlement:REDRESS_PROVIDER_DELAY=500ms", "settlement:REDRESS_POLL_FIRST=3s"]
FROM_OUTSIDE = ("orders.events.v1", "refunds.requests.v1", "refunds.decisions.v1", "refunds.goods.v1")
REPORTED = (("kill", "SIGKILLs"), ("zombie", "zombies"), ("broker", "broker kills"),
            ("database", "database kills"), ("cut", "cuts"), ("come-and-go", "rebalances"),
            ("hostile", "hostile records"))
MOVED_S, BACK_S, BUSY_S = 20, 60, 5


class Torture:
    def __init__(self, stack, options):
        self.stack, self.options = stack, options
        self.random = random.Random(options.seed)
        self.done = collections.Counter()
        self.more = set()

    def names(self):
        return [f"{worker}.{n}" if n > 1 else worker for worker in WORKERS
                for n in range(1, self.options.instances + 1)]

    def start(self):
        self.stack.script("start", *(name for name in self.names() if "." in name))

    def pid(self, name):
        try:
            return int((self.stack.folder / "run" / f"{name}.pid").read_text())
        except (OSError, ValueError):
            return None

    def signal(self, name, what):
        """True if there was a process to signal."""
        pid = self.pid(name)
        try:
            os.kill(pid, what)
            return True
        except (ProcessLookupError, TypeError):
            return False

    def batches(self, name):
        try:
            port = (self.stack.folder / "run" / f"{name}.port").read_text().strip()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                return sum(int(line.rsplit(b" ", 1)[1]) for line in answer
                           if line.startswith(b"redress_batches_total"))
        except (OSError, ValueError):
            return 0

    def epochs(self, worker):
        return dict(self.stack.sql(worker, "SELECT shard, epoch FROM shard"))

    def fault_kill(self):
        name = self.random.choice(self.names())
        until(lambda: self.batches(name) > 0, BUSY_S)
        self.done["kill"] += self.signal(name, signal.SIGKILL)

    def fault_zombie(self):
        name = self.random.choice(self.names())
        worker = name.partition(".")[0]
        before = self.epochs(worker)
        if not self.signal(name, signal.SIGSTOP):
            return
        pid = self.pid(name)
        moved = until(lambda: self.epochs(worker) != before, MOVED_S)
        os.kill(pid, signal.SIGCONT)
        self.done["zombie" if moved else "freeze without consequence"] += 1

    def fault_come_and_go(self):
        worker = self.random.choice(WORKERS)
        name = f"{worker}.{self.options.instances + 1}"
        if name in self.more:
            self.stack.script("stop", name)
            self.more.remove(name)
        else:
            self.stack.script("start", name)
            self.more.add(name)
        self.done["come-and-go"] += 1

    def again(self, script, folder):
        """A component is killed and started on the same data."""
        run([ROOT / "deploy/local" / script, "kill", self.stack.folder / folder])
        run([ROOT / "deploy/local" / script, "start", self.stack.folder / folder])

    def fault_broker(self):
        self.again("kafka.sh", "kafka")
        self.done["broker"] += 1

    def fault_database(self):
        self.again("postgres.sh", "postgres")
        self.done["database"] += 1

    def fault_cut(self):
        worker = self.random.choice(WORKERS)
        cut = self.stack.sql(worker, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                             f" WHERE usename = '{worker}'")
        self.done["cut"] += int(cut[0][0]) > 0

    def fault_hostile(self):
        topic = self.random.choice(FROM_OUTSIDE)
        key = f"hostile-{self.random.randrange(10**6)}"
        value = self.random.randbytes(self.random.randrange(1, 2000))
        self.stack.raw(topic, value, key, None, [
            ("ce_specversion", "1.0"), ("ce_id", key), ("ce_source", "torture"),
            ("ce_type", "redress.v1.RefundRequest")])
        self.done["hostile"] += 1

    def choose(self):
        dice = self.random.randrange(100)
        for name, often in SCHEDULE.items():
            if dice < often:
                return name
            dice -= often
        return "kill"

    def fault(self):
        name = self.choose()
        if name in self.options.faults:
            getattr(self, "fault_" + name.replace("-", "_"))()

    def publish(self, topic, lines):
        """Again if the broker is away; the events have ids of their own, so twice is once."""
        def published():
            try:
                self.stack.ctl("publish", topic, "-", stdin=lines)
                return True
            except CommandFailed:
                self.done["published again"] += 1
                return False
        check("the shop can publish", until(published, BACK_S))

    def drive(self, shop):
        orders, requests = shop["orders.events.v1"], shop["refunds.requests.v1"]
        self.publish("orders.events.v1", b"".join(orders))
        ends = time.monotonic() + self.options.minutes * 60
        chunks = parts(requests, max(1, self.options.minutes * 30))
        while time.monotonic() < ends or chunks:
            if chunks:
                self.publish("refunds.requests.v1", chunks.pop(0))
            self.fault()
        self.done["requests"] = len(requests)
        self.done["orders"] = len({json.loads(line)["orderId"] for line in orders})

    def end(self):
        """The faults are over: everything is there again, and the provider answers."""
        self.summary = self.provider("/sandbox/summary")
        self.provider("/sandbox/faults", b"spec=")
        for name in self.more:
            self.stack.script("stop", name)
        check("everything settles", until(self.try_settle, 2 * BACK_S), self.stack.ctl("status"))

    def try_settle(self):
        try:
            return settle(self.stack)
        except CommandFailed:
            return False

    def provider(self, path, data=None):
        port = (self.stack.folder / "sandbox.port").read_text().strip()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data=data, timeout=30) as answer:
            return json.load(answer) if data is None else None


def judge(torture):
    stack = torture.stack
    duplicates = torture.provider("/sandbox/summary")["payouts"]["duplicates"]
    equal("payouts paid twice, by the sandbox's own count", duplicates, 0)
    check("something was paid", len(stack.effects()) > 0)
    for result in checker.run(stack.folder, stack.programs, canaries=checker.secrets(stack.folder)):
        print(result, flush=True)
        check(f"{result.name}: {result.promise}", result.held, result.violations[:5])


def record(torture, path):
    """A row: when, seed, what was done, what came out."""
    options, done = torture.options, torture.done
    faults = sum(torture.summary["faults"].values())
    cells = [datetime.date.today().isoformat(), options.seed, options.minutes, done["requests"],
             *(done[name] for name, _ in REPORTED), faults,
             f"{counting.counts['passed']} passed, {counting.counts['failed']} failed"]
    with open(path, "a", encoding="utf-8") as file:
        file.write("| " + " | ".join(map(str, cells)) + " |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--orders", type=int, default=3000)
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--faults", default="kill," + ",".join(SCHEDULE),
                        type=lambda text: set(text.split(",")))
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--record", type=pathlib.Path)
    options = parser.parse_args()
    unknown = options.faults - {"kill", *SCHEDULE}
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    counting.section(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        shop = make_shop(options.programs, options.orders, options.seed, pathlib.Path(folder))
    settings = [*SETTINGS, f"sandbox:SANDBOX_FAULTS={PROVIDER}", f"sandbox:SANDBOX_SEED={options.seed}"]
    with Stack(options.programs, *settings) as stack:
        torture = Torture(stack, options)
        torture.start()
        torture.drive(shop)
        torture.end()
        judge(torture)
        print("done: " + ", ".join(f"{name} {count}" for name, count in sorted(torture.done.items())))
        print("provider: " + ", ".join(f"{name} {count}" for name, count in
                                       torture.summary["faults"].items() if count), flush=True)
        stack.keep = counting.counts["failed"] > 0 and "KEEP_STACK" in os.environ
    if options.json:
        options.json.write_text(json.dumps({"seed": options.seed, "done": torture.done, **counting.counts}))
    if options.record:
        record(torture, options.record)
    print(f"{counting.counts['passed']} passed, {counting.counts['failed']} failed")
    return 0 if counting.counts["failed"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
