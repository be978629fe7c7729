/* redressctl cases: the cases that people decide. */

#include "command.h"
#include "known_words.h"
#include "listing.h"
#include "options.h"
#include "redress/v1/routed.pb-c.h"
#include "session.h"

#include <stddef.h>

#define CHOSEN                                                                              \
    "($1::text IS NULL OR status = upper($1)) AND ($2::text IS NULL OR queue = $2)"         \
    " AND ($4::text IS NULL OR (taken_by = $4 AND taken_until > now()))"                    \
    " AND ($5::boolean IS NULL OR (due_at < now() AND status IN ('OPEN', 'WAITING')) = $5)" \
    " ORDER BY due_at, case_id LIMIT $3::bigint"

/* For people: what to decide, why, until when. */
static const char plain_sql[] =
    "SELECT case_id AS \"CASE\", status AS \"STATUS\", queue AS \"QUEUE\", level AS \"LEVEL\","
    "       cardinality(approvers) || ' of ' || approvers_needed AS \"APPROVED\","
    "       amount_minor || ' ' || currency AS \"AMOUNT\", order_id AS \"ORDER\","
    "       taken_by AS \"TAKEN BY\","
    "       to_char(due_at, 'YYYY-MM-DD HH24:MI') AS \"DUE (UTC)\","
    "       array_to_string(why, '; ') AS \"WHY\""
    "  FROM view.approval_case"
    " WHERE " CHOSEN;

static const char json_sql[] = "SELECT * FROM view.approval_case WHERE " CHOSEN;

struct cases_options {
    const char *status;
    const char *queue;
    const char *limit;
    const char *mine;
    bool overdue;
    bool all;
    bool json;
};

static enum status list(const struct session *session, const struct cases_options *options,
                        struct error *error)
{
    const char *const params[] = {options->all ? NULL : options->status, options->queue,
                                  options->limit, options->mine, options->overdue ? "true" : NULL};
    struct database *database;
    enum status status = session_database(session, "routing", &database, error);
    if (status != STATUS_OK)
        return status;
    status = listing_print(database, options->json ? json_sql : plain_sql, params, 5, options->json,
                           error);
    database_close(database);
    return status;
}

int command_cases(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text = "Lists cases, the most urgent first: by default those that are open.",
    };
    struct cases_options options = {.status = "OPEN"};
    const struct option_row rows[] = {
        {"status", OPTION_TEXT, "STATUS", "OPEN, WAITING, APPROVED, DECLINED, CANCELLED or EXPIRED",
         &options.status, 0, 0},
        {"all", OPTION_FLAG, NULL, "cases of every status", &options.all, 0, 0},
        {"queue", OPTION_TEXT, "QUEUE", "only of this queue", &options.queue, 0, 0},
        {"mine", OPTION_TEXT, "WHO", "only those that WHO has taken", &options.mine, 0, 0},
        {"overdue", OPTION_FLAG, NULL, "only those whose deadline has passed", &options.overdue, 0,
         0},
        {"limit", OPTION_COUNT, "N", "at most N cases", &options.limit, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (!known_enum_word(argv[0], "status", options.status, &redress__v1__case_status__descriptor))
        return COMMAND_USAGE;
    return command_end(argv[0], list(&line.session, &options, &error), &error);
}
