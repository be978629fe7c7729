/* Goods on their way back: the gate in front of the payouts of a refund, and their cap at what was
 * accepted. */

#include "money.h"
#include "transition.h"

#include <string.h>

/* All units of a refund, and what is known of them. */
struct tally {
    bool any;      /* some line asks for units back */
    bool received; /* every unit of every line */
    bool inspected;
    bool accepted; /* at least one unit */
};

static struct goods_line *line_find(const struct order_rows *rows, const char *refund_id,
                                    const char *line_id)
{
    for (struct goods_line *line = rows->goods_lines; line != NULL; line = line->next)
        if (strcmp(line->refund_id, refund_id) == 0 && strcmp(line->line_id, line_id) == 0)
            return line;
    return NULL;
}

static struct goods_line *line_take(struct settling *settling, const char *refund_id,
                                    const char *line_id)
{
    struct goods_line *line = line_find(settling->rows, refund_id, line_id);
    if (line != NULL)
        return line;
    line = arena_zalloc(settling->arena, sizeof *line);
    if (line == NULL)
        return NULL;
    *line = (struct goods_line){.refund_id = refund_id,
                                .line_id = line_id,
                                .mark = ROW_NEW,
                                .next = settling->rows->goods_lines};
    settling->rows->goods_lines = line;
    return line;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t accepted_units(const struct order_rows *rows, const struct refund *refund,
                              const struct note_line *asked)
{
    const struct goods_line *line = line_find(rows, refund->refund_id, asked->line_id);
    return line == NULL ? 0 : least(line->accepted_units, asked->units);
}

static struct tally tally(const struct order_rows *rows, const struct refund *refund)
{
    struct tally result = {.received = true, .inspected = true};
    for (size_t i = 0; i < refund->line_count; i++) {
        const struct note_line *asked = &refund->lines[i];
        if (asked->units == 0)
            continue;
        const struct goods_line *line = line_find(rows, refund->refund_id, asked->line_id);
        result.any = true;
        result.received = result.received && line != NULL && line->received_units >= asked->units;
        result.inspected =
            result.inspected && line != NULL && line->inspected_units >= asked->units;
        result.accepted = result.accepted || accepted_units(rows, refund, asked) > 0;
    }
    result.received = result.received && result.any;
    result.inspected = result.inspected && result.any;
    return result;
}

static bool waits(const struct payout *payout, const struct refund *refund)
{
    return payout->refund == refund && payout->state == PAYOUT_AWAITING_GOODS;
}

static struct payout *first_waiting(const struct settling *settling, const struct refund *refund)
{
    struct payout *payout = settling->rows->payouts;
    while (payout != NULL && !waits(payout, refund))
        payout = payout->next;
    return payout;
}

static void change_goods_due(struct settling *settling, const struct refund *refund, bool set)
{
    struct due_change *change = EFFECT_ADD(settling, due_changes, struct due_change);
    if (change != NULL) {
        change->subject = refund->refund_id;
        change->kind = DUE_GOODS;
        change->set = set;
        change->due_us = set ? settling->now_us + settling->limits->goods_wait_us : 0;
    }
}

void goods_forget(struct settling *settling, const struct refund *refund)
{
    if (refund->goods != GOODS_NOT_REQUIRED)
        change_goods_due(settling, refund, false);
}

/* The line as far as it was accepted: its first units, whose worth is that of any. */
static enum status cut_line(struct note_line *line, int64_t accepted)
{
    int64_t gross = minor_of_units(line->gross_minor, line->units, 0, accepted), tax = 0;
    if (line->gross_minor > 0 &&
        minor_scale(line->tax_minor, gross, line->gross_minor, &tax) != STATUS_OK)
        return STATUS_OVERFLOW;
    line->gross_minor = gross;
    line->tax_minor = tax;
    line->units = accepted;
    return STATUS_OK;
}

/* Cuts the refund's lines to what was accepted; says what goes back to the claim. `before` and
 * `after` are what the lines are worth. False if the arena is full. */
static bool cut_lines(struct settling *settling, struct refund *refund, int64_t *before,
                      int64_t *after)
{
    struct note_line *lines = arena_array(settling->arena, refund->line_count + 1, sizeof *lines);
    struct released_units *released =
        arena_array(settling->arena, refund->line_count + 1, sizeof *released);
    if (lines == NULL || released == NULL)
        return false;
    settling->released = released;
    *before = *after = 0;
    for (size_t i = 0; i < refund->line_count; i++) {
        lines[i] = refund->lines[i];
        *before += lines[i].gross_minor;
        if (lines[i].units > 0) {
            int64_t accepted = accepted_units(settling->rows, refund, &lines[i]);
            if (accepted < lines[i].units)
                released[settling->released_count++] = (struct released_units){
                    .line_id = lines[i].line_id, .units = lines[i].units - accepted};
            if (cut_line(&lines[i], accepted) != STATUS_OK)
                return false;
        }
        *after += lines[i].gross_minor;
    }
    refund->lines = lines;
    row_touch(&refund->mark);
    return true;
}

/* Why not all of it was accepted: the worst that was said of its units. */
static const char *shortfall(const struct order_rows *rows, const struct refund *refund)
{
    int worst = 0;
    for (const struct goods_line *line = rows->goods_lines; line != NULL; line = line->next)
        if (strcmp(line->refund_id, refund->refund_id) == 0 && line->refused_condition > worst)
            worst = line->refused_condition;
    return worst == CONDITION_WRONG_ITEM ? "GOODS_WRONG_ITEM"
           : worst == CONDITION_DAMAGED  ? "GOODS_DAMAGED"
                                         : "GOODS_NOT_ACCEPTED";
}

static int64_t waiting_sum(const struct settling *settling, const struct refund *refund)
{
    int64_t sum = 0;
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        sum += waits(p, refund) ? p->amount_minor : 0;
    return sum;
}

/* The gate opens: the payouts go on, in their order, up to what the accepted units are worth. */
static void release(struct settling *settling, struct refund *refund, const char *reason)
{
    struct tally units = tally(settling->rows, refund);
    int64_t before = 0, after = 0, left = 0;
    int64_t approved = waiting_sum(settling, refund);
    goods_forget(settling, refund);
    if (first_waiting(settling, refund) == NULL || !cut_lines(settling, refund, &before, &after))
        return;
    if (before > 0 && units.accepted && minor_scale(approved, after, before, &left) != STATUS_OK)
        return;
    if (settling->released_count > 0 && units.accepted)
        publication_add(settling, refund, first_waiting(settling, refund),
                        payout_state_number(PAYOUT_AWAITING_GOODS), reason, NOTICE_REDUCED);
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next) {
        if (!waits(p, refund))
            continue;
        int64_t share = least(p->amount_minor, left);
        left -= share;
        if (share == 0) {
            (void)payout_apply(settling, p, PAYOUT_EVENT_GOODS_DECLINED, reason);
            continue;
        }
        p->amount_minor = share;
        row_touch(&p->mark);
        payout_proceed(settling, p);
    }
}

/* Lost on the way: people decide, by a fresh approval, whether it is paid without the goods. */
static void lose(struct settling *settling, struct refund *refund)
{
    goods_forget(settling, refund);
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next) {
        if (!waits(p, refund))
            continue;
        if (p->provider == PROVIDER_NONE && p->payment != NULL)
            p->provider = p->payment->provider;
        (void)payout_apply(settling, p, PAYOUT_EVENT_GOODS_LOST, "GOODS_LOST");
    }
}

static void act(struct settling *settling, struct refund *refund, struct goods_step step)
{
    struct payout *payout = first_waiting(settling, refund);
    if (step.verdict == GOODS_STAY)
        return;
    refund->goods = step.next;
    row_touch(&refund->mark);
    if (step.verdict == GOODS_OPEN)
        release(settling, refund, shortfall(settling->rows, refund));
    else if (step.verdict == GOODS_SHUT)
        release(settling, refund, "GOODS_EXPIRED");
    else if (step.verdict == GOODS_STUCK)
        lose(settling, refund);
    else if (payout != NULL)
        publication_add(settling, refund, payout, payout_state_number(payout->state), "GOODS",
                        NOTICE_NONE);
}

void goods_required(struct settling *settling, struct refund *refund)
{
    struct goods_step step = goods_step(refund->goods, GOODS_EVENT_REQUIRED);
    if (step.verdict == GOODS_MOVE)
        refund->goods = step.next;
    row_touch(&refund->mark);
    if (tally(settling->rows, refund).inspected) {
        refund->goods = GOODS_INSPECTED;
        release(settling, refund, shortfall(settling->rows, refund));
        return;
    }
    change_goods_due(settling, refund, true);
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (waits(p, refund))
            publication_add(settling, refund, p, payout_state_number(p->state), "GOODS",
                            NOTICE_NONE);
}

/* Events. */

static bool is_seen(const struct order_rows *rows, const char *event_id)
{
    for (const struct seen *seen = rows->seen_goods; seen != NULL; seen = seen->next)
        if (strcmp(seen->event_id, event_id) == 0)
            return true;
    return false;
}

static enum status remember(struct settling *settling, const char *event_id)
{
    struct seen *seen = arena_zalloc(settling->arena, sizeof *seen);
    if (seen == NULL)
        return STATUS_EXHAUSTED;
    *seen = (struct seen){.event_id = event_id, .fresh = true, .next = settling->rows->seen_goods};
    settling->rows->seen_goods = seen;
    return STATUS_OK;
}

static enum status count_lines(struct settling *settling, const struct goods_notice *notice)
{
    for (size_t i = 0; i < notice->line_count; i++) {
        const struct goods_count *count = &notice->lines[i];
        struct goods_line *line = line_take(settling, notice->refund_id, count->line_id);
        if (line == NULL)
            return STATUS_EXHAUSTED;
        row_touch(&line->mark);
        if (notice->kind == GOODS_KIND_RECEIVED) {
            line->received_units = least(line->received_units + count->units, UNITS_MAX);
            continue;
        }
        line->inspected_units = least(line->inspected_units + count->units, UNITS_MAX);
        line->accepted_units = least(line->accepted_units + count->accepted_units, UNITS_MAX);
        if (count->accepted_units < count->units && count->condition > line->refused_condition)
            line->refused_condition = count->condition;
        if (line->received_units < line->inspected_units)
            line->received_units = line->inspected_units;
    }
    return STATUS_OK;
}

static enum goods_event event_of(const struct settling *settling, const struct refund *refund,
                                 enum goods_kind kind)
{
    struct tally units = tally(settling->rows, refund);
    if (kind == GOODS_KIND_SHIPPED)
        return GOODS_EVENT_SHIPPED;
    if (kind == GOODS_KIND_LOST)
        return GOODS_EVENT_LOST;
    if (kind == GOODS_KIND_RECEIVED)
        return units.received ? GOODS_EVENT_RECEIVED_ALL : GOODS_EVENT_RECEIVED_PART;
    return units.inspected ? GOODS_EVENT_INSPECTED_ALL : GOODS_EVENT_INSPECTED_PART;
}

/* A refund that goods arrive for before its approval does begins to wait for them. */
static struct refund *refund_for_goods(struct settling *settling, const char *refund_id)
{
    struct refund *refund = refund_take(settling, refund_id);
    if (refund != NULL && refund->mark == ROW_NEW && refund->routed_version == 0)
        refund->goods = GOODS_AWAITING;
    return refund;
}

enum status settle_goods(struct settling *settling, const struct goods_notice *notice)
{
    if (is_seen(settling->rows, notice->event_id))
        return STATUS_DUPLICATE;
    if (notice->refund_id[0] == '\0')
        return STATUS_OK; /* whoever takes requests makes one of it */
    struct refund *refund = refund_for_goods(settling, notice->refund_id);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    /* Whether all units or some have come does not matter for being legal. */
    enum goods_event part = event_of(settling, refund, notice->kind);
    if (goods_step(refund->goods, part).verdict == GOODS_ILLEGAL)
        return objection_set(settling, OBJECTION_TRANSITION, "refund_id", notice->refund_id,
                             arena_printf(settling->arena, "not when the goods are %s",
                                          goods_state_name(refund->goods)));
    if (remember(settling, notice->event_id) != STATUS_OK ||
        count_lines(settling, notice) != STATUS_OK)
        return STATUS_EXHAUSTED;
    act(settling, refund, goods_step(refund->goods, event_of(settling, refund, notice->kind)));
    return settled(settling);
}

void goods_expired(struct settling *settling, struct refund *refund)
{
    act(settling, refund, goods_step(refund->goods, GOODS_EVENT_EXPIRED));
}
