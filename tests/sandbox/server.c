#include "server.h"

#include "api.h"

#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    CONNECTION_TIMEOUT_S = 300, /* without any byte */
    STOP_ROUNDS_MAX = 200,      /* of the loop, for the last answers to leave */
    STOP_ROUND_MS = 2,
    POLL_MAX_MS = 60000,
    HEADER_MAX = 512
};

/* The newest version that the conformance description names. */
static const char default_version[] = "2026-08-26.dahlia";

enum exchange_state { EXCHANGE_RECEIVING, EXCHANGE_HELD, EXCHANGE_READY };

/* One request and its answer. */
struct exchange {
    struct sandbox *sandbox;
    struct MHD_Connection *connection;
    enum exchange_state state;
    char *body;
    size_t body_size;
    bool body_too_large;
    uint64_t request; /* number */
    struct answer answer;
    struct exchange *next_held, *previous_held;
};

/* All exchanges that are suspended. One server runs in a process. */
static struct exchange *held;

static void unlink_held(struct exchange *exchange)
{
    if (exchange->previous_held != NULL)
        exchange->previous_held->next_held = exchange->next_held;
    else
        held = exchange->next_held;
    if (exchange->next_held != NULL)
        exchange->next_held->previous_held = exchange->previous_held;
}

static void resume(void *closure)
{
    struct exchange *exchange = closure;
    unlink_held(exchange);
    exchange->state = EXCHANGE_READY;
    MHD_resume_connection(exchange->connection);
}

static enum MHD_Result suspend(struct exchange *exchange)
{
    struct sandbox *sandbox = exchange->sandbox;
    struct timer timer = {.at_us = sandbox->now_us + exchange->answer.hold_us, .held = exchange};
    if (timers_add(&sandbox->timers, timer) != STATUS_OK)
        return MHD_NO;
    exchange->state = EXCHANGE_HELD;
    exchange->previous_held = NULL;
    exchange->next_held = held;
    if (held != NULL)
        held->previous_held = exchange;
    held = exchange;
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

static void receive(struct exchange *exchange, const char *bytes, size_t size)
{
    if (exchange->body_too_large)
        return;
    char *body = NULL;
    if (exchange->body_size + size <= SERVER_BODY_MAX)
        body = realloc(exchange->body, exchange->body_size + size + 1);
    if (body == NULL) {
        exchange->body_too_large = true;
        return;
    }
    memcpy(body + exchange->body_size, bytes, size);
    exchange->body = body;
    exchange->body_size += size;
    body[exchange->body_size] = '\0';
}

struct query {
    struct form *form;
    const char *problem;
};

static enum MHD_Result add_argument(void *closure, enum MHD_ValueKind kind, const char *name,
                                    size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    struct query *query = closure;
    if (strlen(name) != name_size || (value != NULL && strlen(value) != value_size))
        query->problem = "Invalid NUL in the parameters.";
    else
        query->problem = form_add(query->form, name, value == NULL ? "" : value);
    return query->problem == NULL ? MHD_YES : MHD_NO;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void handle(struct exchange *exchange, const char *url, const char *method)
{
    struct MHD_Connection *connection = exchange->connection;
    struct request request = {
        .method = method,
        .path = url,
        .authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
        .content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE),
        .key = header(connection, "Idempotency-Key"),
        .paypal_key = header(connection, "PayPal-Request-Id"),
        .adyen_key = header(connection, "X-API-Key"),
        .body = exchange->body,
        .body_has_nul = exchange->body != NULL && strlen(exchange->body) != exchange->body_size,
        .body_too_large = exchange->body_too_large,
    };
    struct query query = {.form = &request.form};
    exchange->answer = ANSWER_EMPTY;
    (void)MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, add_argument, &query);
    if (query.problem != NULL)
        answer_error(&exchange->answer, 400, ERROR_INVALID, NULL, NULL, "%s", query.problem);
    else
        api_handle(exchange->sandbox, &request, &exchange->answer);
    exchange->request = request.number;
    free(exchange->body);
    exchange->body = NULL;
}

static void add_request_id(struct MHD_Response *response, const char *name, uint64_t number)
{
    char text[HEADER_MAX];
    (void)snprintf(text, sizeof text, "req_%014" PRIx64, number);
    (void)MHD_add_response_header(response, name, text);
}

static void add_headers(const struct exchange *exchange, struct MHD_Response *response)
{
    const struct answer *answer = &exchange->answer;
    const char *version = header(exchange->connection, "Stripe-Version");
    const char *key = header(exchange->connection, "Idempotency-Key");
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  answer->log_follows ? "application/x-ndjson"
                                  : answer->is_pem    ? "application/x-pem-file"
                                                      : "application/json");
    add_request_id(response, "Request-Id", exchange->request);
    if (answer->dialect == DIALECT_STRIPE)
        (void)MHD_add_response_header(response, "Stripe-Version",
                                      version == NULL ? default_version : version);
    if (key != NULL)
        (void)MHD_add_response_header(response, "Idempotency-Key", key);
    if (answer->replayed) {
        (void)MHD_add_response_header(response, "Idempotent-Replayed", "true");
        add_request_id(response, "Original-Request", answer->original);
    }
    if (answer->status == MHD_HTTP_UNAUTHORIZED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                      "Basic realm=\"Stripe\"");
}

/* The log is sent from its file, as far as it goes now. */
static struct MHD_Response *log_response(const struct exchange *exchange)
{
    const struct sandbox *sandbox = exchange->sandbox;
    bool outbox = exchange->answer.outbox_follows;
    int64_t size = outbox ? sandbox->outbox.size : sandbox->effects.size;
    int copy = dup(outbox ? sandbox->outbox.fd : sandbox->effects.fd);
    if (copy < 0)
        return NULL;
    int64_t from = exchange->answer.log_from;
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64((uint64_t)(size - from), copy, (uint64_t)from);
    if (response == NULL)
        (void)close(copy);
    return response;
}

static struct MHD_Response *body_response(struct exchange *exchange)
{
    size_t size = exchange->answer.body.size;
    char *body = out_take(&exchange->answer.body);
    if (body == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(body);
    return response;
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
    struct answer *answer = &exchange->answer;
    /* Closing the connection without an answer is what a lost answer looks like. */
    if (answer->lost || exchange->sandbox->effects.broken)
        return MHD_NO;
    struct MHD_Response *response =
        answer->log_follows ? log_response(exchange) : body_response(exchange);
    if (response == NULL)
        return MHD_NO;
    add_headers(exchange, response);
    enum MHD_Result queued = MHD_queue_response(exchange->connection, answer->status, response);
    MHD_destroy_response(response);
    api_sent(exchange->sandbox, answer);
    return queued;
}

static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    (void)version;
    struct exchange *exchange = *context;
    if (exchange == NULL) {
        exchange = calloc(1, sizeof *exchange);
        if (exchange == NULL)
            return MHD_NO;
        exchange->sandbox = closure;
        exchange->connection = connection;
        exchange->answer = ANSWER_EMPTY;
        *context = exchange;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        receive(exchange, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (exchange->state == EXCHANGE_RECEIVING) {
        handle(exchange, url, method);
        if (exchange->answer.hold_us > 0)
            return suspend(exchange);
    }
    return send_answer(exchange);
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)closure, (void)connection, (void)code;
    struct exchange *exchange = *context;
    if (exchange == NULL)
        return;
    api_sent(exchange->sandbox, &exchange->answer);
    free(exchange->body);
    free(exchange);
    *context = NULL;
}

/* "127.0.0.1:8080", "[::1]:0" */
static struct addrinfo *resolve(const char *listen_at, struct error *error)
{
    char host[256];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(listen_at, ':');
    size_t size = colon == NULL ? sizeof host : (size_t)(colon - listen_at);
    int problem = EAI_NONAME;
    if (size < sizeof host) {
        memcpy(host, listen_at, size);
        host[size] = '\0';
        char *name = host;
        if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
            host[size - 1] = '\0';
            name++;
        }
        problem = getaddrinfo(name, colon + 1, &hints, &found);
    }
    if (problem != 0)
        (void)error_set(error, STATUS_INVALID, "--listen %s: %s", listen_at, gai_strerror(problem));
    return problem == 0 ? found : NULL;
}

static struct MHD_Daemon *start_daemon(struct sandbox *sandbox, struct error *error)
{
    struct addrinfo *address = resolve(sandbox->options.listen, error);
    if (address == NULL)
        return NULL;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO;
    if (address->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, sandbox, MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)sandbox->options.max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    freeaddrinfo(address);
    if (daemon == NULL)
        (void)error_set(error, STATUS_FATAL, "cannot listen on %s: %s", sandbox->options.listen,
                        strerror(errno));
    return daemon;
}

/* A reader sees the whole port or no file. */
static enum status write_port(const char *path, unsigned port, struct error *error)
{
    char draft[4096];
    if (*path == '\0')
        return STATUS_OK;
    if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft)
        return error_set(error, STATUS_INVALID, "--port-file: the path is too long");
    FILE *file = fopen(draft, "we");
    bool written = file != NULL && fprintf(file, "%u\n", port) > 0;
    written = file != NULL && fclose(file) == 0 && written;
    if (written && rename(draft, path) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_FATAL, "cannot write --port-file %s: %s", path, strerror(errno));
}

static int timeout_ms(const struct sandbox *sandbox, struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG daemon_ms = POLL_MAX_MS;
    int64_t next_us = timers_next_us(&sandbox->timers);
    if (MHD_get_timeout(daemon, &daemon_ms) != MHD_YES || daemon_ms > POLL_MAX_MS)
        daemon_ms = POLL_MAX_MS;
    if (next_us == INT64_MAX)
        return (int)daemon_ms;
    int64_t until_ms = (next_us - clock_wall_us() + 999) / 1000;
    if (until_ms < 0)
        until_ms = 0;
    return until_ms < (int64_t)daemon_ms ? (int)until_ms : (int)daemon_ms;
}

static void run_once(struct sandbox *sandbox, struct MHD_Daemon *daemon)
{
    sandbox->now_us = clock_wall_us();
    api_timers(sandbox, resume);
    (void)MHD_run(daemon);
}

static void serve(struct sandbox *sandbox, struct MHD_Daemon *daemon, int signals)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd files[] = {{.fd = info->epoll_fd, .events = POLLIN},
                             {.fd = signals, .events = POLLIN}};
    while (!sandbox->effects.broken && !sandbox->outbox.broken && files[1].revents == 0) {
        if (poll(files, 2, timeout_ms(sandbox, daemon)) < 0 && errno != EINTR)
            return;
        run_once(sandbox, daemon);
    }
}

/* Held answers are sent now, then everything is closed. */
static void finish(struct sandbox *sandbox, struct MHD_Daemon *daemon)
{
    MHD_socket listening = MHD_quiesce_daemon(daemon);
    bool waiting = held != NULL;
    while (held != NULL)
        resume(held);
    for (int round = 0; round < STOP_ROUNDS_MAX; round++) {
        (void)MHD_run(daemon);
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        if (!waiting || info == NULL || info->num_connections == 0)
            break;
        (void)poll(NULL, 0, STOP_ROUND_MS);
    }
    MHD_stop_daemon(daemon);
    if (listening != MHD_INVALID_SOCKET)
        (void)close(listening);
    (void)sandbox;
}

static int block_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stop, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &stop, SFD_CLOEXEC);
}

enum status server_run(struct sandbox *sandbox, struct error *error)
{
    int signals = block_signals();
    if (signals < 0)
        return error_set(error, STATUS_FATAL, "cannot wait for signals: %s", strerror(errno));
    struct MHD_Daemon *daemon = start_daemon(sandbox, error);
    if (daemon == NULL) {
        (void)close(signals);
        return STATUS_FATAL;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    enum status status = write_port(sandbox->options.port_file, info->port, error);
    if (status == STATUS_OK) {
        (void)fprintf(stderr, "sandbox: listening on port %u with %u refunds\n", info->port,
                      sandbox->store.refund_count);
        serve(sandbox, daemon, signals);
    }
    finish(sandbox, daemon);
    (void)close(signals);
    if (status == STATUS_OK && (sandbox->effects.broken || sandbox->outbox.broken))
        status = error_set(error, STATUS_FATAL,
                           "cannot write the log (disk full?) or out of memory: stopped, so that "
                           "no answer is given that the log does not have");
    return status;
}
