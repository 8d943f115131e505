/*
 * goreplay: the lines of GoReplay's middleware: hex of "type id time" and a
 * newline, then of the bytes. Answers come in any order, and a program that
 * says nothing about a line has dropped it. Pure.
 */
#ifndef UI_GOREPLAY_H
#define UI_GOREPLAY_H

#include "sandbox/hookmsg.h"
#include "ui/asked.h"
#include "ui/program.h"

/* A chunk as a line. -1: no memory; nothing was added. */
int		 goreplay_put(struct bytes *, const struct hookmsg_chunk *);
/*
 * Takes all whole lines, each as the answer of its chunk. The number of those
 * that are none.
 */
uint64_t	 goreplay_take(struct bytes *, const struct asked_list *);

#endif
