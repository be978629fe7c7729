/* Rows of an order: finding and making them, and collecting effects. */

#include "transition.h"

#include <string.h>

void *effect_add(struct settling *settling, void *first, void *last, size_t size, size_t next)
{
    char *item = arena_zalloc(settling->arena, size);
    if (item == NULL)
        return NULL;
    void *tail = NULL;
    memcpy(&tail, last, sizeof tail);
    memcpy(tail == NULL ? first : (void *)((char *)tail + next), &item, sizeof item);
    memcpy(last, &item, sizeof item);
    return item;
}

enum status settled(const struct settling *settling)
{
    return arena_exhausted(settling->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status objection_set(struct settling *settling, enum objection_kind kind, const char *field,
                          const char *value, const char *rule)
{
    settling->objection =
        (struct objection){.kind = kind, .field = field, .value = value, .rule = rule};
    return STATUS_UNPROCESSABLE;
}

int64_t clamp_us(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

void row_touch(enum row_mark *mark)
{
    if (*mark == ROW_CLEAN)
        *mark = ROW_CHANGED;
}

struct payment *payment_find(const struct order_rows *rows, const char *payment_id)
{
    for (struct payment *payment = rows->payments; payment != NULL; payment = payment->next)
        if (strcmp(payment->payment_id, payment_id) == 0)
            return payment;
    return NULL;
}

struct payment *payment_find_by_reference(const struct order_rows *rows, const char *payment_id,
                                          const char *provider_reference)
{
    if (payment_id[0] != '\0')
        return payment_find(rows, payment_id);
    for (struct payment *payment = rows->payments; payment != NULL; payment = payment->next)
        if (provider_reference[0] != '\0' &&
            strcmp(payment->provider_reference, provider_reference) == 0)
            return payment;
    return NULL;
}

struct refund *refund_find(const struct order_rows *rows, const char *refund_id)
{
    for (struct refund *refund = rows->refunds; refund != NULL; refund = refund->next)
        if (strcmp(refund->refund_id, refund_id) == 0)
            return refund;
    return NULL;
}

struct payout *payout_find(const struct order_rows *rows, const char *payout_id)
{
    for (struct payout *payout = rows->payouts; payout != NULL; payout = payout->next)
        if (strcmp(payout->payout_id, payout_id) == 0)
            return payout;
    return NULL;
}

struct refund *refund_take(struct settling *settling, const char *refund_id)
{
    struct refund *refund = refund_find(settling->rows, refund_id);
    if (refund != NULL)
        return refund;
    refund = arena_zalloc(settling->arena, sizeof *refund);
    if (refund == NULL)
        return NULL;
    *refund = (struct refund){.refund_id = refund_id,
                              .goods = GOODS_NOT_REQUIRED,
                              .customer = "",
                              .market = "",
                              .mark = ROW_NEW,
                              .next = settling->rows->refunds};
    settling->rows->refunds = refund;
    return refund;
}
