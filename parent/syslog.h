/*
 * syslog: lines to the local syslog socket as non-blocking datagrams.
 *
 * libc's syslog(3) blocks when nobody reads, so this is our own. A line that
 * the socket does not take is counted, and the number is said when it takes
 * lines again. A missing or restarted syslogd is looked for once a second.
 */
#ifndef PARENT_SYSLOG_H
#define PARENT_SYSLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/log.h"
#include "sandbox/tally.h"

#define SYSLOG_PATH	"/dev/log"
#define SYSLOG_MAX	1024	/* bytes of a datagram */

struct syslog {
	const char	*path;
	int		 fd;
	unsigned	 facility;	/* number, not shifted */
	uint64_t	 lost;		/* since the last line that went out */
	uint64_t	 retry_us;
	struct tally	*tally;
};

void	 syslog_init(struct syslog *, const char *path, struct tally *);
void	 syslog_clear(struct syslog *);
/*
 * The line must have passed vis. It is cut at a character with "...". False:
 * it was lost.
 */
bool	 syslog_send(struct syslog *, enum log_level, const char *line);

#endif
