#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ui/webmsg.h"

static int
setup(void **state)
{
	static int	 fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	*state = fd;
	return 0;
}

static int
teardown(void **state)
{
	int	*fd = *state;

	close(fd[0]);
	close(fd[1]);
	return 0;
}

/* The lowest number that is free: it grows where one is left open. */
static int
lowest(void)
{
	int	 fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

static void
a_page_comes_with_its_message(void **state)
{
	int		*fd = *state, page;
	const uint32_t	 said = 7;
	uint32_t	 heard;

	assert_int_equal(webmsg_send(fd[0], &said, sizeof(said), fd[0]), 0);
	assert_int_equal(webmsg_recv(fd[1], &heard, sizeof(heard), &page),
	    sizeof(heard));
	assert_int_equal(heard, 7);
	assert_true(page > STDERR_FILENO);
	close(page);
	assert_int_equal(webmsg_send(fd[0], &said, sizeof(said), -1), 0);
	assert_int_equal(webmsg_recv(fd[1], &heard, sizeof(heard), &page),
	    sizeof(heard));
	assert_int_equal(page, -1);
}

/* One that was hijacked would fill up what the other may open. */
static void
several_pages_are_not_left_open(void **state)
{
	int		*fd = *state, two[2], page, before = lowest();
	uint32_t	 word = 7;
	struct iovec	 iov = { .iov_base = &word, .iov_len = sizeof(word) };
	union {
		struct cmsghdr	 hdr;
		char		 room[CMSG_SPACE(sizeof(two))];
	}		 c;
	struct msghdr	 m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = c.room,
			    .msg_controllen = sizeof(c.room) };

	memset(&c, 0, sizeof(c));
	two[0] = two[1] = fd[0];
	c.hdr.cmsg_level = SOL_SOCKET;
	c.hdr.cmsg_type = SCM_RIGHTS;
	c.hdr.cmsg_len = CMSG_LEN(sizeof(two));
	memcpy(CMSG_DATA(&c.hdr), two, sizeof(two));
	assert_int_equal(sendmsg(fd[0], &m, 0), sizeof(word));
	assert_int_equal(webmsg_recv(fd[1], &word, sizeof(word), &page),
	    sizeof(word));
	if (page != -1)
		close(page);
	assert_int_equal(lowest(), before);
}

static void
what_is_too_long_is_no_message(void **state)
{
	int		*fd = *state, page, before = lowest();
	const uint64_t	 said = 7;
	uint32_t	 heard;

	assert_int_equal(webmsg_send(fd[0], &said, sizeof(said), fd[0]), 0);
	assert_int_equal(webmsg_recv(fd[1], &heard, sizeof(heard), &page), -1);
	assert_int_equal(page, -1);
	assert_int_equal(lowest(), before);
	close(fd[0]);
	assert_int_equal(webmsg_recv(fd[1], &heard, sizeof(heard), &page), 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		T(a_page_comes_with_its_message),
		T(several_pages_are_not_left_open),
		T(what_is_too_long_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
