/*
 * compat: what glibc lacks and every module wants.
 *
 * strtonum follows OpenBSD's strtonum(3): on error it returns 0 and points
 * *errstr at a constant text ("invalid", "too small", "too large").
 */
#ifndef SANDBOX_COMPAT_H
#define SANDBOX_COMPAT_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(off_t) == 8, "a record may pass 2G");

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

#define PRINTFLIKE(f, a)	__attribute__((__format__(printf, f, a)))
#define NORETURN		__attribute__((__noreturn__))

#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, next)			\
	for ((var) = TAILQ_FIRST(head);					\
	    (var) != NULL && ((next) = TAILQ_NEXT(var, field), 1);	\
	    (var) = (next))
#endif

/*
 * Asks for memory that will soon be read. The empty asm is what has an effect
 * in the eyes of GCC: it takes a function that does nothing but
 * __builtin_prefetch for one without any and drops the calls of it.
 */
static inline void
compat_prefetch(const void *p)
{
	__asm__ volatile("");
	__builtin_prefetch(p);
}

/* The whole of an object of n bytes, in lines of 64 wherever it begins. */
static inline void
compat_prefetch_all(const void *p, size_t n)
{
	const uintptr_t	 end = (uintptr_t)p + n;
	uintptr_t	 line;

	for (line = (uintptr_t)p & ~(uintptr_t)63; line < end; line += 64)
		compat_prefetch((const void *)line);
}

long long	 compat_strtonum(const char *, long long, long long,
		    const char **);
/* Copies src into dst of size bytes, always terminated; the length of src. */
size_t		 compat_strlcpy(char *, const char *, size_t);
/* The value of a hexadecimal digit, -1 when it is none. */
static inline int
compat_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
