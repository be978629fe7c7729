/* The world of claims: intake's port, and the replay. */

#include "claims.h"

#include <stdio.h>
#include <string.h>

struct claims claims;

const struct intake_terms claims_terms = {.park_us = DESK_HOUR_US, .stall_us = 7 * DESK_DAY_US};

/* Where a decision's effects go. */
struct sink {
    struct desk_batch *batch; /* NULL: it is a replay */
    int order;
    uint64_t bytes;
    int64_t *next_key;
    struct claims_totals *totals;
};

static uint64_t text_bytes(uint64_t bytes, const char *text)
{
    return desk_bytes(bytes, text, strlen(text));
}

static uint64_t claim_bytes(uint64_t bytes, const struct claim *claim)
{
    const int64_t numbers[] = {claim->minor, claim->tax_minor, claim->asked_units};
    bytes = desk_bytes(text_bytes(bytes, claim->line_id), numbers, sizeof numbers);
    return desk_bytes(bytes, claim->units, claim->range_count * sizeof *claim->units);
}

static uint64_t answer_bytes(const struct answer *answer)
{
    const struct rejection *rejection = &answer->rejection;
    const struct refund *refund = answer->refund;
    const int64_t numbers[] = {answer->status,  answer->version,        answer->occurred_at_us,
                               answer->now_us,  answer->appeal != NULL, answer->first,
                               answer->sparse,  rejection->reason,      rejection->asked,
                               rejection->left, refund->claim_minor,    refund->shipping_minor,
                               refund->round,   refund->received_at_us};
    uint64_t bytes = desk_bytes(1, numbers, sizeof numbers);
    bytes = text_bytes(bytes, refund->refund_id);
    if (answer->status == ANSWER_REJECTED)
        bytes = text_bytes(text_bytes(bytes, rejection->line_id), rejection->refund_id);
    if (answer->appeal != NULL)
        bytes = text_bytes(bytes, answer->appeal->actor_id);
    for (const struct claim *claim = refund->claims; !answer->sparse && claim != NULL;
         claim = claim->next_of_refund)
        bytes = claim_bytes(bytes, claim);
    return bytes;
}

static enum status publish(void *self, const struct answer *answer)
{
    struct sink *sink = self;
    uint64_t bytes = answer_bytes(answer);
    sink->bytes = desk_bytes(sink->bytes, &bytes, sizeof bytes);
    if (sink->batch == NULL)
        return STATUS_OK;
    const struct claims_said said = {.status = answer->status,
                                     .reason = answer->rejection.reason,
                                     .named = answer->rejection.refund_id,
                                     .appeal = answer->appeal != NULL,
                                     .claim_minor = answer->refund->claim_minor};
    desk_say(sink->batch,
             &(struct desk_output){.order = sink->order,
                                   .refund = desk_last_digit(answer->refund->refund_id),
                                   .version = answer->version,
                                   .bytes = bytes,
                                   .body = arena_memdup(desk.arena, &said, sizeof said)});
    sim_say("        %s: %s in version %lld, reason %d", answer->refund->refund_id,
            answer->status == ANSWER_VALIDATED  ? "validated"
            : answer->status == ANSWER_REJECTED ? "rejected"
                                                : "to be cancelled",
            (long long)answer->version, (int)answer->rejection.reason);
    return STATUS_OK;
}

static enum status set_deadline(void *self, const struct refund *refund, enum deadline_kind kind,
                                int64_t due_us)
{
    struct sink *sink = self;
    if (sink->batch != NULL)
        desk_due(sink->batch, sink->order, desk_last_digit(refund->refund_id), (int)kind, due_us);
    return STATUS_OK;
}

static enum status clear_deadline(void *self, const struct refund *refund, enum deadline_kind kind)
{
    return set_deadline(self, refund, kind, 0);
}

static enum status say_stalled(void *self, const struct order *order, const struct refund *refund,
                               int64_t now_us)
{
    struct sink *sink = self;
    (void)order;
    uint64_t bytes = text_bytes(2, refund->refund_id);
    bytes = desk_bytes(bytes, &now_us, sizeof now_us);
    sink->bytes = desk_bytes(sink->bytes, &bytes, sizeof bytes);
    if (sink->batch != NULL)
        desk_say(sink->batch, &(struct desk_output){.order = sink->order, .bytes = bytes});
    return STATUS_OK;
}

static enum status add(void *self, const struct order *order,
                       const struct customer_addition *addition)
{
    struct sink *sink = self;
    (void)order;
    sink->totals->orders += addition->orders;
    sink->totals->refunds += addition->refunds;
    sink->totals->refunded_minor += addition->refunded_minor;
    return STATUS_OK;
}

static enum status refuse(void *self, enum refusal refusal, const char *field, const char *value,
                          const char *rule)
{
    (void)self, (void)refusal;
    sim_say("        refused: %s %s: %s", field, value, rule);
    return STATUS_UNPROCESSABLE;
}

static int64_t key(void *self, const struct order *order)
{
    (void)order;
    return ++*((struct sink *)self)->next_key;
}

/* Decide changes the lines that it is given. */
static void copy_lines(struct placed *placed)
{
    const char *twice;
    placed->lines =
        arena_memdup(desk.arena, placed->lines, placed->line_count * sizeof *placed->lines);
    placed->by_id = arena_array(desk.arena, placed->line_count, sizeof *placed->by_id);
    if (order_lines_sort(placed->lines, placed->line_count, placed->by_id, &twice) != STATUS_OK)
        sim_violate("simulation: an order has a line twice");
}

static enum status apply(struct sink *sink, struct order *order, const struct desk_event *event,
                         int64_t now_us)
{
    const struct intake_port port = {.self = sink,
                                     .publish = publish,
                                     .deadline = set_deadline,
                                     .deadline_clear = clear_deadline,
                                     .stalled = say_stalled,
                                     .add = add,
                                     .refuse = refuse,
                                     .key = key};
    const struct intake intake = {.terms = claims_terms, .port = &port, .arena = desk.arena};
    struct input input;
    if (event->topic == DESK_DUE)
        input = (struct input){
            .kind = INPUT_DUE,
            .due = {(enum deadline_kind)event->kind, desk_refund_id(event->order, event->refund)}};
    else
        input = *(const struct input *)event->body;
    if (input.kind == INPUT_PLACED)
        copy_lines(&input.placed);
    input.now_us = now_us;
    return intake_decide(&intake, order, &input);
}

static void load(struct desk_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        int order = batch->events[i]->order;
        if (batch->rows[order] != NULL)
            continue;
        struct claims_rows *rows = arena_zalloc(desk.arena, sizeof *rows);
        rows->order = claims_load_order(batch, order);
        batch->rows[order] = rows;
    }
}

static enum status decide(struct desk_batch *batch, const struct desk_event *event)
{
    struct claims_rows *rows = batch->rows[event->order];
    struct sink sink = {.batch = batch,
                        .order = event->order,
                        .next_key = &batch->next_key,
                        .totals = &rows->added};
    enum status status = apply(&sink, rows->order, event, batch->now_us);
    if (status == STATUS_UNPROCESSABLE && event->topic >= CLAIMS_ASSESSED)
        sim_violate("stalled: a shard waits, as an event of a later stage is refused");
    return status;
}

/* Saving. */

static void note_applied(const struct desk_batch *batch, size_t i)
{
    const struct desk_event *event = batch->events[i];
    size_t *count = &claims.applied_count[event->order];
    if (*count == CLAIMS_APPLIED_MAX)
        sim_violate("simulation: too many events");
    else
        claims.applied[event->order][(*count)++] =
            (struct claims_applied){event, batch->now_us, batch->statuses[i]};
}

static bool save(const struct desk_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->gone[i])
            note_applied(batch, i);
    for (const struct desk_output *output = batch->first; output != NULL; output = output->next)
        claims.bytes[output->order] =
            desk_bytes(claims.bytes[output->order], &output->bytes, sizeof output->bytes);
    for (int order = 0; order < DESK_ORDERS; order++) {
        const struct claims_rows *rows = batch->rows[order];
        if (rows == NULL)
            continue;
        claims_save_order(&claims.saved[order], rows->order);
        claims.totals.orders += rows->added.orders;
        claims.totals.refunds += rows->added.refunds;
        claims.totals.refunded_minor += rows->added.refunded_minor;
    }
    return true;
}

static void start_order(struct order *order, int number)
{
    *order = (struct order){.merchant_id = "shop",
                            .order_id = desk_order_id(number),
                            .customer_token = "",
                            .market = ""};
}

uint64_t claims_replay(int number, struct order *rows)
{
    int64_t next_key = 0;
    struct claims_totals totals = {0};
    struct sink sink = {.order = number, .next_key = &next_key, .totals = &totals};
    start_order(rows, number);
    for (size_t i = 0; i < claims.applied_count[number]; i++) {
        const struct claims_applied *applied = &claims.applied[number][i];
        if (apply(&sink, rows, applied->event, applied->now_us) != applied->status)
            sim_violate("replay: event %zu of order %d leads to something else", i, number);
    }
    return sink.bytes;
}

/* The world. */

static void said(const struct desk_output *output)
{
    claims_later_hear(output->order, output->refund, output->version, output->body);
}

/* The first of all refunds, from any on, about which a later stage has something to say. */
static bool later_act(void)
{
    int from = (int)sim_random(DESK_ORDERS * DESK_REFUNDS);
    for (int i = 0; i < DESK_ORDERS * DESK_REFUNDS; i++) {
        int at = (from + i) % (DESK_ORDERS * DESK_REFUNDS);
        if (claims_later_act(at / DESK_REFUNDS, at % DESK_REFUNDS))
            return true;
    }
    return false;
}

static bool act(void)
{
    return desk.calm || sim_chance(500) ? later_act() : claims_people_act();
}

static bool quiet(void)
{
    return false;
}

static const struct desk_work work = {.topics = CLAIMS_TOPICS,
                                      .load = load,
                                      .decide = decide,
                                      .save = save,
                                      .saved = claims_audit_saved,
                                      .said = said,
                                      .act = act,
                                      .quiet = quiet,
                                      .rest = claims_audit_rest};

static void begin(void)
{
    desk_begin(&work);
    memset(claims.applied_count, 0, sizeof claims.applied_count);
    memset(claims.bytes, 0, sizeof claims.bytes);
    memset(claims.placed, 0, sizeof claims.placed);
    memset(claims.captures, 0, sizeof claims.captures);
    memset(claims.asked, 0, sizeof claims.asked);
    memset(claims.paid_minor, 0, sizeof claims.paid_minor);
    claims.totals = (struct claims_totals){0};
    for (int order = 0; order < DESK_ORDERS; order++)
        start_order(&claims.saved[order], order);
    claims_later_begin();
}

static void end(void)
{
}

static struct {
    int64_t refunds, paid, events;
} totals;

static void add_totals(void)
{
    desk_add();
    for (int order = 0; order < DESK_ORDERS; order++) {
        totals.events += (int64_t)claims.applied_count[order];
        for (const struct refund *r = claims.saved[order].refunds; r != NULL; r = r->next) {
            totals.refunds++;
            totals.paid += r->status == REFUND_PAID;
        }
    }
}

static void report(void)
{
    printf("refunds %lld, paid %lld, events %lld, ", (long long)totals.refunds,
           (long long)totals.paid, (long long)totals.events);
    desk_report();
}

const struct sim_world claims_world = {
    .option = "--claims",
    .text = "intake's decisions, with database, customers and the later stages played",
    .prepare = desk_prepare,
    .begin = begin,
    .step = desk_step,
    .rest = desk_rest,
    .end = end,
    .add = add_totals,
    .report = report,
};
