/* Customers and the shop: orders, captures, deliveries, requests, answers, appeals, cancellations,
 * in any order, and some of it wrong. */

#include "claims.h"

#include <string.h>

const char *claims_line_id(int line)
{
    static const char *const IDS[CLAIMS_LINES] = {"l0", "l1", "l2", "l3"};
    return IDS[line];
}

static int64_t below(uint64_t limit)
{
    return (int64_t)sim_random(limit);
}

static void tell(enum claims_topic topic, int order, struct input *input)
{
    input->occurred_at_us = sim_run.now_us;
    desk_append(topic, order, input, sizeof *input);
}

static struct order_line any_line(int number)
{
    int64_t paid = sim_chance(200) ? below(5) : below(3000);
    return (struct order_line){.line_id = claims_line_id(number),
                               .line_no = number + 1,
                               .sku = "sku",
                               .title = "",
                               .category = "goods",
                               .units = 1 + below(6),
                               .gross_minor = paid,
                               .tax_minor = below((uint64_t)paid + 1)};
}

/* Said once, or with other content after that, which is refused. */
static void place(int order)
{
    size_t count = 1 + (size_t)sim_random(CLAIMS_LINES);
    struct order_line *lines = arena_array(desk.arena, count, sizeof *lines);
    struct input input = {.kind = INPUT_PLACED,
                          .placed = {.fingerprint = claims.placed[order] ? 78 : 77,
                                     .customer_token = "token",
                                     .market = "GB",
                                     .currency = "GBP",
                                     .lines = lines,
                                     .line_count = count,
                                     .shipping_minor = sim_chance(300) ? 0 : below(500)}};
    input.placed.shipping_tax_minor = below((uint64_t)input.placed.shipping_minor + 1);
    input.placed.total_minor = input.placed.shipping_minor;
    for (size_t i = 0; i < count; i++) {
        lines[i] = any_line((int)i);
        input.placed.total_minor += order_line_paid(&lines[i]);
    }
    if (!claims.placed[order])
        claims.paid_minor[order] = input.placed.total_minor;
    claims.placed[order] = true;
    sim_say("order %d is placed", order);
    tell(CLAIMS_ORDERS, order, &input);
}

static void capture(int order)
{
    struct input input = {.kind = INPUT_CAPTURED,
                          .captured = {.payment_id = desk_name("pay"),
                                       .provider_reference = "",
                                       .provider_account = "",
                                       .minor = 1 + below(20000),
                                       .currency = "GBP",
                                       .captured_at_us = 1 + below(3)}};
    if (sim_chance(100))
        memcpy(input.captured.currency, "EUR", 4);
    claims.captures[order]++;
    sim_say("a payment of order %d is captured", order);
    tell(CLAIMS_ORDERS, order, &input);
}

static void move(int order)
{
    static const char *const IDS[] = {"", "m1", "m2", "m3", "m4"};
    struct line_units *moved = arena_array(desk.arena, 1, sizeof *moved);
    *moved = (struct line_units){claims_line_id((int)sim_random(CLAIMS_LINES)), below(7)};
    struct input input = {.kind = INPUT_MOVED,
                          .moved = {.kind = (enum movement_kind)(1 + below(3)),
                                    .movement_id = IDS[sim_random(5)],
                                    .occurred_at_us = 1 + below(1000),
                                    .fingerprint = below(2),
                                    .lines = moved,
                                    .line_count = (size_t)sim_random(2)}};
    tell(CLAIMS_ORDERS, order, &input);
}

static void ask_for_lines(struct request *request, bool units_needed)
{
    struct line_asked *asked = arena_array(desk.arena, 2, sizeof *asked);
    int first = (int)sim_random(CLAIMS_LINES);
    asked[0] = (struct line_asked){claims_line_id(first), below(4) + units_needed};
    asked[1] = (struct line_asked){claims_line_id((first + 1) % CLAIMS_LINES), 1};
    request->lines = asked;
    request->line_count = 1 + (size_t)sim_random(2);
}

static struct input any_request(const char *refund_id)
{
    struct input input = {.kind = INPUT_ASKED,
                          .request = {.refund_id = refund_id,
                                      .asking = {.request_id = refund_id,
                                                 .occurred_at_us = sim_run.now_us,
                                                 .trigger = 1,
                                                 .requester_id = "customer",
                                                 .external_reference = ""},
                                      .note = "",
                                      .customer_token = "token"}};
    struct asking *asking = &input.request.asking;
    uint64_t kind = sim_random(8);
    asking->whole_order = kind == 0;
    asking->shipping = kind != 0 && sim_chance(250);
    asking->has_amount = kind == 1 || kind == 2;
    if (asking->has_amount) {
        asking->amount_minor = 1 + below(1500);
        memcpy(asking->amount_currency, sim_chance(50) ? "EUR" : "GBP", 4);
    }
    if (kind >= 2)
        ask_for_lines(&input.request, kind > 2);
    if (sim_chance(150)) {
        asking->external_reference = sim_chance(500) ? "x1" : "x2";
        asking->fingerprint = below(2);
    }
    return input;
}

static bool ask(int order)
{
    if (claims.asked[order] == DESK_REFUNDS)
        return false;
    struct input input = any_request(desk_refund_id(order, claims.asked[order]++));
    sim_say("%s is asked for", input.request.refund_id);
    tell(sim_chance(150) ? CLAIMS_GOODS : CLAIMS_REQUESTS, order, &input);
    return true;
}

/* About what was asked for, and now and then about what will be. */
static void follow_up(int order)
{
    int known = claims.asked[order] + (sim_chance(50) && claims.asked[order] < DESK_REFUNDS);
    if (known == 0)
        return;
    const char *refund_id = desk_refund_id(order, (int)sim_random((uint64_t)known));
    enum follow_up_kind kind = sim_chance(60)    ? FOLLOW_UP_CANCELLATION
                               : sim_chance(500) ? FOLLOW_UP_ANSWER
                                                 : FOLLOW_UP_APPEAL;
    struct input input = {.kind = INPUT_FOLLOWED_UP,
                          .follow_up = {.kind = kind,
                                        .refund_id = refund_id,
                                        .request_id = refund_id,
                                        .id = desk_name("f"),
                                        .actor_id = sim_chance(500) ? "customer" : "agent",
                                        .note = "",
                                        .customer_token = "token"}};
    sim_say("%s: follow-up of kind %d", refund_id, (int)input.follow_up.kind);
    tell(CLAIMS_REQUESTS, order, &input);
}

bool claims_people_act(void)
{
    int order = (int)sim_random(DESK_ORDERS);
    uint64_t dice = sim_random(100);
    if (sim_chance(claims.placed[order] ? 5 : 200))
        place(order);
    else if (claims.captures[order] < 3 && sim_chance(claims.captures[order] > 0 ? 20 : 200))
        capture(order);
    else if (dice < 25)
        return ask(order);
    else if (dice < 85)
        follow_up(order);
    else
        move(order);
    return true;
}
