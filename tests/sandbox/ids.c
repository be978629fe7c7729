/* Ids that look like the provider's and carry the record's number, so that none is stored. */

#include "store.h"

#include <string.h>

enum { NUMBER_DIGITS = 11 /* base 62 digits of 64 bits */, CHECK_DIGITS = 11 };

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014), which can be undone. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t unmix(uint64_t x)
{
    x = (x ^ (x >> 31) ^ (x >> 62)) * UINT64_C(0x319642b2d24d8ec3);
    x = (x ^ (x >> 27) ^ (x >> 54)) * UINT64_C(0x96de1b173f119089);
    return x ^ (x >> 30) ^ (x >> 60);
}

static char *write_number(uint64_t number, int count, char *to)
{
    for (int i = count - 1; i >= 0; i--) {
        to[i] = digits[number % 62];
        number /= 62;
    }
    return to + count;
}

static bool read_number(const char *text, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
        if (digit == NULL)
            return false;
        *number = *number * 62 + (uint64_t)(digit - digits);
    }
    return true;
}

/* Prefix, the number mixed with the salt, and check digits that tell a made-up id. */
static char *make_id(const struct store *store, const char *prefix, uint64_t number, char *id)
{
    size_t size = strlen(prefix);
    memcpy(id, prefix, size);
    char *at = write_number(mix(number ^ store->salt), NUMBER_DIGITS, id + size);
    at = write_number(mix(mix(number + 1) ^ ~store->salt), CHECK_DIGITS, at);
    *at = '\0';
    return id;
}

static uint32_t read_id(const struct store *store, const char *prefix, const char *id,
                        uint32_t count)
{
    size_t size = strlen(prefix);
    uint64_t mixed;
    if (strncmp(id, prefix, size) != 0 || !read_number(id + size, &mixed))
        return STORE_NONE;
    uint64_t number = unmix(mixed) ^ store->salt;
    char made[STORE_ID_ROOM];
    if (number >= count || strcmp(make_id(store, prefix, number, made), id) != 0)
        return STORE_NONE;
    return (uint32_t)number;
}

char *refund_id(const struct store *store, uint32_t refund, char *id)
{
    return make_id(store, "re_3", refund, id);
}

char *charge_id(const struct store *store, uint32_t payment, char *id)
{
    return make_id(store, "ch_3", payment, id);
}

char *transaction_id(const struct store *store, uint32_t refund, bool failure, char *id)
{
    return make_id(store, failure ? "txn_4" : "txn_3", refund, id);
}

const char *payment_charge(const struct store *store, uint32_t payment, char *id)
{
    const char *charge = store->payments[payment].charge;
    return charge != NULL ? charge : charge_id(store, payment, id);
}

uint32_t store_refund_find(const struct store *store, const char *id)
{
    return read_id(store, "re_3", id, store->refund_count);
}

uint32_t store_payment_find(const struct store *store, const char *id)
{
    uint32_t number;
    uint32_t hash = lookup_hash(id, strlen(id));
    for (size_t cursor = 0; lookup_next(&store->payment_ids, hash, &cursor, &number);) {
        const struct payment *payment = &store->payments[number];
        if (strcmp(payment->id, id) == 0 ||
            (payment->charge != NULL && strcmp(payment->charge, id) == 0))
            return number;
    }
    number = read_id(store, "ch_3", id, store->payment_count);
    /* A payment that was registered with its own charge id does not answer to a made one. */
    return number != STORE_NONE && store->payments[number].charge == NULL ? number : STORE_NONE;
}
