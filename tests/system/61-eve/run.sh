#!/bin/sh
# Event lines without extras are EVE: names, types and times are those of
# Suricata's schema, whatever strangers send.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab curl jq ip python3

EVE=$TMP/run/eve.json
net_up
nginx_up
conf 'window 1s' 'interface "vb"' 'privacy { query full }' \
    'alert "busy" when requests > 10 over 1s severity warning' \
    "log events \"$EVE\" format eve {" \
    'types { http tls flow alert stats anomaly }, extras no' '}'
WRAP="ip netns exec $NSB"
start
ina ab -q -k -n 2000 -c 8 'http://10.77.0.2/dir/page.html?a=1' > /dev/null 2>&1
ina curl -s -o /dev/null -A 'a "quoted" \ agent' -e 'http://x/' http://10.77.0.2/
# A hello of TLS, and hundreds of requests of any bytes.
ina python3 - <<'EOT'
import random, socket, ssl
random.seed(5)
def talk(*parts):
    s = socket.create_connection(("10.77.0.2", 80))
    s.settimeout(2)
    try:
        for p in parts:
            s.sendall(p)
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536): pass
    except OSError: pass
    s.close()
def noise(n):
    return bytes(random.choice((random.randrange(256), *b'"\\{}\xff\xc3\xa9\xe2\x82'))
                 for _ in range(n)).replace(b"\n", b"").replace(b"\r", b"")
for i in range(400):
    talk(b"GET /" + noise(30).replace(b" ", b"") + b" HTTP/1.1\r\nHost: " + noise(12) +
         b"\r\nUser-Agent: " + noise(40) + b"\r\nReferer: " + noise(20) + b"\r\n\r\n")
for bad in (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET  / HTTP/1.1\nHost: a\nHost: b\n\n"):
    talk(bad)
c = ssl.create_default_context()
c.set_alpn_protocols(["h2", 'a"b\\'])
i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
t = c.wrap_bio(i, o, server_hostname="name.example")
try: t.do_handshake()
except ssl.SSLWantReadError: pass
talk(o.read())
EOT
# A server that speaks TLS 1.2 at most, greeted twice by a client that offers
# 1.3, and takes its session up again; then by one that says no name.
inb python3 - <<'EOT' &
import socket, ssl
srv = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
srv.maximum_version = ssl.TLSVersion.TLSv1_2
srv.set_ciphers("AECDH:@SECLEVEL=0")
l = socket.create_server(("10.77.0.2", 443))
for i in range(3):
    s = srv.wrap_socket(l.accept()[0], server_side=True)
    s.sendall(s.recv(10))
    s.close()
EOT
server=$!
ina python3 - <<'EOT'
import socket, ssl, time
c = ssl.create_default_context()
c.check_hostname = False
c.verify_mode = ssl.CERT_NONE
c.set_ciphers("AECDH:@SECLEVEL=0")
old = None
for i in range(3):
    for attempt in range(100):
        try: s = socket.create_connection(("10.77.0.2", 443)); break
        except ConnectionRefusedError: time.sleep(0.1)
    s = c.wrap_socket(s, server_hostname="twice.example" if i < 2 else None,
        session=old if i < 2 else None)
    s.sendall(b"hi")
    s.recv(10)
    old = s.session
    s.close()
EOT
wait $server
inb python3 - <<'EOT' &
import socket
l = socket.create_server(("10.77.0.2", 8200))
for i in range(3):
    c = l.accept()[0]
    ask = c.recv(1000)
    if b"Upgrade" in ask:
        c.sendall(b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n")
    elif b"CONNECT" in ask:
        c.sendall(b"HTTP/1.1 200 Go\r\n\r\n")
    else:
        c.sendall(b"\0\0\0\4\0\0\0\0\0")
    while c.recv(1000):
        pass
EOT
server=$!
ina python3 - <<'EOT'
import socket, time
for ask in (b"GET /ws HTTP/1.1\r\nHost: ws\r\nUpgrade: websocket\r\n\r\n",
            b"CONNECT in.example:22 HTTP/1.1\r\nHost: in.example\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"):
    for attempt in range(100):
        try: s = socket.create_connection(("10.77.0.2", 8200)); break
        except ConnectionRefusedError: time.sleep(0.1)
    s.sendall(ask)
    s.recv(1000)
    s.sendall(b"\x81\x80something else")
    s.close()
EOT
wait $server
sleep 2.5
is "who says no name has a version too" "$(json '.names[] |
    select(.name == "(no name)") | "\(.connections) \(.version)"' show names \
    window total)" '1 TLS 1.2'
stop
out=$(python3 "$TOP/tests/lib/eve_check.py" "$EVE")
is "each line is EVE: $out" $? 0
like "of each type" "$out" ': alert anomaly flow http stats tls$'
at_least "as many as requests" "$(grep -c '"event_type":"http"' "$EVE")" 2300
tls() { jq -r "select(.tls.sni == \"$1\") | .tls |
    \"\(.version) \(.session_resumed)\"" "$EVE" | xargs; }
is "version and resumption are what the server chose" \
    "$(tls twice.example)" 'TLS 1.2 null TLS 1.2 true'
is "a handshake that nobody answered says so" "$(tls name.example)" \
    'UNDETERMINED null'
is "what HTTP led to has a protocol" "$(jq -r 'select(.dest_port == 8200 and
    .event_type == "flow") | .app_proto // empty' "$EVE" | sort | xargs)" \
    'http http2 websocket'
# The check finds what is wrong.
head -1 "$EVE" > "$TMP/one"
i=0
for change in 's/+0000"/Z"/' 's/"event_type"/"event"/' 's/^{/{"host":1,/' \
    's/}$/,"netmond":{}}/' 's/"timestamp":"/"timestamp":"x/'; do
	sed "$change" "$TMP/one" > "$TMP/changed"
	python3 "$TOP/tests/lib/eve_check.py" "$TMP/changed" > /dev/null ||
	    i=$((i + 1))
done
is "and a line with a fault is found" $i 5
finish
