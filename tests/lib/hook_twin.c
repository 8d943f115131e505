/*
 * hook_twin: a hook (netmon_hook.h) that does what the data asks for, and
 * says what it was given. hook_twin.py is its twin: both answer and say the
 * same.
 */
#include <inttypes.h>

#include "netmon_hook.h"

static uint8_t	 own[NETMON_ANSWER_MAX + 1];

static void
say(const struct netmon_chunk *c, const char *what)
{
	printf("%s %s %s %s %" PRIu64 " %" PRIu64 " %d %d%d%d %lu\n", what,
	    c->side, c->sender, c->receiver, c->seen_ns, c->seq, c->direction,
	    c->gap, c->truncated, c->last, (unsigned long)c->len);
	fflush(stdout);
}

static void
ended(const struct netmon_chunk *c, void *arg)
{
	++*(int *)arg;
	say(c, "ended");
}

static int
has(const struct netmon_chunk *c, const char *word)
{
	size_t	 i, n = strlen(word);

	for (i = 0; i + n <= c->len; i++)
		if (memcmp(c->data + i, word, n) == 0)
			return 1;
	return 0;
}

/* As long as it can be, and one byte longer. */
static void
grow(struct netmon_chunk *c, size_t len)
{
	memcpy(own, c->data, c->len);
	memset(own + c->len, 'x', len - c->len);
	c->data = own;
	c->len = len;
}

static enum netmon_verdict
judge(struct netmon_chunk *c, void *arg)
{
	size_t	 i;

	(void)arg;
	say(c, "chunk");
	if (has(c, "DROP"))
		return NETMON_DROP;
	if (has(c, "FAIL"))
		return NETMON_ERROR;
	if (has(c, "EMPTY"))
		c->len = 0;
	else if (has(c, "LONGER"))
		grow(c, NETMON_ANSWER_MAX + 1);
	else if (has(c, "LONG"))
		grow(c, NETMON_ANSWER_MAX);
	else if (has(c, "PLACE")) {
		memset(c->data + c->len, 'y', NETMON_ANSWER_MAX - c->len);
		c->len = NETMON_ANSWER_MAX;
	} else if (has(c, "SKIP")) {
		c->data++;
		c->len--;
	} else if (has(c, "plain")) {
		for (i = 0; i + 5 <= c->len; i++)
			if (memcmp(c->data + i, "plain", 5) == 0)
				memcpy(c->data + i, "TWINS", 5);
	} else
		return NETMON_KEEP;
	return NETMON_CHANGE;
}

int
main(void)
{
	int	 n = 0, status;

	status = netmon_hook_run(judge, ended, &n);
	printf("%d ended, status %d\n", n, status);
	return status;
}
