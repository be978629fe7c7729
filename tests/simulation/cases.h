/* The world of cases: routing's real decisions (services/routing: the pure core, and what it asks
 * to be loaded) over rows that are kept here, on a desk (desk.h). Policy, people, settlement and
 * the merchant's rules are played; signatures are two bytes.
 *
 *     cases_world.c   the world, and the replay
 *     cases_decide.c  one event: what goes into the core, and what comes out of it
 *     cases_rows.c    the database: rows of an order
 *     cases_shared.c  the database: limits that all shards share
 *     cases_people.c  policy, settlement and the merchant; people and those who pretend
 *     cases_roster.c  who they are
 *     cases_audit.c   the promises */

#ifndef REDRESS_CASES_H
#define REDRESS_CASES_H

#include "desk.h"
#include "services/routing/routing.h"

enum { CASES_PAYMENTS = 2, CASES_APPLIED_MAX = 4096, CASES_PEOPLE = 8 };

#define CASES_CAPTURED INT64_C(3000000) /* of each payment */

enum cases_topic { CASES_ASSESSED, CASES_DECISIONS, CASES_PAYOUTS, CASES_TOPICS };

struct cases_input {
    enum cases_topic kind;
    int refund;
    struct assessed assessed;
    struct decision decision;
    struct failed_payout payout;
    struct auto_product product; /* that is counted, of an assessment */
    bool genuine;                /* a decision that its actor, or who may vouch, has signed */
};

/* What came of one event, for those who come later, for the books and for the replay. */
struct cases_said {
    const struct desk_event *event;
    int64_t now_us;
    enum status status;
    struct routing_rules rules;
    struct routing_answer answer;
    struct person_day_key day;
    const char *limited; /* the product of the meter that had tripped; NULL: none had */
    enum auto_limit limit;
    int64_t minor; /* of the latest case, then, as are those below */
    const char *currency;
    bool fallback;
    struct cases_said *next; /* of the batch */
};

struct cases_rows {
    struct routing_order *order;
    struct cases_said *first, **last;
};

struct cases {
    struct routing_order saved[DESK_ORDERS];
    const struct cases_said *applied[DESK_ORDERS][CASES_APPLIED_MAX];
    size_t applied_count[DESK_ORDERS];
    uint64_t bytes[DESK_ORDERS]; /* of all that was said */
    struct routing_rules rules;  /* in force */
};

extern struct cases cases;
extern const struct routing_terms cases_terms;
extern const struct roster cases_rosters[2];
extern const struct auto_limits cases_limits;
extern const struct router cases_router;

/* cases_roster.c */
const char *cases_person(int number);
const struct roster_person *cases_person_of(const struct roster *roster, const char *id);
const char *cases_payment_id(int payment);

/* cases_decide.c */
struct cases_said *cases_apply(struct routing_order *order, const struct desk_event *event,
                               int64_t now_us, struct routing_rules rules,
                               struct routing_shared *shared, int64_t *next_key);
uint64_t cases_said_bytes(const struct routing_refund *refund, const struct routing_answer *answer);

/* cases_rows.c */
struct routing_order *cases_load_order(const struct desk_batch *batch, int order);
void cases_save_order(int order, const struct routing_order *from);
struct routing_refund *cases_refund(const struct routing_order *order, int number, int refund);

/* cases_shared.c */
void cases_shared_begin(void);
struct routing_shared *cases_shared_load(const struct desk_batch *batch);
bool cases_shared_save(const struct routing_shared *shared); /* false: somebody was faster */

/* cases_people.c */
void cases_people_begin(void);
void cases_hear(int order, int refund, const struct cases_said *said);
bool cases_act(void);
const struct assessed *cases_assessed(int order, int refund, int64_t version);
int64_t cases_failed_minor(int order, int refund); /* of payouts that want another method */

/* cases_audit.c */
void cases_audit_begin(void);
void cases_audit_decided(int order, const struct routing_order *rows,
                         const struct cases_said *said);
void cases_audit_applied(int order, const struct cases_said *said);
void cases_audit_saved(int order);
void cases_audit_rest(void);

/* cases_world.c */
void cases_replay(int order);

#endif
