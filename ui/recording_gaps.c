#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sandbox/compat.h"
#include "sandbox/conf.h"
#include "ui/recording_gaps.h"

/* The lines that are wanted: of a gap that follows what was captured then. */
struct span {
	uint64_t	 first_us;
	uint64_t	 last_us;
};

/* The text of a key of a line; -1 when it has none. */
static int
json_text(const char *line, const char *key, char *to, size_t size)
{
	const char	*p, *end;

	if ((p = strstr(line, key)) == NULL)
		return -1;
	p += strlen(key);
	if ((end = strchr(p, '"')) == NULL || (size_t)(end - p) >= size)
		return -1;
	memcpy(to, p, (size_t)(end - p));
	to[end - p] = '\0';
	return 0;
}

/* "2026-11-20T18:30:12.123456+0000"; 0 when the key has no such text. */
static uint64_t
json_time(const char *line, const char *key)
{
	struct tm	 tm = { 0 };
	const char	*us;
	char		 text[64];

	if (json_text(line, key, text, sizeof(text)) == -1 ||
	    (us = strptime(text, "%Y-%m-%dT%H:%M:%S.", &tm)) == NULL)
		return 0;
	return (uint64_t)timegm(&tm) * 1000000 + strtoul(us, NULL, 10);
}

static void
take_gap(struct recording *r, const char *line, const struct span *s)
{
	struct recorded_gap	*g;
	char			 from[RECORD_ADDR_MAX], to[RECORD_ADDR_MAX];
	char			 dir[32];
	uint64_t		 before, next;

	next = json_time(line, "\"next\":\"");
	if ((before = json_time(line, "\"last_record\":\"")) == 0)
		before = next;
	if (before < s->first_us || before > s->last_us)
		return;
	r->gaps++;
	if (json_text(line, "\"from\":\"", from, sizeof(from)) == -1 ||
	    json_text(line, "\"to\":\"", to, sizeof(to)) == -1 ||
	    json_text(line, "\"direction\":\"", dir, sizeof(dir)) == -1 ||
	    next == 0 || strcmp(dir, "to_observed") != 0)
		return;
	if (r->ngaps == r->gap_room) {
		r->gap_room = r->gap_room == 0 ? 64 : r->gap_room * 2;
		r->gap = recording_room(r->gap, r->gap_room,
		    sizeof(*r->gap));
	}
	g = &r->gap[r->ngaps++];
	snprintf(g->key, sizeof(g->key), "%s %s", from, to);
	g->next_us = next;
}

static void
read_lines(struct recording *r, const char *path, const struct span *s)
{
	char	 line[2048];
	FILE	*f;

	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strchr(line, '\n') != NULL)
			take_gap(r, line, s);
	fclose(f);
}

/* The stamp that rotation has put behind a name, or NULL. */
static const char *
stamp_of(const char *name)
{
	const char	*dot = strrchr(name, '.');

	return dot != NULL && dot > name && conf_stamp(dot + 1) ? dot + 1 :
	    NULL;
}

/* Those of FILE.gaps.STAMP that are not older than stamp. */
static void
read_rotated(struct recording *r, const char *gaps, const char *stamp,
    const struct span *s)
{
	char		 dir[PATH_MAX], path[PATH_MAX];
	const char	*base, *its;
	struct dirent	*e;
	size_t		 n;
	DIR		*d;

	compat_strlcpy(dir, gaps, sizeof(dir));
	base = strrchr(gaps, '/');
	base = base == NULL ? gaps : base + 1;
	n = (size_t)(base - gaps);
	compat_strlcpy(dir + n, ".", sizeof(dir) - n);
	if ((d = opendir(dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		its = stamp_of(e->d_name);
		n = strlen(base);
		if (its == NULL || strncmp(e->d_name, base, n) != 0 ||
		    its != e->d_name + n + 1 ||
		    strncmp(its, stamp, CONF_STAMP_LEN) < 0)
			continue;
		if (snprintf(path, sizeof(path), "%.*s%s",
		    (int)(base - gaps), gaps, e->d_name) < (int)sizeof(path))
			read_lines(r, path, s);
	}
	closedir(d);
}

void
recording_gaps(struct recording *r, const char *file, uint64_t first_us,
    uint64_t last_us)
{
	const char	*stamp = stamp_of(file);
	struct span	 s = { .last_us = UINT64_MAX };
	char		 gaps[PATH_MAX];
	int		 n;

	n = stamp != NULL ? (int)(stamp - 1 - file) : (int)strlen(file);
	if (snprintf(gaps, sizeof(gaps), "%.*s.gaps", n, file) >=
	    (int)sizeof(gaps))
		return;
	if (stamp != NULL) {
		s.first_us = first_us;
		s.last_us = last_us;
		read_rotated(r, gaps, stamp, &s);
	}
	read_lines(r, gaps, &s);
}
