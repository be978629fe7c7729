/* One order and a port that writes down what intake does, for the tests of intake's pure part. */

#ifndef REDRESS_TESTS_INTAKE_WORLD_H
#define REDRESS_TESTS_INTAKE_WORLD_H

#include "services/intake/intake.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { WORLD_ANSWERS_MAX = 4096, WORLD_DEADLINES_MAX = 4096 };

#define WORLD_PARK_US INT64_C(900000000)
#define WORLD_STALL_US INT64_C(604800000000)

struct world_answer {
    enum answer_status status;
    struct rejection rejection;
    const struct refund *refund;
    int64_t version;
    int64_t claim_minor;
    bool appeal, sparse, first;
    const char *appealed_by; /* "" if it is no appeal, or of nobody */
};

struct world_deadline {
    const struct refund *refund;
    enum deadline_kind kind;
    int64_t due_us; /* 0: cleared */
};

struct world {
    struct arena *arena;
    struct intake_port port;
    struct intake intake;
    struct order order;
    struct world_answer answers[WORLD_ANSWERS_MAX];
    size_t answer_count;
    struct world_deadline deadlines[WORLD_DEADLINES_MAX];
    size_t deadline_count;
    int64_t customer_orders, customer_refunds, customer_refunded_minor;
    size_t stalled_count;
    enum refusal refused;
    const char *refused_field;
    int too_large; /* this many answers that are not sparse do not fit */
    int64_t next_key;
    int64_t now_us;
};

static inline enum status world_publish(void *self, const struct answer *answer)
{
    struct world *world = self;
    if (!answer->sparse && world->too_large > 0) {
        world->too_large--;
        return STATUS_OVERFLOW;
    }
    cr_assert_lt(world->answer_count, WORLD_ANSWERS_MAX);
    world->answers[world->answer_count++] =
        (struct world_answer){.status = answer->status,
                              .rejection = answer->rejection,
                              .refund = answer->refund,
                              .version = answer->version,
                              .claim_minor = answer->refund->claim_minor,
                              .appeal = answer->appeal != NULL,
                              .appealed_by = answer->appeal != NULL ? answer->appeal->actor_id : "",
                              .sparse = answer->sparse,
                              .first = answer->first};
    return STATUS_OK;
}

static inline enum status world_deadline(void *self, const struct refund *refund,
                                         enum deadline_kind kind, int64_t due_us)
{
    struct world *world = self;
    for (size_t i = 0; i < world->deadline_count; i++) {
        if (world->deadlines[i].refund == refund && world->deadlines[i].kind == kind) {
            world->deadlines[i].due_us = due_us;
            return STATUS_OK;
        }
    }
    cr_assert_lt(world->deadline_count, WORLD_DEADLINES_MAX);
    world->deadlines[world->deadline_count++] = (struct world_deadline){refund, kind, due_us};
    return STATUS_OK;
}

static inline enum status world_deadline_clear(void *self, const struct refund *refund,
                                               enum deadline_kind kind)
{
    return world_deadline(self, refund, kind, 0);
}

/* When it is due, or 0. */
static inline int64_t world_due(const struct world *world, const struct refund *refund,
                                enum deadline_kind kind)
{
    for (size_t i = 0; i < world->deadline_count; i++)
        if (world->deadlines[i].refund == refund && world->deadlines[i].kind == kind)
            return world->deadlines[i].due_us;
    return 0;
}

static inline enum status world_stalled(void *self, const struct order *order,
                                        const struct refund *refund, int64_t now_us)
{
    struct world *world = self;
    (void)order, (void)refund, (void)now_us;
    world->stalled_count++;
    return STATUS_OK;
}

static inline enum status world_add(void *self, const struct order *order,
                                    const struct customer_addition *addition)
{
    struct world *world = self;
    (void)order;
    world->customer_orders += addition->orders;
    world->customer_refunds += addition->refunds;
    world->customer_refunded_minor += addition->refunded_minor;
    return STATUS_OK;
}

static inline enum status world_refuse(void *self, enum refusal refusal, const char *field,
                                       const char *value, const char *rule)
{
    struct world *world = self;
    (void)value, (void)rule;
    world->refused = refusal;
    world->refused_field = field;
    return STATUS_UNPROCESSABLE;
}

static inline int64_t world_key(void *self, const struct order *order)
{
    (void)order;
    return ++((struct world *)self)->next_key;
}

static inline struct world *world_create(void)
{
    struct world *world = calloc(1, sizeof *world);
    cr_assert_not_null(world);
    world->arena = arena_create(256 * 1024 * 1024);
    world->port = (struct intake_port){.self = world,
                                       .publish = world_publish,
                                       .deadline = world_deadline,
                                       .deadline_clear = world_deadline_clear,
                                       .stalled = world_stalled,
                                       .add = world_add,
                                       .refuse = world_refuse,
                                       .key = world_key};
    world->intake = (struct intake){
        .terms = {WORLD_PARK_US, WORLD_STALL_US}, .port = &world->port, .arena = world->arena};
    world->order =
        (struct order){.merchant_id = "shop", .order_id = "o1", .customer_token = "", .market = ""};
    world->now_us = 1000000;
    return world;
}

static inline void world_destroy(struct world *world)
{
    arena_destroy(world->arena);
    free(world);
}

static inline enum status world_decide(struct world *world, struct input input)
{
    input.now_us = ++world->now_us;
    if (input.occurred_at_us == 0)
        input.occurred_at_us = world->now_us;
    return intake_decide(&world->intake, &world->order, &input);
}

static inline struct order_line world_line(const char *line_id, int64_t units, int64_t paid_minor,
                                           int64_t tax_minor)
{
    return (struct order_line){.line_id = line_id,
                               .sku = "sku",
                               .title = "",
                               .category = "goods",
                               .units = units,
                               .gross_minor = paid_minor,
                               .tax_minor = tax_minor};
}

static inline struct input world_placed(struct world *world, const struct order_line *lines,
                                        size_t count, int64_t shipping_minor, const char *currency)
{
    struct placed placed = {.fingerprint = 77,
                            .customer_token = "token",
                            .market = "GB",
                            .currency = currency,
                            .line_count = count,
                            .shipping_minor = shipping_minor,
                            .total_minor = shipping_minor};
    const char *twice;
    placed.lines = arena_memdup(world->arena, lines, count * sizeof *lines);
    placed.by_id = arena_array(world->arena, count, sizeof *placed.by_id);
    for (size_t i = 0; i < count; i++) {
        placed.lines[i].line_no = (int32_t)i + 1;
        placed.total_minor += order_line_paid(&lines[i]);
    }
    cr_assert_eq(order_lines_sort(placed.lines, count, placed.by_id, &twice), STATUS_OK);
    return (struct input){.kind = INPUT_PLACED, .placed = placed};
}

static inline enum status world_place(struct world *world, const struct order_line *lines,
                                      size_t count, int64_t shipping_minor)
{
    return world_decide(world, world_placed(world, lines, count, shipping_minor, "GBP"));
}

static inline enum status world_capture(struct world *world, const char *payment_id, int64_t minor,
                                        const char *currency)
{
    struct input input = {.kind = INPUT_CAPTURED,
                          .captured = {.payment_id = payment_id, .minor = minor}};
    memcpy(input.captured.currency, currency, 3);
    return world_decide(world, input);
}

/* A line of 6 units for 15.31 GBP, tax 2.55, one of 2 for 13.77, tax 2.30, and 4.95 shipping. */
static inline void world_sell(struct world *world)
{
    struct order_line lines[] = {world_line("1", 6, 1531, 255), world_line("2", 2, 1377, 230)};
    cr_assert_eq(world_place(world, lines, 2, 495), STATUS_OK);
    cr_assert_eq(world_capture(world, "pay_1", 3403, "GBP"), STATUS_OK);
}

/* A request for nothing yet; the refund's id is the request's. */
static inline struct input world_request(const char *request_id)
{
    struct input input = {.kind = INPUT_ASKED};
    input.request = (struct request){.refund_id = request_id, .note = "", .customer_token = ""};
    input.request.asking = (struct asking){.request_id = request_id,
                                           .trigger = 1,
                                           .reason = 1,
                                           .requester_id = "agent",
                                           .external_reference = "",
                                           .occurred_at_us = 1};
    return input;
}

static inline struct input world_request_units(struct world *world, const char *request_id,
                                               const char *line_id, int64_t units)
{
    struct input input = world_request(request_id);
    struct line_asked asked = {line_id, units};
    input.request.lines = arena_memdup(world->arena, &asked, sizeof asked);
    input.request.line_count = 1;
    return input;
}

static inline enum status world_ask(struct world *world, const char *request_id,
                                    const char *line_id, int64_t units)
{
    return world_decide(world, world_request_units(world, request_id, line_id, units));
}

static inline struct input world_request_amount(const char *request_id, int64_t minor,
                                                const char *currency)
{
    struct input input = world_request(request_id);
    input.request.asking.has_amount = true;
    input.request.asking.amount_minor = minor;
    memcpy(input.request.asking.amount_currency, currency, 3);
    return input;
}

static inline enum status world_follow_up(struct world *world, enum follow_up_kind kind,
                                          const char *request_id, const char *id)
{
    struct input input = {.kind = INPUT_FOLLOWED_UP,
                          .follow_up = {.kind = kind,
                                        .refund_id = request_id,
                                        .request_id = request_id,
                                        .id = id,
                                        .actor_id = "desk",
                                        .note = "",
                                        .customer_token = ""}};
    return world_decide(world, input);
}

static inline struct input world_outcome(enum outcome outcome, const char *refund_id,
                                         int64_t version)
{
    return (struct input){
        .kind = INPUT_OUTCOME,
        .outcome = {
            .outcome = outcome, .refund_id = refund_id, .version = version, .payout_id = "po"}};
}

static inline enum status world_paid(struct world *world, const char *refund_id, int64_t version,
                                     int64_t minor)
{
    struct input input = world_outcome(OUTCOME_PAYOUTS_SUCCEEDED, refund_id, version);
    input.outcome.minor = minor;
    input.outcome.payouts_total = input.outcome.payouts_ended = 1;
    return world_decide(world, input);
}

static inline enum status world_pass_due(struct world *world, const char *refund_id,
                                         enum deadline_kind kind)
{
    struct input input = {.kind = INPUT_DUE, .due = {.kind = kind, .refund_id = refund_id}};
    return world_decide(world, input);
}

static inline const struct world_answer *world_last(const struct world *world)
{
    cr_assert_gt(world->answer_count, 0, "nothing was answered");
    return &world->answers[world->answer_count - 1];
}

static inline struct refund *world_refund(struct world *world, const char *refund_id)
{
    struct refund *refund = order_refund_find(&world->order, refund_id);
    cr_assert_not_null(refund, "refund %s", refund_id);
    return refund;
}

/* The last answer refuses, and says why. */
#define world_expect_rejected(world, why)                                               \
    do {                                                                                \
        cr_assert_eq(world_last(world)->status, ANSWER_REJECTED);                       \
        cr_expect_eq(world_last(world)->rejection.reason, REJECTION_##why, "reason %d", \
                     (int)world_last(world)->rejection.reason);                         \
    } while (0)

#endif
