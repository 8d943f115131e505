/* cmocka.h wants these before itself. */
#ifndef TESTS_LIB_CMOCKA_FIRST_H
#define TESTS_LIB_CMOCKA_FIRST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
