#include "store.h"

#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

static const char *const status_texts[] = {
#define X(name, text) text,
    REFUND_STATUS_ROWS(X)
#undef X
};

static const char *const reason_texts[] = {NULL,
#define X(name, text) text,
                                           REFUND_REASON_ROWS(X)
#undef X
};

static const char *const failure_texts[] = {NULL,
#define X(name, text) text,
                                            REFUND_FAILURE_ROWS(X)
#undef X
};

static const char *const dialect_texts[] = {
#define X(name, text) text,
    DIALECT_ROWS(X)
#undef X
};

/* From row to column. https://docs.stripe.com/refunds#failed-refunds: a refund that succeeded can
 * still fail when the bank sends the money back. */
static const bool transitions[REFUND_STATUSES][REFUND_STATUSES] = {
    [REFUND_PENDING] = {[REFUND_REQUIRES_ACTION] = true,
                        [REFUND_SUCCEEDED] = true,
                        [REFUND_FAILED] = true,
                        [REFUND_CANCELED] = true},
    [REFUND_REQUIRES_ACTION] = {[REFUND_PENDING] = true,
                                [REFUND_SUCCEEDED] = true,
                                [REFUND_FAILED] = true,
                                [REFUND_CANCELED] = true},
    [REFUND_SUCCEEDED] = {[REFUND_FAILED] = true},
};

const char *refund_status_text(enum refund_status status)
{
    return status_texts[status];
}

const char *refund_reason_text(uint8_t reason)
{
    return reason_texts[reason];
}

const char *refund_failure_text(uint8_t failure)
{
    return failure_texts[failure];
}

static int find(const char *const *texts, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (texts[i] != NULL && strcmp(texts[i], text) == 0)
            return i;
    return -1;
}

int refund_status_find(const char *text)
{
    return find(status_texts, REFUND_STATUSES, text);
}

int refund_reason_find(const char *text)
{
    return find(reason_texts, REFUND_REASONS, text);
}

int refund_failure_find(const char *text)
{
    return find(failure_texts, REFUND_FAILURES, text);
}

static const char *const dispute_texts[] = {
    [DISPUTE_OPEN] = "open", [DISPUTE_WON] = "won", [DISPUTE_LOST] = "lost"};

const char *dispute_status_text(uint8_t status)
{
    return dispute_texts[status];
}

int dispute_status_find(const char *text)
{
    return find(dispute_texts, 3, text);
}

const char *dialect_text(uint8_t dialect)
{
    return dialect_texts[dialect];
}

int dialect_find(const char *text)
{
    return find(dialect_texts, DIALECTS, text);
}

bool refund_may_become(enum refund_status from, enum refund_status to)
{
    return transitions[from][to];
}

static void *reserve(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

enum status store_open(struct store *store, uint32_t limit, const char *payout_key,
                       struct error *error)
{
    *store = (struct store){.limit = limit, .payout_key = payout_key};
    store->text_room = (size_t)limit * STORE_TEXT_PER_REFUND;
    store->payments = reserve((size_t)limit * sizeof *store->payments);
    store->refunds = reserve((size_t)limit * sizeof *store->refunds);
    store->payouts = reserve((size_t)limit * sizeof *store->payouts);
    store->disputes = reserve((size_t)limit * sizeof *store->disputes);
    store->text = reserve(store->text_room);
    if (store->payments != NULL && store->refunds != NULL && store->payouts != NULL &&
        store->disputes != NULL && store->text != NULL)
        return STATUS_OK;
    store_close(store);
    return error_set(error, STATUS_EXHAUSTED,
                     "cannot reserve memory for %u refunds: give a smaller --max-refunds", limit);
}

static void unreserve(void *memory, size_t size)
{
    if (memory != NULL)
        (void)munmap(memory, size);
}

void store_close(struct store *store)
{
    unreserve(store->payments, store->limit * sizeof *store->payments);
    unreserve(store->refunds, store->limit * sizeof *store->refunds);
    unreserve(store->payouts, store->limit * sizeof *store->payouts);
    unreserve(store->disputes, store->limit * sizeof *store->disputes);
    unreserve(store->text, store->text_room);
    lookup_free(&store->payment_ids);
    lookup_free(&store->payout_ids);
    *store = (struct store){0};
}

static const char *keep_text(struct store *store, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size > store->text_room - store->text_size)
        return NULL;
    char *kept = store->text + store->text_size;
    memcpy(kept, text, size);
    store->text_size += size;
    return kept;
}

static uint32_t currency_number(struct store *store, const char *code)
{
    for (uint32_t i = 0; i < store->currency_count; i++)
        if (strcmp(store->currencies[i].code, code) == 0)
            return i;
    if (store->currency_count == STORE_CURRENCIES_MAX || strlen(code) != 3)
        return STORE_NONE;
    strcpy(store->currencies[store->currency_count].code, code);
    return store->currency_count++;
}

const char *payment_intent(const struct payment *payment)
{
    return payment->dialect == DIALECT_STRIPE && strncmp(payment->id, "ch_", 3) != 0 ? payment->id
                                                                                     : NULL;
}

const char *payment_currency(const struct store *store, const struct payment *payment)
{
    return store->currencies[payment->currency].code;
}

const char *currency_upper(const struct store *store, const struct payment *payment, char code[4])
{
    const char *lower = payment_currency(store, payment);
    for (int i = 0; i < 4; i++)
        code[i] = (char)toupper((unsigned char)lower[i]);
    return code;
}

int64_t payment_left(const struct payment *payment)
{
    if (payment->captured == STORE_UNLIMITED)
        return STORE_UNLIMITED - payment->refunded;
    return payment->captured - payment->refunded;
}

uint32_t store_payment_add(struct store *store, enum dialect dialect, const char *id,
                           const char *charge, int64_t captured, const char *currency)
{
    uint32_t code = currency_number(store, currency);
    if (store->payment_count == store->limit || code == STORE_NONE)
        return STORE_NONE;
    struct payment payment = {.id = keep_text(store, id),
                              .captured = captured,
                              .newest = STORE_NONE,
                              .currency = (uint8_t)code,
                              .dialect = (uint8_t)dialect};
    if (charge != NULL)
        payment.charge = keep_text(store, charge);
    if (payment.id == NULL || (charge != NULL && payment.charge == NULL))
        return STORE_NONE;
    uint32_t number = store->payment_count;
    if (!lookup_add(&store->payment_ids, lookup_hash(id, strlen(id)), number))
        return STORE_NONE;
    if (charge != NULL && strcmp(charge, id) != 0 &&
        !lookup_add(&store->payment_ids, lookup_hash(charge, strlen(charge)), number)) {
        lookup_remove(&store->payment_ids, lookup_hash(id, strlen(id)), number);
        return STORE_NONE;
    }
    store->payments[number] = payment;
    store->payment_count++;
    return number;
}

/* Counts the payout id of a new refund. False if the store is full. */
static bool count_payout(struct store *store, const struct refund *refund, uint32_t number)
{
    const char *id = metadata_get(refund->metadata, store->payout_key);
    if (id == NULL) {
        store->without_payout++;
        return true;
    }
    struct payout payout = {.first = number, .count = 1};
    crypto_generichash(payout.hash, sizeof payout.hash, (const unsigned char *)id, strlen(id), NULL,
                       0);
    uint32_t hash = lookup_hash(payout.hash, sizeof payout.hash);
    uint32_t found;
    for (size_t cursor = 0; lookup_next(&store->payout_ids, hash, &cursor, &found);) {
        if (memcmp(store->payouts[found].hash, payout.hash, sizeof payout.hash) == 0) {
            store->payouts[found].count++;
            return true;
        }
    }
    if (!lookup_add(&store->payout_ids, hash, store->payout_count))
        return false;
    store->payouts[store->payout_count++] = payout;
    return true;
}

static bool is_undone(enum refund_status status)
{
    return status == REFUND_FAILED || status == REFUND_CANCELED;
}

uint32_t store_refund_add(struct store *store, const struct refund *refund)
{
    uint32_t number = store->refund_count;
    if (number == store->limit || !count_payout(store, refund, number))
        return STORE_NONE;
    struct payment *payment = &store->payments[refund->payment];
    struct refund *kept = &store->refunds[number];
    *kept = *refund;
    kept->older = payment->newest;
    payment->newest = number;
    payment->refunded += refund->amount;
    store->refund_count++;
    store->by_status[refund->status]++;
    struct currency_sum *sum = &store->currencies[payment->currency];
    sum->refunds++;
    sum->amount += refund->amount;
    return number;
}

void store_refund_become(struct store *store, uint32_t number, enum refund_status status,
                         enum refund_failure failure)
{
    struct refund *refund = &store->refunds[number];
    assert(refund_may_become(refund->status, status));
    store->by_status[refund->status]--;
    store->by_status[status]++;
    refund->had_succeeded = refund->had_succeeded || refund->status == REFUND_SUCCEEDED;
    refund->status = (uint8_t)status;
    refund->failure = (uint8_t)failure;
    if (!is_undone(status))
        return;
    struct payment *payment = &store->payments[refund->payment];
    struct currency_sum *sum = &store->currencies[payment->currency];
    payment->refunded -= refund->amount;
    sum->undone++;
    sum->undone_amount += refund->amount;
}

uint32_t store_dispute_add(struct store *store, uint32_t payment, int64_t amount)
{
    if (store->dispute_count == store->limit)
        return STORE_NONE;
    store->payments[payment].disputed += amount;
    store->disputes[store->dispute_count] = (struct dispute){.amount = amount, .payment = payment};
    return store->dispute_count++;
}

void store_dispute_end(struct store *store, uint32_t number, enum dispute_status status)
{
    struct dispute *dispute = &store->disputes[number];
    assert(dispute->status == DISPUTE_OPEN && status != DISPUTE_OPEN);
    dispute->status = (uint8_t)status;
    if (status == DISPUTE_WON)
        store->payments[dispute->payment].disputed -= dispute->amount;
}

bool metadata_next(const char **metadata, const char **key, const char **value)
{
    if (*metadata == NULL || **metadata == '\0')
        return false;
    *key = *metadata;
    *value = *key + strlen(*key) + 1;
    *metadata = *value + strlen(*value) + 1;
    return true;
}

const char *metadata_get(const char *metadata, const char *wanted)
{
    const char *key;
    const char *value;
    while (metadata_next(&metadata, &key, &value))
        if (strcmp(key, wanted) == 0)
            return value;
    return NULL;
}

void metadata_pack_begin(struct store *store)
{
    store->text_mark = store->text_size;
    store->text_full = false;
}

void metadata_pack(struct store *store, const char *key, const char *value)
{
    if (keep_text(store, key) == NULL || keep_text(store, value) == NULL)
        store->text_full = true;
}

const char *metadata_pack_end(struct store *store)
{
    static const char none[] = "";
    if (store->text_size == store->text_mark && !store->text_full)
        return none;
    if (keep_text(store, none) == NULL || store->text_full) {
        store->text_size = store->text_mark;
        return NULL;
    }
    return store->text + store->text_mark;
}
