#!/bin/sh
# kill -9 of the mirror while it records, each fourth time of the analyzer: no
# half record, no double, and what is missing lies within named gaps. Long:
# with KILLS=20 or more (make soak).
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx jq ip python3
[ "${KILLS:-0}" -ge 20 ] || { skip "takes minutes; KILLS=100 or make soak runs it"; finish; }

REC=$TMP/run/rec.log
net_up
nginx_up
conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$REC\" format gogetway" '}'
WRAP="ip netns exec $NSB"
start
ina python3 "$TOP/tests/lib/numbered_load.py" $((KILLS * 5 / 4 + 3)) 10.77.0.2 80 \
    "$TMP/sent.json" &
load=$!
at_exit "kill $load"
i=0
while [ $i -lt "$KILLS" ]; do
	i=$((i + 1))
	sleep 1.1
	[ $((i % 4)) -eq 0 ] && kill -9 "$(pid_of analyzer)" ||
	    kill -9 "$(pid_of mirror)"
done
wait $load
sleep 2
stop
is "ended as asked" "$status" 0
out=$(python3 "$TOP/tests/lib/record_check.py" "$TMP/sent.json" "$REC")
is "$KILLS kills: $out" $? 0
"$BUILD/netmonctl" replay -n "$REC" 127.0.0.1:1 > "$TMP/out" 2>&1
is "the record reads to its end" $? 0
finish
