/* One evaluation: its memory, its bounds, and the reasons of nulls that it came across.
 *
 * Nothing here fails loudly. A mistake in an expression becomes null and a note; a bound that is
 * reached stops the run, after which every value is null and the caller reports `stop`. */

#ifndef REDRESS_DMN_FEEL_RUN_H
#define REDRESS_DMN_FEEL_RUN_H

#include "feel_builtin.h"
#include "feel_syntax.h"
#include "feel_type.h"

enum {
    FEEL_CALL_DEPTH_MAX = 1200,      /* expressions and calls within each other */
    FEEL_VALUE_DEPTH_MAX = 64,       /* lists and contexts within each other */
    FEEL_VALUE_WEIGHT_MAX = 1000000, /* values within one value */
    FEEL_NOTES_MAX = 64              /* kept; further ones are counted */
};

/* Where an expression stands in its model. */
struct feel_place {
    struct feel_text file;
    uint32_t line;
    struct feel_text element; /* "Route, rule 3, input 2" */
};

struct feel_note {
    const struct feel_place *place; /* may be NULL */
    uint32_t offset;                /* bytes into the expression */
    const char *text;
};

struct feel_binding {
    const struct feel_symbol *name;
    struct feel_value value;
};

/* Names and their values, innermost first. `item` is a context whose entries are in sight too. */
struct feel_frame {
    const struct feel_frame *parent;
    const struct feel_binding *bindings;
    size_t count;
    const struct feel_value *item;
};

struct feel_run;

/* Something to call: a built-in, a function of a model, or one that the host provides. */
struct feel_function {
    const struct feel_builtin *builtin;
    const struct feel_symbol *const *names;
    const struct feel_type *const *types; /* of parameters; may be NULL, as may each */
    size_t count;
    const struct feel_type *result; /* may be NULL */
    const struct feel_node *body;
    const struct feel_frame *frame; /* around the body */
    const struct feel_place *place; /* of the body; may be NULL */
    struct feel_value (*host)(struct feel_run *run, const struct feel_function *function,
                              const struct feel_value *arguments);
    const void *owner; /* the host's */
};

/* Names that the language itself binds. */
struct feel_words {
    const struct feel_symbol *input; /* ? */
    const struct feel_symbol *item;
    const struct feel_symbol *partial;
};

struct feel_run {
    struct arena *arena;
    const struct feel_words *words;
    struct feel_zones zones;
    int64_t now_us;
    uint64_t steps;
    uint64_t steps_max;
    size_t string_max; /* bytes */
    size_t list_max;   /* items */
    int depth;
    const char *stop; /* the bound that was reached, or NULL */
    const struct feel_place *place;
    struct feel_note *notes; /* room for FEEL_NOTES_MAX, once there is one */
    size_t note_count;       /* may exceed FEEL_NOTES_MAX */
    struct feel_value (*table)(struct feel_run *run, const struct dmn_table *table,
                               const struct feel_frame *frame);
    void *host;
};

/* Null, with a note of the reason. */
__attribute__((format(printf, 3, 4))) struct feel_value
feel_note(struct feel_run *run, const struct feel_node *node, const char *format, ...);

/* Memory of this run, zeroed; NULL stops it. */
void *feel_alloc(struct feel_run *run, size_t count, size_t size);

/* The same, with anything in it: for what is written whole. */
void *feel_room(struct feel_run *run, size_t count, size_t size);

/* The run has taken more steps than it is allowed. */
void feel_stop_steps(struct feel_run *run);

/* Counts work; false when the run has stopped. */
static inline bool feel_charge(struct feel_run *run, uint64_t steps)
{
    run->steps += steps;
    if (run->steps > run->steps_max && run->stop == NULL)
        feel_stop_steps(run);
    return run->stop == NULL;
}

struct feel_value feel_evaluate(struct feel_run *run, const struct feel_node *node,
                                const struct feel_frame *frame);

/* Whether a value passes unary tests. */
enum feel_truth feel_test(struct feel_run *run, const struct feel_node *tests,
                          const struct feel_frame *frame, const struct feel_value *input);

/* Calls with positional arguments, or named ones. */
struct feel_value feel_call(struct feel_run *run, const struct feel_node *node,
                            const struct feel_value *function, const struct feel_value *arguments,
                            const struct feel_symbol *const *names, size_t count);

/* value . name */
struct feel_value feel_property(struct feel_run *run, const struct feel_node *node,
                                const struct feel_value *value, struct feel_text name);

/* left op right for ADD to POWER. */
struct feel_value feel_arithmetic(struct feel_run *run, const struct feel_node *node,
                                  const struct feel_value *left, const struct feel_value *right);

/* Whether the value is of the type: a context has every member of it, and may have more. Null is of
 * every type. */
bool feel_conforms(struct feel_run *run, const struct feel_type *type,
                   const struct feel_value *value);

/* Whether each value of the same kinds as `sample` conforms to the type, and null in place of any
 * of them. Lists of the sample have an item, and every item of theirs is of its kinds. */
bool feel_conforms_always(const struct feel_type *type, const struct feel_value *sample);

/* Whether the value is an instance of the type (table 53): as above, but null is one of Null only,
 * alone and as an item of a list. */
bool feel_instance_of(struct feel_run *run, const struct feel_type *type,
                      const struct feel_value *value);

/* The implicit conversions of 10.3.2.9.4: the value, its only item, a list of it, the midnight of
 * a date; null with a note about `what` where none fits. `type` may be NULL: anything. */
struct feel_value feel_coerce(struct feel_run *run, const struct feel_type *type,
                              const struct feel_value *value, struct feel_text what);

/* A list in the making. */
struct feel_builder {
    struct feel_value list; /* what there is so far; items may move */
    size_t room;
};

/* false: too long or out of memory, noted. */
bool feel_build(struct feel_run *run, struct feel_builder *builder, const struct feel_value *item);

/* A string in this run's memory; null where it is longer than allowed. */
struct feel_value feel_new_string(struct feel_run *run, const char *bytes, size_t size);

/* A range value. */
struct feel_value feel_new_range(struct feel_run *run, const struct feel_range *range);

#endif
