/* The rows of what the analyzer knows of itself and of what went wrong. */
#include "analyzer/rows.h"
#include "sandbox/compat.h"

/* ---- errors ---- */

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
	FLOW_C_STRAY, FLOW_C_MASK_GONE, FLOW_C_UNREAD, FLOW_C_SHED_CLOSED,
	FLOW_C_FORGOTTEN, FLOW_C_SHED_HALF, FLOW_C_SHED_PLAIN,
	FLOW_C_SHED_READ, FLOW_C_NO_ROOM
};

void
rows_errors(struct rows *r)
{
	unsigned	 i;

	rows_total(r);
	for (i = PACKET_ENCRYPTED; i < PACKET_REASON_MAX; i++)
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

/* ---- memory, rules, counters ---- */

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
	tally_row(b, "flow_masked", sketch_get(t, MC_FLOW + FLOW_C_MASKED),
	    "items");
	tally_row(b, "reass_gaps", sketch_get(t, MC_REASS + REASS_GAPS),
	    "events");
	tally_row(b, "reass_overlaps", sketch_get(t, MC_REASS + REASS_OVERLAP),
	    "events");
}
