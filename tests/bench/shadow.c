/*
 * shadow: a target for forwarded requests. It listens on a free port of
 * 127.0.0.1, prints its number, answers each request head with a 204, and
 * prints at the end of its standard input
 *
 *	requests, connections, CPU seconds, those of them in the kernel
 *
 * Requests of the bench have no bodies, so a head ends a request.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDS	8192
#define ANSWERS	64		/* sent at once */

static const char	 head_end[4] = "\r\n\r\n";
static const char	 answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
static uint8_t		 matched[FDS];	/* of head_end, by descriptor */

static int
listen_somewhere(unsigned *port)
{
	struct sockaddr_in	 a;
	socklen_t		 len = sizeof(a);
	int			 fd;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 4096) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		return -1;
	*port = ntohs(a.sin_port);
	return fd;
}

static void
watch(int ep, int fd)
{
	struct epoll_event	 e = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == -1)
		perror("epoll_ctl");
}

static uint64_t
take_all(int ep, int ls)
{
	uint64_t	 n = 0;
	int		 fd, on = 1;

	while ((fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK)) != -1) {
		if (fd >= FDS) {
			close(fd);
			continue;
		}
		matched[fd] = 0;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(ep, fd);
		n++;
	}
	return n;
}

static unsigned
heads_in(int fd, const uint8_t *p, ssize_t len)
{
	unsigned	 n = 0;
	uint8_t		 m = matched[fd];
	ssize_t		 i;

	for (i = 0; i < len; i++) {
		m = p[i] == (uint8_t)head_end[m] ? m + 1 : p[i] == '\r';
		if (m == sizeof(head_end)) {
			m = 0;
			n++;
		}
	}
	matched[fd] = m;
	return n;
}

static void
put_answers(int fd, unsigned n)
{
	static char	 out[ANSWERS * (sizeof(answer) - 1)];
	unsigned	 i, k;

	if (out[0] == '\0')
		for (i = 0; i < ANSWERS; i++)
			memcpy(out + i * (sizeof(answer) - 1), answer,
			    sizeof(answer) - 1);
	for (; n > 0; n -= k) {
		k = n < ANSWERS ? n : ANSWERS;
		if (send(fd, out, k * (sizeof(answer) - 1), MSG_NOSIGNAL) == -1)
			return;
	}
}

static unsigned
serve(int fd)
{
	static uint8_t	 buf[65536];
	unsigned	 heads;
	ssize_t		 n;

	if ((n = recv(fd, buf, sizeof(buf), 0)) <= 0) {
		close(fd);
		return 0;
	}
	if ((heads = heads_in(fd, buf, n)) > 0)
		put_answers(fd, heads);
	return heads;
}

int
main(void)
{
	struct epoll_event	 e[256];
	struct rusage		 ru;
	uint64_t		 requests = 0, connections = 0;
	double			 kernel;
	unsigned		 port;
	int			 ep, ls, n, i, end = 0;

	if ((ls = listen_somewhere(&port)) == -1 ||
	    (ep = epoll_create1(0)) == -1) {
		perror("shadow");
		return 1;
	}
	watch(ep, ls);
	watch(ep, STDIN_FILENO);
	printf("%u\n", port);
	fflush(stdout);
	while (!end) {
		n = epoll_wait(ep, e, 256, -1);
		for (i = 0; i < n; i++) {
			if (e[i].data.fd == STDIN_FILENO)
				end = 1;
			else if (e[i].data.fd == ls)
				connections += take_all(ep, ls);
			else
				requests += serve(e[i].data.fd);
		}
	}
	getrusage(RUSAGE_SELF, &ru);
	kernel = (double)ru.ru_stime.tv_sec + (double)ru.ru_stime.tv_usec / 1e6;
	printf("%llu %llu %.3f %.3f\n", (unsigned long long)requests,
	    (unsigned long long)connections, (double)ru.ru_utime.tv_sec +
	    (double)ru.ru_utime.tv_usec / 1e6 + kernel, kernel);
	return 0;
}
