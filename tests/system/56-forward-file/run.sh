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

# Whole messages: of what has a gap, breaks, is too large or has no end nothing
# arrives, and the target's connection goes on behind it.
PYTHONPATH="$TOP/tests/lib" python3 - "$TMP/whole.pcap" <<'EOF'
import sys
from tcp_capture import A, F, P, S, packet, write

out = []
class Connection:
    def __init__(self, port):
        self.p, self.q, self.r = port, 1, 1
        out.append(packet(len(out), port, 80, 0, 0, S))
        out.append(packet(len(out), 80, port, 0, 1, S | A))
    def ask(self, data, flags=P):
        for at in range(0, len(data), 1400):
            d = data[at:at + 1400]
            out.append(packet(len(out), self.p, 80, self.q, self.r, flags, d))
            self.q += len(d)
    def lose(self, n):
        self.q += n
    def answer(self, n):
        d = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" * n
        out.append(packet(len(out), 80, self.p, self.r, self.q, P, d))
        self.r += len(d)
        out.append(packet(len(out), self.p, 80, self.q, self.r, A))
    def end(self):
        out.append(packet(len(out), self.p, 80, self.q, self.r, F))
        out.append(packet(len(out), 80, self.p, self.r, self.q + 1, F))
def get(path):
    return b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path
def put(path, n):
    return b"PUT %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (
        path, n)
def chunked(path, rest):
    return b"PUT %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" \
        b"\r\n3\r\nabc\r\n%s" % (path, rest)

c = Connection(20001)
c.ask(get(b"/a"))
c.answer(1)
c.ask(put(b"/gap", 3000) + b"x" * 1000)
c.lose(1000)
c.ask(b"y" * 1000 + get(b"/behind"))
c.answer(2)
c.ask(get(b"/no/rule") + put(b"/whole", 5000) + (get(b"/1") * 200)[:5000])
c.answer(2)
c.ask(put(b"/cut", 1000) + b"x" * 500)
c.end()
c = Connection(20002)
c.ask(put(b"/large", 100000) + b"x" * 100000 + get(b"/b"))
c.answer(2)
c.ask(chunked(b"/chunked", b"0\r\nX: y\r\n\r\n"))
c.answer(1)
c.ask(chunked(b"/lax", b"0;x\n\n"))
c.answer(1)
c.ask(chunked(b"/broken", b"none\r\n") + get(b"/smuggled"))
c.answer(1)
c.end()
write(sys.argv[1], out)
EOF
python3 - "$TMP/port.2" "$TMP/whole" <<'EOF' &
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
out = open(sys.argv[2], "w", buffering=1)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def setup(self):
        super().setup()
        self.asked = []
    def answer(self):
        n = int(self.headers.get("Content-Length", 0))
        if self.headers.get("Transfer-Encoding"):
            while (line := self.rfile.readline().strip()) != b"0":
                n += len(self.rfile.read(int(line, 16) + 2)) - 2
            while self.rfile.readline().strip():
                n += 1000       # a line of the trailer
        else:
            n = len(self.rfile.read(n))
        self.asked.append("%s %s %d" % (self.headers["X-Mirror"], self.path,
            n))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    do_GET = do_PUT = answer
    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass
        out.write(", ".join(self.asked) + "\n")
    def log_message(self, *args):
        pass
s = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
open(sys.argv[1] + ".new", "w").write(str(s.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
s.serve_forever()
EOF
at_exit "kill $!"
wait_for 10 test -s "$TMP/port.2" || not_ok "the second target listens"
cat > "$TMP/conf" <<EOF
mirror "whole" {
	observe port 80
	forward to 127.0.0.1 port $(cat "$TMP/port.2")
	forward { requests, queue 64K, timeout 20s }
	forward messages
	forward ignore path "/no/*"
	forward set header "X-Mirror" "1"
}
EOF
timeout -k 5 60 "$BUILD/netmond" -f "$TMP/conf" -r "$TMP/whole.pcap" -o json \
    > "$TMP/out" 2> "$TMP/err"
is "whole messages: it ends" $? 0
has_two() { [ "$(wc -l < "$TMP/whole")" -ge 2 ]; }
wait_for 10 has_two
is "whole messages: they arrive, each connection as one" \
    "$(sort "$TMP/whole")" "1 /a 0, 1 /behind 0, 1 /whole 5000
1 /b 0, 1 /chunked 1003"
row() { jq -r ".mirrors[0] | \"$1\"" "$TMP/out"; }
is "whole messages: what is not sent is counted by its reason" \
    "$(jq -r '[.mirrors[0].reasons[] | select(.reason |
    startswith("requests-")) | "\(.reason) \(.count)"] | sort |
    join(", ")' "$TMP/out")" \
    "requests-broken 1, requests-cut 1, requests-gap 1, requests-large 1"
is "whole messages: or as rules count it" \
    "$(row '\(.sent_requests) \(.ignored_requests) \(.unjudged_requests)')" \
    "5 1 2"
finish
