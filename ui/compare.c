#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "ui/client.h"
#include "ui/compare.h"
#include "ui/history.h"

#define NAME_TEXT	256
#define CHANGES_MAX	64	/* of a kind: two lists of ten, and codes */

/* What is compared, by the sum of up to three counts. */
static const struct list {
	const char	*what;
	enum row_kind	 kind;
	const char	*name;		/* the field that tells rows apart */
	const char	*count[3];
	bool		 whole;		/* who is not in it did nothing */
} lists[] = {
	{ "requests", ROW_SUMMARY, NULL, { "requests" }, true },
	{ "responses", ROW_SUMMARY, NULL, { "responses" }, true },
	{ "4xx", ROW_SUMMARY, NULL, { "errors_4xx" }, true },
	{ "5xx", ROW_SUMMARY, NULL, { "errors_5xx" }, true },
	{ "tls", ROW_SUMMARY, NULL, { "tls_handshakes" }, true },
	{ "quic", ROW_SUMMARY, NULL, { "quic_connections" }, true },
	{ "packets", ROW_SUMMARY, NULL, { "packets" }, true },
	{ "host", ROW_HOST, "host", { "requests" }, false },
	{ "status", ROW_STATUS, "code", { "count" }, true },
	{ "client", ROW_CLIENT, "client", { "requests", "tls_connections",
	    "quic_connections" }, false },
	{ "name", ROW_NAME, "name", { "connections", "quic" },
	    false },
};

struct change {
	char	 name[NAME_TEXT];
	double	 rate[2];	/* before, then */
	bool	 listed[2];
};

struct changes {
	struct change	 c[CHANGES_MAX];
	size_t		 n;
};

static void
name_of(const struct list *l, const struct row *r, char *b, size_t size)
{
	const struct row_value	*v;

	b[0] = '\0';
	if (l->name == NULL)
		return;
	v = row_value(r, l->name);
	if (v->type == ROW_STR)
		snprintf(b, size, "%.*s", (int)v->s.n, v->s.p);
	else
		snprintf(b, size, "%llu", (unsigned long long)v->u);
}

static struct change *
change_of(struct changes *all, const struct list *l, const char *name)
{
	size_t	 i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->c[i].name, name) == 0)
			return &all->c[i];
	if (all->n == CHANGES_MAX)
		return NULL;
	memset(&all->c[i], 0, sizeof(all->c[i]));
	compat_strlcpy(all->c[i].name, name, sizeof(all->c[i].name));
	all->c[i].listed[0] = all->c[i].listed[1] = l->whole;
	return &all->c[all->n++];
}

/* One of the two documents: side is 0 for before, 1 for then. */
static void
add_list(struct changes *all, const struct list *l, const struct doc *d,
    unsigned side)
{
	struct change	*c;
	struct row	 r;
	char		 name[NAME_TEXT];
	double		 seconds, sum;
	size_t		 i, k;

	if (doc_find(d, ROW_COMPLETE, &r) == -1)
		return;
	seconds = doc_num(&r, "window_seconds");
	for (i = doc_next(d, 0, d->n, l->kind, 0); i < d->n;
	    i = doc_next(d, i + 1, d->n, l->kind, 0)) {
		doc_get(d, i, &r);
		name_of(l, &r, name, sizeof(name));
		if ((c = change_of(all, l, name)) == NULL)
			continue;
		for (k = 0, sum = 0; k < nitems(l->count) &&
		    l->count[k] != NULL; k++)
			sum += (double)doc_u64(&r, l->count[k]);
		c->rate[side] += seconds > 0 ? sum / seconds : 0;
		c->listed[side] = true;
	}
}

static int
by_change(const void *a, const void *b)
{
	const struct change	*x = a, *y = b;
	double			 dx, dy;

	dx = fabs(x->rate[1] - x->rate[0]);
	dy = fabs(y->rate[1] - y->rate[0]);
	return dx < dy ? 1 : dx > dy ? -1 : strcmp(x->name, y->name);
}

static double
complete(const struct doc *d)
{
	struct row	 r;

	return doc_find(d, ROW_COMPLETE, &r) == -1 ? 0 : doc_num(&r, "ratio");
}

static int
put(struct doc *d, const struct list *l, const struct change *c,
    const struct doc side[2])
{
	struct row_writer	 w;
	struct buf		 b;
	uint8_t			 row[512];

	buf_writer(&b, row, sizeof(row));
	row_begin(&w, &b, ROW_CHANGE, 0);
	row_str(&w, l->what);
	row_str(&w, c->name);
	row_double(&w, c->rate[0]);
	row_double(&w, c->rate[1]);
	row_double(&w, c->rate[1] - c->rate[0]);
	row_bool(&w, c->listed[0]);
	row_bool(&w, c->listed[1]);
	row_double(&w, complete(&side[0]));
	row_double(&w, complete(&side[1]));
	return row_end(&w) == -1 ? -1 : doc_add(d, row, b.len);
}

static int
compare(struct doc *d, const struct doc side[2])
{
	struct changes	*all;
	size_t		 i, k;
	int		 failed = 0;

	if ((all = calloc(1, sizeof(*all))) == NULL)
		return -1;
	for (i = 0; i < nitems(lists) && !failed; i++) {
		all->n = 0;
		add_list(all, &lists[i], &side[0], 0);
		add_list(all, &lists[i], &side[1], 1);
		qsort(all->c, all->n, sizeof(all->c[0]), by_change);
		for (k = 0; k < all->n && !failed; k++)
			failed = put(d, &lists[i], &all->c[k], side) == -1;
	}
	free(all);
	return failed ? -1 : 0;
}

int
compare_times(struct doc *d, const struct command *c, struct out *head,
    char *why, size_t size)
{
	struct command	 all = *c;
	struct doc	 side[2];
	int		 status;

	doc_init(&side[0]);
	doc_init(&side[1]);
	doc_reset(d);
	all.show.subject = SHOW_REPORT;
	status = history_at(&side[1], &all, TIME_AT, why, size);
	if (status == CLIENT_OK)
		status = history_at(&side[0], &all, TIME_WITH, why, size);
	if (status == CLIENT_OK && compare(d, side) == -1) {
		snprintf(why, size, "out of memory");
		status = CLIENT_OS;
	}
	if (status == CLIENT_OK && head != NULL) {
		out_str(head, "before  ");
		history_head(head, &side[0]);
		out_str(head, "then    ");
		history_head(head, &side[1]);
		out_char(head, '\n', 1);
	}
	doc_clear(&side[0]);
	doc_clear(&side[1]);
	return status;
}
