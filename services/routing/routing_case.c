/* Opening a case and changing what it is about. */

#include "routing_internal.h"

#include "money.h"

#include <stdio.h>
#include <string.h>

enum { QUEUE_MARKET_MAX = 32 /* bytes of a market that gets a queue of its own */ };

bool case_is_open(const struct routing_case *subject)
{
    return subject != NULL && (subject->status == CASE_OPEN || subject->status == CASE_WAITING);
}

void case_touch(struct routing_case *subject, int64_t now_us)
{
    subject->version++;
    subject->updated_us = now_us;
    subject->changed = true;
}

enum status case_hash(struct routing_case *subject, struct arena *arena)
{
    const char **ids = arena_array(arena, subject->coverage_count + 1, sizeof *ids);
    if (ids == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < subject->coverage_count; i++)
        ids[i] = subject->coverage[i].payment_id;
    approval_subject_hash(subject->minor, subject->currency, ids, subject->coverage_count,
                          subject->method, subject->subject_hash);
    return STATUS_OK;
}

static void say_why(struct routing_case *subject, const char *words)
{
    if (subject->why_count < ROUTING_WHY_MAX)
        subject->why[subject->why_count++] = words;
}

static const char *amount_words(struct arena *arena, int64_t minor, const char *currency,
                                int64_t limit_minor)
{
    struct money amount, limit;
    char amount_text[MONEY_TEXT_MAX], limit_text[MONEY_TEXT_MAX];
    if (money_make(minor, currency, &amount) != STATUS_OK ||
        money_make(limit_minor, currency, &limit) != STATUS_OK)
        return "amount above the automatic limit";
    return arena_printf(arena, "amount %s above %s", money_format(amount, amount_text),
                        money_format(limit, limit_text));
}

/* Why a person must look, in words; the codes go into the answer, after those of policy. */
static enum status explain(struct turn *turn, struct routing_case *subject,
                           const struct authority_route *route)
{
    struct arena *arena = turn->step->arena;
    const struct assessed *assessed = turn->assessed;
    size_t policy_reasons = assessed == NULL ? 0 : assessed->reason_count;
    const char **reasons = arena_array(arena, policy_reasons + ROUTING_WHY_MAX, sizeof *reasons);
    if (reasons == NULL)
        return STATUS_EXHAUSTED;
    size_t count = 0;
    subject->why_count = 0;
    for (size_t i = 0; i < policy_reasons; i++) {
        reasons[count++] = assessed->reasons[i];
        if (subject->why_count < ROUTING_WHY_MAX / 2)
            say_why(subject, arena_printf(arena, "outside the policy: %s", assessed->reasons[i]));
    }
    if (subject->appeal) {
        reasons[count++] = "APPEAL";
        say_why(subject, "appeal against a decision");
    }
    if (subject->fallback) {
        reasons[count++] = "FALLBACK";
        say_why(subject, "the provider could not pay back to the original payment");
    }
    if (route->limit == NULL) {
        reasons[count++] = "NO_LIMITS";
        say_why(subject, arena_printf(arena, "no authority limits for %s", subject->currency));
    } else if (subject->minor > route->limit->automatic) {
        reasons[count++] = "AMOUNT";
        say_why(subject,
                amount_words(arena, subject->minor, subject->currency, route->limit->automatic));
    }
    if (!coverage_suffices(subject->coverage, subject->coverage_count, subject->minor)) {
        reasons[count++] = "NOT_COVERED";
        say_why(subject, "the captured payments do not cover the amount");
    }
    if (subject->why_count == 0) {
        reasons[count++] = "PERSON";
        say_why(subject, "a person had it before");
    }
    turn->step->answer->reasons = reasons;
    turn->step->answer->reason_count = count;
    return arena_exhausted(arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

/* Level and approvers by the amount; never below `floor_level`. */
static enum status assign(struct turn *turn, struct routing_case *subject, int32_t floor_level,
                          bool above)
{
    struct routing_answer *answer = turn->step->answer;
    struct authority_route route =
        authority_route(turn->step->terms->authority, subject->minor, subject->currency, true);
    authority_case(route.level, &subject->level, &subject->approvers);
    if (subject->level < floor_level)
        subject->level = floor_level;
    if (above && subject->level < AUTHORITY_CASE_LEVEL_MAX)
        subject->level++;
    answer->rule = route.rule;
    answer->routed = true;
    return explain(turn, subject, &route);
}

static void set_due(struct turn *turn, struct routing_case *subject)
{
    subject->due_us = turn->step->now_us + turn->step->terms->case_deadline_us;
    turn->step->answer->case_deadline = DEADLINE_SET;
    turn->step->answer->case_due_us = subject->due_us;
}

static bool market_plain(const char *market)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t size = strlen(market);
    return size > 0 && size <= QUEUE_MARKET_MAX && strspn(market, allowed) == size;
}

/* refunds-gb; refunds where there is no market. */
static const char *queue_of(struct arena *arena, const char *market)
{
    if (market == NULL || !market_plain(market))
        return "refunds";
    char *queue = arena_printf(arena, "refunds-%s", market);
    for (char *letter = queue; letter != NULL && *letter != '\0'; letter++)
        if (*letter >= 'A' && *letter <= 'Z')
            *letter = (char)(*letter - 'A' + 'a');
    return queue;
}

/* What an assessment asks for. A refund that was approved once is never approved again as a whole:
 * later cases stay about the payouts that failed, so that nothing is paid twice. */
static void take_assessed(struct turn *turn, struct routing_case *subject,
                          const struct routing_case *previous)
{
    bool approved_before = previous != NULL && previous->fallback;
    subject->appeal = turn->assessed->appeal || subject->appeal;
    subject->fallback = approved_before;
    subject->minor = approved_before ? previous->minor : turn->assessed->minor;
    subject->currency = approved_before ? previous->currency : turn->assessed->currency;
    subject->method = approved_before ? previous->method : turn->assessed->method;
    subject->coverage = approved_before ? previous->coverage : turn->assessed->payments;
    subject->coverage_count =
        approved_before ? previous->coverage_count : turn->assessed->payment_count;
}

/* What a failed payout leaves to be paid, beside what the open case has already. Finance can always
 * pay by hand; the approver may choose another method. The sum fits: ROUTING_FAILED_PAYOUTS_MAX
 * amounts of at most ROUTING_MINOR_MAX. */
static enum status take_payout(struct turn *turn, struct routing_case *subject)
{
    size_t before = subject->coverage_count;
    struct coverage *all = arena_array(turn->step->arena, before + 1, sizeof *all);
    if (all == NULL)
        return STATUS_EXHAUSTED;
    size_t at = before;
    for (size_t i = 0; i < before; i++) {
        all[i] = subject->coverage[i];
        if (strcmp(all[i].payment_id, turn->payout->payment_id) == 0)
            at = i;
    }
    all[at].payment_id = turn->payout->payment_id;
    all[at].minor += turn->payout->minor;
    subject->minor += turn->payout->minor;
    subject->currency = turn->payout->currency;
    subject->method = METHOD_MANUAL;
    subject->coverage = all;
    subject->coverage_count = at == before ? before + 1 : before;
    subject->fallback = true;
    return STATUS_OK;
}

/* The case now stands for what the turn brings, and waits for people. */
static enum status put(struct turn *turn, struct routing_case *subject,
                       const struct routing_case *previous, int32_t floor_level, bool above)
{
    struct routing_step *step = turn->step;
    enum status status = STATUS_OK;
    if (turn->assessed != NULL)
        take_assessed(turn, subject, previous);
    else
        status = take_payout(turn, subject);
    if (status == STATUS_OK)
        status = assign(turn, subject, floor_level, above);
    if (status == STATUS_OK)
        status = case_hash(subject, step->arena);
    case_touch(subject, step->now_us);
    subject->renewed_version = subject->version;
    subject->status = CASE_OPEN;
    set_due(turn, subject);
    step->answer->status = ROUTED_PENDING_APPROVAL;
    step->answer->about = subject;
    return status;
}

enum status case_open(struct turn *turn, bool above)
{
    struct routing_step *step = turn->step;
    struct routing_refund *refund = step->refund;
    struct routing_case *subject = arena_zalloc(step->arena, sizeof *subject);
    if (subject == NULL)
        return STATUS_EXHAUSTED;
    subject->ordinal = refund->case_count + 1;
    identity_case(step->order->merchant_id, refund->refund_id, subject->ordinal, subject->case_id);
    subject->opened_us = step->now_us;
    subject->appeal = above;
    subject->queue = queue_of(step->arena, turn->assessed == NULL ? NULL : turn->assessed->market);
    if (subject->queue == NULL)
        return STATUS_EXHAUSTED;
    const struct routing_case *previous = refund->latest;
    subject->older = refund->latest;
    refund->case_count = subject->ordinal;
    refund->latest = subject;
    return put(turn, subject, previous, above && previous != NULL ? previous->level : 0, above);
}

enum status case_renew(struct turn *turn)
{
    struct routing_case *subject = turn->step->refund->latest;
    if (!case_is_open(subject))
        return case_open(turn, turn->assessed->appeal);
    return put(turn, subject, subject, subject->level, false);
}

enum status case_extend(struct turn *turn)
{
    struct routing_case *subject = turn->step->refund->latest;
    if (!case_is_open(subject))
        return case_open(turn, false);
    return put(turn, subject, subject, subject->level, false);
}
