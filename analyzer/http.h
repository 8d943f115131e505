/*
 * http: the head of one HTTP/1 message, start line to empty line (RFC 9110,
 * 9112), out of bytes that the caller owns.
 *
 * Nothing is kept, allocated or copied: spans point into the caller's bytes
 * and live as long as these. A head is parsed in one piece; http_end finds
 * out where it ends when it comes in several.
 *
 * Lenient like real servers are (bare LF, leading empty lines, folded lines,
 * spaces); whatever two receivers could read differently sets a bit in flaws.
 */
#ifndef ANALYZER_HTTP_H
#define ANALYZER_HTTP_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_METHOD_MAX		256	/* longer: not a request line */
#define HTTP_HOST_MAX		4096	/* bytes of a normalised host */
#define HTTP_NAME_MAX		255	/* longer: no name of a host */
#define HTTP_SECTION_MAX	256	/* bytes of a section */
#define HTTP_DEPTH_MAX		4	/* path segments of a section */
#define HTTP_TWO_0		20	/* as minor: the version is 2 */

struct http_span {
	const uint8_t	*p;		/* NULL: absent */
	size_t		 len;
};

/* Values of a field that may come several times, the last ones, in order. */
#define HTTP_LINES	4

struct http_lines {
	struct http_span v[HTTP_LINES];
	uint8_t		 n;
};

enum http_method {
	HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_CONNECT,
	HTTP_OPTIONS, HTTP_TRACE, HTTP_PATCH,
	HTTP_METHOD_OTHER		/* see the method span */
};

/* Things that are wrong or ambiguous in a head; bits of flaws. */
enum http_flaw {
	HTTP_F_BARE_LF		= 1 << 0,
	HTTP_F_BARE_CR		= 1 << 1,
	HTTP_F_NUL		= 1 << 2,
	HTTP_F_CTL		= 1 << 3,	/* other control characters */
	HTTP_F_OBS_FOLD		= 1 << 4,
	HTTP_F_NO_COLON		= 1 << 5,	/* header line without name */
	HTTP_F_NAME		= 1 << 6,	/* space or non-token in name */
	HTTP_F_START_LINE	= 1 << 7,	/* spaces where one is due */
	HTTP_F_HOST_DUP		= 1 << 8,	/* or the target has another */
	HTTP_F_HOST_NONE	= 1 << 9,	/* 1.1 request without Host */
	HTTP_F_HOST_BAD		= 1 << 10,
	HTTP_F_CL_DUP		= 1 << 11,	/* same value again */
	HTTP_F_CL_DIFF		= 1 << 12,	/* values that differ */
	HTTP_F_CL_BAD		= 1 << 13,	/* not a number */
	HTTP_F_TE_CL		= 1 << 14,	/* both framings */
	HTTP_F_TE_ODD		= 1 << 15,	/* obfuscated, unknown coding */
	HTTP_F_TE_10		= 1 << 16,	/* coding in HTTP/1.0 */
	HTTP_F_STATUS		= 1 << 17	/* below 100 or over 599 */
};
/* Flaws over which two receivers may part: request smuggling. */
#define HTTP_AMBIGUOUS	(HTTP_F_CL_DIFF | HTTP_F_CL_BAD | HTTP_F_TE_CL | \
			 HTTP_F_TE_ODD | HTTP_F_TE_10 | HTTP_F_OBS_FOLD | \
			 HTTP_F_HOST_DUP | HTTP_F_NAME | HTTP_F_NUL | \
			 HTTP_F_BARE_CR)

enum http_connection {			/* bits of connection */
	HTTP_CN_CLOSE		= 1 << 0,
	HTTP_CN_KEEP		= 1 << 1,
	HTTP_CN_UPGRADE		= 1 << 2
};

struct http_head {
	/* request; all NULL in a response */
	struct http_span method;
	struct http_span target;	/* as sent */
	/* the value of the first field of that name */
	struct http_span host;
	struct http_span user_agent;
	struct http_span referer;
	struct http_span content_type;
	struct http_span upgrade;
	struct http_lines forwarded;
	struct http_lines x_forwarded_for;

	uint64_t	 content_length;	/* if has_length */
	uint32_t	 flaws;		/* enum http_flaw */
	uint32_t	 fields;	/* header lines */
	uint16_t	 status;	/* as sent, 0 to 999; see is_request */
	uint8_t		 method_id;	/* enum http_method */
	uint8_t		 minor;		/* of the version 1.x, or HTTP_TWO_0 */
	uint8_t		 connection;	/* enum http_connection */
	bool		 is_request;
	bool		 has_length;
	bool		 chunked;	/* the last transfer coding */
	bool		 has_coding;	/* any Transfer-Encoding */
	bool		 expect_100;
	bool		 mixed_ends;	/* in CR LF and in LF */
};

/* What the first bytes of a message look like. */
enum http_guess {
	HTTP_NO,		/* no HTTP/1 head begins here */
	HTTP_MAYBE,		/* more bytes are needed to tell */
	HTTP_REQUEST,		/* a whole valid request line */
	HTTP_RESPONSE,		/* a whole valid status line start */
	HTTP_TWO		/* the HTTP/2 preface, PRI * HTTP/2.0 */
};

/*
 * Judges the bytes at a place where a message may begin, after empty lines.
 * The method may be any token; "HTTP/1.x" must end the line.
 */
enum http_guess	 http_guess(const uint8_t *, size_t len);
/* Whether this may be a request, of a method that has an id and ends here. */
bool		 http_known_request(const uint8_t *, size_t len);
/* Whether this is a start line of ICAP (RFC 3507), which carries our heads. */
bool		 http_icap(const uint8_t *, size_t len);

/*
 * Parses a head. Bytes taken (empty lines before it and the empty line after
 * it included), 0 when the head is not complete, -1 when it is none.
 */
ssize_t		 http_parse(const uint8_t *, size_t len, struct http_head *);

/*
 * Finds the end of a head over several calls. *state starts at 0. Bytes up to
 * and including the empty line, or 0 when it is not among these.
 */
size_t		 http_end(uint8_t *state, const uint8_t *, size_t len);

/* Whether a line of a head, with its end, is of a field of no interest. */
bool		 http_idle_line(const uint8_t *);

/* Authority and path of a target in absolute form; false for other forms. */
bool		 http_absolute(const struct http_head *, struct http_span *auth,
		    struct http_span *path);

/* For heads that come as fields: the method of a name, and one field. */
enum http_method http_method_id(const struct http_span *);
void		 http_field(struct http_head *, const struct http_span *name,
		    struct http_span value);

/*
 * Whether two receivers may read this head differently. One that knows CR LF
 * alone finds no other end in a head of bare LFs, but other lines in a head
 * that has both; in HTTP/2 a proxy to HTTP/1 may pass on a line end in a value
 * (RFC 9113, 10.3).
 */
bool		 http_ambiguous(const struct http_head *);

/* The name of one flaw bit ("te-and-cl"). */
const char	*http_flaw_name(enum http_flaw);

/* ---- normal forms (httpform.c) ---- */

/*
 * The host that a request is for: the authority of an absolute-form target if
 * that names a host, else the Host field (also for CONNECT, whose target is
 * another server than the one that is asked). Lower case, without user,
 * trailing dot and :80; other ports stay; IPv6 literals keep their brackets.
 * Bytes written to out (at most HTTP_HOST_MAX, not terminated); 0 for none.
 */
size_t		 http_host(const struct http_head *,
		    uint8_t out[HTTP_HOST_MAX]);

/*
 * Whether a target in absolute form names another host than the Host field,
 * which the origin must not look at (RFC 9112, section 3.2.2), but may.
 */
bool		 http_two_hosts(const struct http_head *);

/*
 * The section of a target: its first depth (0 to HTTP_DEPTH_MAX) path
 * segments, cut at '?' or '#', only unreserved characters percent-decoded,
 * empty segments left out: at depth 1 "/shop", "/shop/" and "//shop/a?b" are
 * all "/shop". "*" is its own section; CONNECT gives "(connect)". Bytes
 * written; a longer one is cut.
 */
size_t		 http_section(const struct http_head *, unsigned depth,
		    uint8_t out[HTTP_SECTION_MAX]);

#endif
