/*
 * clock_step: a wall clock that a test can set, for the processes of one
 * mount namespace (/etc/ld.so.preload). CLOCK_FILE holds the seconds by which
 * it is off, 8 bytes in host order; packets' times are off by as much.
 */
#include <sys/mman.h>
#include <sys/time.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t	*step;
static pcap_handler		 handler;

/* Before any jail: the file stays mapped. */
__attribute__((constructor)) static void
map_file(void)
{
	void	*p;
	int	 fd;

	if ((fd = open(CLOCK_FILE, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	p = mmap(NULL, sizeof(*step), PROT_READ, MAP_SHARED, fd, 0);
	step = p == MAP_FAILED ? NULL : p;
	close(fd);
}

static int64_t
seconds(void)
{
	return step == NULL ? 0 : *step;
}

/* The function behind ours, as a pointer that may be called. */
static void
next(const char *name, void *fn, size_t size)
{
	void	*p = dlsym(RTLD_NEXT, name);

	memcpy(fn, &p, size);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int	(*fn)(clockid_t, struct timespec *);
	int	 r;

	next("clock_gettime", &fn, sizeof(fn));
	r = fn(id, ts);
	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += seconds();
	return r;
}

time_t
time(time_t *t)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec	 ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

static void
shift(u_char *arg, const struct pcap_pkthdr *h, const u_char *data)
{
	struct pcap_pkthdr	 moved = *h;

	moved.ts.tv_sec += seconds();
	handler(arg, &moved, data);
}

int
pcap_dispatch(pcap_t *p, int n, pcap_handler fn, u_char *arg)
{
	int	(*behind)(pcap_t *, int, pcap_handler, u_char *);

	next("pcap_dispatch", &behind, sizeof(behind));
	handler = fn;
	return behind(p, n, shift, arg);
}
