/*
 * oracle: what Debian's http_parser makes of a head. Apart from the tests,
 * because its names clash with ours.
 */
#ifndef TESTS_LIB_ORACLE_H
#define TESTS_LIB_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What http_parser made of a head. */
struct oracle {
	bool		 done;
	unsigned	 method;
	unsigned	 major;
	unsigned	 minor;
	unsigned	 status;
	bool		 chunked;
	uint64_t	 length;
	bool		 in_host;
	bool		 is_host;
	unsigned	 hosts;
	char		 host[256];
	size_t		 host_len;
	char		 name[64];
	size_t		 name_len;
	bool		 was_value;
};

void	 oracle_ask(const char *, size_t len, bool request, struct oracle *);

#endif
