#include <sys/resource.h>

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/vis.h"
#include "ui/client.h"
#include "ui/play.h"
#include "ui/recording.h"
#include "ui/replay.h"

#define CONNECTIONS	256
#define ANSWER_US	5000000
#define OTHER_FILES	16	/* descriptors that are no connection */

struct replay {
	bool		 dry;
	const char	*report;	/* file, NULL: none */
	FILE		*out;		/* to it */
	struct recording rec;
	struct play	 play;
};

/* ---- reports ---- */

/*
 * Closes a file, which may be told only then that it could not take all. A
 * reader of standard output that went away has what it wants.
 */
static int
written(FILE *f, const char *name)
{
	bool	 whole = fflush(f) == 0 && !ferror(f);

	if (f != stdout && fclose(f) == EOF)
		whole = false;
	if (whole || (f == stdout && errno == EPIPE))
		return 0;
	fprintf(stderr, "netmonctl: %s: %s\n", name, strerror(errno));
	return -1;
}

static uint32_t
percentile(const struct play *pl, unsigned percent)
{
	return pl->ndrift == 0 ? 0 :
	    pl->drift_us[(pl->ndrift - 1) * percent / 100];
}

static void
print_plan(const struct replay *r)
{
	const struct recording	*rec = &r->rec;
	uint64_t		 took, span;

	took = play_duration(&r->play, rec);
	span = rec->npieces == 0 ? 0 : rec->piece[rec->npieces - 1].ts_us -
	    rec->piece[0].ts_us;
	printf("records     %zu\nrequests    %" PRIu64 "\nconnections %zu\n"
	    "span        %.3f s\ngaps        %" PRIu64 "\n"
	    "duration    %.3f s\n", rec->npieces, rec->requests, rec->nconns,
	    (double)span / 1e6, rec->gaps, (double)took / 1e6);
}

static void
print_report(const struct replay *r)
{
	const struct recording	*rec = &r->rec;
	const struct play	*pl = &r->play;
	unsigned		 i;

	printf("sent        %" PRIu64 " requests, %" PRIu64 " bytes, in "
	    "%.3f s\nfailed      %" PRIu64 "\nanswers     %" PRIu64 "\n"
	    "drift       p50 %.3f ms, p95 %.3f ms\n", pl->sent, pl->sent_bytes,
	    (double)pl->took_us / 1e6, pl->failed, pl->answers,
	    (double)percentile(pl, 50) / 1e3, (double)percentile(pl, 95) / 1e3);
	printf("status      recorded    replayed\n");
	for (i = 100; i < REPLY_STATUS; i++)
		if (rec->status[i] > 0 || pl->status[i] > 0)
			printf("%-11u %8" PRIu64 "    %8" PRIu64 "\n", i,
			    rec->status[i], pl->status[i]);
}

/* Before anything is sent: a replay may take hours. */
static int
open_report(struct replay *r)
{
	if (r->report == NULL || (r->out = fopen(r->report, "we")) != NULL)
		return 0;
	fprintf(stderr, "netmonctl: %s: %s\n", r->report, strerror(errno));
	return -1;
}

static int
write_report(const struct replay *r)
{
	const struct recording	*rec = &r->rec;
	const struct play	*pl = &r->play;
	const char		*sep = "";
	FILE			*f = r->out;
	unsigned		 i;

	fprintf(f, "{\"schema\":\"netmond.replay/1\",\"records\":%zu,"
	    "\"requests\":%" PRIu64 ",\"connections\":%zu,\"gaps\":%" PRIu64
	    ",\"sent\":%" PRIu64 ",\"sent_bytes\":%" PRIu64 ",\"failed\":%"
	    PRIu64 ",\"answers\":%" PRIu64 ",\"seconds\":%.6f,"
	    "\"drift_seconds\":{\"p50\":%.6f,\"p95\":%.6f},\"status\":[",
	    rec->npieces, rec->requests, rec->nconns, rec->gaps, pl->sent,
	    pl->sent_bytes, pl->failed, pl->answers, (double)pl->took_us / 1e6,
	    (double)percentile(pl, 50) / 1e6, (double)percentile(pl, 95) / 1e6);
	for (i = 100; i < REPLY_STATUS; i++) {
		if (rec->status[i] == 0 && pl->status[i] == 0)
			continue;
		fprintf(f, "%s{\"code\":%u,\"recorded\":%" PRIu64
		    ",\"replayed\":%" PRIu64 "}", sep, i, rec->status[i],
		    pl->status[i]);
		sep = ",";
	}
	fprintf(f, "]}\n");
	return written(f, r->report);
}

static int
outcome(const struct play *pl)
{
	if (pl->sent == 0 && pl->dial_errors > 0) {
		fprintf(stderr, "netmonctl: target: %s\n",
		    strerror(pl->last_error));
		return CLIENT_AWAY;
	}
	if (pl->failed == 0)
		return 0;
	return pl->answers == 0 ? 2 : 1;
}

/* ---- options ---- */

static int
usage(void)
{
	fprintf(stderr, "usage: netmonctl replay [-n] [-c connections] "
	    "[-m maxwait] [-o report] [-x speed]\n"
	    "                        file ... host:port\n");
	return CLIENT_USAGE;
}

/* host:port, [address]:port; names are looked up. */
static int
find_target(struct replay *r, const char *text)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM }, *res;
	char		 host[256], v[1100];
	const char	*colon, *port;
	size_t		 n;
	int		 error;

	if ((colon = strrchr(text, ':')) == NULL ||
	    (n = (size_t)(colon - text)) >= sizeof(host) || n == 0)
		return usage();
	port = colon + 1;
	if (text[0] == '[' && n > 2 && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	memcpy(host, text, n);
	host[n] = '\0';
	if ((error = getaddrinfo(host, port, &hints, &res)) == 0) {
		r->play.target = res;
		return 0;
	}
	fprintf(stderr, "netmonctl: %s: %s\n", vis_str(VIS_TERM, v, sizeof(v),
	    host), gai_strerror(error));
	return CLIENT_AWAY;
}

static int
parse_speed(struct replay *r, const char *s)
{
	char	*end;

	if (strcmp(s, "max") == 0) {
		r->play.max = true;
		return 0;
	}
	r->play.speed = strtod(s, &end);
	if (*end == 'x')
		end++;
	return end == s || *end != '\0' || !(r->play.speed > 0) ||
	    r->play.speed > 1e6 ? -1 : 0;
}

static int
parse_maxwait(struct play *pl, const char *s)
{
	double	 seconds;
	char	*end;

	seconds = strtod(s, &end);
	if (end == s || *end != '\0' || !(seconds >= 0) || seconds > 1e6)
		return -1;
	pl->maxwait_us = (uint64_t)(seconds * 1e6);
	return 0;
}

static int
invalid(int ch, const char *arg, const char *want)
{
	char	 v[256];

	fprintf(stderr, "netmonctl replay: -%c %s: must be %s\n", ch,
	    vis_str(VIS_TERM, v, sizeof(v), arg), want);
	return -1;
}

static int
options(struct replay *r, int argc, char **argv)
{
	struct play	*pl = &r->play;
	const char	*error = NULL;
	int		 ch;

	pl->speed = 1;
	pl->maxwait_us = UINT64_MAX;
	pl->limit = CONNECTIONS;
	pl->answer_us = ANSWER_US;
	optind = 0;
	while ((ch = getopt(argc, argv, "+c:m:no:x:")) != -1) {
		switch (ch) {
		case 'c':
			pl->limit = (size_t)compat_strtonum(optarg, 1, 65000,
			    &error);
			if (error != NULL)
				return invalid(ch, optarg, "1 to 65000");
			break;
		case 'm':
			if (parse_maxwait(pl, optarg) == -1)
				return invalid(ch, optarg, "seconds");
			break;
		case 'n':
			r->dry = true;
			break;
		case 'o':
			r->report = optarg;
			break;
		case 'x':
			if (parse_speed(r, optarg) == -1)
				return invalid(ch, optarg, "a factor, or max");
			break;
		default:
			return -1;
		}
	}
	return optind;
}

/* As many connections as there may be descriptors; more are not asked for. */
static void
fit_descriptors(struct play *pl)
{
	struct rlimit	 l;
	rlim_t		 want = pl->limit + OTHER_FILES;

	if (getrlimit(RLIMIT_NOFILE, &l) == -1 || l.rlim_cur >= want)
		return;
	l.rlim_cur = l.rlim_max < want ? l.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &l) == -1 || l.rlim_cur >= want)
		return;
	pl->limit = l.rlim_cur > OTHER_FILES ?
	    (size_t)l.rlim_cur - OTHER_FILES : 1;
	fprintf(stderr, "netmonctl: %zu connections at a time, for more "
	    "raise the limit of open files (ulimit -n)\n", pl->limit);
}

/* What interrupts is looked at in between; the report is printed first. */
static void
run(struct replay *r)
{
	static const int	 ends[] = { SIGINT, SIGTERM };
	struct sigaction	 sa;
	sigset_t		 set;
	size_t			 i;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (i = 0; i < nitems(ends); i++)
		if (sigaction(ends[i], NULL, &sa) == 0 &&
		    sa.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	play_run(&r->play, &r->rec);
	if (r->play.interrupted)
		fprintf(stderr, "netmonctl: interrupted\n");
}

/* Ends with the signal that interrupted it. */
static void
end_by_signal(void)
{
	sigset_t	 set;

	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

int
replay_main(int argc, char **argv)
{
	struct replay	*r;
	int		 i, first, status, files;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return CLIENT_OS;
	if ((first = options(r, argc, argv)) == -1)
		return usage();
	/* A dry run needs no target. */
	files = argc - first - 1;
	if (r->dry && argc > first && access(argv[argc - 1], R_OK) == 0)
		files++;
	if (files < 1)
		return usage();
	for (i = 0; i < files; i++)
		if ((status = recording_read(&r->rec, argv[first + i])) != 0)
			return status;
	recording_arrange(&r->rec);
	if (r->dry) {
		print_plan(r);
		return written(stdout, "write") == -1 ? CLIENT_REFUSED : 0;
	}
	if ((status = find_target(r, argv[argc - 1])) != 0)
		return status;
	if (open_report(r) == -1)
		return CLIENT_REFUSED;
	fit_descriptors(&r->play);
	run(r);
	print_report(r);
	status = written(stdout, "write");
	if (r->out != NULL && write_report(r) == -1)
		status = -1;
	if (r->play.interrupted)
		end_by_signal();
	return status == -1 ? CLIENT_REFUSED : outcome(&r->play);
}
