/* Routing: who may decide, and what did they decide?
 *
 * In:   refunds.assessed.v1, every version (a gap must be seen);
 *       refunds.decisions.v1, what people say about a case;
 *       refunds.payouts.v1, only payouts that ended without money moving;
 *       and what the merchant published: authority model, roster of people, calendar.
 * Rows: per refund its state, the versions seen and its own; its latest case; the decisions; per
 *       payment, where an order has several, how much of it is approved.
 * Out:  refunds.routed.v1, and on refunds.control.v1 decisions that were refused, cases that nobody
 *       decides, and refunds that wait for an authority model.
 *
 * The core is pure: it changes the rows it is given, and says in `struct routing_answer` what is to
 * be published and which deadline is to be set. decision_machine.h has the states. */

#ifndef REDRESS_ROUTING_H
#define REDRESS_ROUTING_H

#include "approval.h"
#include "arena.h"
#include "authority/route.h"
#include "auto_limit.h"
#include "calendar.h"
#include "decision_machine.h"
#include "identity.h"
#include "people.h"
#include "person_day.h"
#include "precedent.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most minor units of one amount, so that sums over ROUTING_PAYMENTS_MAX of them fit. */
#define ROUTING_MINOR_MAX INT64_C(1000000000000000)

enum {
    ROUTING_CASES_MAX = 32,           /* of one refund; then operators are alarmed instead */
    ROUTING_DECISIONS_MAX = 64,       /* taken about one refund */
    ROUTING_NOTES_MAX = 40,           /* of these that decide nothing: comments, takes, ... */
    ROUTING_REFUSALS_MAX = 64,        /* kept of one refund; more are refused and not remembered */
    ROUTING_PAYMENTS_MAX = 1000,      /* of one order */
    ROUTING_FAILED_PAYOUTS_MAX = 100, /* in one case */
    ROUTING_WHY_MAX = 8,              /* lines that say why a person must look */
    ROUTING_MISSING_MAX = 4           /* facts that are not known */
};

/* How far the clock of whoever signs a decision may be off. */
#define ROUTING_CLOCK_SKEW_US (5 * 60 * INT64_C(1000000))

/* How long a person may let a question wait for its answer. */
#define ROUTING_ANSWER_MAX_US (366 * 24 * 3600 * INT64_C(1000000))

/* X(name): as in redress.v1.AssessmentStatus, with its number. */
#define ASSESSED_ROWS(X) \
    X(COMPLIANT, 1)      \
    X(EXCEPTION, 2)      \
    X(DECLINED, 3)       \
    X(NEEDS_INFO, 4)     \
    X(CANCEL_REQUESTED, 5)

enum assessed_status {
#define X(name, number) ASSESSED_##name = number,
    ASSESSED_ROWS(X)
#undef X
};

/* X(name): as in redress.v1.RoutingStatus, with its number. */
#define ROUTED_ROWS(X)     \
    X(APPROVED, 1)         \
    X(PENDING_APPROVAL, 2) \
    X(DECLINED, 3)         \
    X(NEEDS_INFO, 4)       \
    X(ESCALATED, 5)        \
    X(EXPIRED, 6)          \
    X(CANCEL_REQUESTED, 7)

enum routed_status {
    ROUTED_NOTHING, /* nothing is published */
#define X(name, number) ROUTED_##name = number,
    ROUTED_ROWS(X)
#undef X
};

/* "APPROVED"; "" for ROUTED_NOTHING. */
const char *routed_status_name(enum routed_status status);

/* X(name, number in redress.v1.CaseStatus) */
#define CASE_STATUS_ROWS(X) \
    X(OPEN, 1)              \
    X(WAITING, 2)           \
    X(APPROVED, 3)          \
    X(DECLINED, 4)          \
    X(CANCELLED, 5)         \
    X(EXPIRED, 6)

enum case_status {
#define X(name, number) CASE_##name = number,
    CASE_STATUS_ROWS(X)
#undef X
};

const char *case_status_name(enum case_status status);

/* Numbers of redress.v1.RefundMethod. */
enum refund_method {
    METHOD_ORIGINAL = 1,
    METHOD_STORE_CREDIT,
    METHOD_BANK_TRANSFER,
    METHOD_MANUAL
};

enum deadline_kind {
    DEADLINE_CASE = 1,   /* nobody decided; subject: refund id */
    DEADLINE_ANSWER = 2, /* nobody answered; subject: refund id */
    DEADLINE_MODEL = 3,  /* look again for an authority model; subject: refund id */
    DEADLINE_TAKEN = 4   /* who took the case has not decided; subject: refund id */
};

/* How often in a row of deadlines each kind is kept; for the arrays of struct routing_answer. */
enum { DEADLINE_KINDS = 5 };

/* What can be drawn on: a payment and how much of it. */
struct coverage {
    const char *payment_id;
    int64_t minor; /* captured, or that of a failed payout */
};

/* What routing needs of an assessment. */
struct assessed {
    int64_t version;
    enum assessed_status status;
    bool appeal;
    int64_t minor; /* refundable; of a declined one, what was claimed */
    const char *currency;
    int32_t method; /* the wished one if policy allows it, else its first */
    const int32_t *methods;
    size_t method_count;
    const struct coverage *payments; /* in the order of capture, in `currency` */
    size_t payment_count;
    const char *requester;                    /* who may not decide; "" if nobody asked */
    const char *appealed_by;                  /* of an appeal: who may not either; else "" */
    const char *answered_by;                  /* nor may they; US (0x1f) between, "" for nobody */
    struct route_facts facts;                 /* what of it an authority model looks at */
    const char *missing[ROUTING_MISSING_MAX]; /* such as DELIVERY */
    size_t missing_count;
    const char *const *reasons;
    size_t reason_count;
    bool goods_required;
    struct approval_model policy;
    const void *body; /* the whole message, as carried on and kept */
    size_t body_size;
};

/* What a person said. */
struct decision {
    const char *decision_id;
    const char *case_id;
    int64_t case_version;
    const char *subject_hash;
    const char *actor_id;
    const char *on_behalf_of; /* whose authority a delegate uses; "" for the actor's own */
    enum person_role role;
    enum verdict verdict;
    bool has_amount;
    int64_t minor; /* APPROVE_REDUCED */
    const char *currency;
    int32_t method; /* 0: not given */
    const char *note;
    int64_t answer_by_us;     /* ASK; 0: the usual time */
    enum verdict recommended; /* RECOMMEND: APPROVE or DECLINE; else 0 or either */
    const char *payee;        /* VERIFY_PAYEE: reference of the account; else "" */
    int64_t occurred_us;
    const char *key_id;          /* that signed; "" if none did */
    const uint8_t *signed_bytes; /* what the signature is over */
    size_t signed_size;
    const uint8_t *signature;
    size_t signature_size; /* 0: not signed */
};

/* A payout that ended without moving money. */
struct failed_payout {
    int64_t version;
    bool fallback; /* FALLBACK_PENDING: another method is wanted; else FAILED, CANCELLED, REFUSED */
    const char *payment_id; /* "" where there was no payout */
    int64_t minor;
    const char *currency;
};

/* A decision as it is kept: append-only, never changed. */
struct kept_decision {
    int32_t number; /* 1, 2, ... per refund */
    const char *decision_id;
    int32_t ordinal; /* of the case; 0 if it named no case of this refund */
    int64_t case_version;
    int64_t result_version; /* of the case after it; 0 if refused */
    const char *actor_id;
    const char *on_behalf_of; /* "" for their own authority */
    enum person_role role;
    enum verdict verdict;
    enum verdict recommended;
    enum refusal_reason refusal;
    int64_t minor;     /* what it was about, once decided */
    int32_t method;    /* likewise */
    const char *payee; /* of a VERIFY_PAYEE, else "" */
    const char *note;  /* only of new ones, and so are: */
    const char *key_id;
    const uint8_t *signature;
    size_t signature_size;
    struct person_day_seen day; /* what the limit of the day was held against */
    const char *counting;       /* of an approval: whose approvals count with it, US between */
    int64_t occurred_us, decided_us;
    bool stored;
    struct kept_decision *next; /* in the order of their numbers */
};

struct routing_case {
    int32_t ordinal; /* 1, 2, ... per refund; only the latest can be open */
    char case_id[IDENTITY_MAX];
    int64_t version;         /* 1, 2, ...; raised with each change */
    int64_t renewed_version; /* approvals from before it are void */
    enum case_status status;
    const char *queue;
    int32_t level;       /* 1 to ROUTE_LEVEL_MAX */
    int32_t approvers;   /* needed: 1 to ROUTE_APPROVERS_MAX */
    int64_t deadline_us; /* working time at each level, before it goes to the next */
    bool appeal;
    bool exception; /* outside the policy: a policy reviewer advises before anybody approves */
    const char *taken_by; /* who works on it; "" for nobody */
    int64_t taken_until_us;
    const char *missing[ROUTING_MISSING_MAX];
    size_t missing_count;
    int64_t minor;
    const char *currency;
    int32_t method;
    const struct coverage *coverage; /* what approval draws on, in order */
    size_t coverage_count;
    bool fallback; /* coverage is of failed payouts: it is approved already, only not paid */
    const char *why[ROUTING_WHY_MAX];
    size_t why_count;
    char subject_hash[APPROVAL_SUBJECT_HASH_SIZE];
    const struct precedent *precedents; /* that it came with, nearest first */
    size_t precedent_count;
    bool precedents_new;       /* to be saved */
    enum verdict as_precedent; /* the exception was decided now, so it is one; 0: it was not */
    const char *decided_by;
    int64_t opened_us, due_us, updated_us;
    bool stored, changed;
    struct routing_case *older; /* the one before, if it was the latest in the same batch */
};

struct routing_refund {
    const char *refund_id;
    int64_t key;
    enum decision_state state;
    int64_t version;       /* last of refunds.routed.v1 */
    int64_t assessed_seen; /* last of refunds.assessed.v1 */
    int64_t payout_seen;   /* last of refunds.payouts.v1 that mattered here */
    bool appealed;
    bool declined;   /* once at least: from then on only people approve it */
    int64_t held_us; /* since when it waits for an authority model; 0: it does not */
    const char *requester, *appealed_by, *answered_by;
    int32_t case_count;
    struct routing_case *latest; /* NULL if there was no case */
    struct kept_decision *decisions;
    const struct assessed *assessed; /* the last that may lead to a payout; NULL: none is kept */
    bool keep_body;                  /* its message is new and has to be saved */
    bool stored, changed;
    struct routing_refund *next; /* of the same order */
};

/* How much of a payment is approved over all refunds. Kept where an order has several payments. */
struct approved_payment {
    const char *payment_id;
    int64_t minor;
    bool stored, changed;
    struct approved_payment *next;
};

struct routing_order {
    const char *merchant_id, *order_id;
    struct routing_refund *refunds;
    struct approved_payment *payments;
};

/* Durations of the configuration, in microseconds. */
struct routing_terms {
    int64_t case_deadline_us;   /* working time until a case escalates, where no model says it */
    int64_t answer_deadline_us; /* until an unanswered question ends the refund */
    int64_t approval_life_us;   /* until an approval expires */
    int64_t decision_life_us;   /* until a decision that nobody has handled counts no more */
    int64_t take_life_us;       /* until a taken case that was not decided is free again */
    int64_t model_retry_us;     /* between two looks for an authority model */
};

/* What the merchant has published, as in force for this event. */
struct routing_rules {
    const struct router *router;      /* NULL: no valid model; what needs one waits */
    const struct roster *roster;      /* NULL: no decision is accepted */
    const char *roster_of;            /* the merchant of the roster; "": everybody's */
    const struct calendar *calendar;  /* NULL: every hour counts */
    const struct auto_limits *limits; /* NULL: automatic approvals have none */
};

/* What all shards share, as the batch sees it. */
struct routing_shared {
    struct person_days days;
    struct auto_meters meters;
};

/* What was looked up for one event. */
struct routing_found {
    const struct precedent *precedents; /* of an exception, nearest first */
    size_t precedent_count;
    const struct auto_product *products; /* of what may be automatic, where products are limited */
    size_t product_count;
};

enum due_change { DEADLINE_KEEP, DEADLINE_SET, DEADLINE_CLEAR };

enum routing_tell {
    TELL_NOTHING,
    TELL_APPROVED,
    TELL_DECLINED,
    TELL_MORE_INFORMATION,
    TELL_EXPIRED
};

/* What is to be published. Texts and arrays live in the arena or in the rows. */
struct routing_answer {
    enum routed_status status;
    bool automatic;
    enum authority_level level;
    const struct route *route;        /* what the model said for this answer; NULL: not asked */
    const struct routing_case *about; /* the case that is published with it; NULL for none */
    const struct assessed *assessed;  /* NULL: nothing is known any more */
    const char *const *reasons;
    size_t reason_count;
    enum routing_tell tell;
    bool may_appeal;
    int64_t until_us; /* for answers; 0 for none */

    /* APPROVED */
    struct approval_share *shares;
    size_t share_count;
    int64_t minor;
    const char *currency;
    int32_t method;
    const char *const *approvers;
    size_t approver_count;
    int64_t case_version;
    int64_t expires_us;
    const struct kept_decision *payee; /* that verified where a bank transfer goes; else NULL */

    enum refusal_reason refusal; /* a decision was refused */
    struct person_day_key day;   /* that an approval counts against, and what was seen of it */
    struct person_day_seen day_seen;
    struct auto_answer limited; /* automatic, if it were not for a limit that has tripped */
    size_t lifted;              /* trips of limits that a decision has ended */
    const char *unanswered;     /* why the model has no answer; NULL if it has, or was not asked */
    const char *ignored;        /* why what happened has no effect; NULL if it has */
    const char *waiting_for;    /* operators are to be told that it waits; NULL if not */
    int64_t waiting_since_us;

    enum due_change deadlines[DEADLINE_KINDS]; /* by enum deadline_kind */
    int64_t due_us[DEADLINE_KINDS];
};

/* Where one step of one refund happens. */
struct routing_step {
    const struct routing_terms *terms;
    struct routing_rules rules;
    struct routing_order *order;
    struct routing_refund *refund;
    int64_t now_us; /* of the database */
    int32_t shard;
    struct routing_shared *shared; /* NULL: no limit of a day, none of automatic approvals */
    struct routing_found found;
    struct arena *arena;
    struct routing_answer *answer; /* zeroed by the caller */
};

/* One event each. STATUS_DUPLICATE and STATUS_GAP leave the rows untouched; STATUS_EXHAUSTED: the
 * arena is full, rows and answer are not to be used. What `assessed` and `decision` point to must
 * live as long as the rows. */
enum status routing_assessed(struct routing_step *step,
                             const struct assessed *assessed) CHECK_RESULT;
enum status routing_decided(struct routing_step *step,
                            const struct decision *decision) CHECK_RESULT;
enum status routing_payout(struct routing_step *step,
                           const struct failed_payout *payout) CHECK_RESULT;
enum status routing_due(struct routing_step *step, enum deadline_kind kind) CHECK_RESULT;

#endif
