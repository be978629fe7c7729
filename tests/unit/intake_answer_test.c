/* What intake publishes, as JSON, and what it keeps as text. */

#include "intake_world.h"

#include "services/intake/intake_codec.h"
#include "services/intake/intake_rows.h"

#include "message.h"

static json_t *answer_json(struct world *world, const struct answer *answer)
{
    Redress__V1__RefundValidated *message;
    cr_assert_eq(intake_encode(world->arena, answer, &message), STATUS_OK);
    json_t *json = message_to_json(&message->base);
    cr_assert_not_null(json);
    return json;
}

static void expect_text(const json_t *json, const char *path, const char *wanted)
{
    char part[64];
    while (*path != '\0' && json != NULL) {
        size_t size = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)size, path);
        path += size + (path[size] == '.');
        json = part[0] >= '0' && part[0] <= '9' ? json_array_get(json, (size_t)(part[0] - '0'))
                                                : json_object_get(json, part);
    }
    cr_assert_not_null(json, "%s is missing", part);
    if (json_is_integer(json)) {
        snprintf(part, sizeof part, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        cr_expect_str_eq(part, wanted);
    } else {
        cr_expect_str_eq(json_string_value(json), wanted);
    }
}

Test(intake_answer, the_worked_example)
{
    struct world *world = world_create();
    struct order_line lines[] = {world_line("1", 6, 1530, 255), world_line("2", 2, 1377, 230)};
    cr_assert_eq(world_place(world, lines, 2, 495), STATUS_OK);
    cr_assert_eq(world_capture(world, "pay_1", 3402, "GBP"), STATUS_OK);
    world->order.payments->provider_reference = world->order.payments->provider_account = "";
    struct line_units delivered = {"1", 6};
    struct input input = {.kind = INPUT_MOVED,
                          .moved = {.kind = MOVEMENT_DELIVERED,
                                    .movement_id = "",
                                    .occurred_at_us = INT64_C(86400000000),
                                    .lines = &delivered,
                                    .line_count = 1}};
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    input = world_request_units(world, "req-77", "1", 2);
    input.request.asking.occurred_at_us = 7 * INT64_C(86400000000) + 5;
    input.request.note = "two arrived broken";
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    struct answer answer = {.status = ANSWER_VALIDATED,
                            .order = &world->order,
                            .refund = world_refund(world, "req-77"),
                            .version = 1,
                            .occurred_at_us = 5,
                            .now_us = 6,
                            .first = true};
    json_t *json = answer_json(world, &answer);
    expect_text(json, "status", "VALIDATION_STATUS_VALIDATED");
    expect_text(json, "claim.minor", "510");
    expect_text(json, "facts.daysSinceDelivery", "6");
    expect_text(json, "facts.lines.0.refundableMinor", "510");
    expect_text(json, "facts.lines.0.taxMinor", "85");
    expect_text(json, "facts.lines.0.unitsBought", "6");
    expect_text(json, "facts.payments.0.paymentId", "pay_1");
    expect_text(json, "request.lines.0.units", "2");
    expect_text(json, "notice.template", "refund_received");
    cr_expect_null(json_object_get(json_object_get(json, "request"), "note"), "it stays here");
    json_decref(json);
    world_destroy(world);
}

Test(intake_answer, a_rejection_says_why_in_plain_words)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 7), STATUS_OK);
    struct answer answer = {.status = ANSWER_REJECTED,
                            .order = &world->order,
                            .refund = world_refund(world, "a"),
                            .version = 1,
                            .rejection = world_last(world)->rejection};
    json_t *json = answer_json(world, &answer);
    expect_text(json, "rejection.reason", "REJECTION_REASON_UNITS_EXCEED_PURCHASE");
    expect_text(json, "rejection.asked", "7");
    expect_text(json, "rejection.left", "6");
    expect_text(json, "notice.template", "refund_declined");
    expect_text(json, "notice.reason", intake_rejection_words(REJECTION_UNITS_EXCEED_PURCHASE));
    cr_expect_null(json_object_get(json, "claim"));
    json_decref(json);
    world_destroy(world);
}

static struct follow_up_known said_by(enum follow_up_kind kind, const char *actor_id,
                                      struct follow_up_known *next)
{
    return (struct follow_up_known){.kind = kind,
                                    .follow_up_id = "f",
                                    .actor_id = actor_id,
                                    .actor_role = REDRESS__V1__ROLE__ROLE_SERVICE_AGENT,
                                    .state = FOLLOW_UP_DONE,
                                    .next = next};
}

Test(intake_answer, who_answered_is_named_once)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    struct follow_up_known nobody = said_by(FOLLOW_UP_ANSWER, "", NULL);
    struct follow_up_known again = said_by(FOLLOW_UP_ANSWER, "lea", &nobody);
    struct follow_up_known third = said_by(FOLLOW_UP_ANSWER, "tom", &again);
    struct follow_up_known second = said_by(FOLLOW_UP_APPEAL, "mia", &third);
    struct follow_up_known first = said_by(FOLLOW_UP_ANSWER, "lea", &second);
    world_refund(world, "a")->follow_ups = &first;
    struct answer answer = {.status = ANSWER_VALIDATED,
                            .order = &world->order,
                            .refund = world_refund(world, "a"),
                            .version = 2};
    json_t *json = answer_json(world, &answer);
    const json_t *answered_by = json_object_get(json, "answeredBy");
    cr_expect_eq(json_array_size(answered_by), 2);
    expect_text(answered_by, "0.id", "lea");
    expect_text(answered_by, "0.role", "ROLE_SERVICE_AGENT");
    expect_text(answered_by, "1.id", "tom");
    json_decref(json);
    world_destroy(world);
}

Test(intake_answer, units_survive_being_written_down)
{
    static const char *const GOOD[] = {"{}", "{[0,2)}", "{[0,2),[4,74215)}"};
    static const char *const BAD[] = {"",       "{",        "[0,2)",   "{[2,2)}",
                                      "{[0,2}", "{[-1,2)}", "{[0;2)}", "{[0,2)}x"};
    struct arena *arena = arena_create(ARENA_FIRST_BLOCK);
    struct units *units;
    size_t count;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        cr_assert_eq(units_parse(arena, GOOD[i], &units, &count), STATUS_OK, "%s", GOOD[i]);
        cr_expect_str_eq(units_print(arena, units, count), GOOD[i]);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        cr_expect_eq(units_parse(arena, BAD[i], &units, &count), STATUS_INVALID, "%s", BAD[i]);
    arena_destroy(arena);
}
