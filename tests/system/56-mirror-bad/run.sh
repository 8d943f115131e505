#!/bin/sh
# Shadows that refuse, do not read, reset, close, go and come back: only what
# they would have got is lost, and each request of it is counted. BAD=10000
# (make soak) is the full size.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab jq ip python3 sysctl
: "${BAD:=200}"
LIMIT=1048576
DIAL=1000	# ms
AWAY=3		# seconds
[ "$BAD" -lt 10000 ] || { DIAL=5000; AWAY=12; }
SLACK=500	# ms, for a machine that is busy

REC=$TMP/run/rec.log
SHADOW=$TMP/shadow.log
mkdir -p "$TMP/ngx"
cat > "$TMP/ngx.conf" <<EOT
pid $TMP/ngx.pid;
error_log $TMP/ngx-error.log crit;
worker_processes 1;
worker_rlimit_nofile 8192;
user root;
events { worker_connections 4096; }
http {
	log_format t '\$request_uri';
	access_log $TMP/service.log t;
	client_body_temp_path $TMP/ngx;
	proxy_temp_path $TMP/ngx;
	fastcgi_temp_path $TMP/ngx;
	uwsgi_temp_path $TMP/ngx;
	scgi_temp_path $TMP/ngx;
	keepalive_requests 1000000;
	server { listen 10.77.0.2:8090 backlog=4096; location = /two { return 200 ok; } }
}
EOT
net_up
inb nginx -c "$TMP/ngx.conf" || { not_ok "nginx starts"; finish; }
at_exit "kill \$(cat $TMP/ngx.pid)"
head -c 4000 /dev/zero | tr '\0' x > "$TMP/body"

shadow() {
	: > "$SHADOW"
	ip netns exec $NSB python3 "$TOP/tests/lib/shadow.py" "$1" \
	    127.0.0.1:18090 "$SHADOW" > "$TMP/shadow.err" 2>&1 &
	shadow=$!
	at_exit "kill $shadow"
	wait_for 5 grep -q listening "$SHADOW"
}
shadow_ends() {
	kill $shadow
	wait $shadow
} 2> /dev/null

row() { json ".mirrors[0].$1" show mirrors; }
# Requests lost to the shadow; those that went again are not.
LOST='[.mirrors[0].reasons[] | select(.reason | startswith("requests-"))
    | select(.reason != "requests-again") | .count] | add // 0'
sent() { wc -l < "$TMP/service.log" | tr -d ' '; }
accounted() { json "($LOST) + .mirrors[0].answers" show mirrors; }
settled() { [ "$(accounted)" = "$(sent)" ] && [ "$(row open_connections)" = 0 ]; }
reason() {
	json "[.mirrors[0].reasons[] | select(.reason == \"$1\") | .count] | add // 0" \
	    show mirrors
}
tally() {
	json "[.tallies[] | select(.name == \"$1\") | .value] | add // 0" \
	    show tally
}
watch_queue() {
	while :; do
		row queue_bytes >> "$TMP/queue"
		sleep 0.1
	done
}
begin() {
	rm -f "$REC" "$REC".*
	: > "$TMP/service.log"
	: > "$TMP/queue"
	start
	watch_queue 2> /dev/null &
	watch=$!
	at_exit "kill $watch"
}
reasons() {
	json '.mirrors[0].reasons | map("\(.reason) \(.count)") | join(" ")' \
	    show mirrors
}
# What holds whatever the shadow does; what there was to be lost.
proven() {
	wait_for 30 settled
	kill $watch
	is "$1: each request is answered or counted as lost" "$(accounted)" \
	    "$(sent)"
	wait_for 5 recorded
	is "$1: the record has them all" "$(row records) $(row gaps)" \
	    "$records 0"
	is "$1: the capture and the analyzer lost nothing" \
	    "$(tally cap_kernel_drops) $(tally stream_dropped) $(json .complete.ratio show summary window total)" \
	    "0 0 1"
	is "$1: the analyzer counts them all" \
	    "$(json .summary.requests show summary window total)" "$(sent)"
	at_most "$1: the queue is under its cap" \
	    "$(sort -n "$TMP/queue" | tail -1)" $LIMIT
	is "$1: no connection stays" "$(row open_connections)" 0
	like "$1: it is said why" "$(reasons)" "$2"
	[ "$BAD" -lt 10000 ] || note "$1: answers $(row answers), $(
	    reasons), connections dropped $(row dropped_connections)"
	answers=$(row answers)
	dropped=$(row dropped_connections)
	opened=$(row connections)
	stop
}
recorded() { [ "$(row records)" -ge "$records" ]; }

conf 'interface "vb"' 'memory limit 256M' 'mirror "bad" {' 'observe port 8090' \
    'forward to 127.0.0.1 port 18090' \
    "forward { timeout ${DIAL}ms, queue 1M }" \
    "record to \"$REC\" format gor" '}'
WRAP="ip netns exec $NSB"

# ---- kept alive, and connections of one request ----
load() {
	ina ab -q -k -n "$BAD" -c 8 -p "$TMP/body" http://10.77.0.2:8090/two
	ina ab -q -n "$BAD" -c 8 http://10.77.0.2:8090/two
} > "$TMP/ab.out" 2>&1

trial() {
	[ "$1" = refuse ] || shadow "$1"
	begin
	load
	records=$((2 * BAD))
	proven "$1" "$2"
	[ "$1" = refuse ] || shadow_ends
}
trial refuse 'requests-(connect|backoff) [1-9]'
is "refuse: connections that were dropped" "$dropped" "$opened"
# Its port may be the one that the kernel chooses for us: no connection with
# ourselves takes its place.
ports=$(inb sysctl -n net.ipv4.ip_local_port_range)
inb sysctl -qw net.ipv4.ip_local_port_range='18090 18090'
trial refuse 'requests-(connect|backoff) [1-9]'
is "refuse, and its port is ours: dropped too" "$dropped" "$opened"
inb sysctl -qw net.ipv4.ip_local_port_range="$ports"
trial never 'requests-unanswered [1-9]'
trial slow 'requests-unanswered [1-9]'
trial reset 'requests-reset [1-9]'

# ---- a shadow that closes after each answer costs nothing ----
# Requests, each with a path of its own, for some seconds.
numbered() {
	ina python3 "$TOP/tests/lib/numbered_load.py" "$1" 10.77.0.2 8090 \
	    "$TMP/sent.json"
	records=$(jq length "$TMP/sent.json")
}
paths() { cut -d' ' -f2 "$SHADOW" | grep -v listening | sort; }
for mode in close old; do
	shadow $mode
	begin
	numbered 2
	proven $mode 'requests-again [1-9]'
	is "$mode: the shadow has each request once" "$(paths | cksum)" \
	    "$(jq -r '.[][0]' "$TMP/sent.json" | sort | cksum)"
	shadow_ends
done

# ---- gone and back ----
# first_after TIME: milliseconds to the first request behind it
first_after() {
	awk -v t="$1" '$2 != "listening" && $1 > t {
		printf "%d", ($1 - t) * 1000; exit }' "$SHADOW"
}
came_back() {
	at_most "$1: used again in $2 ms of its return" "$(first_after "$back")" \
	    "$2"
	note "$1: used again after $(first_after "$back") ms"
	at_least "$1: it has what was answered" "$(paths | wc -l)" "$answers"
	is "$1: no request twice" "$(paths | uniq -d | wc -l)" 0
}
shadow good
begin
numbered $((AWAY * 2 + 6)) &
load=$!
sleep 2
shadow_ends
sleep $AWAY
: > "$TMP/before"
cp "$SHADOW" "$TMP/before"
shadow good
back=$(awk '$2 == "listening" { print $1 }' "$SHADOW")
wait $load
cat "$TMP/before" >> "$SHADOW"
records=$(jq length "$TMP/sent.json")
proven gone 'requests-(connect|backoff) [1-9]'
came_back gone $((5000 + SLACK))
shadow_ends

# ---- silent, and back ----
if inb nft add table ip t 2> /dev/null; then
	shadow good
	begin
	numbered $((AWAY * 2 + DIAL / 500 + 8)) &
	load=$!
	sleep 2
	inb nft add chain ip t c '{ type filter hook input priority 0; }'
	inb nft add rule ip t c tcp dport 18090 drop
	sleep $((AWAY + DIAL / 1000))
	back=$(date +%s.%N)
	inb nft delete table ip t
	wait $load
	records=$(jq length "$TMP/sent.json")
	proven silent 'requests-(timeout|backoff) [1-9]'
	came_back silent $((5000 + DIAL + SLACK))
	shadow_ends
else
	skip "silent: needs nftables"
fi
finish
