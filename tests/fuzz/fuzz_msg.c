/*
 * The first byte chooses the payload. What unpacks must pack again and
 * unpack to the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/msg.h"
#include "sandbox/row.h"
#include "sandbox/tally.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define ROUND(name)							\
static void								\
try_##name(struct buf *b)						\
{									\
	static uint8_t	 one[FRAME_MAX], two[FRAME_MAX];		\
	struct msg_##name m, again;					\
	struct buf	 w, r;						\
									\
	memset(&m, 0, sizeof(m));					\
	if (msg_get_##name(b, &m) == -1)				\
		return;							\
	buf_writer(&w, one, sizeof(one));				\
	msg_put_##name(&w, &m);						\
	if (w.err)							\
		return;							\
	buf_reader(&r, one, w.len);					\
	memset(&again, 0, sizeof(again));				\
	if (msg_get_##name(&r, &again) == -1)				\
		abort();						\
	buf_writer(&r, two, sizeof(two));				\
	msg_put_##name(&r, &again);					\
	if (r.len != w.len || memcmp(one, two, w.len) != 0)		\
		abort();						\
}

#define PAYLOADS(P)							\
	P(launch) P(launched) P(hello) P(ready) P(file) P(text)		\
	P(crash) P(link) P(packet) P(iface) P(local) P(capstat)		\
	P(data_end) P(own_tuple) P(stream) P(event) P(slot)		\
	P(lost_time) P(events_from) P(monitor) P(show) P(watch)

PAYLOADS(ROUND)

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void	(*const tries[])(struct buf *) = {
#define P(name)	try_##name,
		PAYLOADS(P)
#undef P
	};
	struct row	 row;
	struct tally	 t;
	struct buf	 b;

	if (n < 1 || n > FRAME_BODY_MAX)
		return 0;
	buf_reader(&b, p + 1, n - 1);
	if (p[0] % (nitems(tries) + 2) < nitems(tries))
		tries[p[0] % (nitems(tries) + 2)](&b);
	else if (p[0] % (nitems(tries) + 2) == nitems(tries))
		while (buf_left(&b) > 0 && row_get(&b, &row) == 0)
			;
	else
		tally_unpack(&t, &b);
	return 0;
}
