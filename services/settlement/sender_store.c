/* The sender's connection to PostgreSQL: epochs of shards, and the rate limit that instances share.
 */

#include "clock.h"
#include "identity.h"
#include "log.h"
#include "sender_internal.h"

enum {
    RECONNECT_MS = 250,
    SLOT_SHORT_MS = 100, /* of the rate limit */
    SLOT_LONG_MS = 1000,
    SHORT_FROM = 100 /* calls per second from which slots are short */
};

static const struct statement EPOCHS = {
    "sender_epochs",
    "SELECT shard, epoch, clock_timestamp() FROM shard WHERE shard = ANY($1::integer[])",
};

/* Numbers of the jobs that a stop covers: what it leaves empty it does not look at. */
static const struct statement STOPPED = {
    "sender_stopped",
    "SELECT k.n FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::text[], $5::text[],"
    "                         $6::text[], $7::text[])"
    "     AS k(n, merchant_id, provider, customer_token, customer_name, wide_name, refund_id)"
    " WHERE EXISTS (SELECT FROM rule_stop s WHERE s.stopped"
    "    AND s.merchant_id IN ('', k.merchant_id) AND s.provider IN (0, k.provider)"
    "    AND s.customer_token IN ('', k.customer_token, k.customer_name,"
    "                             k.wide_name)"
    "    AND s.refund_id IN ('', k.refund_id))",
};

/* A slot that is a little behind is counted as the row's: clock and lock were read apart. */
static const struct statement ALLOWANCE = {
    "sender_allowance",
    "INSERT INTO provider_allowance AS a (provider, slot, used, granted)"
    " VALUES ($1::integer,"
    "         (extract(epoch FROM clock_timestamp()) * 1000)::bigint / $2::bigint,"
    "         least($3::bigint, $4::bigint), least($3::bigint, $4::bigint))"
    " ON CONFLICT (provider) DO UPDATE SET"
    "  slot = CASE WHEN a.slot - excluded.slot BETWEEN 0 AND 2 THEN a.slot ELSE excluded.slot END,"
    "  used = CASE WHEN a.slot - excluded.slot BETWEEN 0 AND 2"
    "              THEN greatest(a.used, least(a.used + $3::bigint, $4::bigint))"
    "              ELSE excluded.used END,"
    "  granted = CASE WHEN a.slot - excluded.slot BETWEEN 0 AND 2"
    "                 THEN greatest(0, least($3::bigint, $4::bigint - a.used))"
    "                 ELSE excluded.granted END"
    " RETURNING granted",
};

static bool connect(struct sender *sender)
{
    const struct database_settings settings =
        database_settings_of(&sender->worker, sender->settings.name, "settlement sender");
    struct error error = {0};
    if (sender->database != NULL)
        return true;
    if (clock_monotonic_us() < sender->connect_us)
        return false;
    sender->connect_us = clock_monotonic_us() + RECONNECT_MS * 1000;
    if (database_open(&settings, &sender->database, &error) == STATUS_OK)
        return true;
    log_write(LOG_WARNING, error.text, NULL);
    return false;
}

int64_t sender_slot_ms(int64_t rate)
{
    return rate >= SHORT_FROM ? SLOT_SHORT_MS : SLOT_LONG_MS;
}

static struct call *ask_epochs(struct sender *sender, struct unit *unit)
{
    struct column *shards = column_create(unit, COLUMN_INT4);
    for (size_t i = 0; i < sender->group_count; i++)
        if (i == 0 || sender->group[i].shard != sender->group[i - 1].shard)
            column_int4(shards, sender->group[i].shard);
    struct call *call = unit_call(unit, &EPOCHS);
    call_column(call, shards);
    return call;
}

/* A stop names the customer of one merchant, or that of every merchant. */
static const char *customer_name(const char *merchant_id, const char *token, char *name)
{
    return *token == '\0' ? "" : identity_customer(merchant_id, token, name);
}

/* NULL: there is nothing to send. Looking something up is never stopped. */
static struct call *ask_stops(struct sender *sender, struct unit *unit)
{
    struct column *numbers = column_create(unit, COLUMN_INT8);
    struct column *merchants = column_create(unit, COLUMN_TEXT);
    struct column *providers = column_create(unit, COLUMN_INT4);
    struct column *customers = column_create(unit, COLUMN_TEXT);
    struct column *names = column_create(unit, COLUMN_TEXT);
    struct column *wide_names = column_create(unit, COLUMN_TEXT);
    struct column *refunds = column_create(unit, COLUMN_TEXT);
    char name[IDENTITY_CUSTOMER_MAX];
    for (size_t i = 0; i < sender->group_count; i++) {
        const struct job *job = &sender->group[i];
        if (job->kind != TASK_SEND)
            continue;
        column_int8(numbers, (int64_t)i);
        column_text(merchants, job->merchant_id);
        column_int4(providers, job->provider);
        column_text(customers, job->customer);
        column_text(names, customer_name(job->merchant_id, job->customer, name));
        column_text(wide_names, customer_name("", job->customer, name));
        column_text(refunds, job->payout.refund_id);
    }
    if (column_count(numbers) == 0)
        return NULL;
    struct call *call = unit_call(unit, &STOPPED);
    call_column(call, numbers);
    call_column(call, merchants);
    call_column(call, providers);
    call_column(call, customers);
    call_column(call, names);
    call_column(call, wide_names);
    call_column(call, refunds);
    return call;
}

static void read_stops(const struct call *call, const char **refusals)
{
    for (size_t row = 0; call != NULL && row < rows_count(call); row++)
        refusals[rows_int8(call, row, 0)] = "stopped";
}

/* NULL: the lane has no limit, or wants nothing. */
static struct call *ask_allowance(const struct lane *lane, struct unit *unit)
{
    if (lane->planned == 0 || lane->rate == 0)
        return NULL;
    struct call *call = unit_call(unit, &ALLOWANCE);
    call_int4(call, lane->provider);
    call_int8(call, sender_slot_ms(lane->rate));
    call_int8(call, (int64_t)lane->planned);
    call_int8(call, lane->rate * sender_slot_ms(lane->rate) / 1000);
    return call;
}

/* The window is counted from the decision, by the clock that it was made by: a machine that stood
 * still since, for longer than the key lives, would take a second payment for the same one. */
static const char *refusal_of(const struct sender *sender, const struct job *job,
                              const struct call *epochs)
{
    for (size_t row = 0; row < rows_count(epochs); row++)
        if (rows_int4(epochs, row, 0) == job->shard && rows_int8(epochs, row, 1) == job->epoch)
            return rows_time(epochs, row, 2) - job->asked_us >
                           sender->settings.send_window_ms * 1000
                       ? "window_passed"
                       : NULL;
    return "shard_moved";
}

bool sender_admit(struct sender *sender, const char **refusals)
{
    struct error error = {0};
    struct call *allowances[PROVIDERS] = {NULL};
    if (!connect(sender))
        return false;
    arena_reset(sender->database_arena);
    struct unit *unit = database_begin(sender->database, sender->database_arena);
    struct call *epochs = ask_epochs(sender, unit);
    struct call *stops = ask_stops(sender, unit);
    for (int i = 0; i < PROVIDERS; i++)
        allowances[i] = ask_allowance(&sender->lanes[i], unit);
    database_send(unit);
    enum status status = database_wait(unit, &error);
    if (status == STATUS_OK) {
        for (size_t i = 0; i < sender->group_count; i++)
            refusals[i] = refusal_of(sender, &sender->group[i], epochs);
        read_stops(stops, refusals);
    }
    for (int i = 0; i < PROVIDERS; i++) {
        struct lane *lane = &sender->lanes[i];
        lane->granted = lane->planned;
        if (status == STATUS_OK && allowances[i] != NULL) {
            int64_t granted = rows_int8(allowances[i], 0, 0);
            lane->granted = granted > 0 && (size_t)granted < lane->planned ? (size_t)granted
                            : granted > 0                                  ? lane->planned
                                                                           : 0;
        }
    }
    database_end(unit);
    if (status == STATUS_OK)
        return true;
    log_write(LOG_WARNING, error.text, NULL);
    database_close(sender->database);
    sender->database = NULL;
    return false;
}
