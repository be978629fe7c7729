/* What a published roster and calendar say, from the messages of refunds.rules.v1. */

#ifndef REDRESS_ROSTER_READ_H
#define REDRESS_ROSTER_READ_H

#include "arena.h"
#include "calendar.h"
#include "dmn/feel_zone.h"
#include "redress/v1/rules.pb-c.h"
#include "roster.h"
#include "status.h"

/* Both check every bound in proto/redress/v1/rules.proto. Texts are copied into `arena`; zones are
 * read from the system into `zones`, which must live as long. STATUS_INVALID names the person or
 * field and the rule; STATUS_EXHAUSTED: the arena is full. */
enum status roster_read(const Redress__V1__Roster *message, struct arena *arena,
                        struct feel_zones *zones, struct roster *roster,
                        struct error *error) CHECK_RESULT;
enum status calendar_read(const Redress__V1__Calendar *message, struct arena *arena,
                          struct feel_zones *zones, struct calendar *calendar,
                          struct error *error) CHECK_RESULT;

#endif
