#include <netinet/in.h>

#include <string.h>

#include "analyzer/conn.h"
#include "analyzer/conv.h"
#include "analyzer/dns.h"
#include "analyzer/resolved.h"
#include "analyzer/side.h"
#include "analyzer/talkers.h"
#include "sandbox/compat.h"

#define SHARE		64	/* of the memory that conversations may hold */
#define UDP_HDR		8

/*
 * What is inside without a word: private, shared, link-local, loopback and
 * group addresses, and none (RFC 1918, 6598, 3927, 5771, 4193, 4291).
 */
static bool
is_local(const struct addr *a)
{
	const uint8_t	*b = a->b, *four = a->b + 12;

	if (!addr_is4(a))
		return (b[0] & 0xfe) == 0xfc || b[0] == 0xff ||
		    (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
		    addr_in(a, &(struct addr){ { 0 } }, 127);
	switch (four[0]) {
	case 0:
	case 10:
	case 127:
	case 255:
		return true;
	case 100:
		return (four[1] & 0xc0) == 64;
	case 169:
		return four[1] == 254;
	case 172:
		return (four[1] & 0xf0) == 16;
	case 192:
		return four[1] == 168;
	default:
		return (four[0] & 0xf0) == 224;
	}
}

static bool
is_inside(const struct conf *c, const struct addr *a)
{
	size_t	 i;

	for (i = 0; i < c->ninside; i++)
		if (addr_in(a, &c->inside[i].addr, c->inside[i].bits))
			return true;
	return is_local(a);
}

static void
meet(struct analyzer *az, struct meter_talk *t, const struct addr *client,
    const struct endpoint *server)
{
	const struct conf	*c = az->proc->conf;
	const char		*name;

	(void)side_hide(az, client, &t->client);
	t->port = server->port;
	if (is_inside(c, client))
		t->flags |= METER_CLIENT_INSIDE;
	if (is_inside(c, &server->addr))
		t->flags |= METER_SERVER_INSIDE;
	if (t->name_len > 0)
		return;
	t->server = server->addr;
	if (az->resolved != NULL && (name = resolved_find(az->resolved, client,
	    &server->addr, az->now, &t->name_len)) != NULL) {
		t->name = (const uint8_t *)name;
		t->flags |= METER_NAME_DNS;
		t->told = METER_TOLD_BY_DNS;
	}
}

/* Counted, for rules, too. flow: its id, or 0. */
static void
count(struct analyzer *az, const struct meter_talk *t,
    const struct addr *server, uint64_t flow, const struct packet_volume *v,
    bool first)
{
	struct alert_what	 w;

	meter_talk(az->meter, t, v, first);
	if (!alert_wants(az->alerts, METRIC_TRAFFIC))
		return;
	memset(&w, 0, sizeof(w));
	w.flow = flow;
	w.iface = "";
	w.client = &t->client;
	w.server = server;
	w.port = t->port;
	w.vlan = -1;
	alert_count(az->alerts, METRIC_TRAFFIC, &w, v->bytes[0] + v->bytes[1]);
}

void
talkers_volume(void *arg, struct flow *f, const struct packet_volume *v,
    bool *met)
{
	struct analyzer		*az = arg;
	struct meter_talk	 t = { .proto = IPPROTO_TCP };
	bool			 tls;

	if (conn_made_here(az, f))
		return;
	conn_name(az, f, &t.name, &t.name_len, &tls);
	if (t.name_len > 0)
		t.told = tls ? METER_TOLD_BY_TLS : METER_TOLD_BY_HTTP;
	meet(az, &t, &flow_near_client(f)->addr, flow_end(f, 1));
	count(az, &t, &flow_end(f, 1)->addr, flow_id(f), v, !*met);
	*met = true;
}

static void
on_conv(void *arg, const struct conv_told *c)
{
	struct analyzer		*az = arg;
	struct meter_talk	 t = { .proto = c->proto, .name = c->name,
				    .name_len = c->name_len };

	if (c->name_len > 0)
		t.told = METER_TOLD_BY_QUIC;
	meet(az, &t, &c->client.addr, &c->server);
	count(az, &t, &c->server.addr, 0, &c->volume, c->first);
}

/*
 * What a client was told for the names that it asked for: what nobody asked
 * for anybody can send.
 */
static void
hear_dns(struct analyzer *az, const struct packet *p)
{
	struct dns_answer	 a;
	unsigned		 i;

	if (p->l4_cap < UDP_HDR || !conv_asked(az->convs, p) ||
	    dns_parse(p->l4 + UDP_HDR, p->l4_cap - UDP_HDR, &a) == -1)
		return;
	if (az->resolved == NULL)
		az->resolved = resolved_new(&az->mem, &az->proc->seed,
		    az->mem.limit / SHARE);
	for (i = 0; az->resolved != NULL && i < a.naddrs; i++)
		resolved_put(az->resolved, &p->key.b.addr, &a.addr[i],
		    a.name, a.name_len, a.ttl[i], az->now);
}

void
talkers_packet(struct analyzer *az, const struct packet *p)
{
	if (az->proc->conf->stats.max_talkers == 0 || p->version == 0)
		return;
	if (az->convs == NULL)
		az->convs = conv_new(&az->mem, &az->proc->seed,
		    az->mem.limit / SHARE, on_conv, az);
	if (az->convs == NULL) {
		tally_add(&az->proc->tally, TALLY_TALK_SHED, 1);
		return;
	}
	if (!conv_packet(az->convs, p))
		tally_add(&az->proc->tally, TALLY_TALK_AGAIN, 1);
	if (p->proto == IPPROTO_UDP && p->key.a.port == DNS_PORT)
		hear_dns(az, p);
}

void
talkers_fragments(void *arg, const struct packet *p)
{
	talkers_packet(arg, p);
}

void
talkers_name(struct analyzer *az, const struct packet *p,
    const uint8_t *name, size_t len)
{
	if (az->convs != NULL)
		conv_name(az->convs, p, name, len);
}

void
talkers_conf(struct analyzer *az, const struct conf *c)
{
	if (c->stats.max_talkers > 0 &&
	    conf_analyzer_memory(c) >= az->mem.limit)
		return;
	talkers_tell(az);
	conv_free(az->convs);
	resolved_free(az->resolved);
	az->convs = NULL;
	az->resolved = NULL;
	az->convs_seen = az->resolved_seen = 0;
}

/* A table's count since the last look at it. */
static void
tally_since(struct analyzer *az, enum tally_id id, uint64_t now,
    uint64_t *seen)
{
	tally_add(&az->proc->tally, id, now - *seen);
	*seen = now;
}

void
talkers_tell(struct analyzer *az)
{
	flow_tell_volumes(az->flows);
	if (az->convs != NULL) {
		conv_tell(az->convs);
		tally_since(az, TALLY_TALK_FORGOTTEN,
		    conv_forgotten(az->convs), &az->convs_seen);
	}
	if (az->resolved != NULL)
		tally_since(az, TALLY_DNS_FORGOTTEN,
		    resolved_forgotten(az->resolved), &az->resolved_seen);
	meter_flush(az->meter);
}
