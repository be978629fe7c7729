#include "services/analytics/analytics.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made histories: per refund the events of each topic, which are then told in a random order
 * between the topics, with repetitions. */

enum { REFUNDS = 40, PAYOUTS_EACH = 2, EVENTS_EACH = 8, ROUNDS = 200, ARENA = 16 * 1024 * 1024 };

static uint64_t seed;

static uint32_t random_below(uint32_t bound)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % bound;
}

struct history {
    struct analytics_validated validated[EVENTS_EACH];
    struct analytics_assessed assessed[EVENTS_EACH];
    struct analytics_routed routed[EVENTS_EACH];
    struct analytics_settled settled[EVENTS_EACH];
    size_t counts[NUMBERED];
};

static const char *const currencies[] = {"GBP", "EUR", "JPY"};
static const struct analytics_rule rules[] = {{"Return window", "w1"}, {"Exclusions", "x1"}};
static const char *const people[] = {"mia", "ben"};
static const struct analytics_line lines[] = {{"sku-1", 2, 510}, {"sku-2", 1, 99}};

static struct analytics_asked some_asked(void)
{
    return (struct analytics_asked){.day = (int32_t)random_below(3),
                                    .reason = 1 + (int32_t)random_below(3),
                                    .channel = 1,
                                    .currency = currencies[random_below(3)],
                                    .claim_minor = random_below(10000)};
}

static void make_history(struct history *history)
{
    memset(history, 0, sizeof *history);
    struct analytics_asked asked = some_asked();
    for (size_t i = 0; i < 1 + random_below(3); i++) {
        static const enum analytics_outcome outcomes[] = {ANALYTICS_NONE, ANALYTICS_NONE,
                                                          ANALYTICS_REJECTED, ANALYTICS_NEEDS_INFO,
                                                          ANALYTICS_CANCEL_REQUESTED};
        enum analytics_outcome outcome = outcomes[random_below(5)];
        history->validated[history->counts[NUMBERED_VALIDATED]++] = (struct analytics_validated){
            .version = (int64_t)i + 1,
            .outcome = outcome,
            .rejection = outcome == ANALYTICS_REJECTED ? "CLAIM_TAKEN" : "",
            .asked = asked};
    }
    for (size_t i = 0; i < random_below(4); i++)
        history->assessed[history->counts[NUMBERED_ASSESSED]++] =
            (struct analytics_assessed){.version = (int64_t)i + 1,
                                        .outcome = 1 + random_below(5),
                                        .detail = random_below(2) ? "RETURN_WINDOW" : "",
                                        .asked = asked,
                                        .model = "built-in",
                                        .rules = rules,
                                        .rule_count = random_below(3)};
    for (size_t i = 0; i < random_below(4); i++) {
        bool approved = random_below(2);
        history->routed[history->counts[NUMBERED_ROUTED]++] =
            (struct analytics_routed){.version = (int64_t)i + 1,
                                      .authority = (int32_t)random_below(4),
                                      .approved = approved,
                                      .verdict = approved ? (enum analytics_verdict)random_below(2)
                                                          : ANALYTICS_DECLINED_BY_PEOPLE,
                                      .people = people,
                                      .people_count = random_below(3),
                                      .approved_minor = asked.claim_minor,
                                      .outcome = 1 + random_below(2),
                                      .currency = asked.currency,
                                      .reason = asked.reason,
                                      .model = "built-in",
                                      .rules = rules,
                                      .rule_count = 2,
                                      .lines = lines,
                                      .line_count = 2};
    }
    for (size_t i = 0; i < random_below(6); i++)
        history->settled[history->counts[NUMBERED_PAYOUTS]++] =
            (struct analytics_settled){.version = (int64_t)i + 1,
                                       .status = 1 + (int32_t)random_below(13),
                                       .payout_id = random_below(2)   ? "a"
                                                    : random_below(4) ? "b"
                                                                      : "",
                                       .provider = 1,
                                       .amount_minor = 1 + random_below(500),
                                       .currency = asked.currency};
}

struct world {
    struct arena *arena;
    struct totals totals;
    struct analytics_refund refunds[REFUNDS];
    struct analytics_payout payouts[REFUNDS][PAYOUTS_EACH];
    struct analytics_answer answer;
    struct analytics_step step;
};

static const struct analytics_limits limits = {.late_us = 100, .confirm_us = 10};

static void open_world(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->arena = arena_create(ARENA);
    cr_assert_not_null(world->arena);
    analytics_totals_start(&world->totals, world->arena);
    world->step = (struct analytics_step){.arena = world->arena,
                                          .totals = &world->totals,
                                          .limits = &limits,
                                          .answer = &world->answer};
    for (size_t i = 0; i < REFUNDS; i++) {
        world->refunds[i] =
            (struct analytics_refund){.refund_id = arena_printf(world->arena, "rf_%zu", i),
                                      .merchant_id = i % 2 ? "shop" : "other",
                                      .order_id = "o",
                                      .rejection = "",
                                      .detail = "",
                                      .currency = ""};
        for (size_t j = 0; j < PAYOUTS_EACH; j++)
            world->payouts[i][j] =
                (struct analytics_payout){.id = arena_printf(world->arena, "po_%zu_%zu", i, j),
                                          .merchant_id = world->refunds[i].merchant_id,
                                          .order_id = "o",
                                          .refund_id = "",
                                          .provider_refund_id = "",
                                          .extra_refund_id = "",
                                          .evidence = "",
                                          .currency = "",
                                          .reported_currency = ""};
    }
}

static enum status tell(struct world *world, size_t i, const struct history *history,
                        enum numbered topic, size_t at)
{
    struct analytics_refund *refund = &world->refunds[i];
    world->answer = (struct analytics_answer){0};
    switch (topic) {
    case NUMBERED_VALIDATED:
        return analytics_take_validated(&world->step, refund, &history->validated[at]);
    case NUMBERED_ASSESSED:
        return analytics_take_assessed(&world->step, refund, &history->assessed[at]);
    case NUMBERED_ROUTED:
        return analytics_take_routed(&world->step, refund, &history->routed[at]);
    case NUMBERED_PAYOUTS: {
        const char *id = history->settled[at].payout_id;
        struct analytics_payout *payout = id[0] == '\0' ? NULL : &world->payouts[i][id[0] - 'a'];
        return analytics_take_settled(&world->step, refund, payout, &history->settled[at]);
    }
    case NUMBERED:
        break;
    }
    return STATUS_FATAL;
}

/* Tells every history in a random order between its topics, some events several times. */
static void tell_all(struct world *world, const struct history *histories)
{
    size_t next[REFUNDS][NUMBERED] = {{0}};
    for (size_t left = REFUNDS; left > 0;) {
        size_t i = random_below(REFUNDS);
        enum numbered topic = (enum numbered)random_below(NUMBERED);
        size_t at = next[i][topic];
        if (at > 0 && random_below(3) == 0)
            cr_assert_eq(tell(world, i, &histories[i], topic, random_below((uint32_t)at)),
                         STATUS_DUPLICATE);
        if (at + 1 < histories[i].counts[topic] && random_below(8) == 0)
            cr_assert_eq(tell(world, i, &histories[i], topic, at + 1), STATUS_GAP);
        if (at < histories[i].counts[topic]) {
            cr_assert_eq(tell(world, i, &histories[i], topic, at), STATUS_OK);
            next[i][topic]++;
        }
        left = 0;
        for (size_t r = 0; r < REFUNDS; r++)
            for (size_t t = 0; t < NUMBERED; t++)
                left += next[r][t] < histories[r].counts[t];
    }
}

static void expect_equal(struct totals *a, struct totals *b, enum total total)
{
    size_t a_count, b_count;
    const struct total_cell **left = analytics_totals_sorted(a, total, &a_count);
    const struct total_cell **right = analytics_totals_sorted(b, total, &b_count);
    cr_assert_eq(a_count, b_count, "total %d: %zu and %zu cells", (int)total, a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        for (size_t t = 0; t < analytics_total_shapes[total].texts; t++)
            cr_assert_str_eq(left[i]->texts[t], right[i]->texts[t]);
        cr_assert_eq(memcmp(left[i]->numbers, right[i]->numbers, sizeof left[i]->numbers), 0);
        cr_assert_eq(memcmp(left[i]->sums, right[i]->sums, sizeof left[i]->sums), 0,
                     "total %d cell %zu", (int)total, i);
    }
}

/* Totals kept along the way are those of the rows counted afresh at the end. */
Test(analytics_totals, equal_recomputation_from_the_rows)
{
    struct history *histories = calloc(REFUNDS, sizeof *histories);
    struct world *world = calloc(1, sizeof *world);
    cr_assert(histories != NULL && world != NULL);
    for (seed = 1; seed <= ROUNDS; seed++) {
        uint64_t kept = seed;
        for (size_t i = 0; i < REFUNDS; i++)
            make_history(&histories[i]);
        open_world(world);
        tell_all(world, histories);
        struct totals afresh;
        analytics_totals_start(&afresh, world->arena);
        for (size_t i = 0; i < REFUNDS; i++) {
            analytics_count_refund(&afresh, &world->refunds[i], 1);
            for (size_t j = 0; j < PAYOUTS_EACH; j++)
                analytics_count_payout(&afresh, &world->payouts[i][j], 1);
        }
        expect_equal(&world->totals, &afresh, TOTAL_OUTCOMES);
        expect_equal(&world->totals, &afresh, TOTAL_ROUTES);
        expect_equal(&world->totals, &afresh, TOTAL_PAYOUTS);
        arena_destroy(world->arena);
        seed = kept;
    }
    free(world);
    free(histories);
}

/* Whatever the order between the topics, and however often an event is repeated. */
Test(analytics_totals, do_not_depend_on_the_order_between_topics)
{
    struct history *histories = calloc(REFUNDS, sizeof *histories);
    struct world *one = calloc(1, sizeof *one), *other = calloc(1, sizeof *other);
    cr_assert(histories != NULL && one != NULL && other != NULL);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        seed = round;
        for (size_t i = 0; i < REFUNDS; i++)
            make_history(&histories[i]);
        open_world(one);
        tell_all(one, histories);
        open_world(other);
        tell_all(other, histories);
        for (enum total total = 0; total < TOTALS; total++)
            expect_equal(&one->totals, &other->totals, total);
        arena_destroy(one->arena);
        arena_destroy(other->arena);
    }
    free(one);
    free(other);
    free(histories);
}

Test(analytics_totals, an_order_and_its_captures_count_once)
{
    struct world *world = calloc(1, sizeof *world);
    cr_assert_not_null(world);
    open_world(world);
    struct analytics_fact placing = {.merchant_id = "shop", .order_id = "o", .fact = ""};
    struct analytics_fact capture = {.merchant_id = "shop", .order_id = "o", .fact = "pay_1"};
    static const struct analytics_line bought[] = {
        {"sku-1", 6, 1530}, {"sku-2", 2, 1377}, {"sku-1", 1, 255}};
    const struct analytics_placed placed = {
        .day = 7, .channel = 1, .currency = "GBP", .lines = bought, .line_count = 3, .minor = 3657};
    const struct analytics_captured captured = {
        .day = 7, .method = 1, .currency = "GBP", .minor = 3657};
    cr_assert_eq(analytics_take_placed(&world->step, &placing, &placed), STATUS_OK);
    cr_assert_eq(analytics_take_placed(&world->step, &placing, &placed), STATUS_DUPLICATE);
    cr_assert_eq(analytics_take_captured(&world->step, &capture, &captured), STATUS_OK);
    cr_assert_eq(analytics_take_captured(&world->step, &capture, &captured), STATUS_DUPLICATE);
    size_t count;
    const struct total_cell **orders =
        analytics_totals_sorted(&world->totals, TOTAL_ORDERS, &count);
    cr_assert_eq(count, 1);
    cr_expect_eq(orders[0]->sums[0], 1);
    cr_expect_eq(orders[0]->sums[1], 3);
    cr_expect_eq(orders[0]->sums[2], 3657);
    const struct total_cell **sold = analytics_totals_sorted(&world->totals, TOTAL_SOLD, &count);
    cr_assert_eq(count, 2);
    cr_expect_str_eq(sold[0]->texts[1], "sku-1");
    cr_expect_eq(sold[0]->sums[0], 7);
    cr_expect_eq(sold[0]->sums[1], 1785);
    cr_expect_eq(sold[1]->sums[0], 2);
    const struct total_cell **captures =
        analytics_totals_sorted(&world->totals, TOTAL_CAPTURES, &count);
    cr_assert_eq(count, 1);
    cr_expect_eq(captures[0]->sums[1], 3657);
    arena_destroy(world->arena);
    free(world);
}

/* A follow-up that intake refuses does not undo what the policy has decided. */
Test(analytics_totals, outcome_of_a_refund)
{
    static const struct {
        enum analytics_outcome validated, assessed, outcome;
        const char *detail;
    } cases[] = {
        {ANALYTICS_NONE, ANALYTICS_NONE, ANALYTICS_NONE, ""},
        {ANALYTICS_REJECTED, ANALYTICS_NONE, ANALYTICS_REJECTED, "rejection"},
        {ANALYTICS_NEEDS_INFO, ANALYTICS_NONE, ANALYTICS_NEEDS_INFO, ""},
        {ANALYTICS_NONE, ANALYTICS_EXCEPTION, ANALYTICS_EXCEPTION, "detail"},
        {ANALYTICS_REJECTED, ANALYTICS_COMPLIANT, ANALYTICS_COMPLIANT, "detail"},
        {ANALYTICS_REJECTED, ANALYTICS_DECLINED, ANALYTICS_DECLINED, "detail"},
        {ANALYTICS_REJECTED, ANALYTICS_NEEDS_INFO, ANALYTICS_REJECTED, "rejection"},
        {ANALYTICS_CANCEL_REQUESTED, ANALYTICS_EXCEPTION, ANALYTICS_EXCEPTION, "detail"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct analytics_refund refund = {.validated = cases[i].validated,
                                                .assessed = cases[i].assessed,
                                                .rejection = "rejection",
                                                .detail = "detail"};
        const char *detail;
        cr_expect_eq(analytics_outcome(&refund, &detail), cases[i].outcome, "case %zu", i);
        if (cases[i].outcome != ANALYTICS_NONE)
            cr_expect_str_eq(detail, cases[i].detail, "case %zu", i);
    }
}

Test(analytics_totals, no_room_and_overflow_stick)
{
    struct arena *arena = arena_create(ARENA_FIRST_BLOCK);
    struct totals totals;
    analytics_totals_start(&totals, arena);
    struct total_cell cell = {.total = TOTAL_REQUESTS, .texts = {"shop"}, .sums = {INT64_MAX}};
    analytics_totals_add(&totals, &cell, 1);
    cr_expect_not(totals.exhausted);
    analytics_totals_add(&totals, &cell, 1);
    cr_expect(totals.exhausted);
    analytics_totals_start(&totals, arena);
    cell.sums[0] = 1;
    for (int32_t i = 0; i < 100000; i++) {
        cell.numbers[0] = i;
        analytics_totals_add(&totals, &cell, 1);
    }
    cr_expect(totals.exhausted);
    arena_destroy(arena);
}
