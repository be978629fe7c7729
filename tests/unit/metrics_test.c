#include "metrics.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024, TIMEOUT_SECONDS = 10 };

static char port_file[] = "/tmp/metrics_test_XXXXXX";
static uint16_t port;

static uint16_t read_port(void)
{
    unsigned number = 0;
    FILE *file = fopen(port_file, "r");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%u", &number), 1);
    (void)fclose(file);
    return (uint16_t)number;
}

static void start(void)
{
    struct error error = {""};
    int file = mkstemp(port_file);
    cr_assert_geq(file, 0);
    (void)close(file);
    cr_assert_eq(metrics_serve("intake", "127.0.0.1:0", port_file, &error), STATUS_OK, "%s",
                 error.text);
    port = read_port();
    cr_assert_gt(port, 0);
}

static void stop(void)
{
    metrics_stop();
    (void)unlink(port_file);
}

TestSuite(metrics, .init = start, .fini = stop);

static int open_connection(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_geq(connection, 0);
    cr_assert_eq(setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
    cr_assert_eq(connect(connection, (struct sockaddr *)&address, sizeof address), 0);
    return connection;
}

/* The whole answer, headers and body. */
static const char *ask(const char *method, const char *path)
{
    static char answer[ANSWER_MAX];
    char request[256];
    int size = snprintf(request, sizeof request,
                        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    int connection = open_connection();
    cr_assert_eq(send(connection, request, (size_t)size, 0), size);
    size_t have = 0;
    for (ssize_t got; (got = recv(connection, answer + have, ANSWER_MAX - 1 - have, 0)) > 0;)
        have += (size_t)got;
    answer[have] = '\0';
    (void)close(connection);
    return answer;
}

static void expect_answer(const char *answer, const char *status_line, const char *body)
{
    cr_expect_eq(strncmp(answer, status_line, strlen(status_line)), 0, "%s", answer);
    cr_expect_not_null(strstr(answer, body), "%s", answer);
}

Test(metrics, are_served_in_prometheus_format)
{
    metric_add(METRIC_EVENTS, 3);
    metric_add(METRIC_EVENTS, 4);
    metric_set(METRIC_SHARDS, 6);
    metric_set(METRIC_LAG, -1);
    const char *answer = ask("GET", "/metrics");
    expect_answer(answer, "HTTP/1.1 200", "text/plain; version=0.0.4");
    expect_answer(answer, "HTTP/1.1 200",
                  "# HELP redress_events_total events taken from Kafka\n"
                  "# TYPE redress_events_total counter\n"
                  "redress_events_total{worker=\"intake\"} 7\n");
    expect_answer(answer, "HTTP/1.1 200",
                  "# TYPE redress_shards gauge\nredress_shards{worker=\"intake\"} 6\n");
    expect_answer(answer, "HTTP/1.1 200", "redress_lag_events{worker=\"intake\"} -1\n");
#define X(id, name, type, help) expect_answer(answer, "HTTP/1.1 200", "redress_" name "{");
    METRIC_ROWS(X)
#undef X
}

Test(metrics, readiness_says_why_not)
{
    expect_answer(ask("GET", "/readyz"), "HTTP/1.1 503", "\r\n\r\nstarting\n");
    health_ready(true, NULL);
    expect_answer(ask("GET", "/readyz"), "HTTP/1.1 200", "\r\n\r\nready\n");
    health_ready(false, "the database is down");
    expect_answer(ask("GET", "/readyz"), "HTTP/1.1 503", "\r\n\r\nthe database is down\n");
    char reason[1000];
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    health_ready(false, reason);
    expect_answer(ask("GET", "/readyz"), "HTTP/1.1 503", "Content-Length: 256\r\n");
}

Test(metrics, a_turning_loop_is_live)
{
    health_alive();
    expect_answer(ask("GET", "/livez"), "HTTP/1.1 200", "\r\n\r\nlive\n");
}

Test(metrics, other_paths_and_methods_are_refused)
{
    expect_answer(ask("GET", "/"), "HTTP/1.1 404", "/metrics, /livez or /readyz");
    expect_answer(ask("GET", "/metricsx"), "HTTP/1.1 404", "");
    expect_answer(ask("DELETE", "/metrics"), "HTTP/1.1 405", "Allow: GET, HEAD\r\n");
    const char *head = ask("HEAD", "/metrics");
    expect_answer(head, "HTTP/1.1 200", "Content-Length: ");
    cr_expect_null(strstr(head, "# HELP"));
}

Test(metrics, garbage_does_not_stop_the_server)
{
    int connection = open_connection();
    cr_assert_eq(send(connection, "\0\xff garbage\r\n\r\n\r\n", 15, 0), 15);
    (void)close(connection);
    expect_answer(ask("GET", "/livez"), "HTTP/1.1 200", "live");
}

static void *add_often(void *unused)
{
    for (int i = 0; i < 10000; i++)
        metric_add(METRIC_BATCHES, 1);
    return unused;
}

Test(metrics, threads_lose_no_count)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, add_often, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_expect_eq(metric_read(METRIC_BATCHES), 40000);
}

Test(metrics_serve, refuses_an_address_it_cannot_listen_on)
{
    static const char *const addresses[] = {
        "", "9100", "127.0.0.1:", "127.0.0.1:http!", ":9100", "192.0.2.1:0", "127.0.0.1:99999999"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct error error = {""};
        cr_expect_eq(metrics_serve("intake", addresses[i], "", &error), STATUS_INVALID, "%s",
                     addresses[i]);
        cr_expect_eq(strncmp(error.text, "health address", strlen("health address")), 0, "%s",
                     error.text);
    }
}

Test(metrics_serve, refuses_a_taken_port)
{
    struct error error = {""};
    start();
    char taken[32];
    (void)snprintf(taken, sizeof taken, "127.0.0.1:%u", port);
    metrics_stop();
    int other = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int reuse = 1;
    cr_assert_eq(setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse), 0);
    cr_assert_eq(bind(other, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(other, 1), 0);
    cr_expect_eq(metrics_serve("intake", taken, "", &error), STATUS_INVALID);
    (void)close(other);
    stop();
}

Test(metrics_serve, says_where_the_port_cannot_be_written)
{
    struct error error = {""};
    cr_expect_eq(metrics_serve("intake", "localhost:0", "/nowhere/at/all", &error), STATUS_INVALID);
    cr_expect_str_eq(error.text, "health port file /nowhere/at/all: No such file or directory");
}
