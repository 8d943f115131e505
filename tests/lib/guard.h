/*
 * guard: bytes that end at an unmapped page, so that reading one byte too
 * many is a fault and not luck.
 */
#ifndef TESTS_LIB_GUARD_H
#define TESTS_LIB_GUARD_H

#include <stddef.h>
#include <stdint.h>

/*
 * A copy of n bytes whose end touches an unmapped page. The last 64 copies
 * stay valid; older ones are unmapped.
 */
const uint8_t	*guard_copy(const void *, size_t n);

#endif
