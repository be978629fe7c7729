#include "roster_store.h"

#include "database.h"
#include "identity.h"
#include "message.h"
#include "replay.h"

#include <stdio.h>
#include <string.h>

enum { RULE_KEY_MAX = 256 };

/* Of the merchant's own first; of those the one that holds now. */
static const char current_sql[] =
    "SELECT id, version, sha256 FROM view.rule_set"
    " WHERE kind = 'roster' AND accepted AND merchant_id IN ($1, '')"
    "   AND coalesce(valid_from, published_at) <= now()"
    " ORDER BY merchant_id DESC, coalesce(valid_from, published_at) DESC, revision DESC LIMIT 1";

/* The record of that key and hash: nothing else was accepted. */
struct wanted {
    const char *sha256;
    struct arena *arena;
    Redress__V1__RuleSet *set;
};

static enum status take_rules(void *context, const struct record *record, struct error *error)
{
    struct wanted *wanted = context;
    char sha256[IDENTITY_SHA256_HEX];
    ProtobufCMessage *message;
    if (record->value == NULL ||
        strcmp(identity_sha256(record->value, record->value_size, sha256), wanted->sha256) != 0)
        return STATUS_OK;
    enum status status = message_unpack(&redress__v1__rule_set__descriptor, record->value,
                                        record->value_size, wanted->arena, &message, error);
    if (status != STATUS_OK)
        return status;
    wanted->set = (Redress__V1__RuleSet *)message;
    return STATUS_NOT_FOUND; /* enough */
}

static enum status read_set(const struct session *session, const struct table *table,
                            struct arena *arena, Redress__V1__RuleSet **set, struct error *error)
{
    static const enum topic topics[] = {TOPIC_RULES};
    char key[RULE_KEY_MAX];
    (void)snprintf(key, sizeof key, "%s/%s", table_value(table, 0, 0), table_value(table, 0, 1));
    const struct replay replay = {.topics = topics, .topic_count = 1, .key = key};
    struct wanted wanted = {.sha256 = table_value(table, 0, 2), .arena = arena};
    enum status status = replay_run(session, &replay, take_rules, &wanted, error);
    if (status == STATUS_OK && wanted.set == NULL)
        status = error_set(error, STATUS_NOT_FOUND, "the topic has no %s any more", key);
    *set = wanted.set;
    return status;
}

enum status roster_current(const struct session *session, struct arena *arena,
                           Redress__V1__RuleSet **set, struct error *error)
{
    const char *const params[] = {session->merchant};
    struct database *database;
    struct table *table = NULL;
    enum status status = session_database(session, "routing", &database, error);
    if (status != STATUS_OK)
        return status;
    status = database_query(database, current_sql, params, 1, &table, error);
    if (status == STATUS_OK && table_rows(table) == 0)
        status = error_set(error, STATUS_NOT_FOUND,
                           "no roster is in force for merchant %s: publish one with redressctl "
                           "rules publish",
                           session->merchant);
    if (status == STATUS_OK)
        status = read_set(session, table, arena, set, error);
    table_free(table);
    database_close(database);
    return status;
}
