#!/bin/sh
# More connections at once than the mirror has memory for: those that are not
# recorded are counted in FILE.gaps.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need_jail
need nginx jq ip python3

REC=$TMP/run/rec.log
net_up
nginx_up
# All are open before the first one asks.
cat > "$TMP/crowd.py" <<'E2'
import json, socket, sys, time
sent, conns = [], []
for n in range(int(sys.argv[1])):
    conns.append(socket.create_connection(("10.77.0.2", 80), 5))
for n, s in enumerate(conns):
    path = "/w0/c%d/r0" % n
    sent.append((path, s.getsockname()[1], time.time()))
    s.sendall(("GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path).encode())
    answer = b""
    while b"</html>" not in answer:
        answer += s.recv(4096)
json.dump(sent, open(sys.argv[2], "w"))
E2
conf 'memory limit 8M' 'interface "vb"' 'mirror "kept" {' \
    'observe port 80' "record to \"$REC\" format gogetway" '}'
WRAP="ip netns exec $NSB"
start
ina python3 "$TMP/crowd.py" 2500 "$TMP/sent.json"
is_told() { [ "$(wc -l < "$REC.gaps")" -gt 0 ]; }
wait_for 5 is_told
at_least "what finds no memory is shown" "$(json \
    '.mirrors[0].dropped_connections' show mirrors)" 100
stop
out=$(python3 "$TOP/tests/lib/record_check.py" "$TMP/sent.json" "$REC")
is "$out" $? 0
missing=${out#*missing }
is "each of those is counted" "$(jq -s 'map(select(.from == "*" and
    .reason == "queue").connections) | add' "$REC.gaps")" "${missing%% *}"
finish
