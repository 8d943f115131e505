/*
 * hook: netmonctl hook NAME [-g] -- program ...: attaches a program to the
 * mirror that names the hook and speaks netmon-hook(7) with it.
 */
#ifndef UI_HOOK_H
#define UI_HOOK_H

/*
 * socket: path of the control socket. argv[0] is the word "hook". Returns
 * the exit status.
 */
int	 hook_main(const char *socket, int argc, char **argv);

#endif
