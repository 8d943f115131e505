#include <string.h>

#include "sandbox/pcapng.h"

#define SHB		0x0a0d0d0aU
#define IDB		1U
#define EPB		6U
#define MAGIC		0x1a2b3c4dU	/* tells the byte order */
#define LENGTH_AT	16		/* of the section, in its header */

#define OPT_END		0
#define OPT_COMMENT	1
#define SHB_USERAPPL	4
#define IF_NAME		2
#define IF_TSRESOL	9

static void
pad(struct buf *b, size_t n)
{
	static const uint8_t	 zero[4];

	buf_put(b, zero, -n & 3);
}

static size_t
begin_block(struct buf *b, uint32_t type)
{
	size_t	 at = b->len;

	buf_put_u32(b, type);
	buf_put_u32(b, 0);
	return at;
}

/* Its length stands at both ends. */
static void
end_block(struct buf *b, size_t at)
{
	uint32_t	 len = (uint32_t)(b->len - at) + 4;

	buf_put_u32(b, len);
	if (!b->err)
		buf_set_u32(b, at + 4, len);
}

static void
option(struct buf *b, uint16_t code, const void *p, size_t n)
{
	if (n > UINT16_MAX)
		n = UINT16_MAX;
	buf_put_u16(b, code);
	buf_put_u16(b, (uint16_t)n);
	buf_put(b, p, n);
	pad(b, n);
}

size_t
pcapng_begin(struct buf *b, const char *comment)
{
	static const char	 app[] = "netmond " NETMON_VERSION;
	size_t			 at = begin_block(b, SHB);

	buf_put_u32(b, MAGIC);
	buf_put_u16(b, 1);
	buf_put_u16(b, 0);
	buf_put_u64(b, UINT64_MAX);
	option(b, OPT_COMMENT, comment, strlen(comment));
	option(b, SHB_USERAPPL, app, sizeof(app) - 1);
	option(b, OPT_END, NULL, 0);
	end_block(b, at);
	return at;
}

void
pcapng_iface(struct buf *b, unsigned linktype, const char *name)
{
	const uint8_t	 micro = 6;
	size_t		 at = begin_block(b, IDB);

	buf_put_u16(b, (uint16_t)linktype);
	buf_put_u16(b, 0);
	buf_put_u32(b, 0);
	if (*name != '\0')
		option(b, IF_NAME, name, strlen(name));
	option(b, IF_TSRESOL, &micro, sizeof(micro));
	option(b, OPT_END, NULL, 0);
	end_block(b, at);
}

void
pcapng_packet(struct buf *b, uint32_t iface, uint64_t ts_us, const void *p,
    uint32_t cap, uint32_t wire)
{
	size_t	 at = begin_block(b, EPB);

	buf_put_u32(b, iface);
	buf_put_u32(b, (uint32_t)(ts_us >> 32));
	buf_put_u32(b, (uint32_t)ts_us);
	buf_put_u32(b, cap);
	buf_put_u32(b, wire);
	buf_put(b, p, cap);
	pad(b, cap);
	end_block(b, at);
}

void
pcapng_end(struct buf *b, size_t at)
{
	uint64_t	 len;
	uint32_t	 header;

	if (b->err)
		return;
	memcpy(&header, b->w + at + 4, sizeof(header));
	len = b->len - at - header;
	memcpy(b->w + at + LENGTH_AT, &len, sizeof(len));
}

int64_t
pcapng_section(const uint8_t *p, size_t n)
{
	static const uint32_t	 shb = SHB, magic = MAGIC;
	struct buf		 b;
	uint64_t		 len;
	uint32_t		 header;

	if (memcmp(p, &shb, n < 4 ? n : 4) != 0 ||
	    (n >= 12 && memcmp(p + 8, &magic, 4) != 0))
		return -1;
	if (n < PCAPNG_HDR)
		return 0;
	buf_reader(&b, p + 4, PCAPNG_HDR - 4);
	header = buf_get_u32(&b);
	buf_get_u64(&b);
	len = buf_get_u64(&b);
	if (header < PCAPNG_HDR + 4 || header % 4 != 0 || len % 4 != 0 ||
	    len > (uint64_t)1 << 40)
		return -1;
	return (int64_t)(header + len);
}
