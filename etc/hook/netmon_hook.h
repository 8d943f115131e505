/*
 * Copyright (c) 2026 the netmon authors
 *
 * Permission to use, copy, modify, and/or distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * netmon_hook: a program for netmonctl hook in C99 or C++, version 1 of the
 * protocol of netmon-hook(7). Include it in one file, and give a function:
 *
 *	static enum netmon_verdict
 *	judge(struct netmon_chunk *c, void *arg)
 *	{
 *		return memcmp(c->data, "PUT ", 4) == 0 ? NETMON_DROP :
 *		    NETMON_KEEP;
 *	}
 *
 *	int
 *	main(void)
 *	{
 *		return netmon_hook_run(judge, NULL, NULL);
 *	}
 *
 * Standard input and output are the mirror's: what the program prints goes
 * to standard error instead. netmon_hook.py is the same for Python.
 */
#ifndef NETMON_HOOK_H
#define NETMON_HOOK_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NETMON_HOOK_VERSION	1
#define NETMON_DATA_MAX		65536	/* of a chunk */
#define NETMON_ANSWER_MAX	98304	/* of what it is changed into */

enum netmon_verdict {
	NETMON_KEEP,		/* as it is */
	NETMON_CHANGE,		/* into data, len; no bytes are a drop */
	NETMON_DROP,		/* with a head the rest of its message */
	NETMON_ERROR		/* the mirror's error policy */
};

enum netmon_direction {
	NETMON_TO = 1,		/* to the observed port */
	NETMON_FROM = 2,
	NETMON_UNKNOWN = 3
};

struct netmon_chunk {
	/*
	 * May be written to, up to NETMON_ANSWER_MAX, or be set to bytes of
	 * the program's own. Never NULL; holds until judge returns.
	 */
	uint8_t		*data;
	size_t		 len;
	char		 sender[64];	/* address:port */
	char		 receiver[64];
	char		 side[16];	/* "forward" or "record" */
	uint64_t	 seen_ns;	/* since 1970 */
	uint64_t	 seq;		/* 0 where a connection ends */
	int		 direction;
	int		 gap;		/* bytes are missing before it */
	int		 truncated;	/* of a packet that was captured cut */
	int		 last;
};

typedef enum netmon_verdict netmon_judge(struct netmon_chunk *, void *);
typedef void netmon_ended(const struct netmon_chunk *, void *);

/*
 * Asks judge about each chunk and tells ended, unless that is NULL, of each
 * connection that is over; both are given the last argument. Returns what
 * main shall: 0 when the mirror is done, 76 when it speaks another version or
 * what is no message, 71 on trouble of the system. Why is said.
 */
static int netmon_hook_run(netmon_judge *, netmon_ended *, void *);

/* ---- what follows is nobody's business ---- */

#define NETMON_HOOK_PROTOCOL_	76
#define NETMON_HOOK_OS_		71
#define NETMON_HOOK_ROOM_	(256 + NETMON_ANSWER_MAX)

struct netmon_hook_ {
	int		 out;
	int		 greeted;
	char		 side[16];
	uint8_t		*body;		/* NETMON_HOOK_ROOM_ */
};

static int
netmon_hook_fail_(const char *what, unsigned long n, int status)
{
	fprintf(stderr, "netmon_hook: %s (%lu)\n", what, n);
	return status;
}

/* Up to n bytes, fewer at the end of the input; -1: it cannot be read. */
static long
netmon_hook_read_(uint8_t *p, size_t n)
{
	size_t	 got = 0;
	ssize_t	 r;

	while (got < n) {
		r = read(STDIN_FILENO, p + got, n - got);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return r == 0 ? (long)got : -1;
		got += (size_t)r;
	}
	return (long)got;
}

static int
netmon_hook_write_(int fd, const uint8_t *p, size_t n)
{
	ssize_t	 r;

	while (n > 0) {
		r = write(fd, p, n);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

static uint64_t
netmon_hook_get_(const uint8_t *p, size_t n)
{
	uint64_t	 v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static void
netmon_hook_put_(uint8_t *p, uint64_t v, size_t n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* The value of a member of the hello, up to its end; NULL: there is none. */
static const char *
netmon_hook_member_(const char *p, const char *end, const char *name)
{
	const char	*key;
	size_t		 n = strlen(name);
	int		 depth = 0;

	for (; p < end; p++) {
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		else if (*p == '"') {
			for (key = ++p; p < end && *p != '"'; p++)
				if (*p == '\\')
					p++;
			if (depth != 1 || p >= end || (size_t)(p - key) != n ||
			    memcmp(key, name, n) != 0)
				continue;
			for (p++; p < end && strchr(" \t\r\n", *p) != NULL;)
				p++;
			if (p == end || *p != ':')
				return NULL;
			for (p++; p < end && strchr(" \t\r\n", *p) != NULL;)
				p++;
			return p;
		}
	}
	return NULL;
}

static int
netmon_hook_hello_(struct netmon_hook_ *h, const uint8_t *p, size_t n)
{
	const char	*json = (const char *)p, *end = json + n, *v;
	unsigned long	 version = 0;
	size_t		 i;

	if ((v = netmon_hook_member_(json, end, "version")) != NULL)
		while (v < end && *v >= '0' && *v <= '9' && version < 10000)
			version = version * 10 + (unsigned long)(*v++ - '0');
	if (version != NETMON_HOOK_VERSION)
		return netmon_hook_fail_("another version of the protocol "
		    "is spoken", version, NETMON_HOOK_PROTOCOL_);
	v = netmon_hook_member_(json, end, "side");
	for (i = 0; v != NULL && v + 1 + i < end && v[1 + i] != '"' &&
	    i + 1 < sizeof(h->side); i++)
		h->side[i] = v[1 + i];
	h->side[i] = '\0';
	h->greeted = 1;
	return 0;
}

/* A text behind its length of two bytes, at *at of n; -1: not there. */
static int
netmon_hook_text_(const uint8_t *p, size_t n, size_t *at, char text[64])
{
	size_t	 len;

	if (n - *at < 2)
		return -1;
	len = (size_t)netmon_hook_get_(p + *at, 2);
	*at += 2;
	if (len > n - *at || len >= 64)
		return -1;
	memcpy(text, p + *at, len);
	text[len] = '\0';
	*at += len;
	return 0;
}

static int
netmon_hook_chunk_(struct netmon_hook_ *h, size_t n, struct netmon_chunk *c)
{
	uint8_t	*p = h->body;
	size_t	 at = 19;

	memset(c, 0, sizeof(*c));
	if (n < 23 || netmon_hook_text_(p, n, &at, c->sender) == -1 ||
	    netmon_hook_text_(p, n, &at, c->receiver) == -1 ||
	    n - at > NETMON_DATA_MAX)
		return -1;
	c->seq = netmon_hook_get_(p + 1, 8);
	c->seen_ns = netmon_hook_get_(p + 9, 8);
	c->direction = p[17];
	c->gap = (p[18] & 1) != 0;
	c->truncated = (p[18] & 2) != 0;
	c->last = (p[18] & 4) != 0;
	c->data = p + at;
	c->len = n - at;
	memcpy(c->side, h->side, sizeof(c->side));
	return 0;
}

/* The head of the answer goes before the data, over the chunk's. */
static int
netmon_hook_answer_(struct netmon_hook_ *h, const struct netmon_chunk *was,
    const struct netmon_chunk *c, enum netmon_verdict v)
{
	uint8_t	*p = was->data - 13;
	size_t	 len = v == NETMON_CHANGE ? c->len : 0;

	if ((unsigned)v > NETMON_ERROR || len > NETMON_ANSWER_MAX) {
		netmon_hook_fail_("no such verdict, or too much data",
		    len > 0 ? (unsigned long)len : (unsigned long)v, 0);
		v = NETMON_ERROR;
		len = 0;
	}
	if (len > 0)
		memmove(was->data, c->data, len);
	netmon_hook_put_(p, 9 + len, 4);
	netmon_hook_put_(p + 4, was->seq, 8);
	p[12] = (uint8_t)v;
	return netmon_hook_write_(h->out, p, 13 + len);
}

/* 0, or how it ends; -1: nobody waits for an answer any more. */
static int
netmon_hook_message_(struct netmon_hook_ *h, size_t n, netmon_judge *judge,
    netmon_ended *ended, void *arg)
{
	struct netmon_chunk	 was, c;
	uint8_t			 kind = h->body[0];

	if (kind == 1)
		return netmon_hook_hello_(h, h->body + 1, n - 1);
	if (!h->greeted)
		return netmon_hook_fail_("the first message is no hello",
		    kind, NETMON_HOOK_PROTOCOL_);
	if (kind != 2 && kind != 3)
		return 0;
	if (netmon_hook_chunk_(h, n, &was) == -1)
		return netmon_hook_fail_("a chunk is none", (unsigned long)n,
		    NETMON_HOOK_PROTOCOL_);
	c = was;
	if (kind == 2)
		return netmon_hook_answer_(h, &was, &c, judge(&c, arg));
	if (ended != NULL)
		ended(&c, arg);
	return 0;
}

static int
netmon_hook_loop_(struct netmon_hook_ *h, netmon_judge *judge,
    netmon_ended *ended, void *arg)
{
	uint8_t	 head[4];
	size_t	 n;
	long	 got;
	int	 status;

	for (;;) {
		if ((got = netmon_hook_read_(head, 4)) == 0)
			return 0;
		if (got == -1)
			break;
		n = (size_t)netmon_hook_get_(head, 4);
		if (got == 4 && (n == 0 || n > NETMON_HOOK_ROOM_))
			return netmon_hook_fail_("a message has a wrong "
			    "length", (unsigned long)n,
			    NETMON_HOOK_PROTOCOL_);
		if (got == 4 && (got = netmon_hook_read_(h->body, n)) == -1)
			break;
		if ((size_t)got != n)
			return netmon_hook_fail_("the input ends within a "
			    "message", (unsigned long)got,
			    NETMON_HOOK_PROTOCOL_);
		status = netmon_hook_message_(h, n, judge, ended, arg);
		if (status != 0)
			return status == -1 ? 0 : status;
	}
	return netmon_hook_fail_(strerror(errno), (unsigned long)errno,
	    NETMON_HOOK_OS_);
}

static int
netmon_hook_run(netmon_judge *judge, netmon_ended *ended, void *arg)
{
	struct netmon_hook_	 h;
	int			 status;

	memset(&h, 0, sizeof(h));
	signal(SIGPIPE, SIG_IGN);
	fflush(stdout);
	if ((h.body = (uint8_t *)malloc(NETMON_HOOK_ROOM_)) == NULL ||
	    (h.out = dup(STDOUT_FILENO)) == -1 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) == -1) {
		free(h.body);
		return netmon_hook_fail_(strerror(errno),
		    (unsigned long)errno, NETMON_HOOK_OS_);
	}
	status = netmon_hook_loop_(&h, judge, ended, arg);
	close(h.out);
	free(h.body);
	return status;
}

#endif
