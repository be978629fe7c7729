#include "stop_rule.h"

#include "arena.h"
#include "clock.h"
#include "identity.h"
#include "message.h"
#include "outbox.h"
#include "redress/v1/rules.pb-c.h"
#include "replay.h"
#include "signature.h"
#include "sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STOP_ARENA_MAX = 2 * 1024 * 1024, /* one rule set as it is read */
    STOP_ID_HEX = 12,                 /* of the scope's hash, in an id that follows from it */
    STOP_LOOK_AGAIN_MS = 100,
    STOP_KEY_FILE_MAX = 256
};

struct stopping {
    const struct session *session;
    const struct stop_rule *rule;
    struct stop_outcome *outcome;
    struct arena *scratch; /* of one event */
    struct arena *arena;   /* of what is kept */
    Redress__V1__Stop stop;
    int64_t found; /* version that the scope was taken from; 0: none */
};

static const char *text(const char *value)
{
    return value == NULL ? "" : value;
}

static bool is_empty(const struct stop_scope *scope)
{
    return *text(scope->merchant) == '\0' && *text(scope->provider) == '\0' &&
           *text(scope->customer) == '\0' && *text(scope->refund) == '\0';
}

/* By name, with or without the prefix of the enum. */
static enum status value_of(const ProtobufCEnumDescriptor *descriptor, const char *prefix,
                            const char *name, int *value, struct error *error)
{
    char full[96];
    const char *before = strncmp(name, prefix, strlen(prefix)) == 0 ? "" : prefix;
    (void)snprintf(full, sizeof full, "%s%.60s", before, name);
    const ProtobufCEnumValue *found =
        protobuf_c_enum_descriptor_get_value_by_name(descriptor, full);
    if (found == NULL || found->value == 0)
        return error_set(error, STATUS_INVALID, "there is no %s", full);
    *value = found->value;
    return STATUS_OK;
}

static enum status set_scope(struct stopping *stopping, struct error *error)
{
    const struct stop_scope *scope = &stopping->rule->scope;
    int provider = 0;
    if (*text(scope->provider) != '\0') {
        enum status status = value_of(&redress__v1__provider__descriptor, "PROVIDER_",
                                      scope->provider, &provider, error);
        if (status != STATUS_OK)
            return status;
    }
    stopping->stop.merchant_id = sink_text(text(scope->merchant));
    stopping->stop.provider = (Redress__V1__Provider)provider;
    stopping->stop.customer_token = sink_text(text(scope->customer));
    stopping->stop.refund_id = sink_text(text(scope->refund));
    return STATUS_OK;
}

/* The same scope has the same id, so that who resumes need not know it. A customer's token does not
 * stand in it. */
static enum status set_id(struct stopping *stopping, struct error *error)
{
    const Redress__V1__Stop *stop = &stopping->stop;
    char hex[IDENTITY_SHA256_HEX];
    if (*text(stopping->rule->id) != '\0') {
        if (strlen(stopping->rule->id) >= STOP_ID_MAX)
            return error_set(error, STATUS_INVALID, "the id has more than %d bytes",
                             STOP_ID_MAX - 1);
        (void)snprintf(stopping->outcome->id, STOP_ID_MAX, "%s", stopping->rule->id);
        return STATUS_OK;
    }
    if (is_empty(&stopping->rule->scope)) {
        (void)snprintf(stopping->outcome->id, STOP_ID_MAX, "stop-everything");
        return STATUS_OK;
    }
    const char *words = arena_printf(stopping->arena, "%s\n%d\n%s\n%s", stop->merchant_id,
                                     (int)stop->provider, stop->customer_token, stop->refund_id);
    if (words == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    (void)snprintf(stopping->outcome->id, STOP_ID_MAX, "stop-%.*s", STOP_ID_HEX,
                   identity_sha256(words, strlen(words), hex));
    return STATUS_OK;
}

/* The version after the last one that was published under the id, accepted or not, and the scope of
 * that one. */
static enum status take_record(void *context, const struct record *record, struct error *error)
{
    struct stopping *stopping = context;
    struct error unreadable;
    ProtobufCMessage *message;
    (void)error;
    arena_reset(stopping->scratch);
    if (record->value == NULL ||
        message_unpack(topic_info(TOPIC_RULES)->message, record->value, record->value_size,
                       stopping->scratch, &message, &unreadable) != STATUS_OK)
        return STATUS_OK;
    const Redress__V1__RuleSet *set = (const Redress__V1__RuleSet *)message;
    if (set->rules_case != REDRESS__V1__RULE_SET__RULES_STOP ||
        strcmp(set->id, stopping->outcome->id) != 0 || set->version <= stopping->found)
        return STATUS_OK;
    stopping->found = set->version;
    if (stopping->rule->stopped || !is_empty(&stopping->rule->scope))
        return STATUS_OK;
    stopping->stop.merchant_id = arena_strdup(stopping->arena, set->stop->merchant_id);
    stopping->stop.provider = set->stop->provider;
    stopping->stop.customer_token = arena_strdup(stopping->arena, set->stop->customer_token);
    stopping->stop.refund_id = arena_strdup(stopping->arena, set->stop->refund_id);
    return STATUS_OK;
}

static enum status find_versions(struct stopping *stopping, struct error *error)
{
    static const enum topic topics[] = {TOPIC_RULES};
    const struct replay replay = {.topics = topics, .topic_count = 1};
    enum status status = replay_run(stopping->session, &replay, take_record, stopping, error);
    if (status == STATUS_OK && stopping->found == 0 && !stopping->rule->stopped)
        return error_set(error, STATUS_NOT_FOUND,
                         "there is no stop %s; redressctl stop --list shows those that hold",
                         stopping->outcome->id);
    stopping->outcome->version = stopping->found + 1;
    return status;
}

static enum status read_key(const char *file, struct signature_secret *secret, struct error *error)
{
    char key[STOP_KEY_FILE_MAX] = "";
    FILE *opened = fopen(file, "re");
    if (opened == NULL)
        return error_set(error, STATUS_INVALID, "the key file %s: %s", file, strerror(errno));
    size_t size = fread(key, 1, sizeof key - 1, opened);
    bool failed = ferror(opened) != 0 || size == 0;
    (void)fclose(opened);
    if (failed)
        return error_set(error, STATUS_INVALID, "the key file %s holds nothing", file);
    enum status status = signature_secret_read(key, secret, error);
    explicit_bzero(key, sizeof key);
    return status;
}

static enum status publish(struct stopping *stopping, struct error *error)
{
    Redress__V1__RuleSet set = REDRESS__V1__RULE_SET__INIT;
    Redress__V1__Actor author = REDRESS__V1__ACTOR__INIT;
    struct signature_secret secret;
    struct outbox *outbox = NULL;
    int role = 0;
    enum status status =
        value_of(&redress__v1__role__descriptor, "ROLE_", stopping->rule->role, &role, error);
    if (status == STATUS_OK)
        status = read_key(stopping->rule->key_file, &secret, error);
    if (status != STATUS_OK)
        return status;
    author.id = sink_text(stopping->rule->author);
    author.role = (Redress__V1__Role)role;
    set.id = stopping->outcome->id;
    set.version = stopping->outcome->version;
    set.published_at = message_timestamp(stopping->arena, clock_wall_us());
    set.author = &author;
    set.rules_case = REDRESS__V1__RULE_SET__RULES_STOP;
    set.stop = &stopping->stop;
    stopping->stop.stopped = stopping->rule->stopped;
    stopping->stop.reason = sink_text(stopping->rule->reason);
    if (set.published_at == NULL ||
        signature_sign_rules(&set, &secret, stopping->arena) != STATUS_OK)
        status = error_set(error, STATUS_INVALID, "the stop cannot be signed");
    signature_secret_wipe(&secret);
    if (status == STATUS_OK)
        status = outbox_open(stopping->session, &outbox, error);
    if (status == STATUS_OK)
        status = outbox_send(outbox, TOPIC_RULES, &set.base, error);
    if (status == STATUS_OK)
        status = outbox_flush(outbox, error);
    outbox_close(outbox);
    return status;
}

/* One whose signature does not hold is known by its key alone. */
static enum status look(struct stopping *stopping, struct database *database, struct error *error)
{
    static const char sql[] = "SELECT accepted, coalesce(reason, '') FROM view.rule_set"
                              " WHERE (id = $1 AND version = $2::bigint) OR id = $1 || '/' || $2"
                              " ORDER BY log_offset DESC LIMIT 1";
    char version[24];
    struct table *table;
    const char *const params[] = {stopping->outcome->id, version};
    (void)snprintf(version, sizeof version, "%" PRId64, stopping->outcome->version);
    enum status status = database_query(database, sql, params, 2, &table, error);
    if (status != STATUS_OK)
        return status;
    if (table_rows(table) == 1) {
        stopping->outcome->known = true;
        stopping->outcome->accepted = strcmp(table_value(table, 0, 0), "t") == 0;
        (void)snprintf(stopping->outcome->reason, sizeof stopping->outcome->reason, "%s",
                       table_value(table, 0, 1));
    }
    table_free(table);
    return STATUS_OK;
}

/* Until settlement has judged it. */
static enum status await_verdict(struct stopping *stopping, struct error *error)
{
    const struct timespec again = {.tv_nsec = STOP_LOOK_AGAIN_MS * 1000000L};
    int64_t until_us = clock_monotonic_us() + stopping->rule->wait_s * 1000000;
    struct database *database;
    if (stopping->rule->wait_s == 0)
        return STATUS_OK;
    enum status status = session_database(stopping->session, "settlement", &database, error);
    if (status != STATUS_OK)
        return status;
    do {
        status = look(stopping, database, error);
        if (status != STATUS_OK || stopping->outcome->known)
            break;
        (void)nanosleep(&again, NULL);
    } while (clock_monotonic_us() < until_us);
    database_close(database);
    return status;
}

enum status stop_rule_publish(const struct session *session, const struct stop_rule *rule,
                              struct stop_outcome *outcome, struct error *error)
{
    struct stopping stopping = {.session = session,
                                .rule = rule,
                                .outcome = outcome,
                                .scratch = arena_create(STOP_ARENA_MAX),
                                .arena = arena_create(STOP_ARENA_MAX)};
    redress__v1__stop__init(&stopping.stop);
    *outcome = (struct stop_outcome){.version = 0};
    enum status status = stopping.scratch == NULL || stopping.arena == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory")
                             : set_scope(&stopping, error);
    if (status == STATUS_OK)
        status = set_id(&stopping, error);
    if (status == STATUS_OK)
        status = find_versions(&stopping, error);
    if (status == STATUS_OK)
        status = publish(&stopping, error);
    if (status == STATUS_OK)
        status = await_verdict(&stopping, error);
    arena_destroy(stopping.scratch);
    arena_destroy(stopping.arena);
    return status;
}
