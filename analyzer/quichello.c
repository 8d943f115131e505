#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "analyzer/quic.h"
#include "analyzer/quichello.h"

#define BUCKETS		4096
#define SEEN		16384		/* randoms remembered */
#define WAYS		8		/* places for each of them */
#define SEEN_US		60000000ULL
#define TOKEN		1000000ULL	/* one try; each microsecond has RATE */
#define TOKENS_MAX	(QUICHELLO_RATE * TOKEN)
#define FIRST_ROOM	2048
#define CLIENT_HELLO	1
#define RANDOM		6		/* where it is in a hello */
#define RANDOM_LEN	32

struct key {
	struct addr	 client;
	struct addr	 server;
	uint16_t	 client_port;
	uint16_t	 server_port;
	struct quic_cid	 id;		/* the client's own */
};

struct entry {
	TAILQ_ENTRY(entry) age;
	LIST_ENTRY(entry) chain;
	struct key	 key;
	struct quic_cid	 dst;		/* which the keys are made of */
	struct quic_keys keys;
	uint64_t	 ts_us;		/* of the first packet */
	uint8_t		*buf;		/* then a bit for each byte there */
	uint32_t	 room;
	uint32_t	 prefix;	/* bytes there from the first on */
	uint32_t	 want;		/* 0: not known yet */
	bool		 done;		/* told, or given up */
};

struct seen {
	uint64_t	 id;		/* 0: none */
	uint64_t	 ts_us;
};

struct quichello {
	TAILQ_HEAD(, entry) age;
	LIST_HEAD(, entry) bucket[BUCKETS];
	struct mem	*mem;
	const struct hash_key *hash;
	quichello_fn	*fn;
	void		*arg;
	size_t		 limit;
	size_t		 held;
	size_t		 n;
	uint64_t	 tokens;
	uint64_t	 token_us;	/* when they were counted */
	uint64_t	 count[QUICHELLO_COUNTS];
	struct seen	 seen[SEEN];
	uint8_t		 open[QUIC_PACKET_MAX];
};

struct quichello *
quichello_new(struct mem *mem, const struct hash_key *hash, size_t limit,
    quichello_fn *fn, void *arg)
{
	struct quichello	*t;
	size_t			 i;

	if (!mem_take(mem, MEM_SESSIONS, sizeof(*t)))
		return NULL;
	if ((t = calloc(1, sizeof(*t))) == NULL) {
		mem_give(mem, MEM_SESSIONS, sizeof(*t));
		return NULL;
	}
	TAILQ_INIT(&t->age);
	for (i = 0; i < BUCKETS; i++)
		LIST_INIT(&t->bucket[i]);
	t->mem = mem;
	t->hash = hash;
	t->limit = limit;
	t->fn = fn;
	t->arg = arg;
	t->tokens = TOKENS_MAX;
	return t;
}

static void
give(struct quichello *t, size_t n)
{
	t->held -= n;
	mem_give(t->mem, MEM_SESSIONS, n);
}

/* Bytes of a buffer, with its bits. */
static size_t
buf_size(size_t room)
{
	return room + room / 8;
}

static void
drop_buf(struct quichello *t, struct entry *e)
{
	if (e->buf != NULL)
		give(t, buf_size(e->room));
	free(e->buf);
	e->buf = NULL;
	e->room = e->prefix = e->want = 0;
}

static void
drop(struct quichello *t, struct entry *e)
{
	drop_buf(t, e);
	TAILQ_REMOVE(&t->age, e, age);
	LIST_REMOVE(e, chain);
	free(e);
	give(t, sizeof(*e));
	t->n--;
}

void
quichello_free(struct quichello *t)
{
	struct entry	*e;

	if (t == NULL)
		return;
	while ((e = TAILQ_FIRST(&t->age)) != NULL)
		drop(t, e);
	mem_give(t->mem, MEM_SESSIONS, sizeof(*t));
	free(t);
}

/* Why a connection is forgotten matters if its hello was under way. */
static void
forget(struct quichello *t, struct entry *e, enum quichello_count why)
{
	if (e->buf != NULL)
		t->count[why]++;
	drop(t, e);
}

void
quichello_tick(struct quichello *t, uint64_t now_us)
{
	struct entry	*e;

	while ((e = TAILQ_FIRST(&t->age)) != NULL && now_us > e->ts_us &&
	    now_us - e->ts_us > QUICHELLO_KEEP_US)
		forget(t, e, QUICHELLO_LOST);
}

void
quichello_flush(struct quichello *t)
{
	struct entry	*e;

	while ((e = TAILQ_FIRST(&t->age)) != NULL)
		forget(t, e, QUICHELLO_LOST);
}

/* n bytes, at the cost of the oldest connections but keep. */
static void *
take(struct quichello *t, size_t n, const struct entry *keep)
{
	struct entry	*e;
	void		*p;

	while (n > t->limit || t->held > t->limit - n ||
	    !mem_take(t->mem, MEM_SESSIONS, n)) {
		if ((e = TAILQ_FIRST(&t->age)) == keep && e != NULL)
			e = TAILQ_NEXT(e, age);
		if (e == NULL)
			return NULL;
		forget(t, e, QUICHELLO_SHED);
	}
	t->held += n;
	if ((p = calloc(1, n)) == NULL)
		give(t, n);
	return p;
}

/* ---- connections ---- */

static void
make_key(struct key *k, const struct endpoint *client,
    const struct endpoint *server, const struct quic_cid *id)
{
	memset(k, 0, sizeof(*k));
	k->client = client->addr;
	k->server = server->addr;
	k->client_port = client->port;
	k->server_port = server->port;
	k->id = *id;
}

static size_t
bucket_of(const struct quichello *t, const struct key *k)
{
	return hash_bytes(t->hash, k, sizeof(*k)) % BUCKETS;
}

static struct entry *
find(struct quichello *t, const struct key *k)
{
	struct entry	*e;

	LIST_FOREACH(e, &t->bucket[bucket_of(t, k)], chain)
		if (memcmp(&e->key, k, sizeof(*k)) == 0)
			return e;
	return NULL;
}

static struct entry *
add(struct quichello *t, const struct key *k)
{
	struct entry	*e;

	if (t->n == QUICHELLO_CONNS)
		forget(t, TAILQ_FIRST(&t->age), QUICHELLO_SHED);
	if ((e = take(t, sizeof(*e), NULL)) == NULL) {
		t->count[QUICHELLO_SHED]++;
		return NULL;
	}
	memcpy(&e->key, k, sizeof(*k));
	LIST_INSERT_HEAD(&t->bucket[bucket_of(t, k)], e, chain);
	TAILQ_INSERT_TAIL(&t->age, e, age);
	t->n++;
	return e;
}

static bool
same(const struct quic_cid *a, const struct quic_cid *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* The hello begins: of a new connection, or once more after a Retry. */
static void
begin(struct quichello *t, struct entry *e, const struct packet *p,
    const struct quic_packet *q, const struct quic_keys *k)
{
	drop_buf(t, e);
	e->dst = q->dst;
	e->keys = *k;
	e->ts_us = p->ts_us;
	e->done = false;
	TAILQ_REMOVE(&t->age, e, age);
	TAILQ_INSERT_TAIL(&t->age, e, age);
}

/* ---- hellos ---- */

static void
give_up(struct quichello *t, struct entry *e, enum quichello_count why)
{
	t->count[why]++;
	drop_buf(t, e);
	e->done = true;
}

/* Whether this hello was told already; from now on it was. */
static bool
was_seen(struct quichello *t, uint64_t id, uint64_t ts_us)
{
	struct seen	*s = &t->seen[id % (SEEN / WAYS) * WAYS], *old = s;
	unsigned	 i;

	for (i = 0; i < WAYS; i++) {
		if (s[i].id == id && ts_us < s[i].ts_us + SEEN_US)
			return true;
		if (s[i].ts_us < old->ts_us)
			old = &s[i];
	}
	old->id = id;
	old->ts_us = ts_us;
	return false;
}

static void
tell(struct quichello *t, struct entry *e, const struct packet *p)
{
	struct tls_hello	 tls;
	struct quic_hello	 h;

	if (tls_client_hello(e->buf, e->want, &tls) == -1) {
		give_up(t, e, QUICHELLO_BAD);
		return;
	}
	t->count[QUICHELLO_BAD] += tls.bad;
	h.tls = &tls;
	h.id = hash_bytes(t->hash, e->buf + RANDOM, RANDOM_LEN);
	h.id += h.id == 0;
	h.ts_us = e->ts_us;
	h.version = e->keys.version;
	if (was_seen(t, h.id, p->ts_us))
		t->count[QUICHELLO_AGAIN]++;
	else
		t->fn(t->arg, p, &h);
	drop_buf(t, e);
	e->done = true;
}

/* Room for so many bytes of a hello, and those that were there before. */
static bool
grow(struct quichello *t, struct entry *e, size_t n)
{
	size_t	 room = e->room == 0 ? FIRST_ROOM : e->room;
	uint8_t	*p;

	while (room < n)
		room *= 2;
	if (room == e->room)
		return true;
	if ((p = take(t, buf_size(room), e)) == NULL)
		return false;
	if (e->buf != NULL) {
		memcpy(p, e->buf, e->room);
		memcpy(p + room, e->buf + e->room, e->room / 8);
		give(t, buf_size(e->room));
		free(e->buf);
	}
	e->buf = p;
	e->room = (uint32_t)room;
	return true;
}

/* What came first stays. */
static void
put(struct entry *e, size_t off, const uint8_t *p, size_t len)
{
	uint8_t	*bits = e->buf + e->room;
	size_t	 i;

	for (i = off; i < off + len; i++, p++) {
		if (bits[i / 8] & 1U << i % 8)
			continue;
		bits[i / 8] |= (uint8_t)(1U << i % 8);
		e->buf[i] = *p;
	}
	for (i = e->prefix; i < e->room && bits[i / 8] & 1U << i % 8; i++)
		;
	e->prefix = (uint32_t)i;
}

static void
piece(struct quichello *t, struct entry *e, const struct quic_piece *c,
    const struct packet *p)
{
	if (e->want > 0 && c->off >= e->want)
		return;			/* what is said later */
	if (c->off > QUICHELLO_LEN_MAX ||
	    c->len > QUICHELLO_LEN_MAX - c->off) {
		give_up(t, e, QUICHELLO_BAD);
		return;
	}
	if (!grow(t, e, (size_t)c->off + c->len)) {
		give_up(t, e, QUICHELLO_SHED);
		return;
	}
	put(e, (size_t)c->off, c->p, c->len);
	if (e->want == 0 && e->prefix >= 4)
		e->want = 4 + ((uint32_t)e->buf[1] << 16 |
		    (uint32_t)e->buf[2] << 8 | e->buf[3]);
	if ((e->prefix > 0 && e->buf[0] != CLIENT_HELLO) ||
	    e->want > QUICHELLO_LEN_MAX)
		give_up(t, e, QUICHELLO_BAD);
	else if (e->want > 0 && e->prefix >= e->want)
		tell(t, e, p);
}

/* ---- packets ---- */

static bool
may_try(struct quichello *t, uint64_t now_us)
{
	uint64_t	 us;

	if (now_us > t->token_us) {
		us = now_us - t->token_us;
		t->token_us = now_us;
		t->tokens = us >= TOKEN ? TOKENS_MAX :
		    t->tokens + us * QUICHELLO_RATE;
		if (t->tokens > TOKENS_MAX)
			t->tokens = TOKENS_MAX;
	}
	if (t->tokens < TOKEN) {
		t->count[QUICHELLO_SKIPPED]++;
		return false;
	}
	t->tokens -= TOKEN;
	return true;
}

/*
 * What a client that we know goes on to say; after its server has chosen the
 * other version, in that one (RFC 9368).
 */
static bool
open_next(struct quichello *t, const struct entry *e,
    const struct quic_packet *q, struct quic_frames *f)
{
	struct quic_keys	 k = e->keys;

	if (k.version != q->version)
		quic_keys(&k, q->version, &e->dst);
	return quic_open(q, &k, t->open, f);
}

/* What the client says under the keys that its destination ID makes. */
static struct entry *
open_first(struct quichello *t, struct entry *e, const struct key *key,
    const struct packet *p, const struct quic_packet *q,
    struct quic_frames *f)
{
	struct quic_keys	 k;

	quic_keys(&k, q->version, &q->dst);
	if (!quic_open(q, &k, t->open, f)) {
		t->count[QUICHELLO_UNREAD]++;
		return NULL;
	}
	if (e == NULL && (e = add(t, key)) == NULL)
		return NULL;
	begin(t, e, p, q, &k);
	return e;
}

static void
initial(struct quichello *t, const struct packet *p,
    const struct quic_packet *q)
{
	struct quic_frames	 f;
	struct quic_piece	 c;
	struct entry		*e;
	struct key		 k;
	bool			 first;

	make_key(&k, &p->key.b, &p->key.a, &q->dst);
	if (find(t, &k) != NULL)
		return;			/* the server's answer */
	make_key(&k, &p->key.a, &p->key.b, &q->src);
	e = find(t, &k);
	first = e == NULL || !same(&e->dst, &q->dst);
	if ((e != NULL && e->done && !first) || !may_try(t, p->ts_us))
		return;
	if (e == NULL || !open_next(t, e, q, &f)) {
		if (first)
			e = open_first(t, e, &k, p, q, &f);
		else {
			t->count[QUICHELLO_UNREAD]++;
			return;
		}
	}
	while (e != NULL && !e->done && quic_piece(&f, &c))
		piece(t, e, &c, p);
}

void
quichello_put(struct quichello *t, const struct packet *p)
{
	struct quic_packet	 q;
	size_t			 at = 0;
	unsigned		 n;

	quichello_tick(t, p->ts_us);
	for (n = 0; quic_next(p->payload, p->len, &at, &q); n++) {
		t->count[QUICHELLO_INITIALS]++;
		if (q.len > 0)
			initial(t, p, &q);
		else
			t->count[p->len < p->wire ? QUICHELLO_CUT :
			    QUICHELLO_UNREAD]++;
	}
	if (n > 0)
		return;
	t->count[QUICHELLO_INITIALS]++;
	t->count[p->len < p->wire ? QUICHELLO_CUT : QUICHELLO_UNREAD]++;
}

uint64_t
quichello_count(const struct quichello *t, enum quichello_count c)
{
	return t->count[c];
}
