#include "known_words.h"

#include "message.h"
#include "options.h"

#include <stdio.h>
#include <strings.h>

static const char *join(const char *const *words, size_t count, char text[KNOWN_WORDS_TEXT_MAX])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && used < KNOWN_WORDS_TEXT_MAX; i++)
        used += (size_t)snprintf(text + used, KNOWN_WORDS_TEXT_MAX - used, "%s%s",
                                 i == 0 ? "" : ", ", words[i]);
    return text;
}

static size_t enum_words(const ProtobufCEnumDescriptor *descriptor,
                         const char *words[KNOWN_WORDS_MAX])
{
    size_t count = 0;
    for (unsigned i = 0; i < descriptor->n_values && count < KNOWN_WORDS_MAX; i++)
        if (descriptor->values[i].value != 0)
            words[count++] = message_enum_name(descriptor, descriptor->values[i].value);
    return count;
}

bool known_word(const char *command, const char *option, const char *word, const char *const *words,
                size_t count)
{
    char text[KNOWN_WORDS_TEXT_MAX];
    for (size_t i = 0; word != NULL && i < count; i++)
        if (strcasecmp(word, words[i]) == 0)
            return true;
    if (word != NULL)
        (void)options_refuse(command, "--%s %s: one of %s", option, word, join(words, count, text));
    return word == NULL;
}

bool known_enum_word(const char *command, const char *option, const char *word,
                     const ProtobufCEnumDescriptor *descriptor)
{
    const char *words[KNOWN_WORDS_MAX];
    return known_word(command, option, word, words, enum_words(descriptor, words));
}

const char *known_enum_words(const ProtobufCEnumDescriptor *descriptor,
                             char text[KNOWN_WORDS_TEXT_MAX])
{
    const char *words[KNOWN_WORDS_MAX];
    size_t count = enum_words(descriptor, words);
    return join(words, count, text);
}
