/* Codec: protobuf <-> the structs of intake.h. Checks every field that comes from outside against
 * the bounds that stand in proto/redress/v1. */

#ifndef REDRESS_INTAKE_CODEC_H
#define REDRESS_INTAKE_CODEC_H

#include "intake.h"

#include "redress/v1/assessed.pb-c.h"
#include "redress/v1/dead_letter.pb-c.h"
#include "redress/v1/goods.pb-c.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/payout.pb-c.h"
#include "redress/v1/request.pb-c.h"
#include "redress/v1/routed.pb-c.h"
#include "redress/v1/validated.pb-c.h"

/* What is wrong with an event; texts live in the arena. */
struct field_fault {
    Redress__V1__DeadLetterReason reason;
    const char *path; /* such as lines[2].units */
    const char *value;
    const char *rule;
};

struct decoder {
    struct arena *arena;
    struct field_fault fault;
};

/* Each fills `input`, whose texts point into the message. STATUS_UNPROCESSABLE with a fault,
 * STATUS_EXHAUSTED if the arena is full. */
enum status intake_decode_order(struct decoder *decoder, const Redress__V1__OrderEvent *event,
                                struct input *input) CHECK_RESULT;
enum status intake_decode_request(struct decoder *decoder, const Redress__V1__RefundRequest *event,
                                  struct input *input) CHECK_RESULT;
/* Inspected goods that came without a request make one for the accepted units; everything else
 * about goods is INPUT_NOTHING. */
enum status intake_decode_goods(struct decoder *decoder, const Redress__V1__GoodsEvent *event,
                                struct input *input) CHECK_RESULT;
/* Our own topics. A status that changes no claim is INPUT_NOTHING. */
enum status intake_decode_assessed(struct decoder *decoder,
                                   const Redress__V1__RefundAssessed *event,
                                   struct input *input) CHECK_RESULT;
enum status intake_decode_routed(struct decoder *decoder, const Redress__V1__RefundRouted *event,
                                 struct input *input) CHECK_RESULT;
enum status intake_decode_payout(struct decoder *decoder, const Redress__V1__RefundPayout *event,
                                 struct input *input) CHECK_RESULT;

/* True if the ce_status of an event on that topic is one that intake_decode_* makes an input of. */
bool intake_wants_assessed(const char *ce_status);
bool intake_wants_routed(const char *ce_status);
bool intake_wants_payout(const char *ce_status);

/* The message that says it, in the arena. STATUS_EXHAUSTED if that is full. */
enum status intake_encode(struct arena *arena, const struct answer *answer,
                          Redress__V1__RefundValidated **message) CHECK_RESULT;

/* "VALIDATED", for ce_status. */
const char *intake_answer_status(enum answer_status status);

#endif
