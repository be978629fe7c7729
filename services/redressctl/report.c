/* redressctl report: what happened to orders and requests, from the workers' views. */

#include "report.h"

#include "arena.h"
#include "command.h"
#include "listing.h"
#include "message.h"
#include "options.h"
#include "redress/v1/control.pb-c.h"
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPORT_ARENA_MAX = 4 * 1024 * 1024 /* one event */ };

/* $1 is the merchant, NULL for all. */
#define OF_MERCHANT " ($1::text IS NULL OR merchant_id = $1)"

static const char orders_sql[] =
    "SELECT coalesce(sum(orders), 0), coalesce(sum(lines), 0) FROM view.report_order"
    " WHERE" OF_MERCHANT;

static const char requests_sql[] =
    "SELECT coalesce(sum(requests), 0) FROM view.report_request WHERE" OF_MERCHANT;

/* Name, currency, count, minor units. */
static const char captured_sql[] =
    "SELECT 'captured', currency, sum(captures), sum(captured_minor) FROM view.report_capture"
    " WHERE" OF_MERCHANT " GROUP BY currency ORDER BY currency";

static const char outcomes_sql[] =
    "SELECT outcome, currency, sum(refunds), sum(claim_minor) FROM view.report_outcome"
    " WHERE" OF_MERCHANT " GROUP BY outcome, currency ORDER BY outcome, currency";

static const char routes_sql[] =
    "SELECT authority, currency, sum(refunds), sum(claim_minor) FROM view.report_route"
    " WHERE outcome = 'COMPLIANT' AND" OF_MERCHANT
    " GROUP BY authority, currency ORDER BY authority, currency";

static const char payouts_sql[] =
    "SELECT status, currency, sum(payouts), sum(amount_minor) FROM view.report_payout"
    " WHERE status <> 'NONE' AND" OF_MERCHANT
    " GROUP BY status, currency ORDER BY status, currency";

/* Beside the totals, for people. X(part, worker, query) */
#define DETAIL_ROWS(X)                                                                             \
    X(parked, "intake",                                                                            \
      "SELECT coalesce(waiting_for, status) AS what, count(*) AS count,"                           \
      "       min(received_at) AS since,"                                                          \
      "       min(deadline_at) AS due FROM view.refund"                                            \
      " WHERE status IN ('PARKED', 'NEEDS_INFO') AND" OF_MERCHANT " GROUP BY 1 ORDER BY 1")        \
    X(cases, "routing",                                                                            \
      "SELECT queue, level, status, sum(count) AS count, min(due) AS due,"                         \
      "       json_object_agg(currency, minor ORDER BY currency) AS amounts"                       \
      "  FROM (SELECT queue, level, status, currency, count(*) AS count,"                          \
      "               sum(amount_minor) AS minor, min(due_at) AS due FROM view.approval_case"      \
      "         WHERE status IN ('OPEN', 'WAITING') AND" OF_MERCHANT                               \
      "         GROUP BY queue, level, status, currency) AS each"                                  \
      " GROUP BY queue, level, status ORDER BY queue, level, status")                              \
    X(payouts, "settlement",                                                                       \
      "SELECT status, sum(count) AS count, min(since) AS since,"                                   \
      "       json_object_agg(currency, minor ORDER BY currency) AS amounts"                       \
      "  FROM (SELECT status, currency, count(*) AS count, sum(amount_minor) AS minor,"            \
      "               min(reserved_at) AS since FROM view.payout"                                  \
      "         WHERE status NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'REFUSED')"               \
      "           AND" OF_MERCHANT " GROUP BY status, currency) AS each"                           \
      " GROUP BY status ORDER BY status")                                                          \
    X(reconciliation, "analytics",                                                                 \
      "SELECT name, sum(count) AS count,"                                                          \
      "       json_object_agg(currency, minor ORDER BY currency) AS amounts"                       \
      "  FROM (SELECT reconciliation AS name, currency, sum(payouts) AS count,"                    \
      "               sum(amount_minor) AS minor FROM view.report_payout"                          \
      "         WHERE provider <> 'NONE' AND" OF_MERCHANT                                          \
      "         GROUP BY reconciliation, currency) AS each"                                        \
      " GROUP BY name ORDER BY name")                                                              \
    X(reasons, "analytics",                                                                        \
      "SELECT name, sum(count) AS count,"                                                          \
      "       json_object_agg(currency, minor ORDER BY currency) FILTER (WHERE currency <> '')"    \
      "           AS claimed,"                                                                     \
      "       json_object_agg(currency, paid ORDER BY currency) FILTER (WHERE currency <> '') AS " \
      "paid"                                                                                       \
      "  FROM (SELECT reason AS name, currency, sum(refunds) AS count, sum(claim_minor) AS minor," \
      "               sum(paid_minor) AS paid FROM view.report_outcome WHERE" OF_MERCHANT          \
      "         GROUP BY reason, currency) AS each GROUP BY name ORDER BY 2 DESC, name")           \
    X(products, "analytics",                                                                       \
      "SELECT sku, currency, units_sold, units_returned, returned_minor AS minor"                  \
      "  FROM view.report_product WHERE units_returned > 0 AND" OF_MERCHANT                        \
      " ORDER BY units_returned DESC, sku, currency LIMIT 10")                                     \
    X(rules, "analytics",                                                                          \
      "SELECT decision, rule, outcome, sum(hits) AS hits, sum(approved) AS approved,"              \
      "       sum(declined) AS declined, sum(overturned) AS overturned"                            \
      "  FROM view.report_rule WHERE" OF_MERCHANT                                                  \
      " GROUP BY decision, rule, outcome ORDER BY sum(hits) DESC, decision, rule LIMIT 10")        \
    X(approvers, "analytics",                                                                      \
      "SELECT approver, currency, sum(approved) AS approved, sum(declined) AS declined,"           \
      "       sum(approved_minor) AS minor FROM view.report_approver WHERE" OF_MERCHANT            \
      " GROUP BY approver, currency ORDER BY sum(approved + declined) DESC, approver LIMIT 10")    \
    X(policy_gaps, "analytics",                                                                    \
      "SELECT decision, rule, outcome, decided, overturned, overturned_percent"                    \
      "  FROM view.report_policy_gap WHERE overturned > 0 AND decided >= 5 AND" OF_MERCHANT        \
      " ORDER BY overturned_percent DESC, overturned DESC, decision, rule LIMIT 10")               \
    X(overturns, "analytics",                                                                      \
      "SELECT approver, judgements, overturned, overturned_percent"                                \
      "  FROM view.report_approver_overturn WHERE judgements >= 5 AND" OF_MERCHANT                 \
      " ORDER BY overturned_percent DESC, approver LIMIT 10")                                      \
    X(consistency, "analytics",                                                                    \
      "SELECT approver, decision, rule, outcome, decided, approved_percent, others_decided,"       \
      "       others_approved_percent"                                                             \
      "  FROM view.report_consistency"                                                             \
      " WHERE decided >= 5 AND others_decided >= 5 AND apart >= 20 AND" OF_MERCHANT                \
      " ORDER BY apart DESC, approver, decision, rule LIMIT 10")                                   \
    X(mismatches, "analytics",                                                                     \
      "SELECT reconciliation, payout_id, refund_id, order_id, status, amount_minor AS expected,"   \
      "       coalesce(currency, reported_currency) AS currency, reported_minor AS reported"       \
      "  FROM view.report_mismatch"                                                                \
      " WHERE reconciliation <> 'RESOLVED' AND" OF_MERCHANT                                        \
      " ORDER BY amount_minor DESC, payout_id LIMIT 10")

struct detail {
    const char *part;
    const char *worker;
    const char *sql;
};

static const struct detail details[] = {
#define X(part_, worker_, sql_) {.part = #part_, .worker = worker_, .sql = sql_},
    DETAIL_ROWS(X)
#undef X
};

static enum status number_of(const char *text, int64_t *number, struct error *error)
{
    char *end;
    errno = 0;
    *number = text == NULL ? 0 : strtoll(text, &end, 10);
    if (errno == ERANGE)
        return error_set(error, STATUS_OVERFLOW, "a total does not fit into 64 bits: %s", text);
    return STATUS_OK;
}

/* The columns of the only row, into members of these names. */
static enum status add_numbers(struct database *database, const char *sql, const char *merchant,
                               const char *const *names, int count, json_t *json,
                               struct error *error)
{
    struct table *table;
    enum status status = database_query(database, sql, &merchant, 1, &table, error);
    if (status != STATUS_OK)
        return status;
    for (int i = 0; i < count && status == STATUS_OK; i++) {
        int64_t number;
        status = number_of(table_value(table, 0, i), &number, error);
        if (status == STATUS_OK)
            json_object_set_new(json, names[i], json_integer(number));
    }
    table_free(table);
    return status;
}

/* Nobody has taken what is rejected into account: there is no amount. */
static bool has_amount(const char *name)
{
    return strncmp(name, "REJECTED", strlen("REJECTED")) != 0;
}

static enum status add_row(const struct table *table, size_t row, json_t *json, struct error *error)
{
    const char *name = table_value(table, row, 0), *currency = table_value(table, row, 1);
    int64_t count, minor;
    enum status status = number_of(table_value(table, row, 2), &count, error);
    if (status == STATUS_OK)
        status = number_of(table_value(table, row, 3), &minor, error);
    if (status != STATUS_OK)
        return status;
    json_t *entry = json_object_get(json, name);
    if (entry == NULL) {
        entry = json_pack("{s:i}", "count", 0);
        if (has_amount(name))
            json_object_set_new(entry, "amount_minor", json_object());
        json_object_set_new(json, name, entry);
    }
    json_t *total = json_object_get(entry, "count");
    json_integer_set(total, json_integer_value(total) + count);
    if (has_amount(name) && currency[0] != '\0')
        json_object_set_new(json_object_get(entry, "amount_minor"), currency, json_integer(minor));
    return STATUS_OK;
}

/* {name: {"count", "amount_minor": {currency: minor}}} of rows of name, currency, count and minor
 * units. A new reference. */
static enum status read_groups(struct database *database, const char *sql, const char *merchant,
                               json_t **groups, struct error *error)
{
    struct table *table;
    enum status status = database_query(database, sql, &merchant, 1, &table, error);
    if (status != STATUS_OK)
        return status;
    *groups = json_object();
    for (size_t i = 0; i < table_rows(table) && status == STATUS_OK; i++)
        status = add_row(table, i, *groups, error);
    table_free(table);
    if (status != STATUS_OK)
        json_decref(*groups);
    return status;
}

struct skips {
    json_t *imports; /* by name: what the latest import of that name left out */
    const char *merchant;
    struct arena *arena;
};

static enum status take_control(void *context, const struct record *record, struct error *error)
{
    struct skips *skips = context;
    struct error unreadable;
    ProtobufCMessage *message;
    (void)error;
    arena_reset(skips->arena);
    if (record->value == NULL ||
        message_unpack(topic_info(TOPIC_CONTROL)->message, record->value, record->value_size,
                       skips->arena, &message, &unreadable) != STATUS_OK)
        return STATUS_OK;
    const Redress__V1__ControlEvent *event = (const void *)message;
    if (event->event_case != REDRESS__V1__CONTROL_EVENT__EVENT_IMPORT_SUMMARY ||
        (skips->merchant != NULL && strcmp(skips->merchant, event->merchant_id) != 0))
        return STATUS_OK;
    json_t *counts = json_object();
    for (size_t i = 0; i < event->import_summary->n_skipped; i++)
        json_object_set_new(counts, event->import_summary->skipped[i]->key,
                            json_integer(event->import_summary->skipped[i]->value));
    json_object_set_new(skips->imports, event->import_summary->name, counts);
    return STATUS_OK;
}

/* What imports left out: only they know, and say so on the control topic. */
static enum status add_skipped(const struct session *session, const char *merchant, json_t *json,
                               struct error *error)
{
    static const enum topic topics[] = {TOPIC_CONTROL};
    const struct replay replay = {.topics = topics, .topic_count = 1};
    struct skips skips = {
        .imports = json_object(), .merchant = merchant, .arena = arena_create(REPORT_ARENA_MAX)};
    if (skips.arena == NULL || skips.imports == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = replay_run(session, &replay, take_control, &skips, error);
    json_t *skipped = json_object(), *counts, *count;
    const char *name, *reason;
    json_object_foreach(skips.imports, name, counts) json_object_foreach(counts, reason, count)
        json_object_set_new(skipped, reason,
                            json_integer(json_integer_value(count) +
                                         json_integer_value(json_object_get(skipped, reason))));
    json_object_set_new(json, "skipped", skipped);
    json_decref(skips.imports);
    arena_destroy(skips.arena);
    return status;
}

static enum status add_groups(struct database *database, const char *name, const char *sql,
                              const char *merchant, json_t *json, struct error *error)
{
    json_t *groups;
    enum status status = read_groups(database, sql, merchant, &groups, error);
    if (status == STATUS_OK)
        json_object_set_new(json, name, groups);
    return status;
}

static enum status add_captured(struct database *database, const char *merchant, json_t *json,
                                struct error *error)
{
    json_t *groups;
    enum status status = read_groups(database, captured_sql, merchant, &groups, error);
    if (status != STATUS_OK)
        return status;
    json_t *amounts = json_object_get(json_object_get(groups, "captured"), "amount_minor");
    if (amounts == NULL)
        json_object_set_new(json, "captured", json_object());
    else
        json_object_set(json, "captured", amounts);
    json_decref(groups);
    return STATUS_OK;
}

static enum status read_totals(const struct session *session, const char *merchant, json_t *json,
                               struct error *error)
{
    static const char *const order_names[] = {"orders", "order_lines"};
    static const char *const request_names[] = {"requests"};
    struct database *database;
    enum status status = session_database(session, "analytics", &database, error);
    if (status != STATUS_OK)
        return status;
    status = add_numbers(database, orders_sql, merchant, order_names, 2, json, error);
    if (status == STATUS_OK)
        status = add_captured(database, merchant, json, error);
    if (status == STATUS_OK)
        status = add_numbers(database, requests_sql, merchant, request_names, 1, json, error);
    if (status == STATUS_OK)
        status = add_skipped(session, merchant, json, error);
    if (status == STATUS_OK)
        status = add_groups(database, "outcomes", outcomes_sql, merchant, json, error);
    if (status == STATUS_OK)
        status = add_groups(database, "routes", routes_sql, merchant, json, error);
    if (status == STATUS_OK)
        status = add_groups(database, "payouts", payouts_sql, merchant, json, error);
    database_close(database);
    return status;
}

static enum status read_details(const struct session *session, const char *merchant, json_t *json,
                                struct error *error)
{
    struct database *database = NULL;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof details / sizeof *details && status == STATUS_OK; i++) {
        json_t *rows;
        if (i == 0 || strcmp(details[i].worker, details[i - 1].worker) != 0) {
            database_close(database);
            database = NULL;
            status = session_database(session, details[i].worker, &database, error);
        }
        if (status == STATUS_OK)
            status = listing_json(database, details[i].sql, &merchant, 1, &rows, error);
        if (status == STATUS_OK)
            json_object_set_new(json, details[i].part, rows);
    }
    database_close(database);
    return status;
}

static enum status run(const struct session *session, const char *merchant, bool as_json,
                       struct error *error)
{
    json_t *totals = json_object(), *beside = json_object();
    enum status status = read_totals(session, merchant, totals, error);
    if (status == STATUS_OK && !as_json)
        status = read_details(session, merchant, beside, error);
    if (status == STATUS_OK && as_json) {
        command_print(totals);
    } else if (status == STATUS_OK) {
        report_print(totals, beside, merchant);
    }
    json_decref(totals);
    json_decref(beside);
    return status;
}

int command_report(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text = "Counts orders, requests, what became of them, who decided and what was paid; then "
                "what\n"
                "waits for whom, and what stands out. --json prints the counts alone.",
    };
    const char *merchant = NULL;
    bool json = false;
    const struct option_row rows[] = {
        {"merchant", OPTION_TEXT, "ID", "only this merchant", &merchant, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0], run(&line.session, merchant, json, &error), &error);
}
