#include "assessment_internal.h"

#include <inttypes.h>
#include <string.h>

/* A rule is known by where its table's name lies, which is the same for all lines. */
struct hit_key {
    const char *where;
    uint32_t rule;
};

void hit_list_start(struct hit_list *list, size_t line_count, struct arena *arena)
{
    *list = (struct hit_list){.arena = arena, .line_count = line_count};
}

/* Room for one rule more. */
static bool grow(struct hit_list *list)
{
    size_t count = list->count;
    void *hits = arena_grow(list->arena, list->hits, count * sizeof *list->hits, &list->hits_room,
                            (count + 1) * sizeof *list->hits);
    if (hits == NULL)
        return false;
    list->hits = hits;
    void *keys = arena_grow(list->arena, list->keys, count * sizeof *list->keys, &list->keys_room,
                            (count + 1) * sizeof *list->keys);
    if (keys == NULL)
        return false;
    list->keys = keys;
    return true;
}

/* Cut at the border of a character. */
static const char *name_copy(struct arena *arena, struct feel_text name)
{
    size_t size = name.size;
    if (size > ASSESSMENT_NAME_MAX)
        for (size = ASSESSMENT_NAME_MAX; size > 0 && (name.bytes[size] & 0xC0) == 0x80;)
            size--;
    return arena_strndup(arena, name.bytes, size);
}

static enum status add_rule(struct hit_list *list, const struct dmn_trace_table *table,
                            uint32_t rule, struct error *error)
{
    if (list->count == ASSESSMENT_RULES_MAX)
        return error_set(error, STATUS_INVALID, "more than %d different rules hit",
                         ASSESSMENT_RULES_MAX);
    if (!grow(list))
        return STATUS_EXHAUSTED;
    struct feel_text id = dmn_trace_rule_id(table, rule);
    bool named = id.size > 0 && id.size <= ASSESSMENT_NAME_MAX;
    list->keys[list->count] = (struct hit_key){table->where.bytes, rule};
    list->hits[list->count] =
        (struct rule_hit){.decision = name_copy(list->arena, table->where),
                          .rule = named ? arena_strndup(list->arena, id.bytes, id.size)
                                        : arena_printf(list->arena, "%" PRIu32, rule + 1),
                          .lines = arena_array(list->arena, list->line_count, sizeof(uint32_t))};
    list->count++;
    return arena_exhausted(list->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status add_hit(struct hit_list *list, const struct dmn_trace_table *table,
                           uint32_t rule, uint32_t index, struct error *error)
{
    size_t at = 0;
    while (at < list->count &&
           (list->keys[at].where != table->where.bytes || list->keys[at].rule != rule))
        at++;
    if (at == list->count) {
        enum status status = add_rule(list, table, rule, error);
        if (status != STATUS_OK)
            return status;
    }
    struct rule_hit *hit = &list->hits[at];
    if (hit->line_count > 0 && hit->lines[hit->line_count - 1] == index)
        return STATUS_OK;
    if (++list->total > ASSESSMENT_HITS_MAX)
        return error_set(error, STATUS_INVALID, "rules hit more than %d times",
                         ASSESSMENT_HITS_MAX);
    ((uint32_t *)(uintptr_t)hit->lines)[hit->line_count++] = index;
    return STATUS_OK;
}

enum status hit_list_add(struct hit_list *list, const struct dmn_trace *trace, uint32_t index,
                         struct error *error)
{
    enum status status = STATUS_OK;
    for (const struct dmn_trace_node *node = trace->nodes; node != NULL; node = node->next)
        for (const struct dmn_trace_table *table = node->tables; table != NULL; table = table->next)
            for (size_t i = 0; i < table->hit_count && status == STATUS_OK; i++)
                status = add_hit(list, table, table->hits[i].rule, index, error);
    return status;
}

enum { NUMBER_DIGITS = 10 /* of a uint32_t */ };

static char *put(char *at, const char *text)
{
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}

static char *put_number(char *at, uint32_t number)
{
    char digits[NUMBER_DIGITS];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

/* "Window/w8 0,2" */
static char *put_hit(char *at, const struct rule_hit *hit)
{
    at = put(put(put(at, hit->decision), "/"), hit->rule);
    for (size_t i = 0; i < hit->line_count; i++)
        at = put_number(put(at, i == 0 ? " " : ","), hit->lines[i]);
    return at;
}

const char *assessment_hits_text(const struct assessment *assessment, struct arena *arena)
{
    enum { BETWEEN = 3 /* bytes around names */ };
    size_t room = 1;
    for (size_t i = 0; i < assessment->hit_count; i++)
        room += strlen(assessment->hits[i].decision) + strlen(assessment->hits[i].rule) + BETWEEN +
                assessment->hits[i].line_count * (1 + NUMBER_DIGITS);
    char *text = arena_alloc(arena, room), *end = text;
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < assessment->hit_count; i++)
        end = put_hit(put(end, i == 0 ? "" : "; "), &assessment->hits[i]);
    *end = '\0';
    return text;
}
