/* Runs test-kit folders: kit_main DIRECTORY [--json]. Exits 0 only when all cases passed. */

#include <stdio.h>
#include <string.h>

#include "common/dmn/kit.h"

int main(int argc, char **argv)
{
    enum { REPORT_BYTES = 256 * 1024 * 1024 };
    struct error error = {.text = ""};
    struct dmn_kit_report report;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DIRECTORY [--json]\n", argv[0]);
        return 2;
    }
    struct arena *arena = arena_create(REPORT_BYTES);
    if (arena == NULL || dmn_kit_run(argv[1], arena, &report, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        arena_destroy(arena);
        return 2;
    }
    if (argc > 2 && strcmp(argv[2], "--json") == 0)
        dmn_kit_print_json(&report, stdout);
    else
        dmn_kit_print(&report, stdout);
    int code = report.failed == 0 ? 0 : 1;
    arena_destroy(arena);
    return code;
}
