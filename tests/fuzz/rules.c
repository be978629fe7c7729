/* Rule sets, as anybody may publish them: the bytes are a redress.v1.RuleSet in canonical JSON.
 * What a worker asks of one before it holds is asked, whatever was refused before: its form,
 * signatures and history, and what its content is made into. */

#include "common/rules/rules.h"
#include "common/dmn/dmn.h"
#include "common/message.h"
#include "common/roster_read.h"
#include "common/rules/check.h"
#include "common/topics.h"

#include "fuzz.h"
#include "services/routing/auto_limit_read.h"

#include <criterion/criterion.h>

enum { ARENA_BYTES = 32 * 1024 * 1024, MODEL_BYTES_MAX = 4096 };

#define PUBLISHED_US INT64_C(1790000000000000)

static struct arena *arena;
static struct signature_keys keys;

static void start(void)
{
    struct error error = {0};
    arena = arena_create(ARENA_BYTES);
    cr_assert_not_null(arena);
    cr_assert_eq(signature_keys_read(
                     "rules-1:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                     &keys, &error),
                 STATUS_OK);
}

static bool known(enum status status)
{
    return status == STATUS_OK || status == STATUS_INVALID || status == STATUS_EXHAUSTED;
}

static void check_content(const Redress__V1__RuleSet *set)
{
    struct error error = {0};
    struct roster roster;
    struct calendar calendar;
    struct auto_limits limits;
    struct rules_made made;
    struct feel_zones zones = {.arena = arena};
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_ROSTER)
        cr_assert(known(roster_read(set->roster, arena, &zones, &roster, &error)));
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_CALENDAR)
        cr_assert(known(calendar_read(set->calendar, arena, &zones, &calendar, &error)));
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_LIMITS)
        cr_assert(known(auto_limits_read(set->limits, &limits, &error)));
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_MODEL &&
        protobuf_c_message_get_packed_size(&set->base) < MODEL_BYTES_MAX &&
        rules_make_model(NULL, set, &made, &error) == STATUS_OK)
        rules_release_model(made.made);
}

static void check_set(const Redress__V1__RuleSet *set, const struct check_record *record)
{
    static const struct check_known nothing = {.kind = RULES_KINDS, .merchant_id = ""};
    struct error error = {0};
    char hex[65];
    cr_assert(known(check_form(set, record, &error)));
    cr_assert_eq(check_signatures(set, &keys, arena, &error), STATUS_INVALID);
    cr_assert(known(check_history(set, &nothing, &error)));
    (void)!(signature_content_hash(set, arena, hex) == STATUS_OK);
    check_content(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error error = {0};
    ProtobufCMessage *message;
    Redress__V1__RuleSet *set;
    uint8_t *packed = NULL;
    size_t packed_size = 0;
    if (arena == NULL)
        start();
    arena_reset(arena);
    if (message_from_json_text(topic_info(TOPIC_RULES)->message, (const char *)bytes, size, arena,
                               &message, &error) != STATUS_OK ||
        message_pack(message, arena, &packed, &packed_size) != STATUS_OK)
        return 0;
    const char *id = ((const Redress__V1__RuleSet *)message)->id;
    const struct check_record record = {.key = id,
                                        .key_size = strlen(id),
                                        .value = packed,
                                        .value_size = packed_size,
                                        .published_us = PUBLISHED_US};
    if (check_unpack(&record, arena, &set, &error) == STATUS_OK)
        check_set(set, &record);
    return 0;
}
