#include "assessment.h"

#include "assessment_internal.h"
#include "dmn/feel_number.h"

#include <stdlib.h>
#include <string.h>

/* A reason, with the worst outcome that it stands for and its place among that line's reasons. */
struct reason {
    const char *word;
    enum outcome outcome;
    size_t place;
    const char *notice;
};

/* A request in the making. */
struct sum {
    const struct facts *facts;
    struct arena *arena;
    struct assessment *into;
    struct hit_list hits;
    struct reason reasons[ASSESSMENT_REASONS_MAX];
    size_t reason_count;
    const char *needed[ASSESSMENT_NEEDED_MAX];
    size_t needed_count;
};

struct feel_value facts_for_line(const struct facts *facts, size_t index, struct arena *arena)
{
    size_t shared = facts->shared.context.count;
    struct feel_entry *entries = arena_array(arena, shared + 1, sizeof *entries);
    if (entries == NULL)
        return feel_null();
    memcpy(entries, facts->shared.context.entries, shared * sizeof *entries);
    entries[shared] = (struct feel_entry){feel_text("line"), facts->lines[index].value};
    return feel_context(entries, shared + 1);
}

static enum status evaluate(const struct dmn_models *models, const struct facts *facts,
                            size_t index, struct arena *arena, struct dmn_trace *trace,
                            struct error *error)
{
    const struct dmn_query query = {.node = ASSESSMENT_DECISION,
                                    .input = facts_for_line(facts, index, arena),
                                    .expected = true,
                                    .now_us = facts->now_us};
    enum status status = dmn_trace(models, &query, arena, trace, error);
    return status == STATUS_OK ? STATUS_OK : STATUS_INVALID;
}

/* Says which line, and where the first null came from. */
static enum status invalid(const struct facts *facts, size_t index, const struct dmn_trace *trace,
                           const struct error *why, struct error *error)
{
    const struct dmn_reason *first =
        trace->result.reason_count > 0 ? &trace->result.reasons[0] : NULL;
    const char *line_id = facts->lines[index].line_id;
    return error_set(error, STATUS_INVALID, "%s%s%s: %s%s%.*s%s%.150s", ASSESSMENT_DECISION,
                     line_id[0] == '\0' ? "" : " of line ", line_id, why->text,
                     first == NULL ? "" : "; ", first == NULL ? 0 : (int)first->element.size,
                     first == NULL || first->element.size == 0 ? "" : first->element.bytes,
                     first == NULL ? "" : ": ", first == NULL ? "" : first->text);
}

static enum status add_reason(struct sum *sum, const struct reason *reason, struct error *error)
{
    for (size_t i = 0; i < sum->reason_count; i++) {
        struct reason *known = &sum->reasons[i];
        if (strcmp(known->word, reason->word) != 0)
            continue;
        if (reason->outcome > known->outcome ||
            (reason->outcome == known->outcome && reason->place < known->place))
            *known = *reason;
        return STATUS_OK;
    }
    if (sum->reason_count == ASSESSMENT_REASONS_MAX)
        return error_set(error, STATUS_INVALID, "the lines have more than %d different reasons",
                         ASSESSMENT_REASONS_MAX);
    sum->reasons[sum->reason_count++] = *reason;
    return STATUS_OK;
}

static enum status add_reasons(struct sum *sum, const struct verdict *verdict, struct error *error)
{
    enum status status = STATUS_OK;
    const char *notice = arena_strndup(sum->arena, verdict->notice.bytes, verdict->notice.size);
    for (size_t i = 0; i < verdict->reason_count && status == STATUS_OK; i++) {
        struct feel_text text = verdict->reasons[i];
        const struct reason reason = {arena_strndup(sum->arena, text.bytes, text.size),
                                      verdict->outcome, i, notice};
        status = reason.word == NULL || notice == NULL ? STATUS_EXHAUSTED
                                                       : add_reason(sum, &reason, error);
    }
    return status;
}

/* What is needed counts where it holds the line up. */
static enum status add_needed(struct sum *sum, const struct verdict *verdict, struct error *error)
{
    size_t count = verdict->outcome == OUTCOME_NEEDS_INFO ? verdict->needed_count : 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < sum->needed_count &&
               !feel_text_is(verdict->needed[i], feel_text(sum->needed[at])))
            at++;
        if (at < sum->needed_count)
            continue;
        if (at == ASSESSMENT_NEEDED_MAX)
            return error_set(error, STATUS_INVALID, "the lines need more than %d different things",
                             ASSESSMENT_NEEDED_MAX);
        sum->needed[at] =
            arena_strndup(sum->arena, verdict->needed[i].bytes, verdict->needed[i].size);
        if (sum->needed[sum->needed_count++] == NULL)
            return STATUS_EXHAUSTED;
    }
    return STATUS_OK;
}

static enum status add_fee(struct sum *sum, const struct verdict *verdict, int64_t minor,
                           struct error *error)
{
    struct feel_number most = feel_number_of(minor), rounded;
    int64_t fee = minor;
    if (feel_number_compare(verdict->fee, most) < 0 &&
        (!feel_number_round(verdict->fee, 0, FEEL_ROUND_HALF_UP, &rounded) ||
         !feel_number_integer(rounded, &fee)))
        return error_set(error, STATUS_INVALID, "restockingFeeMinor cannot be rounded");
    int64_t left = sum->facts->claim_minor - sum->into->fee_minor;
    sum->into->fee_minor += fee < left ? fee : left;
    return STATUS_OK;
}

static enum status add_condition(struct sum *sum, const struct verdict *verdict)
{
    if (sum->into->goods_condition[0] != '\0' || verdict->goods_condition.size == 0)
        return STATUS_OK;
    sum->into->goods_condition =
        arena_strndup(sum->arena, verdict->goods_condition.bytes, verdict->goods_condition.size);
    return sum->into->goods_condition == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static void keep_common_methods(struct assessment *into, const struct verdict *verdict)
{
    size_t kept = 0;
    for (size_t i = 0; i < into->method_count; i++)
        for (size_t j = 0; j < verdict->method_count; j++)
            if (into->methods[i] == verdict->methods[j]) {
                into->methods[kept++] = into->methods[i];
                break;
            }
    into->method_count = kept;
}

static enum status add_line(struct sum *sum, size_t index, const struct verdict *verdict,
                            struct error *error)
{
    struct assessment *into = sum->into;
    if (verdict->outcome > into->outcome)
        into->outcome = verdict->outcome;
    into->goods_required |= verdict->goods_required;
    if (index == 0) {
        memcpy(into->methods, verdict->methods, sizeof into->methods);
        into->method_count = verdict->method_count;
    } else {
        keep_common_methods(into, verdict);
    }
    enum status status = add_condition(sum, verdict);
    if (status == STATUS_OK)
        status = add_fee(sum, verdict, sum->facts->lines[index].minor, error);
    if (status == STATUS_OK)
        status = add_reasons(sum, verdict, error);
    return status == STATUS_OK ? add_needed(sum, verdict, error) : status;
}

static enum status judge_line(struct sum *sum, const struct dmn_models *models, size_t index,
                              struct arena *scratch, struct error *error)
{
    struct dmn_trace trace = {0};
    struct verdict verdict;
    struct error why = {""};
    arena_reset(scratch);
    enum status status = evaluate(models, sum->facts, index, scratch, &trace, &why);
    if (status == STATUS_OK)
        status = verdict_read(&trace.result.value, &verdict, &why);
    if (status == STATUS_OK)
        status = add_line(sum, index, &verdict, &why);
    if (status == STATUS_OK)
        status = hit_list_add(&sum->hits, &trace, (uint32_t)index, &why);
    return status == STATUS_INVALID ? invalid(sum->facts, index, &trace, &why, error) : status;
}

/* Worst first; within an outcome as the model lists them, then by alphabet. */
static int compare_reasons(const void *left, const void *right)
{
    const struct reason *a = left, *b = right;
    if (a->outcome != b->outcome)
        return a->outcome > b->outcome ? -1 : 1;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return strcmp(a->word, b->word);
}

/* Lines that allow no method in common: only a person can pay. */
static enum status settle_methods(struct sum *sum, struct error *error)
{
    static const struct reason none = {"NO_COMMON_METHOD", OUTCOME_EXCEPTION, 0, ""};
    struct assessment *into = sum->into;
    if (into->method_count > 0)
        return STATUS_OK;
    into->methods[into->method_count++] = REFUND_METHOD_MANUAL;
    if (into->outcome < OUTCOME_EXCEPTION)
        into->outcome = OUTCOME_EXCEPTION;
    return add_reason(sum, &none, error);
}

static enum status finish(struct sum *sum)
{
    struct assessment *into = sum->into;
    const char **reasons = arena_array(sum->arena, sum->reason_count + 1, sizeof *reasons);
    if (reasons == NULL)
        return STATUS_EXHAUSTED;
    qsort(sum->reasons, sum->reason_count, sizeof *sum->reasons, compare_reasons);
    for (size_t i = 0; i < sum->reason_count; i++)
        reasons[i] = sum->reasons[i].word;
    into->reasons = reasons;
    into->reason_count = sum->reason_count;
    into->notice = sum->reason_count == 0 ? "" : sum->reasons[0].notice;
    into->needed = arena_memdup(sum->arena, sum->needed, sizeof sum->needed);
    into->needed_count = sum->needed_count;
    into->hits = sum->hits.hits;
    into->hit_count = sum->hits.count;
    if (into->outcome == OUTCOME_DECLINED)
        into->fee_minor = 0;
    into->refundable_minor =
        into->outcome == OUTCOME_DECLINED ? 0 : sum->facts->claim_minor - into->fee_minor;
    return into->needed == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status assess(const struct dmn_models *models, const struct facts *facts,
                   struct arena *scratch, struct arena *arena, struct assessment *assessment,
                   struct error *error)
{
    *assessment =
        (struct assessment){.outcome = OUTCOME_COMPLIANT, .goods_condition = "", .notice = ""};
    struct sum sum = {.facts = facts, .arena = arena, .into = assessment};
    enum status status = STATUS_OK;
    hit_list_start(&sum.hits, facts->line_count, arena);
    for (size_t i = 0; i < facts->line_count && status == STATUS_OK; i++)
        status = judge_line(&sum, models, i, scratch, error);
    if (status == STATUS_OK)
        status = settle_methods(&sum, error);
    return status == STATUS_OK ? finish(&sum) : status;
}

enum status assessment_explain(const struct dmn_models *models, const struct facts *facts,
                               size_t index, struct arena *arena, const char **text,
                               struct error *error)
{
    struct dmn_trace trace = {0};
    enum status status = evaluate(models, facts, index, arena, &trace, error);
    if (status != STATUS_OK)
        return status;
    *text = dmn_trace_text(&trace, arena);
    return *text == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}
