/*
 * link: the headers of links, from the type of a capture down to IP or to a
 * tunnel. Private to packet.
 */
#ifndef ANALYZER_LINK_H
#define ANALYZER_LINK_H

#include "analyzer/layer.h"

bool		 link_known(unsigned dlt);
/* The first layer of a LINKTYPE number. */
enum layer	 link_first(struct cursor *, unsigned dlt);

enum layer	 link_ether(struct cursor *);
enum layer	 link_type(struct cursor *);
enum layer	 link_typed(struct cursor *);
enum layer	 link_vlan(struct cursor *);
enum layer	 link_llc(struct cursor *);
enum layer	 link_sll(struct cursor *);
enum layer	 link_sll2(struct cursor *);
enum layer	 link_null(struct cursor *);
enum layer	 link_hdlc(struct cursor *);
enum layer	 link_ppp(struct cursor *);
enum layer	 link_frame_relay(struct cursor *);
enum layer	 link_macsec(struct cursor *);
enum layer	 link_nsh(struct cursor *);

#endif
