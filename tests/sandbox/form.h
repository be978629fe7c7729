/* Form: the parameters of a request, as application/x-www-form-urlencoded or from a query.
 *
 * Names and values are UTF-8 without NUL. A name given twice counts with its last value. */

#ifndef SANDBOX_FORM_H
#define SANDBOX_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FORM_FIELDS_MAX = 128 /* 50 pairs of metadata and every other parameter fit twice */ };

struct field {
    const char *name; /* "metadata[payout_id]" */
    const char *value;
};

/* Points into the text that was parsed. */
struct form {
    struct field fields[FORM_FIELDS_MAX];
    size_t count;
};

/* Parses `text` in place and adds to `form`. Returns NULL, or what is wrong in words. */
const char *form_parse(struct form *form, char *text) __attribute__((warn_unused_result));

/* Whether a text from outside is well-formed UTF-8, and may be written into JSON. */
bool form_is_utf8(const char *text);

/* Adds one decoded pair, which must outlive the form. The same return. */
const char *form_add(struct form *form, const char *name, const char *value)
    __attribute__((warn_unused_result));

/* The last value, or NULL. */
const char *form_get(const struct form *form, const char *name);

/* The first name that is neither in `allowed` (ended by NULL) nor `metadata` where allowed has
 * "metadata", nor `expand[...]`; NULL if there is none. An entry "created[]" allows created[...].
 */
const char *form_unknown(const struct form *form, const char *const *allowed);

/* If `name` is "metadata[KEY]", copies KEY (cut at `room` - 1) and returns its full length; 0 if
 * not. */
size_t form_metadata_key(const char *name, char *key, size_t room);

/* A hash of endpoint and parameters, the same for any order of distinct names. */
uint64_t form_fingerprint(const struct form *form, const char *endpoint);

#endif
