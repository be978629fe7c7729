/* Relations of points and ranges (10.3.4.9, table 78). */

#include "feel_builtin_rows.h"
#include "feel_run.h"

/* One end of a range; null where it has none, and has no order then. */
struct end {
    const struct feel_value *value;
    bool included;
};

/* What is related: points are ranges that begin and end there. */
struct span {
    struct end start;
    struct end end;
    bool point;
};

static struct span span_of(const struct feel_value *value)
{
    if (value->kind != FEEL_RANGE)
        return (struct span){{value, true}, {value, true}, true};
    const struct feel_range *range = value->range;
    const struct feel_value *high = range->form == FEEL_EQUAL ? &range->low : &range->high;
    return (struct span){{&range->low, range->low_closed}, {high, range->high_closed}, false};
}

/* A comparison under way: `known` turns false where two ends have no order. */
struct relation {
    struct span a;
    struct span b;
    bool known;
};

static int order(struct relation *r, struct end left, struct end right)
{
    int result = 0;
    if (!feel_order(left.value, right.value, &result))
        r->known = false;
    return result;
}

/* The ends meet in a value that both include. */
static bool touch(struct end left, struct end right)
{
    return left.included && right.included;
}

static bool before(struct relation *r, struct span a, struct span b)
{
    int way = order(r, a.end, b.start);
    return way < 0 || (way == 0 && !touch(a.end, b.start));
}

static bool meets(struct relation *r, struct span a, struct span b)
{
    return order(r, a.end, b.start) == 0 && touch(a.end, b.start);
}

/* Whether a reaches as far as b on that side, its end counting. */
static bool starts_no_later(struct relation *r, struct span a, struct span b)
{
    int way = order(r, a.start, b.start);
    return way < 0 || (way == 0 && (a.start.included || !b.start.included));
}

static bool ends_no_earlier(struct relation *r, struct span a, struct span b)
{
    int way = order(r, a.end, b.end);
    return way > 0 || (way == 0 && (a.end.included || !b.end.included));
}

static bool overlaps(struct relation *r, struct span a, struct span b)
{
    return !before(r, a, b) && !before(r, b, a);
}

static bool overlaps_before(struct relation *r, struct span a, struct span b)
{
    int way = order(r, a.start, b.start);
    bool earlier = way < 0 || (way == 0 && a.start.included && !b.start.included);
    return earlier && overlaps(r, a, b) && ends_no_earlier(r, b, a);
}

/* A point at an end that counts is included, even where the other end lies there too. */
static bool includes_point(struct relation *r, struct span a, struct span point)
{
    int start = order(r, a.start, point.start), end = order(r, a.end, point.start);
    return (start < 0 && end > 0) || (start == 0 && a.start.included) ||
           (end == 0 && a.end.included);
}

static bool includes(struct relation *r, struct span a, struct span b)
{
    if (b.point)
        return includes_point(r, a, b);
    return starts_no_later(r, a, b) && ends_no_earlier(r, a, b);
}

static bool finishes(struct relation *r, struct span a, struct span b)
{
    if (a.point)
        return b.end.included && order(r, b.end, a.end) == 0;
    return a.end.included == b.end.included && order(r, a.end, b.end) == 0 &&
           starts_no_later(r, b, a);
}

static bool starts(struct relation *r, struct span a, struct span b)
{
    if (a.point)
        return b.start.included && order(r, b.start, a.start) == 0;
    return a.start.included == b.start.included && order(r, a.start, b.start) == 0 &&
           ends_no_earlier(r, b, a);
}

static bool coincides(struct relation *r, struct span a, struct span b)
{
    return a.start.included == b.start.included && a.end.included == b.end.included &&
           order(r, a.start, b.start) == 0 && order(r, a.end, b.end) == 0;
}

/* X(function, relation of a and b) */
#define RELATION_ROWS(X)                                      \
    X(feel_bi_before, before(&r, r.a, r.b))                   \
    X(feel_bi_after, before(&r, r.b, r.a))                    \
    X(feel_bi_meets, meets(&r, r.a, r.b))                     \
    X(feel_bi_met_by, meets(&r, r.b, r.a))                    \
    X(feel_bi_overlaps, overlaps(&r, r.a, r.b))               \
    X(feel_bi_overlaps_before, overlaps_before(&r, r.a, r.b)) \
    X(feel_bi_overlaps_after, overlaps_before(&r, r.b, r.a))  \
    X(feel_bi_finishes, finishes(&r, r.a, r.b))               \
    X(feel_bi_finished_by, finishes(&r, r.b, r.a))            \
    X(feel_bi_includes, includes(&r, r.a, r.b))               \
    X(feel_bi_during, includes(&r, r.b, r.a))                 \
    X(feel_bi_starts, starts(&r, r.a, r.b))                   \
    X(feel_bi_started_by, starts(&r, r.b, r.a))               \
    X(feel_bi_coincides, coincides(&r, r.a, r.b))

#define X(name, expression)                                                                \
    struct feel_value name(struct feel_run *run, const struct feel_value *a, size_t given) \
    {                                                                                      \
        (void)given;                                                                       \
        struct relation r = {span_of(&a[0]), span_of(&a[1]), true};                        \
        bool holds = expression;                                                           \
        return r.known ? feel_boolean(holds)                                               \
                       : feel_note(run, NULL, "values that cannot be compared");           \
    }
RELATION_ROWS(X)
#undef X
