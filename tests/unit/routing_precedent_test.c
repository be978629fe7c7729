/* Fingerprints: bands of amounts, and how often a customer asked. */

#include "services/routing/precedent.h"

#include <criterion/criterion.h>

Test(routing_precedent, bands_by_powers_of_ten_and_half)
{
    static const struct {
        int64_t minor;
        int32_t band;
    } rows[] = {
        {-1, 0},
        {0, 0},
        {1, 1},
        {4, 1},
        {5, 2},
        {9, 2},
        {10, 3},
        {49, 3},
        {50, 4},
        {99, 4},
        {100, 5},
        {499, 5},
        {500, 6},
        {999, 6},
        {1000, 7},
        {4999, 7},
        {5000, 8},
        {9999, 8},
        {10000, 9},
        {50000, 10},
        {99999, 10},
        {100000, 11},
        {INT64_C(1000000000000000), 31},
        {INT64_C(5000000000000000), 32},
        {INT64_MAX, 38},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect(amount_band(rows[i].minor) == rows[i].band, "%lld: %d", (long long)rows[i].minor,
                  amount_band(rows[i].minor));
}

Test(routing_precedent, a_band_begins_where_it_says)
{
    for (int32_t band = 1; band <= 37; band++) {
        int64_t from = amount_band_from(band);
        cr_expect(amount_band(from) == band, "%d from %lld", band, (long long)from);
        cr_expect(amount_band(from - 1) == band - 1, "%d", band);
    }
}

Test(routing_precedent, how_often_a_customer_asked)
{
    static const struct {
        int64_t refunds;
        enum customer_history history;
    } rows[] = {{-1, HISTORY_UNKNOWN}, {0, HISTORY_NONE}, {1, HISTORY_FEW},
                {2, HISTORY_FEW},      {3, HISTORY_MANY}, {INT64_MAX, HISTORY_MANY}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect(customer_history(rows[i].refunds) == rows[i].history, "row %zu", i);
}
