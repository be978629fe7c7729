#include "stop_rule.h"

#include "arena.h"
#include "identity.h"
#include "known_words.h"
#include "message.h"
#include "redress/v1/rules.pb-c.h"
#include "replay.h"
#include "rule_publisher.h"
#include "sink.h"

#include <stdio.h>
#include <string.h>

enum {
    STOP_ARENA_MAX = 2 * 1024 * 1024, /* one rule set as it is read */
    STOP_ID_HEX = 12                  /* of the scope's hash, in an id that follows from it */
};

struct stopping {
    const struct session *session;
    const struct stop_rule *rule;
    struct stop_outcome *outcome;
    struct arena *scratch; /* of one event */
    struct arena *arena;   /* of what is kept */
    Redress__V1__Stop stop;
    char customer[IDENTITY_CUSTOMER_MAX];
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
    char full[96], words[KNOWN_WORDS_TEXT_MAX];
    const char *before = strncmp(name, prefix, strlen(prefix)) == 0 ? "" : prefix;
    (void)snprintf(full, sizeof full, "%s%.60s", before, name);
    const ProtobufCEnumValue *found =
        protobuf_c_enum_descriptor_get_value_by_name(descriptor, full);
    if (found == NULL || found->value == 0)
        return error_set(error, STATUS_INVALID, "there is no %s: one of %s", full,
                         known_enum_words(descriptor, words));
    *value = found->value;
    return STATUS_OK;
}

/* Tokens do not stand on the topic. */
static void set_customer(struct stopping *stopping, const char *token)
{
    Redress__V1__Stop *stop = &stopping->stop;
    bool in_clear = *token != '\0' && !identity_is_hashed(token);
    stop->customer_token = in_clear
                               ? identity_customer(stop->merchant_id, token, stopping->customer)
                               : sink_text(token);
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
    set_customer(stopping, text(scope->customer));
    stopping->stop.refund_id = sink_text(text(scope->refund));
    return STATUS_OK;
}

/* The same scope has the same id, so that who resumes need not know it. */
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

/* The latest scope that was published under the id. */
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
    if (!is_empty(&stopping->rule->scope))
        return STATUS_OK;
    stopping->stop.merchant_id = arena_strdup(stopping->arena, set->stop->merchant_id);
    stopping->stop.provider = set->stop->provider;
    set_customer(stopping, arena_strdup(stopping->arena, set->stop->customer_token));
    stopping->stop.refund_id = arena_strdup(stopping->arena, set->stop->refund_id);
    return STATUS_OK;
}

/* Only what was stopped goes on. */
static enum status find_stop(struct stopping *stopping, struct error *error)
{
    static const enum topic topics[] = {TOPIC_RULES};
    const struct replay replay = {.topics = topics, .topic_count = 1};
    enum status status = replay_run(stopping->session, &replay, take_record, stopping, error);
    return status == STATUS_OK && stopping->found == 0
               ? error_set(error, STATUS_NOT_FOUND,
                           "there is no stop %s; redressctl stop --list shows those that hold",
                           stopping->outcome->id)
               : status;
}

static enum status publish(struct stopping *stopping, struct error *error)
{
    Redress__V1__RuleSet set = REDRESS__V1__RULE_SET__INIT;
    Redress__V1__Actor author = REDRESS__V1__ACTOR__INIT;
    struct rule_outcome outcome;
    int role = 0;
    enum status status =
        value_of(&redress__v1__role__descriptor, "ROLE_", stopping->rule->role, &role, error);
    if (status != STATUS_OK)
        return status;
    author.id = sink_text(stopping->rule->author);
    author.role = (Redress__V1__Role)role;
    set.id = stopping->outcome->id;
    set.author = &author;
    set.rules_case = REDRESS__V1__RULE_SET__RULES_STOP;
    set.stop = &stopping->stop;
    stopping->stop.stopped = stopping->rule->stopped;
    stopping->stop.reason = sink_text(stopping->rule->reason);
    const struct rule_publication publication = {.set = &set,
                                                 .keys = {stopping->rule->key_file},
                                                 .key_count = 1,
                                                 .again = true,
                                                 .wait_s = stopping->rule->wait_s};
    status = rule_publish(stopping->session, &publication, stopping->arena, &outcome, error);
    if (status != STATUS_OK)
        return status;
    stopping->outcome->version = outcome.version;
    stopping->outcome->known = outcome.judged;
    stopping->outcome->accepted = outcome.accepted;
    (void)snprintf(stopping->outcome->reason, sizeof stopping->outcome->reason, "%.*s",
                   (int)sizeof stopping->outcome->reason - 1, outcome.reason);
    return STATUS_OK;
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
    if (status == STATUS_OK && !rule->stopped)
        status = find_stop(&stopping, error);
    if (status == STATUS_OK)
        status = publish(&stopping, error);
    arena_destroy(stopping.scratch);
    arena_destroy(stopping.arena);
    return status;
}
