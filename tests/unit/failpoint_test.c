/* Failpoints, as the flavour `failpoints` has them: compiled into this test alone. Each case runs
 * in a process of its own, so what one arms the others do not see. */

#define REDRESS_FAILPOINTS
#include "common/failpoint.c" // NOLINT: other flavours have nothing to link

#include <criterion/criterion.h>
#include <sys/wait.h>

/* How a process ends that passes `failpoint` so many times. */
static int end_of(const char *points, enum failpoint failpoint, int times)
{
    pid_t child = fork();
    if (child == 0) {
        (void)setenv("TEST_FAILPOINTS", points, 1);
        (void)close(STDERR_FILENO);
        for (int i = 0; i < times; i++)
            failpoint_pass(failpoint);
        _exit(0);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, WUNTRACED), child);
    if (WIFSTOPPED(status)) {
        cr_assert_eq(kill(child, SIGCONT), 0);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_expect(WIFEXITED(status));
        return SIGSTOP;
    }
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(failpoint, kills_at_the_passage_that_was_asked_for)
{
    cr_expect_eq(end_of("saved:3", FAILPOINT_SAVED, 2), 0);
    cr_expect_eq(end_of("saved:3", FAILPOINT_SAVED, 3), SIGKILL);
    cr_expect_eq(end_of("saved:1", FAILPOINT_SAVED, 1), SIGKILL);
}

Test(failpoint, stops_where_it_was_asked_to_and_goes_on)
{
    cr_expect_eq(end_of("saved:3:stop", FAILPOINT_SAVED, 2), 0);
    cr_expect_eq(end_of("saved:3:stop", FAILPOINT_SAVED, 9), SIGSTOP);
    cr_expect_eq(end_of("saved:3:stop,loaded:1", FAILPOINT_LOADED, 1), SIGKILL);
}

Test(failpoint, leaves_other_points_alone)
{
    cr_expect_eq(end_of("saved:1", FAILPOINT_SAVING, 100), 0);
    cr_expect_eq(end_of("saved:5,loaded:1", FAILPOINT_LOADED, 1), SIGKILL);
}

Test(failpoint, takes_what_it_does_not_know_for_nothing)
{
    static const char *const texts[] = {"", "saved", "saved:", "unknown:1", "save:1", ":", ",,,"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(end_of(texts[i], FAILPOINT_SAVED, 100), 0, "%s", texts[i]);
}

Test(failpoint, moves_the_clock_while_the_process_runs)
{
    char path[] = "/tmp/failpoint_test.XXXXXX";
    int fd = mkstemp(path);
    const int64_t first = 5, second = -7000000;
    cr_assert_eq(pwrite(fd, &first, sizeof first, 0), sizeof first);
    (void)setenv("TEST_CLOCK_FILE", path, 1);
    cr_expect_eq(failpoint_clock_us(), 5);
    cr_assert_eq(pwrite(fd, &second, sizeof second, 0), sizeof second);
    cr_expect_eq(failpoint_clock_us(), -7000000);
    (void)close(fd);
    (void)unlink(path);
}

Test(failpoint, leaves_the_clock_without_a_file)
{
    cr_expect_eq(failpoint_clock_us(), 0);
}
