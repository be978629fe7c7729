/* Names: interned texts, and the names that an expression may use where it stands.
 *
 * A FEEL name may hold spaces, digits, keywords and signs (`Applicant's income - net`). It is
 * recognised as a sequence of tokens: white space matters only between words. */

#ifndef REDRESS_DMN_FEEL_NAME_H
#define REDRESS_DMN_FEEL_NAME_H

#include "feel_value.h"

/* One per distinct text of a symbol table: compare pointers. */
struct feel_symbol {
    struct feel_symbol *next;
    struct feel_text text;            /* trimmed, runs of white space are one space */
    const struct feel_symbol **words; /* its tokens, once it was used as a name */
    size_t word_count;
};

enum { FEEL_SYMBOL_BUCKETS = 1024, FEEL_NAME_WORDS_MAX = 64, FEEL_NAME_SIZE_MAX = 1024 };

struct feel_symbols {
    struct arena *arena;
    struct feel_symbol *buckets[FEEL_SYMBOL_BUCKETS];
};

/* The symbol of a text as it is; NULL when the arena is exhausted. */
const struct feel_symbol *feel_intern(struct feel_symbols *symbols, struct feel_text text);

/* The symbol of a name, its tokens known; NULL when it is empty, too long or memory ends. */
const struct feel_symbol *feel_name(struct feel_symbols *symbols, struct feel_text text);

/* Names in sight, innermost first. */
struct feel_scope {
    const struct feel_scope *parent;
    const struct feel_symbol **names;
    size_t count;
    size_t room;
    bool filter; /* inside a filter: any member name may appear too */
};

/* Adds a name once. false when the arena is exhausted. */
bool feel_scope_add(struct arena *arena, struct feel_scope *scope, const struct feel_symbol *name);

#endif
