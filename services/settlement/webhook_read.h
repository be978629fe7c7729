/* Reading the webhooks of each provider; between webhook.c and its readers. */

#ifndef SETTLEMENT_WEBHOOK_READ_H
#define SETTLEMENT_WEBHOOK_READ_H

#include "webhook.h"
#include "webhook_signature.h"

#include <jansson.h>

/* `body` is an object. Facts are added; each says whether it is verified. */
typedef enum webhook_result webhook_reader(const struct webhook *webhook,
                                           const struct webhook_keys *keys, const json_t *body,
                                           struct webhook_facts *facts);

webhook_reader webhook_read_stripe, webhook_read_adyen, webhook_read_paypal, webhook_read_shopify,
    webhook_read_manual;

/* Whether the account that a webhook names may sign with a key bound to `bound`, and which of the
 * two it speaks for. */
bool webhook_take_account(struct webhook_fact *fact, const char *named, struct key_account bound);

/* Words and what they mean; the end has a NULL word. */
struct webhook_word {
    const char *word;
    int meaning;
};
int webhook_meaning(const struct webhook_word *words, const char *word, int otherwise);

#endif
