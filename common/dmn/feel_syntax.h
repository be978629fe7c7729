/* The compiled form of FEEL: a tree of small nodes in the arena of the loaded models. */

#ifndef REDRESS_DMN_FEEL_SYNTAX_H
#define REDRESS_DMN_FEEL_SYNTAX_H

#include "feel_name.h"
#include "feel_zone.h"

enum {
    FEEL_NESTING_MAX = 64,     /* brackets, branches and quantifiers within each other */
    FEEL_HEIGHT_MAX = 1000,    /* operators one after the other, each upon the last */
    FEEL_TEXT_MAX = 64 * 1024, /* bytes of one expression and of one string */
    FEEL_ENTRIES_MAX = 1000,   /* of one context that an expression makes */
    FEEL_PARAMETERS_MAX = 64,  /* of one function */
    FEEL_MESSAGE_MAX = 256     /* bytes of an error's text */
};

enum feel_op {
    FEEL_OP_LITERAL,
    FEEL_OP_BROKEN, /* did not compile: null and an error */
    FEEL_OP_NAME,
    FEEL_OP_PATH,   /* a . name */
    FEEL_OP_FILTER, /* a [ b ] */
    FEEL_OP_CALL,   /* a ( items ); names where the arguments are named */
    FEEL_OP_ADD,
    FEEL_OP_SUBTRACT,
    FEEL_OP_MULTIPLY,
    FEEL_OP_DIVIDE,
    FEEL_OP_POWER,
    FEEL_OP_NEGATE,
    FEEL_OP_EQUAL,
    FEEL_OP_UNEQUAL,
    FEEL_OP_LESS,
    FEEL_OP_LESS_EQUAL,
    FEEL_OP_GREATER,
    FEEL_OP_GREATER_EQUAL,
    FEEL_OP_AND,
    FEEL_OP_OR,
    FEEL_OP_BETWEEN,   /* a between b and c */
    FEEL_OP_IN,        /* a in b, b is TESTS */
    FEEL_OP_TESTS,     /* items; negated */
    FEEL_OP_ANY_INPUT, /* the test - */
    FEEL_OP_IF,
    FEEL_OP_FOR,  /* names in items return a */
    FEEL_OP_SOME, /* names in items satisfies a */
    FEEL_OP_EVERY,
    FEEL_OP_SPAN, /* a .. b in a for: from the one to the other, either way */
    FEEL_OP_LIST,
    FEEL_OP_CONTEXT, /* names: items; a is the result of a boxed context or NULL */
    FEEL_OP_RANGE,   /* form, a and b */
    FEEL_OP_INSTANCE_OF,
    FEEL_OP_FUNCTION, /* names and types: a, of type `type` */
    FEEL_OP_EXTERNAL, /* a function kept elsewhere: refused */
    FEEL_OP_TABLE     /* a decision table of the model */
};

struct feel_type;
struct feel_node;
struct feel_builtin;
struct dmn_table;

struct feel_node {
    enum feel_op op;
    uint32_t offset; /* bytes from the start of the expression */
    bool low_closed;
    bool high_closed;
    bool negated;
    bool reads_input;          /* of a test: mentions `?` */
    bool boxed;                /* of a FILTER or IF: takes nothing but a boolean (7.3.7, 7.3.6) */
    uint16_t height;           /* of the tree from here, as the parser reckons it */
    enum feel_range_form form; /* of a RANGE */
    uint32_t count;            /* of items, names and types */
    const struct feel_symbol *name;
    union {
        struct feel_value literal;
        struct {
            const struct feel_node *a;
            const struct feel_node *b; /* of a CALL: the literal it comes to, or NULL */
            const struct feel_node *c;
            const struct feel_type *type;
        };
    };
    union {
        const struct feel_node *const *items;
        const struct feel_builtin *builtin; /* of a NAME that a built-in has */
        const struct dmn_table *table;
    };
    const struct feel_symbol *const *names;
    const struct feel_type *const *types; /* of parameters and boxed entries; may be NULL */
};

/* Finds a type by its written name; NULL when there is none. */
typedef const struct feel_type *feel_find_type(void *owner, struct feel_text name);

/* What a parser works with, the same for all expressions of a model. */
struct feel_compiler {
    struct arena *arena;
    struct arena *scratch; /* reset by every parse; NULL: `arena` is used */
    struct feel_symbols *symbols;
    struct feel_scope *members; /* names that may follow a dot or stand in a filter */
    struct feel_zones *zones;
    feel_find_type *find_type;
    void *type_owner;
};

/* What was wrong, and where in the text. */
struct feel_syntax_error {
    size_t offset;
    char text[FEEL_MESSAGE_MAX];
};

/* An expression, or NULL with the error. `unknown` counts names that nothing in sight has, outside
 * of filters; the first one is described in `error`. The tree lives in the compiler's arena; the
 * text need not. */
const struct feel_node *feel_parse(const struct feel_compiler *compiler,
                                   const struct feel_scope *scope, struct feel_text text,
                                   size_t *unknown, struct feel_syntax_error *error);

/* Unary tests: `-`, tests separated by commas, or not(...) around them. The same otherwise. */
const struct feel_node *feel_parse_tests(const struct feel_compiler *compiler,
                                         const struct feel_scope *scope, struct feel_text text,
                                         size_t *unknown, struct feel_syntax_error *error);

/* A type as it is written: a name, list<...>, range<...>, context<...>, function<...>->...; NULL
 * when it is none. */
const struct feel_type *feel_parse_type(const struct feel_compiler *compiler,
                                        struct feel_text text);

/* A zeroed node; NULL when the arena is exhausted. */
struct feel_node *feel_node_new(struct arena *arena, enum feel_op op, size_t offset);

#endif
