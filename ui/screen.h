/*
 * screen: what netmonctl top shows, as lines.
 *
 * screen_draw is pure: rows, options and a size in, lines out; the terminal
 * (view_console.c) only paints them. Lines never pass the width.
 */
#ifndef UI_SCREEN_H
#define UI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/doc.h"
#include "ui/out.h"

enum screen_page { PAGE_TOP, PAGE_HOST, PAGE_INTERFACES, PAGE_ALERTS,
	PAGE_MIRRORS, PAGE_TALKERS, PAGE_HELP, PAGES };

/* How a line is shown; colour only adds to what the text says. */
enum screen_look { LOOK_PLAIN, LOOK_HEAD, LOOK_BAD, LOOK_LOSSY, LOOK_CHOSEN };

#define SCREEN_LINES_MAX	512

struct screen {
	unsigned	 width, height;
	enum screen_page page;
	unsigned	 chosen;	/* index of the selected host */
	const char	*sort;		/* names of the settings */
	const char	*window;
	double		 refresh;	/* seconds */
	const char	*note;		/* shown instead of the key line */
	/* result */
	struct out	 text;		/* lines, each ended by a line feed */
	uint8_t		 look[SCREEN_LINES_MAX];
	unsigned	 nlines;
	unsigned	 nhosts;	/* that can be selected */
};

/*
 * Draws the rows into s->text; at most height lines. detail holds the answer
 * to `show host` for the chosen one; it may be empty.
 */
void	 screen_draw(struct screen *, const struct doc *,
	    const struct doc *detail);
/* The host row with that index; -1 when there are not so many. */
int	 screen_host(const struct doc *, unsigned index, struct row *);

#endif
