#include "api.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 512 };

/* X(method, path with * for an id, handler, endpoint that takes keys or -1) */
#define ROUTE_ROWS(X)                                                  \
    X("POST", "/v1/refunds", refunds_create, ENDPOINT_CREATE)          \
    X("GET", "/v1/refunds", refunds_list, -1)                          \
    X("GET", "/v1/refunds/*", refunds_retrieve, -1)                    \
    X("POST", "/v1/refunds/*", refunds_update, ENDPOINT_UPDATE)        \
    X("POST", "/v1/refunds/*/cancel", refunds_cancel, ENDPOINT_CANCEL) \
    X("GET", "/v1/payment_intents/*", payments_intent, -1)             \
    X("GET", "/v1/charges/*", payments_charge, -1)                     \
    X("GET", "/livez", admin_live, -1)                                 \
    X("GET", "/sandbox/summary", admin_summary, -1)                    \
    X("GET", "/sandbox/effects", admin_effects, -1)                    \
    X("POST", "/sandbox/payments", admin_payment, -1)                  \
    X("POST", "/sandbox/refunds", admin_refund, -1)                    \
    X("POST", "/sandbox/refunds/*", admin_status, -1)                  \
    X("POST", "/sandbox/disputes", admin_dispute, -1)                  \
    X("POST", "/sandbox/faults", admin_faults, -1)                     \
    X("POST", "/sandbox/keys/forget", admin_forget, -1)

static const struct route {
    const char *method;
    const char *path;
    endpoint_function *handler;
    int endpoint;
} routes[] = {
#define X(method, path, handler, endpoint) {method, path, handler, endpoint},
    ROUTE_ROWS(X)
#undef X
};

static const char *const endpoint_paths[] = {
#define X(name, path) path,
    ENDPOINT_ROWS(X)
#undef X
};

/* Whether `path` fits `pattern`; the part for * is copied to `id`. */
static bool fits(const char *pattern, const char *path, char id[PATH_MAX_BYTES])
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern);
    size_t after = strlen(star + 1);
    size_t size = strlen(path);
    if (size <= before + after || size >= PATH_MAX_BYTES || strncmp(pattern, path, before) != 0 ||
        strcmp(star + 1, path + size - after) != 0)
        return false;
    size_t length = size - before - after;
    memcpy(id, path + before, length);
    id[length] = '\0';
    return strchr(id, '/') == NULL;
}

static const struct route *find_route(struct request *request, char id[PATH_MAX_BYTES])
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(routes[i].method, request->method) == 0 &&
            fits(routes[i].path, request->path, id)) {
            request->id = id;
            return &routes[i];
        }
    return NULL;
}

/* The API key of "Bearer KEY" or "Basic base64(KEY:)", or NULL. */
static const char *api_key(const char *authorization, char key[SANDBOX_API_KEY_MAX])
{
    if (authorization == NULL)
        return NULL;
    if (strncasecmp(authorization, "Bearer ", 7) == 0) {
        (void)snprintf(key, SANDBOX_API_KEY_MAX, "%s", authorization + 7);
        return key;
    }
    size_t size;
    if (strncasecmp(authorization, "Basic ", 6) != 0 ||
        sodium_base642bin((unsigned char *)key, SANDBOX_API_KEY_MAX - 1, authorization + 6,
                          strlen(authorization + 6), NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return NULL;
    key[size] = '\0';
    key[strcspn(key, ":")] = '\0';
    return key;
}

/* Only such text can be cut anywhere and stay UTF-8. */
static bool is_ascii(const char *text)
{
    while (*text > 0)
        text++;
    return *text == '\0';
}

static enum status authenticate(const struct sandbox *sandbox, const struct request *request,
                                struct answer *answer)
{
    char text[SANDBOX_API_KEY_MAX];
    const char *key = api_key(request->authorization, text);
    if (key == NULL || *key == '\0') {
        answer_error(answer, 401, ERROR_INVALID, NULL, NULL,
                     "You did not provide an API key. You need to provide your API key in the "
                     "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                     "YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
                     "details, or we can help at https://support.stripe.com/.");
        return STATUS_INVALID;
    }
    bool test_key =
        (strncmp(key, "sk_test_", 8) == 0 || strncmp(key, "rk_test_", 8) == 0) && key[8] != '\0';
    if (*sandbox->api_key == '\0' ? test_key : strcmp(key, sandbox->api_key) == 0)
        return STATUS_OK;
    /* Not even a wrong key is shown whole. */
    size_t size = strlen(key);
    bool shown = size > 12 && is_ascii(key);
    answer_error(answer, 401, ERROR_INVALID, NULL, NULL, "Invalid API Key provided: %.*s****%s",
                 shown ? 8 : 0, key, shown ? key + size - 4 : "");
    return STATUS_INVALID;
}

static enum status read_body(struct request *request, struct answer *answer)
{
    static const char form_type[] = "application/x-www-form-urlencoded";
    const char *problem = NULL;
    if (request->body_too_large) {
        answer_error(answer, 413, ERROR_INVALID, NULL, NULL, "The request body is too large.");
        return STATUS_INVALID;
    }
    if (request->body == NULL || *request->body == '\0')
        return STATUS_OK;
    if (request->content_type == NULL ||
        strncasecmp(request->content_type, form_type, sizeof form_type - 1) != 0)
        problem = "Invalid request (check that your POST content type is "
                  "application/x-www-form-urlencoded). If you have any questions, we can help at "
                  "https://support.stripe.com/.";
    else if (request->body_has_nul)
        problem = "Invalid NUL in the parameters.";
    else
        problem = form_parse(&request->form, request->body);
    if (problem == NULL)
        return STATUS_OK;
    answer_error(answer, 400, ERROR_INVALID, NULL, NULL, "%s", problem);
    return STATUS_INVALID;
}

static void write_path(const struct store *store, enum endpoint endpoint, uint32_t refund,
                       char path[PATH_MAX_BYTES])
{
    char id[STORE_ID_ROOM] = "";
    if (refund != STORE_NONE)
        (void)refund_id(store, refund, id);
    const char *rest = endpoint == ENDPOINT_CANCEL ? "/cancel" : "";
    (void)snprintf(path, PATH_MAX_BYTES, "%s%s%s%s", endpoint_paths[ENDPOINT_CREATE],
                   endpoint == ENDPOINT_CREATE ? "" : "/", endpoint == ENDPOINT_CREATE ? "" : id,
                   rest);
}

/* The saved answer, or why it is refused. */
static void replay(struct sandbox *sandbox, uint32_t slot, const struct key_use *use,
                   struct answer *answer)
{
    const struct key_record *record = &sandbox->keys.records[slot];
    bool same_endpoint = record->endpoint == use->endpoint &&
                         (use->endpoint == ENDPOINT_CREATE || record->refund == use->refund);
    char first[PATH_MAX_BYTES];
    char second[PATH_MAX_BYTES];
    if (record->in_use) {
        answer_error(answer, 409, ERROR_IDEMPOTENCY, "idempotency_key_in_use", NULL,
                     "There is currently another in-progress request using this Idempotent Key "
                     "(that probably means you submitted twice, and the other request is still "
                     "going through): %s. Please try again later.",
                     use->key);
    } else if (!same_endpoint) {
        write_path(&sandbox->store, record->endpoint, record->refund, first);
        write_path(&sandbox->store, use->endpoint, use->refund, second);
        answer_error(answer, 400, ERROR_IDEMPOTENCY, NULL, NULL,
                     "Keys for idempotent requests can only be used for the same endpoint they "
                     "were first used for ('%s' vs '%s'). Try using a key other than '%s' if you "
                     "meant to execute a different request.",
                     second, first, use->key);
    } else if (record->fingerprint != use->fingerprint) {
        answer_error(answer, 400, ERROR_IDEMPOTENCY, NULL, NULL,
                     "Keys for idempotent requests can only be used with the same parameters they "
                     "were first used with. Try using a key other than '%s' if you meant to "
                     "execute a different request.",
                     use->key);
    } else {
        answer->status = record->status;
        answer->replayed = true;
        answer->original = record->request;
        if (record->body != NULL)
            out_raw(&answer->body, record->body);
        else {
            refund_write(&answer->body, &sandbox->store, record->refund, true);
            out_raw(&answer->body, "\n");
        }
    }
}

static void server_error(struct answer *answer)
{
    answer_error(answer, 500, ERROR_API, NULL, NULL, "An unknown error occurred");
}

/* Saves an answer under its key. That of a plain creation is in the refund's line of the log and
 * made again from the refund. */
static void save(struct sandbox *sandbox, const struct key_use *use, struct answer *answer)
{
    bool plain = answer->made != STORE_NONE && answer->status == 200;
    char *body = NULL;
    if (!plain) {
        out_raw(&answer->body, "");
        body = answer->body.failed ? NULL : strdup(answer->body.bytes);
        if (body == NULL) {
            sandbox->effects.broken = true;
            return;
        }
        if (answer->status != 200)
            effects_answer(&sandbox->effects, sandbox->now_us, &sandbox->store, use, answer->status,
                           body);
    }
    answer->key_slot = keys_save(&sandbox->keys, use, sandbox->now_us, (uint16_t)answer->status,
                                 body, plain ? answer->made : use->refund);
    if (answer->key_slot == KEY_NONE)
        sandbox->effects.broken = true;
    else if (plain)
        sandbox->store.refunds[answer->made].key = answer->key_slot;
}

/* Runs an endpoint that takes keys, with the faults that happen inside it. */
static void execute(struct sandbox *sandbox, const struct route *route,
                    const struct request *request, const struct key_use *use, struct answer *answer)
{
    bool creates = use->endpoint == ENDPOINT_CREATE;
    struct faults *faults = &sandbox->faults;
    if (creates && faults_strike(faults, FAULT_HTTP_500_BEFORE)) {
        server_error(answer);
        answer->begun = true;
    } else {
        route->handler(sandbox, request, use, answer);
        if (creates && answer->made != STORE_NONE && faults_strike(faults, FAULT_HTTP_500_AFTER))
            server_error(answer);
    }
    if (use->key == NULL || !answer->begun)
        return;
    save(sandbox, use, answer);
    if (creates && answer->key_slot != KEY_NONE && faults_strike(faults, FAULT_KEY_FORGOTTEN)) {
        keys_forget(&sandbox->keys, answer->key_slot);
        answer->key_slot = KEY_NONE;
    }
}

static void answer_keyed(struct sandbox *sandbox, const struct route *route,
                         const struct request *request, struct answer *answer)
{
    struct key_use use = {.key =
                              request->key != NULL && *request->key != '\0' ? request->key : NULL,
                          .request = request->number,
                          .refund = STORE_NONE,
                          .endpoint = (enum endpoint)route->endpoint};
    if (use.endpoint != ENDPOINT_CREATE)
        use.refund = store_refund_find(&sandbox->store, request->id);
    if (use.key == NULL) {
        execute(sandbox, route, request, &use, answer);
        return;
    }
    if (strlen(use.key) > IDEMPOTENCY_KEY_MAX || !form_is_utf8(use.key)) {
        answer_error(answer, 400, ERROR_INVALID, NULL, NULL,
                     "Idempotency keys can have up to %d characters, in UTF-8.",
                     IDEMPOTENCY_KEY_MAX);
        return;
    }
    use.fingerprint = form_fingerprint(&request->form, request->path);
    uint32_t slot = keys_find(&sandbox->keys, use.key, sandbox->now_us);
    if (slot != KEY_NONE)
        replay(sandbox, slot, &use, answer);
    else
        execute(sandbox, route, request, &use, answer);
}

/* The faults that come before anything of the request is looked at. */
static bool strike_early(struct sandbox *sandbox, struct answer *answer)
{
    if (faults_strike(&sandbox->faults, FAULT_LOST_BEFORE)) {
        answer->lost = true;
    } else if (faults_strike(&sandbox->faults, FAULT_HTTP_429)) {
        answer_error(answer, 429, ERROR_INVALID, "rate_limit", NULL,
                     "Testmode request rate limit exceeded, the rate limits in testmode are lower "
                     "than livemode. You can learn more about rate limits here "
                     "https://stripe.com/docs/rate-limits.");
    } else if (faults_strike(&sandbox->faults, FAULT_HTTP_503)) {
        answer_error(answer, 503, ERROR_API, NULL, NULL, "The service is unavailable.");
    } else {
        return false;
    }
    return true;
}

static void answer_api(struct sandbox *sandbox, const struct route *route, struct request *request,
                       struct answer *answer)
{
    if (strike_early(sandbox, answer) || authenticate(sandbox, request, answer) != STATUS_OK ||
        read_body(request, answer) != STATUS_OK)
        return;
    struct key_use unkeyed = {.refund = STORE_NONE};
    if (route->endpoint < 0)
        route->handler(sandbox, request, &unkeyed, answer);
    else
        answer_keyed(sandbox, route, request, answer);
    answer->lost = faults_strike(&sandbox->faults, FAULT_LOST_AFTER);
}

static void hold(struct sandbox *sandbox, struct answer *answer)
{
    answer->hold_us = sandbox->options.delay_ms * 1000;
    if (faults_strike(&sandbox->faults, FAULT_SLOW))
        answer->hold_us += sandbox->faults.time_ms[FAULT_TIME_SLOW] * 1000;
    if (answer->hold_us > 0 && answer->key_slot != KEY_NONE)
        sandbox->keys.records[answer->key_slot].in_use = true;
    else
        answer->key_slot = KEY_NONE;
}

void api_handle(struct sandbox *sandbox, struct request *request, struct answer *answer)
{
    char id[PATH_MAX_BYTES] = "";
    request->number = ++sandbox->requests;
    if (!form_is_utf8(request->path) || !form_is_utf8(request->method)) {
        answer_error(answer, 400, ERROR_INVALID, NULL, NULL, "Invalid UTF-8 in the request line.");
        return;
    }
    const struct route *route = find_route(request, id);
    if (route == NULL) {
        answer_error(answer, 404, ERROR_INVALID, NULL, NULL,
                     "Unrecognized request URL (%s: %s). Please see https://stripe.com/docs or "
                     "we can help at https://support.stripe.com/.",
                     request->method, request->path);
    } else if (strncmp(route->path, "/v1/", 4) == 0) {
        answer_api(sandbox, route, request, answer);
        hold(sandbox, answer);
    } else if (read_body(request, answer) == STATUS_OK) {
        struct key_use unkeyed = {.refund = STORE_NONE};
        route->handler(sandbox, request, &unkeyed, answer);
    }
}

void api_sent(struct sandbox *sandbox, struct answer *answer)
{
    if (answer->key_slot != KEY_NONE)
        sandbox->keys.records[answer->key_slot].in_use = false;
    answer->key_slot = KEY_NONE;
    out_free(&answer->body);
}
