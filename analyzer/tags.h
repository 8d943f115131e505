/*
 * tags: what rules said of the last requests of a connection, kept until they
 * are answered. Rules on a status decide only then, so that for each request
 * there is a verdict for each class of statuses that they tell apart. Made
 * when the first verdict is worth it, and charged to MEM_SESSIONS. A request
 * that is answered after many others, as in HTTP/2, has none.
 */
#ifndef ANALYZER_TAGS_H
#define ANALYZER_TAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/rule.h"
#include "sandbox/mem.h"

struct tags;

/* Judges a request, keeps the verdicts; whether it is ignored already. */
bool		 tags_judge(struct tags **, struct mem *, struct rule_set *,
		    const struct rule_flow *, struct rule_message *,
		    uint64_t id);
/*
 * The tag of a request, "" for none, with its status or 0; NULL: ignored with
 * that status.
 */
const char	*tags_find(const struct tags *, const struct rule_set *,
		    uint64_t id, unsigned status);
/* The final response of a request: a hit of the rule on statuses it met. */
void		 tags_answered(const struct tags *, struct rule_set *,
		    uint64_t id, unsigned status);
void		 tags_free(struct tags *, struct mem *);

#endif
