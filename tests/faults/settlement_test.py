#!/usr/bin/env python3
"""Settlement under fire: faulty providers, and SIGKILL in between; the provider's log decides.

    settlement_test.py PROGRAMS [--payouts N] [--kills N] [--seed S] [--instances N] [--providers LIST]
                       [--unsteady RATE] [--json FILE]                                          limit: 420 s

Kafka, PostgreSQL, the provider sandbox and settlement alone, fed with approvals whose MACs hold (traffic.py;
some do not). About every fifth call goes wrong in one of the sandbox's ways, and the webhooks come late,
twice and in another order. All the while instances of settlement are killed with SIGKILL, by a seeded
schedule, in the middle of batches; every tenth time one is frozen until others have taken its shards, and
then wakes up. When everything has settled the checker (checker/) decides each promise. `make
torture-settlement SEED=7 PAYOUTS=200000 KILLS=200` is the same at length. --unsteady 0.15 is for many
faulty calls in little time: of a hundred calls 15 never arrive, 15 are not answered and 15 are refused by
a gateway.

Without arguments: the short form. The counts of what was really done are printed; the last line is "N
passed, N failed", and the exit code is 0 only if nothing failed.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE / "checker"), str(HERE.parent / "integration"),
                str(HERE.parent / "sandbox")]

import check as checker  # pylint: disable=wrong-import-position
import counting  # pylint: disable=wrong-import-position
import traffic  # pylint: disable=wrong-import-position
import receiver  # pylint: disable=wrong-import-position
from counting import check, equal, until  # pylint: disable=wrong-import-position
from stack import Stack  # pylint: disable=wrong-import-position

FAULTS = {"lost-before": 0.02, "lost-after": 0.03, "http429": 0.02, "http503": 0.015,
          "http500-before": 0.01, "http500-after": 0.015, "slow": 0.01, "pending": 0.03,
          "refused": 0.01, "late-failure": 0.01, "by-hand": 0.01, "chargeback": 0.01,
          "chargeback-won": 0.5, "key-forgotten": 0.005, "token-expired": 0.01,
          "webhook-slow": 0.05, "webhook-duplicate": 0.05, "webhook-reordered": 0.05,
          "webhook-lost": 0.002}
TIMES = {"slow-ms": 2500, "pending-ms": 1000, "late-ms": 1500, "webhook-ms": 1500}
SETTINGS = {"REDRESS_SEND_WINDOW": "1s", "REDRESS_PROVIDER_TIMEOUT": "1500ms",
            "REDRESS_PROVIDER_DELAY": "500ms", "REDRESS_POLL_FIRST": "3s",
            "REDRESS_SESSION_TIMEOUT": "1500ms", "REDRESS_DATABASE_TIMEOUT": "2s",
            "REDRESS_STRIPE_RATE": "0", "REDRESS_ADYEN_RATE": "0", "REDRESS_PAYPAL_RATE": "0"}
UNSTEADY = ("lost-before", "lost-after", "http503")
UNDER_WAY = {"RESERVED", "SUBMITTED", "UNKNOWN", "AWAITING_CAPTURE"}
BATCHES_MAX = 6  # that an instance saves before it is killed
FREEZE_EVERY = 10
STILL_S = 2
CALM_S = 45  # after the traffic, until the faults end
SETTLED_S = 600  # and as much again per 30,000 payouts
SETTLED_PAYOUTS = 30_000


class Components(Stack):
    start = "components"


class Instance:
    """One settlement process, started again as soon as it was killed."""

    def __init__(self, stack, number):
        self.stack, self.name = stack, f"settlement.{number}"
        self.port_file = stack.folder / "run" / f"{self.name}.port"
        self.log = open(stack.folder / "run" / f"{self.name}.log", "ab")
        self.starts, self.process = 0, None
        self.start()

    def start(self):
        lines = (self.stack.folder / "env/settlement").read_text().splitlines()
        environment = {"PATH": os.environ["PATH"], **dict(line.split("=", 1) for line in lines),
                       "REDRESS_HEALTH_PORT_FILE": str(self.port_file), **self.providers()}
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen([self.stack.programs / "settlement"], env=environment,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.starts += 1

    def providers(self):
        """Those beside Stripe; the sandbox is all of them."""
        folder = self.stack.folder / "secrets"
        url = f"http://127.0.0.1:{(self.stack.folder / 'sandbox.port').read_text().strip()}"
        return {"REDRESS_STRIPE_WEBHOOK_SECRET_FILE": str(folder / "stripe.webhook"),
                "REDRESS_ADYEN_WEBHOOK_KEY_FILE": str(folder / "adyen.webhook"),
                "REDRESS_PAYPAL_WEBHOOK_ID": receiver.SECRETS["paypal"],
                "REDRESS_PROVIDER_CA_FILE": str(folder / "paypal.pem"), "REDRESS_ADYEN_URL": url, "REDRESS_ADYEN_KEY_FILE": str(folder / "adyen.key"),
                "REDRESS_PAYPAL_URL": url, "REDRESS_PAYPAL_CLIENT": "test",
                "REDRESS_PAYPAL_KEY_FILE": str(folder / "paypal.key")}

    def batches(self):
        """Saved since it was started; 0 while it cannot be asked."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port_file.read_text().strip()}"
                                        "/metrics", timeout=2) as answer:
                return sum(int(line.rsplit(b" ", 1)[1]) for line in answer
                           if line.startswith(b"redress_batches_total"))
        except (OSError, ValueError):
            return 0

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        return self.process.returncode


def write_secrets(folder, url):
    """Once, before anybody reads them."""
    with urllib.request.urlopen(url + "/sandbox/certificate", timeout=30) as answer:
        (folder / "paypal.pem").write_bytes(answer.read())
    for name in ("stripe", "adyen"):
        (folder / f"{name}.webhook").write_text(receiver.SECRETS[name] + "\n", encoding="utf-8")
    for name in ("adyen.key", "paypal.key"):
        (folder / name).write_text("test\n", encoding="utf-8")


class Webhooks(threading.Thread):
    """Hands the sandbox's webhooks on to the topic, all the while."""

    def __init__(self, stack, url):
        super().__init__()
        self.bridge = receiver.Bridge(url, stack.programs / "redressctl")
        self.environment = {"PATH": os.environ["PATH"], **stack.environment}
        self.ended, self.problem = threading.Event(), None
        self.bridge.environment = self.environment

    def run(self):
        while not self.ended.is_set():
            try:
                if not self.bridge.step():
                    self.ended.wait(receiver.POLL_S)
            except (OSError, ValueError, subprocess.SubprocessError) as problem:
                self.problem = problem
                self.ended.wait(1)

    def caught_up(self, summary):
        return self.bridge.at == summary["webhooks"]["bytes"]

    def stop(self):
        self.ended.set()
        self.join()


class Campaign:
    def __init__(self, stack, options):
        self.stack, self.options = stack, options
        self.random = random.Random(options.seed)
        self.url = f"http://127.0.0.1:{(stack.folder / 'sandbox.port').read_text().strip()}"
        self.traffic = traffic.Traffic(options.seed, (stack.folder / "secrets/approval.keys")
                                       .read_text(), options.providers)
        self.done, self.faults = collections.Counter(), {}
        write_secrets(stack.folder / "secrets", self.url)
        self.instances = [Instance(stack, n) for n in range(1, options.instances + 1)]
        self.webhooks = Webhooks(stack, self.url)
        self.began = time.monotonic()

    def publish(self, approvals):
        """Some orders and their approvals, each topic as a whole but in the chunk's order."""
        lines = collections.defaultdict(list)
        for topic, line in self.traffic.chunk(approvals):
            lines[topic].append(json.dumps(line) + "\n")
        topics = sorted(lines)
        if self.random.random() < 0.2:  # approvals before their captures
            topics.reverse()
        for topic in topics:
            self.stack.publish_sealed(topic, "".join(lines[topic]))

    def trouble(self):
        """One kill, in the middle of what the instance does; now and then a freeze as well."""
        instance = self.random.choice(self.instances)
        wanted = self.random.randint(1, BATCHES_MAX)
        until(lambda: instance.batches() >= wanted or not instance.alive(), 15)
        if not instance.alive():
            self.done["ended by themselves"] += 1
            instance.start()
            return
        self.done["killed within a batch" if instance.batches() >= wanted else "killed idle"] += 1
        instance.kill()
        self.done["kills"] += 1
        if self.done["kills"] % FREEZE_EVERY == 0 and len(self.instances) > 1:
            self.freeze()

    def freeze(self):
        """One that wakes up after its shards have other owners."""
        instance = self.random.choice(self.instances)
        before = self.epochs()
        instance.process.send_signal(signal.SIGSTOP)
        moved = until(lambda: any(self.epochs().get(shard, 0) > epoch
                                  for shard, epoch in before.items()), 15)
        instance.process.send_signal(signal.SIGCONT)
        self.done["zombies" if moved else "freezes without consequence"] += 1

    def epochs(self):
        return dict((shard, int(epoch)) for shard, epoch in self.stack.sql(
            "settlement", "SELECT shard, epoch FROM shard"))

    def drive(self):
        self.webhooks.start()
        rounds = max(self.options.kills, 1)
        for turn in range(rounds):
            left = self.options.payouts - self.traffic.approvals
            self.publish(max(1, left // (rounds - turn)) if left > 0 else 1)
            if self.options.kills:
                self.trouble()
        self.done["seconds of traffic"] = round(time.monotonic() - self.began)

    def summary(self):
        with urllib.request.urlopen(self.url + "/sandbox/summary", timeout=30) as answer:
            return json.load(answer)

    def states(self):
        return {(status, provider): int(count) for status, provider, count in self.stack.sql(
            "settlement", "SELECT status, provider, count(*) FROM view.payout GROUP BY 1, 2")}

    def settled(self):
        """Nothing moves any more, and what waits waits for what will not come by itself."""
        for instance in self.instances:
            if not instance.alive():
                self.done["ended by themselves"] += 1
                instance.start()
                return False
        status = next(entry for entry in self.stack.ctl_json("status")["workers"]
                      if entry["worker"] == "settlement")
        if status.get("lag") != 0 or status.get("unpublished") != 0:
            return False
        states, summary = self.states(), self.summary()
        pending = sum(count for (state, provider), count in states.items()
                      if state in ("PENDING", "REQUIRES_ACTION") and provider != "ADYEN")
        silent = sum(count for (state, provider), count in states.items()
                     if state == "PENDING" and provider == "ADYEN")
        return not any(state in UNDER_WAY for state, _ in states) and pending == 0 and \
            silent <= summary["webhooks"]["lost"] and self.webhooks.caught_up(summary) and \
            summary["statuses"]["pending"] == 0

    def calm(self):
        """The faults end, so that the last retries do not draw lots for minutes; they are counted."""
        self.faults = self.summary()["faults"]
        with urllib.request.urlopen(urllib.request.Request(
                self.url + "/sandbox/faults", data=b"spec=", method="POST", headers={
                    "Content-Type": "application/x-www-form-urlencoded"}), timeout=30):
            pass

    def settled_twice(self):
        """What the inbox took last is published a moment later, and read after that."""
        return self.settled() and not self.webhooks.ended.wait(STILL_S) and self.settled()

    def wait(self):
        until(self.settled, CALM_S)
        self.calm()
        good = until(self.settled_twice, SETTLED_S * (1 + self.options.payouts / SETTLED_PAYOUTS))
        check("everything settles", good, {"states": self.states(),
                                           "webhooks": repr(self.webhooks.problem)})
        self.done["seconds in all"] = round(time.monotonic() - self.began)

    def stop(self):
        if self.webhooks.is_alive():
            self.webhooks.stop()
        for instance in self.instances:
            instance.stop()


def said(title, values):
    print(f"{title}: " + ", ".join(f"{key} {value}" for key, value in sorted(values.items())),
          flush=True)


def report(campaign):
    summary = campaign.summary()
    states = collections.Counter()
    for (status, _), count in campaign.states().items():
        states[status] += count
    faults = {name: count for name, count in campaign.faults.items() if count}
    said("done", campaign.done)
    said("faults", faults)
    said("webhooks", summary["webhooks"])
    said("payouts", states)
    said("provider", {"refunds": summary["refunds"], "disputes": summary["disputes"],
                      "paid twice": summary["payouts"]["duplicates"]})
    calls = sum(count for name, count in faults.items() if not name.startswith("webhook"))
    print(f"faulty calls: {calls}, {100 * calls / max(1, summary['refunds']):.1f} per 100 refunds made")
    return {"done": campaign.done, "faults": faults, "payouts": states, "webhooks":
            summary["webhooks"], "refunds": summary["refunds"], "disputes": summary["disputes"]}


def judge(campaign, options):
    stack = campaign.stack
    equal("kills that were done", campaign.done["kills"], options.kills)
    equal("instances that ended by themselves", campaign.done["ended by themselves"], 0)
    check("approvals that were made", campaign.traffic.approvals >= options.payouts,
          campaign.traffic.approvals)
    heard = stack.sql("settlement", "SELECT verified, count(*) FROM view.evidence"
                      " WHERE source = 'WEBHOOK' GROUP BY 1")
    check(f"webhooks were heard, by whether their signature held: {heard}",
          any(verified == "t" for verified, _ in heard))
    scans = stack.sql("settlement", "SELECT idx_scan > 0 FROM pg_stat_user_indexes"
                      " WHERE indexrelname = 'payment_reference'")
    equal("webhooks find their payments by the index", scans, [["t"]])
    paid = {effect["metadata"].get("payout_id") for effect in stack.effects()}
    rows = stack.sql("settlement", "SELECT refund_id, payout_id FROM view.payout")
    worthless = [refund for refund, payout in rows
                 if refund in campaign.traffic.worthless and payout in paid]
    equal(f"paid of {len(campaign.traffic.worthless)} approvals that do not hold", worthless, [])
    equal("payouts paid twice, by the sandbox's own count",
          campaign.summary()["payouts"]["duplicates"], 0)
    for result in checker.run(stack.folder, stack.programs, workers=("settlement",),
                              canaries=checker.secrets(stack.folder)):
        print(result, flush=True)
        check(f"{result.name}: {result.promise}", result.held, result.violations[:5])


def run(options):
    faults = {**FAULTS, **(dict.fromkeys(UNSTEADY, options.unsteady) if options.unsteady else {})}
    spec = ",".join(f"{name}={value}" for name, value in {**faults, **TIMES}.items())
    settings = [f"settlement:{name}={value}" for name, value in SETTINGS.items()]
    settings += [f"sandbox:SANDBOX_FAULTS={spec}", f"sandbox:SANDBOX_SEED={options.seed}",
                 "sandbox:SANDBOX_WEBHOOKS=memory"]
    counting.section(f"seed {options.seed}")
    with Components(options.programs, *settings) as stack:
        campaign = Campaign(stack, options)
        try:
            campaign.drive()
            campaign.wait()
            facts = report(campaign)
            judge(campaign, options)
        finally:
            campaign.stop()
            stack.keep = counting.counts["failed"] > 0 and "KEEP_STACK" in os.environ
    if options.json:
        options.json.write_text(json.dumps({**facts, **counting.counts, "seed": options.seed}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--payouts", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--providers", type=lambda text: text.split(","),
                        default=["stripe", "adyen", "paypal"])
    parser.add_argument("--unsteady", type=float, help="rate of " + ", ".join(UNSTEADY))
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    run(options)
    return counting.end()


if __name__ == "__main__":
    sys.exit(main())
