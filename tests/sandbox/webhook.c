#include "webhook.h"

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STRAY_MS = 200 /* how much later a duplicate comes, at most, beside the fault's own time */
};

static const struct {
    webhook_refund_function *refund;
    webhook_dispute_function *dispute;
} writers[] = {
    [DIALECT_STRIPE] = {stripe_webhook_refund, stripe_webhook_dispute},
    [DIALECT_ADYEN] = {adyen_webhook_refund, adyen_webhook_dispute},
    [DIALECT_PAYPAL] = {paypal_webhook_refund, paypal_webhook_dispute},
};

enum status outbox_open(struct outbox *outbox, const char *path, struct error *error)
{
    struct stat facts;
    *outbox = (struct outbox){.fd = -1};
    if (*path == '\0')
        return STATUS_OK;
    outbox->fd = strcmp(path, "memory") == 0
                     ? memfd_create("webhooks", MFD_CLOEXEC)
                     : open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (outbox->fd < 0 || fstat(outbox->fd, &facts) != 0)
        return error_set(error, STATUS_FATAL, "cannot open --webhooks %s: %s", path,
                         strerror(errno));
    outbox->size = facts.st_size;
    return STATUS_OK;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox->fd >= 0)
        (void)close(outbox->fd);
    outbox->fd = -1;
}

void webhook_header(struct webhook *webhook, const char *name, const char *format, ...)
{
    if (webhook->header_count == WEBHOOK_HEADERS_MAX)
        return;
    char(*header)[WEBHOOK_HEADER_MAX] = webhook->headers[webhook->header_count++];
    va_list arguments;
    va_start(arguments, format);
    (void)snprintf(header[0], WEBHOOK_HEADER_MAX, "%s", name);
    (void)vsnprintf(header[1], WEBHOOK_HEADER_MAX, format, arguments);
    va_end(arguments);
}

void webhook_deliver(struct sandbox *sandbox, char *line)
{
    struct outbox *outbox = &sandbox->outbox;
    size_t size = strlen(line);
    for (size_t done = 0; done < size && !outbox->broken;) {
        ssize_t wrote = write(outbox->fd, line + done, size - done);
        if (wrote < 0 && errno != EINTR)
            outbox->broken = true;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    outbox->size += (int64_t)size;
    outbox->delivered++;
    free(line);
}

/* The line of a webhook, owned by the caller; NULL without memory. */
static char *write_line(const struct sandbox *sandbox, const struct payment *payment,
                        struct webhook *webhook)
{
    struct out line = {0};
    out_printf(&line,
               "{\"webhook\":%" PRIu64 ",\"provider\":\"%s\",\"reference\":", sandbox->outbox.made,
               dialect_text(payment->dialect));
    out_string(&line, payment->id);
    out_raw(&line, ",\"account\":");
    out_string(&line, webhook->account);
    out_printf(&line, ",\"at_us\":%" PRId64 ",\"headers\":{", sandbox->now_us);
    for (size_t i = 0; i < webhook->header_count; i++) {
        out_raw(&line, i == 0 ? "" : ",");
        out_string(&line, webhook->headers[i][0]);
        out_raw(&line, ":");
        out_string(&line, webhook->headers[i][1]);
    }
    out_raw(&line, "},\"body\":");
    out_bytes(&webhook->body, "", 1);
    out_string(&line, webhook->body.failed ? "" : webhook->body.bytes);
    out_raw(&line, "}\n");
    if (webhook->body.failed)
        line.failed = true;
    return out_take(&line);
}

/* Now, or `delay_ms` later. */
static void deliver_later(struct sandbox *sandbox, char *line, int64_t delay_ms)
{
    struct timer timer = {.at_us = sandbox->now_us + delay_ms * 1000, .line = line};
    if (line == NULL) {
        sandbox->outbox.broken = true;
    } else if (delay_ms == 0) {
        webhook_deliver(sandbox, line);
    } else if (timers_add(&sandbox->timers, timer) != STATUS_OK) {
        free(line);
        sandbox->outbox.broken = true;
    }
}

/* Late, or behind others that happened after it. */
static int64_t delay_of(struct faults *faults)
{
    int64_t delay_ms = 0;
    if (faults_strike(faults, FAULT_WEBHOOK_SLOW))
        delay_ms += faults->time_ms[FAULT_TIME_WEBHOOK];
    if (faults_strike(faults, FAULT_WEBHOOK_REORDERED))
        delay_ms += 1 + (int64_t)faults_number(faults, FAULT_WEBHOOK_REORDERED,
                                               (uint64_t)faults->time_ms[FAULT_TIME_REORDER] + 1);
    return delay_ms;
}

static void send(struct sandbox *sandbox, const struct payment *payment, struct webhook *webhook)
{
    struct faults *faults = &sandbox->faults;
    sandbox->outbox.made++;
    char *line = write_line(sandbox, payment, webhook);
    int64_t delay_ms = delay_of(faults);
    if (line != NULL && faults_strike(faults, FAULT_WEBHOOK_DUPLICATE)) {
        int64_t more_ms = (int64_t)faults_number(faults, FAULT_WEBHOOK_DUPLICATE, STRAY_MS);
        deliver_later(sandbox, strdup(line), delay_ms + 1 + more_ms);
    }
    if (line != NULL && faults_strike(faults, FAULT_WEBHOOK_LOST)) {
        sandbox->outbox.lost++;
        free(line);
    } else {
        deliver_later(sandbox, line, delay_ms);
    }
}

void webhook_of_refund(struct sandbox *sandbox, enum effect effect, uint32_t number)
{
    if (sandbox->outbox.fd < 0)
        return;
    const struct payment *payment =
        &sandbox->store.payments[sandbox->store.refunds[number].payment];
    struct webhook webhook = {.account = ""};
    if (writers[payment->dialect].refund(sandbox, effect, number, sandbox->outbox.made + 1,
                                         &webhook))
        send(sandbox, payment, &webhook);
    out_free(&webhook.body);
}

void webhook_of_dispute(struct sandbox *sandbox, uint32_t number)
{
    if (sandbox->outbox.fd < 0)
        return;
    const struct payment *payment =
        &sandbox->store.payments[sandbox->store.disputes[number].payment];
    struct webhook webhook = {.account = ""};
    if (writers[payment->dialect].dispute(sandbox, number, sandbox->outbox.made + 1, &webhook))
        send(sandbox, payment, &webhook);
    out_free(&webhook.body);
}
