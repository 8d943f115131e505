#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"
#include "ui/client.h"

#define QUEUE_MS	100	/* between looks whether there is room */

static int	 fail(struct client *, int, const char *, ...)
		    PRINTFLIKE(3, 4);

static int
fail(struct client *c, int status, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	return status;
}

int
client_init(struct client *c)
{
	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->output = -1;
	c->timeout_ms = CLIENT_TIMEOUT_MS;
	c->answer_max = CLIENT_ANSWER_MAX;
	c->rx = malloc(FRAME_MAX);
	c->tx = malloc(FRAME_MAX);
	if (c->rx == NULL || c->tx == NULL)
		return fail(c, CLIENT_OS, "out of memory");
	return CLIENT_OK;
}

void
client_close(struct client *c)
{
	if (c->fd != -1 && c->owned)
		close(c->fd);
	c->fd = -1;
}

void
client_free(struct client *c)
{
	client_close(c);
	free(c->rx);
	free(c->tx);
	c->rx = c->tx = NULL;
}

void
client_body(struct client *c, struct buf *b)
{
	buf_writer(b, c->tx + FRAME_HDR, FRAME_BODY_MAX);
}

/* recvmsg and sendmsg alone: the jail of the renderer allows no others. */
static ssize_t
transfer(struct client *c, uint8_t *p, size_t n, bool out, int *flags)
{
	struct msghdr	 m;
	struct iovec	 iov;
	ssize_t		 r;

	memset(&m, 0, sizeof(m));
	iov.iov_base = p;
	iov.iov_len = n;
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	do {
		r = out ? sendmsg(c->fd, &m, MSG_NOSIGNAL) :
		    recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	} while (r == -1 && errno == EINTR);
	*flags = m.msg_flags;
	return r;
}

static uint64_t
mono_ms(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

#define UNREAD(pfd)	(((pfd).revents & (POLLERR | POLLHUP)) != 0)

/* Waits for events; 1 ready, 2 output has no reader, 0 timed out, -1 error. */
static int
wait_for(struct client *c, short events, int timeout_ms)
{
	struct pollfd	 pfd[2] = {
		{ .fd = c->fd, .events = events },
		{ .fd = c->output },
	};
	int		 n;

	do {
		n = poll(pfd, 2, timeout_ms);
	} while (n == -1 && errno == EINTR);
	return n > 0 && UNREAD(pfd[1]) ? 2 : n;
}

bool
client_sleep(int output, double seconds)
{
	struct pollfd	 pfd = { .fd = output };
	uint64_t	 now, until = mono_ms() + (uint64_t)(seconds * 1000);

	while ((now = mono_ms()) < until) {
		if (poll(&pfd, 1, until - now > INT_MAX ? INT_MAX :
		    (int)(until - now)) <= 0)
			continue;
		if (UNREAD(pfd))
			return false;
		pfd.fd = -1;		/* it is not open */
	}
	return true;
}

/* The wire of one frame, without judgement; 1 when f holds one. */
static int
read_frame(struct client *c, struct frame *f, int timeout_ms)
{
	ssize_t	 n;
	int	 flags;

	switch (wait_for(c, POLLIN, timeout_ms)) {
	case 0:
		return fail(c, CLIENT_LATE, "timed out, try again");
	case 2:
		return fail(c, CLIENT_UNREAD, "nobody reads the output");
	case -1:
		return fail(c, CLIENT_OS, "poll: %s", strerror(errno));
	}
	n = transfer(c, c->rx, FRAME_MAX, false, &flags);
	/* A reset comes in front of what was said before it. */
	if (n == -1 && errno == ECONNRESET)
		n = transfer(c, c->rx, FRAME_MAX, false, &flags);
	if (n == -1 && errno != ECONNRESET)
		return fail(c, CLIENT_AWAY, "receive: %s", strerror(errno));
	if (n <= 0)
		return fail(c, CLIENT_AWAY, "daemon closed the "
		    "connection; is netmond running?");
	if ((flags & MSG_TRUNC) != 0 || frame_get(f, c->rx, (size_t)n) == -1)
		return fail(c, CLIENT_DATA, "answer not understood");
	f->fd = -1;
	return CLIENT_OK;
}

/* ERROR carries the exit status that the client shall end with. */
int
client_error(struct client *c, struct frame *f)
{
	struct msg_text	 t;
	char		 v[1100];

	c->refused = true;
	if (msg_get_text(&f->body, &t) == -1)
		return fail(c, CLIENT_DATA, "answer not understood");
	return fail(c, t.number > 0 && t.number < 126 ? (int)t.number :
	    CLIENT_REFUSED, "%s", vis_str(VIS_TERM, v, sizeof(v), t.text));
}

/* A foreign version's greeting may differ behind its number. */
static int
check_hello(struct client *c, struct frame *f)
{
	struct buf	 b = f->body;
	uint32_t	 version = buf_get_u32(&b);

	if (b.err || (version == MSG_VERSION &&
	    msg_get_hello(&f->body, &c->hello) == -1))
		return fail(c, CLIENT_DATA, "greeting not understood");
	c->hello.version = version;
	if (version == MSG_VERSION)
		return CLIENT_OK;
	return fail(c, CLIENT_DATA, "the daemon speaks version %u of the "
	    "control protocol, netmonctl %s speaks version %u; %s", version,
	    NETMON_VERSION, MSG_VERSION, version < MSG_VERSION ?
	    "restart the daemon" : "use the netmonctl that belongs to it");
}

/* It hung up on us: why, if it said so. */
static int
last_words(struct client *c, int error)
{
	struct frame	 f;
	int		 status;

	while (read_frame(c, &f, 0) == CLIENT_OK) {
		if (f.type == MSG_ERROR)
			return client_error(c, &f);
		if (f.type == MSG_HELLO &&
		    (status = check_hello(c, &f)) != CLIENT_OK)
			return status;
	}
	return fail(c, CLIENT_AWAY, "daemon went away: %s; is netmond "
	    "running?", strerror(error));
}

static int
send_frame(struct client *c, uint16_t type, size_t len)
{
	struct frame	 f;
	ssize_t		 n;
	int		 flags;

	memset(&f, 0, sizeof(f));
	f.type = type;
	f.request = c->request;
	frame_put_header(c->tx, &f, len);
	while ((n = transfer(c, c->tx, FRAME_HDR + len, true, &flags)) == -1) {
		if (errno != EAGAIN)
			return last_words(c, errno);
		if (wait_for(c, POLLOUT, c->timeout_ms) != 1)
			return fail(c, CLIENT_LATE, "timed out, try again");
	}
	return CLIENT_OK;
}

static int
say_hello(struct client *c)
{
	struct msg_hello h;
	struct buf	 b;

	memset(&h, 0, sizeof(h));
	h.version = MSG_VERSION;
	compat_strlcpy(h.text, NETMON_VERSION, sizeof(h.text));
	client_body(c, &b);
	msg_put_hello(&b, &h);
	c->request = 0;
	memset(&c->hello, 0, sizeof(c->hello));
	return send_frame(c, MSG_HELLO, b.len);
}

/* What a refused connect(2) means to a person. */
static int
explain(struct client *c, const char *path, int err)
{
	struct stat	 st;
	struct group	*gr;
	char		 v[512];

	vis_str(VIS_TERM, v, sizeof(v), path);
	if (err == EACCES || err == EPERM) {
		if (stat(path, &st) == 0 && (gr = getgrgid(st.st_gid)) != NULL)
			return fail(c, CLIENT_PERM, "%s: permission denied; "
			    "members of group %s may ask", v, gr->gr_name);
		return fail(c, CLIENT_PERM, "%s: permission denied; be root or"
		    " in the group of the socket", v);
	}
	if (err == ENOENT)
		return fail(c, CLIENT_AWAY, "%s: no such socket; is netmond "
		    "running?", v);
	if (err == ECONNREFUSED)
		return fail(c, CLIENT_AWAY, "%s: nobody listens; is netmond "
		    "running?", v);
	if (err == EAGAIN)
		return fail(c, CLIENT_LATE, "%s: timed out, try again", v);
	return fail(c, CLIENT_AWAY, "%s: %s", v, strerror(err));
}

/* Where one that hangs let the queue fill up, connect(2) waits for ever. */
static int
join_queue(struct client *c, const struct sockaddr_un *sun)
{
	const uint64_t	 since_ms = mono_ms();

	while (connect(c->fd, (const struct sockaddr *)sun, sizeof(*sun)) ==
	    -1) {
		if (errno != EAGAIN)
			return -1;
		if (mono_ms() - since_ms >= (uint64_t)c->timeout_ms) {
			errno = EAGAIN;
			return -1;
		}
		(void)poll(NULL, 0, QUEUE_MS);
	}
	return 0;
}

int
client_open(struct client *c, const char *path)
{
	struct sockaddr_un	 sun;
	int			 err;

	client_close(c);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun.sun_path))
		return fail(c, CLIENT_USAGE, "path of the socket too long");
	compat_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (c->fd == -1)
		return fail(c, CLIENT_OS, "socket: %s", strerror(errno));
	c->owned = true;
	if (join_queue(c, &sun) == -1) {
		err = errno;
		client_close(c);
		return explain(c, path, err);
	}
	return say_hello(c);
}

int
client_take(struct client *c, int fd)
{
	client_close(c);
	c->fd = fd;
	c->owned = false;
	c->timeout_ms = -1;
	return say_hello(c);
}

int
client_send(struct client *c, uint16_t type, const struct buf *b)
{
	if (b != NULL && b->err)
		return fail(c, CLIENT_USAGE, "request too long");
	c->request++;
	c->refused = false;
	return send_frame(c, type, b == NULL ? 0 : b->len);
}

int
client_greeted(struct client *c, int timeout_ms)
{
	struct frame	 f;
	int		 status;

	while (c->hello.version == 0) {
		if ((status = read_frame(c, &f, timeout_ms)) != CLIENT_OK)
			return status;
		if (f.type == MSG_ERROR)
			return client_error(c, &f);
		if (f.type == MSG_HELLO &&
		    (status = check_hello(c, &f)) != CLIENT_OK)
			return status;
	}
	return CLIENT_OK;
}

int
client_recv(struct client *c, struct frame *f, int timeout_ms)
{
	int	 status;

	for (;;) {
		if ((status = read_frame(c, f, timeout_ms)) != CLIENT_OK)
			return status;
		if (f->type == MSG_HELLO) {
			if ((status = check_hello(c, f)) != CLIENT_OK)
				return status;
			continue;
		}
		if (f->type == MSG_ERROR && f->request == 0)
			return CLIENT_OK;	/* about the connection */
		if (f->request == c->request)
			return CLIENT_OK;
	}
}

/* Who answers may be taken over, and drip or pour rows for ever. */
static int
check_endless(struct client *c, const struct doc *d, uint64_t since_ms)
{
	if (c->timeout_ms == -1)
		return CLIENT_OK;
	if (mono_ms() - since_ms > (uint64_t)c->timeout_ms *
	    CLIENT_ANSWER_TIMES)
		return fail(c, CLIENT_LATE, "timed out, the answer has no end");
	if (d->len > c->answer_max)
		return fail(c, CLIENT_DATA, "the answer is too long: ask for "
		    "less of it, with \"top\" say");
	return CLIENT_OK;
}

int
client_collect(struct client *c, struct doc *d)
{
	struct frame	 f;
	uint64_t	 since_ms = mono_ms();
	int		 status;

	for (;;) {
		if ((status = client_recv(c, &f, c->timeout_ms)) != CLIENT_OK ||
		    (status = check_endless(c, d, since_ms)) != CLIENT_OK)
			return status;
		if (f.type == MSG_END)
			return CLIENT_OK;
		if (f.type == MSG_ERROR)
			return client_error(c, &f);
		if (f.type != MSG_ROW)
			return fail(c, CLIENT_DATA, "answer not understood: "
			    "%s", msg_name(f.type));
		if (doc_add(d, f.body.r, buf_left(&f.body)) == -1)
			return fail(c, errno == ENOMEM ? CLIENT_OS :
			    CLIENT_DATA, errno == ENOMEM ? "out of memory" :
			    "row not understood");
	}
}

int
client_ask(struct client *c, uint16_t type, const struct buf *b,
    struct doc *d)
{
	int	 status;

	if ((status = client_send(c, type, b)) != CLIENT_OK)
		return status;
	return client_collect(c, d);
}

int
client_show(struct client *c, uint16_t type, const struct msg_show *s,
    struct doc *d)
{
	struct buf	 b;

	client_body(c, &b);
	msg_put_show(&b, s);
	return client_ask(c, type, &b, d);
}

long
client_daemon_pid(const struct client *c)
{
	struct ucred	 cred;
	socklen_t	 len = sizeof(cred);

	if (c->fd == -1 || getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred,
	    &len) == -1)
		return 0;
	return (long)cred.pid;
}

bool
client_foreign(const struct client *c)
{
	return c->hello.version != 0 && c->hello.version != MSG_VERSION;
}

/* Who made the socket may be gone, and its number be another's. */
static bool
is_netmond(long pid)
{
	char	 path[64], name[32] = "";
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	if (fgets(name, sizeof(name), f) == NULL)
		name[0] = '\0';
	fclose(f);
	return strcmp(name, "netmond\n") == 0;
}

int
client_end_foreign(struct client *c)
{
	struct pollfd	 p = { .events = POLLIN };
	long		 pid = client_daemon_pid(c);
	int		 status = CLIENT_OK;

	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p.fd == -1 && errno != ESRCH && errno != EINVAL)
		return fail(c, CLIENT_OS, "the daemon, pid %ld, cannot be "
		    "ended: %s", pid, strerror(errno));
	if (p.fd == -1 || !is_netmond(pid))
		status = fail(c, CLIENT_REFUSED, "the socket was made by pid "
		    "%ld, which is no netmond: end the daemon by a signal",
		    pid);
	else if (syscall(SYS_pidfd_send_signal, p.fd, SIGTERM, NULL, 0) == -1) {
		if (errno != ESRCH)
			status = fail(c, CLIENT_PERM, "the daemon, pid %ld, "
			    "cannot be ended: %s", pid, strerror(errno));
	} else if (poll(&p, 1, c->timeout_ms) != 1)
		status = fail(c, CLIENT_LATE, "the daemon, pid %ld, does not "
		    "end", pid);
	if (p.fd != -1)
		close(p.fd);
	return status;
}
