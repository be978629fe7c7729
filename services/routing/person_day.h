/* Person's day: how much somebody has approved on one local day, over all refunds, shards and
 * instances, against the hard limit of the roster.
 *
 * The rows are shared by all shards. What is loaded may be older than what the save finds: the save
 * adds under the condition that the limit still holds, and refused, the batch is decided again with
 * what others have added by then. Amounts are only ever added: an approval that becomes void later
 * has used up its part of that day all the same.
 *
 * Pure; the days live in the batch's arena. */

#ifndef REDRESS_ROUTING_PERSON_DAY_H
#define REDRESS_ROUTING_PERSON_DAY_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PERSON_DAY_BUCKETS = 256,
    /* The days that are loaded for a decision: that of its time in UTC, and the ones beside it, as
     * a local day may begin up to 14 hours earlier or 12 later. */
    PERSON_DAYS_AROUND = 1
};

/* Whose day, and in what. */
struct person_day_key {
    const char *merchant_id; /* of the roster that the person is in; "": everybody's */
    const char *person_id;
    const char *currency;
    int32_t day; /* local, since 1970-01-01 */
};

struct person_day {
    struct person_day_key key;
    int64_t used_minor;                       /* by what was loaded and what this batch added */
    int64_t added_minor;                      /* by this batch; 0: nothing to be saved */
    int64_t limit_minor;                      /* that the last addition met */
    struct person_day *next_in_bucket, *next; /* in the order in which they came up */
};

struct person_days {
    struct arena *arena;
    struct person_day *buckets[PERSON_DAY_BUCKETS];
    struct person_day *first, *last;
};

/* What a decision saw of its day, to be kept with it. */
struct person_day_seen {
    bool looked; /* false: the decision was about no money, or refused before */
    int32_t day;
    int64_t used_minor; /* before this one */
    int64_t limit_minor;
};

/* Empty. */
void person_days_start(struct person_days *days, struct arena *arena);

/* What a row says was used. STATUS_EXHAUSTED: the arena is full. */
enum status person_days_loaded(struct person_days *days, const struct person_day_key *key,
                               int64_t used_minor) CHECK_RESULT;

/* True if `minor` more fits under `limit_minor`; `seen` tells what was looked at. */
bool person_day_fits(const struct person_days *days, const struct person_day_key *key,
                     int64_t minor, int64_t limit_minor, struct person_day_seen *seen);

/* Adds what fits (person_day_fits said so). The texts of `key` must live as long as the days. */
enum status person_day_add(struct person_days *days, const struct person_day_key *key,
                           int64_t minor, int64_t limit_minor) CHECK_RESULT;

#endif
