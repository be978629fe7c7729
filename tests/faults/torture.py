#!/usr/bin/env python3
"""The whole pipeline under load while everything that can fail fails, along a seed.

    torture.py PROGRAMS [--seed N] [--minutes M] [--orders N] [--instances N] [--faults NAME,...]
               [--pace X] [--json FILE] [--record FILE]

Several instances of each worker take a made shop's orders and requests (redressctl generate
--independent) while things go wrong, side by side, each kind by a schedule of its own from the seed:

    point       SIGKILL at a failpoint, at a random count of passages (common/failpoint.h)
    kill        SIGKILL of an instance that has saved batches since its start
    zombie      SIGSTOP, at any moment or at a failpoint, until a shard that it owns has another owner;
                then SIGCONT
    come-and-go an instance more, or one less: a rebalance
    broker      SIGKILL of Kafka, and a start on the same data
    database    SIGKILL of PostgreSQL, and a start on the same data
    disk        PostgreSQL's disk is full, until it has said so, and then not any more
    reply       an answer of PostgreSQL or Kafka is lost after the effect (proxy.py)
    network     a connection is cut, slow or silent, or new ones are refused
    clock       an instance's clock moves by seconds to days, and later back
    hostile     bytes that mean nothing, on every topic that is written from outside

and the provider goes wrong all the while (PROVIDER below). Points and clocks need programs of the flavour
`failpoints`; a full disk needs root. Afterwards the faults end, sample approvers decide what is left, and
the checker (checker/check.py) decides each promise. What was really done is counted and printed; --record
adds a row to a table such as RESULTS.md. The last line is "N passed, N failed". The seed gives the
schedules; how they meet the traffic is up to the machine.
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
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE / "checker"), str(HERE.parent / "integration")]

import check as checker  # pylint: disable=wrong-import-position
import counting  # pylint: disable=wrong-import-position
from broken_stack import KILLED, BrokenStack  # pylint: disable=wrong-import-position
from counting import check, equal, until  # pylint: disable=wrong-import-position
from kill_test import APPROVERS, SETTINGS, WORKERS, make_shop, parts, settle  # pylint: disable=wrong-import-position
from stack import ROOT, CommandFailed, run  # pylint: disable=wrong-import-position

PROVIDER = ("lost-before=0.06,lost-after=0.08,http429=0.01,http503=0.06,http500-before=0.02,"
            "http500-after=0.02,slow=0.02,slow-ms=2500,pending=0.05,pending-ms=500")
SETTINGS = [*SETTINGS, "settlement:REDRESS_SEND_WINDOW=1s", "settlement:REDRESS_PROVIDER_TIMEOUT=1500ms",
            "settlement:REDRESS_PROVIDER_DELAY=500ms", "settlement:REDRESS_POLL_FIRST=2s"]
FROM_OUTSIDE = ("orders.events.v1", "refunds.requests.v1", "refunds.decisions.v1", "refunds.goods.v1")

# Failpoints, and after how many passages at most an instance dies there.
POINTS = {"taken": 12, "loaded": 12, "decided": 12, "saving": 12, "saved": 12, "publishing": 30,
          "published": 12, "acknowledged": 30, "progress": 12, "committing": 12, "committed": 12,
          "claiming": 2, "claimed": 6, "repeated": 6, "revoked": 2, "released": 1}
SENDER_POINTS = {"admitted": 10, "called": 20, "answered": 20, "reported": 20}
STOPS = 0.5  # of the failpoints of the second instances
CLOCKS_S = (1, 30, 600, 86400, 40 * 86400)

# Columns of a recorded run between its head and its result: what was counted, and how it is called.
REPORTED = (("requests", "requests"), ("records", "records"), ("SIGKILLs", "SIGKILLs"),
            ("at failpoints", "at failpoints"), ("zombies", "zombies"),
            ("zombies at failpoints", "zombies at failpoints"), ("broker", "broker kills"),
            ("database", "database kills"), ("replies", "cut replies"), ("network", "other network"),
            ("disk", "full disks"), ("clock", "clocks moved"), ("come-and-go", "rebalances"),
            ("hostile", "hostile records"), ("provider", "faulty provider calls"))
ROWS_END = "<!-- the next recorded run goes above this line -->"
NETWORK = ("cuts", "delays", "silences", "refused")
MOVED_S, BACK_S, BUSY_S, FULL_S, SETTLED_S = 20, 60, 4, 20, 240
PUBLISH_EVERY_S, DECIDE_EVERY = 3, 12
SHOWN = 20  # errors that workers logged


class Torture:
    def __init__(self, stack, options):
        self.stack, self.options = stack, options
        self.done = collections.Counter()
        self.more, self.armed, self.frozen = set(), {}, {}
        self.ended, self.begins = threading.Event(), time.monotonic()
        self.lock = threading.Lock()
        self.summary = None

    def count(self, what, much=1):
        with self.lock:
            self.done[what] += much

    def batches(self, name):
        try:
            port = (self.stack.folder / "run" / f"{name}.port").read_text().strip()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                return sum(int(line.rsplit(b" ", 1)[1]) for line in answer
                           if line.startswith(b"redress_batches_total"))
        except (OSError, ValueError):
            return 0

    def choose_point(self, name, rng):
        points = dict(POINTS, **SENDER_POINTS) if name.startswith("settlement") else POINTS
        point = rng.choice(sorted(points))
        stops = "zombie" in self.options.faults and name.endswith(".2") and rng.random() < STOPS
        return f"{point}:{rng.randint(1, points[point])}{':stop' if stops else ''}"

    def fault_point(self, rng):
        """Arms each instance for its next start as soon as it has started."""
        for name in self.stack.names:
            pid = self.stack.pid(name)
            if pid is not None and self.armed.get(name) != pid:
                self.stack.arm(name, self.choose_point(name, rng))
                self.armed[name] = pid

    def fault_kill(self, rng):
        name = rng.choice(self.stack.names)
        until(lambda: self.batches(name) > 0 or self.ended.is_set(), BUSY_S)
        self.stack.signal(name, signal.SIGKILL)

    def owned(self, worker, pid):
        """The shards of a process, with their epochs."""
        try:
            rows = self.stack.sql(worker, "SELECT shard, epoch, owner FROM shard WHERE owner IS NOT NULL")
        except CommandFailed:
            return None
        return {shard: int(epoch) for shard, epoch, owner in rows if owner.endswith(f":{pid}")}

    def fault_zombie(self, rng):
        name = rng.choice(self.stack.names)
        worker, pid = name.partition(".")[0], self.stack.pid(name)
        others = [self.stack.pid(other) for other in self.stack.names if other.startswith(worker)]
        if self.frozen.get(worker) or any(map(self.stack.stands_still, others)):
            return  # somebody has to take its shards
        self.frozen[worker] = True
        try:
            self.freeze(name, worker, pid)
        finally:
            self.frozen[worker] = False

    def freeze(self, name, worker, pid):
        before = self.owned(worker, pid)
        if before and self.stack.signal(name, signal.SIGSTOP) == pid:
            self.wake(worker, pid, before, "zombies")

    def fault_sleeper(self, _):
        """Those that stand still at a failpoint."""
        for name in self.stack.names:
            worker, pid = name.partition(".")[0], self.stack.pid(name)
            if not self.frozen.get(worker) and pid is not None and self.stack.stands_still(pid):
                self.wake(worker, pid, self.owned(worker, pid) or {}, "zombies at failpoints")

    def wake(self, worker, pid, before, what):
        """Once a shard of `before` has another owner; else it counts for nothing."""
        def moved():
            now = self.owned(worker, pid)
            return now is not None and before.keys() - now.keys()
        woken = before and until(moved, MOVED_S)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return
        self.count(what if woken else "freezes without consequence")

    def fault_come_and_go(self, rng):
        worker = rng.choice(WORKERS)
        name = f"{worker}.{self.options.instances + 1}"
        self.stack.script("stop" if name in self.more else "start", name)
        self.more ^= {name}
        self.count("come-and-go")

    def fault_broker(self, _):
        self.stack.kafka("kill")
        self.count("broker")
        self.stack.kafka("start")

    def fault_database(self, _):
        self.stack.postgres("kill")
        self.count("database")
        self.stack.postgres("start")

    def fault_disk(self, rng):
        """A full disk counts when PostgreSQL has said so."""
        if self.stack.disk.folder is None:
            return
        before = self.stack.no_space_said()
        self.stack.disk.fill()
        try:
            self.count("disk", bool(until(lambda: self.stack.no_space_said() > before, FULL_S)))
            self.ended.wait(rng.uniform(0, 2))
        finally:
            self.stack.disk.empty()
        check("PostgreSQL is back after a full disk", until(self.database_serves, BACK_S))

    def database_serves(self):
        try:
            self.stack.postgres("start")
            return self.stack.sql("intake", "SELECT 1")
        except CommandFailed:
            return False

    def fault_reply(self, rng):
        self.stack.proxies[rng.choice(("database", "kafka"))].cut_reply()

    def fault_network(self, rng):
        proxy = self.stack.proxies[rng.choice(("database", "kafka"))]
        kind = rng.randrange(4)
        if kind == 0:
            proxy.cut()
        elif kind == 1:
            proxy.delay(rng.uniform(0.05, 1), rng.uniform(1, 5))
        elif kind == 2:
            proxy.silence(rng.uniform(1, 8))
        else:
            proxy.refuse(rng.uniform(0.2, 2))

    def fault_clock(self, rng):
        name = rng.choice(self.stack.names)
        shift_s = rng.choice((-1, 1)) * rng.choice(CLOCKS_S)
        self.stack.move_clock(name, shift_s * 1_000_000)
        self.count("clock")
        self.ended.wait(rng.uniform(1, 10))
        self.stack.move_clock(name, 0)

    def fault_hostile(self, rng):
        topic = rng.choice(FROM_OUTSIDE)
        key = f"hostile-{rng.randrange(10**6)}"
        value = rng.randbytes(rng.randrange(1, 2000))
        try:
            self.stack.raw(topic, value, key, None, [
                ("ce_specversion", "1.0"), ("ce_id", key), ("ce_source", "torture"),
                ("ce_type", "redress.v1.RefundRequest")])
            self.count("hostile")
        except CommandFailed:
            pass  # the broker is away

    # Which kinds go one after the other, how often of a hundred, and the seconds between two.
    LANES = {"points": ({"point": 100}, 0.2), "kills": ({"kill": 100}, 0.5),
             "more kills": ({"kill": 100}, 0.5), "zombies": ({"zombie": 100}, 0.3),
             "more zombies": ({"zombie": 100}, 0.3), "sleepers": ({"sleeper": 100}, 0.3),
             "broker": ({"broker": 100}, 5), "database": ({"database": 85, "disk": 15}, 4),
             "replies": ({"reply": 100}, 0.7), "network": ({"network": 100}, 3),
             "rest": ({"clock": 55, "hostile": 35, "come-and-go": 10}, 2)}

    def lane(self, name, weights, pause_s):
        rng = random.Random(f"{self.options.seed}/{name}")
        counting.section(f"seed {self.options.seed}, {name}")
        kinds = [kind for kind in weights if kind in self.options.faults or
                 (kind == "sleeper" and {"point", "zombie"} <= self.options.faults)]
        while kinds and not self.ended.wait(rng.uniform(0.5, 1.5) * pause_s / self.options.pace):
            kind = rng.choices(kinds, [weights[kind] for kind in kinds])[0]
            try:
                getattr(self, "fault_" + kind.replace("-", "_"))(rng)
            except Exception as problem:  # pylint: disable=broad-except
                check(f"{kind} can be done", False, repr(problem))
                return

    def publish(self, topic, lines):
        """Again if the broker is away; the events have ids of their own, so twice is once."""
        def published():
            try:
                self.stack.ctl("publish", topic, "-", stdin=lines)
                return True
            except CommandFailed:
                self.count("published again")
                return False
        if not until(published, BACK_S):
            check("the shop can publish", False)

    def decide(self):
        """People, in the middle of it; what fails is decided at the end."""
        try:
            self.stack.ctl("decide", "--all", "approve", *APPROVERS)
        except CommandFailed:
            self.count("decisions cut short")

    def drive(self, shop):
        orders, requests = shop["orders.events.v1"], shop["refunds.requests.v1"]
        self.publish("orders.events.v1", b"".join(orders))
        self.done.update(requests=len(requests), orders=len({json.loads(line)["orderId"]
                                                             for line in orders}))
        lanes = [threading.Thread(target=self.lane, args=(name, *lane))
                 for name, lane in self.LANES.items()]
        for lane in lanes:
            lane.start()
        begins = time.monotonic()
        ends = begins + self.options.minutes * 60
        chunks = parts(requests, max(1, int(self.options.minutes * 50 / PUBLISH_EVERY_S)))
        for turn in range(10**6):
            if time.monotonic() >= ends:
                break
            if chunks:
                self.publish("refunds.requests.v1", chunks.pop(0))
            if turn % DECIDE_EVERY == DECIDE_EVERY - 1:
                self.decide()
            self.ended.wait(max(0, begins + (turn + 1) * PUBLISH_EVERY_S - time.monotonic()))
        self.ended.set()
        for lane in lanes:
            lane.join()
        for chunk in chunks:
            self.publish("refunds.requests.v1", chunk)

    def end(self):
        """The faults are over: everything is there again, and the provider answers."""
        self.summary = self.provider("/sandbox/summary")
        self.provider("/sandbox/faults", b"spec=")
        for proxy in self.stack.proxies.values():
            proxy.do(proxy.calm)
        for name in self.more:
            self.stack.script("stop", name)
        for name in self.stack.names:
            self.stack.signal(name, signal.SIGCONT)
            self.stack.arm(name, "")
            self.stack.move_clock(name, 0)
            self.stack.signal(name, signal.SIGKILL)
        print(f"after {time.monotonic() - self.begins:.0f} s: {listing(self.done)}", flush=True)
        begins = time.monotonic()
        check("everything settles", until(self.try_settle, SETTLED_S), self.said())
        self.done["seconds to settle"] = round(time.monotonic() - begins)
        self.tally()

    def said(self):
        try:
            return self.stack.ctl("status")
        except CommandFailed as problem:
            return str(problem)

    def tally(self):
        """What happened, by the logs of those to whom it happened."""
        codes, points, errors = self.stack.endings()
        self.done["SIGKILLs"] = codes.count(KILLED)
        self.done["at failpoints"] = len(points)
        self.done["ended with an error of their own"] = sum(code not in (0, KILLED) for code in codes)
        print("\n".join(errors[:SHOWN]))
        self.done["replies"] = sum(proxy.counts["replies"] for proxy in self.stack.proxies.values())
        for name, proxy in self.stack.proxies.items():
            self.done["network"] += sum(proxy.counts[kind] for kind in NETWORK)
            print(f"{name}: " + listing(proxy.counts))
        self.done["provider"] = sum(self.summary["faults"].values())
        print("failpoints: " + listing(collections.Counter(points)), flush=True)

    def try_settle(self):
        try:
            return settle(self.stack)
        except CommandFailed:
            return False

    def provider(self, path, data=None):
        port = (self.stack.folder / "sandbox.port").read_text().strip()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data=data, timeout=30) as answer:
            return json.load(answer) if data is None else None


FAULTS = {kind for kinds, _ in Torture.LANES.values() for kind in kinds} - {"sleeper"}


def listing(counts):
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count)


def judge(torture):
    stack = torture.stack
    duplicates = torture.provider("/sandbox/summary")["payouts"]["duplicates"]
    equal("payouts paid twice, by the sandbox's own count", duplicates, 0)
    check("something was paid", len(stack.effects()) > 0)
    for name in stack.names:  # a payout that waits would be looked up while the checker reads
        stack.script("stop", name)
    for result in checker.run(stack.folder, stack.programs, canaries=checker.secrets(stack.folder)):
        print(result, flush=True)
        torture.done["records"] = max(torture.done["records"], result.counts.get("records", 0))
        check(f"{result.name}: {result.promise}", result.held, result.violations[:5])


def commit():
    """Of the programs; a plus if they have been changed since."""
    git = ["git", "-C", ROOT]
    changed = run([*git, "status", "--porcelain", "--", "common", "services", "proto", "Makefile"])
    return run([*git, "rev-parse", "--short", "HEAD"]).strip() + ("+" if changed else "")


def record(torture, path, programs):
    """A row of the table: what was run, what was done, what came out."""
    options = torture.options
    cells = [datetime.date.today().isoformat(), programs, options.seed, options.minutes,
             *(f"{torture.done[name]:,}" for name, _ in REPORTED),
             f"{counting.counts['passed']} passed, {counting.counts['failed']} failed"]
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if ROWS_END not in text:
        names = ["date", "commit", "seed", "minutes", *(name for _, name in REPORTED), "result"]
        text += "\n" + table_row(names) + table_row(["---"] * len(names)) + ROWS_END + "\n"
    path.write_text(text.replace(ROWS_END, table_row(cells) + ROWS_END), encoding="utf-8")


def table_row(cells):
    return "| " + " | ".join(map(str, cells)) + " |\n"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--orders", type=int, default=3000)
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--faults", default=FAULTS, type=lambda text: set(text.split(",")))
    parser.add_argument("--pace", type=float, default=1, help="2: pauses between faults half as long")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--record", type=pathlib.Path)
    options = parser.parse_args()
    if options.faults - FAULTS:
        parser.error(f"no such fault: {', '.join(sorted(options.faults - FAULTS))}")
    return options


def main():
    options = read_options()
    counting.section(f"seed {options.seed}")
    programs = commit()
    os.environ["STACK_RESTART_MOST_MS"] = "300"
    with tempfile.TemporaryDirectory() as folder:
        shop = make_shop(options.programs, options.orders, options.seed, pathlib.Path(folder))
    settings = [*SETTINGS, f"sandbox:SANDBOX_FAULTS={PROVIDER}", f"sandbox:SANDBOX_SEED={options.seed}"]
    with BrokenStack(options.programs, options.seed, options.instances, *settings) as stack:
        torture = Torture(stack, options)
        torture.drive(shop)
        torture.end()
        judge(torture)
        print("done: " + listing(torture.done))
        print("provider: " + listing(torture.summary["faults"]), flush=True)
        if stack.disk.folder is None and "disk" in options.faults:
            print("no full disks: mounting a small one needs root")
        stack.keep = counting.counts["failed"] > 0 and "KEEP_STACK" in os.environ
    if options.json:
        options.json.write_text(json.dumps({"seed": options.seed, "done": torture.done, **counting.counts}))
    if options.record:
        record(torture, options.record, programs)
    return counting.end()


if __name__ == "__main__":
    sys.exit(main())
