/* For the tests of policies: models, requests made by hand, and assessments in words. */

#ifndef REDRESS_TESTS_POLICY_WORLD_H
#define REDRESS_TESTS_POLICY_WORLD_H

#include "common/assessment/assessment.h"
#include "common/assessment/facts.h"

#define WORLD_FIRST_RULES "deploy/policies/first-rules.dmn"
#define WORLD_SHOP "deploy/policies/shop.dmn"

enum { WORLD_LINES_MAX = 1000 };

struct policy_world {
    struct arena *arena, *scratch;
    struct dmn_models *models;
};

/* A world around the model in a file of this tree, or around one whose decision Assessment is this
 * expression. The caller calls sample_close. */
void sample_open(struct policy_world *world, const char *path);
void sample_open_text(struct policy_world *world, const char *expression);
void sample_close(struct policy_world *world);

/* A request of that reason, asked for at WORLD_ASKED_US, of an order placed 40 days before, in EUR
 * (GB, WEB), delivered at `delivered_us` (WORLD_NEVER: not yet). It claims 0 so far. */
#define WORLD_ASKED_US INT64_C(1781784000000000) /* 2026-06-18T12:00:00Z */
#define WORLD_NEVER INT64_MIN
Redress__V1__RefundValidated *sample_request(struct policy_world *world,
                                             Redress__V1__ReasonCode reason, int64_t delivered_us);

/* Adds a line of one unit, and what it claims. */
Redress__V1__LineFacts *sample_line(struct policy_world *world,
                                    Redress__V1__RefundValidated *request, const char *line_id,
                                    const char *category, int64_t minor, int64_t delivered_us);
void sample_tag(struct policy_world *world, Redress__V1__LineFacts *line, const char *tag);
void sample_evidence(struct policy_world *world, Redress__V1__RefundValidated *request,
                     const char *media_type);

/* The facts of a request; fails the test if they cannot be built. */
struct facts sample_facts(struct policy_world *world, const Redress__V1__RefundValidated *request);
struct assessment sample_judge(struct policy_world *world,
                               const Redress__V1__RefundValidated *request);

/* "EXCEPTION RETURN_WINDOW [Return window/w2 0]", or the error. */
const char *sample_words(struct policy_world *world, const Redress__V1__RefundValidated *request);

/* A whole file of this tree, NUL-terminated, in the arena. */
const char *sample_file(struct arena *arena, const char *path, size_t *size);

/* Compares with a file of this tree, or writes it where REDRESS_GOLDENS=write. */
void sample_golden(struct arena *arena, const char *path, const char *text);

#endif
