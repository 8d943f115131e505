#!/bin/sh
# Programs behind a mirror: the only consumer, both sides at once, and those
# that answer wrong, late, too much or not at all; "on error abort"; and rules.
# BAD=10000 (make soak) tries more ways of being wrong.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab curl jq ip python3

REC=$TMP/run/rec.log
SHADOW=$TMP/shadow.log
net_up
nginx_up
WRAP="ip netns exec $NSB"
row() { json ".mirrors[0].$1" show mirrors; }
is_row() { [ "$(row "$1")" = "$2" ]; }
get() { ina curl -s -o /dev/null "http://10.77.0.2$1"; }
seen() { json .summary.requests show summary window total; }
all_seen() { [ "$(seen)" = "$(log_lines)" ]; }

# hook NAME ARGS...: sets $hook to the pid of an attached netmonctl
attach() {
	"$BUILD/netmonctl" -s "$SOCK" hook "$@" 2> "$TMP/hook.err" &
	hook=$!
	at_exit "kill $hook"
	wait_for 5 grep -q attached "$TMP/hook.err"
	sleep 0.3
}
odd() {
	name=$1
	shift
	rm -f "$1"
	attach "$name" -- python3 "$TOP/tests/lib/odd_hook.py" "$@"
	wait_for 10 test -e "$1"	# it has begun
}

# ---- a program is the only consumer ----
conf 'interface "vb"' 'mirror "only" {' 'observe port 80' \
    'hook record "rec"' '}'
start
odd rec "$TMP/only"
get /first
ina curl -s -o /dev/null -d a=1 http://10.77.0.2/second
wait_for 5 grep -q second "$TMP/only"
sleep 0.5
is "without a sink the record hook has the requests, and only those" \
    "$(awk '{ print $1, $3, $4 }' "$TMP/only" | xargs)" \
    "1 10.77.0.2:80 /first 1 10.77.0.2:80 /second 1 10.77.0.2:80 a=1"
# ---- of two programs the newest stays ----
first=$hook
mv "$TMP/hook.err" "$TMP/first.err"
child=$(pgrep -P $first)
"$BUILD/netmonctl" -s "$SOCK" hook rec -- python3 \
    "$TOP/tests/lib/odd_hook.py" "$TMP/second" 2> "$TMP/hook.err" &
hook=$!
at_exit "kill $hook"
is_over() { ! kill -0 "$1"; }
wait_for 5 is_over $first || kill $first
wait $first
is "a displaced program's client ends" $? 1
like "and says why" "$(tail -1 "$TMP/first.err")" 'another program was attached'
is_over "$child" 2> /dev/null && ok "its program has ended" ||
    not_ok "its program goes on"
wait_for 5 test -e "$TMP/second"
sleep 1
is "the newest is attached once" "$(grep -c attached "$TMP/hook.err")" 1
get /third
wait_for 5 grep -q third "$TMP/second"
is "and has what comes" "$(grep -c third "$TMP/second") $(grep -c third \
    "$TMP/only")" "1 0"
# ---- who asks and does not read has no more than one of our descriptors ----
fds() { find "/proc/$NM/fd" | wc -l; }
before=$(fds)
python3 - "$SOCK" "$TMP/asked" <<'EOT' &
import socket, struct, sys, time
def frame(type, body):
    return struct.pack("=IHHII", len(body), type, 0, 1, 0) + body
def text(s):
    return struct.pack("=I", len(s)) + s
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.send(frame(0x101, struct.pack("=IIIQQQ", 1, 0, 0, 0, 0, 0) + text(b"")))
for i in range(2000):
    s.send(frame(0x509, struct.pack("=IBBIH", 0, 0, 0, 0, 1) + text(b"rec")))
open(sys.argv[2], "w").close()
time.sleep(60)
EOT
greedy=$!
at_exit "kill $greedy"
wait_for 10 test -e "$TMP/asked"
sleep 0.3
at_most "a hook asked for 2000 times costs few descriptors" \
    $(($(fds) - before)) 5
kill $greedy
# ---- one that does not read does not outlive netmonctl ----
second=$hook
attach rec -- sleep 600
child=$(pgrep -P $hook)
at_exit "kill $child"
kill -9 $hook
wait_for 5 is_over "$child" 2> /dev/null &&
    ok "a program that reads nothing ends with netmonctl" ||
    not_ok "a program that reads nothing outlives netmonctl"
stop
kill $second 2> /dev/null
: > "$TMP/access.log"

# ---- both sides at once, each on its own copy ----
ip netns exec $NSB python3 "$TOP/tests/lib/shadow.py" good 127.0.0.1:18090 \
    "$SHADOW" &
at_exit "kill $!"
wait_for 5 grep -q listening "$SHADOW"
conf 'interface "vb"' 'mirror "two" {' 'observe port 80' \
    'forward to 127.0.0.1 port 18090' 'hook forward "fwd"' \
    "record to \"$REC\" format gogetway" 'hook record "rec"' \
    'hook timeout 1s' '}'
start
odd fwd "$TMP/fwd" plain FORWARD
fwd=$hook
odd rec "$TMP/rec" plain RECORD
get /plain
wait_for 5 grep -q FORWARD "$SHADOW"
wait_for 5 grep -q RECORD "$REC"
is "each side has its own change" \
    "$(cut -d' ' -f2 "$SHADOW" | tail -1) $(grep -ao 'GET [^ ]*' "$REC")" \
    "/FORWARD GET /RECORD"
is "and was given what the client sent" \
    "$(tail -1 "$TMP/fwd" | cut -d' ' -f4) $(tail -1 "$TMP/rec" | cut -d' ' -f4)" \
    "/plain /plain"
get /empty
get /drop
get /then
wait_for 5 grep -q then "$REC"
wait_for 5 grep -q then "$SHADOW"
is "an empty answer and a drop write nothing to either" \
    "$(grep -ac 'GET /empty\|GET /drop' "$REC") $(grep -c 'empty\|drop' "$SHADOW")" \
    "0 0"
is "and are no loss" "$(row gaps) $(row dropped_connections) $(row hook_errors)" \
    "0 0 0"

# ---- a program that does wrong costs what it was asked about ----
mirror=$(pid_of mirror)
is_kept() {
	get "/kept-$1"
	sleep 0.1
	grep -q "kept-$1" "$SHADOW" && grep -aq "kept-$1" "$REC"
}
wrongs="abort slow huge order die"
[ "${BAD:-0}" -lt 10000 ] || wrongs="$wrongs twice verdict seq garbage"
for bad in $wrongs; do
	errors=$(row hook_errors)
	get /$bad
	wait_for 12 is_kept $bad && ok "$bad: the next ones pass" ||
	    not_ok "$bad: the next ones do not pass" "$(tail -3 "$TMP/hook.err")"
	[ $bad = twice ] || is "$bad: is not passed on" \
	    "$(grep -ac "GET /$bad" "$REC") $(grep -c " /$bad" "$SHADOW")" "0 0"
	at_least "$bad: is counted on both sides" "$(row hook_errors)" \
	    $((errors + 1))
done
at_least "the record's gaps are named" \
    "$(grep -c '"reason":"hook"' "$REC.gaps")" 5
# Killed at random, both.
i=0
while [ $i -lt 30 ]; do
	get "/plain-$i"
	[ $((i % 7)) != 2 ] || kill -9 "$(pgrep -P $hook)" 2>/dev/null
	[ $((i % 11)) != 5 ] || kill -9 "$(pgrep -P $fwd)" 2>/dev/null
	i=$((i + 1))
	sleep 0.1
done
# However long they take to come back.
changed() {
	i=$((i + 1))
	get "/plain-$i"
	[ "$(grep -ac 'GET /RECORD-' "$REC")" -ge 3 ]
}
wait_for 30 changed
wait_for 12 is_kept killed
is "killed at random: nothing passes unchanged" \
    "$(grep -ac 'GET /plain' "$REC") $(grep -c plain "$SHADOW")" "0 0"
at_least "and what passes is changed" "$(grep -ac 'GET /RECORD-' "$REC")" 3
is "the mirror is the same process" "$(pid_of mirror)" "$mirror"
wait_for 5 all_seen
is "the statistics have all" "$(seen)" "$(log_lines)"

# ---- what a program still has at a reload and at the end ----
had() { grep -c " /$1" "$TMP/rec"; }
asked() { [ "$(had "$1")" -gt "$2" ]; }
before=$(had slow)
gaps=$(grep -c '"reason":"hook"' "$REC.gaps")
get /slow
wait_for 5 asked slow "$before"
sed -i 's/hook timeout 1s/hook timeout 5s/' "$TMP/netmond.conf"
ctl reload > /dev/null
wait_for 5 is_kept reloaded
is "reload: what a program had is a gap" \
    "$(($(grep -c '"reason":"hook"' "$REC.gaps") - gaps))" 1
get /late
wait_for 5 asked late 0
stop
is "the end: what a program has is waited for" "$status $(grep -ac 'GET /late' \
    "$REC") $(grep -c ' /late' "$SHADOW")" "0 1 1"
kill $hook $fwd

# ---- GoReplay's kind, wrong ----
cat > "$TMP/gor.py" <<'EOT'
import os, sys, time
for line in sys.stdin:
    meta, data = bytes.fromhex(line.strip()).split(b'\n', 1)
    if b'/die' in data: os._exit(1)
    if b'/long' in data: print('ab' * 2000000, flush=True)
    elif b'/odd' in data: print('abc\n00\n\n31', flush=True)
    elif b'/other' in data: print((b'1 ' + b'9' * 24 + b' 1 0\nx').hex(), flush=True)
    else: print((meta + b'\n' + data).hex(), flush=True)
EOT
rm -f "$REC" "$REC".*
start
attach rec -g -- python3 "$TMP/gor.py"
is_recorded() {
	get "/kept-$1"
	sleep 0.1
	grep -aq "kept-$1" "$REC"
}
for bad in die long odd other; do
	get /$bad
	wait_for 12 is_recorded $bad && ok "-g $bad: the next ones pass" ||
	    not_ok "-g $bad: the next ones do not pass" "$(tail -3 "$TMP/hook.err")"
	is "-g $bad: is not passed on" "$(grep -ac "GET /$bad" "$REC")" 0
done
kill $hook
stop

# ---- a program that begins late, and much for it ----
rm -f "$REC" "$REC".*
conf 'interface "vb"' 'mirror "big" {' 'observe port 80' \
    'forward { queue 64M }' "record to \"$REC\" format raw" \
    'hook record "rec"' 'hook timeout 30s' '}'
start
attach rec -- sh -c "sleep 3; exec python3 '$TOP/tests/lib/odd_hook.py' \
    '$TMP/rec'"
head -c 40000 /dev/zero > "$TMP/big"
ina ab -q -n 300 -c 4 -p "$TMP/big" http://10.77.0.2/big > /dev/null 2>&1
is_big() { [ "$(stat -c %s "$REC")" -gt 12000000 ]; }
wait_for 20 is_big && ok "a program that is slow for a while is waited for" ||
    not_ok "a program that is slow for a while is given up" "$(ls -l "$REC")"
is "and misses nothing" \
    "$(row hook_errors) $(row gaps) $(grep -c 'started again' "$TMP/hook.err")" \
    "0 0 0"
kill $hook
stop

# ---- on error abort: the first error stops this mirror, and only it ----
# aborted WHAT: it has stopped and says why; requests are counted on
aborted() {
	wait_for 5 is_row state aborted
	like "abort, $1: the mirror has stopped" "$(row state) $(row last_error)" \
	    "^aborted .*$2"
	like "abort, $1: and it is told" "$(cat "$TMP/netmond.log")" \
	    'stopped by the first error'
	sent=$(row sent_requests)
	size=$(stat -c %s "$REC")
	get /behind
	wait_for 5 all_seen
	is "abort, $1: the statistics go on, the mirror does not" \
	    "$(seen) $(row sent_requests) $(stat -c %s "$REC")" \
	    "$(log_lines) $sent $size"
}
abort_conf() {
	rm -f "$REC" "$REC".*
	: > "$TMP/access.log"
	conf 'interface "vb"' 'mirror "strict" {' 'observe port 80' \
	    "forward to 127.0.0.1 port $1" 'forward { on error abort }' \
	    "record to \"$REC\" format gogetway" "$2" '}'
}
abort_conf 9
start
get /dial
aborted dial refused
ctl mirror strict start
is "abort: it can be started again" "$(row state | grep -c aborted)" 0
stop
abort_conf 18090 'hook record "rec"'
start
odd rec "$TMP/rec"
get /fine
wait_for 5 grep -aq fine "$REC"
is "abort: without an error it runs" "$(row state)" up
get /abort
aborted hook hook
kill $hook
stop
mkdir "$TMP/run/disk"
if mount -t tmpfs -o size=64k none "$TMP/run/disk" 2> /dev/null; then
	at_exit "umount -l $TMP/run/disk"
	chown $TEST_USER "$TMP/run/disk"
	REC=$TMP/run/disk/rec.log
	abort_conf 18090
	start
	ina ab -q -n 600 http://10.77.0.2/ > /dev/null 2>&1
	aborted write 'No space'
	stop
else
	skip "abort, write: needs a tmpfs"
fi

# ---- rules: which requests a side copies, with nginx at both ends ----
LOGS=$TMP/logs
mkdir -p "$LOGS" "$TMP/dav/service" "$TMP/dav/target" "$TMP/dav/tmp"
chmod -R 777 "$TMP/dav"
cat > "$TMP/rules-nginx.conf" <<EOT
pid $TMP/rules-nginx.pid;
error_log $TMP/rules-nginx-error.log crit;
worker_processes 1;
user root;
events { worker_connections 4096; }
http {
	log_format t '\$request_method \$request_uri \$http_host';
	client_body_temp_path $TMP/dav/tmp;
	proxy_temp_path $TMP/dav/tmp;
	fastcgi_temp_path $TMP/dav/tmp;
	uwsgi_temp_path $TMP/dav/tmp;
	scgi_temp_path $TMP/dav/tmp;
	dav_methods PUT;
	create_full_put_path on;
	client_max_body_size 1m;
	keepalive_requests 1000000;
	server {
		listen 8081 backlog=4096;
		root $TMP/dav/service;
		access_log $LOGS/service t;
		add_header X-Asked "\$request_method \$request_uri" always;
		location /last { add_header X-Last \$args; return 200 ok; }
	}
	server {
		listen 127.0.0.1:18081 backlog=4096;
		root $TMP/dav/target;
		access_log $LOGS/target t;
		location /last { return 200 ok; }
	}
}
EOT
inb nginx -c "$TMP/rules-nginx.conf" || { not_ok "nginx starts"; finish; }
at_exit "kill \$(cat $TMP/rules-nginx.pid)"
# What the rules below want of the target and of the record, in order.
wanted() {
	awk '$1 != "POST" && $1 != "DELETE" &&
	    $2 !~ /^\/(admin|%61dmin|a\/\.\.)/ &&
	    tolower($3) !~ /^secret/ { print $1, $2 }' "$@"
}
recorded() {
	awk '$1 != "GET" && $1 != "HEAD" && $2 ~ /^\/api(\/|%2f)/ {
	    print $1, $2 }' "$@"
}
# What the target has of connections of chosen.py.
got() { awk '{ sub("^http://[^/]*", "", $2); print $1, $2 }' "$LOGS/target"; }
has_got() { [ "$(got | wc -l)" -ge "$1" ]; }
chosen() { ina python3 "$TOP/tests/lib/chosen.py" 10.77.0.2 8081 "$@"; }
sums() { (cd "$1" && find . -type f | sort | xargs -r cksum); }
in_record() {
	grep -aoE '(GET|HEAD|PUT|POST|DELETE) [^ ]+ HTTP/1' "$REC" |
	    awk '$2 != "/smuggled" { sub("^http://[^/]*", "", $2)
	    print $1, $2 }'
}
# rules_conf FORMAT RULES...
rules_conf() {
	format=$1
	shift
	conf 'interface "vb"' 'mirror "rules" {' 'observe port 8081' \
	    'forward to 127.0.0.1 port 18081' "$@" \
	    "record to \"$REC\" format $format" 'record { both }' \
	    'record match path { "/api/*" "/last" }' \
	    'record ignore method { GET HEAD }' '}'
}
lines() { wc -l < "$1" | tr -d ' '; }
REC=$TMP/run/rules.rec
for format in gogetway gor raw; do
	rm -rf "$REC" "$REC.gaps" "$TMP"/dav/service/* "$TMP"/dav/target/*
	: > "$LOGS/target"
	# Of the last one whole messages are forwarded.
	mode=$([ $format != raw ] || echo 'forward messages')
	rules_conf $format "$mode" 'forward match method { GET HEAD PUT }' \
	    'forward ignore path "/admin*"' \
	    'forward ignore host "secret.example"'
	start
	for seed in 1 2 3; do
		chosen $seed "$TMP/chosen.$seed" || not_ok "chosen.py $seed"
	done
	cat "$TMP"/chosen.[123] > "$TMP/chosen"
	wanted "$TMP/chosen" > "$TMP/wanted"
	recorded "$TMP/chosen" > "$TMP/recorded"
	wait_for 10 has_got "$(lines "$TMP/wanted")"
	sleep 0.5
	got > "$TMP/got"
	is "rules, $format: the target has what they want, in order" \
	    "$(diff "$TMP/wanted" "$TMP/got" | head -3)" ""
	(cd "$TMP/dav/target" && find . -type f) | sort > "$TMP/files"
	at_least "rules, $format: among it bodies" "$(lines "$TMP/files")" 5
	is "rules, $format: which are those of the service" \
	    "$(cd "$TMP/dav/target" && xargs cksum < "$TMP/files")" \
	    "$(cd "$TMP/dav/service" && xargs cksum < "$TMP/files")"
	odd=$(grep -c ' /a/\.\./' "$TMP/chosen")
	all=$(lines "$TMP/chosen")
	is "rules, $format: what they leave out or cannot judge is counted" \
	    "$(row ignored_requests) $(row unjudged_requests)" \
	    "$((2 * all - $(lines "$TMP/wanted") - $(lines "$TMP/recorded") -
	    2 * odd)) $((2 * odd))"
	is "rules, $format: and is no loss" \
	    "$(row dropped_bytes) $(row errors)" "0 0"
	stop
	in_record > "$TMP/in_record"
	is "rules, $format: the record has what it shall have, in order" \
	    "$(diff "$TMP/recorded" "$TMP/in_record" | head -3)" ""
	tr -d '\r' < "$REC" | grep -ao 'X-Asked: .*' |
	    cut -d' ' -f2- > "$TMP/answers"
	is "rules, $format: with the answers to it" \
	    "$(diff "$TMP/recorded" "$TMP/answers" | head -3)" ""
	is "rules, $format: its gaps are what cannot be judged" \
	    "$(jq -r .reason "$REC.gaps" | sort -u)" unjudged
done

# ---- a reload changes the rules in the middle of a connection ----
: > "$LOGS/target"
rules_conf raw 'forward match path "/api/*"'
start
chosen 4 "$TMP/chosen.4" "$TMP/go" &
asks=$!
wait_for 20 test -e "$TMP/chosen.4.half"
# mirror reads what the client has sent a little later
wait_for 10 has_got "$(awk '$2 ~ /^\/api(\/|%2f)/ && $2 !~ /\/\.\.\//' \
    "$TMP/chosen.4" | wc -l)"
sleep 0.5
sed -i 's|forward match path.*|forward ignore path "/api/*"|' \
    "$TMP/netmond.conf"
ctl reload > /dev/null
touch "$TMP/go"
wait $asks
awk '/last.10 / { second = 1; print > "/dev/null"; next }
    { below = $2 ~ /^\/api(\/|%2f)/; odd = $2 ~ /\/\.\.\// }
    !odd && below != second { print $1, $2 }' "$TMP/chosen.4" > "$TMP/wanted"
wait_for 10 has_got "$(lines "$TMP/wanted")"
sleep 0.5
got > "$TMP/got"
is "rules: those of a reload hold from the next request on" \
    "$(diff "$TMP/wanted" "$TMP/got" | head -3)" ""
is "rules: and nothing is lost" "$(row dropped_bytes)" 0

# ---- many connections at once; what is no HTTP ----
sed -i 's|forward ignore path.*|forward match method GET|' \
    "$TMP/netmond.conf"
ctl reload > /dev/null
: > "$LOGS/target"
head -c 3000 /dev/zero > "$TMP/post"
ina ab -q -k -n 4000 -c 16 http://10.77.0.2:8081/last?get > /dev/null 2>&1 &
gets=$!
ina ab -q -k -n 1000 -c 8 -p "$TMP/post" http://10.77.0.2:8081/last?post \
    > /dev/null 2>&1
wait $gets
wait_for 20 has_got 4000
sleep 0.5
is "rules: of many at once all GETs and no POST" \
    "$(got | sort | uniq -c | xargs)" "4000 GET /last?get"
before=$(row unjudged_bytes)
ina python3 - <<'EOT'
import socket
s = socket.create_connection(("10.77.0.2", 8081))
s.sendall(b"\x16\x03\x01 GET /secret HTTP/1.1\r\n\r\n")
s.recv(1000)
EOT
is_more() { [ "$(row unjudged_bytes)" -gt "$before" ]; }
wait_for 5 is_more && ok "rules: what is no HTTP is not judged" ||
    not_ok "rules: what is no HTTP is not counted"
is "rules: nor sent" "$(got | grep -vc 'last')" 0

# ---- by header ----
sed -i 's|forward match method GET|forward match header x-take "y*"|' \
    "$TMP/netmond.conf"
ctl reload > /dev/null
: > "$LOGS/target"
before=$(row unjudged_requests)
for h in "X-Take: yes" "x-tAKE:y" "X-Take: no" "A: X-Take: y" "X_Take: yes"; do
	ina curl -s -o /dev/null -H "$h" "http://10.77.0.2:8081/last?${h%%:*}"
done
ina curl -s -o /dev/null -H "X-Take: y" -H "X-Take: n" \
    "http://10.77.0.2:8081/last?twice"
ina curl -s -o /dev/null -H "X-Take: yes" "http://10.77.0.2:8081/last?end"
has_end() { got | grep -q end; }
wait_for 10 has_end
is "rules: those with the header are sent" \
    "$(got | cut -d'?' -f2 | sort | xargs)" "X-Take end x-tAKE"
is "rules: those that may have it are not judged" \
    "$(($(row unjudged_requests) - before))" 2
stop
finish
