/* Changes of a roster. */

#include "message.h"
#include "services/redressctl/roster_change.h"

#include <criterion/criterion.h>
#include <string.h>

static const char json[] =
    "{\"id\":\"staff\",\"version\":\"4\",\"signatures\":[{\"keyId\":\"a\"}],\"correction\":\"x\","
    "\"validFrom\":\"2026-01-01T00:00:00Z\",\"roster\":{\"people\":[{\"id\":\"mia\",\"delegates\":["
    "{\"personId\":\"tom\",\"from\":\"2026-01-01T00:00:00Z\",\"until\":\"2026-01-02T00:00:00Z\"},"
    "{\"personId\":\"noah\",\"from\":\"2026-01-01T00:00:00Z\",\"until\":\"2026-01-02T00:00:00Z\"}]}"
    ","
    "{\"id\":\"tom\"},{\"id\":\"noah\"}]}}";

static struct arena *arena;
static Redress__V1__RuleSet *set;
static struct error error;

enum { NOW_S = 1770000000 }; /* 2026-02-02 */
#define NOW (INT64_C(1000000) * NOW_S)

static void begin(void)
{
    ProtobufCMessage *message;
    arena = arena_create(1 << 20);
    cr_assert(message_from_json_text(&redress__v1__rule_set__descriptor, json, sizeof json - 1,
                                     arena, &message, &error) == STATUS_OK,
              "%s", error.text);
    set = (Redress__V1__RuleSet *)message;
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(redressctl_roster, .init = begin, .fini = end);

Test(redressctl_roster, the_next_version_is_not_signed)
{
    cr_assert(roster_next(set, "ann", arena, &error) == STATUS_OK);
    cr_expect(set->version == 0 && set->published_at == NULL && set->n_signatures == 0 &&
              set->valid_from == NULL);
    cr_expect_str_eq(set->correction, "");
    cr_expect_str_eq(set->author->id, "ann");
}

Test(redressctl_roster, only_a_roster_is_changed)
{
    set->rules_case = REDRESS__V1__RULE_SET__RULES_STOP;
    cr_expect(roster_next(set, "ann", arena, &error) == STATUS_INVALID);
}

Test(redressctl_roster, who_may_delegate_to_whom_until_when)
{
    static const struct {
        const char *who, *whom;
        int64_t from_us, until_us;
        enum status status;
    } rows[] = {
        {"mia", "tom", NOW, NOW + 1, STATUS_OK},
        {"mia", "tom", NOW - 5, NOW + 1, STATUS_OK},
        {"mia", "mia", NOW, NOW + 1, STATUS_INVALID},
        {"mia", "tom", NOW, NOW, STATUS_INVALID},
        {"mia", "tom", NOW - 5, NOW, STATUS_INVALID},
        {"eve", "tom", NOW, NOW + 1, STATUS_NOT_FOUND},
        {"mia", "eve", NOW, NOW + 1, STATUS_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct roster_delegation delegation = {rows[i].who, rows[i].whom, rows[i].from_us,
                                                     rows[i].until_us, NOW};
        cr_expect(roster_delegate(set->roster, &delegation, arena, &error) == rows[i].status,
                  "row %zu", i);
    }
}

Test(redressctl_roster, what_is_over_makes_room)
{
    const struct roster_delegation delegation = {"mia", "tom", NOW, NOW + 1000000, NOW};
    cr_assert(roster_delegate(set->roster, &delegation, arena, &error) == STATUS_OK);
    const Redress__V1__Person *mia = set->roster->people[0];
    cr_assert(mia->n_delegates == 2);
    cr_expect_str_eq(mia->delegates[0]->person_id, "noah");
    cr_expect_str_eq(mia->delegates[1]->person_id, "tom");
    cr_expect(mia->delegates[1]->until->seconds == NOW_S + 1);
}

Test(redressctl_roster, people_come_change_and_go)
{
    Redress__V1__Person person = REDRESS__V1__PERSON__INIT;
    cr_expect(roster_put(set->roster, &person, arena, &error) == STATUS_INVALID, "no id");
    person.id = (char *)(uintptr_t) "tom";
    person.level = 2;
    cr_assert(roster_put(set->roster, &person, arena, &error) == STATUS_OK);
    cr_expect(set->roster->n_people == 3 && set->roster->people[1]->level == 2);
    Redress__V1__Person other = REDRESS__V1__PERSON__INIT;
    other.id = (char *)(uintptr_t) "eve";
    cr_assert(roster_put(set->roster, &other, arena, &error) == STATUS_OK);
    cr_expect(set->roster->n_people == 4);
    cr_assert(roster_remove(set->roster, "tom", &error) == STATUS_OK);
    cr_expect(roster_remove(set->roster, "tom", &error) == STATUS_NOT_FOUND);
    cr_expect(set->roster->n_people == 3);
    cr_expect_str_eq(set->roster->people[2]->id, "eve");
}
