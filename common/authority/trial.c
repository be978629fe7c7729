#include "authority/trial.h"

#include "authority/route_model.h"
#include "money.h"

/* In minor units: from next to nothing to what nobody approves alone. */
static const int64_t AMOUNTS[] = {1, 25000, 250000, 1000000, 100000000};

static const struct {
    const char *currency, *market;
} MARKETS[] = {{"GBP", "GB"}, {"EUR", "DE"}, {"USD", "US"}, {"JPY", "JP"}, {"CHF", ""}};

static const struct {
    const char *name, *outcome;
    bool appeal, failed_payout, person_required;
} SITUATIONS[] = {
    {"compliant", "COMPLIANT", false, false, false},
    {"exception", "EXCEPTION", false, false, true},
    {"appeal", "DECLINED", true, false, true},
    {"appeal without information", "NEEDS_INFO", true, false, true},
    {"failed payout", "COMPLIANT", false, true, true},
};

/* A model that answers to none of so many is asked no further: each may take all that an
 * evaluation may. */
enum { HOPELESS = 10 };

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* The nth refund; every second one says all that may be known of it. */
static struct route_facts make(size_t n)
{
    static const char *const categories[] = {"goods"}, *const signals[] = {"SERIAL_RETURNER"};
    size_t amount = n % COUNT(AMOUNTS), market = n / COUNT(AMOUNTS) % COUNT(MARKETS),
           situation = n / COUNT(AMOUNTS) / COUNT(MARKETS);
    bool known = n % 2 == 1;
    return (struct route_facts){
        .minor = AMOUNTS[amount],
        .currency = MARKETS[market].currency,
        .market = MARKETS[market].market,
        .outcome = SITUATIONS[situation].outcome,
        .reason = known ? "DAMAGED" : NULL,
        .channel = known ? "WEB" : NULL,
        .categories = categories,
        .category_count = known,
        .risk_signals = signals,
        .risk_signal_count = known,
        .refunds_last_year = known ? 3 : -1,
        .appeal = SITUATIONS[situation].appeal,
        .failed_payout = SITUATIONS[situation].failed_payout,
        .person_required = SITUATIONS[situation].person_required,
    };
}

static void note_unanswered(struct authority_trial *trial, size_t n,
                            const struct route_facts *facts, const struct error *why)
{
    struct money money;
    char amount[MONEY_TEXT_MAX] = "";
    if (trial->unanswered++ > 0)
        return;
    if (money_make(facts->minor, facts->currency, &money) == STATUS_OK)
        (void)money_format(money, amount);
    (void)error_set(&trial->first, STATUS_INVALID, "%s of %s: %s",
                    SITUATIONS[n / COUNT(AMOUNTS) / COUNT(MARKETS)].name, amount, why->text);
}

static enum status try_all(const struct router *router, struct arena *arena,
                           struct authority_trial *trial)
{
    enum status status = STATUS_OK;
    for (size_t n = 0; n < COUNT(AMOUNTS) * COUNT(MARKETS) * COUNT(SITUATIONS); n++) {
        const struct route_facts facts = make(n);
        struct route route;
        struct error why = {""};
        arena_reset(arena);
        status = router->ask(router, &facts, arena, &route, &why);
        if (status != STATUS_OK && status != STATUS_INVALID)
            return status;
        trial->count++;
        if (status == STATUS_INVALID)
            note_unanswered(trial, n, &facts, &why);
        if (trial->unanswered == HOPELESS && trial->count == HOPELESS)
            break;
    }
    return STATUS_OK;
}

enum status authority_try(const struct dmn_models *models, struct authority_trial *trial,
                          struct error *error)
{
    *trial = (struct authority_trial){0};
    struct arena *scratch = arena_create(ROUTE_SCRATCH_MAX);
    struct arena *arena = arena_create(ROUTE_SCRATCH_MAX);
    enum status status = STATUS_EXHAUSTED;
    if (scratch != NULL && arena != NULL) {
        const struct router router = route_model_router(models, scratch);
        status = try_all(&router, arena, trial);
    }
    arena_destroy(arena);
    arena_destroy(scratch);
    if (status != STATUS_OK)
        return error_set(error, status, "no memory to try the model");
    if (trial->unanswered == trial->count)
        return error_set(error, STATUS_INVALID, "it answers to no refund: %s", trial->first.text);
    return STATUS_OK;
}
