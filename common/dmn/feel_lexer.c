#include "feel_lexer.h"

#include <string.h>

uint32_t feel_code_point(const char **at, const char *end)
{
    const unsigned char *in = (const unsigned char *)*at;
    size_t left = (size_t)(end - *at);
    uint32_t code = in[0];
    size_t size = code < 0x80   ? 1
                  : code < 0xC2 ? 0
                  : code < 0xE0 ? 2
                  : code < 0xF0 ? 3
                  : code < 0xF5 ? 4
                                : 0;
    if (size == 0 || size > left) {
        (*at)++;
        return 0xFFFD;
    }
    if (size > 1)
        code &= 0x7Fu >> size;
    for (size_t i = 1; i < size; i++) {
        if ((in[i] & 0xC0) != 0x80) {
            (*at)++;
            return 0xFFFD;
        }
        code = code << 6 | (in[i] & 0x3F);
    }
    *at += size;
    return code;
}

size_t feel_put_code_point(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

size_t feel_text_length(struct feel_text text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.size; i++)
        length += ((unsigned char)text.bytes[i] & 0xC0) != 0x80;
    return length;
}

/* Rules 59 to 61 of the grammar, and the white space of rule 62. */
bool feel_is_space(uint32_t code)
{
    return code == ' ' || (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || code == 0x180E || (code >= 0x2000 && code <= 0x200B) ||
           code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000 ||
           code == 0xFEFF;
}

struct code_range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t code, const struct code_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

static bool starts_name(uint32_t code)
{
    static const struct code_range ranges[] = {
        {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},
        {0x37F, 0x1FFF},  {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},
        {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFC}, {0x10000, 0xEFFFF}};
    if (code < 0x80)
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || code == '_' ||
               code == '?';
    return in_ranges(code, ranges, sizeof ranges / sizeof *ranges) && !feel_is_space(code);
}

static bool continues_name(uint32_t code)
{
    return starts_name(code) || (code >= '0' && code <= '9') || code == 0xB7 ||
           (code >= 0x300 && code <= 0x36F) || code == 0x203F || code == 0x2040;
}

static bool digit_at(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* NULL: a comment without an end. */
static const char *skip_blank(const char *at, const char *end)
{
    while (at < end) {
        const char *next = at;
        if (feel_is_space(feel_code_point(&next, end))) {
            at = next;
        } else if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
            while (at < end && *at != '\n')
                at++;
        } else if (end - at >= 2 && at[0] == '/' && at[1] == '*') {
            at = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
            if (at == NULL)
                return NULL;
            at += 2;
        } else {
            break;
        }
    }
    return at;
}

static const char *number_end(const char *at, const char *end)
{
    while (digit_at(at, end))
        at++;
    if (at < end && *at == '.' && digit_at(at + 1, end))
        for (at++; digit_at(at, end);)
            at++;
    if (at < end && (*at == 'e' || *at == 'E')) {
        const char *exponent = at + 1;
        if (exponent < end && (*exponent == '+' || *exponent == '-'))
            exponent++;
        if (digit_at(exponent, end))
            for (at = exponent; digit_at(at, end);)
                at++;
    }
    return at;
}

static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : NULL;
}

static enum feel_token_kind sign(const char *at, const char *end, size_t *size)
{
    static const struct {
        const char *text;
        enum feel_token_kind kind;
    } signs[] = {
#define X(token, spelling) {spelling, FEEL_TOKEN_##token},
        FEEL_TOKEN_ROWS(X)
#undef X
    };
    for (size_t i = FEEL_TOKEN_POWER; i < sizeof signs / sizeof *signs; i++) {
        size_t length = strlen(signs[i].text);
        if (length <= (size_t)(end - at) && memcmp(at, signs[i].text, length) == 0) {
            *size = length;
            return signs[i].kind;
        }
    }
    const char *next = at;
    (void)feel_code_point(&next, end);
    *size = (size_t)(next - at);
    return FEEL_TOKEN_OTHER;
}

static struct feel_token token_between(enum feel_token_kind kind, const char *from, const char *to)
{
    return (struct feel_token){kind, {from, (size_t)(to - from)}};
}

struct feel_token feel_next_token(const char **at, const char *end)
{
    const char *start = skip_blank(*at, end);
    if (start == NULL) {
        start = *at;
        *at = end;
        return token_between(FEEL_TOKEN_BROKEN, start, end);
    }
    struct feel_token token = token_between(FEEL_TOKEN_END, start, start);
    if (start == end) {
        *at = end;
        return token;
    }
    const char *next = start;
    if (starts_name(feel_code_point(&next, end))) {
        const char *stop = next;
        while (next < end && continues_name(feel_code_point(&next, end)))
            stop = next;
        token = token_between(FEEL_TOKEN_WORD, start, stop);
    } else if (digit_at(start, end) || (*start == '.' && digit_at(start + 1, end))) {
        token = token_between(FEEL_TOKEN_NUMBER, start, number_end(start, end));
    } else if (*start == '"') {
        const char *stop = string_end(start, end);
        token = token_between(stop == NULL ? FEEL_TOKEN_BROKEN : FEEL_TOKEN_STRING, start,
                              stop == NULL ? end : stop);
    } else {
        size_t size = 1;
        enum feel_token_kind kind = sign(start, end, &size);
        token = token_between(kind, start, start + size);
    }
    *at = token.text.bytes + token.text.size;
    return token;
}

const char *feel_token_name(enum feel_token_kind kind)
{
    static const char *const names[] = {
#define X(token, spelling) spelling,
        FEEL_TOKEN_ROWS(X)
#undef X
    };
    return names[kind];
}

static bool read_hex(const char **at, const char *end, int digits, uint32_t *out)
{
    uint32_t code = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (*at == end)
            return false;
        char c = **at;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        code = code << 4 | digit;
    }
    *out = code;
    return true;
}

/* \uXXXX, two of them for a surrogate pair, or \UXXXXXX. */
static bool read_unicode(const char **at, const char *end, int digits, uint32_t *code)
{
    if (!read_hex(at, end, digits, code))
        return false;
    if (*code >= 0xD800 && *code < 0xDC00 && end - *at >= 6 && (*at)[0] == '\\' &&
        (*at)[1] == 'u') {
        const char *low_at = *at + 2;
        uint32_t low;
        if (read_hex(&low_at, end, 4, &low) && low >= 0xDC00 && low < 0xE000) {
            *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
            *at = low_at;
        }
    }
    if (*code >= 0xD800 && *code < 0xE000) /* half a pair is no character */
        *code = 0xFFFD;
    return *code <= 0x10FFFF;
}

static bool escape(const char **at, const char *end, char **out)
{
    static const char plain[] = "nrt\"'\\", meaning[] = "\n\r\t\"'\\";
    char c = *(*at)++;
    uint32_t code;
    if (c == 'u' || c == 'U') {
        if (!read_unicode(at, end, c == 'u' ? 4 : 6, &code))
            return false;
        *out += feel_put_code_point(*out, code);
        return true;
    }
    const char *found = strchr(plain, c);
    if (found == NULL || c == '\0') { /* not an escape: both characters stand */
        *(*out)++ = '\\';
        *(*out)++ = c;
        return true;
    }
    *(*out)++ = meaning[found - plain];
    return true;
}

bool feel_unquote(struct arena *arena, struct feel_text quoted, struct feel_text *out)
{
    const char *at = quoted.bytes + 1, *end = quoted.bytes + quoted.size - 1;
    char *bytes = arena_alloc(arena, quoted.size);
    char *to = bytes;
    if (bytes == NULL)
        return false;
    while (at < end) {
        if (*at != '\\' || at + 1 == end) {
            *to++ = *at++;
            continue;
        }
        at++;
        if (!escape(&at, end, &to))
            return false;
    }
    *out = (struct feel_text){bytes, (size_t)(to - bytes)};
    return true;
}
