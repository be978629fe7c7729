/* Who may say what: the table of role x action, and whose authority counts. */

#include "services/routing/people.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char *const everywhere[] = {"*"};
static const char *const british[] = {"refunds-gb"};
static const struct roster_limit pounds[] = {{"GBP", 50000}};
static const struct roster_delegate to_dora[] = {{"dora", {100, 200}}};
static const struct roster_period away[] = {{100, 200}};

#define PERSON(name, role_bits, of_level, of_queues, ...)                                  \
    {                                                                                      \
        .id = (name), .key = {.key_id = ""}, .roles = (role_bits), .queues = (of_queues),  \
        .queue_count = 1, .level = (of_level), .per_refund = {pounds, 1}, .time_zone = "", \
        __VA_ARGS__                                                                        \
    }

static const struct roster_person people[] = {
    PERSON("ada", ROLE_BIT(APPROVER), 2, everywhere, .absences = away, .absence_count = 1),
    PERSON("bob", ROLE_BIT(APPROVER), 1, british, .delegates = to_dora, .delegate_count = 1),
    PERSON("dora", ROLE_BIT(SERVICE_AGENT), 0, everywhere, .delegates = NULL),
    PERSON("fin", ROLE_BIT(FINANCE), 3, everywhere, .delegates = NULL),
    PERSON("rob", ROLE_BIT(POLICY_REVIEWER) | ROLE_BIT(APPROVER), 2, everywhere,
           .delegates = NULL)};

static const struct roster roster = {.people = people, .person_count = 5};

static enum refusal_reason may(const char *actor, const char *holder, enum person_role role,
                               enum verdict verdict, const char *queue, int32_t level,
                               int64_t at_us)
{
    struct people_act act = {.role = role, .verdict = verdict, .at_us = at_us};
    enum refusal_reason found = people_find(&roster, actor, holder, &act);
    return found != REFUSAL_NONE
               ? found
               : people_may(&act, &(struct people_case){.queue = queue, .level = level});
}

/* One row per role, a column per verdict in the order of VERDICT_ROWS. */
Test(routing_roster, roles_and_verdicts)
{
    static const struct {
        enum person_role role;
        const char
            *may; /* APPROVE REDUCED DECLINE ASK RECOMMEND TAKE GIVE_BACK COMMENT LIFT VERIFY */
    } rows[] = {
        {PERSON_CUSTOMER, ".........."},        {PERSON_SERVICE_AGENT, ".......x.."},
        {PERSON_POLICY_REVIEWER, "..xxxxxx.x"}, {PERSON_APPROVER, "xxxx.xxx.."},
        {PERSON_FINANCE, "xxxx.xxxxx"},         {PERSON_QUALITY, ".......x.."},
        {PERSON_SYSTEM, ".........."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int verdict = VERDICT_APPROVE; verdict <= VERDICT_VERIFY_PAYEE; verdict++)
            cr_expect_eq(role_may(rows[i].role, (enum verdict)verdict),
                         rows[i].may[verdict - 1] == 'x', "role %d verdict %d", rows[i].role,
                         verdict);
}

Test(routing_roster, who_is_nobody)
{
    struct people_act act = {.role = PERSON_APPROVER, .verdict = VERDICT_APPROVE};
    cr_expect_eq(people_find(NULL, "ada", "", &act), REFUSAL_NO_ROSTER);
    cr_expect_eq(people_find(&roster, "eve", "", &act), REFUSAL_UNKNOWN_PERSON);
    cr_expect_eq(people_find(&roster, "ada", "eve", &act), REFUSAL_UNKNOWN_PERSON);
    cr_expect_eq(people_find(&roster, "ada", "ada", &act), REFUSAL_NONE);
    cr_expect_eq(act.actor, act.holder);
}

Test(routing_roster, own_authority)
{
    static const struct {
        const char *who;
        enum person_role role;
        enum verdict verdict;
        const char *queue;
        int32_t level;
        int64_t at_us;
        enum refusal_reason refusal;
    } rows[] = {
        {"ada", PERSON_APPROVER, VERDICT_APPROVE, "refunds-gb", 2, 50, REFUSAL_NONE},
        {"ada", PERSON_APPROVER, VERDICT_APPROVE, "refunds-gb", 2, 100, REFUSAL_ABSENT},
        {"ada", PERSON_APPROVER, VERDICT_COMMENT, "refunds-gb", 2, 199, REFUSAL_ABSENT},
        {"ada", PERSON_APPROVER, VERDICT_APPROVE, "refunds-gb", 2, 200, REFUSAL_NONE},
        {"ada", PERSON_APPROVER, VERDICT_APPROVE, "refunds-gb", 3, 50, REFUSAL_ABOVE_AUTHORITY},
        {"ada", PERSON_APPROVER, VERDICT_DECLINE, "refunds-gb", 3, 50, REFUSAL_ABOVE_AUTHORITY},
        {"ada", PERSON_APPROVER, VERDICT_ASK, "refunds-gb", 3, 50, REFUSAL_NONE},
        {"ada", PERSON_FINANCE, VERDICT_APPROVE, "refunds-gb", 2, 50, REFUSAL_ROLE},
        {"ada", PERSON_APPROVER, VERDICT_RECOMMEND, "refunds-gb", 2, 50, REFUSAL_ROLE},
        {"bob", PERSON_APPROVER, VERDICT_APPROVE, "refunds-gb", 1, 50, REFUSAL_NONE},
        {"bob", PERSON_APPROVER, VERDICT_APPROVE, "refunds-gb", 2, 50, REFUSAL_ABOVE_AUTHORITY},
        {"bob", PERSON_APPROVER, VERDICT_APPROVE, "refunds-de", 1, 50, REFUSAL_QUEUE},
        {"bob", PERSON_APPROVER, VERDICT_COMMENT, "refunds-de", 1, 50, REFUSAL_QUEUE},
        {"dora", PERSON_SERVICE_AGENT, VERDICT_COMMENT, "refunds-gb", 3, 50, REFUSAL_NONE},
        {"dora", PERSON_SERVICE_AGENT, VERDICT_TAKE, "refunds-gb", 1, 50, REFUSAL_ROLE},
        {"fin", PERSON_FINANCE, VERDICT_APPROVE, "refunds-gb", 3, 50, REFUSAL_NONE},
        {"fin", PERSON_FINANCE, VERDICT_LIFT, "refunds-gb", 1, 50, REFUSAL_NONE},
        {"rob", PERSON_POLICY_REVIEWER, VERDICT_DECLINE, "refunds-gb", 3, 50, REFUSAL_NONE},
        {"rob", PERSON_APPROVER, VERDICT_DECLINE, "refunds-gb", 3, 50, REFUSAL_ABOVE_AUTHORITY},
        {"rob", PERSON_POLICY_REVIEWER, VERDICT_APPROVE, "refunds-gb", 1, 50, REFUSAL_ROLE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(may(rows[i].who, "", rows[i].role, rows[i].verdict, rows[i].queue,
                         rows[i].level, rows[i].at_us),
                     rows[i].refusal, "row %zu", i);
}

Test(routing_roster, a_delegate_has_the_delegators_authority_and_no_more)
{
    enum person_role role = PERSON_APPROVER;
    cr_expect_eq(may("dora", "bob", role, VERDICT_APPROVE, "refunds-gb", 1, 100), REFUSAL_NONE);
    cr_expect_eq(may("dora", "bob", role, VERDICT_APPROVE, "refunds-gb", 1, 99), REFUSAL_DELEGATE);
    cr_expect_eq(may("dora", "bob", role, VERDICT_APPROVE, "refunds-gb", 1, 200), REFUSAL_DELEGATE);
    cr_expect_eq(may("dora", "bob", role, VERDICT_APPROVE, "refunds-de", 1, 100), REFUSAL_QUEUE);
    cr_expect_eq(may("dora", "bob", role, VERDICT_APPROVE, "refunds-gb", 2, 100),
                 REFUSAL_ABOVE_AUTHORITY);
    cr_expect_eq(may("dora", "fin", PERSON_FINANCE, VERDICT_APPROVE, "refunds-gb", 1, 100),
                 REFUSAL_DELEGATE, "nobody delegated that");
    cr_expect_eq(may("dora", "", role, VERDICT_APPROVE, "refunds-gb", 1, 100), REFUSAL_ROLE);
}

Test(routing_roster, limits_for_one_refund)
{
    struct people_act act = {.role = PERSON_APPROVER, .verdict = VERDICT_APPROVE};
    cr_assert_eq(people_find(&roster, "dora", "bob", &act), REFUSAL_NONE);
    cr_expect_eq(people_amount(&act, 50000, "GBP"), REFUSAL_NONE);
    cr_expect_eq(people_amount(&act, 50001, "GBP"), REFUSAL_ABOVE_LIMIT);
    cr_expect_eq(people_amount(&act, 1, "EUR"), REFUSAL_ABOVE_LIMIT, "not listed: nothing");
    cr_expect(people_involve(&act, "bob") && people_involve(&act, "dora"));
    cr_expect_not(people_involve(&act, "fin"));
}
