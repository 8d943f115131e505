/*
 * tunnel: the headers of tunnels, and of UDP, which is read for these alone.
 * Private to packet.
 */
#ifndef ANALYZER_TUNNEL_H
#define ANALYZER_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/layer.h"

/* Whether one more tunnel may be entered. */
bool		 tunnel_enter(struct cursor *, enum packet_tunnel,
		    uint32_t id);

enum layer	 tunnel_pppoe(struct cursor *);
enum layer	 tunnel_mpls(struct cursor *);
enum layer	 tunnel_gre(struct cursor *);
enum layer	 tunnel_erspan2(struct cursor *);
enum layer	 tunnel_erspan3(struct cursor *);
enum layer	 tunnel_udp(struct cursor *);
enum layer	 tunnel_vxlan(struct cursor *);
enum layer	 tunnel_vxlan_gpe(struct cursor *);
enum layer	 tunnel_geneve(struct cursor *);
enum layer	 tunnel_teredo(struct cursor *);
enum layer	 tunnel_gtp(struct cursor *);
enum layer	 tunnel_l2tp(struct cursor *);
enum layer	 tunnel_etherip(struct cursor *);
enum layer	 tunnel_lisp(struct cursor *);
enum layer	 tunnel_ayiya(struct cursor *);
enum layer	 tunnel_tzsp(struct cursor *);

#endif
