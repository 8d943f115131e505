/*
 * webask: the half of netmonweb(8) that knows the daemon. It is asked for a
 * page by the other half, which may be anybody's by now: what is asked is no
 * more than a reader's words (weburl.h). It answers with the page as a file in
 * memory.
 */
#ifndef UI_WEBASK_H
#define UI_WEBASK_H

struct webask_conf {
	int		 fd;		/* of the other half */
	const char	*socket;	/* of the daemon */
	const char	*history;	/* log, for what is past; from / on */
	const char	*node;		/* name of this machine */
};

/*
 * Enters the jail and serves until the other half is gone: an exit status,
 * with its line said.
 */
int		 webask_run(const struct webask_conf *);

#endif
