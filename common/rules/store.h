/* Store: the tables of the rules in the worker's database, on a connection of its own beside the
 * loop's. Thread-safe: the reader writes, the loop fetches what it has not made yet.
 *
 * STATUS_RETRY: the database is away; the next call connects again. */

#ifndef REDRESS_RULES_STORE_H
#define REDRESS_RULES_STORE_H

#include "arena.h"
#include "check.h"
#include "config.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum { STORE_UNTOLD_MAX = 16 };

/* How far the topic was read. */
struct store_place {
    int64_t next; /* -1: the beginning of the log */
    int64_t last_time, last_hash;
};

/* What the tables say before a rule set is judged. */
struct store_facts {
    int64_t next;
    int64_t now_us; /* the database's clock */
    bool others;    /* the progress is of other kinds than ours: it must not be moved */
    bool judged;    /* this record has a verdict */
    bool same;      /* the same version was accepted with these very bytes */
    struct check_known known;
    Redress__V1__Stop stop; /* known.stop points to it */
};

/* A rule set with its verdict. Texts are never NULL. */
struct store_row {
    struct store_place place; /* after it */
    int64_t offset;
    const char *id;
    int64_t version;
    enum rules_kind kind;
    const char *merchant_id;
    int judged_by;
    int64_t published_us, valid_from_us;
    const char *author, *signers, *correction, *sha256, *content_sha256;
    const char *reason; /* NULL: accepted */
    const void *body;
    size_t body_size;
    int64_t checked_us;
    const void *verdict;
    size_t verdict_size;
    const Redress__V1__Stop *stop; /* NULL unless it is an accepted stop */
};

struct store_untold {
    int64_t offset;
    const void *verdict;
    size_t size;
};

/* `kinds` names what is looked for; both texts must outlive the store. Connects on first use. */
struct store *store_create(const struct config_worker *config, const char *name, const char *kinds);
void store_destroy(struct store *store);

/* How far the topic was read; from the beginning again if it was read for other kinds. */
enum status store_start(struct store *store, struct store_place *place,
                        struct error *error) CHECK_RESULT;

/* Texts of `facts` lie in `arena`. */
enum status store_facts(struct store *store, int64_t offset, const char *id, int64_t version,
                        const char *sha256, struct arena *arena, struct store_facts *facts,
                        struct error *error) CHECK_RESULT;

/* Writes row and progress as one. `*revision`: -1 if somebody else was first, and nothing was
 * written; 0 if it was refused; else what it got. */
enum status store_write(struct store *store, const struct store_row *row, struct arena *arena,
                        int64_t *revision, struct error *error) CHECK_RESULT;

/* Notes that there was nothing to judge up to `place`. */
enum status store_move(struct store *store, const struct store_place *place, struct arena *arena,
                       struct error *error) CHECK_RESULT;

/* Verdicts that are not known to be published, older than `age_ms`, the oldest first; the bytes lie
 * in `arena`. And: these are published. */
enum status store_untold(struct store *store, int64_t age_ms, struct arena *arena,
                         struct store_untold untold[STORE_UNTOLD_MAX], size_t *count,
                         struct error *error) CHECK_RESULT;
enum status store_told(struct store *store, const struct store_untold *told, size_t count,
                       struct arena *arena, struct error *error) CHECK_RESULT;

/* The event of an accepted rule set, in `arena`. */
enum status store_body(struct store *store, int64_t revision, struct arena *arena,
                       const void **body, size_t *size, struct error *error) CHECK_RESULT;

#endif
