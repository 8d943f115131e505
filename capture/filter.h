/*
 * filter: the BPF text of a handle, before libpcap sees it. Pure.
 *
 * filter_check refuses every word that libpcap would give to the resolver:
 * inside the jail a name cannot be looked up, and the kernel filter shall
 * not depend on who answers. Numbers, addresses and the words of the
 * language pass; "port http" and "host web" do not. It is no parser: what is
 * wrong otherwise is found by pcap_compile.
 *
 * filter_build joins the text of the configuration with what its service
 * lines ask for. The service part must not lose what may carry the service:
 * tagged, stacked, labelled and tunnelled frames and all fragments pass; so do
 * the packets in which clients of QUIC name their servers, on any port. The
 * analyzer looks at the ports again, so on link types of which libpcap knows
 * little or nothing there is no service part.
 */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/conf.h"

#define FILTER_TEXT_MAX	(CONF_FILTER_MAX + 16384)

/* What a filter for a link type can ask for. */
enum filter_link {
	FILTER_OTHER,
	FILTER_IP,
	FILTER_ETHER		/* and the types of Ethernet */
};

/* By its LINKTYPE_ or DLT_ number. */
enum filter_link filter_link(unsigned linktype);

/* -1 with a text in why (escaped, fit for a log). */
int	 filter_check(const char *text, char *why, size_t size);
/*
 * The whole expression for a handle into text; "" when everything passes.
 * -1 when it does not fit.
 */
int	 filter_build(const struct conf *, enum filter_link, char *text,
	    size_t size);

#endif
