#!/bin/sh
# netmonctl why finds the cause of an empty result, and show flows what fits.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need ip nginx curl ab python3 jq nft
net_up
nginx_up
WRAP="ip netns exec $NSA"

cat > "$TMP/tcp.py" <<'EOT'
# tcp.py ADDRESS PORT WHAT: sends a request, a TLS hello, or a byte now and
# then; holds until killed
import socket, ssl, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
what = sys.argv[3]
if what == "tls":
    hello = ssl.MemoryBIO()
    c = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="tls.test")
    try:
        c.do_handshake()
    except ssl.SSLWantReadError:
        s.sendall(hello.read())
elif what != "drip":
    s.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % what.encode())
    s.recv(1000)
print("there", flush=True)
while True:
    time.sleep(0.5)
    if what == "drip":
        s.sendall(b"x")
EOT
cat > "$TMP/mute.py" <<'EOT'
# takes connections and says nothing; ends each when its client does
import socketserver
class Mute(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(1000):
            pass
socketserver.ThreadingTCPServer.daemon_threads = True
s = socketserver.ThreadingTCPServer(("10.77.0.2", 8443), Mute)
print("there", flush=True)
s.serve_forever()
EOT
# Not ina and inb: $! shall be the program, not a shell around it.
ip netns exec $NSB python3 "$TMP/mute.py" > "$TMP/mute" &
at_exit "kill $!"
wait_for 5 grep -q there "$TMP/mute"
# hold PORT WHAT: a connection that stays until let_go
hold() {
	rm -f "$TMP/held"
	ip netns exec $NSA python3 "$TMP/tcp.py" "${TO:-10.77.0.2}" "$@" \
	    > "$TMP/held" &
	HELD=$!
	at_exit "kill $HELD 2> /dev/null"
	wait_for 5 grep -qs there "$TMP/held"
}
let_go() { kill $HELD; wait $HELD 2> /dev/null; }
get() { ina curl -s -m 3 -o /dev/null "http://10.77.0.2${1:-/}"; }
# says TEXT WORDS...: one line of why matches
says() { text=$1; shift; ctl why "$@" > "$TMP/why" 2>&1; grep -Eq -- "$text" "$TMP/why"; }
# because NAME TEXT WORDS...: why gets to say so
because() {
	name=$1; shift
	wait_for 5 says "$@" && ok "$name" || not_ok "$name" "$(cat "$TMP/why")"
}
# with NAME LINES...: a daemon with these lines, answered requests before
with() { conf "$@"; start; }

with
get
because "all is well" '^4 http +1 requests .* ok$'
is "and no cause is named" "$(grep -c cause$ "$TMP/why")" 0
because "another port has no connection" '^  none fits' port 81
because "nor another interface" 'there is no interface vaa here +cause$' \
    interface vaa
is "but one of another name" "$(grep -c '^  there are va, lo$' "$TMP/why")" 1
ctl why port http > "$TMP/out" 2>&1
is "a port is a number" $? 64
hold 80 held.test
flows() { json '[.flows[] | .client] | length' show flows "$@"; }
one() { [ "$(flows "$@")" = 1 ]; }
for f in "host held.test" "server 10.77.0.2" "server 10.77.0.2:80" \
    "client 10.77.0.1" "port 80" \
    "interface va" "state open" "server 10.77.0.2 state open port 80"; do
	wait_for 5 one $f && ok "show flows $f" || not_ok "show flows $f" "$(flows $f)"
done
for f in "host x.test" "server 10.77.0.1" "server 10.77.0.2:8" "client 10.77.0.2" "port 8" \
    "interface lo" "state half-open" "vlan 5"; do
	is "not show flows $f" "$(flows $f)" 0
done
ina curl -s -o /dev/null -H 'Host: short.test' http://10.77.0.2/
short() {
	[ "$(json '.flows[] | "\(.state) \(.proto) \(.host) \(.requests)"' \
	    show flows state closed host short.test)" = \
	    'closed http short.test 1' ]
}
wait_for 5 short && ok "a closed one has its host and its requests" ||
    not_ok "a closed one has its host and its requests" \
    "$(ctl show flows state closed)"
first=$HELD
hold 80 second.test
two() { [ "$(flows)" = 2 ]; }
wait_for 5 two
summed() {
	json '"\(.flows | length) \(.other[] | "\(.what) \(.items) \(.count)")"' \
	    show flows top 1
}
# what this host asks itself counts a moment later: it might be another's
counted() { [ "$(summed)" = "1 flows 1 1" ]; }
wait_for 5 counted
is "of more than are asked for the others are summed" "$(summed)" "1 flows 1 1"
like "in text, too" "$(ctl show flows top 1)" '^other 1 flows: 1'
is "and all are shown when they are few" \
    "$(json '.other | length' show flows)" 0
# 700 more, each with more bytes than the one before, in another order.
cat > "$TMP/many.py" <<'EOT'
import random, socket, time
held = []
sizes = list(range(1, 701))
random.Random(1).shuffle(sizes)
for n in sizes:
    s = socket.create_connection(("10.77.0.2", 80))
    s.sendall(b"GET /%s HTTP/1.1\r\nHost: many.test\r\n\r\n" % (b"x" * n))
    s.recv(65536)
    held.append(s)
print("there", flush=True)
time.sleep(600)
EOT
ip netns exec $NSA python3 "$TMP/many.py" > "$TMP/many" &
MANY=$!
at_exit "kill $MANY 2> /dev/null"
wait_for 20 grep -qs there "$TMP/many"
many() { [ "$(flows host many.test)" = 700 ]; }
wait_for 5 many
# by_bytes N: how many, whether in order, from first to last, and the others
by_bytes() {
	json '[.flows[] | .bytes_to_server + .bytes_to_client] as $b |
	    "\($b | length) \($b == ($b | sort | reverse)) \($b[0] - $b[-1])" +
	    " \([.other[] | "\(.items) \(.count)"] | join(" "))"' \
	    show flows by bytes host many.test top "$1"
}
is "those with the most bytes come first" "$(by_bytes 5)" "5 true 4 695 695"
is "or all of them" "$(by_bytes 1000)" "700 true 699 "
is "and the sum is right" "$(json '[.flows[], .other[] |
    .bytes_to_server + .bytes_to_client + .body_bytes] | add' \
    show flows by bytes host many.test top 9)" "$(json '[.flows[] |
    .bytes_to_server + .bytes_to_client] | add' show flows host many.test)"
kill $MANY
wait $MANY 2> /dev/null
wait_for 5 two
let_go
HELD=$first
wait_for 5 one && ok "a closed one is not live" || not_ok "a closed one is not live" "$(ctl show flows)"
let_go
passed() {
	[ "$(json '.interfaces[] | select(.name == "va") |
	    .in_bits_per_second > 0 and .out_bits_per_second > 0' \
	    show interfaces window "$1")" = true ]
}
for w in 1m 10m total; do
	wait_for 5 passed $w && ok "bits in and out are those of the window $w" ||
	    not_ok "no bits in the window $w" "$(ctl show interfaces window $w)"
done
stop

with
hold 8443 tls
because "TLS" '^4 http +0 requests: first bytes look like TLS.* cause$' port 8443
because "and that nobody answers it" '^  1 of these hellos have no answer yet' \
    port 8443
is "and says where its name is" "$(grep -c 'port 8443 carries TLS' "$TMP/why")" 1
let_go
stop

passed_any() { [ "$(json '.flows[0].bytes_to_server' show flows)" -gt 0 ]; }

# Short ones: at once, and when nobody knows the connection any more.
with
hold 8443 tls
let_go
closed() { [ "$(flows state closed)" = "$1" ]; }
wait_for 5 closed 1
because "TLS that has ended" '^4 http +0 requests: first bytes look like TLS' \
    port 8443
wait_for 10 closed 0
because "and that is over" '^4 http +0 requests: 1 times TLS began.* cause$'
is "and that its client went" "$(grep -c \
    '^  1 of 1 handshakes failed, most: client closed  *cause$' "$TMP/why")" 1
is "are the only causes" "$(grep -c cause$ "$TMP/why")" 2
stop

with
hold 8443 drip
wait_for 5 passed_any
let_go
wait_for 5 closed 1
wait_for 10 closed 0
because "another that is over" '^  those of these packets are over'
stop

with 'ignore path "/*"'
get
because "a rule about requests" '^  did a rule ignore them\?' port 80
hold 80 rule.test
because "that stay, too" '^  did a rule ignore them\?' port 80
let_go
stop

with 'window 1s' 'filter "tcp port 80"'
hold 80 idle.test
because "connections that idle" '^  1 connections are open here and say nothing'
let_go
stop

# The server of a plain port answers what it cannot read.
with
hold 80 tls
let_go
because "TLS to a plain port" '^4 http +0 requests: 1 answers whose .* cause$' \
    port 80
stop

with 'service http port 8080'
get
because "a port that service lines leave out" 'leave out all ports but 8080: add' port 80
stop

with 'filter "port 9"'
get
because "a filter" 'filter may leave all out: port 9'
because "not the interface, on which bytes pass" \
    'the kernel counts [0-9]+ bytes there: the filter or .* leave all out'
is "which is not called wrong" "$(grep -c 'right interface' "$TMP/why")" 0
lose analyzer
because "that nobody looked" '^  nobody looked for [0-9.]+ s of that'
stop

with 'interface "va"'
because "one that no line names" \
    '^  lo: no interface line of the configuration names it$' interface lo
stop
with 'no interface "l*"'
because "one that a line leaves out" \
    '^  lo: left out by the line no interface "l\*"$' interface lo
stop

with 'ignore from 10.77.0.1'
hold 80 ignored.test
because "an ignore rule" 'ignore rules .* leave them out.* cause$'
let_go
stop

# nginx is the shadow as well, so nothing but the mirror's own is on port 80.
with 'mirror "m" {' 'observe port 8443' 'forward to 10.77.0.2 port 80' '}'
hold 8443 own.test
because "a mirror's own connection" 'mirrors make them, .* not counted +cause$' \
    port 80
let_go
stop

with 'interface "va"' 'interface "nosuch0"'
because "an interface that is not there" '^  nosuch0 is in the configuration, but'
is "show interfaces has it too" "$(json '.interfaces[] |
    select(.name == "nosuch0") | .state' show interfaces)" gone
ip -n $NSA link set va down
because "one that is down" 'va: down'
is "is the cause" "$(sed -n 's/.* //;1p' "$TMP/why")" cause
ip -n $NSA link set va up
stop

hold 8443 drip
with
because "a connection older than netmond" 'all began before netmond looked.* cause$' port 8443
let_go
stop

with
ip -n $NSA neigh replace 10.77.0.9 lladdr 02:00:00:00:00:09 dev va
ina curl -s -m 1 http://10.77.0.9/ > /dev/null
because "a server that does not answer" 'none of them was answered.* cause$' port 80
ip netns exec $NSA python3 "$TMP/tcp.py" 10.77.0.2 8443 asked.test &
HELD=$!
because "a server that hangs" '1 requests have no answer yet.* hang\? +cause$' port 8443
let_go
ina curl -s -m 1 http://10.77.0.2:81/ > /dev/null
because "a server that refuses" '1 of 1 were refused.* cause$' port 81
is "and no other cause" "$(grep -c cause$ "$TMP/why")" 1
get
ina curl -s -m 1 http://10.77.0.2:81/ > /dev/null
because "beside others that do" '^  [0-9]+ of [0-9]+ were refused$'
because "or one that is silent" '^  1 of [0-9]+ have no answer to their SYN$'
wait_for 5 closed 0
because "also when these are over" '^4 http +[0-9]+ requests .* ok$'
stop

# A hop drops what is larger than its MTU, and nobody tells the sender.
with
ip netns exec $NSA nft -f - <<EOT
table ip hole {
	chain in {
		type filter hook input priority 0;
		tcp sport 80 ip length > 1400 drop
	}
}
EOT
ip netns exec $NSA curl -s -m 20 -o /dev/null http://10.77.0.2/big.txt &
HELD=$!
because "large segments that do not pass" \
    '^  1 of 1 send [0-9]{4} bytes at a time again .* MTU .*cause$' port 80
let_go
ina nft delete table ip hole
stop

# Frames are cut.
with 'interface "va" { snaplen 64 }'
get
because "cut frames" 'packets are cut by snaplen: raise it +cause$'
stop

# The server's part takes a way that is not watched.
with 'filter "dst port 80"'
hold 80 half.test
because "one direction" 'only one direction passes here.* cause$'
sleep 1.2	# what is asked that long ago hangs elsewhere
because "still" 'only one direction passes here.* cause$'
is "and not one that hangs" "$(grep -c cause$ "$TMP/why")" 1
let_go
stop

# A server that is about to answer, one that resets, and one whose answers
# pass elsewhere are none that hang.
cat > "$TMP/odd.py" <<'EOT'
# odd.py PORT: a body that does not end to /slow, a reset to all others
import socket, socketserver, struct, sys
class Odd(socketserver.BaseRequestHandler):
    def handle(self):
        if b"/slow" not in self.request.recv(1000):
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                struct.pack("ii", 1, 0))
            return
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
        self.request.recv(1000)
    def finish(self):
        self.request.close()
socketserver.ThreadingTCPServer.daemon_threads = True
s = socketserver.ThreadingTCPServer(("10.77.0.2", int(sys.argv[1])), Odd)
print("there", flush=True)
s.serve_forever()
EOT
ip netns exec $NSB python3 "$TMP/odd.py" 8444 > "$TMP/odd" &
at_exit "kill $!"
wait_for 5 grep -q there "$TMP/odd"
with
ina curl -s -m 60 -o /dev/null http://10.77.0.2:8444/slow &
HELD=$!
at_exit "kill $HELD 2> /dev/null"
because "an answer under way" '^4 http .*, and 1 requests are under way +ok$' \
    port 8444
let_go
stop
with
ina curl -s -o /dev/null http://10.77.0.2:8444/
because "a server that resets" '^  1 of 1 were reset just now +cause$' port 8444
stop

with
ina curl -s -o /dev/null http://10.77.0.2:8444/
because "and when it has" \
    '^  1 of them ended without an answer that was seen here +cause$' port 8444
stop
with 'stats { transactions 16K }'
ina ab -q -n 500 http://10.77.0.2/ > /dev/null
because "not all requests that are asked for are known" \
    '^4 http +at least [0-9]+ requests .* ok$' port 80
stop

with 'stats { transactions 0 }'
get
because "those that are not kept are counted" '^4 http +1 requests .* ok$'
because "and with words that is said" '^  requests that ended are not kept' \
    port 80
stop

# The server's part is lost behind what netmond sees.
deaf() { ip netns exec $NSA nft "$@"; }
deaf -f - <<'EOT'
table ip deaf {
	chain in {
		type filter hook input priority 0
		tcp sport 80 tcp flags & (syn | ack) == (syn | ack) drop
	}
}
EOT
with
ina curl -s -m 1 -o /dev/null http://10.77.0.2/
because "answers that no client hears" \
    'the server answered 1 of 1, and no client heard it.* cause$' port 80
deaf delete table ip deaf
stop

# In the middle of a body, which looks like any other protocol.
head -c 30000000 /dev/zero > "$TMP/www/long"
ina curl -s -o /dev/null --limit-rate 200k http://10.77.0.2/long &
HELD=$!
at_exit "kill $HELD 2> /dev/null"
wait_for 5 sh -c "ip netns exec $NSA ss -Htn dst 10.77.0.2:80 | grep -q ESTAB"
with
because "a body that is older than netmond" \
    'all began before netmond looked.* cause$' port 80
let_go
stop

# A gateway that sees nothing but IPsec.
with
wait_for 10 all_ready
ina python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
for seq in range(20):
    s.sendto(b"\0\0\1\1" + seq.to_bytes(4, "big") + bytes(64), ("10.77.0.2", 0))
'
because "IPsec: what is in it shows elsewhere" \
    '^  [0-9]+ of the packets are encrypted: .* on an xfrm or' port 9999
stop

# The same of MACsec, where only the interface below it is watched.
with
wait_for 10 all_ready
ina python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("va", 0))
for pn in range(1, 21):
    s.send(b"\xff" * 6 + b"\2" * 6 + b"\x88\xe5\x2c\0" +
        pn.to_bytes(4, "big") + bytes(64))
'
because "MACsec: what is in it shows elsewhere" \
    '^  20 of the packets are encrypted: .* a macsec interface' port 9999
stop

# What leaves without passing a socket, as hardware forwards: the kernel's own
# counters tell of it.
with
wait_for 10 all_ready
ina python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("va", 0))
frame = b"\xff" * 6 + b"\2" * 6 + b"\x08\0" + bytes(1400)
for i in range(200):
    s.send(frame)
'
sleep 1.5
is "offload: without it nothing is told" \
    "$(ctl show capture | grep -c 'came here')" 0
ina python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.setsockopt(263, 20, 1)	# PACKET_QDISC_BYPASS: no tap sees it
s.bind(("va", 0))
frame = b"\xff" * 6 + b"\2" * 6 + b"\x08\0" + bytes(1400)
for i in range(20000):
    s.send(frame)
'
hidden() { ctl show capture | grep -q 'va: the kernel counts .* came here'; }
wait_for 5 hidden && ok "offload: what passes unseen is told of" ||
    not_ok "offload: nothing is told" "$(ctl show capture)"
because "offload: why tells of it, too" \
    '^  va: the kernel counts [0-9]+ bytes in a minute, [0-9]+ of them came' \
    port 9999
stop

# A program of XDP, which may have packets that no socket ever sees. This one
# passes all.
with
wait_for 10 all_ready
if ina python3 -c '
import ctypes, platform, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
call = {"x86_64": 321, "i686": 357, "aarch64": 280}[platform.machine()]
code = ctypes.create_string_buffer(b"\xb7\0\0\0\2\0\0\0\x95" + bytes(7))
gpl = ctypes.create_string_buffer(b"GPL")
load = struct.pack("=IIQQIIQII", 6, 2, ctypes.addressof(code),
    ctypes.addressof(gpl), 0, 0, 0, 0, 0)
fd = libc.syscall(call, 5, ctypes.create_string_buffer(load), len(load))
if fd < 0:
    raise OSError(ctypes.get_errno(), "bpf")
xdp = struct.pack("=HHiHHI", 8, 1, fd, 8, 3, 2)
body = struct.pack("=BBHiII", 0, 0, 0, socket.if_nametoindex("va"), 0, 0)
body += struct.pack("=HH", 4 + len(xdp), 43 | 0x8000) + xdp
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.send(struct.pack("=IHHII", 16 + len(body), 19, 5, 1, 0) + body)
err = struct.unpack("=i", s.recv(4096)[16:20])[0]
if err != 0:
    raise OSError(-err, "attach")
' 2> "$TMP/err"; then
	because "XDP: what its program takes is told of" \
	    '^  va: what its XDP program drops or sends on is not seen' port 9999
else
	skip "XDP: $(tail -1 "$TMP/err")"
fi
stop
ina ip link set va xdpgeneric off

# A router that translates: each connection passes two interfaces, and netmond
# finds it first on either of them.
R=nmt$$r
ip netns add $R && at_exit "ip netns del $R"
for n in "$NSA 1" "$NSB 2"; do
	ip link add r${n#* } netns $R type veth peer name f${n#* } \
	    netns ${n% *}
	ip -n $R addr add 10.${n#* }.0.1/24 dev r${n#* }
	ip -n ${n% *} addr add 10.${n#* }.0.2/24 dev f${n#* }
	ip -n $R link set r${n#* } up
	ip -n ${n% *} link set f${n#* } up
done
ip netns exec $R sysctl -qw net.ipv4.ip_forward=1
ip netns exec $R nft -f - <<'EOT'
table ip nat {
	chain pre {
		type nat hook prerouting priority -100
		ip daddr 10.1.0.1 tcp dport 8080 dnat to 10.2.0.2:80
	}
	chain post {
		type nat hook postrouting priority 100
		oifname "r2" masquerade
	}
}
EOT
WRAP="ip netns exec $R"
with
TO=10.1.0.1 hold 8080 nat.test
for f in "interface r1" "interface r2" "port 80" "port 8080" \
    "server 10.1.0.1 client 10.1.0.2" "server 10.2.0.2 client 10.2.0.1" \
    "interface r2 port 80"; do
	wait_for 5 one $f && ok "translated: show flows $f" ||
	    not_ok "translated: show flows $f" "$(ctl show flows)"
	case $f in server*) continue ;; esac
	because "translated: why $f" '^4 http +1 requests .* ok$' $f
done
is "but no place with the port of another" \
    "$(flows interface r2 port 8080)" 0
let_go
stop
finish
