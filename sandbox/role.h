/*
 * role: who may take part in a conversation, or has a jail. The five
 * processes, the client on the control socket, a program attached as a hook,
 * and the two processes of netmonweb.
 */
#ifndef SANDBOX_ROLE_H
#define SANDBOX_ROLE_H

enum role {
	ROLE_PARENT,
	ROLE_LAUNCHER,
	ROLE_CAPTURE,
	ROLE_ANALYZER,
	ROLE_MIRROR,
	ROLE_CLIENT,		/* netmonctl */
	ROLE_PROVIDER,		/* netmonctl hook */
	ROLE_WEB,		/* netmonweb: what strangers speak to */
	ROLE_WEB_ASK,		/* netmonweb: what asks the daemon for it */
	ROLE_MAX,
	/* In the message table only. */
	ROLE_ANY = ROLE_MAX,	/* every child, or whoever asks */
	ROLE_CHILD,		/* capture, analyzer, mirror */
	ROLE_OWNER		/* parent or the child that owns an answer */
};

#define ROLE_FIRST_CHILD	ROLE_CAPTURE
#define ROLE_LAST_CHILD		ROLE_MIRROR

/* "capture": the name in logs, rows and the process title. */
const char	*role_name(enum role);

#endif
