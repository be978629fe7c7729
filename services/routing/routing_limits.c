/* Limits that all shards share, and precedents: where they bear on one refund. */

#include "routing_internal.h"

#include <stddef.h>

/* Of what may become automatic: only what the machine would let through counts. */
static bool would_approve(const struct turn *turn)
{
    return decision_step(turn->step->refund->state, HAPPENED_AUTOMATIC).action == ACTION_APPROVE;
}

enum status limit_automatic(struct turn *turn, bool *automatic)
{
    struct routing_step *step = turn->step;
    if (step->shared == NULL || !would_approve(turn))
        return STATUS_OK;
    const struct auto_wish wish = {.merchant_id = step->order->merchant_id,
                                   .currency = turn->assessed->currency,
                                   .minor = turn->assessed->minor,
                                   .products = step->found.products,
                                   .product_count = step->found.product_count,
                                   .shard = step->shard,
                                   .now_us = step->now_us};
    enum status status =
        auto_ask(&step->shared->meters, step->rules.limits, &wish, &step->answer->limited);
    if (status != STATUS_OK || step->answer->limited.limit == AUTO_LIMIT_NONE)
        return status;
    struct route *route = arena_alloc(step->arena, sizeof *route);
    if (route == NULL)
        return STATUS_EXHAUSTED;
    *route = *turn->route;
    route_for_people(route);
    turn->route = route;
    *automatic = false;
    return STATUS_OK;
}

const char *limit_words(const struct turn *turn)
{
    const struct auto_answer *limited = &turn->step->answer->limited;
    const char *product = limited->meter->product;
    return arena_printf(turn->step->arena, "automatic approvals%s%s are stopped: limit %s reached",
                        product[0] == '\0' ? "" : " of ", product, auto_limit_word(limited->limit));
}

enum refusal_reason limit_day(struct routing_step *step, const struct people_act *act,
                              int64_t minor, const char *currency)
{
    const struct calendar *calendar = step->rules.calendar;
    const struct feel_zone *zone = act->holder->zone;
    if (step->shared == NULL || verdict_nature(act->verdict) != VERDICT_APPROVES)
        return REFUSAL_NONE;
    if (zone == NULL && calendar != NULL)
        zone = calendar->zone;
    step->answer->day = (struct person_day_key){.merchant_id = step->rules.roster_of,
                                                .person_id = act->holder->id,
                                                .currency = currency,
                                                .day = calendar_day(zone, act->at_us)};
    bool fits =
        person_day_fits(&step->shared->days, &step->answer->day, minor,
                        roster_limit(&act->holder->per_day, currency), &step->answer->day_seen);
    return fits ? REFUSAL_NONE : REFUSAL_DAY_LIMIT;
}

enum status limit_day_use(struct routing_step *step, int64_t minor)
{
    if (!step->answer->day_seen.looked)
        return STATUS_OK;
    return person_day_add(&step->shared->days, &step->answer->day, minor,
                          step->answer->day_seen.limit_minor);
}

void precedent_note(struct routing_case *subject, const struct decision *decision)
{
    if (!subject->exception || decision == NULL)
        return;
    subject->as_precedent = decision->verdict;
    subject->decided_by = decision->actor_id;
}

struct fingerprint precedent_fingerprint(const struct assessed *assessed)
{
    const struct route_facts *facts = &assessed->facts;
    return (struct fingerprint){.rule = assessed->reason_count == 0 ? "" : assessed->reasons[0],
                                .reason = facts->reason == NULL ? "" : facts->reason,
                                .currency = assessed->currency,
                                .band = amount_band(assessed->minor),
                                .history = customer_history(facts->refunds_last_year)};
}
