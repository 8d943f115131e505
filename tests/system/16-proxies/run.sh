#!/bin/sh
# Who asks through a trusted proxy: netmond's events, access log and table of
# clients name those whom nginx's realip module names, of X-Forwarded-For, the
# PROXY protocol; and nobody else is believed.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx haproxy curl jq ip python3

net_up
for n in 11 12 13; do ip -n $NSA addr add 10.77.0.$n/24 dev va; done
mkdir -p "$TMP/www" "$TMP/tmp"
echo hello > "$TMP/www/index.html"
chmod -R a+rX "$TMP/www"

# ports: 83 is told by a field, 86 by two as of two proxies in a row, 84 and 85
# by the PROXY protocol; haproxy's 93 to 96 stand before them
cat > "$TMP/nginx.conf" <<EOT
pid $TMP/nginx.pid;
error_log $TMP/nginx-error.log crit;
worker_processes 1;
user root;
daemon on;
events { worker_connections 512; }
http {
	log_format t '\$server_port \$remote_addr \$request_uri';
	access_log $TMP/nginx.log t;
	client_body_temp_path $TMP/tmp;
	proxy_temp_path $TMP/tmp;
	fastcgi_temp_path $TMP/tmp;
	uwsgi_temp_path $TMP/tmp;
	scgi_temp_path $TMP/tmp;
	keepalive_requests 100000;
	set_real_ip_from 127.0.0.0/8;
	real_ip_recursive on;
	root $TMP/www;
	server {
		listen 83;
		real_ip_header X-Forwarded-For;
	}
	server {
		listen 84 proxy_protocol;
		listen 85 proxy_protocol;
		real_ip_header proxy_protocol;
	}
	server {
		listen 86;
		real_ip_header X-Forwarded-For;
	}
}
EOT
cat > "$TMP/haproxy.cfg" <<EOT
global
	nbthread 1
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
	http-reuse always
frontend f
	bind :93
	bind :94
	bind :95
	bind :96
	use_backend field if { dst_port 93 }
	use_backend one if { dst_port 94 }
	use_backend two if { dst_port 95 }
	default_backend chain
backend field
	option forwardfor
	server a 127.0.0.1:83
backend one
	server a 127.0.0.1:84 send-proxy
backend two
	server a 127.0.0.1:85 send-proxy-v2
backend chain
	http-request add-header X-Forwarded-For %[src]
	http-request add-header X-Forwarded-For 127.0.0.5
	server a 127.0.0.1:86
EOT
inb nginx -c "$TMP/nginx.conf" || { not_ok "nginx did not start"; finish; }
at_exit "kill \$(cat $TMP/nginx.pid)"
inb haproxy -db -f "$TMP/haproxy.cfg" > "$TMP/haproxy.log" 2>&1 &
at_exit "kill $!"
listening() { [ "$(inb ss -Hltn | grep -Ec ':(8[3-6]|9[3-6]) ')" -eq 8 ]; }
wait_for 10 listening || { not_ok "a server did not start"; finish; }

# $1 more of the configuration
watch() {
	rm -f "$TMP/run/eve.json" "$TMP/run/access.log"
	conf 'interface "vb"' 'interface "lo"' 'privacy { query full }' \
	    "log events \"$TMP/run/eve.json\" { types { http } }" \
	    "log access \"$TMP/run/access.log\"" "$1"
	WRAP="ip netns exec $NSB"
	start
}
n=0
ask() {		# from address $1 port $2, more of curl
	a=$1 p=$2 n=$((n + 1))
	shift 2
	ina curl -s -m 20 -o /dev/null --interface "10.77.0.$a" "$@" \
	    "http://10.77.0.2:$p/?$n"
}
load() {
	for p in 93 94 95 96; do
		for a in 11 12 13 11 12 11; do
			ask $a $p
		done
	done
	# what a client says of itself is believed of no client
	for p in 93 83 96; do
		ask 12 $p -H 'X-Forwarded-For: 203.0.113.5'
		ask 12 $p -H 'X-Forwarded-For: 203.0.113.5, 127.0.0.9'
	done
	# many clients on one connection of a proxy, some at once
	inb python3 - <<'EOT'
import socket
s = socket.create_connection(("127.0.0.1", 83))
for n in range(40):
    s.sendall(b"".join(
        b"GET /?p%d HTTP/1.1\r\nHost: piped.example\r\nx-forwarded-for: "
        b"192.0.2.%d\r\nConnection: %s\r\n\r\n" % (i, i,
        b"close" if i == 199 else b"keep-alive")
        for i in range(5 * n, 5 * n + 5)))
    if n % 4 == 0:
        s.recv(65536)
while s.recv(65536):
    pass
EOT
}
said() {	# "PORT CLIENT URI" of what nginx was asked
	jq -r 'select(.dest_port >= 83 and .dest_port <= 86) |
	    "\(.dest_port) \(.xff // .src_ip) \(.http.url)"' \
	    "$TMP/run/eve.json" 2> /dev/null | sort
}
all_said() { [ "$(said | wc -l)" -ge "$(wc -l < "$TMP/nginx.log")" ]; }

watch 'trusted proxies 127.0.0.0/8
alert "many" when requests >= 9 over 60s per client'
: > "$TMP/nginx.log"
load
wait_for 10 all_said
sort "$TMP/nginx.log" > "$TMP/want"
said > "$TMP/got"
is "the load arrived" "$(wc -l < "$TMP/want")" 230
is "nginx names the same clients" "$(diff "$TMP/want" "$TMP/got" |
    head -10)" ""
is "clients with the most bytes come first, when asked for" "$(json \
    '[.clients[].body_bytes] | . == (sort | reverse) and length > 9' \
    show clients by bytes window total)" true
# Behind the proxy and before it: port 93 and the like are asked, too.
counted() {
	json ".clients[] | select(.client == \"$1\") | .requests" \
	    show clients top 1000 window total
}
for a in 11 12 13; do
	is "10.77.0.$a is counted" "$(counted 10.77.0.$a)" \
	    "$(($(grep -c " 10.77.0.$a " "$TMP/want") +
	    $(said_front=$(jq -r "select(.dest_port >= 93 and
	    .src_ip == \"10.77.0.$a\") | .http.url" "$TMP/run/eve.json" |
	    wc -l); echo $said_front)))"
done
is "and each of the many" "$(counted 192.0.2.77)" 1
is "but no proxy" "$(counted 127.0.0.1)" ""
is "the access log names them" "$(grep -c '^192\.0\.2\.' \
    "$TMP/run/access.log")" 200
is "so do the last requests" "$(json '[.transactions[] |
    select(.client == "192.0.2.42")] | length' show transactions top 1000)" 1
is "an alert is about them" "$(json '.alerts[] | select(.rule == "many") |
    .key' show alerts | sort | xargs)" "10.77.0.11 10.77.0.12"
is "and addresses of packets stay" "$(jq -r 'select(.dest_port == 83 and
    .xff != null) | .src_ip' "$TMP/run/eve.json" | sort -u)" 127.0.0.1
is "the metrics tell how many" "$(ctl show metrics |
    awk '/^netmond_proxy_/ { print $2 }' | xargs)" "12 216 0 0"
stop

watch ''
: > "$TMP/nginx.log"
load
wait_for 10 all_said
is "who is not trusted is not believed" "$(said | awk '{ print $2 }' |
    sort -u | xargs)" "10.77.0.12 127.0.0.1"
stop

watch "$(printf 'trusted proxies { 127.0.0.1 }
privacy { clients prefix 24 48 }')"
: > "$TMP/nginx.log"
load
wait_for 10 all_said
is "privacy holds for them" "$(said | awk '{ print $2 }' | sort -u | xargs)" \
    "10.77.0.0 127.0.0.0 192.0.2.0"
is "and in the table" "$(json '.clients[].client' show clients \
    window total | sort | xargs)" "10.77.0.0 127.0.0.0 192.0.2.0"
stop
finish
