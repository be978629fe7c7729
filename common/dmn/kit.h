/* Runs test cases in the layout of the DMN Technology Compatibility Kit: folders with models
 * (*.dmn) and cases (*.xml) of testCases.xsd beside them, at any depth below a directory.
 *
 * Numbers agree when they differ by less than 0.00000001, as the kit's own runner has it; all else
 * must be equal. */

#ifndef REDRESS_DMN_KIT_H
#define REDRESS_DMN_KIT_H

#include <stdio.h>

#include "common/arena.h"
#include "common/status.h"

enum {
    DMN_KIT_DEPTH_MAX = 8,              /* directories within each other */
    DMN_KIT_FILE_MAX = 8 * 1024 * 1024, /* bytes of a case file */
    DMN_KIT_FILES_MAX = 64,             /* models, and case files, of one folder */
    DMN_KIT_STEPS_MAX = 10000000        /* of one evaluation */
};

struct dmn_kit_failure {
    struct dmn_kit_failure *next;
    const char *test; /* the case's id */
    const char *node;
    const char *expected;
    const char *actual; /* or the reason why there is no value */
};

struct dmn_kit_folder {
    struct dmn_kit_folder *next;
    const char *name; /* the path below the directory, or its last part */
    size_t passed;    /* cases */
    size_t failed;
    struct dmn_kit_failure *failures; /* nodes of failed cases, in order */
    struct dmn_kit_failure **failures_end;
};

struct dmn_kit_report {
    struct arena *arena;
    size_t passed;
    size_t failed;
    struct dmn_kit_folder *folders; /* sorted by name */
};

/* Runs everything below `directory`. The report lies in `arena`. NOT_FOUND: no such directory, or
 * no cases in it. */
enum status dmn_kit_run(const char *directory, struct arena *arena, struct dmn_kit_report *report,
                        struct error *error) CHECK_RESULT;

/* {"passed", "failed", "folders": [{"name", "passed", "failed", "failures": [{"case", "node",
 * "expected", "actual"}]}]} */
void dmn_kit_print_json(const struct dmn_kit_report *report, FILE *out);
/* One line per folder, and two per failure. */
void dmn_kit_print(const struct dmn_kit_report *report, FILE *out);

#endif
