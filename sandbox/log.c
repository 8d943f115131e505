#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/log.h"

#define TROUBLE_FIRST_US	10000000
#define TROUBLE_MOST_US		600000000

static struct {
	log_fn		*fn;
	void		*arg;
	const char	*name;
	int		 verbose;
} logger = { NULL, NULL, "netmond", 0 };

void
log_init(log_fn *fn, void *arg)
{
	logger.fn = fn;
	logger.arg = arg;
}

void
log_procinit(const char *name)
{
	logger.name = name;
}

void
log_setverbose(int v)
{
	logger.verbose = v;
}

int
log_getverbose(void)
{
	return logger.verbose;
}

static void
emit(enum log_level level, int errnum, const char *fmt, va_list ap)
{
	char	 line[LOG_LINE_MAX];
	size_t	 n;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(line, sizeof(line), fmt, ap);
#pragma GCC diagnostic pop
	n = strlen(line);
	if (errnum != 0)
		snprintf(line + n, sizeof(line) - n, ": %s", strerror(errnum));
	if (logger.fn != NULL)
		logger.fn(level, line, logger.arg);
	else
		dprintf(STDERR_FILENO, "%s: %s\n", logger.name, line);
}

#define EMIT(level, errnum) do {			\
	va_list	 ap;					\
							\
	va_start(ap, fmt);				\
	emit(level, errnum, fmt, ap);			\
	va_end(ap);					\
} while (0)

void
log_warn(const char *fmt, ...)
{
	int	 saved = errno;

	EMIT(LOG_LEVEL_WARNING, saved);
	errno = saved;
}

void
log_warnx(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_WARNING, 0);
}

void
log_notice(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_NOTICE, 0);
}

void
log_info(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_INFO, 0);
}

void
log_debug(const char *fmt, ...)
{
	if (logger.verbose)
		EMIT(LOG_LEVEL_DEBUG, 0);
}

void
log_relay(enum log_level level, const char *fmt, ...)
{
	EMIT(level, 0);
}

void
fatal(const char *fmt, ...)
{
	int	 saved = errno;

	EMIT(LOG_LEVEL_ERR, saved);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_ERR, 0);
	exit(1);
}

bool
log_allowed(struct log_rate *r, uint64_t now_us, uint64_t every_us,
    uint64_t *missed)
{
	return log_burst(r, now_us, every_us, 1, missed);
}

/* Each line moves the time on at which none of the burst is used up. */
bool
log_burst(struct log_rate *r, uint64_t now_us, uint64_t every_us,
    unsigned burst, uint64_t *missed)
{
	if (r->next_us < now_us)
		r->next_us = now_us;
	if (r->next_us - now_us > every_us * (burst - 1)) {
		r->held++;
		return false;
	}
	r->next_us += every_us;
	*missed = r->held;
	r->held = 0;
	return true;
}

bool
log_trouble(struct log_trouble *t, uint64_t now_us)
{
	if (t->ended_us != 0 && now_us - t->ended_us >= t->wait_us)
		t->next_us = t->wait_us = 0;
	t->ended_us = 0;
	if (now_us < t->next_us)
		return false;
	t->wait_us = t->wait_us == 0 ? TROUBLE_FIRST_US : t->wait_us * 2;
	if (t->wait_us > TROUBLE_MOST_US)
		t->wait_us = TROUBLE_MOST_US;
	t->next_us = now_us + t->wait_us;
	t->told = true;
	return true;
}

bool
log_trouble_over(struct log_trouble *t, uint64_t now_us)
{
	bool	 told = t->told;

	t->ended_us = now_us;
	t->told = false;
	return told;
}
