#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/rows.h"
#include "sandbox/compat.h"

#define NO_HOST		"(no host)"

static double
per_second(const struct rows *r, uint64_t n)
{
	return r->seconds > 0 ? (double)n / r->seconds : 0.0;
}

static double
ratio(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static void
quantile(struct row_writer *w, const uint64_t *h, double q)
{
	row_double(w, (double)hist_quantile_us(h, q) / 1e6);
}

static uint64_t
printed_now(const struct rows *r)
{
	return state_print_time(r->az, r->az->now);
}

static uint64_t
span_us(const struct rows *r)
{
	return (uint64_t)(r->seconds * 1e6);
}

static uint64_t
unwatched_us(const struct rows *r)
{
	if (r->window == WINDOW_TOTAL)
		return r->az->meter->lost_us;
	return meter_unwatched_us(r->az->meter, span_us(r), true);
}

static void
total(struct rows *r)
{
	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
}

/* ---- single rows ---- */

void
rows_complete(struct rows *r)
{
	struct row_writer	 w;
	double			 c;

	if (!answer_row(&r->a, &w, ROW_COMPLETE, 0))
		return;
	total(r);
	c = meter_complete(r->v, span_us(r), unwatched_us(r));
	row_u64(&w, printed_now(r));
	row_str(&w, meter_window_name(r->window));
	row_double(&w, r->seconds);
	row_double(&w, c);
	row_bool(&w, c < 1.0);
	row_u64(&w, r->v[MC_PACKETS]);
	row_u64(&w, r->v[MC_KERNEL_DROPS]);
	row_u64(&w, r->v[MC_QUEUE_DROPS]);
	row_u64(&w, r->v[MC_SHED]);
	row_u64(&w, r->v[MC_PAYLOAD]);
	row_u64(&w, r->v[MC_GAP_BYTES]);
	row_u64(&w, r->v[MC_CUT_BYTES]);
	row_double(&w, (double)unwatched_us(r) / 1e6);
	row_end(&w);
}

static uint64_t
parse_errors(const struct rows *r)
{
	uint64_t	 sum = 0;
	unsigned	 i;

	for (i = PACKET_NO_DATA; i < PACKET_REASON_MAX; i++)
		sum += r->v[MC_REASON + i];
	return sum + r->v[MC_PARSE_ERRORS];
}

static unsigned
interfaces_up(const struct analyzer *az)
{
	uint32_t	 i;
	unsigned	 n = 0;

	for (i = 0; i < az->nifaces; i++)
		if (az->ifaces[i].known &&
		    az->ifaces[i].info.state == IFACE_UP)
			n++;
	return n;
}

void
rows_summary(struct rows *r)
{
	const uint64_t		*v = r->v;
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_SUMMARY, 0))
		return;
	total(r);
	row_u64(&w, interfaces_up(r->az));
	row_double(&w, per_second(r, v[MC_PACKETS]));
	row_double(&w, per_second(r, v[MC_BYTES] * 8));
	row_double(&w, per_second(r, v[MC_REQUESTS]));
	row_double(&w, per_second(r, v[MC_RESPONSES]));
	row_u64(&w, v[MC_PACKETS]);
	row_u64(&w, v[MC_BYTES]);
	row_u64(&w, v[MC_PAYLOAD]);
	row_u64(&w, v[MC_REQUESTS] + v[MC_RESPONSES]);
	row_u64(&w, v[MC_REQUESTS]);
	row_u64(&w, v[MC_RESPONSES]);
	row_u64(&w, v[MC_REQ_BODY] + v[MC_RESP_BODY]);
	row_u64(&w, meter_class(r->az->meter, v, 4));
	row_u64(&w, meter_class(r->az->meter, v, 5));
	quantile(&w, v + MC_FIRST, 0.5);
	quantile(&w, v + MC_FIRST, 0.95);
	quantile(&w, v + MC_FIRST, 0.99);
	row_u64(&w, v[MC_CONNECTIONS]);
	row_u64(&w, flow_live(r->az->flows));
	row_u64(&w, v[MC_TLS]);
	row_double(&w, per_second(r, v[MC_TLS]));
	row_u64(&w, v[MC_TLS_NO_NAME]);
	row_u64(&w, v[MC_TLS_ECH]);
	quantile(&w, v + MC_RTT, 0.5);
	row_double(&w, ratio(v[MC_RETRANS], v[MC_SEGMENTS]));
	row_u64(&w, parse_errors(r));
	row_u64(&w, v[MC_UNPAIRED_REQ]);
	row_u64(&w, v[MC_UNPAIRED_RESP]);
	row_u64(&w, v[MC_SEEN_AGAIN]);
	row_u64(&w, v[MC_AMBIGUOUS]);
	row_end(&w);
}

static uint64_t
ring_bytes(const struct analyzer *az)
{
	uint64_t	 sum = 0;
	uint32_t	 i;

	for (i = 0; i < az->nifaces; i++)
		if (az->ifaces[i].known)
			sum += az->ifaces[i].info.ring;
	return sum;
}

void
rows_capture(struct rows *r)
{
	const uint64_t		*v = r->v;
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_CAPTURE, 0))
		return;
	total(r);
	row_str(&w, meter_window_name(r->window));
	row_u64(&w, v[MC_PACKETS]);
	row_u64(&w, v[MC_KERNEL_DROPS]);
	row_u64(&w, v[MC_QUEUE_DROPS]);
	row_u64(&w, v[MC_SHED]);
	row_u64(&w, v[MC_PAYLOAD]);
	row_u64(&w, v[MC_GAP_BYTES]);
	row_u64(&w, v[MC_GAPS]);
	row_u64(&w, v[MC_ANOMALY + SESSION_A_RESYNC]);
	row_u64(&w, v[MC_CUT_PACKETS]);
	row_u64(&w, v[MC_FLOW + FLOW_C_BAD_SUM] +
	    v[MC_FLOW + FLOW_C_BAD_IP_SUM]);
	row_u64(&w, v[MC_FRAG + FRAG_TIMEOUT] + v[MC_FRAG + FRAG_SHED]);
	row_u64(&w, v[MC_REASON + PACKET_TUNNEL_DEPTH]);
	row_u64(&w, v[MC_SEEN_AGAIN]);
	row_double(&w, (double)unwatched_us(r) / 1e6);
	row_u64(&w, ring_bytes(r->az));
	row_end(&w);
}

static void
advise(struct rows *r, bool so, const char *text)
{
	struct row_writer	 w;

	if (!so || !answer_row(&r->a, &w, ROW_ADVICE, 0))
		return;
	row_str(&w, text);
	row_end(&w);
}

void
rows_advice(struct rows *r)
{
	const uint64_t	*v = r->v;

	total(r);
	advise(r, v[MC_KERNEL_DROPS] > 0, "the kernel dropped packets: raise "
	    "\"ring total\", or narrow with \"service\" or \"filter\"");
	advise(r, v[MC_QUEUE_DROPS] > 0, "packets were lost with a process: "
	    "see show processes and the log");
	advise(r, v[MC_SHED] > 0 || r->az->mem.refused[MEM_SEGMENTS] > 0,
	    "memory ran out: raise \"memory limit\"");
	advise(r, v[MC_CUT_PACKETS] > 0,
	    "packets were cut: raise \"snaplen\" of the interface");
	advise(r, v[MC_GAP_BYTES] > 0 && v[MC_KERNEL_DROPS] == 0,
	    "acknowledged bytes were never seen: some packets take a way "
	    "that no watched interface sees");
	advise(r, v[MC_REASON + PACKET_TUNNEL_DEPTH] > 0,
	    "tunnels are nested deeper than 4");
}

void
rows_tunnels(struct rows *r)
{
	struct row_writer	 w;
	unsigned		 i;

	total(r);
	for (i = 1; i < PACKET_TUNNEL_MAX; i++) {
		if (r->v[MC_TUNNEL + i] == 0)
			continue;
		if (!answer_row(&r->a, &w, ROW_TUNNEL, 0))
			return;
		row_str(&w, packet_tunnel_name((enum packet_tunnel)i));
		row_u64(&w, r->v[MC_TUNNEL + i]);
		row_end(&w);
	}
}

/* ---- interfaces ---- */

bool
rows_iface_absent(const struct analyzer *az, const struct conf_interface *c)
{
	uint32_t	 i;

	if (c->match || c->exclude || az->offline)
		return false;
	for (i = 0; i < az->nifaces; i++)
		if (az->ifaces[i].known &&
		    strcmp(az->ifaces[i].info.name, c->name) == 0)
			return false;
	return true;
}

const char *
rows_iface_state(uint16_t state)
{
	static const char *const names[] = {
		"up", "down", "no carrier", "gone", "covered", "excluded",
		"failed"
	};

	return state < nitems(names) ? names[state] : "unknown";
}

static void
reason(struct rows *r, const char *name, uint64_t n)
{
	struct row_writer	 w;

	if (n == 0 || !answer_row(&r->a, &w, ROW_REASON, 1))
		return;
	row_str(&w, name);
	row_u64(&w, n);
	row_end(&w);
}

static void
iface_counts(struct rows *r, struct row_writer *w, const struct iface *i)
{
	const uint64_t	*v = r->v;

	row_u64(w, v[MC_PACKETS]);
	row_u64(w, v[MC_BYTES]);
	row_u64(w, v[MC_REQUESTS]);
	row_u64(w, v[MC_RESPONSES]);
	row_u64(w, i->entry == NULL ? 0 : sketch_get(i->entry, MC_PACKETS));
	row_u64(w, i->entry == NULL ? 0 : sketch_get(i->entry, MC_BYTES));
	row_u64(w, v[MC_KERNEL_DROPS]);
	row_u64(w, v[MC_QUEUE_DROPS]);
	row_u64(w, v[MC_CUT_PACKETS]);
	row_u64(w, v[MC_SEEN_AGAIN]);
	row_u64(w, v[MC_GAP_BYTES]);
	row_double(w, meter_complete(v, span_us(r), unwatched_us(r)));
	row_u64(w, i->info.ring);
	row_bool(w, i->info.state == IFACE_COVERED);
	row_str(w, i->info.error);
}

void
rows_interface(struct rows *r, const struct iface *i)
{
	const uint64_t		*v = r->v;
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_INTERFACE, 0))
		return;
	meter_sum(r->az->meter, i->entry, r->window, r->v);
	row_str(&w, i->info.name);
	row_str(&w, i->info.label);
	row_u64(&w, i->info.index);
	row_str(&w, i->info.type);
	row_str(&w, rows_iface_state(i->info.state));
	row_double(&w, per_second(r, v[MC_PACKETS]));
	row_double(&w, per_second(r, v[MC_RX_BYTES] * 8));
	row_double(&w, per_second(r, v[MC_TX_BYTES] * 8));
	row_double(&w, per_second(r, v[MC_BYTES] * 8));
	row_double(&w, per_second(r, v[MC_REQUESTS]));
	row_double(&w, per_second(r, v[MC_TLS]));
	quantile(&w, v + MC_RTT, 0.5);
	row_double(&w, ratio(v[MC_RETRANS], v[MC_SEGMENTS]));
	iface_counts(r, &w, i);
	row_end(&w);
	reason(r, "kernel", v[MC_KERNEL_DROPS]);
	reason(r, "queue", v[MC_QUEUE_DROPS]);
	reason(r, "interface", i->stat.if_dropped);
	reason(r, "truncated", v[MC_CUT_PACKETS]);
	reason(r, "shed", v[MC_SHED]);
}

/* ---- hosts and what belongs to them ---- */

static void
put_key(struct row_writer *w, const struct sketch_entry *e, const char *none)
{
	if (e == NULL || e->klen == 0)
		row_str(w, none);
	else
		row_strn(w, e->key, e->klen);
}

/* Different clients of a host that did something in the window. */
static uint64_t
active_clients(const struct rows *r, const struct sketch_entry *e)
{
	const struct sketch	*s = sketch_child(e, METER_CHILD_CLIENTS);
	uint64_t		 n = 0, v[MC_RESPONSES];
	uint32_t		 i;

	if (s == NULL)
		return 0;
	if (r->window == WINDOW_TOTAL || r->az->offline)
		return s->n + s->evicted;
	for (i = 0; i < s->n; i++) {
		v[MC_REQUESTS] = 0;
		sketch_sum(s->heap[i], sketch_from(s->kind->time,
		    r->window == WINDOW_LAST ? s->kind->time->fine :
		    r->window == WINDOW_1M ? s->kind->time->mid :
		    s->kind->time->old), v, MC_RESPONSES);
		n += v[MC_REQUESTS] > 0;
	}
	return n;
}

static uint64_t
tls_of(const struct rows *r, const struct sketch_entry *e)
{
	struct sketch_entry	*name;
	uint64_t		*v, n;

	name = sketch_find(r->az->meter->names, e->key, e->klen);
	if (name == NULL || (v = malloc(MC_MAX * sizeof(*v))) == NULL)
		return 0;
	meter_sum(r->az->meter, name, r->window, v);
	n = v[MC_TLS];
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
	row_u64(&w, v[MC_REQUESTS]);
	row_u64(&w, v[MC_REQUESTS]);
	row_double(&w, per_second(r, v[MC_REQUESTS]));
	row_u64(&w, v[MC_RESPONSES]);
	for (class = 2; class <= 5; class++)
		row_u64(&w, meter_class(m, v, class));
	quantile(&w, v + MC_FIRST, 0.5);
	quantile(&w, v + MC_FIRST, 0.95);
	quantile(&w, v + MC_FIRST, 0.99);
	quantile(&w, v + MC_LAST, 0.95);
	row_u64(&w, v[MC_REQ_BODY]);
	row_u64(&w, v[MC_RESP_BODY]);
	row_u64(&w, active_clients(r, e));
	row_u64(&w, tls_of(r, e));
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
	row_u64(&w, r->v[MC_REQUESTS]);
	quantile(&w, r->v + MC_FIRST, 0.95);
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
	row_u64(&w, e->error);
	row_end(&w);
}

static const char *
most(const uint64_t *v, unsigned n, const char *(*name)(unsigned))
{
	unsigned	 i, best = 0;

	for (i = 1; i < n; i++)
		if (v[i] > v[best])
			best = i;
	return v[best] == 0 ? "" : name(best);
}

void
rows_versions_of(struct rows *r, unsigned level)
{
	struct row_writer	 w;
	unsigned		 i;

	for (i = 0; i < METER_VERSIONS; i++) {
		if (r->v[MC_VERSION + i] == 0)
			continue;
		if (!answer_row(&r->a, &w, ROW_VERSION, level))
			return;
		row_str(&w, meter_version_name(i));
		row_u64(&w, r->v[MC_VERSION + i]);
		row_end(&w);
	}
	for (i = 0; i < METER_ALPNS; i++) {
		if (r->v[MC_ALPN + i] == 0)
			continue;
		if (!answer_row(&r->a, &w, ROW_ALPN, level))
			return;
		row_str(&w, meter_alpn_name(i));
		row_u64(&w, r->v[MC_ALPN + i]);
		row_end(&w);
	}
}

void
rows_name(struct rows *r, const struct sketch_entry *e)
{
	const uint64_t		*v = r->v;
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_NAME, 0))
		return;
	row_strn(&w, e->key, e->klen);
	row_u64(&w, v[MC_TLS]);
	row_str(&w, most(v + MC_VERSION, METER_VERSIONS, meter_version_name));
	row_str(&w, most(v + MC_ALPN, METER_ALPNS, meter_alpn_name));
	row_u64(&w, v[MC_RESUMED]);
	quantile(&w, v + MC_TLS_TIME, 0.5);
	quantile(&w, v + MC_TLS_TIME, 0.95);
	row_u64(&w, v[MC_PAYLOAD]);
	row_u64(&w, e->error);
	row_end(&w);
	rows_versions_of(r, 1);
}

void
rows_plain_name(struct rows *r, const char *name, uint64_t n)
{
	struct row_writer	 w;

	if (n == 0 || !answer_row(&r->a, &w, ROW_NAME, 0))
		return;
	row_str(&w, name);
	row_u64(&w, n);
	row_str(&w, "");
	row_str(&w, "");
	row_u64(&w, 0);
	row_double(&w, 0);
	row_double(&w, 0);
	row_u64(&w, 0);
	row_u64(&w, 0);
	row_end(&w);
}

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
rows_other(struct rows *r, const char *what, uint64_t items, uint64_t count,
    uint64_t responses, uint64_t bytes)
{
	struct row_writer	 w;

	if (items + count == 0 || !answer_row(&r->a, &w, ROW_OTHER, 0))
		return;
	row_str(&w, what);
	row_u64(&w, items);
	row_u64(&w, count);
	row_u64(&w, responses);
	row_u64(&w, bytes);
	row_end(&w);
}

/* ---- errors, memory, rules ---- */

static void
error_row(struct rows *r, const char *name, uint64_t n, const char *example)
{
	struct row_writer	 w;

	if (n == 0 || !answer_row(&r->a, &w, ROW_ERROR, 0))
		return;
	row_str(&w, name);
	row_u64(&w, n);
	row_str(&w, example);
	row_end(&w);
}

/* Flow counts that tell of something wrong on the wire. */
static const enum flow_count odd_flow[] = {
	FLOW_C_BAD_SUM, FLOW_C_BAD_IP_SUM, FLOW_C_SUM_DISTRUST,
	FLOW_C_OUT_OF_WINDOW, FLOW_C_BAD_ACK, FLOW_C_NO_ACK, FLOW_C_BAD_FLAGS,
	FLOW_C_BAD_RST, FLOW_C_BAD_SYN, FLOW_C_AFTER_FIN, FLOW_C_AFTER_RST,
	FLOW_C_SYN_DATA_REFUSED, FLOW_C_RST_DATA, FLOW_C_URGENT,
	FLOW_C_STRAY, FLOW_C_UNREAD, FLOW_C_SHED_CLOSED, FLOW_C_SHED_HALF,
	FLOW_C_SHED_PLAIN, FLOW_C_SHED_READ, FLOW_C_NO_ROOM
};

void
rows_errors(struct rows *r)
{
	unsigned	 i;

	total(r);
	for (i = PACKET_NO_DATA; i < PACKET_REASON_MAX; i++)
		error_row(r, packet_reason_name((enum packet_reason)i),
		    r->v[MC_REASON + i], r->az->bad_example[i]);
	for (i = FRAG_TIMEOUT; i < FRAG_COUNT_MAX; i++)
		error_row(r, frag_count_name((enum frag_count)i),
		    r->v[MC_FRAG + i], "");
	for (i = 0; i < nitems(odd_flow); i++)
		error_row(r, flow_count_name(odd_flow[i]),
		    r->v[MC_FLOW + odd_flow[i]], "");
	error_row(r, "conflicting-overlap", r->v[MC_REASS + REASS_CONFLICT],
	    "");
	error_row(r, "reassembly-limit", r->v[MC_REASS + REASS_LIMIT], "");
	error_row(r, "reassembly-memory", r->v[MC_REASS + REASS_NOMEM], "");
	for (i = 0; i < SESSION_ANOMALY_MAX; i++)
		error_row(r, session_anomaly_name((enum session_anomaly)i),
		    r->v[MC_ANOMALY + i], r->az->example[i]);
}

static uint64_t
items_of(const struct analyzer *az, enum mem_pool pool)
{
	const struct meter	*m = az->meter;

	switch (pool) {
	case MEM_FLOWS:
		return flow_live(az->flows);
	case MEM_SKETCHES:
		return m->hosts == NULL ? 0 : (uint64_t)m->hosts->n +
		    m->names->n + m->clients->n;
	case MEM_METERS:
		return az->recent.n;
	default:
		return 0;
	}
}

void
rows_memory(struct rows *r)
{
	const struct mem	*m = &r->az->mem;
	struct row_writer	 w;
	unsigned		 i;

	for (i = 0; i < MEM_POOLS; i++) {
		if (i == MEM_STREAMS || i == MEM_QUEUES)
			continue;
		if (!answer_row(&r->a, &w, ROW_MEMORY, 0))
			return;
		row_str(&w, role_name(ROLE_ANALYZER));
		row_str(&w, mem_pool_name((enum mem_pool)i));
		row_u64(&w, m->pool[i]);
		row_u64(&w, m->limit);
		row_u64(&w, items_of(r->az, (enum mem_pool)i));
		row_u64(&w, m->refused[i]);
		row_end(&w);
	}
}

void
rows_rules(struct rows *r)
{
	const struct conf	*c = r->az->proc->conf;
	struct row_writer	 w;
	char			 text[1024];
	size_t			 i;

	for (i = 0; i < c->nrules; i++) {
		if (!answer_row(&r->a, &w, ROW_RULE, 0))
			return;
		row_u64(&w, i + 1);
		row_str(&w, rule_text(&c->rules[i], text, sizeof(text)));
		row_u64(&w, r->az->rules->hits[i].hits);
		row_u64(&w, r->az->rules->hits[i].connections);
		row_end(&w);
	}
}

/* ---- flows ---- */

/*
 * 100, less: retransmitted up to 40 (4 for each percent), out of order up to
 * 20 (2 for each percent), closed windows up to 15 (5 each), a gap 10, a
 * round trip over 100 ms up to 15 (1 for each 20 ms).
 */
static uint64_t
score(const struct flow_info *f)
{
	double		 packets, bad = 0, part;
	uint64_t	 retrans, ooo, zero, rtt;

	packets = (double)f->half[0].packets + (double)f->half[1].packets;
	retrans = (uint64_t)f->half[0].retrans + f->half[1].retrans;
	ooo = (uint64_t)f->half[0].ooo + f->half[1].ooo;
	zero = (uint64_t)f->half[0].zero_windows + f->half[1].zero_windows;
	rtt = (uint64_t)f->half[0].srtt_us + f->half[1].srtt_us;
	if (packets > 0) {
		part = 400.0 * (double)retrans / packets;
		bad += part < 40 ? part : 40;
		part = 200.0 * (double)ooo / packets;
		bad += part < 20 ? part : 20;
	}
	bad += zero < 3 ? 5.0 * (double)zero : 15;
	bad += f->half[0].lost + f->half[1].lost > 0 ? 10 : 0;
	if (rtt > 100000) {
		part = (double)(rtt - 100000) / 20000;
		bad += part < 15 ? part : 15;
	}
	return (uint64_t)(100.5 - bad);
}

const char *
rows_flow_state(enum flow_state s)
{
	static const char *const names[] = {
		"half-open", "open", "closing", "closed", "alias"
	};

	return s <= FLOW_ALIAS ? names[s] : "";
}

static void
put_endpoint(struct rows *r, struct row_writer *w, const struct endpoint *e,
    bool client)
{
	struct endpoint	 kept = *e;
	char		 text[ENDPOINT_TEXT_MAX];

	if (client)
		rule_client(&r->az->proc->conf->privacy, &r->az->day_key,
		    &e->addr, &kept.addr);
	row_str(w, endpoint_print(&kept, text, sizeof(text)));
}

static const char *
place_name(struct rows *r, uint16_t iface)
{
	struct iface	*i = state_iface(r->az, iface);

	return i == NULL ? "" : i->info.name;
}

static void
flow_quality(const struct rows *r, struct row_writer *w,
    const struct flow_info *f)
{
	const struct flow_half_info	*a = &f->half[0], *b = &f->half[1];

	row_double(w, a->rtt_us / 1e6);
	row_double(w, b->rtt_us / 1e6);
	row_double(w, ((double)a->srtt_us + b->srtt_us) / 1e6);
	row_u64(w, (uint64_t)a->retrans + b->retrans);
	row_u64(w, (uint64_t)a->ooo + b->ooo);
	row_u64(w, (uint64_t)a->dup_acks + b->dup_acks);
	row_u64(w, (uint64_t)a->zero_windows + b->zero_windows);
	row_u64(w, a->lost + b->lost);
	row_u64(w, score(f));
	row_bool(w, f->midstream);
	row_bool(w, f->one_sided);
	row_u64(w, state_print_time(r->az, f->first_us));
	row_u64(w, state_print_time(r->az, f->last_us));
}

static void
sighting(struct rows *r, const struct flow_info *f,
    const struct flow_seen *s)
{
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_SIGHTING, 1))
		return;
	row_str(&w, place_name(r, s->iface));
	row_i64(&w, s->nvlan > 0 ? s->vlan[0] : -1);
	put_endpoint(r, &w, &s->key.a, true);
	put_endpoint(r, &w, &s->key.b, false);
	row_u64(&w, s->packets);
	if (flow_key_cmp(&s->key, &f->key) != 0)
		row_str(&w, "nat");
	else
		row_str(&w, s->iface != f->half[0].iface ? "interface" :
		    "vlan");
	row_end(&w);
}

void
rows_flow(struct rows *r, const struct flow_info *f, const void *reader)
{
	const struct flow_half_info	*h;
	struct row_writer		 w;
	const uint8_t			*host;
	uint64_t			 now, first;
	size_t				 n;
	unsigned			 i;

	if (!answer_row(&r->a, &w, ROW_FLOW, 0))
		return;
	h = &f->half[f->half[0].seen ? 0 : 1];
	n = conn_host(reader, &host);
	now = printed_now(r);
	first = state_print_time(r->az, f->first_us);
	row_u64(&w, f->id);
	put_endpoint(r, &w, &f->key.a, true);
	put_endpoint(r, &w, &f->key.b, false);
	row_str(&w, place_name(r, h->iface));
	row_i64(&w, h->nvlan > 0 ? h->vlan[0] : -1);
	row_str(&w, conn_proto(reader));
	row_strn(&w, host, n);
	row_str(&w, rows_flow_state(f->state));
	row_double(&w, now > first ? (double)(now - first) / 1e6 : 0.0);
	row_u64(&w, f->half[0].packets);
	row_u64(&w, f->half[1].packets);
	row_u64(&w, f->half[0].bytes);
	row_u64(&w, f->half[1].bytes);
	row_u64(&w, conn_requests(reader));
	flow_quality(r, &w, f);
	row_end(&w);
	for (i = 0; i < f->nseen; i++)
		sighting(r, f, &f->seen[i]);
}

/* ---- transactions, buckets, alerts, text ---- */

static void
put_span(struct row_writer *w, const struct msg_span *s)
{
	row_strn(w, s->p, s->n);
}

static void
transaction(struct rows *r, const struct recent_tx *t)
{
	struct row_writer	 w;
	char			 text[ENDPOINT_TEXT_MAX];

	if (!answer_row(&r->a, &w, ROW_TRANSACTION, 0))
		return;
	row_u64(&w, t->ts_us);
	row_u64(&w, t->flow_id);
	put_span(&w, &t->iface);
	row_str(&w, endpoint_print(&t->client, text, sizeof(text)));
	row_str(&w, endpoint_print(&t->server, text, sizeof(text)));
	put_span(&w, &t->method);
	put_span(&w, &t->host);
	put_span(&w, &t->uri);
	row_u64(&w, t->status);
	row_double(&w, (double)t->first_us / 1e6);
	row_double(&w, (double)t->last_us / 1e6);
	row_u64(&w, t->req_body);
	row_u64(&w, t->resp_body);
	row_bool(&w, t->gap);
	put_span(&w, &t->tag);
	row_end(&w);
}

void
rows_transactions(struct rows *r)
{
	struct recent_tx	 t;
	uint8_t			 scratch[RECENT_MAX];
	uint64_t		 skip = 0;
	size_t			 cursor = 0;

	if (r->top != UINT32_MAX && r->az->recent.n > r->top)
		skip = r->az->recent.n - r->top;
	while (!r->a.failed &&
	    recent_next(&r->az->recent, &cursor, scratch, &t)) {
		if (skip > 0)
			skip--;
		else
			transaction(r, &t);
	}
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

static void
bucket(struct rows *r, uint64_t limit_us, uint64_t n)
{
	struct row_writer	 w;

	if (!answer_row(&r->a, &w, ROW_BUCKET, 0))
		return;
	row_double(&w, limit_us == UINT64_MAX ? 0.0 : (double)limit_us / 1e6);
	row_u64(&w, n);
	row_end(&w);
}

/* fixed: every octave, also the empty ones, as metrics want it. */
void
rows_buckets(struct rows *r, bool fixed)
{
	uint64_t	 n = 0;
	unsigned	 i;

	total(r);
	for (i = 0; i < HIST_BUCKETS; i++) {
		n += r->v[MC_FIRST + i];
		if (fixed ? (i % 4 != 0 && i != HIST_BUCKETS - 1) : n == 0)
			continue;
		bucket(r, hist_limit_us(i), n);
		n = 0;
	}
}

static bool
alert_row(void *arg, struct row_writer *w)
{
	struct rows	*r = arg;

	return answer_row(&r->a, w, ROW_ALERT, 0);
}

void
rows_alerts(struct rows *r, bool active, const char *name)
{
	alert_rows(r->az->alerts, active, name, alert_row, r);
}

void
rows_text(struct rows *r, const char *state, const char *fmt, ...)
{
	struct row_writer	 w;
	char			 text[512];
	va_list			 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!answer_row(&r->a, &w, ROW_TEXT, 0))
		return;
	row_str(&w, text);
	row_str(&w, state);
	row_end(&w);
}

static void
tally_row(struct buf *b, const char *name, uint64_t n, const char *unit)
{
	struct row_writer	 w;

	row_begin(&w, b, ROW_TALLY, 0);
	row_str(&w, name);
	row_u64(&w, n);
	row_str(&w, unit);
	row_str(&w, role_name(ROLE_ANALYZER));
	row_end(&w);
}

void
rows_tallies(struct analyzer *az, struct buf *b)
{
	const struct sketch_entry	*t = az->meter->total;
	char				 name[TALLY_NAME_MAX];
	unsigned			 i;

	for (i = 0; i < TALLY_MAX; i++)
		if (tally_owner((enum tally_id)i) == ROLE_ANALYZER)
			tally_row(b, tally_name((enum tally_id)i, name),
			    az->proc->tally.v[i],
			    tally_unit_name((enum tally_id)i));
	if (t == NULL)
		return;
	tally_row(b, "cap_packets", sketch_get(t, MC_PACKETS) +
	    sketch_get(t, MC_LINK_LOST), "packets");
	tally_row(b, "cap_kernel_drops", sketch_get(t, MC_KERNEL_DROPS),
	    "packets");
	tally_row(b, "flow_created", sketch_get(t, MC_FLOW + FLOW_C_NEW),
	    "items");
	tally_row(b, "reass_gaps", sketch_get(t, MC_REASS + REASS_GAPS),
	    "events");
	tally_row(b, "reass_overlaps", sketch_get(t, MC_REASS + REASS_OVERLAP),
	    "events");
}
