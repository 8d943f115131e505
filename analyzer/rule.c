#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/rule.h"
#include "sandbox/compat.h"

#define DAY_US	86400000000ULL

static int
compare_cut(const void *a, const void *b)
{
	uint16_t	 x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static int
find_cuts(struct rule_set *s)
{
	const struct conf_rule	*r = s->conf->rules;
	size_t			 i, n = 0, most;
	unsigned		 k;

	most = s->conf->nrules * CONF_RULE_STATUSES * 2;
	if ((s->cut = calloc(most + 1, sizeof(s->cut[0]))) == NULL)
		return -1;
	for (i = 0; i < s->conf->nrules; i++)
		for (k = 0; k < r[i].nstatus; k++) {
			s->cut[n++] = r[i].status[k].lo;
			s->cut[n++] = r[i].status[k].hi + 1;
		}
	qsort(s->cut, n, sizeof(s->cut[0]), compare_cut);
	for (i = 0; i < n; i++)
		if (i == 0 || s->cut[i] != s->cut[s->ncuts - 1])
			s->cut[s->ncuts++] = s->cut[i];
	return 0;
}

struct rule_set *
rule_new(const struct conf *c, uint32_t epoch)
{
	struct rule_set	*s;
	size_t		 i;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->conf = c;
	s->epoch = epoch;
	for (i = 0; i < c->nrules; i++)
		if (c->rules[i].asks.path[0] != '\0')
			s->paths = true;
	s->hits = calloc(c->nrules + 1, sizeof(s->hits[0]));
	if (s->hits == NULL || find_cuts(s) == -1) {
		rule_free(s);
		return NULL;
	}
	return s;
}

void
rule_free(struct rule_set *s)
{
	if (s == NULL)
		return;
	free(s->cut);
	free(s->hits);
	free(s);
}

void
rule_carry(struct rule_set *s, const struct rule_set *old)
{
	size_t	 i, k;

	for (i = 0; i < s->conf->nrules; i++)
		for (k = 0; k < old->conf->nrules; k++)
			if (memcmp(&s->conf->rules[i], &old->conf->rules[k],
			    sizeof(s->conf->rules[0])) == 0)
				s->hits[i] = old->hits[k];
}

/* ---- matching ---- */

static bool
in_net(const struct addr *a, const struct addr *net, unsigned bits)
{
	return addr_is4(a) == addr_is4(net) && addr_in(a, net, bits);
}

static bool
matches_flow(const struct conf_rule *r, const struct rule_flow *f)
{
	if (r->on[0] != '\0' && !conf_glob(r->on, f->iface, strlen(f->iface)))
		return false;
	if (r->has_from && !in_net(&f->client, &r->from, r->from_bits))
		return false;
	if (r->has_to && !in_net(&f->server, &r->to, r->to_bits))
		return false;
	if (r->ports.n > 0 && !conf_ports_has(&r->ports, f->port))
		return false;
	return r->vlan == -1 || r->vlan == f->vlan[0] || r->vlan == f->vlan[1];
}

static bool
about_messages(const struct conf_rule *r)
{
	return r->asks.host[0] != '\0' || r->asks.path[0] != '\0' ||
	    r->asks.nmethods > 0 || r->nstatus > 0;
}

static bool
has_status(const struct conf_rule *r, unsigned status)
{
	unsigned	 i;

	for (i = 0; i < r->nstatus; i++)
		if (status >= r->status[i].lo && status <= r->status[i].hi)
			return true;
	return r->nstatus == 0;
}

static void
fill_target(struct rule_set *s, const struct rule_message *m,
    struct target *t)
{
	t->host = m->host;
	t->host_len = m->host_len;
	t->method = m->method;
	t->method_len = m->method_len;
	t->path = m->path;
	t->path_len = m->path_len;
	if (s->paths)
		(void)target_path(m->path, m->path_len, s->path, t);
}

bool
rule_ignores_flow(struct rule_set *s, const struct rule_flow *f)
{
	const struct conf_rule	*r;
	size_t			 i;
	int			 last = -1;

	for (i = 0; i < s->conf->nrules; i++) {
		r = &s->conf->rules[i];
		if (!matches_flow(r, f))
			continue;
		if (about_messages(r)) {
			/* A message may still be matched after all. */
			if (!r->ignore)
				last = -1;
			continue;
		}
		last = (int)i;
		if (r->quick)
			break;
	}
	if (last == -1)
		return false;
	s->hits[last].connections++;
	return s->conf->rules[last].ignore;
}

void
rule_judge(struct rule_set *s, const struct rule_flow *f,
    const struct rule_message *m, bool count, struct rule_verdict *v)
{
	struct target		 t;
	const struct conf_rule	*r;
	size_t			 i;

	fill_target(s, m, &t);
	v->index = v->tag = -1;
	v->ignore = false;
	for (i = 0; i < s->conf->nrules; i++) {
		r = &s->conf->rules[i];
		if (!matches_flow(r, f) || !target_matches(&r->asks, &t) ||
		    !has_status(r, m->status))
			continue;
		v->index = (int)i;
		v->ignore = r->ignore;
		if (r->tag[0] != '\0')
			v->tag = (int)i;
		if (r->quick)
			break;
	}
	if (count && v->index != -1)
		s->hits[v->index].hits++;
}

unsigned
rule_classes(const struct rule_set *s)
{
	return s->ncuts + 1;
}

unsigned
rule_class(const struct rule_set *s, unsigned status)
{
	unsigned	 i;

	for (i = 0; i < s->ncuts && s->cut[i] <= status; i++)
		continue;
	return i;
}

unsigned
rule_class_status(const struct rule_set *s, unsigned class)
{
	return class == 0 ? 0 : s->cut[class - 1];
}

const char *
rule_tag(const struct rule_set *s, const struct rule_verdict *v)
{
	if (v->tag < 0 || (size_t)v->tag >= s->conf->nrules)
		return "";
	return s->conf->rules[v->tag].tag;
}

/* ---- showing ---- */

static void
add(char *s, size_t size, const char *word, const char *value)
{
	size_t	 n = strlen(s);

	if (n + 1 < size)
		snprintf(s + n, size - n, " %s%s%s", word,
		    *value == '\0' ? "" : " ", value);
}

static void
add_net(char *s, size_t size, const char *word, const struct addr *a,
    unsigned bits)
{
	char	 text[ADDR_TEXT_MAX], net[ADDR_TEXT_MAX + 4];

	snprintf(net, sizeof(net), "%s/%u", addr_print(a, text, sizeof(text)),
	    bits);
	add(s, size, word, net);
}

static void
add_lists(const struct conf_rule *r, char *s, size_t size)
{
	char		 text[32];
	unsigned	 i;

	for (i = 0; i < r->ports.n; i++) {
		snprintf(text, sizeof(text),
		    r->ports.range[i].lo == r->ports.range[i].hi ? "%u" :
		    "%u-%u", r->ports.range[i].lo, r->ports.range[i].hi);
		add(s, size, i == 0 ? "port" : "", text);
	}
	for (i = 0; i < r->asks.nmethods; i++)
		add(s, size, i == 0 ? "method" : "", r->asks.methods[i]);
	for (i = 0; i < r->nstatus; i++) {
		snprintf(text, sizeof(text), "%u-%u", r->status[i].lo,
		    r->status[i].hi);
		add(s, size, i == 0 ? "status" : "", text);
	}
}

const char *
rule_text(const struct conf_rule *r, char *s, size_t size)
{
	char	 vlan[16];

	snprintf(s, size, "%s%s", r->ignore ? "ignore" : "match",
	    r->quick ? " quick" : "");
	if (r->on[0] != '\0')
		add(s, size, "on", r->on);
	if (r->has_from)
		add_net(s, size, "from", &r->from, r->from_bits);
	if (r->has_to)
		add_net(s, size, "to", &r->to, r->to_bits);
	add_lists(r, s, size);
	if (r->vlan >= 0) {
		snprintf(vlan, sizeof(vlan), "%d", (int)r->vlan);
		add(s, size, "vlan", vlan);
	}
	if (r->asks.host[0] != '\0')
		add(s, size, "host", r->asks.host);
	if (r->asks.path[0] != '\0')
		add(s, size, "path", r->asks.path);
	if (r->tag[0] != '\0')
		add(s, size, "tag", r->tag);
	return s;
}

/* ---- privacy ---- */

bool
rule_client(const struct conf_privacy *p, const struct hash_key *key,
    const struct addr *in, struct addr *out)
{
	uint64_t	 h;
	unsigned	 i;

	*out = *in;
	switch (p->clients) {
	case CONF_CLIENTS_PREFIX:
		addr_mask(out, addr_is4(in) ? p->prefix4 : p->prefix6);
		return true;
	case CONF_CLIENTS_HASH:
		h = hash_bytes(key, in->b, sizeof(in->b));
		memset(out, 0, sizeof(*out));
		out->b[0] = 0xfd;
		for (i = 0; i < 8; i++)
			out->b[8 + i] = (uint8_t)(h >> 8 * i);
		return true;
	default:
		return false;
	}
}

static size_t
put(uint8_t *out, size_t size, size_t at, const uint8_t *p, size_t n)
{
	if (n > size - at)
		n = size - at;
	memcpy(out + at, p, n);
	return at + n;
}

/* Where the host begins: a name and a password before it are nobody's. */
static size_t
without_user(const uint8_t *p, size_t begin, size_t end)
{
	size_t	 i;

	for (i = end; i > begin; i--)
		if (p[i - 1] == '@')
			return i;
	return begin;
}

/* "a=1&b=2" as "a=&b=". */
static size_t
put_keys(uint8_t *out, size_t size, size_t at, const uint8_t *q, size_t n)
{
	const uint8_t	*end = q + n, *amp, *eq;

	while (q < end) {
		if ((amp = memchr(q, '&', (size_t)(end - q))) == NULL)
			amp = end;
		eq = memchr(q, '=', (size_t)(amp - q));
		at = put(out, size, at, q,
		    (size_t)((eq == NULL ? amp : eq + 1) - q));
		if (amp < end)
			at = put(out, size, at, amp, 1);
		q = amp + 1;
	}
	return at;
}

size_t
rule_uri(const struct conf_privacy *p, const uint8_t *target, size_t len,
    uint8_t *out, size_t size)
{
	const uint8_t	*q;
	size_t		 at, begin, end, path;

	end = target_authority(target, len, &begin);
	at = put(out, size, 0, target, begin);
	begin = without_user(target, begin, end);
	target += begin;
	len -= begin;
	q = len == 0 ? NULL : memchr(target, '?', len);
	if (q == NULL || p->query == CONF_QUERY_FULL)
		return put(out, size, at, target, len);
	path = (size_t)(q - target);
	at = put(out, size, at, target, path);
	if (p->query == CONF_QUERY_NONE)
		return at;
	at = put(out, size, at, q, 1);
	return put_keys(out, size, at, q + 1, len - path - 1);
}

bool
rule_header(const struct conf_privacy *p, const char *name)
{
	unsigned	 i;

	for (i = 0; i < p->nheaders; i++)
		if (strcasecmp(p->headers[i], name) == 0)
			return true;
	return false;
}

void
rule_day_key(const struct hash_key *seed, uint64_t now_us,
    struct hash_key *out)
{
	uint64_t	 day = now_us / DAY_US;

	out->k0 = hash_bytes(seed, &day, sizeof(day));
	day = ~day;
	out->k1 = hash_bytes(seed, &day, sizeof(day));
}
