/*
 * webhead: the head of a request to netmonweb(8), of HTTP/1 (RFC 9112). Pure.
 * Who asks is a browser or a scraper: what is unusual is refused.
 */
#ifndef UI_WEBHEAD_H
#define UI_WEBHEAD_H

#include <stdbool.h>
#include <stddef.h>

#define WEBHEAD_MAX	8192	/* bytes of a head */

struct webhead {
	bool		 head;		/* HEAD: no content is wanted */
	bool		 openmetrics;	/* and not the older form */
	const char	*target;	/* path and query, in place */
	size_t		 target_len;
	const char	*host;		/* without its port */
	size_t		 host_len;
	unsigned	 hosts;		/* fields of that name */
};

/* Bytes up to and with the empty line that ends a head, 0: not there yet. */
size_t		 webhead_end(const char *, size_t);
/* The whole head. 0, or the status of HTTP that answers it. */
int		 webhead_parse(const char *, size_t, struct webhead *);
/*
 * Whether a browser may have meant us: an address, "localhost", or one of n
 * names. The page of a stranger may have a name of its own that leads here
 * (DNS rebinding), and its script would read what we answer.
 */
bool		 webhead_ours(const struct webhead *, const char *const *names,
		    size_t n);

#endif
