#include "feel_constant.h"

#include "feel_builtin_rows.h"
#include "feel_run.h"

static bool converts(const struct feel_builtin *builtin)
{
    feel_builtin_call *call = builtin->call;
    return call == feel_bi_date || call == feel_bi_date_time || call == feel_bi_time ||
           call == feel_bi_duration;
}

bool feel_is_constant(const struct feel_node *node)
{
    if (node == NULL || node->op == FEEL_OP_LITERAL)
        return true;
    if (node->op == FEEL_OP_NEGATE)
        return feel_is_constant(node->a);
    if (node->op == FEEL_OP_RANGE)
        return feel_is_constant(node->a) && feel_is_constant(node->b);
    if (node->op != FEEL_OP_CALL || node->a->op != FEEL_OP_NAME || node->a->builtin == NULL ||
        !converts(node->a->builtin))
        return false;
    for (uint32_t i = 0; i < node->count; i++)
        if (!feel_is_constant(node->items[i]))
            return false;
    return true;
}

static struct feel_value evaluate(struct feel_run *run, const struct feel_node *node)
{
    enum { STEPS_MAX = 1000, STRING_MAX = FEEL_TEXT_MAX, LIST_MAX = 100 };
    run->steps_max = STEPS_MAX;
    run->string_max = STRING_MAX;
    run->list_max = LIST_MAX;
    return feel_evaluate(run, node, NULL);
}

struct feel_value feel_constant(struct arena *arena, const struct feel_zones *zones,
                                const struct feel_node *node)
{
    if (node->op == FEEL_OP_LITERAL)
        return node->literal;
    struct feel_run run = {.arena = arena, .zones = {.arena = arena, .parent = zones}};
    return evaluate(&run, node);
}

const struct feel_node *feel_constant_call(const struct feel_compiler *compiler,
                                           const struct feel_node *call)
{
    if (!feel_is_constant(call))
        return NULL;
    struct feel_run run = {.arena = compiler->arena, .zones = *compiler->zones};
    struct feel_value value = evaluate(&run, call);
    *compiler->zones = run.zones; /* what was read of them serves all */
    struct feel_node *node = value.kind == FEEL_NULL
                                 ? NULL
                                 : feel_node_new(compiler->arena, FEEL_OP_LITERAL, call->offset);
    if (node != NULL)
        node->literal = value;
    return node;
}
