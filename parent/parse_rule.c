/* The statements interface, service, match, ignore and privacy. */
#include <string.h>

#include "parent/parser.h"

void
interface_end(struct parser *p, bool match, bool exclude)
{
	size_t	 i;

	p->interface.match = match;
	p->interface.exclude = exclude;
	if (p->names != NULL && p->names->n == 0)
		parse_fail(p, "interface needs a name");
	for (i = 0; p->names != NULL && i < p->names->n; i++) {
		get_text(p, "interface", p->interface.name,
		    sizeof(p->interface.name), p->names->v[i]);
		parse_join(p, CONF_INTERFACE, conf_add_interface(p->conf),
		    &p->interface, sizeof(p->interface), &p->conf->ninterfaces);
	}
	memset(&p->interface, 0, sizeof(p->interface));
}

/* all, none, or the kinds of tunnels that are looked into. */
void
interface_decap(struct parser *p, const struct list *l)
{
	char		 kinds[CONF_WHY_MAX];
	unsigned	 open = 0;
	size_t		 i;
	int		 kind;

	if (l == NULL)
		return;
	if (l->n == 1 && strcmp(l->v[0], "all") == 0)
		open = CONF_TUNNELS_ALL;
	else if (l->n != 1 || strcmp(l->v[0], "none") != 0)
		for (i = 0; i < l->n; i++) {
			p->tok_line = l->line[i];
			kind = conf_word_find(WORDS_DECAP, l->v[i]);
			if (kind == -1) {
				get_words(WORDS_DECAP, kinds, sizeof(kinds));
				parse_fail(p, "unknown tunnel \"%s\", valid: "
				    "all, none or %s", l->v[i], kinds);
				return;
			}
			open |= 1U << kind;
		}
	p->interface.closed = (uint16_t)(CONF_TUNNELS_ALL & ~open);
}

void
service_end(struct parser *p, const char *proto, struct list *ports)
{
	struct conf_service	 s;

	memset(&s, 0, sizeof(s));
	get_word(p, WORDS_PROTO, "service", &s.proto, proto);
	get_ports(p, &s.ports, ports);
	parse_join(p, CONF_SERVICE, conf_add_service(p->conf), &s, sizeof(s),
	    &p->conf->nservices);
}

void
rule_begin(struct parser *p)
{
	memset(&p->rule, 0, sizeof(p->rule));
	p->rule.rule.vlan = -1;
}

void
rule_list(struct parser *p, struct list **to, const char *word,
    struct list *l)
{
	if (*to != NULL)
		parse_fail(p, "%s is given twice in this rule", word);
	else if (l != NULL && l->n == 0)
		parse_fail(p, "%s needs a value", word);
	*to = l;
}

void
rule_statuses(struct parser *p, const struct list *l)
{
	struct conf_rule	*r = &p->rule.rule;
	size_t			 i;

	for (i = 0; l != NULL && i < l->n; i++) {
		if (r->nstatus == CONF_RULE_STATUSES) {
			parse_fail(p, "more than %d statuses",
			    CONF_RULE_STATUSES);
			return;
		}
		if (get_status(p, &r->status[r->nstatus], l->v[i]) == 0)
			r->nstatus++;
	}
}

/* False: it is none, which has been said. */
static bool
get_net(struct parser *p, const char *s, struct addr *a, uint8_t *bits)
{
	unsigned	 n = 0;

	if (addr_parse_net(s, a, &n) == -1) {
		parse_fail(p, "\"%s\" is not an address, use numbers like "
		    "192.0.2.0/24 or 2001:db8::/32", s);
		return false;
	}
	addr_mask(a, n);
	*bits = (uint8_t)n;
	return true;
}

static void
rule_net(struct parser *p, const char *s, bool *has, struct addr *a,
    uint8_t *bits)
{
	*has = s != NULL && strcmp(s, "any") != 0 && get_net(p, s, a, bits);
}

static const char *
nth(const struct list *l, size_t i)
{
	return l == NULL || l->n == 0 ? NULL : l->v[i];
}

static size_t
count(const struct list *l)
{
	return l == NULL || l->n == 0 ? 1 : l->n;
}

/* Rule number i of the product of the lists. */
static void
rule_one(struct parser *p, size_t i)
{
	struct rule_lists	*l = &p->rule;
	struct conf_rule	*r = &l->rule;

	get_text(p, "path", r->asks.path, sizeof(r->asks.path),
	    nth(l->path, i % count(l->path)));
	i /= count(l->path);
	get_host(p, r->asks.host, sizeof(r->asks.host),
	    nth(l->host, i % count(l->host)));
	i /= count(l->host);
	rule_net(p, nth(l->to, i % count(l->to)), &r->has_to, &r->to,
	    &r->to_bits);
	i /= count(l->to);
	rule_net(p, nth(l->from, i % count(l->from)), &r->has_from, &r->from,
	    &r->from_bits);
	i /= count(l->from);
	get_text(p, "on", r->on, sizeof(r->on), nth(l->on, i % count(l->on)));
}

/* How many rules the lists make; 0: too many, which has been said. */
static size_t
rule_count(struct parser *p)
{
	struct rule_lists	*l = &p->rule;
	size_t			 n;

	n = count(l->on) * count(l->from);
	if (n <= CONF_LIST_MAX)
		n *= count(l->to) * count(l->host);
	if (n <= CONF_LIST_MAX)
		n *= count(l->path);
	if (n <= CONF_LIST_MAX)
		return n;
	parse_fail(p, "the lists make more than %d rules", CONF_LIST_MAX);
	return 0;
}

void
rule_end(struct parser *p, bool ignore)
{
	struct rule_lists	*l = &p->rule;
	size_t			 i, n;

	l->rule.ignore = ignore;
	n = rule_count(p);
	for (i = 0; i < n && p->errors == p->stmt_errors; i++) {
		rule_one(p, i);
		parse_join(p, CONF_RULE, conf_add_rule(p->conf), &l->rule,
		    sizeof(l->rule), &p->conf->nrules);
	}
}

void
rule_header(struct parser *p, char *name, const char *value)
{
	struct rule_lists	*l = &p->rule;
	struct conf_rule_header	*h;

	if (name == NULL)
		return;
	if (l->nheaders == CONF_RULE_HEADERS) {
		parse_fail(p, "a rule has at most %d headers",
		    CONF_RULE_HEADERS);
		return;
	}
	if (value != NULL && *value == '\0')
		parse_fail(p, "header %s: the pattern is empty, leave it out "
		    "for any value", name);
	h = &l->headers[l->nheaders++];
	get_lower(name);
	get_text(p, "the name", h->name, sizeof(h->name), name);
	get_text(p, "the value", h->value, sizeof(h->value), value);
}

void
mirror_rules(struct parser *p, bool record, bool ignore)
{
	struct rule_lists	*l = &p->rule;
	struct conf_mirror	*m = &p->mirror;
	struct conf_mirror_rule	*r;
	size_t			 i, n;

	n = rule_count(p);
	if (n > (size_t)(CONF_MIRROR_RULES - m->nrules)) {
		parse_fail(p, "a mirror has at most %d rules",
		    CONF_MIRROR_RULES);
		return;
	}
	for (i = 0; i < n; i++) {
		rule_one(p, i);
		p->mirror_lines[m->nrules] = p->tok_line;
		r = &m->rules[m->nrules++];
		r->record = record;
		r->ignore = ignore;
		r->quick = l->rule.quick;
		r->asks = l->rule.asks;
		memcpy(r->headers, l->headers, sizeof(r->headers));
		r->nheaders = l->nheaders;
	}
}

/* ---- networks, privacy ---- */

void
net_list(struct parser *p, const char *what, struct conf_net *nets,
    uint8_t *n, const struct list *l)
{
	struct conf_net	 net;
	size_t		 i;

	for (i = 0; l != NULL && i < l->n; i++) {
		p->tok_line = l->line[i];
		if (!get_net(p, l->v[i], &net.addr, &net.bits))
			continue;
		if (*n == CONF_NETS) {
			parse_fail(p, "more than %d %s, use larger networks",
			    CONF_NETS, what);
			return;
		}
		nets[(*n)++] = net;
	}
}

void
privacy_clients(struct parser *p, const char *word, const char *four,
    const char *six)
{
	if (strcmp(word, "prefix") != 0) {
		parse_fail(p, "clients is full, hash or prefix 24 48");
		return;
	}
	p->conf->privacy.clients = CONF_CLIENTS_PREFIX;
	get_u8(p, LIMIT_PREFIX4, &p->conf->privacy.prefix4, four);
	get_u8(p, LIMIT_PREFIX6, &p->conf->privacy.prefix6, six);
}

void
privacy_headers(struct parser *p, const struct list *l)
{
	struct conf_privacy	*v = &p->conf->privacy;
	uint8_t			 kind;
	size_t			 i;

	if (l == NULL)
		return;
	for (i = 0; i < l->n; i++) {
		p->tok_line = l->line[i];
		get_lower(l->v[i]);
		if (conf_word_find(WORDS_HEADER, l->v[i]) == -1) {
			get_word(p, WORDS_HEADER, "header", &kind, l->v[i]);
			return;
		}
	}
	memset(v->headers, 0, sizeof(v->headers));
	v->nheaders = 0;
	get_list(p, "headers", v->headers[0], sizeof(v->headers[0]),
	    CONF_PRIVACY_HEADERS, &v->nheaders, l);
}
