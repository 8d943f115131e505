/*
 * A program that counts what runs often writes its counters when it ends,
 * which a jail would not let it: those that train have none. They read
 * what gen_pcap made, and are removed when they have.
 */
#include <stddef.h>
#include <stdio.h>

struct jail;

int	 __wrap_jail_enter(struct jail *, char *, size_t);

int
__wrap_jail_enter(struct jail *j, char *why, size_t size)
{
	(void)j;
	(void)why;
	(void)size;
	fprintf(stderr, "netmond: built to count what runs often, without a "
	    "jail: not for use\n");
	return 0;
}
