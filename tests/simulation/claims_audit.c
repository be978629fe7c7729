/* The promises of intake, by books that share no code with it. */

#include "claims.h"

#include <string.h>

static bool is_open(const struct refund *refund)
{
    return refund->status == REFUND_OPEN || refund->status == REFUND_NEEDS_INFO;
}

/* One bit for each unit of the claim. */
static uint64_t bits_of(const struct claim *claim)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < claim->range_count; i++)
        for (int64_t u = 0; u < claim->units[i].count; u++)
            bits |= UINT64_C(1) << (claim->units[i].first + u);
    return bits;
}

static void check_line(const struct order *order, const struct order_line *line)
{
    uint64_t taken = 0;
    int64_t minor = 0, tax = 0;
    for (const struct claim *claim = line->claims; claim != NULL; claim = claim->next_of_line) {
        if (!claim->refund->holds)
            continue;
        uint64_t bits = bits_of(claim);
        if ((bits & taken) != 0)
            sim_violate("units: a unit of %s is claimed twice", line->line_id);
        if (bits >> line->units != 0)
            sim_violate("units: %s has no such unit", line->line_id);
        if (claim->minor < 0 || claim->tax_minor < 0 || claim->tax_minor > claim->minor)
            sim_violate("money: more tax than money of %s", line->line_id);
        taken |= bits;
        minor += claim->minor;
        tax += claim->tax_minor;
    }
    if (minor > line->gross_minor - line->discount_minor)
        sim_violate("money: %lld of %s in %s are claimed", (long long)minor, line->line_id,
                    order->order_id);
    if (tax > line->tax_minor)
        sim_violate("money: more tax of %s is claimed than it has", line->line_id);
}

static void check_sums(int number, const struct order *order)
{
    int64_t all = 0, shipping = 0;
    for (const struct refund *refund = order->refunds; refund != NULL; refund = refund->next) {
        int64_t sum = refund->shipping_minor;
        if (!refund->holds)
            continue;
        for (const struct claim *c = refund->claims; c != NULL; c = c->next_of_refund)
            sum += c->minor;
        if (sum != refund->claim_minor)
            sim_violate("money: %s claims %lld, and its lines %lld", refund->refund_id,
                        (long long)refund->claim_minor, (long long)sum);
        all += refund->claim_minor;
        shipping += refund->shipping_minor;
    }
    if (all > claims.paid_minor[number] || shipping > order->shipping_minor)
        sim_violate("money: %lld are claimed of %s", (long long)all, order->order_id);
}

static bool waits(const struct refund *refund)
{
    for (const struct follow_up_known *f = refund->follow_ups; f != NULL; f = f->next)
        if (f->state == FOLLOW_UP_WAITING)
            return true;
    return false;
}

static void check_deadline(int order, const struct refund *refund, enum deadline_kind kind,
                           bool wanted)
{
    bool set = desk.due_us[order][desk_last_digit(refund->refund_id)][kind] != 0;
    if (set != wanted)
        sim_violate("stalled: %s has %s deadline of kind %d in status %d", refund->refund_id,
                    set ? "a" : "no", (int)kind, (int)refund->status);
}

static void check_refund(int order, const struct refund *refund)
{
    int number = desk_last_digit(refund->refund_id);
    check_deadline(order, refund, DEADLINE_PARK, refund->status == REFUND_PARKED);
    check_deadline(order, refund, DEADLINE_STALL, is_open(refund));
    check_deadline(order, refund, DEADLINE_FOLLOW_UP, waits(refund));
    if (refund->version != desk.saved_version[order][number])
        sim_violate("versions: %s has another version than was said", refund->refund_id);
    if (is_open(refund) && !refund->holds)
        sim_violate("claimed: %s is open and claims nothing", refund->refund_id);
    if (!is_open(refund) && refund->holds && refund->status != REFUND_PAID)
        sim_violate("freed: %s has ended and still claims", refund->refund_id);
}

void claims_audit_saved(int number)
{
    const struct order *order = &claims.saved[number];
    for (size_t i = 0; i < order->lines_loaded; i++)
        check_line(order, &order->lines[i]);
    check_sums(number, order);
    for (const struct refund *refund = order->refunds; refund != NULL; refund = refund->next)
        check_refund(number, refund);
}

/* At rest. */

static void check_end(int order, const struct refund *refund)
{
    int64_t paid = claims_later_paid(order, desk_last_digit(refund->refund_id));
    if (is_open(refund) || refund->status == REFUND_PARKED || waits(refund))
        sim_violate("stalled: %s never ends", refund->refund_id);
    if (paid != refund->paid_minor || (paid > 0) != (refund->status == REFUND_PAID))
        sim_violate("truth: of %s %lld are paid, and %lld are known", refund->refund_id,
                    (long long)paid, (long long)refund->paid_minor);
    if (paid > 0 && refund->claim_minor != paid)
        sim_violate("freed: %s claims more than it was paid", refund->refund_id);
}

static bool same_claims(const struct refund *a, const struct refund *b)
{
    const struct claim *x = a->claims, *y = b->claims;
    for (; x != NULL && y != NULL; x = x->next_of_refund, y = y->next_of_refund)
        if (strcmp(x->line_id, y->line_id) != 0 || x->minor != y->minor ||
            x->tax_minor != y->tax_minor || bits_of(x) != bits_of(y))
            return false;
    return x == y;
}

static bool same_follow_ups(const struct refund *a, const struct refund *b)
{
    const struct follow_up_known *x = a->follow_ups, *y = b->follow_ups;
    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (x->kind != y->kind || strcmp(x->follow_up_id, y->follow_up_id) != 0 ||
            x->state != y->state)
            return false;
    return x == y;
}

/* What a request asked for in vain is not kept. */
static bool same_refund(const struct refund *a, const struct refund *b)
{
    return a->status == b->status && a->version == b->version && a->round == b->round &&
           a->holds == b->holds && a->appealed == b->appealed &&
           a->cancel_asked == b->cancel_asked && a->claim_minor == b->claim_minor &&
           a->shipping_minor == b->shipping_minor &&
           a->shipping_tax_minor == b->shipping_tax_minor && a->paid_minor == b->paid_minor &&
           a->rejection == b->rejection && memcmp(a->seen, b->seen, sizeof a->seen) == 0 &&
           a->asking.trigger == b->asking.trigger && same_follow_ups(a, b) &&
           (a->status == REFUND_REJECTED || same_claims(a, b));
}

static void check_lines(const struct order *saved, const struct order *again)
{
    if (saved->lines_loaded != again->lines_loaded || saved->waiting != again->waiting ||
        saved->cancelled_at_us != again->cancelled_at_us)
        sim_violate("replay: %s is another order", saved->order_id);
    for (size_t i = 0; i < saved->lines_loaded && i < again->lines_loaded; i++) {
        const struct order_line *x = &saved->lines[i], *y = &again->lines[i];
        if (x->shipped_units != y->shipped_units || x->delivered_units != y->delivered_units ||
            x->cancelled_units != y->cancelled_units || x->shipped_at_us != y->shipped_at_us ||
            x->delivered_at_us != y->delivered_at_us)
            sim_violate("replay: %s of %s has moved otherwise", x->line_id, saved->order_id);
    }
}

static void show(const char *which, const struct order *order)
{
    for (const struct refund *r = order->refunds; r != NULL; r = r->next) {
        sim_say("%s %s: status %d, claims %lld, shipping %lld, paid %lld", which, r->refund_id,
                (int)r->status, (long long)r->claim_minor, (long long)r->shipping_minor,
                (long long)r->paid_minor);
        for (const struct claim *c = r->claims; c != NULL; c = c->next_of_refund)
            sim_say("    %s: units %llx, %lld, tax %lld", c->line_id,
                    (unsigned long long)bits_of(c), (long long)c->minor, (long long)c->tax_minor);
    }
}

static void show_both(const struct order *saved, const struct order *again)
{
    show("saved", saved);
    show("again", again);
}

/* The same events over rows that were never saved and loaded lead to the same. */
static void check_replay(int number)
{
    struct order again;
    const struct order *saved = &claims.saved[number];
    uint64_t bytes = claims_replay(number, &again);
    if (sim_run.trace)
        show_both(saved, &again);
    check_lines(saved, &again);
    for (const struct refund *refund = saved->refunds; refund != NULL; refund = refund->next) {
        const struct refund *other = order_refund_find(&again, refund->refund_id);
        if (other == NULL || !same_refund(refund, other))
            sim_violate("replay: %s ends in another state", refund->refund_id);
    }
    if (bytes != claims.bytes[number])
        sim_violate("replay: other things are said of %s", saved->order_id);
}

static void check_answered(int order)
{
    for (int i = 0; i < claims.asked[order]; i++)
        if (desk.said_version[order][i] == 0)
            sim_violate("lost: %s was never answered", desk_refund_id(order, i));
}

static void check_totals(void)
{
    struct claims_totals seen = {0};
    for (int order = 0; order < DESK_ORDERS; order++) {
        seen.orders += claims.placed[order];
        for (const struct refund *r = claims.saved[order].refunds; r != NULL; r = r->next) {
            seen.refunds += r->round > 0;
            seen.refunded_minor += r->paid_minor;
        }
    }
    if (memcmp(&seen, &claims.totals, sizeof seen) != 0)
        sim_violate("totals: the customer's are not what happened");
}

void claims_audit_rest(void)
{
    for (int order = 0; order < DESK_ORDERS; order++) {
        for (const struct refund *r = claims.saved[order].refunds; r != NULL; r = r->next)
            check_end(order, r);
        check_answered(order);
        check_replay(order);
    }
    check_totals();
}
