/*
 * target: what a request is for, in the one form in which rules compare it,
 * and whether the conditions of a rule hold for it. Pure; spans are the
 * caller's.
 */
#ifndef SANDBOX_TARGET_H
#define SANDBOX_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/conf.h"

#define TARGET_PATH_MAX	8192	/* a longer path is compared as it is */

struct target {
	const uint8_t	*host;		/* as http_host writes it */
	size_t		 host_len;
	const uint8_t	*path;		/* as target_path finds it */
	size_t		 path_len;
	const uint8_t	*method;
	size_t		 method_len;
};

/*
 * The authority of a request's target that has one: from *begin to what is
 * returned; *begin is 0 when it has no scheme.
 */
size_t		 target_authority(const uint8_t *, size_t len, size_t *begin);
/*
 * The path of a request's target: what lies behind the authority and before
 * '?' or '#', percent-decoded once, with one slash for several and without
 * the segments "." and "..". It lies in the target where it is so already, or
 * in buf. False: it is no such path, or another server may find another one
 * (dot segments, a backslash, "//" at its start, what is not decoded or too
 * long).
 */
bool		 target_path(const uint8_t *, size_t len,
		    uint8_t buf[TARGET_PATH_MAX], struct target *);
/* Whether all conditions hold; those that are not given do. */
bool		 target_matches(const struct conf_request *,
		    const struct target *);

#endif
