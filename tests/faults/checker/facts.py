"""What a run left behind: of a local stack (deploy/local/stack.sh), or made by hand for a test."""

import csv
import io
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORKERS = ("intake", "policy", "routing", "settlement", "analytics")

# name -> (database, query). Times are microseconds since 1970; flags are t or f.
QUERIES = {
    "settlement.payout": ("settlement", """
        SELECT p.merchant_id, p.order_id, p.payout_id, p.refund_id, p.payment_id, p.status,
               p.amount_minor, p.currency, p.provider, p.provider_refund_id, p.reason,
               o.routed_version, o.attempts,
               (SELECT min(extract(epoch FROM due_at) * 1000000)::bigint FROM deadline d
                 WHERE d.merchant_id = p.merchant_id AND d.order_id = p.order_id
                   AND d.subject IN (p.payout_id, p.refund_id)) AS due_us,
               (extract(epoch FROM now()) * 1000000)::bigint AS now_us
          FROM view.payout p JOIN payout o USING (merchant_id, order_id, payout_id)"""),
    "settlement.payment": ("settlement", """
        SELECT merchant_id, order_id, payment_id, provider, provider_reference, currency,
               captured_minor, refunded_minor, in_flight_minor, disputed_minor, over
          FROM view.payment"""),
    "settlement.refund": ("settlement", """
        SELECT merchant_id, order_id, refund_id, routed_version FROM refund"""),
    "settlement.ledger": ("settlement", """
        SELECT merchant_id, account, currency, coalesce(payout_id, '') AS payout_id, payment_id,
               sum(amount_minor) AS minor
          FROM view.ledger GROUP BY 1, 2, 3, 4, 5"""),
    "settlement.evidence": ("settlement", """
        SELECT merchant_id, order_id, event_id, payout_id, e.payment_id, kind, source, verified,
               provider_refund_id, provider_reference, status, amount_minor, currency, dispute_id,
               (extract(epoch FROM applied_at) * 1000000)::bigint AS applied_us
          FROM (SELECT merchant_id, order_id, event_id, payout_id, payment_id, kind, source,
                       verified, provider_refund_id, provider_reference, status, amount_minor,
                       currency, dispute_id, applied_at FROM evidence) e"""),
    "settlement.notice": ("settlement", """
        SELECT event_id, reference FROM view.provider_notice"""),  # where settlement reads the inbox
    "intake.refund": ("intake", """
        SELECT merchant_id, order_id, refund_id, request_id, status, waiting_for,
               (extract(epoch FROM deadline_at) * 1000000)::bigint AS due_us,
               (extract(epoch FROM now()) * 1000000)::bigint AS now_us
          FROM view.refund"""),
    "routing.case": ("routing", """
        SELECT merchant_id, case_id, refund_id, status, requester,
               array_to_string(approvers, ' ') AS approvers, approvers_needed,
               (extract(epoch FROM due_at) * 1000000)::bigint AS due_us
          FROM view.approval_case"""),
}
for _worker in WORKERS:
    QUERIES[f"{_worker}.shard"] = (_worker, """
        SELECT shard, epoch, batch_seq, published_seq, coalesce(blocked, '') AS blocked
          FROM view.shard""")
    QUERIES[f"{_worker}.progress"] = (_worker, "SELECT shard, topic, next_offset FROM view.progress")


class StackFacts:
    """Of a stack that stands still: its workers may run, but nothing moves."""

    def __init__(self, folder, programs):
        self.folder, self.programs = pathlib.Path(folder), pathlib.Path(programs)
        lines = (self.folder / "env/redressctl").read_text(encoding="utf-8").splitlines()
        self.environment = {"PATH": os.environ["PATH"], **dict(l.split("=", 1) for l in lines)}
        self.ends = {}  # (topic, partition) -> offset behind the last record that was read
        self.kept = {}

    def records(self, topic):
        """The records of a topic, in order within a partition."""
        command = [self.programs / "redressctl", "events", topic, "--headers", "--digest"]
        with subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE) as process:
            for line in process.stdout:
                record = json.loads(line)
                record["text"] = line.decode()
                self.ends[topic, record["partition"]] = record["offset"] + 1
                yield record
        if process.returncode != 0:
            raise RuntimeError(f"redressctl events {topic} ended with {process.returncode}")

    def effects(self):
        path = self.folder / "sandbox.effects.jsonl"
        if not path.exists():
            return
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)

    def rows(self, name):
        """The rows of a query of QUERIES, each a dict of texts."""
        if name not in self.kept:
            database, query = QUERIES[name]
            output = subprocess.run(
                [ROOT / "deploy/local/postgres.sh", "psql", self.folder / "postgres", database,
                 "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
                 f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)"],
                capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout.decode()
            self.kept[name] = list(csv.DictReader(io.StringIO(output, newline="")))
        return self.kept[name]

    def committed(self):
        """{(group, topic, partition): offset} as Kafka keeps them."""
        output = subprocess.run(
            [ROOT / "deploy/local/kafka.sh", "tool", self.folder / "kafka", "ConsumerGroupCommand",
             "--all-groups", "--describe"], capture_output=True, check=False,
            stdin=subprocess.DEVNULL).stdout.decode()
        found = {}
        for line in output.splitlines():
            words = line.split()
            if len(words) > 4 and words[2].isdigit() and words[3].isdigit():
                found[words[0], words[1], int(words[2])] = int(words[3])
        return found

    def logs(self):
        for path in sorted((self.folder / "run").glob("*.log")):
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    yield path.name, line


class MadeFacts:
    """For tests: what is not given is empty."""

    def __init__(self, topics=None, effects=(), rows=None, logs=(), committed=None, ends=None):
        self.topics, self.list, self.tables = topics or {}, effects, rows or {}
        self.lines, self.offsets, self.ends = logs, committed or {}, ends or {}

    def records(self, topic):
        return iter(self.topics.get(topic, ()))

    def effects(self):
        return iter(self.list)

    def rows(self, name):
        return self.tables.get(name, [])

    def committed(self):
        return self.offsets

    def logs(self):
        return iter(self.lines)
