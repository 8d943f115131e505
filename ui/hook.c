#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/hookmsg.h"
#include "sandbox/proc.h"
#include "ui/client.h"
#include "ui/hook.h"

#define OUT_MAX		(8 * 1024 * 1024)	/* waiting for the program */
#define IN_MAX		(512 * 1024)	/* of a line or frame it writes */
#define BACKOFF_MIN_MS	100
#define BACKOFF_MAX_MS	10000
#define LIVED_MS	10000		/* then the back-off starts over */
#define SILENCE_MS	1000		/* -g: no answer by then is a drop */
#define AWAY_MS		60000		/* for the daemon to come back */

struct bytes {
	uint8_t		*p;
	size_t		 len;
	size_t		 room;
};

/* A chunk that the program has and that is not answered to the mirror. */
struct asked {
	uint64_t	 seq;
	uint64_t	 since_ms;
	bool		 answered;	/* -g: answers come in any order */
	uint8_t		*data;
	size_t		 len;
};

struct hook {
	char		**program;
	const char	*name;
	bool		 goreplay;
	int		 mirror;	/* -1: not attached */
	pid_t		 pid;		/* 0: not running */
	int		 to;
	int		 from;
	uint64_t	 started_ms;
	uint64_t	 next_ms;
	uint64_t	 delay_ms;
	uint64_t	 strange;	/* -g: lines that are no hex */
	struct bytes	 out;
	struct bytes	 in;
	struct bytes	 hello;		/* for a program that starts anew */
	struct asked	*asked;
	size_t		 nasked;
	size_t		 asked_room;
	uint8_t		 frame[FRAME_MAX];
};

static uint64_t
now_ms(void)
{
	return proc_mono_us() / 1000;
}

static int
add(struct bytes *b, const void *p, size_t n)
{
	uint8_t	*q;
	size_t	 room;

	for (room = b->room == 0 ? 4096 : b->room; room < b->len + n;)
		room *= 2;
	if (room != b->room) {
		if ((q = realloc(b->p, room)) == NULL)
			return -1;
		b->p = q;
		b->room = room;
	}
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return 0;
}

static void
cut(struct bytes *b, size_t n)
{
	b->len -= n;
	if (b->len > 0)
		memmove(b->p, b->p + n, b->len);
}

/* ---- to the mirror ---- */

static void
detached(struct hook *h)
{
	if (h->mirror != -1)
		close(h->mirror);
	h->mirror = -1;
}

static void
verdict(struct hook *h, uint64_t seq, enum hookmsg_verdict v,
    const uint8_t *data, size_t len)
{
	struct frame	 f = { .type = MSG_HOOK_VERDICT };
	struct pollfd	 p = { .fd = h->mirror, .events = POLLOUT };
	size_t		 n = HOOKMSG_VERDICT_HEAD + len;

	if (h->mirror == -1)
		return;
	frame_put_header(h->frame, &f, n);
	hookmsg_put_verdict(h->frame + FRAME_HDR, seq, v);
	if (len > 0)
		memcpy(h->frame + FRAME_HDR + HOOKMSG_VERDICT_HEAD, data, len);
	while (send(h->mirror, h->frame, FRAME_HDR + n, MSG_NOSIGNAL) == -1) {
		if (errno != EAGAIN && errno != EINTR) {
			detached(h);
			return;
		}
		poll(&p, 1, 1000);
	}
}

static void
drop_front(struct hook *h)
{
	free(h->asked[0].data);
	h->nasked--;
	memmove(h->asked, h->asked + 1, h->nasked * sizeof(*h->asked));
}

static void
all_broken(struct hook *h)
{
	while (h->nasked > 0) {
		verdict(h, h->asked[0].seq, HOOKMSG_BROKEN, NULL, 0);
		drop_front(h);
	}
}

/* ---- the program ---- */

static void
program_lost(struct hook *h, const char *why)
{
	uint64_t	 now = now_ms();
	int		 status = 0;

	if (h->pid == 0)
		return;
	close(h->to);
	close(h->from);
	kill(h->pid, SIGKILL);
	waitpid(h->pid, &status, 0);
	h->pid = 0;
	h->out.len = h->in.len = 0;
	if (now - h->started_ms > LIVED_MS || h->delay_ms == 0)
		h->delay_ms = BACKOFF_MIN_MS;
	else if ((h->delay_ms *= 2) > BACKOFF_MAX_MS)
		h->delay_ms = BACKOFF_MAX_MS;
	h->next_ms = now + h->delay_ms;
	fprintf(stderr, "netmonctl: hook %s: %s; started again in %" PRIu64
	    " ms, nothing passes until then\n", h->name, why, h->delay_ms);
	all_broken(h);
}

static void
run_program(struct hook *h, const int in[2], const int out[2])
{
	if (dup2(in[0], STDIN_FILENO) == -1 ||
	    dup2(out[1], STDOUT_FILENO) == -1)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execvp(h->program[0], h->program);
	fprintf(stderr, "netmonctl: %s: %s\n", h->program[0],
	    strerror(errno));
	_exit(127);
}

static int
to_program(struct hook *h, const uint8_t *p, size_t n)
{
	uint8_t	 len[4];

	if (h->out.len + n > OUT_MAX)
		return -1;
	hookmsg_put_length(len, (uint32_t)n);
	return add(&h->out, len, 4) == -1 || add(&h->out, p, n) == -1 ?
	    -1 : 0;
}

static void
start_program(struct hook *h)
{
	int	 in[2], out[2];

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1) {
		h->next_ms = now_ms() + BACKOFF_MAX_MS;
		return;
	}
	if ((h->pid = fork()) == 0)
		run_program(h, in, out);
	close(in[0]);
	close(out[1]);
	h->to = in[1];
	h->from = out[0];
	h->started_ms = now_ms();
	fcntl(h->to, F_SETFL, O_NONBLOCK);
	fcntl(h->from, F_SETFL, O_NONBLOCK);
	if (h->pid == -1) {
		close(h->to);
		close(h->from);
		h->pid = 0;
		h->next_ms = now_ms() + BACKOFF_MAX_MS;
		return;
	}
	if (!h->goreplay && h->hello.len > 0)
		to_program(h, h->hello.p, h->hello.len);
}

/* ---- chunks to the program ---- */

static int
remember(struct hook *h, uint64_t seq)
{
	struct asked	*p;
	size_t		 room;

	if (h->nasked == h->asked_room) {
		room = h->asked_room == 0 ? 64 : h->asked_room * 2;
		if ((p = realloc(h->asked, room * sizeof(*p))) == NULL)
			return -1;
		h->asked = p;
		h->asked_room = room;
	}
	p = &h->asked[h->nasked++];
	memset(p, 0, sizeof(*p));
	p->seq = seq;
	p->since_ms = now_ms();
	return 0;
}

/* GoReplay's line: hex of "type id time" and a newline, then the bytes. */
static int
to_goreplay(struct hook *h, const struct hookmsg_chunk *c)
{
	static const char	 hex[] = "0123456789abcdef";
	char			 meta[96], two[2];
	size_t			 i, n;

	n = (size_t)snprintf(meta, sizeof(meta), "%d %024" PRIx64 " %" PRIu64
	    " 0\n", c->dir == 2 ? 2 : 1, c->seq, c->ts_ns);
	if (h->out.len + 2 * (n + c->len) > OUT_MAX)
		return -1;
	for (i = 0; i < n + c->len; i++) {
		uint8_t	 v = i < n ? (uint8_t)meta[i] : c->data[i - n];

		two[0] = hex[v >> 4];
		two[1] = hex[v & 15];
		if (add(&h->out, two, 2) == -1)
			return -1;
	}
	return add(&h->out, "\n", 1);
}

static void
on_chunk(struct hook *h, const uint8_t *p, size_t n)
{
	struct hookmsg_chunk	 c;
	int			 r;

	if (hookmsg_get_chunk(p + 1, n - 1, &c) == -1)
		return;
	if (h->pid == 0 || remember(h, c.seq) == -1) {
		verdict(h, c.seq, HOOKMSG_BROKEN, NULL, 0);
		return;
	}
	r = h->goreplay ? to_goreplay(h, &c) : to_program(h, p, n);
	if (r == -1)
		program_lost(h, "the program does not read");
}

static void
on_mirror(struct hook *h)
{
	struct frame	 f;
	const uint8_t	*p;
	ssize_t		 got;
	size_t		 n;

	while (h->mirror != -1) {
		got = recv(h->mirror, h->frame, sizeof(h->frame), 0);
		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0 || frame_get(&f, h->frame, (size_t)got) == -1 ||
		    f.type != MSG_HOOK_CHUNK) {
			detached(h);
			return;
		}
		n = buf_left(&f.body);
		if ((p = buf_get_span(&f.body, n)) == NULL || n == 0)
			continue;
		if (p[0] == HOOKMSG_CHUNK) {
			/* verdicts are written into the same buffer */
			struct bytes	 copy = { 0 };

			if (add(&copy, p, n) == 0)
				on_chunk(h, copy.p, n);
			free(copy.p);
			continue;
		}
		if (p[0] == HOOKMSG_HELLO) {
			h->hello.len = 0;
			add(&h->hello, p, n);
		}
		if (h->pid != 0 && !h->goreplay)
			to_program(h, p, n);
	}
}

/* ---- answers of the program ---- */

/* What the program said, in its place; NULL when nobody asked. */
static struct asked *
find(struct hook *h, uint64_t seq)
{
	size_t	 i;

	for (i = 0; i < h->nasked; i++)
		if (h->asked[i].seq == seq)
			return &h->asked[i];
	return NULL;
}

static const char *
take_frames(struct hook *h)
{
	const uint8_t	*data;
	uint64_t	 seq;
	uint32_t	 n;
	uint8_t		 v;
	size_t		 len, at;

	for (at = 0; h->in.len - at >= 4; at += 4 + n) {
		n = hookmsg_get_length(h->in.p + at);
		if (n < HOOKMSG_VERDICT_HEAD ||
		    n > HOOKMSG_VERDICT_HEAD + HOOKMSG_ANSWER_MAX)
			return "the program's answer has a wrong length";
		if (h->in.len - at - 4 < n)
			break;
		if (hookmsg_get_verdict(h->in.p + at + 4, n, &seq, &v, &data,
		    &len) == -1 || v > HOOKMSG_ABORT || h->nasked == 0 ||
		    h->asked[0].seq != seq)
			return "the program's answer is not one, or not in "
			    "order";
		verdict(h, seq, (enum hookmsg_verdict)v, data, len);
		drop_front(h);
	}
	cut(&h->in, at);
	return NULL;
}

static int
nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One line of GoReplay's kind, decoded in place; -1 when it is none. */
static int
take_line(struct hook *h, uint8_t *p, size_t n)
{
	struct asked	*a;
	uint8_t		*nl;
	uint64_t	 seq;
	unsigned	 type;
	char		 meta[96];
	size_t		 i;

	if (n > 0 && p[n - 1] == '\r')
		n--;
	if (n == 0 || n % 2 != 0)
		return -1;
	for (i = 0; i < n; i += 2) {
		if (nibble(p[i]) == -1 || nibble(p[i + 1]) == -1)
			return -1;
		p[i / 2] = (uint8_t)(nibble(p[i]) << 4 | nibble(p[i + 1]));
	}
	n /= 2;
	if ((nl = memchr(p, '\n', n)) == NULL ||
	    (size_t)(nl - p) >= sizeof(meta))
		return -1;
	memcpy(meta, p, (size_t)(nl - p));
	meta[nl - p] = '\0';
	if (sscanf(meta, "%1u %24" SCNx64, &type, &seq) != 2 ||
	    (a = find(h, seq)) == NULL || a->answered)
		return -1;
	a->answered = true;
	a->len = n - (size_t)(nl + 1 - p);
	if (a->len > HOOKMSG_ANSWER_MAX || (a->data = malloc(a->len + 1)) ==
	    NULL)
		a->len = 0;
	else
		memcpy(a->data, nl + 1, a->len);
	return 0;
}

static const char *
take_lines(struct hook *h)
{
	uint8_t	*nl;
	size_t	 at, n;

	for (at = 0; (nl = memchr(h->in.p + at, '\n', h->in.len - at)) !=
	    NULL; at += n + 1) {
		n = (size_t)(nl - h->in.p) - at;
		if (take_line(h, h->in.p + at, n) == -1)
			h->strange++;
	}
	cut(&h->in, at);
	return NULL;
}

/* -g: in order to the mirror; who is silent for long has dropped it. */
static void
settle(struct hook *h)
{
	uint64_t	 now = now_ms();

	while (h->nasked > 0) {
		if (h->asked[0].answered)
			verdict(h, h->asked[0].seq, HOOKMSG_NEW_DATA,
			    h->asked[0].data, h->asked[0].len);
		else if (now - h->asked[0].since_ms >= SILENCE_MS)
			verdict(h, h->asked[0].seq, HOOKMSG_DROP, NULL, 0);
		else
			return;
		drop_front(h);
	}
}

static void
on_program(struct hook *h)
{
	const char	*why;
	uint8_t		 chunk[65536];
	ssize_t		 n;

	n = read(h->from, chunk, sizeof(chunk));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		program_lost(h, "the program has ended");
		return;
	}
	if (add(&h->in, chunk, (size_t)n) == -1) {
		program_lost(h, "no memory");
		return;
	}
	why = h->goreplay ? take_lines(h) : take_frames(h);
	if (why == NULL && h->in.len > IN_MAX)
		why = "the program writes without end";
	if (why != NULL)
		program_lost(h, why);
}

static void
write_program(struct hook *h)
{
	ssize_t	 n;

	n = write(h->to, h->out.p, h->out.len);
	if (n > 0)
		cut(&h->out, (size_t)n);
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		program_lost(h, "the program does not read");
}

/* ---- attaching ---- */

static void
take_fd(struct msghdr *m, int *fd)
{
	struct cmsghdr	*c;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(c), sizeof(*fd));
}

/* The END that brings our end of the pair. */
static int
receive_pair(struct client *c, int *fd)
{
	union {
		char		 space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	 align;
	}		 ctl;
	struct iovec	 v = { c->rx, FRAME_MAX };
	struct msghdr	 m;
	struct pollfd	 p = { .fd = c->fd, .events = POLLIN };
	struct frame	 f;
	ssize_t		 n;

	for (;;) {
		memset(&m, 0, sizeof(m));
		m.msg_iov = &v;
		m.msg_iovlen = 1;
		m.msg_control = ctl.space;
		m.msg_controllen = sizeof(ctl.space);
		if (poll(&p, 1, CLIENT_TIMEOUT_MS) <= 0)
			return CLIENT_LATE;
		n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return CLIENT_AWAY;
		take_fd(&m, fd);
		if (frame_get(&f, c->rx, (size_t)n) == -1)
			return CLIENT_DATA;
		if (f.type == MSG_ERROR)
			return client_error(c, &f);
		if (f.type == MSG_END)
			return *fd == -1 ? CLIENT_DATA : CLIENT_OK;
	}
}

static int
attach(struct hook *h, const char *socket, char *why, size_t size)
{
	struct client	 c;
	struct msg_show	 m;
	struct buf	 b;
	int		 status, fd = -1;

	memset(&m, 0, sizeof(m));
	m.nargs = 1;
	compat_strlcpy(m.args[0], h->name, sizeof(m.args[0]));
	if ((status = client_init(&c)) != CLIENT_OK)
		return status;
	if ((status = client_open(&c, socket)) == CLIENT_OK) {
		client_body(&c, &b);
		msg_put_show(&b, &m);
		if ((status = client_send(&c, MSG_HOOK, &b)) == CLIENT_OK)
			status = receive_pair(&c, &fd);
	}
	compat_strlcpy(why, c.why[0] != '\0' ? c.why :
	    "no answer from the daemon", size);
	client_free(&c);
	if (status == CLIENT_OK)
		h->mirror = fd;
	return status;
}

/* ---- the loop ---- */

static int
wait_ms(const struct hook *h)
{
	uint64_t	 now = now_ms();

	if (h->pid == 0)
		return h->next_ms > now ? (int)(h->next_ms - now) : 0;
	return h->goreplay && h->nasked > 0 ? 50 : 1000;
}

static void
serve(struct hook *h)
{
	struct pollfd	 p[3];

	while (h->mirror != -1) {
		if (h->pid == 0 && now_ms() >= h->next_ms)
			start_program(h);
		p[0].fd = h->mirror;
		p[0].events = POLLIN;
		p[1].fd = h->pid != 0 ? h->from : -1;
		p[1].events = POLLIN;
		p[2].fd = h->pid != 0 && h->out.len > 0 ? h->to : -1;
		p[2].events = POLLOUT;
		p[0].revents = p[1].revents = p[2].revents = 0;
		if (poll(p, nitems(p), wait_ms(h)) == -1 && errno != EINTR)
			return;
		if (p[0].revents != 0)
			on_mirror(h);
		if (p[1].revents != 0 && h->pid != 0)
			on_program(h);
		if (p[2].revents != 0 && h->pid != 0)
			write_program(h);
		if (h->goreplay)
			settle(h);
	}
}

static int
usage(void)
{
	fprintf(stderr,
	    "usage: netmonctl hook name [-g] -- program [argument ...]\n");
	return CLIENT_USAGE;
}

static int
parse(struct hook *h, int argc, char **argv)
{
	int	 i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "-g") == 0)
			h->goreplay = true;
		else if (h->name == NULL && argv[i][0] != '-')
			h->name = argv[i];
		else
			return -1;
	}
	if (h->name == NULL || i + 1 >= argc)
		return -1;
	h->program = argv + i + 1;
	return 0;
}

int
hook_main(const char *socket, int argc, char **argv)
{
	struct hook	*h;
	uint64_t	 away = 0;
	char		 why[1200];
	int		 status;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return CLIENT_OS;
	h->mirror = -1;
	if (parse(h, argc, argv) == -1)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		status = attach(h, socket, why, sizeof(why));
		if (status == CLIENT_OK) {
			fprintf(stderr, "netmonctl: hook %s: attached\n",
			    h->name);
			serve(h);
			away = now_ms();
			program_lost(h, "the mirror has gone");
			h->next_ms = h->delay_ms = 0;
			continue;
		}
		/* Once it was there, it has a while to come back. */
		if (away == 0 || now_ms() - away > AWAY_MS ||
		    (status != CLIENT_AWAY && status != CLIENT_LATE)) {
			fprintf(stderr, "netmonctl: %s\n", why);
			return status;
		}
		poll(NULL, 0, 500);
	}
}
