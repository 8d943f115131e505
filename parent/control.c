#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/client.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"

#define LOG_EVERY_US	1000000
#define REST_LOG_US	60000000

/* Who answers a subject; the parent's rows come first. */
static const struct {
	unsigned	 own;
	enum role	 owner[REQUEST_OWNERS_MAX];
} subjects[SHOW_SUBJECTS] = {
	[SHOW_SUMMARY]	    = { OWN_DAEMON | OWN_TROUBLE, { ROLE_ANALYZER } },
	[SHOW_HOSTS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_HOST]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_SECTIONS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_METHODS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_STATUS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_CLIENTS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_TALKERS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_SITES]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_NAMES]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_FLOWS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_INTERFACES]   = { 0, { ROLE_ANALYZER } },
	[SHOW_CAPTURE]	    = { OWN_LOST | OWN_TROUBLE, { ROLE_ANALYZER } },
	[SHOW_ALERTS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_RULES]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_MIRRORS]	    = { 0, { ROLE_MIRROR } },
	[SHOW_ERRORS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_MEMORY]	    = { 0, { ROLE_ANALYZER, ROLE_MIRROR } },
	[SHOW_PROCESSES]    = { OWN_PROCESSES, { 0 } },
	[SHOW_CONFIG]	    = { OWN_CONFIG, { 0 } },
	[SHOW_VERSION]	    = { OWN_DAEMON, { 0 } },
	[SHOW_METRICS]	    = { OWN_DAEMON | OWN_PROCESSES | OWN_TALLIES,
		{ ROLE_ANALYZER, ROLE_MIRROR } },
	[SHOW_TALLY]	    = { OWN_TALLIES, { 0 } },
	[SHOW_TRANSACTIONS] = { 0, { ROLE_ANALYZER } },
	[SHOW_REPORT]	    = { OWN_DAEMON | OWN_LOST | OWN_TROUBLE,
		{ ROLE_ANALYZER, ROLE_MIRROR } },
	[SHOW_WHY]	    = { OWN_TROUBLE_TEXT, { ROLE_ANALYZER } },
	[SHOW_CHECK]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_TOP]	    = { OWN_DAEMON, { ROLE_ANALYZER, ROLE_MIRROR } },
};

/* ---- clients ---- */

static void
free_client(struct client *cl)
{
	struct control	*c = cl->control;
	struct request	*r, *next;
	struct chan	*owner;

	TAILQ_FOREACH_SAFE(r, &c->requests, entry, next) {
		if (r->client != cl)
			continue;
		owner = r->at < REQUEST_OWNERS_MAX && r->owner[r->at] != 0 ?
		    supervise_chan(c->conf.supervise, r->owner[r->at]) : NULL;
		if (owner != NULL) {
			msg_put_number(chan_begin(owner, MSG_CANCEL, r->id),
			    r->id);
			chan_end(owner);
		}
		request_free(c, r);
	}
	TAILQ_REMOVE(&c->clients, cl, entry);
	c->nclients--;
	watch_changed(c);
	tally_set(c->conf.tally, TALLY_PAR_CLIENTS, c->nclients);
	chan_free(cl->chan);
	free(cl);
}

static void
on_client_fault(struct chan *ch, enum chan_fault fault, const char *why,
    void *arg)
{
	struct client	*cl = arg;
	struct control	*c = cl->control;
	uint64_t	 missed;

	(void)ch;
	if (fault == CHAN_BAD) {
		tally_add(c->conf.tally, TALLY_PAR_CLIENTS_BAD, 1);
		if (log_allowed(&c->bad_rate, proc_mono_us(), LOG_EVERY_US,
		    &missed))
			log_warnx("control: client of uid %u closed: %s "
			    "(and %" PRIu64 " more)", (unsigned)cl->uid, why,
			    missed);
	} else if (fault == CHAN_FULL) {
		tally_add(c->conf.tally, TALLY_PAR_CLIENTS_SLOW, 1);
		if (log_allowed(&c->slow_rate, proc_mono_us(), LOG_EVERY_US,
		    &missed))
			log_notice("control: client of uid %u does not read: "
			    "closed (and %" PRIu64 " more)",
			    (unsigned)cl->uid, missed);
	}
	free_client(cl);
}

bool
client_may_change(const struct client *cl)
{
	return cl->uid == 0 || (cl->control->conf.obey_own_user &&
	    cl->uid == geteuid());
}

/* False after telling the client why. */
static bool
allowed(struct client *cl, const struct frame *f)
{
	if (client_may_change(cl))
		return true;
	answer_error(cl->chan, f->request, STATUS_REFUSED,
	    "only root may ask this");
	return false;
}

/* ---- what clients ask ---- */

/* A foreign version's greeting may differ behind its number. */
static int
on_hello(struct chan *ch, struct frame *f, void *arg)
{
	struct client		*cl = arg;
	struct msg_hello	 m;
	struct buf		 b = f->body;
	uint32_t		 version;

	version = buf_get_u32(&b);
	if (version == MSG_VERSION && msg_get_hello(&f->body, &m) == -1)
		return -1;
	memset(&m, 0, sizeof(m));
	m.version = MSG_VERSION;
	m.flags = HELLO_FACILITY(conf_facility(cl->control->running->facility));
	m.epoch = cl->control->conf.epoch;
	m.mono_us = proc_mono_us();
	m.wall_us = proc_wall_us();
	compat_strlcpy(m.text, NETMON_VERSION, sizeof(m.text));
	msg_put_hello(chan_begin(ch, MSG_HELLO, 0), &m);
	chan_end(ch);
	cl->greeted = version == MSG_VERSION;
	log_debug("control: client of uid %u, version %u", (unsigned)cl->uid,
	    version);
	if (cl->greeted)
		return 0;
	answer_error(ch, 0, STATUS_VERSION, "netmond %s speaks version %u of "
	    "the control protocol", NETMON_VERSION, MSG_VERSION);
	free_client(cl);
	return 0;
}

static int
route(struct client *cl, struct frame *f, const enum role *owner)
{
	struct request	*r;

	if ((r = request_new(cl, f)) == NULL)
		return 0;
	memcpy(r->owner, owner, sizeof(r->owner));
	request_ask(cl->control, r);
	return 0;
}

static int
on_show(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	struct msg_show	 m;
	struct answer	 a;
	struct buf	 b = f->body;

	if (!cl->greeted || msg_get_show(&b, &m) == -1 ||
	    m.subject >= SHOW_SUBJECTS)
		return -1;
	answer_begin(&a, ch, f->request);
	own_rows(cl->control, &a, subjects[m.subject].own);
	if (subjects[m.subject].owner[0] == 0) {
		answer_end(&a);
		return 0;
	}
	answer_flush(&a);
	return route(cl, f, subjects[m.subject].owner);
}

static int
to_owners(struct client *cl, struct frame *f, const enum role *owners)
{
	if (!cl->greeted)
		return -1;
	if (!allowed(cl, f))
		return 0;
	return route(cl, f, owners);
}

/* Without a word everything, else "traffic" or "mirrors". */
static int
on_reset(struct chan *ch, struct frame *f, void *arg)
{
	static const enum role	 all[REQUEST_OWNERS_MAX] = { ROLE_ANALYZER,
				    ROLE_MIRROR },
				 traffic[REQUEST_OWNERS_MAX] = {
				    ROLE_ANALYZER },
				 mirrors[REQUEST_OWNERS_MAX] = { ROLE_MIRROR };
	const struct client	*cl = arg;
	struct msg_show		 m;
	struct buf		 b = f->body;

	if (!cl->greeted || msg_get_show(&b, &m) == -1)
		return -1;
	if (m.nargs == 0)
		return to_owners(arg, f, all);
	if (strcmp(m.args[0], "traffic") == 0)
		return to_owners(arg, f, traffic);
	if (strcmp(m.args[0], "mirrors") == 0)
		return to_owners(arg, f, mirrors);
	answer_error(ch, f->request, STATUS_REFUSED, "no such counters");
	return 0;
}

/* Mirror takes what it is given as the parent's word, so it is read here. */
static int
on_mirror(struct chan *ch, struct frame *f, void *arg)
{
	static const enum role	 mirror[REQUEST_OWNERS_MAX] = { ROLE_MIRROR };
	struct msg_show		 m;
	struct buf		 b = f->body;

	(void)ch;
	if (f->type == MSG_MIRROR && msg_get_show(&b, &m) == -1)
		return -1;
	return to_owners(arg, f, mirror);
}

static int
start_reload(struct client *cl, struct frame *f, const char *path)
{
	struct request	*r;
	struct control	*c = cl->control;

	if (!allowed(cl, f) || (r = request_new(cl, f)) == NULL)
		return 0;
	/* It may end, and free the request, before it returns. */
	if (c->conf.ops->reload(path, r->id, c->conf.arg) == -1) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "a reload is under way, try again");
		request_free(c, r);
	}
	return 0;
}

static int
on_reload(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;

	(void)ch;
	return cl->greeted ? start_reload(cl, f, NULL) : -1;
}

static int
on_load(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	char		 path[CONF_PATH_MAX];

	(void)ch;
	if (!cl->greeted || msg_get_path(&f->body, path, sizeof(path)) == -1)
		return -1;
	return start_reload(cl, f, path);
}

static int
on_verbosity(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	uint32_t	 n;

	if (!cl->greeted || msg_get_number(&f->body, &n) == -1)
		return -1;
	if (!allowed(cl, f))
		return 0;
	cl->control->conf.ops->verbose(n, cl->control->conf.arg);
	chan_send(ch, MSG_END, f->request);
	return 0;
}

static int
on_terminate(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;

	if (!cl->greeted)
		return -1;
	if (!allowed(cl, f))
		return 0;
	chan_send(ch, MSG_END, f->request);
	cl->control->conf.ops->terminate(cl->control->conf.arg);
	return 0;
}

static int
on_cancel(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	uint32_t	 n;

	(void)ch;
	if (!cl->greeted || msg_get_number(&f->body, &n) == -1)
		return -1;
	if (n == cl->watch_request)
		cl->watch = 0;
	watch_changed(cl->control);
	return 0;
}

void
control_reloaded(struct control *c, const struct reload_result *res)
{
	const struct reload_lines *lines = res->ok ? &res->changes :
				    &res->errors;
	struct request		*r;
	struct answer		 a;
	size_t			 i;

	if ((r = request_find(c, (uint32_t)res->cookie)) == NULL)
		return;
	answer_begin(&a, r->client->chan, r->theirs);
	for (i = 0; i < lines->n; i++)
		own_line(&a, lines->v[i], res->ok ? "ok" : "cause");
	answer_flush(&a);
	if (res->ok)
		chan_send(r->client->chan, MSG_END, r->theirs);
	else
		answer_error(r->client->chan, r->theirs, STATUS_REFUSED,
		    "refused: the running configuration is unchanged");
	request_free(c, r);
}

/* ---- accepting ---- */

static const struct handler from_client[] = {
	{ MSG_HELLO,		on_hello },
	{ MSG_SHOW,		on_show },
	{ MSG_WATCH,		watch_on_ask },
	{ MSG_RELOAD,		on_reload },
	{ MSG_LOAD,		on_load },
	{ MSG_VERBOSITY,	on_verbosity },
	{ MSG_RESET,		on_reset },
	{ MSG_MIRROR,		on_mirror },
	{ MSG_ROTATE,		on_mirror },
	{ MSG_HOOK,		hook_on_ask },
	{ MSG_TERMINATE,	on_terminate },
	{ MSG_CANCEL,		on_cancel },
	{ 0,			NULL }
};

static struct client *
new_client(struct control *c, int fd, unsigned flags, size_t limit)
{
	struct chan_conf	 cc = {
		.fd = fd,
		.self = ROLE_PARENT,
		.peer = ROLE_CLIENT,
		.flags = flags,
		.limit = limit,
		.handlers = from_client,
		.fault = on_client_fault,
		.tally = c->conf.tally
	};
	struct client		*cl;

	if ((cl = calloc(1, sizeof(*cl))) == NULL)
		return NULL;
	cc.arg = cl;
	cl->control = c;
	cl->since_us = proc_mono_us();
	if ((cl->chan = chan_new(c->conf.base, &cc)) == NULL) {
		free(cl);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&c->clients, cl, entry);
	c->nclients++;
	tally_add(c->conf.tally, TALLY_PAR_CLIENTS_ALL, 1);
	tally_set(c->conf.tally, TALLY_PAR_CLIENTS, c->nclients);
	return cl;
}

static void
say_none(struct control *c, const char *what)
{
	uint64_t	 missed;

	if (log_allowed(&c->rest_rate, proc_mono_us(), REST_LOG_US, &missed))
		log_warn("control: no client can be taken now, %s", what);
}

/* Who could not be taken waits in the backlog, which stays readable. */
static void
rest_from_clients(struct control *c)
{
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	event_del(c->ev_listen);
	c->resting = true;
	say_none(c, "trying again each second");
}

/* Clients must not keep a lost child from coming back. */
static bool
is_kept(struct control *c, int s)
{
	if ((rlim_t)s < c->files)
		return false;
	errno = EMFILE;
	say_none(c, "the last descriptors are for children");
	return true;
}

static rlim_t
files_for_clients(void)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return RLIM_INFINITY;
	return rl.rlim_cur > CONTROL_FILES_KEPT ?
	    rl.rlim_cur - CONTROL_FILES_KEPT : 0;
}

/* Its HELLO, left unread, would reach it as a reset before our answer. */
static void
turn_away(int s)
{
	struct msg_text	 m;
	struct frame	 f;
	struct buf	 b;
	uint8_t		 out[FRAME_HDR + 128];

	m.number = STATUS_AGAIN;
	compat_strlcpy(m.text, "netmond has too many clients, try again",
	    sizeof(m.text));
	buf_writer(&b, out + FRAME_HDR, sizeof(out) - FRAME_HDR);
	msg_put_text(&b, &m);
	memset(&f, 0, sizeof(f));
	f.type = MSG_ERROR;
	frame_put_header(out, &f, b.len);
	(void)send(s, out, FRAME_HDR + b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)recv(s, out, sizeof(out), MSG_DONTWAIT);
	close(s);
}

static void
on_listen(evutil_socket_t fd, short what, void *arg)
{
	struct control	*c = arg;
	struct client	*cl = NULL;
	struct ucred	 cred;
	socklen_t	 len = sizeof(cred);
	unsigned	 most = CONTROL_CLIENTS_MAX;
	int		 s;

	(void)what;
	s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s == -1) {
		rest_from_clients(c);
		return;
	}
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
		if (cred.uid == 0)
			most += CONTROL_ROOT_EXTRA;
		if (c->nclients < most && !is_kept(c, s))
			cl = new_client(c, s, 0, CONTROL_QUEUE_MAX);
	}
	if (cl == NULL) {
		tally_add(c->conf.tally, TALLY_PAR_CLIENTS_REFUSED, 1);
		turn_away(s);
		return;
	}
	cl->uid = cred.uid;
}

int
control_adopt(struct control *c, int fd)
{
	struct client	*cl;

	cl = new_client(c, fd, CHAN_KEEP_FD, CONTROL_RENDER_MAX);
	if (cl == NULL)
		return -1;
	cl->uid = (uid_t)-1;		/* it shows, it changes nothing */
	return 0;
}

void
control_tick(struct control *c, uint64_t now_us)
{
	struct client	*cl, *next;

	if (c->resting && c->ev_listen != NULL)
		c->resting = event_add(c->ev_listen, NULL) == -1;
	TAILQ_FOREACH_SAFE(cl, &c->clients, entry, next)
		if (!cl->greeted && cl->uid != (uid_t)-1 &&
		    now_us > cl->since_us + CONTROL_GREET_US)
			free_client(cl);
}

void
control_set_conf(struct control *c, const struct conf *conf, uint64_t wall_us)
{
	c->running = conf;
	c->conf_time_us = wall_us;
}

int
control_serve(struct control *c, int fd)
{
	c->listen_fd = fd;
	c->ev_listen = event_new(c->conf.base, fd, EV_READ | EV_PERSIST,
	    on_listen, c);
	return c->ev_listen == NULL ? -1 : event_add(c->ev_listen, NULL);
}

void
control_close(struct control *c)
{
	if (c->ev_listen != NULL)
		event_free(c->ev_listen);
	if (c->listen_fd != -1)
		close(c->listen_fd);
	c->ev_listen = NULL;
	c->listen_fd = -1;
}

struct control *
control_new(const struct control_conf *conf)
{
	struct control	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->conf = *conf;
	c->files = files_for_clients();
	c->listen_fd = -1;
	TAILQ_INIT(&c->clients);
	TAILQ_INIT(&c->requests);
	return c;
}

void
control_free(struct control *c)
{
	struct client	*cl;

	if (c == NULL)
		return;
	while ((cl = TAILQ_FIRST(&c->clients)) != NULL)
		free_client(cl);
	control_close(c);
	free(c);
}
