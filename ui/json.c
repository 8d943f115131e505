#include <inttypes.h>
#include <string.h>

#include "ui/fmt.h"
#include "ui/json.h"

void
json_init(struct json *j, struct out *o, unsigned breaks)
{
	memset(j, 0, sizeof(*j));
	j->o = o;
	j->breaks = breaks;
}

static void
line_break(struct json *j)
{
	if (j->depth > j->breaks)
		return;
	out_char(j->o, '\n', 1);
	out_char(j->o, ' ', j->depth);
}

static void
divide(struct json *j)
{
	if (j->depth == 0)
		return;
	if (j->at[j->depth - 1].some)
		out_put(j->o, ",", 1);
	j->at[j->depth - 1].some = true;
	line_break(j);
}

/* What stands before a key or an element. */
static inline void
separate(struct json *j)
{
	if (j->keyed)
		j->keyed = false;
	else
		divide(j);
}

static void
open_as(struct json *j, char open, char end)
{
	separate(j);
	if (j->depth == JSON_DEPTH) {
		j->o->err = true;
		return;
	}
	out_put(j->o, &open, 1);
	j->at[j->depth].close = end;
	j->at[j->depth].some = false;
	j->depth++;
}

void
json_object(struct json *j)
{
	open_as(j, '{', '}');
}

void
json_array(struct json *j)
{
	open_as(j, '[', ']');
}

void
json_close(struct json *j)
{
	if (j->depth == 0)
		return;
	j->depth--;
	if (j->at[j->depth].some && j->depth < j->breaks) {
		out_char(j->o, '\n', 1);
		out_char(j->o, ' ', j->depth);
	}
	out_put(j->o, &j->at[j->depth].close, 1);
}

void
json_end(struct json *j)
{
	while (j->depth > 0)
		json_close(j);
	out_char(j->o, '\n', 1);
}

void
json_key(struct json *j, const char *key)
{
	char	*p;
	size_t	 n;

	separate(j);
	n = strlen(key);
	if ((p = out_space(j->o, n + 3)) != NULL) {
		*p++ = '"';
		memcpy(p, key, n);	/* ours: plain words */
		memcpy(p + n, "\":", 2);
	}
	j->keyed = true;
}

void
json_str(struct json *j, const void *p, size_t n)
{
	separate(j);
	out_put(j->o, "\"", 1);
	out_vis(j->o, VIS_JSON, p, n);
	out_put(j->o, "\"", 1);
}

void
json_u64(struct json *j, uint64_t v)
{
	char		 b[FMT_MAX];
	const char	*p = fmt_u64(b, v);

	separate(j);
	out_put(j->o, p, (size_t)(b + FMT_MAX - 1 - p));
}

void
json_i64(struct json *j, int64_t v)
{
	separate(j);
	out_printf(j->o, "%" PRId64, v);
}

void
json_double(struct json *j, double v)
{
	char	 b[FMT_MAX];

	separate(j);
	out_str(j->o, fmt_double(b, v));
}

void
json_bool(struct json *j, bool v)
{
	separate(j);
	out_str(j->o, v ? "true" : "false");
}

void
json_null(struct json *j)
{
	separate(j);
	out_str(j->o, "null");
}

void
json_time(struct json *j, uint64_t us)
{
	char	 b[FMT_MAX];

	if (us == 0) {
		json_null(j);
		return;
	}
	fmt_iso(b, us);
	json_str(j, b, strlen(b));
}
