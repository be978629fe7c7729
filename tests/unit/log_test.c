#include "log.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* stderr goes into a file between log_capture and captured_line. */
static FILE *captured;
static int real_stderr;

static void capture(void)
{
    captured = tmpfile();
    cr_assert_not_null(captured);
    real_stderr = dup(STDERR_FILENO);
    cr_assert_geq(dup2(fileno(captured), STDERR_FILENO), 0);
    log_start("intake", LOG_INFO);
}

static void release(void)
{
    cr_assert_geq(dup2(real_stderr, STDERR_FILENO), 0);
    (void)close(real_stderr);
    (void)fclose(captured);
}

TestSuite(log, .init = capture, .fini = release);

static json_t *next_line(void)
{
    static long read_up_to;
    char line[2 * LOG_LINE_MAX];
    cr_assert_eq(fseek(captured, read_up_to, SEEK_SET), 0);
    if (fgets(line, sizeof line, captured) == NULL)
        return NULL;
    read_up_to = ftell(captured);
    cr_assert_leq(strlen(line), LOG_LINE_MAX);
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(json, "not JSON: %s", line);
    return json;
}

static void expect_field(const json_t *line, const char *name, const char *value)
{
    const char *found = json_string_value(json_object_get(line, name));
    cr_assert_not_null(found, "no %s", name);
    cr_expect_str_eq(found, value, "%s is %s", name, found);
}

Test(log, a_line_is_an_object_with_its_pairs)
{
    log_write(LOG_WARNING, "shard paused", "shard", "intake/3", "reason", "database is down", NULL);
    json_t *line = next_line();
    expect_field(line, "level", "warning");
    expect_field(line, "program", "intake");
    expect_field(line, "message", "shard paused");
    expect_field(line, "shard", "intake/3");
    expect_field(line, "reason", "database is down");
    cr_expect_not_null(json_object_get(line, "time"));
    cr_expect_null(json_object_get(line, "trace_id"));
    json_decref(line);
}

Test(log, lower_levels_are_left_out)
{
    log_write(LOG_DEBUG, "not seen", NULL);
    log_format(LOG_DEBUG, "not %s", "seen");
    log_start("intake", LOG_ERROR);
    log_write(LOG_WARNING, "not seen", NULL);
    log_format(LOG_ERROR, "seen %d", 1);
    json_t *line = next_line();
    expect_field(line, "message", "seen 1");
    json_decref(line);
    cr_expect_null(next_line());
}

Test(log, trace_id_stays_until_it_is_taken_away)
{
    log_trace("0af7651916cd43dd8448eb211c80319c");
    log_write(LOG_INFO, "one", NULL);
    log_write(LOG_INFO, "two", NULL);
    log_trace(NULL);
    log_write(LOG_INFO, "three", NULL);
    for (int i = 0; i < 3; i++) {
        json_t *line = next_line();
        const char *trace = json_string_value(json_object_get(line, "trace_id"));
        cr_expect(i < 2 ? strcmp(trace, "0af7651916cd43dd8448eb211c80319c") == 0 : trace == NULL);
        json_decref(line);
    }
}

Test(log, any_bytes_stay_json)
{
    log_write(LOG_INFO, "quote \" backslash \\ newline \n tab \t delete \x7f", "euro",
              "\xe2\x82\xac", "broken", "a\xffz\xc3", "empty", "", "nothing", (const char *)NULL,
              NULL);
    json_t *line = next_line();
    expect_field(line, "message", "quote \" backslash \\ newline \n tab \t delete \x7f");
    expect_field(line, "euro", "\xe2\x82\xac");
    expect_field(line, "broken", "a\xef\xbf\xbdz\xef\xbf\xbd");
    expect_field(line, "empty", "");
    expect_field(line, "nothing", "");
    json_decref(line);
}

/* Around the bound, with characters of one to six bytes at the edge. */
Test(log, long_lines_are_cut_and_stay_json)
{
    static char text[LOG_LINE_MAX + 8];
    static const char *const fillers[] = {"x", "\xc3\xa9", "\"", "\n", "\xff", "\xf0\x9f\x98\x80"};
    for (size_t filler = 0; filler < sizeof fillers / sizeof *fillers; filler++) {
        size_t step = strlen(fillers[filler]);
        for (size_t size = LOG_LINE_MAX - 200; size + step < LOG_LINE_MAX; size += step) {
            memset(text, 'x', 199);
            text[199] = '\0';
            for (size_t at = 199; at + step <= size; at += step)
                memcpy(text + at, fillers[filler], step + 1);
            log_write(LOG_INFO, "cut", "note", text, "rest", "not always there", NULL);
            json_t *line = next_line();
            cr_assert_not_null(line);
            expect_field(line, "message", "cut");
            json_decref(line);
        }
    }
    log_write(LOG_INFO, "cut", text, "a name that does not fit", NULL);
    json_decref(next_line());
    log_format(LOG_INFO, "%s", text);
    json_decref(next_line());
}

static void *write_lines(void *name)
{
    log_trace(name);
    for (int i = 0; i < 200; i++)
        log_write(LOG_INFO, "from a thread", "name", name, NULL);
    return NULL;
}

Test(log, lines_of_threads_do_not_mix)
{
    static char names[4][8] = {"one", "two", "three", "four"};
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    int count = 0;
    for (json_t *line; (line = next_line()) != NULL; count++) {
        expect_field(line, "trace_id", json_string_value(json_object_get(line, "name")));
        json_decref(line);
    }
    cr_expect_eq(count, 800);
}
