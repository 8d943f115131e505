#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/proc.h"
#include "ui/program.h"

#define BACKOFF_MIN_MS	100
#define BACKOFF_MAX_MS	10000
#define LIVED_MS	10000		/* then the back-off starts over */
#define STALL_MS	10000		/* nothing read: it hangs */

int
bytes_add(struct bytes *b, const void *p, size_t n)
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

void
bytes_cut(struct bytes *b, size_t n)
{
	b->len -= n;
	if (b->len > 0)
		memmove(b->p, b->p + n, b->len);
}

uint64_t
program_now_ms(void)
{
	return proc_mono_us() / 1000;
}

/* ---- life ---- */

/* One that does not read would never know that netmonctl is gone. */
static void
run(struct program *p, const int in[2], const int out[2], pid_t ctl)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != ctl)
		_exit(126);
	if (dup2(in[0], STDIN_FILENO) == -1 ||
	    dup2(out[1], STDOUT_FILENO) == -1)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execvp(p->argv[0], p->argv);
	fprintf(stderr, "netmonctl: %s: %s\n", p->argv[0], strerror(errno));
	_exit(127);
}

void
program_start(struct program *p)
{
	int	 in[2], out[2];
	pid_t	 ctl = getpid();

	p->next_ms = program_now_ms() + BACKOFF_MAX_MS;
	if (pipe2(in, O_CLOEXEC) == -1)
		return;
	if (pipe2(out, O_CLOEXEC) == -1) {
		close(in[0]);
		close(in[1]);
		return;
	}
	if ((p->pid = fork()) == 0)
		run(p, in, out, ctl);
	close(in[0]);
	close(out[1]);
	p->to = in[1];
	p->from = out[0];
	p->started_ms = p->moved_ms = program_now_ms();
	fcntl(p->to, F_SETFL, O_NONBLOCK);
	fcntl(p->from, F_SETFL, O_NONBLOCK);
	if (p->pid == -1) {
		close(p->to);
		close(p->from);
		p->pid = 0;
	}
}

void
program_end(struct program *p)
{
	int	 status;

	if (p->pid == 0)
		return;
	close(p->to);
	close(p->from);
	kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
	p->pid = 0;
	p->out.len = p->in.len = 0;
}

void
program_lost(struct program *p, const char *why)
{
	uint64_t	 now = program_now_ms();

	if (p->pid == 0)
		return;
	program_end(p);
	if (now - p->started_ms > LIVED_MS || p->delay_ms == 0)
		p->delay_ms = BACKOFF_MIN_MS;
	else if ((p->delay_ms *= 2) > BACKOFF_MAX_MS)
		p->delay_ms = BACKOFF_MAX_MS;
	p->next_ms = now + p->delay_ms;
	fprintf(stderr, "netmonctl: hook %s: %s; started again in %" PRIu64
	    " ms, nothing passes until then\n", p->name, why, p->delay_ms);
}

/* ---- bytes ---- */

bool
program_keeps_up(const struct program *p)
{
	return p->out.len < PROGRAM_OUT_HIGH;
}

const char *
program_stalled(struct program *p)
{
	uint64_t	 now = program_now_ms();

	if (p->out.len == 0)
		p->moved_ms = now;
	return now - p->moved_ms > STALL_MS ? "the program does not read" :
	    NULL;
}

const char *
program_read(struct program *p)
{
	uint8_t	 chunk[65536];
	ssize_t	 n;

	n = read(p->from, chunk, sizeof(chunk));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return NULL;
	if (n <= 0)
		return "the program has ended";
	return bytes_add(&p->in, chunk, (size_t)n) == -1 ? "no memory" : NULL;
}

const char *
program_write(struct program *p)
{
	ssize_t	 n;

	n = write(p->to, p->out.p, p->out.len);
	if (n > 0) {
		bytes_cut(&p->out, (size_t)n);
		p->moved_ms = program_now_ms();
	} else if (n == -1 && errno != EAGAIN && errno != EINTR)
		return "the program does not read";
	return NULL;
}
