/* What comes from outside, field by field. Events are written as canonical JSON. */

#include "services/intake/intake_codec.h"

#include "message.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ARENA_LIMIT = 32 * 1024 * 1024 };

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name
#define IDS "\"merchantId\":\"m\",\"orderId\":\"o\",\"occurredAt\":\"2026-01-02T10:00:00Z\""

static ProtobufCMessage *parse(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                               const char *text)
{
    json_error_t wrong;
    struct error error = {0};
    ProtobufCMessage *message = NULL;
    json_t *json = json_loads(text, 0, &wrong);
    cr_assert_not_null(json, "%s at %d", wrong.text, wrong.position);
    cr_assert_eq(message_from_json(descriptor, json, arena, &message, &error), STATUS_OK, "%s: %s",
                 text, error.text);
    json_decref(json);
    return message;
}

static enum status decode_order(struct decoder *decoder, const char *text, struct input *input)
{
    return intake_decode_order(decoder,
                               (Redress__V1__OrderEvent *)parse(
                                   decoder->arena, &redress__v1__order_event__descriptor, text),
                               input);
}

static enum status decode_request(struct decoder *decoder, const char *text, struct input *input)
{
    return intake_decode_request(
        decoder,
        (Redress__V1__RefundRequest *)parse(decoder->arena,
                                            &redress__v1__refund_request__descriptor, text),
        input);
}

static enum status decode_goods(struct decoder *decoder, const char *text, struct input *input)
{
    return intake_decode_goods(decoder,
                               (Redress__V1__GoodsEvent *)parse(
                                   decoder->arena, &redress__v1__goods_event__descriptor, text),
                               input);
}

struct fault_case {
    const char *text;
    Redress__V1__DeadLetterReason reason;
    const char *path;
};

static void expect_faults(enum status (*decode)(struct decoder *, const char *, struct input *),
                          const struct fault_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
        struct input input = {0};
        cr_expect_eq(decode(&decoder, cases[i].text, &input), STATUS_UNPROCESSABLE, "%s",
                     cases[i].text);
        cr_expect_eq(decoder.fault.reason, cases[i].reason, "%s: reason %d", cases[i].text,
                     (int)decoder.fault.reason);
        cr_expect_str_eq(decoder.fault.path == NULL ? "" : decoder.fault.path, cases[i].path, "%s",
                         cases[i].text);
        cr_expect_not_null(decoder.fault.rule);
        arena_destroy(decoder.arena);
    }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PLACED(rest) "{" IDS ",\"placed\":{\"currency\":\"GBP\"," rest "}}"
#define LINES(rest) PLACED("\"lines\":[{\"lineId\":\"1\",\"sku\":\"s\",\"units\":2," rest "}]")
#define CAPTURED(rest) "{" IDS ",\"captured\":{" rest "}}"
#define DELIVERED(rest) "{" IDS ",\"delivered\":{" rest "}}"

Test(intake_codec, faults_of_orders)
{
    static const struct fault_case CASES[] = {
        {"{}", REASON(FIELD_MISSING), "merchant_id"},
        {"{\"merchantId\":\"m\"}", REASON(FIELD_MISSING), "order_id"},
        {"{\"merchantId\":\"m\\u0007\",\"orderId\":\"o\"}", REASON(FIELD_OUT_OF_RANGE),
         "merchant_id"},
        {"{\"merchantId\":\"m\",\"orderId\":\"o\"}", REASON(FIELD_MISSING), "occurred_at"},
        {"{\"merchantId\":\"m\",\"orderId\":\"o\",\"occurredAt\":\"1960-01-01T00:00:00Z\"}",
         REASON(FIELD_OUT_OF_RANGE), "occurred_at"},
        {"{" IDS "}", REASON(FIELD_MISSING), "event"},
        {"{" IDS ",\"placed\":{\"currency\":\"GBX\"}}", REASON(UNKNOWN_CURRENCY),
         "placed.currency"},
        {"{" IDS ",\"placed\":{}}", REASON(FIELD_MISSING), "placed.currency"},
        {PLACED("\"channel\":77"), REASON(UNKNOWN_ENUM), "placed.channel"},
        {PLACED("\"shippingMinor\":-1"), REASON(FIELD_OUT_OF_RANGE), "placed.shipping_minor"},
        {PLACED("\"shippingMinor\":5,\"shippingTaxMinor\":6"), REASON(FIELD_OUT_OF_RANGE),
         "placed.shipping_tax_minor"},
        {PLACED("\"lines\":[]"), REASON(FIELD_MISSING), "placed.lines"},
        {PLACED("\"lines\":[{}]"), REASON(FIELD_MISSING), "placed.lines[0].line_id"},
        {PLACED("\"lines\":[{\"lineId\":\"1\"}]"), REASON(FIELD_MISSING), "placed.lines[0].sku"},
        {PLACED("\"lines\":[{\"lineId\":\"1\",\"sku\":\"s\"}]"), REASON(FIELD_OUT_OF_RANGE),
         "placed.lines[0].units"},
        {PLACED("\"lines\":[{\"lineId\":\"1\",\"sku\":\"s\",\"units\":1000000001}]"),
         REASON(FIELD_OUT_OF_RANGE), "placed.lines[0].units"},
        {LINES("\"grossMinor\":-5"), REASON(FIELD_OUT_OF_RANGE), "placed.lines[0].gross_minor"},
        {LINES("\"grossMinor\":5,\"discountMinor\":6"), REASON(FIELD_OUT_OF_RANGE),
         "placed.lines[0].discount_minor"},
        {LINES("\"grossMinor\":5,\"discountMinor\":3,\"taxMinor\":3"), REASON(FIELD_OUT_OF_RANGE),
         "placed.lines[0].tax_minor"},
        {LINES("\"taxRatePpm\":1000001"), REASON(FIELD_OUT_OF_RANGE),
         "placed.lines[0].tax_rate_ppm"},
        {LINES("\"tags\":[\"a\\u001fb\"]"), REASON(FIELD_OUT_OF_RANGE), "placed.lines[0].tags"},
        {LINES("\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\","
               "\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]"),
         REASON(FIELD_OUT_OF_RANGE), "placed.lines[0].tags"},
        {PLACED("\"lines\":[{\"lineId\":\"1\",\"sku\":\"s\",\"units\":1},"
                "{\"lineId\":\"1\",\"sku\":\"s\",\"units\":1}]"),
         REASON(FIELD_OUT_OF_RANGE), "placed.lines"},
        {PLACED("\"shippingMinor\":\"9223372036854775807\",\"lines\":[{\"lineId\":\"1\","
                "\"sku\":\"s\",\"units\":1,\"grossMinor\":1}]"),
         REASON(FIELD_OUT_OF_RANGE), "placed.lines[0].gross_minor"},
        {CAPTURED("\"provider\":1"), REASON(FIELD_MISSING), "captured.payment_id"},
        {CAPTURED("\"paymentId\":\"p\""), REASON(FIELD_MISSING), "captured.provider"},
        {CAPTURED("\"paymentId\":\"p\",\"provider\":99"), REASON(UNKNOWN_ENUM),
         "captured.provider"},
        {CAPTURED("\"paymentId\":\"p\",\"provider\":1"), REASON(FIELD_MISSING), "captured.amount"},
        {CAPTURED("\"paymentId\":\"p\",\"provider\":1,\"amount\":{\"minor\":0,"
                  "\"currency\":\"GBP\"}"),
         REASON(FIELD_OUT_OF_RANGE), "captured.amount.minor"},
        {CAPTURED("\"paymentId\":\"p\",\"provider\":1,\"amount\":{\"minor\":5,"
                  "\"currency\":\"gbp\"}"),
         REASON(UNKNOWN_CURRENCY), "captured.amount.currency"},
        {DELIVERED("\"lines\":[]"), REASON(FIELD_MISSING), "lines"},
        {DELIVERED("\"lines\":[{\"lineId\":\"1\",\"units\":0}]"), REASON(FIELD_OUT_OF_RANGE),
         "lines[0].units"},
        {DELIVERED("\"lines\":[{\"lineId\":\"1\",\"units\":-3}]"), REASON(FIELD_OUT_OF_RANGE),
         "lines[0].units"},
    };
    expect_faults(decode_order, CASES, COUNT(CASES));
}

#define ASK(rest) \
    "{" IDS ",\"requestId\":\"r\",\"trigger\":\"CUSTOMER_REQUEST\",\"reason\":\"DAMAGED\"" rest "}"

Test(intake_codec, faults_of_requests)
{
    static const struct fault_case CASES[] = {
        {"{" IDS "}", REASON(FIELD_MISSING), "request_id"},
        {"{" IDS ",\"requestId\":\"r\"}", REASON(FIELD_MISSING), "trigger"},
        {"{" IDS ",\"requestId\":\"r\",\"trigger\":44}", REASON(UNKNOWN_ENUM), "trigger"},
        {"{" IDS ",\"requestId\":\"r\",\"trigger\":1}", REASON(FIELD_MISSING), "reason"},
        {ASK(""), REASON(FIELD_MISSING), "lines"},
        {ASK(",\"lines\":[{\"lineId\":\"1\",\"units\":-1}]"), REASON(FIELD_OUT_OF_RANGE),
         "lines[0].units"},
        {ASK(",\"lines\":[{\"lineId\":\"1\",\"units\":0}]"), REASON(FIELD_OUT_OF_RANGE),
         "lines[0].units"},
        {ASK(",\"lines\":[{\"lineId\":\"1\",\"units\":1},{\"lineId\":\"1\",\"units\":1}]"),
         REASON(FIELD_OUT_OF_RANGE), "lines"},
        {ASK(",\"amount\":{\"minor\":0,\"currency\":\"GBP\"}"), REASON(FIELD_OUT_OF_RANGE),
         "amount.minor"},
        {ASK(",\"amount\":{\"minor\":5,\"currency\":\"XXQ\"}"), REASON(UNKNOWN_CURRENCY),
         "amount.currency"},
        {ASK(",\"wholeOrder\":true,\"lines\":[{\"lineId\":\"1\",\"units\":1}]"),
         REASON(FIELD_OUT_OF_RANGE), "whole_order"},
        {ASK(",\"shipping\":true,\"wishedMethod\":55"), REASON(UNKNOWN_ENUM), "wished_method"},
        {ASK(",\"shipping\":true,\"requester\":{\"role\":2}"), REASON(FIELD_MISSING), "requester"},
        {ASK(",\"shipping\":true,\"evidence\":[{}]"), REASON(FIELD_MISSING), "evidence[0].uri"},
        {ASK(",\"shipping\":true,\"evidence\":[{\"uri\":\"u\",\"sha256\":\"ABC\"}]"),
         REASON(FIELD_OUT_OF_RANGE), "evidence[0].sha256"},
        {ASK(",\"shipping\":true,\"evidence\":[{\"uri\":\"u\",\"bytes\":-1}]"),
         REASON(FIELD_OUT_OF_RANGE), "evidence[0].bytes"},
        {ASK(",\"answer\":{\"answerId\":\"a\"},\"appeal\":{\"appealId\":\"a\"}"),
         REASON(FIELD_OUT_OF_RANGE), "answer"},
        {ASK(",\"answer\":{}"), REASON(FIELD_MISSING), "follow_up_id"},
        {ASK(",\"appeal\":{\"appealId\":\"a\"},\"requester\":{\"role\":2}"), REASON(FIELD_MISSING),
         "requester"},
        {ASK(",\"appeal\":{\"appealId\":\"a\"},\"shipping\":true"), REASON(FIELD_OUT_OF_RANGE),
         "lines"},
    };
    expect_faults(decode_request, CASES, COUNT(CASES));
}

Test(intake_codec, notes_are_counted_in_characters)
{
    struct arena *arena = arena_create(ARENA_LIMIT);
    char *text = arena_alloc(arena, 2 * INTAKE_NOTE_CHARACTERS_MAX + 3);
    for (size_t i = 0; i <= INTAKE_NOTE_CHARACTERS_MAX; i++)
        memcpy(text + 2 * i, "\xc3\xa9", 3);
    Redress__V1__RefundRequest *request = (Redress__V1__RefundRequest *)parse(
        arena, &redress__v1__refund_request__descriptor, ASK(",\"shipping\":true"));
    request->note = text;
    struct decoder decoder = {.arena = arena};
    struct input input = {0};
    cr_expect_eq(intake_decode_request(&decoder, request, &input), STATUS_UNPROCESSABLE);
    cr_expect_str_eq(decoder.fault.path, "note");
    text[INTAKE_NOTE_CHARACTERS_MAX * 2] = '\0';
    cr_expect_eq(intake_decode_request(&decoder, request, &input), STATUS_OK);
    arena_destroy(arena);
}

Test(intake_codec, long_identifiers)
{
    struct arena *arena = arena_create(ARENA_LIMIT);
    char id[INTAKE_ID_MAX + 2];
    memset(id, 'x', sizeof id);
    id[INTAKE_ID_MAX] = '\0';
    Redress__V1__RefundRequest *request = (Redress__V1__RefundRequest *)parse(
        arena, &redress__v1__refund_request__descriptor, ASK(",\"shipping\":true"));
    struct decoder decoder = {.arena = arena};
    struct input input = {0};
    request->request_id = id;
    cr_expect_eq(intake_decode_request(&decoder, request, &input), STATUS_OK);
    id[INTAKE_ID_MAX] = 'x';
    id[INTAKE_ID_MAX + 1] = '\0';
    cr_expect_eq(intake_decode_request(&decoder, request, &input), STATUS_UNPROCESSABLE);
    cr_expect_str_eq(decoder.fault.path, "request_id");
    arena_destroy(arena);
}

static int64_t fingerprint_of(struct arena *arena, const char *text)
{
    struct decoder decoder = {.arena = arena};
    struct input input = {0};
    cr_assert_eq(decode_request(&decoder, text, &input), STATUS_OK);
    return input.request.asking.fingerprint;
}

#define REFERRED(rest) ASK(",\"externalReference\":\"z:1\"," rest)

Test(intake_codec, identical_content_has_the_same_fingerprint)
{
    struct arena *arena = arena_create(ARENA_LIMIT);
    int64_t two = fingerprint_of(arena, REFERRED("\"lines\":[{\"lineId\":\"1\",\"units\":2},"
                                                 "{\"lineId\":\"2\",\"units\":1}]"));
    cr_expect_eq(two, fingerprint_of(arena, REFERRED("\"lines\":[{\"lineId\":\"2\",\"units\":1},"
                                                     "{\"lineId\":\"1\",\"units\":2}]")));
    cr_expect_neq(two, fingerprint_of(arena, REFERRED("\"lines\":[{\"lineId\":\"1\",\"units\":1},"
                                                      "{\"lineId\":\"2\",\"units\":2}]")));
    cr_expect_neq(two,
                  fingerprint_of(arena, REFERRED("\"lines\":[{\"lineId\":\"1\",\"units\":2}]")));
    int64_t pounds =
        fingerprint_of(arena, REFERRED("\"amount\":{\"minor\":5,\"currency\":\"GBP\"}"));
    cr_expect_neq(pounds,
                  fingerprint_of(arena, REFERRED("\"amount\":{\"minor\":5,\"currency\":\"EUR\"}")));
    arena_destroy(arena);
}

Test(intake_codec, an_appeal_names_who_made_it)
{
    struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
    struct input input = {0};
    cr_assert_eq(decode_request(&decoder,
                                ASK(",\"appeal\":{\"appealId\":\"a\"},\"requester\":{\"id\":"
                                    "\"desk-2\",\"role\":\"ROLE_SERVICE_AGENT\"}"),
                                &input),
                 STATUS_OK);
    cr_expect_str_eq(input.follow_up.actor_id, "desk-2");
    cr_expect_eq(input.follow_up.actor_role, REDRESS__V1__ROLE__ROLE_SERVICE_AGENT);
    cr_assert_eq(decode_request(&decoder, ASK(",\"appeal\":{\"appealId\":\"a\"}"), &input),
                 STATUS_OK);
    cr_expect_str_eq(input.follow_up.actor_id, "");
    arena_destroy(decoder.arena);
}

Test(intake_codec, an_order_as_it_should_be)
{
    struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
    struct input input = {0};
    cr_assert_eq(
        decode_order(
            &decoder,
            PLACED("\"customer\":{\"token\":\"17850\",\"market\":\"GB\"},"
                   "\"shippingMinor\":495,\"lines\":[{\"lineId\":\"b\",\"sku\":\"s\","
                   "\"units\":6,\"grossMinor\":1530,\"discountMinor\":30,\"taxMinor\":250},"
                   "{\"lineId\":\"a\",\"sku\":\"s\",\"units\":1,\"grossMinor\":5}]"),
            &input),
        STATUS_OK);
    cr_expect_eq(input.kind, INPUT_PLACED);
    cr_expect_eq(input.placed.total_minor, 495 + 1500 + 5);
    cr_expect_str_eq(input.placed.by_id[0]->line_id, "a");
    cr_expect_eq(input.placed.lines[0].line_no, 1);
    cr_expect_neq(input.placed.fingerprint, 0);
    arena_destroy(decoder.arena);
}

#define GOODS(rest) "{" IDS ",\"eventId\":\"g1\"" rest "}"

Test(intake_codec, inspected_goods_without_a_request_make_one)
{
    struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
    struct input input = {0}, again = {0};
    static const char text[] = GOODS(
        ",\"inspected\":{\"lines\":[{\"lineId\":\"1\",\"units\":3,\"acceptedUnits\":2},"
        "{\"lineId\":\"2\",\"units\":1},{\"lineId\":\"1\",\"units\":1,\"acceptedUnits\":1}]}");
    cr_assert_eq(decode_goods(&decoder, text, &input), STATUS_OK);
    cr_assert_eq(input.kind, INPUT_ASKED);
    cr_assert_eq(input.request.line_count, 1);
    cr_expect_eq(input.request.lines[0].units, 3);
    cr_expect_eq(input.request.asking.trigger, REDRESS__V1__TRIGGER__TRIGGER_RETURN_RECEIPT);
    cr_assert_eq(decode_goods(&decoder, text, &again), STATUS_OK);
    cr_expect_str_eq(input.request.refund_id, again.request.refund_id);
    arena_destroy(decoder.arena);
}

Test(intake_codec, other_goods_are_not_intakes)
{
    static const char *const TEXTS[] = {
        GOODS(",\"refundId\":\"rf_1\",\"inspected\":{\"lines\":[{\"lineId\":\"1\",\"units\":3,"
              "\"acceptedUnits\":2}]}"),
        GOODS(",\"received\":{\"lines\":[{\"lineId\":\"1\",\"units\":3}]}"),
        GOODS(",\"inspected\":{\"lines\":[{\"lineId\":\"1\",\"units\":3}]}"),
        GOODS(",\"lost\":{}"),
    };
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
        struct input input = {.kind = INPUT_DUE};
        cr_expect_eq(decode_goods(&decoder, TEXTS[i], &input), STATUS_OK);
        cr_expect_eq(input.kind, INPUT_NOTHING, "%s", TEXTS[i]);
        arena_destroy(decoder.arena);
    }
}

Test(intake_codec, faults_of_goods)
{
    static const struct fault_case CASES[] = {
        {GOODS(",\"inspected\":{}"), REASON(FIELD_MISSING), "inspected.lines"},
        {GOODS(",\"inspected\":{\"lines\":[{\"lineId\":\"1\",\"units\":1,\"acceptedUnits\":2}]}"),
         REASON(FIELD_OUT_OF_RANGE), "inspected.lines[0].accepted_units"},
        {GOODS(",\"inspected\":{\"lines\":[{\"lineId\":\"1\",\"units\":1,\"acceptedUnits\":1,"
               "\"condition\":\"WRONG_ITEM\"}]}"),
         REASON(FIELD_OUT_OF_RANGE), "inspected.lines[0].accepted_units"},
        {GOODS(",\"inspected\":{\"lines\":[{\"lineId\":\"1\",\"units\":-1}]}"),
         REASON(FIELD_OUT_OF_RANGE), "inspected.lines[0].units"},
    };
    expect_faults(decode_goods, CASES, COUNT(CASES));
}

Test(intake_codec, only_final_words_of_later_stages_matter)
{
    static const char *const WANTED[] = {"DECLINED", "NEEDS_INFO"};
    static const char *const UNWANTED[] = {"COMPLIANT", "EXCEPTION", "CANCEL_REQUESTED", ""};
    for (size_t i = 0; i < COUNT(WANTED); i++)
        cr_expect(intake_wants_assessed(WANTED[i]));
    for (size_t i = 0; i < COUNT(UNWANTED); i++)
        cr_expect_not(intake_wants_assessed(UNWANTED[i]));
    cr_expect(intake_wants_routed("EXPIRED"));
    cr_expect_not(intake_wants_routed("APPROVED"));
    cr_expect(intake_wants_payout("SUCCEEDED"));
    cr_expect_not(intake_wants_payout("PENDING"));
}

Test(intake_codec, a_decline_says_whether_it_is_about_a_failed_payout)
{
    static const char *const CASES[] = {"", ",\"case\":{\"caseId\":\"c_1\"}",
                                        ",\"case\":{\"caseId\":\"c_1\",\"failedPayout\":true}"};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
        struct input input = {0};
        const void *event = parse(decoder.arena, &redress__v1__refund_routed__descriptor,
                                  arena_printf(decoder.arena,
                                               "{" IDS ",\"refundId\":\"rf_1\",\"version\":3,"
                                               "\"status\":\"DECLINED\"%s}",
                                               CASES[i]));
        cr_assert_eq(intake_decode_routed(&decoder, event, &input), STATUS_OK);
        cr_expect_eq(input.outcome.outcome, OUTCOME_ROUTED_DECLINED);
        cr_expect_eq(input.outcome.failed_payout, i == 2);
        arena_destroy(decoder.arena);
    }
}

/* Found by fuzz/claim: two of them overflowed what was paid of a refund. */
Test(intake_codec, a_payout_is_at_most_what_settlement_pays)
{
    static const struct {
        const char *minor;
        enum status status;
    } rows[] = {{"1000000000000000", STATUS_OK},
                {"1000000000000001", STATUS_UNPROCESSABLE},
                {"9223372036854775807", STATUS_UNPROCESSABLE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
        struct input input = {0};
        const void *event = parse(
            decoder.arena, &redress__v1__refund_payout__descriptor,
            arena_printf(decoder.arena,
                         "{" IDS ",\"refundId\":\"rf_1\",\"version\":3,\"status\":\"SUCCEEDED\","
                         "\"payoutId\":\"po_1\",\"payoutsTotal\":1,\"payoutsEnded\":1,"
                         "\"amount\":{\"minor\":\"%s\",\"currency\":\"GBP\"}}",
                         rows[i].minor));
        cr_expect_eq(intake_decode_payout(&decoder, event, &input), rows[i].status, "%s",
                     rows[i].minor);
        arena_destroy(decoder.arena);
    }
}

Test(intake_codec, a_payout_names_what_came_of_it)
{
    struct decoder decoder = {.arena = arena_create(ARENA_LIMIT)};
    struct input input = {0};
    const Redress__V1__RefundPayout *event = (Redress__V1__RefundPayout *)parse(
        decoder.arena, &redress__v1__refund_payout__descriptor,
        "{" IDS ",\"refundId\":\"rf_1\",\"version\":3,\"status\":\"REFUSED\",\"payoutsTotal\":2,"
        "\"payoutsEnded\":2,\"amount\":{\"minor\":7,\"currency\":\"GBP\"},"
        "\"released\":[{\"lineId\":\"1\",\"units\":1}]}");
    cr_assert_eq(intake_decode_payout(&decoder, event, &input), STATUS_OK);
    cr_expect_eq(input.kind, INPUT_OUTCOME);
    cr_expect_eq(input.outcome.outcome, OUTCOME_PAYOUTS_REFUSED);
    cr_expect_eq(input.outcome.version, 3);
    cr_expect_eq(input.outcome.minor, 7);
    cr_expect_eq(input.outcome.returned_count, 1);
    arena_destroy(decoder.arena);
}
