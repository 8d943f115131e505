#include <stdlib.h>
#include <string.h>

#include "mirror/rules.h"
#include "sandbox/compat.h"
#include "sandbox/target.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct conf_mirror	 conf;

static void
set_rules(void)
{
	struct conf_mirror_rule	*r = conf.rules;

	conf.nrules = 4;
	r[0].asks.nmethods = 2;
	compat_strlcpy(r[0].asks.methods[0], "GET", 16);
	compat_strlcpy(r[0].asks.methods[1], "POST", 16);
	r[1].ignore = true;
	compat_strlcpy(r[1].asks.path, "/admin*", CONF_GLOB_MAX);
	r[2].ignore = r[2].quick = true;
	compat_strlcpy(r[2].asks.host, "secret*", CONF_GLOB_MAX);
	r[3].ignore = true;
	r[3].nheaders = 1;
	compat_strlcpy(r[3].headers[0].name, "x-secret", CONF_NAME_MAX);
	compat_strlcpy(r[3].headers[0].value, "1*", CONF_GLOB_MAX);
}

/* A path that is sure has no dots, and is its own form. */
static void
check_path(const uint8_t *p, size_t n)
{
	static uint8_t	 first[TARGET_PATH_MAX], second[TARGET_PATH_MAX];
	struct target	 t, again;
	size_t		 i;

	if (!target_path(p, n, first, &t) || t.path_len == 0)
		return;
	for (i = 0; i < t.path_len; i++)
		if (t.path[i] == '%' || t.path[i] == '?' ||
		    t.path[i] == '#' || t.path[i] <= ' ' ||
		    t.path[i] == 0x7f)
			return;		/* it was written otherwise */
	if (!target_path(t.path, t.path_len, second, &again) ||
	    again.path_len != t.path_len ||
	    memcmp(again.path, t.path, t.path_len) != 0)
		abort();
	if (memmem(t.path, t.path_len, "/../", 4) != NULL ||
	    memmem(t.path, t.path_len, "//", 2) != NULL)
		abort();
}

/* n bytes of p with word at a place in them are not copied. */
static void
not_with(const uint8_t *p, size_t n, size_t at, const char *word)
{
	size_t	 len = strlen(word);
	uint8_t	*copy;

	if ((copy = malloc(n + len)) == NULL)
		return;
	memcpy(copy, p, at);
	memcpy(copy + at, word, len);
	memcpy(copy + at + len, p + at, n - at);
	if (rules_judge(&conf, false, copy, n + len) == RULES_COPY)
		abort();
	free(copy);
}

/*
 * A head: what is copied does not begin with a word that the rules leave out,
 * and is not with one in its path, however that is written, nor in any of its
 * header lines.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	enum rules_verdict	 v;
	size_t			 at;

	if (conf.nrules == 0)
		set_rules();
	check_path(p, n);
	v = rules_judge(&conf, false, p, n);
	if (v == RULES_COPY && n > 11 &&
	    (memcmp(p, "GET /admin", 10) == 0 || memcmp(p, "PUT ", 4) == 0))
		abort();
	if (v != RULES_COPY || memcmp(p, "GET /", 5) != 0)
		return 0;
	not_with(p, n, 4, "/%61dmin");
	for (at = 1; at < n; at++)
		if (p[at - 1] == '\n') {
			not_with(p, n, at, "X-Secret: 1\r\n");
			not_with(p, n, at, "x-sECRET:\t12 \n");
		}
	return 0;
}
