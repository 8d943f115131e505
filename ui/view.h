/*
 * view: how the rows of an answer are drawn.
 *
 * A view is pure: rows and options in, text out; no clock, no file, no
 * terminal. Which kinds a subject's document holds, in which order, and
 * which of them stand alone is one table in view.c that all views share.
 */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/msg.h"
#include "ui/doc.h"
#include "ui/out.h"

#define VIEW_KINDS	20

struct view_subject {
	enum show_subject subject;
	const char	*name;		/* "hosts": schema netmond.hosts/1 */
	bool		 traffic;	/* numbers that losses make too low */
	bool		 nested;	/* text draws children too */
	enum row_kind	 kinds[VIEW_KINDS];	/* in order */
	size_t		 nkinds;
};

struct view_opt {
	unsigned	 width;		/* columns; 0: as wide as the data */
};

struct view_ops {
	const char	*name;
	void		(*draw)(struct out *, const struct view_subject *,
			    const struct doc *, const struct view_opt *);
	/* one row of a stream, with its children; may be NULL */
	void		(*event)(struct out *, const struct doc *, size_t i);
};

extern const struct view_ops	 view_text;
extern const struct view_ops	 view_json;
extern const struct view_ops	 view_html;
extern const struct view_ops	 view_csv;

/* What netmonctl makes itself, of a history log. */
extern const struct view_subject view_history;
extern const struct view_subject view_compare;

/* The row of a subject; every subject has one. */
const struct view_subject *view_subject(enum show_subject);
/* Kinds of which a document holds at most one, drawn as an object. */
bool		 view_single(enum row_kind);
/* Whether the document says that it lost something. */
bool		 view_lossy(const struct doc *);

enum metrics_dialect { METRICS_OPENMETRICS, METRICS_PROMETHEUS };
/* seconds: the time that collecting took, 0 leaves it out. */
void		 view_metrics(struct out *, const struct doc *,
		    enum metrics_dialect, double seconds);

/*
 * A page of HTML from its start to its <body>; refresh in seconds, 0: it
 * stays. And what a document has to say there; linked: with
 * the ways to netmonweb's other pages.
 */
void		 view_html_head(struct out *, const char *title,
		    unsigned refresh);
void		 view_html_body(struct out *, const struct view_subject *,
		    const struct doc *, bool linked);

/* ---- parts that text, screen and HTML share ---- */

/* Columns that a text takes on a terminal. */
size_t		 view_width(const char *);
/* Escaped text, cut in the middle with '~' to at most width columns. */
void		 view_cut(struct out *, const char *, size_t n, size_t width);
/*
 * Breaks the lines of o from an offset on (a line's start) that are wider than
 * width, at blanks; 0 leaves them.
 */
void		 view_fold(struct out *, size_t from, size_t width);
/* The value of a field as text, escaped; "" for one that says nothing. */
void		 view_cell(struct out *, enum vis_form,
		    const struct row_field *, const struct row_value *,
		    bool star);
/* Whether a loss makes numbers of this kind too low: they are of traffic. */
bool		 view_traffic(enum row_kind);
/* Whether a loss makes this number too low. */
bool		 view_starred(const struct row_field *);
/* "window 10s" or "since start", of a ROW_COMPLETE. */
void		 view_window(struct out *, const struct row *);
/* "window 10s   complete 99.98%   2026-11-20 18:30:12 UTC", and the losses */
void		 view_complete(struct out *, const struct doc *);
/* "20.0 MiB of 256.0 MiB", with the process before it if it is but one. */
void		 view_memory(struct out *, const struct doc *);
/* "at least " before the items of a ROW_OTHER that are not all, else "". */
const char	*view_least(const struct row *);
/* Why a summary shows no HTTP, and what to ask next; false: it shows some. */
bool		 view_empty(struct out *, const struct doc *);
/* All rows of a kind and level in [from, to) as a table. */
void		 view_table(struct out *, const struct doc *, size_t from,
		    size_t to, enum row_kind, unsigned level,
		    const struct view_opt *, bool star, bool nested);

#endif
