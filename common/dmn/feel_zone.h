/* Time zones by name, read from the system's TZif files (RFC 8536).
 *
 * A set of zones remembers what it has read. One set belongs to the loaded models and is not
 * changed after loading; every evaluation has its own on top of it. */

#ifndef REDRESS_DMN_FEEL_ZONE_H
#define REDRESS_DMN_FEEL_ZONE_H

#include "feel_value.h"

enum {
    FEEL_ZONE_NAME_MAX = 64,        /* characters */
    FEEL_ZONE_FILE_MAX = 64 * 1024, /* bytes of one file */
    FEEL_ZONE_COUNT_MAX = 256       /* zones that one set reads */
};

#define FEEL_ZONE_DIRECTORY "/usr/share/zoneinfo"

struct feel_zones {
    struct arena *arena;
    const struct feel_zones *parent; /* looked into first; may be NULL */
    struct feel_zone *first;
    size_t count;
};

/* The zone, read on its first use; NULL when there is none of that name. It lives as long as the
 * arena of the set that holds it. */
const struct feel_zone *feel_zone_find(struct feel_zones *zones, struct feel_text name);

struct feel_text feel_zone_name(const struct feel_zone *zone);

/* Seconds east of UTC at that moment: by UTC seconds since 1970, and by local seconds. In the
 * hour that does not exist or exists twice the offset before the change counts. */
int32_t feel_zone_offset_at(const struct feel_zone *zone, int64_t utc_s);
int32_t feel_zone_offset_local(const struct feel_zone *zone, int64_t local_s);

#endif
