/* Save: what decide made new or changed, one statement per table. */

#ifndef REDRESS_INTAKE_SAVE_H
#define REDRESS_INTAKE_SAVE_H

#include "columns.h"
#include "intake.h"
#include "intake_store.h"

struct order_saving {
    struct arena *arena;
    struct columns orders, placed_orders, changed_orders, lines, moved_lines, payments, movements,
        movement_lines;
};

struct refund_saving {
    struct arena *arena;
    struct columns refunds, changed_refunds, asked_refunds, claims, changed_claims, evidence,
        follow_ups, changed_follow_ups, payouts, notes;
};

struct order_saving *order_saving_create(struct arena *arena, struct unit *unit);
enum status order_saving_add(struct order_saving *saving, const struct order *order) CHECK_RESULT;
void order_saving_call(struct order_saving *saving);

struct refund_saving *refund_saving_create(struct arena *arena, struct unit *unit);
enum status refund_saving_add(struct refund_saving *saving, const struct order *order,
                              const struct refund *refund) CHECK_RESULT;
void refund_saving_call(struct refund_saving *saving);

enum status customers_save(struct arena *arena, struct unit *unit,
                           const struct intake_batch *rows) CHECK_RESULT;

#endif
