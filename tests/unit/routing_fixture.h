/* A refund of one order on its way through the pure core of routing, for its tests. */

#ifndef REDRESS_TESTS_ROUTING_FIXTURE_H
#define REDRESS_TESTS_ROUTING_FIXTURE_H

#include "authority/route_model.h"
#include "services/routing/routing.h"

/* The order's two payments: 1,000,000.00 and 500.00. */
extern const struct coverage fixture_payments[2];

struct fixture {
    struct arena *arena;
    struct arena *scratch;
    const struct dmn_models *models; /* deploy/policies/authority.dmn */
    struct router router;
    struct routing_terms terms;
    struct routing_rules rules;    /* that router, fixture_roster, no calendar */
    struct routing_shared *shared; /* NULL */
    struct routing_found found;    /* nothing */
    struct routing_order order;
    struct routing_refund refund;
    struct routing_answer answer; /* of the last step */
    int64_t now_us;
    int decisions; /* said so far: makes decision ids distinct */
};

/* mia, noah, vera and agent-4 are reviewers, approvers and finance of level 3, with no bound that
 * tests come near; rob and rita are policy reviewers. The key desk-1 vouches for all. */
extern const struct roster fixture_roster;

/* Limits of 250.00, 2,500.00 and 10,000.00 GBP; a case is due after 24 h, an answer after 14 d, an
 * approval lives 7 d, a taken case is free after 30 minutes. The time is 1,000 days after 1970. */
void fixture_start(struct fixture *fixture);
void fixture_stop(struct fixture *fixture);

/* Compliant, GBP, on the first payment alone, asked for by agent-4, version the next one. */
struct assessed fixture_assessed(const struct fixture *fixture, int64_t minor);

/* By APPROVER `who`, about the latest case as it is now; of a RECOMMEND by POLICY_REVIEWER. It is
 * signed: what is changed of it later stays so, as only the decoder ties the bytes to the fields.
 */
struct decision fixture_decision(struct fixture *fixture, const char *who, enum verdict verdict);

/* One step each, one second after the last; the answer is zeroed before. The assessment and
 * decision are copied. */
enum status fixture_assess(struct fixture *fixture, const struct assessed *assessed);
enum status fixture_decide(struct fixture *fixture, const struct decision *decision);
enum status fixture_pay(struct fixture *fixture, const struct failed_payout *payout);
enum status fixture_due(struct fixture *fixture, enum deadline_kind kind);

/* assess, and decide, which must work. */
void fixture_open(struct fixture *fixture, int64_t minor);
void fixture_say(struct fixture *fixture, const char *who, enum verdict verdict);

/* Brings the refund into that state by the shortest way. */
void fixture_reach(struct fixture *fixture, enum decision_state state);

#endif
