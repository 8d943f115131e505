/*
 * measure [-p] COMMAND ...: runs it, output thrown away, and prints
 *
 *	wall seconds, CPU seconds, peak of proportional memory in MB
 *
 * of the command and all its descendants, whoever their parent is at the
 * end. Memory is sampled only with -p, because sampling costs time. Then a
 * line for each process follows: its name, seconds in user space and in the
 * kernel when it was last seen.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_US	20000
#define SEEN_MAX	64

struct seen {
	pid_t		 pid;
	char		 name[32];
	unsigned long	 ticks[2];	/* user, kernel */
};

static struct seen	 seen[SEEN_MAX];
static size_t		 nseen;

static double
seconds(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static pid_t
parent_of(pid_t pid)
{
	char	 path[64], line[512], *p;
	FILE	*f;
	int	 ppid = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) != NULL &&
	    (p = strrchr(line, ')')) != NULL &&
	    sscanf(p + 1, " %*c %d", &ppid) != 1)
		ppid = 0;
	fclose(f);
	return ppid;
}

static void
see(pid_t pid)
{
	char		 path[64], line[512], *p, *q;
	struct seen	*s;
	size_t		 i;
	FILE		*f;

	for (i = 0; i < nseen && seen[i].pid != pid; i++)
		continue;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (i == SEEN_MAX || (f = fopen(path, "r")) == NULL)
		return;
	s = &seen[i];
	if (fgets(line, sizeof(line), f) != NULL &&
	    (p = strchr(line, '(')) != NULL && (q = strrchr(p, ')')) != NULL) {
		*q = '\0';
		snprintf(s->name, sizeof(s->name), "%s", p + 1);
		if (sscanf(q + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
		    "%*u %lu %lu", &s->ticks[0], &s->ticks[1]) == 2) {
			s->pid = pid;
			nseen += i == nseen;
		}
	}
	fclose(f);
}

static uint64_t
pss_kb(pid_t pid)
{
	char			 path[64], line[256];
	unsigned long long	 kb = 0;
	FILE			*f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Pss: %llu kB", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

/* Descendants of this process: each step goes to the parent, to the top. */
static int
is_ours(pid_t pid)
{
	int	 depth;

	for (depth = 0; pid > 1 && depth < 16; depth++)
		if ((pid = parent_of(pid)) == getpid())
			return 1;
	return 0;
}

static uint64_t
sample(void)
{
	struct dirent	*e;
	DIR		*d;
	uint64_t	 kb = 0;
	pid_t		 pid;

	if ((d = opendir("/proc")) == NULL)
		return 0;
	while ((e = readdir(d)) != NULL)
		if ((pid = (pid_t)strtol(e->d_name, NULL, 10)) > 0 &&
		    is_ours(pid)) {
			kb += pss_kb(pid);
			see(pid);
		}
	closedir(d);
	return kb;
}

static void
run(char **argv)
{
	int	 fd = open("/dev/null", O_WRONLY);

	if (fd != -1)
		dup2(fd, STDOUT_FILENO);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Waits for all of them; the status of the first. */
static int
wait_all(pid_t first, int pss, uint64_t *peak)
{
	uint64_t	 kb;
	pid_t		 pid;
	int		 status, result = 0;

	for (;;) {
		pid = waitpid(-1, &status, pss ? WNOHANG : 0);
		if (pid == -1)
			return result;
		if (pid == first)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		if (pid != 0)
			continue;
		kb = sample();
		*peak = kb > *peak ? kb : *peak;
		usleep(SAMPLE_US);
	}
}

int
main(int argc, char **argv)
{
	struct rusage	 ru;
	double		 t, hz;
	uint64_t	 peak = 0;
	size_t		 i;
	pid_t		 pid;
	int		 pss, status;

	pss = argc > 1 && strcmp(argv[1], "-p") == 0;
	if (argc < 2 + pss) {
		fprintf(stderr, "usage: measure [-p] command ...\n");
		return 64;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	t = seconds();
	if ((pid = fork()) == -1) {
		perror("fork");
		return 1;
	}
	if (pid == 0)
		run(argv + 1 + pss);
	status = wait_all(pid, pss, &peak);
	t = seconds() - t;
	getrusage(RUSAGE_CHILDREN, &ru);
	printf("%.3f %.3f %.1f\n", t, (double)ru.ru_utime.tv_sec +
	    (double)ru.ru_utime.tv_usec / 1e6 + (double)ru.ru_stime.tv_sec +
	    (double)ru.ru_stime.tv_usec / 1e6, (double)peak / 1024);
	hz = (double)sysconf(_SC_CLK_TCK);
	for (i = 0; i < nseen; i++)
		printf("%s %.2f %.2f\n", seen[i].name,
		    (double)seen[i].ticks[0] / hz,
		    (double)seen[i].ticks[1] / hz);
	return status;
}
