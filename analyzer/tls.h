/*
 * tls: what a TLS connection says in the clear (RFC 8446, 5246, 6066, 9849).
 *
 * The parsers keep and copy nothing. tls_records walks record headers over
 * pieces of any size; the caller collects handshake bytes and hands a whole
 * message to tls_client_hello or tls_server_hello. Names are claims of the
 * client, not facts.
 */
#ifndef ANALYZER_TLS_H
#define ANALYZER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_HELLO_MAX	65536	/* longest handshake message collected */
#define TLS_ALPN_MAX	8	/* protocols kept of the list */
#define TLS_SESSION_MAX	32	/* RFC 5246, section 7.4.1.2 */

enum tls_record_type {
	TLS_CHANGE_CIPHER = 20, TLS_ALERT, TLS_HANDSHAKE, TLS_DATA,
	TLS_HEARTBEAT
};

enum tls_guess { TLS_NO, TLS_MAYBE, TLS_CLIENT, TLS_SERVER, TLS_OTHER };

#define TLS_GUESS_MAX	11

/* What the first bytes look like; TLS_GUESS_MAX are always enough. */
enum tls_guess	 tls_guess(const uint8_t *, size_t len);

struct tls_span {
	const uint8_t	*p;		/* NULL: absent */
	size_t		 len;
};

struct tls_hello {
	struct tls_span	 name;		/* server_name, as sent */
	struct tls_span	 session;	/* id, at most TLS_SESSION_MAX bytes */
	struct tls_span	 alpn[TLS_ALPN_MAX];
	unsigned	 nalpn;
	uint16_t	 version;	/* highest offered, or the chosen one */
	bool		 ech;		/* outer encrypted_client_hello */
	bool		 resumes;	/* ticket, PSK or session id offered */
	bool		 ticket;	/* client: one for up to 1.2 */
	bool		 retry;		/* server: HelloRetryRequest */
	bool		 bad;		/* lengths that lie; the rest is kept */
};

/* A whole handshake message, 4-byte header included. -1: it is none. */
int		 tls_client_hello(const uint8_t *, size_t len,
		    struct tls_hello *);
int		 tls_server_hello(const uint8_t *, size_t len,
		    struct tls_hello *);
/*
 * The name of a client's hello as it is counted: in lower case, without a last
 * dot. At most max bytes to out; their number.
 */
size_t		 tls_name(const struct tls_hello *, uint8_t *out, size_t max);
/* Of its ALPN, with commas between, what has room; the bytes written. */
size_t		 tls_alpns(const struct tls_hello *, uint8_t *out, size_t max);

/*
 * The first certificate of a Certificate message of TLS up to 1.2 (RFC 5246,
 * section 7.4.2), of which len bytes are there, the header included. Returns
 * how many are needed: with no more than len *cert is set; 0: it is none.
 */
size_t		 tls_certificate(const uint8_t *, size_t len,
		    struct tls_span *cert);

/* Alerts (IANA, TLS Alerts): number and name. */
#define TLS_ALERTS(A)							\
	A(0,	"close notify")						\
	A(10,	"unexpected message")					\
	A(20,	"bad record mac")					\
	A(21,	"decryption failed")					\
	A(22,	"record overflow")					\
	A(30,	"decompression failure")				\
	A(40,	"handshake failure")					\
	A(41,	"no certificate")					\
	A(42,	"bad certificate")					\
	A(43,	"unsupported certificate")				\
	A(44,	"certificate revoked")					\
	A(45,	"certificate expired")					\
	A(46,	"certificate unknown")					\
	A(47,	"illegal parameter")					\
	A(48,	"unknown ca")						\
	A(49,	"access denied")					\
	A(50,	"decode error")						\
	A(51,	"decrypt error")					\
	A(60,	"export restriction")					\
	A(70,	"protocol version")					\
	A(71,	"insufficient security")				\
	A(80,	"internal error")					\
	A(86,	"inappropriate fallback")				\
	A(90,	"user canceled")					\
	A(100,	"no renegotiation")					\
	A(109,	"missing extension")					\
	A(110,	"unsupported extension")				\
	A(111,	"certificate unobtainable")				\
	A(112,	"unrecognized name")					\
	A(113,	"bad certificate status")				\
	A(114,	"bad certificate hash")					\
	A(115,	"unknown psk identity")					\
	A(116,	"certificate required")					\
	A(120,	"no application protocol")				\
	A(121,	"ech required")

#define A(number, text)	TLS_ALERT_AT_##number,
enum tls_alert_at { TLS_ALERTS(A) TLS_ALERT_OTHER };
#undef A

/* The place of an alert in that list. */
enum tls_alert_at tls_alert_at(unsigned number);

struct tls_reader {
	uint16_t	 left;		/* bytes of the record still to come */
	uint8_t		 have;		/* header bytes held */
	uint8_t		 head[5];
};

struct tls_piece {
	const uint8_t	*p;		/* part of a record's content */
	size_t		 len;
	uint8_t		 type;		/* enum tls_record_type */
	bool		 first;		/* begins the record */
};

/*
 * The next piece of record content out of len bytes; bytes taken through
 * *used. 1: *piece is set; 0: more input is needed; -1: this is no TLS.
 */
int		 tls_records(struct tls_reader *, const uint8_t *, size_t len,
		    size_t *used, struct tls_piece *);

#endif
