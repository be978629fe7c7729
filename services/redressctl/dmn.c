/* redressctl dmn test: runs decision test cases in the layout of the DMN technology compatibility
 * kit. */

#include "command.h"
#include "dmn/kit.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

enum { REPORT_BYTES = 256 * 1024 * 1024 /* of results, over all folders */ };

static int run(const char *command, const char *directory, bool json)
{
    struct error error = {0};
    struct dmn_kit_report report;
    struct arena *arena = arena_create(REPORT_BYTES);
    if (arena == NULL)
        return command_end(command, error_set(&error, STATUS_RETRY, "no memory"), &error);
    enum status status = dmn_kit_run(directory, arena, &report, &error);
    if (status == STATUS_OK && json)
        dmn_kit_print_json(&report, stdout);
    else if (status == STATUS_OK)
        dmn_kit_print(&report, stdout);
    int code = command_end(command, status, &error);
    if (code == COMMAND_OK && report.failed > 0)
        code = COMMAND_FAILED;
    arena_destroy(arena);
    return code;
}

int command_dmn(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "test DIRECTORY",
        .text =
            "Runs every case below a directory in the layout of the DMN technology\n"
            "compatibility kit: folders with models (*.dmn) and cases (*.xml). Exit code 0 only\n"
            "if all passed.",
        .least = 2,
        .most = 2,
    };
    bool json = false;
    const struct option_row rows[] = {
        {"json", OPTION_FLAG, NULL, "print JSON: passed, failed, folders and failures", &json, 0,
         0},
    };
    char **arguments;
    int count, code;
    if (!options_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &arguments, &count,
                      &code))
        return code;
    if (strcmp(arguments[0], "test") != 0)
        return options_refuse(argv[0], "there is no dmn %s", arguments[0]);
    return run(argv[0], arguments[1], json);
}
