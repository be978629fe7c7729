/* What a person decides: whether they may, and what it does to the case. */

#include "routing_internal.h"

#include <string.h>

bool approval_stands(const struct kept_decision *kept, const struct routing_case *subject)
{
    return kept->ordinal == subject->ordinal && kept->refusal == REFUSAL_NONE &&
           (kept->verdict == VERDICT_APPROVE || kept->verdict == VERDICT_APPROVE_REDUCED) &&
           kept->result_version >= subject->renewed_version;
}

/* One that stands, by somebody who may still say it: who has left the roster since, or lost the
 * role or the limit, approves nothing that is not approved yet. The level is that of then: a case
 * that went up keeps what was approved below. */
static bool approval_holds(const struct routing_step *step, const struct kept_decision *kept)
{
    const struct routing_case *subject = step->refund->latest;
    struct people_act act = {
        .role = kept->role, .verdict = kept->verdict, .at_us = kept->occurred_us};
    return approval_stands(kept, subject) &&
           people_find(step->rules.roster, kept->actor_id, kept->on_behalf_of, &act) ==
               REFUSAL_NONE &&
           people_may(&act, &(struct people_case){.queue = subject->queue, .level = 1}) ==
               REFUSAL_NONE &&
           people_amount(&act, subject->minor, subject->currency) == REFUSAL_NONE;
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
        if (approval_holds(step, kept))
            approvers[step->answer->approver_count++] = kept->actor_id;
    step->answer->approvers = approvers;
    return STATUS_OK;
}

/* As approvers_list, for whoever looks at the case: what was approved by people who may no longer
 * approve it is not shown as approved. */
static const char *approvers_text(const struct routing_step *step)
{
    const char *text = "";
    for (const struct kept_decision *kept = step->refund->decisions; kept != NULL && text != NULL;
         kept = kept->next)
        if (approval_holds(step, kept))
            text = arena_printf(step->arena, "%s%s%s", text, text[0] == '\0' ? "" : "\x1f",
                                kept->actor_id);
    return text;
}

static int32_t approvals_holding(const struct routing_step *step)
{
    int32_t count = 0;
    for (const struct kept_decision *kept = step->refund->decisions; kept != NULL;
         kept = kept->next)
        count += approval_holds(step, kept) ? 1 : 0;
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

bool case_reviewed(const struct routing_refund *refund)
{
    const struct routing_case *subject = refund->latest;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        if (kept->ordinal == subject->ordinal && kept->refusal == REFUSAL_NONE &&
            kept->verdict == VERDICT_RECOMMEND && kept->result_version >= subject->renewed_version)
            return true;
    return false;
}

const struct kept_decision *payee_standing(const struct routing_refund *refund)
{
    const struct kept_decision *last = NULL;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        if (kept->ordinal == refund->latest->ordinal && kept->refusal == REFUSAL_NONE &&
            kept->verdict == VERDICT_VERIFY_PAYEE)
            last = kept;
    return last;
}

/* Of an earlier case of an appealed refund: who decided or advised then has no part in an appeal.
 */
static bool decided_earlier(const struct kept_decision *kept, const struct routing_case *subject)
{
    return subject->appeal && kept->ordinal < subject->ordinal &&
           (is_approval(kept->verdict) || kept->verdict == VERDICT_DECLINE ||
            kept->verdict == VERDICT_RECOMMEND);
}

/* In this case, on the facts as they are now: an approval that stands, or advice. Who advised
 * neither approves nor declines; who verified an account never approves, and the other way round.
 */
static bool decided_here(const struct kept_decision *kept, const struct routing_case *subject,
                         enum verdict verdict)
{
    if (verdict == VERDICT_ASK)
        return false;
    if (verdict == VERDICT_VERIFY_PAYEE)
        return approval_stands(kept, subject);
    if (kept->ordinal == subject->ordinal && kept->verdict == VERDICT_VERIFY_PAYEE)
        return is_approval(verdict);
    return approval_stands(kept, subject) ||
           (kept->ordinal == subject->ordinal && kept->verdict == VERDICT_RECOMMEND &&
            kept->result_version >= subject->renewed_version);
}

/* The same people, whether one acted for the other or not. */
static bool same_people(const struct kept_decision *kept, const struct people_act *act)
{
    return people_involve(act, kept->actor_id) ||
           (kept->on_behalf_of[0] != '\0' && people_involve(act, kept->on_behalf_of));
}

static bool already_decided(const struct routing_refund *refund, const struct people_act *act)
{
    if (verdict_nature(act->verdict) == VERDICT_NOTES)
        return false;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next) {
        if (kept->refusal != REFUSAL_NONE || kept->ordinal == 0 || !same_people(kept, act))
            continue;
        if (decided_earlier(kept, refund->latest) ||
            decided_here(kept, refund->latest, act->verdict))
            return true;
    }
    return false;
}

/* Taken, not decided: comments and the like. */
static size_t notes_count(const struct routing_refund *refund)
{
    size_t count = 0;
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        count += kept->refusal == REFUSAL_NONE && verdict_nature(kept->verdict) == VERDICT_NOTES;
    return count;
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

/* What an approval is about. */
static int64_t minor_of(const struct routing_case *subject, const struct decision *decision)
{
    bool reduced = decision->verdict == VERDICT_APPROVE_REDUCED && decision->has_amount;
    return reduced ? decision->minor : subject->minor;
}

/* To another account than was paid from: finance approves it, once somebody else has verified the
 * account. */
static enum refusal_reason check_payee(const struct routing_refund *refund,
                                       const struct decision *decision)
{
    bool other = decision->verdict == VERDICT_APPROVE_REDUCED && decision->method != 0;
    if ((other ? decision->method : refund->latest->method) != METHOD_BANK_TRANSFER)
        return REFUSAL_NONE;
    if (decision->role != PERSON_FINANCE)
        return REFUSAL_FINANCE_ONLY;
    return payee_standing(refund) == NULL ? REFUSAL_PAYEE : REFUSAL_NONE;
}

static enum refusal_reason check_money(const struct routing_refund *refund,
                                       const struct decision *decision,
                                       const struct people_act *act)
{
    const struct routing_case *subject = refund->latest;
    if (!is_approval(decision->verdict))
        return REFUSAL_NONE;
    if (subject->exception && !case_reviewed(refund))
        return REFUSAL_NOT_REVIEWED;
    if (decision->verdict == VERDICT_APPROVE_REDUCED && !reduction_allowed(refund, decision))
        return REFUSAL_REDUCTION;
    enum refusal_reason payee = check_payee(refund, decision);
    if (payee != REFUSAL_NONE)
        return payee;
    int64_t minor = minor_of(subject, decision);
    if (!coverage_suffices(subject->coverage, subject->coverage_count, minor))
        return REFUSAL_NOT_COVERED;
    return people_amount(act, minor, subject->currency);
}

/* What a person says about a case, to the machine. Of approvals: before they are counted. */
static enum decision_event event_named(enum verdict verdict)
{
    static const enum decision_event events[] = {
        [VERDICT_APPROVE] = HAPPENED_COUNTED,      [VERDICT_APPROVE_REDUCED] = HAPPENED_COUNTED,
        [VERDICT_DECLINE] = HAPPENED_REFUSED,      [VERDICT_ASK] = HAPPENED_ASKED,
        [VERDICT_RECOMMEND] = HAPPENED_COUNTED,    [VERDICT_TAKE] = HAPPENED_TAKEN,
        [VERDICT_GIVE_BACK] = HAPPENED_GIVEN_BACK, [VERDICT_COMMENT] = HAPPENED_NOTED,
        [VERDICT_LIFT] = HAPPENED_NOTED,           [VERDICT_VERIFY_PAYEE] = HAPPENED_COUNTED};
    return events[verdict];
}

/* Whether somebody else works on it, or it is not theirs to give back. */
static bool is_taken(const struct routing_step *step, const struct people_act *act)
{
    const struct routing_case *subject = step->refund->latest;
    bool taken = subject->taken_by[0] != '\0' && step->now_us < subject->taken_until_us;
    bool own = taken && strcmp(act->actor->id, subject->taken_by) == 0;
    if (act->verdict == VERDICT_GIVE_BACK)
        return !own;
    return act->verdict != VERDICT_COMMENT && act->verdict != VERDICT_LIFT && taken && !own;
}

/* Whether it is about the case as it is, was said since it is so, and lately: who could say when
 * they said it would choose the day that still has room, or one on which they were somebody's
 * delegate. A comment may be about an older version. */
static enum refusal_reason check_age(const struct routing_step *step,
                                     const struct decision *decision)
{
    const struct routing_case *subject = step->refund->latest;
    if (decision->occurred_us > step->now_us + ROUTING_CLOCK_SKEW_US)
        return REFUSAL_TIME;
    if (decision->verdict == VERDICT_COMMENT)
        return REFUSAL_NONE;
    if (decision->case_version != subject->version)
        return REFUSAL_STALE_VERSION;
    if (strcmp(decision->subject_hash, subject->subject_hash) != 0)
        return REFUSAL_STALE_SUBJECT;
    if (decision->occurred_us < subject->updated_us - ROUTING_CLOCK_SKEW_US ||
        decision->occurred_us < step->now_us - step->terms->decision_life_us ||
        (decision->answer_by_us != 0 &&
         (decision->answer_by_us <= step->now_us ||
          decision->answer_by_us > step->now_us + ROUTING_ANSWER_MAX_US)))
        return REFUSAL_TIME;
    return REFUSAL_NONE;
}

/* Who it is, and that they said it: what is not genuine is not even remembered. */
static enum refusal_reason check_genuine(const struct routing_step *step,
                                         const struct decision *decision, struct people_act *act)
{
    *act = (struct people_act){
        .role = decision->role, .verdict = decision->verdict, .at_us = decision->occurred_us};
    enum refusal_reason refusal =
        people_find(step->rules.roster, decision->actor_id, decision->on_behalf_of, act);
    if (refusal != REFUSAL_NONE)
        return refusal;
    return decision_genuine(step->rules.roster, act->actor, decision) ? REFUSAL_NONE
                                                                      : REFUSAL_SIGNATURE;
}

/* In the order of REFUSAL_ROWS. */
static enum refusal_reason check(struct routing_step *step, const struct decision *decision,
                                 const struct people_act *act, int32_t ordinal)
{
    const struct routing_refund *refund = step->refund;
    const struct routing_case *subject = refund->latest;
    if (ordinal == 0)
        return REFUSAL_UNKNOWN_CASE;
    if (ordinal != subject->ordinal ||
        decision_step(refund->state, event_named(decision->verdict)).action == ACTION_IGNORE)
        return REFUSAL_CASE_NOT_OPEN;
    enum refusal_reason refusal =
        people_may(act, &(struct people_case){.queue = subject->queue, .level = subject->level});
    if (refusal != REFUSAL_NONE)
        return refusal;
    if (people_involve(act, refund->requester) || people_involve(act, refund->appealed_by) ||
        people_involve_any(act, refund->answered_by))
        return REFUSAL_OWN_REQUEST;
    if (already_decided(refund, act))
        return REFUSAL_ALREADY_DECIDED;
    if (is_taken(step, act))
        return REFUSAL_TAKEN;
    refusal = check_age(step, decision);
    if (refusal == REFUSAL_NONE)
        refusal = check_money(refund, decision, act);
    if (refusal == REFUSAL_NONE)
        refusal = limit_day(step, act, minor_of(subject, decision), subject->currency);
    if (refusal != REFUSAL_NONE)
        return refusal;
    if (verdict_nature(decision->verdict) == VERDICT_NOTES &&
        notes_count(refund) >= ROUTING_NOTES_MAX)
        return REFUSAL_TOO_MANY;
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
                                   .on_behalf_of = decision->on_behalf_of,
                                   .role = decision->role,
                                   .verdict = decision->verdict,
                                   .recommended = decision->recommended,
                                   .refusal = refusal,
                                   .payee = decision->payee,
                                   .note = decision->note,
                                   .key_id = decision->key_id,
                                   .signature = decision->signature,
                                   .signature_size = decision->signature_size,
                                   .day = step->answer->day_seen,
                                   .counting = "",
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

/* What was approved was for another account. */
static void change_payee(struct routing_step *step)
{
    struct routing_case *subject = step->refund->latest;
    if (approvals_holding(step) > 0)
        subject->renewed_version = subject->version + 1;
}

static enum decision_event event_of(const struct routing_step *step, enum verdict verdict)
{
    if (is_approval(verdict) && approvals_holding(step) >= step->refund->latest->approvers)
        return HAPPENED_ENOUGH;
    return event_named(verdict);
}

/* Ids are each person's own, so that nobody uses up the id of another's decision. */
static bool known_before(const struct routing_refund *refund, const struct decision *decision)
{
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next)
        if (strcmp(kept->decision_id, decision->decision_id) == 0 &&
            strcmp(kept->actor_id, decision->actor_id) == 0)
            return true;
    return false;
}

static enum status take(struct routing_step *step, const struct decision *decision, int32_t ordinal)
{
    struct routing_case *subject = step->refund->latest;
    if (decision->verdict == VERDICT_APPROVE_REDUCED && reduce(step, decision) != STATUS_OK)
        return STATUS_EXHAUSTED;
    if (decision->verdict == VERDICT_VERIFY_PAYEE)
        change_payee(step);
    struct kept_decision *kept = keep(step, decision, ordinal, REFUSAL_NONE);
    if (kept == NULL || limit_day_use(step, subject->minor) != STATUS_OK)
        return STATUS_EXHAUSTED;
    if (decision->verdict == VERDICT_LIFT && step->shared != NULL)
        step->answer->lifted =
            auto_lift(&step->shared->meters, step->order->merchant_id,
                      &(struct auto_lifting){.person_id = decision->actor_id,
                                             .decision_id = decision->decision_id,
                                             .now_us = step->now_us});
    bool about_money = verdict_nature(decision->verdict) != VERDICT_NOTES;
    kept->result_version =
        subject->version +
        (decision->verdict == VERDICT_COMMENT || decision->verdict == VERDICT_LIFT ? 0 : 1);
    kept->minor = about_money ? subject->minor : 0;
    kept->method = about_money ? subject->method : 0;
    kept->counting = is_approval(decision->verdict) ? approvers_text(step) : "";
    if (kept->counting == NULL)
        return STATUS_EXHAUSTED;
    return turn_happen(&(struct turn){.step = step, .decision = decision},
                       event_of(step, decision->verdict));
}

enum status routing_decided(struct routing_step *step, const struct decision *decision)
{
    struct people_act act;
    enum refusal_reason refusal = check_genuine(step, decision, &act);
    if (refusal == REFUSAL_NONE && step->refund == NULL)
        refusal = REFUSAL_UNKNOWN_CASE;
    if (refusal != REFUSAL_NONE) {
        step->answer->refusal = refusal;
        return STATUS_OK;
    }
    if (known_before(step->refund, decision))
        return STATUS_DUPLICATE;
    int32_t ordinal = case_ordinal(step, decision->case_id);
    refusal = check(step, decision, &act, ordinal);
    return refusal != REFUSAL_NONE ? refuse(step, decision, ordinal, refusal)
                                   : take(step, decision, ordinal);
}
