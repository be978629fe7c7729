/* A world for settlement's tests: one order, a clock, a sender that only counts. It applies what
 * the core decides to balances of its own, and checks after every event what must always hold. */

#ifndef SETTLEMENT_WORLD_H
#define SETTLEMENT_WORLD_H

#include "services/settlement/settlement.h"

enum { WORLD_LOG_MAX = 4096 };

struct world {
    int condition; /* of goods that are seen next */
    struct arena *arena;
    struct order_rows rows;
    struct settlement_limits limits;
    bool (*has_adapter)(int provider); /* Stripe alone at first */
    size_t capacity[PROVIDERS];
    int64_t now_us, epoch;
    int64_t balances[ACCOUNTS];
    int64_t fees;
    const struct rules_stop *stop; /* about a refund; NULL: none */
    int events;

    /* Of the last event. */
    struct effects effects;
    struct objection objection;
};

void world_start(struct world *world);
void world_end(struct world *world);

/* Microseconds later. */
void world_pass(struct world *world, int64_t us);

enum status world_capture(struct world *world, const char *payment_id, int64_t minor,
                          const char *currency);
enum status world_capture_as(struct world *world, const struct capture *capture);
enum status world_capture_by(struct world *world, const char *payment_id, int64_t minor,
                             const char *currency, int provider);

/* A genuine approval of one line "1" of 2 units worth the amount with a sixth of tax, over the
 * shares. */
enum status world_approve(struct world *world, const char *refund_id, int64_t version,
                          const struct share *shares, size_t share_count);
enum status world_approve_one(struct world *world, const char *refund_id, int64_t version,
                              const char *payment_id, int64_t minor);
struct approval_event world_approval(struct world *world, const char *refund_id, int64_t version,
                                     const struct share *shares, size_t share_count);
enum status world_apply_approval(struct world *world, const struct approval_event *approval);
enum status world_cancel(struct world *world, const char *refund_id, int64_t version);
enum status world_decline(struct world *world, const char *refund_id, int64_t version);
enum status world_due(struct world *world, enum due_kind kind, const char *subject);
enum status world_goods(struct world *world, const char *event_id, const char *refund_id,
                        enum goods_kind kind, const char *line_id, int64_t units, int64_t accepted);

/* Evidence about a payout; its fields can be changed before it is applied. */
struct evidence world_evidence(struct world *world, const struct payout *payout,
                               enum evidence_kind kind, enum evidence_source source);
enum status world_tell(struct world *world, const struct evidence *evidence);
enum status world_refund(struct world *world, const struct payout *payout,
                         enum refund_status status, enum evidence_source source);
enum status world_call_failed(struct world *world, const struct payout *payout,
                              enum call_failure failure, const char *code, int32_t http_status);
enum status world_not_found(struct world *world, const struct payout *payout);

/* Late enough to be believed, a look-up does not find it. Fails the test if that is refused. */
void world_confirm_absent(struct world *world, const struct payout *payout);

/* The nth payout of the order (from 0), and the nth publication, alarm and task of the last event;
 * NULL if there are fewer. */
struct payout *world_payout(const struct world *world, size_t n);
const struct publication *world_publication(const struct world *world, size_t n);
const struct alarm *world_alarm(const struct world *world, size_t n);
const struct task *world_task(const struct world *world, size_t n);
size_t world_publications(const struct world *world);

/* A world in which 34.02 GBP were captured as pay_1; and in it, an approved payout of 5.10 of rf_1
 * that was handed to the sender. Both fail the test if that does not come about. */
void world_start_captured(struct world *world);
struct payout *world_submitted(struct world *world);

/* Puts the first payout, which must be fresh, into a state, and its money into the bucket. */
void world_force(struct world *world, struct payout *payout, enum payout_state state);

#endif
