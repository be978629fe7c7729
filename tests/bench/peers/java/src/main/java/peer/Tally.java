package peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import peer.KeptOuterClass.KeptHeader;
import peer.KeptOuterClass.KeptRecord;
import redress.v1.Request.RefundRequest;
import redress.v1.Types.Money;
import redress.v1.Validated.RefundValidated;
import redress.v1.Validated.Rejection;

/** Counts the requests of an order and says so. */
final class Tally {
  private Tally() {}

  static RefundRequest decode(ConsumerRecord<String, byte[]> record) {
    try {
      RefundRequest request = RefundRequest.parseFrom(record.value());
      if (request.getOrderId().equals(record.key()) && !request.getMerchantId().isEmpty()) {
        return request;
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("offset " + record.offset(), e);
    }
    throw new IllegalArgumentException("offset " + record.offset() + ": not of " + record.key());
  }

  /** What is said when `requests` were counted, in the event of this version. */
  static KeptRecord output(
      ConsumerRecord<String, byte[]> cause, RefundRequest request, long requests, long version) {
    String order = request.getOrderId();
    RefundValidated said =
        RefundValidated.newBuilder()
            .setMerchantId(request.getMerchantId())
            .setOrderId(order)
            .setRefundId(order)
            .setVersion(version)
            .setClaim(Money.newBuilder().setMinor(requests))
            .setRejection(Rejection.getDefaultInstance())
            .build();
    byte[] id = cause.headers().lastHeader("ce_id").value();
    String trace = HexFormat.of().formatHex(sha256(id));
    KeptRecord.Builder record =
        KeptRecord.newBuilder().setKey(order).setValue(ByteString.copyFrom(said.toByteArray()));
    add(record, "ce_specversion", "1.0");
    add(record, "ce_id", "tally/" + order + "/" + version);
    add(record, "ce_source", "redress/tally");
    add(record, "ce_type", "redress.v1.RefundValidated");
    add(record, "ce_time", Instant.now().toString());
    add(record, "content-type", "application/protobuf");
    add(
        record,
        "traceparent",
        "00-" + trace.substring(0, 32) + "-" + trace.substring(32, 48) + "-01");
    add(record, "ce_causationid", new String(id, StandardCharsets.UTF_8));
    add(record, "ce_refundid", order);
    add(record, "ce_version", Long.toString(version));
    add(record, "ce_status", "VALIDATED");
    return record.build();
  }

  private static void add(KeptRecord.Builder record, String name, String value) {
    record.addHeaders(KeptHeader.newBuilder().setName(name).setValue(value));
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
