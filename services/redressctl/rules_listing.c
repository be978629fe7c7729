#include "rules_listing.h"

#include "command.h"
#include "database.h"
#include "listing.h"

#include <stdio.h>

static const char *const workers[] = {"policy", "routing", "settlement"};

static const char sql_json[] =
    "SELECT kind, merchant_id, id, version, accepted, reason, judged_by, valid_from, published_at,"
    "       author, signers, correction, content_sha256 AS sha256, revision, checked_at"
    "  FROM view.rule_set"
    " WHERE (accepted OR $1 = 'all') AND (kind IN ('policy', 'authority') OR $2 = 'every kind')"
    " ORDER BY kind, merchant_id, valid_from, revision, log_offset";

static const char sql_plain[] =
    "SELECT kind AS \"KIND\", CASE merchant_id WHEN '' THEN '(all)' ELSE merchant_id END"
    "       AS \"MERCHANT\","
    "       CASE version WHEN 0 THEN id ELSE id || '/' || version END AS \"ID/VERSION\","
    "       CASE WHEN accepted THEN to_char(valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
    "            ELSE '-' END AS \"VALID FROM (UTC)\", coalesce(judged_by, '-') AS \"JUDGED BY\","
    "       CASE signers WHEN '' THEN '-' ELSE signers END AS \"SIGNED BY\","
    "       left(content_sha256, 12) AS \"SHA-256\","
    "       CASE WHEN accepted THEN 'accepted'"
    "            || CASE correction WHEN '' THEN '' ELSE ', correction: ' || correction END"
    "            ELSE 'refused: ' || reason END AS \"VERDICT\""
    "  FROM view.rule_set"
    " WHERE (accepted OR $1 = 'all') AND (kind IN ('policy', 'authority') OR $2 = 'every kind')"
    " ORDER BY kind, merchant_id, valid_from, revision, log_offset";

static enum status add_rows(const struct session *session, const char *worker,
                            const char *const *params, json_t *rows, struct error *error)
{
    struct database *database;
    json_t *found = NULL;
    enum status status = session_database(session, worker, &database, error);
    if (status != STATUS_OK)
        return status;
    status = listing_json(database, sql_json, params, 2, &found, error);
    database_close(database);
    if (status != STATUS_OK)
        return status;
    (void)json_array_extend(rows, found);
    json_decref(found);
    return STATUS_OK;
}

static enum status list_json(const struct session *session, const char *const *params,
                             struct error *error)
{
    json_t *rows = json_array();
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sizeof workers / sizeof *workers; i++)
        status = add_rows(session, workers[i], params, rows, error);
    if (status == STATUS_OK) {
        command_print(rows);
    }
    json_decref(rows);
    return status;
}

static enum status list_plain(const struct session *session, const char *const *params,
                              struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sizeof workers / sizeof *workers; i++) {
        struct database *database;
        status = session_database(session, workers[i], &database, error);
        if (status != STATUS_OK)
            break;
        printf("%s:\n", workers[i]);
        status = listing_print(database, sql_plain, params, 2, false, error);
        database_close(database);
    }
    return status;
}

enum status rules_list(const struct session *session, bool models, bool all, bool json,
                       struct error *error)
{
    const char *const params[] = {all ? "all" : "accepted", models ? "models" : "every kind"};
    return json ? list_json(session, params, error) : list_plain(session, params, error);
}
