/* Signature: what people and the business say is genuine. Ed25519 (libsodium) over the layouts of
 * proto/README.md: redress.rules.v1 and redress.decision.v1.
 *
 * Public keys come as text, "id:<64 hex>" or several with commas between; a third part names what
 * the key may sign ("id:<64 hex>:stop+policy"), without it everything. A secret key is
 * "id:<64 hex of its seed>". */

#ifndef REDRESS_SIGNATURE_H
#define REDRESS_SIGNATURE_H

#include "arena.h"
#include "redress/v1/decision.pb-c.h"
#include "redress/v1/rules.pb-c.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIGNATURE_SIZE = 64,
    SIGNATURE_PUBLIC_SIZE = 32,
    SIGNATURE_SEED_SIZE = 32,
    SIGNATURE_KEYS_MAX = 32,
    SIGNATURE_KEY_ID_MAX = 33, /* bytes, NUL included: letters, digits, - and _ */
    SIGNATURE_SCOPE_MAX = 65,  /* bytes of what a key may sign, NUL included */
    SIGNATURE_TEXT_MAX = 128   /* bytes of a key as text, NUL included */
};

struct signature_public {
    char id[SIGNATURE_KEY_ID_MAX];
    uint8_t key[SIGNATURE_PUBLIC_SIZE];
    char scope[SIGNATURE_SCOPE_MAX]; /* "": everything */
};

struct signature_keys {
    size_t count;
    struct signature_public items[SIGNATURE_KEYS_MAX];
};

struct signature_secret {
    char id[SIGNATURE_KEY_ID_MAX];
    uint8_t seed[SIGNATURE_SEED_SIZE];
    uint8_t key[SIGNATURE_PUBLIC_SIZE];
};

/* Reads public keys; "" gives none. STATUS_INVALID names what is wrong. */
enum status signature_keys_read(const char *text, struct signature_keys *keys,
                                struct error *error) CHECK_RESULT;

/* NULL if there is none, or it may not sign `what` (a word of its scope). */
const struct signature_public *signature_key_find(const struct signature_keys *keys, const char *id,
                                                  const char *what);

/* Reads a secret key; a newline at the end is allowed. STATUS_INVALID never tells the key. */
enum status signature_secret_read(const char *text, struct signature_secret *secret,
                                  struct error *error) CHECK_RESULT;

/* A new key, from the system's randomness. */
enum status signature_secret_make(const char *id, struct signature_secret *secret,
                                  struct error *error) CHECK_RESULT;
void signature_secret_wipe(struct signature_secret *secret);

/* The keys as text, as they are read; `text` has SIGNATURE_TEXT_MAX bytes. Returns `text`. */
char *signature_secret_text(const struct signature_secret *secret, char *text);
char *signature_public_text(const struct signature_secret *secret, char *text);

void signature_make(const struct signature_secret *secret, const void *bytes, size_t size,
                    uint8_t signature[SIGNATURE_SIZE]);
bool signature_holds(const uint8_t key[SIGNATURE_PUBLIC_SIZE], const void *bytes, size_t size,
                     const void *signature, size_t signature_size);

/* The bytes that are signed, in `arena`. STATUS_EXHAUSTED if it is full, STATUS_INVALID if a time
 * lies outside years 0001 to 9999 or a rule set holds no rules. */
enum status signature_layout_rules(const Redress__V1__RuleSet *set, struct arena *arena,
                                   const uint8_t **bytes, size_t *size) CHECK_RESULT;
enum status signature_layout_decision(const Redress__V1__Decision *decision, struct arena *arena,
                                      const uint8_t **bytes, size_t *size) CHECK_RESULT;

/* Signs in place: adds a signature to the rule set (STATUS_EXHAUSTED if it has two already), or
 * sets the decision's key_id and signature. Memory from `arena`. */
enum status signature_sign_rules(Redress__V1__RuleSet *set, const struct signature_secret *secret,
                                 struct arena *arena) CHECK_RESULT;
enum status signature_sign_decision(Redress__V1__Decision *decision,
                                    const struct signature_secret *secret,
                                    struct arena *arena) CHECK_RESULT;

/* What a record says in the header redress_signature, as 128 lower-case hex digits: a signature
 * over the domain "redress.goods.v1/<ce_id>" and the value, each as a text. It is over the bytes
 * that are on the topic, so that no reader has to write a message as its writer did. */
enum { SIGNATURE_TEXT = 2 * SIGNATURE_SIZE + 1 /* NUL included */ };

/* Returns `text`; NULL if the arena is full. */
char *signature_sign_record(const struct signature_secret *secret, const char *ce_id,
                            const void *value, size_t size, struct arena *arena,
                            char text[SIGNATURE_TEXT]);

/* True if one of the keys made it. False too where `ce_id` or `text` is NULL, or the arena is full.
 */
bool signature_record_holds(const struct signature_keys *keys, const char *ce_id, const void *value,
                            size_t size, const char *text, struct arena *arena);

/* Lower-case hex SHA-256 over a model's files: see Model.sha256. `hex` has 65 bytes. */
char *signature_model_hash(const Redress__V1__Model *model, char *hex);

/* What a rule set says, whoever publishes it when: of a model its sha256, else the hex SHA-256 of
 * its content as it is signed. STATUS_EXHAUSTED if the arena is full. */
enum status signature_content_hash(const Redress__V1__RuleSet *set, struct arena *arena,
                                   char *hex) CHECK_RESULT;

#endif
