#include "decoders.h"

#include "tests/unit/one_event.h"

#include <criterion/criterion.h>

/* services/intake/intake_stage.h, whose names are also the loop's. */
enum status intake_decode_event(struct batch *batch, struct event *event);

static bool is_read(enum topic topic)
{
    return topic == TOPIC_ORDERS || topic == TOPIC_REQUESTS || topic == TOPIC_GOODS ||
           topic == TOPIC_ASSESSED || topic == TOPIC_ROUTED || topic == TOPIC_PAYOUTS;
}

void decode_intake(enum topic topic, const void *bytes, size_t size, struct arena *arena)
{
    struct one_event one;
    if (!is_read(topic))
        return;
    one_event_start(&one, arena, NULL, topic, bytes, size);
    enum status status = intake_decode_event(&one.work.batch, &one.event);
    cr_assert(status == STATUS_OK || status == STATUS_UNPROCESSABLE || status == STATUS_NOT_FOUND ||
              status == STATUS_EXHAUSTED);
    cr_assert(status != STATUS_OK || (one.event.order_id[0] != '\0' && one.event.body != NULL));
}
