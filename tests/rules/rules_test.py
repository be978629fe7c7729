#!/usr/bin/env python3
"""Tests how rule sets reach a worker, with the clerk (clerk.c) on a real Kafka and PostgreSQL.

The clerk notes for each request which rules it was decided by. Good, wrong and hostile rule sets are
published, instances are killed in between; every rule set gets its verdict, said with the same bytes
however often, and no two instances decide by different rules.

    rules_test.py BIN [--kills N] [--seed S]        limit: 300 s

BIN is the folder of clerk and redressctl.
"""

import argparse
import base64
import glob
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LOCAL = os.path.join(ROOT, "deploy", "local")
RULES, REQUESTS, CONTROL = "refunds.rules.v1", "refunds.requests.v1", "refunds.control.v1"
PASSWORD = "clerk"
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")  # RFC 8410, before the seed
HEAD = ('<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="m" namespace="m">'
        '<decision name="Assessment"><variable name="Assessment"/><literalExpression><text>')
TAIL = "</text></literalExpression></decision></definitions>"


def run(*command, env=None, check=True, data=None):
    done = subprocess.run(command, capture_output=True, timeout=150, check=False, input=data,
                          env=env)
    if check and done.returncode != 0:
        raise OSError(f"{' '.join(command)[:200]}: exit code {done.returncode}\n"
                      f"{done.stderr.decode()[-500:]}")
    return done


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


class Key:
    """A key pair as redressctl keeps it, and the layout of proto/README.md a second time."""

    def __init__(self, folder, path):
        with open(path, encoding="ascii") as file:
            self.id, seed = file.read().strip().split(":")
        self.path, self.der = path, os.path.join(folder, self.id + ".der")
        with open(self.der, "wb") as file:
            file.write(PKCS8 + bytes.fromhex(seed))

    def sign(self, rules):
        message = self.der + ".bytes"
        with open(message, "wb") as file:
            file.write(layout(rules))
        made = run("openssl", "pkeyutl", "-sign", "-inkey", self.der, "-keyform", "DER", "-rawin",
                   "-in", message).stdout
        signatures = rules.get("signatures", []) + [
            {"keyId": self.id, "signature": base64.b64encode(made).decode()}]
        return {**rules, "signatures": signatures}


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def integer(value):
    return struct.pack(">q", int(value))


def micros(value):
    if not value:
        return integer(0)
    seconds = time.mktime(time.strptime(value, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    return integer(int(seconds) * 1000000)


def content(rules):
    if "model" in rules:
        model = rules["model"]
        return (integer(9) + integer({"POLICY": 1, "AUTHORITY": 2}[model["purpose"]]) +
                integer({"PURCHASE": 1, "REQUEST": 2}[model["judgedBy"]]) + text(model["sha256"]))
    if "limits" in rules:
        return (integer(11) + integer(rules["limits"]["automaticPerHour"]) +
                integer(0) * 7)
    stop = rules["stop"]
    return (integer(12) + integer(stop.get("stopped", False)) + text(stop.get("merchantId", "")) +
            integer(0) + text("") + text("") + text(stop["reason"]))


def layout(rules):
    return (text("redress.rules.v1") + text(rules.get("merchantId", "")) + text(rules["id"]) +
            integer(rules["version"]) + micros(rules["publishedAt"]) +
            micros(rules.get("validFrom")) + text(rules["author"]["id"]) + integer(0) +
            text(rules.get("correction", "")) + content(rules))


def model_of(expression):
    data = expression if isinstance(expression, bytes) else (HEAD + expression + TAIL).encode()
    digest = hashlib.sha256(b"m.dmn\0" + struct.pack(">q", len(data)) + data).hexdigest()
    return {"purpose": "POLICY", "judgedBy": "REQUEST", "sha256": digest,
            "files": [{"name": "m.dmn", "content": base64.b64encode(data).decode()}]}


def rules_of(name, version, **more):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"id": name, "version": str(version), "publishedAt": now, "author": {"id": "mia"},
            **more}


class Stack:
    """Kafka, PostgreSQL, and any number of clerks."""

    def __init__(self, binaries, folder):
        self.binaries, self.folder = binaries, folder
        self.clerks, self.requests = {}, 0
        self.log = open(os.path.join(folder, "clerk.log"), "ab")

    def open(self):
        self.local("kafka.sh", "start", "kafka")
        self.local("postgres.sh", "start", "postgres")
        self.make_database()
        self.ctl("topics", "create")
        for name in ("one", "two", "stranger"):
            self.ctl("keys", "generate", name, "--out", self.folder)
        keys = [Key(self.folder, os.path.join(self.folder, name + ".key"))
                for name in ("one", "two", "stranger")]
        self.public = ",".join(open(os.path.join(self.folder, name + ".pub"),
                                    encoding="ascii").read().strip() for name in ("one", "two"))
        return keys

    def local(self, script, action, part, *more):
        return run(os.path.join(LOCAL, script), action, os.path.join(self.folder, part),
                   *more).stdout.decode().strip()

    def sql(self, statement, database="policy"):
        return self.local("postgres.sh", "psql", "postgres", database, "-X", "-q", "-A", "-t", "-v",
                          "ON_ERROR_STOP=1", "-c", statement)

    def make_database(self):
        for role in ("policy", "policy_owner", "redressctl"):
            self.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'", "postgres")
        self.sql("CREATE DATABASE policy OWNER policy_owner", "postgres")
        folders = ("common/worker", "common/rules", "tests/rules")
        files = sorted(name for folder in folders
                       for name in glob.glob(os.path.join(ROOT, folder, "migrations", "*.sql")))
        versions = ", ".join(f"('{os.path.basename(name)[:4]}')" for name in files)
        script = ("SET ROLE policy_owner; CREATE TABLE schema_migrations (version varchar(128)"
                  f" PRIMARY KEY); INSERT INTO schema_migrations VALUES {versions};")
        for name in sorted(files, key=os.path.basename):
            with open(name, encoding="utf-8") as file:
                script += file.read()
        self.sql(script)

    def environment(self):
        return {"PATH": os.environ["PATH"],
                "REDRESS_KAFKA_BROKERS": self.local("kafka.sh", "address", "kafka"),
                "REDRESS_DATABASE_HOST": self.local("postgres.sh", "socket", "postgres"),
                "REDRESS_DATABASE_PORT": open(os.path.join(self.folder, "postgres", "port"),
                                              encoding="ascii").read().strip(),
                "REDRESS_DATABASE_PASSWORD": PASSWORD}

    def ctl(self, *arguments, check=True, data=None):
        return run(os.path.join(self.binaries, "redressctl"), *map(str, arguments),
                   env=self.environment(), check=check, data=data)

    def start(self, name):
        environment = {**self.environment(), "REDRESS_RULES_KEYS": self.public,
                       "REDRESS_DATABASE_TIMEOUT": "2s", "REDRESS_SESSION_TIMEOUT": "1500ms"}
        self.clerks[name] = subprocess.Popen([os.path.join(self.binaries, "clerk")],
                                             env=environment, stderr=self.log)

    def kill(self, name):
        process = self.clerks.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self, name):
        process = self.clerks.pop(name)
        process.terminate()
        assert process.wait(timeout=30) == 0

    def publish(self, rules):
        self.ctl("publish", RULES, "-", data=json.dumps(rules).encode())

    def ask(self, count=6):
        """Requests, one for each of some orders; returns their ids. They say to the microsecond when
        they were made: what is published in the same second comes before them."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        ids = [f"r{self.requests + i}" for i in range(count)]
        lines = [json.dumps({"merchantId": "shop", "requestId": name, "orderId": f"o-{name}",
                             "occurredAt": now}) for name in ids]
        self.requests += count
        self.ctl("publish", REQUESTS, "-", data="\n".join(lines).encode())
        return ids

    def notes(self, ids):
        """Everything that these requests were decided by."""
        listed = ",".join(f"'{name}'" for name in ids)
        rows = self.sql("SELECT model_id, version, limits, stopped FROM note WHERE request_id IN"
                        f" ({listed})").split("\n")
        return rows if rows != [""] else []

    def decided_by(self):
        """The one set of rules that six new requests were decided by."""
        ids = self.ask()
        wait_until(lambda: len(self.notes(ids)) == len(ids), 60, "the requests are decided")
        rows = set(self.notes(ids))
        assert len(rows) == 1, rows
        return rows.pop()

    def verdicts(self, name, version=1):
        """Every verdict on it, in the order of the log: (accepted, reason). What is not believed has
        only the key of its record as its id."""
        rows = self.sql("SELECT accepted, reason FROM view.rule_set WHERE"
                        f" (id, version) = ('{name}', {version}) OR id = '{name}/{version}'"
                        " ORDER BY log_offset")
        return [(row[0] == "t", row[2:]) for row in rows.split("\n") if row]

    def verdict(self, name, version=1, after=0):
        """The latest verdict, once there are more than `after`."""
        wait_until(lambda: len(self.verdicts(name, version)) > after, 60,
                   f"a verdict on {name}/{version}")
        return self.verdicts(name, version)[-1]

    def said(self):
        """ce_id -> what identifies the bytes of each record on the control topic that has it."""
        said = {}
        for line in self.ctl("events", CONTROL, "--digest").stdout.decode().splitlines():
            event = json.loads(line)
            digest = json.dumps([event["partition"], event["key"], event["headers"],
                                 event["sha256"]], sort_keys=True)
            said.setdefault(event["headers"]["ce_id"], []).append(digest)
        return said

    def told(self):
        """Every verdict is said, and marked so."""
        wait_until(lambda: self.sql("SELECT count(*) FROM rule_set WHERE NOT told") == "0", 60,
                   "every verdict is said")
        offsets = self.sql("SELECT log_offset FROM rule_set").split("\n")
        said = self.said()
        missing = [offset for offset in offsets if f"policy/rules/{offset}" not in said]
        assert not missing, f"no verdict said on offsets {missing}"
        differing = [name for name, digests in said.items() if len(set(digests)) != 1]
        assert not differing, f"said again with other bytes: {differing}"
        return said

    def close(self):
        for process in self.clerks.values():
            process.kill()
            process.wait()
        self.local("kafka.sh", "destroy", "kafka")
        self.local("postgres.sh", "destroy", "postgres")
        self.log.close()


class Scenarios:
    def __init__(self, stack, keys, kills, seed):
        self.stack, self.kills, self.random = stack, kills, random.Random(seed)
        self.one, self.two, self.stranger = keys
        self.expected = None

    def model(self, name, expression):
        path = os.path.join(self.stack.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(HEAD + expression + TAIL)
        return path

    def a_model_is_published_and_decides(self):
        self.stack.start("a")
        wait_until(lambda: self.stack.sql("SELECT count(*) FROM shard") == "6" or
                   self.stack.clerks["a"].poll() is not None, 60, "the clerk starts")
        assert self.stack.clerks["a"].poll() is None, "the clerk ended"
        assert self.stack.decided_by() == "|0|0|f"
        path = self.model("shop.dmn", "1 + 1")
        publish = ("policy", "publish", path, "--key", self.one.path, "--valid-from",
                   "1970-01-01T00:00:00Z", "--correction", "first rules")
        assert "shop/1 accepted" in self.stack.ctl(*publish).stdout.decode()
        assert "says the same already" in self.stack.ctl(*publish).stdout.decode()
        assert self.stack.decided_by() == "shop|1|0|f"

    def one_that_begins_later_decides_later(self):
        path = self.model("shop.dmn", "1 + 2")
        self.stack.ctl("policy", "publish", path, "--key", self.one.path, "--valid-from",
                       "2999-01-01T00:00:00Z")
        assert self.stack.decided_by() == "shop|1|0|f"

    def refuse(self, rules, reason):
        before = len(self.stack.verdicts(rules["id"], rules["version"]))
        self.stack.publish(rules)
        accepted, why = self.stack.verdict(rules["id"], rules["version"], before)
        assert not accepted and reason in why, why

    def whoever_may_not_sign_changes_nothing(self):
        good = rules_of("signed", 1, model=model_of("1"))
        self.refuse(good, "0 signatures")
        self.refuse(self.stranger.sign(good), "key stranger may not sign")
        forged = self.one.sign(good)
        self.refuse({**forged, "merchantId": "shop"}, "does not hold")
        self.refuse({**forged, "model": model_of("2")}, "does not hold")
        before = len(self.stack.verdicts("signed"))
        self.stack.publish(forged)
        assert self.stack.verdict("signed", 1, before) == (True, "")
        rows = self.stack.sql("SELECT count(*) FROM rule_set")
        self.stack.publish(forged)  # a replay is nothing new
        self.refuse(self.one.sign(rules_of("signed", 1, model=model_of("3"))), "other content")
        assert int(self.stack.sql("SELECT count(*) FROM rule_set")) == int(rows) + 1
        past = rules_of("past", 1, model=model_of("4"), validFrom="2020-01-01T00:00:00Z")
        self.refuse(self.one.sign(past), "it is no correction")
        self.expected = self.stack.decided_by()
        assert self.expected == "signed|1|0|f"

    def hostile_models_are_refused(self):
        bomb = ('<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(8)) +
            "]>" + HEAD + "&i;" + TAIL).encode()
        hostile = {
            "broken": ("1 +", "m.dmn:1"), "bomb": (bomb, ""), "no-xml": (b"\0\1\2", ""),
            "deep": ("(" * 10000 + "1" + ")" * 10000, ""),
            "deep-xml": (("<a>" * 10000 + "</a>" * 10000).encode(), ""),
            "large": ('"' + "x" * 1100000 + '"', ""),
        }
        for name, (expression, reason) in hostile.items():
            self.refuse(self.one.sign(rules_of(name, 1, model=model_of(expression))), reason)
            print(f"       {name}: {self.stack.verdict(name)[1][:120]}")
        assert self.stack.decided_by() == self.expected

    def garbage_is_told_once(self):
        before = int(self.stack.sql("SELECT count(*) FROM rule_set WHERE kind = 'unknown'"))
        path = os.path.join(self.stack.folder, "garbage")
        for data in (os.urandom(4000), b"", b"\x52\xff\xff\xff\xff\x0f", b"\x0a\x80" * 5000):
            with open(path, "wb") as file:
                file.write(data)
            self.stack.ctl("publish", RULES, path, "--raw", "--key", "garbage/1", "--header",
                           "ce_id=x")
        wait_until(lambda: int(self.stack.sql("SELECT count(*) FROM rule_set WHERE kind ="
                                              " 'unknown'")) == before + 4, 60, "4 refusals")
        with open(path, "wb") as file:
            file.write(b"x" * 10 * 1024 * 1024)
        done = self.stack.ctl("publish", RULES, path, "--raw", "--key", "large/1", check=False)
        assert done.returncode == 1 and done.stderr, done
        done = self.stack.ctl("policy", "publish", path, "--key", self.one.path, check=False)
        assert done.returncode == 1 and b"1048576" in done.stderr, done.stderr
        assert self.stack.decided_by() == self.expected

    def limits_need_two_keys(self):
        limits = rules_of("limits", 1, limits={"automaticPerHour": "5"})
        self.refuse(self.one.sign(limits), "need 2")
        self.refuse(self.one.sign(self.one.sign(limits)), "of one key")
        self.refuse(self.stranger.sign(self.one.sign(limits)), "key stranger may not sign")
        before = len(self.stack.verdicts("limits"))
        self.stack.publish(self.two.sign(self.one.sign(limits)))
        assert self.stack.verdict("limits", 1, before) == (True, "")
        assert self.stack.decided_by() == "signed|1|1|f"

    def a_stop_holds_until_it_is_resumed(self):
        for version, stopped in ((1, True), (2, False)):
            stop = {"reason": "why", "merchantId": "shop"}
            if stopped:
                stop["stopped"] = True
            self.stack.publish(self.two.sign(rules_of("stop-shop", version, stop=stop)))
            assert self.stack.verdict("stop-shop", version)[0]
            assert self.stack.decided_by() == "signed|1|1|" + ("t" if stopped else "f")
        self.refuse(self.two.sign(rules_of("stop-shop", 3, stop={"reason": "why"})), "another id")

    def correction(self, version):
        self.stack.publish(self.one.sign(rules_of(
            "quick", version, model=model_of(str(version)), correction="test",
            validFrom="2026-01-01T00:00:00Z" if version % 2 else "2026-01-02T00:00:00Z")))

    def agreed(self):
        """Every note names the model in force at its revision."""
        wrong = self.stack.sql(
            "SELECT count(*) FROM note n WHERE model_id IS NOT NULL AND (model_id, version) <>"
            " (SELECT r.id, r.version FROM rule_set r WHERE kind = 'policy' AND r.revision <="
            " n.revision AND r.valid_from < '2900-01-01' ORDER BY valid_from DESC, revision DESC"
            " LIMIT 1)")
        assert wrong == "0", f"{wrong} requests were decided by other rules than were in force"

    def instances_never_disagree(self):
        self.stack.start("b")
        asked = []
        for version in range(1, 11):
            self.correction(version)
            asked += self.stack.ask(12)
        wait_until(lambda: len(self.stack.notes(asked)) == len(asked), 90, "all decided")
        assert self.stack.verdict("quick", 10)[0]
        self.agreed()
        owners = self.stack.sql("SELECT count(DISTINCT owner) FROM shard")
        assert owners == "2", f"{owners} instances own shards"

    def killed_between_writing_and_saying(self):
        asked, version = [], 10
        for _ in range(self.kills):
            for _ in range(3):
                version += 1
                self.correction(version)
            asked += self.stack.ask()
            time.sleep(self.random.random() * 0.3)
            name = self.random.choice(("a", "b"))
            self.stack.kill(name)
            self.stack.start(name)
        wait_until(lambda: len(self.stack.notes(asked)) == len(asked), 90, "all decided")
        for each in range(1, version + 1):
            assert self.stack.verdict("quick", each)[0]
        self.agreed()
        self.stack.told()

    def what_was_not_said_is_said_with_the_same_bytes(self):
        for name in list(self.stack.clerks):
            self.stack.stop(name)
        before = self.stack.told()
        offset = self.stack.sql("SELECT min(log_offset) FROM rule_set")
        self.stack.sql(f"UPDATE rule_set SET told = false WHERE log_offset = {offset}")
        self.stack.start("a")
        name = f"policy/rules/{offset}"
        wait_until(lambda: len(self.stack.said()[name]) == len(before[name]) + 1, 60, "said again")
        self.stack.told()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["TZ"] = "UTC"
    time.tzset()
    folder = tempfile.mkdtemp(prefix="redress-rules-")
    stack = Stack(os.path.abspath(options.binaries), folder)
    passed, failed = 0, 0
    try:
        scenarios = Scenarios(stack, stack.open(), options.kills, options.seed)
        names = [name for name in vars(Scenarios) if not name.startswith("_")]
        for name in names:
            if name in ("model", "refuse", "correction", "agreed"):
                continue
            begun = time.monotonic()
            try:
                getattr(scenarios, name)()
                passed += 1
                print(f"ok     {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as problem:
                failed += 1
                print(f"FAILED {name}: {problem!r}", flush=True)
                if name == "a_model_is_published_and_decides":
                    break
    finally:
        stack.close()
        if failed:
            print(open(os.path.join(folder, "clerk.log"), encoding="utf-8").read()[-3000:])
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
