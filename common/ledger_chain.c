#include "ledger_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096 };

void ledger_chain_start(char head[LEDGER_HEAD_MAX])
{
    memset(head, '0', LEDGER_HEAD_MAX - 1);
    head[LEDGER_HEAD_MAX - 1] = '\0';
}

static uint8_t nibble(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

void ledger_head_bytes(const char head[LEDGER_HEAD_MAX], uint8_t bytes[32])
{
    for (size_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(nibble(head[2 * i]) << 4 | nibble(head[2 * i + 1]));
}

static const char *text(const char *value)
{
    return value == NULL ? "" : value;
}

enum status ledger_chain_add(char head[LEDGER_HEAD_MAX], const struct ledger_line *line)
{
    char bytes[LINE_MAX_BYTES];
    int size =
        snprintf(bytes, sizeof bytes,
                 "%s\n%" PRId64 "\n%s\n%s\n%s\n%s\n%" PRId64 "\n%" PRId64 "\n%s\n%" PRId64 "\n%s\n",
                 head, line->transfer_id, text(line->merchant_id), text(line->order_id),
                 text(line->payment_id), text(line->payout_id), line->movement, line->amount_minor,
                 text(line->currency), line->booked_us, text(line->cause));
    if (size < 0 || (size_t)size >= sizeof bytes)
        return STATUS_OVERFLOW;
    (void)identity_sha256(bytes, (size_t)size, head);
    return STATUS_OK;
}
