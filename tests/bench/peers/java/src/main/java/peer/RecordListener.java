package peer;

import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.context.annotation.Profile;
import org.springframework.dao.OptimisticLockingFailureException;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import peer.KeptOuterClass.Kept;
import redress.v1.Request.RefundRequest;

/** Each record is a transaction of its own, with JPA, as most listeners are written. */
@Component
@Profile("record")
class RecordListener extends ShardListener {
  private static final String MOVE =
      """
      UPDATE shard SET batch_seq = batch_seq + 1, published_seq = batch_seq, next_offset = :next
      WHERE shard = :shard AND epoch = :epoch AND batch_seq = :seq""";
  private static final String KEEP =
      """
      INSERT INTO output VALUES (:shard, 0, :seq, :records) ON CONFLICT (shard, slot)
      DO UPDATE SET batch_seq = excluded.batch_seq, records = excluded.records""";

  @PersistenceContext private EntityManager entities;
  private final TransactionTemplate transaction;

  RecordListener(Shards shards, TransactionTemplate transaction) {
    super(shards);
    this.transaction = transaction;
  }

  @KafkaListener(topics = PeerApplication.INPUT_TOPIC, groupId = "peer-spring-record")
  void handle(ConsumerRecord<String, byte[]> record) {
    Shards.Shard shard = shards.get(record.partition());
    Kept output = transaction.execute(status -> save(shard, record));
    shard.batchSeq++;
    shards.publish(output);
  }

  private Kept save(Shards.Shard shard, ConsumerRecord<String, byte[]> record) {
    RefundRequest request = Tally.decode(record);
    TallyRow row =
        entities.find(
            TallyRow.class, new TallyRow.Key(request.getMerchantId(), request.getOrderId()));
    if (row == null) {
      row = new TallyRow(request.getMerchantId(), request.getOrderId());
      entities.persist(row);
    }
    row.requests++;
    row.version++;
    Kept output =
        Kept.newBuilder()
            .addRecords(Tally.output(record, request, row.requests, row.version))
            .build();
    int moved =
        entities
            .createNativeQuery(MOVE)
            .setParameter("next", record.offset() + 1)
            .setParameter("shard", shard.number)
            .setParameter("epoch", shard.epoch)
            .setParameter("seq", shard.batchSeq)
            .executeUpdate();
    if (moved != 1) {
      throw new OptimisticLockingFailureException("shard " + shard.number + " is not ours");
    }
    entities
        .createNativeQuery(KEEP)
        .setParameter("shard", shard.number)
        .setParameter("seq", shard.batchSeq + 1)
        .setParameter("records", output.toByteArray())
        .executeUpdate();
    return output;
  }
}
