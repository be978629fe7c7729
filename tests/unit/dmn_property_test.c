/* Random tables: every hit policy, by table and index, against the rules as expressions; and a
 * trace that is expanded from what is kept of an evaluation against one recorded with it. */

#include "common/dmn/dmn_trace.h"
#include "dmn_support.h"
#include "random_table.h"

enum { TABLES = 400, BYTES = 512 };

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static char *make(uint64_t *state)
{
    uint8_t bytes[BYTES];
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)(next(state) >> 24);
    char *xml = random_table(bytes, BYTES);
    cr_assert_not_null(xml);
    return xml;
}

/* What the rules that hit give, in rule order. */
struct naive {
    int hits[RANDOM_TABLE_RULES_MAX];
    size_t count;
};

static struct naive look(const struct dmn_models *models, struct arena *arena)
{
    struct naive naive = {.count = 0};
    const char *hit = support_show(models, "naive", feel_context(NULL, 0), arena);
    const char *output = support_show(models, "outputs", feel_context(NULL, 0), arena);
    while (*hit != '\0' && *output != '\0') { /* "[true, false]" beside "[3, 0]" */
        hit += strspn(hit, "[, ");
        output += strspn(output, "[, ");
        if (*hit == ']')
            break;
        if (*hit == 't')
            naive.hits[naive.count++] = *output - '0';
        hit += strcspn(hit, ",]");
        output += strcspn(output, ",]");
    }
    return naive;
}

static int priority(int output)
{
    return (int)(strchr(RANDOM_TABLE_PRIORITIES, '0' + output) - RANDOM_TABLE_PRIORITIES);
}

/* Sorted by priority; equals stay in rule order. */
static struct naive by_priority(struct naive naive)
{
    for (size_t i = 1; i < naive.count; i++)
        for (size_t j = i; j > 0 && priority(naive.hits[j]) < priority(naive.hits[j - 1]); j--) {
            int swap = naive.hits[j];
            naive.hits[j] = naive.hits[j - 1];
            naive.hits[j - 1] = swap;
        }
    return naive;
}

static void put_all(FILE *out, const struct naive *naive)
{
    for (size_t i = 0; i < naive->count; i++)
        (void)fprintf(out, "%s%d", i == 0 ? "[" : ", ", naive->hits[i]);
    (void)fputs("]", out);
}

static bool all_same(const struct naive *naive)
{
    for (size_t i = 1; i < naive->count; i++)
        if (naive->hits[i] != naive->hits[0])
            return false;
    return true;
}

static int folded(const struct naive *naive, const char *aggregation)
{
    int result = naive->hits[0];
    for (size_t i = 1; i < naive->count; i++) {
        int next = naive->hits[i];
        bool takes = strcmp(aggregation, "min") == 0 ? next < result : next > result;
        result = strcmp(aggregation, "sum") == 0 ? result + next : takes ? next : result;
    }
    return strcmp(aggregation, "count") == 0 ? (int)naive->count : result;
}

/* What the standard makes of the hits under a policy (8.2.8), as it is shown. */
static void expect(const struct naive *naive, const char *policy, char out[128])
{
    FILE *file = fmemopen(out, 128, "w");
    struct naive ranked = by_priority(*naive);
    if (naive->count == 0 || (*policy == 'U' && naive->count > 1) ||
        (*policy == 'A' && !all_same(naive)))
        (void)fputs("null", file);
    else if (policy[1] != '\0')
        (void)fprintf(file, "%d", folded(naive, policy));
    else if (*policy == 'C' || *policy == 'R')
        put_all(file, naive);
    else if (*policy == 'O')
        put_all(file, &ranked);
    else
        (void)fprintf(file, "%d", *policy == 'P' ? ranked.hits[0] : naive->hits[0]);
    (void)fputc('\0', file);
    (void)fclose(file);
}

Test(dmn_property, hit_policies_are_those_of_a_naive_evaluator)
{
    static const char *const policies[] = {
#define X(policy, aggregation, name) name,
        RANDOM_TABLE_POLICIES(X)
#undef X
    };
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    uint64_t state = 20240229;
    size_t several = 0;
    for (size_t i = 0; i < TABLES; i++) {
        char *xml = make(&state), expected[128];
        struct dmn_models *models = support_load(xml);
        struct naive naive = look(models, arena);
        several += naive.count > 1;
        for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
            const char *got = support_show(models, policies[p], feel_context(NULL, 0), arena);
            expect(&naive, policies[p], expected);
            cr_assert_str_eq(got, expected, "table %zu, policy %s: %s, expected %s\n%s", i,
                             policies[p], got, expected, xml);
        }
        arena_reset(arena);
        dmn_free(models);
        free(xml);
    }
    cr_expect_gt(several, TABLES / 4, "only %zu tables with several hits", several);
    arena_destroy(arena);
}

static char *trace_of(const struct dmn_models *models, const char *node)
{
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct dmn_query query = {.node = node, .input = feel_context(NULL, 0)};
    struct dmn_trace trace;
    struct error error;
    cr_assert_eq(dmn_trace(models, &query, arena, &trace, &error), STATUS_OK);
    const char *text = dmn_trace_text(&trace, arena), *hits = dmn_trace_hits(&trace, arena);
    char *both = NULL;
    cr_assert(text != NULL && hits != NULL && asprintf(&both, "%s\n%s", text, hits) > 0);
    arena_destroy(arena);
    return both;
}

/* What is kept is the model's bytes and the inputs: another load and another evaluation, after the
 * first ones are gone, tell the same to the last byte. */
Test(dmn_property, a_trace_expanded_later_is_the_trace_recorded)
{
    uint64_t state = 7;
    for (size_t i = 0; i < TABLES / 4; i++) {
        char *xml = make(&state);
        struct dmn_models *models = support_load(xml);
        char *recorded = trace_of(models, i % 2 == 0 ? "C" : "F");
        dmn_free(models);
        models = support_load(xml);
        char *expanded = trace_of(models, i % 2 == 0 ? "C" : "F");
        cr_assert_str_eq(expanded, recorded);
        dmn_free(models);
        free(expanded);
        free(recorded);
        free(xml);
    }
}
