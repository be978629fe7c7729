/* The layouts that are signed, from messages. */

#include "signature.h"

#include "identity.h"
#include "layout.h"
#include "message.h"

#include <sodium.h>
#include <string.h>

static void add_time(struct layout *layout, const Google__Protobuf__Timestamp *timestamp)
{
    int64_t time_us = 0;
    if (message_time(timestamp, &time_us) != STATUS_OK)
        layout->failed = true;
    layout_integer(layout, time_us);
}

static void add_amount(struct layout *layout, const Redress__V1__Money *amount)
{
    layout_integer(layout, amount == NULL ? 0 : amount->minor);
    layout_text(layout, amount == NULL ? "" : amount->currency);
}

static void add_amounts(struct layout *layout, Redress__V1__Money *const *amounts, size_t count)
{
    layout_integer(layout, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        add_amount(layout, amounts[i]);
}

static void add_actor(struct layout *layout, const Redress__V1__Actor *actor)
{
    layout_text(layout, actor == NULL ? "" : actor->id);
    layout_integer(layout, actor == NULL ? 0 : (int64_t)actor->role);
}

static void add_texts(struct layout *layout, char *const *texts, size_t count)
{
    layout_integer(layout, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        layout_text(layout, texts[i]);
}

static void add_model(struct layout *layout, const Redress__V1__Model *model)
{
    layout_integer(layout, (int64_t)model->purpose);
    layout_integer(layout, (int64_t)model->judged_by);
    layout_text(layout, model->sha256);
}

static void add_person(struct layout *layout, const Redress__V1__Person *person)
{
    layout_text(layout, person->id);
    layout_bytes(layout, person->public_key.data, person->public_key.len);
    layout_integer(layout, (int64_t)person->n_roles);
    for (size_t i = 0; i < person->n_roles; i++)
        layout_integer(layout, (int64_t)person->roles[i]);
    add_texts(layout, person->queues, person->n_queues);
    layout_integer(layout, person->level);
    add_amounts(layout, person->limit_per_refund, person->n_limit_per_refund);
    add_amounts(layout, person->limit_per_day, person->n_limit_per_day);
    layout_integer(layout, (int64_t)person->n_delegates);
    for (size_t i = 0; i < person->n_delegates; i++) {
        layout_text(layout, person->delegates[i]->person_id);
        add_time(layout, person->delegates[i]->from);
        add_time(layout, person->delegates[i]->until);
    }
    layout_integer(layout, (int64_t)person->n_absences);
    for (size_t i = 0; i < person->n_absences; i++) {
        add_time(layout, person->absences[i]->from);
        add_time(layout, person->absences[i]->until);
    }
    layout_text(layout, person->key_id);
    layout_text(layout, person->time_zone);
}

static void add_roster(struct layout *layout, const Redress__V1__Roster *roster)
{
    layout_integer(layout, (int64_t)roster->n_people);
    for (size_t i = 0; i < roster->n_people; i++)
        add_person(layout, roster->people[i]);
    layout_integer(layout, (int64_t)roster->n_applications);
    for (size_t i = 0; i < roster->n_applications; i++) {
        const Redress__V1__Application *application = roster->applications[i];
        layout_text(layout, application->id);
        layout_text(layout, application->key_id);
        layout_bytes(layout, application->public_key.data, application->public_key.len);
        add_texts(layout, application->people, application->n_people);
    }
}

static void add_limits(struct layout *layout, const Redress__V1__AuthorityLimits *limits)
{
    layout_integer(layout, limits->automatic_per_hour);
    layout_integer(layout, limits->automatic_per_day);
    add_amounts(layout, limits->amount_per_hour, limits->n_amount_per_hour);
    add_amounts(layout, limits->amount_per_day, limits->n_amount_per_day);
    layout_integer(layout, limits->automatic_per_hour_and_product);
    layout_integer(layout, limits->automatic_per_day_and_product);
    add_amounts(layout, limits->amount_per_hour_and_product, limits->n_amount_per_hour_and_product);
    add_amounts(layout, limits->amount_per_day_and_product, limits->n_amount_per_day_and_product);
}

static void add_calendar(struct layout *layout, const Redress__V1__Calendar *calendar)
{
    layout_text(layout, calendar->time_zone);
    layout_integer(layout, (int64_t)calendar->n_hours);
    for (size_t i = 0; i < calendar->n_hours; i++) {
        layout_integer(layout, calendar->hours[i]->weekday);
        layout_integer(layout, calendar->hours[i]->from_minute);
        layout_integer(layout, calendar->hours[i]->until_minute);
    }
    add_texts(layout, calendar->holidays, calendar->n_holidays);
}

static void add_stop(struct layout *layout, const Redress__V1__Stop *stop)
{
    layout_integer(layout, stop->stopped ? 1 : 0);
    layout_text(layout, stop->merchant_id);
    layout_integer(layout, (int64_t)stop->provider);
    layout_text(layout, stop->customer_token);
    layout_text(layout, stop->refund_id);
    layout_text(layout, stop->reason);
}

/* False if nothing is set. */
static bool add_content(struct layout *layout, const Redress__V1__RuleSet *set)
{
    layout_integer(layout, (int64_t)set->rules_case);
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_MODEL)
        add_model(layout, set->model);
    else if (set->rules_case == REDRESS__V1__RULE_SET__RULES_ROSTER)
        add_roster(layout, set->roster);
    else if (set->rules_case == REDRESS__V1__RULE_SET__RULES_LIMITS)
        add_limits(layout, set->limits);
    else if (set->rules_case == REDRESS__V1__RULE_SET__RULES_STOP)
        add_stop(layout, set->stop);
    else if (set->rules_case == REDRESS__V1__RULE_SET__RULES_CALENDAR)
        add_calendar(layout, set->calendar);
    else
        return false;
    return true;
}

static enum status finish(const struct layout *layout, const uint8_t **bytes, size_t *size)
{
    *bytes = layout->bytes;
    *size = layout->size;
    if (!layout->failed)
        return STATUS_OK;
    return arena_exhausted(layout->arena) ? STATUS_EXHAUSTED : STATUS_INVALID;
}

enum status signature_layout_rules(const Redress__V1__RuleSet *set, struct arena *arena,
                                   const uint8_t **bytes, size_t *size)
{
    struct layout layout;
    layout_start(&layout, arena);
    layout_text(&layout, "redress.rules.v1");
    layout_text(&layout, set->merchant_id);
    layout_text(&layout, set->id);
    layout_integer(&layout, set->version);
    add_time(&layout, set->published_at);
    add_time(&layout, set->valid_from);
    add_actor(&layout, set->author);
    layout_text(&layout, set->correction);
    if (!add_content(&layout, set))
        return STATUS_INVALID;
    return finish(&layout, bytes, size);
}

enum status signature_layout_decision(const Redress__V1__Decision *decision, struct arena *arena,
                                      const uint8_t **bytes, size_t *size)
{
    struct layout layout;
    char note[IDENTITY_SHA256_HEX];
    layout_start(&layout, arena);
    layout_text(&layout, "redress.decision.v1");
    layout_text(&layout, decision->merchant_id);
    layout_text(&layout, decision->order_id);
    layout_text(&layout, decision->refund_id);
    layout_text(&layout, decision->case_id);
    layout_integer(&layout, decision->case_version);
    layout_text(&layout, decision->subject_hash);
    add_actor(&layout, decision->actor);
    layout_integer(&layout, (int64_t)decision->verdict);
    add_amount(&layout, decision->amount);
    layout_integer(&layout, (int64_t)decision->method);
    layout_text(&layout, identity_sha256(decision->note, strlen(decision->note), note));
    add_time(&layout, decision->occurred_at);
    layout_text(&layout, decision->key_id);
    layout_text(&layout, decision->decision_id);
    layout_text(&layout, decision->on_behalf_of);
    add_time(&layout, decision->answer_by);
    layout_integer(&layout, (int64_t)decision->recommended);
    if (decision->payee[0] != '\0')
        layout_text(&layout, decision->payee);
    return finish(&layout, bytes, size);
}

/* A signature in `arena`; NULL if that is full. */
static uint8_t *sign(const struct signature_secret *secret, const uint8_t *bytes, size_t size,
                     struct arena *arena)
{
    uint8_t *signature = arena_alloc(arena, SIGNATURE_SIZE);
    if (signature != NULL)
        signature_make(secret, bytes, size, signature);
    return signature;
}

enum status signature_sign_rules(Redress__V1__RuleSet *set, const struct signature_secret *secret,
                                 struct arena *arena)
{
    enum { SIGNATURES_MAX = 2 };
    const uint8_t *bytes;
    size_t size;
    if (set->n_signatures >= SIGNATURES_MAX)
        return STATUS_EXHAUSTED;
    enum status status = signature_layout_rules(set, arena, &bytes, &size);
    if (status != STATUS_OK)
        return status;
    Redress__V1__Signature **list = arena_array(arena, SIGNATURES_MAX, sizeof(void *));
    Redress__V1__Signature *added = arena_alloc(arena, sizeof *added);
    uint8_t *signature = sign(secret, bytes, size, arena);
    char *key_id = arena_strdup(arena, secret->id);
    if (list == NULL || added == NULL || signature == NULL || key_id == NULL)
        return STATUS_EXHAUSTED;
    redress__v1__signature__init(added);
    added->key_id = key_id;
    added->signature = (ProtobufCBinaryData){.len = SIGNATURE_SIZE, .data = signature};
    for (size_t i = 0; i < set->n_signatures; i++)
        list[i] = set->signatures[i];
    list[set->n_signatures++] = added;
    set->signatures = list;
    return STATUS_OK;
}

enum status signature_sign_decision(Redress__V1__Decision *decision,
                                    const struct signature_secret *secret, struct arena *arena)
{
    const uint8_t *bytes;
    size_t size;
    decision->key_id = arena_strdup(arena, secret->id);
    if (decision->key_id == NULL)
        return STATUS_EXHAUSTED;
    enum status status = signature_layout_decision(decision, arena, &bytes, &size);
    if (status != STATUS_OK)
        return status;
    uint8_t *signature = sign(secret, bytes, size, arena);
    if (signature == NULL)
        return STATUS_EXHAUSTED;
    decision->signature = (ProtobufCBinaryData){.len = SIGNATURE_SIZE, .data = signature};
    return STATUS_OK;
}

static void layout_record(struct layout *layout, struct arena *arena, const char *ce_id,
                          const void *value, size_t size)
{
    layout_start(layout, arena);
    layout_text(layout, arena_printf(arena, "redress.goods.v1/%s", ce_id));
    layout_bytes(layout, value, size);
}

char *signature_sign_record(const struct signature_secret *secret, const char *ce_id,
                            const void *value, size_t size, struct arena *arena,
                            char text[SIGNATURE_TEXT])
{
    struct layout layout;
    layout_record(&layout, arena, ce_id, value, size);
    uint8_t *signature = layout.failed ? NULL : sign(secret, layout.bytes, layout.size, arena);
    return signature == NULL ? NULL
                             : sodium_bin2hex(text, SIGNATURE_TEXT, signature, SIGNATURE_SIZE);
}

bool signature_record_holds(const struct signature_keys *keys, const char *ce_id, const void *value,
                            size_t size, const char *text, struct arena *arena)
{
    struct layout layout;
    uint8_t signature[SIGNATURE_SIZE];
    size_t read = 0;
    if (ce_id == NULL || text == NULL || strlen(text) != SIGNATURE_TEXT - 1 ||
        sodium_hex2bin(signature, sizeof signature, text, SIGNATURE_TEXT - 1, NULL, &read, NULL) !=
            0 ||
        read != sizeof signature)
        return false;
    layout_record(&layout, arena, ce_id, value, size);
    for (size_t i = 0; !layout.failed && i < keys->count; i++)
        if (signature_holds(keys->items[i].key, layout.bytes, layout.size, signature,
                            sizeof signature))
            return true;
    return false;
}

char *signature_model_hash(const Redress__V1__Model *model, char *hex)
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES], length[8];
    (void)crypto_hash_sha256_init(&state);
    for (size_t f = 0; f < model->n_files; f++) {
        const Redress__V1__ModelFile *file = model->files[f];
        for (int i = 0; i < 8; i++)
            length[i] = (uint8_t)((uint64_t)file->content.len >> (56 - 8 * i));
        (void)crypto_hash_sha256_update(&state, (const uint8_t *)file->name,
                                        strlen(file->name) + 1);
        (void)crypto_hash_sha256_update(&state, length, sizeof length);
        if (file->content.len > 0)
            (void)crypto_hash_sha256_update(&state, file->content.data, file->content.len);
    }
    (void)crypto_hash_sha256_final(&state, hash);
    return sodium_bin2hex(hex, IDENTITY_SHA256_HEX, hash, sizeof hash);
}

enum status signature_content_hash(const Redress__V1__RuleSet *set, struct arena *arena, char *hex)
{
    struct layout layout;
    layout_start(&layout, arena);
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_MODEL &&
        strlen(set->model->sha256) < IDENTITY_SHA256_HEX) {
        memcpy(hex, set->model->sha256, strlen(set->model->sha256) + 1);
        return STATUS_OK;
    }
    if (!add_content(&layout, set) || layout.failed)
        return arena_exhausted(arena) ? STATUS_EXHAUSTED : STATUS_INVALID;
    (void)identity_sha256(layout.bytes, layout.size, hex);
    return STATUS_OK;
}
