/* What a stranger asks netmonweb for, up to the words of a command. */
#include <stdlib.h>
#include <string.h>

#include "ui/command.h"
#include "ui/webhead.h"
#include "ui/weburl.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_words(const struct weburl *u)
{
	int	 i;

	if (u->page == NULL || u->argc < 1 || u->argc > WEBURL_WORDS ||
	    u->argv[u->argc] != NULL)
		abort();
	for (i = 0; i < u->argc; i++)
		if (strlen(u->argv[i]) > WEBURL_MAX)
			abort();
}

/* No file may be named, and nothing be changed. */
static void
check_command(const struct command *c)
{
	if (c->file != NULL)
		abort();
	switch (c->action) {
	case ACT_SHOW:
	case ACT_METRICS:
	case ACT_WHY:
	case ACT_REPORT:
	case ACT_HISTORY:
	case ACT_COMPARE:
		break;
	default:
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const name = "fw1";
	struct weburl	 u;
	struct webhead	 h;
	struct command	 c;
	struct out	 o;
	char		 why[256];
	size_t		 end;

	if ((end = webhead_end((const char *)p, n)) == 0 ||
	    webhead_parse((const char *)p, end, &h) != 0)
		return 0;
	(void)webhead_ours(&h, &name, 1);
	if (weburl_parse(h.target, h.target_len, &u, why, sizeof(why)) != 0)
		return 0;
	check_words(&u);
	out_init(&o);
	if (command_parse(u.argc, u.argv, &c, &o) == 0)
		check_command(&c);
	out_clear(&o);
	return 0;
}
