"""Events: nothing lost, nothing twice with another content, in order, and accounted for."""

import collections

from checker import Rule, enum
from rules_money import webhook_says

INPUTS = ("orders.events.v1", "refunds.requests.v1", "refunds.decisions.v1", "refunds.goods.v1")
STAGES = ("refunds.validated.v1", "refunds.assessed.v1", "refunds.routed.v1", "refunds.payouts.v1")
SHARDED = (*INPUTS, *STAGES, "refunds.provider-events.v1")
OUTPUTS = (*STAGES, "refunds.provider-events.v1", "refunds.insights.v1", "refunds.control.v1")
GRACE_US = 120_000_000  # that a deadline may be past: a worker comes round to it


class Repeats(Rule):
    name = "repeats"
    promise = "an event that stands in a topic again is the same byte for byte, under the same ce_id"
    topics = frozenset(STAGES) | {"refunds.provider-events.v1"}

    def __init__(self):
        super().__init__()
        self.seen = {}

    def record(self, topic, record):
        one = record["headers"].get("ce_id", "")
        content = hash((record["sha256"], record["key"], record["partition"],
                        tuple(sorted(record["headers"].items()))))
        self.counts["records"] += 1
        if self.seen.setdefault((topic, one), content) != content:
            self.break_("{} {}/{}: {} was another event before", topic, record["partition"],
                        record["offset"], one)

    def finish(self, facts):
        self.counts["repeats"] = self.counts["records"] - len(self.seen)


class Versions(Rule):
    """Of each refund in each stage's topic, at their first occurrence."""

    name = "versions"
    promise = "versions count from 1 per refund and stage, none is missing, and they come in order"
    topics = frozenset(STAGES)

    def __init__(self):
        super().__init__()
        self.last, self.seen = collections.Counter(), set()

    def record(self, topic, record):
        event = record["event"]
        if (topic, record["headers"]["ce_id"]) in self.seen:
            return
        self.seen.add((topic, record["headers"]["ce_id"]))
        self.counts["events"] += 1
        key, version = (topic, event.get("refundId", "")), int(event.get("version", 0))
        if version != self.last[key] + 1:
            self.break_("{} {}/{}: refund {} goes from version {} to {}", topic,
                        record["partition"], record["offset"], key[1], self.last[key], version)
        self.last[key] = max(self.last[key], version)


def murmur2(data):
    """As org.apache.kafka.common.utils.Utils has it."""
    mask, multiplier = 0xFFFFFFFF, 0x5BD1E995
    state = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at:at + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        state = state * multiplier & mask ^ word
    if len(data) & 3:
        state = (state ^ int.from_bytes(data[whole:], "little")) * multiplier & mask
    state = (state ^ state >> 13) * multiplier & mask
    return state ^ state >> 15


class Order(Rule):
    """The times are the deciding database's, which never go back in a shard."""

    name = "order"
    promise = "an order's events are on its partition, and their first occurrences in the order in which they were decided"
    topics = frozenset(STAGES)

    def __init__(self):
        super().__init__()
        self.last, self.seen, self.partitions = {}, set(), collections.defaultdict(dict)

    def record(self, topic, record):
        event, partition = record["event"], record["partition"]
        order, at = event.get("orderId", ""), event.get("decidedAt", "")
        if record["key"] != order:
            self.break_("{} {}/{}: key {} of order {}", topic, partition, record["offset"],
                        record["key"], order)
        self.partitions[topic].setdefault(order, partition)
        if self.partitions[topic][order] != partition:
            self.break_("{}: order {} is on partitions {} and {}", topic, order,
                        self.partitions[topic][order], partition)
        if (topic, record["headers"]["ce_id"]) in self.seen:
            return
        self.seen.add((topic, record["headers"]["ce_id"]))
        self.counts["events"] += 1
        before = self.last.get((topic, order), "")
        if sortable(at) < before:
            self.break_("{} {}/{}: order {} goes back from {} to {}", topic, partition,
                        record["offset"], order, before, at)
        self.last[topic, order] = max(before, sortable(at))

    def finish(self, facts):
        count = 1 + max((p for orders in self.partitions.values() for p in orders.values()),
                        default=0)
        shards = [int(row["shard"]) for row in facts.rows("settlement.shard")]
        count = max([count, *(shard + 1 for shard in shards)])
        for topic, orders in self.partitions.items():
            for order, partition in orders.items():
                if (murmur2(order.encode()) & 0x7FFFFFFF) % count != partition:
                    self.break_("{}: order {} is on partition {} of {}", topic, order, partition,
                                count)


def sortable(time):
    """RFC 3339 texts with and without a fraction, comparable."""
    whole, _, fraction = time.rstrip("Z").partition(".")
    return f"{whole}.{fraction:0<9}" if time else ""


class Progress(Rule):
    name = "progress"
    promise = "workers have read every input to its end, published all they saved, and Kafka's offsets are not ahead of the database's"
    topics = frozenset(SHARDED)
    workers = ("intake", "policy", "routing", "settlement", "analytics")

    def finish(self, facts):
        committed = facts.committed()
        for worker in self.workers:
            for row in facts.rows(f"{worker}.shard"):
                self.counts["shards"] += 1
                if row["batch_seq"] != row["published_seq"]:
                    self.break_("{} shard {}: batch {} is saved, {} published", worker,
                                row["shard"], row["batch_seq"], row["published_seq"])
                if row["blocked"]:
                    self.break_("{} shard {} is blocked: {}", worker, row["shard"], row["blocked"])
            for row in facts.rows(f"{worker}.progress"):
                self.place(worker, row, facts.ends, committed)

    def place(self, worker, row, ends, committed):
        topic, shard, next_ = row["topic"], int(row["shard"]), int(row["next_offset"])
        self.counts["places"] += 1
        end = ends.get((topic, shard), 0)
        if topic in SHARDED and next_ != end:
            self.break_("{}: {}/{} is read to {} of {}", worker, topic, shard, next_, end)
        for (group, of, partition), offset in committed.items():
            if worker in group and (of, partition) == (topic, shard) and offset > next_:
                self.break_("{}: Kafka's offset {} of {}/{} is ahead of {}", worker, offset, topic,
                            shard, next_)


class EndedOrWaiting(Rule):
    name = "ended-or-waiting"
    promise = "every refund, case and payout has ended or waits visibly, with a deadline that is not long past"

    ENDED = {"settlement.payout": {"SUCCEEDED", "FAILED", "CANCELLED", "REFUSED"},
             "intake.refund": {"REJECTED", "DECLINED", "EXPIRED", "PAID", "CANCELLED", "FAILED"},
             "routing.case": {"APPROVED", "DECLINED", "CANCELLED", "EXPIRED"}}
    IDS = {"settlement.payout": "payout_id", "intake.refund": "refund_id", "routing.case": "case_id"}

    def finish(self, facts):
        for table, ended in self.ENDED.items():
            for row in facts.rows(table):
                self.counts[table.split(".")[1] + "s " +
                            ("ended" if row["status"] in ended else "waiting")] += 1
                if row["status"] in ended:
                    continue
                what = f"{table.split('.')[1]} {row[self.IDS[table]]} ({row['status']})"
                if not row["due_us"]:
                    self.break_("{} waits without a deadline", what)
                elif row.get("now_us") and int(row["due_us"]) < int(row["now_us"]) - GRACE_US:
                    self.break_("{} waits past its deadline by {} s", what,
                                (int(row["now_us"]) - int(row["due_us"])) // 1_000_000)


class Accounted(Rule):
    """A record that is a repeat of an applied one is applied as well. A webhook is applied if there is
    evidence of its refund or dispute from a webhook, or if it is kept until its payment is known."""

    name = "accounted"
    promise = "every event was accepted by exactly one of applied, rejected and dead-lettered"
    topics = frozenset({"refunds.requests.v1", "refunds.routed.v1", "refunds.provider-events.v1",
                        "orders.events.v1", "refunds.dead-letters.v1",
                        "refunds.provider-inbox.v1", "refunds.control.v1"})

    def __init__(self):
        super().__init__()
        self.dead = collections.defaultdict(set)  # worker -> places
        self.refused = set()  # approvals that settlement refused: (refund, version)
        self.inputs = collections.defaultdict(list)  # (worker, table) -> (place, key)

    def record(self, topic, record):
        place = topic, record["partition"], record["offset"]
        event = record["event"] if isinstance(record["event"], dict) else {}
        if topic == "refunds.dead-letters.v1":
            self.counts["dead letters"] += 1
            headers = record["headers"]
            self.dead[headers.get("redress_worker")].add(
                (headers.get("redress_topic"), int(headers.get("redress_partition", -1)),
                 int(headers.get("redress_offset", -1))))
        elif topic == "refunds.control.v1":
            refused = event.get("approvalRefused")
            if refused:
                self.refused.add((refused.get("refundId"), int(refused.get("version", 0))))
        elif topic == "refunds.requests.v1":
            self.inputs["intake", "request"].append(
                (place, (event.get("merchantId"), event.get("requestId"))))
        elif topic == "refunds.provider-inbox.v1":
            for one, _ in webhook_says(event):
                self.inputs["settlement", "webhook"].append(
                    (place, (one, event.get("providerReference"))))
        elif topic == "refunds.provider-events.v1":
            self.inputs["settlement", "evidence"].append((place, record["headers"].get("ce_id")))
        elif topic == "refunds.routed.v1":
            if enum(event.get("status"), "ROUTING_STATUS_") in ("APPROVED", "CANCEL_REQUESTED"):
                self.inputs["settlement", "routed"].append(
                    (place, (event.get("refundId"), int(event.get("version", 0)))))
        elif event.get("captured"):
            self.inputs["settlement", "capture"].append(
                (place, (event.get("merchantId"), event["captured"].get("paymentId"))))

    def finish(self, facts):
        versions = {row["refund_id"]: int(row["routed_version"])
                    for row in facts.rows("settlement.refund")}
        tables = {
            "request": {(r["merchant_id"], r["request_id"]) for r in facts.rows("intake.refund")},
            "evidence": {row["event_id"] for row in facts.rows("settlement.evidence")},
            "capture": {(r["merchant_id"], r["payment_id"])
                        for r in facts.rows("settlement.payment")},
        }
        heard = {one for row in facts.rows("settlement.evidence") if row["source"] in
                 ("3", "WEBHOOK") for one in (row["provider_refund_id"], row["dispute_id"])}
        if not heard:  # settlement does not read the inbox
            self.inputs.pop(("settlement", "webhook"), None)
        kept = {row["reference"] for row in facts.rows("settlement.notice")} if heard else set()
        tables["webhook"] = {key for _, key in self.inputs.get(("settlement", "webhook"), ())
                             if key[0] in heard or key[1] in kept}
        self.counts["approvals refused"] = len(self.refused)
        for row in facts.rows("settlement.payout"):
            if (row["refund_id"], int(row["routed_version"])) in self.refused:
                self.break_("settlement: approval {} of {} was refused, and payout {} made of it",
                            row["routed_version"], row["refund_id"], row["payout_id"])
        for (worker, table), inputs in self.inputs.items():
            often = collections.Counter(key for _, key in inputs)
            for place, key in inputs:
                self.counts[table] += 1
                applied = versions.get(key[0], 0) >= key[1] or key in self.refused \
                    if table == "routed" else key in tables[table]
                dead = place in self.dead[worker]
                if not applied and not dead:
                    self.break_("{}: {} {} at {} was neither applied nor dead-lettered", worker,
                                table, key, place)
                elif applied and dead and often[key] == 1:
                    self.break_("{}: {} {} at {} was applied and dead-lettered", worker, table, key,
                                place)


RULES = (Repeats, Versions, Order, Progress, EndedOrWaiting, Accounted)
