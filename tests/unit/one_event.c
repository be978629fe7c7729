#include "one_event.h"

#include "message.h"

#include <criterion/criterion.h>

void one_event_start(struct one_event *one, struct arena *arena, void *context, enum topic topic,
                     const void *bytes, size_t size)
{
    *one = (struct one_event){
        .event = {.kind = EVENT_MESSAGE, .topic = topic, .value = bytes, .value_size = size}};
    one->work.arena = arena;
    one->work.refusals = &one->refusal;
    one->work.batch = (struct batch){.arena = arena,
                                     .context = context,
                                     .events = &one->event,
                                     .event_count = 1,
                                     .private = &one->work.private};
}

void one_event_message(struct one_event *one, struct arena *arena, void *context, enum topic topic,
                       const ProtobufCMessage *message)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(message_pack(message, arena, &bytes, &size), STATUS_OK);
    one_event_start(one, arena, context, topic, bytes, size);
}
