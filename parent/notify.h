/*
 * notify: what a service manager wants to hear (sd_notify(3)), by hand.
 * Without NOTIFY_SOCKET all calls do nothing.
 */
#ifndef PARENT_NOTIFY_H
#define PARENT_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/compat.h"

struct notify {
	struct sockaddr_un	 to;
	socklen_t		 len;		/* 0: nobody listens */
	int			 fd;
	uint64_t		 watchdog_us;	/* 0: none; ping at half */
};

/*
 * Whether what is written to the descriptor goes to the journal: JOURNAL_STREAM
 * of systemd.exec(5) has its device and inode, in decimal.
 */
bool	 notify_is_journal(int fd);
/* Reads and removes the environment variables. */
void	 notify_init(struct notify *);
/* "READY=1\nSTATUS=...": lines of assignments. */
void	 notify_send(struct notify *, const char *fmt, ...) PRINTFLIKE(2, 3);

#endif
