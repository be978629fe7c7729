#include "provider_facts.h"

#include "settlement.h"

static const struct provider_facts FACTS[PROVIDERS] = {
    [PROVIDER_NONE] = {"none", EXECUTOR_NOBODY, LOOK_UP_NEVER, 0, false, 0},
#define X(provider, name, executor, reach, hours, stores_500, rate) \
    [PROVIDER_##provider] = {                                       \
        name, EXECUTOR_##executor, LOOK_UP_##reach, (hours)*PROVIDER_HOUR_US, stores_500, rate},
    PROVIDER_FACT_ROWS(X)
#undef X
};

const struct provider_facts *provider_facts(int provider)
{
    return &FACTS[provider > PROVIDER_NONE && provider < PROVIDERS ? provider : PROVIDER_NONE];
}

int64_t provider_key_life_us(int provider, int64_t most_us)
{
    int64_t life_us = provider_facts(provider)->key_life_us - PROVIDER_KEY_MARGIN_US;
    if (life_us < 0)
        return 0;
    return most_us > 0 && most_us < life_us ? most_us : life_us;
}
