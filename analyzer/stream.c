#include <string.h>

#include "analyzer/stream.h"
#include "sandbox/compat.h"

static void
put_stream(struct analyzer *az, const struct msg_stream *m)
{
	uint32_t	 lost;

	if ((lost = event_put_stream(az->streams, m)) > 0)
		tally_add(&az->proc->tally, TALLY_STREAM_DROPPED, lost);
}

static uint8_t
stream_dir(const struct conn *c, unsigned dir)
{
	return dir == c->server_dir ? STREAM_TO_OBSERVED :
	    STREAM_FROM_OBSERVED;
}

/* Whether any mirror takes this direction; else it is not sent at all. */
static bool
dir_wanted(const struct conn *c, unsigned dir)
{
	return c->mirror_dirs >> stream_dir(c, dir) & 1;
}

static void
stream_head(const struct conn *c, struct msg_stream *m, uint8_t kind)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	m->id = flow_id(c->flow);
	m->ts_us = c->az->ts;
	m->vlan = c->vlan[0];
}

/* ---- a mirror that does not keep up ---- */

static bool
is_linked(const struct analyzer *az)
{
	return az->proc->linked[ROLE_MIRROR];
}

static bool
is_behind(struct analyzer *az)
{
	if (az->behind.since_us == 0 && !az->offline && is_linked(az) &&
	    !chan_ready(az->proc->chan[ROLE_MIRROR]))
		az->behind.since_us = az->ts;
	return az->behind.since_us != 0;
}

static void
leave_out(struct left_out *o, uint64_t mirrors)
{
	unsigned	 i;

	o->mirrors |= mirrors;
	for (i = 0; i < CONF_MIRRORS_MAX; i++)
		o->n[i] += mirrors >> i & 1;
}

/* A part of this connection, if not all, is lost to mirror. */
static void
shed(struct conn *c)
{
	if (!c->shed)
		tally_add(&c->az->proc->tally, TALLY_STREAM_DROPPED, 1);
	c->shed = true;
	c->az->behind.out.mirrors |= c->mirrors;
}

void
stream_lost(struct analyzer *az, uint64_t since_us)
{
	if (az->offline || !is_linked(az))
		return;
	if (az->behind.since_us == 0)
		az->behind.since_us = since_us;
	az->behind.lost = true;
}

/* ---- connections ---- */

void
stream_open(struct conn *c, uint8_t flags)
{
	struct msg_stream	 m;

	if (!c->streaming)
		TAILQ_INSERT_TAIL(&c->az->mirrored, c, entry);
	c->streaming = true;
	if (is_behind(c->az)) {
		if (!c->shed)
			leave_out(&c->az->behind.out, c->mirrors);
		shed(c);
		return;
	}
	c->shed = false;
	stream_head(c, &m, STREAM_OPEN);
	m.dir = STREAM_UNKNOWN;
	m.flags = c->unread ? flags | STREAM_UNREAD : flags;
	m.client = *flow_end(c->flow, c->server_dir);
	m.server = *flow_end(c->flow, !c->server_dir);
	compat_strlcpy(m.iface, side_iface_name(c->az, c->iface),
	    sizeof(m.iface));
	put_stream(c->az, &m);
}

static void
put_close(struct conn *c, enum stream_reason why)
{
	struct msg_stream	 m;

	stream_head(c, &m, STREAM_CLOSE);
	m.dir = STREAM_UNKNOWN;
	m.value = why;
	put_stream(c->az, &m);
}

void
stream_close(struct conn *c, enum stream_reason why)
{
	if (!c->streaming)
		return;
	if (!c->shed)
		put_close(c, why);
	c->streaming = false;
	TAILQ_REMOVE(&c->az->mirrored, c, entry);
	if (c->unread)
		TAILQ_INSERT_TAIL(&c->az->skipped, c, entry);
}

void
stream_skip(struct conn *c)
{
	if (c->unread || c->own)
		return;
	c->unread = true;
	TAILQ_INSERT_TAIL(&c->az->skipped, c, entry);
}

void
stream_forget(struct conn *c)
{
	stream_close(c, STREAM_FIN);
	if (c->unread)
		TAILQ_REMOVE(&c->az->skipped, c, entry);
}

/* While mirror is away, or until it has caught up, the stream pauses. */
static bool
stream_full(struct conn *c, uint64_t bytes)
{
	struct analyzer	*az = c->az;
	bool		 linked = is_linked(az);

	if (az->offline || (linked && !c->shed && !is_behind(az)))
		return false;
	tally_add(&az->proc->tally, TALLY_STREAM_DROPPED_BYTES, bytes);
	if (linked && !c->shed) {
		put_close(c, STREAM_BEHIND);
		shed(c);
	}
	return true;
}

void
stream_data(struct conn *c, unsigned dir, uint64_t off, const uint8_t *p,
    size_t len)
{
	struct msg_stream	 m;
	size_t			 n;

	if (!dir_wanted(c, dir))
		return;
	if (!c->streaming) {
		tally_add(&c->az->proc->tally, TALLY_STREAM_DROPPED_BYTES,
		    len);
		return;
	}
	if (stream_full(c, len))
		return;
	stream_head(c, &m, STREAM_DATA);
	m.dir = stream_dir(c, dir);
	for (; len > 0; off += n, p += n, len -= n) {
		n = len < EVENT_BATCH ? len : EVENT_BATCH;
		m.offset = off;
		m.data = p;
		m.len = n;
		put_stream(c->az, &m);
	}
}

void
stream_gap(struct conn *c, unsigned dir, uint64_t off, uint64_t len,
    bool cut)
{
	struct msg_stream	 m;

	if (!c->streaming || !dir_wanted(c, dir) || stream_full(c, 0))
		return;
	stream_head(c, &m, STREAM_GAP);
	m.dir = stream_dir(c, dir);
	m.flags = cut ? STREAM_TRUNCATED : 0;
	m.offset = off;
	m.value = len;
	put_stream(c->az, &m);
}

/* Of no connection. */
static void
all_head(struct msg_stream *m, uint8_t kind, uint64_t ts_us)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	m->dir = STREAM_UNKNOWN;
	m->ts_us = ts_us;
}

static void
tell_missed(struct analyzer *az)
{
	struct msg_stream	 m;

	if (az->missed.to_us == 0 || !is_linked(az))
		return;
	all_head(&m, STREAM_GAP, az->missed.from_us);
	m.value = az->missed.to_us;
	memset(&az->missed, 0, sizeof(az->missed));
	put_stream(az, &m);
}

void
stream_missed(struct analyzer *az, uint64_t from_us, uint64_t to_us)
{
	if (az->offline || az->proc->conf->nmirrors == 0)
		return;
	if (from_us > to_us)
		from_us = to_us;
	if (az->missed.to_us == 0 || from_us < az->missed.from_us)
		az->missed.from_us = from_us;
	if (to_us > az->missed.to_us)
		az->missed.to_us = to_us;
	tell_missed(az);
}

/* Of the mirror at i. */
static void
put_left_out(struct analyzer *az, size_t i, uint64_t since_us,
    uint64_t connections)
{
	struct msg_stream	 m;

	all_head(&m, STREAM_GAP, since_us);
	m.id = i + 1;
	m.flags = STREAM_QUEUE;
	m.offset = connections;
	m.value = az->max_ts > az->ts ? az->max_ts : az->ts;
	put_stream(az, &m);
}

static size_t
count_mirrors(const struct analyzer *az)
{
	size_t	 n = az->proc->conf->nmirrors;

	return n < CONF_MIRRORS_MAX ? n : CONF_MIRRORS_MAX;
}

/* How many connections a mirror, at i, saw nothing of. */
static uint64_t
unseen(const struct analyzer *az, size_t i)
{
	uint64_t	 n = az->behind.out.n[i];

	if (az->behind.lost || (n == 0 && az->behind.out.mirrors >> i & 1))
		return STREAM_SOME;
	return n;
}

static void
put_caught_up(struct analyzer *az)
{
	struct msg_stream	 m;
	size_t			 i;

	if (az->behind.lost) {
		all_head(&m, STREAM_CLOSE, az->behind.since_us);
		m.value = STREAM_BEHIND;
		put_stream(az, &m);
	}
	for (i = 0; i < count_mirrors(az); i++)
		put_left_out(az, i, az->behind.since_us, unseen(az, i));
}

void
stream_resume(struct analyzer *az)
{
	struct conn	*c;
	bool		 all = az->behind.lost;

	if (az->behind.since_us == 0 || !is_linked(az))
		return;
	put_caught_up(az);
	memset(&az->behind, 0, sizeof(az->behind));
	TAILQ_FOREACH(c, &az->mirrored, entry)
		if (c->shed || all)
			stream_open(c, STREAM_MIDSTREAM);
}

void
stream_tick(struct analyzer *az)
{
	if (chan_queued(az->proc->chan[ROLE_MIRROR]) == 0)
		stream_resume(az);
}

void
stream_mark(void *arg, unsigned dir, uint64_t offset, enum session_mark mark,
    uint64_t id)
{
	struct conn		*c = arg;
	struct msg_stream	 m;

	if (!c->streaming || !dir_wanted(c, dir) || stream_full(c, 0))
		return;
	stream_head(c, &m, STREAM_MARK);
	m.dir = stream_dir(c, dir);
	m.offset = offset;
	m.value = id;
	switch (mark) {
	case SESSION_MARK_HEAD:
		m.mark = session_client(c->session) == (int)dir ?
		    MARK_REQUEST_HEAD : MARK_RESPONSE_HEAD;
		break;
	case SESSION_MARK_HEAD_END:
		m.mark = MARK_HEAD_END;
		break;
	case SESSION_MARK_END:
		m.mark = MARK_MESSAGE_END;
		break;
	case SESSION_MARK_TRAILER:
		m.mark = MARK_TRAILER;
		break;
	case SESSION_MARK_OPAQUE:
		m.mark = MARK_OPAQUE;
		break;
	default:
		m.mark = MARK_LOST;
		break;
	}
	put_stream(c->az, &m);
}

/* Whether a mirror that observes it wants to know what is answered. */
static bool
is_compared(const struct conn *c)
{
	const struct conf	*conf = c->az->proc->conf;
	uint64_t		 mirrors = c->mirrors;
	size_t			 i;

	for (i = 0; mirrors != 0 && i < conf->nmirrors; i++, mirrors >>= 1)
		if (mirrors & 1 && conf->mirrors[i].compare)
			return true;
	return false;
}

static enum stream_answer
answer_of(const struct session_tx *x)
{
	if (x->flags & SESSION_TX_AMBIGUOUS)
		return ANSWER_AMBIGUOUS;
	if (x->pair == SESSION_BY_GAP || x->flags & SESSION_TX_GAP)
		return ANSWER_GAP;
	if (x->pair != SESSION_PAIRED)
		return ANSWER_NONE;
	/* To h2c: its answer is in HTTP/2. */
	if (x->flags & SESSION_TX_UPGRADED && x->status != 101)
		return ANSWER_OTHER;
	if (x->flags & SESSION_TX_RESP_OPEN)
		return ANSWER_CUT;
	/* One that was seen first has no end yet when it is told. */
	return x->flags & SESSION_TX_REQ_OPEN &&
	    (x->flags & SESSION_TX_LATE) == 0 ? ANSWER_EARLY : ANSWER_WHOLE;
}

void
stream_answer(struct conn *c, const struct session_tx *x)
{
	struct msg_stream	 m;

	if (!c->streaming || x->id == 0 || x->minor == HTTP_TWO_0 ||
	    !is_compared(c) || stream_full(c, 0))
		return;
	stream_head(c, &m, STREAM_ANSWER);
	m.dir = STREAM_FROM_OBSERVED;
	m.value = x->id;
	m.answer = (uint8_t)answer_of(x);
	m.status = x->status;
	m.offset = x->resp_body;
	m.wait_us = UINT64_MAX;
	if (x->req_us != 0 && x->resp_us >= x->req_us)
		m.wait_us = x->resp_us - x->req_us;
	put_stream(c->az, &m);
}

static uint8_t
dirs_of(const struct conf_mirror *m)
{
	static const uint8_t	 bits[] = {
		[DIR_REQUESTS]	= 1 << STREAM_TO_OBSERVED,
		[DIR_RESPONSES]	= 1 << STREAM_FROM_OBSERVED,
		[DIR_BOTH]	= 1 << STREAM_TO_OBSERVED |
		    1 << STREAM_FROM_OBSERVED,
	};
	uint8_t			 r;

	r = m->has_forward ? bits[m->forward_dir] : 0;
	if (m->has_record || m->record_hook[0] != '\0')
		r |= bits[m->record_dir];
	return r;
}

enum server { SERVER_FIRST, SERVER_SECOND, SERVER_ANY };

/*
 * The mirrors that observe a connection, of which server is known, and whether
 * its first end.
 */
static uint64_t
observers(const struct conf *conf, const struct flow *f, enum server server,
    bool *first)
{
	const uint16_t	 a = flow_end(f, 0)->port, b = flow_end(f, 1)->port;
	uint64_t	 to_b = 0, to_a = 0;
	size_t		 i;

	for (i = 0; i < conf->nmirrors && i < CONF_MIRRORS_MAX; i++) {
		if (server != SERVER_FIRST &&
		    conf_ports_has(&conf->mirrors[i].observe, b))
			to_b |= 1ULL << i;
		if (server != SERVER_SECOND &&
		    conf_ports_has(&conf->mirrors[i].observe, a))
			to_a |= 1ULL << i;
	}
	*first = to_b == 0 && to_a != 0;
	return *first ? to_a : to_b;
}

/* Content may have told it when the ends had their places already. */
static enum server
server_of(const struct conn *c)
{
	if (!flow_client_known(c->flow))
		return SERVER_ANY;
	return c->swapped ? SERVER_FIRST : SERVER_SECOND;
}

/* Which mirrors observe this connection, and which side they observe. */
void
stream_find_mirrors(struct conn *c)
{
	const struct conf	*conf = c->az->proc->conf;
	bool			 first;
	size_t			 i;

	c->mirrors_epoch = c->az->mirrors_epoch;
	if (conf->nmirrors == 0 && c->mirrors == 0)
		return;
	c->mirrors = observers(conf, c->flow, server_of(c), &first);
	c->server_dir = first;
	c->mirror_dirs = 0;
	for (i = 0; i < conf->nmirrors && i < CONF_MIRRORS_MAX; i++)
		if (c->mirrors >> i & 1)
			c->mirror_dirs |= dirs_of(&conf->mirrors[i]);
}

void
stream_unread(struct analyzer *az, const struct flow *f)
{
	uint64_t	 mirrors;
	bool		 first;

	mirrors = observers(az->proc->conf, f, flow_client_known(f) ?
	    SERVER_SECOND : SERVER_ANY, &first);
	if (mirrors == 0)
		return;
	if (az->unread.out.mirrors == 0)
		az->unread.since_us = az->ts;
	leave_out(&az->unread.out, mirrors);
}

/* Mirror takes it for the end of what it was too slow for: not before. */
void
stream_tell_unread(struct analyzer *az)
{
	size_t	 i;

	if (az->unread.out.mirrors == 0 || az->behind.since_us != 0 ||
	    (!az->offline && !is_linked(az)))
		return;
	for (i = 0; i < count_mirrors(az); i++)
		if (az->unread.out.n[i] > 0)
			put_left_out(az, i, az->unread.since_us,
			    az->unread.out.n[i]);
	memset(&az->unread, 0, sizeof(az->unread));
}

void
stream_reopen_all(struct analyzer *az)
{
	struct conn	*c;

	memset(&az->behind, 0, sizeof(az->behind));
	tell_missed(az);
	TAILQ_FOREACH(c, &az->mirrored, entry)
		stream_open(c, STREAM_MIDSTREAM);
}

/* What is kept by their places in the old configuration. */
static void
move(struct left_out *o, const struct conf *old, const struct conf *new)
{
	struct left_out	 was = *o;
	size_t		 i, k;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < new->nmirrors && i < CONF_MIRRORS_MAX; i++)
		for (k = 0; k < old->nmirrors && k < CONF_MIRRORS_MAX; k++)
			if (strcmp(new->mirrors[i].name,
			    old->mirrors[k].name) == 0) {
				o->mirrors |= (was.mirrors >> k & 1) << i;
				o->n[i] = was.n[k];
			}
}

/* It stays open, so that whoever observes it next is told, too. */
static void
tell_skipped(struct analyzer *az)
{
	struct conn	*c, *next;

	TAILQ_FOREACH_SAFE(c, &az->skipped, entry, next) {
		stream_find_mirrors(c);
		if (c->mirrors == 0)
			continue;
		TAILQ_REMOVE(&az->skipped, c, entry);
		stream_open(c, STREAM_MIDSTREAM | STREAM_LATE);
	}
}

void
stream_new_mirrors(struct analyzer *az, const struct conf *old)
{
	struct conn	*c, *next;
	uint8_t		 was;

	az->mirrors_epoch++;
	move(&az->behind.out, old, az->proc->conf);
	move(&az->unread.out, old, az->proc->conf);
	TAILQ_FOREACH_SAFE(c, &az->mirrored, entry, next) {
		was = c->server_dir;
		stream_find_mirrors(c);
		if (c->mirrors == 0)
			stream_close(c, STREAM_EOF);
		else if (c->server_dir != was && !stream_full(c, 0))
			stream_open(c, STREAM_MIDSTREAM);
	}
	tell_skipped(az);
}

void
stream_take_up(struct conn *c)
{
	c->mirrors_epoch = c->az->mirrors_epoch;
	if (c->own || c->streaming)
		return;
	stream_find_mirrors(c);
	if (c->mirrors != 0)
		stream_open(c, STREAM_MIDSTREAM | STREAM_LATE);
}
