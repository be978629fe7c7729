#include "rule_publisher.h"

#include "clock.h"
#include "identity.h"
#include "message.h"
#include "outbox.h"
#include "rules/check.h"
#include "signature.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_FILE_MAX = 256, LOOK_AGAIN_MS = 100 };

const char *rule_worker(const Redress__V1__RuleSet *set)
{
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES__NOT_SET)
        return NULL;
    if (set->rules_case == REDRESS__V1__RULE_SET__RULES_STOP)
        return "settlement";
    return set->rules_case == REDRESS__V1__RULE_SET__RULES_MODEL &&
                   set->model->purpose == REDRESS__V1__MODEL_PURPOSE__MODEL_PURPOSE_POLICY
               ? "policy"
               : "routing";
}

enum status rule_key(const char *path, struct signature_secret *secret, struct error *error)
{
    char text[KEY_FILE_MAX];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, "key %s: %s", path, strerror(errno));
    size_t size = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    struct error why = {0};
    enum status status = signature_secret_read(text, secret, &why);
    explicit_bzero(text, sizeof text);
    return status == STATUS_OK ? status : error_set(error, status, "key %s: %s", path, why.text);
}

/* What the worker knows of the id: the next version, and whether the latest says the same. */
static enum status ask_latest(struct database *database, const Redress__V1__RuleSet *set,
                              struct arena *arena, struct rule_outcome *outcome,
                              struct error *error)
{
    static const char sql[] =
        "SELECT coalesce(max(version), 0) + 1,"
        "       coalesce((array_agg(content_sha256 || ' ' || merchant_id || ' ' ||"
        "                           coalesce(judged_by, '') || CASE WHEN $2 = '' THEN ''"
        "                           ELSE (extract(epoch FROM valid_from) * 1000000)::bigint::text "
        "END"
        "                           ORDER BY version DESC) FILTER (WHERE accepted))[1], '')"
        "  FROM view.rule_set WHERE id = $1";
    char hash[IDENTITY_SHA256_HEX], from[24] = "";
    int64_t from_us = 0;
    if (message_time(set->valid_from, &from_us) == STATUS_OK && set->valid_from != NULL)
        (void)snprintf(from, sizeof from, "%" PRId64, from_us);
    if (signature_content_hash(set, arena, hash) != STATUS_OK)
        return error_set(error, STATUS_INVALID, "it holds no rules, or too many");
    const char *judged_by = set->rules_case != REDRESS__V1__RULE_SET__RULES_MODEL ? ""
                            : set->model->judged_by == REDRESS__V1__JUDGED_BY__JUDGED_BY_PURCHASE
                                ? "purchase"
                                : "request";
    const char *same = arena_printf(arena, "%s %s %s%s", hash, set->merchant_id, judged_by, from);
    const char *params[] = {set->id, from};
    struct table *table;
    enum status status = database_query(database, sql, params, 2, &table, error);
    if (status != STATUS_OK)
        return status;
    outcome->version = strtoll(table_value(table, 0, 0), NULL, 10);
    outcome->unchanged = same != NULL && strcmp(table_value(table, 0, 1), same) == 0;
    table_free(table);
    return STATUS_OK;
}

static enum status fill_in(Redress__V1__RuleSet *set, const struct signature_secret *first,
                           int64_t version, struct arena *arena)
{
    if (set->version == 0)
        set->version = version;
    if (set->published_at == NULL)
        set->published_at = message_timestamp(arena, clock_wall_us());
    if (set->author == NULL) {
        set->author = arena_alloc(arena, sizeof *set->author);
        if (set->author == NULL)
            return STATUS_EXHAUSTED;
        redress__v1__actor__init(set->author);
        set->author->id = arena_strdup(arena, first->id);
        set->author->role = REDRESS__V1__ROLE__ROLE_SYSTEM;
    }
    return set->published_at == NULL || set->author->id == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status sign(const struct rule_publication *publication, int64_t version,
                        struct arena *arena, struct error *error)
{
    struct signature_secret secret;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < publication->key_count; i++) {
        status = rule_key(publication->keys[i], &secret, error);
        if (status != STATUS_OK)
            break;
        if (i == 0)
            status = fill_in(publication->set, &secret, version, arena);
        if (status == STATUS_OK)
            status = signature_sign_rules(publication->set, &secret, arena);
        if (status != STATUS_OK)
            (void)error_set(error, status, "signing: %s", status_text(status));
    }
    explicit_bzero(&secret, sizeof secret);
    return status;
}

static enum status send(const struct session *session, const Redress__V1__RuleSet *set,
                        struct error *error)
{
    struct outbox *outbox;
    enum status status = outbox_open(session, &outbox, error);
    if (status != STATUS_OK)
        return status;
    status = outbox_send(outbox, TOPIC_RULES, &set->base, error);
    if (status == STATUS_OK)
        status = outbox_flush(outbox, error);
    outbox_close(outbox);
    return status;
}

/* By the hash of the bytes, as another could publish the same version at the same time. One whose
 * signature does not hold is known by its key. */
static enum status look(struct database *database, const Redress__V1__RuleSet *set,
                        const char *sha256, struct rule_outcome *outcome, struct error *error)
{
    static const char sql[] = "SELECT accepted, coalesce(reason, '') FROM view.rule_set"
                              " WHERE id IN ($1, $1 || '/' || $3) AND sha256 = $2"
                              " ORDER BY log_offset DESC LIMIT 1";
    char version[24];
    const char *params[] = {set->id, sha256, version};
    struct table *table;
    (void)snprintf(version, sizeof version, "%" PRId64, set->version);
    enum status status = database_query(database, sql, params, 3, &table, error);
    if (status != STATUS_OK)
        return status;
    outcome->judged = table_rows(table) == 1;
    if (outcome->judged) {
        outcome->accepted = strcmp(table_value(table, 0, 0), "t") == 0;
        (void)snprintf(outcome->reason, sizeof outcome->reason, "%s", table_value(table, 0, 1));
    }
    table_free(table);
    return STATUS_OK;
}

static enum status await(struct database *database, const struct rule_publication *publication,
                         struct arena *arena, struct rule_outcome *outcome, struct error *error)
{
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * 1000000L};
    int64_t until_us = clock_monotonic_us() + publication->wait_s * CLOCK_SECOND_US;
    char sha256[IDENTITY_SHA256_HEX];
    uint8_t *bytes;
    size_t size;
    enum status status = message_pack(&publication->set->base, arena, &bytes, &size);
    if (status != STATUS_OK)
        return error_set(error, status, "no memory");
    (void)identity_sha256(bytes, size, sha256);
    while (status == STATUS_OK && !outcome->judged && clock_monotonic_us() < until_us) {
        status = look(database, publication->set, sha256, outcome, error);
        if (status == STATUS_OK && !outcome->judged)
            (void)nanosleep(&pause, NULL);
    }
    return status;
}

/* A version that is given and a verdict that nobody waits for need no database. */
static enum status publish_blindly(const struct session *session,
                                   const struct rule_publication *publication, struct arena *arena,
                                   struct rule_outcome *outcome, struct error *error)
{
    enum status status = sign(publication, publication->set->version, arena, error);
    outcome->version = publication->set->version;
    return status == STATUS_OK ? send(session, publication->set, error) : status;
}

enum status rule_publish(const struct session *session, const struct rule_publication *publication,
                         struct arena *arena, struct rule_outcome *outcome, struct error *error)
{
    const char *worker = rule_worker(publication->set);
    struct database *database;
    *outcome = (struct rule_outcome){0};
    if (worker == NULL)
        return error_set(error, STATUS_INVALID,
                         "it holds no model, roster, limits, calendar or stop");
    enum status status = check_id(publication->set->id, error); /* others have no verdict by it */
    if (status != STATUS_OK)
        return status;
    if (publication->set->version > 0 && publication->wait_s == 0)
        return publish_blindly(session, publication, arena, outcome, error);
    status = session_database(session, worker, &database, error);
    if (status != STATUS_OK)
        return status;
    status = ask_latest(database, publication->set, arena, outcome, error);
    outcome->unchanged = outcome->unchanged && !publication->again;
    if (outcome->unchanged)
        outcome->version--; /* the latest */
    bool send_it = status == STATUS_OK && !outcome->unchanged;
    if (send_it)
        status = sign(publication, outcome->version, arena, error);
    if (send_it && status == STATUS_OK) {
        outcome->version = publication->set->version;
        status = send(session, publication->set, error);
    }
    if (send_it && status == STATUS_OK && publication->wait_s > 0)
        status = await(database, publication, arena, outcome, error);
    database_close(database);
    return status;
}

static void print_json(const struct rule_publication *publication,
                       const struct rule_outcome *outcome)
{
    json_t *json = json_pack("{s:s, s:I, s:b, s:b, s:b}", "id", publication->set->id, "version",
                             (json_int_t)outcome->version, "published", (int)!outcome->unchanged,
                             "judged", (int)(outcome->judged || outcome->unchanged), "accepted",
                             (int)(outcome->accepted || outcome->unchanged));
    if (json == NULL)
        return;
    if (outcome->reason[0] != '\0')
        json_object_set_new(json, "reason", json_string(outcome->reason));
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
}

enum status rule_tell(const struct rule_publication *publication,
                      const struct rule_outcome *outcome, bool json, struct error *error)
{
    const Redress__V1__RuleSet *set = publication->set;
    bool refused = outcome->judged && !outcome->accepted;
    if (json)
        print_json(publication, outcome);
    else if (!refused)
        printf("%s/%" PRId64 " %s\n", set->id, outcome->version,
               outcome->unchanged  ? "says the same already"
               : outcome->accepted ? "accepted"
                                   : "published");
    if (refused)
        return error_set(error, STATUS_INVALID, "%s refused %s/%" PRId64 ": %.380s",
                         rule_worker(set), set->id, outcome->version, outcome->reason);
    if (!outcome->unchanged && !outcome->judged && publication->wait_s > 0)
        return error_set(error, STATUS_RETRY,
                         "%s/%" PRId64 " is published, and %s has not checked it after %" PRId64
                         " s: is it running? (redressctl status)",
                         set->id, outcome->version, rule_worker(set), publication->wait_s);
    return STATUS_OK;
}
