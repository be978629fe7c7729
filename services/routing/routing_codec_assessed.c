/* What routing needs of an assessment. */

#include "message.h"
#include "routing_codec.h"

#include <string.h>

static int32_t method_of(const Redress__V1__RefundAssessed *message)
{
    Redress__V1__RefundMethod wished = message->request == NULL
                                           ? REDRESS__V1__REFUND_METHOD__REFUND_METHOD_UNSPECIFIED
                                           : message->request->wished_method;
    for (size_t i = 0; i < message->n_methods; i++)
        if (message->methods[i] == wished)
            return (int32_t)wished;
    return message->n_methods > 0 ? (int32_t)message->methods[0] : METHOD_ORIGINAL;
}

static struct approval_model model_of(struct arena *arena, const Redress__V1__ModelReference *model)
{
    if (model == NULL)
        return (struct approval_model){.present = false};
    return (struct approval_model){true, arena_strdup(arena, model->id), model->version,
                                   arena_strdup(arena, model->sha256)};
}

/* Payments in the currency of the claim; what a sum could not hold counts as ROUTING_MINOR_MAX. */
static bool read_payments(struct arena *arena, const Redress__V1__Facts *facts,
                          struct assessed *assessed)
{
    size_t count = facts == NULL ? 0 : facts->n_payments;
    if (count > ROUTING_PAYMENTS_MAX)
        count = ROUTING_PAYMENTS_MAX;
    struct coverage *payments = arena_array(arena, count + 1, sizeof *payments);
    if (payments == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const Redress__V1__PaymentFacts *payment = facts->payments[i];
        if (payment->captured == NULL || payment->captured->minor <= 0 ||
            strcmp(payment->captured->currency, assessed->currency) != 0)
            continue;
        int64_t minor = payment->captured->minor;
        payments[assessed->payment_count++] =
            (struct coverage){arena_strdup(arena, payment->payment_id),
                              minor < ROUTING_MINOR_MAX ? minor : ROUTING_MINOR_MAX};
    }
    assessed->payments = payments;
    return true;
}

static bool read_methods(struct arena *arena, const Redress__V1__RefundAssessed *message,
                         struct assessed *assessed)
{
    int32_t *methods = arena_array(arena, message->n_methods + 1, sizeof *methods);
    if (methods == NULL)
        return false;
    for (size_t i = 0; i < message->n_methods; i++)
        methods[i] = (int32_t)message->methods[i];
    assessed->methods = methods;
    assessed->method_count = message->n_methods;
    assessed->method = method_of(message);
    return true;
}

/* Each category once, in the order of the lines. */
static bool read_categories(struct arena *arena, const Redress__V1__Facts *facts,
                            struct route_facts *out)
{
    size_t lines = facts->n_lines;
    const char **categories = arena_array(arena, ROUTE_CATEGORIES_MAX, sizeof *categories);
    if (categories == NULL)
        return false;
    for (size_t i = 0; i < lines && out->category_count < ROUTE_CATEGORIES_MAX; i++) {
        const char *category = facts->lines[i]->category;
        size_t known = 0;
        while (known < out->category_count && strcmp(categories[known], category) != 0)
            known++;
        if (known == out->category_count && category[0] != '\0')
            categories[out->category_count++] = arena_strdup(arena, category);
    }
    out->categories = categories;
    return true;
}

/* NULL where it is not said. The names live as long as the program. */
static const char *word(const ProtobufCEnumDescriptor *descriptor, int value)
{
    return message_enum_known(descriptor, value) ? message_enum_name(descriptor, value) : NULL;
}

static bool read_facts(struct arena *arena, const Redress__V1__RefundAssessed *message,
                       struct assessed *assessed)
{
    const Redress__V1__Facts *facts = message->facts;
    const Redress__V1__RefundRequest *request = message->request;
    struct route_facts *out = &assessed->facts;
    *out = (struct route_facts){.market = "", .refunds_last_year = -1};
    out->outcome =
        message_enum_name(&redress__v1__assessment_status__descriptor, (int)message->status);
    if (request != NULL)
        out->reason = word(&redress__v1__reason_code__descriptor, (int)request->reason);
    if (facts == NULL)
        return true;
    out->market = arena_strdup(arena, facts->market);
    out->channel = word(&redress__v1__channel__descriptor, (int)facts->channel);
    if (facts->customer != NULL)
        out->refunds_last_year = facts->customer->refunds_last_year;
    if (facts->delivered_at == NULL && facts->n_lines > 0)
        assessed->missing[assessed->missing_count++] = "DELIVERY";
    if (request != NULL && request->n_evidence == 0)
        assessed->missing[assessed->missing_count++] = "EVIDENCE";
    if (facts->customer == NULL)
        assessed->missing[assessed->missing_count++] = "CUSTOMER_HISTORY";
    return read_categories(arena, facts, out);
}

static bool read_reasons(struct arena *arena, const Redress__V1__RefundAssessed *message,
                         struct assessed *assessed)
{
    const char **reasons = arena_array(arena, message->n_reasons + 1, sizeof *reasons);
    if (reasons == NULL)
        return false;
    for (size_t i = 0; i < message->n_reasons; i++)
        reasons[i] = arena_strdup(arena, message->reasons[i]);
    assessed->reasons = reasons;
    assessed->reason_count = message->n_reasons;
    return true;
}

/* Their ids, US (0x1f) between; NULL: the arena is full. */
static const char *read_answered_by(struct arena *arena, const Redress__V1__RefundAssessed *message)
{
    const char *text = "";
    for (size_t i = 0; i < message->n_answered_by && text != NULL; i++)
        text =
            arena_printf(arena, "%s%s%s", text, i == 0 ? "" : "\x1f", message->answered_by[i]->id);
    return text;
}

bool routing_read_assessed(struct arena *arena, const Redress__V1__RefundAssessed *message,
                           struct assessed *assessed)
{
    bool declined = message->status == REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_DECLINED;
    const Redress__V1__Money *money =
        declined || message->refundable == NULL ? message->claim : message->refundable;
    const Redress__V1__RefundRequest *request = message->request;
    *assessed = (struct assessed){
        .version = message->version,
        .status = (enum assessed_status)message->status,
        .appeal = message->appeal,
        .minor = money == NULL ? 0 : money->minor,
        .currency = money == NULL ? "" : arena_strdup(arena, money->currency),
        .requester = request == NULL || request->requester == NULL
                         ? ""
                         : arena_strdup(arena, request->requester->id),
        .appealed_by =
            message->appealed_by == NULL ? "" : arena_strdup(arena, message->appealed_by->id),
        .answered_by = read_answered_by(arena, message),
        .goods_required = message->goods_required,
        .policy = model_of(arena, message->model)};
    return read_methods(arena, message, assessed) && read_reasons(arena, message, assessed) &&
           read_facts(arena, message, assessed) && read_payments(arena, message->facts, assessed) &&
           !arena_exhausted(arena);
}

const struct assessed *routing_read_body(struct arena *arena, struct arena *scratch,
                                         const void *bytes, size_t size)
{
    ProtobufCMessage *message = NULL;
    struct assessed *assessed = arena_alloc(arena, sizeof *assessed);
    arena_reset(scratch);
    if (assessed == NULL || message_unpack(&redress__v1__refund_assessed__descriptor, bytes, size,
                                           scratch, &message, NULL) != STATUS_OK)
        return NULL;
    if (!routing_read_assessed(arena, (const Redress__V1__RefundAssessed *)message, assessed))
        return NULL;
    assessed->body = bytes;
    assessed->body_size = size;
    return assessed;
}
