#include <sys/socket.h>
#include <sys/syscall.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/buf.h"
#include "sandbox/compat.h"
#include "sandbox/crash.h"
#include "sandbox/frame.h"
#include "sandbox/msg.h"

#define STACK_SIZE	(64 * 1024)
#define BODY_MAX	64

volatile uint64_t	 crash_packet;

static struct {
	int		 fd;
	pid_t		 pid;
	pid_t		 tid;
	uint32_t	 generation;
	uint8_t		 stack[STACK_SIZE];
} last = { .fd = -1 };

static void
on_crash(int sig, siginfo_t *si, void *context)
{
	struct msg_crash	 m;
	struct msghdr		 mh;
	struct frame		 f;
	struct iovec		 v;
	struct buf		 b;
	uint8_t			 out[FRAME_HDR + BODY_MAX];

	(void)context;
	memset(&f, 0, sizeof(f));
	memset(&mh, 0, sizeof(mh));
	m.signal = (uint32_t)sig;
	m.code = (uint32_t)si->si_code;
	/* Of one that was sent there is no address, but a sender. */
	m.addr = si->si_code > 0 ? (uint64_t)(uintptr_t)si->si_addr :
	    (uint64_t)si->si_pid;
	m.packet = crash_packet;
	buf_writer(&b, out + FRAME_HDR, BODY_MAX);
	msg_put_crash(&b, &m);
	f.type = MSG_CRASH;
	f.generation = last.generation;
	frame_put_header(out, &f, b.len);
	v.iov_base = out;
	v.iov_len = FRAME_HDR + b.len;
	mh.msg_iov = &v;
	mh.msg_iovlen = 1;
	sendmsg(last.fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* SA_RESETHAND: the second one does what the signal does. */
	syscall(SYS_tgkill, last.pid, last.tid, sig);
}

void
crash_init(int fd, enum role role, uint32_t generation)
{
	static const int	 signals[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT
	};
	struct sigaction	 sa;
	stack_t			 ss;
	size_t			 i;

	(void)role;		/* the channel says who it is */
	last.fd = fd;
	last.pid = getpid();
	last.tid = (pid_t)syscall(SYS_gettid);
	last.generation = generation;
	memset(&ss, 0, sizeof(ss));
	ss.ss_sp = last.stack;
	ss.ss_size = sizeof(last.stack);
	if (sigaltstack(&ss, NULL) == -1)
		return;
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_crash;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < nitems(signals); i++)
		sigaction(signals[i], &sa, NULL);
}
