/* The rows of flows and of the transactions in them. */
#include "analyzer/conn.h"
#include "analyzer/rows.h"
#include "analyzer/side.h"

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
	row_str(&w, side_iface_name(r->az, s->iface));
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
rows_flow(struct rows *r, const struct flow_info *f)
{
	const struct flow_half_info	*h;
	struct conn_said		 said;
	struct row_writer		 w;
	uint64_t			 now, first;
	unsigned			 i;

	if (!answer_row(&r->a, &w, ROW_FLOW, 0))
		return;
	h = &f->half[f->half[0].seen ? 0 : 1];
	conn_said(r->az, f, &said);
	now = rows_now(r);
	first = state_print_time(r->az, f->first_us);
	row_u64(&w, f->id);
	put_endpoint(r, &w, &f->key.a, true);
	put_endpoint(r, &w, &f->key.b, false);
	row_str(&w, side_iface_name(r->az, h->iface));
	row_i64(&w, h->nvlan > 0 ? h->vlan[0] : -1);
	row_str(&w, said.proto);
	row_strn(&w, said.host, said.host_len);
	row_str(&w, rows_flow_state(f->state));
	row_double(&w, now > first ? (double)(now - first) / 1e6 : 0.0);
	row_u64(&w, f->half[0].packets);
	row_u64(&w, f->half[1].packets);
	row_u64(&w, f->half[0].bytes);
	row_u64(&w, f->half[1].bytes);
	row_u64(&w, said.requests);
	row_str(&w, said.hand < SIDE_FAILED ? "" :
	    meter_fail_name(said.hand - SIDE_FAILED));
	row_str(&w, cert_text((enum cert_says)said.cert));
	flow_quality(r, &w, f);
	row_end(&w);
	for (i = 0; i < f->nseen; i++)
		sighting(r, f, &f->seen[i]);
}

/* ---- transactions ---- */

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
	row_str(&w, t->client.port == 0 ?	/* as a proxy said */
	    addr_print(&t->client.addr, text, sizeof(text)) :
	    endpoint_print(&t->client, text, sizeof(text)));
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
	put_span(&w, &t->version);
	row_bool(&w, t->upgraded);
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
