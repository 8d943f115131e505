#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/here.h"
#include "parent/roots.h"
#include "sandbox/compat.h"

#define GROUPS_MAX	256

bool
here_user(const char *name, uid_t *uid, gid_t *gid)
{
	struct passwd	*pw;
	FILE		*f;

	if ((f = fopen("/etc/passwd", "re")) == NULL)
		return false;
	while ((pw = fgetpwent(f)) != NULL)
		if (strcmp(pw->pw_name, name) == 0) {
			*uid = pw->pw_uid;
			*gid = pw->pw_gid;
			break;
		}
	fclose(f);
	return pw != NULL;
}

bool
here_group(const char *name, gid_t *gid)
{
	struct group	*gr;
	FILE		*f;

	if ((f = fopen("/etc/group", "re")) == NULL)
		return false;
	while ((gr = fgetgrent(f)) != NULL)
		if (strcmp(gr->gr_name, name) == 0) {
			*gid = gr->gr_gid;
			break;
		}
	fclose(f);
	return gr != NULL;
}

/* ---- as the user that netmond becomes ---- */

struct before {
	gid_t	 groups[GROUPS_MAX];
	int	 ngroups;
	gid_t	 gid;
	uid_t	 uid;
};

static void
go_back(const struct before *b)
{
	if (b->uid != 0)
		return;
	if (seteuid(0) == -1 || setegid(b->gid) == -1 ||
	    setgroups((size_t)b->ngroups, b->groups) == -1)
		_exit(1);	/* never go on as somebody else */
}

/* False when we cannot judge for the user. */
static bool
go_as_user(const struct conf *c, struct before *b)
{
	struct passwd	*pw;
	struct group	*gr;
	gid_t		 extra;

	b->uid = geteuid();
	b->gid = getegid();
	if ((pw = getpwnam(c->user)) == NULL)
		return false;
	if (b->uid != 0)
		return pw->pw_uid == b->uid;
	extra = pw->pw_gid;
	if (c->group[0] != '\0' && (gr = getgrnam(c->group)) != NULL)
		extra = gr->gr_gid;
	if ((b->ngroups = getgroups(GROUPS_MAX, b->groups)) == -1 ||
	    setgroups(1, &extra) == -1)
		return false;
	if (setegid(pw->pw_gid) == 0 && seteuid(pw->pw_uid) == 0)
		return true;
	go_back(b);
	return false;
}

/* ---- files ---- */

struct look {
	const struct conf	*c;
	struct roots		 roots;
	conf_fault_fn		*fn;
	void			*arg;
};

static int
may(const char *path, int how)
{
	return faccessat(AT_FDCWD, path, how, AT_EACCESS);
}

/* What stands in the way of a file, NULL nothing; errno says why. */
static const char *
obstacle(const struct look *l, const char *path, bool rotates, char *dir,
    size_t size)
{
	struct stat	 st;
	bool		 there;

	roots_folder(path, dir, size);
	/* The folder of the socket is made at the start. */
	if (may(dir, F_OK) == -1 && errno == ENOENT &&
	    strcmp(dir, l->roots.dir[0]) == 0)
		return NULL;
	if (may(dir, X_OK) == -1)
		return dir;
	there = lstat(path, &st) == 0;
	if ((!there || rotates) && may(dir, W_OK) == -1)
		return dir;
	if (!there)
		return NULL;
	errno = S_ISDIR(st.st_mode) ? EISDIR : ELOOP;
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode) ||
	    may(path, R_OK | W_OK) == -1)
		return path;
	return NULL;
}

static void
look_at_file(const struct look *l, enum conf_part part, size_t i,
    const char *path, const struct conf_rotate *r)
{
	const char	*at;
	char		 dir[CONF_PATH_MAX], why[CONF_WHY_MAX * 2];

	if (strcmp(path, "-") == 0 || (at = obstacle(l, path, r->size != 0 ||
	    r->age_us != 0, dir, sizeof(dir))) == NULL)
		return;
	snprintf(why, sizeof(why), "user \"%s\" cannot write here: %s: %s",
	    l->c->user, at, strerror(errno));
	l->fn(part, i, why, l->arg);
}

static void
look_at_files(const struct look *l)
{
	static const struct conf_rotate	 renames = { .size = 1 };
	const struct conf	*c = l->c;
	size_t			 i;

	if (c->state[0] != '\0')
		look_at_file(l, CONF_GLOBAL, CONF_AT_STATE, c->state,
		    &renames);
	for (i = 0; i < c->nmirrors; i++)
		if (c->mirrors[i].has_record)
			look_at_file(l, CONF_MIRROR, i, c->mirrors[i].path,
			    &c->mirrors[i].rotate);
	for (i = 0; i < c->nlogs; i++)
		look_at_file(l, CONF_LOG, i, c->logs[i].path,
		    &c->logs[i].rotate);
}

/* ---- hooks ---- */

static void
look_at_hook(const struct look *l, size_t i, const char *hook,
    const char *user)
{
	char	 why[CONF_WHY_MAX];
	uid_t	 uid;
	gid_t	 gid;

	if (*hook == '\0' || *user == '\0' || here_user(user, &uid, &gid))
		return;
	snprintf(why, sizeof(why), "hook \"%s\": user \"%s\" is not in "
	    "/etc/passwd, so that only root may attach it", hook, user);
	l->fn(CONF_MIRROR, i, why, l->arg);
}

void
here_look(const struct conf *c, conf_fault_fn *fn, void *arg)
{
	struct look			 l = { .c = c, .fn = fn, .arg = arg };
	const struct conf_mirror	*m;
	struct before			 before;
	size_t				 i;

	roots_of(c, &l.roots);
	for (i = 0; i < c->nmirrors; i++) {
		m = &c->mirrors[i];
		look_at_hook(&l, i, m->forward_hook, m->forward_hook_user);
		look_at_hook(&l, i, m->record_hook, m->record_hook_user);
	}
	if (!go_as_user(c, &before))
		return;
	look_at_files(&l);
	go_back(&before);
}
