/*
 * direct: socket calls that a filter can judge.
 *
 * On some machines glibc sends all of them through socketcall(2), with their
 * arguments behind a pointer that no filter follows: whoever may send at all
 * may send on any socket. Kernels since 4.3 have calls of their own there. The
 * functions in direct.c take the place of libc's, in libraries too, and the
 * jail refuses socketcall(2).
 */
#ifndef SANDBOX_DIRECT_H
#define SANDBOX_DIRECT_H

#include <features.h>

#if defined(__GLIBC__) && (defined(__i386__) || defined(__s390x__))
#define DIRECT_SOCKETS
#endif

#endif
