/*
 * talkers: who fills the line: what connections and conversations bring is
 * counted for their client, what it talks to, and the service. A server is
 * known by the name that was asked for there, where one was; by its address
 * otherwise. Connections that a mirror makes do not count.
 */
#ifndef ANALYZER_TALKERS_H
#define ANALYZER_TALKERS_H

#include "analyzer/flow.h"
#include "analyzer/packet.h"
#include "analyzer/state.h"

/* For flow_ops. */
void	 talkers_volume(void *arg, struct flow *, const struct packet_volume *,
	    bool *met);
/*
 * A packet of IP that is no segment of TCP, put together of fragments, or
 * whose headers are broken behind that of IP.
 */
void	 talkers_packet(struct analyzer *, const struct packet *);
/* For frag_table_new. */
void	 talkers_fragments(void *arg, const struct packet *);
/* The client of a packet asked for a name; not longer than a host of HTTP. */
void	 talkers_name(struct analyzer *, const struct packet *,
	    const uint8_t *, size_t);
/* What this configuration wants; before its memory limit is in force. */
void	 talkers_conf(struct analyzer *, const struct conf *);
/* Counts what was gathered: before a slice ends, and before it is shown. */
void	 talkers_tell(struct analyzer *);

#endif
