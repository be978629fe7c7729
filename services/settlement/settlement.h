/* Settlement: was the money paid back, once?
 *
 * The contract of the service: the rows it keeps of an order, the events it is told, and what a
 * decision leads to. Everything in here is pure: time, limits, the sender's free capacity and the
 * list of providers with an adapter are arguments; effects are data that others carry out.
 *
 * Texts belong to the batch (its arena, its records, its loaded rows) and are never freed. Amounts
 * are minor units of the currency beside them, 0 to AMOUNT_MAX. Times: microseconds since 1970. */

#ifndef SETTLEMENT_H
#define SETTLEMENT_H

#include "arena.h"
#include "credit_note.h"
#include "dispute.h"
#include "goods.h"
#include "ledger.h"
#include "payout.h"
#include "rules/rules_view.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AMOUNT_MAX INT64_C(1000000000000000)
#define UNITS_MAX INT64_C(1000000000)

enum {
    SHARES_MAX = 100,       /* payments that one approval draws on */
    PAYOUTS_MAX = 1000,     /* of one refund, over all its approvals */
    GOODS_LINES_MAX = 1000, /* of one goods event */
    FORM_VERSION = 1        /* layout of the request body that new payouts are frozen to */
};

/* What has become of a row in this batch: saved accordingly. */
enum row_mark { ROW_CLEAN, ROW_NEW, ROW_CHANGED };

/* Who executes, as in redress.v1.Provider. */
enum provider_name {
    PROVIDER_NONE,
    PROVIDER_STRIPE,
    PROVIDER_ADYEN,
    PROVIDER_PAYPAL,
    PROVIDER_STORE_CREDIT,
    PROVIDER_MANUAL,
    PROVIDER_SHOPIFY,
    PROVIDER_MAGENTO,
    PROVIDERS
};

/* As in redress.v1.RefundMethod. */
enum refund_method {
    METHOD_UNSPECIFIED,
    METHOD_ORIGINAL,
    METHOD_STORE_CREDIT,
    METHOD_BANK_TRANSFER,
    METHOD_MANUAL,
    METHODS
};

/* A payment of the order: the row under which the cap is enforced. */
struct payment {
    const char *payment_id;
    const char *provider_reference;
    const char *provider_account; /* "" where the merchant has one only */
    int provider;                 /* enum provider_name */
    int method;                   /* redress.v1.PaymentMethod */
    const char *currency;
    int64_t captured_minor;
    int64_t refunded_minor;  /* by us and elsewhere */
    int64_t in_flight_minor; /* reserved, sent, or not known to have failed */
    int64_t disputed_minor;  /* open and lost */
    bool part;               /* of a payment of the provider that the order has already */
    bool over;               /* refunded + in flight + disputed > captured, by facts from outside */
    int64_t captured_us;
    const char *cause; /* ce_id of its capture */
    enum row_mark mark;
    struct payment *next;
};

struct refund {
    const char *refund_id;
    int64_t routed_version; /* last one seen */
    int64_t version;        /* last one published that is about no payout */
    bool cancelled;         /* an approval after this is void */
    const char *customer;   /* token, "" if unknown or erased: what stops may name */
    const char *market;     /* ISO 3166 country of the customer, "" if unknown */
    enum goods_state goods;
    int reason;                    /* redress.v1.ReasonCode */
    const struct note_line *lines; /* claimed, or what of it was accepted */
    size_t line_count;
    enum row_mark mark;
    struct refund *next;
};

struct payout {
    const char *payout_id; /* also the idempotency key */
    struct refund *refund;
    const char *payment_id;
    struct payment *payment; /* NULL until its capture was reported */
    enum payout_state state;
    int32_t ordinal;        /* 1, 2, 3 ... per refund */
    int64_t routed_version; /* of the approval */
    int provider;           /* of the payment, or STORE_CREDIT or MANUAL for another method */
    int32_t form;           /* FORM_VERSION when it was made: the body never changes */
    int64_t amount_minor;
    const char *currency;
    int64_t held_minor; /* counted in its bucket: the amount, or what the provider says if more */
    int64_t version;    /* last one published about it */
    const char *provider_refund_id; /* "" while unknown */
    const char *payee;              /* another account that it goes to; "": the payment's own */
    const char *reason;             /* why it is in this state; "" where that is plain */
    int32_t http_status;            /* of the last answer, 0: none */
    bool answer_stored; /* the provider answered 500: the same key gets the same answer again */
    int32_t attempts;
    int64_t reserved_us;
    int64_t first_submitted_us; /* 0: never; the key's life counts from here */
    int64_t submitted_us;       /* of the latest attempt; names the attempt */
    int64_t expected_day;       /* days since 1970; 0: not paid */
    int64_t updated_us;
    int64_t looked_up_us; /* when the last look-up of this batch was asked for; not kept */
    int64_t confirmed_us; /* when the last was asked for that found it come to nothing; 0: none */
    const char *cause;    /* ce_id of the event of the last change */
    enum due_kind due;    /* the deadline that is set for it */
    enum row_mark mark;
    struct payout *next;
};

/* A refund of one of our payments that was not made by us. */
struct foreign_refund {
    const char *provider_refund_id;
    const char *payment_id; /* "" where only the reference is known */
    const char *provider_reference;
    struct payment *payment; /* NULL until the capture */
    int status;              /* redress.v1.ProviderRefundStatus */
    int64_t amount_minor;
    const char *currency;
    int64_t counted_minor; /* in the payment's refunded_minor */
    enum row_mark mark;
    struct foreign_refund *next;
};

struct dispute {
    const char *dispute_id;
    const char *payment_id;
    const char *provider_reference;
    struct payment *payment;
    enum dispute_state state;
    int64_t amount_minor;
    const char *currency;
    int64_t counted_minor;     /* in the payment's disputed_minor */
    int64_t fee_minor;         /* what the provider charges for it, as told last */
    int64_t fee_counted_minor; /* of it, in the ledger */
    const char *fee_currency;
    enum row_mark mark;
    struct dispute *next;
};

/* Units of a line of a refund that came back; over all goods events. */
struct goods_line {
    const char *refund_id;
    const char *line_id;
    int64_t received_units;
    int64_t inspected_units;
    int64_t accepted_units;
    int refused_condition; /* of units that were not accepted: the worst; 0: not said */
    enum row_mark mark;
    struct goods_line *next;
};

/* An event id that was applied before, where no state tells. */
struct seen {
    const char *event_id;
    bool fresh; /* by this batch: to be saved */
    struct seen *next;
};

/* Everything kept of one order that a batch needs. */
struct order_rows {
    struct payment *payments;
    struct refund *refunds;
    struct payout *payouts; /* in order of (refund, ordinal) */
    struct foreign_refund *foreign_refunds;
    struct dispute *disputes;
    struct goods_line *goods_lines;
    struct seen *seen_evidence;
    struct seen *seen_goods;
};

/* What settlement is told. */

struct capture {
    const char *payment_id;
    const char *provider_reference;
    const char *provider_account;
    int provider;
    int method;
    int64_t amount_minor;
    const char *currency;
    int64_t occurred_us;
    const char *held_by; /* another order that has this payment of the provider; NULL: none */
};

struct share {
    const char *payment_id;
    int64_t minor;
};

struct approval_event {
    const char *refund_id;
    int64_t version;
    bool genuine;        /* its MAC holds */
    const char *refusal; /* if it does not: why */
    const char *key_id;  /* likewise: the key that it names */
    bool by_people;      /* at least one approver */
    const char *payee; /* another account, verified by none of the approvers; "" if there is none */
    const char *customer;
    const char *market;
    int64_t expires_us;
    const struct share *shares;
    size_t share_count;
    int64_t amount_minor;
    const char *currency;
    int method; /* enum refund_method */
    int reason;
    bool goods_required;
    const struct note_line *lines;
    size_t line_count;
    int64_t occurred_us;
};

struct cancel_event {
    const char *refund_id;
    int64_t version;
    int64_t occurred_us;
};

/* People decline, or do not decide in time, how to pay what could not be paid. */
struct decline_event {
    const char *refund_id;
    int64_t version;
};

enum evidence_kind { EVIDENCE_REFUND, EVIDENCE_CALL_FAILED, EVIDENCE_NOT_FOUND, EVIDENCE_DISPUTE };
enum evidence_source { SOURCE_NONE, SOURCE_ANSWER, SOURCE_LOOK_UP, SOURCE_WEBHOOK };

/* As in redress.v1.ProviderRefundStatus and CallFailure. */
enum refund_status {
    REFUND_STATUS_NONE,
    REFUND_STATUS_PENDING,
    REFUND_STATUS_REQUIRES_ACTION,
    REFUND_STATUS_SUCCEEDED,
    REFUND_STATUS_FAILED,
    REFUND_STATUS_CANCELLED,
    REFUND_STATUSES
};
enum call_failure {
    CALL_FAILURE_NONE,
    CALL_FAILURE_REFUSED,
    CALL_FAILURE_NOT_SENT,
    CALL_FAILURE_UNKNOWN,
    CALL_FAILURES
};

/* What a provider says: answer, look-up or webhook. */
struct evidence {
    const char *event_id;
    enum evidence_kind kind;
    enum evidence_source source;
    bool verified;
    int provider;
    int64_t epoch;
    int64_t occurred_us; /* answers: when the attempt was submitted; look-ups: when asked for */
    const char *payment_id;
    const char *provider_reference;
    const char *payout_id; /* "" for what was not made by us */
    const char *provider_refund_id;
    enum refund_status status;
    enum call_failure failure;
    int64_t amount_minor;
    const char *currency;
    const char *code;
    int32_t http_status;
    const char *dispute_id;
    enum dispute_state dispute;
    int64_t fee_minor; /* of the dispute; 0: none told */
    const char *fee_currency;
};

/* Numbers of redress.v1.GoodsCondition, the worse the higher. */
enum goods_condition { CONDITION_DAMAGED = 4, CONDITION_WRONG_ITEM = 5 };

struct goods_count {
    const char *line_id;
    int64_t units;
    int64_t accepted_units;
    int condition; /* 0: not said */
};

enum goods_kind { GOODS_KIND_SHIPPED, GOODS_KIND_RECEIVED, GOODS_KIND_INSPECTED, GOODS_KIND_LOST };

struct goods_notice {
    const char *event_id;
    const char *refund_id; /* "" where they came without a request */
    enum goods_kind kind;
    const struct goods_count *lines;
    size_t line_count;
    int64_t occurred_us;
};

/* What a decision leads to. */

/* X(name, template, reason in plain words) */
#define NOTICE_ROWS(X)                                                                           \
    X(NONE, "", "")                                                                              \
    X(SENT, "refund_sent", "")                                                                   \
    X(FAILED, "refund_failed", "The payment provider could not return the money.")               \
    X(DIVERTED, "refund_failed",                                                                 \
      "The money cannot go back the way it was paid. Another way is being arranged.")            \
    X(CAP, "refund_failed", "The payment has not enough left to be paid back.")                  \
    X(REDUCED, "refund_reduced", "Not all goods were accepted. What was accepted is paid back.") \
    X(LOST, "refund_failed",                                                                     \
      "The goods were lost on their way back. A person decides what follows.")                   \
    X(DECLINED, "refund_failed", "The money could not go back, and no other way was approved.")  \
    X(GOODS, "refund_cancelled", "The goods were not accepted, or did not come back in time.")   \
    X(CANCELLED, "refund_cancelled", "The request was taken back.")

enum notice {
#define X(name, template, reason) NOTICE_##name,
    NOTICE_ROWS(X)
#undef X
        NOTICES
};

struct released_units {
    const char *line_id;
    int64_t units;
};

/* An event for refunds.payouts.v1, as of its moment. */
struct publication {
    const struct refund *refund;
    const struct payout *payout;   /* identity only; NULL: about no payout */
    const struct payment *payment; /* NULL: unknown */
    int64_t version;
    int status; /* number in redress.v1.PayoutStatus */
    int64_t amount_minor;
    const char *currency;
    const char *provider_refund_id;
    const char *code;
    int32_t http_status;
    const char *reason;
    int64_t expected_day; /* 0: none */
    enum notice notice;
    const struct credit_line *note;
    size_t note_count;
    int32_t total, ended;
    enum goods_state goods;
    const struct released_units *released;
    size_t released_count;
    int64_t occurred_us;
    struct publication *next;
};

enum alarm_kind { ALARM_OVER, ALARM_STALLED, ALARM_APPROVAL_REFUSED };

/* An event for refunds.control.v1. */
struct alarm {
    enum alarm_kind kind;
    const struct payment *payment;         /* OVER */
    int64_t excess_minor;                  /* OVER */
    const struct payout *payout;           /* STALLED */
    const char *waiting_for;               /* STALLED */
    int64_t since_us;                      /* STALLED */
    const struct approval_event *approval; /* APPROVAL_REFUSED */
    struct alarm *next;
};

struct due_change {
    const char *subject;
    enum due_kind kind;
    bool set;
    int64_t due_us;
    struct due_change *next;
};

/* What the sender is to do. */
enum task_kind { TASK_SEND, TASK_LOOK_UP };

struct task {
    enum task_kind kind;
    const struct payout *payout;
    int64_t asked_us; /* names the attempt, or the look-up */
    struct task *next;
};

struct transfer_row {
    int64_t key; /* its number in the ledger; given when the decision is kept */
    enum movement movement;
    const struct payment *payment;
    const struct payout *payout; /* NULL: not by a payout of ours */
    int64_t amount_minor;
    const char *currency;
    struct transfer_row *next;
};

/* What was learned from a provider, kept as it came. */
struct evidence_row {
    const struct evidence *evidence;
    struct evidence_row *next;
};

/* A list that keeps its order. */
#define LIST(type)                 \
    struct {                       \
        struct type *first, *last; \
    }

struct effects {
    LIST(publication) publications;
    LIST(alarm) alarms;
    LIST(due_change) due_changes;
    LIST(task) tasks;
    LIST(transfer_row) transfers;
    LIST(evidence_row) evidence;
};

/* Why an event can never be applied. */
enum objection_kind {
    OBJECTION_TRANSITION,
    OBJECTION_REFERENCE,
    OBJECTION_RANGE,
    OBJECTION_TAKEN,
    OBJECTION_CONFLICT
};

struct objection {
    enum objection_kind kind;
    const char *field, *value, *rule;
};

struct settlement_limits {
    int64_t send_window_us;  /* the sender starts a call this long after it was decided, or never */
    int64_t call_timeout_us; /* of one call, in all */
    int64_t provider_delay_us; /* until a look-up sees what a call did */
    int64_t key_life_us;       /* of any idempotency key at most; 0: as its provider documents it */
    int64_t capture_wait_us;   /* until the first alarm */
    int64_t goods_wait_us;     /* until goods count as not coming */
    int64_t poll_first_us;     /* until a pending payout is asked for */
    int64_t last_look_us; /* until one that was sent and came to nothing is asked for once more */
    int64_t alarm_every_us;
    int64_t fallbacks_max; /* payouts of a refund that may ask for another method */
    int64_t attempts_max;  /* calls for one payout that may have reached the provider */
    bool sends_nothing;    /* this process has no sender: payouts stay RESERVED */
};

/* The case at hand: one event over one order. */
struct settling {
    struct arena *arena;
    const char *merchant_id;
    const char *order_id;
    struct order_rows *rows;
    const struct settlement_limits *limits;
    bool (*has_adapter)(int provider);
    /* The first stop that covers such a payout; NULL: none. May be NULL: there are no stops. */
    const struct rules_stop *(*stopped)(const void *rules, const char *merchant_id,
                                        int32_t provider, const char *customer_token,
                                        const char *refund_id);
    const void *rules;
    size_t *capacity; /* by provider: jobs that the sender still takes; counted down */
    int64_t now_us, epoch;
    const char *cause; /* ce_id of the event */
    int64_t occurred_us;
    struct effects *effects; /* added to */
    struct objection objection;
    const struct released_units *released; /* told with the next publication */
    size_t released_count;
};

/* Each returns STATUS_OK, STATUS_DUPLICATE (nothing changed), STATUS_UNPROCESSABLE (`objection` is
 * set, nothing changed) or STATUS_EXHAUSTED (the arena is full; the rows are not to be saved). */
enum status settle_capture(struct settling *settling, const struct capture *capture) CHECK_RESULT;
enum status settle_approval(struct settling *settling,
                            const struct approval_event *approval) CHECK_RESULT;
enum status settle_cancel(struct settling *settling,
                          const struct cancel_event *cancel) CHECK_RESULT;
enum status settle_decline(struct settling *settling,
                           const struct decline_event *decline) CHECK_RESULT;
enum status settle_evidence(struct settling *settling,
                            const struct evidence *evidence) CHECK_RESULT;
enum status settle_goods(struct settling *settling, const struct goods_notice *notice) CHECK_RESULT;
enum status settle_due(struct settling *settling, enum due_kind kind,
                       const char *subject) CHECK_RESULT;

/* How the money of a payout travels: a number in redress.v1.PaymentMethod, 0 if unknown. */
int payout_method(const struct payout *payout);

/* A look-up that was asked for at `asked_us` saw everything that the latest attempt did. */
bool look_up_counts(const struct payout *payout, const struct settlement_limits *limits,
                    int64_t asked_us);

#endif
