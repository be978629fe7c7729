/* Sandbox: everything that one running sandbox has. One thread; one request at a time. */

#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "effects.h"
#include "faults.h"
#include "idempotency.h"
#include "options.h"
#include "store.h"
#include "timers.h"
#include "webhook.h"

enum { SANDBOX_API_KEY_MAX = 256 /* bytes, NUL included */ };

struct sandbox {
    struct options options;
    struct store store;
    struct keys keys;
    struct effects effects;
    struct outbox outbox;
    struct faults faults;
    struct timers timers;
    char api_key[SANDBOX_API_KEY_MAX]; /* the only one let in; "": any test key */
    int64_t now_us;                    /* wall clock, read once for each round of the loop */
    uint64_t requests; /* number of the last request; starts at the start's time, so that the
                          numbers of two runs differ */
};

#endif
