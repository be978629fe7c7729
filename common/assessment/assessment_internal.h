/* What assess is made of: the model's answer for one line, and the rules that hit. */

#ifndef REDRESS_ASSESSMENT_INTERNAL_H
#define REDRESS_ASSESSMENT_INTERNAL_H

#include "assessment.h"

#include "dmn/dmn_trace.h"

/* All facts of line `index` as one context, in `arena`; null if that is full. */
struct feel_value facts_for_line(const struct facts *facts, size_t index, struct arena *arena);

/* What the model says about one line. Texts lie where the evaluation put them. */
struct verdict {
    enum outcome outcome;
    struct feel_text reasons[ASSESSMENT_REASONS_MAX];
    size_t reason_count;
    struct feel_number fee; /* 0 or more, in minor units, not rounded yet */
    enum refund_method methods[REFUND_METHOD_COUNT];
    size_t method_count;
    bool goods_required;
    struct feel_text goods_condition;
    struct feel_text needed[ASSESSMENT_NEEDED_MAX];
    size_t needed_count;
    struct feel_text notice;
};

/* Reads the value of `Assessment`. INVALID: it breaks a rule of assessment.h. */
enum status verdict_read(const struct feel_value *value, struct verdict *verdict,
                         struct error *error) CHECK_RESULT;

/* Rules in the making. */
struct hit_list {
    struct arena *arena;
    size_t line_count; /* of the request */
    size_t total;      /* hits over all lines */
    struct rule_hit *hits;
    struct hit_key *keys;
    size_t count;
    size_t hits_room, keys_room; /* bytes */
};

void hit_list_start(struct hit_list *list, size_t line_count, struct arena *arena);

/* Adds what hit for line `index`. INVALID: there are too many. */
enum status hit_list_add(struct hit_list *list, const struct dmn_trace *trace, uint32_t index,
                         struct error *error) CHECK_RESULT;

#endif
