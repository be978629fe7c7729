/* What the reader and the writer of JSON share. Not for use outside common/message*.c. */

#ifndef REDRESS_MESSAGE_INTERNAL_H
#define REDRESS_MESSAGE_INTERNAL_H

#include "message.h"

enum { MESSAGE_JSON_NAME_MAX = 128 /* bytes of a lowerCamelCase name at most, NUL included */ };

/* protobuf-c has no maps: a map field is a list of entry messages, named after the field. */
bool message_field_is_map(const ProtobufCMessageDescriptor *parent,
                          const ProtobufCFieldDescriptor *field);

/* The field's name in JSON: line_id is lineId. Returns `name`. */
char *message_json_name(const ProtobufCFieldDescriptor *field, char *name);

/* Bytes of one value of that type in a struct or a list. */
size_t message_value_size(ProtobufCType type);

/* The member itself, its has_/n_/case member, and whether a oneof member is the one that is set. */
void *message_member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
void *message_quantifier(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

#endif
