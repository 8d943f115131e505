#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/flows.h"
#include "analyzer/rule.h"
#include "analyzer/side.h"
#include "sandbox/compat.h"

#define TOP_FLOWS	1000
#define WALK		4096	/* slots of the flow table at a time */

/* One connection or request, as a question about it sees it. */
struct candidate {
	const struct rows *r;
	struct endpoint	 client;
	struct endpoint	 server;
	bool		 client_known;
	const char	*iface;
	const uint8_t	*host;
	size_t		 hostlen;
	const struct flow_info *flow;	/* NULL: a request */
	const struct flow_seen *seen;	/* the place, NULL: its home */
};

/* ---- one word ---- */

static bool
is_number(const char *value, long n)
{
	const char	*err;
	long long	 v = compat_strtonum(value, 0, 65535, &err);

	return err == NULL && v == n;
}

/* As it is shown, with its port, or the address alone. */
static bool
is_end(const char *value, const struct endpoint *e)
{
	struct endpoint	 want;

	if (addr_parse(value, &want.addr) == 0)
		return addr_cmp(&want.addr, &e->addr) == 0;
	return endpoint_parse(value, &want) == 0 &&
	    endpoint_cmp(&want, e) == 0;
}

/* Clients are asked for as they are shown: a mask hides nothing else. */
static bool
client_fits(const struct candidate *c, const char *value)
{
	struct endpoint	 shown = c->client;

	if (c->flow != NULL)	/* a request keeps it as it is shown */
		rule_client(&c->r->az->proc->conf->privacy,
		    &c->r->az->day_key, &c->client.addr, &shown.addr);
	return is_end(value, &shown);
}

static bool
server_fits(const struct candidate *c, const char *value)
{
	return is_end(value, &c->server);
}

/* Of the server; of both while it is not known who that is. */
static bool
port_fits(const struct candidate *c, const char *value)
{
	return is_number(value, c->server.port) ||
	    (!c->client_known && is_number(value, c->client.port));
}

static bool
iface_fits(const struct candidate *c, const char *value)
{
	if (strcmp(c->iface, value) == 0)
		return true;
	return c->flow != NULL && c->seen == NULL && c->flow->half[1].seen &&
	    strcmp(side_iface_name(c->r->az, c->flow->half[1].iface),
	    value) == 0;
}

static bool
host_fits(const struct candidate *c, const char *value)
{
	return conf_glob(value, (const char *)c->host, c->hostlen);
}

static bool
vlan_fits(const struct candidate *c, const char *value)
{
	unsigned	 h, i;

	for (i = 0; c->seen != NULL && i < c->seen->nvlan; i++)
		if (is_number(value, c->seen->vlan[i]))
			return true;
	for (h = 0; c->flow != NULL && c->seen == NULL && h < 2; h++)
		for (i = 0; i < c->flow->half[h].nvlan; i++)
			if (is_number(value, c->flow->half[h].vlan[i]))
				return true;
	return c->flow == NULL;
}

static bool
state_fits(const struct candidate *c, const char *value)
{
	return c->flow == NULL ||
	    strcmp(rows_flow_state(c->flow->state), value) == 0;
}

static const struct {
	const char	*key;
	bool		(*fits)(const struct candidate *, const char *value);
} keys[] = {
	{ "client",	client_fits },
	{ "host",	host_fits },
	{ "interface",	iface_fits },
	{ "port",	port_fits },
	{ "server",	server_fits },
	{ "state",	state_fits },
	{ "vlan",	vlan_fits },
};

static bool
all_fit(const struct candidate *c)
{
	const struct msg_show	*q = c->r->q;
	unsigned		 i;
	size_t			 k;

	for (i = 0; i + 1U < q->nargs; i += 2) {
		for (k = 0; k < nitems(keys); k++)
			if (strcmp(keys[k].key, q->args[i]) == 0)
				break;
		if (k == nitems(keys) || !keys[k].fits(c, q->args[i + 1]))
			return false;
	}
	return true;
}

const char *
flows_word(const struct rows *r, const char *key)
{
	unsigned	 i;

	for (i = 0; i + 1U < r->q->nargs; i += 2)
		if (strcmp(r->q->args[i], key) == 0)
			return r->q->args[i + 1];
	return NULL;
}

/*
 * Whoever asks knows the interface, the address or the port of one side, and
 * a connection has another home when it was seen elsewhere first.
 */
static bool
fits_elsewhere(struct candidate *c)
{
	unsigned	 i;

	for (i = 0; i < c->flow->nseen; i++) {
		c->seen = &c->flow->seen[i];
		c->iface = side_iface_name(c->r->az, c->seen->iface);
		c->client = c->seen->key.a;
		c->server = c->seen->key.b;
		if (all_fit(c))
			return true;
	}
	return false;
}

bool
flows_tx_fits(const struct rows *r, const struct recent_tx *t, bool known)
{
	struct candidate	 c = { .r = r, .client = t->client,
	    .server = t->server, .client_known = true,
	    .host = t->host.p, .hostlen = t->host.n };
	const char		*host = flows_word(r, "host");
	char			 iface[CONF_NAME_MAX];

	if (known)
		return host == NULL || host_fits(&c, host);
	snprintf(iface, sizeof(iface), "%.*s", (int)t->iface.n,
	    (const char *)t->iface.p);
	c.iface = iface;
	return all_fit(&c);
}

/* ---- all connections ---- */

struct walk {
	struct rows	*r;
	bool		 mirrors;	/* those too that mirrors make */
	flows_fn	*fn;
	void		*arg;
};

static void
visit(void *arg, struct flow *fl)
{
	struct walk		*w = arg;
	struct flow_info	 f;
	struct candidate	 c = { .r = w->r };
	struct conn_said	 said;

	flow_info(w->r->az->flows, fl, &f);
	if (f.state == FLOW_ALIAS || w->r->a.failed ||
	    (!w->mirrors && conn_made_here(w->r->az, fl)))
		return;
	c.iface = side_iface_name(w->r->az,
	    f.half[f.half[0].seen ? 0 : 1].iface);
	c.client = f.key.a;
	c.server = f.key.b;
	c.client_known = f.client_known;
	conn_said(w->r->az, &f, &said);
	c.host = said.host;
	c.hostlen = said.host_len;
	c.flow = &f;
	if (all_fit(&c) || fits_elsewhere(&c))
		w->fn(w->r, fl, &f, w->arg);
}

void
flows_each(struct rows *r, bool mirrors, flows_fn *fn, void *arg)
{
	struct walk	 w = { r, mirrors, fn, arg };
	uint64_t	 cursor = 0;

	while (!r->a.failed &&
	    flow_walk(r->az->flows, &cursor, WALK, visit, &w))
		continue;
}

struct pick {
	uint64_t	 bytes;
	struct flow	*flow;
};

struct shown {
	uint32_t	 left;
	bool		 closed;
	struct pick	*pick;		/* by bytes */
	size_t		 n;
	size_t		 room;
	uint64_t	 items;		/* those that are not */
	uint64_t	 requests;
	uint64_t	 bytes;
};

static uint64_t
bytes_of(const struct flow_info *f)
{
	return f->half[0].bytes + f->half[1].bytes;
}

static void
count_other(const struct rows *r, const struct flow_info *f, struct shown *s)
{
	struct conn_said	 said;

	conn_said(r->az, f, &said);
	s->items++;
	s->requests += said.requests;
	s->bytes += bytes_of(f);
}

static void
show_one(struct rows *r, struct flow *fl, const struct flow_info *f,
    void *arg)
{
	struct shown	*s = arg;

	(void)fl;
	if (f->state == FLOW_CLOSED && !s->closed)
		return;
	if (s->left == 0) {
		count_other(r, f, s);
		return;
	}
	s->left--;
	rows_flow(r, f);
}

static int
more_first(const void *a, const void *b)
{
	const struct pick	*x = a, *y = b;

	return x->bytes < y->bytes ? 1 : -(x->bytes > y->bytes);
}

/* Room for one more: of those that do not stay there are as many at most. */
static bool
more_room(struct shown *s)
{
	struct pick	*p;
	size_t		 room = s->room == 0 ? 256 : 2 * s->room;

	if (s->n < s->room)
		return true;
	if (s->room > s->left) {
		qsort(s->pick, s->n, sizeof(s->pick[0]), more_first);
		s->n = s->left;
		return true;
	}
	if ((p = reallocarray(s->pick, room, sizeof(*p))) == NULL)
		return false;
	s->pick = p;
	s->room = room;
	return true;
}

static void
pick_one(struct rows *r, struct flow *fl, const struct flow_info *f,
    void *arg)
{
	struct shown	*s = arg;

	if (f->state == FLOW_CLOSED && !s->closed)
		return;
	count_other(r, f, s);
	if (more_room(s))
		s->pick[s->n++] = (struct pick){ bytes_of(f), fl };
	else
		r->no_memory = true;
}

static void
show_picked(struct rows *r, struct shown *s)
{
	struct flow_info	 f;
	struct conn_said	 said;
	size_t			 i;

	if (s->n > 1)
		qsort(s->pick, s->n, sizeof(s->pick[0]), more_first);
	for (i = 0; i < s->n && i < s->left; i++) {
		flow_info(r->az->flows, s->pick[i].flow, &f);
		conn_said(r->az, &f, &said);
		s->items--;
		s->requests -= said.requests;
		s->bytes -= bytes_of(&f);
		rows_flow(r, &f);
	}
}

void
flows_show(struct rows *r)
{
	struct shown	 s = { 0 };

	s.left = r->q->top == 0 ? TOP_FLOWS : r->top;
	s.closed = flows_word(r, "state") != NULL || r->az->offline;
	rows_complete(r);
	if (r->q->sort == SORT_BYTES)
		flows_each(r, false, pick_one, &s);
	else
		flows_each(r, false, show_one, &s);
	show_picked(r, &s);
	free(s.pick);
	rows_other(r, &(struct rows_other){ .what = "flows",
	    .items = s.items, .count = s.requests, .bytes = s.bytes });
}
