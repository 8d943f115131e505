#!/bin/sh
# netmonctl show talkers on a box that forwards and translates: who fills the
# line, over whatever protocol, with whom. All bytes that the inner interface
# carried are there, once; the kernel's counters are the judge.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx curl jq ip nft python3 ping dnsmasq

cat > "$TMP/serve.py" <<'EOT'
# Answers each datagram with 100 bytes; swallows what comes over TCP.
import socket, threading
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("", 9999))
t = socket.create_server(("", 7000))
def tcp():
    while True:
        c, _ = t.accept()
        while c.recv(65536):
            pass
        c.close()
threading.Thread(target=tcp, daemon=True).start()
print("ready", flush=True)
while True:
    d, a = u.recvfrom(65536)
    u.sendto(d[:100].ljust(100), a)
EOT
cat > "$TMP/talk.py" <<'EOT'
import socket, sys
server = sys.argv[1]
# two conversations that say the same, at the same time
both = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(2)]
for i in range(300):
    for s in both:
        s.sendto(b"%04d" % i + b"x" * 996, (server, 9999))
    for s in both:
        s.recv(1000)
# in fragments
big = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(10):
    big.sendto(b"y" * 4000, (server, 9999))
    big.recv(1000)
t = socket.create_connection((server, 7000))
t.sendall(b"z" * 1000000)
t.close()
EOT

cat > "$TMP/ask.py" <<'EOT'
# Asks a name server for a name, and talks to what it says.
import socket, struct, sys
q = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\5files\7example\0" + \
    struct.pack(">HH", 1, 1)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(5)
u.sendto(q, (sys.argv[1], 53))
t = socket.create_connection((socket.inet_ntoa(u.recv(512)[-4:]), 7000))
t.sendall(b"f" * 100000)
t.close()
EOT

# what the inner interface carried: nothing but IPv4 goes there
carried() {
	inr ip -s -j link show r0 |
	    jq '.[0].stats64 | .rx.bytes + .tx.bytes'
}
talkers() { json "$1" show talkers window total top 1000; }
# all that it carried was counted
all_seen() {
	[ "$(json '.interfaces[] | select(.name == "r0") | .wire_bytes_total' \
	    show interfaces)" -ge "$(($(carried) - before))" ]
}

all_there() {
	[ "$(talkers '[.talkers[] | .bytes_to_server + .bytes_to_client] |
	    add // 0')" -ge $(($(carried) - before)) ]
}

# measure NAME SERVER: the load from A, watched from R; r0 is the inner side
measure() {
	conf 'alert "hog" when traffic > 1M over 60s per client'
	WRAP="ip netns exec $R"
	start
	before=$(carried)
	rm -f "$TMP/served"
	inb python3 "$TMP/serve.py" > "$TMP/served" &
	serve=$!
	at_exit "kill $serve"
	wait_for 5 grep -q ready "$TMP/served"
	inb dnsmasq -k --conf-file=/dev/null --no-resolv --no-hosts -u nobody \
	    --address=/files.example/10.2.0.3 --port=53 --bind-interfaces \
	    --listen-address=10.2.0.2 > "$TMP/dns" 2>&1 &
	dns=$!
	at_exit "kill $dns"
	ina python3 "$TMP/talk.py" "$2"
	ina python3 "$TMP/ask.py" "$2"
	ina ping -q -c 5 -i 0.2 -s 200 "$2" > /dev/null
	for i in 1 2 3; do
		ina curl -s -o /dev/null -H 'Host: big.example' "http://$2/big.txt"
	done
	# what was said last counts when a slice ends
	wait_for 10 all_there
	talkers . > "$TMP/talkers.json"
	row() { jq -r ".talkers[] | select(.service == \"$1\") | $2" \
	    "$TMP/talkers.json"; }
	is "$1: datagrams are those of one client and one service" \
	    "$(row udp/9999 '"\(.client) \(.server) \(.zones) \(.conversations)"')" \
	    "10.1.0.2 $2 in>in 3"
	# 600 of 1000 bytes, 10 of 4000 in three fragments; headers of Ethernet,
	# IP and UDP
	is "$1: and all their bytes, once" \
	    "$(row udp/9999 '"\(.packets) \(.bytes_to_server) \(.bytes_to_client)"')" \
	    "1220 $((600 * 1042 + 10 * (4008 + 3 * 34))) $((610 * 142))"
	is "$1: echo requests and their replies" \
	    "$(row icmp '"\(.client) \(.server) \(.packets) \(.bytes_to_server) \(.bytes_to_client)"')" \
	    "10.1.0.2 $2 10 $((5 * 242)) $((5 * 242))"
	is "$1: a web server has the name that was asked for" \
	    "$(row tcp/80 '"\(.client) \(.server) \(.conversations)"')" \
	    "10.1.0.2 big.example 3"
	is "$1: what names no server has the name that DNS gave it" \
	    "$(row tcp/7000 'select(.named_by == "dns") | "\(.client) \(.server) \(.conversations) \(.bytes_to_server > 100000)"')" \
	    "10.1.0.2 files.example 1 true"
	is "$1: a protocol that is not known counts, too" \
	    "$(row tcp/7000 'select(.named_by == "") | "\(.client) \(.server) \(.conversations) \(.bytes_to_server > 1000000)"')" \
	    "10.1.0.2 $2 1 true"
	# What TCP sends again counts, too.
	is "$1: the sum is what the inner interface carried" \
	    "$(jq '[.talkers[] | .bytes_to_server + .bytes_to_client] | add' "$TMP/talkers.json")" \
	    "$(($(carried) - before))"
	is "$1: a rule on the traffic of a client fires" \
	    "$(json '.alerts[] | select(.state == "firing") |
	    "\(.rule) \(.key) \(.value > 1000000)"' show alerts)" \
	    "hog 10.1.0.2 true"
	is "$1: clients are who they are, not who translates" \
	    "$(json '.clients[] | "\(.client) \(.requests)"' show clients window total)" "10.1.0.2 3"
	ctl -j show sites window total top 100 > "$TMP/sites.json"
	is "$1: sites by name, and who told it" \
	    "$(jq -r '.sites[] | select(.named_by != "") |
	    "\(.site) \(.named_by) \(.conversations)"' "$TMP/sites.json" | sort | xargs)" \
	    "big.example http 3 files.example dns 1"
	is "$1: and they have what talkers have" \
	    "$(jq '[.sites[] | .bytes_to_server + .bytes_to_client] | add' "$TMP/sites.json")" \
	    "$(talkers '[.talkers[] | .bytes_to_server + .bytes_to_client] | add')"
	is "$1: the heaviest is the first" \
	    "$(jq -r '.talkers[0].service' "$TMP/talkers.json")" tcp/7000
	is "$1: those of a client and a port" \
	    "$(json '.talkers[] | .service' show talkers client 10.1.0.2 port 80 window total)" tcp/80
	is "$1: those of a name, with whatever capitals" \
	    "$(json '.talkers[] | .server' show talkers server 'BIG.*' window total)" big.example
	is "$1: of what fits the others are summed" \
	    "$(json '"\(.talkers | length) \(.other | length) \(.other[0].items)"' show talkers server "$2" window total top 1)" "1 1 3"
	is "$1: nobody is nobody" \
	    "$(json '.talkers | length' show talkers client 192.0.2.1 window total)" 0
	ctl show talkers top 2 window total > "$TMP/text"
	is "$1: as a table" "$(awk 'NR == 1 { print $1, $2, $3 }
	    /10.1.0.2/ { print $1, $2, $3 }' "$TMP/text" | head -2 | tail -1)" \
	    "10.1.0.2 $2 tcp/7000"
	like "$1: what the others have" "$(cat "$TMP/text")" \
	    'other [0-9]+ talkers: [0-9.]+ [KM]iB'
	ina python3 "$TMP/talk.py" "$2"
	wait_for 5 all_seen || not_ok "$1: not all was seen"
	ctl reset counters > /dev/null
	before=$(carried)
	is "$1: what came before a reset is none after it" \
	    "$(talkers '[.talkers[] | select(.service == "udp/9999")] | length')" 0
	ina python3 "$TMP/talk.py" "$2"
	sleep 2
	lose analyzer
	at_least "$1: a lost analyzer keeps them" \
	    "$(talkers '[.talkers[] | select(.service == "udp/9999") | .packets] | add // 0')" 1000
	flows() { json '.memory[] | select(.pool == "flows") | .used_bytes' \
	    show memory; }
	ina python3 "$TMP/talk.py" "$2"
	wait_for 5 all_seen || not_ok "$1: not all was seen"
	held=$(flows)
	conf 'stats { max talkers 0 }'
	ctl reload > /dev/null
	at_least "$1: where none are wanted they hold no memory" \
	    $((held - $(flows))) 1000000
	is "$1: and nothing is shown" "$(talkers '.talkers | length')" 0
	ina python3 "$TMP/talk.py" "$2"
	wait_for 5 all_seen || not_ok "$1: not all was seen"
	conf
	ctl reload > /dev/null
	ina python3 "$TMP/talk.py" "$2"
	wait_for 5 all_seen || not_ok "$1: not all was seen"
	is "$1: they count from when they are wanted again" \
	    "$(talkers '[.talkers[] | select(.service == "udp/9999") | .packets] | add')" 1220
	stop
	kill $dns $serve "$(cat "$TMP/nginx.pid")"
	wait_for 3 sh -c "! kill -0 $(cat "$TMP/nginx.pid")"
}

# what fills the line without being of use
cat > "$TMP/gen.py" <<'EOT'
import struct, sys
def ip(proto, body, frag=0, n=0, a=b"\x0a\1\0\2", b=b"\x0a\2\0\2"):
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), n, frag, 64, proto, 0) + \
        a + b + body
def udp(port, body, src=5000):
    return struct.pack("!HHHH", src, port, 8 + len(body), 0) + body
# that bank.example is 10.2.0.2, whose client nobody is
lie = ip(17, udp(5000, struct.pack("!HHHHHH", 7, 0x8180, 1, 1, 0, 0) +
    b"\4bank\7example\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\x0a\2\0\2", 53),
    a=b"\xc0\0\2\x35", b=b"\x0a\1\0\2")
tcp = struct.pack("!HHIIBBHHH", 5000, 80, 1, 1, 0x10, 0x10, 65535, 0, 0)
frames = [lie] + [ip(17, bytes(800), 0x2000 | 10, n) for n in range(1000)] + \
    [ip(17, udp(4789, b"no VXLAN at all"))] * 10 + [ip(6, tcp)] * 10
out = open(sys.argv[1], "wb")
out.write(struct.pack("=IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
for n, f in enumerate(frames):
    out.write(struct.pack("=IIII", 1700000000 + n // 10, 0, len(f), len(f)) + f)
EOT
python3 "$TMP/gen.py" "$TMP/in.pcap"
is "fragments that find no others, and what is broken" "$("$BUILD/netmond" \
    -f /dev/null -r "$TMP/in.pcap" -o json | jq -r '[.talkers[] |
	select(.server == "10.2.0.2") |
	"\(.service):\(.packets):\(.bytes_to_server)"] | sort | join(" ")')" \
    "tcp/80:10:400 udp/4789:10:430 udp:1000:820000"
is "who was not asked names nobody" "$("$BUILD/netmond" \
    -f /dev/null -r "$TMP/in.pcap" -o json | jq -r '[.talkers[].server] |
	unique | join(" ")')" "10.2.0.2 192.0.2.53"

# between NSA and NSB, without a word of ARP or IPv6
between() {
	fresh
	for n in $NSA $NSB $R; do
		ip netns exec $n sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	done
	wire $NSA a0 10.1.0.2/24 $R r0 10.1.0.1/24
	wire $NSB b0 10.2.0.2/24 $R r1 10.2.0.1/24
	for pair in "$NSA a0 $R r0 10.1.0.1" "$R r0 $NSA a0 10.1.0.2"; do
		set -- $pair
		ip -n "$1" neigh replace "$5" dev "$2" lladdr "$(ip netns exec \
		    "$3" cat "/sys/class/net/$4/address")"
	done
	ip -n $NSA route add default via 10.1.0.1
	ip -n $NSB addr add 10.2.0.3/24 dev b0
}

between
ip -n $NSB route add default via 10.2.0.1
nginx_up
measure forwarding 10.2.0.2

between
nat 'post oifname r1 masquerade'
nginx_up
measure masquerade 10.2.0.2

finish
