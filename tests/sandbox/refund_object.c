/* The refund object, as https://docs.stripe.com/api/refunds/object has it. */

#include "api.h"

static void put(struct out *out, const char *name, const char *value)
{
    out_raw(out, ",\n  \"");
    out_raw(out, name);
    out_raw(out, "\": ");
    out_string(out, value);
}

static void put_int(struct out *out, const char *name, int64_t value)
{
    out_raw(out, ",\n  \"");
    out_raw(out, name);
    out_raw(out, "\": ");
    out_int(out, value);
}

static void put_metadata(struct out *out, const char *metadata)
{
    const char *key;
    const char *value;
    const char *comma = "";
    out_raw(out, ",\n  \"metadata\": {");
    for (; metadata_next(&metadata, &key, &value); comma = ",") {
        out_raw(out, comma);
        out_raw(out, "\n    ");
        out_string(out, key);
        out_raw(out, ": ");
        out_string(out, value);
    }
    out_raw(out, *comma == '\0' ? "}" : "\n  }");
}

/* Members that only some statuses have. */
static void put_status(struct out *out, const struct store *store, uint32_t number,
                       enum refund_status status)
{
    char id[STORE_ID_ROOM];
    if (status == REFUND_FAILED || status == REFUND_CANCELED) {
        put(out, "failure_balance_transaction", transaction_id(store, number, true, id));
        put(out, "failure_reason", refund_failure_text(store->refunds[number].failure));
    }
    if (status == REFUND_REQUIRES_ACTION)
        out_raw(out, ",\n  \"next_action\": {\n    \"display_details\": {\n      \"email_sent\": {"
                     "\n        \"email_sent_at\": 0,\n        \"email_sent_to\": "
                     "\"customer@example.com\"\n      },\n      \"expires_at\": 0\n    },\n"
                     "    \"type\": \"display_details\"\n  }");
    if (status == REFUND_PENDING)
        put(out, "pending_reason", "processing");
}

/* A refund that waits has no balance transaction yet. */
static const char *transaction(const struct store *store, uint32_t number,
                               enum refund_status status, char *id)
{
    if (status == REFUND_PENDING || status == REFUND_REQUIRES_ACTION)
        return NULL;
    return transaction_id(store, number, false, id);
}

void refund_write(struct out *out, const struct store *store, uint32_t number, bool as_created)
{
    const struct refund *refund = &store->refunds[number];
    const struct payment *payment = &store->payments[refund->payment];
    enum refund_status status = as_created ? refund->created_status : refund->status;
    char id[STORE_ID_ROOM];
    out_raw(out, "{\n  \"id\": ");
    out_string(out, refund_id(store, number, id));
    put(out, "object", "refund");
    put_int(out, "amount", refund->amount);
    put(out, "balance_transaction", transaction(store, number, status, id));
    put(out, "charge", payment_charge(store, refund->payment, id));
    put_int(out, "created", refund->created_us / 1000000);
    put(out, "currency", payment_currency(store, payment));
    put(out, "customer", NULL);
    put(out, "customer_account", NULL);
    out_raw(out, ",\n  \"destination_details\": {\n    \"card\": {\n"
                 "      \"reference_status\": \"pending\",\n"
                 "      \"reference_type\": \"acquirer_reference_number\",\n"
                 "      \"type\": \"refund\"\n    },\n    \"type\": \"card\"\n  }");
    put_metadata(out, refund->metadata);
    put(out, "payment_intent", payment_intent(payment));
    put(out, "payment_method", NULL);
    put_status(out, store, number, status);
    put(out, "reason", refund_reason_text(refund->reason));
    put(out, "receipt_number", NULL);
    put(out, "source_transfer_reversal", NULL);
    put(out, "status", refund_status_text(status));
    put(out, "transfer_reversal", NULL);
    out_raw(out, "\n}");
}
