/* Inbox: a thread beside the loop that reads refunds.provider-inbox.v1, where receivers put the
 * webhooks of providers as they arrived, keyed by provider reference.
 *
 * Each webhook is verified and read (webhook.h); the payment is looked up by its reference, and
 * what was said is republished on refunds.provider-events.v1, keyed by order and sealed, for the
 * loop to apply like any evidence. What is said of a payment that is not known yet is kept until
 * its capture comes: asked for ever more rarely, at most `waiting_max` of them, and past the
 * deadline told as a dead letter (UNKNOWN_REFERENCE) while it stays in view.provider_notice, and
 * still waits, for as long again.
 *
 * One instance reads at a time: the one that holds an advisory lock. Progress is saved per
 * partition after everything was acknowledged; whatever is republished again has the same id and
 * bytes. */

#ifndef SETTLEMENT_INBOX_H
#define SETTLEMENT_INBOX_H

#include "approval.h"
#include "config.h"
#include "status.h"
#include "webhook.h"

#include <stdint.h>

struct inbox;

struct inbox_settings {
    const struct config_worker *worker;
    const char *name;                 /* of the worker: database and role by default */
    const struct approval_keys *keys; /* seal what is republished; outlive the inbox */
    struct webhook_keys webhook;      /* likewise */
    const char *adyen_account;        /* of payments that name none */
    int64_t wait_ms;                  /* for the capture of a payment */
    int64_t waiting_max;
};

/* Starts the thread. The caller owns the inbox. */
enum status inbox_open(const struct inbox_settings *settings, struct inbox **inbox,
                       struct error *error) CHECK_RESULT;

/* Ends the thread, after at most a few seconds. NULL is allowed. */
void inbox_close(struct inbox *inbox);

#endif
