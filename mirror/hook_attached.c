#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror/hook_attached.h"
#include "sandbox/answer.h"
#include "sandbox/chan.h"
#include "sandbox/compat.h"
#include "sandbox/hookmsg.h"
#include "sandbox/log.h"
#include "sandbox/vis.h"

struct waiting {
	TAILQ_ENTRY(waiting) entry;
	struct provider_item item;
	struct endpoint	 from;
	struct endpoint	 to;
	uint64_t	 seq;		/* of a chunk; 0: not asked */
	uint64_t	 since_us;
	bool		 judged;
	uint8_t		 verdict;	/* enum hook_verdict */
	const uint8_t	*answer;	/* malloc'd, with HOOK_CHANGED */
	size_t		 answer_len;
	uint8_t		 data[];
};

TAILQ_HEAD(waitings, waiting);

struct provider {
	struct provider_conf conf;
	uint64_t	 queued;	/* bytes */
	struct waitings	 queue;
	struct chan	*chan;
	struct chan	*gone;		/* freed at a tick, when all is sent */
	uint64_t	 seq;
	uint64_t	 now_us;
	char		 name[CONF_NAME_MAX];
};

struct provider *
provider_new(const struct provider_conf *conf)
{
	struct provider	*p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->conf = *conf;
	compat_strlcpy(p->name, conf->name, sizeof(p->name));
	p->conf.name = p->name;
	TAILQ_INIT(&p->queue);
	return p;
}

/* An item's place costs memory, too; the channel's frame is smaller. */
static uint64_t
charge(const struct provider_item *item)
{
	return sizeof(struct waiting) + item->chunk.len;
}

/* ---- out of the queue ---- */

static void
finish(struct provider *p, struct waiting *w)
{
	struct provider_item	 item = w->item;

	TAILQ_REMOVE(&p->queue, w, entry);
	p->queued -= charge(&w->item);
	if (w->verdict == HOOK_CHANGED) {
		item.chunk.data = w->answer;
		item.chunk.len = w->answer_len;
	}
	p->conf.done(p->conf.arg, &item, (enum hook_verdict)w->verdict);
	free((void *)(uintptr_t)w->answer);
	free(w);
}

/* What stands at the front and is judged goes on. */
static void
advance(struct provider *p)
{
	struct waiting	*w;

	while ((w = TAILQ_FIRST(&p->queue)) != NULL && w->judged)
		finish(p, w);
}

void
provider_give_up(struct provider *p)
{
	struct waiting	*w;

	TAILQ_FOREACH(w, &p->queue, entry)
		if (!w->judged) {
			w->judged = true;
			w->verdict = HOOK_FAIL;
		}
	advance(p);
}

/* ---- the connection ---- */

/* It may be the one that calls us: freed at a later tick. */
static void
let_go(struct provider *p)
{
	chan_free(p->gone);
	p->gone = p->chan;
	p->chan = NULL;
	chan_pause(p->gone);
	chan_forget(p->gone);
	provider_give_up(p);
}

static void
detach(struct provider *p, const char *why)
{
	char	 s[256];

	if (p->chan == NULL)
		return;
	log_warnx("hook %s: %s; nothing passes it until one is attached",
	    p->name, vis_str(VIS_LOG, s, sizeof(s), why));
	let_go(p);
}

/* It is told, so that it does not come back and displace the new one. */
static void
displace(struct provider *p)
{
	log_notice("hook %s: another program comes in place of the one that "
	    "was attached", p->name);
	let_go(p);
	answer_error(p->gone, 0, 1, "hook %s: another program "
	    "was attached in place of this one", p->name);
}

static void
on_fault(struct chan *ch, enum chan_fault fault, const char *why, void *arg)
{
	struct provider	*p = arg;

	(void)fault;
	if (ch == p->chan)
		detach(p, why);
	else
		chan_forget(ch);
}

static struct waiting *
find(struct provider *p, uint64_t seq)
{
	struct waiting	*w;

	TAILQ_FOREACH(w, &p->queue, entry)
		if (w->seq == seq)
			return w;
	return NULL;
}

/* Answers must come in order: no chunk before this one may be open. */
static bool
in_order(struct provider *p, const struct waiting *upto)
{
	struct waiting	*w;

	TAILQ_FOREACH(w, &p->queue, entry) {
		if (w == upto)
			return true;
		if (!w->judged)
			return false;
	}
	return false;
}

static void
judge(struct waiting *w, uint8_t verdict, const uint8_t *data, size_t len)
{
	static const uint8_t	 map[] = {
		[HOOKMSG_KEEP]		= HOOK_KEEP,
		[HOOKMSG_NEW_DATA]	= HOOK_CHANGED,
		[HOOKMSG_DROP]		= HOOK_DROP,
		[HOOKMSG_ABORT]		= HOOK_FAIL,
		[HOOKMSG_BROKEN]	= HOOK_FAIL,
	};
	uint8_t			*copy;

	w->judged = true;
	w->verdict = map[verdict];
	if (w->verdict != HOOK_CHANGED)
		return;
	if (len == 0) {
		w->verdict = HOOK_DROP;
		return;
	}
	if ((copy = malloc(len)) == NULL) {
		w->verdict = HOOK_FAIL;
		return;
	}
	memcpy(copy, data, len);
	w->answer = copy;
	w->answer_len = len;
}

static int
on_verdict(struct chan *ch, struct frame *f, void *arg)
{
	struct provider	*p = arg;
	struct waiting	*w;
	const uint8_t	*body, *data;
	uint64_t	 seq;
	uint8_t		 verdict;
	size_t		 n, len;

	if (ch != p->chan)
		return 0;
	n = buf_left(&f->body);
	body = buf_get_span(&f->body, n);
	if (body == NULL || hookmsg_get_verdict(body, n, &seq, &verdict,
	    &data, &len) == -1 || seq == 0 || seq > p->seq)
		return -1;
	/* Too late: the policy has held already. */
	if ((w = find(p, seq)) == NULL || w->judged)
		return 0;
	if (!in_order(p, w)) {
		detach(p, "answers out of order");
		return 0;
	}
	judge(w, verdict, data, len);
	advance(p);
	return 0;
}

static const struct handler from_provider[] = {
	{ MSG_HOOK_VERDICT,	on_verdict },
	{ 0,			NULL }
};

static void
send_hello(struct provider *p, const char *mirror, enum hook_side side)
{
	struct buf	*b;
	char		 json[512], name[160], m[160];
	int		 n;

	n = snprintf(json, sizeof(json), "{\"version\":%d,\"hook\":\"%s\","
	    "\"mirror\":\"%s\",\"side\":\"%s\"}", HOOKMSG_VERSION,
	    vis_str(VIS_JSON, name, sizeof(name), p->name),
	    vis_str(VIS_JSON, m, sizeof(m), mirror),
	    side == HOOK_FORWARD ? "forward" : "record");
	if ((b = chan_begin(p->chan, MSG_HOOK_CHUNK, 0)) == NULL)
		return;
	buf_put_u8(b, HOOKMSG_HELLO);
	buf_put(b, json, (size_t)n);
	chan_end(p->chan);
}

void
provider_attach(struct provider *p, int fd, const char *mirror,
    enum hook_side side)
{
	struct chan_conf	 c = { .fd = fd, .self = ROLE_MIRROR,
	    .peer = ROLE_PROVIDER, .handlers = from_provider,
	    .fault = on_fault, .arg = p };

	if (p->chan != NULL)
		displace(p);
	c.limit = p->conf.limit + HOOKMSG_DATA_MAX;
	c.high_mark = c.limit;
	if ((p->chan = chan_new(p->conf.base, &c)) == NULL) {
		log_warnx("hook %s: out of memory", p->name);
		return;
	}
	log_notice("hook %s: attached", p->name);
	send_hello(p, mirror, side);
}

/* ---- into the queue ---- */

static uint8_t
wire_dir(uint8_t dir)
{
	return dir == STREAM_TO_OBSERVED ? 1 : dir == STREAM_FROM_OBSERVED ?
	    2 : 3;
}

static int
send_item(struct provider *p, const struct waiting *w,
    enum hookmsg_kind kind)
{
	const struct chunk	*c = &w->item.chunk;
	struct hookmsg_chunk	 m = { .seq = w->seq,
	    .ts_ns = c->seen_us * 1000, .dir = wire_dir(c->dir),
	    .flags = c->flags };
	uint8_t			 head[HOOKMSG_HEAD_MAX];
	struct buf		*b;
	size_t			 n;

	endpoint_print(c->from, m.from, sizeof(m.from));
	endpoint_print(c->to, m.to, sizeof(m.to));
	n = hookmsg_put_chunk(head, sizeof(head), &m);
	if ((b = chan_begin(p->chan, MSG_HOOK_CHUNK, 0)) == NULL)
		return -1;
	buf_put_u8(b, (uint8_t)kind);
	buf_put(b, head, n);
	if (kind == HOOKMSG_CHUNK)
		buf_put(b, c->data, c->len);
	return chan_end(p->chan);
}

static struct waiting *
enqueue(struct provider *p, const struct provider_item *item)
{
	struct waiting	*w;

	if ((w = malloc(sizeof(*w) + item->chunk.len)) == NULL)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->item = *item;
	w->from = *item->chunk.from;
	w->to = *item->chunk.to;
	w->item.chunk.from = &w->from;
	w->item.chunk.to = &w->to;
	if (item->chunk.len > 0)
		memcpy(w->data, item->chunk.data, item->chunk.len);
	w->item.chunk.data = w->data;
	w->since_us = p->now_us;
	p->queued += charge(item);
	TAILQ_INSERT_TAIL(&p->queue, w, entry);
	return w;
}

static bool
has_room(const struct provider *p, const struct provider_item *item)
{
	return p->queued < p->conf.limit &&
	    charge(item) <= p->conf.limit - p->queued;
}

int
provider_put(struct provider *p, const struct provider_item *item)
{
	struct waiting	*w;

	if (item->kind == ITEM_CHUNK && !has_room(p, item))
		return -1;
	if ((w = enqueue(p, item)) == NULL) {
		/* Not before those that wait. */
		provider_give_up(p);
		p->conf.done(p->conf.arg, item, HOOK_FAIL);
		return 0;
	}
	if (item->kind != ITEM_CHUNK) {
		w->judged = true;
		w->verdict = HOOK_KEEP;
		if (item->kind == ITEM_CLOSE && p->chan != NULL)
			send_item(p, w, HOOKMSG_END);
	} else if (p->chan == NULL) {
		w->judged = true;
		w->verdict = HOOK_FAIL;
	} else {
		w->seq = ++p->seq;
		if (send_item(p, w, HOOKMSG_CHUNK) == -1) {
			w->judged = true;
			w->verdict = HOOK_FAIL;
		}
	}
	advance(p);
	return 0;
}

void
provider_tick(struct provider *p, uint64_t now_us)
{
	struct waiting	*w;

	p->now_us = now_us;
	if (p->gone != NULL && chan_queued(p->gone) == 0) {
		chan_free(p->gone);
		p->gone = NULL;
	}
	TAILQ_FOREACH(w, &p->queue, entry) {
		if (w->judged)
			continue;
		if (now_us - w->since_us < p->conf.timeout_us)
			break;
		w->judged = true;
		w->verdict = HOOK_FAIL;
	}
	advance(p);
}

void
provider_flush(struct provider *p)
{
	struct buf	*b;

	if (p->chan == NULL ||
	    (b = chan_begin(p->chan, MSG_HOOK_CHUNK, 0)) == NULL)
		return;
	buf_put_u8(b, HOOKMSG_FLUSH);
	chan_end(p->chan);
}

void
provider_free(struct provider *p)
{
	if (p == NULL)
		return;
	provider_give_up(p);
	chan_free(p->chan);
	chan_free(p->gone);
	free(p);
}

void
provider_set_limits(struct provider *p, uint64_t timeout_us, uint64_t limit)
{
	p->conf.timeout_us = timeout_us;
	p->conf.limit = limit;
}

const char *
provider_name(const struct provider *p)
{
	return p->name;
}

bool
provider_attached(const struct provider *p)
{
	return p->chan != NULL;
}

uint64_t
provider_queued(const struct provider *p)
{
	return p->queued;
}
