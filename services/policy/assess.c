#include "assess.h"

#include "clock.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const struct rule_info rules[] = {
#define X(name, decision_name, rule_id, outcome_name, reason_name, what) \
    [RULE_##name] = {.decision = decision_name,                          \
                     .id = rule_id,                                      \
                     .outcome = OUTCOME_##outcome_name,                  \
                     .reason = POLICY_REASON_##reason_name,              \
                     .says = what},
    RULE_ROWS(X)
#undef X
};

const struct rule_info *policy_rule_info(enum rule rule)
{
    assert(rule < RULE_COUNT);
    return &rules[rule];
}

const char *policy_outcome_name(enum outcome outcome)
{
    static const char *const names[] = {
#define X(name) #name,
        OUTCOME_ROWS(X)
#undef X
    };
    assert(outcome < OUTCOME_COUNT);
    return names[outcome];
}

const char *policy_reason_name(enum policy_reason reason)
{
    static const char *const names[] = {
#define X(name) #name,
        POLICY_REASON_ROWS(X)
#undef X
    };
    assert(reason < POLICY_REASON_COUNT);
    return names[reason];
}

const char *policy_text(const struct policy *policy, struct arena *arena)
{
    char *text =
        arena_printf(arena,
                     "%s %" PRId64 "\nstandard window %" PRId64 " days, exception window %" PRId64
                     " days, of 24 h from delivery\n",
                     policy->model_id, policy->model_version, policy->standard_us / CLOCK_DAY_US,
                     policy->exception_us / CLOCK_DAY_US);
    for (size_t i = 0; i < RULE_COUNT && text != NULL; i++)
        text = arena_printf(arena, "%s%s %s: %s -> %s %s\n", text, rules[i].decision, rules[i].id,
                            rules[i].says, policy_outcome_name(rules[i].outcome),
                            policy_reason_name(rules[i].reason));
    return text;
}

enum status policy_make(int64_t standard_days, int64_t exception_days, struct policy *policy,
                        struct error *error)
{
    if (standard_days < 0 || exception_days < standard_days ||
        exception_days > POLICY_WINDOW_DAYS_MAX)
        return error_set(error, STATUS_INVALID,
                         "return windows of %" PRId64 " and %" PRId64
                         " days: the exception window includes the standard one, at most %d days",
                         standard_days, exception_days, POLICY_WINDOW_DAYS_MAX);
    *policy = (struct policy){.standard_us = standard_days * CLOCK_DAY_US,
                              .exception_us = exception_days * CLOCK_DAY_US,
                              .model_id = "built-in",
                              .model_version = 1};
    struct arena *arena = arena_create(ARENA_FIRST_BLOCK);
    const char *text = arena == NULL ? NULL : policy_text(policy, arena);
    if (text != NULL)
        identity_sha256(text, strlen(text), policy->model_sha256);
    arena_destroy(arena);
    return text != NULL ? STATUS_OK
                        : error_set(error, STATUS_EXHAUSTED, "no memory for the policy's text");
}

/* Times are of years 0001 to 9999, so that their difference fits. */
static enum rule judge_window(int64_t delivered_us, int64_t requested_us,
                              const struct policy *policy)
{
    int64_t elapsed_us = requested_us - delivered_us;
    if (elapsed_us <= policy->standard_us)
        return RULE_WITHIN;
    return elapsed_us <= policy->exception_us ? RULE_LATE : RULE_CLOSED;
}

static enum rule judge_line(const struct line_facts *line, const struct facts *facts,
                            const struct policy *policy)
{
    if (strcmp(line->category, "non_goods") == 0)
        return RULE_EXCLUDED;
    if (line->delivered)
        return judge_window(line->delivered_us, facts->requested_us, policy);
    return facts->no_window ? RULE_NO_WINDOW : RULE_UNDELIVERED;
}

/* Lists the reasons of the rules that hit, worst outcome first, each once. */
static void list_reasons(const bool hit[RULE_COUNT], struct assessment *assessment)
{
    bool listed[POLICY_REASON_COUNT] = {[POLICY_REASON_NONE] = true};
    for (int outcome = OUTCOME_COUNT - 1; outcome >= 0; outcome--)
        for (size_t rule = 0; rule < RULE_COUNT; rule++) {
            enum policy_reason reason = rules[rule].reason;
            if (!hit[rule] || (int)rules[rule].outcome != outcome || listed[reason])
                continue;
            listed[reason] = true;
            assessment->reasons[assessment->reason_count++] = reason;
        }
}

enum status assess(const struct facts *facts, const struct policy *policy, struct arena *arena,
                   struct assessment *assessment)
{
    struct line_facts order = {.line_id = "",
                               .category = "",
                               .delivered = facts->delivered,
                               .delivered_us = facts->delivered_us};
    bool by_line = facts->line_count > 0;
    const struct line_facts *lines = by_line ? facts->lines : &order;
    size_t count = by_line ? facts->line_count : 1;

    *assessment = (struct assessment){.outcome = OUTCOME_COMPLIANT};
    assessment->hits = arena_array(arena, count, sizeof *assessment->hits);
    if (assessment->hits == NULL)
        return STATUS_EXHAUSTED;
    assessment->hit_count = count;
    bool hit[RULE_COUNT] = {false};
    for (size_t i = 0; i < count; i++) {
        enum rule rule = judge_line(&lines[i], facts, policy);
        assessment->hits[i] =
            (struct rule_hit){.rule = rule, .line_id = by_line ? lines[i].line_id : ""};
        hit[rule] = true;
        if (rules[rule].outcome > assessment->outcome)
            assessment->outcome = rules[rule].outcome;
    }
    list_reasons(hit, assessment);
    return STATUS_OK;
}
