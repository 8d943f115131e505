#include <stdlib.h>
#include <string.h>

#include "mirror/copy.h"
#include "mirror/hole.h"
#include "mirror/leg_record.h"
#include "mirror/told.h"

/* ---- forward ---- */

static void
on_lost(void *arg, enum sink_lost why, uint64_t bytes, uint64_t requests,
    bool first)
{
	struct copy	*c = arg;

	told_lost(c, why, bytes, requests);
	if (first) {
		c->stats.dropped_connections++;
		tally_add(c->env->tally, TALLY_MIR_DROPPED, 1);
	}
}

static void
on_own(void *arg, const struct endpoint *source,
    const struct endpoint *target, bool gone)
{
	struct copy	*c = arg;

	c->env->ops->own(c->env->ops->arg, source, target, gone);
}

static void
on_tcp_error(void *arg, enum sink_lost why, int error)
{
	struct copy	*c = arg;
	char		 target[ENDPOINT_TEXT_MAX];

	tally_add(c->env->tally, TALLY_MIR_ERRORS, 1);
	told_trouble(c, &c->forward_trouble, "%s %s: %s, statistics unaffected",
	    sink_lost_name(why),
	    endpoint_print(&c->conf.target, target, sizeof(target)),
	    error == 0 ? "closed by the target" : strerror(error));
}

static void
on_back(void *arg)
{
	struct copy	*c = arg;
	char		 target[ENDPOINT_TEXT_MAX];

	if (!log_trouble_over(&c->forward_trouble, c->env->now_us))
		return;
	told_say(c, "%s is there again",
	    endpoint_print(&c->conf.target, target, sizeof(target)));
}

static int
tcp_open(struct copy *c)
{
	struct sink_tcp_conf	 t = { .base = c->env->base,
	    .target = c->conf.target, .has_source = c->conf.has_source,
	    .source = c->conf.source, .timeout_us = c->conf.timeout_us,
	    .limit = c->conf.queue, .backoff_min_us = c->conf.reconnect_min_us,
	    .backoff_max_us = c->conf.reconnect_max_us,
	    .max_open = c->env->max_open, .clock = c->env->clock,
	    .lost = on_lost, .own = on_own, .error = on_tcp_error,
	    .back = on_back, .arg = c };

	if (c->conf.compare) {
		if ((c->compare = compare_new(c->env->mem)) == NULL)
			return -1;
		t.compare = c->compare;
		compare_set(c->compare, c->env->section_depth,
		    c->env->wall_us);
	}
	if ((c->tcp = sink_tcp_new(&t)) == NULL)
		return -1;
	sink_tcp_tick(c->tcp, c->env->now_us);
	return 0;
}

/* ---- tallies ---- */

static void
tell(struct copy *c, enum tally_id id, uint64_t now, uint64_t *told)
{
	if (now > *told)
		tally_add(c->env->tally, id, now - *told);
	*told = now;
}

static void
tell_tallies(struct copy *c)
{
	const struct sink_tcp_stats	*t;
	const struct sink_file_stats	*f;

	if (c->tcp != NULL) {
		t = sink_tcp_stats(c->tcp);
		tell(c, TALLY_MIR_SENT_BYTES, t->sent_bytes, &c->told_sent);
		tell(c, TALLY_MIR_REQUESTS, t->requests, &c->told_requests);
		tell(c, TALLY_MIR_ANSWERS, t->answers, &c->told_answers);
		tell(c, TALLY_MIR_ANSWER_BYTES, t->answer_bytes,
		    &c->told_answer_bytes);
	}
	if (c->file != NULL) {
		f = sink_file_stats(c->file);
		tell(c, TALLY_MIR_RECORDS, f->units, &c->told_units);
		tell(c, TALLY_MIR_RECORD_BYTES, f->bytes, &c->told_bytes);
	}
}

/* ---- life ---- */

struct copy *
copy_new(struct copy_env *env, const struct conf_mirror *conf,
    unsigned index)
{
	struct copy	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->env = env;
	c->conf = *conf;
	c->index = index;
	hook_chain_init(&c->chain[HOOK_FORWARD], &c->conf, HOOK_FORWARD);
	hook_chain_init(&c->chain[HOOK_RECORD], &c->conf, HOOK_RECORD);
	/* Without rules, too: whether a message really begins there. */
	c->rules[HOOK_FORWARD] = rules_wanted(&c->conf, false) ||
	    conf->messages;
	c->rules[HOOK_RECORD] = rules_wanted(&c->conf, true);
	if ((conf->has_forward && tcp_open(c) == -1) ||
	    (conf->has_record && leg_record_open(c) == -1)) {
		copy_free(c);
		return NULL;
	}
	return c;
}

void
copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	tell_tallies(c);
	sink_tcp_free(c->tcp);
	compare_free(c->compare);
	hole_end(c);
	sink_file_free(c->file);
	if (c->gaps != NULL)
		hole_retry(c);
	sink_file_free(c->gaps);
	hook_chain_clear(&c->chain[HOOK_FORWARD]);
	hook_chain_clear(&c->chain[HOOK_RECORD]);
	free(c->pending);
	free(c);
}

void
copy_set_state(struct copy *c, enum copy_state state)
{
	static const char *const	 names[] = { "started", "paused",
	    "stopped", "stopped by the first error (on error abort)" };

	if (c->state == state)
		return;
	c->state = (uint8_t)state;
	told_say(c, "%s", names[state]);
}

void
copy_flush(struct copy *c)
{
	if (c->tcp != NULL)
		sink_tcp_flush(c->tcp);
	if (c->file != NULL)
		sink_file_flush(c->file);
	hole_settle(c);
}

void
copy_tick(struct copy *c)
{
	if (c->compare != NULL)
		compare_set(c->compare, c->env->section_depth,
		    c->env->wall_us);
	if (c->tcp != NULL) {
		sink_tcp_flush(c->tcp);
		sink_tcp_tick(c->tcp, c->env->now_us);
	}
	if (c->file != NULL) {
		sink_file_tick(c->file, c->env->now_us);
		sink_file_flush(c->file);
		hole_settle(c);
	}
	if (c->gaps != NULL) {
		sink_file_tick(c->gaps, c->env->now_us);
		hole_retry(c);
	}
	tell_tallies(c);
	if (c->abort && c->state == COPY_RUNS)
		copy_set_state(c, COPY_ABORTED);
	c->abort = false;
}

uint64_t
copy_queued(const struct copy *c)
{
	uint64_t	 n;

	n = c->npending;
	if (c->tcp != NULL)
		n += sink_tcp_stats(c->tcp)->queued;
	if (c->file != NULL)
		n += sink_file_queued(c->file);
	return n;
}

bool
copy_idle(const struct copy *c)
{
	return (c->tcp == NULL || sink_tcp_idle(c->tcp)) &&
	    (c->file == NULL || sink_file_queued(c->file) == 0);
}
