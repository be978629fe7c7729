/* What a person decides: whether they may, and what it does to the case. */

#include "routing_internal.h"

#include <string.h>

bool approval_stands(const struct kept_decision *kept, const struct routing_case *subject)
{
    return kept->ordinal == subject->ordinal && kept->refusal == REFUSAL_NONE &&
           (kept->verdict == VERDICT_APPROVE || kept->verdict == VERDICT_APPROVE_REDUCED) &&
           kept->result_version >= subject->renewed_version;
}

enum status approvers_list(struct routing_step *step)
{
    const struct routing_refund *refund = step->refund;
    size_t room = 0;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        room++;
    const char **approvers = arena_array(step->arena, room + 1, sizeof *approvers);
    if (approvers == NULL)
        return STATUS_EXHAUSTED;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        if (approval_stands(kept, refund->latest))
            approvers[step->answer->approver_count++] = kept->actor_id;
    step->answer->approvers = approvers;
    return STATUS_OK;
}

static int32_t approvals_standing(const struct routing_refund *refund)
{
    int32_t count = 0;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        count += approval_stands(kept, refund->latest) ? 1 : 0;
    return count;
}

static int32_t case_ordinal(const struct routing_step *step, const char *case_id)
{
    char known[IDENTITY_MAX];
    for (int32_t i = step->refund->case_count; i >= 1; i--)
        if (strcmp(identity_case(step->order->merchant_id, step->refund->refund_id, i, known),
                   case_id) == 0)
            return i;
    return 0;
}

static bool is_approval(enum verdict verdict)
{
    return verdict == VERDICT_APPROVE || verdict == VERDICT_APPROVE_REDUCED;
}

/* Of an earlier case of an appealed refund: who decided then looks at no appeal. */
static bool decided_earlier(const struct kept_decision *kept, const struct routing_case *subject)
{
    return subject->appeal && kept->ordinal < subject->ordinal &&
           (is_approval(kept->verdict) || kept->verdict == VERDICT_DECLINE);
}

/* In this case: an approval that stands, or the same advice on the same facts. */
static bool decided_here(const struct kept_decision *kept, const struct routing_case *subject,
                         enum verdict verdict)
{
    if (approval_stands(kept, subject))
        return verdict != VERDICT_ASK;
    return kept->ordinal == subject->ordinal && verdict == VERDICT_RECOMMEND &&
           kept->verdict == VERDICT_RECOMMEND && kept->result_version >= subject->renewed_version;
}

static bool already_decided(const struct routing_refund *refund, const struct decision *decision)
{
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next) {
        if (kept->refusal != REFUSAL_NONE || kept->ordinal == 0 ||
            strcmp(kept->actor_id, decision->actor_id) != 0)
            continue;
        if (decided_earlier(kept, refund->latest) ||
            decided_here(kept, refund->latest, decision->verdict))
            return true;
    }
    return false;
}

static size_t decisions_count(const struct routing_refund *refund, bool refused)
{
    size_t count = 0;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        count += (kept->refusal != REFUSAL_NONE) == refused ? 1 : 0;
    return count;
}

static bool method_allowed(const struct routing_refund *refund, int32_t method)
{
    if (refund->latest->fallback)
        return method == METHOD_STORE_CREDIT || method == METHOD_BANK_TRANSFER ||
               method == METHOD_MANUAL;
    for (size_t i = 0; refund->assessed != NULL && i < refund->assessed->method_count; i++)
        if (refund->assessed->methods[i] == method)
            return true;
    return false;
}

/* Less money, another method, or both; never more money or the same. */
static bool reduction_allowed(const struct routing_refund *refund, const struct decision *decision)
{
    const struct routing_case *subject = refund->latest;
    bool less = false, other = false;
    if (decision->has_amount) {
        if (strcmp(decision->currency, subject->currency) != 0 || decision->minor <= 0 ||
            decision->minor > subject->minor)
            return false;
        less = decision->minor < subject->minor;
    }
    if (decision->method != 0) {
        if (!method_allowed(refund, decision->method))
            return false;
        other = decision->method != subject->method;
    }
    return less || other;
}

static enum refusal_reason check_money(const struct routing_refund *refund,
                                       const struct decision *decision)
{
    const struct routing_case *subject = refund->latest;
    if (!is_approval(decision->verdict))
        return REFUSAL_NONE;
    if (decision->verdict == VERDICT_APPROVE_REDUCED && !reduction_allowed(refund, decision))
        return REFUSAL_REDUCTION;
    bool reduced = decision->verdict == VERDICT_APPROVE_REDUCED && decision->has_amount;
    return coverage_suffices(subject->coverage, subject->coverage_count,
                             reduced ? decision->minor : subject->minor)
               ? REFUSAL_NONE
               : REFUSAL_NOT_COVERED;
}

/* In the order of REFUSAL_ROWS. */
static enum refusal_reason check(const struct routing_step *step, const struct decision *decision,
                                 int32_t ordinal)
{
    const struct routing_refund *refund = step->refund;
    const struct routing_case *subject = refund->latest;
    if (ordinal == 0)
        return REFUSAL_UNKNOWN_CASE;
    if (ordinal != subject->ordinal || subject->status != CASE_OPEN)
        return REFUSAL_CASE_NOT_OPEN;
    if (!role_may(decision->role, decision->verdict))
        return REFUSAL_ROLE;
    if (strcmp(decision->actor_id, refund->requester) == 0)
        return REFUSAL_OWN_REQUEST;
    if (subject->level == AUTHORITY_CASE_LEVEL_MAX && is_approval(decision->verdict) &&
        decision->role != PERSON_FINANCE)
        return REFUSAL_ABOVE_AUTHORITY;
    if (already_decided(refund, decision))
        return REFUSAL_ALREADY_DECIDED;
    if (decision->case_version != subject->version)
        return REFUSAL_STALE_VERSION;
    if (decision->subject_hash[0] != '\0' &&
        strcmp(decision->subject_hash, subject->subject_hash) != 0)
        return REFUSAL_STALE_SUBJECT;
    enum refusal_reason money = check_money(refund, decision);
    if (money != REFUSAL_NONE)
        return money;
    return decisions_count(refund, false) >= ROUTING_DECISIONS_MAX ? REFUSAL_TOO_MANY
                                                                   : REFUSAL_NONE;
}

static struct kept_decision *keep(struct routing_step *step, const struct decision *decision,
                                  int32_t ordinal, enum refusal_reason refusal)
{
    struct kept_decision *kept = arena_zalloc(step->arena, sizeof *kept);
    if (kept == NULL)
        return NULL;
    *kept = (struct kept_decision){.decision_id = decision->decision_id,
                                   .ordinal = ordinal,
                                   .case_version = decision->case_version,
                                   .actor_id = decision->actor_id,
                                   .role = decision->role,
                                   .verdict = decision->verdict,
                                   .refusal = refusal,
                                   .note = decision->note,
                                   .occurred_us = decision->occurred_us,
                                   .decided_us = step->now_us};
    kept->number = 1;
    struct kept_decision **last = &step->refund->decisions;
    for (; *last != NULL; last = &(*last)->next)
        kept->number = (*last)->number + 1;
    *last = kept;
    return kept;
}

static enum status refuse(struct routing_step *step, const struct decision *decision,
                          int32_t ordinal, enum refusal_reason refusal)
{
    step->answer->refusal = refusal;
    if (decisions_count(step->refund, true) >= ROUTING_REFUSALS_MAX)
        return STATUS_OK;
    return keep(step, decision, ordinal, refusal) == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

/* A reduction changes what the case is about: what others approved before is void. The hash is as
 * of the approval: the next person sees and signs the reduced one. */
static enum status reduce(struct routing_step *step, const struct decision *decision)
{
    struct routing_case *subject = step->refund->latest;
    if (decision->has_amount)
        subject->minor = decision->minor;
    if (decision->method != 0)
        subject->method = decision->method;
    subject->renewed_version = subject->version + 1;
    return case_hash(subject, step->arena);
}

static enum decision_event event_of(const struct routing_step *step, enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_DECLINE:
        return HAPPENED_REFUSED;
    case VERDICT_ASK:
        return HAPPENED_ASKED;
    case VERDICT_APPROVE:
    case VERDICT_APPROVE_REDUCED:
        return approvals_standing(step->refund) >= step->refund->latest->approvers
                   ? HAPPENED_ENOUGH
                   : HAPPENED_COUNTED;
    case VERDICT_RECOMMEND:
    case VERDICT_TAKE:
    case VERDICT_GIVE_BACK:
    case VERDICT_COMMENT:
    case VERDICT_LIFT:
        break;
    }
    return HAPPENED_COUNTED;
}

enum status routing_decided(struct routing_step *step, const struct decision *decision)
{
    if (step->refund == NULL) {
        step->answer->refusal = REFUSAL_UNKNOWN_CASE;
        return STATUS_OK;
    }
    for (const struct kept_decision *kept = step->refund->decisions; kept != NULL;
         kept = kept->next)
        if (strcmp(kept->decision_id, decision->decision_id) == 0)
            return STATUS_DUPLICATE;
    int32_t ordinal = case_ordinal(step, decision->case_id);
    enum refusal_reason refusal = check(step, decision, ordinal);
    if (refusal != REFUSAL_NONE)
        return refuse(step, decision, ordinal, refusal);

    struct routing_case *subject = step->refund->latest;
    if (decision->verdict == VERDICT_APPROVE_REDUCED && reduce(step, decision) != STATUS_OK)
        return STATUS_EXHAUSTED;
    struct kept_decision *kept = keep(step, decision, ordinal, REFUSAL_NONE);
    if (kept == NULL)
        return STATUS_EXHAUSTED;
    kept->result_version = subject->version + 1;
    kept->minor = subject->minor;
    kept->method = subject->method;
    return turn_happen(&(struct turn){.step = step, .decision = decision},
                       event_of(step, decision->verdict));
}
