#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/control.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"

#define STATUS_REFUSED	1
#define STATUS_VERSION	65
#define STATUS_AGAIN	75
#define OWNERS_MAX	3
#define LOG_EVERY_US	1000000

/* Rows that the parent itself adds to an answer. */
#define OWN_DAEMON	0x01
#define OWN_PROCESSES	0x02
#define OWN_TALLIES	0x04
#define OWN_CONFIG	0x08

struct client {
	TAILQ_ENTRY(client)	 entry;
	struct control		*control;
	struct chan		*chan;
	uid_t			 uid;
	uint64_t		 since_us;
	unsigned		 requests;
	bool			 greeted;
	uint32_t		 watch;		/* WATCH_*, 0: none */
	uint32_t		 watch_request;
};

/* A request that somebody else answers. */
struct request {
	TAILQ_ENTRY(request)	 entry;
	struct client		*client;
	uint32_t		 id;		/* the parent's */
	uint32_t		 theirs;	/* the client's */
	uint16_t		 type;
	enum role		 owner[OWNERS_MAX];	/* 0 ends */
	size_t			 at;
	size_t			 len;
	uint8_t			 body[];
};

struct control {
	struct control_conf	 conf;
	const struct conf	*running;
	uint64_t		 conf_time_us;
	int			 listen_fd;
	struct event		*ev_listen;
	TAILQ_HEAD(, client)	 clients;
	TAILQ_HEAD(, request)	 requests;
	unsigned		 nclients;
	uint32_t		 next_id;
	struct log_rate		 bad_rate;
};

/* Who answers a subject; the parent's rows come first. */
static const struct {
	unsigned	 own;
	enum role	 owner[OWNERS_MAX];
} subjects[SHOW_SUBJECTS] = {
	[SHOW_SUMMARY]	    = { OWN_DAEMON, { ROLE_ANALYZER } },
	[SHOW_HOSTS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_HOST]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_SECTIONS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_METHODS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_STATUS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_CLIENTS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_NAMES]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_FLOWS]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_INTERFACES]   = { 0, { ROLE_ANALYZER } },
	[SHOW_CAPTURE]	    = { 0, { ROLE_ANALYZER } },
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
	[SHOW_REPORT]	    = { OWN_DAEMON, { ROLE_ANALYZER, ROLE_MIRROR } },
	[SHOW_WHY]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_CHECK]	    = { 0, { ROLE_ANALYZER } },
	[SHOW_TOP]	    = { OWN_DAEMON, { ROLE_ANALYZER, ROLE_MIRROR } },
};

/* ---- the socket ---- */

static int
folder_of(const char *path, char *dir, size_t size)
{
	const char	*slash = strrchr(path, '/');

	if (*path != '/' || slash == NULL)
		return -1;
	if (compat_strlcpy(dir, path, size) >= size)
		return -1;
	dir[slash == path ? 1 : slash - path] = '\0';
	return 0;
}

/* Missing folder: made, for the user that we become. */
static void
make_folder(const char *dir, const struct priv *p)
{
	int	 fd;

	if (mkdir(dir, 0755) == -1 || p->way != PRIV_ROOT)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fchown(fd, p->uid, p->gid) == -1)
		log_warn("%s", dir);
	close(fd);
}

/* Whether somebody answers at the address; a stale socket goes away. */
static int
make_way(const struct sockaddr_un *sun, char *why, size_t size)
{
	struct stat	 st;
	int		 fd, r, e;

	if (lstat(sun->sun_path, &st) == -1)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, size, "%s: exists and is not a socket",
		    sun->sun_path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	e = errno;
	close(fd);
	if (r == 0 || e == EAGAIN || e == EPROTOTYPE) {
		snprintf(why, size, "%s: a daemon already answers there",
		    sun->sun_path);
		return -1;
	}
	if (e == ECONNREFUSED)
		unlink(sun->sun_path);
	return 0;
}

/* By descriptor, so that nobody can put another file in its place. */
static int
give_to(const char *path, const struct priv *p)
{
	struct stat	 st;
	int		 fd, r = -1;

	if ((fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
		r = fchownat(fd, "", p->uid, p->extra, AT_EMPTY_PATH);
	close(fd);
	return r;
}

static int
bind_at(const struct sockaddr_un *sun, const struct priv *p)
{
	mode_t	 old;
	int	 fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	old = umask(0117);
	r = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(old);
	if (r == 0 && p->way == PRIV_ROOT)
		r = give_to(sun->sun_path, p);
	if (r == 0)
		r = listen(fd, CONTROL_CLIENTS_MAX);
	if (r == 0)
		return fd;
	close(fd);
	return -1;
}

int
control_listen(const char *path, const struct priv *p, char *why, size_t size)
{
	struct sockaddr_un	 sun;
	char			 dir[CONF_PATH_MAX];
	int			 fd = -1, lock;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	why[0] = '\0';
	errno = ENAMETOOLONG;
	if (folder_of(path, dir, sizeof(dir)) == -1 ||
	    compat_strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		goto fail;
	make_folder(dir, p);
	/* Two daemons that start at once must not both find it stale. */
	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock == -1)
		goto fail;
	flock(lock, LOCK_EX);
	if (make_way(&sun, why, size) == 0)
		fd = bind_at(&sun, p);
	close(lock);
	if (fd != -1)
		return fd;
 fail:
	if (why[0] == '\0')
		snprintf(why, size, "control socket %s: %s", path,
		    strerror(errno));
	return -1;
}

/* ---- requests ---- */

static struct request *
find_request(struct control *c, uint32_t id)
{
	struct request	*r;

	TAILQ_FOREACH(r, &c->requests, entry)
		if (r->id == id)
			return r;
	return NULL;
}

static void
free_request(struct control *c, struct request *r)
{
	r->client->requests--;
	TAILQ_REMOVE(&c->requests, r, entry);
	free(r);
}

static struct request *
new_request(struct client *cl, const struct frame *f)
{
	struct control	*c = cl->control;
	struct request	*r;

	if (cl->requests >= CONTROL_REQUESTS_MAX) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "too many requests at a time");
		return NULL;
	}
	if ((r = calloc(1, sizeof(*r) + f->body.len)) == NULL) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "out of memory");
		return NULL;
	}
	if (++c->next_id == 0)
		c->next_id = 1;
	r->client = cl;
	r->id = c->next_id;
	r->theirs = f->request;
	r->type = f->type;
	r->len = f->body.len;
	memcpy(r->body, f->body.r, f->body.len);
	cl->requests++;
	TAILQ_INSERT_TAIL(&c->requests, r, entry);
	return r;
}

/* Asks the next owner that is there; without any more, the answer is whole. */
static void
ask_next(struct control *c, struct request *r)
{
	struct chan	*ch;
	enum role	 owner;

	for (; r->at < OWNERS_MAX && r->owner[r->at] != 0; r->at++) {
		owner = r->owner[r->at];
		ch = supervise_chan(c->conf.supervise, owner);
		if (ch != NULL) {
			buf_put(chan_begin(ch, r->type, r->id), r->body,
			    r->len);
			if (chan_end(ch) == 0)
				return;
		}
		if (r->at > 0)
			continue;	/* the main part was answered */
		answer_error(r->client->chan, r->theirs, STATUS_AGAIN,
		    "%s is not running now, try again", role_name(owner));
		free_request(c, r);
		return;
	}
	chan_send(r->client->chan, MSG_END, r->theirs);
	free_request(c, r);
}

int
control_answer(struct control *c, enum role from, struct frame *f)
{
	struct request	*r;

	r = find_request(c, f->request);
	if (r == NULL || r->at >= OWNERS_MAX || r->owner[r->at] != from)
		return 0;		/* its client is gone */
	if (f->type == MSG_ROW) {
		chan_forward(r->client->chan, f, r->theirs);
	} else if (f->type == MSG_ERROR && r->at == 0) {
		chan_forward(r->client->chan, f, r->theirs);
		free_request(c, r);
	} else {
		r->at++;
		ask_next(c, r);
	}
	return 0;
}

void
control_lost(struct control *c, enum role role)
{
	struct request	*r, *next;

	TAILQ_FOREACH_SAFE(r, &c->requests, entry, next) {
		if (r->at >= OWNERS_MAX || r->owner[r->at] != role)
			continue;
		answer_error(r->client->chan, r->theirs, STATUS_AGAIN,
		    "%s was lost while it answered, try again",
		    role_name(role));
		free_request(c, r);
	}
}

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
		owner = r->at < OWNERS_MAX && r->owner[r->at] != 0 ?
		    supervise_chan(c->conf.supervise, r->owner[r->at]) : NULL;
		if (owner != NULL) {
			msg_put_number(chan_begin(owner, MSG_CANCEL, r->id),
			    r->id);
			chan_end(owner);
		}
		free_request(c, r);
	}
	TAILQ_REMOVE(&c->clients, cl, entry);
	c->nclients--;
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
		log_notice("control: client of uid %u does not read: closed",
		    (unsigned)cl->uid);
	}
	free_client(cl);
}

static bool
may_change(const struct client *cl)
{
	return cl->uid == 0 || (cl->control->conf.obey_own_user &&
	    cl->uid == geteuid());
}

/* False after telling the client why. */
static bool
allowed(struct client *cl, const struct frame *f)
{
	if (may_change(cl))
		return true;
	answer_error(cl->chan, f->request, STATUS_REFUSED,
	    "only root may ask this");
	return false;
}

/* ---- the parent's own rows ---- */

static void
put_daemon(struct control *c, struct answer *a)
{
	const struct conf	*conf = c->running;
	struct row_writer	 w;
	struct utsname		 u;
	bool			 live = !conf->offline;

	if (uname(&u) == -1)
		u.nodename[0] = '\0';
	if (!answer_row(a, &w, ROW_DAEMON, 0))
		return;
	row_str(&w, NETMON_VERSION);
	row_str(&w, live ? u.nodename : "");
	row_str(&w, conf->file);
	row_u64(&w, live ? c->conf.epoch : 0);
	row_u64(&w, live ? c->conf_time_us : 0);
	row_double(&w, live ?
	    (double)(proc_mono_us() - c->conf.start_us) / 1e6 : 0);
	row_bool(&w, conf->offline);
	row_str(&w, conf->input);
	row_end(&w);
}

static void
put_process(struct control *c, struct answer *a, enum role role)
{
	struct child_info	 i;
	struct row_writer	 w;
	uint64_t		 now = proc_mono_us(), up;

	supervise_info(c->conf.supervise, role, &i);
	if (role == ROLE_PARENT) {
		i.pid = getpid();
		i.state = CHILD_READY;
		compat_strlcpy(i.jail, c->conf.jail, sizeof(i.jail));
	}
	if (role < ROLE_FIRST_CHILD)
		i.ready_us = c->conf.start_us;
	up = i.state == CHILD_READY && now > i.ready_us ? now - i.ready_us : 0;
	if (!answer_row(a, &w, ROW_PROCESS, 0))
		return;
	row_str(&w, role_name(role));
	row_u64(&w, (uint64_t)i.pid);
	row_str(&w, child_state_name(i.state));
	row_u64(&w, i.generation);
	row_u64(&w, i.restarts);
	row_double(&w, (double)up / 1e6);
	row_str(&w, i.loss);
	row_u64(&w, i.lost_time_us);
	row_double(&w, (double)i.lost_us / 1e6);
	row_str(&w, i.jail);
	row_end(&w);
}

static void
put_processes(struct control *c, struct answer *a)
{
	enum role	 r;

	for (r = ROLE_PARENT; r <= ROLE_LAST_CHILD; r++)
		put_process(c, a, r);
}

static void
put_tally(struct answer *a, enum tally_id id, enum role role, uint64_t v)
{
	struct row_writer	 w;
	char			 name[TALLY_NAME_MAX];

	if (!answer_row(a, &w, ROW_TALLY, 0))
		return;
	row_str(&w, tally_name(id, name));
	row_u64(&w, v);
	row_str(&w, tally_unit_name(id));
	row_str(&w, role_name(role));
	row_end(&w);
}

static void
put_tallies(struct control *c, struct answer *a)
{
	const struct tally	*t;
	enum tally_id		 id;
	enum role		 r;

	for (r = ROLE_PARENT; r <= ROLE_LAST_CHILD; r++) {
		if (r == ROLE_LAUNCHER)
			continue;
		t = r == ROLE_PARENT ? c->conf.tally :
		    supervise_tally(c->conf.supervise, r);
		for (id = 0; id < TALLY_MAX; id++)
			if (tally_owner(id) == r ||
			    tally_owner(id) == ROLE_ANY)
				put_tally(a, id, r, t->v[id]);
	}
}

static void
put_line(struct answer *a, const char *text, const char *state)
{
	struct row_writer	 w;

	if (!answer_row(a, &w, ROW_TEXT, 0))
		return;
	row_str(&w, text);
	row_str(&w, state);
	row_end(&w);
}

static void
put_config(struct control *c, struct answer *a)
{
	char	*text = NULL, *line, *end;
	size_t	 size = 0;
	FILE	*f;

	if ((f = open_memstream(&text, &size)) == NULL)
		return;
	conf_print(c->running, f, false);
	if (fclose(f) == 0) {
		for (line = text; *line != '\0'; line = end + 1) {
			if ((end = strchr(line, '\n')) == NULL)
				break;
			*end = '\0';
			put_line(a, line, "");
		}
	}
	free(text);
}

static const struct {
	unsigned	 bit;
	void		(*put)(struct control *, struct answer *);
} own_rows[] = {
	{ OWN_DAEMON,	 put_daemon },
	{ OWN_PROCESSES, put_processes },
	{ OWN_TALLIES,	 put_tallies },
	{ OWN_CONFIG,	 put_config },
};

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
	m.epoch = cl->control->conf.epoch;
	m.mono_us = proc_mono_us();
	m.wall_us = proc_wall_us();
	compat_strlcpy(m.text, NETMON_VERSION, sizeof(m.text));
	msg_put_hello(chan_begin(ch, MSG_HELLO, 0), &m);
	chan_end(ch);
	cl->greeted = version == MSG_VERSION;
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

	if ((r = new_request(cl, f)) == NULL)
		return 0;
	memcpy(r->owner, owner, sizeof(r->owner));
	ask_next(cl->control, r);
	return 0;
}

static int
on_show(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	struct msg_show	 m;
	struct answer	 a;
	struct buf	 b = f->body;
	size_t		 i;

	if (!cl->greeted || msg_get_show(&b, &m) == -1 ||
	    m.subject >= SHOW_SUBJECTS)
		return -1;
	answer_begin(&a, ch, f->request);
	for (i = 0; i < nitems(own_rows); i++)
		if (subjects[m.subject].own & own_rows[i].bit)
			own_rows[i].put(cl->control, &a);
	if (subjects[m.subject].owner[0] == 0) {
		answer_end(&a);
		return 0;
	}
	answer_flush(&a);
	return route(cl, f, subjects[m.subject].owner);
}

static int
to_owner(struct client *cl, struct frame *f, enum role owner)
{
	const enum role	 owners[OWNERS_MAX] = { owner };

	if (!cl->greeted)
		return -1;
	if (!allowed(cl, f))
		return 0;
	return route(cl, f, owners);
}

static int
on_reset(struct chan *ch, struct frame *f, void *arg)
{
	(void)ch;
	return to_owner(arg, f, ROLE_ANALYZER);
}

static int
on_mirror(struct chan *ch, struct frame *f, void *arg)
{
	(void)ch;
	return to_owner(arg, f, ROLE_MIRROR);
}

static int
start_reload(struct client *cl, struct frame *f, const char *path)
{
	struct request	*r;
	struct control	*c = cl->control;

	if (!allowed(cl, f) || (r = new_request(cl, f)) == NULL)
		return 0;
	/* It may end, and free the request, before it returns. */
	if (c->conf.ops->reload(path, r->id, c->conf.arg) == -1) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "a reload is under way, try again");
		free_request(c, r);
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
	return 0;
}

/* ---- hooks ---- */

/* Name services are out of reach in the jail: local users only. */
static bool
is_user(uid_t uid, const char *name)
{
	struct passwd	*pw;
	FILE		*f;
	bool		 same = false;

	if ((f = fopen("/etc/passwd", "re")) == NULL)
		return false;
	while (!same && (pw = fgetpwent(f)) != NULL)
		same = pw->pw_uid == uid && strcmp(pw->pw_name, name) == 0;
	fclose(f);
	return same;
}

/* 1 allowed, 0 not, -1 no mirror names this hook. */
static int
may_provide(const struct client *cl, const char *hook)
{
	const struct conf	*conf = cl->control->running;
	const struct conf_mirror *m;
	const char		*user;
	size_t			 i;
	int			 r = -1;

	for (i = 0; i < conf->nmirrors; i++) {
		m = &conf->mirrors[i];
		if (strcmp(m->record_hook, hook) == 0)
			user = m->record_hook_user;
		else if (strcmp(m->forward_hook, hook) == 0)
			user = m->forward_hook_user;
		else
			continue;
		r = may_change(cl) || (*user != '\0' &&
		    is_user(cl->uid, user));
		if (r == 1)
			return 1;
	}
	return r;
}

/* One end of a fresh pair to mirror, the other to the client with END. */
static int
connect_hook(struct client *cl, struct frame *f, const char *hook)
{
	struct chan	*mirror;
	int		 fd[2];

	mirror = supervise_chan(cl->control->conf.supervise, ROLE_MIRROR);
	if (mirror == NULL || socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == -1) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "mirror is not running now, try again");
		return 0;
	}
	msg_put_path(chan_begin(mirror, MSG_PROVIDER, 0), hook);
	chan_end_fd(mirror, fd[0]);
	chan_begin(cl->chan, MSG_END, f->request);
	chan_end_fd(cl->chan, fd[1]);
	return 0;
}

static int
on_hook(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	struct msg_show	 m;
	char		 name[MSG_ARG_MAX];

	if (!cl->greeted || msg_get_show(&f->body, &m) == -1 || m.nargs < 1)
		return -1;
	switch (may_provide(cl, m.args[0])) {
	case 1:
		return connect_hook(cl, f, m.args[0]);
	case 0:
		answer_error(ch, f->request, STATUS_REFUSED, "only root or the "
		    "user that the mirror names may provide this hook");
		return 0;
	default:
		answer_error(ch, f->request, STATUS_REFUSED,
		    "no mirror names a hook %s", vis_str(VIS_TERM, name,
		    sizeof(name), m.args[0]));
		return 0;
	}
}

/* ---- watching ---- */

static void
send_alert(struct client *cl, uint64_t seq, uint64_t missed)
{
	struct buf	*b;

	b = chan_begin(cl->chan, MSG_ROW, cl->watch_request);
	if (alerts_rows(cl->control->conf.alerts, seq, missed, b) == 0)
		chan_end(cl->chan);
}

/* Where a client goes on: the first number to send, and what it missed. */
static uint64_t
resume_at(struct control *c, const struct msg_watch *m, uint64_t *missed)
{
	uint64_t	 first = alerts_first(c->conf.alerts);
	uint64_t	 last = alerts_last(c->conf.alerts), at = last + 1;

	*missed = 0;
	if (m->epoch == alerts_epoch(c->conf.alerts)) {
		at = m->after + 1;
		if (at < first) {
			*missed = first - at;
			at = first;
		}
	} else if (m->epoch != 0) {
		at = first;		/* all that this daemon has seen */
	} else if (m->last > 0) {
		at = last >= m->last ? last - m->last + 1 : 1;
		if (at < first)
			at = first;
	}
	return at;
}

static int
on_watch(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	struct control	*c = cl->control;
	struct msg_watch m;
	uint64_t	 seq, missed;

	if (!cl->greeted || msg_get_watch(&f->body, &m) == -1)
		return -1;
	cl->watch = m.flags;
	cl->watch_request = f->request;
	seq = resume_at(c, &m, &missed);
	tally_add(c->conf.tally, TALLY_PAR_ALERTS_MISSED, missed);
	for (; m.flags & WATCH_ALERTS && seq <= alerts_last(c->conf.alerts);
	    seq++) {
		send_alert(cl, seq, missed);
		missed = 0;
	}
	if (m.flags & WATCH_FOLLOW)
		return 0;
	cl->watch = 0;
	chan_send(ch, MSG_END, f->request);
	return 0;
}

int
control_alert(struct control *c, struct frame *f)
{
	struct client	*cl;
	uint64_t	 seq;
	char		 line[ALERTS_LINE_MAX];
	enum log_level	 level;

	if ((seq = alerts_add(c->conf.alerts, &f->body)) == 0)
		return -1;
	level = alerts_line(c->conf.alerts, seq, line, sizeof(line));
	c->conf.ops->say(level, line, c->conf.arg);
	TAILQ_FOREACH(cl, &c->clients, entry)
		if (cl->watch & WATCH_ALERTS)
			send_alert(cl, seq, 0);
	return 0;
}

static void
send_monitor(struct control *c, uint64_t ts_us, const char *type,
    const char *text)
{
	struct row_writer	 w;
	struct client		*cl;

	TAILQ_FOREACH(cl, &c->clients, entry) {
		if (!(cl->watch & WATCH_MONITOR))
			continue;
		row_begin(&w, chan_begin(cl->chan, MSG_ROW,
		    cl->watch_request), ROW_MONITOR, 0);
		row_u64(&w, ts_us);
		row_str(&w, type);
		row_str(&w, text);
		if (row_end(&w) == 0)
			chan_end(cl->chan);
	}
}

int
control_monitor(struct control *c, struct frame *f)
{
	struct msg_monitor	 m;

	if (msg_get_monitor(&f->body, &m) == -1)
		return -1;
	send_monitor(c, m.ts_us, m.type, m.text);
	return 0;
}

void
control_event(struct control *c, const char *type, const char *text)
{
	send_monitor(c, proc_wall_us(), type, text);
}

void
control_reloaded(struct control *c, const struct reload_result *res)
{
	const struct reload_lines *lines = res->ok ? &res->changes :
				    &res->errors;
	struct request		*r;
	struct answer		 a;
	size_t			 i;

	if ((r = find_request(c, (uint32_t)res->cookie)) == NULL)
		return;
	answer_begin(&a, r->client->chan, r->theirs);
	for (i = 0; i < lines->n; i++)
		put_line(&a, lines->v[i], res->ok ? "ok" : "cause");
	answer_flush(&a);
	if (res->ok)
		chan_send(r->client->chan, MSG_END, r->theirs);
	else
		answer_error(r->client->chan, r->theirs, STATUS_REFUSED,
		    "refused: the running configuration is unchanged");
	free_request(c, r);
}

/* ---- accepting ---- */

static const struct handler from_client[] = {
	{ MSG_HELLO,		on_hello },
	{ MSG_SHOW,		on_show },
	{ MSG_WATCH,		on_watch },
	{ MSG_RELOAD,		on_reload },
	{ MSG_LOAD,		on_load },
	{ MSG_VERBOSITY,	on_verbosity },
	{ MSG_RESET,		on_reset },
	{ MSG_MIRROR,		on_mirror },
	{ MSG_ROTATE,		on_mirror },
	{ MSG_HOOK,		on_hook },
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
	if (s == -1)
		return;
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
		if (cred.uid == 0)
			most += CONTROL_ROOT_EXTRA;
		if (c->nclients < most)
			cl = new_client(c, s, 0, CONTROL_QUEUE_MAX);
	}
	if (cl == NULL) {
		tally_add(c->conf.tally, TALLY_PAR_CLIENTS_REFUSED, 1);
		close(s);
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
