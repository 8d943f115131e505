#include <sys/mman.h>
#include <sys/resource.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/jail.h"
#include "sandbox/log.h"
#include "sandbox/priv.h"
#include "sandbox/proc.h"
#include "ui/client.h"
#include "ui/command.h"
#include "ui/compare.h"
#include "ui/history.h"
#include "ui/webask.h"
#include "ui/webmsg.h"
#include "ui/webpage.h"

#define PAGE_MAX	(32 << 20)	/* bytes of a page */
#define ANSWER_MAX	(16 << 20)	/* of the rows it is made of */
#define MEMORY_MAX	(1ULL << 30)	/* bytes it may map */

struct webask {
	const struct webask_conf *conf;
	struct client	 client;
	struct weburl	 url;
	struct doc	 doc;
	struct out	 out;
	char		 why[sizeof(((struct client *)0)->why)];
};

/* ---- the daemon ---- */

static int
connected(struct webask *w)
{
	return w->client.fd != -1 ? CLIENT_OK :
	    client_open(&w->client, w->conf->socket);
}

static int
ask_once(struct webask *w, const struct msg_show *s)
{
	int	 status;

	doc_reset(&w->doc);
	if ((status = connected(w)) == CLIENT_OK)
		status = client_show(&w->client, MSG_SHOW, s, &w->doc);
	if (status != CLIENT_OK && !w->client.refused)
		client_close(&w->client);
	return status;
}

/* A daemon that was started anew knows nothing of our connection. */
static int
ask(struct webask *w, const struct msg_show *s)
{
	const bool	 old = w->client.fd != -1;
	int		 status;

	status = ask_once(w, s);
	if (status == CLIENT_AWAY && old && !w->client.refused)
		status = ask_once(w, s);
	if (status != CLIENT_OK)
		compat_strlcpy(w->why, w->client.why, sizeof(w->why));
	return status;
}

static int
past(struct webask *w, struct command *c)
{
	c->file = w->conf->history;
	doc_reset(&w->doc);
	switch (c->action) {
	case ACT_HISTORY:
		return history_table(&w->doc, c, w->why, sizeof(w->why));
	case ACT_COMPARE:
		return compare_times(&w->doc, c, NULL, w->why,
		    sizeof(w->why));
	default:
		return history_at(&w->doc, c, TIME_AT, w->why,
		    sizeof(w->why));
	}
}

/* What happened last, beside what is now; a page may do without. */
static void
add_events(struct webask *w)
{
	struct msg_watch	 m = { .flags = WATCH_ALERTS | WATCH_MONITOR,
				    .last = WEBPAGE_EVENTS };
	struct buf		 b;

	client_body(&w->client, &b);
	msg_put_watch(&b, &m);
	if (client_ask(&w->client, MSG_WATCH, &b, &w->doc) != CLIENT_OK &&
	    !w->client.refused)
		client_close(&w->client);
}

/* The document of a command that only shows. */
static int
fetch(struct webask *w, struct command *c, const struct view_subject **s)
{
	int	 status;

	*s = c->action == ACT_HISTORY ? &view_history : &view_compare;
	if (c->action == ACT_HISTORY || c->action == ACT_COMPARE)
		return past(w, c);
	if (c->action == ACT_REPORT)
		c->show.subject = SHOW_REPORT;
	else if (c->action == ACT_WHY)
		c->show.subject = SHOW_WHY;
	else if (c->action == ACT_METRICS) {
		c->show.subject = SHOW_METRICS;
		c->show.window = WINDOW_TOTAL;	/* counters never fall */
	}
	*s = view_subject((enum show_subject)c->show.subject);
	if (c->time[TIME_AT] != NULL)
		return past(w, c);
	if ((status = ask(w, &c->show)) == CLIENT_OK &&
	    w->url.form == WEBURL_HTML && webpage_has_events(*s))
		add_events(w);
	return status;
}

/* ---- pages ---- */

/* RFC 9110, section 15; RFC 6585 has none that fits better. */
static unsigned
http_status(int status)
{
	switch (status) {
	case CLIENT_OK:
		return 200;
	case CLIENT_USAGE:
		return 400;
	case CLIENT_REFUSED:
		return 404;
	case CLIENT_AWAY:
	case CLIENT_LATE:
		return 503;
	default:
		return 500;
	}
}

static void
sorry(struct webask *w, struct webmsg_answer *a)
{
	const bool	 again = a->status == 503;

	out_reset(&w->out);
	if (w->url.form == WEBURL_HTML) {
		a->type = WEBMSG_HTML;
		webpage_sorry(&w->out, &w->url, w->conf->node, w->why, again);
		return;
	}
	a->type = WEBMSG_JSON;
	out_str(&w->out, "{\"error\":\"");
	out_vis(&w->out, VIS_JSON, w->why, strlen(w->why));
	out_str(&w->out, "\"}\n");
}

static void
draw(struct webask *w, const struct webmsg_request *r,
    const struct view_subject *s, uint64_t took_us, struct webmsg_answer *a)
{
	switch (w->url.form) {
	case WEBURL_JSON:
		a->type = WEBMSG_JSON;
		view_json.draw(&w->out, s, &w->doc, NULL);
		break;
	case WEBURL_CSV:
		a->type = WEBMSG_CSV;
		view_csv.draw(&w->out, s, &w->doc, NULL);
		break;
	case WEBURL_METRICS:
		a->type = r->openmetrics ? WEBMSG_OPENMETRICS :
		    WEBMSG_METRICS;
		view_metrics(&w->out, &w->doc, r->openmetrics ?
		    METRICS_OPENMETRICS : METRICS_PROMETHEUS,
		    (double)took_us / 1e6);
		break;
	case WEBURL_HTML:
		a->type = WEBMSG_HTML;
		webpage_draw(&w->out, &w->url, w->conf->node, s, &w->doc);
		break;
	}
}

/* Lines for a terminal, as one. */
static void
say_lines(struct webask *w, const struct out *o)
{
	const char	*p = o->len == 0 ? "out of memory" : o->p;
	size_t		 n = 0;

	for (; *p != '\0' && n + 3 < sizeof(w->why); p++) {
		if (*p != '\n') {
			w->why[n++] = *p;
		} else if (p[1] != '\0') {
			w->why[n++] = ';';
			w->why[n++] = ' ';
		}
	}
	/* What is too long ends between two characters. */
	for (; n > 0 && ((unsigned char)*p & 0xc0) == 0x80; p--)
		n--;
	w->why[n] = '\0';
}

/* Into w->out. */
static void
make(struct webask *w, const struct webmsg_request *r,
    struct webmsg_answer *a)
{
	const struct view_subject	*s;
	struct command			 c;
	struct out			 bad;
	uint64_t			 began = proc_mono_us();
	int				 status;

	a->status = (unsigned)weburl_parse(r->target, r->len, &w->url, w->why,
	    sizeof(w->why));
	if (a->status != 0) {
		sorry(w, a);
		return;
	}
	out_init(&bad);
	status = CLIENT_USAGE;
	if (command_parse(w->url.argc, w->url.argv, &c, &bad) == -1)
		say_lines(w, &bad);
	else
		status = fetch(w, &c, &s);
	out_clear(&bad);
	if ((a->status = http_status(status)) == 200)
		draw(w, r, s, proc_mono_us() - began, a);
	else
		sorry(w, a);
}

/* The page as a file in memory; -1 without, and why. */
static int
keep(struct webask *w, struct webmsg_answer *a)
{
	int	 fd;

	a->len = w->out.len;
	if ((fd = memfd_create("page", MFD_CLOEXEC)) != -1 &&
	    out_flush(&w->out, fd) == 0)
		return fd;
	if (errno == EFBIG)
		snprintf(w->why, sizeof(w->why), "the page is longer than "
		    "%d MiB: ask for less of it, with \"top\" say",
		    PAGE_MAX >> 20);
	else
		snprintf(w->why, sizeof(w->why), "the page: %s",
		    strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

static void
answer(struct webask *w, const struct webmsg_request *r)
{
	struct webmsg_answer	 a = { .id = r->id };
	int			 fd;

	out_reset(&w->out);
	make(w, r, &a);
	if ((fd = keep(w, &a)) == -1) {
		a.status = 500;
		sorry(w, &a);
		if ((fd = keep(w, &a)) == -1)
			log_warnx("%s", w->why);
	}
	if (webmsg_send(w->conf->fd, &a, sizeof(a), fd) == -1)
		log_warn("answer");
	if (fd != -1)
		close(fd);
	out_clear(&w->out);
	doc_clear(&w->doc);
}

/* ---- the process ---- */

static void
enter_jail(const struct webask_conf *c)
{
	const struct rlimit	 rl = { PAGE_MAX, PAGE_MAX };
	struct jail		 j;
	char			 dir[PATH_MAX], why[160], *slash;

	compat_strlcpy(dir, c->history, sizeof(dir));
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	if (access(dir, F_OK) == -1)	/* nor may it be looked for later */
		log_warn("%s: to show what is past, start netmonweb anew once "
		    "it is there", dir);
	memset(&j, 0, sizeof(j));
	j.role = ROLE_WEB_ASK;
	j.memory = MEMORY_MAX;
	j.roots[j.nroots++].path = dir;
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &rl) == -1)
		fatal("limit of pages");
	if (priv_role(false) == -1)
		fatal("cannot give up privileges");
	if (jail_enter(&j, why, sizeof(why)) == -1)
		fatalx("%s", why);
}

int
webask_run(const struct webask_conf *c)
{
	static struct webask	 w;
	struct webmsg_request	 r;
	int			 n, page;

	w.conf = c;
	if (client_init(&w.client) != CLIENT_OK)
		fatalx("%s", w.client.why);
	w.client.answer_max = ANSWER_MAX;
	doc_init(&w.doc);
	out_init(&w.out);
	enter_jail(c);
	if (connected(&w) != CLIENT_OK)
		log_warnx("%s", w.client.why);
	while ((n = webmsg_recv(c->fd, &r, sizeof(r), &page)) > 0) {
		if (page != -1)
			close(page);
		if (n != (int)sizeof(r) || r.len > sizeof(r.target))
			fatalx("what is asked for is not understood");
		answer(&w, &r);
	}
	client_free(&w.client);
	return n == 0 ? 0 : 1;
}
