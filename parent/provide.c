/* Who may attach a program as a hook, and how it reaches mirror. */
#include <sys/socket.h>

#include <string.h>

#include "parent/client.h"
#include "parent/here.h"
#include "sandbox/vis.h"

/* ---- hooks ---- */

/* Whether what is named there is this hook, and its user is who asks. */
static void
look(const struct client *cl, const char *hook, const char *named,
    const char *user, int *may)
{
	uid_t	 uid;
	gid_t	 gid;

	if (*may == 1 || strcmp(named, hook) != 0)
		return;
	*may = client_may_change(cl) || (*user != '\0' &&
	    here_user(user, &uid, &gid) && uid == cl->uid);
}

/* 1 allowed, 0 not, -1 no mirror names this hook. */
static int
may_provide(const struct client *cl, const char *hook)
{
	const struct conf	*conf = cl->control->running;
	const struct conf_mirror *m;
	size_t			 i;
	int			 may = -1;

	for (i = 0; i < conf->nmirrors; i++) {
		m = &conf->mirrors[i];
		look(cl, hook, m->record_hook, m->record_hook_user, &may);
		look(cl, hook, m->forward_hook, m->forward_hook_user, &may);
	}
	return may;
}

/*
 * One end of a fresh pair to mirror, the other to the client with END. Once:
 * what a client does not read would take all our descriptors.
 */
static int
connect_hook(struct client *cl, struct frame *f, const char *hook)
{
	struct chan	*mirror;
	int		 fd[2];

	if (cl->hooked) {
		answer_error(cl->chan, f->request, STATUS_REFUSED,
		    "one connection attaches one hook");
		return 0;
	}
	mirror = supervise_chan(cl->control->conf.supervise, ROLE_MIRROR);
	if (mirror == NULL || socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == -1) {
		answer_error(cl->chan, f->request, STATUS_AGAIN,
		    "mirror is not running now, try again");
		return 0;
	}
	cl->hooked = true;
	msg_put_path(chan_begin(mirror, MSG_PROVIDER, 0), hook);
	chan_end_fd(mirror, fd[0]);
	chan_begin(cl->chan, MSG_END, f->request);
	chan_end_fd(cl->chan, fd[1]);
	return 0;
}

int
hook_on_ask(struct chan *ch, struct frame *f, void *arg)
{
	struct client	*cl = arg;
	struct msg_show	 m;
	char		 name[MSG_ARG_MAX];

	if (!cl->greeted || msg_get_show(&f->body, &m) == -1 || m.nargs < 1)
		return -1;
	switch (may_provide(cl, m.args[0])) {
	case 1:
		return connect_hook(cl, f, m.args[0]);
	case 0:
		answer_error(ch, f->request, STATUS_REFUSED, "only root or the "
		    "user that the mirror names may provide this hook");
		return 0;
	default:
		answer_error(ch, f->request, STATUS_REFUSED,
		    "no mirror names a hook %s", vis_str(VIS_TERM, name,
		    sizeof(name), m.args[0]));
		return 0;
	}
}
