/* redressctl policy: what one does with policy models. An action is a row here and a file
 * policy_<name>.c with `int policy_<name>(int argc, char **argv)`; argv[0] is "policy <name>". */

#ifndef REDRESSCTL_POLICY_H
#define REDRESSCTL_POLICY_H

#include "dmn/dmn.h"
#include "status.h"

/* X(name, arguments, one line of help) */
#define POLICY_ACTION_ROWS(X)                                                          \
    X(facts, "", "print the facts that a policy may use")                              \
    X(check, "FILE...", "look for errors and doubtful rules in a model")               \
    X(eval, "FILE...", "judge one request and say why")                                \
    X(replay, "FILE...", "judge all recorded requests anew and say what would change") \
    X(publish, "FILE...", "publish a model, signed, and wait for the verdict")         \
    X(list, "", "list the models that were accepted")

#define X(name, arguments, help) int policy_##name(int argc, char **argv);
POLICY_ACTION_ROWS(X)
#undef X

enum { POLICY_FILES_MAX = 64 };

/* Loads the files of one model, which may import each other. Problems of the model are left for the
 * caller to look at. The caller calls dmn_free. */
enum status policy_load(char **files, int count, struct dmn_models **models,
                        struct error *error) CHECK_RESULT;

bool policy_has_decision(const struct dmn_models *models, const char *name);

/* The same, refused if the model has errors or no decision `Assessment`. */
enum status policy_load_valid(char **files, int count, struct dmn_models **models,
                              struct error *error) CHECK_RESULT;

#endif
