/* Tally: the smallest worker there can be, to test the loop by itself. It counts the requests of
 * each order, sets a deadline for each, counts how often one rang, and says both in an event on
 * refunds.validated.v1 (version = events said about the order, claim = requests, reason of the
 * rejection's `asked` = rings). Exactly-once effect shows as exact counts.
 *
 * Table purse, which a test fills, is a hard limit that all shards share: while there is room in
 * the purse of an order, a request takes one from it and is granted. */

#include "database.h"
#include "message.h"
#include "redress/v1/request.pb-c.h"
#include "redress/v1/validated.pb-c.h"
#include "worker/worker.h"

#include <string.h>

extern const struct migration_list migrations_tally;

enum { TALLY_BELL = 1 };

struct tally_settings {
    int64_t bell_ms;
};

struct tally {
    int64_t requests, rings, version, granted;
    bool changed;
};

enum { TALLY_PURSES = 3 };

struct purse {
    int64_t used, most, taken;
};

struct tally_rows {
    struct call *tallies, *purses;
    struct purse purse[TALLY_PURSES];
};

static const struct statement READ = {
    "tally_read",
    "SELECT k.n, t.requests, t.rings, t.version, t.granted"
    " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(merchant_id, order_id, n)"
    " JOIN tally t ON (t.merchant_id, t.order_id) = (k.merchant_id, k.order_id)",
};

static const struct statement WRITE = {
    "tally_write",
    "INSERT INTO tally SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[],"
    "                                       $5::bigint[], $6::bigint[])"
    " ON CONFLICT (merchant_id, order_id) DO UPDATE"
    " SET requests = excluded.requests, rings = excluded.rings, version = excluded.version,"
    "     granted = excluded.granted",
};

static const struct statement READ_PURSES = {
    "tally_read_purses",
    "SELECT purse, used, most FROM purse",
};

/* The condition is looked at with the row locked: what another instance took since the load counts.
 */
static const struct statement TAKE = {
    "tally_take",
    "WITH given AS ("
    "    SELECT * FROM unnest($1::integer[], $2::bigint[]) AS g(purse, taken)),"
    " taken AS ("
    "    INSERT INTO purse AS p (purse, used, most) SELECT purse, taken, 0 FROM given ORDER BY "
    "purse"
    "    ON CONFLICT (purse) DO UPDATE SET used = p.used + excluded.used"
    "    WHERE p.used + excluded.used <= p.most"
    "    RETURNING 1)"
    " SELECT redress_require_room((SELECT count(*) FROM taken), (SELECT count(*) FROM given))",
};

static enum status decode(struct batch *batch, struct event *event)
{
    ProtobufCMessage *message;
    enum status status = batch_unpack(batch, event, &message);
    if (status != STATUS_OK)
        return status;
    const Redress__V1__RefundRequest *request = (const Redress__V1__RefundRequest *)message;
    if (*request->merchant_id == '\0' || *request->order_id == '\0')
        return batch_refuse(batch, event,
                            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_FIELD_MISSING,
                            "merchant_id", "", "1 to 128 bytes");
    event->merchant_id = request->merchant_id;
    event->order_id = request->order_id;
    event->body = message;
    return STATUS_OK;
}

static enum status load(struct batch *batch, struct unit *unit)
{
    struct column *merchants, *orders;
    batch_order_columns(batch, unit, &merchants, &orders);
    struct call *call = unit_call(unit, &READ);
    call_column(call, merchants);
    call_column(call, orders);
    struct tally_rows *rows = arena_zalloc(batch->arena, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    *rows = (struct tally_rows){.tallies = call, .purses = unit_call(unit, &READ_PURSES)};
    batch->rows = rows;
    return STATUS_OK;
}

static enum status loaded(struct batch *batch)
{
    for (size_t i = 0; i < batch->order_count; i++) {
        batch->orders[i].rows = arena_zalloc(batch->arena, sizeof(struct tally));
        if (batch->orders[i].rows == NULL)
            return STATUS_EXHAUSTED;
    }
    struct tally_rows *rows = batch->rows;
    for (size_t row = 0; row < rows_count(rows->purses); row++)
        rows->purse[rows_int4(rows->purses, row, 0)] = (struct purse){
            .used = rows_int8(rows->purses, row, 1), .most = rows_int8(rows->purses, row, 2)};
    const struct call *call = rows->tallies;
    for (size_t row = 0; row < rows_count(call); row++) {
        struct tally *tally = batch->orders[rows_int8(call, row, 0) - 1].rows;
        *tally = (struct tally){.requests = rows_int8(call, row, 1),
                                .rings = rows_int8(call, row, 2),
                                .version = rows_int8(call, row, 3),
                                .granted = rows_int8(call, row, 4)};
    }
    return STATUS_OK;
}

static void ask_purse(struct batch *batch, const char *order_id, struct tally *tally)
{
    struct tally_rows *rows = batch->rows;
    char last = order_id[strlen(order_id) - 1];
    struct purse *purse = &rows->purse[(unsigned char)last % TALLY_PURSES];
    if (purse->used + purse->taken >= purse->most)
        return;
    purse->taken++;
    tally->granted++;
}

static enum status decide(struct batch *batch, struct event *event)
{
    const struct tally_settings *settings = batch->context;
    struct tally *tally = event->order->rows;
    tally->changed = true;
    tally->version++;
    if (event->kind == EVENT_DEADLINE) {
        tally->rings++;
    } else {
        const Redress__V1__RefundRequest *request = event->body;
        tally->requests++;
        ask_purse(batch, event->order_id, tally);
        enum status status = STATUS_OK;
        if (settings->bell_ms > 0)
            status = batch_deadline(batch, event, request->request_id, TALLY_BELL,
                                    event->now_us + settings->bell_ms * 1000);
        if (status != STATUS_OK)
            return status;
    }
    Redress__V1__Money claim = REDRESS__V1__MONEY__INIT;
    claim.minor = tally->requests;
    Redress__V1__Rejection rejection = REDRESS__V1__REJECTION__INIT;
    rejection.asked = tally->rings;
    Redress__V1__RefundValidated said = REDRESS__V1__REFUND_VALIDATED__INIT;
    said.merchant_id = (char *)(uintptr_t)event->merchant_id;
    said.order_id = (char *)(uintptr_t)event->order_id;
    said.refund_id = said.order_id;
    said.version = tally->version;
    said.claim = &claim;
    said.rejection = &rejection;
    return batch_output(batch, event,
                        &(struct output){.topic = TOPIC_VALIDATED,
                                         .key = event->order_id,
                                         .refund_id = event->order_id,
                                         .version = tally->version,
                                         .status = "VALIDATED",
                                         .message = &said.base});
}

static void save_purses(const struct tally_rows *rows, struct unit *unit)
{
    struct column *purses = column_create(unit, COLUMN_INT4);
    struct column *taken = column_create(unit, COLUMN_INT8);
    for (int32_t i = 0; i < TALLY_PURSES; i++) {
        if (rows->purse[i].taken == 0)
            continue;
        column_int4(purses, i);
        column_int8(taken, rows->purse[i].taken);
    }
    if (column_count(purses) == 0)
        return;
    struct call *call = unit_call(unit, &TAKE);
    call_column(call, purses);
    call_column(call, taken);
}

static enum status save(struct batch *batch, struct unit *unit)
{
    struct column *merchants = column_create(unit, COLUMN_TEXT);
    struct column *orders = column_create(unit, COLUMN_TEXT);
    struct column *requests = column_create(unit, COLUMN_INT8);
    struct column *rings = column_create(unit, COLUMN_INT8);
    struct column *versions = column_create(unit, COLUMN_INT8);
    struct column *granted = column_create(unit, COLUMN_INT8);
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct tally *tally = batch->orders[i].rows;
        if (!tally->changed)
            continue;
        column_text(merchants, batch->orders[i].merchant_id);
        column_text(orders, batch->orders[i].order_id);
        column_int8(requests, tally->requests);
        column_int8(rings, tally->rings);
        column_int8(versions, tally->version);
        column_int8(granted, tally->granted);
    }
    struct call *call = unit_call(unit, &WRITE);
    call_column(call, merchants);
    call_column(call, orders);
    call_column(call, requests);
    call_column(call, rings);
    call_column(call, versions);
    call_column(call, granted);
    save_purses(batch->rows, unit);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    static struct tally_settings settings;
    static const struct config_row rows[] = {
        CONFIG_ROW(struct tally_settings, bell_ms, "REDRESS_TALLY_BELL", DURATION, 0, 3600000, "1s",
                   "how long after a request its deadline is due; 0: none")};
    static const struct stage_input inputs[] = {{.topic = TOPIC_REQUESTS}};
    const struct stage stage = {.name = "tally",
                                .inputs = inputs,
                                .input_count = 1,
                                .migrations = &migrations_tally,
                                .decode = decode,
                                .load = load,
                                .loaded = loaded,
                                .decide = decide,
                                .save = save,
                                .context = &settings};
    const struct config_table own = {rows, 1, &settings};
    return worker_main(argc, argv, &stage, "counts requests, to test the loop", &own);
}
