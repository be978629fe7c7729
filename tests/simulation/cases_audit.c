/* The promises of routing, by books that share no code with it. */

#include "cases.h"

#include <stdio.h>
#include <string.h>

enum { DAYS_MAX = 1024, CASES_KEPT = ROUTING_CASES_MAX + 1, HOURS_MAX = 4096 };

struct day {
    const char *person, *currency;
    int64_t day, minor;
};

static struct {
    struct day days[DAYS_MAX];
    size_t day_count;
    int64_t whole_approvals[DESK_ORDERS][DESK_REFUNDS];
    int64_t fallback_minor[DESK_ORDERS][DESK_REFUNDS];
    bool declined[DESK_ORDERS][DESK_REFUNDS], cancelled[DESK_ORDERS][DESK_REFUNDS];
    uint64_t closed[DESK_ORDERS][DESK_REFUNDS][CASES_KEPT];
} books;

void cases_audit_begin(void)
{
    memset(&books, 0, sizeof books);
}

/* Who may. */

static bool has_role(const struct roster_person *person, enum person_role role)
{
    return (person->roles & 1u << role) != 0;
}

static int64_t limit_of(const struct roster_limits *limits, const char *currency)
{
    for (size_t i = 0; i < limits->count; i++)
        if (strcmp(limits->items[i].currency, currency) == 0)
            return limits->items[i].minor;
    return -1;
}

static bool within(struct roster_period period, int64_t at_us)
{
    return at_us >= period.from_us && at_us < period.until_us;
}

static bool delegated(const struct roster_person *holder, const char *actor_id, int64_t at_us)
{
    for (size_t i = 0; i < holder->delegate_count; i++)
        if (strcmp(holder->delegates[i].person_id, actor_id) == 0 &&
            within(holder->delegates[i].during, at_us))
            return true;
    return false;
}

static bool absent(const struct roster_person *person, int64_t at_us)
{
    for (size_t i = 0; i < person->absence_count; i++)
        if (within(person->absences[i], at_us))
            return true;
    return false;
}

static bool vouched(const struct roster *roster, const char *actor_id)
{
    for (size_t i = 0; i < roster->applications[0].person_count; i++)
        if (strcmp(roster->applications[0].people[i], actor_id) == 0)
            return true;
    return false;
}

/* The second byte is of what is signed, the first of the key. */
static bool signed_by(const struct roster *roster, const struct roster_person *actor,
                      const struct decision *decision)
{
    bool own = strcmp(decision->key_id, actor->key.key_id) == 0;
    bool desk_vouches = strcmp(decision->key_id, "desk-1") == 0 && vouched(roster, actor->id);
    uint8_t key = own ? actor->key.bytes[0] : 100;
    return (own || desk_vouches) && decision->signature_size == 2 &&
           decision->signature[0] == key &&
           decision->signature[1] ==
               (uint8_t)decision->decision_id[strlen(decision->decision_id) - 1];
}

static void check_person(const struct cases_said *said, const struct decision *decision)
{
    const struct roster *roster = said->rules.roster;
    const struct roster_person *actor = cases_person_of(roster, decision->actor_id);
    const struct roster_person *holder =
        decision->on_behalf_of[0] == '\0' ? actor : cases_person_of(roster, decision->on_behalf_of);
    if (actor == NULL || holder == NULL || !signed_by(roster, actor, decision))
        sim_violate("genuine: what %s is said to have said is taken", decision->actor_id);
    else if (!has_role(holder, decision->role))
        sim_violate("authority: %s has no such role", decision->actor_id);
    else if (holder != actor && !delegated(holder, actor->id, decision->occurred_us))
        sim_violate("authority: %s is nobody's delegate", decision->actor_id);
    else if (absent(actor, decision->occurred_us))
        sim_violate("authority: %s is not there", decision->actor_id);
}

static bool is_them(const struct decision *decision, const char *person_id)
{
    return person_id[0] != '\0' && (strcmp(decision->actor_id, person_id) == 0 ||
                                    strcmp(decision->on_behalf_of, person_id) == 0);
}

static bool is_answerer(const struct decision *decision, const char *answered_by)
{
    char names[64];
    char *rest = NULL;
    (void)snprintf(names, sizeof names, "%s", answered_by);
    for (const char *name = strtok_r(names, "\x1f", &rest); name != NULL;
         name = strtok_r(NULL, "\x1f", &rest))
        if (is_them(decision, name))
            return true;
    return false;
}

static void check_request(const struct routing_refund *refund, const struct decision *decision)
{
    if (is_them(decision, refund->requester) || is_them(decision, refund->appealed_by) ||
        is_answerer(decision, refund->answered_by))
        sim_violate("own: %s decides what they asked for", decision->actor_id);
}

/* The case as the decision found it: the level only moves with time. */
static void check_limits(const struct cases_said *said, const struct routing_refund *refund,
                         const struct decision *decision)
{
    const struct roster_person *holder = cases_person_of(
        said->rules.roster,
        decision->on_behalf_of[0] == '\0' ? decision->actor_id : decision->on_behalf_of);
    const struct routing_case *subject = refund->latest;
    if (holder == NULL)
        return;
    if (decision->role != PERSON_APPROVER && decision->role != PERSON_FINANCE)
        sim_violate("authority: %s approves without such a role", decision->actor_id);
    if (holder->level < subject->level || (subject->level == 3 && decision->role != PERSON_FINANCE))
        sim_violate("authority: %s approves at level %d", decision->actor_id, (int)subject->level);
    if (said->minor > limit_of(&holder->per_refund, subject->currency))
        sim_violate("limits: %s approves %lld", decision->actor_id, (long long)said->minor);
    if (subject->method == METHOD_BANK_TRANSFER && decision->role != PERSON_FINANCE)
        sim_violate("authority: %s approves a bank transfer", decision->actor_id);
}

static bool approves(enum verdict verdict)
{
    return verdict == VERDICT_APPROVE || verdict == VERDICT_APPROVE_REDUCED;
}

static bool says_something(enum verdict verdict)
{
    return verdict == VERDICT_RECOMMEND || verdict == VERDICT_DECLINE || approves(verdict);
}

/* What is approved. */

static const struct kept_decision *last_kept(const struct routing_refund *refund)
{
    const struct kept_decision *kept = refund->decisions;
    while (kept != NULL && kept->next != NULL)
        kept = kept->next;
    return kept;
}

static bool counts(const struct kept_decision *kept, const struct routing_case *subject)
{
    return kept->refusal == REFUSAL_NONE && kept->ordinal == subject->ordinal &&
           kept->result_version >= subject->renewed_version;
}

/* Whoever is behind it: actor, or whose authority it is. */
static bool same_people(const struct kept_decision *a, const struct kept_decision *b)
{
    return strcmp(a->actor_id, b->actor_id) == 0 || strcmp(a->actor_id, b->on_behalf_of) == 0 ||
           strcmp(a->on_behalf_of, b->actor_id) == 0 ||
           (a->on_behalf_of[0] != '\0' && strcmp(a->on_behalf_of, b->on_behalf_of) == 0);
}

static void check_distinct(const struct routing_refund *refund)
{
    const struct routing_case *subject = refund->latest;
    int32_t approvals = 0, reviews = 0;
    for (const struct kept_decision *a = refund->decisions; a != NULL; a = a->next) {
        /* A reduction voids what was said, and is of what was looked at. */
        reviews += a->refusal == REFUSAL_NONE && a->ordinal == subject->ordinal &&
                   a->verdict == VERDICT_RECOMMEND;
        if (!counts(a, subject) || !says_something(a->verdict))
            continue;
        approvals += approves(a->verdict);
        for (const struct kept_decision *b = a->next; b != NULL; b = b->next)
            if (counts(b, subject) && says_something(b->verdict) && same_people(a, b))
                sim_violate("distinct: %s and %s are counted twice", a->actor_id, b->actor_id);
    }
    if (approvals < subject->approvers)
        sim_violate("distinct: %d of %d approve", (int)approvals, (int)subject->approvers);
    if (subject->exception && reviews == 0)
        sim_violate("reviewed: an exception is approved that nobody looked at");
}

/* In an appeal, nobody who had a part in what it is about. */
static void check_appeal(const struct routing_refund *refund)
{
    const struct routing_case *subject = refund->latest;
    for (const struct kept_decision *a = refund->decisions; subject->appeal && a != NULL;
         a = a->next) {
        if (!counts(a, subject) || !approves(a->verdict))
            continue;
        for (const struct kept_decision *b = refund->decisions; b != a; b = b->next)
            if (b->refusal == REFUSAL_NONE && b->ordinal > 0 && b->ordinal < subject->ordinal &&
                says_something(b->verdict) && same_people(a, b))
                sim_violate("distinct: %s decides an appeal against themselves", a->actor_id);
    }
}

static int64_t captured(const struct assessed *assessed, const char *payment_id)
{
    for (size_t i = 0; i < assessed->payment_count; i++)
        if (strcmp(assessed->payments[i].payment_id, payment_id) == 0)
            return assessed->payments[i].minor;
    return -1;
}

static void check_money(const struct routing_refund *refund, const struct cases_said *said,
                        bool fallback)
{
    const struct routing_answer *answer = &said->answer;
    int64_t sum = 0;
    for (size_t i = 0; i < answer->share_count; i++) {
        sum += answer->shares[i].minor;
        if (answer->shares[i].minor <= 0 ||
            (!fallback &&
             answer->shares[i].minor > captured(refund->assessed, answer->shares[i].payment_id)))
            sim_violate("money: more than was captured of %s is approved",
                        answer->shares[i].payment_id);
    }
    if (sum != answer->minor || sum <= 0)
        sim_violate("money: %lld is approved as %lld", (long long)answer->minor, (long long)sum);
    if (!fallback && answer->minor > refund->assessed->minor)
        sim_violate("money: %lld is approved of %lld", (long long)answer->minor,
                    (long long)refund->assessed->minor);
}

static void check_automatic(int order, const struct routing_refund *refund,
                            const struct cases_said *said)
{
    const struct assessed *assessed = refund->assessed;
    (void)order;
    if (assessed->status != ASSESSED_COMPLIANT || assessed->appeal || refund->case_count > 0 ||
        refund->declined || assessed->method == METHOD_BANK_TRANSFER || assessed->minor > 25000 ||
        said->rules.router == NULL || said->answer.approver_count > 0)
        sim_violate("automatic: %s is approved without people", refund->refund_id);
}

static void check_approval(int order, const struct routing_refund *refund,
                           const struct cases_said *said)
{
    bool fallback = !said->answer.automatic && refund->latest->fallback;
    check_money(refund, said, fallback);
    if (said->answer.automatic) {
        check_automatic(order, refund, said);
        return;
    }
    check_distinct(refund);
    check_appeal(refund);
    if ((int32_t)said->answer.approver_count < refund->latest->approvers)
        sim_violate("distinct: an approval names fewer people than it needs");
}

static const struct decision *taken(const struct cases_said *said)
{
    const struct cases_input *input = said->event->body;
    return input != NULL && input->kind == CASES_DECISIONS && said->status == STATUS_OK &&
                   said->answer.refusal == REFUSAL_NONE
               ? &input->decision
               : NULL;
}

void cases_audit_decided(int order, const struct routing_order *rows, const struct cases_said *said)
{
    const struct cases_input *input = said->event->body;
    const struct routing_refund *refund =
        cases_refund(rows, order, input == NULL ? said->event->refund : input->refund);
    const struct decision *decision = taken(said);
    if (decision != NULL && refund == NULL) {
        sim_violate("authority: a decision about nothing is taken");
        return;
    }
    if (decision != NULL) {
        check_person(said, decision);
        check_request(refund, decision);
        if (approves(decision->verdict))
            check_limits(said, refund, decision);
        if (last_kept(refund) == NULL ||
            strcmp(last_kept(refund)->decision_id, decision->decision_id) != 0)
            sim_violate("kept: a decision is taken and not kept");
    }
    if (said->answer.status == ROUTED_APPROVED)
        check_approval(order, refund, said);
    if (said->answer.refusal != REFUSAL_NONE && said->answer.status != ROUTED_NOTHING)
        sim_violate("authority: what is refused has an effect");
}

/* What was saved. */

static void add_day(const struct cases_said *said, const struct decision *decision)
{
    const char *currency = said->currency;
    const char *person =
        decision->on_behalf_of[0] == '\0' ? decision->actor_id : decision->on_behalf_of;
    int64_t day = decision->occurred_us / DESK_DAY_US;
    const struct roster_person *holder = cases_person_of(said->rules.roster, person);
    size_t i = 0;
    while (i < books.day_count &&
           (books.days[i].day != day || strcmp(books.days[i].person, person) != 0 ||
            strcmp(books.days[i].currency, currency) != 0))
        i++;
    if (i == DAYS_MAX || holder == NULL)
        return;
    if (i == books.day_count)
        books.days[books.day_count++] = (struct day){person, currency, day, 0};
    books.days[i].minor += said->minor;
    if (books.days[i].minor > limit_of(&holder->per_day, currency))
        sim_violate("limits: %s approves %lld of %s on one day", person,
                    (long long)books.days[i].minor, currency);
}

static void count_approval(int order, int refund, const struct cases_said *said)
{
    bool fallback = !said->answer.automatic && said->fallback;
    if (fallback)
        books.fallback_minor[order][refund] += said->answer.minor;
    else
        books.whole_approvals[order][refund]++;
    if (books.whole_approvals[order][refund] > 1)
        sim_violate("once: %s is approved twice", desk_refund_id(order, refund));
    if (books.fallback_minor[order][refund] > cases_failed_minor(order, refund))
        sim_violate("once: more of %s is approved again than could not be paid",
                    desk_refund_id(order, refund));
    if (books.cancelled[order][refund])
        sim_violate("cancelled: %s is approved after it was taken back",
                    desk_refund_id(order, refund));
    if (said->answer.automatic && books.declined[order][refund])
        sim_violate("automatic: %s is approved after it was declined",
                    desk_refund_id(order, refund));
}

void cases_audit_applied(int order, const struct cases_said *said)
{
    const struct cases_input *input = said->event->body;
    int refund = input == NULL ? said->event->refund : input->refund;
    const struct decision *decision = taken(said);
    if (decision != NULL && approves(decision->verdict))
        add_day(said, decision);
    if (said->answer.status == ROUTED_APPROVED)
        count_approval(order, refund, said);
    books.declined[order][refund] |= said->answer.status == ROUTED_DECLINED;
    books.cancelled[order][refund] |= said->answer.status == ROUTED_CANCEL_REQUESTED;
}

static void check_deadline(int order, const struct routing_refund *refund, enum deadline_kind kind,
                           bool wanted)
{
    bool set = desk.due_us[order][desk_last_digit(refund->refund_id)][kind] != 0;
    if (set != wanted)
        sim_violate("stalled: %s has %s deadline of kind %d in state %s", refund->refund_id,
                    set ? "a" : "no", (int)kind, decision_state_name(refund->state));
}

static uint64_t closed_bytes(const struct routing_case *subject)
{
    const int64_t numbers[] = {subject->version, (int64_t)subject->status, subject->level,
                               subject->minor,   subject->updated_us,      subject->method};
    return desk_bytes(1, numbers, sizeof numbers);
}

static void check_closed(int order, const struct routing_refund *refund)
{
    int number = desk_last_digit(refund->refund_id);
    for (const struct routing_case *c = refund->latest; c != NULL; c = c->older) {
        uint64_t *known = &books.closed[order][number][c->ordinal];
        bool ended = c->status != CASE_OPEN && c->status != CASE_WAITING;
        if (*known != 0 && (!ended || *known != closed_bytes(c)))
            sim_violate("closed: case %d of %s moves after it was closed", (int)c->ordinal,
                        refund->refund_id);
        if (!ended && c != refund->latest)
            sim_violate("closed: %s has two open cases", refund->refund_id);
        if (ended)
            *known = closed_bytes(c);
    }
}

static void check_once(const struct routing_refund *refund)
{
    int32_t number = 0;
    for (const struct kept_decision *a = refund->decisions; a != NULL; a = a->next) {
        if (a->number != ++number)
            sim_violate("kept: decision %d of %s is missing", (int)number, refund->refund_id);
        for (const struct kept_decision *b = a->next; b != NULL; b = b->next)
            if (strcmp(a->decision_id, b->decision_id) == 0 &&
                strcmp(a->actor_id, b->actor_id) == 0)
                sim_violate("once: %s of %s counts twice", a->decision_id, a->actor_id);
    }
}

void cases_audit_saved(int order)
{
    for (const struct routing_refund *r = cases.saved[order].refunds; r != NULL; r = r->next) {
        check_deadline(order, r, DEADLINE_CASE, r->state == STATE_OPEN);
        check_deadline(order, r, DEADLINE_ANSWER, r->state == STATE_WAITING);
        check_deadline(order, r, DEADLINE_MODEL, r->state == STATE_HELD);
        check_deadline(order, r, DEADLINE_TAKEN,
                       r->latest != NULL && r->latest->taken_by[0] != '\0');
        check_closed(order, r);
        check_once(r);
        if (r->version != desk.saved_version[order][desk_last_digit(r->refund_id)])
            sim_violate("versions: %s has another version than was said", r->refund_id);
        if (books.cancelled[order][desk_last_digit(r->refund_id)] && r->state != STATE_CANCELLED)
            sim_violate("cancelled: %s goes on after it was taken back", r->refund_id);
    }
}

void cases_audit_rest(void)
{
    for (int order = 0; order < DESK_ORDERS; order++) {
        for (const struct routing_refund *r = cases.saved[order].refunds; r != NULL; r = r->next)
            if (r->state == STATE_OPEN || r->state == STATE_WAITING || r->state == STATE_HELD)
                sim_violate("stalled: %s never ends", r->refund_id);
        cases_replay(order);
    }
}
