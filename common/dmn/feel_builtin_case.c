/* upper case and lower case by Unicode's full mappings that need no context: SpecialCasing.txt of
 * Unicode 15 (unicode.org/Public/15.0.0/ucd), the simple ones by the C library. */

#include <locale.h>
#include <stdlib.h>
#include <wctype.h>

#include "feel_builtin_rows.h"
#include "feel_lexer.h"
#include "feel_run.h"

/* Letters that are two or three in upper case, by code point. */
static const struct long_upper {
    uint32_t code;
    uint32_t upper[3];
} long_upper[] = {{0x00DF, {0x0053, 0x0053, 0x0000}}, {0x0149, {0x02BC, 0x004E, 0x0000}},
                  {0x01F0, {0x004A, 0x030C, 0x0000}}, {0x0390, {0x0399, 0x0308, 0x0301}},
                  {0x03B0, {0x03A5, 0x0308, 0x0301}}, {0x0587, {0x0535, 0x0552, 0x0000}},
                  {0x1E96, {0x0048, 0x0331, 0x0000}}, {0x1E97, {0x0054, 0x0308, 0x0000}},
                  {0x1E98, {0x0057, 0x030A, 0x0000}}, {0x1E99, {0x0059, 0x030A, 0x0000}},
                  {0x1E9A, {0x0041, 0x02BE, 0x0000}}, {0x1F50, {0x03A5, 0x0313, 0x0000}},
                  {0x1F52, {0x03A5, 0x0313, 0x0300}}, {0x1F54, {0x03A5, 0x0313, 0x0301}},
                  {0x1F56, {0x03A5, 0x0313, 0x0342}}, {0x1F80, {0x1F08, 0x0399, 0x0000}},
                  {0x1F81, {0x1F09, 0x0399, 0x0000}}, {0x1F82, {0x1F0A, 0x0399, 0x0000}},
                  {0x1F83, {0x1F0B, 0x0399, 0x0000}}, {0x1F84, {0x1F0C, 0x0399, 0x0000}},
                  {0x1F85, {0x1F0D, 0x0399, 0x0000}}, {0x1F86, {0x1F0E, 0x0399, 0x0000}},
                  {0x1F87, {0x1F0F, 0x0399, 0x0000}}, {0x1F88, {0x1F08, 0x0399, 0x0000}},
                  {0x1F89, {0x1F09, 0x0399, 0x0000}}, {0x1F8A, {0x1F0A, 0x0399, 0x0000}},
                  {0x1F8B, {0x1F0B, 0x0399, 0x0000}}, {0x1F8C, {0x1F0C, 0x0399, 0x0000}},
                  {0x1F8D, {0x1F0D, 0x0399, 0x0000}}, {0x1F8E, {0x1F0E, 0x0399, 0x0000}},
                  {0x1F8F, {0x1F0F, 0x0399, 0x0000}}, {0x1F90, {0x1F28, 0x0399, 0x0000}},
                  {0x1F91, {0x1F29, 0x0399, 0x0000}}, {0x1F92, {0x1F2A, 0x0399, 0x0000}},
                  {0x1F93, {0x1F2B, 0x0399, 0x0000}}, {0x1F94, {0x1F2C, 0x0399, 0x0000}},
                  {0x1F95, {0x1F2D, 0x0399, 0x0000}}, {0x1F96, {0x1F2E, 0x0399, 0x0000}},
                  {0x1F97, {0x1F2F, 0x0399, 0x0000}}, {0x1F98, {0x1F28, 0x0399, 0x0000}},
                  {0x1F99, {0x1F29, 0x0399, 0x0000}}, {0x1F9A, {0x1F2A, 0x0399, 0x0000}},
                  {0x1F9B, {0x1F2B, 0x0399, 0x0000}}, {0x1F9C, {0x1F2C, 0x0399, 0x0000}},
                  {0x1F9D, {0x1F2D, 0x0399, 0x0000}}, {0x1F9E, {0x1F2E, 0x0399, 0x0000}},
                  {0x1F9F, {0x1F2F, 0x0399, 0x0000}}, {0x1FA0, {0x1F68, 0x0399, 0x0000}},
                  {0x1FA1, {0x1F69, 0x0399, 0x0000}}, {0x1FA2, {0x1F6A, 0x0399, 0x0000}},
                  {0x1FA3, {0x1F6B, 0x0399, 0x0000}}, {0x1FA4, {0x1F6C, 0x0399, 0x0000}},
                  {0x1FA5, {0x1F6D, 0x0399, 0x0000}}, {0x1FA6, {0x1F6E, 0x0399, 0x0000}},
                  {0x1FA7, {0x1F6F, 0x0399, 0x0000}}, {0x1FA8, {0x1F68, 0x0399, 0x0000}},
                  {0x1FA9, {0x1F69, 0x0399, 0x0000}}, {0x1FAA, {0x1F6A, 0x0399, 0x0000}},
                  {0x1FAB, {0x1F6B, 0x0399, 0x0000}}, {0x1FAC, {0x1F6C, 0x0399, 0x0000}},
                  {0x1FAD, {0x1F6D, 0x0399, 0x0000}}, {0x1FAE, {0x1F6E, 0x0399, 0x0000}},
                  {0x1FAF, {0x1F6F, 0x0399, 0x0000}}, {0x1FB2, {0x1FBA, 0x0399, 0x0000}},
                  {0x1FB3, {0x0391, 0x0399, 0x0000}}, {0x1FB4, {0x0386, 0x0399, 0x0000}},
                  {0x1FB6, {0x0391, 0x0342, 0x0000}}, {0x1FB7, {0x0391, 0x0342, 0x0399}},
                  {0x1FBC, {0x0391, 0x0399, 0x0000}}, {0x1FC2, {0x1FCA, 0x0399, 0x0000}},
                  {0x1FC3, {0x0397, 0x0399, 0x0000}}, {0x1FC4, {0x0389, 0x0399, 0x0000}},
                  {0x1FC6, {0x0397, 0x0342, 0x0000}}, {0x1FC7, {0x0397, 0x0342, 0x0399}},
                  {0x1FCC, {0x0397, 0x0399, 0x0000}}, {0x1FD2, {0x0399, 0x0308, 0x0300}},
                  {0x1FD3, {0x0399, 0x0308, 0x0301}}, {0x1FD6, {0x0399, 0x0342, 0x0000}},
                  {0x1FD7, {0x0399, 0x0308, 0x0342}}, {0x1FE2, {0x03A5, 0x0308, 0x0300}},
                  {0x1FE3, {0x03A5, 0x0308, 0x0301}}, {0x1FE4, {0x03A1, 0x0313, 0x0000}},
                  {0x1FE6, {0x03A5, 0x0342, 0x0000}}, {0x1FE7, {0x03A5, 0x0308, 0x0342}},
                  {0x1FF2, {0x1FFA, 0x0399, 0x0000}}, {0x1FF3, {0x03A9, 0x0399, 0x0000}},
                  {0x1FF4, {0x038F, 0x0399, 0x0000}}, {0x1FF6, {0x03A9, 0x0342, 0x0000}},
                  {0x1FF7, {0x03A9, 0x0342, 0x0399}}, {0x1FFC, {0x03A9, 0x0399, 0x0000}},
                  {0xFB00, {0x0046, 0x0046, 0x0000}}, {0xFB01, {0x0046, 0x0049, 0x0000}},
                  {0xFB02, {0x0046, 0x004C, 0x0000}}, {0xFB03, {0x0046, 0x0046, 0x0049}},
                  {0xFB04, {0x0046, 0x0046, 0x004C}}, {0xFB05, {0x0053, 0x0054, 0x0000}},
                  {0xFB06, {0x0053, 0x0054, 0x0000}}, {0xFB13, {0x0544, 0x0546, 0x0000}},
                  {0xFB14, {0x0544, 0x0535, 0x0000}}, {0xFB15, {0x0544, 0x053B, 0x0000}},
                  {0xFB16, {0x054E, 0x0546, 0x0000}}, {0xFB17, {0x0544, 0x053D, 0x0000}}};

enum { LONG_UPPER_FIRST = 0xDF, CAPITAL_I_DOTTED = 0x130, COMBINING_DOT_ABOVE = 0x307 };

static int by_code(const void *left, const void *right)
{
    const struct long_upper *a = left, *b = right;
    return (a->code > b->code) - (a->code < b->code);
}

static const struct long_upper *find_long(uint32_t code)
{
    struct long_upper key = {.code = code};
    if (code < LONG_UPPER_FIRST)
        return NULL;
    return bsearch(&key, long_upper, sizeof long_upper / sizeof *long_upper, sizeof *long_upper,
                   by_code);
}

static size_t put_upper(char *out, uint32_t code, locale_t locale)
{
    const struct long_upper *found = find_long(code);
    size_t size = 0;
    if (found == NULL)
        return feel_put_code_point(out, (uint32_t)towupper_l((wint_t)code, locale));
    for (size_t i = 0; i < 3 && found->upper[i] != 0; i++)
        size += feel_put_code_point(out + size, found->upper[i]);
    return size;
}

static size_t put_lower(char *out, uint32_t code, locale_t locale)
{
    if (code != CAPITAL_I_DOTTED)
        return feel_put_code_point(out, (uint32_t)towlower_l((wint_t)code, locale));
    out[0] = 'i';
    return 1 + feel_put_code_point(out + 1, COMBINING_DOT_ABOVE);
}

static size_t change(char *out, struct feel_text text, bool upper, locale_t locale)
{
    size_t size = 0;
    for (const char *at = text.bytes, *end = at + text.size; at < end;) {
        uint32_t code = feel_code_point(&at, end);
        size += (upper ? put_upper : put_lower)(out + size, code, locale);
    }
    return size;
}

/* Most strings: no letter beyond A to Z. */
static bool is_ascii(struct feel_text text)
{
    unsigned char seen = 0;
    for (size_t i = 0; i < text.size; i++)
        seen |= (unsigned char)text.bytes[i];
    return seen < 0x80;
}

static struct feel_value change_ascii(struct feel_run *run, struct feel_text text, bool upper)
{
    char *out = feel_alloc(run, text.size + 1, 1);
    char first = upper ? 'a' : 'A';
    if (out == NULL)
        return feel_null();
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        out[i] = c >= first && c <= first + 25 ? (char)(c ^ 0x20) : c;
    }
    return feel_string(out, text.size);
}

static struct feel_value change_case(struct feel_run *run, const struct feel_value *a, bool upper)
{
    enum { GROWTH_MAX = 4 }; /* bytes per byte */
    if (is_ascii(a->text))
        return change_ascii(run, a->text, upper);
    char *out = feel_alloc(run, a->text.size * GROWTH_MAX + 1, 1);
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (out == NULL || locale == (locale_t)0) {
        if (locale != (locale_t)0)
            freelocale(locale);
        return feel_note(run, NULL, "letters cannot be changed here");
    }
    size_t size = change(out, a->text, upper, locale);
    freelocale(locale);
    if (size > run->string_max)
        return feel_note(run, NULL, "a string of more than %zu bytes", run->string_max);
    return feel_string(out, size);
}

struct feel_value feel_bi_upper_case(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    return change_case(run, a, true);
}

struct feel_value feel_bi_lower_case(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    return change_case(run, a, false);
}
