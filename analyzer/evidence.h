/*
 * evidence: what was it? With an evidence log the headers of the packets that
 * came last are kept, and which connections counted for which rule; when a
 * rule fires, those of the last seconds that belong to it go to the mirror, as
 * sections of a capture file. Without such a log nothing is kept.
 */
#ifndef ANALYZER_EVIDENCE_H
#define ANALYZER_EVIDENCE_H

#include "analyzer/state.h"

#define EVIDENCE_US	10000000ULL	/* before the alert */
#define EVIDENCE_MAX	(1024 * 1024)	/* bytes of one alert */
#define EVIDENCE_SHARE	16		/* of the memory limit, for headers */
#define EVIDENCE_RING	(64 * 1024 * 1024)	/* bytes of them, at most */
#define EVIDENCE_AGAIN_US 60000000ULL	/* of a rule, at the earliest */
#define EVIDENCE_MINUTE	16		/* of all rules, in a minute */

/* What this configuration wants. */
void		 evidence_conf(struct analyzer *, const struct conf *);
/* Keeps the headers of a packet, before flow_packet has it. */
void		 evidence_packet(struct analyzer *, const struct packet *,
		    enum packet_reason, const uint8_t *data);
/* Something counted for a key of a rule: alert_ops.counted. */
void		 evidence_counted(void *, const struct conf_alert *,
		    const char *key, const struct alert_what *);
/* A rule fired; how many packets are written. */
uint64_t	 evidence_take(struct analyzer *, const struct alert_event *);

#endif
