#include <string.h>

#include "feel_evaluate.h"
#include "feel_number.h"
#include "feel_temporal.h"

const struct feel_value *feel_lookup(const struct feel_frame *frame, const struct feel_symbol *name)
{
    for (; frame != NULL; frame = frame->parent) {
        if (frame->item != NULL) {
            const struct feel_value *entry = feel_entry(frame->item, name->text);
            if (entry != NULL)
                return entry;
        }
        for (size_t i = frame->count; i > 0; i--)
            if (frame->bindings[i - 1].name == name)
                return &frame->bindings[i - 1].value;
    }
    return NULL;
}

static struct feel_value builtin_value(struct feel_run *run, const struct feel_builtin *builtin)
{
    struct feel_function *function = feel_room(run, 1, sizeof *function);
    if (function == NULL)
        return feel_null();
    *function = (struct feel_function){.builtin = builtin};
    return (struct feel_value){.kind = FEEL_FUNCTION, .function = function};
}

static struct feel_value evaluate_name(struct feel_run *run, const struct feel_node *node,
                                       const struct feel_frame *frame)
{
    const struct feel_value *found = feel_lookup(frame, node->name);
    if (found != NULL)
        return *found;
    if (node->builtin != NULL)
        return builtin_value(run, node->builtin);
    return feel_note(run, node, "nothing here is called %.*s", (int)node->name->text.size,
                     node->name->text.bytes);
}

static enum feel_truth truth_of(const struct feel_value *value)
{
    if (value->kind != FEEL_BOOLEAN)
        return FEEL_UNKNOWN;
    return value->boolean ? FEEL_TRUE : FEEL_FALSE;
}

/* and is decided by a false, or by a true; everything that is no boolean counts as unknown. */
static struct feel_value evaluate_logic(struct feel_run *run, const struct feel_node *node,
                                        const struct feel_frame *frame)
{
    enum feel_truth decisive = node->op == FEEL_OP_AND ? FEEL_FALSE : FEEL_TRUE;
    struct feel_value left = feel_evaluate(run, node->a, frame);
    if (truth_of(&left) == decisive)
        return feel_from_truth(decisive);
    struct feel_value right = feel_evaluate(run, node->b, frame);
    if (truth_of(&right) == decisive)
        return feel_from_truth(decisive);
    if (truth_of(&left) == FEEL_UNKNOWN || truth_of(&right) == FEEL_UNKNOWN)
        return feel_null();
    return feel_boolean(node->op == FEEL_OP_AND);
}

static struct feel_value evaluate_equality(struct feel_run *run, const struct feel_node *node,
                                           const struct feel_frame *frame)
{
    struct feel_value left = feel_evaluate(run, node->a, frame);
    struct feel_value right = feel_evaluate(run, node->b, frame);
    if (!feel_charge(run, left.weight / 16u))
        return feel_null();
    enum feel_truth equal = feel_equal(&left, &right);
    if (equal == FEEL_UNKNOWN)
        return feel_note(run, node, "cannot compare a %s with a %s", feel_kind_name(left.kind),
                         feel_kind_name(right.kind));
    return feel_boolean((equal == FEEL_TRUE) == (node->op == FEEL_OP_EQUAL));
}

static enum feel_truth compare(enum feel_op op, const struct feel_value *left,
                               const struct feel_value *right)
{
    int order;
    if (!feel_order(left, right, &order))
        return FEEL_UNKNOWN;
    bool holds = op == FEEL_OP_LESS         ? order < 0
                 : op == FEEL_OP_LESS_EQUAL ? order <= 0
                 : op == FEEL_OP_GREATER    ? order > 0
                                            : order >= 0;
    return holds ? FEEL_TRUE : FEEL_FALSE;
}

static struct feel_value evaluate_order(struct feel_run *run, const struct feel_node *node,
                                        const struct feel_frame *frame)
{
    struct feel_value left = feel_evaluate(run, node->a, frame);
    struct feel_value right = feel_evaluate(run, node->b, frame);
    enum feel_truth holds = compare(node->op, &left, &right);
    if (holds == FEEL_UNKNOWN)
        return feel_note(run, node, "cannot order a %s and a %s", feel_kind_name(left.kind),
                         feel_kind_name(right.kind));
    return feel_from_truth(holds);
}

static struct feel_value evaluate_between(struct feel_run *run, const struct feel_node *node,
                                          const struct feel_frame *frame)
{
    struct feel_value value = feel_evaluate(run, node->a, frame);
    struct feel_value low = feel_evaluate(run, node->b, frame);
    struct feel_value high = feel_evaluate(run, node->c, frame);
    enum feel_truth above = compare(FEEL_OP_GREATER_EQUAL, &value, &low);
    enum feel_truth below = compare(FEEL_OP_LESS_EQUAL, &value, &high);
    if (above == FEEL_FALSE || below == FEEL_FALSE)
        return feel_boolean(false);
    if (above == FEEL_UNKNOWN || below == FEEL_UNKNOWN)
        return feel_note(run, node, "between needs values that can be ordered");
    return feel_boolean(true);
}

/* A value against what a test came to: a range holds it, a list has it (or is it), or it is it. */
static enum feel_truth value_passes(struct feel_run *run, const struct feel_value *input,
                                    const struct feel_value *test)
{
    if (!feel_charge(run, 1 + input->weight / 16u))
        return FEEL_UNKNOWN;
    if (test->kind == FEEL_RANGE) {
        if (input->kind == FEEL_RANGE)
            return feel_same(input, test) ? FEEL_TRUE : FEEL_FALSE;
        return feel_range_contains(test->range, input);
    }
    if (test->kind != FEEL_LIST)
        return feel_equal(input, test);
    if (input->kind == FEEL_LIST && feel_same(input, test))
        return FEEL_TRUE;
    for (size_t i = 0; i < test->list.count; i++) {
        const struct feel_value *item = &test->list.items[i];
        bool holds = item->kind == FEEL_RANGE && input->kind != FEEL_RANGE
                         ? feel_range_contains(item->range, input) == FEEL_TRUE
                         : feel_equal(input, item) == FEEL_TRUE;
        if (holds)
            return FEEL_TRUE;
        if (!feel_charge(run, 1))
            return FEEL_UNKNOWN;
    }
    return FEEL_FALSE;
}

static enum feel_truth test_one(struct feel_run *run, const struct feel_node *test,
                                const struct feel_frame *frame, const struct feel_value *input)
{
    struct feel_value value = feel_evaluate(run, test, frame);
    if (test->reads_input)
        return value.kind == FEEL_BOOLEAN && value.boolean ? FEEL_TRUE
               : value.kind == FEEL_NULL                   ? FEEL_UNKNOWN
                                                           : FEEL_FALSE;
    if (value.kind == FEEL_BOOLEAN && input->kind != FEEL_BOOLEAN && test->op != FEEL_OP_LITERAL)
        return value.boolean ? FEEL_TRUE : FEEL_FALSE;
    return value_passes(run, input, &value);
}

enum feel_truth feel_test(struct feel_run *run, const struct feel_node *tests,
                          const struct feel_frame *frame, const struct feel_value *input)
{
    if (tests->op == FEEL_OP_ANY_INPUT)
        return FEEL_TRUE;
    if (tests->op != FEEL_OP_TESTS)
        return FEEL_UNKNOWN;
    struct feel_binding binding = {run->words->input, *input};
    struct feel_frame inner = {.parent = frame, .bindings = &binding, .count = 1};
    enum feel_truth result = FEEL_FALSE;
    for (uint32_t i = 0; i < tests->count && result != FEEL_TRUE; i++) {
        enum feel_truth one = test_one(run, tests->items[i], &inner, input);
        if (one != FEEL_FALSE)
            result = one;
    }
    if (tests->negated && result != FEEL_UNKNOWN)
        return result == FEEL_TRUE ? FEEL_FALSE : FEEL_TRUE;
    return result;
}

/* `e in (? > 2)`: the test's `?` is e where that makes it true, false or null (table 55);
 * elsewhere, as in `e in (?)`, it is the input of the cell all this stands in. */
static enum feel_truth passes_in(struct feel_run *run, const struct feel_node *test,
                                 const struct feel_frame *frame, const struct feel_value *input)
{
    if (test->reads_input && test->op != FEEL_OP_NAME) {
        struct feel_binding binding = {run->words->input, *input};
        struct feel_frame inner = {.parent = frame, .bindings = &binding, .count = 1};
        struct feel_value value = feel_evaluate(run, test, &inner);
        if (value.kind == FEEL_BOOLEAN)
            return value.boolean ? FEEL_TRUE : FEEL_FALSE;
        if (value.kind == FEEL_NULL)
            return FEEL_UNKNOWN;
    }
    struct feel_value value = feel_evaluate(run, test, frame);
    return value_passes(run, input, &value);
}

static struct feel_value evaluate_in(struct feel_run *run, const struct feel_node *node,
                                     const struct feel_frame *frame)
{
    struct feel_value input = feel_evaluate(run, node->a, frame);
    const struct feel_node *tests = node->b;
    enum feel_truth result = FEEL_FALSE;
    for (uint32_t i = 0; i < tests->count && result != FEEL_TRUE; i++) {
        enum feel_truth one = passes_in(run, tests->items[i], frame, &input);
        if (one != FEEL_FALSE)
            result = one;
    }
    if (result == FEEL_UNKNOWN)
        return feel_note(run, node, "in: the value cannot be compared");
    return feel_from_truth(result);
}

static struct feel_value evaluate_range(struct feel_run *run, const struct feel_node *node,
                                        const struct feel_frame *frame)
{
    struct feel_range range = {
        .form = node->form, .low_closed = node->low_closed, .high_closed = node->high_closed};
    if (node->a != NULL)
        range.low = feel_evaluate(run, node->a, frame);
    if (node->b != NULL)
        range.high = feel_evaluate(run, node->b, frame);
    int order = 0;
    bool both = range.low.kind != FEEL_NULL && range.high.kind != FEEL_NULL;
    if (both && !feel_order(&range.low, &range.high, &order))
        return feel_note(run, node, "a range from %s to %s", feel_kind_name(range.low.kind),
                         feel_kind_name(range.high.kind));
    if (both && order > 0)
        return feel_note(run, node, "a range that ends before it starts");
    return feel_new_range(run, &range);
}

/* -e is e * -1 (table 62), for numbers and durations. */
static struct feel_value evaluate_negation(struct feel_run *run, const struct feel_node *node,
                                           const struct feel_frame *frame)
{
    struct feel_value value = feel_evaluate(run, node->a, frame);
    struct feel_value out = value;
    if (value.kind == FEEL_NUMBER)
        return feel_number_value(feel_number_negate(value.number));
    if (value.kind == FEEL_DAYS && feel_days_negate(value.days, &out))
        return out;
    if (value.kind == FEEL_MONTHS && !__builtin_sub_overflow(0, value.months, &out.months))
        return out;
    return feel_note(run, node, "cannot negate a %s", feel_kind_name(value.kind));
}

static struct feel_value evaluate_list(struct feel_run *run, const struct feel_node *node,
                                       const struct feel_frame *frame)
{
    if (node->count > run->list_max)
        return feel_note(run, node, "a list of more than %zu items", run->list_max);
    struct feel_value *items = feel_room(run, node->count, sizeof *items);
    if (items == NULL)
        return feel_null();
    for (uint32_t i = 0; i < node->count; i++)
        items[i] = feel_evaluate(run, node->items[i], frame);
    return feel_list(items, node->count);
}

/* Each entry sees those before it; a boxed context may end in a result of its own. */
static struct feel_value evaluate_context(struct feel_run *run, const struct feel_node *node,
                                          const struct feel_frame *frame)
{
    if (node->negated)
        return feel_note(run, node, "an entry name stands twice");
    struct feel_frame *inner = feel_room(run, 1, sizeof *inner);
    struct feel_binding *bindings = feel_room(run, node->count, sizeof *bindings);
    struct feel_entry *entries = feel_room(run, node->count, sizeof *entries);
    if (inner == NULL || bindings == NULL || entries == NULL)
        return feel_null();
    *inner = (struct feel_frame){.parent = frame, .bindings = bindings};
    for (uint32_t i = 0; i < node->count; i++) {
        struct feel_value value = feel_evaluate(run, node->items[i], inner);
        if (node->types != NULL && node->types[i] != NULL)
            value = feel_coerce(run, node->types[i], &value, node->names[i]->text);
        bindings[i] = (struct feel_binding){node->names[i], value};
        entries[i] = (struct feel_entry){node->names[i]->text, value};
        inner->count = i + 1;
    }
    if (node->a != NULL)
        return feel_evaluate(run, node->a, inner);
    return feel_context(entries, node->count);
}

static struct feel_value evaluate_function(struct feel_run *run, const struct feel_node *node,
                                           const struct feel_frame *frame)
{
    struct feel_function *function = feel_room(run, 1, sizeof *function);
    if (function == NULL)
        return feel_null();
    *function = (struct feel_function){.names = node->names,
                                       .types = node->types,
                                       .count = node->count,
                                       .result = node->type,
                                       .body = node->a,
                                       .frame = frame,
                                       .place = run->place};
    return (struct feel_value){.kind = FEEL_FUNCTION, .function = function};
}

static struct feel_value evaluate_instance(struct feel_run *run, const struct feel_node *node,
                                           const struct feel_frame *frame)
{
    struct feel_value value = feel_evaluate(run, node->a, frame);
    bool bare = node->type->form == FEEL_TYPE_KIND &&
                (node->type->kind == FEEL_LIST || node->type->kind == FEEL_CONTEXT ||
                 node->type->kind == FEEL_RANGE || node->type->kind == FEEL_FUNCTION);
    if (bare)
        return feel_note(run, node, "the type needs parameters, as in list<Any>");
    return feel_boolean(feel_instance_of(run, node->type, &value));
}

static struct feel_value evaluate_call(struct feel_run *run, const struct feel_node *node,
                                       const struct feel_frame *frame)
{
    if (node->count > run->list_max)
        return feel_note(run, node, "more than %zu arguments", run->list_max);
    bool is_builtin = node->a->op == FEEL_OP_NAME && node->a->builtin != NULL &&
                      feel_lookup(frame, node->a->name) == NULL;
    if (is_builtin && node->b != NULL)
        return node->b->literal;
    struct feel_value *values = feel_room(run, node->count, sizeof *values);
    if (values == NULL)
        return feel_null();
    for (uint32_t i = 0; i < node->count; i++)
        values[i] = feel_evaluate(run, node->items[i], frame);
    if (is_builtin)
        return feel_builtin_invoke(run, node->a->builtin, values, node->names, node->count);
    struct feel_value function = feel_evaluate(run, node->a, frame);
    return feel_call(run, node, &function, values, node->names, node->count);
}

static struct feel_value evaluate_if(struct feel_run *run, const struct feel_node *node,
                                     const struct feel_frame *frame)
{
    struct feel_value condition = feel_evaluate(run, node->a, frame);
    bool yes = condition.kind == FEEL_BOOLEAN && condition.boolean;
    if (node->boxed && condition.kind != FEEL_BOOLEAN && condition.kind != FEEL_NULL)
        return feel_note(run, node, "a condition that is a %s", feel_kind_name(condition.kind));
    return feel_evaluate(run, yes ? node->b : node->c, frame);
}

/* Apart from feel_evaluate, which is left at once for most nodes: they are literals and names. */
__attribute__((noinline)) static struct feel_value
dispatch(struct feel_run *run, const struct feel_node *node, const struct feel_frame *frame)
{
    switch (node->op) {
    case FEEL_OP_LITERAL:
        return node->literal;
    case FEEL_OP_BROKEN:
        return feel_note(run, node, "the expression did not compile");
    case FEEL_OP_NAME:
        return evaluate_name(run, node, frame);
    case FEEL_OP_PATH: {
        struct feel_value base = feel_evaluate(run, node->a, frame);
        return feel_property(run, node, &base, node->name->text);
    }
    case FEEL_OP_FILTER:
        return feel_filter(run, node, frame);
    case FEEL_OP_CALL:
        return evaluate_call(run, node, frame);
    case FEEL_OP_ADD:
    case FEEL_OP_SUBTRACT:
    case FEEL_OP_MULTIPLY:
    case FEEL_OP_DIVIDE:
    case FEEL_OP_POWER: {
        struct feel_value left = feel_evaluate(run, node->a, frame);
        struct feel_value right = feel_evaluate(run, node->b, frame);
        return feel_arithmetic(run, node, &left, &right);
    }
    case FEEL_OP_NEGATE:
        return evaluate_negation(run, node, frame);
    case FEEL_OP_EQUAL:
    case FEEL_OP_UNEQUAL:
        return evaluate_equality(run, node, frame);
    case FEEL_OP_LESS:
    case FEEL_OP_LESS_EQUAL:
    case FEEL_OP_GREATER:
    case FEEL_OP_GREATER_EQUAL:
        return evaluate_order(run, node, frame);
    case FEEL_OP_AND:
    case FEEL_OP_OR:
        return evaluate_logic(run, node, frame);
    case FEEL_OP_BETWEEN:
        return evaluate_between(run, node, frame);
    case FEEL_OP_IN:
        return evaluate_in(run, node, frame);
    case FEEL_OP_TESTS:
    case FEEL_OP_ANY_INPUT:
    case FEEL_OP_SPAN:
        return feel_note(run, node, "a test is no value");
    case FEEL_OP_IF:
        return evaluate_if(run, node, frame);
    case FEEL_OP_FOR:
        return feel_for(run, node, frame);
    case FEEL_OP_SOME:
    case FEEL_OP_EVERY:
        return feel_quantify(run, node, frame);
    case FEEL_OP_LIST:
        return evaluate_list(run, node, frame);
    case FEEL_OP_CONTEXT:
        return evaluate_context(run, node, frame);
    case FEEL_OP_RANGE:
        return evaluate_range(run, node, frame);
    case FEEL_OP_INSTANCE_OF:
        return evaluate_instance(run, node, frame);
    case FEEL_OP_FUNCTION:
        return evaluate_function(run, node, frame);
    case FEEL_OP_EXTERNAL:
        return feel_note(run, node, "external functions (Java, PMML) are refused");
    case FEEL_OP_TABLE:
        return run->table(run, node->table, frame);
    }
    return feel_null();
}

struct feel_value feel_evaluate(struct feel_run *run, const struct feel_node *node,
                                const struct feel_frame *frame)
{
    if (node->op == FEEL_OP_LITERAL)
        return node->literal;
    if (!feel_charge(run, 1))
        return feel_null();
    if (run->depth >= FEEL_CALL_DEPTH_MAX) {
        run->stop = "the evaluation goes deeper than it is allowed";
        return feel_null();
    }
    struct feel_value value;
    if (node->op == FEEL_OP_NAME) {
        value = evaluate_name(run, node, frame);
    } else {
        run->depth++;
        value = dispatch(run, node, frame);
        run->depth--;
    }
    if (run->stop != NULL)
        return feel_null();
    if (value.depth > FEEL_VALUE_DEPTH_MAX || value.weight > FEEL_VALUE_WEIGHT_MAX)
        return feel_note(run, node, "a value that is too large");
    return value;
}
