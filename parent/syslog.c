#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parent/syslog.h"
#include "sandbox/compat.h"
#include "sandbox/proc.h"

#define RETRY_US	1000000
#define DAEMON		3

void
syslog_init(struct syslog *s, const char *path, struct tally *t)
{
	memset(s, 0, sizeof(*s));
	s->path = path;
	s->fd = -1;
	s->facility = DAEMON;
	s->tally = t;
}

void
syslog_clear(struct syslog *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

static int
reach(struct syslog *s)
{
	struct sockaddr_un	 sun;
	uint64_t		 now = proc_mono_us();

	if (s->fd != -1)
		return 0;
	if (now < s->retry_us)
		return -1;
	s->retry_us = now + RETRY_US;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	compat_strlcpy(sun.sun_path, s->path, sizeof(sun.sun_path));
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd == -1)
		return -1;
	if (connect(s->fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		syslog_clear(s);
		return -1;
	}
	return 0;
}

/* Cuts in front of a UTF-8 character, never inside. */
static void
cut(char *line)
{
	size_t	 n = SYSLOG_MAX - 4;

	while (n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80)
		n--;
	memcpy(line + n, "...", 4);
}

static int
transmit(struct syslog *s, enum log_level level, const char *line)
{
	char		 out[SYSLOG_MAX + LOG_LINE_MAX], when[32];
	struct tm	 tm;
	time_t		 now;
	int		 n;

	if (reach(s) == -1)
		return -1;
	now = time(NULL);
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	n = snprintf(out, sizeof(out), "<%u>%s netmond[%ld]: %s",
	    s->facility * 8 + (unsigned)level, when, (long)getpid(), line);
	if (n >= SYSLOG_MAX)
		cut(out);
	if (send(s->fd, out, strlen(out), MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
		return 0;
	/* A slow one keeps its socket; one that went away is looked for. */
	if (errno != EAGAIN && errno != ENOBUFS) {
		syslog_clear(s);
		if (reach(s) == 0 && send(s->fd, out, strlen(out),
		    MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
			return 0;
	}
	return -1;
}

bool
syslog_send(struct syslog *s, enum log_level level, const char *line)
{
	char		 note[80];
	uint64_t	 lost = s->lost;

	if (lost > 0) {
		snprintf(note, sizeof(note),
		    "%" PRIu64 " lines could not be sent", lost);
		if (transmit(s, LOG_LEVEL_WARNING, note) == 0)
			s->lost = 0;
	}
	if (transmit(s, level, line) == 0)
		return true;
	s->lost++;
	tally_add(s->tally, TALLY_PAR_LOG_LOST, 1);
	return false;
}
