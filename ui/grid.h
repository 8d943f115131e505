/*
 * grid: the rows of one kind as titles and cells, which is what text and HTML
 * share of a table: the columns, their order, what a value looks like, and
 * which columns say nothing. Titles, units and alignment come from the row
 * table.
 */
#ifndef UI_GRID_H
#define UI_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/doc.h"
#include "ui/out.h"

#define GRID_COLUMNS	(ROW_FIELDS_MAX + ROW_CHILD_KINDS)

struct grid_layout {
	enum row_kind	 kind;
	const char	*keys[ROW_FIELDS_MAX]; /* none: all with a title */
	const char	*drop[12];	/* on a narrow screen, in order */
	enum row_kind	 inl[2];		/* children as columns */
	size_t		 ninl;
};

struct grid_column {
	int		 field;		/* -1: the rows of child, inline */
	enum row_kind	 child;
	const char	*title;
	bool		 right;
	bool		 hidden;	/* it says nothing in any row */
	size_t		 width;		/* on a terminal */
};

struct grid {
	/* the caller's */
	const struct doc *d;
	enum row_kind	 kind;
	unsigned	 level;
	size_t		 from, to;
	bool		 star;
	enum vis_form	 form;
	size_t		 cut;		/* columns of a text, 0: as it is */
	/* of grid_fill */
	const struct row_desc *desc;
	const struct grid_layout *layout;
	struct grid_column col[GRID_COLUMNS];
	size_t		 ncols;
	size_t		 nrows;
	struct out	 text;		/* cells, one after the other */
	size_t		*at;		/* nrows * ncols offsets */
};

/* -1 without memory; grid_clear in both cases. */
int		 grid_fill(struct grid *);
void		 grid_clear(struct grid *);
/* The text of a cell, escaped in the grid's form. */
const char	*grid_cell(const struct grid *, size_t row, size_t col);
/* "GET 301  POST 76": the first two fields of up to max rows of a kind. */
void		 grid_pairs(struct out *, enum vis_form, const struct doc *,
		    size_t from, size_t to, enum row_kind, unsigned level,
		    size_t max);

#endif
