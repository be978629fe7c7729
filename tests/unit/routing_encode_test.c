#include "clock.h"
#include "message.h"
#include "routing_fixture.h"
#include "services/routing/routing_codec.h"

#include <criterion/criterion.h>
#include <string.h>

static struct fixture fx;
static struct approval_keys *keys;
static const char KEYS[] = "k1:1111111111111111111111111111111111111111111111111111111111111111";

static void set_up(void)
{
    fixture_start(&fx);
    cr_assert_eq(approval_keys_read(KEYS, &keys, NULL), STATUS_OK);
}

static void tear_down(void)
{
    approval_keys_destroy(keys);
    fixture_stop(&fx);
}

TestSuite(routing_encode, .init = set_up, .fini = tear_down);

/* An assessment of 900.00 with a body, as the decoder gives it. */
static struct assessed with_body(int64_t minor)
{
    Redress__V1__RefundAssessed message = REDRESS__V1__REFUND_ASSESSED__INIT;
    Redress__V1__ModelReference model = REDRESS__V1__MODEL_REFERENCE__INIT;
    model.id = (char *)"built-in";
    model.version = 1;
    model.sha256 = (char *)"ab";
    message.refund_id = (char *)fx.refund.refund_id;
    message.goods_required = true;
    message.model = &model;
    uint8_t *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(message_pack(&message.base, fx.arena, &bytes, &size), STATUS_OK);
    struct assessed assessed = fixture_assessed(&fx, minor);
    assessed.goods_required = true;
    assessed.policy = (struct approval_model){true, "built-in", 1, "ab"};
    assessed.body = bytes;
    assessed.body_size = size;
    return assessed;
}

static struct routing_setting setting(void)
{
    return (struct routing_setting){.arena = fx.arena,
                                    .router = &fx.router,
                                    .keys = keys,
                                    .order = &fx.order,
                                    .refund = &fx.refund,
                                    .occurred_us = fx.now_us - CLOCK_DAY_US,
                                    .now_us = fx.now_us};
}

/* The last answer, as a reader of the topic sees it. */
static const Redress__V1__RefundRouted *published(void)
{
    struct routing_setting where = setting();
    const Redress__V1__RefundRouted *routed = routing_encode(&where, &fx.answer);
    cr_assert_not_null(routed);
    uint8_t *bytes = NULL;
    size_t size = 0;
    ProtobufCMessage *message = NULL;
    struct error error = {""};
    cr_assert_eq(message_pack(&routed->base, fx.arena, &bytes, &size), STATUS_OK);
    cr_assert_eq(message_unpack(&redress__v1__refund_routed__descriptor, bytes, size, fx.arena,
                                &message, &error),
                 STATUS_OK, "%s", error.text);
    return (const Redress__V1__RefundRouted *)message;
}

static struct approval_model model(const Redress__V1__ModelReference *reference)
{
    return (struct approval_model){true, reference->id, reference->version, reference->sha256};
}

/* As settlement does: from the fields of the event alone. */
static enum status verified(const Redress__V1__RefundRouted *routed)
{
    const Redress__V1__Approval *approval = routed->approval;
    struct approval_share shares[4];
    cr_assert_leq(approval->n_split, 4);
    for (size_t i = 0; i < approval->n_split; i++)
        shares[i] = (struct approval_share){approval->split[i]->payment_id,
                                            approval->split[i]->amount->minor};
    struct approval signed_over = {.merchant_id = routed->merchant_id,
                                   .order_id = routed->order_id,
                                   .refund_id = routed->refund_id,
                                   .version = routed->version,
                                   .case_version = approval->case_version,
                                   .shares = shares,
                                   .share_count = approval->n_split,
                                   .currency = approval->amount->currency,
                                   .method = (int32_t)approval->method,
                                   .goods_required = routed->assessed->goods_required,
                                   .approvers = (const char *const *)approval->approvers,
                                   .approver_count = approval->n_approvers,
                                   .policy = model(routed->assessed->model),
                                   .authority = model(routed->model)};
    cr_assert_eq(message_time(approval->expires_at, &signed_over.expires_at_us), STATUS_OK);
    if (approval->payee != NULL) {
        signed_over.payee = approval->payee->reference;
        signed_over.payee_verified_by = approval->payee->verified_by;
        cr_assert_eq(message_time(approval->payee->verified_at, &signed_over.payee_verified_at_us),
                     STATUS_OK);
    }
    return approval_verify(keys, approval->key_id, &signed_over, approval->mac.data,
                           approval->mac.len);
}

Test(routing_encode, the_account_of_a_bank_transfer_is_shown_and_signed)
{
    struct assessed assessed = with_body(900);
    assessed.method = METHOD_BANK_TRANSFER;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_expect_null(published()->case_->payee);
    struct decision named = fixture_decision(&fx, "vera", VERDICT_VERIFY_PAYEE);
    named.role = PERSON_FINANCE;
    named.payee = "account-7";
    cr_assert_eq(fixture_decide(&fx, &named), STATUS_OK);
    int64_t named_us = fx.now_us, shown_us = 0;
    const Redress__V1__RefundRouted *routed = published();
    cr_assert_not_null(routed->case_->payee);
    cr_expect_str_eq(routed->case_->payee->reference, "account-7");
    cr_expect_str_eq(routed->case_->payee->verified_by, "vera");
    cr_expect_null(routed->approval);
    struct decision yes = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    yes.role = PERSON_FINANCE;
    cr_assert_eq(fixture_decide(&fx, &yes), STATUS_OK);
    routed = published();
    cr_assert_not_null(routed->approval);
    cr_expect_eq(routed->approval->method, REDRESS__V1__REFUND_METHOD__REFUND_METHOD_BANK_TRANSFER);
    cr_assert_not_null(routed->approval->payee);
    cr_expect_str_eq(routed->approval->payee->reference, "account-7");
    cr_assert_eq(message_time(routed->approval->payee->verified_at, &shown_us), STATUS_OK);
    cr_expect_eq(shown_us, named_us);
    cr_assert_eq(verified(routed), STATUS_OK);
    routed->approval->payee->reference = (char *)(uintptr_t) "account-of-a-thief";
    cr_expect_neq(verified(routed), STATUS_OK);
}

Test(routing_encode, an_automatic_approval_can_be_verified_from_the_event)
{
    struct assessed assessed = with_body(25000);
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    const Redress__V1__RefundRouted *routed = published();
    cr_expect_eq(routed->status, REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_APPROVED);
    cr_expect(routed->automatic);
    cr_expect_eq(routed->authority, REDRESS__V1__AUTHORITY_LEVEL__AUTHORITY_LEVEL_AUTO);
    cr_expect_eq(routed->version, 1);
    cr_expect_str_eq(routed->order_id, "536365");
    cr_expect_str_eq(routed->approval->key_id, "k1");
    cr_expect_eq(routed->approval->amount->minor, 25000);
    cr_expect_null(routed->case_);
    cr_expect_str_eq(routed->notice->template_, "refund_approved");
    cr_assert_eq(routed->n_rules, 2);
    cr_expect_str_eq(routed->rules[0]->decision, "Limits");
    cr_expect_str_eq(routed->rules[0]->rule, "l-gbp");
    cr_expect_str_eq(routed->rules[1]->decision, "Route");
    cr_expect_str_eq(routed->rules[1]->rule, "a1");
    cr_expect_str_eq(routed->model->id, "authority");
    cr_expect_str_eq(routed->assessed->refund_id, fx.refund.refund_id, "carried as it came");
    cr_assert_eq(verified(routed), STATUS_OK);
    routed->approval->split[0]->amount->minor++;
    cr_expect_eq(verified(routed), STATUS_INVALID);
}

Test(routing_encode, a_case_says_that_it_is_about_a_failed_payout)
{
    struct assessed assessed = with_body(1000001);
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_expect_not(published()->case_->failed_payout);
    struct failed_payout payout = {
        .version = 3, .fallback = true, .payment_id = "pay_1", .minor = 1000001, .currency = "GBP"};
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    cr_expect(published()->case_->failed_payout);
    fixture_say(&fx, "mia", VERDICT_DECLINE);
    cr_expect_eq(published()->status, REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_DECLINED);
    cr_expect(published()->case_->failed_payout);
}

Test(routing_encode, an_approval_by_people_names_them)
{
    struct assessed assessed = with_body(1000001);
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    const Redress__V1__RefundRouted *routed = published();
    cr_expect_eq(routed->status, REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_PENDING_APPROVAL);
    cr_expect_null(routed->approval);
    cr_expect_str_eq(routed->case_->case_id, fx.refund.latest->case_id);
    cr_expect_eq(routed->case_->approvers_needed, 2);
    cr_expect_eq(routed->case_->n_why, 1);
    cr_expect_eq(strlen(routed->case_->subject_hash), 64);
    cr_expect_not_null(routed->case_->due_at);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    routed = published();
    cr_expect_eq(routed->case_->n_decisions, 1);
    cr_expect_null(routed->approval);
    fixture_say(&fx, "noah", VERDICT_APPROVE);
    routed = published();
    cr_assert_eq(verified(routed), STATUS_OK);
    cr_expect_eq(routed->version, 3);
    cr_expect_eq(routed->approval->n_approvers, 2);
    cr_expect_str_eq(routed->approval->approvers[1], "noah");
    cr_expect_eq(routed->approval->case_version, routed->case_->version);
    cr_expect_eq(routed->case_->n_decisions, 2);
    cr_expect_eq(routed->case_->decisions[1]->verdict, REDRESS__V1__VERDICT__VERDICT_APPROVE);
    cr_expect_null(routed->case_->due_at, "nothing is due any more");
    routed->approval->approvers[1] = (char *)"mia";
    cr_expect_eq(verified(routed), STATUS_INVALID);
}

Test(routing_encode, what_the_customer_is_told)
{
    struct assessed assessed = with_body(90000);
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_expect_null(published()->notice, "nothing to tell while people look at it");
    fixture_say(&fx, "mia", VERDICT_ASK);
    const Redress__V1__Notice *notice = published()->notice;
    cr_expect_str_eq(notice->template_, "refund_more_information");
    cr_expect_eq(notice->n_needed, 1);
    cr_expect_not_null(notice->until);
    cr_assert_eq(fixture_due(&fx, DEADLINE_ANSWER), STATUS_OK);
    notice = published()->notice;
    cr_expect_str_eq(notice->template_, "refund_declined");
    cr_expect_not_null(strstr(notice->reason, "in time"));
    cr_expect_neq(notice->appeal[0], '\0');
}

Test(routing_encode, control_events)
{
    struct assessed assessed = with_body(90000);
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    struct decision decision = fixture_decision(&fx, "agent-4", VERDICT_APPROVE);
    cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
    struct routing_setting where = setting();
    const Redress__V1__ControlEvent *event =
        routing_encode_refused(&where, fx.refund.refund_id, &decision, fx.answer.refusal);
    cr_assert_not_null(event);
    cr_expect_eq(event->event_case, REDRESS__V1__CONTROL_EVENT__EVENT_DECISION_REFUSED);
    cr_expect_str_eq(event->source, "routing");
    cr_expect_str_eq(event->decision_refused->reason, "OWN_REQUEST");
    cr_expect_str_eq(event->decision_refused->actor->id, "agent-4");
    cr_expect_str_eq(event->decision_refused->decision_id, decision.decision_id);

    fx.answer = (struct routing_answer){.waiting_for = "somebody", .waiting_since_us = 7};
    event = routing_encode_stalled(&where, fx.refund.refund_id, &fx.answer);
    cr_assert_not_null(event);
    cr_expect_eq(event->event_case, REDRESS__V1__CONTROL_EVENT__EVENT_STALLED);
    cr_expect_str_eq(event->stalled->waiting_for, "somebody");
    cr_expect_str_eq(event->stalled->refund_id, fx.refund.refund_id);
}
