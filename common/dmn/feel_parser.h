/* Inside the parser: its state, shared by the files that parse. */

#ifndef REDRESS_DMN_FEEL_PARSER_H
#define REDRESS_DMN_FEEL_PARSER_H

#include "feel_lexer.h"
#include "feel_syntax.h"
#include "feel_type.h"

struct feel_parser {
    const struct feel_compiler *c;
    const struct feel_scope *scope;
    const char *start;
    struct feel_token *tokens; /* the last one is END */
    size_t count;
    size_t next;
    int depth;
    uint16_t tallest; /* of the nodes within the value that is being read */
    bool failed;
    bool reads_input;   /* `?` was seen */
    bool range_end;     /* a `[` may close a range here */
    bool tests_allowed; /* the next bracket may hold several tests */
    size_t unknown;
    struct feel_syntax_error *error;
};

/* Nodes under collection, with the names and types that go along. */
struct feel_nodes {
    const struct feel_node **items;
    const struct feel_symbol **names;
    const struct feel_type **types;
    size_t count;
    size_t room;
};

/* Records the first error only; NULL. */
__attribute__((format(printf, 2, 3))) struct feel_node *feel_fail(struct feel_parser *p,
                                                                  const char *format, ...);
struct feel_node *feel_new(struct feel_parser *p, enum feel_op op);

const struct feel_token *feel_at(const struct feel_parser *p);
enum feel_token_kind feel_kind_at(const struct feel_parser *p, size_t ahead);
bool feel_accept(struct feel_parser *p, enum feel_token_kind kind);
bool feel_expect(struct feel_parser *p, enum feel_token_kind kind);
bool feel_is_word(const struct feel_parser *p, size_t ahead, const char *word);
bool feel_accept_word(struct feel_parser *p, const char *word);
bool feel_expect_word(struct feel_parser *p, const char *word);

/* One level deeper; the caller takes it back from `depth`. */
bool feel_enter(struct feel_parser *p);

/* Puts a node above one that it evaluates. False: the tree is too tall to evaluate. */
bool feel_put_above(struct feel_parser *p, struct feel_node *node, const struct feel_node *below);

/* The longest name in sight that the next tokens spell, not consumed; NULL when none does. */
const struct feel_symbol *feel_known_name(struct feel_parser *p, bool *filter);
/* The longest member name, or else one word; consumed. */
const struct feel_symbol *feel_member_name(struct feel_parser *p);
/* The next tokens as one new name; consumed. */
const struct feel_symbol *feel_take_name(struct feel_parser *p, size_t tokens);
size_t feel_name_before(const struct feel_parser *p, enum feel_token_kind kind, const char *word);

bool feel_grow(struct feel_parser *p, struct feel_nodes *nodes, const struct feel_node *node);
const struct feel_node **feel_node_list(struct feel_parser *p, const struct feel_node **nodes,
                                        size_t count);

const struct feel_node *feel_parse_expression(struct feel_parser *p);
/* An operand of comparisons: sums and what binds tighter. */
const struct feel_node *feel_parse_sum(struct feel_parser *p);
/* `< e` and its kin as a range; NULL when the next token is no comparison. */
struct feel_node *feel_parse_open_range(struct feel_parser *p);
const struct feel_node *feel_parse_primary(struct feel_parser *p);
/* Tests separated by commas up to (not including) `close`. */
struct feel_node *feel_parse_test_list(struct feel_parser *p, enum feel_token_kind close);
const struct feel_type *feel_parse_type_at(struct feel_parser *p);

#endif
