/* Keys, times and ids of events; steps in the life of a refund. */

#include "services/redressctl/event.h"
#include "services/redressctl/refund_step.h"

#include "message.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    enum topic topic;
    const char *json;
    const char *key; /* NULL: refused */
    int64_t time_us; /* -1: none */
} events[] = {
    {TOPIC_ORDERS, "{\"orderId\":\"7\",\"occurredAt\":\"1970-01-01T00:00:01Z\"}", "7", 1000000},
    {TOPIC_REQUESTS, "{\"orderId\":\"\u00fc 1\"}", "\u00fc 1", -1},
    {TOPIC_REQUESTS, "{\"merchantId\":\"m\"}", NULL, -1},
    {TOPIC_STATEMENTS, "{\"statementId\":\"s1\",\"until\":\"1970-01-01T00:00:02Z\"}", "s1",
     2000000},
    {TOPIC_RULES, "{\"id\":\"policy\",\"version\":\"3\"}", "policy/3", -1},
    {TOPIC_INSIGHTS, "{\"subject\":\"sku:1\"}", "sku:1", -1},
    {TOPIC_CONTROL, "{\"subject\":\"x\"}", "x", -1},
    {TOPIC_PROVIDER_INBOX, "{\"providerReference\":\"pi_1\"}", "pi_1", -1},
    {TOPIC_DEAD_LETTERS, "{}", NULL, -1},
};

static ProtobufCMessage *message_of(enum topic topic, const char *text, struct arena *arena)
{
    struct error error = {0};
    ProtobufCMessage *message = NULL;
    json_t *json = json_loads(text, 0, NULL);
    cr_assert_eq(message_from_json(topic_info(topic)->message, json, arena, &message, &error),
                 STATUS_OK, "%s", error.text);
    json_decref(json);
    return message;
}

Test(event, key_and_time_follow_from_the_message)
{
    struct arena *arena = arena_create(1 << 20);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        char key[EVENT_KEY_MAX];
        int64_t time_us = -1;
        struct error error = {0};
        ProtobufCMessage *message = message_of(events[i].topic, events[i].json, arena);
        enum status status = event_key(events[i].topic, message, key, &error);
        cr_expect_eq(status == STATUS_OK, events[i].key != NULL, "event %zu: %s", i, error.text);
        if (status == STATUS_OK && events[i].key != NULL)
            cr_expect_str_eq(key, events[i].key);
        cr_expect_eq(event_time(message, &time_us), events[i].time_us >= 0);
        cr_expect_eq(time_us, events[i].time_us);
    }
    arena_destroy(arena);
}

Test(event, a_key_that_is_too_long_is_refused)
{
    char text[EVENT_KEY_MAX + 64], key[EVENT_KEY_MAX];
    struct error error = {0};
    struct arena *arena = arena_create(1 << 20);
    (void)snprintf(text, sizeof text, "{\"orderId\":\"%0*d\"}", EVENT_KEY_MAX, 1);
    cr_expect_eq(event_key(TOPIC_ORDERS, message_of(TOPIC_ORDERS, text, arena), key, &error),
                 STATUS_INVALID);
    arena_destroy(arena);
}

Test(event, id_is_of_topic_and_content)
{
    char first[EVENT_ID_MAX], second[EVENT_ID_MAX];
    cr_expect_str_eq(event_id(TOPIC_ORDERS, "abc", 3, first),
                     "orders.events.v1/ba7816bf8f01cfea414140de5dae2223");
    cr_expect_str_neq(event_id(TOPIC_REQUESTS, "abc", 3, second), first);
    cr_expect_str_eq(event_id(TOPIC_ORDERS, "abc", 3, second), first);
}

static const struct {
    enum topic topic;
    const char *json;
    const char *stage;
    const char *status;
    const char *words;
} steps[] = {
    {TOPIC_REQUESTS,
     "{\"requestId\":\"q\",\"orderId\":\"7\",\"reason\":\"DAMAGED\",\"requester\":{\"id\":\"mia\"},"
     "\"lines\":[{\"lineId\":\"1\",\"units\":2},{\"lineId\":\"3\",\"units\":1}],\"shipping\":true}",
     "request", "REQUESTED",
     "mia asked for 2 of line 1, 1 of line 3 and shipping of order 7, reason DAMAGED"},
    {TOPIC_REQUESTS, "{\"requestId\":\"q\",\"appeal\":{\"appealId\":\"a\"}}", "request", "APPEALED",
     "somebody followed up on request q"},
    {TOPIC_VALIDATED,
     "{\"refundId\":\"rf_1\",\"version\":1,\"status\":\"VALIDATED\",\"claim\":{\"minor\":510,"
     "\"currency\":\"GBP\"},\"facts\":{\"lines\":[{\"lineId\":\"1\",\"units\":2,\"unitsBought\":6}]"
     "}}",
     "intake", "VALIDATED", "the purchase is known, 5.10 GBP claimed: line 1: 2 of 6 units"},
    {TOPIC_VALIDATED,
     "{\"refundId\":\"rf_1\",\"version\":1,\"status\":\"REJECTED\",\"rejection\":{\"reason\":"
     "\"UNITS_ALREADY_CLAIMED\",\"lineId\":\"1\",\"asked\":2,\"left\":1,\"refundId\":\"rf_0\"}}",
     "intake", "REJECTED", "rejected: UNITS_ALREADY_CLAIMED, line 1, asked 2, left 1, see rf_0"},
    {TOPIC_ASSESSED,
     "{\"refundId\":\"rf_1\",\"version\":1,\"status\":\"EXCEPTION\",\"refundable\":{\"minor\":510,"
     "\"currency\":\"GBP\"},\"reasons\":[\"RETURN_WINDOW\"],\"model\":{\"id\":\"p\",\"version\":3},"
     "\"rules\":[{\"decision\":\"Return window\",\"rule\":\"w2\",\"hit\":true},"
     "{\"decision\":\"Evidence\",\"rule\":\"e1\"}]}",
     "policy", "EXCEPTION",
     "the rules say EXCEPTION because of RETURN_WINDOW, 5.10 GBP refundable (p version 3); rules "
     "that hit: Return window/w2"},
    {TOPIC_ROUTED,
     "{\"refundId\":\"rf_1\",\"version\":2,\"status\":\"APPROVED\",\"approval\":{\"approvers\":"
     "[\"mia\",\"noor\"],\"amount\":{\"minor\":510,\"currency\":\"GBP\"}}}",
     "routing", "APPROVED", "5.10 GBP approved by mia, noor"},
    {TOPIC_ROUTED,
     "{\"refundId\":\"rf_1\",\"version\":1,\"status\":\"PENDING_APPROVAL\",\"case\":{\"caseId\":"
     "\"c_1\",\"level\":1,\"approversNeeded\":1,\"dueAt\":\"2010-12-10T00:00:00Z\"},"
     "\"reasons\":[\"amount above 250.00\"]}",
     "routing", "PENDING_APPROVAL",
     "PENDING_APPROVAL: case c_1, level 1, 1 to approve, due 2010-12-10T00:00:00Z; why: amount "
     "above 250.00"},
    {TOPIC_DECISIONS,
     "{\"refundId\":\"rf_1\",\"caseId\":\"c_1\",\"caseVersion\":1,\"verdict\":\"APPROVE\","
     "\"actor\":{\"id\":\"mia\",\"role\":\"APPROVER\"},\"note\":\"fine\"}",
     "decision", "APPROVE", "mia says APPROVE about version 1 of case c_1: fine"},
    {TOPIC_PAYOUTS,
     "{\"refundId\":\"rf_1\",\"version\":2,\"status\":\"SUCCEEDED\",\"paymentId\":\"pay_1\","
     "\"providerName\":\"STRIPE\",\"amount\":{\"minor\":510,\"currency\":\"GBP\"},"
     "\"provider\":{\"refundId\":\"re_1\"},\"expectedBy\":\"2010-12-23\"}",
     "settlement", "SUCCEEDED",
     "5.10 GBP to payment pay_1 by STRIPE: SUCCEEDED as re_1, should have arrived by 2010-12-23"},
    {TOPIC_ROUTED,
     "{\"refundId\":\"rf_1\",\"version\":2,\"status\":\"CANCEL_REQUESTED\",\"case\":{\"caseId\":"
     "\"c_1\",\"level\":1,\"approversNeeded\":1}}",
     "routing", "CANCEL_REQUESTED", "CANCEL_REQUESTED: case c_1, level 1, 1 to approve"},
    {TOPIC_PAYOUTS,
     "{\"refundId\":\"rf_1\",\"version\":1,\"status\":\"CANCELLED\",\"reason\":\"CANCELLED\"}",
     "settlement", "CANCELLED", "CANCELLED"},
};

Test(refund_step, tells_each_event_in_words)
{
    struct arena *arena = arena_create(1 << 20);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct refund_step step;
        ProtobufCMessage *message = message_of(steps[i].topic, steps[i].json, arena);
        cr_assert(refund_step_read(steps[i].topic, message, "rf_1", "q", arena, &step));
        cr_expect_str_eq(step.stage, steps[i].stage);
        cr_expect_str_eq(step.status, steps[i].status);
        cr_expect_str_eq(step.words, steps[i].words);
        cr_expect(json_is_object(step.detail), "event %zu", i);
        json_decref(step.detail);
        cr_expect_not(refund_step_read(steps[i].topic, message, "rf_2", "r", arena, &step));
    }
    arena_destroy(arena);
}

Test(refund_step, a_decision_is_told_with_what_routing_made_of_it)
{
    static const char json[] = "{\"refundId\":\"rf_1\",\"caseId\":\"c_1\",\"caseVersion\":1,"
                               "\"verdict\":\"APPROVE\",\"decisionId\":\"d-1\",\"actor\":"
                               "{\"id\":\"mia\",\"role\":\"APPROVER\"}}";
    static const struct {
        const char *refusal, *outcome, *words;
    } judged[] = {
        {"", "TAKEN", "mia says APPROVE about version 1 of case c_1"},
        {"TAKEN", "REFUSED",
         "refused, TAKEN (by another): mia says APPROVE about version 1 of case c_1"},
        {NULL, "",
         "not taken so far, or a dead letter: mia says APPROVE about version 1 of case c_1"},
    };
    struct arena *arena = arena_create(1 << 20);
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
        struct refund_step step;
        cr_assert(refund_step_read(TOPIC_DECISIONS, message_of(TOPIC_DECISIONS, json, arena),
                                   "rf_1", "q", arena, &step));
        cr_expect_str_eq(step.decision_id, "d-1");
        cr_expect_str_eq(step.actor_id, "mia");
        cr_assert(refund_step_judge(&step, judged[i].refusal, "by another", arena));
        cr_expect_str_eq(step.words, judged[i].words);
        const char *outcome = json_string_value(json_object_get(step.detail, "outcome"));
        cr_expect_str_eq(outcome == NULL ? "" : outcome, judged[i].outcome);
        json_decref(step.detail);
    }
    arena_destroy(arena);
}
