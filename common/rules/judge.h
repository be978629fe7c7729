/* Judge: from a record to the row that says what becomes of it. Asks the store for what was
 * accepted before; writes nothing. */

#ifndef REDRESS_RULES_JUDGE_H
#define REDRESS_RULES_JUDGE_H

#include "broker.h"
#include "envelope.h"
#include "reader.h"

/* What a record came to. */
struct judged {
    bool wanted;            /* it needs a row; false: it is none of ours, or has its verdict */
    struct store_row row;   /* without the verdict's bytes */
    struct envelope cause;  /* headers, as far as they can be read */
    struct rules_made made; /* of an accepted rule set of a kind with a handler; the caller's */
    const struct rules_handler *handler;
};

/* Everything lies in `arena` or the record. STATUS_RETRY: the database is away. STATUS_FATAL: other
 * instances look for other kinds. */
enum status judge(const struct reader_settings *settings, const struct record *record,
                  struct arena *arena, struct judged *judged, struct error *error) CHECK_RESULT;

#endif
