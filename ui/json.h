/*
 * json: the one JSON writer of the client. A stack of open containers puts
 * the commas; texts pass sandbox/vis. Breaks: containers whose depth is at
 * most `breaks` put each element on a line of its own, deeper ones stay on
 * one line; 0 makes one line of everything.
 */
#ifndef UI_JSON_H
#define UI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/out.h"

#define JSON_DEPTH	16

struct json {
	struct out	*o;
	unsigned	 breaks;
	unsigned	 depth;
	bool		 keyed;			/* a key was just written */
	struct {
		char	 close;			/* '}' or ']' */
		bool	 some;			/* has an element */
	}		 at[JSON_DEPTH];
};

void	 json_init(struct json *, struct out *, unsigned breaks);
void	 json_object(struct json *);
void	 json_array(struct json *);
void	 json_close(struct json *);
/* Closes whatever is open and ends the line. */
void	 json_end(struct json *);
/* Keys are constants of the program. */
void	 json_key(struct json *, const char *);
void	 json_str(struct json *, const void *, size_t);
void	 json_u64(struct json *, uint64_t);
void	 json_i64(struct json *, int64_t);
void	 json_double(struct json *, double);
void	 json_bool(struct json *, bool);
void	 json_null(struct json *);
/* Microseconds since 1970 as "2026-11-20T18:30:12.123456+0000"; 0 is null. */
void	 json_time(struct json *, uint64_t);

#endif
