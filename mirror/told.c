#include <stdarg.h>
#include <stdio.h>

#include "mirror/told.h"
#include "sandbox/vis.h"

void
told_say(struct copy *c, const char *fmt, ...)
{
	char	 line[COPY_ERROR_MAX + 2 * CONF_NAME_MAX], name[128];
	char	 text[COPY_ERROR_MAX];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "mirror %s: %s",
	    vis_str(VIS_LOG, name, sizeof(name), c->conf.name), text);
	c->env->ops->say(c->env->ops->arg, line);
}

void
told_trouble(struct copy *c, struct log_trouble *t, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(c->error, sizeof(c->error), fmt, ap);
	va_end(ap);
	c->error_us = c->env->wall_us;
	if (c->conf.abort_on_error)
		c->abort = true;
	if (t != NULL && log_trouble(t, c->env->now_us))
		told_say(c, "%s", c->error);
}

void
told_disk(void *arg)
{
	struct copy	*c = arg;

	c->stats.errors++;
	tally_add(c->env->tally, TALLY_MIR_DISK_LOST, 1);
}

void
told_connection(struct copy *c, bool *counted)
{
	if (*counted)
		return;
	*counted = true;
	c->stats.dropped_connections++;
	tally_add(c->env->tally, TALLY_MIR_DROPPED, 1);
}

void
told_lost(struct copy *c, enum sink_lost why, uint64_t bytes,
    uint64_t requests)
{
	c->stats.lost[why] += bytes;
	c->stats.lost_requests[why] += requests;
	c->stats.dropped_bytes += bytes;
	tally_add(c->env->tally, TALLY_MIR_DROPPED_BYTES, bytes);
}
