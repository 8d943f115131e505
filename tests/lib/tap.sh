# tap.sh: what a system test says. Source it; each check prints one line that
# tests/check counts. A script ends with `finish`.
#
# The caller sets nothing; tests/check gives BUILD (the build folder, absolute)
# and TOP (the source tree). TMP is a fresh folder, removed at the end.

umask 022	# netmond reads no configuration that a group can write
: "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}"
: "${BUILD:=$TOP/build}"
TMP=$(mktemp -d "${TMPDIR:-/tmp}/netmon-test.XXXXXX")
chmod 755 "$TMP"
test_name=$(basename "$(cd "$(dirname "$0")" && pwd)")
test_bad=0
cleanups=

ok() { printf 'ok - %s: %s\n' "$test_name" "$1"; }
not_ok() {
	printf 'not ok - %s: %s\n' "$test_name" "$1"
	shift
	[ $# -eq 0 ] || printf '#   %s\n' "$@"
	test_bad=1
}
note() { printf 'note - %s: %s\n' "$test_name" "$1"; }
skip() { printf 'skip - %s: %s\n' "$test_name" "$1"; }

# is NAME GOT WANT
is() {
	if [ "$2" = "$3" ]; then ok "$1"
	else not_ok "$1" "got:  $2" "want: $3"; fi
}
# at_least NAME GOT WANT (numbers)
at_least() {
	if [ "$2" -ge "$3" ] 2>/dev/null; then ok "$1"
	else not_ok "$1" "got: $2, want at least $3"; fi
}
at_most() {
	if [ "$2" -le "$3" ] 2>/dev/null; then ok "$1"
	else not_ok "$1" "got: $2, want at most $3"; fi
}
# like NAME TEXT PATTERN (grep -E)
like() {
	if printf '%s\n' "$2" | grep -Eq -- "$3"; then ok "$1"
	else not_ok "$1" "got: $2" "want: $3"; fi
}

# Whole-test conditions: what is missing is a skip by name.
need_root() {
	[ "$(id -u)" = 0 ] || { skip "needs root"; finish; }
}
need() {
	for n in "$@"; do
		command -v "$n" >/dev/null 2>&1 ||
		    { skip "needs $n"; finish; }
	done
}
need_jail() {
	[ "${SAN:-0}" != 1 ] || { skip "the jail of a SAN build differs"; finish; }
}

# at_exit COMMAND: run at the end, last one first.
at_exit() { cleanups="$1
$cleanups"; }
run_cleanups() {
	eval "$cleanups" >/dev/null 2>&1
	rm -rf "$TMP"
}
trap run_cleanups EXIT
trap 'exit 1' INT TERM HUP
finish() { exit $test_bad; }

# wait_for SECONDS COMMAND...: polls every 50 ms until it succeeds.
wait_for() {
	wf_n=$(($1 * 20))
	shift
	while [ $wf_n -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
		wf_n=$((wf_n - 1))
	done
	return 1
}
now_ms() { date +%s%3N; }
