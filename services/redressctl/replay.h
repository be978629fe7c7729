/* Replay: hands out the records of some topics, from the first that the log has to the last that
 * it had when asked, or on and on. Reads without a group: nobody's progress is touched. */

#ifndef REDRESSCTL_REPLAY_H
#define REDRESSCTL_REPLAY_H

#include "broker.h"
#include "session.h"
#include "status.h"

#include <stdbool.h>

struct replay {
    const enum topic *topics;
    size_t topic_count;
    const char *key; /* only the partition of this key and only its records; NULL: all */
    bool follow;     /* goes on waiting for new records */
};

/* STATUS_OK: go on; STATUS_NOT_FOUND: that was enough, replay_run returns STATUS_OK; anything else
 * ends it and is returned. The record lives until the function returns. */
typedef enum status record_taker(void *context, const struct record *record, struct error *error);

/* Within a partition in order; across partitions in no order. STATUS_RETRY: the broker cannot be
 * reached. */
enum status replay_run(const struct session *session, const struct replay *replay,
                       record_taker *take, void *context, struct error *error) CHECK_RESULT;

#endif
