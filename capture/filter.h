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
 * tagged, stacked, labelled and tunnelled frames and all fragments pass.
 */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/conf.h"

#define FILTER_TEXT_MAX	(CONF_FILTER_MAX + 16384)

/* -1 with a text in why (escaped, fit for a log). */
int	 filter_check(const char *text, char *why, size_t size);
/*
 * The whole expression for a handle into text; "" when everything passes.
 * plain: the link type knows no Ethernet types, so only IP is asked for.
 * -1 when it does not fit.
 */
int	 filter_build(const struct conf *, bool plain, char *text,
	    size_t size);

#endif
