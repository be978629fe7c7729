/* Outbox: where redressctl puts the events that it makes: Kafka, or JSON lines in a folder.
 *
 * To Kafka each message goes with its CloudEvents headers, its key by the rule of the topic, and to
 * the partition that murmur2 gives. The same message has the same ce_id whenever it is sent. */

#ifndef REDRESSCTL_OUTBOX_H
#define REDRESSCTL_OUTBOX_H

#include "broker.h"
#include "session.h"
#include "status.h"
#include "topics.h"

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

struct outbox;

/* The caller closes it. */
enum status outbox_open(const struct session *session, struct outbox **outbox,
                        struct error *error) CHECK_RESULT;

/* Writes <folder>/<topic>.jsonl instead, replacing what is there; makes the folder. */
enum status outbox_open_folder(const char *folder, struct outbox **outbox,
                               struct error *error) CHECK_RESULT;

/* Sends a message, in a burst with others: outbox_flush makes sure of it. Waits while the
 * producer's queue is full. STATUS_INVALID: the message has no key or is too large for the topic.
 */
enum status outbox_send(struct outbox *outbox, enum topic topic, const ProtobufCMessage *message,
                        struct error *error) CHECK_RESULT;

/* Headers beside the usual ones, or instead of those with the same name; ended by a NULL name. */
enum status outbox_send_with(struct outbox *outbox, enum topic topic,
                             const ProtobufCMessage *message, const struct header *extra,
                             size_t extra_count, struct error *error) CHECK_RESULT;

/* Sends bytes as they are, unchecked, to Kafka only. partition -1: by murmur2 of the key. `key` may
 * be NULL. */
enum status outbox_send_raw(struct outbox *outbox, enum topic topic, int32_t partition,
                            const void *key, size_t key_size, const void *value, size_t value_size,
                            const struct header *headers, size_t header_count,
                            struct error *error) CHECK_RESULT;

/* Waits until everything sent is acknowledged, or on disk. */
enum status outbox_flush(struct outbox *outbox, struct error *error) CHECK_RESULT;

/* Sent so far, to one topic and in all. */
int64_t outbox_sent(const struct outbox *outbox, enum topic topic);
int64_t outbox_sent_in_all(const struct outbox *outbox);

/* Drops what is not acknowledged. NULL is allowed. */
void outbox_close(struct outbox *outbox);

#endif
