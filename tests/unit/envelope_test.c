#include "envelope.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *arena;

static void setup(void)
{
    arena = arena_create(ARENA_FIRST_BLOCK);
}

static void teardown(void)
{
    arena_destroy(arena);
}

TestSuite(envelope, .init = setup, .fini = teardown);

static enum status take(struct envelope *envelope, const char *name, const char *value)
{
    struct error error;
    return envelope_take(envelope, name, value, strlen(value), arena, &error);
}

Test(envelope, takes_each_header_once)
{
    struct envelope envelope = {0};
    cr_assert_eq(take(&envelope, "ce_id", "a"), STATUS_OK);
    cr_assert_str_eq(envelope.id, "a");
    cr_assert_eq(take(&envelope, "x-unknown", "\xff"), STATUS_OK);
    cr_assert_eq(take(&envelope, "ce_id", "b"), STATUS_UNPROCESSABLE);
    cr_assert_eq(take(&envelope, "ce_source", "caf\xc3\xa9"), STATUS_UNPROCESSABLE);
    char large[ENVELOPE_VALUE_MAX + 2];
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    cr_assert_eq(take(&envelope, "ce_type", large), STATUS_UNPROCESSABLE);
    large[ENVELOPE_VALUE_MAX] = '\0';
    cr_assert_eq(take(&envelope, "ce_type", large), STATUS_OK);
}

struct check {
    const char *header; /* left out, or with `value` */
    const char *value;
    bool missing;
};

static struct envelope complete(void)
{
    return (struct envelope){.specversion = "1.0",
                             .id = "1",
                             .source = "shop",
                             .type = "redress.v1.OrderEvent",
                             .content_type = "application/protobuf"};
}

static void spoil(struct envelope *envelope, const struct check *check)
{
#define X(field, name)                    \
    if (strcmp(check->header, name) == 0) \
        envelope->field = check->value;
    ENVELOPE_ROWS(X)
#undef X
}

Test(envelope, says_which_header_is_absent_or_wrong)
{
    static const struct check checks[] = {
        {"ce_specversion", NULL, true},
        {"ce_id", NULL, true},
        {"ce_id", "", true},
        {"ce_source", NULL, true},
        {"ce_type", NULL, true},
        {"ce_specversion", "0.3", false},
        {"ce_type", "other", false},
        {"content-type", "application/json", false},
    };
    struct envelope good = complete();
    const char *field;
    bool missing;
    struct error error;
    cr_assert_eq(envelope_check(&good, "redress.v1.OrderEvent", &field, &missing, &error),
                 STATUS_OK);
    good.content_type = NULL;
    cr_assert_eq(envelope_check(&good, "redress.v1.OrderEvent", &field, &missing, &error),
                 STATUS_OK);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct envelope bad = complete();
        spoil(&bad, &checks[i]);
        cr_assert_eq(envelope_check(&bad, "redress.v1.OrderEvent", &field, &missing, &error),
                     STATUS_UNPROCESSABLE);
        cr_assert_str_eq(field, checks[i].header);
        cr_assert_eq(missing, checks[i].missing);
        cr_assert_not_null(strstr(error.text, checks[i].header));
    }
}

Test(envelope, carries_a_trace_on_and_starts_one)
{
    static const char incoming[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    char next[TRACEPARENT_SIZE], again[TRACEPARENT_SIZE], fresh[TRACEPARENT_SIZE], id[33];
    envelope_trace(incoming, "validated/rf_1/1", next);
    cr_assert_eq(strncmp(next, incoming, 36), 0, "the same trace");
    cr_assert_neq(strncmp(next + 36, incoming + 36, 16), 0, "another span");
    cr_assert_str_eq(next + 53, "00", "the same flags");
    cr_assert_str_eq(envelope_trace(incoming, "validated/rf_1/1", again), next);
    static const char *const invalid[] = {
        NULL, "", "00-x", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        envelope_trace(invalid[i], "validated/rf_1/1", fresh);
        cr_assert_eq(strlen(envelope_trace_id(fresh, id)), 32);
        cr_assert_str_eq(envelope_trace_id(invalid[i], id), "");
    }
}
