/* analytics: counts what happens and checks that the books agree. Wiring only. */

#include "analytics_stage.h"

extern const struct migration_list migrations_analytics;

int main(int argc, char **argv)
{
    static struct analytics_settings settings;
    static const struct config_row rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct analytics_settings, field, variable, type, min, max, fallback, help)
        ANALYTICS_CONFIG_ROWS(X)
#undef X
    };
    static const struct stage_input inputs[] = {
        {.topic = TOPIC_ORDERS}, {.topic = TOPIC_VALIDATED}, {.topic = TOPIC_ASSESSED},
        {.topic = TOPIC_ROUTED}, {.topic = TOPIC_PAYOUTS},   {.topic = TOPIC_PROVIDER_EVENTS},
    };
    const struct stage stage = {.name = "analytics",
                                .inputs = inputs,
                                .input_count = sizeof inputs / sizeof *inputs,
                                .patient = true,
                                .migrations = &migrations_analytics,
                                .decode = analytics_stage_decode,
                                .load = analytics_stage_load,
                                .loaded = analytics_stage_loaded,
                                .decide = analytics_stage_decide,
                                .save = analytics_stage_save,
                                .context = &settings};
    const struct config_table own = {rows, sizeof rows / sizeof *rows, &settings};
    return worker_main(argc, argv, &stage,
                       "counts orders and refunds, and checks payouts against the provider", &own);
}
