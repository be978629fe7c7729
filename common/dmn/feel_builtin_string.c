/* String functions (10.3.4.3). Positions and lengths are in code points. */

#include <string.h>

#include "feel_builtin_rows.h"
#include "feel_lexer.h"
#include "feel_number.h"
#include "feel_run.h"

/* The integer part of a number; false when it is out of any string's reach. */
static bool whole(const struct feel_value *number, int64_t *out)
{
    int64_t nanos;
    return feel_number_split(number->number, out, &nanos);
}

static const char *skip_points(const char *at, const char *end, int64_t points)
{
    while (points > 0 && at < end) {
        (void)feel_code_point(&at, end);
        points--;
    }
    return at;
}

struct feel_value feel_bi_substring(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    int64_t start, length, total = (int64_t)feel_text_length(a[0].text);
    if (!whole(&a[1], &start) || start == 0 || start > total || start < -total)
        return feel_note(run, NULL, "substring: no such position");
    int64_t first = start > 0 ? start - 1 : total + start;
    length = total - first;
    if (a[2].kind == FEEL_NUMBER) {
        int64_t wanted;
        if (!whole(&a[2], &wanted) || wanted < 1)
            return feel_note(run, NULL, "substring: no such length");
        if (wanted < length)
            length = wanted;
    }
    const char *end = a[0].text.bytes + a[0].text.size;
    const char *from = skip_points(a[0].text.bytes, end, first);
    const char *to = skip_points(from, end, length);
    return feel_string(from, (size_t)(to - from));
}

struct feel_value feel_bi_string_length(struct feel_run *run, const struct feel_value *a,
                                        size_t given)
{
    (void)run, (void)given;
    return feel_number_value(feel_number_of((int64_t)feel_text_length(a[0].text)));
}

static const char *find(const struct feel_value *text, const struct feel_value *part)
{
    if (part->text.size == 0)
        return text->text.bytes;
    return memmem(text->text.bytes, text->text.size, part->text.bytes, part->text.size);
}

struct feel_value feel_bi_substring_before(struct feel_run *run, const struct feel_value *a,
                                           size_t given)
{
    (void)run, (void)given;
    const char *at = find(&a[0], &a[1]);
    return feel_string(a[0].text.bytes, at == NULL ? 0 : (size_t)(at - a[0].text.bytes));
}

struct feel_value feel_bi_substring_after(struct feel_run *run, const struct feel_value *a,
                                          size_t given)
{
    (void)run, (void)given;
    const char *at = find(&a[0], &a[1]);
    if (at == NULL)
        return feel_string("", 0);
    at += a[1].text.size;
    return feel_string(at, (size_t)(a[0].text.bytes + a[0].text.size - at));
}

struct feel_value feel_bi_contains(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)run, (void)given;
    return feel_boolean(find(&a[0], &a[1]) != NULL);
}

struct feel_value feel_bi_starts_with(struct feel_run *run, const struct feel_value *a,
                                      size_t given)
{
    (void)run, (void)given;
    size_t size = a[1].text.size;
    return feel_boolean(size <= a[0].text.size &&
                        (size == 0 || memcmp(a[0].text.bytes, a[1].text.bytes, size) == 0));
}

struct feel_value feel_bi_ends_with(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)run, (void)given;
    size_t size = a[1].text.size;
    return feel_boolean(
        size <= a[0].text.size &&
        (size == 0 || memcmp(a[0].text.bytes + a[0].text.size - size, a[1].text.bytes, size) == 0));
}

/* Nulls in the list are passed over. */
struct feel_value feel_bi_string_join(struct feel_run *run, const struct feel_value *a,
                                      size_t given)
{
    (void)given;
    struct feel_text delimiter = a[1].kind == FEEL_STRING ? a[1].text : (struct feel_text){"", 0};
    size_t total = 0;
    for (size_t i = 0; i < a[0].list.count; i++) {
        const struct feel_value *item = &a[0].list.items[i];
        if (item->kind != FEEL_STRING && item->kind != FEEL_NULL)
            return feel_note(run, NULL, "string join: an item is a %s", feel_kind_name(item->kind));
        total += delimiter.size + (item->kind == FEEL_STRING ? item->text.size : 0);
        if (total > run->string_max + delimiter.size)
            return feel_note(run, NULL, "a string of more than %zu bytes", run->string_max);
    }
    char *out = feel_alloc(run, total + 1, 1);
    size_t size = 0;
    bool first = true;
    for (size_t i = 0; out != NULL && i < a[0].list.count; i++) {
        const struct feel_value *item = &a[0].list.items[i];
        if (item->kind == FEEL_NULL)
            continue;
        if (!first && delimiter.size > 0) {
            memcpy(out + size, delimiter.bytes, delimiter.size);
            size += delimiter.size;
        }
        first = false;
        if (item->text.size > 0)
            memcpy(out + size, item->text.bytes, item->text.size);
        size += item->text.size;
    }
    return out == NULL ? feel_null() : feel_string(out, size);
}
