/* What is in force when, which stop covers what, and what is kept made. */

#include "identity.h"
#include "rules/cache.h"
#include "rules/stops.h"
#include "rules/timeline.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rules_set set_of(const char *id, int64_t version, const char *merchant, int64_t from,
                               int64_t revision)
{
    return (struct rules_set){.kind = RULES_POLICY,
                              .id = id,
                              .version = version,
                              .merchant_id = merchant,
                              .sha256 = "",
                              .judged_by = RULES_JUDGED_BY_REQUEST,
                              .valid_from_us = from,
                              .revision = revision};
}

static void add(struct timeline *timeline, struct rules_set set)
{
    cr_assert_eq(timeline_add(timeline, &set), STATUS_OK);
}

/* "id/version", or "none". */
static const char *named(const struct rules_set *set)
{
    static char text[64];
    if (set == NULL)
        return "none";
    (void)snprintf(text, sizeof text, "%s/%lld", set->id, (long long)set->version);
    return text;
}

Test(timeline, the_latest_that_began_is_in_force)
{
    struct timeline *timeline = timeline_create(100);
    add(timeline, set_of("a", 2, "", 200, 2));
    add(timeline, set_of("a", 1, "", 100, 1));
    add(timeline, set_of("b", 1, "", 300, 3));
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_POLICY, 99)), "none");
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_POLICY, 100)), "a/1");
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_POLICY, 199)), "a/1");
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_POLICY, 200)), "a/2");
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_POLICY, 1000)), "b/1");
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_ROSTER, 1000)), "none");
    timeline_destroy(timeline);
}

Test(timeline, a_correction_takes_the_place_of_what_began_at_the_same_time)
{
    struct timeline *timeline = timeline_create(100);
    add(timeline, set_of("a", 1, "", 100, 1));
    add(timeline, set_of("a", 2, "", 200, 2));
    add(timeline, set_of("a", 3, "", 100, 3));
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_POLICY, 150)), "a/3");
    cr_expect_str_eq(named(timeline_find(timeline, "m", RULES_POLICY, 250)), "a/2");
    timeline_destroy(timeline);
}

Test(timeline, a_merchant_has_its_own_or_those_for_everybody)
{
    struct timeline *timeline = timeline_create(100);
    add(timeline, set_of("all", 1, "", 100, 1));
    add(timeline, set_of("own", 1, "shop", 200, 2));
    add(timeline, set_of("all", 2, "", 300, 3));
    cr_expect_str_eq(named(timeline_find(timeline, "shop", RULES_POLICY, 150)), "all/1");
    cr_expect_str_eq(named(timeline_find(timeline, "shop", RULES_POLICY, 400)), "own/1");
    cr_expect_str_eq(named(timeline_find(timeline, "sho", RULES_POLICY, 400)), "all/2");
    timeline_destroy(timeline);
}

Test(timeline, the_model_of_the_request_says_which_model_judges)
{
    struct timeline *timeline = timeline_create(100);
    struct rules_set by_purchase = set_of("a", 2, "", 200, 2);
    by_purchase.judged_by = RULES_JUDGED_BY_PURCHASE;
    add(timeline, set_of("a", 1, "", 100, 1));
    add(timeline, by_purchase);
    cr_expect_str_eq(named(timeline_model(timeline, "m", RULES_POLICY, 50, 150)), "a/1");
    cr_expect_str_eq(named(timeline_model(timeline, "m", RULES_POLICY, 150, 250)), "a/1");
    cr_expect_str_eq(named(timeline_model(timeline, "m", RULES_POLICY, 210, 250)), "a/2");
    cr_expect_str_eq(named(timeline_model(timeline, "m", RULES_POLICY, 50, 250)), "none");
    cr_expect_str_eq(named(timeline_model(timeline, "m", RULES_POLICY, 50, 60)), "none");
    timeline_destroy(timeline);
}

Test(timeline, agrees_with_a_search_through_everything)
{
    enum { SETS = 200, QUESTIONS = 2000 };
    struct timeline *timeline = timeline_create(SETS);
    struct rules_set all[SETS];
    unsigned seed = 7;
    static const char *const merchants[] = {"", "a", "b"};
    for (int64_t i = 0; i < SETS; i++) {
        all[i] = set_of("x", i + 1, merchants[rand_r(&seed) % 3], rand_r(&seed) % 50, i + 1);
        all[i].kind = (enum rules_kind)(rand_r(&seed) % 2);
        add(timeline, all[i]);
    }
    cr_expect_eq(timeline_add(timeline, &all[0]), STATUS_EXHAUSTED);
    for (int q = 0; q < QUESTIONS; q++) {
        enum rules_kind kind = (enum rules_kind)(rand_r(&seed) % 2);
        int64_t at = rand_r(&seed) % 50;
        const char *merchant = merchants[rand_r(&seed) % 3];
        const struct rules_set *best = NULL;
        for (int own = 1; own >= 0 && best == NULL; own--)
            for (size_t i = 0; i < SETS; i++)
                if (all[i].kind == kind && all[i].valid_from_us <= at &&
                    strcmp(all[i].merchant_id, own ? merchant : "") == 0 &&
                    (best == NULL || all[i].valid_from_us >= best->valid_from_us))
                    best = &all[i];
        const struct rules_set *found = timeline_find(timeline, merchant, kind, at);
        cr_assert_eq(best == NULL ? 0 : best->revision, found == NULL ? 0 : found->revision);
    }
    timeline_destroy(timeline);
}

static void stop(struct stops *stops, const char *id, const char *merchant, int32_t provider,
                 const char *customer, const char *refund)
{
    const struct rules_stop stop = {id, 1, merchant, provider, customer, refund, "why", 1};
    cr_assert_eq(stops_take(stops, &stop, true), STATUS_OK);
}

static const char *stopped(const struct stops *stops, const char *merchant, int32_t provider,
                           const char *customer, const char *refund)
{
    const struct rules_stop *found = stops_find(stops, merchant, provider, customer, refund);
    return found == NULL ? "none" : found->id;
}

Test(stops, cover_what_agrees_in_every_field_that_is_given)
{
    struct stops *stops = stops_create(100);
    stop(stops, "refund", "", 0, "", "rf_1");
    stop(stops, "customer", "shop", 0, "c_1", "");
    stop(stops, "provider", "", 2, "", "");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_9", "rf_9"), "none");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_9", "rf_1"), "refund");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_1", "rf_9"), "customer");
    cr_expect_str_eq(stopped(stops, "else", 1, "c_1", "rf_9"), "none");
    cr_expect_str_eq(stopped(stops, "else", 2, "c_1", "rf_9"), "provider");
    cr_expect_str_eq(stopped(stops, NULL, 2, NULL, NULL), "provider");
    stop(stops, "all", "", 0, "", "");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_9", "rf_9"), "all");
    stops_destroy(stops);
}

Test(stops, know_a_customer_by_what_stands_for_the_token)
{
    struct stops *stops = stops_create(100);
    char name[IDENTITY_CUSTOMER_MAX];
    stop(stops, "customer", "shop", 0, identity_customer("shop", "c_1", name), "");
    stop(stops, "refund", "", 0, identity_customer("shop", "c_2", name), "rf_1");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_1", "rf_9"), "customer");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_9", "rf_9"), "none");
    cr_expect_str_eq(stopped(stops, "else", 1, "c_1", "rf_9"), "none", "tokens are a merchant's");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_2", "rf_1"), "refund");
    stop(stops, "everywhere", "", 0, identity_customer("", "c_3", name), "");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_3", "rf_9"), "everywhere");
    cr_expect_str_eq(stopped(stops, "else", 1, "c_3", "rf_9"), "everywhere");
    cr_expect_str_eq(stopped(stops, "shop", 1, "c_1", "rf_1"), "customer");
    cr_expect_str_eq(stopped(stops, "shop", 1, "", "rf_9"), "none");
    stops_destroy(stops);
}

Test(stops, end_with_the_version_that_says_so)
{
    struct stops *stops = stops_create(2);
    stop(stops, "a", "shop", 0, "", "");
    stop(stops, "b", "shop", 0, "", "");
    const struct rules_stop third = {"c", 1, "shop", 0, "", "", "why", 1};
    cr_expect_eq(stops_take(stops, &third, true), STATUS_EXHAUSTED);
    const struct rules_stop resumed = {"a", 2, "shop", 0, "", "", "why", 2};
    cr_assert_eq(stops_take(stops, &resumed, false), STATUS_OK);
    cr_expect_str_eq(stopped(stops, "shop", 1, "", ""), "b");
    const struct rules_stop last = {"b", 2, "shop", 0, "", "", "why", 3};
    cr_assert_eq(stops_take(stops, &last, false), STATUS_OK);
    cr_expect_str_eq(stopped(stops, "shop", 1, "", ""), "none");
    cr_expect_eq(stops_count(stops), 0);
    stops_destroy(stops);
}

static int released;

static void release(void *made)
{
    released++;
    free(made);
}

static const void *bring(struct cache *cache, int64_t revision, size_t bytes, bool use)
{
    return cache_bring(cache, revision, malloc(1), bytes, release, use);
}

Test(cache, drops_what_was_used_longest_ago_and_nothing_in_use)
{
    struct cache *cache = cache_create(100);
    released = 0;
    cr_assert_not_null(bring(cache, 1, 40, true));
    cache_turn(cache);
    cr_assert_not_null(bring(cache, 2, 40, true));
    cr_assert_not_null(bring(cache, 3, 40, true));
    cr_expect_null(cache_use(cache, 1));
    cr_expect_eq(released, 1);
    cr_expect_null(bring(cache, 4, 40, true), "2 and 3 are in use");
    cr_expect_eq(released, 2);
    cache_turn(cache);
    cr_expect_not_null(cache_use(cache, 3));
    cr_expect_not_null(bring(cache, 4, 40, true));
    cr_expect_null(cache_use(cache, 2));
    cr_expect_not_null(cache_use(cache, 3));
    cr_expect_null(bring(cache, 5, 101, true), "larger than everything");
    cache_destroy(cache);
    cr_expect_eq(released, 6);
}

Test(cache, keeps_the_first_of_two_that_were_made_at_once)
{
    struct cache *cache = cache_create(100);
    released = 0;
    const void *first = bring(cache, 1, 10, false);
    cr_expect_eq(bring(cache, 1, 10, true), first);
    cr_expect_eq(released, 1);
    cache_destroy(cache);
    cr_expect_eq(released, 2);
}
