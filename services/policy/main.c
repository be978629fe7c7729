/* Policy: do the rules of the shop allow it? Wiring only. */

#include "policy_codec.h"
#include "policy_stage.h"

extern const struct migration_list migrations_policy;
extern const struct migration_list migrations_rules;

static struct policy_context context;

static const struct config_row rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct policy_context, field, variable, type, min, max, fallback, help)
    RULES_CONFIG_ROWS(X)
#undef X
};

static const struct config_table own = {
    .rows = rows, .count = sizeof rows / sizeof *rows, .target = &context};

static const struct stage_input inputs[] = {{.topic = TOPIC_VALIDATED}};

static const struct stage policy = {.name = "policy",
                                    .inputs = inputs,
                                    .input_count = sizeof inputs / sizeof *inputs,
                                    .migrations = &migrations_policy,
                                    .shared = &migrations_rules,
                                    .decode = policy_decode,
                                    .load = policy_load,
                                    .loaded = policy_loaded,
                                    .decide = policy_decide,
                                    .save = policy_save,
                                    .start = policy_start,
                                    .committed = policy_committed,
                                    .stop = policy_stop,
                                    .context = &context};

int main(int argc, char **argv)
{
    return worker_main(argc, argv, &policy, "judges refund requests by the shop's policy", &own);
}
