/* Conversion functions (10.3.4.1), not (10.3.4.2) and is (10.3.4.7). */

#include <string.h>

#include "feel_builtin_rows.h"
#include "feel_constant.h"
#include "feel_format.h"
#include "feel_number.h"
#include "feel_run.h"
#include "feel_temporal.h"

static struct feel_value refuse(struct feel_run *run, const char *function,
                                const struct feel_value *from)
{
    if (from->kind == FEEL_STRING)
        return feel_note(run, NULL, "%s: \"%.*s\" is none", function,
                         (int)(from->text.size > 80 ? 80 : from->text.size), from->text.bytes);
    return feel_note(run, NULL, "%s of a %s", function, feel_kind_name(from->kind));
}

static struct feel_value date_part(const struct feel_value *value)
{
    struct feel_value date = feel_null();
    (void)feel_date_of(value->moment.year, value->moment.month, value->moment.day, &date);
    return date;
}

struct feel_value feel_bi_date(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_value out;
    if (a->kind == FEEL_DATE || a->kind == FEEL_DATE_TIME)
        return date_part(a);
    if (a->kind == FEEL_STRING && feel_date_read(a->text, &out))
        return out;
    return refuse(run, "date", a);
}

/* Integer parts; false where one does not fit. */
static bool integers(const struct feel_value *a, size_t count, int64_t *out)
{
    int64_t nanos;
    for (size_t i = 0; i < count; i++)
        if (!feel_number_split(a[i].number, &out[i], &nanos) || nanos != 0)
            return false;
    return true;
}

struct feel_value feel_bi_date_of(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    int64_t parts[3];
    struct feel_value out;
    if (integers(a, 3, parts) && feel_date_of(parts[0], parts[1], parts[2], &out))
        return out;
    return feel_note(run, NULL, "date: there is no such day");
}

struct feel_value feel_bi_date_time(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_value out;
    if (a->kind == FEEL_DATE_TIME)
        return *a;
    if (a->kind == FEEL_DATE)
        return feel_date_midnight(a);
    if (a->kind == FEEL_STRING && feel_date_time_read(a->text, &run->zones, &out))
        return out;
    return refuse(run, "date and time", a);
}

/* The zone by its name, or an offset, or none. */
static bool set_zone(struct feel_run *run, const struct feel_value *zone,
                     struct feel_moment *moment)
{
    if (zone->kind == FEEL_NULL)
        return true;
    if (zone->kind == FEEL_STRING) {
        moment->zone_kind = FEEL_ZONE_NAMED;
        moment->zone = feel_zone_find(&run->zones, zone->text);
        return moment->zone != NULL;
    }
    if (zone->days.nanos != 0 || zone->days.seconds > FEEL_OFFSET_MAX_S ||
        zone->days.seconds < -FEEL_OFFSET_MAX_S)
        return false;
    moment->zone_kind = FEEL_ZONE_OFFSET;
    moment->offset_s = (int32_t)zone->days.seconds;
    return true;
}

struct feel_value feel_bi_date_time_of(struct feel_run *run, const struct feel_value *a,
                                       size_t given)
{
    (void)given;
    if (a[0].kind == FEEL_TIME || a[1].kind != FEEL_TIME)
        return feel_note(run, NULL, "date and time of a %s and a %s", feel_kind_name(a[0].kind),
                         feel_kind_name(a[1].kind));
    struct feel_value out = a[1];
    out.kind = FEEL_DATE_TIME;
    out.moment.year = a[0].moment.year;
    out.moment.month = a[0].moment.month;
    out.moment.day = a[0].moment.day;
    return out;
}

/* Hour, minute, second and zone of the four values from `a` on. */
static bool set_clock(struct feel_run *run, const struct feel_value *a, bool zoned,
                      struct feel_moment *moment)
{
    int64_t parts[2], second, nanos;
    if (!integers(a, 2, parts) || !feel_number_split(a[2].number, &second, &nanos) ||
        parts[0] < 0 || parts[0] > 23 || parts[1] < 0 || parts[1] > 59 || second < 0 ||
        second > 59 || nanos < 0)
        return false;
    moment->hour = (unsigned)parts[0] & 31;
    moment->minute = (unsigned)parts[1] & 63;
    moment->second = (unsigned)second & 63;
    moment->nanos = (uint32_t)nanos;
    return !zoned || set_zone(run, &a[3], moment);
}

struct feel_value feel_bi_date_time_parts(struct feel_run *run, const struct feel_value *a,
                                          size_t given)
{
    int64_t parts[3];
    struct feel_value out;
    if (!integers(a, 3, parts) || !feel_date_of(parts[0], parts[1], parts[2], &out) ||
        !set_clock(run, a + 3, given > 6, &out.moment))
        return feel_note(run, NULL, "date and time: there is no such moment");
    out.kind = FEEL_DATE_TIME;
    return out;
}

struct feel_value feel_bi_time(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_value out = *a;
    if (a->kind == FEEL_DATE)
        out = feel_date_midnight(a);
    if (out.kind == FEEL_TIME || out.kind == FEEL_DATE_TIME) {
        out.kind = FEEL_TIME;
        out.moment.year = 0;
        out.moment.month = 0;
        out.moment.day = 0;
        return out;
    }
    if (a->kind == FEEL_STRING && feel_time_read(a->text, &run->zones, &out))
        return out;
    return refuse(run, "time", a);
}

struct feel_value feel_bi_time_parts(struct feel_run *run, const struct feel_value *a, size_t given)
{
    struct feel_value out = {.kind = FEEL_TIME, .moment = {0}};
    if (!set_clock(run, a, given > 3, &out.moment))
        return feel_note(run, NULL, "time: there is no such time");
    return out;
}

struct feel_value feel_bi_duration(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_value out;
    if (a->kind == FEEL_DAYS || a->kind == FEEL_MONTHS)
        return *a;
    if (a->kind == FEEL_STRING && feel_duration_read(a->text, &out))
        return out;
    return refuse(run, "duration", a);
}

struct feel_value feel_bi_months_between(struct feel_run *run, const struct feel_value *a,
                                         size_t given)
{
    (void)given;
    if (a[0].kind == FEEL_TIME || a[1].kind == FEEL_TIME)
        return feel_note(run, NULL, "years and months duration needs dates");
    return (struct feel_value){.kind = FEEL_MONTHS, .months = feel_months_between(&a[0], &a[1])};
}

static bool separator(const struct feel_value *value, const char *allowed, char *out)
{
    *out = '\0';
    if (value->kind == FEEL_NULL)
        return true;
    if (value->text.size != 1 || strchr(allowed, value->text.bytes[0]) == NULL)
        return false;
    *out = value->text.bytes[0];
    return true;
}

/* Grouping separators are dropped, the decimal separator becomes a point. */
struct feel_value feel_bi_number(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    char text[FEEL_NUMBER_LITERAL_MAX], grouping, decimal;
    size_t size = 0;
    struct feel_number number;
    if (!separator(&a[1], " ,.", &grouping) || !separator(&a[2], ".,", &decimal) ||
        (grouping != '\0' && grouping == decimal))
        return feel_note(run, NULL, "number: no such separators");
    if (decimal == '\0')
        decimal = '.';
    if (grouping == decimal)
        decimal = '\0';
    for (size_t i = 0; i < a[0].text.size; i++) {
        char c = a[0].text.bytes[i];
        if (c == grouping)
            continue;
        if (size == sizeof text || (c == '.' && decimal != '.'))
            return refuse(run, "number", a);
        text[size++] = c == decimal ? '.' : c;
    }
    if (!feel_number_read(text, size, &number))
        return refuse(run, "number", a);
    return feel_number_value(number);
}

struct feel_value feel_bi_string(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_text text;
    if (a->kind == FEEL_STRING)
        return *a;
    if (!feel_format(run->arena, a, run->string_max, &text))
        return feel_note(run, NULL, "a string of more than %zu bytes", run->string_max);
    return feel_string(text.bytes, text.size);
}

/* An end of a range as it is written: a literal, or nothing. false: neither. */
static bool read_end(struct feel_run *run, const struct feel_compiler *compiler,
                     const struct feel_scope *scope, struct feel_text text, struct feel_value *out)
{
    struct feel_syntax_error error;
    size_t unknown = 0;
    int order;
    *out = feel_null();
    if (text.size == 0)
        return true;
    const struct feel_node *node = feel_parse(compiler, scope, text, &unknown, &error);
    if (node == NULL || node->op == FEEL_OP_RANGE || unknown > 0 || !feel_is_constant(node))
        return false;
    *out = feel_evaluate(run, node, NULL);
    return feel_order(out, out, &order);
}

/* Both ends read, the range by grammar rule 66: an end may be left out where its side is open. */
static bool make_range(struct feel_range *range)
{
    bool low = range->low.kind != FEEL_NULL, high = range->high.kind != FEEL_NULL;
    int order;
    if (low && high)
        return feel_order(&range->low, &range->high, &order) && order <= 0;
    if (high && !range->low_closed) {
        range->form = range->high_closed ? FEEL_LESS_EQUAL : FEEL_LESS;
        return true;
    }
    range->form = range->low_closed ? FEEL_GREATER_EQUAL : FEEL_GREATER;
    return low && !range->high_closed;
}

/* The dots between the ends: those outside of strings. */
static const char *find_dots(struct feel_text text)
{
    bool quoted = false;
    for (size_t i = 0; i + 1 < text.size; i++) {
        if (text.bytes[i] == '\\' && quoted)
            i++;
        else if (text.bytes[i] == '"')
            quoted = !quoted;
        else if (!quoted && text.bytes[i] == '.' && text.bytes[i + 1] == '.')
            return &text.bytes[i];
    }
    return NULL;
}

static struct feel_text trim(struct feel_text text)
{
    while (text.size > 0 && (unsigned char)text.bytes[0] <= ' ')
        text.bytes++, text.size--;
    while (text.size > 0 && (unsigned char)text.bytes[text.size - 1] <= ' ')
        text.size--;
    return text;
}

static bool read_range(struct feel_run *run, const struct feel_compiler *compiler,
                       const struct feel_scope *scope, struct feel_text text,
                       struct feel_range *range)
{
    text = trim(text);
    if (text.size < 4 || strchr("([]", text.bytes[0]) == NULL ||
        strchr(")[]", text.bytes[text.size - 1]) == NULL)
        return false;
    range->low_closed = text.bytes[0] == '[';
    range->high_closed = text.bytes[text.size - 1] == ']';
    struct feel_text inner = {text.bytes + 1, text.size - 2};
    const char *dots = find_dots(inner);
    if (dots == NULL)
        return false;
    struct feel_text low = {inner.bytes, (size_t)(dots - inner.bytes)};
    struct feel_text high = {dots + 2, inner.size - low.size - 2};
    return read_end(run, compiler, scope, trim(low), &range->low) &&
           read_end(run, compiler, scope, trim(high), &range->high) && make_range(range);
}

struct feel_value feel_bi_range(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_symbols *symbols = feel_alloc(run, 1, sizeof *symbols);
    struct feel_scope *scope = feel_alloc(run, 1, sizeof *scope);
    struct feel_scope *members = feel_alloc(run, 1, sizeof *members);
    struct feel_range range = {.form = FEEL_INTERVAL};
    if (symbols == NULL || scope == NULL || members == NULL)
        return feel_null();
    symbols->arena = run->arena;
    struct feel_compiler compiler = {
        .arena = run->arena, .symbols = symbols, .members = members, .zones = &run->zones};
    for (size_t i = 0; feel_builtin_at(i) != NULL; i++)
        (void)feel_scope_add(run->arena, scope,
                             feel_name(symbols, feel_text(feel_builtin_at(i)->name)));
    if (!read_range(run, &compiler, scope, a->text, &range))
        return refuse(run, "range", a);
    return feel_new_range(run, &range);
}

struct feel_value feel_bi_not(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)run, (void)given;
    return a->kind == FEEL_BOOLEAN ? feel_boolean(!a->boolean) : feel_null();
}

struct feel_value feel_bi_is(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)run, (void)given;
    if (a[0].kind != a[1].kind)
        return feel_boolean(false);
    if (a[0].kind == FEEL_DATE || a[0].kind == FEEL_TIME || a[0].kind == FEEL_DATE_TIME)
        return feel_boolean(feel_moment_identical(&a[0], &a[1]));
    return feel_boolean(feel_same(&a[0], &a[1]));
}
