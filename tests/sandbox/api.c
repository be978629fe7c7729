#include "api.h"

#include "dialect.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 512 };

enum { FOR_TESTS = -1, NO_KEY = -1 };

/* X(dialect or FOR_TESTS, method, path with * for an id, handler, endpoint that takes keys or
 *   NO_KEY) */
#define ROUTE_ROWS(X)                                                                           \
    X(DIALECT_STRIPE, "POST", "/v1/refunds", refunds_create, ENDPOINT_CREATE)                   \
    X(DIALECT_STRIPE, "GET", "/v1/refunds", refunds_list, NO_KEY)                               \
    X(DIALECT_STRIPE, "GET", "/v1/refunds/*", refunds_retrieve, NO_KEY)                         \
    X(DIALECT_STRIPE, "POST", "/v1/refunds/*", refunds_update, ENDPOINT_UPDATE)                 \
    X(DIALECT_STRIPE, "POST", "/v1/refunds/*/cancel", refunds_cancel, ENDPOINT_CANCEL)          \
    X(DIALECT_STRIPE, "GET", "/v1/payment_intents/*", payments_intent, NO_KEY)                  \
    X(DIALECT_STRIPE, "GET", "/v1/charges/*", payments_charge, NO_KEY)                          \
    X(DIALECT_ADYEN, "POST", "/v71/payments/*/refunds", adyen_refund, ENDPOINT_CREATE)          \
    X(DIALECT_PAYPAL, "POST", "/v1/oauth2/token", paypal_token, NO_KEY)                         \
    X(DIALECT_PAYPAL, "POST", "/v2/payments/captures/*/refund", paypal_refund, ENDPOINT_CREATE) \
    X(DIALECT_PAYPAL, "GET", "/v2/payments/refunds/*", paypal_retrieve, NO_KEY)                 \
    X(FOR_TESTS, "GET", "/v1/notifications/certs/*", paypal_certificate, NO_KEY)                \
    X(FOR_TESTS, "GET", "/livez", admin_live, NO_KEY)                                           \
    X(FOR_TESTS, "GET", "/sandbox/summary", admin_summary, NO_KEY)                              \
    X(FOR_TESTS, "GET", "/sandbox/effects", admin_effects, NO_KEY)                              \
    X(FOR_TESTS, "GET", "/sandbox/webhooks", admin_webhooks, NO_KEY)                            \
    X(FOR_TESTS, "GET", "/sandbox/certificate", admin_certificate, NO_KEY)                      \
    X(FOR_TESTS, "POST", "/sandbox/payments", admin_payment, NO_KEY)                            \
    X(FOR_TESTS, "POST", "/sandbox/refunds", admin_refund, NO_KEY)                              \
    X(FOR_TESTS, "POST", "/sandbox/refunds/*", admin_status, NO_KEY)                            \
    X(FOR_TESTS, "POST", "/sandbox/disputes", admin_dispute, NO_KEY)                            \
    X(FOR_TESTS, "POST", "/sandbox/disputes/*", admin_dispute_end, NO_KEY)                      \
    X(FOR_TESTS, "POST", "/sandbox/faults", admin_faults, NO_KEY)                               \
    X(FOR_TESTS, "POST", "/sandbox/keys/forget", admin_forget, NO_KEY)

static const struct route {
    int dialect;
    const char *method;
    const char *path;
    endpoint_function *handler;
    int endpoint;
} routes[] = {
#define X(dialect, method, path, handler, endpoint) {dialect, method, path, handler, endpoint},
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

static enum status authenticate(struct sandbox *sandbox, const struct request *request,
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

/* What the faults answer. */
static void trouble(struct answer *answer, unsigned status)
{
    if (status == 429)
        answer_error(answer, 429, ERROR_INVALID, "rate_limit", NULL,
                     "Testmode request rate limit exceeded, the rate limits in testmode are lower "
                     "than livemode. You can learn more about rate limits here "
                     "https://stripe.com/docs/rate-limits.");
    else
        answer_error(answer, status, ERROR_API, NULL, NULL,
                     status == 503 ? "The service is unavailable." : "An unknown error occurred");
}

const struct dialect_rules dialect_stripe = {
    .trouble = trouble,
    .authenticate = authenticate,
    .read_body = read_body,
    .replay = replay,
    .key_max = IDEMPOTENCY_KEY_MAX,
    .keeps_errors = true,
};

/* Saves an answer under its key. That of a plain creation is in the refund's line of the log and
 * made again from the refund. */
static void save(struct sandbox *sandbox, const struct key_use *use, struct answer *answer)
{
    bool plain = answer->made != STORE_NONE && answer->status < 300;
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
    const struct dialect_rules *rules = dialect_rules((enum dialect)use->dialect);
    bool creates = use->endpoint == ENDPOINT_CREATE, troubled = false;
    struct faults *faults = &sandbox->faults;
    if (creates && faults_strike(faults, FAULT_HTTP_500_BEFORE)) {
        rules->trouble(answer, 500);
        answer->begun = rules->keeps_errors;
    } else {
        route->handler(sandbox, request, use, answer);
        troubled =
            creates && answer->made != STORE_NONE && faults_strike(faults, FAULT_HTTP_500_AFTER);
    }
    if (troubled && rules->keeps_errors)
        rules->trouble(answer, 500);
    if (use->key != NULL && answer->begun && (rules->keeps_errors || answer->made != STORE_NONE))
        save(sandbox, use, answer);
    if (troubled)
        rules->trouble(answer, 500);
    if (creates && rules->keeps_errors && answer->key_slot != KEY_NONE &&
        faults_strike(faults, FAULT_KEY_FORGOTTEN)) {
        keys_forget(&sandbox->keys, answer->key_slot);
        answer->key_slot = KEY_NONE;
    }
}

/* Of endpoint and parameters; of JSON, the bytes as they came. */
static uint64_t fingerprint(const struct request *request)
{
    uint64_t hash = 0;
    crypto_generichash_state state;
    if (request->json == NULL)
        return form_fingerprint(&request->form, request->path);
    crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES_MIN);
    unsigned char bytes[crypto_generichash_BYTES_MIN];
    crypto_generichash_update(&state, (const unsigned char *)request->path,
                              strlen(request->path) + 1);
    crypto_generichash_update(&state, (const unsigned char *)request->body, strlen(request->body));
    crypto_generichash_final(&state, bytes, sizeof bytes);
    memcpy(&hash, bytes, sizeof hash);
    return hash;
}

static void answer_keyed(struct sandbox *sandbox, const struct route *route,
                         const struct request *request, struct answer *answer)
{
    struct key_use use = {.key =
                              request->key != NULL && *request->key != '\0' ? request->key : NULL,
                          .request = request->number,
                          .refund = STORE_NONE,
                          .endpoint = (enum endpoint)route->endpoint,
                          .dialect = (uint8_t)route->dialect};
    const struct dialect_rules *rules = dialect_rules((enum dialect)route->dialect);
    if (use.endpoint != ENDPOINT_CREATE)
        use.refund = store_refund_find(&sandbox->store, request->id);
    if (use.key == NULL) {
        execute(sandbox, route, request, &use, answer);
        return;
    }
    if (strlen(use.key) > rules->key_max || !form_is_utf8(use.key)) {
        answer_error(answer, 400, ERROR_INVALID, NULL, NULL,
                     "Idempotency keys can have up to %zu characters, in UTF-8.", rules->key_max);
        return;
    }
    use.fingerprint = fingerprint(request);
    uint32_t slot = keys_find(&sandbox->keys, use.dialect, use.key, sandbox->now_us);
    if (slot != KEY_NONE)
        rules->replay(sandbox, slot, &use, answer);
    else
        execute(sandbox, route, request, &use, answer);
}

/* The faults that come before anything of the request is looked at. */
static bool strike_early(struct sandbox *sandbox, const struct dialect_rules *rules,
                         struct answer *answer)
{
    if (faults_strike(&sandbox->faults, FAULT_LOST_BEFORE)) {
        answer->lost = true;
    } else if (faults_strike(&sandbox->faults, FAULT_HTTP_429)) {
        rules->trouble(answer, 429);
    } else if (faults_strike(&sandbox->faults, FAULT_HTTP_503)) {
        rules->trouble(answer, 503);
    } else {
        return false;
    }
    return true;
}

static void answer_api(struct sandbox *sandbox, const struct route *route, struct request *request,
                       struct answer *answer)
{
    const struct dialect_rules *rules = dialect_rules((enum dialect)route->dialect);
    if (strike_early(sandbox, rules, answer) ||
        rules->authenticate(sandbox, request, answer) != STATUS_OK ||
        rules->read_body(request, answer) != STATUS_OK)
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
    } else if (route->dialect != FOR_TESTS) {
        answer->dialect = (uint8_t)route->dialect;
        if (route->dialect == DIALECT_PAYPAL)
            request->key = request->paypal_key;
        answer_api(sandbox, route, request, answer);
        json_decref(request->json);
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
