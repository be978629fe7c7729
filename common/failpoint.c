#include "failpoint.h"

#ifdef REDRESS_FAILPOINTS

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STOP ":stop"

static const char *const names[FAILPOINTS] = {
#define X(name, text, help) [FAILPOINT_##name] = (text),
    FAILPOINT_ROWS(X)
#undef X
};

/* How often each may still be passed; 0: as often as it likes. */
static atomic_long left[FAILPOINTS];
static bool stops[FAILPOINTS];
static const int64_t *moved;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void arm(const char *name, size_t size, long count, bool stop)
{
    for (int i = 0; i < FAILPOINTS; i++)
        if (strlen(names[i]) == size && strncmp(names[i], name, size) == 0) {
            stops[i] = stop;
            atomic_store(&left[i], count);
        }
}

static void read_points(const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t size = strcspn(text, ":");
        char *end = NULL;
        if (text[size] != ':')
            return;
        long count = strtol(text + size + 1, &end, 10);
        bool stop = strncmp(end, STOP, strlen(STOP)) == 0;
        arm(text, size, count, stop);
        end += stop ? strlen(STOP) : 0;
        text = *end == ',' ? end + 1 : NULL;
    }
}

static void read_clock(const char *path)
{
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof *moved, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED)
        moved = mapped;
    (void)close(fd);
}

static void start(void)
{
    read_points(getenv("TEST_FAILPOINTS"));
    read_clock(getenv("TEST_CLOCK_FILE"));
}

/* In one piece, so that lines of other threads do not mix with it. */
static void say(const char *name, bool stop)
{
    char line[64];
    int size = snprintf(line, sizeof line, "failpoint %s%s\n", name, stop ? " stop" : "");
    (void)!write(STDERR_FILENO, line, (size_t)size);
}

void failpoint_pass(enum failpoint failpoint)
{
    (void)pthread_once(&once, start);
    if (atomic_load(&left[failpoint]) == 0 || atomic_fetch_sub(&left[failpoint], 1) != 1)
        return;
    say(names[failpoint], stops[failpoint]);
    (void)raise(stops[failpoint] ? SIGSTOP : SIGKILL);
}

int64_t failpoint_clock_us(void)
{
    (void)pthread_once(&once, start);
    return moved == NULL ? 0 : *(const volatile int64_t *)moved;
}

#endif
