/* The world of cases, and the replay. */

#include "cases.h"

#include "signature.h"

#include <stdio.h>
#include <string.h>

struct cases cases;

bool __wrap_signature_holds(const uint8_t key[SIGNATURE_PUBLIC_SIZE], const void *bytes,
                            size_t size, const void *signature, size_t signature_size);

/* The key, and what is signed. */
bool __wrap_signature_holds(const uint8_t key[SIGNATURE_PUBLIC_SIZE], const void *bytes,
                            size_t size, const void *signature, size_t signature_size)
{
    const uint8_t *made = signature;
    return signature_size == 2 && made[0] == key[0] &&
           made[1] == ((const uint8_t *)bytes)[size - 1];
}

static void load(struct desk_batch *batch)
{
    batch->shared = cases_shared_load(batch);
    for (size_t i = 0; i < batch->count; i++) {
        int order = batch->events[i]->order;
        if (batch->rows[order] != NULL)
            continue;
        struct cases_rows *rows = arena_zalloc(desk.arena, sizeof *rows);
        rows->order = cases_load_order(batch, order);
        rows->last = &rows->first;
        batch->rows[order] = rows;
    }
}

/* Deadlines and outputs. */
static void carry_out(struct desk_batch *batch, int number, int refund,
                      const struct routing_refund *row, struct cases_said *said)
{
    const struct routing_answer *answer = &said->answer;
    for (int kind = DEADLINE_CASE; kind < DEADLINE_KINDS; kind++)
        if (answer->deadlines[kind] != DEADLINE_KEEP)
            desk_due(batch, number, refund, kind,
                     answer->deadlines[kind] == DEADLINE_SET ? answer->due_us[kind] : 0);
    if (answer->status == ROUTED_NOTHING && answer->refusal == REFUSAL_NONE)
        return;
    sim_say("        %s: %s%s", desk_refund_id(number, refund),
            answer->refusal == REFUSAL_NONE ? routed_status_name(answer->status) : "refused ",
            refusal_reason_name(answer->refusal));
    if (row == NULL)
        return;
    desk_say(batch,
             &(struct desk_output){.order = number,
                                   .refund = refund,
                                   .version = answer->status == ROUTED_NOTHING ? 0 : row->version,
                                   .bytes = cases_said_bytes(row, answer),
                                   .body = said});
}

static enum status decide(struct desk_batch *batch, const struct desk_event *event)
{
    struct cases_rows *rows = batch->rows[event->order];
    const struct cases_input *input = event->body;
    int refund = input == NULL ? event->refund : input->refund;
    struct cases_said *said = cases_apply(rows->order, event, batch->now_us, cases.rules,
                                          batch->shared, &batch->next_key);
    *rows->last = said;
    rows->last = &said->next;
    if (said->status == STATUS_OK) {
        carry_out(batch, event->order, refund, cases_refund(rows->order, event->order, refund),
                  said);
        cases_audit_decided(event->order, rows->order, said);
    }
    return said->status;
}

static void note_applied(int order, const struct cases_said *said)
{
    size_t *count = &cases.applied_count[order];
    if (*count == CASES_APPLIED_MAX)
        sim_violate("simulation: too many events");
    else
        cases.applied[order][(*count)++] = said;
    cases_audit_applied(order, said);
}

static bool save(const struct desk_batch *batch)
{
    if (!cases_shared_save(batch->shared))
        return false;
    for (int order = 0; order < DESK_ORDERS; order++) {
        const struct cases_rows *rows = batch->rows[order];
        if (rows == NULL)
            continue;
        cases_save_order(order, rows->order);
        for (const struct cases_said *said = rows->first; said != NULL; said = said->next)
            note_applied(order, said);
    }
    for (const struct desk_output *output = batch->first; output != NULL; output = output->next)
        cases.bytes[output->order] =
            desk_bytes(cases.bytes[output->order], &output->bytes, sizeof output->bytes);
    return true;
}

static void start_order(struct routing_order *order, int number)
{
    *order = (struct routing_order){.merchant_id = "shop", .order_id = desk_order_id(number)};
}

/* What shards share, as this event saw it: that is recorded with what came of it. */
static struct routing_shared *recorded(const struct cases_said *said)
{
    struct routing_shared *shared = arena_alloc(desk.arena, sizeof *shared);
    person_days_start(&shared->days, desk.arena);
    auto_meters_start(&shared->meters, desk.arena);
    enum status status = STATUS_OK;
    if (said->answer.day_seen.looked)
        status = person_days_loaded(&shared->days, &said->day, said->answer.day_seen.used_minor);
    if (said->limited != NULL && status == STATUS_OK)
        status = auto_meter_loaded(&shared->meters, "shop", said->limited, 1, said->limit);
    if (status != STATUS_OK)
        sim_violate("simulation: a run needs more memory");
    return shared;
}

void cases_replay(int number)
{
    struct routing_order again;
    int64_t next_key = 0;
    uint64_t all = 0;
    start_order(&again, number);
    for (size_t i = 0; i < cases.applied_count[number]; i++) {
        const struct cases_said *said = cases.applied[number][i];
        const struct cases_input *input = said->event->body;
        struct routing_rules rules = said->rules;
        rules.limits = NULL;
        struct cases_said *other =
            cases_apply(&again, said->event, said->now_us, rules, recorded(said), &next_key);
        const struct routing_refund *row =
            cases_refund(&again, number, input == NULL ? said->event->refund : input->refund);
        if (other->status != said->status)
            sim_violate("replay: event %zu of order %d leads to something else", i, number);
        if (row == NULL || other->status != STATUS_OK ||
            (other->answer.status == ROUTED_NOTHING && other->answer.refusal == REFUSAL_NONE))
            continue;
        uint64_t bytes = cases_said_bytes(row, &other->answer);
        all = desk_bytes(all, &bytes, sizeof bytes);
    }
    if (all != cases.bytes[number])
        sim_violate("replay: other things are said of %s", again.order_id);
}

static void said(const struct desk_output *output)
{
    cases_hear(output->order, output->refund, output->body);
}

static bool quiet(void)
{
    return false;
}

static const struct desk_work work = {.topics = CASES_TOPICS,
                                      .load = load,
                                      .decide = decide,
                                      .save = save,
                                      .saved = cases_audit_saved,
                                      .said = said,
                                      .act = cases_act,
                                      .quiet = quiet,
                                      .rest = cases_audit_rest};

static void begin(void)
{
    desk_begin(&work);
    memset(cases.applied_count, 0, sizeof cases.applied_count);
    memset(cases.bytes, 0, sizeof cases.bytes);
    for (int order = 0; order < DESK_ORDERS; order++)
        start_order(&cases.saved[order], order);
    cases.rules = (struct routing_rules){.router = &cases_router,
                                         .roster = &cases_rosters[0],
                                         .roster_of = "",
                                         .limits = &cases_limits};
    cases_shared_begin();
    cases_people_begin();
    cases_audit_begin();
}

static void end(void)
{
}

static struct {
    int64_t refunds, approved, accepted, refused, events;
} totals;

static void add(void)
{
    desk_add();
    for (int order = 0; order < DESK_ORDERS; order++) {
        totals.events += (int64_t)cases.applied_count[order];
        for (size_t i = 0; i < cases.applied_count[order]; i++)
            totals.approved += cases.applied[order][i]->answer.status == ROUTED_APPROVED;
        for (const struct routing_refund *r = cases.saved[order].refunds; r != NULL; r = r->next) {
            totals.refunds++;
            for (const struct kept_decision *k = r->decisions; k != NULL; k = k->next) {
                totals.accepted += k->refusal == REFUSAL_NONE;
                totals.refused += k->refusal != REFUSAL_NONE;
            }
        }
    }
}

static void report(void)
{
    printf("refunds %lld, approvals %lld, decisions taken %lld and refused %lld, events %lld, ",
           (long long)totals.refunds, (long long)totals.approved, (long long)totals.accepted,
           (long long)totals.refused, (long long)totals.events);
    desk_report();
}

const struct sim_world cases_world = {
    .option = "--cases",
    .text = "routing's decisions, with database, policy, people and settlement played",
    .prepare = desk_prepare,
    .begin = begin,
    .step = desk_step,
    .rest = desk_rest,
    .end = end,
    .add = add,
    .report = report,
};
