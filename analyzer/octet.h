/*
 * octet: what a byte may be part of in HTTP. Private to http and its normal
 * forms.
 */
#ifndef ANALYZER_OCTET_H
#define ANALYZER_OCTET_H

#include <stdbool.h>
#include <stdint.h>

#define OCTET_TOKEN		0x01	/* RFC 9110, 5.6.2 */
#define OCTET_UNRESERVED	0x02	/* RFC 3986, 2.3 */
#define OCTET_HOST		0x04	/* authority without user */
#define OCTET_DIGIT		0x08
#define OCTET_ALPHA		0x10

extern const uint8_t	 octet_class[256];

static inline bool
octet_is(uint8_t c, uint8_t what)
{
	return (octet_class[c] & what) != 0;
}

static inline uint8_t
octet_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

#endif
