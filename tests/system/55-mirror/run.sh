#!/bin/sh
# The example of etc/examples/mirror-8090.conf with real servers: shadow,
# recording, replay, a hook, a shadow that goes away, a mirror that is killed.
# MIRROR_KEPT=100000 MIRROR_NEW=50000 (make soak) is the full size.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab curl jq ip python3
: "${MIRROR_KEPT:=3000}" "${MIRROR_NEW:=2000}"
ALL=$((MIRROR_KEPT + MIRROR_NEW + 2))

LOGS=$TMP/logs
REC=$TMP/run/rec.log
mkdir -p "$LOGS" "$TMP/www" "$TMP/ngx"
echo hello > "$TMP/www/index.html"
chmod 755 "$TMP/www" "$LOGS"
cat > "$TMP/ngx.conf" <<EOT
pid $TMP/ngx.pid;
error_log $TMP/ngx-error.log crit;
worker_processes 1;
user root;
daemon on;
events { worker_connections 4096; }
http {
	log_format t '\$request_method \$request_uri \$http_x_mirror \$http_authorization \$request_length';
	client_body_temp_path $TMP/ngx;
	proxy_temp_path $TMP/ngx;
	fastcgi_temp_path $TMP/ngx;
	uwsgi_temp_path $TMP/ngx;
	scgi_temp_path $TMP/ngx;
	root $TMP/www;
	keepalive_requests 1000000;
	server { listen 10.77.0.2:8090 backlog=4096; location = /two { return 200 ok; } access_log $LOGS/service t; }
	server { listen 127.0.0.1:18090 backlog=4096; location = /two { return 200 ok; } access_log $LOGS/shadow t; }
	server { listen 127.0.0.1:28090 backlog=4096; location = /two { return 200 ok; } access_log $LOGS/third t; }
}
EOT
net_up
inb nginx -c "$TMP/ngx.conf" || { not_ok "nginx starts"; finish; }
at_exit "kill \$(cat $TMP/ngx.pid)"

count() { wc -l < "$LOGS/$1" | tr -d ' '; }
same_count() { [ "$(count shadow)" = "$(count service)" ]; }
row() { json ".mirrors[0].$1" show mirrors; }
is_row() { [ "$(row "$1")" = "$2" ]; }
mirror_config() {
	conf 'interface "vb"' "include \"$TMP/example.conf\"" "$@"
}
begin() { start -D "record=$REC" "$@"; }

# ---- the example: a copy, as a tree of umask 002 has what netmond refuses ----
install -m 644 "$TOP/etc/examples/mirror-8090.conf" "$TMP/example.conf"
mirror_config
WRAP="ip netns exec $NSB"
begin
ina curl -s -o /dev/null -H 'Authorization: Basic c2VjcmV0' \
    -H 'traceparent: 00-1' -H 'Cookie: a=b' http://10.77.0.2:8090/one
ina curl -s -o /dev/null -d "$(head -c 70000 /dev/zero | tr '\0' t)" \
    -H 'Expect:' http://10.77.0.2:8090/two
wait_for 5 same_count
is "the shadow sees each request, with the header" \
    "$(cut -d' ' -f1-3 "$LOGS/shadow")" "GET /one 1
POST /two 1"
is "what the record strips the shadow still gets" \
    "$(head -1 "$LOGS/shadow" | cut -d' ' -f4-5)" "Basic c2VjcmV0"
is "the service saw none of it" \
    "$(cut -d' ' -f3 "$LOGS/service" | sort -u)" "-"
wait_for 5 grep -q traceparent "$REC"
is "the record holds no credentials" \
    "$(grep -aic 'authorization\|cookie\|x-mirror' "$REC")" 0
is "it is for its owner alone" "$(stat -c %a "$REC")" 600
# Hundredths of a second that a process has used.
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
used() {
	for p in $(pid_of capture) $(pid_of analyzer) $(pid_of mirror) \
	    $(pgrep -P "$(cat "$TMP/ngx.pid")"); do
		cpu "$p"
	done | xargs
}
t0=$(used)
ina ab -q -k -n "$MIRROR_KEPT" -c 8 -H 'X-N: 1' http://10.77.0.2:8090/index.html > /dev/null 2>&1
ina ab -q -n "$MIRROR_NEW" -c 8 http://10.77.0.2:8090/index.html > /dev/null 2>&1
wait_for $((10 + ALL / 2000)) same_count
note "CPU seconds of capture, analyzer, mirror, nginx (service and shadow): $(
    echo "$t0 $(used)" | awk '{ print ($5 - $1) / 100, ($6 - $2) / 100,
    ($7 - $3) / 100, ($8 - $4) / 100 }')"
is "$ALL requests reach the shadow exactly once" \
    "$(count shadow) $(cut -d' ' -f3 "$LOGS/shadow" | sort -u)" \
    "$(count service) 1"
wait_for 10 is_row answers $ALL
is "and are answered" \
    "$(json '.mirrors[0].status | map("\(.code) \(.count)") | join(" ")' show mirrors)" \
    "200 $((ALL - 1)) 404 1"
is "nothing was dropped" "$(row dropped_connections) $(row gaps)" "0 0"
is "no connection stays" "$(row open_connections)" 0

# ---- replay ----
inb "$BUILD/netmonctl" replay -x max -o "$TMP/replay.json" "$REC" \
    127.0.0.1:28090 > "$TMP/replay.out" 2>&1
is "replay sends all" "$?" 0
is "a third server has the same requests" \
    "$(cut -d' ' -f1,2 "$LOGS/third" | sort | uniq -c)" \
    "$(cut -d' ' -f1,2 "$LOGS/service" | sort | uniq -c)"
is "its report counts them" "$(jq .answers "$TMP/replay.json")" $ALL
inb sh -c "ulimit -n 20; '$BUILD/netmonctl' replay -x max -o '$TMP/replay.json' '$REC' \
    127.0.0.1:28090" > "$TMP/replay.out" 2>&1
is "with few descriptors it sends all on few connections" \
    "$? $(jq .answers "$TMP/replay.json")" "0 $ALL"
like "and says so" "$(cat "$TMP/replay.out")" '4 connections at a time'
printf 'no recording' > "$TMP/bad"
inb "$BUILD/netmonctl" replay "$TMP/bad" 127.0.0.1:28090 > /dev/null 2>&1
is "a file that is no recording is status 65" "$?" 65
before=$(count third)
inb "$BUILD/netmonctl" replay -o "$TMP/no/r.json" "$REC" 127.0.0.1:28090 \
    > "$TMP/replay.out" 2>&1
is "a report that cannot be written is told before anything is sent" \
    "$? $(count third) $(cat "$TMP/replay.out")" \
    "1 $before netmonctl: $TMP/no/r.json: No such file or directory"
inb "$BUILD/netmonctl" replay "$REC" 127.0.0.1:9 > /dev/null 2>&1
is "a target that is not there is status 69" "$?" 69

# ---- words ----
ctl mirror example pause
before=$(count shadow)
ina curl -s -o /dev/null http://10.77.0.2:8090/paused
sleep 1
is "paused, nothing is forwarded" "$(count shadow)" "$before"
like "and the record's gap is named" "$(cat "$REC.gaps")" '"reason":"paused"'
ctl mirror example start
ctl mirror example rotate
wait_for 5 sh -c "ls $REC.2* > /dev/null 2>&1"
ina curl -s -o /dev/null http://10.77.0.2:8090/started
wait_for 5 grep -q started "$REC"
is "after rotate the next file has the next request" \
    "$(grep -ac 'GET /' "$REC")" 1
# ---- a trailer, in segments of a few bytes ----
ina python3 - <<'EOT'
import socket, time
s = socket.create_connection(("10.77.0.2", 8090))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
head = (b"POST /two HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
        b"Trailer: Cookie, X-Sum\r\n\r\n2\r\nhi\r\n0\r\n")
tail = b"Cookie: top=secret\r\n more\r\nX-Sum: 7\r\n\r\n"
for step in (1, 3, 1000):
    s.sendall(head)
    for i in range(0, len(tail), step):
        s.sendall(tail[i:i + step])
        time.sleep(0.004)
    s.recv(4096)
EOT
three() { [ "$(grep -ac 'X-Sum: 7' "$REC")" = 3 ]; }
wait_for 10 three
is "trailers are recorded without credentials" \
    "$(grep -ac 'X-Sum: 7' "$REC") $(grep -ac 'secret\|more' "$REC")" "3 0"
wait_for 5 same_count
is "the shadow has answered those as well" \
    "$(tail -3 "$LOGS/shadow" | cut -d' ' -f1,2 | uniq -c | xargs)" \
    "3 POST /two"

ctl mirror nosuch start > /dev/null 2>&1
is "an unknown mirror is status 1" "$?" 1

# ---- the mirror is lost ----
counters() {
	json '.mirrors[0] | "\(.sent_requests) \(.answers) \(.records) \(.connections) \([.status[].count] | add)"' \
	    show mirrors
}
before=$(counters)
lose mirror
ina curl -s -o /dev/null http://10.77.0.2:8090/after-kill
wait_for 5 grep -q after-kill "$REC"
is "a fresh mirror goes on recording" "$(grep -ac after-kill "$REC")" 1
one_more() { [ "$(counters)" = "$(echo "$before" | awk '{
	print $1 + 1, $2 + 1, $3 + 1, $4 + 1, $5 + 1 }')" ]; }
wait_for 5 one_more && ok "its counters go on" ||
    not_ok "its counters go on" "before: $before" "after:  $(counters)"
# A reload that starts another one: what that one's end cost is counted.
ina python3 - "$TMP/paused" <<'EOT' &
import os, socket, sys, time
s = socket.create_connection(("10.77.0.2", 8090))
while not os.path.exists(sys.argv[1] + ".end"):
    s.sendall(b"GET /kept HTTP/1.1\r\nHost: h\r\n\r\n")
    s.recv(65536)
    open(sys.argv[1], "w").close()
    time.sleep(0.05)
EOT
kept=$!
at_exit "touch $TMP/paused.end"
wait_for 5 test -e "$TMP/paused"
dropped=$(row dropped_connections)
lose mirror
one_lacks() { [ "$(row dropped_connections)" = $((dropped + 1)) ]; }
wait_for 5 one_lacks && ok "one that was open then lacks something" ||
    not_ok "one that was open then lacks nothing" \
	"$dropped, $(row dropped_connections), $(tail -n 2 "$REC.gaps")"
ctl mirror example pause
rm -f "$TMP/paused"
wait_for 5 test -e "$TMP/paused"
mirror_config 'mirror "other" {' 'observe port 1' \
    'forward to 127.0.0.1 port 1' '}'
old=$(pid_of mirror)
ctl reload > /dev/null
wait_for 10 is_another mirror "$old"
touch "$TMP/paused.end"
wait $kept
is "each line about a gap is counted, also over a reload" "$(row gaps)" \
    "$(cat "$REC".gaps* | wc -l)"
ctl reset counters mirrors
is "but for a reset" "$(counters)" "0 0 0 0 null"
stop
is "it ends in order" "$status" 0

# ---- refused, then there ----
sed 's/18090/19090/' "$TMP/example.conf" > "$TMP/away.conf"
rm -f "$REC" "$REC".*
conf 'interface "vb"' "include \"$TMP/away.conf\""
begin
ina ab -q -n 500 -c 4 http://10.77.0.2:8090/index.html > /dev/null 2>&1
wait_for 5 is_row records 500
is "a refusing shadow costs only its own" "$(row records)" 500
is "each connection is counted as dropped" "$(row dropped_connections)" 500
like "and the reason said" "$(row last_error)" refused
is "the capture lost nothing" \
    "$(json '[.tallies[] | select(.name == "cap_kernel_drops") | .value] | add // 0' show tally)" 0
sed -i "s/:28090 /:19090 /" "$TMP/ngx.conf"
kill -HUP "$(cat "$TMP/ngx.pid")"
t0=$(now_ms)
back() {
	ina curl -s -o /dev/null http://10.77.0.2:8090/back
	grep -q back "$LOGS/third"
}
wait_for 8 back && ok "a returned shadow is used within $(($(now_ms) - t0)) ms" ||
    not_ok "a returned shadow is not used"
stop

# ---- a hook ----
rm -f "$REC" "$REC".*
conf 'interface "vb"' "mirror \"h\" {" "observe port 8090" \
    "record to \"$REC\" format gogetway" 'hook record "mask-pan"' "}"
start
ina curl -s -o /dev/null -d 'n=4111111111111111' http://10.77.0.2:8090/early
wait_for 3 grep -q '"reason":"hook"' "$REC.gaps"
is "nobody attached: nothing is recorded, the gap is named" \
    "$(wc -c < "$REC") $(grep -c '"reason":"hook"' "$REC.gaps")" "0 1"
like "and what is to be done is told" "$(row last_error)" \
    'no program is attached, use netmonctl hook mask-pan'
"$BUILD/netmonctl" -s "$SOCK" hook mask-pan -- \
    python3 "$TOP/etc/hook/mask-pan.py" 2> "$TMP/hook.err" &
hook=$!
at_exit "kill $hook 2>/dev/null"
wait_for 5 grep -q attached "$TMP/hook.err"
sleep 0.5
i=0
while [ $i -lt 40 ]; do
	ina curl -s -o /dev/null -d "n=4111111111111111&i=$i" \
	    "http://10.77.0.2:8090/hooked"
	[ $((i % 16)) != 3 ] || kill -9 "$(pgrep -P $hook)" 2>/dev/null
	i=$((i + 1))
	sleep 0.1		# a hook that died comes back meanwhile
done
sleep 1
is "no unmasked digit reaches the record, whatever dies" \
    "$(grep -ac '4111111111111111' "$REC")" 0
at_least "what passed the hook is recorded, masked" \
    "$(grep -ac 'n=\*\*\*\*\*\*\*\*\*\*\*\*\*\*\*\*' "$REC")" 5
kill $hook 2>/dev/null

# ---- GoReplay's kind of program: changes, says nothing, makes noise ----
cat > "$TMP/gor.py" <<'EOT'
import sys
for line in sys.stdin:
    meta, data = bytes.fromhex(line.strip()).split(b'\n', 1)
    print('noise, no hex', flush=True)
    if b'silent' not in data:
        data = data.replace(b'plain', b'CHANGED')
        print((meta + b'\n' + data).hex(), flush=True)
EOT
"$BUILD/netmonctl" -s "$SOCK" hook mask-pan -g -- python3 "$TMP/gor.py" \
    2> "$TMP/hook.err" &
hook=$!
at_exit "kill $hook 2>/dev/null"
wait_for 5 grep -q attached "$TMP/hook.err"
sleep 0.5
for i in plain silent last; do
	ina curl -s -o /dev/null "http://10.77.0.2:8090/$i"
done
wait_for 5 grep -q 'GET /last' "$REC"
is "a program of GoReplay's kind changes and drops" \
    "$(grep -ao 'GET /[a-zA-Z]*' "$REC" | tail -2 | tr '\n' ' ')" \
    "GET /CHANGED GET /last "
kill $hook 2>/dev/null
"$BUILD/netmonctl" -s "$SOCK" hook nosuch -- true 2> /dev/null
is "a hook that no mirror names is status 1" "$?" 1
stop

# ---- a loop that is none ----
conf 'interface "lo"' 'mirror "loop" {' 'observe port 18090' \
    'forward to 127.0.0.1 port 18090' '}' \
    "log events \"$TMP/run/loop.json\" {" 'types { flow }' '}'
start
before=$(count shadow)
inb curl -s -o /dev/null http://127.0.0.1:18090/loop
sleep 2
is "its own connections are not mirrored again" \
    "$(($(count shadow) - before))" 2
told() { jq -r '"\(.event_type) \(.dest_port)"' "$TMP/run/loop.json"; }
wait_for 5 sh -c "[ -s '$TMP/run/loop.json' ]"
is "nor is their end told" "$(told)" "flow 18090"
own() { json '.tallies[] | select(.name == "own_seen") | .value' show tally; }
is "but they are counted" "$(own)" 1
is "apart from others" "$(json .summary.connections show summary window \
    total)" 1
mkfifo "$TMP/hold"
inb python3 -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", 18090))
s.send(b"GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
open(sys.argv[1]).read()' "$TMP/hold" &
held=$!
exec 9> "$TMP/hold"
has_own() { [ "$(own)" = "$1" ]; }
wait_for 5 has_own 2
is "nor are they shown while they live" \
    "$(json '.flows[] | .server' show flows)" 127.0.0.1:18090
exec 9>&-
wait $held
before=$((before + 2))
# Also when the analyzer reads what capture sent before what the mirror did.
requests() { json .summary.requests show summary window total; }
asked() { [ "$(requests)" = "$1" ]; }
shadowed() { [ "$(count shadow)" = $((before + 4)) ]; }
wait_for 5 asked 2
kill -STOP "$(pid_of mirror)"
inb curl -s -o /dev/null http://127.0.0.1:18090/late
wait_for 5 asked 3
az=$(pid_of analyzer) mi=$(pid_of mirror)
kill -STOP "$az"
inb curl -s -o /dev/null http://127.0.0.1:19090/before
sleep 0.2
kill -CONT "$mi"
wait_for 2 shadowed
sleep 0.2
kill -CONT "$az"
wait_for 5 asked 4
sleep 1
is "nor counted, whichever the analyzer hears first" \
    "$(requests) $(($(count shadow) - before))" "4 4"
stop
finish
