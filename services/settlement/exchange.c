#include "exchange.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_FIRST = 8192, ANSWER_KEPT = 65536 };

struct slot {
    CURL *easy;
    struct curl_slist *headers;
    void *token;
    char request_body[REQUEST_BODY_MAX];
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
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, exchange->connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, exchange->total_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "redress");
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (exchange->ca_file[0] != '\0')
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, exchange->ca_file);
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
}

enum status exchange_open(const struct exchange_settings *settings, struct exchange **exchange,
                          struct error *error)
{
    (void)pthread_once(&library_once, start_library);
    struct exchange *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_FATAL, "no memory for HTTP requests");
    opened->connect_timeout_ms = (long)settings->connect_timeout_ms;
    opened->total_timeout_ms = (long)settings->total_timeout_ms;
    (void)strncpy(opened->ca_file, settings->ca_file, sizeof opened->ca_file - 1);
    opened->multi = curl_multi_init();
    opened->slots = calloc(settings->in_flight, sizeof *opened->slots);
    bool good = opened->multi != NULL && opened->slots != NULL;
    for (size_t i = 0; good && i < settings->in_flight; i++) {
        good = prepare(opened, &opened->slots[i]);
        opened->slot_count = i + 1;
        opened->slots[i].next_free = opened->free;
        opened->free = &opened->slots[i];
    }
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
        if (slot->headers != NULL)
            (void)curl_multi_remove_handle(exchange->multi, slot->easy);
        curl_slist_free_all(slot->headers);
        curl_easy_cleanup(slot->easy);
        free(slot->body);
    }
    (void)curl_multi_cleanup(exchange->multi);
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
    memcpy(slot->request_body, request->body, sizeof slot->request_body);
    long size = (long)strlen(slot->request_body);
    return good && curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, size) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, slot->request_body) == CURLE_OK;
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
    if (slot == NULL)
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

void exchange_wait(struct exchange *exchange, int timeout_ms)
{
    int running = 0, ready = 0;
    (void)curl_multi_perform(exchange->multi, &running);
    if (timeout_ms > 0 && (size_t)running == exchange->active) {
        (void)curl_multi_poll(exchange->multi, NULL, 0, timeout_ms, &ready);
        (void)curl_multi_perform(exchange->multi, &running);
    }
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
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&slot);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    *answer = (struct exchange_answer){.token = slot->token,
                                       .outcome = code == CURLE_OK ? EXCHANGE_ANSWERED
                                                  : nothing_sent(easy, code) ? EXCHANGE_NOT_SENT
                                                                             : EXCHANGE_LOST,
                                       .http_status = (int32_t)status,
                                       .body = slot->body == NULL ? "" : slot->body,
                                       .size = slot->size,
                                       .reason = slot->too_large ? "the answer is too large"
                                                                 : curl_easy_strerror(code)};
    (void)curl_multi_remove_handle(exchange->multi, easy);
    exchange->active--;
    release(exchange, slot);
    return true;
}

void exchange_wake(struct exchange *exchange)
{
    (void)curl_multi_wakeup(exchange->multi);
}
