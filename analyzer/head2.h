/*
 * head2: the head of one HTTP/2 message out of its fields (RFC 9113, 8.3), in
 * the form that http gives to one of HTTP/1.
 *
 * What is told of a field is what hpack keeps of it; spans point there. A
 * value that is cut counts as what is left of it, but for those that name
 * whoever asks a proxy: these are then no names.
 */
#ifndef ANALYZER_HEAD2_H
#define ANALYZER_HEAD2_H

#include "analyzer/hpack.h"
#include "analyzer/http.h"

/* Room for the values of any sane block. */
#define HEAD2_TEXT_MAX	65536

/* wants and field are hpack's; its argument is a struct http_head. */
extern const struct hpack_ops	 head2_ops;

void		 head2_init(struct http_head *);
/* All fields were told. */
void		 head2_end(struct http_head *);
/* A request if is_request is set, a response if status is; else trailers. */

#endif
