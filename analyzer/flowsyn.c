#include "analyzer/flowfeed.h"
#include "analyzer/flowgone.h"
#include "analyzer/flowlife.h"
#include "analyzer/flowseen.h"
#include "analyzer/flowsyn.h"

/*
 * The SYN that was answered and acknowledged is answered with another number:
 * both sides of a SYN proxy come by here.
 */
static bool
proxied(const struct seg *s)
{
	return s->p->flags & PACKET_TCP_ACK && s->f->state != FLOW_SYN &&
	    s->h->flags & s->o->flags & HALF_SYN &&
	    s->o->flags & HALF_ACKED && s->p->ack == s->o->r.base;
}

/* A SYN for a half whose start is known already, or missed. */
static bool
odd_syn(struct seg *s)
{
	struct flow	*f = s->f;
	uint32_t	 isn = s->p->seq;
	bool		 ack = s->p->flags & PACKET_TCP_ACK;

	if ((f->state == FLOW_CLOSED || f->flags & FLOW_F_RST ||
	    (f->state == FLOW_SYN && !ack)) && !flowseg_answers(s))
		return flowseg_restart(s);
	if (proxied(s) || f->state == FLOW_CLOSED) {
		s->h->flags |= HALF_TWICE;
		s->t->count[FLOW_C_BAD_SYN]++;
		return false;
	}
	if (ack && f->flags & FLOW_F_RE << !s->dir &&
	    s->p->ack == f->other_seq[!s->dir] + 1)
		return flowseg_restart(s);
	f->other_seq[s->dir] = isn;
	f->flags &= (uint16_t)~(FLOW_F_OOW << s->dir);
	f->flags |= (uint16_t)(FLOW_F_RE << s->dir);
	s->t->count[FLOW_C_BAD_SYN]++;
	return false;
}

/* Of a SYN proxy's two numbers that of the home counts; also acknowledged. */
static bool
begin_here(struct seg *s)
{
	if (s->h->place != flowtab_place(s->t, s->p))
		return false;
	reass_init(&s->h->r, s->p->seq + 1);
	s->o->flags &= (uint16_t)~HALF_ACKED;
	return true;
}

/*
 * Of two answers to one SYN, as a bridge causes that sends it on twice, the
 * other one may be that of a connection behind NAT, whose tuple this then is.
 */
static bool
answers_twin(struct seg *s)
{
	struct flow_half	*h = s->h;
	uint8_t			*ttl = &s->f->ttl[s->dir];
	const uint32_t		 base = h->r.base;
	const uint16_t		 place = h->place;
	const uint8_t		 hops = *ttl;
	const uint16_t		 had = s->f->flags;

	if (!flowseg_answers(s) || h->bytes > 0)
		return false;
	h->r.base = s->p->seq + 1;
	h->place = flowtab_place(s->t, s->p);
	*ttl = s->p->ttl;
	flowseen_pair(s);
	if (s->f->state == FLOW_ALIAS || s->f->flags & ~had & FLOW_F_NAT)
		return true;
	h->r.base = base;
	h->place = place;
	*ttl = hops;
	return false;
}

/* Whether what is known of a half that missed its start is not near base. */
static bool
is_elsewhere(const struct flow_half *h, uint32_t base)
{
	int32_t	 d = reass_seq_diff(h->r.base, base);

	if (h->flags & HALF_SEEN)
		return d > FLOWSEG_NEAR || d < -FLOWSEG_NEAR;
	return h->flags & HALF_BASE && d != 0;
}

/*
 * After the end: a SYN of what has ended. Its home missed it, or has shown
 * nothing yet, as the other side of NAT was read first.
 */
static bool
known_end(const struct seg *s)
{
	const struct flow_half	*h = s->h;
	const bool		 ack = s->p->flags & PACKET_TCP_ACK;

	if (s->again && flowseg_answers(s))
		return true;
	return h->r.base == s->p->seq + 1 &&
	    h->flags & (HALF_SEEN | HALF_BASE) &&
	    (s->again || (s->dir == flowseg_client(s->f)) != ack);
}

/*
 * A client that acknowledged the answer to its SYN sends none again. Where one
 * comes that is no late copy, the whole connection is sent anew, as tcpreplay
 * does.
 */
static bool
replays(const struct seg *s)
{
	const uint64_t	 then = s->f->last_us;
	const uint64_t	 us = s->f->state == FLOW_CLOSED ?
	    FLOWGONE_AFTER_US : FLOW_LINGER_US;

	return !s->again && !(s->p->flags & PACKET_TCP_ACK) &&
	    s->f->state != FLOW_SYN && s->h->flags & HALF_ACKED &&
	    s->p->ts_us > then && s->p->ts_us - then > us;
}

/* Whether the half takes this SYN as its start; *known: it knew it. */
static bool
take_syn(struct seg *s, bool *known)
{
	struct flow_half	*h = s->h;
	uint32_t		 base = s->p->seq + 1;
	int64_t			 back;

	*known = false;
	if (h->flags & HALF_SYN) {
		if (h->r.base == base && replays(s))
			return flowseg_restart(s);
		if (h->r.base == base || answers_twin(s)) {
			*known = true;
			return true;
		}
		if (!flowseen_renumbers(s))
			return odd_syn(s);
		*known = !begin_here(s);
		return true;
	}
	if (s->f->state == FLOW_CLOSED) {
		*known = known_end(s);
		return *known || flowseg_restart(s);
	}
	if (is_elsewhere(h, base) && flowseen_renumbers(s)) {
		*known = !begin_here(s);
		return true;
	}
	if (h->flags & HALF_SEEN) {	/* data was shown before it */
		back = reass_seq_diff(h->r.base, base);
		if (back != 0 && (h->r.next != 0 || back < 0 ||
		    back > FLOWSEG_NEAR))
			return odd_syn(s);
		if (h->r.next == 0)
			reass_rebase(&h->r, base);
		return true;
	}
	reass_init(&h->r, base);
	return true;
}

static void
syn_times(struct seg *s)
{
	struct flow	*f = s->f;

	if (!(s->p->flags & PACKET_TCP_ACK)) {
		f->hs_us[0] = (uint32_t)s->p->ts_us;
		f->flags |= FLOW_F_HS0;
		return;
	}
	if (f->flags & FLOW_F_HS0) {
		f->flags &= (uint16_t)~FLOW_F_HS0;
		f->hs_us[0] = flowseg_since_low(s->p->ts_us, f->hs_us[0]);
		if (s->t->ops->rtt != NULL)
			s->t->ops->rtt(s->t->arg, f, 0, f->hs_us[0], true);
	}
	f->hs_us[1] = (uint32_t)s->p->ts_us;
	f->flags |= FLOW_F_HS1;
}

/* An answer may be read before it, on another interface. */
static void
begin_at_syn(struct seg *s)
{
	if (!(s->p->flags & PACKET_TCP_ACK) &&
	    !(s->f->flags & FLOW_F_OPENED) && s->p->ts_us < s->f->first_us)
		s->f->first_us = s->p->ts_us;
}

/* A SYN-ACK whose SYN was not seen tells where that began. */
static void
base_of_peer(struct seg *s)
{
	if (s->o->flags & (HALF_SEEN | HALF_BASE))
		return;
	reass_init(&s->o->r, s->p->ack);
	s->o->flags |= HALF_BASE;
}

static void
syn_ack(struct seg *s)
{
	flowfeed_settle_syn(s, !s->dir, s->p->ack == s->o->r.base);
	s->h->ack = s->p->ack;
	s->h->flags |= HALF_ACKED;
}

/* Bytes that came with a SYN wait until the peer accepts them. */
static void
syn_data(struct seg *s)
{
	struct flowlife_call	 c = { s->t, s->f, s->dir };
	const struct packet	*p = s->p;

	s->t->count[FLOW_C_SYN_DATA]++;
	if (s->f->read == NULL && !flowlife_store(s->t, s->f))
		return;
	if (!(p->flags & PACKET_TCP_ACK)) {
		if (s->o->flags & HALF_SEEN)
			return;
		s->h->flags |= HALF_SYN_DATA;
		s->h->r.flags |= REASS_HELD;
	}
	flowfeed_note_bytes(s, 0);
	(void)reass_data(&s->h->r, &s->t->env, &c, p->seq + 1, p->payload,
	    p->len, p->wire, p->ts_us, p->ack);
	flowlife_settle(s->t, s->f, p->ts_us);
	flowlife_watch(s->t, s->f, p->ts_us);
}

/*
 * A SYN-ACK must answer the SYN that was seen (RFC 9293, 3.10.7.3). After the
 * end it may come before the SYN of the next connection, from elsewhere.
 */
static bool
answers(const struct seg *s)
{
	int64_t	 a;

	if (!(s->p->flags & PACKET_TCP_ACK) || !(s->o->flags & HALF_SYN) ||
	    s->f->state == FLOW_CLOSED)
		return true;
	a = reass_seq_diff(s->p->ack, s->o->r.base);
	return a >= 0 && a <= FLOWSEG_NEAR;
}

/* As a mirror port shows it twice. */
static bool
just_sent(const struct seg *s)
{
	const struct flow	*f = s->f;

	if (s->p->ts_us - f->first_us < FLOWSEG_COPY_US)
		return true;
	return s->p->flags & PACKET_TCP_ACK && f->flags & FLOW_F_HS1 &&
	    (uint32_t)s->p->ts_us - f->hs_us[1] < FLOWSEG_COPY_US;
}

static void
syn_repeated(struct seg *s)
{
	if (s->again || s->f->state == FLOW_CLOSED)
		return;
	if ((s->f->ttl[s->dir] != 0 && s->p->ttl != s->f->ttl[s->dir]) ||
	    just_sent(s)) {
		flowseg_copy(s);
		return;
	}
	flowseg_bump(&s->h->retrans);
	s->t->count[FLOW_C_RETRANS]++;
	if (s->f->flags & (FLOW_F_HS0 | FLOW_F_HS1) &&
	    s->f->state == FLOW_SYN)
		syn_times(s);
}

/* A SYN that came late corrects what ports had suggested. */
static void
name_client(struct seg *s)
{
	struct flow	*f = s->f;
	int		 client;

	if (!(s->p->flags & PACKET_TCP_ACK))
		f->flags &= (uint16_t)~FLOW_F_MID;
	if (f->flags & FLOW_F_KNOWN)
		return;
	f->flags |= FLOW_F_KNOWN;
	client = s->p->flags & PACKET_TCP_ACK ? !s->dir : s->dir;
	if (client)
		f->flags |= FLOW_F_CLIENT1;
}

enum flow_verdict
flowsyn_take(struct seg *s)
{
	const struct packet	*p = s->p;
	bool			 known;

	if (!(p->flags & PACKET_TCP_ACK) && p->ack != 0 &&
	    !(s->f->flags & (FLOW_F_RE | FLOW_F_OOW) << !s->dir))
		s->f->other_seq[!s->dir] = p->ack + 1;	/* a SYN proxy's */
	if (!answers(s) && !(s->f->flags & FLOW_F_RE << !s->dir)) {
		s->t->count[FLOW_C_BAD_ACK]++;
		return FLOW_IGNORED;
	}
	if (!take_syn(s, &known))
		return FLOW_IGNORED;
	if (known) {
		syn_repeated(s);
		return s->again ? FLOW_AGAIN : FLOW_COUNTED;
	}
	if (!(s->h->flags & HALF_SYN) && s->h->r.base != p->seq + 1)
		reass_init(&s->h->r, p->seq + 1);	/* after a restart */
	s->h->flags |= HALF_SEEN | HALF_SYN;
	s->h->flags &= (uint16_t)~HALF_BASE;
	name_client(s);
	begin_at_syn(s);
	if (s->h->r.flags & REASS_HELD)
		flowlife_release(s->t, s->f);
	s->h->wscale = p->wscale;
	s->h->win = p->win;
	s->f->ttl[s->dir] = p->ttl;
	if (!s->again)
		syn_times(s);
	if (p->flags & PACKET_TCP_ACK)
		base_of_peer(s);
	if (s->o->flags & (HALF_SYN | HALF_BASE))
		flowseen_pair(s);
	else if (!(p->flags & PACKET_TCP_ACK))
		flowseen_proxy(s);
	if (p->flags & PACKET_TCP_ACK && s->f->state != FLOW_ALIAS &&
	    (p->win == 0 || !(s->o->flags & HALF_SYN)))
		flowseen_shut(s);
	if (s->f->state != FLOW_ALIAS) {
		if (p->flags & PACKET_TCP_ACK)
			syn_ack(s);
		if (p->wire > 0)
			syn_data(s);
	}
	return s->again ? FLOW_AGAIN : FLOW_COUNTED;
}

void
flowsyn_done(struct seg *s)
{
	struct flow	*f = s->f;

	f->state = FLOW_OPEN;
	if (s->h->flags & HALF_SYN && s->o->flags & HALF_BASE) {
		flowseen_pair(s);	/* the SYN-ACK was not seen */
		if (f->state == FLOW_ALIAS)
			return;
	}
	if (f->list == FLOWTAB_HALF)
		flowtab_list(s->t, f, flowlife_class(f));
	if (!(f->flags & FLOW_F_HS1) || s->dir != flowseg_client(f))
		return;
	f->flags &= (uint16_t)~FLOW_F_HS1;
	f->hs_us[1] = flowseg_since_low(s->p->ts_us, f->hs_us[1]);
	if (s->t->ops->rtt != NULL)
		s->t->ops->rtt(s->t->arg, f, 1, f->hs_us[1], true);
}

/* Data at the start that an odd SYN announced: it was a new connection. */
bool
flowsyn_confirm(struct seg *s)
{
	uint32_t	 isn = s->f->other_seq[s->dir];

	if (!(s->f->flags & FLOW_F_RE << s->dir) || s->p->wire == 0 ||
	    s->p->seq != isn + 1)
		return true;
	if (!flowseg_restart(s))
		return false;
	s->f->flags &= (uint16_t)~FLOW_F_MID;
	s->h->flags |= HALF_SEEN | HALF_SYN;
	reass_init(&s->h->r, isn + 1);
	return true;
}
