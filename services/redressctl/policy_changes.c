#include "policy_changes.h"

#include "arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { STATES = CHANGES_WAITS + 1, KEY_MAX = 160, NOT_THERE = -1 };

#define CHANGES_BYTES_MAX ((size_t)4 << 30)

struct word {
    UT_hash_handle hh;
    char text[];
};

/* A half of a request; `outcome` NOT_THERE until it came. */
struct half {
    int outcome;
    int64_t minor;
    const char *reasons, *rules;
};

struct entry {
    UT_hash_handle hh;
    const char *refund_id, *order_id;
    const char *currency;
    struct half before, after;
    char key[];
};

struct sum {
    const char *currency;
    int64_t before, after;
};

struct sums {
    struct sum items[CHANGES_CURRENCIES_MAX];
    size_t count;
};

/* From one outcome to another. */
struct move {
    size_t count;
    struct sums money;
    const struct entry *examples[CHANGES_EXAMPLES_MAX];
    size_t example_count;
};

struct rule {
    UT_hash_handle hh;
    size_t gained, lost;
    char name[];
};

struct changes {
    struct arena *arena;
    struct word *words;
    struct entry *entries;
    struct rule *rules;
    struct move moves[STATES][STATES];
    struct sums money;
    size_t requests, undecided, same, changed;
};

struct changes *changes_create(void)
{
    struct changes *changes = calloc(1, sizeof *changes);
    if (changes == NULL)
        return NULL;
    changes->arena = arena_create(CHANGES_BYTES_MAX);
    if (changes->arena != NULL)
        return changes;
    free(changes);
    return NULL;
}

void changes_free(struct changes *changes)
{
    if (changes == NULL)
        return;
    HASH_CLEAR(hh, changes->words);
    HASH_CLEAR(hh, changes->entries);
    HASH_CLEAR(hh, changes->rules);
    arena_destroy(changes->arena);
    free(changes);
}

/* The same text once: rules and reasons repeat. */
static const char *intern(struct changes *changes, const char *text)
{
    struct word *word = NULL;
    size_t size = strlen(text);
    HASH_FIND(hh, changes->words, text, size, word);
    if (word != NULL)
        return word->text;
    word = arena_zalloc(changes->arena, sizeof *word + size + 1);
    if (word == NULL)
        return NULL;
    memcpy(word->text, text, size + 1);
    HASH_ADD_KEYPTR(hh, changes->words, word->text, size, word);
    return word->text;
}

static struct entry *entry_of(struct changes *changes, const char *refund_id, int64_t version)
{
    char key[KEY_MAX];
    struct entry *entry = NULL;
    size_t size = (size_t)snprintf(key, sizeof key, "%" PRId64 "/%s", version, refund_id);
    size = size < sizeof key ? size : sizeof key - 1;
    HASH_FIND(hh, changes->entries, key, size, entry);
    if (entry != NULL)
        return entry;
    entry = arena_zalloc(changes->arena, sizeof *entry + size + 1);
    if (entry == NULL)
        return NULL;
    memcpy(entry->key, key, size);
    entry->refund_id = strchr(entry->key, '/') + 1;
    entry->before.outcome = entry->after.outcome = NOT_THERE;
    HASH_ADD_KEYPTR(hh, changes->entries, entry->key, size, entry);
    return entry;
}

static enum status take(struct changes *changes, struct half *half, const struct decided *decided)
{
    *half = (struct half){.outcome = decided->outcome,
                          .minor = decided->refundable_minor,
                          .reasons = intern(changes, decided->reasons),
                          .rules = intern(changes, decided->rules)};
    return half->reasons == NULL || half->rules == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status changes_after(struct changes *changes, const char *refund_id, int64_t version,
                          const char *order_id, const char *currency, const struct decided *decided)
{
    struct entry *entry = entry_of(changes, refund_id, version);
    if (entry == NULL)
        return STATUS_EXHAUSTED;
    entry->order_id = arena_strdup(changes->arena, order_id);
    entry->currency = intern(changes, currency);
    if (entry->order_id == NULL || entry->currency == NULL)
        return STATUS_EXHAUSTED;
    return take(changes, &entry->after, decided);
}

enum status changes_before(struct changes *changes, const char *refund_id, int64_t version,
                           const struct decided *decided)
{
    struct entry *entry = entry_of(changes, refund_id, version);
    return entry == NULL ? STATUS_EXHAUSTED : take(changes, &entry->before, decided);
}

static void add_money(struct sums *sums, const struct entry *entry)
{
    size_t at = 0;
    while (at < sums->count && sums->items[at].currency != entry->currency)
        at++;
    if (at == CHANGES_CURRENCIES_MAX)
        return;
    if (at == sums->count)
        sums->items[sums->count++] = (struct sum){.currency = entry->currency};
    sums->items[at].before += entry->before.minor;
    sums->items[at].after += entry->after.minor;
}

/* Those with the smallest ids, so that a replay shows the same ones again. */
static void add_example(struct move *move, const struct entry *entry)
{
    size_t at = move->example_count;
    while (at > 0 && strcmp(move->examples[at - 1]->refund_id, entry->refund_id) > 0)
        at--;
    if (at == CHANGES_EXAMPLES_MAX)
        return;
    if (move->example_count < CHANGES_EXAMPLES_MAX)
        move->example_count++;
    for (size_t i = move->example_count - 1; i > at; i--)
        move->examples[i] = move->examples[i - 1];
    move->examples[at] = entry;
}

static bool lists(const char *rules, const char *rule, size_t size)
{
    for (const char *at = rules; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (length == size && memcmp(at, rule, size) == 0)
            return true;
        at += length + (at[length] == '\n');
    }
    return false;
}

static struct rule *rule_of(struct changes *changes, const char *name, size_t size)
{
    struct rule *rule = NULL;
    HASH_FIND(hh, changes->rules, name, size, rule);
    if (rule != NULL)
        return rule;
    rule = arena_zalloc(changes->arena, sizeof *rule + size + 1);
    if (rule == NULL)
        return NULL;
    memcpy(rule->name, name, size);
    HASH_ADD_KEYPTR(hh, changes->rules, rule->name, size, rule);
    return rule;
}

/* Rules that are listed here and not there. */
static void add_rules(struct changes *changes, const char *here, const char *there, bool gained)
{
    for (const char *at = here; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        struct rule *rule = lists(there, at, size) ? NULL : rule_of(changes, at, size);
        if (rule != NULL && gained)
            rule->gained++;
        else if (rule != NULL)
            rule->lost++;
        at += size + (at[size] == '\n');
    }
}

static void compare(struct changes *changes, const struct entry *entry)
{
    changes->requests++;
    if (entry->before.outcome == NOT_THERE) {
        changes->undecided++;
        return;
    }
    add_money(&changes->money, entry);
    if (entry->before.outcome == entry->after.outcome &&
        entry->before.minor == entry->after.minor) {
        changes->same++;
        return;
    }
    struct move *move = &changes->moves[entry->before.outcome][entry->after.outcome];
    changes->changed++;
    move->count++;
    add_money(&move->money, entry);
    add_example(move, entry);
    add_rules(changes, entry->after.rules, entry->before.rules, true);
    add_rules(changes, entry->before.rules, entry->after.rules, false);
}

static const char *state_name(int state)
{
    return state == CHANGES_WAITS ? "WAITS" : outcome_name((enum outcome)state);
}

static json_t *money_json(const struct sums *sums)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sums->count; i++) {
        const struct sum *sum = &sums->items[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:I, s:I}", "currency", sum->currency, "before",
                                        (json_int_t)sum->before, "after", (json_int_t)sum->after,
                                        "change", (json_int_t)(sum->after - sum->before)));
    }
    return list;
}

static json_t *rules_list(const char *rules)
{
    json_t *list = json_array();
    for (const char *at = rules; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        json_array_append_new(list, json_stringn(at, size));
        at += size + (at[size] == '\n');
    }
    return list;
}

static json_t *half_json(const struct half *half)
{
    return json_pack("{s:s, s:I, s:s, s:o}", "outcome", state_name(half->outcome),
                     "refundableMinor", (json_int_t)half->minor, "reasons", half->reasons, "rules",
                     rules_list(half->rules));
}

static json_t *move_json(const struct move *move, int from, int to)
{
    json_t *examples = json_array();
    for (size_t i = 0; i < move->example_count; i++) {
        const struct entry *entry = move->examples[i];
        json_array_append_new(
            examples, json_pack("{s:s, s:s, s:s, s:o, s:o}", "refund", entry->refund_id, "order",
                                entry->order_id, "currency", entry->currency, "before",
                                half_json(&entry->before), "after", half_json(&entry->after)));
    }
    return json_pack("{s:s, s:s, s:I, s:o, s:o}", "from", state_name(from), "to", state_name(to),
                     "count", (json_int_t)move->count, "money", money_json(&move->money),
                     "examples", examples);
}

static int compare_rules(const struct rule *a, const struct rule *b)
{
    size_t left = a->gained + a->lost, right = b->gained + b->lost;
    return left != right ? (left < right ? 1 : -1) : strcmp(a->name, b->name);
}

json_t *changes_json(struct changes *changes)
{
    json_t *outcomes = json_array(), *rules = json_array();
    for (const struct entry *e = changes->entries; e != NULL; e = e->hh.next)
        if (e->after.outcome != NOT_THERE)
            compare(changes, e);
    for (int from = 0; from < STATES; from++)
        for (int to = 0; to < STATES; to++)
            if (changes->moves[from][to].count > 0)
                json_array_append_new(outcomes, move_json(&changes->moves[from][to], from, to));
    HASH_SORT(changes->rules, compare_rules);
    for (const struct rule *rule = changes->rules; rule != NULL; rule = rule->hh.next)
        json_array_append_new(rules,
                              json_pack("{s:s, s:I, s:I}", "rule", rule->name, "gained",
                                        (json_int_t)rule->gained, "lost", (json_int_t)rule->lost));
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "requests",
                     (json_int_t)changes->requests, "undecided", (json_int_t)changes->undecided,
                     "same", (json_int_t)changes->same, "changed", (json_int_t)changes->changed,
                     "money", money_json(&changes->money), "outcomes", outcomes, "rules", rules);
}
