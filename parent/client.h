/*
 * client: what the files of the control socket share, and nobody else: its
 * clients (control.c), requests on their way (request.c), the parent's own
 * rows (own.c), watchers (watch.c) and providers of hooks (provide.c).
 */
#ifndef PARENT_CLIENT_H
#define PARENT_CLIENT_H

#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/control.h"
#include "sandbox/answer.h"
#include "sandbox/chan.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"

#define STATUS_REFUSED	1
#define STATUS_VERSION	65
#define STATUS_AGAIN	75

#define REQUEST_OWNERS_MAX	3

struct client {
	TAILQ_ENTRY(client)	 entry;
	struct control		*control;
	struct chan		*chan;
	uid_t			 uid;
	uint64_t		 since_us;
	unsigned		 requests;
	bool			 greeted;
	bool			 hooked;	/* has a hook's descriptor */
	uint32_t		 watch;		/* WATCH_*, 0: none */
	uint32_t		 watch_request;
};

/* A request that somebody else answers. */
struct request {
	TAILQ_ENTRY(request)	 entry;
	struct client		*client;
	uint32_t		 id;		/* the parent's */
	uint32_t		 theirs;	/* the client's */
	uint16_t		 type;
	enum role		 owner[REQUEST_OWNERS_MAX];	/* 0 ends */
	size_t			 at;
	size_t			 len;
	uint8_t			 body[];
};

struct control {
	struct control_conf	 conf;
	const struct conf	*running;
	uint64_t		 conf_time_us;
	int			 listen_fd;
	struct event		*ev_listen;
	TAILQ_HEAD(, client)	 clients;
	TAILQ_HEAD(, request)	 requests;
	unsigned		 nclients;
	rlim_t			 files;		/* from this one on: kept */
	uint32_t		 next_id;
	struct log_rate		 bad_rate;
	struct log_rate		 rest_rate;
	struct log_rate		 slow_rate;
	struct log_rate		 alert_rate;
	bool			 resting;	/* ev_listen is off */
	uint32_t		 live;		/* WATCH_LIVE of all clients */
};

/* ---- control.c ---- */

bool		 client_may_change(const struct client *);

/* ---- request.c ---- */

/* NULL after telling the client why. */
struct request	*request_new(struct client *, const struct frame *);
struct request	*request_find(struct control *, uint32_t id);
void		 request_free(struct control *, struct request *);
/* Asks the next owner that is there; without any more, the answer is whole. */
void		 request_ask(struct control *, struct request *);

/* ---- own.c ---- */

#define OWN_DAEMON	0x01
#define OWN_PROCESSES	0x02
#define OWN_TALLIES	0x04
#define OWN_CONFIG	0x08
#define OWN_LOST	0x10
#define OWN_TROUBLE	0x20	/* as ROW_ADVICE: what is wrong now */
#define OWN_TROUBLE_TEXT 0x40	/* the same as ROW_TEXT */
void		 own_rows(struct control *, struct answer *, unsigned which);
/* What the configuration says of mirrors, when no process can tell more. */
void		 own_mirrors(struct control *, struct answer *);
/* One line of text with its state. */
void		 own_line(struct answer *, const char *text,
		    const char *state);

/* ---- watch.c, provide.c: handlers ---- */

int		 watch_on_ask(struct chan *, struct frame *, void *);
/* What clients watch has changed: the analyzer is told what to send. */
void		 watch_changed(struct control *);
int		 hook_on_ask(struct chan *, struct frame *, void *);

#endif
