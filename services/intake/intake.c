#include "intake.h"

#include "clock.h"
#include "intake_decide.h"

const char *intake_rejection_words(enum rejection_reason reason)
{
    static const char *const WORDS[] = {[REJECTION_NONE] = "",
#define X(name, code, words) [REJECTION_##name] = words,
                                        REJECTION_ROWS(X)
#undef X
    };
    return WORDS[reason];
}

static enum status nothing(const struct intake *intake, struct order *order,
                           const struct input *input)
{
    (void)intake, (void)order, (void)input;
    return STATUS_OK;
}

/* Overdue anywhere: an alarm, and another one as long as it lasts. */
static enum status stalled(const struct intake *intake, struct order *order, struct refund *refund,
                           int64_t now_us)
{
    const struct intake_port *port = intake->port;
    if (refund->status != REFUND_OPEN && refund->status != REFUND_NEEDS_INFO)
        return STATUS_OK;
    enum status status = port->stalled(port->self, order, refund, now_us);
    if (status != STATUS_OK)
        return status;
    return port->deadline(port->self, refund, DEADLINE_STALL,
                          now_us + INTAKE_STALL_AGAIN_DAYS * CLOCK_DAY_US);
}

static enum status due(const struct intake *intake, struct order *order, const struct input *input)
{
    static enum status (*const DUE[])(const struct intake *, struct order *, struct refund *,
                                      int64_t) = {
        [DEADLINE_PARK] = intake_park_due,
        [DEADLINE_STALL] = stalled,
        [DEADLINE_FOLLOW_UP] = intake_follow_up_due,
    };
    struct refund *refund = order_refund_find(order, input->due.refund_id);
    if (refund == NULL)
        return STATUS_OK;
    return DUE[input->due.kind](intake, order, refund, input->now_us);
}

enum status intake_decide(const struct intake *intake, struct order *order,
                          const struct input *input)
{
    static enum status (*const DECIDE[])(const struct intake *, struct order *,
                                         const struct input *) = {
        [INPUT_NOTHING] = nothing,          [INPUT_PLACED] = intake_placed,
        [INPUT_CAPTURED] = intake_captured, [INPUT_MOVED] = intake_moved,
        [INPUT_ASKED] = intake_asked,       [INPUT_FOLLOWED_UP] = intake_followed_up,
        [INPUT_OUTCOME] = intake_outcome,   [INPUT_DUE] = due,
    };
    return DECIDE[input->kind](intake, order, input);
}
