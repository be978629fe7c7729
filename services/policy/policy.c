#include "policy.h"

#include "clock.h"

#include <stddef.h>

#define RETRY_LEAST_US CLOCK_SECOND_US
#define RETRY_MOST_US (60 * CLOCK_SECOND_US)

enum policy_step policy_step(enum validated_status status)
{
    static const enum policy_step steps[] = {
        [VALIDATED_STATUS_VALIDATED] = POLICY_STEP_ASSESS,
        [VALIDATED_STATUS_REJECTED] = POLICY_STEP_NONE,
        [VALIDATED_STATUS_NEEDS_INFO] = POLICY_STEP_NONE,
        [VALIDATED_STATUS_CANCEL_REQUESTED] = POLICY_STEP_PASS_ON,
    };
    return steps[status];
}

enum status policy_take(struct policy_refund *refund, int64_t version)
{
    if (version <= refund->seen)
        return STATUS_DUPLICATE;
    if (version > refund->seen + 1)
        return STATUS_GAP;
    refund->seen = version;
    refund->changed = true;
    return STATUS_OK;
}

int64_t policy_retry_at(int64_t since_us, int64_t now_us)
{
    int64_t pause_us = (now_us - since_us) / 4;
    if (pause_us < RETRY_LEAST_US)
        pause_us = RETRY_LEAST_US;
    return now_us + (pause_us < RETRY_MOST_US ? pause_us : RETRY_MOST_US);
}

bool policy_tell_again(int64_t since_us, int64_t last_us, int64_t now_us)
{
    return (now_us - since_us) / CLOCK_DAY_US > (last_us - since_us) / CLOCK_DAY_US;
}

bool policy_notice(const struct assessment *assessment, bool appeal, struct policy_notice *notice)
{
    bool declined = assessment->outcome == OUTCOME_DECLINED && !appeal;
    if (!declined && assessment->outcome != OUTCOME_NEEDS_INFO)
        return false;
    *notice = (struct policy_notice){
        .template = declined ? "refund_declined" : "refund_more_information",
        .reason = assessment->notice,
        .appeal = declined ? "You can appeal once, with the same request; a person will decide it."
                           : NULL,
        .needed = declined ? NULL : assessment->needed,
        .needed_count = declined ? 0 : assessment->needed_count};
    return true;
}
