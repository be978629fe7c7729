/* redressctl erase: removes what a customer wrote, and their token. */

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "identity.h"
#include "message.h"
#include "options.h"
#include "outbox.h"
#include "redress/v1/control.pb-c.h"
#include "session.h"
#include "sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ERASE_ARENA_MAX = 64 * 1024 };

struct erase_options {
    const char *merchant;
    bool json;
};

static enum status erase_in(const struct session *session, const char *worker, const char *merchant,
                            const char *customer, int64_t *rows, struct error *error)
{
    const char *const params[] = {merchant, customer};
    struct database *database;
    struct table *table;
    enum status status = session_database(session, worker, &database, error);
    if (status != STATUS_OK)
        return status;
    status =
        database_query(database, "SELECT view.erase_customer($1, $2)", params, 2, &table, error);
    if (status == STATUS_OK) {
        *rows += strtoll(table_value(table, 0, 0), NULL, 10);
        table_free(table);
    }
    database_close(database);
    return status;
}

static enum status erase_rows(const struct session *session, const char *merchant,
                              const char *customer, int64_t *rows, struct error *error)
{
    static const char *const workers[] = {"intake", "settlement"};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sizeof workers / sizeof *workers; i++)
        status = erase_in(session, workers[i], merchant, customer, rows, error);
    return status;
}

/* Tells whoever else keeps something of the customer. The subject does not name them. */
static enum status send_erased(struct outbox *outbox, const char *merchant, const char *customer,
                               struct arena *arena, struct error *error)
{
    Redress__V1__ControlEvent event = REDRESS__V1__CONTROL_EVENT__INIT;
    Redress__V1__CustomerErased erased = REDRESS__V1__CUSTOMER_ERASED__INIT;
    char id[IDENTITY_MAX];
    erased.customer_token = sink_text(customer);
    event.source = sink_text("redressctl");
    event.subject = arena_printf(arena, "erasure:%s",
                                 identity_refund(merchant, customer, id) + sizeof "rf_" - 1);
    event.merchant_id = sink_text(merchant);
    event.occurred_at = message_timestamp(arena, clock_wall_us());
    event.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_CUSTOMER_ERASED;
    event.customer_erased = &erased;
    if (arena_exhausted(arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = outbox_send(outbox, TOPIC_CONTROL, &event.base, error);
    return status == STATUS_OK ? outbox_flush(outbox, error) : status;
}

static enum status erase(const struct session *session, const char *merchant, const char *customer,
                         bool json, struct error *error)
{
    int64_t rows = 0;
    struct outbox *outbox = NULL;
    struct arena *arena = arena_create(ERASE_ARENA_MAX);
    enum status status = arena == NULL ? error_set(error, STATUS_EXHAUSTED, "no memory")
                                       : outbox_open(session, &outbox, error);
    if (status == STATUS_OK)
        status = erase_rows(session, merchant, customer, &rows, error);
    if (status == STATUS_OK)
        status = send_erased(outbox, merchant, customer, arena, error);
    if (status == STATUS_OK)
        printf(json ? "{\"rows\": %" PRId64 "}\n" : "%" PRId64 " rows erased\n", rows);
    outbox_close(outbox);
    arena_destroy(arena);
    return status;
}

int command_erase(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "CUSTOMER",
        .text = "Blanks the free text and the token of the customer's rows in intake and "
                "settlement, and\n"
                "publishes\n"
                "CustomerErased for whoever else keeps something. Facts of orders and money stay.",
        .least = 1,
        .most = 1,
    };
    struct erase_options options = {0};
    const struct option_row rows[] = {
        {"merchant", OPTION_TEXT, "NAME", "merchant id (REDRESS_MERCHANT)", &options.merchant, 0,
         0},
        {"json", OPTION_FLAG, NULL, "print the count as JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0],
                       erase(&line.session,
                             options.merchant == NULL ? line.session.merchant : options.merchant,
                             line.arguments[0], options.json, &error),
                       &error);
}
