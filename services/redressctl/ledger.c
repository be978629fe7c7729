/* redressctl ledger: what was booked, what the accounts hold, and whether it is as it was. */

#include "command.h"
#include "known_words.h"
#include "ledger_verify.h"
#include "listing.h"
#include "options.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define FILTER                                                                              \
    " WHERE ($1::text IS NULL OR merchant_id = $1) AND ($2::text IS NULL OR order_id = $2)" \
    "   AND ($3::text IS NULL OR payment_id = $3) AND ($4::text IS NULL OR payout_id = $4)"

static const char show_sql[] =
    "SELECT to_char(booked_at, 'YYYY-MM-DD HH24:MI:SS') AS \"BOOKED (UTC)\", movement AS"
    "       \"MOVEMENT\", debited AS \"DEBIT\", credited AS \"CREDIT\","
    "       amount_minor || ' ' || currency AS \"AMOUNT\", order_id AS \"ORDER\", payment_id AS"
    "       \"PAYMENT\", coalesce(payout_id, '') AS \"PAYOUT\", cause AS \"BY\""
    "  FROM view.ledger_line" FILTER " AND ($5::text IS NULL OR upper($5) IN (debited, credited))"
    " ORDER BY transfer_id DESC LIMIT coalesce($6::bigint, 100)";
static const char show_json_sql[] = "SELECT * FROM view.ledger_line" FILTER
                                    " AND ($5::text IS NULL OR upper($5) IN (debited, credited))"
                                    " ORDER BY transfer_id DESC LIMIT coalesce($6::bigint, 100)";

static const char accounts_sql[] =
    "SELECT account AS \"ACCOUNT\", sum(amount_minor)::bigint || ' ' || currency AS \"AMOUNT\","
    "       count(*) AS \"ENTRIES\" FROM view.ledger" FILTER
    "   AND ($5::text IS NULL OR account = upper($5)) GROUP BY account, currency"
    " ORDER BY currency, account LIMIT $6::bigint";
static const char accounts_json_sql[] =
    "SELECT account, currency, sum(amount_minor)::bigint AS amount_minor, count(*) AS entries"
    "  FROM view.ledger" FILTER
    "   AND ($5::text IS NULL OR account = upper($5)) GROUP BY account, currency"
    " ORDER BY currency, account LIMIT $6::bigint";

enum { FILTERS = 6 };

struct ledger_options {
    const char *filters[FILTERS]; /* as the parameters above */
    bool json;
};

static enum status list(const struct session *session, const struct ledger_options *options,
                        const char *plain, const char *json, struct error *error)
{
    struct database *database;
    enum status status = session_database(session, "settlement", &database, error);
    if (status != STATUS_OK)
        return status;
    status = listing_print(database, options->json ? json : plain, options->filters, FILTERS,
                           options->json, error);
    database_close(database);
    return status;
}

static void print_verdict(const json_t *verdict)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(verdict, "shards"), i, row)
    {
        const json_t *fault = json_object_get(row, "fault");
        printf("shard %" JSON_INTEGER_FORMAT ": %" JSON_INTEGER_FORMAT
               " lines, %" JSON_INTEGER_FORMAT " published heads agree%s%s\n",
               json_integer_value(json_object_get(row, "shard")),
               json_integer_value(json_object_get(row, "lines")),
               json_integer_value(json_object_get(row, "heads")), json_is_string(fault) ? "; " : "",
               json_is_string(fault) ? json_string_value(fault) : "");
    }
    json_array_foreach(json_object_get(verdict, "sums"), i, row)
    {
        printf("%s sums to %" JSON_INTEGER_FORMAT "\n",
               json_string_value(json_object_get(row, "currency")),
               json_integer_value(json_object_get(row, "sum_minor")));
    }
}

static enum status verify(const struct session *session, bool json, struct error *error)
{
    json_t *verdict;
    enum status status = ledger_verify(session, &verdict, error);
    if (status != STATUS_OK)
        return status;
    bool holds = json_is_true(json_object_get(verdict, "holds"));
    if (json) {
        command_print(verdict);
    } else {
        print_verdict(verdict);
    }
    if (!holds)
        status = error_set(error, STATUS_INVALID,
                           "the ledger is not as it was written: keep a copy of the database as it"
                           " is, and compare the lines named above with a backup");
    else if (!json)
        printf("the ledger holds: %" JSON_INTEGER_FORMAT " lines, %" JSON_INTEGER_FORMAT
               " published heads agree\n",
               json_integer_value(json_object_get(verdict, "lines")),
               json_integer_value(json_object_get(verdict, "heads")));
    json_decref(verdict);
    return status;
}

static enum status run(const struct session *session, const char *what,
                       const struct ledger_options *options, struct error *error)
{
    if (strcmp(what, "show") == 0)
        return list(session, options, show_sql, show_json_sql, error);
    if (strcmp(what, "accounts") == 0)
        return list(session, options, accounts_sql, accounts_json_sql, error);
    return verify(session, options->json, error);
}

/* As in services/settlement/ledger.h. */
static const char *const accounts[] = {"REFUNDS",     "PAYABLE",      "CLEARING", "DISPUTED",
                                       "CHARGEBACKS", "STORE_CREDIT", "BANK",     "FEES"};

int command_ledger(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "show|accounts|verify",
        .text =
            "show      lists movements, the newest first (100 unless --limit says more)\n"
            "accounts  sums the entries of each account and currency\n"
            "verify    recomputes the ledger's hash chains and compares them with the heads on\n"
            "          refunds.control.v1; exit code 1 if a line was changed or removed",
        .least = 1,
        .most = 1,
    };
    struct ledger_options options = {0};
    const struct option_row rows[] = {
        {"merchant", OPTION_TEXT, "NAME", "only of this merchant", &options.filters[0], 0, 0},
        {"order", OPTION_TEXT, "ORDER", "only of this order", &options.filters[1], 0, 0},
        {"payment", OPTION_TEXT, "PAYMENT", "only of this payment", &options.filters[2], 0, 0},
        {"payout", OPTION_TEXT, "PAYOUT", "only of this payout", &options.filters[3], 0, 0},
        {"account", OPTION_TEXT, "ACCOUNT", "such as PAYABLE or CLEARING", &options.filters[4], 0,
         0},
        {"limit", OPTION_COUNT, "N", "at most N lines", &options.filters[5], 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (!known_word(argv[0], "account", options.filters[4], accounts,
                    sizeof accounts / sizeof *accounts))
        return COMMAND_USAGE;
    if (strcmp(line.arguments[0], "show") != 0 && strcmp(line.arguments[0], "accounts") != 0 &&
        strcmp(line.arguments[0], "verify") != 0)
        return options_refuse(argv[0], "there is no %s: show, accounts or verify",
                              line.arguments[0]);
    return command_end(argv[0], run(&line.session, line.arguments[0], &options, &error), &error);
}
