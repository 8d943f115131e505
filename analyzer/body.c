#include <string.h>

#include "analyzer/body.h"
#include "sandbox/compat.h"

enum state {
	S_LENGTH, S_CLOSE,
	S_SIZE,			/* digits of a chunk size */
	S_EXT,			/* the rest of that line */
	S_DATA,
	S_DATA_END,		/* CR or LF after the data */
	S_DATA_LF,
	S_TRAIL,		/* first byte of a trailer line */
	S_TRAIL_CR,		/* LF ends the message */
	S_TRAIL_LINE,
	S_DONE, S_BAD
};

void
body_init(struct body *b, enum body_kind kind, uint64_t length)
{
	static const uint8_t	first[] = {
		[BODY_NONE] = S_DONE, [BODY_LENGTH] = S_LENGTH,
		[BODY_CHUNKED] = S_SIZE, [BODY_CLOSE] = S_CLOSE
	};

	memset(b, 0, sizeof(*b));
	b->kind = (uint8_t)kind;
	b->state = first[kind];
	if (kind == BODY_LENGTH) {
		b->left = length;
		if (length == 0)
			b->state = S_DONE;
	}
}

bool
body_done(const struct body *b)
{
	return b->state == S_DONE;
}

static size_t
fail(struct body *b, enum body_error e)
{
	b->state = S_BAD;
	b->error = (uint8_t)e;
	return 0;
}

/* Each of these takes bytes of one state and says how many; len > 0. */
static size_t
eat_counted(struct body *b, const uint8_t *p, size_t len)
{
	size_t	 n;

	(void)p;
	n = len < b->left ? len : (size_t)b->left;
	b->left -= n;
	b->seen += n;
	if (b->left == 0)
		b->state = b->state == S_LENGTH ? S_DONE : S_DATA_END;
	return n;
}

static size_t
eat_close(struct body *b, const uint8_t *p, size_t len)
{
	(void)p;
	b->seen += len;
	return len;
}

static size_t
eat_size(struct body *b, const uint8_t *p, size_t len)
{
	size_t	 i;
	int	 v;

	for (i = 0; i < len; i++) {
		if ((v = compat_hex(p[i])) == -1)
			break;
		if (b->left >> 59 != 0)
			return fail(b, BODY_EHUGE);
		if (++b->line > BODY_LINE_MAX)
			return fail(b, BODY_ELINE);
		b->left = b->left << 4 | (unsigned)v;
		b->last = p[i];
	}
	if (i == len)
		return len;
	if (b->line == 0 || (p[i] != '\r' && p[i] != '\n' && p[i] != ';' &&
	    p[i] != ' ' && p[i] != '\t'))
		return fail(b, BODY_ESIZE);
	if (p[i] == ' ' || p[i] == '\t')
		b->lax = true;
	b->state = S_EXT;
	return i;
}

/* A CR or LF alone: some take it for the end of a line, some do not. */
static void
found_bare(struct body *b)
{
	b->lax = b->bare = true;
}

/* Bytes of a line, up to its end if that is there. */
static void
judge_line(struct body *b, const uint8_t *p, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; b->last = p[i++])
		if ((b->last == '\r') != (p[i] == '\n'))
			found_bare(b);
}

static size_t
eat_ext(struct body *b, const uint8_t *p, size_t len)
{
	const uint8_t	*nl;
	size_t		 n;

	nl = memchr(p, '\n', len);
	n = nl == NULL ? len : (size_t)(nl - p) + 1;
	if (n > BODY_LINE_MAX - b->line)
		return fail(b, BODY_ELINE);
	b->line += (uint32_t)n;
	judge_line(b, p, n);
	if (nl == NULL)
		return n;
	b->line = 0;
	b->state = b->left == 0 ? S_TRAIL : S_DATA;
	return n;
}

static size_t
eat_data_end(struct body *b, const uint8_t *p, size_t len)
{
	(void)len;
	if (*p == '\r' && b->state == S_DATA_END) {
		b->state = S_DATA_LF;
		return 1;
	}
	if (*p != '\n')
		return fail(b, BODY_ECRLF);
	if (b->state == S_DATA_END)
		found_bare(b);
	b->state = S_SIZE;
	b->line = 0;
	return 1;
}

static size_t
eat_trail(struct body *b, const uint8_t *p, size_t len)
{
	(void)len;
	if (*p == '\n') {
		found_bare(b);
		b->state = S_DONE;
		return 1;
	}
	b->last = *p == '\r' ? '\r' : 0;
	b->state = *p == '\r' ? S_TRAIL_CR : S_TRAIL_LINE;
	return *p == '\r' ? 1 : 0;
}

static size_t
eat_trail_cr(struct body *b, const uint8_t *p, size_t len)
{
	(void)len;
	b->state = *p == '\n' ? S_DONE : S_TRAIL_LINE;
	return *p == '\n' ? 1 : 0;
}

static size_t
eat_trail_line(struct body *b, const uint8_t *p, size_t len)
{
	const uint8_t	*nl;
	size_t		 n;

	nl = memchr(p, '\n', len);
	n = nl == NULL ? len : (size_t)(nl - p) + 1;
	if (n > BODY_TRAIL_MAX - b->line)
		return fail(b, BODY_ELINE);
	b->line += (uint32_t)n;
	judge_line(b, p, n);
	if (nl != NULL)
		b->state = S_TRAIL;
	return n;
}

static size_t (*const eat[])(struct body *, const uint8_t *, size_t) = {
	[S_LENGTH] = eat_counted, [S_CLOSE] = eat_close,
	[S_SIZE] = eat_size, [S_EXT] = eat_ext, [S_DATA] = eat_counted,
	[S_DATA_END] = eat_data_end, [S_DATA_LF] = eat_data_end,
	[S_TRAIL] = eat_trail, [S_TRAIL_CR] = eat_trail_cr,
	[S_TRAIL_LINE] = eat_trail_line
};

enum body_answer
body_eat(struct body *b, const uint8_t *p, size_t len, size_t *used)
{
	size_t	 n, got;
	uint8_t	 state;

	for (n = 0; n < len && b->state < S_DONE; n += got) {
		state = b->state;
		got = eat[state](b, p + n, len - n);
		if (state == S_TRAIL_LINE || b->trailed > 0)
			b->trailed += (uint32_t)got;
	}
	*used = n;
	if (b->state == S_DONE)
		return BODY_DONE;
	return b->state == S_BAD ? BODY_BAD : BODY_MORE;
}

enum body_answer
body_skip(struct body *b, uint64_t len)
{
	if (len == 0)
		return b->state == S_DONE ? BODY_DONE :
		    b->state == S_BAD ? BODY_BAD : BODY_MORE;
	if (b->state == S_CLOSE) {
		b->seen += len;
		return BODY_MORE;
	}
	if ((b->state != S_LENGTH && b->state != S_DATA) || len > b->left) {
		b->state = S_BAD;
		return BODY_BAD;
	}
	b->left -= len;
	b->seen += len;
	if (b->left > 0)
		return BODY_MORE;
	b->state = b->state == S_LENGTH ? S_DONE : S_DATA_END;
	return b->state == S_DONE ? BODY_DONE : BODY_MORE;
}
