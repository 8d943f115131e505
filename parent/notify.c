#include <sys/stat.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/notify.h"

static void
read_watchdog(struct notify *n)
{
	const char	*usec, *pid, *errstr;
	long long	 v;

	usec = getenv("WATCHDOG_USEC");
	pid = getenv("WATCHDOG_PID");
	if (usec == NULL)
		return;
	if (pid != NULL && compat_strtonum(pid, 1, INT32_MAX, &errstr) !=
	    (long long)getpid())
		return;
	v = compat_strtonum(usec, 1000, INT64_MAX, &errstr);
	if (errstr == NULL)
		n->watchdog_us = (uint64_t)v;
}

bool
notify_is_journal(int fd)
{
	const char	*stream = getenv("JOURNAL_STREAM");
	struct stat	 st;
	char		 mine[64];

	if (stream == NULL || fstat(fd, &st) == -1)
		return false;
	snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, mine) == 0;
}

void
notify_init(struct notify *n)
{
	const char	*path;
	size_t		 len;

	memset(n, 0, sizeof(*n));
	n->fd = -1;
	path = getenv("NOTIFY_SOCKET");
	if (path != NULL && (*path == '/' || *path == '@') &&
	    (len = strlen(path)) < sizeof(n->to.sun_path)) {
		n->to.sun_family = AF_UNIX;
		memcpy(n->to.sun_path, path, len);
		if (*path == '@')
			n->to.sun_path[0] = '\0';	/* abstract */
		n->fd = socket(AF_UNIX,
		    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (n->fd != -1)
			n->len = (socklen_t)(offsetof(struct sockaddr_un,
			    sun_path) + len);
		read_watchdog(n);
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_send(struct notify *n, const char *fmt, ...)
{
	char	 text[512];
	va_list	 ap;

	if (n->len == 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sendto(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (struct sockaddr *)&n->to, n->len);
}
