/* Whose headers would define some of these functions, too. */
#undef _FORTIFY_SOURCE
#include <sys/socket.h>
#include <sys/syscall.h>

#include <unistd.h>

#include "sandbox/direct.h"

#ifdef DIRECT_SOCKETS

int
socket(int family, int type, int protocol)
{
	return (int)syscall(SYS_socket, family, type, protocol);
}

int
socketpair(int family, int type, int protocol, int fds[2])
{
	return (int)syscall(SYS_socketpair, family, type, protocol, fds);
}

int
bind(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	return (int)syscall(SYS_bind, fd, to.__sockaddr__, len);
}

int
connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	return (int)syscall(SYS_connect, fd, to.__sockaddr__, len);
}

int
listen(int fd, int n)
{
	return (int)syscall(SYS_listen, fd, n);
}

int
accept4(int fd, __SOCKADDR_ARG from, socklen_t *len, int flags)
{
	return (int)syscall(SYS_accept4, fd, from.__sockaddr__, len, flags);
}

int
accept(int fd, __SOCKADDR_ARG from, socklen_t *len)
{
	return accept4(fd, from, len, 0);
}

int
getsockname(int fd, __SOCKADDR_ARG own, socklen_t *len)
{
	return (int)syscall(SYS_getsockname, fd, own.__sockaddr__, len);
}

int
getpeername(int fd, __SOCKADDR_ARG peer, socklen_t *len)
{
	return (int)syscall(SYS_getpeername, fd, peer.__sockaddr__, len);
}

int
getsockopt(int fd, int level, int name, void *v, socklen_t *len)
{
	return (int)syscall(SYS_getsockopt, fd, level, name, v, len);
}

int
setsockopt(int fd, int level, int name, const void *v, socklen_t len)
{
	return (int)syscall(SYS_setsockopt, fd, level, name, v, len);
}

int
shutdown(int fd, int how)
{
	return (int)syscall(SYS_shutdown, fd, how);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	return syscall(SYS_sendmsg, fd, m, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	return syscall(SYS_recvmsg, fd, m, flags);
}

ssize_t
sendto(int fd, const void *p, size_t n, int flags, __CONST_SOCKADDR_ARG to,
    socklen_t len)
{
	return syscall(SYS_sendto, fd, p, n, flags, to.__sockaddr__, len);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t
recvfrom(int fd, void *p, size_t n, int flags, __SOCKADDR_ARG from,
    socklen_t *len)
{
	return syscall(SYS_recvfrom, fd, p, n, flags, from.__sockaddr__, len);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	return syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}

#endif
