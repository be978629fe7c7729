#include "stage_seal.h"

#include "envelope.h"

#include <sodium.h>
#include <string.h>

enum { DOMAIN_MAX = ENVELOPE_VALUE_MAX + 128 };

static const char *domain_of(enum topic topic, const char *ce_id, char domain[DOMAIN_MAX])
{
    char *at = stpcpy(stpcpy(stpcpy(domain, "redress.stage.v1/"), topic_info(topic)->name), "/");
    size_t size = strnlen(ce_id, (size_t)(domain + DOMAIN_MAX - 1 - at));
    memcpy(at, ce_id, size);
    at[size] = '\0';
    return domain;
}

char *stage_seal(const struct approval_keys *keys, enum topic topic, const char *ce_id,
                 const void *value, size_t size, char seal[STAGE_SEAL_TEXT])
{
    char domain[DOMAIN_MAX];
    uint8_t mac[APPROVAL_MAC_SIZE];
    approval_seal(keys, domain_of(topic, ce_id, domain), value, size, mac);
    return sodium_bin2hex(seal, STAGE_SEAL_TEXT, mac, sizeof mac);
}

bool stage_seal_holds(const struct approval_keys *keys, enum topic topic, const char *ce_id,
                      const void *value, size_t size, const char *seal)
{
    char domain[DOMAIN_MAX];
    uint8_t mac[APPROVAL_MAC_SIZE];
    size_t read = 0;
    if (ce_id == NULL || seal == NULL || strlen(seal) != 2 * sizeof mac ||
        sodium_hex2bin(mac, sizeof mac, seal, strlen(seal), NULL, &read, NULL) != 0 ||
        read != sizeof mac)
        return false;
    return approval_seal_holds(keys, domain_of(topic, ce_id, domain), value, size, mac);
}
