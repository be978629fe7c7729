/* Intake: did this purchase happen, and how much of it can still be claimed? */

#include "intake_stage.h"
#include "intake_store.h"

extern const struct migration_list migrations_intake;

static struct intake_stage stage;

static const struct config_row rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct intake_config, field, variable, type, min, max, fallback, help)
    INTAKE_CONFIG_ROWS(X)
#undef X
};

static const struct stage_input inputs[] = {
    {TOPIC_ORDERS, NULL},
    {TOPIC_REQUESTS, NULL},
    {TOPIC_GOODS, NULL},
    {TOPIC_ASSESSED, intake_wanted_assessed},
    {TOPIC_ROUTED, intake_wanted_routed},
    {TOPIC_PAYOUTS, intake_wanted_payout},
};

static const struct stage intake = {
    .name = "intake",
    .inputs = inputs,
    .input_count = sizeof inputs / sizeof *inputs,
    .migrations = &migrations_intake,
    .decode = intake_decode_event,
    .load = intake_load,
    .loaded = intake_loaded,
    .decide = intake_decide_event,
    .save = intake_save,
    .start = intake_stage_start,
    .stop = intake_stage_stop,
    .context = &stage,
};

int main(int argc, char **argv)
{
    const struct config_table own = {rows, sizeof rows / sizeof *rows, &stage.config};
    return worker_main(argc, argv, &intake, "finds purchases and claims what is asked back of them",
                       &own);
}
