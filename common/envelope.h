/* Envelope: the headers of a record. CloudEvents 1.0, Kafka binary mode, plus W3C trace context.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md
 *
 * Beside the standard attributes Redress writes ce_causationid (ce_id of the event answered),
 * ce_refundid, ce_version and ce_status (so that a reader can skip an event by its headers), and
 * redress_seal on our own topics (stage_seal.h); goods come with redress_signature (signature.h).
 */

#ifndef REDRESS_ENVELOPE_H
#define REDRESS_ENVELOPE_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ENVELOPE_VALUE_MAX = 256, /* bytes of a header value at most, of those that we read */
    TRACEPARENT_SIZE = 56     /* "00-<32 hex>-<16 hex>-<2 hex>" and NUL */
};

/* X(field, header) */
#define ENVELOPE_ROWS(X)             \
    X(specversion, "ce_specversion") \
    X(id, "ce_id")                   \
    X(source, "ce_source")           \
    X(type, "ce_type")               \
    X(time, "ce_time")               \
    X(content_type, "content-type")  \
    X(traceparent, "traceparent")    \
    X(causation, "ce_causationid")   \
    X(refund_id, "ce_refundid")      \
    X(version, "ce_version")         \
    X(status, "ce_status")           \
    X(seal, "redress_seal")          \
    X(signature, "redress_signature")

/* Texts point into the record or an arena; NULL where a header is absent. */
struct envelope {
#define X(field, header) const char *field;
    ENVELOPE_ROWS(X)
#undef X
};

/* Takes one header of a record into the envelope; `value` (any bytes, not NUL-terminated) is copied
 * into `arena`. Unknown headers are ignored; a known one that is repeated, longer than
 * ENVELOPE_VALUE_MAX or not printable ASCII is STATUS_UNPROCESSABLE. */
enum status envelope_take(struct envelope *envelope, const char *header, const void *value,
                          size_t size, struct arena *arena, struct error *error) CHECK_RESULT;

/* What every event must carry: specversion 1.0, id, source, the type of the topic, and
 * application/protobuf where content-type is given. `missing` is set where a header is absent, and
 * `field` to the header's name. */
enum status envelope_check(const struct envelope *envelope, const char *type, const char **field,
                           bool *missing, struct error *error) CHECK_RESULT;

/* Carries the trace one hop on: same trace id, the span id derived from `ce_id`, so that publishing
 * again gives the same bytes. Without a valid `incoming`, a trace id derived from `ce_id`.
 * `traceparent` has TRACEPARENT_SIZE bytes; returns it. */
char *envelope_trace(const char *incoming, const char *ce_id, char *traceparent);

/* The 32 hex characters of the trace id, or "" if `traceparent` is none. `trace_id` has 33 bytes.
 */
char *envelope_trace_id(const char *traceparent, char *trace_id);

#endif
