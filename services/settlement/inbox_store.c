/* The inbox's SQL. */

#include "clock.h"
#include "columns.h"
#include "inbox_internal.h"
#include "log.h"
#include "message.h"

#include <string.h>

enum { LOCK = 7239041 /* any number, so long as nobody else in this database uses it */ };

static const struct statement LEAD = {
    "inbox_lead",
    "SELECT pg_try_advisory_lock($1::bigint)",
};

static const struct statement PROGRESS_LOAD = {
    "inbox_progress_load",
    "SELECT partition, next_offset FROM inbox_progress",
};

static const struct statement WAITING = {
    "inbox_waiting",
    "SELECT count(*) FROM provider_notice",
};

/* By the whole reference or another name of the same payment, or by its beginning; at most one
 * payment each. That it is not empty is what lets the index serve, which is of those only. */
#define LOCATE(name, names, condition)                                                        \
    {                                                                                         \
        name, "SELECT k.n, p.merchant_id, p.order_id, p.payment_id, p.provider_account"       \
              " FROM unnest($1::text[], $2::integer[], $3::text[], $4::bigint[])"             \
              "   AS k(reference, provider, account, n)"                                      \
              " CROSS JOIN LATERAL (SELECT k.reference AS name" names ") a"                   \
              " CROSS JOIN LATERAL"                                                           \
              " (SELECT merchant_id, order_id, payment_id, provider_account FROM payment"     \
              "   WHERE provider_reference <> '' AND " condition " AND provider = k.provider" \
              "   ORDER BY provider_reference COLLATE \"C\" LIMIT 1) p"                       \
    }

static const struct statement LOCATE_WHOLE =
    LOCATE("inbox_locate",
           " UNION ALL SELECT other FROM payment_name m"
           "  WHERE m.provider = k.provider AND m.account = k.account AND m.name = k.reference",
           "provider_reference COLLATE \"C\" = a.name");

/* References of a platform have / between their parts, and 0 comes right behind it. */
static const struct statement LOCATE_BEGINNING =
    LOCATE("inbox_locate_beginning", "",
           "provider_reference COLLATE \"C\" >= a.name AND provider_reference COLLATE \"C\""
           " < left(a.name, -1) || '0'");

static const struct statement PROGRESS_SAVE = {
    "inbox_progress_save",
    "INSERT INTO inbox_progress (partition, next_offset)"
    " SELECT * FROM unnest($1::integer[], $2::bigint[])"
    " ON CONFLICT (partition) DO UPDATE"
    "  SET next_offset = greatest(inbox_progress.next_offset, excluded.next_offset)",
};

static const struct statement NAMES_SAVE = {
    "inbox_names_save",
    "INSERT INTO payment_name (provider, account, name, other)"
    " SELECT DISTINCT k.provider, k.account, v.name, v.other"
    " FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[]) AS k(provider, account, a, b)"
    " CROSS JOIN LATERAL (VALUES (a, b), (b, a)) AS v(name, other)"
    " ON CONFLICT DO NOTHING",
};

static const struct statement KEEP = {
    "inbox_keep",
    "WITH kept AS (INSERT INTO provider_notice (event_id, provider, reference, other_reference, "
    "beginning,"
    "                             account, verified, event, received_at, expires_at, check_at,"
    "                             expired)"
    " SELECT k.*, clock_timestamp() + interval '1 s', false"
    " FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::boolean[], $6::text[],"
    "             $7::boolean[], $8::bytea[], $9::timestamptz[], $10::timestamptz[]) AS k"
    " ON CONFLICT (event_id) DO NOTHING RETURNING 1) SELECT count(*) FROM kept",
};

static const struct statement FORGET = {
    "inbox_forget",
    "DELETE FROM provider_notice WHERE event_id = ANY($1::text[])",
};

static const struct statement FORGET_EXPIRED = {
    "inbox_forget_expired",
    "WITH forgotten AS"
    " (DELETE FROM provider_notice"
    "   WHERE expired AND clock_timestamp() > expires_at + (expires_at - received_at) RETURNING 1)"
    " SELECT count(*) FROM forgotten",
};

/* The longer it has waited, the rarer it is looked for. */
static const struct statement LATER = {
    "inbox_later",
    "UPDATE provider_notice SET expired = expired OR k.gone, check_at = clock_timestamp()"
    "  + least(greatest((clock_timestamp() - received_at) / 4, interval '1 s'), interval '10 min')"
    " FROM unnest($1::text[], $2::boolean[]) AS k(event_id, gone)"
    " WHERE provider_notice.event_id = k.event_id",
};

static const struct statement DUE = {
    "inbox_due",
    "SELECT event_id, reference, other_reference, beginning, event, received_at, expires_at,"
    "       expired, account"
    " FROM provider_notice WHERE check_at <= clock_timestamp() ORDER BY check_at LIMIT $1::bigint",
};

void inbox_disconnect(struct inbox *inbox)
{
    database_close(inbox->database);
    inbox->database = NULL;
    inbox->leads = false; /* the lock went with the connection */
}

enum status inbox_connect(struct inbox *inbox, struct error *error)
{
    const struct database_settings settings =
        database_settings_of(&inbox->worker, inbox->settings.name, "settlement inbox");
    if (inbox->database != NULL)
        return STATUS_OK;
    return database_open(&settings, &inbox->database, error);
}

static struct unit *begin(struct inbox *inbox)
{
    arena_reset(inbox->database_arena);
    return database_begin(inbox->database, inbox->database_arena);
}

/* Ends the unit; whatever went wrong, a new connection is the way on. */
static enum status finish(struct inbox *inbox, struct unit *unit, enum status status)
{
    database_end(unit);
    if (status == STATUS_OK)
        return STATUS_OK;
    inbox_disconnect(inbox);
    return STATUS_RETRY;
}

enum status inbox_lead(struct inbox *inbox, struct error *error)
{
    struct unit *unit = begin(inbox);
    struct call *call = unit_call(unit, &LEAD);
    call_int8(call, LOCK);
    database_send(unit);
    enum status status = database_wait(unit, error);
    inbox->leads = status == STATUS_OK && rows_bool(call, 0, 0);
    return finish(inbox, unit, status);
}

enum status inbox_load_progress(struct inbox *inbox, struct error *error)
{
    struct unit *unit = begin(inbox);
    struct call *progress = unit_call(unit, &PROGRESS_LOAD);
    struct call *waiting = unit_call(unit, &WAITING);
    database_send(unit);
    enum status status = database_wait(unit, error);
    for (int32_t i = 0; i < INBOX_PARTITIONS_MAX; i++)
        inbox->next[i] = -1;
    for (size_t row = 0; status == STATUS_OK && row < rows_count(progress); row++) {
        int32_t partition = rows_int4(progress, row, 0);
        if (partition >= 0 && partition < INBOX_PARTITIONS_MAX)
            inbox->next[partition] = rows_int8(progress, row, 1);
    }
    if (status == STATUS_OK)
        inbox->waiting = rows_int8(waiting, 0, 0);
    return finish(inbox, unit, status);
}

/* One of the two statements, with the items that it is for. NULL: there are none. */
static struct call *ask(struct unit *unit, const struct statement *statement,
                        const struct inbox_items *items, bool prefix)
{
    struct columns wanted = {.unit = unit};
    int64_t n = 0;
    for (const struct inbox_item *item = items->first; item != NULL; item = item->next, n++)
        for (size_t i = 0; !item->located && item->prefix == prefix && i < WEBHOOK_REFERENCES; i++)
            if (item->references[i][0] != '\0') {
                columns_row(&wanted);
                columns_text(&wanted, item->references[i]);
                columns_int4(&wanted, (int32_t)item->event->provider);
                columns_text(&wanted, item->account);
                columns_int8(&wanted, n);
            }
    return columns_call(&wanted, statement);
}

/* Nobody vouches for what another account has: not by its key, nor by its events. Whoever cannot
 * be told may not say first, under the provider's id, what it says. */
static void take_account(struct inbox *inbox, struct inbox_item *item, const char *of_payment)
{
    Redress__V1__ProviderEvent *event = item->event;
    const char *usual = inbox->settings.adyen_account;
    if (event->provider == REDRESS__V1__PROVIDER__PROVIDER_ADYEN && *of_payment == '\0')
        of_payment = usual == NULL ? "" : usual;
    enum webhook_standing standing =
        webhook_standing((int)event->provider, item->account, of_payment);
    item->refused = standing == WEBHOOK_OTHER_ACCOUNT;
    if (standing == WEBHOOK_SAME_ACCOUNT)
        return;
    log_write(LOG_WARNING,
              item->refused ? "a webhook speaks for another account than its payment has"
                            : "a webhook's account is not known: it vouches for nothing",
              "event", event->event_id, "account", item->account, "payment's account", of_payment,
              NULL);
    if (item->refused || !event->verified)
        return;
    event->verified = false;
    event->event_id = arena_printf(inbox->arena, "%s/unverified", event->event_id);
}

static void take(struct inbox *inbox, struct inbox_items *items, const struct call *call)
{
    for (size_t row = 0; call != NULL && row < rows_count(call); row++) {
        struct inbox_item *item = items->first;
        for (int64_t n = rows_int8(call, row, 0); n > 0 && item != NULL; n--)
            item = item->next;
        if (item == NULL || item->located)
            continue;
        item->event->merchant_id = arena_printf(inbox->arena, "%s", rows_text(call, row, 1));
        item->event->order_id = arena_printf(inbox->arena, "%s", rows_text(call, row, 2));
        item->event->payment_id = arena_printf(inbox->arena, "%s", rows_text(call, row, 3));
        item->located = true;
        take_account(inbox, item, rows_text(call, row, 4));
    }
}

static bool is_wanted(const struct inbox_items *items)
{
    for (const struct inbox_item *item = items->first; item != NULL; item = item->next)
        for (size_t i = 0; !item->located && i < WEBHOOK_REFERENCES; i++)
            if (item->references[i][0] != '\0')
                return true;
    return false;
}

enum status inbox_locate(struct inbox *inbox, struct inbox_items *items, struct error *error)
{
    if (!is_wanted(items))
        return STATUS_OK;
    struct unit *unit = begin(inbox);
    struct call *whole = ask(unit, &LOCATE_WHOLE, items, false);
    struct call *beginning = ask(unit, &LOCATE_BEGINNING, items, true);
    database_send(unit);
    enum status status = database_wait(unit, error);
    if (status == STATUS_OK) {
        take(inbox, items, whole);
        take(inbox, items, beginning);
    }
    return finish(inbox, unit, status);
}

static void save_progress(const struct inbox *inbox, struct unit *unit)
{
    struct column *partitions = column_create(unit, COLUMN_INT4);
    struct column *offsets = column_create(unit, COLUMN_INT8);
    for (int32_t i = 0; i < inbox->partitions; i++) {
        column_int4(partitions, i);
        column_int8(offsets, inbox->next[i]);
    }
    struct call *call = unit_call(unit, &PROGRESS_SAVE);
    call_column(call, partitions);
    call_column(call, offsets);
}

static void save_names(struct unit *unit, const struct inbox_items *items)
{
    struct columns columns = {.unit = unit};
    for (const struct inbox_alias *alias = items->aliases; alias != NULL; alias = alias->next) {
        columns_row(&columns);
        columns_int4(&columns, alias->provider);
        columns_text(&columns, alias->account);
        columns_text(&columns, alias->names[0]);
        columns_text(&columns, alias->names[1]);
    }
    (void)columns_call(&columns, &NAMES_SAVE);
}

/* What was not found, and is not kept yet. */
static enum status keep(struct inbox *inbox, struct unit *unit, const struct inbox_items *items,
                        struct call **kept)
{
    struct columns columns = {.unit = unit};
    for (const struct inbox_item *item = items->first; item != NULL; item = item->next) {
        uint8_t *bytes = NULL;
        size_t size = 0;
        if (item->located || item->stored)
            continue;
        if (message_pack(&item->event->base, inbox->arena, &bytes, &size) != STATUS_OK)
            return STATUS_EXHAUSTED;
        columns_row(&columns);
        columns_text(&columns, item->event->event_id);
        columns_int4(&columns, (int32_t)item->event->provider);
        columns_text(&columns, item->references[0]);
        columns_text(&columns, item->references[1]);
        columns_bool(&columns, item->prefix);
        columns_text(&columns, item->account);
        columns_bool(&columns, item->event->verified);
        columns_bytes(&columns, bytes, size);
        columns_time(&columns, item->received_us);
        columns_time(&columns, item->expires_us);
    }
    *kept = columns_call(&columns, &KEEP);
    return STATUS_OK;
}

/* What was kept: found by now, or to be looked for again. */
static size_t settle_kept(struct unit *unit, const struct inbox_items *items,
                          struct call **forgotten)
{
    struct column *found = column_create(unit, COLUMN_TEXT);
    struct column *later = column_create(unit, COLUMN_TEXT);
    struct column *gone = column_create(unit, COLUMN_BOOL);
    for (const struct inbox_item *item = items->first; item != NULL; item = item->next) {
        if (item->stored && item->located)
            column_text(found, item->stored_id);
        if (!item->stored || item->located)
            continue;
        column_text(later, item->stored_id);
        column_bool(gone, item->expired);
    }
    if (column_count(found) > 0)
        call_column(unit_call(unit, &FORGET), found);
    if (column_count(later) > 0) {
        struct call *call = unit_call(unit, &LATER);
        call_column(call, later);
        call_column(call, gone);
        *forgotten = unit_call(unit, &FORGET_EXPIRED);
    }
    return column_count(found);
}

/* What the one row of such an answer counts. */
static int64_t count_of(const struct call *call)
{
    return call == NULL ? 0 : rows_int8(call, 0, 0);
}

enum status inbox_save(struct inbox *inbox, const struct inbox_items *items, struct error *error)
{
    struct call *kept = NULL;
    struct unit *unit = begin(inbox);
    save_progress(inbox, unit);
    save_names(unit, items);
    enum status status = keep(inbox, unit, items, &kept);
    struct call *forgotten = NULL;
    size_t found = settle_kept(unit, items, &forgotten);
    if (status == STATUS_OK) {
        database_send(unit);
        status = database_wait(unit, error);
    }
    if (status == STATUS_OK)
        inbox->waiting += count_of(kept) - (int64_t)found - count_of(forgotten);
    return finish(inbox, unit, status);
}

static void read_due(struct inbox *inbox, const struct call *call, size_t row,
                     struct inbox_items *items)
{
    size_t size = 0;
    ProtobufCMessage *message = NULL;
    struct error error = {0};
    const void *bytes = rows_bytes(call, row, 4, &size);
    void *copy = arena_alloc(inbox->arena, size + 1);
    if (copy == NULL)
        return;
    memcpy(copy, bytes, size);
    if (message_unpack(&redress__v1__provider_event__descriptor, copy, size, inbox->arena, &message,
                       &error) != STATUS_OK) {
        log_write(LOG_ERROR, "a kept notice cannot be read", "event", rows_text(call, row, 0),
                  NULL);
        return;
    }
    struct inbox_item *item = inbox_item_add(inbox, items);
    if (item == NULL)
        return;
    item->event = (Redress__V1__ProviderEvent *)message;
    item->references[0] = arena_printf(inbox->arena, "%s", rows_text(call, row, 1));
    item->references[1] = arena_printf(inbox->arena, "%s", rows_text(call, row, 2));
    item->prefix = rows_bool(call, row, 3);
    item->received_us = rows_time(call, row, 5);
    item->expires_us = rows_time(call, row, 6);
    item->expired = rows_bool(call, row, 7);
    item->account = arena_printf(inbox->arena, "%s", rows_text(call, row, 8));
    item->stored = true;
    item->stored_id = item->event->event_id;
}

enum status inbox_load_due(struct inbox *inbox, struct inbox_items *items, struct error *error)
{
    struct unit *unit = begin(inbox);
    struct call *call = unit_call(unit, &DUE);
    call_int8(call, INBOX_CHECK_MAX);
    database_send(unit);
    enum status status = database_wait(unit, error);
    for (size_t row = 0; status == STATUS_OK && row < rows_count(call); row++)
        read_due(inbox, call, row, items);
    return finish(inbox, unit, status);
}
