/*
 * Bytes to tokens. A newline ends a statement except in braces of values; a
 * word behind a keyword that wants a value is never a keyword.
 */
#include <stdio.h>
#include <string.h>

#include "parent/parser.h"

#define EXPANSIONS_MAX	256	/* macros used in one line */

/*
 * The rest of what is wrong is swallowed: deeper blocks whole, so that their
 * lines are not taken for statements. What ends a line ends recovery.
 */
void
lex_recover(struct parser *p)
{
	p->value = p->raw = false;
	p->skip = p->tok != '\n' && p->tok != ',' && p->tok != '}' &&
	    p->tok != LEX_END;
}

static int
peek(const struct source *s, size_t ahead)
{
	return ahead < s->len - s->off ?
	    (unsigned char)s->text[s->off + ahead] : EOF;
}

/* Blanks, comments and joined lines. */
static void
skip_blanks(struct parser *p)
{
	struct source	*s = p->src;

	for (;;) {
		if (peek(s, 0) == ' ' || peek(s, 0) == '\t' ||
		    (peek(s, 0) == '\r' && peek(s, 1) == '\n'))
			s->off++;
		else if (peek(s, 0) == '\\' && peek(s, 1) == '\n') {
			s->off += 2;
			s->line++;
		} else if (peek(s, 0) == '#')
			while (peek(s, 0) != '\n' && peek(s, 0) != EOF)
				s->off++;
		else
			return;
	}
}

static void
token_text(struct parser *p, const char *s, size_t n)
{
	if (n >= sizeof(p->tok_text))
		n = sizeof(p->tok_text) - 1;
	memcpy(p->tok_text, s, n);
	p->tok_text[n] = '\0';
}

/* Bytes up to the end of the line. */
static size_t
line_left(const struct source *s)
{
	const char	*from = s->text + s->off, *nl;

	nl = memchr(from, '\n', s->len - s->off);
	return nl == NULL ? s->len - s->off : (size_t)(nl - from);
}

/* A text in quotes, without them; \" and \\ stand for " and \. */
static int
lex_quoted(struct parser *p, char **v)
{
	struct source	*s = p->src;
	size_t		 n = 0, i = 1;
	char		*t;
	int		 c;

	if ((t = source_keep(p, line_left(s) + 1)) == NULL) {
		p->no_memory = true;
		return LEX_END;
	}
	for (; (c = peek(s, i)) != '"'; i++) {
		if (c == EOF || c == '\n') {
			parse_fail(p, "a \" is missing at the end of a value");
			break;
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			parse_fail(p, "control character 0x%02x in a value",
			    (unsigned)c);
			continue;
		}
		if (c == '\\' && (peek(s, i + 1) == '"' ||
		    peek(s, i + 1) == '\\'))
			c = peek(s, ++i);
		t[n++] = (char)c;
	}
	s->off += c == '"' ? i + 1 : i;
	*v = t;
	token_text(p, t, n);
	return LEX_STRING;
}

static bool
word_char(int c)
{
	return c > 0x20 && c != 0x7f && strchr("\"{},=<>#", c) == NULL;
}

/* filter: the rest of the line, without a comment and blanks at its end. */
static int
lex_raw_line(struct parser *p, char **v)
{
	struct source	*s = p->src;
	size_t		 n = 0;
	char		*t;

	for (; peek(s, n) != '\n' && peek(s, n) != '#' && peek(s, n) != EOF;
	    n++)
		if (peek(s, n) == '\0')
			parse_fail(p, "control character 0x00 in a value");
	token_text(p, s->text + s->off, n);
	t = source_text(p, s->text + s->off, n);
	s->off += n;
	while (t != NULL && n > 0 && strchr(" \t\r", t[n - 1]) != NULL)
		t[--n] = '\0';
	*v = t;
	return t == NULL ? LEX_END : LEX_STRING;
}

/* $name: its text is read next. */
static int
lex_macro(struct parser *p)
{
	struct source	*s = p->src;
	const char	*text;
	char		*name;
	size_t		 n = 1;

	while (peek(s, n) == '_' || (peek(s, n) >= '0' && peek(s, n) <= '9') ||
	    (peek(s, n) >= 'A' && peek(s, n) <= 'Z') ||
	    (peek(s, n) >= 'a' && peek(s, n) <= 'z'))
		n++;
	token_text(p, s->text + s->off, n);
	name = source_text(p, s->text + s->off + 1, n - 1);
	s->off += n;
	if (name == NULL)
		return LEX_END;
	if ((text = source_macro(p, name)) == NULL)
		parse_fail(p, "macro \"%s\" has no value: define it above, or "
		    "with -D", name);
	else if (p->expansions++ >= EXPANSIONS_MAX)
		parse_fail(p, "macro \"%s\" leads to itself or to too many "
		    "others", name);
	else {
		if ((s = source_push(p, p->tok_file, text,
		    strlen(text))) == NULL)
			return LEX_END;
		s->macro = true;
		return 0;
	}
	p->tok = LEX_ERROR;
	lex_recover(p);
	return LEX_ERROR;
}

static int
lex_word(struct parser *p, char **v)
{
	struct source		*s = p->src;
	const struct keyword	*k;
	size_t			 n = 0;

	while (word_char(peek(s, n)))
		n++;
	token_text(p, s->text + s->off, n);
	if ((*v = source_text(p, s->text + s->off, n)) == NULL)
		return LEX_END;
	s->off += n;
	skip_blanks(p);
	if (p->start && peek(s, 0) == '=')
		return LEX_NAME;
	if (p->value || p->group != 0)
		return LEX_STRING;
	if ((k = parse_keyword(*v)) == NULL)
		return LEX_STRING;
	p->value = k->flags & LEX_VALUE;
	p->raw = k->flags & LEX_RAW;
	return k->token;
}

static int
lex_operator(struct parser *p)
{
	struct source	*s = p->src;
	int		 c = peek(s, 0), eq = peek(s, 1) == '=';

	token_text(p, s->text + s->off, eq ? 2 : 1);
	s->off += eq ? 2 : 1;
	if (c == '<')
		return eq ? LEX_LE : LEX_LT;
	return eq ? LEX_GE : LEX_GT;
}

/* A newline comes before each }, so that the last line of a block ends. */
static int
lex_brace(struct parser *p)
{
	if (peek(p->src, 0) == '{') {
		p->src->off++;
		p->depth++;
		if (p->value && p->group == 0)
			p->group = p->depth;
		p->value = false;
		return '{';
	}
	if (!p->closing) {
		p->closing = true;
		return '\n';
	}
	p->closing = false;
	p->src->off++;
	if (p->group == p->depth)
		p->group = 0;
	if (p->depth > 0)
		p->depth--;
	return '}';
}

/*
 * The end of a source: 0 to read on in the one below. A file ends with a
 * newline, and with a } for each that is missing.
 */
static int
lex_end(struct parser *p)
{
	struct source	*s = p->src;

	if (!s->macro && !s->ended) {
		s->ended = true;
		token_text(p, "end of file", 11);
		if (p->depth > 0)
			parse_fail(p, "the file ends before the } of a block");
		return '\n';
	}
	if (!s->macro && p->depth > 0) {
		p->group = 0;
		p->closing = !p->closing;
		if (p->closing)
			return '\n';
		/* The statement wants its newline behind the last }. */
		s->ended = --p->depth > 0;
		return '}';
	}
	if (s->up == NULL)
		return LEX_END;
	p->src = s->up;
	if (!s->macro)
		p->files--;
	return 0;
}

static void
token_place(struct parser *p)
{
	const struct source	*s = p->src;

	while (s->macro && s->up != NULL)
		s = s->up;
	p->tok_file = s->name;
	p->tok_line = s->line;
	if (p->start) {
		p->stmt.file = p->tok_file;
		p->stmt.line = p->tok_line;
		p->stmt_errors = p->errors;
	}
}

static int
lex_newline(struct parser *p)
{
	token_text(p, "end of line", 11);
	p->src->off++;
	p->src->line++;
	if (!p->src->macro)
		p->expansions = 0;
	return '\n';
}

/* One token, 0 when there was none here (a macro began or a source ended). */
static int
lex_one(struct parser *p, char **v)
{
	int	 c;

	skip_blanks(p);
	token_place(p);
	c = peek(p->src, 0);
	if (c == '\n')
		return lex_newline(p);
	if (c == '"')
		return lex_quoted(p, v);
	if (c == '$')
		return lex_macro(p);
	if (c == EOF)
		return -1;
	if (p->raw)
		return lex_raw_line(p, v);
	if (c == '<' || c == '>')
		return lex_operator(p);
	token_text(p, p->src->text + p->src->off, 1);
	if (c == '{' || c == '}')
		return lex_brace(p);
	if (word_char(c))
		return lex_word(p, v);
	p->src->off++;
	if (c == ',' || c == '=')
		return c;
	parse_fail(p, "control character 0x%02x in the file", (unsigned)c);
	/* Its line is no text; one word about it is enough. */
	while (peek(p->src, 0) != '\n' && peek(p->src, 0) != EOF)
		p->src->off++;
	return 0;
}

static int
lex_any(struct parser *p, char **v)
{
	bool	 had_value, had_raw;
	int	 tok = 0;

	do {
		had_value = p->value;
		had_raw = p->raw;
		if ((tok = lex_one(p, v)) == -1) {
			tok = lex_end(p);
			if (tok == LEX_END && p->src->up == NULL &&
			    p->src->ended && p->depth == 0)
				return LEX_END;
		}
	} while (tok == 0 && !p->no_memory && !p->overflow);
	if (p->no_memory || p->overflow)
		return LEX_END;
	/* The value was read, or did not come. */
	if (had_value)
		p->value = false;
	if (had_raw)
		p->raw = false;
	p->start = tok == '\n' && p->depth == 0;
	return tok;
}

int
lex_token(struct parser *p, char **v)
{
	int	 tok;

	*v = NULL;
	for (;;) {
		tok = lex_any(p, v);
		if (!p->skip || tok == LEX_END)
			break;
		/* Out of the block that holds the error, or at its level. */
		if (p->depth > p->open || (tok == '}' && p->depth == p->open))
			continue;
		if (tok == '\n' || (tok == ',' && p->open > 0) || tok == '}')
			p->skip = false;
		break;
	}
	p->tok = tok;
	return tok;
}
