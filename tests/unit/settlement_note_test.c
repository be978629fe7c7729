/* Credit notes add up, whatever the lines; arrival in business days. */

#include "clock.h"
#include "services/settlement/arrival.h"
#include "services/settlement/credit_note.h"
#include "services/settlement/failure.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void setup(void)
{
    arena = arena_create((size_t)64 * 1024 * 1024);
}

static void teardown(void)
{
    arena_destroy(arena);
}

TestSuite(settlement_note, .init = setup, .fini = teardown);

Test(settlement_note, a_whole_claim_shows_its_lines)
{
    static const struct note_line lines[] = {{"1", 2, 510, 85, 200000}, {"", 0, 495, 82, 200000}};
    struct credit_line *note = NULL;
    size_t count = 0;
    cr_assert_eq(credit_note(lines, 2, 1005, 0, 1005, arena, &note, &count), STATUS_OK);
    cr_assert_eq(count, (size_t)2);
    cr_assert_eq(note[0].net_minor, 425);
    cr_assert_eq(note[0].tax_minor, 85);
    cr_assert_eq(note[1].net_minor, 413);
    cr_assert_eq(note[1].tax_minor, 82);
    cr_assert_eq(note[0].tax_rate_ppm, 200000);
}

Test(settlement_note, a_reduced_amount_is_spread_by_largest_remainder)
{
    static const struct note_line lines[] = {
        {"1", 1, 100, 0, 0}, {"2", 1, 100, 0, 0}, {"3", 1, 100, 0, 0}};
    struct credit_line *note = NULL;
    size_t count = 0;
    cr_assert_eq(credit_note(lines, 3, 200, 0, 200, arena, &note, &count), STATUS_OK);
    cr_assert_eq(note[0].net_minor, 67);
    cr_assert_eq(note[1].net_minor, 67);
    cr_assert_eq(note[2].net_minor, 66);
}

Test(settlement_note, without_lines_of_worth_there_is_no_note)
{
    static const struct note_line lines[] = {{"1", 1, 0, 0, 0}};
    struct credit_line *note = NULL;
    size_t count = 9;
    cr_assert_eq(credit_note(lines, 1, 100, 0, 100, arena, &note, &count), STATUS_OK);
    cr_assert_eq(count, (size_t)0);
    cr_assert_eq(credit_note(NULL, 0, 100, 0, 100, arena, &note, &count), STATUS_OK);
    cr_assert_eq(count, (size_t)0);
}

static int64_t below(unsigned *seed, int64_t limit)
{
    return rand_r(seed) % limit;
}

/* However an approval is split, the notes of its payouts cover each line exactly, net and tax. */
Test(settlement_note, the_notes_of_all_shares_cover_the_lines)
{
    unsigned seed = 1;
    for (int round = 0; round < 3000; round++) {
        struct note_line lines[8];
        char ids[8][2];
        int64_t claimed = 0;
        size_t line_count = (size_t)below(&seed, 8) + 1;
        for (size_t i = 0; i < line_count; i++) {
            int64_t gross = below(&seed, 5) == 0 ? 0 : below(&seed, 100000);
            ids[i][0] = (char)('a' + i);
            ids[i][1] = '\0';
            lines[i] =
                (struct note_line){ids[i], 1, gross, gross == 0 ? 0 : below(&seed, gross), 200000};
            claimed += gross;
        }
        int64_t approved = claimed == 0 ? 0 : below(&seed, claimed) + 1, offset = 0;
        int64_t gross_of[8] = {0}, units_of[8] = {0}, sum = 0, tax = 0;
        while (offset < approved) {
            int64_t amount = below(&seed, approved - offset) + 1;
            struct credit_line *note = NULL;
            size_t count = 0;
            cr_assert_eq(
                credit_note(lines, line_count, approved, offset, amount, arena, &note, &count),
                STATUS_OK);
            int64_t part = 0;
            for (size_t i = 0; i < count; i++) {
                cr_assert_geq(note[i].net_minor, 0);
                cr_assert_geq(note[i].tax_minor, 0);
                part += note[i].net_minor + note[i].tax_minor;
                gross_of[note[i].line_id[0] - 'a'] += note[i].net_minor + note[i].tax_minor;
                units_of[note[i].line_id[0] - 'a'] += note[i].units;
                tax += note[i].tax_minor;
            }
            cr_assert_eq(part, amount);
            sum += part;
            offset += amount;
        }
        cr_assert_eq(sum, approved);
        int64_t tax_claimed = 0;
        for (size_t i = 0; i < line_count; i++) {
            cr_assert_leq(gross_of[i], lines[i].gross_minor);
            cr_assert_eq(units_of[i], gross_of[i] > 0 ? 1 : 0);
            tax_claimed += lines[i].tax_minor;
        }
        cr_assert_leq(tax, tax_claimed);
        cr_assert(approved != claimed || tax == tax_claimed);
        arena_reset(arena);
    }
}

Test(settlement_note, lines_survive_their_row)
{
    static const struct note_line lines[] = {
        {"a-line", 1000000000, INT64_C(1000000000000000), 7, 1000000}, {"", 0, 0, 0, 0}};
    const struct note_line *read = NULL;
    const void *bytes = NULL;
    size_t size = 0, count = 0;
    cr_assert_eq(note_lines_pack(lines, 2, arena, &bytes, &size), STATUS_OK);
    cr_assert_eq(note_lines_unpack(bytes, size, arena, &read, &count), STATUS_OK);
    cr_assert_eq(count, (size_t)2);
    cr_assert_str_eq(read[0].line_id, "a-line");
    cr_assert_eq(read[0].units, 1000000000);
    cr_assert_eq(read[0].gross_minor, INT64_C(1000000000000000));
    cr_assert_eq(read[0].tax_minor, 7);
    cr_assert_eq(read[0].tax_rate_ppm, 1000000);
    cr_assert_str_eq(read[1].line_id, "");
    for (size_t cut = 1; cut < size; cut++) {
        enum status status = note_lines_unpack(bytes, cut, arena, &read, &count);
        cr_assert(status == STATUS_INVALID || (status == STATUS_OK && count == 1));
    }
}

Test(settlement_note, a_refund_arrives_by_a_business_day)
{
    static const struct {
        const char *sent;
        int method;
        const char *market;
        const char *expected;
    } rows[] = {
        {"2010-12-09T10:00:00Z", 1, "", "2010-12-23"},   /* card, Thursday */
        {"2010-12-11T10:00:00Z", 1, "", "2010-12-24"},   /* card, Saturday: as from Friday */
        {"2010-12-10T23:59:59Z", 3, "", "2010-12-17"},   /* bank transfer, Friday */
        {"2010-12-13T00:00:00Z", 5, "", "2010-12-20"},   /* pay later, Monday */
        {"2010-12-13T00:00:00Z", 6, "", "2010-12-13"},   /* store credit: at once */
        {"2010-12-13T00:00:00Z", 99, "", "2010-12-27"},  /* unknown: the longest */
        {"2010-12-10T23:59:59Z", 3, "GB", "2010-12-13"}, /* transfer: the next business day */
        {"2010-12-13T00:00:00Z", 3, "IN", "2010-12-27"}, /* net banking */
        {"2010-12-13T00:00:00Z", 4, "NO", "2010-12-27"}, /* wallet */
        {"2010-12-13T00:00:00Z", 4, "IN", "2010-12-16"},
        {"2010-12-13T00:00:00Z", 3, "somewhere", "2010-12-20"}, /* a market's own name */
        {"2010-12-13T00:00:00Z", 3, "US", "2010-12-20"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t sent_us = 0;
        char day[CLOCK_TEXT_MAX];
        cr_assert_eq(clock_parse(rows[i].sent, &sent_us), STATUS_OK);
        (void)clock_format_date(arrival_day(rows[i].method, rows[i].market, sent_us) * CLOCK_DAY_US,
                                day);
        cr_expect_str_eq(day, rows[i].expected, "%s by method %d: %s", rows[i].sent, rows[i].method,
                         day);
    }
}

Test(settlement_note, failure_codes_ask_for_what_they_mean)
{
    cr_assert_eq(failure_class("lost_or_stolen_card"), FAILURE_DIVERT);
    cr_assert_eq(failure_class("charge_already_refunded"), FAILURE_BLOCK);
    cr_assert_eq(failure_class("declined"), FAILURE_FINAL);
    cr_assert_eq(failure_class("never_heard_of"), FAILURE_FINAL);
    cr_assert_eq(failure_class(""), FAILURE_FINAL);
}
