/*
 * event: what happened, as EVENT records for the mirror's logs.
 *
 * A batch collects records in one frame body that the caller owns; a full
 * batch is handed to flush, which sends or drops it. Texts pass the privacy
 * block here, so nothing that may not be kept leaves the process.
 */
#ifndef ANALYZER_EVENT_H
#define ANALYZER_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/alert.h"
#include "analyzer/flow.h"
#include "analyzer/quichello.h"
#include "analyzer/session.h"
#include "sandbox/addr.h"
#include "sandbox/buf.h"
#include "sandbox/conf.h"
#include "sandbox/frame.h"
#include "sandbox/msg.h"
#include "sandbox/tally.h"

#define EVENT_BATCH	(64 * 1024)	/* flushed when this full */
#define EVENT_JOIN_US	1000		/* pieces that came together are one */
#define EVENT_JOIN_MAX	(32 * 1024)

struct event_batch {
	/* header room, then body */
	_Alignas(FRAME_ALIGN) uint8_t frame[FRAME_MAX];
	struct buf	 body;
	uint32_t	 count;
	struct msg_stream piece;	/* the last record, if it is DATA */
	size_t		 piece_at;
	/* Sends count records in body; false: they are lost. */
	bool		(*flush)(void *arg, struct event_batch *);
	void		*arg;
};
void		 event_batch_init(struct event_batch *,
		    bool (*flush)(void *, struct event_batch *), void *arg);
/* Hands over what is there; the records that were lost. */
uint32_t	 event_batch_flush(struct event_batch *);
/* Adds one record; the records that were lost by it. */
uint32_t	 event_put(struct event_batch *, const struct msg_event *);
uint32_t	 event_put_stream(struct event_batch *,
		    const struct msg_stream *);

/* Types of events (CONF_EV_*) that any log wants. */
uint32_t	 event_types(const struct conf *);

/* What all events of a connection share. */
struct event_flow {
	uint64_t	 id;
	const char	*iface;
	int32_t		 vlan[2];
	struct endpoint	 client;	/* as it may be kept */
	struct endpoint	 real_client;
	struct endpoint	 server;
	bool		 hidden;	/* client is not real_client */
	const struct addr *asker;	/* behind a proxy; NULL: client */
};
void		 event_flow(struct msg_event *, enum event_kind,
		    uint64_t ts_us, const struct event_flow *);

/* Scratch for texts that the privacy block changes. */
struct event_text {
	uint8_t		 uri[SESSION_TEXT_TARGET];
	uint8_t		 referer[SESSION_TEXT_REFERER];
	char		 protocol[16];
	uint8_t		 alpn[SESSION_TEXT_ALPN];
};
void		 event_http(struct msg_event *, struct event_text *,
		    const struct conf_privacy *, const struct session_tx *,
		    const char *tag, uint64_t rtt_us);
/*
 * us: how long the handshake took; 0: not known. failure: how it failed, or
 * "". certificate: what the server's says of the name, or "".
 */
void		 event_tls(struct msg_event *, const struct session_tls *,
		    uint64_t us, const char *failure,
		    const char *certificate);
/* The hello of a client over QUIC; its name as it is counted. */
void		 event_quic(struct msg_event *, struct event_text *,
		    const struct quic_hello *, const uint8_t *name,
		    size_t len);
void		 event_flow_end(struct msg_event *, const struct flow_info *,
		    enum flow_how, uint64_t tx_count);
/* "fin", "rst", "timeout", "shed", "reuse" */
const char	*event_how(enum flow_how);

#endif
