#!/bin/sh
# Servers and proxies as they are installed, asked in odd ways: each request,
# its connection, status and bytes of body, and what each TLS handshake came
# to, are in netmond's event log as in theirs; those that fail say how, and
# certificates whether they are for the name. The access log is nginx's own.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx lighttpd haproxy openssl curl ab jq ip python3

net_up
W=$TMP/www
mkdir -p "$W" "$TMP/tmp"
echo hello > "$W/index.html"
head -c 20000 /dev/zero | tr '\0' x > "$W/big.txt"
cp "$W/index.html" "$W/a b.txt"
chmod -R a+rX "$W"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tls.example \
    -keyout "$TMP/key" -out "$TMP/cert" 2> /dev/null

# ports: 80 nginx, 81 behind the PROXY protocol, 443 and 444 the same in TLS,
# 82 lighttpd, 90 haproxy in front of 81 and 444
cat > "$TMP/nginx.conf" <<EOT
pid $TMP/nginx.pid;
error_log $TMP/nginx-error.log crit;
worker_processes 1;
user root;
daemon on;
events { worker_connections 512; }
http {
	log_format t '\$server_port \$remote_port \$request_method '
	    '\$request_uri \$status \$body_bytes_sent';
	log_format tls '\$server_port \$remote_port \$ssl_server_name '
	    '\$ssl_protocol \$ssl_session_reused';
	client_body_temp_path $TMP/tmp;
	proxy_temp_path $TMP/tmp;
	fastcgi_temp_path $TMP/tmp;
	uwsgi_temp_path $TMP/tmp;
	scgi_temp_path $TMP/tmp;
	ssl_certificate $TMP/cert;
	ssl_certificate_key $TMP/key;
	ssl_protocols TLSv1.2 TLSv1.3;
	ssl_session_cache shared:s:1m;
	root $W;
	server {
		listen 80;
		listen [::]:80;
		access_log $TMP/nginx.log t;
		access_log $TMP/combined.log combined;
		location /moved { return 302 /index.html; }
		location /none { return 204; }
		location /gone { return 410 "it is gone"; }
	}
	server {
		listen 81 proxy_protocol;
		access_log $TMP/nginx.log t;
	}
	server {
		listen 446 ssl;
		ssl_protocols TLSv1.2;
		ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;
	}
	server {
		listen 447 ssl;
		ssl_reject_handshake on;
	}
	server {
		listen 443 ssl;
		listen 444 ssl proxy_protocol;
		access_log $TMP/tls.log tls;
	}
}
EOT
cat > "$TMP/lighttpd.conf" <<EOT
server.document-root = "$W"
server.port = 82
server.modules = ("mod_accesslog", "mod_redirect")
server.pid-file = "$TMP/lighttpd.pid"
server.errorlog = "$TMP/lighttpd-error.log"
accesslog.filename = "$TMP/lighttpd.log"
accesslog.format = "82 %{remote}p %r %>s %B"
url.redirect = ("^/moved" => "/index.html")
EOT
cat > "$TMP/haproxy.cfg" <<EOT
global
	nbthread 1	# of two that write to one log, one line is lost
	log stdout format raw local0
defaults
	option http-ignore-probes	# ab closes some that it did not use
	option dontlognull
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
	http-reuse always
frontend f
	bind :90
	log global
	log-format "90 %cp %HM %HU %ST"
	use_backend v1 if { path_beg /v1 }
	use_backend tls if { path_beg /tls }
	default_backend v2
backend v1
	server a 127.0.0.1:81 send-proxy
backend v2
	server a 127.0.0.1:81 send-proxy-v2
backend tls
	server a 127.0.0.1:444 send-proxy-v2 ssl verify none sni str(back.example)
EOT
inb nginx -c "$TMP/nginx.conf" || { not_ok "nginx did not start"; finish; }
at_exit "kill \$(cat $TMP/nginx.pid)"
inb lighttpd -D -f "$TMP/lighttpd.conf" > "$TMP/lighttpd.out" 2>&1 &
inb haproxy -db -f "$TMP/haproxy.cfg" > "$TMP/haproxy.log" 2>&1 &
listening() { [ "$(inb ss -Hltn "( sport = :82 or sport = :90 )" | wc -l)" -ge 2 ]; }
wait_for 10 listening || { not_ok "a server did not start"; finish; }

conf 'interface "vb"' 'interface "lo"' 'privacy { query full }' \
    "log events \"$TMP/run/eve.json\" { types { http tls } }" \
    "log access \"$TMP/run/access.log\""
WRAP="ip netns exec $NSB"
start

c() { ina curl -s -m 20 "$@" >> "$TMP/curl.out"; }
for p in 80 82 90; do
	u=http://10.77.0.2:$p
	c $u/ $u/index.html $u/big.txt $u/nothing/here
	c -I $u/big.txt $u/index.html $u/moved
	c -r 0-99 $u/big.txt
	c -r 0-9,100-199,19000- $u/big.txt
	c -r 999999- $u/index.html
	c -0 $u/index.html
	c -L $u/moved
	c -H 'If-None-Match: *' -z 2035-01-01 $u/index.html $u/big.txt
	c -X OPTIONS $u/index.html
	c -X PROPFIND $u/
	c -X DELETE $u/index.html
	c -H Expect: -d @"$W/big.txt" $u/index.html $u/index.html
	c -H Expect: -T "$W/big.txt" $u/put
	c "$u/a%20b.txt?x=1&y=%22" "$u/none?" $u/gone
	c -A 'An "agent"' -e "$u/from?a=b" -u me:secret $u/index.html
	# three at once, answered in order
	ina python3 - $p <<'EOT'
import socket, sys
s = socket.create_connection(("10.77.0.2", int(sys.argv[1])))
g = b"%s /%s HTTP/1.1\r\nHost: piped.example\r\nConnection: %s\r\n\r\n"
s.sendall(g % (b"GET", b"index.html", b"keep-alive") +
          g % (b"HEAD", b"big.txt", b"keep-alive") +
          g % (b"GET", b"big.txt", b"close"))
while s.recv(65536):
    pass
EOT
	ina ab -q -n 200 -c 4 $u/index.html > "$TMP/ab" 2>&1
	ina ab -q -k -n 200 -c 4 $u/big.txt >> "$TMP/ab" 2>&1
done
u=http://10.77.0.2:90
c $u/v1/x $u/v1/y $u/tls/x $u/v1/z $u/x $u/tls/y
for v in 1.2 1.3; do
	c -k --tlsv$v --tls-max $v --resolve curl$v.example:443:10.77.0.2 \
	    https://curl$v.example/index.html https://curl$v.example/big.txt
	for again in out in; do
		printf 'HEAD / HTTP/1.0\r\n\r\n' | ina timeout 10 openssl \
		    s_client -connect 10.77.0.2:443 -tls1_${v#*.} -ign_eof \
		    -servername again$v.example -sess_$again "$TMP/sess$v" \
		    > "$TMP/s_client" 2>&1
	done
done
c -k https://10.77.0.2/index.html

lighttpd=$(cat "$TMP/lighttpd.pid")
kill $lighttpd		# it writes the rest of its log
wait_for 10 sh -c "! kill -0 $lighttpd"
# "SERVER-PORT CLIENT-PORT METHOD URI STATUS BYTES"
sed 's/"//g' "$TMP/lighttpd.log" | awk '{ print $1, $2, $3, $4, $6, $7 }' |
    sort - "$TMP/nginx.log" > "$TMP/want"
said() {
	jq -r "select(.event_type == \"http\" and .dest_port $1) |
	    \"\(.dest_port) \(.src_port) \(.http.http_method) \(.http.url)\" +
	    \" \(.http.status)$2\"" "$TMP/run/eve.json" | sort
}
all_said() {
	[ "$(said '<= 90' | wc -l)" -ge $(($(wc -l < "$TMP/want") +
	    $(grep -c '^90 ' "$TMP/haproxy.log"))) ]
}
wait_for 10 all_said
at_least "the load arrived" "$(wc -l < "$TMP/want")" 1000
said '< 90' ' \(.http.length)' > "$TMP/got"
is "nginx and lighttpd said the same" \
    "$(diff "$TMP/want" "$TMP/got" | head -10)" ""
said '== 90' > "$TMP/got"
is "haproxy said the same" "$(grep '^90 ' "$TMP/haproxy.log" | sort |
    diff - "$TMP/got" | head -10)" ""
is "nobody is unpaired" "$(json '.summary |
    "\(.unpaired_requests) \(.unpaired_responses)"' \
    show summary window total)" "0 0"
is "clients have all handshakes, too" "$(json '[.clients[].tls_connections] |
    add' show clients window total)" "$(sort -u "$TMP/tls.log" | wc -l)"
at_least "and what went in them" "$(json '[.clients[].tls_bytes] | add' \
    show clients window total)" 40000
stop
is "ended as asked" "$status" 0

# nginx writes \x22 for a quote, 0 for no body, and who had logged in.
sed 's/\\x22/\\"/g; s/^\([^ ]*\) - me /\1 - - /; s/" \([0-9]*\) 0 "/" \1 - "/;
    s/\[[^]]*\]//' "$TMP/combined.log" | sort > "$TMP/want"
sed 's/\[[^]]*\]//' "$TMP/run/access.log" | sort > "$TMP/got"
is "each line of nginx's access log is in ours" \
    "$(comm -23 "$TMP/want" "$TMP/got" | head -10)" ""

# "SERVER-PORT CLIENT-PORT NAME VERSION RESUMED"
sort -u "$TMP/tls.log" | sed 's/TLSv/TLS_/; s/ r$/ true/; s/ \.$/ false/' |
    awk '!seen[$1 " " $2]++' > "$TMP/want"
jq -r 'select(.event_type == "tls") | "\(.dest_port) \(.src_port) " +
    "\(.tls.sni // "-") \(.tls.version | sub(" "; "_")) " +
    "\(.tls.session_resumed // false)"' "$TMP/run/eve.json" | sort > "$TMP/got"
at_least "handshakes arrived" "$(wc -l < "$TMP/want")" 8
is "nginx said the same of TLS" "$(diff "$TMP/want" "$TMP/got" | head -10)" ""
is "each handshake was seen whole" "$(jq -r 'select(.event_type == "tls") |
    .netmond.complete' "$TMP/run/eve.json" | sort -u)" true

# ---- handshakes that fail: each is told as its server and its client saw it
cat > "$TMP/odd.py" <<'EOT'
# odd.py: ends a connection with a reset (1001) or a FIN (1002) when it has
# read a hello
import socket, struct, threading
def serve(port, reset):
    s = socket.create_server(("10.77.0.2", port))
    while True:
        c = s.accept()[0]
        c.recv(65536)
        if reset:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
        c.close()
for t in (1001, True), (1002, False):
    threading.Thread(target=serve, args=t, daemon=True).start()
print("there", flush=True)
threading.Event().wait()
EOT
ip netns exec $NSB python3 "$TMP/odd.py" > "$TMP/odd" &
at_exit "kill $!"
for v in 2 3; do	# who comes without a certificate is refused
	ip netns exec $NSB openssl s_server -accept 45$v -cert "$TMP/cert" \
	    -key "$TMP/key" -tls1_$v -Verify 1 -quiet -www \
	    > "$TMP/s_server$v" 2>&1 &
	at_exit "kill $!"
done
listening() {
	[ "$(inb ss -Hltn | grep -Ec ':(452|453|1001|1002) ')" -eq 4 ]
}
wait_for 10 listening || not_ok "a server did not start"
rm "$TMP/run/eve.json"
start
h() { p=$1; shift; c "$@" "https://10.77.0.2:$p/"; }
h 446 -k --tlsv1.3				# it speaks 1.2 only
h 446 -k --tls-max 1.2 --ciphers AES128-SHA	# it has another cipher
c -k --resolve no.example:447:10.77.0.2 https://no.example:447/
h 443 --tls-max 1.2				# whose certificate is unknown
h 443 --tlsv1.3
h 452 -k --tls-max 1.2
h 453 -k --tlsv1.3
h 1001 -k
h 1002 -k
h 80 -k
h 443 -k					# and one that does not fail
fails() {
	jq -r 'select(.event_type == "tls") |
	    "\(.dest_port) \(.netmond.failure // "-")"' \
	    "$TMP/run/eve.json" | sort
}
sort > "$TMP/want" <<'EOT'
446 server alert 70 protocol version
446 server alert 40 handshake failure
447 server alert 112 unrecognized name
443 client alert 48 unknown ca
443 client alert 48 unknown ca
452 server alert 40 handshake failure
453 -
1001 server reset
1002 server closed
80 server speaks no tls
443 -
EOT
all_told() { [ "$(fails | wc -l)" -ge 11 ]; }
wait_for 10 all_told
fails > "$TMP/got"
is "each handshake that failed says how" "$(diff "$TMP/want" "$TMP/got")" ""
like "and so does the table of names" "$(ctl show names window total)" \
    '^no.example +1 .* 1 +- +-'
is "those with the most failed come first, when asked for" "$(json \
    '[.names[].failed] | . == (sort | reverse) and .[0] > 0' \
    show names by errors window total)" true
is "or those with the most bytes" "$(json \
    '[.names[].bytes] | . == (sort | reverse) and .[0] > 0' \
    show names by bytes window total)" true
is "with each reason" "$(json '[.names[].reasons[] | select(.reason |
    startswith("server alert")) | .count] | add' show names window total)" 4
counted() {
	h 1001 -k
	ctl why port 1001 | grep -Eq \
	    '^  ([0-9]+) of \1 handshakes failed, most: server reset +cause$'
}
is "and so do the metrics" "$(ctl show metrics |
    awk '/^netmond_tls_(failed|alert)/ { print $2 }' | xargs)" "9 2 4"
wait_for 10 counted && ok "why counts them" ||
    not_ok "why counts them" "$(ctl why port 1001)"
stop

# ---- what certificates say of the names that clients claim
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a.example \
    -addext "subjectAltName=DNS:b.example,DNS:*.c.example" \
    -keyout "$TMP/key5" -out "$TMP/cert5" 2> /dev/null
openssl req -new -newkey rsa:2048 -nodes -subj /CN=old.example \
    -keyout "$TMP/key6" -out "$TMP/req6" 2> /dev/null
openssl x509 -req -in "$TMP/req6" -signkey "$TMP/key6" -days -1 \
    -out "$TMP/cert6" 2> /dev/null
for p in 5 6; do
	ip netns exec $NSB openssl s_server -accept 45$p -cert "$TMP/cert$p" \
	    -key "$TMP/key$p" -quiet -www > "$TMP/s_server$p" 2>&1 &
	at_exit "kill $!"
done
listening() { [ "$(inb ss -Hltn | grep -Ec ':(455|456) ')" -eq 2 ]; }
wait_for 10 listening || not_ok "a server did not start"
rm "$TMP/run/eve.json"
start
n() { c --resolve "$1:$2:10.77.0.2" "https://$1:$2/" -k --tls-max "$3"; }
n b.example 455 1.2
n x.c.example 455 1.2
n a.example 455 1.2		# there are other names than the common one
n c.example 455 1.2
n old.example 456 1.2
n b.example 456 1.2
n tls.example 443 1.2		# nginx's has only the common name
n b.example 455 1.3		# encrypted
h 455 -k --tls-max 1.2		# who claims none cannot be wrong
c --resolve b.example:455:10.77.0.2 https://b.example:455/ --tls-max 1.2
says() {
	jq -r 'select(.event_type == "tls") | "\(.dest_port) " +
	    "\(.tls.sni // "-") \(.netmond.certificate // "-")"' \
	    "$TMP/run/eve.json" 2> /dev/null | sort
}
sort > "$TMP/want" <<'EOT'
455 b.example for this name
455 x.c.example for this name
455 a.example for other names
455 c.example for other names
456 old.example expired
456 b.example for other names
443 tls.example for this name
455 b.example -
455 - -
455 b.example -
EOT
all_said() { [ "$(says | wc -l)" -ge 10 ]; }
wait_for 10 all_said
says > "$TMP/got"
is "each certificate is read as it was shown" \
    "$(diff "$TMP/want" "$TMP/got")" ""
is "and counts beside its name" "$(json '.names[] |
    select(.name == "b.example") | .connections, (.certificates[] |
    "\(.certificate) \(.count)")' show names window total | xargs)" \
    "4 for this name 1 for other names 1"
like "why tells what is wrong with it" "$(ctl why port 456)" \
    '^  1 of 2 certificates are expired'
like "and so do the flows" "$(json '.flows[].certificate' show flows \
    state closed port 456)" '^expired$'
is "and the metrics" "$(ctl show metrics |
    awk '/^netmond_tls_cert/ { print $2 }' | xargs)" "3 3 1 0"
stop
finish
