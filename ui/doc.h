/*
 * doc: the rows of one answer, kept as they came.
 *
 * A document is a forest: a row of level n + 1 belongs to the last row of
 * level n before it. Rows are decoded anew each time they are asked for;
 * their texts point into the document and stay valid until the next
 * doc_add, doc_reset or doc_clear.
 */
#ifndef UI_DOC_H
#define UI_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/row.h"

struct doc_row {
	size_t	 off;
	uint8_t	 kind;
	uint8_t	 level;
};

struct doc {
	uint8_t		*p;
	size_t		 len;
	size_t		 cap;
	struct doc_row	*rows;
	size_t		 n;
	size_t		 room;
};

void		 doc_init(struct doc *);
void		 doc_clear(struct doc *);
void		 doc_reset(struct doc *);
/*
 * Adds the rows of one frame. -1 when the bytes are not rows (errno EPROTO)
 * or memory ran out (ENOMEM); the rows before the bad one stay.
 */
int		 doc_add(struct doc *, const uint8_t *, size_t);

/*
 * Adds every top row of a kind, with its children, from another document.
 * -1 without memory.
 */
int		 doc_take(struct doc *, const struct doc *from, enum row_kind);

/* Decodes row i, which must be less than n. */
void		 doc_get(const struct doc *, size_t i, struct row *);
/* The first row behind row i and its children. */
size_t		 doc_end(const struct doc *, size_t i);
/* The first row of a kind at level 0, or -1; the row itself when r is set. */
int		 doc_find(const struct doc *, enum row_kind, struct row *);

/*
 * Walks the rows of one kind and level in [from, to): the next one at or
 * after i, or `to` when there is none.
 */
size_t		 doc_next(const struct doc *, size_t i, size_t to,
		    enum row_kind, unsigned level);
size_t		 doc_count(const struct doc *, size_t from, size_t to,
		    enum row_kind, unsigned level);

/* Values by key; the key must exist in the kind: 0, false, "" otherwise. */
uint64_t	 doc_u64(const struct row *, const char *key);
double		 doc_num(const struct row *, const char *key);
bool		 doc_bool(const struct row *, const char *key);
const char	*doc_text(const struct row *, const char *key, size_t *n);
/* Whether a text value equals a string. */
bool		 doc_is(const struct row *, const char *key, const char *);
/* Whether an alert fires: what is clearing has not cleared. */
bool		 doc_fires(const struct row *);
/*
 * Whether an alert has a limit: there is none while nobody knows what is usual,
 * or where that is nothing.
 */
bool		 doc_has_limit(const struct row *);

#endif
