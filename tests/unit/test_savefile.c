#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/savefile.h"
#include "sandbox/compat.h"

/* ---- files, written here ---- */

static struct {
	uint8_t	 b[3 * 1024 * 1024];
	size_t	 n;
	bool	 big;		/* big-endian */
} out;

static void
begin(bool big)
{
	out.n = 0;
	out.big = big;
}

static void
bytes(const void *p, size_t n)
{
	memcpy(out.b + out.n, p, n);
	out.n += n;
}

static void
number(uint64_t v, size_t n)
{
	size_t	 i;

	for (i = 0; i < n; i++)
		out.b[out.n + (out.big ? n - 1 - i : i)] =
		    (uint8_t)(v >> (8 * i));
	out.n += n;
}

static void
zeros(size_t n)
{
	memset(out.b + out.n, 0, n);
	out.n += n;
}

static void
pcap_head(uint32_t magic, unsigned minor, uint32_t snaplen, uint32_t linktype)
{
	number(magic, 4);
	number(2, 2);
	number(minor, 2);
	number(0, 8);
	number(snaplen, 4);
	number(linktype, 4);
}

static void
pcap_rec(uint32_t sec, uint32_t frac, const char *data)
{
	number(sec, 4);
	number(frac, 4);
	number(strlen(data), 4);
	number(strlen(data) + 3, 4);
	bytes(data, strlen(data));
}

static size_t
block(uint32_t type)
{
	number(type, 4);
	number(0, 4);
	return out.n - 8;
}

static void
block_end(size_t at)
{
	size_t	 end;

	while (out.n % 4 != at % 4)
		number(0, 1);
	end = out.n + 4;
	number(end - at, 4);
	out.n = at + 4;
	number(end - at, 4);
	out.n = end;
}

static void
shb(void)
{
	size_t	 at = block(0x0a0d0d0a);

	number(0x1a2b3c4d, 4);
	number(1, 2);
	number(0, 2);
	number(UINT64_MAX, 8);
	block_end(at);
}

static void
idb(unsigned linktype, uint32_t snaplen, int tsresol, const char *name)
{
	size_t	 at = block(1);

	number(linktype, 2);
	number(0, 2);
	number(snaplen, 4);
	if (name != NULL) {
		number(2, 2);
		number(strlen(name), 2);
		bytes(name, strlen(name));
		while (out.n % 4 != at % 4)
			number(0, 1);
	}
	if (tsresol >= 0) {
		number(9, 2);
		number(1, 2);
		number((uint64_t)tsresol, 1);
		number(0, 3);
	}
	number(0, 4);
	block_end(at);
}

/* Whose stamps count from so many seconds. */
static void
idb_from(int64_t from, int tsresol)
{
	size_t	 at = block(1);

	number(1, 2);
	number(0, 2);
	number(0, 4);
	number(14, 2);
	number(8, 2);
	number((uint64_t)from, 8);
	number(9, 2);
	number(1, 2);
	number((uint64_t)tsresol, 1);
	number(0, 3);
	number(0, 4);
	block_end(at);
}

static void
epb(uint32_t iface, uint64_t ts, const char *data, int flags)
{
	size_t	 at = block(6);

	number(iface, 4);
	number(ts >> 32, 4);
	number(ts & 0xffffffff, 4);
	number(strlen(data), 4);
	number(strlen(data) + 3, 4);
	bytes(data, strlen(data));
	while (out.n % 4 != at % 4)
		number(0, 1);
	if (flags >= 0) {
		number(2, 2);
		number(4, 2);
		number((uint64_t)flags, 4);
		number(0, 4);
	}
	block_end(at);
}

/* ---- reading, in steps of some bytes ---- */

struct seen {
	char	 text[8192];	/* "I1/101 P1@17000001=abc." */
	size_t	 n;
	enum savefile_result end;
	char	 why[SAVEFILE_WHY_MAX];
};

static void
note(struct seen *s, enum savefile_result res, const struct savefile_record *r)
{
	const struct savefile_packet	*p = &r->packet;
	size_t				 room = sizeof(s->text) - s->n;
	int				 n;

	if (res == SAVEFILE_IFACE)
		n = snprintf(s->text + s->n, room, "I%u/%u%s%s ",
		    r->iface.id, r->iface.linktype,
		    r->iface.name[0] != '\0' ? ":" : "", r->iface.name);
	else if (res == SAVEFILE_DROPS)
		n = snprintf(s->text + s->n, room, "D%u-%llu ", p->iface,
		    (unsigned long long)p->drops);
	else
		n = snprintf(s->text + s->n, room, "P%u@%llu=%.*s%s%s%s+%u ",
		    p->iface, (unsigned long long)p->ts_us,
		    p->caplen < 10 ? (int)p->caplen : 10, p->data,
		    p->outgoing ? ">" : "", p->bad_time ? "!" : "",
		    p->cut ? "#" : "", p->wirelen - p->caplen);
	if (res == SAVEFILE_PACKET && p->drops > 0)
		n += snprintf(s->text + s->n + n - 1, room - (size_t)n,
		    "-%llu ", (unsigned long long)p->drops) - 1;
	assert_true(n > 0 && (size_t)n < room);
	s->n += (size_t)n;
}

static void
read_steps(const uint8_t *p, size_t n, size_t step, struct seen *s)
{
	struct savefile_record	 r;
	struct savefile		*f = savefile_new();
	uint8_t			*to;
	size_t			 room;

	assert_non_null(f);
	s->n = 0;
	s->text[0] = s->why[0] = '\0';
	while ((s->end = savefile_next(f, &r)) != SAVEFILE_END &&
	    s->end != SAVEFILE_ERROR) {
		if (s->end != SAVEFILE_MORE) {
			note(s, s->end, &r);
			continue;
		}
		to = savefile_space(f, &room);
		assert_true(room > 0);
		room = room < step ? room : step;
		room = room < n ? room : n;
		memcpy(to, p, room);
		savefile_filled(f, room);
		p += room;
		n -= room;
	}
	if (s->end == SAVEFILE_ERROR)
		snprintf(s->why, sizeof(s->why), "%s", savefile_why(f));
	savefile_free(f);
}

/* The same answers at once, byte by byte, and in odd steps. */
static void
expect(const char *text, const char *why)
{
	static const size_t	 steps[] = { SIZE_MAX, 1, 7, 4096 };
	static struct seen	 s;
	size_t			 i;

	for (i = 0; i < nitems(steps); i++) {
		read_steps(out.b, out.n, steps[i], &s);
		assert_string_equal(s.text, text);
		if (why == NULL) {
			assert_string_equal(s.why, "");
			assert_int_equal(s.end, SAVEFILE_END);
		} else if (strstr(s.why, why) == NULL)
			fail_msg("%s", s.why);
	}
}

/* ---- pcap ---- */

static void
pcap_is_read_in_all_its_forms(void **state)
{
	int	 big;

	(void)state;
	for (big = 0; big < 2; big++) {
		begin(big);
		pcap_head(0xa1b2c3d4, 4, 65535, 101);
		pcap_rec(17, 999999, "abc");
		pcap_rec(18, 0, "");
		expect("I1/101 P1@17999999=abc+3 P1@18000000=+3 ", NULL);
		begin(big);
		pcap_head(0xa1b23c4d, 4, 0, 1);
		pcap_rec(17, 999999999, "abc");
		expect("I1/1 P1@17999999=abc+3 ", NULL);
		begin(big);
		pcap_head(0xa1b2cd34, 4, 65535, 1);
		number(17, 4);
		number(1, 4);
		number(3, 4);
		number(4, 4);
		number(2, 4);		/* interface */
		number(0x800, 2);
		number(4, 1);		/* outgoing */
		number(0, 1);
		bytes("abc", 3);
		expect("I1/1 P1@17000001=abc>+1 ", NULL);
	}
}

static void
an_empty_capture_is_no_error(void **state)
{
	(void)state;
	begin(false);
	pcap_head(0xa1b2c3d4, 4, 65535, 1);
	expect("", NULL);
	begin(true);
	shb();
	expect("", NULL);
}

static void
upper_bits_of_the_link_type_are_not_the_type(void **state)
{
	(void)state;
	begin(false);
	pcap_head(0xa1b2c3d4, 4, 65535, 0x30000001);
	pcap_rec(1, 0, "x");
	expect("I1/1 P1@1000000=x+3 ", NULL);
}

static void
lengths_of_old_versions_are_swapped(void **state)
{
	(void)state;
	begin(false);
	pcap_head(0xa1b2c3d4, 2, 65535, 1);
	number(1, 4);
	number(0, 4);
	number(9, 4);		/* wire length stood first */
	number(3, 4);
	bytes("abc", 3);
	expect("I1/1 P1@1000000=abc+6 ", NULL);
}

static void
files_joined_by_cat_are_read_on(void **state)
{
	(void)state;
	begin(false);
	pcap_head(0xa1b2c3d4, 4, 65535, 1);
	pcap_rec(1, 0, "a");
	pcap_head(0xa1b2c3d4, 4, 65535, 1);
	pcap_rec(2, 0, "b");
	out.big = true;
	pcap_head(0xa1b23c4d, 4, 65535, 101);
	pcap_rec(3, 0, "c");
	expect("I1/1 P1@1000000=a+3 P1@2000000=b+3 I2/101 P2@3000000=c+3 ",
	    NULL);
}

static void
times_out_of_range_are_marked(void **state)
{
	(void)state;
	begin(false);
	pcap_head(0xa1b2c3d4, 4, 65535, 1);
	pcap_rec(1, 4000000000u, "a");
	pcap_rec(0xffffffff, 1000000, "b");
	expect("I1/1 P1@1999999=a!+3 P1@4294967295999999=b!+3 ", NULL);
}

static void
broken_pcap_keeps_what_came_before(void **state)
{
	size_t	 n;

	(void)state;
	begin(false);
	pcap_head(0xa1b2c3d4, 4, 65535, 1);
	pcap_rec(1, 0, "a");
	n = out.n;
	number(2, 4);
	number(0, 4);
	number(0x7fffffff, 8);
	expect("I1/1 P1@1000000=a+3 ", "captured length of 2147483647");
	out.n = n;
	pcap_rec(2, 0, "bcd");
	out.n--;
	expect("I1/1 P1@1000000=a+3 ", "truncated");
	out.n = n + 7;
	expect("I1/1 P1@1000000=a+3 ", "truncated");
}

static void
what_is_no_capture_is_said(void **state)
{
	static const struct { const char *b; size_t n;
	    const char *why; } t[] = {
		{ "", 0, "truncated" },
		{ "\xd4\xc3\xb2", 3, "truncated" },
		{ "\xde\xad\xbe\xef....................", 24,
		    "not a capture file" },
		{ "#!/bin/sh\n", 10, "not a capture file" },
		{ "\x1f\x8b\x08\x08...", 7, "gzip-compressed: uncompress" },
		{ "\x28\xb5\x2f\xfd...", 7, "zstd-compressed: uncompress" },
		{ "\x04\x22\x4d\x18...", 7, "lz4-compressed: uncompress" },
		{ "\xfd" "7zXZ..", 7, "xz-compressed: uncompress" },
		{ "BZh9...", 7, "bzip2-compressed: uncompress" },
	};
	size_t	 i;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		begin(false);
		bytes(t[i].b, t[i].n);
		expect("", t[i].why);
	}
	begin(false);
	pcap_head(0xa1b2c3d4, 9, 65535, 1);
	expect("", "unsupported version 2.9");
	begin(false);
	pcap_head(0xa1b2c3d4, 4, 65535, 9999);
	expect("", "unknown link type 9999");
	out.n = 20;
	expect("", "truncated");
}

static void
the_largest_packet_passes_one_more_fails(void **state)
{
	struct seen	*s = calloc(1, sizeof(*s));
	uint32_t	 over;

	(void)state;
	assert_non_null(s);
	for (over = 0; over < 2; over++) {
		begin(false);
		pcap_head(0xa1b2c3d4, 4, 65535, 1);
		number(0, 8);
		number(SAVEFILE_SNAPLEN + over, 4);
		number(SAVEFILE_SNAPLEN + over, 4);
		memset(out.b + out.n, 'x', SAVEFILE_SNAPLEN + over);
		out.n += SAVEFILE_SNAPLEN + over;
		read_steps(out.b, out.n, 100000, s);
		assert_int_equal(s->end, over ? SAVEFILE_ERROR : SAVEFILE_END);
	}
	free(s);
}

/* ---- pcapng ---- */

static void
pcapng_is_read_in_both_orders(void **state)
{
	int	 big;

	(void)state;
	for (big = 0; big < 2; big++) {
		begin(big);
		shb();
		idb(1, 65535, -1, "eth0");
		epb(0, 17000001, "abc", -1);
		epb(0, 17000002, "abcd", 2);
		epb(0, 17000003, "abcd", 1);
		expect("I1/1:eth0 P1@17000001=abc+3 P1@17000002=abcd>+3 "
		    "P1@17000003=abcd+3 ", NULL);
	}
}

static void
interfaces_may_differ_and_sections_follow(void **state)
{
	(void)state;
	begin(false);
	shb();
	idb(1, 65535, -1, "a");
	idb(101, 65535, 9, "b");
	idb(1, 65535, -1, "unused");
	epb(1, 17000001999ull, "x", -1);
	epb(0, 17000002, "y", -1);
	out.big = true;
	shb();
	idb(1, 65535, -1, "a");
	idb(113, 65535, -1, "b");
	epb(0, 1, "z", -1);
	epb(1, 2, "w", -1);
	expect("I1/101:b P1@17000001=x+3 I2/1:a P2@17000002=y+3 P2@1=z+3 "
	    "I3/113:b P3@2=w+3 ", NULL);
}

static void
time_resolutions_become_microseconds(void **state)
{
	(void)state;
	begin(false);
	shb();
	idb(1, 0, 0, NULL);			/* seconds */
	idb(1, 0, 0x80 | 20, NULL);		/* 2^-20 */
	idb(1, 0, 19, NULL);			/* 10^-19 */
	idb(1, 0, 0x80 | 63, NULL);
	idb(1, 0, 3, NULL);
	epb(0, 17, "a", -1);
	epb(1, 17 * 1048576ull + 524288, "b", -1);
	epb(2, 15000000000000000000ull, "c", -1);
	epb(3, 1ull << 62, "d", -1);
	epb(4, UINT64_MAX, "e", -1);
	expect("I1/1 P1@17000000=a+3 I2/1 P2@17500000=b+3 "
	    "I3/1 P3@1500000=c+3 I4/1 P4@500000=d+3 I5/1 P5@0=e!+3 ", NULL);
	begin(false);
	shb();
	idb(1, 0, 20, NULL);
	expect("", "time resolution of 10^-20");
	begin(false);
	shb();
	idb(1, 0, 0x80 | 64, NULL);
	expect("", "time resolution of 2^-64");
}

/* The product with a million passes 64 bits, and the offset has a sign. */
static void
long_time_stamps_are_exact(void **state)
{
	(void)state;
	begin(false);
	shb();
	idb_from(2, 0x80 | 62);
	idb_from(-3, 19);
	idb_from(-17, 6);
	idb_from(INT64_MAX, 0);
	idb_from(9223372036854, 6);
	epb(0, (1ull << 62) - 1, "a", -1);
	epb(0, (1ull << 61) + 4611686018428, "b", -1);
	epb(1, UINT64_MAX, "c", -1);
	epb(2, 17000001, "d", -1);
	epb(2, 16999999, "e", -1);
	epb(3, UINT64_MAX, "f", -1);
	epb(4, 775807, "g", -1);
	epb(4, 775808, "h", -1);
	expect("I1/1 P1@2999999=a+3 P1@2500001=b+3 I2/1 P2@0=c!+3 "
	    "I3/1 P3@1=d+3 P3@0=e!+3 I4/1 P4@0=f!+3 "
	    "I5/1 P5@9223372036854775807=g+3 P5@0=h!+3 ", NULL);
}

static void
simple_and_obsolete_packet_blocks_are_read(void **state)
{
	size_t	 at;

	(void)state;
	begin(false);
	shb();
	idb(1, 2, -1, NULL);
	at = block(3);
	number(5, 4);
	bytes("ab", 2);		/* cut to the interface's snaplen */
	block_end(at);
	at = block(2);
	number(0, 2);
	number(7, 2);		/* drops */
	number(0, 4);
	number(17, 4);
	number(3, 4);
	number(4, 4);
	bytes("xyz", 3);
	block_end(at);
	expect("I1/1 P1@0=ab+3 P1@17=xyz+1-7 ", NULL);
}

/* Statistics of an interface: received, then what was dropped, by whom. */
static void
isb(uint32_t iface, uint64_t ifdrop, uint64_t osdrop)
{
	size_t	 at = block(5);

	number(iface, 4);
	number(0, 8);
	number(4, 2);
	number(8, 2);
	number(1000, 8);
	number(5, 2);
	number(8, 2);
	number(ifdrop, 8);
	number(7, 2);
	number(8, 2);
	number(osdrop, 8);
	number(0, 4);
	block_end(at);
}

/* A packet, and so many that were lost before it. */
static void
epb_after(uint64_t drops)
{
	size_t	 at = block(6);

	number(0, 4);
	number(5, 8);
	number(0, 8);
	number(4, 2);
	number(8, 2);
	number(drops, 8);
	number(0, 4);
	block_end(at);
}

static void
what_the_writer_of_a_file_lost_is_told_once(void **state)
{
	int	 big;

	(void)state;
	for (big = 0; big < 2; big++) {
		begin(big);
		shb();
		idb(1, 0, -1, "a");
		idb(1, 0, -1, "b");
		epb(0, 1, "x", -1);
		isb(0, 0, 0);
		isb(1, 0, 0);		/* nothing to tell */
		isb(0, 3, 1);
		isb(0, 4, 2);		/* since the start, too */
		isb(1, 0, UINT64_MAX);	/* not known */
		isb(1, 1, 0);
		isb(7, 9, 0);		/* of none */
		shb();
		idb(1, 0, -1, "a");
		isb(0, 6, 0);		/* it goes on, */
		isb(0, 2, 0);		/* it began anew */
		expect("I1/1:a P1@1=x+3 D1-4 D1-2 I2/1:b D2-1 D1-2 ", NULL);
	}
}

static void
drops_beside_packets_and_in_statistics_are_the_same(void **state)
{
	(void)state;
	begin(true);
	shb();
	idb(1, 0, -1, NULL);
	epb_after(0);
	epb_after(2);
	epb_after(3);
	isb(0, 4, 0);
	isb(0, 7, 0);
	epb_after(1);
	epb_after(UINT64_MAX);
	epb_after(2);
	expect("I1/1 P1@5=+0 P1@5=+0-2 P1@5=+0-3 D1-2 P1@5=+0 P1@5=+0 "
	    "P1@5=+0-1 ", NULL);
}

static void
unknown_blocks_are_passed_over(void **state)
{
	size_t	 at;

	(void)state;
	begin(false);
	shb();
	at = block(0x0bad);
	number(1, 4);
	block_end(at);
	at = block(0x7777);	/* larger than the buffer */
	memset(out.b + out.n, 0xff, 2 * 1024 * 1024);
	out.n += 2 * 1024 * 1024;
	block_end(at);
	idb(1, 0, -1, NULL);
	epb(0, 1, "a", -1);
	expect("I1/1 P1@1=a+3 ", NULL);
}

static void
lies_of_a_block_are_caught(void **state)
{
	static const uint32_t	 lens[] = { 0, 8, 51, 0xfffffffc,
	    SAVEFILE_BLOCK_MAX + 4 };
	size_t			 i, at;

	(void)state;
	for (i = 0; i < nitems(lens); i++) {
		begin(false);
		shb();
		number(6, 4);
		number(lens[i], 4);
		zeros(40);
		expect("", "block length of");
	}
	begin(false);
	shb();
	idb(1, 0, -1, NULL);
	at = out.n;
	epb(0, 1, "abcd", -1);
	out.b[out.n - 4] ^= 4;
	expect("", "two lengths of a block differ");
	out.n = at;
	epb(0, 1, "abcd", -1);
	out.b[at + 20] = 5;
	expect("", "captured length of 5 in a block");
	out.n = at;
	epb(1, 1, "abcd", -1);
	expect("", "interface 1, there are 1");
	begin(false);
	shb();
	epb(0, 1, "abcd", -1);
	expect("", "before any interface");
	begin(false);
	shb();
	idb(1, 0, 9, NULL);
	out.b[28 + 18] = 200;	/* length of the option */
	expect("", "option reaches past its block");
}

/* The registry grows: one such interface costs none of the others. */
static void
an_interface_of_an_unknown_link_type_is_passed_on(void **state)
{
	(void)state;
	begin(false);
	shb();
	idb(9999, 0, -1, NULL);
	idb(1, 0, -1, NULL);
	epb(0, 1, "abcd", -1);
	epb(1, 2, "efgh", -1);
	expect("I1/9999 P1@1=abcd+3 I2/1 P2@2=efgh+3 ", NULL);
}

static void
many_unused_interfaces_cost_nothing(void **state)
{
	int	 i;

	(void)state;
	begin(false);
	shb();
	for (i = 0; i < 5000; i++)
		idb(1, 0, -1, NULL);
	epb(4999, 1, "a", -1);
	expect("I1/1 P1@1=a+3 ", NULL);
	begin(false);
	shb();
	for (i = 0; i <= SAVEFILE_IFACES_MAX; i++)
		idb(1, 0, -1, NULL);
	expect("", "more than 16384 interfaces");
}

/* Any byte changed: an end comes, and nothing is read past the bytes. */
static void
no_byte_can_hang_or_hurt(void **state)
{
	static struct seen	 s;
	uint8_t			*good;
	size_t			 n, i, v;

	(void)state;
	begin(false);
	shb();
	idb(1, 0, 6, "eth0");
	epb(0, 1, "abcdefg", 2);
	pcap_head(0xa1b2c3d4, 4, 65535, 1);
	n = out.n;
	good = malloc(n);
	assert_non_null(good);
	memcpy(good, out.b, n);
	for (i = 0; i < n; i++)
		for (v = 1; v < 256; v += 3) {
			memcpy(out.b, good, n);
			out.b[i] ^= (uint8_t)v;
			read_steps(out.b, n, SIZE_MAX, &s);
		}
	for (i = 0; i < n; i++)
		read_steps(good, i, SIZE_MAX, &s);
	free(good);
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(pcap_is_read_in_all_its_forms),
		cmocka_unit_test(an_empty_capture_is_no_error),
		cmocka_unit_test(upper_bits_of_the_link_type_are_not_the_type),
		cmocka_unit_test(lengths_of_old_versions_are_swapped),
		cmocka_unit_test(files_joined_by_cat_are_read_on),
		cmocka_unit_test(times_out_of_range_are_marked),
		cmocka_unit_test(broken_pcap_keeps_what_came_before),
		cmocka_unit_test(what_is_no_capture_is_said),
		cmocka_unit_test(
		    an_interface_of_an_unknown_link_type_is_passed_on),
		cmocka_unit_test(the_largest_packet_passes_one_more_fails),
		cmocka_unit_test(pcapng_is_read_in_both_orders),
		cmocka_unit_test(interfaces_may_differ_and_sections_follow),
		cmocka_unit_test(time_resolutions_become_microseconds),
		cmocka_unit_test(long_time_stamps_are_exact),
		cmocka_unit_test(simple_and_obsolete_packet_blocks_are_read),
		cmocka_unit_test(what_the_writer_of_a_file_lost_is_told_once),
		cmocka_unit_test(
		    drops_beside_packets_and_in_statistics_are_the_same),
		cmocka_unit_test(unknown_blocks_are_passed_over),
		cmocka_unit_test(lies_of_a_block_are_caught),
		cmocka_unit_test(many_unused_interfaces_cost_nothing),
		cmocka_unit_test(no_byte_can_hang_or_hurt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
