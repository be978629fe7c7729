/* What intake says about a refund, and the one place where the state of a refund changes. */

#include "intake_decide.h"

#include "clock.h"

static bool is_open(enum refund_status status)
{
    return status == REFUND_OPEN || status == REFUND_NEEDS_INFO;
}

static enum status change_parked(const struct intake *intake, struct order *order,
                                 struct refund *refund, bool parked, int64_t now_us)
{
    const struct intake_port *port = intake->port;
    order->waiting += parked ? 1 : -1;
    order->changed = true;
    if (parked)
        return port->deadline(port->self, refund, DEADLINE_PARK, now_us + intake->terms.park_us);
    return port->deadline_clear(port->self, refund, DEADLINE_PARK);
}

static enum status change_open(const struct intake *intake, struct refund *refund, bool open,
                               int64_t now_us)
{
    const struct intake_port *port = intake->port;
    if (open)
        return port->deadline(port->self, refund, DEADLINE_STALL, now_us + intake->terms.stall_us);
    return port->deadline_clear(port->self, refund, DEADLINE_STALL);
}

enum status refund_move(const struct intake *intake, struct order *order, struct refund *refund,
                        enum refund_status to, int64_t now_us)
{
    enum refund_status from = refund->status;
    enum status status = STATUS_OK;
    refund->status = to;
    refund->updated_at_us = now_us;
    refund->changed = true;
    if ((from == REFUND_PARKED) != (to == REFUND_PARKED))
        status = change_parked(intake, order, refund, to == REFUND_PARKED, now_us);
    if (status == STATUS_OK && is_open(from) != is_open(to))
        status = change_open(intake, refund, is_open(to), now_us);
    return status;
}

static enum status publish(const struct intake *intake, struct refund *refund,
                           struct answer *answer)
{
    const struct intake_port *port = intake->port;
    answer->refund = refund;
    answer->version = refund->version + 1;
    enum status status = port->publish(port->self, answer);
    if (status == STATUS_OVERFLOW && answer->status == ANSWER_REJECTED && !answer->sparse) {
        answer->sparse = true;
        status = port->publish(port->self, answer);
    }
    if (status == STATUS_OK) {
        refund->version++;
        refund->changed = true;
    }
    return status;
}

enum status refund_open(const struct intake *intake, struct order *order, struct refund *refund,
                        int64_t occurred_at_us, const struct follow_up_known *appeal,
                        int64_t now_us)
{
    struct answer answer = {.status = ANSWER_VALIDATED,
                            .order = order,
                            .occurred_at_us = occurred_at_us,
                            .now_us = now_us,
                            .appeal = appeal,
                            .first = refund->round == 0};
    enum status status = publish(intake, refund, &answer);
    if (status != STATUS_OK)
        return status;
    refund->round = refund->version;
    return refund_move(intake, order, refund, REFUND_OPEN, now_us);
}

enum status refund_reject(const struct intake *intake, struct order *order, struct refund *refund,
                          const struct rejection *rejection, int64_t occurred_at_us,
                          const struct follow_up_known *appeal, int64_t now_us)
{
    struct answer answer = {.status = ANSWER_REJECTED,
                            .order = order,
                            .occurred_at_us = occurred_at_us,
                            .now_us = now_us,
                            .rejection = *rejection,
                            .appeal = appeal};
    refund->holds = false;
    refund->claim_minor = 0;
    refund->rejection = rejection->reason;
    enum status status = publish(intake, refund, &answer);
    return status != STATUS_OK ? status
                               : refund_move(intake, order, refund, REFUND_REJECTED, now_us);
}

enum status follow_up_reject(const struct intake *intake, struct order *order,
                             struct refund *refund, enum rejection_reason reason,
                             int64_t occurred_at_us, const struct follow_up_known *appeal,
                             int64_t now_us)
{
    struct answer answer = {.status = ANSWER_REJECTED,
                            .order = order,
                            .occurred_at_us = occurred_at_us,
                            .now_us = now_us,
                            .rejection = {.reason = reason, .line_id = "", .refund_id = ""},
                            .appeal = appeal,
                            .sparse = true};
    return publish(intake, refund, &answer);
}

enum status refund_cancel(const struct intake *intake, struct order *order, struct refund *refund,
                          int64_t occurred_at_us, int64_t now_us)
{
    struct answer answer = {.status = ANSWER_CANCEL_REQUESTED,
                            .order = order,
                            .occurred_at_us = occurred_at_us,
                            .now_us = now_us,
                            .sparse = true};
    refund->cancel_asked = true;
    enum status status = publish(intake, refund, &answer);
    return status != STATUS_OK ? status : refund_move(intake, order, refund, REFUND_OPEN, now_us);
}
