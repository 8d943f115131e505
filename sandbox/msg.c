#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/msg.h"

#define M(name, num, from, to, min, max)				\
	{ num, #name, ROLE_##from, ROLE_##to, min, max },
static const struct msg_desc table[] = { MSG_TABLE(M) };
#undef M

const struct msg_desc *
msg_desc(uint16_t type)
{
	size_t	 lo, hi, mid;

	lo = 0;
	hi = nitems(table);
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (table[mid].type == type)
			return &table[mid];
		if (table[mid].type < type)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *
msg_name(uint16_t type)
{
	const struct msg_desc	*d = msg_desc(type);

	return d == NULL ? "unknown" : d->name;
}

static bool
role_fits(enum role declared, enum role actual)
{
	if (declared == ROLE_ANY)
		return true;
	if (declared == ROLE_CHILD)
		return actual >= ROLE_FIRST_CHILD && actual <= ROLE_LAST_CHILD;
	if (declared == ROLE_OWNER)
		return actual <= ROLE_LAST_CHILD && actual != ROLE_LAUNCHER;
	return declared == actual;
}

bool
msg_allowed(const struct msg_desc *d, enum role from, enum role to)
{
	return role_fits(d->from, from) && role_fits(d->to, to);
}

/* ---- launch and life ---- */

void
msg_put_launch(struct buf *b, const struct msg_launch *m)
{
	buf_put_u32(b, m->role);
	buf_put_u32(b, m->generation);
}

int
msg_get_launch(struct buf *b, struct msg_launch *m)
{
	m->role = buf_get_u32(b);
	m->generation = buf_get_u32(b);
	return m->role < ROLE_MAX ? buf_end(b) : -1;
}

void
msg_put_launched(struct buf *b, const struct msg_launched *m)
{
	buf_put_u32(b, m->role);
	buf_put_u32(b, m->generation);
	buf_put_u32(b, (uint32_t)m->pid);
}

int
msg_get_launched(struct buf *b, struct msg_launched *m)
{
	m->role = buf_get_u32(b);
	m->generation = buf_get_u32(b);
	m->pid = (int32_t)buf_get_u32(b);
	return m->role < ROLE_MAX ? buf_end(b) : -1;
}

void
msg_put_hello(struct buf *b, const struct msg_hello *m)
{
	buf_put_u32(b, m->version);
	buf_put_u32(b, m->flags);
	buf_put_u32(b, m->verbose);
	buf_put_u64(b, m->epoch);
	buf_put_u64(b, m->mono_us);
	buf_put_u64(b, m->wall_us);
	buf_put_str(b, m->text);
}

/* The version comes first and is readable even when the rest has changed. */
int
msg_get_hello(struct buf *b, struct msg_hello *m)
{
	memset(m, 0, sizeof(*m));
	m->version = buf_get_u32(b);
	if (b->err)
		return -1;
	if (m->version != MSG_VERSION)
		return 0;
	m->flags = buf_get_u32(b);
	m->verbose = buf_get_u32(b);
	m->epoch = buf_get_u64(b);
	m->mono_us = buf_get_u64(b);
	m->wall_us = buf_get_u64(b);
	buf_get_str(b, m->text, sizeof(m->text));
	return buf_end(b);
}

void
msg_put_ready(struct buf *b, const struct msg_ready *m)
{
	buf_put_u32(b, m->pid);
	buf_put_u32(b, m->landlock);
	buf_put_str(b, m->text);
}

int
msg_get_ready(struct buf *b, struct msg_ready *m)
{
	m->pid = buf_get_u32(b);
	m->landlock = buf_get_u32(b);
	buf_get_str(b, m->text, sizeof(m->text));
	return buf_end(b);
}

void
msg_put_file(struct buf *b, const struct msg_file *m)
{
	buf_put_u32(b, m->kind);
	buf_put_u32(b, m->index);
	buf_put_u32(b, m->flags);
	buf_put_u32(b, m->error);
	buf_put_u64(b, m->size);
	buf_put_u64(b, m->age_us);
	buf_put_str(b, m->name);
}

int
msg_get_file(struct buf *b, struct msg_file *m)
{
	m->kind = buf_get_u32(b);
	m->index = buf_get_u32(b);
	m->flags = buf_get_u32(b);
	m->error = buf_get_u32(b);
	m->size = buf_get_u64(b);
	m->age_us = buf_get_u64(b);
	buf_get_str(b, m->name, sizeof(m->name));
	if (m->kind > FILE_EVENTS || m->index >= CONF_LIST_MAX)
		return -1;
	return buf_end(b);
}

void
msg_put_text(struct buf *b, const struct msg_text *m)
{
	buf_put_u32(b, m->number);
	buf_put_str(b, m->text);
}

int
msg_get_text(struct buf *b, struct msg_text *m)
{
	m->number = buf_get_u32(b);
	buf_get_str(b, m->text, sizeof(m->text));
	return buf_end(b);
}

void
msg_put_crash(struct buf *b, const struct msg_crash *m)
{
	buf_put_u32(b, m->signal);
	buf_put_u32(b, m->code);
	buf_put_u64(b, m->addr);
	buf_put_u64(b, m->packet);
}

int
msg_get_crash(struct buf *b, struct msg_crash *m)
{
	m->signal = buf_get_u32(b);
	m->code = buf_get_u32(b);
	m->addr = buf_get_u64(b);
	m->packet = buf_get_u64(b);
	return buf_end(b);
}

void
msg_put_number(struct buf *b, uint32_t n)
{
	buf_put_u32(b, n);
}

int
msg_get_number(struct buf *b, uint32_t *n)
{
	*n = buf_get_u32(b);
	return buf_end(b);
}

/* ---- data ---- */

void
msg_put_link(struct buf *b, const struct msg_link *m)
{
	buf_put_u32(b, m->gen);
	buf_put_u32(b, m->echo);
	buf_put_u32(b, m->shares);
}

int
msg_get_link(struct buf *b, struct msg_link *m)
{
	m->gen = buf_get_u32(b);
	m->echo = buf_get_u32(b);
	m->shares = buf_get_u32(b);
	return buf_end(b);
}

void
msg_put_shared(struct buf *b, const struct msg_shared *m)
{
	buf_put_u32(b, m->slot);
	buf_put_u32(b, m->len);
}

int
msg_get_shared(struct buf *b, struct msg_shared *m)
{
	m->slot = buf_get_u32(b);
	m->len = buf_get_u32(b);
	return buf_end(b);
}

void
msg_put_packet(struct buf *b, const struct msg_packet *m)
{
	uint8_t	 h[MSG_PACKET_HDR];

	memcpy(h, &m->ts_us, 8);
	memcpy(h + 8, &m->wirelen, 4);
	memcpy(h + 12, &m->caplen, 4);
	memcpy(h + 16, &m->iface, 2);
	memcpy(h + 18, &m->flags, 2);
	buf_put(b, h, sizeof(h));
	buf_put(b, m->data, m->caplen);
}

int
msg_get_packet(struct buf *b, struct msg_packet *m)
{
	const uint8_t	*p;

	if ((p = buf_get_span(b, MSG_PACKET_HDR)) == NULL)
		return -1;
	memcpy(&m->ts_us, p, 8);
	memcpy(&m->wirelen, p + 8, 4);
	memcpy(&m->caplen, p + 12, 4);
	memcpy(&m->iface, p + 16, 2);
	memcpy(&m->flags, p + 18, 2);
	m->data = buf_get_span(b, m->caplen);
	return b->err ? -1 : 0;
}

void
msg_put_iface(struct buf *b, const struct msg_iface *m)
{
	buf_put_u16(b, m->id);
	buf_put_u16(b, m->state);
	buf_put_u32(b, m->index);
	buf_put_u32(b, m->linktype);
	buf_put_u32(b, m->snaplen);
	buf_put_u64(b, m->ring);
	buf_put_u32(b, m->parent);
	buf_put_u16(b, m->xdp);
	buf_put_str(b, m->name);
	buf_put_str(b, m->type);
	buf_put_str(b, m->label);
	buf_put_str(b, m->error);
}

int
msg_get_iface(struct buf *b, struct msg_iface *m)
{
	m->id = buf_get_u16(b);
	m->state = buf_get_u16(b);
	m->index = buf_get_u32(b);
	m->linktype = buf_get_u32(b);
	m->snaplen = buf_get_u32(b);
	m->ring = buf_get_u64(b);
	m->parent = buf_get_u32(b);
	m->xdp = buf_get_u16(b);
	buf_get_str(b, m->name, sizeof(m->name));
	buf_get_str(b, m->type, sizeof(m->type));
	buf_get_str(b, m->label, sizeof(m->label));
	buf_get_str(b, m->error, sizeof(m->error));
	return m->state <= IFACE_FAILED ? buf_end(b) : -1;
}

void
msg_put_local(struct buf *b, const struct msg_local *m)
{
	buf_put_u32(b, m->n);
	buf_put(b, m->addr, m->n * sizeof(m->addr[0]));
}

int
msg_get_local(struct buf *b, struct msg_local *m)
{
	m->n = buf_get_u32(b);
	if (m->n > MSG_LOCAL_MAX)
		return -1;
	buf_get(b, m->addr, m->n * sizeof(m->addr[0]));
	return buf_end(b);
}

void
msg_put_capstat(struct buf *b, const struct msg_capstat *m)
{
	buf_put_u16(b, m->id);
	buf_put_u64(b, m->received);
	buf_put_u64(b, m->dropped);
	buf_put_u64(b, m->if_dropped);
	buf_put_u64(b, m->sent);
	buf_put_u64(b, m->rx_packets);
	buf_put_u64(b, m->rx_bytes);
	buf_put_u64(b, m->tx_packets);
	buf_put_u64(b, m->tx_bytes);
	buf_put_u64(b, m->rx_dropped);
}

int
msg_get_capstat(struct buf *b, struct msg_capstat *m)
{
	m->id = buf_get_u16(b);
	m->received = buf_get_u64(b);
	m->dropped = buf_get_u64(b);
	m->if_dropped = buf_get_u64(b);
	m->sent = buf_get_u64(b);
	m->rx_packets = buf_get_u64(b);
	m->rx_bytes = buf_get_u64(b);
	m->tx_packets = buf_get_u64(b);
	m->tx_bytes = buf_get_u64(b);
	m->rx_dropped = buf_get_u64(b);
	return b->err ? -1 : 0;
}

void
msg_put_data_end(struct buf *b, const struct msg_data_end *m)
{
	buf_put_u32(b, m->error);
	buf_put_u32(b, m->spare);
}

int
msg_get_data_end(struct buf *b, struct msg_data_end *m)
{
	m->error = buf_get_u32(b);
	m->spare = buf_get_u32(b);
	return buf_end(b);
}

void
msg_put_own_tuple(struct buf *b, const struct msg_own_tuple *m)
{
	endpoint_put(b, &m->source);
	endpoint_put(b, &m->target);
	buf_put_u8(b, m->gone);
}

int
msg_get_own_tuple(struct buf *b, struct msg_own_tuple *m)
{
	endpoint_get(b, &m->source);
	endpoint_get(b, &m->target);
	m->gone = buf_get_u8(b);
	return buf_end(b);
}

#define STREAM_HDR	36	/* what all kinds of records begin with */

void
msg_put_stream(struct buf *b, const struct msg_stream *m)
{
	uint8_t	 h[STREAM_HDR] = { m->kind, m->dir, m->mark, m->flags };

	memcpy(h + 4, &m->id, 8);
	memcpy(h + 12, &m->offset, 8);
	memcpy(h + 20, &m->ts_us, 8);
	memcpy(h + 28, &m->value, 8);
	buf_put(b, h, sizeof(h));
	if (m->kind == STREAM_OPEN) {
		endpoint_put(b, &m->client);
		endpoint_put(b, &m->server);
		buf_put_u32(b, (uint32_t)m->vlan);
		buf_put_str(b, m->iface);
	} else if (m->kind == STREAM_DATA)
		buf_put_bytes(b, m->data, m->len);
	else if (m->kind == STREAM_ANSWER) {
		buf_put_u8(b, m->answer);
		buf_put_u16(b, m->status);
		buf_put_u64(b, m->wait_us);
	}
}

void
msg_join_stream(struct buf *b, size_t at, size_t len,
    const struct msg_stream *m)
{
	buf_put(b, m->data, m->len);
	buf_set_u32(b, at + STREAM_HDR, (uint32_t)(len + m->len));
}

int
msg_get_stream(struct buf *b, struct msg_stream *m)
{
	const uint8_t	*p;

	memset(m, 0, sizeof(*m));
	if ((p = buf_get_span(b, STREAM_HDR)) == NULL)
		return -1;
	m->kind = p[0];
	m->dir = p[1];
	m->mark = p[2];
	m->flags = p[3];
	memcpy(&m->id, p + 4, 8);
	memcpy(&m->offset, p + 12, 8);
	memcpy(&m->ts_us, p + 20, 8);
	memcpy(&m->value, p + 28, 8);
	if (m->kind >= STREAM_KINDS || m->dir > STREAM_UNKNOWN ||
	    m->mark > MARK_LOST)
		return -1;
	if (m->kind == STREAM_OPEN) {
		endpoint_get(b, &m->client);
		endpoint_get(b, &m->server);
		m->vlan = (int32_t)buf_get_u32(b);
		buf_get_str(b, m->iface, sizeof(m->iface));
	} else if (m->kind == STREAM_DATA)
		m->data = buf_get_bytes(b, &m->len);
	else if (m->kind == STREAM_ANSWER) {
		m->answer = buf_get_u8(b);
		m->status = buf_get_u16(b);
		m->wait_us = buf_get_u64(b);
		if (m->answer >= ANSWER_KINDS)
			return -1;
	}
	return b->err ? -1 : 0;
}

static void
put_span(struct buf *b, const struct msg_span *s)
{
	buf_put_bytes(b, s->p, s->n);
}

static void
get_span(struct buf *b, struct msg_span *s)
{
	s->p = buf_get_bytes(b, &s->n);
}

/* The spans of an event, in the order in which they are packed. */
#define EVENT_SPANS(S)							\
	S(method) S(host) S(uri) S(protocol) S(agent) S(referer)	\
	S(content_type) S(section) S(alpn) S(tag) S(failure)	\
	S(certificate) S(text) S(rows)

static void
put_event_flow(struct buf *b, const struct msg_event *m)
{
	size_t	 i;

	for (i = 0; i < 2; i++) {
		buf_put_u64(b, m->packets[i]);
		buf_put_u64(b, m->bytes[i]);
	}
	buf_put_u64(b, m->start_us);
	buf_put_u64(b, m->end_us);
	buf_put_u64(b, m->tx_count);
	buf_put_u8(b, m->tcp_flags);
	buf_put_u8(b, m->gaps);
	buf_put_u8(b, m->closed);
}

static void
get_event_flow(struct buf *b, struct msg_event *m)
{
	size_t	 i;

	for (i = 0; i < 2; i++) {
		m->packets[i] = buf_get_u64(b);
		m->bytes[i] = buf_get_u64(b);
	}
	m->start_us = buf_get_u64(b);
	m->end_us = buf_get_u64(b);
	m->tx_count = buf_get_u64(b);
	m->tcp_flags = buf_get_u8(b);
	m->gaps = buf_get_u8(b);
	m->closed = buf_get_u8(b);
}

void
msg_put_event(struct buf *b, const struct msg_event *m)
{
	buf_put_u8(b, m->kind);
	buf_put_u64(b, m->ts_us);
	buf_put_u64(b, m->flow_id);
	buf_put_str(b, m->iface);
	buf_put_u32(b, (uint32_t)m->vlan[0]);
	buf_put_u32(b, (uint32_t)m->vlan[1]);
	endpoint_put(b, &m->client);
	endpoint_put(b, &m->server);
	endpoint_put(b, &m->real_client);
	buf_put_u8(b, m->hide_client);
	buf_put(b, m->asker.b, sizeof(m->asker.b));
	buf_put_u64(b, m->tx_id);
	buf_put_u32(b, m->status);
	buf_put_u8(b, m->gap);
	buf_put_u64(b, m->request_body);
	buf_put_u64(b, m->response_body);
	buf_put_u64(b, m->first_byte_us);
	buf_put_u64(b, m->last_byte_us);
	buf_put_u64(b, m->rtt_us);
	buf_put_u8(b, m->resumed);
#define S(name)	put_span(b, &m->name);
	EVENT_SPANS(S)
#undef S
	put_event_flow(b, m);
}

int
msg_get_event(struct buf *b, struct msg_event *m)
{
	memset(m, 0, sizeof(*m));
	m->kind = buf_get_u8(b);
	m->ts_us = buf_get_u64(b);
	m->flow_id = buf_get_u64(b);
	buf_get_str(b, m->iface, sizeof(m->iface));
	m->vlan[0] = (int32_t)buf_get_u32(b);
	m->vlan[1] = (int32_t)buf_get_u32(b);
	endpoint_get(b, &m->client);
	endpoint_get(b, &m->server);
	endpoint_get(b, &m->real_client);
	m->hide_client = buf_get_u8(b);
	buf_get(b, m->asker.b, sizeof(m->asker.b));
	m->tx_id = buf_get_u64(b);
	m->status = buf_get_u32(b);
	m->gap = buf_get_u8(b);
	m->request_body = buf_get_u64(b);
	m->response_body = buf_get_u64(b);
	m->first_byte_us = buf_get_u64(b);
	m->last_byte_us = buf_get_u64(b);
	m->rtt_us = buf_get_u64(b);
	m->resumed = buf_get_u8(b);
#define S(name)	get_span(b, &m->name);
	EVENT_SPANS(S)
#undef S
	get_event_flow(b, m);
	return b->err || m->kind >= EVENT_KINDS ? -1 : 0;
}

/* ---- report ---- */

void
msg_put_slot(struct buf *b, const struct msg_slot *m)
{
	buf_put_u16(b, m->table);
	buf_put_u32(b, m->slot);
	buf_put_bytes(b, m->data, m->len);
}

int
msg_get_slot(struct buf *b, struct msg_slot *m)
{
	m->table = buf_get_u16(b);
	m->slot = buf_get_u32(b);
	m->data = buf_get_bytes(b, &m->len);
	if (m->table >= MSG_SAVE_TABLES || m->slot >= MSG_SAVE_SLOTS ||
	    m->len > MSG_SAVE_MAX)
		return -1;
	return b->err ? -1 : 0;
}

void
msg_put_lost_time(struct buf *b, const struct msg_lost_time *m)
{
	buf_put_u32(b, m->role);
	buf_put_u64(b, m->from_us);
	buf_put_u64(b, m->to_us);
}

int
msg_get_lost_time(struct buf *b, struct msg_lost_time *m)
{
	m->role = buf_get_u32(b);
	m->from_us = buf_get_u64(b);
	m->to_us = buf_get_u64(b);
	if (m->role >= ROLE_MAX || m->to_us < m->from_us)
		return -1;
	return buf_end(b);
}

void
msg_put_events_from(struct buf *b, const struct msg_events_from *m)
{
	buf_put_u64(b, m->next);
	buf_put_u64(b, m->lost);
	buf_put_u32(b, m->replaced);
}

int
msg_get_events_from(struct buf *b, struct msg_events_from *m)
{
	m->next = buf_get_u64(b);
	m->lost = buf_get_u64(b);
	m->replaced = buf_get_u32(b);
	return buf_end(b);
}

void
msg_put_monitor(struct buf *b, const struct msg_monitor *m)
{
	buf_put_u64(b, m->ts_us);
	buf_put_str(b, m->type);
	buf_put_str(b, m->text);
}

int
msg_get_monitor(struct buf *b, struct msg_monitor *m)
{
	m->ts_us = buf_get_u64(b);
	buf_get_str(b, m->type, sizeof(m->type));
	buf_get_str(b, m->text, sizeof(m->text));
	return buf_end(b);
}

/* ---- control ---- */

void
msg_put_show(struct buf *b, const struct msg_show *m)
{
	size_t	 i;

	buf_put_u32(b, m->subject);
	buf_put_u8(b, m->window);
	buf_put_u8(b, m->sort);
	buf_put_u32(b, m->top);
	buf_put_u16(b, m->nargs);
	for (i = 0; i < m->nargs && i < MSG_ARGS_MAX; i++)
		buf_put_str(b, m->args[i]);
}

int
msg_get_show(struct buf *b, struct msg_show *m)
{
	size_t	 i;

	memset(m, 0, sizeof(*m));
	m->subject = buf_get_u32(b);
	m->window = buf_get_u8(b);
	m->sort = buf_get_u8(b);
	m->top = buf_get_u32(b);
	m->nargs = buf_get_u16(b);
	if (m->subject >= SHOW_SUBJECTS || m->window >= WINDOW_MAX ||
	    m->sort >= SORT_MAX || m->nargs > MSG_ARGS_MAX)
		return -1;
	for (i = 0; i < m->nargs; i++)
		buf_get_str(b, m->args[i], sizeof(m->args[i]));
	return buf_end(b);
}

void
msg_put_watch(struct buf *b, const struct msg_watch *m)
{
	buf_put_u32(b, m->flags);
	buf_put_u32(b, m->last);
	buf_put_u64(b, m->epoch);
	buf_put_u64(b, m->after);
}

int
msg_get_watch(struct buf *b, struct msg_watch *m)
{
	m->flags = buf_get_u32(b);
	m->last = buf_get_u32(b);
	m->epoch = buf_get_u64(b);
	m->after = buf_get_u64(b);
	return buf_end(b);
}

void
msg_put_path(struct buf *b, const char *path)
{
	buf_put_str(b, path);
}

int
msg_get_path(struct buf *b, char *path, size_t size)
{
	buf_get_str(b, path, size);
	return buf_end(b);
}
