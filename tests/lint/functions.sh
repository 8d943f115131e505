#!/bin/sh
# functions: none longer than 80 lines, no line longer than 80 columns (tabs
# are 8), no trailing space; and none of the calls that STYLE rules out.
cd "$(dirname "$0")/../.." || exit 1
bad=0
src=$(ls sandbox/*.[ch] parent/*.[chy] capture/*.[ch] analyzer/*.[ch] \
    mirror/*.[ch] ui/*.[ch] etc/hook/*.[ch] tests/unit/*.c tests/fuzz/*.c tests/lib/*.[ch] \
    tests/bench/*.[ch] 2>/dev/null)
for f in $src; do
	expand "$f" | awk -v f="$f" '
	    length($0) > 80 { printf "%s:%d: %d columns\n", f, NR, length($0); bad = 1 }
	    /[ \t]$/ { printf "%s:%d: trailing space\n", f, NR; bad = 1 }
	    END { exit bad }' || bad=1
	case $f in *.c) ;; *) continue ;; esac
	awk -v f="$f" '
	    /^\{/ { start = NR }
	    /^\}/ && start { if (NR - start - 1 > 80)
		{ printf "%s:%d: function of %d lines\n", f, start, NR - start - 1; bad = 1 }
		start = 0 }
	    END { exit bad }' "$f" || bad=1
done
code=$(ls sandbox/*.c parent/*.[cy] capture/*.c analyzer/*.c mirror/*.c ui/*.c)
grep -nE '(^|[^a-z_])(strcpy|strcat|sprintf|strtok|atoi|alloca|system|popen)\(' $code && bad=1
# GCC drops the calls of a function that does only this: compat_prefetch.
grep -n '__builtin_prefetch(' $(ls */*.[ch] | grep -v '^sandbox/compat.h') && bad=1
grep -nE '\b(TODO|FIXME|XXX)\b' $src && bad=1
exit $bad
