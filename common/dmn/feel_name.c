#include "feel_name.h"

#include "feel_lexer.h"

static size_t bucket_of(struct feel_text text)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.bytes[i]) * 0x100000001b3u;
    return (size_t)(hash ^ hash >> 32) % FEEL_SYMBOL_BUCKETS;
}

static struct feel_symbol *intern(struct feel_symbols *symbols, struct feel_text text)
{
    struct feel_symbol **bucket = &symbols->buckets[bucket_of(text)];
    for (struct feel_symbol *symbol = *bucket; symbol != NULL; symbol = symbol->next)
        if (feel_text_is(symbol->text, text))
            return symbol;
    struct feel_symbol *symbol = arena_zalloc(symbols->arena, sizeof *symbol);
    char *copy = arena_strndup(symbols->arena, text.bytes, text.size);
    if (symbol == NULL || copy == NULL)
        return NULL;
    symbol->text = (struct feel_text){copy, text.size};
    symbol->next = *bucket;
    *bucket = symbol;
    return symbol;
}

const struct feel_symbol *feel_intern(struct feel_symbols *symbols, struct feel_text text)
{
    return intern(symbols, text);
}

/* Into `bytes`, which has room for the whole text. */
static struct feel_text collapse(struct feel_text text, char *bytes)
{
    size_t size = 0;
    bool space = false;
    for (const char *at = text.bytes, *end = at + text.size; at < end;) {
        const char *from = at;
        if (feel_is_space(feel_code_point(&at, end))) {
            space = size > 0;
            continue;
        }
        if (space)
            bytes[size++] = ' ';
        space = false;
        while (from < at)
            bytes[size++] = *from++;
    }
    return (struct feel_text){bytes, size};
}

static bool tokenize(struct feel_symbols *symbols, struct feel_symbol *name)
{
    const struct feel_symbol *words[FEEL_NAME_WORDS_MAX];
    const char *at = name->text.bytes, *end = at + name->text.size;
    size_t count = 0;
    for (;;) {
        struct feel_token token = feel_next_token(&at, end);
        if (token.kind == FEEL_TOKEN_END)
            break;
        if (count == FEEL_NAME_WORDS_MAX)
            return false;
        words[count] = intern(symbols, token.text);
        if (words[count++] == NULL)
            return false;
    }
    name->words = arena_memdup(symbols->arena, words, count * sizeof *words);
    name->word_count = count;
    return name->words != NULL && count > 0;
}

const struct feel_symbol *feel_name(struct feel_symbols *symbols, struct feel_text text)
{
    char bytes[FEEL_NAME_SIZE_MAX];
    if (text.bytes == NULL || text.size > sizeof bytes)
        return NULL;
    struct feel_text trimmed = collapse(text, bytes);
    if (trimmed.size == 0)
        return NULL;
    struct feel_symbol *name = intern(symbols, trimmed);
    if (name == NULL || (name->words == NULL && !tokenize(symbols, name)))
        return NULL;
    return name;
}

bool feel_scope_add(struct arena *arena, struct feel_scope *scope, const struct feel_symbol *name)
{
    if (name == NULL)
        return false;
    for (size_t i = 0; i < scope->count; i++)
        if (scope->names[i] == name)
            return true;
    if (scope->count == scope->room) {
        size_t room = scope->room == 0 ? 8 : scope->room * 2;
        const struct feel_symbol **names = arena_array(arena, room, sizeof *names);
        if (names == NULL)
            return false;
        for (size_t i = 0; i < scope->count; i++)
            names[i] = scope->names[i];
        scope->names = names;
        scope->room = room;
    }
    scope->names[scope->count++] = name;
    return true;
}
