#include "message.h"
#include "one_event.h"
#include "policy_world.h"
#include "services/policy/policy_codec.h"
#include "services/policy/policy_stage.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *arena;
static struct policy_world world;
static struct rules_set set;
static struct policy_context context;

static void set_up(void)
{
    arena = arena_create(1024 * 1024);
    context.scratch = arena_create(1024 * 1024);
    sample_open(&world, WORLD_FIRST_RULES);
    set = (struct rules_set){
        .id = "first-rules", .version = 3, .sha256 = "abcd", .made = world.models};
}

static void tear_down(void)
{
    arena_destroy(arena);
    arena_destroy(context.scratch);
    sample_close(&world);
}

TestSuite(policy_codec, .init = set_up, .fini = tear_down);

static enum status decoded(struct one_event *one, const char *json)
{
    ProtobufCMessage *message = NULL;
    struct error error = {""};
    cr_assert_eq(message_from_json_text(topic_info(TOPIC_VALIDATED)->message, json, strlen(json),
                                        arena, &message, &error),
                 STATUS_OK, "%s: %s", json, error.text);
    one_event_message(one, arena, &context, TOPIC_VALIDATED, message);
    return policy_decode(&one->work.batch, &one->event);
}

#define HEAD "\"merchantId\":\"shop\",\"orderId\":\"o-1\",\"refundId\":\"rf_1\",\"version\":2"
#define CLAIM "\"claim\":{\"minor\":510,\"currency\":\"GBP\"}"
#define WHEN "\"occurredAt\":\"2011-02-01T00:00:00Z\""

static const char LATE[] =
    "{" HEAD ",\"status\":\"VALIDATED\"," WHEN ",\"request\":{" WHEN ",\"trigger\":"
    "\"CUSTOMER_REQUEST\",\"reason\":\"DAMAGED\"},\"facts\":{\"deliveredAt\":"
    "\"2010-12-03T00:00:00Z\",\"lines\":[{\"lineId\":\"1\",\"category\":\"goods\",\"deliveredAt\":"
    "\"2010-12-03T00:00:00Z\"},{\"lineId\":\"2\",\"category\":\"non_goods\"}]}," CLAIM "}";

/* What policy says about the event, as a reader of the topic sees it. */
static const Redress__V1__RefundAssessed *published(struct one_event *one, bool judged)
{
    struct policy_input *input = one->event.body;
    struct assessment assessment;
    one->event.now_us = 123456789;
    input->set = judged ? &set : NULL;
    if (judged)
        cr_assert_eq(assess(set.made, &input->facts, world.scratch, arena, &assessment, NULL),
                     STATUS_OK);
    const Redress__V1__RefundAssessed *encoded =
        policy_encode(arena, &one->event, judged ? &assessment : NULL, 5);
    cr_assert_not_null(encoded);
    uint8_t *bytes = NULL;
    size_t size = 0;
    ProtobufCMessage *message = NULL;
    cr_assert_eq(message_pack(&encoded->base, arena, &bytes, &size), STATUS_OK);
    cr_assert_eq(message_unpack(&redress__v1__refund_assessed__descriptor, bytes, size, arena,
                                &message, NULL),
                 STATUS_OK);
    return (const Redress__V1__RefundAssessed *)message;
}

Test(policy_codec, an_assessment_carries_what_it_judged)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, LATE), STATUS_OK);
    cr_expect_str_eq(one.event.merchant_id, "shop");
    cr_expect_str_eq(one.event.order_id, "o-1");
    const struct policy_input *input = one.event.body;
    cr_expect_eq(input->version, 2);
    cr_expect_eq(input->facts.line_count, 2);

    const Redress__V1__RefundAssessed *assessed = published(&one, true);
    cr_expect_eq(assessed->version, 5);
    cr_expect_eq(assessed->validated_version, 2);
    cr_expect_eq(assessed->status, REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_DECLINED);
    cr_expect_eq(assessed->n_reasons, 2);
    cr_expect_str_eq(assessed->reasons[0], "EXCLUDED_CATEGORY");
    cr_expect_str_eq(assessed->reasons[1], "RETURN_WINDOW");
    cr_expect_eq(assessed->n_rules, 2);
    cr_expect_str_eq(assessed->rules[0]->decision, "Return window");
    cr_expect_str_eq(assessed->rules[0]->rule, "w2");
    cr_expect_str_eq(assessed->rules[0]->line_id, "1");
    cr_expect_str_eq(assessed->rules[1]->rule, "x1");
    cr_expect(assessed->rules[1]->hit);
    cr_expect_str_eq(assessed->model->id, "first-rules");
    cr_expect_eq(assessed->model->version, 3);
    cr_expect_str_eq(assessed->model->sha256, "abcd");
    cr_expect_eq(assessed->claim->minor, 510);
    cr_expect_eq(assessed->refundable->minor, 0, "it is declined");
    cr_expect_eq(assessed->facts->n_lines, 2);
    cr_expect_eq(assessed->request->reason, REDRESS__V1__REASON_CODE__REASON_CODE_DAMAGED);
    cr_expect_str_eq(assessed->notice->template_, "refund_declined");
    cr_expect_eq(assessed->n_methods, 1);
    cr_expect_eq(assessed->methods[0], REDRESS__V1__REFUND_METHOD__REFUND_METHOD_ORIGINAL);
    cr_expect_eq(assessed->decided_at->seconds, 123);
}

Test(policy_codec, who_appealed_and_who_answered_goes_on)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, "{" HEAD ",\"status\":\"VALIDATED\"," WHEN ",\"request\":{" WHEN
                               ",\"trigger\":\"CUSTOMER_REQUEST\",\"reason\":\"DAMAGED\"},"
                               "\"facts\":{\"lines\":[{\"lineId\":\"1\"}]}," CLAIM
                               ",\"appeal\":true,\"appealedBy\":{\"id\":\"desk-2\","
                               "\"role\":\"SERVICE_AGENT\"},\"answeredBy\":[{\"id\":\"desk-3\"},"
                               "{\"id\":\"desk-4\"},{\"id\":\"desk-5\"}]}"),
                 STATUS_OK);
    const Redress__V1__RefundAssessed *assessed = published(&one, true);
    cr_expect(assessed->appeal);
    cr_assert_not_null(assessed->appealed_by);
    cr_expect_str_eq(assessed->appealed_by->id, "desk-2");
    cr_expect_eq(assessed->appealed_by->role, REDRESS__V1__ROLE__ROLE_SERVICE_AGENT);
    cr_assert_eq(assessed->n_answered_by, 3);
    cr_expect_str_eq(assessed->answered_by[0]->id, "desk-3");
    cr_expect_str_eq(assessed->answered_by[2]->id, "desk-5");
}

Test(policy_codec, a_cancellation_is_passed_on)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, "{" HEAD ",\"status\":\"CANCEL_REQUESTED\"}"), STATUS_OK);
    const Redress__V1__RefundAssessed *assessed = published(&one, false);
    cr_expect_eq(assessed->status,
                 REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_CANCEL_REQUESTED);
    cr_expect_null(assessed->model);
    cr_expect_eq(assessed->n_rules, 0);
    cr_expect_str_eq(policy_status(NULL), "CANCEL_REQUESTED");
}

Test(policy_codec, a_rule_for_several_lines_counts_them)
{
    struct one_event one;
    cr_assert_eq(
        decoded(&one, "{" HEAD ",\"status\":\"VALIDATED\"," WHEN ",\"request\":{" WHEN
                      "},\"facts\":{\"lines\":[{\"lineId\":\"a\"},{\"lineId\":\"b\",\"category\":"
                      "\"non_goods\"},{\"lineId\":\"c\"}]}," CLAIM "}"),
        STATUS_OK);
    const Redress__V1__RefundAssessed *assessed = published(&one, true);
    cr_assert_eq(assessed->n_rules, 2);
    cr_expect_str_eq(assessed->rules[0]->rule, "d2");
    cr_expect_str_eq(assessed->rules[0]->line_id, "");
    cr_assert_eq(assessed->rules[0]->n_lines, 2);
    cr_expect_eq(assessed->rules[0]->lines[1], 2);
    cr_expect_str_eq(assessed->rules[1]->line_id, "b");
    cr_expect_eq(assessed->rules[1]->n_lines, 0);
    cr_expect_str_eq(assessed->notice->template_, "refund_declined");
}

Test(policy_codec, the_order_as_a_whole)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, "{" HEAD ",\"status\":\"VALIDATED\"," WHEN ",\"request\":{" WHEN
                               "},\"facts\":{}," CLAIM "}"),
                 STATUS_OK);
    const Redress__V1__RefundAssessed *assessed = published(&one, true);
    cr_assert_eq(assessed->n_rules, 1);
    cr_expect_str_eq(assessed->rules[0]->line_id, "");
    cr_expect_eq(assessed->rules[0]->n_lines, 0);
    cr_assert_eq(assessed->notice->n_needed, 1);
}

/* What waited is read again as it came. */
Test(policy_codec, an_event_that_was_kept)
{
    struct one_event one;
    struct error error = {""};
    cr_assert_eq(decoded(&one, LATE), STATUS_OK);
    struct event kept = {.kind = EVENT_MESSAGE,
                         .topic = TOPIC_VALIDATED,
                         .value = one.event.value,
                         .value_size = one.event.value_size};
    cr_assert_eq(policy_decode_kept(&one.work.batch, &kept, &error), STATUS_OK);
    const struct policy_input *input = kept.body;
    cr_expect_eq(input->version, 2);
    cr_expect_eq(input->facts.line_count, 2);
    kept.value_size--;
    cr_expect_eq(policy_decode_kept(&one.work.batch, &kept, &error), STATUS_INVALID);
    cr_expect_neq(error.text[0], '\0');
}

Test(policy_codec, operators_are_told_what_waits)
{
    const struct event event = {.merchant_id = "shop", .order_id = "o-1", .now_us = 5000000};
    const Redress__V1__ControlEvent *control =
        policy_encode_stalled(arena, &event, "rf_1", "a policy", 3000000);
    cr_assert_not_null(control);
    cr_expect_str_eq(control->subject, "refund:rf_1");
    cr_expect_str_eq(control->merchant_id, "shop");
    cr_expect_str_eq(control->stalled->order_id, "o-1");
    cr_expect_str_eq(control->stalled->waiting_for, "a policy");
    cr_expect_eq(control->stalled->since->seconds, 3);
}

Test(policy_codec, events_that_break_the_contract)
{
    static const struct {
        const char *json, *field;
    } cases[] = {
        {"{\"orderId\":\"o\",\"refundId\":\"r\",\"version\":1,\"status\":\"REJECTED\"}",
         "merchant_id"},
        {"{\"merchantId\":\"m\",\"refundId\":\"r\",\"version\":1,\"status\":\"REJECTED\"}",
         "order_id"},
        {"{\"merchantId\":\"m\",\"orderId\":\"o\",\"version\":1,\"status\":\"REJECTED\"}",
         "refund_id"},
        {"{\"merchantId\":\"m\",\"orderId\":\"o\",\"refundId\":\"r\",\"status\":\"REJECTED\"}",
         "version"},
        {"{" HEAD "}", "status"},
        {"{" HEAD ",\"status\":17}", "status"},
        {"{" HEAD ",\"status\":\"VALIDATED\",\"facts\":{}," CLAIM "}", "request.occurred_at"},
        {"{" HEAD ",\"status\":\"VALIDATED\",\"request\":{" WHEN "}," CLAIM "}", "facts"},
        {"{" HEAD ",\"status\":\"VALIDATED\",\"request\":{" WHEN "},\"facts\":{}}",
         "claim.currency"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct one_event one;
        cr_expect_eq(decoded(&one, cases[i].json), STATUS_UNPROCESSABLE, "%s", cases[i].json);
        cr_expect_str_eq(one.refusal.field == NULL ? "" : one.refusal.field, cases[i].field);
    }
}
