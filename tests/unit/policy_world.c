#include "policy_world.h"

#include "clock.h"
#include "message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORLD_BYTES = 64 * 1024 * 1024 };

static void open_world(struct policy_world *world, const char *name, const char *text, size_t size)
{
    const struct dmn_source source = {name, text, size};
    struct error error = {""};
    world->scratch = arena_create(ASSESSMENT_ARENA_MAX);
    cr_assert_eq(dmn_load(&source, 1, NULL, &world->models, &error), STATUS_OK, "%s: %s", name,
                 error.text);
    for (size_t i = 0; i < dmn_problem_count(world->models); i++)
        cr_assert_fail("%s: %s", name, dmn_problem(world->models, i)->text);
    cr_assert_eq(facts_expect(world->models), STATUS_OK);
}

void sample_open(struct policy_world *world, const char *path)
{
    size_t size = 0;
    world->arena = arena_create(WORLD_BYTES);
    const char *text = sample_file(world->arena, path, &size);
    open_world(world, path, text, size);
}

void sample_open_text(struct policy_world *world, const char *expression)
{
    static const char form[] =
        "<definitions xmlns='https://www.omg.org/spec/DMN/20191111/MODEL/' name='made' "
        "namespace='made'><inputData id='r' name='request'><variable name='request'/></inputData>"
        "<inputData id='l' name='line'><variable name='line'/></inputData><decision id='a' "
        "name='Assessment'><variable name='Assessment'/><informationRequirement><requiredInput "
        "href='#r'/></informationRequirement><informationRequirement><requiredInput href='#l'/>"
        "</informationRequirement><literalExpression><text><![CDATA[%s]]></text>"
        "</literalExpression></decision></definitions>";
    world->arena = arena_create(WORLD_BYTES);
    const char *text = arena_printf(world->arena, form, expression);
    open_world(world, "made.dmn", text, strlen(text));
}

void sample_close(struct policy_world *world)
{
    dmn_free(world->models);
    arena_destroy(world->scratch);
    arena_destroy(world->arena);
}

static void *make(struct policy_world *world, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(world->arena, descriptor->sizeof_message);
    descriptor->message_init(message);
    return message;
}

Redress__V1__RefundValidated *sample_request(struct policy_world *world,
                                             Redress__V1__ReasonCode reason, int64_t delivered_us)
{
    Redress__V1__RefundValidated *message = make(world, &redress__v1__refund_validated__descriptor);
    Redress__V1__Facts *facts = make(world, &redress__v1__facts__descriptor);
    message->facts = facts;
    message->request = make(world, &redress__v1__refund_request__descriptor);
    message->claim = make(world, &redress__v1__money__descriptor);
    message->claim->currency = facts->currency = arena_strdup(world->arena, "EUR");
    message->occurred_at = message->request->occurred_at =
        message_timestamp(world->arena, WORLD_ASKED_US);
    message->request->reason = reason;
    message->request->trigger = REDRESS__V1__TRIGGER__TRIGGER_CUSTOMER_REQUEST;
    facts->placed_at = message_timestamp(world->arena, WORLD_ASKED_US - 40 * CLOCK_DAY_US);
    if (delivered_us != WORLD_NEVER)
        facts->delivered_at = message_timestamp(world->arena, delivered_us);
    facts->market = arena_strdup(world->arena, "GB");
    facts->channel = REDRESS__V1__CHANNEL__CHANNEL_WEB;
    facts->lines = arena_array(world->arena, WORLD_LINES_MAX, sizeof *facts->lines);
    return message;
}

Redress__V1__LineFacts *sample_line(struct policy_world *world,
                                    Redress__V1__RefundValidated *request, const char *line_id,
                                    const char *category, int64_t minor, int64_t delivered_us)
{
    Redress__V1__LineFacts *line = make(world, &redress__v1__line_facts__descriptor);
    line->line_id = arena_strdup(world->arena, line_id);
    line->category = arena_strdup(world->arena, category);
    line->units = line->units_bought = 1;
    line->refundable_minor = line->paid_minor = minor;
    if (delivered_us != WORLD_NEVER)
        line->delivered_at = message_timestamp(world->arena, delivered_us);
    request->facts->lines[request->facts->n_lines++] = line;
    request->claim->minor += minor;
    return line;
}

void sample_tag(struct policy_world *world, Redress__V1__LineFacts *line, const char *tag)
{
    line->tags = arena_array(world->arena, 1, sizeof *line->tags);
    line->tags[0] = arena_strdup(world->arena, tag);
    line->n_tags = 1;
}

void sample_evidence(struct policy_world *world, Redress__V1__RefundValidated *request,
                     const char *media_type)
{
    Redress__V1__RefundRequest *asked = request->request;
    Redress__V1__Evidence *evidence = make(world, &redress__v1__evidence__descriptor);
    evidence->media_type = arena_strdup(world->arena, media_type);
    if (asked->evidence == NULL)
        asked->evidence = arena_array(world->arena, 20, sizeof *asked->evidence);
    asked->evidence[asked->n_evidence++] = evidence;
}

struct facts sample_facts(struct policy_world *world, const Redress__V1__RefundValidated *request)
{
    struct facts facts;
    struct fact_fault fault = {.field = ""};
    cr_assert_eq(facts_build(request, world->arena, &facts, &fault), STATUS_OK, "%s", fault.field);
    return facts;
}

struct assessment sample_judge(struct policy_world *world,
                               const Redress__V1__RefundValidated *request)
{
    struct facts facts = sample_facts(world, request);
    struct assessment assessment;
    struct error error = {""};
    cr_assert_eq(assess(world->models, &facts, world->scratch, world->arena, &assessment, &error),
                 STATUS_OK, "%s", error.text);
    return assessment;
}

const char *sample_words(struct policy_world *world, const Redress__V1__RefundValidated *request)
{
    struct facts facts = sample_facts(world, request);
    struct assessment assessment;
    struct error error = {""};
    enum status status =
        assess(world->models, &facts, world->scratch, world->arena, &assessment, &error);
    if (status != STATUS_OK)
        return arena_strdup(world->arena, error.text);
    const char *words = outcome_name(assessment.outcome);
    for (size_t i = 0; i < assessment.reason_count; i++)
        words = arena_printf(world->arena, "%s %s", words, assessment.reasons[i]);
    return arena_printf(world->arena, "%s [%s]", words,
                        assessment_hits_text(&assessment, world->arena));
}

const char *sample_file(struct arena *arena, const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s: run from the top of the tree", path);
    char *text = arena_alloc(arena, 1024 * 1024);
    *size = fread(text, 1, 1024 * 1024 - 1, file);
    text[*size] = '\0';
    (void)fclose(file);
    return text;
}

void sample_golden(struct arena *arena, const char *path, const char *text)
{
    const char *mode = getenv("REDRESS_GOLDENS");
    size_t size = 0;
    if (mode == NULL || strcmp(mode, "write") != 0) {
        cr_expect_str_eq(sample_file(arena, path, &size), text, "%s differs: see make goldens",
                         path);
        return;
    }
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    (void)fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}
