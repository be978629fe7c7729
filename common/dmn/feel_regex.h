/* Regular expressions of XPath and XQuery Functions 3.1, which FEEL uses, on PCRE2.
 * This is the only file that knows that library. */

#ifndef REDRESS_DMN_FEEL_REGEX_H
#define REDRESS_DMN_FEEL_REGEX_H

#include "feel_value.h"

enum {
    FEEL_REGEX_WORK_MAX = 1000000,       /* of one search */
    FEEL_REGEX_HEAP_MAX_KIB = 16 * 1024, /* memory of one search */
    FEEL_REGEX_GROUPS_MAX = 100
};

struct feel_regex;

/* NULL: no such pattern or flag; `error` (of `room` bytes) says why. The caller frees it. Flags: s,
 * m, i, x and q. */
struct feel_regex *feel_regex_compile(struct arena *arena, struct feel_text pattern,
                                      struct feel_text flags, char *error, size_t room);
void feel_regex_free(struct feel_regex *regex);

/* Groups, without the whole match. */
size_t feel_regex_groups(const struct feel_regex *regex);

/* One match: the ends of the whole and of each group; start is SIZE_MAX where a group has none. */
struct feel_match {
    size_t starts[FEEL_REGEX_GROUPS_MAX + 1];
    size_t ends[FEEL_REGEX_GROUPS_MAX + 1];
};

/* How a search went. */
enum feel_found { FEEL_NOT_FOUND, FEEL_FOUND, FEEL_SEARCH_TOO_LONG };

/* Searches from `offset` on. `work` is what the search may cost, up to FEEL_REGEX_WORK_MAX, and
 * then what it did cost: one for each part of the pattern that was tried, wherever in the text, and
 * one more for every 64 bytes of a text that such a part may run over. It is the same on every
 * machine. */
enum feel_found feel_regex_search(const struct feel_regex *regex, struct feel_text text,
                                  size_t offset, uint64_t *work, struct feel_match *match);

#endif
