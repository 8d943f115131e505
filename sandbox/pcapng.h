/*
 * pcapng: sections of a capture file (draft-ietf-opsawg-pcapng), written one
 * behind the other into bytes of the caller. Each has its own header, which
 * says how long it is, and its own interfaces: any of them can be read alone,
 * and a file of them can be cut between any two. Byte order is that of the
 * machine, times are microseconds.
 */
#ifndef SANDBOX_PCAPNG_H
#define SANDBOX_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/buf.h"

#define PCAPNG_HDR	24	/* of a section: it tells the length */
/* What a packet of n bytes takes. */
#define PCAPNG_PACKET(n)	(32 + (((size_t)(n) + 3) & ~(size_t)3))

/*
 * Begins a section at the end of the writer; returns where. comment is UTF-8,
 * at most 64K - 1 of it.
 */
size_t	 pcapng_begin(struct buf *, const char *comment);
/* They are numbered from 0 within the section. */
void	 pcapng_iface(struct buf *, unsigned linktype, const char *name);
/* cap bytes at p of a packet that had wire. */
void	 pcapng_packet(struct buf *, uint32_t iface, uint64_t ts_us,
	    const void *p, uint32_t cap, uint32_t wire);
/* The section that was begun at ends here. */
void	 pcapng_end(struct buf *, size_t at);
/*
 * How long the section is that begins at p: 0 when n is too little to tell, -1
 * when none as these begins there, as far as n goes.
 */
int64_t	 pcapng_section(const uint8_t *p, size_t n);

#endif
