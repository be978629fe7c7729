#include "money.h"

#include "money_currencies.h"
#include "random_message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct money money(int64_t minor, const char *currency)
{
    struct money result = {0};
    cr_assert_eq(money_make(minor, currency, &result), STATUS_OK, "%s", currency);
    return result;
}

Test(money, exponents_are_those_of_iso_4217)
{
    static const struct row {
        const char *currency;
        int exponent;
    } rows[] = {
        {"EUR", 2},  {"USD", 2},  {"GBP", 2}, {"JPY", 0}, {"KRW", 0},   {"CLP", 0},  {"ISK", 0},
        {"VND", 0},  {"KWD", 3},  {"BHD", 3}, {"TND", 3}, {"CLF", 4},   {"UYW", 4},  {"HUF", 2},
        {"MRU", 2},  {"XCG", 2},  {"SLE", 2}, {"ZWG", 2}, {"XAU", -1},  {"XXX", -1}, {"XTS", -1},
        {"HRK", -1}, {"eur", -1}, {"EU", -1}, {"", -1},   {"EURO", -1}, {"ZZZ", -1}, {"AAA", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(currency_exponent(rows[i].currency), rows[i].exponent, "%s", rows[i].currency);
}

Test(money, every_row_of_the_table_is_in_order_and_found)
{
    static const struct row {
        const char *code;
        int exponent;
    } rows[] = {
#define X(code, exponent, name) {#code, exponent},
        MONEY_CURRENCY_ROWS(X)
#undef X
    };
    size_t count = sizeof rows / sizeof *rows;
    cr_expect_geq(count, 160);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(currency_exponent(rows[i].code), rows[i].exponent, "%s", rows[i].code);
        cr_expect(i == 0 || strcmp(rows[i - 1].code, rows[i].code) < 0, "%s", rows[i].code);
    }
}

Test(money, adds_and_subtracts_or_says_why_not)
{
    struct money result = money(77, "SEK");
    cr_expect_eq(money_add(money(1, "EUR"), money(2, "USD"), &result), STATUS_CURRENCY_MISMATCH);
    cr_expect_eq(money_add(money(INT64_MAX, "EUR"), money(1, "EUR"), &result), STATUS_OVERFLOW);
    cr_expect_eq(money_subtract(money(INT64_MIN, "EUR"), money(1, "EUR"), &result),
                 STATUS_OVERFLOW);
    cr_expect_eq(money_subtract(money(1, "EUR"), money(1, "JPY"), &result),
                 STATUS_CURRENCY_MISMATCH);
    cr_expect_eq(money_make(1, "XXX", &result), STATUS_INVALID);
    cr_expect_eq(result.minor, 77, "a failure leaves the result alone");
    cr_expect_str_eq(result.currency, "SEK");
    cr_expect_eq(money_add(money(5, "EUR"), money(-7, "EUR"), &result), STATUS_OK);
    cr_expect_eq(result.minor, -2);
    cr_expect_str_eq(result.currency, "EUR");
    cr_expect_eq(money_subtract(money(5, "EUR"), money(-7, "EUR"), &result), STATUS_OK);
    cr_expect_eq(result.minor, 12);
}

Test(money, compares)
{
    int order = 9;
    cr_expect_eq(money_compare(money(1, "EUR"), money(1, "USD"), &order), STATUS_CURRENCY_MISMATCH);
    cr_expect_eq(order, 9);
    cr_expect_eq(money_compare(money(INT64_MIN, "EUR"), money(INT64_MAX, "EUR"), &order),
                 STATUS_OK);
    cr_expect_eq(order, -1);
    cr_expect_eq(money_compare(money(3, "EUR"), money(3, "EUR"), &order), STATUS_OK);
    cr_expect_eq(order, 0);
    cr_expect_eq(money_compare(money(4, "EUR"), money(3, "EUR"), &order), STATUS_OK);
    cr_expect_eq(order, 1);
}

Test(money, scales_with_halves_away_from_zero)
{
    static const struct row {
        int64_t minor, numerator, denominator;
        enum status status;
        int64_t result;
    } rows[] = {
        {1000, 15, 100, STATUS_OK, 150},
        {5, 1, 2, STATUS_OK, 3},
        {-5, 1, 2, STATUS_OK, -3},
        {5, -1, 2, STATUS_OK, -3},
        {4, 1, 3, STATUS_OK, 1},
        {5, 1, 3, STATUS_OK, 2},
        {-4, 1, 3, STATUS_OK, -1},
        {INT64_MAX, INT64_MAX, INT64_MAX, STATUS_OK, INT64_MAX},
        {INT64_MIN, 1, 1, STATUS_OK, INT64_MIN},
        {INT64_MIN, -1, 1, STATUS_OVERFLOW, 0},
        {INT64_MAX, 2, 1, STATUS_OVERFLOW, 0},
        {INT64_MIN, INT64_MIN, 1, STATUS_OVERFLOW, 0},
        {INT64_MIN, INT64_MIN, INT64_MAX, STATUS_OVERFLOW, 0},
        {1, 1, 0, STATUS_INVALID, 0},
        {1, 1, -1, STATUS_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t result = 0;
        cr_expect_eq(minor_scale(rows[i].minor, rows[i].numerator, rows[i].denominator, &result),
                     rows[i].status, "row %zu", i);
        cr_expect_eq(result, rows[i].result, "row %zu: %ld", i, (long)result);
    }
}

Test(money, allocates_by_largest_remainder)
{
    static const struct row {
        int64_t total;
        size_t n;
        int64_t weights[4], parts[4];
    } rows[] = {
        {100, 3, {1, 1, 1}, {34, 33, 33}},
        {-100, 3, {1, 1, 1}, {-34, -33, -33}},
        {5, 2, {3, 7}, {2, 3}},
        {0, 2, {1, 2}, {0, 0}},
        {10, 3, {0, 1, 0}, {0, 10, 0}},
        {1, 4, {1, 1, 1, 1}, {1, 0, 0, 0}},
        {101, 3, {50, 30, 20}, {51, 30, 20}},
        {7, 1, {INT64_MAX}, {7}},
        {INT64_MIN, 1, {5}, {INT64_MIN}},
        {INT64_MAX, 2, {INT64_MAX, INT64_MAX}, {INT64_MAX / 2 + 1, INT64_MAX / 2}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t parts[4] = {0};
        cr_assert_eq(minor_allocate(rows[i].total, rows[i].weights, rows[i].n, parts), STATUS_OK);
        for (size_t j = 0; j < rows[i].n; j++)
            cr_expect_eq(parts[j], rows[i].parts[j], "row %zu part %zu: %ld", i, j, (long)parts[j]);
    }
}

Test(money, refuses_to_allocate_over_nothing)
{
    static int64_t many[MONEY_PARTS_MAX + 1];
    static int64_t parts[MONEY_PARTS_MAX + 1];
    int64_t zero[] = {0, 0};
    int64_t negative[] = {2, -1};
    many[0] = 1;
    cr_expect_eq(minor_allocate(1, zero, 2, parts), STATUS_INVALID);
    cr_expect_eq(minor_allocate(1, negative, 2, parts), STATUS_INVALID);
    cr_expect_eq(minor_allocate(1, many, 0, parts), STATUS_INVALID);
    cr_expect_eq(minor_allocate(1, many, MONEY_PARTS_MAX + 1, parts), STATUS_INVALID);
    cr_expect_eq(minor_allocate(1, many, MONEY_PARTS_MAX, parts), STATUS_OK);
}

/* Parts add up; each is within one unit of its exact share; nobody with a smaller remainder got a
 * unit that one with a larger did not. */
static void expect_fair(int64_t total, const int64_t *weights, size_t n, const int64_t *parts)
{
    __extension__ typedef __int128 wide;
    wide sum = 0;
    wide weight_sum = 0;
    wide smallest_raised = -1;
    wide largest_kept = -1;
    for (size_t i = 0; i < n; i++)
        weight_sum += weights[i];
    for (size_t i = 0; i < n; i++) {
        sum += parts[i];
        wide exact = (wide)total * weights[i];
        wide above = (wide)parts[i] * weight_sum - exact;
        cr_assert(above > -weight_sum && above < weight_sum, "part %zu is not near its share", i);
        wide remainder = exact % weight_sum;
        if (above > 0 && (smallest_raised < 0 || remainder < smallest_raised))
            smallest_raised = remainder;
        if (above <= 0 && remainder > largest_kept)
            largest_kept = remainder;
    }
    cr_assert(sum == total, "parts do not add up to %ld", (long)total);
    cr_assert(smallest_raised < 0 || smallest_raised >= largest_kept);
}

Test(money, allocation_is_fair_for_any_weights)
{
    static int64_t weights[MONEY_PARTS_MAX], parts[MONEY_PARTS_MAX];
    struct random random = {.state = 7};
    for (int round = 0; round < 2000; round++) {
        size_t n = 1 + random_below(&random, round % 100 == 0 ? MONEY_PARTS_MAX : 100);
        uint64_t bound = UINT64_C(1) << (1 + random_below(&random, 40));
        for (size_t i = 0; i < n; i++)
            weights[i] = (int64_t)random_below(&random, bound);
        weights[random_below(&random, n)] = 1;
        int64_t total = (int64_t)random_below(&random, UINT64_C(1) << 40);
        cr_assert_eq(minor_allocate(total, weights, n, parts), STATUS_OK);
        expect_fair(total, weights, n, parts);
    }
}

Test(money, allocates_money)
{
    int64_t weights[] = {1, 2};
    struct money parts[2];
    cr_assert_eq(money_allocate(money(100, "KWD"), weights, 2, parts), STATUS_OK);
    cr_expect_eq(parts[0].minor, 33);
    cr_expect_eq(parts[1].minor, 67);
    cr_expect_str_eq(parts[1].currency, "KWD");
}

Test(money, units_of_a_line_are_worth_its_total)
{
    cr_expect_eq(minor_of_units(10, 3, 0, 1), 4);
    cr_expect_eq(minor_of_units(10, 3, 1, 2), 6);
    cr_expect_eq(minor_of_units(10, 3, 0, 3), 10);
    cr_expect_eq(minor_of_units(11, 3, 1, 1), 4);
    cr_expect_eq(minor_of_units(0, 3, 0, 3), 0);
    cr_expect_eq(minor_of_units(2, 5, 1, 4), 1);
    cr_expect_eq(minor_of_units(INT64_MAX, INT64_MAX, 0, INT64_MAX), INT64_MAX);
    struct random random = {.state = 11};
    for (int round = 0; round < 5000; round++) {
        int64_t units = 1 + (int64_t)random_below(&random, 40);
        int64_t total = (int64_t)random_below(&random, 10000);
        int64_t cut = (int64_t)random_below(&random, (uint64_t)units + 1);
        int64_t one_by_one = 0;
        for (int64_t unit = 0; unit < cut; unit++)
            one_by_one += minor_of_units(total, units, unit, 1);
        cr_assert_eq(minor_of_units(total, units, 0, cut), one_by_one);
        cr_assert_eq(one_by_one + minor_of_units(total, units, cut, units - cut), total);
    }
}

Test(money, prints_and_reads)
{
    static const struct row {
        const char *text, *currency;
        int64_t minor;
        const char *printed;
    } rows[] = {
        {"12.30", "EUR", 1230, "12.30 EUR"},
        {"12.3", "EUR", 1230, "12.30 EUR"},
        {"12", "EUR", 1200, "12.00 EUR"},
        {"-0.05", "GBP", -5, "-0.05 GBP"},
        {"1230", "JPY", 1230, "1230 JPY"},
        {"0", "JPY", 0, "0 JPY"},
        {"1.234", "KWD", 1234, "1.234 KWD"},
        {"0.0007", "CLF", 7, "0.0007 CLF"},
        {"00012.30", "EUR", 1230, "12.30 EUR"},
        {"92233720368547758.07", "EUR", INT64_MAX, "92233720368547758.07 EUR"},
        {"-92233720368547758.08", "EUR", INT64_MIN, "-92233720368547758.08 EUR"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct money read = {0};
        char text[MONEY_TEXT_MAX];
        cr_assert_eq(money_parse(rows[i].text, rows[i].currency, &read), STATUS_OK, "row %zu", i);
        cr_expect_eq(read.minor, rows[i].minor, "row %zu", i);
        cr_expect_str_eq(money_format(read, text), rows[i].printed);
    }
}

Test(money, refuses_other_texts)
{
    static const struct row {
        const char *text, *currency;
        enum status status;
    } rows[] = {
        {"", "EUR", STATUS_INVALID},
        {"-", "EUR", STATUS_INVALID},
        {"12.", "EUR", STATUS_INVALID},
        {".5", "EUR", STATUS_INVALID},
        {"1.234", "EUR", STATUS_INVALID},
        {"1.0", "JPY", STATUS_INVALID},
        {"+1", "EUR", STATUS_INVALID},
        {" 1", "EUR", STATUS_INVALID},
        {"1 ", "EUR", STATUS_INVALID},
        {"1,00", "EUR", STATUS_INVALID},
        {"1e3", "EUR", STATUS_INVALID},
        {"--1", "EUR", STATUS_INVALID},
        {"1", "XXX", STATUS_INVALID},
        {"92233720368547758.08", "EUR", STATUS_OVERFLOW},
        {"9999999999999999999999", "JPY", STATUS_OVERFLOW},
        {"922337203685477581", "EUR", STATUS_OVERFLOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct money result = {.minor = 5};
        cr_expect_eq(money_parse(rows[i].text, rows[i].currency, &result), rows[i].status, "\"%s\"",
                     rows[i].text);
        cr_expect_eq(result.minor, 5);
    }
}
