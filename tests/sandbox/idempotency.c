#include "idempotency.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum status keys_open(struct keys *keys, uint32_t room, int64_t life_us, struct error *error)
{
    *keys = (struct keys){.room = room, .life_us = life_us};
    void *memory = mmap(NULL, room * sizeof *keys->records, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return error_set(error, STATUS_EXHAUSTED,
                         "cannot reserve memory for %u idempotency keys: give a smaller "
                         "--max-refunds",
                         room);
    keys->records = memory;
    return STATUS_OK;
}

static uint32_t record_hash(const struct key_record *record)
{
    return lookup_hash(record->hash, sizeof record->hash);
}

/* Frees the slot; its place in the ring stays until it is the oldest. */
static void clear(struct keys *keys, uint32_t slot)
{
    struct key_record *record = &keys->records[slot];
    if (record->status == 0)
        return;
    lookup_remove(&keys->lookup, record_hash(record), slot);
    free(record->body);
    *record = (struct key_record){0};
}

void keys_close(struct keys *keys)
{
    if (keys->records == NULL)
        return;
    for (uint32_t i = 0; i < keys->count; i++)
        free(keys->records[(keys->oldest + i) % keys->room].body);
    (void)munmap(keys->records, keys->room * sizeof *keys->records);
    lookup_free(&keys->lookup);
    *keys = (struct keys){0};
}

static void drop_oldest(struct keys *keys)
{
    clear(keys, keys->oldest);
    keys->oldest = (keys->oldest + 1) % keys->room;
    keys->count--;
}

static void prune(struct keys *keys, int64_t now_us)
{
    while (keys->count > 0) {
        const struct key_record *record = &keys->records[keys->oldest];
        if (record->status != 0 && (record->in_use || now_us - record->at_us < keys->life_us))
            return;
        drop_oldest(keys);
    }
}

static void hash_key(uint8_t dialect, const char *key, unsigned char hash[16])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 16);
    crypto_generichash_update(&state, &dialect, 1);
    crypto_generichash_update(&state, (const unsigned char *)key, strlen(key));
    crypto_generichash_final(&state, hash, 16);
}

static uint32_t find(const struct keys *keys, const unsigned char hash[16])
{
    uint32_t slot;
    for (size_t cursor = 0; lookup_next(&keys->lookup, lookup_hash(hash, 16), &cursor, &slot);)
        if (memcmp(keys->records[slot].hash, hash, 16) == 0)
            return slot;
    return KEY_NONE;
}

uint32_t keys_find(struct keys *keys, uint8_t dialect, const char *key, int64_t now_us)
{
    unsigned char hash[16];
    prune(keys, now_us);
    hash_key(dialect, key, hash);
    return find(keys, hash);
}

static uint32_t new_slot(struct keys *keys, const unsigned char hash[16])
{
    if (keys->count == keys->room)
        drop_oldest(keys);
    uint32_t slot = (keys->oldest + keys->count) % keys->room;
    if (!lookup_add(&keys->lookup, lookup_hash(hash, 16), slot))
        return KEY_NONE;
    keys->count++;
    return slot;
}

uint32_t keys_save(struct keys *keys, const struct key_use *use, int64_t at_us, uint16_t status,
                   char *body, uint32_t refund)
{
    struct key_record record = {.fingerprint = use->fingerprint,
                                .request = use->request,
                                .at_us = at_us,
                                .body = body,
                                .refund = refund,
                                .status = status,
                                .endpoint = (uint8_t)use->endpoint};
    hash_key(use->dialect, use->key, record.hash);
    uint32_t slot = find(keys, record.hash);
    if (slot == KEY_NONE)
        slot = new_slot(keys, record.hash);
    if (slot == KEY_NONE) {
        free(body);
        return KEY_NONE;
    }
    free(keys->records[slot].body);
    keys->records[slot] = record;
    return slot;
}

void keys_forget(struct keys *keys, uint32_t slot)
{
    clear(keys, slot);
}
