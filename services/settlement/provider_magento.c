/* Magento (Adobe Commerce): the shop platform moves the money itself, by its own gateways.
 *
 *     https://developer.adobe.com/commerce/webapi/rest/tutorials/orders/order-issue-refund/
 *     POST /V1/invoice/{id}/refund with isOnline: the only request that goes through the gateway
 *     GET /V1/creditmemos, searched by order: the call that asks
 *
 * There are no idempotency keys: what is lost is looked up, and never sent again. A payment's
 * reference is INVOICE/ORDER/ITEM, the numbers of the invoice, of its order and of any item on it:
 * amounts are refunded as an adjustment beside that item with quantity 0, as no items at all would
 * mean all of them. The credit memo carries the payout id in its comment, by which it is found.
 * What it says of amounts are binary fractions, which are not read: it is taken to be what was
 * asked. */

#include "money.h"
#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NOTE "Redress "

enum { PART_MAX = 24, PAGE_SIZE = 300, STATE_REFUNDED = 2 };

struct parts {
    char invoice[PART_MAX], order[PART_MAX], item[PART_MAX];
};

static bool split(const char *reference, struct parts *parts)
{
    int end = 0;
    return sscanf(reference, "%18[0-9]/%18[0-9]/%18[0-9]%n", parts->invoice, parts->order,
                  parts->item, &end) == 3 &&
           reference[end] == '\0';
}

static bool finish(const struct provider_account *account, struct provider_request *request,
                   bool post)
{
    request_start(request, post);
    request_header(request, "Authorization", "Bearer ", account->secret);
    if (post)
        request_header(request, "Content-Type", "", "application/json");
    return true;
}

/* Form 1. Nothing here may change for payouts of this form. */
static void write_body_1(struct writer *body, const struct parts *parts,
                         const struct provider_payout *payout)
{
    write_text(body, "{\"items\":[{\"order_item_id\":");
    write_text(body, parts->item);
    write_text(body, ",\"qty\":0}],\"isOnline\":true,\"notify\":false,\"appendComment\":true,"
                     "\"comment\":{\"comment\":\"" NOTE);
    write_text(body, payout->payout_id);
    write_text(body, "\",\"is_visible_on_front\":0},\"arguments\":{\"shipping_amount\":0,"
                     "\"adjustment_positive\":");
    write_decimal(body, payout->amount_minor, currency_exponent(payout->currency));
    write_text(body, ",\"adjustment_negative\":0}}");
}

static bool magento_start(const struct provider_account *account,
                          const struct provider_payout *payout, struct provider_request *request,
                          struct finding *finding)
{
    struct parts parts;
    struct writer url = writer_over(request->url, sizeof request->url);
    struct writer body = writer_over(request->body, sizeof request->body);
    if (!split(payout->reference, &parts))
        return finding_refuse(finding, "reference_not_understood",
                              "the payment's reference is not INVOICE/ORDER/ITEM");
    if (currency_exponent(payout->currency) < 0)
        return finding_refuse(finding, "amount_not_representable", "not a currency");
    write_text(&url, account->url);
    write_text(&url, "/V1/invoice/");
    write_text(&url, parts.invoice);
    write_text(&url, "/refund");
    write_body_1(&body, &parts, payout);
    if (finish(account, request, true) && url.ok && body.ok && payout->form == FORM_VERSION)
        return true;
    return finding_refuse(finding, "reference_not_understood", "the request is too long");
}

static bool magento_look_up(const struct provider_account *account,
                            const struct provider_payout *payout, const char *cursor,
                            struct provider_request *request)
{
    struct parts parts;
    struct writer url = writer_over(request->url, sizeof request->url);
    if (!split(payout->reference, &parts) || cursor[0] != '\0')
        return false;
    write_text(&url, account->url);
    write_text(&url, "/V1/creditmemos?searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D"
                     "%5Bfield%5D=order_id"
                     "&searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5Bvalue%5D=");
    write_text(&url, parts.order);
    write_text(&url, "&searchCriteria%5BpageSize%5D=");
    write_number(&url, PAGE_SIZE);
    return finish(account, request, false) && url.ok;
}

static void found(const struct provider_payout *payout, int64_t id, int32_t http_status,
                  struct finding *finding)
{
    *finding = (struct finding){.kind = FINDING_REFUND,
                                .status = REFUND_STATUS_SUCCEEDED,
                                .amount_minor = payout->amount_minor,
                                .http_status = http_status};
    (void)snprintf(finding->provider_refund_id, sizeof finding->provider_refund_id, "%" PRId64, id);
    answer_copy(finding->currency, sizeof finding->currency, payout->currency);
}

/* Magento answers 400 and 500 for whatever goes wrong, also behind the gateway's answer: only what
 * fails before the request is looked at is known to have done nothing. */
static enum call_failure failure_of(int32_t http_status)
{
    switch (http_status) {
    case 404:
    case 405:
    case 406:
        return CALL_FAILURE_REFUSED;
    case 401:
    case 403:
    case 429:
    case 503:
        return CALL_FAILURE_NOT_SENT;
    default:
        return CALL_FAILURE_UNKNOWN;
    }
}

/* The answer is the number of the credit memo, alone; some versions quote it. */
static void magento_parse_start(const struct provider_payout *payout, int32_t http_status,
                                const char *body, size_t size, struct finding *finding)
{
    json_t *answer = json_loadb(body, size, JSON_DECODE_ANY, NULL);
    int64_t id = (int64_t)json_integer_value(answer);
    if (json_is_string(answer))
        (void)sscanf(json_string_value(answer), "%18" SCNd64, &id);
    if (http_status != 200)
        finding_fail(finding, failure_of(http_status), http_status, "magento_error",
                     answer_text(answer, "message"));
    else if (id <= 0)
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_not_understood", "");
    else
        found(payout, id, http_status, finding);
    json_decref(answer);
}

static bool is_of(const json_t *memo, const struct provider_payout *payout)
{
    const json_t *comments = json_object_get(memo, "comments");
    for (size_t i = 0; i < json_array_size(comments); i++)
        if (strstr(answer_text(json_array_get(comments, i), "comment"), payout->payout_id) != NULL)
            return true;
    return false;
}

static void magento_parse_look_up(const struct provider_payout *payout, int32_t http_status,
                                  const char *body, size_t size, struct finding *finding)
{
    json_t *answer = http_status == 200 ? answer_json(body, size) : NULL;
    const json_t *items = json_object_get(answer, "items");
    size_t count = json_array_size(items);
    *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
    if (json_is_array(items) && count < PAGE_SIZE)
        finding->kind = FINDING_NOT_FOUND;
    for (size_t i = 0; i < count; i++) {
        const json_t *memo = json_array_get(items, i);
        int64_t id = (int64_t)json_integer_value(json_object_get(memo, "entity_id"));
        if (!is_of(memo, payout) || id <= 0)
            continue;
        found(payout, id, http_status, finding);
        if (json_integer_value(json_object_get(memo, "state")) != STATE_REFUNDED)
            finding->status = REFUND_STATUS_PENDING;
        break;
    }
    json_decref(answer);
}

const struct provider provider_magento = {
    .name = PROVIDER_MAGENTO,
    .start = magento_start,
    .look_up = magento_look_up,
    .parse_start = magento_parse_start,
    .parse_look_up = magento_parse_look_up,
};
