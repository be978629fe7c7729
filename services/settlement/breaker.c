#include "breaker.h"

size_t breaker_room(const struct breaker *breaker, int64_t now_us)
{
    if (!breaker->open)
        return SIZE_MAX;
    return breaker->trying || now_us < breaker->until_us ? 0 : 1;
}

void breaker_started(struct breaker *breaker)
{
    breaker->trying = breaker->open;
}

static void open_for(struct breaker *breaker, int64_t wait_us, int64_t now_us)
{
    breaker->open = true;
    breaker->trying = false;
    breaker->failures = 0;
    breaker->wait_us = wait_us < BREAKER_MOST_US ? wait_us : BREAKER_MOST_US;
    breaker->until_us = now_us + breaker->wait_us;
}

/* Calls that were under way when it opened fail as well: they say nothing new. */
bool breaker_failed(struct breaker *breaker, int64_t now_us)
{
    if (breaker->open) {
        if (breaker->trying)
            open_for(breaker, breaker->wait_us * 2, now_us);
        return false;
    }
    if (++breaker->failures < BREAKER_FAILURES_MAX)
        return false;
    open_for(breaker, BREAKER_FIRST_US, now_us);
    return true;
}

bool breaker_answered(struct breaker *breaker)
{
    bool was_open = breaker->open;
    *breaker = (struct breaker){0};
    return was_open;
}
