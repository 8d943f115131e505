/*
 * wlan: the frames of IEEE 802.11, and what a radio says of a frame in front
 * of it. Private to packet.
 */
#ifndef ANALYZER_WLAN_H
#define ANALYZER_WLAN_H

#include "analyzer/layer.h"

enum layer	 wlan_frame(struct cursor *);
enum layer	 wlan_radiotap(struct cursor *);
enum layer	 wlan_prism(struct cursor *);

#endif
