#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui/out.h"

void
out_init(struct out *o)
{
	memset(o, 0, sizeof(*o));
}

void
out_clear(struct out *o)
{
	free(o->p);
	out_init(o);
}

void
out_reset(struct out *o)
{
	o->len = 0;
	o->err = false;
	o->why = 0;
	if (o->p != NULL)
		o->p[0] = '\0';
}

void
out_stream(struct out *o, int fd)
{
	o->fd = fd;
}

void
out_cut(struct out *o, size_t len)
{
	if (len >= o->len)
		return;
	o->len = len;
	o->p[len] = '\0';
}

bool
out_room(struct out *o, size_t n)
{
	size_t	 cap;
	char	*p;

	if (o->err)
		return false;
	if (o->fd != 0 && o->len >= OUT_PIECE && out_flush(o, o->fd) == -1) {
		o->err = true;
		o->why = errno;
		return false;
	}
	if (n < o->cap - o->len)
		return true;
	cap = o->cap == 0 ? 4096 : o->cap;
	while (n >= cap - o->len) {
		if (cap > SIZE_MAX / 2) {
			o->err = true;
			return false;
		}
		cap *= 2;
	}
	if ((p = realloc(o->p, cap)) == NULL) {
		o->err = true;
		return false;
	}
	o->p = p;
	o->cap = cap;
	return true;
}

void
out_str(struct out *o, const char *s)
{
	out_put(o, s, strlen(s));
}

void
out_char(struct out *o, char c, size_t times)
{
	char	*p = out_space(o, times);

	if (p != NULL)
		memset(p, c, times);
}

void
out_printf(struct out *o, const char *fmt, ...)
{
	va_list	 ap;
	char	*p;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		o->err = true;
		return;
	}
	if ((p = out_space(o, (size_t)n)) == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
}

void
out_vis(struct out *o, enum vis_form form, const void *src, size_t n)
{
	const char	*p = src;
	char		 b[1024];
	size_t		 used;

	for (; n > 0; p += used, n -= used) {
		if ((used = vis_plain(p, n)) > 0) {
			out_put(o, p, used);
			continue;
		}
		used = vis_put(form, b, sizeof(b), p, n);
		out_str(o, b);
	}
}

int
out_flush(struct out *o, int fd)
{
	struct pollfd	 pfd;
	ssize_t		 w;
	size_t		 at;

	if (o->err) {
		errno = o->why != 0 ? o->why : ENOMEM;
		return -1;
	}
	for (at = 0; at < o->len; at += (size_t)w) {
		if ((w = write(fd, o->p + at, o->len - at)) >= 0)
			continue;
		w = 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
		pfd.fd = fd;
		pfd.events = POLLOUT;
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			return -1;
	}
	out_reset(o);
	return 0;
}
