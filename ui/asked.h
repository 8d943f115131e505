/*
 * asked: the chunks that a program has and that are not answered to the
 * mirror yet, oldest first. An answer that came out of turn waits in its
 * place, with a copy of its bytes.
 */
#ifndef UI_ASKED_H
#define UI_ASKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct asked {
	uint64_t	 seq;
	uint64_t	 since_ms;
	bool		 answered;
	bool		 broken;	/* too long, or no memory */
	uint8_t		*data;
	size_t		 len;
};

struct asked_list {
	struct asked	*p;
	size_t		 first;		/* n from here on are open */
	size_t		 n;
	size_t		 room;
};

int		 asked_add(struct asked_list *, uint64_t seq, uint64_t now_ms);
/* NULL when nobody asked, or there is none. */
struct asked	*asked_find(const struct asked_list *, uint64_t seq);
struct asked	*asked_first(const struct asked_list *);
void		 asked_drop_first(struct asked_list *);
/* An answer that waits; its bytes are copied, or it is broken. */
void		 asked_answer(struct asked *, const uint8_t *, size_t);

#endif
