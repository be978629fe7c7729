/* redressctl payouts: where money is on its way back, and what it waits for. */

#include "command.h"
#include "known_words.h"
#include "listing.h"
#include "options.h"
#include "redress/v1/payout.pb-c.h"
#include "session.h"

#include <stddef.h>

#define FILTER                                                                                 \
    "  FROM view.payout"                                                                       \
    " WHERE ($1::text IS NULL OR status = upper($1))"                                          \
    "   AND ($2::text IS NULL OR merchant_id = $2)"                                            \
    "   AND ($3::text IS NULL OR provider = upper($3))"                                        \
    "   AND ($4::text IS NULL OR refund_id = $4)"                                              \
    "   AND ($5::text IS NULL OR order_id = $5)"                                               \
    "   AND ($6::text IS NULL OR payment_id = $6)"                                             \
    "   AND ($7::text IS NULL OR reason = $7 OR ($7 = 'STOPPED' AND reason LIKE 'STOPPED:%'))" \
    "   AND ($8::text = 'all' OR waits_for IS NOT NULL)"                                       \
    " ORDER BY updated_at, payout_id LIMIT $9::bigint"

/* For people: what waits longest comes first. */
static const char plain_sql[] =
    "SELECT payout_id AS \"PAYOUT\", status AS \"STATUS\", amount_minor || ' ' || currency AS"
    "       \"AMOUNT\", coalesce(provider, '') AS \"PROVIDER\", order_id AS \"ORDER\","
    "       refund_id AS \"REFUND\", to_char(updated_at, 'YYYY-MM-DD HH24:MI') AS \"SINCE (UTC)\","
    "       coalesce('waits for ' || waits_for, reason) AS \"WHY\"" FILTER;

static const char json_sql[] = "SELECT *" FILTER;

enum { FILTERS = 9 };

struct payouts_options {
    const char *filters[FILTERS]; /* as the parameters of FILTER */
    bool all;
    bool json;
};

static enum status list(const struct session *session, struct payouts_options *options,
                        struct error *error)
{
    struct database *database;
    enum status status = session_database(session, "settlement", &database, error);
    if (status != STATUS_OK)
        return status;
    /* Who names a state or a refund wants to see what has ended, too. */
    bool all = options->all || options->filters[0] != NULL || options->filters[3] != NULL;
    options->filters[7] = all ? "all" : "waiting";
    status = listing_print(database, options->json ? json_sql : plain_sql, options->filters,
                           FILTERS, options->json, error);
    database_close(database);
    return status;
}

int command_payouts(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text = "Lists payouts, those that wait longest first: by default those that have not\n"
                "ended, each with what it waits for.",
    };
    struct payouts_options options = {0};
    const struct option_row rows[] = {
        {"status", OPTION_TEXT, "STATUS", "such as RESERVED, UNKNOWN, MANUAL, SUCCEEDED",
         &options.filters[0], 0, 0},
        {"merchant", OPTION_TEXT, "NAME", "only of this merchant", &options.filters[1], 0, 0},
        {"provider", OPTION_TEXT, "NAME", "such as STRIPE or MANUAL", &options.filters[2], 0, 0},
        {"refund", OPTION_TEXT, "REFUND", "only of this refund", &options.filters[3], 0, 0},
        {"order", OPTION_TEXT, "ORDER", "only of this order", &options.filters[4], 0, 0},
        {"payment", OPTION_TEXT, "PAYMENT", "only of this payment", &options.filters[5], 0, 0},
        {"reason", OPTION_TEXT, "REASON", "such as NOT_FOUND or GOODS_LOST; STOPPED: by any stop",
         &options.filters[6], 0, 0},
        {"limit", OPTION_COUNT, "N", "at most N payouts", &options.filters[8], 0, 0},
        {"all", OPTION_FLAG, NULL, "payouts that have ended, too", &options.all, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (!known_enum_word(argv[0], "status", options.filters[0],
                         &redress__v1__payout_status__descriptor) ||
        !known_enum_word(argv[0], "provider", options.filters[2],
                         &redress__v1__provider__descriptor))
        return COMMAND_USAGE;
    return command_end(argv[0], list(&line.session, &options, &error), &error);
}
