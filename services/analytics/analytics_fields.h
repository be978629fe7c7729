/* Fields: the checks that the decoders share. Each returns STATUS_OK, or STATUS_UNPROCESSABLE after
 * filling the fault; paths are printed only then. */

#ifndef REDRESS_ANALYTICS_FIELDS_H
#define REDRESS_ANALYTICS_FIELDS_H

#include "analytics_codec.h"

enum { ANALYTICS_ID_MAX = 128 /* bytes of an identifier */ };

/* Where a field stands: "list[index].name", or "name" without a list. */
struct analytics_field {
    const char *list;
    size_t index;
    const char *name;
};

#define AT(name_) ((struct analytics_field){.name = (name_)})
#define AT_ITEM(list_, index_, name_) ((struct analytics_field){(list_), (index_), (name_)})

enum status analytics_refuse(struct analytics_decoder *decoder,
                             Redress__V1__DeadLetterReason reason, struct analytics_field field,
                             const char *value, const char *rule);
/* 1 to ANALYTICS_ID_MAX bytes without control characters. */
enum status analytics_check_id(struct analytics_decoder *decoder, struct analytics_field field,
                               const char *text) CHECK_RESULT;
enum status analytics_check_range(struct analytics_decoder *decoder, struct analytics_field field,
                                  int64_t value, int64_t least, int64_t most) CHECK_RESULT;
/* A listed value that is not 0. */
enum status analytics_check_enum(struct analytics_decoder *decoder, struct analytics_field field,
                                 const ProtobufCEnumDescriptor *descriptor, int value) CHECK_RESULT;
enum status analytics_check_currency(struct analytics_decoder *decoder,
                                     struct analytics_field field,
                                     const char *currency) CHECK_RESULT;
/* An amount of at least `least` in a known currency. */
enum status analytics_check_amount(struct analytics_decoder *decoder, struct analytics_field field,
                                   const Redress__V1__Money *amount, int64_t least) CHECK_RESULT;
/* Days since 1970-01-01 of a time that must be given. */
enum status analytics_check_day(struct analytics_decoder *decoder, struct analytics_field field,
                                const Google__Protobuf__Timestamp *time, int32_t *day) CHECK_RESULT;

#endif
