#include "form.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes in place; false on a broken escape or an encoded NUL. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '+') {
            *to++ = ' ';
        } else if (*from == '%') {
            int high = hex_digit(from[1]);
            int low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0 || (high == 0 && low == 0))
                return false;
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return true;
}

/* Bytes of the well-formed UTF-8 sequence at `s`, by table 3-7 of the Unicode standard; 0 if none.
 */
static size_t sequence(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high)
        return 0;
    size_t size = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    for (size_t i = 2; i < size; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

bool form_is_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s != '\0') {
        size_t size = sequence(s);
        if (size == 0)
            return false;
        s += size;
    }
    return true;
}

const char *form_add(struct form *form, const char *name, const char *value)
{
    if (form->count == FORM_FIELDS_MAX)
        return "Too many parameters.";
    if (!form_is_utf8(name) || !form_is_utf8(value))
        return "Invalid UTF-8 in the parameters.";
    form->fields[form->count++] = (struct field){.name = name, .value = value};
    return NULL;
}

static const char *add_pair(struct form *form, char *pair)
{
    static const char nothing[] = "";
    char *equals = strchr(pair, '=');
    if (equals != NULL)
        *equals = '\0';
    if (!decode(pair) || (equals != NULL && !decode(equals + 1)))
        return "Invalid percent-encoding in the parameters.";
    return form_add(form, pair, equals == NULL ? nothing : equals + 1);
}

const char *form_parse(struct form *form, char *text)
{
    char *rest = text;
    for (char *pair = strsep(&rest, "&"); pair != NULL; pair = strsep(&rest, "&")) {
        if (*pair == '\0')
            continue;
        const char *problem = add_pair(form, pair);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

const char *form_get(const struct form *form, const char *name)
{
    for (size_t i = form->count; i > 0; i--)
        if (strcmp(form->fields[i - 1].name, name) == 0)
            return form->fields[i - 1].value;
    return NULL;
}

size_t form_metadata_key(const char *name, char *key, size_t room)
{
    static const char prefix[] = "metadata[";
    size_t size = strlen(name);
    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || name[size - 1] != ']')
        return 0;
    size_t length = size - sizeof prefix;
    size_t kept = length < room ? length : room - 1;
    memcpy(key, name + sizeof prefix - 1, kept);
    key[kept] = '\0';
    return length;
}

/* "created[]" allows "created[gte]" and the like. */
static bool allows(const char *allowed, const char *name)
{
    size_t size = strlen(allowed);
    if (strcmp(allowed, name) == 0)
        return true;
    if (size > 2 && strcmp(allowed + size - 2, "[]") == 0)
        return strncmp(allowed, name, size - 1) == 0;
    return strcmp(allowed, "metadata") == 0 && strncmp(name, "metadata[", 9) == 0;
}

const char *form_unknown(const struct form *form, const char *const *allowed)
{
    for (size_t i = 0; i < form->count; i++) {
        const char *name = form->fields[i].name;
        bool known = allows("expand[]", name);
        for (size_t j = 0; allowed[j] != NULL && !known; j++)
            known = allows(allowed[j], name);
        if (!known)
            return name;
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    const struct field *left = *(const struct field *const *)a;
    const struct field *right = *(const struct field *const *)b;
    int order = strcmp(left->name, right->name);
    if (order != 0)
        return order;
    return left < right ? -1 : left > right;
}

uint64_t form_fingerprint(const struct form *form, const char *endpoint)
{
    const struct field *sorted[FORM_FIELDS_MAX];
    for (size_t i = 0; i < form->count; i++)
        sorted[i] = &form->fields[i];
    qsort(sorted, form->count, sizeof sorted[0], by_name);

    crypto_generichash_state state;
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    /* The NUL that ends each text is hashed too, so that no two lists run together. */
    crypto_generichash_update(&state, (const unsigned char *)endpoint, strlen(endpoint) + 1);
    for (size_t i = 0; i < form->count; i++) {
        const struct field *field = sorted[i];
        crypto_generichash_update(&state, (const unsigned char *)field->name,
                                  strlen(field->name) + 1);
        crypto_generichash_update(&state, (const unsigned char *)field->value,
                                  strlen(field->value) + 1);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    uint64_t fingerprint;
    memcpy(&fingerprint, hash, sizeof fingerprint);
    return fingerprint;
}
