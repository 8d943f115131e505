/*
 * watch: events as lines, as they happen. Each line is written whole; the
 * cursor file is updated after the line is out, so delivery is at least
 * once. A daemon that restarts is waited for.
 */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/proc.h"
#include "ui/event.h"
#include "ui/netmonctl.h"

#define RECONNECT_SECONDS	60
#define RETRY_SECONDS		0.25
#define CURSOR_LEN		42	/* 20 digits, blank, 20 digits, LF */
#define TYPES_MAX		9

struct watch {
	struct ctl	*ctl;
	uint32_t	 flags;
	uint32_t	 last;
	enum event_prefix prefix;
	struct event_origin from;
	char		 hostname[256];
	double		 patience;	/* -W */
	int		 cursor;	/* -c, else -1 */
	const char	*cursor_path;
	uint64_t	 epoch;		/* of the last daemon; 0: none yet */
	uint64_t	 seq;		/* of the last line printed */
	bool		 seen;		/* seq means something */
	bool		 some;		/* monitor: only these types */
	bool		 type[TYPES_MAX];
};

static int
complain(struct watch *w, int status, const char *what)
{
	snprintf(w->ctl->client.why, sizeof(w->ctl->client.why), "%s: %s",
	    what, strerror(errno));
	return ctl_complain(w->ctl, status);
}

/* NULL: errno says what is wrong with it. */
static int
complain_cursor(struct watch *w, const char *what)
{
	char	 v[256];
	int	 error = errno;

	snprintf(w->ctl->client.why, sizeof(w->ctl->client.why), "cursor file "
	    "%s: %s", vis_str(VIS_TERM, v, sizeof(v), w->cursor_path),
	    what != NULL ? what : strerror(error));
	return ctl_complain(w->ctl, CLIENT_REFUSED);
}

/* An empty or new file starts with what comes from now on. */
static int
open_cursor(struct watch *w, const char *path)
{
	char	 b[CURSOR_LEN + 1];
	ssize_t	 n;

	w->cursor_path = path;
	w->cursor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (w->cursor == -1)
		return complain_cursor(w, NULL);
	if (flock(w->cursor, LOCK_EX | LOCK_NB) == -1)
		return complain_cursor(w, "another netmonctl uses it");
	n = pread(w->cursor, b, CURSOR_LEN, 0);
	if (n <= 0)
		return n == 0 ? CLIENT_OK : complain_cursor(w, NULL);
	b[n] = '\0';
	if (sscanf(b, "%" SCNu64 " %" SCNu64, &w->epoch, &w->seq) != 2)
		return complain_cursor(w, "holds no number of an event; "
		    "remove it to begin anew");
	w->seen = true;
	return CLIENT_OK;
}

static int
store_cursor(struct watch *w)
{
	char	 b[CURSOR_LEN + 1];

	if (w->cursor == -1)
		return CLIENT_OK;
	snprintf(b, sizeof(b), "%020" PRIu64 " %020" PRIu64 "\n", w->epoch,
	    w->seq);
	if (pwrite(w->cursor, b, CURSOR_LEN, 0) == CURSOR_LEN)
		return CLIENT_OK;
	return complain_cursor(w, NULL);
}

static const struct {
	const char	*word;
	uint32_t	 flag;		/* WATCH_LIVE: only when it is named */
} types[TYPES_MAX] = {
	{ "alert",	WATCH_ALERTS },
	{ "config",	WATCH_MONITOR },
	{ "drops",	WATCH_MONITOR },
	{ "flow",	WATCH_FLOW },
	{ "http",	WATCH_HTTP },
	{ "interface",	WATCH_MONITOR },
	{ "mirror",	WATCH_MONITOR },
	{ "process",	WATCH_MONITOR },
	{ "tls",	WATCH_TLS },
};

static bool
wanted(const struct watch *w, const struct row *r)
{
	size_t	 i;

	if (r->kind == ROW_ALERT_EVENT)
		return (w->flags & WATCH_ALERTS) != 0;
	if (r->kind != ROW_MONITOR)
		return false;
	for (i = 0; w->some && i < TYPES_MAX; i++)
		if (doc_is(r, "type", types[i].word))
			return w->type[i];
	return !w->some;
}

/* Prints one event; -1 ends the watch, with the status in *status. */
static int
print_event(struct watch *w, size_t i, const struct row *r, int *status)
{
	struct ctl	*c = w->ctl;

	if (c->json)
		view_json.event(&c->out, &c->doc, i);
	else
		event_prefixed(&c->out, &c->doc, i, w->prefix, &w->from);
	if (ctl_flush(c) == -1) {
		*status = errno == EPIPE ? CLIENT_OK : CLIENT_REFUSED;
		return -1;
	}
	if (r->kind != ROW_ALERT_EVENT)
		return 0;
	w->epoch = doc_u64(r, "epoch");
	w->seq = doc_u64(r, "seq");
	w->seen = true;
	*status = store_cursor(w);
	return *status == CLIENT_OK ? 0 : -1;
}

static int
on_rows(struct watch *w, struct frame *f, int *status)
{
	struct ctl	*c = w->ctl;
	struct row	 r;
	size_t		 i;

	doc_reset(&c->doc);
	if (doc_add(&c->doc, f->body.r, buf_left(&f->body)) == -1) {
		errno = EPROTO;
		*status = complain(w, CLIENT_DATA, "row not understood");
		return -1;
	}
	for (i = 0; i < c->doc.n; i = doc_end(&c->doc, i)) {
		doc_get(&c->doc, i, &r);
		if (wanted(w, &r) && print_event(w, i, &r, status) == -1)
			return -1;
	}
	return 0;
}

static int
ask(struct watch *w)
{
	struct msg_watch m;
	struct buf	 b;

	memset(&m, 0, sizeof(m));
	m.flags = w->flags;
	m.last = w->last;
	if (w->seen) {
		m.epoch = w->epoch;
		m.after = w->seq;
	}
	client_body(&w->ctl->client, &b);
	msg_put_watch(&b, &m);
	return client_send(&w->ctl->client, MSG_WATCH, &b);
}

/*
 * Another daemon than before is told at once: what fired in the old one may
 * never be told to be over. All that this one has seen comes next.
 */
static int
meet(struct watch *w, bool *final)
{
	struct ctl	*c = w->ctl;
	uint64_t	 before = w->epoch;
	int		 status;

	w->epoch = c->client.hello.epoch;
	w->from.facility = HELLO_FACILITY_OF(c->client.hello.flags);
	w->from.pid = client_daemon_pid(&c->client);
	if (before == 0 || before == w->epoch ||
	    (w->flags & WATCH_ALERTS) == 0)
		return CLIENT_OK;
	w->seq = 0;
	w->seen = true;
	if (!c->json)
		event_restarted(&c->out, w->epoch, w->prefix, &w->from);
	*final = true;
	if (ctl_flush(c) == -1)
		return errno == EPIPE ? CLIENT_OK : CLIENT_REFUSED;
	status = store_cursor(w);
	*final = status != CLIENT_OK;
	return status;
}

/* A new cursor stands where we begin, also when nothing happens for long. */
static int
place_cursor(struct watch *w)
{
	struct ctl	*c = w->ctl;
	struct msg_watch m;
	struct buf	 b;
	struct row	 r;
	int		 status;

	if (w->cursor == -1 || w->seen || (w->flags & WATCH_FOLLOW) == 0)
		return CLIENT_OK;
	memset(&m, 0, sizeof(m));
	m.flags = WATCH_ALERTS;
	m.last = 1;
	client_body(&c->client, &b);
	msg_put_watch(&b, &m);
	doc_reset(&c->doc);
	if ((status = client_ask(&c->client, MSG_WATCH, &b, &c->doc)) !=
	    CLIENT_OK)
		return status;
	if (doc_find(&c->doc, ROW_ALERT_EVENT, &r) != -1 &&
	    doc_u64(&r, "seq") > w->last)
		w->seq = doc_u64(&r, "seq") - w->last;
	w->seen = true;
	return store_cursor(w);
}

/* final: it is no matter of the daemon. */
static int
begin(struct watch *w, int timeout, bool *final)
{
	int	 status;

	if ((status = ctl_connect(w->ctl)) != CLIENT_OK ||
	    (status = client_greeted(&w->ctl->client, timeout)) !=
	    CLIENT_OK || (status = meet(w, final)) != CLIENT_OK || *final ||
	    (status = place_cursor(w)) != CLIENT_OK)
		return status;
	return ask(w);
}

/*
 * One connection, from the request to its end. CLIENT_AWAY: the daemon went,
 * try again; anything else is final.
 */
static int
follow(struct watch *w, bool *final)
{
	struct client	*cl = &w->ctl->client;
	struct frame	 f;
	int		 status, timeout;

	*final = false;
	timeout = (w->flags & WATCH_FOLLOW) != 0 ? -1 : cl->timeout_ms;
	if ((status = begin(w, timeout, final)) != CLIENT_OK || *final)
		return status;
	for (;;) {
		if ((status = client_recv(cl, &f, timeout)) != CLIENT_OK)
			return status;
		if (f.type == MSG_ERROR)
			return client_error(cl, &f);
		if (f.type == MSG_ROW && on_rows(w, &f, &status) == -1) {
			*final = true;
			return status;
		}
		if (f.type != MSG_END)
			continue;
		*final = true;
		return CLIENT_OK;
	}
}

static double
now(void)
{
	return (double)proc_mono_us() / 1e6;
}

static int
watch_run(struct watch *w)
{
	struct client	*cl = &w->ctl->client;
	bool		 final, once = false;
	double		 until = 0;
	int		 status = CLIENT_OK;

	w->from.hostname = ctl_hostname(w->hostname, sizeof(w->hostname));
	cl->output = STDOUT_FILENO;
	while (status != CLIENT_UNREAD) {
		status = follow(w, &final);
		if (final || status == CLIENT_UNREAD)
			break;
		if (cl->hello.version != 0) {
			once = true;
			until = now() + w->patience;
			cl->hello.version = 0;
		}
		client_close(cl);
		/* Only a daemon that was there is waited for. */
		if (status != CLIENT_AWAY || !once || now() >= until ||
		    (w->flags & WATCH_FOLLOW) == 0)
			return ctl_complain(w->ctl, status);
		/* Lines already printed are asked for by number from here. */
		w->last = 0;
		if (!client_sleep(STDOUT_FILENO, RETRY_SECONDS))
			status = CLIENT_UNREAD;
	}
	if (w->cursor != -1)
		close(w->cursor);
	return status == CLIENT_UNREAD ? CLIENT_OK : status;
}

static int
alerts_usage(void)
{
	fprintf(stderr, "usage: netmonctl alerts [-5fp] [-a number] "
	    "[-c file] [-W seconds]\n");
	return CLIENT_USAGE;
}

static void
init(struct watch *w, struct ctl *c, uint32_t flags)
{
	memset(w, 0, sizeof(*w));
	w->ctl = c;
	w->flags = flags;
	w->patience = RECONNECT_SECONDS;
	w->cursor = -1;
}

/* A number of an option, up to max. */
static int
option_number(int ch, uint32_t max, uint32_t *n)
{
	const char	*err;
	char		 v[64];

	*n = (uint32_t)compat_strtonum(optarg, 0, max, &err);
	if (err == NULL)
		return 0;
	fprintf(stderr, "netmonctl alerts: -%c %s: must be a number up to "
	    "%" PRIu32 "\n", ch, vis_str(VIS_TERM, v, sizeof(v), optarg), max);
	return -1;
}

/* One option of netmonctl alerts; -1 when it is not one. */
static int
alerts_option(struct watch *w, int ch, const char **file, bool *some)
{
	uint32_t	 n;

	switch (ch) {
	case '5':
		w->prefix = EVENT_RFC5424;
		break;
	case 'a':
		*some = true;
		return option_number(ch, UINT32_MAX, &w->last);
	case 'c':
		*file = optarg;
		break;
	case 'f':
		w->flags |= WATCH_FOLLOW;
		break;
	case 'p':
		w->prefix = EVENT_PRI;
		break;
	case 'W':
		if (option_number(ch, 86400, &n) == -1)
			return -1;
		w->patience = n;
		break;
	default:
		return -1;
	}
	return 0;
}

int
watch_alerts(struct ctl *c, int argc, char **argv)
{
	const char	*file = NULL;
	struct watch	 w;
	static char	 name[] = "netmonctl alerts";
	bool		 some = false;
	int		 ch, status;

	init(&w, c, WATCH_ALERTS);
	argv[0] = name;		/* for what getopt has to say */
	optind = 0;
	while ((ch = getopt(argc, argv, "5a:c:fpW:")) != -1)
		if (alerts_option(&w, ch, &file, &some) == -1)
			return alerts_usage();
	if (optind != argc)
		return alerts_usage();
	if (file != NULL && (status = open_cursor(&w, file)) != CLIENT_OK)
		return status;
	/* Without -f: the lines there are. */
	if (!some && !w.seen && (w.flags & WATCH_FOLLOW) == 0)
		w.last = UINT32_MAX;
	return watch_run(&w);
}

/* The type that a word means, shortened or not; -1 after saying why none. */
static int
find_type(const char *word)
{
	char	 v[64];
	size_t	 i;

	/* No two of them begin with the same letter. */
	for (i = 0; *word != '\0' && i < nitems(types); i++)
		if (strncmp(types[i].word, word, strlen(word)) == 0)
			return (int)i;
	fprintf(stderr, "unknown word: %s\nvalid words:",
	    vis_str(VIS_TERM, v, sizeof(v), word));
	for (i = 0; i < nitems(types); i++)
		fprintf(stderr, " %s", types[i].word);
	fprintf(stderr, "\n");
	return -1;
}

int
watch_monitor(struct ctl *c, int argc, char **argv)
{
	struct watch	 w;
	int		 i, k;

	init(&w, c, WATCH_FOLLOW);
	if (argc <= 1)
		w.flags |= WATCH_MONITOR | WATCH_ALERTS;
	for (i = 1; i < argc; i++) {
		if ((k = find_type(argv[i])) == -1)
			return CLIENT_USAGE;
		w.flags |= types[k].flag;
		w.type[k] = true;
	}
	w.some = argc > 1;
	return watch_run(&w);
}
