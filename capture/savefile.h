/*
 * savefile: packets out of the bytes of a capture file. Pure.
 *
 * The caller reads: savefile_space gives room, savefile_filled says how much
 * came (0 for the end of the input). savefile_next then hands out one record
 * after the other; packet bytes are spans into the buffer, valid until the
 * next call of savefile_space. Memory is one buffer of SAVEFILE_BUFFER
 * bytes, whatever lengths the file claims.
 *
 * Understood: pcap (draft-ietf-opsawg-pcap) of versions 2.0 to 2.4, with
 * microseconds, nanoseconds or the 24 byte records of the "modified" form,
 * in both byte orders, one after another too; pcapng
 * (draft-ietf-opsawg-pcapng) with any mix of sections, byte orders,
 * interfaces and link types. Unknown blocks are skipped.
 *
 * What the file says that whoever wrote it has lost, in statistics of an
 * interface or beside a packet, is told as SAVEFILE_DROPS or with the packet:
 * the one that says more counts, once.
 *
 * Times are microseconds since 1970, unsigned. A fraction of a second beyond
 * one second becomes the last microsecond of that second; bad_time says so.
 */
#ifndef CAPTURE_SAVEFILE_H
#define CAPTURE_SAVEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAVEFILE_BUFFER		(1024 * 1024)
#define SAVEFILE_SNAPLEN	262144	/* the most of one packet */
#define SAVEFILE_BLOCK_MAX	(16 * 1024 * 1024)
#define SAVEFILE_IFACES_MAX	16384	/* in one section */
#define SAVEFILE_IDS_MAX	60000	/* in one file */
#define SAVEFILE_WHY_MAX	160

struct savefile;

enum savefile_result {
	SAVEFILE_MORE,		/* fill the buffer, then ask again */
	SAVEFILE_PACKET,
	SAVEFILE_IFACE,		/* comes before its first packet or drops */
	SAVEFILE_DROPS,		/* packet.iface and packet.drops alone */
	SAVEFILE_END,		/* the file ended where it may end */
	SAVEFILE_ERROR		/* it is cut or corrupt: savefile_why */
};

struct savefile_packet {
	uint64_t	 ts_us;
	uint32_t	 wirelen;
	uint32_t	 caplen;
	uint16_t	 iface;
	bool		 outgoing;
	bool		 bad_time;
	bool		 cut;		/* the file held more of it */
	uint64_t	 drops;		/* that were not told before */
	const uint8_t	*data;
};

struct savefile_iface {
	uint16_t	 id;		/* from 1, unique in the file */
	uint32_t	 linktype;	/* LINKTYPE_ number */
	uint32_t	 snaplen;
	char		 name[32];	/* raw bytes of the file; "" unknown */
};

struct savefile_record {
	struct savefile_packet	 packet;
	struct savefile_iface	 iface;
};

struct savefile	*savefile_new(void);
void		 savefile_free(struct savefile *);

/* Room for at least one byte; only after SAVEFILE_MORE or at the start. */
uint8_t		*savefile_space(struct savefile *, size_t *room);
void		 savefile_filled(struct savefile *, size_t n);
enum savefile_result savefile_next(struct savefile *,
		    struct savefile_record *);
/* What is wrong with the file; for SAVEFILE_ERROR. */
const char	*savefile_why(const struct savefile *);

/* Whether a link type has a name in the registry. */
bool		 savefile_linktype_known(uint32_t);

#endif
