#include "kit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dmn_session.h"
#include "feel_format.h"
#include "kit_value.h"

/* A file of a folder, read whole. */
struct file {
    const char *name;
    char *bytes;
    size_t size;
};

/* A folder under test. */
struct folder_run {
    struct dmn_kit_report *report;
    struct dmn_kit_folder *folder;
    struct arena *files;      /* memory of this folder's files and cases */
    struct arena *evaluation; /* of one evaluation */
    struct dmn_models *models;
    const char *load_error;
};

static char *read_file(struct arena *arena, const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = arena_alloc(arena, DMN_KIT_FILE_MAX + 1);
    size_t got = file == NULL || bytes == NULL ? 0 : fread(bytes, 1, DMN_KIT_FILE_MAX + 1, file);
    bool read = file != NULL && bytes != NULL && got <= DMN_KIT_FILE_MAX && ferror(file) == 0;
    if (file != NULL)
        (void)fclose(file);
    *size = got;
    return read ? bytes : NULL;
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), length = strlen(end);
    return size > length && strcmp(name + size - length, end) == 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct file *)left)->name, ((const struct file *)right)->name);
}

/* The files of a folder with that ending, sorted, read. */
static size_t list_files(struct arena *arena, const char *path, const char *end,
                         struct file files[DMN_KIT_FILES_MAX])
{
    size_t count = 0;
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
        if (ends_with(entry->d_name, end) && count < DMN_KIT_FILES_MAX)
            files[count++].name = arena_strdup(arena, entry->d_name);
    if (directory != NULL)
        (void)closedir(directory);
    qsort(files, count, sizeof *files, by_name);
    return count;
}

static size_t read_files(struct arena *arena, const char *path, struct file *files, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *full = arena_printf(arena, "%s/%s", path, files[i].name);
        struct file file = files[i];
        file.bytes = full == NULL ? NULL : read_file(arena, full, &file.size);
        if (file.bytes != NULL)
            files[kept++] = file;
    }
    return kept;
}

static const char *keep(struct folder_run *run, struct feel_text text)
{
    const char *copy =
        arena_strndup(run->report->arena, text.bytes == NULL ? "" : text.bytes, text.size);
    return copy == NULL ? "" : copy;
}

static void add_failure(struct folder_run *run, struct feel_text test, struct feel_text node,
                        struct feel_text expected, struct feel_text actual)
{
    struct dmn_kit_failure *failure = arena_zalloc(run->report->arena, sizeof *failure);
    if (failure == NULL)
        return;
    *failure = (struct dmn_kit_failure){.test = keep(run, test),
                                        .node = keep(run, node),
                                        .expected = keep(run, expected),
                                        .actual = keep(run, actual)};
    *run->folder->failures_end = failure;
    run->folder->failures_end = &failure->next;
}

static struct feel_text written(struct arena *arena, const struct feel_value *value)
{
    struct feel_text text = {"", 0};
    (void)feel_format(arena, value, 4096, &text);
    return text;
}

/* `name`, or `namespace#name` where the case says whose input it is. */
static struct feel_text input_name(struct folder_run *run, const struct dmn_element *input)
{
    struct feel_text space = dmn_trim(dmn_attribute(input, "namespace"));
    struct feel_text name = dmn_trim(dmn_attribute(input, "name"));
    if (space.size == 0)
        return name;
    const char *qualified = arena_printf(run->files, "%.*s#%.*s", (int)space.size, space.bytes,
                                         (int)name.size, name.size == 0 ? "" : name.bytes);
    return qualified == NULL ? name : feel_text(qualified);
}

static struct feel_value case_input(struct folder_run *run, const struct dmn_element *test)
{
    size_t count = 0;
    for (const struct dmn_element *e = dmn_child(test, "inputNode"); e != NULL; e = dmn_again(e))
        count++;
    struct feel_entry *entries = arena_array(run->files, count + 1, sizeof *entries);
    count = 0;
    for (const struct dmn_element *e = dmn_child(test, "inputNode"); e != NULL && entries != NULL;
         e = dmn_again(e))
        entries[count++] =
            (struct feel_entry){input_name(run, e), kit_value(run->files, &run->models->zones, e)};
    return feel_context(entries, entries == NULL ? 0 : count);
}

/* The value of one output of a service with several, when the case names that. */
static struct feel_value pick_output(const struct dmn_models *models, const char *model,
                                     const char *invocable, struct feel_text name,
                                     struct feel_value value)
{
    const struct dmn_model *found = dmn_find_model(models, model);
    const struct dmn_node *node = found == NULL ? NULL : dmn_find_node(found, invocable);
    if (node == NULL || node->output_count < 2 || value.kind != FEEL_CONTEXT)
        return value;
    const struct feel_value *entry = feel_entry(&value, name);
    return entry == NULL ? value : *entry;
}

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The model that an element names by its namespace, or else the given one. */
static const char *model_of(struct folder_run *run, const char *model,
                            const struct dmn_element *element)
{
    struct feel_text name_space = dmn_trim(dmn_attribute(element, "namespace"));
    for (size_t i = 0; name_space.size > 0 && i < run->models->model_count; i++)
        if (feel_text_is(run->models->models[i].name_space, name_space))
            return keep(run, run->models->models[i].file);
    return model;
}

/* Evaluates what a result node asks for. */
static struct feel_value evaluate(struct folder_run *run, const char *model,
                                  const struct dmn_element *test,
                                  const struct dmn_element *result_node, struct feel_value input,
                                  bool *evaluated, struct error *error)
{
    struct feel_text name = dmn_trim(dmn_attribute(result_node, "name"));
    struct feel_text type = dmn_attribute(test, "type");
    struct feel_text invocable = dmn_trim(dmn_attribute(test, "invocableName"));
    bool called = invocable.size > 0 && !feel_text_is(type, feel_text("decision"));
    const char *node = keep(run, called ? invocable : name);
    struct dmn_query query = {.model = model_of(run, model, result_node),
                              .node = node,
                              .input = input,
                              .now_us = now_us()};
    struct dmn_result result;
    arena_reset(run->evaluation);
    error->text[0] = '\0';
    *evaluated = dmn_evaluate(run->models, &query, run->evaluation, &result, error) == STATUS_OK;
    if (!*evaluated)
        return feel_null();
    if (result.value.kind == FEEL_NULL && result.reason_count > 0)
        (void)error_set(error, STATUS_OK, "null: %s", result.reasons[0].text);
    return called ? pick_output(run->models, model, node, name, result.value) : result.value;
}

static bool run_node(struct folder_run *run, const char *model, const struct dmn_element *test,
                     const struct dmn_element *result_node, struct feel_value input)
{
    struct error error = {.text = ""};
    const struct dmn_element *expected_element = dmn_child(result_node, "expected");
    struct feel_value expected = expected_element == NULL
                                     ? feel_null()
                                     : kit_value(run->files, &run->models->zones, expected_element);
    bool evaluated;
    struct feel_value actual = evaluate(run, model, test, result_node, input, &evaluated, &error);
    if (evaluated && kit_agrees(&expected, &actual))
        return true;
    struct feel_text shown = written(run->evaluation, &actual);
    if (actual.kind == FEEL_NULL && error.text[0] != '\0')
        shown = feel_text(error.text);
    add_failure(run, dmn_attribute(test, "id"), dmn_attribute(result_node, "name"),
                written(run->files, &expected), shown);
    return false;
}

static void run_case(struct folder_run *run, const char *model, const struct dmn_element *test)
{
    bool passed = true;
    struct feel_value input = case_input(run, test);
    model = model_of(run, model, test);
    for (const struct dmn_element *e = dmn_child(test, "resultNode"); e != NULL; e = dmn_again(e))
        passed = run_node(run, model, test, e, input) && passed;
    if (passed)
        run->folder->passed++;
    else
        run->folder->failed++;
}

static void fail_cases(struct folder_run *run, const struct dmn_element *first)
{
    for (const struct dmn_element *e = first; e != NULL; e = dmn_again(e)) {
        add_failure(run, dmn_attribute(e, "id"), (struct feel_text){"", 0},
                    (struct feel_text){"", 0}, feel_text(run->load_error));
        run->folder->failed++;
    }
}

static void run_case_file(struct folder_run *run, const struct file *file)
{
    struct dmn_document document;
    struct error error;
    if (dmn_xml_parse(run->files, file->name, file->bytes, file->size, &document, &error) !=
            STATUS_OK ||
        !dmn_is(document.root, "testCases"))
        return;
    const struct dmn_element *first = dmn_child(document.root, "testCase");
    struct feel_text model_name = dmn_child_text(document.root, "modelName");
    const char *model = model_name.size == 0 ? NULL : keep(run, model_name);
    if (run->models == NULL) {
        fail_cases(run, first);
        return;
    }
    if (model == NULL)
        model = model_of(run, model, document.root);
    for (const struct dmn_element *e = first; e != NULL; e = dmn_again(e))
        run_case(run, model, e);
}

static void load_models(struct folder_run *run, const struct file *files, size_t count)
{
    struct dmn_source sources[DMN_KIT_FILES_MAX];
    struct error error = {.text = "there is no model beside the cases"};
    struct dmn_limits limits = dmn_default_limits();
    limits.model_bytes = DMN_KIT_FILE_MAX;
    limits.steps = DMN_KIT_STEPS_MAX;
    for (size_t i = 0; i < count; i++)
        sources[i] = (struct dmn_source){files[i].name, files[i].bytes, files[i].size};
    if (count == 0 || dmn_load(sources, count, &limits, &run->models, &error) != STATUS_OK) {
        run->models = NULL;
        run->load_error = arena_strdup(run->report->arena, error.text);
    }
}

static struct dmn_kit_folder *new_folder(struct dmn_kit_report *report, const char *path)
{
    struct dmn_kit_folder *folder = arena_zalloc(report->arena, sizeof *folder);
    const char *slash = strrchr(path, '/');
    if (folder == NULL)
        return NULL;
    folder->name = arena_strdup(report->arena, slash == NULL ? path : slash + 1);
    folder->failures_end = &folder->failures;
    struct dmn_kit_folder **at = &report->folders;
    while (*at != NULL)
        at = &(*at)->next;
    *at = folder;
    return folder;
}

static void run_folder(struct dmn_kit_report *report, const char *path)
{
    enum { FILES_BYTES = 1024 * 1024 * 1024, EVALUATION_BYTES = 64 * 1024 * 1024 };
    struct file models[DMN_KIT_FILES_MAX] = {{0}}, cases[DMN_KIT_FILES_MAX] = {{0}};
    struct folder_run run = {.report = report,
                             .files = arena_create(FILES_BYTES),
                             .evaluation = arena_create(EVALUATION_BYTES)};
    size_t case_count = run.files == NULL ? 0 : list_files(run.files, path, ".xml", cases);
    if (case_count > 0 && run.evaluation != NULL)
        run.folder = new_folder(report, path);
    if (run.folder != NULL) {
        size_t model_count = list_files(run.files, path, ".dmn", models);
        case_count = read_files(run.files, path, cases, case_count);
        model_count = read_files(run.files, path, models, model_count);
        load_models(&run, models, model_count);
        for (size_t i = 0; i < case_count; i++)
            run_case_file(&run, &cases[i]);
        report->passed += run.folder->passed;
        report->failed += run.folder->failed;
    }
    dmn_free(run.models);
    arena_destroy(run.evaluation);
    arena_destroy(run.files);
}

static int by_path(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Subdirectories in order of their names, after the folder itself. */
static void walk(struct dmn_kit_report *report, const char *path, int depth)
{
    enum { SUBFOLDERS_MAX = 4096 };
    const char **names = arena_array(report->arena, SUBFOLDERS_MAX, sizeof *names);
    DIR *directory = opendir(path);
    size_t count = 0;
    run_folder(report, path);
    for (struct dirent *entry; directory != NULL && names != NULL && depth < DMN_KIT_DEPTH_MAX &&
                               (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.' && count < SUBFOLDERS_MAX &&
            (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK))
            names[count++] = arena_printf(report->arena, "%s/%s", path, entry->d_name);
    if (directory != NULL)
        (void)closedir(directory);
    if (names != NULL)
        qsort(names, count, sizeof *names, by_path);
    for (size_t i = 0; i < count; i++)
        if (names[i] != NULL)
            walk(report, names[i], depth + 1);
}

enum status dmn_kit_run(const char *directory, struct arena *arena, struct dmn_kit_report *report,
                        struct error *error)
{
    *report = (struct dmn_kit_report){.arena = arena};
    DIR *there = opendir(directory);
    if (there == NULL)
        return error_set(error, STATUS_NOT_FOUND, "%s: no such directory", directory);
    (void)closedir(there);
    walk(report, directory, 0);
    if (arena_exhausted(arena))
        return error_set(error, STATUS_EXHAUSTED, "%s: the report needs more memory", directory);
    if (report->passed + report->failed == 0)
        return error_set(error, STATUS_NOT_FOUND, "%s: no test cases below it", directory);
    return STATUS_OK;
}
