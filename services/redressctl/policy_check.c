/* redressctl policy check: errors of a model with line and cell, and what is doubtful about it. */

#include "assessment/facts.h"
#include "assessment/trial.h"
#include "authority/route_model.h"
#include "authority/trial.h"
#include "command.h"
#include "dmn/dmn_analysis.h"
#include "options.h"
#include "policy.h"

#include <jansson.h>
#include <stdio.h>

enum { ANALYSIS_BYTES = 64 * 1024 * 1024 };

/* What was found, as JSON objects. */
struct findings {
    json_t *list;
    size_t errors;
};

static void add(struct findings *findings, bool is_error, struct feel_text file, uint32_t line,
                struct feel_text element, const char *kind, const char *text)
{
    findings->errors += is_error;
    json_array_append_new(findings->list,
                          json_pack("{s:s, s:s%, s:i, s:s%, s:s, s:s}", "severity",
                                    is_error ? "error" : "warning", "file",
                                    file.size == 0 ? "" : file.bytes, file.size, "line", (int)line,
                                    "element", element.size == 0 ? "" : element.bytes, element.size,
                                    "kind", kind, "text", text));
}

static void add_problems(struct findings *findings, const struct dmn_models *models)
{
    for (size_t i = 0; i < dmn_problem_count(models); i++) {
        const struct dmn_problem *problem = dmn_problem(models, i);
        add(findings, true, problem->file, problem->line, problem->element, "MODEL", problem->text);
    }
}

static enum status add_analysis(struct findings *findings, const struct dmn_models *models,
                                struct error *error)
{
    struct dmn_analysis analysis = {0};
    struct arena *arena = arena_create(ANALYSIS_BYTES);
    if (arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = dmn_analyse(models, arena, &analysis, error);
    for (const struct dmn_finding *f = analysis.findings; status == STATUS_OK && f != NULL;
         f = f->next)
        add(findings, false, f->file, f->line, f->table, dmn_finding_name(f->kind), f->text);
    arena_destroy(arena);
    return status;
}

static bool is_authority(const struct dmn_models *models)
{
    return policy_has_decision(models, ROUTE_DECISION) &&
           !policy_has_decision(models, ASSESSMENT_DECISION);
}

static void add_unknown_facts(struct findings *findings, const struct dmn_models *models)
{
    bool authority = is_authority(models);
    struct dmn_input_data input;
    for (size_t i = 0; dmn_input_data(models, i, &input); i++)
        if (!(authority ? route_facts_include : facts_include)(input.name))
            add(findings, false, input.file, input.line, input.name, "FACT",
                authority ? "there is no such fact, so it is always null; see redressctl policy"
                            " facts --authority"
                          : "there is no such fact, so it is always null; see redressctl policy"
                            " facts");
}

/* What a trial came to, of either kind of model. */
struct tried {
    const char *decision, *what;
    enum status status;
    struct error why; /* unless STATUS_OK */
    size_t count, waiting;
    struct error first; /* that waits, and why */
};

static struct tried try_policy(const struct dmn_models *models)
{
    struct trial trial;
    struct tried tried = {.decision = ASSESSMENT_DECISION, .what = "requests"};
    tried.status = assessment_try(models, &trial, &tried.why);
    tried.count = trial.count;
    tried.waiting = trial.invalid;
    tried.first = trial.first;
    return tried;
}

static struct tried try_authority(const struct dmn_models *models)
{
    struct authority_trial trial;
    struct tried tried = {.decision = ROUTE_DECISION, .what = "refunds"};
    tried.status = authority_try(models, &trial, &tried.why);
    tried.count = trial.count;
    tried.waiting = trial.unanswered;
    tried.first = trial.first;
    return tried;
}

/* Requests that no shop may ever see: only what judges nothing, or never ends, is an error. */
static enum status add_trial(struct findings *findings, const struct dmn_models *models,
                             struct error *error)
{
    struct tried tried = is_authority(models) ? try_authority(models) : try_policy(models);
    const struct feel_text none = {"", 0}, decision = feel_text(tried.decision);
    if (tried.status == STATUS_EXHAUSTED)
        return error_set(error, tried.status, "%s", tried.why.text);
    if (tried.status != STATUS_OK) {
        add(findings, true, none, 0, decision, "TRIAL", tried.why.text);
    } else if (tried.waiting > 0) {
        (void)error_set(&tried.why, STATUS_OK, "%zu of %zu made %s would wait, the first: %.400s",
                        tried.waiting, tried.count, tried.what, tried.first.text);
        add(findings, false, none, 0, decision, "TRIAL", tried.why.text);
    }
    return STATUS_OK;
}

static void print(const struct findings *findings)
{
    size_t i;
    json_t *each;
    json_array_foreach(findings->list, i, each)
    {
        const char *file, *element, *text, *severity;
        int line;
        (void)json_unpack(each, "{s:s, s:s, s:i, s:s, s:s}", "severity", &severity, "file", &file,
                          "line", &line, "element", &element, "text", &text);
        if (line > 0)
            printf("%s:%d: ", file, line);
        printf("%s: %s: %s\n", severity, element, text);
    }
    size_t warnings = json_array_size(findings->list) - findings->errors;
    printf("%zu error%s, %zu warning%s\n", findings->errors, findings->errors == 1 ? "" : "s",
           warnings, warnings == 1 ? "" : "s");
}

static enum status check(char **files, int count, struct findings *findings, struct error *error)
{
    struct dmn_models *models = NULL;
    enum status status = policy_load(files, count, &models, error);
    if (status != STATUS_OK)
        return status;
    add_problems(findings, models);
    status = add_analysis(findings, models, error);
    if (status == STATUS_OK)
        add_unknown_facts(findings, models);
    if (status == STATUS_OK && findings->errors == 0)
        status = add_trial(findings, models, error);
    dmn_free(models);
    return status;
}

int policy_check(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "FILE...",
        .text =
            "Looks for errors in a model (of several files if they import each other), each with "
            "its\n"
            "line and cell, and for what is doubtful: rules that overlap, inputs that no rule\n"
            "covers, rules that can never hit, outputs that are not allowed, entries and facts of\n"
            "a name that there is not. Then tries a policy on made requests, and an authority\n"
            "model (a decision Route and no Assessment) on made refunds.\n"
            "Exit code 1 if there is an error.",
        .least = 1,
        .most = POLICY_FILES_MAX,
    };
    bool json = false;
    const struct option_row rows[] = {
        {"json", OPTION_FLAG, NULL, "print JSON", &json, 0, 0},
    };
    char **arguments;
    int count, code;
    struct error error = {0};
    if (!options_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &arguments, &count,
                      &code))
        return code;
    struct findings findings = {.list = json_array()};
    enum status status = check(arguments, count, &findings, &error);
    if (status == STATUS_OK && json) {
        json_dumpf(findings.list, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (status == STATUS_OK) {
        print(&findings);
    }
    json_decref(findings.list);
    code = command_end(argv[0], status, &error);
    return code == COMMAND_OK && findings.errors > 0 ? COMMAND_FAILED : code;
}
