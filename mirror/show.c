#include <stdio.h>

#include "mirror/show.h"
#include "sandbox/compat.h"

static void
reason(struct answer *a, const char *side, const char *name, uint64_t n)
{
	struct row_writer	 w;
	char			 text[48];

	if (n == 0 || !answer_row(a, &w, ROW_REASON, 1))
		return;
	snprintf(text, sizeof(text), "%s-%s", side, name);
	row_str(&w, text);
	row_u64(&w, n);
	row_end(&w);
}

static void
reasons(struct answer *a, const struct copy *c)
{
	unsigned	 i;

	for (i = 0; i < SINK_LOST_MAX; i++)
		reason(a, "forward", sink_lost_name(i), c->stats.lost[i]);
	for (i = 0; i < SINK_LOST_MAX; i++)
		reason(a, "requests", sink_lost_name(i),
		    c->stats.lost_requests[i]);
	for (i = 0; i < GAP_REASONS; i++)
		reason(a, "record", gap_reason_name(i), c->stats.gap[i]);
	reason(a, "gaps", "unlisted", c->stats.unlisted);
	if (c->file != NULL) {
		reason(a, "record", "refused",
		    sink_file_stats(c->file)->refused);
		reason(a, "file", "repaired",
		    sink_file_stats(c->file)->repaired);
	}
	if (c->tcp != NULL) {
		reason(a, "requests", "unanswered",
		    sink_tcp_stats(c->tcp)->unanswered);
		reason(a, "requests", "again", sink_tcp_stats(c->tcp)->again);
	}
	for (i = 0; c->compare != NULL && i < COMPARE_REASONS_MAX; i++)
		reason(a, "compare", compare_reason_name(i),
		    compare_stats(c->compare)->reason[i]);
}

static void
statuses(struct answer *a, const struct copy *c)
{
	const struct sink_tcp_stats	*t;
	struct row_writer		 w;
	unsigned			 i;

	if (c->tcp == NULL)
		return;
	t = sink_tcp_stats(c->tcp);
	for (i = 0; i < REPLY_STATUS; i++) {
		if (t->status[i] == 0 || !answer_row(a, &w, ROW_STATUS, 1))
			continue;
		row_u64(&w, i);
		row_u64(&w, t->status[i]);
		row_u64(&w, 0);
		row_end(&w);
	}
}

static void
file(struct answer *a, const struct sink_file *f)
{
	struct row_writer	 w;

	if (f == NULL || !answer_row(a, &w, ROW_MIRROR_FILE, 1))
		return;
	row_str(&w, sink_file_name(f));
	row_u64(&w, sink_file_size(f));
	row_bool(&w, sink_file_is_open(f));
	row_end(&w);
}

static void
put_counts(struct row_writer *w, const struct compare_counts *n)
{
	row_u64(w, n->compared);
	row_u64(w, n->same);
	row_u64(w, n->status_differs);
	row_u64(w, n->length_differs);
	row_u64(w, n->slower);
	row_u64(w, n->not_compared);
}

static void
sections(struct answer *a, const struct compare *c)
{
	const struct compare_section	*s;
	struct row_writer		 w;
	size_t				 i;

	for (i = 0; (s = compare_section(c, i)) != NULL; i++) {
		if ((s->n.compared == 0 && s->n.not_compared == 0) ||
		    !answer_row(a, &w, ROW_COMPARED, 1))
			continue;
		if (compare_section(c, i + 1) == NULL)
			row_str(&w, "other");
		else
			row_strn(&w, s->name, s->len);
		put_counts(&w, &s->n);
		row_end(&w);
	}
}

static double
seconds(uint64_t us)
{
	return us == UINT64_MAX ? 0 : (double)us / 1e6;
}

static void
differences(struct answer *a, const struct compare *c)
{
	const struct compare_difference	*d;
	struct row_writer		 w;
	size_t				 i;

	for (i = 0; (d = compare_last(c, i)) != NULL; i++) {
		if (!answer_row(a, &w, ROW_DIFFERENCE, 1))
			continue;
		row_u64(&w, d->wall_us);
		row_str(&w, d->method);
		row_strn(&w, d->path, d->path_len);
		row_u64(&w, d->service.status);
		row_u64(&w, d->target.status);
		row_u64(&w, d->service.body);
		row_u64(&w, d->target.body);
		row_double(&w, seconds(d->service.wait_us));
		row_double(&w, seconds(d->target.wait_us));
		row_end(&w);
	}
}

static const char *
state(const struct copy *c)
{
	static const char *const	 names[] = { NULL, "paused", "stopped",
	    "aborted" };

	if (c->state != COPY_RUNS)
		return names[c->state];
	if (c->file != NULL && sink_file_error(c->file) != 0)
		return "file error";
	return c->tcp != NULL ? sink_tcp_state(c->tcp) : "up";
}

void
show_mirror(struct answer *a, const struct copy *c)
{
	static const struct sink_tcp_stats	 no_tcp;
	static const struct sink_file_stats	 no_file;
	static const struct compare_counts	 no_counts;
	const struct sink_tcp_stats		*t = &no_tcp;
	const struct sink_file_stats		*f = &no_file;
	struct row_writer			 w;
	char					 target[ENDPOINT_TEXT_MAX];

	if (c->tcp != NULL)
		t = sink_tcp_stats(c->tcp);
	if (c->file != NULL)
		f = sink_file_stats(c->file);
	if (!answer_row(a, &w, ROW_MIRROR, 0))
		return;
	row_str(&w, c->conf.name);
	row_str(&w, state(c));
	row_str(&w, c->conf.has_forward ? endpoint_print(&c->conf.target,
	    target, sizeof(target)) : "");
	row_str(&w, c->conf.has_record ? c->conf.path : "");
	row_u64(&w, c->stats.connections);
	row_u64(&w, t->sent_bytes);
	row_u64(&w, t->requests);
	row_u64(&w, f->bytes);
	row_u64(&w, f->units);
	row_u64(&w, c->stats.dropped_connections);
	row_u64(&w, c->stats.dropped_bytes);
	row_u64(&w, c->stats.gaps);
	row_u64(&w, c->stats.errors + t->errors);
	row_u64(&w, c->stats.hook_errors);
	row_u64(&w, copy_queued(c));
	row_u64(&w, c->conf.queue);
	row_u64(&w, t->answers);
	row_u64(&w, t->open);
	row_u64(&w, c->stats.ignored_requests);
	row_u64(&w, c->stats.ignored_bytes);
	row_u64(&w, c->stats.unjudged_requests);
	row_u64(&w, c->stats.unjudged_bytes);
	row_str(&w, c->error);
	row_u64(&w, c->error_us);
	put_counts(&w, c->compare == NULL ? &no_counts :
	    &compare_stats(c->compare)->all);
	row_end(&w);
	reasons(a, c);
	statuses(a, c);
	file(a, c->file);
	file(a, c->gaps);
	if (c->compare == NULL)
		return;
	sections(a, c->compare);
	differences(a, c->compare);
}

static void
pool(struct answer *a, const char *name, uint64_t used, uint64_t limit,
    uint64_t items, uint64_t refused)
{
	struct row_writer	 w;

	if (!answer_row(a, &w, ROW_MEMORY, 0))
		return;
	row_str(&w, "mirror");
	row_str(&w, name);
	row_u64(&w, used);
	row_u64(&w, limit);
	row_u64(&w, items);
	row_u64(&w, refused);
	row_end(&w);
}

void
show_memory(struct answer *a, const struct mem *m, size_t streams,
    uint64_t queued, uint64_t queue_limit)
{
	pool(a, mem_pool_name(MEM_STREAMS), m->pool[MEM_STREAMS], m->limit,
	    streams, m->refused[MEM_STREAMS]);
	pool(a, mem_pool_name(MEM_QUEUES), queued, queue_limit, 0, 0);
}
