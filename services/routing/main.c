/* Routing: who may decide, and what did they decide? Wiring only. */

#include "routing_codec.h"
#include "routing_stage.h"
#include "routing_store.h"

extern const struct migration_list migrations_routing;
extern const struct migration_list migrations_rules;

static struct routing_context context;

#define LEAST_MS INT64_C(100)
#define YEAR_MS (INT64_C(366) * 24 * 3600 * 1000)

static const struct config_row rows[] = {
    CONFIG_ROW(struct routing_context, limits_text, "REDRESS_AUTHORITY_LIMITS", TEXT, 1,
               CONFIG_TEXT_MAX,
               "GBP=25000/250000/1000000,EUR=25000/250000/1000000,USD=25000/250000/1000000,"
               "JPY=50000/500000/2000000,KWD=100000/1000000/4000000",
               "per currency in minor units: automatic, level 1 and level 2 up to, with / between; "
               "any other currency goes to level 2")
        CONFIG_ROW(struct routing_context, keys_text, "REDRESS_APPROVAL_KEYS", SECRET, 1,
                   APPROVAL_KEYS_TEXT_MAX, NULL,
                   "k1:<64 hex>[,k2:<64 hex>]: keys of approvals; the first signs, all verify")
            CONFIG_ROW(struct routing_context, case_deadline_ms, "REDRESS_CASE_DEADLINE", DURATION,
                       LEAST_MS, YEAR_MS, "24h",
                       "until a case that nobody decided goes one level up")
                CONFIG_ROW(struct routing_context, answer_deadline_ms, "REDRESS_ANSWER_DEADLINE",
                           DURATION, LEAST_MS, YEAR_MS, "14d",
                           "until a question that nobody answered ends the refund")
                    CONFIG_ROW(struct routing_context, approval_life_ms, "REDRESS_APPROVAL_LIFE",
                               DURATION, LEAST_MS, YEAR_MS, "7d",
                               "until an approval that was not paid expires")};

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
