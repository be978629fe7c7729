/* Refund step: one event in the life of a refund, in words. Pure. */

#ifndef REDRESSCTL_REFUND_STEP_H
#define REDRESSCTL_REFUND_STEP_H

#include "arena.h"
#include "status.h"
#include "topics.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

struct refund_step {
    const char *stage;  /* who says it: request, intake, policy, routing, decision, settlement */
    int rank;           /* of the stage, in the order of the flow */
    const char *status; /* "VALIDATED" */
    int64_t version;    /* in its topic; 0 where there is none */
    int64_t event_us;   /* when it happened in the shop */
    int64_t decided_us; /* when the worker decided; 0 where people or shops speak */
    int64_t logged_us;  /* when Kafka got it */
    char *words;        /* what happened, in one sentence */
    json_t *detail;     /* status, actor, amount, why, rules ... as they are; owned by the step */
    const char *decision_id, *actor_id; /* of a decision, else NULL */
};

/* Fills the step from a message of REQUESTS, VALIDATED, ASSESSED, ROUTED, DECISIONS or PAYOUTS.
 * False: the message is about another refund. Texts live in `arena`; the caller releases `detail`.
 */
bool refund_step_read(enum topic topic, const ProtobufCMessage *message, const char *refund_id,
                      const char *request_id, struct arena *arena, struct refund_step *step);

/* What routing made of a decision: `refusal` is its reason, "" for one that it took, NULL while it
 * has said nothing; `meaning` is the reason in words. False: the arena is full. */
bool refund_step_judge(struct refund_step *step, const char *refusal, const char *meaning,
                       struct arena *arena) CHECK_RESULT;

#endif
