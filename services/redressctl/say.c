/* redressctl take, give-back, comment, lift: what people do to a case beside deciding it. */

#include "approver.h"
#include "clock.h"
#include "command.h"
#include "options.h"
#include "redress/v1/routed.pb-c.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

static const char case_sql[] =
    "SELECT merchant_id, case_id, refund_id, order_id, version, subject_hash, currency, status,"
    "       taken_by"
    "  FROM view.approval_case WHERE case_id = $1";

struct saying {
    const char *person, *role, *note, *on_behalf_of;
    int verdict;
    int64_t wait_s;
};

static enum status say_about(const struct session *session, struct database *routing,
                             const struct saying *saying, const struct open_case *about,
                             struct error *error)
{
    struct approver approver;
    const struct opinion opinion = {.verdict = saying->verdict,
                                    .person = saying->person,
                                    .role = saying->role,
                                    .note = saying->note,
                                    .on_behalf_of = saying->on_behalf_of,
                                    .now_us = clock_wall_us()};
    enum status status = approver_open(session, routing, saying->wait_s, &approver, error);
    if (status == STATUS_OK)
        status = approver_say(&approver, about, &opinion, error);
    if (status == STATUS_OK)
        status = approver_finish(&approver, error);
    approver_close(&approver);
    return status;
}

/* What routing would refuse anyway is said at once. */
static enum status check(const struct saying *saying, const struct table *table,
                         const char *case_id, struct error *error)
{
    if (table_rows(table) == 0)
        return error_set(error, STATUS_NOT_FOUND, "there is no case %s", case_id);
    const char *status = table_value(table, 0, 7), *taken_by = table_value(table, 0, 8);
    if (strcmp(status, "OPEN") != 0)
        return error_set(error, STATUS_INVALID, "case %s is %s", case_id, status);
    bool own = strcmp(taken_by, saying->person) == 0;
    if (saying->verdict == REDRESS__V1__VERDICT__VERDICT_TAKE && taken_by[0] != '\0' && !own)
        return error_set(error, STATUS_INVALID, "%s works on case %s", taken_by, case_id);
    if (saying->verdict == REDRESS__V1__VERDICT__VERDICT_GIVE_BACK && !own)
        return error_set(error, STATUS_INVALID, "%s does not work on case %s", saying->person,
                         case_id);
    return STATUS_OK;
}

static enum status say(const struct session *session, const struct saying *saying,
                       const char *case_id, struct error *error)
{
    struct database *database;
    struct table *table = NULL;
    enum status status = session_database(session, "routing", &database, error);
    if (status != STATUS_OK)
        return status;
    status = database_query(database, case_sql, &case_id, 1, &table, error);
    if (status == STATUS_OK)
        status = check(saying, table, case_id, error);
    if (status == STATUS_OK) {
        const struct open_case about = {.merchant_id = table_value(table, 0, 0),
                                        .case_id = table_value(table, 0, 1),
                                        .refund_id = table_value(table, 0, 2),
                                        .order_id = table_value(table, 0, 3),
                                        .version = table_value(table, 0, 4),
                                        .subject_hash = table_value(table, 0, 5),
                                        .currency = table_value(table, 0, 6)};
        status = say_about(session, database, saying, &about, error);
    }
    table_free(table);
    database_close(database);
    return status;
}

#define WHO_SAYS                                                                              \
    "\nIt is signed with REDRESS_CONSOLE_KEY_FILE, the key of an application in the roster. " \
    "Ends\nwhen routing has judged it, with exit code 1 and the reason where it is refused."

/* X(name of the function, Verdict, role unless said, arguments, least, help) */
#define SAY_ROWS(X)                                                                                \
    X(take, TAKE, "APPROVER", "CASE", 1,                                                           \
      "Somebody works on the case: nobody else decides it until it is given back or their time\n"  \
      "is over." WHO_SAYS)                                                                         \
    X(give_back, GIVE_BACK, "APPROVER", "CASE", 1,                                                 \
      "Whoever took the case does not work on it any more." WHO_SAYS)                              \
    X(comment, COMMENT, "APPROVER", "CASE TEXT", 2,                                                \
      "A note for those who look at the case; it decides nothing." WHO_SAYS)                       \
    X(lift, LIFT, "FINANCE", "CASE", 1,                                                            \
      "Automatic approvals of the case's merchant go on after their limit was reached; the case\n" \
      "itself stays to be decided. For finance only." WHO_SAYS)

static int run(int argc, char **argv, int verdict, const char *role, const struct usage *usage)
{
    struct saying saying = {
        .verdict = verdict, .role = role, .note = "", .wait_s = APPROVER_WAIT_S};
    const struct option_row rows[] = {
        {"as", OPTION_TEXT, "WHO", "the person", &saying.person, 0, 0},
        {"role", OPTION_TEXT, "ROLE", "of the person", &saying.role, 0, 0},
        {"behalf", OPTION_TEXT, "WHO", "the person for whom a delegate acts", &saying.on_behalf_of,
         0, 0},
        {"note", OPTION_TEXT, "TEXT", "why", &saying.note, 0, 0},
        {"wait", OPTION_NUMBER, "S", "for routing's verdict (30); 0: not at all", &saying.wait_s, 0,
         APPROVER_WAIT_MAX_S},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (saying.person == NULL)
        return options_refuse(argv[0], "--as says who");
    if (line.count > 1)
        saying.note = line.arguments[1];
    return command_end(argv[0], say(&line.session, &saying, line.arguments[0], &error), &error);
}

#define X(function, verdict, role, words, least_count, help)                              \
    int command_##function(int argc, char **argv)                                         \
    {                                                                                     \
        static const struct usage usage = {                                               \
            .arguments = words, .text = help, .least = least_count, .most = least_count}; \
        return run(argc, argv, REDRESS__V1__VERDICT__VERDICT_##verdict, role, &usage);    \
    }
SAY_ROWS(X)
#undef X
