#!/bin/sh
# What a connection begins with was not captured, but acknowledged: the record
# has a line for it, whether or not the handshake was seen, and the request
# behind it goes to the record and to the target.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq

PYTHONPATH="$TOP/tests/lib" python3 - "$TMP" <<'EOF'
import sys
from tcp_capture import A, F, P, S, packet, write

lost, q = 100, b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
r = b"HTTP/1.1 204 No Content\r\n\r\n"
for name, syn in (("syn", True), ("mid", False)):
    out = []
    if syn:
        out.append(packet(0, 5000, 80, 0, 0, S))
        out.append(packet(1, 80, 5000, 0, 1, S | A))
    out.append(packet(2, 5000, 80, 1, 1, A))
    out.append(packet(3, 80, 5000, 1, 1 + lost, A))
    n = 1 + lost
    out.append(packet(2100000, 5000, 80, n, 1, P, q))
    # The gap is given up before anything is answered.
    out.append(packet(2300000, 5001, 80, 0, 0, S))
    out.append(packet(2500000, 80, 5000, 1, n + len(q), P, r))
    out.append(packet(2500001, 5000, 80, n + len(q), 1 + len(r), F))
    out.append(packet(2500002, 80, 5000, 1 + len(r), n + len(q) + 1, F))
    write(sys.argv[1] + "/" + name + ".pcap", out)
EOF
python3 - "$TMP/port" "$TMP/seen" <<'EOF' &
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    c = s.accept()[0]
    try:
        while d := c.recv(65536):
            open(sys.argv[2], "ab").write(d)
            c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    except OSError:
        pass
EOF
at_exit "kill $!"
wait_for 10 test -s "$TMP/port" || not_ok "the target listens"
for name in syn mid; do
	cat > "$TMP/conf" <<EOF
mirror "m" {
	observe port 80
	record to "$TMP/$name.rec" format raw
	forward to 127.0.0.1 port $(cat "$TMP/port")
}
EOF
	rm -f "$TMP/seen"
	timeout -k 5 60 "$BUILD/netmond" -f "$TMP/conf" -r "$TMP/$name.pcap" \
	    -o json > "$TMP/out" 2> "$TMP/err"
	is "$name: it ends" $? 0
	is "$name: what is missing has its line" "$(jq -r 'select(.direction ==
	    "to_observed") | "\(.reason) \(.offset) \(.length)"' \
	    "$TMP/$name.rec.gaps")" "lost 0 100"
	is "$name: what is behind it is recorded" \
	    "$(grep -a -c '^GET /second' "$TMP/$name.rec")" 1
	is "$name: and forwarded" "$(grep -a -c '^GET /second' "$TMP/seen")" 1
	is "$name: the report has it" "$(jq -r '.mirrors[0].gaps' "$TMP/out")" 1
done
finish
