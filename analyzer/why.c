#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/flows.h"
#include "analyzer/side.h"
#include "analyzer/why.h"
#include "sandbox/compat.h"

#define IFACES_TOLD	5
#define PORTS_TEXT	128
#define LONG_WAIT	1.0		/* seconds for an answer */
#define IDS		4096
#define STUCK_TIMES	3		/* one segment, again */
#define STUCK_LEN	1000		/* what a smaller MTU may hold up */
#define IFACE_NAME	sizeof(((struct iface *)NULL)->info.name)

typedef unsigned long long ull;

/* What the connections that fit the words have in common. */
struct found {
	uint64_t	 seen;
	uint64_t	 live;
	uint64_t	 midstream;
	uint64_t	 one_sided;
	uint64_t	 half_open;
	uint64_t	 late;		/* of these, unanswered for long */
	uint64_t	 unheard;	/* of these, those of an answered SYN */
	uint64_t	 refused;
	uint64_t	 reset;		/* just now, after their start */
	uint64_t	 known;		/* their readers still are */
	uint64_t	 ignored;
	uint64_t	 own;		/* of these, those of mirrors */
	uint64_t	 spoke;		/* had content */
	uint64_t	 mute;		/* a hello without an answer for long */
	uint64_t	 stuck;		/* their large segments are */
	unsigned	 stuck_len;
	uint64_t	 vlan;
	uint64_t	 protos[SESSION_PROTOS];
	uint64_t	 requests;	/* that ended, of the window */
	uint64_t	 unanswered;	/* of these */
	uint64_t	 unasked;	/* answers without a request */
	bool		 more;		/* others had to make room */
	uint64_t	 under_way;	/* not over yet */
	uint64_t	 waiting;	/* of these, not answered yet */
	uint64_t	 since_us;	/* the oldest of these */
	uint64_t	 hands;		/* TLS handshakes whose end is known */
	uint64_t	 failed;	/* of these */
	uint64_t	 fails[METER_FAILS];
	uint64_t	 certs[CERT_SAYS_MAX];
	uint64_t	*ids;		/* of the connections, by id % IDS */
};

/* Seconds since a moment of the capture's clock. */
static double
seconds_since(const struct rows *r, uint64_t us)
{
	return r->az->now > us ? (double)(r->az->now - us) / 1e6 : 0;
}

/* A SYN, and a reset was all the answer. */
static bool
is_refused(const struct flow_info *f)
{
	return f->half[0].seen && !f->half[1].seen && f->half[1].packets > 0 &&
	    f->tcp_flags & PACKET_TCP_SYN && f->tcp_flags & PACKET_TCP_RST;
}

static bool
is_late(const struct rows *r, const struct flow_info *f)
{
	return f->state == FLOW_SYN && f->half[1].packets == 0 &&
	    seconds_since(r, f->first_us) >= LONG_WAIT;
}

static bool
is_reset(const struct flow_info *f)
{
	return f->state == FLOW_CLOSING && f->tcp_flags & PACKET_TCP_RST &&
	    !is_refused(f);
}

static void
count_waiting(struct found *w, const struct flow_info *f)
{
	uint64_t	 since = 0, n = conn_waiting(f->reader, &since);

	w->under_way += conn_under_way(f->reader);
	if (is_reset(f))
		return;		/* it may still go on, but hangs not */
	if (n > 0 && (w->waiting == 0 || since < w->since_us))
		w->since_us = since;
	w->waiting += n;
}

static bool
is_mute(const struct rows *r, const struct flow_info *f)
{
	return f->state == FLOW_OPEN && f->half[0].bytes > 0 &&
	    f->half[1].seen && f->half[1].bytes == 0 &&
	    seconds_since(r, f->first_us) >= LONG_WAIT;
}

/*
 * A large segment is sent over and over and not acknowledged, where smaller
 * ones were: a hop with a smaller MTU that drops it, and whose word of it is
 * lost. The length, or 0.
 */
static unsigned
stuck_len(const struct flow_info *f)
{
	const struct flow_half_info	*h;
	unsigned			 d;

	for (d = 0; d < 2 && f->state == FLOW_OPEN; d++) {
		h = &f->half[d];
		if (h->stuck >= STUCK_TIMES && h->stuck_len >= STUCK_LEN &&
		    h->stuck_len > h->passed)
			return h->stuck_len;
	}
	return 0;
}

static void
count_flow(struct rows *r, struct flow *fl, const struct flow_info *f,
    void *arg)
{
	struct found	*w = arg;
	struct conn_said said;
	unsigned	 i, len = stuck_len(f);

	(void)fl;
	conn_said(r->az, f, &said);
	w->stuck += len > 0;
	if (len > w->stuck_len)
		w->stuck_len = len;
	w->seen++;
	if (w->ids[f->id % IDS] < f->id)
		w->ids[f->id % IDS] = f->id;
	w->live += f->state != FLOW_CLOSED;
	w->midstream += f->midstream;
	w->one_sided += f->one_sided || !f->half[0].seen || !f->half[1].seen;
	w->half_open += f->state == FLOW_SYN;
	w->late += is_late(r, f);
	w->unheard += f->state == FLOW_SYN && f->half[1].packets > 0;
	w->refused += is_refused(f);
	w->reset += is_reset(f);
	w->known += f->reader != NULL;
	w->ignored += conn_ignored(f->reader);
	w->own += conn_own(f->reader);
	w->spoke += f->half[0].bytes + f->half[1].bytes > 0;
	count_waiting(w, f);
	w->mute += is_mute(r, f) && strcmp(said.proto,
	    session_proto_name(SESSION_TLS)) == 0;
	w->hands += said.hand != SIDE_NO_HAND;
	if (said.hand >= SIDE_FAILED) {
		w->failed++;
		w->fails[said.hand - SIDE_FAILED]++;
	}
	w->certs[said.cert]++;
	w->vlan += f->half[f->half[0].seen ? 0 : 1].nvlan > 0;
	for (i = 0; i < SESSION_PROTOS && conn_settled(f->reader); i++)
		if (strcmp(said.proto,
		    session_proto_name((enum session_proto)i)) == 0)
			w->protos[i]++;
}

/* By the configuration, or for want of memory. */
static bool
keeps_none(const struct rows *r)
{
	return r->az->recent.size == 0;
}

/* A connection that has ended says nothing any more; its requests do. */
static void
count_requests(struct rows *r, struct found *w)
{
	struct recent_tx	 t;
	uint8_t			 scratch[RECENT_MAX];
	uint64_t		 now = state_print_time(r->az, r->az->now);
	size_t			 cursor = 0;
	bool			 first = true, fits;

	while (recent_next(&r->az->recent, &cursor, scratch, &t)) {
		fits = (double)t.ts_us / 1e6 + r->seconds >=
		    (double)now / 1e6;
		if (first && fits)
			w->more = r->az->recent.dropped > 0;
		first = false;
		if (!fits || !flows_tx_fits(r, &t,
		    w->ids[t.flow_id % IDS] == t.flow_id))
			continue;
		if (t.method.n == 0 && t.first_us == 0 && t.status != 0) {
			w->unasked++;
			continue;
		}
		w->requests++;
		w->unanswered += t.status == 0;
	}
	if (keeps_none(r) && r->q->nargs == 0) {
		rows_total(r);
		w->requests = r->v[MC_REQUESTS];
	}
}

/* ---- 1: interfaces ---- */

/* Whether it is here, and the one that is asked for, or none is. */
static bool
is_asked(const struct rows *r, const struct iface *i)
{
	const char	*want = flows_word(r, "interface");

	return i->known && (want == NULL || strcmp(i->info.name, want) == 0);
}

/* The names that the configuration asks for and the machine does not have. */
static void
tell_missing(struct rows *r, const char *want)
{
	const struct conf	*c = r->az->proc->conf;
	const char		*name;
	size_t			 i;

	for (i = 0; i < c->ninterfaces; i++) {
		name = c->interfaces[i].name;
		if ((want == NULL || strcmp(want, name) == 0) &&
		    rows_iface_absent(r->az, &c->interfaces[i]))
			rows_text(r, "", "  %s is in the configuration, but "
			    "not on this machine", name);
	}
}

static const char *
iface_advice(const struct iface *i)
{
	static const char *const advice[] = {
		[IFACE_DOWN] = "nobody has set it up",
		[IFACE_NO_CARRIER] = "check its cable or its other end",
		[IFACE_COVERED] = "another interface sees its traffic",
	};

	if (i->info.error[0] != '\0')
		return i->info.error;
	return i->info.state < nitems(advice) &&
	    advice[i->info.state] != NULL ? advice[i->info.state] : "";
}

/* By which line it is left out, or that there are others and none for it. */
static void
tell_excluded(struct rows *r, const char *name)
{
	const struct conf	*c = r->az->proc->conf;
	const char		*line = NULL;
	bool			 chosen = false;
	size_t			 i;

	for (i = 0; i < c->ninterfaces; i++) {
		if (!c->interfaces[i].exclude)
			chosen = true;
		else if (line == NULL && conf_glob(c->interfaces[i].name,
		    name, strlen(name)))
			line = c->interfaces[i].name;
	}
	if (line != NULL)
		rows_text(r, "", "  %s: left out by the line no interface "
		    "\"%s\"", name, line);
	else if (chosen)
		rows_text(r, "", "  %s: no interface line of the "
		    "configuration names it", name);
	else
		rows_text(r, "", "  %s: of a kind that is not watched unless "
		    "an interface line names it", name);
}

static void
tell_closed(struct rows *r, const struct iface *i)
{
	const char	*advice = iface_advice(i);

	if (i->info.state == IFACE_EXCLUDED && *advice == '\0') {
		tell_excluded(r, i->info.name);
		return;
	}
	rows_text(r, "", "  %s: %s%s%s", i->info.name,
	    rows_iface_state(i->info.state), *advice == '\0' ? "" : ", ",
	    advice);
}

/* Letters to change, add or leave out until one name is the other. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned	 d[IFACE_NAME], up, left, n, x;
	size_t		 i, k, len = strlen(b);

	for (k = 0; k <= len; k++)
		d[k] = (unsigned)k;
	for (i = 0; a[i] != '\0'; i++) {
		up = d[0]++;
		for (k = 1; k <= len; k++) {
			left = d[k - 1] + 1;
			n = up + (a[i] != b[k - 1]);
			up = d[k];
			x = up + 1 < left ? up + 1 : left;
			d[k] = n < x ? n : x;
		}
	}
	return d[len];
}

/* What there is, the most alike first. */
static void
tell_names(struct rows *r, const char *want)
{
	const struct iface	*f, *near[IFACES_TOLD];
	unsigned		 far[IFACES_TOLD], d, n = 0, all = 0, k;
	char			 text[IFACES_TOLD * (IFACE_NAME + 2)];
	size_t			 len = 0;
	uint32_t		 i;

	for (i = 0; i < r->az->nifaces; i++) {
		f = &r->az->ifaces[i];
		if (!f->known || f->info.state == IFACE_GONE)
			continue;
		d = distance(want, f->info.name);
		all++;
		for (k = n; k > 0 && far[k - 1] > d; k--)
			if (k < IFACES_TOLD) {
				near[k] = near[k - 1];
				far[k] = far[k - 1];
			}
		if (k == IFACES_TOLD)
			continue;
		near[k] = f;
		far[k] = d;
		n += n < IFACES_TOLD;
	}
	for (k = 0; k < n; k++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s", k == 0 ? "" : ", ", near[k]->info.name);
	if (all > n)
		rows_text(r, "", "  there are %s and %u more: see show "
		    "interfaces", text, all - n);
	else if (n > 0)
		rows_text(r, "", "  there %s %s", n == 1 ? "is only" : "are",
		    text);
}

/*
 * An XDP program has a packet before any socket: what it sends on or drops is
 * counted by the kernel at most.
 */
static void
tell_xdp(struct rows *r)
{
	const struct iface	*f;
	uint32_t		 i;
	unsigned		 told = 0;

	for (i = 0; i < r->az->nifaces && told < IFACES_TOLD; i++) {
		f = &r->az->ifaces[i];
		if (!is_asked(r, f) || f->info.state != IFACE_UP ||
		    !f->info.xdp)
			continue;
		rows_text(r, "", "  %s: what its XDP program drops or sends on "
		    "is not seen here", f->info.name);
		told++;
	}
}

static void
tell_hidden(struct rows *r)
{
	char		 text[ROWS_HIDES];
	uint32_t	 i;
	unsigned	 told = 0;

	for (i = 0; i < r->az->nifaces && told < IFACES_TOLD; i++) {
		if (!is_asked(r, &r->az->ifaces[i]) ||
		    !rows_iface_hides(r, &r->az->ifaces[i], text))
			continue;
		rows_text(r, "", "  %s", text);
		told++;
	}
}

static bool
why_interfaces(struct rows *r)
{
	const struct analyzer	*az = r->az;
	const char		*want = flows_word(r, "interface");
	char			 clock[ROW_NUMBER_MAX];
	unsigned		 up = 0, other = 0, told = 0;
	uint32_t		 i;

	if (az->away_us != 0) {
		rows_text(r, "cause", "1 interfaces    none is watched since "
		    "%s UTC", row_clock(clock, rows_away_time(az)));
		rows_text(r, "", "  capture is away, and is started again: "
		    "see show processes and the log");
		return false;
	}
	for (i = 0; i < az->nifaces; i++) {
		if (!is_asked(r, &az->ifaces[i]))
			continue;
		if (az->ifaces[i].info.state == IFACE_UP)
			up++;
		else
			other++;
	}
	if (!rows_iface_known(az))
		rows_text(r, "cause", "1 interfaces    capture is starting, "
		    "ask again");
	else if (want != NULL && up + other == 0)
		rows_text(r, "cause", "1 interfaces    there is no interface "
		    "%s here", want);
	else
		rows_text(r, up > 0 ? "ok" : "cause",
		    "1 interfaces    %u open, %u not", up, other);
	tell_missing(r, want);
	if (want != NULL && up + other == 0 && rows_iface_known(az))
		tell_names(r, want);
	for (i = 0; i < az->nifaces && told < IFACES_TOLD; i++) {
		if (!is_asked(r, &az->ifaces[i]) ||
		    az->ifaces[i].info.state == IFACE_UP)
			continue;
		tell_closed(r, &az->ifaces[i]);
		told++;
	}
	tell_xdp(r);
	tell_hidden(r);
	return up > 0;
}

/* ---- 2: packets ---- */

/* "80, 8000-8010": the ports of all service lines. */
static const char *
served_ports(const struct conf *c, char text[PORTS_TEXT])
{
	const struct conf_range	*g;
	size_t			 i, n = 0;
	unsigned		 k;

	text[0] = '\0';
	for (i = 0; i < c->nservices; i++) {
		for (k = 0; k < c->services[i].ports.n; k++) {
			g = &c->services[i].ports.range[k];
			if (n < PORTS_TEXT)
				n += (size_t)snprintf(text + n, PORTS_TEXT - n,
				    g->lo == g->hi ? "%s%u" : "%s%u-%u",
				    n == 0 ? "" : ", ", g->lo, g->hi);
		}
	}
	return text;
}

/* Ports that no service line names never leave the kernel. */
static bool
why_services(struct rows *r)
{
	const struct conf	*c = r->az->proc->conf;
	const char		*want = flows_word(r, "port"), *err;
	char			 text[PORTS_TEXT];
	uint16_t		 port = 0;
	size_t			 i;

	if (c->nservices == 0)
		return true;
	if (want != NULL)
		port = (uint16_t)compat_strtonum(want, 1, 65535, &err);
	for (i = 0; port != 0 && i < c->nservices; i++)
		if (conf_ports_has(&c->services[i].ports, port))
			return true;
	rows_text(r, port != 0 ? "cause" : "", "  service lines leave out "
	    "all ports but %s%s", served_ports(c, text), port != 0 ?
	    ": add this one, or remove them" : "");
	return port == 0;
}

static void
why_filter(struct rows *r)
{
	const char	*filter = r->az->proc->conf->filter;

	if (*filter == '\0')
		return;
	rows_text(r, "", "  a filter may leave all out: %s", filter);
	if (strstr(filter, "vlan") == NULL)
		rows_text(r, "", "  frames with a VLAN tag may only fit after "
		    "its word vlan");
}

/* The packets of the interface that is asked for, or of all. */
static void
sum_packets(struct rows *r)
{
	const char	*want = flows_word(r, "interface");
	uint32_t	 i;

	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
	for (i = 0; want != NULL && i < r->az->nifaces; i++)
		if (is_asked(r, &r->az->ifaces[i]) &&
		    r->az->ifaces[i].entry != NULL)
			meter_sum(r->az->meter, r->az->ifaces[i].entry,
			    r->window, r->v);
}

/* What the kernel counts on those that are open, whoever looks at it. */
static uint64_t
passing_bytes(struct rows *r)
{
	const struct iface	*f;
	uint64_t		 sum = 0;
	uint32_t		 i;

	for (i = 0; i < r->az->nifaces; i++) {
		f = &r->az->ifaces[i];
		if (!is_asked(r, f) || f->entry == NULL ||
		    f->info.state != IFACE_UP)
			continue;
		meter_sum(r->az->meter, f->entry, r->window, r->v);
		sum += r->v[MC_RX_BYTES] + r->v[MC_TX_BYTES];
	}
	return sum;
}

static void
why_nothing(struct rows *r, const struct found *w)
{
	const struct conf	*c = r->az->proc->conf;
	uint64_t		 away, passed = passing_bytes(r);

	away = meter_unwatched_us(r->az->meter, (uint64_t)(r->seconds * 1e6),
	    true);
	if (away > 0)
		rows_text(r, "", "  nobody looked for %.1f s of that: see "
		    "show processes and the log", (double)away / 1e6);
	if (w->live > w->half_open)
		rows_text(r, "", "  %llu connections are open here and say "
		    "nothing: see show flows", (ull)(w->live - w->half_open));
	else if (passed > 0 && (c->nservices > 0 || *c->filter != '\0'))
		rows_text(r, "", "  the kernel counts %llu bytes there: the "
		    "filter or the service lines leave all out", (ull)passed);
	else if ((double)away / 1e6 < r->seconds / 2)
		rows_text(r, "", "  nothing passes here: is it the right "
		    "interface? see show interfaces");
}

static bool
why_packets(struct rows *r, const struct found *w)
{
	const char	*want = flows_word(r, "interface");
	uint64_t	 n, drops;

	sum_packets(r);
	n = r->v[MC_PACKETS];
	drops = r->v[MC_KERNEL_DROPS];
	rows_text(r, n > 0 ? "ok" : "cause", "2 packets       %llu packets in "
	    "the last %.0f s on %s", (ull)n, r->seconds, want != NULL ? want :
	    "all interfaces");
	if (!why_services(r))
		return false;
	if (drops > 0)
		rows_text(r, drops > n ? "cause" : "", "  the kernel dropped "
		    "%llu packets: raise ring total", (ull)drops);
	if (n == 0) {
		why_filter(r);
		if (drops == 0)
			why_nothing(r, w);
		return false;
	}
	if (r->v[MC_CUT_PACKETS] > 0)
		rows_text(r, w->requests == 0 ? "cause" : "", "  %llu packets "
		    "are cut by snaplen: raise it",
		    (ull)r->v[MC_CUT_PACKETS]);
	return true;
}

/* ---- 3: connections ---- */

static void
why_half_open(struct rows *r, const struct found *w)
{
	if (w->unheard == 0)
		rows_text(r, "cause", "  none of them was answered: the "
		    "server is down, its answers take another way, or a "
		    "firewall drops them");
	else
		rows_text(r, "cause", "  the server answered %llu of %llu, "
		    "and no client heard it: a firewall or a route loses its "
		    "answers", (ull)w->unheard, (ull)w->seen);
}

/* Whether what is over and not known any more was TLS. */
static bool
was_tls(const struct rows *r)
{
	return r->q->nargs == 0 && r->v[MC_TLS] > 0;
}

/* Of a policy, without an interface, the kernel shows at most what comes. */
static void
why_encrypted(struct rows *r)
{
	uint64_t	 n = r->v[MC_REASON + PACKET_ENCRYPTED];

	if (n > 0)
		rows_text(r, "", "  %llu of the packets are encrypted: what "
		    "IPsec or MACsec carries shows whole on an xfrm or a "
		    "macsec interface, or behind the gateway", (ull)n);
}

static void
why_none(struct rows *r)
{
	if (r->q->nargs > 0)
		rows_text(r, "", "  none fits these words; see show flows for "
		    "what there is");
	else if (r->v[MC_PAYLOAD] > 0)
		rows_text(r, "", "  those of these packets are over, and none "
		    "had a request");
	else
		rows_text(r, "", "  none of these packets is TCP with "
		    "content");
}

/* Of all connections over QUIC in the window, or of those to a name. */
static uint64_t
count_quic(struct rows *r)
{
	const char		*host = flows_word(r, "host");
	struct sketch_entry	*e;
	uint64_t		*v, n;

	if (r->q->nargs == 0)
		return r->v[MC_QUIC];
	if (host == NULL || r->q->nargs > 2 || r->az->meter->names == NULL ||
	    (e = sketch_find(r->az->meter->names, host,
	    strlen(host))) == NULL || (v = calloc(MC_MAX, sizeof(*v))) == NULL)
		return 0;
	meter_sum(r->az->meter, e, r->window, v);
	n = v[MC_QUIC];
	free(v);
	return n;
}

static void
why_quic(struct rows *r)
{
	uint64_t	 n = count_quic(r);

	if (n > 0)
		rows_text(r, "", "  %llu more began over QUIC, which is UDP: "
		    "what they ask for cannot be read, their names are in "
		    "show names", (ull)n);
}

static bool
why_connections(struct rows *r, const struct found *w)
{
	bool	 over = w->requests > 0 || w->unasked > 0 || was_tls(r);

	rows_text(r, w->seen > 0 || over ? "ok" : "cause",
	    "3 connections   %llu live, %llu just ended; %llu without a seen "
	    "start", (ull)w->live, (ull)(w->seen - w->live),
	    (ull)w->midstream);
	if (w->vlan > 0)
		rows_text(r, "", "  %llu of them carry VLAN tags",
		    (ull)w->vlan);
	why_quic(r);
	if (w->seen == 0) {
		if (over)
			return true;
		why_none(r);
		why_encrypted(r);
		why_filter(r);
		return false;
	}
	if (w->requests == 0 && w->ignored > 0 && w->ignored == w->known) {
		rows_text(r, "cause", w->own == w->ignored ? "  mirrors make "
		    "them, and theirs are not counted" : "  ignore rules or "
		    "service lines leave them out: see show rules, show "
		    "config");
		return false;
	}
	if (w->requests == 0 && w->half_open == w->seen) {
		why_half_open(r, w);
		return false;
	}
	if (w->requests == 0 && w->refused + w->half_open == w->seen) {
		rows_text(r, "cause", "  %llu of %llu were refused: nothing "
		    "listens there, or a firewall on the way rejects them",
		    (ull)w->refused, (ull)w->seen);
		return false;
	}
	if (w->one_sided == w->seen &&
	    w->one_sided > w->half_open + w->refused) {
		rows_text(r, "cause", "  only one direction passes here: "
		    "watch the interface of the other one too");
		why_encrypted(r);
		return w->requests > 0;	/* who answers is not seen */
	}
	if (w->stuck > 0)
		rows_text(r, w->stuck == w->seen ? "cause" : "", "  %llu of "
		    "%llu send %u bytes at a time again and again, and get no "
		    "answer to these: does a smaller MTU on the way drop them?",
		    (ull)w->stuck, (ull)w->seen, w->stuck_len);
	/* Beside those that go well: some servers of a balancer, perhaps. */
	if (w->refused > 0)
		rows_text(r, "", "  %llu of %llu were refused",
		    (ull)w->refused, (ull)w->seen);
	if (w->late > 0)
		rows_text(r, "", "  %llu of %llu have no answer to their SYN",
		    (ull)w->late, (ull)w->seen);
	if (w->reset > 0)
		rows_text(r, w->requests == 0 && w->reset == w->seen ?
		    "cause" : "", "  %llu of %llu were reset just now",
		    (ull)w->reset, (ull)w->seen);
	return true;
}

/* ---- 4: requests ---- */

/* A server that hangs: what it was asked is in no response time. */
static void
why_waiting(struct rows *r, const struct found *w)
{
	const double	 s = seconds_since(r, w->since_us);

	if (w->waiting > 0 && s >= LONG_WAIT)
		rows_text(r, w->requests == 0 ? "cause" : "", "  %llu "
		    "requests have no answer yet, the oldest for %.1f s: "
		    "does the server hang?", (ull)w->waiting, s);
}

static void
why_ended(struct rows *r, const struct found *w)
{
	rows_text(r, "ok", "4 http          %s%llu requests in the last "
	    "%.0f s", w->more ? "at least " : "", (ull)w->requests,
	    r->seconds);
	if (w->unanswered > 0)
		rows_text(r, w->unanswered == w->requests ? "cause" : "",
		    "  %llu of them ended without an answer that was seen "
		    "here", (ull)w->unanswered);
}

static void
why_rules(struct rows *r)
{
	if (r->az->proc->conf->nrules > 0)
		rows_text(r, "", "  did a rule ignore them? see the hits in "
		    "show rules");
}

static void
why_tls(struct rows *r, const struct found *w, const char *of)
{
	const char	*port = flows_word(r, "port");
	uint64_t	 tls = w->protos[SESSION_TLS];

	if (tls > 0)
		rows_text(r, "cause", "4 http          0 requests: first bytes "
		    "look like TLS on %llu %s", (ull)tls, of);
	else
		rows_text(r, "cause", "4 http          0 requests: %llu times "
		    "TLS began in the last %.0f s", (ull)r->v[MC_TLS],
		    r->seconds);
	rows_text(r, "", "  %s%s carries TLS; its names are in show names",
	    port == NULL ? "this" : "port ", port == NULL ? "" : port);
	if (w->mute > 0)
		rows_text(r, "", "  %llu of these hellos have no answer yet: "
		    "does the server hang?", (ull)w->mute);
}

/* Of the connections that fit, or of the window when none is known any more. */
static void
why_handshakes(struct rows *r, const struct found *w)
{
	bool		 all = w->hands == 0 && r->q->nargs == 0;
	const uint64_t	*fails = all ? r->v + MC_FAIL : w->fails;
	uint64_t	 n = all ? r->v[MC_TLS] : w->hands;
	uint64_t	 failed = all ? r->v[MC_TLS_FAILED] : w->failed;

	if (failed > 0)
		rows_text(r, failed >= n && w->requests == 0 ? "cause" : "",
		    "  %llu of %llu handshakes failed, most: %s", (ull)failed,
		    (ull)(n > failed ? n : failed), rows_most(fails,
		    METER_FAILS, meter_fail_name));
}

/* What is wrong with what servers show; one for its name is no news. */
static void
why_certificates(struct rows *r, const struct found *w)
{
	bool		 all = w->hands == 0 && r->q->nargs == 0;
	const uint64_t	*certs = all ? r->v + MC_CERT : w->certs + CERT_NAME;
	uint64_t	 n = 0;
	unsigned	 i;

	for (i = 0; i < METER_CERTS; i++)
		n += certs[i];
	for (i = CERT_OTHERS - CERT_NAME; i < METER_CERTS; i++)
		if (certs[i] > 0)
			rows_text(r, "", "  %llu of %llu certificates are %s",
			    (ull)certs[i], (ull)n, meter_cert_name(i));
}

/* HTTP/2 is given up where fields were lost. */
static bool
why_unread(struct rows *r, const struct found *w, const char *of)
{
	uint64_t	 lost = r->v[MC_ANOMALY + SESSION_A_H2_LOST];
	uint64_t	 bad = r->v[MC_ANOMALY + SESSION_A_H2_BAD];

	if (w->protos[SESSION_HTTP1] > 0 || w->protos[SESSION_HTTP2] == 0 ||
	    lost + bad == 0)
		return false;
	rows_text(r, "cause", "4 http          0 requests: HTTP/2 on %llu %s; "
	    "its reading ended", (ull)w->protos[SESSION_HTTP2], of);
	rows_text(r, "", "  in a loss on %llu, in what is no HTTP/2 on %llu",
	    (ull)lost, (ull)bad);
	return true;
}

static void
why_requests(struct rows *r, const struct found *w)
{
	const char	*of = "of these connections";
	uint64_t	 http = w->protos[SESSION_HTTP1] +
			    w->protos[SESSION_HTTP2];

	if (w->requests > 0)
		why_ended(r, w);
	else if (w->unasked > 0) {
		rows_text(r, "cause", "4 http          0 requests: %llu "
		    "answers whose requests were not seen here",
		    (ull)w->unasked);
		rows_text(r, "", "  they take another way, or were no HTTP: "
		    "TLS to a plain port perhaps");
	} else if (http > 0 && w->under_way > w->waiting)
		rows_text(r, "ok", "4 http          spoken on %llu %s, and "
		    "%llu requests are under way", (ull)http, of,
		    (ull)w->under_way);
	else if (why_unread(r, w, of))
		;
	else if (http > 0) {
		rows_text(r, "ok", "4 http          spoken on %llu %s, none "
		    "%s in the last %.0f s", (ull)http, of, w->waiting > 0 ?
		    "was answered" : "has asked", r->seconds);
		if (w->waiting == 0)
			why_rules(r);
	} else if (w->protos[SESSION_TLS] > 0 || was_tls(r))
		why_tls(r, w, of);
	else if (w->protos[SESSION_OTHER] > 0)
		rows_text(r, "cause", "4 http          0 requests: neither "
		    "HTTP nor TLS on %llu %s", (ull)w->protos[SESSION_OTHER],
		    of);
	else if (w->midstream == w->seen)
		rows_text(r, "cause", "4 http          0 requests: all began "
		    "before netmond looked; the next request counts");
	else if (w->spoke == 0)
		rows_text(r, "cause", "4 http          0 requests: none of "
		    "the connections has sent anything yet");
	else {
		rows_text(r, "cause", "4 http          0 requests in what "
		    "%llu of these connections said", (ull)w->spoke);
		why_rules(r);
	}
}

void
why_answer(struct rows *r)
{
	struct found	 w;

	memset(&w, 0, sizeof(w));
	if ((w.ids = calloc(IDS, sizeof(*w.ids))) == NULL) {
		r->no_memory = true;
		return;
	}
	flows_each(r, true, count_flow, &w);
	count_requests(r, &w);
	free(w.ids);
	rows_complete(r);
	if (!why_interfaces(r) || !why_packets(r, &w) ||
	    !why_connections(r, &w))
		return;
	why_requests(r, &w);
	why_handshakes(r, &w);
	why_certificates(r, &w);
	if (keeps_none(r) && w.requests == 0)
		rows_text(r, "", "  requests that ended are not kept "
		    "(stats transactions): see show hosts");
	why_waiting(r, &w);
}
