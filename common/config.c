#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_VALUE_MAX = 64, /* bytes of a wrong value that a message repeats */
    RULE_TEXT_MAX = 128,
    DURATION_TEXT_MAX = 32
};

#define PREFIX "REDRESS_"
#define FILE_SUFFIX "_FILE"

const struct config_row config_worker_rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct config_worker, field, variable, type, min, max, fallback, help)
    CONFIG_WORKER_ROWS(X)
#undef X
};
const size_t config_worker_row_count = sizeof config_worker_rows / sizeof *config_worker_rows;

/* Largest first, for printing. */
static const struct unit_of_time {
    const char *name;
    int64_t milliseconds;
} units_of_time[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
enum { UNIT_COUNT = sizeof units_of_time / sizeof *units_of_time };

/* Texts that were handed out: they live until config_forget. */
static struct kept_text {
    struct kept_text *next;
    char text[];
} * kept_texts;

static char *keep(const char *text, size_t size)
{
    struct kept_text *kept = malloc(sizeof *kept + size + 1);
    if (kept == NULL)
        return NULL;
    memcpy(kept->text, text, size);
    kept->text[size] = '\0';
    kept->next = kept_texts;
    kept_texts = kept;
    return kept->text;
}

void config_forget(void)
{
    while (kept_texts != NULL) {
        struct kept_text *next = kept_texts->next;
        explicit_bzero(kept_texts->text, strlen(kept_texts->text));
        free(kept_texts);
        kept_texts = next;
    }
}

static char *duration_text(int64_t milliseconds, char *text)
{
    size_t i = 0;
    while (i < UNIT_COUNT - 1 &&
           (milliseconds == 0 || milliseconds % units_of_time[i].milliseconds != 0))
        i++;
    (void)snprintf(text, DURATION_TEXT_MAX, "%" PRId64 "%s",
                   milliseconds / units_of_time[i].milliseconds, units_of_time[i].name);
    return text;
}

/* What a value must be, in words. */
static char *rule_text(const struct config_row *row, char *rule)
{
    char min[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
    switch (row->type) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        (void)snprintf(rule, RULE_TEXT_MAX, "a text of %" PRId64 " to %" PRId64 " bytes", row->min,
                       row->max);
        break;
    case CONFIG_NUMBER:
        (void)snprintf(rule, RULE_TEXT_MAX, "a whole number from %" PRId64 " to %" PRId64, row->min,
                       row->max);
        break;
    case CONFIG_DURATION:
        (void)snprintf(rule, RULE_TEXT_MAX,
                       "a duration from %s to %s, as a whole number and ms, s, m, h or d",
                       duration_text(row->min, min), duration_text(row->max, max));
        break;
    case CONFIG_FLAG:
        (void)snprintf(rule, RULE_TEXT_MAX, "true or false");
        break;
    }
    return rule;
}

/* The value as one line may show it: cut, and free of control characters. */
static char *shown_value(const struct config_row *row, const char *value, char *shown)
{
    if (row->type == CONFIG_SECRET)
        value = "(secret)";
    (void)snprintf(shown, SHOWN_VALUE_MAX, "%s", value);
    for (char *at = shown; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?';
    return shown;
}

static enum status refuse(const struct config_row *row, const char *value, struct error *error)
{
    char shown[SHOWN_VALUE_MAX], rule[RULE_TEXT_MAX];
    return error_set(error, STATUS_INVALID, "%s=%s: must be %s (%s)", row->variable,
                     shown_value(row, value, shown), rule_text(row, rule), row->help);
}

/* Digits with an optional minus; what follows them into `rest`. */
static bool parse_number(const char *text, int64_t *number, const char **rest)
{
    const char *digits = text + (*text == '-');
    if (!isdigit((unsigned char)*digits))
        return false;
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    *rest = end;
    return errno == 0;
}

static bool parse_duration(const char *text, int64_t *milliseconds)
{
    const char *name;
    int64_t count;
    if (!parse_number(text, &count, &name))
        return false;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strcmp(name, units_of_time[i].name) == 0)
            return !__builtin_mul_overflow(count, units_of_time[i].milliseconds, milliseconds);
    return false;
}

static bool parse_whole(const char *text, int64_t *number)
{
    const char *rest;
    return parse_number(text, number, &rest) && *rest == '\0';
}

static bool parse_flag(const char *text, bool *flag)
{
    *flag = strcmp(text, "true") == 0;
    return *flag || strcmp(text, "false") == 0;
}

static bool in_bounds(const struct config_row *row, int64_t value)
{
    return value >= row->min && value <= row->max;
}

static enum status store_text(const struct config_row *row, const char *value, void *field,
                              struct error *error)
{
    size_t size = strnlen(value, CONFIG_TEXT_MAX + 1);
    if (size > CONFIG_TEXT_MAX || !in_bounds(row, (int64_t)size))
        return refuse(row, value, error);
    const char *text = keep(value, size);
    if (text == NULL)
        return error_set(error, STATUS_EXHAUSTED, "%s: no memory", row->variable);
    memcpy(field, &text, sizeof text);
    return STATUS_OK;
}

static enum status store(const struct config_row *row, const char *value, void *target,
                         struct error *error)
{
    void *field = (char *)target + row->offset;
    int64_t number = 0;
    bool flag = false;
    bool good = false;
    switch (row->type) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        return store_text(row, value, field, error);
    case CONFIG_NUMBER:
        good = parse_whole(value, &number) && in_bounds(row, number);
        break;
    case CONFIG_DURATION:
        good = parse_duration(value, &number) && in_bounds(row, number);
        break;
    case CONFIG_FLAG:
        good = parse_flag(value, &flag);
        break;
    }
    if (!good)
        return refuse(row, value, error);
    if (row->type == CONFIG_FLAG)
        memcpy(field, &flag, sizeof flag);
    else
        memcpy(field, &number, sizeof number);
    return STATUS_OK;
}

/* Whether NAME=value is the row's variable, or its _FILE variant. */
static bool names_row(const struct config_row *row, const char *entry, bool file)
{
    size_t size = strlen(row->variable);
    if (strncmp(entry, row->variable, size) != 0)
        return false;
    entry += size;
    if (!file)
        return *entry == '=';
    size = strlen(FILE_SUFFIX);
    return row->type == CONFIG_SECRET && strncmp(entry, FILE_SUFFIX, size) == 0 &&
           entry[size] == '=';
}

static const char *find_value(const struct config_row *row, char *const *environment, bool file)
{
    for (; *environment != NULL; environment++)
        if (names_row(row, *environment, file))
            return strchr(*environment, '=') + 1;
    return NULL;
}

/* Reads a secret file; at most CONFIG_TEXT_MAX bytes and one newline. */
static enum status read_secret(const struct config_row *row, const char *path, char *secret,
                               struct error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, "%s" FILE_SUFFIX "=%.200s: cannot be read: %s",
                         row->variable, path, strerror(errno));
    size_t size = fread(secret, 1, CONFIG_TEXT_MAX + 2, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (size > 0 && secret[size - 1] == '\n')
        size--;
    if (failed || size > CONFIG_TEXT_MAX || memchr(secret, '\0', size) != NULL)
        return error_set(error, STATUS_INVALID,
                         "%s" FILE_SUFFIX "=%.200s: must be a readable file with one text of at "
                         "most %d bytes",
                         row->variable, path, CONFIG_TEXT_MAX);
    if (size == 0)
        return error_set(error, STATUS_INVALID,
                         "%s" FILE_SUFFIX "=%.200s: is empty; put the secret there, or unset the "
                         "variable",
                         row->variable, path);
    secret[size] = '\0';
    return STATUS_OK;
}

static enum status read_row(const struct config_row *row, char *const *environment, void *target,
                            struct error *error)
{
    const char *value = find_value(row, environment, false);
    const char *path = find_value(row, environment, true);
    if (value != NULL && path != NULL)
        return error_set(error, STATUS_INVALID, "%s and %s" FILE_SUFFIX ": only one may be set",
                         row->variable, row->variable);
    if (path != NULL) {
        char secret[CONFIG_TEXT_MAX + 2];
        enum status status = read_secret(row, path, secret, error);
        status = status == STATUS_OK ? store(row, secret, target, error) : status;
        explicit_bzero(secret, sizeof secret);
        return status;
    }
    if (value == NULL)
        value = row->fallback;
    if (value == NULL)
        return error_set(error, STATUS_INVALID, "%s is not set: %s", row->variable, row->help);
    return store(row, value, target, error);
}

static bool is_known(const struct config_table *tables, size_t table_count, const char *entry)
{
    for (size_t i = 0; i < table_count; i++)
        for (size_t j = 0; j < tables[i].count; j++)
            if (names_row(&tables[i].rows[j], entry, false) ||
                names_row(&tables[i].rows[j], entry, true))
                return true;
    return false;
}

static enum status refuse_unknown(const struct config_table *tables, size_t table_count,
                                  char *const *environment, struct error *error)
{
    for (; *environment != NULL; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, PREFIX, strlen(PREFIX)) != 0 || is_known(tables, table_count, entry))
            continue;
        int name_size = (int)strcspn(entry, "=");
        return error_set(error, STATUS_INVALID,
                         "%.*s: no such setting; --help lists those that there are",
                         name_size > CONFIG_TEXT_MAX ? CONFIG_TEXT_MAX : name_size, entry);
    }
    return STATUS_OK;
}

enum status config_read(const struct config_table *tables, size_t table_count,
                        char *const *environment, struct error *error)
{
    enum status status = refuse_unknown(tables, table_count, environment, error);
    for (size_t i = 0; i < table_count; i++) {
        assert(tables[i].count <= CONFIG_ROWS_MAX);
        for (size_t j = 0; status == STATUS_OK && j < tables[i].count; j++)
            status = read_row(&tables[i].rows[j], environment, tables[i].target, error);
    }
    return status;
}

static void print_row(FILE *out, const struct config_row *row)
{
    char rule[RULE_TEXT_MAX];
    bool secret = row->type == CONFIG_SECRET;
    (void)fprintf(out, "  %s%s%s%s\n      %s\n      %s", row->variable, secret ? " or " : "",
                  secret ? row->variable : "", secret ? FILE_SUFFIX : "", row->help,
                  rule_text(row, rule));
    if (row->fallback == NULL)
        (void)fprintf(out, "; must be set\n");
    else if (row->fallback[0] == '\0')
        (void)fprintf(out, "; empty by default\n");
    else
        (void)fprintf(out, "; default %s\n", row->fallback);
}

void config_print(FILE *out, const struct config_table *tables, size_t table_count)
{
    for (size_t i = 0; i < table_count; i++)
        for (size_t j = 0; j < tables[i].count; j++)
            print_row(out, &tables[i].rows[j]);
}
