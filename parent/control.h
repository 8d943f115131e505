/*
 * control: the control socket. Clients, requests, and who answers them.
 *
 * Reading words are open to whoever can connect (the socket's group).
 * Words that change something need uid 0 by SO_PEERCRED, never by file mode;
 * a daemon that was not started by root also obeys its own user, who owns
 * its socket. A hook may be attached by root or the user that the mirror
 * block names.
 *
 * Each request gets an id of the parent's; owners answer under that id. A
 * request has exactly one END or ERROR. A client that does not read loses its
 * connection at CONTROL_QUEUE_MAX bytes.
 */
#ifndef PARENT_CONTROL_H
#define PARENT_CONTROL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "parent/alerts.h"
#include "parent/reload.h"
#include "parent/supervise.h"
#include "sandbox/conf.h"

#define CONTROL_CLIENTS_MAX	32
#define CONTROL_ROOT_EXTRA	4	/* more, for uid 0 only */
#define CONTROL_FILES_KEPT	8	/* for children, reloads, files */
#define CONTROL_REQUESTS_MAX	16	/* of one client, unanswered */
#define CONTROL_QUEUE_MAX	(8 * 1024 * 1024)
#define CONTROL_RENDER_MAX	(256 * 1024 * 1024)	/* of -r: it must fit */
#define CONTROL_GREET_US	10000000	/* until HELLO */

struct control;

struct control_ops {
	/* path NULL: the configuration in force. -1 when one is under way. */
	int	(*reload)(const char *path, uint64_t cookie, void *);
	void	(*verbose)(uint32_t, void *);
	void	(*terminate)(void *);
	/* One line for the log. */
	void	(*say)(enum log_level, const char *, void *);
};

struct control_conf {
	struct event_base *base;
	struct supervise *supervise;
	struct alerts	*alerts;
	struct tally	*tally;		/* the parent's own */
	uint64_t	 epoch;		/* wall clock of the start */
	uint64_t	 start_us;	/* monotonic */
	const char	*jail;		/* the parent's, for show processes */
	bool		 obey_own_user;
	const struct control_ops *ops;
	void		*arg;
};

struct control	*control_new(const struct control_conf *);
void		 control_free(struct control *);
/* Accepts on fd; -1 without memory. */
int		 control_serve(struct control *, int fd);
/* Takes no more clients. */
void		 control_close(struct control *);
/* A client that is there already: the renderer. */
int		 control_adopt(struct control *, int fd);
void		 control_set_conf(struct control *, const struct conf *,
		    uint64_t wall_us);
/* Call once a second. */
void		 control_tick(struct control *, uint64_t now_us);

/* From supervise: a child's answer, an alert, a live event, its loss. */
int		 control_answer(struct control *, enum role, struct frame *);
int		 control_alert(struct control *, struct frame *);
int		 control_monitor(struct control *, struct frame *);
void		 control_lost(struct control *, enum role);
/* A fresh child is READY. */
void		 control_fresh(struct control *, enum role);
/* A live event of the parent's own. */
void		 control_event(struct control *, const char *type,
		    const char *text);
/* The end of a reload that a client asked for. */
void		 control_reloaded(struct control *,
		    const struct reload_result *);

#endif
