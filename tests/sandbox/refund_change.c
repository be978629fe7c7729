/* What changes a refund that exists: its metadata, its status, time. */

#include "api.h"

void refund_keep_answer(struct sandbox *sandbox, uint32_t number)
{
    const struct store *store = &sandbox->store;
    uint32_t slot = store->refunds[number].key;
    if (slot == KEY_NONE ||
        store->payments[store->refunds[number].payment].dialect != DIALECT_STRIPE)
        return;
    struct key_record *record = &sandbox->keys.records[slot];
    /* The slot may have gone to another key since. */
    if (record->status != 200 || record->body != NULL || record->refund != number)
        return;
    struct out body = {0};
    refund_write(&body, store, number, true);
    out_raw(&body, "\n");
    record->body = out_take(&body);
    if (record->body == NULL)
        keys_forget(&sandbox->keys, slot);
}

static enum effect effect_of(enum refund_status status)
{
    return status == REFUND_FAILED     ? EFFECT_REFUND_FAILED
           : status == REFUND_CANCELED ? EFFECT_REFUND_CANCELED
                                       : EFFECT_REFUND_UPDATED;
}

void refund_change(struct sandbox *sandbox, uint32_t number, enum refund_status status,
                   enum refund_failure failure, const struct key_use *use,
                   const struct timer *later)
{
    refund_keep_answer(sandbox, number);
    store_refund_become(&sandbox->store, number, status, failure);
    refund_happened(sandbox, effect_of(status), number, use, later);
}

bool dispute_open(struct sandbox *sandbox, uint32_t payment, int64_t amount, int64_t won_ms)
{
    uint32_t number = store_dispute_add(&sandbox->store, payment, amount);
    struct timer later = {.at_us = sandbox->now_us + won_ms * 1000,
                          .dispute = true,
                          .refund = number,
                          .status = DISPUTE_WON};
    if (number == STORE_NONE)
        return false;
    if (won_ms >= 0 && timers_add(&sandbox->timers, later) != STATUS_OK)
        sandbox->effects.broken = true;
    effects_dispute(&sandbox->effects, sandbox->now_us, &sandbox->store, number,
                    won_ms >= 0 ? &later : NULL);
    webhook_of_dispute(sandbox, number);
    return true;
}

void dispute_end(struct sandbox *sandbox, uint32_t number, enum dispute_status status)
{
    store_dispute_end(&sandbox->store, number, status);
    effects_dispute(&sandbox->effects, sandbox->now_us, &sandbox->store, number, NULL);
    webhook_of_dispute(sandbox, number);
}

/* A refund changes by itself. One of Adyen's that succeeds now may fail later. */
static void refund_due(struct sandbox *sandbox, const struct timer *timer)
{
    const struct refund *refund = &sandbox->store.refunds[timer->refund];
    struct faults *faults = &sandbox->faults;
    struct timer later = {.refund = timer->refund, .status = REFUND_FAILED};
    if (!refund_may_become(refund->status, timer->status))
        return;
    bool adyen = sandbox->store.payments[refund->payment].dialect == DIALECT_ADYEN;
    bool fails =
        adyen && timer->status == REFUND_SUCCEEDED && faults_strike(faults, FAULT_LATE_FAILURE);
    later.at_us = sandbox->now_us + faults->time_ms[FAULT_TIME_LATE] * 1000;
    refund_change(sandbox, timer->refund, timer->status,
                  timer->status == REFUND_FAILED ? REFUND_FAILURE_UNKNOWN : REFUND_FAILURE_NULL,
                  NULL, fails ? &later : NULL);
}

void api_timers(struct sandbox *sandbox, void (*resume)(void *held))
{
    struct timer timer;
    while (timers_take(&sandbox->timers, sandbox->now_us, &timer)) {
        if (timer.held != NULL)
            resume(timer.held);
        else if (timer.line != NULL)
            webhook_deliver(sandbox, timer.line);
        else if (!timer.dispute)
            refund_due(sandbox, &timer);
        else if (sandbox->store.disputes[timer.refund].status == DISPUTE_OPEN)
            dispute_end(sandbox, timer.refund, timer.status);
    }
}

void refunds_update(struct sandbox *sandbox, const struct request *request,
                    const struct key_use *use, struct answer *answer)
{
    static const char *const allowed[] = {"metadata", NULL};
    struct store *store = &sandbox->store;
    uint32_t number = store_refund_find(store, request->id);
    if (number == STORE_NONE) {
        answer_error(answer, 404, ERROR_INVALID, "resource_missing", "id", "No such refund: '%s'",
                     request->id);
        return;
    }
    if (read_known(request, allowed, answer) != STATUS_OK ||
        read_metadata(request, store->refunds[number].metadata, answer) != STATUS_OK)
        return;
    const char *metadata = merge_metadata(store, request, store->refunds[number].metadata);
    if (metadata == NULL) {
        answer_error(answer, 500, ERROR_API, NULL, NULL, "The sandbox is full.");
        return;
    }
    answer->begun = true;
    refund_keep_answer(sandbox, number);
    store->refunds[number].metadata = metadata;
    refund_happened(sandbox, EFFECT_REFUND_UPDATED, number, use, NULL);
    refund_write(&answer->body, store, number, false);
    out_raw(&answer->body, "\n");
}

/* https://docs.stripe.com/api/refunds/cancel */
void refunds_cancel(struct sandbox *sandbox, const struct request *request,
                    const struct key_use *use, struct answer *answer)
{
    static const char *const allowed[] = {NULL};
    struct store *store = &sandbox->store;
    uint32_t number = store_refund_find(store, request->id);
    if (number == STORE_NONE) {
        answer_error(answer, 404, ERROR_INVALID, "resource_missing", "id", "No such refund: '%s'",
                     request->id);
        return;
    }
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    answer->begun = true;
    if (store->refunds[number].status != REFUND_REQUIRES_ACTION) {
        answer_error(answer, 400, ERROR_INVALID, NULL, NULL,
                     "This refund cannot be canceled: its status is %s, and only a refund with "
                     "status requires_action can be canceled.",
                     refund_status_text(store->refunds[number].status));
        return;
    }
    refund_change(sandbox, number, REFUND_CANCELED, REFUND_FAILURE_MERCHANT_REQUEST, use, NULL);
    refund_write(&answer->body, store, number, false);
    out_raw(&answer->body, "\n");
}
