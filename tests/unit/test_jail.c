/*
 * The policy as the kernel enforces it: each case enters a role's jail in a
 * child of its own, does one thing, and must end as stated.
 */
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/jail.h"
#include "sandbox/policy.h"
#include "tests/lib/cmocka_first.h"

#define PACKET_FD	9	/* stands for a packet socket */

typedef long	 attempt(void);

/* Descriptors as a role finds them, in a child that will be jailed. */
static void
take_places(void)
{
	int	 pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == -1)
		_exit(70);
	pair[0] = fcntl(pair[0], F_DUPFD, 20);
	pair[1] = fcntl(pair[1], F_DUPFD, 20);
	for (fd = 3; fd <= PACKET_FD; fd++)
		if (dup2(pair[0], fd) == -1)
			_exit(71);
}

/* How the child ended: 0 the call worked, else errno; 128 + signal. */
static int
try_with(enum role role, uint64_t data, attempt *fn)
{
	struct jail	 j;
	char		 why[160];
	pid_t		 pid;
	int		 status;

	if ((pid = fork()) == 0) {
		take_places();
		memset(&j, 0, sizeof(j));
		j.role = role;
		j.data = data;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
		    jail_enter(&j, why, sizeof(why)) == -1)
			_exit(72);
		_exit(fn() == -1 ? errno : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

static int
try(enum role role, attempt *fn)
{
	return try_with(role, 0, fn);
}

#define KILLED	(128 + SIGSYS)

static long
send_on(int fd)
{
	struct iovec	 v = { NULL, 0 };
	struct msghdr	 m;
	char		 frame[64];

	memset(&m, 0, sizeof(m));
	memset(frame, 0xff, sizeof(frame));
	v.iov_base = frame;
	v.iov_len = sizeof(frame);
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	return sendmsg(fd, &m, MSG_DONTWAIT);
}

static long	 send_3(void) { return send_on(3); }
static long	 send_4(void) { return send_on(4); }
static long	 send_packet(void) { return send_on(PACKET_FD); }
static long
sendto_packet(void)
{
	return sendto(PACKET_FD, "frame", 5, MSG_DONTWAIT, NULL, 0);
}
static long	 complain(void) { return writev(2, NULL, 0); }
static long	 writev_packet(void) { return writev(PACKET_FD, NULL, 0); }
#ifndef NETMON_SAN		/* whose run-time writes and maps anything */
static long	 write_packet(void) { return write(PACKET_FD, "frame", 5); }
#endif
static long	 close_3(void) { return close(3); }
static long	 close_netlink(void) { return close(POLICY_FD_NETLINK); }
static long	 close_7(void) { return close(7); }
static long	 close_9(void) { return close(9); }
#define DISGUISED(fd)	(~(unsigned long)UINT32_MAX | (fd))	/* on 64 bits */
static long
close_3_disguised(void)
{
	return syscall(SYS_close, DISGUISED(3UL));
}
static long	 dup_3(void) { return dup2(PACKET_FD, 3); }
static long
tx_ring(void)
{
	return setsockopt(PACKET_FD, SOL_PACKET, PACKET_TX_RING, "", 0);
}
static long
filter_on(int fd)
{
	struct sock_filter	 nothing = { BPF_RET | BPF_K, 0, 0, 0 };
	struct sock_fprog	 f = { 1, &nothing };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof(f));
}
static long	 filter_4(void) { return filter_on(4); }
static long	 filter_9(void) { return filter_on(9); }
static long	 shut_down_3(void) { return shutdown(3, SHUT_RDWR); }
static long	 shut_down_9(void) { return shutdown(9, SHUT_RDWR); }
static long
shut_down_5_disguised(void)
{
	return syscall(SYS_shutdown, DISGUISED(5UL), SHUT_RDWR);
}
static long	 block_4(void) { return fcntl(4, F_SETFL, 0); }
static long	 block_9(void) { return fcntl(9, F_SETFL, 0); }
static long
sendto_target(int flags, bool named)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET };

	return sendto(9, "x", 1, flags | MSG_DONTWAIT | MSG_NOSIGNAL,
	    named ? (struct sockaddr *)&sin : NULL, named ? sizeof(sin) : 0);
}
static long	 send_open(void) { return sendto_target(0, false); }
static long
send_named(void)
{
	return sendto_target(0, true);
}
static long
send_fast(void)
{
	return sendto_target(MSG_FASTOPEN, false);
}
static long
sendmsg_fast(void)
{
	struct msghdr	 m;

	memset(&m, 0, sizeof(m));
	return sendmsg(9, &m, MSG_FASTOPEN | MSG_DONTWAIT);
}
static long
socket_mptcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 262);
}
static long	 open_file(void) { return open("/etc/passwd", O_RDONLY); }
static long
socket_udp(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}
static long
socket_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long
socket_control(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET, 0);
}
static long
socket_stream(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long
connect_9(void)
{
	const struct sockaddr	 none = { .sa_family = AF_UNSPEC };

	return connect(9, &none, sizeof(none));
}
static long
make_file(void)
{
	return open("/tmp/netmon-jail", O_RDONLY | O_CREAT, 0600);
}
static long
socket_route(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}
#ifndef NETMON_SAN
static long
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static long
punch_hole(void)
{
	return madvise(NULL, 4096, MADV_REMOVE);
}
static long
give_pages_back(void)
{
	return madvise(NULL, 4096, MADV_DONTNEED);
}
static long
map_1g(void)
{
	return mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
#define TOO_MUCH_GB	(SIZE_MAX > UINT32_MAX ? 64 : 3)
static long
map_too_much(void)
{
	return mmap(NULL, (size_t)TOO_MUCH_GB << 30, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
#endif
/* Not fork(3), whose call libc chooses. */
static long
clone_with(long flags)
{
	long	 start[2] = { 0, 0 }, pid;

	start[POLICY_CLONE_FLAGS] = flags;
	pid = syscall(SYS_clone, start[0], start[1], 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid;
}
static long	 make_process(void) { return clone_with(SIGCHLD); }
static long
make_sibling(void)
{
	return clone_with(CLONE_PARENT | SIGCHLD);
}

static long
run_program(void)
{
	char	*none[] = { NULL };

	return execve("/bin/true", none, none);
}
static long	 signal_parent(void) { return kill(getppid(), 0); }
static long	 receive_4(void) { return recvmsg(4, NULL, 0); }
static long	 abort_itself(void) { abort(); }
static long
peer_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static void
capture_sends_to_its_links_only(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_CAPTURE, send_3), 0);
	assert_int_equal(try(ROLE_CAPTURE, send_4), 0);
	assert_int_equal(try(ROLE_CAPTURE, send_packet), KILLED);
	assert_int_equal(try(ROLE_CAPTURE, sendto_packet), KILLED);
#ifndef NETMON_SAN
	assert_int_equal(try(ROLE_CAPTURE, write_packet), KILLED);
#endif
	assert_int_equal(try(ROLE_CAPTURE, tx_ring), KILLED);
}

static void
capture_cannot_put_another_socket_on_a_pinned_number(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_CAPTURE, close_3), KILLED);
	assert_int_equal(try(ROLE_CAPTURE, close_3_disguised), KILLED);
	assert_int_equal(try(ROLE_CAPTURE, close_netlink), KILLED);
	assert_int_equal(try(ROLE_CAPTURE, dup_3), KILLED);
	assert_int_equal(try(ROLE_CAPTURE, close_7), 0);
	assert_int_equal(try(ROLE_CAPTURE, close_9), 0);
}

static long	 close_last(void) { return close(POLICY_FILES_CAPTURE - 1); }
static long	 close_past(void) { return close(POLICY_FILES_CAPTURE); }

/* Whatever the limit lets it open must close again. */
static long
open_all(void)
{
	int	 fd, last = -1;

	while ((fd = eventfd(0, EFD_CLOEXEC)) != -1)
		last = fd;
	errno = EDOM;
	if (last < POLICY_FILES_CAPTURE - 1)
		return -1;
	for (fd = POLICY_FD_NETLINK + 1; fd <= last; fd++)
		if (close(fd) == -1)
			return -1;
	return 0;
}

static void
capture_has_descriptors_for_thousands_of_interfaces(void **state)
{
	struct rlimit	 rl;

	(void)state;
	assert_int_equal(try(ROLE_CAPTURE, close_last), EBADF);
	assert_int_equal(try(ROLE_CAPTURE, close_past), KILLED);
	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 ||
	    rl.rlim_max < POLICY_FILES_CAPTURE)
		skip();
	assert_int_equal(try(ROLE_CAPTURE, open_all), 0);
}

#ifndef NETMON_SAN
static void
a_role_has_the_memory_that_it_is_given(void **state)
{
	(void)state;
	assert_int_equal(try_with(ROLE_ANALYZER, 512 << 20, map_1g), ENOMEM);
	assert_int_equal(try_with(ROLE_ANALYZER, 2ULL << 30, map_1g), 0);
	assert_int_equal(try_with(ROLE_ANALYZER, 0, map_1g), 0);
}
#endif

static void
nobody_changes_the_sockets_of_links(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_CAPTURE, filter_4), KILLED);
	assert_int_equal(try(ROLE_CAPTURE, filter_9), 0);
	assert_int_equal(try(ROLE_CAPTURE, block_4), KILLED);
	assert_int_equal(try(ROLE_MIRROR, shut_down_3), KILLED);
	assert_int_equal(try(ROLE_MIRROR, shut_down_5_disguised), KILLED);
	assert_int_equal(try(ROLE_MIRROR, shut_down_9), 0);
	assert_int_equal(try(ROLE_MIRROR, block_4), KILLED);
	assert_int_equal(try(ROLE_MIRROR, block_9), 0);
	assert_int_equal(try(ROLE_ANALYZER, shut_down_9), KILLED);
	assert_int_equal(try(ROLE_ANALYZER, block_9), KILLED);
}

/* With CAP_NET_RAW in hand: the frame must not leave. */
static long
inject_for_real(void)
{
	struct sockaddr_ll	 ll;
	int			 s;

	if ((s = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))) == -1)
		return 0;
	memset(&ll, 0, sizeof(ll));
	ll.sll_family = AF_PACKET;
	ll.sll_ifindex = 1;
	if (bind(s, (struct sockaddr *)&ll, sizeof(ll)) == -1)
		return 0;
	return send_on(s);
}

static void
capture_cannot_inject_a_frame(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(try(ROLE_CAPTURE, inject_for_real), KILLED);
}

static void
roles_do_without_files_programs_and_processes(void **state)
{
	static const enum role	 roles[] = {
		ROLE_CAPTURE, ROLE_ANALYZER, ROLE_MIRROR, ROLE_CLIENT,
		ROLE_WEB
	};
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(roles); i++) {
		assert_int_equal(try(roles[i], open_file), EACCES);
		assert_int_equal(try(roles[i], make_process), KILLED);
		assert_int_equal(try(roles[i], run_program), KILLED);
		assert_int_equal(try(roles[i], socket_udp), KILLED);
		assert_int_equal(try(roles[i], socket_route), KILLED);
		assert_int_equal(try(roles[i], receive_4), KILLED);
		assert_int_equal(try(roles[i], signal_parent), KILLED);
#ifndef NETMON_SAN
		assert_int_equal(try(roles[i], map_code), KILLED);
		assert_int_equal(try(roles[i], punch_hole), KILLED);
		assert_int_not_equal(try(roles[i], give_pages_back), KILLED);
		assert_int_equal(try(roles[i], map_too_much), ENOMEM);
#endif
	}
}

/* As musl's stdio does. */
static void
last_words_may_be_a_vector(void **state)
{
	static const enum role	 roles[] = {
		ROLE_CAPTURE, ROLE_ANALYZER, ROLE_MIRROR
	};
	size_t			 i;

	(void)state;
	for (i = 0; i < nitems(roles); i++) {
		assert_int_equal(try(roles[i], complain), 0);
		assert_int_equal(try(roles[i], writev_packet), KILLED);
	}
	assert_int_equal(try(ROLE_LAUNCHER, complain), 0);
}

static void
only_mirror_makes_tcp_sockets(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_MIRROR, socket_tcp), 0);
	assert_int_equal(try(ROLE_CAPTURE, socket_tcp), KILLED);
	assert_int_equal(try(ROLE_ANALYZER, socket_tcp), KILLED);
	assert_int_equal(try(ROLE_PARENT, socket_tcp), KILLED);
}

/* What strangers speak to keeps what it was given; the other half asks. */
static void
pages_lead_nowhere(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_WEB, socket_tcp), KILLED);
	assert_int_equal(try(ROLE_WEB, socket_control), KILLED);
	assert_int_equal(try(ROLE_WEB, connect_9), KILLED);
	assert_int_equal(try(ROLE_WEB, send_4), KILLED);
	assert_int_equal(try(ROLE_WEB, filter_9), KILLED);
	assert_int_equal(try(ROLE_WEB_ASK, socket_control), 0);
	assert_int_equal(try(ROLE_WEB_ASK, socket_stream), EACCES);
#ifndef NETMON_SAN
	/* Where no Landlock hides them, libc tries to load its modules. */
	assert_int_equal(try(ROLE_WEB_ASK, map_code), EACCES);
#endif
	assert_int_equal(try(ROLE_WEB_ASK, socket_tcp), KILLED);
	assert_int_equal(try(ROLE_WEB_ASK, socket_udp), KILLED);
	assert_int_equal(try(ROLE_WEB_ASK, make_file), KILLED);
	assert_int_equal(try(ROLE_WEB_ASK, make_process), KILLED);
	assert_int_equal(try(ROLE_WEB_ASK, run_program), KILLED);
	assert_int_equal(try(ROLE_WEB_ASK, signal_parent), KILLED);
	if (jail_landlock_abi() > 0)
		assert_int_equal(try(ROLE_WEB_ASK, open_file), EACCES);
}

/* Landlock looks at connect(2) of TCP alone. */
static void
mirror_has_no_way_around_connect(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_MIRROR, send_open), 0);
	assert_int_equal(try(ROLE_MIRROR, send_named), KILLED);
	assert_int_equal(try(ROLE_MIRROR, send_fast), KILLED);
	assert_int_equal(try(ROLE_MIRROR, sendmsg_fast), KILLED);
	assert_int_equal(try(ROLE_MIRROR, socket_mptcp), KILLED);
}

static void
the_parent_starts_nothing_and_captures_nothing(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_PARENT, make_process), KILLED);
	assert_int_equal(try(ROLE_PARENT, run_program), KILLED);
	assert_int_equal(try(ROLE_PARENT, peer_socket), KILLED);
	assert_int_equal(try(ROLE_PARENT, open_file), EACCES);
}

static void
an_abort_in_a_jail_is_an_abort(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_ANALYZER, abort_itself), 128 + SIGABRT);
}

static void
the_launcher_refuses_and_lives(void **state)
{
	(void)state;
	assert_int_equal(try(ROLE_LAUNCHER, make_process), EPERM);
	assert_int_equal(try(ROLE_LAUNCHER, run_program), EPERM);
	assert_int_equal(try(ROLE_LAUNCHER, signal_parent), EPERM);
}

static void
a_role_is_a_child_of_who_started_the_launcher(void **state)
{
	int	 status = -1;

	(void)state;
	assert_int_equal(try(ROLE_LAUNCHER, make_sibling), 0);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_int_equal(status, 0);
}

/* How clone(2) takes its arguments, where no jail can be tried. */
static void
clone_makes_a_process_that_ends(void **state)
{
	int	 status = -1;
	long	 pid;

	(void)state;
	assert_true((pid = make_process()) > 0);
	assert_int_equal(waitpid((pid_t)pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- the tables, as data ---- */

static void
every_row_says_why(void **state)
{
	const struct policy	*p;
	size_t			 t, i;
	int			 r;

	(void)state;
	for (r = ROLE_PARENT; r < ROLE_MAX; r++) {
		if (r == ROLE_PROVIDER)
			continue;	/* the user's own program */
		assert_non_null(p = policy_of((enum role)r));
		for (t = 0; p->table[t] != NULL; t++) {
			for (i = 0; i < p->table[t]->n; i++) {
				assert_non_null(p->table[t]->rules[i].why);
				assert_true(strlen(
				    p->table[t]->rules[i].why) > 3);
				assert_true(p->table[t]->rules[i].nargs <=
				    POLICY_ARGS_MAX);
			}
		}
		for (i = 0; p->never != NULL && i < p->never->n; i++)
			assert_true(strlen(p->never->rules[i].why) > 3);
	}
}

static bool
has_row(const struct policy *p, int call)
{
	size_t	 t, i;

	for (t = 0; t < POLICY_TABLES_MAX && p->table[t] != NULL; t++)
		for (i = 0; i < p->table[t]->n; i++)
			if (p->table[t]->rules[i].call == call)
				return true;
	return false;
}

static const struct { int old, new; } successors[] = {
	{ SCMP_SYS(access),	SCMP_SYS(faccessat) },
	{ SCMP_SYS(dup2),	SCMP_SYS(dup3) },
	{ SCMP_SYS(epoll_wait),	SCMP_SYS(epoll_pwait) },
	{ SCMP_SYS(lstat),	SCMP_SYS(newfstatat) },
	{ SCMP_SYS(open),	SCMP_SYS(openat) },
	{ SCMP_SYS(poll),	SCMP_SYS(ppoll) },
	{ SCMP_SYS(readlink),	SCMP_SYS(readlinkat) },
	{ SCMP_SYS(rename),	SCMP_SYS(renameat) },
	{ SCMP_SYS(stat),	SCMP_SYS(newfstatat) },
	{ SCMP_SYS(unlink),	SCMP_SYS(unlinkat) },
	/* of x86 alone */
	{ SCMP_SYS(arch_prctl),	SCMP_SYS(arch_prctl) },
	{ SCMP_SYS(time),	SCMP_SYS(clock_gettime) },
};

/* A call of 64 bits, and what libc asks for instead on some or all of 32. */
static const struct { int call, narrow; } twins[] = {
	{ SCMP_SYS(clock_gettime),	SCMP_SYS(clock_gettime64) },
	{ SCMP_SYS(fcntl),		SCMP_SYS(fcntl64) },
	{ SCMP_SYS(fstat),		SCMP_SYS(fstat64) },
	{ SCMP_SYS(fstatfs),		SCMP_SYS(fstatfs64) },
	{ SCMP_SYS(ftruncate),		SCMP_SYS(ftruncate64) },
	{ SCMP_SYS(futex),		SCMP_SYS(futex_time64) },
	{ SCMP_SYS(getegid),		SCMP_SYS(getegid32) },
	{ SCMP_SYS(geteuid),		SCMP_SYS(geteuid32) },
	{ SCMP_SYS(getgid),		SCMP_SYS(getgid32) },
	{ SCMP_SYS(getrlimit),		SCMP_SYS(ugetrlimit) },
	{ SCMP_SYS(getuid),		SCMP_SYS(getuid32) },
	{ SCMP_SYS(lseek),		SCMP_SYS(_llseek) },
	{ SCMP_SYS(lstat),		SCMP_SYS(lstat64) },
	{ SCMP_SYS(mmap),		SCMP_SYS(mmap2) },
	{ SCMP_SYS(newfstatat),		SCMP_SYS(fstatat64) },
	{ SCMP_SYS(newfstatat),		SCMP_SYS(statx) },
	{ SCMP_SYS(ppoll),		SCMP_SYS(ppoll_time64) },
	{ SCMP_SYS(rt_sigreturn),	SCMP_SYS(sigreturn) },
	{ SCMP_SYS(stat),		SCMP_SYS(stat64) },
	{ SCMP_SYS(arch_prctl),		SCMP_SYS(set_thread_area) },
	{ SCMP_SYS(arch_prctl),		SCMP_SYS(set_tls) },
	{ SCMP_SYS(sync_file_range),	SCMP_SYS(sync_file_range2) },
};

static bool
is_twin(int call)
{
	size_t	 i;

	for (i = 0; i < nitems(twins); i++)
		if (twins[i].narrow == call)
			return true;
	return false;
}

static void
machines_of_32_bits_have_the_same_calls(void **state)
{
	const struct policy	*p;
	size_t			 i;
	int			 r;

	(void)state;
	for (r = ROLE_PARENT; r <= ROLE_CLIENT; r++) {
		p = policy_of((enum role)r);
		for (i = 0; i < nitems(twins); i++)
			assert_int_equal(has_row(p, twins[i].call),
			    has_row(p, twins[i].narrow));
	}
}

static void
check_successor(const struct policy *p, int call)
{
	size_t	 i;
	char	*name;
	int	 there;

	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
	assert_non_null(name);
	there = seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, name);
	free(name);
	if (there >= 0 || is_twin(call))
		return;
	for (i = 0; successors[i].old != call; i++)
		assert_true(i + 1 < nitems(successors));
	assert_true(has_row(p, successors[i].new));
}

/*
 * Newer architectures lack the old calls, and libc asks for what took their
 * place: a row for the one needs a row for the other.
 */
static void
a_call_that_arm64_lacks_has_its_successor(void **state)
{
	const struct policy	*p;
	size_t			 t, i;
	int			 r;

	(void)state;
	for (r = ROLE_PARENT; r <= ROLE_CLIENT; r++) {
		p = policy_of((enum role)r);
		for (t = 0; t < POLICY_TABLES_MAX && p->table[t] != NULL; t++)
			for (i = 0; i < p->table[t]->n; i++)
				check_successor(p, p->table[t]->rules[i].call);
	}
}

static void
only_the_launcher_has_heirs_and_is_lenient(void **state)
{
	int	 r;

	(void)state;
	for (r = ROLE_PARENT; r <= ROLE_CLIENT; r++) {
		assert_int_equal(policy_of((enum role)r)->nheirs > 0,
		    r == ROLE_LAUNCHER);
		assert_int_equal(policy_of((enum role)r)->fail,
		    r == ROLE_LAUNCHER);
	}
	assert_null(policy_of(ROLE_PROVIDER));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(capture_sends_to_its_links_only),
		cmocka_unit_test(
		    capture_cannot_put_another_socket_on_a_pinned_number),
		cmocka_unit_test(
		    capture_has_descriptors_for_thousands_of_interfaces),
		cmocka_unit_test(capture_cannot_inject_a_frame),
		cmocka_unit_test(
		    roles_do_without_files_programs_and_processes),
#ifndef NETMON_SAN
		cmocka_unit_test(a_role_has_the_memory_that_it_is_given),
#endif
		cmocka_unit_test(nobody_changes_the_sockets_of_links),
		cmocka_unit_test(last_words_may_be_a_vector),
		cmocka_unit_test(only_mirror_makes_tcp_sockets),
		cmocka_unit_test(pages_lead_nowhere),
		cmocka_unit_test(mirror_has_no_way_around_connect),
		cmocka_unit_test(
		    the_parent_starts_nothing_and_captures_nothing),
		cmocka_unit_test(an_abort_in_a_jail_is_an_abort),
		cmocka_unit_test(the_launcher_refuses_and_lives),
		cmocka_unit_test(a_role_is_a_child_of_who_started_the_launcher),
		cmocka_unit_test(clone_makes_a_process_that_ends),
		cmocka_unit_test(every_row_says_why),
		cmocka_unit_test(a_call_that_arm64_lacks_has_its_successor),
		cmocka_unit_test(machines_of_32_bits_have_the_same_calls),
		cmocka_unit_test(only_the_launcher_has_heirs_and_is_lenient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
