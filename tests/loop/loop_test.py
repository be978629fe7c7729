#!/usr/bin/env python3
"""Tests the worker loop by itself, with the tally (tally.c) on a real Kafka and PostgreSQL.

The tally counts requests and rung deadlines per order and says both in an event. Whatever dies in
between, the counts must be exact, every version said once and in order, and what is said again must
be the same bytes.

    loop_test.py BIN [--kills N] [--seed S]    BIN is the folder of tally and feed
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LOCAL = os.path.join(ROOT, "deploy", "local")
ORDERS = 300


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False,
                          **options)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout.strip()


class Stack:
    """Kafka, PostgreSQL, and any number of tallies."""

    def __init__(self, binaries, folder, partitions=6):
        self.binaries, self.folder, self.partitions = binaries, folder, partitions
        self.tallies = {}
        self.log = open(os.path.join(folder, "tally.log"), "ab")

    def open(self):
        self.kafka("start")
        self.postgres("start")
        self.make_database()
        self.feed("topics", self.partitions)

    def kafka(self, action):
        return run(os.path.join(LOCAL, "kafka.sh"), action, os.path.join(self.folder, "kafka"))

    def postgres(self, action):
        return run(os.path.join(LOCAL, "postgres.sh"), action,
                   os.path.join(self.folder, "postgres"))

    def sql(self, statement, database="tally"):
        return run(os.path.join(LOCAL, "postgres.sh"), "psql",
                   os.path.join(self.folder, "postgres"), database, "-X", "-q", "-A", "-t",
                   "-v", "ON_ERROR_STOP=1", "-c", statement)

    def make_database(self):
        for role in ("tally", "tally_owner", "redressctl"):
            self.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'tally'", "postgres")
        self.sql("CREATE DATABASE tally OWNER tally_owner", "postgres")
        folders = [os.path.join(ROOT, "common", "worker", "migrations"),
                   os.path.join(HERE, "migrations")]
        files = [os.path.join(folder, name) for folder in folders
                 for name in sorted(os.listdir(folder))]
        versions = ", ".join(f"('{os.path.basename(name)[:4]}')" for name in files)
        script = ("SET ROLE tally_owner; CREATE TABLE schema_migrations (version varchar(128)"
                  f" PRIMARY KEY); INSERT INTO schema_migrations VALUES {versions};")
        for name in files:
            with open(name, encoding="utf-8") as file:
                script += file.read()
        self.sql(script)

    def environment(self):
        return {"PATH": os.environ["PATH"],
                "REDRESS_KAFKA_BROKERS": self.kafka("address"),
                "REDRESS_DATABASE_HOST": self.postgres("socket"),
                "REDRESS_DATABASE_PORT": open(os.path.join(self.folder, "postgres", "port"),
                                              encoding="ascii").read().strip(),
                "REDRESS_DATABASE_PASSWORD": "tally",
                "REDRESS_DATABASE_TIMEOUT": "2s",
                "REDRESS_SESSION_TIMEOUT": "1500ms",
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}

    def feed(self, *arguments):
        lines = run(os.path.join(self.binaries, "feed"), *map(str, arguments),
                    env=self.environment()).splitlines()
        return lines[-1] if lines else ""

    def start(self, name):
        self.tallies[name] = subprocess.Popen([os.path.join(self.binaries, "tally")],
                                              env={**self.environment(),
                                                   "REDRESS_TALLY_BELL": "500ms"},
                                              stderr=self.log)

    def kill(self, name, number=signal.SIGKILL):
        self.tallies[name].send_signal(number)
        if number == signal.SIGKILL:
            self.tallies.pop(name).wait()

    def stop(self, name):
        """Exit code and seconds of an orderly stop."""
        process, begun = self.tallies.pop(name), time.monotonic()
        process.terminate()
        return process.wait(timeout=30), time.monotonic() - begun

    def check(self):
        return dict((key, int(value)) for key, value in
                    (pair.split("=") for pair in self.feed("check").split()))

    def counts(self):
        return tuple(map(int, self.sql("SELECT coalesce(sum(requests), 0), coalesce(sum(rings), 0)"
                                       " FROM tally").split("|")))

    def close(self):
        for process in self.tallies.values():
            process.kill()
            process.wait()
        self.kafka("destroy")
        self.postgres("destroy")
        self.log.close()


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Scenarios:
    def __init__(self, stack, kills, seed):
        self.stack, self.kills, self.random = stack, kills, random.Random(seed)
        self.published = 0

    def publish(self, count):
        self.stack.feed("publish", self.published, count, ORDERS)
        self.published += count

    def settled(self, seconds=60):
        """Every request counted and rung exactly once, and said so without gap or difference."""
        wanted = (self.published, self.published)
        wait_until(lambda: self.stack.counts() == wanted, seconds,
                   f"requests and rings {wanted}, they are {self.stack.counts()}")
        wait_until(lambda: self.stack.check()["requests"] == self.published, 20,
                   f"all said: {self.stack.check()}")
        said = self.stack.check()
        for name in ("gaps", "disorder", "differing"):
            assert said[name] == 0, said
        assert said["rings"] == self.published, said
        assert self.stack.counts() == wanted

    def happy_path(self):
        self.stack.start("a")
        self.publish(5000)
        self.settled()

    def poison_goes_to_the_dead_letters(self):
        count = int(self.stack.feed("poison"))
        wait_until(lambda: int(self.stack.feed("dead-letters")) == count, 60,
                   f"{count} dead letters")
        self.publish(100)
        self.settled()

    def killed_under_load(self):
        for turn in range(self.kills):
            before = self.stack.counts()
            self.publish(self.random.randrange(200, 3000))
            wait_until(lambda: self.stack.counts() != before, 60, "the worker works")
            time.sleep(self.random.random() * 0.1)
            self.stack.kill("a")
            self.stack.start("a")
        self.settled(90)

    def killed_right_after_deadlines(self):
        for _ in range(3):
            before = self.stack.counts()[1]
            self.publish(400)
            wait_until(lambda: self.stack.counts()[0] == self.published, 60, "all counted")
            wait_until(lambda: self.stack.counts()[1] > before, 60, "a deadline rings")
            self.stack.kill("a")
            self.stack.start("a")
        self.settled(90)

    def several_instances_and_rebalances(self):
        for name in ("b", "c"):
            self.publish(1500)
            self.stack.start(name)
        self.publish(1500)
        time.sleep(1)
        self.stack.kill("b")
        self.publish(1500)
        code, seconds = self.stack.stop("c")
        assert code == 0 and seconds < 5, (code, seconds)
        self.settled(90)

    def refused_for_lack_of_room(self):
        with open(os.path.join(self.stack.folder, "postgres", "home"), encoding="utf-8") as file:
            home = file.read().strip()
        with open(os.path.join(home, "log"), encoding="utf-8") as log:
            return sum("shared rows" in line and "ERROR" in line for line in log)

    def a_limit_that_shards_share(self):
        """Three instances take from the same purses at once: never more than there is, nothing
        granted twice or lost, and a refused save is decided again."""
        for name in ("b", "c"):
            self.stack.start(name)
        wait_until(lambda: self.stack.sql("SELECT count(DISTINCT owner) FROM shard") == "3", 60,
                   "three owners")
        self.stack.sql("INSERT INTO purse SELECT n, 0, 0 FROM generate_series(0, 2) n")
        for turn in range(30):
            self.stack.sql("UPDATE purse SET most = used + 200")
            self.publish(1200)
            if turn == 1:
                self.stack.kill("b")
                self.stack.start("b")
            self.settled(90)
            assert self.stack.sql("SELECT bool_and(used = most) FROM purse") == "t"
            assert self.stack.sql("SELECT sum(granted) = (SELECT sum(used) FROM purse)"
                                  " FROM tally") == "t"
            if turn >= 2 and self.refused_for_lack_of_room() > 0:
                break
        assert self.refused_for_lack_of_room() > 0, "no save was refused"
        self.stack.sql("DELETE FROM purse")
        for name in ("b", "c"):
            assert self.stack.stop(name)[0] == 0

    def frozen_past_its_session_and_woken(self):
        self.stack.start("b")
        self.publish(2000)
        time.sleep(0.3)
        self.stack.kill("a", signal.SIGSTOP)
        self.publish(2000)
        wait_until(lambda: self.stack.counts()[0] == self.published, 60,
                   "the other instance takes over")
        self.stack.kill("a", signal.SIGCONT)
        self.publish(2000)
        self.settled(90)
        self.stack.kill("b")

    def database_restarted_under_load(self):
        for action in ("restart", "kill"):
            self.publish(1500)
            self.stack.postgres(action)
            if action == "kill":
                self.stack.postgres("start")
            self.publish(500)
        self.settled(90)

    def broker_restarted_under_load(self):
        for action in ("restart", "kill"):
            self.publish(1500)
            self.stack.kafka(action)
            if action == "kill":
                self.stack.kafka("start")
            self.publish(500)
        self.settled(120)

    def stops_in_order_within_5_seconds(self):
        self.publish(2000)
        code, seconds = self.stack.stop("a")
        assert code == 0 and seconds < 5, (code, seconds)
        assert self.stack.sql("SELECT count(*) FROM shard WHERE owner IS NOT NULL") == "0"
        self.stack.start("a")
        self.settled()

    def restored_database_is_refused(self):
        data = self.stack.postgres("data")
        assert self.stack.stop("a")[0] == 0
        self.stack.postgres("stop")
        saved = data + ".saved"
        run("cp", "-a", data, saved)
        self.stack.postgres("start")
        self.stack.start("a")
        self.publish(1000)
        self.settled()
        assert self.stack.stop("a")[0] == 0
        self.stack.postgres("stop")
        shutil.rmtree(data)
        os.rename(saved, data)
        self.stack.postgres("start")
        self.stack.start("a")
        assert self.stack.tallies.pop("a").wait(timeout=60) == 1
        with open(self.stack.log.name, encoding="utf-8") as log:
            assert "was restored to an earlier state" in log.read()


NAMES = ["happy_path", "poison_goes_to_the_dead_letters", "killed_under_load",
         "killed_right_after_deadlines", "several_instances_and_rebalances",
         "a_limit_that_shards_share",
         "frozen_past_its_session_and_woken", "database_restarted_under_load",
         "broker_restarted_under_load", "stops_in_order_within_5_seconds",
         "restored_database_is_refused"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="redress-loop-")
    stack = Stack(os.path.abspath(arguments.binaries), folder)
    scenarios = Scenarios(stack, arguments.kills, arguments.seed)
    passed = failed = 0
    try:
        stack.open()
        for name in NAMES:
            begun = time.monotonic()
            try:
                getattr(scenarios, name)()
                passed += 1
                print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            except (AssertionError, subprocess.SubprocessError, OSError, ValueError) as problem:
                failed += 1
                print(f"FAIL {name}: {problem}", flush=True)
                break
    finally:
        stack.close()
        if failed:
            with open(os.path.join(folder, "tally.log"), encoding="utf-8") as log:
                print("".join(log.readlines()[-30:]))
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed + len(NAMES) - passed - failed} failed")
    return 0 if passed == len(NAMES) else 1


if __name__ == "__main__":
    sys.exit(main())
