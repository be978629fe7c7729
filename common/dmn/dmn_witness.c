#include "dmn_witness.h"

#include <string.h>

#include "feel_calendar.h"
#include "feel_number.h"
#include "feel_temporal.h"

/* A number between two: a whole one where there is one, the middle otherwise. */
static bool number_between(const struct feel_value *low, const struct feel_value *high,
                           struct feel_value *out)
{
    struct feel_number one = feel_number_of(1), next;
    out->kind = FEEL_NUMBER;
    if (low == NULL)
        return feel_number_subtract(high->number, one, &out->number);
    if (!feel_number_round(low->number, 0, FEEL_ROUND_FLOOR, &next) ||
        !feel_number_add(next, one, &next))
        return false;
    if (high == NULL || feel_number_compare(next, high->number) < 0) {
        out->number = next;
        return true;
    }
    return feel_number_add(low->number, high->number, &next) &&
           feel_number_divide(next, feel_number_of(2), &out->number);
}

/* The text itself with the lowest character behind it comes right after it. */
static bool text_between(const struct feel_value *low, const struct feel_value *high,
                         struct arena *arena, struct feel_value *out)
{
    if (low == NULL) {
        *out = feel_string("", 0);
        return high->text.size > 0;
    }
    static const char *const tails[] = {"~", "!", "\x01"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char *bytes = arena_alloc(arena, low->text.size + 2);
        int order = -1;
        if (bytes == NULL)
            return false;
        memcpy(bytes, low->text.bytes, low->text.size);
        bytes[low->text.size] = tails[i][0];
        *out = feel_string(bytes, low->text.size + 1);
        if (high == NULL || (feel_order(out, high, &order) && order < 0))
            return true;
    }
    return false;
}

/* One step off an end, as long as it does not reach the other. */
static bool step_between(const struct feel_value *low, const struct feel_value *high,
                         struct feel_value *out)
{
    const struct feel_value *from = low != NULL ? low : high;
    int64_t way = low != NULL ? 1 : -1;
    struct feel_days days = {.seconds = from->kind == FEEL_DATE ? way * FEEL_DAY_S : way};
    bool made = false;
    int order = 0;
    if (from->kind == FEEL_MONTHS) {
        *out = *from;
        made = !__builtin_add_overflow(from->months, way, &out->months);
    } else if (from->kind == FEEL_DAYS) {
        made = feel_days_add(from->days, days, out);
    } else {
        made = feel_moment_add_days(from, days, out);
    }
    if (!made || low == NULL || high == NULL)
        return made;
    return feel_order(out, high, &order) && order < 0;
}

bool dmn_witness(const struct dmn_column_index *column, uint32_t segment, struct arena *arena,
                 struct feel_value *out)
{
    size_t point = segment / 2;
    if (segment % 2 == 1) {
        *out = column->points[point];
        return true;
    }
    const struct feel_value *low = point > 0 ? &column->points[point - 1] : NULL;
    const struct feel_value *high = point < column->point_count ? &column->points[point] : NULL;
    *out = feel_null();
    if (low == NULL && high == NULL)
        return true; /* a column that tests nothing */
    switch ((int)column->kind) {
    case FEEL_NUMBER:
        return number_between(low, high, out);
    case FEEL_STRING:
        return text_between(low, high, arena, out);
    case FEEL_BOOLEAN:
        if ((low != NULL && low->boolean) || (high != NULL && !high->boolean) ||
            (low != NULL && high != NULL))
            return false;
        *out = feel_boolean(low != NULL);
        return true;
    case FEEL_DATE:
    case FEEL_DATE_TIME:
    case FEEL_DAYS:
    case FEEL_MONTHS:
        return step_between(low, high, out);
    default:
        return false;
    }
}
