#!/bin/sh
# What the kernel drops while capture or the analyzer stands still or is away,
# and what nobody captures while capture is replaced, is missing from a record as whole
# connections: a line of FILE.gaps covers them.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx jq ip python3

REC=$TMP/run/rec.log
net_up
nginx_up
begin() {
	rm -f "$REC"*
	conf 'ring total 2M' 'interface "vb"' 'mirror "kept" {' \
	    'observe port 80' "record to \"$REC\" format gogetway" '}'
	WRAP="ip netns exec $NSB"
	start
	ina python3 "$TOP/tests/lib/numbered_load.py" "$1" 10.77.0.2 80 \
	    "$TMP/sent.json" &
	load=$!
	at_exit "kill $load"
	sleep 2
}
has_line() {
	is "$1: a line for connections that nobody saw" "$(jq -s 'any(.[];
	    .from == "*" and .reason == "lost" and .next > .last_record)' \
	    "$REC.gaps")" true
}
drops() { json '.capture.kernel_drops' show capture; }
dropped() { [ "$(drops)" -gt "$1" ]; }
for role in capture analyzer; do
	begin 7
	was=$(drops)
	p=$(pid_of $role)
	kill -STOP "$p"
	sleep 3
	kill -CONT "$p"
	wait_for 5 dropped "$was" && ok "$role stopped: the kernel drops" ||
	    not_ok "$role stopped: nothing was dropped"
	wait $load
	sleep 1
	is "$role: nobody was restarted" "$(pid_of $role)" "$p"
	stop
	out=$(python3 "$TOP/tests/lib/record_check.py" "$TMP/sent.json" "$REC")
	is "$role: $out" $? 0
	has_line $role
done

# The ring fills while no analyzer reads; the next one counts that.
begin 7
launcher=$(json '.processes[] | select(.process == "launcher") | .pid' \
    show processes)
kill -STOP "$launcher"		# so it stays away
kill -9 "$(pid_of analyzer)"
sleep 4
kill -CONT "$launcher"
wait_for 10 all_ready
wait $load
sleep 1
all=$(json '.tallies[] | select(.name == "cap_kernel_drops") | .value' \
    show tally)
at_least "analyzer away: the kernel drops" "$all" 1
is "and that is shown" "$(json '.interfaces[] | select(.name == "vb") |
    .kernel_drops' show interfaces window total)" "$all"
stop
out=$(python3 "$TOP/tests/lib/record_check.py" "$TMP/sent.json" "$REC")
is "analyzer away: $out" $? 0
has_line "analyzer away"

begin 4
lose capture
wait $load
sleep 1
stop
out=$(python3 "$TOP/tests/lib/record_check.py" "$TMP/sent.json" "$REC")
is "capture lost: $out" $? 0
has_line "capture lost"
finish
