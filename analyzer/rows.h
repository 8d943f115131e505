/*
 * rows: the fields of each kind of row, out of sums of the meter. The order
 * of the calls is the order of the table in sandbox/row.c.
 */
#ifndef ANALYZER_ROWS_H
#define ANALYZER_ROWS_H

#include "analyzer/state.h"
#include "sandbox/answer.h"
#include "sandbox/row.h"

/* An answer in the making. v is scratch for the sums of one entry. */
struct rows {
	struct analyzer	*az;
	struct answer	 a;
	const struct msg_show *q;
	enum show_window window;
	double		 seconds;	/* that the window really covers */
	uint32_t	 top;		/* UINT32_MAX: all */
	bool		 no_memory;	/* for a list: it is not whole */
	uint64_t	 v[MC_MAX];
};

/* ---- for the parts of rows ---- */

double	 rows_per_second(const struct rows *, uint64_t n);
/* A quantile of a histogram, in seconds. */
void	 rows_quantile(struct row_writer *, const uint64_t *h, double q);
uint64_t rows_now(const struct rows *);
/* Sums of all traffic, to v. */
void	 rows_total(struct rows *);

/* ---- all traffic, interfaces (rows.c) ---- */

void	 rows_complete(struct rows *);
void	 rows_summary(struct rows *);
void	 rows_capture(struct rows *);
void	 rows_advice(struct rows *);
void	 rows_tunnels(struct rows *);
void	 rows_interface(struct rows *, const struct iface *);
/*
 * Whether most of what the kernel counted on an interface in the last minute
 * never came to a socket: a network card or a program forwards it by itself;
 * with a sentence about it. Where a filter or service lines leave out what they
 * leave out, nobody knows.
 */
#define ROWS_HIDES	192
bool	 rows_iface_hides(struct rows *, const struct iface *,
	    char text[ROWS_HIDES]);
/* Since when capture is away, to be printed; 0: it is there. */
uint64_t rows_away_time(const struct analyzer *);
/* Whether capture has told of any: there is one on every machine. */
bool	 rows_iface_known(const struct analyzer *);
/* Whether this line names an interface that the machine does not have. */
bool	 rows_iface_absent(const struct analyzer *,
	    const struct conf_interface *);
/* The word for an enum iface_state. */
const char *rows_iface_state(uint16_t state);
void	 rows_buckets(struct rows *, bool fixed);
void	 rows_alerts(struct rows *, bool active, const char *name);
void	 rows_text(struct rows *, const char *state, const char *fmt, ...)
	    PRINTFLIKE(3, 4);

/* ---- hosts; v holds the sums already (rowshost.c) ---- */

void	 rows_host(struct rows *, const struct sketch_entry *);
void	 rows_section(struct rows *, const struct sketch_entry *,
	    unsigned level);
void	 rows_client(struct rows *, const struct sketch_entry *,
	    unsigned level);
/* all: the bytes of all talkers. */
void	 rows_talker(struct rows *, const struct sketch_entry *,
	    uint64_t all);
void	 rows_site(struct rows *, const struct sketch_entry *,
	    uint64_t all);
void	 rows_name(struct rows *, const struct sketch_entry *);
/* How many hellos, of all names, hid another name (ECH). */
void	 rows_ech(struct rows *, uint64_t tls, uint64_t quic);
void	 rows_methods_of(struct rows *, unsigned level);
void	 rows_status_of(struct rows *, unsigned level);
void	 rows_versions_of(struct rows *, unsigned level);
/* The name of the largest of n counts; "" when all are 0. */
const char *rows_most(const uint64_t *v, unsigned n,
	    const char *(*name)(unsigned));
void	 rows_method(struct rows *, const struct sketch_entry *);
void	 rows_status(struct rows *, const struct sketch_entry *);
struct rows_other {
	const char	*what;
	uint64_t	 items;
	bool		 at_least;	/* there were more */
	uint64_t	 count;
	uint64_t	 responses;
	uint64_t	 bytes;
};
void	 rows_other(struct rows *, const struct rows_other *);
void	 rows_named(struct rows *);

/* ---- flows and transactions (rowsflow.c) ---- */

void	 rows_flow(struct rows *, const struct flow_info *);
/* half-open, open, closing, closed: the words of `show flows state`. */
const char *rows_flow_state(enum flow_state);
void	 rows_transactions(struct rows *);

/* ---- itself (rowsown.c) ---- */

void	 rows_errors(struct rows *);
void	 rows_memory(struct rows *);
void	 rows_rules(struct rows *);
/* ROW_TALLY rows of this process and of what it knows of capture. */
void	 rows_tallies(struct analyzer *, struct buf *);

#endif
