/*
 * floor FILE: what netmond cannot go below: libpcap reads, packets travel in
 * batches over the link (shm.h), and a second process takes the frames and
 * does nothing with them.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <pcap/pcap.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/batch.h"
#include "sandbox/shm.h"

struct sender {
	struct batch	 batch;
	struct shm	*shm;
	int		 fd;
};

static const uint8_t	 room = 1;	/* told to a sender that waits */

static int
consume(struct shm *shm, int fd)
{
	static uint8_t		 buf[FRAME_MAX];
	uint8_t			 name[FRAME_HDR + MSG_SHARED];
	struct msg_shared	 m;
	struct frame		 f;
	ssize_t			 n;
	uint64_t		 packets = 0;

	while ((n = read(fd, name, sizeof(name))) > 0) {
		if (frame_get(&f, name, (size_t)n) == -1 ||
		    msg_get_shared(&f.body, &m) == -1 ||
		    shm_get(shm, m.slot, buf, m.len) == -1 ||
		    frame_get(&f, buf, m.len) == -1)
			return 1;
		if (shm_wanted(shm))
			send(fd, &room, sizeof(room), MSG_NOSIGNAL);
		buf_get_u64(&f.body);
		packets += buf_get_u32(&f.body);
	}
	printf("%llu packets\n", (unsigned long long)packets);
	return n == 0 ? 0 : 1;
}

/* As chan does it, but for the event loop and what is small. */
static void
flush(struct sender *s)
{
	uint8_t			 name[FRAME_HDR + MSG_SHARED], told;
	struct msg_shared	 m;
	struct frame		 f;
	struct buf		 b;
	uint8_t			*p;
	size_t			 len;
	int			 slot;

	if ((p = batch_frame(&s->batch, &len)) == NULL)
		return;
	memset(&f, 0, sizeof(f));
	f.type = MSG_PACKETS;
	frame_put_header(p, &f, len);
	while ((slot = shm_put(s->shm, p, FRAME_HDR + len)) == -1)
		if (read(s->fd, &told, sizeof(told)) <= 0)
			break;
	m.slot = (uint32_t)slot;
	m.len = (uint32_t)(FRAME_HDR + len);
	buf_writer(&b, name + FRAME_HDR, MSG_SHARED);
	msg_put_shared(&b, &m);
	frame_put_header(name, &f, MSG_SHARED);
	if (send(s->fd, name, sizeof(name), MSG_NOSIGNAL) == -1)
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
	int		 fd[2], memory, status;

	if (argc != 2) {
		fprintf(stderr, "usage: floor file\n");
		return 64;
	}
	if ((p = pcap_open_offline(argv[1], eb)) == NULL) {
		fprintf(stderr, "%s\n", eb);
		return 1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) == -1 ||
	    (memory = shm_create()) == -1 ||
	    (s.shm = shm_map(memory)) == NULL ||
	    batch_init(&s.batch) == -1 || (pid = fork()) == -1) {
		perror("floor");
		return 1;
	}
	if (pid == 0) {
		close(fd[0]);
		return consume(s.shm, fd[1]);
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
