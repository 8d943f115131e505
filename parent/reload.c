#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/here.h"
#include "parent/reload.h"
#include "sandbox/compat.h"

struct reload {
	const struct reload_ops	*ops;
	void			*arg;
	bool			 busy;
	bool			 wrong;		/* fresh is only to judge */
	const struct conf	*running;
	struct conf		*fresh;
	char			 path[CONF_PATH_MAX];
	uint64_t		 cookie;
	uint64_t		 deadline_us;
	unsigned		 away;		/* 1 << role: not running now */
	unsigned		 waiting;	/* 1 << role: no answer yet */
	unsigned		 asked;		/* 1 << role: PREPARE sent */
	struct reload_lines	 errors;
};

/* ---- lines ---- */

/* Takes one more; past RELOAD_LINES_MAX the last one says so. */
static void
add_line(struct reload_lines *l, const char *mark, const char *s, size_t n)
{
	char	**v, *text;
	size_t	  m = strlen(mark);

	if (l->n >= RELOAD_LINES_MAX)
		return;
	if (l->n == RELOAD_LINES_MAX - 1) {
		mark = "";
		m = 0;
		s = "... and more";
		n = strlen(s);
	}
	if ((v = realloc(l->v, (l->n + 1) * sizeof(*v))) == NULL)
		return;
	l->v = v;
	if ((text = malloc(m + n + 1)) == NULL)
		return;
	memcpy(text, mark, m);
	memcpy(text + m, s, n);
	text[m + n] = '\0';
	l->v[l->n++] = text;
}

void
reload_lines_clear(struct reload_lines *l)
{
	size_t	 i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

/* ---- what changed ---- */

/* A statement of the canonical text: its head line, or a whole block. */
struct stmt {
	const char	*s;
	size_t		 len;		/* with the last newline */
	size_t		 head;		/* of the first line, without it */
};

struct text {
	char		*s;
	size_t		 len;
	struct stmt	*stmt;
	size_t		 n;
};

static size_t
line_len(const char *s, size_t left)
{
	const char	*nl = memchr(s, '\n', left);

	return nl == NULL ? left : (size_t)(nl - s);
}

/* Lines that begin with a tab or a } belong to the statement before. */
static int
split(struct text *t)
{
	struct stmt	*v;
	size_t		 at, n;

	for (at = 0; at < t->len; at += n) {
		n = line_len(t->s + at, t->len - at);
		if (t->n == 0 || (t->s[at] != '\t' && t->s[at] != '}')) {
			v = realloc(t->stmt, (t->n + 1) * sizeof(*v));
			if (v == NULL)
				return -1;
			t->stmt = v;
			t->stmt[t->n].s = t->s + at;
			t->stmt[t->n].head = n;
			t->stmt[t->n++].len = 0;
		}
		n += at + n < t->len;
		t->stmt[t->n - 1].len += n;
	}
	return 0;
}

static int
print(const struct conf *c, struct text *t)
{
	FILE	*f;

	memset(t, 0, sizeof(*t));
	if ((f = open_memstream(&t->s, &t->len)) == NULL)
		return -1;
	conf_print(c, f, false);
	if (fclose(f) != 0)
		return -1;
	return split(t);
}

static const struct stmt *
find(const struct text *t, const struct stmt *s, bool whole)
{
	const struct stmt	*o;
	size_t			 i;

	for (i = 0; i < t->n; i++) {
		o = &t->stmt[i];
		if (whole ? o->len == s->len && memcmp(o->s, s->s, s->len) == 0
		    : s->len > s->head + 1 && o->head == s->head &&
		    memcmp(o->s, s->s, s->head) == 0)
			return o;
	}
	return NULL;
}

static bool
has_line(const struct stmt *s, const char *line, size_t len)
{
	size_t	 at, n;

	for (at = 0; at < s->len; at += n + 1) {
		n = line_len(s->s + at, s->len - at);
		if (n == len && memcmp(s->s + at, line, n) == 0)
			return true;
	}
	return false;
}

/* Each line of s, but those that other (may be NULL) has too. */
static void
add_stmt(struct reload_lines *l, const char *mark, const struct stmt *s,
    const struct stmt *other)
{
	size_t	 at, n;

	for (at = 0; at < s->len; at += n + 1) {
		n = line_len(s->s + at, s->len - at);
		if (other == NULL || !has_line(other, s->s + at, n))
			add_line(l, mark, s->s + at, n);
	}
}

static void
compare(const struct text *old, const struct text *new,
    struct reload_lines *l)
{
	const struct stmt	*s, *o;
	size_t			 i;

	for (i = 0; i < old->n; i++) {
		s = &old->stmt[i];
		if (find(new, s, true) != NULL)
			continue;
		if ((o = find(new, s, false)) == NULL) {
			add_stmt(l, "- ", s, NULL);
			continue;
		}
		add_line(l, "  ", s->s, s->head);
		add_stmt(l, "- ", s, o);
		add_stmt(l, "+ ", o, s);
	}
	for (i = 0; i < new->n; i++) {
		s = &new->stmt[i];
		if (find(old, s, true) == NULL && find(old, s, false) == NULL)
			add_stmt(l, "+ ", s, NULL);
	}
}

int
reload_changes(const struct conf *old, const struct conf *new,
    struct reload_lines *l)
{
	struct text	 a, b;
	int		 r = -1;

	memset(&b, 0, sizeof(b));
	if (print(old, &a) == 0 && print(new, &b) == 0) {
		compare(&a, &b, l);
		r = 0;
	}
	free(a.s);
	free(a.stmt);
	free(b.s);
	free(b.stmt);
	return r;
}

static bool
has_target(const struct conf *c, const struct conf_mirror *m)
{
	const struct conf_mirror	*o;
	size_t				 i;

	for (i = 0; i < c->nmirrors; i++) {
		o = &c->mirrors[i];
		if (o->has_forward && endpoint_cmp(&o->target, &m->target) == 0
		    && o->has_source == m->has_source && (!o->has_source ||
		    addr_cmp(&o->source, &m->source) == 0))
			return true;
	}
	return false;
}

/* Whether a has all targets of b. */
static bool
has_targets(const struct conf *a, const struct conf *b)
{
	size_t	 i;

	for (i = 0; i < b->nmirrors; i++)
		if (b->mirrors[i].has_forward &&
		    !has_target(a, &b->mirrors[i]))
			return false;
	return true;
}

unsigned
reload_restarts(const struct conf *a, const struct conf *b)
{
	return has_targets(a, b) && has_targets(b, a) ? 0 : 1U << ROLE_MIRROR;
}

/* Both have the same user, whose group it is where none is named. */
static bool
same_group(const struct conf *a, const struct conf *b)
{
	const char	*named = *a->group == '\0' ? b->group : a->group;
	uid_t		 uid;
	gid_t		 users, gid;

	if (strcmp(a->group, b->group) == 0)
		return true;
	if (*a->group != '\0' && *b->group != '\0')
		return false;
	if (!here_user(a->user, &uid, &users))
		return strcmp(named, a->user) == 0;
	return here_group(named, &gid) && gid == users;
}

int
reload_possible(const struct conf *a, const struct conf *b, char *why,
    size_t size)
{
	const char	*what = NULL;

	if (strcmp(a->user, b->user) != 0)
		what = "user";
	else if (strcmp(a->socket, b->socket) != 0)
		what = "control socket";
	else if (!same_group(a, b))
		what = "the group of the control socket";
	if (what == NULL)
		return 0;
	snprintf(why, size, "%s cannot change while netmond runs, restart it",
	    what);
	return -1;
}

/* ---- the state machine ---- */

struct reload *
reload_new(const struct reload_ops *ops, void *arg)
{
	struct reload	*r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->ops = ops;
	r->arg = arg;
	return r;
}

void
reload_free(struct reload *r)
{
	if (r == NULL)
		return;
	conf_free(r->fresh);
	reload_lines_clear(&r->errors);
	free(r);
}

bool
reload_busy(const struct reload *r)
{
	return r->busy;
}

static void
on_error(const char *line, void *arg)
{
	struct reload	*r = arg;

	add_line(&r->errors, "", line, strlen(line));
}

/* The one end of each reload; done may begin the next. */
static void
finish(struct reload *r, bool ok)
{
	struct reload_result	 res;
	struct reload_lines	 errors = r->errors;
	char			 path[CONF_PATH_MAX];

	memset(&res, 0, sizeof(res));
	memcpy(path, r->path, sizeof(path));
	res.ok = ok;
	res.cookie = r->cookie;
	res.path = path;
	res.errors = errors;
	if (ok) {
		res.conf = r->fresh;
		res.restart = reload_restarts(r->running, r->fresh);
		(void)reload_changes(r->running, r->fresh, &res.changes);
	} else
		conf_free(r->fresh);
	r->fresh = NULL;
	r->running = NULL;
	r->busy = false;
	memset(&r->errors, 0, sizeof(r->errors));
	r->ops->done(&res, r->arg);
	reload_lines_clear(&errors);
	reload_lines_clear(&res.changes);
}

/* why NULL: that is said already. */
static void
give_up(struct reload *r, enum role role, const char *why)
{
	char		 line[PARSE_LINE_MAX];
	unsigned	 i;

	if (why != NULL && !r->wrong) {
		snprintf(line, sizeof(line), "%s: %s: %s", r->path,
		    role_name(role), why);
		on_error(line, r);
	}
	for (i = ROLE_FIRST_CHILD; i <= ROLE_LAST_CHILD; i++)
		if (r->asked & (1U << i))
			r->ops->abort((enum role)i, r->arg);
	finish(r, false);
}

static void
commit(struct reload *r)
{
	unsigned	 i;

	for (i = ROLE_FIRST_CHILD; i <= ROLE_LAST_CHILD; i++)
		r->ops->commit((enum role)i, r->arg);
	finish(r, true);
}

/* There are errors already; capture may know one more, of the filter. */
static void
prepare_rest(struct reload *r)
{
	r->wrong = true;
	if (r->ops->prepare(ROLE_CAPTURE, r->fresh, r->arg) == -1)
		finish(r, false);
	else
		r->asked = r->waiting = 1U << ROLE_CAPTURE;
}

static void
ask(struct reload *r, unsigned role)
{
	unsigned	 bit = 1U << role;

	if (r->ops->prepare((enum role)role, r->fresh, r->arg) == -1) {
		r->away |= bit;
		return;
	}
	r->away &= ~bit;
	r->asked |= bit;
	r->waiting |= bit;
}

static void
prepare(struct reload *r, uint64_t now_us)
{
	unsigned	 i;

	for (i = ROLE_FIRST_CHILD; i <= ROLE_LAST_CHILD; i++)
		ask(r, i);
	if (r->away != 0)
		r->deadline_us = now_us + RELOAD_AWAY_US;
}

void
reload_fresh(struct reload *r, enum role role, uint64_t now_us)
{
	if (!r->busy || (r->away & (1U << role)) == 0)
		return;
	ask(r, role);
	if (r->away == 0)
		r->deadline_us = now_us + RELOAD_WAIT_US;
}

int
reload_start(struct reload *r, const char *path, const struct conf *running,
    uint64_t cookie, uint64_t now_us)
{
	struct conf	*rest = NULL;
	char		 why[CONF_WHY_MAX], line[PARSE_LINE_MAX];

	if (r->busy)
		return -1;
	r->busy = true;
	r->wrong = false;
	r->running = running;
	r->cookie = cookie;
	r->asked = r->waiting = r->away = 0;
	r->deadline_us = now_us + RELOAD_WAIT_US;
	compat_strlcpy(r->path, path, sizeof(r->path));
	r->fresh = r->ops->load(path, &rest, on_error, r, r->arg);
	if (r->fresh == NULL && rest != NULL) {
		r->fresh = rest;
		prepare_rest(r);
	} else if (r->fresh == NULL) {
		if (r->errors.n == 0)
			on_error("the file could not be read", r);
		finish(r, false);
	} else if (reload_possible(running, r->fresh, why, sizeof(why)) ==
	    -1) {
		snprintf(line, sizeof(line), "%s: %s", path, why);
		on_error(line, r);
		finish(r, false);
	} else
		prepare(r, now_us);
	return 0;
}

static bool
waits_for(const struct reload *r, enum role role)
{
	return r->busy && (r->waiting & (1U << role)) != 0;
}

void
reload_prepared(struct reload *r, enum role role)
{
	if (!waits_for(r, role))
		return;
	r->waiting &= ~(1U << role);
	if (r->waiting == 0 && r->wrong)
		give_up(r, role, NULL);
	else if (r->waiting == 0 && r->away == 0)
		commit(r);
}

void
reload_refused(struct reload *r, enum role role, const char *why)
{
	if (!waits_for(r, role))
		return;
	r->asked &= ~(1U << role);
	if (role == ROLE_CAPTURE && r->fresh->filter_at[0] != '\0') {
		on_error(why, r);	/* it begins with the place */
		why = NULL;
	}
	give_up(r, role, why);
}

/* PREPARED or not: the fresh child has the running configuration. */
void
reload_lost(struct reload *r, enum role role)
{
	if (!r->busy || (r->asked & (1U << role)) == 0)
		return;
	r->asked &= ~(1U << role);
	give_up(r, role, "was lost before it could answer, try again");
}

void
reload_tick(struct reload *r, uint64_t now_us)
{
	unsigned	 i;

	if (!r->busy || now_us < r->deadline_us)
		return;
	for (i = ROLE_FIRST_CHILD; i <= ROLE_LAST_CHILD; i++)
		if (r->away & (1U << i)) {
			give_up(r, (enum role)i,
			    "is not running now, try again");
			return;
		}
	for (i = ROLE_FIRST_CHILD; i <= ROLE_LAST_CHILD; i++)
		if (r->waiting & (1U << i)) {
			r->ops->silent((enum role)i, r->arg);
			give_up(r, (enum role)i, "did not answer");
			return;
		}
}
