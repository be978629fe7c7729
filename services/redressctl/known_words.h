/* Known words: options whose value is one of a few. A misspelt one would find nothing, and look
 * like nothing to find. */

#ifndef REDRESSCTL_KNOWN_WORDS_H
#define REDRESSCTL_KNOWN_WORDS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    KNOWN_WORDS_MAX = 64,       /* of one option */
    KNOWN_WORDS_TEXT_MAX = 2048 /* of all of them */
};

/* False if `word` is given (not NULL) and none of `words`, in any case: then says on stderr which
 * there are. */
bool known_word(const char *command, const char *option, const char *word, const char *const *words,
                size_t count);

/* The same of an enum of the contract: STRIPE or stripe for PROVIDER_STRIPE; UNSPECIFIED is none.
 */
bool known_enum_word(const char *command, const char *option, const char *word,
                     const ProtobufCEnumDescriptor *descriptor);

/* "A, B, C" of an enum. */
const char *known_enum_words(const ProtobufCEnumDescriptor *descriptor,
                             char text[KNOWN_WORDS_TEXT_MAX]);

#endif
