/* Dead letters: the original record with the reason in its headers (DeadLetterHeaders in proto). */

#include "clock.h"
#include "identity.h"
#include "message.h"
#include "worker_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { PREFIX_BYTES = 64 * 1024 /* kept of a value that is too large for the topic */ };

static void add(struct ring_record *letter, const char *name, const char *value)
{
    if (value == NULL)
        return;
    assert(letter->header_count < RING_HEADERS_MAX);
    letter->headers[letter->header_count++] =
        (struct header){.name = name, .value = value, .size = strlen(value)};
}

/* The original headers, as far as there is room; copied, as they are gone when they were read. */
struct originals {
    struct ring_record *letter;
    struct arena *arena;
};

static enum status add_original(void *context, const char *name, const void *value, size_t size)
{
    struct originals *originals = context;
    struct ring_record *letter = originals->letter;
    enum { ORIGINAL_MAX = 4096 };
    if (letter->header_count < RING_HEADERS_MAX && strlen(name) <= UINT8_MAX &&
        size <= ORIGINAL_MAX && value != NULL)
        letter->headers[letter->header_count++] =
            (struct header){.name = arena_strdup(originals->arena, name),
                            .value = arena_memdup(originals->arena, value, size),
                            .size = size};
    return arena_exhausted(originals->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

static void add_reason(struct ring_record *letter, const struct refusal *refusal)
{
    add(letter, "redress_reason",
        message_enum_name(&redress__v1__dead_letter_reason__descriptor, (int)refusal->reason));
    add(letter, "redress_field", refusal->field);
    add(letter, "redress_value", refusal->value);
    add(letter, "redress_rule", refusal->rule);
}

enum status dead_letter_write(struct batch *batch, const struct event *event,
                              const struct refusal *refusal)
{
    struct worker *worker = batch->private->worker;
    const struct record *record = refusal->record;
    bool cut = record->value_size > topic_info(TOPIC_DEAD_LETTERS)->bytes_max;
    char time[CLOCK_TEXT_MAX], sha256[IDENTITY_SHA256_HEX];
    struct ring_record letter = {.topic = TOPIC_DEAD_LETTERS,
                                 .key = record->key,
                                 .key_size = record->key_size,
                                 .value = record->value,
                                 .value_size = cut ? PREFIX_BYTES : record->value_size};
    letter.partition = letter.key == NULL ? 0
                                          : topic_partition(letter.key, letter.key_size,
                                                            worker->partitions[TOPIC_DEAD_LETTERS]);
    add(&letter, "redress_worker", worker->stage->name);
    add(&letter, "redress_topic", topic_info(record->topic)->name);
    add(&letter, "redress_partition", arena_printf(batch->arena, "%d", record->partition));
    add(&letter, "redress_offset", arena_printf(batch->arena, "%" PRId64, record->offset));
    add(&letter, "redress_timestamp", clock_format(record->timestamp_ms * 1000, time));
    add_reason(&letter, refusal);
    add(&letter, "redress_sha256", identity_sha256(record->value, record->value_size, sha256));
    add(&letter, "redress_bytes", arena_printf(batch->arena, "%zu", record->value_size));
    add(&letter, "redress_truncated", cut ? "true" : "false");
    struct originals originals = {.letter = &letter, .arena = batch->arena};
    (void)event;
    if (record_headers(record, add_original, &originals) == STATUS_EXHAUSTED &&
        arena_exhausted(batch->arena))
        return STATUS_EXHAUSTED;
    return ring_append(&batch_shard(batch, record->partition)->outputs, &letter);
}
