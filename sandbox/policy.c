#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sockios.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>

#include "sandbox/compat.h"
#include "sandbox/policy.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif
#ifndef SO_BPF_EXTENSIONS
#define SO_BPF_EXTENSIONS	48
#endif

/* Comparisons of one argument. */
#define EQ(n, v)	{ n, SCMP_CMP_EQ, (uint64_t)(v), 0 }
#define BITS(n, m, v)	{ n, SCMP_CMP_MASKED_EQ, (uint64_t)(m), (uint64_t)(v) }
#define NONE(n, m)	BITS(n, m, 0)
/* Rows: always, with one, two or three comparisons; soft ones. */
#define YES(c, w)	{ SCMP_SYS(c), POLICY_ALLOW, 0, { { 0 } }, w }
#define IF1(c, x, w)	{ SCMP_SYS(c), POLICY_ALLOW, 1, { x }, w }
#define IF2(c, x, y, w)	{ SCMP_SYS(c), POLICY_ALLOW, 2, { x, y }, w }
#define IF3(c, x, y, z, w) { SCMP_SYS(c), POLICY_ALLOW, 3, { x, y, z }, w }
#define NO(c, w)	{ SCMP_SYS(c), POLICY_SOFT, 0, { { 0 } }, w }
#define NO1(c, x, w)	{ SCMP_SYS(c), POLICY_SOFT, 1, { x }, w }
#define NO2(c, x, y, w)	{ SCMP_SYS(c), POLICY_SOFT, 2, { x, y }, w }
#define TABLE(n, r)	static const struct policy_table n = \
			    { #n, r, nitems(r) }

/* ---- parts ---- */

/* Everybody: the event loop, memory, time, the end. */
static const struct policy_rule loop_rules[] = {
	YES(epoll_wait, "event loop"),
	YES(epoll_pwait, "event loop"),
	YES(epoll_ctl, "event loop"),
	YES(poll, "chan_drain, pcap_dispatch"),
	YES(ppoll, "the same, where poll is ppoll"),
	YES(ppoll_time64, "the same, on 32 bits"),
	YES(read, "channels and descriptors that were handed over"),
	YES(brk, "malloc"),
	YES(munmap, "malloc"),
	YES(mremap, "malloc"),
	IF1(madvise, EQ(2, MADV_DONTNEED), "malloc; no holes in shared memory"),
	IF1(madvise, EQ(2, MADV_HUGEPAGE), "malloc"),
	IF1(mmap, NONE(2, PROT_EXEC), "malloc; never code"),
	IF1(mmap2, NONE(2, PROT_EXEC), "the same, on 32 bits"),
	IF1(mprotect, NONE(2, PROT_EXEC), "malloc; never code"),
	YES(futex, "libc locks"),
	YES(futex_time64, "libc locks, on 32 bits"),
	YES(clock_gettime, "where the vDSO does not serve"),
	YES(clock_gettime64, "where the vDSO does not serve"),
	YES(gettimeofday, "where the vDSO does not serve"),
	YES(time, "where the vDSO does not serve"),
	YES(getrandom, "malloc and hash seeds"),
	YES(rt_sigreturn, "end of a signal handler"),
	YES(sigreturn, "end of a signal handler, on 32 bits"),
	YES(rt_sigprocmask, "abort(3)"),
	IF1(rt_sigaction, EQ(0, SIGABRT), "abort(3)"),
	YES(restart_syscall, "after SIGSTOP and SIGCONT"),
	YES(getpid, "abort(3)"),
	YES(gettid, "abort(3)"),
	IF1(tgkill, EQ(0, POLICY_OWN_PID), "to itself: abort, last words"),
	YES(sysinfo, "qsort(3) asks for the size of memory"),
	YES(exit, "the end"),
	YES(exit_group, "the end"),
	NO(personality, "the self-test: always succeeds without a filter"),
};
TABLE(loop, loop_rules);

/* Roles: what libraries try and do without. */
static const struct policy_rule soft_rules[] = {
	NO(open, "libraries look for files"),
	NO(openat, "libraries look for files"),
	NO(access, "libraries look for files"),
	NO(faccessat, "libraries look for files"),
	NO(stat, "libraries look for files"),
	NO(lstat, "libraries look for files"),
	NO(readlink, "libraries look for files"),
	NO(readlinkat, "libraries look for files"),
	NO(getcwd, "libraries look for files"),
	NO(stat64, "libraries look for files"),
	NO(lstat64, "libraries look for files"),
};
TABLE(soft, soft_rules);

static const struct policy_rule parent_link_rules[] = {
	IF1(recvmsg, EQ(0, POLICY_FD_PARENT),
	    "descriptors come from the parent alone"),
};
TABLE(parent_link, parent_link_rules);

/*
 * The kernel takes the low half of a descriptor. What is changed on the socket
 * of a link its next owner finds changed: one that is shut down stays so.
 */
#define LINK(c, n, w)	IF1(c, BITS(0, 0xffffffff, n), w)
#define LINKS(c, w)	LINK(c, POLICY_FD_PARENT, w), \
			LINK(c, POLICY_FD_LINK1, w), LINK(c, POLICY_FD_LINK2, w)

/* direct.h; libseccomp allows it with each row for a socket call. */
#ifdef __NR_socketcall
#define NO_MUX	YES(socketcall, "its arguments cannot be judged"),
static const struct policy_rule mux_rules[] = { NO_MUX };
TABLE(mux, mux_rules);
#define MUX	&mux
#else
#define NO_MUX
#define MUX	NULL
#endif

static const struct policy_rule kept_rules[] = {
	NO_MUX
	LINKS(setsockopt, "a filter or a small buffer would stay"),
	LINKS(fcntl, "its owners count on it not to block"),
	LINKS(fcntl64, "its owners count on it not to block"),
	LINKS(shutdown, "it would be the end of the link"),
	LINKS(bind, "it has no name"),
};
TABLE(kept, kept_rules);

/* fstat(2) of open files, in every spelling. */
static const struct policy_rule fstat_rules[] = {
	YES(fstat, "stdio and sizes"),
	YES(fstat64, "stdio and sizes"),
	IF1(newfstatat, BITS(3, AT_EMPTY_PATH, AT_EMPTY_PATH), "fstat(3)"),
	IF1(fstatat64, BITS(3, AT_EMPTY_PATH, AT_EMPTY_PATH), "fstat(3)"),
	IF1(statx, BITS(2, AT_EMPTY_PATH, AT_EMPTY_PATH), "fstat(3)"),
	YES(lseek, "stdio and the tail of a file"),
	YES(_llseek, "the same, on 32 bits"),
};
TABLE(fstats, fstat_rules);

static const struct policy_rule nostat_rules[] = {
	NO(newfstatat, "libraries look for files"),
	NO(fstatat64, "libraries look for files"),
	NO(statx, "libraries look for files"),
};
TABLE(nostat, nostat_rules);

/* ---- capture: packets in, frames to descriptors 3 and 4 out ---- */

#define GETOPT(l, o, w)	IF2(getsockopt, EQ(1, l), EQ(2, o), w)
#define SETOPT(l, o, w)	IF2(setsockopt, EQ(1, l), EQ(2, o), w)
#define IOCTL(c, w)	IF1(ioctl, EQ(1, c), w)
#define FCNTL(c, w)	IF1(fcntl, EQ(1, c), w), IF1(fcntl64, EQ(1, c), w)
/* n is a power of two: the descriptor numbers n to 2n - 1. */
#define CLOSE(n)	IF1(close, BITS(0, ~(uint64_t)((n) - 1), n), \
			    "above netlink: 3 to 6 are never replaced")

static const struct policy_rule capture_rules[] = {
	/* No frame can be injected: nothing sends on a packet socket. */
	IF1(sendmsg, EQ(0, POLICY_FD_PARENT), "to the parent"),
	IF1(sendmsg, EQ(0, POLICY_FD_LINK1), "to the analyzer"),
	IF1(sendmsg, EQ(0, POLICY_FD_NETLINK), "dump request to the kernel"),
	IF1(sendto, EQ(0, POLICY_FD_NETLINK), "dump request to the kernel"),
	IF1(write, EQ(0, 2), "a last line on standard error"),
	IF1(writev, EQ(0, 2), "the same, where stdio is writev"),
	IF1(close, EQ(0, 7), "above netlink: 3 to 6 are never replaced"),
	CLOSE(8), CLOSE(16), CLOSE(32), CLOSE(64), CLOSE(128), CLOSE(256),
	CLOSE(512), CLOSE(1024), CLOSE(2048), CLOSE(4096), CLOSE(8192),
	IF1(recvmsg, EQ(0, POLICY_FD_NETLINK), "interfaces come and go"),
	YES(recvfrom, "packet sockets are emptied when a filter is set"),
	/* libpcap: an interface that comes later is opened in the jail. */
	IF1(socket, EQ(0, AF_PACKET), "a new interface"),
	IF2(socket, EQ(0, AF_NETLINK), EQ(2, NETLINK_GENERIC),
	    "pcap_create asks ioctl questions on it"),
	YES(bind, "packet socket to its interface"),
	YES(getsockname, "libpcap, interface went down"),
	GETOPT(SOL_SOCKET, SO_ERROR, "interface went down"),
	GETOPT(SOL_SOCKET, SO_TYPE, "libpcap, TPACKET_V2"),
	GETOPT(SOL_SOCKET, SO_BPF_EXTENSIONS, "libpcap, VLAN tags"),
	GETOPT(SOL_PACKET, PACKET_HDRLEN, "libpcap, ring set-up"),
	GETOPT(SOL_PACKET, PACKET_STATISTICS, "drop counts"),
	SETOPT(SOL_PACKET, PACKET_ADD_MEMBERSHIP, "promiscuous, if asked"),
	SETOPT(SOL_PACKET, PACKET_AUXDATA, "libpcap, VLAN tags"),
	SETOPT(SOL_PACKET, PACKET_VERSION, "libpcap, TPACKET_V3"),
	SETOPT(SOL_PACKET, PACKET_RESERVE, "libpcap, VLAN tags"),
	SETOPT(SOL_PACKET, PACKET_RX_RING, "the ring; TX_RING is refused"),
	SETOPT(SOL_PACKET, PACKET_IGNORE_OUTGOING, "loopback shows once"),
	SETOPT(SOL_SOCKET, SO_TIMESTAMPNS, "nanosecond stamps"),
	SETOPT(SOL_SOCKET, SO_ATTACH_FILTER, "the BPF filter"),
	SETOPT(SOL_SOCKET, SO_DETACH_FILTER, "the BPF filter, at a reload"),
	SETOPT(SOL_SOCKET, SO_RCVBUF, "room for netlink"),
	IOCTL(SIOCGIFNAME, "libpcap, a name's index"),
	IOCTL(SIOCGIFINDEX, "libpcap, a name's index"),
	IOCTL(SIOCGIFHWADDR, "libpcap, the link type"),
	IOCTL(SIOCGIFFLAGS, "libpcap, interface went down"),
	IOCTL(SIOCGIFMTU, "libpcap, TPACKET_V2"),
	IOCTL(SIOCETHTOOL, "libpcap, offloads and time stamps"),
	FCNTL(F_GETFL, "pcap_setnonblock"),
	FCNTL(F_SETFL, "pcap_setnonblock"),
	YES(uname, "libpcap, ring set-up"),
	YES(eventfd2, "pcap_create, for pcap_breakloop"),
};
TABLE(capture, capture_rules);

/* ---- analyzer: frames in, frames out ---- */

static const struct policy_rule analyzer_rules[] = {
	IF1(sendmsg, EQ(0, POLICY_FD_PARENT), "to the parent"),
	IF1(sendmsg, EQ(0, POLICY_FD_LINK1), "to capture: LINK"),
	IF1(sendmsg, EQ(0, POLICY_FD_LINK2), "to mirror"),
	IF1(write, EQ(0, 2), "a last line on standard error"),
	IF1(writev, EQ(0, 2), "the same, where stdio is writev"),
	YES(close, "the end"),
};
TABLE(analyzer, analyzer_rules);

/* ---- mirror: streams out to configured targets and passed files ---- */

static const struct policy_rule mirror_rules[] = {
	/* MSG_FASTOPEN would connect, and Landlock does not see it. */
	IF1(sendmsg, NONE(2, MSG_FASTOPEN), "links and hook providers"),
	IF2(sendto, NONE(3, MSG_FASTOPEN), EQ(4, 0), "send(2) to a target"),
	YES(recvfrom, "answers of a target"),
	YES(write, "records and event lines"),
	IF1(writev, EQ(0, 2), "a last line, where stdio is writev"),
	YES(pread64, "the tail of a record"),
	YES(close, "targets and files"),
	YES(ftruncate, "undo of a half record"),
	YES(ftruncate64, "undo of a half record"),
	YES(sync_file_range, "whether the disk lost what it took"),
	YES(sync_file_range2, "the same on other machines"),
	YES(fdatasync, "what a bad disk takes"),
	FCNTL(F_GETFL, "non-blocking"),
	FCNTL(F_SETFL, "non-blocking"),
	/* 0 is TCP; Landlock holds no ports of MPTCP. */
	IF3(socket, EQ(0, AF_INET), BITS(1, 0xf, SOCK_STREAM), EQ(2, 0),
	    "TCP to a target"),
	IF3(socket, EQ(0, AF_INET6), BITS(1, 0xf, SOCK_STREAM), EQ(2, 0),
	    "TCP to a target"),
	YES(connect, "to a target; Landlock holds the ports"),
	YES(bind, "the own port must be known before connect"),
	YES(getsockname, "the own port must be known before connect"),
	YES(shutdown, "end of one direction"),
	GETOPT(SOL_SOCKET, SO_ERROR, "outcome of connect"),
	SETOPT(IPPROTO_TCP, TCP_NODELAY, "timing as observed"),
	SETOPT(SOL_SOCKET, SO_LINGER, "reset at the end: ports come back"),
};
TABLE(mirror, mirror_rules);

/* ---- netmonctl as the writer of -r: rows in, text out ---- */

static const struct policy_rule client_rules[] = {
	IF1(sendmsg, EQ(0, POLICY_FD_PARENT), "requests"),
	YES(write, "standard output"),
	YES(writev, "standard output"),
	YES(close, "stdio at the end"),
	YES(uname, "the host's name"),
	FCNTL(F_GETFL, "stdio"),
	NO(ioctl, "is standard output a terminal"),
};
TABLE(client, client_rules);

/* ---- netmonweb: strangers' requests in, pages out ---- */

static const struct policy_rule web_rules[] = {
	IF1(sendmsg, EQ(0, POLICY_FD_PARENT), "what is asked for"),
	YES(accept4, "a browser"),
	YES(accept, "the same, where libc does without accept4"),
	YES(readv, "a request"),
	IF1(ioctl, EQ(1, FIONREAD), "libevent, how much there is to read"),
	NO1(ioctl, EQ(1, TCGETS), "is standard error a terminal"),
	NO1(ioctl, EQ(1, TIOCGWINSZ), "the same, with musl"),
	YES(write, "a page; a line on standard error"),
	YES(writev, "a page; a line on standard error"),
	YES(sendfile, "a page that was passed as a file"),
	YES(sendfile64, "the same, on 32 bits"),
	YES(shutdown, "the end of a page"),
	YES(close, "connections and pages"),
	FCNTL(F_GETFL, "non-blocking"),
	FCNTL(F_SETFL, "non-blocking"),
};
TABLE(web, web_rules);

/*
 * What asks for it: of sockets those that the control socket is, no other one
 * of this machine's; of files what Landlock leaves, to read.
 */
#define READ_ONLY(n)	NONE(n, O_ACCMODE | O_CREAT | O_TRUNC)
static const struct policy_rule web_ask_rules[] = {
	YES(sendmsg, "the daemon, and answers"),
	YES(recvmsg, "the daemon, and what is asked for"),
	IF2(socket, EQ(0, AF_UNIX), BITS(1, 0xf, SOCK_SEQPACKET),
	    "the control socket"),
	NO2(socket, EQ(0, AF_UNIX), BITS(1, 0xf, SOCK_STREAM),
	    "libc looks for nscd"),
	YES(connect, "the control socket"),
	NO1(mmap, BITS(2, PROT_EXEC, PROT_EXEC), "modules of libc for groups"),
	NO1(mmap2, BITS(2, PROT_EXEC, PROT_EXEC), "the same, on 32 bits"),
	IF1(open, READ_ONLY(1), "a history log"),
	IF1(openat, READ_ONLY(2), "a history log"),
	YES(getdents64, "those that were rotated"),
	YES(getdents, "the same, elsewhere"),
	YES(stat, "whose the control socket is"),
	YES(stat64, "the same, on 32 bits"),
	YES(newfstatat, "the same, and sizes of files"),
	YES(fstatat64, "the same, on 32 bits"),
	YES(statx, "the same, elsewhere"),
	YES(fstat, "sizes of files"),
	YES(fstat64, "the same, on 32 bits"),
	YES(lseek, "length of a page"),
	YES(_llseek, "the same, on 32 bits"),
	YES(memfd_create, "a page"),
	YES(write, "a page; a line on standard error"),
	YES(writev, "stdio"),
	YES(close, "the daemon, files and pages"),
	YES(uname, "the host's name"),
	NO(ioctl, "is standard error a terminal"),
	FCNTL(F_GETFD, "opendir"),
	FCNTL(F_SETFD, "opendir"),
	FCNTL(F_GETFL, "opendir"),
};
TABLE(web_ask, web_ask_rules);

/* ---- parent: supervision, files and sockets; no clone, no exec ---- */

static const struct policy_rule parent_rules[] = {
	YES(sendmsg, "channels and descriptors to children"),
	YES(recvmsg, "channels"),
	YES(sendto, "syslog and service manager datagrams"),
	YES(recvfrom, "libevent's signal pipe"),
	YES(write, "standard error, signal pipe"),
	YES(writev, "stdio"),
	YES(close, "clients and files"),
	YES(accept4, "a client"),
	YES(accept, "a client"),
	YES(listen, "libevent"),
	IF2(socket, EQ(0, AF_UNIX), BITS(1, 0xf, SOCK_DGRAM),
	    "syslog, service manager"),
	IF2(socket, EQ(0, AF_UNIX), BITS(1, 0xf, SOCK_STREAM),
	    "a record into a socket"),
	IF2(socket, EQ(0, AF_UNIX), BITS(1, 0xf, SOCK_SEQPACKET),
	    "control socket that was removed"),
	YES(bind, "control socket that was removed; AF_UNIX is all it has"),
	YES(umask, "its mode"),
	IF1(fchownat, EQ(4, AT_EMPTY_PATH), "its group, by descriptor"),
	YES(flock, "no other daemon binds meanwhile"),
	IF1(socketpair, EQ(0, AF_UNIX), "a hook's connection"),
	YES(connect, "syslog, service manager"),
	YES(shutdown, "a client"),
	GETOPT(SOL_SOCKET, SO_PEERCRED, "who a client is"),
	GETOPT(SOL_SOCKET, SO_ERROR, "a client went away"),
	SETOPT(SOL_SOCKET, SO_SNDBUF, "room for syslog"),
	FCNTL(F_GETFL, "non-blocking"),
	FCNTL(F_SETFL, "non-blocking"),
	FCNTL(F_GETFD, "libevent"),
	FCNTL(F_SETFD, "close on exec"),
	FCNTL(F_DUPFD_CLOEXEC, "standard output for a record"),
	IF1(dup2, EQ(1, 1), "standard output to /dev/null, once READY"),
	IF1(dup2, EQ(1, 2), "standard error to /dev/null, once READY"),
	IF1(dup3, EQ(1, 1), "the same, where dup2 is dup3"),
	IF1(dup3, EQ(1, 2), "the same, where dup2 is dup3"),
	YES(rt_sigaction, "signal events"),
	YES(wait4, "children that ended"),
	YES(kill, "a child that is silent or outlived its deadline"),
	/* Files, inside the folders that Landlock leaves. */
	YES(open, "configuration, records and logs"),
	YES(openat, "configuration, records and logs"),
	YES(newfstatat, "owner and mode of a file"),
	YES(fstatat64, "owner and mode of a file"),
	YES(lstat, "rotation"),
	YES(lstat64, "rotation"),
	YES(stat, "time zone"),
	YES(stat64, "time zone"),
	YES(access, "libc"),
	YES(faccessat, "libc"),
	YES(fstat, "stdio"),
	YES(fstat64, "stdio"),
	YES(fstatfs, "whether a file is on this machine"),
	YES(fstatfs64, "whether a file is on this machine"),
	YES(statx, "age of an open file; stat(3), on 32 bits"),
	YES(lseek, "stdio"),
	YES(_llseek, "stdio"),
	YES(getdents64, "rotated files"),
	YES(rename, "rotation"),
	YES(renameat, "rotation"),
	YES(renameat2, "rotation"),
	YES(unlink, "rotation, control socket"),
	YES(unlinkat, "rotation, control socket"),
	YES(fchmod, "mode of a file"),
	YES(ftruncate, "a file begun anew"),
	YES(ftruncate64, "a file begun anew"),
	YES(geteuid, "owner of a file"),
	YES(geteuid32, "owner of a file"),
	YES(getuid, "owner of a file"),
	YES(getuid32, "owner of a file"),
	YES(getppid, "libc"),
	YES(uname, "the host's name in answers"),
	NO(readlink, "libc"),
	NO(readlinkat, "libc"),
	NO(ioctl, "is standard error a terminal"),
	NO(getcwd, "libc"),
};
TABLE(parent, parent_rules);

/* ---- launcher: own rows; its filter is inherited, so all roles' too ---- */

#define FLAG_PARENT	(CLONE_PARENT | SIGCHLD)

static const struct policy_rule launcher_rules[] = {
	/* itself */
	IF1(clone, EQ(POLICY_CLONE_FLAGS, FLAG_PARENT),
	    "a process, never a thread or a space"),
	IF1(execveat, EQ(4, AT_EMPTY_PATH), "a program that is open"),
	YES(recvmsg, "requests"),
	YES(recvfrom, "requests; a role's netlink"),
	YES(sendto, "answers; a role's netlink"),
	YES(dup3, "a child's descriptors"),
	YES(dup2, "a child's descriptors"),
	YES(close, "a child's descriptors"),
	YES(close_range, "a child's descriptors"),
	YES(fcntl, "a child's descriptors"),
	YES(fcntl64, "a child's descriptors"),
	YES(rt_sigaction, "default signals"),
	YES(sigaltstack, "last words of a child"),
	YES(getppid, "is the parent still there"),
	YES(tgkill, "last words of a child, which pins it to itself"),
	YES(write, "standard error"),
	YES(writev, "standard error"),
	/* start of a program: loader and libc */
	YES(mmap, "the loader maps code"),
	YES(mmap2, "the loader maps code"),
	YES(mprotect, "the loader seals what it relocated"),
	YES(open, "the loader"),
	YES(openat, "the loader"),
	YES(access, "the loader"),
	YES(faccessat, "the loader"),
	YES(newfstatat, "the loader"),
	YES(fstatat64, "the loader"),
	YES(statx, "the loader"),
	YES(stat, "the loader"),
	YES(stat64, "the loader"),
	YES(fstat, "the loader"),
	YES(fstat64, "the loader"),
	YES(pread64, "the loader"),
	YES(lseek, "stdio"),
	YES(_llseek, "stdio"),
	YES(readlink, "the loader"),
	YES(readlinkat, "the loader"),
	YES(arch_prctl, "thread area"),
	YES(set_thread_area, "thread area"),
	YES(set_tls, "thread area"),
	YES(set_tid_address, "libc"),
	YES(set_robust_list, "libc"),
	YES(rseq, "libc"),
	YES(prlimit64, "libc, limits of a role"),
	YES(getrlimit, "limits"),
	YES(ugetrlimit, "limits"),
	YES(setrlimit, "limits of a role"),
	YES(ioctl, "stdio; a role pins it"),
	YES(getuid, "libc"),
	YES(getuid32, "libc"),
	YES(geteuid, "libc"),
	YES(geteuid32, "libc"),
	YES(getgid, "libc"),
	YES(getgid32, "libc"),
	YES(getegid, "libc"),
	YES(getegid32, "libc"),
	YES(capget, "a role drops what is left"),
	YES(capset, "a role drops what is left"),
	/* start of a role, before its own filter */
	YES(prctl, "names, dumpable, ambient set, no_new_privs"),
	YES(seccomp, "a role's own filter"),
	YES(landlock_create_ruleset, "a role's jail"),
	YES(landlock_add_rule, "a role's jail"),
	YES(landlock_restrict_self, "a role's jail"),
	YES(epoll_create1, "event loop"),
	YES(pipe2, "event loop"),
	YES(eventfd2, "event loop"),
	YES(uname, "libpcap"),
	IF2(socket, EQ(0, AF_NETLINK), EQ(2, NETLINK_ROUTE), "rtnetlink"),
	YES(bind, "rtnetlink, packet sockets"),
	YES(getsockname, "rtnetlink"),
	YES(setsockopt, "a role pins it"),
	YES(getsockopt, "a role pins it"),
};
TABLE(launcher, launcher_rules);

/* ---- SAN=1: what AddressSanitizer asks for. Never shipped. ---- */

#ifdef NETMON_SAN
static const struct policy_rule san_rules[] = {
	YES(mmap, "shadow memory"),
	YES(mmap2, "shadow memory"),
	YES(mprotect, "shadow memory"),
	YES(madvise, "shadow memory"),
	YES(sigaltstack, "reports"),
	YES(write, "reports"),
	YES(sched_yield, "locks of the run-time"),
	YES(prlimit64, "size of the stack"),
	YES(getrlimit, "size of the stack"),
	YES(ugetrlimit, "size of the stack"),
	YES(rt_sigaction, "handlers"),
	YES(getuid, "flags"),
	YES(getuid32, "flags"),
	YES(geteuid, "flags"),
	YES(geteuid32, "flags"),
	YES(getppid, "flags"),
	YES(uname, "flags"),
};
TABLE(san, san_rules);
#define SAN	&san
#else
#define SAN	NULL
#endif

static const struct policy policies[ROLE_MAX] = {
	[ROLE_PARENT] = { .table = { &loop, &parent, SAN }, .never = MUX },
	[ROLE_LAUNCHER] = {
		.table = { &loop, &launcher, SAN },
		.heirs = { ROLE_CAPTURE, ROLE_ANALYZER, ROLE_MIRROR,
		    ROLE_CLIENT },
		.nheirs = 4,
		.never = MUX,
		.fail = true
	},
	[ROLE_CAPTURE] = {
		.table = { &loop, &soft, &parent_link, &nostat, &capture, SAN },
		.never = &kept
	},
	[ROLE_ANALYZER] = {
		.table = { &loop, &soft, &parent_link, &nostat, &analyzer,
		    SAN },
		.never = MUX
	},
	[ROLE_MIRROR] = {
		.table = { &loop, &soft, &parent_link, &fstats, &mirror, SAN },
		.never = &kept
	},
	[ROLE_CLIENT] = {
		.table = { &loop, &soft, &parent_link, &fstats, &client, SAN },
		.never = MUX
	},
	[ROLE_WEB] = {
		.table = { &loop, &soft, &parent_link, &fstats, &web, SAN },
		.never = MUX
	},
	[ROLE_WEB_ASK] = { .table = { &loop, &web_ask, SAN }, .never = MUX },
};

const struct policy *
policy_of(enum role role)
{
	if ((unsigned)role >= ROLE_MAX || policies[role].table[0] == NULL)
		return NULL;
	return &policies[role];
}
