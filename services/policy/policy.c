#include "policy.h"

#include "clock.h"

#include <inttypes.h>
#include <stddef.h>

enum status policy_take(struct policy_refund *refund, int64_t version, enum validated_status status,
                        enum policy_step *step)
{
    static const enum policy_step steps[] = {
        [VALIDATED_STATUS_VALIDATED] = POLICY_STEP_ASSESS,
        [VALIDATED_STATUS_REJECTED] = POLICY_STEP_NONE,
        [VALIDATED_STATUS_NEEDS_INFO] = POLICY_STEP_NONE,
        [VALIDATED_STATUS_CANCEL_REQUESTED] = POLICY_STEP_PASS_ON,
    };
    if (version <= refund->seen)
        return STATUS_DUPLICATE;
    if (version > refund->seen + 1)
        return STATUS_GAP;
    *step = steps[status];
    refund->seen = version;
    refund->version += *step == POLICY_STEP_NONE ? 0 : 1;
    refund->changed = true;
    return STATUS_OK;
}

/* The reason in plain words; %d is the exception window in days. */
static const char *reason_words(enum policy_reason reason, const struct policy *policy,
                                struct arena *arena)
{
    switch (reason) {
    case POLICY_REASON_EXCLUDED_CATEGORY:
        return "What was asked for is not goods that can be returned.";
    case POLICY_REASON_RETURN_WINDOW:
        return arena_printf(arena,
                            "The refund was asked for more than %" PRId64 " days after delivery.",
                            policy->exception_us / CLOCK_DAY_US);
    case POLICY_REASON_NOT_DELIVERED:
        return "The goods are not reported as delivered.";
    case POLICY_REASON_NONE:
    case POLICY_REASON_COUNT:
        break;
    }
    return "";
}

enum status policy_notice(const struct assessment *assessment, const struct policy *policy,
                          bool appeal, struct arena *arena, struct policy_notice *notice,
                          bool *tell)
{
    bool declined = assessment->outcome == OUTCOME_DECLINED && !appeal;
    *tell = declined || assessment->outcome == OUTCOME_NEEDS_INFO;
    if (!*tell)
        return STATUS_OK;
    *notice = (struct policy_notice){
        .template = declined ? "refund_declined" : "refund_more_information",
        .reason = reason_words(assessment->reasons[0], policy, arena),
        .appeal = declined ? "You can appeal once, with the same request; a person will decide it."
                           : NULL,
        .needed = declined ? NULL : "When the goods arrived, or that they did not arrive."};
    return notice->reason == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}
