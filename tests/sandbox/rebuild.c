#include "rebuild.h"

#include "api.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line of the log. Texts live as long as the JSON. */
struct entry {
    json_t *json;
    enum effect effect;
    int64_t at_us;
    uint32_t refund;
    enum dialect dialect;
    struct key_use use;
};

static const char *text(const struct entry *entry, const char *name)
{
    return json_string_value(json_object_get(entry->json, name));
}

static int64_t number_of(const struct entry *entry, const char *name)
{
    return json_integer_value(json_object_get(entry->json, name));
}

static void read_use(struct entry *entry)
{
    const char *fingerprint = text(entry, "fingerprint");
    const char *request = text(entry, "request");
    entry->use = (struct key_use){.key = text(entry, "idempotency_key"),
                                  .refund = STORE_NONE,
                                  .dialect = (uint8_t)entry->dialect};
    if (entry->use.key == NULL)
        return;
    entry->use.fingerprint = fingerprint == NULL ? 0 : strtoull(fingerprint, NULL, 16);
    entry->use.request = request == NULL ? 0 : strtoull(request, NULL, 10);
}

static bool started(struct sandbox *sandbox, const struct entry *entry)
{
    const char *salt = text(entry, "salt");
    if (salt == NULL)
        return false;
    sandbox->store.salt = strtoull(salt, NULL, 16);
    return true;
}

/* The payment of the line, made known if it is not. `captured` 0: as it was. */
static uint32_t find_payment(struct sandbox *sandbox, const struct entry *entry, int64_t captured)
{
    struct store *store = &sandbox->store;
    const char *intent = text(entry, "payment_intent");
    const char *charge = text(entry, "charge");
    const char *currency = text(entry, "currency");
    const char *id = text(entry, "payment");
    if (id == NULL) /* a log from before there were other dialects */
        id = intent != NULL ? intent : charge;
    if (id == NULL || currency == NULL)
        return STORE_NONE;
    uint32_t found = store_payment_find(store, id);
    if (found != STORE_NONE && captured > 0)
        store->payments[found].captured = captured;
    if (found != STORE_NONE)
        return found;
    /* A charge id that the sandbox would make is not kept. */
    char made[STORE_ID_ROOM];
    bool own = charge == NULL || strcmp(charge, charge_id(store, store->payment_count, made)) == 0;
    return store_payment_add(store, entry->dialect, id, own ? NULL : charge,
                             captured > 0 ? captured : STORE_UNLIMITED, currency);
}

static const char *packed_metadata(struct store *store, const struct entry *entry)
{
    const char *key;
    json_t *value;
    metadata_pack_begin(store);
    json_object_foreach(json_object_get(entry->json, "metadata"), key,
                        value) if (json_string_value(value) != NULL)
        metadata_pack(store, key, json_string_value(value));
    return metadata_pack_end(store);
}

static bool schedule(struct sandbox *sandbox, const struct entry *entry, uint32_t refund)
{
    const char *later = text(entry, "later_status");
    int status = later == NULL ? -1 : refund_status_find(later);
    if (status < 0)
        return later == NULL;
    struct timer timer = {
        .at_us = number_of(entry, "later_at_us"), .refund = refund, .status = (uint8_t)status};
    return timers_add(&sandbox->timers, timer) == STATUS_OK;
}

static bool created(struct sandbox *sandbox, struct entry *entry)
{
    struct store *store = &sandbox->store;
    const char *id = text(entry, "refund");
    const char *status = text(entry, "status");
    const char *reason = text(entry, "reason");
    const char *origin = text(entry, "origin");
    struct refund refund = {.amount = number_of(entry, "amount"),
                            .created_us = entry->at_us,
                            .payment = find_payment(sandbox, entry, 0),
                            .key = KEY_NONE};
    int status_number = status == NULL ? -1 : refund_status_find(status);
    int reason_number = reason == NULL ? 0 : refund_reason_find(reason);
    if (refund.payment == STORE_NONE || refund.amount <= 0 || status_number < 0 ||
        reason_number < 0 || origin == NULL)
        return false;
    refund.status = refund.created_status = (uint8_t)status_number;
    refund.reason = (uint8_t)reason_number;
    refund.origin = strcmp(origin, "dashboard") == 0 ? REFUND_BY_HAND : REFUND_BY_API;
    refund.metadata = packed_metadata(store, entry);
    uint32_t made = refund.metadata == NULL ? STORE_NONE : store_refund_add(store, &refund);
    char expected[STORE_ID_ROOM];
    if (made == STORE_NONE || id == NULL || strcmp(id, refund_id(store, made, expected)) != 0)
        return false;
    if (entry->use.key != NULL)
        store->refunds[made].key =
            keys_save(&sandbox->keys, &entry->use, entry->at_us, 200, NULL, made);
    return schedule(sandbox, entry, made);
}

/* The answer to an update is the refund as it is after it. */
static bool save_refund_answer(struct sandbox *sandbox, struct entry *entry)
{
    if (entry->use.key == NULL)
        return true;
    struct out body = {0};
    refund_write(&body, &sandbox->store, entry->refund, false);
    out_raw(&body, "\n");
    entry->use.refund = entry->refund;
    entry->use.endpoint =
        entry->effect == EFFECT_REFUND_CANCELED ? ENDPOINT_CANCEL : ENDPOINT_UPDATE;
    char *kept = out_take(&body);
    return kept != NULL && keys_save(&sandbox->keys, &entry->use, entry->at_us, 200, kept,
                                     entry->refund) != KEY_NONE;
}

static bool changed(struct sandbox *sandbox, struct entry *entry)
{
    struct store *store = &sandbox->store;
    const char *status_text = text(entry, "status");
    const char *failure_text = text(entry, "failure_reason");
    int status = status_text == NULL ? -1 : refund_status_find(status_text);
    int failure = failure_text == NULL ? 0 : refund_failure_find(failure_text);
    if (entry->refund == STORE_NONE || status < 0 || failure < 0)
        return false;
    struct refund *refund = &store->refunds[entry->refund];
    refund_keep_answer(sandbox, entry->refund);
    if (refund->status != status) {
        if (!refund_may_become(refund->status, (enum refund_status)status))
            return false;
        store_refund_become(store, entry->refund, (enum refund_status)status,
                            (enum refund_failure)failure);
    }
    refund->metadata = packed_metadata(store, entry);
    return refund->metadata != NULL && schedule(sandbox, entry, entry->refund) &&
           save_refund_answer(sandbox, entry);
}

static bool disputed(struct sandbox *sandbox, const struct entry *entry)
{
    uint32_t payment = find_payment(sandbox, entry, 0);
    uint32_t number = payment == STORE_NONE
                          ? STORE_NONE
                          : store_dispute_add(&sandbox->store, payment, number_of(entry, "amount"));
    struct timer later = {.at_us = number_of(entry, "won_at_us"),
                          .dispute = true,
                          .refund = number,
                          .status = DISPUTE_WON};
    return number != STORE_NONE &&
           (later.at_us == 0 || timers_add(&sandbox->timers, later) == STATUS_OK);
}

static bool dispute_ended(struct sandbox *sandbox, const struct entry *entry)
{
    const char *id = text(entry, "dispute");
    const char *word = text(entry, "status");
    uint32_t number = id == NULL ? STORE_NONE : store_dispute_find(&sandbox->store, id);
    int status = word == NULL ? -1 : dispute_status_find(word);
    if (number == STORE_NONE || sandbox->store.disputes[number].status != DISPUTE_OPEN ||
        (status != DISPUTE_WON && status != DISPUTE_LOST))
        return false;
    store_dispute_end(&sandbox->store, number, (enum dispute_status)status);
    return true;
}

static bool answered(struct sandbox *sandbox, struct entry *entry)
{
    const char *body = text(entry, "body");
    int64_t endpoint = number_of(entry, "endpoint");
    int64_t status = number_of(entry, "http_status");
    if (entry->use.key == NULL || body == NULL || endpoint < 0 || endpoint >= ENDPOINTS ||
        status < 200 || status > 599)
        return false;
    entry->use.endpoint = (enum endpoint)endpoint;
    entry->use.refund = entry->refund;
    char *kept = strdup(body);
    return kept != NULL && keys_save(&sandbox->keys, &entry->use, entry->at_us, (uint16_t)status,
                                     kept, entry->refund) != KEY_NONE;
}

static bool apply(struct sandbox *sandbox, struct entry *entry)
{
    switch (entry->effect) {
    case EFFECT_LOG_STARTED:
        return started(sandbox, entry);
    case EFFECT_PAYMENT_REGISTERED:
        return find_payment(sandbox, entry, number_of(entry, "amount")) != STORE_NONE;
    case EFFECT_REFUND_CREATED:
        return created(sandbox, entry);
    case EFFECT_REFUND_UPDATED:
    case EFFECT_REFUND_FAILED:
    case EFFECT_REFUND_CANCELED:
        return changed(sandbox, entry);
    case EFFECT_DISPUTE_CREATED:
        return disputed(sandbox, entry);
    case EFFECT_DISPUTE_CLOSED:
        return dispute_ended(sandbox, entry);
    case EFFECT_ANSWER_SAVED:
        return answered(sandbox, entry);
    case EFFECTS:
        break;
    }
    return false;
}

static bool apply_line(struct sandbox *sandbox, const char *line)
{
    struct entry entry = {.json = json_loads(line, 0, NULL)};
    const char *name = text(&entry, "effect");
    const char *refund = text(&entry, "refund");
    entry.effect = name == NULL ? EFFECTS : effect_find(name);
    entry.at_us = number_of(&entry, "at_us");
    entry.refund = refund == NULL ? STORE_NONE : store_refund_find(&sandbox->store, refund);
    const char *provider = text(&entry, "provider");
    int dialect = provider == NULL ? DIALECT_STRIPE : dialect_find(provider);
    entry.dialect = dialect < 0 ? DIALECT_STRIPE : (enum dialect)dialect;
    read_use(&entry);
    bool applied = apply(sandbox, &entry);
    if (applied)
        sandbox->effects.count[entry.effect]++;
    json_decref(entry.json);
    return applied;
}

enum status rebuild(struct sandbox *sandbox, struct error *error)
{
    int copy = dup(sandbox->effects.fd);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
    if (file == NULL)
        return error_set(error, STATUS_FATAL, "cannot read the log: %s", strerror(errno));
    rewind(file);
    char *line = NULL;
    size_t room = 0;
    uint64_t count = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && getline(&line, &room, file) > 0) {
        count++;
        if (!apply_line(sandbox, line))
            status = error_set(error, STATUS_FATAL,
                               "line %" PRIu64 " of the log is not of a sandbox's log, or "
                               "--max-refunds is too small for it",
                               count);
    }
    free(line);
    (void)fclose(file);
    return status;
}
