/* redressctl case: everything that somebody who decides a case wants to see. */

#include "command.h"
#include "listing.h"
#include "message.h"
#include "money.h"
#include "options.h"
#include "redress/v1/routed.pb-c.h"
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASE_ARENA_MAX = 64 * 1024 * 1024 /* one event */ };

/* X(part, query): $1 is the case. */
#define CASE_PART_ROWS(X)                                                                     \
    X(cases, "SELECT *, due_at < now() AND status IN ('OPEN', 'WAITING') AS overdue"          \
             "  FROM view.approval_case WHERE case_id = $1")                                  \
    X(decisions, "SELECT d.*, n.day, n.day_used_minor, n.day_limit_minor"                     \
                 "  FROM view.case_decision d"                                                \
                 "  LEFT JOIN view.decision_day n USING (merchant_id, case_id, number)"       \
                 " WHERE d.case_id = $1 ORDER BY d.number")                                   \
    X(precedents, "SELECT precedent, verdict, amount_minor, currency, rule, reason, reasons," \
                  "       decided_by, decided_at"                                             \
                  "  FROM view.case_precedent WHERE case_id = $1 ORDER BY number")

static const struct {
    const char *name, *sql;
} parts[] = {
#define X(part, query) {#part, query},
    CASE_PART_ROWS(X)
#undef X
};

/* The latest event of routing about the case, for the facts that were judged. */
struct looking {
    const char *case_id;
    struct arena *arena;
    int64_t version; /* of the event that `json` is */
    json_t *json;
};

static enum status take_routed(void *context, const struct record *record, struct error *error)
{
    struct looking *looking = context;
    ProtobufCMessage *message;
    (void)error;
    arena_reset(looking->arena);
    if (record->value == NULL ||
        message_unpack(&redress__v1__refund_routed__descriptor, record->value, record->value_size,
                       looking->arena, &message, NULL) != STATUS_OK)
        return STATUS_OK;
    const Redress__V1__RefundRouted *routed = (const Redress__V1__RefundRouted *)message;
    if (routed->case_ == NULL || strcmp(routed->case_->case_id, looking->case_id) != 0 ||
        routed->version <= looking->version || routed->assessed == NULL)
        return STATUS_OK;
    json_decref(looking->json);
    looking->version = routed->version;
    looking->json = message_to_json(&routed->assessed->base);
    return STATUS_OK;
}

static enum status read_facts(const struct session *session, const char *case_id,
                              const char *order_id, json_t *json, struct error *error)
{
    static const enum topic topics[] = {TOPIC_ROUTED};
    const struct replay replay = {.topics = topics, .topic_count = 1, .key = order_id};
    struct looking looking = {.case_id = case_id, .arena = arena_create(CASE_ARENA_MAX)};
    if (looking.arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = replay_run(session, &replay, take_routed, &looking, error);
    json_object_set_new(json, "assessed", looking.json == NULL ? json_null() : looking.json);
    arena_destroy(looking.arena);
    return status;
}

static enum status read_parts(const struct session *session, const char *case_id, json_t *json,
                              struct error *error)
{
    struct database *database;
    enum status status = session_database(session, "routing", &database, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == STATUS_OK; i++) {
        json_t *rows;
        status = listing_json(database, parts[i].sql, &case_id, 1, &rows, error);
        if (status == STATUS_OK)
            json_object_set_new(json, parts[i].name, rows);
    }
    database_close(database);
    if (status != STATUS_OK)
        return status;
    json_t *about = json_array_get(json_object_get(json, "cases"), 0);
    if (about == NULL)
        return error_set(error, STATUS_NOT_FOUND, "there is no case %s", case_id);
    json_object_set(json, "case", about);
    json_object_del(json, "cases");
    return STATUS_OK;
}

static const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text == NULL ? "" : text;
}

static int64_t number_in(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
                                 : json_integer_value(value);
}

/* `text` has MONEY_TEXT_MAX bytes. */
static const char *amount_in(const json_t *json, const char *minor, const char *currency,
                             char *text)
{
    struct money amount;
    if (money_make(number_in(json, minor), currency, &amount) != STATUS_OK)
        return "?";
    return money_format(amount, text);
}

static void print_list(const char *title, const json_t *list)
{
    size_t i;
    json_t *each;
    if (json_array_size(list) == 0)
        return;
    printf("%s: ", title);
    json_array_foreach(list, i, each) printf("%s%s", i == 0 ? "" : "; ", json_string_value(each));
    putchar('\n');
}

static void print_heading(const json_t *about)
{
    char text[MONEY_TEXT_MAX];
    printf("case %s: %s, version %" JSON_INTEGER_FORMAT "\n", text_in(about, "case_id"),
           text_in(about, "status"), json_integer_value(json_object_get(about, "version")));
    printf("about: %s of refund %s, order %s, asked for by %s\n",
           amount_in(about, "amount_minor", text_in(about, "currency"), text),
           text_in(about, "refund_id"), text_in(about, "order_id"), text_in(about, "requester"));
    if (text_in(about, "appealed_by")[0] != '\0')
        printf("appealed by: %s\n", text_in(about, "appealed_by"));
    print_list("answered by", json_object_get(about, "answered_by"));
    printf("for: queue %s, level %" JSON_INTEGER_FORMAT ", %zu of %" JSON_INTEGER_FORMAT
           " approvals%s%s\n",
           text_in(about, "queue"), json_integer_value(json_object_get(about, "level")),
           json_array_size(json_object_get(about, "approvers")),
           json_integer_value(json_object_get(about, "approvers_needed")),
           json_is_true(json_object_get(about, "exception")) ? ", an exception" : "",
           json_is_true(json_object_get(about, "appeal")) ? ", an appeal" : "");
    printf("due: %s%s\n", text_in(about, "due_at"),
           json_is_true(json_object_get(about, "overdue")) ? " (overdue)" : "");
    if (text_in(about, "taken_by")[0] != '\0')
        printf("taken by: %s until %s\n", text_in(about, "taken_by"),
               text_in(about, "taken_until"));
    print_list("why", json_object_get(about, "why"));
    print_list("missing", json_object_get(about, "missing"));
    if (strcmp(text_in(about, "status"), "OPEN") == 0 &&
        json_is_true(json_object_get(about, "exception")) &&
        json_array_size(json_object_get(about, "reviewers")) == 0)
        printf("waits for: advice of a policy reviewer\n");
}

static void print_line(const json_t *line, const char *currency)
{
    char text[MONEY_TEXT_MAX];
    printf("  line %s: %s of %s %s (%s), %s\n", text_in(line, "lineId"), text_in(line, "units"),
           text_in(line, "unitsBought"), text_in(line, "sku"), text_in(line, "category"),
           amount_in(line, "refundableMinor", currency, text));
}

static void print_facts(const json_t *assessed)
{
    const json_t *facts = json_object_get(assessed, "facts");
    const json_t *customer = json_object_get(facts, "customer");
    size_t i;
    json_t *line;
    if (!json_is_object(assessed))
        return;
    printf("\nfacts\n  reason: %s; policy: %s\n",
           text_in(json_object_get(assessed, "request"), "reason"), text_in(assessed, "status"));
    printf("  placed: %s; delivered: %s\n", text_in(facts, "placedAt"),
           text_in(facts, "deliveredAt")[0] == '\0' ? "not known" : text_in(facts, "deliveredAt"));
    json_array_foreach(json_object_get(facts, "lines"), i, line)
        print_line(line, text_in(facts, "currency"));
    if (customer != NULL)
        printf("  customer: %" PRId64 " orders, %" PRId64 " refunds, %" PRId64
               " of them in the last year\n",
               number_in(customer, "orders"), number_in(customer, "refunds"),
               number_in(customer, "refundsLastYear"));
}

static void print_decision(const json_t *decision, const char *currency)
{
    char text[MONEY_TEXT_MAX];
    const char *refusal = text_in(decision, "refusal");
    printf("  %s  %s (%s)", text_in(decision, "decided_at"), text_in(decision, "actor_id"),
           text_in(decision, "actor_role"));
    if (text_in(decision, "on_behalf_of")[0] != '\0')
        printf(" for %s", text_in(decision, "on_behalf_of"));
    printf(": %s", text_in(decision, "verdict"));
    if (text_in(decision, "recommended")[0] != '\0')
        printf(" to %s", text_in(decision, "recommended"));
    if (text_in(decision, "payee")[0] != '\0')
        printf(" %s", text_in(decision, "payee"));
    else if (number_in(decision, "amount_minor") > 0)
        printf(" %s", amount_in(decision, "amount_minor", currency, text));
    if (refusal[0] != '\0')
        printf(", refused: %s", refusal);
    if (json_is_string(json_object_get(decision, "day")) && strcmp(refusal, "DAY_LIMIT") == 0)
        printf(" (%s approved before on %s)", amount_in(decision, "day_used_minor", currency, text),
               text_in(decision, "day"));
    printf("%s%s\n", text_in(decision, "note")[0] == '\0' ? "" : ", ", text_in(decision, "note"));
}

static void print_precedent(const json_t *precedent)
{
    char text[MONEY_TEXT_MAX];
    printf("  %s: %s %s by %s on %.10s (%s, %s)\n", text_in(precedent, "precedent"),
           text_in(precedent, "verdict"),
           amount_in(precedent, "amount_minor", text_in(precedent, "currency"), text),
           text_in(precedent, "decided_by"), text_in(precedent, "decided_at"),
           text_in(precedent, "rule"), text_in(precedent, "reason"));
}

static void print_plain(const json_t *json)
{
    const json_t *about = json_object_get(json, "case");
    const json_t *precedents = json_object_get(json, "precedents");
    const json_t *decisions = json_object_get(json, "decisions");
    size_t i;
    json_t *each;
    print_heading(about);
    print_facts(json_object_get(json, "assessed"));
    if (json_array_size(precedents) > 0)
        printf("\nprecedents, the nearest first\n");
    json_array_foreach(precedents, i, each) print_precedent(each);
    printf("\ndecisions so far\n");
    json_array_foreach(decisions, i, each) print_decision(each, text_in(about, "currency"));
    if (json_array_size(decisions) == 0)
        printf("  none\n");
}

static enum status show(const struct session *session, const char *case_id, bool as_json,
                        struct error *error)
{
    json_t *json = json_object();
    enum status status = read_parts(session, case_id, json, error);
    if (status == STATUS_OK)
        status = read_facts(session, case_id, text_in(json_object_get(json, "case"), "order_id"),
                            json, error);
    if (status == STATUS_OK && as_json) {
        command_print(json);
    } else if (status == STATUS_OK) {
        print_plain(json);
    }
    json_decref(json);
    return status;
}

int command_case(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "CASE",
        .text =
            "Shows one case: what it is about and why a person must look, the facts that the\n"
            "policy judged, what is missing, similar cases and how they were decided, what was\n"
            "said so far (a policy reviewer's recommendation, decisions, comments), and until\n"
            "when it is to be decided.",
        .least = 1,
        .most = 1,
    };
    bool json = false;
    const struct option_row rows[] = {
        {"json", OPTION_FLAG, NULL, "print JSON", &json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0], show(&line.session, line.arguments[0], json, &error), &error);
}
