#!/bin/sh
# A mirror that stands still under load: what the analyzer could not tell it is
# named in FILE.gaps, and when it reads again what begins, and what goes on, is
# recorded again.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx jq ip python3

REC=$TMP/run/rec.log
OTHER=$TMP/run/other.log
net_up
nginx_up
# The last request of each client.
cat > "$TMP/last.py" <<'E2'
import json, sys
last = {path.split("/")[1]: path for path, _, _ in json.load(open(sys.argv[1]))}
raw = open(sys.argv[2], "rb").read()
print(sum(b"GET %s HTTP" % p.encode() in raw for p in last.values()))
E2
for per in 1 100000; do
	rm -f "$REC"*
	conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
	    "record to \"$REC\" format gogetway" '}' \
	    'mirror "other" {' 'observe port 8080' \
	    "record to \"$OTHER\" format raw" '}'
	WRAP="ip netns exec $NSB"
	start
	ina python3 "$TOP/tests/lib/numbered_load.py" 7 10.77.0.2 80 \
	    "$TMP/sent.json" $per 60000 &
	load=$!
	at_exit "kill $load"
	sleep 1
	p=$(pid_of mirror)
	kill -STOP "$p"
	sleep 3
	kill -CONT "$p"
	wait $load
	sleep 1
	is "$per a connection: nobody was restarted" "$(pid_of mirror)" "$p"
	at_least "$per: the analyzer left out connections" "$(json \
	    '.tallies[] | select(.name == "stream_dropped") | .value' \
	    show tally)" 1
	stop
	out=$(python3 "$TOP/tests/lib/record_check.py" "$TMP/sent.json" "$REC")
	is "$per: $out" $? 0
	is "$per: one line for those that nobody saw" "$(jq -s \
	    '[.[] | select(.from == "*" and .reason == "queue" and
	    .next > .last_record)] | length' \
	    "$REC.gaps")" 1
	[ $per -gt 1 ] || is "which says how many" "$(jq -s 'any(.[];
	    .from == "*" and .connections > 100)' "$REC.gaps")" true
	is "$per: the last request of each client is recorded" \
	    "$(python3 "$TMP/last.py" "$TMP/sent.json" "$REC")" 4
done
is "none for a mirror that observes nothing of it" \
    "$(cat "$OTHER.gaps" 2>/dev/null)" ""
is "and one for each that was open" "$(jq -s '[.[] | select(.from != "*" and
    .reason == "queue" and .next > .last_record) | .from] | unique |
    length' "$REC.gaps")" 4

# The stop finds it behind: it is told so at last.
rm -f "$REC"*
start
ina python3 "$TOP/tests/lib/numbered_load.py" 4 10.77.0.2 80 \
    "$TMP/sent.json" 1 60000 &
load=$!
at_exit "kill $load"
sleep 1
p=$(pid_of mirror)
kill -STOP "$p"
at_exit "kill -CONT $p"
wait $load
kill -TERM "$NM"
sleep 0.3
kill -CONT "$p"
stop
is "stopped while it is behind: it ends well" $status 0
is "and what nobody saw is named" "$(jq -s '[.[] | select(.from == "*" and
    .reason == "queue" and .connections > 100 and .next > .last_record)] |
    length' "$REC.gaps")" 1
finish
