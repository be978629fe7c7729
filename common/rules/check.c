#include "check.h"

#include "identity.h"
#include "message.h"
#include "topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 128, SIGNATURES_MAX = 2, KEY_MAX = 160 };

struct kind_info {
    const char *name;
    size_t signatures;
};

static const struct kind_info kinds[] = {
#define X(id, name, signatures) [RULES_##id] = {name, signatures},
    RULES_KIND_ROWS(X)
#undef X
        [RULES_KINDS] = {"unknown", 1},
};

const char *rules_kind_name(enum rules_kind kind)
{
    return kinds[kind].name;
}

static enum rules_kind model_kind(const Redress__V1__Model *model)
{
    if (model->purpose == REDRESS__V1__MODEL_PURPOSE__MODEL_PURPOSE_POLICY)
        return RULES_POLICY;
    if (model->purpose == REDRESS__V1__MODEL_PURPOSE__MODEL_PURPOSE_AUTHORITY)
        return RULES_AUTHORITY;
    return RULES_KINDS;
}

enum rules_kind check_kind(const Redress__V1__RuleSet *set)
{
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_MODEL)
        return model_kind(set->model);
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_ROSTER)
        return RULES_ROSTER;
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_LIMITS)
        return RULES_LIMITS;
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_CALENDAR)
        return RULES_CALENDAR;
    return set->rules_case == REDRESS__V1__RULE_SET__RULES_STOP ? RULES_STOP : RULES_KINDS;
}

enum status check_unpack(const struct check_record *record, struct arena *arena,
                         Redress__V1__RuleSet **set, struct error *error)
{
    const struct topic_info *topic = topic_info(TOPIC_RULES);
    struct error why = {0};
    ProtobufCMessage *message;
    if (record->value == NULL)
        return error_set(error, STATUS_INVALID,
                         "a record without a value: a version is never removed");
    if (record->value_size > topic->bytes_max)
        return error_set(error, STATUS_INVALID, "%zu bytes: at most %zu", record->value_size,
                         topic->bytes_max);
    enum status status =
        message_unpack(topic->message, record->value, record->value_size, arena, &message, &why);
    if (status == STATUS_EXHAUSTED)
        return error_set(error, STATUS_INVALID, "it takes more than %d bytes of memory to read",
                         CHECK_UNPACKED_MAX);
    if (status != STATUS_OK)
        return error_set(error, STATUS_INVALID, "not a RuleSet: %.300s", why.text);
    *set = (Redress__V1__RuleSet *)message;
    if (check_kind(*set) == RULES_KINDS)
        return error_set(error, STATUS_INVALID,
                         "it holds no model with a purpose, no roster, limits, calendar or stop");
    return STATUS_OK;
}

enum status check_id(const char *id, struct error *error)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    size_t size = strlen(id);
    return size >= 1 && size < RULES_ID_MAX && strspn(id, allowed) == size
               ? STATUS_OK
               : error_set(error, STATUS_INVALID,
                           "id: 1 to %d letters, digits, and . _ : or - between", RULES_ID_MAX - 1);
}

static enum status check_names(const Redress__V1__RuleSet *set, const struct check_record *record,
                               struct error *error)
{
    char key[KEY_MAX];
    enum status status = check_id(set->id, error);
    if (status != STATUS_OK)
        return status;
    if (set->version < 1 || set->version > CHECK_VERSION_MAX)
        return error_set(error, STATUS_INVALID, "version %" PRId64 ": 1 to %d", set->version,
                         CHECK_VERSION_MAX);
    int size = snprintf(key, sizeof key, "%s/%" PRId64, set->id, set->version);
    if (record->key == NULL || record->key_size != (size_t)size ||
        memcmp(record->key, key, record->key_size) != 0)
        return error_set(error, STATUS_INVALID, "the key of the record is not %s", key);
    if (strlen(set->merchant_id) > TEXT_MAX)
        return error_set(error, STATUS_INVALID, "merchant_id: at most %d bytes", TEXT_MAX);
    if (set->author == NULL || *set->author->id == '\0' || strlen(set->author->id) > TEXT_MAX)
        return error_set(error, STATUS_INVALID, "author.id: 1 to %d bytes", TEXT_MAX);
    if (strlen(set->correction) > CHECK_CORRECTION_MAX)
        return error_set(error, STATUS_INVALID, "correction: at most %d bytes",
                         CHECK_CORRECTION_MAX);
    return STATUS_OK;
}

static enum status check_times(const Redress__V1__RuleSet *set, const struct check_record *record,
                               struct error *error)
{
    int64_t said_us = 0, from_us = 0, came_us = record->published_us;
    if (message_time(set->published_at, &said_us) != STATUS_OK ||
        message_time(set->valid_from, &from_us) != STATUS_OK || set->published_at == NULL)
        return error_set(error, STATUS_INVALID,
                         "published_at, valid_from: times of the years 0001 to 9999, the first is "
                         "needed");
    if (said_us > came_us + CHECK_CLOCKS_DIFFER_US)
        return error_set(error, STATUS_INVALID, "published_at lies behind its publication");
    if (said_us < came_us - CHECK_PUBLISH_WITHIN_US)
        return error_set(error, STATUS_INVALID,
                         "it was signed more than 30 days before its publication");
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_STOP &&
        (set->valid_from != NULL || *set->correction != '\0'))
        return error_set(error, STATUS_INVALID,
                         "a stop holds from when it is accepted: no valid_from, no correction");
    if (set->valid_from != NULL && *set->correction == '\0' &&
        (from_us < said_us || from_us < came_us - CHECK_CLOCKS_DIFFER_US))
        return error_set(error, STATUS_INVALID,
                         "valid_from lies before its publication, and it is no correction");
    return STATUS_OK;
}

int64_t check_valid_from(const Redress__V1__RuleSet *set, const struct check_record *record)
{
    int64_t said_us = 0, from_us = 0;
    if (message_time(set->valid_from, &from_us) == STATUS_OK && set->valid_from != NULL)
        return from_us;
    if (message_time(set->published_at, &said_us) == STATUS_OK && said_us > record->published_us)
        return said_us;
    return record->published_us;
}

static enum status check_files(const Redress__V1__Model *model, struct error *error)
{
    char hash[IDENTITY_SHA256_HEX];
    if (model->n_files < 1 || model->n_files > CHECK_FILES_MAX)
        return error_set(error, STATUS_INVALID, "model.files: 1 to %d", CHECK_FILES_MAX);
    for (size_t i = 0; i < model->n_files; i++) {
        const char *name = model->files[i]->name;
        if (*name == '\0' || strlen(name) > TEXT_MAX)
            return error_set(error, STATUS_INVALID, "model.files[%zu].name: 1 to %d bytes", i,
                             TEXT_MAX);
        for (size_t j = 0; j < i; j++)
            if (strcmp(model->files[j]->name, name) == 0)
                return error_set(error, STATUS_INVALID, "model.files: %s stands twice", name);
    }
    if (strcmp(signature_model_hash(model, hash), model->sha256) != 0)
        return error_set(error, STATUS_INVALID, "model.sha256 is not that of the files");
    return STATUS_OK;
}

static enum status check_model(const Redress__V1__Model *model, struct error *error)
{
    if (model->judged_by != REDRESS__V1__JUDGED_BY__JUDGED_BY_PURCHASE &&
        model->judged_by != REDRESS__V1__JUDGED_BY__JUDGED_BY_REQUEST)
        return error_set(error, STATUS_INVALID, "model.judged_by: PURCHASE or REQUEST");
    return check_files(model, error);
}

static enum status check_stop(const Redress__V1__Stop *stop, struct error *error)
{
    enum { REASON_MAX = 500, ID_MAX = 256 };
    if (*stop->reason == '\0' || strlen(stop->reason) > REASON_MAX)
        return error_set(error, STATUS_INVALID, "stop.reason: 1 to %d bytes", REASON_MAX);
    if (strlen(stop->merchant_id) > TEXT_MAX || strlen(stop->customer_token) > ID_MAX ||
        strlen(stop->refund_id) > ID_MAX)
        return error_set(error, STATUS_INVALID, "stop: ids of at most %d bytes", ID_MAX);
    if (stop->provider != 0 &&
        !message_enum_known(&redress__v1__provider__descriptor, (int)stop->provider))
        return error_set(error, STATUS_INVALID, "stop.provider: one that there is");
    return STATUS_OK;
}

enum status check_form(const Redress__V1__RuleSet *set, const struct check_record *record,
                       struct error *error)
{
    enum status status = check_names(set, record, error);
    if (status == STATUS_OK)
        status = check_times(set, record, error);
    if (status == STATUS_OK && set->rules_case == REDRESS__V1__RULE_SET__RULES_MODEL)
        status = check_model(set->model, error);
    if (status == STATUS_OK && set->rules_case == REDRESS__V1__RULE_SET__RULES_STOP)
        status = check_stop(set->stop, error);
    return status;
}

static enum status check_one_signature(const Redress__V1__Signature *signature,
                                       const struct signature_keys *keys, const char *kind,
                                       const uint8_t *bytes, size_t size, struct error *error)
{
    const struct signature_public *key = signature_key_find(keys, signature->key_id, kind);
    if (key == NULL)
        return error_set(error, STATUS_INVALID, "key %.40s may not sign rules of the kind %s",
                         signature->key_id, kind);
    if (!signature_holds(key->key, bytes, size, signature->signature.data,
                         signature->signature.len))
        return error_set(error, STATUS_INVALID, "the signature with key %s does not hold", key->id);
    return STATUS_OK;
}

enum status check_signatures(const Redress__V1__RuleSet *set, const struct signature_keys *keys,
                             struct arena *arena, struct error *error)
{
    const struct kind_info *kind = &kinds[check_kind(set)];
    const uint8_t *bytes;
    size_t size;
    if (keys->count == 0)
        return error_set(error, STATUS_INVALID,
                         "no keys are configured that may sign rules (REDRESS_RULES_KEYS)");
    if (set->n_signatures < kind->signatures || set->n_signatures > SIGNATURES_MAX)
        return error_set(error, STATUS_INVALID, "%zu signatures: rules of the kind %s need %zu",
                         set->n_signatures, kind->name, kind->signatures);
    if (set->n_signatures == 2 &&
        strcmp(set->signatures[0]->key_id, set->signatures[1]->key_id) == 0)
        return error_set(error, STATUS_INVALID, "both signatures are of one key");
    if (signature_layout_rules(set, arena, &bytes, &size) != STATUS_OK)
        return error_set(error, STATUS_INVALID,
                         "it holds a time outside years 0001 to 9999, or "
                         "takes too much memory to check");
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < set->n_signatures; i++)
        status = check_one_signature(set->signatures[i], keys, kind->name, bytes, size, error);
    return status;
}

static bool same_scope(const Redress__V1__Stop *a, const Redress__V1__Stop *b)
{
    return strcmp(a->merchant_id, b->merchant_id) == 0 && a->provider == b->provider &&
           (identity_is_customer(a->customer_token, a->merchant_id, b->customer_token) ||
            identity_is_customer(b->customer_token, a->merchant_id, a->customer_token)) &&
           strcmp(a->refund_id, b->refund_id) == 0;
}

static enum status check_stop_history(const Redress__V1__Stop *stop,
                                      const struct check_known *known, struct error *error)
{
    bool wide = *stop->refund_id == '\0' && *stop->customer_token == '\0';
    if (known->stop != NULL && !same_scope(known->stop, stop))
        return error_set(error, STATUS_INVALID,
                         "earlier versions of this id stop something else: take another id");
    if (stop->stopped &&
        (known->stops >= RULES_STOPS_MAX || (wide && known->wide_stops >= CHECK_STOPS_WIDE_MAX)))
        return error_set(error, STATUS_INVALID,
                         "%zu stops hold, %zu of them of more than a customer: at most %d and %d",
                         known->stops, known->wide_stops, RULES_STOPS_MAX, CHECK_STOPS_WIDE_MAX);
    return STATUS_OK;
}

enum status check_history(const Redress__V1__RuleSet *set, const struct check_known *known,
                          struct error *error)
{
    if (known->latest >= set->version)
        return error_set(error, STATUS_INVALID,
                         known->latest == set->version
                             ? "version %" PRId64 " was accepted before with other content"
                             : "version %" PRId64 " was accepted before: versions only go up",
                         known->latest);
    if (known->latest > 0 && known->kind != check_kind(set))
        return error_set(error, STATUS_INVALID, "earlier versions of this id are of the kind %s",
                         kinds[known->kind].name);
    if (known->latest > 0 && strcmp(known->merchant_id, set->merchant_id) != 0)
        return error_set(error, STATUS_INVALID,
                         "earlier versions of this id are of merchant \"%.100s\"",
                         known->merchant_id);
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_STOP)
        return check_stop_history(set->stop, known, error);
    if (known->sets >= RULES_SETS_MAX)
        return error_set(error, STATUS_INVALID, "%zu rule sets are accepted: at most %d",
                         known->sets, RULES_SETS_MAX);
    return STATUS_OK;
}
