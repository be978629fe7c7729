/* Sink: takes the events that an import or a generator makes, one by one. */

#ifndef REDRESSCTL_SINK_H
#define REDRESSCTL_SINK_H

#include "arena.h"
#include "status.h"
#include "topics.h"

#include <protobuf-c/protobuf-c.h>

struct sink {
    /* The message lives until it returns. */
    enum status (*take)(void *context, enum topic topic, const ProtobufCMessage *message,
                        struct error *error);
    void *context;
    struct arena *arena; /* scratch of the maker, reset for each event or group of events */
};

#endif
