/* The sample rules of deploy/rules hold what a roster and a calendar may. */

#include "message.h"
#include "roster_read.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct arena *arena;
static struct feel_zones zones;
static struct error error;

static void set_up(void)
{
    arena = arena_create(8 * 1024 * 1024);
    zones = (struct feel_zones){.arena = arena};
}

static void tear_down(void)
{
    arena_destroy(arena);
}

TestSuite(sample_rules, .init = set_up, .fini = tear_down);

static Redress__V1__RuleSet *read_sample(const char *path)
{
    static char text[64 * 1024];
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "run it in the source tree");
    size_t size = fread(text, 1, sizeof text, file);
    cr_assert_eq(fclose(file), 0);
    ProtobufCMessage *message = NULL;
    cr_assert_eq(message_from_json_text(&redress__v1__rule_set__descriptor, text, size, arena,
                                        &message, &error),
                 STATUS_OK, "%s: %s", path, error.text);
    return (Redress__V1__RuleSet *)message;
}

Test(sample_rules, roster)
{
    static uint8_t key[ROSTER_KEY_SIZE];
    Redress__V1__RuleSet *set = read_sample("deploy/rules/sample-roster.json");
    struct roster roster;
    cr_assert_eq(set->roster->n_applications, 1);
    set->roster->applications[0]->key_id = (char *)"console"; /* rules.sh fills these in */
    set->roster->applications[0]->public_key = (ProtobufCBinaryData){sizeof key, key};
    cr_assert_eq(roster_read(set->roster, arena, &zones, &roster, &error), STATUS_OK, "%s",
                 error.text);
    const struct roster_person *mia = roster_person(&roster, "mia");
    cr_assert_not_null(mia);
    cr_expect_not_null(roster_key(&roster, mia, "console"));
    cr_expect(roster_queue_fits(mia, "refunds") && roster_queue_fits(mia, "refunds-gb"));
    cr_expect_gt(roster_limit(&mia->per_refund, "CHF"), 0);
    cr_expect_eq(roster_person(&roster, "fay")->level, ROSTER_LEVEL_MAX);
}

Test(sample_rules, calendar)
{
    Redress__V1__RuleSet *set = read_sample("deploy/rules/sample-calendar.json");
    struct calendar calendar;
    cr_assert_eq(calendar_read(set->calendar, arena, &zones, &calendar, &error), STATUS_OK, "%s",
                 error.text);
    cr_expect_eq(calendar.hour_count, 5);
}
