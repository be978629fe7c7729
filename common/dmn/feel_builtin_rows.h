/* Every signature of every built-in function: X(name, parameters, C function). Rows of one name
 * follow each other; the first that fits the arguments is called. */

#ifndef REDRESS_DMN_FEEL_BUILTIN_ROWS_H
#define REDRESS_DMN_FEEL_BUILTIN_ROWS_H

#define FEEL_CONVERSION_ROWS(X)                                                    \
    X("date", "v from", feel_bi_date)                                              \
    X("date", "n year,n month,n day", feel_bi_date_of)                             \
    X("date and time", "v from", feel_bi_date_time)                                \
    X("date and time", "t date,t time", feel_bi_date_time_of)                      \
    X("date and time", "n year,n month,n day,n hour,n minute,n second,D offset?",  \
      feel_bi_date_time_parts)                                                     \
    X("date and time", "n year,n month,n day,n hour,n minute,n second,s timezone", \
      feel_bi_date_time_parts)                                                     \
    X("time", "v from", feel_bi_time)                                              \
    X("time", "n hour,n minute,n second,D offset?", feel_bi_time_parts)            \
    X("time", "n hour,n minute,n second,s timezone", feel_bi_time_parts)           \
    X("number", "s from,S grouping separator,S decimal separator", feel_bi_number) \
    X("number", "s from", feel_bi_number)                                          \
    X("string", "a from", feel_bi_string)                                          \
    X("duration", "v from", feel_bi_duration)                                      \
    X("years and months duration", "t from,t to", feel_bi_months_between)          \
    X("range", "s from", feel_bi_range)                                            \
    X("not", "b negand", feel_bi_not)                                              \
    X("is", "A value1,A value2", feel_bi_is)

#define FEEL_STRING_ROWS(X)                                                   \
    X("substring", "s string,n start position,N length?", feel_bi_substring)  \
    X("string length", "s string", feel_bi_string_length)                     \
    X("upper case", "s string", feel_bi_upper_case)                           \
    X("lower case", "s string", feel_bi_lower_case)                           \
    X("substring before", "s string,s match", feel_bi_substring_before)       \
    X("substring after", "s string,s match", feel_bi_substring_after)         \
    X("contains", "s string,s match", feel_bi_contains)                       \
    X("starts with", "s string,s match", feel_bi_starts_with)                 \
    X("ends with", "s string,s match", feel_bi_ends_with)                     \
    X("string join", "l list,S delimiter?", feel_bi_string_join)              \
    X("replace", "s input,s pattern,s replacement,S flags?", feel_bi_replace) \
    X("matches", "s input,s pattern,S flags?", feel_bi_matches)               \
    X("split", "s string,s delimiter", feel_bi_split)

#define FEEL_LIST_ROWS(X)                                                    \
    X("list contains", "l list,A element", feel_bi_list_contains)            \
    X("count", "l list", feel_bi_count)                                      \
    X("min", "a* list", feel_bi_min)                                         \
    X("max", "a* list", feel_bi_max)                                         \
    X("sum", "a* list", feel_bi_sum)                                         \
    X("mean", "a* list", feel_bi_mean)                                       \
    X("all", "a* list", feel_bi_all)                                         \
    X("any", "a* list", feel_bi_any)                                         \
    X("median", "a* list", feel_bi_median)                                   \
    X("product", "a* list", feel_bi_product)                                 \
    X("stddev", "a* list", feel_bi_stddev)                                   \
    X("mode", "a* list", feel_bi_mode)                                       \
    X("sublist", "l list,n start position,N length?", feel_bi_sublist)       \
    X("append", "l list,A item,A& rest", feel_bi_append)                     \
    X("concatenate", "L& list", feel_bi_concatenate)                         \
    X("insert before", "l list,n position,A newItem", feel_bi_insert_before) \
    X("remove", "l list,n position", feel_bi_remove)                         \
    X("list replace", "l list,n position,A newItem", feel_bi_list_replace)   \
    X("list replace", "l list,f match,A newItem", feel_bi_list_replace)      \
    X("reverse", "l list", feel_bi_reverse)                                  \
    X("index of", "l list,A match", feel_bi_index_of)                        \
    X("union", "L& list", feel_bi_union)                                     \
    X("distinct values", "l list", feel_bi_distinct_values)                  \
    X("flatten", "l list", feel_bi_flatten)                                  \
    X("sort", "l list,f precedes", feel_bi_sort)

#define FEEL_NUMBER_ROWS(X)                                      \
    X("decimal", "n n,n scale", feel_bi_decimal)                 \
    X("floor", "n n,n scale?", feel_bi_floor)                    \
    X("ceiling", "n n,n scale?", feel_bi_ceiling)                \
    X("round up", "n n,n scale", feel_bi_round_up)               \
    X("round down", "n n,n scale", feel_bi_round_down)           \
    X("round half up", "n n,n scale", feel_bi_round_half_up)     \
    X("round half down", "n n,n scale", feel_bi_round_half_down) \
    X("abs", "v n", feel_bi_abs)                                 \
    X("modulo", "n dividend,n divisor", feel_bi_modulo)          \
    X("sqrt", "n number", feel_bi_sqrt)                          \
    X("log", "n number", feel_bi_log)                            \
    X("exp", "n number", feel_bi_exp)                            \
    X("odd", "n number", feel_bi_odd)                            \
    X("even", "n number", feel_bi_even)

#define FEEL_TEMPORAL_ROWS(X)                           \
    X("day of year", "t date", feel_bi_day_of_year)     \
    X("day of week", "t date", feel_bi_day_of_week)     \
    X("month of year", "t date", feel_bi_month_of_year) \
    X("week of year", "t date", feel_bi_week_of_year)   \
    X("now", "", feel_bi_now)                           \
    X("today", "", feel_bi_today)

#define FEEL_RELATION_ROWS(X, name, function) \
    X(name, "r range1,r range2", function)    \
    X(name, "p point,r range", function)      \
    X(name, "r range,p point", function)      \
    X(name, "p point1,p point2", function)

#define FEEL_RANGE_ROWS(X)                                             \
    FEEL_RELATION_ROWS(X, "before", feel_bi_before)                    \
    FEEL_RELATION_ROWS(X, "after", feel_bi_after)                      \
    X("meets", "r range1,r range2", feel_bi_meets)                     \
    X("met by", "r range1,r range2", feel_bi_met_by)                   \
    X("overlaps", "r range1,r range2", feel_bi_overlaps)               \
    X("overlaps before", "r range1,r range2", feel_bi_overlaps_before) \
    X("overlaps after", "r range1,r range2", feel_bi_overlaps_after)   \
    X("finishes", "r range1,r range2", feel_bi_finishes)               \
    X("finishes", "p point,r range", feel_bi_finishes)                 \
    X("finished by", "r range1,r range2", feel_bi_finished_by)         \
    X("finished by", "r range,p point", feel_bi_finished_by)           \
    X("includes", "r range1,r range2", feel_bi_includes)               \
    X("includes", "r range,p point", feel_bi_includes)                 \
    X("during", "r range1,r range2", feel_bi_during)                   \
    X("during", "p point,r range", feel_bi_during)                     \
    X("starts", "r range1,r range2", feel_bi_starts)                   \
    X("starts", "p point,r range", feel_bi_starts)                     \
    X("started by", "r range1,r range2", feel_bi_started_by)           \
    X("started by", "r range,p point", feel_bi_started_by)             \
    X("coincides", "r range1,r range2", feel_bi_coincides)             \
    X("coincides", "p point1,p point2", feel_bi_coincides)

#define FEEL_CONTEXT_ROWS(X)                                               \
    X("get value", "c m,s key", feel_bi_get_value)                         \
    X("get entries", "c m", feel_bi_get_entries)                           \
    X("context", "l entries", feel_bi_context)                             \
    X("context put", "c context,s key,A value", feel_bi_context_put)       \
    X("context put", "c context,l keys,A value", feel_bi_context_put_path) \
    X("context merge", "l contexts", feel_bi_context_merge)

#define FEEL_BUILTIN_ROWS(X) \
    FEEL_CONVERSION_ROWS(X)  \
    FEEL_STRING_ROWS(X)      \
    FEEL_LIST_ROWS(X)        \
    FEEL_NUMBER_ROWS(X)      \
    FEEL_TEMPORAL_ROWS(X)    \
    FEEL_RANGE_ROWS(X)       \
    FEEL_CONTEXT_ROWS(X)

#include "feel_builtin.h"

/* Declared once per row: functions with several signatures are declared several times. */
#define X(name, parameters, function) feel_builtin_call function;
FEEL_BUILTIN_ROWS(X)
#undef X

#endif
