#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "tests/lib/oracle.h"

static void
append(char *to, size_t *len, size_t size, const char *p, size_t n)
{
	if (n > size - *len)
		n = size - *len;
	memcpy(to + *len, p, n);
	*len += n;
}

static int
on_url(http_parser *hp, const char *p, size_t n)
{
	struct oracle	*o = hp->data;

	append(o->target, &o->target_len, sizeof(o->target), p, n);
	return 0;
}

static int
on_field(http_parser *hp, const char *p, size_t n)
{
	struct oracle	*o = hp->data;

	if (o->was_value)
		o->name_len = 0;
	o->was_value = false;
	append(o->name, &o->name_len, sizeof(o->name), p, n);
	return 0;
}

static int
on_value(http_parser *hp, const char *p, size_t n)
{
	struct oracle	*o = hp->data;

	if (!o->was_value) {
		o->fields++;
		o->is_host = o->name_len == 4 &&
		    strncasecmp(o->name, "host", 4) == 0;
		if (o->is_host)
			o->hosts++;
	}
	o->was_value = true;
	if (o->is_host && o->hosts == 1)
		append(o->host, &o->host_len, sizeof(o->host), p, n);
	return 0;
}

static int
on_headers(http_parser *hp)
{
	struct oracle	*o = hp->data;

	o->done = true;
	o->method = hp->type == HTTP_REQUEST ?
	    http_method_str((enum http_method)hp->method) : NULL;
	o->major = hp->http_major;
	o->minor = hp->http_minor;
	o->status = hp->type == HTTP_RESPONSE ? hp->status_code : 0;
	o->chunked = (hp->flags & F_CHUNKED) != 0;
	o->has_length = (hp->flags & F_CONTENTLENGTH) != 0;
	o->length = o->has_length ? hp->content_length : 0;
	if (!o->whole)
		http_parser_pause(hp, 1);
	return 0;
}

static int
on_body(http_parser *hp, const char *p, size_t n)
{
	struct oracle	*o = hp->data;

	(void)p;
	o->body += n;
	return 0;
}

static int
on_complete(http_parser *hp)
{
	struct oracle	*o = hp->data;

	o->ended = true;
	http_parser_pause(hp, 1);
	return 0;
}

static void
ask(const char *p, size_t len, bool request, struct oracle *o)
{
	http_parser_settings	 set;
	http_parser		 hp;

	http_parser_settings_init(&set);
	set.on_url = on_url;
	set.on_header_field = on_field;
	set.on_header_value = on_value;
	set.on_headers_complete = on_headers;
	set.on_body = on_body;
	set.on_message_complete = on_complete;
	http_parser_init(&hp, request ? HTTP_REQUEST : HTTP_RESPONSE);
	hp.data = o;
	o->end = http_parser_execute(&hp, &set, p, len);
	o->refused = HTTP_PARSER_ERRNO(&hp) != HPE_OK &&
	    HTTP_PARSER_ERRNO(&hp) != HPE_PAUSED;
}

void
oracle_ask(const char *p, size_t len, bool request, struct oracle *o)
{
	memset(o, 0, sizeof(*o));
	ask(p, len, request, o);
}

void
oracle_message(const char *p, size_t len, bool request, struct oracle *o)
{
	memset(o, 0, sizeof(*o));
	o->whole = true;
	ask(p, len, request, o);
}
