/* Reader: a thread beside the loop that reads refunds.rules.v1, judges each rule set, writes the
 * verdict into the worker's database and publishes it. */

#ifndef REDRESS_RULES_READER_H
#define REDRESS_RULES_READER_H

#include "cache.h"
#include "config.h"
#include "rules.h"
#include "signature.h"
#include "status.h"
#include "store.h"

#include <stdbool.h>

struct reader;

/* Everything must outlive the reader. */
struct reader_settings {
    const struct config_worker *worker;
    const char *name;
    const struct signature_keys *keys;
    const struct rules_handler *handlers[RULES_KINDS]; /* NULL: not ours; stops have none */
    bool stops, unknown;
    struct store *store;
    struct cache *cache; /* gets what was made of what is accepted */
};

enum status reader_start(const struct reader_settings *settings, struct reader **reader,
                         struct error *error) CHECK_RESULT;

/* Waits until it has read to the end of the topic, at most `timeout_ms`; false: it has not. */
bool reader_await(struct reader *reader, int timeout_ms);

/* It cannot go on, and has said why in the log. */
bool reader_failed(struct reader *reader);

/* Ends the thread and frees everything. NULL is allowed. */
void reader_stop(struct reader *reader);

#endif
