/* Ids that look like the provider's and carry the record's number, so that none is stored. */

#include "store.h"

#include <string.h>

enum {
    NUMBER_DIGITS = 11, /* base 62 digits of 64 bits */
    CHECK_DIGITS = 11,
    CAPITAL_DIGITS = 13 /* base 36 digits of 64 bits */
};

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

/* Adyen's references have 16 capitals and digits, PayPal's 17. */
static char *make_capital_id(const struct store *store, char prefix, size_t size, uint64_t number,
                             char *id)
{
    uint64_t mixed = mix(number ^ store->salt);
    uint64_t check = mix(mix(number + (unsigned char)prefix) ^ ~store->salt);
    id[0] = prefix;
    for (size_t i = 1; i < size; i++) {
        uint64_t *from = i <= CAPITAL_DIGITS ? &mixed : &check;
        id[i] = digits[*from % 36];
        *from /= 36;
    }
    id[size] = '\0';
    return id;
}

static uint32_t read_capital_id(const struct store *store, char prefix, size_t size, const char *id,
                                uint32_t count)
{
    char made[STORE_ID_ROOM];
    uint64_t mixed = 0;
    if (id[0] != prefix || strlen(id) != size)
        return STORE_NONE;
    for (size_t i = CAPITAL_DIGITS; i > 0; i--) {
        const char *digit = strchr(digits, id[i]);
        if (digit == NULL || digit - digits >= 36)
            return STORE_NONE;
        mixed = mixed * 36 + (uint64_t)(digit - digits);
    }
    uint64_t number = unmix(mixed) ^ store->salt;
    if (number >= count || strcmp(make_capital_id(store, prefix, size, number, made), id) != 0)
        return STORE_NONE;
    return (uint32_t)number;
}

static const struct {
    size_t refund_size; /* 0: Stripe's */
    char refund, dispute;
} capitals[] = {[DIALECT_STRIPE] = {0, 0, 0},
                [DIALECT_ADYEN] = {16, 'R', 'D'},
                [DIALECT_PAYPAL] = {17, 'R', 'D'}};

char *refund_id(const struct store *store, uint32_t refund, char *id)
{
    uint8_t dialect = store->payments[store->refunds[refund].payment].dialect;
    if (dialect == DIALECT_STRIPE)
        return make_id(store, "re_3", refund, id);
    return make_capital_id(store, capitals[dialect].refund, capitals[dialect].refund_size, refund,
                           id);
}

char *dispute_id(const struct store *store, uint32_t dispute, char *id)
{
    uint8_t dialect = store->payments[store->disputes[dispute].payment].dialect;
    if (dialect == DIALECT_STRIPE)
        return make_id(store, "dp_3", dispute, id);
    return make_capital_id(store, capitals[dialect].dispute, capitals[dialect].refund_size, dispute,
                           id);
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
    uint32_t found = read_id(store, "re_3", id, store->refund_count);
    for (size_t i = DIALECT_ADYEN; i < DIALECTS && found == STORE_NONE; i++)
        found = read_capital_id(store, capitals[i].refund, capitals[i].refund_size, id,
                                store->refund_count);
    return found;
}

uint32_t store_dispute_find(const struct store *store, const char *id)
{
    uint32_t found = read_id(store, "dp_3", id, store->dispute_count);
    for (size_t i = DIALECT_ADYEN; i < DIALECTS && found == STORE_NONE; i++)
        found = read_capital_id(store, capitals[i].dispute, capitals[i].refund_size, id,
                                store->dispute_count);
    return found;
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
