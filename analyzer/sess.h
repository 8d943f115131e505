/*
 * sess: what the parts of session share: the state of one connection and of
 * its two directions, memory, and the strings kept for events. Private to
 * session, late, deal, h2, tell, talk and hand; everybody else uses session.h.
 *
 * All memory is charged to MEM_SESSIONS and added to held. A direction owns
 * buf (a partial head or hello); it is freed by sess_drop.
 */
#ifndef ANALYZER_SESS_H
#define ANALYZER_SESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/body.h"
#include "analyzer/pair.h"
#include "analyzer/sesstype.h"
#include "sandbox/mem.h"

#define HEAD_MAX	65536		/* defaults of struct session_conf */
#define QUEUE_MAX	1000
#define LATE_US		50000

#define BLIND_US	1000000		/* more, while the request is known to
					 * be on its way */
#define LINE_KEEP	1024		/* of each line of a head too long */
#define LINE_TAIL	16
#define PEEK_BYTES	262144		/* how far others are watched */
#define BUF_MIN		512

enum state {
	ST_START,		/* nothing is known of this direction */
	ST_HEAD,		/* a head begins here, or is being collected */
	ST_BODY,
	ST_SEARCH,		/* HTTP, but where the next head is is lost */
	ST_WAIT,		/* CONNECT or upgrade asked, no answer yet */
	ST_PEEK,		/* inside a tunnel: is it TLS? */
	ST_LATE,		/* another protocol, so far */
	ST_TLS,
	ST_TWO,			/* frames of HTTP/2 */
	ST_STOP
};

enum speech { NOT_HEARD, ASKS, ANSWERS };

/* flags of a direction */
#define D_ENDED		0x0001
#define D_TRIAL		0x0002	/* the head at hand was found by searching */
#define D_SURE		0x0004	/* its start line is whole and valid */
#define D_CUT		0x0008	/* it was too long and has been cut */
#define D_DROP		0x0010	/* the rest of it is thrown away */
#define D_LOST_GAP	0x0020	/* bytes lost since the last sure pairing */
#define D_LOST_START	0x0040	/* the start of the stream was not seen */
#define D_GAPPED	0x0080	/* bytes lost in the message at hand */
#define D_BODILESS	0x0100	/* perhaps there is no body: the answer to an
				 * unseen HEAD; 100-continue expected */
#define D_HELLO		0x0200	/* TLS: hello done */
#define D_CIPHER	0x0400	/* TLS: has changed cipher */
#define D_FINISHED	0x0800	/* TLS: Finished sent (up to 1.2) */
#define D_BEGUN		0x1000	/* some bytes were seen */
#define D_OPEN		0x2000	/* a message is in its body */
#define D_WAITS		0x4000	/* after this request wait for the answer */
#define D_FOUND		0x8000	/* lost; the next head counts as found */

#define D_LOST		(D_LOST_GAP | D_LOST_START)

struct dir {
	union {
		struct body		 body;
		struct tls_reader	 tls;
		uint64_t		 first;	/* offset first seen */
	}		 u;
	uint8_t		*buf;		/* a partial head, hello or block */
	uint32_t	 len;
	uint32_t	 cap;
	uint64_t	 next;		/* offset after all that was seen */
	uint64_t	 acked;		/* bytes of the other stream it had */
	uint64_t	 head_off;
	uint64_t	 head_us;
	uint64_t	 head_acked;	/* acked when its first byte came */
	uint16_t	 flags;
	uint8_t		 state;
	uint8_t		 role;
	uint8_t		 scan;		/* of http_end */
	bool		 ragged;	/* the head at hand ends in a loss */
	bool		 leads;		/* it began with a segment */
	bool		 ambiguous;	/* the message at hand counts as such */
};

/* A response: the one at hand, or one that waits for its request. */
struct resp {
	uint64_t	 first_us;
	uint64_t	 end_us;
	uint64_t	 off;
	uint64_t	 known;		/* client bytes acknowledged by then */
	uint64_t	 body;
	uint64_t	 number;
	uint16_t	 status;
	uint8_t		 minor;
	uint8_t		 flags;		/* SESSION_TX_* */
	uint8_t		 pair;		/* enum session_pair */
};

/* What is kept of strings; the bytes follow. */
struct kept {
	struct session_text text;
	uint32_t	 cap;
	uint32_t	 used;
	uint8_t		 bytes[];
};

#define KEPT_TYPE_ROOM	SESSION_TEXT_TYPE

struct hand {			/* a TLS handshake in progress */
	struct session_tls tls;
	uint8_t		*text;		/* of its name and ALPN */
	size_t		 text_size;
	unsigned	 hellos;
	uint8_t		 session[TLS_SESSION_MAX];	/* that was offered */
	uint8_t		 session_len;
	bool		 ticket;	/* offered, up to 1.2 */
	bool		 retry;		/* the server asked for another hello */
	bool		 lost;		/* only that has more of the client */
	bool		 judges;	/* what the server says next tells */
	bool		 shows;		/* and may be its certificate */
	bool		 torn;		/* bytes of it were never seen */
	uint8_t		 level[2];	/* first byte of an alert */
	uint8_t		 ended;		/* 1 + the direction that did first */
	uint32_t	 sealed;	/* 1.3: encrypted by the client */
};

struct h2;

struct session {
	const struct session_conf *conf;
	void		*arg;
	struct mem	*mem;
	struct dir	 d[2];
	struct pair	 pair;
	struct resp	*cur;		/* the response at hand, or NULL */
	struct late	*late;	/* NULL: no response waits */
	struct hand	*hand;
	struct h2	*h2;		/* HTTP/2 that is being read */
	uint64_t	 told_token;	/* of the request that told is of */
	uint64_t	 asked;		/* requests so far */
	uint64_t	 answered;
	uint64_t	 unowned;	/* client bytes that the server had
					 * with the last response that has no
					 * request, since the last pair */
	uint32_t	 held;
	uint8_t		 proto;
	int8_t		 client;
	bool		 told : 1;	/* the request at hand, before its body
					 * had ended */
	bool		 synced : 1;	/* from byte 0, all is there */
	bool		 midstream : 1;
	bool		 framed : 1;	/* where requests begin is no guess */
	bool		 caught_up : 1;	/* the last one has its answer */
	bool		 unordered : 1;	/* an answer was given up: until
					 * an offset tells, order does not */
};

/* Input of a step. redo: bytes to go over again before the rest. */
struct in {
	const uint8_t	*p;
	size_t		 len;
	uint64_t	 off;
	uint64_t	 ts;
	uint64_t	 begin;	/* offset of the segment */
	uint64_t	 acked;	/* what bytes before begin came with */
	uint64_t	 since;	/* and when the first of them came */
	bool		 edge;		/* p starts a segment or a line */
	uint8_t		*redo;
	uint32_t	 redo_skip;
	uint32_t	 redo_len;
	uint32_t	 redo_cap;
	uint64_t	 redo_off;
};

uint32_t	 sess_head_max(const struct session *s);
uint32_t	 sess_queue_max(const struct session *s);
unsigned	 sess_index(const struct session *s, const struct dir *d);
struct dir	*sess_other(struct session *s, struct dir *d);
void		 sess_odd(struct session *s, enum session_anomaly a);
void		 sess_mark(struct session *s, const struct dir *d,
		    uint64_t off, enum session_mark m, uint64_t id);
void		 sess_proto(struct session *s, enum session_proto p);
void		*sess_take(struct session *s, size_t n);
void		 sess_give(struct session *s, void *p, size_t n);
void		 sess_drop(struct session *s, struct dir *d);
/* Room for n more bytes, at most max in all; false: no memory. */
bool		 sess_room(struct session *s, struct dir *d, size_t n,
		    uint32_t max);
void		 kept_free(struct session *s, struct kept *k);
/* The content type of the answer joins what was kept of its request. */
void		 kept_type(struct kept *k, const struct http_span *type);
struct kept	*kept_new(struct session *s, const struct http_head *h,
		    const struct http_span *host);

#endif
