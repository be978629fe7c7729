/* Admission: a claim is admitted when every unit and every cent that it asks for is still there. */

#include "intake_claim.h"

#include "money.h"

#include <string.h>

static struct rejection reject_line(enum rejection_reason reason, const char *line_id,
                                    int64_t asked, int64_t left, const struct refund *holder)
{
    return (struct rejection){.reason = reason,
                              .line_id = line_id,
                              .asked = asked,
                              .left = left,
                              .refund_id = holder == NULL ? "" : holder->refund_id};
}

static struct rejection reject_order(enum rejection_reason reason, int64_t asked, int64_t left,
                                     const struct refund *holder)
{
    return reject_line(reason, "", asked, left, holder);
}

static struct line_take line_take(struct order_line *line, struct claim *claim,
                                  const struct line_room *room)
{
    return (struct line_take){
        .line = line, .claim = claim, .minor_left = room->minor_left, .tax_left = room->tax_left};
}

/* A line asked for by name: its units, and as `minor` the most that can be had for it. */
static enum status admit_line(struct arena *arena, const struct order *order, struct claim *claim,
                              bool amount_given, struct line_take *take,
                              struct rejection *rejection)
{
    struct order_line *line = order_line_find(order, claim->line_id);
    if (line == NULL) {
        *rejection =
            reject_line(REJECTION_LINE_NOT_ON_ORDER, claim->line_id, claim->asked_units, 0, NULL);
        return STATUS_OK;
    }
    struct line_room room;
    if (line_room(arena, line, &room) != STATUS_OK)
        return STATUS_EXHAUSTED;
    *take = line_take(line, claim, &room);
    if (claim->asked_units > room.units_free) {
        bool never = claim->asked_units > line->units;
        *rejection = reject_line(
            never ? REJECTION_UNITS_EXCEED_PURCHASE : REJECTION_UNITS_ALREADY_CLAIMED,
            claim->line_id, claim->asked_units, room.units_free, never ? NULL : room.holder);
        return STATUS_OK;
    }
    if (room_take_lowest(arena, &room, claim->asked_units, take) != STATUS_OK)
        return STATUS_EXHAUSTED;
    int64_t worth = line_worth(line, take->units, take->range_count);
    if (claim->asked_units == 0 || worth > room.minor_left)
        take->minor = room.minor_left;
    else
        take->minor = worth;
    if (!amount_given && worth > 0 && take->minor == 0)
        *rejection =
            reject_line(REJECTION_AMOUNT_EXCEEDS_PAID, claim->line_id, worth, 0, room.holder);
    return STATUS_OK;
}

static enum status admit_named(struct arena *arena, const struct order *order,
                               const struct refund *refund, struct take *take,
                               struct rejection *rejection)
{
    for (struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        struct line_take *line = &take->lines[take->line_count++];
        enum status status =
            admit_line(arena, order, claim, refund->asking.has_amount, line, rejection);
        if (status != STATUS_OK || rejection->reason != REJECTION_NONE)
            return status;
    }
    return STATUS_OK;
}

/* Every line of the order: the units that are left (whole order), or as much money as is left of
 * it (an amount over the whole order). */
static enum status admit_all(struct arena *arena, const struct order *order, bool with_units,
                             struct take *take, const struct refund **holder)
{
    for (size_t i = 0; i < order->lines_loaded; i++) {
        struct line_room room;
        if (line_room(arena, &order->lines[i], &room) != STATUS_OK)
            return STATUS_EXHAUSTED;
        if (*holder == NULL)
            *holder = room.holder;
        if (with_units ? room.units_free == 0 : room.minor_left == 0)
            continue;
        struct line_take *line = &take->lines[take->line_count++];
        *line = line_take(&order->lines[i], NULL, &room);
        line->minor = room.minor_left;
        if (!with_units)
            continue;
        if (room_take_lowest(arena, &room, room.units_free, line) != STATUS_OK)
            return STATUS_EXHAUSTED;
        int64_t worth = line_worth(line->line, line->units, line->range_count);
        line->minor = worth < room.minor_left ? worth : room.minor_left;
    }
    return STATUS_OK;
}

/* Spreads the amount asked over the lines by what can be had for each. */
static enum status spread_amount(struct arena *arena, int64_t amount, struct take *take,
                                 struct rejection *rejection)
{
    int64_t most = 0;
    for (size_t i = 0; i < take->line_count; i++)
        most += take->lines[i].minor; /* at most the order's total, which fits */
    if (amount > most) {
        *rejection = reject_order(REJECTION_AMOUNT_EXCEEDS_PAID, amount, most, NULL);
        return STATUS_OK;
    }
    int64_t *weights = arena_array(arena, 2 * take->line_count, sizeof *weights);
    if (weights == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < take->line_count; i++)
        weights[i] = take->lines[i].minor;
    int64_t *parts = weights + take->line_count;
    enum status status = minor_allocate(amount, weights, take->line_count, parts);
    for (size_t i = 0; i < take->line_count && status == STATUS_OK; i++)
        take->lines[i].minor = parts[i];
    return status;
}

/* Lines that were not asked for by name and give nothing are no part of the claim. */
static void drop_empty(struct take *take)
{
    size_t kept = 0;
    for (size_t i = 0; i < take->line_count; i++) {
        const struct line_take *line = &take->lines[i];
        if (line->claim != NULL || line->minor > 0 || line->range_count > 0)
            take->lines[kept++] = *line;
    }
    take->line_count = kept;
}

static void share_tax(struct take *take)
{
    for (size_t i = 0; i < take->line_count; i++) {
        struct line_take *line = &take->lines[i];
        line->tax_minor = tax_share(line->line->tax_minor, order_line_paid(line->line),
                                    line->tax_left, line->minor_left, line->minor);
        take->total_minor += line->minor;
    }
}

static void admit_shipping(const struct order *order, const struct asking *asking,
                           struct take *take, struct rejection *rejection)
{
    const struct refund *holder;
    int64_t tax_left;
    int64_t left = shipping_left(order, &tax_left, &holder);
    if (!asking->shipping && !asking->whole_order)
        return;
    if (asking->shipping && order->shipping_minor > 0 && left == 0) {
        *rejection = reject_order(REJECTION_AMOUNT_EXCEEDS_PAID, order->shipping_minor, 0, holder);
        return;
    }
    take->shipping_minor = left;
    take->shipping_tax_minor = tax_left;
    take->total_minor += left;
}

static enum status admit_lines(struct arena *arena, const struct order *order,
                               const struct refund *refund, struct take *take,
                               struct rejection *rejection, const struct refund **holder)
{
    const struct asking *asking = &refund->asking;
    enum status status;
    if (asking->whole_order)
        status = admit_all(arena, order, true, take, holder);
    else if (asking->has_amount && refund->claims == NULL)
        status = admit_all(arena, order, false, take, holder);
    else
        status = admit_named(arena, order, refund, take, rejection);
    if (status != STATUS_OK || rejection->reason != REJECTION_NONE)
        return status;
    if (asking->has_amount)
        status = spread_amount(arena, asking->amount_minor, take, rejection);
    if (status != STATUS_OK || rejection->reason != REJECTION_NONE)
        return status;
    drop_empty(take);
    share_tax(take);
    return STATUS_OK;
}

static size_t lines_at_most(const struct order *order, const struct refund *refund)
{
    size_t count = order->lines_loaded;
    for (const struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund)
        count++;
    return count;
}

enum status claim_admit(struct arena *arena, const struct order *order, const struct refund *refund,
                        struct take *take, struct rejection *rejection)
{
    const struct asking *asking = &refund->asking;
    const struct refund *holder = NULL;
    *take = (struct take){0};
    *rejection = (struct rejection){.line_id = "", .refund_id = ""};
    if (asking->has_amount && strcmp(asking->amount_currency, order->currency) != 0) {
        *rejection = reject_order(REJECTION_CURRENCY_MISMATCH, 0, 0, NULL);
        return STATUS_OK;
    }
    take->lines = arena_array(arena, lines_at_most(order, refund) + 1, sizeof *take->lines);
    if (take->lines == NULL)
        return STATUS_EXHAUSTED;
    enum status status = admit_lines(arena, order, refund, take, rejection, &holder);
    if (status != STATUS_OK || rejection->reason != REJECTION_NONE)
        return status;
    admit_shipping(order, asking, take, rejection);
    if (rejection->reason == REJECTION_NONE && take->total_minor == 0)
        *rejection = reject_order(holder != NULL ? REJECTION_UNITS_ALREADY_CLAIMED
                                                 : REJECTION_AMOUNT_EXCEEDS_PAID,
                                  0, 0, holder);
    return STATUS_OK;
}

/* As much of the line as the refund had. */
static enum status readmit_line(struct arena *arena, struct claim *claim, bool amount_given,
                                struct line_take *take, struct rejection *rejection)
{
    struct line_room room;
    int64_t count = units_count(claim->units, claim->range_count);
    if (line_room(arena, claim->line, &room) != STATUS_OK)
        return STATUS_EXHAUSTED;
    *take = line_take(claim->line, claim, &room);
    take->units = claim->units;
    take->range_count = claim->range_count;
    take->minor = claim->minor;
    if (count > room.units_free || claim->minor > room.minor_left) {
        bool units = count > room.units_free;
        *rejection =
            reject_line(REJECTION_CLAIM_TAKEN, claim->line_id, units ? count : claim->minor,
                        units ? room.units_free : room.minor_left, room.holder);
        return STATUS_OK;
    }
    if (!room_has(&room, claim->units, claim->range_count)) {
        int64_t had = line_worth(claim->line, claim->units, claim->range_count);
        if (room_take_lowest(arena, &room, count, take) != STATUS_OK)
            return STATUS_EXHAUSTED;
        int64_t worth = line_worth(claim->line, take->units, take->range_count);
        if (worth < take->minor || (!amount_given && claim->minor == had))
            take->minor = worth < room.minor_left ? worth : room.minor_left;
    }
    return STATUS_OK;
}

static void readmit_shipping(const struct order *order, const struct refund *refund,
                             struct take *take, struct rejection *rejection)
{
    const struct refund *holder;
    int64_t tax_left;
    int64_t left = shipping_left(order, &tax_left, &holder);
    if (refund->shipping_minor > left)
        *rejection = reject_order(REJECTION_CLAIM_TAKEN, refund->shipping_minor, left, holder);
    take->shipping_minor = refund->shipping_minor;
    take->shipping_tax_minor = tax_share(order->shipping_tax_minor, order->shipping_minor, tax_left,
                                         left, refund->shipping_minor);
    take->total_minor += refund->shipping_minor;
}

enum status claim_readmit(struct arena *arena, const struct order *order,
                          const struct refund *refund, struct take *take,
                          struct rejection *rejection)
{
    *take = (struct take){0};
    *rejection = (struct rejection){.line_id = "", .refund_id = ""};
    take->lines = arena_array(arena, lines_at_most(order, refund) + 1, sizeof *take->lines);
    if (take->lines == NULL)
        return STATUS_EXHAUSTED;
    for (struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        if (claim->line == NULL)
            continue; /* asked for in vain: nothing of it was held */
        enum status status = readmit_line(arena, claim, refund->asking.has_amount,
                                          &take->lines[take->line_count++], rejection);
        if (status != STATUS_OK || rejection->reason != REJECTION_NONE)
            return status;
    }
    share_tax(take);
    readmit_shipping(order, refund, take, rejection);
    if (rejection->reason == REJECTION_NONE && take->total_minor == 0)
        *rejection = reject_order(REJECTION_CLAIM_TAKEN, refund->claim_minor, 0, NULL);
    return STATUS_OK;
}
