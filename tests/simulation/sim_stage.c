/* The worker: counts the requests of each order, sets a deadline for each, clears it when an answer
 * comes, counts the deadlines that rang; each change is an output with the next version. It does
 * not look whether an event came before: that each comes once is for the loop to see to. */

#include "database.h"
#include "message.h"
#include "redress/v1/decision.pb-c.h"
#include "redress/v1/request.pb-c.h"
#include "redress/v1/validated.pb-c.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BELL = 1, BELL_US = 400000, MARK_APPLIED = 1, MARK_RUNG, MARK_ANSWERED };

/* Two on each of three partitions (checked at the start of every run). */
const char *const sim_order_ids[SIM_ORDERS] = {"o-1", "o-2", "o-3", "o-4", "o-5", "o-6"};

struct mark {
    int order, request, what;
    struct mark *next;
};

struct rows {
    struct call *call;
    struct mark *marks;
};

struct order_rows {
    int order;
    struct sim_tally tally;
    bool changed;
};

static const struct statement READ = {"sim_read", ""};
static const struct statement WRITE = {"sim_write", ""};

int32_t sim_shard_of(int order)
{
    static int32_t known[SIM_ORDERS];
    if (known[order] == 0)
        known[order] =
            1 + topic_partition(sim_order_ids[order], strlen(sim_order_ids[order]), SIM_SHARDS);
    return known[order] - 1;
}

int sim_order(const char *order_id, size_t size)
{
    for (int i = 0; i < SIM_ORDERS; i++)
        if (strlen(sim_order_ids[i]) == size && memcmp(sim_order_ids[i], order_id, size) == 0)
            return i;
    return -1;
}

/* What the outside world publishes. */

static struct sim_bytes packed(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = sim_alloc(size + 1);
    protobuf_c_message_pack(message, bytes);
    return (struct sim_bytes){bytes, size};
}

enum { HEADERS = 5 };

static const struct sim_header *headers(const char *type, const char *id, bool skipped)
{
    struct sim_header *list = sim_alloc(HEADERS * sizeof *list);
    const char *const pairs[HEADERS][2] = {{"ce_specversion", "1.0"},
                                           {"ce_id", id},
                                           {"ce_source", "sim"},
                                           {"ce_type", type},
                                           {"ce_status", skipped ? "SKIPPED" : "WANTED"}};
    for (size_t i = 0; i < HEADERS; i++)
        list[i] = (struct sim_header){pairs[i][0], {pairs[i][1], strlen(pairs[i][1])}};
    return list;
}

enum meaning { MEANS_SOMETHING, MEANS_NOTHING, DOES_NOT_FIT, NOT_WANTED };

#define HUGE "huge" /* the id of a request that no batch can hold */

static void publish(int input, int order, struct sim_bytes value, const char *id,
                    enum meaning meaning)
{
    int32_t shard = sim_shard_of(order);
    struct sim_log *log = &sim.inputs[input][shard];
    if (log->count == SIM_RECORDS_MAX)
        return;
    const char *key = sim_order_ids[order];
    enum topic topic = sim_stage.inputs[input].topic;
    log->records[log->count++] = (struct sim_record){
        .topic = topic,
        .partition = shard,
        .key = {key, strlen(key)},
        .value = value,
        .headers = headers(topic_info(topic)->ce_type, id, meaning == NOT_WANTED),
        .header_count = HEADERS,
        .at_us = sim_run.now_us,
        .poison = meaning == MEANS_NOTHING || meaning == DOES_NOT_FIT,
        .skipped = meaning == NOT_WANTED};
}

/* "answer-2-17"; without a word the number of the request alone, which is its id. */
static char *name_of(const char *word, int order, int request)
{
    enum { NAME_MAX_SIZE = 40 };
    char *text = sim_alloc(NAME_MAX_SIZE);
    if (word == NULL)
        (void)snprintf(text, NAME_MAX_SIZE, "%d", request);
    else
        (void)snprintf(text, NAME_MAX_SIZE, "%s-%d-%d", word, order, request);
    return text;
}

static void publish_nonsense(enum meaning meaning)
{
    static const uint8_t broken[] = {0x0a, 0x7f, 'm'};
    uint8_t *bytes = sim_alloc(sizeof broken);
    memcpy(bytes, broken, sizeof broken);
    publish((int)sim_random(SIM_INPUTS), (int)sim_random(SIM_ORDERS),
            (struct sim_bytes){bytes, sizeof broken}, name_of("bad", (int)sim_run.step, 0),
            meaning);
}

static void publish_answer(int order, int request)
{
    struct sim_request *known = &sim.requests[order][request];
    known->answer_published_us = sim_run.now_us;
    Redress__V1__Decision answer = REDRESS__V1__DECISION__INIT;
    answer.merchant_id = "m";
    answer.order_id = (char *)(uintptr_t)sim_order_ids[order];
    answer.decision_id = name_of(NULL, order, request);
    publish(1, order, packed(&answer.base), name_of("answer", order, request), MEANS_SOMETHING);
}

static void publish_request(void)
{
    int order = (int)sim_random(SIM_ORDERS);
    if (sim.request_count[order] == SIM_REQUESTS_MAX)
        return;
    int request = sim.request_count[order]++;
    sim.requests[order][request].published = true;
    Redress__V1__RefundRequest asked = REDRESS__V1__REFUND_REQUEST__INIT;
    asked.merchant_id = "m";
    asked.order_id = (char *)(uintptr_t)sim_order_ids[order];
    asked.request_id = name_of(NULL, order, request);
    publish(0, order, packed(&asked.base), name_of("request", order, request), MEANS_SOMETHING);
}

static void publish_huge(void)
{
    int order = (int)sim_random(SIM_ORDERS);
    Redress__V1__RefundRequest asked = REDRESS__V1__REFUND_REQUEST__INIT;
    asked.merchant_id = "m";
    asked.order_id = (char *)(uintptr_t)sim_order_ids[order];
    asked.request_id = HUGE;
    publish(0, order, packed(&asked.base), name_of(HUGE, (int)sim_run.step, 0), DOES_NOT_FIT);
}

/* A request, an answer to one that is waiting, or bytes that mean nothing or nobody wants. */
void sim_publish(void)
{
    unsigned dice = (unsigned)sim_random(20);
    if (dice < 3) {
        publish_nonsense(dice == 0 ? MEANS_NOTHING : NOT_WANTED);
        return;
    }
    if (dice == 3 && sim_chance(300)) {
        publish_huge();
        return;
    }
    if (dice < 9 && sim.deadline_count > 0) {
        const struct sim_deadline *due = &sim.deadlines[sim_random(sim.deadline_count)];
        if (sim.requests[due->order][due->request].answer_published_us == 0)
            publish_answer(due->order, due->request);
        return;
    }
    publish_request();
}

/* The stage. */

static enum status decode(struct batch *batch, struct event *event)
{
    ProtobufCMessage *message;
    enum status status = batch_unpack(batch, event, &message);
    if (status != STATUS_OK)
        return status;
    if (event->topic == TOPIC_REQUESTS) {
        const Redress__V1__RefundRequest *request = (const Redress__V1__RefundRequest *)message;
        event->merchant_id = request->merchant_id;
        event->order_id = request->order_id;
        event->subject = request->request_id;
    } else {
        const Redress__V1__Decision *answer = (const Redress__V1__Decision *)message;
        event->merchant_id = answer->merchant_id;
        event->order_id = answer->order_id;
        event->subject = answer->decision_id;
    }
    return STATUS_OK;
}

static enum status load(struct batch *batch, struct unit *unit)
{
    struct column *merchants, *orders;
    batch_order_columns(batch, unit, &merchants, &orders);
    struct rows *rows = arena_zalloc(batch->arena, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    rows->call = unit_call(unit, &READ);
    call_column(rows->call, orders);
    batch->rows = rows;
    return STATUS_OK;
}

void sim_stage_read(struct call *call)
{
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        int order = sim_order(sim_string(call, 0, i), strlen(sim_string(call, 0, i)));
        sim_row(call);
        sim_cell(call, order, NULL, NULL, 0);
        struct sim_tally *copy = sim_alloc(sizeof *copy);
        *copy = sim.tallies[order];
        sim_cell(call, 0, NULL, copy, sizeof *copy);
    }
}

static enum status loaded(struct batch *batch)
{
    if (sim.asked_too_little) {
        sim.asked_too_little = false;
        return STATUS_AGAIN;
    }
    const struct rows *rows = batch->rows;
    for (size_t i = 0; i < batch->order_count; i++) {
        struct order_rows *mine = arena_zalloc(batch->arena, sizeof *mine);
        if (mine == NULL)
            return STATUS_EXHAUSTED;
        size_t size;
        mine->order = (int)rows_int8(rows->call, i, 0);
        mine->tally = *(const struct sim_tally *)rows_bytes(rows->call, i, 1, &size);
        batch->orders[i].rows = mine;
    }
    return STATUS_OK;
}

static enum status mark(struct batch *batch, const struct event *event, int what)
{
    struct rows *rows = batch->rows;
    struct mark *added = arena_alloc(batch->arena, sizeof *added);
    if (added == NULL)
        return STATUS_EXHAUSTED;
    const struct order_rows *mine = event->order->rows;
    *added = (struct mark){mine->order, atoi(event->subject), what, rows->marks};
    rows->marks = added;
    return STATUS_OK;
}

static enum status say(struct batch *batch, const struct event *event, struct order_rows *mine)
{
    mine->changed = true;
    Redress__V1__RefundValidated said = REDRESS__V1__REFUND_VALIDATED__INIT;
    said.merchant_id = "m";
    said.order_id = said.refund_id = (char *)(uintptr_t)event->order_id;
    said.version = ++mine->tally.version;
    return batch_output(batch, event,
                        &(struct output){.topic = TOPIC_VALIDATED,
                                         .key = event->order_id,
                                         .refund_id = event->order_id,
                                         .version = mine->tally.version,
                                         .status = "VALIDATED",
                                         .message = &said.base});
}

static enum status decide(struct batch *batch, struct event *event)
{
    struct order_rows *mine = event->order->rows;
    if (strcmp(event->subject, HUGE) == 0)
        return STATUS_EXHAUSTED;
    if (batch->event_count > 1 && !sim.calm && sim_chance(15))
        return STATUS_EXHAUSTED; /* as if a bound were hit */
    uint64_t bit = UINT64_C(1) << atoi(event->subject);
    enum status status = STATUS_OK;
    if (event->kind == EVENT_DEADLINE) {
        if ((mine->tally.answered & bit) != 0)
            sim_violate("early: a deadline rings that an answer has cleared");
        mine->tally.rings++;
        mine->tally.rung |= bit;
        status = mark(batch, event, MARK_RUNG);
    } else if (event->topic == TOPIC_REQUESTS) {
        mine->tally.requests++;
        status = batch_deadline(batch, event, event->subject, BELL, event->now_us + BELL_US);
        if (status == STATUS_OK)
            status = mark(batch, event, MARK_APPLIED);
    } else {
        mine->tally.answers++;
        mine->tally.answered |= bit;
        status = batch_deadline_clear(batch, event, event->subject, BELL);
        if (status == STATUS_OK)
            status = mark(batch, event, MARK_ANSWERED);
    }
    return status == STATUS_OK ? say(batch, event, mine) : status;
}

static enum status save(struct batch *batch, struct unit *unit)
{
    const struct rows *rows = batch->rows;
    struct column *orders = column_create(unit, COLUMN_INT4);
    struct column *tallies = column_create(unit, COLUMN_BYTES);
    struct column *marked = column_create(unit, COLUMN_INT4);
    struct column *requests = column_create(unit, COLUMN_INT4);
    struct column *whats = column_create(unit, COLUMN_INT4);
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct order_rows *mine = batch->orders[i].rows;
        if (!mine->changed)
            continue;
        column_int4(orders, mine->order);
        column_bytes(tallies, &mine->tally, sizeof mine->tally);
    }
    for (const struct mark *m = rows->marks; m != NULL; m = m->next) {
        column_int4(marked, m->order);
        column_int4(requests, m->request);
        column_int4(whats, m->what);
    }
    struct call *call = unit_call(unit, &WRITE);
    call_column(call, orders);
    call_column(call, marked);
    call_column(call, requests);
    call_column(call, whats);
    call_column(call, tallies);
    return STATUS_OK;
}

static void take_mark(int order, int request, int what)
{
    struct sim_request *known = &sim.requests[order][request];
    bool *done = what == MARK_APPLIED ? &known->applied
                 : what == MARK_RUNG  ? &known->rung
                                      : &known->answered;
    if (*done)
        sim_violate("once: request %s/%d is %s twice", sim_order_ids[order], request,
                    what == MARK_APPLIED ? "applied"
                    : what == MARK_RUNG  ? "rung"
                                         : "answered");
    *done = true;
    if (what == MARK_RUNG && known->answer_published_us != 0 &&
        known->answer_published_us < known->due_us)
        sim_violate("backlog: %s/%d expired, its answer had come %lld us before",
                    sim_order_ids[order], request,
                    (long long)(known->due_us - known->answer_published_us));
}

void sim_stage_write(struct call *call)
{
    for (size_t i = 0; i < sim_count(call, 0); i++)
        sim.tallies[sim_int(call, 0, i)] = *(const struct sim_tally *)sim_blob(call, 4, i);
    for (size_t i = 0; i < sim_count(call, 1); i++)
        take_mark((int)sim_int(call, 1, i), (int)sim_int(call, 2, i), (int)sim_int(call, 3, i));
}

static bool wanted(const struct envelope *envelope)
{
    return strcmp(envelope->status, "WANTED") == 0;
}

static const struct stage_input inputs[] = {{.topic = TOPIC_REQUESTS, .wanted = wanted},
                                            {.topic = TOPIC_DECISIONS, .wanted = wanted}};

const struct stage sim_stage = {.name = "sim",
                                .inputs = inputs,
                                .input_count = SIM_INPUTS,
                                .decode = decode,
                                .load = load,
                                .loaded = loaded,
                                .decide = decide,
                                .save = save};
