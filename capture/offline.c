#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/offline.h"
#include "capture/source.h"
#include "sandbox/compat.h"

#define READ_BYTES	(128 * 1024)	/* stays in the cache until copied */
#define READS_PER_TURN	64		/* then events get a turn */
#define ENOUGH_US	300000		/* for a writer that ends with us */

struct offline {
	struct offline_conf	 conf;
	struct savefile		*file;
	struct event		*ev;
	struct event		*ev_enough;
	struct source_program	**programs;	/* by interface id */
	size_t			 nprograms;
	bool			 paused;
	bool			 ended;
	char			 why[SOURCE_WHY_MAX];
};

static void	on_turn(evutil_socket_t, short, void *);
static void	on_enough(evutil_socket_t, short, void *);

struct offline *
offline_new(const struct offline_conf *conf)
{
	struct offline	*o;

	if ((o = calloc(1, sizeof(*o))) == NULL)
		return NULL;
	o->conf = *conf;
	o->paused = true;
	o->file = savefile_new();
	o->ev = event_new(conf->base, conf->regular ? -1 : conf->fd, EV_READ,
	    on_turn, o);
	o->ev_enough = event_new(conf->base, -1, 0, on_enough, o);
	if (o->file == NULL || o->ev == NULL || o->ev_enough == NULL) {
		offline_free(o);
		return NULL;
	}
	return o;
}

void
offline_free(struct offline *o)
{
	size_t	 i;

	if (o == NULL)
		return;
	for (i = 0; i < o->nprograms; i++)
		source_program_free(o->programs[i]);
	free(o->programs);
	if (o->ev != NULL)
		event_free(o->ev);
	if (o->ev_enough != NULL)
		event_free(o->ev_enough);
	savefile_free(o->file);
	free(o);
}

static void
end(struct offline *o, const char *why)
{
	o->ended = true;
	o->conf.end(o->conf.arg, why);
}

static bool
has_filter(const struct conf *c)
{
	return c->filter[0] != '\0' || c->nservices > 0;
}

/* Each interface has its own program: link types may differ. */
static int
new_iface(struct offline *o, const struct savefile_iface *i)
{
	struct source_program	**v;
	char			  text[FILTER_TEXT_MAX];

	if (has_filter(o->conf.conf)) {
		v = reallocarray(o->programs, (size_t)i->id + 1, sizeof(*v));
		if (v == NULL) {
			snprintf(o->why, sizeof(o->why), "no memory");
			return -1;
		}
		o->programs = v;
		while (o->nprograms <= i->id)
			o->programs[o->nprograms++] = NULL;
		if (filter_build(o->conf.conf, filter_link(i->linktype), text,
		    sizeof(text)) == -1) {
			snprintf(o->why, sizeof(o->why),
			    "the filter is too long");
			return -1;
		}
		if (text[0] != '\0' && (o->programs[i->id] = source_compile(
		    text, i->linktype, SAVEFILE_SNAPLEN, o->why,
		    sizeof(o->why))) == NULL)
			return -1;
	}
	o->conf.iface(o->conf.arg, i);
	return 0;
}

static void
packet(struct offline *o, const struct savefile_packet *p)
{
	if (p->drops > 0)
		o->conf.drops(o->conf.arg, p->iface, p->drops);
	if (p->bad_time)
		tally_add(o->conf.tally, TALLY_CAP_BAD_TIME, 1);
	if (p->iface < o->nprograms && o->programs[p->iface] != NULL &&
	    !source_match(o->programs[p->iface], p->data, p->caplen,
	    p->wirelen)) {
		tally_add(o->conf.tally, TALLY_CAP_FILTERED, 1);
		return;
	}
	if (!o->conf.packet(o->conf.arg, p))
		o->paused = true;
}

/* All records that the buffer holds; false when there is an end of it. */
static bool
records(struct offline *o)
{
	struct savefile_record	 r;

	while (!o->paused) {
		switch (savefile_next(o->file, &r)) {
		case SAVEFILE_PACKET:
			packet(o, &r.packet);
			break;
		case SAVEFILE_DROPS:
			o->conf.drops(o->conf.arg, r.packet.iface,
			    r.packet.drops);
			break;
		case SAVEFILE_IFACE:
			if (new_iface(o, &r.iface) == -1) {
				end(o, o->why);
				return false;
			}
			break;
		case SAVEFILE_MORE:
			return true;
		case SAVEFILE_END:
			end(o, NULL);
			return false;
		case SAVEFILE_ERROR:
			tally_add(o->conf.tally, TALLY_CAP_BAD_RECORDS, 1);
			end(o, savefile_why(o->file));
			return false;
		}
	}
	return false;
}

/* False when nothing can be read now, or no more. */
static bool
fill(struct offline *o)
{
	uint8_t	*p;
	size_t	 room;
	ssize_t	 n;

	p = savefile_space(o->file, &room);
	do {
		n = read(o->conf.fd, p, room < READ_BYTES ? room : READ_BYTES);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN)
		return false;
	if (n == -1) {
		snprintf(o->why, sizeof(o->why), "read: %s", strerror(errno));
		end(o, o->why);
		return false;
	}
	savefile_filled(o->file, (size_t)n);
	return true;
}

/*
 * A turn that found the descriptor readable has EV_READ: only then may a
 * read be tried where it could block.
 */
static void
next_turn(struct offline *o)
{
	if (!o->conf.regular && event_add(o->ev, NULL) == -1)
		o->conf.regular = true;	/* nothing that can be waited for */
	if (o->conf.regular)
		event_active(o->ev, EV_TIMEOUT, 0);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct offline	*o = arg;
	int		 reads = o->conf.regular ? READS_PER_TURN : 0;

	(void)fd;
	if (what & EV_READ)
		reads = 1;
	if (o->paused || o->ended || !records(o))
		return;
	for (; reads > 0 && fill(o); reads--)
		if (!records(o))
			return;
	if (!o->ended)
		next_turn(o);
}

void
offline_resume(struct offline *o)
{
	if (!o->paused || o->ended)
		return;
	o->paused = false;
	event_active(o->ev, EV_TIMEOUT, 0);
}

static void
on_enough(evutil_socket_t fd, short what, void *arg)
{
	struct offline	*o = arg;

	(void)fd;
	(void)what;
	if (!o->ended)
		end(o, NULL);
}

void
offline_enough(struct offline *o)
{
	struct timeval	 soon = { 0, ENOUGH_US };

	if (o->conf.regular || event_add(o->ev_enough, &soon) == -1)
		on_enough(-1, 0, o);
}
