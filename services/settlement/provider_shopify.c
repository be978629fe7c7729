/* Shopify: the shop platform moves the money itself, by its own gateways.
 *
 *     https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/refundCreate   the call that
 * pays https://shopify.dev/docs/api/admin-graphql/2026-10/queries/order            the call that
 * asks https://shopify.dev/docs/api/usage/idempotent-requests      @idempotent(key:), needed since
 *         2026-04; the same key with other variables: IDEMPOTENCY_KEY_PARAMETER_MISMATCH
 *     https://shopify.dev/docs/api/usage/response-codes, .../limits      errors come with 200 as
 * well; THROTTLED: nothing was done
 *
 * A payment's reference is ORDER/TRANSACTION/GATEWAY: the numbers of the order and of its sale or
 * capture transaction, and the gateway's name. The refund carries the payout id in its note, by
 * which it is found. */

#include "money.h"
#include "request.h"

#include <stdio.h>
#include <string.h>

#define API_PATH "/admin/api/2026-10/graphql.json"
#define NOTE "Redress "

enum { PART_MAX = 128, LISTED = 250 };

#define AMOUNT_FIELDS "{shopMoney{amount currencyCode}presentmentMoney{amount currencyCode}}"
#define REFUND_FIELDS                                  \
    "id note createdAt totalRefundedSet" AMOUNT_FIELDS \
    " transactions(first:10){nodes{kind status amountSet" AMOUNT_FIELDS "}}"

#define MUTATION                                                                   \
    "mutation Refund($input:RefundInput!,$key:String!){refundCreate(input:$input)" \
    "@idempotent(key:$key){refund{" REFUND_FIELDS "}userErrors{field message}}}"
#define QUERY "query Refunds($id:ID!){order(id:$id){refunds(first:250){" REFUND_FIELDS "}}}"

struct parts {
    char order[PART_MAX], transaction[PART_MAX], gateway[PART_MAX];
};

static bool is_digits(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static bool split(const char *reference, struct parts *parts)
{
    const char *second = strchr(reference, '/');
    const char *third = second == NULL ? NULL : strchr(second + 1, '/');
    if (third == NULL || second - reference >= PART_MAX || third - second > PART_MAX ||
        strlen(third + 1) >= PART_MAX || third[1] == '\0')
        return false;
    (void)snprintf(parts->order, PART_MAX, "%.*s", (int)(second - reference), reference);
    (void)snprintf(parts->transaction, PART_MAX, "%.*s", (int)(third - second - 1), second + 1);
    (void)snprintf(parts->gateway, PART_MAX, "%s", third + 1);
    return is_digits(parts->order) && is_digits(parts->transaction);
}

static void write_id(struct writer *body, const char *name, const char *type, const char *number)
{
    write_text(body, "\"");
    write_text(body, name);
    write_text(body, "\":\"gid://shopify/");
    write_text(body, type);
    write_text(body, "/");
    write_text(body, number);
    write_text(body, "\"");
}

static bool finish(const struct provider_account *account, struct provider_request *request,
                   const struct writer *body)
{
    struct writer url = writer_over(request->url, sizeof request->url);
    write_text(&url, account->url);
    write_text(&url, API_PATH);
    request_start(request, true);
    request_header(request, "X-Shopify-Access-Token", "", account->secret);
    request_header(request, "Content-Type", "", "application/json");
    return url.ok && body->ok;
}

/* Form 1. Nothing here may change for payouts of this form. */
static void write_body_1(struct writer *body, const struct parts *parts,
                         const struct provider_payout *payout)
{
    write_text(body, "{\"query\":\"" MUTATION "\",\"variables\":{\"key\":");
    write_json(body, payout->payout_id);
    write_text(body, ",\"input\":{");
    write_id(body, "orderId", "Order", parts->order);
    write_text(body, ",\"currency\":");
    write_json(body, payout->currency);
    write_text(body, ",\"note\":\"" NOTE);
    write_text(body, payout->payout_id);
    write_text(body, "\",\"transactions\":[{");
    write_id(body, "orderId", "Order", parts->order);
    write_text(body, ",");
    write_id(body, "parentId", "OrderTransaction", parts->transaction);
    write_text(body, ",\"kind\":\"REFUND\",\"gateway\":");
    write_json(body, parts->gateway);
    write_text(body, ",\"amount\":\"");
    write_decimal(body, payout->amount_minor, currency_exponent(payout->currency));
    write_text(body, "\"}]}}}");
}

static bool shopify_start(const struct provider_account *account,
                          const struct provider_payout *payout, struct provider_request *request,
                          struct finding *finding)
{
    struct parts parts;
    struct writer body = writer_over(request->body, sizeof request->body);
    if (!split(payout->reference, &parts))
        return finding_refuse(finding, "reference_not_understood",
                              "the payment's reference is not ORDER/TRANSACTION/GATEWAY");
    if (currency_exponent(payout->currency) < 0)
        return finding_refuse(finding, "amount_not_representable", "not a currency");
    write_body_1(&body, &parts, payout);
    if (finish(account, request, &body) && payout->form == FORM_VERSION)
        return true;
    return finding_refuse(finding, "reference_not_understood", "the request is too long");
}

static bool shopify_look_up(const struct provider_account *account,
                            const struct provider_payout *payout, const char *cursor,
                            struct provider_request *request)
{
    struct parts parts;
    struct writer body = writer_over(request->body, sizeof request->body);
    if (!split(payout->reference, &parts) || cursor[0] != '\0')
        return false;
    write_text(&body, "{\"query\":\"" QUERY "\",\"variables\":{");
    write_id(&body, "id", "Order", parts.order);
    write_text(&body, "}}");
    return finish(account, request, &body);
}

/* Answers. */

/* Of what was paid in the currency of the payment: the shop's, or the one shown to the customer. */
static bool read_amount(const json_t *set, const char *currency, struct finding *finding)
{
    static const char *const sides[] = {"presentmentMoney", "shopMoney"};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        const json_t *money = json_object_get(set, sides[i]);
        if (strcmp(answer_text(money, "currencyCode"), currency) != 0)
            continue;
        answer_copy(finding->currency, sizeof finding->currency, currency);
        return answer_decimal(answer_text(money, "amount"), currency, &finding->amount_minor);
    }
    return false;
}

static enum refund_status status_of(const char *word)
{
    if (strcmp(word, "SUCCESS") == 0)
        return REFUND_STATUS_SUCCEEDED;
    return strcmp(word, "FAILURE") == 0 || strcmp(word, "ERROR") == 0 ? REFUND_STATUS_FAILED
                                                                      : REFUND_STATUS_PENDING;
}

/* A refund is as far as its one refund transaction is. */
static bool read_refund(const json_t *refund, const struct provider_payout *payout,
                        int32_t http_status, struct finding *finding)
{
    const json_t *nodes = json_object_get(json_object_get(refund, "transactions"), "nodes");
    *finding = (struct finding){.kind = FINDING_REFUND, .http_status = http_status};
    finding->status = REFUND_STATUS_PENDING;
    finding->created_us = answer_time(refund, "createdAt");
    answer_copy(finding->provider_refund_id, sizeof finding->provider_refund_id,
                answer_text(refund, "id"));
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *node = json_array_get(nodes, i);
        if (strcmp(answer_text(node, "kind"), "REFUND") != 0)
            continue;
        finding->status = status_of(answer_text(node, "status"));
        return finding->provider_refund_id[0] != '\0' &&
               read_amount(json_object_get(node, "amountSet"), payout->currency, finding);
    }
    return finding->provider_refund_id[0] != '\0' &&
           read_amount(json_object_get(refund, "totalRefundedSet"), payout->currency, finding);
}

static enum call_failure failure_of(int32_t http_status)
{
    switch (http_status) {
    case 400:
    case 403:
    case 404:
    case 406:
    case 422:
        return CALL_FAILURE_REFUSED;
    case 401:
    case 402:
    case 423:
    case 429:
    case 430:
        return CALL_FAILURE_NOT_SENT;
    default:
        return CALL_FAILURE_UNKNOWN;
    }
}

/* Errors of the whole query: before anything was done, except for those of a server. */
static void read_errors(const json_t *errors, int32_t http_status, struct finding *finding)
{
    const json_t *first = json_array_get(errors, 0);
    const char *code = answer_text(json_object_get(first, "extensions"), "code");
    enum call_failure failure = CALL_FAILURE_REFUSED;
    if (strcmp(code, "THROTTLED") == 0)
        failure = CALL_FAILURE_NOT_SENT;
    else if (strcmp(code, "INTERNAL_SERVER_ERROR") == 0 || strcmp(code, "TIMEOUT") == 0 ||
             strcmp(code, "IDEMPOTENCY_CONCURRENT_REQUEST") == 0)
        failure = CALL_FAILURE_UNKNOWN;
    finding_fail(finding, failure, http_status, code[0] == '\0' ? "shopify_error" : code,
                 answer_text(first, "message"));
}

static void shopify_parse_start(const struct provider_payout *payout, int32_t http_status,
                                const char *body, size_t size, struct finding *finding)
{
    json_t *answer = answer_json(body, size);
    const json_t *created = json_object_get(json_object_get(answer, "data"), "refundCreate");
    const json_t *errors = json_object_get(created, "userErrors");
    const json_t *refund = json_object_get(created, "refund");
    if (http_status != 200)
        finding_fail(finding, failure_of(http_status), http_status, "shopify_error", "");
    else if (json_array_size(json_object_get(answer, "errors")) > 0)
        read_errors(json_object_get(answer, "errors"), http_status, finding);
    else if (json_array_size(errors) > 0 && !json_is_object(refund))
        finding_fail(finding, CALL_FAILURE_REFUSED, http_status, "shopify_user_error",
                     answer_text(json_array_get(errors, 0), "message"));
    else if (!read_refund(refund, payout, http_status, finding))
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_not_understood", "");
    else if (strstr(answer_text(refund, "note"), payout->payout_id) == NULL)
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_of_another_payout", "");
    json_decref(answer);
}

static void shopify_parse_look_up(const struct provider_payout *payout, int32_t http_status,
                                  const char *body, size_t size, struct finding *finding)
{
    json_t *answer = http_status == 200 ? answer_json(body, size) : NULL;
    const json_t *order = json_object_get(json_object_get(answer, "data"), "order");
    const json_t *refunds = json_object_get(order, "refunds");
    size_t count = json_array_size(refunds);
    *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
    if (json_is_array(refunds) && count < LISTED && json_object_get(answer, "errors") == NULL)
        finding->kind = FINDING_NOT_FOUND;
    for (size_t i = 0; i < count; i++) {
        const json_t *refund = json_array_get(refunds, i);
        if (strstr(answer_text(refund, "note"), payout->payout_id) == NULL)
            continue;
        if (!read_refund(refund, payout, http_status, finding))
            *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
        break;
    }
    json_decref(answer);
}

const struct provider provider_shopify = {
    .name = PROVIDER_SHOPIFY,
    .start = shopify_start,
    .look_up = shopify_look_up,
    .parse_start = shopify_parse_start,
    .parse_look_up = shopify_parse_look_up,
};
