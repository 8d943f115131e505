/*
 * gen_pcap PROFILE BYTES [CONNECTIONS]: a capture on standard output, always
 * the same one for the same arguments. 256 connections are under way at a time,
 * or CONNECTIONS: those all begin with one request before BYTES more are made.
 *
 *	web	mixed sizes, many bodies, acknowledgements, new and kept
 *		connections
 *	tiny	kept connections, two packets for a request and its response
 *	conns	ten packets for each connection, with one request
 *
 * Ethernet, IPv4 and TCP with good checksums; BYTES takes K, M or G.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MSS		1448
#define HDRS		(14 + 20 + 32)	/* with the time stamp option */
#define HOSTS		200
#define OPENING		5	/* packets, to the first response */

#define F_FIN		0x01
#define F_SYN		0x02
#define F_PSH		0x08
#define F_ACK		0x10

enum phase { SYN, SYNACK, ESTABLISHED, REQUEST, SEEN, RESPONSE, BODY,
	BODY_ACK, LAST_ACK, FIN, FINACK, GONE };

struct profile {
	const char	*name;
	unsigned	 requests;	/* of a connection, at most */
	unsigned	 burst;		/* packets of one in a row, at most */
	unsigned	 us;		/* from packet to packet */
	int		 acks;		/* separate acknowledgements */
	int		 bodies;	/* of all sizes; else two bytes */
};

static const struct profile profiles[] = {
	{ "web",	8,	12,	8,	1,	1 },
	{ "tiny",	100000,	2,	2,	0,	0 },
	{ "conns",	1,	3,	3,	1,	0 },
};

struct conn {
	enum phase	 phase;
	uint32_t	 client;
	uint32_t	 server;
	uint16_t	 port;
	uint32_t	 seq[2];	/* next byte of client, server */
	uint32_t	 body;		/* bytes of it still to send */
	unsigned	 requests;
	unsigned	 unacked;
	unsigned	 host;
};

struct gen {
	const struct profile *profile;
	uint64_t	 random;
	uint64_t	 ts_us;
	uint64_t	 bytes;
	uint32_t	 made;		/* connections so far */
	struct conn	*conns;
	uint32_t	 nconns;
	uint8_t		 filler[65536];
	uint8_t		 frame[HDRS + MSS + 64];
	char		 text[MSS + 1];
};

static uint32_t
rnd(struct gen *g, uint32_t below)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return (uint32_t)((g->random >> 32) * below >> 32);
}

/* ---- packets ---- */

static void
be16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
be32(uint8_t *p, uint32_t v)
{
	be16(p, v >> 16);
	be16(p + 2, v & 0xffff);
}

/* RFC 1071 */
static uint32_t
sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (; n > 1; p += 2, n -= 2)
		s += (uint32_t)p[0] << 8 | p[1];
	return n > 0 ? s + ((uint32_t)p[0] << 8) : s;
}

static unsigned
folded(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s & 0xffff;
}

static void
headers(struct gen *g, const struct conn *c, int dir, unsigned flags,
    size_t len)
{
	static const uint8_t	 macs[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
	    8, 0 };
	uint8_t			*ip = g->frame + 14, *tcp = ip + 20;

	memset(g->frame, 0, HDRS);
	memcpy(g->frame, macs, sizeof(macs));
	ip[0] = 0x45;
	be16(ip + 2, (unsigned)(20 + 32 + len));
	be16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = 6;
	be32(ip + 12, dir == 0 ? c->client : c->server);
	be32(ip + 16, dir == 0 ? c->server : c->client);
	be16(ip + 10, folded(sum(ip, 20, 0)));
	be16(tcp, dir == 0 ? c->port : 80);
	be16(tcp + 2, dir == 0 ? 80 : c->port);
	be32(tcp + 4, c->seq[dir]);
	be32(tcp + 8, flags & F_ACK ? c->seq[!dir] : 0);
	tcp[12] = 8 << 4;
	tcp[13] = (uint8_t)flags;
	be16(tcp + 14, 65000);
	tcp[20] = tcp[21] = 1;
	tcp[22] = 8;
	tcp[23] = 10;
	be32(tcp + 24, (uint32_t)(g->ts_us / 1000));
	be16(tcp + 16, folded(sum(ip + 12, 8, sum(tcp, 32 + len,
	    (uint32_t)(6 + 32 + len)))));
}

static void
write_record(struct gen *g, size_t len)
{
	uint32_t	 h[4];

	h[0] = (uint32_t)(g->ts_us / 1000000);
	h[1] = (uint32_t)(g->ts_us % 1000000);
	h[2] = h[3] = (uint32_t)len;
	if (fwrite(h, sizeof(h), 1, stdout) != 1 ||
	    fwrite(g->frame, len, 1, stdout) != 1) {
		perror("gen_pcap");
		exit(1);
	}
	g->bytes += sizeof(h) + len;
	g->ts_us += 1 + rnd(g, 2 * g->profile->us);
}

static void
put(struct gen *g, struct conn *c, int dir, unsigned flags, const void *data,
    size_t len)
{
	if (len > 0)
		memcpy(g->frame + HDRS, data, len);
	headers(g, c, dir, flags, len);
	write_record(g, HDRS + len);
	c->seq[dir] += (uint32_t)len + ((flags & (F_SYN | F_FIN)) != 0);
}

/* ---- what is said ---- */

/* Some hosts are visited far more than others. */
static unsigned
pick_host(struct gen *g)
{
	unsigned	 n = HOSTS, i;

	for (i = 0; i < 3; i++)
		n = 1 + rnd(g, n);
	return n - 1;
}

static void
put_request(struct gen *g, struct conn *c)
{
	static const char *const sections[] = { "/", "/api/items", "/img/logo",
	    "/static/app.js", "/login", "/search", "/cart/view", "/news" };
	static const char *const methods[] = { "GET", "GET", "GET", "GET",
	    "GET", "GET", "HEAD", "GET" };
	const char	*method = methods[g->profile->bodies ? rnd(g, 8) : 0];
	int		 n;

	n = snprintf(g->text, sizeof(g->text),
	    "%s %s/%u?id=%u HTTP/1.1\r\nHost: www%u.example.net\r\n"
	    "User-Agent: gen/1\r\nAccept: */*\r\n", method,
	    sections[rnd(g, 8)], rnd(g, 1000), rnd(g, 100000), c->host);
	if (g->profile->bodies)
		n += snprintf(g->text + n, sizeof(g->text) - (size_t)n,
		    "Accept-Encoding: gzip, deflate, br\r\n"
		    "Accept-Language: en-GB,en;q=0.8,de;q=0.5\r\n"
		    "Referer: http://www%u.example.net/%u\r\n"
		    "Cookie: session=%08x%08x%08x; theme=dark\r\n"
		    "Cache-Control: max-age=0\r\n", c->host, rnd(g, 5000),
		    rnd(g, UINT32_MAX), rnd(g, UINT32_MAX),
		    rnd(g, UINT32_MAX));
	n += snprintf(g->text + n, sizeof(g->text) - (size_t)n, "\r\n");
	/* the body that belongs to it; HEAD has none */
	c->body = method[0] == 'H' ? 0 : 2;
	if (g->profile->bodies && c->body != 0)
		c->body = 1 + rnd(g, 1u << (8 + rnd(g, 10)));
	put(g, c, 0, F_PSH | F_ACK, g->text, (size_t)n);
}

static void
put_response(struct gen *g, struct conn *c)
{
	static const char *const statuses[] = { "200 OK", "200 OK", "200 OK",
	    "200 OK", "200 OK", "404 Not Found", "500 Internal Server Error",
	    "302 Found" };
	uint32_t	 part;
	int		 n;

	n = snprintf(g->text, sizeof(g->text),
	    "HTTP/1.1 %s\r\nServer: gen/1\r\nContent-Type: text/html\r\n"
	    "Content-Length: %u\r\n%s\r\n", statuses[rnd(g, 8)], c->body,
	    g->profile->bodies ? "Date: Fri, 20 Nov 2026 20:00:00 GMT\r\n"
	    "Last-Modified: Thu, 19 Nov 2026 10:00:00 GMT\r\n"
	    "ETag: \"5f3a-1c2b\"\r\nVary: Accept-Encoding\r\n" : "");
	part = MSS - (uint32_t)n;
	part = part < c->body ? part : c->body;
	memcpy(g->text + n, g->filler, part);
	c->body -= part;
	put(g, c, 1, F_PSH | F_ACK, g->text, (size_t)n + part);
}

static void
put_body(struct gen *g, struct conn *c)
{
	uint32_t	 n = c->body < MSS ? c->body : MSS;

	put(g, c, 1, n == c->body ? F_PSH | F_ACK : F_ACK,
	    g->filler + rnd(g, sizeof(g->filler) - MSS), n);
	c->body -= n;
	c->unacked++;
}

static void
renew(struct gen *g, struct conn *c)
{
	const uint32_t	 n = g->made++;

	memset(c, 0, sizeof(*c));
	c->host = pick_host(g);
	/* no pair of the two comes again: from 200000 on they are shifted */
	c->client = 0x0a000001 + n % 50000;
	c->server = 0xc6336401 + c->host % 40;
	c->port = (uint16_t)(20000 + (n + n / 200000) % 40000);
	c->seq[0] = rnd(g, UINT32_MAX);
	c->seq[1] = rnd(g, UINT32_MAX);
	c->requests = g->profile->bodies ? 1 + rnd(g, g->profile->requests) :
	    g->profile->requests;
}

static enum phase
after_response(const struct gen *g, const struct conn *c)
{
	if (c->body > 0)
		return BODY;
	if (g->profile->acks)
		return LAST_ACK;
	return c->requests > 0 ? REQUEST : FIN;
}

/* One packet of a connection. */
static void
step(struct gen *g, struct conn *c)
{
	enum phase	 now = c->phase;

	c->phase = now + 1;
	if (now == SYN)
		put(g, c, 0, F_SYN, NULL, 0);
	else if (now == SYNACK)
		put(g, c, 1, F_SYN | F_ACK, NULL, 0);
	else if (now == ESTABLISHED)
		put(g, c, 0, F_ACK, NULL, 0);
	else if (now == REQUEST) {
		c->requests--;
		put_request(g, c);
		c->phase = g->profile->acks ? SEEN : RESPONSE;
	} else if (now == SEEN)
		put(g, c, 1, F_ACK, NULL, 0);
	else if (now == RESPONSE) {
		put_response(g, c);
		c->phase = after_response(g, c);
	} else if (now == BODY) {
		put_body(g, c);
		c->phase = c->unacked >= 2 ? BODY_ACK : after_response(g, c);
	} else if (now == BODY_ACK || now == LAST_ACK) {
		put(g, c, 0, F_ACK, NULL, 0);
		c->unacked = 0;
		c->phase = c->body > 0 ? BODY : c->requests > 0 ? REQUEST : FIN;
	} else if (now == FIN)
		put(g, c, 0, F_FIN | F_ACK, NULL, 0);
	else if (now == FINACK)
		put(g, c, 1, F_FIN | F_ACK, NULL, 0);
	else {
		put(g, c, 0, F_ACK, NULL, 0);
		renew(g, c);
	}
}

static const struct profile *
find_profile(const char *name)
{
	size_t	 i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

static uint64_t
bytes_of(const char *s)
{
	static const char	 units[] = "KMG";
	const char		*u;
	char			*end;
	uint64_t		 n = strtoull(s, &end, 10);

	if (*end != '\0' && (u = strchr(units, *end)) != NULL)
		n <<= 10 * (u - units + 1);
	return n;
}

int
main(int argc, char **argv)
{
	static const uint32_t	 head[] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0,
	    262144, 1 };
	static struct gen	 g;
	uint64_t		 want;
	size_t			 i;

	g.nconns = argc == 4 ? (uint32_t)bytes_of(argv[3]) : 256;
	if ((argc != 3 && argc != 4) || g.nconns == 0 ||
	    (g.profile = find_profile(argv[1])) == NULL ||
	    (want = bytes_of(argv[2])) == 0) {
		fprintf(stderr,
		    "usage: gen_pcap web|tiny|conns bytes [connections]\n");
		return 64;
	}
	if ((g.conns = calloc(g.nconns, sizeof(*g.conns))) == NULL) {
		perror("gen_pcap");
		return 1;
	}
	g.random = 0x9e3779b97f4a7c15;
	g.ts_us = 1700000000000000;
	for (i = 0; i < sizeof(g.filler); i++)
		g.filler[i] = (uint8_t)('a' + rnd(&g, 26));
	for (i = 0; i < g.nconns; i++)
		renew(&g, &g.conns[i]);
	if (fwrite(head, sizeof(head), 1, stdout) != 1)
		return 1;
	if (argc == 4)
		for (i = 0; i < (size_t)OPENING * g.nconns; i++)
			step(&g, &g.conns[i / OPENING]);
	want += g.bytes;
	while (g.bytes < want) {
		struct conn	*c = &g.conns[rnd(&g, g.nconns)];

		for (i = 1 + rnd(&g, g.profile->burst); i > 0; i--)
			step(&g, c);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
