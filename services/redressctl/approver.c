#include "approver.h"

#include "identity.h"
#include "message.h"
#include "money.h"
#include "redress/v1/decision.pb-c.h"
#include "sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECISION_ID_HEX = 32, APPROVER_ARENA_MAX = 1024 * 1024 };

int verdict_of(const char *word)
{
#define X(text, name)            \
    if (strcmp(word, text) == 0) \
        return REDRESS__V1__VERDICT__VERDICT_##name;
    VERDICT_WORDS(X)
#undef X
    return 0;
}

/* What was refused may be said again: the time makes it another decision. */
static char *decision_id(struct arena *arena, const struct open_case *about,
                         const struct opinion *opinion)
{
    char hex[IDENTITY_SHA256_HEX];
    char *text = arena_printf(arena, "%s\n%s\n%s\n%s\n%s\n%d\n%" PRId64, about->merchant_id,
                              about->case_id, about->version, opinion->person,
                              opinion->on_behalf_of == NULL ? "" : opinion->on_behalf_of,
                              opinion->verdict, opinion->now_us);
    if (text == NULL)
        return NULL;
    return arena_printf(arena, "d_%.*s", DECISION_ID_HEX, identity_sha256(text, strlen(text), hex));
}

/* What routing would not even read, and so never judge. NULL: nothing is missing. */
static const char *what_is_wrong(const struct opinion *opinion)
{
    bool changes = opinion->amount != NULL || opinion->method != NULL;
    bool advises = opinion->recommended == REDRESS__V1__VERDICT__VERDICT_APPROVE ||
                   opinion->recommended == REDRESS__V1__VERDICT__VERDICT_DECLINE;
    bool pays = opinion->verdict == REDRESS__V1__VERDICT__VERDICT_VERIFY_PAYEE;
    if (changes != (opinion->verdict == REDRESS__V1__VERDICT__VERDICT_APPROVE_REDUCED))
        return changes ? "an amount or a method is for reduce only"
                       : "reduce wants an amount or a method";
    if (advises != (opinion->verdict == REDRESS__V1__VERDICT__VERDICT_RECOMMEND))
        return advises ? "advice is for recommend only"
                       : "recommend wants advice: approve or decline";
    if (pays != (opinion->payee != NULL && opinion->payee[0] != '\0'))
        return "verify-payee wants a payee, and nothing else does";
    return NULL;
}

/* By name, as APPROVER or ROLE_APPROVER. */
static enum status role_of(const char *name, Redress__V1__Role *role, struct error *error)
{
    const ProtobufCEnumDescriptor *roles = &redress__v1__role__descriptor;
    char full[64];
    const char *prefix = strncmp(name, "ROLE_", 5) == 0 ? "" : "ROLE_";
    (void)snprintf(full, sizeof full, "%s%.40s", prefix, name);
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(roles, full);
    if (value == NULL || value->value == 0)
        return error_set(error, STATUS_INVALID, "there is no role %s", name);
    *role = (Redress__V1__Role)value->value;
    return STATUS_OK;
}

/* By name, as BANK_TRANSFER; none without one. */
static enum status method_of(const char *name, Redress__V1__RefundMethod *method,
                             struct error *error)
{
    char full[64];
    if (name == NULL)
        return STATUS_OK;
    (void)snprintf(full, sizeof full, "REFUND_METHOD_%.40s", name);
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(&redress__v1__refund_method__descriptor, full);
    if (value == NULL || value->value == 0)
        return error_set(error, STATUS_INVALID, "there is no method %s", name);
    *method = (Redress__V1__RefundMethod)value->value;
    return STATUS_OK;
}

static enum status fill_amount(Redress__V1__Decision *decision, Redress__V1__Money *money,
                               const struct open_case *about, const struct opinion *opinion,
                               struct error *error)
{
    struct money amount;
    if (opinion->amount == NULL)
        return STATUS_OK;
    if (money_parse(opinion->amount, about->currency, &amount) != STATUS_OK)
        return error_set(error, STATUS_INVALID, "%s is no amount of %s", opinion->amount,
                         about->currency);
    if (amount.minor <= 0)
        return error_set(error, STATUS_INVALID, "--amount %s: more than nothing", opinion->amount);
    money->minor = amount.minor;
    money->currency = sink_text(about->currency);
    decision->amount = money;
    return STATUS_OK;
}

static enum status read_key(const struct session *session, struct signature_secret *secret,
                            struct error *error)
{
    if (session->console_key[0] == '\0')
        return error_set(error, STATUS_INVALID,
                         "decisions must be signed: set REDRESS_CONSOLE_KEY_FILE to the key of an "
                         "application in the roster");
    return signature_secret_read(session->console_key, secret, error);
}

enum status approver_open(const struct session *session, struct database *routing, int64_t wait_s,
                          struct approver *approver, struct error *error)
{
    *approver = (struct approver){.wait_s = wait_s, .arena = arena_create(APPROVER_ARENA_MAX)};
    enum status status = approver->arena == NULL ? error_set(error, STATUS_EXHAUSTED, "no memory")
                                                 : read_key(session, &approver->secret, error);
    if (status == STATUS_OK)
        status = outbox_open(session, &approver->outbox, error);
    if (status == STATUS_OK && wait_s > 0)
        status = verdicts_open(session, routing, &approver->verdicts, error);
    return status;
}

void approver_close(struct approver *approver)
{
    signature_secret_wipe(&approver->secret);
    verdicts_close(approver->verdicts);
    outbox_close(approver->outbox);
    arena_destroy(approver->arena);
}

static void tell(struct approver *approver, const struct awaited_verdict *verdict)
{
    approver->taken += verdict->outcome == VERDICT_TAKEN;
    approver->refused += verdict->outcome == VERDICT_REFUSED;
    approver->late = approver->late || verdict->outcome == VERDICT_AWAITED;
    if (verdict->outcome == VERDICT_TAKEN && !approver->quiet)
        printf("case %s is %s\n", verdict->case_id, verdict->status);
    if (verdict->outcome == VERDICT_REFUSED)
        fprintf(stderr, "case %s: routing refuses the decision: %s%s%s\n", verdict->case_id,
                verdict->reason, refusal_words(verdict->reason)[0] == '\0' ? "" : ", ",
                refusal_words(verdict->reason));
}

/* Of what was published since the last time. */
static enum status await_verdicts(struct approver *approver, struct error *error)
{
    enum status status = outbox_flush(approver->outbox, error);
    if (status != STATUS_OK || approver->verdicts == NULL)
        return status;
    status = verdicts_await(approver->verdicts, approver->late ? 0 : approver->wait_s, error);
    size_t count;
    const struct awaited_verdict *all = verdicts_all(approver->verdicts, &count);
    for (size_t i = 0; i < count; i++)
        tell(approver, &all[i]);
    verdicts_forget(approver->verdicts);
    return status;
}

enum status approver_say(struct approver *approver, const struct open_case *about,
                         const struct opinion *opinion, struct error *error)
{
    Redress__V1__Decision decision = REDRESS__V1__DECISION__INIT;
    Redress__V1__Actor actor = REDRESS__V1__ACTOR__INIT;
    Redress__V1__Money money = REDRESS__V1__MONEY__INIT;
    struct arena *arena = approver->arena;
    arena_reset(arena);
    const char *wrong = what_is_wrong(opinion);
    if (wrong != NULL)
        return error_set(error, STATUS_INVALID, "%s", wrong);
    enum status status = role_of(opinion->role, &actor.role, error);
    if (status == STATUS_OK)
        status = fill_amount(&decision, &money, about, opinion, error);
    if (status == STATUS_OK)
        status = method_of(opinion->method, &decision.method, error);
    if (status != STATUS_OK)
        return status;
    actor.id = sink_text(opinion->person);
    decision.merchant_id = sink_text(about->merchant_id);
    decision.order_id = sink_text(about->order_id);
    decision.refund_id = sink_text(about->refund_id);
    decision.case_id = sink_text(about->case_id);
    decision.case_version = strtoll(about->version, NULL, 10);
    decision.subject_hash = sink_text(about->subject_hash == NULL ? "" : about->subject_hash);
    decision.actor = &actor;
    decision.verdict = (Redress__V1__Verdict)opinion->verdict;
    decision.note = sink_text(opinion->note);
    decision.on_behalf_of = sink_text(opinion->on_behalf_of == NULL ? "" : opinion->on_behalf_of);
    decision.recommended = (Redress__V1__Verdict)opinion->recommended;
    decision.payee = sink_text(opinion->payee == NULL ? "" : opinion->payee);
    if (opinion->answer_by_us != 0)
        decision.answer_by = message_timestamp(arena, opinion->answer_by_us);
    decision.occurred_at = message_timestamp(arena, opinion->now_us);
    decision.decision_id = decision_id(arena, about, opinion);
    status = signature_sign_decision(&decision, &approver->secret, arena);
    if (status != STATUS_OK || arena_exhausted(arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    status = outbox_send(approver->outbox, TOPIC_DECISIONS, &decision.base, error);
    if (status != STATUS_OK)
        return status;
    approver->published++;
    if (approver->verdicts == NULL)
        return STATUS_OK;
    verdicts_expect(approver->verdicts, about->refund_id, about->case_id, decision.decision_id);
    return verdicts_full(approver->verdicts) ? await_verdicts(approver, error) : STATUS_OK;
}

enum status approver_finish(struct approver *approver, struct error *error)
{
    enum status status = await_verdicts(approver, error);
    int64_t unknown = approver->published - approver->taken - approver->refused;
    if (status != STATUS_OK || approver->verdicts == NULL)
        return status;
    if (approver->refused > 0)
        return error_set(error, STATUS_INVALID, "%" PRId64 " of %" PRId64 " decisions were refused",
                         approver->refused, approver->published);
    if (unknown > 0)
        return error_set(error, STATUS_RETRY,
                         "%" PRId64 " decisions are published, and routing has not judged them "
                         "after %" PRId64 " s: is it running? (redressctl status)",
                         unknown, approver->wait_s);
    return STATUS_OK;
}
