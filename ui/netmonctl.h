/*
 * netmonctl: what the actions of the client share. One struct per process,
 * made in main and passed down.
 */
#ifndef UI_NETMONCTL_H
#define UI_NETMONCTL_H

#include <stdbool.h>

#include "ui/client.h"
#include "ui/command.h"
#include "ui/doc.h"
#include "ui/out.h"
#include "ui/view.h"

struct ctl {
	struct client	 client;
	const char	*socket;	/* path */
	int		 fd;		/* -s fd:N, else -1 */
	bool		 json;		/* -j */
	bool		 csv;		/* -c */
	double		 every;		/* -i seconds, 0: once */
	bool		 terminal;	/* stdout is one */
	struct view_opt	 opt;
	struct doc	 doc;
	struct out	 out;
};

/* Connects when it is not connected yet; an exit status. */
int	 ctl_connect(struct ctl *);
/* Says c->client.why on stderr; gives the status back. */
int	 ctl_complain(struct ctl *, int status);
/* Writes ctl->out to stdout. -1 when the reader is gone or the disk full. */
int	 ctl_flush(struct ctl *);
/* One SHOW request into ctl->doc, which is emptied first. */
int	 ctl_ask(struct ctl *, const struct msg_show *);

/* Hostname of this machine for RFC 5424, "" when unknown. */
const char *ctl_hostname(char *, size_t);

/* ui/watch.c: netmonctl alerts, netmonctl monitor. */
int	 watch_alerts(struct ctl *, int argc, char **argv);
int	 watch_monitor(struct ctl *, int argc, char **argv);
/* ui/view_console.c: netmonctl top. */
int	 console_run(struct ctl *);

#endif
