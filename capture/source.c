#include <sys/socket.h>

#include <linux/if_packet.h>

#include <pcap/pcap.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"
#include "sandbox/compat.h"

#define RING_BLOCK	262144		/* libpcap rounds up to these */

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

struct source {
	pcap_t			*pcap;
	uint64_t		 ring;
	char			*filter;	/* its text, in force */
	bool			 doubled;	/* counts packets twice */
	uint32_t		 last_recv;
	uint32_t		 last_drop;
	uint32_t		 last_ifdrop;
	struct source_stats	 stats;
	source_fn		*fn;
	void			*arg;
};

struct source_program {
	struct bpf_program	 code;
};

static int
configure(pcap_t *p, const struct source_conf *c, uint64_t ring)
{
	if (pcap_set_snaplen(p, c->snaplen == 0 ? SOURCE_SNAPLEN :
	    (int)c->snaplen) != 0 ||
	    pcap_set_promisc(p, c->promiscuous) != 0 ||
	    pcap_set_timeout(p, c->timeout_ms) != 0 ||
	    pcap_set_buffer_size(p, (int)ring) != 0)
		return -1;
	/* without nanoseconds the kernel's times are cut, nothing worse */
	(void)pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	return 0;
}

static enum source_error
error_of(int r)
{
	if (r == PCAP_ERROR_PERM_DENIED || r == PCAP_ERROR_PROMISC_PERM_DENIED)
		return SOURCE_DENIED;
	if (r == PCAP_ERROR_NO_SUCH_DEVICE || r == PCAP_ERROR_IFACE_NOT_UP)
		return SOURCE_GONE;
	return SOURCE_FAILED;
}

static int
activate(pcap_t *p, enum source_error *error, char *why, size_t size)
{
	char		 nb[PCAP_ERRBUF_SIZE];
	const char	*text;
	int		 r;

	if ((r = pcap_activate(p)) < 0) {
		text = pcap_geterr(p);
		*error = error_of(r);
		snprintf(why, size, "%s", *error == SOURCE_DENIED ?
		    "the capability CAP_NET_RAW is missing" :
		    text[0] != '\0' ? text : pcap_statustostr(r));
		return -1;
	}
	if (pcap_setnonblock(p, 1, nb) != 0) {
		*error = SOURCE_FAILED;
		snprintf(why, size, "%s", nb);
		return -1;
	}
	return 0;
}

/*
 * On the loopback each packet shows once going out and once coming in.
 * libpcap throws the first away but counts both; newer kernels can be asked
 * not to deliver it, which also saves half of the ring.
 */
static bool
ignore_outgoing(pcap_t *p)
{
	int	 on = 1;

	return setsockopt(pcap_get_selectable_fd(p), SOL_PACKET,
	    PACKET_IGNORE_OUTGOING, &on, sizeof(on)) == 0;
}

struct source *
source_open(const struct source_conf *c, enum source_error *error, char *why,
    size_t size)
{
	struct source	*s;
	char		 eb[PCAP_ERRBUF_SIZE];

	*error = SOURCE_FAILED;
	if ((s = calloc(1, sizeof(*s))) == NULL) {
		snprintf(why, size, "no memory");
		return NULL;
	}
	s->ring = (c->ring + RING_BLOCK - 1) / RING_BLOCK * RING_BLOCK;
	if (s->ring > INT_MAX)
		s->ring = INT_MAX / RING_BLOCK * RING_BLOCK;
	if ((s->pcap = pcap_create(c->name, eb)) == NULL) {
		snprintf(why, size, "%s", eb);
		goto bad;
	}
	if (configure(s->pcap, c, s->ring) == -1) {
		snprintf(why, size, "%s", pcap_geterr(s->pcap));
		goto bad;
	}
	if (activate(s->pcap, error, why, size) == -1)
		goto bad;
	s->doubled = c->loopback && !ignore_outgoing(s->pcap);
	*error = SOURCE_OK;
	return s;
 bad:
	source_close(s);
	return NULL;
}

void
source_close(struct source *s)
{
	if (s == NULL)
		return;
	if (s->pcap != NULL)
		pcap_close(s->pcap);
	free(s->filter);
	free(s);
}

int
source_fd(const struct source *s)
{
	return pcap_get_selectable_fd(s->pcap);
}

unsigned
source_linktype(const struct source *s)
{
	return (unsigned)pcap_datalink(s->pcap);
}

uint32_t
source_snaplen(const struct source *s)
{
	return (uint32_t)pcap_snapshot(s->pcap);
}

uint64_t
source_ring(const struct source *s)
{
	return s->ring;
}

int
source_filter(struct source *s, const char *text, char *why, size_t size)
{
	struct bpf_program	 code;
	int			 r;

	/* libpcap lets nothing pass while it sets one. */
	if (s->filter != NULL && strcmp(s->filter, text) == 0)
		return 0;
	if (pcap_compile(s->pcap, &code, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		snprintf(why, size, "%s", pcap_geterr(s->pcap));
		return -1;
	}
	r = pcap_setfilter(s->pcap, &code);
	pcap_freecode(&code);
	if (r != 0) {
		snprintf(why, size, "%s", pcap_geterr(s->pcap));
		return -1;
	}
	free(s->filter);
	s->filter = strdup(text);
	return 0;
}

static void
on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *data)
{
	struct source		*s = (struct source *)arg;
	struct source_packet	 p;

	p.ts_us = (uint64_t)h->ts.tv_sec * 1000000 +
	    (uint64_t)h->ts.tv_usec / (pcap_get_tstamp_precision(s->pcap) ==
	    PCAP_TSTAMP_PRECISION_NANO ? 1000 : 1);
	p.wirelen = h->len;
	p.caplen = h->caplen;
	p.data = data;
	s->fn(s->arg, &p);
}

int
source_dispatch(struct source *s, int max, source_fn *fn, void *arg, char *why,
    size_t size)
{
	int	 n;

	s->fn = fn;
	s->arg = arg;
	n = pcap_dispatch(s->pcap, max, on_packet, (u_char *)s);
	if (n == PCAP_ERROR_BREAK)
		return 0;
	if (n < 0) {
		snprintf(why, size, "%s", pcap_geterr(s->pcap));
		return -1;
	}
	return n;
}

void
source_break(struct source *s)
{
	pcap_breakloop(s->pcap);
}

void
source_stats(struct source *s, struct source_stats *out)
{
	struct pcap_stat	 st;
	uint32_t		 recv, drop;

	if (pcap_stats(s->pcap, &st) == 0) {
		recv = st.ps_recv - s->last_recv;
		drop = st.ps_drop - s->last_drop;
		s->stats.received += s->doubled ? recv / 2 : recv;
		s->stats.dropped += s->doubled ? (drop + 1) / 2 : drop;
		s->stats.if_dropped += (uint32_t)(st.ps_ifdrop -
		    s->last_ifdrop);
		s->last_recv = st.ps_recv;
		s->last_drop = st.ps_drop;
		s->last_ifdrop = st.ps_ifdrop;
	}
	*out = s->stats;
}

/* ---- programs for files ---- */

/* LINKTYPE_ numbers of files that libpcap knows under another DLT_. */
static int
dlt_of(unsigned linktype)
{
	static const struct { unsigned linktype; int dlt; } differs[] = {
		{ 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW },
		{ 102, DLT_SLIP_BSDOS }, { 103, DLT_PPP_BSDOS },
		{ 106, DLT_ATM_CLIP }
	};
	size_t	 i;

	for (i = 0; i < nitems(differs); i++)
		if (differs[i].linktype == linktype)
			return differs[i].dlt;
	return (int)linktype;
}

struct source_program *
source_compile(const char *text, unsigned linktype, uint32_t snaplen,
    char *why, size_t size)
{
	struct source_program	*f;
	pcap_t			*p;

	f = malloc(sizeof(*f));
	p = pcap_open_dead(dlt_of(linktype), (int)snaplen);
	if (f == NULL || p == NULL) {
		snprintf(why, size, "no memory");
	} else if (pcap_compile(p, &f->code, text, 1,
	    PCAP_NETMASK_UNKNOWN) != 0) {
		snprintf(why, size, "%s", pcap_geterr(p));
	} else {
		pcap_close(p);
		return f;
	}
	if (p != NULL)
		pcap_close(p);
	free(f);
	return NULL;
}

void
source_program_free(struct source_program *f)
{
	if (f == NULL)
		return;
	pcap_freecode(&f->code);
	free(f);
}

bool
source_match(const struct source_program *f, const uint8_t *data,
    uint32_t caplen, uint32_t wirelen)
{
	return bpf_filter(f->code.bf_insns, data, wirelen, caplen) != 0;
}
