/*
 * reply: counts the HTTP answers on a connection to a target, and throws
 * them away. Pure. It knows just enough of RFC 9112 to find their ends:
 * status, Content-Length, Transfer-Encoding, that answers to HEAD have no
 * body, and that behind 101 and 2xx to CONNECT comes no HTTP.
 *
 * Who counts takes what can be taken. Who compares sets whole, and believes
 * nothing from where broken is set: there another reader may see another end.
 */
#ifndef MIRROR_REPLY_H
#define MIRROR_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_OPEN_MAX	65536	/* requests without answer */
#define REPLY_LINE_MAX	256	/* of a line, the rest is skipped */
#define REPLY_STATUS	600	/* statuses are 100 to 599 */

/* Of a head, or with the size of a chunk. Zeroed, a line begins. */
struct reply_line {
	uint16_t	 n;
	char		 s[REPLY_LINE_MAX];
};

struct reply {
	uint8_t		 state;
	bool		 lost;		/* not HTTP, not asked, too many open */
	bool		 broken;	/* lengths that are none, or several */
	bool		 switched;	/* lost, as an answer said so */
	bool		 closes;	/* no answer follows this one */
	bool		 chunked;
	bool		 has_coding;
	bool		 has_length;
	bool		 minor0;	/* HTTP/1.0 */
	uint16_t	 status;
	uint64_t	 left;		/* of a body or chunk */
	uint64_t	 asked;
	uint64_t	 done;		/* final answers that are complete */
	uint64_t	*kinds;		/* two bits per open request */
	size_t		 room;		/* of kinds, in requests */
	struct reply_line line;		/* at hand */
	uint64_t	 body;		/* content so far, without framing */
	uint64_t	 now_us;	/* the owner's clock; 0: none */
	uint64_t	 head_us;	/* when the answer at hand began */
	/* The answer to request done is complete; NULL: nobody asks. */
	void		(*whole)(void *arg, const struct reply *);
	void		*arg;
};

/*
 * Takes bytes up to the end of the line; how many. *whole: it is a string of n
 * bytes without its end; the caller sets n to 0 when it is done with it.
 */
size_t		 reply_line(struct reply_line *, const uint8_t *, size_t,
		    bool *whole);
/* The value of a field when the line is that field, else NULL. */
const char	*reply_field(const struct reply_line *, const char *name);

void		 reply_init(struct reply *);
void		 reply_clear(struct reply *);
/* A request was sent whose head starts with these bytes. */
void		 reply_asked(struct reply *, const uint8_t *, size_t);
/*
 * Bytes from the target. seen is called with the status of each final answer
 * when its head is complete.
 */
void		 reply_data(struct reply *, const uint8_t *, size_t,
		    void (*seen)(void *, unsigned status), void *);
/* The target closed: an answer without a length is complete. */
void		 reply_eof(struct reply *);
/* Requests without a complete answer. */
uint64_t	 reply_open(const struct reply *);
/* Those of them of whose answer not even the head has come. */
uint64_t	 reply_unheard(const struct reply *);
/*
 * The last answer was complete and said, as HTTP/1.0 and RFC 9112 9.6 have
 * it, that the target looks at no request behind the answered one.
 */
bool		 reply_ended(const struct reply *);

#endif
