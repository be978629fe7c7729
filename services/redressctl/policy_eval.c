/* redressctl policy eval: judges one request and says why. */

#include "assessment/facts.h"
#include "command.h"
#include "input_file.h"
#include "message.h"
#include "money.h"
#include "options.h"
#include "policy.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FACTS_BYTES_MAX = 1024 * 1024,
    EVAL_ARENA_MAX = 256 * 1024 * 1024 /* facts, assessment and the trace of every line */
};

struct evaluation {
    struct arena *arena, *scratch;
    struct dmn_models *models;
    struct facts facts;
    struct assessment assessment;
};

struct text {
    char *bytes;
    size_t size;
};

static enum status take_bytes(void *context, const void *bytes, size_t size, struct error *error)
{
    struct text *text = context;
    if (size > FACTS_BYTES_MAX - text->size)
        return error_set(error, STATUS_INVALID, "facts have at most %d bytes", FACTS_BYTES_MAX);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    return STATUS_OK;
}

static enum status read_facts(const char *path, struct evaluation *evaluation, struct error *error)
{
    struct text text = {.bytes = arena_alloc(evaluation->arena, FACTS_BYTES_MAX)};
    struct fact_fault fault;
    struct error why = {""};
    ProtobufCMessage *message = NULL;
    if (text.bytes == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = input_file_read(path, take_bytes, &text, &why);
    if (status == STATUS_OK)
        status = message_from_json_text(&redress__v1__refund_validated__descriptor, text.bytes,
                                        text.size, evaluation->arena, &message, &why);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: %s", path, why.text);
    status = facts_build((const Redress__V1__RefundValidated *)message, evaluation->arena,
                         &evaluation->facts, &fault);
    return status == STATUS_INVALID
               ? error_set(error, status, "%s: %s: %s", path, fault.field, fault.rule)
               : status;
}

static json_t *assessment_json(const struct facts *facts, const struct assessment *assessment)
{
    json_t *reasons = json_array(), *methods = json_array(), *needed = json_array();
    json_t *rules = json_array();
    for (size_t i = 0; i < assessment->reason_count; i++)
        json_array_append_new(reasons, json_string(assessment->reasons[i]));
    for (size_t i = 0; i < assessment->method_count; i++)
        json_array_append_new(methods, json_string(refund_method_name(assessment->methods[i])));
    for (size_t i = 0; i < assessment->needed_count; i++)
        json_array_append_new(needed, json_string(assessment->needed[i]));
    for (size_t i = 0; i < assessment->hit_count; i++) {
        const struct rule_hit *hit = &assessment->hits[i];
        json_t *lines = json_array();
        for (size_t j = 0; j < hit->line_count; j++)
            json_array_append_new(lines, json_string(facts->lines[hit->lines[j]].line_id));
        json_array_append_new(rules, json_pack("{s:s, s:s, s:o}", "decision", hit->decision, "rule",
                                               hit->rule, "lines", lines));
    }
    return json_pack("{s:s, s:o, s:s, s:I, s:I, s:I, s:o, s:b, s:s, s:o, s:s, s:o}", "outcome",
                     outcome_name(assessment->outcome), "reasons", reasons, "currency",
                     facts->currency, "claimMinor", (json_int_t)facts->claim_minor,
                     "restockingFeeMinor", (json_int_t)assessment->fee_minor, "refundableMinor",
                     (json_int_t)assessment->refundable_minor, "methods", methods, "goodsRequired",
                     assessment->goods_required, "goodsCondition", assessment->goods_condition,
                     "needed", needed, "notice", assessment->notice, "rules", rules);
}

static const char *money_text(int64_t minor, const char *currency, char text[MONEY_TEXT_MAX])
{
    struct money money = {.minor = minor};
    (void)snprintf(money.currency, sizeof money.currency, "%s", currency);
    return money_format(money, text);
}

static void print_list(const char *title, const json_t *list)
{
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each)
    {
        printf("%s%s", i == 0 ? title : ", ", json_string_value(each));
    }
    if (json_array_size(list) > 0)
        putchar('\n');
}

static void print_summary(const struct evaluation *evaluation, const json_t *json)
{
    const struct assessment *assessment = &evaluation->assessment;
    const char *currency = evaluation->facts.currency;
    char claim[MONEY_TEXT_MAX], fee[MONEY_TEXT_MAX], refundable[MONEY_TEXT_MAX];
    puts(outcome_name(assessment->outcome));
    print_list("reasons: ", json_object_get(json, "reasons"));
    printf("refundable: %s (claimed %s, restocking fee %s)\n",
           money_text(assessment->refundable_minor, currency, refundable),
           money_text(evaluation->facts.claim_minor, currency, claim),
           money_text(assessment->fee_minor, currency, fee));
    print_list("methods: ", json_object_get(json, "methods"));
    printf("goods: %s%s%s\n", assessment->goods_required ? "must come back" : "need not come back",
           assessment->goods_condition[0] == '\0' ? "" : ", ", assessment->goods_condition);
    print_list("needed: ", json_object_get(json, "needed"));
    if (assessment->notice[0] != '\0')
        printf("notice: %s\n", assessment->notice);
}

/* The whole of how each line came to what it is. */
static enum status explain(struct evaluation *evaluation, json_t *json, bool as_json,
                           struct error *error)
{
    json_t *traces = json_array();
    json_object_set_new(json, "trace", traces);
    for (size_t i = 0; i < evaluation->facts.line_count; i++) {
        const char *text = NULL;
        const char *line_id = evaluation->facts.lines[i].line_id;
        arena_reset(evaluation->scratch);
        enum status status = assessment_explain(evaluation->models, &evaluation->facts, i,
                                                evaluation->scratch, &text, error);
        if (status != STATUS_OK)
            return status;
        if (as_json)
            json_array_append_new(traces, json_pack("{s:s, s:s}", "line", line_id, "text", text));
        else
            printf("\n%s%s\n%s", line_id[0] == '\0' ? "the order" : "line ", line_id, text);
    }
    return STATUS_OK;
}

static enum status evaluate(char **files, int count, const char *facts, bool as_json,
                            struct evaluation *evaluation, struct error *error)
{
    enum status status = policy_load_valid(files, count, &evaluation->models, error);
    if (status == STATUS_OK)
        status = read_facts(facts, evaluation, error);
    if (status == STATUS_OK)
        status = assess(evaluation->models, &evaluation->facts, evaluation->scratch,
                        evaluation->arena, &evaluation->assessment, error);
    if (status != STATUS_OK)
        return status;
    json_t *json = assessment_json(&evaluation->facts, &evaluation->assessment);
    if (!as_json)
        print_summary(evaluation, json);
    status = explain(evaluation, json, as_json, error);
    if (status == STATUS_OK && as_json) {
        command_print(json);
    }
    json_decref(json);
    return status;
}

int policy_eval(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "FILE... --facts FACTS.json",
        .text =
            "Judges the request of FACTS.json, an event of refunds.validated.v1 as 'redressctl "
            "events'\n"
            "prints it, by a model, and says why: inputs, rules that hit or missed and the cell\n"
            "that failed, for each line.",
        .least = 1,
        .most = POLICY_FILES_MAX,
    };
    const char *facts = NULL;
    bool json = false;
    const struct option_row rows[] = {
        {"facts", OPTION_TEXT, "FACTS.json", "the request with what is known about it", &facts, 0,
         0},
        {"json", OPTION_FLAG, NULL, "print JSON", &json, 0, 0},
    };
    char **arguments;
    int count, code;
    struct error error = {0};
    if (!options_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &arguments, &count,
                      &code))
        return code;
    if (facts == NULL)
        return options_refuse(argv[0], "--facts FACTS.json is missing");
    struct evaluation evaluation = {.arena = arena_create(EVAL_ARENA_MAX),
                                    .scratch = arena_create(EVAL_ARENA_MAX)};
    enum status status = evaluation.arena == NULL || evaluation.scratch == NULL
                             ? error_set(&error, STATUS_EXHAUSTED, "no memory")
                             : evaluate(arguments, count, facts, json, &evaluation, &error);
    dmn_free(evaluation.models);
    arena_destroy(evaluation.scratch);
    arena_destroy(evaluation.arena);
    return command_end(argv[0], status, &error);
}
