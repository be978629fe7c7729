/* The official test kit, where it is there: REDRESS_DMN_KIT names its directory. */

#include "common/dmn/kit.h"
#include "dmn_support.h"

Test(dmn_kit, every_case_passes, .timeout = 120)
{
    const char *directory = getenv("REDRESS_DMN_KIT");
    if (directory == NULL)
        directory = "../shared/dmn-tck";
    struct arena *arena = arena_create(256 * 1024 * 1024);
    struct dmn_kit_report report;
    struct error error;
    enum status status = dmn_kit_run(directory, arena, &report, &error);
    if (status == STATUS_NOT_FOUND) {
        arena_destroy(arena);
        cr_skip("no test kit at %s", directory);
    }
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    cr_expect_eq(report.failed, 0, "%zu of %zu cases fail", report.failed,
                 report.failed + report.passed);
    for (const struct dmn_kit_folder *folder = report.folders; folder != NULL;
         folder = folder->next)
        cr_expect_eq(folder->failed, 0, "%s: %s", folder->name,
                     folder->failures == NULL ? "" : folder->failures->test);
    arena_destroy(arena);
}
