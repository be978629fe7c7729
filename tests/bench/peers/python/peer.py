"""The stage of tests/loop/tally.c as a Python service: confluent-kafka and psycopg 3, in batches.

State changes once (compare-and-set on epoch and batch_seq), outputs are published at least once
and are the same bytes if published again, offsets come from PostgreSQL. A batch is published while
the next one is loaded and saved. Settings: PEER_BROKERS, PEER_SESSION_MS, and PostgreSQL's own PG*.
"""

import hashlib
import os
import signal
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone

import psycopg
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from kept_pb2 import Kept
from redress.v1.request_pb2 import RefundRequest
from redress.v1.validated_pb2 import RefundValidated

INPUT_TOPIC, OUTPUT_TOPIC = "refunds.requests.v1", "refunds.validated.v1"
BATCH_MAX = 1000
SLOTS = 4  # at most this many saved batches of a shard are not acknowledged by Kafka

CLAIM = """
UPDATE shard SET epoch = epoch + 1 WHERE shard = %s
RETURNING epoch, batch_seq, published_seq, next_offset"""
UNPUBLISHED = "SELECT records FROM output WHERE shard = %s AND batch_seq > %s ORDER BY batch_seq"
LOAD = """
SELECT k.n, t.requests, t.version
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS k(merchant_id, order_id, n)
JOIN tally t ON (t.merchant_id, t.order_id) = (k.merchant_id, k.order_id)"""
MOVE = """
WITH given AS (
    SELECT * FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS g(shard, epoch, batch_seq, published_seq, next_offset)),
moved AS (
    UPDATE shard s SET batch_seq = g.batch_seq + 1, published_seq = g.published_seq,
                       next_offset = g.next_offset
    FROM given g WHERE (s.shard, s.epoch, s.batch_seq) = (g.shard, g.epoch, g.batch_seq)
    RETURNING 1)
SELECT require((SELECT count(*) FROM moved), (SELECT count(*) FROM given))"""
UPSERT = """
INSERT INTO tally SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[])
ON CONFLICT (merchant_id, order_id)
DO UPDATE SET requests = excluded.requests, version = excluded.version"""
KEEP = """
INSERT INTO output SELECT * FROM unnest(%s::int[], %s::smallint[], %s::bigint[], %s::bytea[])
ON CONFLICT (shard, slot) DO UPDATE SET batch_seq = excluded.batch_seq, records = excluded.records"""


@dataclass
class Shard:
    number: int
    epoch: int
    seq: int  # the last batch saved
    next_offset: int
    waiting: dict = field(default_factory=dict)  # batch: outputs that Kafka has not acknowledged

    def published(self):
        return min(self.waiting) - 1 if self.waiting else self.seq


@dataclass(slots=True)
class Row:
    merchant_id: str
    order_id: str
    requests: int = 0
    version: int = 0


class Peer:
    def __init__(self):
        brokers = os.environ["PEER_BROKERS"]
        session_ms = int(os.environ.get("PEER_SESSION_MS", "6000"))
        self.database = psycopg.connect(autocommit=True)
        self.producer = Producer(
            {"bootstrap.servers": brokers, "enable.idempotence": True, "partitioner": "murmur2"}
        )
        self.consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": "peer-python",
                "session.timeout.ms": session_ms,
                "heartbeat.interval.ms": session_ms // 4,
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
            }
        )
        self.shards = {}
        self.stopping = False

    def assigned(self, consumer, partitions):
        for place in partitions:
            shard = self.claim(place.partition)
            self.shards[shard.number] = shard
            place.offset = shard.next_offset
        consumer.assign(partitions)

    def revoked(self, _consumer, partitions):
        for place in partitions:
            self.shards.pop(place.partition, None)

    def claim(self, number):
        """Raises the epoch and publishes again what may not have been published."""
        row = self.database.execute(CLAIM, [number]).fetchone()
        epoch, seq, published, next_offset = row
        shard = Shard(number, epoch, seq, next_offset)
        for (records,) in self.database.execute(UNPUBLISHED, [number, published], binary=True):
            self.publish(shard, Kept.FromString(records))
        self.producer.flush()
        return shard

    def run(self):
        self.consumer.subscribe([INPUT_TOPIC], on_assign=self.assigned, on_revoke=self.revoked)
        while not self.stopping:
            records = self.consumer.consume(BATCH_MAX, timeout=0.1)
            self.producer.poll(0)
            if records:
                self.handle(records)
        self.producer.flush()
        self.consumer.close()

    def handle(self, records):
        rows, events, ends = {}, [], {}
        for record in records:
            if record.error():
                raise KafkaException(record.error())
            request = RefundRequest.FromString(record.value())
            if request.order_id.encode() != record.key() or not request.merchant_id:
                raise ValueError(f"offset {record.offset()}: not a request of {record.key()}")
            key = request.merchant_id, request.order_id
            if key not in rows:
                rows[key] = Row(*key)
            cause = next(value for name, value in record.headers() if name == "ce_id").decode()
            events.append((record.partition(), cause, rows[key]))
            ends[record.partition()] = record.offset() + 1
        self.load(list(rows.values()))
        kept = self.decide(events)
        self.save(list(rows.values()), kept, ends)
        for number, outputs in kept.items():
            self.publish(self.shards[number], outputs)
        self.consumer.commit(
            offsets=[TopicPartition(INPUT_TOPIC, number, end) for number, end in ends.items()],
            asynchronous=True,
        )

    def load(self, rows):
        keys = [row.merchant_id for row in rows], [row.order_id for row in rows]
        for n, requests, version in self.database.execute(LOAD, keys, binary=True):
            rows[n - 1].requests, rows[n - 1].version = requests, version

    def decide(self, events):
        """Counts each event and says so; what is said, by shard."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        kept = {}
        for number, cause, row in events:
            row.requests += 1
            row.version += 1
            if number not in kept:
                kept[number] = Kept()
            say(kept[number].records.add(), row, cause, now)
        return kept

    def save(self, rows, kept, ends):
        """One transaction, sent whole; it fails if somebody else owns one of the shards by now."""
        shards = [self.shards[number] for number in sorted(kept)]
        for shard in shards:
            while shard.seq + 1 - min(shard.waiting, default=shard.seq + 1) >= SLOTS:
                self.producer.poll(0.01)
        with self.database.pipeline(), self.database.transaction():
            self.database.execute(
                MOVE,
                [
                    [shard.number for shard in shards],
                    [shard.epoch for shard in shards],
                    [shard.seq for shard in shards],
                    [shard.published() for shard in shards],
                    [ends[shard.number] for shard in shards],
                ],
            )
            self.database.execute(
                UPSERT,
                [
                    [row.merchant_id for row in rows],
                    [row.order_id for row in rows],
                    [row.requests for row in rows],
                    [row.version for row in rows],
                ],
            )
            self.database.execute(
                KEEP,
                [
                    [shard.number for shard in shards],
                    [(shard.seq + 1) % SLOTS for shard in shards],
                    [shard.seq + 1 for shard in shards],
                    [kept[shard.number].SerializeToString() for shard in shards],
                ],
            )
        for shard in shards:
            shard.seq += 1
            shard.next_offset = ends[shard.number]

    def publish(self, shard, outputs):
        seq, waiting = shard.seq, shard.waiting
        waiting[seq] = waiting.get(seq, 0) + len(outputs.records)

        def delivered(error, _message):
            if error is not None:
                raise KafkaException(error)
            waiting[seq] -= 1
            if waiting[seq] == 0:
                del waiting[seq]

        for record in outputs.records:
            headers = [(header.name, header.value) for header in record.headers]
            while True:
                try:
                    self.producer.produce(
                        OUTPUT_TOPIC,
                        record.value,
                        record.key,
                        headers=headers,
                        on_delivery=delivered,
                    )
                    break
                except BufferError:
                    self.producer.poll(0.01)


def say(record, row, cause, now):
    said = RefundValidated(
        merchant_id=row.merchant_id,
        order_id=row.order_id,
        refund_id=row.order_id,
        version=row.version,
        claim={"minor": row.requests},
        rejection={},
    )
    trace = hashlib.sha256(cause.encode()).hexdigest()
    record.key = row.order_id
    record.value = said.SerializeToString()
    for name, value in (
        ("ce_specversion", "1.0"),
        ("ce_id", f"tally/{row.order_id}/{row.version}"),
        ("ce_source", "redress/tally"),
        ("ce_type", "redress.v1.RefundValidated"),
        ("ce_time", now),
        ("content-type", "application/protobuf"),
        ("traceparent", f"00-{trace[:32]}-{trace[32:48]}-01"),
        ("ce_causationid", cause),
        ("ce_refundid", row.order_id),
        ("ce_version", str(row.version)),
        ("ce_status", "VALIDATED"),
    ):
        record.headers.add(name=name, value=value)


def main():
    peer = Peer()

    def stop(*_):
        peer.stopping = True

    signal.signal(signal.SIGTERM, stop)
    peer.run()


if __name__ == "__main__":
    sys.exit(main())
