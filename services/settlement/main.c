/* Settlement: was the money paid back, once? */

#include "inbox.h"
#include "provider.h"
#include "sender.h"
#include "settlement_batch.h"
#include "settlement_config.h"
#include "webhook_signature.h"

extern const struct migration_list migrations_settlement;

static struct settlement_config config;
static struct settlement settlement = {.has_adapter = provider_exists};

static const struct config_row rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct settlement_config, field, variable, type, min, max, fallback, help)
    SETTLEMENT_CONFIG_ROWS(X)
#undef X
};

static enum status start_inbox(struct settlement *started, const struct config_worker *worker,
                               struct error *error)
{
    struct inbox_settings inbox = settlement_inbox_settings(&config, worker);
    enum status status = certificates_open(config.provider_ca_file, config.paypal_certificate_file,
                                           &started->certificates, error);
    if (status != STATUS_OK)
        return STATUS_FATAL;
    inbox.keys = started->keys;
    inbox.webhook.certificates = started->certificates;
    return inbox_open(&inbox, &started->inbox, error);
}

static enum status start(void *context, const struct config_worker *worker, struct error *error)
{
    struct settlement *started = context;
    struct approval_keys *keys = NULL;
    struct sender_settings sender = settlement_sender_settings(&config, worker);
    started->limits = settlement_limits_of(&config);
    started->ledger_every_us = config.ledger_every_ms * 1000;
    enum status status = approval_keys_read(config.approval_keys, &keys, error);
    started->keys = keys;
    sender.keys = keys;
    started->scratch = arena_create(SCRATCH_MAX);
    if (status != STATUS_OK)
        return STATUS_FATAL;
    if (started->scratch == NULL)
        return error_set(error, STATUS_FATAL, "no memory to unpack events");
    const struct rules_settings rules = {
        .worker = worker, .name = "settlement", .keys = config.rules_keys, .stops = true};
    status = rules_open(&rules, &started->rules, error);
    if (status != STATUS_OK)
        return status;
    provider_enable(sender.accounts);
    status = sender.in_flight == 0 ? STATUS_OK : sender_open(&sender, &started->sender, error);
    return status == STATUS_OK ? start_inbox(started, worker, error) : status;
}

static void stop(void *context)
{
    struct settlement *stopped = context;
    inbox_close(stopped->inbox);
    stopped->inbox = NULL;
    sender_close(stopped->sender);
    stopped->sender = NULL;
    rules_close(stopped->rules);
    stopped->rules = NULL;
    certificates_close(stopped->certificates);
    stopped->certificates = NULL;
    approval_keys_destroy((struct approval_keys *)stopped->keys);
    stopped->keys = NULL;
    arena_destroy(stopped->scratch);
    stopped->scratch = NULL;
}

static const struct stage_input inputs[] = {
    {TOPIC_ORDERS, NULL},
    {TOPIC_ROUTED, settlement_wants_routed},
    {TOPIC_GOODS, NULL},
    {TOPIC_PROVIDER_EVENTS, NULL},
};

static const struct stage stage = {
    .name = "settlement",
    .inputs = inputs,
    .input_count = sizeof inputs / sizeof *inputs,
    .migrations = &migrations_settlement,
    .shared = &migrations_rules,
    .decode = settlement_decode,
    .load = settlement_load,
    .loaded = settlement_loaded,
    .decide = settlement_decide,
    .save = settlement_save,
    .start = start,
    .claimed = settlement_claimed,
    .committed = settlement_committed,
    .stop = stop,
    .context = &settlement,
};

int main(int argc, char **argv)
{
    const struct config_table own = {rows, sizeof rows / sizeof *rows, &config};
    return worker_main(argc, argv, &stage, "pays refunds back, exactly once", &own);
}
