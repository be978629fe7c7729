/* Ledger verify: recomputes the chain of each shard's ledger (common/ledger_chain.h) from
 * settlement's views, and compares it with the heads on refunds.control.v1 and with the head that
 * the database has. A line that was changed, removed or slipped in shows at the next head. */

#ifndef REDRESSCTL_LEDGER_VERIFY_H
#define REDRESSCTL_LEDGER_VERIFY_H

#include "session.h"
#include "status.h"

#include <jansson.h>

/* {"holds", "lines", "heads", "shards": [{"shard", "lines", "heads", "fault"}], "sums":
 * [{"currency", "sum_minor"}]}; `fault` is null where all is well, else it says what is wrong. A
 * new reference. STATUS_OK also if the ledger does not hold. */
enum status ledger_verify(const struct session *session, json_t **verdict,
                          struct error *error) CHECK_RESULT;

#endif
