/* libcurl tells which sockets it waits for and until when, and is told which are ready: with
 * hundreds in flight, asking it to look at all of them each time costs more than the requests. */

#include "exchange.h"

#include "clock.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ANSWER_FIRST = 2048,
    ANSWER_KEPT = 16384,
    READY_MAX = 128,
    RECEIVE_BUFFER = 4096, /* requests and answers are small, and there are hundreds of them */
    SEND_BUFFER = 16384    /* the least that libcurl takes */
};

struct slot {
    CURL *easy;
    struct curl_slist *headers;
    void *token;
    char request_body[REQUEST_BODY_MAX];
    size_t body_size, body_sent;
    char *body;
    size_t size, room;
    bool too_large;
    struct slot *next_free;
};

struct exchange {
    CURLM *multi;
    struct slot *slots;
    size_t slot_count, active;
    struct slot *free;
    char ca_file[1024];
    long connect_timeout_ms, total_timeout_ms;
    int epoll_fd, wake_fd;
    int64_t timer_us; /* monotonic: when libcurl wants to be called; -1: it does not */
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void start_library(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take_body(char *bytes, size_t one, size_t count, void *context)
{
    struct slot *slot = context;
    size_t size = one * count;
    if (slot->size + size > ANSWER_MAX) {
        slot->too_large = true;
        return 0;
    }
    size_t room = slot->room == 0 ? ANSWER_FIRST : slot->room;
    while (room < slot->size + size)
        room *= 2;
    if (room > slot->room) {
        char *grown = realloc(slot->body, room);
        if (grown == NULL)
            return 0;
        slot->body = grown;
        slot->room = room;
    }
    memcpy(slot->body + slot->size, bytes, size);
    slot->size += size;
    return size;
}

/* Gives the body once. Without a way to give it again libcurl cannot do what it else would: repeat
 * a request by itself when a kept connection ends without an answer. Whether the first one arrived
 * is not libcurl's to guess. */
static size_t give_body(char *to, size_t one, size_t count, void *context)
{
    struct slot *slot = context;
    size_t size = slot->body_size - slot->body_sent;
    if (size > one * count)
        size = one * count;
    memcpy(to, slot->request_body + slot->body_sent, size);
    slot->body_sent += size;
    return size;
}

/* What is the same for every request of the slot. */
static bool prepare(struct exchange *exchange, struct slot *slot)
{
    slot->easy = curl_easy_init();
    if (slot->easy == NULL)
        return false;
    CURL *easy = slot->easy;
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    (void)curl_easy_setopt(easy, CURLOPT_READDATA, slot);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, exchange->connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, exchange->total_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "redress");
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    (void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BUFFER);
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (exchange->ca_file[0] != '\0')
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, exchange->ca_file);
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
}

/* `known` is set once the socket is in the epoll set. */
static int note_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct exchange *exchange = context;
    (void)easy;
    struct epoll_event event = {.data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(exchange->epoll_fd, EPOLL_CTL_DEL, fd, &event);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                   (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    (void)epoll_ctl(exchange->epoll_fd, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    (void)curl_multi_assign(exchange->multi, fd, exchange);
    return 0;
}

static int note_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct exchange *exchange = context;
    (void)multi;
    exchange->timer_us = timeout_ms < 0 ? -1 : clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    return 0;
}

static bool open_loop(struct exchange *exchange)
{
    exchange->timer_us = -1;
    exchange->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    exchange->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event wake = {.events = EPOLLIN, .data.fd = exchange->wake_fd};
    return exchange->epoll_fd >= 0 && exchange->wake_fd >= 0 &&
           epoll_ctl(exchange->epoll_fd, EPOLL_CTL_ADD, exchange->wake_fd, &wake) == 0 &&
           curl_multi_setopt(exchange->multi, CURLMOPT_SOCKETFUNCTION, note_socket) == CURLM_OK &&
           curl_multi_setopt(exchange->multi, CURLMOPT_SOCKETDATA, exchange) == CURLM_OK &&
           curl_multi_setopt(exchange->multi, CURLMOPT_TIMERFUNCTION, note_timer) == CURLM_OK &&
           curl_multi_setopt(exchange->multi, CURLMOPT_TIMERDATA, exchange) == CURLM_OK;
}

enum status exchange_open(const struct exchange_settings *settings, struct exchange **exchange,
                          struct error *error)
{
    (void)pthread_once(&library_once, start_library);
    struct exchange *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_FATAL, "no memory for HTTP requests");
    opened->epoll_fd = opened->wake_fd = -1;
    opened->connect_timeout_ms = (long)settings->connect_timeout_ms;
    opened->total_timeout_ms = (long)settings->total_timeout_ms;
    (void)strncpy(opened->ca_file, settings->ca_file, sizeof opened->ca_file - 1);
    opened->multi = curl_multi_init();
    opened->slots = calloc(settings->in_flight, sizeof *opened->slots);
    bool good = opened->multi != NULL && opened->slots != NULL && open_loop(opened);
    opened->slot_count = good ? settings->in_flight : 0;
    for (size_t i = opened->slot_count; i > 0; i--) {
        opened->slots[i - 1].next_free = opened->free;
        opened->free = &opened->slots[i - 1];
    }
    good = good && opened->free != NULL && prepare(opened, opened->free);
    if (!good) {
        exchange_close(opened);
        return error_set(error, STATUS_FATAL, "libcurl could not be set up");
    }
    long connections = (long)settings->in_flight;
    (void)curl_multi_setopt(opened->multi, CURLMOPT_MAXCONNECTS, connections);
    (void)curl_multi_setopt(opened->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    *exchange = opened;
    return STATUS_OK;
}

void exchange_close(struct exchange *exchange)
{
    if (exchange == NULL)
        return;
    for (size_t i = 0; i < exchange->slot_count; i++) {
        struct slot *slot = &exchange->slots[i];
        if (slot->headers != NULL) /* under way */
            (void)curl_multi_remove_handle(exchange->multi, slot->easy);
        curl_slist_free_all(slot->headers);
        curl_easy_cleanup(slot->easy);
        free(slot->body);
    }
    (void)curl_multi_cleanup(exchange->multi);
    if (exchange->epoll_fd >= 0)
        (void)close(exchange->epoll_fd);
    if (exchange->wake_fd >= 0)
        (void)close(exchange->wake_fd);
    free(exchange->slots);
    free(exchange);
}

size_t exchange_room(const struct exchange *exchange)
{
    return exchange->slot_count - exchange->active;
}

size_t exchange_active(const struct exchange *exchange)
{
    return exchange->active;
}

static struct curl_slist *header_list(const struct provider_request *request)
{
    /* No "Expect: 100-continue": it would cost a round trip. */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; list != NULL && i < REQUEST_HEADERS && request->headers[i][0] != '\0'; i++) {
        struct curl_slist *longer = curl_slist_append(list, request->headers[i]);
        if (longer == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static bool set_request(struct slot *slot, const struct provider_request *request)
{
    CURL *easy = slot->easy;
    bool good = curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->headers) == CURLE_OK;
    if (!request->post)
        return good && curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    slot->body_size = strlen(request->body);
    memcpy(slot->request_body, request->body, slot->body_size + 1);
    slot->body_sent = 0;
    return good && curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)slot->body_size) == CURLE_OK;
}

static void release(struct exchange *exchange, struct slot *slot)
{
    curl_slist_free_all(slot->headers);
    slot->headers = NULL;
    slot->next_free = exchange->free;
    exchange->free = slot;
}

bool exchange_start(struct exchange *exchange, const struct provider_request *request, void *token)
{
    struct slot *slot = exchange->free;
    if (slot == NULL || (slot->easy == NULL && !prepare(exchange, slot)))
        return false;
    exchange->free = slot->next_free;
    if (slot->room > ANSWER_KEPT) {
        free(slot->body);
        slot->body = NULL;
        slot->room = 0;
    }
    slot->token = token;
    slot->size = 0;
    slot->too_large = false;
    slot->headers = header_list(request);
    if (slot->headers == NULL || !set_request(slot, request) ||
        curl_multi_add_handle(exchange->multi, slot->easy) != CURLM_OK) {
        release(exchange, slot);
        return false;
    }
    exchange->active++;
    return true;
}

static int until_timer_ms(const struct exchange *exchange, int timeout_ms)
{
    if (exchange->timer_us < 0)
        return timeout_ms;
    int64_t left_us = exchange->timer_us - clock_monotonic_us();
    int64_t left_ms = left_us <= 0 ? 0 : (left_us + 999) / 1000;
    return left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

static void run_timer(struct exchange *exchange)
{
    int running = 0;
    if (exchange->timer_us < 0 || clock_monotonic_us() < exchange->timer_us)
        return;
    exchange->timer_us = -1;
    (void)curl_multi_socket_action(exchange->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static void run_socket(struct exchange *exchange, const struct epoll_event *event)
{
    int running = 0, what = 0;
    uint64_t count;
    if (event->data.fd == exchange->wake_fd) {
        (void)!read(exchange->wake_fd, &count, sizeof count);
        return;
    }
    what |= event->events & EPOLLIN ? CURL_CSELECT_IN : 0;
    what |= event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
    what |= event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
    (void)curl_multi_socket_action(exchange->multi, event->data.fd, what, &running);
}

void exchange_wait(struct exchange *exchange, int timeout_ms)
{
    struct epoll_event ready[READY_MAX];
    run_timer(exchange); /* requests that were just started leave at once */
    int count =
        epoll_wait(exchange->epoll_fd, ready, READY_MAX, until_timer_ms(exchange, timeout_ms));
    for (int i = 0; i < count; i++)
        run_socket(exchange, &ready[i]);
    run_timer(exchange);
}

/* Nothing left us: no connection, or a time-out before the first byte of the request. */
static bool nothing_sent(CURL *easy, CURLcode code)
{
    long sent = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
           code == CURLE_COULDNT_CONNECT || code == CURLE_URL_MALFORMAT ||
           code == CURLE_UNSUPPORTED_PROTOCOL ||
           (sent == 0 && (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_SSL_CONNECT_ERROR ||
                          code == CURLE_PEER_FAILED_VERIFICATION));
}

/* A handle whose request failed is not used again: that of libcurl 8.14 keeps in mind that the body
 * could not be given again, and fails every later request for it. Connections are the multi's. */
static void drop_handle(struct slot *slot)
{
    curl_easy_cleanup(slot->easy);
    slot->easy = NULL;
}

bool exchange_next(struct exchange *exchange, struct exchange_answer *answer)
{
    int left = 0;
    CURLMsg *message = NULL;
    do
        message = curl_multi_info_read(exchange->multi, &left);
    while (message != NULL && message->msg != CURLMSG_DONE);
    if (message == NULL)
        return false;
    struct slot *slot = NULL;
    long status = 0;
    curl_off_t retry_after_s = 0;
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&slot);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    *answer = (struct exchange_answer){.token = slot->token,
                                       .outcome = code == CURLE_OK           ? EXCHANGE_ANSWERED
                                                  : nothing_sent(easy, code) ? EXCHANGE_NOT_SENT
                                                                             : EXCHANGE_LOST,
                                       .http_status = (int32_t)status,
                                       .body = slot->body == NULL ? "" : slot->body,
                                       .size = slot->size,
                                       .retry_after_s = retry_after_s,
                                       .reason = slot->too_large ? "the answer is too large"
                                                                 : curl_easy_strerror(code)};
    (void)curl_multi_remove_handle(exchange->multi, easy);
    if (code != CURLE_OK)
        drop_handle(slot);
    exchange->active--;
    release(exchange, slot);
    return true;
}

void exchange_wake(struct exchange *exchange)
{
    const uint64_t one = 1;
    (void)!write(exchange->wake_fd, &one, sizeof one);
}
