/* Traces of whole requests, and the description of the facts, as they were last looked at by
 * people: `make goldens` writes them. */

#include "message.h"
#include "policy_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "tests/golden/"

static const Redress__V1__RefundValidated *event(struct policy_world *world, const char *name)
{
    size_t size = 0;
    struct error error = {""};
    ProtobufCMessage *message = NULL;
    const char *json =
        sample_file(world->arena, arena_printf(world->arena, GOLDEN "%s.json", name), &size);
    cr_assert_eq(message_from_json_text(&redress__v1__refund_validated__descriptor, json, size,
                                        world->arena, &message, &error),
                 STATUS_OK, "%s: %s", name, error.text);
    return (const Redress__V1__RefundValidated *)message;
}

/* Every line explained; what the assessment recorded is in it. */
static const char *explained(struct policy_world *world, const char *name)
{
    const Redress__V1__RefundValidated *request = event(world, name);
    struct facts facts = sample_facts(world, request);
    const char *text = arena_printf(world->arena, "%s\n", sample_words(world, request));
    for (size_t i = 0; i < facts.line_count; i++) {
        const char *trace = NULL;
        struct error error = {""};
        cr_assert_eq(assessment_explain(world->models, &facts, i, world->arena, &trace, &error),
                     STATUS_OK, "%s", error.text);
        text = arena_printf(world->arena, "%s\nline %zu\n%s", text, i, trace);
    }
    return text;
}

static const char *const names[] = {"damaged-in-time", "changed-mind-late", "not-delivered",
                                    "shipping-only"};
enum { NAME_COUNT = sizeof names / sizeof *names };

static void compare(const char *model, const char *suffix)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        struct policy_world world;
        sample_open(&world, model);
        sample_golden(world.arena, arena_printf(world.arena, GOLDEN "%s.%s.txt", names[i], suffix),
                      explained(&world, names[i]));
        sample_close(&world);
    }
}

Test(policy_golden, first_rules)
{
    compare(WORLD_FIRST_RULES, "first-rules");
}

Test(policy_golden, shop)
{
    compare(WORLD_SHOP, "shop");
}

/* The full trace is not kept: model and event give it again, in another process too (that wrote the
 * file), and the hits that were recorded are those of the trace. */
Test(policy_golden, a_trace_is_expanded_again_identically)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        struct policy_world once, again;
        sample_open(&once, WORLD_SHOP);
        sample_open(&again, WORLD_SHOP);
        (void)explained(&again, names[(i + 1) % NAME_COUNT]);
        cr_expect_str_eq(explained(&once, names[i]), explained(&again, names[i]));
        sample_close(&once);
        sample_close(&again);
    }
}

static const char *printed(struct arena *arena, void (*print)(FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    print(out);
    cr_assert_eq(fclose(out), 0);
    const char *copy = arena_strndup(arena, text, size);
    free(text);
    return copy;
}

Test(policy_golden, the_description_of_the_facts_is_in_step)
{
    struct arena *arena = arena_create(4 * 1024 * 1024);
    sample_golden(arena, "deploy/policies/FACTS.md", printed(arena, facts_print));
    arena_destroy(arena);
}

Test(policy_golden, the_facts_are_known_by_their_names)
{
    struct policy_world world;
    struct dmn_input_data input;
    size_t count = 0;
    sample_open(&world, WORLD_SHOP);
    for (; dmn_input_data(world.models, count, &input); count++)
        cr_expect(facts_include(input.name), "%.*s", (int)input.name.size, input.name.bytes);
    cr_expect_eq(count, 3);
    cr_expect_not(facts_include(feel_text("lines")));
    sample_close(&world);
}

/* The shipped models know every fact, by its type. */
Test(policy_golden, the_models_have_the_types_of_the_facts)
{
    static const char *const models[] = {WORLD_FIRST_RULES, WORLD_SHOP};
    struct arena *arena = arena_create(4 * 1024 * 1024);
    const char *skeleton = printed(arena, facts_print_model);
    const char *from = strstr(skeleton, "  <itemDefinition"),
               *until = strstr(skeleton, "  <inputData");
    const char *types = arena_strndup(arena, from, (size_t)(until - from) - 1);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        size_t size = 0;
        cr_expect_not_null(strstr(sample_file(arena, models[i], &size), types), "%s", models[i]);
    }
    arena_destroy(arena);
}
