/* List functions (10.3.4.4) that make one value of many. */

#include <stdlib.h>
#include <string.h>

#include "feel_builtin_rows.h"
#include "feel_number.h"
#include "feel_run.h"

static struct feel_value extreme(struct feel_run *run, const struct feel_value *list, int sign)
{
    if (list->list.count == 0)
        return feel_note(run, NULL, "min and max of an empty list");
    const struct feel_value *best = &list->list.items[0];
    for (size_t i = 0; i < list->list.count; i++) {
        int order;
        if (!feel_order(&list->list.items[i], best, &order))
            return feel_note(run, NULL, "min and max need items that can be ordered");
        if (order * sign > 0)
            best = &list->list.items[i];
    }
    return *best;
}

struct feel_value feel_bi_min(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    return extreme(run, &a[0], -1);
}

struct feel_value feel_bi_max(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    return extreme(run, &a[0], 1);
}

static bool all_numbers(struct feel_run *run, const struct feel_value *list)
{
    for (size_t i = 0; i < list->list.count; i++)
        if (list->list.items[i].kind != FEEL_NUMBER) {
            (void)feel_note(run, NULL, "a %s where numbers are expected",
                            feel_kind_name(list->list.items[i].kind));
            return false;
        }
    if (list->list.count == 0)
        (void)feel_note(run, NULL, "an empty list where numbers are expected");
    return list->list.count > 0;
}

static bool fold(const struct feel_value *list, bool product, struct feel_number *out)
{
    struct feel_number total = list->list.items[0].number;
    for (size_t i = 1; i < list->list.count; i++) {
        struct feel_number item = list->list.items[i].number;
        if (!(product ? feel_number_multiply(total, item, &total)
                      : feel_number_add(total, item, &total)))
            return false;
    }
    *out = total;
    return true;
}

static struct feel_value number_or_null(struct feel_run *run, bool made, struct feel_number number)
{
    return made ? feel_number_value(number) : feel_note(run, NULL, "beyond 34 digits");
}

struct feel_value feel_bi_sum(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number total = feel_number_of(0);
    if (!all_numbers(run, &a[0]))
        return feel_null();
    return number_or_null(run, fold(&a[0], false, &total), total);
}

struct feel_value feel_bi_product(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number total = feel_number_of(0);
    if (!all_numbers(run, &a[0]))
        return feel_null();
    return number_or_null(run, fold(&a[0], true, &total), total);
}

static bool mean(const struct feel_value *list, struct feel_number *out)
{
    struct feel_number total;
    return fold(list, false, &total) &&
           feel_number_divide(total, feel_number_of((int64_t)list->list.count), out);
}

struct feel_value feel_bi_mean(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number result = feel_number_of(0);
    if (!all_numbers(run, &a[0]))
        return feel_null();
    return number_or_null(run, mean(&a[0], &result), result);
}

/* Of a sample: divided by one less than there are. */
static bool deviation(const struct feel_value *list, struct feel_number *out)
{
    struct feel_number middle, total = feel_number_of(0), distance;
    if (!mean(list, &middle))
        return false;
    for (size_t i = 0; i < list->list.count; i++)
        if (!feel_number_subtract(list->list.items[i].number, middle, &distance) ||
            !feel_number_multiply(distance, distance, &distance) ||
            !feel_number_add(total, distance, &total))
            return false;
    return feel_number_divide(total, feel_number_of((int64_t)list->list.count - 1), &total) &&
           feel_number_sqrt(total, out);
}

struct feel_value feel_bi_stddev(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number result = feel_number_of(0);
    if (!all_numbers(run, &a[0]))
        return feel_null();
    if (a[0].list.count == 1)
        return feel_note(run, NULL, "stddev of one number");
    return number_or_null(run, deviation(&a[0], &result), result);
}

static int by_number(const void *left, const void *right)
{
    const struct feel_value *a = left, *b = right;
    return feel_number_compare(a->number, b->number);
}

static struct feel_value *sorted(struct feel_run *run, const struct feel_value *list)
{
    struct feel_value *items = feel_alloc(run, list->list.count, sizeof *items);
    if (items == NULL)
        return NULL;
    memcpy(items, list->list.items, list->list.count * sizeof *items);
    qsort(items, list->list.count, sizeof *items, by_number);
    return items;
}

struct feel_value feel_bi_median(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    if (!all_numbers(run, &a[0]))
        return feel_null();
    struct feel_value *items = sorted(run, &a[0]);
    size_t count = a[0].list.count;
    if (items == NULL)
        return feel_null();
    if (count % 2 == 1)
        return items[count / 2];
    struct feel_number total = feel_number_of(0);
    bool made = feel_number_add(items[count / 2 - 1].number, items[count / 2].number, &total) &&
                feel_number_divide(total, feel_number_of(2), &total);
    return number_or_null(run, made, total);
}

static size_t run_length(const struct feel_value *items, size_t count, size_t from)
{
    size_t length = 1;
    while (from + length < count &&
           feel_number_compare(items[from].number, items[from + length].number) == 0)
        length++;
    return length;
}

/* The most frequent numbers, rising. */
struct feel_value feel_bi_mode(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_builder out = {.list = {.kind = FEEL_LIST, .depth = 1}};
    size_t count = a[0].list.count, most = 0;
    if (count == 0)
        return out.list;
    if (!all_numbers(run, &a[0]))
        return feel_null();
    struct feel_value *items = sorted(run, &a[0]);
    if (items == NULL)
        return feel_null();
    for (size_t i = 0; i < count; i += run_length(items, count, i))
        if (run_length(items, count, i) > most)
            most = run_length(items, count, i);
    for (size_t i = 0; i < count; i += run_length(items, count, i))
        if (run_length(items, count, i) == most && !feel_build(run, &out, &items[i]))
            return feel_null();
    return out.list;
}

/* all is false by one false, any true by one true; else unknown where an item is null. An item of
 * another kind is outside the domain. */
static struct feel_value decide(const struct feel_value *list, bool decisive)
{
    bool decided = false, unknown = false;
    for (size_t i = 0; i < list->list.count; i++) {
        const struct feel_value *item = &list->list.items[i];
        if (item->kind != FEEL_BOOLEAN && item->kind != FEEL_NULL)
            return feel_null();
        decided |= item->kind == FEEL_BOOLEAN && item->boolean == decisive;
        unknown |= item->kind == FEEL_NULL;
    }
    if (decided)
        return feel_boolean(decisive);
    return unknown ? feel_null() : feel_boolean(!decisive);
}

struct feel_value feel_bi_all(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)run, (void)given;
    return decide(&a[0], false);
}

struct feel_value feel_bi_any(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)run, (void)given;
    return decide(&a[0], true);
}
