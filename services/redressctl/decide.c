/* redressctl decide: people decide cases. */

#include "approver.h"
#include "clock.h"
#include "command.h"
#include "json_lines.h"
#include "options.h"
#include "role_choice.h"
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

enum {
    DECIDE_PEOPLE_BYTES = 4096, /* of all names of --as */
    DECIDE_KEY_MAX = 192,       /* case id and version */
    DECIDE_LOOK_AGAIN_MS = 100  /* between two looks at the cases */
};

/* Open cases, each with the first of the people who may say what is to be said next: nobody decides
 * twice, nor what they asked, appealed or answered for. $1 are the people who decide, $2 the policy
 * reviewers who advise first on an exception, $3 who decides for the finance controller, each
 * separated by \x1f. */
static const char open_sql[] =
    "SELECT DISTINCT ON (c.merchant_id, c.case_id) c.merchant_id, c.case_id, c.refund_id,"
    "       c.order_id, c.version, c.subject_hash, c.currency, p.person, n.next"
    "  FROM view.approval_case AS c"
    " CROSS JOIN LATERAL (SELECT CASE WHEN c.exception AND c.reviewers = '{}' AND $2 <> ''"
    "                                 THEN 'REVIEW'"
    "                                 WHEN c.level >= 3 AND $3 <> '' THEN 'CONTROL'"
    "                                 ELSE 'DECIDE' END) AS n(next)"
    "  JOIN unnest(string_to_array(CASE n.next WHEN 'REVIEW' THEN $2 WHEN 'CONTROL' THEN $3"
    "                                          ELSE $1 END, chr(31)))"
    "       WITH ORDINALITY AS p(person, n)"
    "    ON p.person <> ALL (c.approved_by) AND p.person IS DISTINCT FROM c.requester"
    "   AND p.person <> c.appealed_by AND p.person <> ALL (c.answered_by)"
    "   AND p.person <> ALL (c.reviewers) AND p.person <> ALL (c.decided_before)"
    "   AND (c.taken_by = '' OR c.taken_by = p.person)"
    " WHERE c.status = 'OPEN'"
    " ORDER BY c.merchant_id, c.case_id, p.n";

static const char one_sql[] =
    "SELECT merchant_id, case_id, refund_id, order_id, version, subject_hash, currency, status"
    "  FROM view.approval_case WHERE case_id = $1";

struct decide_options {
    struct option_values people, reviewers, controllers;
    const char *role;
    const char *note;
    const char *amount;
    const char *method;
    const char *payee;
    const char *from;
    const char *on_behalf_of;
    const char *advice; /* of recommend: approve or decline */
    const char *answer_by;
    int64_t wait_s;
    bool all;
    bool json;
};

struct deciding {
    const struct decide_options *options;
    struct database *database;
    const struct session *session;
    struct approver approver;
    struct role_choice roles;
    int64_t answer_by_us;
    struct decided *decided;
    int64_t wrong; /* lines of --from that were not published */
};

/* A case in the version in which it was decided by this run. */
struct decided {
    UT_hash_handle hh;
    char key[DECIDE_KEY_MAX];
};

static struct open_case case_of(const struct table *table, size_t row)
{
    return (struct open_case){
        .merchant_id = table_value(table, row, 0),
        .case_id = table_value(table, row, 1),
        .refund_id = table_value(table, row, 2),
        .order_id = table_value(table, row, 3),
        .version = table_value(table, row, 4),
        .subject_hash = table_value(table, row, 5),
        .currency = table_value(table, row, 6),
    };
}

/* True the first time. */
static bool decided_now(struct deciding *deciding, const struct open_case *about)
{
    char key[DECIDE_KEY_MAX];
    struct decided *found;
    (void)snprintf(key, sizeof key, "%.150s/%s", about->case_id, about->version);
    HASH_FIND_STR(deciding->decided, key, found);
    if (found != NULL)
        return false;
    found = calloc(1, sizeof *found);
    if (found == NULL)
        return true;
    memcpy(found->key, key, sizeof key);
    HASH_ADD_STR(deciding->decided, key, found);
    return true;
}

static void forget_decided(struct deciding *deciding)
{
    struct decided *each, *next;
    HASH_ITER (hh, deciding->decided, each, next) {
        HASH_DEL(deciding->decided, each);
        free(each);
    }
}

static struct opinion opinion_of(const struct deciding *deciding, int verdict, const char *person)
{
    return (struct opinion){
        .verdict = verdict,
        .person = person,
        .role = deciding->options->role,
        .note = deciding->options->note,
        .amount = deciding->options->amount,
        .method = deciding->options->method,
        .payee = deciding->options->payee,
        .on_behalf_of = deciding->options->on_behalf_of,
        .recommended =
            deciding->options->advice == NULL ? 0 : verdict_of(deciding->options->advice),
        .answer_by_us = deciding->answer_by_us,
        .now_us = clock_wall_us(),
    };
}

/* A delegate speaks in a role of the person they act for. */
static enum status say_in_role(struct deciding *deciding, const struct open_case *about,
                               const struct opinion *opinion, struct error *error)
{
    struct opinion said = *opinion;
    const char *behalf = opinion->on_behalf_of;
    enum status status = STATUS_OK;
    if (said.role == NULL)
        status = role_choice_of(&deciding->roles, deciding->session, about->merchant_id,
                                behalf == NULL || behalf[0] == '\0' ? said.person : behalf,
                                said.verdict, &said.role, error);
    return status == STATUS_OK ? approver_say(&deciding->approver, about, &said, error) : status;
}

static enum status decide_one(struct deciding *deciding, const char *case_id,
                              const struct opinion *opinion, struct error *error)
{
    const char *const params[] = {case_id};
    struct table *table;
    enum status status = database_query(deciding->database, one_sql, params, 1, &table, error);
    if (status != STATUS_OK)
        return status;
    if (table_rows(table) == 0)
        status = error_set(error, STATUS_NOT_FOUND, "there is no case %s", case_id);
    else if (strcmp(table_value(table, 0, 7), "OPEN") != 0)
        status =
            error_set(error, STATUS_INVALID, "case %s is %s", case_id, table_value(table, 0, 7));
    else {
        const struct open_case about = case_of(table, 0);
        status = say_in_role(deciding, &about, opinion, error);
    }
    table_free(table);
    return status;
}

/* Names on the command line, each list separated by \x1f. */
struct everybody {
    char people[DECIDE_PEOPLE_BYTES];
    char reviewers[DECIDE_PEOPLE_BYTES];
    char controllers[DECIDE_PEOPLE_BYTES];
};

static void join_names(char text[DECIDE_PEOPLE_BYTES], const struct option_values *names)
{
    text[0] = '\0';
    for (size_t i = 0; i < names->count; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, DECIDE_PEOPLE_BYTES - used, "%s%s", i == 0 ? "" : "\x1f",
                       names->items[i]);
    }
}

/* What a person says next: advice on an exception that nobody has advised on, or the verdict. */
static struct opinion opinion_next(const struct deciding *deciding, int verdict, const char *person,
                                   const char *next)
{
    struct opinion opinion = opinion_of(deciding, verdict, person);
    if (opinion.role == NULL)
        opinion.role = "APPROVER";
    if (strcmp(next, "CONTROL") == 0)
        opinion.role = "FINANCE";
    if (strcmp(next, "REVIEW") == 0) {
        opinion.role = "POLICY_REVIEWER";
        opinion.recommended = verdict == verdict_of("decline") ? verdict : verdict_of("approve");
        opinion.verdict = verdict_of("recommend");
        opinion.amount = opinion.method = NULL;
    }
    return opinion;
}

/* Decides what is open and was not decided by this run; `waiting` counts what was, and still shows
 * the version that the person saw. */
static enum status decide_round(struct deciding *deciding, const struct everybody *everybody,
                                int verdict, size_t *waiting, struct error *error)
{
    const char *const params[] = {everybody->people, everybody->reviewers, everybody->controllers};
    struct table *table;
    enum status status = database_query(deciding->database, open_sql, params, 3, &table, error);
    if (status != STATUS_OK)
        return status;
    *waiting = table_rows(table);
    for (size_t row = 0; row < table_rows(table) && status == STATUS_OK; row++) {
        const struct open_case about = case_of(table, row);
        const struct opinion opinion =
            opinion_next(deciding, verdict, table_value(table, row, 7), table_value(table, row, 8));
        if (!decided_now(deciding, &about))
            continue;
        status = approver_say(&deciding->approver, &about, &opinion, error);
    }
    table_free(table);
    return status == STATUS_OK ? outbox_flush(deciding->approver.outbox, error) : status;
}

/* Until no case is left that one of the people may decide. */
static enum status decide_all(struct deciding *deciding, int verdict, struct error *error)
{
    struct everybody everybody;
    const struct timespec pause = {.tv_nsec = DECIDE_LOOK_AGAIN_MS * 1000000L};
    int64_t seen = -1, since_us = 0;
    join_names(everybody.people, &deciding->options->people);
    join_names(everybody.reviewers, &deciding->options->reviewers);
    join_names(everybody.controllers, &deciding->options->controllers);
    for (;;) {
        size_t waiting;
        enum status status = decide_round(deciding, &everybody, verdict, &waiting, error);
        if (status != STATUS_OK || waiting == 0 || deciding->options->wait_s == 0)
            return status;
        if (deciding->approver.published != seen)
            since_us = clock_monotonic_us();
        seen = deciding->approver.published;
        if (clock_monotonic_us() - since_us > deciding->options->wait_s * CLOCK_SECOND_US)
            return error_set(error, STATUS_RETRY,
                             "%zu cases have not taken the decision after %" PRId64 " s", waiting,
                             deciding->options->wait_s);
        (void)nanosleep(&pause, NULL);
    }
}

static const char *text_of(const json_t *json, const char *name, const char *fallback)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text == NULL ? fallback : text;
}

/* A word that is misspelt would change what is decided. NULL: every one is known. */
static const char *unknown_field(json_t *json)
{
    static const char *const known[] = {"case",   "verdict", "as",    "role",   "note",
                                        "amount", "method",  "payee", "behalf", "advice"};
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known && json_is_string(value); i++)
            found = found || strcmp(name, known[i]) == 0;
        if (!found)
            return name;
    }
    return NULL;
}

static enum status check_said(json_t *json, struct error *error)
{
    const char *unknown = unknown_field(json);
    const char *const words[] = {text_of(json, "verdict", ""), text_of(json, "advice", NULL)};
    if (!json_is_object(json) || text_of(json, "case", NULL) == NULL ||
        text_of(json, "as", NULL) == NULL)
        return error_set(error, STATUS_INVALID, "wanted: {\"case\", \"verdict\", \"as\"}");
    if (unknown != NULL)
        return error_set(error, STATUS_INVALID, "\"%s\" is no field, or no text", unknown);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i] != NULL && verdict_of(words[i]) == 0)
            return error_set(error, STATUS_INVALID, "\"%s\" is no verdict", words[i]);
    return STATUS_OK;
}

static enum status decide_said(struct deciding *deciding, json_t *json, struct error *error)
{
    const char *case_id = text_of(json, "case", "");
    enum status status = check_said(json, error);
    if (status != STATUS_OK)
        return status;
    struct opinion opinion =
        opinion_of(deciding, verdict_of(text_of(json, "verdict", "")), text_of(json, "as", NULL));
    opinion.role = text_of(json, "role", opinion.role);
    opinion.note = text_of(json, "note", opinion.note);
    opinion.amount = text_of(json, "amount", NULL);
    opinion.method = text_of(json, "method", NULL);
    opinion.payee = text_of(json, "payee", NULL);
    opinion.on_behalf_of = text_of(json, "behalf", opinion.on_behalf_of);
    opinion.recommended = verdict_of(text_of(json, "advice", ""));
    return decide_one(deciding, case_id, &opinion, error);
}

static enum status decide_line(void *context, json_t *json, struct error *error)
{
    struct error why = {0};
    enum status status = decide_said(context, json, &why);
    return status == STATUS_OK
               ? status
               : error_set(error, status, "%s: %s", text_of(json, "case", "(no case)"), why.text);
}

/* Each line for itself: one that cannot be published is told, and the others go on. */
static void refuse_line(void *context, const char *text)
{
    struct deciding *deciding = context;
    fprintf(stderr, "redressctl decide: %s\n", text);
    deciding->wrong++;
}

static enum status decide_file(struct deciding *deciding, struct error *error)
{
    const char *name = deciding->options->from;
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, "opening %s: %s", name, strerror(errno));
    enum status status = json_lines_read(file, name, decide_line, refuse_line, deciding, error);
    if (file != stdin)
        (void)fclose(file);
    if (status == STATUS_OK && deciding->wrong > 0)
        status = error_set(error, STATUS_INVALID, "%" PRId64 " lines were not published",
                           deciding->wrong);
    return status;
}

static enum status dispatch(struct deciding *deciding, char *const *arguments, int verdict,
                            struct error *error)
{
    const struct decide_options *options = deciding->options;
    if (options->from != NULL)
        return decide_file(deciding, error);
    if (options->all)
        return decide_all(deciding, verdict, error);
    const struct opinion opinion = opinion_of(deciding, verdict, options->people.items[0]);
    return decide_one(deciding, arguments[0], &opinion, error);
}

static void print_counts(const struct approver *approver, bool json)
{
    if (json)
        printf("{\"decisions\": %" PRId64 ", \"taken\": %" PRId64 ", \"refused\": %" PRId64 "}\n",
               approver->published, approver->taken, approver->refused);
    else
        printf("%" PRId64 " decisions published\n", approver->published);
}

/* With --all progress is waited for, not the verdict of each. */
static enum status decide(const struct session *session, const struct decide_options *options,
                          char *const *arguments, int verdict, struct error *error)
{
    struct deciding deciding = {.options = options, .session = session};
    enum status status = session_database(session, "routing", &deciding.database, error);
    if (status == STATUS_OK && options->answer_by != NULL &&
        clock_parse(options->answer_by, &deciding.answer_by_us) != STATUS_OK)
        status = error_set(error, STATUS_INVALID, "%s is no time such as 2026-12-01T12:00:00Z",
                           options->answer_by);
    if (status == STATUS_OK)
        status = approver_open(session, deciding.database, options->all ? 0 : options->wait_s,
                               &deciding.approver, error);
    if (status == STATUS_OK) {
        struct error finish_error = {0};
        deciding.approver.quiet = options->json;
        status = dispatch(&deciding, arguments, verdict, error);
        enum status finished = approver_finish(&deciding.approver, &finish_error);
        if (status == STATUS_OK && finished != STATUS_OK)
            status = error_set(error, finished, "%s", finish_error.text);
        print_counts(&deciding.approver, options->json);
    }
    forget_decided(&deciding);
    role_choice_close(&deciding.roles);
    approver_close(&deciding.approver);
    database_close(deciding.database);
    return status;
}

/* Which of the three forms it is, and what is missing. */
static const char *mistake(const struct decide_options *options, int count)
{
    if (options->from != NULL)
        return count == 0 ? NULL : "--from stands alone";
    if (options->people.count == 0)
        return "--as says who decides";
    if (options->all)
        return count == 1 ? NULL : "--all wants the verdict only";
    if (options->people.count > 1)
        return "one person decides a case at a time";
    return count == 2 ? NULL : "wanted: CASE and verdict";
}

int command_decide(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "CASE VERDICT | --all VERDICT | --from FILE",
        .text =
            "Publishes what a person says about a case, bound to the version that the case has "
            "now.\n"
            "VERDICT is approve, decline, reduce (with --amount or --method), ask, recommend or\n"
            "verify-payee (with --payee: where a bank transfer goes; somebody else approves it, "
            "as\n"
            "--role FINANCE).\n"
            "--all decides every open case, each by the first of the people who may, and goes on\n"
            "until none is left for them; on an exception a --reviewer advises first, and a case "
            "of\n"
            "level 3 is for a --controller. --from reads JSON lines {\"case\", \"verdict\", "
            "\"as\",\n"
            "\"role\", \"note\", \"amount\", \"method\", \"payee\",\n"
            "\"behalf\", \"advice\"}, each for itself.\n"
            "Decisions are signed with REDRESS_CONSOLE_KEY_FILE, the key of an application in the\n"
            "roster. Without --all it ends when routing has judged them, with exit code 1 and the\n"
            "reasons where some are refused.",
        .most = 2,
    };
    struct decide_options options = {.note = "", .wait_s = APPROVER_WAIT_S};
    const struct option_row rows[] = {
        {"as", OPTION_VALUES, "WHO", "the person who decides", &options.people, 0, 0},
        {"role", OPTION_TEXT, "ROLE",
         "of the person (the only one of theirs that may say it; with --all: APPROVER)",
         &options.role, 0, 0},
        {"note", OPTION_TEXT, "TEXT", "why; for ask, the question", &options.note, 0, 0},
        {"amount", OPTION_TEXT, "12.30", "for reduce, in the case's currency", &options.amount, 0,
         0},
        {"method", OPTION_TEXT, "METHOD", "for reduce: STORE_CREDIT, BANK_TRANSFER, MANUAL",
         &options.method, 0, 0},
        {"payee", OPTION_TEXT, "REFERENCE", "for verify-payee: finance's name of the account",
         &options.payee, 0, 0},
        {"behalf", OPTION_TEXT, "WHO", "the person for whom a delegate decides",
         &options.on_behalf_of, 0, 0},
        {"advice", OPTION_TEXT, "VERDICT", "for recommend: approve or decline", &options.advice, 0,
         0},
        {"by", OPTION_TEXT, "TIME", "for ask: until when an answer is waited for",
         &options.answer_by, 0, 0},
        {"all", OPTION_FLAG, NULL, "every open case", &options.all, 0, 0},
        {"reviewer", OPTION_VALUES, "WHO", "with --all: advises on exceptions first",
         &options.reviewers, 0, 0},
        {"controller", OPTION_VALUES, "WHO", "with --all: decides cases of level 3",
         &options.controllers, 0, 0},
        {"wait", OPTION_NUMBER, "S",
         "for routing's verdict, with --all for progress (30); 0: not at "
         "all, with --all one round",
         &options.wait_s, 0, APPROVER_WAIT_MAX_S},
        {"from", OPTION_TEXT, "FILE", "decisions as JSON lines (- is standard input)",
         &options.from, 0, 0},
        {"json", OPTION_FLAG, NULL, "print the count as JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    const char *wrong = mistake(&options, line.count);
    if (wrong != NULL)
        return options_refuse(argv[0], "%s", wrong);
    int verdict = line.count == 0 ? 0 : verdict_of(line.arguments[line.count - 1]);
    if (line.count > 0 && verdict == 0)
        return options_refuse(argv[0], "%s is no verdict", line.arguments[line.count - 1]);
    if (options.advice != NULL && verdict_of(options.advice) == 0)
        return options_refuse(argv[0], "--advice %s: approve or decline", options.advice);
    if (line.count > 0 && (verdict == verdict_of("verify-payee")) != (options.payee != NULL))
        return options_refuse(argv[0], "verify-payee wants --payee, and nothing else does");
    return command_end(argv[0], decide(&line.session, &options, line.arguments, verdict, &error),
                       &error);
}
