#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "tests/lib/oracle.h"

static int
on_field(http_parser *hp, const char *p, size_t n)
{
	struct oracle	*o = hp->data;

	if (o->was_value)
		o->name_len = 0;
	o->was_value = false;
	if (n > sizeof(o->name) - o->name_len)
		n = sizeof(o->name) - o->name_len;
	memcpy(o->name + o->name_len, p, n);
	o->name_len += n;
	return 0;
}

static int
on_value(http_parser *hp, const char *p, size_t n)
{
	struct oracle	*o = hp->data;

	if (!o->was_value) {
		o->is_host = o->name_len == 4 &&
		    strncasecmp(o->name, "host", 4) == 0;
		if (o->is_host)
			o->hosts++;
	}
	o->was_value = true;
	if (!o->is_host || o->hosts > 1)
		return 0;
	if (n > sizeof(o->host) - o->host_len)
		n = sizeof(o->host) - o->host_len;
	memcpy(o->host + o->host_len, p, n);
	o->host_len += n;
	return 0;
}

static int
on_headers(http_parser *hp)
{
	struct oracle	*o = hp->data;

	o->done = true;
	o->method = hp->method;
	o->major = hp->http_major;
	o->minor = hp->http_minor;
	o->status = hp->type == HTTP_RESPONSE ? hp->status_code : 0;
	o->chunked = (hp->flags & F_CHUNKED) != 0;
	o->length = hp->content_length;
	http_parser_pause(hp, 1);
	return 0;
}

void
oracle_ask(const char *p, size_t len, bool request, struct oracle *o)
{
	http_parser_settings	 set;
	http_parser		 hp;

	memset(o, 0, sizeof(*o));
	http_parser_settings_init(&set);
	set.on_header_field = on_field;
	set.on_header_value = on_value;
	set.on_headers_complete = on_headers;
	http_parser_init(&hp, request ? HTTP_REQUEST :
	    HTTP_RESPONSE);
	hp.data = o;
	(void)http_parser_execute(&hp, &set, p, len);
}
