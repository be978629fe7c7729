/* The provider's answers as bytes: refund objects, lists and errors of Stripe
 * (https://docs.stripe.com/api/refunds), answers to refunds of Adyen
 * (https://docs.adyen.com/api-explorer/Checkout/71/post/payments/(paymentPspReference)/refunds). */

#include "pay.h"

#include <string.h>

static const char *word_of(enum refund_status status)
{
    static const char *const words[REFUND_STATUSES] = {
        [REFUND_STATUS_PENDING] = "pending",
        [REFUND_STATUS_REQUIRES_ACTION] = "requires_action",
        [REFUND_STATUS_SUCCEEDED] = "succeeded",
        [REFUND_STATUS_FAILED] = "failed",
        [REFUND_STATUS_CANCELLED] = "canceled",
    };
    return words[status];
}

const char *pay_say_refund(const struct pay_effect *effect)
{
    const char *reference = pay_reference(effect->order, effect->payment);
    if (effect->provider == PROVIDER_ADYEN)
        return arena_printf(pay.arena,
                            "{\"status\":\"received\",\"pspReference\":\"%s\","
                            "\"paymentPspReference\":\"%s\",\"reference\":\"%s\","
                            "\"amount\":{\"value\":%lld,\"currency\":\"GBP\"}}",
                            effect->id, reference, effect->payout_id,
                            (long long)effect->amount_minor);
    return arena_printf(pay.arena,
                        "{\"object\":\"refund\",\"id\":\"%s\",\"payment_intent\":\"%s\","
                        "\"amount\":%lld,\"currency\":\"gbp\",\"status\":\"%s\",%s%s%s"
                        "\"metadata\":{\"payout_id\":\"%s\"}}",
                        effect->id, reference, (long long)effect->amount_minor,
                        word_of(effect->status),
                        effect->code[0] == '\0' ? "" : "\"failure_reason\":\"", effect->code,
                        effect->code[0] == '\0' ? "" : "\",", effect->payout_id);
}

const char *pay_say_error(int provider, const char *code)
{
    return arena_printf(pay.arena,
                        provider == PROVIDER_ADYEN
                            ? "{\"errorCode\":\"%s\",\"message\":\"\"}"
                            : "{\"error\":{\"type\":\"error\",\"code\":\"%s\",\"message\":\"\"}}",
                        code);
}

const char *pay_say_list(int order, int payment)
{
    const char *list = "", *comma = "";
    for (size_t i = 0; i < pay.effect_count; i++) {
        const struct pay_effect *effect = &pay.effects[i];
        if (effect->order != order || effect->payment != payment ||
            effect->visible_us > sim_run.now_us)
            continue;
        list = arena_printf(pay.arena, "%s%s%s", list, comma, pay_say_refund(effect));
        comma = ",";
    }
    return arena_printf(pay.arena, "{\"object\":\"list\",\"has_more\":false,\"data\":[%s]}", list);
}
