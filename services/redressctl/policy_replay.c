/* redressctl policy replay: all recorded requests judged anew by a candidate, beside what was
 * decided then. */

#include "assessment/facts.h"
#include "clock.h"
#include "command.h"
#include "message.h"
#include "options.h"
#include "policy.h"
#include "policy_changes.h"
#include "redress/v1/assessed.pb-c.h"
#include "replay.h"

#include <stdio.h>
#include <string.h>

enum {
    REPLAY_ARENA_MAX = 64 * 1024 * 1024, /* one event */
    REPLAY_TEXT_MAX = 32 * 1024          /* the rules of one decision */
};

struct replaying {
    struct dmn_models *models;
    struct changes *changes;
    struct arena *arena, *scratch;
    int64_t from_us, to_us; /* requests asked for from here, and before there */
};

/* A list of texts in the making; what does not fit is left out. */
struct joined {
    char text[REPLAY_TEXT_MAX];
    size_t used;
};

static void join(struct joined *joined, const char *separator, const char *first,
                 const char *between, const char *second)
{
    size_t room = sizeof joined->text - joined->used;
    int size = snprintf(joined->text + joined->used, room, "%s%s%s%s",
                        joined->used == 0 ? "" : separator, first, between, second);
    if (size >= 0 && (size_t)size < room)
        joined->used += (size_t)size;
    joined->text[joined->used] = '\0';
}

static enum status judge(struct replaying *replaying, const Redress__V1__RefundValidated *event,
                         const struct facts *facts)
{
    static struct joined rules, reasons;
    struct assessment assessment;
    struct error why = {""};
    rules.used = reasons.used = 0;
    rules.text[0] = reasons.text[0] = '\0';
    enum status status =
        assess(replaying->models, facts, replaying->scratch, replaying->arena, &assessment, &why);
    struct decided decided = {.outcome = CHANGES_WAITS, .reasons = why.text, .rules = ""};
    if (status == STATUS_OK) {
        for (size_t i = 0; i < assessment.hit_count; i++)
            join(&rules, "\n", assessment.hits[i].decision, "/", assessment.hits[i].rule);
        for (size_t i = 0; i < assessment.reason_count; i++)
            join(&reasons, " ", assessment.reasons[i], "", "");
        decided = (struct decided){.outcome = (int)assessment.outcome,
                                   .refundable_minor = assessment.refundable_minor,
                                   .reasons = reasons.text,
                                   .rules = rules.text};
    }
    return status == STATUS_EXHAUSTED
               ? status
               : changes_after(replaying->changes, event->refund_id, event->version,
                               event->order_id, facts->currency, &decided);
}

static enum status take_validated(struct replaying *replaying,
                                  const Redress__V1__RefundValidated *event)
{
    struct facts facts;
    struct fact_fault fault;
    int64_t asked_us = 0;
    if (event->status != REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_VALIDATED ||
        event->request == NULL ||
        message_time(event->request->occurred_at, &asked_us) != STATUS_OK ||
        asked_us < replaying->from_us || asked_us >= replaying->to_us)
        return STATUS_OK;
    enum status status = facts_build(event, replaying->arena, &facts, &fault);
    return status == STATUS_OK ? judge(replaying, event, &facts)
                               : (status == STATUS_INVALID ? STATUS_OK : status);
}

static int outcome_of(Redress__V1__AssessmentStatus status)
{
    static const Redress__V1__AssessmentStatus numbers[] = {
#define X(name) [OUTCOME_##name] = REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_##name,
        OUTCOME_ROWS(X)
#undef X
    };
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (numbers[i] == status)
            return i;
    return -1;
}

static enum status take_assessed(struct replaying *replaying,
                                 const Redress__V1__RefundAssessed *event)
{
    static struct joined rules, reasons;
    int outcome = outcome_of(event->status);
    if (outcome < 0)
        return STATUS_OK;
    rules.used = reasons.used = 0;
    rules.text[0] = reasons.text[0] = '\0';
    for (size_t i = 0; i < event->n_rules; i++)
        join(&rules, "\n", event->rules[i]->decision, "/", event->rules[i]->rule);
    for (size_t i = 0; i < event->n_reasons; i++)
        join(&reasons, " ", event->reasons[i], "", "");
    const struct decided decided = {.outcome = outcome,
                                    .refundable_minor =
                                        event->refundable == NULL ? 0 : event->refundable->minor,
                                    .reasons = reasons.text,
                                    .rules = rules.text};
    return changes_before(replaying->changes, event->refund_id, event->validated_version, &decided);
}

static enum status take_record(void *context, const struct record *record, struct error *error)
{
    struct replaying *replaying = context;
    struct error unreadable;
    ProtobufCMessage *message;
    arena_reset(replaying->arena);
    if (record->value == NULL ||
        message_unpack(topic_info(record->topic)->message, record->value, record->value_size,
                       replaying->arena, &message, &unreadable) != STATUS_OK)
        return STATUS_OK;
    enum status status =
        record->topic == TOPIC_VALIDATED
            ? take_validated(replaying, (const Redress__V1__RefundValidated *)message)
            : take_assessed(replaying, (const Redress__V1__RefundAssessed *)message);
    return status == STATUS_EXHAUSTED ? error_set(error, status, "no memory for so many requests")
                                      : status;
}

static enum status replay(const struct session *session, struct replaying *replaying, bool as_json,
                          struct error *error)
{
    static const enum topic topics[] = {TOPIC_VALIDATED, TOPIC_ASSESSED};
    const struct replay both = {.topics = topics, .topic_count = sizeof topics / sizeof *topics};
    enum status status = replay_run(session, &both, take_record, replaying, error);
    if (status != STATUS_OK)
        return status;
    json_t *json = changes_json(replaying->changes);
    if (as_json) {
        command_print(json);
    } else {
        changes_print(json);
    }
    json_decref(json);
    return STATUS_OK;
}

static enum status run(const struct session *session, char **files, int count,
                       struct replaying *replaying, bool as_json, struct error *error)
{
    enum status status = policy_load_valid(files, count, &replaying->models, error);
    if (status != STATUS_OK)
        return status;
    replaying->changes = changes_create();
    replaying->arena = arena_create(REPLAY_ARENA_MAX);
    replaying->scratch = arena_create(ASSESSMENT_ARENA_MAX);
    if (replaying->changes == NULL || replaying->arena == NULL || replaying->scratch == NULL)
        status = error_set(error, STATUS_EXHAUSTED, "no memory");
    else
        status = replay(session, replaying, as_json, error);
    arena_destroy(replaying->scratch);
    arena_destroy(replaying->arena);
    changes_free(replaying->changes);
    dmn_free(replaying->models);
    return status;
}

int policy_replay(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "FILE...",
        .text =
            "Judges every recorded request anew by a model, beside what was decided then, and "
            "says how\n"
            "many decisions and how much money would change, by old and new outcome and by rule,\n"
            "with examples. WAITS: the model gives no valid assessment.",
        .least = 1,
        .most = POLICY_FILES_MAX,
    };
    struct replaying replaying = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    const char *from = NULL, *to = NULL;
    bool json = false;
    const struct option_row rows[] = {
        {"from", OPTION_TEXT, "TIME", "only requests asked for since then (RFC 3339)", &from, 0, 0},
        {"to", OPTION_TEXT, "TIME", "only requests asked for before then", &to, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if ((from != NULL && clock_parse(from, &replaying.from_us) != STATUS_OK) ||
        (to != NULL && clock_parse(to, &replaying.to_us) != STATUS_OK))
        return options_refuse(argv[0], "a time is like 2010-12-01T00:00:00Z");
    return command_end(
        argv[0], run(&line.session, line.arguments, line.count, &replaying, json, &error), &error);
}
