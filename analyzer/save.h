/*
 * save: what must outlive this process: entries of the meter, the state of
 * alerts, and since when totals count. Sent as SAVE slots each second and
 * before every answer, alerts also when one was said; a fresh analyzer gets
 * them back as RESTORE.
 *
 * Tables 0 to METER_KINDS - 1 hold the entries of a kind by their id, table
 * SAVE_ALERTS the series of alert rules, MSG_SAVE_USUAL what is usual of them,
 * SAVE_NAMED the hosts that metrics name, table SAVE_META the rest.
 */
#ifndef ANALYZER_SAVE_H
#define ANALYZER_SAVE_H

#include "analyzer/state.h"
#include "sandbox/msg.h"

#define SAVE_NAMED	13
#define SAVE_META	14
#define SAVE_ALERTS	15

void	 save_init(struct analyzer *);
/* Sends what changed. */
void	 save_send(struct analyzer *);
/* Of alerts alone, at once when one was said: nobody may say it again. */
void	 save_said(struct analyzer *);
void	 save_restore(struct analyzer *, const struct msg_slot *);

#endif
