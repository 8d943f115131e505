/* Words of the configuration to values: numbers, units, addresses, lists. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parent/parser.h"
#include "sandbox/compat.h"

int
get_digits(const char *s, uint64_t *v, const char **end)
{
	*v = 0;
	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (*v > (UINT64_MAX / 2 - 9) / 10)
			return -1;
		*v = *v * 10 + (uint64_t)(*s - '0');
	}
	*end = s;
	return 0;
}

struct unit {
	const char	*name;
	uint64_t	 factor;
};

static int
with_unit(const char *s, const struct unit *u, uint64_t *v)
{
	const char	*end;

	if (get_digits(s, v, &end) == -1)
		return -1;
	for (; u->name != NULL; u++)
		if (strcmp(u->name, end) == 0)
			break;
	if (u->name == NULL || *v > UINT64_MAX / 2 / u->factor)
		return -1;
	*v *= u->factor;
	return 0;
}

int
parse_time(const char *s, uint64_t *us, char *why, size_t size)
{
	static const struct unit	 units[] = {
		{ "", 1000000 }, { "ms", 1000 }, { "s", 1000000 },
		{ "m", 60000000 }, { "h", 3600000000ULL },
		{ "d", 86400000000ULL }, { NULL, 0 }
	};
	uint64_t			 v;

	if (with_unit(s, units, &v) == -1) {
		snprintf(why, size, "\"%.64s\" is not a time, use a number "
		    "with ms, s, m, h or d", s);
		return -1;
	}
	*us = v;
	return 0;
}

int
parse_size(const char *s, uint64_t *bytes, char *why, size_t size)
{
	static const struct unit	 units[] = {
		{ "", 1 }, { "K", 1ULL << 10 }, { "M", 1ULL << 20 },
		{ "G", 1ULL << 30 }, { NULL, 0 }
	};
	uint64_t			 v;

	if (with_unit(s, units, &v) == -1) {
		snprintf(why, size, "\"%.64s\" is not a size, use a number "
		    "of bytes, or with K, M or G", s);
		return -1;
	}
	*bytes = v;
	return 0;
}

/* "80" or "8000-8010" (or with a colon), of len bytes. */
int
get_port_range(const char *s, size_t len, struct conf_range *r, char *why,
    size_t size)
{
	char		 t[24];
	const char	*end;
	uint64_t	 lo, hi;

	if (len >= sizeof(t))
		goto bad;
	memcpy(t, s, len);
	t[len] = '\0';
	if (get_digits(t, &lo, &end) == -1)
		goto bad;
	hi = lo;
	if ((*end == '-' || *end == ':') &&
	    get_digits(end + 1, &hi, &end) == -1)
		goto bad;
	if (*end != '\0')
		goto bad;
	if (lo == 0 || lo > 65535 || hi == 0 || hi > 65535) {
		snprintf(why, size, "port %" PRIu64 " is not a port, use 1 to "
		    "65535", lo == 0 || lo > 65535 ? lo : hi);
		return -1;
	}
	if (lo > hi) {
		snprintf(why, size, "port range %s is backwards", t);
		return -1;
	}
	r->lo = (uint16_t)lo;
	r->hi = (uint16_t)hi;
	return 0;
 bad:
	snprintf(why, size, "\"%.*s\" is not a port, use 1 to 65535 or a "
	    "range like 8000-8010", (int)(len < 64 ? len : 64), s);
	return -1;
}

int
parse_ports(const char *s, struct conf_ports *p, char *why, size_t size)
{
	size_t	 n;

	for (s += strspn(s, ", "); *s != '\0'; s += n + strspn(s + n, ", ")) {
		n = strcspn(s, ", ");
		if (p->n == nitems(p->range)) {
			snprintf(why, size, "more than %zu ports or ranges",
			    nitems(p->range));
			return -1;
		}
		if (get_port_range(s, n, &p->range[p->n], why, size) == -1)
			return -1;
		p->n++;
	}
	if (p->n == 0) {
		snprintf(why, size, "a port is missing");
		return -1;
	}
	return 0;
}

void
get_text(struct parser *p, const char *what, char *dst, size_t size,
    const char *src)
{
	if (src == NULL)
		src = "";
	if (strlen(src) >= size)
		parse_fail(p, "%s is longer than %zu bytes", what, size - 1);
	else {
		memset(dst, 0, size);
		memcpy(dst, src, strlen(src));
	}
}

/* Hosts are counted in lower case. */
void
get_host(struct parser *p, char *dst, size_t size, const char *src)
{
	size_t	 i;

	get_text(p, "host", dst, size, src);
	for (i = 0; dst[i] != '\0'; i++)
		if (dst[i] >= 'A' && dst[i] <= 'Z')
			dst[i] += 'a' - 'A';
}

/* Only capture can judge it: it is told where it came from. */
void
get_filter(struct parser *p, const char *s)
{
	struct conf	*c = p->conf;

	get_text(p, "filter", c->filter, sizeof(c->filter), s);
	memset(c->filter_at, 0, sizeof(c->filter_at));
	snprintf(c->filter_at, sizeof(c->filter_at), "%s:%u", p->tok_file,
	    p->tok_line);
}

/* Within its bounds it is taken, else the default stays. */
static void
take(struct parser *p, enum conf_limit which, uint64_t v, uint64_t *to)
{
	char	 why[CONF_WHY_MAX];

	if (conf_limit(which, v, why, sizeof(why)) == -1)
		parse_fail(p, "%s", why);
	else
		*to = v;
}

void
get_time(struct parser *p, enum conf_limit which, uint64_t *to, const char *s)
{
	char		 why[CONF_WHY_MAX];
	uint64_t	 v;

	if (s != NULL && parse_time(s, &v, why, sizeof(why)) == -1)
		parse_fail(p, "%s", why);
	else if (s != NULL)
		take(p, which, v, to);
}

void
get_size(struct parser *p, enum conf_limit which, uint64_t *to, const char *s)
{
	char		 why[CONF_WHY_MAX];
	uint64_t	 v;

	if (s != NULL && parse_size(s, &v, why, sizeof(why)) == -1)
		parse_fail(p, "%s", why);
	else if (s != NULL)
		take(p, which, v, to);
}

void
get_u64(struct parser *p, enum conf_limit which, uint64_t *to, const char *s)
{
	const char	*end;
	uint64_t	 v;

	if (s == NULL)
		return;
	if (get_digits(s, &v, &end) == -1 || *end != '\0')
		parse_fail(p, "\"%s\" is not a number", s);
	else
		take(p, which, v, to);
}

/* The bounds of which are within the type. */
void
get_u32(struct parser *p, enum conf_limit which, uint32_t *to, const char *s)
{
	uint64_t	 v = *to;

	get_u64(p, which, &v, s);
	*to = (uint32_t)v;
}

void
get_u8(struct parser *p, enum conf_limit which, uint8_t *to, const char *s)
{
	uint64_t	 v = *to;

	get_u64(p, which, &v, s);
	*to = (uint8_t)v;
}

void
get_words(enum conf_words table, char *s, size_t size)
{
	size_t		 len = 0;
	unsigned	 i;

	s[0] = '\0';
	for (i = 0; conf_word(table, i) != NULL && len < size; i++)
		len += (size_t)snprintf(s + len, size - len, "%s%s",
		    i == 0 ? "" : " ", conf_word(table, i));
}

void
get_word(struct parser *p, enum conf_words table, const char *what,
    uint8_t *to, const char *s)
{
	char	 all[CONF_WHY_MAX];
	bool	 none;
	int	 i;

	if (s == NULL)
		return;
	i = conf_word_find(table, s);
	/* The first of these is "none": what one gets without the word. */
	none = table == WORDS_KEY || table == WORDS_SAMPLE;
	if (i >= 0 && !(none && i == 0)) {
		*to = (uint8_t)i;
		return;
	}
	get_words(table, all, sizeof(all));
	parse_fail(p, "unknown %s \"%s\", valid: %s", what, s,
	    none ? strchr(all, ' ') + 1 : all);
}

void
get_yes_no(struct parser *p, const char *s, bool *to)
{
	if (s == NULL)
		return;
	if (strcmp(s, "yes") == 0)
		*to = true;
	else if (strcmp(s, "no") == 0)
		*to = false;
	else
		parse_fail(p, "\"%s\" is neither yes nor no", s);
}

void
get_list(struct parser *p, const char *what, char *to, size_t size,
    size_t max, uint8_t *n, const struct list *l)
{
	size_t	 i, j;

	for (i = 0; l != NULL && i < l->n; i++) {
		for (j = 0; j < *n; j++)
			if (strcmp(to + j * size, l->v[i]) == 0)
				break;
		if (j < *n)
			continue;
		if (*n == max) {
			parse_fail(p, "more than %zu entries of %s", max, what);
			return;
		}
		get_text(p, what, to + *n * size, size, l->v[i]);
		(*n)++;
	}
}

void
get_ports(struct parser *p, struct conf_ports *to, const struct list *l)
{
	char	 why[CONF_WHY_MAX];
	size_t	 i;

	if (l == NULL)
		return;
	if (l->n == 0)
		parse_fail(p, "a port is missing");
	for (i = 0; i < l->n; i++) {
		p->tok_line = l->line[i];
		if (parse_ports(l->v[i], to, why, sizeof(why)) == -1)
			parse_fail(p, "%s", why);
	}
}

void
get_addr(struct parser *p, struct addr *to, const char *s)
{
	if (s != NULL && addr_parse(s, to) == -1)
		parse_fail(p, "\"%s\" is not an address, use numbers like "
		    "192.0.2.1 or 2001:db8::1", s);
}

/* "404", "5xx" or "400-499". */
int
get_status(struct parser *p, struct conf_status *to, const char *s)
{
	const char	*end;
	uint64_t	 lo, hi;

	if (*s >= '1' && *s <= '9' && strcmp(s + 1, "xx") == 0) {
		to->lo = (uint16_t)((*s - '0') * 100);
		to->hi = (uint16_t)(to->lo + 99);
		return 0;
	}
	if (get_digits(s, &lo, &end) == 0) {
		hi = lo;
		if (*end == '-' && get_digits(end + 1, &hi, &end) == -1)
			hi = 0;
		if (*end == '\0' && lo >= 100 && lo <= hi && hi <= 999) {
			to->lo = (uint16_t)lo;
			to->hi = (uint16_t)hi;
			return 0;
		}
	}
	parse_fail(p, "\"%s\" is not a status, use 404, 5xx or 400-499", s);
	return -1;
}

/* "5%" or "0.25%" as a part of 1. */
int
get_part(struct parser *p, double *to, const char *s)
{
	uint64_t	 whole, frac = 0;
	const char	*end, *dot;
	double		 scale = 1;

	if (get_digits(s, &whole, &end) == -1 || whole > 1000000)
		goto bad;
	if (*end == '.') {
		dot = end + 1;
		if (get_digits(dot, &frac, &end) == -1 || end - dot > 6)
			goto bad;
		for (; dot < end; dot++)
			scale *= 10;
	}
	if (strcmp(end, "%") != 0)
		goto bad;
	*to = ((double)whole * scale + (double)frac) / (scale * 100);
	return 0;
 bad:
	parse_fail(p, "\"%s\" is not a percentage, use something like 5%% or "
	    "0.5%%", s);
	return -1;
}

void
get_lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}
