/*
 * pen: writes the lines of a screen, each cut at its width, and tables of a
 * name with right-aligned numbers, of which as many as fit. Pure.
 */
#ifndef UI_PEN_H
#define UI_PEN_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/doc.h"
#include "ui/out.h"
#include "ui/screen.h"

#define PEN_CELL	64
#define PEN_COLUMNS	12

/* What a column shows of a row; out is text without control characters. */
struct pen_column {
	const char	*title;
	unsigned	 width;
	int		 drop;		/* 1 goes first, 0 never */
	void		(*cell)(char out[PEN_CELL], const struct row *,
			    const char *key);
	const char	*key;
};

struct pen {
	struct screen	*s;
	const struct doc *d;
	const struct doc *detail;
	struct out	 line;
	const char	*star;
	unsigned	 left;		/* lines that may still be written */
};

/* Ends the line in p->line: cut at the width, with its look. */
void		 pen_end(struct pen *, enum screen_look);
void		 pen_rule(struct pen *);
/* Appends a part of a line as a whole, or not at all, and empties it. */
void		 pen_part(struct pen *, struct out *part);
/* A text of a row in so many columns. */
void		 pen_name(struct pen *, const struct row *, const char *key,
		    size_t width);

/* Cells: a number of a row as at most so many characters as its column. */
typedef void	 pen_cell(char b[PEN_CELL], const struct row *,
		    const char *key);
pen_cell	 pen_count, pen_bytes, pen_rate, pen_bps, pen_ms, pen_percent,
		 pen_drops, pen_queue;
/* Those over QUIC, too. */
pen_cell	 pen_hellos;

/* Marks the columns that fit; the width that is left for the name. */
unsigned	 pen_choose(const struct pen_column *, size_t n,
		    unsigned width, unsigned extra, bool shown[PEN_COLUMNS]);
void		 pen_titles(struct pen *, const struct pen_column *, size_t n,
		    const bool *shown);
void		 pen_cells(struct pen *, const struct pen_column *, size_t n,
		    const bool *shown, const struct row *, bool blank);

#endif
