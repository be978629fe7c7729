/* What a fuzzer feeds: the entry that libFuzzer and AFL++ know. A target never fails on any bytes;
 * what it finds shows as a crash, a sanitizer's report, an abort of its own checks or a run without
 * end. `mutate.c` is the driver where no fuzzer is installed. */

#ifndef REDRESS_TESTS_FUZZ_H
#define REDRESS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
