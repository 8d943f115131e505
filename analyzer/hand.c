#include <stdlib.h>
#include <string.h>

#include "analyzer/deal.h"
#include "analyzer/hand.h"

#define NEW_TICKET	4	/* a handshake message, RFC 5077 */
#define FATAL		2	/* level of an alert */
/* A Finished of 1.3 on the wire: header, hash, type, tag of CCM_8. */
#define SEALED_MIN	(4 + 32 + 1 + 8)

void
hand_free(struct session *s)
{
	struct hand	*h = s->hand;

	if (h == NULL)
		return;
	s->hand = NULL;
	sess_give(s, h->text, h->text_size);
	sess_give(s, h, sizeof(*h));
}

static void
tell_end(struct session *s)
{
	const struct session_tls	*t = &s->hand->tls;

	if (s->conf->ops->handshake != NULL && (t->offered != 0 ||
	    t->server_us != 0))
		s->conf->ops->handshake(s->arg, t);
	hand_free(s);
}

void
hand_give_up(struct session *s)
{
	if (s->hand != NULL)
		tell_end(s);
	deal_stop(s, &s->d[0]);
	deal_stop(s, &s->d[1]);
}

static void
failed(struct session *s, enum session_tls_fail why, bool by_client)
{
	s->hand->tls.fail = why;
	s->hand->tls.by_client = by_client;
	hand_give_up(s);
}

static void
tls_done(struct session *s, uint64_t ts)
{
	s->hand->tls.done_us = ts;
	hand_give_up(s);
}

/* False: no memory for one. */
static bool
hand_new(struct session *s)
{
	if (s->hand != NULL)
		tell_end(s);
	if ((s->hand = sess_take(s, sizeof(*s->hand))) == NULL)
		return false;
	memset(s->hand, 0, sizeof(*s->hand));
	return true;
}

void
hand_begin(struct session *s, struct dir *d, enum tls_guess g, uint64_t ts)
{
	struct dir	*o = sess_other(s, d);

	if (s->proto != SESSION_TUNNEL)
		sess_proto(s, SESSION_TLS);
	sess_drop(s, d);
	if (g == TLS_OTHER || (o->state != ST_TLS && !hand_new(s))) {
		d->state = ST_STOP;
		return;
	}
	s->client = (int8_t)sess_index(s, g == TLS_CLIENT ? d : o);
	if (g == TLS_CLIENT) {
		s->hand->tls.hello_us = ts;
		s->hand->lost = false;
	}
	memset(&d->u.tls, 0, sizeof(d->u.tls));
	d->state = ST_TLS;
	if (o->role == ANSWERS && s->pair.n > 0)
		return;			/* CONNECT is not answered yet */
	if (o->state == ST_START || o->state == ST_LATE ||
	    o->state == ST_PEEK) {
		sess_drop(s, o);
		memset(&o->u.tls, 0, sizeof(o->u.tls));
		o->state = ST_TLS;
	}
}

/* The name and the ALPN are wanted when the handshake is over. */
static void
keep_text(struct session *s, const struct session_hello *x)
{
	struct hand	*k = s->hand;
	uint8_t		 alpn[SESSION_TEXT_ALPN];
	size_t		 n = tls_alpns(x->tls, alpn, sizeof(alpn));

	k->tls.offered = x->tls->version;
	if (x->name_len + n == 0 ||
	    (k->text = sess_take(s, x->name_len + n)) == NULL)
		return;
	k->text_size = x->name_len + n;
	memcpy(k->text, x->name, x->name_len);
	memcpy(k->text + x->name_len, alpn, n);
	k->tls.name = (struct http_span){ k->text, x->name_len };
	k->tls.alpn = (struct http_span){ k->text + x->name_len, n };
}

static void
tell_hello(struct session *s, struct dir *d, const struct tls_hello *h,
    uint64_t ts)
{
	struct session_hello	 x;

	s->client = (int8_t)sess_index(s, d);
	s->hand->hellos++;
	if (s->hand->tls.hello_us == 0)
		s->hand->tls.hello_us = ts;
	if (h->bad)
		sess_odd(s, SESSION_A_TLS_BAD);
	x.tls = h;
	x.name_len = tls_name(h, x.name, sizeof(x.name));
	x.ts_us = ts;
	x.dir = sess_index(s, d);
	x.again = s->hand->hellos > 1;
	if (!x.again && s->conf->ops->handshake != NULL)
		keep_text(s, &x);
	if (s->conf->ops->hello != NULL)
		s->conf->ops->hello(s->arg, &x);
}

static void
keep_session(struct hand *k, const struct tls_hello *h)
{
	k->ticket = h->ticket;
	k->session_len = (uint8_t)h->session.len;
	if (h->session.len > 0)
		memcpy(k->session, h->session.p, h->session.len);
}

/*
 * Before 1.3 a server that resumes says the session that was offered (RFC
 * 5246, section 7.4.1.3); from then on it says it always, and resumes by key.
 */
static bool
resumed(const struct hand *k, const struct tls_hello *h)
{
	if (h->version >= 0x0304)
		return h->resumes;
	return k->session_len > 0 && h->session.len == k->session_len &&
	    memcmp(h->session.p, k->session, k->session_len) == 0;
}

/*
 * A server that takes a ticket need not say a session (RFC 5077, section
 * 3.4): its own NewSessionTicket or its change of cipher follow at once, where
 * a full handshake has a certificate or keys first.
 */
static void
after_hello(struct hand *k, bool shortened)
{
	k->tls.resumed = k->tls.resumed || shortened;
	k->judges = false;
}

static void
server_said(struct session *s, struct dir *d, const struct tls_hello *h,
    uint64_t ts)
{
	struct hand	*k = s->hand;

	k->tls.version = h->version;
	k->tls.server_us = ts;
	k->tls.resumed = resumed(k, h);
	k->judges = k->ticket && h->version < 0x0304;
	k->shows = h->version < 0x0304 && !k->tls.resumed &&
	    cert_can_name(k->tls.name.p, k->tls.name.len);
	if (h->retry) {
		k->retry = true;
		sess_other(s, d)->flags &= (uint16_t)~D_HELLO;
		d->flags &= (uint16_t)~D_HELLO;
	} else if (k->lost)
		hand_give_up(s);
}

/* A whole first handshake message of a direction. */
static void
tls_message(struct session *s, struct dir *d, uint64_t ts)
{
	struct tls_hello	 h;

	d->flags |= D_HELLO;
	if (d->buf[0] == 1) {
		if (tls_client_hello(d->buf, d->len, &h) == 0) {
			keep_session(s->hand, &h);
			tell_hello(s, d, &h, ts);
		} else
			sess_odd(s, SESSION_A_TLS_BAD);
	} else if (d->buf[0] == 2) {
		if (tls_server_hello(d->buf, d->len, &h) == 0)
			server_said(s, d, &h, ts);
		else
			sess_odd(s, SESSION_A_TLS_BAD);
	}
	sess_drop(s, d);
}

static bool
from_server(const struct session *s, const struct dir *d)
{
	return (unsigned)s->client != sess_index(s, d);
}

/*
 * Takes from what came, until the first want bytes of a message are there.
 * False: there is no room.
 */
static bool
tls_fill(struct session *s, struct dir *d, size_t want, const uint8_t **p,
    size_t *len)
{
	size_t	 n = want - d->len < *len ? want - d->len : *len;

	if (!sess_room(s, d, n, TLS_HELLO_MAX))
		return false;
	memcpy(d->buf + d->len, *p, n);
	d->len += (uint32_t)n;
	*p += n;
	*len -= n;
	return true;
}

/* The certificate of the server has been read, or there is none to read. */
static void
end_certificate(struct session *s, struct dir *d)
{
	s->hand->shows = false;
	sess_drop(s, d);
}

/* The message after the server's hello, if it is its certificate. */
static void
tls_certified(struct session *s, struct dir *d, const uint8_t *p, size_t len)
{
	const struct http_span	*name = &s->hand->tls.name;
	struct tls_span		 cert;
	size_t			 want;

	while ((want = tls_certificate(d->buf, d->len, &cert)) > d->len) {
		if (len == 0)
			return;
		if (!tls_fill(s, d, want, &p, &len))
			break;
	}
	if (want > 0 && want <= d->len && cert_read(&s->hand->tls.cert,
	    cert.p, cert.len, name->p, name->len) == -1)
		sess_odd(s, SESSION_A_TLS_BAD);
	end_certificate(s, d);
}

/* Part of a handshake record before the cipher changes. */
static void
tls_collect(struct session *s, struct dir *d, const struct tls_piece *t,
    uint64_t ts)
{
	const uint8_t	*p = t->p;
	size_t		 len = t->len, want;

	while (len > 0 && !(d->flags & D_HELLO)) {
		want = 4;
		if (d->len >= 4)
			want += (size_t)d->buf[1] << 16 | d->buf[2] << 8 |
			    d->buf[3];
		if (want > TLS_HELLO_MAX) {
			sess_odd(s, SESSION_A_TLS_LONG);
			d->flags |= D_HELLO;
			sess_drop(s, d);
			return;
		}
		if (!tls_fill(s, d, want, &p, &len)) {
			d->flags |= D_HELLO;
			sess_drop(s, d);
			return;
		}
		if (d->len > 4 && d->len == 4 + ((size_t)d->buf[1] << 16 |
		    d->buf[2] << 8 | d->buf[3]))
			tls_message(s, d, ts);
		else if (d->len == 4 && (d->buf[1] | d->buf[2] |
		    d->buf[3]) == 0) {
			d->flags |= D_HELLO;
			sess_drop(s, d);
		}
	}
	if (len == 0 || s->hand == NULL || !from_server(s, d))
		return;
	if (s->hand->judges)
		after_hello(s->hand, *p == NEW_TICKET);
	if (s->hand->shows)
		tls_certified(s, d, p, len);
}

/*
 * A fatal alert in the clear: one that is encrypted is longer, or of another
 * type of record.
 */
static bool
fatal_alert(struct session *s, const struct dir *d, const struct tls_piece *t)
{
	const uint8_t	*head = d->u.tls.head;
	uint8_t		*level = &s->hand->level[sess_index(s, d)];

	if ((head[3] << 8 | head[4]) != 2)
		return false;
	if (t->first)
		*level = t->p[0];
	if (t->first && t->len == 1)
		return false;
	if (*level != FATAL)
		return false;
	s->hand->tls.alert = t->p[t->len - 1];
	return true;
}

/* An alert about the end of the other side is no reason: that is. */
static void
alerted(struct session *s, const struct dir *d)
{
	if (s->hand->ended != 0) {
		s->hand->tls.alert = 0;
		failed(s, SESSION_TLS_CLOSED, from_server(s, d));
	} else
		failed(s, SESSION_TLS_ALERT, !from_server(s, d));
}

/* Whether all that was said since the hello of the client is understood. */
static bool
all_heard(const struct session *s)
{
	const struct dir	*server = &s->d[s->client == 0];

	if (server->flags & D_HELLO && s->hand->tls.server_us == 0)
		return false;		/* a draft's, perhaps */
	return s->hand->tls.offered != 0 && !s->hand->torn &&
	    !((s->d[0].flags | s->d[1].flags) & D_LOST);
}

enum session_tls_fail
hand_fails(const struct session *s, enum session_how how, bool *by_client)
{
	const struct hand	*k = s->hand;

	if (k->ended != 0)
		*by_client = k->ended - 1 == s->client;
	if (!all_heard(s) || (k->ended == 0 && how != SESSION_RST))
		return SESSION_TLS_NONE;
	if (k->sealed > 0) {		/* whoever closes first then */
		*by_client = true;
		return SESSION_TLS_SEALED;
	}
	return k->ended == 0 ? SESSION_TLS_RESET : SESSION_TLS_CLOSED;
}

void
hand_ended(struct session *s, unsigned dir, enum session_how how)
{
	enum session_tls_fail	 why;
	bool			 by_client = dir == (unsigned)s->client;

	why = hand_fails(s, how, &by_client);
	failed(s, why, by_client);
}

/*
 * Data of 1.3 is what is encrypted; the client's first is its Finished, if it
 * is long enough for one.
 */
static bool
sealed_done(struct session *s, const struct dir *d, const struct tls_piece *t)
{
	if (from_server(s, d))
		return false;
	s->hand->sealed += (uint32_t)t->len;
	return s->hand->sealed >= SEALED_MIN;
}

/* True when the handshake is over (RFC 8446, 2; RFC 5246, 7.3). */
static bool
tls_piece(struct session *s, struct dir *d, const struct tls_piece *t,
    uint64_t ts)
{
	struct dir	*o = sess_other(s, d);

	if (t->type == TLS_HANDSHAKE) {
		if (d->flags & D_CIPHER && d->flags & D_HELLO)
			d->flags |= D_FINISHED;
		else
			tls_collect(s, d, t, ts);
	} else if (t->type == TLS_CHANGE_CIPHER) {
		d->flags |= D_CIPHER;
		if (from_server(s, d) && s->hand->judges)
			after_hello(s->hand, true);
	} else if (t->type == TLS_DATA) {
		if (s->hand->tls.version >= 0x0304)	/* or a draft of it */
			return sealed_done(s, d, t);
		return d->flags & D_FINISHED || o->flags & D_FINISHED;
	}
	return d->flags & D_FINISHED && o->flags & D_FINISHED;
}

/* Whether so much of what a hello says is there that none of it is cut. */
static bool
whole(const struct dir *d, const struct tls_span *x)
{
	return x->p != NULL && x->p + x->len < d->buf + d->len;
}

/* The rest of a hello is lost: it counts if it has named its server before. */
static void
hello_cut(struct session *s, struct dir *d, uint64_t ts)
{
	struct tls_hello	 h;

	sess_odd(s, SESSION_A_TLS_LOST);
	if (d->len > 0 && tls_client_hello(d->buf, d->len, &h) == 0 &&
	    whole(d, &h.name)) {
		h.bad = false;
		if (h.nalpn > 0 && !whole(d, &h.alpn[h.nalpn - 1]))
			h.nalpn--;
		keep_session(s->hand, &h);
		tell_hello(s, d, &h, ts);
	}
	d->flags |= D_HELLO;
	sess_drop(s, d);
}

/*
 * Where the next record of the client begins is lost, too: what it says after
 * a retry is found all the same.
 */
static void
client_lost(struct session *s, struct dir *d)
{
	s->hand->lost = true;
	d->flags &= (uint16_t)~D_HELLO;
	d->u.first = d->next;
	d->state = ST_LATE;
}

/* Whether a hello of the client may come that was not seen yet. */
static bool
may_greet(struct session *s, struct dir *d, bool greeted)
{
	return !from_server(s, d) && (!(sess_other(s, d)->flags & D_HELLO) ||
	    (s->hand->retry && !greeted));
}

void
hand_gap(struct session *s, struct dir *d, uint64_t len, uint64_t ts)
{
	struct tls_reader	*r = &d->u.tls;
	bool			 greeted = (d->flags & D_HELLO) != 0;

	if (!greeted)
		hello_cut(s, d, ts);
	s->hand->torn = true;
	if (greeted && from_server(s, d))
		end_certificate(s, d);
	if (r->have == sizeof(r->head) && r->left >= len &&
	    (greeted || !from_server(s, d))) {
		r->left -= (uint16_t)len;
		if (r->left == 0)
			r->have = 0;
	} else if (may_greet(s, d, greeted))
		client_lost(s, d);
	else
		hand_give_up(s);
}

/* What comes where a record should begin is none. */
static void
no_tls(struct session *s, const struct dir *d)
{
	if (from_server(s, d) && !(d->flags & D_HELLO) && all_heard(s))
		failed(s, SESSION_TLS_PLAIN, false);
	else
		hand_give_up(s);
}

/* A server that was greeted in TLS may answer in HTTP. */
static bool
plain_answer(struct session *s, struct dir *d, const struct in *in)
{
	if (d->u.tls.have != 0 || d->flags & D_HELLO || in->p[0] != 'H' ||
	    s->proto != SESSION_TLS ||
	    (unsigned)s->client == sess_index(s, d))
		return false;
	no_tls(s, d);
	d->state = ST_HEAD;
	return true;
}

/*
 * The last words before the handshake may come after the other side's hello,
 * when two interfaces show the two directions: ours is still to come.
 */
static bool
not_yet(struct dir *d, const struct in *in)
{
	if (in->off == 0 || d->u.tls.have != 0 || d->len > 0 ||
	    d->flags & D_HELLO ||
	    (in->p[0] >= TLS_CHANGE_CIPHER && in->p[0] <= TLS_HEARTBEAT))
		return false;
	d->u.first = in->off;
	d->state = ST_LATE;
	return true;
}

size_t
hand_step(struct session *s, struct dir *d, struct in *in)
{
	struct tls_piece t;
	size_t		 used, n = 0;
	int		 r;

	if (plain_answer(s, d, in) || not_yet(d, in))
		return 0;
	while (n < in->len && d->state == ST_TLS) {
		r = tls_records(&d->u.tls, in->p + n, in->len - n, &used, &t);
		n += used;
		if (r == -1) {
			if (!(d->flags & D_HELLO))
				sess_odd(s, SESSION_A_TLS_BAD);
			no_tls(s, d);
		} else if (r == 1 && t.type == TLS_ALERT) {
			if (fatal_alert(s, d, &t))
				alerted(s, d);
		} else if (r == 1 && tls_piece(s, d, &t, in->ts))
			tls_done(s, in->ts);
	}
	return in->len;
}
