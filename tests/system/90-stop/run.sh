#!/bin/sh
# The end: within two seconds, also under load, and nothing stays behind.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab jq ip python3
net_up
nginx_up
conf 'interface "vb"'
WRAP="ip netns exec $NSB"
(while :; do ina ab -q -k -n 100000 -c 2 http://10.77.0.2/index.html; done) \
    > /dev/null 2>&1 &
at_exit "kill $!"
for sig in TERM INT; do
	start
	sleep 1
	pids="$(pid_of launcher) $(pid_of capture) $(pid_of analyzer) $(pid_of mirror)"
	t0=$(now_ms)
	kill -$sig "$NM"
	wait "$NM"
	is "SIG$sig ends with status 0" $? 0
	NM=
	[ "${SAN:-0}" = 1 ] ||
	    at_most "SIG$sig ends within 2 s" $(($(now_ms) - t0)) 2000
	sleep 0.2
	case $sig in
	INT) like "SIGINT prints a summary first" \
	    "$(cat "$TMP/netmond.log")" 'requests/s' ;;
	TERM) is "SIGTERM prints none" \
	    "$(grep -c 'requests/s' "$TMP/netmond.log")" 0 ;;
	esac
	left=
	for p in $pids; do [ -e "/proc/$p/exe" ] && left="$left $p"; done
	is "SIG$sig leaves no process" "$left" ""
	[ -e "$SOCK" ] && not_ok "SIG$sig leaves the socket" || ok "SIG$sig leaves no socket"
done
# systemd kills what the main process left behind, and says so each time.
cat > "$TMP/heir.py" <<'EOT'
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)		# PR_SET_CHILD_SUBREAPER
print(subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL).returncode)
try:
    print("left:", os.waitpid(-1, 0)[1])
except ChildProcessError:
    print("none left")
EOT
is "the main process is the last one to end" \
    "$(inb python3 "$TMP/heir.py" "$BUILD/netmond" -F -t 500ms \
    -f "$TMP/netmond.conf" | grep -e '^0$' -e left | xargs)" "0 none left"
# Whoever starts it may block and ignore signals: its own it obeys.
WRAP="ip netns exec $NSB env --block-signal --ignore-signal"
start
came_back() {
	[ "$(json '.processes[] | select(.process == "capture") | .restarts' \
	    show processes)" = 1 ] && all_ready
}
kill -9 "$(pid_of capture)"
wait_for 5 came_back && ok "signals were blocked: a lost child comes back" ||
    not_ok "signals were blocked: a lost child does not come back"
kill -TERM "$NM"
wait_for 5 sh -c "! kill -0 $NM" || kill -9 "$NM"
wait "$NM"
is "signals were blocked: SIGTERM ends it" $? 0
NM=
WRAP="ip netns exec $NSB"
# Who asks again and again does not put off the end of one that hangs.
start
mirror=$(pid_of mirror)
kill -STOP "$mirror"
t0=$(now_ms)
while kill -TERM "$NM" 2> /dev/null && [ $(($(now_ms) - t0)) -lt 8000 ]; do
	sleep 0.3
done
kill -9 "$NM" 2> /dev/null
wait "$NM"
is "SIGTERM again and again, and a process that hangs: status 0" $? 0
NM=
start -t 2
t0=$(now_ms)
wait "$NM"
is "-t ends with status 0" $? 0
NM=
like "and prints a summary" "$(cat "$TMP/netmond.log")" 'requests'
finish
