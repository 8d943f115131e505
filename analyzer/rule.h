/*
 * rule: match and ignore rules, and the privacy block.
 *
 * Rules stand in a list; the last one that matches decides, "quick" stops,
 * nothing matched is "match". Address rules can decide when a connection
 * starts; host, path and method when a request head is there; status only
 * for events, alerts and tags. Nothing here allocates after rule_new; hit
 * counts live in the set.
 */
#ifndef ANALYZER_RULE_H
#define ANALYZER_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/addr.h"
#include "sandbox/conf.h"
#include "sandbox/hash.h"
#include "sandbox/target.h"

struct rule_hits {
	uint64_t	 hits;		/* messages decided by it */
	uint64_t	 connections;
};

struct rule_set {
	const struct conf *conf;	/* the owner keeps it alive */
	struct rule_hits *hits;		/* one per conf rule */
	uint32_t	 epoch;		/* changes with each new set */
	uint16_t	*cut;		/* where classes of statuses begin */
	unsigned	 ncuts;
	bool		 paths;		/* there are patterns of them */
	uint8_t		 path[TARGET_PATH_MAX];	/* of the one at hand */
};

/* What is known of a connection. */
struct rule_flow {
	const char	*iface;
	struct addr	 client;
	struct addr	 server;
	uint16_t	 port;		/* of the server */
	int32_t		 vlan[2];	/* -1 none */
};

/* What is known of a message; status 0 before the response. */
struct rule_message {
	const uint8_t	*host;
	size_t		 host_len;
	const uint8_t	*path;
	size_t		 path_len;
	const uint8_t	*method;
	size_t		 method_len;
	unsigned	 status;
};

/* index: the rule that decided, -1 none; tag: the last that set one. */
struct rule_verdict {
	int		 index;
	int		 tag;		/* rule whose tag holds, -1 none */
	bool		 ignore;
};

struct rule_set	*rule_new(const struct conf *, uint32_t epoch);
void		 rule_free(struct rule_set *);
/* Counts of rules that stand in both sets go over. */
void		 rule_carry(struct rule_set *, const struct rule_set *old);
/*
 * Whether a connection is ignored whatever is said on it. Counts it.
 */
bool		 rule_ignores_flow(struct rule_set *, const struct rule_flow *);
/* Judges a message. count: this is a hit of the deciding rule. */
void		 rule_judge(struct rule_set *, const struct rule_flow *,
		    const struct rule_message *, bool count,
		    struct rule_verdict *);
/*
 * Statuses that no rule tells apart are a class, for which one of them stands.
 * The first class is that of no status yet.
 */
unsigned	 rule_classes(const struct rule_set *);
unsigned	 rule_class(const struct rule_set *, unsigned status);
unsigned	 rule_class_status(const struct rule_set *, unsigned class);
/* Text of the tag, "" for none. */
const char	*rule_tag(const struct rule_set *, const struct rule_verdict *);
/* A rule in the words of the configuration; returns s. */
const char	*rule_text(const struct conf_rule *, char *s, size_t size);

/* ---- privacy ---- */

/*
 * A client address as it may be kept: full, its prefix, or a hash with key
 * (written as an address of fd00::/8). True when it was changed.
 */
bool		 rule_client(const struct conf_privacy *,
		    const struct hash_key *, const struct addr *in,
		    struct addr *out);
/*
 * A target without user and password, and with its query as the block asks:
 * none, keys only or full. The length written to out; longer ones are cut.
 */
size_t		 rule_uri(const struct conf_privacy *, const uint8_t *target,
		    size_t len, uint8_t *out, size_t size);
/* Whether a header's value may be kept. */
bool		 rule_header(const struct conf_privacy *, const char *name);
/* The daily key for hashed clients. */
void		 rule_day_key(const struct hash_key *seed, uint64_t now_us,
		    struct hash_key *out);

#endif
