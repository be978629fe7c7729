/* Fields: the checks that all decoders share. Each decoder_* returns STATUS_OK, or
 * STATUS_UNPROCESSABLE after filling the fault; `path` is printed only then. */

#ifndef REDRESS_INTAKE_FIELDS_H
#define REDRESS_INTAKE_FIELDS_H

#include "intake_codec.h"

/* Where a field stands: "list[index].name", or "name" without a list. */
struct field {
    const char *list;
    size_t index;
    const char *name;
};

#define FIELD(name_) ((struct field){.name = (name_)})
#define FIELD_OF(list_, index_, name_) ((struct field){(list_), (index_), (name_)})

enum status decoder_fault(struct decoder *decoder, Redress__V1__DeadLetterReason reason,
                          struct field field, const char *value, const char *rule);
enum status decoder_missing(struct decoder *decoder, struct field field, const char *rule);
enum status decoder_invalid(struct decoder *decoder, struct field field, const char *value,
                            const char *rule);

/* 1 to 128 bytes without control characters. */
enum status decoder_id(struct decoder *decoder, struct field field, const char *text) CHECK_RESULT;
/* 0 to `most` bytes without control characters. */
enum status decoder_word(struct decoder *decoder, struct field field, const char *text,
                         size_t most) CHECK_RESULT;
/* 0 to `most` bytes of anything. */
enum status decoder_text(struct decoder *decoder, struct field field, const char *text,
                         size_t most) CHECK_RESULT;
enum status decoder_range(struct decoder *decoder, struct field field, int64_t value, int64_t least,
                          int64_t most) CHECK_RESULT;
enum status decoder_size(struct decoder *decoder, struct field field, size_t count, size_t least,
                         size_t most) CHECK_RESULT;
/* Unspecified is refused where the value is needed; unknown values always are. */
enum status decoder_enum(struct decoder *decoder, struct field field,
                         const ProtobufCEnumDescriptor *descriptor, int value,
                         bool needed) CHECK_RESULT;
/* After 1970-01-01T00:00:00Z, as 0 means never. */
enum status decoder_time(struct decoder *decoder, struct field field,
                         const Google__Protobuf__Timestamp *time, int64_t *time_us) CHECK_RESULT;
enum status decoder_currency(struct decoder *decoder, struct field field,
                             const char *currency) CHECK_RESULT;
/* More than 0, in a known currency. The field stands in no list. */
enum status decoder_amount(struct decoder *decoder, struct field field,
                           const Redress__V1__Money *amount, int64_t *minor,
                           char currency[4]) CHECK_RESULT;

#endif
