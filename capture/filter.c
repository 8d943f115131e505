#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "capture/filter.h"
#include "sandbox/compat.h"
#include "sandbox/vis.h"

#define WORD_MAX	64

/*
 * The words of pcap-filter(7) that stand for themselves. Left out on
 * purpose: gateway (needs a resolver), and what only pf logs, SS7, ATM and
 * 802.11 know. Sorted for bsearch.
 */
static const char *const words[] = {
	"aarp", "ah", "and", "arp", "atalk", "broadcast", "byte", "carp",
	"clnp", "csnp", "decnet", "dst", "es-is", "esis", "esp", "ether",
	"fddi", "geneve", "greater", "host", "icmp", "icmp-echo",
	"icmp-echoreply", "icmp-ireq", "icmp-ireqreply", "icmp-maskreply",
	"icmp-maskreq", "icmp-paramprob", "icmp-redirect",
	"icmp-routeradvert", "icmp-routersolicit", "icmp-sourcequench",
	"icmp-timxceed", "icmp-tstamp", "icmp-tstampreply", "icmp-unreach",
	"icmp6", "icmp6-destinationrunreach", "icmp6-echo",
	"icmp6-echoreply", "icmp6-neighboradvert", "icmp6-neighborsolicit",
	"icmp6-packettoobig", "icmp6-parameterproblem",
	"icmp6-redirect", "icmp6-routeradvert", "icmp6-routersolicit",
	"icmp6-timeexceeded", "icmp6code", "icmp6type", "icmpcode",
	"icmptype", "ifindex", "igmp", "igrp", "inbound", "ip", "ip6",
	"ipv6", "ipx", "is-is", "isis", "iso", "l1", "l2", "lat", "len",
	"length", "less", "link", "llc", "mask", "mopdl", "moprc", "mpls",
	"multicast", "net", "netbeui", "not", "or", "outbound", "pim",
	"port", "portrange", "ppp", "pppoed", "pppoes", "proto",
	"protochain", "psnp", "rarp", "sca", "sctp", "slip", "snp", "src",
	"stp", "tcp", "tcp-ack", "tcp-cwr", "tcp-ece", "tcp-fin",
	"tcp-push", "tcp-rst", "tcp-syn", "tcp-urg", "tcpflags", "tr",
	"udp", "vlan", "vrrp", "wlan"
};

static int
compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

/* Decimal, octal or hexadecimal, as libpcap reads it. */
static bool
is_number(const char *s)
{
	size_t	 n;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		n = strspn(s + 2, "0123456789abcdefABCDEF");
		return n >= 1 && n <= 8 && s[2 + n] == '\0';
	}
	n = strspn(s, "0123456789");
	return n >= 1 && n <= 10 && s[n] == '\0';
}

/* 10.1.2.3, and the short forms 10.1 and 10.1.2 of a network. */
static bool
is_ipv4(const char *s)
{
	unsigned	 parts = 0, v;
	size_t		 n;

	for (;;) {
		n = strspn(s, "0123456789");
		if (n < 1 || n > 3 || ++parts > 4)
			return false;
		v = (unsigned)strtoul(s, NULL, 10);
		if (v > 255)
			return false;
		if (s[n] == '\0')
			return parts >= 2;
		if (s[n] != '.')
			return false;
		s += n + 1;
	}
}

static bool
is_ipv6(const char *s)
{
	struct addr	 a;

	return strchr(s, ':') != NULL && addr_parse(s, &a) == 0;
}

/* 00:11:22:33:44:55, also with - or . between the pairs. */
static bool
is_mac(const char *s)
{
	size_t		 n;
	unsigned	 pairs = 0;
	char		 sep = '\0';

	for (;;) {
		n = strspn(s, "0123456789abcdefABCDEF");
		if (n < 1 || n > 2 || ++pairs > 6)
			return false;
		if (s[n] == '\0')
			return pairs == 6;
		if (sep == '\0')
			sep = s[n];
		if (s[n] != sep || strchr(":-.", sep) == NULL)
			return false;
		s += n + 1;
	}
}

static bool
is_range(const char *s)
{
	size_t	 n, m;

	n = strspn(s, "0123456789");
	if (n < 1 || n > 5 || s[n] != '-')
		return false;
	m = strspn(s + n + 1, "0123456789");
	return m >= 1 && m <= 5 && s[n + 1 + m] == '\0';
}

static bool
word_passes(const char *w, const char *before)
{
	if (bsearch(w, words, nitems(words), sizeof(words[0]), compare))
		return true;
	if (strcmp(before, "portrange") == 0)
		return is_range(w);
	return is_number(w) || is_ipv4(w) || is_ipv6(w) || is_mac(w);
}

static int
refuse(const char *w, char *why, size_t size)
{
	char	 s[WORD_MAX * VIS_MAX];

	snprintf(why, size, "filter: \"%s\" is no word of it, and "
	    "names are not looked up: use numbers",
	    vis_str(VIS_LOG, s, sizeof(s), w));
	return -1;
}

static bool
starts_word(const char *p)
{
	return isalnum((unsigned char)*p) || *p == '_' ||
	    (unsigned char)*p >= 0x80 || (p[0] == ':' && p[1] == ':');
}

/*
 * Bytes of a name, number or address. As for libpcap, "-" between letters or
 * digits belongs to the word. Inside brackets ":" is not part of an address
 * but the size in tcp[12:1].
 */
static size_t
word_length(const char *p, bool index)
{
	size_t	 n = 0;

	while (starts_word(p + n) || (p[n] != '\0' &&
	    strchr(index ? "-." : "-.:", p[n]) != NULL))
		n++;
	return n;
}

static int
check_word(const char *p, size_t n, char before[WORD_MAX], char *why,
    size_t size)
{
	char	 w[WORD_MAX];
	size_t	 m = n < sizeof(w) ? n : sizeof(w) - 1;

	memcpy(w, p, m);
	w[m] = '\0';
	if (m < n || !word_passes(w, before))
		return refuse(w, why, size);
	memcpy(before, w, sizeof(w));
	return 0;
}

int
filter_check(const char *text, char *why, size_t size)
{
	char		 before[WORD_MAX] = "";
	const char	*p = text;
	size_t		 n;
	unsigned	 depth = 0;

	for (; *p != '\0'; p += n) {
		n = 1;
		if (starts_word(p)) {
			n = word_length(p, depth > 0);
			if (check_word(p, n, before, why, size) == -1)
				return -1;
		} else if (strchr("\\$\"'.:", *p) != NULL && depth == 0) {
			return check_word(p, strcspn(p, " \t\n"), before, why,
			    size);
		} else if (*p == '[')
			depth++;
		else if (*p == ']' && depth > 0)
			depth--;
	}
	return 0;
}

/* ---- the service part ---- */

struct text {
	char	*p;
	size_t	 size;
	size_t	 n;
	bool	 full;
};

static void	add(struct text *, const char *, ...) PRINTFLIKE(2, 3);

static void
add(struct text *t, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, t->size - t->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->size - t->n) {
		t->full = true;
		t->n = t->size - 1;
	} else
		t->n += (size_t)n;
}

enum filter_link
filter_link(unsigned linktype)
{
	static const struct { unsigned linktype; enum filter_link link; }
	known[] = {
		{ 1, FILTER_ETHER },	/* EN10MB */
		{ 113, FILTER_ETHER },	/* LINUX_SLL */
		{ 276, FILTER_ETHER },	/* LINUX_SLL2 */
		{ 12, FILTER_IP },	/* RAW, under two numbers */
		{ 101, FILTER_IP },
		{ 228, FILTER_IP },	/* IPV4 */
		{ 229, FILTER_IP },	/* IPV6 */
	};
	size_t	 i;

	for (i = 0; i < nitems(known); i++)
		if (known[i].linktype == linktype)
			return known[i].link;
	return FILTER_OTHER;
}

/*
 * What carries other packets, or a part of one without its ports: all that
 * the analyzer looks into.
 */
static const char carriers[] =
    " or (ip[6:2] & 0x1fff != 0)"
    " or ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51"
    " or ip proto 97 or ip proto 137"
    " or ip6 proto 0 or ip6 proto 4 or ip6 proto 41 or ip6 proto 43"
    " or ip6 proto 44 or ip6 proto 47 or ip6 proto 51 or ip6 proto 60"
    " or ip6 proto 97 or ip6 proto 135 or ip6 proto 137"
    " or ip6 proto 139 or ip6 proto 140"
    " or udp port 4789 or udp port 8472 or udp port 6081"
    " or udp port 4790 or udp port 3544 or udp port 2152"
    " or udp port 1701 or udp port 4341 or udp port 5072"
    " or udp port 6635 or udp port 37008";

/*
 * 802.1Q, 802.1ad and its old numbers, PPPoE sessions, MPLS, other tags in
 * the order of their numbers, IP behind IEEE 802.2.
 */
static const char carriers_ether[] =
    " or ether proto 0x8100 or ether proto 0x88a8"
    " or ether proto 0x9100 or ether proto 0x9200"
    " or ether proto 0x8864"
    " or ether proto 0x8847 or ether proto 0x8848"
    " or ether proto 0x880b or ether proto 0x88e5 or ether proto 0x88e7"
    " or ether proto 0x8903 or ether proto 0x8909 or ether proto 0x8926"
    " or ether proto 0x892f or ether proto 0x893f or ether proto 0x894f"
    " or ether proto 0x06 or ether proto 0xaa";

/*
 * What looks like an Initial of QUIC, of version 1 and of version 2, on any
 * port: the names in its hello. Both forms of the fixed bit are in use (RFC
 * 9287). To look at bytes that a packet has not ends the filter: no test that
 * UDP may pass comes behind these. So written, they cost TCP nothing.
 */
static const char initials[] =
    " or (udp[9:4] = 1 and udp[8] & 0xb0 = 0x80)"
    " or (udp[9:4] = 0x6b3343cf and udp[8] & 0xb0 = 0x90)"
    " or (udp and ip6[49:4] = 1 and ip6[48] & 0xb0 = 0x80)"
    " or (udp and ip6[49:4] = 0x6b3343cf and ip6[48] & 0xb0 = 0x90)";

static void
add_ports(struct text *t, const struct conf_ports *ports, bool *first)
{
	unsigned	 i;

	for (i = 0; i < ports->n; i++) {
		if (!*first)
			add(t, " or ");
		*first = false;
		if (ports->range[i].lo == ports->range[i].hi)
			add(t, "tcp port %u", ports->range[i].lo);
		else
			add(t, "tcp portrange %u-%u", ports->range[i].lo,
			    ports->range[i].hi);
	}
}

/* A service line for any port asks for everything. */
static bool
wants_all(const struct conf *c)
{
	size_t	 i;

	for (i = 0; i < c->nservices; i++)
		if (c->services[i].ports.n == 0)
			return true;
	return c->nservices == 0;
}

int
filter_build(const struct conf *c, enum filter_link link, char *out,
    size_t size)
{
	struct text	 t = { out, size, 0, false };
	size_t		 i;
	bool		 first = true;

	out[0] = '\0';
	if (link != FILTER_OTHER && !wants_all(c)) {
		/* "vlan" in the user's text moves what follows: it is last */
		add(&t, "(");
		for (i = 0; i < c->nservices; i++)
			add_ports(&t, &c->services[i].ports, &first);
		add(&t, "%s%s%s)", carriers, initials,
		    link == FILTER_ETHER ? carriers_ether : "");
	}
	if (c->filter[0] != '\0')
		add(&t, t.n > 0 ? " and (%s)" : "%s", c->filter);
	return t.full ? -1 : 0;
}
