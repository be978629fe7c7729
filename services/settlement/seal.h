/* Seal: shows that a ProviderEvent was written by us, who asked the provider or checked a webhook's
 * signature. Everybody can write to the topic, and what says that money came back must not be
 * believed from everybody.
 *
 * The seal is the message's last field, and covers the bytes before it. */

#ifndef SETTLEMENT_SEAL_H
#define SETTLEMENT_SEAL_H

#include "approval.h"
#include "arena.h"
#include "redress/v1/provider.pb-c.h"
#include "status.h"

/* Sets the event's seal, which lives in `arena`. The event must not be changed after that.
 * STATUS_EXHAUSTED if the arena is full. */
enum status seal_event(const struct approval_keys *keys, Redress__V1__ProviderEvent *event,
                       struct arena *arena) CHECK_RESULT;

/* True if the record's value ends with a seal that holds. */
bool seal_holds(const struct approval_keys *keys, const void *value, size_t size);

#endif
