#!/bin/sh
# headers: every header compiles alone, twice, and has a guard.
cd "$(dirname "$0")/../.." || exit 1
bad=0
for h in sandbox/*.h parent/*.h capture/*.h analyzer/*.h mirror/*.h ui/*.h \
    tests/lib/*.h; do
	[ -f "$h" ] || continue
	printf '#include "%s"\n#include "%s"\n' "$h" "$h" |
	    ${CC:-gcc} -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -I. \
	    -fsyntax-only -x c - || { echo "$h: does not stand alone"; bad=1; }
done
exit $bad
