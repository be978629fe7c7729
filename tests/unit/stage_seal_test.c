#include "stage_seal.h"

#include "status.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OLD "old:00000000000000000000000000000000000000000000000000000000000000aa"
#define NEW "new:00000000000000000000000000000000000000000000000000000000000000bb"
#define ID "policy/rf_1/1"
static const char VALUE[] = "what policy said";

static struct approval_keys *keys_of(const char *text)
{
    struct approval_keys *keys = NULL;
    struct error error = {0};
    cr_assert_eq(approval_keys_read(text, &keys, &error), STATUS_OK, "%s", error.text);
    return keys;
}

Test(stage_seal, holds_only_as_what_it_was)
{
    struct approval_keys *keys = keys_of(OLD);
    char seal[STAGE_SEAL_TEXT];
    size_t size = sizeof VALUE;
    stage_seal(keys, TOPIC_ASSESSED, ID, VALUE, size, seal);
    cr_expect(stage_seal_holds(keys, TOPIC_ASSESSED, ID, VALUE, size, seal));
    cr_expect_not(stage_seal_holds(keys, TOPIC_ROUTED, ID, VALUE, size, seal), "another topic");
    cr_expect_not(stage_seal_holds(keys, TOPIC_ASSESSED, "policy/rf_1/2", VALUE, size, seal));
    cr_expect_not(stage_seal_holds(keys, TOPIC_ASSESSED, ID, VALUE, size - 1, seal));
    cr_expect_not(stage_seal_holds(keys, TOPIC_ASSESSED, ID, "what policy sa1d", size, seal));
    approval_keys_destroy(keys);
}

Test(stage_seal, is_no_seal)
{
    struct approval_keys *keys = keys_of(OLD);
    char seal[STAGE_SEAL_TEXT];
    stage_seal(keys, TOPIC_ASSESSED, ID, VALUE, sizeof VALUE, seal);
    char longer[STAGE_SEAL_TEXT + 2], other[STAGE_SEAL_TEXT];
    (void)snprintf(longer, sizeof longer, "%s00", seal);
    memset(other, 'g', sizeof other - 1);
    other[sizeof other - 1] = '\0';
    const char *wrong[] = {NULL, "", "00", longer, other};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_not(stage_seal_holds(keys, TOPIC_ASSESSED, ID, VALUE, sizeof VALUE, wrong[i]),
                      "%zu", i);
    cr_expect_not(stage_seal_holds(keys, TOPIC_ASSESSED, NULL, VALUE, sizeof VALUE, seal));
    approval_keys_destroy(keys);
}

Test(stage_seal, keys_are_rotated_with_an_overlap)
{
    struct approval_keys *before = keys_of(OLD "," NEW), *after = keys_of(NEW "," OLD);
    struct approval_keys *done = keys_of(NEW);
    char first[STAGE_SEAL_TEXT], second[STAGE_SEAL_TEXT];
    stage_seal(before, TOPIC_VALIDATED, ID, VALUE, sizeof VALUE, first);
    stage_seal(after, TOPIC_VALIDATED, ID, VALUE, sizeof VALUE, second);
    cr_expect_str_neq(first, second);
    cr_expect(stage_seal_holds(after, TOPIC_VALIDATED, ID, VALUE, sizeof VALUE, first));
    cr_expect(stage_seal_holds(before, TOPIC_VALIDATED, ID, VALUE, sizeof VALUE, second));
    cr_expect(stage_seal_holds(done, TOPIC_VALIDATED, ID, VALUE, sizeof VALUE, second));
    cr_expect_not(stage_seal_holds(done, TOPIC_VALIDATED, ID, VALUE, sizeof VALUE, first));
    approval_keys_destroy(before);
    approval_keys_destroy(after);
    approval_keys_destroy(done);
}
