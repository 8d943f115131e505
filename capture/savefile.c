#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/savefile.h"
#include "sandbox/compat.h"

#define PCAP_HDR	24
#define REC_HDR		16
#define REC_HDR_MOD	24
#define BLOCK_MIN	12
#define BLOCK_WHOLE	(SAVEFILE_BUFFER / 2)	/* checked in one piece */

#define MAGIC_USEC	0xa1b2c3d4u
#define MAGIC_NSEC	0xa1b23c4du
#define MAGIC_MOD	0xa1b2cd34u
#define MAGIC_SHB	0x0a0d0d0au
#define MAGIC_ORDER	0x1a2b3c4du

#define BLOCK_IDB	1
#define BLOCK_PB	2	/* obsolete packet block */
#define BLOCK_SPB	3
#define BLOCK_ISB	5
#define BLOCK_EPB	6

#define OPT_IF_NAME	2
#define OPT_TSRESOL	9
#define OPT_TSOFFSET	14
#define OPT_EPB_FLAGS	2
#define OPT_EPB_DROPS	4
#define OPT_ISB_IFDROP	5
#define OPT_ISB_OSDROP	7

#define DROPS_MAX	((uint64_t)1 << 48)
#define PB_DROPS_NONE	0xffff	/* not known */

#define LINKTYPE_BITS	0x03ffffffu	/* above: length of the FCS */

enum form { FORM_UNKNOWN, FORM_PCAP, FORM_NG };

struct iface {
	uint32_t	 linktype;
	uint32_t	 snaplen;
	uint16_t	 id;		/* 0: not announced yet */
	uint64_t	 resolution;	/* units of a second */
	int64_t		 offset;	/* seconds */
	uint64_t	 stated;	/* drops, in the last statistics */
	uint64_t	 by_stat;	/* all of them */
	uint64_t	 by_packet;	/* drops, beside the packets */
	uint64_t	 told;		/* drops */
	char		 name[32];
};

struct savefile {
	uint8_t		*buf;
	size_t		 head;
	size_t		 tail;		/* head <= tail <= SAVEFILE_BUFFER */
	uint64_t	 skip;		/* bytes still to pass over */
	bool		 eof;
	bool		 swapped;
	bool		 modified;
	bool		 failed;
	unsigned	 minor;
	enum form	 form;
	uint64_t	 position;	/* of head in the file */
	struct iface	*ifaces;
	size_t		 nifaces;
	size_t		 nbefore;	/* of the section before */
	size_t		 room;		/* entries allocated */
	uint32_t	 ids;
	char		 why[SAVEFILE_WHY_MAX];
};

/* Of the registry, and the DLT numbers that some writers use instead. */
bool
savefile_linktype_known(uint32_t t)
{
	static const struct { uint32_t lo, hi; } known[] = {
		{ 0, 1 }, { 3, 3 }, { 6, 10 }, { 12, 12 }, { 14, 14 },
		{ 50, 51 }, { 99, 301 }
	};
	size_t	 i;

	for (i = 0; i < nitems(known); i++)
		if (t >= known[i].lo && t <= known[i].hi)
			return true;
	return false;
}

struct savefile *
savefile_new(void)
{
	struct savefile	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if ((s->buf = malloc(SAVEFILE_BUFFER)) == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
savefile_free(struct savefile *s)
{
	if (s == NULL)
		return;
	free(s->ifaces);
	free(s->buf);
	free(s);
}

const char *
savefile_why(const struct savefile *s)
{
	return s->why;
}

uint8_t *
savefile_space(struct savefile *s, size_t *room)
{
	if (s->head > 0) {
		memmove(s->buf, s->buf + s->head, s->tail - s->head);
		s->tail -= s->head;
		s->head = 0;
	}
	*room = SAVEFILE_BUFFER - s->tail;
	return s->buf + s->tail;
}

void
savefile_filled(struct savefile *s, size_t n)
{
	if (n == 0)
		s->eof = true;
	s->tail += n;
}

/* ---- bytes in the order of the file ---- */

static uint32_t
native32(const uint8_t *p)
{
	uint32_t	 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t
get32(const struct savefile *s, const uint8_t *p)
{
	uint32_t	 v;

	memcpy(&v, p, sizeof(v));
	return s->swapped ? __builtin_bswap32(v) : v;
}

static inline uint16_t
get16(const struct savefile *s, const uint8_t *p)
{
	uint16_t	 v;

	memcpy(&v, p, sizeof(v));
	return s->swapped ? __builtin_bswap16(v) : v;
}

static uint64_t
get64(const struct savefile *s, const uint8_t *p)
{
	uint64_t	 v;

	memcpy(&v, p, sizeof(v));
	return s->swapped ? __builtin_bswap64(v) : v;
}

static void
take(struct savefile *s, size_t n)
{
	s->head += n;
	s->position += n;
}

static enum savefile_result fail(struct savefile *, const char *, ...)
    PRINTFLIKE(2, 3);

static enum savefile_result
fail(struct savefile *s, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	n = snprintf(s->why, sizeof(s->why), "at byte %llu: ",
	    (unsigned long long)s->position);
	va_start(ap, fmt);
	vsnprintf(s->why + n, sizeof(s->why) - n, fmt, ap);
	va_end(ap);
	s->failed = true;
	return SAVEFILE_ERROR;
}

/* Fewer bytes than need are there: wait, or the file was cut. */
static enum savefile_result
short_of(struct savefile *s, size_t need, const char *what)
{
	if (!s->eof)
		return SAVEFILE_MORE;
	return fail(s, "the file is truncated: %s of %zu bytes, only %zu there",
	    what, need, s->tail - s->head);
}

/* ---- interfaces ---- */

static struct iface *
iface_add(struct savefile *s)
{
	struct iface	*i;
	size_t		 n;

	if (s->nifaces == s->room) {
		n = s->room == 0 ? 4 : s->room * 2;
		i = reallocarray(s->ifaces, n, sizeof(*i));
		if (i == NULL)
			return NULL;
		memset(i + s->room, 0, (n - s->room) * sizeof(*i));
		s->ifaces = i;
		s->room = n;
	}
	return &s->ifaces[s->nifaces++];
}

/*
 * A file in a row of files mostly names the same interfaces again: an entry
 * equal to the one in its place before keeps its number.
 */
static void
iface_set(struct savefile *s, struct iface *slot, const struct iface *is)
{
	const struct iface	 was = *slot;

	*slot = *is;
	if ((size_t)(slot - s->ifaces) >= s->nbefore ||
	    was.linktype != is->linktype || strcmp(was.name, is->name) != 0)
		return;
	slot->id = was.id;
	slot->stated = was.stated;
	slot->by_stat = was.by_stat;
	slot->by_packet = was.by_packet;
	slot->told = was.told;
}

static void
section_begin(struct savefile *s)
{
	if (s->nifaces > s->nbefore)
		s->nbefore = s->nifaces;
	s->nifaces = 0;
}

static enum savefile_result
announce(struct savefile *s, struct iface *i, struct savefile_record *r)
{
	if (s->ids == SAVEFILE_IDS_MAX)
		return fail(s, "more than %u interfaces", SAVEFILE_IDS_MAX);
	i->id = ++s->ids;
	memset(&r->iface, 0, sizeof(r->iface));
	r->iface.id = i->id;
	r->iface.linktype = i->linktype;
	r->iface.snaplen = i->snaplen;
	memcpy(r->iface.name, i->name, sizeof(r->iface.name));
	return SAVEFILE_IFACE;
}

/* Those that are not told yet. */
static uint64_t
new_drops(struct iface *i)
{
	uint64_t	 all, n;

	all = i->by_stat > i->by_packet ? i->by_stat : i->by_packet;
	n = all > i->told ? all - i->told : 0;
	i->told += n;
	return n;
}

/* ---- pcap ---- */

static bool
pcap_magic(uint32_t magic)
{
	return magic == MAGIC_USEC || magic == MAGIC_NSEC ||
	    magic == MAGIC_MOD;
}

static uint32_t
snaplen_of(uint32_t n)
{
	return n == 0 || n > INT32_MAX ? SAVEFILE_SNAPLEN : n;
}

static enum savefile_result
pcap_header(struct savefile *s)
{
	const uint8_t	*p = s->buf + s->head;
	struct iface	*slot, is;
	uint32_t	 magic;
	unsigned	 major;

	if (s->tail - s->head < PCAP_HDR)
		return short_of(s, PCAP_HDR, "a file header");
	magic = native32(p);
	s->swapped = !pcap_magic(magic);
	magic = get32(s, p);
	major = get16(s, p + 4);
	s->minor = get16(s, p + 6);
	if (major != 2 || s->minor > 4)
		return fail(s, "unsupported version %u.%u", major, s->minor);
	s->modified = magic == MAGIC_MOD;
	s->form = FORM_PCAP;
	memset(&is, 0, sizeof(is));
	is.resolution = magic == MAGIC_NSEC ? 1000000000 : 1000000;
	is.snaplen = snaplen_of(get32(s, p + 16));
	is.linktype = get32(s, p + 20) & LINKTYPE_BITS;
	if (!savefile_linktype_known(is.linktype))
		return fail(s, "unknown link type %u", is.linktype);
	section_begin(s);
	if ((slot = iface_add(s)) == NULL)
		return fail(s, "no memory");
	iface_set(s, slot, &is);
	take(s, PCAP_HDR);
	return SAVEFILE_PACKET;		/* go on */
}

/* A file header where a record could be: captures joined by cat(1). */
static bool
pcap_again(const uint8_t *p)
{
	uint32_t	 magic = native32(p);

	if (!pcap_magic(magic) && !pcap_magic(__builtin_bswap32(magic)))
		return false;
	return memcmp(p + 4, "\2\0\4\0", 4) == 0 ||
	    memcmp(p + 4, "\0\2\0\4", 4) == 0;
}

/* Before version 2.3 the two lengths stood in the other order. */
static void
pcap_lengths(const struct savefile *s, const uint8_t *p, uint32_t *cap,
    uint32_t *wire)
{
	uint32_t	 t;

	*cap = get32(s, p + 8);
	*wire = get32(s, p + 12);
	if (s->minor < 3 || (s->minor == 3 && *cap > *wire)) {
		t = *cap;
		*cap = *wire;
		*wire = t;
	}
}

static enum savefile_result
pcap_record(struct savefile *s, struct savefile_record *r)
{
	const uint8_t	*p = s->buf + s->head;
	struct iface	*i = &s->ifaces[0];
	size_t		 hdr = s->modified ? REC_HDR_MOD : REC_HDR;
	size_t		 left = s->tail - s->head;
	uint32_t	 cap, wire, frac;

	if (left == 0 && s->eof)
		return SAVEFILE_END;
	if (left < hdr)
		return short_of(s, hdr, "a record header");
	if (pcap_again(p)) {
		s->form = FORM_UNKNOWN;
		return SAVEFILE_PACKET;
	}
	pcap_lengths(s, p, &cap, &wire);
	if (cap > SAVEFILE_SNAPLEN)
		return fail(s, "a captured length of %u is more than %u", cap,
		    SAVEFILE_SNAPLEN);
	if (left - hdr < cap)
		return short_of(s, hdr + cap, "a packet");
	if (i->id == 0)
		return announce(s, i, r);
	frac = get32(s, p + 4);
	r->packet.bad_time = frac >= i->resolution;
	if (r->packet.bad_time)
		frac = i->resolution - 1;
	r->packet.ts_us = (uint64_t)get32(s, p) * 1000000 +
	    (i->resolution == 1000000 ? frac : frac / 1000);
	r->packet.wirelen = wire < cap ? cap : wire;
	r->packet.caplen = cap;
	r->packet.iface = i->id;
	r->packet.outgoing = s->modified && p[22] == 4;
	r->packet.cut = false;
	r->packet.drops = 0;
	r->packet.data = p + hdr;
	take(s, hdr + cap);
	return SAVEFILE_PACKET;
}

/* ---- pcapng ---- */

/*
 * One option: its code, length and value; the number of bytes it takes, 0 at
 * the end of the list, -1 when it reaches past its block.
 */
static int
option(const struct savefile *s, const uint8_t *p, size_t n, uint16_t *code,
    uint16_t *len)
{
	size_t	 all;

	if (n < 4)
		return n == 0 ? 0 : -1;
	*code = get16(s, p);
	*len = get16(s, p + 2);
	if (*code == 0)
		return 0;
	all = 4 + (((size_t)*len + 3) & ~(size_t)3);
	return all <= n ? (int)all : -1;
}

/* if_tsresol: a negative power of ten, or of two; -1 when out of range. */
static int
resolution_of(uint8_t v, uint64_t *res)
{
	unsigned	 n = v & 0x7f;

	if (v & 0x80) {
		if (n > 63)
			return -1;
		*res = (uint64_t)1 << n;
		return 0;
	}
	if (n > 19)
		return -1;
	for (*res = 1; n > 0; n--)
		*res *= 10;
	return 0;
}

static int
idb_option(struct savefile *s, struct iface *is, const uint8_t *v,
    uint16_t code, uint16_t len)
{
	if (code == OPT_IF_NAME) {
		if (len >= sizeof(is->name))
			len = sizeof(is->name) - 1;
		memcpy(is->name, v, len);
		is->name[len] = '\0';
	} else if (code == OPT_TSRESOL && len == 1) {
		if (resolution_of(v[0], &is->resolution) == -1) {
			fail(s, "a time resolution of %s^-%u",
			    v[0] & 0x80 ? "2" : "10", v[0] & 0x7fu);
			return -1;
		}
	} else if (code == OPT_TSOFFSET && len == 8)
		is->offset = (int64_t)get64(s, v);
	return 0;
}

/* body is what lies between the length at the front and the one behind. */
static enum savefile_result
ng_interface(struct savefile *s, const uint8_t *body, size_t n)
{
	struct iface	*slot, is;
	uint16_t	 code, len;
	int		 all;

	if (n < 8)
		return fail(s, "an interface block of %zu bytes", n);
	memset(&is, 0, sizeof(is));
	is.linktype = get16(s, body);
	is.snaplen = snaplen_of(get32(s, body + 4));
	is.resolution = 1000000;
	body += 8;
	n -= 8;
	while ((all = option(s, body, n, &code, &len)) > 0) {
		if (idb_option(s, &is, body + 4, code, len) == -1)
			return SAVEFILE_ERROR;
		body += all;
		n -= all;
	}
	if (all == -1)
		return fail(s, "an option reaches past its block");
	if (s->nifaces == SAVEFILE_IFACES_MAX)
		return fail(s, "more than %u interfaces", SAVEFILE_IFACES_MAX);
	if ((slot = iface_add(s)) == NULL)
		return fail(s, "no memory");
	iface_set(s, slot, &is);
	return SAVEFILE_PACKET;
}

/* Adds n to *left, both below all; whether that made a whole one. */
static unsigned
wraps(uint64_t *left, uint64_t n, uint64_t all)
{
	if (n < all - *left) {
		*left += n;
		return 0;
	}
	*left -= all - n;
	return 1;
}

/* part units, less than a second of res: the product may pass 64 bits. */
static uint64_t
micros_of(uint64_t part, uint64_t res)
{
	uint64_t	 us = 0, left = 0;
	unsigned	 bit;

	if (part <= UINT64_MAX / 1000000)
		return part * 1000000 / res;
	for (bit = 1 << 19; bit != 0; bit >>= 1) {
		us = us * 2 + wraps(&left, left, res);
		if (1000000 & bit)
			us += wraps(&left, part, res);
	}
	return us;
}

/* No numbers of 128 bits, which machines of 32 bits lack. */
static void
ng_time(const struct iface *i, uint64_t ts, struct savefile_packet *p)
{
	uint64_t	 shift = (uint64_t)i->offset, s, us;

	if (i->resolution == 1000000 || i->resolution == 1000000000) {
		us = i->resolution == 1000000 ? ts : ts / 1000;
		s = us / 1000000;
		us %= 1000000;
	} else {
		s = ts / i->resolution;
		us = micros_of(ts % i->resolution, i->resolution);
	}
	p->bad_time = i->offset < 0 ? s < -shift : s > UINT64_MAX - shift;
	s += shift;
	if (s > INT64_MAX / 1000000)
		p->bad_time = true;
	else if ((us += s * 1000000) > INT64_MAX)
		p->bad_time = true;
	p->ts_us = p->bad_time ? 0 : us;
}

/* Where the fields of the three packet blocks stand. */
struct layout {
	uint32_t	 type;
	size_t		 hdr;
	bool		 short_id;	/* 16 bits, then a drop count */
	bool		 simple;	/* no interface, time or length */
};

static const struct layout layouts[] = {
	{ BLOCK_EPB,	20,	false,	false },
	{ BLOCK_SPB,	4,	false,	true },
	{ BLOCK_PB,	20,	true,	false }
};

/* A count of drops: all ones say that it is not known. */
static uint64_t
stated(const struct savefile *s, const uint8_t *p)
{
	uint64_t	 n = get64(s, p);

	return n <= DROPS_MAX ? n : 0;
}

/* What stands behind the bytes of a packet. */
static void
ng_options(const struct savefile *s, const uint8_t *p, size_t n,
    struct savefile_packet *packet, struct iface *i)
{
	uint16_t	 code, len;
	int		 all;

	while ((all = option(s, p, n, &code, &len)) > 0) {
		if (code == OPT_EPB_FLAGS && len == 4)
			packet->outgoing = (get32(s, p + 4) & 3) == 2;
		else if (code == OPT_EPB_DROPS && len == 8)
			i->by_packet += stated(s, p + 4);
		p += all;
		n -= all;
	}
}

static enum savefile_result
ng_packet(struct savefile *s, const struct layout *l, const uint8_t *body,
    size_t n, struct savefile_record *r)
{
	struct savefile_packet	*p = &r->packet;
	struct iface		*i;
	uint32_t		 id = 0, cap, padded;

	if (n < l->hdr)
		return fail(s, "a packet block of %zu bytes", n);
	if (s->nifaces == 0)
		return fail(s, "a packet before any interface block");
	if (!l->simple)
		id = l->short_id ? get16(s, body) : get32(s, body);
	if (id >= s->nifaces)
		return fail(s, "a packet of interface %u, there are %zu", id,
		    s->nifaces);
	i = &s->ifaces[id];
	p->wirelen = get32(s, body + (l->simple ? 0 : 16));
	cap = l->simple ? p->wirelen : get32(s, body + 12);
	if (l->simple && cap > i->snaplen)
		cap = i->snaplen;
	if (cap > n - l->hdr)
		return fail(s, "a captured length of %u in a block of %zu", cap,
		    n);
	if (i->id == 0)
		return announce(s, i, r);
	p->bad_time = false;
	p->ts_us = 0;
	if (!l->simple)
		ng_time(i, (uint64_t)get32(s, body + 4) << 32 |
		    get32(s, body + 8), p);
	p->iface = i->id;
	p->data = body + l->hdr;
	p->cut = cap > SAVEFILE_SNAPLEN;
	padded = (cap + 3) & ~3u;
	p->outgoing = false;
	if (l->type == BLOCK_EPB && n - l->hdr > padded)
		ng_options(s, p->data + padded, n - l->hdr - padded, p, i);
	else if (l->short_id && get16(s, body + 2) != PB_DROPS_NONE)
		i->by_packet += get16(s, body + 2);
	p->drops = new_drops(i);
	p->caplen = p->cut ? SAVEFILE_SNAPLEN : cap;
	if (p->wirelen < cap)
		p->wirelen = cap;
	return SAVEFILE_PACKET;
}

/*
 * The counts grow while one capture lasts, and may begin anew at 0 in the next
 * file of a row.
 */
static enum savefile_result
ng_statistics(struct savefile *s, const uint8_t *p, size_t n,
    struct savefile_record *r, bool *out)
{
	struct iface	*i;
	uint64_t	 now = 0;
	uint16_t	 code, len;
	int		 all;

	if (n < 12 || get32(s, p) >= s->nifaces)
		return SAVEFILE_PACKET;
	i = &s->ifaces[get32(s, p)];
	p += 12;
	n -= 12;
	while ((all = option(s, p, n, &code, &len)) > 0) {
		if ((code == OPT_ISB_IFDROP || code == OPT_ISB_OSDROP) &&
		    len == 8)
			now += stated(s, p + 4);
		p += all;
		n -= all;
	}
	if (now > 0 && i->id == 0) {
		*out = true;
		return announce(s, i, r);
	}
	i->by_stat += now < i->stated ? now : now - i->stated;
	i->stated = now;
	memset(&r->packet, 0, sizeof(r->packet));
	r->packet.iface = i->id;
	r->packet.drops = new_drops(i);
	*out = r->packet.drops > 0;
	return *out ? SAVEFILE_DROPS : SAVEFILE_PACKET;
}

static const struct layout *
layout_of(uint32_t type)
{
	size_t	 i;

	for (i = 0; i < nitems(layouts); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

/* The order of bytes of a new section, its version, and its length. */
static enum savefile_result
ng_section(struct savefile *s, const uint8_t *p, uint32_t *len)
{
	uint32_t	 order;

	order = native32(p + 8);
	if (order != MAGIC_ORDER && order != __builtin_bswap32(MAGIC_ORDER))
		return fail(s, "a section without a byte order");
	s->swapped = order != MAGIC_ORDER;
	*len = get32(s, p + 4);
	if (get16(s, p + 12) != 1)
		return fail(s, "unsupported version %u.%u", get16(s, p + 12),
		    get16(s, p + 14));
	if (*len < 28)
		return fail(s, "a section block of %u bytes", *len);
	return SAVEFILE_PACKET;
}

static enum savefile_result
ng_whole(struct savefile *s, uint32_t type, uint32_t len,
    struct savefile_record *r, bool *out)
{
	const uint8_t		*p = s->buf + s->head;
	const struct layout	*l;
	enum savefile_result	 res = SAVEFILE_PACKET;

	if (get32(s, p + len - 4) != len)
		return fail(s, "the two lengths of a block differ");
	if (type == MAGIC_SHB) {
		section_begin(s);
	} else if (type == BLOCK_IDB) {
		res = ng_interface(s, p + 8, len - BLOCK_MIN);
	} else if (type == BLOCK_ISB) {
		res = ng_statistics(s, p + 8, len - BLOCK_MIN, r, out);
	} else if ((l = layout_of(type)) != NULL) {
		res = ng_packet(s, l, p + 8, len - BLOCK_MIN, r);
		*out = true;
	}
	if (res == SAVEFILE_PACKET || res == SAVEFILE_DROPS)
		take(s, len);		/* else it is looked at again */
	return res;
}

/* *out: the result goes to the caller. */
static enum savefile_result
ng_block(struct savefile *s, struct savefile_record *r, bool *out)
{
	const uint8_t		*p = s->buf + s->head;
	size_t			 left = s->tail - s->head, need;
	uint32_t		 type, len;

	if (left == 0 && s->eof)
		return SAVEFILE_END;
	if (left < BLOCK_MIN)
		return short_of(s, BLOCK_MIN, "a block");
	type = get32(s, p);
	len = get32(s, p + 4);
	if (type == MAGIC_SHB) {
		if (left < 16)
			return short_of(s, 16, "a section block");
		if (ng_section(s, p, &len) == SAVEFILE_ERROR)
			return SAVEFILE_ERROR;
	}
	if (len < BLOCK_MIN || len % 4 != 0 || len > SAVEFILE_BLOCK_MAX)
		return fail(s, "a block length of %u", len);
	if (len > BLOCK_WHOLE && layout_of(type) == NULL &&
	    type != BLOCK_IDB && type != MAGIC_SHB) {
		s->skip = len;
		return SAVEFILE_PACKET;
	}
	if (len > BLOCK_WHOLE)
		return fail(s, "a block length of %u", len);
	need = len;
	if (left < need)
		return short_of(s, need, "a block");
	return ng_whole(s, type, len, r, out);
}

/* ---- both ---- */

static enum savefile_result
pass_over(struct savefile *s)
{
	size_t	 n = s->tail - s->head;

	if (n > s->skip)
		n = s->skip;
	take(s, n);
	s->skip -= n;
	if (s->skip == 0)
		return SAVEFILE_PACKET;
	if (s->eof)
		return fail(s, "the file is truncated inside a block");
	return SAVEFILE_MORE;
}

static enum savefile_result
recognise(struct savefile *s)
{
	static const struct {
		const char	*magic;
		size_t		 len;
		const char	*name;
	} packed[] = {
		{ "\x1f\x8b", 2, "gzip" }, { "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ "\x04\x22\x4d\x18", 4, "lz4" }, { "\xfd" "7zX", 4, "xz" },
		{ "BZh", 3, "bzip2" },
	};
	const uint8_t	*p = s->buf + s->head;
	uint32_t	 magic;
	size_t		 i;

	if (s->tail - s->head < 4)
		return short_of(s, 4, "a file header");
	magic = native32(p);
	if (magic == MAGIC_SHB) {
		s->form = FORM_NG;
		return SAVEFILE_PACKET;
	}
	if (pcap_magic(magic) || pcap_magic(__builtin_bswap32(magic)))
		return pcap_header(s);
	for (i = 0; i < nitems(packed); i++)
		if (memcmp(p, packed[i].magic, packed[i].len) == 0)
			return fail(s, "%s-compressed: uncompress it first",
			    packed[i].name);
	return fail(s, "not a capture file");
}

enum savefile_result
savefile_next(struct savefile *s, struct savefile_record *r)
{
	enum savefile_result	 res = SAVEFILE_PACKET;
	bool			 out = false;

	while (res == SAVEFILE_PACKET && !out) {
		if (s->failed)
			return SAVEFILE_ERROR;
		if (s->skip > 0) {
			res = pass_over(s);
		} else if (s->form == FORM_NG) {
			res = ng_block(s, r, &out);
		} else if (s->form == FORM_PCAP) {
			res = pcap_record(s, r);
			out = s->form == FORM_PCAP;
		} else
			res = recognise(s);
	}
	return res;
}
