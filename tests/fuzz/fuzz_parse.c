#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/parse.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
said(const char *line, void *arg)
{
	(*(size_t *)arg)++;
	if (strchr(line, '\n') != NULL)
		abort();
}

/* Its canonical text, to be freed; NULL without memory. */
static char *
print(const struct conf *c, size_t *len)
{
	char	*text = NULL;
	FILE	*f;

	if ((f = open_memstream(&text, len)) == NULL)
		return NULL;
	conf_print(c, f, false);
	fclose(f);
	return text;
}

/* What parses prints to a text that parses and prints to the same text. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct conf	*c, *d;
	char		*one, *two;
	size_t		 errors = 0, len1, len2;

	c = parse_text("fuzz", (const char *)p, n, NULL, 0, said, &errors);
	if ((c == NULL) != (errors > 0))
		abort();
	if (c == NULL)
		return 0;
	one = print(c, &len1);
	conf_free(c);
	if (one == NULL)
		return 0;
	d = parse_text("fuzz", one, len1, NULL, 0, said, &errors);
	if (d == NULL)
		abort();
	two = print(d, &len2);
	conf_free(d);
	if (two == NULL || len1 != len2 || memcmp(one, two, len1) != 0)
		abort();
	free(one);
	free(two);
	return 0;
}
