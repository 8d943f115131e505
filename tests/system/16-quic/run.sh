#!/bin/sh
# Names over QUIC: real clients and servers of version 1, with and without a
# Retry; packets of version 2 and hellos in several packets, which no client of
# Debian sends, are made here. Through the kernel's filter of a service line.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need ip jq python3 openssl

net_up
inb ip addr add fd77::2/64 dev vb nodad
ina ip addr add fd77::1/64 dev va nodad
cat > "$TMP/quic.conf" <<EOT
interface "vb"
service http port 80
log events "$TMP/run/eve.json" { types { tls }, extras no }
EOT
conf "$(cat "$TMP/quic.conf")"
WRAP="ip netns exec $NSB"
start
ctl monitor tls > "$TMP/monitor" 2>&1 &
at_exit "kill $!"

# send PORT ARGS...: what quicgen.datagrams makes, in that order
send() {
	ina env PYTHONPATH="$TOP/tests/lib" python3 - "$@" <<'EOT'
import socket, sys
import quicgen
port, name, how = int(sys.argv[1]), sys.argv[2], eval("dict(%s)" % sys.argv[3])
to = how.pop("to", "10.77.0.2")
s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET,
                  socket.SOCK_DGRAM)
s.bind(("::" if ":" in to else "0.0.0.0", how.pop("sport", 0)))
for d in quicgen.datagrams(name, **how):
    s.sendto(d, (to, port))
EOT
}
# names: "name connections quic version" of each, in their order
names() {
	json '.names[] | "\(.name) \(.connections) \(.quic) \(.version)"' \
	    show names top 100 window total
}
quic() {
	json "[.names[] | select(.name == \"$1\") | .quic] | add // 0" \
	    show names top 100 window total
}
has() { [ "$(quic "$1")" = "$2" ]; }
tally() {
	json "[.tallies[] | select(.name == \"quic_$1\") | .value] | add // 0" \
	    show tally
}

send 443 One.Example. "seed=1"
send 8443 two.example "seed=2, version=quicgen.V2"
send 443 six.example "seed=3, to='fd77::2'"
send 443 long.example "seed=4, size=3000, pieces=4"
send 443 again.example "seed=5, sport=4000"
send 443 again.example "seed=5, sport=4000"
send 443 again.example "seed=5, sport=4001, dcid=b'of a retry', token=b'tok'"
send 443 '' "seed=6"
send 443 outer.example "seed=7, ech=True"
send 443 last.example "seed=8"
wait_for 10 has last.example 1
is "each hello is counted once" "$(names | sort)" "$(sort <<'EOT'
one.example 0 1 QUIC v1
two.example 0 1 QUIC v2
six.example 0 1 QUIC v1
long.example 0 1 QUIC v1
again.example 0 1 QUIC v1
(no name) 0 1 QUIC v1
outer.example 0 1 QUIC v1
last.example 0 1 QUIC v1
(ech) 0 1 
EOT
)"
is "the summary has them apart from TLS" "$(json '.summary |
    "\(.tls_handshakes) \(.quic_connections)"' show summary window total)" \
    "0 8"
is "clients have all of them" "$(json '[.clients[].quic_connections] |
    add' show clients window total)" 8
is "their ALPN is there" "$(json '[.names[] | .alpns[] |
    select(.alpn == "h3") | .count] | add' show names window total)" 8
is "but no connection" "$(json '.flows | length' show flows)" 0
is "what came again is counted as such" "$(tally again)" 1
# Garbage that looks like an Initial, and much that does not even.
packets() { json .summary.packets show summary window total; }
was=$(packets)
ina python3 - <<'EOT'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def send(b):
    s.sendto(b, ("10.77.0.2", 443))
send(b"\xc3\0\0\0\1\x08abcdefgh\0\0\x44\x00" + b"x" * 1100)
for i in range(50):
    for b in (b"\xe3\0\0\0\1", b"\xc3\xff\0\0\x1d", b"\x43\0\0\0\1", b"\xc3"):
        send(b + b"x" * (1100 if len(b) > 1 else 0))
EOT
send 443 last.example "seed=9"
wait_for 10 has last.example 2
is "what has no right tag is counted, and no more" "$(tally unread)" 1
at_most "what is no Initial stays in the kernel" $(($(packets) - was)) 20

# ---- what is said of them ----

like "why says what they are" "$(ctl why)" \
    '[0-9]+ more began over QUIC, which is UDP'
like "also of one name" "$(ctl why host long.example)" '1 more began over QUIC'
like "a name that only QUIC asks for is not called unknown" \
    "$(ctl show host long.example 2>&1)" 'over TLS or QUIC alone: see show names'
like "metrics count them" \
    "$(ctl show metrics prometheus | grep '^netmond_quic_hellos')" \
    '^netmond_quic_hellos_total\{process="analyzer"\} [1-9]'
again() {
	send 443 seen.example "seed=$(date +%s%N)"
	grep -q 'tls 10.77.0.1:[0-9]* > 10.77.0.2:443 seen.example QUIC v1 alpn h3$' \
	    "$TMP/monitor"
}
wait_for 10 again && ok "monitor tells each" ||
    not_ok "monitor does not" "$(tail -3 "$TMP/monitor")"

# ---- real ones ----

# real PORT NAME ARGS...: a server, and three connections to it
real() {
	port=$1 name=$2
	shift 2
	inb gtlsserver -q "$@" 10.77.0.2 "$port" "$TMP/k.pem" "$TMP/c.pem" \
	    > "$TMP/server.$port" 2>&1 &
	at_exit "kill $!"
	wait_for 5 sh -c "ip netns exec $NSB ss -uln | grep -q :$port"
	for i in 1 2 3; do
		ina timeout 10 gtlsclient -q --exit-on-first-stream-close \
		    "$name" "$port" "https://$name/" > "$TMP/client" 2>&1 ||
		    not_ok "the client failed" "$(tail -3 "$TMP/client")"
	done
}
if command -v gtlsclient gtlsserver > /dev/null 2>&1; then
	mkdir -p /etc/netns/$NSA
	at_exit "rm -r /etc/netns/$NSA"
	echo "10.77.0.2 real.example retry.example" > /etc/netns/$NSA/hosts
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$TMP/k.pem" -out "$TMP/c.pem" -days 2 -subj /CN=real \
	    2> /dev/null
	was=$(tally again)
	real 4433 real.example
	wait_for 10 has real.example 3
	is "real connections are counted" "$(quic real.example)" 3
	is "once each" "$(tally again)" "$was"
	real 4434 retry.example --validate-addr
	wait_for 10 has retry.example 3
	is "so are those that are sent back" "$(quic retry.example)" 3
	is "by a Retry each" "$(tally again)" $((was + 3))
else
	skip "needs ngtcp2-client ngtcp2-server: real connections"
fi

# ---- events, rules, privacy ----

n=$(json '[.names[] | select(.name != "(ech)") | .quic] | add' \
    show names top 100 window total)
logged() { [ "$(wc -l < "$TMP/run/eve.json")" -ge "$n" ]; }
wait_for 10 logged
is "each is an event" "$(grep -c '"event_type":"quic"' "$TMP/run/eve.json")" "$n"
is "of the form of Suricata" \
    "$(python3 "$TOP/tests/lib/eve_check.py" "$TMP/run/eve.json" | head -1)" \
    "lines $n bad 0: quic"
is "with its version and name" "$(jq -r 'select(.quic.sni == "two.example") |
    "\(.proto) \(.dest_port) \(.app_proto) \(.quic.version)"' \
    "$TMP/run/eve.json")" "UDP 8443 quic 6b3343cf"
conf "$(cat "$TMP/quic.conf")" 'privacy { clients prefix 16 48 }' \
    'ignore port 9443'
ctl reload > /dev/null
send 9443 ignored.example "seed=20"
send 443 hidden.example "seed=21"
wait_for 10 has hidden.example 1
is "an address rule leaves a connection out" "$(quic ignored.example)" 0
hidden() { jq -r 'select(.quic.sni == "hidden.example") | .src_ip' \
    "$TMP/run/eve.json"; }
wait_for 10 sh -c "grep -q hidden.example '$TMP/run/eve.json'"
is "a client is written as privacy allows" "$(hidden)" 10.77.0.0

# ---- a flood ----

# Distinct and valid, in one second of a file: more than are looked into.
env PYTHONPATH="$TOP/tests/lib" python3 - "$TMP/flood.pcap" <<'EOT'
import struct, sys
import quicgen
d = quicgen.datagrams("flood.example", 1)[0]
def udp(i):
    p = struct.pack(">HHHH", 20000 + i, 443, 8 + len(d), 0) + d
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(p), 1, 0, 64, 17, 0,
        b"\x0a\0\0\1", b"\x0a\0\0\2") + p
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    for i in range(12000):
        p = udp(i)
        f.write(struct.pack("<IIII", 1700000000, i, len(p), len(p)) + p)
EOT
cat > "$TMP/flood.conf" <<EOT
log events "$TMP/stats.json" { types { stats }, extras yes }
EOT
flood() {
	rm -f "$TMP/stats.json"
	"$BUILD/netmond" -f "$TMP/flood.conf" -r "$TMP/flood.pcap" -o json |
	    jq -r '.names[] | "\(.name) \(.quic)"'
	jq -r '.netmond.tally | "\(.quic_initials) \(.quic_hellos) \(.quic_again
	    ) \(.quic_skipped)"' "$TMP/stats.json"
}
# 10000 at once, and 119 more in these 12 ms.
is "a flood is looked into so far as it may be" "$(flood | tr '\n' ' ')" \
    "flood.example 1 12000 1 10118 1881 "
like "which is told" "$("$BUILD/netmond" -f "$TMP/flood.conf" \
    -r "$TMP/flood.pcap" -o json | jq -r '.advice[].text')" 'Initials of QUIC'
is "and each time as far" "$(flood | tail -1)" "12000 1 10118 1881"
stop
is "ended as asked" "$status" 0
finish
