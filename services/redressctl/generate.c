/* redressctl generate: publishes the orders and requests of a made shop. */

#include "clock.h"
#include "command.h"
#include "made_events.h"
#include "options.h"
#include "outbox.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
    GENERATE_ORDERS_MAX = 1000000000,
    GENERATE_ARENA_MAX = 1024 * 1024, /* one order */
    /* How many orders later something comes that is to come later. */
    GENERATE_ORDER_LAG = 200,      /* an order whose request came before it */
    GENERATE_FOLLOW_UP_LAG = 2000, /* an answer, an appeal or a cancellation */
};

struct generate_options {
    int64_t orders;
    int64_t seed;
    const char *merchant;
    const char *only; /* "orders", "requests" or NULL */
    const char *out;
    bool independent;
    bool simple;
    bool json;
};

struct generating {
    struct made_shop shop;
    const struct generate_options *options;
    struct outbox *outbox;
    struct sink sink;
    int64_t cases[MADE_CASE_COUNT];
};

static enum status take_event(void *context, enum topic topic, const ProtobufCMessage *message,
                              struct error *error)
{
    struct generating *generating = context;
    const char *only = generating->options->only;
    if (only != NULL && (strcmp(only, "orders") == 0) != (topic == TOPIC_ORDERS))
        return STATUS_OK;
    return outbox_send(generating->outbox, topic, message, error);
}

/* The nth order and its requests, unless one of them is to come later. */
static enum status generate_now(struct generating *generating, int64_t n, struct error *error)
{
    struct made_order order;
    made_order(&generating->shop, n, &order);
    generating->cases[order.what]++;
    enum status status = STATUS_OK;
    if (order.what != MADE_BEFORE_ORDER)
        status = made_send_order(&generating->shop, n, &order, &generating->sink, error);
    if (status == STATUS_OK)
        status = made_send_requests(&generating->shop, n, &order, false, &generating->sink, error);
    return status;
}

static enum status generate_late_order(struct generating *generating, int64_t n,
                                       struct error *error)
{
    struct made_order order;
    made_order(&generating->shop, n, &order);
    if (order.what != MADE_BEFORE_ORDER)
        return STATUS_OK;
    return made_send_order(&generating->shop, n, &order, &generating->sink, error);
}

static enum status generate_follow_ups(struct generating *generating, int64_t n,
                                       struct error *error)
{
    struct made_order order;
    made_order(&generating->shop, n, &order);
    return made_send_requests(&generating->shop, n, &order, true, &generating->sink, error);
}

static enum status generate_all(struct generating *generating, int64_t orders, struct error *error)
{
    enum status status = STATUS_OK;
    for (int64_t n = 0; n < orders + GENERATE_FOLLOW_UP_LAG && status == STATUS_OK; n++) {
        int64_t late = n - GENERATE_ORDER_LAG, follow = n - GENERATE_FOLLOW_UP_LAG;
        if (n < orders)
            status = generate_now(generating, n, error);
        if (status == STATUS_OK && late >= 0 && late < orders)
            status = generate_late_order(generating, late, error);
        if (status == STATUS_OK && follow >= 0)
            status = generate_follow_ups(generating, follow, error);
    }
    return status == STATUS_OK ? outbox_flush(generating->outbox, error) : status;
}

static void print_json(const struct generating *generating, int64_t took_us)
{
    json_t *cases = json_object();
    for (enum made_case what = 0; what < MADE_CASE_COUNT; what++)
        if (generating->cases[what] > 0)
            json_object_set_new(cases, made_case_name(what), json_integer(generating->cases[what]));
    json_t *json =
        json_pack("{s:I, s:I, s:I, s:I, s:o}", "orders", (json_int_t)generating->options->orders,
                  "order_events", (json_int_t)outbox_sent(generating->outbox, TOPIC_ORDERS),
                  "request_events", (json_int_t)outbox_sent(generating->outbox, TOPIC_REQUESTS),
                  "took_us", (json_int_t)took_us, "cases", cases);
    command_print(json);
    json_decref(json);
}

static void print_plain(const struct generating *generating, int64_t took_us)
{
    printf("%" PRId64 " orders made: %" PRId64 " events of orders, %" PRId64
           " of requests, in %" PRId64 " ms\n",
           generating->options->orders, outbox_sent(generating->outbox, TOPIC_ORDERS),
           outbox_sent(generating->outbox, TOPIC_REQUESTS), took_us / 1000);
}

static enum status generate(const struct session *session, const struct generate_options *options,
                            struct error *error)
{
    int64_t began_us = clock_monotonic_us();
    struct generating generating = {
        .shop = {.seed = (uint64_t)options->seed,
                 .mix = options->simple        ? MADE_MIX_SIMPLE
                        : options->independent ? MADE_MIX_INDEPENDENT
                                               : MADE_MIX_ALL,
                 .merchant_id = options->merchant == NULL ? session->merchant : options->merchant},
        .options = options,
    };
    generating.sink = (struct sink){take_event, &generating, arena_create(GENERATE_ARENA_MAX)};
    if (generating.sink.arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = options->out == NULL
                             ? outbox_open(session, &generating.outbox, error)
                             : outbox_open_folder(options->out, &generating.outbox, error);
    if (status == STATUS_OK)
        status = generate_all(&generating, options->orders, error);
    if (status == STATUS_OK)
        (options->json ? print_json : print_plain)(&generating, clock_monotonic_us() - began_us);
    outbox_close(generating.outbox);
    arena_destroy(generating.sink.arena);
    return status;
}

int command_generate(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text =
            "Publishes a made shop: orders in five currencies, with discounts, tax, one or two\n"
            "payments and deliveries, and requests for refunds as they come in life: partial,\n"
            "repeated, too late, before their order, for orders that never existed. The same seed\n"
            "gives the same events.",
    };
    struct generate_options options = {.orders = 1000, .seed = 1};
    const struct option_row rows[] = {
        {"orders", OPTION_NUMBER, "N", "how many orders (1000)", &options.orders, 1,
         GENERATE_ORDERS_MAX},
        {"seed", OPTION_NUMBER, "S", "which shop (1)", &options.seed, 0, INT64_MAX},
        {"merchant", OPTION_TEXT, "NAME", "merchant id (REDRESS_MERCHANT)", &options.merchant, 0,
         0},
        {"independent", OPTION_FLAG, NULL, "only cases where no request hangs on another's release",
         &options.independent, 0, 0},
        {"simple", OPTION_FLAG, NULL, "one small request in time for each order, all in GBP",
         &options.simple, 0, 0},
        {"only", OPTION_TEXT, "orders|requests", "publish one kind of event only", &options.only, 0,
         0},
        {"out", OPTION_TEXT, "FOLDER", "write <topic>.jsonl there instead of publishing",
         &options.out, 0, 0},
        {"json", OPTION_FLAG, NULL, "print the counts, also by case, as JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (options.only != NULL && strcmp(options.only, "orders") != 0 &&
        strcmp(options.only, "requests") != 0)
        return options_refuse(argv[0], "--only %s: orders or requests", options.only);
    return command_end(argv[0], generate(&line.session, &options, &error), &error);
}
