#!/usr/bin/env python3
"""Measures one stage's work in the worker loop and in other languages, on one Kafka and PostgreSQL.

The stage is the tally of tests/loop without deadlines: decode a request, look up and upsert the row
of its order, keep and publish one event. README.md says what each figure means. First each of them
is killed in the middle and checked, then they drain the same backlogs in turn. Prints tables and
writes WORK/peers.json.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time

from costs import family, machine_s, stat, without_compiler

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent / "peers"
sys.path.insert(0, str(ROOT / "tests/loop"))
from loop_test import Stack  # pylint: disable=wrong-import-position

SESSION_MS = 3000
WARM_PART = 0.2       # of a backlog: what is handled before anything counts
START_DEADLINE_S = 300
STOP_DEADLINE_S = 60
POLL_S = 0.1          # in a crash test
DRAIN_POLL_S = 0.3    # asking costs PostgreSQL a little


class Psql:
    """One session that answers numbers: asking costs next to nothing."""

    def __init__(self, stack, database):
        script = ROOT / "deploy/local/postgres.sh"
        self.process = subprocess.Popen(
            [script, "psql", os.path.join(stack.folder, "postgres"), database, "-A", "-t"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def number(self, query):
        self.process.stdin.write(query + ";\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Contestant:
    """One implementation: how it is built and started, and where it keeps its rows."""

    needs = ()
    offsets = "SELECT coalesce(sum(next_offset), 0) FROM shard"

    def __init__(self, name, folder, command, needs, host=None):
        self.name, self.folder, self.command, self.needs = name, folder, command, needs
        self.database = "peer_" + name.replace("-", "_")
        self.host = host
        self.process = None

    def missing(self):
        return [tool for tool in self.needs if shutil.which(tool) is None]

    def build(self, work):
        """Once per source folder; the variants of one program share it."""
        target = work / "peers" / self.folder
        if not (target / ".built").exists():
            target.mkdir(parents=True, exist_ok=True)
            subprocess.run([HERE / self.folder / "build.sh", target], check=True)
            (target / ".built").touch()
        self.command = [part.format(target) for part in self.command]

    def prepare(self, stack):
        stack.sql(f"CREATE DATABASE {self.database}", "postgres")
        stack.sql((HERE / "schema.sql").read_text(), self.database)

    def environment(self, stack):
        own = stack.environment()
        return {"PATH": own["PATH"], "HOME": os.environ.get("HOME", "/"),
                "PEER_BROKERS": own["REDRESS_KAFKA_BROKERS"], "PEER_SESSION_MS": str(SESSION_MS),
                "PGHOST": self.host or own["REDRESS_DATABASE_HOST"], "PGUSER": "peer",
                "PGPORT": own["REDRESS_DATABASE_PORT"], "PGPASSWORD": "peer",
                "PGDATABASE": self.database}

    def start(self, stack):
        log = open(os.path.join(stack.folder, f"{self.name}.log"), "ab")
        self.process = subprocess.Popen(self.command, env=self.environment(stack), stdout=log,
                                        stderr=log)
        log.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=STOP_DEADLINE_S)

    def pids(self):
        return [self.process.pid]

    def peak_mib(self):
        """Of the largest process."""
        texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self.pids()]
        return max(int(text.split("VmHWM:")[1].split()[0]) for text in texts) / 1024


class Ours(Contestant):
    offsets = "SELECT coalesce(sum(next_offset), 0) FROM progress"

    def __init__(self, programs):
        super().__init__("ours", None, [str(programs / "tally")], ())
        self.database = "tally"

    def build(self, work):
        pass

    def prepare(self, stack):
        pass  # Stack.open made it

    def environment(self, stack):
        return {**stack.environment(), "REDRESS_TALLY_BELL": "0ms",
                "REDRESS_SESSION_TIMEOUT": f"{SESSION_MS}ms", "REDRESS_DATABASE_TIMEOUT": "30s"}


def contestants(programs):
    java = ["java", "-Xmx512m", "-jar", "{}/peer.jar"]
    return [
        Ours(programs),
        Contestant("go", "go", ["{}/peer"], ("go", "protoc")),
        Contestant("spring-batch", "java", java + ["--spring.profiles.active=batch"],
                   ("java", "javac", "mvn", "protoc"), "127.0.0.1"),
        Contestant("spring-record", "java", java + ["--spring.profiles.active=record"],
                   ("java", "javac", "mvn", "protoc"), "127.0.0.1"),
        Contestant("python", "python", ["{}/venv/bin/python", "{}/peer.py"],
                   ("python3", "protoc")),
    ]


class Bench:
    def __init__(self, stack, options):
        self.stack, self.options = stack, options
        self.random = random.Random(options.seed)
        self.published = 0
        self.taking_part = []
        self.result = {"options": {**vars(options), "programs": str(options.programs),
                                   "work": str(options.work)},
                       "processors": os.cpu_count(), "load_before": os.getloadavg(),
                       "crashes": {}, "runs": {}}

    def say(self, text):
        print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)

    def prepare(self):
        self.stack.open()
        self.stack.sql("CREATE ROLE peer LOGIN PASSWORD 'peer'", "postgres")
        for one in contestants(self.options.programs):
            if self.options.only and one.name not in self.options.only:
                continue
            if one.missing():
                print(f"{one.name}: skipped, there is no {' or '.join(one.missing())} here")
                continue
            one.build(self.options.work)
            one.prepare(self.stack)
            self.taking_part.append(one)

    def publish(self, count):
        self.say(f"publishing {count} requests")
        while count > 0:
            part = min(count, 100000)
            self.stack.feed("publish", self.published, part, self.options.orders)
            self.published += part
            count -= part

    def wait_for(self, one, psql, wanted, seconds, poll_s=POLL_S):
        """Waits until `wanted` events are saved or the time is over; how many are saved."""
        until = time.monotonic() + seconds
        while (saved := psql.number(one.offsets)) < wanted and time.monotonic() < until:
            if one.process.poll() is not None:
                raise SystemExit(f"{one.name} ended with code {one.process.returncode}; its log is"
                                 f" {self.stack.folder}/{one.name}.log")
            time.sleep(poll_s)
        return saved

    def read(self, one):
        pid = (pathlib.Path(self.stack.folder, "kafka/pid")).read_text()
        data = self.stack.postgres("data")
        postmaster = int(pathlib.Path(data, "postmaster.pid").read_text().split()[0])
        return {"worker": sum(stat(process)[1] for process in one.pids()),
                "postgres": family(postmaster)[0], "kafka": without_compiler(int(pid)),
                "machine": machine_s(), "s": time.monotonic()}

    def crash(self, one):
        """Kills it in the middle again and again; then rows and outputs must be exact."""
        psql = Psql(self.stack, one.database)
        begun = self.stack.feed("ends").split()
        kills, saved = 0, 0
        for _ in range(self.options.kills):
            one.start(self.stack)
            saved = self.wait_for(one, psql, saved + 1, START_DEADLINE_S)
            time.sleep(self.random.random() * 0.3)
            one.kill()
            kills += saved < self.published
        one.start(self.stack)
        self.wait_for(one, psql, saved + 1, START_DEADLINE_S)
        self.wait_for(one, psql, self.published, self.options.seconds)
        one.stop()
        saved = psql.number(one.offsets)
        rows = psql.number("SELECT sum(requests) FROM tally")
        psql.close()
        said = dict(pair.split("=") for pair in self.stack.feed("check", *begun).split())
        said = {name: int(value) for name, value in said.items()}
        good = (rows == saved == said["requests"] == said["events"] - said["repeated"]
                and said["gaps"] == said["disorder"] == said["differing"] == 0)
        self.result["crashes"][one.name] = {"kills": kills, "saved": saved, "rows": rows,
                                            "said": said, "good": good}
        print(f"{one.name}: {kills} times killed in the middle, {saved} events saved, {rows} counted,"
              f" {said['events']} published ({said['repeated']} again):"
              f" {'all exact' if good else f'WRONG {said}'}", flush=True)

    def drain(self, one):
        """Costs of the backlog behind its first part, which warms up caches and compilers."""
        psql = Psql(self.stack, one.database)
        begun = psql.number(one.offsets)
        one.start(self.stack)
        self.wait_for(one, psql, begun + 1, START_DEADLINE_S)
        warm = begun + int((self.published - begun) * WARM_PART)
        first = self.wait_for(one, psql, warm, self.options.seconds / 4, DRAIN_POLL_S)
        before = self.read(one)
        last = self.wait_for(one, psql, self.published, self.options.seconds, DRAIN_POLL_S)
        after = self.read(one)
        run = {name: after[name] - before[name] for name in after}
        run.update(events=last - first, peak_mib=one.peak_mib())
        one.stop()
        psql.close()
        self.result["runs"].setdefault(one.name, []).append(run)
        self.say(f"{one.name}: {run['events']} events in {run['s']:.1f} s")
        return run

    def run(self):
        self.prepare()
        if self.options.kills:
            self.publish(self.options.crash_events)
            for one in self.taking_part:
                self.crash(one)
        for number in range(self.options.repetitions):
            self.publish(self.options.events)
            turn = number % len(self.taking_part)
            for one in self.taking_part[turn:] + self.taking_part[:turn]:
                self.drain(one)

    def close(self):
        for one in self.taking_part:
            if one.process is not None and one.process.poll() is None:
                one.kill()
        for log in pathlib.Path(self.stack.folder).glob("*.log"):
            shutil.copy(log, self.options.work)
        self.stack.close()


def cost(part):
    return lambda run: run[part] * 100000 / max(1, run["events"])


def total(run):
    return sum(cost(part)(run) for part in ("worker", "postgres", "kafka"))


# Title, value of a run, places after the point.
COLUMNS = (
    ("events/s", lambda run: run["events"] / run["s"], 0),
    ("worker", cost("worker"), 2),
    ("postgres", cost("postgres"), 2),
    ("kafka", cost("kafka"), 2),
    ("together", total, 2),
    ("MiB", lambda run: run["peak_mib"], 0),
)


def print_report(runs):
    """Medians with the spread of the runs, and what they are to ours."""
    if not runs:
        return
    print("\nCPU seconds per 100,000 events; median (lowest to highest)")
    print(f"{'':<15}" + "".join(f"{title:>24}" for title, _, _ in COLUMNS))
    medians = {}
    for name, mine in runs.items():
        line = f"{name:<15}"
        for title, value, places in COLUMNS:
            values = [value(run) for run in mine]
            medians[name, title] = statistics.median(values)
            line += (f"{medians[name, title]:,.{places}f} ({min(values):,.{places}f}"
                     f" to {max(values):,.{places}f})").rjust(24)
        print(line)
    if "ours" not in runs:
        return
    print(f"\nBeside ours\n{'':<15}" + "".join(f"{title:>24}" for title, _, _ in COLUMNS))
    for name in runs:
        print(f"{name:<15}" + "".join(
            f"{medians[name, title] / max(1e-9, medians['ours', title]):>24.2f}"
            for title, _, _ in COLUMNS))
    ours = [(run["machine"] - sum(run[part] for part in ("worker", "postgres", "kafka"))) / run["s"]
            for mine in runs.values() for run in mine]
    print(f"Other programs used {min(ours):.1f} to {max(ours):.1f} processors meanwhile.")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin",
                        help="folder of tally and feed")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench",
                        help="folder for the stack, the peers and peers.json")
    parser.add_argument("--events", type=int, default=300000, help="of a backlog (300000)")
    parser.add_argument("--orders", type=int, default=50000, help="that they are about (50000)")
    parser.add_argument("--repetitions", type=int, default=5, help="backlogs (5)")
    parser.add_argument("--seconds", type=int, default=120, help="longest for one backlog (120)")
    parser.add_argument("--kills", type=int, default=5, help="of each before all else (5)")
    parser.add_argument("--crash-events", type=int, default=100000,
                        help="events meanwhile (100000)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of kills (1)")
    parser.add_argument("--only", nargs="+", help="names of those that take part")
    return parser.parse_args()


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options.work = options.work.resolve()
    folder = options.work / "peers-stack"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bench = Bench(Stack(str(options.programs.resolve()), str(folder)), options)
    try:
        bench.run()
    finally:
        bench.close()
        (options.work / "peers.json").write_text(json.dumps(bench.result, indent=1, default=str))
        print_report(bench.result["runs"])
    return 0 if all(crash["good"] for crash in bench.result["crashes"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
