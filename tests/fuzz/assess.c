/* Policy's decisions: the bytes are the choices that make a request and its facts, which the
 * shipped policies judge. Judging twice comes to the same, and what is given back and kept adds up.
 */

#include "common/arena.h"
#include "common/clock.h"

#include "fuzz.h"
#include "tests/unit/policy_world.h"
#include "tests/unit/source.h"

#include <criterion/criterion.h>

enum { ARENA_BYTES = 32 * 1024 * 1024, LINES_MAX = 6, EVIDENCE_MAX = 4, ASSESSED_MAX = 2 };

/* So that the lines of a request stay in 63 bits. */
#define MINOR_MAX INT64_C(1000000000000000)

static struct policy_world worlds[ASSESSED_MAX];

static int64_t any_time(struct source *source)
{
    if (source_below(source, 4) == 0)
        return WORLD_NEVER;
    return WORLD_ASKED_US - source_below(source, 120) * CLOCK_DAY_US -
           source_below(source, 3) * CLOCK_SECOND_US;
}

static void add_line(struct policy_world *world, struct source *source,
                     Redress__V1__RefundValidated *request)
{
    static const char *const categories[] = {"goods",    "non_goods", "final_sale", "gift_card",
                                             "software", "digital",   "food",       ""};
    static const char *const tags[] = {"", "final-sale", "opened", "custom", "hygiene"};
    const char *id = arena_printf(world->arena, "%zu", request->facts->n_lines);
    Redress__V1__LineFacts *line =
        sample_line(world, request, id, categories[source_below(source, 8)],
                    source_amount(source, MINOR_MAX), any_time(source));
    line->units = source_amount(source, 1000000000);
    line->units_bought = line->units + source_below(source, 3);
    line->paid_minor += source_below(source, 3);
    if (source_below(source, 3) == 0)
        sample_tag(world, line, tags[source_below(source, 5)]);
}

static Redress__V1__RefundValidated *any_request(struct policy_world *world, struct source *source)
{
    static const char *const media[] = {"image/jpeg", "application/pdf", "text/plain", ""};
    static const char *const markets[] = {"GB", "DE", "", "XX"};
    Redress__V1__RefundValidated *request = sample_request(
        world, (Redress__V1__ReasonCode)(source_below(source, 13) + 1), any_time(source));
    for (int64_t i = source_below(source, LINES_MAX + 1); i > 0; i--)
        add_line(world, source, request);
    for (int64_t i = source_below(source, EVIDENCE_MAX + 1); i > 0; i--)
        sample_evidence(world, request, media[source_below(source, 4)]);
    request->facts->market = arena_strdup(world->arena, markets[source_below(source, 4)]);
    request->facts->channel = (Redress__V1__Channel)(source_below(source, 5) + 1);
    request->request->whole_order = source_below(source, 2) == 0;
    request->request->wished_method = (Redress__V1__RefundMethod)source_below(source, 5);
    request->request->trigger = (Redress__V1__Trigger)(source_below(source, 3) + 1);
    request->appeal = source_below(source, 8) == 0;
    if (request->facts->n_lines == 0)
        request->claim->minor = source_amount(source, MINOR_MAX);
    return request;
}

static void check(const struct facts *facts, const struct assessment *assessment)
{
    cr_assert(assessment->outcome < OUTCOME_COUNT);
    cr_assert(assessment->fee_minor >= 0 && assessment->fee_minor <= facts->claim_minor);
    if (assessment->outcome == OUTCOME_DECLINED)
        cr_assert(assessment->refundable_minor == 0 && assessment->fee_minor == 0);
    else
        cr_assert_eq(assessment->refundable_minor, facts->claim_minor - assessment->fee_minor);
    cr_assert(assessment->method_count > 0 && assessment->method_count <= REFUND_METHOD_COUNT);
    for (size_t i = 0; i < assessment->method_count; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(assessment->methods[i], assessment->methods[j]);
    cr_assert(assessment->reason_count <= ASSESSMENT_REASONS_MAX &&
              assessment->needed_count <= ASSESSMENT_NEEDED_MAX &&
              assessment->hit_count <= ASSESSMENT_HITS_MAX);
    for (size_t i = 0; i < assessment->hit_count; i++)
        for (size_t l = 0; l < assessment->hits[i].line_count; l++)
            cr_assert_lt(assessment->hits[i].lines[l], facts->line_count);
}

static void judge_twice(struct policy_world *world, const struct facts *facts)
{
    struct assessment first, second;
    struct error error = {0};
    enum status status = assess(world->models, facts, world->scratch, world->arena, &first, &error);
    cr_assert(status == STATUS_OK || status == STATUS_INVALID || status == STATUS_EXHAUSTED);
    if (status != STATUS_OK)
        return;
    check(facts, &first);
    cr_assert_eq(assess(world->models, facts, world->scratch, world->arena, &second, &error),
                 STATUS_OK);
    cr_assert_eq(first.outcome, second.outcome);
    cr_assert_eq(first.refundable_minor, second.refundable_minor);
    cr_assert_str_eq(assessment_hits_text(&first, world->arena),
                     assessment_hits_text(&second, world->arena));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct arena *arena;
    struct source source = source_of(bytes, size);
    if (arena == NULL) {
        arena = arena_create(ARENA_BYTES);
        sample_open(&worlds[0], WORLD_FIRST_RULES);
        sample_open(&worlds[1], WORLD_SHOP);
    }
    arena_reset(arena);
    struct policy_world world = worlds[source_below(&source, ASSESSED_MAX)];
    world.arena = arena;
    const Redress__V1__RefundValidated *request = any_request(&world, &source);
    struct facts facts;
    struct fact_fault fault = {.field = ""};
    if (facts_build(request, arena, &facts, &fault) == STATUS_OK)
        judge_twice(&world, &facts);
    return 0;
}
