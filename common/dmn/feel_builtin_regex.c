/* matches, replace and split: fn:matches, fn:replace and fn:tokenize of XPath. */

#include <string.h>

#include "feel_builtin_rows.h"
#include "feel_regex.h"
#include "feel_run.h"

static struct feel_regex *compile(struct feel_run *run, const struct feel_value *pattern,
                                  const struct feel_value *flags)
{
    char error[128] = "out of memory";
    struct feel_text none = {"", 0};
    if (!feel_charge(run, pattern->text.size / 8))
        return NULL;
    struct feel_regex *regex =
        feel_regex_compile(run->arena, pattern->text,
                           flags->kind == FEEL_STRING ? flags->text : none, error, sizeof error);
    if (regex == NULL)
        (void)feel_note(run, NULL, "not a pattern: %s", error);
    return regex;
}

/* Charges what the search took, so that a pattern that goes wild costs the evaluation what it costs
 * the machine. */
static enum feel_found search(struct feel_run *run, const struct feel_regex *regex,
                              struct feel_text text, size_t offset, struct feel_match *match)
{
    enum { WORK_PER_STEP = 50 };
    uint64_t work = (run->steps_max - run->steps) * WORK_PER_STEP;
    enum feel_found found = feel_regex_search(regex, text, offset, &work, match);
    return feel_charge(run, work / WORK_PER_STEP + text.size / 1024) ? found : FEEL_SEARCH_TOO_LONG;
}

struct feel_value feel_bi_matches(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_match match;
    struct feel_regex *regex = compile(run, &a[1], &a[2]);
    if (regex == NULL)
        return feel_null();
    enum feel_found found = search(run, regex, a[0].text, 0, &match);
    feel_regex_free(regex);
    if (found == FEEL_SEARCH_TOO_LONG)
        return feel_note(run, NULL, "matches: the search takes too long");
    return feel_boolean(found == FEEL_FOUND);
}

/* A string in the making, bounded like all strings. */
struct output {
    struct feel_run *run;
    char *bytes;
    size_t size;
    size_t room;
};

static bool put(struct output *out, const char *bytes, size_t size)
{
    if (size > out->run->string_max - out->size) {
        (void)feel_note(out->run, NULL, "a string of more than %zu bytes", out->run->string_max);
        return false;
    }
    if (out->size + size > out->room) {
        size_t room = (out->size + size) * 2;
        char *bytes_now = feel_alloc(out->run, room, 1);
        if (bytes_now == NULL)
            return false;
        if (out->size > 0)
            memcpy(bytes_now, out->bytes, out->size);
        out->bytes = bytes_now;
        out->room = room;
    }
    if (size > 0)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
    return true;
}

/* `$N` takes as many digits as make a group that exists. */
static size_t read_group(struct feel_text text, size_t *at, size_t groups)
{
    size_t group = (size_t)(text.bytes[(*at)++] - '0');
    while (*at < text.size && text.bytes[*at] >= '0' && text.bytes[*at] <= '9' &&
           group * 10 + (size_t)(text.bytes[*at] - '0') <= groups)
        group = group * 10 + (size_t)(text.bytes[(*at)++] - '0');
    return group;
}

static bool put_replacement(struct output *out, struct feel_text replacement,
                            struct feel_text input, const struct feel_match *match, size_t groups)
{
    for (size_t at = 0; at < replacement.size;) {
        char c = replacement.bytes[at++];
        if (c == '$') {
            size_t group = read_group(replacement, &at, groups);
            if (group <= groups && match->starts[group] != SIZE_MAX &&
                !put(out, input.bytes + match->starts[group],
                     match->ends[group] - match->starts[group]))
                return false;
            continue;
        }
        if (c == '\\')
            c = replacement.bytes[at++];
        if (!put(out, &c, 1))
            return false;
    }
    return true;
}

/* `$` must stand before a digit, `\` before `\` or `$`. */
static bool replacement_is_valid(struct feel_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char next = i + 1 < text.size ? text.bytes[i + 1] : '\0';
        if (text.bytes[i] == '$' && (next < '0' || next > '9'))
            return false;
        if (text.bytes[i] == '\\') {
            if (next != '\\' && next != '$')
                return false;
            i++;
        }
    }
    return true;
}

static bool has_flag(const struct feel_value *flags, char flag)
{
    return flags->kind == FEEL_STRING && memchr(flags->text.bytes, flag, flags->text.size) != NULL;
}

static struct feel_value replace_all(struct feel_run *run, const struct feel_regex *regex,
                                     const struct feel_value *a)
{
    struct output out = {.run = run};
    struct feel_match match;
    struct feel_text input = a[0].text;
    size_t at = 0, groups = feel_regex_groups(regex);
    bool literal = has_flag(&a[3], 'q');
    if (search(run, regex, (struct feel_text){"", 0}, 0, &match) == FEEL_FOUND)
        return feel_note(run, NULL, "replace: the pattern matches nothing at all");
    for (;;) {
        enum feel_found found = search(run, regex, input, at, &match);
        if (found == FEEL_SEARCH_TOO_LONG || !feel_charge(run, 1))
            return feel_note(run, NULL, "replace: the search takes too long");
        if (found == FEEL_NOT_FOUND || match.ends[0] == match.starts[0])
            break;
        if (!put(&out, input.bytes + at, match.starts[0] - at))
            return feel_null();
        bool done = literal ? put(&out, a[2].text.bytes, a[2].text.size)
                            : put_replacement(&out, a[2].text, input, &match, groups);
        if (!done)
            return feel_null();
        at = match.ends[0];
    }
    if (!put(&out, input.bytes + at, input.size - at))
        return feel_null();
    return feel_string(out.bytes == NULL ? "" : out.bytes, out.size);
}

struct feel_value feel_bi_replace(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    if (!has_flag(&a[3], 'q') && !replacement_is_valid(a[2].text))
        return feel_note(run, NULL, "replace: a $ or \\ that refers to nothing");
    struct feel_regex *regex = compile(run, &a[1], &a[3]);
    if (regex == NULL)
        return feel_null();
    struct feel_value result = replace_all(run, regex, a);
    feel_regex_free(regex);
    return result;
}

static struct feel_value split(struct feel_run *run, const struct feel_regex *regex,
                               struct feel_text input)
{
    struct feel_builder out = {.list = {.kind = FEEL_LIST, .depth = 1}};
    struct feel_match match;
    size_t at = 0;
    if (search(run, regex, (struct feel_text){"", 0}, 0, &match) == FEEL_FOUND)
        return feel_note(run, NULL, "split: the delimiter matches nothing at all");
    for (;;) {
        enum feel_found found = search(run, regex, input, at, &match);
        if (found == FEEL_SEARCH_TOO_LONG || !feel_charge(run, 1))
            return feel_note(run, NULL, "split: the search takes too long");
        bool last = found == FEEL_NOT_FOUND || match.ends[0] == match.starts[0];
        size_t end = last ? input.size : match.starts[0];
        struct feel_value part = feel_string(input.bytes + at, end - at);
        if (!feel_build(run, &out, &part))
            return feel_null();
        if (last)
            return out.list;
        at = match.ends[0];
    }
}

struct feel_value feel_bi_split(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_value none = feel_null();
    struct feel_regex *regex = compile(run, &a[1], &none);
    if (regex == NULL)
        return feel_null();
    struct feel_value result = split(run, regex, a[0].text);
    feel_regex_free(regex);
    return result;
}
