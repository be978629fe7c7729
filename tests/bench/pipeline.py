#!/usr/bin/env python3
"""Measures the whole pipeline on the local stack, beside a bare loop in the same run.

Starts Kafka, PostgreSQL, the provider sandbox and the five workers in a folder of its own, stores
orders, asks for refunds and reads the payouts. README.md says what each figure means. Prints a
table and writes WORK/pipeline.json.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

import policies
from costs import WORKERS, Costs
from report import print_report

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRIDE = 1000003  # load.c: orders may not be a multiple of it
DRAIN_DEADLINE_S = 300
LOAD_DEADLINE_S = 900
STATISTICS_DELAY_S = 11  # PostgreSQL's idle sessions tell what they did within 10 s
WARM_REQUESTS = 4000
POLICY_REQUESTS = 12000
BARE_EVENTS = 100000
# The bare loop as it was first measured: what it costs tells how fast the machine is now.
REFERENCE = {"batch": 1000, "value_in": 100, "value_out": 100, "header_bytes": 20,
             "outputs_per_event": 1, "rows_per_event": 1, "row_bytes": 60}
OWN_TABLES = ("cluster", "shard", "progress", "output", "schema_migrations")  # of the loop


class Stack:
    """The local stack: deploy/local/stack.sh, and the programs that talk to it."""

    def __init__(self, programs, folder, partitions=None):
        self.programs, self.folder = programs, folder
        self.environment = dict(os.environ, STACK_BIN=str(programs))
        if partitions is not None:
            self.environment["STACK_PARTITIONS"] = str(partitions)

    def script(self, name, *arguments, quiet=False):
        return subprocess.run([ROOT / "deploy/local" / name, *map(str, arguments)], text=True,
                              check=True, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE if quiet else None).stdout

    def stack(self, command, *arguments):
        return self.script("stack.sh", command, self.folder, *arguments)

    def sql(self, database, query):
        out = self.script("postgres.sh", "psql", self.folder / "postgres", database,
                          "-A", "-t", "-F", "\t", "-c", query)
        return [line.split("\t") for line in out.splitlines()]

    def program(self, name, *arguments, **environment):
        settings = dict(os.environ, REDRESS_KAFKA_BROKERS=self.brokers(), **environment)
        out = subprocess.run([self.programs / "bench" / name, *map(str, arguments)], text=True,
                             check=True, env=settings, stdout=subprocess.PIPE,
                             timeout=LOAD_DEADLINE_S).stdout
        return json.loads(out)

    def load(self, *arguments):
        return self.program("load", *arguments)

    def brokers(self):
        return self.script("kafka.sh", "address", self.folder / "kafka").strip()

    def pid(self, name):
        if name == "kafka":
            return int((self.folder / "kafka/pid").read_text())
        if name == "postgres":
            data = self.script("postgres.sh", "data", self.folder / "postgres").strip()
            return int(pathlib.Path(data, "postmaster.pid").read_text().split()[0])
        return int((self.folder / "run" / f"{name}.pid").read_text())

    def backends(self):
        """The server process of each connection, and its database."""
        rows = self.sql("postgres", "SELECT pid, datname FROM pg_stat_activity"
                                    " WHERE datname IS NOT NULL")
        return {int(pid): database for pid, database in rows}

    def metrics(self, worker):
        address = self.stack("health", worker).strip()
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name.split("{")[0].removeprefix("redress_"): int(value) for name, value in pairs}

    def drained(self):
        """True if every worker has saved that it read all that there is."""
        ends = self.load("ends")
        for worker in WORKERS:
            rows = self.sql(worker, "SELECT topic, sum(next_offset) FROM view.progress"
                                    " GROUP BY topic")
            if not rows or any(int(read) < ends[topic] for topic, read in rows):
                return False
        return self.load("ends") == ends

    def wait_drained(self):
        until = time.monotonic() + DRAIN_DEADLINE_S
        while not self.drained():
            if time.monotonic() > until:
                raise SystemExit("the workers did not read everything in time")
            time.sleep(0.2)


class Bench:
    def __init__(self, stack, options):
        self.stack, self.options = stack, options
        self.asked = 0  # requests so far
        per_kind = options.refunds * options.repetitions
        wanted = (options.idle + WARM_REQUESTS * 2 + per_kind * 2
                  + options.refunds * len(options.load)
                  + POLICY_REQUESTS * len(policies.MODELS) * policies.ROUNDS)
        self.orders = max(options.orders, wanted)
        self.orders += self.orders % STRIDE == 0
        self.result = {"options": dict(vars(options), programs=str(options.programs),
                                       work=str(options.work), orders=self.orders),
                       "machine": {"processors": os.cpu_count(), "load_before": os.getloadavg()}}

    def measured(self, work):
        """Runs work(), waits until everything is handled; the costs of all of it."""
        costs = Costs(self.stack)
        began = time.monotonic()
        outcome = work()
        self.stack.wait_drained()
        return outcome, dict(costs.since(), wall_s=round(time.monotonic() - began, 3))

    def ask(self, count, *how):
        command, *rest = how
        first, self.asked = self.asked, self.asked + count
        return self.stack.load(command, self.orders, first, count, *rest)

    def say(self, text):
        print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)

    def start(self, *settings):
        self.stack.stack("up", "settlement:REDRESS_STRIPE_RATE=0", *settings)

    def store_orders(self):
        self.say(f"storing {self.orders} orders")
        outcome, costs = self.measured(lambda: self.stack.load("orders", self.orders))
        costs["events_per_s"] = round(outcome["events"] / costs["wall_s"])
        self.result["orders"] = costs

    def idle(self):
        self.say(f"{self.options.idle} requests, one at a time")
        self.result["idle"] = self.ask(self.options.idle, "single")["SUCCEEDED"]["latency_us"]

    def bursts(self, name, status):
        runs = []
        self.ask(WARM_REQUESTS, "burst", status)
        self.stack.wait_drained()
        for number in range(self.options.repetitions):
            self.say(f"{self.options.refunds} requests at once, until {status}"
                     f" ({number + 1} of {self.options.repetitions})")
            outcome, costs = self.measured(
                lambda: self.ask(self.options.refunds, "burst", status))
            runs.append(dict(outcome[status], published_us=outcome["published_us"], costs=costs))
        self.result[name] = {
            "per_s": round(statistics.median(run["per_s"] for run in runs)),
            "steady_per_s": round(statistics.median(run["steady_per_s"] for run in runs)),
            "cpu_s_per_100000": per_100000(runs, self.options.refunds),
            "runs": runs}

    def loads(self):
        """Open loop, at parts of what a burst has just shown to be the most."""
        for percent in self.options.load:
            rate = max(1, self.result["paid"]["per_s"] * percent // 100)
            count = min(rate * self.options.seconds, self.options.refunds)
            self.say(f"{rate} requests/s, {percent} % of saturation, {count} in all")
            outcome, costs = self.measured(lambda: self.ask(count, "rate", "SUCCEEDED", rate))
            self.result.setdefault("loads", []).append(
                {"percent": percent, "rate_per_s": rate, "requests": count,
                 "latency_us": outcome["SUCCEEDED"]["latency_us"],
                 "reserved_latency_us": outcome["RESERVED"]["latency_us"], "costs": costs})

    def memory(self):
        peaks = {}
        for worker in WORKERS:
            status = pathlib.Path(f"/proc/{self.stack.pid(worker)}/status").read_text()
            peaks[worker] = int(status.split("VmHWM:")[1].split()[0]) * 1024
        before = self.result.setdefault("peak_bytes", {})
        for worker, peak in peaks.items():
            before[worker] = max(before.get(worker, 0), peak)

    def run(self):
        self.start()
        self.store_orders()
        self.idle()
        before = Handled(self.stack)
        self.bursts("paid", "SUCCEEDED")
        after = Handled(self.stack)
        self.loads()
        self.memory()
        self.stack.stack("stop", "settlement")
        self.start("settlement:REDRESS_PROVIDER_IN_FLIGHT=0")
        self.bursts("reserved", "RESERVED")
        self.memory()
        self.result["stages"] = after.since(before)
        self.policies()
        self.stack.stack("stop", *WORKERS)
        if not self.options.without_bare:
            self.bare()
        self.result["machine"]["load_after"] = os.getloadavg()

    def policies(self):
        self.say("what policy costs with one model and another")
        self.result["policies"] = policies.compare(
            self.stack, lambda count: self.ask(count, "send"), POLICY_REQUESTS)

    def bare(self):
        """The bare loop with the bytes and rows of each stage; then what the stages cost of it."""
        self.stack.sql("postgres", "CREATE DATABASE bench")
        self.say("the bare loop, for reference")
        self.result["reference"] = bare_as(self.stack, REFERENCE)
        paid = self.result["paid"]["runs"]
        refunds = self.options.refunds * len(paid)
        bare_s = 0
        for worker, stage in self.result["stages"].items():
            self.say(f"the bare loop, as {worker}")
            handled = stage["handled"] / (refunds + WARM_REQUESTS)  # per refund
            stage["handled_per_refund"] = round(handled, 2)
            stage["bare"] = bare_as(self.stack, stage)
            own = sum(run["costs"]["cpu_s"][worker] + run["costs"]["backend_s"].get(worker, 0)
                      for run in paid) / (handled * refunds)
            stage["cpu_us_per_event"] = round(own * 1e6, 2)
            stage["ratio"] = round(own * 1e6 / stage["bare"]["own_cpu_us_per_event"], 2)
            bare_s += handled * refunds * stage["bare"]["cpu_us_per_event"] / 1e6
        spent = sum(cost for run in paid for name, cost in run["costs"]["cpu_s"].items()
                    if name not in ("sandbox", "load"))
        self.result["ratio"] = round(spent / bare_s, 2)


def per_100000(runs, refunds):
    """CPU seconds per 100,000 refunds of each part; median of the runs."""
    return {name: round(statistics.median(run["costs"]["cpu_s"][name] for run in runs)
                        * 100000 / refunds, 2)
            for name in runs[0]["costs"]["cpu_s"]}


def bare_as(stack, stage):
    options = {"events": BARE_EVENTS, "batch": stage["batch"], "value-in": stage["value_in"],
               "value-out": stage["value_out"], "header-bytes": stage["header_bytes"],
               "outputs": round(stage["outputs_per_event"] * 1000),
               "rows": round(stage["rows_per_event"] * 1000), "row-bytes": stage["row_bytes"]}
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    settings = {"REDRESS_DATABASE_HOST": stack.script("postgres.sh", "socket",
                                                      stack.folder / "postgres").strip(),
                "REDRESS_DATABASE_PORT": (stack.folder / "postgres/port").read_text().strip(),
                "REDRESS_DATABASE_NAME": "bench", "REDRESS_DATABASE_USER": "postgres",
                "REDRESS_DATABASE_PASSWORD":
                    (stack.folder / "postgres/superuser.password").read_text().strip()}
    stack.program("bare", "fill", *arguments, **settings)
    costs = Costs(stack, parts=("postgres", "kafka"))
    outcome = stack.program("bare", "run", *arguments, **settings)
    spent = costs.since()["cpu_s"]
    events = outcome["events"]
    program, total = outcome["cpu_us"], outcome["cpu_us"] + spent["postgres"] * 1e6
    return {"options": options, "per_s": outcome["per_s"],
            "program_cpu_us_per_event": round(program / events, 2),
            "own_cpu_us_per_event": round(total / events, 2),
            "cpu_us_per_event": round((total + spent["kafka"] * 1e6) / events, 2)}


class Handled:
    """What the workers have handled so far: events, outputs, rows."""

    def __init__(self, stack):
        time.sleep(STATISTICS_DELAY_S)
        self.stack = stack
        self.metrics = {worker: stack.metrics(worker) for worker in WORKERS}
        self.rows = {worker: self.tables(worker) for worker in WORKERS}

    def tables(self, worker):
        rows = self.stack.sql(worker, "SELECT quote_ident(relname), n_tup_ins + n_tup_upd +"
                                      " n_tup_del FROM pg_stat_user_tables")
        return {table: int(count) for table, count in rows if table not in OWN_TABLES}

    def row_bytes(self, worker, tables):
        """Mean content of the rows written, by a sample of each table."""
        total = 0
        for table, count in tables.items():
            sample = self.stack.sql(worker, f"SELECT avg(pg_column_size(t)) FROM"
                                            f" (SELECT * FROM {table} LIMIT 1000) AS t")
            total += count * float(sample[0][0] or 0)
        return round(total / max(1, sum(tables.values())))

    def since(self, before):
        sizes = self.stack.load("sizes")
        stages = {}
        for worker, inputs, outputs in STAGES:
            gained = {name: value - before.metrics[worker].get(name, 0)
                      for name, value in self.metrics[worker].items()}
            tables = {table: count - before.rows[worker].get(table, 0)
                      for table, count in self.rows[worker].items()}
            tables = {table: count for table, count in tables.items() if count > 0}
            handled = gained["events_total"] - gained["events_skipped_total"]
            rows = sum(tables.values())
            stages[worker] = {
                "handled": handled, "skipped": gained["events_skipped_total"],
                "outputs_per_event": round(gained["outputs_total"] / handled, 3),
                "rows_per_event": round(rows / handled, 3),
                "batch": min(2000, max(1, round(handled / max(1, gained["batches_total"])))),
                "value_in": mean(sizes, inputs, "value"),
                "value_out": mean(sizes, outputs, "value"),
                "header_bytes": mean(sizes, outputs, "headers"),
                "row_bytes": self.row_bytes(worker, tables),
                "tables": tables,
                "waited_us": {name: gained[f"{name}_microseconds_total"]
                              for name in ("load", "decide", "save")}}
        return stages


# What a stage reads and writes of a refund that is paid.
STAGES = (
    ("intake", ("refunds.requests.v1", "refunds.payouts.v1"), ("refunds.validated.v1",)),
    ("policy", ("refunds.validated.v1",), ("refunds.assessed.v1",)),
    ("routing", ("refunds.assessed.v1",), ("refunds.routed.v1",)),
    ("settlement", ("refunds.routed.v1", "refunds.provider-events.v1"), ("refunds.payouts.v1",)),
    ("analytics", ("refunds.validated.v1", "refunds.assessed.v1", "refunds.routed.v1",
                   "refunds.provider-events.v1", "refunds.payouts.v1"), ("refunds.insights.v1",)),
)


def mean(sizes, topics, part):
    known = [sizes[topic][part] for topic in topics if sizes[topic]["sampled"] > 0]
    return round(statistics.mean(known)) if known else 0


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin",
                        help="folder of the release programs")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench",
                        help="folder for the stack and pipeline.json")
    parser.add_argument("--refunds", type=int, default=30000, help="refunds of a burst (30000)")
    parser.add_argument("--partitions", type=int, default=2,
                        help="of the topics keyed by order (2: one for each processor)")
    parser.add_argument("--orders", type=int, default=0,
                        help="orders stored before; at least as many as are refunded")
    parser.add_argument("--repetitions", type=int, default=3, help="of each burst (3)")
    parser.add_argument("--idle", type=int, default=200, help="requests one at a time (200)")
    parser.add_argument("--load", type=int, nargs="*", default=[50, 80], metavar="PERCENT",
                        help="of the paid rate: latency at that load (50 80)")
    parser.add_argument("--seconds", type=int, default=30, help="of each load (30)")
    parser.add_argument("--without-bare", action="store_true", help="leave the bare loop out")
    parser.add_argument("--keep", action="store_true", help="leave the stack running, data and all")
    return parser.parse_args()


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options.work.mkdir(parents=True, exist_ok=True)
    stack = Stack(options.programs.resolve(), (options.work / "stack").resolve(),
                  options.partitions)
    stack.stack("destroy")
    bench = Bench(stack, options)
    try:
        bench.run()
    finally:
        if stack.folder.exists():
            for log in stack.folder.glob("run/*.log"):
                shutil.copy(log, options.work)
        if not options.keep:
            stack.stack("destroy")
    (options.work / "pipeline.json").write_text(json.dumps(bench.result, indent=1) + "\n")
    print_report(bench.result)


if __name__ == "__main__":
    main()
