#include "seal.h"

#include "message.h"

#include <string.h>

static const char DOMAIN[] = "redress.evidence.v1";

/* Field 100, length-delimited, 32 bytes. */
static const uint8_t FIELD_HEAD[] = {0xa2, 0x06, APPROVAL_MAC_SIZE};

enum { FIELD_SIZE = sizeof FIELD_HEAD + APPROVAL_MAC_SIZE };

enum status seal_event(const struct approval_keys *keys, Redress__V1__ProviderEvent *event,
                       struct arena *arena)
{
    uint8_t *mac = arena_alloc(arena, APPROVAL_MAC_SIZE);
    uint8_t *bytes = NULL;
    size_t size = 0;
    event->seal = (ProtobufCBinaryData){.len = 0, .data = NULL};
    if (mac == NULL || message_pack(&event->base, arena, &bytes, &size) != STATUS_OK)
        return STATUS_EXHAUSTED;
    approval_seal(keys, DOMAIN, bytes, size, mac);
    event->seal = (ProtobufCBinaryData){.len = APPROVAL_MAC_SIZE, .data = mac};
    return STATUS_OK;
}

bool seal_holds(const struct approval_keys *keys, const void *value, size_t size)
{
    if (size < FIELD_SIZE)
        return false;
    const uint8_t *field = (const uint8_t *)value + size - FIELD_SIZE;
    return memcmp(field, FIELD_HEAD, sizeof FIELD_HEAD) == 0 &&
           approval_seal_holds(keys, DOMAIN, value, size - FIELD_SIZE, field + sizeof FIELD_HEAD);
}
