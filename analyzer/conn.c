#include <stdlib.h>
#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/said.h"
#include "analyzer/side.h"
#include "analyzer/stream.h"
#include "sandbox/compat.h"

#define OTHER_MAX	(256 * 1024)	/* bytes of an unknown protocol */

bool
conn_made_here(struct analyzer *az, const struct flow *f)
{
	struct flow_key	 key;

	if (!own_any(az->own))
		return false;
	flow_key(f, &key);
	return own_has(az->own, &key, flow_first_us(f));
}

/* Whether the services of the configuration leave this port out. */
static bool
not_served(const struct conf *conf, const struct flow *f)
{
	size_t	 i;

	for (i = 0; i < conf->nservices; i++)
		if (conf_ports_has(&conf->services[i].ports,
		    flow_end(f, 1)->port) ||
		    conf_ports_has(&conf->services[i].ports,
		    flow_end(f, 0)->port))
			return false;
	return conf->nservices > 0;
}

static void
set_place(struct conn *c)
{
	int32_t	 vlan[2];

	c->iface = flow_home(c->az->flows, c->flow, vlan);
	c->vlan[0] = (int16_t)vlan[0];
	c->vlan[1] = (int16_t)vlan[1];
}

static unsigned
how_met(const struct flow *f)
{
	unsigned	 how = 0;

	if (!flow_midstream(f))
		how |= SESSION_SYN_SEEN;
	if (flow_client_known(f))
		how |= SESSION_CLIENT_0;
	return how;
}

static void *
conn_open(void *arg, struct flow *f, uint64_t ts_us)
{
	struct analyzer	*az = arg;
	struct rule_flow rule;
	struct conn	*c;

	(void)ts_us;
	if (!mem_take(&az->mem, MEM_SESSIONS, sizeof(*c)))
		return NULL;
	if ((c = malloc(sizeof(*c))) == NULL) {
		mem_give(&az->mem, MEM_SESSIONS, sizeof(*c));
		return NULL;
	}
	*c = (struct conn){ 0 };
	c->az = az;
	c->flow = f;
	set_place(c);
	side_set(c);
	stream_find_mirrors(c);
	if (conn_made_here(az, f)) {
		c->own = true;
		c->ignored = true;
		c->mirrors = 0;
	} else {
		side_rule(c, &rule);
		c->ignored = not_served(az->proc->conf, f) ||
		    rule_ignores_flow(az->rules, &rule);
	}
	if (c->ignored && c->mirrors == 0)
		return c;
	c->session = session_new(az->sconf, c, &az->mem, how_met(f));
	if (c->session == NULL) {
		mem_give(&az->mem, MEM_SESSIONS, sizeof(*c));
		free(c);
		return NULL;
	}
	if (c->mirrors != 0)
		stream_open(c, flow_midstream(f) ? STREAM_MIDSTREAM : 0);
	return c;
}

/* Nobody wants to know more of this connection. */
static bool
finished(const struct conn *c)
{
	enum session_proto	 p;

	if (c->session == NULL)
		return true;
	if (c->mirrors != 0 && c->streaming)
		return false;
	p = session_proto(c->session);
	if (p == SESSION_OTHER)		/* it may still turn to HTTP or TLS */
		return c->offset[0] + c->offset[1] > OTHER_MAX &&
		    session_settled(c->session);
	return p == SESSION_WEBSOCKET || p == SESSION_UPGRADED ||
	    (p == SESSION_HTTP2 && session_over(c->session));
}

static enum flow_want
wanted(struct conn *c)
{
	if (!finished(c))
		return FLOW_WANT;
	stream_skip(c);
	return FLOW_SKIP;
}

static enum flow_want
conn_data(void *reader, int dir, uint64_t off, const uint8_t *p, size_t len,
    uint64_t ts_us, uint64_t acked)
{
	struct conn	*c = reader;
	unsigned	 d = (unsigned)dir;

	if (c->session == NULL)
		return wanted(c);
	meter_expect(c->az->meter, &c->cache);
	stream_look_again(c);
	if (acked != UINT64_MAX)
		session_acked(c->session, d, acked);
	session_data(c->session, d, off, p, len, ts_us);
	/* A gap before all that was read was nobody's yet. */
	if (c->mirrors != 0 && off > c->offset[d])
		stream_gap(c, d, c->offset[d], off - c->offset[d], false);
	if (c->mirrors != 0)
		stream_data(c, d, off, p, len);
	c->offset[d] = off + len;
	return wanted(c);
}

static enum flow_want
conn_gap(void *reader, int dir, uint64_t off, uint64_t len, uint64_t ts_us,
    enum reass_why why)
{
	struct conn	*c = reader;
	unsigned	 d = (unsigned)dir;

	if (c->session == NULL)
		return wanted(c);
	stream_look_again(c);
	session_gap(c->session, d, off, len, ts_us);
	if (c->mirrors != 0)
		stream_gap(c, d, off, len, why == REASS_WHY_CUT);
	c->offset[d] = off + len;
	return wanted(c);
}

static const enum session_how session_hows[] = {
	[FLOW_EOF_FIN]		= SESSION_FIN,
	[FLOW_EOF_RST]		= SESSION_RST,
	[FLOW_EOF_TIMEOUT]	= SESSION_IDLE,
	[FLOW_EOF_SHED]		= SESSION_END,
	[FLOW_EOF_REUSE]	= SESSION_END,
};
static const enum stream_reason stream_reasons[] = {
	[FLOW_EOF_FIN]		= STREAM_FIN,
	[FLOW_EOF_RST]		= STREAM_RST,
	[FLOW_EOF_TIMEOUT]	= STREAM_IDLE,
	[FLOW_EOF_SHED]		= STREAM_SHED,
	[FLOW_EOF_REUSE]	= STREAM_EOF,
};

static void
conn_eof(void *reader, int dir, enum flow_how how, uint64_t ts_us)
{
	struct conn	*c = reader;

	if (c->session != NULL)
		session_eof(c->session, (unsigned)dir, session_hows[how],
		    ts_us);
	if (how != FLOW_EOF_FIN)
		stream_close(c, stream_reasons[how]);
}

/* For show flows: the flow stays a while, its reader does not. */
static void
remember(const struct conn *c)
{
	struct ended	*e;

	if (c->session == NULL ||
	    (e = ended_put(&c->az->closed, flow_id(c->flow))) == NULL)
		return;
	e->proto = conn_proto(c);
	e->requests = c->requests;
	e->hand = c->hand;
	e->cert = c->cert;
	e->host_len = c->host_len;
	memcpy(e->host, c->host, c->host_len);
}

static void
conn_free(void *reader)
{
	struct conn		*c = reader;
	struct analyzer		*az = c->az;
	struct flow_info	 info;

	stream_forget(c);
	if (c->name_token != 0) {
		flow_info(az->flows, c->flow, &info);
		meter_tls_bytes(az->meter, &c->cache, &c->client.addr,
		    c->name_token, info.half[0].bytes + info.half[1].bytes);
	}
	az->last_id = flow_id(c->flow);
	az->last_tx = c->tx;
	az->last_proto = conn_proto(c);
	remember(c);
	session_free(c->session);
	tags_free(c->tags, &az->mem);
	mem_give(&az->mem, MEM_SESSIONS, sizeof(*c));
	free(c);
}

static void
conn_expect(const void *reader, unsigned depth)
{
	const struct conn	*c = reader;

	if (depth == 0)
		compat_prefetch_all(c, sizeof(*c));
	else if (c->session != NULL)
		session_expect(c->session, depth - 1);
}

const struct flow_feed conn_feed = {
	.open	= conn_open,
	.data	= conn_data,
	.gap	= conn_gap,
	.eof	= conn_eof,
	.free	= conn_free,
	.expect	= conn_expect,
};

/* ---- for show flows ---- */

const char *
conn_proto(const void *reader)
{
	const struct conn	*c = reader;

	if (c == NULL || c->session == NULL)
		return "";
	return session_proto_name(session_proto(c->session));
}

/* As it will be told when nothing disproves the reset. */
static unsigned
hand_of(const struct conn *c, const struct flow_info *f)
{
	struct session_tls	 t = { .by_client = f->half[0].reset };

	if (c->hand != SIDE_NO_HAND || c->ignored || c->session == NULL ||
	    f->one_sided || f->half[0].reset == f->half[1].reset)
		return c->hand;
	t.fail = session_reset_fails(c->session, &t.by_client);
	return t.fail == SESSION_TLS_NONE ? SIDE_NO_HAND :
	    SIDE_FAILED + meter_fail_slot(&t);
}

void
conn_said(const struct analyzer *az, const struct flow_info *f,
    struct conn_said *s)
{
	const struct conn	*c = f->reader;
	const struct ended	*e;

	*s = (struct conn_said){ "", (const uint8_t *)"", 0, 0,
	    SIDE_NO_HAND, CERT_NONE };
	if (c != NULL)
		*s = (struct conn_said){ conn_proto(c), c->host, c->host_len,
		    c->requests, hand_of(c, f), c->cert };
	else if ((e = ended_find(&az->closed, f->id)) != NULL)
		*s = (struct conn_said){ e->proto, e->host, e->host_len,
		    e->requests, e->hand, e->cert };
}

void
conn_name(const struct analyzer *az, const struct flow *f,
    const uint8_t **name, size_t *len, bool *tls)
{
	const struct conn	*c = flow_reader(f);
	const struct ended	*e;
	const char		*proto = "";

	*len = 0;
	if (c != NULL) {
		*name = c->host;
		*len = c->host_len;
		proto = conn_proto(c);
	} else if ((e = ended_find(&az->closed, flow_id(f))) != NULL) {
		*name = e->host;
		*len = e->host_len;
		proto = e->proto;
	}
	*tls = strcmp(proto, "tls") == 0;
}

uint64_t
conn_waiting(const void *reader, uint64_t *since_us)
{
	const struct conn	*c = reader;

	if (c == NULL || c->session == NULL || c->ignored)
		return 0;
	return session_waiting(c->session, since_us);
}

uint64_t
conn_under_way(const void *reader)
{
	const struct conn	*c = reader;

	if (c == NULL || c->session == NULL || c->ignored)
		return 0;
	return session_under_way(c->session);
}

bool
conn_settled(const void *reader)
{
	const struct conn	*c = reader;

	return c == NULL || c->session == NULL || session_settled(c->session);
}

bool
conn_ignored(const void *reader)
{
	const struct conn	*c = reader;

	return c != NULL && c->ignored;
}

bool
conn_own(const void *reader)
{
	const struct conn	*c = reader;

	return c != NULL && c->own;
}
