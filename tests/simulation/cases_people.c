/* Policy, which says what it likes in versions without a gap; people, and those who pretend to be
 * them; settlement, whose payouts fail; and the merchant, who changes the rules. */

#include "cases.h"

#include <string.h>

enum { ASSESSED_MAX = 24, SHARES_MAX = 4, TRIES = 8 };

/* Of a run: anything; what needs nobody; or few people with much to approve, who come to the limit
 * of their day. */
enum mood { MOOD_ANY, MOOD_SMALL, MOOD_LARGE, MOODS };

static struct {
    enum mood mood;
    const struct cases_input *assessed[DESK_ORDERS][DESK_REFUNDS][ASSESSED_MAX];
    int64_t assessed_count[DESK_ORDERS][DESK_REFUNDS];
    struct approval_share shares[DESK_ORDERS][DESK_REFUNDS][SHARES_MAX]; /* that may be paid */
    size_t share_count[DESK_ORDERS][DESK_REFUNDS];
    int64_t payouts[DESK_ORDERS][DESK_REFUNDS], failed_minor[DESK_ORDERS][DESK_REFUNDS];
    int64_t closings[DESK_ORDERS][DESK_REFUNDS];
} people;

static const struct coverage PAYMENTS[CASES_PAYMENTS] = {{"pay_0", 600000}, {"pay_1", 2400000}};

void cases_people_begin(void)
{
    memset(&people, 0, sizeof people);
    people.mood = (enum mood)sim_random(MOODS);
}

const struct assessed *cases_assessed(int order, int refund, int64_t version)
{
    return &people.assessed[order][refund][version - 1]->assessed;
}

int64_t cases_failed_minor(int order, int refund)
{
    return people.failed_minor[order][refund];
}

void cases_hear(int order, int refund, const struct cases_said *said)
{
    const struct routing_answer *answer = &said->answer;
    if (answer->status != ROUTED_APPROVED)
        return;
    size_t *count = &people.share_count[order][refund];
    for (size_t i = 0; i < answer->share_count && *count < SHARES_MAX; i++)
        people.shares[order][refund][(*count)++] = answer->shares[i];
}

/* Policy. */

static enum assessed_status any_assessment(void)
{
    uint64_t dice = people.mood != MOOD_ANY && sim_chance(700) ? 0 : sim_random(100);
    return dice < 45   ? ASSESSED_COMPLIANT
           : dice < 72 ? ASSESSED_EXCEPTION
           : dice < 84 ? ASSESSED_DECLINED
           : dice < 96 ? ASSESSED_NEEDS_INFO
                       : ASSESSED_CANCEL_REQUESTED;
}

static const char *requester_of(int refund)
{
    static const char *const REQUESTERS[] = {"customer", "agent", "customer", "bob"};
    return REQUESTERS[refund % 4];
}

static int64_t any_amount(void)
{
    static const int64_t AMOUNTS[] = {1, 9000, 25000, 25001, 30001, 250001, 700000, 1000001};
    if (people.mood == MOOD_LARGE && sim_chance(800))
        return sim_chance(700) ? 200000 : 1000001;
    return AMOUNTS[sim_random(people.mood == MOOD_SMALL ? 3 : 8)];
}

static struct assessed any_assessed(int refund, int64_t version)
{
    static const char *const OUTCOMES[] = {"", "COMPLIANT", "EXCEPTION", "DECLINED", "NEEDS_INFO"};
    static const char *const REASONS[] = {"RETURN_WINDOW"};
    static const int32_t METHODS[] = {METHOD_ORIGINAL, METHOD_STORE_CREDIT, METHOD_BANK_TRANSFER};
    enum assessed_status status = any_assessment();
    bool appeal = version > 1 && sim_chance(300);
    int64_t minor = any_amount();
    struct assessed assessed = {.version = version,
                                .status = status,
                                .appeal = appeal,
                                .minor = minor,
                                .currency = sim_chance(850) ? "GBP" : "CHF",
                                .method =
                                    sim_chance(850) ? METHOD_ORIGINAL : METHODS[sim_random(3)],
                                .methods = METHODS,
                                .method_count = 3,
                                .payments = PAYMENTS,
                                .payment_count = 1 + (size_t)sim_random(2),
                                .requester = requester_of(refund),
                                .appealed_by = !appeal           ? ""
                                               : sim_chance(500) ? "customer"
                                                                 : "cat",
                                .answered_by = sim_chance(900) ? ""
                                                               : "customer\x1f"
                                                                 "cat",
                                .reasons = REASONS,
                                .reason_count = status == ASSESSED_EXCEPTION};
    assessed.facts =
        (struct route_facts){.minor = minor,
                             .currency = assessed.currency,
                             .outcome = status == ASSESSED_CANCEL_REQUESTED ? "" : OUTCOMES[status],
                             .channel = sim_chance(970) ? "WEB" : NULL,
                             .market = "GB",
                             .refunds_last_year = -1};
    return assessed;
}

static bool assess(int order, int refund, bool cancel)
{
    int64_t *count = &people.assessed_count[order][refund];
    if (*count == ASSESSED_MAX || (*count == ASSESSED_MAX - 1 && !cancel))
        return false;
    struct cases_input *input = arena_zalloc(desk.arena, sizeof *input);
    input->kind = CASES_ASSESSED;
    input->refund = refund;
    input->assessed = any_assessed(refund, *count + 1);
    if (cancel)
        input->assessed.status = ASSESSED_CANCEL_REQUESTED;
    input->product =
        (struct auto_product){sim_chance(500) ? "sku-0" : "sku-1", input->assessed.minor};
    people.assessed[order][refund][(*count)++] = input;
    sim_say("%s is assessed: %d%s, %lld", desk_refund_id(order, refund),
            (int)input->assessed.status, input->assessed.appeal ? " after an appeal" : "",
            (long long)input->assessed.minor);
    desk_append(CASES_ASSESSED, order, input, sizeof *input);
    return true;
}

/* People. */

static enum verdict any_verdict(void)
{
    static const struct {
        enum verdict verdict;
        unsigned often;
    } VERDICTS[] = {{VERDICT_APPROVE, 46},    {VERDICT_APPROVE_REDUCED, 8}, {VERDICT_DECLINE, 7},
                    {VERDICT_ASK, 5},         {VERDICT_RECOMMEND, 16},      {VERDICT_TAKE, 6},
                    {VERDICT_GIVE_BACK, 3},   {VERDICT_COMMENT, 3},         {VERDICT_LIFT, 2},
                    {VERDICT_VERIFY_PAYEE, 4}};
    unsigned dice = (unsigned)sim_random(100), at = 0;
    while (dice >= VERDICTS[at].often)
        dice -= VERDICTS[at++].often;
    return VERDICTS[at].verdict;
}

static enum person_role any_role(const struct roster_person *person, enum verdict verdict)
{
    static const enum person_role ROLES[] = {PERSON_FINANCE, PERSON_APPROVER,
                                             PERSON_POLICY_REVIEWER, PERSON_SERVICE_AGENT};
    if (sim_chance(80))
        return ROLES[sim_random(4)];
    size_t from = (size_t)sim_random(2);
    for (size_t i = 0; i < 4; i++) {
        enum person_role role = ROLES[(from + i) % 4];
        if ((person->roles >> role & 1u) != 0 && role_may(role, verdict))
            return role;
    }
    return PERSON_APPROVER;
}

/* By the key of the actor, of a program that vouches for some, or by what is neither. */
static void sign(struct decision *decision, const struct roster_person *actor)
{
    uint8_t *signature = arena_alloc(desk.arena, 2);
    size_t size = strlen(decision->decision_id);
    bool vouched = sim_chance(strchr("bce", actor->id[0]) != NULL ? 200 : 10);
    bool forged = sim_chance(40);
    decision->key_id = vouched ? "desk-1" : actor->key.key_id;
    signature[0] = vouched ? 100 : actor->key.bytes[0];
    signature[1] = (uint8_t)decision->decision_id[size - 1];
    if (forged && sim_chance(500))
        signature[sim_random(2)]++;
    else if (forged)
        decision->key_id = sim_chance(500) ? "key-dan" : "";
    decision->signed_bytes = (const uint8_t *)decision->decision_id;
    decision->signed_size = size;
    decision->signature = signature;
    decision->signature_size = forged && sim_chance(200) ? 0 : 2;
}

static int64_t any_time(void)
{
    int64_t now_us = desk_database_us();
    if (sim_chance(50))
        return now_us - (int64_t)sim_random(26 * 3600) * DESK_SECOND_US;
    return sim_chance(50) ? now_us + (int64_t)sim_random(600) * DESK_SECOND_US : now_us;
}

static void reduce(struct decision *decision, const struct routing_case *subject)
{
    decision->has_amount = sim_chance(800);
    decision->minor = subject->minor / (1 + (int64_t)sim_random(3)) - sim_chance(300);
    decision->currency = sim_chance(950) ? subject->currency : "EUR";
    decision->method = sim_chance(300) ? 1 + (int32_t)sim_random(4) : 0;
}

static struct decision decision_about(const struct routing_case *subject,
                                      const struct roster_person *actor, enum verdict verdict)
{
    struct decision decision = {.decision_id = sim_chance(30) ? "d_0" : desk_name("d"),
                                .case_id = subject->case_id,
                                .case_version = subject->version,
                                .subject_hash = arena_strdup(desk.arena, subject->subject_hash),
                                .actor_id = actor->id,
                                .on_behalf_of = "",
                                .role = any_role(actor, verdict),
                                .verdict = verdict,
                                .currency = "",
                                .note = "",
                                .payee = verdict == VERDICT_VERIFY_PAYEE ? "account-7" : "",
                                .occurred_us = desk_database_us()};
    if (verdict == VERDICT_RECOMMEND)
        decision.recommended = VERDICT_APPROVE;
    return decision;
}

/* Some of it is late, about what has changed since, or in the name of somebody else. */
static void spoil(struct decision *decision, const struct roster *roster)
{
    static const char *const HOLDERS[] = {"cat", "dan", "agent"};
    decision->occurred_us = any_time();
    if (sim_chance(60))
        decision->case_version--;
    if (sim_chance(20))
        decision->subject_hash = "";
    if (sim_chance(20))
        decision->case_id = "c_none";
    if (!sim_chance(120))
        return;
    decision->on_behalf_of = HOLDERS[sim_random(3)];
    decision->role = any_role(cases_person_of(roster, decision->on_behalf_of), decision->verdict);
}

static void tell_decision(int order, int refund, const struct decision *decision)
{
    struct cases_input *input = arena_zalloc(desk.arena, sizeof *input);
    input->kind = CASES_DECISIONS;
    input->refund = refund;
    input->decision = *decision;
    sim_say("%s says %d about %s, case version %lld", decision->actor_id, (int)decision->verdict,
            desk_refund_id(order, refund), (long long)decision->case_version);
    desk_append(CASES_DECISIONS, order, input, sizeof *input);
}

static bool suits(const struct roster_person *person, const struct routing_case *subject,
                  enum verdict verdict)
{
    unsigned roles = 0;
    for (int role = PERSON_CUSTOMER; role <= PERSON_SYSTEM; role++)
        roles |= role_may((enum person_role)role, verdict) ? 1u << role : 0;
    bool approves = verdict == VERDICT_APPROVE || verdict == VERDICT_APPROVE_REDUCED;
    return (person->roles & roles) != 0 && (!approves || person->level >= subject->level);
}

/* Mostly one whose role it is. */
static const struct roster_person *
any_actor(const struct roster *roster, const struct routing_case *subject, enum verdict verdict)
{
    const struct roster_person *actor = NULL;
    for (int i = 0; i < TRIES; i++) {
        bool few = people.mood == MOOD_LARGE && sim_chance(800); /* bob, cat, dan, eve */
        int number = few ? 2 + (int)sim_random(4) : (int)sim_random(CASES_PEOPLE);
        actor = cases_person_of(roster, cases_person(number));
        if (suits(actor, subject, verdict) || sim_chance(60))
            break;
    }
    return actor;
}

static bool decide(int order, int refund)
{
    const struct routing_refund *row = cases_refund(&cases.saved[order], order, refund);
    if (row == NULL || row->latest == NULL || (row->state != STATE_OPEN && !sim_chance(50)))
        return false;
    const struct roster *roster = &cases_rosters[sim_random(2)];
    if (sim_chance(900))
        roster = cases.rules.roster != NULL ? cases.rules.roster : roster;
    enum verdict verdict = any_verdict();
    const struct roster_person *actor = any_actor(roster, row->latest, verdict);
    struct decision decision = decision_about(row->latest, actor, verdict);
    if (decision.verdict == VERDICT_APPROVE_REDUCED)
        reduce(&decision, row->latest);
    spoil(&decision, roster);
    sign(&decision, actor);
    tell_decision(order, refund, &decision);
    return true;
}

/* Settlement. */

static bool fail_payout(int order, int refund)
{
    size_t *count = &people.share_count[order][refund];
    if (*count == 0)
        return false;
    struct cases_input *input = arena_zalloc(desk.arena, sizeof *input);
    struct approval_share share = people.shares[order][refund][--*count];
    const struct assessed *assessed =
        cases_assessed(order, refund, people.assessed_count[order][refund]);
    input->kind = CASES_PAYOUTS;
    input->refund = refund;
    input->payout = (struct failed_payout){.version = ++people.payouts[order][refund],
                                           .fallback = sim_chance(600),
                                           .payment_id = share.payment_id,
                                           .minor = share.minor,
                                           .currency = assessed->currency};
    if (input->payout.fallback)
        people.failed_minor[order][refund] += share.minor;
    sim_say("%lld of %s cannot be paid%s", (long long)share.minor, desk_refund_id(order, refund),
            input->payout.fallback ? " that way" : "");
    desk_append(CASES_PAYOUTS, order, input, sizeof *input);
    return true;
}

/* The merchant. */

static void change_rules(void)
{
    struct routing_rules *rules = &cases.rules;
    uint64_t dice = sim_random(10);
    if (rules->roster == NULL || rules->router == NULL || dice < 1) {
        rules->router = rules->router == NULL || sim_chance(500) ? &cases_router : NULL;
        rules->roster = rules->roster == NULL || sim_chance(700) ? &cases_rosters[0] : NULL;
    } else if (dice < 4)
        rules->router = NULL;
    else if (dice < 7)
        rules->roster = &cases_rosters[rules->roster == &cases_rosters[0]];
    else
        rules->limits = rules->limits == NULL ? &cases_limits : NULL;
    sim_say("the rules change: model %d, roster %d, limits %d", rules->router != NULL,
            rules->roster == NULL ? -1 : rules->roster == &cases_rosters[1], rules->limits != NULL);
}

/* Coming to rest: what is open is declined by one after the other, and then taken back. */

static bool all_read(void)
{
    for (int s = 0; s < DESK_SHARDS; s++)
        for (int t = 0; t < CASES_TOPICS; t++)
            if (desk.shards[s].next[t] < desk.logs[s][t].count)
                return false;
    return true;
}

static bool close_case(int order, int refund)
{
    const struct routing_refund *row = cases_refund(&cases.saved[order], order, refund);
    if (row == NULL || (row->state != STATE_OPEN && row->state != STATE_HELD))
        return false;
    const struct roster_person *actor = NULL;
    int64_t *next = &people.closings[order][refund];
    while (*next < CASES_PEOPLE && (actor == NULL || !suits(actor, row->latest, VERDICT_DECLINE)))
        actor = cases_person_of(cases.rules.roster, cases_person((int)(*next)++));
    if (actor == NULL || row->state == STATE_HELD)
        return assess(order, refund, true);
    struct decision decision = decision_about(row->latest, actor, VERDICT_DECLINE);
    sign(&decision, actor);
    tell_decision(order, refund, &decision);
    return true;
}

static bool come_to_rest(void)
{
    cases.rules.router = &cases_router;
    cases.rules.roster = &cases_rosters[1];
    if (!all_read())
        return false;
    for (int i = 0; i < DESK_ORDERS * DESK_REFUNDS; i++)
        if (close_case(i / DESK_REFUNDS, i % DESK_REFUNDS))
            return true;
    return false;
}

bool cases_act(void)
{
    uint64_t dice = sim_random(1000);
    if (desk.calm)
        return come_to_rest();
    if (dice < 15) {
        change_rules();
        return true;
    }
    for (int i = 0; i < TRIES; i++) {
        int order = (int)sim_random(DESK_ORDERS), refund = (int)sim_random(DESK_REFUNDS);
        if (dice < 220   ? assess(order, refund, false)
            : dice < 900 ? decide(order, refund)
                         : fail_payout(order, refund))
            return true;
    }
    return false;
}
