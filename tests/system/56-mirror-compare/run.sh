#!/bin/sh
# forward compare: a service and its shadow, both nginx, that answer alike but
# for some paths. What is told of each path is known to the last request.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx curl jq ip python3

net_up
mkdir -p "$TMP/www/same" "$TMP/www/chunked"
head -c 5000 /dev/zero | tr '\0' x > "$TMP/www/same/page.txt"
cp "$TMP/www/same/page.txt" "$TMP/www/chunked/page.txt"

# two NAME LISTEN UPSTREAM LOCATIONS: an nginx
two() {
	mkdir -p "$TMP/$1"
	cat > "$TMP/$1.conf" <<EOT
pid $TMP/$1.pid;
error_log $TMP/$1-error.log crit;
worker_processes 1;
user root;
events { worker_connections 1024; }
http {
	log_format t '\$status \$request_uri';
	access_log $TMP/$1.log t;
	client_body_temp_path $TMP/$1;
	proxy_temp_path $TMP/$1;
	fastcgi_temp_path $TMP/$1;
	uwsgi_temp_path $TMP/$1;
	scgi_temp_path $TMP/$1;
	types { text/plain txt; }
	server {
		listen $2;
		root $TMP/www;
		location /post { return 200 posted; }
		location /up {
			proxy_http_version 1.1;
			proxy_set_header Upgrade \$http_upgrade;
			proxy_set_header Connection upgrade;
			proxy_pass http://127.0.0.1:$3;
		}
		$4
	}
}
EOT
	inb nginx -c "$TMP/$1.conf" || { not_ok "nginx starts"; finish; }
	at_exit "kill \$(cat $TMP/$1.pid)"
}

# Behind both: one that upgrades, and takes its time to say anything else.
cat > "$TMP/up.py" <<'EOT'
import socketserver, sys, time
class One(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split(b" ")[1]
        head = {}
        while (line := self.rfile.readline().strip()):
            k, v = line.split(b":", 1)
            head[k.lower()] = v.strip()
        if head.get(b"upgrade") == b"x" and path == b"/up/yes":
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\n"
                b"Upgrade: x\r\nConnection: upgrade\r\n\r\n")
            self.wfile.write(b"HTTP/1.1 not at all\r\n" + self.rfile.readline())
            return
        time.sleep(float(sys.argv[2]))
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
            b"Connection: close\r\n\r\nslow")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(sys.argv[1])), One).serve_forever()
EOT
inb python3 "$TMP/up.py" 18100 0 &
at_exit "kill $!"
inb python3 "$TMP/up.py" 18101 0.3 &
at_exit "kill $!"
two service 10.77.0.2:80 18100 '
	location /status { return 200 fine; }
	location /gone { return 200 fine; }
	location /length { return 200 12345; }
	location /no { return 204; }'
two shadow 127.0.0.1:18090 18101 '
	location /status { return 503 oops; }
	location /gone { return 444; }
	location /length { return 200 123456; }
	location /no { return 204; }
	location /chunked { ssi on; ssi_types text/plain; }'

config() {
	conf 'interface "vb"' 'mirror "shadow" {' 'observe port 80' \
	    'forward to 127.0.0.1 port 18090' 'forward compare' "$@" '}'
}
config
WRAP="ip netns exec $NSB"
start

# say PATHS...: over one connection, all at once or (-w) one after the other
cat > "$TMP/say.py" <<'EOT'
import http.client, socket, sys
def answer(s, method):
    r = http.client.HTTPResponse(s, method=method)
    r.begin()
    return r, r.read()
args = sys.argv[1:]
wait = args[0] == "-w"
words = [a.split(" ") for a in args[wait:]]
s = socket.create_connection(("10.77.0.2", 80))
def head(w):
    more = "".join(x + "\r\n" for x in w[2:])
    return ("%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (w[0], w[1], more)).encode()
class Keep:                     # HTTPResponse would close the socket
    def __init__(self): self.f = s.makefile("rb")
    def makefile(self, mode): return self
    def close(self): pass
    def flush(self): pass
    def __getattr__(self, name): return getattr(self.f, name)
k = Keep()
if not wait:
    s.sendall(b"".join(head(w) for w in words))
for w in words:
    if wait:
        s.sendall(head(w))
    r, body = answer(k, w[0])
    print(r.status, len(body))
EOT
say() { ina timeout 30 python3 "$TMP/say.py" "$@"; }

row() { json ".mirrors[0].$1" show mirror shadow; }
ALL='.mirrors[0] | "\(.sent_requests) \(.compared) \(.same) \(.status_differs) \(.length_differs) \(.not_compared)"'
over() {
	[ "$(json '.mirrors[0] | .compared + .not_compared' \
	    show mirror shadow)" = "$1" ] && [ "$(row sent_requests)" = "$1" ]
}
# section NAME: compared same status length not-compared
section() {
	json ".mirrors[0].compared_sections[] | select(.section == \"$1\") |
	    \"\(.compared) \(.same) \(.status_differs) \(.length_differs) \(.not_compared)\"" \
	    show mirror shadow
}
reasons() {
	json '[.mirrors[0].reasons[] | select(.reason | startswith("compare-")) |
	    "\(.reason) \(.count)"] | join(" ")' show mirror shadow
}

# ---- pipelined and one by one, with bodies and without ----
PAGE=/same/page.txt
tag=$(ina curl -sI "http://10.77.0.2$PAGE" | tr -d '\r' |
    sed -n 's/^ETag: //p')
wait_for 10 over 1	# that one
say "GET $PAGE" "HEAD $PAGE" "GET $PAGE If-None-Match:$tag" "GET /no/1" \
    "GET /same/none" "GET /chunked/page.txt?q=1" "HEAD /chunked/page.txt" \
    > "$TMP/said"
say -w "GET $PAGE" "HEAD $PAGE" "GET $PAGE If-None-Match:$tag" "GET /no/1" \
    "GET /same/none" "GET /chunked/page.txt" "HEAD /chunked/page.txt" \
    >> "$TMP/said"
is "the service answers" "$(cut -d' ' -f1 "$TMP/said" | xargs)" \
    "200 200 304 204 404 200 200 200 200 304 204 404 200 200"
ina curl -s -o "$TMP/out" -H 'Transfer-Encoding: chunked' -H 'Expect:' -d a=1 \
    http://10.77.0.2/post
wait_for 10 over 16
is "alike is alike, whatever carries it" "$(json "$ALL" show mirror shadow)" \
    "16 16 16 0 0 0"
is "by the first folder" "$(section /same) / $(section /chunked) / $(section \
    /no) / $(section /post)" "9 9 0 0 0 / 4 4 0 0 0 / 2 2 0 0 0 / 1 1 0 0 0"

# ---- what differs, among what does not ----
say "GET /status/1?secret=1" "GET $PAGE" "GET /length/1" "GET $PAGE" \
    "GET /status/2" > "$TMP/said"
say -w "GET /length/2" "HEAD /length/3" "GET /status/3" \
    >> "$TMP/said"
wait_for 10 over 24
is "what differs is told, and of whom" "$(json "$ALL" show mirror shadow)" \
    "24 24 19 3 2 0"
is "and where" "$(section /status) / $(section /length)" \
    "3 0 3 0 0 / 3 1 0 2 0"
is "the last one is there" "$(json '.mirrors[0].differences[0] |
    "\(.method) \(.path) \(.status) \(.target_status) \(.body_bytes) \(.target_body_bytes)"' \
    show mirror shadow)" "GET /status/3 200 503 4 4"
is "in all five, without a query" \
    "$(json '[.mirrors[0].differences[].path] | sort | join(" ")' \
    show mirror shadow)" "/length/1 /length/2 /status/1 /status/2 /status/3"
like "and for people" "$(ctl show mirror shadow)" \
    'GET +/status/3 +200 +503 +4 B +4 B'

# ---- slow, switched, refused, ambiguous ----
say -w "GET /up/slow" "GET /up/slow" > "$TMP/said"
wait_for 10 over 26
is "what takes much longer is slower" "$(section /up) $(json \
    '.mirrors[0].compared_sections[] | select(.section == "/up") | .slower' \
    show mirror shadow)" "2 2 0 0 0 2"
say "GET /up/yes Upgrade:x Connection:upgrade" > "$TMP/said"
say "CONNECT a:443" > "$TMP/said"
wait_for 10 over 28
is "an upgrade is an answer, and so is a refused tunnel" \
    "$(section /up) / $(section '(connect)')" "3 3 0 0 0 / 1 1 0 0 0"
is "so far all was compared" "$(reasons)" ""
# The service answers three, the shadow none of the last two.
say "GET $PAGE" "GET /gone/1" "GET $PAGE" > "$TMP/said"
wait_for 10 over 31
is "what the shadow does not answer is not compared" \
    "$(section /gone) $(reasons)" "0 0 0 0 1 compare-target-lost 2"
say "GET $PAGE Content-Length:0 Transfer-Encoding:chunked" > "$TMP/said"
wait_for 10 over 32
is "nor what others may read differently" "$(reasons)" \
    "compare-ambiguous 1 compare-target-lost 2"
is "each request has its place" "$(json "$ALL" show mirror shadow)" \
    "32 29 24 3 2 3"
like "metrics have it" "$(ctl show metrics)" \
    'mirror_compared_answers_total\{mirror="shadow",result="status"\} 3'

# ---- a fresh process, and a reset ----
lose mirror
wait_for 5 over 32
is "a lost process takes no count with it" "$(json "$ALL" show mirror shadow)" \
    "32 29 24 3 2 3"
ctl reset counters
is "a reset does" "$(json "$ALL" show mirror shadow) $(reasons)" "0 0 0 0 0 0 "
say "GET /status/4" > "$TMP/said"
wait_for 5 over 1
is "and all goes on" "$(json "$ALL" show mirror shadow)" "1 1 0 1 0 0"
# ---- with rules: who is not asked has nothing to be compared ----
config 'forward ignore path "/left/*"'
ctl reload > "$TMP/said"
say "GET /left/out" "GET /status/5" "GET /left/out" > "$TMP/said"
wait_for 5 over 1
is "what rules leave out is not compared" "$(json "$ALL" show mirror shadow) \
$(row ignored_requests)" "1 1 0 1 0 0 2"
stop
is "it ends in order" $status 0

# ---- with losses: pages of many lengths, and none is taken for another ----
i=1
while [ $i -le 200 ]; do
	head -c $((i * 37)) /dev/zero | tr '\0' x > "$TMP/www/same/$i.txt"
	i=$((i + 1))
done
cat > "$TMP/many.py" <<'EOT'
import random, subprocess, sys
random.seed(int(sys.argv[1]))
for i in range(60):
    line = []
    for j in range(random.randrange(1, 25)):
        what = random.choice(("GET", "GET", "HEAD"))
        line.append("%s /same/%d.txt" % (what, random.randrange(1, 201)))
    wait = random.choice(([], ["-w"]))
    subprocess.run([sys.executable, sys.argv[2]] + wait + line,
        stdout=subprocess.DEVNULL)
EOT
config
cat >> "$TMP/netmond.conf" <<'EOT'
mirror "whole" {
	observe port 80
	forward to 127.0.0.1 port 18090
	forward compare, forward messages
}
filter "ip[4:2] & 0x1f != 3"
EOT
start
ina timeout 120 python3 "$TMP/many.py" 7 "$TMP/say.py"
many() { [ "$(row compared)" -ge 100 ]; }
wait_for 10 many
sleep 1
is "with losses nothing is paired by a guess" \
    "$(json '.mirrors[0] | "\(.status_differs) \(.length_differs)"' \
    show mirror shadow)" "0 0"
at_least "and what was seen is compared" "$(row compared)" 100
at_least "what was not is counted" "$(row not_compared)" 1
is "nor is it where whole messages are forwarded" \
    "$(json '.mirrors[0] | "\(.status_differs) \(.length_differs)"' \
    show mirror whole)" "0 0"
at_least "which are compared, too" \
    "$(json '.mirrors[0].compared' show mirror whole)" 100
stop

# ---- from a file: what is not known of the service is not compared ----
PYTHONPATH="$TOP/tests/lib" python3 - "$TMP/in.pcap" <<'EOT'
import sys
from tcp_capture import A, F, P, S, packet, write

OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
out, t, port = [], 0, 10000

def connection(path, pieces, end):
    """pieces: of the answer; None: 4 bytes that nobody saw"""
    global t, port
    c, q = port, b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % path
    port += 1
    def put(*a):
        global t
        out.append(packet(t, *a))
        t += 1000
    put(c, 80, 0, 0, S)
    put(80, c, 0, 1, S | A)
    put(c, 80, 1, 1, P, q)
    at = 1
    for p in pieces:
        if p is not None:
            put(80, c, at, 1 + len(q), P, p)
        at += 4 if p is None else len(p)
        put(c, 80, 1 + len(q), at, A)
    put(80, c, at, 1 + len(q), end)
    put(c, 80, 1 + len(q), at + 1, F)
    put(80, c, at + 1, 2 + len(q), A)

connection(b"whole", [OK % 2 + b"hi"], F)
connection(b"torn", [OK % 12 + b"abcd", None, b"efgh"], F)
connection(b"cut", [OK % 12 + b"abcd"], F)
connection(b"none", [], F)
connection(b"again", [OK % 2 + b"hi"], F)
write(sys.argv[1], out)
EOT
inb python3 "$TOP/tests/lib/shadow.py" good 127.0.0.1:18095 "$TMP/target" &
at_exit "kill $!"
wait_for 5 grep -q listening "$TMP/target"
printf '%s\n' 'mirror "file" {' 'observe port 80' \
    'forward to 127.0.0.1 port 18095' 'forward compare' '}' > "$TMP/conf"
inb timeout -k 5 60 "$BUILD/netmond" -f "$TMP/conf" -r "$TMP/in.pcap" -o json \
    > "$TMP/out" 2> "$TMP/err"
# The report does not wait for the target, but for what is not in the file.
is "of a file, too" "$(jq -r '.mirrors[0] |
    "\(.sent_requests) \(.not_compared)"' "$TMP/out") $(jq -r '[.mirrors[0].reasons[] |
    select(.reason | startswith("compare-")) | "\(.reason) \(.count)"] |
    join(" ")' "$TMP/out")" \
    "5 3 compare-service-unseen 1 compare-service-gap 1 compare-service-cut 1"
finish
