/* Record as JSON: what `events` and `dead-letters` print. */

#ifndef REDRESSCTL_RECORD_JSON_H
#define REDRESSCTL_RECORD_JSON_H

#include "arena.h"
#include "broker.h"

#include <jansson.h>

/* The message in canonical JSON; {"base64": "..."} if the bytes are none of `topic`, null for a
 * tombstone. A new reference. `arena` is scratch. */
json_t *record_value_json(const struct record *record, enum topic topic, struct arena *arena);

/* {"name": "value", ...}; values that are no text as "base64:...". A new reference. */
json_t *record_headers_json(const struct record *record);

/* Lower-case hex SHA-256 of the value; null for a tombstone. A new reference. */
json_t *record_digest_json(const struct record *record);

/* topic, partition, offset, timestamp, key, headers and event. A new reference. */
json_t *record_to_json(const struct record *record, enum topic topic, struct arena *arena);

#endif
