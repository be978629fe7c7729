/* What the sender publishes: one ProviderEvent per answer. */

#ifndef SETTLEMENT_SENDER_EVENT_H
#define SETTLEMENT_SENDER_EVENT_H

#include "broker.h"
#include "sender.h"

/* Sends the event that the finding means for the job, sealed; NOTHING and MORE mean none.
 * STATUS_FATAL: the producer can go no further. */
enum status sender_event_send(struct producer *producer, const struct approval_keys *keys,
                              const struct job *job, const struct finding *finding,
                              struct arena *arena, struct error *error) CHECK_RESULT;

#endif
