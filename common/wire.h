/* Wire: looks over protobuf bytes before anything is allocated for them.
 *
 * Walks the wire format along the descriptor: tags, lengths, nesting, the number of fields, UTF-8
 * of strings and no NUL in them. Unknown fields are allowed (newer producers), groups are not.
 * https://protobuf.dev/programming-guides/encoding/ */

#ifndef REDRESS_WIRE_H
#define REDRESS_WIRE_H

#include "status.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    WIRE_DEPTH_MAX = 16,      /* nested messages */
    WIRE_FIELDS_MAX = 200000, /* fields in all, over the whole message */
    WIRE_TAG_MAX = 536870911  /* largest field number */
};

/* STATUS_OK, or STATUS_UNPROCESSABLE with the field's path and the rule in `error`. */
enum status wire_scan(const ProtobufCMessageDescriptor *descriptor, const void *bytes, size_t size,
                      struct error *error) CHECK_RESULT;

/* True if `size` bytes are UTF-8 without NUL (no overlong forms, no surrogates). */
bool wire_text_valid(const void *bytes, size_t size);

#endif
