/* List functions (10.3.4.4) that arrange items; those that add up stand in feel_builtin_sum.c. */

#include <string.h>

#include "feel_builtin_rows.h"
#include "feel_number.h"
#include "feel_run.h"

static struct feel_builder empty(void)
{
    return (struct feel_builder){.list = {.kind = FEEL_LIST, .depth = 1}};
}

static bool build_all(struct feel_run *run, struct feel_builder *out,
                      const struct feel_value *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!feel_build(run, out, &items[i]))
            return false;
    return true;
}

static struct feel_value finish(bool whole, const struct feel_builder *out)
{
    return whole ? out->list : feel_null();
}

/* What stands in a list: the same value, a single item counting as a list of it. */
static bool is_item(const struct feel_value *item, const struct feel_value *value)
{
    return feel_equal(item, value) == FEEL_TRUE;
}

struct feel_value feel_bi_list_contains(struct feel_run *run, const struct feel_value *a,
                                        size_t given)
{
    (void)given;
    for (size_t i = 0; i < a[0].list.count; i++) {
        if (is_item(&a[0].list.items[i], &a[1]))
            return feel_boolean(true);
        if (!feel_charge(run, 1 + a[1].weight / 16u))
            return feel_null();
    }
    return feel_boolean(false);
}

struct feel_value feel_bi_count(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)run, (void)given;
    return feel_number_value(feel_number_of((int64_t)a[0].list.count));
}

/* A position from 1, or from -1 backwards, as an index; false when there is none. */
static bool position(const struct feel_value *number, size_t count, size_t *index)
{
    int64_t at, nanos;
    if (!feel_number_split(number->number, &at, &nanos) || at == 0 || at > (int64_t)count ||
        at < -(int64_t)count)
        return false;
    *index = (size_t)(at > 0 ? at - 1 : (int64_t)count + at);
    return true;
}

struct feel_value feel_bi_sublist(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    size_t start, count = a[0].list.count;
    if (!position(&a[1], count, &start))
        return feel_note(run, NULL, "sublist: no such position");
    int64_t length = (int64_t)(count - start), nanos;
    if (a[2].kind == FEEL_NUMBER && (!feel_number_split(a[2].number, &length, &nanos) ||
                                     length < 1 || length > (int64_t)(count - start)))
        return feel_note(run, NULL, "sublist: no such length");
    return feel_list(a[0].list.items + start, (size_t)length);
}

struct feel_value feel_bi_append(struct feel_run *run, const struct feel_value *a, size_t given)
{
    struct feel_builder out = empty();
    bool whole =
        build_all(run, &out, a[0].list.items, a[0].list.count) && feel_build(run, &out, &a[1]);
    if (given > 2 && a[2].kind == FEEL_LIST)
        whole = whole && build_all(run, &out, a[2].list.items, a[2].list.count);
    return finish(whole, &out);
}

/* Adds what is no list as an item, and refuses null. */
static bool join(struct feel_run *run, const struct feel_value *lists, bool distinct,
                 struct feel_builder *out)
{
    for (size_t i = 0; i < lists->list.count; i++) {
        const struct feel_value *list = &lists->list.items[i];
        if (list->kind == FEEL_NULL) {
            (void)feel_note(run, NULL, "a null where a list is expected");
            return false;
        }
        const struct feel_value *items = list->kind == FEEL_LIST ? list->list.items : list;
        size_t count = list->kind == FEEL_LIST ? list->list.count : 1;
        for (size_t j = 0; j < count; j++) {
            bool found = false;
            for (size_t k = 0; distinct && k < out->list.list.count && !found; k++)
                found = feel_same(&out->list.list.items[k], &items[j]);
            if (!feel_charge(run, distinct ? 1 + out->list.list.count / 16 : 0))
                return false;
            if (!found && !feel_build(run, out, &items[j]))
                return false;
        }
    }
    return true;
}

struct feel_value feel_bi_concatenate(struct feel_run *run, const struct feel_value *a,
                                      size_t given)
{
    (void)given;
    struct feel_builder out = empty();
    return finish(join(run, &a[0], false, &out), &out);
}

struct feel_value feel_bi_union(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_builder out = empty();
    return finish(join(run, &a[0], true, &out), &out);
}

struct feel_value feel_bi_distinct_values(struct feel_run *run, const struct feel_value *a,
                                          size_t given)
{
    (void)given;
    struct feel_builder out = empty();
    struct feel_value lists = feel_list(a, 1);
    return finish(join(run, &lists, true, &out), &out);
}

/* The list with `skip` items at `index` replaced by `item` (or by nothing). */
static struct feel_value splice(struct feel_run *run, const struct feel_value *list, size_t index,
                                size_t skip, const struct feel_value *item)
{
    struct feel_builder out = empty();
    const struct feel_value *items = list->list.items;
    bool whole = build_all(run, &out, items, index) &&
                 (item == NULL || feel_build(run, &out, item)) &&
                 build_all(run, &out, items + index + skip, list->list.count - index - skip);
    return finish(whole, &out);
}

struct feel_value feel_bi_insert_before(struct feel_run *run, const struct feel_value *a,
                                        size_t given)
{
    (void)given;
    size_t index;
    if (!position(&a[1], a[0].list.count, &index))
        return feel_note(run, NULL, "insert before: no such position");
    return splice(run, &a[0], index, 0, &a[2]);
}

struct feel_value feel_bi_remove(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    size_t index;
    if (!position(&a[1], a[0].list.count, &index))
        return feel_note(run, NULL, "remove: no such position");
    return splice(run, &a[0], index, 1, NULL);
}

/* By position, or wherever match(item, newItem) holds. */
struct feel_value feel_bi_list_replace(struct feel_run *run, const struct feel_value *a,
                                       size_t given)
{
    (void)given;
    size_t index;
    if (a[1].kind == FEEL_NUMBER)
        return position(&a[1], a[0].list.count, &index)
                   ? splice(run, &a[0], index, 1, &a[2])
                   : feel_note(run, NULL, "list replace: no such position");
    struct feel_builder out = empty();
    for (size_t i = 0; i < a[0].list.count; i++) {
        struct feel_value pair[] = {a[0].list.items[i], a[2]};
        struct feel_value match = feel_call(run, NULL, &a[1], pair, NULL, 2);
        if (run->stop != NULL)
            return feel_null();
        if (match.kind != FEEL_BOOLEAN)
            return feel_note(run, NULL, "list replace: match is neither true nor false");
        if (!feel_build(run, &out, &pair[match.boolean ? 1 : 0]))
            return feel_null();
    }
    return out.list;
}

struct feel_value feel_bi_reverse(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_builder out = empty();
    for (size_t i = a[0].list.count; i > 0; i--)
        if (!feel_build(run, &out, &a[0].list.items[i - 1]))
            return feel_null();
    return out.list;
}

struct feel_value feel_bi_index_of(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_builder out = empty();
    for (size_t i = 0; i < a[0].list.count; i++) {
        struct feel_value at = feel_number_value(feel_number_of((int64_t)i + 1));
        if (!feel_charge(run, 1 + a[1].weight / 16u))
            return feel_null();
        if (feel_same(&a[0].list.items[i], &a[1]) && !feel_build(run, &out, &at))
            return feel_null();
    }
    return out.list;
}

static bool flatten(struct feel_run *run, const struct feel_value *list, struct feel_builder *out)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const struct feel_value *item = &list->list.items[i];
        if (!feel_charge(run, 1))
            return false;
        if (!(item->kind == FEEL_LIST ? flatten(run, item, out) : feel_build(run, out, item)))
            return false;
    }
    return true;
}

struct feel_value feel_bi_flatten(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_builder out = empty();
    return finish(flatten(run, &a[0], &out), &out);
}

/* Has to be true or false of every pair (table 80). */
static bool precedes(struct feel_run *run, const struct feel_value *function,
                     const struct feel_value *left, const struct feel_value *right, bool *defined)
{
    struct feel_value pair[] = {*left, *right};
    struct feel_value result = feel_call(run, NULL, function, pair, NULL, 2);
    *defined = result.kind == FEEL_BOOLEAN;
    return *defined && result.boolean;
}

/* Merges two sorted halves; of equals the left one stays first. */
static bool merge(struct feel_run *run, const struct feel_value *function,
                  const struct feel_value *from, size_t low, size_t middle, size_t high,
                  struct feel_value *to)
{
    bool defined = true;
    size_t left = low, right = middle;
    for (size_t at = low; at < high && defined; at++) {
        bool take_right = left >= middle || (right < high && precedes(run, function, &from[right],
                                                                      &from[left], &defined));
        to[at] = take_right ? from[right++] : from[left++];
    }
    return defined;
}

struct feel_value feel_bi_sort(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    size_t count = a[0].list.count;
    struct feel_value *from = feel_alloc(run, count, sizeof *from);
    struct feel_value *to = feel_alloc(run, count, sizeof *to);
    if (from == NULL || to == NULL)
        return feel_null();
    if (count > 0)
        memcpy(from, a[0].list.items, count * sizeof *from);
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count && run->stop == NULL; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = low + 2 * width < count ? low + 2 * width : count;
            if (!merge(run, &a[1], from, low, middle, high, to))
                return run->stop != NULL
                           ? feel_null()
                           : feel_note(run, NULL, "sort: precedes is neither true nor false");
        }
        if (run->stop != NULL)
            return feel_null();
        struct feel_value *swap = from;
        from = to;
        to = swap;
    }
    return feel_list(from, count);
}
