/* The blocks mirror and log, and what their files have in common. */
#include <string.h>

#include "parent/parser.h"

void
mirror_begin(struct parser *p, const char *name)
{
	conf_mirror_defaults(&p->mirror);
	get_text(p, "the name", p->mirror.name, sizeof(p->mirror.name), name);
}

void
mirror_end(struct parser *p)
{
	char		 why[CONF_WHY_MAX];
	unsigned	 line = p->tok_line;
	size_t		 i;

	for (i = 0; i < p->mirror.nrules; i++) {
		p->tok_line = p->mirror_lines[i];
		if (conf_mirror_rule_check(&p->mirror, i, why,
		    sizeof(why)) == -1)
			parse_fail(p, "%s", why);
	}
	p->tok_line = line;
	parse_join(p, CONF_MIRROR, conf_add_mirror(p->conf), &p->mirror,
	    sizeof(p->mirror), &p->conf->nmirrors);
}

void
mirror_target(struct parser *p, const char *addr, const char *port)
{
	struct conf_range	 r;
	char			 why[CONF_WHY_MAX];

	if (addr == NULL || port == NULL)
		return;
	if (p->mirror.has_forward) {
		parse_fail(p, "a mirror has one target, use a second mirror");
		return;
	}
	p->mirror.has_forward = true;
	get_addr(p, &p->mirror.target.addr, addr);
	if (get_port_range(port, strlen(port), &r, why, sizeof(why)) == -1)
		parse_fail(p, "%s", why);
	else if (r.lo != r.hi)
		parse_fail(p, "a target has one port");
	else
		p->mirror.target.port = r.lo;
}

void
mirror_set_header(struct parser *p, const char *name, const char *value)
{
	struct conf_mirror	*m = &p->mirror;

	if (name == NULL || value == NULL)
		return;
	if (!conf_token(name))
		parse_fail(p, "\"%s\" is not the name of a header", name);
	if (m->nset == CONF_MIRROR_HEADERS) {
		parse_fail(p, "a mirror sets at most %d headers",
		    CONF_MIRROR_HEADERS);
		return;
	}
	get_text(p, "the name", m->set[m->nset].name,
	    sizeof(m->set[m->nset].name), name);
	get_text(p, "the value", m->set[m->nset].value,
	    sizeof(m->set[m->nset].value), value);
	m->nset++;
}

/* Names of headers have no case; what is stripped already stays so. */
void
mirror_strip(struct parser *p, const char *what, char (*to)[CONF_NAME_MAX],
    uint8_t *n, const struct list *l)
{
	size_t	 i;

	for (i = 0; l != NULL && i < l->n; i++) {
		get_lower(l->v[i]);
		if (!conf_token(l->v[i]))
			parse_fail(p, "\"%s\" is not the name of a header",
			    l->v[i]);
	}
	get_list(p, what, to[0], sizeof(to[0]), CONF_MIRROR_STRIPS, n, l);
}

void
mirror_sample(struct parser *p, const char *part, const char *by)
{
	double		 v;
	const char	*why;

	if (part == NULL)
		return;
	if (get_part(p, &v, part) == 0) {
		if ((why = conf_sample_fault(v)) != NULL)
			parse_fault(p, why);
		else
			p->mirror.sample_part = v;
	}
	p->mirror.sample = SAMPLE_CLIENT;
	get_word(p, WORDS_SAMPLE, "sample", &p->mirror.sample, by);
}

void
mirror_on_error(struct parser *p, const char *s)
{
	if (s == NULL)
		return;
	p->mirror.abort_on_error = strcmp(s, "abort") == 0;
	if (strcmp(s, "abort") != 0 && strcmp(s, "drop") != 0)
		parse_fail(p, "on error is drop or abort, not \"%s\"", s);
}

/* ---- files and logs ---- */

/* A size, or a time: only times end in ms, s, m, h or d. */
void
file_rotate(struct parser *p, const char *s)
{
	const char	*end;
	uint64_t	 v;

	if (s == NULL)
		return;
	if (get_digits(s, &v, &end) == 0 && *end >= 'a' && *end <= 'z')
		get_time(p, LIMIT_ROTATE_AGE, &p->rotate->age_us, s);
	else if (get_digits(s, &v, &end) == 0)
		get_size(p, LIMIT_ROTATE_SIZE, &p->rotate->size, s);
	else
		parse_fail(p, "rotate takes a size like 64M, a time like 1d, "
		    "or 64M or 1d");
}

void
file_mode(struct parser *p, const char *s)
{
	unsigned	 mode = 0;
	const char	*why;
	size_t		 i;

	if (s == NULL)
		return;
	for (i = 0; s[i] >= '0' && s[i] <= '7' && i < 4; i++)
		mode = mode * 8 + (unsigned)(s[i] - '0');
	if (s[i] != '\0' || i < 3)
		parse_fail(p, "\"%s\" is not a mode, use three octal digits "
		    "like 0640", s);
	else if ((why = conf_mode_fault(mode)) != NULL)
		parse_fault(p, why);
	else
		*p->mode = (uint16_t)mode;
}

void
log_begin(struct parser *p, const char *kind, const char *path)
{
	if (kind != NULL && strcmp(kind, "history") == 0)
		conf_history_defaults(&p->log);
	else if (kind != NULL && strcmp(kind, "evidence") == 0)
		conf_evidence_defaults(&p->log);
	else
		conf_log_defaults(&p->log);
	p->rotate = &p->log.rotate;
	p->mode = &p->log.mode;
	p->log_kind = p->log.format;
	if (kind == NULL || path == NULL)
		return;
	if (strcmp(kind, "access") == 0)
		p->log_kind = p->log.format = LOG_COMBINED;
	else if (strcmp(kind, "events") != 0 && p->log_kind == LOG_EVE)
		parse_fail(p, "log events, log access, log history or log "
		    "evidence, not \"%s\"", kind);
	get_text(p, "path", p->log.path, sizeof(p->log.path), path);
}

void
log_every(struct parser *p, const char *s)
{
	if (p->log_kind != LOG_HISTORY)
		parse_fail(p, "every is of log history");
	else
		get_time(p, LIMIT_EVERY, &p->log.every_us, s);
}

void
log_types(struct parser *p, const struct list *l)
{
	uint8_t	 bit = 0;
	size_t	 i;

	p->log.types = 0;
	for (i = 0; l != NULL && i < l->n; i++) {
		get_word(p, WORDS_EVENT, "type", &bit, l->v[i]);
		p->log.types |= 1U << bit;
	}
}

static const char *
format_fault(enum conf_log_format of, enum conf_log_format format)
{
	if (of == LOG_HISTORY)
		return format == of ? NULL : "log history has no format";
	if (of == LOG_EVIDENCE)
		return format == of ? NULL : "log evidence has no format";
	if (of == LOG_EVE)
		return format == of ? NULL : "format of log events is eve, "
		    "others are of log access";
	return format == LOG_COMBINED || format == LOG_COMMON ? NULL :
	    "format of log access is combined or common, eve is that of log "
	    "events";
}

/* A month of days, unless it is said otherwise. */
static void
history_files(struct conf_rotate *r)
{
	if (r->size == 0 && r->age_us == 0)
		r->age_us = 24 * 3600 * 1000000ULL;
	if (r->keep == 0 && r->max == 0)
		r->keep = 32;
}

/* So that what fires night after night does not fill the disk. */
static void
evidence_files(struct conf_rotate *r)
{
	if (r->size == 0 && r->age_us == 0)
		r->size = 16 * 1024 * 1024;
	if (r->keep == 0 && r->max == 0)
		r->keep = 8;
}

void
log_end(struct parser *p)
{
	const char	*why;

	why = format_fault((enum conf_log_format)p->log_kind,
	    (enum conf_log_format)p->log.format);
	if (why != NULL)
		parse_fail(p, "%s", why);
	/* Unless types say so, an access log holds what it can. */
	if (p->log_kind == LOG_COMBINED && p->log.types == CONF_EV_ALL)
		p->log.types = CONF_EV_HTTP;
	if (p->log_kind == LOG_HISTORY)
		history_files(&p->log.rotate);
	if (p->log_kind == LOG_EVIDENCE)
		evidence_files(&p->log.rotate);
	parse_join(p, CONF_LOG, conf_add_log(p->conf), &p->log, sizeof(p->log),
	    &p->conf->nlogs);
}
