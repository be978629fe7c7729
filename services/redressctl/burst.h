/* Burst: records on their way to Kafka, handed to the producer many at a time.
 *
 * The producer does not wait for company: records that come one by one would go in batches of a few
 * each, which costs the broker more than the records do. */

#ifndef REDRESSCTL_BURST_H
#define REDRESSCTL_BURST_H

#include "broker.h"
#include "session.h"
#include "status.h"

#include <stddef.h>

enum {
    BURST_RECORDS = 2000,
    BURST_BYTES = 2 * 1024 * 1024 /* copied; a larger record makes a burst of its own */
};

struct burst;

/* The caller closes it. */
enum status burst_open(const struct session *session, struct burst **burst,
                       struct error *error) CHECK_RESULT;

/* Copies the record; sends what has gathered once it is enough. */
enum status burst_add(struct burst *burst, const struct place *place, const void *key,
                      size_t key_size, const void *value, size_t value_size,
                      const struct header *headers, size_t header_count,
                      struct error *error) CHECK_RESULT;

/* Sends the rest and waits until all is acknowledged. STATUS_RETRY: acknowledgements have stopped
 * coming; STATUS_FATAL: Kafka refused a record. */
enum status burst_flush(struct burst *burst, struct error *error) CHECK_RESULT;

/* Drops what is not acknowledged. NULL is allowed. */
void burst_close(struct burst *burst);

#endif
