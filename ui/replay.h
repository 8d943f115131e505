/*
 * replay: netmonctl replay: plays a recording back to a target.
 */
#ifndef UI_REPLAY_H
#define UI_REPLAY_H

/* argv[0] is the word "replay". Returns the exit status. */
int	 replay_main(int argc, char **argv);

#endif
