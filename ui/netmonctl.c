#include <sys/ioctl.h>
#include <sys/utsname.h>

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "sandbox/conf.h"
#include "sandbox/jail.h"
#include "sandbox/policy.h"
#include "sandbox/priv.h"
#include "sandbox/proc.h"
#include "ui/check.h"
#include "ui/compare.h"
#include "ui/history.h"
#include "ui/hook.h"
#include "ui/netmonctl.h"
#include "ui/replay.h"
#include "ui/whole.h"

#define HOME		"\033[H"	/* cursor to the first cell */
#define LINE_END	"\033[K"	/* clears what an older line left */
#define BELOW		"\033[J"

/* ---- what actions share ---- */

int
ctl_complain(struct ctl *c, int status)
{
	struct out	 o;

	if (status == CLIENT_OK)
		return status;
	out_init(&o);
	out_printf(&o, "netmonctl: %s\n", c->client.why);
	(void)out_flush(&o, STDERR_FILENO);
	out_clear(&o);
	return status;
}

int
ctl_connect(struct ctl *c)
{
	if (c->client.fd != -1)
		return CLIENT_OK;
	return c->fd != -1 ? client_take(&c->client, c->fd) :
	    client_open(&c->client, c->socket);
}

int
ctl_ask(struct ctl *c, const struct msg_show *s)
{
	int	 status;

	doc_reset(&c->doc);
	if ((status = ctl_connect(c)) != CLIENT_OK)
		return status;
	status = client_show(&c->client, MSG_SHOW, s, &c->doc);
	if (status != CLIENT_OK && !c->client.refused)
		client_close(&c->client);
	return status;
}

int
ctl_flush(struct ctl *c)
{
	if (out_flush(&c->out, STDOUT_FILENO) == 0)
		return 0;
	if (errno != EPIPE)
		fprintf(stderr, "netmonctl: write: %s\n", strerror(errno));
	return -1;
}

const char *
ctl_hostname(char *b, size_t size)
{
	struct utsname	 u;

	if (uname(&u) == -1)
		u.nodename[0] = '\0';
	vis_str(VIS_LOG, b, size, u.nodename);
	return b;
}

static void
measure_terminal(struct ctl *c, unsigned *rows)
{
	struct winsize	 ws;

	c->opt.width = 0;
	*rows = 0;
	if (!c->terminal)
		return;
	c->opt.width = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0)
		return;
	c->opt.width = ws.ws_col;
	*rows = ws.ws_row;
}

/* Draws over the last screen instead of scrolling; no clearing, no flicker. */
static void
repaint(struct ctl *c, unsigned rows)
{
	struct out	 o;
	char		*line, *end;
	unsigned	 n = 0;

	out_init(&o);
	out_str(&o, HOME);
	for (line = c->out.p; line != NULL && *line != '\0'; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			break;
		if (rows > 1 && ++n >= rows)
			break;
		out_put(&o, line, (size_t)(end - line));
		out_str(&o, LINE_END "\n");
	}
	out_str(&o, BELOW);
	out_clear(&c->out);
	c->out = o;
}

static const struct view_ops *
view_of(const struct ctl *c, enum command_form form)
{
	static const struct view_ops *const views[] = {
		[FORM_TEXT]	= &view_text,
		[FORM_JSON]	= &view_json,
		[FORM_HTML]	= &view_html,
		[FORM_CSV]	= &view_csv,
	};

	if (form != FORM_DEFAULT)
		return views[form];
	return c->json ? &view_json : c->csv ? &view_csv : &view_text;
}

/* ---- actions ---- */

/* Whether this was told before; that it is away may show in many ways. */
static bool
is_told(const struct ctl *c, int status, int before, const char *said)
{
	return status == before && (status == CLIENT_AWAY ||
	    strcmp(said, c->client.why) == 0);
}

/* Whether the next round may have it: a role, or all of it, starts anew. */
static bool
passes(const struct ctl *c, int status, bool shown)
{
	if (c->every <= 0)
		return false;
	return (status == CLIENT_LATE && c->client.refused) ||
	    (status == CLIENT_AWAY && shown);
}

/* Of what was kept: of which time it is. */
static void
draw_when(struct ctl *c)
{
	history_head(&c->out, &c->doc);
	out_char(&c->out, '\n', 1);
}

static int
act_show(struct ctl *c, const struct command *cmd)
{
	const struct view_ops	*view = view_of(c, cmd->form);
	char			 said[sizeof(c->client.why)] = "";
	bool			 shown = false;
	unsigned		 rows;
	int			 status, before = CLIENT_OK;

	for (;;) {
		status = cmd->time[TIME_AT] == NULL ?
		    ctl_ask(c, &cmd->show) : history_at(&c->doc, cmd,
		    TIME_AT, c->client.why, sizeof(c->client.why));
		if (status != CLIENT_OK && !is_told(c, status, before, said)) {
			ctl_complain(c, status);
			compat_strlcpy(said, c->client.why, sizeof(said));
		}
		before = status;
		if (passes(c, status, shown)) {
			if (!client_sleep(STDOUT_FILENO, c->every))
				return CLIENT_OK;
			continue;
		}
		if (status != CLIENT_OK)
			return status;
		shown = true;
		measure_terminal(c, &rows);
		if (cmd->time[TIME_AT] != NULL && view == &view_text)
			draw_when(c);
		if (view == &view_json)
			out_stream(&c->out, STDOUT_FILENO);
		view->draw(&c->out, view_subject(cmd->show.subject), &c->doc,
		    &c->opt);
		if (c->every > 0 && c->terminal && view == &view_text)
			repaint(c, rows);
		if (ctl_flush(c) == -1)
			return errno == EPIPE ? CLIENT_OK : CLIENT_REFUSED;
		if (c->every <= 0 || !client_sleep(STDOUT_FILENO, c->every))
			return CLIENT_OK;
	}
}

/* What needs no daemon. */
static int
draw_past(struct ctl *c, int status, const struct view_subject *s)
{
	unsigned	 rows;

	if (status != CLIENT_OK)
		return ctl_complain(c, status);
	measure_terminal(c, &rows);
	view_of(c, FORM_DEFAULT)->draw(&c->out, s, &c->doc, &c->opt);
	return ctl_flush(c) == 0 || errno == EPIPE ? CLIENT_OK :
	    CLIENT_REFUSED;
}

static int
act_history(struct ctl *c, const struct command *cmd)
{
	return draw_past(c, history_table(&c->doc, cmd, c->client.why,
	    sizeof(c->client.why)), &view_history);
}

static int
act_compare(struct ctl *c, const struct command *cmd)
{
	struct out	*head = c->json || c->csv ? NULL : &c->out;

	return draw_past(c, compare_times(&c->doc, cmd, head, c->client.why,
	    sizeof(c->client.why)), &view_compare);
}

static int
act_report(struct ctl *c, const struct command *cmd)
{
	struct command	 r = *cmd;

	r.show.subject = SHOW_REPORT;
	return act_show(c, &r);
}

static int
act_why(struct ctl *c, const struct command *cmd)
{
	struct command	 r = *cmd;

	r.show.subject = SHOW_WHY;
	return act_show(c, &r);
}

/* Rows, if any, are lines of text for the user. */
static int
request(struct ctl *c, uint16_t type, const struct buf *b)
{
	int	 status;

	doc_reset(&c->doc);
	status = client_ask(&c->client, type, b, &c->doc);
	if (c->doc.n > 0) {
		view_of(c, FORM_DEFAULT)->draw(&c->out,
		    view_subject(SHOW_CONFIG), &c->doc, &c->opt);
		(void)ctl_flush(c);
	}
	return ctl_complain(c, status);
}

static int
act_plain(struct ctl *c, const struct command *cmd)
{
	static const uint16_t	 type[ACTIONS] = {
		[ACT_RELOAD]	= MSG_RELOAD,
		[ACT_ROTATE]	= MSG_ROTATE,
		[ACT_RESET]	= MSG_RESET,
		[ACT_MIRROR]	= MSG_MIRROR,
		[ACT_LOG]	= MSG_VERBOSITY,
	};
	struct buf		 b;
	int			 status;

	if ((status = ctl_connect(c)) != CLIENT_OK)
		return ctl_complain(c, status);
	client_body(&c->client, &b);
	if (cmd->action == ACT_RESET || cmd->action == ACT_MIRROR)
		msg_put_show(&b, &cmd->show);
	else if (cmd->action == ACT_LOG)
		msg_put_number(&b, cmd->number);
	return request(c, type[cmd->action], &b);
}

static int
act_load(struct ctl *c, const struct command *cmd)
{
	struct buf	 b;
	char		*path, name[512];
	int		 status, err;

	if ((status = ctl_connect(c)) != CLIENT_OK)
		return ctl_complain(c, status);
	/* The parent's working directory is not ours. */
	if ((path = realpath(cmd->file, NULL)) == NULL) {
		err = errno;
		vis_str(VIS_TERM, name, sizeof(name), cmd->file);
		snprintf(c->client.why, sizeof(c->client.why),
		    "file to load: %s: %s", name, strerror(err));
		return ctl_complain(c, CLIENT_REFUSED);
	}
	client_body(&c->client, &b);
	msg_put_path(&b, path);
	free(path);
	return request(c, MSG_LOAD, &b);
}

/* The daemon answers, flushes and goes: its end is the end of the wait. */
static int
act_terminate(struct ctl *c, const struct command *cmd)
{
	struct frame	 f;
	int		 status;

	(void)cmd;
	if ((status = ctl_connect(c)) != CLIENT_OK)
		return ctl_complain(c, status);
	status = client_ask(&c->client, MSG_TERMINATE, NULL, &c->doc);
	if (client_foreign(&c->client))
		return ctl_complain(c, client_end_foreign(&c->client));
	if (status != CLIENT_OK)
		return ctl_complain(c, status);
	do {
		status = client_recv(&c->client, &f, c->client.timeout_ms);
	} while (status == CLIENT_OK);
	return status == CLIENT_AWAY ? CLIENT_OK : ctl_complain(c, status);
}

static int
act_metrics(struct ctl *c, const struct command *cmd)
{
	struct msg_show	 s = cmd->show;
	uint64_t	 took;
	int		 status;
	char		 v[512];
	int		 error;

	s.subject = SHOW_METRICS;
	s.window = WINDOW_TOTAL;	/* counters never fall */
	took = proc_mono_us();
	if ((status = ctl_ask(c, &s)) != CLIENT_OK)
		return ctl_complain(c, status);
	took = proc_mono_us() - took;
	if (c->json)
		view_json.draw(&c->out, view_subject(SHOW_METRICS), &c->doc,
		    &c->opt);
	else
		view_metrics(&c->out, &c->doc,
		    (enum metrics_dialect)cmd->dialect,
		    (double)took / 1e6);
	if (cmd->file == NULL)
		return ctl_flush(c) == 0 || errno == EPIPE ? CLIENT_OK :
		    CLIENT_REFUSED;
	if (whole_write(&c->out, cmd->file) == 0)
		return CLIENT_OK;
	error = errno;
	snprintf(c->client.why, sizeof(c->client.why), "writing %s: %s",
	    vis_str(VIS_TERM, v, sizeof(v), cmd->file), error == ENOTSUP ?
	    "is a device or a link, no file to replace" : error == EBUSY ?
	    "another netmonctl is writing it, try again" : strerror(error));
	return ctl_complain(c, error == EBUSY ? CLIENT_LATE : CLIENT_REFUSED);
}

/* The status is that of Nagios plugins, also when nobody answers. */
static int
act_check(struct ctl *c, const struct command *cmd)
{
	struct msg_show		 s = cmd->show;
	enum check_status	 status = CHECK_UNKNOWN;

	s.subject = SHOW_CHECK;
	if (ctl_ask(c, &s) == CLIENT_OK) {
		status = check_judge(&c->out, &c->doc, s.args[0]);
		if (c->json) {
			out_reset(&c->out);
			view_json.draw(&c->out, view_subject(SHOW_CHECK),
			    &c->doc, &c->opt);
		}
	} else {
		out_str(&c->out, "UNKNOWN ");
		out_vis(&c->out, VIS_LOG, s.args[0], strlen(s.args[0]));
		out_printf(&c->out, ": %s\n", c->client.why);
	}
	if (ctl_flush(c) == -1 && errno != EPIPE)
		status = CHECK_UNKNOWN;
	return (int)status;
}

static int
act_top(struct ctl *c, const struct command *cmd)
{
	(void)cmd;
	if (c->json) {
		snprintf(c->client.why, sizeof(c->client.why), "top has no "
		    "JSON, use -i 2 -j show summary");
		return ctl_complain(c, CLIENT_USAGE);
	}
	return console_run(c);
}

static int
act_alerts(struct ctl *c, const struct command *cmd)
{
	return watch_alerts(c, cmd->argc, cmd->argv);
}

static int
act_monitor(struct ctl *c, const struct command *cmd)
{
	return watch_monitor(c, cmd->argc, cmd->argv);
}

static int
act_hook(struct ctl *c, const struct command *cmd)
{
	return hook_main(c->socket, cmd->argc, cmd->argv);
}

static int
act_replay(struct ctl *c, const struct command *cmd)
{
	(void)c;
	return replay_main(cmd->argc, cmd->argv);
}

static void
put_usage(struct out *o)
{
	out_str(o, "usage: netmonctl [-cjV] [-i seconds] [-s socket | fd:N] "
	    "command [argument ...]\n");
	command_help(o);
}

static int
act_help(struct ctl *c, const struct command *cmd)
{
	(void)cmd;
	put_usage(&c->out);
	return ctl_flush(c) == 0 ? CLIENT_OK : CLIENT_REFUSED;
}

static const struct {
	int	(*run)(struct ctl *, const struct command *);
	bool	 jailed;	/* also works over -s fd:N */
	bool	 csv;
} actions[ACTIONS] = {
	[ACT_SHOW]	= { act_show,		true,	true },
	[ACT_METRICS]	= { act_metrics,	true },
	[ACT_TOP]	= { act_top,		false },
	[ACT_MONITOR]	= { act_monitor,	false },
	[ACT_ALERTS]	= { act_alerts,		false },
	[ACT_WHY]	= { act_why,		true,	true },
	[ACT_CHECK]	= { act_check,		false },
	[ACT_RELOAD]	= { act_plain,		false },
	[ACT_LOAD]	= { act_load,		false },
	[ACT_LOG]	= { act_plain,		false },
	[ACT_RESET]	= { act_plain,		false },
	[ACT_MIRROR]	= { act_plain,		false },
	[ACT_ROTATE]	= { act_plain,		false },
	[ACT_HELP]	= { act_help,		false },
	[ACT_HOOK]	= { act_hook,		false },
	[ACT_REPLAY]	= { act_replay,		false },
	[ACT_REPORT]	= { act_report,		true,	true },
	[ACT_TERMINATE]	= { act_terminate,	false },
	[ACT_HISTORY]	= { act_history,	false,	true },
	[ACT_COMPARE]	= { act_compare,	false,	true },
};

/* ---- start ---- */

static int
usage(void)
{
	struct out	 o;

	out_init(&o);
	put_usage(&o);
	(void)out_flush(&o, STDERR_FILENO);
	out_clear(&o);
	return CLIENT_USAGE;
}

static int
bad_option(const char *option, const char *arg, const char *want)
{
	char	 v[256];

	fprintf(stderr, "netmonctl: %s %s: must be %s\n", option,
	    vis_str(VIS_TERM, v, sizeof(v), arg), want);
	return -1;
}

static int
parse_socket(struct ctl *c, const char *arg)
{
	const char	*err;

	c->socket = arg;
	if (strncmp(arg, "fd:", 3) != 0)
		return 0;
	c->fd = (int)compat_strtonum(arg + 3, 0, 1023, &err);
	return err == NULL ? 0 : bad_option("-s", arg,
	    "a path, or fd: and a number up to 1023");
}

static int
parse_seconds(struct ctl *c, const char *arg)
{
	char	*end;

	c->every = strtod(arg, &end);
	return end != arg && *end == '\0' && c->every >= 0.1 &&
	    c->every <= 86400 ? 0 : bad_option("-i", arg,
	    "seconds, from 0.1 to 86400");
}

/*
 * The renderer of `netmond -r`: started by the launcher with nothing but a
 * channel and descriptors 0 to 2. It reads what strangers sent, so it is
 * jailed like every other role.
 */
static int
enter_jail(struct ctl *c)
{
	struct jail	 j;

	memset(&j, 0, sizeof(j));
	j.role = ROLE_CLIENT;
	/* The filter knows the channel by its number. */
	if (c->fd != POLICY_FD_PARENT && dup2(c->fd, POLICY_FD_PARENT) == -1) {
		snprintf(c->client.why, sizeof(c->client.why),
		    "descriptor %d: %s", c->fd, strerror(errno));
		return CLIENT_USAGE;
	}
	c->fd = POLICY_FD_PARENT;
	if (priv_role(false) == -1) {
		snprintf(c->client.why, sizeof(c->client.why),
		    "cannot give up privileges: %s", strerror(errno));
		return CLIENT_OS;
	}
	if (jail_enter(&j, c->client.why, sizeof(c->client.why)) == -1)
		return CLIENT_OS;
	return CLIENT_OK;
}

static int
run(struct ctl *c, int argc, char **argv)
{
	struct command	 cmd;
	struct out	 why;
	int		 status;

	out_init(&why);
	if (command_parse(argc, argv, &cmd, &why) == -1) {
		(void)out_flush(&why, STDERR_FILENO);
		out_clear(&why);
		return CLIENT_USAGE;
	}
	out_clear(&why);
	if ((status = client_init(&c->client)) != CLIENT_OK)
		return ctl_complain(c, status);
	if (c->csv && !actions[cmd.action].csv) {
		snprintf(c->client.why, sizeof(c->client.why), "-c is for "
		    "show, report, why and compare");
		return ctl_complain(c, CLIENT_USAGE);
	}
	if (c->fd != -1) {
		if (!actions[cmd.action].jailed || cmd.file != NULL ||
		    cmd.time[TIME_AT] != NULL)
			return usage();
		if ((status = enter_jail(c)) != CLIENT_OK)
			return ctl_complain(c, status);
	} else
		c->terminal = isatty(STDOUT_FILENO) == 1;
	return actions[cmd.action].run(c, &cmd);
}

/*
 * What a terminal shows is asked of the user's language; letters are those
 * of ASCII in all of them, also in Turkish, where I is no capital of i.
 */
static void
take_locale(void)
{
	bool	 utf8;

	setlocale(LC_CTYPE, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!utf8 && isatty(STDOUT_FILENO))
		vis_ascii_only();
	setlocale(LC_CTYPE, utf8 ? "C.UTF-8" : "C");
}

static void
clear(struct ctl *c)
{
	client_free(&c->client);
	doc_clear(&c->doc);
	out_clear(&c->out);
}

int
main(int argc, char **argv)
{
	struct ctl	 c;
	int		 ch, status;

	proc_standard_fds();
	memset(&c, 0, sizeof(c));
	c.client.fd = c.fd = -1;
	c.socket = CONF_SOCKET;
	signal(SIGPIPE, SIG_IGN);
	take_locale();
	/* '+': the words of a command have options of their own. */
	while ((ch = getopt(argc, argv, "+ci:js:V")) != -1) {
		switch (ch) {
		case 'c':
			c.csv = true;
			c.json = false;
			break;
		case 'i':
			if (parse_seconds(&c, optarg) == -1)
				return CLIENT_USAGE;
			break;
		case 'j':
			c.json = true;
			c.csv = false;
			break;
		case 's':
			if (parse_socket(&c, optarg) == -1)
				return CLIENT_USAGE;
			break;
		case 'V':
			out_printf(&c.out, "netmonctl %s\n", NETMON_VERSION);
			return ctl_flush(&c) == 0 ? CLIENT_OK : CLIENT_REFUSED;
		default:
			return usage();
		}
	}
	if (optind == argc)
		return usage();
	status = run(&c, argc - optind, argv + optind);
	clear(&c);
	return status;
}
