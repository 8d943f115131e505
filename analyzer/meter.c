#include <stdlib.h>
#include <string.h>

#include "analyzer/meter.h"
#include "sandbox/compat.h"

#define AGE_US		30000000ULL	/* how often idle entries are swept */
#define KEPT_US		3600000000ULL	/* the longest time of a rule */
#define CLIENTS_MAX	256		/* of a host */
#define OTHER_IFACES	"other gone"	/* a space: no interface has one */

/* ---- life ---- */

void
meter_conf_init(struct meter_conf *mc, const struct conf *c)
{
	memset(mc, 0, sizeof(*mc));
	mc->window_us = c->window_us;
	mc->offline = c->offline;
	mc->limit = c->memory_limit / (c->offline ? 2 : 4);
	mc->max_hosts = c->stats.max_hosts;
	mc->max_sections = c->stats.max_sections;
	mc->max_clients = c->stats.max_clients;
	mc->max_names = c->stats.max_names;
	mc->max_talkers = c->stats.max_talkers;
	if (!c->offline)
		return;
	mc->max_hosts = mc->max_clients = mc->max_names = 65536;
	mc->max_sections = 4096;
}

/* Breakdowns leave room for what they break down. */
static uint64_t
kind_limit(const struct meter *m, enum meter_kind k)
{
	switch (k) {
	case METER_SECTION:
	case METER_NAME:
	case METER_CLIENT:
		return m->conf.limit / 8 * 7;
	case METER_HOST_CLIENT:
	case METER_TALKER:
	case METER_SITE:
		return m->conf.limit / 2;
	default:
		return m->conf.limit;
	}
}

static int
make_sketches(struct meter *m)
{
	struct meter_conf	*c = &m->conf;

	m->all = sketch_new(&m->kind[METER_ALL], 1, NULL);
	m->ifaces = sketch_new(&m->kind[METER_IFACE], METER_IFACES, NULL);
	m->hosts = sketch_new(&m->kind[METER_HOST], c->max_hosts, NULL);
	m->clients = sketch_new(&m->kind[METER_CLIENT], c->max_clients, NULL);
	m->names = sketch_new(&m->kind[METER_NAME], c->max_names, NULL);
	m->talkers = sketch_new(&m->kind[METER_TALKER], c->max_talkers, NULL);
	m->sites = sketch_new(&m->kind[METER_SITE], c->max_talkers, NULL);
	m->methods = sketch_new(&m->kind[METER_METHOD], 128, NULL);
	m->statuses = sketch_new(&m->kind[METER_STATUS], 1000, NULL);
	if (m->all == NULL || m->ifaces == NULL || m->hosts == NULL ||
	    m->clients == NULL || m->names == NULL || m->talkers == NULL ||
	    m->sites == NULL || m->methods == NULL || m->statuses == NULL)
		return -1;
	m->total = sketch_touch(m->all, "", 0, 0);
	return m->total == NULL ? -1 : 0;
}

static void
free_sketches(struct meter *m)
{
	sketch_free(m->all);
	sketch_free(m->ifaces);
	sketch_free(m->hosts);
	sketch_free(m->clients);
	sketch_free(m->names);
	sketch_free(m->talkers);
	sketch_free(m->sites);
	sketch_free(m->methods);
	sketch_free(m->statuses);
	distinct_clear(&m->met);
	m->all = m->ifaces = m->hosts = m->clients = m->names = NULL;
	m->talkers = m->sites = m->methods = m->statuses = NULL;
	m->total = NULL;
}

static void
time_init(struct meter *m)
{
	struct sketch_time	*k = &m->kept;

	sketch_time_init(k, m->conf.window_us);
	if (!m->conf.offline)
		m->time = *k;
	/* Finer for longer: blocks of these are blocks of those too. */
	if (k->fine < k->mid)
		k->fine = k->mid;
	k->mid = k->old;
	k->old = (uint32_t)((KEPT_US + k->slice_us - 1) / k->slice_us);
}

static const struct sketch_time *
kind_time(const struct meter *m, enum meter_kind k)
{
	return k == METER_ALL || k == METER_IFACE ? &m->kept : &m->time;
}

struct meter *
meter_new(const struct meter_conf *mc, const struct hash_key *seed,
    struct mem *mem)
{
	struct meter	*m;
	unsigned	 k;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return NULL;
	m->conf = *mc;
	time_init(m);
	for (k = 0; k < METER_KINDS; k++)
		sketch_kind_init(&m->kind[k],
		    kind_time(m, (enum meter_kind)k), seed, mem,
		    kind_limit(m, (enum meter_kind)k));
	distinct_init(&m->met, &m->kind[METER_HOST_CLIENT]);
	if (make_sketches(m) == -1) {
		meter_free(m);
		return NULL;
	}
	return m;
}

void
meter_free(struct meter *m)
{
	unsigned	 k;

	if (m == NULL)
		return;
	free_sketches(m);
	for (k = 0; k < METER_KINDS; k++)
		sketch_kind_clear(&m->kind[k]);
	free(m);
}

void
meter_reconf(struct meter *m, const struct meter_conf *mc)
{
	bool		 other_window;
	unsigned	 k;

	meter_flush(m);
	other_window = !mc->offline && mc->window_us != m->conf.window_us;
	if (other_window)
		for (k = 0; k < METER_KINDS; k++)
			sketch_close(&m->kind[k]);
	m->conf = *mc;
	for (k = 0; k < METER_KINDS; k++)
		m->kind[k].limit = kind_limit(m, (enum meter_kind)k);
	sketch_set_max(m->hosts, mc->max_hosts);
	sketch_set_max(m->clients, mc->max_clients);
	sketch_set_max(m->names, mc->max_names);
	sketch_set_max(m->talkers, mc->max_talkers);
	sketch_set_max(m->sites, mc->max_talkers);
	while (mc->max_talkers == 0 && m->talkers->n > 0)
		sketch_remove(m->talkers->heap[0]);
	while (mc->max_talkers == 0 && m->sites->n > 0)
		sketch_remove(m->sites->heap[0]);
	if (!other_window)
		return;
	/* Old slices are numbered by another length: let all of them go. */
	m->time.now += m->time.old * 2 + m->time.old_block;
	m->kept.now += m->kept.old * 2 + m->kept.old_block;
	sketch_age(m->all);
	sketch_age(m->ifaces);
	sketch_age(m->hosts);
	sketch_age(m->clients);
	sketch_age(m->names);
	sketch_age(m->talkers);
	sketch_age(m->sites);
	sketch_age(m->methods);
	sketch_age(m->statuses);
	time_init(m);
	m->kept.now = m->time.now =
	    (uint32_t)(m->now_us / m->time.slice_us);
	m->slice_end_us = (m->time.now + 1ULL) * m->time.slice_us;
	m->start_us = m->now_us;
}

void
meter_slices(struct meter *m, uint64_t now_us)
{
	uint32_t	 slice;
	unsigned	 k;

	if (m->born_us == 0)
		m->born_us = now_us;
	if (m->first_us == 0)
		m->first_us = now_us;
	slice = (uint32_t)(now_us / m->kept.slice_us);
	m->slice_end_us = (slice + 1ULL) * m->kept.slice_us;
	if (slice == m->kept.now)
		return;
	meter_flush(m);
	for (k = 0; k < METER_KINDS; k++)
		sketch_close(&m->kind[k]);
	m->kept.now = slice;
	if (m->conf.offline)
		return;
	m->time.now = slice;
	if (now_us - m->aged_us < AGE_US)
		return;
	m->aged_us = now_us;
	sketch_age(m->hosts);
	sketch_age(m->clients);
	sketch_age(m->names);
	sketch_age(m->talkers);
	sketch_age(m->sites);
}

void
meter_reset(struct meter *m)
{
	meter_flush(m);
	m->acc_iface = NULL;
	free_sketches(m);
	m->first_us = m->start_us = m->born_us = m->now_us;
	m->nlost = 0;
	m->lost_us = 0;
	if (m->away_us != 0)
		m->away_us = m->now_us;
	if (make_sketches(m) == -1)
		free_sketches(m);
}

/* ---- counting ---- */

struct sketch_entry *
meter_iface(struct meter *m, const char *name)
{
	if (m->ifaces == NULL)
		return NULL;
	return sketch_keep(m->ifaces, name, strlen(name));
}

struct sketch_entry *
meter_iface_find(const struct meter *m, const char *name)
{
	if (m->ifaces == NULL)
		return NULL;
	return sketch_find(m->ifaces, name, strlen(name));
}

bool
meter_iface_is_other(const struct sketch_entry *e)
{
	return sketch_is(e, OTHER_IFACES, strlen(OTHER_IFACES));
}

void
meter_iface_forget(struct meter *m, struct sketch_entry *e)
{
	uint64_t	 v[MC_MAX];
	unsigned	 c;

	if (m->acc_iface == e) {
		meter_flush(m);
		m->acc_iface = NULL;
	}
	memset(v, 0, sizeof(v));
	sketch_total(e, v, MC_MAX);
	sketch_remove(e);
	if ((e = meter_iface(m, OTHER_IFACES)) == NULL)
		return;
	for (c = 0; c < MC_MAX; c++)
		if (v[c] > 0)
			sketch_load(e, c, v[c]);
}

void
meter_add(struct meter *m, struct sketch_entry *iface, unsigned counter,
    uint64_t n)
{
	if (n == 0)
		return;
	if (iface != m->acc_iface) {
		meter_flush(m);
		m->acc_iface = iface;
	}
	if (m->acc[counter] == 0)
		m->touched[m->ntouched++] = (uint16_t)counter;
	m->acc[counter] += n;
}

/* The last pair of host and client, whose memory has come by now. */
static void
note_met(struct meter *m)
{
	struct sketch_entry	*host;

	if (m->met_pair != 0 && distinct_add(&m->met, m->met_pair) &&
	    (host = sketch_by_token(&m->kind[METER_HOST], m->met_host)) != NULL)
		sketch_add(host, MC_CLIENTS, 1);
	m->met_pair = 0;
}

static void
expect_met(struct meter *m, const struct meter_cache *c,
    const struct sketch_entry *host)
{
	note_met(m);
	m->met_host = sketch_token(host);
	m->met_pair = hash_two(m->kind[METER_HOST].seed, c->hash, m->met_host);
	distinct_expect(&m->met, m->met_pair);
}

void
meter_flush(struct meter *m)
{
	unsigned	 i, c;

	note_met(m);
	for (i = 0; i < m->ntouched; i++) {
		c = m->touched[i];
		if (m->total != NULL)
			sketch_add(m->total, c, m->acc[c]);
		if (m->acc_iface != NULL)
			sketch_add(m->acc_iface, c, m->acc[c]);
		m->acc[c] = 0;
	}
	m->ntouched = 0;
	for (i = 0; i < METER_TALKS; i++) {
		if (m->talk[i] > 0 && m->total != NULL)
			sketch_add(m->total, MC_TALKS + i, m->talk[i]);
		m->talk[i] = 0;
	}
}

#define HOST_TOKEN	(1ULL << 31)	/* in the id half of a token */

/* Host and section of a token; section is NULL when it is not kept. */
static struct sketch_entry *
by_token(const struct meter *m, uint64_t token, struct sketch_entry **section)
{
	struct sketch_entry	*e;

	*section = NULL;
	if (token & HOST_TOKEN)
		return sketch_by_token(&m->kind[METER_HOST],
		    token & ~HOST_TOKEN);
	if ((e = sketch_by_token(&m->kind[METER_SECTION], token)) == NULL)
		return NULL;
	*section = e;
	return e->home->owner;
}

void
meter_token_keys(const struct meter *m, uint64_t token, const uint8_t **host,
    size_t *host_len, const uint8_t **section, size_t *section_len)
{
	struct sketch_entry	*h, *s;

	h = by_token(m, token, &s);
	if (host != NULL) {
		*host = h == NULL ? NULL : h->key;
		*host_len = h == NULL ? 0 : h->klen;
	}
	if (section != NULL) {
		*section = s == NULL ? NULL : s->key;
		*section_len = s == NULL ? 0 : s->klen;
	}
}

const uint8_t *
meter_token_host(const struct meter *m, uint64_t token, size_t *len,
    uint64_t *asked)
{
	struct sketch_entry	*h, *s;

	*len = 0;
	*asked = 0;
	if (token == 0 || (h = by_token(m, token, &s)) == NULL)
		return NULL;
	*len = h->klen;
	*asked = h->count - h->error;
	return h->key;
}

/* The entry behind a token, counted once more; NULL: look it up. */
static struct sketch_entry *
again(struct sketch_kind *k, uint64_t token, uint64_t weight)
{
	struct sketch_entry	*e;

	if ((e = sketch_by_token(k, token)) != NULL && weight > 0)
		sketch_bump(e, weight);
	return e;
}

void
meter_expect(const struct meter *m, const struct meter_cache *c)
{
	if (c->entry.entry == NULL) {
		if (m->clients != NULL)
			sketch_prefetch_entry(m->clients, c->hash);
		return;
	}
	/* Where they were: no harm if they are gone. */
	sketch_expect(c->entry.entry);
	sketch_expect(c->host.entry);
	sketch_expect(c->section.entry);
}

static uint64_t
client_hash(const struct meter *m, const struct addr *client)
{
	return sketch_hash(&m->kind[METER_CLIENT], client->b,
	    sizeof(client->b));
}

void
meter_expect_client(const struct meter *m, const struct addr *client)
{
	if (m->clients != NULL)
		sketch_prefetch(m->clients, client_hash(m, client));
}

void
meter_client(const struct meter *m, struct meter_cache *c,
    const struct addr *client)
{
	memset(c, 0, sizeof(*c));
	if (m->clients == NULL)
		return;
	c->hash = client_hash(m, client);
	sketch_prefetch(m->clients, c->hash);
}

static struct sketch_entry *
client_entry(struct meter *m, struct meter_cache *c,
    const struct addr *client, uint64_t weight)
{
	struct sketch_kind	*k = &m->kind[METER_CLIENT];
	struct sketch_entry	*e;

	if (client == NULL || m->clients == NULL)
		return NULL;
	if ((e = sketch_held(k, &c->entry)) != NULL) {
		sketch_bump(e, weight);
		return e;
	}
	e = sketch_touch_hash(m->clients, client->b, sizeof(client->b),
	    c->hash, weight);
	sketch_hold(k, &c->entry, e);
	return e;
}

static struct sketch_entry *
host_client(struct meter *m, struct meter_cache *c,
    const struct addr *client, struct sketch_entry *host, uint64_t weight)
{
	struct sketch_kind	*k = &m->kind[METER_HOST_CLIENT];
	struct sketch_entry	*e;
	struct sketch		*kids;

	if (client == NULL || m->clients == NULL || m->conf.offline)
		return NULL;
	e = sketch_held(k, &c->host_client);
	if (e != NULL && e->home->owner == host) {
		sketch_bump(e, weight);
		return e;
	}
	kids = sketch_make_child(host, METER_CHILD_CLIENTS, k, CLIENTS_MAX);
	if (kids == NULL)
		return NULL;
	e = sketch_touch_hash(kids, client->b, sizeof(client->b), c->hash,
	    weight);
	sketch_hold(k, &c->host_client, e);
	return e;
}

static void
count_method(struct meter *m, const struct meter_request *r)
{
	struct sketch_entry	*e = NULL;
	const char		*name;
	unsigned		 i = r->method;

	if (m->methods == NULL)
		return;
	name = meter_method_name(i);
	if (i >= METER_METHODS - 1 && r->method_len > 0)
		e = sketch_touch(m->methods, r->method_name, r->method_len, 1);
	else if (i < METER_METHODS)
		e = again(&m->kind[METER_METHOD], m->method_token[i], 1);
	if (e == NULL && (e = sketch_touch(m->methods, name, strlen(name),
	    1)) == NULL)
		return;
	if (i < METER_METHODS - 1)
		m->method_token[i] = sketch_token(e);
	sketch_add(e, MC_REQUESTS, 1);
}

/* The section that this connection asked last, if it is this one. */
static struct sketch_entry *
section_held(const struct meter *m, const struct meter_cache *c,
    const struct sketch_entry *host, const struct meter_request *r)
{
	struct sketch_entry	*e;

	e = sketch_held(&m->kind[METER_SECTION], &c->section);
	return e != NULL && e->home->owner == host &&
	    sketch_is(e, r->section, r->section_len) ? e : NULL;
}

/* same: it is the host that this connection asked last. */
static struct sketch_entry *
host_entry(struct meter *m, struct meter_cache *c,
    const struct meter_request *r, bool *same)
{
	struct sketch_entry	*e;

	*same = false;
	if (m->hosts == NULL)
		return NULL;
	e = sketch_held(&m->kind[METER_HOST], &c->host);
	if (e != NULL && sketch_is(e, r->host, r->host_len)) {
		sketch_bump(e, 1);
		*same = true;
		return e;
	}
	e = sketch_touch(m->hosts, r->host, r->host_len, 1);
	sketch_hold(&m->kind[METER_HOST], &c->host, e);
	return e;
}

/* What a request finds under its host: asked for some time before. */
struct under {
	struct sketch_entry *section;	/* NULL: to be looked up */
	struct sketch	*sections;
	const struct sketch *clients;	/* NULL: none, or at hand */
	uint64_t	 hash;		/* of the section */
};

/* First where the entries hang, and then they. */
static void
expect_buckets(struct meter *m, const struct meter_cache *c,
    struct sketch_entry *host, const struct meter_request *r,
    struct under *u)
{
	struct sketch_kind	*k = &m->kind[METER_SECTION];

	memset(u, 0, sizeof(*u));
	if ((u->section = section_held(m, c, host, r)) == NULL &&
	    (u->sections = sketch_make_child(host, METER_CHILD_SECTIONS, k,
	    m->conf.max_sections)) != NULL) {
		u->hash = sketch_hash(k, r->section, r->section_len);
		sketch_prefetch(u->sections, u->hash);
	}
	if (sketch_held(&m->kind[METER_HOST_CLIENT], &c->host_client) == NULL)
		u->clients = sketch_child(host, METER_CHILD_CLIENTS);
	if (u->clients != NULL)
		sketch_prefetch(u->clients, c->hash);
}

static void
expect_entries(const struct meter_cache *c, const struct under *u)
{
	if (u->sections != NULL)
		sketch_prefetch_entry(u->sections, u->hash);
	if (u->clients != NULL)
		sketch_prefetch_entry(u->clients, c->hash);
}

static struct sketch_entry *
section_entry(struct meter *m, struct meter_cache *c,
    const struct meter_request *r, const struct under *u)
{
	struct sketch_entry	*e = u->section;

	if (e != NULL) {
		sketch_bump(e, 1);
		return e;
	}
	if (u->sections != NULL)
		e = r->section_len > SKETCH_KEY_MAX ?
		    sketch_touch(u->sections, r->section, r->section_len, 1) :
		    sketch_touch_hash(u->sections, r->section, r->section_len,
		    u->hash, 1);
	sketch_hold(&m->kind[METER_SECTION], &c->section, e);
	return e;
}

uint64_t
meter_request(struct meter *m, struct sketch_entry *iface,
    struct meter_cache *c, const struct addr *client,
    const struct meter_request *r)
{
	struct sketch_entry	*host, *section, *e;
	struct under		 under = { 0 };
	unsigned		 method;
	bool			 same;

	method = r->method < METER_METHODS ? r->method : METER_METHODS - 1;
	meter_add(m, iface, MC_REQUESTS, 1);
	if ((host = host_entry(m, c, r, &same)) != NULL) {
		/* Offline: perhaps not for the first time. */
		if (!same && client != NULL && m->conf.offline)
			expect_met(m, c, host);
		sketch_expect_counter(host, MC_METHOD + method);
		expect_buckets(m, c, host, r, &under);
	}
	count_method(m, r);
	if ((e = client_entry(m, c, client, 1)) != NULL)
		sketch_add(e, MC_REQUESTS, 1);
	expect_entries(c, &under);
	if (host == NULL)
		return 0;
	if ((section = section_entry(m, c, r, &under)) != NULL)
		sketch_expect_counter(section, MC_METHOD + method);
	sketch_add(host, MC_METHOD + method, 1);
	if ((e = host_client(m, c, client, host, 1)) != NULL)
		sketch_add(e, MC_REQUESTS, 1);
	if (section != NULL)
		sketch_add(section, MC_METHOD + method, 1);
	return section == NULL ? sketch_token(host) | HOST_TOKEN :
	    sketch_token(section);
}

static void
count_status(struct sketch_entry *e, unsigned slot)
{
	if (e != NULL)
		sketch_add(e, MC_STATUS + slot, 1);
}

static void
count_answer(struct sketch_entry *e, unsigned status)
{
	if (e == NULL)
		return;
	sketch_add(e, MC_RESPONSES, 1);
	if (status >= 400)
		sketch_add(e, MC_ERRORS, 1);
}

static void
count_code(struct meter *m, unsigned status)
{
	struct sketch_entry	*e = NULL;
	uint8_t			 key[2];

	if (m->statuses == NULL)
		return;
	if (status < nitems(m->status_token))
		e = again(&m->kind[METER_STATUS], m->status_token[status], 1);
	key[0] = (uint8_t)(status >> 8);
	key[1] = (uint8_t)status;
	if (e == NULL && (e = sketch_touch(m->statuses, key, 2, 1)) == NULL)
		return;
	if (status < nitems(m->status_token))
		m->status_token[status] = sketch_token(e);
	sketch_add(e, MC_RESPONSES, 1);
}

void
meter_response(struct meter *m, struct sketch_entry *iface,
    struct meter_cache *c, const struct addr *client, uint64_t token,
    unsigned status, bool interim)
{
	struct sketch_entry	*host, *section;
	unsigned		 slot;

	slot = meter_status_slot(m, status);
	host = by_token(m, token, &section);
	sketch_expect_counter(host, MC_STATUS + slot);
	sketch_expect_counter(section, MC_STATUS + slot);
	meter_add(m, iface, MC_STATUS + slot, 1);
	meter_add(m, iface, MC_RESPONSES, !interim);
	count_code(m, status);
	count_status(host, slot);
	count_status(section, slot);
	if (interim)
		return;
	if (host != NULL)
		count_answer(host_client(m, c, client, host, 0), status);
	count_answer(client_entry(m, c, client, 0), status);
}

void
meter_resolved(struct meter *m, uint64_t token, unsigned status)
{
	struct sketch_entry	*host, *section;
	unsigned		 slot;

	slot = meter_status_slot(m, status);
	host = by_token(m, token, &section);
	count_status(host, slot);
	count_status(section, slot);
}

static void
add_nonzero(struct sketch_entry *e, unsigned counter, uint64_t n)
{
	if (n != 0)
		sketch_add(e, counter, n);
}

static void
count_end(struct sketch_entry *e, const struct meter_end *t)
{
	if (e == NULL)
		return;
	if (t->first_us != 0)
		sketch_add(e, MC_FIRST + hist_bucket(t->first_us), 1);
	if (t->last_us != 0)
		sketch_add(e, MC_LAST + hist_bucket(t->last_us), 1);
	add_nonzero(e, MC_REQ_BODY, t->req_body);
	add_nonzero(e, MC_RESP_BODY, t->resp_body);
	add_nonzero(e, MC_UNPAIRED_REQ, t->unpaired_req);
	add_nonzero(e, MC_UNPAIRED_RESP, t->unpaired_resp);
	add_nonzero(e, MC_GAP_MARKED, t->gap);
	add_nonzero(e, MC_AMBIGUOUS, t->ambiguous);
}

static void
add_end(struct meter *m, struct sketch_entry *iface,
    const struct meter_end *t)
{
	meter_add(m, iface, MC_FIRST + hist_bucket(t->first_us),
	    t->first_us != 0);
	meter_add(m, iface, MC_LAST + hist_bucket(t->last_us),
	    t->last_us != 0);
	meter_add(m, iface, MC_FIRST_SUM, t->first_us);
	meter_add(m, iface, MC_REQ_BODY, t->req_body);
	meter_add(m, iface, MC_RESP_BODY, t->resp_body);
	meter_add(m, iface, MC_UNPAIRED_REQ, t->unpaired_req);
	meter_add(m, iface, MC_UNPAIRED_RESP, t->unpaired_resp);
	meter_add(m, iface, MC_GAP_MARKED, t->gap);
	meter_add(m, iface, MC_AMBIGUOUS, t->ambiguous);
}

void
meter_end(struct meter *m, struct sketch_entry *iface, struct meter_cache *c,
    const struct addr *client, uint64_t token, const struct meter_end *t)
{
	const uint64_t		 body = t->req_body + t->resp_body;
	struct sketch_entry	*host, *section, *e;

	host = by_token(m, token, &section);
	sketch_expect_counter(host, MC_FIRST + hist_bucket(t->first_us));
	sketch_expect_counter(section, MC_FIRST + hist_bucket(t->first_us));
	add_end(m, iface, t);
	count_end(host, t);
	if (section != NULL && t->first_us != 0)
		sketch_add(section, MC_FIRST + hist_bucket(t->first_us), 1);
	if (body == 0)
		return;
	if ((e = client_entry(m, c, client, 0)) != NULL)
		sketch_add(e, MC_RESP_BODY, body);
	if (host != NULL &&
	    (e = host_client(m, c, client, host, 0)) != NULL)
		sketch_add(e, MC_RESP_BODY, body);
}

uint64_t
meter_hello(struct meter *m, struct sketch_entry *iface,
    struct meter_cache *c, const struct addr *client,
    const struct meter_hello *h)
{
	const unsigned		 hello = h->quic != 0 ? MC_QUIC : MC_TLS;
	const unsigned		 ech = h->quic != 0 ? MC_QUIC_ECH :
				    MC_TLS_ECH;
	struct sketch_entry	*e;
	const void		*name = h->len == 0 ? (const uint8_t *)"" :
				    h->name;

	meter_add(m, iface, hello, 1);
	meter_add(m, iface, ech, h->ech);
	if (h->quic == 0)
		meter_add(m, iface, MC_TLS_NO_NAME, h->len == 0);
	if ((e = client_entry(m, c, client, 1)) != NULL)
		sketch_add(e, hello, 1);
	if (m->names == NULL ||
	    (e = sketch_touch(m->names, name, h->len, 1)) == NULL)
		return 0;
	sketch_add(e, hello, 1);
	sketch_add(e, MC_ALPN + meter_alpn_slot(h->alpn, h->alpn_len), 1);
	add_nonzero(e, ech, h->ech);
	if (h->quic != 0)
		sketch_add(e, MC_VERSION + meter_quic_slot(h->quic), 1);
	return sketch_token(e);
}

void
meter_tls(struct meter *m, struct sketch_entry *iface, uint64_t token,
    unsigned version, bool resumed, uint64_t handshake_us)
{
	struct sketch_entry	*e;
	unsigned		 bucket;

	bucket = hist_bucket(handshake_us);
	meter_add(m, iface, MC_VERSION + meter_version_slot(version), 1);
	meter_add(m, iface, MC_RESUMED, resumed);
	if (handshake_us != 0)
		meter_add(m, iface, MC_TLS_TIME + bucket, 1);
	e = sketch_by_token(&m->kind[METER_NAME], token);
	if (e == NULL)
		return;
	sketch_add(e, MC_VERSION + meter_version_slot(version), 1);
	add_nonzero(e, MC_RESUMED, resumed);
	if (handshake_us != 0)
		sketch_add(e, MC_TLS_TIME + bucket, 1);
}

void
meter_tls_failed(struct meter *m, struct sketch_entry *iface, uint64_t token,
    unsigned slot)
{
	struct sketch_entry	*e;

	meter_add(m, iface, MC_TLS_FAILED, 1);
	meter_add(m, iface, MC_FAIL + slot, 1);
	e = sketch_by_token(&m->kind[METER_NAME], token);
	if (e == NULL)
		return;
	sketch_add(e, MC_TLS_FAILED, 1);
	sketch_add(e, MC_FAIL + slot, 1);
}

void
meter_tls_cert(struct meter *m, struct sketch_entry *iface, uint64_t token,
    enum cert_says says)
{
	struct sketch_entry	*e;

	if (says == CERT_NONE)
		return;
	meter_add(m, iface, MC_CERT + says - 1, 1);
	if ((e = sketch_by_token(&m->kind[METER_NAME], token)) != NULL)
		sketch_add(e, MC_CERT + says - 1, 1);
}

void
meter_tls_bytes(struct meter *m, struct meter_cache *c,
    const struct addr *client, uint64_t token, uint64_t n)
{
	struct sketch_entry	*e;

	if ((e = client_entry(m, c, client, 0)) != NULL)
		add_nonzero(e, MC_PAYLOAD, n);
	if ((e = sketch_by_token(&m->kind[METER_NAME], token)) != NULL)
		add_nonzero(e, MC_PAYLOAD, n);
}
