#include "authority/route_model.h"

#include "dmn/dmn_trace.h"
#include "dmn/feel_number.h"
#include "money.h"

#include <inttypes.h>
#include <string.h>

#define HOUR_US INT64_C(3600000000)

/* Inputs, in the order of ROUTE_FACT_ROWS. */

enum {
#define X(name, type, help) FACT_##name,
    ROUTE_FACT_ROWS(X)
#undef X
        FACT_COUNT
};

static const char *const FACT_NAMES[] = {
#define X(name, type, help) [FACT_##name] = #name,
    ROUTE_FACT_ROWS(X)
#undef X
};

static struct feel_value text_value(const char *text)
{
    return text == NULL ? feel_null() : feel_string(text, strlen(text));
}

static struct feel_value texts_value(struct arena *arena, const char *const *texts, size_t count)
{
    struct feel_value *items = arena_array(arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count && items != NULL; i++)
        items[i] = text_value(texts[i]);
    return items == NULL ? feel_null() : feel_list(items, count);
}

static struct feel_value minor_value(int64_t minor)
{
    return feel_number_value(feel_number_of(minor));
}

/* 25000 GBP is 250; null where the currency is none. */
static struct feel_value amount_value(int64_t minor, const char *currency)
{
    int64_t unit = 1;
    struct feel_number amount;
    int digits = currency_exponent(currency);
    for (int i = 0; i < digits; i++)
        unit *= 10;
    return digits >= 0 && feel_number_divide(feel_number_of(minor), feel_number_of(unit), &amount)
               ? feel_number_value(amount)
               : feel_null();
}

static struct feel_value facts_value(struct arena *arena, const struct route_facts *facts)
{
    struct feel_entry *entries = arena_array(arena, FACT_COUNT, sizeof *entries);
    if (entries == NULL)
        return feel_null();
    for (size_t i = 0; i < FACT_COUNT; i++)
        entries[i].name = feel_text(FACT_NAMES[i]);
    entries[FACT_amount].value = amount_value(facts->minor, facts->currency);
    entries[FACT_amountMinor].value = minor_value(facts->minor);
    entries[FACT_currency].value = text_value(facts->currency);
    entries[FACT_outcome].value = text_value(facts->outcome);
    entries[FACT_reason].value = text_value(facts->reason);
    entries[FACT_channel].value = text_value(facts->channel);
    entries[FACT_market].value = text_value(facts->market);
    entries[FACT_categories].value = texts_value(arena, facts->categories, facts->category_count);
    entries[FACT_riskSignals].value =
        texts_value(arena, facts->risk_signals, facts->risk_signal_count);
    entries[FACT_refundsLastYear].value =
        facts->refunds_last_year < 0 ? feel_null() : minor_value(facts->refunds_last_year);
    entries[FACT_appeal].value = feel_boolean(facts->appeal);
    entries[FACT_failedPayout].value = feel_boolean(facts->failed_payout);
    entries[FACT_personRequired].value = feel_boolean(facts->person_required);
    return feel_context(entries, FACT_COUNT);
}

/* The answer. */

struct answer {
    const struct feel_value *value;
    struct arena *arena; /* of the route */
    struct route *route;
    struct error *error;
};

static enum status refuse(const struct answer *answer, const char *field, const char *rule)
{
    return error_set(answer->error, STATUS_INVALID, "%s.%s: %s", ROUTE_DECISION, field, rule);
}

/* NULL where it is null or not there. */
static const struct feel_value *entry(const struct answer *answer, const char *name)
{
    const struct feel_value *value = feel_entry(answer->value, feel_text(name));
    return value == NULL || value->kind == FEEL_NULL ? NULL : value;
}

static bool words_plain(struct feel_text text, size_t most, const char *allowed)
{
    if (text.size == 0 || text.size > most)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (strchr(allowed, text.bytes[i]) == NULL || text.bytes[i] == '\0')
            return false;
    return true;
}

static enum status read_number(const struct answer *answer, const char *name, int64_t most,
                               int64_t *out)
{
    const struct feel_value *value = entry(answer, name);
    *out = 0;
    if (value == NULL || value->kind != FEEL_NUMBER || !feel_number_integer(value->number, out) ||
        *out < 1 || *out > most)
        return error_set(answer->error, STATUS_INVALID, "%s.%s: a whole number from 1 to %" PRId64,
                         ROUTE_DECISION, name, most);
    return STATUS_OK;
}

/* One where it is left out. Null is what a mistake in the model comes to, and would need fewer
 * people than were meant. */
static enum status read_approvers(const struct answer *answer, int64_t *out)
{
    *out = 1;
    return feel_entry(answer->value, feel_text("approvers")) == NULL
               ? STATUS_OK
               : read_number(answer, "approvers", ROUTE_APPROVERS_MAX, out);
}

/* Hours may have a fraction. Null is the usual: a table has no other way to say so, and whatever
 * they come to, no deadline approves anything. */
static enum status read_hours(const struct answer *answer)
{
    const struct feel_value *value = entry(answer, "hours");
    struct feel_number product, whole;
    if (value == NULL)
        return STATUS_OK;
    bool fits = value->kind == FEEL_NUMBER && feel_number_sign(value->number) > 0 &&
                feel_number_compare(value->number, feel_number_of(ROUTE_HOURS_MAX)) <= 0 &&
                feel_number_multiply(value->number, feel_number_of(HOUR_US), &product) &&
                feel_number_round(product, 0, FEEL_ROUND_HALF_UP, &whole) &&
                feel_number_integer(whole, &answer->route->deadline_us);
    return fits && answer->route->deadline_us > 0
               ? STATUS_OK
               : refuse(answer, "hours", "working hours, more than 0 and at most 2,000");
}

static enum status read_queue(const struct answer *answer)
{
    const struct feel_value *value = entry(answer, "queue");
    if (value == NULL || value->kind != FEEL_STRING ||
        !words_plain(value->text, ROUTE_QUEUE_MAX, "abcdefghijklmnopqrstuvwxyz0123456789-_"))
        return refuse(answer, "queue", "1 to 64 of a to z, 0 to 9, - and _");
    answer->route->queue = arena_strndup(answer->arena, value->text.bytes, value->text.size);
    return answer->route->queue == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status read_reasons(const struct answer *answer)
{
    const struct feel_value *value = entry(answer, "reasons");
    if (value == NULL)
        return STATUS_OK;
    const struct feel_value *items = value->kind == FEEL_LIST ? value->list.items : value;
    size_t count = value->kind == FEEL_LIST ? value->list.count : 1;
    const char **reasons = arena_array(answer->arena, count + 1, sizeof *reasons);
    if (reasons == NULL)
        return STATUS_EXHAUSTED;
    if (count > ROUTE_REASONS_MAX)
        return refuse(answer, "reasons", "at most 8");
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind != FEEL_STRING ||
            !words_plain(items[i].text, ROUTE_WORD_MAX, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
            return refuse(answer, "reasons", "words of A to Z, 0 to 9 and _");
        reasons[i] = arena_strndup(answer->arena, items[i].text.bytes, items[i].text.size);
        if (reasons[i] == NULL)
            return STATUS_EXHAUSTED;
    }
    answer->route->reasons = reasons;
    answer->route->reason_count = count;
    return STATUS_OK;
}

static enum status check_names(const struct answer *answer)
{
    static const char *const known[] = {"automatic", "queue", "level",
                                        "approvers", "hours", "reasons"};
    for (size_t i = 0; i < answer->value->context.count; i++) {
        struct feel_text name = answer->value->context.entries[i].name;
        size_t k = 0;
        while (k < sizeof known / sizeof *known && !feel_text_is(name, feel_text(known[k])))
            k++;
        if (k == sizeof known / sizeof *known)
            return error_set(answer->error, STATUS_INVALID, "%s gives %.*s, which means nothing",
                             ROUTE_DECISION, (int)(name.size > 64 ? 64 : name.size), name.bytes);
    }
    return STATUS_OK;
}

static enum status read_answer(const struct answer *answer)
{
    int64_t level = 0, approvers = 0;
    if (answer->value->kind != FEEL_CONTEXT)
        return error_set(answer->error, STATUS_INVALID, "%s gives no context", ROUTE_DECISION);
    enum status status = check_names(answer);
    if (status != STATUS_OK)
        return status;
    const struct feel_value *automatic = entry(answer, "automatic");
    if (automatic == NULL || automatic->kind != FEEL_BOOLEAN)
        return refuse(answer, "automatic", "true or false");
    answer->route->automatic = automatic->boolean;
    answer->route->queue = "";
    if (automatic->boolean)
        return STATUS_OK;
    status = read_queue(answer);
    if (status == STATUS_OK)
        status = read_number(answer, "level", ROUTE_LEVEL_MAX, &level);
    if (status == STATUS_OK)
        status = read_approvers(answer, &approvers);
    if (status == STATUS_OK)
        status = read_hours(answer);
    if (status == STATUS_OK)
        status = read_reasons(answer);
    answer->route->level = (int32_t)level;
    answer->route->approvers = (int32_t)approvers;
    return status;
}

/* The rules that hit. */

static const char *rule_name(struct arena *arena, const struct dmn_trace_table *table,
                             uint32_t rule)
{
    struct feel_text id = dmn_trace_rule_id(table, rule);
    return id.size > 0 ? arena_strndup(arena, id.bytes, id.size)
                       : arena_printf(arena, "%" PRIu32, rule + 1);
}

static enum status read_hits(const struct dmn_trace *trace, struct arena *arena,
                             struct route *route)
{
    struct route_hit *hits = arena_array(arena, ROUTE_HITS_MAX, sizeof *hits);
    if (hits == NULL)
        return STATUS_EXHAUSTED;
    route->hits = hits;
    for (const struct dmn_trace_node *node = trace->nodes; node != NULL; node = node->next)
        for (const struct dmn_trace_table *table = node->tables; table != NULL; table = table->next)
            for (size_t i = 0; i < table->hit_count && route->hit_count < ROUTE_HITS_MAX; i++) {
                struct route_hit *hit = &hits[route->hit_count++];
                hit->decision = arena_strndup(arena, node->name.bytes, node->name.size);
                hit->rule = rule_name(arena, table, table->hits[i].rule);
                if (hit->decision == NULL || hit->rule == NULL)
                    return STATUS_EXHAUSTED;
            }
    return STATUS_OK;
}

static enum status ask(const struct router *router, const struct route_facts *facts,
                       struct arena *arena, struct route *route, struct error *error)
{
    struct dmn_trace trace;
    arena_reset(router->scratch);
    const struct dmn_query query = {.node = ROUTE_DECISION,
                                    .input = facts_value(router->scratch, facts)};
    *route = (struct route){.queue = ""};
    struct error why = {""};
    enum status status = dmn_trace(router->models, &query, router->scratch, &trace, &why);
    if (status != STATUS_OK) /* also a bound of evaluation: the model's fault, not the batch's */
        return error_set(error, STATUS_INVALID, "%s cannot be evaluated: %.400s", ROUTE_DECISION,
                         why.text);
    const struct answer answer = {
        .value = &trace.result.value, .arena = arena, .route = route, .error = error};
    status = read_answer(&answer);
    return status == STATUS_OK ? read_hits(&trace, arena, route) : status;
}

struct router route_model_router(const struct dmn_models *models, struct arena *scratch)
{
    return (struct router){
        .model_id = "", .model_sha256 = "", .ask = ask, .models = models, .scratch = scratch};
}

bool route_facts_include(struct feel_text name)
{
    for (size_t i = 0; i < FACT_COUNT; i++)
        if (feel_text_is(name, feel_text(FACT_NAMES[i])))
            return true;
    return false;
}

const char *route_facts_table(struct arena *arena)
{
    const char *text = "| input | type | |\n|---|---|---|\n";
#define X(name, type, help)    \
    text = text == NULL ? NULL \
                        : arena_printf(arena, "%s| `" #name "` | " type " | " help " |\n", text);
    ROUTE_FACT_ROWS(X)
#undef X
    return text;
}
