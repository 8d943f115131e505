/*
 * jail: the mechanism. Resource limits, Landlock where the kernel has it,
 * the seccomp filter of policy.c, and a self-test. One way; nothing is given
 * back. Needs only no_new_privs. Runs after capabilities were dropped.
 */
#ifndef SANDBOX_JAIL_H
#define SANDBOX_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/conf.h"
#include "sandbox/role.h"

/* A folder of its own for each record and log, and those of the parent. */
#define JAIL_ROOTS_MAX	(2 * CONF_LIST_MAX + 16)
#define JAIL_PORTS_MAX	256

/* Folders that stay reachable; everything else does not open any more. */
struct jail_root {
	const char	*path;		/* one that is missing is skipped */
	bool		 write;
};

struct jail {
	enum role	 role;
	struct jail_root roots[JAIL_ROOTS_MAX];	/* parent only */
	size_t		 nroots;
	uint16_t	 ports[JAIL_PORTS_MAX];	/* mirror: targets */
	size_t		 nports;
	bool		 any_port;	/* more targets than fit */
	uint64_t	 memory;	/* bytes the role may map; 0: 8 GiB */
	uint64_t	 data;		/* of them, its own; 0: all */
	int		 landlock;	/* out: ABI in force, 0 none */
};

/*
 * Enters. -1 with errno and a text in why; the process is then half jailed
 * and must end.
 */
int		 jail_enter(struct jail *, char *why, size_t);
/* Landlock's ABI here, 0 when the kernel has none. */
int		 jail_landlock_abi(void);

#endif
