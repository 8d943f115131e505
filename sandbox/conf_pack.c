/*
 * conf_pack: a configuration as bytes. One walk over the fields serves both
 * ways, so packing and unpacking cannot differ.
 */
#include <math.h>
#include <stdlib.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"

#define CONF_MAGIC	0x6e6d0001	/* format of the bytes */

struct io {
	struct buf	*b;
	bool		 put;
};

static void
io_u8(struct io *io, uint8_t *v)
{
	if (io->put)
		buf_put_u8(io->b, *v);
	else
		*v = buf_get_u8(io->b);
}

/* A count or an enum: below limit. */
static void
io_below(struct io *io, uint8_t *v, unsigned limit)
{
	io_u8(io, v);
	if (*v >= limit) {
		*v = 0;
		io->b->err = true;
	}
}

static void
io_bool(struct io *io, bool *v)
{
	uint8_t	 u = *v;

	io_below(io, &u, 2);
	*v = u;
}

static void
io_u16(struct io *io, uint16_t *v)
{
	if (io->put)
		buf_put_u16(io->b, *v);
	else
		*v = buf_get_u16(io->b);
}

static void
io_u32(struct io *io, uint32_t *v)
{
	if (io->put)
		buf_put_u32(io->b, *v);
	else
		*v = buf_get_u32(io->b);
}

static void
io_i32(struct io *io, int32_t *v)
{
	uint32_t	 u = (uint32_t)*v;

	io_u32(io, &u);
	*v = (int32_t)u;
}

static void
io_u64(struct io *io, uint64_t *v)
{
	if (io->put)
		buf_put_u64(io->b, *v);
	else
		*v = buf_get_u64(io->b);
}

static void
io_double(struct io *io, double *v)
{
	if (io->put)
		buf_put_double(io->b, *v);
	else
		*v = buf_get_double(io->b);
	if (!isfinite(*v)) {
		*v = 0;
		io->b->err = true;
	}
}

static void
io_text(struct io *io, char *s, size_t size)
{
	if (io->put)
		buf_put_str(io->b, s);
	else
		buf_get_str(io->b, s, size);
}
#define IO_TEXT(io, s)	io_text((io), (s), sizeof(s))

static void
io_addr(struct io *io, struct addr *a)
{
	if (io->put)
		buf_put(io->b, a->b, sizeof(a->b));
	else
		buf_get(io->b, a->b, sizeof(a->b));
}

static void
io_ports(struct io *io, struct conf_ports *p)
{
	size_t	 i;

	io_below(io, &p->n, nitems(p->range) + 1);
	for (i = 0; i < p->n; i++) {
		io_u16(io, &p->range[i].lo);
		io_u16(io, &p->range[i].hi);
	}
}

static void
io_status(struct io *io, struct conf_status *s)
{
	io_u16(io, &s->lo);
	io_u16(io, &s->hi);
}

static void
io_rotate(struct io *io, struct conf_rotate *r)
{
	io_u64(io, &r->size);
	io_u64(io, &r->age_us);
	io_u32(io, &r->keep);
	io_u64(io, &r->max);
}

static void
io_interface(struct io *io, struct conf_interface *i)
{
	IO_TEXT(io, i->name);
	IO_TEXT(io, i->label);
	io_bool(io, &i->match);
	io_bool(io, &i->exclude);
	io_bool(io, &i->promiscuous);
	io_u32(io, &i->snaplen);
	io_u64(io, &i->ring);
	io_u16(io, &i->closed);
	if (i->closed > CONF_TUNNELS_ALL)
		io->b->err = true;
}

static void
io_service(struct io *io, struct conf_service *s)
{
	io_below(io, &s->proto, CONF_TLS + 1);
	io_ports(io, &s->ports);
}

static void
io_request(struct io *io, struct conf_request *r)
{
	size_t	 i;

	IO_TEXT(io, r->host);
	IO_TEXT(io, r->path);
	io_below(io, &r->nmethods, CONF_RULE_METHODS + 1);
	for (i = 0; i < r->nmethods; i++)
		IO_TEXT(io, r->methods[i]);
}

static void
io_rule(struct io *io, struct conf_rule *r)
{
	size_t	 i;

	io_bool(io, &r->ignore);
	io_bool(io, &r->quick);
	IO_TEXT(io, r->on);
	io_bool(io, &r->has_from);
	io_bool(io, &r->has_to);
	io_addr(io, &r->from);
	io_addr(io, &r->to);
	io_u8(io, &r->from_bits);
	io_u8(io, &r->to_bits);
	io_ports(io, &r->ports);
	io_i32(io, &r->vlan);
	io_request(io, &r->asks);
	io_below(io, &r->nstatus, CONF_RULE_STATUSES + 1);
	for (i = 0; i < r->nstatus; i++)
		io_status(io, &r->status[i]);
	IO_TEXT(io, r->tag);
}

static void
io_select(struct io *io, struct conf_select *s)
{
	IO_TEXT(io, s->on);
	IO_TEXT(io, s->host);
	IO_TEXT(io, s->tag);
	IO_TEXT(io, s->method);
	io_status(io, &s->status);
}

static void
io_alert(struct io *io, struct conf_alert *a)
{
	IO_TEXT(io, a->name);
	io_below(io, &a->metric, METRIC_MAX);
	io_u8(io, &a->percentile);
	io_select(io, &a->ratio);
	io_below(io, &a->ratio_metric, METRIC_MAX);
	io_below(io, &a->ratio_of, METRIC_MAX);
	io_select(io, &a->select);
	io_below(io, &a->op, OP_LT + 1);
	io_double(io, &a->value);
	io_bool(io, &a->usual);
	io_u64(io, &a->span_us);
	io_below(io, &a->key, KEY_MAX);
	io_u64(io, &a->for_us);
	io_bool(io, &a->has_clear);
	io_below(io, &a->clear_op, OP_LT + 1);
	io_double(io, &a->clear_value);
	io_u64(io, &a->clear_for_us);
	io_u64(io, &a->at_least);
	io_below(io, &a->at_least_metric, METRIC_MAX);
	io_bool(io, &a->unless_lossy);
	io_u64(io, &a->repeat_us);
	io_below(io, &a->severity, SEV_INFO + 1);
	io_u32(io, &a->max_keys);
	io_bool(io, &a->compat);
}

static void
io_forward(struct io *io, struct conf_mirror *m)
{
	size_t	 i;

	io_bool(io, &m->has_forward);
	io_addr(io, &m->target.addr);
	io_u16(io, &m->target.port);
	io_bool(io, &m->has_source);
	io_addr(io, &m->source);
	io_below(io, &m->forward_dir, DIR_BOTH + 1);
	io_u64(io, &m->timeout_us);
	io_u64(io, &m->queue);
	io_bool(io, &m->abort_on_error);
	io_u64(io, &m->reconnect_min_us);
	io_u64(io, &m->reconnect_max_us);
	io_below(io, &m->nset, CONF_MIRROR_HEADERS + 1);
	for (i = 0; i < m->nset; i++) {
		IO_TEXT(io, m->set[i].name);
		IO_TEXT(io, m->set[i].value);
	}
	io_below(io, &m->nforward_strip, CONF_MIRROR_STRIPS + 1);
	for (i = 0; i < m->nforward_strip; i++)
		IO_TEXT(io, m->forward_strip[i]);
	io_bool(io, &m->compare);
	io_bool(io, &m->messages);
	IO_TEXT(io, m->forward_hook);
	IO_TEXT(io, m->forward_hook_user);
}

static void
io_record(struct io *io, struct conf_mirror *m)
{
	size_t	 i;

	io_bool(io, &m->has_record);
	IO_TEXT(io, m->path);
	io_below(io, &m->format, RECORD_RAW + 1);
	io_below(io, &m->record_dir, DIR_BOTH + 1);
	io_below(io, &m->nstrip, CONF_MIRROR_STRIPS + 1);
	for (i = 0; i < m->nstrip; i++)
		IO_TEXT(io, m->strip[i]);
	io_bool(io, &m->no_strip);
	IO_TEXT(io, m->record_hook);
	IO_TEXT(io, m->record_hook_user);
	io_u64(io, &m->hook_timeout_us);
	io_rotate(io, &m->rotate);
	io_u16(io, &m->mode);
}

static void
io_mirror_rule(struct io *io, struct conf_mirror_rule *r)
{
	size_t	 i;

	io_bool(io, &r->record);
	io_bool(io, &r->ignore);
	io_bool(io, &r->quick);
	io_request(io, &r->asks);
	io_below(io, &r->nheaders, CONF_RULE_HEADERS + 1);
	for (i = 0; i < r->nheaders; i++) {
		IO_TEXT(io, r->headers[i].name);
		IO_TEXT(io, r->headers[i].value);
	}
}

static void
io_mirror(struct io *io, struct conf_mirror *m)
{
	size_t	 i;

	IO_TEXT(io, m->name);
	io_ports(io, &m->observe);
	io_forward(io, m);
	io_record(io, m);
	io_below(io, &m->sample, SAMPLE_CONNECTION + 1);
	io_double(io, &m->sample_part);
	io_below(io, &m->nrules, CONF_MIRROR_RULES + 1);
	for (i = 0; i < m->nrules; i++)
		io_mirror_rule(io, &m->rules[i]);
}

static void
io_log(struct io *io, struct conf_log *l)
{
	IO_TEXT(io, l->path);
	io_below(io, &l->format, LOG_EVIDENCE + 1);
	io_u32(io, &l->types);
	io_bool(io, &l->extras);
	io_u64(io, &l->every_us);
	io_rotate(io, &l->rotate);
	io_u16(io, &l->mode);
}

static void
io_nets(struct io *io, struct conf_net *nets, uint8_t *n)
{
	size_t	 i;

	io_below(io, n, CONF_NETS + 1);
	for (i = 0; i < *n; i++) {
		io_addr(io, &nets[i].addr);
		io_u8(io, &nets[i].bits);
	}
}

static void
io_privacy(struct io *io, struct conf_privacy *p)
{
	size_t	 i;

	io_below(io, &p->clients, CONF_CLIENTS_HASH + 1);
	io_u8(io, &p->prefix4);
	io_u8(io, &p->prefix6);
	io_below(io, &p->query, CONF_QUERY_FULL + 1);
	io_below(io, &p->nheaders, CONF_PRIVACY_HEADERS + 1);
	for (i = 0; i < p->nheaders; i++)
		IO_TEXT(io, p->headers[i]);
}

static void
io_stats(struct io *io, struct conf_stats *s)
{
	io_u8(io, &s->section_depth);
	io_u32(io, &s->top_hosts);
	io_u32(io, &s->max_hosts);
	io_u32(io, &s->max_sections);
	io_u32(io, &s->max_clients);
	io_u32(io, &s->max_names);
	io_u32(io, &s->max_talkers);
	io_u32(io, &s->metric_hosts);
	io_u64(io, &s->transactions);
}

/* A count, then as many entries; when reading they are added one by one. */
#define IO_LIST(type, array, count)					\
static void								\
io_##array(struct io *io, struct conf *c)				\
{									\
	struct conf_##type	*e;					\
	uint32_t		 i, n = (uint32_t)c->count;		\
									\
	io_u32(io, &n);							\
	for (i = 0; i < n && !io->b->err; i++) {			\
		e = io->put ? &c->array[i] : conf_add_##type(c);	\
		if (e == NULL)						\
			io->b->err = true;				\
		else							\
			io_##type(io, e);				\
	}								\
}
IO_LIST(interface, interfaces, ninterfaces)
IO_LIST(service, services, nservices)
IO_LIST(rule, rules, nrules)
IO_LIST(alert, alerts, nalerts)
IO_LIST(mirror, mirrors, nmirrors)
IO_LIST(log, logs, nlogs)
#undef IO_LIST

static void
io_conf(struct io *io, struct conf *c)
{
	uint32_t	 magic = CONF_MAGIC;

	io_u32(io, &magic);
	if (magic != CONF_MAGIC)
		io->b->err = true;
	IO_TEXT(io, c->file);
	IO_TEXT(io, c->user);
	io_u64(io, &c->timeout_us);
	io_u64(io, &c->memory_limit);
	io_u64(io, &c->window_us);
	IO_TEXT(io, c->filter);
	IO_TEXT(io, c->filter_at);
	io_u64(io, &c->ring_total);
	IO_TEXT(io, c->socket);
	IO_TEXT(io, c->group);
	IO_TEXT(io, c->state);
	IO_TEXT(io, c->facility);
	io_nets(io, c->proxies, &c->nproxies);
	io_nets(io, c->inside, &c->ninside);
	io_privacy(io, &c->privacy);
	io_stats(io, &c->stats);
	io_interfaces(io, c);
	io_services(io, c);
	io_rules(io, c);
	io_alerts(io, c);
	io_mirrors(io, c);
	io_logs(io, c);
	IO_TEXT(io, c->input);
	io_bool(io, &c->offline);
}

void
conf_pack(const struct conf *c, struct buf *b)
{
	struct conf	 copy = *c;
	struct io	 io = { b, true };

	io_conf(&io, &copy);
}

struct conf *
conf_unpack(struct buf *b)
{
	struct io	 io = { b, false };
	struct conf	*c;

	if ((c = conf_new()) == NULL)
		return NULL;
	io_conf(&io, c);
	if (buf_end(b) == 0)
		return c;
	conf_free(c);
	return NULL;
}
