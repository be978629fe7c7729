/* PostgreSQL: each statement of the loop by its name, carried out a transaction at a time. */

#include "sim_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void number(struct call *call, int64_t value)
{
    sim_cell(call, value, NULL, NULL, 0);
}

static void words(struct call *call, const char *text)
{
    sim_cell(call, 0, text, NULL, 0);
}

static struct sim_shard *shard_at(const struct call *call, int parameter, size_t row)
{
    return &sim.shards[sim_int(call, parameter, row)];
}

static int input_at(const char *topic)
{
    return topic_find(topic) == sim_stage.inputs[0].topic ? 0 : 1;
}

/* The statements. True: carried out; false: the transaction is refused (redress_require). */

static bool end_old_owners(const struct unit *unit, struct call *call)
{
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        int owner = shard_at(call, 0, i)->owner;
        if (owner >= 0 && owner != unit->connection &&
            sim.connections[owner].state == CONNECTION_OPEN) {
            sim.connections[owner].state = CONNECTION_BROKEN;
            sim.connections[owner].unit_count = 0;
        }
    }
    return true;
}

static bool add_shard(const struct unit *unit, struct call *call)
{
    (void)unit;
    struct sim_shard *shard = shard_at(call, 0, 0);
    if (!shard->exists)
        *shard = (struct sim_shard){
            .exists = true, .next_key = 1, .clock_us = sim_run.now_us, .owner = -1};
    return true;
}

static bool add_progress(const struct unit *unit, struct call *call)
{
    (void)unit;
    struct sim_shard *shard = shard_at(call, 0, 0);
    for (int i = 0; i < SIM_INPUTS; i++)
        if (!shard->inputs[i].exists)
            shard->inputs[i] = (struct input_row){.exists = true, .next = -1, .time = -1};
    return true;
}

static bool claim_shard(const struct unit *unit, struct call *call)
{
    struct sim_shard *shard = shard_at(call, 0, 0);
    shard->epoch++;
    shard->owner = unit->connection;
    shard->blocked = false;
    sim_row(call);
    number(call, shard->epoch);
    number(call, shard->seq);
    number(call, shard->published);
    number(call, shard->next_key);
    number(call, shard->clock_us);
    return true;
}

static bool read_progress(const struct unit *unit, struct call *call)
{
    (void)unit;
    const struct sim_shard *shard = shard_at(call, 0, 0);
    for (int i = 0; i < SIM_INPUTS; i++) {
        sim_row(call);
        words(call, topic_info(sim_stage.inputs[i].topic)->name);
        number(call, shard->inputs[i].next);
        number(call, shard->inputs[i].time);
        number(call, shard->inputs[i].hash);
    }
    return true;
}

static bool read_outputs(const struct unit *unit, struct call *call)
{
    (void)unit;
    const struct sim_shard *shard = shard_at(call, 0, 0);
    for (int64_t seq = shard->published + 1; seq <= shard->seq; seq++) {
        const struct sim_slot *slot = &shard->slots[seq % WORKER_UNPUBLISHED_MAX];
        if (slot->seq != seq)
            continue;
        sim_row(call);
        number(call, seq);
        sim_cell(call, 0, NULL, slot->bytes.data, slot->bytes.size);
    }
    return true;
}

static bool release_shards(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        struct sim_shard *shard = shard_at(call, 0, i);
        if (shard->epoch != sim_int(call, 1, i))
            continue;
        shard->owner = -1;
        shard->published = sim_int(call, 2, i);
        sim_check_transaction((int32_t)sim_int(call, 0, i));
    }
    return true;
}

static bool read_epochs(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        sim_row(call);
        number(call, sim_int(call, 0, i));
        number(call, shard_at(call, 0, i)->epoch);
    }
    return true;
}

static bool block_shard(const struct unit *unit, struct call *call)
{
    (void)unit;
    if (shard_at(call, 0, 0)->epoch == sim_int(call, 1, 0))
        shard_at(call, 0, 0)->blocked = true;
    return true;
}

static bool read_clock(const struct unit *unit, struct call *call)
{
    (void)unit;
    sim_row(call);
    number(call, sim_run.now_us);
    return true;
}

static bool move_shards(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++)
        if (shard_at(call, 0, i)->epoch != sim_int(call, 1, i) ||
            shard_at(call, 0, i)->seq != sim_int(call, 2, i))
            return false;
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        struct sim_shard *shard = shard_at(call, 0, i);
        shard->seq++;
        shard->published = sim_int(call, 3, i);
        shard->next_key = sim_int(call, 4, i);
        shard->clock_us = sim_int(call, 5, i);
    }
    return true;
}

static bool move_progress(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        struct input_row *input = &shard_at(call, 0, i)->inputs[input_at(sim_string(call, 1, i))];
        if (sim_int(call, 2, i) < input->next)
            sim_violate("shard %d goes back from offset %lld to %lld", (int)sim_int(call, 0, i),
                        (long long)input->next, (long long)sim_int(call, 2, i));
        input->next = sim_int(call, 2, i);
        input->time = sim_int(call, 3, i);
        input->hash = sim_int(call, 4, i);
    }
    return true;
}

static bool keep_outputs(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        struct sim_slot *slot = &shard_at(call, 0, i)->slots[sim_int(call, 1, i)];
        sim_check_slot((int32_t)sim_int(call, 0, i), slot, "its slot is used again");
        *slot = (struct sim_slot){sim_int(call, 2, i), call->parameters[3]->bytes[i]};
    }
    return true;
}

static int find_deadline(const struct call *call, size_t row)
{
    int order = sim_order(sim_string(call, 1, row), strlen(sim_string(call, 1, row)));
    int request = atoi(sim_string(call, 2, row));
    for (size_t i = 0; i < sim.deadline_count; i++)
        if (sim.deadlines[i].order == order && sim.deadlines[i].request == request)
            return (int)i;
    return -1;
}

static bool clear_deadlines(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        int at = find_deadline(call, i);
        if (at >= 0)
            sim.deadlines[at] = sim.deadlines[--sim.deadline_count];
    }
    return true;
}

static bool set_deadlines(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++) {
        int at = find_deadline(call, i);
        int order = sim_order(sim_string(call, 1, i), strlen(sim_string(call, 1, i)));
        int request = atoi(sim_string(call, 2, i));
        if (at < 0)
            at = (int)sim.deadline_count++;
        sim.deadlines[at] = (struct sim_deadline){order, request, sim_int(call, 5, i)};
        sim.requests[order][request].due_us = sim_int(call, 5, i);
    }
    return true;
}

static bool find_due_shards(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++)
        for (size_t d = 0; d < sim.deadline_count; d++)
            if (sim_shard_of(sim.deadlines[d].order) == sim_int(call, 0, i) &&
                sim.deadlines[d].due_us <= sim_run.now_us) {
                sim_row(call);
                number(call, sim_int(call, 0, i));
                number(call, sim_run.now_us);
                break;
            }
    return true;
}

static bool read_due(const struct unit *unit, struct call *call)
{
    (void)unit;
    for (size_t i = 0; i < sim_count(call, 0); i++)
        for (size_t d = 0; d < sim.deadline_count; d++) {
            const struct sim_deadline *due = &sim.deadlines[d];
            if (sim_shard_of(due->order) != sim_int(call, 0, i) ||
                due->due_us > sim_int(call, 1, i) || call->row_count >= (size_t)sim_int(call, 2, 0))
                continue;
            char *subject = sim_alloc(8);
            (void)snprintf(subject, 8, "%d", due->request);
            sim_row(call);
            number(call, sim_int(call, 0, i));
            number(call, 1);
            words(call, "m");
            words(call, sim_order_ids[due->order]);
            words(call, subject);
            number(call, due->due_us);
        }
    return true;
}

static bool stage_read(const struct unit *unit, struct call *call)
{
    (void)unit;
    sim_stage_read(call);
    return true;
}

static bool stage_write(const struct unit *unit, struct call *call)
{
    (void)unit;
    sim_stage_write(call);
    return true;
}

static const struct {
    const char *name;
    bool (*carry_out)(const struct unit *unit, struct call *call);
} STATEMENTS[] = {
    {"worker_read_clock", read_clock},
    {"sim_read", stage_read},
    {"worker_move_shards", move_shards},
    {"worker_move_progress", move_progress},
    {"sim_write", stage_write},
    {"worker_keep_outputs", keep_outputs},
    {"worker_find_due_shards", find_due_shards},
    {"worker_read_due", read_due},
    {"worker_clear_deadlines", clear_deadlines},
    {"worker_set_deadlines", set_deadlines},
    {"worker_end_old_owners", end_old_owners},
    {"worker_add_shard", add_shard},
    {"worker_add_progress", add_progress},
    {"worker_claim_shard", claim_shard},
    {"worker_read_progress", read_progress},
    {"worker_read_outputs", read_outputs},
    {"worker_release_shards", release_shards},
    {"worker_read_epochs", read_epochs},
    {"worker_block_shard", block_shard},
};

static bool carry_out(const struct unit *unit, struct call *call)
{
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++)
        if (strcmp(STATEMENTS[i].name, call->name) == 0)
            return STATEMENTS[i].carry_out(unit, call);
    sim_violate("simulation: no such statement as %s", call->name);
    return false;
}

/* The compare-and-set stands first, so a refused transaction has done nothing yet. */
void sim_carry_out(struct sim_connection *connection)
{
    struct unit *unit = connection->units[0];
    memmove(connection->units, connection->units + 1,
            --connection->unit_count * sizeof *connection->units);
    struct call *moved = NULL;
    if (sim.no_room > 0 && unit->call_count > 0 &&
        strcmp(unit->calls[0]->name, "worker_move_shards") == 0) {
        sim.no_room--;
        unit->status = STATUS_AGAIN;
    }
    for (size_t i = 0; i < unit->call_count && unit->status == STATUS_OK; i++) {
        if (strcmp(unit->calls[i]->name, "worker_move_shards") == 0)
            moved = unit->calls[i];
        if (!carry_out(unit, unit->calls[i]))
            unit->status = STATUS_LOST;
    }
    unit->done = true;
    sim.transactions++;
    if (moved != NULL && unit->status == STATUS_OK)
        for (size_t i = 0; i < sim_count(moved, 0); i++)
            sim_check_transaction((int32_t)sim_int(moved, 0, i));
}
