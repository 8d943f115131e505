/*
 * ifaces: the table of interfaces: what ifwatch told, what ifselect chose,
 * and the open handle of each. Capture drives it and is told what changed.
 *
 * An entry belongs to one kernel index from its appearance to its end. A
 * handle stays open while its interface is down (it goes on by itself) and is
 * opened anew after a rename, because libpcap asks for the state of the
 * interface by name.
 *
 * The kernel takes 10 to 30 ms to open or close a handle. So all of that
 * happens in ifaces_settle, which ends after turn_us with more set: hundreds
 * of interfaces that come or go at once must not keep capture from its
 * packets and its heartbeat.
 */
#ifndef CAPTURE_IFACES_H
#define CAPTURE_IFACES_H

#include <sys/queue.h>

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/ifselect.h"
#include "capture/ifwatch.h"
#include "capture/source.h"
#include "sandbox/conf.h"
#include "sandbox/msg.h"
#include "sandbox/tally.h"

#define IFACES_MAX	(MSG_IFACES_MAX - 1)	/* 0 is no id */
#define IFACES_WHY_MAX	128

/*
 * Each ring has a timer of the kernel's that runs also when nothing comes.
 * Hundreds of them would eat a processor, so they go slower: two blocks must
 * still fit into the 50 ms after which the analyzer calls a hole a gap.
 */
#define IFACES_BLOCK_MS		10
#define IFACES_SLOW_MS		20
#define IFACES_SLOW		128	/* from so many open ones on */

struct ifaces;

struct iface {
	TAILQ_ENTRY(iface)	 entry;
	struct ifaces		*all;
	struct ifwatch_link	 link;
	struct source		*source;
	struct event		*ev;
	char			 opened[IFWATCH_NAME_MAX]; /* source's name */
	uint16_t		 opened_arphrd;	/* and its link layer */
	struct conf_interface	 options;	/* source's options */
	uint64_t		 ring;
	struct source_stats	 before;	/* of handles closed since */
	struct source_stats	 counted;	/* in the tallies already */
	uint64_t		 sent;		/* packets put into batches */
	uint64_t		 from_us;	/* before: of the last handle */
	uint64_t		 retry_us;	/* not before, 0 now */
	unsigned		 tries;		/* that failed, in a row */
	uint32_t		 dump;		/* number of the last dump */
	uint16_t		 id;
	enum ifselect		 select;
	enum source_error	 error;
	bool			 changed;	/* IFACE is to be sent */
	bool			 closing;	/* source is of no more use */
	char			 why[IFACES_WHY_MAX];
};

struct ifaces {
	TAILQ_HEAD(, iface)	 list;
	struct event_base	*base;
	const struct conf	*conf;
	struct tally		*tally;
	void			(*readable)(struct iface *, void *arg);
	/* A handle that another one replaces: its packets before until_us. */
	void			(*rest)(struct iface *, struct source *,
				    uint64_t until_us, void *arg);
	/* A line about an interface, as logged. */
	void			(*said)(void *arg, const char *line);
	void			*arg;
	struct iface		*found;		/* by an index, the last one */
	uint64_t		 turn_us;	/* what a settle may take */
	uint64_t		 until_us;	/* of the one under way */
	bool			 more;		/* it could not do all */
	bool			 reading;	/* events are added */
	bool			 refused;	/* one too many, and said so */
	size_t			 n;
	size_t			 open;
	uint16_t		 last_id;
};

void	 ifaces_init(struct ifaces *);

/*
 * From ifwatch: an interface as it is now. dump is the number of the dump
 * under way or of the last one, for events too: they are newer than it.
 */
void	 ifaces_update(struct ifaces *, const struct ifwatch_link *,
	    uint32_t dump);
void	 ifaces_gone(struct ifaces *, uint32_t index);
/* After a complete dump: what it did not name is gone. */
void	 ifaces_sweep(struct ifaces *, uint32_t dump);
/* Forgets entries that are gone, closed, and whose end was told. */
void	 ifaces_forget_gone(struct ifaces *);
/* Chooses again, opens and closes. After every change, and each second. */
void	 ifaces_settle(struct ifaces *, uint64_t now_us);
/* A new configuration: filters, options and choice. */
void	 ifaces_reconfigure(struct ifaces *, const struct conf *,
	    uint64_t now_us);
/* The handle is of no more use: it is opened again later. */
void	 ifaces_failed(struct iface *, const char *why, uint64_t now_us);

/* Starts and stops reading from all handles. */
void	 ifaces_read(struct ifaces *, bool on);
/* Reads the counters of all handles into entries and tallies. */
void	 ifaces_count(struct ifaces *);

/* The IFACE and CAPSTAT messages of an entry. */
void	 ifaces_message(const struct iface *, struct msg_iface *);
void	 ifaces_capstat(const struct iface *, struct msg_capstat *);

#endif
