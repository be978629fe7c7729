#include "intake_claim.h"

#include "money.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t order_line_paid(const struct order_line *line)
{
    return line->gross_minor - line->discount_minor;
}

int64_t units_count(const struct units *units, size_t range_count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < range_count; i++)
        sum += units[i].count;
    return sum;
}

static int compare_units(const void *a, const void *b)
{
    const struct units *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static size_t held_ranges(const struct order_line *line)
{
    size_t count = 0;
    for (const struct claim *claim = line->claims; claim != NULL; claim = claim->next_of_line)
        if (claim->refund->holds)
            count += claim->range_count;
    return count;
}

/* Facts from outside may pay a claim that was released and taken by another refund: ranges may
 * then overlap, and are joined. */
static size_t join_ranges(struct units *units, size_t count)
{
    size_t joined = 0;
    for (size_t i = 0; i < count; i++) {
        struct units *last = joined == 0 ? NULL : &units[joined - 1];
        if (last != NULL && units[i].first <= last->first + last->count)
            last->count = larger(last->count, units[i].first + units[i].count - last->first);
        else
            units[joined++] = units[i];
    }
    return joined;
}

static void consider_holder(struct line_room *room, const struct refund *refund)
{
    if (room->holder == NULL || refund->refund_key < room->holder->refund_key)
        room->holder = refund;
}

enum status line_room(struct arena *arena, const struct order_line *line, struct line_room *room)
{
    size_t ranges = held_ranges(line);
    *room = (struct line_room){.minor_left = order_line_paid(line), .tax_left = line->tax_minor};
    room->held = arena_array(arena, ranges + 1, sizeof *room->held);
    if (room->held == NULL)
        return STATUS_EXHAUSTED;
    for (const struct claim *claim = line->claims; claim != NULL; claim = claim->next_of_line) {
        if (!claim->refund->holds)
            continue;
        for (size_t i = 0; i < claim->range_count; i++)
            room->held[room->held_count++] = claim->units[i];
        room->minor_left -= claim->minor;
        room->tax_left -= claim->tax_minor;
        if (claim->minor > 0 || claim->range_count > 0)
            consider_holder(room, claim->refund);
    }
    if (room->held_count > 1)
        qsort(room->held, room->held_count, sizeof *room->held, compare_units);
    room->held_count = join_ranges(room->held, room->held_count);
    room->units_free = line->units - units_count(room->held, room->held_count);
    room->minor_left = larger(room->minor_left, 0);
    room->tax_left = smaller(larger(room->tax_left, 0), room->minor_left);
    return STATUS_OK;
}

enum status room_take_lowest(struct arena *arena, const struct line_room *room, int64_t count,
                             struct line_take *take)
{
    assert(count <= room->units_free);
    take->range_count = 0;
    take->units = arena_array(arena, room->held_count + 1, sizeof *take->units);
    if (take->units == NULL)
        return STATUS_EXHAUSTED;
    int64_t next = 0;
    for (size_t i = 0; i <= room->held_count && count > 0; i++) {
        int64_t gap = i < room->held_count ? room->held[i].first - next : count;
        int64_t taken = smaller(gap, count);
        if (taken > 0)
            take->units[take->range_count++] = (struct units){next, taken};
        count -= taken;
        if (i < room->held_count)
            next = room->held[i].first + room->held[i].count;
    }
    return STATUS_OK;
}

bool room_has(const struct line_room *room, const struct units *units, size_t range_count)
{
    for (size_t i = 0; i < range_count; i++)
        for (size_t k = 0; k < room->held_count; k++)
            if (units[i].first < room->held[k].first + room->held[k].count &&
                room->held[k].first < units[i].first + units[i].count)
                return false;
    return true;
}

int64_t line_worth(const struct order_line *line, const struct units *units, size_t range_count)
{
    int64_t worth = 0;
    for (size_t i = 0; i < range_count; i++)
        worth += minor_of_units(order_line_paid(line), line->units, units[i].first, units[i].count);
    return worth;
}

int64_t tax_share(int64_t tax, int64_t paid, int64_t tax_left, int64_t left, int64_t minor)
{
    int64_t share = 0;
    if (paid > 0 && minor_scale(tax, minor, paid, &share) != STATUS_OK)
        share = 0;
    int64_t least = larger(0, tax_left - (left - minor));
    int64_t most = smaller(minor, tax_left);
    return larger(least, smaller(share, most));
}

int64_t line_units_held_by_others(const struct order_line *line, const struct refund *refund)
{
    int64_t held = 0;
    for (const struct claim *claim = line->claims; claim != NULL; claim = claim->next_of_line)
        if (claim->refund->holds && claim->refund != refund)
            held += units_count(claim->units, claim->range_count);
    return smaller(held, line->units);
}

int64_t shipping_left(const struct order *order, int64_t *tax_left, const struct refund **holder)
{
    int64_t left = order->shipping_minor;
    *tax_left = order->shipping_tax_minor;
    *holder = NULL;
    for (const struct refund *refund = order->refunds; refund != NULL; refund = refund->next) {
        if (!refund->holds || refund->shipping_minor == 0)
            continue;
        left -= refund->shipping_minor;
        *tax_left -= refund->shipping_tax_minor;
        if (*holder == NULL)
            *holder = refund;
    }
    left = larger(left, 0);
    *tax_left = smaller(larger(*tax_left, 0), left);
    return left;
}

void claim_link(struct claim *claim, struct refund *refund, struct order_line *line)
{
    if (claim->refund == NULL) {
        struct claim **end = &refund->claims;
        if (refund->claims_end != NULL)
            end = refund->claims_end;
        *end = claim;
        refund->claims_end = &claim->next_of_refund;
        claim->refund = refund;
    }
    if (line != NULL && claim->line == NULL) {
        claim->line = line;
        claim->next_of_line = line->claims;
        line->claims = claim;
    }
}

/* Keeps the answer to "what did it take" in the refund's own rows. */
static struct claim *commit_line(struct arena *arena, struct refund *refund,
                                 const struct line_take *take)
{
    struct claim *claim = take->claim;
    if (claim == NULL) {
        claim = arena_zalloc(arena, sizeof *claim);
        if (claim == NULL)
            return NULL;
        claim->line_id = take->line->line_id;
        claim->is_new = true;
    }
    claim_link(claim, refund, take->line);
    claim->units = take->units;
    claim->range_count = take->range_count;
    claim->minor = take->minor;
    claim->tax_minor = take->tax_minor;
    claim->changed = true;
    return claim;
}

enum status claim_commit(struct arena *arena, const struct order *order, struct refund *refund,
                         const struct take *take)
{
    for (size_t i = 0; i < take->line_count; i++)
        if (commit_line(arena, refund, &take->lines[i]) == NULL)
            return STATUS_EXHAUSTED;
    refund->shipping_minor = take->shipping_minor;
    refund->shipping_tax_minor = take->shipping_tax_minor;
    refund->claim_minor = take->total_minor;
    memcpy(refund->currency, order->currency, sizeof refund->currency);
    refund->holds = true;
    refund->changed = true;
    return STATUS_OK;
}

static void lower_claim(struct claim *claim, int64_t minor)
{
    int64_t tax = 0;
    if (claim->minor > 0 && minor_scale(claim->tax_minor, minor, claim->minor, &tax) != STATUS_OK)
        tax = 0;
    claim->minor = minor;
    claim->tax_minor = smaller(tax, minor);
    claim->changed = true;
}

static void lower_shipping(struct refund *refund, int64_t minor)
{
    int64_t tax = 0;
    if (minor_scale(refund->shipping_tax_minor, minor, refund->shipping_minor, &tax) != STATUS_OK)
        tax = 0;
    refund->shipping_minor = minor;
    refund->shipping_tax_minor = smaller(tax, minor);
}

enum status claim_lower(struct arena *arena, struct refund *refund, int64_t paid_minor)
{
    size_t count = 0;
    int64_t loaded_minor = refund->shipping_minor;
    for (struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        loaded_minor += claim->minor;
        count++;
    }
    if (paid_minor >= refund->claim_minor || loaded_minor == 0)
        return STATUS_OK;
    int64_t *weights = arena_array(arena, 2 * (count + 1), sizeof *weights);
    if (weights == NULL)
        return STATUS_EXHAUSTED;
    int64_t *parts = weights + count + 1;
    size_t n = 0;
    for (struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund)
        weights[n++] = claim->minor;
    if (refund->shipping_minor > 0)
        weights[n++] = refund->shipping_minor;
    enum status status = minor_allocate(paid_minor, weights, n, parts);
    if (status != STATUS_OK)
        return status;
    n = 0;
    for (struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund)
        lower_claim(claim, parts[n++]);
    if (refund->shipping_minor > 0)
        lower_shipping(refund, parts[n]);
    refund->claim_minor = paid_minor;
    refund->changed = true;
    return STATUS_OK;
}

void claim_return_units(struct refund *refund, const char *line_id, int64_t count)
{
    for (struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        if (strcmp(claim->line_id, line_id) != 0)
            continue;
        while (count > 0 && claim->range_count > 0) {
            struct units *last = &claim->units[claim->range_count - 1];
            int64_t returned = smaller(count, last->count);
            last->count -= returned;
            count -= returned;
            if (last->count == 0)
                claim->range_count--;
            claim->changed = true;
        }
    }
}
