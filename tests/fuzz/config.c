/* A worker's environment, a NAME=value per line, against every table that there is, and the lists
 * of keys that stand in it. Secrets are not read from files here. */

#include "common/config.h"
#include "common/approval.h"
#include "common/signature.h"

#include "fuzz.h"
#include "services/settlement/settlement_config.h"

#include <criterion/criterion.h>

enum { ENTRIES_MAX = 64, TEXT_MAX = 8192 };

static void check_numbers(const struct config_worker *worker)
{
#define TEXT_IN(field, min, max) cr_assert(strlen(worker->field) <= (max))
#define SECRET_IN TEXT_IN
#define NUMBER_IN(field, min, max) cr_assert(worker->field >= (min) && worker->field <= (max))
#define DURATION_IN NUMBER_IN
#define X(field, variable, type, min, max, fallback, help) type##_IN(field, min, max);
    CONFIG_WORKER_ROWS(X)
#undef X
}

static void read_keys(const char *text)
{
    struct error error = {0};
    static struct signature_keys keys;
    struct approval_keys *approvals = NULL;
    struct signature_secret secret;
    if (approval_keys_read(text, &approvals, &error) == STATUS_OK)
        approval_keys_destroy(approvals);
    if (signature_keys_read(text, &keys, &error) == STATUS_OK)
        cr_assert(keys.count <= SIGNATURE_KEYS_MAX);
    (void)!(signature_secret_read(text, &secret, &error) == STATUS_OK);
    cr_assert_not_null(memchr(error.text, '\0', sizeof error.text));
}

/* Splits `text` in place; the values of some are lists of keys. */
static void split(char *text, char **environment)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < ENTRIES_MAX;
         line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        if (equals == NULL || memmem(line, (size_t)(equals - line), "_FILE", 5) != NULL)
            continue;
        if (memmem(line, (size_t)(equals - line), "_KEYS", 5) != NULL)
            read_keys(equals + 1);
        environment[count++] = line;
    }
    environment[count] = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct config_row rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct settlement_config, field, variable, type, min, max, fallback, help)
        SETTLEMENT_CONFIG_ROWS(X)
#undef X
    };
    static char text[TEXT_MAX];
    static char *environment[ENTRIES_MAX + 1];
    static struct config_worker worker;
    static struct settlement_config settlement;
    const struct config_table tables[] = {
        {config_worker_rows, config_worker_row_count, &worker},
        {rows, sizeof rows / sizeof *rows, &settlement},
    };
    struct error error = {0};
    if (size >= sizeof text)
        return 0;
    memcpy(text, bytes, size);
    text[size] = '\0';
    split(text, environment);
    if (config_read(tables, 2, environment, &error) == STATUS_OK)
        check_numbers(&worker);
    else
        cr_assert(error.text[0] != '\0' && strchr(error.text, '\n') == NULL);
    config_forget();
    return 0;
}
