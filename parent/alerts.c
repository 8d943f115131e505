#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/alerts.h"
#include "sandbox/compat.h"
#include "sandbox/row.h"
#include "sandbox/vis.h"

#define TEXT_MAX	256

struct kept {
	size_t	 len;
	uint8_t	*rows;
};

struct alerts {
	uint64_t	 epoch;
	uint64_t	 last;
	struct kept	 ring[ALERTS_KEPT];
};

struct alerts *
alerts_new(uint64_t epoch)
{
	struct alerts	*a;

	if ((a = calloc(1, sizeof(*a))) != NULL)
		a->epoch = epoch;
	return a;
}

void
alerts_free(struct alerts *a)
{
	size_t	 i;

	if (a == NULL)
		return;
	for (i = 0; i < ALERTS_KEPT; i++)
		free(a->ring[i].rows);
	free(a);
}

uint64_t
alerts_epoch(const struct alerts *a)
{
	return a->epoch;
}

uint64_t
alerts_first(const struct alerts *a)
{
	return a->last > ALERTS_KEPT ? a->last - ALERTS_KEPT + 1 : 1;
}

uint64_t
alerts_last(const struct alerts *a)
{
	return a->last;
}

static void
set_u64(struct row *r, const char *key, uint64_t v)
{
	int	 i = row_index(r->kind, key);

	if (i != -1)
		r->v[i].u = v;
}

/* Copies the rows of one event; the first gets its numbers. */
static int
copy_rows(struct buf *from, struct buf *to, uint64_t epoch, uint64_t seq,
    uint64_t missed)
{
	struct row_writer	 w;
	struct row		 r;
	bool			 head = true;
	size_t			 i;

	while (buf_left(from) > 0) {
		if (row_get(from, &r) == -1 || r.level != (head ? 0 : 1) ||
		    (head ? r.kind != ROW_ALERT_EVENT :
		    r.kind != ROW_CONTRIBUTOR && r.kind != ROW_NEW_KEY))
			return -1;
		if (head) {
			set_u64(&r, "epoch", epoch);
			set_u64(&r, "seq", seq);
			set_u64(&r, "missed", missed);
		}
		row_begin(&w, to, r.kind, r.level);
		for (i = 0; i < r.n; i++)
			row_put_value(&w, r.v[i].type, &r.v[i]);
		if (row_end(&w) == -1)
			return -1;
		head = false;
	}
	return head ? -1 : 0;
}

int
alerts_add(struct alerts *a, struct buf *body, uint64_t *seq)
{
	struct kept	*k;
	struct buf	 b;
	uint8_t		 rows[ALERTS_BYTES_MAX], *copy;

	*seq = 0;
	buf_writer(&b, rows, sizeof(rows));
	if (copy_rows(body, &b, a->epoch, a->last + 1, 0) == -1)
		return -1;
	if ((copy = malloc(b.len)) == NULL)
		return 0;
	memcpy(copy, rows, b.len);
	a->last++;
	k = &a->ring[a->last % ALERTS_KEPT];
	free(k->rows);
	k->rows = copy;
	k->len = b.len;
	*seq = a->last;
	return 0;
}

static const struct kept *
find(const struct alerts *a, uint64_t seq)
{
	if (seq < alerts_first(a) || seq > a->last)
		return NULL;
	return &a->ring[seq % ALERTS_KEPT];
}

int
alerts_rows(const struct alerts *a, uint64_t seq, uint64_t missed,
    struct buf *to)
{
	const struct kept	*k;
	struct buf		 b;

	if ((k = find(a, seq)) == NULL)
		return -1;
	buf_reader(&b, k->rows, k->len);
	return copy_rows(&b, to, a->epoch, seq, missed);
}

/* ---- the log line ---- */

struct line {
	char	*s;
	size_t	 size;
	size_t	 n;
};

static void
add(struct line *l, const char *fmt, ...) PRINTFLIKE(2, 3);

static void
add(struct line *l, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(l->s + l->n, l->size - l->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n += (size_t)n;
	if (l->n >= l->size)
		l->n = l->size - 1;
}

static const char *
text_of(const struct row *r, const char *key, char *s, size_t size)
{
	const struct row_value	*v = row_value(r, key);

	vis_put(VIS_LOG, s, size, v->s.p, v->s.n);
	return s;
}

static void
add_pair(struct line *l, const char *key, const char *s)
{
	const char	*quote;

	quote = strpbrk(s, " =\"") != NULL ? "\"" : "";
	add(l, " %s=%s%s%s", key, quote, s, quote);
}

static void
add_text(struct line *l, const struct row *r, const char *key)
{
	char	 s[TEXT_MAX];

	if (row_value(r, key)->s.n > 0)
		add_pair(l, key, text_of(r, key, s, sizeof(s)));
}

static void
add_number(struct line *l, const struct row *r, const char *key)
{
	char	 unit[16], b[ROW_NUMBER_MAX];
	double	 v = row_value(r, key)->d;

	text_of(r, "unit", unit, sizeof(unit));
	if (strcmp(unit, "ratio") == 0)
		add(l, " %s=%s", key, row_ratio(b, v));
	else if (strcmp(unit, "seconds") == 0)
		add(l, " %s=%s", key, row_seconds(b, v));
	else
		add(l, " %s=%.0f", key, v);
}

/* As many as there is room for: a cut one could end within an escape. */
static void
add_list(struct line *l, struct buf b, enum row_kind kind, const char *name)
{
	char			 s[TEXT_MAX], list[2 * TEXT_MAX];
	struct line		 all = { list, sizeof(list), 0 };
	const struct row_value	*v;
	struct row		 r;
	size_t			 whole = 0;

	while (buf_left(&b) > 0 && row_get(&b, &r) == 0) {
		if (r.kind != kind)
			continue;
		v = &r.v[0];		/* the host, or the key */
		vis_put(VIS_ITEM, s, sizeof(s), v->s.p, v->s.n);
		add(&all, "%s%s", all.n > 0 ? "," : "", s);
		if (kind == ROW_CONTRIBUTOR)
			add(&all, ":%u%%", row_percent(row_value(&r,
			    "share")->d));
		if (all.n == sizeof(list) - 1)
			break;
		whole = all.n;
	}
	list[whole] = '\0';
	if (whole > 0)
		add_pair(l, name, list);
}

/* Whether it is over: cleared, its rule ended, or it was unknown. */
static bool
is_over(const struct row *r)
{
	char	 s[16];

	text_of(r, "event", s, sizeof(s));
	return strcmp(s, "cleared") == 0 || strcmp(s, "ended") == 0 ||
	    strcmp(s, "known") == 0;
}

/* error, warning, notice, info; what is over is a notice. */
static enum log_level
level_of(const struct row *r)
{
	static const struct {
		const char	*word;
		enum log_level	 level;
	} table[] = {
		{ "error", LOG_LEVEL_ERR }, { "warning", LOG_LEVEL_WARNING },
		{ "info", LOG_LEVEL_INFO },
	};
	char	 s[16];
	size_t	 i;

	if (is_over(r))
		return LOG_LEVEL_NOTICE;
	text_of(r, "severity", s, sizeof(s));
	for (i = 0; i < nitems(table); i++)
		if (strcmp(table[i].word, s) == 0)
			return table[i].level;
	return LOG_LEVEL_NOTICE;
}

enum log_level
alerts_line(const struct alerts *a, uint64_t seq, char *line, size_t size)
{
	struct line		 l = { line, size, 0 };
	const struct kept	*k;
	struct buf		 b;
	struct row		 r;
	char			 s[TEXT_MAX], number[ROW_NUMBER_MAX];

	line[0] = '\0';
	if ((k = find(a, seq)) == NULL)
		return LOG_LEVEL_NOTICE;
	buf_reader(&b, k->rows, k->len);
	if (row_get(&b, &r) == -1)
		return LOG_LEVEL_NOTICE;
	add(&l, "alert %s", text_of(&r, "event", s, sizeof(s)));
	add(&l, " %s", text_of(&r, "rule", s, sizeof(s)));
	add_text(&l, &r, "id");
	add_text(&l, &r, "key");
	add_number(&l, &r, "value");
	add_number(&l, &r, "limit");
	add(&l, " span=%s", row_seconds(number,
	    row_value(&r, "span_seconds")->d));
	if (row_value(&r, "after_seconds")->d > 0)
		add(&l, " after=%s", row_seconds(number,
		    row_value(&r, "after_seconds")->d));
	if (is_over(&r))
		add_number(&l, &r, "peak");
	add(&l, " complete=%s", row_ratio(number, row_value(&r,
	    "complete")->d));
	add_list(&l, b, ROW_CONTRIBUTOR, "top");
	add_list(&l, b, ROW_NEW_KEY, "new");
	if (row_value(&r, "evidence_packets")->u > 0)
		add(&l, " evidence=%" PRIu64,
		    row_value(&r, "evidence_packets")->u);
	if (row_value(&r, "restarted")->b)
		add(&l, " restarted=yes");
	add(&l, " seq=%" PRIu64 ".%" PRIu64, a->epoch, seq);
	return level_of(&r);
}
