/* Policy, routing and settlement, as intake hears of them: a refund is assessed, decided and paid,
 * each by what was said until then, and each in its own time. */

#include "claims.h"

#include <string.h>

enum phase {
    PHASE_NONE,
    PHASE_ROUTE, /* people decide */
    PHASE_WAIT,  /* for an answer of the customer */
    PHASE_DECLINED,
    PHASE_EXPIRED,
    PHASE_PAY,
    PHASE_ENDED
};

struct payout {
    const char *payout_id;
    int64_t minor;
    bool ended, succeeded;
};

struct later {
    enum phase phase;
    int64_t heard, heard_round; /* versions of intake's: of the last, and of the last assessment */
    bool pending, appeal;       /* an assessment is due */
    bool cancel;
    int64_t round, claim_minor; /* that policy has seen */
    bool goods_told;
    int64_t versions[LATER_COUNT];
    struct payout payouts[CLAIMS_PAYOUTS];
    int payout_count, payouts_ended;
};

static struct later laters[DESK_ORDERS][DESK_REFUNDS];

void claims_later_begin(void)
{
    memset(laters, 0, sizeof laters);
}

int64_t claims_later_paid(int order, int refund)
{
    const struct later *later = &laters[order][refund];
    int64_t minor = 0;
    for (int i = 0; i < later->payout_count; i++)
        minor += later->payouts[i].succeeded ? later->payouts[i].minor : 0;
    return minor;
}

/* Nothing more may be claimed while money may be on its way. */
static void hear_validated(struct later *later, int order, int refund,
                           const struct claims_said *said)
{
    if (said->claim_minor <= 0)
        sim_violate("claimed: %s goes on, and claims nothing", desk_refund_id(order, refund));
    if (later->phase >= PHASE_PAY) {
        if (said->claim_minor != later->claim_minor && later->phase == PHASE_PAY)
            sim_violate("claimed: the claim of %s changes while it is paid",
                        desk_refund_id(order, refund));
        return;
    }
    later->pending = true;
    later->heard_round = later->heard;
    later->claim_minor = said->claim_minor < 1 ? 1 : said->claim_minor;
    later->appeal = said->appeal;
}

void claims_later_hear(int order, int refund, int64_t version, const struct claims_said *said)
{
    struct later *later = &laters[order][refund];
    later->heard = version;
    if (said->status == ANSWER_VALIDATED)
        hear_validated(later, order, refund, said);
    if (said->status == ANSWER_CANCEL_REQUESTED)
        later->cancel = true;
}

/* What they say. */

static void tell(int order, int refund, struct outcome_seen *seen)
{
    static const struct {
        enum later_stage stage;
        enum claims_topic topic;
    } SAID_BY[OUTCOME_COUNT] = {
#define STAGE_ASSESSED {LATER_ASSESSED, CLAIMS_ASSESSED}
#define STAGE_ROUTED                \
    {                               \
        LATER_ROUTED, CLAIMS_ROUTED \
    }
#define STAGE_PAYOUTS                      \
    {                                      \
        LATER_PAYOUTS, CLAIMS_PAYOUTS_SAID \
    }
#define X(stage, theirs, ours, claim) STAGE_##stage,
        OUTCOME_ROWS(X)
#undef X
    };
    seen->refund_id = desk_refund_id(order, refund);
    seen->version = ++laters[order][refund].versions[SAID_BY[seen->outcome].stage];
    struct input input = {
        .kind = INPUT_OUTCOME, .occurred_at_us = sim_run.now_us, .outcome = *seen};
    sim_say("later: %s comes to outcome %d", seen->refund_id, (int)seen->outcome);
    desk_append(SAID_BY[seen->outcome].topic, order, &input, sizeof input);
}

static void tell_judgement(int order, int refund, enum outcome outcome)
{
    const struct later *later = &laters[order][refund];
    tell(order, refund,
         &(struct outcome_seen){.outcome = outcome,
                                .round = later->round,
                                .appeal = later->appeal && outcome == OUTCOME_ASSESSED_DECLINED,
                                .payout_id = ""});
}

static void assess(struct later *later, int order, int refund)
{
    uint64_t dice = sim_random(100);
    later->pending = false;
    later->round = later->heard_round;
    if (dice < 60 || later->appeal) {
        later->phase = PHASE_ROUTE;
        if (dice >= 60)
            tell_judgement(order, refund, OUTCOME_ASSESSED_DECLINED);
        return;
    }
    later->phase = dice < 80 ? PHASE_DECLINED : PHASE_WAIT;
    tell_judgement(order, refund,
                   dice < 80 ? OUTCOME_ASSESSED_DECLINED : OUTCOME_ASSESSED_NEEDS_INFO);
}

static void approve(struct later *later)
{
    int64_t minor = sim_chance(300) ? 1 + (int64_t)sim_random((uint64_t)later->claim_minor)
                                    : later->claim_minor;
    int64_t first = minor > 1 && sim_chance(400) ? minor / 2 : minor;
    later->phase = PHASE_PAY;
    later->payout_count = first < minor ? 2 : 1;
    later->payouts[0] = (struct payout){.payout_id = desk_name("po"), .minor = first};
    later->payouts[1] = (struct payout){.payout_id = desk_name("po"), .minor = minor - first};
}

static void decide(struct later *later, int order, int refund)
{
    uint64_t dice = sim_random(100);
    if (dice < 60) {
        approve(later);
        return;
    }
    later->phase = dice < 80 ? PHASE_DECLINED : PHASE_WAIT;
    tell_judgement(order, refund, dice < 80 ? OUTCOME_ROUTED_DECLINED : OUTCOME_ROUTED_NEEDS_INFO);
}

/* Settlement. */

static void tell_payout(struct later *later, int order, int refund, enum outcome outcome, int nth)
{
    tell(order, refund,
         &(struct outcome_seen){.outcome = outcome,
                                .payout_id = nth < 0 ? "" : later->payouts[nth].payout_id,
                                .minor = nth < 0 ? 0 : later->payouts[nth].minor,
                                .payouts_total = later->payout_count,
                                .payouts_ended = later->payouts_ended});
}

/* Not all of it was accepted: told with the amount as it was, and then less is paid. */
static void release_units(struct later *later, int order, int refund)
{
    struct line_units *released = arena_array(desk.arena, 1, sizeof *released);
    *released = (struct line_units){claims_line_id((int)sim_random(CLAIMS_LINES)), 1};
    tell(order, refund,
         &(struct outcome_seen){.outcome = OUTCOME_PAYOUTS_AWAITING_GOODS,
                                .payout_id = later->payouts[0].payout_id,
                                .minor = later->payouts[0].minor,
                                .payouts_total = later->payout_count,
                                .payouts_ended = later->payouts_ended,
                                .returned = released,
                                .returned_count = 1});
    for (int i = 0; i < later->payout_count; i++)
        later->payouts[i].minor -= later->payouts[i].minor / 3;
}

/* At the moment of a payment the money must be claimed, whatever intake has heard by then. */
static void check_claimed(int order, int number, int64_t minor)
{
    const struct refund *refund = claims_refund(order, number);
    if (refund == NULL || !refund->holds || refund->claim_minor < minor)
        sim_violate("paid: %s is paid, and that money is not claimed",
                    desk_refund_id(order, number));
}

static void end_payout(struct later *later, int order, int refund)
{
    static const enum outcome FAILED[] = {OUTCOME_PAYOUTS_FAILED, OUTCOME_PAYOUTS_REFUSED,
                                          OUTCOME_PAYOUTS_CANCELLED};
    struct payout *payout = &later->payouts[later->payouts_ended];
    int nth = later->payouts_ended++;
    payout->ended = true;
    payout->succeeded = sim_chance(800);
    if (payout->succeeded)
        check_claimed(order, refund, claims_later_paid(order, refund));
    if (later->payouts_ended == later->payout_count)
        later->phase = PHASE_ENDED;
    tell_payout(later, order, refund,
                payout->succeeded ? OUTCOME_PAYOUTS_SUCCEEDED : FAILED[sim_random(3)], nth);
}

/* As long as nothing was paid; then it is too late. */
static void cancel(struct later *later, int order, int refund)
{
    later->cancel = false;
    if (later->phase == PHASE_ENDED || later->payouts_ended > 0)
        return;
    later->phase = PHASE_ENDED;
    later->pending = false;
    later->payouts_ended = later->payout_count;
    tell_payout(later, order, refund, OUTCOME_PAYOUTS_CANCELLED, later->payout_count == 1 ? 0 : -1);
}

static bool pay(struct later *later, int order, int refund)
{
    bool first = !later->goods_told && later->payouts_ended == 0;
    later->goods_told = true;
    if (first && sim_chance(300))
        tell_payout(later, order, refund, OUTCOME_PAYOUTS_AWAITING_GOODS, 0);
    else if (first && sim_chance(200))
        release_units(later, order, refund);
    else
        end_payout(later, order, refund);
    return true;
}

/* A bank returns the money, weeks after. */
static bool fail_late(struct later *later, int order, int refund)
{
    if (later->phase != PHASE_ENDED || later->payout_count == 0 || desk.calm || !sim_chance(10))
        return false;
    int nth = (int)sim_random((uint64_t)later->payout_count);
    if (!later->payouts[nth].succeeded)
        return false;
    later->payouts[nth].succeeded = false;
    tell_payout(later, order, refund, OUTCOME_PAYOUTS_FAILED, nth);
    return true;
}

bool claims_later_act(int order, int refund)
{
    struct later *later = &laters[order][refund];
    if (later->cancel && (desk.calm || sim_chance(500)))
        cancel(later, order, refund);
    else if (later->pending && later->phase < PHASE_PAY && (desk.calm || sim_chance(700)))
        assess(later, order, refund);
    else if (later->phase == PHASE_ROUTE)
        decide(later, order, refund);
    else if (later->phase == PHASE_WAIT && (desk.calm || sim_chance(300))) {
        later->phase = PHASE_EXPIRED;
        tell_judgement(order, refund, OUTCOME_ROUTED_EXPIRED);
    } else if (later->phase == PHASE_PAY)
        return pay(later, order, refund);
    else
        return fail_late(later, order, refund);
    return true;
}
