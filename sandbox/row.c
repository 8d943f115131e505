#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/row.h"

#define U(k, u, t)	{ k, ROW_U64, ROW_UNIT_##u, t }
#define I(k, u, t)	{ k, ROW_I64, ROW_UNIT_##u, t }
#define D(k, u, t)	{ k, ROW_DOUBLE, ROW_UNIT_##u, t }
#define S(k, t)		{ k, ROW_STR, ROW_UNIT_NONE, t }
#define B(k, t)		{ k, ROW_BOOL, ROW_UNIT_NONE, t }

static const struct row_field daemon_fields[] = {
	S("version", "version"),
	S("hostname", "host"),
	S("config", "config"),
	U("start_time", TIME, "started"),
	U("config_time", TIME, "config loaded"),
	D("uptime_seconds", SECONDS, "up"),
	B("offline", NULL),
	S("input", NULL),
};
/* complete.ratio: DESIGN.md 3; 1 only if nothing is known to be lost. */
static const struct row_field complete_fields[] = {
	U("time", TIME, "time"),
	S("window", "window"),
	D("window_seconds", SECONDS, NULL),
	D("asked_seconds", SECONDS, NULL),
	D("ratio", RATIO, "complete"),
	B("lossy", NULL),
	U("packets", COUNT, "packets"),
	U("kernel_drops", COUNT, "kernel drops"),
	U("queue_drops", COUNT, "queue drops"),
	U("shed", COUNT, "shed"),
	U("payload_bytes", BYTES, "payload"),
	U("gap_bytes", BYTES, "gaps"),
	U("truncated_bytes", BYTES, "truncated"),
	D("unwatched_seconds", SECONDS, "unwatched"),
	U("unopened", COUNT, "unopened"),
};
static const struct row_field summary_fields[] = {
	U("interfaces", COUNT, "interfaces"),
	D("packets_per_second", PER_SECOND, "pps"),
	D("wire_bits_per_second", BPS, "b/s"),
	D("requests_per_second", PER_SECOND, "requests/s"),
	D("responses_per_second", PER_SECOND, "responses/s"),
	U("packets", COUNT, NULL),
	U("wire_bytes", BYTES, NULL),
	U("payload_bytes", BYTES, NULL),
	U("messages", COUNT, NULL),
	U("requests", COUNT, NULL),
	U("responses", COUNT, NULL),
	U("http2_requests", COUNT, NULL),
	U("http2_responses", COUNT, NULL),
	U("body_bytes", BYTES, NULL),
	U("errors_4xx", COUNT, NULL),
	U("errors_5xx", COUNT, NULL),
	D("response_p50_seconds", SECONDS, "p50"),
	D("response_p95_seconds", SECONDS, "p95"),
	D("response_p99_seconds", SECONDS, "p99"),
	U("connections", COUNT, "connections"),
	U("flows", COUNT, "flows"),
	U("tls_handshakes", COUNT, "handshakes"),
	D("tls_handshakes_per_second", PER_SECOND, "handshakes/s"),
	U("tls_failed", COUNT, "failed"),
	U("tls_no_name", COUNT, "no name"),
	U("tls_ech", COUNT, "ech"),
	U("quic_connections", COUNT, "quic"),
	D("quic_connections_per_second", PER_SECOND, "quic/s"),
	D("connect_p50_seconds", SECONDS, NULL),
	D("retransmit_ratio", RATIO, NULL),
	U("parse_errors", COUNT, "parse errors"),
	U("unpaired_requests", COUNT, NULL),
	U("unpaired_responses", COUNT, NULL),
	U("seen_again", COUNT, NULL),
	U("ambiguous", COUNT, NULL),
	B("starting", NULL),
	U("capture_away_time", TIME, NULL),
};
/* _total fields count since the start of the daemon. */
static const struct row_field interface_fields[] = {
	S("name", "interface"),
	S("label", "label"),
	U("index", ID, NULL),
	S("type", "type"),
	S("state", "state"),
	D("packets_per_second", PER_SECOND, "pps"),
	D("in_bits_per_second", BPS, "in b/s"),
	D("out_bits_per_second", BPS, "out b/s"),
	D("wire_bits_per_second", BPS, "seen b/s"),
	D("requests_per_second", PER_SECOND, "http r/s"),
	D("handshakes_per_second", PER_SECOND, "tls h/s"),
	D("rtt_seconds", SECONDS, "rtt"),
	D("retransmit_ratio", RATIO, "retx"),
	U("packets", COUNT, NULL),
	U("wire_bytes", BYTES, NULL),
	U("requests", COUNT, NULL),
	U("responses", COUNT, NULL),
	U("packets_total", COUNT, NULL),
	U("wire_bytes_total", BYTES, NULL),
	U("kernel_drops", COUNT, "kernel-drop"),
	U("queue_drops", COUNT, "queue-drop"),
	U("truncated", COUNT, "truncated"),
	U("seen_again", COUNT, NULL),
	U("gap_bytes", BYTES, NULL),
	D("complete_ratio", RATIO, "complete"),
	U("ring_bytes", BYTES, NULL),
	B("covered", NULL),	/* seen through another interface, not opened */
	S("error", NULL),	/* why it is not open */
};
static const struct row_field host_fields[] = {
	S("host", "host"),
	U("hits", COUNT, "hits"),
	U("requests", COUNT, "req"),
	D("requests_per_second", PER_SECOND, "r/s"),
	U("responses", COUNT, "resp"),
	U("status_2xx", COUNT, "2xx"),
	U("status_3xx", COUNT, "3xx"),
	U("status_4xx", COUNT, "4xx"),
	U("status_5xx", COUNT, "5xx"),
	D("response_p50_seconds", SECONDS, "p50"),
	D("response_p95_seconds", SECONDS, "p95"),
	D("response_p99_seconds", SECONDS, "p99"),
	D("last_byte_p95_seconds", SECONDS, NULL),
	U("request_body_bytes", BYTES, NULL),
	U("response_body_bytes", BYTES, "body"),
	U("clients", COUNT, "clients"),
	U("tls_connections", COUNT, "tls"),
	U("quic_connections", COUNT, "quic"),
	U("unpaired_requests", COUNT, NULL),
	U("gap_marked", COUNT, NULL),
	U("count_error", COUNT, "error"),
};
static const struct row_field section_fields[] = {
	S("host", NULL),
	S("section", "section"),
	U("hits", COUNT, "hits"),
	U("requests", COUNT, NULL),
	U("responses", COUNT, NULL),
	D("response_p95_seconds", SECONDS, "p95"),
	U("count_error", COUNT, "error"),
};
static const struct row_field method_fields[] = {
	S("method", "method"),
	U("count", COUNT, "count"),
	U("count_error", COUNT, "error"),
};
static const struct row_field status_fields[] = {
	U("code", ID, "status"),
	U("count", COUNT, "count"),
	U("count_error", COUNT, "error"),
};
static const struct row_field client_fields[] = {
	S("client", "client"),
	U("requests", COUNT, "req"),
	U("responses", COUNT, "resp"),
	U("errors", COUNT, "errors"),
	U("body_bytes", BYTES, "body"),
	U("tls_connections", COUNT, "tls"),
	U("quic_connections", COUNT, "quic"),
	U("tls_bytes", BYTES, "tls bytes"),
	U("count_error", COUNT, "error"),
};
static const struct row_field talker_fields[] = {
	S("client", "client"),
	S("server", "server"),
	S("named_by", "named by"),
	S("service", "service"),
	S("protocol", NULL),
	U("port", ID, NULL),
	S("client_zone", NULL),
	S("server_zone", NULL),
	S("zones", "zones"),
	U("conversations", COUNT, "conv"),
	U("packets", COUNT, "packets"),
	U("bytes_to_server", BYTES, "to server"),
	U("bytes_to_client", BYTES, "to client"),
	D("bits_per_second", BPS, "rate"),
	D("share_ratio", RATIO, "share"),
	U("count_error", BYTES, "error"),
};
static const struct row_field site_fields[] = {
	S("site", "site"),
	S("named_by", "named by"),
	S("zone", "zone"),
	U("conversations", COUNT, "conv"),
	U("packets", COUNT, "packets"),
	U("bytes_to_server", BYTES, "to server"),
	U("bytes_to_client", BYTES, "to client"),
	D("bits_per_second", BPS, "rate"),
	D("share_ratio", RATIO, "share"),
	U("count_error", BYTES, "error"),
};
static const struct row_field name_fields[] = {
	S("name", "name (claimed)"),
	U("connections", COUNT, "conn"),
	U("quic", COUNT, "quic"),
	S("version", "version"),
	S("alpn", "alpn"),
	U("resumed", COUNT, "resumed"),
	U("failed", COUNT, "failed"),
	D("handshake_p50_seconds", SECONDS, "p50"),
	D("handshake_p95_seconds", SECONDS, "p95"),
	U("bytes", BYTES, "bytes"),
	U("count_error", COUNT, "error"),
};
static const struct row_field alpn_fields[] = {
	S("alpn", "alpn"),
	U("count", COUNT, "count"),
};
static const struct row_field version_fields[] = {
	S("version", "version"),
	U("count", COUNT, "count"),
};
static const struct row_field certificate_fields[] = {
	S("certificate", "certificate"),
	U("count", COUNT, "count"),
};
static const struct row_field flow_fields[] = {
	U("flow_id", ID, NULL),
	S("client", "client"),
	S("server", "server"),
	S("interface", "interface"),
	I("vlan", ID, NULL),
	S("proto", "proto"),
	S("host", "host"),
	S("state", "state"),
	D("age_seconds", SECONDS, "age"),
	U("packets_to_server", COUNT, NULL),
	U("packets_to_client", COUNT, NULL),
	U("bytes_to_server", BYTES, "to server"),
	U("bytes_to_client", BYTES, "to client"),
	U("requests", COUNT, "req"),
	S("tls_failure", NULL),	/* how the handshake failed */
	S("certificate", NULL),	/* what it says of the host */
	D("client_rtt_seconds", SECONDS, NULL),
	D("server_rtt_seconds", SECONDS, NULL),
	D("rtt_seconds", SECONDS, "rtt"),
	U("retransmitted", COUNT, "retx"),
	U("out_of_order", COUNT, NULL),
	U("duplicate_acks", COUNT, NULL),
	U("zero_windows", COUNT, NULL),
	U("gap_bytes", BYTES, "gap"),
	U("score", ID, "score"),
	B("midstream", NULL),
	B("one_sided", NULL),
	U("first_time", TIME, NULL),
	U("last_time", TIME, NULL),
};
static const struct row_field sighting_fields[] = {
	S("interface", "interface"),
	I("vlan", ID, "vlan"),
	S("client", "client"),
	S("server", "server"),
	U("packets", COUNT, "packets"),
	S("how", "how"),	/* interface, vlan, nat */
};
static const struct row_field other_fields[] = {
	S("what", "what"),	/* hosts, sections, clients, names */
	U("items", COUNT, "items"),
	B("at_least", "at least"),
	U("count", COUNT, "count"),
	U("responses", COUNT, NULL),
	U("body_bytes", BYTES, NULL),
};
static const struct row_field capture_fields[] = {
	S("period", "period"),
	U("packets", COUNT, "frames seen"),
	U("kernel_drops", COUNT, "kernel dropped"),
	U("queue_drops", COUNT, "queue dropped"),
	U("shed", COUNT, "shed for memory"),
	U("payload_bytes", BYTES, "payload"),
	U("gap_bytes", BYTES, "missing"),
	U("gap_connections", COUNT, "gap connections"),
	U("resynchronised", COUNT, "resynchronised"),
	U("truncated", COUNT, "truncated"),
	U("bad_checksum", COUNT, "bad checksum"),
	U("fragments_lost", COUNT, "fragments lost"),
	U("too_deep", COUNT, "too deep tunnels"),
	U("seen_again", COUNT, "seen again"),
	D("unwatched_seconds", SECONDS, "unwatched"),
	U("ring_bytes", BYTES, "ring"),
};
static const struct row_field advice_fields[] = {
	S("text", "advice"),
};
static const struct row_field alert_fields[] = {
	S("rule", "rule"),
	S("id", "id"),
	S("state", "state"),
	S("metric", "metric"),
	S("key", "key"),
	D("value", COUNT, "value"),
	D("limit", COUNT, "limit"),
	S("op", NULL),
	D("span_seconds", SECONDS, "span"),
	U("since_time", TIME, "since"),
	D("for_seconds", SECONDS, "for"),
	D("peak", COUNT, "peak"),
	D("complete", RATIO, "complete"),
	S("severity", "severity"),
	U("fired_total", COUNT, "fired"),
	U("other_keys", COUNT, NULL),
	S("unit", NULL),	/* count, bytes, ratio, seconds */
	S("reason", NULL),	/* why it is unknown */
	D("of_usual", RATIO, NULL),	/* 0: a limit that was given */
};
static const struct row_field alert_event_fields[] = {
	U("epoch", ID, NULL),
	U("seq", ID, NULL),
	U("time", TIME, "time"),
	S("event", "event"),	/* fired cleared repeated worse unknown ended */
	S("rule", "rule"),
	S("id", "id"),
	S("key", "key"),
	S("metric", "metric"),
	D("value", COUNT, "value"),
	D("limit", COUNT, "limit"),
	D("span_seconds", SECONDS, "span"),
	U("first_time", TIME, NULL),
	U("last_time", TIME, NULL),
	D("after_seconds", SECONDS, NULL),
	D("peak", COUNT, NULL),
	D("complete", RATIO, NULL),
	S("severity", NULL),
	B("restarted", NULL),
	B("compat", NULL),
	S("unit", NULL),
	U("missed", COUNT, NULL),	/* lines lost before this one */
	U("evidence_packets", COUNT, NULL),
};
static const struct row_field contributor_fields[] = {
	S("host", "host"),
	D("share", RATIO, "share"),
};
static const struct row_field new_key_fields[] = {
	S("key", "key"),
};
static const struct row_field rule_fields[] = {
	U("number", ID, "rule"),
	S("text", "text"),
	U("hits", COUNT, "hits"),
	U("connections", COUNT, "connections"),
};
static const struct row_field mirror_fields[] = {
	S("mirror", "mirror"),
	S("state", "state"),
	S("target", "target"),
	S("record", "record"),
	U("connections", COUNT, "conn"),
	U("sent_bytes", BYTES, "sent"),
	U("sent_requests", COUNT, "requests"),
	U("recorded_bytes", BYTES, "recorded"),
	U("records", COUNT, "records"),
	U("dropped_connections", COUNT, "drop"),
	U("dropped_bytes", BYTES, "drop bytes"),
	U("gaps", COUNT, "gaps"),
	U("errors", COUNT, "errors"),
	U("hook_errors", COUNT, "hook errors"),
	U("queue_bytes", BYTES, "queue"),
	U("queue_limit_bytes", BYTES, NULL),
	U("answers", COUNT, "answers"),
	U("open_connections", COUNT, "open"),
	U("ignored_requests", COUNT, "ignored"),
	U("ignored_bytes", BYTES, NULL),
	U("unjudged_requests", COUNT, NULL),
	U("unjudged_bytes", BYTES, "unjudged"),
	S("last_error", "last error"),
	U("last_error_time", TIME, NULL),
	U("compared", COUNT, "compared"),
	U("same", COUNT, "same"),
	U("status_differs", COUNT, NULL),
	U("length_differs", COUNT, NULL),
	U("slower", COUNT, NULL),
	U("not_compared", COUNT, NULL),
};
static const struct row_field compared_fields[] = {
	S("section", "section"),
	U("compared", COUNT, "compared"),
	U("same", COUNT, "same"),
	U("status_differs", COUNT, "status differs"),
	U("length_differs", COUNT, "length differs"),
	U("slower", COUNT, "slower"),
	U("not_compared", COUNT, "not compared"),
};
static const struct row_field difference_fields[] = {
	U("time", TIME, "time"),
	S("method", "method"),
	S("path", "path"),
	U("status", ID, "status"),
	U("target_status", ID, "target's"),
	U("body_bytes", BYTES, "body"),
	U("target_body_bytes", BYTES, "target's"),
	D("first_byte_seconds", SECONDS, "first byte"),
	D("target_first_byte_seconds", SECONDS, "target's"),
};
static const struct row_field mirror_file_fields[] = {
	S("file", "file"),
	U("bytes", BYTES, "bytes"),
	B("open", "open"),
};
static const struct row_field reason_fields[] = {
	S("reason", "reason"),
	U("count", COUNT, "count"),
};
static const struct row_field error_fields[] = {
	S("reason", "reason"),
	U("count", COUNT, "count"),
	S("example", "example"),
};
static const struct row_field memory_fields[] = {
	S("process", "process"),
	S("pool", "pool"),
	U("used_bytes", BYTES, "used"),
	U("limit_bytes", BYTES, "limit"),
	U("items", COUNT, "items"),
	U("refused", COUNT, "refused"),
};
static const struct row_field process_fields[] = {
	S("process", "process"),
	U("pid", ID, "pid"),
	S("state", "state"),	/* ready, starting, waiting, lost */
	U("generation", ID, "generation"),
	U("restarts", COUNT, "restarts"),
	D("up_seconds", SECONDS, "up"),
	S("last_loss", "last loss"),
	U("last_loss_time", TIME, NULL),
	D("lost_seconds", SECONDS, "lost"),
	S("jail", "jail"),	/* seccomp, landlock ABI */
};
static const struct row_field tally_fields[] = {
	S("name", "name"),
	U("value", COUNT, "value"),
	S("unit", "unit"),
	S("process", "process"),
};
static const struct row_field transaction_fields[] = {
	U("time", TIME, "time"),
	U("flow_id", ID, NULL),
	S("interface", NULL),
	S("client", "client"),
	S("server", NULL),
	S("method", "method"),
	S("host", "host"),
	S("uri", "uri"),
	U("status", ID, "status"),	/* 0: no response seen */
	D("first_byte_seconds", SECONDS, "first byte"),
	D("last_byte_seconds", SECONDS, "last byte"),
	U("request_body_bytes", BYTES, NULL),
	U("response_body_bytes", BYTES, "body"),
	B("gap", NULL),
	S("tag", NULL),
	S("version", NULL),
	B("upgraded", NULL),
};
static const struct row_field text_fields[] = {
	S("text", NULL),
	S("state", NULL),	/* ok, cause, "" */
};
/* Of all periods that begin in it. */
static const struct row_field period_fields[] = {
	U("time", TIME, "from"),
	D("seconds", SECONDS, NULL),	/* that were kept */
	D("unkept_seconds", SECONDS, "not kept"),
	U("requests", COUNT, "req"),
	D("requests_per_second", PER_SECOND, "r/s"),
	D("peak_requests_per_second", PER_SECOND, "peak"),
	U("responses", COUNT, NULL),
	U("errors_4xx", COUNT, "4xx"),
	U("errors_5xx", COUNT, "5xx"),
	D("worst_p95_seconds", SECONDS, "p95"),
	U("tls_handshakes", COUNT, "tls"),
	U("quic_connections", COUNT, NULL),
	D("wire_bits_per_second", BPS, "b/s"),
	U("alerts", COUNT, "alerts"),	/* that fired in it, or still */
	D("complete_ratio", RATIO, "complete"),
	S("busiest_host", "busiest host"),
	U("busiest_host_requests", COUNT, NULL),
};
/* Of the first ten of a list at each time; the others are at most the last. */
static const struct row_field change_fields[] = {
	S("what", "what"),
	S("name", "name"),
	D("before_per_second", PER_SECOND, "before/s"),
	D("then_per_second", PER_SECOND, "then/s"),
	D("change_per_second", PER_SECOND, "change/s"),
	B("before_listed", NULL),
	B("then_listed", NULL),
	D("before_complete_ratio", RATIO, NULL),
	D("then_complete_ratio", RATIO, NULL),
};
/* Since the host is named; other sums the rest. */
static const struct row_field host_requests_fields[] = {
	S("host", "host"),
	S("method", "method"),
	U("count", COUNT, "count"),
};
static const struct row_field host_responses_fields[] = {
	S("host", "host"),
	S("class", "class"),
	U("count", COUNT, "count"),
};
static const struct row_field bucket_fields[] = {
	D("le_seconds", SECONDS, "up to"),
	U("count", COUNT, "count"),
};
static const struct row_field monitor_fields[] = {
	U("time", TIME, "time"),
	S("type", "type"),	/* interface alert mirror config drops http.. */
	S("text", "text"),
};
static const struct row_field tunnel_fields[] = {
	S("tunnel", "tunnel"),
	U("packets", COUNT, "packets"),
};

#undef U
#undef I
#undef D
#undef S
#undef B

#define R(n, a, f)	.name = n, .array = a, .fields = f, \
			.nfields = nitems(f)

static const struct row_desc kinds[ROW_KINDS] = {
	[ROW_DAEMON]	= { R("daemon", "daemon", daemon_fields) },
	[ROW_COMPLETE]	= { R("complete", "complete", complete_fields) },
	[ROW_SUMMARY]	= { R("summary", "summary", summary_fields) },
	[ROW_INTERFACE]	= { R("interface", "interfaces", interface_fields),
	    .child = { ROW_REASON }, .nchild = 1 },
	[ROW_HOST]	= { R("host", "hosts", host_fields),
	    .child = { ROW_METHOD, ROW_STATUS, ROW_SECTION }, .nchild = 3 },
	[ROW_SECTION]	= { R("section", "sections", section_fields),
	    .child = { ROW_METHOD, ROW_STATUS }, .nchild = 2 },
	[ROW_METHOD]	= { R("method", "methods", method_fields) },
	[ROW_STATUS]	= { R("status", "status", status_fields) },
	[ROW_CLIENT]	= { R("client", "clients", client_fields) },
	[ROW_TALKER]	= { R("talker", "talkers", talker_fields) },
	[ROW_SITE]	= { R("site", "sites", site_fields) },
	[ROW_NAME]	= { R("name", "names", name_fields),
	    .child = { ROW_VERSION, ROW_ALPN, ROW_REASON,
	    ROW_CERTIFICATE }, .nchild = 4 },
	[ROW_ALPN]	= { R("alpn", "alpns", alpn_fields) },
	[ROW_VERSION]	= { R("version", "versions", version_fields) },
	[ROW_CERTIFICATE] = { R("certificate", "certificates",
	    certificate_fields) },
	[ROW_FLOW]	= { R("flow", "flows", flow_fields),
	    .child = { ROW_SIGHTING }, .nchild = 1 },
	[ROW_SIGHTING]	= { R("sighting", "sightings", sighting_fields) },
	[ROW_OTHER]	= { R("other", "other", other_fields) },
	[ROW_CAPTURE]	= { R("capture", "capture", capture_fields) },
	[ROW_ADVICE]	= { R("advice", "advice", advice_fields) },
	[ROW_ALERT]	= { R("alert", "alerts", alert_fields) },
	[ROW_ALERT_EVENT] = { R("event", "events", alert_event_fields),
	    .child = { ROW_CONTRIBUTOR, ROW_NEW_KEY }, .nchild = 2 },
	[ROW_CONTRIBUTOR] = { R("top", "top", contributor_fields) },
	[ROW_NEW_KEY]	= { R("new", "new", new_key_fields) },
	[ROW_RULE]	= { R("rule", "rules", rule_fields) },
	[ROW_MIRROR]	= { R("mirror", "mirrors", mirror_fields),
	    .child = { ROW_REASON, ROW_STATUS, ROW_MIRROR_FILE,
	    ROW_COMPARED, ROW_DIFFERENCE }, .nchild = 5 },
	[ROW_MIRROR_FILE] = { R("file", "files", mirror_file_fields) },
	[ROW_REASON]	= { R("reason", "reasons", reason_fields) },
	[ROW_ERROR]	= { R("error", "errors", error_fields) },
	[ROW_MEMORY]	= { R("pool", "memory", memory_fields) },
	[ROW_PROCESS]	= { R("process", "processes", process_fields) },
	[ROW_TALLY]	= { R("tally", "tallies", tally_fields) },
	[ROW_TRANSACTION] = { R("transaction", "transactions",
	    transaction_fields) },
	[ROW_TEXT]	= { R("line", "lines", text_fields) },
	[ROW_BUCKET]	= { R("bucket", "response_buckets", bucket_fields) },
	[ROW_MONITOR]	= { R("event", "events", monitor_fields) },
	[ROW_TUNNEL]	= { R("tunnel", "tunnels", tunnel_fields) },
	[ROW_HOST_REQUESTS] = { R("requests", "host_requests",
	    host_requests_fields) },
	[ROW_HOST_RESPONSES] = { R("responses", "host_responses",
	    host_responses_fields) },
	[ROW_PERIOD]	= { R("period", "periods", period_fields) },
	[ROW_CHANGE]	= { R("change", "changes", change_fields) },
	[ROW_COMPARED]	= { R("compared", "compared_sections",
	    compared_fields) },
	[ROW_DIFFERENCE] = { R("difference", "differences",
	    difference_fields) },
};

const struct row_desc *
row_desc(enum row_kind kind)
{
	return &kinds[kind];
}

int
row_index(enum row_kind kind, const char *key)
{
	size_t	 i;

	for (i = 0; i < kinds[kind].nfields; i++)
		if (strcmp(kinds[kind].fields[i].key, key) == 0)
			return (int)i;
	return -1;
}

unsigned
row_percent(double share)
{
	if (share >= 1)
		return 100;
	/* 0.29 is stored as a little less. */
	return share > 0 ? (unsigned)(share * 100 + 1e-6) : 0;
}

const char *
row_ratio(char s[ROW_NUMBER_MAX], double part)
{
	if (part < 1 && part > 0.9999)
		part = 0.9999;
	snprintf(s, ROW_NUMBER_MAX, part < 100 ? "%.4g%%" : "%.0f%%",
	    100 * part);
	return s;
}

const char *
row_seconds(char s[ROW_NUMBER_MAX], double seconds)
{
	/* Less than a microsecond is none. */
	if (seconds < 1e-6)
		seconds = 0;
	snprintf(s, ROW_NUMBER_MAX, seconds < 0.001 && seconds > 0 ? "%.6fs" :
	    seconds < 1000 ? "%.4gs" : "%.0fs", seconds);
	return s;
}

const char *
row_clock(char s[ROW_NUMBER_MAX], uint64_t us)
{
	unsigned	 day = (unsigned)(us / 1000000 % 86400);

	snprintf(s, ROW_NUMBER_MAX, "%02u:%02u:%02u", day / 3600, day / 60 % 60,
	    day % 60);
	return s;
}

const struct row_value *
row_value(const struct row *r, const char *key)
{
	int	 i;

	if ((i = row_index(r->kind, key)) == -1)
		return NULL;
	return &r->v[i];
}

void
row_begin(struct row_writer *w, struct buf *b, enum row_kind kind,
    unsigned level)
{
	w->b = b;
	w->kind = kind;
	w->start = b->len;
	w->at = 0;
	w->bad = level >= ROW_LEVEL_MAX;
	buf_put_u8(b, (uint8_t)kind);
	buf_put_u8(b, (uint8_t)level);
}

/* Notes one more value and tells whether the table expects its type. */
static bool
expects(struct row_writer *w, enum row_type type)
{
	const struct row_desc	*d = &kinds[w->kind];

	if (w->at >= d->nfields || d->fields[w->at].type != type) {
		w->bad = true;
		return false;
	}
	w->at++;
	return true;
}

void
row_u64(struct row_writer *w, uint64_t v)
{
	if (expects(w, ROW_U64))
		buf_put_u64(w->b, v);
}

void
row_i64(struct row_writer *w, int64_t v)
{
	if (expects(w, ROW_I64))
		buf_put_u64(w->b, (uint64_t)v);
}

void
row_double(struct row_writer *w, double v)
{
	if (expects(w, ROW_DOUBLE))
		buf_put_double(w->b, isfinite(v) ? v : 0.0);
}

void
row_bool(struct row_writer *w, bool v)
{
	if (expects(w, ROW_BOOL))
		buf_put_u8(w->b, v);
}

void
row_strn(struct row_writer *w, const void *p, size_t n)
{
	if (expects(w, ROW_STR))
		buf_put_bytes(w->b, p, n < ROW_TEXT_MAX ? n : ROW_TEXT_MAX);
}

void
row_str(struct row_writer *w, const char *s)
{
	row_strn(w, s, s == NULL ? 0 : strlen(s));
}

void
row_put_value(struct row_writer *w, enum row_type type,
    const struct row_value *v)
{
	switch (type) {
	case ROW_U64:
		row_u64(w, v->u);
		break;
	case ROW_I64:
		row_i64(w, v->i);
		break;
	case ROW_DOUBLE:
		row_double(w, v->d);
		break;
	case ROW_STR:
		row_strn(w, v->s.p, v->s.n);
		break;
	case ROW_BOOL:
		row_bool(w, v->b);
		break;
	}
}

int
row_end(struct row_writer *w)
{
	if (!w->bad && !w->b->err && w->at == kinds[w->kind].nfields)
		return 0;
	w->b->len = w->start;
	w->b->err = false;
	return -1;
}

void
row_get_value(struct buf *b, enum row_type type, struct row_value *v)
{
	v->type = type;
	switch (type) {
	case ROW_U64:
		v->u = buf_get_u64(b);
		break;
	case ROW_I64:
		v->i = (int64_t)buf_get_u64(b);
		break;
	case ROW_DOUBLE:
		v->d = buf_get_double(b);
		if (!isfinite(v->d))
			b->err = true;
		break;
	case ROW_BOOL:
		v->b = buf_get_u8(b) != 0;
		break;
	case ROW_STR:
		v->s.p = (const char *)buf_get_bytes(b, &v->s.n);
		if (v->s.n > ROW_TEXT_MAX)
			b->err = true;
		break;
	}
}

int
row_get(struct buf *b, struct row *r)
{
	const struct row_desc	*d;
	size_t			 i;
	uint8_t			 kind;

	kind = buf_get_u8(b);
	r->level = buf_get_u8(b);
	if (b->err || kind >= ROW_KINDS || r->level >= ROW_LEVEL_MAX)
		return -1;
	r->kind = (enum row_kind)kind;
	d = &kinds[kind];
	r->n = d->nfields;
	for (i = 0; i < d->nfields; i++)
		row_get_value(b, d->fields[i].type, &r->v[i]);
	return b->err ? -1 : 0;
}
