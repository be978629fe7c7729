/* Routing: who may decide, and what did they decide? Wiring only. */

#include "routing_codec.h"
#include "routing_stage.h"
#include "routing_store.h"
#include "rules/rules.h"

extern const struct migration_list migrations_routing;
extern const struct migration_list migrations_rules;

static struct routing_context context;

#define LEAST_MS INT64_C(100)
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define YEAR_MS (366 * DAY_MS)

static const struct config_row rows[] = {
    CONFIG_ROW(struct routing_context, rules_keys, "REDRESS_RULES_KEYS", SECRET, 0, 4096, "",
               "public keys that may sign rules, id:<64 hex>[:kind+kind], comma-separated; none: "
               "every rule set is refused")
        CONFIG_ROW(struct routing_context, keys_text, "REDRESS_APPROVAL_KEYS", SECRET, 1,
                   APPROVAL_KEYS_TEXT_MAX, NULL,
                   "k1:<64 hex>[,k2:<64 hex>]: keys of approvals; the first signs, all verify")
            CONFIG_ROW(struct routing_context, case_deadline_ms, "REDRESS_CASE_DEADLINE", DURATION,
                       LEAST_MS, YEAR_MS, "24h",
                       "working time until a case goes one level up, where no model says it")
                CONFIG_ROW(struct routing_context, answer_deadline_ms, "REDRESS_ANSWER_DEADLINE",
                           DURATION, LEAST_MS, YEAR_MS, "14d",
                           "until a question that nobody answered ends the refund")
                    CONFIG_ROW(struct routing_context, approval_life_ms, "REDRESS_APPROVAL_LIFE",
                               DURATION, LEAST_MS, YEAR_MS, "7d",
                               "until an approval that was not paid expires")
                        CONFIG_ROW(struct routing_context, decision_life_ms,
                                   "REDRESS_DECISION_LIFE", DURATION, LEAST_MS, YEAR_MS, "1h",
                                   "how old a decision may be when it is handled")
                            CONFIG_ROW(struct routing_context, take_life_ms, "REDRESS_TAKE_LIFE",
                                       DURATION, LEAST_MS, YEAR_MS, "30m",
                                       "until a case that somebody took is free again")
                                CONFIG_ROW(struct routing_context, model_retry_ms,
                                           "REDRESS_MODEL_RETRY", DURATION, LEAST_MS, DAY_MS, "10s",
                                           "between two looks of a refund that waits for an "
                                           "authority model")};

static const struct config_table own = {
    .rows = rows, .count = sizeof rows / sizeof *rows, .target = &context};

static const struct stage_input inputs[] = {
    {.topic = TOPIC_ASSESSED},
    {.topic = TOPIC_DECISIONS},
    {.topic = TOPIC_PAYOUTS, .wanted = routing_wants_payout}};

static const struct stage routing = {.name = "routing",
                                     .inputs = inputs,
                                     .input_count = sizeof inputs / sizeof *inputs,
                                     .migrations = &migrations_routing,
                                     .shared = &migrations_rules,
                                     .decode = routing_decode,
                                     .load = routing_load,
                                     .loaded = routing_loaded,
                                     .decide = routing_decide,
                                     .save = routing_save,
                                     .start = routing_start,
                                     .stop = routing_stop,
                                     .context = &context};

int main(int argc, char **argv)
{
    return worker_main(argc, argv, &routing, "routes refunds to people and takes their decisions",
                       &own);
}
