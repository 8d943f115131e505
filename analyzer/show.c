#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "analyzer/flows.h"
#include "analyzer/rows.h"
#include "analyzer/show.h"
#include "analyzer/talkers.h"
#include "analyzer/why.h"
#include "sandbox/compat.h"
#include "sandbox/period.h"

#define TOP_DEFAULT	50	/* rows of lists without their own number */
#define TOP_CLIENTS	20	/* of one host */
#define PICKS_AHEAD	8	/* rows whose memory is asked for */

/* ---- sorted lists ---- */

struct pick {
	const struct sketch_entry *e;
	uint64_t	 value;
	uint64_t	 key[2];	/* how e's begins, as numbers */
};

struct list {
	struct pick	*p;
	size_t		 n;
	size_t		 room;
	size_t		 limit;		/* the first ones are enough; 0: all */
	size_t		 seen;		/* also those that are not */
	uint64_t	 least;		/* below this there are enough */
	bool		 more;		/* others had to make room */
};

/* counter: the one by which the list knows who did something. */
static uint64_t
value_of(const struct rows *r, unsigned counter)
{
	const uint64_t	*v = r->v;

	if (counter == MC_RESPONSES)
		return v[counter];
	if (counter == MC_TALK_PACKETS)		/* talkers have one order */
		return v[MC_UP_BYTES] + v[MC_DOWN_BYTES];
	switch (r->q->sort) {
	case SORT_BYTES:
		return v[MC_REQ_BODY] + v[MC_RESP_BODY] + v[MC_PAYLOAD];
	case SORT_ERRORS:
		return v[MC_ERRORS] + v[MC_TLS_FAILED] +
		    meter_class(r->az->meter, v, 4) +
		    meter_class(r->az->meter, v, 5);
	case SORT_P95:
		return hist_quantile_us(v + MC_FIRST, 0.95);
	default:
		return v[MC_REQUESTS] + v[MC_TLS] + v[MC_QUIC];
	}
}

static int
compare(const void *a, const void *b)
{
	const struct pick	*x = a, *y = b;
	size_t			 n;
	int			 d;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	if (x->key[0] != y->key[0])
		return x->key[0] < y->key[0] ? -1 : 1;
	if (x->key[1] != y->key[1])
		return x->key[1] < y->key[1] ? -1 : 1;
	n = x->e->klen < y->e->klen ? x->e->klen : y->e->klen;
	if ((d = memcmp(x->e->key, y->e->key, n)) != 0)
		return d;
	if (x->e->klen != y->e->klen)
		return x->e->klen < y->e->klen ? -1 : 1;
	if (x->e->home->owner == NULL || y->e->home->owner == NULL ||
	    x->e->home->owner == y->e->home->owner)
		return 0;
	n = x->e->home->owner->klen < y->e->home->owner->klen ?
	    x->e->home->owner->klen : y->e->home->owner->klen;
	d = memcmp(x->e->home->owner->key, y->e->home->owner->key, n);
	return d != 0 ? d : (int)x->e->home->owner->klen -
	    (int)y->e->home->owner->klen;
}

static void
sort(struct list *l)
{
	if (l->n > 1)
		qsort(l->p, l->n, sizeof(l->p[0]), compare);
}

/* Those that are behind the limit by now stay there. */
static void
leave_first(struct list *l)
{
	sort(l);
	l->n = l->limit;
	l->least = l->p[l->n - 1].value;
}

static void
add(struct rows *r, struct list *l, const struct sketch_entry *e,
    uint64_t value)
{
	struct pick	*p;
	size_t		 room;

	l->seen++;
	if (value < l->least)
		return;
	if (l->n == l->room && l->limit > 0 && l->limit <= l->room / 2)
		leave_first(l);
	if (l->n == l->room) {
		room = l->room == 0 ? 256 : l->room * 2;
		if ((p = realloc(l->p, room * sizeof(*p))) == NULL) {
			r->no_memory = true;
			return;
		}
		l->p = p;
		l->room = room;
	}
	p = &l->p[l->n++];
	p->e = e;
	p->value = value;
	p->key[0] = p->key[1] = 0;
	memcpy(p->key, e->key, e->klen < sizeof(p->key) ? e->klen :
	    sizeof(p->key));
	p->key[0] = be64toh(p->key[0]);
	p->key[1] = be64toh(p->key[1]);
}

/* The weight of an entry is its number of requests, hellos or responses. */
static bool
simple(const struct rows *r)
{
	if (r->q->sort == SORT_BYTES || r->q->sort == SORT_ERRORS ||
	    r->q->sort == SORT_P95)
		return false;
	return r->window == WINDOW_TOTAL ||
	    r->az->meter->time.slice_us == 0;
}

/* All entries of a sketch that did something in the window. */
static void
collect(struct rows *r, struct list *l, const struct sketch *s,
    unsigned counter)
{
	uint64_t	 n;
	uint32_t	 i;

	memset(r->v, 0, sizeof(r->v));	/* the sums of some are brief */
	l->more |= s != NULL && s->evicted > 0;
	for (i = 0; s != NULL && i < s->n; i++) {
		if (simple(r)) {
			n = s->heap[i]->count - s->heap[i]->error;
			if (n > 0)
				add(r, l, s->heap[i], n);
			continue;
		}
		meter_sum(r->az->meter, s->heap[i], r->window, r->v);
		/* An answer may come when its request has left the window. */
		if (r->v[counter] > 0 || r->v[MC_RESPONSES] > 0 ||
		    r->v[MC_TLS] > 0 || r->v[MC_QUIC] > 0 ||
		    r->v[MC_PAYLOAD] > 0)
			add(r, l, s->heap[i], value_of(r, counter));
	}
}

/* What one that was picked counted; they lie anywhere in memory. */
static void
sum_pick(struct rows *r, const struct list *l, size_t i)
{
	if (i + PICKS_AHEAD < l->n)
		sketch_expect(l->p[i + PICKS_AHEAD].e);
	meter_sum(r->az->meter, l->p[i].e, r->window, r->v);
}

/* Sums of what a list shows, to know what the others are. */
struct shown {
	uint64_t	 items;
	uint64_t	 count;
	uint64_t	 responses;
	uint64_t	 bytes;
};

static void
show_one(const struct rows *r, struct shown *s, unsigned counter)
{
	s->items++;
	s->count += r->v[counter];
	s->responses += r->v[MC_RESPONSES];
	s->bytes += r->v[MC_REQ_BODY] + r->v[MC_RESP_BODY];
}

static uint64_t
minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/*
 * Others are those that are kept and not shown. How many had to make room
 * nobody knows: some of them come again and again. The bodies of sections are
 * not counted.
 */
static void
others(struct rows *r, const char *what, const struct list *l,
    const struct shown *s, const struct sketch_entry *all, bool bodies)
{
	meter_sum(r->az->meter, all, r->window, r->v);
	rows_other(r, &(struct rows_other){ .what = what,
	    .items = minus(l->seen, s->items), .at_least = l->more,
	    .count = minus(r->v[MC_REQUESTS], s->count),
	    .responses = minus(r->v[MC_RESPONSES], s->responses),
	    .bytes = !bodies ? 0 : minus(r->v[MC_REQ_BODY] +
	    r->v[MC_RESP_BODY], s->bytes) });
}

/* ---- hosts ---- */

static void
host_clients(struct rows *r, const struct sketch_entry *host)
{
	struct list	 l = { .limit = TOP_CLIENTS };
	size_t		 i;

	collect(r, &l, sketch_child(host, METER_CHILD_CLIENTS), MC_REQUESTS);
	sort(&l);
	for (i = 0; i < l.n && i < TOP_CLIENTS; i++) {
		sum_pick(r, &l, i);
		rows_client(r, l.p[i].e, 1);
	}
	free(l.p);
}

static void
host_sections(struct rows *r, const struct sketch_entry *host,
    unsigned level)
{
	struct list	 l = { 0 };
	size_t		 i;

	collect(r, &l, sketch_child(host, METER_CHILD_SECTIONS), MC_REQUESTS);
	sort(&l);
	for (i = 0; i < l.n && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		rows_section(r, l.p[i].e, level);
	}
	free(l.p);
}

static void
whole_host(struct rows *r, const struct sketch_entry *e, bool clients)
{
	meter_sum(r->az->meter, e, r->window, r->v);
	rows_host(r, e);
	rows_methods_of(r, 1);
	rows_status_of(r, 1);
	host_sections(r, e, 1);
	if (clients)
		host_clients(r, e);
}

static void
hosts(struct rows *r, uint32_t top, bool nested)
{
	struct shown	 s = { 0 };
	struct list	 l = { .limit = top };
	size_t		 i;

	collect(r, &l, r->az->meter->hosts, MC_REQUESTS);
	sort(&l);
	for (i = 0; i < l.n && i < top && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		show_one(r, &s, MC_REQUESTS);
		if (nested)
			whole_host(r, l.p[i].e, false);
		else
			rows_host(r, l.p[i].e);
	}
	others(r, "hosts", &l, &s, r->az->meter->total, true);
	free(l.p);
}

static void
show_hosts(struct rows *r)
{
	rows_complete(r);
	hosts(r, r->top, false);
}

static struct sketch_entry *
host_named(const struct rows *r, const char *name)
{
	if (r->az->meter->hosts == NULL)
		return NULL;
	if (strcmp(name, "(no host)") == 0)
		name = "";
	return sketch_find(r->az->meter->hosts, name, strlen(name));
}

static void
show_host(struct rows *r)
{
	rows_complete(r);
	whole_host(r, host_named(r, r->q->args[0]), true);
}

static void
sections(struct rows *r)
{
	struct sketch_entry	*host = NULL;
	const struct sketch	*hs = r->az->meter->hosts;
	struct shown		 s = { 0 };
	struct list		 l = { .limit = r->top };
	uint32_t		 k;
	size_t			 i;

	if (r->q->nargs > 0)
		host = host_named(r, r->q->args[0]);
	for (k = 0; hs != NULL && k < hs->n; k++) {
		if (host != NULL && hs->heap[k] != host)
			continue;
		collect(r, &l, sketch_child(hs->heap[k],
		    METER_CHILD_SECTIONS), MC_REQUESTS);
	}
	sort(&l);
	for (i = 0; i < l.n && i < r->top && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		show_one(r, &s, MC_REQUESTS);
		rows_section(r, l.p[i].e, 0);
	}
	others(r, "sections", &l, &s, host != NULL ? host :
	    r->az->meter->total, false);
	free(l.p);
}

/* ---- lists of one kind ---- */

static void
methods(struct rows *r)
{
	struct shown	 s = { 0 };
	struct list	 l = { 0 };
	size_t		 i;

	collect(r, &l, r->az->meter->methods, MC_REQUESTS);
	sort(&l);
	for (i = 0; i < l.n && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		show_one(r, &s, MC_REQUESTS);
		rows_method(r, l.p[i].e);
	}
	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
	rows_other(r, &(struct rows_other){ .what = "methods",
	    .at_least = l.more,
	    .count = minus(r->v[MC_REQUESTS], s.count) });
	free(l.p);
}

static void
statuses(struct rows *r)
{
	struct list	 l = { 0 };
	size_t		 i;

	collect(r, &l, r->az->meter->statuses, MC_RESPONSES);
	sort(&l);
	for (i = 0; i < l.n && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		rows_status(r, l.p[i].e);
	}
	free(l.p);
}

static void
clients(struct rows *r, uint32_t top)
{
	struct shown	 s = { 0 };
	struct list	 l = { .limit = top };
	size_t		 i;

	collect(r, &l, r->az->meter->clients, MC_REQUESTS);
	sort(&l);
	for (i = 0; i < l.n && i < top && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		show_one(r, &s, MC_REQUESTS);
		rows_client(r, l.p[i].e, 0);
	}
	others(r, "clients", &l, &s, r->az->meter->total, true);
	free(l.p);
}

static void
names(struct rows *r, uint32_t top)
{
	struct shown	 s = { 0 };
	struct list	 l = { .limit = top };
	size_t		 i;

	collect(r, &l, r->az->meter->names, MC_TLS);
	sort(&l);
	for (i = 0; i < l.n && i < top && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		show_one(r, &s, MC_TLS);
		s.count += r->v[MC_QUIC];
		rows_name(r, l.p[i].e);
	}
	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
	rows_ech(r, r->v[MC_TLS_ECH], r->v[MC_QUIC_ECH]);
	rows_other(r, &(struct rows_other){ .what = "names",
	    .items = minus(l.seen, s.items), .at_least = l.more,
	    .count = minus(r->v[MC_TLS] + r->v[MC_QUIC], s.count) });
	free(l.p);
}

/* Whether all words of the question fit; as in show flows. */
static bool
talker_fits(const struct rows *r, const struct sketch_entry *e)
{
	const char		*client = flows_word(r, "client");
	const char		*server = flows_word(r, "server");
	const char		*port = flows_word(r, "port"), *err;
	struct meter_talk	 t;
	struct addr		 a;

	if (meter_talk_key(e, &t) == -1 || (client != NULL &&
	    (addr_parse(client, &a) == -1 || addr_cmp(&a, &t.client) != 0)) ||
	    (port != NULL && compat_strtonum(port, 0, 65535, &err) != t.port))
		return false;
	if (server == NULL)
		return true;
	if (t.name != NULL)
		return conf_glob(server, (const char *)t.name, t.name_len);
	return addr_parse(server, &a) == 0 && addr_cmp(&a, &t.server) == 0;
}

/* Of what was asked for others are those that fit; else all that is counted. */
static void
talkers(struct rows *r, uint32_t top)
{
	const bool	 some = r->q->nargs > 0;
	struct list	 l = { .limit = some ? 0 : top };
	struct shown	 s = { 0 }, o = { 0 };
	uint64_t	 all, bytes;
	size_t		 i;

	talkers_tell(r->az);
	collect(r, &l, r->az->meter->talkers, MC_TALK_PACKETS);
	sort(&l);
	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
	all = r->v[MC_UP_BYTES] + r->v[MC_DOWN_BYTES];
	for (i = 0; i < l.n && (some || i < top) && !r->a.failed; i++) {
		if (some && !talker_fits(r, l.p[i].e))
			continue;
		sum_pick(r, &l, i);
		bytes = r->v[MC_UP_BYTES] + r->v[MC_DOWN_BYTES];
		if (s.items == top) {
			o.items++;
			o.bytes += bytes;
			continue;
		}
		s.items++;
		s.bytes += bytes;
		rows_talker(r, l.p[i].e, all);
	}
	rows_other(r, &(struct rows_other){ .what = "talkers",
	    .items = some ? o.items : minus(l.seen, s.items),
	    .at_least = l.more && !some,
	    .bytes = some ? o.bytes : minus(all, s.bytes) });
	free(l.p);
}

/* What talkers talk to, whoever they are. */
static void
sites(struct rows *r, uint32_t top)
{
	struct list	 l = { .limit = top };
	struct shown	 s = { 0 };
	uint64_t	 all;
	size_t		 i;

	talkers_tell(r->az);
	collect(r, &l, r->az->meter->sites, MC_TALK_PACKETS);
	sort(&l);
	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
	all = r->v[MC_UP_BYTES] + r->v[MC_DOWN_BYTES];
	for (i = 0; i < l.n && i < top && !r->a.failed; i++) {
		sum_pick(r, &l, i);
		s.items++;
		s.bytes += r->v[MC_UP_BYTES] + r->v[MC_DOWN_BYTES];
		rows_site(r, l.p[i].e, all);
	}
	rows_other(r, &(struct rows_other){ .what = "sites",
	    .items = minus(l.seen, s.items), .at_least = l.more,
	    .bytes = minus(all, s.bytes) });
	free(l.p);
}

/* Whether its name is shown as that of the configuration. */
static bool
is_absent(const struct analyzer *az, const char *name)
{
	const struct conf	*c = az->proc->conf;
	size_t			 i;

	for (i = 0; i < c->ninterfaces; i++)
		if (strcmp(c->interfaces[i].name, name) == 0 &&
		    rows_iface_absent(az, &c->interfaces[i]))
			return true;
	return false;
}

/*
 * Names that nobody bears: they went, or a fresh analyzer knows them before
 * capture has told the rest.
 */
static void
remembered_interfaces(struct rows *r)
{
	const struct sketch	*s = r->az->meter->ifaces;
	struct iface		*f;
	uint32_t		 i;

	if (s == NULL || (f = calloc(1, sizeof(*f))) == NULL)
		return;
	f->info.state = rows_iface_known(r->az) ? IFACE_GONE : UINT16_MAX;
	for (i = 0; i < s->n && !r->a.failed; i++) {
		f->entry = s->heap[i];
		snprintf(f->info.name, sizeof(f->info.name), "%.*s",
		    (int)f->entry->klen, (const char *)f->entry->key);
		if (!state_is_borne(r->az, f->entry, NULL) &&
		    !is_absent(r->az, f->info.name))
			rows_interface(r, f);
	}
	free(f);
}

/* What the configuration names and the machine does not have. */
static void
absent_interfaces(struct rows *r)
{
	const struct conf	*c = r->az->proc->conf;
	struct iface		*f;
	size_t			 i;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return;
	f->info.state = IFACE_GONE;
	snprintf(f->info.error, sizeof(f->info.error),
	    "in the configuration, not on this machine");
	for (i = 0; i < c->ninterfaces && !r->a.failed; i++) {
		if (!rows_iface_absent(r->az, &c->interfaces[i]))
			continue;
		snprintf(f->info.name, sizeof(f->info.name), "%.*s",
		    (int)sizeof(f->info.name) - 1, c->interfaces[i].name);
		/* It may have been there, or be told of in a moment. */
		f->entry = meter_iface_find(r->az->meter, f->info.name);
		rows_interface(r, f);
	}
	free(f);
}

static void
interfaces(struct rows *r)
{
	struct analyzer	*az = r->az;
	uint32_t	 i;

	for (i = 0; i < az->nifaces && !r->a.failed; i++)
		if (az->ifaces[i].known)
			rows_interface(r, &az->ifaces[i]);
	remembered_interfaces(r);
	absent_interfaces(r);
}

static void
show_sections(struct rows *r)
{
	rows_complete(r);
	sections(r);
}

static void
show_methods(struct rows *r)
{
	rows_complete(r);
	methods(r);
}

static void
show_status(struct rows *r)
{
	rows_complete(r);
	statuses(r);
}

static void
show_clients(struct rows *r)
{
	rows_complete(r);
	clients(r, r->top);
}

static void
show_talkers(struct rows *r)
{
	rows_complete(r);
	talkers(r, r->top);
}

static void
show_sites(struct rows *r)
{
	rows_complete(r);
	sites(r, r->top);
}

static void
show_names(struct rows *r)
{
	rows_complete(r);
	names(r, r->top);
}

static void
show_interfaces(struct rows *r)
{
	rows_complete(r);
	interfaces(r);
}

static void
capture(struct rows *r)
{
	rows_capture(r);
	rows_tunnels(r);
	rows_advice(r);
}

static void
show_capture(struct rows *r)
{
	rows_complete(r);
	capture(r);
}

static void
show_summary(struct rows *r)
{
	rows_complete(r);
	rows_summary(r);
	rows_alerts(r, false, NULL);
	hosts(r, r->q->top == 0 ? 5 : r->top, false);
	rows_memory(r);
}

static void
show_alerts(struct rows *r)
{
	rows_complete(r);
	rows_alerts(r, r->q->nargs > 0 && strcmp(r->q->args[0], "active") == 0,
	    NULL);
}

static void
show_rules(struct rows *r)
{
	rows_complete(r);
	rows_rules(r);
	rows_alerts(r, false, NULL);
}

static void
show_errors(struct rows *r)
{
	rows_complete(r);
	rows_errors(r);
}

static void
show_memory(struct rows *r)
{
	rows_complete(r);
	rows_memory(r);
}

static void
show_transactions(struct rows *r)
{
	rows_complete(r);
	rows_transactions(r);
}

static void
show_check(struct rows *r)
{
	rows_complete(r);
	rows_alerts(r, false, r->q->args[0]);
}

static void
show_report(struct rows *r)
{
	rows_complete(r);
	rows_summary(r);
	interfaces(r);
	hosts(r, r->top, true);
	methods(r);
	statuses(r);
	clients(r, r->top);
	talkers(r, r->top);
	sites(r, r->top);
	names(r, r->top);
	capture(r);
	rows_alerts(r, false, NULL);
	rows_errors(r);
	rows_buckets(r, false);
	if (r->az->recent.size > 0)
		rows_transactions(r);
	rows_memory(r);
}

static void
show_top_screen(struct rows *r)
{
	rows_complete(r);
	rows_summary(r);
	rows_memory(r);
	rows_alerts(r, false, NULL);
	interfaces(r);
	hosts(r, r->top, false);
	names(r, r->top);
	talkers(r, r->top);
}

static void
show_metrics(struct rows *r)
{
	rows_complete(r);
	interfaces(r);
	rows_named(r);
	rows_buckets(r, true);
	rows_alerts(r, false, NULL);
	rows_memory(r);
}

/* ---- answers ---- */

static const struct {
	void		(*fn)(struct rows *);
	uint8_t		 nargs;		/* at least */
} subjects[SHOW_SUBJECTS] = {
	[SHOW_SUMMARY]		= { show_summary, 0 },
	[SHOW_HOSTS]		= { show_hosts, 0 },
	[SHOW_HOST]		= { show_host, 1 },
	[SHOW_SECTIONS]		= { show_sections, 0 },
	[SHOW_METHODS]		= { show_methods, 0 },
	[SHOW_STATUS]		= { show_status, 0 },
	[SHOW_CLIENTS]		= { show_clients, 0 },
	[SHOW_TALKERS]		= { show_talkers, 0 },
	[SHOW_SITES]		= { show_sites, 0 },
	[SHOW_NAMES]		= { show_names, 0 },
	[SHOW_FLOWS]		= { flows_show, 0 },
	[SHOW_INTERFACES]	= { show_interfaces, 0 },
	[SHOW_CAPTURE]		= { show_capture, 0 },
	[SHOW_ALERTS]		= { show_alerts, 0 },
	[SHOW_RULES]		= { show_rules, 0 },
	[SHOW_ERRORS]		= { show_errors, 0 },
	[SHOW_MEMORY]		= { show_memory, 0 },
	[SHOW_TRANSACTIONS]	= { show_transactions, 0 },
	[SHOW_REPORT]		= { show_report, 0 },
	[SHOW_WHY]		= { why_answer, 0 },
	[SHOW_CHECK]		= { show_check, 1 },
	[SHOW_TOP]		= { show_top_screen, 0 },
	[SHOW_METRICS]		= { show_metrics, 0 },
};

static bool
knows_rule(const struct analyzer *az, const char *name)
{
	size_t	 i;

	for (i = 0; i < az->proc->conf->nalerts; i++)
		if (strcmp(az->proc->conf->alerts[i].name, name) == 0)
			return true;
	return false;
}

/* Whether it is a name of TLS or QUIC, and no host of HTTP. */
static bool
only_name(const struct rows *r, const char *name)
{
	const struct sketch	*names = r->az->meter->names;

	return names != NULL && sketch_find(names, name, strlen(name)) != NULL;
}

/* Whether what is asked for exists. */
static bool
exists(struct rows *r, struct chan *ch, uint32_t request)
{
	const struct msg_show	*q = r->q;
	bool			 host;

	host = q->subject == SHOW_HOST ||
	    (q->subject == SHOW_SECTIONS && q->nargs > 0);
	if (host && host_named(r, q->args[0]) == NULL) {
		answer_error(ch, request, 1, "no such host: %s; %s",
		    q->args[0], only_name(r, q->args[0]) ? "it is asked for "
		    "over TLS or QUIC alone: see show names" :
		    "see show hosts");
		return false;
	}
	if (q->subject == SHOW_CHECK && !knows_rule(r->az, q->args[0])) {
		answer_error(ch, request, 1, "no such rule, see show "
		    "rules");
		return false;
	}
	return true;
}

static uint32_t
rows_wanted(const struct analyzer *az, const struct msg_show *q)
{
	if (az->offline || q->top == UINT32_MAX)
		return UINT32_MAX;
	if (q->top != 0)
		return q->top;
	return az->proc->conf->stats.top_hosts > 0 ?
	    az->proc->conf->stats.top_hosts : TOP_DEFAULT;
}

/* A list that lacks rows is no answer. */
static void
end_answer(struct rows *r, struct chan *ch, uint32_t request)
{
	if (!r->no_memory) {
		answer_end(&r->a);
		return;
	}
	answer_flush(&r->a);
	answer_error(ch, request, EX_TEMPFAIL, "out of memory, try again");
}

void
show_answer(struct analyzer *az, const struct msg_show *q, struct chan *ch,
    uint32_t request)
{
	struct rows	*r;

	if (q->subject >= SHOW_SUBJECTS || subjects[q->subject].fn == NULL ||
	    q->nargs < subjects[q->subject].nargs) {
		answer_error(ch, request, 1, "the analyzer cannot answer this");
		return;
	}
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		answer_error(ch, request, EX_TEMPFAIL, "out of memory");
		return;
	}
	r->az = az;
	r->q = q;
	r->window = az->offline || q->subject == SHOW_METRICS ? WINDOW_TOTAL :
	    q->window < WINDOW_MAX ? (enum show_window)q->window :
	    WINDOW_LAST;
	r->seconds = (double)meter_window_us(az->meter, r->window) / 1e6;
	r->top = rows_wanted(az, q);
	if (exists(r, ch, request)) {
		answer_begin(&r->a, ch, request);
		subjects[q->subject].fn(r);
		end_answer(r, ch, request);
	}
	free(r);
}

/* ---- for history ---- */

static void
kept_hosts(struct rows *r)
{
	hosts(r, r->top, false);
}

static void
kept_clients(struct rows *r)
{
	clients(r, r->top);
}

static void
kept_talkers(struct rows *r)
{
	talkers(r, r->top);
}

static void
kept_sites(struct rows *r)
{
	sites(r, r->top);
}

static void
kept_names(struct rows *r)
{
	names(r, r->top);
}

struct few {
	struct rows	*r;
	uint32_t	 left;
};

static bool
few_alerts(void *arg, struct row_writer *w)
{
	struct few	*f = arg;

	return f->left-- > 0 && answer_row(&f->r->a, w, ROW_ALERT, 0);
}

/* Every rule; of one with very many keys the first ones. */
static void
kept_alerts(struct rows *r)
{
	const struct conf	*c = r->az->proc->conf;
	struct few		 f = { .r = r };
	size_t			 i;

	for (i = 0; i < c->nalerts; i++) {
		f.left = r->top;
		alert_rows(r->az->alerts, false, c->alerts[i].name,
		    few_alerts, &f);
	}
}

/* The words of netmonctl's show, but for the first one. */
static const struct {
	const char	*name;
	void		(*fn)(struct rows *);
} kept[] = {
	{ PERIOD_COMPLETE, rows_complete },
	{ "summary",	rows_summary },
	{ "hosts",	kept_hosts },
	{ "names",	kept_names },
	{ "clients",	kept_clients },
	{ "talkers",	kept_talkers },
	{ "sites",	kept_sites },
	{ "status",	statuses },
	{ "methods",	methods },
	{ "sections",	sections },
	{ "capture",	capture },
	{ "interfaces",	interfaces },
	{ "alerts",	kept_alerts },
};

void
show_kept(struct analyzer *az, enum show_window window, uint32_t top,
    struct buf *b)
{
	static const struct msg_show	 any;
	struct rows			*r;
	size_t				 i, at;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return;
	r->az = az;
	r->q = &any;
	r->window = window;
	r->seconds = (double)meter_window_us(az->meter, window) / 1e6;
	r->top = top;
	for (i = 0; i < nitems(kept); i++) {
		r->no_memory = false;
		at = period_begin_chunk(b, kept[i].name);
		answer_collect(&r->a, b);
		kept[i].fn(r);
		period_end_chunk(b, at, !r->a.failed && !r->no_memory);
	}
	free(r);
}

/* ---- for alerts ---- */

void
show_view(const struct analyzer *az, const char *on, uint64_t now_us,
    uint64_t span_us, struct alert_view *view)
{
	uint64_t	 v[MC_MAX], sum[MC_MAX], unwatched;
	unsigned	 known = 0, up = 0, k;
	uint32_t	 i;

	memset(sum, 0, sizeof(sum));
	if (*on == '\0')
		meter_sum_span(az->meter, az->meter->total, now_us, span_us,
		    sum);
	for (i = 0; i < az->nifaces; i++) {
		if (!az->ifaces[i].known || (*on != '\0' &&
		    !conf_glob(on, az->ifaces[i].info.name,
		    strlen(az->ifaces[i].info.name))))
			continue;
		known++;
		up += az->ifaces[i].info.state == IFACE_UP;
		if (*on == '\0')
			continue;
		meter_sum_span(az->meter, az->ifaces[i].entry, now_us,
		    span_us, v);
		for (k = 0; k < MC_MAX; k++)
			sum[k] += v[k];
	}
	view->gone = known > 0 && up == 0 && !az->offline;
	unwatched = meter_unwatched_us(az->meter, span_us, false);
	view->watched = 1.0 - (double)unwatched / (double)span_us;
	view->complete = meter_complete(sum, span_us, unwatched);
}

unsigned
show_top(const struct analyzer *az, const struct conf_alert *c,
    struct alert_top top[ALERT_TOP])
{
	struct meter_share	 best[ALERT_TOP];
	struct conf_select	 s = c->select;
	enum conf_metric	 metric = c->metric;
	unsigned		 k, found;

	if (metric == METRIC_RATIO) {
		metric = c->ratio_metric;
		s = c->ratio;
		if (s.host[0] == '\0')
			compat_strlcpy(s.host, c->select.host, sizeof(s.host));
	}
	if (c->select.on[0] != '\0' || c->select.tag[0] != '\0')
		return 0;
	found = meter_shares(az->meter, metric, &s, c->span_us, best,
	    ALERT_TOP);
	for (k = 0; k < found; k++) {
		snprintf(top[k].host, sizeof(top[k].host), "%.*s",
		    (int)best[k].host->klen, (const char *)best[k].host->key);
		if (best[k].host->klen == 0)
			snprintf(top[k].host, sizeof(top[k].host),
			    "(no host)");
		top[k].share = best[k].share;
	}
	return found;
}
