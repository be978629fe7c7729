#include "decoders.h"

#include "services/analytics/analytics_stage.h"
#include "tests/unit/one_event.h"

#include <criterion/criterion.h>

static bool is_read(enum topic topic)
{
    return topic == TOPIC_ORDERS || topic == TOPIC_VALIDATED || topic == TOPIC_ASSESSED ||
           topic == TOPIC_ROUTED || topic == TOPIC_PAYOUTS || topic == TOPIC_PROVIDER_EVENTS;
}

void decode_analytics(enum topic topic, const void *bytes, size_t size, struct arena *arena)
{
    struct one_event one;
    if (!is_read(topic))
        return;
    struct analytics_settings settings = {0};
    one_event_start(&one, arena, &settings, topic, bytes, size);
    enum status status = analytics_stage_decode(&one.work.batch, &one.event);
    cr_assert(status == STATUS_OK || status == STATUS_UNPROCESSABLE || status == STATUS_NOT_FOUND ||
              status == STATUS_EXHAUSTED);
    cr_assert(status != STATUS_OK || (one.event.order_id[0] != '\0' && one.event.body != NULL));
}
