/* Options of a command line. */

#include "services/redressctl/options.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

struct given {
    bool flag;
    const char *text, *count;
    int64_t number;
    struct option_values values;
};

static const struct usage usage = {.arguments = "A [B]", .text = "Does it.", .least = 1, .most = 2};

/* argv ends with NULL. */
static bool read_words(char **argv, struct given *given, char ***arguments, int *count, int *code)
{
    const struct option_row rows[] = {
        {"flag", OPTION_FLAG, NULL, "a flag", &given->flag, 0, 0},
        {"text", OPTION_TEXT, "TEXT", "a text", &given->text, 0, 0},
        {"number", OPTION_NUMBER, "N", "a number", &given->number, 1, 9},
        {"value", OPTION_VALUES, "V", "values", &given->values, 0, 0},
        {"count", OPTION_COUNT, "N", "a number as text", &given->count, 0, 0},
    };
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    return options_read(&usage, rows, 5, argc, argv, arguments, count, code);
}

#define WORDS(...)              \
    {                           \
        "it", __VA_ARGS__, NULL \
    }

Test(options, stand_anywhere)
{
    struct given given = {.text = "default"};
    char **arguments;
    int count = 0, code = -1;
    char *words[] =
        WORDS("a", "--flag", "--number", "7", "--value", "x", "b", "--value=y", "--count=12");
    cr_assert(read_words(words, &given, &arguments, &count, &code));
    cr_expect(given.flag);
    cr_expect_str_eq(given.text, "default");
    cr_expect_eq(given.number, 7);
    cr_expect_str_eq(given.count, "12");
    cr_assert_eq(given.values.count, 2);
    cr_expect_str_eq(given.values.items[1], "y");
    cr_assert_eq(count, 2);
    cr_expect_str_eq(arguments[0], "a");
    cr_expect_str_eq(arguments[1], "b");
}

Test(options, a_lone_dash_is_an_argument)
{
    struct given given = {0};
    char **arguments;
    int count = 0, code = -1;
    char *words[] = WORDS("-", "--", "--flag");
    cr_assert(read_words(words, &given, &arguments, &count, &code));
    cr_expect_not(given.flag);
    cr_assert_eq(count, 2);
    cr_expect_str_eq(arguments[0], "-");
}

Test(options, what_is_wrong_ends_with_code_2, .init = cr_redirect_stderr)
{
    char *wrong[][5] = {
        WORDS("a", "--unknown"),
        WORDS("a", "--text"),
        WORDS("a", "--number", "0"),
        WORDS("a", "--number", "seven"),
        WORDS("--flag"),
        WORDS("a", "b", "c"),
        WORDS("a", "--flag=yes"),
        WORDS("a", "--count", "x"),
        WORDS("a", "--count", "0"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct given given = {0};
        char **arguments;
        int count = 0, code = -1;
        cr_expect_not(read_words(wrong[i], &given, &arguments, &count, &code), "line %zu", i);
        cr_expect_eq(code, 2, "line %zu", i);
    }
}

Test(options, help_ends_with_code_0, .init = cr_redirect_stdout)
{
    struct given given = {0};
    char **arguments;
    int count = 0, code = -1;
    char *words[] = WORDS("--help");
    cr_expect_not(read_words(words, &given, &arguments, &count, &code));
    cr_expect_eq(code, 0);
}
