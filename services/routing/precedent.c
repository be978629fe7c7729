#include "precedent.h"

enum { BANDS_PER_DECADE = 2, FEW_REFUNDS = 2 };

int32_t amount_band(int64_t minor)
{
    if (minor <= 0)
        return 0;
    int32_t band = 1;
    for (; minor >= 10; minor /= 10)
        band += BANDS_PER_DECADE;
    return minor >= 5 ? band + 1 : band;
}

int64_t amount_band_from(int32_t band)
{
    int64_t from = (band - 1) % BANDS_PER_DECADE == 0 ? 1 : 5;
    for (int32_t decade = (band - 1) / BANDS_PER_DECADE; decade > 0; decade--)
        from *= 10;
    return from;
}

enum customer_history customer_history(int64_t refunds_last_year)
{
    if (refunds_last_year < 0)
        return HISTORY_UNKNOWN;
    if (refunds_last_year == 0)
        return HISTORY_NONE;
    return refunds_last_year <= FEW_REFUNDS ? HISTORY_FEW : HISTORY_MANY;
}
