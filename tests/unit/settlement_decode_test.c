/* What settlement reads of its inputs, and what it refuses of them. */

#include "message.h"
#include "one_event.h"
#include "redress/v1/routed.pb-c.h"
#include "services/settlement/seal.h"
#include "services/settlement/settlement_batch.h"
#include "services/settlement/skim.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct approval_keys *keys;
static struct settlement settlement;

static void setup(void)
{
    struct error error = {0};
    arena = arena_create((size_t)4 * 1024 * 1024);
    cr_assert_eq(approval_keys_read("k1:000102030405060708090a0b0c0d0e0f"
                                    "101112131415161718191a1b1c1d1e1f",
                                    &keys, &error),
                 STATUS_OK, "%s", error.text);
    settlement.keys = keys;
    settlement.scratch = arena_create(SCRATCH_MAX);
}

static void teardown(void)
{
    approval_keys_destroy(keys);
    arena_destroy(settlement.scratch);
    arena_destroy(arena);
}

TestSuite(settlement_decode, .init = setup, .fini = teardown);

static ProtobufCMessage *message_of(enum topic topic, const char *json)
{
    ProtobufCMessage *message = NULL;
    struct error error = {""};
    cr_assert_eq(message_from_json_text(topic_info(topic)->message, json, strlen(json), arena,
                                        &message, &error),
                 STATUS_OK, "%s: %s", json, error.text);
    return message;
}

static enum status decoded(struct one_event *one, enum topic topic, const char *json)
{
    one_event_message(one, arena, &settlement, topic, message_of(topic, json));
    return settlement_decode(&one->work.batch, &one->event);
}

static void refused(enum topic topic, const char *json, Redress__V1__DeadLetterReason reason,
                    const char *field)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, topic, json), STATUS_UNPROCESSABLE, "%s", json);
    cr_expect_eq(one.refusal.reason, reason, "%s: reason %d", json, (int)one.refusal.reason);
    cr_expect_str_eq(one.refusal.field, field, "%s: field %s", json, one.refusal.field);
}

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name
#define HEAD "\"merchantId\":\"shop\",\"orderId\":\"o-1\",\"occurredAt\":\"2010-12-09T10:00:00Z\""
#define PAYMENT                                                                       \
    "\"paymentId\":\"pay_1\",\"provider\":\"STRIPE\",\"providerReference\":\"pi_1\"," \
    "\"method\":\"CARD\""

Test(settlement_decode, a_capture)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_ORDERS,
                         "{" HEAD ",\"captured\":{" PAYMENT ",\"amount\":{\"minor\":3402,"
                         "\"currency\":\"GBP\"}}}"),
                 STATUS_OK);
    const struct capture *capture = one.event.body;
    cr_expect_str_eq(one.event.merchant_id, "shop");
    cr_expect_str_eq(one.event.order_id, "o-1");
    cr_expect_str_eq(capture->payment_id, "pay_1");
    cr_expect_str_eq(capture->provider_reference, "pi_1");
    cr_expect_eq(capture->provider, PROVIDER_STRIPE);
    cr_expect_eq(capture->method, 1);
    cr_expect_eq(capture->amount_minor, 3402);
    cr_expect_str_eq(capture->currency, "GBP");
    cr_expect_eq(capture->occurred_us, INT64_C(1291888800000000));
}

Test(settlement_decode, other_order_events_are_not_wanted)
{
    struct one_event one;
    cr_expect_eq(decoded(&one, TOPIC_ORDERS,
                         "{" HEAD ",\"placed\":{\"currency\":\"GBP\",\"lines\":[{\"lineId\":\"1\","
                         "\"sku\":\"a\",\"units\":1}]}}"),
                 STATUS_NOT_FOUND);
    cr_expect_eq(decoded(&one, TOPIC_ORDERS, "{" HEAD ",\"delivered\":{}}"), STATUS_NOT_FOUND);
}

/* Whatever the bytes are, skimming reads none beyond them, and what it cannot follow is unpacked,
 * which says what is wrong. */
Test(settlement_decode, skimming_survives_any_bytes)
{
    unsigned seed = 1;
    for (int i = 0; i < 20000; i++) {
        size_t size = (size_t)(rand_r(&seed) % 40);
        uint8_t *bytes = malloc(size + 1);
        for (size_t b = 0; b < size; b++)
            bytes[b] = (uint8_t)rand_r(&seed);
        uint8_t *exact = malloc(size == 0 ? 1 : size);
        memcpy(exact, bytes, size);
        (void)skim_lacks_field(exact, size, 5);
        free(exact);
        free(bytes);
    }
    cr_assert_not(skim_lacks_field("", 0, 5));
    cr_assert(skim_lacks_field("\x0a\x01x", 3, 5));
    cr_assert_not(skim_lacks_field("\x0a\x01x\x2a\x00", 5, 5));
    cr_assert_not(skim_lacks_field("\x0a\x7fx", 3, 5));
    struct one_event one;
    one_event_start(&one, arena, &settlement, TOPIC_ORDERS, "\x0a\x7fx", 3);
    cr_assert_eq(settlement_decode(&one.work.batch, &one.event), STATUS_UNPROCESSABLE);
    cr_assert_eq(one.refusal.reason, REASON(MALFORMED));
}

Test(settlement_decode, captures_that_break_a_rule)
{
    refused(TOPIC_ORDERS,
            "{" HEAD ",\"captured\":{" PAYMENT ",\"amount\":{\"minor\":0,\"currency\":\"GBP\"}}}",
            REASON(FIELD_OUT_OF_RANGE), "captured.amount.minor");
    refused(TOPIC_ORDERS,
            "{" HEAD ",\"captured\":{" PAYMENT ",\"amount\":{\"minor\":1,\"currency\":\"XYZ\"}}}",
            REASON(UNKNOWN_CURRENCY), "captured.amount.currency");
    refused(TOPIC_ORDERS, "{" HEAD ",\"captured\":{" PAYMENT "}}", REASON(FIELD_MISSING),
            "captured.amount");
    refused(TOPIC_ORDERS, "{" HEAD ",\"captured\":{\"provider\":\"STRIPE\"}}",
            REASON(FIELD_MISSING), "captured.payment_id");
    refused(TOPIC_ORDERS, "{\"orderId\":\"o-1\",\"captured\":{" PAYMENT "}}", REASON(FIELD_MISSING),
            "merchant_id");
    refused(TOPIC_ORDERS, "{" HEAD ",\"captured\":{\"paymentId\":\"a\\u0007\"}}",
            REASON(FIELD_OUT_OF_RANGE), "captured.payment_id");
}

/* Approvals. */

#define APPROVED                                                                             \
    "{" HEAD ",\"refundId\":\"rf_1\",\"version\":2,\"status\":\"APPROVED\",\"approval\":{"   \
    "\"keyId\":\"k1\",\"split\":[{\"paymentId\":\"pay_1\",\"amount\":{\"minor\":510,"        \
    "\"currency\":\"GBP\"}}],\"method\":\"ORIGINAL\",\"caseVersion\":1,"                     \
    "\"expiresAt\":\"2010-12-10T10:00:00Z\",\"approvers\":[\"mia\"],"                        \
    "\"amount\":{\"minor\":510,\"currency\":\"GBP\"}},\"assessed\":{\"goodsRequired\":true," \
    "\"model\":{\"id\":\"policy\",\"version\":3,\"sha256\":\"ab\"},"                         \
    "\"request\":{\"reason\":\"DAMAGED\",\"trigger\":\"CUSTOMER_REQUEST\"},"                 \
    "\"facts\":{\"lines\":[{\"lineId\":\"1\",\"units\":2,\"refundableMinor\":510,"           \
    "\"taxMinor\":85,\"taxRatePpm\":200000}],"                                               \
    "\"shipping\":{\"refundableMinor\":95,\"taxMinor\":5}}}}"

static Redress__V1__RefundRouted *signed_approval_for(Redress__V1__Payee *payee)
{
    static uint8_t mac[APPROVAL_MAC_SIZE];
    static const struct approval_share shares[] = {{"pay_1", 510}};
    static const char *const approvers[] = {"mia"};
    const struct approval approval = {.merchant_id = "shop",
                                      .order_id = "o-1",
                                      .refund_id = "rf_1",
                                      .version = 2,
                                      .case_version = 1,
                                      .shares = shares,
                                      .share_count = 1,
                                      .currency = "GBP",
                                      .method = 1,
                                      .goods_required = true,
                                      .approvers = approvers,
                                      .approver_count = 1,
                                      .policy = {true, "policy", 3, "ab"},
                                      .expires_at_us = INT64_C(1291975200000000),
                                      .payee = payee == NULL ? "" : payee->reference,
                                      .payee_verified_by = payee == NULL ? "" : payee->verified_by};
    Redress__V1__RefundRouted *routed =
        (Redress__V1__RefundRouted *)message_of(TOPIC_ROUTED, APPROVED);
    (void)approval_sign(keys, &approval, mac);
    routed->approval->mac.data = mac;
    routed->approval->mac.len = sizeof mac;
    routed->approval->payee = payee;
    return routed;
}

static Redress__V1__RefundRouted *signed_approval(void)
{
    return signed_approval_for(NULL);
}

static const struct approval_event *approval_of(struct one_event *one,
                                                const Redress__V1__RefundRouted *routed)
{
    one_event_message(one, arena, &settlement, TOPIC_ROUTED, &routed->base);
    cr_assert_eq(settlement_decode(&one->work.batch, &one->event), STATUS_OK);
    return ((const struct routed *)one->event.body)->approval;
}

Test(settlement_decode, an_approval_whose_mac_holds)
{
    struct one_event one;
    const struct approval_event *approval = approval_of(&one, signed_approval());
    cr_assert(approval->genuine);
    cr_expect_eq(approval->version, 2);
    cr_expect_eq(approval->amount_minor, 510);
    cr_expect_eq(approval->share_count, (size_t)1);
    cr_expect_str_eq(approval->shares[0].payment_id, "pay_1");
    cr_expect_eq(approval->expires_us, INT64_C(1291975200000000));
    cr_expect_eq(approval->reason, 1);
    cr_expect(approval->goods_required);
    cr_assert_eq(approval->line_count, (size_t)2);
    cr_expect_eq(approval->lines[0].gross_minor, 510);
    cr_expect_eq(approval->lines[0].tax_rate_ppm, 200000);
    cr_expect_str_eq(approval->lines[1].line_id, "");
    cr_expect_eq(approval->lines[1].gross_minor, 95);
}

/* One field changed after signing, each in turn. */
Test(settlement_decode, an_approval_that_was_changed_does_not_hold)
{
    struct one_event one;
    Redress__V1__RefundRouted *routed = signed_approval();
    routed->version = 3;
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->refund_id = "rf_2";
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval->split[0]->amount->minor = 511;
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval->split[0]->payment_id = "pay_2";
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval->method = REDRESS__V1__REFUND_METHOD__REFUND_METHOD_MANUAL;
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval->expires_at->seconds += 1;
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->assessed->goods_required = false;
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval->mac.len -= 1;
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval->key_id = "k2";
    cr_expect_str_eq(approval_of(&one, routed)->refusal, "UNKNOWN_KEY");
    routed = signed_approval(); /* again under a new version, or for another refund */
    routed->version += 1;
    cr_expect_str_eq(approval_of(&one, routed)->refusal, "MAC");
    routed = signed_approval();
    routed->refund_id = "rf_other";
    cr_expect_str_eq(approval_of(&one, routed)->refusal, "MAC");
    routed = signed_approval();
    routed->order_id = "o-other";
    cr_expect_str_eq(approval_of(&one, routed)->refusal, "MAC");
    routed = signed_approval();
    routed->approval->n_approvers = 0;
    cr_expect_str_eq(approval_of(&one, routed)->refusal, "MAC");
    routed = signed_approval();
    routed->approval->split[0]->amount->currency = "EUR";
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval->amount = NULL;
    cr_expect_not(approval_of(&one, routed)->genuine);
    routed = signed_approval();
    routed->approval = NULL;
    cr_expect_str_eq(approval_of(&one, routed)->refusal, "INCOMPLETE");
}

/* The account is under the MAC, and counts only if somebody else than the approvers verified it. */
Test(settlement_decode, another_account_must_be_verified)
{
    static const struct {
        const char *signed_for, *verified_by, *payee;
    } rows[] = {{"account-7", "fiona", "account-7"},
                {"account-7", "mia", ""}, /* who approves */
                {"account-7", "", ""}};
    struct one_event one;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Redress__V1__Payee payee = REDRESS__V1__PAYEE__INIT;
        payee.reference = (char *)(uintptr_t)rows[i].signed_for;
        payee.verified_by = (char *)(uintptr_t)rows[i].verified_by;
        Redress__V1__RefundRouted *routed = signed_approval_for(&payee);
        const struct approval_event *approval = approval_of(&one, routed);
        cr_expect(approval->genuine);
        cr_expect_str_eq(approval->payee, rows[i].payee, "row %zu", i);
        payee.reference = (char *)(uintptr_t) "account-of-a-thief";
        cr_expect_str_eq(approval_of(&one, routed)->refusal, "MAC");
        routed->approval->payee = NULL;
        cr_expect_str_eq(approval_of(&one, routed)->refusal, "MAC");
    }
    Redress__V1__Payee slipped_in = REDRESS__V1__PAYEE__INIT;
    Redress__V1__RefundRouted *routed = signed_approval();
    slipped_in.reference = (char *)(uintptr_t) "account-of-a-thief";
    slipped_in.verified_by = (char *)(uintptr_t) "fiona";
    routed->approval->payee = &slipped_in;
    cr_expect_str_eq(approval_of(&one, routed)->refusal, "MAC");
}

Test(settlement_decode, returned_goods_wait_for_no_others)
{
    struct one_event one;
    Redress__V1__RefundRouted *routed = signed_approval();
    routed->assessed->request->trigger = REDRESS__V1__TRIGGER__TRIGGER_RETURN_RECEIPT;
    cr_expect(approval_of(&one, routed)->genuine);
    cr_expect_not(approval_of(&one, routed)->goods_required);
}

Test(settlement_decode, cancellations_and_what_is_skipped_by_its_header)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_ROUTED,
                         "{" HEAD ",\"refundId\":\"rf_1\",\"version\":4,"
                         "\"status\":\"CANCEL_REQUESTED\"}"),
                 STATUS_OK);
    cr_expect_eq(((const struct routed *)one.event.body)->cancel->version, 4);
    cr_expect_eq(decoded(&one, TOPIC_ROUTED,
                         "{" HEAD ",\"refundId\":\"rf_1\",\"version\":5,\"status\":\"DECLINED\"}"),
                 STATUS_OK);
    cr_expect_eq(((const struct routed *)one.event.body)->decline->version, 5);
    cr_expect_eq(decoded(&one, TOPIC_ROUTED,
                         "{" HEAD ",\"refundId\":\"rf_1\",\"version\":1,"
                         "\"status\":\"ESCALATED\"}"),
                 STATUS_NOT_FOUND);
    cr_expect(settlement_wants_routed(&(struct envelope){.status = "APPROVED"}));
    cr_expect(settlement_wants_routed(&(struct envelope){.status = "CANCEL_REQUESTED"}));
    cr_expect(settlement_wants_routed(&(struct envelope){.status = "DECLINED"}));
    cr_expect(settlement_wants_routed(&(struct envelope){.status = "EXPIRED"}));
    cr_expect_not(settlement_wants_routed(&(struct envelope){.status = "PENDING_APPROVAL"}));
}

/* Evidence and goods. */

/* As `decoded`, with the seal of settlement's own. */
static enum status decoded_sealed(struct one_event *one, const char *json)
{
    ProtobufCMessage *message = message_of(TOPIC_PROVIDER_EVENTS, json);
    cr_assert_eq(seal_event(keys, (Redress__V1__ProviderEvent *)message, arena), STATUS_OK);
    one_event_message(one, arena, &settlement, TOPIC_PROVIDER_EVENTS, message);
    return settlement_decode(&one->work.batch, &one->event);
}

#define SAID "\"eventId\":\"e-1\",\"provider\":\"STRIPE\",\"source\":\"WEBHOOK\""

Test(settlement_decode, evidence_of_every_kind)
{
    struct one_event one;
    cr_assert_eq(
        decoded_sealed(&one,
                       "{" HEAD "," SAID ",\"verified\":true,\"epoch\":9,\"refund\":{"
                       "\"payoutId\":\"po_1\",\"providerRefundId\":\"re_1\",\"status\":\"FAILED\","
                       "\"amount\":{\"minor\":5,\"currency\":\"JPY\"},"
                       "\"failureCode\":\"declined\"}}"),
        STATUS_OK);
    const struct evidence *evidence = one.event.body;
    cr_expect_eq(evidence->kind, EVIDENCE_REFUND);
    cr_expect_eq(evidence->source, SOURCE_WEBHOOK);
    cr_expect(evidence->verified);
    cr_expect_eq(evidence->epoch, 9);
    cr_expect_eq(evidence->status, REFUND_STATUS_FAILED);
    cr_expect_str_eq(evidence->code, "declined");
    cr_expect_eq(evidence->amount_minor, 5);
    cr_assert_eq(decoded(&one, TOPIC_PROVIDER_EVENTS,
                         "{" HEAD "," SAID ",\"callFailed\":{\"payoutId\":\"po_1\","
                         "\"failure\":\"NOT_SENT\",\"httpStatus\":429}}"),
                 STATUS_OK);
    evidence = one.event.body;
    cr_expect_eq(evidence->kind, EVIDENCE_CALL_FAILED);
    cr_expect_eq(evidence->failure, CALL_FAILURE_NOT_SENT);
    cr_expect_eq(evidence->http_status, 429);
    cr_expect_not(evidence->verified);
    cr_assert_eq(decoded(&one, TOPIC_PROVIDER_EVENTS,
                         "{" HEAD "," SAID ",\"notFound\":{\"payoutId\":\"po_1\"}}"),
                 STATUS_OK);
    cr_expect_eq(((const struct evidence *)one.event.body)->kind, EVIDENCE_NOT_FOUND);
    cr_assert_eq(decoded(&one, TOPIC_PROVIDER_EVENTS,
                         "{" HEAD "," SAID ",\"dispute\":{\"disputeId\":\"dp_1\","
                         "\"status\":\"LOST\",\"amount\":{\"minor\":7,\"currency\":\"EUR\"}}}"),
                 STATUS_OK);
    cr_expect_eq(((const struct evidence *)one.event.body)->dispute, DISPUTE_LOST);
}

/* Whoever writes to the topic can say `verified`; only we can seal it. */
Test(settlement_decode, evidence_without_our_seal_is_not_verified)
{
    static const char forged[] =
        "{" HEAD "," SAID ",\"verified\":true,\"refund\":{\"payoutId\":\"po_1\","
        "\"providerRefundId\":\"re_1\",\"status\":\"FAILED\","
        "\"amount\":{\"minor\":5,\"currency\":\"JPY\"}}";
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_PROVIDER_EVENTS, arena_printf(arena, "%s}", forged)),
                 STATUS_OK);
    cr_expect_not(((const struct evidence *)one.event.body)->verified);
    /* 32 bytes that are no seal of ours. */
    cr_assert_eq(decoded(&one, TOPIC_PROVIDER_EVENTS,
                         arena_printf(arena, "%s,\"seal\":\"%s\"}", forged,
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
                 STATUS_OK);
    cr_expect_not(((const struct evidence *)one.event.body)->verified);
    cr_assert_eq(decoded_sealed(&one, arena_printf(arena, "%s}", forged)), STATUS_OK);
    cr_expect(((const struct evidence *)one.event.body)->verified);
}

Test(settlement_decode, evidence_that_breaks_a_rule)
{
    refused(TOPIC_PROVIDER_EVENTS, "{" HEAD "," SAID "}", REASON(FIELD_MISSING), "event");
    refused(TOPIC_PROVIDER_EVENTS,
            "{" HEAD ",\"provider\":\"STRIPE\",\"source\":\"ANSWER\","
            "\"notFound\":{\"payoutId\":\"po_1\"}}",
            REASON(FIELD_MISSING), "event_id");
    refused(TOPIC_PROVIDER_EVENTS,
            "{" HEAD ",\"eventId\":\"e\",\"source\":\"ANSWER\",\"notFound\":{}}",
            REASON(FIELD_MISSING), "provider");
    refused(TOPIC_PROVIDER_EVENTS,
            "{" HEAD "," SAID ",\"refund\":{\"providerRefundId\":\"re_1\","
            "\"status\":\"SUCCEEDED\",\"amount\":{\"minor\":-1,\"currency\":\"GBP\"}}}",
            REASON(FIELD_OUT_OF_RANGE), "refund.amount.minor");
    refused(TOPIC_PROVIDER_EVENTS, "{" HEAD "," SAID ",\"refund\":{\"status\":\"SUCCEEDED\"}}",
            REASON(FIELD_MISSING), "refund.provider_refund_id");
}

Test(settlement_decode, goods_and_what_breaks_their_rules)
{
    struct one_event one;
    cr_assert_eq(decoded(&one, TOPIC_GOODS,
                         "{" HEAD ",\"eventId\":\"g-1\",\"refundId\":\"rf_1\",\"inspected\":{"
                         "\"lines\":[{\"lineId\":\"1\",\"units\":3,\"acceptedUnits\":2}]}}"),
                 STATUS_OK);
    const struct goods_notice *notice = one.event.body;
    cr_expect_eq(notice->kind, GOODS_KIND_INSPECTED);
    cr_assert_eq(notice->line_count, (size_t)1);
    cr_expect_eq(notice->lines[0].accepted_units, 2);
    refused(TOPIC_GOODS,
            "{" HEAD ",\"eventId\":\"g-1\",\"inspected\":{\"lines\":[{\"lineId\":\"1\","
            "\"units\":3,\"acceptedUnits\":4}]}}",
            REASON(FIELD_OUT_OF_RANGE), "inspected.lines[0]");
    refused(TOPIC_GOODS,
            "{" HEAD ",\"eventId\":\"g-1\",\"inspected\":{\"lines\":[{\"lineId\":\"1\","
            "\"units\":3,\"acceptedUnits\":1,\"condition\":\"WRONG_ITEM\"}]}}",
            REASON(FIELD_OUT_OF_RANGE), "inspected.lines[0]");
    refused(TOPIC_GOODS,
            "{" HEAD ",\"eventId\":\"g-1\",\"inspected\":{\"lines\":[{\"lineId\":\"1\","
            "\"units\":3,\"condition\":77}]}}",
            REASON(UNKNOWN_ENUM), "inspected.lines[0]");
    refused(TOPIC_GOODS, "{" HEAD ",\"eventId\":\"g-1\",\"received\":{}}",
            REASON(FIELD_OUT_OF_RANGE), "received.lines");
    refused(TOPIC_GOODS, "{" HEAD ",\"eventId\":\"g-1\"}", REASON(FIELD_MISSING), "event");
}
