/* Answers -> refunds.routed.v1. */

#include "message.h"
#include "message_carry.h"
#include "routing_codec.h"
#include "routing_internal.h"

#define X(name, number) \
    _Static_assert(number == (int)REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_##name, #name);
ROUTED_ROWS(X)
#undef X
#define X(name, number) \
    _Static_assert(number == (int)REDRESS__V1__CASE_STATUS__CASE_STATUS_##name, #name);
CASE_STATUS_ROWS(X)
#undef X
#define X(name, number, level, approvers) \
    _Static_assert(number == (int)REDRESS__V1__AUTHORITY_LEVEL__AUTHORITY_LEVEL_##name, #name);
AUTHORITY_ROWS(X)
#undef X

enum { FIELD_ASSESSED = 14 /* RefundRouted.assessed */ };

static Redress__V1__Money *money_message(struct arena *arena, int64_t minor, const char *currency)
{
    Redress__V1__Money *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__money__init(message);
    message->minor = minor;
    message->currency = (char *)currency;
    return message;
}

static struct approval_model authority_model(const struct router *router)
{
    if (router == NULL)
        return (struct approval_model){.present = false};
    return (struct approval_model){true, router->model_id, router->model_version,
                                   router->model_sha256};
}

/* Settlement computes the same MAC from the fields of the event. */
static bool sign(const struct routing_setting *setting, const struct routing_answer *answer,
                 Redress__V1__Approval *message)
{
    struct approval approval = {.merchant_id = setting->order->merchant_id,
                                .order_id = setting->order->order_id,
                                .refund_id = setting->refund->refund_id,
                                .version = setting->refund->version,
                                .case_version = answer->case_version,
                                .shares = answer->shares,
                                .share_count = answer->share_count,
                                .currency = answer->currency,
                                .method = answer->method,
                                .goods_required =
                                    answer->assessed != NULL && answer->assessed->goods_required,
                                .approvers = answer->approvers,
                                .approver_count = answer->approver_count,
                                .authority = authority_model(setting->router),
                                .expires_at_us = answer->expires_us};
    if (answer->payee != NULL) {
        approval.payee = answer->payee->payee;
        approval.payee_verified_by = answer->payee->actor_id;
        approval.payee_verified_at_us = answer->payee->decided_us;
    }
    if (answer->assessed != NULL)
        approval.policy = answer->assessed->policy;
    message->mac.data = arena_alloc(setting->arena, APPROVAL_MAC_SIZE);
    if (message->mac.data == NULL)
        return false;
    message->mac.len = APPROVAL_MAC_SIZE;
    message->key_id = (char *)approval_sign(setting->keys, &approval, message->mac.data);
    return true;
}

static bool encode_split(struct arena *arena, const struct routing_answer *answer,
                         Redress__V1__Approval *message)
{
    Redress__V1__PaymentShare *shares = arena_array(arena, answer->share_count + 1, sizeof *shares);
    message->split = arena_array(arena, answer->share_count + 1, sizeof *message->split);
    if (shares == NULL || message->split == NULL)
        return false;
    for (size_t i = 0; i < answer->share_count; i++) {
        redress__v1__payment_share__init(&shares[i]);
        shares[i].payment_id = (char *)answer->shares[i].payment_id;
        shares[i].amount = money_message(arena, answer->shares[i].minor, answer->currency);
        message->split[i] = &shares[i];
    }
    message->n_split = answer->share_count;
    return true;
}

/* NULL: nobody has verified one, or the arena is full. */
static Redress__V1__Payee *payee_message(struct arena *arena, const struct kept_decision *kept)
{
    Redress__V1__Payee *payee = kept == NULL ? NULL : arena_alloc(arena, sizeof *payee);
    if (payee == NULL)
        return NULL;
    redress__v1__payee__init(payee);
    payee->reference = (char *)kept->payee;
    payee->verified_by = (char *)kept->actor_id;
    payee->verified_at = message_timestamp(arena, kept->decided_us);
    return payee;
}

static bool encode_approval(const struct routing_setting *setting,
                            const struct routing_answer *answer, Redress__V1__RefundRouted *routed)
{
    Redress__V1__Approval *message = arena_alloc(setting->arena, sizeof *message);
    if (message == NULL)
        return false;
    redress__v1__approval__init(message);
    message->method = (Redress__V1__RefundMethod)answer->method;
    message->case_version = answer->case_version;
    message->expires_at = message_timestamp(setting->arena, answer->expires_us);
    message->approvers = (char **)answer->approvers;
    message->n_approvers = answer->approver_count;
    message->amount = money_message(setting->arena, answer->minor, answer->currency);
    message->payee = payee_message(setting->arena, answer->payee);
    routed->approval = message;
    return encode_split(setting->arena, answer, message) && sign(setting, answer, message);
}

static bool encode_decisions(struct arena *arena, const struct routing_refund *refund,
                             const struct routing_case *subject, Redress__V1__Case *message)
{
    message->decisions = arena_array(arena, ROUTING_DECISIONS_MAX, sizeof *message->decisions);
    for (const struct kept_decision *kept = refund->decisions;
         kept != NULL && message->n_decisions < ROUTING_DECISIONS_MAX; kept = kept->next) {
        if (kept->ordinal != subject->ordinal || kept->refusal != REFUSAL_NONE)
            continue;
        Redress__V1__CaseDecision *decision = arena_alloc(arena, sizeof *decision);
        Redress__V1__Actor *actor = arena_alloc(arena, sizeof *actor);
        if (message->decisions == NULL || decision == NULL || actor == NULL)
            return false;
        redress__v1__case_decision__init(decision);
        redress__v1__actor__init(actor);
        actor->id = (char *)kept->actor_id;
        actor->role = (Redress__V1__Role)kept->role;
        decision->actor = actor;
        decision->verdict = (Redress__V1__Verdict)kept->verdict;
        decision->on_behalf_of = (char *)kept->on_behalf_of;
        decision->recommended = (Redress__V1__Verdict)kept->recommended;
        decision->decided_at = message_timestamp(arena, kept->decided_us);
        if (kept->verdict == VERDICT_APPROVE || kept->verdict == VERDICT_APPROVE_REDUCED)
            decision->amount = money_message(arena, kept->minor, subject->currency);
        message->decisions[message->n_decisions++] = decision;
    }
    return true;
}

static bool encode_precedents(struct arena *arena, const struct routing_case *subject,
                              Redress__V1__Case *message)
{
    message->precedents = arena_array(arena, PRECEDENTS_MAX, sizeof *message->precedents);
    Redress__V1__Precedent *items = arena_array(arena, PRECEDENTS_MAX, sizeof *items);
    if (message->precedents == NULL || items == NULL)
        return false;
    for (size_t i = 0; i < subject->precedent_count; i++) {
        const struct precedent *precedent = &subject->precedents[i];
        redress__v1__precedent__init(&items[i]);
        items[i].case_id = (char *)precedent->case_id;
        items[i].verdict = (Redress__V1__Verdict)precedent->verdict;
        items[i].decided_at = message_timestamp(arena, precedent->decided_us);
        items[i].reasons = (char **)precedent->reasons;
        items[i].n_reasons = precedent->reason_count;
        items[i].amount = money_message(arena, precedent->minor, precedent->currency);
        message->precedents[i] = &items[i];
    }
    message->n_precedents = subject->precedent_count;
    return true;
}

static bool encode_case(const struct routing_setting *setting, const struct routing_case *subject,
                        Redress__V1__RefundRouted *routed)
{
    Redress__V1__Case *message = arena_alloc(setting->arena, sizeof *message);
    if (message == NULL)
        return false;
    redress__v1__case__init(message);
    message->case_id = (char *)subject->case_id;
    message->version = subject->version;
    message->queue = (char *)subject->queue;
    message->level = subject->level;
    message->approvers_needed = subject->approvers;
    if (subject->status == CASE_OPEN || subject->status == CASE_WAITING)
        message->due_at = message_timestamp(setting->arena, subject->due_us);
    message->why = (char **)subject->why;
    message->n_why = subject->why_count;
    message->status = (Redress__V1__CaseStatus)subject->status;
    message->failed_payout = subject->fallback;
    message->subject_hash = (char *)subject->subject_hash;
    message->taken_by = (char *)subject->taken_by;
    if (subject->taken_by[0] != '\0')
        message->taken_until = message_timestamp(setting->arena, subject->taken_until_us);
    message->awaits_review =
        subject->status == CASE_OPEN && subject->exception && !case_reviewed(setting->refund);
    message->missing = (char **)subject->missing;
    message->n_missing = subject->missing_count;
    message->payee = payee_message(setting->arena, payee_standing(setting->refund));
    routed->case_ = message;
    return encode_precedents(setting->arena, subject, message) &&
           encode_decisions(setting->arena, setting->refund, subject, message);
}

static bool encode_model(const struct routing_setting *setting, Redress__V1__RefundRouted *routed)
{
    if (setting->router == NULL)
        return true;
    routed->model = arena_alloc(setting->arena, sizeof *routed->model);
    if (routed->model == NULL)
        return false;
    redress__v1__model_reference__init(routed->model);
    routed->model->id = (char *)setting->router->model_id;
    routed->model->version = setting->router->model_version;
    routed->model->sha256 = (char *)setting->router->model_sha256;
    return true;
}

static bool encode_rules(const struct routing_setting *setting, const struct routing_answer *answer,
                         Redress__V1__RefundRouted *routed)
{
    size_t count = answer->route == NULL ? 0 : answer->route->hit_count;
    Redress__V1__RuleHit *hits = arena_array(setting->arena, count + 1, sizeof *hits);
    routed->rules = arena_array(setting->arena, count + 1, sizeof *routed->rules);
    if (routed->rules == NULL || hits == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        redress__v1__rule_hit__init(&hits[i]);
        hits[i].decision = (char *)answer->route->hits[i].decision;
        hits[i].rule = (char *)answer->route->hits[i].rule;
        hits[i].hit = true;
        routed->rules[i] = &hits[i];
    }
    routed->n_rules = count;
    return true;
}

/* X(tell, template, reason in plain words, needed from the customer) */
#define TELL_ROWS(X)                                                                        \
    X(NOTHING, "", "", "")                                                                  \
    X(APPROVED, "refund_approved", "", "")                                                  \
    X(DECLINED, "refund_declined", "The request was looked at and declined.", "")           \
    X(MORE_INFORMATION, "refund_more_information", "We have a question about the request.", \
      "An answer to the question.")                                                         \
    X(EXPIRED, "refund_declined", "No answer to our question came in time.", "")

static bool encode_notice(struct arena *arena, const struct routing_answer *answer,
                          Redress__V1__RefundRouted *routed)
{
    static const struct {
        const char *template, *reason, *needed;
    } words[] = {
#define X(tell, template_words, reason_words, needed_words) \
    [TELL_##tell] = {template_words, reason_words, needed_words},
        TELL_ROWS(X)
#undef X
    };
    if (answer->tell == TELL_NOTHING)
        return true;
    Redress__V1__Notice *notice = arena_alloc(arena, sizeof *notice);
    char **needed = arena_array(arena, 1, sizeof *needed);
    if (notice == NULL || needed == NULL)
        return false;
    redress__v1__notice__init(notice);
    notice->template_ = (char *)words[answer->tell].template;
    notice->reason = (char *)words[answer->tell].reason;
    if (words[answer->tell].needed[0] != '\0') {
        needed[0] = (char *)words[answer->tell].needed;
        notice->needed = needed;
        notice->n_needed = 1;
    }
    if (answer->may_appeal)
        notice->appeal = (char *)"You can appeal once, with the same request; other people will "
                                 "decide it.";
    if (answer->until_us != 0)
        notice->until = message_timestamp(arena, answer->until_us);
    routed->notice = notice;
    return true;
}

/* The assessment goes on as the bytes that came. */
static bool carry_assessed(struct arena *arena, const struct assessed *assessed,
                           Redress__V1__RefundRouted *routed)
{
    if (assessed == NULL)
        return true;
    ProtobufCMessageUnknownField *field = arena_alloc(arena, sizeof *field);
    if (field == NULL ||
        !message_embed(arena, FIELD_ASSESSED, assessed->body, assessed->body_size, field))
        return false;
    routed->base.n_unknown_fields = 1;
    routed->base.unknown_fields = field;
    return true;
}

Redress__V1__RefundRouted *routing_encode(const struct routing_setting *setting,
                                          const struct routing_answer *answer)
{
    struct arena *arena = setting->arena;
    Redress__V1__RefundRouted *routed = arena_alloc(arena, sizeof *routed);
    if (routed == NULL)
        return NULL;
    redress__v1__refund_routed__init(routed);
    routed->merchant_id = (char *)setting->order->merchant_id;
    routed->order_id = (char *)setting->order->order_id;
    routed->refund_id = (char *)setting->refund->refund_id;
    routed->version = setting->refund->version;
    routed->status = (Redress__V1__RoutingStatus)answer->status;
    routed->occurred_at = message_timestamp(arena, setting->occurred_us);
    routed->decided_at = message_timestamp(arena, setting->now_us);
    routed->automatic = answer->automatic;
    routed->authority = (Redress__V1__AuthorityLevel)answer->level;
    routed->reasons = (char **)answer->reasons;
    routed->n_reasons = answer->reason_count;
    bool done = encode_model(setting, routed) && encode_rules(setting, answer, routed) &&
                encode_notice(arena, answer, routed) &&
                carry_assessed(arena, answer->assessed, routed);
    if (done && answer->status == ROUTED_APPROVED)
        done = encode_approval(setting, answer, routed);
    if (done && answer->about != NULL)
        done = encode_case(setting, answer->about, routed);
    return done && !arena_exhausted(arena) ? routed : NULL;
}
