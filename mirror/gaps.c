#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mirror/gaps.h"
#include "sandbox/compat.h"
#include "sandbox/msg.h"
#include "sandbox/vis.h"

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

static const char *
stamp(uint64_t us, char s[48])
{
	time_t		 t = (time_t)(us / 1000000);
	struct tm	 tm;
	char		 day[32];

	if (us == 0 || gmtime_r(&t, &tm) == NULL || strftime(day,
	    sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return "null";
	snprintf(s, 48, "\"%s.%06u+0000\"", day, (unsigned)(us % 1000000));
	return s;
}

size_t
gap_line(char out[GAPS_LINE_MAX], const struct gap *g, uint64_t now_us)
{
	static const char *const	 dirs[] = { "to_observed",
	    "from_observed", "unknown" };
	char	 name[VIS_MAX * CONF_NAME_MAX], from[ENDPOINT_TEXT_MAX];
	char	 to[ENDPOINT_TEXT_MAX], a[48], b[48], c[48], where[80];
	int	 n;

	where[0] = '\0';
	if (!g->unsized)
		snprintf(where, sizeof(where), "\"offset\":%" PRIu64
		    ",\"length\":%" PRIu64 ",", g->offset, g->length);
	n = snprintf(out, GAPS_LINE_MAX, "{\"time\":%s,\"mirror\":\"%s\","
	    "\"from\":\"%s\",\"to\":\"%s\",\"flow_id\":%" PRIu64 ","
	    "\"direction\":\"%s\",\"reason\":\"%s\",%s\"last_record\":%s,"
	    "\"next\":%s}\n", stamp(now_us, a),
	    vis_str(VIS_JSON, name, sizeof(name), g->mirror),
	    g->all ? "*" : endpoint_print(&g->from, from, sizeof(from)),
	    g->all ? "*" : endpoint_print(&g->to, to, sizeof(to)), g->flow,
	    dirs[g->dir],
	    reasons[g->reason], where, stamp(g->last_us, b),
	    stamp(g->next_us, c));
	return n < 0 || n >= GAPS_LINE_MAX ? 0 : (size_t)n;
}

void
gap_open_put(struct buf *b, const struct gap_open *o)
{
	buf_put_str(b, o->mirror);
	buf_put_u64(b, o->flow);
	endpoint_put(b, &o->from);
	endpoint_put(b, &o->to);
	buf_put_u64(b, o->last_us);
}

int
gap_open_get(struct buf *b, struct gap_open *o)
{
	buf_get_str(b, o->mirror, sizeof(o->mirror));
	o->flow = buf_get_u64(b);
	endpoint_get(b, &o->from);
	endpoint_get(b, &o->to);
	o->last_us = buf_get_u64(b);
	return buf_end(b);
}
