/*
 * flowlife: what happens to an entry between its first byte and its end:
 * the reader, what is handed to it, holes, ends, ageing and shedding. Private
 * to flow, which decides what a segment means.
 */
#ifndef ANALYZER_FLOWLIFE_H
#define ANALYZER_FLOWLIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/flowtype.h"
#include "analyzer/flowtab.h"

/* The arg of reass callbacks: which stream it is. */
struct flowlife_call {
	struct flow_table	*t;
	struct flow		*f;
	int			 dir;
};

static inline uint64_t
flowlife_since(uint64_t now_us, uint64_t then_us)
{
	return now_us > then_us ? now_us - then_us : 0;
}

/* Points the callbacks of the table's reassembly here. */
void		 flowlife_init(struct flow_table *);
/* A place for waiting bytes; false: no memory, nobody will read. */
bool		 flowlife_store(struct flow_table *, struct flow *);
/* Bytes of a half that are lost for good. */
void		 flowlife_lost(struct flow_table *, struct flow *, int dir,
    uint64_t bytes, enum reass_why);
/* The peer acknowledged up to ack: of a half that was never seen, a loss. */
void		 flowlife_missed(struct flow_table *, struct flow *, int dir,
    uint32_t ack);
/* How far the peer has acknowledged beyond what was seen of half dir. */
uint64_t	 flowlife_unseen(const struct flow *, int dir);
/* Ends the hold of both halves; what waited goes out in the order it came. */
void		 flowlife_release(struct flow_table *, struct flow *);
/*
 * Keeps a copy of a segment whose checksum is bad: the frame may have been
 * edited after it was captured, which only the receiver's acknowledgement can
 * tell. flowlife_acquit hands out those of half dir that the peer has
 * acknowledged (or all) and that no good copy has replaced.
 */
void		 flowlife_suspect(struct flow_table *, struct flow *, int dir,
    const struct packet *);
void		 flowlife_acquit(struct flow_table *, struct flow *, int dir,
    bool all);
/* After bytes went out: frees what nobody wants, looks for the FIN. */
void		 flowlife_settle(struct flow_table *, struct flow *,
    uint64_t now_us);
/* Puts the flow on the list of those with holes, if it has one. */
void		 flowlife_watch(struct flow_table *, struct flow *,
    uint64_t now_us);
/* The connection has ended; the entry lingers. */
void		 flowlife_finish(struct flow_table *, struct flow *,
    enum flow_how, uint64_t now_us);
/* Ends it if it has not, by its reset if it had one; forgets the entry. */
void		 flowlife_drop(struct flow_table *, struct flow *,
    enum flow_how, uint64_t now_us);
/* The class it belongs to now. */
enum flowtab_list flowlife_class(const struct flow *);
/* Looks at holes that are due; at most budget flows. */
void		 flowlife_holes(struct flow_table *, uint64_t now_us,
    unsigned budget);
/* Ends what is too old; at most budget entries of each class. */
void		 flowlife_age(struct flow_table *, uint64_t now_us,
    unsigned budget);
/* Drops the entry worth least; false when there is none. */
bool		 flowlife_shed(struct flow_table *, uint64_t now_us,
    bool readers_only);
/* Keeps readers and waiting bytes under the ceiling. */
void		 flowlife_relieve(struct flow_table *, uint64_t now_us);

#endif
