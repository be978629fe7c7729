package peer;

import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.springframework.kafka.listener.ConsumerSeekAware;

/** Claims what Kafka assigns, and starts where PostgreSQL says, whatever Kafka remembers. */
abstract class ShardListener implements ConsumerSeekAware {
  protected final Shards shards;

  protected ShardListener(Shards shards) {
    this.shards = shards;
  }

  @Override
  public void onPartitionsAssigned(
      Map<TopicPartition, Long> assignments, ConsumerSeekCallback callback) {
    for (TopicPartition place : assignments.keySet()) {
      callback.seek(place.topic(), place.partition(), shards.claim(place.partition()).nextOffset);
    }
  }
}
