/* The XML loader and everything behind it: the bytes are a model, which is loaded, analysed, and
 * each of its decisions evaluated with a trace. */

#include <string.h>

#include "common/dmn/dmn.h"
#include "common/dmn/dmn_analysis.h"
#include "common/dmn/dmn_trace.h"
#include "fuzz.h"

enum {
    LOAD_BYTES = 64 * 1024 * 1024,
    EVALUATION_BYTES = 32 * 1024 * 1024,
    STEPS = 20000,
    NAME_MAX_BYTES = 128,
    DECISIONS_MAX = 32
};

static void trace(const struct dmn_models *models, const char *name, struct arena *arena)
{
    struct dmn_query query = {.node = name, .input = feel_context(NULL, 0), .steps = STEPS};
    struct dmn_trace trace;
    arena_reset(arena);
    if (dmn_trace(models, &query, arena, &trace, NULL) == STATUS_OK) {
        (void)dmn_trace_text(&trace, arena);
        (void)dmn_trace_hits(&trace, arena);
    }
}

/* Whatever stands behind `name="`: decisions, services and functions among it. */
static void exercise(const struct dmn_models *models, const char *bytes, size_t size)
{
    struct arena *arena = arena_create(EVALUATION_BYTES);
    struct dmn_analysis analysis;
    char name[NAME_MAX_BYTES];
    const char *end = bytes + size, *at = bytes;
    for (size_t i = 0; arena != NULL && i < DECISIONS_MAX &&
                       (at = memmem(at, (size_t)(end - at), "name=", 5)) != NULL;) {
        at += 5;
        const char *quote = at == end ? NULL : memchr(at + 1, *at, (size_t)(end - at) - 1);
        if (quote == NULL || (size_t)(quote - at) > sizeof name)
            continue;
        memcpy(name, at + 1, (size_t)(quote - at) - 1);
        name[quote - at - 1] = '\0';
        trace(models, name, arena);
        i++;
    }
    if (arena != NULL) {
        arena_reset(arena);
        if (dmn_analyse(models, arena, &analysis, NULL) != STATUS_OK)
            analysis.count = 0;
    }
    arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dmn_source source = {"fuzz.dmn", (const char *)bytes, size};
    struct dmn_limits limits = dmn_default_limits();
    struct dmn_models *models;
    limits.load_bytes = LOAD_BYTES;
    if (dmn_load(&source, 1, &limits, &models, NULL) != STATUS_OK)
        return 0;
    exercise(models, source.bytes, size);
    dmn_free(models);
    return 0;
}
