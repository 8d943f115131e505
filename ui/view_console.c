/*
 * view_console: netmonctl top. Fetches rows, lets screen.c draw lines, and
 * paints them with curses, which sends only what changed.
 */
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

#undef KEY_MAX	/* of curses; sandbox/conf.h has an alert key of that name */

#include "sandbox/compat.h"
#include "sandbox/proc.h"
#include "ui/fmt.h"
#include "ui/netmonctl.h"
#include "ui/screen.h"

#define REFRESH_SECONDS	2
#define TOP_HOSTS	50
#define LAST_EVENTS	30
#define PLAIN_WIDTH	100
#define PLAIN_HEIGHT	40
#define KEY_ESCAPE	27

enum pair { PAIR_RED = 1, PAIR_YELLOW };

struct console {
	struct ctl	*ctl;
	struct screen	 screen;
	struct doc	 doc;		/* what is on the screen */
	struct doc	 detail;	/* the chosen host */
	uint8_t		 window;
	uint8_t		 sort;
	bool		 color;
	bool		 quit;
	bool		 away;		/* the daemon; it is waited for */
	char		 note[160];
};

/* ---- rows ---- */

/* Which kinds of which answer make the screen. */
static const struct {
	enum show_subject subject;
	enum row_kind	 kinds[4];
	size_t		 n;
} parts[] = {
	{ SHOW_SUMMARY,	   { ROW_DAEMON, ROW_COMPLETE, ROW_SUMMARY }, 3 },
	{ SHOW_MEMORY,	   { ROW_MEMORY }, 1 },
	{ SHOW_ALERTS,	   { ROW_ALERT }, 1 },
	{ SHOW_INTERFACES, { ROW_INTERFACE }, 1 },
	{ SHOW_HOSTS,	   { ROW_HOST, ROW_OTHER }, 2 },
	{ SHOW_NAMES,	   { ROW_NAME }, 1 },
	{ SHOW_TALKERS,	   { ROW_TALKER }, 1 },
	{ SHOW_MIRRORS,	   { ROW_MIRROR }, 1 },
};

/* A refused part (a role that is just away) leaves its place empty. */
static int
fetch_part(struct console *cs, size_t k)
{
	struct msg_show	 s;
	size_t		 i;
	int		 status;

	memset(&s, 0, sizeof(s));
	s.subject = parts[k].subject;
	s.window = cs->window;
	s.sort = cs->sort;
	s.top = TOP_HOSTS;
	status = ctl_ask(cs->ctl, &s);
	if (status != CLIENT_OK && cs->ctl->client.refused) {
		compat_strlcpy(cs->note, cs->ctl->client.why,
		    sizeof(cs->note));
		return CLIENT_OK;
	}
	for (i = 0; status == CLIENT_OK && i < parts[k].n; i++)
		if (doc_take(&cs->doc, &cs->ctl->doc, parts[k].kinds[i]) ==
		    -1)
			return CLIENT_OS;
	return status;
}

static int
fetch_events(struct console *cs)
{
	struct client	*cl = &cs->ctl->client;
	struct msg_watch w;
	struct buf	 b;
	int		 status;

	memset(&w, 0, sizeof(w));
	w.flags = WATCH_ALERTS | WATCH_MONITOR;
	w.last = LAST_EVENTS;
	client_body(cl, &b);
	msg_put_watch(&b, &w);
	status = client_ask(cl, MSG_WATCH, &b, &cs->doc);
	return cl->refused ? CLIENT_OK : status;
}

static int
fetch_detail(struct console *cs)
{
	struct msg_show	 s;
	struct row	 r;
	const char	*host;
	size_t		 n;
	int		 status;

	doc_reset(&cs->detail);
	if (screen_host(&cs->doc, cs->screen.chosen, &r) == -1)
		return CLIENT_OK;
	host = doc_text(&r, "host", &n);
	if (n == 0 || n >= MSG_ARG_MAX || memchr(host, '\0', n) != NULL)
		return CLIENT_OK;
	memset(&s, 0, sizeof(s));
	s.subject = SHOW_HOST;
	s.window = cs->window;
	s.nargs = 1;
	memcpy(s.args[0], host, n);
	status = ctl_ask(cs->ctl, &s);
	if (status != CLIENT_OK && cs->ctl->client.refused)
		return CLIENT_OK;
	if (status == CLIENT_OK &&
	    doc_take(&cs->detail, &cs->ctl->doc, ROW_HOST) == -1)
		return CLIENT_OS;
	return status;
}

static int
fetch(struct console *cs)
{
	size_t	 k;
	int	 status;

	doc_reset(&cs->doc);
	for (k = 0; k < nitems(parts); k++)
		if ((status = fetch_part(cs, k)) != CLIENT_OK)
			return status;
	if ((status = fetch_events(cs)) != CLIENT_OK)
		return status;
	return fetch_detail(cs);
}

/* ---- keys ---- */

static void
name_settings(struct console *cs)
{
	static const char *const windows[WINDOW_MAX] = {
		[WINDOW_LAST] = "last", [WINDOW_1M] = "1m",
		[WINDOW_10M] = "10m", [WINDOW_TOTAL] = "total",
	};
	static const char *const sorts[SORT_MAX] = {
		[SORT_REQUESTS] = "requests", [SORT_BYTES] = "bytes",
		[SORT_ERRORS] = "errors", [SORT_P95] = "p95",
	};

	cs->screen.window = windows[cs->window];
	cs->screen.sort = sorts[cs->sort];
}

/* The rows of the screen as a document, under a name of its own. */
static void
write_json(struct console *cs)
{
	char	 name[FMT_MAX + 32], b[FMT_MAX];
	int	 fd;

	snprintf(name, sizeof(name), "netmonctl-top-%s.json",
	    fmt_zulu(b, (uint64_t)time(NULL) * 1000000, 3));
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1) {
		snprintf(cs->note, sizeof(cs->note), "%s: %s", name,
		    strerror(errno));
		return;
	}
	view_json.draw(&cs->ctl->out, view_subject(SHOW_TOP), &cs->doc,
	    &cs->ctl->opt);
	if (out_flush(&cs->ctl->out, fd) == -1)
		snprintf(cs->note, sizeof(cs->note), "%s: %s", name,
		    strerror(errno));
	else
		snprintf(cs->note, sizeof(cs->note), "written: %s", name);
	close(fd);
}

/* True when new rows are needed. */
static bool
on_setting(struct console *cs, int key)
{
	switch (key) {
	case 's':
		cs->sort = (uint8_t)((cs->sort + 1) % SORT_MAX);
		break;
	case 'w':
		cs->window = (uint8_t)((cs->window + 1) % WINDOW_MAX);
		break;
	case KEY_UP:
	case 'k':
		if (cs->screen.chosen > 0)
			cs->screen.chosen--;
		break;
	case KEY_DOWN:
		cs->screen.chosen++;
		if (cs->screen.chosen >= cs->screen.nhosts)
			cs->screen.chosen = cs->screen.nhosts > 0 ?
			    cs->screen.nhosts - 1 : 0;
		break;
	default:
		return false;
	}
	name_settings(cs);
	if (key == 's')
		snprintf(cs->note, sizeof(cs->note), "order: %s",
		    cs->screen.sort);
	return true;
}

static bool
on_key(struct console *cs, int key)
{
	static const struct {
		int			 key;
		enum screen_page	 page;
	} pages[] = {
		{ 'h', PAGE_HELP }, { '?', PAGE_HELP }, { 't', PAGE_TOP },
		{ KEY_ESCAPE, PAGE_TOP }, { KEY_LEFT, PAGE_TOP },
		{ KEY_BACKSPACE, PAGE_TOP }, { '\n', PAGE_HOST },
		{ '\r', PAGE_HOST }, { KEY_ENTER, PAGE_HOST },
		{ KEY_RIGHT, PAGE_HOST }, { 'i', PAGE_INTERFACES },
		{ 'a', PAGE_ALERTS }, { 'm', PAGE_MIRRORS },
		{ 'l', PAGE_TALKERS },
	};
	size_t	 i;

	cs->note[0] = '\0';
	for (i = 0; i < nitems(pages); i++)
		if (pages[i].key == key)
			cs->screen.page = pages[i].page;
	if (key == 'q')
		cs->quit = true;
	else if (key == 'j')
		write_json(cs);
	return on_setting(cs, key);
}

/* ---- painting ---- */

static void
paint(struct console *cs)
{
	const attr_t	 looks[] = {
		[LOOK_PLAIN]	= A_NORMAL,
		[LOOK_HEAD]	= A_BOLD,
		[LOOK_BAD]	= cs->color ? (attr_t)COLOR_PAIR(PAIR_RED) :
				    A_BOLD,
		[LOOK_LOSSY]	= cs->color ? (attr_t)COLOR_PAIR(PAIR_YELLOW) :
				    A_NORMAL,
		[LOOK_CHOSEN]	= A_REVERSE,
	};
	struct screen	*s = &cs->screen;
	const char	*line, *end;
	unsigned	 i;

	s->width = COLS > 0 ? (unsigned)COLS : 80;
	s->height = LINES > 0 ? (unsigned)LINES : 24;
	s->note = cs->note[0] != '\0' ? cs->note : NULL;
	screen_draw(s, &cs->doc, &cs->detail);
	line = s->text.p;
	for (i = 0; i < s->nlines && line != NULL; i++) {
		if ((end = strchr(line, '\n')) == NULL)
			break;
		attrset(looks[s->look[i]]);
		mvaddnstr((int)i, 0, line, (int)(end - line));
		attrset(A_NORMAL);
		clrtoeol();
		line = end + 1;
	}
	clrtobot();
	refresh();
}

/* Whether the terminal can be painted; a dumb or unknown one cannot. */
static bool
can_paint(void)
{
	const char	*can;
	int		 err;

	if (setupterm(NULL, STDOUT_FILENO, &err) == ERR)
		return false;
	can = tigetstr("cup");
	return can != NULL && can != (char *)-1;
}

static void
start_curses(struct console *cs)
{
	const char	*no = getenv("NO_COLOR");

	initscr();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	cs->color = (no == NULL || *no == '\0') && has_colors();
	if (!cs->color)
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_RED, COLOR_RED, -1);
	init_pair(PAIR_YELLOW, COLOR_YELLOW, -1);
}

static double
now(void)
{
	return (double)proc_mono_us() / 1e6;
}

/* A terminal that went away reads as no key, at once and for ever. */
static bool
terminal_gone(void)
{
	struct pollfd	 pfd = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1 &&
	    (pfd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/* Fresh rows; a daemon that is being restarted is waited for. */
static int
renew(struct console *cs)
{
	int	 status = fetch(cs);

	if (cs->away)
		cs->note[0] = '\0';
	cs->away = status == CLIENT_AWAY;
	if (!cs->away)
		return status;
	client_close(&cs->ctl->client);
	snprintf(cs->note, sizeof(cs->note),
	    "the daemon is gone, it is waited for; q quits");
	return CLIENT_OK;
}

static int
loop(struct console *cs)
{
	double	 next = 0, left;
	int	 key, status;

	while (!cs->quit && !terminal_gone()) {
		if (now() >= next) {
			if ((status = renew(cs)) != CLIENT_OK)
				return status;
			next = now() + cs->screen.refresh;
		}
		paint(cs);
		left = next - now();
		timeout(left > 0 ? (int)(left * 1000) + 1 : 0);
		key = getch();	/* KEY_RESIZE too: curses knows the size */
		if (key != ERR && on_key(cs, key))
			next = 0;
	}
	return CLIENT_OK;
}

/* What a pipe gets: the same lines, without keys. */
static int
plain(struct console *cs)
{
	struct ctl	*c = cs->ctl;
	int		 status;

	cs->screen.width = PLAIN_WIDTH;
	cs->screen.height = PLAIN_HEIGHT;
	cs->screen.note = "";
	for (;;) {
		if ((status = fetch(cs)) != CLIENT_OK)
			return ctl_complain(c, status);
		screen_draw(&cs->screen, &cs->doc, &cs->detail);
		out_put(&c->out, cs->screen.text.p, cs->screen.text.len);
		while (c->out.len > 1 && c->out.p[c->out.len - 1] == '\n' &&
		    c->out.p[c->out.len - 2] == '\n')
			out_cut(&c->out, c->out.len - 1);
		if (ctl_flush(c) == -1)
			return errno == EPIPE ? CLIENT_OK : CLIENT_REFUSED;
		if (c->every <= 0 || !client_sleep(STDOUT_FILENO, c->every))
			return CLIENT_OK;
		out_char(&c->out, '\n', 1);
	}
}

int
console_run(struct ctl *c)
{
	struct console	 cs;
	int		 status;

	memset(&cs, 0, sizeof(cs));
	cs.ctl = c;
	cs.screen.refresh = c->every > 0 ? c->every : REFRESH_SECONDS;
	name_settings(&cs);
	out_init(&cs.screen.text);
	doc_init(&cs.doc);
	doc_init(&cs.detail);
	if (!c->terminal || isatty(STDIN_FILENO) == 0 || !can_paint()) {
		status = plain(&cs);
	} else {
		if ((status = ctl_connect(c)) == CLIENT_OK) {
			start_curses(&cs);
			status = loop(&cs);
			endwin();
		}
		ctl_complain(c, status);
	}
	out_clear(&cs.screen.text);
	doc_clear(&cs.doc);
	doc_clear(&cs.detail);
	return status;
}
