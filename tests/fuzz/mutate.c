/* Feeds a target without any fuzzer: what lies in the corpus first, then changes of it.
 *
 *     PROGRAM SECONDS SEED DICTIONARY FILE...
 *
 * The input at hand when a target fails, or runs for SLOW_S, is written to $TMPDIR (or /tmp) as
 * fuzz-last-PID. Not guided by coverage: libFuzzer finds more, this runs everywhere. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

enum {
    FILES_MAX = 4096,
    WORDS_MAX = 512,
    INPUT_MAX = 256 * 1024,
    CHANGES_MAX = 6,
    SLOW_S = 60 /* for one input */
};

/* Of the sanitizers' runtime (sanitizer/common_interface_defs.h). */
void __sanitizer_set_death_callback(void (*callback)(void));

struct input {
    uint8_t *bytes;
    size_t size;
};

struct state {
    struct input files[FILES_MAX];
    size_t file_count;
    struct input words[WORDS_MAX];
    size_t word_count;
    uint64_t random;
    char last[4096];
    uint8_t at_hand[2 * INPUT_MAX];
    size_t size;
    volatile size_t tried;
};

static struct state state;

static void keep_at_hand(void)
{
    int fd = open(state.last, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    (void)!write(fd, state.at_hand, state.size);
    (void)close(fd);
}

static void on_signal(int number)
{
    keep_at_hand();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* Every second. */
static void on_tick(int number)
{
    static size_t seen, ticks;
    (void)number;
    ticks = state.tried == seen ? ticks + 1 : 0;
    seen = state.tried;
    if (ticks >= SLOW_S)
        abort();
}

static void watch(void)
{
    const struct itimerval second = {{1, 0}, {1, 0}};
    __sanitizer_set_death_callback(keep_at_hand);
    (void)signal(SIGABRT, on_signal);
    (void)signal(SIGTERM, on_signal);
    (void)signal(SIGALRM, on_tick);
    (void)setitimer(ITIMER_REAL, &second, NULL);
}

static size_t below(struct state *s, size_t bound)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return bound == 0 ? 0 : (size_t)(s->random % bound);
}

static struct input read_file(const char *path)
{
    struct input input = {.bytes = malloc(INPUT_MAX)};
    FILE *file = fopen(path, "rb");
    if (file == NULL || input.bytes == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    input.size = fread(input.bytes, 1, INPUT_MAX, file);
    (void)fclose(file);
    return input;
}

/* One byte of a word: \", \\ and \x with two hex digits are escapes. Returns what is behind it. */
static const uint8_t *read_byte(const uint8_t *at, const uint8_t *stop, uint8_t *byte)
{
    char hex[3] = {0};
    if (*at != '\\' || at + 1 >= stop) {
        *byte = *at;
        return at + 1;
    }
    if (at[1] != 'x' || stop - at < 4) {
        *byte = at[1];
        return at + 2;
    }
    memcpy(hex, at + 2, 2);
    *byte = (uint8_t)strtoul(hex, NULL, 16);
    return at + 4;
}

/* Lines such as `name="word"`. */
static void read_words(struct state *s, const char *path)
{
    struct input text = read_file(path);
    const uint8_t *at = text.bytes, *end = at + text.size;
    while (at < end && s->word_count < WORDS_MAX) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline == NULL ? end : newline;
        const uint8_t *open = *at == '#' ? NULL : memchr(at, '"', (size_t)(stop - at));
        struct input word = {.bytes = malloc((size_t)(stop - at) + 1)};
        for (const uint8_t *c = open == NULL ? stop : open + 1; c < stop && *c != '"';)
            c = read_byte(c, stop, &word.bytes[word.size++]);
        if (word.size > 0)
            s->words[s->word_count++] = word;
        else
            free(word.bytes);
        at = stop + 1;
    }
    free(text.bytes);
}

static void insert(struct state *s, const uint8_t *bytes, size_t size)
{
    size_t at = below(s, s->size + 1);
    if (s->size + size > sizeof s->at_hand)
        return;
    memmove(s->at_hand + at + size, s->at_hand + at, s->size - at);
    memcpy(s->at_hand + at, bytes, size);
    s->size += size;
}

static void cut(struct state *s)
{
    size_t at = below(s, s->size), size = below(s, 32);
    if (at + size > s->size)
        size = s->size - at;
    memmove(s->at_hand + at, s->at_hand + at + size, s->size - at - size);
    s->size -= size;
}

static void change(struct state *s)
{
    const struct input *other = &s->files[below(s, s->file_count)];
    size_t from = below(s, other->size), size = below(s, 64);
    if (from + size > other->size)
        size = other->size - from;
    switch (below(s, 5)) {
    case 0:
        if (s->size > 0)
            s->at_hand[below(s, s->size)] = (uint8_t)below(s, 256);
        break;
    case 1:
        cut(s);
        break;
    case 2:
        insert(s, other->bytes + from, size);
        break;
    default:
        if (s->word_count > 0) {
            const struct input *word = &s->words[below(s, s->word_count)];
            insert(s, word->bytes, word->size);
        }
        break;
    }
}

static void try_input(struct state *s)
{
    uint8_t *exact = malloc(s->size + 1); /* so that a read behind the end is seen */
    if (exact == NULL)
        exit(2);
    memcpy(exact, s->at_hand, s->size);
    (void)LLVMFuzzerTestOneInput(exact, s->size);
    free(exact);
    s->tried++;
}

static void take(struct state *s, size_t file)
{
    s->size = s->files[file].size;
    memcpy(s->at_hand, s->files[file].bytes, s->size);
}

int main(int argc, char **argv)
{
    struct state *s = &state;
    const char *directory = getenv("TMPDIR");
    if (argc < 5) {
        (void)fprintf(stderr, "usage: %s SECONDS SEED DICTIONARY FILE...\n", argv[0]);
        return 2;
    }
    s->random = strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15u + 1;
    (void)snprintf(s->last, sizeof s->last, "%s/fuzz-last-%d",
                   directory == NULL ? "/tmp" : directory, (int)getpid());
    read_words(s, argv[3]);
    for (int i = 4; i < argc && s->file_count < FILES_MAX; i++)
        s->files[s->file_count++] = read_file(argv[i]);
    watch();
    time_t end = time(NULL) + strtol(argv[1], NULL, 10);
    while (s->tried < s->file_count || time(NULL) < end) {
        take(s, s->tried < s->file_count ? s->tried : below(s, s->file_count));
        for (size_t i = s->tried < s->file_count ? 0 : 1 + below(s, CHANGES_MAX); i > 0; i--)
            change(s);
        try_input(s);
    }
    (void)printf("%zu inputs\n", s->tried);
    for (size_t i = 0; i < s->file_count; i++)
        free(s->files[i].bytes);
    for (size_t i = 0; i < s->word_count; i++)
        free(s->words[i].bytes);
    return 0;
}
