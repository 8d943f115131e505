/*
 * The cryptography by the vectors of FIPS 180-4 (its examples), RFC 4231, RFC
 * 5869, FIPS 197 and the specification of GCM (McGrew and Viega); the packets
 * by those of RFC 9001 and RFC 9369, appendix A.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/aes.h"
#include "analyzer/quic.h"
#include "analyzer/sha256.h"
#include "sandbox/compat.h"
#include "tests/lib/guard.h"
#include "tests/lib/quicgen.h"

static unsigned
digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t
unhex(uint8_t *out, const char *s)
{
	size_t	 n = 0;

	for (; *s != '\0'; s += 2)
		out[n++] = (uint8_t)(digit(s[0]) << 4 | digit(s[1]));
	return n;
}

static void
is_hex(const uint8_t *p, const char *want)
{
	uint8_t	 b[512];
	size_t	 n = unhex(b, want);

	assert_memory_equal(p, b, n);
}

static void
sha256_is_that_of_the_standard(void **state)
{
	static const char	 two[] =
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	struct sha256		 s;
	uint8_t			 sum[SHA256_LEN];
	size_t			 i;

	(void)state;
	sha256_init(&s);
	sha256_add(&s, "abc", 3);
	sha256_end(&s, sum);
	is_hex(sum, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	sha256_init(&s);
	sha256_end(&s, sum);
	is_hex(sum, "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	sha256_init(&s);
	for (i = 0; i < strlen(two); i++)
		sha256_add(&s, two + i, 1);
	sha256_end(&s, sum);
	is_hex(sum, "248d6a61d20638b8e5c026930c3e6039"
	    "a33ce45964ff2167f6ecedd419db06c1");
	sha256_init(&s);
	for (i = 0; i < 1000000 / 8; i++)
		sha256_add(&s, "aaaaaaaa", 8);
	sha256_end(&s, sum);
	is_hex(sum, "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231, cases 2 and 6. */
static void
hmac_is_that_of_the_rfc(void **state)
{
	struct sha256_hmac	 m;
	uint8_t			 key[131], sum[SHA256_LEN];
	const char		*text = "Test Using Larger Than Block-Size "
				    "Key - Hash Key First";

	(void)state;
	sha256_hmac_key(&m, "Jefe", 4);
	sha256_hmac(&m, "what do ya want for nothing?", 28, sum);
	is_hex(sum, "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	sha256_hmac_key(&m, key, sizeof(key));
	sha256_hmac(&m, text, strlen(text), sum);
	is_hex(sum, "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 9001, A.1: the whole way from the ID to the secret. */
static void
hkdf_is_that_of_the_rfc(void **state)
{
	struct sha256_hmac	 m;
	uint8_t			 salt[20], id[8], secret[SHA256_LEN];

	(void)state;
	unhex(salt, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
	unhex(id, "8394c8f03e515708");
	sha256_hmac_key(&m, salt, sizeof(salt));
	sha256_hmac(&m, id, sizeof(id), secret);
	is_hex(secret, "7db5df06e7a69e432496adedb0085192"
	    "3595221596ae2ae9fb8115c1e9ed0a44");
	sha256_hmac_key(&m, secret, sizeof(secret));
	sha256_expand(&m, "client in", secret, sizeof(secret));
	is_hex(secret, "c00cf151ca5be075ed0ebfb5c80323c4"
	    "2d6b7db67881289af4008f1f6c357aea");
}

static void
aes_is_that_of_the_standard(void **state)
{
	struct aes	 a;
	uint8_t		 key[16], b[16];

	(void)state;
	unhex(key, "000102030405060708090a0b0c0d0e0f");
	unhex(b, "00112233445566778899aabbccddeeff");
	aes_init(&a, key);
	aes_encrypt(&a, b, b);
	is_hex(b, "69c4e0d86a7b0430d8cdb78070b4c55a");
}

/* Test cases 1 to 4 of the specification. */
static void
gcm_is_that_of_its_specification(void **state)
{
	static const char	 plain[] = "d9313225f88406e5a55909c5aff5269a"
	    "86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
	    "b16aedf5aa0de657ba637b391aafd255";
	static const char	 sealed[] = "42831ec2217774244b7221b784d0d49c"
	    "e3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
	    "1ba30b396a0aac973d58e091473f5985";
	struct aes		 a;
	uint8_t			 key[16] = { 0 }, nonce[12] = { 0 }, p[64];
	uint8_t			 head[20], tag[16];
	size_t			 n;

	(void)state;
	aes_init(&a, key);
	aes_gcm_tag(&a, nonce, p, 0, p, 0, tag);
	is_hex(tag, "58e2fccefa7e3061367f1d57a4e7455a");
	memset(p, 0, 16);
	aes_gcm_crypt(&a, nonce, 0, p, 16, p);
	is_hex(p, "0388dace60b6a392f328c2b971b2fe78");
	aes_gcm_tag(&a, nonce, p, 0, p, 16, tag);
	is_hex(tag, "ab6e47d42cec13bdf53a67b21257bddf");
	unhex(key, "feffe9928665731c6d6a8f9467308308");
	unhex(nonce, "cafebabefacedbaddecaf888");
	aes_init(&a, key);
	n = unhex(p, plain);
	aes_gcm_crypt(&a, nonce, 0, p, n, p);
	is_hex(p, sealed);
	aes_gcm_tag(&a, nonce, p, 0, p, n, tag);
	is_hex(tag, "4d5c2af327cd64a62cf35abd2ba6fab4");
	unhex(head, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	aes_gcm_tag(&a, nonce, head, sizeof(head), p, 60, tag);
	is_hex(tag, "5bc94fbc3221a5db94fae95ae7121a47");
	aes_gcm_crypt(&a, nonce, 1, p + 16, 5, p + 16);
	is_hex(p + 16, "86a7a95315");
}

/* The hello of both appendices, in its frame; 1162 bytes with padding. */
static const char	 appendix[] =
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff";

/*
 * A tag is a function of every byte: with the right one at its end, and the
 * right header, the packet is that of the RFC.
 */
static const struct vector {
	uint32_t	 version;
	const char	*key;
	const char	*nonce;
	const char	*header;
	const char	*begin;
	const char	*tag;
} vectors[] = {
	{ QUIC_V1, "1f369613dd76d5467730efcbe3b1a22d",
	    "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2",
	    "c000000001088394c8f03e5157080000449e7b9aec34"
	    "d1b1c98dd7689fb8ec11d242b123dc9b",
	    "e221af44860018ab0856972e194cd934" },
	{ QUIC_V2, "8b1a0bc121284290a29e0971b5cd045d",
	    "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9",
	    "d76b3343cf088394c8f03e5157080000449ea0c95e82"
	    "ffe67b6abcdb4298b485dd04de806071",
	    "a18b2faa745b6fe189cf772a9f84cbfc" },
};

static void
make_appendix(struct quicgen *g, uint32_t version)
{
	struct quicgen_head	 h = { .version = version, .number = 2 };
	struct quicgen		 f = { .len = 1162 };

	h.dst.len = (uint8_t)unhex(h.dst.b, "8394c8f03e515708");
	unhex(f.p, appendix);
	g->len = 0;
	quicgen_initial(g, &h, &f);
}

static void
keys_and_packets_are_those_of_the_rfcs(void **state)
{
	static struct quicgen	 g;
	const struct vector	*v;
	struct quic_keys	 k;
	struct quic_cid		 id = { .len = 8 };

	(void)state;
	unhex(id.b, "8394c8f03e515708");
	for (v = vectors; v < vectors + nitems(vectors); v++) {
		quic_keys(&k, v->version, &id);
		is_hex(k.key, v->key);
		is_hex(k.nonce, v->nonce);
		is_hex(k.header, v->header);
		make_appendix(&g, v->version);
		assert_int_equal(g.len, 1200);
		is_hex(g.p, v->begin);
		is_hex(g.p + g.len - 16, v->tag);
	}
}

static uint8_t	 room[QUIC_PACKET_MAX];

/* The first Initial of a datagram, with the keys of its own ID. */
static bool
open_first(const uint8_t *p, size_t len, struct quic_frames *f)
{
	struct quic_packet	 q;
	struct quic_keys	 k;
	size_t			 at = 0;

	if (!quic_next(guard_copy(p, len), len, &at, &q) || q.len == 0)
		return false;
	quic_keys(&k, q.version, &q.dst);
	return quic_open(&q, &k, room, f);
}

static void
the_hello_of_the_rfcs_is_found(void **state)
{
	static struct quicgen	 g;
	const struct vector	*v;
	struct quic_frames	 f;
	struct quic_piece	 c;
	uint8_t			 want[300];
	size_t			 n = unhex(want, appendix);

	(void)state;
	for (v = vectors; v < vectors + nitems(vectors); v++) {
		make_appendix(&g, v->version);
		assert_true(quic_looks(g.p, g.len));
		assert_true(open_first(g.p, g.len, &f));
		assert_int_equal(f.len, 1162);
		assert_true(quic_piece(&f, &c));
		assert_int_equal(c.off, 0);
		assert_int_equal(c.len, n - 4);
		assert_memory_equal(c.p, want + 4, c.len);
		assert_false(quic_piece(&f, &c));
	}
}

/* RFC 9001, A.3: other keys than those of the client protect it. */
static void
the_servers_packet_does_not_open(void **state)
{
	static const char	 packet[] = "cf000000010008f067a5502a4262b500"
	    "4075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3"
	    "8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9"
	    "c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f"
	    "58891850abbdca3d20398c276456cbc42158407dd074ee";
	struct quic_packet	 q;
	struct quic_keys	 k;
	struct quic_frames	 f;
	uint8_t			 b[200];
	size_t			 n = unhex(b, packet), at = 0;

	(void)state;
	assert_true(quic_next(b, n, &at, &q));
	assert_int_equal(at, n);
	assert_int_equal(q.src.len, 8);
	quic_keys(&k, QUIC_V1, &(struct quic_cid){ 8, { 0x83, 0x94, 0xc8,
	    0xf0, 0x3e, 0x51, 0x57, 0x08 } });
	assert_false(quic_open(&q, &k, room, &f));
	quic_keys(&k, QUIC_V1, &q.dst);
	assert_false(quic_open(&q, &k, room, &f));
}

static void
no_bit_may_be_wrong(void **state)
{
	static struct quicgen	 g;
	struct quic_frames	 f;
	size_t			 i;

	(void)state;
	make_appendix(&g, QUIC_V1);
	for (i = 0; i < g.len * 8; i += i < 400 ? 1 : 37) {
		g.p[i / 8] ^= (uint8_t)(1U << i % 8);
		assert_false(open_first(g.p, g.len, &f));
		g.p[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	assert_true(open_first(g.p, g.len, &f));
	for (i = 0; i < g.len; i++)
		assert_false(open_first(g.p, i, &f));
}

static void
frames_among_the_pieces_are_passed_over(void **state)
{
	static struct quicgen	 g, all;
	struct quicgen_head	 h = { .version = QUIC_V1, .token = "a token" };
	struct quic_frames	 f;
	struct quic_piece	 c;

	(void)state;
	h.dst = quicgen_cid("12345678");
	h.src = quicgen_cid("client");
	quicgen_bytes(&all, "\0\0\1\2\5\0\1\3\7\1", 10); /* ACK, two ranges */
	quicgen_crypto(&all, 5, (const uint8_t *)"later", 5);
	quicgen_bytes(&all, "\3\5\0\0\0\1\2\3\x1c\0\6\2no\0", 16);
	quicgen_crypto(&all, 0, (const uint8_t *)"first", 5);
	quicgen_bytes(&all, "\6\1", 2);		/* cut */
	quicgen_initial(&g, &h, &all);
	assert_true(open_first(g.p, g.len, &f));
	assert_true(quic_piece(&f, &c));
	assert_int_equal(c.off, 5);
	assert_memory_equal(c.p, "later", 5);
	assert_true(quic_piece(&f, &c));
	assert_int_equal(c.off, 0);
	assert_memory_equal(c.p, "first", 5);
	assert_false(quic_piece(&f, &c));
	all.len = g.len = 0;
	quicgen_bytes(&all, "\1\x08", 2);	/* STREAM: not here */
	quicgen_crypto(&all, 0, (const uint8_t *)"first", 5);
	quicgen_bytes(&all, "\0\0\0", 4);
	quicgen_initial(&g, &h, &all);
	assert_true(open_first(g.p, g.len, &f));
	assert_false(quic_piece(&f, &c));
}

static void
coalesced_packets_are_walked(void **state)
{
	static const uint8_t	 other[] = { 0xe0, 0, 0, 0, 1, 2, 'a', 'b', 0,
	    3, 1, 2, 3 };
	static struct quicgen	 g, f;
	struct quicgen_head	 h = { .version = QUIC_V1 };
	struct quic_packet	 q;
	size_t			 at = 0;

	(void)state;
	h.dst = quicgen_cid("12345678");
	f.len = 30;
	quicgen_bytes(&g, other, sizeof(other));	/* a Handshake */
	quicgen_initial(&g, &h, &f);
	quicgen_bytes(&g, other, sizeof(other));
	h.version = QUIC_V2;
	quicgen_initial(&g, &h, &f);
	quicgen_bytes(&g, "\x40short", 6);
	assert_true(quic_next(g.p, g.len, &at, &q));
	assert_ptr_equal(q.p, g.p + sizeof(other));
	assert_int_equal(q.version, QUIC_V1);
	assert_true(quic_next(g.p, g.len, &at, &q));
	assert_int_equal(q.version, QUIC_V2);
	assert_int_equal(q.dst.len, 8);
	assert_false(quic_next(g.p, g.len, &at, &q));
}

/* The longest is opened; one with a token that is longer still is not. */
static void
no_packet_is_longer_than_the_room(void **state)
{
	static struct quicgen	 g, f;
	static uint8_t		 d[60000];
	struct quicgen_head	 h = { .version = QUIC_V1 };
	struct quic_frames	 open;
	struct quic_packet	 q;
	size_t			 at = 0, head;

	(void)state;
	h.dst = quicgen_cid("12345678");
	quicgen_initial(&g, &h, &f);
	head = g.len;
	for (f.len = QUIC_PACKET_MAX - head - 1;
	    f.len <= QUIC_PACKET_MAX - head + 1; f.len++) {
		g.len = 0;
		quicgen_initial(&g, &h, &f);
		assert_int_equal(g.len, head + f.len);
		assert_int_equal(open_first(g.p, g.len, &open),
		    g.len <= QUIC_PACKET_MAX);
	}
	unhex(d, "c0000000010100" "00" "80005000");	/* 20480 bytes */
	unhex(d + 12 + 0x5000, "4100");
	assert_true(quic_next(d, sizeof(d), &at, &q));
	assert_int_equal(q.len, 0);
	assert_int_equal(at, 12 + 0x5000 + 2 + 0x100);
}

static void
what_looks_like_an_initial_is_one_of_two_versions(void **state)
{
	static const struct { const char *hex; bool looks; } t[] = {
		{ "c0000000010000", true }, { "cf000000010000", true },
		{ "80000000010000", true },	/* RFC 9287 */
		{ "d06b3343cf0000", true }, { "90" "6b3343cf0000", true },
		{ "d0000000010000", false },	/* 0-RTT */
		{ "e0000000010000", false }, { "f0000000010000", false },
		{ "c06b3343cf0000", false },	/* a Retry of v2 */
		{ "c0ff00001d0000", false },	/* a draft */
		{ "40000000010000", false }, { "c00000000100", false },
	};
	uint8_t			 b[8];
	size_t			 i, n;

	(void)state;
	for (i = 0; i < nitems(t); i++) {
		n = unhex(b, t[i].hex);
		assert_int_equal(quic_looks(guard_copy(b, n), n), t[i].looks);
	}
}

int
main(void)
{
	static const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(sha256_is_that_of_the_standard),
		cmocka_unit_test(hmac_is_that_of_the_rfc),
		cmocka_unit_test(hkdf_is_that_of_the_rfc),
		cmocka_unit_test(aes_is_that_of_the_standard),
		cmocka_unit_test(gcm_is_that_of_its_specification),
		cmocka_unit_test(keys_and_packets_are_those_of_the_rfcs),
		cmocka_unit_test(the_hello_of_the_rfcs_is_found),
		cmocka_unit_test(the_servers_packet_does_not_open),
		cmocka_unit_test(no_bit_may_be_wrong),
		cmocka_unit_test(frames_among_the_pieces_are_passed_over),
		cmocka_unit_test(coalesced_packets_are_walked),
		cmocka_unit_test(no_packet_is_longer_than_the_room),
		cmocka_unit_test(
		    what_looks_like_an_initial_is_one_of_two_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
