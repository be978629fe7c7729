#include "trial.h"

#include "assessment_internal.h"
#include "clock.h"
#include "facts.h"
#include "message.h"

#include <stdio.h>

static const int64_t PLACED_US = INT64_C(1735689600000000); /* 2025-01-01 */

/* X(days from delivery to the request, -1: not delivered; category; tag) */
#define SAMPLE_ROWS(X)          \
    X(-1, "goods", "")          \
    X(1, "goods", "")           \
    X(1, "goods", "final_sale") \
    X(1, "digital", "")         \
    X(1, "non_goods", "")       \
    X(20, "goods", "")          \
    X(45, "goods", "")          \
    X(400, "goods", "")

static const struct sample {
    int days;
    const char *category, *tag;
} samples[] = {
#define X(days, category, tag) {days, category, tag},
    SAMPLE_ROWS(X)
#undef X
};

/* A request of one reason, for a line or for the order. */
struct made {
    Redress__V1__RefundValidated message;
    Redress__V1__RefundRequest request;
    Redress__V1__Facts facts;
    Redress__V1__LineFacts line, *lines[1];
    Redress__V1__Money claim;
    char *tags[1];
};

static void make(struct arena *arena, const struct sample *sample, int reason, bool by_line,
                 struct made *made)
{
    static char currency[] = "EUR", market[] = "DE", line_id[] = "1";
    int64_t asked_us = PLACED_US + 500 * CLOCK_DAY_US;
    redress__v1__refund_validated__init(&made->message);
    redress__v1__refund_request__init(&made->request);
    redress__v1__facts__init(&made->facts);
    redress__v1__line_facts__init(&made->line);
    redress__v1__money__init(&made->claim);
    made->message.request = &made->request;
    made->message.facts = &made->facts;
    made->message.claim = &made->claim;
    made->claim.minor = 5000;
    made->claim.currency = currency;
    made->request.reason = (Redress__V1__ReasonCode)reason;
    made->request.trigger = reason == REDRESS__V1__REASON_CODE__REASON_CODE_SERVICE_FAILURE
                                ? REDRESS__V1__TRIGGER__TRIGGER_SERVICE_FAILURE
                                : REDRESS__V1__TRIGGER__TRIGGER_CUSTOMER_REQUEST;
    made->request.occurred_at = message_timestamp(arena, asked_us);
    made->facts.placed_at = message_timestamp(arena, asked_us - 401 * CLOCK_DAY_US);
    made->facts.currency = currency;
    made->facts.market = market;
    made->facts.channel = REDRESS__V1__CHANNEL__CHANNEL_WEB;
    if (sample->days >= 0)
        made->facts.delivered_at = message_timestamp(arena, asked_us - sample->days * CLOCK_DAY_US);
    if (!by_line)
        return;
    made->line.line_id = line_id;
    made->line.category = arena_strdup(arena, sample->category);
    made->line.units = made->line.units_bought = 1;
    made->line.refundable_minor = made->line.paid_minor = 5000;
    made->line.delivered_at = made->facts.delivered_at;
    made->tags[0] = arena_strdup(arena, sample->tag);
    made->line.tags = made->tags;
    made->line.n_tags = sample->tag[0] == '\0' ? 0 : 1;
    made->lines[0] = &made->line;
    made->facts.lines = made->lines;
    made->facts.n_lines = 1;
}

struct trying {
    const struct dmn_models *models;
    struct arena *arena, *scratch;
    struct trial *trial;
};

/* Bounds come first: an evaluation that is cut off is worse than one without a result. */
static enum status try_bounds(const struct trying *trying, const struct facts *facts,
                              struct error *error)
{
    const struct dmn_query query = {.node = ASSESSMENT_DECISION,
                                    .input = facts_for_line(facts, 0, trying->arena),
                                    .now_us = facts->now_us};
    struct dmn_result result;
    arena_reset(trying->scratch);
    enum status status = dmn_evaluate(trying->models, &query, trying->scratch, &result, error);
    return status == STATUS_OK ? STATUS_OK : STATUS_INVALID;
}

static enum status try_one(const struct trying *trying, const struct sample *sample, int reason,
                           bool by_line, struct error *error)
{
    struct made made;
    struct facts facts;
    struct fact_fault fault;
    struct assessment assessment;
    struct error why = {""};
    arena_reset(trying->arena);
    make(trying->arena, sample, reason, by_line, &made);
    if (facts_build(&made.message, trying->arena, &facts, &fault) != STATUS_OK)
        return STATUS_EXHAUSTED;
    enum status status = try_bounds(trying, &facts, error);
    if (status != STATUS_OK)
        return status;
    status = assess(trying->models, &facts, trying->scratch, trying->arena, &assessment, &why);
    trying->trial->count++;
    if (status != STATUS_INVALID)
        return status;
    char delivery[40] = "not delivered";
    if (sample->days >= 0)
        (void)snprintf(delivery, sizeof delivery, "%d days after delivery", sample->days);
    if (trying->trial->invalid++ == 0)
        (void)error_set(&trying->trial->first, STATUS_INVALID, "reason %s, %s%s, category %s: %s",
                        message_enum_name(&redress__v1__reason_code__descriptor, reason),
                        by_line ? "" : "the whole order, ", delivery, sample->category, why.text);
    return STATUS_OK;
}

static enum status try_all(const struct trying *trying, struct error *error)
{
    const ProtobufCEnumDescriptor *reasons = &redress__v1__reason_code__descriptor;
    enum { SAMPLES = sizeof samples / sizeof *samples };
    enum status status = STATUS_OK;
    for (unsigned r = 0; r < reasons->n_values; r++)
        for (size_t i = 0; i < SAMPLES * 2 && status == STATUS_OK; i++)
            if (message_enum_known(reasons, reasons->values[r].value))
                status =
                    try_one(trying, &samples[i / 2], reasons->values[r].value, i % 2 == 0, error);
    return status;
}

enum status assessment_try(const struct dmn_models *models, struct trial *trial,
                           struct error *error)
{
    *trial = (struct trial){0};
    struct trying trying = {.models = models,
                            .arena = arena_create(ASSESSMENT_ARENA_MAX),
                            .scratch = arena_create(ASSESSMENT_ARENA_MAX),
                            .trial = trial};
    enum status status = trying.arena == NULL || trying.scratch == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory to try the policy")
                             : try_all(&trying, error);
    arena_destroy(trying.arena);
    arena_destroy(trying.scratch);
    if (status == STATUS_OK && trial->invalid == trial->count)
        return error_set(error, STATUS_INVALID, "it judges no request: %s", trial->first.text);
    return status;
}
