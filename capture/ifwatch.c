#include <sys/socket.h>

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "capture/ifwatch.h"
#include "sandbox/compat.h"

#define READ_MAX	(64 * 1024)	/* the kernel sends up to 32 KiB */
#define RCVBUF		(1024 * 1024)
#define READS		256		/* datagrams before others get a turn */

int
ifwatch_open(void)
{
	struct sockaddr_nl	 sa;
	int			 fd, n = RCVBUF;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_ROUTE);
	if (fd == -1)
		return -1;
	memset(&sa, 0, sizeof(sa));
	sa.nl_family = AF_NETLINK;
	sa.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
	/* a smaller buffer means more dumps, nothing worse */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
ifwatch_ask(int fd, enum ifwatch_what what, uint32_t seq)
{
	struct {
		struct nlmsghdr	 h;
		struct ifinfomsg i;	/* longer than ifaddrmsg */
	}	 m;

	memset(&m, 0, sizeof(m));
	m.h.nlmsg_len = sizeof(m);
	m.h.nlmsg_type = what == IFWATCH_LINKS ? RTM_GETLINK : RTM_GETADDR;
	m.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m.h.nlmsg_seq = seq;
	m.i.ifi_family = AF_UNSPEC;
	return sendto(fd, &m, sizeof(m), 0, NULL, 0) == -1 ? -1 : 0;
}

/* ---- attributes ---- */

struct attr {
	uint16_t	 type;
	const uint8_t	*p;
	size_t		 n;
};

/* The attribute at *p; false at the end or at a length that lies. */
static bool
attr_next(const uint8_t **p, size_t *n, struct attr *a)
{
	struct rtattr	 h;
	size_t		 all;

	if (*n < sizeof(h))
		return false;
	memcpy(&h, *p, sizeof(h));
	if (h.rta_len < sizeof(h) || h.rta_len > *n)
		return false;
	a->type = h.rta_type & NLA_TYPE_MASK;
	a->p = *p + RTA_LENGTH(0);
	a->n = h.rta_len - RTA_LENGTH(0);
	all = RTA_ALIGN(h.rta_len);
	if (all > *n)
		all = *n;
	*p += all;
	*n -= all;
	return true;
}

static uint32_t
attr_u32(const struct attr *a)
{
	uint32_t	 v = 0;

	if (a->n >= sizeof(v))
		memcpy(&v, a->p, sizeof(v));
	return v;
}

static void
attr_text(const struct attr *a, char *s, size_t size)
{
	size_t	 n = strnlen((const char *)a->p, a->n);

	if (n >= size)
		n = size - 1;
	memcpy(s, a->p, n);
	s[n] = '\0';
}

static void
attr_kind(const struct attr *info, struct ifwatch_link *l)
{
	const uint8_t	*p = info->p;
	struct attr	 a;
	size_t		 n = info->n;

	while (attr_next(&p, &n, &a))
		if (a.type == IFLA_INFO_KIND)
			attr_text(&a, l->kind, sizeof(l->kind));
}

static void
attr_xdp(const struct attr *xdp, struct ifwatch_link *l)
{
	const uint8_t	*p = xdp->p;
	struct attr	 a;
	size_t		 n = xdp->n;

	while (attr_next(&p, &n, &a))
		if (a.type == IFLA_XDP_ATTACHED && a.n >= 1)
			l->xdp = a.p[0] != XDP_ATTACHED_NONE;
}

static void
attr_stats(const struct attr *a, struct ifwatch_link *l)
{
	struct rtnl_link_stats64	 s;

	memset(&s, 0, sizeof(s));
	memcpy(&s, a->p, a->n < sizeof(s) ? a->n : sizeof(s));
	l->has_stats = true;
	l->rx_packets = s.rx_packets;
	l->rx_bytes = s.rx_bytes;
	l->rx_dropped = s.rx_dropped;
	l->tx_packets = s.tx_packets;
	l->tx_bytes = s.tx_bytes;
}

static void
link_attrs(const uint8_t *p, size_t n, struct ifwatch_link *l)
{
	struct attr	 a;
	bool		 elsewhere = false;

	l->carrier = true;
	while (attr_next(&p, &n, &a)) {
		if (a.type == IFLA_IFNAME)
			attr_text(&a, l->name, sizeof(l->name));
		else if (a.type == IFLA_LINK)
			l->link = attr_u32(&a);
		else if (a.type == IFLA_LINK_NETNSID)
			elsewhere = true;
		else if (a.type == IFLA_MASTER)
			l->master = attr_u32(&a);
		else if (a.type == IFLA_CARRIER && a.n >= 1)
			l->carrier = a.p[0] != 0;
		else if (a.type == IFLA_LINKINFO)
			attr_kind(&a, l);
		else if (a.type == IFLA_XDP)
			attr_xdp(&a, l);
		else if (a.type == IFLA_STATS64)
			attr_stats(&a, l);
	}
	/* the index of another namespace says nothing here */
	if (elsewhere || l->link == l->index)
		l->link = 0;
}

/* ---- messages ---- */

static void
message(const struct nlmsghdr *h, const uint8_t *p, size_t n, bool dump,
    ifwatch_fn *fn, void *arg)
{
	struct ifwatch_link	 l;
	struct ifinfomsg	 i;

	if (n < sizeof(i))
		return;
	memcpy(&i, p, sizeof(i));
	if (i.ifi_family != AF_UNSPEC || i.ifi_index <= 0)
		return;		/* AF_BRIDGE speaks of ports, not of links */
	memset(&l, 0, sizeof(l));
	l.index = (uint32_t)i.ifi_index;
	l.flags = i.ifi_flags;
	l.arphrd = i.ifi_type;
	p += NLMSG_ALIGN(sizeof(i));
	n -= n < NLMSG_ALIGN(sizeof(i)) ? n : NLMSG_ALIGN(sizeof(i));
	link_attrs(p, n, &l);
	if (l.name[0] == '\0')
		return;
	fn(h->nlmsg_type == RTM_DELLINK ? IFWATCH_GONE : IFWATCH_LINK, &l,
	    NULL, dump, arg);
}

static bool
attr_addr(const struct attr *a, struct addr *to)
{
	if (a->n == 4)
		addr_from4(to, a->p);
	else if (a->n == sizeof(to->b))
		memcpy(to->b, a->p, sizeof(to->b));
	else
		return false;
	return true;
}

/* Of a line from point to point, IFA_ADDRESS is that of the other end. */
static void
address(const struct nlmsghdr *h, const uint8_t *p, size_t n, bool dump,
    ifwatch_fn *fn, void *arg)
{
	struct ifwatch_addr	 addr;
	struct ifaddrmsg	 i;
	struct attr		 a;
	bool			 known = false, local = false;

	if (n < sizeof(i))
		return;
	memcpy(&i, p, sizeof(i));
	if (i.ifa_family != AF_INET && i.ifa_family != AF_INET6)
		return;
	addr.index = i.ifa_index;
	p += sizeof(i);
	n -= sizeof(i);
	while (attr_next(&p, &n, &a))
		if (a.type == IFA_LOCAL)
			local = known = attr_addr(&a, &addr.addr);
		else if (a.type == IFA_ADDRESS && !local)
			known = attr_addr(&a, &addr.addr);
	if (known)
		fn(h->nlmsg_type == RTM_DELADDR ? IFWATCH_ADDR_GONE :
		    IFWATCH_ADDR, NULL, &addr, dump, arg);
}

void
ifwatch_parse(const uint8_t *p, size_t n, uint32_t seq, ifwatch_fn *fn,
    void *arg)
{
	struct nlmsghdr	 h;
	size_t		 all;
	bool		 dump;

	while (n >= sizeof(h)) {
		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > n)
			return;
		dump = seq != 0 && h.nlmsg_seq == seq;
		if (dump && (h.nlmsg_flags & NLM_F_DUMP_INTR))
			fn(IFWATCH_BROKEN, NULL, NULL, true, arg);
		if (h.nlmsg_type == RTM_NEWLINK || h.nlmsg_type == RTM_DELLINK)
			message(&h, p + NLMSG_HDRLEN,
			    h.nlmsg_len - NLMSG_HDRLEN, dump, fn, arg);
		else if (h.nlmsg_type == RTM_NEWADDR ||
		    h.nlmsg_type == RTM_DELADDR)
			address(&h, p + NLMSG_HDRLEN,
			    h.nlmsg_len - NLMSG_HDRLEN, dump, fn, arg);
		else if (h.nlmsg_type == NLMSG_DONE && dump)
			fn(IFWATCH_DONE, NULL, NULL, true, arg);
		else if (h.nlmsg_type == NLMSG_OVERRUN ||
		    (h.nlmsg_type == NLMSG_ERROR && dump))
			fn(IFWATCH_BROKEN, NULL, NULL, dump, arg);
		all = NLMSG_ALIGN(h.nlmsg_len);
		if (all > n)
			all = n;
		p += all;
		n -= all;
	}
}

int
ifwatch_read(int fd, uint32_t seq, ifwatch_fn *fn, void *arg)
{
	static _Alignas(8) uint8_t buf[READ_MAX];	/* for small stacks */
	struct sockaddr_nl	 sa;
	socklen_t		 len;
	ssize_t			 n;
	int			 i;

	for (i = 0; i < READS; i++) {
		len = sizeof(sa);
		memset(&sa, 0, sizeof(sa));
		n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC,
		    (struct sockaddr *)&sa, &len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		if (sa.nl_pid != 0)
			continue;	/* not from the kernel */
		if ((size_t)n > sizeof(buf)) {
			errno = ENOBUFS;
			return -1;
		}
		ifwatch_parse(buf, (size_t)n, seq, fn, arg);
	}
	return 0;
}
