/* The tokens of a FEEL text. */

#ifndef REDRESS_DMN_FEEL_LEXER_H
#define REDRESS_DMN_FEEL_LEXER_H

#include "feel_name.h"

/* X(token, spelling) */
#define FEEL_TOKEN_ROWS(X)                       \
    X(END, "the end")                            \
    X(WORD, "a name")                            \
    X(NUMBER, "a number")                        \
    X(STRING, "a string")                        \
    X(BROKEN, "an unfinished string or comment") \
    X(OTHER, "a sign without a meaning")         \
    X(POWER, "**")                               \
    X(DOTS, "..")                                \
    X(ARROW, "->")                               \
    X(UNEQUAL, "!=")                             \
    X(LESS_EQUAL, "<=")                          \
    X(GREATER_EQUAL, ">=")                       \
    X(LESS, "<")                                 \
    X(GREATER, ">")                              \
    X(EQUAL, "=")                                \
    X(PLUS, "+")                                 \
    X(MINUS, "-")                                \
    X(TIMES, "*")                                \
    X(DIVIDE, "/")                               \
    X(OPEN, "(")                                 \
    X(CLOSE, ")")                                \
    X(OPEN_SQUARE, "[")                          \
    X(CLOSE_SQUARE, "]")                         \
    X(OPEN_CURLY, "{")                           \
    X(CLOSE_CURLY, "}")                          \
    X(COMMA, ",")                                \
    X(COLON, ":")                                \
    X(DOT, ".")                                  \
    X(AT, "@")

enum feel_token_kind {
#define X(token, spelling) FEEL_TOKEN_##token,
    FEEL_TOKEN_ROWS(X)
#undef X
};

struct feel_token {
    enum feel_token_kind kind;
    struct feel_text text; /* of a string: with its quotes */
};

/* The token at `*at`, which moves behind it. White space and comments are skipped. */
struct feel_token feel_next_token(const char **at, const char *end);

const char *feel_token_name(enum feel_token_kind kind);

/* The content of a quoted string, escapes resolved, in the arena. false: a broken escape. */
bool feel_unquote(struct arena *arena, struct feel_text quoted, struct feel_text *out);

/* The code point at `*at`, which moves behind it; U+FFFD and one byte on for broken UTF-8. */
uint32_t feel_code_point(const char **at, const char *end);
/* Writes 1 to 4 bytes. */
size_t feel_put_code_point(char *out, uint32_t code);
/* The length in code points. */
size_t feel_text_length(struct feel_text text);

bool feel_is_space(uint32_t code);

#endif
