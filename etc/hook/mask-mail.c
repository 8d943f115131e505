/*
 * A hook for netmonctl hook: what stands before the @ of a mail address
 * becomes asterisks, also where @ is written %40. A chunk is judged on its
 * own, so a word that ends it is masked too: its @ may come with the next.
 *
 *	cc -O2 -o mask-mail mask-mail.c
 */
#include <ctype.h>
#include <string.h>

#include "netmon_hook.h"

static int
is_word(int c)
{
	return isalnum(c) || c >= 0x80 ||
	    (c != '\0' && strchr(".!#$%'*+-^_`{|}~", c) != NULL);
}

/* Up to and with the last %40; 0: there is none. */
static size_t
escaped(const uint8_t *p, size_t n)
{
	for (; n >= 3; n--)
		if (memcmp(p + n - 3, "%40", 3) == 0)
			return n;
	return 0;
}

static enum netmon_verdict
mask(struct netmon_chunk *c, void *arg)
{
	enum netmon_verdict	 v = NETMON_KEEP;
	size_t			 word = 0, i, n;

	(void)arg;
	for (i = 0; i <= c->len; i++) {
		if (i < c->len && is_word(c->data[i]))
			continue;
		n = i - word;
		if (i < c->len && c->data[i] != '@')
			n = escaped(c->data + word, n);
		if (n > 0) {
			memset(c->data + word, '*', n);
			v = NETMON_CHANGE;
		}
		word = i + 1;
	}
	return v;
}

int
main(void)
{
	return netmon_hook_run(mask, NULL, NULL);
}
