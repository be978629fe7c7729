/* In which role somebody decides who does not say it. */

#include "message.h"
#include "services/redressctl/role_choice.h"
#include "services/routing/people.h"

#include <criterion/criterion.h>
#include <string.h>

Test(role_choice, may_say_what_routing_lets_it_say)
{
    for (int role = PERSON_CUSTOMER; role <= PERSON_SYSTEM; role++)
        for (int verdict = VERDICT_APPROVE; verdict <= VERDICT_VERIFY_PAYEE; verdict++)
            cr_expect_eq(role_fits((Redress__V1__Role)role, verdict),
                         role_may((enum person_role)role, (enum verdict)verdict),
                         "role %d, verdict %d", role, verdict);
}

static const char json[] =
    "{\"roster\":{\"people\":[{\"id\":\"mia\",\"roles\":[\"QUALITY\",\"APPROVER\"]},"
    "{\"id\":\"rita\",\"roles\":[\"POLICY_REVIEWER\"]},"
    "{\"id\":\"fay\",\"roles\":[\"APPROVER\",\"FINANCE\",\"POLICY_REVIEWER\"]}]}}";

static const struct {
    const char *holder;
    enum verdict verdict;
    const char *role; /* NULL: refused */
    const char *words;
} choices[] = {
    {"mia", VERDICT_APPROVE, "APPROVER", ""},
    {"rita", VERDICT_RECOMMEND, "POLICY_REVIEWER", ""},
    {"rita", VERDICT_DECLINE, "POLICY_REVIEWER", ""},
    {"fay", VERDICT_RECOMMEND, "POLICY_REVIEWER", ""},
    {"rita", VERDICT_APPROVE, NULL, "rita has no role that may say APPROVE"},
    {"fay", VERDICT_APPROVE, NULL, "one of APPROVER, FINANCE: --role says as which"},
    {"tom", VERDICT_APPROVE, NULL, "tom is not in the roster"},
};

Test(role_choice, is_the_only_one_that_fits)
{
    struct arena *arena = arena_create(1 << 20);
    struct error error = {0};
    ProtobufCMessage *message;
    json_t *parsed = json_loads(json, 0, NULL);
    cr_assert_eq(
        message_from_json(&redress__v1__rule_set__descriptor, parsed, arena, &message, &error),
        STATUS_OK, "%s", error.text);
    json_decref(parsed);
    const Redress__V1__RuleSet *set = (const Redress__V1__RuleSet *)message;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const char *role = NULL;
        error.text[0] = '\0';
        enum status status =
            role_choose(set->roster, choices[i].holder, (int)choices[i].verdict, &role, &error);
        cr_expect_eq(status, choices[i].role != NULL ? STATUS_OK : STATUS_INVALID);
        if (choices[i].role != NULL)
            cr_expect_str_eq(role, choices[i].role);
        else
            cr_expect_not_null(strstr(error.text, choices[i].words), "%s", error.text);
    }
    arena_destroy(arena);
}
