/* HTTP under a server that misbehaves: each request reaches it once, and what is said of it is what
 * happened. */

#include "clock.h"
#include "services/settlement/exchange.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEADLINE_MS = 10000, CONNECTIONS_MAX = 8 };

/* A server for one connection at a time, which answers `answers` requests on each connection and
 * ends it at the one behind them, having read it whole. */
struct server {
    int listener;
    int answers;
    _Atomic int requests;
    _Atomic bool stopping;
    pthread_t thread;
    char url[64];
};

static struct server server;
static struct exchange *exchange;

static bool is_whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
    if (end == NULL)
        return false;
    long size = 0;
    if (length != NULL)
        (void)sscanf(length, "Content-Length: %ld", &size);
    return (long)strlen(end + 4) >= size;
}

static bool read_request(int connection)
{
    char text[8192] = "";
    size_t size = 0;
    while (!is_whole(text)) {
        ssize_t got = read(connection, text + size, sizeof text - 1 - size);
        if (got <= 0)
            return false;
        size += (size_t)got;
        text[size] = '\0';
    }
    return true;
}

static const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

static void serve_connection(int connection)
{
    for (int i = 0; read_request(connection); i++) {
        atomic_fetch_add(&server.requests, 1);
        if (i >= server.answers || write(connection, answer, strlen(answer)) < 0)
            break;
    }
    (void)close(connection);
}

static void *serve(void *context)
{
    (void)context;
    while (!atomic_load(&server.stopping)) {
        struct pollfd ready = {.fd = server.listener, .events = POLLIN};
        if (poll(&ready, 1, 50) > 0)
            serve_connection(accept(server.listener, NULL, NULL));
    }
    return NULL;
}

static void start(int answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    server.answers = answers;
    cr_assert_eq(bind(server.listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(server.listener, CONNECTIONS_MAX), 0);
    cr_assert_eq(getsockname(server.listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    cr_assert_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void setup(void)
{
    const struct exchange_settings settings = {
        .in_flight = 2, .connect_timeout_ms = 1000, .total_timeout_ms = 2000, .ca_file = ""};
    struct error error = {0};
    cr_assert_eq(exchange_open(&settings, &exchange, &error), STATUS_OK, "%s", error.text);
}

static void teardown(void)
{
    exchange_close(exchange);
    if (server.url[0] == '\0')
        return;
    atomic_store(&server.stopping, true);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.listener);
}

TestSuite(settlement_exchange, .init = setup, .fini = teardown);

static struct exchange_answer post(const char *url)
{
    struct provider_request request = {.post = true};
    struct exchange_answer got = {0};
    int64_t until_us = clock_monotonic_us() + DEADLINE_MS * INT64_C(1000);
    (void)snprintf(request.url, sizeof request.url, "%s", url);
    (void)snprintf(request.body, sizeof request.body, "amount=510&reason=fraudulent");
    cr_assert(exchange_start(exchange, &request, NULL));
    cr_assert_eq(exchange_active(exchange), (size_t)1);
    while (!exchange_next(exchange, &got)) {
        cr_assert_lt(clock_monotonic_us(), until_us);
        exchange_wait(exchange, 100);
    }
    cr_assert_eq(exchange_room(exchange), (size_t)2);
    return got;
}

Test(settlement_exchange, answers_come_back_over_one_connection)
{
    start(100);
    for (int i = 0; i < 5; i++) {
        struct exchange_answer got = post(server.url);
        cr_assert_eq(got.outcome, EXCHANGE_ANSWERED);
        cr_assert_eq(got.http_status, 200);
        cr_assert_eq(got.size, (size_t)2);
        cr_assert_eq(memcmp(got.body, "{}", 2), 0);
    }
    cr_assert_eq(atomic_load(&server.requests), 5);
}

Test(settlement_exchange, how_long_a_provider_asks_to_be_left_alone)
{
    answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n";
    start(2);
    cr_expect_eq(post(server.url).retry_after_s, 17);
    answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    cr_expect_eq(post(server.url).retry_after_s, 0);
}

/* libcurl would send it again: the connection was kept, and nothing came back. */
Test(settlement_exchange, a_request_whose_answer_is_lost_is_not_repeated)
{
    start(1);
    cr_assert_eq(post(server.url).outcome, EXCHANGE_ANSWERED);
    cr_assert_eq(post(server.url).outcome, EXCHANGE_LOST);
    cr_assert_eq(atomic_load(&server.requests), 2);
    cr_assert_eq(post(server.url).outcome, EXCHANGE_ANSWERED);
    cr_assert_eq(atomic_load(&server.requests), 3);
}

Test(settlement_exchange, nobody_there_means_nothing_sent)
{
    start(1);
    char url[64];
    (void)strcpy(url, server.url);
    atomic_store(&server.stopping, true);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.listener);
    server.url[0] = '\0';
    struct exchange_answer got = post(url);
    cr_assert_eq(got.outcome, EXCHANGE_NOT_SENT);
    cr_assert_gt(strlen(got.reason), (size_t)0);
}
