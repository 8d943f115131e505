/* The slots of meter that have names: methods, statuses, TLS versions, ALPN. */
#include <string.h>

#include "analyzer/meter.h"
#include "analyzer/quic.h"
#include "sandbox/compat.h"

static const uint16_t known_status[] = {
	100, 101, 102, 103,
	200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
	300, 301, 302, 303, 304, 305, 306, 307, 308,
	400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413,
	414, 415, 416, 417, 418, 419, 420, 421, 422, 423, 424, 425, 426, 428,
	429, 430, 431, 440, 444, 449, 450, 451, 499,
	500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511,
	520, 521, 522, 523, 524, 525, 530
};
#define NKNOWN		nitems(known_status)
#define STATUS_OTHER	(METER_STATUSES - 1)

static const char *const methods[METER_METHODS] = {
	"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE",
	"PATCH", "OTHER"
};
static const char *const versions[METER_VERSIONS] = {
	"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "QUIC v1",
	"QUIC v2", "unknown"
};
static const char *const alpns[METER_ALPNS] = {
	"http/1.1", "h2", "http/1.0", "h3", "acme-tls/1", "dot", "other",
	"none"
};
#define ALPN_OTHER	6

#define ALERTS		(TLS_ALERT_OTHER + 1)

static const char *const fails[METER_FAILS] = {
#define A(number, text)	"server alert " #number " " text,
	TLS_ALERTS(A) "server alert, unknown",
#undef A
#define A(number, text)	"client alert " #number " " text,
	TLS_ALERTS(A) "client alert, unknown",
#undef A
	"server closed", "client closed", "server reset", "client reset",
	"client left, encrypted", "server speaks no tls"
};

const char *
meter_method_name(unsigned method)
{
	return methods[method < METER_METHODS ? method : METER_METHODS - 1];
}

const char *
meter_version_name(unsigned slot)
{
	return versions[slot < METER_VERSIONS ? slot : METER_VERSIONS - 1];
}

const char *
meter_alpn_name(unsigned slot)
{
	return alpns[slot < METER_ALPNS ? slot : METER_ALPNS - 1];
}

unsigned
meter_status_code(const struct meter *m, unsigned slot)
{
	if (slot < NKNOWN)
		return known_status[slot];
	slot -= NKNOWN;
	return slot < m->nextra ? m->extra[slot] : 0;
}

static unsigned
find_slot(struct meter *m, unsigned code)
{
	size_t		 lo = 0, hi = NKNOWN, mid;
	unsigned	 i;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (known_status[mid] < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < NKNOWN && known_status[lo] == code)
		return (unsigned)lo;
	for (i = 0; i < m->nextra; i++)
		if (m->extra[i] == code)
			return (unsigned)NKNOWN + i;
	if (code == 0 || m->nextra == nitems(m->extra) ||
	    NKNOWN + m->nextra >= STATUS_OTHER)
		return STATUS_OTHER;
	m->extra[m->nextra] = (uint16_t)code;
	return (unsigned)NKNOWN + m->nextra++;
}

unsigned
meter_status_slot(struct meter *m, unsigned code)
{
	if (code != m->last_code) {
		m->last_slot = find_slot(m, code);
		m->last_code = code;
	}
	return code == 0 ? STATUS_OTHER : m->last_slot;
}

unsigned
meter_alpn_slot(const uint8_t *p, size_t len)
{
	unsigned	 i;

	if (len == 0)
		return METER_ALPNS - 1;
	for (i = 0; i < ALPN_OTHER; i++)
		if (strlen(alpns[i]) == len && memcmp(alpns[i], p, len) == 0)
			return i;
	return ALPN_OTHER;
}

unsigned
meter_version_slot(unsigned version)
{
	return version >= 0x0300 && version <= 0x0304 ? version - 0x0300 :
	    METER_VERSIONS - 1;
}

unsigned
meter_quic_slot(uint32_t version)
{
	return version == QUIC_V1 ? 5 : version == QUIC_V2 ? 6 :
	    METER_VERSIONS - 1;
}

unsigned
meter_fail_slot(const struct session_tls *t)
{
	unsigned	 by = t->by_client;

	switch (t->fail) {
	case SESSION_TLS_ALERT:
		return by * ALERTS + tls_alert_at(t->alert);
	case SESSION_TLS_RESET:
		return 2 * ALERTS + 2 + by;
	case SESSION_TLS_SEALED:
		return 2 * ALERTS + 4;
	case SESSION_TLS_PLAIN:
		return 2 * ALERTS + 5;
	default:
		return 2 * ALERTS + by;
	}
}

const char *
meter_fail_name(unsigned slot)
{
	return fails[slot < METER_FAILS ? slot : METER_FAILS - 1];
}

const char *
meter_cert_name(unsigned slot)
{
	return cert_text((enum cert_says)(slot + 1));
}
