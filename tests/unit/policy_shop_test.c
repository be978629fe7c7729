/* The shop's policy, every rule at its boundaries. */

#include "clock.h"
#include "message.h"
#include "policy_world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct policy_world world;

static void set_up(void)
{
    sample_open(&world, WORLD_SHOP);
}

static void tear_down(void)
{
    sample_close(&world);
}

TestSuite(policy_shop, .init = set_up, .fini = tear_down);

/* A request in a few words; what is 0 or NULL is usual: a WEB order of GB, CHANGED_MIND, goods. */
struct sample {
    const char *reason, *trigger, *market, *channel, *category, *tag, *evidence;
    int64_t minor;            /* 0: 4000 */
    int64_t delivered_ago_us; /* -1: never */
    int64_t shipped_ago_us;   /* 0: not known */
    int64_t placed_ago_us;    /* 0: 40 days */
    int64_t units;            /* 0: one; -1: none */
};

static const int64_t DAY = CLOCK_DAY_US;
#define DAYS(n) ((n)*24 * INT64_C(3600000000))
#define NEVER (-1)

static int enum_of(const ProtobufCEnumDescriptor *descriptor, const char *name)
{
    for (unsigned i = 0; name != NULL && i < descriptor->n_values; i++)
        if (strcmp(message_enum_name(descriptor, descriptor->values[i].value), name) == 0)
            return descriptor->values[i].value;
    cr_assert(name == NULL, "%s", name);
    return 0;
}

static Redress__V1__RefundValidated *request_of(const struct sample *sample)
{
    const char *reason = sample->reason == NULL ? "CHANGED_MIND" : sample->reason;
    int64_t delivered_us =
        sample->delivered_ago_us == NEVER ? WORLD_NEVER : WORLD_ASKED_US - sample->delivered_ago_us;
    Redress__V1__RefundValidated *request = sample_request(
        &world, (Redress__V1__ReasonCode)enum_of(&redress__v1__reason_code__descriptor, reason),
        delivered_us);
    Redress__V1__LineFacts *line =
        sample_line(&world, request, "1", sample->category == NULL ? "goods" : sample->category,
                    sample->minor == 0 ? 4000 : sample->minor, delivered_us);
    if (sample->trigger != NULL)
        request->request->trigger =
            (Redress__V1__Trigger)enum_of(&redress__v1__trigger__descriptor, sample->trigger);
    if (sample->channel != NULL)
        request->facts->channel =
            (Redress__V1__Channel)enum_of(&redress__v1__channel__descriptor, sample->channel);
    if (sample->market != NULL)
        request->facts->market = arena_strdup(world.arena, sample->market);
    if (sample->tag != NULL)
        sample_tag(&world, line, sample->tag);
    if (sample->evidence != NULL)
        sample_evidence(&world, request, sample->evidence);
    if (sample->shipped_ago_us != 0)
        line->shipped_at = message_timestamp(world.arena, WORLD_ASKED_US - sample->shipped_ago_us);
    if (sample->placed_ago_us != 0)
        request->facts->placed_at =
            message_timestamp(world.arena, WORLD_ASKED_US - sample->placed_ago_us);
    if (sample->units != 0)
        line->units = sample->units == -1 ? 0 : sample->units;
    return request;
}

/* "COMPLIANT" or "DECLINED HYGIENE", then what the rule of one decision is. */
static void expect(const struct sample *sample, const char *decision, const char *rule,
                   const char *outcome)
{
    struct assessment assessment = sample_judge(&world, request_of(sample));
    const char *words = outcome_name(assessment.outcome);
    const char *hit = "none";
    for (size_t i = 0; i < assessment.reason_count; i++)
        words = arena_printf(world.arena, "%s %s", words, assessment.reasons[i]);
    for (size_t i = 0; i < assessment.hit_count; i++)
        if (strcmp(assessment.hits[i].decision, decision) == 0)
            hit = assessment.hits[i].rule;
    cr_expect_str_eq(words, outcome, "%s/%s: %s", decision, rule, words);
    cr_expect_str_eq(hit, rule, "%s: %s instead of %s", decision, hit, rule);
}

#define OK "COMPLIANT"
#define LATE "EXCEPTION RETURN_WINDOW"
#define CLOSED "DECLINED RETURN_WINDOW"

Test(policy_shop, causes)
{
    const struct {
        const char *reason, *trigger, *rule;
    } cases[] = {
        {"CHANGED_MIND", "SERVICE_FAILURE", "c1"},
        {"NOT_RECEIVED", NULL, "c2"},
        {"SERVICE_FAILURE", NULL, "c2"},
        {"DAMAGED", NULL, "c3"},
        {"LATE", NULL, "c3"},
        {"GOODWILL", NULL, "c4"},
        {"PRICE_ADJUSTMENT", NULL, "c4"},
        {"CHANGED_MIND", NULL, "c6"},
        {"OTHER", "RETURN_RECEIPT", "c6"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(&(struct sample){.reason = cases[i].reason, .trigger = cases[i].trigger}, "Cause",
               cases[i].rule, OK);
    expect(&(struct sample){.reason = "FRAUD"}, "Cause", "c5", "EXCEPTION SUSPECTED_FRAUD");
}

Test(policy_shop, exclusions)
{
    expect(&(struct sample){.category = "non_goods"}, "Exclusions", "x1",
           "DECLINED EXCLUDED_CATEGORY");
    expect(&(struct sample){.category = "non_goods", .reason = "NOT_RECEIVED"}, "Exclusions", "x1",
           "DECLINED EXCLUDED_CATEGORY");
    expect(&(struct sample){.tag = "final_sale"}, "Exclusions", "x2", "DECLINED FINAL_SALE");
    expect(&(struct sample){.tag = "hygiene"}, "Exclusions", "x3", "DECLINED HYGIENE");
    expect(&(struct sample){.category = "digital"}, "Exclusions", "x4", "DECLINED DIGITAL");
    expect(&(struct sample){.tag = "final_sale", .reason = "DAMAGED"}, "Exclusions", "none", OK);
    expect(&(struct sample){.category = "digital", .reason = "DEFECTIVE"}, "Exclusions", "none",
           OK);
    expect(&(struct sample){.tag = "gift"}, "Exclusions", "none", OK);
}

/* Each window at its last microsecond, the next one, and the same of its grace. */
Test(policy_shop, windows)
{
    const struct {
        struct sample sample;
        const char *rule;
        int64_t days, grace_days;
        enum { DELIVERY, ORDER, SHIPMENT } start;
    } cases[] = {
        {{.reason = "DAMAGED", .market = "DE"}, "w1", 730, 0, DELIVERY},
        {{.reason = "DAMAGED"}, "w2", 365, 30, DELIVERY},
        {{.category = "perishable"}, "w3", 2, 1, DELIVERY},
        {{.category = "electronics"}, "w4", 14, 14, DELIVERY},
        {{.channel = "STORE"}, "w5", 30, 30, ORDER},
        {{.channel = "MARKETPLACE"}, "w6", 30, 30, SHIPMENT},
        {{.market = "US"}, "w7", 60, 30, DELIVERY},
        {{.market = "GB"}, "w8", 30, 60, DELIVERY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct {
            int64_t ago_us;
            const char *outcome;
        } times[] = {
            {cases[i].days * DAY, OK},
            {cases[i].days * DAY + 1, cases[i].grace_days > 0 ? LATE : CLOSED},
            {(cases[i].days + cases[i].grace_days) * DAY, cases[i].grace_days > 0 ? LATE : OK},
            {(cases[i].days + cases[i].grace_days) * DAY + 1, CLOSED},
        };
        for (size_t j = 0; j < sizeof times / sizeof *times; j++) {
            struct sample sample = cases[i].sample;
            sample.delivered_ago_us = cases[i].start == DELIVERY ? times[j].ago_us : DAY;
            sample.placed_ago_us = cases[i].start == ORDER ? times[j].ago_us : DAYS(1000);
            sample.shipped_ago_us = cases[i].start == SHIPMENT ? times[j].ago_us : 0;
            expect(&sample, "Window", cases[i].rule, times[j].outcome);
        }
    }
}

Test(policy_shop, windows_without_a_beginning)
{
    expect(&(struct sample){.delivered_ago_us = NEVER}, "Return window", "r2",
           "NEEDS_INFO NOT_DELIVERED");
    expect(&(struct sample){.delivered_ago_us = NEVER, .reason = "NOT_RECEIVED"}, "Return window",
           "r1", OK);
    expect(&(struct sample){.delivered_ago_us = NEVER, .channel = "STORE", .placed_ago_us = DAY},
           "Return window", "r3", OK);
    expect(&(struct sample){.delivered_ago_us = DAY, .channel = "MARKETPLACE"}, "Return window",
           "r3", OK);
    expect(&(struct sample){.delivered_ago_us = DAYS(2000), .reason = "SERVICE_FAILURE"},
           "Return window", "r1", OK);
    expect(&(struct sample){.delivered_ago_us = DAYS(2000), .reason = "GOODWILL"}, "Return window",
           "r1", OK);
}

/* Asked for on some day, of an order of some day that was delivered two days later. */
static void expect_holiday(const char *placed, const char *asked, const char *rule,
                           const char *outcome)
{
    int64_t placed_us, asked_us;
    cr_assert_eq(clock_parse(placed, &placed_us), STATUS_OK);
    cr_assert_eq(clock_parse(asked, &asked_us), STATUS_OK);
    Redress__V1__RefundValidated *request = request_of(&(struct sample){.reason = NULL});
    request->occurred_at = request->request->occurred_at = message_timestamp(world.arena, asked_us);
    request->facts->placed_at = message_timestamp(world.arena, placed_us);
    request->facts->lines[0]->delivered_at = message_timestamp(world.arena, placed_us + 2 * DAY);
    const char *words = sample_words(&world, request);
    cr_expect(strncmp(words, outcome, strlen(outcome)) == 0, "%s: %s", asked, words);
    cr_expect_not_null(strstr(words, arena_printf(world.arena, "Return window/%s", rule)), "%s: %s",
                       asked, words);
}

Test(policy_shop, holidays)
{
    expect_holiday("2025-10-31T23:59:59Z", "2026-01-15T00:00:00Z", "r5", LATE);
    expect_holiday("2025-11-01T00:00:00Z", "2026-01-15T00:00:00Z", "r4", OK);
    expect_holiday("2025-11-01T00:00:00Z", "2026-01-31T23:59:59Z", "r4", OK);
    expect_holiday("2025-11-01T00:00:00Z", "2026-02-01T00:00:00Z", "r5", LATE);
    expect_holiday("2025-12-01T00:00:00Z", "2026-02-01T00:00:00Z", "r5", LATE);
    expect_holiday("2025-12-24T23:59:59Z", "2026-01-31T23:59:59Z", "r4", OK);
    expect_holiday("2025-12-25T00:00:00Z", "2026-01-31T23:59:59Z", "r5", LATE);
}

Test(policy_shop, evidence)
{
#define PHOTO "NEEDS_INFO PHOTO_MISSING"
#define PAPER "NEEDS_INFO EVIDENCE_MISSING"
    expect(&(struct sample){.reason = "DAMAGED", .minor = 5000}, "Evidence", "none", OK);
    expect(&(struct sample){.reason = "DAMAGED", .minor = 5001}, "Evidence", "e1", PHOTO);
    expect(&(struct sample){.reason = "DEFECTIVE", .minor = 5001, .evidence = "text/plain"},
           "Evidence", "e1", PHOTO);
    expect(&(struct sample){.reason = "DEFECTIVE", .minor = 5001, .evidence = "image/png"},
           "Evidence", "none", OK);
    expect(&(struct sample){.reason = "WRONG_ITEM", .minor = 1}, "Evidence", "e2", PHOTO);
    expect(&(struct sample){.reason = "WRONG_ITEM", .evidence = "image/jpeg"}, "Evidence", "none",
           OK);
    expect(&(struct sample){.reason = "NOT_AS_DESCRIBED", .minor = 5000}, "Evidence", "none", OK);
    expect(&(struct sample){.reason = "NOT_AS_DESCRIBED", .minor = 5001}, "Evidence", "e3", PAPER);
    expect(&(struct sample){.reason = "NOT_AS_DESCRIBED", .minor = 5001, .evidence = "a/b"},
           "Evidence", "none", OK);
    expect(&(struct sample){.reason = "DUPLICATE_CHARGE"}, "Evidence", "e4", PAPER);
    expect(&(struct sample){.reason = "DUPLICATE_CHARGE", .evidence = "application/pdf"},
           "Evidence", "none", OK);
    expect(&(struct sample){.reason = "FRAUD"}, "Evidence", "e5", "EXCEPTION SUSPECTED_FRAUD");
    expect(&(struct sample){.reason = "DAMAGED", .minor = 9000, .delivered_ago_us = DAYS(396)},
           "Evidence", "e1", CLOSED);
}

Test(policy_shop, restocking_fees)
{
    const struct {
        struct sample sample;
        const char *rule;
        int64_t fee_minor;
    } cases[] = {
        {{.category = "electronics", .minor = 3333}, "f1", 500}, /* 499.95 */
        {{.category = "electronics", .minor = 3330}, "f1", 500}, /* 499.5 */
        {{.category = "electronics", .minor = 3329}, "f1", 499}, /* 499.35 */
        {{.delivered_ago_us = DAYS(15) - 1, .minor = 3333}, "f2", 0},
        {{.delivered_ago_us = DAYS(15), .minor = 3335}, "f3", 334}, /* 333.5 */
        {{.delivered_ago_us = DAYS(31) - 1, .minor = 3334}, "f3", 333},
        {{.delivered_ago_us = DAYS(31), .minor = 1000}, "f4", 200},
        {{.delivered_ago_us = DAYS(31), .reason = "DAMAGED"}, "none", 0},
        {{.delivered_ago_us = NEVER, .reason = "NOT_RECEIVED"}, "none", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct assessment assessment = sample_judge(&world, request_of(&cases[i].sample));
        const char *hits = assessment_hits_text(&assessment, world.arena);
        const char *rule = arena_printf(world.arena, "Restocking fee/%s", cases[i].rule);
        cr_expect_eq(assessment.fee_minor, cases[i].fee_minor, "case %zu: %lld", i,
                     (long long)assessment.fee_minor);
        cr_expect_eq(strstr(hits, rule) != NULL, strcmp(cases[i].rule, "none") != 0, "case %zu: %s",
                     i, hits);
    }
}

static const char *methods(const struct sample *sample)
{
    struct assessment assessment = sample_judge(&world, request_of(sample));
    const char *text = refund_method_name(assessment.methods[0]);
    for (size_t i = 1; i < assessment.method_count; i++)
        text = arena_printf(world.arena, "%s %s", text, refund_method_name(assessment.methods[i]));
    return text;
}

Test(policy_shop, methods)
{
    cr_expect_str_eq(methods(&(struct sample){.reason = "GOODWILL"}), "STORE_CREDIT ORIGINAL");
    cr_expect_str_eq(methods(&(struct sample){.delivered_ago_us = DAYS(31)}), "STORE_CREDIT");
    cr_expect_str_eq(methods(&(struct sample){.reason = "DAMAGED", .delivered_ago_us = DAYS(380)}),
                     "ORIGINAL STORE_CREDIT");
    cr_expect_str_eq(methods(&(struct sample){.channel = "MARKETPLACE"}), "ORIGINAL");
    cr_expect_str_eq(methods(&(struct sample){.reason = NULL}), "ORIGINAL STORE_CREDIT");
}

Test(policy_shop, goods_back_or_not)
{
    const struct {
        struct sample sample;
        const char *rule;
        bool required;
        const char *condition;
    } cases[] = {
        {{.reason = "NOT_RECEIVED"}, "g1", false, ""},
        {{.reason = "GOODWILL"}, "g1", false, ""},
        {{.trigger = "RETURN_RECEIPT"}, "g2", false, ""},
        {{.units = -1}, "g3", false, ""},
        {{.category = "perishable"}, "g4", false, ""},
        {{.category = "digital", .reason = "DEFECTIVE"}, "g4", false, ""},
        {{.minor = 2000}, "g5", false, ""},
        {{.minor = 2001}, "g7", true, "UNUSED"},
        {{.minor = 2001, .reason = "DAMAGED"}, "g6", true, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct assessment assessment = sample_judge(&world, request_of(&cases[i].sample));
        cr_expect_eq(assessment.goods_required, cases[i].required, "case %zu", i);
        cr_expect_str_eq(assessment.goods_condition, cases[i].condition, "case %zu", i);
        cr_expect_not_null(strstr(assessment_hits_text(&assessment, world.arena),
                                  arena_printf(world.arena, "Goods/%s", cases[i].rule)),
                           "case %zu", i);
    }
}

/* What the checks say together: the worst, and only its reasons. */
Test(policy_shop, the_worst_check_decides)
{
    expect(&(struct sample){.category = "non_goods", .delivered_ago_us = NEVER}, "Return window",
           "r2", "DECLINED EXCLUDED_CATEGORY");
    expect(&(struct sample){.reason = "WRONG_ITEM", .delivered_ago_us = DAYS(380)}, "Return window",
           "r5", PHOTO);
    Redress__V1__RefundValidated *request = request_of(&(struct sample){.tag = "hygiene"});
    struct assessment assessment = sample_judge(&world, request);
    cr_expect_str_eq(assessment.notice,
                     "The article is sealed for reasons of hygiene and cannot be returned.");
}
