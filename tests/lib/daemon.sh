# daemon.sh: a netmond under test. Source after tap.sh.
#
#   conf LINES...       writes $TMP/netmond.conf: a private socket and the lines
#   start [ARGS...]     starts netmond (prefixed by $WRAP) and waits until ready
#   ctl ...             netmonctl on its socket
#   json FILTER ...     netmonctl -j through jq -r
#   pid_of ROLE         pid of a role, nothing while there is none
#   lose ROLE           kill -9, then waits until another one is ready
#   stop                SIGTERM and wait; $status is its exit status

SOCK=$TMP/run/control.sock
NM=
WRAP=
case "$(id -u)" in
0)	TEST_USER=nobody; TEST_GROUP=nogroup ;;
*)	TEST_USER=$(id -un); TEST_GROUP=$(id -gn) ;;
esac
mkdir "$TMP/run"
[ "$(id -u)" != 0 ] || chown $TEST_USER "$TMP/run"

conf() {
	{
		echo "user \"$TEST_USER\""
		echo "control socket \"$SOCK\" group \"$TEST_GROUP\""
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} > "$TMP/netmond.conf"
	chmod 644 "$TMP/netmond.conf"
}

ctl() { "$BUILD/netmonctl" -s "$SOCK" "$@"; }
json() {
	json_filter=$1
	shift
	ctl -j "$@" | jq -r "$json_filter"
}
# Not 0: to a signal that is whoever runs the test.
pid_of() {
	json ".processes[] | select(.process == \"$1\" and .pid > 0) | .pid" \
	    show processes
}
state_of() {
	json ".processes[] | select(.process == \"$1\") | .state" show processes
}
all_ready() {
	[ "$(json '[.processes[] | select(.process == "capture" or
	    .process == "analyzer" or .process == "mirror") |
	    select(.state == "ready")] | length' show processes)" = 3 ]
}

start() {
	[ -f "$TMP/netmond.conf" ] || conf
	$WRAP "$BUILD/netmond" -d -F -f "$TMP/netmond.conf" "$@" \
	    > "$TMP/netmond.log" 2>&1 &
	NM=$!
	at_exit "[ -z \"\$NM\" ] || kill -9 $NM"
	if ! wait_for 10 all_ready; then
		not_ok "netmond did not become ready" \
		    "$(tail -5 "$TMP/netmond.log")"
		finish
	fi
}
# Only another pid tells: at once after the kill the state is still "ready".
is_another() { [ "$(pid_of "$1")" != "$2" ] && all_ready; }
lose() {
	lose_old=$(pid_of "$1")
	kill -9 "$lose_old"
	wait_for 10 is_another "$1" "$lose_old" || not_ok "$1 did not come back"
}
stop() {
	kill -TERM "$NM" 2>/dev/null
	wait "$NM"
	status=$?
	NM=
}
