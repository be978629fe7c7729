/* Sink: takes the events that an import or a generator makes, one by one. */

#ifndef REDRESSCTL_SINK_H
#define REDRESSCTL_SINK_H

#include "arena.h"
#include "status.h"
#include "topics.h"

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

struct sink {
    /* The message lives until it returns. */
    enum status (*take)(void *context, enum topic topic, const ProtobufCMessage *message,
                        struct error *error);
    void *context;
    struct arena *arena; /* scratch of the maker, reset for each event or group of events */
};

/* Protobuf structs of events are changed by nobody, but their texts are not const. */
static inline char *sink_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

#endif
