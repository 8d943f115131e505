#include <stdlib.h>
#include <string.h>

#include "analyzer/meter.h"
#include "sandbox/compat.h"

#define AGE_US		30000000ULL	/* how often idle entries are swept */

/* ---- names of slots ---- */

static const uint16_t known_status[] = {
	100, 101, 102, 103,
	200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
	300, 301, 302, 303, 304, 305, 306, 307, 308,
	400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413,
	414, 415, 416, 417, 418, 419, 420, 421, 422, 423, 424, 425, 426, 428,
	429, 430, 431, 440, 444, 449, 450, 451, 499,
	500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511,
	520, 521, 522, 523, 524, 525, 530
};
#define NKNOWN		nitems(known_status)
#define STATUS_OTHER	(METER_STATUSES - 1)

static const char *const methods[METER_METHODS] = {
	"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE",
	"PATCH", "OTHER"
};
static const char *const versions[METER_VERSIONS] = {
	"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "unknown"
};
static const char *const alpns[METER_ALPNS] = {
	"http/1.1", "h2", "http/1.0", "h3", "acme-tls/1", "dot", "other",
	"none"
};
#define ALPN_OTHER	6

const char *
meter_method_name(unsigned method)
{
	return methods[method < METER_METHODS ? method : METER_METHODS - 1];
}

const char *
meter_version_name(unsigned slot)
{
	return versions[slot < METER_VERSIONS ? slot : METER_VERSIONS - 1];
}

const char *
meter_alpn_name(unsigned slot)
{
	return alpns[slot < METER_ALPNS ? slot : METER_ALPNS - 1];
}

unsigned
meter_status_code(const struct meter *m, unsigned slot)
{
	if (slot < NKNOWN)
		return known_status[slot];
	slot -= NKNOWN;
	return slot < m->nextra ? m->extra[slot] : 0;
}

static unsigned
find_slot(struct meter *m, unsigned code)
{
	size_t		 lo = 0, hi = NKNOWN, mid;
	unsigned	 i;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (known_status[mid] < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < NKNOWN && known_status[lo] == code)
		return (unsigned)lo;
	for (i = 0; i < m->nextra; i++)
		if (m->extra[i] == code)
			return (unsigned)NKNOWN + i;
	if (code == 0 || m->nextra == nitems(m->extra) ||
	    NKNOWN + m->nextra >= STATUS_OTHER)
		return STATUS_OTHER;
	m->extra[m->nextra] = (uint16_t)code;
	return (unsigned)NKNOWN + m->nextra++;
}

unsigned
meter_status_slot(struct meter *m, unsigned code)
{
	if (code != m->last_code) {
		m->last_slot = find_slot(m, code);
		m->last_code = code;
	}
	return code == 0 ? STATUS_OTHER : m->last_slot;
}

uint64_t
meter_class(const struct meter *m, const uint64_t v[MC_MAX], unsigned class)
{
	uint64_t	 sum = 0;
	unsigned	 i;

	for (i = 0; i < METER_STATUSES; i++)
		if (v[MC_STATUS + i] != 0 &&
		    meter_status_code(m, i) / 100 == class)
			sum += v[MC_STATUS + i];
	return sum;
}

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
	m->ifaces = sketch_new(&m->kind[METER_IFACE], 512, NULL);
	m->hosts = sketch_new(&m->kind[METER_HOST], c->max_hosts, NULL);
	m->clients = sketch_new(&m->kind[METER_CLIENT], c->max_clients, NULL);
	m->names = sketch_new(&m->kind[METER_NAME], c->max_names, NULL);
	m->methods = sketch_new(&m->kind[METER_METHOD], 128, NULL);
	m->statuses = sketch_new(&m->kind[METER_STATUS], 1000, NULL);
	if (m->all == NULL || m->ifaces == NULL || m->hosts == NULL ||
	    m->clients == NULL || m->names == NULL || m->methods == NULL ||
	    m->statuses == NULL)
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
	sketch_free(m->methods);
	sketch_free(m->statuses);
	m->all = m->ifaces = m->hosts = m->clients = m->names = NULL;
	m->methods = m->statuses = NULL;
	m->total = NULL;
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
	if (!mc->offline)
		sketch_time_init(&m->time, mc->window_us);
	for (k = 0; k < METER_KINDS; k++)
		sketch_kind_init(&m->kind[k], &m->time, seed, mem,
		    kind_limit(m, (enum meter_kind)k));
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
	if (!other_window)
		return;
	/* Old slices are numbered by another length: let all of them go. */
	m->time.now += m->time.old * 2 + m->time.old_block;
	sketch_age(m->all);
	sketch_age(m->ifaces);
	sketch_age(m->hosts);
	sketch_age(m->clients);
	sketch_age(m->names);
	sketch_age(m->methods);
	sketch_age(m->statuses);
	sketch_time_init(&m->time, mc->window_us);
	m->time.now = (uint32_t)(m->now_us / m->time.slice_us);
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
	if (m->time.slice_us == 0) {
		m->slice_end_us = UINT64_MAX;
		return;
	}
	slice = (uint32_t)(now_us / m->time.slice_us);
	m->slice_end_us = (slice + 1ULL) * m->time.slice_us;
	if (slice == m->time.now)
		return;
	meter_flush(m);
	for (k = 0; k < METER_KINDS; k++)
		sketch_close(&m->kind[k]);
	m->time.now = slice;
	if (now_us - m->aged_us < AGE_US)
		return;
	m->aged_us = now_us;
	sketch_age(m->hosts);
	sketch_age(m->clients);
	sketch_age(m->names);
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
	if (make_sketches(m) == -1)
		free_sketches(m);
}

/* ---- counting ---- */

struct sketch_entry *
meter_iface(struct meter *m, const char *name)
{
	if (m->ifaces == NULL)
		return NULL;
	/* Entries of interfaces are held by pointer: none may be replaced. */
	if (m->ifaces->n + 1 >= m->ifaces->max &&
	    sketch_find(m->ifaces, name, strlen(name)) == NULL)
		name = "(other)";
	return sketch_touch(m->ifaces, name, strlen(name), 1);
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

void
meter_flush(struct meter *m)
{
	unsigned	 i, c;

	for (i = 0; i < m->ntouched; i++) {
		c = m->touched[i];
		if (m->total != NULL)
			sketch_add(m->total, c, m->acc[c]);
		if (m->acc_iface != NULL)
			sketch_add(m->acc_iface, c, m->acc[c]);
		m->acc[c] = 0;
	}
	m->ntouched = 0;
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
	if (c->client != NULL && m->clients != NULL)
		sketch_prefetch_entry(m->clients, c->hash);
}

void
meter_client(const struct meter *m, struct meter_cache *c,
    const struct addr *client)
{
	memset(c, 0, sizeof(*c));
	if (m->clients == NULL)
		return;
	c->client = client;
	c->hash = sketch_hash(&m->kind[METER_CLIENT], client->b,
	    sizeof(client->b));
	sketch_prefetch(m->clients, c->hash);
}

static struct sketch_entry *
client_entry(struct meter *m, struct meter_cache *c, uint64_t weight)
{
	struct sketch_kind	*k = &m->kind[METER_CLIENT];
	struct sketch_entry	*e;

	if (c->client == NULL || m->clients == NULL)
		return NULL;
	if ((e = sketch_held(k, &c->entry)) != NULL) {
		sketch_bump(e, weight);
		return e;
	}
	e = sketch_touch_hash(m->clients, c->client->b, sizeof(c->client->b),
	    c->hash, weight);
	sketch_hold(k, &c->entry, e);
	return e;
}

static struct sketch_entry *
host_client(struct meter *m, struct meter_cache *c, struct sketch_entry *host,
    uint64_t weight)
{
	struct sketch_kind	*k = &m->kind[METER_HOST_CLIENT];
	struct sketch_entry	*e;
	struct sketch		*kids;

	if (c->client == NULL)
		return NULL;
	e = sketch_held(k, &c->host_client);
	if (e != NULL && e->home->owner == host) {
		sketch_bump(e, weight);
		return e;
	}
	kids = sketch_make_child(host, METER_CHILD_CLIENTS, k,
	    m->conf.offline ? 65536 : 256);
	if (kids == NULL)
		return NULL;
	e = sketch_touch_hash(kids, c->client->b, sizeof(c->client->b),
	    c->hash, weight);
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

static struct sketch_entry *
host_entry(struct meter *m, struct meter_cache *c,
    const struct meter_request *r)
{
	struct sketch_entry	*e;

	if (m->hosts == NULL)
		return NULL;
	e = sketch_held(&m->kind[METER_HOST], &c->host);
	if (e != NULL && sketch_is(e, r->host, r->host_len)) {
		sketch_bump(e, 1);
		return e;
	}
	e = sketch_touch(m->hosts, r->host, r->host_len, 1);
	sketch_hold(&m->kind[METER_HOST], &c->host, e);
	return e;
}

static struct sketch_entry *
section_entry(struct meter *m, struct meter_cache *c,
    struct sketch_entry *host, const struct meter_request *r)
{
	struct sketch_entry	*e;
	struct sketch		*kids;

	e = sketch_held(&m->kind[METER_SECTION], &c->section);
	if (e != NULL && e->home->owner == host &&
	    sketch_is(e, r->section, r->section_len)) {
		sketch_bump(e, 1);
		return e;
	}
	kids = sketch_make_child(host, METER_CHILD_SECTIONS,
	    &m->kind[METER_SECTION], m->conf.max_sections);
	if (kids == NULL)
		return NULL;
	e = sketch_touch(kids, r->section, r->section_len, 1);
	sketch_hold(&m->kind[METER_SECTION], &c->section, e);
	return e;
}

/*
 * The memory of a client's entry of a host, while there is something else to
 * do: first the bucket, then the entry.
 */
static const struct sketch *
expect_client(const struct meter *m, const struct meter_cache *c,
    const struct sketch_entry *host)
{
	const struct sketch	*s = sketch_child(host, METER_CHILD_CLIENTS);

	if (s == NULL || c->client == NULL || sketch_held(
	    &m->kind[METER_HOST_CLIENT], &c->host_client) != NULL)
		return NULL;
	sketch_prefetch(s, c->hash);
	return s;
}

uint64_t
meter_request(struct meter *m, struct sketch_entry *iface,
    struct meter_cache *c, const struct meter_request *r)
{
	struct sketch_entry	*host, *section = NULL, *e;
	const struct sketch	*kids = NULL;
	unsigned		 method;

	method = r->method < METER_METHODS ? r->method : METER_METHODS - 1;
	if ((host = host_entry(m, c, r)) != NULL) {
		kids = expect_client(m, c, host);
		sketch_add(host, MC_METHOD + method, 1);
		if ((section = section_entry(m, c, host, r)) != NULL)
			sketch_add(section, MC_METHOD + method, 1);
	}
	if (kids != NULL)
		sketch_prefetch_entry(kids, c->hash);
	meter_add(m, iface, MC_REQUESTS, 1);
	count_method(m, r);
	if ((e = client_entry(m, c, 1)) != NULL)
		sketch_add(e, MC_REQUESTS, 1);
	if (host == NULL)
		return 0;
	if ((e = host_client(m, c, host, 1)) != NULL)
		sketch_add(e, MC_REQUESTS, 1);
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
    struct meter_cache *c, uint64_t token, unsigned status, bool interim)
{
	struct sketch_entry	*host, *section;
	unsigned		 slot;

	slot = meter_status_slot(m, status);
	meter_add(m, iface, MC_STATUS + slot, 1);
	meter_add(m, iface, MC_RESPONSES, !interim);
	count_code(m, status);
	host = by_token(m, token, &section);
	count_status(host, slot);
	count_status(section, slot);
	if (interim)
		return;
	if (host != NULL)
		count_answer(host_client(m, c, host, 0), status);
	count_answer(client_entry(m, c, 0), status);
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
    uint64_t token, const struct meter_end *t)
{
	struct sketch_entry	*section, *e;

	add_end(m, iface, t);
	count_end(by_token(m, token, &section), t);
	if (section != NULL && t->first_us != 0)
		sketch_add(section, MC_FIRST + hist_bucket(t->first_us), 1);
	if (t->req_body + t->resp_body > 0 &&
	    (e = client_entry(m, c, 0)) != NULL)
		sketch_add(e, MC_RESP_BODY, t->req_body + t->resp_body);
}

static unsigned
alpn_slot(const uint8_t *p, size_t len)
{
	unsigned	 i;

	if (len == 0)
		return METER_ALPNS - 1;
	for (i = 0; i < ALPN_OTHER; i++)
		if (strlen(alpns[i]) == len && memcmp(alpns[i], p, len) == 0)
			return i;
	return ALPN_OTHER;
}

uint64_t
meter_hello(struct meter *m, struct sketch_entry *iface,
    const struct meter_hello *h)
{
	struct sketch_entry	*e;

	meter_add(m, iface, MC_TLS, 1);
	if (h->ech)
		meter_add(m, iface, MC_TLS_ECH, 1);
	if (h->len == 0) {
		meter_add(m, iface, MC_TLS_NO_NAME, 1);
		return 0;
	}
	if (m->names == NULL ||
	    (e = sketch_touch(m->names, h->name, h->len, 1)) == NULL)
		return 0;
	sketch_add(e, MC_TLS, 1);
	sketch_add(e, MC_ALPN + alpn_slot(h->alpn, h->alpn_len), 1);
	if (h->ech)
		sketch_add(e, MC_TLS_ECH, 1);
	return sketch_token(e);
}

static unsigned
version_slot(unsigned version)
{
	return version >= 0x0300 && version <= 0x0304 ? version - 0x0300 :
	    METER_VERSIONS - 1;
}

void
meter_tls(struct meter *m, struct sketch_entry *iface, uint64_t token,
    unsigned version, bool resumed, uint64_t handshake_us)
{
	struct sketch_entry	*e;
	unsigned		 bucket;

	bucket = hist_bucket(handshake_us);
	meter_add(m, iface, MC_VERSION + version_slot(version), 1);
	meter_add(m, iface, MC_RESUMED, resumed);
	if (handshake_us != 0)
		meter_add(m, iface, MC_TLS_TIME + bucket, 1);
	e = sketch_by_token(&m->kind[METER_NAME], token);
	if (e == NULL)
		return;
	sketch_add(e, MC_VERSION + version_slot(version), 1);
	add_nonzero(e, MC_RESUMED, resumed);
	if (handshake_us != 0)
		sketch_add(e, MC_TLS_TIME + bucket, 1);
}

void
meter_name_bytes(struct meter *m, uint64_t token, uint64_t n)
{
	struct sketch_entry	*e;

	if ((e = sketch_by_token(&m->kind[METER_NAME], token)) != NULL)
		add_nonzero(e, MC_PAYLOAD, n);
}

/* ---- asking ---- */

const char *
meter_window_name(enum show_window w)
{
	static const char *const names[WINDOW_MAX] = {
		"last", "1m", "10m", "total"
	};

	return w < WINDOW_MAX ? names[w] : names[WINDOW_LAST];
}

static uint32_t
window_slices(const struct meter *m, enum show_window w)
{
	if (w == WINDOW_10M)
		return m->time.old;
	return w == WINDOW_1M ? m->time.mid : m->time.fine;
}

/*
 * Hosts and sections count methods and statuses alone; requests and responses
 * are their sums (1xx but 101 are no responses).
 */
static void
derive(const struct meter *m, const struct sketch_entry *e, uint64_t *v)
{
	unsigned	 i, code;

	if (e->home->kind != &m->kind[METER_HOST] &&
	    e->home->kind != &m->kind[METER_SECTION])
		return;
	for (i = 0; i < METER_METHODS; i++)
		v[MC_REQUESTS] += v[MC_METHOD + i];
	for (i = 0; i < METER_STATUSES; i++) {
		if (v[MC_STATUS + i] == 0)
			continue;
		code = meter_status_code(m, i);
		if (code / 100 != 1 || code == 101)
			v[MC_RESPONSES] += v[MC_STATUS + i];
	}
}

/* There may be very many of them, and they count little. */
static unsigned
counters_of(const struct meter *m, const struct sketch_entry *e)
{
	switch (e == NULL ? METER_ALL : (int)(e->home->kind - m->kind)) {
	case METER_CLIENT:
	case METER_HOST_CLIENT:
	case METER_METHOD:
	case METER_STATUS:
		return MC_BRIEF;
	default:
		return MC_MAX;
	}
}

void
meter_sum(const struct meter *m, const struct sketch_entry *e,
    enum show_window w, uint64_t out[MC_MAX])
{
	unsigned	 n = counters_of(m, e);

	memset(out, 0, n * sizeof(out[0]));
	if (e == NULL)
		return;
	if (w == WINDOW_TOTAL || m->time.slice_us == 0)
		sketch_total(e, out, n);
	else
		sketch_sum(e, sketch_from(&m->time, window_slices(m, w)), out,
		    n);
	derive(m, e, out);
}

void
meter_sum_span(const struct meter *m, const struct sketch_entry *e,
    uint64_t span_us, uint64_t out[MC_MAX])
{
	uint32_t	 slices;

	if (m->time.slice_us == 0) {
		meter_sum(m, e, WINDOW_TOTAL, out);
		return;
	}
	memset(out, 0, MC_MAX * sizeof(out[0]));
	slices = (uint32_t)((span_us + m->time.slice_us - 1) /
	    m->time.slice_us);
	if (e == NULL)
		return;
	sketch_sum(e, m->time.now > slices ? m->time.now - slices : 0, out,
	    MC_MAX);
	derive(m, e, out);
}

uint64_t
meter_window_us(const struct meter *m, enum show_window w)
{
	uint64_t	 from;

	from = m->first_us;
	if (w != WINDOW_TOTAL && m->time.slice_us != 0) {
		from = sketch_from(&m->time, window_slices(m, w)) *
		    m->time.slice_us;
		if (from < m->start_us)
			from = m->start_us;
		if (from < m->first_us)
			from = m->first_us;
	}
	return m->now_us > from ? m->now_us - from : 1;
}

/* ---- completeness ---- */

void
meter_lost_time(struct meter *m, uint64_t from_us, uint64_t to_us)
{
	struct meter_lost	*l;

	if (to_us <= from_us)
		return;
	l = &m->lost[m->nlost++ % METER_LOST_MAX];
	l->from_us = from_us;
	l->to_us = to_us;
	m->lost_us += to_us - from_us;
}

uint64_t
meter_unwatched_us(const struct meter *m, uint64_t span_us, bool windows)
{
	const struct meter_lost	*l;
	uint64_t		 start, from, sum = 0;
	uint32_t		 i, n;

	start = m->now_us > span_us ? m->now_us - span_us : 0;
	if (windows && m->born_us > start) {
		sum = m->born_us - start;
		start = m->born_us;
	}
	n = m->nlost < METER_LOST_MAX ? m->nlost : METER_LOST_MAX;
	for (i = 0; i < n; i++) {
		l = &m->lost[i];
		from = l->from_us > start ? l->from_us : start;
		if (l->to_us > from)
			sum += l->to_us - from;
	}
	return sum < span_us ? sum : span_us;
}

static double
share(uint64_t good, uint64_t bad)
{
	return bad == 0 ? 1.0 : (double)good / ((double)good + (double)bad);
}

double
meter_complete(const uint64_t v[MC_MAX], uint64_t span_us,
    uint64_t unwatched_us)
{
	double	 packets, bytes, watched, r;

	packets = share(v[MC_PACKETS], v[MC_KERNEL_DROPS] +
	    v[MC_QUEUE_DROPS] + v[MC_SHED]);
	bytes = share(v[MC_PAYLOAD], v[MC_GAP_BYTES] + v[MC_CUT_BYTES]);
	watched = span_us == 0 ? 1.0 :
	    1.0 - (double)unwatched_us / (double)span_us;
	r = packets < bytes ? packets : bytes;
	if (watched < r)
		r = watched;
	if (r >= 1.0)
		return 1.0;
	return (double)(uint64_t)(r * 1e6) / 1e6;
}

/* ---- keeping over a loss of the process ---- */

static bool
put_varint(uint8_t *p, size_t size, size_t *at, uint64_t v)
{
	size_t	 n = *at;

	do {
		if (n == size)
			return false;
		p[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v != 0);
	*at = n;
	return true;
}

static bool
get_varint(const uint8_t *p, size_t len, size_t *at, uint64_t *v)
{
	unsigned	 shift = 0;

	*v = 0;
	do {
		if (*at == len || shift > 63)
			return false;
		*v |= (uint64_t)(p[*at] & 0x7f) << shift;
		shift += 7;
	} while (p[(*at)++] & 0x80);
	return true;
}

static bool
put_key(uint8_t *p, size_t size, size_t *at, const struct sketch_entry *e)
{
	if (!put_varint(p, size, at, e->klen) || size - *at < e->klen)
		return false;
	memcpy(p + *at, e->key, e->klen);
	*at += e->klen;
	return true;
}

/* Counters of one class; histograms come last and may be left out. */
static void
put_counters(uint8_t *p, size_t size, size_t *at, const uint64_t v[MC_MAX],
    bool times)
{
	size_t		 was;
	unsigned	 i;

	for (i = 1; i < MC_MAX; i++) {
		if (v[i] == 0 || times != (i >= MC_FIRST && i < MC_VERSION))
			continue;
		was = *at;
		if (!put_varint(p, size, at, i) ||
		    !put_varint(p, size, at, v[i])) {
			*at = was;
			return;
		}
	}
}

size_t
meter_pack(const struct sketch_entry *e, uint8_t *p, size_t size)
{
	uint64_t	 v[MC_MAX];
	size_t		 at = 0;

	if (e->home->owner != NULL && !put_key(p, size, &at, e->home->owner))
		return 0;
	if (!put_key(p, size, &at, e) ||
	    !put_varint(p, size, &at, e->count) ||
	    !put_varint(p, size, &at, e->error))
		return 0;
	memset(v, 0, sizeof(v));
	sketch_total(e, v, MC_MAX);
	put_counters(p, size, &at, v, false);
	put_counters(p, size, &at, v, true);
	return at;
}

static bool
get_key(const uint8_t *p, size_t len, size_t *at, const uint8_t **key,
    size_t *klen)
{
	uint64_t	 n;

	if (!get_varint(p, len, at, &n) || n > len - *at)
		return false;
	*klen = (size_t)n;
	*key = p + *at;
	*at += *klen;
	return true;
}

/* The sketch that an entry of this kind lives in. */
static struct sketch *
home_of(struct meter *m, enum meter_kind kind, const uint8_t *p, size_t len,
    size_t *at)
{
	struct sketch_entry	*host;
	const uint8_t		*key;
	size_t			 klen;

	switch (kind) {
	case METER_ALL:
		return m->all;
	case METER_IFACE:
		return m->ifaces;
	case METER_HOST:
		return m->hosts;
	case METER_CLIENT:
		return m->clients;
	case METER_NAME:
		return m->names;
	case METER_METHOD:
		return m->methods;
	case METER_STATUS:
		return m->statuses;
	case METER_SECTION:
		if (!get_key(p, len, at, &key, &klen) ||
		    (host = sketch_find(m->hosts, key, klen)) == NULL)
			return NULL;
		return sketch_make_child(host, METER_CHILD_SECTIONS,
		    &m->kind[METER_SECTION], m->conf.max_sections);
	default:
		return NULL;
	}
}

int
meter_unpack(struct meter *m, enum meter_kind kind, uint32_t id,
    const uint8_t *p, size_t len)
{
	struct sketch_entry	*e;
	struct sketch		*s;
	const uint8_t		*key;
	uint64_t		 count, error, index, n;
	size_t			 klen, at = 0;

	if ((s = home_of(m, kind, p, len, &at)) == NULL ||
	    !get_key(p, len, &at, &key, &klen) ||
	    !get_varint(p, len, &at, &count) ||
	    !get_varint(p, len, &at, &error) ||
	    (kind == METER_CLIENT && klen != sizeof(struct addr)))
		return -1;
	m->kind[kind].want = id + 1;
	e = sketch_touch(s, key, klen, count);
	m->kind[kind].want = 0;
	if (e == NULL)
		return -1;
	e->error += error;
	while (at < len) {
		if (!get_varint(p, len, &at, &index) ||
		    !get_varint(p, len, &at, &n) || index == 0 ||
		    index >= MC_MAX)
			return -1;
		sketch_load(e, (unsigned)index, n);
	}
	return 0;
}
