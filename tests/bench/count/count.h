/* What count.py counts the instructions of: each case does the same work each time, and only what
 * runs inside the functions that count.py names is counted. */

#ifndef REDRESS_TESTS_COUNT_H
#define REDRESS_TESTS_COUNT_H

#include <stdint.h>

/* Each returns how many events it did. */
int64_t count_intake(void);
int64_t count_routing(void);
int64_t count_settlement(void);
int64_t count_unpack(void); /* and packs them */
int64_t count_ring(void);

#endif
