#include <stdlib.h>
#include <string.h>

#include "mirror/backlog.h"

#define ROOM_MIN	256
#define ROOM_IDLE	2048	/* more than that goes when it is empty */

void
backlog_init(struct backlog *b, uint64_t *all_queued, uint64_t *all_kept,
    uint64_t keep_max)
{
	memset(b, 0, sizeof(*b));
	b->all_queued = all_queued;
	b->all_kept = all_kept;
	b->keep_max = keep_max;
	reply_init(&b->answer);
}

static void
forget(struct backlog *b)
{
	*b->all_kept -= b->off - b->kept;
	b->kept = b->off;
	b->keeps = false;
}

void
backlog_clear(struct backlog *b)
{
	forget(b);
	*b->all_queued -= b->len - b->off;
	reply_clear(&b->answer);
	free(b->head);
	free(b->buf);
}

/* ---- in ---- */

int
backlog_room(struct backlog *b, size_t n)
{
	uint8_t	*p;
	size_t	 room;

	/* Moved only when as much room is won. */
	if (b->kept > 0 && b->room - b->len < n &&
	    b->kept >= b->len - b->kept) {
		memmove(b->buf, b->buf + b->kept, b->len - b->kept);
		b->start += b->kept;
		b->off -= b->kept;
		b->len -= b->kept;
		b->kept = 0;
	}
	if (b->room - b->len >= n)
		return 0;
	for (room = b->room == 0 ? ROOM_MIN : b->room; room - b->len < n;)
		room *= 2;
	if ((p = realloc(b->buf, room)) == NULL)
		return -1;
	b->buf = p;
	b->room = room;
	return 0;
}

void
backlog_add(struct backlog *b, const uint8_t *p, size_t n)
{
	memcpy(b->buf + b->len, p, n);
	b->len += n;
	*b->all_queued += n;
}

/* Room for the place of one more request. */
static int
head_room(struct backlog *b)
{
	uint64_t	*p;
	size_t		 room, i;

	if (reply_open(&b->answer) < b->head_room)
		return 0;
	room = b->head_room == 0 ? 8 : b->head_room * 2;
	if (room > BACKLOG_KEEP_REQUESTS ||
	    (p = calloc(room, sizeof(*p))) == NULL)
		return -1;
	for (i = b->answer.done; i < b->answer.asked; i++)
		p[i % room] = b->head[i % b->head_room];
	free(b->head);
	b->head = p;
	b->head_room = room;
	return 0;
}

void
backlog_asked(struct backlog *b, const uint8_t *p, size_t n)
{
	if (reply_open(&b->answer) == 0)
		b->keeps = true;
	if (b->keeps && head_room(b) == -1)
		forget(b);
	if (b->keeps)
		b->head[b->answer.asked % b->head_room] = b->start + b->len;
	reply_asked(&b->answer, p, n);
}

/* ---- out ---- */

size_t
backlog_end(const struct backlog *b, uint64_t batch)
{
	if (batch == 0 || !b->keeps || b->answer.done >= batch ||
	    b->answer.asked <= batch)
		return b->len;
	return (size_t)(b->head[batch % b->head_room] - b->start);
}

void
backlog_sent(struct backlog *b, size_t n)
{
	b->off += n;
	*b->all_queued -= n;
	if (!b->keeps) {
		b->kept = b->off;
		return;
	}
	*b->all_kept += n;
	if (b->off - b->kept > BACKLOG_KEEP || *b->all_kept > b->keep_max)
		forget(b);
}

uint64_t
backlog_sent_to(const struct backlog *b)
{
	return b->start + b->off;
}

uint64_t
backlog_added_to(const struct backlog *b)
{
	return b->start + b->len;
}

void
backlog_shrink(struct backlog *b)
{
	if (b->kept < b->len)
		return;
	b->start += b->len;
	b->kept = b->off = b->len = 0;
	if (b->room > ROOM_IDLE) {
		free(b->buf);
		b->buf = NULL;
		b->room = 0;
	}
}

/* Where the first request without an answer begins. */
static size_t
open_from(const struct backlog *b)
{
	uint64_t	 i = b->answer.done;

	return i < b->answer.asked ?
	    (size_t)(b->head[i % b->head_room] - b->start) : b->len;
}

void
backlog_release(struct backlog *b)
{
	size_t	 from;

	if (!b->keeps)
		return;
	from = open_from(b) < b->off ? open_from(b) : b->off;
	*b->all_kept -= from - b->kept;
	b->kept = from;
	backlog_shrink(b);
}

/* ---- again ---- */

size_t
backlog_open(const struct backlog *b)
{
	return b->len - open_from(b);
}

size_t
backlog_again(const struct backlog *b)
{
	return b->off > open_from(b) ? b->off - open_from(b) : 0;
}

uint64_t
backlog_copy_open(struct backlog *to, const struct backlog *b)
{
	uint64_t	 i, at, end, again = 0;

	for (i = b->answer.done; i < b->answer.asked; i++) {
		at = b->head[i % b->head_room] - b->start;
		end = i + 1 == b->answer.asked ? b->len :
		    b->head[(i + 1) % b->head_room] - b->start;
		again += at < b->off;
		backlog_asked(to, b->buf + at, end - at);
		backlog_add(to, b->buf + at, end - at);
	}
	return again;
}
