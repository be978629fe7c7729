/* GET /v1/payment_intents/:id and GET /v1/charges/:id: the members that refunds need. The captured
 * amount of a payment that nobody registered is what was refunded of it. */

#include "api.h"

#include <string.h>

static void missing(const struct request *request, const char *what, struct answer *answer)
{
    answer_error(answer, 404, ERROR_INVALID, "resource_missing", "intent", "No such %s: '%s'", what,
                 request->id);
}

void payments_intent(struct sandbox *sandbox, const struct request *request,
                     const struct key_use *use, struct answer *answer)
{
    (void)use;
    const struct store *store = &sandbox->store;
    uint32_t number = store_payment_find(store, request->id);
    if (number == STORE_NONE || payment_intent(&store->payments[number]) == NULL ||
        strncmp(request->id, "ch_", 3) == 0) {
        missing(request, "payment_intent", answer);
        return;
    }
    const struct payment *payment = &store->payments[number];
    int64_t captured = payment->captured == STORE_UNLIMITED ? payment->refunded : payment->captured;
    char id[STORE_ID_ROOM];
    struct out *out = &answer->body;
    out_raw(out, "{\n  \"id\": ");
    out_string(out, payment->id);
    out_raw(out, ",\n  \"object\": \"payment_intent\",\n  \"amount\": ");
    out_int(out, captured);
    out_raw(out, ",\n  \"amount_received\": ");
    out_int(out, captured);
    out_raw(out, ",\n  \"currency\": ");
    out_string(out, payment_currency(store, payment));
    out_raw(out, ",\n  \"latest_charge\": ");
    out_string(out, payment_charge(store, number, id));
    out_raw(out, ",\n  \"livemode\": false,\n  \"status\": \"succeeded\"\n}\n");
}

void payments_charge(struct sandbox *sandbox, const struct request *request,
                     const struct key_use *use, struct answer *answer)
{
    (void)use;
    const struct store *store = &sandbox->store;
    uint32_t number = store_payment_find(store, request->id);
    if (number == STORE_NONE || strncmp(request->id, "ch_", 3) != 0) {
        missing(request, "charge", answer);
        return;
    }
    const struct payment *payment = &store->payments[number];
    bool open = payment->captured == STORE_UNLIMITED;
    int64_t captured = open ? payment->refunded : payment->captured;
    struct out *out = &answer->body;
    out_raw(out, "{\n  \"id\": ");
    out_string(out, request->id);
    out_raw(out, ",\n  \"object\": \"charge\",\n  \"amount\": ");
    out_int(out, captured);
    out_raw(out, ",\n  \"amount_captured\": ");
    out_int(out, captured);
    out_raw(out, ",\n  \"amount_refunded\": ");
    out_int(out, payment->refunded);
    out_raw(out, ",\n  \"captured\": true,\n  \"currency\": ");
    out_string(out, payment_currency(store, payment));
    out_raw(out, ",\n  \"disputed\": ");
    out_raw(out, payment->disputed > 0 ? "true" : "false");
    out_raw(out, ",\n  \"livemode\": false,\n  \"paid\": true,\n  \"payment_intent\": ");
    out_string(out, payment_intent(payment));
    out_raw(out, ",\n  \"refunded\": ");
    out_raw(out, !open && payment->refunded >= captured ? "true" : "false");
    out_raw(out, ",\n  \"status\": \"succeeded\"\n}\n");
}
