/*
 * policy: what each process may ask of the kernel. Data only; jail.c loads
 * it. An auditor reads policy.c alone.
 *
 * Whatever has no row ends the process (the launcher, whose filter every role
 * inherits, gets EPERM instead). A soft row fails with EACCES: libc or a
 * library asks for it on its own and does without. Arguments are pinned where
 * a call is too wide; values are compared as 64 bits, so a descriptor with
 * high bits set matches nothing. A table of what must never be is a filter of
 * its own, for rows of one filter that overlap have no order.
 */
#ifndef SANDBOX_POLICY_H
#define SANDBOX_POLICY_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/role.h"

#define POLICY_FD_PARENT	3	/* channels, as in proc.h */
#define POLICY_FD_LINK1		4
#define POLICY_FD_LINK2		5
#define POLICY_FD_NETLINK	6	/* capture's rtnetlink socket */
#define POLICY_FILES_CAPTURE	16384	/* below: what it may close */
#define POLICY_ARGS_MAX		3
/* Which argument of clone(2) has the flags; the stack is the other one. */
#ifdef __s390x__
#define POLICY_CLONE_FLAGS	1
#else
#define POLICY_CLONE_FLAGS	0
#endif
/* Stands for the process's own id in a compared value. */
#define POLICY_OWN_PID		UINT64_MAX

enum policy_act { POLICY_ALLOW, POLICY_SOFT };

struct policy_rule {
	int		 call;		/* SCMP_SYS() */
	enum policy_act	 act;
	unsigned	 nargs;
	struct policy_arg {
		unsigned	 arg;
		enum scmp_compare op;	/* EQ or MASKED_EQ */
		uint64_t	 a;	/* value, or mask */
		uint64_t	 b;	/* MASKED_EQ: value */
	}		 args[POLICY_ARGS_MAX];
	const char	*why;
};

/* A part of a policy; several processes share parts. */
struct policy_table {
	const char	*name;
	const struct policy_rule *rules;
	size_t		 n;
};

#define POLICY_TABLES_MAX	8

struct policy {
	const struct policy_table *table[POLICY_TABLES_MAX];	/* NULL ends */
	const struct policy_table *never;	/* whatever the others allow */
	/* Allowing rows of these are added: their filter is inherited. */
	enum role	 heirs[4];
	size_t		 nheirs;
	bool		 fail;		/* default: EPERM, not the end */
};

/* NULL for a role that has no jail of ours (provider). */
const struct policy	*policy_of(enum role);

#endif
