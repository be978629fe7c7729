package peer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.config.ContainerCustomizer;
import org.springframework.kafka.listener.CommonContainerStoppingErrorHandler;
import org.springframework.kafka.listener.CommonErrorHandler;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;

/**
 * The stage of tests/loop/tally.c on Spring Kafka. Profile "batch" handles what a poll brought in
 * one transaction; profile "record" handles each record in a transaction of its own, with JPA.
 *
 * <p>State changes once (compare-and-set on epoch and batch_seq), outputs are published at least
 * once and are the same bytes if published again, offsets come from PostgreSQL.
 */
@SpringBootApplication
public class PeerApplication {
  static final String INPUT_TOPIC = "refunds.requests.v1";
  static final String OUTPUT_TOPIC = "refunds.validated.v1";

  public static void main(String[] arguments) {
    SpringApplication.run(PeerApplication.class, arguments);
  }

  /** PostgreSQL has the offsets; Kafka's are for lag monitoring and nobody waits for them. */
  @Bean
  ContainerCustomizer<String, byte[], ConcurrentMessageListenerContainer<String, byte[]>>
      commits() {
    return container -> container.getContainerProperties().setSyncCommits(false);
  }

  /** What fails is read again after the next claim, from the offsets in PostgreSQL. */
  @Bean
  CommonErrorHandler errors() {
    return new CommonContainerStoppingErrorHandler();
  }
}
