/* Random decision tables (tests/unit/random_table.h): the bytes choose inputs, rules and cells. The
 * rules that hit, found by table and index, must be those that hold as expressions, and analysis
 * and trace must get through. */

#include <stdlib.h>

#include "common/dmn/dmn.h"
#include "common/dmn/dmn_analysis.h"
#include "common/dmn/dmn_trace.h"
#include "fuzz.h"
#include "tests/unit/random_table.h"

enum { EVALUATION_BYTES = 32 * 1024 * 1024, EXPLAINED_OF = 8 /* the slow part: one in so many */ };

static struct feel_value evaluate(const struct dmn_models *models, const char *node,
                                  struct arena *arena)
{
    struct dmn_query query = {.node = node, .input = feel_context(NULL, 0)};
    struct dmn_result result;
    if (dmn_evaluate(models, &query, arena, &result, NULL) != STATUS_OK)
        abort();
    return result.value;
}

/* COLLECT gives the outputs of the rules that hit, in their order, or null for none. */
static void compare(const struct dmn_models *models, struct arena *arena)
{
    struct feel_value table = evaluate(models, "C", arena);
    struct feel_value naive = evaluate(models, "naive", arena);
    struct feel_value outputs = evaluate(models, "outputs", arena);
    size_t at = 0, count = table.kind == FEEL_LIST ? table.list.count : 0;
    for (size_t i = 0; i < naive.list.count; i++) {
        const struct feel_value *hit = &naive.list.items[i];
        if (hit->kind != FEEL_BOOLEAN || !hit->boolean)
            continue;
        if (at == count || !feel_same(&table.list.items[at], &outputs.list.items[i]))
            abort();
        at++;
    }
    if (at != count)
        abort();
}

static void explain(const struct dmn_models *models, struct arena *arena)
{
    struct dmn_query query = {.node = "F", .input = feel_context(NULL, 0)};
    struct dmn_trace trace;
    struct dmn_analysis analysis;
    if (dmn_trace(models, &query, arena, &trace, NULL) != STATUS_OK ||
        dmn_trace_text(&trace, arena) == NULL || dmn_trace_hits(&trace, arena) == NULL)
        abort();
    arena_reset(arena);
    if (dmn_analyse(models, arena, &analysis, NULL) != STATUS_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *xml = random_table(bytes, size);
    struct arena *arena = arena_create(EVALUATION_BYTES);
    struct dmn_models *models;
    if (xml == NULL || arena == NULL)
        abort();
    struct dmn_source source = {"fuzz.dmn", xml, __builtin_strlen(xml)};
    if (dmn_load(&source, 1, NULL, &models, NULL) != STATUS_OK)
        abort();
    compare(models, arena);
    if (size % EXPLAINED_OF == 0)
        explain(models, arena);
    dmn_free(models);
    arena_destroy(arena);
    free(xml);
    return 0;
}
