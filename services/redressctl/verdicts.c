#include "verdicts.h"

#include "arena.h"
#include "broker.h"
#include "clock.h"
#include "message.h"
#include "redress/v1/control.pb-c.h"
#include "topics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VERDICTS_ARENA_MAX = 1024 * 1024, /* one event as it is read */
    VERDICTS_TIMEOUT_MS = 30000,      /* of a question to the broker */
    VERDICTS_LOOK_MS = 50             /* between two looks at the view */
};

/* $1 and $2: refunds and decisions, each separated by \x1f. */
static const char kept_sql[] =
    "SELECT d.decision_id, d.refusal, c.status"
    "  FROM unnest(string_to_array($1, chr(31)), string_to_array($2, chr(31)))"
    "       AS k(refund_id, decision_id)"
    "  JOIN view.case_decision d USING (refund_id, decision_id)"
    "  JOIN view.approval_case c ON c.case_id = d.case_id";

/* X(reason of services/routing/README.md, what it means to whoever is refused) */
#define REFUSAL_WORDS(X)                                                                         \
    X(NO_ROSTER, "the merchant has no roster in force")                                          \
    X(UNKNOWN_PERSON, "who acts, or for whom, is not in the roster (redressctl people)")         \
    X(SIGNATURE, "the key may not sign for this person, or the signature does not hold")         \
    X(UNKNOWN_CASE, "the refund has no such case")                                               \
    X(CASE_NOT_OPEN, "it is decided, closed, or waits for something else")                       \
    X(ROLE, "not a role of this person, or a role that may not say this (--role)")               \
    X(DELEGATE, "nobody delegated their authority to this person for now")                       \
    X(ABSENT, "this person is out of office")                                                    \
    X(QUEUE, "none of the person's queues")                                                      \
    X(OWN_REQUEST, "the person asked for this refund, appealed, or answered a question")         \
    X(ABOVE_AUTHORITY, "the case is above the person's level; at level 3 only FINANCE decides")  \
    X(ALREADY_DECIDED, "the person has had a part in this case, or in the one appealed against") \
    X(TAKEN, "somebody else works on the case, or it is not theirs to give back")                \
    X(STALE_VERSION, "the case has changed since: look at it again")                             \
    X(STALE_SUBJECT, "amount, payments or method have changed since: look at it again")          \
    X(TIME, "said too long ago or in the future, or a deadline that is past or too far away")    \
    X(NOT_REVIEWED, "an exception on which no policy reviewer has advised")                      \
    X(REDUCTION, "not less than the case asks for, or a method that is not allowed")             \
    X(FINANCE_ONLY, "a bank transfer is approved as --role FINANCE only")                        \
    X(PAYEE, "nobody has verified the account of the bank transfer (verify-payee)")              \
    X(NOT_COVERED, "the captured payments do not cover the amount")                              \
    X(ABOVE_LIMIT, "more than the person may approve for one refund (redressctl people)")        \
    X(DAY_LIMIT, "with what the person approved that day, more than they may")                   \
    X(TOO_MANY, "too much was said about this refund")

struct verdicts {
    struct database *routing;
    struct consumer *control;
    struct arena *arena;
    size_t count, open; /* open: without a verdict */
    struct awaited_verdict items[VERDICTS_MAX];
};

/* Reads refunds.control.v1 from its end on. */
static enum status listen(struct verdicts *verdicts, struct error *error)
{
    int32_t counts[TOPIC_COUNT];
    enum status status = consumer_partitions(verdicts->control, counts, VERDICTS_TIMEOUT_MS, error);
    size_t count = status == STATUS_OK ? (size_t)counts[TOPIC_CONTROL] : 0;
    struct place *ends = calloc(count + 1, sizeof *ends);
    if (ends == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    for (size_t i = 0; i < count; i++)
        ends[i] = (struct place){.topic = TOPIC_CONTROL, .partition = (int32_t)i};
    if (status == STATUS_OK)
        status = consumer_ends(verdicts->control, ends, count, VERDICTS_TIMEOUT_MS, error);
    if (status == STATUS_OK)
        status = consumer_assign(verdicts->control, ends, count, error);
    free(ends);
    return status;
}

enum status verdicts_open(const struct session *session, struct database *routing,
                          struct verdicts **verdicts, struct error *error)
{
    struct verdicts *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    opened->routing = routing;
    opened->arena = arena_create(VERDICTS_ARENA_MAX);
    enum status status = opened->arena == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory")
                             : reader_open(&session->config, &opened->control, error);
    if (status == STATUS_OK)
        status = listen(opened, error);
    if (status == STATUS_OK)
        *verdicts = opened;
    else
        verdicts_close(opened);
    return status;
}

bool verdicts_full(const struct verdicts *verdicts)
{
    return verdicts->count == VERDICTS_MAX;
}

void verdicts_expect(struct verdicts *verdicts, const char *refund_id, const char *case_id,
                     const char *decision_id)
{
    assert(!verdicts_full(verdicts));
    struct awaited_verdict *item = &verdicts->items[verdicts->count++];
    *item = (struct awaited_verdict){.outcome = VERDICT_AWAITED};
    (void)snprintf(item->refund_id, sizeof item->refund_id, "%s", refund_id);
    (void)snprintf(item->case_id, sizeof item->case_id, "%s", case_id);
    (void)snprintf(item->decision_id, sizeof item->decision_id, "%s", decision_id);
    verdicts->open++;
}

/* The first verdict holds. */
static void settle(struct verdicts *verdicts, const char *decision_id, const char *refusal,
                   const char *status)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        struct awaited_verdict *item = &verdicts->items[i];
        if (item->outcome != VERDICT_AWAITED || strcmp(item->decision_id, decision_id) != 0)
            continue;
        item->outcome = refusal[0] == '\0' ? VERDICT_TAKEN : VERDICT_REFUSED;
        (void)snprintf(item->reason, sizeof item->reason, "%s", refusal);
        (void)snprintf(item->status, sizeof item->status, "%s", status);
        verdicts->open--;
    }
}

/* The ids of what has no verdict yet, separated by \x1f. */
static const char *join(struct verdicts *verdicts, size_t offset)
{
    char *text = arena_alloc(verdicts->arena, verdicts->open * VERDICT_ID_MAX + 1);
    size_t used = 0;
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct awaited_verdict *item = &verdicts->items[i];
        const char *id = (const char *)item + offset;
        if (item->outcome != VERDICT_AWAITED)
            continue;
        if (used > 0)
            text[used++] = '\x1f';
        memcpy(text + used, id, strlen(id));
        used += strlen(id);
    }
    text[used] = '\0';
    return text;
}

static enum status look(struct verdicts *verdicts, struct error *error)
{
    arena_reset(verdicts->arena);
    const char *const params[] = {join(verdicts, offsetof(struct awaited_verdict, refund_id)),
                                  join(verdicts, offsetof(struct awaited_verdict, decision_id))};
    struct table *table;
    if (params[0] == NULL || params[1] == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = database_query(verdicts->routing, kept_sql, params, 2, &table, error);
    if (status != STATUS_OK)
        return status;
    for (size_t row = 0; row < table_rows(table); row++)
        settle(verdicts, table_value(table, row, 0), table_value(table, row, 1),
               table_value(table, row, 2));
    table_free(table);
    return STATUS_OK;
}

static void hear(struct verdicts *verdicts, const struct record *record)
{
    struct error unreadable;
    ProtobufCMessage *message;
    arena_reset(verdicts->arena);
    if (record->value == NULL ||
        message_unpack(topic_info(TOPIC_CONTROL)->message, record->value, record->value_size,
                       verdicts->arena, &message, &unreadable) != STATUS_OK)
        return;
    const Redress__V1__ControlEvent *event = (const Redress__V1__ControlEvent *)message;
    if (event->event_case == REDRESS__V1__CONTROL_EVENT__EVENT_DECISION_REFUSED)
        settle(verdicts, event->decision_refused->decision_id, event->decision_refused->reason, "");
}

/* What is told meanwhile, until it is time to look at the view again. */
static enum status hear_all(struct verdicts *verdicts, struct error *error)
{
    int64_t until_us = clock_monotonic_us() + VERDICTS_LOOK_MS * INT64_C(1000);
    int64_t left_us;
    while (verdicts->open > 0 && (left_us = until_us - clock_monotonic_us()) > 0) {
        struct record record;
        struct place place;
        switch (
            consumer_poll(verdicts->control, (int)(left_us / 1000) + 1, &record, &place, error)) {
        case POLLED_RECORD:
            hear(verdicts, &record);
            record_free(&record);
            break;
        case POLLED_FATAL:
            return STATUS_FATAL;
        case POLLED_NOTHING:
        case POLLED_END:
        case POLLED_ASSIGNED:
        case POLLED_REVOKED:
        case POLLED_NO_OFFSET:
        case POLLED_ERROR:
            break;
        }
    }
    return STATUS_OK;
}

enum status verdicts_await(struct verdicts *verdicts, int64_t wait_s, struct error *error)
{
    int64_t until_us = clock_monotonic_us() + wait_s * CLOCK_SECOND_US;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && verdicts->open > 0 && clock_monotonic_us() < until_us) {
        status = hear_all(verdicts, error);
        if (status == STATUS_OK && verdicts->open > 0)
            status = look(verdicts, error);
    }
    return status;
}

const struct awaited_verdict *verdicts_all(const struct verdicts *verdicts, size_t *count)
{
    *count = verdicts->count;
    return verdicts->items;
}

void verdicts_forget(struct verdicts *verdicts)
{
    verdicts->count = verdicts->open = 0;
}

const char *refusal_words(const char *reason)
{
#define X(name, words)              \
    if (strcmp(reason, #name) == 0) \
        return words;
    REFUSAL_WORDS(X)
#undef X
    return "";
}

void verdicts_close(struct verdicts *verdicts)
{
    if (verdicts == NULL)
        return;
    if (verdicts->control != NULL)
        consumer_close(verdicts->control);
    arena_destroy(verdicts->arena);
    free(verdicts);
}
