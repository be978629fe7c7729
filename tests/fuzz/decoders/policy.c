#include "decoders.h"

#include "services/policy/policy_codec.h"
#include "services/policy/policy_stage.h"
#include "tests/unit/one_event.h"

#include <criterion/criterion.h>

static struct policy_context context;

static bool is_read(enum topic topic)
{
    return topic == TOPIC_VALIDATED;
}

void decode_policy(enum topic topic, const void *bytes, size_t size, struct arena *arena)
{
    struct one_event one;
    if (!is_read(topic))
        return;
    if (context.scratch == NULL)
        context.scratch = arena_create(POLICY_SCRATCH_MAX);
    one_event_start(&one, arena, &context, topic, bytes, size);
    enum status status = policy_decode(&one.work.batch, &one.event);
    cr_assert(status == STATUS_OK || status == STATUS_UNPROCESSABLE || status == STATUS_NOT_FOUND ||
              status == STATUS_EXHAUSTED);
    cr_assert(status != STATUS_OK || (one.event.order_id[0] != '\0' && one.event.body != NULL));
}
