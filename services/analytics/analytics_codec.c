/* Our own topics -> events; insights -> protobuf. */

#include "analytics_codec.h"

#include "analytics_fields.h"
#include "message.h"

#include <stdio.h>
#include <string.h>

/* Takes what every event of a stage begins with. */
#define DECODE_HEADING(decoder, message, event, kind_)                                         \
    decode_heading(decoder, (message)->merchant_id, (message)->order_id, (message)->refund_id, \
                   (message)->version, kind_, event)

static enum status decode_heading(struct analytics_decoder *decoder, const char *merchant_id,
                                  const char *order_id, const char *refund_id, int64_t version,
                                  enum analytics_kind kind, struct analytics_event *event)
{
    enum status status = analytics_check_id(decoder, AT("merchant_id"), merchant_id);
    if (status == STATUS_OK)
        status = analytics_check_id(decoder, AT("order_id"), order_id);
    if (status == STATUS_OK)
        status = analytics_check_id(decoder, AT("refund_id"), refund_id);
    if (status == STATUS_OK)
        status = analytics_check_range(decoder, AT("version"), version, 1, INT32_MAX);
    event->kind = kind;
    event->merchant_id = merchant_id;
    event->order_id = order_id;
    event->refund_id = refund_id;
    event->payout_id = "";
    return status;
}

/* The currency is unknown where the order is. */
static enum status decode_asked(struct analytics_decoder *decoder,
                                const Redress__V1__RefundRequest *request,
                                const Redress__V1__Facts *facts, const Redress__V1__Money *claim,
                                struct analytics_asked *asked)
{
    *asked = (struct analytics_asked){.currency = ""};
    if (request == NULL)
        return analytics_check_id(decoder, AT("request"), "");
    asked->reason = (int32_t)request->reason;
    if (facts != NULL) {
        asked->channel = (int32_t)facts->channel;
        asked->currency = facts->currency;
    }
    if (claim != NULL) {
        asked->claim_minor = claim->minor;
        if (claim->currency[0] != '\0')
            asked->currency = claim->currency;
    }
    return analytics_check_day(decoder, AT("request.occurred_at"), request->occurred_at,
                               &asked->day);
}

enum status analytics_decode_validated(struct analytics_decoder *decoder,
                                       const Redress__V1__RefundValidated *message,
                                       struct analytics_event *event)
{
    static const enum analytics_outcome outcomes[] = {
        [REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_VALIDATED] = ANALYTICS_NONE,
        [REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_REJECTED] = ANALYTICS_REJECTED,
        [REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_NEEDS_INFO] = ANALYTICS_NEEDS_INFO,
        [REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_CANCEL_REQUESTED] =
            ANALYTICS_CANCEL_REQUESTED,
    };
    enum status status = DECODE_HEADING(decoder, message, event, ANALYTICS_EVENT_VALIDATED);
    if (status == STATUS_OK)
        status =
            analytics_check_enum(decoder, AT("status"), &redress__v1__validation_status__descriptor,
                                 (int)message->status);
    if (status != STATUS_OK)
        return status;
    event->validated = (struct analytics_validated){
        .version = message->version, .outcome = outcomes[message->status], .rejection = ""};
    if (message->rejection != NULL)
        event->validated.rejection = message_enum_name(&redress__v1__rejection_reason__descriptor,
                                                       (int)message->rejection->reason);
    return decode_asked(decoder, message->request, message->facts, message->claim,
                        &event->validated.asked);
}

static bool listed(const struct analytics_rule *rules, size_t count,
                   const Redress__V1__RuleHit *hit)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i].rule, hit->rule) == 0 && strcmp(rules[i].decision, hit->decision) == 0)
            return true;
    return false;
}

/* Rules that hit, each once however many lines it hit for. */
static enum status decode_rules(struct analytics_decoder *decoder,
                                const Redress__V1__RefundAssessed *message,
                                const struct analytics_rule **rules, size_t *count)
{
    struct analytics_rule *found = arena_array(decoder->arena, message->n_rules + 1, sizeof *found);
    if (found == NULL)
        return STATUS_EXHAUSTED;
    *count = 0;
    for (size_t i = 0; i < message->n_rules; i++) {
        const Redress__V1__RuleHit *hit = message->rules[i];
        if (hit->hit && !listed(found, *count, hit))
            found[(*count)++] =
                (struct analytics_rule){.decision = hit->decision, .rule = hit->rule};
    }
    *rules = found;
    return STATUS_OK;
}

static const char *model_of(const Redress__V1__RefundAssessed *message)
{
    return message->model == NULL ? "" : message->model->id;
}

enum status analytics_decode_assessed(struct analytics_decoder *decoder,
                                      const Redress__V1__RefundAssessed *message,
                                      struct analytics_event *event)
{
    struct analytics_assessed *assessed = &event->assessed;
    enum status status = DECODE_HEADING(decoder, message, event, ANALYTICS_EVENT_ASSESSED);
    if (status == STATUS_OK)
        status =
            analytics_check_enum(decoder, AT("status"), &redress__v1__assessment_status__descriptor,
                                 (int)message->status);
    if (status != STATUS_OK)
        return status;
    *assessed =
        (struct analytics_assessed){.version = message->version,
                                    .outcome = (enum analytics_outcome)message->status,
                                    .detail = message->n_reasons == 0 ? "" : message->reasons[0],
                                    .model = model_of(message)};
    status = decode_rules(decoder, message, &assessed->rules, &assessed->rule_count);
    return status != STATUS_OK ? status
                               : decode_asked(decoder, message->request, message->facts,
                                              message->claim, &assessed->asked);
}

/* Who declined: the others of the case did not. */
static enum status decode_decliners(struct analytics_decoder *decoder,
                                    const Redress__V1__Case *about, struct analytics_routed *routed)
{
    size_t most = about == NULL ? 0 : about->n_decisions;
    const char **people = arena_array(decoder->arena, most + 1, sizeof *people);
    if (people == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < most; i++)
        if (about->decisions[i]->verdict == REDRESS__V1__VERDICT__VERDICT_DECLINE &&
            about->decisions[i]->actor != NULL)
            people[routed->people_count++] = about->decisions[i]->actor->id;
    routed->people = people;
    return STATUS_OK;
}

static enum status decode_verdict(struct analytics_decoder *decoder,
                                  const Redress__V1__RefundRouted *message,
                                  struct analytics_routed *routed)
{
    if (message->status == REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_DECLINED) {
        routed->verdict = ANALYTICS_DECLINED_BY_PEOPLE;
        return decode_decliners(decoder, message->case_, routed);
    }
    if (!routed->approved || message->automatic)
        return STATUS_OK;
    routed->verdict = ANALYTICS_APPROVED;
    routed->people = (const char *const *)message->approval->approvers;
    routed->people_count = message->approval->n_approvers;
    return STATUS_OK;
}

/* The assessment that was decided about: only now of interest, as assessed.v1 has it too. */
static enum status decode_subject(struct analytics_decoder *decoder,
                                  const Redress__V1__RefundAssessed *assessed,
                                  struct analytics_routed *routed)
{
    const Redress__V1__Facts *facts = assessed->facts;
    routed->outcome = (enum analytics_outcome)assessed->status;
    routed->reason = assessed->request == NULL ? 0 : (int32_t)assessed->request->reason;
    routed->model = model_of(assessed);
    if (facts == NULL)
        return STATUS_OK;
    struct analytics_line *lines = arena_array(decoder->arena, facts->n_lines + 1, sizeof *lines);
    if (lines == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < facts->n_lines; i++)
        lines[i] = (struct analytics_line){.sku = facts->lines[i]->sku,
                                           .units = facts->lines[i]->units,
                                           .minor = facts->lines[i]->refundable_minor};
    routed->lines = lines;
    routed->line_count = facts->n_lines;
    routed->currency = facts->currency;
    return decode_rules(decoder, assessed, &routed->rules, &routed->rule_count);
}

enum status analytics_decode_routed(struct analytics_decoder *decoder,
                                    const Redress__V1__RefundRouted *message,
                                    struct analytics_event *event)
{
    struct analytics_routed *routed = &event->routed;
    enum status status = DECODE_HEADING(decoder, message, event, ANALYTICS_EVENT_ROUTED);
    if (status == STATUS_OK)
        status = analytics_check_enum(
            decoder, AT("status"), &redress__v1__routing_status__descriptor, (int)message->status);
    if (status != STATUS_OK)
        return status;
    *routed = (struct analytics_routed){
        .version = message->version,
        .authority = (int32_t)message->authority,
        .approved = message->status == REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_APPROVED &&
                    message->approval != NULL,
        .currency = "",
        .model = ""};
    status = decode_verdict(decoder, message, routed);
    bool decided = routed->approved || routed->verdict != ANALYTICS_UNDECIDED;
    if (status == STATUS_OK && decided && message->assessed != NULL)
        status = decode_subject(decoder, message->assessed, routed);
    if (status == STATUS_OK && routed->approved && message->approval->amount != NULL) {
        routed->approved_minor = message->approval->amount->minor;
        routed->currency = message->approval->amount->currency;
    }
    return status;
}

enum status analytics_decode_payout(struct analytics_decoder *decoder,
                                    const Redress__V1__RefundPayout *message,
                                    struct analytics_event *event)
{
    enum status status = DECODE_HEADING(decoder, message, event, ANALYTICS_EVENT_SETTLED);
    if (status == STATUS_OK)
        status = analytics_check_enum(
            decoder, AT("status"), &redress__v1__payout_status__descriptor, (int)message->status);
    if (status == STATUS_OK && message->payout_id[0] != '\0')
        status = analytics_check_amount(decoder, AT("amount"), message->amount, 0);
    if (status != STATUS_OK)
        return status;
    bool amount = message->amount != NULL;
    event->payout_id = message->payout_id;
    event->settled =
        (struct analytics_settled){.version = message->version,
                                   .status = (int32_t)message->status,
                                   .payout_id = message->payout_id,
                                   .provider = (int32_t)message->provider_name,
                                   .amount_minor = amount ? message->amount->minor : 0,
                                   .currency = amount ? message->amount->currency : ""};
    return STATUS_OK;
}

/* What kind of insight a state is. X(state, kind, risk: how much scrutiny it asks for) */
#define INSIGHT_ROWS(X)              \
    X(OVER, PAYOUT_MISMATCH, 90)     \
    X(UNDER, PAYOUT_MISMATCH, 50)    \
    X(LATE, PAYOUT_LATE, 30)         \
    X(REVERSED, PAYOUT_REVERSED, 50) \
    X(ORPHAN, PAYOUT_ORPHAN, 80)     \
    X(RESOLVED, PAYOUT_MISMATCH, 0)

struct insight_info {
    Redress__V1__InsightKind kind;
    int32_t risk;
};

static const struct insight_info infos[RECONCILIATIONS] = {
#define X(state, kind_, risk_) \
    [RECONCILIATION_##         \
        state] = {.kind = REDRESS__V1__INSIGHT_KIND__INSIGHT_KIND_##kind_, .risk = risk_},
    INSIGHT_ROWS(X)
#undef X
};

/* Room for a message and what hangs on it. */
struct insight_room {
    Redress__V1__Insight message;
    Redress__V1__Money expected, actual;
    char *evidence[2];
    char id[sizeof "in_" + 32];
};

static char *said(const char *text)
{
    return (char *)(uintptr_t)text; /* protobuf-c's strings are not const; packing only reads */
}

static void insight_id(const char *subject, char *id, size_t size)
{
    char hash[IDENTITY_SHA256_HEX];
    identity_sha256(subject, strlen(subject), hash);
    (void)snprintf(id, size, "in_%.32s", hash);
}

enum status analytics_encode(struct arena *arena, const struct analytics_event *event,
                             const struct analytics_insight *insight, int64_t now_us,
                             Redress__V1__Insight **message)
{
    struct insight_room *room = arena_zalloc(arena, sizeof *room);
    if (room == NULL)
        return STATUS_EXHAUSTED;
    Redress__V1__Insight *said_of = &room->message;
    redress__v1__insight__init(said_of);
    redress__v1__money__init(&room->expected);
    redress__v1__money__init(&room->actual);
    insight_id(insight->subject, room->id, sizeof room->id);
    room->expected.minor = insight->expected_minor;
    room->actual.minor = insight->actual_minor;
    room->expected.currency = room->actual.currency = said(insight->currency);
    said_of->merchant_id = said(event->merchant_id);
    said_of->order_id = said(event->order_id);
    said_of->refund_id = said(event->payout->refund_id);
    said_of->insight_id = room->id;
    said_of->version = insight->version;
    said_of->kind = infos[insight->state].kind;
    said_of->risk = infos[insight->state].risk;
    said_of->reconciliation =
        (Redress__V1__ReconciliationStatus)reconciliation_number(insight->state);
    said_of->subject = said(insight->subject);
    said_of->summary = said(insight->summary);
    said_of->expected = &room->expected;
    said_of->actual = &room->actual;
    said_of->occurred_at = message_timestamp(arena, now_us);
    for (size_t i = 0; i < insight->evidence_count; i++)
        room->evidence[i] = said(insight->evidence[i]);
    said_of->evidence = room->evidence;
    said_of->n_evidence = insight->evidence_count;
    *message = said_of;
    return said_of->occurred_at == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}
