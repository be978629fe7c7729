/* Who decides about cases, what the merchant lets happen without them, and a model. */

#include "cases.h"

#include <string.h>

#define START_US INT64_C(1000000000)
#define MOST INT64_C(100000000)

static const char *const EVERYWHERE[] = {"*"};
static const struct roster_limit SMALL[] = {{"GBP", 30000}, {"CHF", 30000}};
static const struct roster_limit SMALL_DAY[] = {{"GBP", 50000}, {"CHF", 40000}};
static const struct roster_limit MIDDLE[] = {{"GBP", 300000}, {"CHF", 300000}};
static const struct roster_limit MIDDLE_DAY[] = {{"GBP", 350000}, {"CHF", 300000}};
static const struct roster_limit LARGE[] = {{"GBP", MOST}, {"CHF", MOST}};
static const struct roster_limit LARGE_DAY[] = {{"GBP", 1500000}, {"CHF", 1500000}};

/* Every other week of the first year. */
static const struct roster_delegate DELEGATES[] = {
    {"ada", {START_US, START_US + 3 * DESK_DAY_US}},
    {"bob", {START_US + 2 * DESK_DAY_US, START_US + 20 * DESK_DAY_US}}};
static const struct roster_period ABSENCES[] = {
    {START_US + DESK_DAY_US, START_US + 2 * DESK_DAY_US}};

#define PERSON(name, byte, role_bits, of_level, limit, day)                                \
    .id = (name), .key = {.key_id = "key-" name, .bytes = {byte}}, .roles = (role_bits),   \
    .queues = EVERYWHERE, .queue_count = 1, .level = (of_level), .per_refund = {limit, 2}, \
    .per_day = {day, 2}, .time_zone = ""

/* Before, and after bob has lost his role and ada has got one. */
static const struct roster_person PEOPLE[2][CASES_PEOPLE] = {
    {{PERSON("ada", 1, ROLE_BIT(APPROVER), 1, SMALL, SMALL_DAY)},
     {PERSON("agent", 2, ROLE_BIT(APPROVER) | ROLE_BIT(FINANCE), 3, LARGE, LARGE_DAY)},
     {PERSON("bob", 3, ROLE_BIT(APPROVER), 2, MIDDLE, MIDDLE_DAY)},
     {PERSON("cat", 4, ROLE_BIT(APPROVER), 2, MIDDLE, MIDDLE_DAY), .delegates = DELEGATES,
      .delegate_count = 2},
     {PERSON("dan", 5, ROLE_BIT(FINANCE), 3, LARGE, LARGE_DAY), .delegates = DELEGATES,
      .delegate_count = 1},
     {PERSON("eve", 6, ROLE_BIT(FINANCE) | ROLE_BIT(APPROVER), 3, LARGE, LARGE_DAY),
      .absences = ABSENCES, .absence_count = 1},
     {PERSON("fay", 7, ROLE_BIT(POLICY_REVIEWER), 0, SMALL, SMALL_DAY)},
     {PERSON("gus", 8, ROLE_BIT(POLICY_REVIEWER) | ROLE_BIT(APPROVER), 2, MIDDLE, MIDDLE_DAY)}},
    {{PERSON("ada", 1, ROLE_BIT(APPROVER) | ROLE_BIT(POLICY_REVIEWER), 2, MIDDLE, MIDDLE_DAY)},
     {PERSON("agent", 2, ROLE_BIT(APPROVER), 1, SMALL, SMALL_DAY)},
     {PERSON("bob", 3, ROLE_BIT(SERVICE_AGENT), 0, SMALL, SMALL_DAY)},
     {PERSON("cat", 4, ROLE_BIT(APPROVER), 2, MIDDLE, SMALL_DAY), .delegates = DELEGATES,
      .delegate_count = 2},
     {PERSON("dan", 9, ROLE_BIT(FINANCE), 3, LARGE, LARGE_DAY)},
     {PERSON("eve", 6, ROLE_BIT(FINANCE) | ROLE_BIT(APPROVER), 3, LARGE, LARGE_DAY)},
     {PERSON("fay", 7, ROLE_BIT(POLICY_REVIEWER), 0, SMALL, SMALL_DAY)},
     {PERSON("gus", 8, ROLE_BIT(POLICY_REVIEWER) | ROLE_BIT(APPROVER), 2, MIDDLE, MIDDLE_DAY)}}};

static const char *const VOUCHED[] = {"bob", "cat", "eve"};
static const struct roster_application APPLICATIONS[] = {
    {.id = "desk",
     .key = {.key_id = "desk-1", .bytes = {100}},
     .people = VOUCHED,
     .person_count = 3}};

const struct roster cases_rosters[2] = {{PEOPLE[0], CASES_PEOPLE, APPLICATIONS, 1},
                                        {PEOPLE[1], CASES_PEOPLE, APPLICATIONS, 1}};

const char *cases_person(int number)
{
    return PEOPLE[0][number].id;
}

const struct roster_person *cases_person_of(const struct roster *roster, const char *id)
{
    for (size_t i = 0; roster != NULL && i < roster->person_count; i++)
        if (strcmp(roster->people[i].id, id) == 0)
            return &roster->people[i];
    return NULL;
}

const char *cases_payment_id(int payment)
{
    static const char *const IDS[CASES_PAYMENTS] = {"pay_0", "pay_1"};
    return IDS[payment];
}

const struct auto_limits cases_limits = {
    .merchant = {.per_hour = 3, .per_day = 5, .amounts_per_day = {{"GBP", 90000}}, .day_count = 1},
    .product = {.per_day = 3}};

/* By the amount: nobody, one person, two, the finance controller. Not what has no channel. */
static enum status ask(const struct router *router, const struct route_facts *facts,
                       struct arena *arena, struct route *route, struct error *error)
{
    (void)router, (void)arena;
    *route = (struct route){.queue = ""};
    if (facts->channel == NULL)
        return error_set(error, STATUS_INVALID, "no rule for this channel");
    route->automatic = facts->minor <= 25000 && strcmp(facts->outcome, "COMPLIANT") == 0;
    if (route->automatic)
        return STATUS_OK;
    route->queue = "refunds";
    route->level = facts->minor <= 30000 ? 1 : facts->minor <= 1000000 ? 2 : 3;
    route->approvers = facts->minor > 250000 && facts->minor <= 1000000 ? 2 : 1;
    route->deadline_us = 4 * DESK_HOUR_US;
    return STATUS_OK;
}

const struct router cases_router = {
    .model_id = "authority", .model_version = 1, .model_sha256 = "ab", .ask = ask};
