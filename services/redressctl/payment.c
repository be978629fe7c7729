/* redressctl payment: the cap of one payment, and everything that made it. */

#include "command.h"
#include "listing.h"
#include "money.h"
#include "options.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OF_PAYMENT                                                      \
    " WHERE payment_id = $1 AND ($2::text IS NULL OR merchant_id = $2)" \
    "   AND ($3::text IS NULL OR order_id = $3)"

static const char payment_sql[] =
    "SELECT *, captured_minor - refunded_minor - in_flight_minor - disputed_minor AS left_minor"
    "  FROM view.payment" OF_PAYMENT " ORDER BY merchant_id, order_id LIMIT 100";

/* What happened to it, in order; the events stand in the topics under their ce_id. */
static const char movement_sql[] =
    "SELECT transfer_id, movement, debited, credited, amount_minor, currency, payout_id,"
    "       booked_at, cause FROM view.ledger_line" OF_PAYMENT " ORDER BY booked_at, transfer_id";
static const char payout_sql[] =
    "SELECT payout_id, refund_id, status, amount_minor, currency, provider, provider_refund_id,"
    "       reason, waits_for, cause, updated_at FROM view.payout" OF_PAYMENT
    " ORDER BY reserved_at, payout_id";
/* Refunds and disputes may be known by the provider's reference of the payment only. */
#define OF_REFERENCE                                                          \
    " WHERE ((payment_id = $1) OR (payment_id = '' AND provider_reference IN" \
    "        (SELECT provider_reference FROM view.payment" OF_PAYMENT ")))"   \
    "   AND ($2::text IS NULL OR merchant_id = $2) AND ($3::text IS NULL OR order_id = $3)"
static const char elsewhere_sql[] =
    "SELECT provider_refund_id, status, amount_minor, currency,"
    "       counted_minor FROM view.foreign_refund" OF_REFERENCE " ORDER BY provider_refund_id";
static const char dispute_sql[] = "SELECT dispute_id, status, amount_minor, currency,"
                                  "       counted_minor, fee_minor, fee_currency"
                                  "  FROM view.dispute" OF_REFERENCE " ORDER BY dispute_id";

struct payment_options {
    const char *merchant;
    const char *order;
    bool json;
};

static const char *text(const json_t *row, const char *name)
{
    const char *value = json_string_value(json_object_get(row, name));
    return value == NULL ? "" : value;
}

/* "12.30 GBP"; an amount of a row in a currency of the row. */
static const char *amount(const json_t *row, const char *name, const char *currency, char *into)
{
    struct money money;
    json_int_t minor = json_integer_value(json_object_get(row, name));
    if (money_make(minor, text(row, currency), &money) == STATUS_OK)
        return money_format(money, into);
    (void)snprintf(into, MONEY_TEXT_MAX, "%" JSON_INTEGER_FORMAT, minor);
    return into;
}

static void print_cap(const json_t *payment)
{
    static const struct {
        const char *name, *label;
    } lines[] = {{"captured_minor", "captured"},
                 {"refunded_minor", "refunded, by us and elsewhere"},
                 {"in_flight_minor", "in flight"},
                 {"disputed_minor", "disputed, open and lost"},
                 {"left_minor", "left to pay back"}};
    char into[MONEY_TEXT_MAX];
    printf("payment %s of order %s, %s %s, captured %.16s by %s\n", text(payment, "payment_id"),
           text(payment, "order_id"), text(payment, "provider"),
           text(payment, "provider_reference"), text(payment, "captured_at"),
           text(payment, "cause"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        printf("  %16s  %s\n", amount(payment, lines[i].name, "currency", into), lines[i].label);
    if (json_is_true(json_object_get(payment, "over")))
        puts("  OVER: more was given back and disputed than captured; nothing more is paid");
}

static void print_payouts(const json_t *rows)
{
    char into[MONEY_TEXT_MAX];
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *waits = text(row, "waits_for");
        printf("  %16s  payout %s of refund %s: %s%s%s\n",
               amount(row, "amount_minor", "currency", into), text(row, "payout_id"),
               text(row, "refund_id"), text(row, "status"),
               waits[0] != '\0'                 ? ", waits for "
               : text(row, "reason")[0] != '\0' ? ", "
                                                : "",
               waits[0] != '\0' ? waits : text(row, "reason"));
    }
}

/* Refunds made elsewhere, and disputes. */
static void print_counted(const json_t *rows, const char *what, const char *id)
{
    char into[MONEY_TEXT_MAX], fee[MONEY_TEXT_MAX];
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        printf("  %16s  %s %s: %s", amount(row, "counted_minor", "currency", into), what,
               text(row, id), text(row, "status"));
        if (json_integer_value(json_object_get(row, "fee_minor")) > 0)
            printf(", fee %s", amount(row, "fee_minor", "fee_currency", fee));
        putchar('\n');
    }
}

static void print_movements(const json_t *rows)
{
    char into[MONEY_TEXT_MAX];
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        printf("  %16s  %.19s %s, %s to %s, by %s\n", amount(row, "amount_minor", "currency", into),
               text(row, "booked_at"), text(row, "movement"), text(row, "debited"),
               text(row, "credited"),
               text(row, "cause")[0] == '\0' ? "a deadline" : text(row, "cause"));
    }
}

static void print_plain(const json_t *json)
{
    print_cap(json_object_get(json, "payment"));
    puts("payouts");
    print_payouts(json_object_get(json, "payouts"));
    puts("elsewhere");
    print_counted(json_object_get(json, "elsewhere"), "refund", "provider_refund_id");
    puts("disputes");
    print_counted(json_object_get(json, "disputes"), "dispute", "dispute_id");
    puts("what made it");
    print_movements(json_object_get(json, "movements"));
}

static enum status one_payment(const json_t *rows, const char *payment_id, struct error *error)
{
    if (json_array_size(rows) == 0)
        return error_set(error, STATUS_NOT_FOUND,
                         "settlement knows no payment %s: its capture has not been reported",
                         payment_id);
    if (json_array_size(rows) == 1)
        return STATUS_OK;
    const json_t *first = json_array_get(rows, 0);
    return error_set(error, STATUS_INVALID,
                     "%zu orders have a payment %s (such as %s of %s): name one with --merchant and"
                     " --order",
                     json_array_size(rows), payment_id, text(first, "order_id"),
                     text(first, "merchant_id"));
}

static enum status read(struct database *database, const char *const *params, json_t *json,
                        struct error *error)
{
    static const struct {
        const char *name, *sql;
    } parts[] = {{"payouts", payout_sql},
                 {"elsewhere", elsewhere_sql},
                 {"disputes", dispute_sql},
                 {"movements", movement_sql}};
    json_t *rows;
    enum status status = listing_json(database, payment_sql, params, 3, &rows, error);
    if (status != STATUS_OK)
        return status;
    status = one_payment(rows, params[0], error);
    if (status == STATUS_OK)
        json_object_set(json, "payment", json_array_get(rows, 0));
    json_decref(rows);
    for (size_t i = 0; status == STATUS_OK && i < sizeof parts / sizeof *parts; i++) {
        status = listing_json(database, parts[i].sql, params, 3, &rows, error);
        if (status == STATUS_OK)
            json_object_set_new(json, parts[i].name, rows);
    }
    return status;
}

static enum status show(const struct session *session, const char *payment_id,
                        const struct payment_options *options, struct error *error)
{
    const char *const params[] = {payment_id, options->merchant, options->order};
    struct database *database;
    enum status status = session_database(session, "settlement", &database, error);
    if (status != STATUS_OK)
        return status;
    json_t *json = json_object();
    status = read(database, params, json, error);
    if (status == STATUS_OK && options->json) {
        command_print(json);
    } else if (status == STATUS_OK) {
        print_plain(json);
    }
    json_decref(json);
    database_close(database);
    return status;
}

int command_payment(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "PAYMENT",
        .text = "Shows what a payment was captured for, what of it is given back, in flight or\n"
                "disputed, what is left, and each movement with the event that caused it.",
        .least = 1,
        .most = 1,
    };
    struct payment_options options = {0};
    const struct option_row rows[] = {
        {"merchant", OPTION_TEXT, "NAME", "of this merchant", &options.merchant, 0, 0},
        {"order", OPTION_TEXT, "ORDER", "of this order", &options.order, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0], show(&line.session, line.arguments[0], &options, &error), &error);
}
