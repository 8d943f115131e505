#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "mirror/access.h"

static void
put_word(struct line *l, const struct msg_span *s)
{
	if (s->n == 0)
		line_put(l, "-");
	else
		line_vis(l, VIS_LOG, s->p, s->n);
}

void
access_line(struct line *l, const struct msg_event *e, bool combined)
{
	static const char	 months[] =
	    "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t			 t = (time_t)(e->ts_us / 1000000);
	struct tm		 tm = { 0 };
	char			 s[ADDR_TEXT_MAX];

	if (gmtime_r(&t, &tm) == NULL || tm.tm_mon < 0 || tm.tm_mon > 11)
		memset(&tm, 0, sizeof(tm));
	line_put(l, "%s - - [%02d/%.3s/%d:%02d:%02d:%02d +0000] \"",
	    addr_print(addr_is_zero(&e->asker) ? &e->client.addr : &e->asker,
	    s, sizeof(s)), tm.tm_mday,
	    months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
	put_word(l, &e->method);
	line_put(l, " ");
	put_word(l, &e->uri);
	line_put(l, " ");
	put_word(l, &e->protocol);
	if (e->status != 0)
		line_put(l, "\" %u ", (unsigned)e->status);
	else
		line_put(l, "\" - ");
	if (e->response_body != 0)
		line_put(l, "%" PRIu64, e->response_body);
	else
		line_put(l, "-");
	if (combined) {
		line_put(l, " \"");
		put_word(l, &e->referer);
		line_put(l, "\" \"");
		put_word(l, &e->agent);
		line_put(l, "\"");
	}
	line_put(l, "\n");
}
