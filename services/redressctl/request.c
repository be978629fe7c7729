/* redressctl request: asks for a refund, or follows up on having asked. */

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "identity.h"
#include "message.h"
#include "money.h"
#include "options.h"
#include "outbox.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REQUEST_ARENA_MAX = 1024 * 1024, REQUEST_ID_MAX = 64, REQUEST_ID_HEX = 24 };

struct request_options {
    const char *merchant, *id, *at, *trigger, *reason, *amount, *currency, *method, *note;
    const char *requester, *role, *reference, *customer, *answer, *appeal, *cancel;
    struct option_values lines;
    struct option_values evidence;
    bool whole_order, shipping, json;
};

/* A name for something new: from what it says and when. */
static const char *new_id(const json_t *json, char id[REQUEST_ID_MAX])
{
    char hex[IDENTITY_SHA256_HEX];
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS), *salted = NULL;
    int length = asprintf(&salted, "%s %" PRId64 " %ld", text == NULL ? "" : text, clock_wall_us(),
                          (long)getpid());
    if (length >= 0)
        (void)snprintf(id, REQUEST_ID_MAX, "ctl-%.*s", REQUEST_ID_HEX,
                       identity_sha256(salted, (size_t)length, hex));
    free(text);
    free(salted);
    return length < 0 ? NULL : id;
}

static void set_text(json_t *json, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(json, name, json_string(text));
}

/* "2:3" is 3 units of line 2. */
static json_t *line_json(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t length = (size_t)(colon - text);
    return json_pack("{s:s%, s:s}", "lineId", text, length, "units", colon + 1);
}

static bool is_line(const char *text)
{
    const char *colon = strrchr(text, ':');
    return colon != NULL && colon > text && strtoll(colon + 1, NULL, 10) > 0;
}

/* What intake would not read, and so never answer. */
static enum status check_ask(const struct request_options *options, struct error *error)
{
    for (size_t i = 0; i < options->lines.count; i++)
        if (!is_line(options->lines.items[i]))
            return error_set(error, STATUS_INVALID, "--line %s: LINE:UNITS, units from 1 on",
                             options->lines.items[i]);
    if (options->lines.count == 0 && options->amount == NULL && !options->whole_order &&
        !options->shipping)
        return error_set(error, STATUS_INVALID,
                         "what is asked for: --line, --amount, --shipping or --whole-order");
    return STATUS_OK;
}

static json_t *list_json(const struct option_values *values, json_t *(*make)(const char *text))
{
    json_t *list = json_array();
    for (size_t i = 0; i < values->count; i++)
        json_array_append_new(list, make(values->items[i]));
    return list;
}

static json_t *evidence_json(const char *uri)
{
    return json_pack("{s:s}", "uri", uri);
}

static enum status set_amount(json_t *json, const struct request_options *options,
                              struct error *error)
{
    struct money amount;
    if (options->amount == NULL)
        return STATUS_OK;
    if (money_parse(options->amount, options->currency, &amount) != STATUS_OK)
        return error_set(error, STATUS_INVALID, "--amount %s --currency %s: is no amount of money",
                         options->amount, options->currency);
    if (amount.minor <= 0)
        return error_set(error, STATUS_INVALID, "--amount %s: more than nothing", options->amount);
    json_object_set_new(
        json, "amount",
        json_pack("{s:I, s:s}", "minor", (json_int_t)amount.minor, "currency", amount.currency));
    return STATUS_OK;
}

static enum status fill_ask(json_t *json, const struct request_options *options,
                            struct error *error)
{
    enum status status = check_ask(options, error);
    if (status != STATUS_OK)
        return status;
    set_text(json, "trigger", options->trigger);
    set_text(json, "reason", options->reason);
    set_text(json, "wishedMethod", options->method);
    set_text(json, "note", options->note);
    set_text(json, "externalReference", options->reference);
    set_text(json, "customerToken", options->customer);
    if (options->whole_order)
        json_object_set_new(json, "wholeOrder", json_true());
    if (options->shipping)
        json_object_set_new(json, "shipping", json_true());
    json_object_set_new(json, "lines", list_json(&options->lines, line_json));
    json_object_set_new(json, "evidence", list_json(&options->evidence, evidence_json));
    return set_amount(json, options, error);
}

static void fill_follow_up(json_t *json, const struct request_options *options)
{
    const char *name = options->answer != NULL   ? "answer"
                       : options->appeal != NULL ? "appeal"
                                                 : "cancellation";
    const char *note = options->answer != NULL   ? options->answer
                       : options->appeal != NULL ? options->appeal
                                                 : options->cancel;
    char id_name[32], id[REQUEST_ID_MAX] = "";
    json_t *follow_up = json_pack("{s:s}", "note", note);
    (void)snprintf(id_name, sizeof id_name, "%sId", name);
    set_text(follow_up, id_name, new_id(json, id));
    if (options->cancel == NULL)
        json_object_set_new(follow_up, "evidence", list_json(&options->evidence, evidence_json));
    json_object_set_new(json, name, follow_up);
}

static bool is_follow_up(const struct request_options *options)
{
    return options->answer != NULL || options->appeal != NULL || options->cancel != NULL;
}

static enum status build(json_t *json, const char *order, const struct request_options *options,
                         struct error *error)
{
    char now[CLOCK_TEXT_MAX], id[REQUEST_ID_MAX] = "";
    set_text(json, "merchantId", options->merchant);
    set_text(json, "orderId", order);
    set_text(json, "occurredAt",
             options->at != NULL ? options->at : clock_format(clock_wall_us(), now));
    json_object_set_new(json, "requester",
                        json_pack("{s:s, s:s}", "id", options->requester, "role", options->role));
    if (is_follow_up(options))
        fill_follow_up(json, options);
    else if (fill_ask(json, options, error) != STATUS_OK)
        return STATUS_INVALID;
    set_text(json, "requestId", options->id != NULL ? options->id : new_id(json, id));
    return STATUS_OK;
}

static enum status send(const struct session *session, const json_t *json, struct error *error)
{
    struct outbox *outbox = NULL;
    ProtobufCMessage *message;
    struct arena *arena = arena_create(REQUEST_ARENA_MAX);
    if (arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status =
        message_from_json(topic_info(TOPIC_REQUESTS)->message, json, arena, &message, error);
    if (status == STATUS_OK)
        status = outbox_open(session, &outbox, error);
    if (status == STATUS_OK)
        status = outbox_send(outbox, TOPIC_REQUESTS, message, error);
    if (status == STATUS_OK)
        status = outbox_flush(outbox, error);
    outbox_close(outbox);
    arena_destroy(arena);
    return status;
}

static void print_result(const json_t *json, const struct request_options *options)
{
    char refund[IDENTITY_MAX];
    const char *id = json_string_value(json_object_get(json, "requestId"));
    (void)identity_refund(options->merchant, id, refund);
    printf(options->json ? "{\"request_id\": \"%s\", \"refund_id\": \"%s\"}\n"
                         : "request %s published; redressctl refund %s tells what becomes of it\n",
           id, refund);
}

static enum status request(const struct session *session, const char *order,
                           const struct request_options *options, struct error *error)
{
    json_t *json = json_object();
    enum status status = build(json, order, options, error);
    if (status == STATUS_OK)
        status = send(session, json, error);
    if (status == STATUS_OK)
        print_result(json, options);
    json_decref(json);
    return status;
}

int command_request(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "ORDER",
        .text = "Publishes one request for a refund of ORDER: units of lines, an amount, shipping "
                "or the\n"
                "whole order. With --answer, --appeal or --cancel it follows up on request --id.",
        .least = 1,
        .most = 1,
    };
    struct request_options options = {.trigger = "CUSTOMER_REQUEST",
                                      .reason = "OTHER",
                                      .currency = "GBP",
                                      .requester = "operator",
                                      .role = "SERVICE_AGENT"};
    const struct option_row rows[] = {
        {"line", OPTION_VALUES, "LINE:UNITS", "units of a line", &options.lines, 0, 0},
        {"amount", OPTION_TEXT, "12.30", "an amount instead of what the units are worth",
         &options.amount, 0, 0},
        {"currency", OPTION_TEXT, "CODE", "of the amount (GBP)", &options.currency, 0, 0},
        {"whole-order", OPTION_FLAG, NULL, "everything that is left of the order",
         &options.whole_order, 0, 0},
        {"shipping", OPTION_FLAG, NULL, "what was paid for shipping, too", &options.shipping, 0, 0},
        {"reason", OPTION_TEXT, "REASON", "such as DAMAGED, CHANGED_MIND (OTHER)", &options.reason,
         0, 0},
        {"trigger", OPTION_TEXT, "TRIGGER", "or SERVICE_FAILURE (CUSTOMER_REQUEST)",
         &options.trigger, 0, 0},
        {"method", OPTION_TEXT, "METHOD", "wished: ORIGINAL, STORE_CREDIT ...", &options.method, 0,
         0},
        {"note", OPTION_TEXT, "TEXT", "free text", &options.note, 0, 0},
        {"evidence", OPTION_VALUES, "URI", "a file that supports it", &options.evidence, 0, 0},
        {"reference", OPTION_TEXT, "REF", "the requester's own reference", &options.reference, 0,
         0},
        {"customer", OPTION_TEXT, "TOKEN", "the customer", &options.customer, 0, 0},
        {"requester", OPTION_TEXT, "WHO", "who asks on the customer's behalf (operator)",
         &options.requester, 0, 0},
        {"role", OPTION_TEXT, "ROLE", "of the requester (SERVICE_AGENT)", &options.role, 0, 0},
        {"id", OPTION_TEXT, "ID", "request id (a new one)", &options.id, 0, 0},
        {"merchant", OPTION_TEXT, "NAME", "merchant id (REDRESS_MERCHANT)", &options.merchant, 0,
         0},
        {"at", OPTION_TEXT, "TIME", "when it was asked, RFC 3339 (now)", &options.at, 0, 0},
        {"answer", OPTION_TEXT, "TEXT", "answers a question", &options.answer, 0, 0},
        {"appeal", OPTION_TEXT, "TEXT", "appeals against a decline", &options.appeal, 0, 0},
        {"cancel", OPTION_TEXT, "TEXT", "takes the request back", &options.cancel, 0, 0},
        {"json", OPTION_FLAG, NULL, "print the ids as JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (is_follow_up(&options) && options.id == NULL)
        return options_refuse(argv[0], "--answer, --appeal and --cancel need --id");
    options.merchant = options.merchant == NULL ? line.session.merchant : options.merchant;
    return command_end(argv[0], request(&line.session, line.arguments[0], &options, &error),
                       &error);
}
