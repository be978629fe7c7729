/* Fields: what of one event is looked at before the core sees it.
 *
 * The first check that fails is the event's refusal, later ones do nothing; field_finish says what
 * became of them all. What a check returns is a copy that lives as long as the batch. */

#ifndef SETTLEMENT_FIELDS_H
#define SETTLEMENT_FIELDS_H

#include "redress/v1/types.pb-c.h"
#include "settlement_batch.h"

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name
#define NEW(check, type) arena_zalloc((check)->batch->arena, sizeof(type))

enum { ID_MAX = 128 };

struct check {
    struct batch *batch;
    struct event *event;
    enum status status;
};

void field_refuse(struct check *check, Redress__V1__DeadLetterReason reason, const char *field,
                  const char *value, const char *rule);

const char *field_copy(struct check *check, const char *text);
const char *field_number_text(struct check *check, int64_t value);

/* `least` to `most` bytes without control characters. */
const char *field_text(struct check *check, const char *field, const char *text, size_t least,
                       size_t most);
const char *field_id(struct check *check, const char *field, const char *text);

int64_t field_range(struct check *check, const char *field, int64_t value, int64_t least,
                    int64_t most);

/* One that the contract names, and not its 0. */
int field_enum(struct check *check, const char *field, const ProtobufCEnumDescriptor *descriptor,
               int value);

void field_money(struct check *check, const char *field, const Redress__V1__Money *money,
                 int64_t least, int64_t *minor, const char **currency);
int64_t field_time(struct check *check, const char *field,
                   const Google__Protobuf__Timestamp *timestamp);

/* Whose event it is. */
void field_order(struct check *check, const char *merchant_id, const char *order_id);

/* The message, in memory that the next event uses again. */
enum status field_unpack(struct check *check, ProtobufCMessage **message) CHECK_RESULT;

/* `body` is the event's unless something was refused. */
enum status field_finish(struct check *check, const void *body) CHECK_RESULT;

#endif
