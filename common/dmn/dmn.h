/* DMN decisions: models are loaded and compiled once, then evaluated any number of times.
 *
 * A set of models (files that import each other, loaded together, nothing is ever fetched) is
 * immutable once it is loaded and may be evaluated by several threads at once, each with an arena
 * of its own. Nothing is global. Versions 1.1 to 1.5 of the standard are read; the semantics are
 * those of DMN 1.5 (formal/24-01-01).
 *
 * A mistake within a model does not fail the whole: the expression becomes null when it is
 * evaluated and is listed as a problem, so that a publisher can refuse the model. */

#ifndef REDRESS_DMN_DMN_H
#define REDRESS_DMN_DMN_H

#include "common/arena.h"
#include "common/status.h"
#include "feel_value.h"

/* X(name, default, help) */
#define DMN_LIMIT_ROWS(X)                                                      \
    X(model_bytes, 1024 * 1024, "bytes of one model file")                     \
    X(models, 64, "model files in a set")                                      \
    X(load_bytes, 256 * 1024 * 1024, "memory of a loaded set")                 \
    X(problems, 200, "problems that are kept")                                 \
    X(steps, 100000, "steps of one evaluation")                                \
    X(string_bytes, 64 * 1024, "bytes of one string that an evaluation makes") \
    X(list_items, 10000, "items of one list that an evaluation makes")

struct dmn_limits {
#define X(name, value, help) size_t name;
    DMN_LIMIT_ROWS(X)
#undef X
};

/* The defaults above. */
struct dmn_limits dmn_default_limits(void);

/* One file. `name` is for messages and to tell models apart; the bytes are not kept. */
struct dmn_source {
    const char *name;
    const char *bytes;
    size_t size;
};

struct dmn_models;

/* A fault in a model, at its place: "policy.dmn:42: Window, rule 3, input 2: expected ]". */
struct dmn_problem {
    struct feel_text file;
    uint32_t line;
    struct feel_text element;
    const char *text;
};

/* Loads and compiles. `limits` may be NULL. INVALID: not XML, no DMN, or beyond a limit, in words;
 * nothing is kept then. OK: the caller owns `*out` and calls dmn_free. */
enum status dmn_load(const struct dmn_source *sources, size_t count,
                     const struct dmn_limits *limits, struct dmn_models **out,
                     struct error *error) CHECK_RESULT;
void dmn_free(struct dmn_models *models);

/* Bytes that a loaded set takes. */
size_t dmn_memory(const struct dmn_models *models);

size_t dmn_problem_count(const struct dmn_models *models);
const struct dmn_problem *dmn_problem(const struct dmn_models *models, size_t index);

/* Input data of the set. */
struct dmn_input_data {
    struct feel_text file;
    uint32_t line;
    struct feel_text name;
};

/* The one at `index`, in the order of the files; false behind the last. */
bool dmn_input_data(const struct dmn_models *models, size_t index, struct dmn_input_data *input);

/* Tells a set, before it is shared, of what kinds its inputs are going to be. `sample` is a context
 * like dmn_query.input with a value everywhere, one item in each list. Input data that take every
 * such value as it is, by their types, are then not looked through in queries of the set's first
 * model that are `expected`. */
void dmn_expect(struct dmn_models *models, const struct feel_value *sample);

/* What to evaluate. */
struct dmn_query {
    const char *model;       /* a source's name or a model's; NULL: the first one */
    const char *node;        /* a decision, decision service or business knowledge model */
    struct feel_value input; /* a context: input data by name (imported ones in the context of
                                their import, or as `namespace#name`); parameters of a service
                                or function */
    bool expected;           /* `input` has the kinds of dmn_expect's sample; null and empty lists
                                may stand for any of its values */
    int64_t now_us;          /* what now() and today() see */
    size_t steps;            /* 0: the set's limit */
};

/* A reason why something came to null. Its texts lie in the evaluation's arena or the set. */
struct dmn_reason {
    struct feel_text file;
    uint32_t line;
    struct feel_text element;
    const char *text;
};

struct dmn_result {
    struct feel_value value;
    const struct dmn_reason *reasons;
    size_t reason_count;
    size_t steps; /* that it took */
};

/* The value, in `arena`. NOT_FOUND: no such model or node. EXHAUSTED: a bound was reached and the
 * value is null. OK otherwise, null values included. */
enum status dmn_evaluate(const struct dmn_models *models, const struct dmn_query *query,
                         struct arena *arena, struct dmn_result *result,
                         struct error *error) CHECK_RESULT;

#endif
