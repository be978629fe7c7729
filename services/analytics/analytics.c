/* Orders and refunds: what they count. Payouts stand in analytics_payout.c. */

#include "analytics.h"

#include "analytics_internal.h"

enum status analytics_done(const struct analytics_step *step)
{
    return step->totals->exhausted || arena_exhausted(step->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status analytics_version(const struct analytics_refund *refund, enum numbered topic,
                              int64_t version)
{
    if (version <= refund->seen[topic])
        return STATUS_DUPLICATE;
    return version == refund->seen[topic] + 1 ? STATUS_OK : STATUS_GAP;
}

static void take_fact(struct analytics_fact *fact)
{
    fact->counted = true;
    fact->fresh = true;
}

enum status analytics_take_placed(struct analytics_step *step, struct analytics_fact *fact,
                                  const struct analytics_placed *placed)
{
    if (fact->counted)
        return STATUS_DUPLICATE;
    take_fact(fact);
    analytics_totals_add(
        step->totals,
        &(struct total_cell){.total = TOTAL_ORDERS,
                             .texts = {fact->merchant_id, placed->currency},
                             .numbers = {placed->day, placed->channel},
                             .sums = {1, (int64_t)placed->line_count, placed->minor}},
        1);
    for (size_t i = 0; i < placed->line_count; i++)
        analytics_totals_add(
            step->totals,
            &(struct total_cell){
                .total = TOTAL_SOLD,
                .texts = {fact->merchant_id, placed->lines[i].sku, placed->currency},
                .sums = {placed->lines[i].units, placed->lines[i].minor}},
            1);
    return analytics_done(step);
}

enum status analytics_take_captured(struct analytics_step *step, struct analytics_fact *fact,
                                    const struct analytics_captured *captured)
{
    if (fact->counted)
        return STATUS_DUPLICATE;
    take_fact(fact);
    analytics_totals_add(step->totals,
                         &(struct total_cell){.total = TOTAL_CAPTURES,
                                              .texts = {fact->merchant_id, captured->currency},
                                              .numbers = {captured->day, captured->method},
                                              .sums = {1, captured->minor}},
                         1);
    return analytics_done(step);
}

static bool judged(enum analytics_outcome assessed)
{
    return assessed == ANALYTICS_COMPLIANT || assessed == ANALYTICS_EXCEPTION ||
           assessed == ANALYTICS_DECLINED;
}

enum analytics_outcome analytics_outcome(const struct analytics_refund *refund, const char **detail)
{
    *detail = refund->detail;
    if (judged(refund->assessed))
        return refund->assessed;
    if (refund->validated == ANALYTICS_REJECTED) {
        *detail = refund->rejection;
        return ANALYTICS_REJECTED;
    }
    if (refund->assessed != ANALYTICS_NONE)
        return refund->assessed;
    *detail = "";
    return refund->validated;
}

static void count_route(struct totals *totals, const struct analytics_refund *refund,
                        enum analytics_outcome outcome, int sign)
{
    if (refund->authority == 0 || !judged(outcome))
        return;
    analytics_totals_add(totals,
                         &(struct total_cell){.total = TOTAL_ROUTES,
                                              .texts = {refund->merchant_id, refund->currency},
                                              .numbers = {outcome, refund->authority},
                                              .sums = {1, refund->claim_minor}},
                         sign);
}

void analytics_count_refund(struct totals *totals, const struct analytics_refund *refund, int sign)
{
    const char *detail;
    enum analytics_outcome outcome = analytics_outcome(refund, &detail);
    if (refund->asked && outcome != ANALYTICS_NONE) {
        analytics_totals_add(
            totals,
            &(struct total_cell){.total = TOTAL_OUTCOMES,
                                 .texts = {refund->merchant_id, refund->currency, detail},
                                 .numbers = {refund->day, refund->reason, outcome, refund->channel},
                                 .sums = {1,
                                          outcome == ANALYTICS_REJECTED ? 0 : refund->claim_minor,
                                          refund->paid_minor}},
            sign);
        count_route(totals, refund, outcome, sign);
    }
    if (refund->without_payout != 0)
        analytics_totals_add(totals,
                             &(struct total_cell){.total = TOTAL_PAYOUTS,
                                                  .texts = {refund->merchant_id, refund->currency},
                                                  .numbers = {0, refund->without_payout, 0},
                                                  .sums = {1, 0}},
                             sign);
}

/* Policy repeats what intake said; once it has spoken, its word counts. */
static void take_asked(struct analytics_refund *refund, const struct analytics_asked *asked,
                       bool by_policy)
{
    if (!by_policy && refund->assessed != ANALYTICS_NONE)
        return;
    refund->asked = true;
    refund->day = asked->day;
    refund->reason = asked->reason;
    refund->channel = asked->channel;
    refund->claim_minor = asked->claim_minor;
    refund->currency = asked->currency;
}

enum status analytics_take_validated(struct analytics_step *step, struct analytics_refund *refund,
                                     const struct analytics_validated *validated)
{
    enum status status = analytics_version(refund, NUMBERED_VALIDATED, validated->version);
    if (status != STATUS_OK)
        return status;
    analytics_count_refund(step->totals, refund, -1);
    refund->seen[NUMBERED_VALIDATED] = validated->version;
    refund->validated = validated->outcome;
    refund->rejection = validated->rejection;
    take_asked(refund, &validated->asked, false);
    refund->changed = true;
    analytics_count_refund(step->totals, refund, 1);
    if (validated->version == 1)
        analytics_totals_add(step->totals,
                             &(struct total_cell){.total = TOTAL_REQUESTS,
                                                  .texts = {refund->merchant_id},
                                                  .numbers = {validated->asked.day},
                                                  .sums = {1}},
                             1);
    return analytics_done(step);
}

static void count_rules(struct totals *totals, const char *merchant_id, const char *model,
                        const struct analytics_rule *rules, size_t count, struct total_cell counted)
{
    for (size_t i = 0; i < count; i++) {
        struct total_cell cell = counted;
        cell.total = TOTAL_RULES;
        cell.texts[0] = merchant_id;
        cell.texts[1] = model;
        cell.texts[2] = rules[i].decision;
        cell.texts[3] = rules[i].rule;
        analytics_totals_add(totals, &cell, 1);
    }
}

enum status analytics_take_assessed(struct analytics_step *step, struct analytics_refund *refund,
                                    const struct analytics_assessed *assessed)
{
    enum status status = analytics_version(refund, NUMBERED_ASSESSED, assessed->version);
    if (status != STATUS_OK)
        return status;
    analytics_count_refund(step->totals, refund, -1);
    refund->seen[NUMBERED_ASSESSED] = assessed->version;
    /* A cancellation is no judgement. */
    if (assessed->outcome != ANALYTICS_CANCEL_REQUESTED || refund->assessed == ANALYTICS_NONE) {
        take_asked(refund, &assessed->asked, true);
        refund->assessed = assessed->outcome;
        refund->detail = assessed->detail;
    }
    refund->changed = true;
    analytics_count_refund(step->totals, refund, 1);
    count_rules(step->totals, refund->merchant_id, assessed->model, assessed->rules,
                assessed->rule_count,
                (struct total_cell){.numbers = {assessed->outcome}, .sums = {1, 0, 0}});
    return analytics_done(step);
}

/* What people decided, for the rules that had hit and for the people. */
static void count_verdict(struct totals *totals, const struct analytics_refund *refund,
                          const struct analytics_routed *routed)
{
    bool approved = routed->verdict == ANALYTICS_APPROVED;
    count_rules(
        totals, refund->merchant_id, routed->model, routed->rules, routed->rule_count,
        (struct total_cell){.numbers = {routed->outcome}, .sums = {0, approved, !approved}});
    for (size_t i = 0; i < routed->people_count; i++)
        analytics_totals_add(
            totals,
            &(struct total_cell){
                .total = TOTAL_APPROVERS,
                .texts = {refund->merchant_id, routed->people[i], routed->currency},
                .sums = {approved, !approved, approved ? routed->approved_minor : 0}},
            1);
    for (size_t i = 0; i < routed->people_count * routed->rule_count; i++) {
        const struct analytics_rule *rule = &routed->rules[i % routed->rule_count];
        const char *person = routed->people[i / routed->rule_count];
        analytics_totals_add(
            totals,
            &(struct total_cell){.total = TOTAL_JUDGEMENTS,
                                 .texts = {refund->merchant_id, person, rule->decision, rule->rule},
                                 .numbers = {routed->outcome},
                                 .sums = {approved, !approved}},
            1);
    }
}

static void count_returned(struct totals *totals, const struct analytics_refund *refund,
                           const struct analytics_routed *routed)
{
    for (size_t i = 0; i < routed->line_count; i++)
        analytics_totals_add(
            totals,
            &(struct total_cell){
                .total = TOTAL_RETURNED,
                .texts = {refund->merchant_id, routed->lines[i].sku, routed->currency},
                .numbers = {routed->reason},
                .sums = {routed->lines[i].units, routed->lines[i].minor}},
            1);
}

enum status analytics_take_routed(struct analytics_step *step, struct analytics_refund *refund,
                                  const struct analytics_routed *routed)
{
    enum status status = analytics_version(refund, NUMBERED_ROUTED, routed->version);
    if (status != STATUS_OK)
        return status;
    analytics_count_refund(step->totals, refund, -1);
    refund->seen[NUMBERED_ROUTED] = routed->version;
    if (refund->authority == 0)
        refund->authority = routed->authority;
    if (routed->approved && !refund->approved) {
        refund->approved = true;
        count_returned(step->totals, refund, routed);
    }
    refund->changed = true;
    analytics_count_refund(step->totals, refund, 1);
    if (routed->verdict != ANALYTICS_UNDECIDED)
        count_verdict(step->totals, refund, routed);
    return analytics_done(step);
}
