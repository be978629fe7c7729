#include "intake_walk.h"

enum { LINES_MAX = 5, RANGES_MAX = 512 };

/* Of a line, so that an order of LINES_MAX of them and its shipping stays in 63 bits. */
#define PAID_MAX INT64_C(1000000000000000000)

static int64_t below(struct intake_walk *walk, int64_t limit)
{
    return source_below(walk->source, limit);
}

static const char *name(struct intake_walk *walk, char letter, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%c%lld", letter, (long long)number);
    return arena_strdup(walk->world->arena, text);
}

static struct order_line any_line(struct intake_walk *walk, int64_t number)
{
    int64_t paid = below(walk, 4) == 0 ? below(walk, 5) : below(walk, 5000);
    int64_t units = below(walk, 30) + 1;
    if (walk->wild && below(walk, 2) == 0) {
        paid = source_amount(walk->source, PAID_MAX);
        units = source_amount(walk->source, INTAKE_UNITS_MAX);
    }
    return world_line(name(walk, 'l', number), units, paid, below(walk, paid + 1));
}

void intake_sell(struct intake_walk *walk)
{
    struct world *world = walk->world;
    struct order_line lines[LINES_MAX];
    size_t count = (size_t)below(walk, LINES_MAX) + 1;
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        lines[i] = any_line(walk, (int64_t)i);
        total += lines[i].gross_minor;
    }
    int64_t shipping = below(walk, 500);
    bool paid_first = below(walk, 2) == 0;
    if (paid_first)
        cr_assert_eq(world_capture(world, "pay", total + shipping + 1, "GBP"), STATUS_OK);
    cr_assert_eq(world_place(world, lines, count, shipping), STATUS_OK);
    if (!paid_first)
        cr_assert_eq(world_capture(world, "pay", total + shipping + 1, "GBP"), STATUS_OK);
}

static int64_t units(struct intake_walk *walk, int64_t usual)
{
    return walk->wild ? source_amount(walk->source, INTAKE_UNITS_MAX) : below(walk, usual);
}

static void ask_for_lines(struct intake_walk *walk, struct request *request, bool units_needed)
{
    struct line_asked *asked = arena_array(walk->world->arena, 2, sizeof *asked);
    int64_t first = below(walk, LINES_MAX);
    asked[0] = (struct line_asked){name(walk, 'l', first), units(walk, 8) + units_needed};
    asked[1] = (struct line_asked){name(walk, 'l', (first + 1) % LINES_MAX), 1};
    if (asked[0].units > INTAKE_UNITS_MAX)
        asked[0].units = INTAKE_UNITS_MAX;
    request->lines = asked;
    request->line_count = (size_t)below(walk, 2) + 1;
}

static void ask(struct intake_walk *walk)
{
    struct input input = world_request(name(walk, 'r', walk->steps));
    struct asking *asking = &input.request.asking;
    int64_t kind = below(walk, 8);
    asking->shipping = below(walk, 4) == 0;
    if (kind == 0) {
        asking->whole_order = true;
        asking->shipping = false;
    } else if (kind <= 2) {
        asking->has_amount = true;
        asking->amount_minor =
            walk->wild ? source_amount(walk->source, INT64_MAX) : below(walk, 2000) + 1;
        memcpy(asking->amount_currency, walk->wild && below(walk, 8) == 0 ? "EUR" : "GBP", 4);
    }
    if (kind >= 2)
        ask_for_lines(walk, &input.request, kind > 2);
    if (walk->wild && below(walk, 8) == 0) {
        asking->external_reference = name(walk, 'x', below(walk, 3));
        asking->fingerprint = below(walk, 2);
    }
    cr_assert_eq(world_decide(walk->world, input), STATUS_OK);
}

static const struct refund *any_refund(struct intake_walk *walk)
{
    int64_t count = 0;
    const struct refund *refund = walk->world->order.refunds;
    for (; refund != NULL; refund = refund->next)
        count++;
    if (count == 0)
        return NULL;
    refund = walk->world->order.refunds;
    for (int64_t skip = below(walk, count); skip > 0; skip--)
        refund = refund->next;
    return refund;
}

/* Units that came back and were not accepted go back to the claim. */
static void give_back(struct intake_walk *walk, struct outcome_seen *outcome)
{
    struct line_units *returned = arena_array(walk->world->arena, 1, sizeof *returned);
    *returned = (struct line_units){name(walk, 'l', below(walk, LINES_MAX)), units(walk, 8)};
    outcome->returned = returned;
    outcome->returned_count = 1;
}

/* Facts from outside may pay what is no longer claimed, or more: lines may be overdrawn then, and
 * only that nothing breaks is checked from there on. */
static int64_t any_payout(struct intake_walk *walk, const struct refund *refund)
{
    if (walk->wild && below(walk, 16) == 0) {
        walk->overdrawn = true;
        return source_amount(walk->source, INTAKE_PAYOUT_MAX);
    }
    if (refund->status == REFUND_PAID)
        return refund->paid_minor;
    return refund->claim_minor == 0 ? 0 : below(walk, refund->claim_minor);
}

/* What a later stage could say, which includes that a payout failed. */
static void judge(struct intake_walk *walk)
{
    const struct refund *refund = any_refund(walk);
    if (refund == NULL || refund->status == REFUND_REJECTED || refund->status == REFUND_PARKED)
        return;
    struct input input =
        world_outcome((enum outcome)below(walk, OUTCOME_COUNT), refund->refund_id, walk->steps + 1);
    if (input.outcome.outcome == OUTCOME_PAYOUTS_SUCCEEDED && !refund->holds) {
        if (!walk->wild || below(walk, 8) > 0)
            return;
        walk->overdrawn = true;
    }
    input.outcome.payouts_total = walk->wild ? (int32_t)below(walk, 3) + 1 : 1;
    input.outcome.payouts_ended = (int32_t)below(walk, input.outcome.payouts_total) + 1;
    input.outcome.minor = any_payout(walk, refund);
    if (walk->wild && below(walk, 4) == 0)
        give_back(walk, &input.outcome);
    cr_assert_eq(world_decide(walk->world, input), STATUS_OK);
}

static void follow_up(struct intake_walk *walk)
{
    const struct refund *refund = any_refund(walk);
    if (refund == NULL)
        return;
    enum status status = world_follow_up(walk->world, (enum follow_up_kind)(below(walk, 3) + 1),
                                         refund->refund_id, name(walk, 'f', walk->steps));
    cr_assert(status == STATUS_OK || status == STATUS_DUPLICATE || status == STATUS_UNPROCESSABLE);
}

static void ship(struct intake_walk *walk)
{
    struct line_units *moved = arena_array(walk->world->arena, 1, sizeof *moved);
    *moved = (struct line_units){name(walk, 'l', below(walk, LINES_MAX)), units(walk, 30)};
    struct input input = {.kind = INPUT_MOVED,
                          .moved = {.kind = (enum movement_kind)(below(walk, 3) + 1),
                                    .movement_id = name(walk, 'm', below(walk, 20)),
                                    .occurred_at_us = 1,
                                    .fingerprint = below(walk, 2),
                                    .lines = moved,
                                    .line_count = (size_t)below(walk, 2)}};
    enum status status = world_decide(walk->world, input);
    cr_assert(status == STATUS_OK || status == STATUS_DUPLICATE || status == STATUS_UNPROCESSABLE);
}

/* Only what is due can come due. */
static void expire(struct intake_walk *walk)
{
    const struct refund *refund = any_refund(walk);
    enum deadline_kind kind = (enum deadline_kind)(below(walk, 3) + 1);
    if (refund == NULL || world_due(walk->world, refund, kind) == 0)
        return;
    cr_assert_eq(world_deadline_clear(walk->world, refund, kind), STATUS_OK);
    enum status status = world_pass_due(walk->world, refund->refund_id, kind);
    cr_assert(status == STATUS_OK || status == STATUS_DUPLICATE);
}

/* Ranges of all claims that hold, apart and on the line. */
static void check_units(const struct order_line *line)
{
    static struct units taken[RANGES_MAX];
    size_t count = 0;
    for (const struct claim *claim = line->claims; claim != NULL; claim = claim->next_of_line) {
        for (size_t i = 0; claim->refund->holds && i < claim->range_count; i++) {
            const struct units range = claim->units[i];
            cr_assert(range.first >= 0 && range.count >= 0 &&
                      range.first <= line->units - range.count);
            for (size_t t = 0; t < count; t++)
                cr_assert(range.first >= taken[t].first + taken[t].count ||
                              taken[t].first >= range.first + range.count,
                          "unit %lld is claimed twice", (long long)range.first);
            if (range.count > 0 && count < RANGES_MAX)
                taken[count++] = range;
        }
    }
}

static void check_line(const struct order_line *line)
{
    int64_t minor = 0, tax = 0;
    for (const struct claim *claim = line->claims; claim != NULL; claim = claim->next_of_line) {
        if (!claim->refund->holds)
            continue;
        cr_assert(claim->tax_minor >= 0 && claim->tax_minor <= claim->minor);
        minor += claim->minor;
        tax += claim->tax_minor;
    }
    check_units(line);
    cr_assert_leq(minor, order_line_paid(line));
    cr_assert_leq(tax, line->tax_minor);
    if (minor == order_line_paid(line) && minor > 0)
        cr_assert_eq(tax, line->tax_minor, "tax of a line that is claimed whole");
}

static void check_order(const struct order *order)
{
    int64_t shipping = 0;
    for (size_t i = 0; i < order->lines_loaded; i++)
        check_line(&order->lines[i]);
    for (const struct refund *refund = order->refunds; refund != NULL; refund = refund->next) {
        int64_t sum = refund->shipping_minor;
        if (!refund->holds)
            continue;
        for (const struct claim *claim = refund->claims; claim != NULL;
             claim = claim->next_of_refund)
            sum += claim->minor;
        cr_assert_eq(sum, refund->claim_minor);
        shipping += refund->shipping_minor;
    }
    cr_assert_leq(shipping, order->shipping_minor);
}

void intake_check_answers(const struct intake_walk *walk)
{
    const struct world *world = walk->world;
    for (const struct refund *refund = world->order.refunds; refund != NULL;
         refund = refund->next) {
        int64_t version = 0;
        for (size_t i = 0; i < world->answer_count; i++)
            if (world->answers[i].refund == refund)
                cr_assert_eq(world->answers[i].version, ++version);
        cr_assert_eq(refund->version, version);
        bool open = refund->status == REFUND_OPEN || refund->status == REFUND_NEEDS_INFO;
        cr_assert_eq(world_due(world, refund, DEADLINE_STALL) != 0, open, "nothing stalls");
        cr_assert_eq(world_due(world, refund, DEADLINE_PARK) != 0, refund->status == REFUND_PARKED);
    }
}

void intake_step(struct intake_walk *walk)
{
    int64_t what = below(walk, walk->wild ? 14 : 10);
    if (what < 5)
        ask(walk);
    else if (what < 8)
        judge(walk);
    else if (what < 10)
        follow_up(walk);
    else if (what < 13)
        ship(walk);
    else
        expire(walk);
    walk->steps++;
    if (!walk->overdrawn)
        check_order(&walk->world->order);
}
