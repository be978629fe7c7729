/* Check: whether a rule set may be accepted, as far as that can be seen from its bytes, its
 * signatures and what was accepted before. Pure; what its content means is the handler's. */

#ifndef REDRESS_RULES_CHECK_H
#define REDRESS_RULES_CHECK_H

#include "arena.h"
#include "redress/v1/rules.pb-c.h"
#include "rules.h"
#include "signature.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHECK_UNPACKED_MAX = 8 * 1024 * 1024, /* bytes of a rule set, unpacked */
    CHECK_VERSION_MAX = 1000000000,
    CHECK_FILES_MAX = 16,        /* files of a model */
    CHECK_CORRECTION_MAX = 2000, /* bytes of a correction's reason */
    CHECK_STOPS_WIDE_MAX = 1000  /* stops of neither a refund nor a customer */
};

/* A signature is good for publication this long, and clocks may differ by this much. */
#define CHECK_PUBLISH_WITHIN_US (INT64_C(30) * 24 * 3600 * 1000000)
#define CHECK_CLOCKS_DIFFER_US (INT64_C(5) * 60 * 1000000)

/* A record as it came. */
struct check_record {
    const char *key; /* not NUL-terminated; NULL if there is none */
    size_t key_size;
    const void *value; /* NULL for a tombstone */
    size_t value_size;
    int64_t published_us; /* Kafka's time of the record */
};

/* What was accepted before of the same id. */
struct check_known {
    int64_t latest; /* highest version; 0: none */
    enum rules_kind kind;
    const char *merchant_id;
    const Redress__V1__Stop *stop; /* scope of its latest version; NULL: it is none */
    size_t sets;                   /* accepted in all */
    size_t stops;                  /* that hold */
    size_t wide_stops;             /* of those: neither of a refund nor of a customer */
};

/* "policy"; "unknown" for RULES_KINDS. */
const char *rules_kind_name(enum rules_kind kind);

/* Whether a rule set may be called so. INVALID: says what an id is. */
enum status check_id(const char *id, struct error *error) CHECK_RESULT;

/* RULES_KINDS if it is none that there is. */
enum rules_kind check_kind(const Redress__V1__RuleSet *set);

/* The message, in `arena`. STATUS_INVALID with the reason: it is no rule set of any kind. */
enum status check_unpack(const struct check_record *record, struct arena *arena,
                         Redress__V1__RuleSet **set, struct error *error) CHECK_RESULT;

/* Each STATUS_OK, or STATUS_INVALID with the reason to refuse it. */
enum status check_form(const Redress__V1__RuleSet *set, const struct check_record *record,
                       struct error *error) CHECK_RESULT;
enum status check_signatures(const Redress__V1__RuleSet *set, const struct signature_keys *keys,
                             struct arena *arena, struct error *error) CHECK_RESULT;
enum status check_history(const Redress__V1__RuleSet *set, const struct check_known *known,
                          struct error *error) CHECK_RESULT;

/* From when it holds: valid_from, or its publication where that is absent. After check_form. */
int64_t check_valid_from(const Redress__V1__RuleSet *set, const struct check_record *record);

#endif
