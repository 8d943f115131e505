/*
 * ifaces: the interfaces as capture names them, what the kernel counts, and the
 * addresses of this host.
 */
#ifndef ANALYZER_IFACES_H
#define ANALYZER_IFACES_H

#include "analyzer/state.h"

/* decap, of the interface line that fits. */
void		 ifaces_set_closed(const struct conf *, struct iface *);
/* Now and then: forgets interfaces that are long gone. */
void		 ifaces_age(struct analyzer *);
int		 analyzer_on_iface(struct chan *, struct frame *, void *);
int		 analyzer_on_local(struct chan *, struct frame *, void *);
int		 analyzer_on_capstat(struct chan *, struct frame *, void *);

#endif
