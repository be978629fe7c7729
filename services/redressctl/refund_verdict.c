#include "refund_verdict.h"

#include "message.h"
#include "redress/v1/control.pb-c.h"
#include "replay.h"
#include "verdicts.h"

#include <string.h>

static const char kept_sql[] = "SELECT decision_id, actor_id, refusal FROM view.case_decision"
                               " WHERE refund_id = $1";

struct judging {
    const char *refund_id;
    struct refund_step *steps;
    size_t count;
    const char **refusals; /* by step: what routing said; NULL: nothing so far */
    struct arena *words;
    struct arena *event;
};

/* The first word about a decision holds: an id is each person's own. */
static bool settle(struct judging *judging, const char *decision_id, const char *actor_id,
                   const char *refusal)
{
    for (size_t i = 0; i < judging->count; i++) {
        const struct refund_step *step = &judging->steps[i];
        if (step->decision_id == NULL || judging->refusals[i] != NULL ||
            strcmp(step->decision_id, decision_id) != 0 || strcmp(step->actor_id, actor_id) != 0)
            continue;
        judging->refusals[i] = arena_strdup(judging->words, refusal);
        if (judging->refusals[i] == NULL)
            return false;
    }
    return true;
}

static bool is_open(const struct judging *judging)
{
    for (size_t i = 0; i < judging->count; i++)
        if (judging->steps[i].decision_id != NULL && judging->refusals[i] == NULL)
            return true;
    return false;
}

static enum status look(const struct session *session, struct judging *judging, struct error *error)
{
    const char *const params[] = {judging->refund_id};
    struct database *database;
    struct table *table;
    bool kept = true;
    enum status status = session_database(session, "routing", &database, error);
    if (status != STATUS_OK)
        return status;
    status = database_query(database, kept_sql, params, 1, &table, error);
    for (size_t row = 0; status == STATUS_OK && kept && row < table_rows(table); row++)
        kept = settle(judging, table_value(table, row, 0), table_value(table, row, 1),
                      table_value(table, row, 2));
    if (status == STATUS_OK)
        table_free(table);
    database_close(database);
    return kept ? status : error_set(error, STATUS_EXHAUSTED, "no memory");
}

static enum status hear(void *context, const struct record *record, struct error *error)
{
    struct judging *judging = context;
    struct error unreadable;
    ProtobufCMessage *message;
    arena_reset(judging->event);
    if (record->value == NULL ||
        message_unpack(topic_info(TOPIC_CONTROL)->message, record->value, record->value_size,
                       judging->event, &message, &unreadable) != STATUS_OK)
        return STATUS_OK;
    const Redress__V1__ControlEvent *event = (const Redress__V1__ControlEvent *)message;
    if (event->event_case != REDRESS__V1__CONTROL_EVENT__EVENT_DECISION_REFUSED)
        return STATUS_OK;
    const Redress__V1__DecisionRefused *refused = event->decision_refused;
    if (strcmp(refused->refund_id, judging->refund_id) != 0 || refused->actor == NULL)
        return STATUS_OK;
    return settle(judging, refused->decision_id, refused->actor->id, refused->reason)
               ? STATUS_OK
               : error_set(error, STATUS_EXHAUSTED, "no memory");
}

static enum status tell(const struct judging *judging, struct error *error)
{
    for (size_t i = 0; i < judging->count; i++) {
        const char *refusal = judging->refusals[i];
        if (judging->steps[i].decision_id != NULL &&
            !refund_step_judge(&judging->steps[i], refusal,
                               refusal == NULL ? "" : refusal_words(refusal), judging->words))
            return error_set(error, STATUS_EXHAUSTED, "no memory");
    }
    return STATUS_OK;
}

enum status refund_verdicts_read(const struct session *session, const char *refund_id,
                                 struct refund_step *steps, size_t count, struct arena *words,
                                 struct arena *event, struct error *error)
{
    static const enum topic topics[] = {TOPIC_CONTROL};
    const struct replay replay = {.topics = topics, .topic_count = 1};
    struct judging judging = {.refund_id = refund_id,
                              .steps = steps,
                              .count = count,
                              .refusals = arena_array(words, count + 1, sizeof(const char *)),
                              .words = words,
                              .event = event};
    if (judging.refusals == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    for (size_t i = 0; i < count; i++)
        judging.refusals[i] = NULL;
    enum status status = is_open(&judging) ? look(session, &judging, error) : STATUS_OK;
    if (status == STATUS_OK && is_open(&judging))
        status = replay_run(session, &replay, hear, &judging, error);
    return status == STATUS_OK ? tell(&judging, error) : status;
}
