#include "provider.h"

static const struct provider *const PROVIDER_TABLE[] = {&provider_stripe};

const struct provider *provider_find(int name)
{
    for (size_t i = 0; i < sizeof PROVIDER_TABLE / sizeof *PROVIDER_TABLE; i++)
        if ((int)PROVIDER_TABLE[i]->name == name)
            return PROVIDER_TABLE[i];
    return NULL;
}

bool provider_exists(int name)
{
    return provider_find(name) != NULL;
}
