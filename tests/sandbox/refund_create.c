/* POST /v1/refunds: https://docs.stripe.com/api/refunds/create, and what happens with any dialect's
 * refund when it is made. */

#include "api.h"

#include "common/money.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The parameters, checked as far as they can be without looking at the payment. */
struct wish {
    const char *payment;
    const char *param; /* that named it */
    int64_t amount;    /* 0: all that is left */
    char currency[4];  /* "": not named */
    enum refund_reason reason;
};

static enum status refuse(struct answer *answer, const char *code, const char *param,
                          const char *message)
{
    answer_error(answer, 400, ERROR_INVALID, code, param, "%s", message);
    return STATUS_INVALID;
}

static enum status read_payment(const struct request *request, struct wish *wish,
                                struct answer *answer)
{
    const char *intent = form_get(&request->form, "payment_intent");
    const char *charge = form_get(&request->form, "charge");
    if (intent == NULL && charge == NULL)
        return refuse(answer, NULL, NULL,
                      "One of the following params should be provided for this request: "
                      "payment_intent or charge.");
    if (intent != NULL && charge != NULL)
        return refuse(answer, NULL, NULL,
                      "You may only specify one of these parameters: payment_intent, charge.");
    wish->param = intent != NULL ? "payment_intent" : "charge";
    wish->payment = intent != NULL ? intent : charge;
    if (*wish->payment == '\0')
        return refuse(answer, "parameter_invalid_empty", wish->param,
                      "You passed an empty string. We assume empty values are an attempt to unset "
                      "a parameter; however this parameter cannot be unset.");
    if (strlen(wish->payment) > STORE_ID_MAX)
        return refuse(answer, NULL, wish->param, "Invalid string: too long.");
    return STATUS_OK;
}

static enum status read_reason(const struct request *request, struct wish *wish,
                               struct answer *answer)
{
    const char *reason = form_get(&request->form, "reason");
    if (reason == NULL)
        return STATUS_OK;
    int number = refund_reason_find(reason);
    if (number < 0)
        return refuse(answer, NULL, "reason",
                      "Invalid reason: must be one of duplicate, fraudulent, or "
                      "requested_by_customer");
    wish->reason = (enum refund_reason)number;
    return STATUS_OK;
}

/* Parameters of Connect and of customer balances, which the sandbox does not have. */
static enum status read_others(const struct request *request, struct answer *answer)
{
    static const char *const switches[] = {"refund_application_fee", "reverse_transfer"};
    static const char *const absent[] = {"customer", "origin"};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        const char *value = form_get(&request->form, switches[i]);
        if (value != NULL && strcmp(value, "false") != 0)
            return refuse(answer, NULL, switches[i], "The sandbox has no connected accounts.");
    }
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (form_get(&request->form, absent[i]) != NULL)
            return refuse(answer, NULL, absent[i], "The sandbox has no customer balances.");
    return STATUS_OK;
}

static enum status read_wish(const struct request *request, struct wish *wish,
                             struct answer *answer)
{
    static const char *const allowed[] = {"amount",
                                          "charge",
                                          "currency",
                                          "customer",
                                          "instructions_email",
                                          "metadata",
                                          "origin",
                                          "refund_application_fee",
                                          "reverse_transfer",
                                          "payment_intent",
                                          "reason",
                                          NULL};
    *wish = (struct wish){.currency = ""};
    const char *amount = form_get(&request->form, "amount");
    const char *currency = form_get(&request->form, "currency");
    if (read_known(request, allowed, answer) != STATUS_OK ||
        read_payment(request, wish, answer) != STATUS_OK ||
        (amount != NULL && read_amount(amount, "amount", &wish->amount, answer) != STATUS_OK) ||
        (currency != NULL && read_currency(currency, wish->currency, answer) != STATUS_OK) ||
        read_reason(request, wish, answer) != STATUS_OK ||
        read_others(request, answer) != STATUS_OK)
        return STATUS_INVALID;
    return read_metadata(request, NULL, answer);
}

/* A payment that nobody registered gets the currency that its first refund names. */
static const char *open_currency(const struct sandbox *sandbox, const struct request *request,
                                 const struct wish *wish, char code[4])
{
    if (*wish->currency != '\0')
        return wish->currency;
    const char *named = form_get(&request->form, "metadata[currency]");
    struct answer ignored = ANSWER_EMPTY;
    bool valid = named != NULL && read_currency(named, code, &ignored) == STATUS_OK;
    out_free(&ignored.body);
    return valid ? code : sandbox->options.currency;
}

static enum status refuse_unknown_amount(struct answer *answer)
{
    return refuse(answer, "parameter_missing", "amount",
                  "Missing required param: amount. (The sandbox knows no captured amount of this "
                  "payment; register it to refund all that is left.)");
}

/* A payment is only made for a refund that will be, as the log has no line for it alone. */
static uint32_t find_payment(struct sandbox *sandbox, const struct request *request,
                             const struct wish *wish, struct answer *answer)
{
    bool by_charge = *wish->param == 'c';
    const char *prefix = by_charge ? "ch_" : "pi_";
    uint32_t payment = store_payment_find(&sandbox->store, wish->payment);
    bool right_kind = strncmp(wish->payment, prefix, 3) == 0;
    if (payment != STORE_NONE && sandbox->store.payments[payment].dialect != DIALECT_STRIPE)
        right_kind = false;
    if (payment != STORE_NONE && right_kind)
        return payment;
    if (!right_kind || strcmp(sandbox->options.payments, "open") != 0) {
        answer_error(answer, 404, ERROR_INVALID, "resource_missing", wish->param,
                     "No such %s: '%s'", wish->param, wish->payment);
        return STORE_NONE;
    }
    if (wish->amount == 0) {
        (void)refuse_unknown_amount(answer);
        return STORE_NONE;
    }
    char code[4];
    payment = store_payment_add(&sandbox->store, DIALECT_STRIPE, wish->payment,
                                by_charge ? wish->payment : NULL, STORE_UNLIMITED,
                                open_currency(sandbox, request, wish, code));
    if (payment == STORE_NONE)
        answer_error(answer, 500, ERROR_API, NULL, NULL, "The sandbox is full: --max-refunds.");
    return payment;
}

/* "$12.30", as the provider prints amounts in its messages. */
static const char *amount_text(const struct store *store, const struct payment *payment,
                               int64_t minor, char text[MONEY_TEXT_MAX + 4])
{
    static const struct {
        char code[4], sign[4];
    } signs[] = {{"USD", "$"}, {"EUR", "€"}, {"GBP", "£"}, {"JPY", "¥"}};
    struct money money = {.minor = minor};
    const char *code = payment_currency(store, payment);
    for (int i = 0; i < 4; i++)
        money.currency[i] = (char)toupper((unsigned char)code[i]);
    char plain[MONEY_TEXT_MAX];
    if (money_make(minor, money.currency, &money) != STATUS_OK) {
        (void)snprintf(text, MONEY_TEXT_MAX + 4, "%lld %s", (long long)minor, money.currency);
        return text;
    }
    (void)money_format(money, plain);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strcmp(signs[i].code, money.currency) != 0)
            continue;
        *strchr(plain, ' ') = '\0';
        (void)snprintf(text, MONEY_TEXT_MAX + 4, "%s%s", signs[i].sign, plain);
        return text;
    }
    strcpy(text, plain);
    return text;
}

/* What the payment must allow; fills in the amount. */
static enum status admit(struct sandbox *sandbox, uint32_t number, struct wish *wish,
                         struct answer *answer)
{
    const struct store *store = &sandbox->store;
    const struct payment *payment = &store->payments[number];
    char id[STORE_ID_ROOM];
    char asked[MONEY_TEXT_MAX + 4];
    char there[MONEY_TEXT_MAX + 4];
    int64_t left = payment_left(payment);
    if (*wish->currency != '\0' && strcmp(wish->currency, payment_currency(store, payment)) != 0)
        return refuse(answer, NULL, "currency",
                      "The currency of the refund must be the currency of the charge.");
    if (payment->disputed > 0) {
        answer_error(answer, 400, ERROR_INVALID, "charge_disputed", NULL,
                     "Charge %s has been charged back; cannot issue a refund.",
                     payment_charge(store, number, id));
        return STATUS_INVALID;
    }
    if (left <= 0) {
        answer_error(answer, 400, ERROR_INVALID, "charge_already_refunded", NULL,
                     "Charge %s has already been refunded.", payment_charge(store, number, id));
        return STATUS_INVALID;
    }
    if (wish->amount == 0 && payment->captured == STORE_UNLIMITED)
        return refuse_unknown_amount(answer);
    if (wish->amount == 0)
        wish->amount = left;
    if (wish->amount <= left)
        return STATUS_OK;
    answer_error(answer, 400, ERROR_INVALID, NULL, "amount",
                 "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
                 amount_text(store, payment, wish->amount, asked),
                 amount_text(store, payment, left, there));
    return STATUS_INVALID;
}

/* What will become of it by itself: the faults "refused", "pending" and "late-failure". Adyen's are
 * pending at first, always. */
static bool plan_later(struct sandbox *sandbox, struct refund *refund, bool refuse,
                       struct timer *later)
{
    struct faults *faults = &sandbox->faults;
    bool adyen = sandbox->store.payments[refund->payment].dialect == DIALECT_ADYEN;
    if (refund->origin == REFUND_BY_HAND)
        return false;
    bool refused = faults_strike(faults, FAULT_REFUSED) || refuse;
    bool pending = faults_strike(faults, FAULT_PENDING);
    if (refused || pending || adyen) {
        enum fault_time time = adyen && !pending ? FAULT_TIME_RESULT : FAULT_TIME_PENDING;
        refund->status = refund->created_status = REFUND_PENDING;
        later->status = refused ? REFUND_FAILED : REFUND_SUCCEEDED;
        later->at_us = sandbox->now_us + faults->time_ms[time] * 1000;
        return true;
    }
    if (!faults_strike(faults, FAULT_LATE_FAILURE))
        return false;
    later->status = REFUND_FAILED;
    later->at_us = sandbox->now_us + faults->time_ms[FAULT_TIME_LATE] * 1000;
    return true;
}

void refund_happened(struct sandbox *sandbox, enum effect effect, uint32_t number,
                     const struct key_use *use, const struct timer *later)
{
    if (later != NULL && timers_add(&sandbox->timers, *later) != STATUS_OK)
        sandbox->effects.broken = true;
    effects_refund(&sandbox->effects, effect, sandbox->now_us, &sandbox->store, number, use, later);
    webhook_of_refund(sandbox, effect, number);
}

/* Adds the refund and its line in the log. */
static uint32_t add(struct sandbox *sandbox, struct refund *refund, const struct key_use *use,
                    bool refuse)
{
    struct timer later = {0};
    bool planned = plan_later(sandbox, refund, refuse, &later);
    uint32_t number = store_refund_add(&sandbox->store, refund);
    if (number == STORE_NONE)
        return STORE_NONE;
    later.refund = number;
    refund_happened(sandbox, EFFECT_REFUND_CREATED, number, use, planned ? &later : NULL);
    return number;
}

/* The faults that happen to a payment beside its refund. */
static void add_surprises(struct sandbox *sandbox, const struct refund *refund)
{
    struct faults *faults = &sandbox->faults;
    if (faults_strike(faults, FAULT_BY_HAND)) {
        int64_t left = payment_left(&sandbox->store.payments[refund->payment]);
        int64_t most = left < refund->amount ? left : refund->amount;
        struct refund by_hand = {.created_us = sandbox->now_us,
                                 .metadata = "",
                                 .payment = refund->payment,
                                 .key = KEY_NONE,
                                 .status = REFUND_SUCCEEDED,
                                 .created_status = REFUND_SUCCEEDED,
                                 .origin = REFUND_BY_HAND};
        if (most > 0) {
            by_hand.amount = 1 + (int64_t)faults_number(faults, FAULT_BY_HAND, (uint64_t)most);
            (void)add(sandbox, &by_hand, NULL, false);
        }
    }
    if (faults_strike(faults, FAULT_CHARGEBACK)) {
        bool won = faults_strike(faults, FAULT_CHARGEBACK_WON);
        (void)dispute_open(sandbox, refund->payment, refund->amount,
                           won ? faults->time_ms[FAULT_TIME_LATE] : -1);
    }
}

uint32_t refund_add(struct sandbox *sandbox, struct refund *refund, const struct key_use *use,
                    bool refuse)
{
    uint32_t number = add(sandbox, refund, use, refuse);
    if (number != STORE_NONE && refund->origin == REFUND_BY_API)
        add_surprises(sandbox, refund);
    return number;
}

void refund_make(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                 enum refund_origin origin, struct answer *answer)
{
    struct wish wish;
    if (read_wish(request, &wish, answer) != STATUS_OK)
        return;
    answer->begun = true;
    uint32_t payment = find_payment(sandbox, request, &wish, answer);
    if (payment == STORE_NONE || admit(sandbox, payment, &wish, answer) != STATUS_OK)
        return;
    uint8_t status = origin == REFUND_BY_HAND
                         ? REFUND_SUCCEEDED
                         : (uint8_t)refund_status_find(sandbox->options.outcome);
    struct refund refund = {.amount = wish.amount,
                            .created_us = sandbox->now_us,
                            .metadata = merge_metadata(&sandbox->store, request, NULL),
                            .payment = payment,
                            .key = KEY_NONE,
                            .status = status,
                            .created_status = status,
                            .reason = (uint8_t)wish.reason,
                            .origin = (uint8_t)origin};
    if (refund.metadata != NULL)
        answer->made = refund_add(sandbox, &refund, use, false);
    if (answer->made == STORE_NONE) {
        answer_error(answer, 500, ERROR_API, NULL, NULL, "The sandbox is full: --max-refunds.");
        return;
    }
    refund_write(&answer->body, &sandbox->store, answer->made, true);
    out_raw(&answer->body, "\n");
}

void refunds_create(struct sandbox *sandbox, const struct request *request,
                    const struct key_use *use, struct answer *answer)
{
    refund_make(sandbox, request, use, REFUND_BY_API, answer);
}
