#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/compat.h"

long long
compat_strtonum(const char *s, long long min, long long max,
    const char **errstr)
{
	char		*end;
	long long	 v;

	*errstr = NULL;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (end == s || *end != '\0') {
		*errstr = "invalid";
		return 0;
	}
	if (v < min || (errno == ERANGE && v < 0)) {
		*errstr = "too small";
		return 0;
	}
	if (v > max || (errno == ERANGE && v > 0)) {
		*errstr = "too large";
		return 0;
	}
	return v;
}

size_t
compat_strlcpy(char *dst, const char *src, size_t size)
{
	size_t	 len, n;

	len = strlen(src);
	if (size > 0) {
		n = len < size ? len : size - 1;
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}
