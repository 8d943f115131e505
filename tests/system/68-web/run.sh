#!/bin/sh
# netmonweb: pages, JSON and metrics say what netmonctl says; who may not look
# sees nothing; a lost netmond, slow clients and hijacked halves harm nobody.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab curl jq ip python3

HIST=$TMP/run/history
PORT=9470
WEB=
# web ARGS: netmonweb beside the daemon
web() {
	ip netns exec $NSB "$BUILD/netmonweb" -u $TEST_USER -g $TEST_GROUP \
	    -s "$SOCK" -f "$HIST" "$@" > "$TMP/web.log" 2>&1 &
	WEB=$!
	at_exit "kill $WEB 2> /dev/null"
}
server() { pgrep -P "$WEB"; }
listens() { inb curl -so /dev/null "http://127.0.0.1:$PORT/"; }
# status TARGET [curl's words]: of what the machine itself is told
status() {
	target=$1
	shift
	inb curl -gso "$TMP/page" -w '%{http_code}' "$@" \
	    "http://127.0.0.1:$PORT$target"
}
get() { inb curl -gs "http://127.0.0.1:$PORT$1"; }

net_up
nginx_up
conf 'window 1s' 'interface "vb"' \
    'alert "busy" when requests >= 5 over 60s' \
    "log history \"$HIST\" { every 1s }"
WRAP="ip netns exec $NSB"

# ---- before there is a daemon ----

"$BUILD/netmonweb" -l 0.0.0.0:$PORT > "$TMP/out" 2>&1
is "listening for all without saying who may look" $? 64
like "is refused with what to do" "$(cat "$TMP/out")" '-l 0.0.0.0:.* say with -a'
"$BUILD/netmonweb" -l nowhere > "$TMP/out" 2>&1
is "no address: exit status" $? 64
(cd "$TMP/run" && timeout 5 "$BUILD/netmonweb" -f history) > "$TMP/out" 2>&1
is "a folder that / has not: exit status" $? 64
like "is told of" "$(cat "$TMP/out")" 'netmonweb: -f history: must be a path'
(cd "$TMP/run" && timeout 5 "$BUILD/netmonweb" -s control.sock) > "$TMP/out" 2>&1
is "nor may the socket be there: exit status" $? 64
for n in fw1.example:9470 http://fw1 fw1. ""; do
	"$BUILD/netmonweb" -n "$n" -V > "$TMP/out" 2>&1
	is "a name that no request has, \"$n\": exit status" $? 64
done
like "is told of" "$(cat "$TMP/out")" 'netmonweb: -n : must be a name'
web -l 127.0.0.1:$PORT -l 10.77.0.2:$PORT -a 127.0.0.0/8 -a 10.77.0.1
wait_for 5 listens || { not_ok "it does not listen" "$(cat "$TMP/web.log")"; finish; }
is "without netmond a page says so" "$(status /hosts)" 503
like "in words" "$(cat "$TMP/page")" 'is netmond running'
like "and loads itself again" "$(cat "$TMP/page")" 'http-equiv="refresh"'
is "metrics, too" "$(status /metrics)" 503

# ---- pages ----

start
ina ab -q -n 300 -H 'Host: shop.example' http://10.77.0.2/index.html > /dev/null 2>&1
ina curl -s -H 'Host: <script>alert(1)</script>' 'http://10.77.0.2/"><b>' > /dev/null
has_all() { [ "$(get '/json/hosts?window=total' | jq '[.hosts[].requests] | add')" = 301 ]; }
wait_for 10 has_all && ok "the daemon that came is found" || not_ok "the daemon that came is found"
# Rates and times change while one looks; counts do not.
counts() { jq -c '[.. | objects | select(has("requests") or has("count")) |
    [.host, .section, .status, .requests, .responses, .count]]'; }
for s in 'hosts?window=total:hosts window total' 'sections?window=total:sections window total' \
    'host/shop.example?window=total:host shop.example window total' \
    'status?window=total:status window total'; do
	is "JSON of /${s%%:*}" "$(get "/json/${s%%:*}" | counts)" \
	    "$(ctl -j show ${s#*:} | counts)"
done
is "CSV of hosts" "$(get '/csv/hosts?window=total' | sed -n '1s/,req.*//p; 3p' | cut -d, -f1-5)" \
    "kind,of,host,hits
host,\"\",\"<script>alert(1)</script>\",2,1"
is "JSON has its schema" "$(get /json/talkers | jq -r .schema)" netmond.talkers/1
for s in / /alerts /why /hosts /sections /methods /status /errors /clients \
    /talkers /names /flows /transactions /interfaces /capture /rules /mirrors \
    /memory /processes /tally /version /report /host/shop.example; do
	is "page $s" "$(status $s)" 200
done
get '/hosts?window=total' > "$TMP/page"
is "a name from outside is no markup" "$(grep -c '<script' "$TMP/page")" 0
like "but shown" "$(cat "$TMP/page")" '&lt;script&gt;'
like "hosts lead to their page" "$(cat "$TMP/page")" '<a href="/host/shop.example">'
like "what fires is in the title" "$(get /)" '<title>1 firing: summary'
like "and when it fired is told" "$(get / | tr -d '\n' |
    sed 's/.*what alerts told//')" '<td>fired</td><td>busy</td>'
inb curl -sD - -o /dev/null "http://127.0.0.1:$PORT/" > "$TMP/head"
for h in "Content-Security-Policy: default-src 'none'" 'Cache-Control: no-store' \
    'X-Content-Type-Options: nosniff'; do
	like "says $h" "$(cat "$TMP/head")" "$h"
done
is "HEAD has the length and no content" "$(inb curl -sI "http://127.0.0.1:$PORT/version" |
    grep -c '^Content-Length: [1-9]')" 1

# ---- what is past ----

time_of() {
	"$BUILD/netmonctl" -j show history since 1h by 1s in "$HIST" |
	    jq -r '[.periods[] | select(.requests > 0).time][-1] |
	    .[0:19] + "Z" | fromdate + 1 | todate'
}
kept() { case $(time_of) in 2*) ;; *) false ;; esac; }
wait_for 10 kept
# The first one began with the daemon, and may be shorter than a second.
first=$(time_of)
sleep 1
ina curl -s -H 'Host: shop.example' http://10.77.0.2/ > /dev/null
later() { kept && [ "$(time_of)" != "$first" ]; }
wait_for 10 later
is "page /history" "$(status /history)" 200
like "a time that is past" "$(get "/hosts?at=$(time_of)")" 'shop.example'
like "its page stays" "$(get "/hosts?at=$(time_of)" | grep -c refresh)" '^0$'
is "no time: status" "$(status '/hosts?at=soon')" 400
cat > "$TMP/raw.py" <<'EOT'
# raw.py PORT N: the last character of what is said to a word of N letters and
# 900 characters of two bytes
import json, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
word = "x" * int(sys.argv[2]) + "\u00e9" * 900
s.sendall(b"GET /json/alerts/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % word.encode())
said = s.makefile("rb").read().split(b"\r\n\r\n")[1]
print(ascii(json.loads(said)["error"][-1]))
EOT
for n in 0 1; do
	is "a line ends with a whole character, $n" \
	    "$(inb python3 "$TMP/raw.py" $PORT $n)" "'\\xe9'"
done
is "another file than the history" "$(status '/hosts?at=1m&in=/etc/passwd')" 400

# ---- metrics ----

names() { sed -n 's/^# TYPE \([a-z_0-9]*\) .*/\1/p' | sort; }
is "metrics are those of netmonctl" "$(get /metrics | names)" \
    "$(ctl show metrics prometheus | names)"
is "OpenMetrics, for who wants it" "$(inb curl -s -H \
    'Accept: application/openmetrics-text;version=1.0.0' \
    "http://127.0.0.1:$PORT/metrics" | tail -1)" '# EOF'

# ---- who may look ----

is "a name of a stranger's that leads here" "$(status / -H 'Host: evil.example')" 403
is "this machine's own name" "$(status / -H "Host: $(uname -n):$PORT")" 200
is "nothing is changed" "$(status /hosts -X POST -d x=y)" 405
is "the configuration is not shown" "$(status /config)" 404
is "a path out of it" "$(status /../../etc/passwd --path-as-is)" 404
is "too long a target" "$(status "/$(printf '%2100s' '' | tr ' ' a)")" 414
is "too long a head" "$(status / -H "X: $(printf '%9000s' '' | tr ' ' a)")" 431
is "an address that may" "$(ina curl -so /dev/null -w '%{http_code}' \
    http://10.77.0.2:$PORT/)" 200
ip -n $NSA addr add 10.77.0.9/24 dev va
is "one that may not is told nothing" "$(ina curl -s --interface 10.77.0.9 \
    -o /dev/null -w '%{http_code}' http://10.77.0.2:$PORT/)" 000
like "but the log is" "$(cat "$TMP/web.log")" 'refused a connection from 10.77.0.9'

# ---- slow ones: from one address not all can be taken ----

cat > "$TMP/slow.py" <<'EOT'
# slow.py N ADDRESS PORT: N connections that say half a request, until one line
# of input; then how many of them have an answer or the end
import select, socket, sys
n, at = int(sys.argv[1]), (sys.argv[2], int(sys.argv[3]))
socks = []
for i in range(n):
    s = socket.create_connection(at)
    s.send(b"GET / HTTP/1.1\r\nHo")
    socks.append(s)
print("ready", flush=True)
sys.stdin.readline()
print(len(select.select(socks, [], [], 0.5)[0]))
EOT
mkfifo "$TMP/go"
ip netns exec $NSA python3 "$TMP/slow.py" 40 10.77.0.2 $PORT < "$TMP/go" > "$TMP/slow.out" 2>&1 &
SLOW=$!
exec 9> "$TMP/go"
is_ready() { grep -q ready "$TMP/slow.out"; }
wait_for 10 is_ready
is "others are served beside slow ones" "$(status /version)" 200
echo >&9
exec 9>&-
wait $SLOW
at_least "which are closed beyond their share" "$(tail -1 "$TMP/slow.out")" 24
like "and told of" "$(cat "$TMP/web.log")" 'has as many as one may have'

# ---- lost ones ----

was=$WEB
stop
is "a daemon that went" "$(status /hosts)" 503
start
is "one that came back" "$(status /hosts)" 200
is "netmonweb is the same" "$(server > /dev/null && echo "$WEB")" "$was"
kill -9 "$(server)"
wait "$WEB"
is "one of its processes is lost: exit status" $? 1
web -l 127.0.0.1:$PORT
wait_for 5 listens
half=$(server)
kill -9 "$WEB"
wait "$WEB" 2> /dev/null
gone() { [ ! -e "/proc/$half/exe" ]; }
wait_for 5 gone && ok "neither half lives without the other" || not_ok "half lives alone"

# ---- more than a page may have ----

cat > "$TMP/long.py" <<'EOT'
# long.py SOCK: a daemon that shows 9 MB of quotes, whatever is asked for
import os, socket, struct, sys
def frame(type, request, body=b""):
    return struct.pack("=IHHII", len(body), type, 0, request, 0) + body
def text(b):
    return struct.pack("=I", len(b)) + b
method = b"\6\0" + text(b'"' * 8000) + struct.pack("=QQ", 1, 0)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
s.listen()
c = s.accept()[0]
while b := c.recv(200000):
    type, request = struct.unpack_from("=H2xI", b, 4)
    if type == 0x101:
        c.sendall(frame(0x101, 0, struct.pack("=3I3Q", 1, 0, 0, 0, 0, 0) + text(b"")))
        continue
    for i in range(70 if type == 0x501 else 0):
        c.sendall(frame(0x581, request, method * 16))
    c.sendall(frame(0x582, request))
EOT
python3 "$TMP/long.py" "$TMP/run/long.sock" 2> "$TMP/long.log" &
at_exit "kill $! 2> /dev/null"
wait_for 5 test -S "$TMP/run/long.sock"
web -l 127.0.0.1:$PORT -s "$TMP/run/long.sock"
wait_for 5 listens
is "a page that is too long" "$(status /methods)" 500
like "says so and what to do" "$(cat "$TMP/page")" 'longer than 32 MiB: ask for less'
like "and does not load itself again" "$(grep -c refresh "$TMP/page")" '^0$'
is "what is shorter as CSV is shown" "$(status /csv/methods)" 200
kill "$WEB"
wait "$WEB" 2> /dev/null

# ---- what its starter left behind ----

mkfifo "$TMP/full"
exec 8<> "$TMP/full"
dd if=/dev/zero of="$TMP/full" oflag=nonblock bs=4096 count=1000 2> /dev/null
ip netns exec $NSB "$BUILD/netmonweb" -u $TEST_USER -g $TEST_GROUP \
    -s "$TMP/run/none.sock" -f "$TMP/later/history" -l 127.0.0.1:$PORT \
    -a 127.0.0.1 2>&8 &
WEB=$!
at_exit "kill $WEB 2> /dev/null"
bound() { inb ss -ltn | grep -q "127.0.0.1:$PORT "; }
wait_for 5 bound
is "a log that nobody reads stops no answer" "$(status /hosts -m 5)" 503
inb curl -so /dev/null -m 2 --interface 127.0.0.2 "http://127.0.0.1:$PORT/"
is "nor does a stranger's line" "$(status /hosts -m 5)" 503
half=$(server)
is "a descriptor that was open is not kept" \
    "$(ls "/proc/$WEB/fd" "/proc/$half/fd" | grep -cx 8)" 0
kill "$WEB"
wait "$WEB" 2> /dev/null
exec 8>&-
wait_for 5 gone
# As the server of the one before may still have it, for a moment.
inb python3 -c "import socket, time
s = socket.create_server(('127.0.0.1', $PORT))
time.sleep(0.5)" &
HOLDER=$!
wait_for 5 bound
web -l 127.0.0.1:$PORT -f "$TMP/later/history"
wait "$HOLDER"
wait_for 5 listens && ok "an address that is free in a moment" ||
    not_ok "an address that is free in a moment" "$(cat "$TMP/web.log")"
like "a folder that is not there yet" "$(cat "$TMP/web.log")" \
    "/later: to show what is past"
kill "$WEB"
wait "$WEB" 2> /dev/null

# ---- hijacked ones ----

if [ "${SAN:-0}" = 1 ]; then
	skip "hijacked halves: the jail of a SAN build differs"
elif [ -n "${CORPUS:-}" ] && [ -f "$CORPUS/tools/jailmatrix.py" ] &&
    ${CC:-gcc} -O1 -o "$TMP/sysinject" "$CORPUS/tools/sysinject.c" 2> /dev/null; then
	# The policy's analyzer may do nothing but speak on what it has.
	cat > "$TMP/half.sh" <<EOT
half() { pgrep -f "netmonweb.* -s $SOCK " | while read -r p; do
	[ "\$(pgrep -f "netmonweb.* -s $SOCK " | grep -cx "\$(ps -o ppid= -p "\$p" | tr -d ' ')")" = 1 ] && echo "\$p"; done; }
if [ -z "\$(half)" ]; then
	ip netns exec $NSB "$BUILD/netmonweb" -u $TEST_USER -g $TEST_GROUP -l 127.0.0.1:$PORT -s $SOCK -f $HIST > /dev/null 2>&1 &
	for i in 1 2 3 4 5 6 7 8 9 10; do
		ip netns exec $NSB curl -so /dev/null http://127.0.0.1:$PORT/version && break
		sleep 0.1
	done
fi
half
EOT
	python3 "$CORPUS/tools/jailmatrix.py" --sysinject "$TMP/sysinject" \
	    --wait 10 --policy "$CORPUS/tools/jail-policy.json" \
	    --role "analyzer=sh $TMP/half.sh" > "$TMP/matrix" 2>&1
	is "no call of its server succeeds that an analyzer may not make" "$?" 0
	[ "$(grep -c '^VIOLATION' "$TMP/matrix")" = 0 ] || cat "$TMP/matrix"
	pkill -f "netmonweb.* -s $SOCK "
else
	skip "hijacked halves: needs CORPUS with its tools"
fi
finish
