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
