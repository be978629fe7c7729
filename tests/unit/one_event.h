/* One event in a batch of its own, for tests of decode functions without a running loop. */

#ifndef REDRESS_TESTS_ONE_EVENT_H
#define REDRESS_TESTS_ONE_EVENT_H

#include "worker/worker_internal.h"

struct one_event {
    struct work work;
    struct event event;
    struct refusal refusal; /* after a refusal: why */
};

/* `bytes` of `size` on `topic`; everything lives in `arena`. `context` is the stage's. */
void one_event_start(struct one_event *one, struct arena *arena, void *context, enum topic topic,
                     const void *bytes, size_t size);

/* The same with the packed bytes of `message`. */
void one_event_message(struct one_event *one, struct arena *arena, void *context, enum topic topic,
                       const ProtobufCMessage *message);

#endif
