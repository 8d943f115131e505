/*
 * rules: which requests a side of a mirror copies, by their heads. Pure.
 *
 * What two servers may read differently is not judged: whoever leaves /admin
 * out must not find it at the target because that one reads heads in another
 * way than we do; of headers, only where a rule that looks at one depends on
 * it. An answer goes with its request.
 */
#ifndef MIRROR_RULES_H
#define MIRROR_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/conf.h"

enum rules_verdict {
	RULES_UNJUDGED,		/* not copied, as nobody can say */
	RULES_IGNORE,		/* not copied, as the rules say */
	RULES_COPY
};

/* Whether a side has rules at all. */
bool		 rules_wanted(const struct conf_mirror *, bool record);
/* A whole head of a request, as the framer gives it out. */
enum rules_verdict rules_judge(const struct conf_mirror *, bool record,
		    const uint8_t *, size_t);

#endif
