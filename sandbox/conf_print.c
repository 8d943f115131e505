/*
 * conf_print: the canonical form of a configuration. One statement a line,
 * one option a line in blocks, in a fixed order; parse.y reads it back to
 * the same struct.
 */
#include <inttypes.h>
#include <string.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"

struct out {
	FILE		*f;
	bool		 verbose;
};

const char *
conf_print_size(uint64_t v, char s[CONF_TEXT_MAX])
{
	static const char	 units[] = "KMG";
	size_t			 i = 0;

	while (i < sizeof(units) - 1 && v != 0 && v % 1024 == 0) {
		v /= 1024;
		i++;
	}
	snprintf(s, CONF_TEXT_MAX, "%" PRIu64 "%.1s", v,
	    i == 0 ? "" : &units[i - 1]);
	return s;
}

const char *
conf_print_time(uint64_t us, char s[CONF_TEXT_MAX])
{
	static const struct {
		uint64_t	 us;
		const char	*unit;
	} units[] = {
		{ 86400000000ULL, "d" }, { 3600000000ULL, "h" },
		{ 60000000ULL, "m" }, { 1000000ULL, "s" }, { 1000ULL, "ms" }
	};
	size_t	 i;

	for (i = 0; us != 0 && i < nitems(units) - 1; i++)
		/* 120s stays 120s: minutes only from ten on */
		if (us % units[i].us == 0 && (us / units[i].us >= 10 ||
		    units[i].us != 60000000ULL))
			break;
	if (us == 0)
		i = 3;
	snprintf(s, CONF_TEXT_MAX, "%" PRIu64 "%s", us / units[i].us,
	    units[i].unit);
	return s;
}

const char *
conf_print_part(double v, char s[CONF_TEXT_MAX])
{
	snprintf(s, CONF_TEXT_MAX, "%.10g%%", v * 100);
	return s;
}

static uint64_t
whole(double v)
{
	if (!(v > 0))
		return 0;
	return v < 1e18 ? (uint64_t)(v + 0.5) : 1000000000000000000ULL;
}

const char *
conf_print_value(enum conf_metric metric, double v, char s[CONF_TEXT_MAX])
{
	if (conf_metric_times(metric))
		return conf_print_time(whole(v * 1e6), s);
	if (conf_metric_parts(metric))
		return conf_print_part(v, s);
	if (conf_metric_bytes(metric))
		return conf_print_size(whole(v), s);
	snprintf(s, CONF_TEXT_MAX, "%.0f", v);
	return s;
}

/* A text in quotes; the lexer undoes both escapes. */
static void
quote(FILE *f, const char *s)
{
	putc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', f);
		putc(*s, f);
	}
	putc('"', f);
}

static void
put_text(FILE *f, const char *word, const char *s)
{
	fprintf(f, " %s ", word);
	quote(f, s);
}

/* Ends a statement; verbose says when it is what an empty file gives. */
static void
end(const struct out *o, bool is_default)
{
	fputs(o->verbose && is_default ? "\t# default\n" : "\n", o->f);
}

static void
put_ports(FILE *f, const struct conf_ports *p)
{
	size_t	 i;

	fputs(p->n == 1 ? " port" : " port {", f);
	for (i = 0; i < p->n; i++) {
		fprintf(f, " %u", (unsigned)p->range[i].lo);
		if (p->range[i].hi != p->range[i].lo)
			fprintf(f, "-%u", (unsigned)p->range[i].hi);
	}
	if (p->n != 1)
		fputs(" }", f);
}

static void
put_status(FILE *f, const struct conf_status *s)
{
	if (s->lo % 100 == 0 && s->hi == s->lo + 99)
		fprintf(f, " %uxx", (unsigned)s->lo / 100);
	else if (s->lo == s->hi)
		fprintf(f, " %u", (unsigned)s->lo);
	else
		fprintf(f, " %u-%u", (unsigned)s->lo, (unsigned)s->hi);
}

static void
put_list(FILE *f, const char *word, const char *v, size_t size, size_t n)
{
	size_t	 i;

	fprintf(f, "%s {", word);
	for (i = 0; i < n; i++) {
		putc(' ', f);
		quote(f, v + i * size);
	}
	fputs(" }", f);
}

static void
put_global(const struct out *o, const struct conf *c, const struct conf *d)
{
	char	 s[CONF_TEXT_MAX];

	fprintf(o->f, "user ");
	quote(o->f, c->user);
	end(o, strcmp(c->user, d->user) == 0);
	fprintf(o->f, "timeout %s", conf_print_time(c->timeout_us, s));
	end(o, c->timeout_us == d->timeout_us);
	fprintf(o->f, "memory limit %s", conf_print_size(c->memory_limit, s));
	end(o, c->memory_limit == d->memory_limit);
	fprintf(o->f, "window %s", conf_print_time(c->window_us, s));
	end(o, c->window_us == d->window_us);
	if (c->filter[0] != '\0') {
		fputs("filter ", o->f);
		quote(o->f, c->filter);
		end(o, false);
	}
	fprintf(o->f, "ring total %s", conf_print_size(c->ring_total, s));
	end(o, c->ring_total == d->ring_total);
	fputs("control socket ", o->f);
	quote(o->f, c->socket);
	if (c->group[0] != '\0')
		put_text(o->f, "group", c->group);
	end(o, strcmp(c->socket, d->socket) == 0 && c->group[0] == '\0');
	if (c->state[0] != '\0') {
		fputs("state ", o->f);
		quote(o->f, c->state);
		end(o, false);
	}
	fprintf(o->f, "syslog facility %s", c->facility);
	end(o, strcmp(c->facility, d->facility) == 0);
}

static void
put_net(FILE *f, const char *before, const struct addr *a, unsigned bits)
{
	char	 s[ADDR_TEXT_MAX];

	fprintf(f, "%s%s", before, addr_print(a, s, sizeof(s)));
	if (bits != (addr_is4(a) ? 32U : 128U))
		fprintf(f, "/%u", bits);
}

static void
put_nets(const struct out *o, const char *words, const struct conf_net *nets,
    size_t n)
{
	size_t	 i;

	if (n == 0)
		return;
	fprintf(o->f, "%s {", words);
	for (i = 0; i < n; i++)
		put_net(o->f, i == 0 ? " " : ", ", &nets[i].addr,
		    nets[i].bits);
	fputs(" }", o->f);
	end(o, false);
}

static void
put_privacy(const struct out *o, const struct conf_privacy *p,
    const struct conf_privacy *d)
{
	bool	 same;

	fprintf(o->f, "privacy {\n\tclients %s",
	    conf_word(WORDS_CLIENTS, p->clients));
	if (p->clients == CONF_CLIENTS_PREFIX)
		fprintf(o->f, " %u %u", (unsigned)p->prefix4,
		    (unsigned)p->prefix6);
	end(o, p->clients == d->clients);
	fprintf(o->f, "\tquery %s", conf_word(WORDS_QUERY, p->query));
	end(o, p->query == d->query);
	put_list(o->f, "\theaders", p->headers[0], sizeof(p->headers[0]),
	    p->nheaders);
	same = p->nheaders == d->nheaders &&
	    memcmp(p->headers, d->headers, sizeof(p->headers)) == 0;
	end(o, same);
	fputs("}\n", o->f);
}

static void
put_stats(const struct out *o, const struct conf_stats *s,
    const struct conf_stats *d)
{
	char	 text[CONF_TEXT_MAX];

	fprintf(o->f, "stats {\n\tsection depth %u",
	    (unsigned)s->section_depth);
	end(o, s->section_depth == d->section_depth);
	fprintf(o->f, "\ttop hosts %" PRIu32, s->top_hosts);
	end(o, s->top_hosts == d->top_hosts);
	fprintf(o->f, "\tmax hosts %" PRIu32, s->max_hosts);
	end(o, s->max_hosts == d->max_hosts);
	fprintf(o->f, "\tmax sections %" PRIu32, s->max_sections);
	end(o, s->max_sections == d->max_sections);
	fprintf(o->f, "\tmax clients %" PRIu32, s->max_clients);
	end(o, s->max_clients == d->max_clients);
	fprintf(o->f, "\tmax names %" PRIu32, s->max_names);
	end(o, s->max_names == d->max_names);
	fprintf(o->f, "\tmax talkers %" PRIu32, s->max_talkers);
	end(o, s->max_talkers == d->max_talkers);
	fprintf(o->f, "\tmetrics hosts %" PRIu32, s->metric_hosts);
	end(o, s->metric_hosts == d->metric_hosts);
	fprintf(o->f, "\ttransactions %s",
	    conf_print_size(s->transactions, text));
	end(o, s->transactions == d->transactions);
	fputs("}\n", o->f);
}

static void
put_decap(FILE *f, unsigned closed)
{
	unsigned	 k;

	if (closed == CONF_TUNNELS_ALL) {
		fputs("\tdecap none\n", f);
		return;
	}
	fputs("\tdecap {", f);
	for (k = 0; k < CONF_TUNNELS; k++)
		if (!(closed & 1U << k))
			fprintf(f, " %s", conf_word(WORDS_DECAP, k));
	fputs(" }\n", f);
}

static void
put_interface(const struct out *o, const struct conf_interface *i)
{
	char	 s[CONF_TEXT_MAX];

	fprintf(o->f, "%sinterface %s", i->exclude ? "no " : "",
	    i->match && !i->exclude ? "match " : "");
	quote(o->f, i->name);
	if (i->exclude) {
		end(o, false);
		return;
	}
	if (i->label[0] == '\0' && !i->promiscuous && i->snaplen == 0 &&
	    i->ring == 0 && i->closed == 0) {
		end(o, false);
		return;
	}
	fputs(" {\n", o->f);
	if (i->label[0] != '\0') {
		fputs("\tlabel ", o->f);
		quote(o->f, i->label);
		putc('\n', o->f);
	}
	if (i->promiscuous)
		fputs("\tpromiscuous\n", o->f);
	if (i->snaplen != 0)
		fprintf(o->f, "\tsnaplen %" PRIu32 "\n", i->snaplen);
	if (i->ring != 0)
		fprintf(o->f, "\tring %s\n", conf_print_size(i->ring, s));
	if (i->closed != 0)
		put_decap(o->f, i->closed);
	fputs("}\n", o->f);
}

static void
put_request(FILE *f, const struct conf_request *r)
{
	if (r->host[0] != '\0')
		put_text(f, "host", r->host);
	if (r->path[0] != '\0')
		put_text(f, "path", r->path);
	if (r->nmethods > 0)
		put_list(f, " method", r->methods[0], sizeof(r->methods[0]),
		    r->nmethods);
}

static void
put_rule(const struct out *o, const struct conf_rule *r)
{
	FILE	*f = o->f;
	size_t	 i;

	fprintf(f, "%s%s", r->ignore ? "ignore" : "match",
	    r->quick ? " quick" : "");
	if (r->on[0] != '\0')
		put_text(f, "on", r->on);
	if (r->has_from)
		put_net(f, " from ", &r->from, r->from_bits);
	if (r->has_to)
		put_net(f, " to ", &r->to, r->to_bits);
	if (r->ports.n > 0)
		put_ports(f, &r->ports);
	if (r->vlan != -1)
		fprintf(f, " vlan %" PRId32, r->vlan);
	put_request(f, &r->asks);
	if (r->nstatus > 0)
		fputs(" status {", f);
	for (i = 0; i < r->nstatus; i++)
		put_status(f, &r->status[i]);
	if (r->nstatus > 0)
		fputs(" }", f);
	if (r->tag[0] != '\0')
		put_text(f, "tag", r->tag);
	putc('\n', f);
}

static void
put_select(FILE *f, const struct conf_select *s)
{
	if (s->on[0] != '\0')
		put_text(f, "on", s->on);
	if (s->tag[0] != '\0')
		put_text(f, "tag", s->tag);
	if (s->host[0] != '\0')
		put_text(f, "host", s->host);
	if (s->method[0] != '\0')
		put_text(f, "method", s->method);
	if (s->status.lo != 0) {
		fputs(" status", f);
		put_status(f, &s->status);
	}
}

static void
put_metric(FILE *f, const struct conf_alert *a)
{
	if (a->metric == METRIC_RATIO) {
		fprintf(f, " ratio %s", conf_metric_name(a->ratio_metric));
		put_select(f, &a->ratio);
		fprintf(f, " of %s", conf_metric_name(a->ratio_of));
	} else if (conf_metric_times(a->metric))
		fprintf(f, " p%u %s", (unsigned)a->percentile,
		    conf_metric_name(a->metric));
	else if (a->metric == METRIC_NEW)
		fprintf(f, " new %s", conf_key_name(a->key));
	else
		fprintf(f, " %s", conf_metric_name(a->metric));
	put_select(f, &a->select);
}

static void
put_alert_options(FILE *f, const struct conf_alert *a)
{
	char	 s[CONF_TEXT_MAX];

	if (a->for_us != 0)
		fprintf(f, "\tfor %s\n", conf_print_time(a->for_us, s));
	if (a->has_clear) {
		fprintf(f, "\tclear %s %s", conf_op_name(a->clear_op),
		    conf_print_value(a->metric, a->clear_value, s));
		if (a->clear_for_us != 0)
			fprintf(f, " for %s",
			    conf_print_time(a->clear_for_us, s));
		putc('\n', f);
	}
	if (a->at_least != 0)
		fprintf(f, "\tat least %" PRIu64 " %s\n", a->at_least,
		    conf_metric_name(a->at_least_metric));
	if (a->unless_lossy)
		fputs("\tunless lossy\n", f);
	if (a->repeat_us != 0)
		fprintf(f, "\trepeat %s\n", conf_print_time(a->repeat_us, s));
	fprintf(f, "\tseverity %s\n", conf_severity_name(a->severity));
	if (a->key != KEY_NONE)
		fprintf(f, "\tmax keys %" PRIu32 "\n", a->max_keys);
	if (a->compat)
		fputs("\tcompat\n", f);
}

static void
put_alert(const struct out *o, const struct conf_alert *a)
{
	char	 v[CONF_TEXT_MAX], span[CONF_TEXT_MAX];

	fputs("alert ", o->f);
	quote(o->f, a->name);
	fputs(" when", o->f);
	put_metric(o->f, a);
	fprintf(o->f, " %s %s%s over %s", conf_op_name(a->op),
	    conf_print_value(a->usual ? METRIC_RATIO :
	    (enum conf_metric)a->metric, a->value, v),
	    a->usual ? " of usual" : "", conf_print_time(a->span_us, span));
	if (a->key != KEY_NONE && a->metric != METRIC_NEW)
		fprintf(o->f, " per %s", conf_key_name(a->key));
	fputs(" {\n", o->f);
	put_alert_options(o->f, a);
	fputs("}\n", o->f);
}

static void
put_rotate(FILE *f, const struct conf_rotate *r)
{
	char	 s[CONF_TEXT_MAX];

	if (r->size != 0 || r->age_us != 0)
		fputs("\trotate", f);
	if (r->size != 0)
		fprintf(f, " %s", conf_print_size(r->size, s));
	if (r->size != 0 && r->age_us != 0)
		fputs(" or", f);
	if (r->age_us != 0)
		fprintf(f, " %s", conf_print_time(r->age_us, s));
	if (r->size != 0 || r->age_us != 0)
		putc('\n', f);
	if (r->keep != 0)
		fprintf(f, "\tkeep %" PRIu32 " files\n", r->keep);
	if (r->max != 0)
		fprintf(f, "\tmax %s\n", conf_print_size(r->max, s));
}

static void
put_hook(FILE *f, const char *side, const char *name, const char *user)
{
	if (name[0] == '\0')
		return;
	fprintf(f, "\thook %s ", side);
	quote(f, name);
	if (user[0] != '\0')
		put_text(f, "user", user);
	putc('\n', f);
}

static void
put_forward(FILE *f, const struct conf_mirror *m)
{
	char	 s[ADDR_TEXT_MAX], t[CONF_TEXT_MAX];
	size_t	 i;

	if (m->has_forward)
		fprintf(f, "\tforward to %s port %u",
		    addr_print(&m->target.addr, s, sizeof(s)),
		    (unsigned)m->target.port);
	if (m->has_source)
		fprintf(f, " from %s", addr_print(&m->source, s, sizeof(s)));
	if (m->has_forward)
		putc('\n', f);
	fprintf(f, "\tforward { %s, timeout %s", conf_dir_name(m->forward_dir),
	    conf_print_time(m->timeout_us, t));
	fprintf(f, ", queue %s", conf_print_size(m->queue, t));
	fprintf(f, ", on error %s", m->abort_on_error ? "abort" : "drop");
	fprintf(f, ", reconnect %s", conf_print_time(m->reconnect_min_us, t));
	fprintf(f, " to %s }\n", conf_print_time(m->reconnect_max_us, t));
	for (i = 0; i < m->nset; i++) {
		fputs("\tforward set header ", f);
		quote(f, m->set[i].name);
		putc(' ', f);
		quote(f, m->set[i].value);
		putc('\n', f);
	}
	if (m->nforward_strip > 0) {
		put_list(f, "\tforward strip header", m->forward_strip[0],
		    sizeof(m->forward_strip[0]), m->nforward_strip);
		putc('\n', f);
	}
	if (m->messages)
		fputs("\tforward messages\n", f);
	if (m->compare)
		fputs("\tforward compare\n", f);
}

static void
put_record(FILE *f, const struct conf_mirror *m)
{
	fputs("\trecord to ", f);
	quote(f, m->path);
	fprintf(f, " format %s\n", conf_record_name(m->format));
}

/* Options that hold without a record line too, because of the hook. */
static void
put_record_options(FILE *f, const struct conf_mirror *m)
{
	char	 s[CONF_TEXT_MAX];

	fprintf(f, "\trecord { %s", conf_dir_name(m->record_dir));
	if (m->no_strip)
		fputs(", no strip", f);
	if (m->nstrip > 0)
		put_list(f, ", strip header", m->strip[0],
		    sizeof(m->strip[0]), m->nstrip);
	if (m->rotate.size != 0)
		fprintf(f, ", rotate %s", conf_print_size(m->rotate.size, s));
	if (m->rotate.age_us != 0)
		fprintf(f, "%s %s", m->rotate.size != 0 ? " or" : ", rotate",
		    conf_print_time(m->rotate.age_us, s));
	if (m->rotate.keep != 0)
		fprintf(f, ", keep %" PRIu32, m->rotate.keep);
	if (m->rotate.max != 0)
		fprintf(f, ", max %s", conf_print_size(m->rotate.max, s));
	fprintf(f, ", mode 0%03o }\n", (unsigned)m->mode);
}

static void
put_headers(FILE *f, const struct conf_mirror_rule *r)
{
	const struct conf_rule_header	*h;

	for (h = r->headers; h < r->headers + r->nheaders; h++) {
		put_text(f, "header", h->name);
		if (h->value[0] == '\0')
			continue;
		putc(' ', f);
		quote(f, h->value);
	}
}

/* In their order, which only matters within a side. */
static void
put_mirror_rules(FILE *f, const struct conf_mirror *m)
{
	const struct conf_mirror_rule	*r;

	for (r = m->rules; r < m->rules + m->nrules; r++) {
		fprintf(f, "\t%s %s%s", r->record ? "record" : "forward",
		    r->ignore ? "ignore" : "match", r->quick ? " quick" : "");
		put_request(f, &r->asks);
		put_headers(f, r);
		putc('\n', f);
	}
}

static void
put_mirror(const struct out *o, const struct conf_mirror *m)
{
	char	 s[CONF_TEXT_MAX];

	fputs("mirror ", o->f);
	quote(o->f, m->name);
	fputs(" {\n\tobserve", o->f);
	put_ports(o->f, &m->observe);
	putc('\n', o->f);
	put_forward(o->f, m);
	if (m->has_record)
		put_record(o->f, m);
	put_record_options(o->f, m);
	if (m->sample != SAMPLE_NONE)
		fprintf(o->f, "\tsample %s by %s\n",
		    conf_print_part(m->sample_part, s),
		    conf_word(WORDS_SAMPLE, m->sample));
	put_mirror_rules(o->f, m);
	put_hook(o->f, "forward", m->forward_hook, m->forward_hook_user);
	put_hook(o->f, "record", m->record_hook, m->record_hook_user);
	fprintf(o->f, "\thook timeout %s\n}\n",
	    conf_print_time(m->hook_timeout_us, s));
}

static void
put_log(const struct out *o, const struct conf_log *l)
{
	char		 every[CONF_TEXT_MAX];
	unsigned	 i;

	fprintf(o->f, "log %s ", l->format == LOG_EVE ? "events" :
	    l->format == LOG_HISTORY ? "history" :
	    l->format == LOG_EVIDENCE ? "evidence" : "access");
	quote(o->f, l->path);
	if (l->format == LOG_HISTORY)
		fprintf(o->f, " {\n\tevery %s\n",
		    conf_print_time(l->every_us, every));
	else if (l->format == LOG_EVIDENCE)
		fputs(" {\n", o->f);
	else
		fprintf(o->f, " format %s {\n",
		    conf_log_format_name(l->format));
	if (l->format == LOG_EVE) {
		fputs("\ttypes {", o->f);
		for (i = 0; conf_word(WORDS_EVENT, i) != NULL; i++)
			if (l->types & (1U << i))
				fprintf(o->f, " %s", conf_word(WORDS_EVENT, i));
		fprintf(o->f, " }\n\textras %s\n", l->extras ? "yes" : "no");
	}
	put_rotate(o->f, &l->rotate);
	fprintf(o->f, "\tmode 0%03o\n}\n", (unsigned)l->mode);
}

void
conf_print(const struct conf *c, FILE *f, bool verbose)
{
	const struct out	 o = { f, verbose };
	struct conf		*d;
	size_t			 i;

	if ((d = conf_new()) == NULL)
		return;
	put_global(&o, c, d);
	for (i = 0; i < c->ninterfaces; i++)
		put_interface(&o, &c->interfaces[i]);
	for (i = 0; i < c->nservices; i++) {
		fprintf(f, "service %s",
		    conf_word(WORDS_PROTO, c->services[i].proto));
		put_ports(f, &c->services[i].ports);
		putc('\n', f);
	}
	for (i = 0; i < c->nrules; i++)
		put_rule(&o, &c->rules[i]);
	put_nets(&o, "trusted proxies", c->proxies, c->nproxies);
	put_nets(&o, "inside", c->inside, c->ninside);
	put_privacy(&o, &c->privacy, &d->privacy);
	put_stats(&o, &c->stats, &d->stats);
	for (i = 0; i < c->nalerts; i++)
		put_alert(&o, &c->alerts[i]);
	for (i = 0; i < c->nmirrors; i++)
		put_mirror(&o, &c->mirrors[i]);
	for (i = 0; i < c->nlogs; i++)
		put_log(&o, &c->logs[i]);
	conf_free(d);
}
