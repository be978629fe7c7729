/* Event: what follows from a message alone when it is published: its key, time and id. Pure. */

#ifndef REDRESSCTL_EVENT_H
#define REDRESSCTL_EVENT_H

#include "status.h"
#include "topics.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    EVENT_KEY_MAX = 512, /* bytes of a key, NUL included */
    EVENT_ID_MAX = 64    /* bytes of a ce_id, NUL included */
};

/* The key by the rule of the topic: order_id for the sharded ones, else what names the subject.
 * `key` has EVENT_KEY_MAX bytes. STATUS_INVALID if the field is empty or the topic's records cannot
 * be made from a message (dead letters). */
enum status event_key(enum topic topic, const ProtobufCMessage *message, char *key,
                      struct error *error) CHECK_RESULT;

/* When it happened, where the message says so. */
bool event_time(const ProtobufCMessage *message, int64_t *time_us);

/* A ce_id that is the same for the same content in the same topic. `id` has EVENT_ID_MAX bytes;
 * returns `id`. */
char *event_id(enum topic topic, const void *bytes, size_t size, char *id);

#endif
