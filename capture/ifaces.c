#include <linux/if.h>
#include <net/if_arp.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "capture/ifaces.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"

#define RETRY_US	1000000	/* a handle that failed is tried again */
#define RETRY_DOUBLINGS	4	/* later and later, until this often */
#define NAME_VIS	(IFWATCH_NAME_MAX * 4)

#define COPY(to, from)	compat_strlcpy((to), (from), sizeof(to))

void
ifaces_init(struct ifaces *all)
{
	memset(all, 0, sizeof(*all));
	TAILQ_INIT(&all->list);
}

static void	say(const struct iface *, const char *, ...) PRINTFLIKE(2, 3);

static void
say(const struct iface *i, const char *fmt, ...)
{
	char	 line[LOG_LINE_MAX], s[NAME_VIS];
	va_list	 ap;
	int	 n;

	n = snprintf(line, sizeof(line), "%s ", vis_str(VIS_LOG, s,
	    sizeof(s), i->link.name));
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	log_info("interface %s", line);
	if (i->all->said != NULL)
		i->all->said(i->all->arg, line);
}

/* ---- handles ---- */

static void
add_stats(struct source_stats *to, const struct source_stats *s)
{
	to->received += s->received;
	to->dropped += s->dropped;
	to->if_dropped += s->if_dropped;
}

static struct source_stats
totals(struct iface *i)
{
	struct source_stats	 now, all = i->before;

	if (i->source != NULL) {
		source_stats(i->source, &now);
		add_stats(&all, &now);
	}
	return all;
}

static void
count(struct iface *i)
{
	struct source_stats	 now = totals(i);

	tally_add(i->all->tally, TALLY_CAP_KERNEL_DROPS,
	    now.dropped - i->counted.dropped);
	i->counted = now;
}

/* Reads no more from it; the next settle closes it. */
static void
give_up(struct iface *i)
{
	if (i->source == NULL)
		return;
	if (i->ev != NULL)
		event_free(i->ev);
	i->ev = NULL;
	i->closing = true;
	i->changed = true;
	i->all->more = true;
}

static void
close_handle(struct iface *i)
{
	if (i->source == NULL)
		return;
	count(i);
	i->before = i->counted;
	if (i->ev != NULL)
		event_free(i->ev);
	i->ev = NULL;
	source_close(i->source);
	i->source = NULL;
	i->closing = false;
	i->all->open--;
	i->ring = 0;
	i->changed = true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct iface	*i = arg;

	(void)fd;
	(void)what;
	i->all->readable(i, i->all->arg);
}

static void
options_of(const struct ifaces *all, const char *name,
    struct conf_interface *out)
{
	const struct conf_interface	*c;

	memset(out, 0, sizeof(*out));
	if ((c = ifselect_conf(all->conf, name)) != NULL)
		*out = *c;
}

/* The options that need a new handle when they change. */
static bool
same_handle(const struct conf_interface *a, const struct conf_interface *b)
{
	return a->promiscuous == b->promiscuous && a->snaplen == b->snaplen &&
	    a->ring == b->ring;
}

static int
set_filter(struct iface *i, char *why, size_t size)
{
	char	 text[FILTER_TEXT_MAX];

	if (filter_build(i->all->conf, filter_link(source_linktype(i->source)),
	    text, sizeof(text)) == -1) {
		snprintf(why, size, "the filter is too long");
		return -1;
	}
	return source_filter(i->source, text, why, size);
}

static uint64_t
granted(const struct ifaces *all)
{
	const struct iface	*i;
	uint64_t		 sum = 0;

	TAILQ_FOREACH(i, &all->list, entry)
		sum += i->ring;
	return sum;
}

static int
try_open(struct iface *i, size_t shares, char *why, size_t size)
{
	struct ifaces		*all = i->all;
	struct source_conf	 c;

	options_of(all, i->link.name, &i->options);
	memset(&c, 0, sizeof(c));
	c.name = i->link.name;
	c.snaplen = i->options.snaplen;
	c.promiscuous = i->options.promiscuous;
	c.loopback = (i->link.flags & IFF_LOOPBACK) != 0;
	c.timeout_ms = all->open < IFACES_SLOW ? IFACES_BLOCK_MS :
	    IFACES_SLOW_MS;
	c.ring = ifselect_ring(all->conf, &i->options, shares, granted(all));
	i->source = source_open(&c, &i->error, why, size);
	if (i->source == NULL)
		return -1;
	i->error = SOURCE_FAILED;
	if (set_filter(i, why, size) == -1)
		goto bad;
	i->ev = event_new(all->base, source_fd(i->source),
	    EV_READ | EV_PERSIST, on_readable, i);
	if (i->ev == NULL || (all->reading && event_add(i->ev, NULL) == -1)) {
		snprintf(why, size, "no memory");
		goto bad;
	}
	i->error = SOURCE_OK;
	return 0;
 bad:
	if (i->ev != NULL)
		event_free(i->ev);
	i->ev = NULL;
	source_close(i->source);
	i->source = NULL;
	return -1;
}

static void
open_handle(struct iface *i, size_t shares, uint64_t now_us)
{
	char	 why[SOURCE_WHY_MAX], s[NAME_VIS], v[SOURCE_WHY_MAX];

	i->changed = true;
	if (try_open(i, shares, why, sizeof(why)) == -1) {
		i->retry_us = now_us + ((uint64_t)RETRY_US << i->tries);
		if (i->tries < RETRY_DOUBLINGS)
			i->tries++;
		if (i->error == SOURCE_GONE)
			return;		/* netlink will say it */
		vis_str(VIS_LOG, v, sizeof(v), why);
		tally_add(i->all->tally, TALLY_CAP_OPEN_ERRORS, 1);
		if (strncmp(i->why, v, sizeof(i->why) - 1) != 0)
			log_warnx("interface %s: %s", vis_str(VIS_LOG, s,
			    sizeof(s), i->link.name), v);
		COPY(i->why, v);
		return;
	}
	i->all->open++;
	i->ring = source_ring(i->source);
	i->retry_us = 0;
	i->tries = 0;
	i->why[0] = '\0';
	COPY(i->opened, i->link.name);
	i->opened_arphrd = i->link.arphrd;
	say(i, "capture started, ring %llu KiB%s",
	    (unsigned long long)i->ring / 1024,
	    i->options.promiscuous ? ", promiscuous" : "");
}

void
ifaces_failed(struct iface *i, const char *why, uint64_t now_us)
{
	char	 v[SOURCE_WHY_MAX];

	vis_str(VIS_LOG, v, sizeof(v), why);
	say(i, "capture ended: %s", v);
	give_up(i);
	i->error = SOURCE_FAILED;
	COPY(i->why, v);
	/* the kernel's message about it is on its way: give it the time */
	i->retry_us = now_us + RETRY_US / 4;
}

/*
 * The new one is open before the old one is read to its end: a moment parts
 * the packets, by the time that both have of each, so none is lost.
 */
static void
replace_handle(struct iface *i, size_t shares, uint64_t now_us)
{
	struct source	*old = i->source, *fresh;

	if (i->ev != NULL)
		event_free(i->ev);
	i->ev = NULL;
	i->source = NULL;
	i->ring = 0;
	i->all->open--;
	open_handle(i, shares, now_us);
	i->from_us = i->source == NULL ? 0 : proc_wall_us();
	fresh = i->source;
	i->source = old;
	count(i);		/* what it drops from now on, the new one has */
	i->before = i->counted;
	i->source = fresh;
	i->all->rest(i, old, i->from_us, i->all->arg);
	source_close(old);
}

/* ---- entries ---- */

/* A dump names them in the order in which most of them came. */
static struct iface *
find(struct ifaces *all, uint32_t index)
{
	struct iface	*i = all->found;

	if (i != NULL && (i = TAILQ_NEXT(i, entry)) != NULL &&
	    i->link.index == index)
		return all->found = i;
	TAILQ_FOREACH(i, &all->list, entry)
		if (i->link.index == index)
			return all->found = i;
	return NULL;
}

/* In turn: the number of one that is gone comes again as late as it can. */
static uint16_t
next_id(struct ifaces *all)
{
	struct iface	*i;

	do {
		all->last_id = (uint16_t)(all->last_id % IFACES_MAX + 1);
		TAILQ_FOREACH(i, &all->list, entry)
			if (i->id == all->last_id)
				break;
	} while (i != NULL);
	return all->last_id;
}

/* The dump of each second names it again: once is enough. */
static void
refuse(struct ifaces *all, const struct ifwatch_link *l)
{
	char	 s[NAME_VIS];

	tally_add(all->tally, TALLY_CAP_OPEN_ERRORS, 1);
	if (all->refused)
		return;
	all->refused = true;
	log_warnx("interface %s: there are %zu already, it and those after "
	    "it are not watched", vis_str(VIS_LOG, s, sizeof(s), l->name),
	    all->n);
}

static struct iface *
add(struct ifaces *all, const struct ifwatch_link *l)
{
	struct iface	*i;

	if (all->n == IFACES_MAX || (i = calloc(1, sizeof(*i))) == NULL) {
		refuse(all, l);
		return NULL;
	}
	i->all = all;
	i->id = next_id(all);
	i->link = *l;
	i->select = IFSELECT_DOWN;
	i->changed = true;
	all->n++;
	TAILQ_INSERT_TAIL(&all->list, i, entry);
	return i;
}

/* What a person or the choice would notice; counters are no change. */
static bool
differs(const struct ifwatch_link *a, const struct ifwatch_link *b)
{
	return ((a->flags ^ b->flags) & (IFF_UP | IFF_RUNNING)) != 0 ||
	    a->link != b->link || a->master != b->master ||
	    a->carrier != b->carrier || a->arphrd != b->arphrd ||
	    a->xdp != b->xdp ||
	    strcmp(a->name, b->name) != 0 || strcmp(a->kind, b->kind) != 0;
}

void
ifaces_update(struct ifaces *all, const struct ifwatch_link *l, uint32_t dump)
{
	struct iface		*i;
	struct ifwatch_link	 old;
	char			 t[NAME_VIS];

	if ((i = find(all, l->index)) == NULL) {
		if ((i = add(all, l)) == NULL)
			return;
		tally_add(all->tally, TALLY_CAP_IF_EVENTS, 1);
		i->dump = dump;
		say(i, "added");
		return;
	}
	old = i->link;
	i->link = *l;
	i->dump = dump;
	if (!l->has_stats) {
		i->link.rx_packets = old.rx_packets;
		i->link.rx_bytes = old.rx_bytes;
		i->link.rx_dropped = old.rx_dropped;
		i->link.tx_packets = old.tx_packets;
		i->link.tx_bytes = old.tx_bytes;
	}
	if (!differs(&old, l))
		return;
	tally_add(all->tally, TALLY_CAP_IF_EVENTS, 1);
	i->changed = true;
	i->retry_us = 0;
	i->tries = 0;
	if (strcmp(old.name, l->name) != 0)
		say(i, "renamed, it was %s", vis_str(VIS_LOG, t, sizeof(t),
		    old.name));
	else if ((old.flags ^ l->flags) & IFF_UP)
		say(i, l->flags & IFF_UP ? "up" : "down");
}

/* The end of an entry: it stays until it is closed and its IFACE was sent. */
static void
remove_entry(struct iface *i)
{
	give_up(i);
	say(i, "gone");
	tally_add(i->all->tally, TALLY_CAP_IF_EVENTS, 1);
	i->link.index = 0;
	i->changed = true;
}

void
ifaces_gone(struct ifaces *all, uint32_t index)
{
	struct iface	*i;

	if ((i = find(all, index)) != NULL)
		remove_entry(i);
}

void
ifaces_sweep(struct ifaces *all, uint32_t dump)
{
	struct iface	*i;

	TAILQ_FOREACH(i, &all->list, entry)
		if (i->link.index != 0 && i->dump != dump)
			remove_entry(i);
}

void
ifaces_forget_gone(struct ifaces *all)
{
	struct iface	*i, *next;

	TAILQ_FOREACH_SAFE(i, &all->list, entry, next) {
		if (i->link.index != 0 || i->changed || i->source != NULL)
			continue;
		TAILQ_REMOVE(&all->list, i, entry);
		if (all->found == i)
			all->found = NULL;
		free(i);
		all->n--;
		all->refused = false;
	}
}

/* ---- choice ---- */

/* Whether the rest must wait for the next turn. */
static bool
turn_over(struct ifaces *all)
{
	if (proc_mono_us() < all->until_us)
		return false;
	all->more = true;
	return true;
}

/* The handle that is open is not the one that is wanted. */
static bool
must_close(const struct iface *i)
{
	struct conf_interface	 options;

	if (i->closing || (i->select != IFSELECT_OPEN &&
	    i->select != IFSELECT_DOWN))
		return true;
	options_of(i->all, i->link.name, &options);
	return strcmp(i->opened, i->link.name) != 0 ||
	    i->opened_arphrd != i->link.arphrd ||
	    !same_handle(&options, &i->options);
}

static void
settle_one(struct iface *i, const struct ifselect_if *v, size_t shares,
    uint64_t now_us)
{
	if (i->select != v->select) {
		i->select = v->select;
		i->changed = true;
	}
	if (i->source != NULL && must_close(i)) {
		if (turn_over(i->all))
			return;
		if (!i->closing && i->select == IFSELECT_OPEN) {
			replace_handle(i, shares, now_us);
			return;
		}
		close_handle(i);
	}
	if (i->source == NULL && i->select == IFSELECT_OPEN &&
	    i->retry_us <= now_us && !turn_over(i->all))
		open_handle(i, shares, now_us);
}

static void
close_gone(struct ifaces *all)
{
	struct iface	*i;
	bool		 changed;

	TAILQ_FOREACH(i, &all->list, entry) {
		if (i->link.index != 0 || i->source == NULL)
			continue;
		if (turn_over(all))
			return;
		changed = i->changed;	/* its end may have been told */
		close_handle(i);
		i->changed = changed;
	}
}

static size_t
describe(struct ifaces *all, struct ifselect_if *v)
{
	struct iface	*i;
	size_t		 n = 0;

	TAILQ_FOREACH(i, &all->list, entry) {
		if (i->link.index == 0)
			continue;
		v[n].name = i->link.name;
		v[n].kind = i->link.kind;
		v[n].index = i->link.index;
		v[n].link = i->link.link;
		v[n].master = i->link.master;
		v[n].arphrd = i->link.arphrd;
		v[n].up = (i->link.flags & IFF_UP) != 0;
		v[n].failed = (i->source == NULL || i->closing) &&
		    i->error == SOURCE_FAILED;
		n++;
	}
	ifselect(all->conf, v, n);
	return n;
}

void
ifaces_settle(struct ifaces *all, uint64_t now_us)
{
	struct ifselect_if	*v;
	struct iface		*i;
	size_t			 n, k, shares = 0;

	if ((v = calloc(all->n + 1, sizeof(*v))) == NULL)
		return;		/* the next second tries again */
	all->until_us = proc_mono_us() + all->turn_us;
	all->more = false;
	close_gone(all);
	n = describe(all, v);
	for (k = 0; k < n; k++)
		shares += v[k].select == IFSELECT_OPEN;
	k = 0;
	TAILQ_FOREACH(i, &all->list, entry)
		if (i->link.index != 0)
			settle_one(i, &v[k++], shares, now_us);
	free(v);
	tally_set(all->tally, TALLY_CAP_INTERFACES, all->open);
}

void
ifaces_reconfigure(struct ifaces *all, const struct conf *conf,
    uint64_t now_us)
{
	struct iface	*i;
	char		 why[SOURCE_WHY_MAX];

	all->conf = conf;
	TAILQ_FOREACH(i, &all->list, entry) {
		i->retry_us = 0;
		i->tries = 0;
		i->changed = true;
		if (i->source != NULL && !i->closing &&
		    set_filter(i, why, sizeof(why)) == -1)
			ifaces_failed(i, why, now_us);
	}
	ifaces_settle(all, now_us);
}

void
ifaces_read(struct ifaces *all, bool on)
{
	struct iface	*i;

	if (all->reading == on)
		return;
	all->reading = on;
	TAILQ_FOREACH(i, &all->list, entry) {
		if (i->ev == NULL)
			continue;
		if (!on) {
			event_del(i->ev);
			continue;
		}
		event_add(i->ev, NULL);
		/* packets that libpcap holds already make nothing readable */
		event_active(i->ev, EV_READ, 0);
	}
}

void
ifaces_count(struct ifaces *all)
{
	struct iface	*i;

	TAILQ_FOREACH(i, &all->list, entry) {
		count(i);
		i->from_us = 0;		/* the clock may have been set */
	}
}

/* ---- messages ---- */

static const char *
type_of(const struct ifwatch_link *l)
{
	static const struct { uint16_t arphrd; const char *type; } types[] = {
		{ ARPHRD_ETHER, "ether" }, { ARPHRD_LOOPBACK, "loopback" },
		{ ARPHRD_PPP, "ppp" }, { ARPHRD_NONE, "ip" },
		{ ARPHRD_TUNNEL, "ipip" }, { ARPHRD_TUNNEL6, "ip6tnl" },
		{ ARPHRD_SIT, "sit" }, { ARPHRD_IPGRE, "gre" },
		{ ARPHRD_INFINIBAND, "infiniband" },
		{ ARPHRD_IEEE80211_RADIOTAP, "wifi" }
	};
	size_t	 i;

	if (l->kind[0] != '\0')
		return l->kind;
	for (i = 0; i < nitems(types); i++)
		if (types[i].arphrd == l->arphrd)
			return types[i].type;
	return "other";
}

static enum iface_state
state_of(const struct iface *i)
{
	if (i->link.index == 0)
		return IFACE_GONE;
	if (i->select == IFSELECT_EXCLUDED)
		return IFACE_EXCLUDED;
	if (i->select == IFSELECT_COVERED)
		return IFACE_COVERED;
	if (!(i->link.flags & IFF_UP))
		return IFACE_DOWN;
	if (i->source == NULL || i->closing)
		return IFACE_FAILED;
	return i->link.carrier ? IFACE_UP : IFACE_NO_CARRIER;
}

void
ifaces_message(const struct iface *i, struct msg_iface *m)
{
	const struct conf_interface	*c;

	memset(m, 0, sizeof(*m));
	m->id = i->id;
	m->state = (uint16_t)state_of(i);
	m->index = i->link.index;
	m->parent = i->link.link != 0 ? i->link.link : i->link.master;
	m->ring = i->ring;
	m->xdp = i->link.xdp;
	if (i->source != NULL) {
		m->linktype = source_linktype(i->source);
		m->snaplen = source_snaplen(i->source);
	}
	COPY(m->name, i->link.name);
	COPY(m->type, type_of(&i->link));
	if ((c = ifselect_conf(i->all->conf, i->link.name)) != NULL)
		COPY(m->label, c->label);
	if (m->state == IFACE_FAILED)
		COPY(m->error, i->why[0] != '\0' ? i->why :
		    "waits to be opened");
}

void
ifaces_capstat(const struct iface *i, struct msg_capstat *m)
{
	memset(m, 0, sizeof(*m));
	m->id = i->id;
	m->received = i->counted.received;
	m->dropped = i->counted.dropped;
	m->if_dropped = i->counted.if_dropped;
	m->sent = i->sent;
	m->rx_packets = i->link.rx_packets;
	m->rx_bytes = i->link.rx_bytes;
	m->tx_packets = i->link.tx_packets;
	m->tx_bytes = i->link.tx_bytes;
	m->rx_dropped = i->link.rx_dropped;
}
