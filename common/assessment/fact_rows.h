/* The facts that a policy may use, one row each. From this table follow the context that models are
 * evaluated with (facts.c), its description (deploy/policies/FACTS.md) and the data types that a
 * model begins with (fact_document.c). A new row is a new fact; rows are never renamed, as models
 * that were published long ago still read them.
 *
 * X(name, kind, where it comes from in refunds.validated.v1, C expression, help)
 * The expressions see `s`, a struct fact_source (facts.c), and `at`, the row of a list. */

#ifndef REDRESS_FACT_ROWS_H
#define REDRESS_FACT_ROWS_H

/* X(kind, typeRef of DMN, list, how the document calls it) */
#define FACT_KIND_ROWS(X)                                                             \
    X(WORD, "string", false, "word, or null where it is not known")                   \
    X(TEXT, "string", false, "text, empty where it is not known")                     \
    X(TEXTS, "string", true, "list of texts")                                         \
    X(NUMBER, "number", false, "whole number")                                        \
    X(COUNT, "number", false, "whole number, or null where it does not apply")        \
    X(BOOLEAN, "boolean", false, "true or false")                                     \
    X(TIME, "dateTime", false, "date and time in UTC, or null where it is not known") \
    X(SPAN, "dayTimeDuration", false, "exact duration, or null where it is not known")

/* X(name, list, rows, where it comes from, C expression: how many rows, help) */
#define FACT_GROUP_ROWS(X)                                                                    \
    X(request, false, FACT_REQUEST_ROWS, "request", 1, "what is asked for")                   \
    X(evidence, true, FACT_EVIDENCE_ROWS, "request.evidence", s->request->n_evidence,         \
      "the files that support the request, those of answers and appeals included")            \
    X(order, false, FACT_ORDER_ROWS, "facts", 1, "the purchase as a whole")                   \
    X(claim, false, FACT_CLAIM_ROWS, "claim", 1, "the money that is claimed")                 \
    X(customer, false, FACT_CUSTOMER_ROWS, "facts.customer", s->customer != NULL,             \
      "the customer's history when intake looked; null where the customer is not known")      \
    X(payments, true, FACT_PAYMENT_ROWS, "facts.payments", s->facts->n_payments,              \
      "every payment captured for the order, in the order of capture")                        \
    X(line, false, FACT_LINE_ROWS, "facts.lines", 1,                                          \
      "the line that is judged; where no line is asked for (shipping, or an amount over the " \
      "whole order) the order stands in")

#define FACT_REQUEST_ROWS(X)                                                                    \
    X(reason, WORD, "request.reason",                                                           \
      word(&redress__v1__reason_code__descriptor, s->request->reason),                          \
      "`DAMAGED`, `DEFECTIVE`, `WRONG_ITEM`, `NOT_AS_DESCRIBED`, `NOT_RECEIVED`, `LATE`, "      \
      "`CHANGED_MIND`, `SERVICE_FAILURE`, `PRICE_ADJUSTMENT`, `GOODWILL`, `DUPLICATE_CHARGE`, " \
      "`FRAUD` or `OTHER`")                                                                     \
    X(trigger, WORD, "request.trigger",                                                         \
      word(&redress__v1__trigger__descriptor, s->request->trigger),                             \
      "`CUSTOMER_REQUEST`, `RETURN_RECEIPT` or `SERVICE_FAILURE`")                              \
    X(occurredAt, TIME, "request.occurred_at", s->requested_us, "when it was asked")            \
    X(lines, NUMBER, "facts.lines", (int64_t)s->facts->n_lines,                                 \
      "how many lines are asked for; 0 where the order stands in")                              \
    X(wholeOrder, BOOLEAN, "request.whole_order", s->request->whole_order,                      \
      "whether everything that is left of the order is asked for")                              \
    X(shipping, BOOLEAN, "facts.shipping", s->facts->shipping != NULL,                          \
      "whether shipping is claimed too")                                                        \
    X(amountMinor, COUNT, "request.amount.minor",                                               \
      s->request->amount == NULL ? NOT_KNOWN : s->request->amount->minor,                       \
      "the amount that was named instead of what the units are worth, in minor units")          \
    X(wishedMethod, WORD, "request.wished_method",                                              \
      word(&redress__v1__refund_method__descriptor, s->request->wished_method),                 \
      "`ORIGINAL`, `STORE_CREDIT`, `BANK_TRANSFER` or `MANUAL`")                                \
    X(requesterRole, WORD, "request.requester.role",                                            \
      s->request->requester == NULL                                                             \
          ? NULL                                                                                \
          : word(&redress__v1__role__descriptor, s->request->requester->role),                  \
      "`CUSTOMER`, `SERVICE_AGENT`, `SYSTEM` and so on")                                        \
    X(appeal, BOOLEAN, "appeal", s->message->appeal != 0,                                       \
      "whether this is an appeal; people decide it whatever comes out")                         \
    X(evidenceCount, NUMBER, "request.evidence", (int64_t)s->request->n_evidence,               \
      "how many files support the request")                                                     \
    X(imageCount, NUMBER, "request.evidence.media_type", images(s->request),                    \
      "how many of them are images")

#define FACT_EVIDENCE_ROWS(X)                                                                      \
    X(mediaType, TEXT, "media_type", s->request->evidence[at]->media_type, "such as `image/jpeg`") \
    X(bytes, NUMBER, "bytes", s->request->evidence[at]->bytes, "size of the file, 0 where unknown")

#define FACT_ORDER_ROWS(X)                                                                         \
    X(market, TEXT, "facts.market", s->facts->market, "the shop's market, such as `GB`")           \
    X(channel, WORD, "facts.channel", word(&redress__v1__channel__descriptor, s->facts->channel),  \
      "`WEB`, `STORE`, `PHONE`, `MARKETPLACE` or `APP`")                                           \
    X(currency, TEXT, "facts.currency", s->facts->currency, "ISO 4217")                            \
    X(totalMinor, NUMBER, "facts.order_total.minor",                                               \
      s->facts->order_total == NULL ? 0 : s->facts->order_total->minor,                            \
      "what the whole order cost, shipping included, in minor units")                              \
    X(placedAt, TIME, "facts.placed_at", s->placed_us, "when it was placed")                       \
    X(sinceOrder, SPAN, "request.occurred_at, facts.placed_at", since(s, s->placed_us),            \
      "from the order to the request")                                                             \
    X(daysSinceOrder, COUNT, "request.occurred_at, facts.placed_at", days(since(s, s->placed_us)), \
      "the same in whole days of 24 hours, rounded down")                                          \
    X(delivered, BOOLEAN, "facts.delivered_at", s->delivered_us != NOT_KNOWN,                      \
      "whether every line that is asked for was delivered")                                        \
    X(deliveredAt, TIME, "facts.delivered_at", s->delivered_us, "the latest delivery of those")    \
    X(sinceDelivery, SPAN, "request.occurred_at, facts.delivered_at", since(s, s->delivered_us),   \
      "from that delivery to the request")                                                         \
    X(daysSinceDelivery, COUNT, "request.occurred_at, facts.delivered_at",                         \
      days(since(s, s->delivered_us)), "the same in whole days of 24 hours, rounded down")

#define FACT_CLAIM_ROWS(X)                                                   \
    X(minor, NUMBER, "claim.minor", s->message->claim->minor,                \
      "all that is claimed, in minor units")                                 \
    X(shippingMinor, NUMBER, "facts.shipping.refundable_minor",              \
      s->facts->shipping == NULL ? 0 : s->facts->shipping->refundable_minor, \
      "how much of it is shipping")

#define FACT_CUSTOMER_ROWS(X)                                                                      \
    X(orders, NUMBER, "facts.customer.orders", s->customer->orders, "orders so far")               \
    X(refunds, NUMBER, "facts.customer.refunds", s->customer->refunds, "refunds so far")           \
    X(refundsLastYear, NUMBER, "facts.customer.refunds_last_year", s->customer->refunds_last_year, \
      "refunds asked for in the 365 days before the request")                                      \
    X(refundedMinor, NUMBER, "facts.customer.refunded_minor", s->customer->refunded_minor,         \
      "refunded so far, in minor units of the order's currency")

#define FACT_PAYMENT_ROWS(X)                                                                    \
    X(method, WORD, "method",                                                                   \
      word(&redress__v1__payment_method__descriptor, s->facts->payments[at]->method),           \
      "`CARD`, `BANK_DEBIT`, `BANK_TRANSFER`, `WALLET`, `PAY_LATER`, `STORE_CREDIT` or `CASH`") \
    X(provider, WORD, "provider",                                                               \
      word(&redress__v1__provider__descriptor, s->facts->payments[at]->provider),               \
      "`STRIPE`, `ADYEN`, `PAYPAL`, `STORE_CREDIT`, `MANUAL`, `SHOPIFY` or `MAGENTO`")          \
    X(capturedMinor, NUMBER, "captured.minor",                                                  \
      s->facts->payments[at]->captured == NULL ? 0 : s->facts->payments[at]->captured->minor,   \
      "what was captured, in minor units")

#define FACT_LINE_ROWS(X)                                                                        \
    X(isOrder, BOOLEAN, "facts.lines", s->line->line == NULL,                                    \
      "whether the order stands in for a line; then texts are empty, units 0, deliveries the "   \
      "order's, `refundableMinor` is all that is claimed and `paidMinor` what the order cost")   \
    X(sku, TEXT, "sku", LINE_OR(sku, ""), "the article")                                         \
    X(category, TEXT, "category", LINE_OR(category, ""), "the shop's category, such as `goods`") \
    X(tags, TEXTS, "tags", s->line, "the shop's tags, such as `final_sale`")                     \
    X(units, NUMBER, "units", LINE_OR(units, 0),                                                 \
      "units that are claimed; 0 for an amount without units")                                   \
    X(unitsBought, NUMBER, "units_bought", LINE_OR(units_bought, 0), "units that were bought")   \
    X(unitsClaimedBefore, NUMBER, "units_claimed_before", LINE_OR(units_claimed_before, 0),      \
      "units that other refunds have claimed before")                                            \
    X(refundableMinor, NUMBER, "refundable_minor",                                               \
      LINE_OR(refundable_minor, s->message->claim->minor),                                       \
      "what is claimed of the line, tax included, in minor units")                               \
    X(taxMinor, NUMBER, "tax_minor", LINE_OR(tax_minor, 0), "the tax in it")                     \
    X(paidMinor, NUMBER, "paid_minor",                                                           \
      LINE_OR(paid_minor, s->facts->order_total == NULL ? 0 : s->facts->order_total->minor),     \
      "what was paid for the whole line, in minor units")                                        \
    X(delivered, BOOLEAN, "delivered_at", s->line->delivered_us != NOT_KNOWN,                    \
      "whether all of the line was delivered")                                                   \
    X(deliveredAt, TIME, "delivered_at", s->line->delivered_us, "its latest delivery")           \
    X(sinceDelivery, SPAN, "request.occurred_at, delivered_at", since(s, s->line->delivered_us), \
      "from that delivery to the request")                                                       \
    X(daysSinceDelivery, COUNT, "request.occurred_at, delivered_at",                             \
      days(since(s, s->line->delivered_us)), "the same in whole days of 24 hours, rounded down") \
    X(shippedAt, TIME, "shipped_at", s->line->shipped_us, "when it was shipped")                 \
    X(sinceShipment, SPAN, "request.occurred_at, shipped_at", since(s, s->line->shipped_us),     \
      "from that shipment to the request")                                                       \
    X(daysSinceShipment, COUNT, "request.occurred_at, shipped_at",                               \
      days(since(s, s->line->shipped_us)), "the same in whole days of 24 hours, rounded down")

#endif
