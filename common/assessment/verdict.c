#include "assessment_internal.h"

#include "dmn/feel_number.h"

#include <string.h>

typedef enum status entry_reader(const struct feel_value *value, struct verdict *verdict,
                                 struct error *error);

static bool find_word(struct feel_text text, const char *const *words, size_t count, size_t *found)
{
    for (*found = 0; *found < count; (*found)++)
        if (feel_text_is(text, feel_text(words[*found])))
            return true;
    return false;
}

/* A text, or a list of texts; null is none. False: something else, or too many. */
static bool read_texts(const struct feel_value *value, struct feel_text *texts, size_t most,
                       size_t *count)
{
    const struct feel_value *items = value;
    size_t item_count = value->kind == FEEL_NULL ? 0 : 1;
    if (value->kind == FEEL_LIST) {
        items = value->list.items;
        item_count = value->list.count;
    }
    *count = 0;
    for (size_t i = 0; i < item_count; i++) {
        if (items[i].kind != FEEL_STRING || *count == most)
            return false;
        texts[(*count)++] = items[i].text;
    }
    return true;
}

static const char *const outcome_names[] = {
#define X(name) #name,
    OUTCOME_ROWS(X)
#undef X
};

static const char *const method_names[] = {
#define X(name) #name,
    REFUND_METHOD_ROWS(X)
#undef X
};

const char *outcome_name(enum outcome outcome)
{
    return outcome_names[outcome];
}

const char *refund_method_name(enum refund_method method)
{
    return method_names[method];
}

static enum status read_outcome(const struct feel_value *value, struct verdict *verdict,
                                struct error *error)
{
    size_t found = 0;
    if (value->kind != FEEL_STRING || !find_word(value->text, outcome_names, OUTCOME_COUNT, &found))
        return error_set(error, STATUS_INVALID,
                         "outcome is none of COMPLIANT, EXCEPTION, NEEDS_INFO and DECLINED");
    verdict->outcome = (enum outcome)found;
    return STATUS_OK;
}

/* A capital, then capitals, digits and underscores. */
static bool is_word(struct feel_text text)
{
    if (text.size == 0 || text.size > ASSESSMENT_WORD_MAX || text.bytes[0] < 'A' ||
        text.bytes[0] > 'Z')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if ((c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_')
            return false;
    }
    return true;
}

static enum status read_reasons(const struct feel_value *value, struct verdict *verdict,
                                struct error *error)
{
    bool good = read_texts(value, verdict->reasons, ASSESSMENT_REASONS_MAX, &verdict->reason_count);
    for (size_t i = 0; good && i < verdict->reason_count; i++)
        good = is_word(verdict->reasons[i]);
    return good ? STATUS_OK
                : error_set(error, STATUS_INVALID,
                            "reasons are not at most %d words of capitals, digits and _",
                            ASSESSMENT_REASONS_MAX);
}

/* What stands in for an entry that is left out would give money away where a mistake in the model
 * made it null. */
static enum status refuse_null(const char *name, const char *usual, struct error *error)
{
    return error_set(error, STATUS_INVALID, "%s is null; a model says %s or leaves it out", name,
                     usual);
}

static enum status read_fee(const struct feel_value *value, struct verdict *verdict,
                            struct error *error)
{
    if (value->kind == FEEL_NULL)
        return refuse_null("restockingFeeMinor", "0", error);
    if (value->kind != FEEL_NUMBER || feel_number_sign(value->number) < 0)
        return error_set(error, STATUS_INVALID, "restockingFeeMinor is no number of 0 or more");
    verdict->fee = value->number;
    return STATUS_OK;
}

static enum status read_methods(const struct feel_value *value, struct verdict *verdict,
                                struct error *error)
{
    struct feel_text texts[REFUND_METHOD_COUNT];
    size_t count = 0, found = 0;
    if (value->kind == FEEL_NULL)
        return refuse_null("methods", "[\"ORIGINAL\"]", error);
    bool good = read_texts(value, texts, REFUND_METHOD_COUNT, &count) && count > 0;
    for (size_t i = 0; good && i < count; i++) {
        good = find_word(texts[i], method_names, REFUND_METHOD_COUNT, &found);
        verdict->methods[i] = (enum refund_method)found;
        for (size_t j = 0; j < i; j++)
            good = good && verdict->methods[j] != verdict->methods[i];
    }
    verdict->method_count = count;
    return good ? STATUS_OK
                : error_set(error, STATUS_INVALID,
                            "methods are not different ones of ORIGINAL, STORE_CREDIT, "
                            "BANK_TRANSFER and MANUAL");
}

static enum status read_goods(const struct feel_value *value, struct verdict *verdict,
                              struct error *error)
{
    if (value->kind == FEEL_NULL)
        return refuse_null("goodsRequired", "false", error);
    if (value->kind != FEEL_BOOLEAN)
        return error_set(error, STATUS_INVALID, "goodsRequired is neither true nor false");
    verdict->goods_required = value->boolean;
    return STATUS_OK;
}

static enum status read_condition(const struct feel_value *value, struct verdict *verdict,
                                  struct error *error)
{
    if (value->kind == FEEL_NULL)
        return STATUS_OK;
    if (value->kind != FEEL_STRING || !is_word(value->text))
        return error_set(error, STATUS_INVALID,
                         "goodsCondition is no word of capitals, digits and _");
    verdict->goods_condition = value->text;
    return STATUS_OK;
}

static enum status read_needed(const struct feel_value *value, struct verdict *verdict,
                               struct error *error)
{
    bool good = read_texts(value, verdict->needed, ASSESSMENT_NEEDED_MAX, &verdict->needed_count);
    for (size_t i = 0; good && i < verdict->needed_count; i++)
        good = verdict->needed[i].size > 0 && verdict->needed[i].size <= ASSESSMENT_TEXT_MAX;
    return good
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "needed is not at most %d texts of 1 to %d bytes",
                           ASSESSMENT_NEEDED_MAX, ASSESSMENT_TEXT_MAX);
}

static enum status read_notice(const struct feel_value *value, struct verdict *verdict,
                               struct error *error)
{
    if (value->kind == FEEL_NULL)
        return STATUS_OK;
    if (value->kind != FEEL_STRING || value->text.size > ASSESSMENT_TEXT_MAX)
        return error_set(error, STATUS_INVALID, "notice is no text of at most %d bytes",
                         ASSESSMENT_TEXT_MAX);
    verdict->notice = value->text;
    return STATUS_OK;
}

/* X(name in the model's answer, function) */
#define VERDICT_ROWS(X)                 \
    X("outcome", read_outcome)          \
    X("reasons", read_reasons)          \
    X("restockingFeeMinor", read_fee)   \
    X("methods", read_methods)          \
    X("goodsRequired", read_goods)      \
    X("goodsCondition", read_condition) \
    X("needed", read_needed)            \
    X("notice", read_notice)

static const struct {
    const char *name;
    entry_reader *read;
} readers[] = {
#define X(name, read) {name, read},
    VERDICT_ROWS(X)
#undef X
};
enum { READER_COUNT = sizeof readers / sizeof *readers };

static enum status read_entry(const struct feel_entry *entry, struct verdict *verdict,
                              struct error *error)
{
    for (size_t i = 0; i < READER_COUNT; i++)
        if (feel_text_is(entry->name, feel_text(readers[i].name)))
            return readers[i].read(&entry->value, verdict, error);
    return error_set(error, STATUS_INVALID, "%.*s is no part of an assessment",
                     (int)(entry->name.size > 60 ? 60 : entry->name.size), entry->name.bytes);
}

enum status verdict_read(const struct feel_value *value, struct verdict *verdict,
                         struct error *error)
{
    enum status status = STATUS_OK;
    if (value->kind != FEEL_CONTEXT)
        return error_set(error, STATUS_INVALID, "it is %s%s and no context",
                         value->kind == FEEL_NULL ? "" : "a ",
                         value->kind == FEEL_NULL ? "null" : feel_kind_name(value->kind));
    if (feel_entry(value, feel_text("outcome")) == NULL)
        return error_set(error, STATUS_INVALID, "it has no outcome");
    *verdict = (struct verdict){.fee = feel_number_of(0),
                                .methods = {REFUND_METHOD_ORIGINAL},
                                .method_count = 1,
                                .goods_condition = feel_text(""),
                                .notice = feel_text("")};
    for (size_t i = 0; i < value->context.count && status == STATUS_OK; i++)
        status = read_entry(&value->context.entries[i], verdict, error);
    if (status == STATUS_OK && verdict->outcome != OUTCOME_COMPLIANT && verdict->reason_count == 0)
        return error_set(error, STATUS_INVALID, "outcome %s without a reason",
                         outcome_name(verdict->outcome));
    if (status == STATUS_OK && verdict->outcome == OUTCOME_NEEDS_INFO && verdict->needed_count == 0)
        return error_set(error, STATUS_INVALID, "outcome NEEDS_INFO without saying what is needed");
    return status;
}
