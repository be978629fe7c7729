/* Server: the sandbox on HTTP, in one thread: libmicrohttpd's epoll, timers and signals in one
 * loop. Held answers wait suspended, without a thread. */

#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "sandbox.h"

enum { SERVER_BODY_MAX = 16 * 1024 /* bytes of a request's body */ };

/* Listens, writes the port file and serves until SIGTERM or SIGINT. STATUS_FATAL if it cannot
 * listen, or if the log cannot be written any more. */
enum status server_run(struct sandbox *sandbox, struct error *error) CHECK_RESULT;

#endif
