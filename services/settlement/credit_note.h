/* Credit note: which lines a payout pays back, net and tax, so that the parts add up to it.
 *
 * The approved amount is spread over the claimed lines by largest remainder; the payouts of one
 * approval cover it one behind the other, in their order, so that a line may stand on two credit
 * notes with a part on each. Tax is the line's tax in the same proportion, half up. */

#ifndef SETTLEMENT_CREDIT_NOTE_H
#define SETTLEMENT_CREDIT_NOTE_H

#include "arena.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

enum { NOTE_LINES_MAX = 1001 /* of one refund: its lines, and shipping */ };

/* A line as claimed. */
struct note_line {
    const char *line_id; /* "" for shipping */
    int64_t units;
    int64_t gross_minor; /* tax included */
    int64_t tax_minor;   /* 0 to gross */
    int32_t tax_rate_ppm;
};

/* A line of a credit note: net + tax is what is paid for it. */
struct credit_line {
    const char *line_id;
    int64_t units; /* of the whole line, on the note that has its first part; else 0 */
    int64_t net_minor;
    int64_t tax_minor;
    int32_t tax_rate_ppm;
};

/* The note of a payout of `amount` that begins at `offset` of the `approved` amount;
 * 0 <= offset, offset + amount <= approved. Lines are spread by their gross. `*note` lives in
 * `arena`; there is none (count 0) where no line is worth anything. STATUS_EXHAUSTED: arena full */
enum status credit_note(const struct note_line *lines, size_t line_count, int64_t approved,
                        int64_t offset, int64_t amount, struct arena *arena,
                        struct credit_line **note, size_t *note_count) CHECK_RESULT;

/* The lines as bytes for a row, and back. Per line: 1 byte length of the id, the id, then units,
 * gross, tax (8 bytes each) and rate (4 bytes), big-endian. */
enum status note_lines_pack(const struct note_line *lines, size_t line_count, struct arena *arena,
                            const void **bytes, size_t *size) CHECK_RESULT;
/* STATUS_INVALID if the bytes are no such lines. */
enum status note_lines_unpack(const void *bytes, size_t size, struct arena *arena,
                              const struct note_line **lines, size_t *line_count) CHECK_RESULT;

#endif
