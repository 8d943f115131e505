#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"
#include "ui/fmt.h"
#include "ui/pen.h"
#include "ui/view.h"

#define NAME_MIN	16	/* columns of a name before others go */

/* ---- lines ---- */

void
pen_end(struct pen *p, enum screen_look look)
{
	struct screen	*s = p->s;
	const char	*t = p->line.p == NULL ? "" : p->line.p;
	size_t		 n = p->line.len, i, used;
	unsigned	 c, width = 0;

	for (i = 0; i < n; i += used) {
		if ((used = vis_utf8(t + i, n - i, &c)) == 0)
			used = 1;
		else if (width + (unsigned)vis_width(c) > s->width)
			break;
		else
			width += (unsigned)vis_width(c);
	}
	while (i > 0 && t[i - 1] == ' ')
		i--;
	if (p->left > 0 && s->nlines < SCREEN_LINES_MAX) {
		out_put(&s->text, t, i);
		out_char(&s->text, '\n', 1);
		s->look[s->nlines++] = (uint8_t)look;
		p->left--;
	}
	out_reset(&p->line);
}

void
pen_part(struct pen *p, struct out *part)
{
	if (part->p != NULL && view_width(p->line.p) + view_width(part->p) <=
	    p->s->width)
		out_str(&p->line, part->p);
	out_clear(part);
}

void
pen_rule(struct pen *p)
{
	out_char(&p->line, '-', p->s->width);
	pen_end(p, LOOK_PLAIN);
}

void
pen_name(struct pen *p, const struct row *r, const char *key, size_t width)
{
	const char	*t;
	size_t		 n, before = p->line.len, w;

	t = doc_text(r, key, &n);
	view_cut(&p->line, t, n, width);
	w = p->line.p == NULL ? 0 : view_width(p->line.p + before);
	if (w < width)
		out_char(&p->line, ' ', width - w);
}

/* ---- cells ---- */

/* At most five characters: 9999, 41.2k, 412k, 1.2M. */
static void
short_number(char b[PEN_CELL], double v, double base, const char *prefix)
{
	unsigned	 i = 0;

	if (v < 9999.5) {
		snprintf(b, PEN_CELL, "%.0f", v);
		return;
	}
	for (v /= base; v >= 999.5 && prefix[i + 1] != '\0'; i++)
		v /= base;
	snprintf(b, PEN_CELL, v < 99.95 ? "%.1f%c" : "%.0f%c", v, prefix[i]);
}

void
pen_count(char b[PEN_CELL], const struct row *r, const char *key)
{
	short_number(b, doc_num(r, key), 1000, "kMGTPE");
}

void
pen_hellos(char b[PEN_CELL], const struct row *r, const char *key)
{
	short_number(b, doc_num(r, key) + doc_num(r, "quic"), 1000, "kMGTPE");
}

void
pen_bytes(char b[PEN_CELL], const struct row *r, const char *key)
{
	short_number(b, doc_num(r, key), 1024, "KMGTPE");
}

void
pen_rate(char b[PEN_CELL], const struct row *r, const char *key)
{
	double	 v = doc_num(r, key);

	if (v < 999.95)
		snprintf(b, PEN_CELL, "%.1f", v);
	else
		short_number(b, v < 10000 ? 10000 : v, 1000, "kMGTPE");
	if (v >= 999.95 && v < 10000)
		snprintf(b, PEN_CELL, "%.2fk", v / 1000);
}

void
pen_bps(char b[PEN_CELL], const struct row *r, const char *key)
{
	fmt_si(b, doc_num(r, key));
}

/* Milliseconds; nothing measured is a dash. */
void
pen_ms(char b[PEN_CELL], const struct row *r, const char *key)
{
	double	 v = 1000 * doc_num(r, key);

	if (v <= 0)
		snprintf(b, PEN_CELL, "-");
	else
		snprintf(b, PEN_CELL, v < 999.95 ? "%.1f" : "%.0f",
		    v < 999999 ? v : 999999.0);
}

void
pen_percent(char b[PEN_CELL], const struct row *r, const char *key)
{
	snprintf(b, PEN_CELL, "%.2f", 100 * doc_num(r, key));
}

void
pen_drops(char b[PEN_CELL], const struct row *r, const char *key)
{
	short_number(b, doc_num(r, key) + doc_num(r, "queue_drops"), 1000,
	    "kMGTPE");
}

void
pen_queue(char b[PEN_CELL], const struct row *r, const char *key)
{
	double	 limit = doc_num(r, "queue_limit_bytes");

	snprintf(b, PEN_CELL, "%.0f%%", limit > 0 ?
	    100 * doc_num(r, key) / limit : 0);
}

/* ---- tables with one name and right-aligned numbers ---- */

unsigned
pen_choose(const struct pen_column *c, size_t n, unsigned width, unsigned extra,
    bool shown[PEN_COLUMNS])
{
	unsigned	 sum = extra;
	size_t		 i;
	int		 drop;

	for (i = 0; i < n; i++) {
		shown[i] = true;
		sum += c[i].width + 1;
	}
	for (drop = 1; sum + NAME_MIN > width && drop < 10; drop++) {
		for (i = 0; i < n; i++) {
			if (c[i].drop != drop)
				continue;
			shown[i] = false;
			sum -= c[i].width + 1;
		}
	}
	return sum + NAME_MIN > width ? NAME_MIN : width - sum;
}

void
pen_titles(struct pen *p, const struct pen_column *c, size_t n,
    const bool *shown)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		if (shown[i])
			out_printf(&p->line, " %*s", (int)c[i].width,
			    c[i].title);
}

void
pen_cells(struct pen *p, const struct pen_column *c, size_t n,
    const bool *shown, const struct row *r, bool blank)
{
	char	 b[PEN_CELL];
	size_t	 i;

	for (i = 0; i < n; i++) {
		if (!shown[i])
			continue;
		snprintf(b, sizeof(b), "-");
		if (!blank)
			c[i].cell(b, r, c[i].key);
		if (*p->star != '\0' && strcmp(b, "-") != 0 &&
		    strlen(b) < c[i].width && c[i].cell != pen_ms &&
		    c[i].cell != pen_percent && c[i].cell != pen_drops &&
		    c[i].cell != pen_queue)
			compat_strlcpy(b + strlen(b), p->star, 2);
		out_printf(&p->line, " %*s", (int)c[i].width, b);
	}
}
