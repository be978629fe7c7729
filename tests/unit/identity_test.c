#include "identity.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* FIPS 180-4 examples. */
Test(identity, sha256_is_sha256)
{
    char hex[IDENTITY_SHA256_HEX];
    cr_expect_str_eq(identity_sha256("", 0, hex),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_expect_str_eq(identity_sha256("abc", 3, hex),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_expect_eq((uint64_t)identity_fingerprint("abc", 3), UINT64_C(0xba7816bf8f01cfea));
}

/* The layout of the header, built by hand. */
Test(identity, ids_hash_a_word_and_parts_with_their_lengths)
{
    static const char refund[] = "\0\0\0\0\0\0\0\6refund\0\0\0\0\0\0\0\4shop\0\0\0\0\0\0\0\3r-1";
    static const char payout[] = "\0\0\0\0\0\0\0\6payout\0\0\0\0\0\0\0\4shop\0\0\0\0\0\0\0\3r-1"
                                 "\0\0\0\0\0\0\0\10\0\0\0\0\0\0\1\2";
    static const char decided[] = "\0\0\0\0\0\0\0\4case\0\0\0\0\0\0\0\4shop\0\0\0\0\0\0\0\3r-1"
                                  "\0\0\0\0\0\0\0\10\0\0\0\0\0\0\0\1";
    char hex[IDENTITY_SHA256_HEX], id[IDENTITY_MAX];
    (void)identity_refund("shop", "r-1", id);
    cr_expect_eq(strlen(id), 35);
    cr_expect_eq(strncmp(id, "rf_", 3), 0);
    cr_expect_eq(strncmp(id + 3, identity_sha256(refund, sizeof refund - 1, hex), 32), 0, "%s", id);
    (void)identity_payout("shop", "r-1", 258, id);
    cr_expect_eq(strncmp(id, "po_", 3), 0);
    cr_expect_eq(strcmp(id + 3, (identity_sha256(payout, sizeof payout - 1, hex)[32] = '\0', hex)),
                 0, "%s", id);
    (void)identity_case("shop", "r-1", 1, id);
    cr_expect_eq(strncmp(id, "c_", 2), 0);
    cr_expect_eq(
        strcmp(id + 2, (identity_sha256(decided, sizeof decided - 1, hex)[32] = '\0', hex)), 0,
        "%s", id);
}

Test(identity, parts_do_not_run_into_each_other)
{
    char a[IDENTITY_MAX], b[IDENTITY_MAX];
    cr_expect_str_neq(identity_refund("ab", "c", a), identity_refund("a", "bc", b));
    cr_expect_str_neq(identity_refund("", "abc", a), identity_refund("abc", "", b));
    cr_expect_str_neq(identity_case("m", "r", 1, a) + 2, identity_payout("m", "r", 1, b) + 3);
    cr_expect_str_neq(identity_case("m", "r", 1, a), identity_case("m", "r", 2, b));
    cr_expect_str_eq(identity_payout("m", "r", 1, a), identity_payout("m", "r", 1, b));
}

Test(identity, events_are_named_by_stage_refund_and_version)
{
    char id[IDENTITY_EVENT_MAX];
    cr_expect_str_eq(identity_event("intake", "rf_1", 3, id), "intake/rf_1/3");
    char refund[IDENTITY_MAX];
    (void)identity_refund("m", "r", refund);
    (void)identity_event("settlement", refund, INT64_MAX, id);
    cr_expect_eq(strlen(id), strlen("settlement//9223372036854775807") + 35);
}

static void *hash_often(void *failures)
{
    char first[IDENTITY_MAX], again[IDENTITY_MAX];
    (void)identity_refund("m", "r", first);
    for (int i = 0; i < 10000; i++)
        *(int *)failures += strcmp(identity_refund("m", "r", again), first) != 0;
    return NULL;
}

Test(identity, threads_do_not_disturb_each_other)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    int failures[THREADS] = {0};
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, hash_often, &failures[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(failures[i], 0);
    }
}
