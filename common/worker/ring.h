/* Ring: how the outputs of a batch are kept as bytes, so that they can be published again exactly.
 *
 * One record: topic name (1-byte length), partition (4 bytes), key (4-byte length; 0xffffffff for
 * none), value (4-byte length), number of headers (1 byte), each a name (1-byte length) and a value
 * (2-byte length). Integers are big-endian. */

#ifndef REDRESS_WORKER_RING_H
#define REDRESS_WORKER_RING_H

#include "arena.h"
#include "broker.h"

#include <stdint.h>

enum { RING_HEADERS_MAX = 48 /* of a record that we write */ };

/* Records of one shard in one batch, in the arena. */
struct ring_buffer {
    struct arena *arena;
    uint8_t *bytes;
    size_t size, capacity, limit;
    size_t count; /* records */
};

struct ring_record {
    enum topic topic;
    int32_t partition;
    const void *key; /* NULL for none */
    size_t key_size;
    const void *value;
    size_t value_size;
    struct header headers[RING_HEADERS_MAX];
    size_t header_count;
};

void ring_start(struct ring_buffer *buffer, struct arena *arena, size_t limit);

/* Appends. STATUS_EXHAUSTED past the limit or the arena, or with more or larger headers than the
 * form has room for; the buffer is then as before. */
enum status ring_append(struct ring_buffer *buffer, const struct ring_record *record) CHECK_RESULT;

/* Reads the record at *at and moves it on; false at the end. STATUS_INVALID into `status` if the
 * bytes are not what ring_append wrote. Everything points into `bytes`; header names are copied
 * into `arena`. */
bool ring_next(const uint8_t *bytes, size_t size, size_t *at, struct arena *arena,
               struct ring_record *record, enum status *status);

#endif
