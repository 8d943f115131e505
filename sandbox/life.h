/*
 * life: what the files of the process life share, and nobody else: start and
 * end (proc.c), what the parent tells (proc_heard.c), neighbours
 * (proc_link.c).
 */
#ifndef SANDBOX_LIFE_H
#define SANDBOX_LIFE_H

#include <sys/queue.h>

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/chan.h"
#include "sandbox/conf.h"
#include "sandbox/frame.h"
#include "sandbox/role.h"

struct proc;

#define LIFE_HANDLERS	48
#define LIFE_SMALL	2048		/* the body of a small frame */

/* A request that waits for the end of the data. */
struct held {
	TAILQ_ENTRY(held)	 entry;
	struct frame		 frame;
	uint8_t			 body[];
};

struct proc_priv {
	struct handler	 table[ROLE_MAX][LIFE_HANDLERS];
	uint32_t	 peer_gen[ROLE_MAX];
	bool		 faulted[ROLE_MAX];
	struct event	*ev_tick;
	uint8_t		*conf;		/* packed, being received */
	size_t		 conflen;
	struct conf	*pending;	/* between CONF and COMMIT */
	uint8_t		*restore;	/* slots, before init */
	size_t		 restorelen;
	struct shm	*out[ROLE_MAX];	/* by neighbour; see chan.h */
	struct shm	*in[ROLE_MAX];
	bool		 greeted;	/* HELLO came */
	bool		 started;	/* all of the start came */
	bool		 running;
	bool		 ended;		/* offline: no more data */
	TAILQ_HEAD(, held) held;
	size_t		 nheld;
	int		 landlock;
	int		 status;
	uint8_t		 small[FRAME_HDR + LIFE_SMALL];
	uint8_t		 big[FRAME_MAX];
};

/* ---- proc.c ---- */

/* A text to the parent: LOG, FAULT, REFUSED. */
void	 life_text(struct proc *, uint16_t type, uint32_t number, const char *);

/* ---- proc_heard.c ---- */

extern const struct handler life_from_parent[];
/* Behind the role's own rows. */
extern const struct handler life_from_parent_rest[];

/* ---- proc_link.c ---- */

extern const struct handler life_from_neighbour[];
void	 life_send_link(struct proc *, enum role peer);
void	 life_on_fault(struct chan *, enum chan_fault, const char *, void *);
void	 life_on_drained(struct chan *, void *);
/* The role's own handler of a type, or NULL. */
const struct handler *life_handler(const struct proc *, enum role peer,
	    uint16_t type);
/* Offline: held back until the end of the data. */
int	 life_on_show(struct chan *, struct frame *, void *);
int	 life_on_data_end(struct chan *, struct frame *, void *);

#endif
