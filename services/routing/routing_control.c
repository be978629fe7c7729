/* What operators are told, on refunds.control.v1. */

#include "message.h"
#include "routing_codec.h"

static Redress__V1__ControlEvent *control_event(const struct routing_setting *setting,
                                                const char *subject)
{
    Redress__V1__ControlEvent *event = arena_alloc(setting->arena, sizeof *event);
    if (event == NULL || subject == NULL)
        return NULL;
    redress__v1__control_event__init(event);
    event->source = (char *)"routing";
    event->subject = (char *)subject;
    event->merchant_id = (char *)setting->order->merchant_id;
    event->occurred_at = message_timestamp(setting->arena, setting->now_us);
    return event;
}

Redress__V1__ControlEvent *routing_encode_refused(const struct routing_setting *setting,
                                                  const char *refund_id,
                                                  const struct decision *decision,
                                                  enum refusal_reason reason)
{
    struct arena *arena = setting->arena;
    Redress__V1__ControlEvent *event =
        control_event(setting, arena_printf(arena, "case:%s", decision->case_id));
    Redress__V1__DecisionRefused *refused = arena_alloc(arena, sizeof *refused);
    Redress__V1__Actor *actor = arena_alloc(arena, sizeof *actor);
    if (event == NULL || refused == NULL || actor == NULL)
        return NULL;
    redress__v1__actor__init(actor);
    actor->id = (char *)decision->actor_id;
    actor->role = (Redress__V1__Role)decision->role;
    redress__v1__decision_refused__init(refused);
    refused->order_id = (char *)setting->order->order_id;
    refused->refund_id = (char *)refund_id;
    refused->case_id = (char *)decision->case_id;
    refused->decision_id = (char *)decision->decision_id;
    refused->reason = (char *)refusal_reason_name(reason);
    refused->actor = actor;
    refused->on_behalf_of = (char *)decision->on_behalf_of;
    event->event_case = REDRESS__V1__CONTROL_EVENT__EVENT_DECISION_REFUSED;
    event->decision_refused = refused;
    return arena_exhausted(arena) ? NULL : event;
}

Redress__V1__ControlEvent *routing_encode_stalled(const struct routing_setting *setting,
                                                  const char *refund_id,
                                                  const struct routing_answer *answer)
{
    struct arena *arena = setting->arena;
    Redress__V1__ControlEvent *event =
        control_event(setting, arena_printf(arena, "refund:%s", refund_id));
    Redress__V1__Stalled *stalled = arena_alloc(arena, sizeof *stalled);
    if (event == NULL || stalled == NULL)
        return NULL;
    redress__v1__stalled__init(stalled);
    stalled->order_id = (char *)setting->order->order_id;
    stalled->refund_id = (char *)refund_id;
    stalled->waiting_for = (char *)answer->waiting_for;
    stalled->since = message_timestamp(arena, answer->waiting_since_us);
    event->event_case = REDRESS__V1__CONTROL_EVENT__EVENT_STALLED;
    event->stalled = stalled;
    return arena_exhausted(arena) ? NULL : event;
}

Redress__V1__ControlEvent *routing_encode_tripped(const struct routing_setting *setting,
                                                  const struct routing_answer *answer)
{
    struct arena *arena = setting->arena;
    const struct auto_answer *limited = &answer->limited;
    const char *product = limited->meter->product;
    Redress__V1__ControlEvent *event =
        control_event(setting, product[0] == '\0'
                                   ? arena_printf(arena, "merchant:%s", setting->order->merchant_id)
                                   : arena_printf(arena, "product:%s", product));
    Redress__V1__LimitTripped *tripped = arena_alloc(arena, sizeof *tripped);
    Redress__V1__Money *amount = arena_alloc(arena, sizeof *amount);
    if (event == NULL || tripped == NULL || amount == NULL)
        return NULL;
    redress__v1__money__init(amount);
    amount->minor = limited->minor;
    amount->currency = (char *)limited->currency;
    redress__v1__limit_tripped__init(tripped);
    tripped->limit = (char *)auto_limit_word(limited->limit);
    tripped->count = limited->count;
    tripped->amount = amount;
    tripped->order_id = (char *)setting->order->order_id;
    tripped->refund_id = (char *)setting->refund->refund_id;
    tripped->product = (char *)product;
    event->event_case = REDRESS__V1__CONTROL_EVENT__EVENT_LIMIT_TRIPPED;
    event->limit_tripped = tripped;
    return arena_exhausted(arena) ? NULL : event;
}

Redress__V1__ControlEvent *routing_encode_lifted(const struct routing_setting *setting,
                                                 const struct decision *decision, size_t trips)
{
    struct arena *arena = setting->arena;
    Redress__V1__ControlEvent *event =
        control_event(setting, arena_printf(arena, "merchant:%s", setting->order->merchant_id));
    Redress__V1__LimitLifted *lifted = arena_alloc(arena, sizeof *lifted);
    Redress__V1__Actor *actor = arena_alloc(arena, sizeof *actor);
    if (event == NULL || lifted == NULL || actor == NULL)
        return NULL;
    redress__v1__actor__init(actor);
    actor->id = (char *)decision->actor_id;
    actor->role = (Redress__V1__Role)decision->role;
    redress__v1__limit_lifted__init(lifted);
    lifted->actor = actor;
    lifted->decision_id = (char *)decision->decision_id;
    lifted->case_id = (char *)decision->case_id;
    lifted->note = (char *)decision->note;
    lifted->trips = (int64_t)trips;
    event->event_case = REDRESS__V1__CONTROL_EVENT__EVENT_LIMIT_LIFTED;
    event->limit_lifted = lifted;
    return arena_exhausted(arena) ? NULL : event;
}
