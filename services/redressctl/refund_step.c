#include "refund_step.h"

#include "clock.h"
#include "message.h"
#include "money.h"
#include "redress/v1/decision.pb-c.h"
#include "redress/v1/payout.pb-c.h"
#include "redress/v1/request.pb-c.h"
#include "redress/v1/routed.pb-c.h"
#include "redress/v1/validated.pb-c.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 2048 };

/* A sentence that grows. */
struct words {
    char text[WORDS_MAX];
    size_t used;
};

static void say(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(words->text + words->used, sizeof words->text - words->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        words->used += (size_t)length;
    if (words->used >= sizeof words->text)
        words->used = sizeof words->text - 1;
}

static int64_t time_of(const Google__Protobuf__Timestamp *timestamp)
{
    int64_t time_us = 0;
    return message_time(timestamp, &time_us) == STATUS_OK ? time_us : 0;
}

/* "5.10 GBP"; "nothing" if absent. */
static const char *amount_text(const Redress__V1__Money *money, char text[MONEY_TEXT_MAX])
{
    struct money amount;
    if (money == NULL || money_make(money->minor, money->currency, &amount) != STATUS_OK)
        return "nothing";
    return money_format(amount, text);
}

static json_t *amount_json(const Redress__V1__Money *money)
{
    return money == NULL ? json_null()
                         : json_pack("{s:I, s:s}", "minor", (json_int_t)money->minor, "currency",
                                     money->currency);
}

static json_t *texts_json(char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

static json_t *actor_json(const Redress__V1__Actor *actor)
{
    return actor == NULL
               ? json_null()
               : json_pack("{s:s, s:s}", "id", actor->id, "role",
                           message_enum_name(&redress__v1__role__descriptor, (int)actor->role));
}

/* The rules that decided, as "Return window/w2". */
static json_t *rules_json(Redress__V1__RuleHit *const *rules, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (rules[i]->hit)
            json_array_append_new(list, json_sprintf("%s/%s", rules[i]->decision, rules[i]->rule));
    return list;
}

static void say_list(struct words *words, const char *before, const json_t *list)
{
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each)
    {
        say(words, "%s%s", i == 0 ? before : ", ", json_string_value(each));
    }
}

static void say_asked(struct words *words, const Redress__V1__RefundRequest *request)
{
    char amount[MONEY_TEXT_MAX];
    if (request->amount != NULL)
        say(words, " %s", amount_text(request->amount, amount));
    if (request->whole_order)
        say(words, " the whole order");
    for (size_t i = 0; i < request->n_lines; i++)
        say(words, "%s %" PRId64 " of line %s", i == 0 ? "" : ",", request->lines[i]->units,
            request->lines[i]->line_id);
    if (request->shipping)
        say(words, " and shipping");
}

static const char *request_kind(const Redress__V1__RefundRequest *request)
{
    return request->answer != NULL         ? "ANSWERED"
           : request->appeal != NULL       ? "APPEALED"
           : request->cancellation != NULL ? "CANCELLED"
                                           : "REQUESTED";
}

static void read_request(const Redress__V1__RefundRequest *request, struct words *words,
                         struct refund_step *step)
{
    step->status = request_kind(request);
    step->event_us = time_of(request->occurred_at);
    const char *who = request->requester == NULL ? "somebody" : request->requester->id;
    const char *reason =
        message_enum_name(&redress__v1__reason_code__descriptor, (int)request->reason);
    step->detail = json_pack("{s:o, s:s, s:o}", "actor", actor_json(request->requester), "reason",
                             reason, "amount", amount_json(request->amount));
    if (strcmp(step->status, "REQUESTED") == 0) {
        say(words, "%s asked for", who);
        say_asked(words, request);
        say(words, " of order %s, reason %s", request->order_id, reason);
    } else {
        say(words, "%s followed up on request %s", who, request->request_id);
    }
}

static void say_rejection(struct words *words, const Redress__V1__Rejection *rejection)
{
    say(words, "rejected: %s",
        message_enum_name(&redress__v1__rejection_reason__descriptor, (int)rejection->reason));
    if (rejection->line_id[0] != '\0')
        say(words, ", line %s", rejection->line_id);
    if (rejection->asked != 0)
        say(words, ", asked %" PRId64 ", left %" PRId64, rejection->asked, rejection->left);
    if (rejection->refund_id[0] != '\0')
        say(words, ", see %s", rejection->refund_id);
}

static void say_claim(struct words *words, const Redress__V1__RefundValidated *event)
{
    char amount[MONEY_TEXT_MAX];
    say(words, "the purchase is known, %s claimed", amount_text(event->claim, amount));
    for (size_t i = 0; event->facts != NULL && i < event->facts->n_lines; i++) {
        const Redress__V1__LineFacts *line = event->facts->lines[i];
        say(words, "%s line %s: %" PRId64 " of %" PRId64 " units", i == 0 ? ":" : ",",
            line->line_id, line->units, line->units_bought);
    }
    if (event->appeal)
        say(words, " (appeal)");
}

static void read_validated(const Redress__V1__RefundValidated *event, struct words *words,
                           struct refund_step *step)
{
    step->status =
        message_enum_name(&redress__v1__validation_status__descriptor, (int)event->status);
    step->version = event->version;
    step->event_us = time_of(event->occurred_at);
    step->decided_us = time_of(event->decided_at);
    if (event->rejection != NULL)
        say_rejection(words, event->rejection);
    else if (event->status == REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_CANCEL_REQUESTED)
        say(words, "the cancellation goes on to settlement");
    else
        say_claim(words, event);
    step->detail =
        json_pack("{s:o, s:o}", "amount", amount_json(event->claim), "rejection",
                  event->rejection == NULL
                      ? json_null()
                      : json_string(message_enum_name(&redress__v1__rejection_reason__descriptor,
                                                      (int)event->rejection->reason)));
}

static void read_assessed(const Redress__V1__RefundAssessed *event, struct words *words,
                          struct refund_step *step)
{
    char amount[MONEY_TEXT_MAX];
    json_t *why = texts_json(event->reasons, event->n_reasons);
    json_t *rules = rules_json(event->rules, event->n_rules);
    step->status =
        message_enum_name(&redress__v1__assessment_status__descriptor, (int)event->status);
    step->version = event->version;
    step->event_us = time_of(event->occurred_at);
    step->decided_us = time_of(event->decided_at);
    say(words, "the rules say %s", step->status);
    say_list(words, " because of ", why);
    say(words, ", %s refundable", amount_text(event->refundable, amount));
    if (event->restocking_fee_minor != 0)
        say(words, " after a restocking fee");
    if (event->model != NULL)
        say(words, " (%s version %" PRId64 ")", event->model->id, event->model->version);
    say_list(words, "; rules that hit: ", rules);
    step->detail =
        json_pack("{s:o, s:o, s:o, s:o}", "amount", amount_json(event->refundable), "why", why,
                  "rules", rules, "model",
                  event->model == NULL ? json_null()
                                       : json_pack("{s:s, s:I}", "id", event->model->id, "version",
                                                   (json_int_t)event->model->version));
}

static void say_route(struct words *words, const Redress__V1__RefundRouted *event,
                      const struct refund_step *step, const json_t *approvers)
{
    char amount[MONEY_TEXT_MAX], due[CLOCK_TEXT_MAX];
    if (event->approval != NULL) {
        say(words, "%s approved %s", amount_text(event->approval->amount, amount),
            event->automatic ? "automatically" : "");
        say_list(words, "by ", approvers);
    } else if (event->case_ != NULL &&
               event->status != REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_DECLINED) {
        say(words, "%s: case %s, level %d, %d to approve", step->status, event->case_->case_id,
            (int)event->case_->level, (int)event->case_->approvers_needed);
        if (event->case_->due_at != NULL)
            say(words, ", due %s", clock_format(time_of(event->case_->due_at), due));
    } else {
        say(words, "%s", step->status);
    }
}

static void read_routed(const Redress__V1__RefundRouted *event, struct words *words,
                        struct refund_step *step)
{
    json_t *why = texts_json(event->reasons, event->n_reasons);
    json_t *approvers = event->approval == NULL
                            ? json_array()
                            : texts_json(event->approval->approvers, event->approval->n_approvers);
    step->status = message_enum_name(&redress__v1__routing_status__descriptor, (int)event->status);
    step->version = event->version;
    step->event_us = time_of(event->occurred_at);
    step->decided_us = time_of(event->decided_at);
    say_route(words, event, step, approvers);
    say_list(words, "; why: ", why);
    step->detail = json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:o}", "amount",
        amount_json(event->approval == NULL ? NULL : event->approval->amount), "authority",
        message_enum_name(&redress__v1__authority_level__descriptor, (int)event->authority),
        "approvers", approvers, "why", why, "rules", rules_json(event->rules, event->n_rules),
        "case", event->case_ == NULL ? json_null() : json_string(event->case_->case_id));
}

static void read_decision(const Redress__V1__Decision *event, struct words *words,
                          struct refund_step *step)
{
    step->status = message_enum_name(&redress__v1__verdict__descriptor, (int)event->verdict);
    step->event_us = time_of(event->occurred_at);
    say(words, "%s says %s about version %" PRId64 " of case %s",
        event->actor == NULL ? "somebody" : event->actor->id, step->status, event->case_version,
        event->case_id);
    if (event->note[0] != '\0')
        say(words, ": %s", event->note);
    step->decision_id = event->decision_id;
    step->actor_id = event->actor == NULL ? "" : event->actor->id;
    step->detail = json_pack("{s:o, s:s, s:s, s:s}", "actor", actor_json(event->actor), "case",
                             event->case_id, "note", event->note, "decision", event->decision_id);
}

static void read_payout(const Redress__V1__RefundPayout *event, struct words *words,
                        struct refund_step *step)
{
    char amount[MONEY_TEXT_MAX];
    step->status = message_enum_name(&redress__v1__payout_status__descriptor, (int)event->status);
    step->version = event->version;
    step->event_us = time_of(event->occurred_at);
    step->decided_us = time_of(event->decided_at);
    if (event->payment_id[0] != '\0')
        say(words, "%s to payment %s by %s: ", amount_text(event->amount, amount),
            event->payment_id,
            message_enum_name(&redress__v1__provider__descriptor, (int)event->provider_name));
    say(words, "%s", step->status);
    if (event->provider != NULL && event->provider->refund_id[0] != '\0')
        say(words, " as %s", event->provider->refund_id);
    if (event->reason[0] != '\0' && strcmp(event->reason, step->status) != 0)
        say(words, ", %s", event->reason);
    if (event->expected_by[0] != '\0')
        say(words, ", should have arrived by %s", event->expected_by);
    step->detail = json_pack("{s:o, s:s, s:s, s:s, s:s}", "amount", amount_json(event->amount),
                             "payout", event->payout_id, "payment", event->payment_id, "reason",
                             event->reason, "expected_by", event->expected_by);
}

/* X(topic, message type, reader, stage): in the order of the flow */
#define STEP_ROWS(X)                                        \
    X(REQUESTS, RefundRequest, read_request, "request")     \
    X(VALIDATED, RefundValidated, read_validated, "intake") \
    X(ASSESSED, RefundAssessed, read_assessed, "policy")    \
    X(DECISIONS, Decision, read_decision, "decision")       \
    X(ROUTED, RefundRouted, read_routed, "routing")         \
    X(PAYOUTS, RefundPayout, read_payout, "settlement")

static bool about(enum topic topic, const ProtobufCMessage *message, const char *refund_id,
                  const char *request_id)
{
    const char *field = topic == TOPIC_REQUESTS ? "request_id" : "refund_id";
    const ProtobufCFieldDescriptor *descriptor =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, field);
    if (descriptor == NULL)
        return false;
    const char *const *text =
        (const char *const *)(const void *)((const char *)message + descriptor->offset);
    return strcmp(*text, topic == TOPIC_REQUESTS ? request_id : refund_id) == 0;
}

bool refund_step_read(enum topic topic, const ProtobufCMessage *message, const char *refund_id,
                      const char *request_id, struct arena *arena, struct refund_step *step)
{
    struct words words = {.used = 0};
    int rank = 0;
    if (!about(topic, message, refund_id, request_id))
        return false;
    memset(step, 0, sizeof *step);
#define X(id, type, reader, stage_name)                                           \
    if (topic == TOPIC_##id) {                                                    \
        step->stage = stage_name;                                                 \
        step->rank = rank;                                                        \
        reader((const Redress__V1__##type *)(const void *)message, &words, step); \
    }                                                                             \
    rank++;
    STEP_ROWS(X)
#undef X
    step->words = arena_strdup(arena, words.text);
    if (step->decision_id != NULL) {
        step->decision_id = arena_strdup(arena, step->decision_id);
        step->actor_id = arena_strdup(arena, step->actor_id);
    }
    return step->stage != NULL && step->words != NULL;
}

bool refund_step_judge(struct refund_step *step, const char *refusal, const char *meaning,
                       struct arena *arena)
{
    bool refused = refusal != NULL && refusal[0] != '\0';
    json_object_set_new(step->detail, "outcome",
                        refusal == NULL ? json_null() : json_string(refused ? "REFUSED" : "TAKEN"));
    json_object_set_new(step->detail, "refusal", refused ? json_string(refusal) : json_null());
    if (refused)
        step->words =
            arena_printf(arena, "refused, %s%s%s%s: %s", refusal, meaning[0] == '\0' ? "" : " (",
                         meaning, meaning[0] == '\0' ? "" : ")", step->words);
    else if (refusal == NULL)
        step->words = arena_printf(arena, "not taken so far, or a dead letter: %s", step->words);
    return step->words != NULL;
}
