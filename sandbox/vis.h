/*
 * vis: the one writer through which bytes from outside reach a terminal, a
 * log line, JSON, a metric label or HTML.
 *
 * Input is any bytes; output is always valid UTF-8 without control
 * characters (C0, DEL, C1), without line and paragraph separators and
 * without bidirectional controls (U+200E, U+200F, U+202A-202E, U+2066-2069,
 * U+2028, U+2029, U+FEFF). Bytes that are not UTF-8 (RFC 3629: shortest form,
 * no surrogates, at most U+10FFFF) are shown as \xNN.
 */
#ifndef SANDBOX_VIS_H
#define SANDBOX_VIS_H

#include <stdbool.h>
#include <stddef.h>

enum vis_form {
	VIS_TERM,		/* a screen: \xNN, backslash doubled */
	VIS_LOG,		/* key=value text: as TERM, and " as \" */
	VIS_ITEM,		/* of a list: as LOG, and , and | as \xNN */
	VIS_JSON,		/* inside "...": RFC 8259, section 7 */
	VIS_LABEL,		/* inside a metric label's "..." */
	VIS_HTML,		/* text or attribute of a page */
	VIS_FORMS
};

/* How many bytes at the start of src stand for themselves in every form. */
size_t		 vis_plain(const void *src, size_t n);
/*
 * Writes src (n bytes) into dst, NUL terminated, never cutting inside an
 * escape or a character. Returns the number of bytes of src that were
 * written; less than n means that dst was too small.
 */
size_t		 vis_put(enum vis_form, char *dst, size_t size,
		    const void *src, size_t n);
/* The same for a C string; returns dst, for use as an argument of printf. */
const char	*vis_str(enum vis_form, char *dst, size_t size,
		    const char *src);
/*
 * From now on this process writes nothing but ASCII to screens, logs and
 * JSON: where the terminal takes each byte for a character, bytes of UTF-8
 * can be C1 controls.
 */
void		 vis_ascii_only(void);
/* Bytes of the valid UTF-8 character at src, 0 when there is none. */
size_t		 vis_utf8(const void *src, size_t n, unsigned *codepoint);
/* Columns a character takes on a terminal: 0, 1 or 2. */
int		 vis_width(unsigned codepoint);

/* The largest output of one input byte, in any form. */
#define VIS_MAX		12

#endif
