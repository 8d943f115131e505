/*
 * source: one live handle of libpcap, and its filter language for files.
 * The only module that knows libpcap.
 *
 * A handle is opened with TPACKET_V3, without blocking.
 * Spans given to the callback are valid during the call only. Times are the
 * kernel's, in microseconds since 1970.
 */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_SNAPLEN	262144
#define SOURCE_WHY_MAX	256

struct source;

struct source_conf {
	const char	*name;
	uint32_t	 snaplen;	/* 0: whole packets */
	uint64_t	 ring;		/* bytes */
	int		 timeout_ms;	/* a block is handed over after it */
	bool		 promiscuous;
	bool		 loopback;	/* shows each packet going and coming */
};

struct source_packet {
	uint64_t	 ts_us;
	uint32_t	 wirelen;
	uint32_t	 caplen;
	const uint8_t	*data;
};
typedef void	 source_fn(void *arg, const struct source_packet *);

/* Totals since the handle was opened, with 32-bit wraps taken out. */
struct source_stats {
	uint64_t	 received;
	uint64_t	 dropped;	/* by the ring */
	uint64_t	 if_dropped;
};

enum source_error {
	SOURCE_OK,
	SOURCE_DENIED,		/* CAP_NET_RAW is missing */
	SOURCE_GONE,		/* no such interface */
	SOURCE_FAILED
};

/* NULL with a text in why. */
struct source	*source_open(const struct source_conf *, enum source_error *,
		    char *why, size_t size);
void		 source_close(struct source *);
/* Readable means that source_dispatch has something to do. */
int		 source_fd(const struct source *);
unsigned	 source_linktype(const struct source *);
uint32_t	 source_snaplen(const struct source *);
/* Bytes of the ring. */
uint64_t	 source_ring(const struct source *);
/*
 * In the kernel; "" for none. The one in force is not set again: each time
 * packets are lost. -1 with a text in why; the old one stays.
 */
int		 source_filter(struct source *, const char *text, char *why,
		    size_t size);
/*
 * Hands out at most max packets that are there now. The number of them, or
 * -1 with a text in why when the handle is of no more use.
 */
int		 source_dispatch(struct source *, int max, source_fn *,
		    void *arg, char *why, size_t size);
/* From inside the callback: ends source_dispatch after this packet. */
void		 source_break(struct source *);
void		 source_stats(struct source *, struct source_stats *);

/* A filter for packets of a file. NULL with a text in why. */
struct source_program;
struct source_program *source_compile(const char *text, unsigned linktype,
		    uint32_t snaplen, char *why, size_t size);
void		 source_program_free(struct source_program *);
bool		 source_match(const struct source_program *,
		    const uint8_t *data, uint32_t caplen, uint32_t wirelen);

#endif
