/* Codec: protobuf <-> the structs of routing.h. Decisions come from outside: every field is checked
 * against the bounds in proto/redress/v1/decision.proto. */

#ifndef REDRESS_ROUTING_CODEC_H
#define REDRESS_ROUTING_CODEC_H

#include "routing.h"

#include "redress/v1/assessed.pb-c.h"
#include "redress/v1/control.pb-c.h"
#include "redress/v1/routed.pb-c.h"
#include "worker/worker.h"

enum { ROUTING_NOTE_CHARACTERS_MAX = 2000 };

enum routing_input_kind { INPUT_NOTHING, INPUT_ASSESSED, INPUT_DECISION, INPUT_PAYOUT };

/* An event, in the batch's arena. */
struct routing_input {
    enum routing_input_kind kind;
    const char *refund_id;
    int64_t occurred_us;
    struct routing_rules rules; /* what holds for it; set when the batch is loaded */
    struct routing_found found; /* what was looked up for it; likewise */
    union {
        struct assessed assessed;
        struct decision decision;
        struct failed_payout payout;
    };
};

/* True if the ce_status of a payout is one that frees or asks for money. */
bool routing_wants_payout(const struct envelope *envelope);

/* Fills event->body, merchant_id and order_id. */
enum status routing_decode(struct batch *batch, struct event *event) CHECK_RESULT;

/* What decide reads, in `arena`: the message itself does not last. False: the arena is full. */
bool routing_read_assessed(struct arena *arena, const Redress__V1__RefundAssessed *message,
                           struct assessed *assessed);

/* An assessment as it was kept, in `arena`; it is unpacked in `scratch`, which is reset. NULL: the
 * arena is full, or the bytes are none. */
const struct assessed *routing_read_body(struct arena *arena, struct arena *scratch,
                                         const void *bytes, size_t size);

/* What an answer is published with. */
struct routing_setting {
    struct arena *arena;
    const struct router *router; /* NULL: no model was asked */
    const struct approval_keys *keys;
    const struct routing_order *order;
    const struct routing_refund *refund;
    int64_t occurred_us; /* of what is answered */
    int64_t now_us;
};

/* The routed event; an approval is signed. NULL: the arena is full. */
Redress__V1__RefundRouted *routing_encode(const struct routing_setting *setting,
                                          const struct routing_answer *answer);

/* Control events: a decision that was refused, and a refund that waits. NULL: the arena is full.
 * `refund_id` and `case_id` are as given by the event. */
Redress__V1__ControlEvent *routing_encode_refused(const struct routing_setting *setting,
                                                  const char *refund_id,
                                                  const struct decision *decision,
                                                  enum refusal_reason reason);
Redress__V1__ControlEvent *routing_encode_tripped(const struct routing_setting *setting,
                                                  const struct routing_answer *answer);
Redress__V1__ControlEvent *routing_encode_lifted(const struct routing_setting *setting,
                                                 const struct decision *decision, size_t trips);
Redress__V1__ControlEvent *routing_encode_stalled(const struct routing_setting *setting,
                                                  const char *refund_id,
                                                  const struct routing_answer *answer);

#endif
