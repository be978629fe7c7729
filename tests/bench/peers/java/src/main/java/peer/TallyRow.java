package peer;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.io.Serializable;

/** The row of an order, for JPA. */
@Entity
@Table(name = "tally")
@IdClass(TallyRow.Key.class)
class TallyRow {
  record Key(String merchantId, String orderId) implements Serializable {}

  @Id
  @Column(name = "merchant_id")
  String merchantId;

  @Id
  @Column(name = "order_id")
  String orderId;

  long requests;
  long version;

  protected TallyRow() {}

  TallyRow(String merchantId, String orderId) {
    this.merchantId = merchantId;
    this.orderId = orderId;
  }
}
