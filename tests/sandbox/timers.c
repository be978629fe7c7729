#include "timers.h"

#include <stdlib.h>

enum { TIMERS_FIRST_ROOM = 256 };

static bool before(const struct timer *a, const struct timer *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void swap(struct timer *a, struct timer *b)
{
    struct timer kept = *a;
    *a = *b;
    *b = kept;
}

enum status timers_add(struct timers *timers, struct timer timer)
{
    if (timers->count == timers->room) {
        size_t room = timers->room == 0 ? TIMERS_FIRST_ROOM : timers->room * 2;
        struct timer *heap = realloc(timers->heap, room * sizeof *heap);
        if (heap == NULL)
            return STATUS_EXHAUSTED;
        timers->heap = heap;
        timers->room = room;
    }
    timer.order = timers->added++;
    size_t at = timers->count++;
    timers->heap[at] = timer;
    while (at > 0 && before(&timers->heap[at], &timers->heap[(at - 1) / 2])) {
        swap(&timers->heap[at], &timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return STATUS_OK;
}

static void sink(struct timers *timers)
{
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < timers->count; child++)
            if (before(&timers->heap[child], &timers->heap[least]))
                least = child;
        if (least == at)
            return;
        swap(&timers->heap[at], &timers->heap[least]);
        at = least;
    }
}

bool timers_take(struct timers *timers, int64_t now_us, struct timer *timer)
{
    if (timers->count == 0 || timers->heap[0].at_us > now_us)
        return false;
    *timer = timers->heap[0];
    timers->heap[0] = timers->heap[--timers->count];
    sink(timers);
    return true;
}

int64_t timers_next_us(const struct timers *timers)
{
    return timers->count == 0 ? INT64_MAX : timers->heap[0].at_us;
}

void timers_free(struct timers *timers)
{
    for (size_t i = 0; i < timers->count; i++)
        free(timers->heap[i].line);
    free(timers->heap);
    *timers = (struct timers){0};
}
