/* Rules: policy and authority models, rosters, limits and stops, as they reach a worker.
 *
 * The business publishes them, signed, on refunds.rules.v1. A thread beside the loop (the reader)
 * checks each one and writes it into the worker's database, as accepted or as refused with the
 * reason, and says so once on refunds.control.v1 (RuleVerdict). Every instance reads; the row of
 * the progress, moved by compare-and-set, lets one of them write. Accepted rule sets get ascending
 * revisions, and every batch's load asks for what is newer than the process knows: so the database,
 * not a reader's position, orders a publication against decisions, and instances never disagree.
 *
 * A stage wires it up with five calls:
 *
 *     start   rules_open(&settings, &own->rules, error)
 *     load    rules_load(own->rules, batch, unit)       one cheap statement more
 *     loaded  rules_loaded(own->rules, batch), then rules_model(...), rules_at(...) for each event:
 *             keep the pointers with the event's rows
 *     decide  pure, over those pointers (rules_view.h)
 *     stop    rules_close(own->rules)
 *
 * and puts RULES_CONFIG_ROWS into its configuration and migrations_rules into stage.shared.
 * common/rules/README.md tells what is checked, and which version is in force when. */

#ifndef REDRESS_RULES_H
#define REDRESS_RULES_H

#include "migrations.h"
#include "redress/v1/rules.pb-c.h"
#include "rules_view.h"
#include "status.h"

#include <stddef.h>

struct batch;
struct config_worker;
struct unit;
struct rules;

enum {
    RULES_ID_MAX = 129,                 /* bytes of an id, NUL included: A-Za-z0-9 . _ - : */
    RULES_SETS_MAX = 20000,             /* versions accepted in one database, stops apart */
    RULES_STOPS_MAX = 10000,            /* stops that hold at once */
    RULES_MADE_MAX = 4 * 1024 * 1024,   /* bytes that one rule set may be made into */
    RULES_CACHE_MAX = 16 * 1024 * 1024, /* bytes of all that is kept made */
    RULES_REASON_MAX = 400              /* bytes of a reason, NUL included */
};

/* Rows for a service's own table. X(field, VARIABLE, TYPE, min, max, default, help) */
#define RULES_CONFIG_ROWS(X)                                                                    \
    X(rules_keys, "REDRESS_RULES_KEYS", SECRET, 0, 4096, "",                                    \
      "public keys that may sign rules, id:<64 hex>[:kind+kind], comma-separated; none: every " \
      "rule set is refused")

/* What a kind of rule set is made into, to decide by. */
struct rules_made {
    void *made;   /* never NULL on success */
    size_t bytes; /* about what it takes */
};

/* How a service reads one kind. Both are called from the reader's thread and from the loop's, never
 * with the same `made` at once; they share nothing but `context`, which they only read. */
struct rules_handler {
    enum rules_kind kind;

    /* Makes what decisions use. STATUS_INVALID with the reason refuses the rule set; it must then
     * have freed everything. Bounded in time and memory whatever the content is. */
    enum status (*make)(const void *context, const Redress__V1__RuleSet *set,
                        struct rules_made *made, struct error *error);

    /* At publication only, after make: more reasons to refuse, such as the analysis of a model's
     * tables. May be NULL. */
    enum status (*check)(const void *context, const Redress__V1__RuleSet *set,
                         const struct rules_made *made, struct error *error);
    void (*release)(void *made);
    const void *context;
};

/* Ready handlers' functions.
 * Models: struct dmn_models. Refuses what does not load and every problem that is no warning.
 * Others: the message itself, const Redress__V1__RuleSet, in memory of its own. */
enum status rules_make_model(const void *context, const Redress__V1__RuleSet *set,
                             struct rules_made *made, struct error *error) CHECK_RESULT;
void rules_release_model(void *made);
enum status rules_make_message(const void *context, const Redress__V1__RuleSet *set,
                               struct rules_made *made, struct error *error) CHECK_RESULT;
void rules_release_message(void *made);

/* Which kinds this worker checks and uses. STOP needs no handler: `stops` is enough. Kinds must be
 * disjoint between workers, so that each rule set gets one verdict. */
struct rules_settings {
    const struct config_worker *worker;
    const char *name; /* of the worker: database and role by default, ce_source */
    const char *keys; /* REDRESS_RULES_KEYS */
    const struct rules_handler *handlers;
    size_t handler_count;
    bool stops;   /* checks and uses stops */
    bool unknown; /* also gives the verdict on what is no rule set of any kind: one worker does */
};

/* Starts the reader and waits (at most 10 s) until it has read to the end of the topic, so that a
 * new database does not begin without rules. STATUS_INVALID: the keys are wrong. */
enum status rules_open(const struct rules_settings *settings, struct rules **rules,
                       struct error *error) CHECK_RESULT;

/* Ends the reader and frees everything. NULL is allowed. */
void rules_close(struct rules *rules);

/* In load: asks for what is new. In loaded, before anything is asked: takes it. STATUS_FATAL: the
 * reader cannot go on (it has said why in the log). */
void rules_load(struct rules *rules, struct batch *batch, struct unit *unit);
enum status rules_loaded(struct rules *rules, struct batch *batch) CHECK_RESULT;

/* What this batch decides by: raised by each accepted rule set, 0 before the first. */
int64_t rules_revision(const struct rules *rules);

/* In loaded: the model (POLICY or AUTHORITY) for a refund, made. The one in force at `requested_us`
 * if that says judged by request; if it says judged by purchase, the one in force at
 * `purchased_us`. NULL in `*set`: none is valid; the request waits. So it does where `made` of the
 * set is NULL: what was accepted by an earlier program may be refused by this one, and then holds
 * nothing else up. The set lives until the next rules_loaded.
 * STATUS_EXHAUSTED: this batch needs more made than the cache holds: return it, and the batch is
 * done again in halves. STATUS_RETRY: the database is away: return it too. */
enum status rules_model(struct rules *rules, const char *merchant_id, enum rules_kind kind,
                        int64_t purchased_us, int64_t requested_us, const struct rules_set **set,
                        struct error *error) CHECK_RESULT;

/* In loaded: the roster or limits in force at `at_us`, made; otherwise as rules_model. */
enum status rules_at(struct rules *rules, const char *merchant_id, enum rules_kind kind,
                     int64_t at_us, const struct rules_set **set, struct error *error) CHECK_RESULT;

/* The first stop that covers this, or NULL; texts NULL are read as empty. Stops hold from when they
 * were accepted. Pure: may be asked in decide, with the pointer valid until the next rules_loaded.
 * SQL beside the loop reads table rule_stop, which holds the stops that hold now. */
const struct rules_stop *rules_stopped(const struct rules *rules, const char *merchant_id,
                                       int32_t provider, const char *customer_token,
                                       const char *refund_id);

/* Of common/rules/migrations: the tables of the rules, in the database of each worker that uses
 * them. */
extern const struct migration_list migrations_rules;

#endif
