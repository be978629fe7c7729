/* Command: the subcommands of redressctl, one per file named like it.
 *
 * A new one is a row here and a file with `int command_<name>(int argc, char **argv)`; argv[0] is
 * the subcommand's name. It returns the exit code of the program. */

#ifndef REDRESSCTL_COMMAND_H
#define REDRESSCTL_COMMAND_H

#include "options.h"
#include "session.h"
#include "status.h"

#include <jansson.h>

/* X(function suffix, name on the command line, one line of help) */
#define COMMAND_ROWS(X)                                                                  \
    X(topics, "topics", "create the topics, or list them")                               \
    X(migrate, "migrate", "bring the workers' databases up to date")                     \
    X(publish, "publish", "publish events from JSON lines")                              \
    X(events, "events", "print the events of a topic as JSON lines")                     \
    X(import, "import", "import a shop's history from a file")                           \
    X(generate, "generate", "publish the orders and requests of a made shop")            \
    X(request, "request", "ask for a refund, or follow up on having asked")              \
    X(cases, "cases", "list the cases that people decide")                               \
    X(decide, "decide", "approve or decline cases")                                      \
    X(case, "case", "show one case: facts, why, precedents, decisions")                  \
    X(take, "take", "work on a case")                                                    \
    X(give_back, "give-back", "work on a case no more")                                  \
    X(comment, "comment", "write a note on a case")                                      \
    X(lift, "lift", "let automatic approvals go on")                                     \
    X(people, "people", "list who may decide what, and change it")                       \
    X(delegate, "delegate", "let somebody use another's authority for a time")           \
    X(refund, "refund", "tell the life of one refund")                                   \
    X(payouts, "payouts", "list payouts, and what they wait for")                        \
    X(payment, "payment", "show the cap of a payment and what made it")                  \
    X(ledger, "ledger", "show the ledger, or verify that nothing in it was changed")     \
    X(stop, "stop", "stop payouts")                                                      \
    X(resume, "resume", "let stopped payouts go on")                                     \
    X(status, "status", "show what each worker does and what waits")                     \
    X(report, "report", "count orders, requests, outcomes and money")                    \
    X(dead_letters, "dead-letters", "list, show or redrive what could not be processed") \
    X(erase, "erase", "erase a customer's free text and token")                          \
    X(policy, "policy", "check, try, replay, publish and list policy models")            \
    X(rules, "rules", "publish signed rule sets, and list what was judged")              \
    X(keys, "keys", "make keys to sign with")                                            \
    X(dmn, "dmn", "run decision test cases")

#define X(function, name, help) int command_##function(int argc, char **argv);
COMMAND_ROWS(X)
#undef X

/* Exit codes of the program. */
enum { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

/* What was given to a subcommand: its words that are no options, and its surroundings. */
struct command_line {
    struct session session;
    char **arguments; /* in argv */
    int count;
    int code;
};

/* Reads the options into their targets, and the environment. False: done (--help) or wrong (said on
 * stderr), with the exit code in `line->code`. */
bool command_read(const struct usage *usage, const struct option_row *rows, size_t row_count,
                  int argc, char **argv, struct command_line *line) CHECK_RESULT;

/* Prints a document to stdout, indented. */
void command_print(const json_t *json);

/* Prints "redressctl <name>: <message>" to stderr and returns COMMAND_FAILED; with STATUS_OK prints
 * nothing and returns COMMAND_OK. */
int command_end(const char *name, enum status status, const struct error *error);

#endif
