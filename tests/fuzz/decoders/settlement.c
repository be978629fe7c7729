#include "decoders.h"

#include "services/settlement/settlement_batch.h"
#include "tests/unit/one_event.h"

#include <criterion/criterion.h>

static struct settlement context;

/* The key that seeds are not signed with. */
static void open_keys(void)
{
    struct error error = {0};
    cr_assert_eq(approval_keys_read("k1:000102030405060708090a0b0c0d0e0f"
                                    "101112131415161718191a1b1c1d1e1f",
                                    (struct approval_keys **)&context.keys, &error),
                 STATUS_OK);
    context.scratch = arena_create(SCRATCH_MAX);
}

static bool is_read(enum topic topic)
{
    return topic == TOPIC_ORDERS || topic == TOPIC_ROUTED || topic == TOPIC_GOODS ||
           topic == TOPIC_PROVIDER_EVENTS;
}

void decode_settlement(enum topic topic, const void *bytes, size_t size, struct arena *arena)
{
    struct one_event one;
    if (!is_read(topic))
        return;
    if (context.scratch == NULL)
        open_keys();
    one_event_start(&one, arena, &context, topic, bytes, size);
    enum status status = settlement_decode(&one.work.batch, &one.event);
    cr_assert(status == STATUS_OK || status == STATUS_UNPROCESSABLE || status == STATUS_NOT_FOUND ||
              status == STATUS_EXHAUSTED);
    cr_assert(status != STATUS_OK || (one.event.order_id[0] != '\0' && one.event.body != NULL));
}
