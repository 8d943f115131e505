#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/golden.h"

#define FILE_MAX	(256 * 1024)

static int
compare(const char *name, const char *want, const char *got)
{
	const char	*line = got;
	size_t		 i, n = 1;

	for (i = 0; want[i] == got[i] && want[i] != '\0'; i++) {
		if (want[i] == '\n') {
			n++;
			line = got + i + 1;
		}
	}
	if (want[i] == got[i])
		return 0;
	fprintf(stderr, "%s:%zu: differs; got\n%.*s\nwant\n%.*s\n", name, n,
	    (int)strcspn(line, "\n"), line,
	    (int)strcspn(want + (line - got), "\n"), want + (line - got));
	return -1;
}

int
golden_check(const char *name, const char *text)
{
	char	 path[256], *want;
	size_t	 n;
	FILE	*f;
	int	 r;

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	if (getenv("GOLDEN_WRITE") != NULL) {
		if ((f = fopen(path, "w")) == NULL)
			return -1;
		fputs(text, f);
		return fclose(f);
	}
	if ((f = fopen(path, "r")) == NULL) {
		perror(path);
		return -1;
	}
	if ((want = malloc(FILE_MAX)) == NULL)
		abort();
	n = fread(want, 1, FILE_MAX - 1, f);
	want[n] = '\0';
	fclose(f);
	r = compare(path, want, text);
	free(want);
	return r;
}
