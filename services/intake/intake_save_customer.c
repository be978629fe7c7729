/* Adding up what is known about customers. */

#include "intake_save.h"

#include <stdlib.h>
#include <string.h>

/* Shared by the shards of all instances: in the order of the key, so that none waits in a ring. */
static const struct statement ADD_TO_CUSTOMERS = {
    "intake_add_to_customers",
    "INSERT INTO customer_day (merchant_id, token, day, currency, orders, refunds, refunded_minor)"
    " SELECT g.merchant_id, g.token, date '1970-01-01' + g.day, g.currency, g.orders, g.refunds,"
    "        g.refunded_minor"
    " FROM (SELECT unnest($1::text[]) AS merchant_id, unnest($2::text[]) AS token,"
    "               unnest($3::integer[]) AS day, unnest($4::text[]) AS currency,"
    "               unnest($5::integer[]) AS orders, unnest($6::integer[]) AS refunds,"
    "               unnest($7::bigint[]) AS refunded_minor) g"
    " ON CONFLICT (merchant_id, token, day, currency) DO UPDATE"
    " SET orders = customer_day.orders + excluded.orders,"
    "     refunds = customer_day.refunds + excluded.refunds,"
    "     refunded_minor = least(customer_day.refunded_minor::numeric + excluded.refunded_minor,"
    "                            9223372036854775807)::bigint",
};

static int compare_counts(const void *a, const void *b)
{
    const struct customer_counts *const *x = a, *const *y = b;
    int order = strcmp((*x)->merchant_id, (*y)->merchant_id);
    if (order == 0)
        order = strcmp((*x)->token, (*y)->token);
    if (order == 0)
        order = ((*x)->day > (*y)->day) - ((*x)->day < (*y)->day);
    return order != 0 ? order : strcmp((*x)->currency, (*y)->currency);
}

static void put_counts(struct columns *out, const struct customer_counts *counts)
{
    columns_row(out);
    columns_text(out, counts->merchant_id);
    columns_text(out, counts->token);
    columns_int4(out, counts->day);
    columns_text(out, counts->currency);
    columns_int4(out, (int32_t)counts->orders);
    columns_int4(out, (int32_t)counts->refunds);
    columns_int8(out, counts->refunded_minor);
}

enum status customers_save(struct arena *arena, struct unit *unit, const struct intake_batch *rows)
{
    struct columns out = {.unit = unit};
    size_t count = 0;
    struct customer_counts **sorted =
        arena_array(arena, rows->count_total + 1, sizeof(struct customer_counts *));
    if (sorted == NULL)
        return STATUS_EXHAUSTED;
    for (struct customer_counts *counts = rows->counts; counts != NULL; counts = counts->next)
        sorted[count++] = counts;
    if (count > 1)
        qsort(sorted, count, sizeof(struct customer_counts *), compare_counts);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && compare_counts(&sorted[i], &sorted[i + 1]) == 0) {
            sorted[i + 1]->orders += sorted[i]->orders;
            sorted[i + 1]->refunds += sorted[i]->refunds;
            sorted[i + 1]->refunded_minor += sorted[i]->refunded_minor;
        } else {
            put_counts(&out, sorted[i]);
        }
    }
    columns_call(&out, &ADD_TO_CUSTOMERS);
    return STATUS_OK;
}
