/* /sandbox/...: what a test does that no customer of a provider can. */

#include "api.h"
#include "certificate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DUPLICATES_SHOWN = 100 };

static void refuse(struct answer *answer, unsigned status, const char *param, const char *message)
{
    answer_error(answer, status, ERROR_INVALID, NULL, param, "%s", message);
}

void admin_live(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                struct answer *answer)
{
    (void)sandbox, (void)request, (void)use;
    out_raw(&answer->body, "{\"status\":\"ok\"}\n");
}

/* A payment that refunds made known gets its captured amount; one that is registered stays. */
static uint32_t register_payment(struct sandbox *sandbox, enum dialect dialect, const char *id,
                                 const char *charge, int64_t amount, const char *currency,
                                 struct answer *answer)
{
    struct store *store = &sandbox->store;
    uint32_t number = store_payment_find(store, id);
    if (number == STORE_NONE)
        number = store_payment_add(store, dialect, id, charge, amount, currency);
    if (number == STORE_NONE) {
        refuse(answer, 500, NULL, "The sandbox is full: --max-refunds.");
        return STORE_NONE;
    }
    struct payment *payment = &store->payments[number];
    bool same_charge =
        charge == NULL || (payment->charge != NULL && strcmp(payment->charge, charge) == 0);
    if (payment->dialect != dialect || strcmp(payment_currency(store, payment), currency) != 0 ||
        !same_charge || (payment->captured != STORE_UNLIMITED && payment->captured != amount)) {
        refuse(answer, 409, "id", "This payment is known with other facts.");
        return STORE_NONE;
    }
    payment->captured = amount;
    effects_payment(&sandbox->effects, sandbox->now_us, store, number);
    return number;
}

void admin_payment(struct sandbox *sandbox, const struct request *request,
                   const struct key_use *use, struct answer *answer)
{
    static const char *const allowed[] = {"id", "amount", "currency", "charge", "provider", NULL};
    (void)use;
    const char *provider = form_get(&request->form, "provider");
    int dialect = provider == NULL ? DIALECT_STRIPE : dialect_find(provider);
    const char *id = form_get(&request->form, "id");
    const char *amount = form_get(&request->form, "amount");
    const char *currency = form_get(&request->form, "currency");
    const char *charge = form_get(&request->form, "charge");
    int64_t minor = 0;
    char code[4];
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    bool stripe = dialect == DIALECT_STRIPE;
    if (dialect < 0 || id == NULL || *id == '\0' || strlen(id) > STORE_ID_MAX ||
        (stripe && strncmp(id, "pi_", 3) != 0 && strncmp(id, "ch_", 3) != 0)) {
        refuse(answer, 400, "id", "Give id=pi_... or id=ch_..., or another provider and its id.");
        return;
    }
    if (charge != NULL && (strncmp(charge, "ch_", 3) != 0 || strlen(charge) > STORE_ID_MAX)) {
        refuse(answer, 400, "charge", "Give charge=ch_...");
        return;
    }
    if (stripe && charge == NULL && *id == 'c')
        charge = id;
    if (amount == NULL || currency == NULL) {
        refuse(answer, 400, NULL, "Give amount (minor units) and currency.");
        return;
    }
    if (read_amount(amount, "amount", &minor, answer) != STATUS_OK ||
        read_currency(currency, code, answer) != STATUS_OK)
        return;
    uint32_t number =
        register_payment(sandbox, (enum dialect)dialect, id, charge, minor, code, answer);
    if (number == STORE_NONE)
        return;
    char made[STORE_ID_ROOM];
    out_raw(&answer->body, "{\"id\":");
    out_string(&answer->body, id);
    out_raw(&answer->body, ",\"charge\":");
    out_string(&answer->body, stripe ? payment_charge(&sandbox->store, number, made) : NULL);
    out_printf(&answer->body, ",\"amount\":%" PRId64 ",\"currency\":\"%s\"}\n", minor, code);
}

void admin_refund(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                  struct answer *answer)
{
    static const char *const allowed[] = {"payment", "amount", NULL};
    const char *id = form_get(&request->form, "payment");
    const char *amount = form_get(&request->form, "amount");
    if (id == NULL) {
        refund_make(sandbox, request, use, REFUND_BY_HAND, answer);
        return;
    }
    struct refund refund = {.created_us = sandbox->now_us,
                            .metadata = "",
                            .payment = store_payment_find(&sandbox->store, id),
                            .key = KEY_NONE,
                            .status = REFUND_SUCCEEDED,
                            .created_status = REFUND_SUCCEEDED,
                            .origin = REFUND_BY_HAND};
    char made[STORE_ID_ROOM];
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    if (refund.payment == STORE_NONE || amount == NULL)
        refuse(answer, 400, NULL, "Give payment, which must be known, and amount.");
    else if (read_amount(amount, "amount", &refund.amount, answer) != STATUS_OK)
        return;
    else if (refund.amount > payment_left(&sandbox->store.payments[refund.payment]))
        refuse(answer, 409, "amount", "There is not so much left of the payment.");
    else {
        uint32_t number = refund_add(sandbox, &refund, NULL, false);
        if (number == STORE_NONE)
            refuse(answer, 500, NULL, "The sandbox is full: --max-refunds.");
        else
            out_printf(&answer->body, "{\"id\":\"%s\"}\n",
                       refund_id(&sandbox->store, number, made));
    }
}

void admin_status(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                  struct answer *answer)
{
    static const char *const allowed[] = {"status", "failure_reason", NULL};
    uint32_t number = store_refund_find(&sandbox->store, request->id);
    const char *text = form_get(&request->form, "status");
    const char *why = form_get(&request->form, "failure_reason");
    int status = text == NULL ? -1 : refund_status_find(text);
    int failure = why == NULL ? (int)REFUND_FAILURE_UNKNOWN : refund_failure_find(why);
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    if (number == STORE_NONE || status < 0 || failure < 0) {
        refuse(answer, number == STORE_NONE ? 404 : 400, NULL,
               "Give an existing refund, status=... and perhaps failure_reason=...");
        return;
    }
    if (!refund_may_become(sandbox->store.refunds[number].status, (enum refund_status)status)) {
        answer_error(answer, 409, ERROR_INVALID, NULL, "status",
                     "A refund that is %s cannot become %s.",
                     refund_status_text(sandbox->store.refunds[number].status), text);
        return;
    }
    if (status != REFUND_FAILED && status != REFUND_CANCELED)
        failure = REFUND_FAILURE_NULL;
    refund_change(sandbox, number, (enum refund_status)status, (enum refund_failure)failure, use,
                  NULL);
    refund_write(&answer->body, &sandbox->store, number, false);
    out_raw(&answer->body, "\n");
}

void admin_dispute(struct sandbox *sandbox, const struct request *request,
                   const struct key_use *use, struct answer *answer)
{
    static const char *const allowed[] = {"payment_intent", "charge", "payment", "amount", NULL};
    (void)use;
    const char *id = form_get(&request->form, "payment_intent");
    if (id == NULL)
        id = form_get(&request->form, "payment");
    const char *amount = form_get(&request->form, "amount");
    int64_t minor = 0;
    if (id == NULL)
        id = form_get(&request->form, "charge");
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    uint32_t number = id == NULL ? STORE_NONE : store_payment_find(&sandbox->store, id);
    if (number == STORE_NONE || amount == NULL) {
        refuse(answer, 400, NULL, "Give a known payment and amount.");
        return;
    }
    if (read_amount(amount, "amount", &minor, answer) != STATUS_OK)
        return;
    if (!dispute_open(sandbox, number, minor, -1)) {
        refuse(answer, 500, NULL, "The sandbox is full: --max-refunds.");
        return;
    }
    char made[STORE_ID_ROOM];
    out_printf(&answer->body, "{\"id\":\"%s\",\"amount\":%" PRId64 "}\n",
               dispute_id(&sandbox->store, sandbox->store.dispute_count - 1, made), minor);
}

void admin_dispute_end(struct sandbox *sandbox, const struct request *request,
                       const struct key_use *use, struct answer *answer)
{
    static const char *const allowed[] = {"status", NULL};
    (void)use;
    const char *text = form_get(&request->form, "status");
    int status = text == NULL ? -1 : dispute_status_find(text);
    uint32_t number = store_dispute_find(&sandbox->store, request->id);
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    if (number == STORE_NONE || status <= DISPUTE_OPEN)
        refuse(answer, number == STORE_NONE ? 404 : 400, "status",
               "Give a known dispute and status=won or status=lost.");
    else if (sandbox->store.disputes[number].status != DISPUTE_OPEN)
        refuse(answer, 409, "status", "This dispute is not open.");
    else {
        dispute_end(sandbox, number, (enum dispute_status)status);
        out_raw(&answer->body, "{\"status\":\"ok\"}\n");
    }
}

void admin_faults(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                  struct answer *answer)
{
    static const char *const allowed[] = {"spec", "seed", NULL};
    (void)use;
    const char *spec = form_get(&request->form, "spec");
    const char *seed = form_get(&request->form, "seed");
    struct error error;
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    uint64_t number = seed == NULL ? sandbox->faults.seed : strtoull(seed, NULL, 10);
    if (faults_parse(&sandbox->faults, spec == NULL ? "" : spec, number, &error) != STATUS_OK)
        refuse(answer, 400, "spec", error.text);
    else
        out_raw(&answer->body, "{\"status\":\"ok\"}\n");
}

void admin_forget(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                  struct answer *answer)
{
    static const char *const allowed[] = {"key", "provider", NULL};
    (void)use;
    const char *provider = form_get(&request->form, "provider");
    int dialect = provider == NULL ? DIALECT_STRIPE : dialect_find(provider);
    const char *key = form_get(&request->form, "key");
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    uint32_t slot = key == NULL || dialect < 0
                        ? KEY_NONE
                        : keys_find(&sandbox->keys, (uint8_t)dialect, key, sandbox->now_us);
    if (slot == KEY_NONE) {
        refuse(answer, 404, "key", "No such key.");
        return;
    }
    keys_forget(&sandbox->keys, slot);
    out_raw(&answer->body, "{\"status\":\"ok\"}\n");
}

static void put(struct out *out, const char *comma, const char *name, uint64_t number)
{
    out_printf(out, "%s\"%s\":%" PRIu64, comma, name, number);
}

static void write_counts(const struct sandbox *sandbox, struct out *out)
{
    out_raw(out, ",\"effects\":{");
    for (int i = 0; i < EFFECTS; i++)
        put(out, i == 0 ? "" : ",", effect_name((enum effect)i), sandbox->effects.count[i]);
    out_raw(out, "},\"statuses\":{");
    for (int i = 0; i < REFUND_STATUSES; i++)
        put(out, i == 0 ? "" : ",", refund_status_text((enum refund_status)i),
            sandbox->store.by_status[i]);
    out_raw(out, "},\"faults\":{");
    for (int i = 0; i < FAULTS; i++)
        put(out, i == 0 ? "" : ",", fault_name((enum fault)i), sandbox->faults.hit[i]);
    out_raw(out, "}");
}

static void write_currencies(const struct store *store, struct out *out)
{
    out_raw(out, ",\"currencies\":{");
    for (uint32_t i = 0; i < store->currency_count; i++) {
        const struct currency_sum *sum = &store->currencies[i];
        out_printf(out, "%s\"%s\":{\"refunds\":%" PRIu64 ",\"amount\":%" PRId64, i == 0 ? "" : ",",
                   sum->code, sum->refunds, sum->amount);
        out_printf(out, ",\"undone\":%" PRIu64 ",\"undone_amount\":%" PRId64, sum->undone,
                   sum->undone_amount);
        out_printf(out, ",\"net_amount\":%" PRId64 "}", sum->amount - sum->undone_amount);
    }
    out_raw(out, "}");
}

static void write_duplicate(const struct store *store, const struct payout *payout,
                            const char *comma, struct out *out)
{
    char id[STORE_ID_ROOM];
    const char *name = metadata_get(store->refunds[payout->first].metadata, store->payout_key);
    out_raw(out, comma);
    out_raw(out, "{\"payout\":");
    out_string(out, name);
    out_raw(out, ",\"first_refund\":");
    out_string(out, refund_id(store, payout->first, id));
    out_printf(out, ",\"refunds\":%u}", payout->count);
}

/* `duplicates`: refunds beyond the first with the same payout id. */
static void write_payouts(const struct store *store, struct out *out)
{
    uint64_t duplicates = 0;
    uint32_t shown = 0;
    out_raw(out, ",\"payouts\":{\"duplicated\":[");
    for (uint32_t i = 0; i < store->payout_count; i++) {
        duplicates += store->payouts[i].count - 1;
        if (store->payouts[i].count > 1 && shown < DUPLICATES_SHOWN)
            write_duplicate(store, &store->payouts[i], shown++ == 0 ? "" : ",", out);
    }
    out_raw(out, "]");
    put(out, ",", "distinct", store->payout_count);
    put(out, ",", "duplicates", duplicates);
    put(out, ",", "refunds_without", store->without_payout);
    out_raw(out, "}");
}

void admin_summary(struct sandbox *sandbox, const struct request *request,
                   const struct key_use *use, struct answer *answer)
{
    (void)request, (void)use;
    const struct store *store = &sandbox->store;
    struct out *out = &answer->body;
    out_raw(out, "{");
    put(out, "", "refunds", store->refund_count);
    put(out, ",", "payments", store->payment_count);
    put(out, ",", "disputes", store->dispute_count);
    put(out, ",", "keys", sandbox->keys.lookup.used);
    put(out, ",", "log_bytes", (uint64_t)sandbox->effects.size);
    out_printf(out,
               ",\"webhooks\":{\"made\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"lost\":%" PRIu64
               ",\"bytes\":%" PRId64 "}",
               sandbox->outbox.made, sandbox->outbox.delivered, sandbox->outbox.lost,
               sandbox->outbox.size);
    write_currencies(store, out);
    write_payouts(store, out);
    write_counts(sandbox, out);
    out_raw(out, "}\n");
}

/* `size` is that of the file, of which everything from byte `from` is sent. */
static void send_file(const struct request *request, int64_t size, struct answer *answer)
{
    static const char *const allowed[] = {"from", NULL};
    const char *from = form_get(&request->form, "from");
    char *end = NULL;
    long long byte = from == NULL ? 0 : strtoll(from, &end, 10);
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    if ((from != NULL && (end == from || *end != '\0')) || byte < 0 || byte > size) {
        refuse(answer, 400, "from", "Give the byte to start at, at most the size of the file.");
        return;
    }
    answer->log_follows = true;
    answer->log_from = byte;
}

void admin_effects(struct sandbox *sandbox, const struct request *request,
                   const struct key_use *use, struct answer *answer)
{
    (void)use;
    send_file(request, sandbox->effects.size, answer);
}

void admin_webhooks(struct sandbox *sandbox, const struct request *request,
                    const struct key_use *use, struct answer *answer)
{
    (void)use;
    if (sandbox->outbox.fd < 0) {
        refuse(answer, 404, NULL, "Without --webhooks none are made.");
        return;
    }
    answer->outbox_follows = true;
    send_file(request, sandbox->outbox.size, answer);
}

void paypal_certificate(struct sandbox *sandbox, const struct request *request,
                        const struct key_use *use, struct answer *answer)
{
    (void)sandbox, (void)use;
    if (strcmp(request->id, certificate_id()) != 0) {
        refuse(answer, 404, NULL, "This sandbox signs with another certificate.");
        return;
    }
    answer->is_pem = true;
    out_raw(&answer->body, certificate_pem());
}

void admin_certificate(struct sandbox *sandbox, const struct request *request,
                       const struct key_use *use, struct answer *answer)
{
    (void)sandbox, (void)request, (void)use;
    answer->is_pem = true;
    out_raw(&answer->body, certificate_pem());
}
