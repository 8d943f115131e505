#!/bin/sh
# Children that die or hang under load: back within a second, counters never
# go back, and the loss is told. KILLS sets how often (soak: 20).
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx ab jq ip python3 prlimit
: "${KILLS:=3}"

net_up
nginx_up
conf 'interface "vb"'
WRAP="ip netns exec $NSB"
start
(while :; do ina ab -q -k -n 100000 -c 2 http://10.77.0.2/index.html; done) \
    > /dev/null 2>&1 &
load=$!
at_exit "kill $load"
sleep 1.5

requests() { json .summary.requests show summary window total; }
# back ROLE PID MS: a new pid of the role is ready within so many milliseconds
back() {
	t0=$(now_ms)
	while [ $(($(now_ms) - t0)) -lt "$3" ]; do
		p=$(json ".processes[] | select(.process == \"$1\" and .state == \"ready\") | .pid" show processes)
		[ -n "$p" ] && [ "$p" != "$2" ] && return 0
		sleep 0.05
	done
	return 1
}

for role in capture analyzer mirror; do
	late=0
	wentback=0
	i=0
	while [ $i -lt "$KILLS" ]; do
		i=$((i + 1))
		old=$(pid_of $role)
		before=$(requests)
		kill -9 "$old"
		back $role "$old" 1000 || late=$((late + 1))
		after=$(requests)
		[ "$after" -ge "$before" ] 2>/dev/null || wentback=$((wentback + 1))
		sleep 1.3
	done
	is "$role: back within a second, $KILLS times" $late 0
	is "$role: counters never went back" $wentback 0
	like "$role: the loss is logged" "$(cat "$TMP/netmond.log")" \
	    "$role.*(lost|signal|killed)"
	like "$role: show capture says where to look" \
	    "$(json '.advice[].text' show capture window total)" \
	    "see show processes"
	before=$(requests)
	sleep 1.2
	at_least "$role: counting goes on" "$(requests)" $((before + 1))
done
# A subshell sends it: its pid is another one than the test's.
kill -s SEGV "$(pid_of analyzer)" &
sent=$!
wait $sent
wait_for 5 grep -q 'last words: signal 11' "$TMP/netmond.log"
is "who sent a deadly signal is among the last words" \
    "$(grep -c "signal 11 code 0 sent by process $sent," "$TMP/netmond.log")" 1
wait_for 10 all_ready
is "the windows say that something was missed" \
    "$(json .complete.lossy show summary window total)" true
at_least "bytes among it" "$(json .complete.gap_bytes show summary window total)" 1
is "and blame no way that nobody watches" \
    "$(json '.advice[].text' show capture window total | grep -c 'take a way')" 0

# A fresh analyzer that capture has told of no interface yet.
old=$(pid_of capture)
kill -STOP "$old"
lose analyzer
is "an interface is one row with its numbers before capture tells of it" \
    "$(json '[.interfaces[] | select(.name == "vb") | .packets_total > 0 |
    tostring] | join(" ")' show interfaces)" true
kill -CONT "$old"

for role in capture analyzer mirror; do
	old=$(pid_of $role)
	kill -STOP "$old"
	back $role "$old" 8000 && ok "$role: stopped, replaced within 8 s" ||
	    not_ok "$role: stopped, not replaced within 8 s" "$(tail -5 "$TMP/netmond.log")"
done

sleep 1.2
l=$(pid_of launcher)
kill -9 "$l"
sleep 0.5
kill -0 "$NM" 2>/dev/null && ok "the launcher's death does not end the daemon" ||
    not_ok "the launcher's death ended the daemon"
like "and is logged" "$(cat "$TMP/netmond.log")" launcher
conf 'interface "vb"' 'mirror "m" {' 'observe port 80' \
    'forward to 127.0.0.1 port 9' '}'
ctl reload > "$TMP/out" 2>&1
is "a reload that needs it is refused" $? 1
like "with what to do" "$(cat "$TMP/out")" 'restart netmond'
conf 'interface "vb"'
kill -9 "$(pid_of analyzer)"
wait_for 5 sh -c "! kill -0 $NM"
wait "$NM"
rc=$?
[ $rc -ne 0 ] && ok "without a launcher a lost child ends it with status $rc" ||
    not_ok "without a launcher a lost child ended it with status 0"
NM=

# The user of netmond has as many processes as it may for a while.
cat > "$TMP/crowd.py" <<'EOT'
import os, pwd, sys, time
uid = pwd.getpwnam(sys.argv[1]).pw_uid
for i in range(80):
    if os.fork() == 0:
        os.setuid(uid)
        time.sleep(60)
        os._exit(0)
open(sys.argv[2], "w").close()
sys.stdin.read()
EOT
mkfifo "$TMP/crowd.in"
others=$(ps -Lu $TEST_USER --no-headers | wc -l)	# the limit counts threads
WRAP="ip netns exec $NSB prlimit --nproc=$((others + 50))"
start
setsid python3 "$TMP/crowd.py" $TEST_USER "$TMP/crowd" < "$TMP/crowd.in" &
crowd=$!
exec 7> "$TMP/crowd.in"
at_exit "kill -s KILL -- -$crowd"
wait_for 10 test -e "$TMP/crowd"
kill -9 "$(pid_of mirror)"
told() {
	grep -q 'netmond: mirror cannot be started: Resource' \
	    "$TMP/netmond.log"
}
wait_for 5 told && ok "a process that cannot be made is told" ||
    not_ok "a process that cannot be made is not told" \
	"$(tail -3 "$TMP/netmond.log")"
is "and is no loss of pid 0" "$(grep -c 'pid 0' "$TMP/netmond.log")" 0
kill -9 "$(pid_of capture)"
watches() { ctl why | grep -q "^1 interfaces    $1"; }
wait_for 5 watches 'none is watched since [0-9:]* UTC  *cause$' &&
    ok "why tells since when capture is away" ||
    not_ok "why tells since when capture is away" "$(ctl why)"
like "so does the overview" "$(ctl show)" '^capture   away since [0-9:]+,'
is "which counts no interface then" "$(json '"\(.summary.interfaces) " +
    (.summary.capture_away_time | type)' show)" "0 string"
like "and the advice" "$(ctl show capture)" 'capture is away since [0-9:]+ UTC'
is "no interface is up" "$(json '.interfaces[] | select(.name == "vb") |
    .state' show interfaces)" unwatched
is "nothing is called complete meanwhile" "$(json '.complete |
    "\(.lossy) \(.ratio < 1) \(.unwatched_seconds > 0)"' show)" \
    "true true true"
kill -s KILL -- -$crowd
exec 7>&-
wait_for 30 all_ready && ok "and is there when it can" ||
    not_ok "and is not there when it can"
wait_for 5 watches '1 open' && ok "and capture watches again" ||
    not_ok "and capture watches again" "$(ctl why)"
stop
WRAP="ip netns exec $NSB"

# A launcher that is needed at once, and does not come back or answer.
ended() { ! kill -0 "$NM" 2>/dev/null; }
# ends NAME STATUS: netmond ends within 10 s; a status of 1 has its reason
ends() {
	wait_for 10 ended || { not_ok "$1: netmond hangs"; kill -9 "$NM"; }
	wait "$NM"
	is "$1: status $2" $? "$2"
	[ "$2" = 0 ] || like "$1: and says why" "$(cat "$TMP/netmond.log")" \
	    'no launcher to start capture anew: ending'
	NM=
}
start
l=$(pid_of launcher)
until grep -q 'capture comes back in 0.[48] s' "$TMP/netmond.log"; do
	p=$(pid_of capture)
	[ "${p:-0}" -eq 0 ] || kill -9 "$p"
	sleep 0.05
done
kill -9 "$l"
ends "lost while a child waits" 1
start
kill -STOP "$(pid_of launcher)"
kill -9 "$(pid_of capture)"
ends "stopped when it is needed" 1
start
kill -STOP "$(pid_of launcher)"
sleep 1.2
kill -9 "$(pid_of capture)"
capture_is_asked_for() { [ "$(state_of capture)" = starting ]; }
wait_for 5 capture_is_asked_for
t0=$(now_ms)
kill -TERM "$NM"
ends "stopped, and SIGTERM" 0
at_most "and within 2 s" $(($(now_ms) - t0)) 2500

# Root shuts a link down, which a jail does not let its process do. Either end
# may be the first to notice.
start
python3 - "$(pid_of mirror)" <<'EOT'
import ctypes, os, socket, sys
SYS_pidfd_getfd, LINK = 438, 4
pidfd = os.pidfd_open(int(sys.argv[1]))
fd = ctypes.CDLL(None).syscall(SYS_pidfd_getfd, pidfd, LINK, 0)
socket.socket(fileno=fd).shutdown(socket.SHUT_RDWR)
EOT
told() {
	grep -Eq 'link to (mirror|analyzer): Broken pipe' "$TMP/netmond.log"
}
wait_for 10 told && ok "a link that is broken for good is told" ||
    not_ok "a link that is broken for good is not told" \
    "$(tail -3 "$TMP/netmond.log")"
at_least "and a process is lost, not ready and deaf" \
    "$(json '[.processes[].restarts] | add' show processes)" 1
stop
is "SIGTERM ends it all the same" $status 0

start
pids="$(pid_of launcher) $(pid_of capture) $(pid_of analyzer) $(pid_of mirror)"
kill -9 "$NM"
sleep 1
left=
for p in $pids; do [ -e "/proc/$p/exe" ] && left="$left $p"; done
is "a killed parent takes all with it within a second" "$left" ""
finish
