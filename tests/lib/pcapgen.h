/*
 * pcapgen: frames for tests, made in the caller's memory.
 *
 * A frame is built from the inside out: pcapgen_tcp makes IPv4 or IPv6 with
 * TCP and right checksums; pcapgen_ether and others put a header in front.
 */
#ifndef TESTS_LIB_PCAPGEN_H
#define TESTS_LIB_PCAPGEN_H

#include <stddef.h>
#include <stdint.h>

#define PCAPGEN_MAX	70000
#define PCAPGEN_ROOM	512		/* for headers put in front */

struct pcapgen {
	uint8_t		 mem[PCAPGEN_ROOM + PCAPGEN_MAX];
	uint8_t		*p;		/* the frame so far */
	size_t		 len;
};

struct pcapgen_seg {
	int		 v6;
	uint8_t		 src, dst;	/* last byte of the addresses */
	uint16_t	 sport, dport;
	uint32_t	 seq, ack;
	uint8_t		 flags;
	uint8_t		 ttl;		/* 0: 64 */
	uint16_t	 id;		/* of IPv4 */
	uint16_t	 win;		/* 0: 65000 */
	uint8_t		 wscale;	/* 0: no option */
	const void	*data;
	size_t		 len;
};

void		 pcapgen_tcp(struct pcapgen *, const struct pcapgen_seg *);
/* Any protocol in IPv4, between 10.0.0.1 and 10.0.0.2. */
void		 pcapgen_ip4(struct pcapgen *, uint8_t proto, uint16_t frag,
    uint16_t id);
void		 pcapgen_ip6(struct pcapgen *, uint8_t proto);
void		 pcapgen_udp(struct pcapgen *, uint16_t sport, uint16_t dport);
void		 pcapgen_front(struct pcapgen *, const void *, size_t);
void		 pcapgen_ether(struct pcapgen *, uint16_t type);
/* Replaces the content by these bytes. */
void		 pcapgen_set(struct pcapgen *, const void *, size_t);

#endif
