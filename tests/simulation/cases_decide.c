/* One event: what goes into the core, and what comes out of it. */

#include "cases.h"

#include <string.h>

const struct routing_terms cases_terms = {.case_deadline_us = DESK_DAY_US,
                                          .answer_deadline_us = 14 * DESK_DAY_US,
                                          .approval_life_us = 7 * DESK_DAY_US,
                                          .decision_life_us = DESK_HOUR_US,
                                          .take_life_us = DESK_HOUR_US / 2,
                                          .model_retry_us = 10 * DESK_SECOND_US};

static uint64_t text_bytes(uint64_t bytes, const char *text)
{
    return desk_bytes(bytes, text, strlen(text));
}

static uint64_t case_bytes(uint64_t bytes, const struct routing_case *subject)
{
    const int64_t numbers[] = {subject->version, subject->status,    subject->level,
                               subject->minor,   subject->approvers, subject->method,
                               subject->due_us,  subject->ordinal,   subject->taken_until_us};
    bytes = desk_bytes(bytes, numbers, sizeof numbers);
    for (size_t i = 0; i < subject->why_count; i++)
        bytes = text_bytes(bytes, subject->why[i]);
    return text_bytes(text_bytes(bytes, subject->subject_hash), subject->taken_by);
}

uint64_t cases_said_bytes(const struct routing_refund *refund, const struct routing_answer *answer)
{
    const int64_t numbers[] = {answer->status,       answer->automatic,
                               answer->level,        answer->minor,
                               answer->method,       answer->case_version,
                               answer->expires_us,   answer->until_us,
                               answer->may_appeal,   answer->refusal,
                               refund->version,      (int64_t)answer->share_count,
                               answer->day_seen.day, answer->day_seen.used_minor};
    uint64_t bytes = desk_bytes(1, numbers, sizeof numbers);
    for (size_t i = 0; i < answer->share_count; i++) {
        bytes = text_bytes(bytes, answer->shares[i].payment_id);
        bytes = desk_bytes(bytes, &answer->shares[i].minor, sizeof answer->shares[i].minor);
    }
    for (size_t i = 0; i < answer->approver_count; i++)
        bytes = text_bytes(bytes, answer->approvers[i]);
    if (answer->payee != NULL)
        bytes = text_bytes(bytes, answer->payee->payee);
    return answer->about == NULL ? bytes : case_bytes(bytes, answer->about);
}

static int refund_of(const struct desk_event *event)
{
    return event->body == NULL ? event->refund : ((const struct cases_input *)event->body)->refund;
}

/* Only an assessment makes a refund known. */
static struct routing_refund *find_or_make(struct routing_order *order,
                                           const struct desk_event *event, int64_t *next_key)
{
    const struct cases_input *input = event->body;
    struct routing_refund *refund = cases_refund(order, event->order, refund_of(event));
    if (refund != NULL || input == NULL || input->kind != CASES_ASSESSED)
        return refund;
    refund = arena_zalloc(desk.arena, sizeof *refund);
    refund->refund_id = desk_refund_id(event->order, input->refund);
    refund->requester = refund->appealed_by = refund->answered_by = "";
    refund->key = ++*next_key;
    refund->next = order->refunds;
    order->refunds = refund;
    return refund;
}

static enum status decide(struct routing_step *step, const struct desk_event *event)
{
    const struct cases_input *input = event->body;
    if (input == NULL)
        return routing_due(step, (enum deadline_kind)event->kind);
    switch (input->kind) {
    case CASES_ASSESSED:
        return routing_assessed(step, &input->assessed);
    case CASES_DECISIONS:
        return routing_decided(step, &input->decision);
    case CASES_PAYOUTS:
    case CASES_TOPICS:
        break;
    }
    return routing_payout(step, &input->payout);
}

static void note(struct cases_said *said, const struct routing_refund *refund)
{
    const struct auto_answer *limited = &said->answer.limited;
    said->day = said->answer.day;
    if (limited->limit != AUTO_LIMIT_NONE) {
        said->limited = limited->meter->product;
        said->limit = limited->limit;
    }
    if (refund == NULL || refund->latest == NULL)
        return;
    said->minor = refund->latest->minor;
    said->currency = refund->latest->currency;
    said->fallback = refund->latest->fallback;
}

struct cases_said *cases_apply(struct routing_order *order, const struct desk_event *event,
                               int64_t now_us, struct routing_rules rules,
                               struct routing_shared *shared, int64_t *next_key)
{
    const struct cases_input *input = event->body;
    struct cases_said *said = arena_zalloc(desk.arena, sizeof *said);
    *said = (struct cases_said){.event = event, .now_us = now_us, .rules = rules};
    struct routing_step step = {.terms = &cases_terms,
                                .rules = rules,
                                .order = order,
                                .refund = find_or_make(order, event, next_key),
                                .now_us = now_us,
                                .shard = desk_shard_of(event->order),
                                .shared = shared,
                                .arena = desk.arena,
                                .answer = &said->answer};
    if (input != NULL && input->kind == CASES_ASSESSED)
        step.found = (struct routing_found){.products = &input->product, .product_count = 1};
    said->status = decide(&step, event);
    if (said->status == STATUS_OK)
        note(said, step.refund);
    return said;
}
