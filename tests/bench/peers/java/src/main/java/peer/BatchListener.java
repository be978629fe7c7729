package peer;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.context.annotation.Profile;
import org.springframework.dao.OptimisticLockingFailureException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import peer.KeptOuterClass.Kept;
import redress.v1.Request.RefundRequest;

/** What a poll brought of one partition is one transaction; threads of partitions overlap. */
@Component
@Profile("batch")
class BatchListener extends ShardListener {
  private static final int SLOTS = 4;
  private static final String LOAD =
      """
      SELECT k.n, t.requests, t.version
      FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS k(merchant_id, order_id, n)
      JOIN tally t ON (t.merchant_id, t.order_id) = (k.merchant_id, k.order_id)""";
  private static final String MOVE =
      """
      UPDATE shard SET batch_seq = batch_seq + 1, published_seq = batch_seq, next_offset = ?
      WHERE shard = ? AND epoch = ? AND batch_seq = ?""";
  private static final String UPSERT =
      """
      INSERT INTO tally SELECT * FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bigint[])
      ON CONFLICT (merchant_id, order_id)
      DO UPDATE SET requests = excluded.requests, version = excluded.version""";
  private static final String KEEP =
      """
      INSERT INTO output VALUES (?, ?, ?, ?) ON CONFLICT (shard, slot)
      DO UPDATE SET batch_seq = excluded.batch_seq, records = excluded.records""";

  private record OrderKey(String merchantId, String orderId) {}

  private static final class Row {
    final OrderKey key;
    long requests;
    long version;

    Row(OrderKey key) {
      this.key = key;
    }
  }

  private final JdbcTemplate jdbc;
  private final TransactionTemplate transaction;

  BatchListener(Shards shards, JdbcTemplate jdbc, TransactionTemplate transaction) {
    super(shards);
    this.jdbc = jdbc;
    this.transaction = transaction;
  }

  @KafkaListener(
      topics = PeerApplication.INPUT_TOPIC,
      groupId = "peer-spring-batch",
      batch = "true")
  void handle(List<ConsumerRecord<String, byte[]>> records) {
    records.stream()
        .collect(Collectors.groupingBy(ConsumerRecord::partition))
        .forEach((number, ofShard) -> handleShard(shards.get(number), ofShard));
  }

  private void handleShard(Shards.Shard shard, List<ConsumerRecord<String, byte[]>> records) {
    Kept outputs = transaction.execute(status -> save(shard, records));
    shard.batchSeq++;
    shards.publish(outputs);
  }

  private Kept save(Shards.Shard shard, List<ConsumerRecord<String, byte[]>> records) {
    List<RefundRequest> requests = records.stream().map(Tally::decode).toList();
    Map<OrderKey, Row> rows = new LinkedHashMap<>();
    for (RefundRequest request : requests) {
      rows.computeIfAbsent(key(request), Row::new);
    }
    load(List.copyOf(rows.values()));
    Kept.Builder outputs = Kept.newBuilder();
    for (int i = 0; i < records.size(); i++) {
      Row row = rows.get(key(requests.get(i)));
      outputs.addRecords(
          Tally.output(records.get(i), requests.get(i), ++row.requests, ++row.version));
    }
    Kept kept = outputs.build();
    long next = records.get(records.size() - 1).offset() + 1;
    if (jdbc.update(MOVE, next, shard.number, shard.epoch, shard.batchSeq) != 1) {
      throw new OptimisticLockingFailureException("shard " + shard.number + " is not ours");
    }
    jdbc.update(
        UPSERT,
        texts(rows.values(), row -> row.key.merchantId),
        texts(rows.values(), row -> row.key.orderId),
        numbers(rows.values(), row -> row.requests),
        numbers(rows.values(), row -> row.version));
    long seq = shard.batchSeq + 1;
    jdbc.update(KEEP, shard.number, seq % SLOTS, seq, kept.toByteArray());
    return kept;
  }

  private void load(List<Row> rows) {
    jdbc.query(
        LOAD,
        found -> {
          Row row = rows.get(found.getInt(1) - 1);
          row.requests = found.getLong(2);
          row.version = found.getLong(3);
        },
        texts(rows, row -> row.key.merchantId),
        texts(rows, row -> row.key.orderId));
  }

  private static OrderKey key(RefundRequest request) {
    return new OrderKey(request.getMerchantId(), request.getOrderId());
  }

  private static String[] texts(Collection<Row> rows, Function<Row, String> part) {
    return rows.stream().map(part).toArray(String[]::new);
  }

  private static long[] numbers(Collection<Row> rows, ToLongFunction<Row> part) {
    return rows.stream().mapToLong(part).toArray();
  }
}
