/*
 * oracle: what Debian's http_parser makes of a message. Apart from the tests,
 * because its names clash with ours.
 */
#ifndef TESTS_LIB_ORACLE_H
#define TESTS_LIB_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What http_parser made of a message. */
struct oracle {
	bool		 done;		/* its head is whole */
	bool		 refused;	/* nowhere did it wait for more */
	const char	*method;	/* of a request */
	unsigned	 major;
	unsigned	 minor;
	unsigned	 status;
	bool		 chunked;
	bool		 has_length;
	uint64_t	 length;	/* if has_length */
	unsigned	 fields;
	char		 target[256];
	size_t		 target_len;
	unsigned	 hosts;
	char		 host[256];
	size_t		 host_len;
	bool		 ended;		/* with its body: end and body hold */
	size_t		 end;
	uint64_t	 body;
	/* private */
	bool		 whole;
	bool		 is_host;
	bool		 was_value;
	char		 name[64];
	size_t		 name_len;
};

/* The head only. */
void	 oracle_ask(const char *, size_t len, bool request, struct oracle *);
/* The message up to its end. */
void	 oracle_message(const char *, size_t len, bool request,
	    struct oracle *);

#endif
