/* Message: protobuf bytes <-> protobuf-c structs, safe on bytes from outside, and the canonical
 * JSON of protobuf both ways, by walking the descriptors.
 *
 * protobuf-c's own unpacking is not safe on hostile input, so that message_unpack has one of its
 * own: one pass over the bytes, under the rules of wire.h (depth, number of fields, UTF-8, no NUL
 * inside a string, lengths), into an arena with a hard limit. */

#ifndef REDRESS_MESSAGE_H
#define REDRESS_MESSAGE_H

#include "arena.h"
#include "status.h"

#include "google/protobuf/timestamp.pb-c.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/* The message, living in `arena`; never freed by itself. STATUS_UNPROCESSABLE and a reason if the
 * bytes are not such a message, STATUS_EXHAUSTED if the arena is full. */
enum status message_unpack(const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                           size_t size, struct arena *arena, ProtobufCMessage **message,
                           struct error *error) CHECK_RESULT;

/* The bytes, in `arena`. STATUS_EXHAUSTED if it is full. */
enum status message_pack(const ProtobufCMessage *message, struct arena *arena, uint8_t **bytes,
                         size_t *size) CHECK_RESULT;

/* Canonical protobuf JSON: lowerCamelCase names, enums by full name, int64 as strings, bytes as
 * base64, Timestamps as RFC 3339, defaults left out. A new reference; NULL: no memory. */
json_t *message_to_json(const ProtobufCMessage *message);

/* Accepts canonical JSON, and beside it proto field names, enum values without their prefix (CARD
 * for PAYMENT_METHOD_CARD), and numbers for int64; null is absent. Unknown fields, a field under
 * both its names, two members of one oneof and numbers that do not fit are refused. STATUS_INVALID
 * names the path and the rule. Nothing of `json` is referred to afterwards. */
enum status message_from_json(const ProtobufCMessageDescriptor *descriptor, const json_t *json,
                              struct arena *arena, ProtobufCMessage **message,
                              struct error *error) CHECK_RESULT;

/* The same from bytes of JSON text, in which a key that is given twice is refused too. */
enum status message_from_json_text(const ProtobufCMessageDescriptor *descriptor, const char *text,
                                   size_t size, struct arena *arena, ProtobufCMessage **message,
                                   struct error *error) CHECK_RESULT;

/* The name of an enum value without its prefix: "CARD"; "UNKNOWN" if there is no such value.
 * Lives as long as the descriptor. */
const char *message_enum_name(const ProtobufCEnumDescriptor *descriptor, int value);

/* True if `value` is listed and is not 0. */
bool message_enum_known(const ProtobufCEnumDescriptor *descriptor, int value);

/* Microseconds of a Timestamp; NULL gives 0. STATUS_INVALID outside years 0001-9999. */
enum status message_time(const Google__Protobuf__Timestamp *timestamp,
                         int64_t *time_us) CHECK_RESULT;

/* A Timestamp in `arena`; NULL if that is full. */
Google__Protobuf__Timestamp *message_timestamp(struct arena *arena, int64_t time_us);

#endif
