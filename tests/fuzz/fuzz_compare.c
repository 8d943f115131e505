#include <stdlib.h>
#include <string.h>

#include "mirror/compare.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ASKED_MAX	8

struct run {
	struct compare	*c;
	struct compare_out out;
};

static void
on_seen(void *arg, unsigned status)
{
	(void)arg;
	if (status < 100 || status >= REPLY_STATUS)
		abort();
}

static void
on_whole(void *arg, const struct reply *a)
{
	struct run	*r = arg;

	if (a->broken || a->lost)
		abort();
	compare_answered(r->c, &r->out, a->done, a);
}

static void
take(struct run *r, struct reply *a, const uint8_t *p, size_t n)
{
	uint8_t	*copy;

	if ((copy = malloc(n + 1)) == NULL)
		return;
	memcpy(copy + 1, p, n);		/* its end is that of the room */
	reply_data(a, copy + 1, n, on_seen, NULL);
	free(copy);
	compare_heard(r->c, &r->out, a);
}

/* How the service answered to those that it did before the target, or after. */
static void
serve(struct run *r, struct compare_leg **leg, const uint8_t *p, size_t asked,
    unsigned when)
{
	struct msg_stream	 m = { .kind = STREAM_ANSWER, .status = 200,
	    .offset = 2, .wait_us = 1 };
	size_t			 i;

	for (i = 0; i < asked; i++) {
		m.value = i + 1;
		m.answer = (uint8_t)((p[i] >> 2) % ANSWER_KINDS);
		if (p[i] < 0xf0 && (p[i] >> 6 & 1) == when)
			compare_answer(r->c, leg, &m);
	}
}

/*
 * Requests, a byte each: what is asked and how and when the service answered.
 * The rest is what the target says, in pieces of step bytes.
 */
static void
once(const uint8_t *p, size_t n, size_t step, struct compare_stats *s)
{
	static const char *const	 heads[] = {
		"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
		"HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	};
	struct mem		 mem = { .limit = 1 << 20 };
	struct compare_request	 q = { .sure = true };
	struct compare_leg	*leg = NULL;
	struct reply		 a;
	struct run		 r;
	size_t			 asked, at;

	r.c = compare_new(&mem);
	compare_out_init(&r.out);
	reply_init(&a);
	a.whole = on_whole;
	a.arg = &r;
	for (asked = 0; asked < n && asked < ASKED_MAX && p[asked] != 0xff;
	    asked++) {
		q.id = asked + 1;
		q.head = (const uint8_t *)heads[p[asked] & 3];
		q.len = strlen(heads[p[asked] & 3]);
		q.place = a.asked;
		reply_asked(&a, q.head, q.len);
		compare_asked(r.c, &leg, &r.out, &q);
		q.at += q.len;
	}
	compare_sent(&r.out, q.at, 1);
	serve(&r, &leg, p, asked, 1);
	for (at = asked; at < n; at += step)
		take(&r, &a, p + at, step < n - at ? step : n - at);
	reply_eof(&a);
	serve(&r, &leg, p, asked, 0);
	compare_leg_end(r.c, &leg);
	compare_stop(r.c, &r.out, COMPARE_LOST);
	*s = *compare_stats(r.c);
	if (compare_open(r.c) != 0 ||
	    s->all.compared + s->all.not_compared != asked ||
	    s->all.same + s->all.status_differs + s->all.length_differs !=
	    s->all.compared)
		abort();
	compare_free(r.c);
	reply_clear(&a);
	if (mem.used != 0)
		abort();
}

/* However it is cut, it is the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct compare_stats	 whole, bytes, some;

	once(p, n, n + 1, &whole);
	once(p, n, 1, &bytes);
	once(p, n, 7, &some);
	if (memcmp(&whole, &bytes, sizeof(whole)) != 0 ||
	    memcmp(&whole, &some, sizeof(whole)) != 0)
		abort();
	return 0;
}
