/* The rows of hosts and what belongs to them, names, methods, statuses. */
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/rows.h"
#include "sandbox/compat.h"

#define NO_HOST		"(no host)"
#define NO_NAME		"(no name)"

/* ---- hosts ---- */

static void
put_key(struct row_writer *w, const struct sketch_entry *e, const char *none)
{
	if (e == NULL || e->klen == 0)
		row_str(w, none);
	else
		row_strn(w, e->key, e->klen);
}

/*
 * Different clients of a host that did something in the window. Live, no more
 * are told apart than a host has entries for.
 */
static uint64_t
active_clients(const struct rows *r, const struct sketch_entry *e)
{
	const struct sketch	*s = sketch_child(e, METER_CHILD_CLIENTS);
	uint64_t		 n = 0, v[MC_RESPONSES];
	uint32_t		 i;

	if (r->az->offline)
		return sketch_get(e, MC_CLIENTS);
	if (s == NULL)
		return 0;
	if (r->window == WINDOW_TOTAL)
		return s->n;
	for (i = 0; i < s->n; i++) {
		v[MC_REQUESTS] = 0;
		sketch_sum(s->heap[i], meter_from(r->az->meter, r->window), v,
		    MC_RESPONSES);
		n += v[MC_REQUESTS] > 0;
	}
	return n;
}

/* What is counted of the name that a host has, too. */
static uint64_t
name_count(const struct rows *r, const struct sketch_entry *e,
    unsigned counter)
{
	struct sketch_entry	*name;
	uint64_t		*v, n;

	if (e->klen == 0)
		return 0;	/* no name is not the name of no host */
	name = sketch_find(r->az->meter->names, e->key, e->klen);
	if (name == NULL || (v = malloc(MC_MAX * sizeof(*v))) == NULL)
		return 0;
	meter_sum(r->az->meter, name, r->window, v);
	n = v[counter];
	free(v);
	return n;
}

void
rows_host(struct rows *r, const struct sketch_entry *e)
{
	const struct meter	*m = r->az->meter;
	const uint64_t		*v = r->v;
	struct row_writer	 w;
	unsigned		 class;

	if (!answer_row(&r->a, &w, ROW_HOST, 0))
		return;
	put_key(&w, e, NO_HOST);
	row_u64(&w, v[MC_REQUESTS] + v[MC_RESPONSES]);
	row_u64(&w, v[MC_REQUESTS]);
	row_double(&w, rows_per_second(r, v[MC_REQUESTS]));
	row_u64(&w, v[MC_RESPONSES]);
	for (class = 2; class <= 5; class++)
		row_u64(&w, meter_class(m, v, class));
	rows_quantile(&w, v + MC_FIRST, 0.5);
	rows_quantile(&w, v + MC_FIRST, 0.95);
	rows_quantile(&w, v + MC_FIRST, 0.99);
	rows_quantile(&w, v + MC_LAST, 0.95);
	row_u64(&w, v[MC_REQ_BODY]);
	row_u64(&w, v[MC_RESP_BODY]);
	row_u64(&w, active_clients(r, e));
	row_u64(&w, name_count(r, e, MC_TLS));
	row_u64(&w, name_count(r, e, MC_QUIC));
	row_u64(&w, v[MC_UNPAIRED_REQ]);
	row_u64(&w, v[MC_GAP_MARKED]);
	row_u64(&w, e->error);
	row_end(&w);
}

void
rows_section(struct rows *r, const struct sketch_entry *e, unsigned level)
{
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_SECTION, level))
		return;
	put_key(&w, e->home->owner, NO_HOST);
	put_key(&w, e, "/");
	row_u64(&w, r->v[MC_REQUESTS] + r->v[MC_RESPONSES]);
	row_u64(&w, r->v[MC_REQUESTS]);
	row_u64(&w, r->v[MC_RESPONSES]);
	rows_quantile(&w, r->v + MC_FIRST, 0.95);
	row_u64(&w, e->error);
	row_end(&w);
	rows_methods_of(r, level + 1);
	rows_status_of(r, level + 1);
}

void
rows_methods_of(struct rows *r, unsigned level)
{
	struct row_writer	 w;
	unsigned		 i;

	for (i = 0; i < METER_METHODS; i++) {
		if (r->v[MC_METHOD + i] == 0)
			continue;
		if (!answer_row(&r->a, &w, ROW_METHOD, level))
			return;
		row_str(&w, meter_method_name(i));
		row_u64(&w, r->v[MC_METHOD + i]);
		row_u64(&w, 0);
		row_end(&w);
	}
}

void
rows_status_of(struct rows *r, unsigned level)
{
	struct row_writer	 w;
	unsigned		 i;

	for (i = 0; i < METER_STATUSES; i++) {
		if (r->v[MC_STATUS + i] == 0)
			continue;
		if (!answer_row(&r->a, &w, ROW_STATUS, level))
			return;
		row_u64(&w, meter_status_code(r->az->meter, i));
		row_u64(&w, r->v[MC_STATUS + i]);
		row_u64(&w, 0);
		row_end(&w);
	}
}

void
rows_client(struct rows *r, const struct sketch_entry *e, unsigned level)
{
	struct row_writer	 w;
	struct addr		 client;
	char			 text[ADDR_TEXT_MAX];

	if (!answer_row(&r->a, &w, ROW_CLIENT, level))
		return;
	memcpy(client.b, e->key, sizeof(client.b));
	row_str(&w, addr_print(&client, text, sizeof(text)));
	row_u64(&w, r->v[MC_REQUESTS]);
	row_u64(&w, r->v[MC_RESPONSES]);
	row_u64(&w, r->v[MC_ERRORS]);
	row_u64(&w, r->v[MC_RESP_BODY]);
	row_u64(&w, r->v[MC_TLS]);
	row_u64(&w, r->v[MC_QUIC]);
	row_u64(&w, r->v[MC_PAYLOAD]);
	row_u64(&w, e->error);
	row_end(&w);
}

/* "tcp/443", "udp/53", "icmp", "protocol 89" */
static void
put_service(struct row_writer *w, const struct meter_talk *t)
{
	static const struct {
		uint8_t		 proto;
		const char	*name;
	} names[] = {
		{ IPPROTO_ICMP, "icmp" }, { IPPROTO_IGMP, "igmp" },
		{ IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" },
		{ IPPROTO_GRE, "gre" }, { IPPROTO_ESP, "esp" },
		{ IPPROTO_AH, "ah" }, { IPPROTO_ICMPV6, "icmp6" },
		{ 89, "ospf" }, { 112, "vrrp" },
		{ IPPROTO_SCTP, "sctp" },
	};
	char		 proto[16], service[32];
	size_t		 i;

	snprintf(proto, sizeof(proto), "protocol %u", t->proto);
	for (i = 0; i < nitems(names); i++)
		if (names[i].proto == t->proto)
			snprintf(proto, sizeof(proto), "%s", names[i].name);
	snprintf(service, sizeof(service), t->port != 0 ? "%s/%u" : "%s",
	    proto, t->port);
	row_str(w, service);
	row_str(w, proto);
	row_u64(w, t->port);
}

/* What a talker and a site have in common. */
static void
put_volume(const struct rows *r, struct row_writer *w,
    const struct sketch_entry *e, uint64_t all)
{
	const uint64_t	 bytes = r->v[MC_UP_BYTES] + r->v[MC_DOWN_BYTES];

	row_u64(w, r->v[MC_TALKS]);
	row_u64(w, r->v[MC_TALK_PACKETS]);
	row_u64(w, r->v[MC_UP_BYTES]);
	row_u64(w, r->v[MC_DOWN_BYTES]);
	row_double(w, rows_per_second(r, bytes * 8));
	row_double(w, all == 0 ? 0.0 : (double)bytes / (double)all);
	row_u64(w, e->error);
}

void
rows_talker(struct rows *r, const struct sketch_entry *e, uint64_t all)
{
	static const char *const zone[] = { "outside", "inside" };
	static const char *const zones[] = {
		"out>out", "in>out", "out>in", "in>in"
	};
	struct meter_talk	 t;
	struct row_writer	 w;
	char			 text[ADDR_TEXT_MAX];

	if (meter_talk_key(e, &t) == -1 ||
	    !answer_row(&r->a, &w, ROW_TALKER, 0))
		return;
	row_str(&w, addr_print(&t.client, text, sizeof(text)));
	if (t.name != NULL)
		row_strn(&w, t.name, t.name_len);
	else
		row_str(&w, addr_print(&t.server, text, sizeof(text)));
	row_str(&w, t.name == NULL ? "" :
	    t.flags & METER_NAME_DNS ? "dns" : "client");
	put_service(&w, &t);
	row_str(&w, zone[(t.flags & METER_CLIENT_INSIDE) != 0]);
	row_str(&w, zone[(t.flags & METER_SERVER_INSIDE) != 0]);
	row_str(&w, zones[t.flags & (METER_CLIENT_INSIDE |
	    METER_SERVER_INSIDE)]);
	put_volume(r, &w, e, all);
	row_end(&w);
}

/* "http tls": who told its name. */
static void
put_told(struct row_writer *w, const uint64_t v[MC_MAX])
{
	static const char *const names[METER_TOLD_BYS] = {
		"", "http", "tls", "quic", "dns"
	};
	char		 text[32] = "";
	size_t		 n = 0;
	unsigned	 i;

	for (i = 1; i < METER_TOLD_BYS; i++)
		if (meter_site_told(v, (enum meter_told)i) > 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s", n > 0 ? " " : "", names[i]);
	row_str(w, text);
}

void
rows_site(struct rows *r, const struct sketch_entry *e, uint64_t all)
{
	struct meter_talk	 t;
	struct row_writer	 w;
	char			 text[ADDR_TEXT_MAX];

	if (meter_site_key(e, &t) == -1 ||
	    !answer_row(&r->a, &w, ROW_SITE, 0))
		return;
	if (t.name != NULL)
		row_strn(&w, t.name, t.name_len);
	else
		row_str(&w, addr_print(&t.server, text, sizeof(text)));
	put_told(&w, r->v);
	row_str(&w, t.flags & METER_SERVER_INSIDE ? "inside" : "outside");
	put_volume(r, &w, e, all);
	row_end(&w);
}

static void
named_row(struct rows *r, enum row_kind kind, const struct named_host *h,
    const char *what, uint64_t n)
{
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, kind, 0))
		return;
	row_strn(&w, h->name, h->len);
	row_str(&w, what);
	row_u64(&w, n);
	row_end(&w);
}

void
rows_named(struct rows *r)
{
	const struct named		*n = r->az->named;
	const struct named_host		*h;
	unsigned			 i, k;

	for (i = 0; i < n->n && !r->a.failed; i++) {
		h = &n->host[i];
		for (k = 0; k < METER_METHODS; k++)
			if (h->requests[k] > 0)
				named_row(r, ROW_HOST_REQUESTS, h,
				    meter_method_name(k), h->requests[k]);
		for (k = 0; k < NAMED_CLASSES; k++)
			named_row(r, ROW_HOST_RESPONSES, h, named_class(k),
			    h->responses[k]);
	}
}

/* ---- names of TLS and QUIC ---- */

const char *
rows_most(const uint64_t *v, unsigned n, const char *(*name)(unsigned))
{
	unsigned	 i, best = 0;

	for (i = 1; i < n; i++)
		if (v[i] > v[best])
			best = i;
	return v[best] == 0 ? "" : name(best);
}

/* The counts from one counter on that are not 0, with the names of slots. */
static void
slots_of(struct rows *r, unsigned level, enum row_kind kind, unsigned from,
    unsigned n, const char *(*name)(unsigned))
{
	struct row_writer	 w;
	unsigned		 i;

	for (i = 0; i < n; i++) {
		if (r->v[from + i] == 0)
			continue;
		if (!answer_row(&r->a, &w, kind, level))
			return;
		row_str(&w, name(i));
		row_u64(&w, r->v[from + i]);
		row_end(&w);
	}
}

void
rows_versions_of(struct rows *r, unsigned level)
{
	slots_of(r, level, ROW_VERSION, MC_VERSION, METER_VERSIONS,
	    meter_version_name);
	slots_of(r, level, ROW_ALPN, MC_ALPN, METER_ALPNS, meter_alpn_name);
}

void
rows_name(struct rows *r, const struct sketch_entry *e)
{
	const uint64_t		*v = r->v;
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_NAME, 0))
		return;
	put_key(&w, e, NO_NAME);
	row_u64(&w, v[MC_TLS]);
	row_u64(&w, v[MC_QUIC]);
	row_str(&w, rows_most(v + MC_VERSION, METER_VERSIONS,
	    meter_version_name));
	row_str(&w, rows_most(v + MC_ALPN, METER_ALPNS, meter_alpn_name));
	row_u64(&w, v[MC_RESUMED]);
	row_u64(&w, v[MC_TLS_FAILED]);
	rows_quantile(&w, v + MC_TLS_TIME, 0.5);
	rows_quantile(&w, v + MC_TLS_TIME, 0.95);
	row_u64(&w, v[MC_PAYLOAD]);
	row_u64(&w, e->error);
	row_end(&w);
	rows_versions_of(r, 1);
	slots_of(r, 1, ROW_REASON, MC_FAIL, METER_FAILS, meter_fail_name);
	slots_of(r, 1, ROW_CERTIFICATE, MC_CERT, METER_CERTS, meter_cert_name);
}

void
rows_ech(struct rows *r, uint64_t tls, uint64_t quic)
{
	struct row_writer	 w;

	if (tls + quic == 0 || !answer_row(&r->a, &w, ROW_NAME, 0))
		return;
	row_str(&w, "(ech)");
	row_u64(&w, tls);
	row_u64(&w, quic);
	row_str(&w, "");
	row_str(&w, "");
	row_u64(&w, 0);
	row_u64(&w, 0);
	row_double(&w, 0);
	row_double(&w, 0);
	row_u64(&w, 0);
	row_u64(&w, 0);
	row_end(&w);
}

/* ---- all hosts together ---- */

void
rows_method(struct rows *r, const struct sketch_entry *e)
{
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_METHOD, 0))
		return;
	row_strn(&w, e->key, e->klen);
	row_u64(&w, r->v[MC_REQUESTS]);
	row_u64(&w, e->error);
	row_end(&w);
}

void
rows_status(struct rows *r, const struct sketch_entry *e)
{
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_STATUS, 0))
		return;
	row_u64(&w, (uint64_t)e->key[0] << 8 | e->key[1]);
	row_u64(&w, r->v[MC_RESPONSES]);
	row_u64(&w, e->error);
	row_end(&w);
}

void
rows_other(struct rows *r, const struct rows_other *o)
{
	struct row_writer	 w;

	if (o->items + o->count + o->responses + o->bytes == 0 ||
	    !answer_row(&r->a, &w, ROW_OTHER, 0))
		return;
	row_str(&w, o->what);
	row_u64(&w, o->items);
	row_bool(&w, o->at_least);
	row_u64(&w, o->count);
	row_u64(&w, o->responses);
	row_u64(&w, o->bytes);
	row_end(&w);
}
