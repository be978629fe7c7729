#include "message.h"
#include "one_event.h"
#include "redress/v1/decision.pb-c.h"
#include "redress/v1/payout.pb-c.h"
#include "services/routing/routing_codec.h"
#include "services/routing/routing_stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct arena *arena;
static struct routing_context context;

static void set_up(void)
{
    arena = arena_create(1024 * 1024);
    context.scratch = arena_create(1024 * 1024);
}

static void tear_down(void)
{
    arena_destroy(arena);
    arena_destroy(context.scratch);
}

TestSuite(routing_decode, .init = set_up, .fini = tear_down);

/* Reads `json` as an event of `topic` and decodes it. */
static enum status decoded(struct one_event *one, enum topic topic, const char *json)
{
    ProtobufCMessage *message = NULL;
    struct error error = {""};
    cr_assert_eq(message_from_json_text(topic_info(topic)->message, json, strlen(json), arena,
                                        &message, &error),
                 STATUS_OK, "%s: %s", json, error.text);
    one_event_message(one, arena, &context, topic, message);
    return routing_decode(&one->work.batch, &one->event);
}

#define HEAD "\"merchantId\":\"shop\",\"orderId\":\"o-1\",\"refundId\":\"rf_1\""
#define WHEN "\"occurredAt\":\"2010-12-09T10:00:00Z\""
#define HASH "abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd"
#define SAID \
    "\"caseId\":\"c_1\",\"decisionId\":\"d-1\",\"actor\":{\"id\":\"mia\",\"role\":\"APPROVER\"}"

Test(routing_decode, a_decision)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_DECISIONS,
                         "{" HEAD "," WHEN "," SAID ",\"caseVersion\":3,\"subjectHash\":\"" HASH
                         "\",\"verdict\":\"APPROVE_REDUCED\",\"amount\":{\"minor\":70,"
                         "\"currency\":\"GBP\"},\"method\":\"STORE_CREDIT\",\"note\":\"ok\"}"),
                 STATUS_OK);
    const struct routing_input *input = one.event.body;
    cr_expect_str_eq(one.event.merchant_id, "shop");
    cr_expect_str_eq(one.event.order_id, "o-1");
    cr_expect_eq(input->kind, INPUT_DECISION);
    cr_expect_str_eq(input->refund_id, "rf_1");
    cr_expect_eq(input->occurred_us, INT64_C(1291888800000000));
    cr_expect_str_eq(input->decision.case_id, "c_1");
    cr_expect_str_eq(input->decision.decision_id, "d-1");
    cr_expect_eq(input->decision.case_version, 3);
    cr_expect_str_eq(input->decision.subject_hash, HASH);
    cr_expect_str_eq(input->decision.actor_id, "mia");
    cr_expect_eq(input->decision.role, PERSON_APPROVER);
    cr_expect_eq(input->decision.verdict, VERDICT_APPROVE_REDUCED);
    cr_expect(input->decision.has_amount);
    cr_expect_eq(input->decision.minor, 70);
    cr_expect_str_eq(input->decision.currency, "GBP");
    cr_expect_eq(input->decision.method, METHOD_STORE_CREDIT);
    cr_expect_str_eq(input->decision.note, "ok");
}

#define DECIDE(said, rest) "{" HEAD "," WHEN "," said "," rest "}"
#define APPROVES "\"caseVersion\":1,\"verdict\":\"APPROVE\""

Test(routing_decode, decisions_that_break_a_rule)
{
    static const struct {
        const char *json, *field;
    } cases[] = {
        {"{\"orderId\":\"o\",\"refundId\":\"r\"," WHEN "," SAID "," APPROVES "}", "merchant_id"},
        {"{\"merchantId\":\"m\",\"refundId\":\"r\"," WHEN "," SAID "," APPROVES "}", "order_id"},
        {"{\"merchantId\":\"m\",\"orderId\":\"o\"," WHEN "," SAID "," APPROVES "}", "refund_id"},
        {DECIDE("\"decisionId\":\"d\",\"actor\":{\"id\":\"m\",\"role\":\"APPROVER\"}", APPROVES),
         "case_id"},
        {DECIDE("\"caseId\":\"c\",\"actor\":{\"id\":\"m\",\"role\":\"APPROVER\"}", APPROVES),
         "decision_id"},
        {DECIDE("\"caseId\":\"c\",\"decisionId\":\"d\"", APPROVES), "actor"},
        {DECIDE("\"caseId\":\"c\",\"decisionId\":\"d\",\"actor\":{\"role\":\"APPROVER\"}",
                APPROVES),
         "actor.id"},
        {DECIDE("\"caseId\":\"c\",\"decisionId\":\"d\",\"actor\":{\"id\":\"m\"}", APPROVES),
         "actor.role"},
        {DECIDE("\"caseId\":\"c\",\"decisionId\":\"d\",\"actor\":{\"id\":\"m\",\"role\":99}",
                APPROVES),
         "actor.role"},
        {DECIDE("\"caseId\":\"c\\n\",\"decisionId\":\"d\",\"actor\":{\"id\":\"m\",\"role\":4}",
                APPROVES),
         "case_id"},
        {DECIDE(SAID, "\"verdict\":\"APPROVE\""), "case_version"},
        {DECIDE(SAID, "\"verdict\":\"APPROVE\",\"caseVersion\":-1"), "case_version"},
        {DECIDE(SAID, "\"caseVersion\":1"), "verdict"},
        {DECIDE(SAID, "\"caseVersion\":1,\"verdict\":77"), "verdict"},
        {DECIDE(SAID, APPROVES ",\"subjectHash\":\"abc\""), "subject_hash"},
        {DECIDE(SAID, APPROVES ",\"subjectHash\":\"ABCDEFabcdefabcdefabcdefabcdefabcdefabcdefabcde"
                               "fabcdefabcdefabcd\""),
         "subject_hash"},
        {DECIDE(SAID, APPROVES ",\"amount\":{\"minor\":1,\"currency\":\"ABC\"}"),
         "amount.currency"},
        {DECIDE(SAID, APPROVES ",\"amount\":{\"minor\":0,\"currency\":\"GBP\"}"), "amount.minor"},
        {DECIDE(SAID, APPROVES ",\"amount\":{\"minor\":-5,\"currency\":\"GBP\"}"), "amount.minor"},
        {DECIDE(SAID, APPROVES ",\"method\":44"), "method"},
        {DECIDE(SAID, "\"caseVersion\":1,\"verdict\":\"APPROVE_REDUCED\""), "amount"},
        {DECIDE(SAID, APPROVES ",\"amount\":{\"minor\":10,\"currency\":\"GBP\"}"), "amount"},
        {DECIDE(SAID, APPROVES ",\"method\":\"STORE_CREDIT\""), "method"},
        {DECIDE(SAID, APPROVES ",\"payee\":\"acc-7\""), "payee"},
        {DECIDE(SAID, "\"caseVersion\":1,\"verdict\":\"VERIFY_PAYEE\""), "payee"},
        {DECIDE(SAID, "\"caseVersion\":1,\"verdict\":\"VERIFY_PAYEE\",\"payee\":\"a\\n\""),
         "payee"},
        {DECIDE(SAID, "\"caseVersion\":1,\"verdict\":\"RECOMMEND\""), "recommended"},
        {DECIDE(SAID, "\"caseVersion\":1,\"verdict\":\"RECOMMEND\",\"recommended\":\"ASK\""),
         "recommended"},
        {DECIDE(SAID, APPROVES ",\"signature\":\"AAAA\""), "signature"},
        {"{" HEAD "," SAID "," APPROVES "}", "occurred_at"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct one_event one;
        cr_expect_eq(decoded(&one, TOPIC_DECISIONS, cases[i].json), STATUS_UNPROCESSABLE, "%s",
                     cases[i].json);
        cr_expect_neq(one.refusal.reason, 0);
        cr_expect_str_eq(one.refusal.field == NULL ? "" : one.refusal.field, cases[i].field, "%s",
                         cases[i].json);
        cr_expect_not_null(one.refusal.rule);
    }
}

Test(routing_decode, notes_are_counted_in_characters)
{
    char json[8192], note[4096] = "";
    for (int i = 0; i < ROUTING_NOTE_CHARACTERS_MAX; i++)
        strcpy(note + 2 * i, "\xc3\xa9");
    struct one_event one;
    snprintf(json, sizeof json, "{" HEAD "," WHEN "," SAID "," APPROVES ",\"note\":\"%s\"}", note);
    cr_expect_eq(decoded(&one, TOPIC_DECISIONS, json), STATUS_OK);
    snprintf(json, sizeof json, "{" HEAD "," WHEN "," SAID "," APPROVES ",\"note\":\"%sx\"}", note);
    cr_expect_eq(decoded(&one, TOPIC_DECISIONS, json), STATUS_UNPROCESSABLE);
    cr_expect_str_eq(one.refusal.field, "note");
}

Test(routing_decode, random_bytes_never_crash)
{
    uint64_t seed = 5;
    static const enum topic topics[] = {TOPIC_DECISIONS, TOPIC_ASSESSED, TOPIC_PAYOUTS};
    for (int round = 0; round < 3000; round++) {
        uint8_t bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (uint8_t)(seed >> 56);
        }
        struct one_event one;
        one_event_start(&one, arena, &context, topics[round % 3], bytes,
                        (size_t)round % sizeof bytes);
        cr_assert_eq(routing_decode(&one.work.batch, &one.event), STATUS_UNPROCESSABLE);
        arena_reset(arena);
    }
}

static const char ASSESSED[] =
    "{" HEAD "," WHEN
    ",\"version\":2,\"status\":\"COMPLIANT\",\"appeal\":true,\"appealedBy\":{\"id\":\"desk-2\"},"
    "\"answeredBy\":[{\"id\":\"desk-3\"},{\"id\":\"desk-4\"}],"
    "\"request\":{\"requester\":{\"id\":\"agent-4\"},\"wishedMethod\":\"STORE_CREDIT\"},"
    "\"facts\":{\"market\":\"GB\",\"payments\":["
    "{\"paymentId\":\"p1\",\"captured\":{\"minor\":300,\"currency\":\"GBP\"}},"
    "{\"paymentId\":\"p2\",\"captured\":{\"minor\":300,\"currency\":\"EUR\"}},"
    "{\"paymentId\":\"p3\",\"captured\":{\"minor\":0,\"currency\":\"GBP\"}},"
    "{\"paymentId\":\"p4\",\"captured\":{\"minor\":\"9000000000000000000\",\"currency\":\"GBP\"}},"
    "{\"paymentId\":\"p5\"}]},"
    "\"claim\":{\"minor\":510,\"currency\":\"GBP\"},"
    "\"refundable\":{\"minor\":500,\"currency\":\"GBP\"},"
    "\"methods\":[\"ORIGINAL\",\"STORE_CREDIT\"],\"reasons\":[\"A\",\"B\"],"
    "\"model\":{\"id\":\"m\",\"version\":7,\"sha256\":\"x\"},\"goodsRequired\":true}";

static void expect_sample(const struct assessed *assessed)
{
    cr_expect_eq(assessed->version, 2);
    cr_expect_eq(assessed->status, ASSESSED_COMPLIANT);
    cr_expect(assessed->appeal);
    cr_expect_str_eq(assessed->appealed_by, "desk-2");
    cr_expect_str_eq(assessed->answered_by, "desk-3\x1f"
                                            "desk-4");
    cr_expect_eq(assessed->minor, 500);
    cr_expect_str_eq(assessed->currency, "GBP");
    cr_expect_eq(assessed->method, METHOD_STORE_CREDIT);
    cr_expect_eq(assessed->method_count, 2);
    cr_expect_eq(assessed->payment_count, 2, "other currencies and nothing captured left out");
    cr_expect_str_eq(assessed->payments[0].payment_id, "p1");
    cr_expect_eq(assessed->payments[0].minor, 300);
    cr_expect_str_eq(assessed->payments[1].payment_id, "p4");
    cr_expect_eq(assessed->payments[1].minor, ROUTING_MINOR_MAX);
    cr_expect_str_eq(assessed->requester, "agent-4");
    cr_expect_str_eq(assessed->facts.market, "GB");
    cr_expect_eq(assessed->reason_count, 2);
    cr_expect(assessed->goods_required);
    cr_expect(assessed->policy.present);
    cr_expect_eq(assessed->policy.version, 7);
}

Test(routing_decode, an_assessment_now_and_from_its_kept_bytes)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_ASSESSED, ASSESSED), STATUS_OK);
    const struct routing_input *input = one.event.body;
    cr_expect_eq(input->kind, INPUT_ASSESSED);
    expect_sample(&input->assessed);
    cr_expect_eq(input->assessed.body, one.event.value);
    const struct assessed *again =
        routing_read_body(arena, context.scratch, input->assessed.body, input->assessed.body_size);
    cr_assert_not_null(again);
    expect_sample(again);
    cr_expect_null(routing_read_body(arena, context.scratch, "\xff", 1));
}

Test(routing_decode, what_was_declined_is_about_the_claim)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_ASSESSED,
                         "{" HEAD "," WHEN ",\"version\":1,\"status\":\"DECLINED\",\"request\":{},"
                         "\"facts\":{},\"claim\":{\"minor\":510,\"currency\":\"GBP\"},"
                         "\"refundable\":{\"minor\":0,\"currency\":\"GBP\"}}"),
                 STATUS_OK);
    const struct routing_input *input = one.event.body;
    cr_expect_eq(input->assessed.minor, 510);
    cr_expect_eq(input->assessed.method, METHOD_ORIGINAL);
    cr_expect_str_eq(input->assessed.requester, "");
}

Test(routing_decode, a_cancellation_needs_no_facts)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_ASSESSED,
                         "{" HEAD "," WHEN ",\"version\":1,\"status\":\"CANCEL_REQUESTED\"}"),
                 STATUS_OK);
    const struct routing_input *input = one.event.body;
    cr_expect_eq(input->assessed.status, ASSESSED_CANCEL_REQUESTED);
}

Test(routing_decode, assessments_that_break_the_contract)
{
    static const char *const broken[] = {
        "{" HEAD "," WHEN ",\"status\":\"COMPLIANT\"}",
        "{" HEAD "," WHEN ",\"version\":1}",
        "{" HEAD "," WHEN ",\"version\":1,\"status\":42}",
        "{" HEAD "," WHEN ",\"version\":1,\"status\":\"COMPLIANT\"}",
        "{" HEAD "," WHEN ",\"version\":1,\"status\":\"COMPLIANT\",\"request\":{},\"facts\":{},"
        "\"claim\":{\"minor\":1,\"currency\":\"\"}}",
        "{" HEAD "," WHEN ",\"version\":1,\"status\":\"COMPLIANT\",\"request\":{},\"facts\":{},"
        "\"claim\":{\"minor\":-1,\"currency\":\"GBP\"}}",
        "{" HEAD "," WHEN ",\"version\":1,\"status\":\"COMPLIANT\",\"request\":{},\"facts\":{},"
        "\"claim\":{\"minor\":1,\"currency\":\"GBP\"},\"refundable\":{\"minor\":1,\"currency\":"
        "\"EUR\"}}",
        "{" HEAD ",\"version\":1,\"status\":\"CANCEL_REQUESTED\"}",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct one_event one;
        cr_expect_eq(decoded(&one, TOPIC_ASSESSED, broken[i]), STATUS_UNPROCESSABLE, "%s",
                     broken[i]);
        cr_expect_neq(one.refusal.reason, 0);
    }
}

Test(routing_decode, payouts_that_matter)
{
    static const struct {
        const char *status;
        enum routing_input_kind kind;
        bool fallback;
    } cases[] = {{"RESERVED", INPUT_NOTHING, false},       {"SUCCEEDED", INPUT_NOTHING, false},
                 {"UNKNOWN", INPUT_NOTHING, false},        {"MANUAL", INPUT_NOTHING, false},
                 {"FALLBACK_PENDING", INPUT_PAYOUT, true}, {"FAILED", INPUT_PAYOUT, false},
                 {"CANCELLED", INPUT_PAYOUT, false},       {"REFUSED", INPUT_PAYOUT, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[512];
        snprintf(json, sizeof json,
                 "{" HEAD "," WHEN ",\"version\":4,\"status\":\"%s\",\"paymentId\":\"p1\","
                 "\"amount\":{\"minor\":70,\"currency\":\"GBP\"}}",
                 cases[i].status);
        struct one_event one;
        cr_assert_eq(decoded(&one, TOPIC_PAYOUTS, json), STATUS_OK);
        const struct routing_input *input = one.event.body;
        cr_expect_eq(input->kind, cases[i].kind, "%s", cases[i].status);
        struct envelope envelope = {.status = cases[i].status};
        cr_expect_eq(routing_wants_payout(&envelope), cases[i].kind == INPUT_PAYOUT);
        if (input->kind != INPUT_PAYOUT)
            continue;
        cr_expect_eq(input->payout.fallback, cases[i].fallback);
        cr_expect_eq(input->payout.version, 4);
        cr_expect_eq(input->payout.minor, 70);
        cr_expect_str_eq(input->payout.payment_id, "p1");
    }
    struct one_event one;
    cr_expect_eq(
        decoded(&one, TOPIC_PAYOUTS, "{" HEAD "," WHEN ",\"version\":4,\"status\":\"REFUSED\"}"),
        STATUS_OK, "a refund that ended without a payout");
    cr_expect_eq(decoded(&one, TOPIC_PAYOUTS,
                         "{" HEAD "," WHEN ",\"version\":4,\"status\":\"FALLBACK_PENDING\"}"),
                 STATUS_UNPROCESSABLE, "nothing to pay by another method");
}
