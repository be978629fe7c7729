/* Whatever happens to an order, in whatever order: no unit is claimed twice, no line gives more
 * money or tax than it took, and what a refund claims is the sum of its lines. */

#include "intake_world.h"

enum { RUNS = 300, STEPS = 120, LINES_MAX = 5, NAME_MAX = 8 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int64_t below(uint64_t *state, int64_t bound)
{
    return (int64_t)(next_random(state) % (uint64_t)bound);
}

static const char *name(struct world *world, char letter, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%c%lld", letter, (long long)number);
    return arena_strdup(world->arena, text);
}

static void sell_at_random(struct world *world, uint64_t *random)
{
    struct order_line lines[LINES_MAX];
    size_t count = (size_t)below(random, LINES_MAX) + 1;
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t paid = below(random, 4) == 0 ? below(random, 5) : below(random, 5000);
        lines[i] = world_line(name(world, 'l', (int64_t)i), below(random, 30) + 1, paid,
                              below(random, paid + 1));
        total += paid;
    }
    int64_t shipping = below(random, 500);
    if (below(random, 2) == 0) {
        cr_assert_eq(world_capture(world, "pay", total + shipping + 1, "GBP"), STATUS_OK);
        cr_assert_eq(world_place(world, lines, count, shipping), STATUS_OK);
    } else {
        cr_assert_eq(world_place(world, lines, count, shipping), STATUS_OK);
        cr_assert_eq(world_capture(world, "pay", total + shipping + 1, "GBP"), STATUS_OK);
    }
}

static void ask_at_random(struct world *world, uint64_t *random, int64_t step)
{
    struct input input = world_request(name(world, 'r', step));
    struct asking *asking = &input.request.asking;
    int64_t kind = below(random, 8);
    asking->shipping = below(random, 4) == 0;
    if (kind == 0) {
        asking->whole_order = true;
        asking->shipping = false;
    } else if (kind <= 2) {
        asking->has_amount = true;
        asking->amount_minor = below(random, 2000) + 1;
        memcpy(asking->amount_currency, "GBP", 4);
    }
    if (kind >= 2) {
        struct line_asked *asked = arena_array(world->arena, 2, sizeof *asked);
        int64_t first = below(random, LINES_MAX);
        asked[0] = (struct line_asked){name(world, 'l', first), below(random, 8) + (kind > 2)};
        asked[1] = (struct line_asked){name(world, 'l', (first + 1) % LINES_MAX), 1};
        input.request.lines = asked;
        input.request.line_count = (size_t)below(random, 2) + 1;
    }
    cr_assert_eq(world_decide(world, input), STATUS_OK);
}

static const struct refund *any_refund(const struct world *world, uint64_t *random)
{
    int64_t count = 0;
    for (const struct refund *refund = world->order.refunds; refund != NULL; refund = refund->next)
        count++;
    if (count == 0)
        return NULL;
    const struct refund *refund = world->order.refunds;
    for (int64_t skip = below(random, count); skip > 0; skip--)
        refund = refund->next;
    return refund;
}

/* What a later stage could say, which includes that a payout failed. Not that one succeeded whose
 * claim had ended: facts from outside may overdraw a line, and are tested by themselves. */
static void judge_at_random(struct world *world, uint64_t *random, int64_t step)
{
    const struct refund *refund = any_refund(world, random);
    if (refund == NULL || refund->status == REFUND_REJECTED || refund->status == REFUND_PARKED)
        return;
    struct input input =
        world_outcome((enum outcome)below(random, OUTCOME_COUNT), refund->refund_id, step + 1);
    if (input.outcome.outcome == OUTCOME_PAYOUTS_SUCCEEDED && !refund->holds)
        return;
    input.outcome.payouts_total = input.outcome.payouts_ended = 1;
    input.outcome.minor =
        refund->status == REFUND_PAID ? refund->paid_minor : below(random, refund->claim_minor + 1);
    cr_assert_eq(world_decide(world, input), STATUS_OK);
}

static void follow_up_at_random(struct world *world, uint64_t *random, int64_t step)
{
    const struct refund *refund = any_refund(world, random);
    if (refund == NULL)
        return;
    enum status status = world_follow_up(world, (enum follow_up_kind)(below(random, 3) + 1),
                                         refund->refund_id, name(world, 'f', step));
    cr_assert(status == STATUS_OK || status == STATUS_DUPLICATE);
}

static void check_line(const struct order_line *line)
{
    bool taken[32] = {false};
    int64_t minor = 0, tax = 0;
    for (const struct claim *claim = line->claims; claim != NULL; claim = claim->next_of_line) {
        if (!claim->refund->holds)
            continue;
        minor += claim->minor;
        tax += claim->tax_minor;
        cr_assert(claim->tax_minor >= 0 && claim->tax_minor <= claim->minor);
        for (size_t i = 0; i < claim->range_count; i++) {
            for (int64_t unit = 0; unit < claim->units[i].count; unit++) {
                int64_t at = claim->units[i].first + unit;
                cr_assert(at >= 0 && at < line->units);
                cr_assert_not(taken[at], "unit %lld is claimed twice", (long long)at);
                taken[at] = true;
            }
        }
    }
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

static void check_answers(const struct world *world)
{
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

Test(intake_property, claims_never_overlap_and_never_exceed_what_was_paid, .timeout = 100)
{
    for (uint64_t run = 1; run <= RUNS; run++) {
        uint64_t random = run * UINT64_C(0x9e3779b97f4a7c15);
        struct world *world = world_create();
        int64_t sale = below(&random, 10);
        for (int64_t step = 0; step < STEPS; step++) {
            if (step == sale)
                sell_at_random(world, &random);
            int64_t what = below(&random, 10);
            if (what < 5)
                ask_at_random(world, &random, step);
            else if (what < 8)
                judge_at_random(world, &random, step);
            else
                follow_up_at_random(world, &random, step);
            check_order(&world->order);
        }
        check_answers(world);
        world_destroy(world);
    }
}
