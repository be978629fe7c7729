#include "services/analytics/analytics_codec.h"

#include "message.h"
#include "topics.h"

#include <criterion/criterion.h>
#include <string.h>

/* Events are written as canonical JSON and read with the product's own reader. */
struct bench {
    struct arena *arena;
    struct analytics_decoder decoder;
    struct analytics_event event;
};

static void start(struct bench *bench)
{
    bench->arena = arena_create(4 * 1024 * 1024);
    cr_assert_not_null(bench->arena);
    bench->decoder = (struct analytics_decoder){.arena = bench->arena};
    bench->event = (struct analytics_event){0};
}

static const void *message_of(struct bench *bench, enum topic topic, const char *json)
{
    struct error error = {0};
    ProtobufCMessage *message = NULL;
    enum status status = message_from_json_text(topic_info(topic)->message, json, strlen(json),
                                                bench->arena, &message, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    return message;
}

static enum status decode(struct bench *bench, enum topic topic, const char *json)
{
    const void *message = message_of(bench, topic, json);
    if (topic == TOPIC_ORDERS)
        return analytics_decode_order(&bench->decoder, message, &bench->event);
    if (topic == TOPIC_VALIDATED)
        return analytics_decode_validated(&bench->decoder, message, &bench->event);
    if (topic == TOPIC_ASSESSED)
        return analytics_decode_assessed(&bench->decoder, message, &bench->event);
    if (topic == TOPIC_ROUTED)
        return analytics_decode_routed(&bench->decoder, message, &bench->event);
    if (topic == TOPIC_PAYOUTS)
        return analytics_decode_payout(&bench->decoder, message, &bench->event);
    return analytics_decode_report(&bench->decoder, "stripe/evt_1", message, &bench->event);
}

#define ORDER(rest) \
    "{\"merchantId\":\"m\",\"orderId\":\"o\",\"occurredAt\":\"1970-01-03T10:00:00Z\"," rest "}"
#define PLACED(lines)                                                                       \
    ORDER("\"placed\":{\"currency\":\"GBP\",\"channel\":\"APP\",\"shippingMinor\":\"495\"," \
          "\"lines\":[" lines "]}")
#define REQUEST                                                                           \
    "\"request\":{\"reason\":\"DAMAGED\",\"occurredAt\":\"1970-01-05T00:00:00Z\"},"       \
    "\"facts\":{\"currency\":\"GBP\",\"channel\":\"STORE\",\"lines\":[{\"lineId\":\"1\"," \
    "\"sku\":\"a\",\"units\":\"2\",\"refundableMinor\":\"510\"}]},"                       \
    "\"claim\":{\"minor\":\"510\",\"currency\":\"GBP\"}"
#define HEADING "\"merchantId\":\"m\",\"orderId\":\"o\",\"refundId\":\"rf_1\",\"version\":\"3\""

Test(analytics_codec, placed)
{
    struct bench bench;
    start(&bench);
    cr_assert_eq(
        decode(&bench, TOPIC_ORDERS,
               PLACED("{\"lineId\":\"1\",\"sku\":\"a\",\"units\":\"6\",\"grossMinor\":\"1530\","
                      "\"discountMinor\":\"30\"},"
                      "{\"lineId\":\"2\",\"sku\":\"b\",\"units\":\"1\"}")),
        STATUS_OK);
    cr_expect_eq(bench.event.kind, ANALYTICS_EVENT_PLACED);
    cr_expect_str_eq(bench.event.fact, "");
    cr_expect_eq(bench.event.placed.day, 2);
    cr_expect_eq(bench.event.placed.channel, 5);
    cr_expect_eq(bench.event.placed.minor, 495 + 1500);
    cr_assert_eq(bench.event.placed.line_count, 2);
    cr_expect_eq(bench.event.placed.lines[0].minor, 1500);
    cr_expect_eq(bench.event.placed.lines[1].minor, 0);
    arena_destroy(bench.arena);
}

Test(analytics_codec, what_an_order_event_may_not_say)
{
    static const struct {
        const char *json, *path;
    } cases[] = {
        {"{\"orderId\":\"o\"}", "merchant_id"},
        {"{\"merchantId\":\"m\"}", "order_id"},
        {"{\"merchantId\":\"m\",\"orderId\":\"o\",\"placed\":{}}", "occurred_at"},
        {ORDER("\"placed\":{}"), "placed.currency"},
        {ORDER("\"placed\":{\"currency\":\"XXZ\"}"), "placed.currency"},
        {PLACED(""), "placed.lines"},
        {PLACED("{\"sku\":\"a\",\"units\":\"1\"}"), "placed.lines[0].line_id"},
        {PLACED("{\"lineId\":\"1\",\"units\":\"1\"}"), "placed.lines[0].sku"},
        {PLACED("{\"lineId\":\"1\",\"sku\":\"a\\u0001\",\"units\":\"1\"}"), "placed.lines[0].sku"},
        {PLACED("{\"lineId\":\"1\",\"sku\":\"a\"}"), "placed.lines[0].units"},
        {PLACED("{\"lineId\":\"1\",\"sku\":\"a\",\"units\":\"-1\"}"), "placed.lines[0].units"},
        {PLACED("{\"lineId\":\"1\",\"sku\":\"a\",\"units\":\"1\",\"grossMinor\":\"-1\"}"),
         "placed.lines[0].gross_minor"},
        {PLACED("{\"lineId\":\"1\",\"sku\":\"a\",\"units\":\"1\",\"discountMinor\":\"1\"}"),
         "placed.lines[0].discount_minor"},
        {PLACED("{\"lineId\":\"1\",\"sku\":\"a\",\"units\":\"1\",\"grossMinor\":"
                "\"9223372036854775807\"}"),
         "placed.lines[0].gross_minor"},
        {PLACED("{\"lineId\":\"1\",\"sku\":\"a\",\"units\":\"1\"},"
                "{\"lineId\":\"1\",\"sku\":\"b\",\"units\":\"1\"}"),
         "placed.lines"},
        {ORDER("\"captured\":{}"), "captured.payment_id"},
        {ORDER("\"captured\":{\"paymentId\":\"p\"}"), "captured.amount"},
        {ORDER("\"captured\":{\"paymentId\":\"p\",\"amount\":{\"currency\":\"GBP\"}}"),
         "captured.amount"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        start(&bench);
        cr_expect_eq(decode(&bench, TOPIC_ORDERS, cases[i].json), STATUS_UNPROCESSABLE, "%s",
                     cases[i].json);
        cr_expect_str_eq(bench.decoder.fault.path, cases[i].path, "%s: %s", cases[i].json,
                         bench.decoder.fault.path);
        arena_destroy(bench.arena);
    }
}

Test(analytics_codec, other_order_events_are_of_no_interest)
{
    struct bench bench;
    start(&bench);
    cr_assert_eq(decode(&bench, TOPIC_ORDERS, ORDER("\"shipped\":{}")), STATUS_OK);
    cr_expect_eq(bench.event.kind, ANALYTICS_EVENT_NOTHING);
    cr_expect_str_eq(bench.event.order_id, "o");
    arena_destroy(bench.arena);
}

Test(analytics_codec, validated_and_rejected)
{
    struct bench bench;
    start(&bench);
    cr_assert_eq(
        decode(&bench, TOPIC_VALIDATED, "{" HEADING ",\"status\":\"VALIDATED\"," REQUEST "}"),
        STATUS_OK);
    cr_expect_eq(bench.event.validated.version, 3);
    cr_expect_eq(bench.event.validated.outcome, ANALYTICS_NONE);
    cr_expect_eq(bench.event.validated.asked.day, 4);
    cr_expect_eq(bench.event.validated.asked.reason, 1);
    cr_expect_eq(bench.event.validated.asked.channel, 2);
    cr_expect_eq(bench.event.validated.asked.claim_minor, 510);
    cr_expect_str_eq(bench.event.validated.asked.currency, "GBP");
    cr_assert_eq(decode(&bench, TOPIC_VALIDATED,
                        "{" HEADING ",\"status\":\"REJECTED\",\"rejection\":{\"reason\":"
                        "\"CLAIM_TAKEN\"},\"request\":{\"occurredAt\":\"1970-01-05T00:00:00Z\"}}"),
                 STATUS_OK);
    cr_expect_eq(bench.event.validated.outcome, ANALYTICS_REJECTED);
    cr_expect_str_eq(bench.event.validated.rejection, "CLAIM_TAKEN");
    cr_expect_str_eq(bench.event.validated.asked.currency, "");
    cr_expect_eq(decode(&bench, TOPIC_VALIDATED, "{" HEADING "," REQUEST "}"),
                 STATUS_UNPROCESSABLE);
    arena_destroy(bench.arena);
}

Test(analytics_codec, assessed_lists_each_rule_once)
{
    struct bench bench;
    start(&bench);
    cr_assert_eq(
        decode(&bench, TOPIC_ASSESSED,
               "{" HEADING ",\"status\":\"EXCEPTION\",\"reasons\":[\"RETURN_WINDOW\",\"OTHER\"],"
               "\"model\":{\"id\":\"shop\"},\"rules\":["
               "{\"decision\":\"Return window\",\"rule\":\"w1\",\"hit\":false},"
               "{\"decision\":\"Return window\",\"rule\":\"w2\",\"hit\":true,\"lineId\":\"1\"},"
               "{\"decision\":\"Return "
               "window\",\"rule\":\"w2\",\"hit\":true,\"lineId\":\"2\"}]," REQUEST "}"),
        STATUS_OK);
    cr_expect_eq(bench.event.assessed.outcome, ANALYTICS_EXCEPTION);
    cr_expect_str_eq(bench.event.assessed.detail, "RETURN_WINDOW");
    cr_expect_str_eq(bench.event.assessed.model, "shop");
    cr_assert_eq(bench.event.assessed.rule_count, 1);
    cr_expect_str_eq(bench.event.assessed.rules[0].rule, "w2");
    arena_destroy(bench.arena);
}

#define ROUTED(status, rest)                                                 \
    "{" HEADING ",\"status\":\"" status "\",\"authority\":\"LEVEL_1\"," rest \
    "\"assessed\":{\"status\":\"EXCEPTION\"," REQUEST "}}"

Test(analytics_codec, routed_by_people_and_without)
{
    struct bench bench;
    start(&bench);
    cr_assert_eq(decode(&bench, TOPIC_ROUTED,
                        ROUTED("APPROVED", "\"approval\":{\"approvers\":[\"mia\"],\"amount\":"
                                           "{\"minor\":\"400\",\"currency\":\"GBP\"}},")),
                 STATUS_OK);
    cr_expect(bench.event.routed.approved);
    cr_expect_eq(bench.event.routed.verdict, ANALYTICS_APPROVED);
    cr_expect_eq(bench.event.routed.authority, 2);
    cr_expect_eq(bench.event.routed.approved_minor, 400);
    cr_expect_eq(bench.event.routed.outcome, ANALYTICS_EXCEPTION);
    cr_assert_eq(bench.event.routed.people_count, 1);
    cr_expect_str_eq(bench.event.routed.people[0], "mia");
    cr_assert_eq(bench.event.routed.line_count, 1);
    cr_expect_eq(bench.event.routed.lines[0].units, 2);
    cr_assert_eq(
        decode(&bench, TOPIC_ROUTED, ROUTED("APPROVED", "\"automatic\":true,\"approval\":{},")),
        STATUS_OK);
    cr_expect_eq(bench.event.routed.verdict, ANALYTICS_UNDECIDED);
    cr_assert_eq(
        decode(&bench, TOPIC_ROUTED,
               ROUTED("DECLINED", "\"case\":{\"decisions\":["
                                  "{\"actor\":{\"id\":\"mia\"},\"verdict\":\"APPROVE\"},"
                                  "{\"actor\":{\"id\":\"ben\"},\"verdict\":\"DECLINE\"}]},")),
        STATUS_OK);
    cr_expect_eq(bench.event.routed.verdict, ANALYTICS_DECLINED_BY_PEOPLE);
    cr_assert_eq(bench.event.routed.people_count, 1);
    cr_expect_str_eq(bench.event.routed.people[0], "ben");
    cr_assert_eq(decode(&bench, TOPIC_ROUTED, ROUTED("PENDING_APPROVAL", "")), STATUS_OK);
    cr_expect_eq(bench.event.routed.verdict, ANALYTICS_UNDECIDED);
    cr_expect_not(bench.event.routed.approved);
    arena_destroy(bench.arena);
}

#define REPORT(rest) \
    "{\"merchantId\":\"m\",\"orderId\":\"o\",\"provider\":\"STRIPE\",\"refund\":{" rest "}}"

Test(analytics_codec, reports_of_the_provider)
{
    struct bench bench;
    start(&bench);
    cr_assert_eq(decode(&bench, TOPIC_PROVIDER_EVENTS,
                        REPORT("\"payoutId\":\"po_1\",\"providerRefundId\":\"re_1\",\"status\":"
                               "\"SUCCEEDED\",\"amount\":{\"minor\":\"5\",\"currency\":\"GBP\"}")),
                 STATUS_OK);
    cr_expect_str_eq(bench.event.payout_id, "po_1");
    cr_expect(bench.event.report.paid);
    cr_expect_eq(bench.event.report.minor, 5);
    cr_expect_str_eq(bench.event.report.ce_id, "stripe/evt_1");
    cr_assert_eq(decode(&bench, TOPIC_PROVIDER_EVENTS,
                        REPORT("\"providerRefundId\":\"re_1\",\"status\":\"CANCELLED\"")),
                 STATUS_OK);
    cr_expect_str_eq(bench.event.payout_id, "STRIPE:re_1");
    cr_expect(bench.event.report.failed);
    cr_expect_eq(decode(&bench, TOPIC_PROVIDER_EVENTS, REPORT("\"status\":\"SUCCEEDED\"")),
                 STATUS_UNPROCESSABLE);
    cr_expect_eq(decode(&bench, TOPIC_PROVIDER_EVENTS,
                        REPORT("\"providerRefundId\":\"re_1\",\"status\":\"SUCCEEDED\"")),
                 STATUS_UNPROCESSABLE);
    cr_expect_str_eq(bench.decoder.fault.path, "refund.amount");
    cr_assert_eq(decode(&bench, TOPIC_PROVIDER_EVENTS,
                        "{\"merchantId\":\"m\",\"orderId\":\"o\",\"notFound\":{}}"),
                 STATUS_OK);
    cr_expect_eq(bench.event.kind, ANALYTICS_EVENT_NOTHING);
    arena_destroy(bench.arena);
}

Test(analytics_codec, payouts)
{
    struct bench bench;
    start(&bench);
    cr_assert_eq(decode(&bench, TOPIC_PAYOUTS,
                        "{" HEADING ",\"status\":\"SUCCEEDED\",\"payoutId\":\"po_1\","
                        "\"providerName\":\"STRIPE\",\"amount\":{\"minor\":\"5\",\"currency\":"
                        "\"GBP\"}}"),
                 STATUS_OK);
    cr_expect_eq(bench.event.settled.status, ANALYTICS_PAYOUT_SUCCEEDED);
    cr_expect_eq(bench.event.settled.amount_minor, 5);
    cr_assert_eq(decode(&bench, TOPIC_PAYOUTS, "{" HEADING ",\"status\":\"REFUSED\"}"), STATUS_OK);
    cr_expect_str_eq(bench.event.payout_id, "");
    cr_expect_eq(decode(&bench, TOPIC_PAYOUTS,
                        "{" HEADING ",\"status\":\"SUCCEEDED\",\"payoutId\":\"po_1\"}"),
                 STATUS_UNPROCESSABLE);
    arena_destroy(bench.arena);
}

Test(analytics_codec, an_insight)
{
    struct bench bench;
    start(&bench);
    struct analytics_payout payout = {.id = "po_1", .refund_id = "rf_1"};
    bench.event = (struct analytics_event){.merchant_id = "m", .order_id = "o", .payout = &payout};
    const struct analytics_insight insight = {.state = RECONCILIATION_OVER,
                                              .subject = "payout:po_1",
                                              .summary = "words",
                                              .version = 2,
                                              .expected_minor = 5,
                                              .actual_minor = 10,
                                              .currency = "GBP",
                                              .evidence = {"a/1", "b/2"},
                                              .evidence_count = 2};
    Redress__V1__Insight *message, *again;
    cr_assert_eq(analytics_encode(bench.arena, &bench.event, &insight, 7, &message), STATUS_OK);
    cr_assert_eq(analytics_encode(bench.arena, &bench.event, &insight, 9, &again), STATUS_OK);
    cr_expect_str_eq(message->insight_id, again->insight_id);
    cr_expect_eq(message->kind, REDRESS__V1__INSIGHT_KIND__INSIGHT_KIND_PAYOUT_MISMATCH);
    cr_expect_eq(message->reconciliation,
                 REDRESS__V1__RECONCILIATION_STATUS__RECONCILIATION_STATUS_OVER);
    cr_expect_eq(message->actual->minor, 10);
    cr_assert_eq(message->n_evidence, 2);
    cr_expect_str_eq(message->evidence[1], "b/2");
    cr_expect_str_eq(message->refund_id, "rf_1");
    arena_destroy(bench.arena);
}
