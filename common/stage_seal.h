/* Stage seal: shows that a record on one of our own topics (`internal` in topics.h) was written by
 * one of our workers.
 *
 * What a worker says is acted on by the next without asking again: an assessment that it finds
 * compliant is paid. Whoever can write to a topic must not be able to say it, so every output is
 * sealed, and what is read from our own topics without a seal that holds is a dead letter
 * (NOT_SEALED) whatever it holds; it stops nothing.
 *
 * The seal is the header redress_seal: 64 lower-case hex digits, the MAC (approval_seal) over the
 * value in the domain "redress.stage.v1/<topic>/<ce_id>". So a record that was sealed once holds
 * only as what it was: on its topic, under its id, with its content. All workers have the same keys
 * (REDRESS_STAGE_KEYS, in the form of approval keys): the first one seals, all of them hold. */

#ifndef REDRESS_STAGE_SEAL_H
#define REDRESS_STAGE_SEAL_H

#include "approval.h"
#include "topics.h"

enum { STAGE_SEAL_TEXT = 2 * APPROVAL_MAC_SIZE + 1 /* NUL included */ };

/* Returns `seal`. */
char *stage_seal(const struct approval_keys *keys, enum topic topic, const char *ce_id,
                 const void *value, size_t size, char seal[STAGE_SEAL_TEXT]);

/* False too where `ce_id` or `seal` is NULL. */
bool stage_seal_holds(const struct approval_keys *keys, enum topic topic, const char *ce_id,
                      const void *value, size_t size, const char *seal);

#endif
