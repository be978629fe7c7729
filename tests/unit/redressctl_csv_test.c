/* The CSV reader, and JSON lines: text in, rows out. */

#include "services/redressctl/csv_reader.h"
#include "services/redressctl/json_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { SEEN_MAX = 4096 };

/* Fields in brackets, rows ended by their line number: "[a][b]1 [c]2 ". */
struct seen {
    char text[SEEN_MAX];
    enum status answer;
};

static enum status note_row(void *context, const char *const *fields, size_t count, int64_t line,
                            struct error *error)
{
    struct seen *seen = context;
    for (size_t i = 0; i < count; i++)
        (void)snprintf(seen->text + strlen(seen->text), SEEN_MAX - strlen(seen->text), "[%s]",
                       fields[i]);
    (void)snprintf(seen->text + strlen(seen->text), SEEN_MAX - strlen(seen->text), "%lld ",
                   (long long)line);
    return seen->answer == STATUS_OK ? STATUS_OK : error_set(error, seen->answer, "refused");
}

/* Feeds `size` bytes in pieces of `piece`. */
static enum status read_pieces(const char *bytes, size_t size, size_t piece, struct seen *seen,
                               struct error *error)
{
    struct csv_reader *reader = csv_reader_create(note_row, seen);
    enum status status = STATUS_OK;
    cr_assert_not_null(reader);
    for (size_t at = 0; at < size && status == STATUS_OK; at += piece)
        status = csv_reader_feed(reader, bytes + at, at + piece > size ? size - at : piece, error);
    if (status == STATUS_OK)
        status = csv_reader_finish(reader, error);
    csv_reader_destroy(reader);
    return status;
}

static const struct {
    const char *csv;
    const char *rows;
} cases[] = {
    {"a,b\nc,d\n", "[a][b]1 [c][d]2 "},
    {"a,b\r\nc,d", "[a][b]1 [c][d]2 "},
    {"\xef\xbb\xbf"
     "a,b\n",
     "[a][b]1 "},
    {"\xef\xbb\xbf\"a\",b\n", "[a][b]1 "},
    {"\"x, y\",\"say \"\"hi\"\"\"\n", "[x, y][say \"hi\"]1 "},
    {"\"two\nlines\",b\nc,d\n", "[two\nlines][b]2 [c][d]3 "},
    {"\"two\r\nlines\",b\r\n", "[two\r\nlines][b]2 "},
    {" a , b \n", "[ a ][ b ]1 "},
    {"a,,\n", "[a][][]1 "},
    {"a\n\n\nb\n", "[a]1 [b]4 "},
    {"5\" PLATE,b\n", "[5\" PLATE][b]1 "},
    {"", ""},
};

Test(csv_reader, understands_every_piece_size)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= 16; piece++) {
            struct seen seen = {.text = "", .answer = STATUS_OK};
            struct error error = {0};
            cr_expect_eq(read_pieces(cases[i].csv, strlen(cases[i].csv), piece, &seen, &error),
                         STATUS_OK, "case %zu: %s", i, error.text);
            cr_expect_str_eq(seen.text, cases[i].rows, "case %zu, pieces of %zu", i, piece);
        }
}

Test(csv_reader, names_the_line_of_what_is_wrong)
{
    struct seen seen = {.text = "", .answer = STATUS_OK};
    struct error error = {0};
    cr_expect_eq(read_pieces("a\n\"open\nb\n", 10, 100, &seen, &error), STATUS_INVALID);
    cr_expect_str_eq(error.text, "line 4: a quote is never closed");
    cr_expect_eq(read_pieces("a\nb\0c\n", 6, 100, &seen, &error), STATUS_INVALID);
    cr_expect_str_eq(error.text, "line 2: a NUL byte");
    seen.answer = STATUS_NOT_FOUND;
    cr_expect_eq(read_pieces("a\n", 2, 100, &seen, &error), STATUS_NOT_FOUND);
    cr_expect_str_eq(error.text, "line 1: refused");
}

Test(csv_reader, bounds_fields_and_bytes)
{
    static char wide[CSV_FIELDS_MAX + 2], long_row[CSV_ROW_BYTES_MAX + 2];
    struct seen seen = {.text = "", .answer = STATUS_OK};
    struct error error = {0};
    memset(wide, ',', sizeof wide);
    cr_expect_eq(read_pieces(wide, sizeof wide, 1000, &seen, &error), STATUS_INVALID);
    memset(long_row, 'x', sizeof long_row);
    cr_expect_eq(read_pieces(long_row, sizeof long_row, sizeof long_row, &seen, &error),
                 STATUS_INVALID);
}

static bool tolerant;
static char refused[2][128];
static size_t refused_count;

static enum status count_line(void *context, json_t *json, struct error *error)
{
    int *count = context;
    (*count)++;
    return json_object_get(json, "bad") == NULL
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "bad is not allowed");
}

static void keep_text(void *context, const char *text)
{
    (void)context;
    (void)snprintf(refused[refused_count++ % 2], sizeof refused[0], "%s", text);
}

static enum status read_text(const char *text, int *count, struct error *error)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    cr_assert_not_null(file);
    enum status status =
        json_lines_read(file, "name", count_line, tolerant ? keep_text : NULL, count, error);
    (void)fclose(file);
    return status;
}

Test(json_lines, skips_blank_lines_and_counts_them)
{
    struct error error = {0};
    int count = 0;
    cr_expect_eq(read_text("{}\n\n  \r\n{\"a\":1}", &count, &error), STATUS_OK);
    cr_expect_eq(count, 2);
    cr_expect_eq(read_text("\n{}\n{\"bad\":1}\n{}\n", &count, &error), STATUS_INVALID);
    cr_expect_str_eq(error.text, "name:3: bad is not allowed");
    cr_expect_eq(count, 4);
    cr_expect_eq(read_text("{\"a\":1,\"a\":2}\n", &count, &error), STATUS_INVALID);
    cr_expect_eq(strncmp(error.text, "name:1: ", 8), 0, "%s", error.text);
}

Test(json_lines, goes_on_after_a_wrong_line)
{
    struct error error = {0};
    int count = 0;
    tolerant = true;
    cr_expect_eq(read_text("{}\n{bad\n{\"bad\":1}\n{}\n", &count, &error), STATUS_OK);
    cr_expect_eq(count, 3);
    cr_assert_eq(refused_count, 2);
    cr_expect_eq(strncmp(refused[0], "name:2: column ", 15), 0, "%s", refused[0]);
    cr_expect_str_eq(refused[1], "name:3: bad is not allowed");
}
