#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/jail.h"
#include "sandbox/log.h"
#include "sandbox/policy.h"
#include "sandbox/priv.h"
#include "sandbox/proc.h"
#include "ui/webhead.h"
#include "ui/webmsg.h"
#include "ui/webpage.h"
#include "ui/webserve.h"

#define CONNS_MAX	64
#define CONNS_EACH	16		/* from one address */
#define ASKED_MAX	8		/* pages; its queue has room for ten */
#define ASKED_EACH	2		/* for one address */
#define PAGES_MAX	(128 << 20)	/* bytes of pages that wait */
#define PAGES_EACH	(32 << 20)	/* for one address */
#define HEAD_SECONDS	10		/* from the connection to its head */
#define ASK_SECONDS	70		/* more than the daemon is given */
#define SEND_SECONDS	60
#define CLOSE_SECONDS	2		/* for what the client still sends */
#define MEMORY_MAX	(1ULL << 30)	/* bytes it may map */
#define NAP_MS		100		/* when nothing can be accepted */
#define LINE_US		60000000	/* between lines about refusals */

enum state { HEAD, WAITING, ASKED, SENDING, CLOSING };

enum refusal { STRANGER, TOO_MANY, TOO_MANY_EACH, TOO_LONG, TOO_LONG_EACH,
	REFUSALS };

struct conn {
	struct conn	*next;
	struct server	*s;
	struct bufferevent *bev;
	struct event	*deadline;
	struct addr	 from;
	enum state	 state;
	uint32_t	 id;
	bool		 head;		/* HEAD */
	bool		 gone;		/* but what it asked for comes yet */
	uint64_t	 page;		/* bytes of it that we hold */
};

struct server {
	const struct webserve_conf *conf;
	struct event_base *base;
	struct conn	*conns;
	size_t		 nconns;
	uint64_t	 pages;
	uint32_t	 last_id;
	struct log_rate	 refused[REFUSALS];
	struct out	 out;
};

static const char *
reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 414:
		return "URI Too Long";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Error";
	}
}

/* What a person sees of it who looked with a browser. */
static const char *
explanation(unsigned status)
{
	switch (status) {
	case 400:
		return "this was no request of HTTP/1, or did not say which "
		    "host it is for";
	case 403:
		return "netmonweb does not know itself by this name: use an "
		    "address, or start it with -n and the name";
	case 405:
		return "only GET and HEAD: nothing can be changed here";
	case 414:
		return "the address of the page is too long: ask for less at "
		    "a time";
	case 431:
		return "the head of the request is too long: perhaps there are "
		    "cookies of others at this address; use another name of "
		    "it, or delete them";
	case 500:
		return "the page could not be made: see what netmonweb logged";
	case 503:
		return "netmonweb has too much to do, or netmond does not "
		    "answer";
	case 505:
		return "only HTTP/1 is spoken here";
	default:
		return reason(status);
	}
}

/* ---- connections ---- */

static void
conn_free(struct conn *c)
{
	struct conn	**p;

	for (p = &c->s->conns; *p != c; p = &(*p)->next)
		continue;
	*p = c->next;
	c->s->nconns--;
	c->s->pages -= c->page;
	if (c->deadline != NULL)
		event_free(c->deadline);
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	free(c);
}

static void
enter(struct conn *c, enum state state, time_t seconds)
{
	const struct timeval	 tv = { .tv_sec = seconds };

	c->state = state;
	event_add(c->deadline, &tv);
}

/* The line that a status begins with, and what browsers shall keep to. */
static void
put_head(struct conn *c, unsigned status, const char *type, uint64_t len)
{
	struct evbuffer	*out = bufferevent_get_output(c->bev);
	struct tm	 tm;
	time_t		 now = time(NULL);
	char		 date[48] = "";

	if (gmtime_r(&now, &tm) != NULL)
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	evbuffer_add_printf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\n"
	    "Content-Type: %s\r\nContent-Length: %" PRIu64 "\r\n"
	    "Connection: close\r\nCache-Control: no-store\r\n"
	    "Content-Security-Policy: default-src 'none'; "
	    "style-src 'unsafe-inline'; form-action 'self'; "
	    "frame-ancestors 'none'; base-uri 'none'\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Referrer-Policy: no-referrer\r\n"
	    "Cross-Origin-Resource-Policy: same-origin\r\n%s\r\n",
	    status, reason(status), date, type, len,
	    status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

/* A page of our own. */
static void
refuse(struct conn *c, unsigned status)
{
	struct out		*o = &c->s->out;
	const struct weburl	 none = { 0 };

	out_reset(o);
	webpage_sorry(o, &none, c->s->conf->node, explanation(status),
	    status == 503);
	put_head(c, status, "text/html; charset=utf-8", o->len);
	if (!c->head && o->len > 0)
		evbuffer_add(bufferevent_get_output(c->bev), o->p, o->len);
	enter(c, SENDING, SEND_SECONDS);
}

/* One who asks for much must not keep others from asking at all. */
static bool
may_ask(const struct conn *c)
{
	const struct conn	*o;
	size_t			 n = 0, each = 0;

	for (o = c->s->conns; o != NULL; o = o->next) {
		if (o->state != ASKED)
			continue;
		n++;
		each += addr_cmp(&o->from, &c->from) == 0;
	}
	return n < ASKED_MAX && each < ASKED_EACH;
}

/* Who waited has a deadline, and keeps it. */
static void
ask(struct conn *c, const struct webhead *h)
{
	struct webmsg_request	 r;

	memset(&r, 0, sizeof(r));
	r.id = c->id = ++c->s->last_id;
	r.openmetrics = h->openmetrics;
	r.len = (uint16_t)h->target_len;
	memcpy(r.target, h->target, h->target_len);
	if (webmsg_send(POLICY_FD_PARENT, &r, sizeof(r), -1) == -1)
		refuse(c, 503);
	else if (c->state == WAITING)
		c->state = ASKED;
	else
		enter(c, ASKED, ASK_SECONDS);
}

/* The head stays where it is until its turn. */
static void
take_head(struct conn *c)
{
	struct evbuffer	*in = bufferevent_get_input(c->bev);
	struct webhead	 h;
	const char	*p;
	size_t		 n = evbuffer_get_length(in), len;
	int		 status;

	p = (const char *)evbuffer_pullup(in, -1);
	len = p == NULL ? 0 : webhead_end(p, n);
	if (len == 0 && n < WEBHEAD_MAX)
		return;
	memset(&h, 0, sizeof(h));
	status = len == 0 || len > WEBHEAD_MAX ? 431 :
	    webhead_parse(p, len, &h);
	c->head = h.head;
	if (status == 0) {
		if (h.target_len > WEBURL_MAX)
			status = 414;
		else if (!webhead_ours(&h, c->s->conf->name,
		    c->s->conf->nnames))
			status = 403;
	}
	if (status == 0 && !may_ask(c)) {
		enter(c, WAITING, ASK_SECONDS);
		return;
	}
	if (status != 0)
		refuse(c, (unsigned)status);
	else
		ask(c, &h);
	evbuffer_drain(in, n);
}

/* Those who wait, the oldest first. */
static void
ask_more(struct server *s)
{
	struct conn	*c, *next;

	do {
		next = NULL;
		for (c = s->conns; c != NULL; c = c->next)
			if (c->state == WAITING && may_ask(c))
				next = c;
		if (next != NULL)
			take_head(next);
	} while (next != NULL);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct conn	*c = arg;
	struct evbuffer	*in = bufferevent_get_input(bev);

	if (c->state == HEAD)
		take_head(c);
	else if (c->state != WAITING)
		evbuffer_drain(in, evbuffer_get_length(in));
}

/* All is written: what comes in now would else be answered by a reset. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	struct conn	*c = arg;

	if (c->state != SENDING ||
	    evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	shutdown(bufferevent_getfd(bev), SHUT_WR);
	enter(c, CLOSING, CLOSE_SECONDS);
}

/* One may have ended what it says and wait for the page. */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn	*c = arg;

	if ((what & BEV_EVENT_ERROR) != 0 && c->state == ASKED) {
		c->gone = true;
		bufferevent_disable(bev, EV_READ | EV_WRITE);
	} else if ((what & BEV_EVENT_ERROR) != 0 || c->state == HEAD ||
	    c->state == CLOSING)
		conn_free(c);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn	*c = arg;
	struct server	*s = c->s;

	(void)fd;
	(void)what;
	if ((c->state == ASKED || c->state == WAITING) && !c->gone)
		refuse(c, 503);
	else
		conn_free(c);
	ask_more(s);
}

/* ---- who may connect ---- */

static void
log_refusal(struct server *s, enum refusal why, const struct addr *from)
{
	static const char *const	 text[REFUSALS] = {
		[STRANGER]	= "it is in no network of -a",
		[TOO_MANY]	= "there are as many as there may be",
		[TOO_MANY_EACH]	= "it has as many as one may have",
		[TOO_LONG]	= "pages wait that are as long as may be",
		[TOO_LONG_EACH]	= "it reads its other pages slowly",
	};
	char				 a[ADDR_TEXT_MAX];
	uint64_t			 missed;

	if (log_allowed(&s->refused[why], proc_mono_us(), LINE_US, &missed))
		log_warnx("refused a %s %s: %s; %" PRIu64 " more since the "
		    "last line", why < TOO_LONG ? "connection from" :
		    "page to", addr_print(from, a, sizeof(a)), text[why],
		    missed);
}

static bool
may_connect(struct server *s, const struct addr *from)
{
	const struct webserve_conf	*conf = s->conf;
	const struct conn		*c;
	size_t				 i, each = 0;

	for (i = 0; i < conf->nnets; i++)
		if (addr_in(from, &conf->net[i].addr, conf->net[i].bits))
			break;
	for (c = s->conns; c != NULL; c = c->next)
		each += addr_cmp(&c->from, from) == 0;
	if (i == conf->nnets)
		log_refusal(s, STRANGER, from);
	else if (s->nconns >= CONNS_MAX)
		log_refusal(s, TOO_MANY, from);
	else if (each >= CONNS_EACH)
		log_refusal(s, TOO_MANY_EACH, from);
	else
		return true;
	return false;
}

static void
take_address(struct addr *a, const struct sockaddr_storage *ss)
{
	struct sockaddr_in	 in;
	struct sockaddr_in6	 in6;

	memset(a, 0, sizeof(*a));
	if (ss->ss_family == AF_INET) {
		memcpy(&in, ss, sizeof(in));
		addr_from4(a, (const uint8_t *)&in.sin_addr);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(&in6, ss, sizeof(in6));
		memcpy(a->b, &in6.sin6_addr, sizeof(a->b));
	}
}

static struct conn *
conn_new(struct server *s, int fd, const struct addr *from)
{
	struct conn	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return NULL;
	}
	c->s = s;
	c->from = *from;
	c->next = s->conns;
	s->conns = c;
	s->nconns++;
	c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		close(fd);
	c->deadline = evtimer_new(s->base, on_deadline, c);
	if (c->bev == NULL || c->deadline == NULL) {
		conn_free(c);
		return NULL;
	}
	return c;
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct server		*s = arg;
	struct sockaddr_storage	 ss;
	struct addr		 from;
	struct conn		*c;
	socklen_t		 len = sizeof(ss);
	int			 new;

	(void)what;
	memset(&ss, 0, sizeof(ss));
	new = accept4(fd, (struct sockaddr *)&ss, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (new == -1) {
		/* It is there still: do not run around in circles. */
		if (errno != EAGAIN && errno != ECONNABORTED)
			(void)poll(NULL, 0, NAP_MS);
		return;
	}
	take_address(&from, &ss);
	if (!may_connect(s, &from)) {
		close(new);
		return;
	}
	if ((c = conn_new(s, new, &from)) == NULL)
		return;
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, WEBHEAD_MAX);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	enter(c, HEAD, HEAD_SECONDS);
}

/* ---- pages ---- */

/* Who reads slowly keeps what others could have. */
static bool
may_keep(struct conn *c, uint64_t len)
{
	const struct conn	*o;
	uint64_t		 each = 0;

	for (o = c->s->conns; o != NULL; o = o->next)
		if (addr_cmp(&o->from, &c->from) == 0)
			each += o->page;
	if (each + len > PAGES_EACH)
		log_refusal(c->s, TOO_LONG_EACH, &c->from);
	else if (c->s->pages + len > PAGES_MAX)
		log_refusal(c->s, TOO_LONG, &c->from);
	else
		return true;
	return false;
}

/* 0, or the status of a page that says why it is not sent. */
static unsigned
why_not(struct conn *c, const struct webmsg_answer *a, int fd)
{
	if (fd == -1 || a->type >= WEBMSG_TYPES)
		return 500;
	return c->head || may_keep(c, a->len) ? 0 : 503;
}

static void
send_page(struct conn *c, const struct webmsg_answer *a, int fd)
{
	static const char *const	 types[WEBMSG_TYPES] = {
		[WEBMSG_HTML]	 = "text/html; charset=utf-8",
		[WEBMSG_JSON]	 = "application/json",
		[WEBMSG_CSV]	 = "text/csv; charset=utf-8; header=present",
		[WEBMSG_METRICS] = "text/plain; version=0.0.4; charset=utf-8",
		[WEBMSG_OPENMETRICS] = "application/openmetrics-text; "
				   "version=1.0.0; charset=utf-8",
	};
	const unsigned			 status = why_not(c, a, fd);

	if (status != 0) {
		if (fd != -1)
			close(fd);
		refuse(c, status);
		return;
	}
	put_head(c, a->status, types[a->type], a->len);
	if (c->head || a->len == 0)
		close(fd);
	else if (evbuffer_add_file(bufferevent_get_output(c->bev), fd, 0,
	    (ev_off_t)a->len) == -1) {
		close(fd);
		conn_free(c);
		return;
	} else {
		c->page = a->len;
		c->s->pages += a->len;
	}
	enter(c, SENDING, SEND_SECONDS);
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct server		*s = arg;
	struct webmsg_answer	 a;
	struct conn		*c;
	int			 n, page;

	(void)what;
	n = webmsg_recv(fd, &a, sizeof(a), &page);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (int)sizeof(a)) {
		event_base_loopbreak(s->base);	/* it is gone, and so are we */
		return;
	}
	for (c = s->conns; c != NULL; c = c->next)
		if (c->state == ASKED && c->id == a.id)
			break;
	if (c != NULL && !c->gone) {
		send_page(c, &a, page);
	} else {
		if (page != -1)
			close(page);
		if (c != NULL)
			conn_free(c);
	}
	ask_more(s);
}

/* ---- the process ---- */

static void
add_event(struct server *s, int fd, event_callback_fn fn)
{
	struct event	*ev;

	ev = event_new(s->base, fd, EV_READ | EV_PERSIST, fn, s);
	if (ev == NULL || event_add(ev, NULL) == -1)
		fatalx("out of memory");
}

int
webserve_run(const struct webserve_conf *conf)
{
	static struct server	 s;
	struct jail		 j;
	char			 why[160];
	size_t			 i;

	s.conf = conf;
	s.base = proc_event_base();
	out_init(&s.out);
	for (i = 0; i < conf->nlisten; i++)
		add_event(&s, conf->listen[i], on_accept);
	add_event(&s, POLICY_FD_PARENT, on_answer);
	memset(&j, 0, sizeof(j));
	j.role = ROLE_WEB;
	j.memory = MEMORY_MAX;
	if (priv_role(false) == -1)
		fatal("cannot give up privileges");
	if (jail_enter(&j, why, sizeof(why)) == -1)
		fatalx("%s", why);
	if (event_base_dispatch(s.base) == -1)
		fatalx("event loop");
	return 0;
}
