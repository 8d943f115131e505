/*
 * webmsg: what the two processes of netmonweb(8) say to each other, one
 * message each: which page is asked for, and where it lies.
 */
#ifndef UI_WEBMSG_H
#define UI_WEBMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/weburl.h"

struct webmsg_request {
	uint32_t	 id;
	bool		 openmetrics;
	uint16_t	 len;
	char		 target[WEBURL_MAX];
};

struct webmsg_answer {
	uint32_t	 id;
	uint32_t	 status;	/* of HTTP */
	uint32_t	 type;		/* enum webmsg_type */
	uint64_t	 len;		/* of the page */
};

enum webmsg_type { WEBMSG_HTML, WEBMSG_JSON, WEBMSG_CSV, WEBMSG_METRICS,
	WEBMSG_OPENMETRICS, WEBMSG_TYPES };

/* -1 with errno; a page's descriptor goes along, -1 is none. */
int		 webmsg_send(int fd, const void *, size_t, int page);
/*
 * The bytes of a message of size bytes, 0 at the end, -1 with errno. *page
 * gets the descriptor that came along, or -1; the caller owns it.
 */
int		 webmsg_recv(int fd, void *, size_t size, int *page);

#endif
