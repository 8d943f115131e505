/*
 * command: THE COMMAND TABLE and its matcher. Pure.
 *
 * A token is a row: its kind, the word, the table of what may follow, what
 * it sets in the command, and a help text. Words may be shortened while
 * unambiguous, and an exact word beats a longer one. A table that takes a
 * free text (a host's name) wants its other words in full.
 */
#ifndef UI_COMMAND_H
#define UI_COMMAND_H

#include <stdint.h>

#include "sandbox/msg.h"
#include "ui/out.h"

enum command_action {
	ACT_NONE,
	ACT_SHOW,		/* show.subject, args */
	ACT_METRICS,		/* show metrics; form in dialect */
	ACT_TOP,
	ACT_MONITOR,		/* rest: types */
	ACT_ALERTS,		/* rest: options */
	ACT_WHY,
	ACT_CHECK,
	ACT_RELOAD,
	ACT_LOAD,
	ACT_LOG,		/* number: 0 brief, 1 verbose */
	ACT_RESET,
	ACT_MIRROR,		/* args: name, word */
	ACT_ROTATE,
	ACT_HELP,
	ACT_HOOK,		/* rest */
	ACT_REPLAY,		/* rest */
	ACT_REPORT,		/* form */
	ACT_TERMINATE,
	ACT_HISTORY,		/* file; times since, until, step */
	ACT_COMPARE,		/* file; times at, with */
	ACTIONS
};

enum command_form { FORM_DEFAULT, FORM_TEXT, FORM_JSON, FORM_HTML, FORM_CSV };

/* Words of the user about the past. */
enum command_time {
	TIME_AT, TIME_WITH, TIME_SINCE, TIME_UNTIL, TIME_STEP, COMMAND_TIMES
};

struct command {
	enum command_action action;
	struct msg_show	 show;
	enum command_form form;
	uint32_t	 number;
	uint32_t	 dialect;	/* enum metrics_dialect of view.h */
	const char	*file;		/* -O, load, in FILE; from argv */
	const char	*time[COMMAND_TIMES];	/* NULL: not given */
	int		 argc;		/* rest of the line, argv[0] the word */
	char		**argv;
};

/*
 * Reads a command line (argv[0] is the first word). On error -1, with one or
 * more complete lines for the user in why.
 */
int	 command_parse(int argc, char **argv, struct command *,
	    struct out *why);
/* All commands with one line of help each. */
void	 command_help(struct out *);

#endif
