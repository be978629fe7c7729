/* redressctl stop, redressctl resume: payouts wait, or go on. */

#include "command.h"
#include "listing.h"
#include "options.h"
#include "session.h"
#include "stop_rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STOP_WAIT_S = 30, STOP_WAIT_MAX_S = 3600 };

static const char list_sql[] =
    "SELECT id AS \"STOP\", version AS \"VERSION\", CASE WHEN stopped THEN 'holds' ELSE 'resumed'"
    "       END AS \"STATE\","
    "       coalesce(nullif(concat_ws(', ', 'merchant ' || nullif(merchant_id, ''),"
    "       'provider ' || view.provider_name(nullif(provider, 0)), CASE WHEN by_customer THEN"
    "       'a customer' END, 'refund ' || nullif(refund_id, '')), ''), 'everything') AS \"WHAT\","
    "       to_char(since, 'YYYY-MM-DD HH24:MI') AS \"SINCE (UTC)\", author AS \"BY\","
    "       reason AS \"WHY\""
    "  FROM view.rule_stop WHERE stopped OR $1::text = 'all' ORDER BY since, id";
static const char list_json_sql[] =
    "SELECT * FROM view.rule_stop WHERE stopped OR $1::text = 'all' ORDER BY since, id";

struct stop_options {
    struct stop_rule rule;
    bool everything;
    bool list, all;
    bool json;
};

static enum status list(struct database *settlement, const struct stop_options *options,
                        struct error *error)
{
    const char *const params[] = {options->all ? "all" : "held"};
    return listing_print(settlement, options->json ? list_json_sql : list_sql, params, 1,
                         options->json, error);
}

/* The one stop that holds, where it was not named; several are listed. */
static enum status find_only(struct database *settlement, const struct stop_options *options,
                             char id[STOP_ID_MAX], struct error *error)
{
    struct table *table;
    enum status status = database_query(settlement, "SELECT id FROM view.rule_stop WHERE stopped",
                                        NULL, 0, &table, error);
    if (status != STATUS_OK)
        return status;
    size_t count = table_rows(table);
    if (count == 1)
        (void)snprintf(id, STOP_ID_MAX, "%s", table_value(table, 0, 0));
    table_free(table);
    if (count == 1)
        return STATUS_OK;
    if (count == 0)
        return error_set(error, STATUS_NOT_FOUND, "no stop holds");
    status = list(settlement, options, error);
    return status == STATUS_OK
               ? error_set(error, STATUS_INVALID, "%zu stops hold: name one by its id", count)
               : status;
}

static void print_outcome(const struct stop_options *options, const struct stop_outcome *outcome)
{
    if (options->json) {
        json_t *json = json_pack("{s:s, s:I, s:b, s:b}", "id", outcome->id, "version",
                                 (json_int_t)outcome->version, "judged", outcome->known, "accepted",
                                 outcome->accepted);
        command_print(json);
        json_decref(json);
        return;
    }
    printf("%s %s, version %" PRId64 "%s\n", options->rule.stopped ? "stop" : "resumed",
           outcome->id, outcome->version,
           outcome->accepted ? ": in force" : ": published, not judged yet");
}

static bool names_a_part(const struct stop_scope *scope)
{
    return scope->merchant != NULL || scope->provider != NULL || scope->customer != NULL ||
           scope->refund != NULL;
}

static enum status say(const struct session *session, struct database *settlement,
                       const struct stop_options *options, struct error *error)
{
    struct stop_outcome outcome;
    struct stop_rule rule = options->rule;
    char only[STOP_ID_MAX];
    enum status status = STATUS_OK;
    if (!rule.stopped && rule.id == NULL && !options->everything && !names_a_part(&rule.scope)) {
        status = find_only(settlement, options, only, error);
        rule.id = only;
    }
    if (status == STATUS_OK)
        status = stop_rule_publish(session, &rule, &outcome, error);
    if (status != STATUS_OK)
        return status;
    if (outcome.known && !outcome.accepted)
        return error_set(error, STATUS_INVALID, "settlement refuses %s version %" PRId64 ": %s",
                         outcome.id, outcome.version, outcome.reason);
    print_outcome(options, &outcome);
    if (!outcome.known && options->rule.wait_s > 0)
        return error_set(error, STATUS_RETRY,
                         "settlement has not judged %s version %" PRId64 " within %" PRId64
                         " s: is it running? (redressctl status)",
                         outcome.id, outcome.version, options->rule.wait_s);
    return STATUS_OK;
}

static enum status list_or_say(const struct session *session, const struct stop_options *options,
                               struct error *error)
{
    struct database *settlement;
    enum status status = session_database(session, "settlement", &settlement, error);
    if (status != STATUS_OK)
        return status;
    status =
        options->list ? list(settlement, options, error) : say(session, settlement, options, error);
    database_close(settlement);
    return status;
}

/* NULL: it can be said. */
static const char *missing(const struct stop_options *options)
{
    const struct stop_rule *rule = &options->rule;
    if (options->everything && names_a_part(&rule->scope))
        return "--everything and a part of it do not go together";
    if (rule->stopped && !options->everything && !names_a_part(&rule->scope))
        return "name what to stop: --merchant, --provider, --customer, --refund or --everything";
    if (rule->reason == NULL || rule->author == NULL)
        return "--reason and --as are needed: who stops or resumes, and why, is told to everybody";
    if (rule->key_file == NULL)
        return "--key is needed: rules are signed";
    return NULL;
}

static int command(int argc, char **argv, const struct usage *usage, bool stopped)
{
    struct stop_options options = {
        .rule = {.stopped = stopped, .role = "FINANCE", .wait_s = STOP_WAIT_S}};
    struct stop_rule *rule = &options.rule;
    const struct option_row rows[] = {
        {"merchant", OPTION_TEXT, "NAME", "payouts of this merchant", &rule->scope.merchant, 0, 0},
        {"provider", OPTION_TEXT, "NAME", "payouts by this provider, such as STRIPE",
         &rule->scope.provider, 0, 0},
        {"customer", OPTION_TEXT, "TOKEN", "payouts to this customer, of --merchant or of all",
         &rule->scope.customer, 0, 0},
        {"refund", OPTION_TEXT, "REFUND", "payouts of this refund", &rule->scope.refund, 0, 0},
        {"everything", OPTION_FLAG, NULL, "all payouts", &options.everything, 0, 0},
        {"reason", OPTION_TEXT, "TEXT", "why", &rule->reason, 0, 0},
        {"as", OPTION_TEXT, "WHO", "who says it: a staff id", &rule->author, 0, 0},
        {"role", OPTION_TEXT, "ROLE", "their role (FINANCE)", &rule->role, 0, 0},
        {"key", OPTION_TEXT, "FILE", "secret key that may sign stops", &rule->key_file, 0, 0},
        {"wait", OPTION_NUMBER, "SECONDS", "how long to wait for settlement's verdict (30)",
         &rule->wait_s, 0, STOP_WAIT_MAX_S},
        {"list", OPTION_FLAG, NULL, "list the stops that hold", &options.list, 0, 0},
        {"all", OPTION_FLAG, NULL, "with --list: those that were resumed, too", &options.all, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (line.count == 1)
        rule->id = line.arguments[0];
    const char *refusal = options.list ? NULL : missing(&options);
    if (refusal != NULL)
        return options_refuse(argv[0], "%s", refusal);
    return command_end(argv[0], list_or_say(&line.session, &options, &error), &error);
}

int command_stop(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "[ID]",
        .text =
            "Stops payouts: nothing that the stop covers is sent to a provider any more, and what\n"
            "is not sent waits as RESERVED, naming the stop. What was sent is still looked up.\n"
            "Published as a signed rule set; the command ends when settlement has judged it.\n"
            "Without an ID the id follows from what is stopped.",
        .most = 1,
    };
    return command(argc, argv, &usage, true);
}

int command_resume(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "[ID]",
        .text = "Lets stopped payouts go on: names the stop by its ID, or by what it stops; the\n"
                "only one that holds need not be named. What another stop covers still waits.",
        .most = 1,
    };
    return command(argc, argv, &usage, false);
}
