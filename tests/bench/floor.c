/*
 * floor FILE: what netmond cannot go below: libpcap reads, packets travel in
 * batches over the link, and a second process takes the frames and does
 * nothing with them.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <pcap/pcap.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/batch.h"

struct sender {
	struct batch	 batch;
	int		 fd;
};

static int
consume(int fd)
{
	static uint8_t	 buf[FRAME_MAX + 1];
	struct frame	 f;
	ssize_t		 n;
	uint64_t	 packets = 0;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (frame_get(&f, buf, (size_t)n) == -1)
			return 1;
		buf_get_u64(&f.body);
		packets += buf_get_u32(&f.body);
	}
	printf("%llu packets\n", (unsigned long long)packets);
	return n == 0 ? 0 : 1;
}

static void
flush(struct sender *s)
{
	struct frame	 f;
	uint8_t		*p;
	size_t		 len;

	if ((p = batch_frame(&s->batch, &len)) == NULL)
		return;
	memset(&f, 0, sizeof(f));
	f.type = MSG_PACKETS;
	frame_put_header(p, &f, len);
	if (send(s->fd, p, FRAME_HDR + len, MSG_NOSIGNAL) == -1)
		perror("send");
	batch_next(&s->batch);
}

static void
on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *data)
{
	struct sender		*s = (struct sender *)arg;
	struct msg_packet	 p;

	p.ts_us = (uint64_t)h->ts.tv_sec * 1000000 + (uint64_t)h->ts.tv_usec;
	p.wirelen = h->len;
	p.caplen = h->caplen;
	p.iface = 1;
	p.flags = 0;
	p.data = data;
	if (batch_add(&s->batch, &p) == BATCH_FULL) {
		flush(s);
		batch_add(&s->batch, &p);
	}
}

int
main(int argc, char **argv)
{
	static struct sender	 s;
	char			 eb[PCAP_ERRBUF_SIZE];
	pcap_t			*p;
	pid_t			 pid;
	int			 fd[2], status;

	if (argc != 2) {
		fprintf(stderr, "usage: floor file\n");
		return 64;
	}
	if ((p = pcap_open_offline(argv[1], eb)) == NULL) {
		fprintf(stderr, "%s\n", eb);
		return 1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) == -1 ||
	    batch_init(&s.batch) == -1 || (pid = fork()) == -1) {
		perror("floor");
		return 1;
	}
	if (pid == 0) {
		close(fd[0]);
		return consume(fd[1]);
	}
	close(fd[1]);
	s.fd = fd[0];
	if (pcap_loop(p, -1, on_packet, (u_char *)&s) != 0) {
		fprintf(stderr, "%s\n", pcap_geterr(p));
		return 1;
	}
	flush(&s);
	close(fd[0]);
	if (waitpid(pid, &status, 0) == -1)
		return 1;
	pcap_close(p);
	batch_clear(&s.batch);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
