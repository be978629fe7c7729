/* Every reason to refuse a rule set that its bytes, signatures and history give. */

#include "message.h"
#include "rules/check.h"
#include "rules/rules.h"
#include "topics.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA = 16 * 1024 * 1024 };

static const int64_t SECOND = 1000000;
static const int64_t NOW = INT64_C(1700000000) * 1000000;

struct world {
    struct arena *arena;
    Redress__V1__RuleSet *set;
    struct signature_secret one, two;
    struct signature_keys keys;
    struct check_record record;
    char key[200];
};

static const char MODEL[] =
    "{\"id\": \"rules\", \"version\": \"3\", \"publishedAt\": \"2023-11-14T22:13:20Z\","
    " \"author\": {\"id\": \"mia\"}, \"model\": {\"purpose\": \"POLICY\", \"judgedBy\": "
    "\"REQUEST\","
    " \"files\": [{\"name\": \"a.dmn\", \"content\": \"PHg+\"}], \"sha256\":"
    " \"c6a2e5fe2ee546d10f0afc859940f22e5d81093fa39cef6592d9af8ba09b0857\"}}";
static const char LIMITS[] =
    "{\"id\": \"rules\", \"version\": \"3\", \"publishedAt\": \"2023-11-14T22:13:20Z\","
    " \"author\": {\"id\": \"mia\"}, \"limits\": {\"automaticPerHour\": 10}}";
static const char STOP[] =
    "{\"id\": \"stop\", \"version\": \"3\", \"publishedAt\": \"2023-11-14T22:13:20Z\","
    " \"author\": {\"id\": \"mia\"}, \"stop\": {\"stopped\": true, \"reason\": \"why\"}}";

static void make_keys(struct world *world)
{
    char one[SIGNATURE_TEXT_MAX], two[SIGNATURE_TEXT_MAX], text[3 * SIGNATURE_TEXT_MAX];
    cr_assert_eq(signature_secret_make("one", &world->one, NULL), STATUS_OK);
    cr_assert_eq(signature_secret_make("two", &world->two, NULL), STATUS_OK);
    (void)snprintf(text, sizeof text, "%s,%s:limits+stop", signature_public_text(&world->one, one),
                   signature_public_text(&world->two, two));
    cr_assert_eq(signature_keys_read(text, &world->keys, NULL), STATUS_OK);
}

static struct world world_of(const char *json)
{
    struct world world = {.arena = arena_create(ARENA)};
    ProtobufCMessage *message;
    struct error error = {0};
    cr_assert_eq(message_from_json_text(&redress__v1__rule_set__descriptor, json, strlen(json),
                                        world.arena, &message, &error),
                 STATUS_OK, "%s", error.text);
    world.set = (Redress__V1__RuleSet *)message;
    make_keys(&world);
    world.record = (struct check_record){.published_us = NOW + SECOND};
    return world;
}

static void set_key(struct world *world)
{
    world->record.key_size = (size_t)snprintf(world->key, sizeof world->key, "%s/%lld",
                                              world->set->id, (long long)world->set->version);
    world->record.key = world->key;
}

static const char *form(struct world *world)
{
    static struct error error;
    if (world->record.key == NULL)
        set_key(world);
    return check_form(world->set, &world->record, &error) == STATUS_OK ? "ok" : error.text;
}

static const char *signatures(struct world *world)
{
    static struct error error;
    return check_signatures(world->set, &world->keys, world->arena, &error) == STATUS_OK
               ? "ok"
               : error.text;
}

static const char *history(struct world *world, struct check_known known)
{
    static struct error error;
    if (known.merchant_id == NULL)
        known.merchant_id = "";
    return check_history(world->set, &known, &error) == STATUS_OK ? "ok" : error.text;
}

static bool says(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void set_time(struct world *world, Google__Protobuf__Timestamp **field, int64_t time_us)
{
    *field = message_timestamp(world->arena, time_us);
}

Test(rules_check, good_ones_are_accepted)
{
    const char *const good[] = {MODEL, LIMITS, STOP};
    for (size_t i = 0; i < 3; i++) {
        struct world world = world_of(good[i]);
        cr_expect_str_eq(form(&world), "ok");
        cr_assert_eq(signature_sign_rules(world.set, &world.one, world.arena), STATUS_OK);
        if (i == 1)
            cr_assert_eq(signature_sign_rules(world.set, &world.two, world.arena), STATUS_OK);
        cr_expect_str_eq(signatures(&world), "ok");
        cr_expect_str_eq(history(&world, (struct check_known){0}), "ok");
        arena_destroy(world.arena);
    }
}

Test(rules_check, names_follow_their_rules)
{
    struct world world = world_of(MODEL);
    world.record.key = "rules/4";
    world.record.key_size = 7;
    cr_expect(says(form(&world), "the key of the record is not rules/3"));
    world.record.key = NULL;
    world.record.key_size = 0;
    world.record.key = "";
    cr_expect(says(form(&world), "the key of the record"));
    world.set->id = "a/b";
    cr_expect(says(form(&world), "id: 1 to 128"));
    world.set->id = "";
    cr_expect(says(form(&world), "id: 1 to 128"));
    world.set->id = "rules";
    world.set->version = 0;
    cr_expect(says(form(&world), "version 0"));
    world.set->version = 3;
    world.record.key = NULL;
    world.set->author = NULL;
    cr_expect(says(form(&world), "author.id"));
    arena_destroy(world.arena);
}

Test(rules_check, what_begins_in_the_past_is_a_correction)
{
    struct world world = world_of(MODEL);
    cr_expect_eq(check_valid_from(world.set, &world.record), NOW + SECOND);
    set_time(&world, &world.set->valid_from, NOW + 3600 * SECOND);
    cr_expect_str_eq(form(&world), "ok");
    cr_expect_eq(check_valid_from(world.set, &world.record), NOW + 3600 * SECOND);
    set_time(&world, &world.set->valid_from, 0);
    cr_expect(says(form(&world), "it is no correction"));
    world.set->correction = "typing error in version 2";
    cr_expect_str_eq(form(&world), "ok");
    cr_expect_eq(check_valid_from(world.set, &world.record), 0);
    world.set->correction = "";
    set_time(&world, &world.set->valid_from, NOW + 3600 * SECOND);
    world.record.published_us = NOW + 2 * 3600 * SECOND;
    cr_expect(says(form(&world), "it is no correction"), "valid from before it came");
    arena_destroy(world.arena);
}

Test(rules_check, publication_follows_the_signature)
{
    struct world world = world_of(MODEL);
    set_time(&world, &world.set->published_at, NOW + 3600 * SECOND);
    cr_expect(says(form(&world), "published_at lies behind"));
    set_time(&world, &world.set->published_at, NOW - 31 * 24 * 3600 * SECOND);
    cr_expect(says(form(&world), "30 days"));
    world.set->published_at = NULL;
    cr_expect(says(form(&world), "published_at"));
    arena_destroy(world.arena);
}

Test(rules_check, a_model_is_what_its_hash_says)
{
    struct world world = world_of(MODEL);
    world.set->model->files[0]->content.data[0] ^= 1;
    cr_expect(says(form(&world), "sha256 is not that of the files"));
    world.set->model->n_files = 0;
    cr_expect(says(form(&world), "model.files: 1 to"));
    world.set->model->judged_by = REDRESS__V1__JUDGED_BY__JUDGED_BY_UNSPECIFIED;
    cr_expect(says(form(&world), "judged_by"));
    arena_destroy(world.arena);
}

Test(rules_check, a_stop_holds_at_once_and_tells_why)
{
    struct world world = world_of(STOP);
    set_time(&world, &world.set->valid_from, NOW + 3600 * SECOND);
    cr_expect(says(form(&world), "a stop holds from when"));
    world.set->valid_from = NULL;
    world.set->stop->reason = "";
    cr_expect(says(form(&world), "stop.reason"));
    world.set->stop->reason = "why";
    world.set->stop->provider = (Redress__V1__Provider)99;
    cr_expect(says(form(&world), "stop.provider"));
    arena_destroy(world.arena);
}

Test(rules_check, signatures_are_needed_and_hold)
{
    struct world world = world_of(MODEL);
    cr_expect(says(signatures(&world), "0 signatures: rules of the kind policy need 1"));
    cr_assert_eq(signature_sign_rules(world.set, &world.two, world.arena), STATUS_OK);
    cr_expect(says(signatures(&world), "key two may not sign"), "beyond its scope");
    world.set->n_signatures = 0;
    cr_assert_eq(signature_sign_rules(world.set, &world.one, world.arena), STATUS_OK);
    cr_expect_str_eq(signatures(&world), "ok");
    world.set->merchant_id = "other";
    cr_expect(says(signatures(&world), "does not hold"));
    world.set->merchant_id = "";
    world.set->signatures[0]->signature.data[3] ^= 1;
    cr_expect(says(signatures(&world), "does not hold"));
    world.keys.count = 0;
    cr_expect(says(signatures(&world), "no keys are configured"));
    arena_destroy(world.arena);
}

Test(rules_check, limits_need_two_keys)
{
    struct world world = world_of(LIMITS);
    cr_assert_eq(signature_sign_rules(world.set, &world.one, world.arena), STATUS_OK);
    cr_expect(says(signatures(&world), "need 2"));
    cr_assert_eq(signature_sign_rules(world.set, &world.one, world.arena), STATUS_OK);
    cr_expect(says(signatures(&world), "both signatures are of one key"));
    world.set->n_signatures = 1;
    cr_assert_eq(signature_sign_rules(world.set, &world.two, world.arena), STATUS_OK);
    cr_expect_str_eq(signatures(&world), "ok");
    arena_destroy(world.arena);
}

Test(rules_check, versions_only_go_up)
{
    struct world world = world_of(MODEL);
    cr_expect(says(history(&world, (struct check_known){.latest = 3}), "with other content"));
    cr_expect(says(history(&world, (struct check_known){.latest = 4}), "versions only go up"));
    cr_expect_str_eq(history(&world, (struct check_known){.latest = 1, .kind = RULES_POLICY}),
                     "ok");
    cr_expect(says(history(&world, (struct check_known){.latest = 1, .kind = RULES_ROSTER}),
                   "of the kind roster"));
    cr_expect(says(
        history(&world,
                (struct check_known){.latest = 1, .kind = RULES_POLICY, .merchant_id = "other"}),
        "of merchant \"other\""));
    cr_expect(says(history(&world, (struct check_known){.sets = RULES_SETS_MAX}), "at most"));
    arena_destroy(world.arena);
}

Test(rules_check, an_id_stops_one_thing)
{
    struct world world = world_of(STOP);
    Redress__V1__Stop other = REDRESS__V1__STOP__INIT;
    struct check_known known = {.latest = 1, .kind = RULES_STOP, .stop = &other};
    cr_expect_str_eq(history(&world, known), "ok");
    other.merchant_id = "shop";
    cr_expect(says(history(&world, known), "take another id"));
    other.merchant_id = "";
    known.stops = known.wide_stops = CHECK_STOPS_WIDE_MAX;
    cr_expect(says(history(&world, known), "at most"));
    world.set->stop->stopped = false;
    cr_expect_str_eq(history(&world, known), "ok", "resuming is always possible");
    arena_destroy(world.arena);
}

Test(rules_check, what_is_no_rule_set_is_told_so)
{
    struct arena *arena = arena_create(CHECK_UNPACKED_MAX);
    Redress__V1__RuleSet *set;
    struct error error = {0};
    struct check_record record = {.value = NULL};
    cr_expect_eq(check_unpack(&record, arena, &set, &error), STATUS_INVALID);
    cr_expect(says(error.text, "without a value"));
    record = (struct check_record){.value = "garbage", .value_size = 7};
    cr_expect_eq(check_unpack(&record, arena, &set, &error), STATUS_INVALID);
    cr_expect(says(error.text, "not a RuleSet"));
    record = (struct check_record){.value = "", .value_size = 0};
    cr_expect_eq(check_unpack(&record, arena, &set, &error), STATUS_INVALID);
    cr_expect(says(error.text, "holds no model"));
    record.value_size = topic_info(TOPIC_RULES)->bytes_max + 1;
    record.value = calloc(1, record.value_size);
    cr_expect_eq(check_unpack(&record, arena, &set, &error), STATUS_INVALID);
    cr_expect(says(error.text, "at most"));
    free((void *)(uintptr_t)record.value);
    arena_destroy(arena);
}

/* A message of many empty people takes more memory than bytes. */
Test(rules_check, what_swells_when_it_is_read_is_refused)
{
    enum { PEOPLE = 195000 };
    struct arena *arena = arena_create(CHECK_UNPACKED_MAX);
    uint8_t *bytes = calloc(1, PEOPLE * 2 + 16);
    size_t size = 0;
    bytes[size++] = 0x52; /* field 10, roster */
    for (size_t rest = PEOPLE * 2; rest > 0; rest >>= 7)
        bytes[size++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    for (size_t i = 0; i < PEOPLE; i++) {
        bytes[size++] = 0x0a;
        bytes[size++] = 0;
    }
    Redress__V1__RuleSet *set;
    struct error error = {0};
    const struct check_record record = {.value = bytes, .value_size = size};
    cr_expect_eq(check_unpack(&record, arena, &set, &error), STATUS_INVALID);
    cr_expect(says(error.text, "memory"), "%s", error.text);
    free(bytes);
    arena_destroy(arena);
}

static const char DMN[] =
    "<definitions xmlns=\"https://www.omg.org/spec/DMN/20191111/MODEL/\" name=\"m\" "
    "namespace=\"m\">"
    "<decision name=\"D\"><variable name=\"D\" typeRef=\"number\"/>"
    "<literalExpression><text>%s</text></literalExpression></decision></definitions>";

static enum status make_model(const char *text, struct error *error)
{
    Redress__V1__RuleSet set = REDRESS__V1__RULE_SET__INIT;
    Redress__V1__Model model = REDRESS__V1__MODEL__INIT;
    Redress__V1__ModelFile file = REDRESS__V1__MODEL_FILE__INIT;
    Redress__V1__ModelFile *files[] = {&file};
    struct rules_made made;
    char name[] = "m.dmn";
    file.name = name;
    file.content = (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
    model.n_files = 1;
    model.files = files;
    set.rules_case = REDRESS__V1__RULE_SET__RULES_MODEL;
    set.model = &model;
    enum status status = rules_make_model(NULL, &set, &made, error);
    if (status == STATUS_OK)
        rules_release_model(made.made);
    return status;
}

Test(rules_made, models_load_or_tell_what_is_wrong)
{
    char text[sizeof DMN + 64];
    struct error error = {0};
    (void)snprintf(text, sizeof text, DMN, "1 + 1");
    cr_expect_eq(make_model(text, &error), STATUS_OK, "%s", error.text);
    (void)snprintf(text, sizeof text, DMN, "1 + ");
    cr_expect_eq(make_model(text, &error), STATUS_INVALID);
    cr_expect(says(error.text, "m.dmn:1"), "%s", error.text);
    (void)snprintf(text, sizeof text, DMN, "1 + fee");
    cr_expect_eq(make_model(text, &error), STATUS_INVALID);
    cr_expect(says(error.text, "nothing here is called fee"), "%s", error.text);
    cr_expect_eq(make_model("no xml", &error), STATUS_INVALID);
}

Test(rules_made, a_message_is_a_copy_of_its_own)
{
    struct world world = world_of(LIMITS);
    struct rules_made made;
    cr_assert_eq(rules_make_message(NULL, world.set, &made, NULL), STATUS_OK);
    arena_destroy(world.arena);
    const Redress__V1__RuleSet *copy = made.made;
    cr_expect_str_eq(copy->id, "rules");
    cr_expect_eq(copy->limits->automatic_per_hour, 10);
    cr_expect_gt(made.bytes, 0);
    rules_release_message(made.made);
}
