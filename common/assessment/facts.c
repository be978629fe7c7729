#include "facts.h"

#include "clock.h"
#include "dmn/feel_number.h"
#include "dmn/feel_temporal.h"
#include "fact_rows.h"
#include "message.h"
#include "money.h"

#include <string.h>

#define NOT_KNOWN INT64_MIN

/* One line as it came; `line` NULL: the order stands in. */
struct line_source {
    const Redress__V1__LineFacts *line;
    int64_t delivered_us, shipped_us;
};

/* What the expressions of the table see. */
struct fact_source {
    struct arena *arena;
    const Redress__V1__RefundValidated *message;
    const Redress__V1__RefundRequest *request;
    const Redress__V1__Facts *facts;
    const Redress__V1__CustomerFacts *customer; /* may be NULL */
    const struct line_source *line;
    int64_t requested_us, placed_us, delivered_us;
};

static const char *word(const ProtobufCEnumDescriptor *descriptor, int value)
{
    return message_enum_known(descriptor, value) ? message_enum_name(descriptor, value) : NULL;
}

static int64_t since(const struct fact_source *s, int64_t time_us)
{
    return time_us == NOT_KNOWN || s->requested_us == NOT_KNOWN ? NOT_KNOWN
                                                                : s->requested_us - time_us;
}

static int64_t days(int64_t span_us)
{
    return span_us == NOT_KNOWN ? NOT_KNOWN : feel_floor_divide(span_us, CLOCK_DAY_US);
}

static int64_t images(const Redress__V1__RefundRequest *request)
{
    int64_t count = 0;
    for (size_t i = 0; i < request->n_evidence; i++)
        count += strncmp(request->evidence[i]->media_type, "image/", strlen("image/")) == 0;
    return count;
}

#define LINE_OR(field, otherwise) (s->line->line == NULL ? (otherwise) : s->line->line->field)

/* Words are the descriptors' own and need no copy. */
static struct feel_value fact_WORD(const struct fact_source *s, const char *text)
{
    (void)s;
    return text == NULL ? feel_null() : feel_string(text, strlen(text));
}

static struct feel_value fact_TEXT(const struct fact_source *s, const char *text)
{
    size_t size = strlen(text);
    const char *copy = size == 0 ? "" : arena_memdup(s->arena, text, size);
    return copy == NULL ? feel_null() : feel_string(copy, size);
}

static struct feel_value fact_TEXTS(const struct fact_source *s, const struct line_source *line)
{
    size_t count = line->line == NULL ? 0 : line->line->n_tags;
    struct feel_value *items = arena_array(s->arena, count + 1, sizeof *items);
    if (items == NULL)
        return feel_null();
    for (size_t i = 0; i < count; i++)
        items[i] = fact_TEXT(s, line->line->tags[i]);
    return feel_list(items, count);
}

static struct feel_value fact_NUMBER(const struct fact_source *s, int64_t number)
{
    (void)s;
    return feel_number_value(feel_number_of(number));
}

static struct feel_value fact_COUNT(const struct fact_source *s, int64_t number)
{
    return number == NOT_KNOWN ? feel_null() : fact_NUMBER(s, number);
}

static struct feel_value fact_BOOLEAN(const struct fact_source *s, bool value)
{
    (void)s;
    return feel_boolean(value);
}

static struct feel_value fact_TIME(const struct fact_source *s, int64_t time_us)
{
    (void)s;
    return time_us == NOT_KNOWN ? feel_null() : feel_moment_from_us(time_us);
}

static struct feel_value fact_SPAN(const struct fact_source *s, int64_t span_us)
{
    struct feel_value value = feel_null();
    (void)s;
    if (span_us == NOT_KNOWN)
        return value;
    int64_t seconds = feel_floor_divide(span_us, CLOCK_SECOND_US);
    return feel_days_of(seconds, (span_us - seconds * CLOCK_SECOND_US) * 1000, &value)
               ? value
               : feel_null();
}

#define COUNT_ROW(name, kind, from, value, help) +1
#define ENTRY_ROW(name, kind, from, value, help) \
    entries[n++] = (struct feel_entry){{#name, sizeof #name - 1}, fact_##kind(s, value)};

/* The context of one row of each group; `at` is its place in a list. */
#define X(group, list, ROWS, from, count, help)                                                 \
    static struct feel_value row_##group(const struct fact_source *s, size_t at)                \
    {                                                                                           \
        struct feel_entry *entries = arena_array(s->arena, 0 ROWS(COUNT_ROW), sizeof *entries); \
        size_t n = 0;                                                                           \
        (void)at;                                                                               \
        if (entries == NULL)                                                                    \
            return feel_null();                                                                 \
        ROWS(ENTRY_ROW)                                                                         \
        return feel_context(entries, n);                                                        \
    }
FACT_GROUP_ROWS(X)
#undef X

enum fact_group {
#define X(group, list, rows, from, count, help) GROUP_##group,
    FACT_GROUP_ROWS(X)
#undef X
        GROUP_COUNT
};

static struct feel_value group_value(const struct fact_source *s, bool list, size_t count,
                                     struct feel_value (*row)(const struct fact_source *, size_t))
{
    if (!list)
        return count == 0 ? feel_null() : row(s, 0);
    struct feel_value *items = arena_array(s->arena, count + 1, sizeof *items);
    if (items == NULL)
        return feel_null();
    for (size_t i = 0; i < count; i++)
        items[i] = row(s, i);
    return feel_list(items, count);
}

/* Everything but the line, which differs. */
static struct feel_value shared_value(const struct fact_source *s)
{
    struct feel_entry *entries = arena_array(s->arena, GROUP_COUNT, sizeof *entries);
    size_t n = 0;
    if (entries == NULL)
        return feel_null();
#define X(group, list, rows, from, count, help)                         \
    if (GROUP_##group != GROUP_line)                                    \
        entries[n++] = (struct feel_entry){{#group, sizeof #group - 1}, \
                                           group_value(s, list, (size_t)(count), row_##group)};
    FACT_GROUP_ROWS(X)
#undef X
    return feel_context(entries, n);
}

bool facts_include(struct feel_text name)
{
    static const char *const groups[GROUP_COUNT] = {
#define X(group, list, rows, from, count, help) #group,
        FACT_GROUP_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < GROUP_COUNT; i++)
        if (feel_text_is(name, feel_text(groups[i])))
            return true;
    return false;
}

static enum status fault_set(struct fact_fault *fault, int kind, const char *field,
                             const char *rule)
{
    *fault = (struct fact_fault){.kind = kind, .field = field, .rule = rule};
    return STATUS_INVALID;
}

static bool read_time(const Google__Protobuf__Timestamp *timestamp, int64_t *time_us)
{
    *time_us = NOT_KNOWN;
    return timestamp == NULL || message_time(timestamp, time_us) == STATUS_OK;
}

/* What must be there at all; the topic is our own, so that bounds are intake's to check. */
static enum status check(const Redress__V1__RefundValidated *message, struct fact_fault *fault)
{
    if (message->request == NULL || message->request->occurred_at == NULL)
        return fault_set(fault, FACT_MISSING, "request.occurred_at", "present");
    if (message->facts == NULL)
        return fault_set(fault, FACT_MISSING, "facts", "present");
    if (message->claim == NULL || currency_exponent(message->claim->currency) < 0)
        return fault_set(fault, FACT_CURRENCY, "claim.currency", "ISO 4217");
    return STATUS_OK;
}

static enum status read_times(struct fact_source *s, struct facts *facts, struct fact_fault *fault)
{
    const struct {
        const Google__Protobuf__Timestamp *from;
        int64_t *into;
        const char *field;
    } times[] = {
        {s->request->occurred_at, &s->requested_us, "request.occurred_at"},
        {s->message->occurred_at, &facts->now_us, "occurred_at"},
        {s->facts->placed_at, &s->placed_us, "facts.placed_at"},
        {s->facts->delivered_at, &s->delivered_us, "facts.delivered_at"},
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (!read_time(times[i].from, times[i].into))
            return fault_set(fault, FACT_OUT_OF_RANGE, times[i].field, "years 0001 to 9999");
    facts->requested_us = s->requested_us;
    facts->placed_us = s->placed_us == NOT_KNOWN ? s->requested_us : s->placed_us;
    if (facts->now_us == NOT_KNOWN)
        facts->now_us = s->requested_us;
    return STATUS_OK;
}

static enum status build_line(struct fact_source *s, const Redress__V1__LineFacts *line,
                              struct fact_line *into, struct fact_fault *fault)
{
    struct line_source source = {.line = line};
    if (line == NULL) {
        source.delivered_us = s->delivered_us;
        source.shipped_us = NOT_KNOWN;
    } else if (!read_time(line->delivered_at, &source.delivered_us)) {
        return fault_set(fault, FACT_OUT_OF_RANGE, "facts.lines.delivered_at",
                         "years 0001 to 9999");
    } else if (!read_time(line->shipped_at, &source.shipped_us)) {
        return fault_set(fault, FACT_OUT_OF_RANGE, "facts.lines.shipped_at", "years 0001 to 9999");
    }
    s->line = &source;
    *into = (struct fact_line){.line_id = line == NULL ? "" : arena_strdup(s->arena, line->line_id),
                               .minor =
                                   line == NULL ? s->message->claim->minor : line->refundable_minor,
                               .value = row_line(s, 0)};
    s->line = NULL;
    return STATUS_OK;
}

static enum status build_lines(struct fact_source *s, struct facts *facts, struct fact_fault *fault)
{
    size_t count = s->facts->n_lines;
    struct fact_line *lines = arena_array(s->arena, count + 1, sizeof *lines);
    enum status status = STATUS_OK;
    if (lines == NULL)
        return STATUS_EXHAUSTED;
    facts->lines = lines;
    facts->line_count = count == 0 ? 1 : count;
    if (count == 0)
        return build_line(s, NULL, &lines[0], fault);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = build_line(s, s->facts->lines[i], &lines[i], fault);
    return status;
}

enum status facts_build(const Redress__V1__RefundValidated *message, struct arena *arena,
                        struct facts *facts, struct fact_fault *fault)
{
    enum status status = check(message, fault);
    if (status != STATUS_OK)
        return status;
    struct fact_source s = {.arena = arena,
                            .message = message,
                            .request = message->request,
                            .facts = message->facts,
                            .customer = message->facts->customer};
    *facts = (struct facts){.claim_minor = message->claim->minor,
                            .currency = arena_strdup(arena, message->claim->currency)};
    status = read_times(&s, facts, fault);
    if (status != STATUS_OK)
        return status;
    facts->shared = shared_value(&s);
    status = build_lines(&s, facts, fault);
    return status == STATUS_OK && arena_exhausted(arena) ? STATUS_EXHAUSTED : status;
}

static const struct feel_value sample_text = {.kind = FEEL_STRING, .text = {"", 0}};

static struct feel_value sample_list(const struct feel_value *item)
{
    return item == NULL ? feel_null() : feel_list(item, 1);
}

#define sample_WORD sample_text
#define sample_TEXT sample_text
#define sample_TEXTS sample_list(&sample_text)
#define sample_NUMBER feel_number_value(feel_number_of(0))
#define sample_COUNT sample_NUMBER
#define sample_BOOLEAN feel_boolean(false)
#define sample_TIME feel_moment_from_us(0)
#define sample_SPAN ((struct feel_value){.kind = FEEL_DAYS})
#define SAMPLE_ROW(name, kind, from, value, help) \
    entries[n++] = (struct feel_entry){{#name, sizeof #name - 1}, sample_##kind};

/* One row of each group, as row_ makes it of an event, with a value everywhere. */
#define X(group, list, ROWS, from, count, help)                                              \
    static struct feel_value sample_of_##group(struct arena *arena)                          \
    {                                                                                        \
        struct feel_entry *entries = arena_array(arena, 0 ROWS(COUNT_ROW), sizeof *entries); \
        size_t n = 0;                                                                        \
        if (entries == NULL)                                                                 \
            return feel_null();                                                              \
        ROWS(SAMPLE_ROW)                                                                     \
        struct feel_value row = feel_context(entries, n);                                    \
        return list ? sample_list(arena_memdup(arena, &row, sizeof row)) : row;              \
    }
FACT_GROUP_ROWS(X)
#undef X

enum status facts_expect(struct dmn_models *models)
{
    enum { SAMPLE_MAX = 64 * 1024 };
    struct arena *arena = arena_create(SAMPLE_MAX);
    if (arena == NULL)
        return STATUS_EXHAUSTED;
    struct feel_entry entries[GROUP_COUNT];
    size_t n = 0;
#define X(group, list, rows, from, count, help) \
    entries[n++] = (struct feel_entry){{#group, sizeof #group - 1}, sample_of_##group(arena)};
    FACT_GROUP_ROWS(X)
#undef X
    struct feel_value sample = feel_context(entries, n);
    bool whole = !arena_exhausted(arena);
    if (whole)
        dmn_expect(models, &sample);
    arena_destroy(arena);
    return whole ? STATUS_OK : STATUS_EXHAUSTED;
}
