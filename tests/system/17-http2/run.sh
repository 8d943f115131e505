#!/bin/sh
# HTTP/2 in the clear as installed servers and clients speak it, with many
# streams at once, an upgrade, trailers, padding and a push: each request with
# its connection, host and status is in netmond's event log as in theirs.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx nghttpd nghttpx nghttp h2load curl jq ip

net_up
mkdir -p "$TMP/www" "$TMP/tmp"
echo hello > "$TMP/www/index.html"
echo style > "$TMP/www/style.css"
head -c 300000 /dev/zero | tr '\0' x > "$TMP/www/big.txt"
head -c 100000 /dev/zero | tr '\0' y > "$TMP/body"
chmod -R a+rX "$TMP/www"

# ports: 88 nginx, 89 nghttpx in front of it, which knows the upgrade, 90
# nghttpd, which says SETTINGS before its client says anything
cat > "$TMP/nginx.conf" <<EOT
pid $TMP/nginx.pid;
error_log $TMP/nginx-error.log crit;
worker_processes 1;
user root;
daemon on;
events { worker_connections 512; }
http {
	log_format t '\$server_port \$remote_port \$request_method '
	    '\$http_host \$request_uri \$status \$server_protocol';
	access_log $TMP/nginx.log t;
	client_body_temp_path $TMP/tmp;
	proxy_temp_path $TMP/tmp;
	fastcgi_temp_path $TMP/tmp;
	uwsgi_temp_path $TMP/tmp;
	scgi_temp_path $TMP/tmp;
	keepalive_requests 100000;
	large_client_header_buffers 4 32k;
	root $TMP/www;
	server {
		listen 88 http2;
		listen 127.0.0.1:87;
		location /moved { return 302 /index.html; }
		location /none { return 204; }
		location /gone { return 410 "it is gone"; }
	}
}
EOT
inb nginx -c "$TMP/nginx.conf" || { not_ok "nginx did not start"; finish; }
at_exit "kill \$(cat $TMP/nginx.pid)"
: > "$TMP/nghttpx.conf"
inb nghttpx --conf="$TMP/nghttpx.conf" --frontend='*,89;no-tls' --workers=1 \
    --backend='127.0.0.1,87' --errorlog-file="$TMP/nghttpx-error.log" \
    --accesslog-file="$TMP/nghttpx.log" \
    --accesslog-format='$remote_port $request $status' \
    > "$TMP/nghttpx.out" 2>&1 &
at_exit "kill $!"
inb nghttpd -v --no-tls -d "$TMP/www" --trailer 'grpc-status: 0' -b 50 \
    --push /index.html=/style.css 90 > "$TMP/nghttpd.log" 2>&1 &
at_exit "kill $!"
listening() { [ "$(inb ss -Hltn | grep -Ec ':(88|89|90) ')" -ge 3 ]; }
wait_for 10 listening || { not_ok "a server did not start" \
    "$(cat "$TMP/nghttpx.out" "$TMP/nghttpd.log")"; finish; }

conf 'interface "vb"' 'privacy { query full }' \
    "log events \"$TMP/run/eve.json\" { types { http flow } }" \
    "log access \"$TMP/run/access.log\"" 'stats { transactions 4M }'
WRAP="ip netns exec $NSB"
start

u=http://10.77.0.2
to() {		# port $1: what both nginx and nghttpx are asked
	p=$1
	ina curl -s -m 20 --http2-prior-knowledge -o /dev/null "$u:$p/?a" \
	    -o /dev/null "$u:$p/none" -o /dev/null "$u:$p/gone?b=c" \
	    -o /dev/null "$u:$p/moved" -o /dev/null "$u:$p/big.txt"
	ina curl -s -S -m 20 --http2-prior-knowledge --no-progress-meter -Z -o /dev/null \
	    "$u:$p/big.txt?[1-20]"
	ina curl -s -m 20 --http2-prior-knowledge -I -o /dev/null "$u:$p/big.txt"
	ina curl -s -m 20 --http2-prior-knowledge -o /dev/null \
	    -d "@$TMP/body" -H 'Expect: 100-continue' "$u:$p/post"
	ina curl -s -m 20 --http2-prior-knowledge -o /dev/null \
	    -H 'Host: other.example' -A 'an agent' -e 'http://ref/' "$u:$p/h"
	ina nghttp -n "$u:$p/1" "$u:$p/2" "$u:$p/big.txt" "$u:$p/none" \
	    > /dev/null
	ina nghttp -n --continuation -b 99 "$u:$p/continued" > /dev/null
	ina nghttp -n -c 65536 -w 20 --expect-continue -d "$TMP/body" \
	    "$u:$p/up" > /dev/null
	ina h2load -n 2000 -c 6 -m 50 "$u:$p/index.html" "$u:$p/none" \
	    "$u:$p/nowhere" > /dev/null
	ina h2load -n 200 -c 2 -m 20 --header-table-size=65536 \
	    --encoder-header-table-size=65536 -d "$TMP/body" \
	    -H 'cookie: some=thing' "$u:$p/up2" > /dev/null
	ina h2load -n 100 -c 2 -m 10 --header-table-size=0 \
	    --encoder-header-table-size=0 "$u:$p/none" > /dev/null
}
to 88
to 89
for i in 1 2 3; do
	ina curl -s -m 20 --http2 -o /dev/null "$u:89/c$i" \
	    -o /dev/null "$u:89/none"
	ina nghttp -n -u "$u:89/n$i" "$u:89/gone" > /dev/null
done
ina nghttp -n "$u:90/index.html" "$u:90/nowhere" > /dev/null
ina curl -s -m 20 --http2-prior-knowledge -o /dev/null -d x=y "$u:90/big.txt"
ina h2load -n 300 -c 3 -m 20 "$u:90/style.css" > /dev/null

# said PORT MORE: what the event log has of it
said() {
	jq -r "select(.event_type == \"http\" and .dest_port == $1) |
	    \"$2\"" "$TMP/run/eve.json" | sort
}
nginx_want() {
	sed -n '/^88 /s/HTTP.2\.0$/HTTP\/2/p' "$TMP/nginx.log" | sort
}
nghttpx_want() { sort "$TMP/nghttpx.log"; }
nghttpd_want() {
	sed -n -e 's/.*recv .*:path: //p' \
	    -e 's/.*send PUSH_PROMISE frame.*/\/style.css/p' \
	    "$TMP/nghttpd.log" | sort
}
count() { grep -c "\"event_type\":\"http\".*\"dest_port\":$1," \
    "$TMP/run/eve.json"; }
all_said() {
	[ "$(count 88)" -ge "$(nginx_want | wc -l)" ] &&
	    [ "$(count 89)" -ge "$(nghttpx_want | wc -l)" ] &&
	    [ "$(count 90)" -ge 304 ]
}
wait_for 20 all_said

nginx_want > "$TMP/want"
said 88 '\(.dest_port) \(.src_port) \(.http.http_method) \(.http.hostname)'\
' \(.http.url) \(.http.status) \(.http.protocol)' > "$TMP/got"
at_least "the load on nginx arrived" "$(wc -l < "$TMP/want")" 2300
is "nginx said the same" "$(diff "$TMP/want" "$TMP/got" | head -10)" ""
nghttpx_want > "$TMP/want"
said 89 '\(.src_port) \(.http.http_method) \(.http.url)'\
' \(.http.protocol) \(.http.status)' > "$TMP/got"
at_least "the load on nghttpx arrived" "$(wc -l < "$TMP/want")" 2300
is "nghttpx said the same" "$(diff "$TMP/want" "$TMP/got" | head -10)" ""
nghttpd_want > "$TMP/want"
said 90 '\(.http.url)' > "$TMP/got"
at_least "the load on nghttpd arrived" "$(wc -l < "$TMP/want")" 304
is "nghttpd said the same" "$(diff "$TMP/want" "$TMP/got" | head -10)" ""
is "a push is a request with its response" "$(said 90 \
    '\(.http.url) \(.http.status) \(.http.protocol)' | grep -c \
    '/style.css 200 HTTP/2')" 301
is "a body without its padding" "$(said 90 \
    '\(.http.url) \(.http.length)' | sort -u | xargs)" \
    "$(printf '%s\n' '/big.txt 300000' '/index.html 6' '/nowhere '"$(ina \
    nghttp "$u:90/nowhere" | wc -c)" \
    '/style.css 6' | xargs)"
row() {
	json ".summary | \"$1\"" show summary window total
}
all=$(($(nginx_want | wc -l) + $(nghttpx_want | wc -l) +
    $(nghttpd_want | wc -l)))
is "all are counted" "$(row '\(.requests) \(.responses)')" "$all $all"
is "6 were asked in HTTP/1.1 and answered in HTTP/2" \
    "$(row '\(.http2_requests) \(.http2_responses)')" "$((all - 6)) $all"
is "and each answer has one status" "$(json '[.status[].count] | add' \
    show status window total)" "$all"
is "nobody is unpaired and nothing odd" "$(row '\(.unpaired_requests
    ) \(.unpaired_responses) \(.parse_errors) \(.ambiguous)')" "0 0 0 0"
is "the transactions tell the version" "$(json '[.transactions[] |
    "\(.version) \(.upgraded)"] | unique | .[]' show transactions \
    top 100000)" "$(printf 'HTTP/1.1 true\nHTTP/2 false')"
is "the access log has them" "$(grep -c '"[A-Z]* [^ ]* HTTP/2"' \
    "$TMP/run/access.log")" "$((all - 6))"
is "and the table of hosts" "$(json '.hosts[] | select(.host ==
    "other.example") | .requests' show hosts window total)" 2
is "connections are told as http2" "$(jq -r 'select(.event_type == "flow" and
    .dest_port == 88) | .app_proto' "$TMP/run/eve.json" | sort -u)" http2
ina curl -s --http2-prior-knowledge -o /dev/null "$u:88/"
like "why sees their requests" "$(ctl why port 88)" '^4 http +[1-9][0-9]* requests .* ok$'
stop
finish
