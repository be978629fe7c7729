/* Carrying on: parts of a message that came go out again as the same bytes, without being built and
 * packed. protobuf-c packs unknown fields as they are, and readers cannot tell the difference.
 *
 *     ProtobufCMessageUnknownField carried[2];
 *     static const uint32_t fields[] = {8, 9};
 *     message->base.n_unknown_fields = message_carry(bytes, size, fields, 2, carried, 2);
 *     message->base.unknown_fields = carried; */

#ifndef REDRESS_MESSAGE_CARRY_H
#define REDRESS_MESSAGE_CARRY_H

#include "arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/* Finds the sub-messages with the `count` numbers `fields` at the top of `bytes`, which
 * message_unpack has accepted. `carried` has room for `room`, one for each and for each repetition,
 * and gets those that are there; it points into `bytes`. Returns how many there are. */
unsigned message_carry(const void *bytes, size_t size, const uint32_t *fields, size_t count,
                       ProtobufCMessageUnknownField *carried, size_t room);

/* `bytes` of a whole message as the sub-message `number`, copied into `arena`. False if it is
 * full. */
bool message_embed(struct arena *arena, uint32_t number, const void *bytes, size_t size,
                   ProtobufCMessageUnknownField *embedded);

#endif
