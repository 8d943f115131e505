#!/bin/sh
# A capture file forwarded to a target that answers late: each request arrives
# exactly once, and the mirror ends although analyzer ended long before it.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq

N=1500
python3 - "$TMP/in.pcap" $N <<'EOF'
import struct, sys
S, A, P, F = 2, 0x10, 0x18, 0x11

def add(out, ts, sport, dport, seq, ack, flags, data=b""):
    src, dst = (b"\x0a\0\0\x01", b"\x0a\0\0\x02")[::1 if dport == 80 else -1]
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + data
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, src, dst)
    p = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp
    out.append(struct.pack("<IIII", 1700000000 + ts // 1000000, ts % 1000000, len(p), len(p)) + p)

out = [struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
for i in range(int(sys.argv[2])):
    c, t = 10000 + i, i * 1000
    q = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i
    r = b"HTTP/1.1 204 No Content\r\n\r\n"
    add(out, t, c, 80, 0, 0, S)
    add(out, t + 1, 80, c, 0, 1, S | A)
    add(out, t + 2, c, 80, 1, 1, P, q)
    add(out, t + 3, 80, c, 1, 1 + len(q), P, r)
    add(out, t + 4, c, 80, 1 + len(q), 1 + len(r), F)
    add(out, t + 5, 80, c, 1 + len(r), 2 + len(q), F)
open(sys.argv[1], "wb").write(b"".join(out))
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
