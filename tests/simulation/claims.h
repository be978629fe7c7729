/* The world of claims: intake's real decisions (services/intake: the pure core, and what it asks to
 * be loaded) over rows that are kept here, on a desk (desk.h). Customers, the shop, and policy,
 * routing and settlement are played: these answer as the contract lets them, and as badly.
 *
 *     claims_world.c   intake's port, and the replay
 *     claims_rows.c    the database: rows, and which of them are loaded and saved
 *     claims_people.c  customers and the shop
 *     claims_later.c   policy, routing and settlement
 *     claims_audit.c   the promises */

#ifndef REDRESS_CLAIMS_H
#define REDRESS_CLAIMS_H

#include "desk.h"
#include "services/intake/intake.h"

enum {
    CLAIMS_LINES = 4,         /* of an order */
    CLAIMS_PAYOUTS = 2,       /* of a refund */
    CLAIMS_APPLIED_MAX = 4096 /* events of an order */
};

enum claims_topic {
    CLAIMS_ORDERS,
    CLAIMS_REQUESTS,
    CLAIMS_GOODS,
    CLAIMS_ASSESSED,
    CLAIMS_ROUTED,
    CLAIMS_PAYOUTS_SAID,
    CLAIMS_TOPICS
};

/* What intake said, for those who come later. */
struct claims_said {
    enum answer_status status;
    enum rejection_reason reason;
    const char *named; /* the refund that a rejection names */
    bool appeal;
    int64_t claim_minor;
};

/* Totals of the one customer. */
struct claims_totals {
    int64_t orders, refunds, refunded_minor;
};

/* Of one order, as a batch has them. */
struct claims_rows {
    struct order *order;
    struct claims_totals added;
};

/* An event as it was applied, for the replay. */
struct claims_applied {
    const struct desk_event *event;
    int64_t now_us;
    enum status status;
};

struct claims {
    struct order saved[DESK_ORDERS];
    struct claims_totals totals;
    struct claims_applied applied[DESK_ORDERS][CLAIMS_APPLIED_MAX];
    size_t applied_count[DESK_ORDERS];
    uint64_t bytes[DESK_ORDERS]; /* of all that was said */

    bool placed[DESK_ORDERS]; /* said */
    int captures[DESK_ORDERS], asked[DESK_ORDERS];
    int64_t paid_minor[DESK_ORDERS]; /* for lines and shipping */
};

extern struct claims claims;
extern const struct intake_terms claims_terms;

/* claims_world.c: applies events as they were applied once, to rows that are never saved. */
uint64_t claims_replay(int order, struct order *rows);

/* claims_rows.c */
struct order *claims_load_order(const struct desk_batch *batch, int order);
void claims_save_order(struct order *saved, const struct order *from);
struct refund *claims_refund(int order, int refund); /* as saved; NULL: there is none */

/* claims_people.c */
bool claims_people_act(void);
const char *claims_line_id(int line);

/* claims_later.c */
void claims_later_begin(void);
void claims_later_hear(int order, int refund, int64_t version, const struct claims_said *said);
bool claims_later_act(int order, int refund); /* false: there is nothing to do */
int64_t claims_later_paid(int order, int refund);

/* claims_audit.c */
void claims_audit_saved(int order); /* these rows hold */
void claims_audit_rest(void);

#endif
