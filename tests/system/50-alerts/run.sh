#!/bin/sh
# Load over a threshold and back, into a real syslog daemon through
# `netmonctl alerts -f -p | logger --prio-prefix`.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab jq ip rsyslogd logger python3

net_up
nginx_up
cat > "$TMP/rsyslog.conf" <<EOT
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$TMP/syslog.sock" CreatePath="on" RateLimit.Interval="0")
template(name="pri" type="string" string="%pri% %syslogtag% %msg%\n")
*.* action(type="omfile" file="$TMP/syslog.out" template="pri")
EOT
rsyslogd -n -i "$TMP/rsyslog.pid" -f "$TMP/rsyslog.conf" > "$TMP/rsyslog.err" 2>&1 &
rs=$!
at_exit "kill $rs"
wait_for 5 test -S "$TMP/syslog.sock" ||
    { not_ok "rsyslogd did not start" "$(cat "$TMP/rsyslog.err")"; finish; }

# started JOURNAL: by systemd, what went wrong at the start is said in
# TMP/start.err and in /dev/log
mkdir "$TMP/dev"
cp -a /dev/null /dev/zero /dev/urandom "$TMP/dev"
ln -s "$TMP/syslog.sock" "$TMP/dev/log"
started() {
	: > "$TMP/start.err"
	JOURNAL_STREAM=$1 unshare -m sh -c 'mount --bind "$1" /dev
	    exec "$2" -F -f "$3"' - "$TMP/dev" "$BUILD/netmond" \
	    "$TMP/$2.conf" 2> "$TMP/start.err"
	wait_for 2 grep -q "$2.conf" "$TMP/syslog.out"
	is "$2: an error at the start, in syslog and on the terminal" \
	    "$(grep -c "$2.conf" "$TMP/syslog.out" "$TMP/start.err" |
	    sed 's/.*://' | xargs)" "$3"
}
started 1:1 missing "1 1"
started "$(stat -c %d:%i "$TMP/start.err")" journal "1 0"

conf 'syslog facility local3' 'interface "vb"' 'alert "busy" when messages >= 1000 over 5s clear < 500'
WRAP="ip netns exec $NSB"
start
"$BUILD/netmonctl" -s "$SOCK" alerts -f -p |
    logger -t netmon --prio-prefix --socket "$TMP/syslog.sock" &
at_exit "kill $!"
sleep 0.3

is "idle, the value is there and zero" \
    "$(json '.alerts[] | select(.rule == "busy") | "\(.state) \(.value)"' show alerts)" "ok 0"
ina ab -q -k -n 2000 -c 4 http://10.77.0.2/index.html > /dev/null 2>&1
t0=$(now_ms)
wait_for 2 grep -q 'fired busy' "$TMP/syslog.out" &&
    ok "fired reached syslog $(($(now_ms) - t0)) ms after the load ended" ||
    not_ok "fired did not reach syslog" "$(cat "$TMP/syslog.out")"
wait_for 12 grep -q 'cleared busy' "$TMP/syslog.out" &&
    ok "cleared reached syslog while idle" ||
    not_ok "cleared did not reach syslog" "$(cat "$TMP/syslog.out")"
sleep 1
is "exactly one fired line" "$(grep -c 'netmon.*fired busy' "$TMP/syslog.out")" 1
is "exactly one cleared line" "$(grep -c 'netmon.*cleared busy' "$TMP/syslog.out")" 1
# local3.warning is 19 * 8 + 4, local3.notice 19 * 8 + 5
like "fired has the priority of its severity" "$(grep 'fired busy' "$TMP/syslog.out")" '^156 '
like "cleared is a notice" "$(grep 'cleared busy' "$TMP/syslog.out")" '^157 '
is "the ring keeps both" \
    "$(ctl alerts -a 10 | awk '$2 == "fired" || $2 == "cleared" { print $2 }' | tr '\n' ' ')" "fired cleared "
lose analyzer
is "also over the analyzer's death" \
    "$(ctl alerts -a 10 | grep -Ec '(fired|cleared) busy')" 2

kill -STOP $rs
n=$(json .summary.requests show summary window total)
ina ab -q -k -n 2000 -c 4 http://10.77.0.2/index.html > /dev/null 2>&1
t0=$(now_ms)
ctl show > /dev/null
at_most "with syslog stopped the daemon answers at once" $(($(now_ms) - t0)) 1000
wait_for 3 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show summary window total | jq .summary.requests)\" -ge $((n + 2000)) ]" &&
    ok "and counts on" || not_ok "and does not count"
kill -CONT $rs
stop
is "ended as asked" "$status" 0

# ---- connections, told apart by client: a scan of ports nobody listens on ----
conf 'interface "vb"' 'alert "scan" when connections >= 40 over 10s per client' \
    'alert "again" when retransmits > 1000000 over 10s per interface'
start
for port in $(seq 9000 9049); do
	ina curl -s -o /dev/null --connect-timeout 1 "http://10.77.0.2:$port/"
done
fired() { ctl alerts -a 50 | grep -q 'fired scan'; }
wait_for 10 fired
like "a scan fires with the client's address as its key" \
    "$(ctl alerts -a 50 | grep 'fired scan')" 'key=10\.77\.0\.1( |$)'
stop

# ---- connections that are held open without a byte ----
mkfifo "$TMP/hold"
conf 'interface "vb"' 'alert "held" when connections >= 30 over 10s per client'
start
ina python3 -c '
import socket, sys
held = [socket.create_connection(("10.77.0.2", 80)) for i in range(40)]
sys.stdin.read()' < "$TMP/hold" &
hold=$!
exec 3> "$TMP/hold"
fired() { ctl alerts -a 50 | grep -q 'fired held'; }
wait_for 10 fired && ok "connections without a byte fire while they are held" ||
    not_ok "connections without a byte do not fire" "$(ctl show alerts)"
is "and they are still there" "$(json '[.flows[]] | length' show flows state open)" 40
exec 3>&-
wait $hold
stop

# ---- an analyzer that is lost right after it fired ----
conf 'interface "vb"' 'alert "lives" when requests >= 20 over 5m'
start
for k in 1 2 3 4; do
	p=$(pid_of analyzer)
	ina ab -q -n 20 http://10.77.0.2/index.html > /dev/null 2>&1
	wait_for 5 grep -q 'fired lives' "$TMP/netmond.log"
	kill -9 "$p"
	wait_for 10 is_another analyzer "$p" || not_ok "analyzer did not come back"
done
ina ab -q -n 20 http://10.77.0.2/index.html > /dev/null 2>&1
sleep 1.2
is "the next one knows that it fires" \
    "$(grep -c 'fired lives' "$TMP/netmond.log")" 1
stop
# ---- a rule that fires by what an answer has just told it ----
cat > "$TMP/loud.py" <<'EOT'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
for i in range(1500):
    s.sendto(b"x" * 1000, ("10.77.0.2", 9999))
EOT
conf 'interface "vb"' 'alert "loud" when traffic > 1M over 5m per client'
start
for k in 1 2 3 4 5 6 7 8; do
	ip -n $NSA addr add "10.77.0.1$k/24" dev va
	ina python3 "$TMP/loud.py" "10.77.0.1$k"
	sleep 0.1	# its packets have left the ring
	ctl show talkers window total top 100 > "$TMP/talkers"
	like "the answer is whole, client $k" "$(cat "$TMP/talkers")" \
	    "^10\\.77\\.0\\.1$k "
done
is "and each client fires" "$(grep -c 'fired loud' "$TMP/netmond.log")" 8
is "nobody was replaced by that" \
    "$(json '[.processes[].restarts] | add' show processes)" 0
stop

# ---- all of it is frozen, as a container may be: silence is no silence ----
conf 'window 2s' 'interface "vb"' 'alert "quiet" when requests < 5 over 3s'
ip netns exec $NSA python3 "$TOP/tests/lib/load.py" > /dev/null 2>&1 &
load=$!
at_exit "kill $load"
start
is_ok() {
	[ "$(json '.alerts[] | select(.rule == "quiet") | .state' \
	    show alerts)" = ok ] && [ "$(json .summary.requests \
	    show summary window 1m)" -ge 80 ]
}
wait_for 15 is_ok && ok "the load is there" || not_ok "no load" "$(ctl show alerts)"
had=$(ctl alerts -a 50 | grep -c 'fired quiet')	# while it began
all="$NM $(pid_of launcher) $(pid_of capture) $(pid_of analyzer) $(pid_of mirror)"
t0=$(now_ms)
kill -STOP $all
sleep 7
kill -CONT $all
frozen=$(($(now_ms) - t0))
knows() { ctl alerts -a 50 | grep -q 'unknown quiet'; }
wait_for 5 knows && ok "the rule does not know" ||
    not_ok "the rule judges what nobody saw" "$(ctl alerts -a 50)"
wait_for 20 is_ok && ok "and knows again later" || not_ok "it stays unknown" "$(ctl show alerts)"
is "it did not fire" "$(ctl alerts -a 50 | grep -c 'fired quiet')" "$had"
at_most "no moment counts as missed twice" "$(json \
    '.complete.unwatched_seconds * 1000 | floor' show summary window total)" \
    $((frozen * 3 / 2))
kill -STOP "$(pid_of capture)"	# it alone; after 5 s it would be replaced
sleep 4
kill -CONT "$(pid_of capture)"
wait_for 20 is_ok && ok "after capture hung it knows again" ||
    not_ok "it stays unknown" "$(ctl show alerts)"
is "nor did it fire then" "$(ctl alerts -a 50 | grep -c 'fired quiet')" "$had"
is "nobody was replaced" "$(json '[.processes[].restarts] | add' show processes)" 0
at_least "and the time is told" "$(json \
    '(1 - .complete.ratio) * 1000 | floor' show summary window total)" 100
kill $load
stop
finish
