/* Cases in the layout of the official test kit: ours, and the kit itself where it is there
 * (REDRESS_DMN_KIT names its directory). Run from the root of the repository. */

#include <unistd.h>

#include "common/dmn/kit.h"
#include "dmn_support.h"

static void run(const char *directory)
{
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

Test(dmn_kit, our_cases_pass)
{
    run("tests/dmn/kit");
}

Test(dmn_kit, official_cases_pass)
{
    const char *directory = getenv("REDRESS_DMN_KIT");
    run(directory == NULL ? "../shared/dmn-tck" : directory);
}

Test(dmn_kit, tells_what_failed)
{
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    char directory[] = "/tmp/dmn-kit-XXXXXX", path[128], *text = NULL;
    size_t size = 0;
    struct dmn_kit_report report;
    struct error error;
    cr_assert_not_null(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/m.dmn", directory);
    FILE *model = fopen(path, "w");
    (void)fputs(DMN_MODEL("<decision name='d' id='d'>" DMN_LITERAL("1 + 1") "</decision>"), model);
    (void)fclose(model);
    (void)snprintf(path, sizeof path, "%s/m-test.xml", directory);
    FILE *cases = fopen(path, "w");
    (void)fputs("<testCases xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
                "xmlns:xsd='http://www.w3.org/2001/XMLSchema'><modelName>m.dmn</modelName>"
                "<testCase id='good'><resultNode name='d'><expected><value xsi:type='xsd:decimal'>2"
                "</value></expected></resultNode></testCase><testCase id='bad'><resultNode "
                "name='d'><expected><value xsi:type='xsd:string'>two</value></expected>"
                "</resultNode></testCase><!-- <testCase id='dead'/> --></testCases>",
                cases);
    (void)fclose(cases);
    cr_assert_eq(dmn_kit_run(directory, arena, &report, &error), STATUS_OK);
    FILE *out = open_memstream(&text, &size);
    dmn_kit_print_json(&report, out);
    (void)fclose(out);
    cr_expect_not_null(strstr(text, "{\"passed\": 1, \"failed\": 1, \"folders\": ["), "%s", text);
    cr_expect_not_null(strstr(text, "{\"case\": \"bad\", \"node\": \"d\", \"expected\": \"two\", "
                                    "\"actual\": \"2\"}"),
                       "%s", text);
    free(text);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/m.dmn", directory);
    (void)unlink(path);
    (void)rmdir(directory);
    arena_destroy(arena);
}
