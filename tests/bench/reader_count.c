/*
 * reader_count FILE: libpcap reads a capture and only counts: the reference
 * that netmond is measured against.
 */
#include <pcap/pcap.h>

#include <stdint.h>
#include <stdio.h>

struct count {
	uint64_t	 packets;
	uint64_t	 bytes;
};

static void
on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *data)
{
	struct count	*c = (struct count *)arg;

	(void)data;
	c->packets++;
	c->bytes += h->caplen;
}

int
main(int argc, char **argv)
{
	struct count	 c = { 0, 0 };
	char		 eb[PCAP_ERRBUF_SIZE];
	pcap_t		*p;

	if (argc != 2) {
		fprintf(stderr, "usage: reader_count file\n");
		return 64;
	}
	if ((p = pcap_open_offline(argv[1], eb)) == NULL) {
		fprintf(stderr, "%s\n", eb);
		return 1;
	}
	if (pcap_loop(p, -1, on_packet, (u_char *)&c) != 0) {
		fprintf(stderr, "%s\n", pcap_geterr(p));
		return 1;
	}
	printf("%llu packets %llu bytes\n", (unsigned long long)c.packets,
	    (unsigned long long)c.bytes);
	pcap_close(p);
	return 0;
}
