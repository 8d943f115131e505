#!/bin/sh
# netmond on a box that forwards: a connection seen on several interfaces,
# over a bridge or on both sides of a translation counts once. All
# interfaces of the box are watched. REQUESTS sets the size of each run.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx h2load ab jq ip nft python3
: "${REQUESTS:=4000}"

clients() {
	json '.clients[] | "\(.client) \(.requests)"' show clients \
	    window total | sort | xargs
}
# measure NAME URL [once [LOAD]]: load from A, counts from R against the log of
# the server; INSIDE is the one client of all, if that is to be looked at
measure() {
	conf ${WATCH:+"$WATCH"}
	WRAP="ip netns exec $R"
	start
	: > "$TMP/access.log"
	ina h2load --h1 -n $((REQUESTS - 500)) -c 10 "$2/index.html" > /dev/null 2>&1
	ina ab -q -n 500 -c 5 -H 'Host: b.example' "$2/moved" > /dev/null 2>&1
	n=$(log_lines)
	at_least "$1: the load arrived" "$n" "${4:-$REQUESTS}"
	wait_for 10 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show summary window total | jq .summary.responses)\" -ge $n ]"
	sleep 0.3
	is "$1: requests and responses equal the log" \
	    "$(json '.summary | "\(.requests) \(.responses)"' show summary window total)" "$n $n"
	is "$1: hosts equal the log" \
	    "$(json '.hosts[] | "\(.host) \(.requests)"' show hosts top 1000 window total | sort)" \
	    "$(awk '{ c[tolower($3)]++ } END { for (s in c) print s, c[s] }' "$TMP/access.log" | sort)"
	[ -z "${INSIDE:-}" ] ||
	    is "$1: all are of the client inside" "$(clients)" "$INSIDE $n"
	is "$1: no other sighting is taken for sent again" \
	    "$(json '.summary.retransmit_ratio | type == "number" and . < 0.02' show summary window total)" true
	[ "${3:-}" = once ] ||
	    at_least "$1: the other sighting is counted" \
	    "$(json .summary.seen_again show summary window total)" "$n"
	stop
	kill "$(cat "$TMP/nginx.pid")"
	wait_for 3 sh -c "! kill -0 $(cat "$TMP/nginx.pid")"
}

# joined NAME ADDR: connections that are older than netmond
cat > "$TMP/older.py" <<'EOT'
import http.client, sys
cs = [http.client.HTTPConnection(sys.argv[1]) for i in range(10)]
def ask():
    for c in cs:
        c.request("GET", "/index.html")
        c.getresponse().read()
ask()
print("open", flush=True)
sys.stdin.readline()
for i in range(20):
    ask()
EOT
joined() {
	mkfifo "$TMP/go"
	ina python3 "$TMP/older.py" "$2" < "$TMP/go" > "$TMP/older" &
	older=$!
	exec 4> "$TMP/go"
	wait_for 5 grep -q open "$TMP/older"
	conf
	WRAP="ip netns exec $R"
	start
	echo go >&4
	exec 4>&-
	wait $older
	wait_for 5 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show summary window total | jq .summary.responses)\" -ge 200 ]"
	sleep 0.3
	is "$1: connections that were there before count once" \
	    "$(json '.summary | "\(.requests) \(.responses) \(.connections)"' show summary window total)" "200 200 10"
	stop
}

fresh
wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
ip -n $NSA route add default via 10.1.0.1
ip -n $NSB route add default via 10.2.0.1
nginx_up
measure forwarding http://10.2.0.2

fresh
wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
ip -n $NSA route add default via 10.1.0.1
nat 'post oifname r1 masquerade'
nginx_up
joined masquerade 10.2.0.2
INSIDE=10.1.0.2
measure masquerade http://10.2.0.2

# The first ones: nothing was learned yet of who translates. Each daemon reads
# its interfaces in another order, so some read the outer one first.
cat > "$TMP/relay.py" <<'EOT'
import socket
l = socket.create_server(("10.1.0.1", 8080))
print("up", flush=True)
c = l.accept()[0]
s = socket.create_connection(("10.2.0.2", 80))
s.sendall(c.recv(65536))
while d := s.recv(65536):
    c.sendall(d)
EOT
# burst NAME: connections all at once
burst() {
	ina h2load --h1 -n 40 -c 40 http://10.2.0.2/index.html > /dev/null 2>&1
	asked=$((asked + 40))
	wait_for 10 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show summary window total | jq .summary.responses)\" -ge $asked ]"
	is "masquerade, $1: they are the client's, none the router's" \
	    "$(clients)" "10.1.0.2 $asked"
}
fresh
wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
ip -n $NSA route add default via 10.1.0.1
ip -n $NSB route add 10.9.0.1 via 10.2.0.1
nat 'post oifname r1 ip saddr 10.1.0.2 masquerade'
nginx_up
conf
WRAP="ip netns exec $R"
asked=0
start
burst "the first connections"
lose analyzer
burst "of a new analyzer"
lose capture
lose analyzer
burst "of a new capture, told anew"
inr nft flush chain ip nat post
inr nft add rule ip nat post oifname r1 ip saddr 10.1.0.2 snat to 10.9.0.1
inr ip addr add 10.9.0.1/32 dev lo
burst "an address that came later, of another interface"
# What a router says itself, for somebody or not, is its own.
inr python3 "$TMP/relay.py" > "$TMP/relay" &
at_exit "kill $!"
wait_for 5 grep -q up "$TMP/relay"
inr curl -s -o /dev/null http://10.2.0.2/index.html
ina curl -s -o /dev/null -H 'Connection: close' http://10.1.0.1:8080/
wait_for 5 sh -c "[ \"\$('$BUILD/netmonctl' -s '$SOCK' -j show summary window total | jq .summary.responses)\" -ge $((asked + 3)) ]"
is "masquerade: what the router asks is its own, and what it relays are two" \
    "$(clients) $(json .summary.connections show summary window total)" \
    "10.1.0.2 $((asked + 1)) 10.2.0.1 2 $((asked + 3))"
stop
kill "$(cat "$TMP/nginx.pid")"
wait_for 3 sh -c "! kill -0 $(cat "$TMP/nginx.pid")"

# the answers leave by another interface than the questions come by
fresh
wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
wire $NSA a1 10.3.0.2/24 $R r2 10.3.0.1/24
wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
ip -n $NSA route add default via 10.1.0.1
inr ip rule add from 10.2.0.2 lookup 50
inr ip route add 10.1.0.2/32 via 10.3.0.2 table 50
for x in "$NSA all" "$NSA a1" "$R all" "$R r1"; do
	ip netns exec ${x% *} sysctl -qw net.ipv4.conf.${x#* }.rp_filter=0
done
nat 'post oifname r1 masquerade'
nginx_up
measure "masquerade, answers by another interface" http://10.2.0.2

fresh
wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
ip -n $NSB route add default via 10.2.0.1
nat 'pre ip daddr 10.1.0.1 tcp dport 80 dnat to 10.2.0.2'
nginx_up
measure "destination NAT" http://10.1.0.1

# A SYN proxy: the server's sequence numbers are others on either side.
syn_proxy() {
	inr sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
	inr nft -f - <<-'EOT'
	table ip syn {
		chain raw {
			type filter hook prerouting priority -300
			tcp dport 80 tcp flags & (syn | ack) == syn notrack
		}
		chain proxy {
			type filter hook forward priority 0
			ct state invalid,untracked tcp dport 80 synproxy mss 1460 wscale 7 timestamp sack-perm
			ct state invalid drop
		}
	}
	EOT
}
for name in "SYN proxy" "SYN proxy and masquerade"; do
	fresh
	wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
	wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
	ip -n $NSA route add default via 10.1.0.1
	ip -n $NSB route add default via 10.2.0.1
	[ "$name" = "SYN proxy" ] || nat 'post oifname r1 masquerade'
	if syn_proxy 2> "$TMP/nft"; then
		nginx_up
		# ab gives up at the first one that the proxy resets.
		measure "$name" http://10.2.0.2 "" $((REQUESTS - 500))
	else
		skip "$name: this kernel has no SYN proxy"
	fi
done

# A router with one leg: in and out by the same interface, a hop apart.
fresh
ip -n $NSB link add br0 type bridge
ip -n $NSB addr add 10.2.0.2/24 dev br0
ip -n $NSB link set br0 up
wire $NSA a0 10.1.0.2/24 $NSB b0 ""
wire $R r0 10.1.0.1/24 $NSB b1 ""
ip -n $NSB link set b0 master br0
ip -n $NSB link set b1 master br0
inr ip addr add 10.2.0.1/24 dev r0
inr sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.r0.send_redirects=0
ip -n $NSA route add default via 10.1.0.1
ip -n $NSB route add default via 10.2.0.1
nginx_up
measure "router with one leg" http://10.2.0.2

# Client and server translated: no address is the same on both sides.
fresh
wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
nat 'pre ip daddr 10.1.0.1 tcp dport 80 dnat to 10.2.0.2' \
    'post oifname r1 masquerade'
nginx_up
measure "source and destination NAT" http://10.1.0.1

# Hairpin: both ends behind one interface, translated both ways.
fresh
inr ip link add br0 type bridge
inr ip link set br0 up
inr ip addr add 10.1.0.1/24 dev br0
wire $NSA a0 10.1.0.2/24 $R r0 ""
wire $NSB b0 10.1.0.3/24 $R r1 ""
inr ip link set r0 master br0
inr ip link set r1 master br0
nat 'pre ip daddr 10.1.0.1 tcp dport 80 dnat to 10.1.0.3' \
    'post ip daddr 10.1.0.3 tcp dport 80 masquerade'
nginx_up
measure hairpin http://10.1.0.1
INSIDE=

fresh
inr ip link add br0 type bridge
inr ip link set br0 up
wire $NSA a0 10.1.0.2/24 $R r0 ""
wire $NSB b0 10.1.0.3/24 $R r1 ""
inr ip link set r0 master br0
inr ip link set r1 master br0
nginx_up
measure "bridge with ports" http://10.1.0.3 once

# Two networks with the same addresses: the same ports at the same time.
fresh
for n in c d; do
	ip netns add nmt$$$n
	at_exit "ip netns pids nmt$$$n | xargs -r kill -9; ip netns del nmt$$$n"
done
wire $NSA a0 10.1.0.2/24 $R r0 ""
wire $NSB b0 10.1.0.3/24 $R r1 ""
wire nmt$$c a0 10.1.0.2/24 $R r2 ""
wire nmt$$d b0 10.1.0.3/24 $R r3 ""
for b in 0 2; do
	inr ip link add br$b type bridge
	inr ip link set br$b up
	inr ip link set r$b master br$b
	inr ip link set r$((b + 1)) master br$b
done
# A kernel numbers a tuple by its clock, in steps of 64 ns, and wakes both
# clients at one tick: one at a time they begin, or numbers would be equal.
cat > "$TMP/twice.py" <<'EOT'
import fcntl, socket, struct, sys, threading, time
def serve(c):
    b = b""
    try:
        while d := c.recv(65536):
            b += d
            n = b.count(b"\r\n\r\n")
            b = b.rpartition(b"\r\n\r\n")[2]
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" * n)
    except OSError:
        pass
if sys.argv[1] == "server":
    l = socket.create_server(("10.1.0.3", 80))
    print("up", flush=True)
    while True:
        threading.Thread(target=serve, args=l.accept()[:1]).start()
reset = struct.pack("ii", 1, 0)
turn = open(sys.argv[0])
for port in range(30000, 30020):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    s.bind(("10.1.0.2", port))
    fcntl.flock(turn, fcntl.LOCK_EX)
    s.connect(("10.1.0.3", 80))
    fcntl.flock(turn, fcntl.LOCK_UN)
    for i in range(10):
        s.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % sys.argv[1].encode())
        s.recv(1000)
        time.sleep(.005)
    s.close()
EOT
for n in b d; do
	ip netns exec nmt$$$n python3 "$TMP/twice.py" server > "$TMP/up$n" &
	at_exit "kill $!"
	wait_for 5 test -s "$TMP/up$n"
done
conf
WRAP="ip netns exec $R"
start
ina python3 "$TMP/twice.py" one.example &
one=$!
ip netns exec nmt$$c python3 "$TMP/twice.py" two.example
wait $one
sleep 1.2
is "two networks with the same addresses: each request counts" \
    "$(json '.hosts[] | "\(.host) \(.requests) \(.responses)"' show hosts window total | sort | xargs)" \
    "one.example 200 200 two.example 200 200"
is "two networks with the same addresses: each connection counts" \
    "$(json .summary.connections show summary window total)" 40
stop

# No VLAN lies on the loopback, whatever the kernel has.
fresh
wire $NSA a0 "" $R r0 ""
if ip -n $NSA link add link a0 name a0.10 type vlan id 10 2>/dev/null; then
	ip -n $NSA addr add 10.1.0.2/24 dev a0.10
	ip -n $NSA link set a0.10 up
	ip -n $NSA route add default via 10.1.0.1
	for v in 10 20; do
		ip -n $R link add link r0 name r0.$v type vlan id $v
		ip -n $R link set r0.$v up
	done
	ip -n $R addr add 10.1.0.1/24 dev r0.10
	ip -n $R addr add 10.2.0.1/24 dev r0.20
	# the server's VLAN comes in over the same cable, moved to its own host
	ip -n $NSA link add link a0 name a0.20 type vlan id 20
	ip -n $NSA link set a0.20 netns $NSB
	ip -n $NSB addr add 10.2.0.2/24 dev a0.20
	ip -n $NSB link set a0.20 up
	ip -n $NSB route add default via 10.2.0.1
	nginx_up
	measure "router on a stick" http://10.2.0.2
else
	skip "router on a stick: this kernel has no VLAN devices"
fi

# Packets of one connection take both ports by turns.
bond() {
	ip -n $1 link add bond0 type bond mode balance-rr miimon 100 || return 1
	for i in 0 1; do
		ip -n $1 link set $2$i down
		ip -n $1 link set $2$i master bond0
	done
	ip -n $1 addr add $3/24 dev bond0
	ip -n $1 link set bond0 up
}
fresh
wire $NSA a0 "" $R r0 ""
wire $NSA a1 "" $R r1 ""
if bond $R r 10.1.0.1 2> /dev/null; then
	bond $NSA a 10.1.0.2
	nginx_up $R
	measure "bond" http://10.1.0.1 once
	nginx_up $R
	WATCH='interface match "r*"'
	measure "bond whose ports alone are watched" http://10.1.0.1 once
	WATCH=
else
	skip "bond: this kernel has no bonds"
fi

fresh
wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
how="loss 1% delay 5ms 2ms reorder 5% duplicate 1%"
if inr tc qdisc add dev r0 root netem $how 2> /dev/null; then
	ina tc qdisc add dev a0 root netem $how
	nginx_up $R
	measure "a bad line" http://10.1.0.1 once
else
	skip "a bad line: this kernel has no netem"
fi

# Two of one device, in two hosts: the device below shows nothing of it.
fresh
wire $NSB b0 "" $R r0 ""
for x in "$R 1" "$NSA 2"; do
	set -- $x
	ip -n $R link add link r0 name iv$2 type ipvlan mode l2 2> /dev/null ||
	    continue
	ip -n $R link set iv$2 netns $1
	ip -n $1 addr add 10.1.0.$2/24 dev iv$2
	ip -n $1 link set iv$2 up
done
if ip -n $NSA link show iv2 > /dev/null 2>&1; then
	nginx_up $R
	measure "ipvlan to ipvlan" http://10.1.0.1 once
else
	skip "ipvlan to ipvlan: this kernel has no ipvlan"
fi

# What a VRF says to itself shows on it alone, as on a loopback.
fresh
wire $NSB b0 "" $R r0 10.1.0.1/24
if ip -n $R link add blue type vrf table 10 2> /dev/null &&
    inr ip vrf exec blue true 2> /dev/null; then
	ip -n $R link set blue up
	ip -n $R link set r0 master blue
	inr sysctl -qw net.ipv4.tcp_l3mdev_accept=1
	nginx_up $R
	ina() { inr ip vrf exec blue "$@"; }
	measure "VRF to itself" http://10.1.0.1 once
else
	skip "VRF to itself: this kernel has no VRF"
fi
finish
