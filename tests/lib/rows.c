#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "tests/lib/rows.h"

static void
put_value(struct row_writer *w, enum row_type type, const char *p, size_t n)
{
	char	 b[128];

	if (n == 1 && *p == '-')
		n = 0;
	if (type == ROW_STR) {
		row_strn(w, p, n);
		return;
	}
	if (n >= sizeof(b))
		abort();
	memcpy(b, p, n);
	b[n] = '\0';
	if (type == ROW_U64)
		row_u64(w, strtoull(b, NULL, 10));
	else if (type == ROW_I64)
		row_i64(w, strtoll(b, NULL, 10));
	else if (type == ROW_DOUBLE)
		row_double(w, strtod(b, NULL));
	else
		row_bool(w, n > 0 && *b == '1');
}

void
rows_put(struct buf *b, enum row_kind kind, unsigned level,
    const char *values)
{
	const struct row_desc	*d = row_desc(kind);
	struct row_writer	 w;
	const char		*end;
	size_t			 i;

	row_begin(&w, b, kind, level);
	for (i = 0; i < d->nfields; i++) {
		if ((end = strchr(values, '|')) == NULL)
			end = values + strlen(values);
		put_value(&w, d->fields[i].type, values,
		    (size_t)(end - values));
		values = *end == '|' ? end + 1 : end;
	}
	if (*values != '\0' || row_end(&w) == -1)
		abort();	/* the test does not know the table */
}

/* The same with key=value words; what is not named is zero or empty. */
static void
put(struct buf *b, enum row_kind kind, unsigned level, const char *pairs)
{
	const struct row_desc	*d = row_desc(kind);
	struct row_writer	 w;
	const char		*p, *end;
	size_t			 i, n;

	row_begin(&w, b, kind, level);
	for (i = 0; i < d->nfields; i++) {
		n = strlen(d->fields[i].key);
		for (p = pairs; *p != '\0'; p = *end == '|' ? end + 1 : end) {
			if ((end = strchr(p, '|')) == NULL)
				end = p + strlen(p);
			if (strncmp(p, d->fields[i].key, n) == 0 &&
			    p[n] == '=')
				break;
		}
		if (*p == '\0')
			put_value(&w, d->fields[i].type, "-", 1);
		else
			put_value(&w, d->fields[i].type, p + n + 1,
			    (size_t)(end - p) - n - 1);
	}
	if (row_end(&w) == -1)
		abort();
}

void
rows_pairs(struct buf *b, enum row_kind kind, unsigned level,
    const char *pairs)
{
	put(b, kind, level, pairs);
}

static void
daemon_row(struct buf *b)
{
	put(b, ROW_DAEMON, 0, "version=0.9.0|hostname=fw1.example.net|"
	    "config=/etc/netmond.conf|start_time=1794838692000000|"
	    "config_time=1794838700000000|uptime_seconds=274320");
}

static void
complete(struct buf *b, bool lossy)
{
	if (lossy)
		put(b, ROW_COMPLETE, 0, "time=1795113012000000|window=last|"
		    "window_seconds=10.6|asked_seconds=10|ratio=0.9731|"
		    "lossy=1|packets=412310|kernel_drops=11390|"
		    "queue_drops=628|shed=5|payload_bytes=242325913|"
		    "gap_bytes=49357");
	else
		put(b, ROW_COMPLETE, 0, "time=1795113012000000|window=last|"
		    "window_seconds=10.6|asked_seconds=10|ratio=0.9998|"
		    "packets=412310|payload_bytes=242325913|gap_bytes=49357");
}

static void
summary(struct buf *b)
{
	put(b, ROW_SUMMARY, 0, "interfaces=4|packets_per_second=41231|"
	    "wire_bits_per_second=218400000|requests_per_second=226.3|"
	    "responses_per_second=225.4|packets=412310|requests=2263|"
	    "responses=2254|messages=4517|errors_5xx=16|"
	    "response_p95_seconds=0.0712|flows=12402|tls_handshakes=1845|"
	    "tls_handshakes_per_second=184.5|tls_failed=3|tls_no_name=22");
}

static void
interfaces(struct buf *b)
{
	put(b, ROW_INTERFACE, 0, "name=eth0|type=ether|state=up|"
	    "packets_per_second=18900|in_bits_per_second=61000000|"
	    "out_bits_per_second=35100000|wire_bits_per_second=96100000|"
	    "requests_per_second=212.4|handshakes_per_second=61|"
	    "rtt_seconds=0.0182|retransmit_ratio=0.0031|"
	    "packets_total=41231044|wire_bytes_total=30211234511|"
	    "gap_bytes=1203390|complete_ratio=0.9998");
	put(b, ROW_INTERFACE, 0, "name=wg0|type=raw-ip|state=up|"
	    "packets_per_second=312|in_bits_per_second=1200000|"
	    "out_bits_per_second=1100000|wire_bits_per_second=2300000|"
	    "rtt_seconds=0.031|kernel_drops=7|complete_ratio=1");
	put(b, ROW_REASON, 1, "reason=kernel|count=7");
	put(b, ROW_INTERFACE, 0, "name=eth2|type=ether|state=no carrier");
}

static void
sections(struct buf *b, unsigned level)
{
	put(b, ROW_SECTION, level, "host=www.example.com|section=/shop|"
	    "hits=745|requests=377|responses=368|"
	    "response_p95_seconds=0.0617");
	put(b, ROW_METHOD, level + 1, "method=GET|count=301");
	put(b, ROW_METHOD, level + 1, "method=POST|count=76");
	put(b, ROW_STATUS, level + 1, "code=200|count=364");
	put(b, ROW_STATUS, level + 1, "code=500|count=4");
	put(b, ROW_SECTION, level, "host=www.example.com|"
	    "section=/\033[31m<b>\"\xff|hits=2|requests=2");
}

static void
hosts(struct buf *b, bool all)
{
	put(b, ROW_HOST, 0, "host=www.example.com|hits=2401|requests=1202|"
	    "requests_per_second=120.2|responses=1199|status_2xx=1101|"
	    "status_3xx=61|status_4xx=33|status_5xx=4|"
	    "response_p50_seconds=0.0041|response_p95_seconds=0.0382|"
	    "response_p99_seconds=0.061|response_body_bytes=22439526|"
	    "clients=412");
	if (all) {
		put(b, ROW_METHOD, 1, "method=GET|count=1100");
		put(b, ROW_STATUS, 1, "code=200|count=1101");
		sections(b, 1);
		put(b, ROW_CLIENT, 1, "client=198.51.100.7|requests=40");
	}
	put(b, ROW_HOST, 0, "host=api.example.com|hits=1280|requests=640|"
	    "requests_per_second=64|responses=640|status_2xx=610|"
	    "status_4xx=18|status_5xx=12|response_p50_seconds=0.0098|"
	    "response_p95_seconds=0.1225|response_body_bytes=3250586|"
	    "clients=57|count_error=3");
	put(b, ROW_HOST, 0, "host=evil\033]0;x\007.example|hits=1|requests=1");
	put(b, ROW_OTHER, 0, "what=hosts|items=306|count=61|responses=58");
}

static void
names(struct buf *b)
{
	put(b, ROW_NAME, 0, "name=mail.example.org|connections=61|"
	    "version=TLS 1.3|alpn=http/1.1|handshake_p50_seconds=0.012|"
	    "failed=3");
	put(b, ROW_VERSION, 1, "version=TLS 1.3|count=60");
	put(b, ROW_VERSION, 1, "version=TLS 1.2|count=1");
	put(b, ROW_REASON, 1, "reason=client alert 48 unknown ca|count=3");
	put(b, ROW_CERTIFICATE, 1, "certificate=expired|count=1");
	put(b, ROW_NAME, 0, "name=(no name)|connections=22|version=mixed");
}

static void
alerts(struct buf *b)
{
	put(b, ROW_ALERT, 0, "rule=high-traffic|id=41-7|state=firing|"
	    "metric=messages|value=54210|limit=50000|op=>=|span_seconds=120|"
	    "since_time=1795112800000000|for_seconds=212|peak=57912|"
	    "complete=0.9997|severity=warning|fired_total=7|unit=count");
	put(b, ROW_ALERT, 0, "rule=web-errors|state=ok|metric=5xx|"
	    "key=api.example.com|value=0.019|limit=0.05|op=>|"
	    "span_seconds=60|complete=0.9998|severity=error|unit=ratio|"
	    "fired_total=2");
	put(b, ROW_ALERT, 0, "rule=web-errors|state=unknown|metric=5xx|"
	    "key=www.example.com|value=0.004|limit=0.05|op=>|"
	    "span_seconds=60|severity=error|unit=ratio|fired_total=2|"
	    "reason=too much was lost within the span");
}

static void
mirrors(struct buf *b)
{
	put(b, ROW_MIRROR, 0, "mirror=shadow-web|state=retry|"
	    "target=192.0.2.9:80|connections=1200|sent_bytes=4096|"
	    "dropped_connections=3|dropped_bytes=1200|errors=3|"
	    "queue_bytes=131072|queue_limit_bytes=4194304|"
	    "last_error=connect: refused");
	put(b, ROW_REASON, 1, "reason=connect|count=3");
	put(b, ROW_MIRROR_FILE, 1, "file=/var/db/m.log|bytes=1048576|open=1");
}

static void
capture(struct buf *b)
{
	put(b, ROW_CAPTURE, 0, "period=10s|packets=412310|"
	    "payload_bytes=242325913|gap_bytes=49357|gap_connections=9|"
	    "resynchronised=9|too_deep=2|ring_bytes=134217728");
	put(b, ROW_TUNNEL, 0, "tunnel=vxlan|packets=12");
}

static void
tallies(struct buf *b)
{
	put(b, ROW_TALLY, 0, "name=http_requests|value=812331|"
	    "unit=messages|process=analyzer");
	put(b, ROW_TALLY, 0, "name=chan_stale|value=1|unit=events|"
	    "process=parent");
	put(b, ROW_TALLY, 0, "name=chan_stale|value=2|unit=events|"
	    "process=analyzer");
	put(b, ROW_TALLY, 0, "name=cap_bytes|value=99|unit=bytes|"
	    "process=capture");
	put(b, ROW_TALLY, 0, "name=par_clients|value=3|unit=items|"
	    "process=parent");
}

static void
metrics(struct buf *b)
{
	daemon_row(b);
	complete(b, true);
	put(b, ROW_PROCESS, 0, "process=capture|pid=10|state=ready|"
	    "restarts=2|lost_seconds=0.5");
	tallies(b);
	interfaces(b);
	put(b, ROW_HOST_REQUESTS, 0, "host=other|method=GET|count=20112");
	put(b, ROW_HOST_REQUESTS, 0, "host=evil\"\n.example|method=POST|"
	    "count=7");
	put(b, ROW_HOST_RESPONSES, 0, "host=other|class=2xx|count=20001");
	put(b, ROW_HOST_RESPONSES, 0, "host=other|class=5xx|count=3");
	put(b, ROW_BUCKET, 0, "le_seconds=0.005|count=500110");
	put(b, ROW_BUCKET, 0, "le_seconds=1|count=290110");
	put(b, ROW_BUCKET, 0, "le_seconds=0|count=19781");
	alerts(b);
	mirrors(b);
	put(b, ROW_MEMORY, 0, "process=analyzer|pool=flows|"
	    "used_bytes=20971520|limit_bytes=67108864|items=12402");
}

static void
why(struct buf *b)
{
	rows_put(b, ROW_TEXT, 0, "1 interfaces    4 open|ok");
	rows_put(b, ROW_TEXT, 0, "  service lines leave out all ports but "
	    "8080: add this one, or remove them|cause");
	rows_put(b, ROW_TEXT, 0, "  of 73 columns, a state fits right behind "
	    "the text if it has so many 73.|cause");
	rows_put(b, ROW_TEXT, 0, "4 http          0 requests|cause");
	rows_put(b, ROW_TEXT, 0, "  Port 80 carries TLS here.|-");
}

static void
memory(struct buf *b, bool mirror)
{
	put(b, ROW_MEMORY, 0, "process=analyzer|pool=flows|"
	    "used_bytes=20971520|limit_bytes=67108864|items=12402");
	put(b, ROW_MEMORY, 0, "process=analyzer|pool=segments|"
	    "used_bytes=1048576|limit_bytes=67108864");
	if (!mirror)
		return;
	put(b, ROW_MEMORY, 0, "process=mirror|pool=streams|"
	    "limit_bytes=16777216");
	put(b, ROW_MEMORY, 0, "process=mirror|pool=queues|"
	    "used_bytes=2097152|limit_bytes=16777216");
}

static void
summary_answer(struct buf *b, bool lossy)
{
	daemon_row(b);
	complete(b, lossy);
	summary(b);
	alerts(b);
	hosts(b, false);
	memory(b, false);
}

static void
report(struct buf *b, bool lossy)
{
	daemon_row(b);
	complete(b, lossy);
	summary(b);
	interfaces(b);
	hosts(b, true);
	names(b);
	capture(b);
	alerts(b);
	mirrors(b);
	memory(b, true);
}

static void
transactions(struct buf *b)
{
	put(b, ROW_TRANSACTION, 0, "time=1795113010000000|"
	    "client=198.51.100.7:40022|method=GET|host=www.example.com|"
	    "uri=/shop/a/rather/long/way/to/the/cart|status=200|"
	    "first_byte_seconds=0.0041|last_byte_seconds=0.0617|"
	    "response_body_bytes=5120");
	put(b, ROW_TRANSACTION, 0, "time=1795113011000000|"
	    "client=198.51.100.8:40023|method=POST|host=api.example.com|"
	    "uri=/login");
}

void
rows_answer(struct buf *b, enum show_subject s, bool lossy)
{
	static void	(*const plain[SHOW_SUBJECTS])(struct buf *) = {
		[SHOW_INTERFACES] = interfaces,	[SHOW_NAMES] = names,
		[SHOW_ALERTS] = alerts,		[SHOW_CHECK] = alerts,
		[SHOW_MIRRORS] = mirrors,	[SHOW_CAPTURE] = capture,
		[SHOW_TALLY] = tallies,		[SHOW_WHY] = why,
		[SHOW_TRANSACTIONS] = transactions,
	};

	if (s == SHOW_SUMMARY) {
		summary_answer(b, lossy);
		return;
	}
	if (s == SHOW_REPORT) {
		report(b, lossy);
		return;
	}
	if (s == SHOW_METRICS) {
		metrics(b);
		return;
	}
	if (s == SHOW_VERSION) {
		daemon_row(b);
		return;
	}
	complete(b, lossy);
	if (s == SHOW_HOSTS || s == SHOW_HOST)
		hosts(b, s == SHOW_HOST);
	else if (s == SHOW_SECTIONS)
		sections(b, 0);
	else if (plain[s] != NULL)
		plain[s](b);
}

void
rows_events(struct buf *b)
{
	put(b, ROW_ALERT_EVENT, 0, "epoch=1794838692000000|seq=1|"
	    "time=1795112800006000|event=fired|rule=high-traffic|id=41-7|"
	    "metric=messages|value=50004|limit=50000|span_seconds=120|"
	    "peak=50004|complete=0.9997|severity=error|unit=count");
	put(b, ROW_CONTRIBUTOR, 1, "host=www.example.com|share=0.61");
	put(b, ROW_CONTRIBUTOR, 1, "host=evil\n, host|share=0.28");
	put(b, ROW_ALERT_EVENT, 0, "epoch=1794838692000000|seq=2|"
	    "time=1795113000412000|event=cleared|rule=high-traffic|id=41-7|"
	    "metric=messages|value=44871|limit=45000|span_seconds=120|"
	    "after_seconds=544|peak=61020|complete=1|severity=error|"
	    "unit=count");
	put(b, ROW_ALERT_EVENT, 0, "epoch=1794838692000000|seq=3|"
	    "time=1795113000500000|event=fired|rule=web-errors|id=41-8|"
	    "key=api.example.com|metric=5xx|value=0.111111111111|"
	    "limit=0.05|span_seconds=60|peak=0.111111111111|"
	    "complete=0.999999|severity=error|unit=ratio");
	put(b, ROW_ALERT_EVENT, 0, "epoch=1794838692000000|seq=4|"
	    "time=1795113000600000|event=fired|rule=hosts|id=41-9|"
	    "metric=new|value=12|limit=10|span_seconds=60|peak=12|"
	    "complete=1|severity=warning|unit=count|evidence_packets=616");
	put(b, ROW_NEW_KEY, 1, "key=new.example.com");
	put(b, ROW_NEW_KEY, 1, "key=evil\x1b[0m, host");
	rows_put(b, ROW_MONITOR, 0, "1795113001000000|interface|"
	    "wg0 added, capture started");
}
