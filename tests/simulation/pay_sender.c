/* The sender: its rules, a step at a time. A call is admitted by the database (epoch, stops), begun
 * within the window or never, and what becomes of it is published; the bytes are the adapters'. */

#include "pay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pay_call *free_call(struct pay_instance *instance)
{
    for (size_t i = 0; i < PAY_CALLS_MAX; i++)
        if (instance->calls[i].state == CALL_FREE)
            return &instance->calls[i];
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t pay_sender_room(const struct pay_instance *instance, int provider)
{
    if (provider_find(provider) == NULL)
        return 0;
    return least(PAY_JOBS_MAX - instance->job_count,
                 breaker_room(&instance->breakers[provider], sim_run.now_us));
}

static void fill(struct pay_job *job, const struct pay_batch *batch, int order,
                 const struct task *task)
{
    const struct payout *payout = task->payout;
    *job = (struct pay_job){.kind = task->kind,
                            .shard = batch->shard,
                            .order = order,
                            .provider = payout->provider,
                            .epoch = batch->epoch,
                            .asked_us = task->asked_us,
                            .queued_us = sim_run.now_us,
                            .payment_id = payout->payment->payment_id};
    struct provider_payout *to = &job->payout;
    (void)snprintf(to->payout_id, sizeof to->payout_id, "%s", payout->payout_id);
    (void)snprintf(to->refund_id, sizeof to->refund_id, "%s", payout->refund->refund_id);
    (void)snprintf(to->reference, sizeof to->reference, "%s", payout->payment->provider_reference);
    (void)snprintf(to->provider_refund_id, sizeof to->provider_refund_id, "%s",
                   payout->provider_refund_id);
    (void)snprintf(to->currency, sizeof to->currency, "%s", payout->currency);
    to->amount_minor = payout->amount_minor;
    to->reason = payout->refund->reason;
    to->form = payout->form;
}

void pay_sender_push(struct pay_instance *instance, const struct pay_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct pay_outcome *outcome = &batch->outcomes[i];
        for (const struct task *t = outcome->effects.tasks.first; t != NULL; t = t->next)
            if (instance->job_count < PAY_JOBS_MAX)
                fill(&instance->jobs[instance->job_count++], batch, outcome->event->order, t);
    }
}

/* Publishing. */

static void publish(const struct pay_job *job, const struct finding *finding)
{
    static const enum evidence_kind kinds[] = {[FINDING_REFUND] = EVIDENCE_REFUND,
                                               [FINDING_CALL_FAILED] = EVIDENCE_CALL_FAILED,
                                               [FINDING_NOT_FOUND] = EVIDENCE_NOT_FOUND};
    if (finding->kind == FINDING_NOTHING || finding->kind == FINDING_MORE) {
        sim_say("        nothing learned of %s", job->payout.payout_id);
        return;
    }
    bool send = job->kind == TASK_SEND;
    struct evidence said = {
        .event_id = arena_printf(pay.arena, "%s/%s/%lld", job->payout.payout_id,
                                 send ? "answer" : "look-up", (long long)job->asked_us),
        .kind = kinds[finding->kind],
        .source = send ? SOURCE_ANSWER : SOURCE_LOOK_UP,
        .verified = true,
        .provider = job->provider,
        .epoch = job->epoch,
        .occurred_us = job->asked_us,
        .payment_id = job->payment_id,
        .provider_reference = arena_strdup(pay.arena, job->payout.reference),
        .payout_id = arena_strdup(pay.arena, job->payout.payout_id),
        .provider_refund_id = arena_strdup(pay.arena, finding->provider_refund_id),
        .status = finding->status,
        .failure = finding->failure,
        .amount_minor = finding->amount_minor,
        .currency = arena_strdup(pay.arena, finding->currency),
        .code = arena_strdup(pay.arena, finding->code),
        .http_status = finding->http_status,
        .dispute_id = "",
        .fee_currency = "",
    };
    sim_say("        published: %s: kind %d status %d failure %d %s", said.event_id, (int)said.kind,
            (int)finding->status, (int)finding->failure, finding->code);
    pay_append(PAY_PROVIDER_EVENTS, pay_event(PAY_EVIDENCE, job->order, &said, sizeof said));
}

static void report_failed(const struct pay_job *job, enum call_failure failure, const char *code)
{
    struct finding finding = {.kind = FINDING_CALL_FAILED, .failure = failure};
    if (job->kind == TASK_LOOK_UP)
        return;
    (void)snprintf(finding.code, sizeof finding.code, "%s", code);
    publish(job, &finding);
}

/* Admission. */

static const char *refusal_of(const struct pay_job *job)
{
    if (pay.shards[job->shard].epoch != job->epoch)
        return "shard_moved";
    if (job->kind == TASK_SEND && pay.stop != NULL &&
        strcmp(pay.stop->refund_id, job->payout.refund_id) == 0)
        return "stopped";
    return NULL;
}

static bool is_late(const struct pay_job *job)
{
    return sim_run.now_us - job->queued_us > pay_limits.send_window_us ||
           pay_database_us() - job->asked_us > pay_limits.send_window_us;
}

static void admit(int number)
{
    struct pay_instance *instance = &pay.instances[number];
    struct pay_call *call = free_call(instance);
    const struct pay_job job = instance->jobs[0];
    struct breaker *breaker = &instance->breakers[job.provider];
    bool shut = breaker->open && !breaker->trying && breaker_room(breaker, sim_run.now_us) == 0;
    const char *refusal = refusal_of(&job);
    memmove(instance->jobs, instance->jobs + 1, --instance->job_count * sizeof *instance->jobs);
    if (is_late(&job) || shut || refusal != NULL) {
        refusal = refusal != NULL ? refusal : shut ? "provider_down" : "window_passed";
        report_failed(&job, CALL_FAILURE_NOT_SENT, refusal);
        return;
    }
    breaker_started(breaker);
    *call = (struct pay_call){
        .state = CALL_ADMITTED, .number = ++pay.calls, .job = job, .began_us = sim_run.now_us};
    sim_say("        instance %d: call %lld admitted", number, (long long)call->number);
}

/* Calls. */

static const char *after(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    return at == NULL ? "" : at + strlen(mark);
}

static const char *word_after(const char *text, const char *mark)
{
    const char *at = after(text, mark);
    return arena_strndup(pay.arena, at, strcspn(at, "&\" \r\n"));
}

/* What the provider reads from the bytes. */
static void read_request(const struct provider_request *request, struct pay_arrival *arrival)
{
    bool stripe = arrival->provider == PROVIDER_STRIPE;
    arrival->post = request->post;
    arrival->key = arrival->payout_id = "";
    for (size_t i = 0; i < REQUEST_HEADERS; i++)
        if (strncmp(request->headers[i], "Idempotency-Key: ", 17) == 0)
            arrival->key = arena_strdup(pay.arena, request->headers[i] + 17);
    if (!request->post)
        return;
    arrival->payout_id =
        word_after(request->body, stripe ? "metadata%5Bpayout_id%5D=" : "\"reference\":\"");
    arrival->amount_minor =
        strtoll(after(request->body, stripe ? "&amount=" : "\"value\":"), NULL, 10);
}

static void note_failure(struct pay_instance *instance, int provider)
{
    (void)breaker_failed(&instance->breakers[provider], sim_run.now_us);
}

static void begin(int number, struct pay_call *call)
{
    static const struct provider_account account = {"https://provider", "secret", "shop", NULL};
    static struct provider_request request;
    struct pay_instance *instance = &pay.instances[number];
    const struct pay_job *job = &call->job;
    const struct provider *adapter = provider_find(job->provider);
    struct finding finding = {.kind = FINDING_NOTHING};
    bool written = job->kind == TASK_SEND
                       ? adapter->start(&account, &job->payout, &request, &finding)
                       : adapter->look_up(&account, &job->payout, "", &request);
    if (!written || (!pay.calm && sim_chance(60))) {
        if (written)
            report_failed(job, CALL_FAILURE_NOT_SENT, "not_connected");
        else
            publish(job, &finding);
        note_failure(instance, job->provider);
        call->state = CALL_FREE;
        return;
    }
    struct pay_arrival arrival = {.instance = number,
                                  .number = call->number,
                                  .sent_us = call->began_us,
                                  .provider = job->provider,
                                  .order = job->order,
                                  .payment = pay_last_digit(job->payment_id)};
    read_request(&request, &arrival);
    call->state = CALL_SENT;
    call->began_us = sim_run.now_us;
    sim_say("        instance %d: call %lld begins, %s %s", number, (long long)call->number,
            arrival.post ? "pays with key" : "asks for",
            arrival.post ? arrival.key : job->payout.payout_id);
    pay_provider_arrives(&arrival);
}

void pay_answer_call(const struct pay_arrival *arrival, int http_status, const char *body)
{
    struct pay_instance *instance = &pay.instances[arrival->instance];
    for (size_t i = 0; i < PAY_CALLS_MAX; i++) {
        struct pay_call *call = &instance->calls[i];
        if (call->state != CALL_SENT || call->number != arrival->number)
            continue;
        call->state = body == NULL ? CALL_LOST : CALL_ANSWERED;
        call->http_status = http_status;
        call->body = body;
    }
}

static void finish(int number, struct pay_call *call)
{
    struct pay_instance *instance = &pay.instances[number];
    const struct pay_job *job = &call->job;
    const struct provider *adapter = provider_find(job->provider);
    struct finding finding = {.kind = FINDING_NOTHING};
    if (call->state != CALL_ANSWERED) {
        report_failed(job, CALL_FAILURE_UNKNOWN, "no_answer");
        note_failure(instance, job->provider);
    } else {
        if (job->kind == TASK_SEND)
            adapter->parse_start(&job->payout, call->http_status, call->body, strlen(call->body),
                                 &finding);
        else
            adapter->parse_look_up(&job->payout, call->http_status, call->body, strlen(call->body),
                                   &finding);
        publish(job, &finding);
        if (call->http_status >= 500)
            note_failure(instance, job->provider);
        else
            (void)breaker_answered(&instance->breakers[job->provider]);
    }
    call->state = CALL_FREE;
}

static bool has_ended(const struct pay_call *call)
{
    bool timed_out =
        call->state == CALL_SENT && sim_run.now_us - call->began_us > pay_limits.call_timeout_us;
    return call->state == CALL_ANSWERED || call->state == CALL_LOST || timed_out;
}

bool pay_sender_step(int number)
{
    struct pay_instance *instance = &pay.instances[number];
    bool queued = instance->job_count > 0 && free_call(instance) != NULL;
    if (queued && sim_chance(500)) {
        admit(number);
        return true;
    }
    size_t from = (size_t)sim_random(PAY_CALLS_MAX);
    for (size_t i = 0; i < PAY_CALLS_MAX; i++) {
        struct pay_call *call = &instance->calls[(from + i) % PAY_CALLS_MAX];
        bool stale = sim_run.now_us - call->began_us > PAY_STRAGGLER_US;
        if (call->state == CALL_ADMITTED && stale)
            call->state = CALL_FREE;
        else if (call->state == CALL_ADMITTED)
            begin(number, call);
        else if (has_ended(call))
            finish(number, call);
        else
            continue;
        return true;
    }
    if (queued)
        admit(number);
    return queued;
}
