#!/bin/sh
# cover.sh FILE...: how many branches of each file the unit tests took, by
# gcov. Fails when one is under COVER_MIN (percent) or cannot be told.
# Environment: BUILD, of a build with COV=1.
set -u
: "${COVER_MIN:=85}"
bad=0
find "$BUILD" -name '*.gcda' -exec rm -f {} +
for t in "$BUILD"/tests/unit/test_*; do
	[ -f "$t" ] && [ -x "$t" ] || continue
	"$t" > "$t.log" 2>&1 || { echo "$(basename "$t") failed"; bad=1; }
done
for f in "$@"; do
	taken=$(gcov -n -b -o "$BUILD/${f%.c}.o" "$f" 2> /dev/null |
	    awk -v f="$f" '/^File/ { on = $0 == "File \047" f "\047" }
		on && /^Taken at least once/ {
			sub(/.*:/, ""); sub(/%.*/, ""); print; exit }')
	printf '%-28s %6s %% of its branches\n' "$f" "${taken:-?}"
	awk -v t="${taken:-0}" -v m="$COVER_MIN" 'BEGIN { exit t < m }' || bad=1
done
exit $bad
