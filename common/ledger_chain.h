/* Ledger chain: a hash over every line of a shard's ledger, in order, so that a line that is
 * changed, removed or slipped in later shows. Settlement extends it and publishes its head now and
 * then; whoever kept a head can prove what stood before it. `redressctl ledger verify` recomputes
 * it.
 *
 * The head is the lower-case hex SHA-256 over the head before (64 zeros at first) and the fields of
 * the line, in the order of struct ledger_line, each followed by a newline; numbers are decimal. No
 * field but the last may hold a newline. In PostgreSQL:
 *
 *     encode(sha256(convert_to(concat_ws(E'\n', head, transfer_id, merchant_id, ..., cause, ''),
 *                              'UTF8')), 'hex') */

#ifndef REDRESS_LEDGER_CHAIN_H
#define REDRESS_LEDGER_CHAIN_H

#include "identity.h"
#include "status.h"

#include <stdint.h>

enum { LEDGER_HEAD_MAX = IDENTITY_SHA256_HEX }; /* bytes of a head, NUL included */

/* One movement of the ledger. Texts NULL are read as empty. */
struct ledger_line {
    int64_t transfer_id;
    const char *merchant_id;
    const char *order_id;
    const char *payment_id;
    const char *payout_id; /* "": not by a payout of ours */
    int64_t movement;      /* number */
    int64_t amount_minor;
    const char *currency;
    int64_t booked_us; /* microseconds since 1970 */
    const char *cause;
};

/* Sets `head` to that of an empty ledger. */
void ledger_chain_start(char head[LEDGER_HEAD_MAX]);

/* The 32 bytes that a head stands for. */
void ledger_head_bytes(const char head[LEDGER_HEAD_MAX], uint8_t bytes[32]);

/* Extends the chain by a line. STATUS_OVERFLOW, and `head` is untouched, if the line has more than
 * 4,000 bytes: ids and causes are bounded far below that. */
enum status ledger_chain_add(char head[LEDGER_HEAD_MAX],
                             const struct ledger_line *line) CHECK_RESULT;

#endif
