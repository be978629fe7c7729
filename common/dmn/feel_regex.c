#define PCRE2_CODE_UNIT_WIDTH 8

#include "feel_regex.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feel_lexer.h"
#include "feel_regex_block.h"

struct feel_regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

/* The XPath pattern on its way to PCRE2's syntax. */
struct translation {
    const char *at;
    const char *end;
    char *out; /* room for EXPANSION_MAX bytes per byte */
    size_t size;
    bool counted;  /* the last character was a count of its own */
    bool extended; /* flag x: blanks outside of classes do not count */
    const char *wrong;
    uint32_t groups; /* that capture, up to here */
    uint32_t *open;  /* the number of each group not closed yet; 0: one that captures nothing */
    size_t depth;
};

enum { EXPANSION_MAX = 24, CLASS_DEPTH_MAX = 8 };

static void put_text(struct translation *t, const char *text)
{
    size_t size = strlen(text);
    memcpy(t->out + t->size, text, size);
    t->size += size;
}

static void put_byte(struct translation *t, char c)
{
    t->out[t->size++] = c;
}

/* Classes that PCRE2 lacks or sees otherwise: \w is everything but punctuation, separators and
 * others; \i and \c are the characters that start and continue an XML name. */
static bool put_class(struct translation *t, char c, bool in_class)
{
    static const struct {
        char name;
        const char *outside;
        const char *inside; /* NULL: cannot stand in a class */
    } classes[] = {{'w', "[\\p{L}\\p{M}\\p{N}\\p{S}]", "\\p{L}\\p{M}\\p{N}\\p{S}"},
                   {'W', "[\\p{P}\\p{Z}\\p{C}]", "\\p{P}\\p{Z}\\p{C}"},
                   {'d', "\\p{Nd}", "\\p{Nd}"},
                   {'D', "\\P{Nd}", "\\P{Nd}"},
                   {'s', "[ \\t\\n\\r]", " \\t\\n\\r"},
                   {'S', "[^ \\t\\n\\r]", NULL},
                   {'i', "[\\p{L}_:]", "\\p{L}_:"},
                   {'I', "[^\\p{L}_:]", NULL},
                   {'c', "[\\p{L}\\p{Nd}\\p{M}._:\\-]", "\\p{L}\\p{Nd}\\p{M}._:\\-"},
                   {'C', "[^\\p{L}\\p{Nd}\\p{M}._:\\-]", NULL}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (classes[i].name != c)
            continue;
        const char *text = in_class ? classes[i].inside : classes[i].outside;
        if (text == NULL && c == 'S')
            text = "\\S";
        if (text == NULL) {
            t->wrong = "a negated name class within a class";
            return true;
        }
        put_text(t, text);
        return true;
    }
    return false;
}

static void put_range(struct translation *t, uint32_t first, uint32_t last)
{
    char text[32];
    (void)snprintf(text, sizeof text, "\\x{%x}-\\x{%x}", first, last);
    put_text(t, text);
}

/* A block is not a property for PCRE2, so that it stands there as a range, or as what is around. */
static void put_block(struct translation *t, struct feel_text name, bool negated, bool in_class)
{
    uint32_t first, last;
    if (!feel_regex_block(name, &first, &last)) {
        t->wrong = "no such block";
        return;
    }
    if (!in_class)
        put_byte(t, '[');
    if (!negated)
        put_range(t, first, last);
    if (negated && first > 0)
        put_range(t, 0, first - 1);
    if (negated)
        put_range(t, last + 1, 0x10FFFF);
    if (!in_class)
        put_byte(t, ']');
}

/* \p{Lu}, \P{IsBasicLatin}: categories and blocks, but no scripts. */
static void translate_property(struct translation *t, char c, bool in_class)
{
    const char *end =
        t->at == t->end || *t->at != '{' ? NULL : memchr(t->at, '}', (size_t)(t->end - t->at));
    if (end == NULL) {
        t->wrong = "\\p without a property";
        return;
    }
    struct feel_text name = {t->at + 1, (size_t)(end - t->at) - 1};
    t->at = end + 1;
    if (name.size > 2 && memcmp(name.bytes, "Is", 2) == 0) {
        name = (struct feel_text){name.bytes + 2, name.size - 2};
        put_block(t, name, c == 'P', in_class);
    } else if (!feel_regex_category(name)) {
        t->wrong = "no such category";
    } else {
        char text[16];
        (void)snprintf(text, sizeof text, "\\%c{%.*s}", c, (int)name.size, name.bytes);
        put_text(t, text);
    }
}

/* \N; further digits belong to it only as long as there are that many groups before it. A group
 * that is not closed yet has nothing to refer to. */
static void translate_reference(struct translation *t, char c)
{
    uint32_t number = (uint32_t)(c - '0');
    while (t->at < t->end && *t->at >= '0' && *t->at <= '9' &&
           number * 10 + (uint32_t)(*t->at - '0') <= t->groups)
        number = number * 10 + (uint32_t)(*t->at++ - '0');
    bool open = number > t->groups;
    for (size_t i = 0; i < t->depth; i++)
        open = open || t->open[i] == number;
    if (open) {
        t->wrong = "a reference to a group that is not before it";
        return;
    }
    char text[24];
    (void)snprintf(text, sizeof text, "\\g{%u}", number);
    put_text(t, text);
}

static void count_group(struct translation *t, char c)
{
    if (c == ')' && t->depth > 0)
        t->depth--;
    if (c == '(')
        t->open[t->depth++] = t->at < t->end && *t->at == '?' ? 0 : ++t->groups;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void translate_escape(struct translation *t, bool in_class)
{
    static const char plain[] = "nrt\\|.-^?*+{}()[]$";
    while (t->extended && !in_class && t->at < t->end && is_blank(*t->at))
        t->at++;
    if (t->at == t->end) {
        t->wrong = "\\ at the end";
        return;
    }
    char c = *t->at++;
    if (put_class(t, c, in_class))
        return;
    if (c == 'p' || c == 'P') {
        translate_property(t, c, in_class);
    } else if (strchr(plain, c) != NULL && c != '\0') {
        put_byte(t, '\\');
        put_byte(t, c);
    } else if (c >= '1' && c <= '9' && !in_class) {
        translate_reference(t, c);
    } else {
        t->wrong = "an escape that XPath does not have";
    }
}

/* [...], and [a-z-[aeiou]] as a look-ahead that keeps the second class out. */
static void translate_class(struct translation *t, int depth)
{
    size_t start = t->size;
    if (depth > CLASS_DEPTH_MAX) {
        t->wrong = "classes within classes";
        return;
    }
    put_byte(t, '[');
    if (t->at < t->end && *t->at == '^')
        put_byte(t, *t->at++);
    bool empty = true;
    while (t->wrong == NULL && t->at < t->end && *t->at != ']') {
        char c = *t->at++;
        if (c == '\\') {
            translate_escape(t, true);
        } else if (c == '-' && t->at < t->end && *t->at == '[' && !empty) {
            t->at++;
            put_byte(t, ']');
            size_t size = t->size - start;
            char *base = malloc(size);
            if (base == NULL) {
                t->wrong = "out of memory";
                return;
            }
            memcpy(base, t->out + start, size);
            t->size = start;
            put_text(t, "(?:(?!");
            translate_class(t, depth + 1);
            put_byte(t, ')');
            memcpy(t->out + t->size, base, size);
            t->size += size;
            put_byte(t, ')');
            free(base);
            if (t->at == t->end || *t->at++ != ']')
                t->wrong = "a class without an end";
            return;
        } else if (c == '[') {
            t->wrong = "[ within a class";
        } else {
            put_byte(t, c);
        }
        empty = false;
    }
    if (t->wrong == NULL && (t->at == t->end || empty))
        t->wrong = "an empty class, or one without an end";
    if (t->wrong == NULL) {
        t->at++;
        put_byte(t, ']');
    }
}

static void translate(struct translation *t)
{
    while (t->wrong == NULL && t->at < t->end) {
        char c = *t->at++;
        bool count = c == '*' || c == '+' || c == '?' || c == '{';
        if (t->extended && is_blank(c))
            continue;
        if (c == '\\')
            translate_escape(t, false);
        else if (c == '[')
            translate_class(t, 0);
        else if (c == '(' && t->at < t->end && *t->at == '?' &&
                 (t->end - t->at < 2 || t->at[1] != ':'))
            t->wrong = "a group that XPath does not have";
        else if (c == '(' && t->at < t->end && *t->at == '*')
            t->wrong = "nothing to repeat";
        else if (c == ']' || c == '}')
            t->wrong = "a bracket without its other half";
        else if (c == '{' && (t->at == t->end || *t->at < '0' || *t->at > '9'))
            t->wrong = "a { that counts nothing";
        else if (c == '{') {
            put_byte(t, c);
            while (t->at < t->end && (*t->at == ',' || (*t->at >= '0' && *t->at <= '9')))
                put_byte(t, *t->at++);
            if (t->at == t->end || *t->at != '}')
                t->wrong = "a { that counts nothing";
            else
                put_byte(t, *t->at++);
        } else if (c == '+' && t->counted) {
            t->wrong = "a count after a count"; /* PCRE2 would read it as possessive */
        } else {
            count_group(t, c);
            put_byte(t, c);
        }
        t->counted = count && !(t->counted && c == '?');
    }
}

static bool read_flags(struct feel_text flags, uint32_t *options, bool *extended)
{
    *options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    *extended = false;
    bool literal = false;
    for (size_t i = 0; i < flags.size; i++) {
        switch (flags.bytes[i]) {
        case 's':
            *options |= PCRE2_DOTALL;
            break;
        case 'm':
            *options |= PCRE2_MULTILINE;
            break;
        case 'i':
            *options |= PCRE2_CASELESS;
            break;
        case 'x':
            *extended = true;
            break;
        case 'q':
            literal = true;
            break;
        default:
            return false;
        }
    }
    if (literal)
        *options = PCRE2_LITERAL | PCRE2_UTF | (*options & PCRE2_CASELESS);
    return true;
}

static struct feel_regex *compile(const char *pattern, size_t size, uint32_t options, char *error,
                                  size_t room)
{
    int code;
    size_t offset;
    struct feel_regex *regex = calloc(1, sizeof *regex);
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (regex == NULL || context == NULL) {
        free(regex);
        pcre2_compile_context_free(context);
        return NULL;
    }
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    regex->code = pcre2_compile((PCRE2_SPTR)pattern, size, options | PCRE2_AUTO_CALLOUT, &code,
                                &offset, context);
    pcre2_compile_context_free(context);
    if (regex->code == NULL) {
        (void)pcre2_get_error_message(code, (PCRE2_UCHAR *)error, room);
        free(regex);
        return NULL;
    }
    regex->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (regex->data == NULL || regex->limits == NULL) {
        feel_regex_free(regex);
        return NULL;
    }
    (void)pcre2_set_heap_limit(regex->limits, FEEL_REGEX_HEAP_MAX_KIB);
    return regex;
}

struct feel_regex *feel_regex_compile(struct arena *arena, struct feel_text pattern,
                                      struct feel_text flags, char *error, size_t room)
{
    uint32_t options;
    struct translation t = {.at = pattern.bytes, .end = pattern.bytes + pattern.size};
    (void)snprintf(error, room, "no such flag");
    if (!read_flags(flags, &options, &t.extended))
        return NULL;
    if (options & PCRE2_LITERAL)
        return compile(pattern.bytes, pattern.size, options, error, room);
    t.out = arena_alloc(arena, (pattern.size + 1) * EXPANSION_MAX);
    t.open = arena_array(arena, pattern.size + 1, sizeof *t.open);
    if (t.out == NULL || t.open == NULL)
        return NULL;
    translate(&t);
    if (t.wrong != NULL) {
        (void)snprintf(error, room, "%s", t.wrong);
        return NULL;
    }
    return compile(t.out, t.size, options, error, room);
}

void feel_regex_free(struct feel_regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_match_data_free(regex->data);
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    free(regex);
}

size_t feel_regex_groups(const struct feel_regex *regex)
{
    uint32_t count = 0;
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &count);
    return count < FEEL_REGEX_GROUPS_MAX ? count : FEEL_REGEX_GROUPS_MAX;
}

/* What a search has cost so far. The library's own limit counts anew for each place in the text
 * where a match may begin, so that it bounds no search. */
struct work {
    uint64_t done;
    uint64_t most;
    uint64_t each;
};

static int count_work(pcre2_callout_block *block, void *data)
{
    struct work *work = data;
    (void)block;
    work->done += work->each;
    return work->done > work->most ? PCRE2_ERROR_MATCHLIMIT : 0;
}

enum feel_found feel_regex_search(const struct feel_regex *regex, struct feel_text text,
                                  size_t offset, uint64_t *work, struct feel_match *match)
{
    enum { BYTES_PER_WORK = 64 };
    struct work count = {.most = *work < FEEL_REGEX_WORK_MAX ? *work : FEEL_REGEX_WORK_MAX,
                         .each = 1 + text.size / BYTES_PER_WORK};
    (void)pcre2_set_callout(regex->limits, count_work, &count);
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text.bytes, text.size, offset, 0, regex->data,
                            regex->limits);
    *work = count.done;
    if (found == PCRE2_ERROR_NOMATCH)
        return FEEL_NOT_FOUND;
    if (found < 0)
        return FEEL_SEARCH_TOO_LONG;
    size_t groups = feel_regex_groups(regex);
    const size_t *ends = pcre2_get_ovector_pointer(regex->data);
    for (size_t i = 0; i <= groups; i++) {
        match->starts[i] = ends[2 * i];
        match->ends[i] = ends[2 * i + 1];
    }
    return FEEL_FOUND;
}
