#include "metrics.h"

#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_MAX = 32,
    CONNECTION_TIMEOUT_SECONDS = 10,
    REASON_MAX = 255,
    HOST_MAX = 255,
    LIVE_WITHIN_SECONDS = 30
};

static _Atomic int64_t values[METRIC_COUNT];
static _Atomic int64_t alive_us;

static pthread_mutex_t ready_lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_ready;
static char unready_reason[REASON_MAX + 1] = "starting";

static struct MHD_Daemon *server;
static const char *worker_name = "";

void metric_add(enum metric metric, int64_t amount)
{
    atomic_fetch_add_explicit(&values[metric], amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
    atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_read(enum metric metric)
{
    return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

void health_alive(void)
{
    atomic_store_explicit(&alive_us, clock_monotonic_us(), memory_order_relaxed);
}

void health_ready(bool ready, const char *reason)
{
    (void)pthread_mutex_lock(&ready_lock);
    is_ready = ready;
    if (!ready)
        (void)snprintf(unready_reason, sizeof unready_reason, "%s", reason);
    (void)pthread_mutex_unlock(&ready_lock);
}

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned code, const char *type,
                               const char *body, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && code == MHD_HTTP_METHOD_NOT_ALLOWED)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result respond_text(struct MHD_Connection *connection, unsigned code,
                                    const char *text)
{
    return respond(connection, code, "text/plain; charset=utf-8", text, strlen(text));
}

/* https://prometheus.io/docs/instrumenting/exposition_formats/ */
static enum MHD_Result respond_metrics(struct MHD_Connection *connection)
{
    static const struct row {
        const char *name, *type, *help;
    } rows[] = {
#define X(id, name, type, help) {name, #type, help},
        METRIC_ROWS(X)
#undef X
    };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return MHD_NO;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct row *row = &rows[i];
        (void)fprintf(out,
                      "# HELP redress_%s %s\n# TYPE redress_%s %s\n"
                      "redress_%s{worker=\"%s\"} %" PRId64 "\n",
                      row->name, row->help, row->name, row->type, row->name, worker_name,
                      metric_read((enum metric)i));
    }
    enum MHD_Result result = MHD_NO;
    if (fclose(out) == 0)
        result = respond(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text,
                         size);
    free(text);
    return result;
}

static enum MHD_Result respond_live(struct MHD_Connection *connection)
{
    int64_t silent_us =
        clock_monotonic_us() - atomic_load_explicit(&alive_us, memory_order_relaxed);
    if (silent_us <= LIVE_WITHIN_SECONDS * CLOCK_SECOND_US)
        return respond_text(connection, MHD_HTTP_OK, "live\n");
    char text[64];
    (void)snprintf(text, sizeof text, "the loop has not turned for %" PRId64 " s\n",
                   silent_us / CLOCK_SECOND_US);
    return respond_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, text);
}

static enum MHD_Result respond_ready(struct MHD_Connection *connection)
{
    char text[REASON_MAX + 2];
    (void)pthread_mutex_lock(&ready_lock);
    bool ready = is_ready;
    (void)snprintf(text, sizeof text, "%s\n", ready ? "ready" : unready_reason);
    (void)pthread_mutex_unlock(&ready_lock);
    return respond_text(connection, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, text);
}

static enum MHD_Result answer(void *unused, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *body,
                              size_t *body_size, void **state)
{
    static const struct page {
        const char *path;
        enum MHD_Result (*respond)(struct MHD_Connection *connection);
    } pages[] = {
        {"/metrics", respond_metrics}, {"/livez", respond_live}, {"/readyz", respond_ready}};
    (void)unused, (void)version, (void)body, (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        *body_size = 0;
        return respond_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(path, pages[i].path) == 0)
            return pages[i].respond(connection);
    return respond_text(connection, MHD_HTTP_NOT_FOUND, "/metrics, /livez or /readyz\n");
}

/* "127.0.0.1:9100", "[::1]:0", "localhost:9100". The caller frees *found. */
static enum status resolve(const char *address, struct addrinfo **found, struct error *error)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);
    bool bracketed = size >= 2 && address[0] == '[' && address[size - 1] == ']';
    if (size == 0 || size > HOST_MAX || colon[1] == '\0')
        return error_set(error, STATUS_INVALID, "health address \"%.100s\": must be host:port",
                         address);
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || port > UINT16_MAX)
        return error_set(error, STATUS_INVALID,
                         "health address \"%.100s\": the port must be a number up to 65535",
                         address);
    char host[HOST_MAX + 1];
    size_t host_size = bracketed ? size - 2 : size;
    memcpy(host, address + bracketed, host_size);
    host[host_size] = '\0';
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    int failed = getaddrinfo(host, colon + 1, &hints, found);
    if (failed != 0)
        return error_set(error, STATUS_INVALID, "health address \"%.100s\": %s", address,
                         gai_strerror(failed));
    return STATUS_OK;
}

/* Signals are the main thread's business, so the server's thread is born with all of them blocked.
 */
static struct MHD_Daemon *start_server(const struct addrinfo *address)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
    if (address->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)CONNECTION_TIMEOUT_SECONDS, MHD_OPTION_END);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

/* Written beside and renamed, so that a reader never sees half a number. */
static enum status write_port(const char *path, unsigned port, struct error *error)
{
    char beside[PATH_MAX];
    int size = snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = size > 0 && (size_t)size < sizeof beside ? fopen(beside, "we") : NULL;
    bool written = file != NULL && fprintf(file, "%u\n", port) > 0;
    if (file != NULL && fclose(file) != 0)
        written = false;
    if (written && rename(beside, path) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "health port file %.200s: %s", path, strerror(errno));
}

enum status metrics_serve(const char *worker, const char *address, const char *port_file,
                          struct error *error)
{
    struct addrinfo *found = NULL;
    enum status status = resolve(address, &found, error);
    if (status != STATUS_OK)
        return status;
    worker_name = worker;
    health_alive();
    server = start_server(found);
    freeaddrinfo(found);
    if (server == NULL)
        return error_set(error, STATUS_INVALID, "health address %.100s: cannot be listened on: %s",
                         address, strerror(errno));
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
    if (*port_file != '\0')
        status = write_port(port_file, info == NULL ? 0 : info->port, error);
    if (status != STATUS_OK)
        metrics_stop();
    return status;
}

void metrics_stop(void)
{
    if (server != NULL)
        MHD_stop_daemon(server);
    server = NULL;
}
