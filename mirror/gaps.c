#include "mirror/gaps.h"
#include "mirror/line.h"

static const char *const reasons[] = {
#define G(name, text)	text,
	GAPS_REASONS(G)
#undef G
};

const char *
gap_reason_name(enum gap_reason r)
{
	return reasons[r];
}

/* 0 is null. */
static void
put_stamp(struct line *l, const char *key, uint64_t us)
{
	if (us != 0) {
		line_time(l, key, us);
		return;
	}
	line_key(l, key);
	line_put(l, "null");
}

static void
put_side(struct line *l, const char *key, const struct gap *g,
    const struct endpoint *e)
{
	char	 text[ENDPOINT_TEXT_MAX];

	line_str(l, key, g->all ? "*" : endpoint_print(e, text,
	    sizeof(text)));
}

size_t
gap_line(char out[GAPS_LINE_MAX], const struct gap *g, uint64_t now_us)
{
	static const char *const	 dirs[] = { "to_observed",
	    "from_observed", "unknown" };
	struct line			 l = { .p = out,
	    .size = GAPS_LINE_MAX };

	line_put(&l, "{");
	put_stamp(&l, "time", now_us);
	line_str(&l, "mirror", g->mirror);
	put_side(&l, "from", g, &g->from);
	put_side(&l, "to", g, &g->to);
	line_num(&l, "flow_id", g->flow);
	line_str(&l, "direction", dirs[g->dir]);
	line_str(&l, "reason", reasons[g->reason]);
	if (!g->unsized) {
		line_num(&l, "offset", g->offset);
		line_num(&l, "length", g->length);
	}
	if (g->connections > 0)
		line_num(&l, "connections", g->connections);
	put_stamp(&l, "last_record", g->last_us);
	put_stamp(&l, "next", g->next_us);
	line_put(&l, "}\n");
	return l.full ? 0 : l.n;
}

void
gap_open_put(struct buf *b, const struct gap_open *o)
{
	buf_put_str(b, o->mirror);
	buf_put_u64(b, o->flow);
	endpoint_put(b, &o->from);
	endpoint_put(b, &o->to);
	buf_put_u64(b, o->last_us);
	buf_put_u8(b, o->counted);
}

int
gap_open_get(struct buf *b, struct gap_open *o)
{
	buf_get_str(b, o->mirror, sizeof(o->mirror));
	o->flow = buf_get_u64(b);
	endpoint_get(b, &o->from);
	endpoint_get(b, &o->to);
	o->last_us = buf_get_u64(b);
	o->counted = buf_get_u8(b) != 0;
	return buf_end(b);
}
