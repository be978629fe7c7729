/* redressctl refund: the life of one refund, from the topics and the workers' views. */

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "listing.h"
#include "message.h"
#include "money.h"
#include "options.h"
#include "refund_step.h"
#include "refund_verdict.h"
#include "replay.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REFUND_STEPS_MAX = 1000,
    REFUND_ARENA_MAX = 64 * 1024 * 1024, /* one event */
    REFUND_WORDS_MAX = 8 * 1024 * 1024   /* the words of all steps */
};

static const char refund_sql[] = "SELECT * FROM view.refund WHERE refund_id = $1";
static const char note_sql[] = "SELECT note FROM view.note WHERE refund_id = $1 AND note <> ''";
static const char case_sql[] = "SELECT * FROM view.approval_case WHERE refund_id = $1"
                               " ORDER BY opened_at";
static const char waiting_sql[] = "SELECT * FROM view.waiting WHERE refund_id = $1"
                                  " ORDER BY validated_version LIMIT 1";
static const char payout_sql[] = "SELECT * FROM view.payout WHERE refund_id = $1"
                                 " ORDER BY reserved_at, payout_id";

struct life {
    const char *refund_id;
    const char *request_id;
    struct refund_step steps[REFUND_STEPS_MAX];
    size_t count;
    struct arena *event; /* of one event */
    struct arena *words; /* of all */
};

/* Published again after a crash, byte for byte: seen before. */
static bool repeated(const struct life *life, const struct refund_step *step)
{
    for (size_t i = 0; i < life->count; i++)
        if (step->version != 0 && life->steps[i].rank == step->rank &&
            life->steps[i].version == step->version)
            return true;
    return false;
}

static enum status take_record(void *context, const struct record *record, struct error *error)
{
    struct life *life = context;
    struct refund_step step;
    struct error unreadable;
    ProtobufCMessage *message;
    arena_reset(life->event);
    /* What cannot be read is a dead letter, and no step of this refund. */
    if (record->value == NULL ||
        message_unpack(topic_info(record->topic)->message, record->value, record->value_size,
                       life->event, &message, &unreadable) != STATUS_OK ||
        !refund_step_read(record->topic, message, life->refund_id, life->request_id, life->words,
                          &step))
        return STATUS_OK;
    if (repeated(life, &step)) {
        json_decref(step.detail);
        return STATUS_OK;
    }
    if (life->count == REFUND_STEPS_MAX) {
        json_decref(step.detail);
        return error_set(error, STATUS_EXHAUSTED, "the refund has more than %d events",
                         REFUND_STEPS_MAX);
    }
    step.logged_us = record->timestamp_ms * 1000;
    life->steps[life->count++] = step;
    return STATUS_OK;
}

static int compare_int64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* As Kafka got them; in the same millisecond, in the order of the flow. */
static int compare_steps(const void *left, const void *right)
{
    const struct refund_step *a = left, *b = right;
    int order = compare_int64(a->logged_us, b->logged_us);
    if (order == 0)
        order = a->rank - b->rank;
    return order != 0 ? order : compare_int64(a->version, b->version);
}

static enum status read_steps(const struct session *session, const char *order_id,
                              struct life *life, struct error *error)
{
    static const enum topic topics[] = {TOPIC_REQUESTS,  TOPIC_VALIDATED, TOPIC_ASSESSED,
                                        TOPIC_DECISIONS, TOPIC_ROUTED,    TOPIC_PAYOUTS};
    const struct replay replay = {
        .topics = topics, .topic_count = sizeof topics / sizeof *topics, .key = order_id};
    enum status status = replay_run(session, &replay, take_record, life, error);
    qsort(life->steps, life->count, sizeof *life->steps, compare_steps);
    return status;
}

static enum status view_rows(const struct session *session, const char *worker, const char *sql,
                             const char *refund_id, json_t **rows, struct error *error)
{
    const char *const params[] = {refund_id};
    struct database *database;
    enum status status = session_database(session, worker, &database, error);
    if (status != STATUS_OK)
        return status;
    status = listing_json(database, sql, params, 1, rows, error);
    database_close(database);
    return status;
}

static const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text == NULL ? "" : text;
}

static json_t *time_json(int64_t time_us)
{
    char text[CLOCK_TEXT_MAX];
    return time_us == 0 ? json_null() : json_string(clock_format(time_us, text));
}

static json_t *steps_json(const struct life *life)
{
    json_t *list = json_array();
    for (size_t i = 0; i < life->count; i++) {
        const struct refund_step *step = &life->steps[i];
        json_t *json =
            json_pack("{s:o, s:o, s:o, s:s, s:s, s:I, s:s}", "at", time_json(step->logged_us),
                      "occurred_at", time_json(step->event_us), "decided_at",
                      time_json(step->decided_us), "stage", step->stage, "status", step->status,
                      "version", (json_int_t)step->version, "words", step->words);
        json_object_update(json, step->detail);
        json_array_append_new(list, json);
    }
    return list;
}

static void print_steps(const struct life *life)
{
    char time[CLOCK_TEXT_MAX];
    for (size_t i = 0; i < life->count; i++)
        printf("%-28s %-11s %s\n", clock_format(life->steps[i].logged_us, time),
               life->steps[i].stage, life->steps[i].words);
}

static void print_payout(const json_t *payout)
{
    char text[MONEY_TEXT_MAX] = "";
    struct money amount;
    if (money_make(json_integer_value(json_object_get(payout, "amount_minor")),
                   text_in(payout, "currency"), &amount) == STATUS_OK)
        (void)money_format(amount, text);
    printf("payout %s: %s %s %s\n", text_in(payout, "payout_id"), text, text_in(payout, "status"),
           text_in(payout, "provider_refund_id"));
}

static void print_case(const json_t *about)
{
    if (strcmp(text_in(about, "status"), "OPEN") != 0)
        return;
    printf("case %s in queue %s waits for %" JSON_INTEGER_FORMAT " people, due %s\n",
           text_in(about, "case_id"), text_in(about, "queue"),
           json_integer_value(json_object_get(about, "approvers_needed")),
           text_in(about, "due_at"));
}

static void print_plain(const json_t *json, const struct life *life)
{
    size_t i;
    json_t *each;
    const json_t *refund = json_object_get(json, "refund");
    printf("refund %s of order %s, merchant %s, request %s\n", life->refund_id,
           text_in(refund, "order_id"), text_in(refund, "merchant_id"), life->request_id);
    json_array_foreach(json_object_get(json, "notes"), i, each)
    {
        printf("note: %s\n", text_in(each, "note"));
    }
    print_steps(life);
    printf("now: %s", text_in(refund, "status"));
    if (text_in(refund, "waiting_for")[0] != '\0')
        printf(", waits for %s until %s", text_in(refund, "waiting_for"),
               text_in(refund, "deadline_at"));
    putchar('\n');
    json_array_foreach(json_object_get(json, "policy_waiting"), i, each)
    {
        printf("policy waits for %s since %s\n", text_in(each, "reason"), text_in(each, "since"));
    }
    json_array_foreach(json_object_get(json, "cases"), i, each)
    {
        print_case(each);
    }
    json_array_foreach(json_object_get(json, "payouts"), i, each)
    {
        print_payout(each);
    }
}

static enum status read_views(const struct session *session, const char *refund_id, json_t *json,
                              struct error *error)
{
    json_t *refunds, *notes, *waiting, *cases, *payouts;
    enum status status = view_rows(session, "intake", refund_sql, refund_id, &refunds, error);
    if (status != STATUS_OK)
        return status;
    json_object_set(json, "refund", json_array_get(refunds, 0));
    bool found = json_array_size(refunds) > 0;
    json_decref(refunds);
    if (!found)
        return error_set(error, STATUS_NOT_FOUND, "there is no refund %s", refund_id);
    status = view_rows(session, "intake", note_sql, refund_id, &notes, error);
    if (status != STATUS_OK)
        return status;
    json_object_set_new(json, "notes", notes);
    status = view_rows(session, "policy", waiting_sql, refund_id, &waiting, error);
    if (status != STATUS_OK)
        return status;
    json_object_set_new(json, "policy_waiting", waiting);
    status = view_rows(session, "routing", case_sql, refund_id, &cases, error);
    if (status != STATUS_OK)
        return status;
    json_object_set_new(json, "cases", cases);
    status = view_rows(session, "settlement", payout_sql, refund_id, &payouts, error);
    if (status == STATUS_OK)
        json_object_set_new(json, "payouts", payouts);
    return status;
}

static enum status tell(const struct session *session, struct life *life, json_t *json,
                        bool as_json, struct error *error)
{
    enum status status = read_views(session, life->refund_id, json, error);
    if (status != STATUS_OK)
        return status;
    const json_t *refund = json_object_get(json, "refund");
    life->request_id = text_in(refund, "request_id");
    status = read_steps(session, text_in(refund, "order_id"), life, error);
    if (status != STATUS_OK)
        return status;
    status = refund_verdicts_read(session, life->refund_id, life->steps, life->count, life->words,
                                  life->event, error);
    if (status != STATUS_OK)
        return status;
    json_object_set_new(json, "steps", steps_json(life));
    if (!as_json) {
        print_plain(json, life);
        return STATUS_OK;
    }
    command_print(json);
    return STATUS_OK;
}

static enum status run(const struct session *session, const char *refund_id, bool as_json,
                       struct error *error)
{
    struct life *life = calloc(1, sizeof *life);
    json_t *json = json_object();
    enum status status = STATUS_EXHAUSTED;
    if (life != NULL) {
        life->refund_id = refund_id;
        life->event = arena_create(REFUND_ARENA_MAX);
        life->words = arena_create(REFUND_WORDS_MAX);
    }
    if (life == NULL || json == NULL || life->event == NULL || life->words == NULL)
        (void)error_set(error, status, "no memory");
    else
        status = tell(session, life, json, as_json, error);
    for (size_t i = 0; life != NULL && i < life->count; i++)
        json_decref(life->steps[i].detail);
    if (life != NULL) {
        arena_destroy(life->event);
        arena_destroy(life->words);
    }
    free(life);
    json_decref(json);
    return status;
}

int command_refund(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "REFUND",
        .text =
            "Tells the life of one refund: each step, when, who or which rule, why, and what was\n"
            "paid; then what it waits for. Times are those at which Kafka got the events; --json "
            "has\n"
            "the time in the shop and of the decision, too. A decision that routing refused is "
            "told\n"
            "with the reason, one that it has said nothing about as not taken. Reads the whole "
            "partition of the "
            "order.",
        .least = 1,
        .most = 1,
    };
    bool json = false;
    const struct option_row rows[] = {
        {"json", OPTION_FLAG, NULL, "print JSON", &json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0], run(&line.session, line.arguments[0], json, &error), &error);
}
