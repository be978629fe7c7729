/* Skim: whether a protobuf message has a field, without unpacking it. */

#ifndef SETTLEMENT_SKIM_H
#define SETTLEMENT_SKIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if `bytes` are whole fields at the top level and none of them is `field`. Fields inside are
 * not looked at: what is to be read must be unpacked, which checks everything. */
bool skim_lacks_field(const void *bytes, size_t size, uint32_t field);

#endif
