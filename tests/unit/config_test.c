#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sample {
    const char *name;
    const char *secret;
    int64_t count;
    int64_t wait_ms;
    bool loud;
    const char *needed;
};

#define SAMPLE_ROWS(X)                                                                  \
    X(struct sample, name, "REDRESS_NAME", TEXT, 1, 8, "redress", "what it is called")  \
    X(struct sample, secret, "REDRESS_KEY", SECRET, 0, 16, "", "what nobody may see")   \
    X(struct sample, count, "REDRESS_COUNT", NUMBER, -5, 10000, "7", "how many")        \
    X(struct sample, wait_ms, "REDRESS_WAIT", DURATION, 10, 86400000, "1m", "how long") \
    X(struct sample, loud, "REDRESS_LOUD", FLAG, 0, 0, "false", "whether it shouts")    \
    X(struct sample, needed, "REDRESS_NEEDED", TEXT, 0, 4096, NULL, "what has no default")

static const struct config_row rows[] = {SAMPLE_ROWS(CONFIG_ROW)};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

#define ENVIRONMENT(...) ((char *[]){(char[]){"REDRESS_NEEDED=x"}, __VA_ARGS__, NULL})

static enum status read_sample(char *const *environment, struct sample *sample, struct error *error)
{
    struct config_table table = {.rows = rows, .count = ROW_COUNT, .target = sample};
    *error = (struct error){""};
    return config_read(&table, 1, environment, error);
}

Test(config, defaults_fill_what_is_not_given)
{
    struct sample sample = {0};
    struct error error;
    cr_assert_eq(read_sample(ENVIRONMENT("PATH=/bin", "REDRES=1"), &sample, &error), STATUS_OK,
                 "%s", error.text);
    cr_expect_str_eq(sample.name, "redress");
    cr_expect_str_eq(sample.secret, "");
    cr_expect_eq(sample.count, 7);
    cr_expect_eq(sample.wait_ms, 60000);
    cr_expect_eq(sample.loud, false);
    cr_expect_str_eq(sample.needed, "x");
}

Test(config, values_are_taken_from_the_environment)
{
    struct sample sample = {0};
    struct error error;
    cr_assert_eq(read_sample(ENVIRONMENT("REDRESS_NAME=a=b", "REDRESS_KEY=k", "REDRESS_COUNT=-5",
                                         "REDRESS_WAIT=250ms", "REDRESS_LOUD=true"),
                             &sample, &error),
                 STATUS_OK, "%s", error.text);
    cr_expect_str_eq(sample.name, "a=b");
    cr_expect_str_eq(sample.secret, "k");
    cr_expect_eq(sample.count, -5);
    cr_expect_eq(sample.wait_ms, 250);
    cr_expect_eq(sample.loud, true);
}

Test(config, durations_have_units)
{
    static const struct row {
        char entry[32];
        int64_t wait_ms;
    } durations[] = {
        {"REDRESS_WAIT=10ms", 10},    {"REDRESS_WAIT=10s", 10000},   {"REDRESS_WAIT=15m", 900000},
        {"REDRESS_WAIT=2h", 7200000}, {"REDRESS_WAIT=1d", 86400000},
    };
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        struct sample sample = {0};
        struct error error;
        char entry[32];
        memcpy(entry, durations[i].entry, sizeof entry);
        cr_assert_eq(read_sample(ENVIRONMENT(entry), &sample, &error), STATUS_OK, "%s", error.text);
        cr_expect_eq(sample.wait_ms, durations[i].wait_ms);
    }
}

Test(config, what_breaks_a_rule_stops_the_start_with_one_line)
{
    static const struct row {
        char entry[64];
        const char *error;
    } refused[] = {
        {"REDRESS_COUNT=10001",
         "REDRESS_COUNT=10001: must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_COUNT=-6",
         "REDRESS_COUNT=-6: must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_COUNT=", "REDRESS_COUNT=: must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_COUNT=7 ",
         "REDRESS_COUNT=7 : must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_COUNT=+7",
         "REDRESS_COUNT=+7: must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_COUNT=0x7",
         "REDRESS_COUNT=0x7: must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_COUNT=99999999999999999999",
         "REDRESS_COUNT=99999999999999999999: must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_COUNT=1\n2",
         "REDRESS_COUNT=1?2: must be a whole number from -5 to 10000 (how many)"},
        {"REDRESS_WAIT=10",
         "REDRESS_WAIT=10: must be a duration from 10ms to 1d, as a whole number "
         "and ms, s, m, h or d (how long)"},
        {"REDRESS_WAIT=9ms", "REDRESS_WAIT=9ms: must be a duration from 10ms to 1d, as a whole "
                             "number and ms, s, m, h or d (how long)"},
        {"REDRESS_WAIT=106751991168d", "REDRESS_WAIT=106751991168d: must be a duration from 10ms "
                                       "to 1d, as a whole number and ms, s, m, h or d (how long)"},
        {"REDRESS_LOUD=yes", "REDRESS_LOUD=yes: must be true or false (whether it shouts)"},
        {"REDRESS_NAME=", "REDRESS_NAME=: must be a text of 1 to 8 bytes (what it is called)"},
        {"REDRESS_NAME=nine_long",
         "REDRESS_NAME=nine_long: must be a text of 1 to 8 bytes (what it is called)"},
        {"REDRESS_KEY=12345678901234567",
         "REDRESS_KEY=(secret): must be a text of 0 to 16 bytes (what nobody may see)"},
        {"REDRESS_COUNTS=7", "REDRESS_COUNTS: no such setting; --help lists those that there are"},
        {"REDRESS_COUNT_FILE=/x",
         "REDRESS_COUNT_FILE: no such setting; --help lists those that there are"},
        {"REDRESS_=", "REDRESS_: no such setting; --help lists those that there are"},
        {"REDRESS_KEY_FILE=/nowhere/at/all",
         "REDRESS_KEY_FILE=/nowhere/at/all: cannot be read: No such file or directory"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct sample sample = {0};
        struct error error;
        char entry[64];
        memcpy(entry, refused[i].entry, sizeof entry);
        cr_expect_eq(read_sample(ENVIRONMENT(entry), &sample, &error), STATUS_INVALID, "%s", entry);
        cr_expect_str_eq(error.text, refused[i].error);
    }
}

Test(config, a_setting_without_default_must_be_given)
{
    struct sample sample = {0};
    struct error error;
    cr_expect_eq(read_sample((char *[]){NULL}, &sample, &error), STATUS_INVALID);
    cr_expect_str_eq(error.text, "REDRESS_NEEDED is not set: what has no default");
}

static void write_file(char *path, const void *bytes, size_t size)
{
    int file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, bytes, size), (ssize_t)size);
    cr_assert_eq(close(file), 0);
}

static enum status read_secret_file(const void *bytes, size_t size, struct sample *sample,
                                    struct error *error)
{
    char path[] = "/tmp/config_test_XXXXXX";
    char entry[64];
    write_file(path, bytes, size);
    (void)snprintf(entry, sizeof entry, "REDRESS_KEY_FILE=%s", path);
    enum status status = read_sample(ENVIRONMENT(entry), sample, error);
    cr_assert_eq(unlink(path), 0);
    return status;
}

Test(config, a_secret_may_come_from_a_file)
{
    struct sample sample = {0};
    struct error error;
    cr_assert_eq(read_secret_file("s3cret\n", 7, &sample, &error), STATUS_OK, "%s", error.text);
    cr_expect_str_eq(sample.secret, "s3cret");
    cr_assert_eq(read_secret_file("s3cret\n\n", 8, &sample, &error), STATUS_OK, "%s", error.text);
    cr_expect_str_eq(sample.secret, "s3cret\n", "only one newline is dropped");
}

Test(config, a_secret_file_must_hold_one_text)
{
    static char large[CONFIG_TEXT_MAX + 2];
    struct sample sample = {0};
    struct error error;
    memset(large, 'x', sizeof large);
    cr_expect_eq(read_secret_file("a\0b", 3, &sample, &error), STATUS_INVALID);
    cr_expect_eq(read_secret_file("", 0, &sample, &error), STATUS_INVALID);
    cr_expect_eq(read_secret_file("\n", 1, &sample, &error), STATUS_INVALID);
    cr_expect_not_null(strstr(error.text, "is empty"), "%s", error.text);
    cr_expect_eq(read_secret_file(large, sizeof large, &sample, &error), STATUS_INVALID);
    cr_expect_eq(read_secret_file(large, 17, &sample, &error), STATUS_INVALID);
    cr_expect_null(strstr(error.text, "xxx"), "a secret is never shown: %s", error.text);
    cr_expect_eq(read_sample(ENVIRONMENT("REDRESS_KEY=a", "REDRESS_KEY_FILE=/b"), &sample, &error),
                 STATUS_INVALID);
    cr_expect_str_eq(error.text, "REDRESS_KEY and REDRESS_KEY_FILE: only one may be set");
}

Test(config, texts_outlive_the_environment)
{
    struct sample sample = {0};
    struct error error;
    char entry[] = "REDRESS_NAME=mine";
    cr_assert_eq(read_sample(ENVIRONMENT(entry), &sample, &error), STATUS_OK);
    memset(entry, '?', sizeof entry - 1);
    cr_expect_str_eq(sample.name, "mine");
}

Test(config, defaults_of_the_worker_table_are_within_its_bounds)
{
    struct config_worker worker;
    struct error error = {""};
    struct config_table table = {config_worker_rows, config_worker_row_count, &worker};
    char *environment[] = {NULL};
    cr_assert_eq(config_read(&table, 1, environment, &error), STATUS_OK, "%s", error.text);
    cr_expect_str_eq(worker.kafka_brokers, "localhost:9092");
    cr_expect_eq(worker.batch_max, 1000);
    cr_expect_eq(worker.session_timeout_ms, 6000);
}

Test(config, several_tables_are_read_and_printed_as_one)
{
    struct config_worker worker;
    struct sample sample;
    struct error error = {""};
    struct config_table tables[] = {{config_worker_rows, config_worker_row_count, &worker},
                                    {rows, ROW_COUNT, &sample}};
    cr_assert_eq(
        config_read(tables, 2, ENVIRONMENT("REDRESS_BATCH_MAX=5", "REDRESS_COUNT=6"), &error),
        STATUS_OK, "%s", error.text);
    cr_expect_eq(worker.batch_max, 5);
    cr_expect_eq(sample.count, 6);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    config_print(out, tables, 2);
    cr_assert_eq(fclose(out), 0);
    cr_expect_not_null(strstr(text,
                              "  REDRESS_WAIT\n      how long\n      a duration from 10ms to 1d, "
                              "as a whole number and ms, s, m, h or d; default 1m\n"));
    cr_expect_not_null(strstr(text, "  REDRESS_KEY or REDRESS_KEY_FILE\n"));
    cr_expect_not_null(strstr(text, "a text of 0 to 4096 bytes; must be set\n"));
    cr_expect_not_null(strstr(text, "REDRESS_KAFKA_BROKERS"));
    free(text);
}
