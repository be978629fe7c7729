/* What the first byte of an input chooses: letters, so that corpora can be read and written by
 * hand. */

#ifndef REDRESS_TESTS_FUZZ_CHOICE_H
#define REDRESS_TESTS_FUZZ_CHOICE_H

#include <stddef.h>
#include <stdint.h>

/* 'a' is 0, 'b' is 1 and so on; any other byte one of them too. */
static inline int choice(uint8_t byte, int count)
{
    return (byte + 256 - 'a') % 256 % count;
}

#endif
