#include <stdio.h>

#include "analyzer/clock.h"
#include "analyzer/collect.h"
#include "analyzer/evidence.h"
#include "analyzer/intake.h"
#include "analyzer/out.h"
#include "analyzer/quicsaid.h"
#include "analyzer/save.h"
#include "analyzer/stream.h"
#include "analyzer/talkers.h"
#include "sandbox/crash.h"

#define AHEAD		16		/* packets parsed before their turn */
#define NEAR	(2U << 20)		/* bytes of sessions that a cache has */
#define MIRROR_HEARD	1024		/* frames, before packets */

struct ahead {
	struct packet	 p;
	enum packet_reason r;
	uint32_t	 cut;		/* bytes that were not captured */
	struct iface	*i;
	const uint8_t	*data;
	uint64_t	 number;
};

/* What was cut of a head cannot be told apart: all of it is missing. */
static void
bad_packet(struct analyzer *az, const struct packet *p, struct iface *i,
    enum packet_reason r, uint32_t cut)
{
	if (r == PACKET_SNAPLEN)
		i->unread += cut;
	/* Live, what has no IP is watched, too. */
	if (r == PACKET_DLT && az->offline)
		i->unread += p->wirelen;
	tally_add(&az->proc->tally, TALLY_PKT_BAD, 1);
	if (az->bad_example[r][0] == '\0')
		snprintf(az->bad_example[r], sizeof(az->bad_example[r]),
		    "%u bytes on %.32s", p->wirelen, i->info.name);
	if (r == PACKET_TUNNEL_DEPTH)
		tally_add(&az->proc->tally, TALLY_PKT_TOO_DEEP, 1);
}

static void
tcp_packet(struct analyzer *az, struct packet *p, struct iface *i)
{
	uint64_t	 payload, retrans;

	payload = flow_count(az->flows, FLOW_C_PAYLOAD);
	retrans = flow_count(az->flows, FLOW_C_RETRANS);
	switch (flow_packet(az->flows, p)) {
	case FLOW_AGAIN:
		i->again++;
		tally_add(&az->proc->tally, TALLY_PKT_SEEN_AGAIN, 1);
		break;
	case FLOW_NO_ROOM:
		i->shed++;
		break;
	default:
		i->segments++;
		break;
	}
	i->payload += flow_count(az->flows, FLOW_C_PAYLOAD) - payload;
	i->retrans += flow_count(az->flows, FLOW_C_RETRANS) - retrans;
}

_Static_assert(PACKET_TUNNEL_MAX == CONF_TUNNELS + 1, "and none");

/* Whether it is a tunnel that is not to be looked into. */
static bool
is_closed(const struct packet *p)
{
	return p->depth > 0 &&
	    p->closed & 1U << (p->tunnel[p->depth - 1] - 1);
}

static void
one_packet(struct analyzer *az, struct ahead *a)
{
	struct packet		*p = &a->p;
	struct iface		*i = a->i;
	enum packet_reason	 r = a->r;
	unsigned		 k;

	clock_packet(az, p);
	i->packets++;
	i->bytes += p->wirelen;
	i->touched = true;
	for (k = 0; k < p->depth && k < PACKET_DEPTH_MAX; k++)
		if (p->tunnel[k] < PACKET_TUNNEL_MAX)
			az->tunnels[p->tunnel[k]]++;
	if (heads_keeps(&az->evidence.heads) && !is_closed(p))
		evidence_packet(az, p, r, a->data);
	if (r == PACKET_FRAGMENT && (r = frag_put(az->frags, p)) != PACKET_OK)
		heads_own(&az->evidence.heads, 0);
	az->reasons[r]++;
	if (r == PACKET_OK)
		tcp_packet(az, p, i);
	else if (r == PACKET_NOT_TCP || r == PACKET_NOT_IP ||
	    r == PACKET_ENCRYPTED || r == PACKET_QUIC) {
		tally_add(&az->proc->tally, TALLY_PKT_NOT_TCP, 1);
		talkers_packet(az, p);
		if (r == PACKET_QUIC)
			quicsaid_packet(az, p);
	} else if (r != PACKET_FRAGMENT) {
		bad_packet(az, p, i, r, a->cut);
		talkers_packet(az, p);
	}
}

static int
parse_some(struct analyzer *az, struct buf *b, struct ahead *a,
    uint64_t number, uint32_t n)
{
	struct msg_packet	 m;
	uint32_t		 k;

	for (k = 0; k < n; k++) {
		if (msg_get_packet(b, &m) == -1)
			return -1;
		crash_mark(number + k);
		tally_add(&az->proc->tally, TALLY_PKT_SEEN, 1);
		tally_add(&az->proc->tally, TALLY_PKT_BYTES, m.wirelen);
		a[k].number = number + k;
		if ((a[k].i = state_iface(az, m.iface)) == NULL) {
			/* never announced: it cannot be parsed */
			meter_add(az->meter, NULL, MC_SHED, 1);
			continue;
		}
		a[k].p.ts_us = m.ts_us;
		a[k].p.iface = m.iface;
		a[k].p.wirelen = m.wirelen;
		a[k].p.dlt = (uint16_t)a[k].i->info.linktype;
		a[k].p.closed = a[k].i->closed;
		a[k].cut = m.caplen < m.wirelen ? m.wirelen - m.caplen : 0;
		if (a[k].cut > 0) {
			a[k].i->cut++;
			tally_add(&az->proc->tally, TALLY_PKT_TRUNCATED, 1);
		}
		a[k].data = m.data;
		a[k].r = packet_parse(&a[k].p, m.data, m.caplen);
		if (a[k].r == PACKET_OK)
			flow_expect(az->flows, &a[k].p);
	}
	return 0;
}

/* The memory that each packet will want, while others are parsed. */
static void
expect_some(const struct analyzer *az, const struct ahead *a, uint32_t n)
{
	const struct flow	*f[AHEAD];	/* perhaps theirs */
	bool			 read;
	unsigned		 depth;
	uint32_t		 k;

	if (flow_few(az->flows))
		return;
	for (k = 0; k < n; k++)
		f[k] = a[k].i == NULL || a[k].r != PACKET_OK ? NULL :
		    flow_expect_entry(az->flows, &a[k].p);
	for (k = 0; k < n; k++) {
		if (f[k] == NULL)
			continue;
		read = flow_expect_reader(az->flows, f[k], &a[k].p);
		if (!read && a[k].p.len > 0)
			meter_expect_client(az->meter, &a[k].p.key.a.addr);
		if (!read || a[k].p.len == 0)
			f[k] = NULL;
	}
	if (az->mem.pool[MEM_SESSIONS] <= NEAR)
		return;
	for (depth = 0; depth < FLOW_DEPTHS; depth++)
		for (k = 0; k < n; k++)
			if (f[k] != NULL)
				flow_expect_feed(az->flows, f[k], depth);
}

/* Numbers that are missing went down with a child or a link. */
static void
check_number(struct analyzer *az, uint64_t number, uint32_t count)
{
	uint64_t	 lost;

	if (az->number != 0 && number > az->number) {
		lost = number - az->number;
		tally_add(&az->proc->tally, TALLY_PKT_LOST_LINK, lost);
		meter_add(az->meter, NULL, MC_QUEUE_DROPS, lost);
		meter_add(az->meter, NULL, MC_LINK_LOST, lost);
		stream_missed(az, az->max_ts != 0 ? az->max_ts :
		    az->before_ts, az->mono + az->wall_off);
	}
	az->number = number + count;
}

/*
 * The mirror tells a connection before it makes it, but on a channel of its
 * own: what it told before these packets were sent is heard before they are.
 */
static void
hear_mirror(struct analyzer *az)
{
	const struct conf	*conf = az->proc->conf;
	struct chan		*ch = az->proc->chan[ROLE_MIRROR];
	size_t			 i;

	for (i = 0; i < conf->nmirrors; i++)
		if (conf->mirrors[i].has_forward)
			break;
	if (i < conf->nmirrors && ch != NULL)
		chan_receive(ch, MIRROR_HEARD);
}

int
analyzer_on_packets(struct chan *ch, struct frame *f, void *arg)
{
	struct proc	*p = arg;
	struct analyzer	*az = p->state;
	struct ahead	 a[AHEAD];
	uint64_t	 number;
	uint32_t	 count, n, k;

	(void)ch;
	number = buf_get_u64(&f->body);
	count = buf_get_u32(&f->body);
	buf_get_u32(&f->body);
	if (f->body.err)
		return -1;
	clock_anchor(az);
	clock_heard(az);
	hear_mirror(az);
	check_number(az, number, count);
	for (; count > 0; count -= n, number += n) {
		n = count < AHEAD ? count : AHEAD;
		if (parse_some(az, &f->body, a, number, n) == -1)
			return -1;
		expect_some(az, a, n);
		for (k = 0; k < n; k++) {
			crash_mark(a[k].number);
			if (a[k].i != NULL)
				one_packet(az, &a[k]);
		}
	}
	collect_all(az);
	/* A file is not read live: frames to the mirror are filled first. */
	if (!az->offline)
		out_flush(az);
	save_said(az);
	return buf_end(&f->body);
}
