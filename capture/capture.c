#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "capture/addrs.h"
#include "capture/batch.h"
#include "capture/filter.h"
#include "capture/ifaces.h"
#include "capture/ifwatch.h"
#include "capture/offline.h"
#include "capture/source.h"
#include "sandbox/log.h"
#include "sandbox/policy.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"

#define PER_DISPATCH	256	/* packets of one interface in a row */
#define DISPATCHES	16	/* before other interfaces get a turn */
#define FIRST_DUMP_MS	2000
#define LATE_US		20000	/* from its time to the rings, on a busy CPU */
#define SET_BACK_US	1000000	/* later than that is no packet */
#define LAST_LOOK_US	60000	/* at stop: three timeouts of a slow ring */
#define FIRST_TURN_US	3000000	/* for opening, before READY */
#define TURN_US		50000	/* the same while packets come */
#define REST_US		1000	/* between two such turns */

struct capture {
	struct proc	*proc;
	struct batch	 batch;
	struct ifaces	 ifaces;
	struct iface	*current;	/* whose packets are handed out */
	struct offline	*offline;
	struct buf	*capstats;	/* that are being sent */
	uint64_t	*drops;		/* by number, as the file tells */
	size_t		 ndrops;
	int		 netlink;	/* -1: a file is read */
	struct addrs	 addrs;
	uint32_t	 dump;		/* number of the last one asked for */
	enum ifwatch_what dumping;	/* until it is complete */
	bool		 dump_broken;
	struct event	*ev_netlink;
	struct event	*ev_second;
	struct event	*ev_settle;
	struct event	*ev_last;
};

static void	capture_resume(struct capture *);

/* ---- batches out ---- */

static struct chan *
analyzer(struct capture *c)
{
	return c->proc->chan[ROLE_ANALYZER];
}

static bool
ready(struct capture *c)
{
	return c->proc->linked[ROLE_ANALYZER] && chan_ready(analyzer(c));
}

static void
flush_batch(struct capture *c)
{
	uint8_t	*p;
	size_t	 len;

	if ((p = batch_frame(&c->batch, &len)) == NULL)
		return;
	if (chan_send_raw(analyzer(c), MSG_PACKETS, 0, p, len) == -1)
		tally_add(&c->proc->tally, TALLY_CAP_QUEUE_DROPS,
		    c->batch.count);
	tally_add(&c->proc->tally, TALLY_CAP_BATCHES, 1);
	batch_next(&c->batch);
}

/* False when the analyzer has enough for now; this packet was taken. */
static bool
put_packet(struct capture *c, const struct msg_packet *p)
{
	struct tally		*t = &c->proc->tally;
	enum batch_result	 r;
	bool			 more = true;

	if ((r = batch_add(&c->batch, p)) == BATCH_FULL) {
		flush_batch(c);
		more = ready(c);
		r = batch_add(&c->batch, p);
	}
	if (r == BATCH_CUT)
		tally_add(t, TALLY_CAP_OVERSIZE, 1);
	if (p->caplen < p->wirelen)
		tally_add(t, TALLY_CAP_TRUNCATED, 1);
	tally_add(t, TALLY_CAP_PACKETS, 1);
	tally_add(t, TALLY_CAP_BYTES, p->caplen);
	return more;
}

static int
send_iface(struct capture *c, const struct msg_iface *m)
{
	msg_put_iface(chan_begin(analyzer(c), MSG_IFACE, 0), m);
	return chan_end(analyzer(c));
}

/* ---- live ---- */

static void
send_local(struct capture *c)
{
	static struct msg_local	 m;	/* for small stacks */

	if (!c->addrs.changed)
		return;
	for (m.n = 0; m.n < c->addrs.n; m.n++)
		m.addr[m.n] = c->addrs.v[m.n].a.addr;
	msg_put_local(chan_begin(analyzer(c), MSG_LOCAL, 0), &m);
	if (chan_end(analyzer(c)) == 0)
		c->addrs.changed = false;
}

static void
send_changed(struct capture *c)
{
	struct msg_iface	 m;
	struct iface		*i;

	if (!c->proc->linked[ROLE_ANALYZER])
		return;
	TAILQ_FOREACH(i, &c->ifaces.list, entry) {
		if (!i->changed)
			continue;
		ifaces_message(i, &m);
		if (send_iface(c, &m) == -1)
			break;		/* the next second tries again */
		i->changed = false;
	}
	ifaces_forget_gone(&c->ifaces);
	send_local(c);
}

#define CAPSTATS	512	/* in one frame */

/* The one after n of them, and the end of n. */
static void
put_capstat(struct capture *c, const struct msg_capstat *m, size_t n)
{
	if (n % CAPSTATS == 0) {
		if (n > 0)
			chan_end(analyzer(c));
		c->capstats = chan_begin(analyzer(c), MSG_CAPSTAT, 0);
	}
	msg_put_capstat(c->capstats, m);
}

static void
end_capstats(struct capture *c, size_t n)
{
	if (n > 0)
		chan_end(analyzer(c));
}

static void
send_capstats(struct capture *c)
{
	struct msg_capstat	 m;
	struct iface		*i;
	size_t			 n = 0;

	if (!ready(c))
		return;
	TAILQ_FOREACH(i, &c->ifaces.list, entry) {
		ifaces_capstat(i, &m);
		put_capstat(c, &m, n++);
	}
	end_capstats(c, n);
}

static void
settle_later(struct capture *c)
{
	struct timeval	 rest = { 0, REST_US };

	if (c->ev_settle != NULL)
		event_add(c->ev_settle, &rest);
}

static void
settle(struct capture *c)
{
	ifaces_settle(&c->ifaces, proc_mono_us());
	send_changed(c);
	if (c->ifaces.more)
		settle_later(c);
}

static void
on_settle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	settle(arg);
}

/* False when the analyzer has enough for now. */
static bool
take_packet(struct capture *c, const struct source_packet *s)
{
	struct msg_packet	 p;

	p.ts_us = s->ts_us;
	p.wirelen = s->wirelen;
	p.caplen = s->caplen;
	p.iface = c->current->id;
	p.flags = 0;
	p.data = s->data;
	c->current->sent++;
	return put_packet(c, &p);
}

/*
 * Did the handle that this one replaced have it? A clock that was set back
 * makes no old packets of new ones.
 */
static bool
had_before(struct iface *i, uint64_t ts_us)
{
	if (ts_us >= i->from_us + LATE_US)
		i->from_us = 0;
	return ts_us < i->from_us && ts_us + SET_BACK_US >= i->from_us;
}

static void
on_live_packet(void *arg, const struct source_packet *s)
{
	struct capture	*c = arg;

	if (c->current->from_us != 0 && had_before(c->current, s->ts_us))
		return;
	if (!take_packet(c, s))
		source_break(c->current->source);
}

/* How a handle that another one replaces is read to its end. */
struct rest {
	struct capture	*capture;
	uint64_t	 until_us;	/* 0: whatever it holds */
	bool		 past;
};

static void
on_rest_packet(void *arg, const struct source_packet *s)
{
	struct rest		*r = arg;

	if (r->until_us == 0 || s->ts_us < r->until_us)
		take_packet(r->capture, s);
	else if (s->ts_us >= r->until_us + LATE_US)
		r->past = true;
}

/* What the analyzer has no room for is counted there. */
static void
on_rest(struct iface *i, struct source *old, uint64_t until_us, void *arg)
{
	struct rest	 r = { arg, until_us, false };
	struct pollfd	 p = { .fd = source_fd(old), .events = POLLIN };
	uint64_t	 end = proc_mono_us() + LAST_LOOK_US;
	char		 why[SOURCE_WHY_MAX];
	int		 n;

	r.capture->current = i;
	do {
		n = source_dispatch(old, PER_DISPATCH, on_rest_packet, &r,
		    why, sizeof(why));
		if (n == 0)
			poll(&p, 1, IFACES_BLOCK_MS);
	} while (n >= 0 && !r.past && proc_mono_us() < end);
}

static void
pause_reading(struct capture *c)
{
	tally_add(&c->proc->tally, TALLY_CAP_PAUSES, 1);
	ifaces_read(&c->ifaces, false);
}

static void
on_ring(struct iface *i, void *arg)
{
	struct capture	*c = arg;
	char		 why[SOURCE_WHY_MAX];
	int		 n = PER_DISPATCH, rounds;

	c->current = i;
	for (rounds = 0; ready(c) && n == PER_DISPATCH; rounds++) {
		if (rounds == DISPATCHES) {
			event_active(i->ev, EV_READ, 0);
			return;
		}
		n = source_dispatch(i->source, PER_DISPATCH, on_live_packet,
		    c, why, sizeof(why));
	}
	if (n == -1) {
		ifaces_failed(i, why, proc_mono_us());
		settle_later(c);	/* hundreds may fail at once */
	}
	if (ready(c))
		flush_batch(c);
	if (!ready(c))
		pause_reading(c);
}

static void
ask(struct capture *c, enum ifwatch_what what)
{
	if (++c->dump == 0)
		c->dump = 1;
	c->dump_broken = false;
	c->dumping = what;
	if (ifwatch_ask(c->netlink, what, c->dump) == 0)
		return;
	c->dumping = IFWATCH_NOTHING;
	log_debug("netlink: %s", strerror(errno));
}

static void
dump_done(struct capture *c)
{
	const enum ifwatch_what	 what = c->dumping;

	c->dumping = IFWATCH_NOTHING;
	if (what == IFWATCH_ADDRS) {
		if (!c->dump_broken)
			addrs_sweep(&c->addrs, c->dump);
		return;
	}
	if (!c->dump_broken)
		ifaces_sweep(&c->ifaces, c->dump);
	ifaces_count(&c->ifaces);
	send_capstats(c);
}

static void
on_told(enum ifwatch_event what, const struct ifwatch_link *l,
    const struct ifwatch_addr *a, bool dump, void *arg)
{
	struct capture	*c = arg;

	(void)dump;
	if (what == IFWATCH_LINK)
		ifaces_update(&c->ifaces, l, c->dump);
	else if (what == IFWATCH_GONE)
		ifaces_gone(&c->ifaces, l->index);
	else if (what == IFWATCH_ADDR) {
		if (!addrs_update(&c->addrs, a, c->dump))
			tally_add(&c->proc->tally, TALLY_CAP_ADDRS_OVER, 1);
	} else if (what == IFWATCH_ADDR_GONE)
		addrs_gone(&c->addrs, a);
	else if (what == IFWATCH_BROKEN)
		c->dump_broken = true;
	else
		dump_done(c);
}

static void
read_netlink(struct capture *c)
{
	if (ifwatch_read(c->netlink, c->dump, on_told, c) == -1) {
		if (errno != ENOBUFS) {
			log_warn("netlink");
			return;
		}
		tally_add(&c->proc->tally, TALLY_CAP_NETLINK_LOST, 1);
		c->addrs.stale = true;
		ask(c, IFWATCH_LINKS);
	} else if (c->addrs.stale && c->dumping == IFWATCH_NOTHING)
		ask(c, IFWATCH_ADDRS);
}

static void
on_netlink(evutil_socket_t fd, short what, void *arg)
{
	struct capture	*c = arg;

	(void)fd;
	(void)what;
	read_netlink(c);
	settle(c);
}

/*
 * The re-check: a dump brings the link counters and whatever an event did
 * not tell. A dump that is still on its way after a second is given up.
 */
static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	struct capture	*c = arg;

	(void)fd;
	(void)what;
	if (c->dumping)
		read_netlink(c);
	ask(c, IFWATCH_LINKS);
	settle(c);
	capture_resume(c);
}

static void
first_dump(struct capture *c)
{
	struct pollfd	 p = { .fd = c->netlink, .events = POLLIN };
	int		 i;

	c->addrs.stale = true;
	ask(c, IFWATCH_LINKS);
	for (i = 0; c->dumping && i < 100; i++) {
		if (poll(&p, 1, FIRST_DUMP_MS / 100) > 0)
			read_netlink(c);
	}
}

/* Nothing to watch at the very start is an error that a person must see. */
static void
need_an_interface(struct capture *c)
{
	const struct conf	*conf = c->proc->conf;
	const struct iface	*i, *bad = NULL;
	char			 name[CONF_GLOB_MAX * 4];

	if (c->ifaces.open > 0 || (c->proc->hello.flags & HELLO_RESTARTED))
		return;
	TAILQ_FOREACH(i, &c->ifaces.list, entry)
		if (i->why[0] != '\0' && (bad == NULL ||
		    i->error == SOURCE_DENIED))
			bad = i;
	if (bad != NULL)
		proc_exit(c->proc, bad->error == SOURCE_DENIED ? EX_NOPERM :
		    EX_UNAVAILABLE, "no interface could be opened: %s: %s",
		    bad->link.name, bad->why);
	vis_str(VIS_LOG, name, sizeof(name), conf->ninterfaces > 0 ?
	    conf->interfaces[0].name : "*");
	proc_exit(c->proc, EX_UNAVAILABLE, "no interface could be opened: "
	    "none that the configuration allows (%s%s) is up", name,
	    conf->ninterfaces > 1 ? " ..." : "");
}

static void
init_live(struct capture *c)
{
	int	 fd;

	/* the filter knows the socket by its number */
	fd = ifwatch_open();
	if (fd == -1 || dup3(fd, POLICY_FD_NETLINK, O_CLOEXEC) == -1)
		fatal("netlink");
	close(fd);
	c->netlink = POLICY_FD_NETLINK;
	first_dump(c);
	c->ifaces.turn_us = FIRST_TURN_US;
	ifaces_settle(&c->ifaces, proc_mono_us());
	c->ifaces.turn_us = TURN_US;
	need_an_interface(c);
}

static void
run_live(struct capture *c)
{
	struct timeval	 second = { 1, 0 };

	c->ev_netlink = event_new(c->proc->base, c->netlink,
	    EV_READ | EV_PERSIST, on_netlink, c);
	c->ev_second = event_new(c->proc->base, -1, EV_PERSIST, on_second, c);
	c->ev_settle = event_new(c->proc->base, -1, 0, on_settle, c);
	if (c->ev_netlink == NULL || c->ev_second == NULL ||
	    c->ev_settle == NULL || event_add(c->ev_netlink, NULL) == -1 ||
	    event_add(c->ev_second, &second) == -1)
		fatalx("no memory");
	if (c->ifaces.more)
		settle_later(c);
}

/* ---- from a file ---- */

static bool
on_file_packet(void *arg, const struct savefile_packet *s)
{
	struct capture		*c = arg;
	struct msg_packet	 p;

	p.ts_us = s->ts_us;
	p.wirelen = s->wirelen;
	p.caplen = s->caplen;
	p.iface = s->iface;
	p.flags = s->outgoing ? PACKET_OUTGOING : 0;
	p.data = s->data;
	return put_packet(c, &p);
}

static void
on_file_iface(void *arg, const struct savefile_iface *s)
{
	struct capture		*c = arg;
	struct msg_iface	 m;

	memset(&m, 0, sizeof(m));
	m.id = s->id;
	m.state = IFACE_UP;
	m.linktype = s->linktype;
	m.snaplen = s->snaplen;
	compat_strlcpy(m.name, s->name[0] != '\0' ? s->name : "file",
	    sizeof(m.name));
	compat_strlcpy(m.type, "file", sizeof(m.type));
	if (send_iface(c, &m) == -1)
		log_warnx("an interface of the file could not be told");
}

/* Told at the end, with the number of the interface. */
static void
on_file_drops(void *arg, uint16_t iface, uint64_t n)
{
	struct capture	*c = arg;
	uint64_t	*v;

	if (iface >= c->ndrops) {
		v = reallocarray(c->drops, (size_t)iface + 1, sizeof(*v));
		if (v == NULL)
			fatalx("out of memory");
		c->drops = v;
		while (c->ndrops <= iface)
			c->drops[c->ndrops++] = 0;
	}
	c->drops[iface] += n;
}

static void
send_file_drops(struct capture *c)
{
	struct msg_capstat	 m;
	size_t			 i, n = 0;

	for (i = 0; i < c->ndrops; i++) {
		if (c->drops[i] == 0)
			continue;
		memset(&m, 0, sizeof(m));
		m.id = (uint16_t)i;
		m.dropped = c->drops[i];
		put_capstat(c, &m, n++);
	}
	end_capstats(c, n);
}

static void
on_file_end(void *arg, const char *why)
{
	struct capture		*c = arg;
	struct msg_data_end	 m = { why != NULL, 0 };
	char			 f[CONF_PATH_MAX], w[SAVEFILE_WHY_MAX * 2];

	if (why != NULL) {
		/* First how much was read: of nothing there is no report. */
		proc_send_tally(c->proc);
		proc_bad_input(c->proc, "%s: %s", vis_str(VIS_LOG, f,
		    sizeof(f), c->proc->conf->input), vis_str(VIS_LOG, w,
		    sizeof(w), why));
	}
	flush_batch(c);
	send_file_drops(c);
	msg_put_data_end(chan_begin(analyzer(c), MSG_DATA_END, 0), &m);
	chan_end(analyzer(c));
}

static int
capture_on_file(struct chan *ch, struct frame *f, void *arg)
{
	struct proc		*p = arg;
	struct capture		*c = p->state;
	struct offline_conf	 o;
	struct msg_file		 m;

	(void)ch;
	if (msg_get_file(&f->body, &m) == -1 || m.kind != FILE_INPUT ||
	    f->fd == -1 || c == NULL || c->offline != NULL)
		return -1;
	memset(&o, 0, sizeof(o));
	o.base = p->base;
	o.fd = f->fd;
	f->fd = -1;
	o.regular = (m.flags & FILE_REGULAR) != 0;
	o.conf = p->conf;
	o.tally = &p->tally;
	o.packet = on_file_packet;
	o.iface = on_file_iface;
	o.drops = on_file_drops;
	o.end = on_file_end;
	o.arg = c;
	if ((c->offline = offline_new(&o)) == NULL)
		on_file_end(c, "no memory");
	else
		capture_resume(c);
	return 0;
}

/* A signal ended netmond -r: it reports what was read. */
static int
capture_on_enough(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct capture	*c = p->state;

	(void)ch;
	(void)f;
	if (c != NULL && c->offline != NULL)
		offline_enough(c->offline);
	return 0;
}

/* ---- the life ---- */

static void
on_said(void *arg, const char *line)
{
	struct capture	*c = arg;

	proc_monitor(c->proc, "interface", "%s", line);
}

static int
judge_filter(const struct conf *conf, char *why, size_t size)
{
	struct source_program	*f;
	char			 text[FILTER_TEXT_MAX];
	char			 w[CONF_WHY_MAX], v[CONF_WHY_MAX];

	if (filter_check(conf->filter, why, size) == -1)
		return -1;
	if (filter_build(conf, FILTER_ETHER, text, sizeof(text)) == -1) {
		snprintf(why, size, "filter: too long");
		return -1;
	}
	f = source_compile(text, 1, SOURCE_SNAPLEN, w, sizeof(w));
	if (f == NULL) {
		snprintf(why, size, "filter: %s", vis_str(VIS_LOG, v,
		    sizeof(v), w));
		return -1;
	}
	source_program_free(f);
	return 0;
}

static int
capture_check(struct proc *p, const struct conf *conf, char *why, size_t size)
{
	char	 w[CONF_WHY_MAX], at[CONF_PLACE_MAX];

	(void)p;
	if (judge_filter(conf, w, sizeof(w)) == 0)
		return 0;
	vis_str(VIS_LOG, at, sizeof(at), conf->filter_at);
	snprintf(why, size, "%s%s%s", at, *at != '\0' ? ": " : "", w);
	return -1;
}

static void
capture_init(struct proc *p)
{
	struct capture	*c;
	char		 why[CONF_PLACE_MAX + CONF_WHY_MAX + 2]; /* "at: why" */

	if ((c = calloc(1, sizeof(*c))) == NULL || batch_init(&c->batch) == -1)
		fatalx("no memory");
	p->state = c;
	c->proc = p;
	c->netlink = -1;
	ifaces_init(&c->ifaces);
	c->ifaces.base = p->base;
	c->ifaces.conf = p->conf;
	c->ifaces.tally = &p->tally;
	c->ifaces.readable = on_ring;
	c->ifaces.rest = on_rest;
	c->ifaces.said = on_said;
	c->ifaces.arg = c;
	if (capture_check(p, p->conf, why, sizeof(why)) == -1)
		proc_exit(p, STATUS_CONFIG, "%s", why);
	if (!p->conf->offline)
		init_live(c);
}

static void
capture_run(struct proc *p)
{
	struct capture	*c = p->state;

	if (c->netlink != -1)
		run_live(c);
}

/* Reads when there is somebody to read for. */
static void
capture_resume(struct capture *c)
{
	if (c->proc->stopping || !ready(c))
		return;
	if (c->offline != NULL)
		offline_resume(c->offline);
	ifaces_read(&c->ifaces, true);
}

static void
capture_linked(struct proc *p, enum role peer)
{
	struct capture	*c = p->state;
	struct iface	*i;

	if (peer != ROLE_ANALYZER)
		return;
	TAILQ_FOREACH(i, &c->ifaces.list, entry)
		i->changed = true;
	c->addrs.changed = c->netlink != -1;
	send_changed(c);
	ifaces_count(&c->ifaces);
	send_capstats(c);
	capture_resume(c);
}

static void
capture_drained(struct proc *p, enum role peer)
{
	if (peer == ROLE_ANALYZER)
		capture_resume(p->state);
}

static void
capture_commit(struct proc *p, const struct conf *old)
{
	struct capture	*c = p->state;

	(void)old;
	if (c->netlink == -1)
		return;
	ifaces_reconfigure(&c->ifaces, p->conf, proc_mono_us());
	send_changed(c);
	if (c->ifaces.more)
		settle_later(c);
}

/* What came before STOP has left the rings by now. */
static void
on_last_look(evutil_socket_t fd, short what, void *arg)
{
	struct capture	*c = arg;

	(void)fd;
	(void)what;
	if (c->netlink != -1) {
		ifaces_count(&c->ifaces);
		send_capstats(c);
	}
	if (c->proc->linked[ROLE_ANALYZER])
		flush_batch(c);
	proc_bye(c->proc);
}

static void
capture_stop(struct proc *p)
{
	struct capture	*c = p->state;
	struct timeval	 soon = { 0, LAST_LOOK_US };

	if (c->netlink == -1) {
		on_last_look(-1, 0, c);
		return;
	}
	c->ev_last = event_new(p->base, -1, 0, on_last_look, c);
	if (c->ev_last == NULL || event_add(c->ev_last, &soon) == -1)
		on_last_look(-1, 0, c);
}

static const struct handler from_parent[] = {
	{ MSG_FILE,	capture_on_file },
	{ MSG_ENOUGH,	capture_on_enough },
	{ 0,		NULL }
};

static const struct proc_ops capture_ops = {
	.role	 = ROLE_CAPTURE,
	.check	 = capture_check,
	.init	 = capture_init,
	.run	 = capture_run,
	.stop	 = capture_stop,
	.commit	 = capture_commit,
	.linked	 = capture_linked,
	.drained = capture_drained,
	.from	 = { [ROLE_PARENT] = from_parent },
};

int
main(int argc, char **argv)
{
	return proc_main(argc, argv, &capture_ops);
}
