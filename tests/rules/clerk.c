/* Clerk: the smallest worker that decides by rules, to test how rule sets travel. For each request
 * it notes which rules it decided by: the revision, the policy model in force, and whether a stop
 * covers the merchant. */

#include "database.h"
#include "dmn/dmn.h"
#include "message.h"
#include "redress/v1/request.pb-c.h"
#include "rules/rules.h"
#include "worker/worker.h"

#include <string.h>

extern const struct migration_list migrations_clerk;

struct clerk {
    const char *rules_keys;
    struct rules *rules;
};

/* What one request was decided by. */
struct note {
    const struct rules_set *model, *limits;
    bool stopped, decided;
    const char *request_id;
};

static const struct statement WRITE = {
    "clerk_write",
    "INSERT INTO note SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[],"
    "       $5::text[], $6::bigint[], $7::bigint[], $8::boolean[])"
    " ON CONFLICT DO NOTHING",
};

static enum status decode(struct batch *batch, struct event *event)
{
    ProtobufCMessage *message;
    enum status status = batch_unpack(batch, event, &message);
    if (status != STATUS_OK)
        return status;
    const Redress__V1__RefundRequest *request = (const Redress__V1__RefundRequest *)message;
    event->merchant_id = request->merchant_id;
    event->order_id = request->order_id;
    event->body = message;
    return STATUS_OK;
}

static enum status load(struct batch *batch, struct unit *unit)
{
    const struct clerk *clerk = batch->context;
    rules_load(clerk->rules, batch, unit);
    return STATUS_OK;
}

static enum status find_rules(struct clerk *clerk, struct batch *batch, const struct event *event,
                              struct note *note)
{
    struct error error = {0};
    int64_t at_us = 0;
    const Redress__V1__RefundRequest *request = event->body;
    enum status status = message_time(request->occurred_at, &at_us);
    (void)batch;
    note->request_id = request->request_id;
    if (status == STATUS_OK)
        status = rules_model(clerk->rules, event->merchant_id, RULES_POLICY, at_us, at_us,
                             &note->model, &error);
    if (status == STATUS_OK)
        status =
            rules_at(clerk->rules, event->merchant_id, RULES_LIMITS, at_us, &note->limits, &error);
    return status;
}

static enum status loaded(struct batch *batch)
{
    struct clerk *clerk = batch->context;
    struct note *notes = arena_array(batch->arena, batch->event_count, sizeof *notes);
    enum status status = rules_loaded(clerk->rules, batch);
    batch->rows = notes;
    if (notes == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; status == STATUS_OK && i < batch->event_count; i++)
        if (batch->events[i].order != NULL && batch->events[i].kind == EVENT_MESSAGE)
            status = find_rules(clerk, batch, &batch->events[i], &notes[i]);
    return status;
}

static enum status decide(struct batch *batch, struct event *event)
{
    const struct clerk *clerk = batch->context;
    struct note *note = (struct note *)batch->rows + (event - batch->events);
    note->decided = true;
    note->stopped = rules_stopped(clerk->rules, event->merchant_id, 0, NULL, NULL) != NULL;
    bool made = note->model != NULL && note->model->made != NULL;
    return made && dmn_memory(note->model->made) == 0 ? STATUS_FATAL : STATUS_OK;
}

static enum status save(struct batch *batch, struct unit *unit)
{
    const struct clerk *clerk = batch->context;
    const struct note *notes = batch->rows;
    enum { COLUMNS = 8 };
    static const enum column_type types[COLUMNS] = {COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT,
                                                    COLUMN_INT8, COLUMN_TEXT, COLUMN_INT8,
                                                    COLUMN_INT8, COLUMN_BOOL};
    struct column *columns[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++)
        columns[c] = column_create(unit, types[c]);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct note *note = &notes[i];
        if (!note->decided)
            continue;
        column_text(columns[0], batch->events[i].merchant_id);
        column_text(columns[1], batch->events[i].order_id);
        column_text(columns[2], note->request_id);
        column_int8(columns[3], rules_revision(clerk->rules));
        column_text(columns[4], note->model == NULL ? NULL : note->model->id);
        column_int8(columns[5], note->model == NULL ? 0 : note->model->version);
        column_int8(columns[6], note->limits == NULL ? 0 : note->limits->version);
        column_bool(columns[7], note->stopped);
    }
    struct call *call = unit_call(unit, &WRITE);
    for (size_t c = 0; c < COLUMNS; c++)
        call_column(call, columns[c]);
    return STATUS_OK;
}

static enum status start(void *context, const struct config_worker *config, struct error *error)
{
    struct clerk *clerk = context;
    static const struct rules_handler handlers[] = {
        {.kind = RULES_POLICY, .make = rules_make_model, .release = rules_release_model},
        {.kind = RULES_LIMITS, .make = rules_make_message, .release = rules_release_message}};
    const struct rules_settings settings = {.worker = config,
                                            .name = "policy",
                                            .keys = clerk->rules_keys,
                                            .handlers = handlers,
                                            .handler_count = 2,
                                            .stops = true,
                                            .unknown = true};
    return rules_open(&settings, &clerk->rules, error);
}

static void stop(void *context)
{
    struct clerk *clerk = context;
    rules_close(clerk->rules);
}

int main(int argc, char **argv)
{
    static struct clerk clerk;
    static const struct config_row rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct clerk, field, variable, type, min, max, fallback, help)
        RULES_CONFIG_ROWS(X)
#undef X
    };
    static const struct stage_input inputs[] = {{.topic = TOPIC_REQUESTS}};
    /* In the place of policy, so that the command line finds its verdicts. */
    static const struct stage stage = {.name = "policy",
                                       .inputs = inputs,
                                       .input_count = 1,
                                       .migrations = &migrations_clerk,
                                       .shared = &migrations_rules,
                                       .decode = decode,
                                       .load = load,
                                       .loaded = loaded,
                                       .decide = decide,
                                       .save = save,
                                       .start = start,
                                       .stop = stop,
                                       .context = &clerk};
    const struct config_table own = {rows, sizeof rows / sizeof *rows, &clerk};
    return worker_main(argc, argv, &stage, "notes which rules decide, to test them", &own);
}
