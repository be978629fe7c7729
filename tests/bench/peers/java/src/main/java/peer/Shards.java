package peer;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;
import peer.KeptOuterClass.Kept;

/** The shards that this instance owns: claims them, and publishes what was saved for them. */
@Component
class Shards {
  private static final String CLAIM =
      """
      UPDATE shard SET epoch = epoch + 1 WHERE shard = ?
      RETURNING epoch, batch_seq, published_seq, next_offset""";
  private static final String UNPUBLISHED =
      "SELECT records FROM output WHERE shard = ? AND batch_seq > ? ORDER BY batch_seq";

  /** What this instance believes of a shard; everything up to batchSeq is published. */
  static final class Shard {
    final int number;
    final long epoch;
    final long nextOffset;
    long batchSeq;
    private final long publishedBefore;

    private Shard(int number, long epoch, long batchSeq, long published, long nextOffset) {
      this.number = number;
      this.epoch = epoch;
      this.batchSeq = batchSeq;
      this.publishedBefore = published;
      this.nextOffset = nextOffset;
    }
  }

  private final Map<Integer, Shard> owned = new ConcurrentHashMap<>();
  private final JdbcTemplate jdbc;
  private final KafkaTemplate<String, byte[]> kafka;

  Shards(JdbcTemplate jdbc, KafkaTemplate<String, byte[]> kafka) {
    this.jdbc = jdbc;
    this.kafka = kafka;
  }

  Shard get(int number) {
    return owned.get(number);
  }

  /** Raises the epoch and publishes again what may not have been published. */
  Shard claim(int number) {
    Shard shard =
        jdbc.queryForObject(
            CLAIM,
            (row, n) ->
                new Shard(number, row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4)),
            number);
    List<byte[]> batches =
        jdbc.queryForList(UNPUBLISHED, byte[].class, number, shard.publishedBefore);
    for (byte[] bytes : batches) {
      try {
        publish(Kept.parseFrom(bytes));
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException("shard " + number + ": kept outputs cannot be read", e);
      }
    }
    owned.put(number, shard);
    return shard;
  }

  /** Returns when Kafka has acknowledged all of it. */
  void publish(Kept outputs) {
    CompletableFuture<?>[] sent =
        outputs.getRecordsList().stream()
            .map(
                kept -> {
                  var record =
                      new ProducerRecord<>(
                          PeerApplication.OUTPUT_TOPIC,
                          kept.getKey(),
                          kept.getValue().toByteArray());
                  kept.getHeadersList()
                      .forEach(
                          h -> record.headers().add(h.getName(), h.getValueBytes().toByteArray()));
                  return kafka.send(record);
                })
            .toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(sent).join();
  }
}
