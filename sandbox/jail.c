#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/jail.h"
#include "sandbox/policy.h"

/* Landlock's kernel interface; older headers lack half of it. */
#define LL_VERSION		1		/* flag of create_ruleset */
#define LL_RULE_PATH		1
#define LL_RULE_PORT		2
#define LL_FS_WRITE_FILE	(1ULL << 1)
#define LL_FS_READ_FILE		(1ULL << 2)
#define LL_FS_READ_DIR		(1ULL << 3)
#define LL_FS_REMOVE_FILE	(1ULL << 5)
#define LL_FS_MAKE_REG		(1ULL << 8)
#define LL_FS_MAKE_SOCK		(1ULL << 9)
#define LL_FS_REFER		(1ULL << 13)
#define LL_FS_TRUNCATE		(1ULL << 14)
#define LL_NET_BIND		(1ULL << 0)
#define LL_NET_CONNECT		(1ULL << 1)
#define LL_SCOPE_ABSTRACT	(1ULL << 0)
#define LL_SCOPE_SIGNAL		(1ULL << 1)

#define LL_FS_LOOK	(LL_FS_READ_FILE | LL_FS_READ_DIR)
#define LL_FS_CHANGE	(LL_FS_LOOK | LL_FS_WRITE_FILE | LL_FS_REMOVE_FILE | \
			LL_FS_MAKE_REG | LL_FS_MAKE_SOCK | LL_FS_REFER | \
			LL_FS_TRUNCATE)

#define MEMORY_DEFAULT	(8ULL << 30)
#define FILES_OTHER	4096
#define FILES_WEB	256	/* connections and pages, and some */

struct ll_ruleset {
	uint64_t	 fs;
	uint64_t	 net;
	uint64_t	 scoped;
};

struct ll_path {
	uint64_t	 access;
	int32_t		 fd;
} __attribute__((__packed__));

struct ll_port {
	uint64_t	 access;
	uint64_t	 port;
};

int
jail_landlock_abi(void)
{
	long	 abi;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_VERSION);
	return abi > 0 ? (int)abi : 0;
}

/* The file accesses that this ABI knows. */
static uint64_t
fs_accesses(int abi)
{
	static const unsigned	 bits[] = { 0, 13, 14, 15, 15, 16 };

	if ((size_t)abi >= nitems(bits))
		abi = nitems(bits) - 1;
	return (1ULL << bits[abi]) - 1;
}

static int
add_roots(int rules, const struct jail *j, int abi)
{
	struct ll_path	 p;
	struct stat	 st;
	size_t		 i;
	int		 r;

	for (i = 0; i < j->nroots; i++) {
		p.fd = open(j->roots[i].path, O_PATH | O_CLOEXEC);
		if (p.fd == -1)
			continue;
		p.access = j->roots[i].write ? LL_FS_CHANGE : LL_FS_LOOK;
		if (fstat(p.fd, &st) == -1 || !S_ISDIR(st.st_mode))
			p.access &= LL_FS_READ_FILE | LL_FS_WRITE_FILE |
			    LL_FS_TRUNCATE;
		p.access &= fs_accesses(abi);
		r = (int)syscall(SYS_landlock_add_rule, rules, LL_RULE_PATH,
		    &p, 0);
		close(p.fd);
		if (r == -1)
			return -1;
	}
	return 0;
}

static int
add_ports(int rules, const struct jail *j)
{
	struct ll_port	 p;
	size_t		 i;

	for (i = 0; i < j->nports; i++) {
		p.access = LL_NET_CONNECT;
		p.port = j->ports[i];
		if (syscall(SYS_landlock_add_rule, rules, LL_RULE_PORT, &p,
		    0) == -1)
			return -1;
	}
	if (j->role != ROLE_MIRROR)
		return 0;
	p.access = LL_NET_BIND;		/* the kernel chooses the port */
	p.port = 0;
	return (int)syscall(SYS_landlock_add_rule, rules, LL_RULE_PORT, &p, 0);
}

/* Best effort: a kernel without Landlock leaves j->landlock at 0. */
static int
landlock(struct jail *j)
{
	struct ll_ruleset	 set;
	size_t			 size = sizeof(set.fs);
	int			 abi, rules, r;

	if ((abi = jail_landlock_abi()) == 0)
		return 0;
	memset(&set, 0, sizeof(set));
	set.fs = fs_accesses(abi);
	if (abi >= 4) {
		size += sizeof(set.net);
		set.net = LL_NET_BIND;
		if (!j->any_port)
			set.net |= LL_NET_CONNECT;
	}
	if (abi >= 6) {
		size += sizeof(set.scoped);
		set.scoped = LL_SCOPE_ABSTRACT | LL_SCOPE_SIGNAL;
		if (j->role == ROLE_PARENT)	/* children, service manager */
			set.scoped = 0;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (rules == -1)
		return -1;
	r = add_roots(rules, j, abi);
	if (r == 0 && abi >= 4)
		r = add_ports(rules, j);
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	if (r == 0)
		j->landlock = abi;
	return r;
}

static int
limit(int what, rlim_t most)
{
	struct rlimit	 rl;

	if (getrlimit(what, &rl) == -1)
		return -1;
	if (rl.rlim_max != RLIM_INFINITY && rl.rlim_max < most)
		most = rl.rlim_max;
	rl.rlim_cur = rl.rlim_max = most;
	return setrlimit(what, &rl);
}

static int
limits(const struct jail *j)
{
	rlim_t	 files = FILES_OTHER;

	/* two for each interface; the launcher's limit is inherited */
	if (j->role == ROLE_CAPTURE || j->role == ROLE_LAUNCHER)
		files = POLICY_FILES_CAPTURE;
	if (j->role == ROLE_WEB)
		files = FILES_WEB;
	if (limit(RLIMIT_CORE, 0) == -1 || limit(RLIMIT_NOFILE, files) == -1)
		return -1;
	if (j->role == ROLE_LAUNCHER)
		return 0;
	if (limit(RLIMIT_NPROC, 0) == -1)
		return -1;
#ifndef NETMON_SAN
	/* Sanitizers map terabytes, and write their reports to a file. */
	if (limit(RLIMIT_AS, j->memory == 0 ? MEMORY_DEFAULT : j->memory) ==
	    -1)
		return -1;
	if (j->data != 0 && limit(RLIMIT_DATA, j->data) == -1)
		return -1;
	if (j->role == ROLE_CAPTURE || j->role == ROLE_ANALYZER)
		return limit(RLIMIT_FSIZE, 0);
#endif
	return 0;
}

/* ---- SAN=1 ---- */

#ifdef NETMON_SAN
/*
 * Leaks are looked for by a traced clone, which no jail allows: unit tests
 * do that. A finding aborts, so that it is told as the loss of a child.
 */
#define SAN_OPTIONS	"detect_leaks=0:abort_on_error=1:symbolize=0:" \
			"color=never:print_stacktrace=1"

const char	*__asan_default_options(void);
const char	*__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
	return SAN_OPTIONS;
}

const char *
__ubsan_default_options(void)
{
	return SAN_OPTIONS;
}
#endif

/* ---- the filter ---- */

static int
add_rule(scmp_filter_ctx ctx, const struct policy_rule *r, uint32_t act)
{
	struct scmp_arg_cmp	 cmp[POLICY_ARGS_MAX];
	unsigned		 i;
	int			 e;

	for (i = 0; i < r->nargs; i++) {
		cmp[i].arg = r->args[i].arg;
		cmp[i].op = r->args[i].op;
		cmp[i].datum_a = r->args[i].a;
		cmp[i].datum_b = r->args[i].b;
		if (r->args[i].op == SCMP_CMP_EQ &&
		    r->args[i].a == POLICY_OWN_PID)
			cmp[i].datum_a = (uint64_t)getpid();
	}
	e = seccomp_rule_add_array(ctx, act, r->call, r->nargs, cmp);
	/* A row twice, or one that equals the default action. */
	if (e == -EEXIST || e == -EACCES)
		return 0;
	errno = -e;
	return e == 0 ? 0 : -1;
}

static int
add_policy(scmp_filter_ctx ctx, const struct policy *p, bool only_allow)
{
	const struct policy_rule	*r;
	size_t				 t, i;

	for (t = 0; t < POLICY_TABLES_MAX && p->table[t] != NULL; t++) {
		for (i = 0; i < p->table[t]->n; i++) {
			r = &p->table[t]->rules[i];
			if (only_allow && r->act != POLICY_ALLOW)
				continue;
			if (add_rule(ctx, r, r->act == POLICY_ALLOW ?
			    SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES)) == -1)
				return -1;
		}
	}
	return 0;
}

#ifdef NETMON_JAIL_TRAP
/* JAIL=trap: a violation is told by name and the call fails with ENOSYS. */

#define TRAP_CALLS	512

static struct {
	char	 name[TRAP_CALLS][24];
	char	 role[16];
} trap;

static void
say(const char *s)
{
	ssize_t	 n;

	n = write(STDERR_FILENO, s, strlen(s));
	(void)n;
}

static void
on_sigsys(int sig, siginfo_t *si, void *context)
{
	ucontext_t	*uc = context;

	(void)sig;
	say(trap.role);
	say(": jail: ");
	say(si->si_syscall >= 0 && si->si_syscall < TRAP_CALLS ?
	    trap.name[si->si_syscall] : "call of another ABI");
	say("\n");
#ifdef __x86_64__
	uc->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#else
	(void)uc;
	_exit(159);
#endif
}

static uint32_t
default_action(const struct policy *p, enum role role)
{
	struct sigaction	 sa;
	char			*name;
	int			 i;

	if (p->fail)
		return SCMP_ACT_ERRNO(EPERM);
	snprintf(trap.role, sizeof(trap.role), "%s", role_name(role));
	for (i = 0; i < TRAP_CALLS; i++) {
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
		snprintf(trap.name[i], sizeof(trap.name[i]), "%s",
		    name == NULL ? "unknown call" : name);
		free(name);
	}
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_sigsys;
	sa.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(SIGSYS, &sa, NULL);
	return SCMP_ACT_TRAP;
}
#else
static uint32_t
default_action(const struct policy *p, enum role role)
{
	(void)role;
	return p->fail ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
}
#endif

static int
load_context(scmp_filter_ctx ctx)
{
	int	 e;

	if ((e = seccomp_load(ctx)) == 0)
		return 0;
	errno = -e;
	return -1;
}

/* Of two filters the stricter holds. This one first: the other forbids it. */
static int
load_never(const struct policy_table *never, uint32_t end)
{
	scmp_filter_ctx	 ctx;
	size_t		 i;
	int		 r = -1;

	if (never == NULL)
		return 0;
	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) == NULL)
		return -1;
	for (i = 0; i < never->n; i++)
		if (add_rule(ctx, &never->rules[i], end) == -1)
			goto done;
	r = load_context(ctx);
 done:
	seccomp_release(ctx);
	return r;
}

static int
load_filter(const struct policy *p, enum role role)
{
	scmp_filter_ctx	 ctx;
	uint32_t	 end = default_action(p, role);
	size_t		 i;
	int		 r = -1;

	if (load_never(p->never, end) == -1 ||
	    (ctx = seccomp_init(end)) == NULL)
		return -1;
	if (add_policy(ctx, p, false) == -1)
		goto done;
	for (i = 0; i < p->nheirs; i++)
		if (add_policy(ctx, policy_of(p->heirs[i]), true) == -1)
			goto done;
	r = load_context(ctx);
 done:
	seccomp_release(ctx);
	return r;
}

/* personality(2) always succeeds, unless our filter is in force. */
static int
self_test(void)
{
	if (syscall(SYS_personality, 0xffffffffUL) != -1) {
		errno = ENOTSUP;
		return -1;
	}
	return 0;
}

int
jail_enter(struct jail *j, char *why, size_t size)
{
	const struct policy	*p;
	const char		*step;

	if ((p = policy_of(j->role)) == NULL) {
		snprintf(why, size, "jail: no policy for this role");
		errno = EINVAL;
		return -1;
	}
	tzset();
	j->landlock = 0;
	step = "limits";
	if (limits(j) == -1)
		goto fail;
	/* The launcher's is inherited by roles that still must start. */
	step = "landlock";
	if (j->role != ROLE_LAUNCHER && landlock(j) == -1)
		goto fail;
	step = "filter";
	if (load_filter(p, j->role) == -1)
		goto fail;
	step = "self-test";
	if (self_test() == -1)
		goto fail;
	return 0;
 fail:
	snprintf(why, size, "jail: %s: %s", step, strerror(errno));
	return -1;
}
