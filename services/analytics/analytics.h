/* Analytics: do the books agree, and what do the patterns say?
 *
 * In:   refunds.validated.v1, assessed.v1, routed.v1, payouts.v1 (every version: a gap must be
 *       seen), orders.events.v1 and refunds.provider-events.v1.
 * Rows: what of an order was counted; a refund as the reports need it; a payout as settlement says
 *       and as the provider says.
 * Out:  running totals (totals.h), and an insight for each payout on which the two do not agree.
 *
 * Pure: rows in, an event, rows and totals out. The topics come in no order between them, so each
 * event takes what its row counts out of the totals, changes the row, and puts in what it counts
 * then: the totals are at any time those of the rows, whatever came first.
 *
 * Texts are never changed, and live as long as the batch. Amounts are minor units. */

#ifndef REDRESS_ANALYTICS_H
#define REDRESS_ANALYTICS_H

#include "arena.h"
#include "identity.h"
#include "reconciliation.h"
#include "status.h"
#include "totals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The topics of the stages that number their events. */
enum numbered {
    NUMBERED_VALIDATED,
    NUMBERED_ASSESSED,
    NUMBERED_ROUTED,
    NUMBERED_PAYOUTS,
    NUMBERED
};

/* What a refund has come to. X(name, number in the tables; up to 5 redress.v1.AssessmentStatus) */
#define ANALYTICS_OUTCOME_ROWS(X) \
    X(NONE, 0)                    \
    X(COMPLIANT, 1)               \
    X(EXCEPTION, 2)               \
    X(DECLINED, 3)                \
    X(NEEDS_INFO, 4)              \
    X(CANCEL_REQUESTED, 5)        \
    X(REJECTED, 6)

enum analytics_outcome {
#define X(name, number) ANALYTICS_##name = number,
    ANALYTICS_OUTCOME_ROWS(X)
#undef X
};

/* Numbers of redress.v1.PayoutStatus that say more here than that they are another status. */
enum {
    ANALYTICS_PAYOUT_SUCCEEDED = 5,
    ANALYTICS_PAYOUT_FAILED = 6,
    ANALYTICS_PAYOUT_CANCELLED = 7,
    ANALYTICS_PAYOUT_FALLBACK_PENDING = 10,
    ANALYTICS_PAYOUT_AWAITING_GOODS = 11,
    ANALYTICS_PAYOUT_CANCEL_TOO_LATE = 12,
    ANALYTICS_PAYOUT_REFUSED = 13
};

/* One refund. A row that was never saved is zeroed but for its ids. */
struct analytics_refund {
    const char *refund_id, *merchant_id, *order_id;
    int64_t seen[NUMBERED]; /* last version of each topic */
    bool asked;             /* the next four are known */
    int32_t day;            /* of the request, since 1970-01-01 */
    int32_t reason;         /* redress.v1.ReasonCode */
    int32_t channel;        /* redress.v1.Channel */
    const char *currency;   /* "" while not known */
    int64_t claim_minor;
    enum analytics_outcome validated; /* NONE, NEEDS_INFO, CANCEL_REQUESTED or REJECTED */
    enum analytics_outcome assessed;
    const char *rejection; /* "UNITS_EXCEED_PURCHASE"; "" for none */
    const char *detail;    /* first reason of the assessment; "" for none */
    int32_t authority;     /* redress.v1.AuthorityLevel that it was first given; 0: none */
    bool approved;         /* its units are counted */
    int64_t paid_minor;
    int32_t without_payout; /* redress.v1.PayoutStatus of an end without a payout; 0: none */
    bool stored, changed;
};

/* One payout, or money of the provider that belongs to none. */
struct analytics_payout {
    const char *id; /* payout id; "<provider>:<its refund id>" where the provider names none */
    const char *merchant_id, *order_id;
    const char *refund_id; /* "" while settlement has not spoken */
    int32_t provider;
    int32_t status;                 /* redress.v1.PayoutStatus; 0: settlement has not spoken */
    int64_t amount_minor;           /* as approved */
    const char *currency;           /* "" while settlement has not spoken */
    int64_t version;                /* of settlement's event that is in effect; 0: none */
    const char *provider_refund_id; /* "" while the provider has not spoken */
    int64_t reported_minor;         /* said to have been paid; 0: not (yet) */
    const char *reported_currency;  /* "" while nothing was paid */
    bool failed;                    /* the provider says that it failed or came back */
    const char *extra_refund_id; /* another refund under the same payout; "": none. A third changes
                                    nothing: the payout is OVER already */
    int64_t extra_minor;
    bool extra_failed;
    enum reconciliation state;
    int64_t insight_version; /* of the last insight; 0: none */
    const char *evidence;    /* ce_id of the last report of a row that needs looking at; "" */
    bool stored, changed;
};

/* An order's placing, or one of its captures: counted once. */
struct analytics_fact {
    const char *merchant_id, *order_id;
    const char *fact; /* "" for the placing, else the payment's id */
    bool counted;     /* in the database, or by an earlier event of the batch */
    bool fresh;       /* by the batch: to be saved */
};

struct analytics_line {
    const char *sku;
    int64_t units;
    int64_t minor;
};

struct analytics_placed {
    int32_t day, channel;
    const char *currency;
    const struct analytics_line *lines;
    size_t line_count;
    int64_t minor; /* of all lines and shipping; fits */
};

struct analytics_captured {
    int32_t day, method;
    const char *currency;
    int64_t minor;
};

/* What every event about a request repeats. */
struct analytics_asked {
    int32_t day, reason, channel;
    const char *currency;
    int64_t claim_minor;
};

struct analytics_validated {
    int64_t version;
    enum analytics_outcome outcome; /* NONE if validated */
    const char *rejection;
    struct analytics_asked asked;
};

struct analytics_rule {
    const char *decision, *rule;
};

struct analytics_assessed {
    int64_t version;
    enum analytics_outcome outcome;
    const char *detail;
    struct analytics_asked asked;
    const char *model;
    const struct analytics_rule *rules; /* that hit, each once */
    size_t rule_count;
};

enum analytics_verdict { ANALYTICS_UNDECIDED, ANALYTICS_APPROVED, ANALYTICS_DECLINED_BY_PEOPLE };

struct analytics_routed {
    int64_t version;
    int32_t authority;
    bool approved;                  /* automatically or by people */
    enum analytics_verdict verdict; /* of people */
    const char *const *people;      /* who gave it */
    size_t people_count;
    int64_t approved_minor;
    /* The assessment that it is about, where approved or decided: */
    enum analytics_outcome outcome;
    const char *currency;
    int32_t reason;
    const char *model;
    const struct analytics_rule *rules;
    size_t rule_count;
    const struct analytics_line *lines;
    size_t line_count;
};

struct analytics_settled {
    int64_t version;
    int32_t status;        /* redress.v1.PayoutStatus */
    const char *payout_id; /* "" where the refund ends without one */
    int32_t provider;
    int64_t amount_minor;
    const char *currency; /* "" without a payout */
};

/* A refund as the provider reports it. */
struct analytics_report {
    const char *ce_id;
    const char *refund_id; /* "" where not named */
    const char *provider_refund_id;
    int32_t provider;
    bool paid;   /* SUCCEEDED */
    bool failed; /* FAILED or CANCELLED */
    int64_t minor;
    const char *currency;
};

/* What is to be said about a payout. */
struct analytics_insight {
    enum reconciliation state;
    const char *subject; /* payout:po_... or provider-refund:STRIPE:re_... */
    const char *summary;
    int64_t version;
    int64_t expected_minor, actual_minor;
    const char *currency;
    const char *evidence[2];
    size_t evidence_count;
};

enum analytics_due { DUE_KEPT, DUE_SET, DUE_CLEARED };

struct analytics_answer {
    bool tell;
    struct analytics_insight insight;
    enum analytics_due due; /* of the deadline about the payout */
    int64_t due_us;
};

struct analytics_limits {
    int64_t late_us;    /* until a payout that the provider has not paid is LATE */
    int64_t confirm_us; /* until money that is not expected is an ORPHAN or OVER */
};

/* One event at work. */
struct analytics_step {
    struct arena *arena;
    struct totals *totals;
    const struct analytics_limits *limits;
    int64_t now_us;
    struct analytics_answer *answer; /* zeroed by the caller */
};

/* STATUS_DUPLICATE, STATUS_GAP: nothing was changed. STATUS_EXHAUSTED: the arena is full. */
enum status analytics_take_placed(struct analytics_step *step, struct analytics_fact *fact,
                                  const struct analytics_placed *placed) CHECK_RESULT;
enum status analytics_take_captured(struct analytics_step *step, struct analytics_fact *fact,
                                    const struct analytics_captured *captured) CHECK_RESULT;
enum status analytics_take_validated(struct analytics_step *step, struct analytics_refund *refund,
                                     const struct analytics_validated *validated) CHECK_RESULT;
enum status analytics_take_assessed(struct analytics_step *step, struct analytics_refund *refund,
                                    const struct analytics_assessed *assessed) CHECK_RESULT;
enum status analytics_take_routed(struct analytics_step *step, struct analytics_refund *refund,
                                  const struct analytics_routed *routed) CHECK_RESULT;
/* `payout` is NULL if the event names none. */
enum status analytics_take_settled(struct analytics_step *step, struct analytics_refund *refund,
                                   struct analytics_payout *payout,
                                   const struct analytics_settled *settled) CHECK_RESULT;
enum status analytics_take_report(struct analytics_step *step, struct analytics_payout *payout,
                                  const struct analytics_report *report) CHECK_RESULT;
enum status analytics_take_due(struct analytics_step *step,
                               struct analytics_payout *payout) CHECK_RESULT;

/* What the row counts in the totals, times `sign`. */
void analytics_count_refund(struct totals *totals, const struct analytics_refund *refund, int sign);
void analytics_count_payout(struct totals *totals, const struct analytics_payout *payout, int sign);

/* The latest judgement of the policy; REJECTED or NEEDS_INFO by intake where there is none, or none
 * but a question. `*detail` is its reason, "" if it has none. */
enum analytics_outcome analytics_outcome(const struct analytics_refund *refund,
                                         const char **detail);

#endif
