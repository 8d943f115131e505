#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/evidence.h"
#include "analyzer/said.h"
#include "sandbox/compat.h"
#include "sandbox/log.h"
#include "sandbox/pcapng.h"
#include "sandbox/vis.h"

#define UDP_HDR		8
#define SECTION_MAX	(60 * 1024)
#define SECTION_IFACES	64
#define IFACE_NAME_MAX	(32 * VIS_MAX)
#define MINUTE_US	60000000ULL

static size_t
ring_size(const struct conf *c)
{
	uint64_t	 size = conf_analyzer_memory(c) / EVIDENCE_SHARE;

	if (!conf_keeps_evidence(c))
		return 0;
	return (size_t)(size < EVIDENCE_RING ? size : EVIDENCE_RING) &
	    ~(size_t)7;
}

void
evidence_conf(struct analyzer *az, const struct conf *c)
{
	struct heads	*h = &az->evidence.heads;
	const size_t	 size = ring_size(c);

	memset(az->evidence.next_us, 0, sizeof(az->evidence.next_us));
	az->evidence.wanted = size > 0;
	if (size == h->taken)
		return;
	heads_clear(h);
	heads_init(h, &az->mem, size);
	if (size > 0 && !heads_keeps(h))
		log_warnx("no memory for the headers of packets: log evidence "
		    "stays empty");
}

/* ---- packets ---- */

/* Bytes of headers, 0 when it is not known where they end. */
static size_t
head_len(const struct packet *p, enum packet_reason r, const uint8_t *data)
{
	size_t	 len;

	if (r == PACKET_OK)
		return (size_t)(p->payload - data);
	if (p->l4 == NULL)
		return 0;
	len = (size_t)(p->l4 - data);
	if (p->proto == IPPROTO_UDP && r != PACKET_FRAGMENT &&
	    p->l4_cap >= UDP_HDR)
		len += UDP_HDR;
	return len;
}

void
evidence_packet(struct analyzer *az, const struct packet *p,
    enum packet_reason r, const uint8_t *data)
{
	struct heads_packet	 h;
	size_t			 len = head_len(p, r, data);

	/* The one before it is done with. */
	heads_own(&az->evidence.heads, flow_last_id(az->flows));
	if (len == 0)
		return;
	h.us = p->ts_us;
	h.ts_us = az->ts;
	h.wire = p->wirelen;
	h.iface = p->iface;
	h.dlt = p->dlt;
	h.p = data;
	h.len = len;
	heads_put(&az->evidence.heads, &h);
	/* A fragment may be the one that a segment waited for. */
	if (r != PACKET_OK && r != PACKET_FRAGMENT)
		heads_own(&az->evidence.heads, 0);
}

/* ---- who counted ---- */

static uint64_t
key_of(const struct analyzer *az, const struct conf_alert *c, const char *key)
{
	char	 s[CONF_NAME_MAX + ALERT_KEY_MAX];
	int	 n;

	n = snprintf(s, sizeof(s), "%s\n%s", c->name, key);
	return hash_bytes(&az->proc->seed, s, (size_t)n);
}

/* 0 is none. */
static uint32_t
host_of(const struct analyzer *az, const char *host)
{
	return (uint32_t)hash_bytes(&az->proc->seed, host, strlen(host)) | 1;
}

void
evidence_counted(void *arg, const struct conf_alert *c, const char *key,
    const struct alert_what *w)
{
	struct analyzer	*az = arg;
	char		 host[ALERT_KEY_MAX];
	uint32_t	 h = 0;

	if (!heads_keeps(&az->evidence.heads))
		return;
	/* As contributors are named. */
	if (w->host != NULL) {
		snprintf(host, sizeof(host), "%.*s", (int)w->host_len,
		    (const char *)w->host);
		h = host_of(az, w->host_len == 0 ? "(no host)" : host);
	}
	heads_mark(&az->evidence.heads, az->now, w->flow, key_of(az, c, key),
	    h);
}

/* ---- an alert ---- */

/* What is written of one alert, section by section. */
struct telling {
	struct analyzer	*az;
	const struct alert_event *alert;
	struct heads_want want;
	struct heads_found found;
	struct buf	 b;
	size_t		 at;
	unsigned	 section;
	unsigned	 nifaces;
	struct {
		uint16_t	 id;
		uint16_t	 dlt;
	}		 iface[SECTION_IFACES];
	uint8_t		 body[SECTION_MAX];
};

/* Whether it can be told which connections a rule is about. */
static bool
has_flows(const struct conf_alert *c)
{
	if (c->op != OP_GE && c->op != OP_GT)
		return false;	/* nobody did what is too little */
	if (c->metric == METRIC_TRAFFIC)
		return false;	/* most protocols have none */
	return conf_metric_has(c->metric == METRIC_RATIO ? c->ratio_metric :
	    c->metric, KEY_CLIENT);
}

static bool
is_on(void *arg, uint16_t id)
{
	const struct telling	*t = arg;
	const struct conf_alert	*c = t->alert->rule;
	const char		*name = t->az->ifaces[id].info.name;

	if (c->key == KEY_INTERFACE)
		return strcmp(name, t->alert->key) == 0;
	return c->select.on[0] == '\0' ||
	    conf_glob(c->select.on, name, strlen(name));
}

static void
choose(struct telling *t)
{
	const struct alert_event *e = t->alert;
	struct heads_want	*w = &t->want;
	uint64_t		 now = t->az->now;

	w->from_us = now > EVIDENCE_US ? now - EVIDENCE_US : 0;
	w->all = !has_flows(e->rule);
	w->budget = EVIDENCE_MAX;
	if (w->all) {
		w->on = is_on;
		w->arg = t;
	} else {
		w->key = key_of(t->az, e->rule, e->key);
		w->host = e->ntop > 0 ? host_of(t->az, e->top[0].host) : 0;
	}
	/* The packet at hand may be one of them. */
	heads_own(&t->az->evidence.heads, flow_last_id(t->az->flows));
	heads_choose(&t->az->evidence.heads, w, &t->found);
}

static const char *
whose(const struct telling *t, char *s, size_t size)
{
	const size_t	 n = t->found.flows;
	const char	*many = n == 1 ? "" : "s";
	char		 host[ALERT_KEY_MAX * VIS_MAX];

	if (t->want.all)
		compat_strlcpy(s, "whatever connection", size);
	else if (t->found.of_host)
		snprintf(s, size, "%zu connection%s that counted for host %s, "
		    "which had most", n, many, vis_str(VIS_LOG, host,
		    sizeof(host), t->alert->top[0].host));
	else
		snprintf(s, size, "%zu connection%s that counted", n, many);
	return s;
}

/* What is lacking, as clauses. */
static const char *
lacking(const struct telling *t, char *s, size_t size)
{
	const struct heads_found *f = &t->found;
	char			 left[64] = "";

	if (f->left_out > 0)
		snprintf(left, sizeof(left), "; %llu older ones were too many",
		    (unsigned long long)f->left_out);
	snprintf(s, size, "%s%s%s", left, f->some ?
	    "; of more connections than can be looked at" : "",
	    f->since_us > t->want.from_us && t->az->evidence.heads.lost ?
	    "; of those before there was no more memory" : "");
	return s;
}

static void
comment(const struct telling *t, char *s, size_t size)
{
	const struct alert_event *e = t->alert;
	const struct conf_alert	*c = e->rule;
	enum conf_metric	 m = (enum conf_metric)c->metric;
	char			 name[CONF_NAME_MAX * VIS_MAX];
	char			 key[ALERT_KEY_MAX * VIS_MAX];
	char			 of[ALERT_KEY_MAX * VIS_MAX + 128];
	char			 lacks[192], span[CONF_TEXT_MAX];
	char			 value[CONF_TEXT_MAX], limit[CONF_TEXT_MAX];
	char			 last[ROW_NUMBER_MAX];
	const uint64_t		 now = t->az->now, since = t->found.since_us;

	/* Behind the last one that went: that may be now. */
	snprintf(s, size, "alert \"%s\" fired, id %s%s%s: %s %s %s %s over "
	    "%s. %llu packets of the last %s, of %s, section %u%s",
	    vis_str(VIS_LOG, name, sizeof(name), c->name), e->id,
	    e->key[0] != '\0' ? ", key " : "",
	    vis_str(VIS_LOG, key, sizeof(key), e->key), conf_metric_name(m),
	    conf_print_value(m, e->value, value),
	    conf_op_name((enum conf_op)c->op),
	    conf_print_value(m, e->limit, limit),
	    conf_print_time(c->span_us, span),
	    (unsigned long long)t->found.packets,
	    row_seconds(last, since < now ? (double)(now - since) / 1e6 : 0.0),
	    whose(t, of, sizeof(of)), t->section,
	    lacking(t, lacks, sizeof(lacks)));
}

static void
begin_section(struct telling *t)
{
	char	 s[4096];

	t->section++;
	t->nifaces = 0;
	comment(t, s, sizeof(s));
	buf_writer(&t->b, t->body, sizeof(t->body));
	t->at = pcapng_begin(&t->b, s);
}

static void
end_section(struct telling *t)
{
	struct msg_event	 e;

	pcapng_end(&t->b, t->at);
	event_flow(&e, EVENT_EVIDENCE, t->alert->time_us, NULL);
	e.rows.p = t->body;
	e.rows.n = t->b.len;
	said_event(t->az, &e);
}

/* The number of an interface within the section, which may be new there. */
static unsigned
iface_in(struct telling *t, const struct heads_packet *p)
{
	char		 name[IFACE_NAME_MAX];
	unsigned	 i;

	for (i = 0; i < t->nifaces; i++)
		if (t->iface[i].id == p->iface && t->iface[i].dlt == p->dlt)
			return i;
	t->iface[i].id = p->iface;
	t->iface[i].dlt = p->dlt;
	t->nifaces++;
	vis_str(VIS_LOG, name, sizeof(name),
	    t->az->ifaces[p->iface].info.name);
	pcapng_iface(&t->b, p->dlt == PACKET_DLT_RAW12 ||
	    p->dlt == PACKET_DLT_RAW14 ? PACKET_DLT_RAW : p->dlt, name);
	return i;
}

static void
tell_packet(struct telling *t, const struct heads_packet *p)
{
	const size_t	 room = PCAPNG_PACKET(p->len) +
			    PCAPNG_PACKET(IFACE_NAME_MAX);

	if (buf_room(&t->b) < room || t->nifaces == SECTION_IFACES) {
		end_section(t);
		begin_section(t);
	}
	pcapng_packet(&t->b, iface_in(t, p), p->ts_us, p->p,
	    (uint32_t)p->len, p->wire);
}

/* Neither a rule that flaps nor many at once shall fill a disk. */
static bool
too_many(struct analyzer *az, unsigned number)
{
	uint64_t	*next = &az->evidence.next_us[(number - 1) %
			    CONF_LIST_MAX];

	if (az->now >= az->evidence.minute_us + MINUTE_US ||
	    az->evidence.minute_us == 0) {
		az->evidence.minute_us = az->now;
		az->evidence.in_minute = 0;
	}
	if (az->now < *next || az->evidence.in_minute == EVIDENCE_MINUTE)
		return true;
	*next = az->now + EVIDENCE_AGAIN_US;
	az->evidence.in_minute++;
	return false;
}

static void
count(struct tally *y, const struct telling *t)
{
	tally_add(y, TALLY_EVIDENCE_ALERTS, 1);
	tally_add(y, TALLY_EVIDENCE_PACKETS, t->found.packets);
	tally_add(y, TALLY_EVIDENCE_LEFT_OUT, t->found.left_out);
	if (t->found.since_us > t->want.from_us &&
	    t->az->evidence.heads.lost)
		tally_add(y, TALLY_EVIDENCE_SHORT, 1);
}

uint64_t
evidence_take(struct analyzer *az, const struct alert_event *e)
{
	struct heads_cursor	 at = { 0, 0 };
	struct heads_packet	 p;
	struct telling		*t;
	uint64_t		 n;

	if (!az->evidence.wanted)
		return 0;
	if (heads_keeps(&az->evidence.heads) && too_many(az, e->number)) {
		tally_add(&az->proc->tally, TALLY_EVIDENCE_LIMITED, 1);
		return 0;
	}
	if (!heads_keeps(&az->evidence.heads) ||
	    (t = calloc(1, sizeof(*t))) == NULL) {
		tally_add(&az->proc->tally, TALLY_EVIDENCE_NO_MEMORY, 1);
		return 0;
	}
	t->az = az;
	t->alert = e;
	choose(t);
	begin_section(t);
	while (heads_next(&az->evidence.heads, &at, &p))
		tell_packet(t, &p);
	end_section(t);
	count(&az->proc->tally, t);
	n = t->found.packets;
	free(t);
	return n;
}
