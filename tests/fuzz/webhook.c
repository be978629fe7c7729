/* What providers' webhooks are read from, which anybody may send: the first byte chooses the
 * provider (choice.h), then lines `name: value` are its headers, and what stands behind an empty
 * line is the body. Nobody who does not know the keys says anything that counts as verified. */

#include "services/settlement/webhook.h"
#include "choice.h"
#include "fuzz.h"
#include "services/settlement/webhook_signature.h"

#include <criterion/criterion.h>

enum { HEADERS_MAX = 16, HEAD_MAX = 8192 };

#define RECEIVED_US INT64_C(1700000000000000)

static const struct webhook_keys keys = {
    .stripe = "whsec_of_the_fuzzer,whsec_another",
    .adyen = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    .shopify = "shpss_of_the_fuzzer",
    .paypal_id = "1JE4291016473214C",
    .finance = "fran:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"};

static bool ended(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL;
}

#define ENDED(field) ended(field, sizeof(field))

static void check_fact(const struct webhook_fact *fact)
{
    cr_assert(!fact->verified, "nobody signed it");
    cr_assert(ENDED(fact->event_id) && fact->event_id[0] != '\0');
    for (size_t i = 0; i < WEBHOOK_REFERENCES; i++)
        cr_assert(ENDED(fact->references[i]));
    cr_assert(ENDED(fact->currency) && ENDED(fact->code) && ENDED(fact->payout_id) &&
              ENDED(fact->provider_refund_id) && ENDED(fact->dispute_id));
    cr_assert(ENDED(fact->merchant_id) && ENDED(fact->order_id) && ENDED(fact->payment_id));
    cr_assert(fact->amount_minor >= 0 && fact->amount_minor <= AMOUNT_MAX);
    cr_assert(fact->payout_id[0] == '\0' || webhook_is_payout(fact->payout_id));
    cr_assert(fact->dispute ||
              (fact->status > REFUND_STATUS_NONE && fact->status < REFUND_STATUSES));
}

/* Splits `head` in place. */
static size_t read_headers(char *head, struct webhook_header *headers)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(head, "\n", &rest); line != NULL && count < HEADERS_MAX;
         line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strstr(line, ": ");
        if (colon == NULL)
            continue;
        *colon = '\0';
        headers[count++] = (struct webhook_header){line, colon + 2};
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct webhook_facts facts;
    static char head[HEAD_MAX];
    struct webhook_header headers[HEADERS_MAX];
    if (size == 0)
        return 0;
    const char *text = (const char *)bytes + 1;
    const char *empty = memmem(text, size - 1, "\n\n", 2);
    size_t head_size = empty == NULL ? 0 : (size_t)(empty - text);
    if (head_size >= sizeof head)
        return 0;
    memcpy(head, text, head_size);
    head[head_size] = '\0';
    size_t behind = empty == NULL ? 0 : head_size + 2;
    const struct webhook webhook = {.provider = choice(bytes[0], PROVIDERS),
                                    .received_us = RECEIVED_US,
                                    .headers = headers,
                                    .header_count = read_headers(head, headers),
                                    .body = text + behind,
                                    .size = size - 1 - behind};
    if (webhook_read(&webhook, &keys, &facts) != WEBHOOK_READ)
        return 0;
    cr_assert(webhook.provider != PROVIDER_MANUAL, "nobody signed it");
    cr_assert(facts.count > 0 && facts.count <= WEBHOOK_FACTS_MAX);
    for (size_t i = 0; i < facts.count; i++)
        check_fact(&facts.items[i]);
    return 0;
}
