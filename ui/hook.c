#include <sys/socket.h>

#include <errno.h>
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
#include "ui/asked.h"
#include "ui/client.h"
#include "ui/goreplay.h"
#include "ui/hook.h"
#include "ui/program.h"

#define SILENCE_MS	1000		/* -g: no answer by then is a drop */
#define AWAY_MS		60000		/* for the daemon to come back */

struct hook {
	const char	*name;
	bool		 goreplay;
	int		 mirror;	/* -1: not attached */
	int		 refused;	/* status of the mirror's ERROR */
	uint64_t	 strange;	/* -g: lines that are no hex */
	struct program	 program;
	struct bytes	 hello;		/* for a program that starts anew */
	struct asked_list asked;
	uint8_t		 frame[FRAME_MAX];
};

/* ---- to the mirror ---- */

/* The mirror wants this program no more, and says why. */
static void
on_error(struct hook *h, struct frame *f)
{
	struct client	 c;

	h->refused = client_error(&c, f);
	fprintf(stderr, "netmonctl: %s\n", c.why);
}

/* What was said last may be unread: a reset comes in front of it. */
static void
detached(struct hook *h)
{
	struct frame	 f;
	ssize_t		 n;
	bool		 reset = false;

	while (h->mirror != -1 && h->refused == 0) {
		n = recv(h->mirror, h->frame, sizeof(h->frame), 0);
		if (n == -1 && (errno == EINTR ||
		    (errno == ECONNRESET && !reset))) {
			reset = errno == ECONNRESET || reset;
			continue;
		}
		if (n <= 0)
			break;
		if (frame_get(&f, h->frame, (size_t)n) == 0 &&
		    f.type == MSG_ERROR)
			on_error(h, &f);
	}
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
all_broken(struct hook *h)
{
	struct asked	*a;

	while ((a = asked_first(&h->asked)) != NULL) {
		verdict(h, a->seq, HOOKMSG_BROKEN, NULL, 0);
		asked_drop_first(&h->asked);
	}
}

static void
say_strange(struct hook *h)
{
	if (h->strange > 0)
		fprintf(stderr, "netmonctl: hook %s: %" PRIu64 " lines of it "
		    "were no answers\n", h->name, h->strange);
	h->strange = 0;
}

static void
give_up(struct hook *h, const char *why)
{
	if (h->program.pid == 0)
		return;
	program_lost(&h->program, why);
	all_broken(h);
	say_strange(h);
}

/* ---- chunks to the program ---- */

static int
to_program(struct hook *h, const uint8_t *p, size_t n)
{
	struct bytes	*out = &h->program.out;
	uint8_t		 len[4];

	hookmsg_put_length(len, (uint32_t)n);
	return bytes_add(out, len, 4) == -1 || bytes_add(out, p, n) == -1 ?
	    -1 : 0;
}

static void
start(struct hook *h)
{
	program_start(&h->program);
	if (h->program.pid != 0 && !h->goreplay && h->hello.len > 0)
		to_program(h, h->hello.p, h->hello.len);
}

static void
on_chunk(struct hook *h, const uint8_t *p, size_t n)
{
	struct hookmsg_chunk	 c;
	int			 r;

	if (hookmsg_get_chunk(p + 1, n - 1, &c) == -1)
		return;
	if (h->program.pid == 0 ||
	    asked_add(&h->asked, c.seq, program_now_ms()) == -1) {
		verdict(h, c.seq, HOOKMSG_BROKEN, NULL, 0);
		return;
	}
	r = h->goreplay ? goreplay_put(&h->program.out, &c) :
	    to_program(h, p, n);
	if (r == -1)
		give_up(h, "no memory");
}

static void
on_frame(struct hook *h, const uint8_t *p, size_t n)
{
	struct bytes	 copy = { 0 };

	if (p[0] == HOOKMSG_CHUNK) {
		/* verdicts are written into the same buffer */
		if (bytes_add(&copy, p, n) == 0)
			on_chunk(h, copy.p, n);
		free(copy.p);
		return;
	}
	if (p[0] == HOOKMSG_HELLO) {
		h->hello.len = 0;
		bytes_add(&h->hello, p, n);
	}
	if (h->program.pid != 0 && !h->goreplay)
		to_program(h, p, n);
}

static void
on_mirror(struct hook *h)
{
	struct frame	 f = { 0 };
	const uint8_t	*p;
	ssize_t		 got;
	size_t		 n;

	while (h->mirror != -1 && program_keeps_up(&h->program)) {
		got = recv(h->mirror, h->frame, sizeof(h->frame), 0);
		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0 || frame_get(&f, h->frame, (size_t)got) == -1 ||
		    f.type != MSG_HOOK_CHUNK) {
			if (f.type == MSG_ERROR)
				on_error(h, &f);
			detached(h);
			return;
		}
		n = buf_left(&f.body);
		if ((p = buf_get_span(&f.body, n)) != NULL && n > 0)
			on_frame(h, p, n);
	}
}

/* ---- answers of the program ---- */

static const char *
take_frames(struct hook *h)
{
	struct bytes	*in = &h->program.in;
	struct asked	*a;
	const uint8_t	*data;
	uint64_t	 seq;
	uint32_t	 n;
	uint8_t		 v;
	size_t		 len, at;

	for (at = 0; in->len - at >= 4; at += 4 + n) {
		n = hookmsg_get_length(in->p + at);
		if (n < HOOKMSG_VERDICT_HEAD ||
		    n > HOOKMSG_VERDICT_HEAD + HOOKMSG_ANSWER_MAX)
			return "the program's answer has a wrong length";
		if (in->len - at - 4 < n)
			break;
		if (hookmsg_get_verdict(in->p + at + 4, n, &seq, &v, &data,
		    &len) == -1 || v > HOOKMSG_ABORT ||
		    (a = asked_first(&h->asked)) == NULL || a->seq != seq)
			return "the program's answer is not one, or not in "
			    "order";
		verdict(h, seq, (enum hookmsg_verdict)v, data, len);
		asked_drop_first(&h->asked);
	}
	bytes_cut(in, at);
	return NULL;
}

/* -g: in order to the mirror; who is silent for long has dropped it. */
static void
settle(struct hook *h)
{
	uint64_t	 now = program_now_ms();
	struct asked	*a;

	while ((a = asked_first(&h->asked)) != NULL) {
		if (a->broken)
			verdict(h, a->seq, HOOKMSG_BROKEN, NULL, 0);
		else if (a->answered)
			verdict(h, a->seq, HOOKMSG_NEW_DATA, a->data, a->len);
		else if (now - a->since_ms >= SILENCE_MS)
			verdict(h, a->seq, HOOKMSG_DROP, NULL, 0);
		else
			return;
		asked_drop_first(&h->asked);
	}
}

static void
on_program(struct hook *h)
{
	struct bytes	*in = &h->program.in;
	const char	*why;

	why = program_read(&h->program);
	if (why == NULL && h->goreplay && in->len > 0)
		h->strange += goreplay_take(in, &h->asked);
	else if (why == NULL)
		why = take_frames(h);
	if (why == NULL && in->len > PROGRAM_IN_MAX)
		why = "the program writes without end";
	if (why != NULL)
		give_up(h, why);
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
	uint64_t	 now = program_now_ms(), next = h->program.next_ms;

	if (h->program.pid == 0)
		return next > now ? (int)(next - now) : 0;
	return h->goreplay && h->asked.n > 0 ? 50 : 1000;
}

/* What is waited for. One that does not keep up is asked no more. */
static void
prepare(const struct hook *h, struct pollfd p[3])
{
	const struct program	*pr = &h->program;

	p[0].fd = program_keeps_up(pr) ? h->mirror : -1;
	p[0].events = POLLIN;
	p[1].fd = pr->pid != 0 ? pr->from : -1;
	p[1].events = POLLIN;
	p[2].fd = pr->pid != 0 && pr->out.len > 0 ? pr->to : -1;
	p[2].events = POLLOUT;
	p[0].revents = p[1].revents = p[2].revents = 0;
}

static void
serve(struct hook *h)
{
	struct program	*pr = &h->program;
	struct pollfd	 p[3];
	const char	*why;

	while (h->mirror != -1) {
		if (pr->pid == 0 && program_now_ms() >= pr->next_ms)
			start(h);
		prepare(h, p);
		if (poll(p, nitems(p), wait_ms(h)) == -1 && errno != EINTR)
			return;
		if (p[0].revents != 0)
			on_mirror(h);
		if (p[1].revents != 0 && pr->pid != 0)
			on_program(h);
		why = NULL;
		if (p[2].revents != 0 && pr->pid != 0)
			why = program_write(pr);
		if (why == NULL && pr->pid != 0)
			why = program_stalled(pr);
		if (why != NULL)
			give_up(h, why);
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
	h->program.argv = argv + i + 1;
	h->program.name = h->name;
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
			if (h->refused != 0) {
				program_end(&h->program);
				say_strange(h);
				return h->refused;
			}
			away = program_now_ms();
			give_up(h, "the mirror has gone");
			/* Not at once: it may go again, and again. */
			poll(NULL, 0, wait_ms(h));
			continue;
		}
		/* Once it was there, it has a while to come back. */
		if (away == 0 || program_now_ms() - away > AWAY_MS ||
		    (status != CLIENT_AWAY && status != CLIENT_LATE)) {
			fprintf(stderr, "netmonctl: %s\n", why);
			return status;
		}
		poll(NULL, 0, 500);
	}
}
