#include "judge.h"

#include "identity.h"
#include "message.h"
#include "topics.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_SIZE_MAX = 150 };

struct headers {
    struct envelope *envelope;
    struct arena *arena;
    struct error *error;
};

static enum status take_header(void *context, const char *name, const void *value, size_t size)
{
    struct headers *headers = context;
    return envelope_take(headers->envelope, name, value, size, headers->arena, headers->error);
}

static enum status read_headers(const struct record *record, struct arena *arena,
                                struct envelope *envelope, struct error *error)
{
    struct error why = {0};
    struct headers headers = {envelope, arena, &why};
    const char *field;
    bool missing;
    enum status status = record_headers(record, take_header, &headers);
    if (status == STATUS_OK)
        status = envelope_check(envelope, topic_info(TOPIC_RULES)->ce_type, &field, &missing, &why);
    if (status != STATUS_OK)
        return error_set(error, STATUS_INVALID, "headers: %.300s", why.text);
    return STATUS_OK;
}

/* The key, if it can be shown, else the place in the log. */
static const char *name_of(const struct record *record, struct arena *arena)
{
    const char *key = record->key;
    bool shown = key != NULL && record->key_size >= 1 && record->key_size <= NAME_SIZE_MAX;
    for (size_t i = 0; shown && i < record->key_size; i++)
        shown = key[i] > ' ' && key[i] < 0x7f;
    return shown ? arena_strndup(arena, key, record->key_size)
                 : arena_printf(arena, "offset-%" PRId64, record->offset);
}

static const char *signers_of(const Redress__V1__RuleSet *set, struct arena *arena)
{
    const char *list = "";
    for (size_t i = 0; list != NULL && i < set->n_signatures; i++)
        list = arena_printf(arena, "%s%s%s", list, i == 0 ? "" : ",", set->signatures[i]->key_id);
    return list;
}

/* What was read of the rule set; only what passed check_form is believed. */
static void fill_row(struct store_row *row, const Redress__V1__RuleSet *set,
                     const struct check_record *record, struct arena *arena)
{
    row->id = set->id;
    row->version = set->version;
    row->merchant_id = set->merchant_id;
    row->author = set->author->id;
    row->correction = set->correction;
    row->valid_from_us = check_valid_from(set, record);
    if (message_time(set->published_at, &row->published_us) != STATUS_OK)
        row->published_us = 0;
    char hash[IDENTITY_SHA256_HEX];
    row->judged_by = -1;
    if (signature_content_hash(set, arena, hash) == STATUS_OK)
        row->content_sha256 = arena_strdup(arena, hash);
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_MODEL) {
        row->judged_by = set->model->judged_by == REDRESS__V1__JUDGED_BY__JUDGED_BY_PURCHASE
                             ? RULES_JUDGED_BY_PURCHASE
                             : RULES_JUDGED_BY_REQUEST;
    }
    row->signers = signers_of(set, arena);
    row->body = record->value;
    row->body_size = record->value_size;
}

static enum status make(const Redress__V1__RuleSet *set, struct judged *judged, struct error *error)
{
    const struct rules_handler *handler = judged->handler;
    if (handler == NULL)
        return STATUS_OK;
    enum status status = handler->make(handler->context, set, &judged->made, error);
    if (status != STATUS_OK)
        return status;
    if (judged->made.bytes > RULES_MADE_MAX)
        status = error_set(error, STATUS_INVALID, "it takes %zu bytes of memory: at most %d",
                           judged->made.bytes, RULES_MADE_MAX);
    if (status == STATUS_OK && handler->check != NULL)
        status = handler->check(handler->context, set, &judged->made, error);
    if (status != STATUS_OK) {
        handler->release(judged->made.made);
        judged->made = (struct rules_made){0};
    }
    return status;
}

/* Everything that can be said against it. STATUS_OK: it is accepted. */
static enum status find_fault(const struct reader_settings *settings,
                              const Redress__V1__RuleSet *set, const struct check_record *record,
                              const struct store_facts *facts, struct arena *arena,
                              struct judged *judged, struct error *error)
{
    enum status status = check_form(set, record, error);
    if (status != STATUS_OK)
        return status;
    status = check_signatures(set, settings->keys, arena, error);
    if (status != STATUS_OK)
        return status;
    fill_row(&judged->row, set, record, arena);
    status = check_history(set, &facts->known, error);
    return status == STATUS_OK ? make(set, judged, error) : status;
}

static bool is_ours(const struct reader_settings *settings, enum rules_kind kind)
{
    if (kind == RULES_KINDS)
        return settings->unknown;
    return kind == RULES_STOP ? settings->stops : settings->handlers[kind] != NULL;
}

static enum status ask(const struct reader_settings *settings, const struct record *record,
                       const Redress__V1__RuleSet *set, struct arena *arena,
                       struct store_facts *facts, struct judged *judged, struct error *error)
{
    const struct store_row *row = &judged->row;
    enum status status =
        store_facts(settings->store, record->offset, set == NULL ? "" : set->id,
                    set == NULL ? 0 : set->version, row->sha256, arena, facts, error);
    if (status == STATUS_OK && facts->others)
        status = error_set(error, STATUS_FATAL,
                           "other instances of %s look for other kinds of rules: stop them all "
                           "first",
                           settings->name);
    if (status == STATUS_OK && arena_exhausted(arena))
        status = error_set(error, STATUS_FATAL, "no memory to judge a rule set");
    judged->wanted = !(facts->next > record->offset || facts->judged || facts->same);
    judged->row.checked_us = facts->now_us;
    return status;
}

enum status judge(const struct reader_settings *settings, const struct record *record,
                  struct arena *arena, struct judged *judged, struct error *error)
{
    char sha256[IDENTITY_SHA256_HEX];
    struct error fault = {0};
    Redress__V1__RuleSet *set = NULL;
    const struct check_record checked = {.key = record->key,
                                         .key_size = record->key_size,
                                         .value = record->value,
                                         .value_size = record->value_size,
                                         .published_us = record->timestamp_ms * 1000};
    *judged = (struct judged){0};
    enum status unpacked = check_unpack(&checked, arena, &set, &fault);
    enum rules_kind kind = unpacked == STATUS_OK ? check_kind(set) : RULES_KINDS;
    if (!is_ours(settings, kind))
        return STATUS_OK;
    const char *hash = arena_strdup(
        arena,
        identity_sha256(record->value, record->value == NULL ? 0 : record->value_size, sha256));
    judged->row = (struct store_row){.offset = record->offset,
                                     .id = name_of(record, arena),
                                     .kind = kind,
                                     .merchant_id = "",
                                     .judged_by = -1,
                                     .author = "",
                                     .signers = "",
                                     .correction = "",
                                     .sha256 = hash,
                                     .content_sha256 = hash};
    judged->handler = kind == RULES_KINDS || kind == RULES_STOP ? NULL : settings->handlers[kind];
    struct store_facts facts = {0};
    enum status status =
        ask(settings, record, unpacked == STATUS_OK ? set : NULL, arena, &facts, judged, error);
    if (status != STATUS_OK || !judged->wanted)
        return status;
    enum status found =
        read_headers(record, arena, &judged->cause, unpacked == STATUS_OK ? &fault : NULL);
    if (unpacked != STATUS_OK)
        found = unpacked;
    else if (found == STATUS_OK)
        found = find_fault(settings, set, &checked, &facts, arena, judged, &fault);
    if (found != STATUS_OK)
        judged->row.reason = arena_strndup(arena, fault.text, RULES_REASON_MAX - 1);
    else if (kind == RULES_STOP)
        judged->row.stop = set->stop;
    if (found != STATUS_OK && judged->row.reason == NULL)
        judged->row.reason = "it takes too much memory to check";
    return STATUS_OK;
}
