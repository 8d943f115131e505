#include <sys/capability.h>
#include <sys/prctl.h>

#include <linux/securebits.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/compat.h"
#include "sandbox/priv.h"

#define SECURE_BITS	(SECBIT_KEEP_CAPS | SECBIT_NOROOT | \
			SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | \
			SECBIT_NO_SETUID_FIXUP_LOCKED)

/* The capabilities in permitted and effective; net_raw inheritable too. */
static int
set_caps(bool net_raw, bool inherit, bool setpcap)
{
	cap_value_t	 raw = CAP_NET_RAW, pcap = CAP_SETPCAP;
	cap_t		 c;
	int		 r = 0;

	if ((c = cap_init()) == NULL)
		return -1;
	if (net_raw) {
		r |= cap_set_flag(c, CAP_PERMITTED, 1, &raw, CAP_SET);
		r |= cap_set_flag(c, CAP_EFFECTIVE, 1, &raw, CAP_SET);
	}
	if (net_raw && inherit)
		r |= cap_set_flag(c, CAP_INHERITABLE, 1, &raw, CAP_SET);
	if (setpcap) {
		r |= cap_set_flag(c, CAP_PERMITTED, 1, &pcap, CAP_SET);
		r |= cap_set_flag(c, CAP_EFFECTIVE, 1, &pcap, CAP_SET);
	}
	if (r == 0)
		r = cap_set_proc(c);
	cap_free(c);
	return r == 0 ? 0 : -1;
}

static bool
has_cap(cap_value_t cap)
{
	cap_flag_value_t	 v = CAP_CLEAR;
	cap_t			 c;

	if ((c = cap_get_proc()) == NULL)
		return false;
	cap_get_flag(c, cap, CAP_PERMITTED, &v);
	cap_free(c);
	return v == CAP_SET;
}

static int
drop_bounding(bool keep_net_raw)
{
	int	 cap, failed = 0;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != -1; cap++) {
		if (keep_net_raw && cap == CAP_NET_RAW)
			continue;
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			failed = -1;
	}
	return failed;
}

static enum priv_status
find_group(struct priv *p, const char *group, char *why, size_t size)
{
	struct group	*gr;

	if ((gr = getgrnam(group)) == NULL) {
		snprintf(why, size, "group %s: no such group", group);
		return PRIV_FAILED;
	}
	p->extra = gr->gr_gid;
	return PRIV_OK;
}

static enum priv_status
find_user(struct priv *p, const char *user, const char *group, char *why,
    size_t size)
{
	struct passwd	*pw;

	if ((pw = getpwnam(user)) == NULL) {
		snprintf(why, size, "user %s: no such user; create it with "
		    "`useradd -r -M -s /usr/sbin/nologin %s` or name another "
		    "with `user`", user, user);
		return PRIV_FAILED;
	}
	if (pw->pw_uid == 0) {
		snprintf(why, size, "user %s: must not be root", user);
		return PRIV_FAILED;
	}
	p->uid = pw->pw_uid;
	p->gid = p->extra = pw->pw_gid;
	if (*group == '\0')
		return PRIV_OK;
	return find_group(p, group, why, size);
}

enum priv_status
priv_find(struct priv *p, bool none, const char *user, const char *group,
    char *why, size_t size)
{
	p->uid = geteuid();
	p->gid = p->extra = getegid();
	p->way = PRIV_NONE;
	if (none)
		return PRIV_OK;
	if (!has_cap(CAP_NET_RAW)) {
		snprintf(why, size, "CAP_NET_RAW is missing: start as root, "
		    "by a service with AmbientCapabilities=CAP_NET_RAW, or "
		    "with `sudo setpriv --reuid=$USER --regid=$(id -g) "
		    "--init-groups --inh-caps=+net_raw "
		    "--ambient-caps=+net_raw netmond ...`");
		return PRIV_DENIED;
	}
	p->way = p->uid == 0 ? PRIV_ROOT : PRIV_AMBIENT;
	if (p->way == PRIV_ROOT)
		return find_user(p, user, group, why, size);
	return *group == '\0' ? PRIV_OK : find_group(p, group, why, size);
}

static int
change_user(const struct priv *p)
{
	/* Bounding set and secure bits need CAP_SETPCAP: before all else. */
	if (drop_bounding(true) == -1 ||
	    prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0) == -1)
		return -1;
	if (setgroups(p->extra == p->gid ? 0 : 1, &p->extra) == -1 ||
	    setresgid(p->gid, p->gid, p->gid) == -1 ||
	    setresuid(p->uid, p->uid, p->uid) == -1)
		return -1;
	return set_caps(true, true, true);
}

enum priv_status
priv_drop(const struct priv *p, char *why, size_t size)
{
	int	 r;

	if (p->way == PRIV_ROOT)
		r = change_user(p);
	else
		r = set_caps(p->way == PRIV_AMBIENT,
		    p->way == PRIV_AMBIENT, false);
	if (r == 0 && p->way != PRIV_NONE)
		r = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW,
		    0, 0);
	if (r == 0)
		r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (r == 0)
		r = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (r == 0)
		return PRIV_OK;
	snprintf(why, size, "dropping privileges: %s", strerror(errno));
	return PRIV_FAILED;
}

int
priv_launcher(const struct priv *p)
{
	return set_caps(p->way != PRIV_NONE, true, false);
}

int
priv_parent(const struct priv *p)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return -1;
	if (p->way == PRIV_ROOT && drop_bounding(false) == -1)
		return -1;
	return set_caps(false, false, false);
}

int
priv_role(bool keep_net_raw)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
	    set_caps(keep_net_raw && has_cap(CAP_NET_RAW), false, false) ==
	    -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
