/*
 * cert: what the certificate of a server says of a name (RFC 5280, RFC 9525).
 *
 * It is read as it was sent, and believed as such: nobody looks whether it
 * was signed by anybody, or whether who shows it has its key. Nothing is kept
 * and nothing copied.
 */
#ifndef ANALYZER_CERT_H
#define ANALYZER_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CERT_SAYS(A)							\
	/*name		text: stable, used in events and rows */	\
	A(NAME,		"for this name")				\
	A(OTHERS,	"for other names")				\
	A(EXPIRED,	"expired")					\
	A(EARLY,	"not valid yet")

#define A(name, text)	CERT_##name,
enum cert_says {
	CERT_NONE,		/* none was seen */
	CERT_SAYS(A)
	CERT_SAYS_MAX
};
#undef A

struct cert {
	int64_t		 from;		/* valid, in seconds since 1970 */
	int64_t		 until;
	bool		 seen;		/* false: there is none */
	bool		 fits;		/* it is for the name */
};

/*
 * der: a whole certificate. name: a DNS name in lower case without a last
 * dot; one label of it may stand for a first label "*". The common name
 * counts where there is no other DNS name. -1: it cannot be read.
 */
int		 cert_read(struct cert *, const uint8_t *der, size_t len,
		    const uint8_t *name, size_t name_len);
/*
 * What it says when it is shown at a time in seconds since 1970. EXPIRED and
 * EARLY are said of one for the name only.
 */
enum cert_says	 cert_says(const struct cert *, int64_t now);
/* Not where a client claims an address, which is named in another way. */
bool		 cert_can_name(const uint8_t *name, size_t len);
/* "" of NONE. */
const char	*cert_text(enum cert_says);

#endif
