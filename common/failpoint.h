/* Failpoints: named places in the code at which a test ends the process by SIGKILL or stops it by
 * SIGSTOP, and a wall clock that a test moves. Only the flavour `failpoints` has them (make
 * FLAVOUR=failpoints); in every other build `failpoint(...)` is nothing at all, and a layout test
 * proves that programs do not know them. By the environment:
 *
 *   TEST_FAILPOINTS=saved:40,publishing:3
 *       dies the 40th time it passes `saved`, or the third time it passes `publishing`
 *   TEST_FAILPOINTS=claimed:2:stop
 *       stands still the second time it passes `claimed`, until somebody sends SIGCONT
 *   TEST_CLOCK_FILE=FILE
 *       the first 8 bytes of FILE are microseconds (int64, of this machine's byte order) that are
 *       added to the wall clock at each reading: who writes them moves the clock
 *
 * Before that it writes "failpoint NAME" or "failpoint NAME stop" and a line feed to stderr. */

#ifndef REDRESS_FAILPOINT_H
#define REDRESS_FAILPOINT_H

#include <stdint.h>

/* X(name, text, help) */
#define FAILPOINT_ROWS(X)                                                                   \
    X(TAKEN, "taken", "records were taken, their load is not sent")                         \
    X(LOADED, "loaded", "rows were loaded, nothing is decided")                             \
    X(DECIDED, "decided", "everything is decided, the save is not sent")                    \
    X(SAVING, "saving", "the save was sent, its answer has not come")                       \
    X(SAVED, "saved", "the save is committed, nothing of it is published")                  \
    X(PUBLISHING, "publishing", "a record was given to the producer, others are to follow") \
    X(PUBLISHED, "published", "a batch was given to the producer whole")                    \
    X(ACKNOWLEDGED, "acknowledged", "Kafka acknowledged a record, nobody knows yet")        \
    X(PROGRESS, "progress", "published_seq was saved")                                      \
    X(COMMITTING, "committing", "offsets are about to go to Kafka")                         \
    X(COMMITTED, "committed", "offsets went to Kafka")                                      \
    X(CLAIMING, "claiming", "a claim was sent, its answer has not come")                    \
    X(CLAIMED, "claimed", "a shard is claimed, nothing of it is published again")           \
    X(REPEATED, "repeated", "what a claimed shard had unpublished was published again")     \
    X(REVOKED, "revoked", "Kafka takes the shards away, nothing is finished")               \
    X(RELEASED, "released", "the shards were said to be free")                              \
    X(ADMITTED, "admitted", "settlement: calls were admitted, none is sent")                \
    X(CALLED, "called", "settlement: the provider is called, it has not answered")          \
    X(ANSWERED, "answered", "settlement: the provider answered, nobody knows yet")          \
    X(REPORTED, "reported", "settlement: what the provider said was given to the producer") \
    X(NOTICED, "noticed", "settlement: webhooks are published, the inbox's progress is not saved")

enum failpoint {
#define X(name, text, help) FAILPOINT_##name,
    FAILPOINT_ROWS(X)
#undef X
        FAILPOINTS
};

#ifdef REDRESS_FAILPOINTS
void failpoint_pass(enum failpoint failpoint);
int64_t failpoint_clock_us(void); /* what is added to the wall clock */
#define failpoint(name) failpoint_pass(FAILPOINT_##name)
#else
#define failpoint(name) ((void)0)
#endif

#endif
