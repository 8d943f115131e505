/*
 * client: one connection to the daemon's control socket, used in order:
 * ask, receive until END or ERROR, ask again. No event loop, only poll(2).
 *
 * Functions return an exit status of netmonctl(8) (0 is success) and put
 * one line for the user into c->why when it is not 0.
 */
#ifndef UI_CLIENT_H
#define UI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/frame.h"
#include "sandbox/msg.h"
#include "ui/doc.h"

#define CLIENT_UNREAD		(-1)	/* no status: nobody reads on */
#define CLIENT_OK		0
#define CLIENT_REFUSED		1
#define CLIENT_USAGE		64
#define CLIENT_DATA		65
#define CLIENT_AWAY		69
#define CLIENT_OS		71
#define CLIENT_LATE		75
#define CLIENT_PERM		77

#define CLIENT_TIMEOUT_MS	10000	/* without a frame, on a socket */
#define CLIENT_ANSWER_TIMES	6	/* as long may a whole answer take */
#define CLIENT_ANSWER_MAX	(256 * 1024 * 1024)	/* bytes of its rows */

struct client {
	int		 fd;		/* -1: not connected */
	bool		 owned;		/* close it */
	int		 output;	/* CLIENT_UNREAD without a reader; -1 */
	int		 timeout_ms;	/* -1: none, for the renderer of -r */
	size_t		 answer_max;	/* without a timeout there is none */
	uint32_t	 request;
	bool		 refused;	/* the last status came in an ERROR */
	struct msg_hello hello;		/* of the daemon, once it came */
	uint8_t		*rx;		/* FRAME_MAX bytes */
	uint8_t		*tx;
	char		 why[1200];
};

/* Allocates buffers; CLIENT_OS when memory is missing. */
int	 client_init(struct client *);
void	 client_free(struct client *);
/*
 * Connects to a path, or takes over a descriptor. Sends HELLO. The daemon's
 * queue may be full for as long as an answer may take.
 */
int	 client_open(struct client *, const char *path);
int	 client_take(struct client *, int fd);
void	 client_close(struct client *);

/* Waits for the daemon's HELLO, unless it came: c->hello says who it is. */
int	 client_greeted(struct client *, int timeout_ms);

/*
 * Sleeps; false at once when nobody reads the other end of a pipe, socket or
 * terminal any more.
 */
bool	 client_sleep(int output, double seconds);

/* A writer for the body of the next frame, over c->tx. */
void	 client_body(struct client *, struct buf *);
/* Sends a request with that body (NULL: empty); c->request becomes its id. */
int	 client_send(struct client *, uint16_t type, const struct buf *);
/*
 * The next frame that belongs to the current request (ROW, END, ERROR or any
 * other type with its number); HELLO is checked on the way. The body points
 * into c->rx. timeout_ms -1 waits for ever; CLIENT_LATE when it passed.
 */
int	 client_recv(struct client *, struct frame *, int timeout_ms);
/* The status and text of an ERROR frame. */
int	 client_error(struct client *, struct frame *);
/*
 * Collects the rows of the current request into a document, until END. One
 * that does not come to its end, in time or in bytes, is given up.
 */
int	 client_collect(struct client *, struct doc *);
/* send and collect. */
int	 client_ask(struct client *, uint16_t type, const struct buf *,
	    struct doc *);
/* The same for the payload that most requests have. */
int	 client_show(struct client *, uint16_t type, const struct msg_show *,
	    struct doc *);
/* The process that listens on the socket, 0 when not known. */
long	 client_daemon_pid(const struct client *);
/* Whether it greeted in another version than ours. */
bool	 client_foreign(const struct client *);
/* Ends such a one by a signal, and waits for it; nothing but a netmond. */
int	 client_end_foreign(struct client *);

#endif
