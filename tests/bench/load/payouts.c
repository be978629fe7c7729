#include "payouts.h"

#include "broker.h"
#include "clock.h"

#include <stdlib.h>
#include <string.h>

enum { METADATA_MS = 30000, TAKEN_AT_ONCE = 2000 };

static const char *const mark_names[] = {
#define X(name) #name,
    PAYOUT_MARK_ROWS(X)
#undef X
};

const char *payout_mark_name(enum payout_mark mark)
{
    return mark_names[mark];
}

static enum status start_at_end(struct payouts *payouts, struct error *error)
{
    struct place places[PARTITIONS_SUPPORTED];
    size_t count = (size_t)payouts->shop->partitions;
    for (size_t p = 0; p < count; p++)
        places[p] = (struct place){.topic = TOPIC_PAYOUTS, .partition = (int32_t)p};
    enum status status = consumer_ends(payouts->reader, places, count, METADATA_MS, error);
    return status == STATUS_OK ? consumer_assign(payouts->reader, places, count, error) : status;
}

enum status payouts_open(const struct config_worker *config, const struct bench_shop *shop,
                         int64_t first, int64_t count, struct payouts *payouts, struct error *error)
{
    *payouts = (struct payouts){.shop = shop, .first = first, .count = count};
    for (size_t m = 0; m < PAYOUT_MARK_COUNT; m++) {
        payouts->at_us[m] = calloc((size_t)count, sizeof *payouts->at_us[m]);
        if (payouts->at_us[m] == NULL)
            return error_set(error, STATUS_EXHAUSTED, "no memory");
    }
    payouts->heard_us = clock_monotonic_us();
    enum status status = reader_open(config, &payouts->reader, error);
    return status == STATUS_OK ? start_at_end(payouts, error) : status;
}

static enum status find_status(void *context, const char *name, const void *value, size_t size)
{
    enum payout_mark *mark = context;
    if (strcmp(name, "ce_status") != 0)
        return STATUS_OK;
    for (size_t m = 0; m < PAYOUT_MARK_COUNT; m++)
        if (strlen(mark_names[m]) == size && memcmp(mark_names[m], value, size) == 0)
            *mark = (enum payout_mark)m;
    return STATUS_OK;
}

static void note(struct payouts *payouts, const struct record *record)
{
    enum payout_mark mark = PAYOUT_MARK_COUNT;
    int64_t n = bench_request_of(payouts->shop, record->key, record->key_size) - payouts->first;
    payouts->heard_us = clock_monotonic_us();
    if (record_headers(record, find_status, &mark) != STATUS_OK || mark == PAYOUT_MARK_COUNT) {
        payouts->other++;
        return;
    }
    if (n < 0 || n >= payouts->count || payouts->at_us[mark][n] != 0)
        return;
    payouts->at_us[mark][n] = payouts->heard_us;
    payouts->marked[mark]++;
}

enum status payouts_take(struct payouts *payouts, int timeout_ms, struct error *error)
{
    for (int taken = 0; taken < TAKEN_AT_ONCE; taken++) {
        struct record record;
        struct place place;
        enum polled polled =
            consumer_poll(payouts->reader, taken == 0 ? timeout_ms : 0, &record, &place, error);
        if (polled == POLLED_NOTHING)
            return STATUS_OK;
        if (polled == POLLED_FATAL || polled == POLLED_NO_OFFSET)
            return STATUS_FATAL;
        if (polled != POLLED_RECORD)
            continue;
        note(payouts, &record);
        record_free(&record);
    }
    return STATUS_OK;
}

void payouts_close(struct payouts *payouts)
{
    if (payouts->reader != NULL)
        consumer_close(payouts->reader);
    for (size_t m = 0; m < PAYOUT_MARK_COUNT; m++)
        free(payouts->at_us[m]);
}
