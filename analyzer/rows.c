#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analyzer/rows.h"
#include "sandbox/compat.h"

#define BARELY	0.999999	/* not all, as ratios are rounded */
#define HIDDEN_US	60000000ULL
#define HIDDEN_BYTES	10000000	/* less may be one burst */

double
rows_per_second(const struct rows *r, uint64_t n)
{
	return r->seconds > 0 ? (double)n / r->seconds : 0.0;
}

static double
ratio(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0.0 : (double)part / (double)whole;
}

void
rows_quantile(struct row_writer *w, const uint64_t *h, double q)
{
	row_double(w, (double)hist_quantile_us(h, q) / 1e6);
}

uint64_t
rows_now(const struct rows *r)
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
		return meter_lost_us(r->az->meter);
	return meter_unwatched_us(r->az->meter, span_us(r), true);
}

void
rows_total(struct rows *r)
{
	meter_sum(r->az->meter, r->az->meter->total, r->window, r->v);
}

/* ---- single rows ---- */

/* What is shown is in whole slices, the one under way included. */
static double
asked_seconds(const struct rows *r)
{
	switch (r->window) {
	case WINDOW_LAST:
		return (double)r->az->meter->conf.window_us / 1e6;
	case WINDOW_1M:
		return 60;
	case WINDOW_10M:
		return 600;
	default:
		return r->seconds;
	}
}

/* How much a damaged file would have shown nobody knows. */
static double
complete(const struct rows *r, const uint64_t v[MC_MAX])
{
	double	 c = meter_complete(v, span_us(r), unwatched_us(r));

	return r->az->damaged && c > BARELY ? BARELY : c;
}

void
rows_complete(struct rows *r)
{
	struct row_writer	 w;
	double			 c;

	if (!answer_row(&r->a, &w, ROW_COMPLETE, 0))
		return;
	rows_total(r);
	c = complete(r, r->v);
	row_u64(&w, rows_now(r));
	row_str(&w, meter_window_name(r->window));
	row_double(&w, r->seconds);
	row_double(&w, asked_seconds(r));
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
	row_u64(&w, r->v[MC_UNOPENED]);
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

bool
rows_iface_known(const struct analyzer *az)
{
	uint32_t	 i;

	for (i = 0; i < az->nifaces && !az->ifaces[i].known; i++)
		continue;
	return i < az->nifaces;
}

uint64_t
rows_away_time(const struct analyzer *az)
{
	return az->away_us == 0 ? 0 : state_print_time(az, az->away_us);
}

static unsigned
interfaces_up(const struct analyzer *az)
{
	uint32_t	 i;
	unsigned	 n = 0;

	for (i = 0; i < az->nifaces && az->away_us == 0; i++)
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
	rows_total(r);
	row_u64(&w, interfaces_up(r->az));
	row_double(&w, rows_per_second(r, v[MC_PACKETS]));
	row_double(&w, rows_per_second(r, v[MC_BYTES] * 8));
	row_double(&w, rows_per_second(r, v[MC_REQUESTS]));
	row_double(&w, rows_per_second(r, v[MC_RESPONSES]));
	row_u64(&w, v[MC_PACKETS]);
	row_u64(&w, v[MC_BYTES]);
	row_u64(&w, v[MC_PAYLOAD]);
	row_u64(&w, v[MC_REQUESTS] + v[MC_RESPONSES]);
	row_u64(&w, v[MC_REQUESTS]);
	row_u64(&w, v[MC_RESPONSES]);
	row_u64(&w, v[MC_HTTP2_REQUESTS]);
	row_u64(&w, v[MC_HTTP2_RESPONSES]);
	row_u64(&w, v[MC_REQ_BODY] + v[MC_RESP_BODY]);
	row_u64(&w, meter_class(r->az->meter, v, 4));
	row_u64(&w, meter_class(r->az->meter, v, 5));
	rows_quantile(&w, v + MC_FIRST, 0.5);
	rows_quantile(&w, v + MC_FIRST, 0.95);
	rows_quantile(&w, v + MC_FIRST, 0.99);
	row_u64(&w, v[MC_CONNECTIONS]);
	row_u64(&w, flow_live(r->az->flows));
	row_u64(&w, v[MC_TLS]);
	row_double(&w, rows_per_second(r, v[MC_TLS]));
	row_u64(&w, v[MC_TLS_FAILED]);
	row_u64(&w, v[MC_TLS_NO_NAME]);
	row_u64(&w, v[MC_TLS_ECH]);
	row_u64(&w, v[MC_QUIC]);
	row_double(&w, rows_per_second(r, v[MC_QUIC]));
	rows_quantile(&w, v + MC_RTT, 0.5);
	row_double(&w, ratio(v[MC_RETRANS], v[MC_SEGMENTS]));
	row_u64(&w, parse_errors(r));
	row_u64(&w, v[MC_UNPAIRED_REQ]);
	row_u64(&w, v[MC_UNPAIRED_RESP]);
	row_u64(&w, v[MC_SEEN_AGAIN]);
	row_u64(&w, v[MC_AMBIGUOUS]);
	row_bool(&w, !r->az->offline && !rows_iface_known(r->az));
	row_u64(&w, rows_away_time(r->az));
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
	rows_total(r);
	row_str(&w, meter_window_name(r->window));
	row_u64(&w, v[MC_PACKETS]);
	row_u64(&w, v[MC_KERNEL_DROPS]);
	row_u64(&w, v[MC_QUEUE_DROPS]);
	row_u64(&w, v[MC_SHED]);
	row_u64(&w, v[MC_PAYLOAD]);
	row_u64(&w, v[MC_GAP_BYTES]);
	row_u64(&w, v[MC_FLOW + FLOW_C_GAP]);
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

/* Whether packets were lost on their way to us. */
static bool
lost_any(const struct rows *r)
{
	return r->v[MC_KERNEL_DROPS] > 0 || r->v[MC_QUEUE_DROPS] > 0 ||
	    r->v[MC_UNOPENED] > 0 || r->v[MC_SHED] > 0 ||
	    unwatched_us(r) > 0;
}

/*
 * Segments that a card cuts or joins have their headers counted each time, and
 * each frame may have a checksum of four bytes: that is far below a half.
 */
bool
rows_iface_hides(struct rows *r, const struct iface *i, char text[ROWS_HIDES])
{
	const struct conf	*c = r->az->proc->conf;
	uint64_t		 counted, came;

	if (c->nservices > 0 || c->filter[0] != '\0' || r->az->offline ||
	    !i->known || i->info.state != IFACE_UP || i->entry == NULL ||
	    strcmp(i->info.type, "loopback") == 0)
		return false;
	meter_sum_span(r->az->meter, i->entry, r->az->now, HIDDEN_US, r->v);
	counted = r->v[MC_RX_BYTES] + r->v[MC_TX_BYTES];
	came = r->v[MC_BYTES];
	if (counted < HIDDEN_BYTES || counted - counted / 3 <= came ||
	    r->v[MC_KERNEL_DROPS] + r->v[MC_QUEUE_DROPS] > 0 ||
	    meter_unwatched_us(r->az->meter, HIDDEN_US, false) > 0)
		return false;
	snprintf(text, ROWS_HIDES, "%s: the kernel counts %llu bytes in a "
	    "minute, %llu of them came here: turn off what its card forwards "
	    "by itself to see all", i->info.name, (unsigned long long)counted,
	    (unsigned long long)came);
	return true;
}

static void
advise_hidden(struct rows *r)
{
	char		 text[ROWS_HIDES];
	uint32_t	 i;

	for (i = 0; i < r->az->nifaces; i++)
		if (rows_iface_hides(r, &r->az->ifaces[i], text))
			advise(r, true, text);
}

void
rows_advice(struct rows *r)
{
	const uint64_t	*v = r->v;
	char		 text[96], clock[ROW_NUMBER_MAX];

	advise_hidden(r);
	rows_total(r);
	snprintf(text, sizeof(text), "capture is away since %s UTC, nothing "
	    "is watched: see show processes", row_clock(clock,
	    rows_away_time(r->az)));
	advise(r, r->az->away_us != 0, text);
	advise(r, r->az->damaged, "the file is damaged: what follows in it is "
	    "missing, nobody knows how much");
	advise(r, v[MC_KERNEL_DROPS] > 0, "the kernel dropped packets: raise "
	    "\"ring total\", or narrow with \"service\" or \"filter\"");
	advise(r, v[MC_QUEUE_DROPS] > 0, "packets were lost with a process: "
	    "see show processes and the log");
	advise(r, v[MC_QUEUE_DROPS] == 0 && unwatched_us(r) > 0 &&
	    r->az->away_us == 0,
	    "a process was away: see show processes and the log");
	advise(r, v[MC_UNOPENED] > 0, "packets passed interfaces that could "
	    "not be opened: see show interfaces");
	advise(r, v[MC_SHED] > 0 || r->az->mem.refused[MEM_SEGMENTS] > 0,
	    "memory ran out: raise \"memory limit\"");
	advise(r, v[MC_CUT_PACKETS] > 0,
	    "packets were cut: raise \"snaplen\" of the interface");
	advise(r, r->az->quic != NULL && quichello_count(r->az->quic,
	    QUICHELLO_SKIPPED) > 0, "too many Initials of QUIC came in a "
	    "second: some names are missing, see quic_skipped in show tally");
	advise(r, v[MC_GAP_BYTES] > 0 && !lost_any(r),
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

	rows_total(r);
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

	if (c->match || c->exclude || az->offline || !rows_iface_known(az))
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
	row_double(w, complete(r, v));
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
	row_str(&w, i->info.state == IFACE_UP && r->az->away_us != 0 ?
	    "unwatched" : rows_iface_state(i->info.state));
	row_double(&w, rows_per_second(r, v[MC_PACKETS]));
	row_double(&w, rows_per_second(r, v[MC_RX_BYTES] * 8));
	row_double(&w, rows_per_second(r, v[MC_TX_BYTES] * 8));
	row_double(&w, rows_per_second(r, v[MC_BYTES] * 8));
	row_double(&w, rows_per_second(r, v[MC_REQUESTS]));
	row_double(&w, rows_per_second(r, v[MC_TLS]));
	rows_quantile(&w, v + MC_RTT, 0.5);
	row_double(&w, ratio(v[MC_RETRANS], v[MC_SEGMENTS]));
	iface_counts(r, &w, i);
	row_end(&w);
	reason(r, "kernel", v[MC_KERNEL_DROPS]);
	reason(r, "queue", v[MC_QUEUE_DROPS]);
	reason(r, "interface", i->stat.if_dropped);
	reason(r, "truncated", v[MC_CUT_PACKETS]);
	reason(r, "shed", v[MC_SHED]);
	reason(r, "unopened", v[MC_UNOPENED]);
}

/* ---- buckets, alerts, text ---- */

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

	rows_total(r);
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
