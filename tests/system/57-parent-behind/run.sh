#!/bin/sh
# A parent that stands still while connections come and go: what the mirror had
# to save with it meanwhile is there when it reads again. So a fresh mirror
# knows which connections were open, and which were not.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx ab jq ip python3

REC=$TMP/run/rec.log
HELD=40
net_up
nginx_up
cat > "$TMP/hold.py" <<'E2'
import socket, sys, time
conns = []
for n in range(int(sys.argv[1])):
    conns.append(socket.create_connection(("10.77.0.2", 80)))
    conns[-1].sendall(b"GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
    conns[-1].recv(4096)
print("held", flush=True)
time.sleep(600)
E2
conf 'interface "vb"' 'mirror "kept" {' 'observe port 80' \
    "record to \"$REC\" format gogetway" '}'
WRAP="ip netns exec $NSB"
start
m=$(pid_of mirror)
kill -STOP "$NM"
ina ab -q -n 60000 -c 20 http://10.77.0.2/index.html > /dev/null 2>&1
ina python3 "$TMP/hold.py" $HELD > "$TMP/out" &
hold=$!
at_exit "kill $hold"
wait_for 10 grep -q held "$TMP/out"
sleep 1.5
kill -CONT "$NM"
sleep 2
is "nobody was restarted" "$(pid_of mirror)" "$m"
is "no frame of the mirror was refused" "$(json '.tallies[] |
    select(.name == "chan_queue_full" and .process == "mirror") | .value' \
    show tally)" 0
lose mirror
lines() {
	jq -s '[.[] | select(.reason == "restart" and .from != "*" and
	    .last_record != null) | .from] | unique | length' "$REC.gaps"
}
all_told() { [ "$(lines)" -ge $HELD ]; }
wait_for 10 all_told
sleep 1
is "a line for each that was open, and no other" "$(lines)" $HELD
stop
finish
