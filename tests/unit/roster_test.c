/* Rosters: what is read, what is refused, and whose key may sign for whom. */

#include "roster_read.h"

#include "clock.h"
#include "message.h"

#include <criterion/criterion.h>

static struct arena *arena;
static struct feel_zones zones;
static struct roster roster;
static struct error error;

static void set_up(void)
{
    arena = arena_create(8 * 1024 * 1024);
    zones = (struct feel_zones){.arena = arena};
    error.text[0] = '\0';
}

static void tear_down(void)
{
    arena_destroy(arena);
}

TestSuite(roster, .init = set_up, .fini = tear_down);

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_2 "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_3 "AgECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static enum status read_json(const char *json)
{
    ProtobufCMessage *message = NULL;
    cr_assert_eq(message_from_json_text(&redress__v1__roster__descriptor, json, strlen(json), arena,
                                        &message, &error),
                 STATUS_OK, "%s", error.text);
    return roster_read((const Redress__V1__Roster *)message, arena, &zones, &roster, &error);
}

static const char sample[] =
    "{\"people\": ["
    " {\"id\": \"tom\", \"roles\": [\"APPROVER\"], \"queues\": [\"refunds-*\"], \"level\": 2,"
    "  \"limitPerRefund\": [{\"currency\": \"GBP\", \"minor\": 5000}], \"keyId\": \"tom-1\","
    "  \"publicKey\": \"" KEY "\", \"timeZone\": \"Europe/London\","
    "  \"delegates\": [{\"personId\": \"mia\", \"from\": \"2026-11-01T00:00:00Z\","
    "                   \"until\": \"2026-11-08T00:00:00Z\"}],"
    "  \"absences\": [{\"from\": \"2026-11-01T00:00:00Z\", \"until\": \"2026-11-08T00:00:00Z\"}]},"
    " {\"id\": \"mia\", \"roles\": [\"FINANCE\", \"QUALITY\"], \"queues\": [\"refunds-gb\"]}],"
    " \"applications\": [{\"id\": \"console\", \"keyId\": \"console-1\", \"publicKey\": \"" KEY_2
    "\","
    "                     \"people\": [\"mia\"]},"
    "                    {\"id\": \"desk\", \"keyId\": \"desk-1\", \"publicKey\": \"" KEY_3 "\"}]}";

static int64_t at(const char *text)
{
    int64_t time_us = 0;
    cr_assert_eq(clock_parse(text, &time_us), STATUS_OK);
    return time_us;
}

Test(roster, people_are_found)
{
    cr_assert_eq(read_json(sample), STATUS_OK, "%s", error.text);
    const struct roster_person *tom = roster_person(&roster, "tom");
    cr_assert_not_null(tom);
    cr_expect_str_eq(roster.people[0].id, "mia");
    cr_expect_null(roster_person(&roster, "Tom"));
    cr_expect_null(roster_person(NULL, "tom"));
    cr_expect_eq(tom->roles, 1u << 4);
    cr_expect_eq(tom->level, 2);
    cr_expect_not_null(tom->zone);
    cr_expect_eq(roster_limit(&tom->per_refund, "GBP"), 5000);
    cr_expect_eq(roster_limit(&tom->per_refund, "EUR"), 0);
    cr_expect_eq(roster_limit(&tom->per_day, "GBP"), 0);
}

Test(roster, keys_sign_only_for_their_people)
{
    cr_assert_eq(read_json(sample), STATUS_OK);
    const struct roster_person *tom = roster_person(&roster, "tom");
    const struct roster_person *mia = roster_person(&roster, "mia");
    cr_expect_eq(roster_key(&roster, tom, "tom-1"), &tom->key);
    cr_expect_null(roster_key(&roster, mia, "tom-1"), "another person's key");
    cr_expect_null(roster_key(&roster, mia, ""), "no key names no key");
    cr_expect_not_null(roster_key(&roster, mia, "console-1"));
    cr_expect_null(roster_key(&roster, tom, "console-1"), "it vouches for mia only");
    cr_expect_not_null(roster_key(&roster, tom, "desk-1"));
    cr_expect_null(roster_key(&roster, tom, "nobody"));
}

Test(roster, queues_delegates_and_absences)
{
    cr_assert_eq(read_json(sample), STATUS_OK);
    const struct roster_person *tom = roster_person(&roster, "tom");
    const struct roster_person *mia = roster_person(&roster, "mia");
    cr_expect(roster_queue_fits(tom, "refunds-gb"));
    cr_expect_not(roster_queue_fits(tom, "refunds"));
    cr_expect_not(roster_queue_fits(mia, "refunds-gbx"));
    cr_expect_not(roster_delegates(tom, "mia", at("2026-10-31T23:59:59Z")));
    cr_expect(roster_delegates(tom, "mia", at("2026-11-01T00:00:00Z")));
    cr_expect_not(roster_delegates(tom, "mia", at("2026-11-08T00:00:00Z")));
    cr_expect_not(roster_delegates(mia, "tom", at("2026-11-02T00:00:00Z")));
    cr_expect(roster_absent(tom, at("2026-11-02T00:00:00Z")));
    cr_expect_not(roster_absent(tom, at("2026-11-08T00:00:00Z")));
}

#define PERSON(more) "{\"people\": [{\"id\": \"tom\"" more "}]}"

Test(roster, what_breaks_a_rule_is_refused)
{
    static const struct {
        const char *json, *says;
    } all[] = {
        {"{\"people\": [{\"id\": \"\"}]}", "people.id"},
        {"{\"people\": [{\"id\": \"a\"}, {\"id\": \"b\"}, {\"id\": \"a\"}]}", "a: people.id: once"},
        {PERSON(", \"level\": 4"), "tom: level"},
        {PERSON(", \"level\": -1"), "level"},
        {PERSON(", \"roles\": [0]"), "roles"},
        {PERSON(", \"queues\": [\"\"]"), "queues"},
        {PERSON(", \"limitPerDay\": [{\"currency\": \"XXQ\"}]"), "limit_per_day"},
        {PERSON(", \"limitPerDay\": [{\"currency\": \"GBP\", \"minor\": -1}]"), "limit_per_day"},
        {PERSON(", \"limitPerRefund\": [{\"currency\": \"GBP\"}, {\"currency\": \"GBP\"}]"),
         "once at most"},
        {PERSON(", \"delegates\": [{\"personId\": \"tom\", \"from\": \"2026-11-01T00:00:00Z\","
                "\"until\": \"2026-11-08T00:00:00Z\"}]"),
         "delegates"},
        {PERSON(", \"delegates\": [{\"personId\": \"mia\", \"from\": \"2026-11-08T00:00:00Z\","
                "\"until\": \"2026-11-01T00:00:00Z\"}]"),
         "delegates"},
        {PERSON(", \"absences\": [{\"from\": \"2026-11-08T00:00:00Z\"}]"), "absences"},
        {PERSON(", \"keyId\": \"k\""), "public_key"},
        {PERSON(", \"publicKey\": \"" KEY "\""), "public_key"},
        {PERSON(", \"keyId\": \"k\", \"publicKey\": \"AAAA\""), "public_key"},
        {PERSON(", \"timeZone\": \"Mars/Olympus\""), "time_zone"},
        {"{\"applications\": [{\"id\": \"console\"}]}", "public_key"},
        {"{\"people\": [{\"id\": \"tom\", \"keyId\": \"k\", \"publicKey\": \"" KEY "\"}],"
         " \"applications\": [{\"id\": \"c\", \"keyId\": \"k\", \"publicKey\": \"" KEY "\"}]}",
         "k: key_id: once"},
        /* Who holds it would be two people. */
        {"{\"people\": [{\"id\": \"tom\", \"keyId\": \"t\", \"publicKey\": \"" KEY "\"},"
         " {\"id\": \"mia\", \"keyId\": \"m\", \"publicKey\": \"" KEY "\"}]}",
         "public_key: once"},
        {"{\"people\": [{\"id\": \"tom\", \"keyId\": \"t\", \"publicKey\": \"" KEY "\"}],"
         " \"applications\": [{\"id\": \"c\", \"keyId\": \"k\", \"publicKey\": \"" KEY "\"}]}",
         "public_key: once"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cr_expect_eq(read_json(all[i].json), STATUS_INVALID, "%s", all[i].json);
        cr_expect(strstr(error.text, all[i].says) != NULL, "%s: %s", all[i].json, error.text);
    }
}
