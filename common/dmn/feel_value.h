/* FEEL values: what an expression of the decision language can be (DMN 1.5, 10.3.2).
 *
 * A value is 32 bytes and passed by copy. What it points to (text, items, entries, ranges,
 * functions) lies in an arena and is never changed after it was made, so values share freely and
 * die with their arena. */

#ifndef REDRESS_DMN_FEEL_VALUE_H
#define REDRESS_DMN_FEEL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

/* X(kind, name as in `instance of`) */
#define FEEL_KIND_ROWS(X)                  \
    X(NULL, "Null")                        \
    X(BOOLEAN, "boolean")                  \
    X(NUMBER, "number")                    \
    X(STRING, "string")                    \
    X(DATE, "date")                        \
    X(TIME, "time")                        \
    X(DATE_TIME, "date and time")          \
    X(DAYS, "days and time duration")      \
    X(MONTHS, "years and months duration") \
    X(LIST, "list")                        \
    X(CONTEXT, "context")                  \
    X(RANGE, "range")                      \
    X(FUNCTION, "function")

enum feel_kind {
#define X(kind, name) FEEL_##kind,
    FEEL_KIND_ROWS(X)
#undef X
};

/* IEEE 754 decimal128, binary encoding: low word, high word. Never NaN, never infinite. */
struct feel_number {
    uint64_t words[2];
};

/* UTF-8, not NUL-terminated. The bytes of a string value are never NULL, even of none. */
struct feel_text {
    const char *bytes;
    size_t size;
};

enum feel_zone_kind { FEEL_ZONE_LOCAL, FEEL_ZONE_OFFSET, FEEL_ZONE_NAMED };

struct feel_zone; /* feel_zone.h */

/* A date, a time of day or both, in the proleptic Gregorian calendar. */
struct feel_moment {
    int32_t year; /* -999,999,999 to 999,999,999; 0 for a time of day */
    unsigned month : 4;
    unsigned day : 5;
    unsigned hour : 5;
    unsigned minute : 6;
    unsigned second : 6;
    unsigned zone_kind : 2;       /* enum feel_zone_kind */
    uint32_t nanos;               /* 0 to 999,999,999 */
    int32_t offset_s;             /* seconds east of UTC where zone_kind is OFFSET */
    const struct feel_zone *zone; /* where zone_kind is NAMED */
};

/* Days and time: seconds (floor) and 0 to 999,999,999 nanoseconds on top. */
struct feel_days {
    int64_t seconds;
    int32_t nanos;
};

struct feel_value;
struct feel_entry;
struct feel_range;
struct feel_function;

struct feel_items {
    const struct feel_value *items;
    size_t count;
};

struct feel_entries {
    const struct feel_entry *entries;
    size_t count;
};

struct feel_value {
    enum feel_kind kind;
    unsigned weight : 24; /* values below this one, saturating; of lists and contexts */
    unsigned depth : 8;   /* levels of lists and contexts, saturating */
    union {
        bool boolean;
        struct feel_number number;
        struct feel_text text;
        struct feel_moment moment; /* DATE, TIME, DATE_TIME */
        struct feel_days days;
        int64_t months;
        struct feel_items list;
        struct feel_entries context;
        const struct feel_range *range;
        const struct feel_function *function;
    };
};

struct feel_entry {
    struct feel_text name;
    struct feel_value value;
};

/* INTERVAL is written with both ends; the others are `(< 10)` and its kin. EQUAL and UNEQUAL keep
 * their operand in `low`. */
enum feel_range_form {
    FEEL_INTERVAL,
    FEEL_LESS,
    FEEL_LESS_EQUAL,
    FEEL_GREATER,
    FEEL_GREATER_EQUAL,
    FEEL_EQUAL,
    FEEL_UNEQUAL
};

struct feel_range {
    enum feel_range_form form;
    bool low_closed;
    bool high_closed;
    struct feel_value low; /* null: unbounded or unknown */
    struct feel_value high;
};

/* The three answers of FEEL's logic. */
enum feel_truth { FEEL_FALSE, FEEL_TRUE, FEEL_UNKNOWN };

static inline struct feel_value feel_null(void)
{
    return (struct feel_value){.kind = FEEL_NULL};
}

static inline struct feel_value feel_boolean(bool value)
{
    return (struct feel_value){.kind = FEEL_BOOLEAN, .boolean = value};
}

static inline struct feel_value feel_from_truth(enum feel_truth truth)
{
    return truth == FEEL_UNKNOWN ? feel_null() : feel_boolean(truth == FEEL_TRUE);
}

static inline struct feel_value feel_number_value(struct feel_number number)
{
    return (struct feel_value){.kind = FEEL_NUMBER, .number = number};
}

static inline struct feel_value feel_string(const char *bytes, size_t size)
{
    return (struct feel_value){.kind = FEEL_STRING, .text = {bytes, size}};
}

/* These reckon weight and depth, by which an evaluation bounds what values cost. The items and
 * entries are not copied. */
struct feel_value feel_list(const struct feel_value *items, size_t count);
struct feel_value feel_context(const struct feel_entry *entries, size_t count);

/* Adds what lies below `part` to the reckoning of its owner, a list or context. */
void feel_enclose(struct feel_value *owner, const struct feel_value *part);

static inline bool feel_text_is(struct feel_text text, struct feel_text other)
{
    if (text.size != other.size)
        return false;
    if (text.bytes == other.bytes || text.size == 0)
        return true;
    return text.bytes[text.size - 1] == other.bytes[text.size - 1] &&
           __builtin_memcmp(text.bytes, other.bytes, text.size) == 0;
}

/* A NUL-terminated text as a view. */
struct feel_text feel_text(const char *text);

/* "days and time duration"; never NULL. */
const char *feel_kind_name(enum feel_kind kind);

/* The entry's value, or NULL when the context has none of that name. */
const struct feel_value *feel_entry(const struct feel_value *context, struct feel_text name);

/* Equality of 10.3.2.13: UNKNOWN where the kinds cannot be compared, false against null. */
enum feel_truth feel_equal(const struct feel_value *left, const struct feel_value *right);

/* Functions are the same by their body and what it sees (table 43): feel_call.c. */
bool feel_function_same(const struct feel_function *left, const struct feel_function *right);

/* Same, of the same kind and never unknown: what `distinct values`, ANY tables and tests need. */
bool feel_same(const struct feel_value *left, const struct feel_value *right);

/* Order of two numbers, strings, temporals or durations of one kind: -1, 0, 1 into `order`.
 * false: they have none. */
bool feel_order(const struct feel_value *left, const struct feel_value *right, int *order);

/* Whether the value lies in the range; UNKNOWN where it cannot be compared with an end. */
enum feel_truth feel_range_contains(const struct feel_range *range, const struct feel_value *value);

/* A deep copy into another arena; null when that arena is exhausted. Functions are shared. */
struct feel_value feel_copy(struct arena *arena, const struct feel_value *value);

#endif
