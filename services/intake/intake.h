/* Intake: did this purchase happen, and how much of it can still be claimed?
 *
 * The contract of the pure part: rows in, an input, rows and answers out. It knows neither protobuf
 * nor SQL nor a clock; time, limits and everything that has an effect come as arguments, the
 * effects through `struct intake_port`. Everything lives in the arena of the batch.
 *
 * A claim takes whole units of a line, or an amount of money without units. The lowest free units
 * of a line are claimed first; a unit is claimed by one refund at a time, and all claims on a line
 * together never take more money than was paid for it, nor more tax than that contains. */

#ifndef REDRESS_INTAKE_H
#define REDRESS_INTAKE_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    INTAKE_ID_MAX = 128,           /* bytes of an identifier */
    INTAKE_LINES_MAX = 10000,      /* of an order */
    INTAKE_LINES_ASKED_MAX = 1000, /* of a request */
    INTAKE_TAGS_MAX = 16,          /* of a line */
    INTAKE_EVIDENCE_MAX = 20,      /* of a request, an answer or an appeal */
    INTAKE_FOLLOW_UPS_MAX = 50,    /* of one refund */
    INTAKE_NOTE_CHARACTERS_MAX = 2000,
    INTAKE_UNITS_MAX = 1000000000, /* of a line */
    INTAKE_VALIDATED_MAX =
        96 * 1024,              /* bytes of an answer, so that later stages stay below 256 KiB */
    INTAKE_STALL_AGAIN_DAYS = 1 /* until the next alarm about the same refund */
};

/* Minor units of one payout at most, as settlement bounds them: those of a refund add up. */
#define INTAKE_PAYOUT_MAX INT64_C(1000000000000000)

/* Where a refund stands, as intake knows it. X(name, code in the database) */
#define REFUND_STATUS_ROWS(X)                                                                \
    X(PARKED, 1)     /* its order is not placed or not captured yet; nothing is published */ \
    X(OPEN, 2)       /* claimed, and on its way through the later stages */                  \
    X(NEEDS_INFO, 3) /* a later stage asked a question; the claim is kept */                 \
    X(REJECTED, 4)                                                                           \
    X(DECLINED, 5) /* may be appealed once */                                                \
    X(EXPIRED, 6)  /* a question was not answered in time; an answer opens it again */       \
    X(PAID, 7)                                                                               \
    X(CANCELLED, 8)                                                                          \
    X(FAILED, 9)

enum refund_status {
    REFUND_NONE, /* only while a row is being made */
#define X(name, code) REFUND_##name = code,
    REFUND_STATUS_ROWS(X)
#undef X
};

/* Why a request is refused. Codes are those of RejectionReason in proto/redress/v1/validated.proto.
 * X(name, code, what the customer is told) */
#define REJECTION_ROWS(X)                                                                          \
    X(ORIGINAL_TRANSACTION_NOT_FOUND, 1, "We could not find the purchase that this refers to.")    \
    X(PAYMENT_NOT_CAPTURED, 2, "No payment was taken for this order, so none can be returned.")    \
    X(LINE_NOT_ON_ORDER, 3, "One of the items is not part of this order.")                         \
    X(UNITS_EXCEED_PURCHASE, 4, "More items were asked for than were bought.")                     \
    X(UNITS_ALREADY_CLAIMED, 5, "These items are already part of another refund.")                 \
    X(AMOUNT_EXCEEDS_PAID, 6, "The amount is more than what was paid and is still refundable.")    \
    X(CURRENCY_MISMATCH, 7, "The amount is in another currency than the order.")                   \
    X(CLAIM_TAKEN, 8, "In the meantime these items became part of another refund.")                \
    X(DUPLICATE_REQUEST, 9, "This was asked for before; the first request is being handled.")      \
    X(NOT_APPEALABLE, 10, "This refund is in no state that allows this.")                          \
    X(TOO_LARGE, 11, "The request covers too much at once; please ask for fewer items at a time.") \
    X(CANCEL_TOO_LATE, 12, "This refund has ended already, so it cannot be taken back any more.")

enum rejection_reason {
    REJECTION_NONE,
#define X(name, code, words) REJECTION_##name = code,
    REJECTION_ROWS(X)
#undef X
};

/* What the customer is told; "" for REJECTION_NONE. */
const char *intake_rejection_words(enum rejection_reason reason);

struct rejection {
    enum rejection_reason reason;
    const char *line_id; /* "" where it is about no single line */
    int64_t asked;       /* units, or minor units for AMOUNT_EXCEEDS_PAID */
    int64_t left;
    const char *refund_id; /* has the claim, or came first; "" where there is none */
};

/* Units first .. first + count - 1 of a line, counted from 0. */
struct units {
    int64_t first;
    int64_t count;
};

struct refund;
struct order_line;

/* What one refund has of one line. It counts only while the refund holds its claims. */
struct claim {
    struct refund *refund;
    const char *line_id;
    struct order_line *line; /* NULL while the order is not known, or the line not loaded */
    int32_t asked_no;        /* 1, 2 ... in the request; 0 if the request did not name the line */
    int64_t asked_units;     /* 0: an amount without units */
    struct units *units;     /* ascending, apart */
    size_t range_count;
    int64_t minor;     /* tax included */
    int64_t tax_minor; /* 0 to minor */
    bool is_new;
    bool changed;
    struct claim *next_of_line;
    struct claim *next_of_refund; /* in order of asked_no, then of the order's lines */
};

struct order_line {
    const char *line_id;
    int32_t line_no; /* 1, 2 ... as placed */
    const char *sku;
    const char *title; /* only of lines that are new */
    const char *category;
    const char *const *tags;
    size_t tag_count;
    int64_t units;          /* 1 to INTAKE_UNITS_MAX */
    int64_t gross_minor;    /* for all units, tax included */
    int64_t discount_minor; /* 0 to gross */
    int64_t tax_minor;      /* inside gross less discount */
    int32_t tax_rate_ppm;
    int64_t shipped_at_us; /* 0: not yet; of the latest shipment that named the line */
    int64_t delivered_at_us;
    int64_t shipped_units; /* 0 to units */
    int64_t delivered_units;
    int64_t cancelled_units;
    struct claim *claims; /* by refunds that hold them and by others */
    bool changed;
};

struct payment {
    const char *payment_id;
    int32_t provider;
    const char *provider_reference;
    const char *provider_account;
    int32_t method;
    int64_t minor; /* more than 0 */
    char currency[4];
    int64_t captured_at_us;
    bool is_new;
    struct payment *next; /* in order of capture */
};

/* A shipment, delivery or cancellation of units. Codes are those in the database. */
enum movement_kind { MOVEMENT_SHIPPED = 1, MOVEMENT_DELIVERED = 2, MOVEMENT_CANCELLED = 3 };

struct line_units {
    const char *line_id;
    int64_t units;
};

struct movement {
    enum movement_kind kind;
    const char *movement_id; /* may be "" */
    int64_t occurred_at_us;
    int64_t fingerprint; /* of its content */
    const struct line_units *lines;
    size_t line_count;
    bool is_new;
    bool early; /* came before its order, which applies it once it is placed */
    struct movement *next;
};

struct evidence {
    const char *uri;
    const char *sha256;
    const char *media_type;
    int64_t bytes;
    bool is_new;
    struct evidence *next;
};

/* Words of a person about a refund. They leave intake only through view.note. */
struct note {
    const char *source; /* "request", "answer", "appeal" or "cancellation" */
    const char *text;
    struct note *next;
};

/* What was asked, without free text and customer token. */
struct asking {
    const char *request_id;
    int64_t occurred_at_us;
    int32_t trigger; /* codes of the contract; 0: only a follow-up is known */
    int32_t reason;
    bool has_amount;
    int64_t amount_minor; /* more than 0 */
    char amount_currency[4];
    bool whole_order;
    bool shipping;
    int32_t wished_method;
    const char *requester_id;
    int32_t requester_role;
    const char *external_reference; /* "" for none */
    int64_t fingerprint;            /* of lines, units, amount, whole_order and shipping */
};

/* Codes are those in the database. */
enum follow_up_kind { FOLLOW_UP_ANSWER = 1, FOLLOW_UP_APPEAL = 2, FOLLOW_UP_CANCELLATION = 3 };

/* An answer or appeal may overtake the question or decline that it is about, as those come on other
 * topics: it waits for them, for as long as a request waits for its order. So does the cancellation
 * of a parked request, until that is settled: what is said does not hang on which came first. */
enum follow_up_state { FOLLOW_UP_WAITING = 1, FOLLOW_UP_DONE = 2 };

struct follow_up_known {
    enum follow_up_kind kind;
    const char *follow_up_id; /* distinct per refund and kind */
    const char *actor_id;     /* who said it; "" if it names nobody */
    int32_t actor_role;
    int64_t occurred_at_us;
    enum follow_up_state state;
    bool is_new;
    bool changed;
    struct follow_up_known *next; /* in order of arrival */
};

struct payout_known {
    const char *payout_id;
    bool succeeded;
    int64_t minor;
    bool is_new;
    bool changed;
    struct payout_known *next;
};

enum later_stage { LATER_ASSESSED, LATER_ROUTED, LATER_PAYOUTS, LATER_COUNT };

struct refund {
    int64_t refund_key; /* grows with arrival */
    const char *refund_id;
    enum refund_status status;
    int64_t version; /* of the last answer published; 0: none */
    int64_t round;   /* version of the last answer that opened an assessment */
    bool holds;      /* its claims count */
    bool appealed;
    bool cancel_asked;
    struct asking asking;
    char currency[4]; /* of the order; "" while that is unknown */
    int64_t claim_minor;
    int64_t shipping_minor;
    int64_t shipping_tax_minor;
    int64_t paid_minor;
    enum rejection_reason rejection; /* of a REJECTED one */
    int64_t seen[LATER_COUNT];       /* last version seen of each later stage */
    int64_t received_at_us;
    int64_t updated_at_us;
    const char *customer_token; /* of the request; only of new ones */
    struct claim *claims;
    struct claim **claims_end;
    struct evidence *evidence;
    struct follow_up_known *follow_ups;
    struct payout_known *payouts; /* only where there are several */
    struct note *notes;           /* only new ones */
    bool is_new;
    bool changed;
    bool asked_now;      /* the request of a row that only knew a follow-up has come */
    struct refund *next; /* of the order, in order of arrival */
};

/* Of one customer token; advisory. */
struct customer {
    const char *merchant_id;
    const char *token;
    int64_t orders;
    int64_t refunds;
    int64_t refunds_last_year; /* as far as it was loaded: before this batch's request */
    int64_t refunded_minor;    /* in the order's currency */
};

struct order {
    const char *merchant_id;
    const char *order_id;
    int32_t shard;
    int64_t order_key; /* 0: there is no row yet */
    bool is_new;
    bool changed;
    bool placed;
    bool placed_now; /* in this batch: all its lines are new */
    int64_t placed_at_us;
    int64_t fingerprint; /* of what was placed */
    const char *customer_token;
    const char *market;
    char currency[4];
    int32_t channel;
    int64_t shipping_minor;
    int64_t shipping_tax_minor;
    int32_t shipping_tax_rate_ppm;
    int64_t total_minor;     /* paid for all lines, and shipping */
    int64_t cancelled_at_us; /* 0: not; of the latest cancellation of the whole order */
    int64_t received_at_us;
    int32_t line_count;
    int32_t waiting; /* parked refunds and waiting follow-ups */
    struct order_line *lines;
    size_t lines_loaded;             /* all of them, or those that the batch needs */
    struct order_line **lines_by_id; /* the same, by line_id */
    struct payment *payments;
    struct movement *movements; /* new ones, early ones, and those that the batch repeats */
    struct refund *refunds;
    struct customer *customer; /* NULL: no token, or not loaded */
};

/* Inputs. */

struct placed {
    int64_t fingerprint;
    const char *customer_token;
    const char *market;
    const char *currency;
    int32_t channel;
    struct order_line *lines; /* distinct line ids */
    size_t line_count;
    struct order_line **by_id;
    int64_t shipping_minor;
    int64_t shipping_tax_minor;
    int32_t shipping_tax_rate_ppm;
    int64_t total_minor;
};

struct line_asked {
    const char *line_id;
    int64_t units;
};

struct request {
    const char *refund_id;
    struct asking asking;
    const struct line_asked *lines;
    size_t line_count;
    struct evidence *evidence;
    const char *note; /* "" for none */
    const char *customer_token;
    bool elsewhere; /* the same request id came for another order */
};

struct follow_up {
    enum follow_up_kind kind;
    const char *refund_id;
    const char *request_id;
    const char *id;       /* of the answer, appeal or cancellation */
    const char *actor_id; /* "" for none */
    int32_t actor_role;
    struct evidence *evidence;
    const char *note;
    const char *customer_token;
    bool elsewhere;
};

/* What a later stage made of a refund, and what becomes of the claim. A payout's becomes true when
 * all payouts of the refund have ended and none succeeded; money that came back, and is to be paid
 * another way, is no longer paid. Everything else keeps the claim.
 * X(stage, status there, status here, does the claim end) */
#define OUTCOME_ROWS(X)                        \
    X(ASSESSED, DECLINED, DECLINED, RELEASED)  \
    X(ASSESSED, NEEDS_INFO, NEEDS_INFO, KEPT)  \
    X(ROUTED, DECLINED, DECLINED, RELEASED)    \
    X(ROUTED, NEEDS_INFO, NEEDS_INFO, KEPT)    \
    X(ROUTED, EXPIRED, EXPIRED, RELEASED)      \
    X(PAYOUTS, AWAITING_GOODS, OPEN, KEPT)     \
    X(PAYOUTS, FALLBACK_PENDING, OPEN, KEPT)   \
    X(PAYOUTS, SUCCEEDED, PAID, KEPT)          \
    X(PAYOUTS, FAILED, FAILED, RELEASED)       \
    X(PAYOUTS, CANCELLED, CANCELLED, RELEASED) \
    X(PAYOUTS, REFUSED, FAILED, RELEASED)

enum claim_end { CLAIM_KEPT, CLAIM_RELEASED };

enum outcome {
#define X(stage, theirs, ours, claim) OUTCOME_##stage##_##theirs,
    OUTCOME_ROWS(X)
#undef X
        OUTCOME_COUNT
};

struct outcome_seen {
    enum outcome outcome;
    const char *refund_id;
    int64_t version;
    int64_t round;      /* the answer of ours that it is about; 0 where it does not say */
    bool appeal;        /* policy judged an appeal: people decide, whatever it said */
    bool failed_payout; /* people judged how to pay what could not be paid */
    const char *payout_id;
    int64_t minor;
    int32_t payouts_total;
    int32_t payouts_ended;
    const struct line_units *returned; /* units that go back to the claim */
    size_t returned_count;
};

enum deadline_kind {
    DEADLINE_PARK = 1,     /* the order must be there */
    DEADLINE_STALL = 2,    /* the refund must have ended */
    DEADLINE_FOLLOW_UP = 3 /* what an answer or appeal is about must be there */
};

#define INPUT_ROWS(X)                       \
    X(NOTHING) /* concerns other workers */ \
    X(PLACED)                               \
    X(CAPTURED)                             \
    X(MOVED)                                \
    X(ASKED)                                \
    X(FOLLOWED_UP)                          \
    X(OUTCOME)                              \
    X(DUE)

enum input_kind {
#define X(name) INPUT_##name,
    INPUT_ROWS(X)
#undef X
};

struct input {
    enum input_kind kind;
    int64_t occurred_at_us;
    int64_t now_us; /* the database's clock */
    union {
        struct placed placed;
        struct payment captured;
        struct movement moved;
        struct request request;
        struct follow_up follow_up;
        struct outcome_seen outcome;
        struct {
            enum deadline_kind kind;
            const char *refund_id;
        } due;
    };
};

/* Effects. */

enum answer_status { ANSWER_VALIDATED = 1, ANSWER_REJECTED = 2, ANSWER_CANCEL_REQUESTED = 4 };

/* What is published on refunds.validated.v1; codes of the status are those of ValidationStatus. */
struct answer {
    enum answer_status status;
    const struct order *order;
    const struct refund *refund;
    int64_t version;
    int64_t occurred_at_us;
    int64_t now_us;
    struct rejection rejection;           /* of ANSWER_REJECTED */
    const struct follow_up_known *appeal; /* that this answers; NULL: it is about no appeal */
    bool first;                           /* the customer learns that the request was received */
    bool sparse;                          /* without lines and evidence */
};

/* Why an event can never be applied. */
enum refusal { REFUSE_CONFLICT, REFUSE_OUT_OF_RANGE, REFUSE_UNKNOWN_REFERENCE };

struct intake_terms {
    int64_t park_us;  /* how long a request waits for its order */
    int64_t stall_us; /* how long a refund may be open before an alarm */
};

/* An addition to what is known about a customer. */
struct customer_addition {
    const char *token;
    int64_t day_of_us; /* event time; counted by its UTC day */
    const char *currency;
    int64_t orders;
    int64_t refunds;
    int64_t refunded_minor;
};

struct intake_port {
    void *self;
    /* STATUS_OVERFLOW if it is larger than INTAKE_VALIDATED_MAX: then nothing was published. */
    enum status (*publish)(void *self, const struct answer *answer);
    enum status (*deadline)(void *self, const struct refund *refund, enum deadline_kind kind,
                            int64_t due_us);
    enum status (*deadline_clear)(void *self, const struct refund *refund, enum deadline_kind kind);
    enum status (*stalled)(void *self, const struct order *order, const struct refund *refund,
                           int64_t now_us);
    enum status (*add)(void *self, const struct order *order,
                       const struct customer_addition *addition);
    /* Returns STATUS_UNPROCESSABLE. */
    enum status (*refuse)(void *self, enum refusal refusal, const char *field, const char *value,
                          const char *rule);
    int64_t (*key)(void *self, const struct order *order); /* unique, and growing per order */
};

struct intake {
    struct intake_terms terms;
    const struct intake_port *port;
    struct arena *arena;
};

/* Applies one input to the rows of its order. STATUS_OK, STATUS_DUPLICATE (applied before),
 * STATUS_UNPROCESSABLE (refused through the port; the rows are untouched), STATUS_EXHAUSTED
 * (arena), or what the port returned: after those two the rows are of no further use. */
enum status intake_decide(const struct intake *intake, struct order *order,
                          const struct input *input) CHECK_RESULT;

/* Rows, for whoever loads and shows them. */

/* The line, or NULL if it is not among those loaded. */
struct order_line *order_line_find(const struct order *order, const char *line_id);

/* Fills lines_by_id from lines. STATUS_INVALID if two have the same id, which is in `twice`. */
enum status order_lines_sort(struct order_line *lines, size_t count, struct order_line **by_id,
                             const char **twice) CHECK_RESULT;

int64_t order_line_paid(const struct order_line *line);

struct refund *order_refund_find(const struct order *order, const char *refund_id);

/* Keep the order of arrival, and of capture. */
void order_add_refund(struct order *order, struct refund *refund);
void order_add_payment(struct order *order, struct payment *payment);

/* Hangs the claim on its refund and, if `line` is not NULL, on the line. */
void claim_link(struct claim *claim, struct refund *refund, struct order_line *line);

/* Placed, and a payment in its currency captured. */
bool order_usable(const struct order *order);

#endif
