#!/bin/sh
# A capture file forwarded to a target that answers late: each request arrives
# exactly once, and the mirror ends although analyzer ended long before it.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq

N=1500
PYTHONPATH="$TOP/tests/lib" python3 - "$TMP/in.pcap" $N <<'EOF'
import sys
from tcp_capture import A, F, P, S, packet, write

out = []
for i in range(int(sys.argv[2])):
    c, t = 10000 + i, i * 1000
    q = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i
    r = b"HTTP/1.1 204 No Content\r\n\r\n"
    out.append(packet(t, c, 80, 0, 0, S))
    out.append(packet(t + 1, 80, c, 0, 1, S | A))
    out.append(packet(t + 2, c, 80, 1, 1, P, q))
    out.append(packet(t + 3, 80, c, 1, 1 + len(q), P, r))
    out.append(packet(t + 4, c, 80, 1 + len(q), 1 + len(r), F))
    out.append(packet(t + 5, 80, c, 1 + len(r), 2 + len(q), F))
write(sys.argv[1], out)
EOF
python3 - "$TMP/port" "$TMP/seen" <<'EOF' &
import os, selectors, socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(4096)
open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
seen, out = [], open(sys.argv[2], "w", buffering=1)
sel = selectors.DefaultSelector()
sel.register(s, selectors.EVENT_READ)
late = time.time() + 3
while True:
    for k, _ in sel.select(0.1):
        if k.fileobj is s:
            c, _ = s.accept()
            sel.register(c, selectors.EVENT_READ)
            continue
        d = k.fileobj.recv(65536)
        if d:
            out.write(d.decode().split(" ", 2)[1] + "\n")
            seen.append(k.fileobj)
        else:
            sel.unregister(k.fileobj)
    while seen and time.time() > late:
        try:
            seen.pop().send(b"HTTP/1.1 204 No Content\r\n\r\n")
        except OSError:
            pass
EOF
at_exit "kill $!"
wait_for 10 test -s "$TMP/port" || not_ok "the target listens"
cat > "$TMP/conf" <<EOF
mirror "file" {
	observe port 80
	forward to 127.0.0.1 port $(cat "$TMP/port")
	forward { requests, timeout 20s }
}
EOF
timeout -k 5 60 "$BUILD/netmond" -f "$TMP/conf" -r "$TMP/in.pcap" -o json \
    > "$TMP/out" 2> "$TMP/err"
is "it ends" $? 0
is "each request arrives once" \
    "$(sort "$TMP/seen" | uniq | wc -l),$(wc -l < "$TMP/seen")" "$N,$N"
is "and is counted" "$(jq -r '.mirrors[0] |
    "\(.sent_requests) \(.dropped_bytes)"' "$TMP/out")" "$N 0"

# A record on standard output is a recording, with nothing behind it.
printf 'mirror "out" {\nobserve port 80\nrecord to "-" format gor\n}\n' \
    > "$TMP/conf"
"$BUILD/netmond" -f "$TMP/conf" -r "$TMP/in.pcap" > "$TMP/rec" 2> "$TMP/err"
is "a record goes to standard output" $? 0
"$BUILD/netmonctl" replay -n "$TMP/rec" > "$TMP/out" 2>&1
is "and nothing but it" \
    "$? $(sed -n 's/^requests *//p' "$TMP/out")" "0 $N"
like "the report does not get lost" "$(cat "$TMP/err")" '^capture .*complete'
finish
