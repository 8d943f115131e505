/*
 * netmonweb: what netmonctl(8) shows, for browsers and scrapers. Two
 * processes: one that strangers speak to (webserve.h), and this one, which
 * asks the daemon (webask.h). Neither is netmond's, nor can it change
 * anything there.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "sandbox/log.h"
#include "sandbox/policy.h"
#include "sandbox/proc.h"
#include "sandbox/vis.h"
#include "ui/webask.h"
#include "ui/webserve.h"

#define USER		"_netmonweb"
#define LISTEN		"127.0.0.1:9470"
#define BACKLOG		64
#define BIND_TRIES	20
#define BIND_MS		100
#define FD_LOWEST	16	/* below lie 0 to 3 */

struct web {
	struct webask_conf ask;
	struct webserve_conf serve;
	const char	*user;
	const char	*group;
	char		 node[2][sizeof(((struct utsname *)0)->nodename)];
	const char	*outside;	/* -l that leads beyond this machine */
};

static void
usage(void)
{
	fprintf(stderr, "usage: netmonweb [-V] [-a network] [-f history] "
	    "[-g group]\n    [-l address:port] [-n name] [-s socket] "
	    "[-u user]\n");
	exit(EX_USAGE);
}

static void
bad(const char *option, const char *arg, const char *want)
{
	char	 v[256];

	fprintf(stderr, "netmonweb: %s %s: %s\n", option,
	    vis_str(VIS_TERM, v, sizeof(v), arg), want);
	exit(EX_USAGE);
}

/* A log that nobody reads any more must not stop us: its line is lost. */
static void
say(enum log_level level, const char *line, void *arg)
{
	struct pollfd	 p = { .fd = STDERR_FILENO, .events = POLLOUT };
	const char	*name = arg;

	(void)level;
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0)
		dprintf(STDERR_FILENO, "%s: %s\n", name, line);
}

/* ---- options ---- */

static void
add_net(struct web *w, const char *arg)
{
	struct webserve_net	*n = &w->serve.net[w->serve.nnets];

	if (w->serve.nnets == WEBSERVE_NETS_MAX)
		bad("-a", arg, "more networks than there may be");
	if (addr_parse_net(arg, &n->addr, &n->bits) == -1)
		bad("-a", arg, "must be an address, or a network like "
		    "192.168.1.0/24");
	w->serve.nnets++;
}

/* A name that no request has would refuse all and not say why. */
static void
add_name(struct web *w, const char *arg)
{
	const size_t	 n = strlen(arg);

	if (n == 0 || strpbrk(arg, ":/") != NULL || arg[n - 1] == '.')
		bad("-n", arg, "must be a name like fw1.example, without a "
		    "port");
	if (w->serve.nnames == WEBSERVE_NAMES_MAX - nitems(w->node))
		bad("-n", arg, "more names than there may be");
	w->serve.name[w->serve.nnames++] = arg;
}

static bool
is_loopback(const struct addr *a)
{
	struct addr	 net;
	unsigned	 bits;

	return (addr_parse_net("127.0.0.0/8", &net, &bits) == 0 &&
	    addr_in(a, &net, bits)) ||
	    (addr_parse_net("::1", &net, &bits) == 0 && addr_in(a, &net, bits));
}

static socklen_t
to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss)
{
	struct sockaddr_in	 in = { .sin_family = AF_INET };
	struct sockaddr_in6	 in6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof(*ss));
	if (addr_is4(&e->addr)) {
		in.sin_port = htons(e->port);
		memcpy(&in.sin_addr, e->addr.b + 12, 4);
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
	in6.sin6_port = htons(e->port);
	memcpy(&in6.sin6_addr, e->addr.b, sizeof(in6.sin6_addr));
	memcpy(ss, &in6, sizeof(in6));
	return sizeof(in6);
}

/* Out of the way of the numbers that a jail knows. */
static int
lift(int fd)
{
	int	 new = fcntl(fd, F_DUPFD_CLOEXEC, FD_LOWEST);

	if (new == -1)
		fatal("descriptors");
	close(fd);
	return new;
}

/* The server of one that has just ended may take a moment to be gone. */
static int
bind_soon(int fd, const struct sockaddr *sa, socklen_t len)
{
	unsigned	 tries = 0;

	while (bind(fd, sa, len) == -1) {
		if (errno != EADDRINUSE || ++tries == BIND_TRIES)
			return -1;
		(void)poll(NULL, 0, BIND_MS);
	}
	return 0;
}

static void
add_listen(struct web *w, const char *arg)
{
	struct sockaddr_storage	 ss;
	struct endpoint		 e;
	socklen_t		 len;
	const int		 one = 1;
	int			 fd;

	if (w->serve.nlisten == WEBSERVE_LISTEN_MAX)
		bad("-l", arg, "more addresses than there may be");
	if (endpoint_parse(arg, &e) == -1 || e.port == 0)
		bad("-l", arg, "must be an address and a port, like "
		    LISTEN " or [::1]:9470");
	len = to_sockaddr(&e, &ss);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		fatal("%s", arg);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ==
	    -1 || (ss.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &one, sizeof(one)) == -1) ||
	    bind_soon(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, BACKLOG) == -1)
		fatal("%s", arg);
	w->serve.listen[w->serve.nlisten++] = lift(fd);
	if (!is_loopback(&e.addr))
		w->outside = arg;
}

/* This machine's own names: with the domain and without. */
static void
add_own_names(struct web *w)
{
	struct utsname	 u;
	char		*dot;
	size_t		 i;

	if (uname(&u) == -1)
		return;
	for (i = 0; i < nitems(w->node); i++) {
		compat_strlcpy(w->node[i], u.nodename, sizeof(w->node[i]));
		if (i == 1 && (dot = strchr(w->node[i], '.')) != NULL)
			*dot = '\0';
		w->serve.name[w->serve.nnames++] = w->node[i];
	}
}

/* We go to / and a jail opens a folder there. */
static const char *
whole_path(const char *option, const char *arg)
{
	if (*arg != '/')
		bad(option, arg, "must be a path that begins with /");
	return arg;
}

static void
parse(struct web *w, int argc, char **argv)
{
	const char	*listens[WEBSERVE_LISTEN_MAX] = { LISTEN };
	size_t		 i, n = 0;
	int		 ch;

	while ((ch = getopt(argc, argv, "a:f:g:l:n:s:u:V")) != -1) {
		switch (ch) {
		case 'a':
			add_net(w, optarg);
			break;
		case 'f':
			w->ask.history = whole_path("-f", optarg);
			break;
		case 'g':
			w->group = optarg;
			break;
		case 'l':
			if (n == nitems(listens))
				bad("-l", optarg,
				    "more addresses than there may be");
			listens[n++] = optarg;
			break;
		case 'n':
			add_name(w, optarg);
			break;
		case 's':
			w->ask.socket = whole_path("-s", optarg);
			break;
		case 'u':
			w->user = optarg;
			break;
		case 'V':
			printf("netmonweb %s\n", NETMON_VERSION);
			exit(fflush(stdout) == 0 ? 0 : 1);
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	for (i = 0; i < (n == 0 ? 1 : n); i++)
		add_listen(w, listens[i]);
}

/* ---- start ---- */

/* Without -a whoever is on this machine may look, and nobody else. */
static void
check_who_may(struct web *w)
{
	if (w->serve.nnets > 0)
		return;
	if (w->outside != NULL)
		bad("-l", w->outside, "leads beyond this machine: say with -a "
		    "who may look, like -a 192.168.1.0/24");
	add_net(w, "127.0.0.0/8");
	add_net(w, "::1");
}

/* Started by root: a user of our own, and the group that may ask netmond. */
static void
become(const struct web *w)
{
	struct passwd	*pw;
	struct group	*gr;
	gid_t		 group;

	if (geteuid() != 0)
		return;
	if ((gr = getgrnam(w->group)) == NULL)
		fatalx("group %s: no such group; it is that of netmond's "
		    "control socket, see -g", w->group);
	group = gr->gr_gid;
	if ((pw = getpwnam(w->user)) == NULL)
		fatalx("user %s: no such user; create it with `useradd -r -M "
		    "-s /usr/sbin/nologin %s` or name another with -u",
		    w->user, w->user);
	if (pw->pw_uid == 0)
		fatalx("user %s: must not be root", w->user);
	if (setgroups(1, &group) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("user %s", w->user);
}

/* What strangers speak to ends with us. */
static void
serve(const struct web *w, int fd, pid_t parent)
{
	static char	 name[] = "netmonweb: server";

	log_init(say, name);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 ||
	    getppid() != parent)
		_exit(1);
	if (dup2(fd, POLICY_FD_PARENT) == -1 ||
	    fcntl(POLICY_FD_PARENT, F_SETFL, O_NONBLOCK) == -1)
		fatal("descriptors");
	close(fd);
	_exit(webserve_run(&w->serve));
}

int
main(int argc, char **argv)
{
	static struct web	 w;
	static char		 name[] = "netmonweb";
	pid_t			 self, pid;
	size_t			 i;
	int			 fd[2], status;

	proc_standard_fds();
	/* What our starter left open, the lock of a script say. */
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
	log_init(say, name);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	w.ask.socket = CONF_SOCKET;
	w.ask.history = CONF_HISTORY;
	w.user = USER;
	w.group = CONF_USER;
	parse(&w, argc, argv);
	check_who_may(&w);
	add_own_names(&w);
	w.ask.node = w.serve.node = w.node[1];
	become(&w);
	if (chdir("/") == -1 || socketpair(AF_UNIX, SOCK_SEQPACKET |
	    SOCK_CLOEXEC, 0, fd) == -1)
		fatal("start");
	fd[0] = lift(fd[0]);
	fd[1] = lift(fd[1]);
	self = getpid();
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		close(fd[0]);
		serve(&w, fd[1], self);
	}
	close(fd[1]);
	for (i = 0; i < w.serve.nlisten; i++)
		close(w.serve.listen[i]);
	w.ask.fd = fd[0];
	status = webask_run(&w.ask);
	log_warnx("the process that serves is gone");
	return status == 0 ? 1 : status;
}
