#include "routing_fixture.h"

#include "clock.h"
#include "signature.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SEED "desk-1:0101010101010101010101010101010101010101010101010101010101010101"
#define MOST INT64_C(9000000000000000000)

static const char *const everywhere[] = {"*"};
static const struct roster_limit unlimited[] = {{"GBP", MOST}, {"CHF", MOST}};

#define ALL_ROLES (ROLE_BIT(POLICY_REVIEWER) | ROLE_BIT(APPROVER) | ROLE_BIT(FINANCE))
#define PERSON(name, role_bits, of_level)                                                \
    {                                                                                    \
        .id = (name), .key = {.key_id = ""}, .roles = (role_bits), .queues = everywhere, \
        .queue_count = 1, .level = (of_level), .per_refund = {unlimited, 2},             \
        .per_day = {unlimited, 2}, .time_zone = ""                                       \
    }

static const struct roster_person fixture_people[] = {PERSON("agent-4", ALL_ROLES, 3),
                                                      PERSON("mia", ALL_ROLES, 3),
                                                      PERSON("noah", ALL_ROLES, 3),
                                                      PERSON("rita", ROLE_BIT(POLICY_REVIEWER), 0),
                                                      PERSON("rob", ROLE_BIT(POLICY_REVIEWER), 0),
                                                      PERSON("vera", ALL_ROLES, 3)};

static struct roster_application desk = {.id = "desk", .key = {.key_id = "desk-1"}};

const struct roster fixture_roster = {.people = fixture_people,
                                      .person_count =
                                          sizeof fixture_people / sizeof *fixture_people,
                                      .applications = &desk,
                                      .application_count = 1};

static void read_key(struct signature_secret *secret)
{
    struct error error = {""};
    cr_assert_eq(signature_secret_read(SEED, secret, &error), STATUS_OK, "%s", error.text);
    memcpy(desk.key.bytes, secret->key, sizeof desk.key.bytes);
}

/* Loaded once; they are never changed. */
static const struct dmn_models *load_models(void)
{
    static struct dmn_models *models;
    if (models != NULL)
        return models;
    static char bytes[64 * 1024];
    FILE *file = fopen("deploy/policies/authority.dmn", "rb");
    cr_assert_not_null(file, "run it in the source tree");
    const struct dmn_source source = {"authority.dmn", bytes, fread(bytes, 1, sizeof bytes, file)};
    struct error error = {""};
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(dmn_load(&source, 1, NULL, &models, &error), STATUS_OK, "%s", error.text);
    cr_assert_eq(dmn_problem_count(models), 0, "%s", dmn_problem(models, 0)->text);
    return models;
}

const struct coverage fixture_payments[2] = {{"pay_1", 100000000}, {"pay_2", 50000}};

void fixture_start(struct fixture *fixture)
{
    *fixture = (struct fixture){.arena = arena_create(4 * 1024 * 1024),
                                .order = {.merchant_id = "shop", .order_id = "536365"},
                                .refund = {.refund_id = "rf_00000000000000000000000000000001",
                                           .requester = "",
                                           .appealed_by = "",
                                           .answered_by = ""},
                                .now_us = 1000 * CLOCK_DAY_US};
    cr_assert_not_null(fixture->arena);
    fixture->scratch = arena_create(ROUTE_SCRATCH_MAX);
    cr_assert_not_null(fixture->scratch);
    fixture->models = load_models();
    fixture->router = route_model_router(fixture->models, fixture->scratch);
    fixture->router.model_id = "authority";
    fixture->router.model_version = 1;
    fixture->router.model_sha256 = "ab";
    struct signature_secret secret;
    read_key(&secret);
    fixture->rules = (struct routing_rules){
        .router = &fixture->router, .roster = &fixture_roster, .roster_of = ""};
    fixture->terms = (struct routing_terms){.case_deadline_us = CLOCK_DAY_US,
                                            .answer_deadline_us = 14 * CLOCK_DAY_US,
                                            .approval_life_us = 7 * CLOCK_DAY_US,
                                            .decision_life_us = 3600 * CLOCK_SECOND_US,
                                            .take_life_us = 30 * 60 * CLOCK_SECOND_US,
                                            .model_retry_us = 10 * CLOCK_SECOND_US};
}

void fixture_stop(struct fixture *fixture)
{
    arena_destroy(fixture->scratch);
    arena_destroy(fixture->arena);
}

struct assessed fixture_assessed(const struct fixture *fixture, int64_t minor)
{
    static const int32_t methods[] = {METHOD_ORIGINAL};
    return (struct assessed){
        .version = fixture->refund.assessed_seen + 1,
        .status = ASSESSED_COMPLIANT,
        .minor = minor,
        .currency = "GBP",
        .method = METHOD_ORIGINAL,
        .methods = methods,
        .method_count = 1,
        .payments = fixture_payments,
        .payment_count = 1,
        .requester = "agent-4",
        .appealed_by = "",
        .answered_by = "",
        .facts = {.outcome = "COMPLIANT", .market = "GB", .refunds_last_year = -1}};
}

struct decision fixture_decision(struct fixture *fixture, const char *who, enum verdict verdict)
{
    const struct routing_case *latest = fixture->refund.latest;
    struct signature_secret secret;
    read_key(&secret);
    const char *id = arena_printf(fixture->arena, "d-%d", ++fixture->decisions);
    uint8_t *signature = arena_alloc(fixture->arena, SIGNATURE_SIZE);
    signature_make(&secret, id, strlen(id), signature);
    return (struct decision){
        .decision_id = id,
        .case_id = latest == NULL ? "c_none" : latest->case_id,
        .case_version = latest == NULL ? 1 : latest->version,
        .subject_hash = latest == NULL ? "" : arena_strdup(fixture->arena, latest->subject_hash),
        .actor_id = who,
        .on_behalf_of = "",
        .role = verdict == VERDICT_RECOMMEND ? PERSON_POLICY_REVIEWER : PERSON_APPROVER,
        .verdict = verdict,
        .currency = "",
        .note = "",
        .payee = "",
        .occurred_us = fixture->now_us,
        .key_id = "desk-1",
        .signed_bytes = (const uint8_t *)id,
        .signed_size = strlen(id),
        .signature = signature,
        .signature_size = SIGNATURE_SIZE};
}

static struct routing_step step_of(struct fixture *fixture)
{
    fixture->now_us += CLOCK_SECOND_US;
    fixture->answer = (struct routing_answer){0};
    return (struct routing_step){.terms = &fixture->terms,
                                 .rules = fixture->rules,
                                 .order = &fixture->order,
                                 .refund = &fixture->refund,
                                 .now_us = fixture->now_us,
                                 .shared = fixture->shared,
                                 .found = fixture->found,
                                 .arena = fixture->arena,
                                 .answer = &fixture->answer};
}

enum status fixture_assess(struct fixture *fixture, const struct assessed *assessed)
{
    struct routing_step step = step_of(fixture);
    return routing_assessed(&step, arena_memdup(fixture->arena, assessed, sizeof *assessed));
}

enum status fixture_decide(struct fixture *fixture, const struct decision *decision)
{
    struct routing_step step = step_of(fixture);
    return routing_decided(&step, arena_memdup(fixture->arena, decision, sizeof *decision));
}

enum status fixture_pay(struct fixture *fixture, const struct failed_payout *payout)
{
    struct routing_step step = step_of(fixture);
    return routing_payout(&step, payout);
}

enum status fixture_due(struct fixture *fixture, enum deadline_kind kind)
{
    struct routing_step step = step_of(fixture);
    return routing_due(&step, kind);
}

void fixture_open(struct fixture *fixture, int64_t minor)
{
    struct assessed assessed = fixture_assessed(fixture, minor);
    cr_assert_eq(fixture_assess(fixture, &assessed), STATUS_OK);
}

void fixture_say(struct fixture *fixture, const char *who, enum verdict verdict)
{
    struct decision decision = fixture_decision(fixture, who, verdict);
    cr_assert_eq(fixture_decide(fixture, &decision), STATUS_OK);
    cr_assert_eq(fixture->answer.refusal, REFUSAL_NONE, "%s",
                 refusal_reason_name(fixture->answer.refusal));
}

void fixture_reach(struct fixture *fixture, enum decision_state state)
{
    struct assessed assessed = fixture_assessed(fixture, 90000);
    if (state == STATE_NEW)
        return;
    cr_assert_eq(fixture_assess(fixture, &assessed), STATUS_OK);
    if (state == STATE_APPROVED)
        fixture_say(fixture, "mia", VERDICT_APPROVE);
    if (state == STATE_DECLINED)
        fixture_say(fixture, "mia", VERDICT_DECLINE);
    if (state == STATE_WAITING || state == STATE_EXPIRED)
        fixture_say(fixture, "mia", VERDICT_ASK);
    if (state == STATE_EXPIRED)
        cr_assert_eq(fixture_due(fixture, DEADLINE_ANSWER), STATUS_OK);
    if (state == STATE_HELD) {
        fixture->rules.router = NULL;
        assessed.version++;
        cr_assert_eq(fixture_assess(fixture, &assessed), STATUS_OK);
        fixture->rules.router = &fixture->router;
    }
    if (state == STATE_CANCELLED) {
        assessed.version++;
        assessed.status = ASSESSED_CANCEL_REQUESTED;
        cr_assert_eq(fixture_assess(fixture, &assessed), STATUS_OK);
    }
    cr_assert_eq(fixture->refund.state, state);
}
