/*
 * show: answers to SHOW, as rows, out of what the analyzer holds.
 */
#ifndef ANALYZER_SHOW_H
#define ANALYZER_SHOW_H

#include "analyzer/state.h"
#include "sandbox/msg.h"
#include "sandbox/proc.h"

/* Answers with rows and END, or with ERROR. */
void	 show_answer(struct analyzer *, const struct msg_show *,
	    struct chan *, uint32_t request);
/*
 * The chunks of a period, out of a window, with the first rows of its lists.
 * What has no room is left out; nothing comes without memory.
 */
void	 show_kept(struct analyzer *, enum show_window, uint32_t top,
	    struct buf *);
/*
 * What was seen of the span before now_us on the interfaces of a glob ("" for
 * all).
 */
void	 show_view(const struct analyzer *, const char *on, uint64_t now_us,
	    uint64_t span_us, struct alert_view *);
/*
 * The hosts with the most of what a rule counted in its last span; their
 * number, 0 where hosts do not tell it apart.
 */
unsigned show_top(const struct analyzer *, const struct conf_alert *,
	    struct alert_top top[ALERT_TOP]);

#endif
