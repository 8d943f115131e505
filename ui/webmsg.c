#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ui/webmsg.h"

union passed {
	struct cmsghdr	 hdr;
	char		 room[CMSG_SPACE(sizeof(int))];
};

int
webmsg_send(int fd, const void *p, size_t n, int page)
{
	union passed	 c;
	struct iovec	 iov = { .iov_base = (void *)(uintptr_t)p,
			    .iov_len = n };
	struct msghdr	 m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr	*h;
	ssize_t		 r;

	if (page != -1) {
		memset(&c, 0, sizeof(c));
		m.msg_control = c.room;
		m.msg_controllen = sizeof(c.room);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &page, sizeof(page));
	}
	do {
		r = sendmsg(fd, &m, MSG_NOSIGNAL);
	} while (r == -1 && errno == EINTR);
	return r == -1 ? -1 : 0;
}

int
webmsg_recv(int fd, void *p, size_t size, int *page)
{
	union passed	 c;
	struct iovec	 iov = { .iov_base = p, .iov_len = size };
	struct msghdr	 m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = c.room,
			    /* One: a second fits where CMSG_SPACE pads. */
			    .msg_controllen = CMSG_LEN(sizeof(int)) };
	struct cmsghdr	*h;
	ssize_t		 n;

	*page = -1;
	memset(p, 0, size);
	do {
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	} while (n == -1 && errno == EINTR);
	if (n <= 0)
		return (int)n;
	h = CMSG_FIRSTHDR(&m);
	if (h != NULL && h->cmsg_level == SOL_SOCKET &&
	    h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(page, CMSG_DATA(h), sizeof(*page));
	if ((m.msg_flags & MSG_TRUNC) == 0)
		return (int)n;
	if (*page != -1)
		close(*page);
	*page = -1;
	errno = EMSGSIZE;
	return -1;
}
