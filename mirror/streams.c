#include <stdlib.h>
#include <string.h>

#include "mirror/hole.h"
#include "mirror/leg.h"
#include "mirror/streams.h"
#include "sandbox/compat.h"

#define BUCKETS_MIN	1024

struct stream;

struct side {
	struct stream	*stream;
	struct framer	 framer;
	uint8_t		 dir;
	uint8_t		 flags;		/* CHUNK_* of the next chunk */
};

struct stream {
	struct stream	*next;		/* in its bucket, or ended */
	struct streams	*table;
	uint64_t	 id;
	uint64_t	 ts_us;		/* of the record at hand */
	struct endpoint	 client;
	struct endpoint	 server;
	int32_t		 vlan;
	char		 iface[32];
	bool		 unread;	/* nothing of it will come */
	unsigned	 refs;		/* items in providers' queues */
	struct side	 side[COPY_DIRS];
	struct leg	*first;
	size_t		 nlegs;		/* of legs; the list may have more */
	struct leg	 legs[];
};

struct streams {
	struct streams_conf conf;
	struct stream	**bucket;
	size_t		 nbuckets;
	size_t		 n;
	struct stream	*ended;
};

/* ---- table ---- */

struct streams *
streams_new(const struct streams_conf *conf)
{
	struct streams	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->conf = *conf;
	t->nbuckets = BUCKETS_MIN;
	t->bucket = calloc(t->nbuckets, sizeof(*t->bucket));
	if (t->bucket == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

/* Flow ids are the analyzer's own numbers: nobody else chooses them. */
static struct stream **
place(const struct streams *t, uint64_t id)
{
	uint64_t	 h = id * 0x9e3779b97f4a7c15ull;

	return &t->bucket[(h >> 32) & (t->nbuckets - 1)];
}

static struct stream *
lookup(const struct streams *t, uint64_t id)
{
	struct stream	*s;

	for (s = *place(t, id); s != NULL && s->id != id; s = s->next)
		continue;
	return s;
}

/* Only a guess: the first of the bucket, the leg of the first mirror. */
void
streams_prefetch(const struct streams *t, const struct msg_stream *m)
{
	const struct stream	*s;

	if (m->kind == STREAM_OPEN || m->dir >= COPY_DIRS ||
	    (s = *place(t, m->id)) == NULL)
		return;
	compat_prefetch(s);
	compat_prefetch_all(&s->side[m->dir], sizeof(s->side[0]));
	compat_prefetch_all(&s->first, offsetof(struct leg, tcp));
	compat_prefetch_all(&s->legs[0].rec[m->dir], sizeof(s->legs[0].rec[0]));
}

static void
grow(struct streams *t)
{
	struct stream	**old = t->bucket, *s, **to;
	size_t		  n = t->nbuckets, i;

	if ((t->bucket = calloc(n * 2, sizeof(*t->bucket))) == NULL) {
		t->bucket = old;
		return;
	}
	t->nbuckets = n * 2;
	for (i = 0; i < n; i++)
		while ((s = old[i]) != NULL) {
			old[i] = s->next;
			to = place(t, s->id);
			s->next = *to;
			*to = s;
		}
	free(old);
}

static void
unlink_stream(struct streams *t, struct stream *s)
{
	struct stream	**at;

	for (at = place(t, s->id); *at != s; at = &(*at)->next)
		continue;
	*at = s->next;
	t->n--;
}

/* ---- what the framers give out ---- */

static void
fill(const struct side *sd, struct chunk *c, uint64_t offset)
{
	const struct stream	*s = sd->stream;
	bool			 to = sd->dir == STREAM_TO_OBSERVED;

	memset(c, 0, sizeof(*c));
	c->from = to ? &s->client : &s->server;
	c->to = to ? &s->server : &s->client;
	c->iface = s->iface;
	c->vlan = s->vlan;
	c->dir = sd->dir;
	c->flags = sd->flags;
	c->seen_us = s->ts_us;
	c->flow = s->id;
	c->offset = offset;
	c->id = sd->framer.id;
	c->asked = sd->framer.asked;
}

static void
on_chunk(void *arg, enum framer_part part, uint64_t offset,
    const uint8_t *p, size_t n)
{
	struct side	*sd = arg;
	struct chunk	 c;
	struct leg	*l;

	fill(sd, &c, offset);
	c.part = (uint8_t)part;
	c.data = p;
	c.len = n;
	for (l = sd->stream->first; l != NULL; l = l->next)
		leg_chunk(l, &c);
	sd->flags = 0;
}

static void
on_end(void *arg, uint64_t offset, bool sure)
{
	struct side	*sd = arg;
	struct chunk	 c;
	struct leg	*l;

	fill(sd, &c, offset);
	if (!sure)
		c.asked = 0;
	for (l = sd->stream->first; l != NULL; l = l->next)
		leg_end(l, &c);
}

static void
on_gap(void *arg, uint64_t offset, uint64_t n)
{
	struct side	*sd = arg;
	struct chunk	 c;
	struct leg	*l;

	fill(sd, &c, offset);
	for (l = sd->stream->first; l != NULL; l = l->next)
		leg_gap(l, &c, n, GAP_LOST);
	sd->flags |= CHUNK_GAP;
}

static const struct framer_ops framer_ops = { on_chunk, on_end, on_gap };

/* ---- slots ---- */

static uint64_t
last_record(const struct leg *l)
{
	return l->rec[0].last_us > l->rec[1].last_us ? l->rec[0].last_us :
	    l->rec[1].last_us;
}

static void
save_leg(struct streams *t, struct leg *l)
{
	struct gap_open	 o = { .flow = l->flow, .from = *l->client,
	    .to = *l->server, .last_us = last_record(l),
	    .counted = l->counted };

	if (l->slot == -1)
		return;
	compat_strlcpy(o.mirror, l->copy->conf.name, sizeof(o.mirror));
	l->saved_us = o.last_us;
	l->saved_counted = o.counted;
	t->conf.slots->save(t->conf.slots->arg, (unsigned)l->slot, &o);
}

/* Those of a list that are among slots; NULL: that have moved. */
static void
save_list(struct streams *t, struct stream *s, const uint64_t *slots)
{
	struct leg	*l;

	for (; s != NULL; s = s->next)
		for (l = s->first; l != NULL; l = l->next)
			if (l->copy != NULL && l->slot != -1 &&
			    (slots == NULL ? last_record(l) != l->saved_us ||
			    l->counted != l->saved_counted :
			    slots_bit(slots, (unsigned)l->slot)))
				save_leg(t, l);
}

void
streams_save(struct streams *t)
{
	size_t	 i;

	for (i = 0; i < t->nbuckets; i++)
		save_list(t, t->bucket[i], NULL);
}

void
streams_save_these(struct streams *t, const uint64_t slots[SLOTS_WORDS])
{
	size_t	 i;

	for (i = 0; i < t->nbuckets; i++)
		save_list(t, t->bucket[i], slots);
	save_list(t, t->ended, slots);
}

/* ---- open and close ---- */

static void
leg_gone(struct streams *t, struct leg *l)
{
	if (l->slot != -1)
		slots_give(t->conf.slots, (unsigned)l->slot);
	l->slot = -1;
}

static void
end_stream(struct streams *t, struct stream *s)
{
	struct leg	*l;
	size_t		 i;

	for (i = 0; i < COPY_DIRS; i++) {
		framer_end(&s->side[i].framer);
		if (s->side[i].framer.refused > 0)
			tally_add(t->conf.tally, TALLY_MIR_NO_MEMORY,
			    s->side[i].framer.refused);
		framer_clear(&s->side[i].framer);
	}
	for (l = s->first; l != NULL; l = l->next)
		leg_close(l);
	unlink_stream(t, s);
	s->next = t->ended;
	t->ended = s;
}

static size_t
size_of(size_t nlegs)
{
	return sizeof(struct stream) + nlegs * sizeof(struct leg);
}

static void
free_stream(struct streams *t, struct stream *s)
{
	struct leg	*l, *next;

	for (l = s->first; l != NULL; l = next) {
		next = l->next;
		leg_gone(t, l);
		if (l >= s->legs && l < s->legs + s->nlegs)
			continue;
		mem_give(t->conf.mem, MEM_STREAMS, sizeof(*l));
		free(l);
	}
	mem_give(t->conf.mem, MEM_STREAMS, size_of(s->nlegs));
	free(s);
}

void
streams_reap(struct streams *t)
{
	struct stream	**at, *s;

	for (at = &t->ended; (s = *at) != NULL;) {
		if (s->refs > 0) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		free_stream(t, s);
	}
}

static void
open_leg(struct streams *t, struct stream *s, struct leg *l, struct copy *c,
    bool mid)
{
	l->client = &s->client;
	l->server = &s->server;
	l->flow = s->id;
	l->refs = &s->refs;
	leg_open(l, c, mid);
	if (c->file == NULL || !l->wanted[HOOK_RECORD] || s->unread)
		return;
	if (mid)
		orphans_met(t->conf.orphans, l, s->ts_us);
	l->slot = slots_take(t->conf.slots);
	save_leg(t, l);
}

/* A reload brought the leg's mirror to it. */
static void
tell_unread(const struct stream *s, const struct leg *l)
{
	if (s->unread && (l->wanted[HOOK_FORWARD] || l->wanted[HOOK_RECORD]))
		hole_unread(l->copy);
}

static bool
observes(const struct copy *c, const struct endpoint *server)
{
	return conf_ports_has(&c->conf.observe, server->port);
}

/* The connection that it would open has no place. */
static void
refuse(struct streams *t, const struct msg_stream *m)
{
	size_t	 i;

	for (i = 0; i < t->conf.ncopies; i++)
		if (observes(t->conf.copies[i], &m->server))
			hole_refused(t->conf.copies[i], m->ts_us);
}

static void *
take(struct streams *t, size_t size)
{
	void	*p;

	if (!mem_take(t->conf.mem, MEM_STREAMS, size))
		return NULL;
	if ((p = calloc(1, size)) == NULL)
		mem_give(t->conf.mem, MEM_STREAMS, size);
	return p;
}

static struct stream *
new_stream(struct streams *t, const struct msg_stream *m)
{
	struct stream	*s;
	size_t		 i, n;

	for (i = 0, n = 0; i < t->conf.ncopies; i++)
		n += observes(t->conf.copies[i], &m->server);
	if ((s = take(t, size_of(n))) == NULL)
		return NULL;
	s->nlegs = n;
	s->first = n > 0 ? s->legs : NULL;
	for (i = 1; i < n; i++)
		s->legs[i - 1].next = &s->legs[i];
	s->table = t;
	s->id = m->id;
	s->ts_us = m->ts_us;
	s->client = m->client;
	s->server = m->server;
	s->vlan = m->vlan;
	s->unread = (m->flags & STREAM_UNREAD) != 0;
	memcpy(s->iface, m->iface, sizeof(s->iface));
	for (i = 0; i < COPY_DIRS; i++) {
		s->side[i].stream = s;
		s->side[i].dir = (uint8_t)i;
		framer_init(&s->side[i].framer, &framer_ops, &s->side[i],
		    t->conf.mem);
	}
	return s;
}

/* Whether what came before a reload let its mirror observe it is missing. */
static void
set_late(struct leg *l, bool late)
{
	l->rec[0].late = l->rec[1].late = late;
}

/* Also of one that only the next configuration observes, or the last one. */
static void
open_stream(struct streams *t, const struct msg_stream *m)
{
	struct stream	*s, **at;
	struct leg	*l;
	size_t		 i;

	if ((s = lookup(t, m->id)) != NULL)
		end_stream(t, s);
	if ((s = new_stream(t, m)) == NULL) {
		tally_add(t->conf.tally, TALLY_MIR_UNKNOWN, 1);
		refuse(t, m);
		return;
	}
	for (i = 0, l = s->first; l != NULL; i++)
		if (observes(t->conf.copies[i], &s->server)) {
			set_late(l, (m->flags & STREAM_LATE) != 0);
			open_leg(t, s, l, t->conf.copies[i],
			    (m->flags & STREAM_MIDSTREAM) != 0);
			if (m->flags & STREAM_LATE)
				tell_unread(s, l);
			l = l->next;
		}
	if (t->n >= t->nbuckets)
		grow(t);
	at = place(t, s->id);
	s->next = *at;
	*at = s;
	t->n++;
	tally_add(t->conf.tally, TALLY_MIR_STREAMS, 1);
}

/* More would have come: it has a hole that others end; see hole.h. */
static void
lose_stream(struct stream *s, enum gap_reason why)
{
	struct chunk	 c;
	struct leg	*l;
	size_t		 i;

	for (i = 0; i < COPY_DIRS; i++) {
		if (!s->side[i].framer.started)
			continue;
		fill(&s->side[i], &c, s->side[i].framer.pos);
		for (l = s->first; l != NULL; l = l->next)
			leg_gap(l, &c, 0, why);
	}
}

/* The analyzer had no memory to go on with it. */
static void
shed(const struct stream *s)
{
	struct leg	*l;

	for (l = s->first; l != NULL; l = l->next)
		if (l->copy != NULL)
			hole_refused(l->copy, s->ts_us);
}

static void
close_stream(struct streams *t, struct stream *s, const struct msg_stream *m)
{
	if (m->value == STREAM_SHED)
		shed(s);
	if (m->value == STREAM_BEHIND)
		lose_stream(s, GAP_BEHIND);
	end_stream(t, s);
}

static void
answered(const struct stream *s, const struct msg_stream *m)
{
	struct leg	*l;

	for (l = s->first; l != NULL; l = l->next)
		leg_answer(l, m);
}

void
streams_take(struct streams *t, const struct msg_stream *m)
{
	struct stream	*s;
	struct side	*sd;

	if (m->kind == STREAM_OPEN) {
		open_stream(t, m);
		return;
	}
	if ((s = lookup(t, m->id)) == NULL) {
		tally_add(t->conf.tally, TALLY_MIR_UNKNOWN, 1);
		return;
	}
	if (m->ts_us != 0)
		s->ts_us = m->ts_us;
	if (m->kind == STREAM_CLOSE) {
		close_stream(t, s, m);
		return;
	}
	if (m->dir >= COPY_DIRS) {
		tally_add(t->conf.tally, TALLY_MIR_UNKNOWN, 1);
		return;
	}
	if (m->kind == STREAM_ANSWER) {
		answered(s, m);
		return;
	}
	sd = &s->side[m->dir];
	if (m->flags & STREAM_TRUNCATED)
		sd->flags |= CHUNK_TRUNCATED;
	if (m->kind == STREAM_DATA)
		framer_data(&sd->framer, m->offset, m->data, m->len);
	else if (m->kind == STREAM_GAP)
		framer_gap(&sd->framer, m->offset, m->value);
	else
		framer_mark(&sd->framer, (enum stream_mark)m->mark,
		    m->offset, m->value);
}

void
streams_close_all(struct streams *t)
{
	size_t	 i;

	for (i = 0; i < t->nbuckets; i++)
		while (t->bucket[i] != NULL)
			end_stream(t, t->bucket[i]);
}

void
streams_lose_all(struct streams *t, enum gap_reason why)
{
	struct stream	*s;
	size_t		 i;

	for (i = 0; i < t->nbuckets; i++)
		for (s = t->bucket[i]; s != NULL; s = s->next)
			lose_stream(s, why);
	streams_close_all(t);
}

static struct leg *
leg_of(const struct stream *s, const struct copy *c)
{
	struct leg	*l;

	for (l = s->first; l != NULL && l->copy != c; l = l->next)
		continue;
	return l;
}

static struct leg *
kept_for(const struct stream *s, const struct copy *c)
{
	struct leg	*l;

	for (l = s->first; l != NULL && (l->copy != NULL || l->heir != c);
	    l = l->next)
		continue;
	return l;
}

/* From the next message on, in the place of one that has gone. */
static void
replace(struct streams *t, struct stream *s, struct leg *l, struct copy *c)
{
	struct leg	 was = *l;
	unsigned	 dir;

	memset(l, 0, sizeof(*l));
	l->next = was.next;
	l->changed = true;
	for (dir = 0; dir < COPY_DIRS; dir++) {
		l->rec[dir].last_us = was.rec[dir].last_us;
		l->rec[dir].late = was.rec[dir].late;
		if (was.rec[dir].late)
			l->rec[dir].offset = was.rec[dir].offset;
	}
	open_leg(t, s, l, c, true);
}

/*
 * What a record that had it, or the one that follows it now, does not take of
 * a connection: a later reload may bring it back. NULL: it takes nothing.
 */
static void
keep_place(const struct stream *s, struct leg *l, const struct copy *had,
    const struct copy *has)
{
	const struct framer	*f;
	uint8_t			 dir;
	bool			 took;

	for (dir = 0; dir < COPY_DIRS; dir++) {
		f = &s->side[dir].framer;
		took = leg_takes(had, HOOK_RECORD, dir);
		if (l->rec[dir].late || (took && has != NULL &&
		    leg_takes(has, HOOK_RECORD, dir)))
			continue;
		l->rec[dir].late = true;
		l->rec[dir].offset = took && f->started ? f->pos : 0;
	}
}

/* The leg of a mirror that is no more goes on with the one of its name. */
static void
inherit(struct streams *t, struct stream *s, struct leg *l,
    const struct copy *had, struct copy *heir)
{
	bool	 has = observes(heir, &s->server);

	keep_place(s, l, had, has ? heir : NULL);
	if (!has) {
		l->heir = heir;
		return;
	}
	replace(t, s, l, heir);
	if (!observes(had, &s->server))
		tell_unread(s, l);
}

void
streams_drop_copy(struct streams *t, struct copy *c, struct copy *heir)
{
	struct stream	*s;
	struct leg	*l;
	size_t		 i;

	for (i = 0; i < t->nbuckets; i++)
		for (s = t->bucket[i]; s != NULL; s = s->next)
			if ((l = leg_of(s, c)) != NULL) {
				leg_close(l);
				leg_gone(t, l);
			}
	copy_flush(c);
	for (i = 0; i < t->nbuckets; i++)
		for (s = t->bucket[i]; s != NULL; s = s->next) {
			if ((l = leg_of(s, c)) == NULL &&
			    (l = kept_for(s, c)) == NULL)
				continue;
			l->copy = l->heir = NULL;
			if (heir != NULL)
				inherit(t, s, l, c, heir);
		}
	for (s = t->ended; s != NULL; s = s->next)
		if ((l = leg_of(s, c)) != NULL) {
			leg_gone(t, l);
			l->copy = NULL;
		}
}

static struct leg *
add_leg(struct streams *t, struct stream *s)
{
	struct leg	**at, *l;

	if ((l = take(t, sizeof(*l))) == NULL)
		return NULL;
	for (at = &s->first; *at != NULL; at = &(*at)->next)
		continue;
	*at = l;
	return l;
}

static void
take_up(struct streams *t, struct stream *s, struct copy *c)
{
	struct leg	*l;

	if (!observes(c, &s->server) || leg_of(s, c) != NULL)
		return;
	if ((l = kept_for(s, NULL)) == NULL && (l = add_leg(t, s)) == NULL) {
		hole_refused(c, s->ts_us);
		return;
	}
	memset(l->rec, 0, sizeof(l->rec));
	set_late(l, true);
	replace(t, s, l, c);
	tell_unread(s, l);
}

void
streams_set_copies(struct streams *t, struct copy **copies, size_t n)
{
	struct stream	*s;
	size_t		 i, k;

	t->conf.copies = copies;
	t->conf.ncopies = n;
	for (i = 0; i < t->nbuckets; i++)
		for (s = t->bucket[i]; s != NULL; s = s->next)
			for (k = 0; k < n; k++)
				take_up(t, s, copies[k]);
}

struct leg *
streams_find(struct streams *t, uint64_t flow, struct copy *c)
{
	struct stream	*s;

	if ((s = lookup(t, flow)) == NULL)
		for (s = t->ended; s != NULL && s->id != flow; s = s->next)
			continue;
	return s == NULL ? NULL : leg_of(s, c);
}

size_t
streams_count(const struct streams *t)
{
	return t->n;
}
