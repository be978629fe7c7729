#include "provider.h"

#include "provider_facts.h"

static const struct provider *const PROVIDER_TABLE[] = {
    &provider_stripe, &provider_adyen, &provider_paypal, &provider_shopify, &provider_magento,
};

static bool enabled[PROVIDERS];

const struct provider *provider_find(int name)
{
    for (size_t i = 0; i < sizeof PROVIDER_TABLE / sizeof *PROVIDER_TABLE; i++)
        if ((int)PROVIDER_TABLE[i]->name == name)
            return PROVIDER_TABLE[i];
    return NULL;
}

void provider_enable(const struct provider_account accounts[PROVIDERS])
{
    for (int i = 0; i < PROVIDERS; i++)
        enabled[i] = provider_facts(i)->executor == EXECUTOR_OURSELVES ||
                     (provider_find(i) != NULL && accounts[i].secret != NULL &&
                      accounts[i].secret[0] != '\0');
}

bool provider_exists(int name)
{
    return name > PROVIDER_NONE && name < PROVIDERS && enabled[name];
}
