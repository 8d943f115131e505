#!/bin/sh
# What a connection begins with was not captured, but acknowledged: the record
# has a line for it, whether or not the handshake was seen, and the request
# behind it goes to the record and to the target.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq

python3 - "$TMP" <<'EOF'
import struct, sys
S, A, P, F = 2, 0x10, 0x18, 0x11

def add(out, ts, sport, dport, seq, ack, flags, data=b""):
    src, dst = (b"\x0a\0\0\x01", b"\x0a\0\0\x02")[::1 if dport == 80 else -1]
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + data
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, src, dst)
    p = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp
    out.append(struct.pack("<IIII", 1700000000 + ts // 1000000, ts % 1000000, len(p), len(p)) + p)

lost, q = 100, b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
r = b"HTTP/1.1 204 No Content\r\n\r\n"
for name, syn in (("syn", True), ("mid", False)):
    out = [struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
    if syn:
        add(out, 0, 5000, 80, 0, 0, S)
        add(out, 1, 80, 5000, 0, 1, S | A)
    add(out, 2, 5000, 80, 1, 1, A)
    add(out, 3, 80, 5000, 1, 1 + lost, A)
    n = 1 + lost
    add(out, 2100000, 5000, 80, n, 1, P, q)
    # The gap is given up before anything is answered.
    add(out, 2300000, 5001, 80, 0, 0, S)
    add(out, 2500000, 80, 5000, 1, n + len(q), P, r)
    add(out, 2500001, 5000, 80, n + len(q), 1 + len(r), F)
    add(out, 2500002, 80, 5000, 1 + len(r), n + len(q) + 1, F)
    open(sys.argv[1] + "/" + name + ".pcap", "wb").write(b"".join(out))
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
