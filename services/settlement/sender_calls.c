/* The sender's calls: begun, answered, published. */

#include "clock.h"
#include "failpoint.h"
#include "log.h"
#include "metrics.h"
#include "provider_facts.h"
#include "sender_event.h"
#include "sender_internal.h"

#include <string.h>

enum {
    ASK_AGAIN_US = 1000000,    /* until an access token that was refused is asked for again */
    TOO_MANY_US = 1000000,     /* how long a provider that said 429 is left alone */
    TOKEN_MARGIN_DIVISOR = 10, /* the last tenth of a token's life is not used */
    UNAUTHORIZED = 401,
    TOO_MANY_REQUESTS = 429,
    SERVER_ERROR = 500,
    UNAVAILABLE = 503,
    RETRY_AFTER_MAX_S = 300 /* however long a provider asks to be left alone */
};

/* Publishing. */

/* A record that failed is not sent again: the look-up that is due tells the same. */
static void delivered(void *context, void *token, enum status status, const char *reason)
{
    (void)context;
    (void)token;
    if (status != STATUS_OK)
        log_write(LOG_ERROR, "a provider event was not delivered", "reason", reason, NULL);
}

enum status sender_open_producer(struct sender *sender, struct error *error)
{
    return producer_open(&sender->worker, "settlement-sender", sender->wake_fd, delivered, sender,
                         &sender->producer, error);
}

/* A producer that cannot go on is replaced; what it had not delivered is looked up when due. */
static void renew_producer(struct sender *sender, const struct error *why)
{
    struct error error = {0};
    log_write(LOG_ERROR, why->text, NULL);
    producer_close(sender->producer);
    sender->producer = NULL;
    if (sender_open_producer(sender, &error) != STATUS_OK)
        log_write(LOG_ERROR, error.text, NULL);
}

void sender_poll_producer(struct sender *sender)
{
    struct error error = {0};
    if (sender->producer != NULL && producer_poll(sender->producer, 0, &error) == STATUS_FATAL)
        renew_producer(sender, &error);
}

static void report(struct sender *sender, const struct job *job, const struct finding *finding)
{
    struct error error = {0};
    if (sender->producer == NULL && sender_open_producer(sender, &error) != STATUS_OK)
        return;
    if (sender_event_send(sender->producer, sender->settings.keys, job, finding, sender->arena,
                          &error) == STATUS_FATAL)
        renew_producer(sender, &error);
    failpoint(REPORTED);
}

void sender_report_failed(struct sender *sender, const struct job *job, enum call_failure failure,
                          const char *code, const char *message)
{
    struct finding finding = {.kind = FINDING_CALL_FAILED, .failure = failure};
    if (job->kind == TASK_LOOK_UP)
        return; /* nothing was learned; it is due again */
    (void)strncpy(finding.code, code, sizeof finding.code - 1);
    (void)strncpy(finding.message, message, sizeof finding.message - 1);
    report(sender, job, &finding);
}

/* The breaker. */

static void note_failure(struct sender *sender, struct lane *lane, const char *reason)
{
    pthread_mutex_lock(&sender->mutex);
    bool opened = breaker_failed(&lane->breaker, clock_monotonic_us());
    pthread_mutex_unlock(&sender->mutex);
    if (!opened)
        return;
    metric_add(METRIC_BREAKERS_OPEN, 1);
    log_write(LOG_WARNING, "a provider does not answer: its refunds wait", "provider",
              provider_facts(lane->provider)->name, "reason", reason, NULL);
}

static void note_answer(struct sender *sender, struct lane *lane)
{
    pthread_mutex_lock(&sender->mutex);
    bool closed = breaker_answered(&lane->breaker);
    pthread_mutex_unlock(&sender->mutex);
    if (!closed)
        return;
    metric_add(METRIC_BREAKERS_OPEN, -1);
    log_write(LOG_INFO, "a provider answers again", "provider",
              provider_facts(lane->provider)->name, NULL);
}

/* How long the provider is to be left alone: what it asks for, after 429 a second at least. */
static int64_t pause_us(const struct exchange_answer *answer)
{
    bool too_many = answer->http_status == TOO_MANY_REQUESTS;
    if (!too_many && answer->http_status != UNAVAILABLE)
        return 0;
    int64_t asked_s =
        answer->retry_after_s < RETRY_AFTER_MAX_S ? answer->retry_after_s : RETRY_AFTER_MAX_S;
    return too_many && asked_s == 0 ? TOO_MANY_US : asked_s * 1000000;
}

/* What an answer says about the provider rather than about the refund. */
static void judge(struct sender *sender, struct lane *lane, const struct exchange_answer *answer)
{
    bool answered = answer->outcome == EXCHANGE_ANSWERED;
    if (!answered)
        metric_add(METRIC_PROVIDER_FAILURES, 1);
    if (answered && pause_us(answer) > 0)
        lane->resume_us = clock_monotonic_us() + pause_us(answer);
    if (answered && answer->http_status == UNAUTHORIZED)
        lane->token_until_us = 0;
    if (!answered)
        note_failure(sender, lane, answer->reason);
    else if (answer->http_status >= SERVER_ERROR || answer->http_status == UNAUTHORIZED)
        note_failure(sender, lane, answer->http_status == UNAUTHORIZED ? "401" : "5xx");
    else
        note_answer(sender, lane);
}

/* Calls. */

void sender_end_call(struct sender *sender, struct call_in_flight *call)
{
    if (call->lane != NULL)
        call->lane->in_flight--;
    call->lane = NULL;
    call->next_free = sender->free;
    sender->free = call;
}

static struct call_in_flight *take_call(struct sender *sender, struct lane *lane)
{
    struct call_in_flight *call = sender->free;
    sender->free = call->next_free;
    call->lane = lane;
    call->authorizes = false;
    call->pages = 0;
    lane->in_flight++;
    pthread_mutex_lock(&sender->mutex);
    breaker_started(&lane->breaker);
    pthread_mutex_unlock(&sender->mutex);
    return call;
}

/* Begins the call, or the next page of a look-up. */
static void begin_page(struct sender *sender, struct call_in_flight *call, const char *cursor)
{
    const struct job *job = &call->job;
    const struct lane *lane = call->lane;
    struct finding finding = {.kind = FINDING_NOTHING};
    bool written =
        job->kind == TASK_SEND
            ? lane->adapter->start(&lane->account, &job->payout, sender->request, &finding)
            : lane->adapter->look_up(&lane->account, &job->payout, cursor, sender->request);
    if (written && exchange_start(sender->exchange, sender->request, call)) {
        metric_add(METRIC_PROVIDER_CALLS, 1);
        failpoint(CALLED);
        return;
    }
    if (written)
        sender_report_failed(sender, job, CALL_FAILURE_NOT_SENT, "no_memory", "");
    else
        report(sender, job, &finding);
    pthread_mutex_lock(&sender->mutex);
    call->lane->breaker.trying = false; /* nothing was tried */
    pthread_mutex_unlock(&sender->mutex);
    sender_end_call(sender, call);
}

void sender_begin(struct sender *sender, struct lane *lane, const struct job *job)
{
    struct call_in_flight *call = take_call(sender, lane);
    call->job = *job;
    begin_page(sender, call, "");
}

static void finish_token(struct sender *sender, struct call_in_flight *call,
                         const struct exchange_answer *answer)
{
    struct lane *lane = call->lane;
    int64_t now_us = clock_monotonic_us();
    lane->token_asked = false;
    bool good = answer->outcome == EXCHANGE_ANSWERED &&
                lane->adapter->parse_authorize(answer->http_status, answer->body, answer->size,
                                               &lane->token);
    if (good) {
        lane->account.token = lane->token.text;
        lane->token_until_us =
            now_us + lane->token.life_us - lane->token.life_us / TOKEN_MARGIN_DIVISOR;
        note_answer(sender, lane);
    } else {
        lane->token_until_us = 0;
        lane->resume_us = now_us + ASK_AGAIN_US;
        note_failure(sender, lane, "no access token");
    }
    sender_end_call(sender, call);
}

bool sender_authorized(struct sender *sender, struct lane *lane)
{
    if (lane->adapter->authorize == NULL || clock_monotonic_us() < lane->token_until_us)
        return true;
    if (lane->token_asked || sender->free == NULL)
        return false;
    struct call_in_flight *call = take_call(sender, lane);
    call->authorizes = true;
    lane->adapter->authorize(&lane->account, sender->request);
    lane->token_asked = exchange_start(sender->exchange, sender->request, call);
    if (!lane->token_asked) {
        lane->resume_us = clock_monotonic_us() + ASK_AGAIN_US;
        sender_end_call(sender, call);
    }
    return false;
}

static bool is_last(struct sender *sender, struct call_in_flight *call,
                    const struct exchange_answer *answer, struct finding *finding)
{
    const struct provider *adapter = call->lane->adapter;
    const struct provider_payout *payout = &call->job.payout;
    if (call->job.kind == TASK_SEND) {
        adapter->parse_start(payout, answer->http_status, answer->body, answer->size, finding);
        return true;
    }
    adapter->parse_look_up(payout, answer->http_status, answer->body, answer->size, finding);
    if (finding->kind != FINDING_MORE || ++call->pages >= LOOK_UP_PAGES_MAX)
        return true;
    begin_page(sender, call, finding->cursor);
    return false;
}

void sender_finish(struct sender *sender, const struct exchange_answer *answer)
{
    struct call_in_flight *call = answer->token;
    struct finding finding = {.kind = FINDING_NOTHING};
    if (call->authorizes) {
        finish_token(sender, call, answer);
        return;
    }
    failpoint(ANSWERED);
    judge(sender, call->lane, answer);
    if (answer->outcome != EXCHANGE_ANSWERED) {
        bool sent = answer->outcome == EXCHANGE_LOST;
        sender_report_failed(sender, &call->job,
                             sent ? CALL_FAILURE_UNKNOWN : CALL_FAILURE_NOT_SENT,
                             sent ? "no_answer" : "not_connected", answer->reason);
    } else if (is_last(sender, call, answer, &finding)) {
        report(sender, &call->job, &finding);
    } else {
        return; /* another page is under way */
    }
    sender_end_call(sender, call);
}
