#include "intake_world.h"

Test(intake_order, placed_again_is_a_duplicate_or_a_conflict)
{
    struct world *world = world_create();
    struct order_line line = world_line("1", 3, 300, 0);
    struct input input = world_placed(world, &line, 1, 0, "GBP");
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_decide(world, input), STATUS_DUPLICATE);
    input.placed.fingerprint++;
    cr_expect_eq(world_decide(world, input), STATUS_UNPROCESSABLE);
    cr_expect_eq(world->refused, REFUSE_CONFLICT);
    world_destroy(world);
}

Test(intake_order, a_payment_counts_once)
{
    struct world *world = world_create();
    world_sell(world);
    cr_expect_eq(world_capture(world, "pay_1", 3403, "GBP"), STATUS_DUPLICATE);
    cr_expect_eq(world_capture(world, "pay_2", INT64_MAX, "GBP"), STATUS_UNPROCESSABLE);
    cr_expect_eq(world->refused, REFUSE_OUT_OF_RANGE);
    cr_expect_null(world->order.payments->next);
    world_destroy(world);
}

Test(intake_order, a_payment_in_another_currency_is_no_payment)
{
    struct world *world = world_create();
    struct order_line line = world_line("1", 3, 300, 0);
    /* Before the order it cannot be told, so it stays recorded and is of no use. */
    cr_assert_eq(world_capture(world, "early", 300, "EUR"), STATUS_OK);
    cr_assert_eq(world_place(world, &line, 1, 0), STATUS_OK);
    cr_expect_not(order_usable(&world->order));
    cr_expect_eq(world_capture(world, "late", 300, "EUR"), STATUS_UNPROCESSABLE);
    cr_expect_str_eq(world->refused_field, "captured.amount.currency");
    cr_assert_eq(world_capture(world, "right", 300, "GBP"), STATUS_OK);
    cr_expect(order_usable(&world->order));
    world_destroy(world);
}

static struct input moved(struct world *world, enum movement_kind kind, const char *id,
                          const char *line_id, int64_t units)
{
    struct line_units line = {line_id, units};
    return (struct input){.kind = INPUT_MOVED,
                          .moved = {.kind = kind,
                                    .movement_id = id,
                                    .fingerprint = units,
                                    .lines = arena_memdup(world->arena, &line, sizeof line),
                                    .line_count = 1}};
}

Test(intake_order, a_line_is_delivered_with_its_last_delivery)
{
    struct world *world = world_create();
    world_sell(world);
    struct input input = moved(world, MOVEMENT_DELIVERED, "d2", "1", 4);
    input.occurred_at_us = input.moved.occurred_at_us = 5000;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    input = moved(world, MOVEMENT_DELIVERED, "d1", "1", 4);
    input.occurred_at_us = input.moved.occurred_at_us = 3000;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_decide(world, input), STATUS_DUPLICATE);
    input.moved.fingerprint = 9;
    cr_expect_eq(world_decide(world, input), STATUS_UNPROCESSABLE);
    const struct order_line *line = order_line_find(&world->order, "1");
    cr_expect_eq(line->delivered_at_us, 5000);
    cr_expect_eq(line->delivered_units, 6);
    world_destroy(world);
}

Test(intake_order, movements_name_lines_of_the_order_within_what_was_bought)
{
    struct world *world = world_create();
    world_sell(world);
    cr_expect_eq(world_decide(world, moved(world, MOVEMENT_SHIPPED, "s", "9", 1)),
                 STATUS_UNPROCESSABLE);
    cr_expect_eq(world->refused, REFUSE_UNKNOWN_REFERENCE);
    cr_expect_eq(world_decide(world, moved(world, MOVEMENT_SHIPPED, "s", "1", 7)),
                 STATUS_UNPROCESSABLE);
    cr_expect_eq(world->refused, REFUSE_OUT_OF_RANGE);
    cr_expect_eq(world_decide(world, moved(world, MOVEMENT_CANCELLED, "s", "1", 6)), STATUS_OK);
    cr_expect_eq(order_line_find(&world->order, "1")->cancelled_units, 6);
    world_destroy(world);
}

Test(intake_order, a_delivery_before_its_order_is_kept)
{
    struct world *world = world_create();
    struct input input = moved(world, MOVEMENT_DELIVERED, "d", "1", 3);
    input.moved.occurred_at_us = 5000;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    world_sell(world);
    cr_expect_eq(order_line_find(&world->order, "1")->delivered_at_us, 5000);
    cr_expect_eq(order_line_find(&world->order, "1")->delivered_units, 3);
    cr_expect_eq(order_line_find(&world->order, "2")->delivered_at_us, 0);
    world_destroy(world);
}

Test(intake_order, line_ids_are_distinct)
{
    struct order_line lines[] = {world_line("2", 1, 1, 0), world_line("1", 1, 1, 0),
                                 world_line("2", 1, 1, 0)};
    struct order_line *by_id[3];
    const char *twice = NULL;
    cr_assert_eq(order_lines_sort(lines, 3, by_id, &twice), STATUS_INVALID);
    cr_expect_str_eq(twice, "2");
}
