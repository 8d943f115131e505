/*
 * weburl: what a request of netmonweb(8) asks for, as the words that a user of
 * netmonctl(8) would write. Pure.
 *
 *   /			show summary
 *   /hosts?window=1m&top=20	show hosts window 1m top 20
 *   /host/example.org	show host example.org
 *   /json/hosts	the same as JSON; /csv/hosts as CSV
 *   /metrics		show metrics
 */
#ifndef UI_WEBURL_H
#define UI_WEBURL_H

#include <stdbool.h>
#include <stddef.h>

#define WEBURL_MAX	2048	/* bytes of a target */
#define WEBURL_WORDS	32

enum weburl_form { WEBURL_HTML, WEBURL_JSON, WEBURL_CSV, WEBURL_METRICS };

struct weburl_page {
	const char	*name;		/* also the first segment of its path */
	const char	*title;		/* in the list of pages, or NULL */
	bool		 window;	/* takes window= */
	bool		 at;		/* takes at= */
	const char	*words[2];	/* of netmonctl */
	bool		 one;		/* which one may stand behind it */
};

struct weburl {
	const struct weburl_page *page;
	enum weburl_form form;
	bool		 past;		/* at=, since=, until=: it stays */
	char		*at;		/* what they say, NULL without */
	char		*with;
	char		*window;
	int		 first;		/* the others, in pairs, from here on */
	int		 npairs;
	int		 argc;
	char		*argv[WEBURL_WORDS + 1];
	char		 text[WEBURL_MAX + 2 * WEBURL_WORDS];
	size_t		 used;
};

/* Ends with one whose name is NULL. */
extern const struct weburl_page	 weburl_pages[];

/*
 * 0, or a status of HTTP (RFC 9110, section 15.5) with a line for the user in
 * why. The words lie in the struct.
 */
int		 weburl_parse(const char *, size_t, struct weburl *, char *why,
		    size_t size);

#endif
