#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/launcher.h"
#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/frame.h"
#include "sandbox/jail.h"
#include "sandbox/log.h"
#include "sandbox/msg.h"
#include "sandbox/policy.h"
#include "sandbox/proc.h"
#include "sandbox/shm.h"

#define FD_KEPT		16	/* the launcher's own lie from here on */
#define FD_SEARCHED	256
#define FILES_LEAST	34	/* FD_KEPT and what is moved there */
#define TITLE		"netmond: launcher"

/* Which program a role is, and where it lies when installed. */
static const struct {
	enum role	 role;
	const char	*file;
	bool		 beside;	/* netmond too, also installed */
} programs[] = {
	{ ROLE_CAPTURE,	 "netmond-capture",	false },
	{ ROLE_ANALYZER, "netmond-analyzer",	false },
	{ ROLE_MIRROR,	 "netmond-mirror",	false },
	{ ROLE_CLIENT,	 "netmonctl",		true },
};

/* What a child finds on 4 to 7; ends are indices into links.end. */
enum link_end { CAPTURE_ANALYZER, ANALYZER_CAPTURE, ANALYZER_MIRROR,
	MIRROR_ANALYZER, PACKETS_SHM, STREAMS_SHM, LINK_ENDS };

struct ends {
	int		 parent[ROLE_MAX];	/* the child's end of 3 */
	int		 end[LINK_ENDS];
	int		 null;
	pid_t		 netmond;
	const struct priv *priv;
};

/* ---- before the drop of privileges ---- */

static int
own_folder(char *dir, size_t size)
{
	char	*slash;
	ssize_t	 n;

	n = readlink("/proc/self/exe", dir, size - 1);
	if (n <= 0)
		return -1;
	dir[n] = '\0';
	if ((slash = strrchr(dir, '/')) == NULL)
		return -1;
	*slash = '\0';
	return 0;
}

static int
open_program(const char *dir, const char *file)
{
	char	 path[CONF_PATH_MAX * 2];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, file) >=
	    sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_PATH | O_CLOEXEC);
}

/* Later each process has a limit of its own; until then this must do. */
static int
raise_files(char *why, size_t size)
{
	struct rlimit	 rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur >= FILES_LEAST)
		return 0;
	if (rl.rlim_max >= FILES_LEAST) {
		rl.rlim_cur = FILES_LEAST;
		if (setrlimit(RLIMIT_NOFILE, &rl) == 0)
			return 0;
	}
	snprintf(why, size, "at most %u files may be open, the start needs "
	    "%u: raise the limit of open files (ulimit -n; LimitNOFILE= of a "
	    "unit)", (unsigned)rl.rlim_max, FILES_LEAST);
	return -1;
}

int
launcher_open(struct launcher *l, char *why, size_t size)
{
	char		 dir[CONF_PATH_MAX];
	const char	*where;
	bool		 tree;
	size_t		 i;
	int		 fd;

	memset(l, 0, sizeof(*l));
	l->fd = -1;
	for (i = 0; i < ROLE_MAX; i++)
		l->channel[i] = l->program[i] = -1;
	if (raise_files(why, size) == -1)
		return -1;
	if (own_folder(dir, sizeof(dir)) == -1) {
		snprintf(why, size, "/proc/self/exe: %s, is /proc mounted?",
		    strerror(errno));
		return -1;
	}
	fd = open_program(dir, programs[0].file);
	if ((tree = fd != -1))
		close(fd);
	for (i = 0; i < nitems(programs); i++) {
		where = tree || programs[i].beside ? dir : NETMON_LIBEXEC;
		fd = open_program(where, programs[i].file);
		if (fd == -1) {
			snprintf(why, size, "%s/%s: %s", where,
			    programs[i].file, strerror(errno));
			return -1;
		}
		l->program[programs[i].role] = fd;
	}
	return 0;
}

/* ---- the launcher: a child of it, before exec ---- */

/*
 * What a terminal sends goes to all of us and stays ignored, as here: a
 * child ends when its parent says so or is gone. The renderer has the report
 * still to write then.
 */
static void
default_signals(void)
{
	static const int	 signals[] = { SIGPIPE, SIGCHLD };
	sigset_t		 none;
	size_t			 i;

	for (i = 0; i < nitems(signals); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
place(int fd, int number)
{
	return dup2(fd, number) == number ? 0 : -1;
}

static int
place_links(const struct ends *e, enum role role)
{
	static const struct {
		enum role	 role;
		int		 fd;
		enum link_end	 end;
	} links[] = {
		{ ROLE_CAPTURE,	 PROC_FD_LINK1,	CAPTURE_ANALYZER },
		{ ROLE_ANALYZER, PROC_FD_LINK1,	ANALYZER_CAPTURE },
		{ ROLE_ANALYZER, PROC_FD_LINK2,	ANALYZER_MIRROR },
		{ ROLE_MIRROR,	 PROC_FD_LINK1,	MIRROR_ANALYZER },
		{ ROLE_CAPTURE,	 PROC_FD_SHM1,	PACKETS_SHM },
		{ ROLE_ANALYZER, PROC_FD_SHM1,	PACKETS_SHM },
		{ ROLE_ANALYZER, PROC_FD_SHM2,	STREAMS_SHM },
		{ ROLE_MIRROR,	 PROC_FD_SHM1,	STREAMS_SHM },
	};
	size_t	 i;

	if (place(e->parent[role], PROC_FD_PARENT) == -1)
		return -1;
	for (i = 0; i < nitems(links); i++)
		if (links[i].role == role && e->end[links[i].end] != -1 &&
		    place(e->end[links[i].end], links[i].fd) == -1)
			return -1;
	return 0;
}

static int
place_null(const struct ends *e)
{
	int	 fd, last = STDERR_FILENO;

#if defined(NETMON_SAN) || defined(NETMON_JAIL_TRAP)
	last = STDOUT_FILENO;		/* their reports */
#endif
	for (fd = STDIN_FILENO; fd <= last; fd++)
		if (place(e->null, fd) == -1)
			return -1;
	return 0;
}

/* The renderer keeps descriptors 0 to 2; a role gets /dev/null. */
static int
place_standard(const struct launcher *l, const struct ends *e, enum role role)
{
	if (role != ROLE_CLIENT)
		return place_null(e);
	return l->aside ? place(STDERR_FILENO, STDOUT_FILENO) : 0;
}

static void
start_program(const struct launcher *l, const struct ends *e,
    const struct msg_launch *m)
{
	static char	 empty[] = "", s_opt[] = "-s", s_fd[] = "fd:3";
	static char	 report[] = "report";
	static char	 forms[][8] = {
		[LAUNCHER_TEXT]	= "text",
		[LAUNCHER_JSON]	= "json",
		[LAUNCHER_CSV]	= "csv",
		[LAUNCHER_HTML]	= "html"
	};
	char		 title[32], generation[16];
	char		*role_argv[] = { title, generation, NULL };
	char		*client_argv[] = { title, s_opt, s_fd, report,
			    forms[l->form], NULL };
	/* Connections by the million want large pages (malloc, glibc 2.35). */
	static char	 large[] = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1";
	char		*own_env[] = { l->large && m->role == ROLE_ANALYZER ?
			    large : NULL, NULL };
	char		**env = own_env;

#if defined(NETMON_SAN)
	env = environ;
#endif
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 ||
	    getppid() != e->netmond)
		return;
	default_signals();
	if (m->role != ROLE_CAPTURE && priv_role(false) == -1)
		return;
	if (place_links(e, m->role) == -1 ||
	    place_standard(l, e, m->role) == -1)
		return;
	snprintf(title, sizeof(title), "netmond: %s", role_name(m->role));
	snprintf(generation, sizeof(generation), "%u", m->generation);
	syscall(SYS_execveat, l->program[m->role], empty,
	    m->role == ROLE_CLIENT ? client_argv : role_argv, env,
	    AT_EMPTY_PATH);
}

/* ---- the launcher itself ---- */

static int32_t
launch(const struct launcher *l, const struct ends *e,
    const struct msg_launch *m)
{
	long	 pid, start[2] = { 0, 0 };

	if (m->role >= ROLE_MAX || l->program[m->role] == -1 ||
	    m->generation == 0)
		return -EINVAL;
	start[POLICY_CLONE_FLAGS] = CLONE_PARENT | SIGCHLD;
	pid = syscall(SYS_clone, start[0], start[1], NULL, NULL, NULL);
	if (pid == -1)
		return -errno;
	if (pid == 0) {
		start_program(l, e, m);
		_exit(126);
	}
	return (int32_t)pid;
}

static void
answer(int fd, const struct msg_launch *m, int32_t pid)
{
	struct msg_launched	 r;
	struct frame		 f;
	struct buf		 b;
	uint8_t			 out[FRAME_HDR + 64];

	r.role = m->role;
	r.generation = m->generation;
	r.pid = pid;
	buf_writer(&b, out + FRAME_HDR, sizeof(out) - FRAME_HDR);
	msg_put_launched(&b, &r);
	memset(&f, 0, sizeof(f));
	f.type = MSG_LAUNCHED;
	frame_put_header(out, &f, b.len);
	if (send(fd, out, FRAME_HDR + b.len, MSG_NOSIGNAL) == -1)
		_exit(1);
}

static void
serve(const struct launcher *l, const struct ends *e, int fd)
{
	struct msg_launch	 m;
	struct pollfd		 p;
	struct frame		 f;
	uint8_t			 in[FRAME_HDR + 64];
	ssize_t			 n;

	for (;;) {
		p.fd = fd;
		p.events = POLLIN;
		if (poll(&p, 1, -1) == -1 && errno != EINTR)
			_exit(1);
		n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			_exit(0);	/* the parent is gone */
		if (frame_get(&f, in, (size_t)n) == -1 ||
		    f.type != MSG_LAUNCH ||
		    msg_get_launch(&f.body, &m) == -1)
			_exit(1);
		answer(fd, &m, launch(l, e, &m));
	}
}

/* Moves a descriptor out of the way of 0 to 7. */
static int
lift(int *fd)
{
	int	 new;

	if (*fd == -1)
		return 0;
	if ((new = fcntl(*fd, F_DUPFD_CLOEXEC, FD_KEPT)) == -1)
		return -1;
	close(*fd);
	*fd = new;
	return 0;
}

static int
lift_all(struct launcher *l, struct ends *e, int *request)
{
	size_t	 i;

	for (i = 0; i < ROLE_MAX; i++)
		if (lift(&l->program[i]) == -1 || lift(&e->parent[i]) == -1)
			return -1;
	for (i = 0; i < LINK_ENDS; i++)
		if (lift(&e->end[i]) == -1)
			return -1;
	return lift(&e->null) == -1 || lift(request) == -1 ? -1 : 0;
}

static bool
is_ours(const struct launcher *l, const struct ends *e, int request, int fd)
{
	size_t	 i;

	for (i = 0; i < ROLE_MAX; i++)
		if (fd == l->program[i] || fd == e->parent[i])
			return true;
	for (i = 0; i < LINK_ENDS; i++)
		if (fd == e->end[i])
			return true;
	return fd == e->null || fd == request;
}

/* The parent's own descriptors (its listening socket) are not for us. */
static void
close_strangers(const struct launcher *l, const struct ends *e, int request)
{
	int	 fd;

	for (fd = STDERR_FILENO + 1; fd < FD_SEARCHED; fd++)
		if (!is_ours(l, e, request, fd))
			close(fd);
}

static void
show_title(int argc, char **argv)
{
	char	*end;
	size_t	 room;

	prctl(PR_SET_NAME, "netmond-launch");
	if (argc < 1)
		return;
	end = argv[argc - 1] + strlen(argv[argc - 1]);
	room = (size_t)(end - argv[0]);
	memset(argv[0], 0, room);
	compat_strlcpy(argv[0], TITLE, room);
}

static void
launcher_main(struct launcher *l, struct ends *e, int request, int argc,
    char **argv)
{
	static const int	 ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE
	};
	struct jail		 j;
	char			 why[160];
	size_t			 i;

	log_procinit("launcher");
	for (i = 0; i < nitems(ignored); i++)
		signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 ||
	    getppid() != e->netmond)
		_exit(1);
	if (lift_all(l, e, &request) == -1)
		fatal("launcher: descriptors");
	close_strangers(l, e, request);
	if (chdir("/") == -1 || priv_launcher(e->priv) == -1)
		fatal("launcher: privileges");
	memset(&j, 0, sizeof(j));
	j.role = ROLE_LAUNCHER;
	if (jail_enter(&j, why, sizeof(why)) == -1)
		fatalx("launcher: %s", why);
	/* A pipe there ends for its reader when all have let go of it. */
	if (l->background && place_null(e) == -1)
		fatal("launcher: descriptors");
	show_title(argc, argv);
	serve(l, e, request);
}

/* ---- the fork ---- */

static int
pair(int *a, int *b)
{
	int	 fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, fd) == -1)
		return -1;
	*a = fd[0];
	*b = fd[1];
	return 0;
}

/* Errors of the start that the administrator can do something about. */
static int
say_why(const char *what, const char *advice, char *why, size_t size)
{
	snprintf(why, size, "launcher: %s: %s%s", what, strerror(errno),
	    advice);
	return -1;
}

static int
make_pairs(struct launcher *l, struct ends *e, int *request)
{
	size_t	 i;

	for (i = 0; i < ROLE_MAX; i++)
		e->parent[i] = -1;
	for (i = 0; i < nitems(programs); i++)
		if (pair(&l->channel[programs[i].role],
		    &e->parent[programs[i].role]) == -1)
			return -1;
	if (pair(&e->end[CAPTURE_ANALYZER], &e->end[ANALYZER_CAPTURE]) == -1 ||
	    pair(&e->end[ANALYZER_MIRROR], &e->end[MIRROR_ANALYZER]) == -1 ||
	    pair(&l->fd, request) == -1)
		return -1;
	return 0;
}

/* A limit of the size of files holds for memory, too (setrlimit(2)). */
static void
make_shared(struct ends *e)
{
	e->end[PACKETS_SHM] = shm_create();
	e->end[STREAMS_SHM] = shm_create();
	if (e->end[PACKETS_SHM] == -1 || e->end[STREAMS_SHM] == -1)
		log_warn("launcher: no shared memory, sockets carry all, "
		    "slower");
}

int
launcher_fork(struct launcher *l, const struct priv *priv, int argc,
    char **argv, char *why, size_t size)
{
	struct ends	 e;
	size_t		 i;
	int		 request;

	e.netmond = getpid();
	e.priv = priv;
	if (make_pairs(l, &e, &request) == -1)
		return say_why("socket pairs", "", why, size);
	make_shared(&e);
	if ((e.null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return say_why("/dev/null", "", why, size);
	if ((l->pid = fork()) == -1)
		return say_why("fork", ", raise its limit of processes", why,
		    size);
	if (l->pid == 0) {
		launcher_main(l, &e, request, argc, argv);
		_exit(1);
	}
	close(request);
	close(e.null);
	for (i = 0; i < ROLE_MAX; i++) {
		if (e.parent[i] != -1)
			close(e.parent[i]);
		if (l->program[i] != -1)
			close(l->program[i]);
		l->program[i] = -1;
	}
	for (i = 0; i < LINK_ENDS; i++)
		if (e.end[i] != -1)
			close(e.end[i]);
	return 0;
}
