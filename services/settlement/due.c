/* Deadlines: what happens when nothing happens. The row of a due deadline is gone unless it is set
 * again. */

#include "provider_facts.h"
#include "transition.h"

#include <string.h>

#define LOOK_UP_LEAST_US                                                     \
    (5 * INT64_C(1000000)) /* between look-ups of a payout without an answer \
                            */
#define LOOK_UP_MOST_US (3600 * INT64_C(1000000))
#define POLL_MOST_US (24 * INT64_C(3600000000)) /* between look-ups of one that is pending */

#define ASKING_US (23 * INT64_C(3600000000)) /* where there are no keys, but look-ups */

static int64_t key_ends_us(const struct settling *settling, const struct payout *payout)
{
    int64_t most_us = settling->limits->key_life_us;
    int64_t life_us = provider_key_life_us(payout->provider, most_us);
    if (life_us == 0 && provider_facts(payout->provider)->reach == LOOK_UP_ANY)
        life_us = most_us > 0 && most_us < ASKING_US ? most_us : ASKING_US;
    return payout->first_submitted_us + life_us;
}

/* A provider that cannot be asked about a lost answer gives it again to the same key and bytes.
 * Each time is an attempt, the later the rarer. */
static void send_again(struct settling *settling, struct payout *payout, int64_t enough_us)
{
    int64_t now_us = settling->now_us, wait_us = LOOK_UP_LEAST_US;
    for (int32_t i = 1; i < payout->attempts && wait_us < LOOK_UP_MOST_US; i++)
        wait_us *= 2;
    int64_t at_us = enough_us + clamp_us(wait_us, LOOK_UP_LEAST_US, LOOK_UP_MOST_US);
    if (now_us < at_us) {
        payout_due(settling, payout, DUE_LOOK_UP, at_us);
        return;
    }
    if (payout->attempts >= settling->limits->attempts_max ||
        (payout->payment != NULL && payout->payment->over)) {
        (void)payout_apply(settling, payout, PAYOUT_EVENT_GIVE_UP, "UNRESOLVED");
        return;
    }
    payout_due(settling, payout, DUE_LOOK_UP, now_us + LOOK_UP_LEAST_US); /* if there is no room */
    (void)payout_apply(settling, payout, PAYOUT_EVENT_ABSENT, "");
}

/* Sent, and no answer: the provider is asked, ever more rarely, while the key lives. */
static void no_answer(struct settling *settling, struct payout *payout)
{
    const struct settlement_limits *limits = settling->limits;
    int64_t now_us = settling->now_us;
    if (payout_step(payout->state, PAYOUT_EVENT_GIVE_UP).verdict != PAYOUT_MOVE)
        return; /* it has been answered since */
    if (now_us >= key_ends_us(settling, payout)) {
        (void)payout_apply(settling, payout, PAYOUT_EVENT_GIVE_UP, "UNRESOLVED");
        return;
    }
    int64_t enough_us = payout->submitted_us + limits->send_window_us + limits->call_timeout_us +
                        limits->provider_delay_us;
    if (provider_facts(payout->provider)->reach != LOOK_UP_ANY) {
        send_again(settling, payout, enough_us);
        return;
    }
    int64_t again_us = now_us < enough_us ? enough_us
                                          : now_us + clamp_us((now_us - payout->submitted_us) / 2,
                                                              LOOK_UP_LEAST_US, LOOK_UP_MOST_US);
    payout_due(settling, payout, DUE_LOOK_UP, again_us);
    (void)payout_apply(settling, payout, PAYOUT_EVENT_LOOK_UP_DUE, "");
}

static bool for_people(const struct payout *payout)
{
    return payout->state == PAYOUT_MANUAL || payout->state == PAYOUT_FALLBACK_PENDING;
}

/* The provider works on it, or people have it: asked in case a webhook was lost, and told again. */
static void poll(struct settling *settling, struct payout *payout)
{
    const struct settlement_limits *limits = settling->limits;
    int64_t now_us = settling->now_us;
    bool only_tells = provider_facts(payout->provider)->reach == LOOK_UP_NEVER;
    if (for_people(payout) ||
        (only_tells && now_us >= payout->updated_us + limits->alarm_every_us)) {
        payout_due(settling, payout, DUE_POLL, now_us + limits->alarm_every_us);
        alarm_stalled(settling, payout, payout_state_name(payout->state), payout->updated_us);
    } else if (payout_due_kind(payout->state) == DUE_POLL) {
        payout_due(settling, payout, DUE_POLL,
                   now_us + clamp_us((now_us - payout->updated_us) / 2, limits->poll_first_us,
                                     POLL_MOST_US));
    }
    if (payout_step(payout->state, PAYOUT_EVENT_LOOK_UP_DUE).verdict != PAYOUT_ILLEGAL)
        (void)payout_apply(settling, payout, PAYOUT_EVENT_LOOK_UP_DUE, "");
}

static void no_capture(struct settling *settling, struct payout *payout)
{
    if (payout->state != PAYOUT_AWAITING_CAPTURE)
        return;
    payout_due(settling, payout, DUE_CAPTURE, settling->now_us + settling->limits->alarm_every_us);
    alarm_stalled(settling, payout, "CAPTURE", payout->updated_us);
}

enum status settle_due(struct settling *settling, enum due_kind kind, const char *subject)
{
    if (kind == DUE_GOODS) {
        struct refund *refund = refund_find(settling->rows, subject);
        if (refund == NULL)
            return STATUS_DUPLICATE;
        goods_expired(settling, refund);
        return settled(settling);
    }
    struct payout *payout = payout_find(settling->rows, subject);
    if (payout == NULL)
        return STATUS_DUPLICATE;
    if (payout->due == kind)
        payout->due = DUE_NOTHING;
    switch (kind) {
    case DUE_SUBMIT:
        if (payout->state == PAYOUT_RESERVED)
            payout_try_send(settling, payout);
        break;
    case DUE_LOOK_UP:
        no_answer(settling, payout);
        break;
    case DUE_POLL:
        poll(settling, payout);
        break;
    case DUE_CAPTURE:
        no_capture(settling, payout);
        break;
    case DUE_GOODS:
    case DUE_LEDGER:
    case DUE_NOTHING:
        break;
    }
    return settled(settling);
}
